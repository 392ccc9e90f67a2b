"""What all tests share: examples that repeat, and one thread for the products of matrices."""

import os

# Small products gain nothing from several threads, and processes side by side wait for each
# other's. Read by NumPy's BLAS when it is first loaded, so it stands before all other imports.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pytest
from hypothesis import settings

from tests.browser.drive import browsing

# Random tests draw the same examples every time; `--hypothesis-profile=explore` draws new ones.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None)
settings.load_profile("repeatable")

OUTSIDE = ("browser", "deploy", "load")


def pytest_collection_modifyitems(items):
    """Browsers and servers on a busy machine may miss a deadline once: a second try for each.

    What needed it is counted in pytest's summary; what fails twice fails.
    """
    for item in items:
        if item.path.parent.name in OUTSIDE:
            item.add_marker(pytest.mark.flaky(reruns=1, reruns_delay=2))


@pytest.fixture(scope="session")
def browser():
    """One for all tests of a process, as Playwright allows no second one beside it."""
    with browsing() as browser:
        yield browser
