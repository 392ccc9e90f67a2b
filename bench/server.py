"""Servers for the load driver, and what they cost: processor time, memory, threads, sessions."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[1]
EMPTY = """
import streamlit as st
st.select_slider("rate", [0.03, 0.1, 0.3], key="rate")
st.selectbox("activation", ["sigmoid", "tanh", "relu"], key="activation")
st.number_input("seed", 0, 10**9, key="seed")
st.selectbox("measure", ["delta", "gradient_norm", "dead"], key="measure")
"""
"""An app with the same four widgets that viewers use, and nothing behind them."""


@dataclass(frozen=True)
class Server:
    """address: where it answers. pid: the parent process of its workers. beside: processes that
    compute for it."""

    address: str
    pid: int
    beside: tuple[int, ...] = ()

    def processes(self) -> list[psutil.Process]:
        parents = [psutil.Process(pid) for pid in (self.pid, *self.beside)]
        return [p for parent in parents for p in (parent, *parent.children(recursive=True))]

    def seconds(self) -> float:
        """Processor time used so far."""
        times = [process.cpu_times() for process in self.processes()]
        return sum(t.user + t.system for t in times)

    def memory(self) -> float:
        """Resident memory, in MB."""
        return sum(process.memory_info().rss for process in self.processes()) / 1e6

    def threads(self) -> int:
        return sum(process.num_threads() for process in self.processes())

    def sessions(self) -> int:
        """Connected sessions; of one process, if there are several."""
        with urllib.request.urlopen(f"{self.address}/_stcore/metrics", timeout=10) as answer:
            found = re.search(r"^active_sessions (\d+)", answer.read().decode(), re.MULTILINE)
        return int(found[1]) if found else 0


@dataclass
class Meter:
    """Samples of a server: seconds since the start, processor seconds, MB, threads."""

    server: Server
    samples: list[tuple[float, float, float, int]] = field(default_factory=list)

    def sample(self) -> None:
        server = self.server
        self.samples.append((time.monotonic(), server.seconds(), server.memory(), server.threads()))

    async def keep_sampling(self, every: float = 1.0) -> None:
        while True:
            self.sample()
            await asyncio.sleep(every)

    @property
    def load(self) -> float:
        """Cores that the server kept busy, on average."""
        first, last = self.samples[0], self.samples[-1]
        return (last[1] - first[1]) / max(last[0] - first[0], 1e-9)

    @property
    def peak(self) -> float:
        return max(sample[2] for sample in self.samples)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(
    script: Path | None, workers: int = 1, before: str = "", **environment: str
) -> Iterator[Server]:
    """The dashboard, or `script` under the dashboard's configuration, on a free loopback port.

    before: Python code that the server's process runs first.
    """
    port = free_port()
    if script is None and workers > 1:
        command = ["uvicorn", "asgi:app", "--host=127.0.0.1", f"--port={port}"]
        command += [f"--workers={workers}", "--log-level=error"]
    else:
        command = ["streamlit", "run", str(script or ROOT / "dashboard.py")]
        command += ["--server.address=127.0.0.1", f"--server.port={port}", "--server.headless=true"]
    first = f"{before}\nimport runpy, sys\nsys.argv = {command!r}\n"
    process = subprocess.Popen(
        [sys.executable, "-c", f"{first}runpy.run_module({command[0]!r}, run_name='__main__')"]
        if before
        else [sys.executable, "-m", *command],
        cwd=ROOT,
        env=os.environ | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    server = Server(f"http://127.0.0.1:{port}", process.pid)
    try:
        wait_for(server.address)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(timeout=20)


def wait_for(address: str, seconds: float = 60) -> None:
    """Wait until a dashboard answers there."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2) as answer:
                if answer.read() == b"ok":
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise TimeoutError(f"no dashboard at {address}")
