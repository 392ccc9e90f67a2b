"""The recordings that all visitors share, and what is drawn from them."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from functools import partial, wraps
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import streamlit as st

from core.engines.cluster import Cluster
from core.engines.worker import Workers
from core.runs.lanes import MOST_LANES
from core.runs.packing import RUN
from core.runs.recording import Advancing, Recording, Recordings
from core.runs.turns import Desk
from core.runs.work import Engine
from pages.texts import Text

T = TypeVar("T")
LOG = logging.getLogger(__name__)
LIMIT = int(os.environ.get("DASHBOARD_RECORDING_BYTES", 512_000_000))
SLOTS = int(os.environ.get("DASHBOARD_SLOTS", 1))
"""Slices computed at once, each in a separate process; the pages need a core, too."""
SCHEDULER = os.environ.get("DASHBOARD_SCHEDULER", "")
"""The address of a Dask cluster that computes instead."""
OF_DASK = ("distributed", "distributed.client")
"""Loggers that tell in many lines what `report` tells; their levels are set when Dask is loaded."""

UNHURRIED, SLOWEST = 3, 5.0
"""Runs that a process serves at full pace at once; the most seconds between two looks."""


@st.cache_resource(show_spinner=False)
def engine() -> Engine:
    """What computes runs, sweeps and studies; one for the whole process."""
    workers = Workers(SLOTS)
    return Cluster(SCHEDULER, workers, report, report_failed) if SCHEDULER else workers


def report(there: bool) -> None:
    """Tell whoever keeps the machine whether the cluster is there."""
    for name in OF_DASK:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    if there:
        LOG.warning("runs are computed by the cluster at %s", SCHEDULER)
    else:
        LOG.warning("no cluster at %s: runs are computed on this machine", SCHEDULER)


def report_failed(error: Exception) -> None:
    LOG.warning("the cluster failed at a run, now computed on this machine: %r", error)


@st.cache_resource(show_spinner=False)
def recordings() -> Recordings:
    """One store for the whole process."""
    compute = partial(engine().computing, RUN)
    return Recordings(LIMIT, slots=SLOTS, kept=MOST_LANES, compute=compute)


DRAWN, PATIENCE = 2, 10.0
"""Pages drawn at once in a process; seconds after which a page is drawn anyway, more than needed
for the 150 viewers who arrive at once when another process has died."""


@st.cache_resource(show_spinner=False)
def desk() -> Desk:
    """Where pages wait for one another; one for the whole process."""
    return Desk(DRAWN, PATIENCE)


def compute(recording: Advancing, budget: float, *, spare: bool = False) -> None:
    """Compute a slice of a recording or study, `spare` in idle time only; others may draw."""
    shared = recordings()
    shared.turns.slots = engine().slots  # workers of a cluster come and go
    with desk().aside():
        shared.advance(recording, budget, spare=spare)


def pace(period: float) -> float:
    """Seconds between two looks of one page: more when many pages look, up to SLOWEST.

    A look costs about as much as a slice, so without this a crowd would do nothing but look.
    """
    return max(period, min(period * len(recordings().turns) / UNHURRIED, SLOWEST))


def in_line(t: Text, recording: Recording) -> str:
    """What a visitor is told whose run has not begun: how many are computing, and its position."""
    turns = recordings().turns
    return t.training.waiting.format(runs=len(turns), place=max(1, turns.place(recording)))


def sharing(t: Text, own: int) -> str | None:
    """What a visitor with `own` runs is told while many are computing; None while there is room.

    One page more is not a crowd: it may be the visitor's own, just left.
    """
    turns = recordings().turns
    crowded = len(turns) > own + MOST_LANES
    return t.training.sharing.format(runs=len(turns)) if crowded else None


def idle() -> bool:
    """Whether nobody is waiting for a run, so that speculative work may be done."""
    return len(recordings().turns) == 0


def per_recording(make: Callable[..., T]) -> Callable[..., T]:
    """Keep the result of `make(recording, ...)` for a finished recording as long as that lives."""
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
