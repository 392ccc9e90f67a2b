"""A sweep on a real Dask cluster, one of whose two workers is killed in the middle."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from bench.machines import NONE, machines
from core.sweep.__main__ import grid_of
from core.sweep.results import Results
from core.sweep.rows import trained
from tests.browser.drive import ROOT

pytestmark = pytest.mark.skipif(NONE, reason="no Dask: make cluster")

LINK = (
    "lanes=2&2.norm=batch&epochs=60&samples=400"
    "&sweep_x=depth&sweep_low=1&sweep_high=20&sweep_points=10&sweep_seeds=1"
)
PATIENCE = 120


def wait_until(happened, *, while_runs):
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline
        assert while_runs.poll() is None
        time.sleep(0.02)


def test_a_worker_that_is_killed_loses_nothing_and_nothing_is_counted_twice(tmp_path):
    path, cells = tmp_path / "rows.jsonl", grid_of(LINK).cells
    with machines(tmp_path) as running:
        command = (sys.executable, "-m", "core.sweep", LINK, str(path))
        with subprocess.Popen([*command, "--scheduler", running.address], cwd=ROOT) as sweep:
            wait_until(lambda: path.exists() and len(Results(path).rows) >= 3, while_runs=sweep)
            running.workers[0].kill()
            assert len(Results(path).rows) < len(cells)
            assert sweep.wait(PATIENCE) == 0
    lines = path.read_bytes().splitlines()
    found = Results(path)
    assert len(lines) == len(cells)
    assert set(found.rows) == set(cells)
    assert found.damaged == 0
    for cell in cells[::7]:
        assert repr(found.rows[cell]) == repr(trained([cell])[0])
