"""Turns at computing: never more than there are slots, and everybody gets as much as the others."""

from __future__ import annotations

import gc
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import pytest

from core.runs.turns import GONE, GONE_EACH, LEAD, OVERDUE, PRESENT, SHORT, Desk, Turns


@dataclass(eq=False)
class Run:
    """A visitor's run in a simulation: it asks every `TICK` seconds until it has had `need`."""

    need: float
    begun: float = 0.0
    had: float = 0.0
    ended: float | None = None
    turns: list[float] = field(default_factory=list)


TICK, SLICE = 0.2, 0.12


def simulate(arrivals, slots, seconds):
    """Let the runs of `arrivals` ask in turn, each again TICK seconds after its last answer."""
    turns = Turns(slots)
    events = [(run.begun, number, "ask", run) for number, run in enumerate(arrivals)]
    while events:
        events.sort(key=lambda event: event[:2])
        now, number, what, run = events.pop(0)
        if now > seconds:
            break
        if what == "end":
            done = run.had >= run.need
            turns.end(run, SLICE, now, leave=done)
            if done:
                run.ended = now
                continue
            events.append((now + TICK, number, "ask", run))
        elif turns.take(run, now):
            run.had += SLICE
            run.turns.append(now)
            events.append((now + SLICE, number, "end", run))
        else:
            events.append((now + TICK, number, "ask", run))
        assert sum(event[2] == "end" for event in events) <= slots


def short_runs(rng, count=40, apart=0.5):
    """Short runs that begin one after the other, as settings are changed by a class."""
    return [Run(0.36, begun=float(6 + apart * n + rng.uniform(0, apart))) for n in range(count)]


def latencies(runs):
    return [run.ended - run.begun for run in runs]


# --- one turn ----------------------------------------------------------------------------------


def test_a_turn_is_given_while_a_slot_is_free():
    turns, runs = Turns(2), [Run(1.0) for _ in range(3)]
    assert [turns.take(run, 0.0) for run in runs] == [True, True, False]
    turns.end(runs[0], 0.1, 0.1, leave=True)
    assert turns.take(runs[2], 0.1)


def test_one_run_has_one_turn_however_many_watch_it():
    turns, run = Turns(8), Run(1.0)
    assert turns.take(run, 0.0)
    assert not any(turns.take(run, 0.01 * n) for n in range(20))
    assert len(turns) == 1


def test_one_alone_is_always_served():
    turns, run = Turns(1), Run(1.0)
    for n in range(50):
        assert turns.take(run, float(n))
        turns.end(run, 0.9, n + 0.9, leave=False)


def test_who_has_had_more_lets_the_others_go_first():
    turns, greedy, other = Turns(1), Run(1.0), Run(1.0)
    assert turns.take(greedy, 0.0)
    assert not turns.take(other, 0.05)
    turns.end(greedy, 2 * LEAD, 0.1, leave=False)
    assert not turns.take(greedy, 0.2)
    assert turns.take(other, 0.25)


def test_short_work_comes_before_long_work():
    turns, long, short = Turns(1), Run(1.0), Run(1.0)
    assert turns.take(long, 0.0)
    turns.end(long, SHORT, 0.1, leave=False)
    assert turns.take(short, 0.2)
    turns.end(short, 0.9 * SHORT, 0.3, leave=False)
    assert not turns.take(long, 0.4)
    assert turns.take(short, 0.5)


def test_a_slot_that_those_before_cannot_use_is_given_to_who_asks():
    turns, long, short = Turns(2), Run(1.0), Run(1.0)
    assert turns.take(long, 0.0)
    turns.end(long, SHORT, 0.1, leave=False)
    assert turns.take(short, 0.2)
    turns.end(short, 0.1, 0.3, leave=False)
    assert turns.take(long, 0.4)
    assert turns.take(short, 0.5)


def test_long_work_that_has_waited_long_is_served():
    turns, long, short = Turns(1), Run(1.0), Run(1.0)
    assert turns.take(long, 0.0)
    turns.end(long, SHORT, 0.1, leave=False)
    assert turns.take(short, 0.2)
    assert not turns.take(long, 1.1)
    turns.end(short, 0.1, OVERDUE, leave=False)
    assert not turns.take(long, OVERDUE + 0.05)
    assert turns.take(long, OVERDUE + 0.15)


