"""A fresh dashboard and a browser to drive it: for the tests and for the benchmark."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

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
CLIPBOARD = ["clipboard-read", "clipboard-write"]
"""The permissions of a tab in which a copied link is read."""
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
    """Wait until the script rests, no run is being computed, and all charts are drawn, at least
    this many."""
    page.wait_for_selector(IDLE, timeout=60_000)
    page.wait_for_function(
        """charts => {
            const places = [...document.querySelectorAll('[data-testid=stVegaLiteChart]')];
            return !document.querySelector('[data-testid=stProgress]') && places.length >= charts
                && places.every(place => place.getAttribute('role') === 'graphics-document');
        }""",
        arg=charts,
        timeout=120_000,
    )
    page.wait_for_selector(IDLE, timeout=60_000)


def speaks(page: Page, language: str) -> None:
    """Wait until the document says so: the line that sets it is the last that a page draws."""
    page.wait_for_function(
        "language => document.documentElement.lang === language", arg=language, timeout=30_000
    )


class Tabs:
    """The tabs of a browser, lent to one test after another.

    A new context fetches and compiles Streamlit's 4 MB of scripts again; a tab that is used again
    does not, which halves the price of a visit. What one test leaves behind (the page, storage,
    cookies, windows that it opened) is gone before the next.
    """

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.contexts: dict[str, BrowserContext] = {}
        self.resting: dict[str, list[Page]] = defaultdict(list)
        self.lent: dict[Page, str] = {}

    def lend(
        self,
        viewport: dict[str, int] | None = None,
        color_scheme: str = "light",
        reduced_motion: str = "no-preference",
        **context: Any,
    ) -> Page:
        """A tab as a new context would have it; `close` hands it back."""
        key = repr(sorted(context.items()))
        if key not in self.contexts:
            self.contexts[key] = self.browser.new_context(**context)
        page = self.resting[key].pop() if self.resting[key] else self.contexts[key].new_page()
        self.lent[page] = key
        page.close = lambda **_: self.take_back(page)  # type: ignore[method-assign]
        page.set_viewport_size(viewport or {"width": 1280, "height": 720})
        page.emulate_media(media="null", color_scheme=color_scheme, reduced_motion=reduced_motion)
        page.set_default_timeout(30_000)
        return page

    def take_back(self, page: Page) -> None:
        key = self.lent.pop(page, None)
        if key is None or page.is_closed():
            return
        page.evaluate("() => { localStorage.clear(); sessionStorage.clear(); }")
        page.mouse.move(0, 0)
        page.goto("about:blank")
        for other in page.context.pages:
            if other not in self.lent and other not in self.resting[key] and other != page:
                other.close()
        page.context.clear_cookies()
        self.resting[key].append(page)


TABS: WeakKeyDictionary[Browser, Tabs] = WeakKeyDictionary()


def tabs(browser: Browser) -> Tabs:
    return TABS.setdefault(browser, Tabs(browser))


@contextmanager
def listening(page: Page, **listeners: Callable[[Any], object]) -> Iterator[None]:
    """Hear the events of a page; afterwards nobody listens to its tab any more."""
    for event, listener in listeners.items():
        page.on(event, listener)  # type: ignore[call-overload]
    try:
        yield
    finally:
        for event, listener in listeners.items():
            page.remove_listener(event, listener)


def open_page(browser: Browser, address: str, charts: int = 0, **context: Any) -> Page:
    """A page in a tab as clean as a new one, once it has settled."""
    page = tabs(browser).lend(**context)
    page.goto(address)
    settle(page, charts)
    return page
