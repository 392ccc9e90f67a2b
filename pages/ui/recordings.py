"""The recordings that all visitors share, and what is drawn from them."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import streamlit as st

from core.runs.lanes import MOST_LANES
from core.runs.recording import Advancing, Recording, Recordings
from core.runs.turns import Desk
from core.runs.worker import workers
from pages.texts import Text

T = TypeVar("T")
LIMIT = int(os.environ.get("DASHBOARD_RECORDING_BYTES", 512_000_000))
SLOTS = int(os.environ.get("DASHBOARD_SLOTS", 1))
"""Slices computed at once, each in a process of its own; the pages need a core, too."""

UNHURRIED, SLOWEST = 3, 5.0
"""Runs at once that a process serves at the full pace; seconds between two looks at most."""


@st.cache_resource(show_spinner=False)
def recordings() -> Recordings:
    """One store for the whole process."""
    return Recordings(LIMIT, slots=SLOTS, kept=MOST_LANES, compute=workers(SLOTS))


DRAWN, PATIENCE = 2, 10.0
"""Pages drawn at once in a process; seconds after which one is drawn all the same, more than the
150 viewers need who come at once when another process has died."""


@st.cache_resource(show_spinner=False)
def desk() -> Desk:
    """Where pages wait for each other; one for the whole process."""
    return Desk(DRAWN, PATIENCE)


def compute(recording: Advancing, budget: float, *, spare: bool = False) -> None:
    """A slice of a recording or study, with `spare` in idle time alone; others may draw."""
    with desk().aside():
        recordings().advance(recording, budget, spare=spare)


def pace(period: float) -> float:
    """Seconds between two looks of one page: more of them when many look, up to SLOWEST.

    A look costs about as much as a slice is worth, so without it a crowd would only look.
    """
    return max(period, min(period * len(recordings().turns) / UNHURRIED, SLOWEST))


def in_line(t: Text, recording: Recording) -> str:
    """What a visitor is told whose run has not begun: how many compute, and when it is its turn."""
    turns = recordings().turns
    return t.training.waiting.format(runs=len(turns), place=max(1, turns.place(recording)))


def sharing(t: Text, own: int) -> str | None:
    """What a visitor with `own` runs is told while many compute; None while there is room.

    One page more is no crowd: it may be the visitor's own, just left.
    """
    turns = recordings().turns
    crowded = len(turns) > own + MOST_LANES
    return t.training.sharing.format(runs=len(turns)) if crowded else None


def idle() -> bool:
    """Whether nobody waits for a run, so that what nobody asked for may be computed."""
    return len(recordings().turns) == 0


def per_recording(make: Callable[..., T]) -> Callable[..., T]:
    """Keep what `make(recording, ...)` makes of a finished recording for as long as that lives."""
    kept: WeakKeyDictionary[Recording, dict[Any, T]] = WeakKeyDictionary()

    @wraps(make)
    def made(recording: Recording, *arguments: Any) -> T:
        if not recording.finished:
            return make(recording, *arguments)
        own = kept.setdefault(recording, {})
        if arguments not in own:
            own[arguments] = make(recording, *arguments)
        return own[arguments]

    return made
