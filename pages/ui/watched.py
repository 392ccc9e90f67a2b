"""Recordings that a visitor brought, held in the session and nowhere else.

A link holds the file's fingerprint, never the file: whoever opens it without is asked for it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import streamlit as st

from core.watched.watched import Watched
from pages.files.logs import read_any
from pages.files.recordings import RecordingError, example, examples, read_recording
from pages.ui.session import keep, linked
from pages.ui.settings import Watching

MOST_FILES = 2
"""Recordings that a session holds at once, so that an undo finds the one before."""


@dataclass(frozen=True, eq=False)
class Rack:
    """files: the last ones read, with their names, newest last. error: what is wrong with the one
    that was brought last, and what was on the page then. brought: how many there were; each empties
    the uploader, which would hold the file, and what comes after is another one.
    """

    files: tuple[tuple[str, Watched], ...] = ()
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
        watched = read_any(content)
    except RecordingError as error:
        put(replace(now, error=(error, watching), brought=now.brought + 1))
        return
    others = tuple(pair for pair in now.files if pair[1].digest != watched.digest)
    put(Rack((*others, (name, watched))[-MOST_FILES:], brought=now.brought + 1))
    new = replace(watching, own_recording=watched.digest, own_before="", own_guess=0.0)
    keep(new.to_query(), Watching.keys())


def error_now() -> RecordingError | None:
    """What is wrong with the file that was brought last, as long as nothing else was chosen."""
    found = rack().error
    return found[0] if found is not None and found[1] == linked(Watching) else None


def drop() -> None:
    """Go back to the examples; what was brought is forgotten."""
    put(Rack(brought=rack().brought))
    keep(replace(linked(Watching), own_recording="").to_query(), Watching.keys())


def find(digest: str) -> tuple[str, Watched] | None:
    """The recording with this fingerprint and its name, if this session holds it."""
    return next((pair for pair in rack().files if pair[1].digest == digest), None)


@st.cache_resource(max_entries=8, show_spinner=False)
def shipped(name: str) -> Watched:
    """One of the examples."""
    return read_recording(example(name))


def others(watched: Watched) -> dict[str, tuple[str, Watched]]:
    """What can be drawn beside a recording, by fingerprint: those of the session, and the examples
    (named by their keys), with as many layers."""
    brought = {pair[1].digest: pair for pair in rack().files}
    examples_too = {shipped(key).digest: (key, shipped(key)) for key in examples()}
    return {
        digest: pair
        for digest, pair in (brought | examples_too).items()
        if digest != watched.digest and len(pair[1].shown) == len(watched.shown)
    }
