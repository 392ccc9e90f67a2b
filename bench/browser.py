"""How responsive the pages are in a real browser. Run with `make bench-browser`.

Painted epochs: at every display frame the rule of the loss chart is sampled; each new position is
a painted epoch. A setting's latency: from the click to the repainted chart. A cold link: from
opening the address in a browser that has never been here, with runs that nobody has computed, to
the first chart and to the end. The last two are compared with an empty Streamlit app with the same
configuration in the same run; every number is a median of several rounds.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from playwright.sync_api import Browser, Page

from core.runs.presets import PRESETS
from core.runs.recording import Recording
from pages import texts
from tests.browser.drive import browsing, serving, settle

EMPTY = """
import streamlit as st
value = st.slider("value", 0, 100, 0)
st.text(f"value {value}")
"""
WINDOW = {"width": 1440, "height": 900}
EN = texts.LANGUAGES["en"].text
LANES = {
    1: "lanes=1",
    3: "lanes=3&2.activation=tanh&3.activation=relu",
    4: "lanes=4&2.activation=tanh&3.activation=relu&4.activation=gelu",
}
CHARTS = "[data-testid=stVegaLiteChart]"
CHANGES = 5
"""How often a setting is changed in a round."""
PAINTED = """async ([seconds, selector, drive]) => {
    let last = null, before = performance.now(), gap = 0, n = 0, painted = 0;
    const start = before;
    while (performance.now() - start < 1000 * seconds) {
        await new Promise(requestAnimationFrame);
        if (drive) {
            const input = document.querySelector(drive);
            input.value = n++ % (+input.max + 1);
            input.dispatchEvent(new Event("input", {bubbles: true}));
        }
        const place = document.querySelector(selector)?.innerHTML;
        if (place !== last) {
            const now = performance.now();
            gap = Math.max(gap, now - before);
            [before, last] = [now, place];
            painted += 1;
        }
    }
    return [painted / seconds, gap];
}"""
MARK_RULE = """node => node.querySelectorAll('.mark-rule.role-mark line')
    .forEach(line => line.closest('g').parentNode.classList.add('watched'))"""


@dataclass(frozen=True)
class Effort:
    """How long painting is observed, in seconds, and how many rounds there are."""

    seconds: float = 5.0
    rounds: int = 3

    def medians(self, measure: Callable[[int], tuple[float, ...]]) -> list[float]:
        """The median of each number that `measure`, given the round's index, returns."""
        rounds = [measure(number) for number in range(self.rounds)]
        return [statistics.median(numbers) for numbers in zip(*rounds, strict=True)]


@contextmanager
def visit(browser: Browser, address: str, charts: int = 0) -> Iterator[Page]:
    """A page that has settled, in a browser that has never been there."""
    page = browser.new_page(viewport=WINDOW)
    page.goto(address)
    settle(page, charts)
    yield page
    page.close()


# --- what is painted ---------------------------------------------------------------------------


def painted(page: Page, seconds: float, selector: str, drive: str = "") -> tuple[float, float]:
    """Changes per second in what `selector` matches, and the longest gap between two in ms.

    drive: a dial that is moved at every frame.
    """
    rate, gap = page.evaluate(PAINTED, [seconds, selector, drive])
    return rate, gap


def watched(page: Page) -> str:
    """A selector for what moves with the clock in the first lane's loss chart: its rule."""
    page.evaluate(MARK_RULE, page.locator(CHARTS).nth(2).element_handle())
    return ".watched"


def playing(browser: Browser, address: str, lanes: int, effort: Effort) -> list[float]:
    with visit(browser, f"{address}/training?language=en&{LANES[lanes]}", 3 * lanes) as page:
        rule = watched(page)

        def play(_: int) -> tuple[float, float]:
            page.locator(".clock .restart").click()
            time.sleep(0.3)
            return painted(page, effort.seconds, rule)

        return effort.medians(play)


def scrubbing(browser: Browser, address: str, effort: Effort) -> list[float]:
    with visit(browser, f"{address}/training?language=en", 9) as page:
        rule = watched(page)
        return effort.medians(lambda _: painted(page, effort.seconds, rule, ".clock .time"))


def probing(browser: Browser, address: str, effort: Effort) -> list[float]:
    """The tangents of three curves, their dial moved at every frame."""
    with visit(browser, f"{address}/activations?language=en", 2) as page:
        frame = f"{CHARTS} .mark-group.role-frame"
        return effort.medians(lambda _: painted(page, effort.seconds, frame, ".probe input"))


# --- a setting's latency -----------------------------------------------------------------------


