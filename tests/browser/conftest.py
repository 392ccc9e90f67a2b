import pytest

from tests.browser.drive import browsing, serving


@pytest.fixture(scope="session")
def address():
    with serving() as address:
        yield address


@pytest.fixture(scope="session")
def browser():
    with browsing() as browser:
        yield browser
