"""What computes for the pages: a cluster where one is named, and this machine while it is away."""

from __future__ import annotations

import logging
from functools import partial

import pytest

from bench.server import free_port
from core.engines.cluster import Cluster
from core.engines.worker import Workers
from core.runs.packing import RUN
from core.runs.training import RunSpec
from pages.ui import recordings as module
from tests.pages.ui.test_pages import visit


@pytest.fixture
def nobody(monkeypatch):
    """An address where no scheduler answers, and an engine of these tests alone."""
    monkeypatch.setattr(module, "SCHEDULER", f"tcp://127.0.0.1:{free_port()}")
    engine = module.engine.__wrapped__()
    monkeypatch.setattr(module, "engine", lambda: engine)
    monkeypatch.setattr(module.recordings(), "_compute", partial(engine.computing, RUN))
    yield engine
    engine.close()


def test_without_an_address_worker_processes_compute():
    engine = module.engine.__wrapped__()
    assert isinstance(engine, Workers)
    assert engine.slots == module.SLOTS


def test_a_page_opens_and_computes_where_no_scheduler_answers(nobody):
    assert isinstance(nobody, Cluster)
    run = RunSpec(epochs=5, depth=2, seed=4713)
    app = visit("training", lanes="1", epochs="5", depth="2", seed="4713")
    assert not app.exception
    assert not app.error
    assert module.recordings().find(run).finished


def test_whoever_keeps_the_machine_is_told_in_a_line(nobody, caplog):
    with caplog.at_level(logging.WARNING, module.LOG.name):
        module.report(False)
        module.report(True)
    told = [record.message for record in caplog.records if record.name == module.LOG.name]
    assert len(told) >= 2
    assert all(module.SCHEDULER in line for line in told)
