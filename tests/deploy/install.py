"""Find an nginx, or install Debian's where root can. Run as `python -m tests.deploy.install`."""

from __future__ import annotations

import os
import shutil
import subprocess

from bench.cluster import nginx


def install() -> None:
    """Without root there is no nginx, and its tests are skipped with the reason."""
    if nginx() or not (shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0):
        return
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "nginx-light"],
    ):
        subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    install()
