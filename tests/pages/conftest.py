import pytest

from pages.ui import computing


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    """No browser asks for a second look here, so the first one waits longer for short runs."""
    monkeypatch.setattr(computing, "FIRST", 0.4)
