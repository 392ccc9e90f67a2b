"""What the tests in a browser share: a server, and visits to its pages."""

import pytest

from tests.browser.drive import serving
from tests.browser.visits import visiting
from tests.sharing import shared


@pytest.fixture(scope="session")
def address(everybodys):
    """One dashboard for all test processes: a run that one has asked for, the others only read."""
    with shared("dashboard", serving, everybodys) as address:
        yield address


@pytest.fixture(scope="session")
def visited(request, browser, address):
    """One visit for all tests that name its path and language with `visits`."""
    with visiting(browser, address, *request.param) as visit:
        yield visit
