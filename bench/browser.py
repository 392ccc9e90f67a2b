"""How lively the pages are in a real browser. Run with `make bench-browser`.

Painted epochs: at every display frame the rule of the loss chart is looked at; a place where it
has not been before is a painted epoch. A setting's way: from the key or click to the repainted
chart, beside the way of an empty Streamlit app with the same configuration, in the same run.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.browser.drive import browsing, open_page, serving, settle

EMPTY = """
import streamlit as st
value = st.slider("value", 0, 100, 0)
st.text(f"value {value}")
"""
LANES = {1: "lanes=1", 4: "lanes=4&2.activation=tanh&3.activation=relu&4.activation=gelu"}
PAINTED = """async ([seconds, selector, attribute, drive]) => {
    const seen = new Set(), start = performance.now();
    let last = null, before = start, gap = 0, n = 0;
    while (performance.now() - start < 1000 * seconds) {
        await new Promise(requestAnimationFrame);
        if (drive) {
            const input = document.querySelector(drive);
            input.value = n++ % (+input.max + 1);
            input.dispatchEvent(new Event("input", {bubbles: true}));
        }
        const node = document.querySelector(selector);
        const place = node && (attribute ? node.getAttribute(attribute) : node.innerHTML);
        if (place !== last) {
            const now = performance.now();
            gap = Math.max(gap, now - before);
            [before, last] = [now, place];
            seen.add(place + now);
        }
    }
    return [seen.size / seconds, gap];
}"""
RULE = "[data-testid=stVegaLiteChart][aria-label*='training loss'] .mark-rule.role-mark line"


def rule(page: Page) -> str:
    """A selector of what moves with the clock in the last chart: the rule at its epoch."""
    charts = page.locator("[data-testid=stVegaLiteChart]")
    page.evaluate(
        """node => node.querySelectorAll('.mark-rule.role-mark line')
            .forEach(line => line.closest('g').parentNode.classList.add('watched'))""",
        charts.nth(2).element_handle(),
    )
    return ".watched"


def painted(page: Page, seconds: float, drive: str = "") -> tuple[float, float]:
    rate, gap = page.evaluate(PAINTED, [seconds, rule(page), "", drive])
    return rate, gap


def playing(browser: Browser, address: str, lanes: int, seconds: float) -> tuple[float, float]:
    """Painted epochs a second and the longest gap in milliseconds: medians of three."""
    page = open_page(
        browser,
        f"{address}/training?language=en&{LANES[lanes]}",
        3 * lanes,
        viewport={"width": 1440, "height": 900},
    )
    found = []
    for _ in range(3):
        page.locator(".clock .restart").click()
        time.sleep(0.3)
        found.append(painted(page, seconds))
    page.close()
    return statistics.median(r for r, _ in found), statistics.median(g for _, g in found)


def scrubbing(browser: Browser, address: str, seconds: float) -> tuple[float, float]:
    page = open_page(
        browser,
        f"{address}/training?language=en",
        9,
        viewport={"width": 1440, "height": 900},
    )
    found = [painted(page, seconds, ".clock .time") for _ in range(3)]
    page.close()
    return statistics.median(r for r, _ in found), statistics.median(g for _, g in found)


def probing(browser: Browser, address: str, seconds: float) -> tuple[float, float]:
    """Updates of the probe's tangents with three curves, its dial moved at every display frame."""
    page = open_page(
        browser,
        f"{address}/activations?language=en",
        2,
        viewport={"width": 1440, "height": 900},
    )
    selector = "[data-testid=stVegaLiteChart] .mark-group.role-frame"
    found = [page.evaluate(PAINTED, [seconds, selector, "", ".probe input"]) for _ in range(3)]
    page.close()
    return statistics.median(r for r, _ in found), statistics.median(g for _, g in found)


def way(page: Page, act: Callable[[int], None], watch: str, times: int = 15) -> float:
    """Median milliseconds from `act` until what `watch` evaluates to has changed."""
    found = []
    for turn in range(times):
        before = page.evaluate(watch)
        start = time.perf_counter()
        act(turn)
        page.wait_for_function(f"before => ({watch}) !== before", arg=before, polling=5)
        found.append(1000 * (time.perf_counter() - start))
        settle(page)
        time.sleep(0.15)
    return statistics.median(found)


def empty_way(browser: Browser) -> float:
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "empty.py"
        script.write_text(EMPTY, "utf-8")
        with serving(script) as address:
            page = open_page(browser, address)
            page.locator("[data-testid=stSlider] [tabindex='0'], input[type=range]").first.focus()
            return way(
                page,
                lambda turn: page.keyboard.press("ArrowRight"),
                "document.querySelector('[data-testid=stText]').textContent",
            )


def setting_way(browser: Browser, address: str) -> float:
    """The number of lanes' depth axis: the linear switch of the layers' chart, back and forth."""
    page = open_page(
        browser,
        f"{address}/training?language=en&lanes=1&epochs=100",
        3,
        viewport={"width": 1440, "height": 1200},
    )
    page.get_by_text("What is shown").click()
    switch = page.get_by_text("Linear axis")
    switch.wait_for()
    return way(
        page,
        lambda turn: switch.click(),
        "document.querySelectorAll('[data-testid=stVegaLiteChart]')[1].querySelector"
        "('.role-axis-label').textContent + document.querySelectorAll"
        "('[data-testid=stVegaLiteChart]')[1].querySelectorAll('.role-axis-label')[1].textContent",
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0)
    seconds = parser.parse_args().seconds
    with serving() as address, browsing() as browser:
        print("| what | per second | longest gap (ms) |")
        print("|---|---|---|")
        for lanes in LANES:
            rate, gap = playing(browser, address, lanes, seconds)
            print(f"| epochs painted while playing, {lanes} lane(s) | {rate:.1f} | {gap:.0f} |")
        rate, gap = scrubbing(browser, address, seconds)
        print(f"| epochs painted while scrubbing, 3 lanes | {rate:.1f} | {gap:.0f} |")
        rate, gap = probing(browser, address, seconds)
        print(f"| updates of the probe, 3 curves | {rate:.1f} | {gap:.0f} |")
        ours, empty = setting_way(browser, address), empty_way(browser)
        print()
        print("| a setting's way to the screen | median (ms) |")
        print("|---|---|")
        print(f"| switch to the repainted chart | {ours:.0f} |")
        print(f"| slider to text, empty app | {empty:.0f} |")
        print(f"| ratio | {ours / empty:.1f} |")


if __name__ == "__main__":
    main()
