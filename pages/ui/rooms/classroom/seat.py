"""Where a visitor sits in a live lesson: at a phone, or at the teacher's desk.

The seat is in the address, so that a reload or a phone that slept finds it again, without cookies.
The teacher's secret is never there: it is in the session, and in the tab that received it.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass

import streamlit as st

from pages.live import configured
from pages.live.lesson import Lesson
from pages.live.store import (
    TOKEN,
    NoLesson,
    NotTheTeacher,
    Store,
    Unreachable,
    as_code,
    digest_of,
    is_code,
    new_voter,
)
from pages.ui.session import SEAT

TRIES = 10
"""Unknown codes that one session may try."""
SWEEP = 600.0
"""Seconds between two searches for lessons abandoned by their teachers."""


@dataclass(frozen=True)
class Seat:
    """code: of the lesson. voter: identifies the phone. desk: whether it is the teacher's, whose
    secret is "" until the browser has handed it over.

    place: the last place that was followed. decided: the number of the last question whose run was
    shown. revision: of the lesson when last seen.
    """

    code: str
    voter: str = ""
    desk: bool = False
    secret: str = ""
    place: str | None = None
    decided: int = 0
    revision: int = -1

    @property
    def digest(self) -> str:
        return digest_of(self.secret)

    def to_query(self) -> dict[str, str]:
        return {"class": self.code, **({"desk": "1"} if self.desk else {"voter": self.voter})}


# The session's seat


def seat() -> Seat | None:
    """The visitor's; None outside any lesson."""
    return st.session_state.get("seat")


def sit(new: Seat | None) -> None:
    st.session_state["seat"] = new


def open_seat() -> Seat | None:
    """The visitor's seat: at first that of the address, which then follows it."""
    if "seat" not in st.session_state:
        sit(given())
    now = seat()
    query = {} if now is None else now.to_query()
    for key in SEAT:
        if key in query and st.query_params.get(key) != query[key]:
            st.query_params[key] = query[key]
        elif key not in query and key in st.query_params:
            del st.query_params[key]
    return now


def given() -> Seat | None:
    """The seat given by the address."""
    code = as_code(st.query_params.get("class", ""))
    if not is_code(code):
        return None
    if "desk" in st.query_params:
        return Seat(code, desk=True)
    voter = st.query_params.get("voter", "")
    return Seat(code, voter if TOKEN.fullmatch(voter) else new_voter())


def join(code: str) -> bool:
    """Take a seat for a phone in the lesson with this code; whether there is such a lesson.

    Codes can be tried only a few times. Raises Unreachable and the store's own failures.
    """
    if tries_left() <= 0:
        return False
    found = is_code(code) and (lessons := store()) is not None and lessons.find(code) is not None
    if found:
        sit(Seat(code, new_voter()))
    else:
        st.session_state["codes_tried"] = TRIES - tries_left() + 1
    return found


def tries_left() -> int:
    return TRIES - int(st.session_state.get("codes_tried", 0))


# The store


@st.cache_resource(show_spinner=False)
def opened(place: str) -> Store:
    """One store for the whole process."""
    return configured.open_store(place)


def store(*, make: bool = False) -> Store | None:
    """The store; None if there is none yet and none should be made. Raises Unreachable."""
    place = configured.address(make=make)
    return opened(place) if make or configured.there(place) else None


def sweep() -> None:
    """Delete abandoned lessons, whoever comes by. Those on a server expire by themselves."""
    place = configured.address()
    if not configured.is_server(place) and configured.there(place):
        with suppress(*failures()):
            swept(place)


@st.cache_data(ttl=SWEEP, max_entries=4, show_spinner=False)
def swept(place: str) -> int:
    return opened(place).expire(time.time())


def failures() -> tuple[type[Exception], ...]:
    """What a call of the store may raise."""
    try:
        lessons = store()
    except Unreachable:
        return (Unreachable,)
    return (Unreachable, *(lessons.failures if lessons is not None else ()))


def known_store() -> Store:
    """The store in which a lesson is. Raises NoLesson if there is none, and Unreachable."""
    if (lessons := store()) is None:
        raise NoLesson
    return lessons


def entered(now: Seat) -> Lesson:
    """The lesson at this seat. Raises NoLesson, NotTheTeacher, and the store's failures."""
    lessons = known_store()
    lesson = lessons.find(now.code)
    if lesson is None:
        raise NoLesson
    if now.desk:
        if not now.secret:
            raise NotTheTeacher
        return lessons.authorized(now.code, now.digest)
    return lesson