def test_who_no_longer_asks_holds_nobody_up():
    turns, greedy, absent = Turns(1), Run(1.0), Run(1.0)
    assert turns.take(greedy, 0.0)
    assert not turns.take(absent, 0.05)
    turns.end(greedy, 2 * LEAD, 0.1, leave=False)
    assert not turns.take(greedy, 0.05 + PRESENT)
    assert turns.take(greedy, 0.06 + PRESENT)


def test_who_joins_late_is_level_with_the_others_and_not_ahead_of_them():
    turns, old, new = Turns(1), Run(1.0), Run(1.0)
    for n in range(20):
        assert turns.take(old, float(n))
        turns.end(old, 0.5, n + 0.5, leave=False)
    assert turns.take(new, 20.0)
    turns.end(new, SHORT + LEAD / 2, 20.4, leave=False)
    assert turns.take(old, 20.5)


# --- the line ----------------------------------------------------------------------------------


def test_the_place_counts_those_who_come_before():
    turns, runs = Turns(1), [Run(1.0) for _ in range(4)]
    for run in runs:
        turns.take(run, 0.0)
    assert [turns.place(run) for run in runs] == [0, 1, 2, 3]
    turns.end(runs[0], 0.1, 0.1, leave=False)
    assert [turns.place(run) for run in runs] == [4, 1, 2, 3]
    assert turns.place(Run(1.0)) == 0
    assert len(turns) == 4


def test_who_has_finished_has_left():
    turns, run = Turns(1), Run(1.0)
    turns.take(run, 0.0)
    turns.end(run, 0.1, 0.1, leave=True)
    assert len(turns) == 0


def test_who_has_gone_is_not_counted_for_long():
    turns, gone, here = Turns(1), Run(1.0), Run(1.0)
    turns.take(here, 0.0)
    turns.take(gone, 0.0)
    assert len(turns) == 2
    turns.end(here, 0.1, 0.1, leave=False)
    turns.take(here, GONE + GONE_EACH)
    assert len(turns) == 2
    turns.end(here, 0.1, GONE + GONE_EACH, leave=False)
    turns.take(here, GONE + 2 * GONE_EACH + 0.1)
    assert len(turns) == 1


def test_a_spare_turn_is_given_while_nobody_else_is_in_line():
    turns, spare, other = Turns(1), Run(1.0), Run(1.0)
    assert turns.take(spare, 0.0, spare=True)
    turns.end(spare, 0.1, 0.1, leave=False)
    assert turns.take(other, 0.2)
    assert not turns.take(spare, 0.25, spare=True)
    turns.end(other, 0.1, 0.3, leave=False)
    assert not turns.take(spare, 0.3, spare=True)
    assert not turns.take(spare, 0.3 + OVERDUE / 2, spare=True)


def test_spare_turns_begin_again_when_the_others_have_gone():
    turns, spare, other = Turns(1), Run(1.0), Run(1.0)
    assert turns.take(other, 0.0)
    turns.end(other, 0.1, 0.1, leave=False)
    assert not turns.take(spare, 0.2, spare=True)
    assert turns.take(spare, 0.2 + GONE + 3 * GONE_EACH, spare=True)


def test_those_who_ask_for_spare_turns_share_them_and_count_for_nobody_else():
    turns, one, two, other = Turns(1), Run(1.0), Run(1.0), Run(1.0)
    assert turns.take(one, 0.0, spare=True)
    assert not turns.take(two, 0.0, spare=True)
    turns.end(one, 1.0, 1.0, leave=False)
    assert len(turns) == turns.place(one) == turns.place(two) == 0
    assert turns.take(two, 1.1, spare=True)
    turns.end(two, 0.1, 1.2, leave=False)
    assert turns.take(other, 1.3)
    assert len(turns) == 1


