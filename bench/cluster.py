"""Two processes of the dashboard behind nginx, as `deploy/` sets them up, on loopback."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import streamlit

from bench.server import ROOT, free_port, wait_for

CONFIGURATION = ROOT / "deploy" / "nginx.conf"
PLACES = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])


def nginx() -> str | None:
    """The path of an installed nginx, None if there is none."""
    return shutil.which("nginx", path=PLACES)


def configured(folder: Path, port: int, processes: list[int]) -> str:
    """deploy/nginx.conf adapted to this machine; every path to replace must occur in it."""
    text = CONFIGURATION.read_text("utf-8")
    servers = "".join(
        f"server 127.0.0.1:{process} max_fails=1 fail_timeout=5s;\n" for process in processes
    )
    user = "user root;" if os.geteuid() == 0 else ""  # pytest's folders are private to their owner
    for old, new in {
        "server app:8501 max_fails=1 fail_timeout=5s;": servers,
        "listen 8080;": f"listen 127.0.0.1:{port};",
        "root /srv/dashboard;": f"root {folder}/srv;",
        "worker_processes auto;": f"worker_processes 1; daemon off; {user}",
        "/tmp/nginx": f"{folder}/nginx",
    }.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


def lay_out(folder: Path) -> None:
    """The files that nginx serves itself, where the image has them."""
    (folder / "srv" / "app").mkdir(parents=True)
    (folder / "srv" / "static").symlink_to(Path(streamlit.__file__).parent / "static" / "static")
    (folder / "srv" / "app" / "static").symlink_to(ROOT / "static")


@dataclass(frozen=True)
class Cluster:
    """address: of nginx. processes: of the dashboard, by port, with this environment."""

    address: str
    processes: dict[int, subprocess.Popen[bytes]]
    environment: dict[str, str]

    def kill(self, port: int) -> None:
        self.processes[port].send_signal(signal.SIGKILL)
        self.processes[port].wait(timeout=20)

    def start(self, port: int) -> None:
        self.processes[port] = start(port, **self.environment)
        wait_for(f"http://127.0.0.1:{port}")


def start(port: int, **environment: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "asgi:app", "--host=127.0.0.1", f"--port={port}"],
        cwd=ROOT,
        env=os.environ | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@contextmanager
def cluster(folder: Path, size: int = 2, **environment: str) -> Iterator[Cluster]:
    """`folder`: empty, for nginx to write to."""
    program, ports = nginx(), [free_port() for _ in range(size)]
    assert program is not None
    front = free_port()
    lay_out(folder)
    written = folder / "nginx.conf"
    written.write_text(configured(folder, front, ports), "utf-8")
    running = Cluster(
        f"http://127.0.0.1:{front}",
        {port: start(port, **environment) for port in ports},
        environment,
    )
    with (folder / "errors").open("wb") as errors:
        server = subprocess.Popen(
            [program, "-c", str(written), "-p", str(folder)], stderr=errors, env=os.environ
        )
    try:
        for port in ports:
            wait_for(f"http://127.0.0.1:{port}")
        wait_for(running.address)
        yield running
    finally:
        for process in (server, *running.processes.values()):
            process.terminate()
        for process in (server, *running.processes.values()):
            process.wait(timeout=20)
