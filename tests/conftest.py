"""What all tests share: examples that repeat, and one thread for the products of matrices."""

import os
from collections import Counter

# Small products gain nothing from several threads, and processes side by side wait for each
# other's. Read by NumPy's BLAS when it is first loaded, so it comes before all other imports.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pytest
from hypothesis import settings

from tests.browser.drive import browsing, tabs

# Random tests draw the same examples every time; `--hypothesis-profile=explore` draws new ones.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None)
settings.load_profile("repeatable")

OUTSIDE = ("browser", "deploy", "load")
"""Folders whose tests start servers and browsers; each is a marker, too."""
HOW = {"slow": "make test-slow", **dict.fromkeys(OUTSIDE, "make test")}
"""How what a run leaves out is run, by its first marker."""
LEFT_OUT = pytest.StashKey[Counter[str]]()


@pytest.hookimpl(tryfirst=True)  # before pytest deselects by marker
def pytest_collection_modifyitems(items):
    for item in items:
        folder = item.path.parent.name
        if folder in OUTSIDE:
            item.add_marker(folder)


def pytest_configure(config):
    config.stash[LEFT_OUT] = Counter()


def pytest_deselected(items):
    for item in items:
        kind = next((kind for kind in HOW if item.get_closest_marker(kind)), "")
        item.config.stash[LEFT_OUT][kind] += 1


def pytest_sessionfinish(session):
    """A process of pytest-xdist passes on what it has left out, the same in all of them."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["left out"] = dict(session.config.stash[LEFT_OUT])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    node.config.stash[LEFT_OUT] = Counter(node.workeroutput["left out"])


def pytest_terminal_summary(terminalreporter, config):
    for kind, count in config.stash[LEFT_OUT].items():
        if kind:
            terminalreporter.write_line(f"not run: {count} {kind} ({HOW[kind]})")


@pytest.fixture(scope="session")
def everybodys(tmp_path_factory):
    """A folder of all processes of a test run; with pytest-xdist each has its own within it."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder


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
