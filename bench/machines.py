"""A Dask scheduler and its workers on loopback, as if each were a machine."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from bench.server import ROOT, free_port

NONE = find_spec("distributed") is None
"""Whether Dask is missing."""
ALIKE = ("--host", "127.0.0.1", "--no-dashboard")


class Machines:
    """scheduler, workers: their processes, the workers of one thread each."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.workers: list[subprocess.Popen[bytes]] = []
        self.start_scheduler()

    @property
    def address(self) -> str:
        return f"tcp://127.0.0.1:{self.port}"

    def start_scheduler(self) -> None:
        self.scheduler = start("scheduler", "--port", str(self.port))

    def start_worker(self) -> None:
        place = str(self.folder / f"worker{len(self.workers)}")
        alone = ("--nthreads", "1", "--no-nanny", "--local-directory", place)
        self.workers.append(start("worker", self.address, *alone))

    @property
    def pids(self) -> tuple[int, ...]:
        return tuple(process.pid for process in (self.scheduler, *self.workers))

    def stop(self) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait(timeout=20)


def start(role: str, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", f"distributed.cli.dask_{role}", *arguments, *ALIKE],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def wait_for_workers(address: str, count: int) -> None:
    """Wait until so many workers have joined."""
    from distributed import Client

    with Client(address, set_as_default=False) as client:
        client.wait_for_workers(count, timeout=60)


@contextmanager
def machines(folder: Path, workers: int = 2) -> Iterator[Machines]:
    """`folder`: for the workers to write to."""
    running = Machines(folder)
    try:
        for _ in range(workers):
            running.start_worker()
        yield running
    finally:
        running.stop()
