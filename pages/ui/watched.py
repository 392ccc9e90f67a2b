"""Recordings that a visitor brought, held in the session and nowhere else.

A link holds the file's fingerprint, never the file: whoever opens it without is asked for it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import streamlit as st

from core.watched.watched import Watched
from pages.files.columns import Column, Log, corrected, guessed, watched_of
from pages.files.logs import read_log
from pages.files.recordings import Fault, RecordingError, example, examples, read_recording
from pages.ui.session import keep, linked
from pages.ui.settings import Watching

MOST_FILES = 2
"""Recordings that a session holds at once, so that an undo finds the one before."""


@dataclass(frozen=True, eq=False)
class Held:
    """A file that was read. watched: None as long as no series of it is known to be of a layer.
    log: of a table or an event file its series, and columns: what each is taken for.
    """

    name: str
    digest: str
    watched: Watched | None
    log: Log | None = None
    columns: tuple[Column, ...] = ()


@dataclass(frozen=True, eq=False)
class Rack:
    """files: the last ones read, newest last. error: what is wrong with the one
    that was brought last, and what was on the page then. brought: how many there were; each empties
    the uploader, which would hold the file, and what comes after is another one.
    """

    files: tuple[Held, ...] = ()
    error: tuple[RecordingError, Watching] | None = None
    brought: int = 0


def rack() -> Rack:
    return st.session_state.get("recordings", Rack())


def put(new: Rack) -> None:
    st.session_state["recordings"] = new


def take(content: bytes, name: str) -> None:
    """Read what was brought; where that is impossible, keep what there was and say why."""
    now, watching = rack(), linked(Watching)
    try:
        held = read(content, name)
    except RecordingError as error:
        put(replace(now, error=(error, watching), brought=now.brought + 1))
        return
    others = tuple(one for one in now.files if one.digest != held.digest)
    put(Rack((*others, held)[-MOST_FILES:], brought=now.brought + 1))
    new = replace(watching, own_recording=held.digest, own_before="", own_guess=0.0)
    keep(new.to_query(), Watching.keys())


def read(content: bytes, name: str) -> Held:
    """Raises RecordingError."""
    log = read_log(content)
    if log is None:
        watched = read_recording(content)
        return Held(name, watched.digest, watched)
    return as_columns(Held(name, log.digest, None, log), guessed(log))


def as_columns(held: Held, columns: tuple[Column, ...]) -> Held:
    """The same log, its series taken for these columns. Raises RecordingError."""
    assert held.log is not None
    try:
        watched = watched_of(held.log, columns)
    except RecordingError as error:
        if error.fault is not Fault.NO_COLUMNS or not held.log.series:
            raise
        watched = None  # the visitor can say which series are of layers
    return replace(held, watched=watched, columns=columns)


def correct(places: list[int], quantity: str, layer: str = "") -> None:
    """Take series of the log that is shown, by their places, for something else."""
    if (held := find(linked(Watching).own_recording)) and held.log is not None:
        recolumned(held, corrected(held.log, held.columns, places, quantity, layer))


def guess_again() -> None:
    """Take every series for what its name says."""
    if (held := find(linked(Watching).own_recording)) and held.log is not None:
        recolumned(held, guessed(held.log))


def recolumned(held: Held, columns: tuple[Column, ...]) -> None:
    now = rack()
    try:
        new = as_columns(held, columns)
    except RecordingError as error:
        put(replace(now, error=(error, linked(Watching))))
        return
    put(replace(now, files=tuple(new if one is held else one for one in now.files), error=None))


def error_now() -> RecordingError | None:
    """What is wrong with the file that was brought last, as long as nothing else was chosen."""
    found = rack().error
    return found[0] if found is not None and found[1] == linked(Watching) else None


def drop() -> None:
    """Go back to the examples; what was brought is forgotten."""
    put(Rack(brought=rack().brought))
    keep(replace(linked(Watching), own_recording="").to_query(), Watching.keys())


def find(digest: str) -> Held | None:
    """The file with this fingerprint, if this session holds it."""
    return next((held for held in rack().files if held.digest == digest), None)


@st.cache_resource(max_entries=8, show_spinner=False)
def shipped(name: str) -> Watched:
    """One of the examples."""
    return read_recording(example(name))


def unlike(watched: Watched) -> list[Held]:
    """The recordings of the session that cannot be drawn beside this one."""
    held = (one for one in rack().files if one.watched and one.digest != watched.digest)
    return [one for one in held if one.watched and len(one.watched.shown) != len(watched.shown)]


def others(watched: Watched) -> dict[str, tuple[str, Watched]]:
    """What can be drawn beside a recording, by fingerprint: those of the session, and the examples
    (named by their keys), with as many layers."""
    brought = {one.digest: (one.name, one.watched) for one in rack().files if one.watched}
    examples_too = {shipped(key).digest: (key, shipped(key)) for key in examples()}
    return {
        digest: pair
        for digest, pair in (brought | examples_too).items()
        if digest != watched.digest and len(pair[1].shown) == len(watched.shown)
    }
