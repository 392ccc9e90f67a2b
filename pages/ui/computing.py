"""Runs that a page waits for, computed in slices while the reader watches.

Whether its runs are under way, stopped or finished, a page draws the same tree of containers, in a
fragment. So nothing is moved or redrawn when a run ends, and that takes no rerun of the whole page.
A look first draws, then computes: the browser paints meanwhile, and asks for the next look once it
has received this one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypeVar
from zlib import crc32

import streamlit as st

from core.runs.cost import OverBudget
from core.runs.lanes import Lanes
from core.runs.recording import Recording
from core.runs.training import RunSpec
from pages.texts import Text
from pages.ui.collection import drawn_anew, new_section
from pages.ui.frame import afterwards, share_is_open, write_link
from pages.ui.house import Presenting
from pages.ui.recordings import compute, desk, pace, recordings, sharing
from pages.ui.room import Room
from pages.ui.session import is_going, is_stopped, linked, session, set_stopped
from pages.ui.settings import Reader
from pages.ui.widgets.components import ask_for_look, is_narrow
from pages.ui.widgets.show import telling

FIRST = 0.15
"""Seconds that a page computes before it is first drawn, so that short runs open finished."""
SLICE = 0.25
"""Seconds that a look computes after drawing, for all its runs together."""
PERIOD = 0.2
"""The fewest seconds between two looks."""


@dataclass(frozen=True, eq=False)
class Look:
    """What a page sees of its runs at one moment. stopped: the reader has cancelled them."""

    records: tuple[Recording, ...]
    stopped: bool

    @property
    def finished(self) -> bool:
        return all(record.finished for record in self.records)

    @property
    def live(self) -> bool:
        """Whether more is to come, so that only the latest epoch is drawn."""
        return not self.finished and not self.stopped

    @property
    def runs(self) -> Lanes:
        return tuple(record.run for record in self.records)

    @property
    def epoch(self) -> int:
        """The epoch that all recordings have reached."""
        reached = (record.epoch for record in self.records if not record.finished)
        return min(reached, default=self.records[0].run.epochs)

    @property
    def share(self) -> float:
        """How much of the runs has been computed, from 0 to 1."""
        parts = [r.finished or r.epoch / r.run.epochs for r in self.records]
        return sum(parts) / len(parts)

    @property
    def name(self) -> str:
        """Distinguishes the widgets of these runs from those of others on the page."""
        return f"{crc32(repr(self.runs).encode()):08x}"


def look_at(records: tuple[Recording, ...]) -> Look:
    stopped = is_stopped(tuple(record.run for record in records))
    return Look(records, stopped and all(record.begun for record in records))


def nothing_else(budget: float) -> bool:
    return True


def when_computed(
    t: Text,
    room: Room[Any],
    runs: Sequence[RunSpec],
    draw: Callable[[Look], None],
    *,
    shown: Callable[[], Any],
    also: Callable[[float], bool] = nothing_else,
    whole_page: bool = False,
) -> Look | None:
    """Compute these runs and draw their state, again and again until they are finished.

    draw: draws the same containers whatever it sees; it reads the visitor's settings afresh.
    shown: what the page is about; once that changes, the page is redrawn.
    also: computes something else for about a budget of seconds; returns whether it is complete.
    whole_page: the rest of the page depends on how the runs end, so then it is redrawn, too.

    Returns the first look. None, and a sentence on what to lower, if a run costs too much.
    """
    records = recordings_of(t, runs)
    if records is None:
        return None
    return watched(
        t, room, partial(look_at, records), partial(advance, records), draw,
        shown=shown, also=also, whole_page=whole_page,
    )  # fmt: skip


class Seen(Protocol):
    """What a page sees of what is computed at one moment; as `Look`."""

    @property
    def finished(self) -> bool: ...

    @property
    def live(self) -> bool: ...

    @property
    def name(self) -> str: ...


L = TypeVar("L", bound=Seen)


def watched(
    t: Text,
    room: Room[Any],
    seen: Callable[[], L],
    advance: Callable[[float], None],
    draw: Callable[[L], None],
    *,
    shown: Callable[[], Any],
    also: Callable[[float], bool] = nothing_else,
    whole_page: bool = False,
) -> L:
    """Draw what is seen of a computation and advance it, again and again until it is finished.

    advance: computes for about a budget of seconds. All else as for `when_computed`.
    """
    advance(FIRST)
    complete, drawn, opened = also(FIRST), False, time.monotonic()
    before, settings, section = shown(), session().settings, new_section()
    read = reading()

    @st.fragment
    def look() -> None:
        nonlocal complete, drawn, settings
        with desk().served():
            now = seen()
            ended = drawn and now.finished and (whole_page or share_is_open())
            if shown() != before or ended or is_going() or reading() != read:
                st.rerun()
            with drawn_anew(section), telling(now.name) as words:
                draw(now)
                goes_on = now.live or not complete
                ask_for_look(now.name, words, wanted=goes_on, period=pace(PERIOD), opened=opened)
            if session().settings != settings:
                settings = session().settings
                write_link(t, room)
        if drawn and goes_on:
            go_on()
        drawn = True

    def go_on() -> None:
        nonlocal complete
        advance(SLICE)
        complete = complete or also(SLICE)

    first = seen()
    look()
    if first.live or not complete:
        afterwards(go_on)
    return first


def reading() -> tuple[Reader, Presenting, bool]:
    """How the visitor reads every page: language, mode, and whether the window is narrow."""
    return linked(Reader), linked(Presenting), is_narrow()


def recordings_of(t: Text, runs: Sequence[RunSpec]) -> tuple[Recording, ...] | None:
    """The recordings of these runs; None, and a sentence on what to lower, if one is too large."""
    try:
        return tuple(recordings().get(run) for run in runs)
    except OverBudget as excess:
        wish = t.training.over_budget_batch if excess.setting == "batch" else t.training.over_budget
        st.error(wish.format(setting=t.settings[excess.setting]), icon=":material/weight:")
        return None


def advance(records: tuple[Recording, ...], budget: float) -> None:
    """Share a budget of seconds evenly among the recordings that are not finished.

    Runs that the visitor has stopped are left alone, once something of each can be seen.
    """
    if look_at(records).stopped:
        return
    waiting = [record for record in records if not record.finished]
    deadline = time.monotonic() + budget
    for left, record in zip(range(len(waiting), 0, -1), waiting, strict=True):
        compute(record, (deadline - time.monotonic()) / left)


def progress(t: Text, look: Look, computing: str) -> None:
    """How far the runs have come, worded by the text `computing`, and a button to stop or resume.

    Empty once they are finished.
    """
    begun = look.live and any(record.begun for record in look.records)
    crowded = sharing(t, len(look.records)) if begun else None
    epochs = look.records[0].run.epochs
    cancelled = t.training.cancelled.format(epoch=look.epoch, epochs=epochs)
    state_of(t, look, look.runs, look.share, crowded or computing, cancelled)


def state_of(
    t: Text, seen: Seen, what: Hashable, share: float, computing: str, cancelled: str
) -> None:
    """How far a computation has come and a button to stop it, or, once the reader has `cancelled`
    it, one to resume.

    what: by which it is stopped and resumed. share: how much is done, from 0 to 1.

    Finished, it is empty, but as many elements: what a fragment no longer draws stays on the page
    if another fragment's run begins before the browser has heard that this one has ended.
    """
    with st.container(
        horizontal=True,
        vertical_alignment="center",
        width="content",
        gap="small",
        key=f"progress_{seen.name}",
    ):
        if seen.live:
            st.progress(min(1.0, share), computing)
            stop_or_resume(t.training.cancel, seen, what, stopped=True)
        elif not seen.finished:
            st.caption(cancelled)
            stop_or_resume(t.training.resume, seen, what, stopped=False)
        else:
            st.empty()
            st.empty()


def stop_or_resume(label: str, seen: Seen, what: Hashable, *, stopped: bool) -> None:
    st.button(
        label,
        key=f"{'cancel' if stopped else 'resume'}_{seen.name}",
        on_click=set_stopped,
        args=(what, stopped),
    )
