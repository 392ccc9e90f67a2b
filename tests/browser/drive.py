"""A dashboard of one's own and a browser to drive it: for the tests and for the benchmark."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect, sync_playwright

from bench import server
from tests.browser.install import system_chromium

ROOT = server.ROOT
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--font-render-hinting=none",  # letters as wide as on a screen, without a window too
]
expect.set_options(timeout=30_000)
IDLE = "[data-testid=stApp][data-test-script-state=notRunning]"


@contextmanager
def serving(script: Path | None = None, **environment: str) -> Iterator[str]:
    """The address of a freshly started server: the dashboard's, or that of `script`."""
    with server.serving(script, **environment) as started:
        yield started.address


@contextmanager
def browsing() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=system_chromium(), args=ARGUMENTS, timeout=60_000
        )
        yield browser
        browser.close()


def settle(page: Page, charts: int = 0) -> None:
    """Wait until the script rests, no run is being computed, and so many charts are drawn."""
    page.wait_for_selector(IDLE, timeout=60_000)
    page.wait_for_function(
        """charts => !document.querySelector('[data-testid=stProgress]')
            && document.querySelectorAll('[data-testid=stVegaLiteChart][role=graphics-document]')
               .length >= charts""",
        arg=charts,
        timeout=120_000,
    )
    page.wait_for_selector(IDLE, timeout=60_000)


def speaks(page: Page, language: str) -> None:
    """Wait until the document says so: the line that sets it is the last that a page draws."""
    page.wait_for_function(
        "language => document.documentElement.lang === language", arg=language, timeout=30_000
    )


def open_page(browser: Browser, address: str, charts: int = 0, **context: Any) -> Page:
    """A page in a context of its own, once it has settled."""
    page = browser.new_page(**context)
    page.set_default_timeout(30_000)
    page.goto(address)
    settle(page, charts)
    return page
