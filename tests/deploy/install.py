"""Find an nginx and a Redis, or install Debian's where root can.

Run as `python -m tests.deploy.install`.
"""

from __future__ import annotations

import shutil

from bench.cluster import nginx
from tests.browser.install import debian, from_debian


def install() -> None:
    """Without root there may be neither, and their tests are skipped with the reason."""
    redis = shutil.which("redis-server") or shutil.which("valkey-server")
    for found, package in ((nginx(), "nginx-light"), (redis, "redis-server")):
        if found is None and debian() and not from_debian(package):
            raise SystemExit(f"{package} could not be installed")


if __name__ == "__main__":
    install()
