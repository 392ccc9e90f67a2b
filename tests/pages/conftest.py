"""What the tests of pages share."""

from functools import cache

import pytest
from streamlit.components.v2 import manifest_scanner

from pages.ui import computing


@pytest.fixture(autouse=True, scope="session")
def _installed_packages_are_read_once():
    """Each AppTest looks through all installed packages for components: half of a visit's time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            manifest_scanner,
            "scan_component_manifests",
            cache(manifest_scanner.scan_component_manifests),
        )
        yield


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    """No browser asks for a second look here, so the first one waits longer for short runs."""
    monkeypatch.setattr(computing, "FIRST", 0.4)
