"""Find a Chromium, or install one: Debian's where root can, Playwright's own elsewhere.

The headless one is preferred: it opens a page in about half the time.
Run as `python -m tests.browser.install`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

WINDOWLESS = "chromium-headless-shell"
NAMES = (WINDOWLESS, "chromium", "chromium-browser", "google-chrome")


def system_chromium() -> str | None:
    """The path of an installed Chromium, None if Playwright's own is to be used."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def playwright_chromium() -> bool:
    """Whether Playwright has installed a browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        return os.path.exists(playwright.chromium.executable_path)


def debian() -> bool:
    """Whether Debian's packages can be installed: there are some, and it is root who asks."""
    return bool(shutil.which("apt-get")) and hasattr(os, "geteuid") and os.geteuid() == 0


def from_debian(package: str) -> bool:
    """Install a package of Debian's; whether it is there now."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    return all(
        subprocess.run(command, env=environment, stdout=subprocess.DEVNULL).returncode == 0
        for command in (
            ["apt-get", "update", "-qq"],
            ["apt-get", "install", "-y", "-qq", "--no-install-recommends", package],
        )
    )


def install() -> None:
    if shutil.which(WINDOWLESS):
        return
    if debian() and (from_debian(WINDOWLESS) or system_chromium() or from_debian("chromium")):
        return
    if not system_chromium() and not playwright_chromium():
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=True)


if __name__ == "__main__":
    install()
