"""What the tests of pages share."""

from functools import cache

import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import local_script_runner

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


@pytest.fixture(autouse=True, scope="session")
def _scripts_are_waited_for_without_looking():
    """AppTest looks every millisecond whether its script has ended, and so slows it down."""
    look = local_script_runner.require_widgets_deltas

    def wait(runner, timeout=3):
        runner._script_thread.join(timeout)
        look(runner, timeout=1)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(local_script_runner, "require_widgets_deltas", wait)
        yield


SHORT_RUN = 60
"""Epochs of a run that tests wait for, however busy the machine is."""


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    """No browser asks for a second look here, so the first one waits longer, for short runs until
    they are finished; not at all where a test sets the patience of a page to 0.
    """

    def advance(records, budget):
        short = all(record.run.epochs <= SHORT_RUN for record in records)
        advance_for(records, 30.0 if short and budget > 0 else budget)

    advance_for = computing.advance
    monkeypatch.setattr(computing, "FIRST", 0.4)
    monkeypatch.setattr(computing, "advance", advance)