def way(page: Page, act: Callable[[], None], watch: str) -> tuple[float]:
    """Median milliseconds from `act` until the value of `watch` has changed."""
    found = []
    for _ in range(CHANGES):
        before = page.evaluate(watch)
        start = time.perf_counter()
        act()
        page.wait_for_function(f"before => ({watch}) !== before", arg=before, polling=5)
        found.append(1000 * (time.perf_counter() - start))
        settle(page)
        time.sleep(0.15)
    return (statistics.median(found),)


def setting_way(browser: Browser, address: str, effort: Effort) -> float:
    """Switch the axis of the error in every layer to linear and back; its ticks tell when."""
    axis = (
        f"[...document.querySelectorAll('{CHARTS}')[1].querySelectorAll('.role-axis-label text')]"
    )
    with visit(browser, f"{address}/training?language=en&lanes=1&epochs=100", 3) as page:
        page.get_by_text(EN.training.more_settings).click()
        page.get_by_role("tab", name=EN.training.tabs.shown).click()
        switch = page.get_by_text(EN.settings.linear)
        switch.wait_for()
        settle(page, 3)
        ticks = f"{axis}.map(node => node.textContent).join()"
        (took,) = effort.medians(lambda _: way(page, switch.click, ticks))
    return took


def empty_way(browser: Browser, address: str, effort: Effort) -> float:
    with visit(browser, address) as page:
        page.locator("[data-testid=stSlider] [tabindex='0'], input[type=range]").first.focus()
        text = "document.querySelector('[data-testid=stText]').textContent"
        (took,) = effort.medians(
            lambda _: way(page, lambda: page.keyboard.press("ArrowRight"), text)
        )
    return took


# --- a cold link -------------------------------------------------------------------------------


def opening(browser: Browser, address: str, first: str, charts: int) -> tuple[float, float]:
    """Seconds until `first` is there, and until everything has been computed and drawn."""
    page = browser.new_page(viewport=WINDOW)
    start = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.wait_for_selector(first)
    seen = time.perf_counter() - start
    settle(page, charts)
    finished = time.perf_counter() - start
    page.close()
    return seen, finished


def cold(browser: Browser, address: str, effort: Effort) -> list[float]:
    """The race, each round with initial weights that nobody has computed."""
    link = f"{address}/training?language=en&{LANES[3]}&seed="
    return effort.medians(lambda n: opening(browser, f"{link}{4711 + n}", f"{CHARTS} svg.marks", 9))


def recordings(effort: Effort) -> float:
    """Seconds for the same three recordings one after another, undisturbed."""

    def record(number: int) -> tuple[float]:
        start = time.perf_counter()
        for run in PRESETS["race"]:
            Recording(replace(run, seed=4711 + number)).advance()
        return (time.perf_counter() - start,)

    (took,) = effort.medians(record)
    return took


# --- the report --------------------------------------------------------------------------------


def row(*columns: object) -> None:
    print(f"| {' | '.join(map(str, columns))} |", flush=True)


def report(browser: Browser, address: str, empty: str, effort: Effort) -> None:
    row("what is painted", "a second", "longest gap, ms")
    row("---", "--:", "--:")
    for lanes in (1, 4):
        rate, gap = playing(browser, address, lanes, effort)
        row(f"epochs while playing, lanes: {lanes}", f"{rate:.1f}", f"{gap:.0f}")
    rate, gap = scrubbing(browser, address, effort)
    row("epochs while scrubbing, lanes: 3", f"{rate:.1f}", f"{gap:.0f}")
    rate, gap = probing(browser, address, effort)
    row("updates of the probe, curves: 3", f"{rate:.1f}", f"{gap:.0f}")
    print()
    row("what takes how long", "dashboard", "empty app")
    row("---", "--:", "--:")
    ours, idle = setting_way(browser, address, effort), empty_way(browser, empty, effort)
    row("a setting's way to the repainted chart, ms", f"{ours:.0f}", f"{idle:.0f}")
    seen, finished = cold(browser, address, effort)
    idle, _ = effort.medians(lambda _: opening(browser, empty, "[data-testid=stText]", 0))
    row("a cold link of three lanes, first chart, s", f"{seen:.1f}", f"{idle:.1f}")
    row("a cold link of three lanes, finished, s", f"{finished:.1f}", "")
    row("its three recordings alone, s", f"{recordings(effort):.1f}", "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="only show that it works")
    effort = Effort(0.3, 1) if parser.parse_args().quick else Effort()
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "empty.py"
        script.write_text(EMPTY, "utf-8")
        with serving() as address, serving(script) as empty, browsing() as browser:
            report(browser, address, empty, effort)


if __name__ == "__main__":
    main()
