import pytest

from tests.browser.drive import serving


@pytest.fixture(scope="session")
def address():
    with serving() as address:
        yield address
