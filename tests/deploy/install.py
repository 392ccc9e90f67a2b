"""Find an nginx, or install Debian's where root can. Run as `python -m tests.deploy.install`."""

from __future__ import annotations

from bench.cluster import nginx
from tests.browser.install import debian, from_debian


def install() -> None:
    """Without root there is no nginx, and its tests are skipped with the reason."""
    if nginx() is None and debian() and not from_debian("nginx-light"):
        raise SystemExit("nginx could not be installed")


if __name__ == "__main__":
    install()
