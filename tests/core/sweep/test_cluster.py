"""A sweep on a real Dask cluster, one of whose two workers is killed in the middle."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec

import pytest

from core.sweep.__main__ import grid_of
from core.sweep.results import Results
from core.sweep.rows import trained
from tests.browser.drive import ROOT

pytestmark = pytest.mark.skipif(find_spec("distributed") is None, reason="no Dask: make cluster")

LINK = (
    "lanes=2&2.norm=batch&epochs=60&samples=400"
    "&sweep_x=depth&sweep_low=1&sweep_high=20&sweep_points=10&sweep_seeds=1"
)
PATIENCE = 120


@contextmanager
def process(*arguments, **options):
    """Python with these arguments in the project's folder, killed at the end."""
    started = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"},
        **options,
    )
    try:
        yield started
    finally:
        started.kill()
        started.wait()


def wait_until(happened, *, while_runs=None):
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline
        assert while_runs is None or while_runs.poll() is None
        time.sleep(0.02)


def test_a_worker_that_is_killed_loses_nothing_and_nothing_is_counted_twice(tmp_path):
    told, path = tmp_path / "scheduler.json", tmp_path / "rows.jsonl"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    worker = (
        *("-m", "distributed.cli.dask_worker", "--scheduler-file", str(told)),
        *("--no-nanny", "--nthreads", "1", "--no-dashboard", "--host", "127.0.0.1"),
    )
    with ExitStack() as stack:
        start = stack.enter_context
        scheduler = ("-m", "distributed.cli.dask_scheduler", "--scheduler-file", str(told))
        start(process(*scheduler, "--host", "127.0.0.1", "--port", "0", "--no-dashboard", **quiet))
        wait_until(told.exists)
        first, _ = (
            start(process(*worker, "--local-directory", str(tmp_path / str(n)), **quiet))
            for n in range(2)
        )
        address = json.loads(told.read_text())["address"]
        sweep = start(process("-m", "core.sweep", LINK, str(path), "--scheduler", address))
        cells = grid_of(LINK).cells
        wait_until(lambda: path.exists() and len(Results(path).rows) >= 3, while_runs=sweep)
        first.kill()
        assert len(Results(path).rows) < len(cells)
        assert sweep.wait(PATIENCE) == 0
    lines = path.read_bytes().splitlines()
    found = Results(path)
    assert len(lines) == len(cells)
    assert set(found.rows) == set(cells)
    assert found.damaged == 0
    for cell in cells[::7]:
        assert repr(found.rows[cell]) == repr(trained([cell])[0])
