"""A run that is computed while one looks on: no frame moves, fades, doubles or redraws its lanes.

Every frame of a cold run is looked at, from the moment the page is opened until a second after the
run has finished.
"""

from __future__ import annotations

from itertools import count

import pytest

from tests.browser.drive import settle
from tests.crossing import few_of

LANES, CHARTS = 3, 9
SLACK = 2
"""Pixels that a lane may be off, for the browser's rounding."""
RACE = "lanes=3&2.activation=tanh&3.activation=relu&language=en&view=charts"
EPOCHS = (500, 1000, 2000)
"""How long the run is; longer where it has finished before all of it was drawn."""
STALE_FOR_LONG = 1500
"""Milliseconds, longer than it takes Streamlit to fade what it has marked as stale."""

WATCH = """() => {
    const known = new WeakMap();
    let nodes = 0;
    const name = node => known.get(node) ?? (known.set(node, ++nodes), nodes);
    const opacity = node => {
        let least = 1;
        for (; node instanceof Element; node = node.parentNode) {
            least = Math.min(least, +getComputedStyle(node).opacity);
        }
        return least;
    };
    window.seen = [];
    const look = () => {
        const lanes = [...document.querySelectorAll('[class*=st-key-lane]')]
            .filter(node => /st-key-lane\\d/.test(node.className));
        const charts = [...document.querySelectorAll('[data-testid=stVegaLiteChart]')];
        const drawn = charts.map(chart => chart.querySelector('svg.marks, canvas.marks'))
            .filter(Boolean);
        window.seen.push({
            time: performance.now(),
            lanes: lanes.map(lane => {
                const {x, y, width, height} = lane.getBoundingClientRect();
                return [x, y, width, height];
            }),
            charts: charts.length,
            drawn: drawn.map(name),
            opacity: Math.min(1, ...lanes.map(opacity), ...drawn.map(opacity)),
            live: document.querySelector('[data-testid=stProgress]') !== null,
        });
        requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
}"""


@pytest.fixture(scope="module")
def seeds():
    """Seeds of runs that nobody has computed."""
    return count(4243)


def watched(browser, address, seeds, width=1440):
    """Every frame of a cold run of three lanes, which is drawn before it has finished."""
    for epochs in EPOCHS:
        page = browser.new_page(viewport={"width": width, "height": 900})
        page.add_init_script(f"({WATCH})()")
        page.goto(f"{address}/training?{RACE}&epochs={epochs}&seed={next(seeds)}")
        settle(page, CHARTS)
        page.wait_for_timeout(1000)
        seen = page.evaluate("window.seen")
        page.close()
        if seen[first_whole(seen)]["live"]:
            return seen
    raise AssertionError("every run had finished before its first picture")


def first_whole(frames):
    """The number of the first frame in which every chart is drawn."""
    return next(k for k, frame in enumerate(frames) if len(frame["drawn"]) == CHARTS)


@pytest.fixture(scope="module", params=few_of([1440, 390]))
def frames(request, browser, address, seeds):
    return watched(browser, address, seeds, request.param)


@pytest.fixture
def drawn(frames):
    """The frames from the first in which every chart is drawn."""
    return frames[first_whole(frames) :]


def test_no_lane_moves_or_shrinks_once_it_is_drawn(drawn):
    for frame in drawn:
        assert len(frame["lanes"]) == LANES
        for (x, y, width, height), now in zip(drawn[0]["lanes"], frame["lanes"], strict=True):
            assert now[:3] == pytest.approx([x, y, width], abs=SLACK), frame["time"]
            assert now[3] >= height - SLACK, frame["time"]


def test_no_frame_has_more_lanes_or_charts_than_were_asked_for(frames):
    assert max(len(frame["lanes"]) for frame in frames) == LANES
    assert max(frame["charts"] for frame in frames) == CHARTS


def test_nothing_fades(frames):
    assert min(frame["opacity"] for frame in frames) == 1


def test_the_finished_lanes_are_the_very_nodes_that_were_drawn_live(drawn):
    assert {tuple(frame["drawn"]) for frame in drawn} == {tuple(drawn[0]["drawn"])}
