"""Faults: the caller goes away, the clock jumps, memory runs out. What was seen stays."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace

import numpy as np
import pytest

from core.runs import recording as module
from core.runs.recording import Recording, Recordings
from core.runs.turns import GONE, GONE_EACH, OVERDUE, Turns
from tests.core.runs.test_recording import SHORT, Ticking, finished, same


class GoneAway(BaseException):
    """As Streamlit stops a script whose browser has gone: at any call, and past every `except`."""


class Going(Ticking):
    """A clock that is read only so often before the browser is gone."""

    def __init__(self, readings):
        self.readings = readings

    def __call__(self):
        self.readings -= 1
        if self.readings < 0:
            raise GoneAway
        return super().__call__()


class Jumping:
    """A clock that jumps by `jump` seconds at reading number `when` and continues from there."""

    def __init__(self, jump, when):
        self.now, self.jump, self.when = 1e6, jump, when

    def __call__(self):
        self.when -= 1
        self.now += self.jump if self.when == 0 else 0.01
        return self.now


# --- the browser goes away ---------------------------------------------------------------------


@pytest.mark.parametrize("readings", [1, 2, 5, 30])
def test_a_browser_that_goes_away_in_the_middle_of_a_slice_leaves_a_sound_recording(readings):
    recording = Recording(SHORT)
    recording.advance(3.5, Ticking())
    before = recording.history, recording.frames, recording.final
    with pytest.raises(GoneAway):
        recording.advance(1e9, Going(readings))
    assert (recording.history, recording.frames, recording.final) == before
    assert recording.advance()  # the next one who opens the link finds no lock held
    same(recording, finished(SHORT))


def test_a_browser_that_goes_away_gives_its_turn_back(monkeypatch):
    recordings = Recordings(10**9, slots=1)
    recording, other = recordings.get(SHORT), recordings.get(replace(SHORT, seed=1))

    def gone(self, budget):
        raise GoneAway

    with monkeypatch.context() as patched:
        patched.setattr(Recording, "advance", gone)
        with pytest.raises(GoneAway):
            recordings.advance(recording, 1.0)
    assert recordings.advance(other, 60.0)
    assert other.begun


def test_a_run_that_nobody_watches_any_longer_is_not_computed_and_holds_nobody_up():
    turns, left, stayed = Turns(1), Recording(SHORT), Recording(replace(SHORT, seed=1))
    turns.take(stayed, 0.0)
    turns.take(left, 0.0)
    turns.end(stayed, 100.0, 0.1, leave=False)
    assert turns.take(stayed, 0.1 + OVERDUE)
    turns.end(stayed, 0.1, 0.2 + OVERDUE, leave=False)
    turns.take(stayed, 0.2 + OVERDUE + GONE + 2 * GONE_EACH)
    assert len(turns) == 1


# --- memory ------------------------------------------------------------------------------------


def test_memory_that_runs_out_in_a_slice_costs_the_slice_and_no_more(monkeypatch):
    recording = Recording(SHORT)
    recording.advance(3.5, Ticking())
    seen = recording.history

    def full(*_):
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(module, "frame", full)
        with pytest.raises(MemoryError):
            recording.advance()
    assert recording.history is seen
    recording.advance()
    same(recording, finished(SHORT))


def test_a_recording_that_is_evicted_while_it_is_watched_continues_for_its_watcher():
    recordings = Recordings(1)
    watched = recordings.get(SHORT)
    recordings.advance(watched, 0.0)
    recordings.advance(recordings.get(replace(SHORT, seed=1)), 60.0)
    assert recordings.find(SHORT) is None
    while not watched.finished:
        assert recordings.advance(watched, 0.0)
    same(watched, finished(SHORT))
    assert recordings.find(SHORT) is None


def test_an_evicted_recording_is_freed_when_its_last_watcher_leaves():
    recordings = Recordings(1)
    watched = recordings.get(SHORT)
    recordings.advance(watched, 60.0)
    recordings.advance(recordings.get(replace(SHORT, seed=1)), 60.0)
    gone = weakref.ref(watched)
    del watched
    gc.collect()
    assert gone() is None


# --- the clock ---------------------------------------------------------------------------------


@pytest.mark.parametrize("jump", [3600.0, 1e12, -3600.0, -1e12, float("inf")])
@pytest.mark.parametrize("when", [1, 2, 9])
def test_a_clock_that_jumps_changes_no_number_and_stops_no_run(jump, when):
    recording, slices = Recording(SHORT), 0
    clock = Jumping(jump, when)
    while not recording.finished:
        assert recording.advance(0.05, clock)
        slices += 1
        assert slices < 1_000
    same(recording, finished(SHORT))


@pytest.mark.parametrize("jump", [1e9, -1e9])
def test_a_clock_that_jumps_keeps_nobody_from_a_turn_for_long(jump):
    turns, first, second = Turns(1), Recording(SHORT), Recording(replace(SHORT, seed=1))
    turns.take(first, 1e3)
    turns.take(second, 1e3)
    turns.end(first, 0.1, 1e3 + 0.1, leave=False)
    now, served = 1e3 + jump, set()
    for n in range(200):
        for run in (first, second):
            if turns.take(run, now + 0.2 * n):
                served.add(run)
                turns.end(run, 0.1, now + 0.2 * n + 0.1, leave=False)
    assert served == {first, second}


# --- nothing to draw ---------------------------------------------------------------------------


def test_a_run_of_no_epochs_to_come_has_one_picture_and_one_row():
    recording = Recording(replace(SHORT, epochs=1))
    recording.advance(0.0, Ticking())
    assert len(recording.history.epoch) >= 1
    assert np.isfinite(recording.history.train_loss).all()
