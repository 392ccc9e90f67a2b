"""What all tests share: examples that repeat, and one thread for the products of matrices."""

import os

# Small products gain nothing from several threads, and processes side by side wait for each
# other's. Read by NumPy's BLAS when it is first loaded, so it stands before all other imports.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pytest
from hypothesis import settings

from tests.browser.drive import browsing, tabs

# Random tests draw the same examples every time; `--hypothesis-profile=explore` draws new ones.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None)
settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def everybodys(tmp_path_factory, worker_id):
    """A folder of all processes of a test run; each has its own within it."""
    folder = tmp_path_factory.getbasetemp()
    return folder if worker_id == "master" else folder.parent


@pytest.fixture(scope="session")
def browser():
    """One for all tests of a process, as Playwright allows no second one beside it."""
    with browsing() as browser:
        yield browser


@pytest.fixture(autouse=True)
def _no_tab_stays_open(request):
    """A test that fails leaves its pages open; they would go on playing beside the others."""
    if "browser" not in request.fixturenames:
        yield
        return
    lent = tabs(request.getfixturevalue("browser"))
    before = set(lent.lent)
    yield
    for page in set(lent.lent) - before:
        lent.take_back(page)