def test_who_no_longer_asks_for_spare_turns_waits_in_line_like_any_other():
    turns, one, other = Turns(1), Run(1.0), Run(5.0)
    assert turns.take(one, 0.0, spare=True)
    turns.end(one, 0.1, 0.1, leave=False)
    assert turns.take(other, 0.2)
    turns.end(other, 3.0, 3.2, leave=False)
    assert not turns.take(one, 3.3, spare=True)
    assert turns.take(one, 3.3)
    assert len(turns) == 2
    turns.end(one, 0.1, 3.4, leave=False)
    place = turns._line[one]
    assert place.level >= 3.0  # level with the other, not ahead by what it did not have


def test_the_line_keeps_no_run_alive():
    turns = Turns(1)
    turns.take(Run(1.0), 0.0)
    gc.collect()
    assert len(turns) == 0
    assert turns.take(Run(1.0), 0.1)


# --- many --------------------------------------------------------------------------------------


@pytest.mark.parametrize("slots", [1, 2, 4])
def test_heavy_runs_share_evenly(slots):
    runs = [Run(1e9, begun=0.013 * n) for n in range(12)]
    simulate(runs, slots, 60.0)
    had = [run.had for run in runs]
    assert max(had) - min(had) <= LEAD + 2 * SLICE


@pytest.mark.parametrize("slots", [1, 2])
def test_the_processor_hardly_rests_while_somebody_waits(slots):
    runs = [Run(1e9, begun=0.013 * n) for n in range(12)]
    simulate(runs, slots, 60.0)
    assert sum(run.had for run in runs) > 0.75 * slots * 60.0


@pytest.mark.parametrize("slots", [1, 2])
def test_nobody_waits_for_more_than_two_rounds(slots):
    runs = [Run(1e9, begun=0.013 * n) for n in range(12)]
    simulate(runs, slots, 60.0)
    longest = max(np.diff(run.turns).max() for run in runs)
    assert longest <= 2 * 12 * (SLICE / slots + TICK / 4) + LEAD


def test_the_heavy_runs_of_one_visitor_cost_the_others_at_most_twice_their_time():
    alone = short_runs(np.random.default_rng(0))
    simulate(alone, 2, 100.0)
    beside = short_runs(np.random.default_rng(0))
    simulate([*(Run(1e9) for _ in range(5)), *beside], 2, 100.0)
    assert np.quantile(latencies(beside), 0.95) <= 2 * np.quantile(latencies(alone), 0.95)


def test_a_stream_of_short_runs_does_not_starve_a_long_one():
    heavy = Run(1e9)
    simulate([heavy, *short_runs(np.random.default_rng(0), count=80, apart=0.3)], 1, 30.0)
    assert sum(turn > 8.0 for turn in heavy.turns) >= 4


# --- the desk ----------------------------------------------------------------------------------


def crowd(desk, count, work):
    """Run this many threads at the desk; return the most that worked at the same time."""
    inside, most, lock = [], [], threading.Lock()

    def come(number):
        with desk.served(), desk.served():
            with lock:
                inside.append(number)
                most.append(len(inside))
            work(desk)
            inside.remove(number)

    with ThreadPoolExecutor(count) as pool:
        list(pool.map(come, range(count)))
    assert inside == []
    return max(most)


def test_no_more_are_served_at_once_than_there_are_places():
    assert crowd(Desk(2, 60.0), 8, lambda desk: time.sleep(0.01)) == 2


def test_who_steps_aside_lets_others_in_and_comes_back():
    desk, met = Desk(1, 60.0), threading.Barrier(4)

    def wait(desk):
        with desk.aside():
            met.wait(30)

    assert crowd(desk, 4, wait) >= 1
    with desk.served():
        assert not desk._free.acquire(blocking=False)
    assert desk._free.acquire(blocking=False)


def test_nobody_waits_longer_than_patience_and_no_place_is_lost_or_made():
    desk, leave = Desk(1, 0.05), threading.Event()

    def hold():
        with desk.served():
            assert leave.wait(30)

    with ThreadPoolExecutor(1) as pool:
        holding = pool.submit(hold)
        while desk._free.acquire(blocking=False):
            desk._free.release()
        with desk.served():
            leave.set()
        holding.result()
    assert desk._free.acquire(blocking=False)
    assert not desk._free.acquire(blocking=False)


def test_an_error_gives_the_place_back():
    desk = Desk(1, 0.05)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), desk.served(), desk.aside():
            _ = 1 / 0
    assert desk._free.acquire(blocking=False)
