"""Past its capacity the page says so: how many runs take turns, and which one is the reader's."""

from __future__ import annotations

import time

import pytest

from core.runs.lanes import MOST_LANES
from core.runs.recording import Recording
from core.runs.training import RunSpec
from core.runs.turns import GONE, GONE_EACH, Turns
from pages import texts
from pages.ui.recordings import in_line, pace, recordings, sharing
from tests.pages.ui.test_pages import visit


class Other:
    """Another visitor's run."""


@pytest.fixture(autouse=True)
def turns(monkeypatch):
    """A separate, empty line for these tests."""
    turns = Turns(slots=1)
    monkeypatch.setattr(recordings(), "turns", turns)
    return turns


@pytest.fixture
def busy(turns, monkeypatch):
    """The slot is taken by somebody else, and another one waits, however slow the machine is."""
    monkeypatch.setattr("core.runs.turns.GONE", 600.0)
    others, now = [Other(), Other()], time.monotonic()
    assert [turns.take(other, now) for other in others] == [True, False]
    return others


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_a_run_that_waits_is_told_its_place_in_the_line(busy, language):
    t = texts.LANGUAGES[language].text
    app = visit("training", language=language, lanes="1", epochs="3", seed="4711", depth="7")
    told = [caption.value for caption in app.caption]
    assert t.training.waiting.format(runs=len(busy) + 1, place=2) in told


@pytest.mark.parametrize("page", ["training", "digits"])
def test_the_page_of_a_run_that_waits_is_whole(busy, page):
    visit(page, lanes="1", seed="4712")


def test_a_run_under_way_is_told_why_it_takes_longer(turns):
    t = texts.LANGUAGES["en"].text
    others = [Other() for _ in range(3 * MOST_LANES)]
    for other in others:
        turns.take(other, time.monotonic())
    assert sharing(t, own=1) == t.training.sharing.format(runs=len(others))


def test_what_one_visitor_has_just_left_is_no_crowd(turns):
    own = [Other() for _ in range(2 * MOST_LANES)]  # a page of lanes, and those before
    for run in own:
        turns.take(run, time.monotonic())
    assert sharing(texts.LANGUAGES["en"].text, own=MOST_LANES) is None


def test_many_look_less_often_so_that_there_is_time_to_compute(turns):
    assert pace(0.2) == 0.2
    others = [Other() for _ in range(40)]
    waits = []
    for other in others:
        turns.take(other, time.monotonic())
        waits.append(pace(0.2))
    assert waits == sorted(waits)
    assert waits[2] == pytest.approx(0.2)
    assert waits[-1] == pytest.approx(0.2 * 40 / 3)
    patience = [GONE + GONE_EACH * count for count in range(1, 41)]
    assert all(wait < long for wait, long in zip(waits, patience, strict=True))  # nobody drops out
    others += [Other() for _ in range(400)]
    for other in others:
        turns.take(other, time.monotonic())
    assert pace(0.2) == 5.0


def test_who_is_alone_is_told_nothing():
    assert sharing(texts.LANGUAGES["en"].text, own=1) is None


def test_a_run_that_has_not_even_asked_is_the_next():
    told = in_line(texts.LANGUAGES["en"].text, Recording(RunSpec()))
    assert "number 1 " in told
