"""The recordings that all visitors share, and what is drawn from them."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import streamlit as st

from core.lanes import MOST_LANES
from core.recording import Recording, Recordings

T = TypeVar("T")
LIMIT = int(os.environ.get("DASHBOARD_RECORDING_BYTES", 512_000_000))


@st.cache_resource(show_spinner=False)
def recordings() -> Recordings:
    """One store for the whole process."""
    return Recordings(LIMIT, slots=os.cpu_count() or 1, kept=MOST_LANES)


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
