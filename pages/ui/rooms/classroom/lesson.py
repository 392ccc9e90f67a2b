"""A live lesson around a page: phones follow the teacher's desk and vote.

A visitor outside any lesson gets the page, and nothing else happens: no store is opened.
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from pages.live.lesson import Lesson, Stage, spot
from pages.live.store import NoLesson, NotTheTeacher
from pages.texts import Text
from pages.ui.house import CLASSROOM, ROOMS, STORY
from pages.ui.rooms.classroom import desk, phone
from pages.ui.rooms.classroom.questions import scene_of, value_of
from pages.ui.rooms.classroom.seat import (
    Seat,
    entered,
    failures,
    known_store,
    open_seat,
    sit,
    sweep,
)
from pages.ui.session import keep, linked, outcomes
from pages.ui.settings import Telling

STYLE = Path(__file__).with_name("lesson.css")
BY_PATH = {room.path: room for room in ROOMS.values()}
AGAIN = 5.0
"""Seconds after which an unreachable store is tried again."""
NOTICE = "lesson_notice"
"""The session's key for a message to be shown once."""


def run(t: Text, page: StreamlitPage) -> None:
    """Draw the page, and around it or in its place what the lesson needs."""
    sweep()
    now = open_seat()
    if now is None:
        notice(t)
        page.run()
        return
    try:
        lesson = entered(now)
        now = follow(now, lesson, page)
    except NoLesson:
        sit(None)
        st.session_state[NOTICE] = ("gone", now.code)
        st.rerun()
    except NotTheTeacher:
        desk.ask_for_key(t, now)
        return
    except failures():
        st.warning(t.live.unreachable, icon=":material/sync_problem:")
        ask_again_later()
        page.run()
        return
    st.html(STYLE)
    if now.desk:
        with st.container(key="lesson_bar"):
            desk.bar(t, now, lesson, page.url_path)
        page.run()
        desk.keep_up(page.url_path)
        return
    with st.container(key="lesson_phone"):
        away = spot(here(page.url_path)) != spot(lesson.place)
        phone.strip(t, now, lesson, away=away)
        phone.watch(now)
    if lesson.being_asked is None:
        page.run()


def notice(t: Text) -> None:
    """Show what is to be said once, such as that the lesson is over."""
    if (said := st.session_state.pop(NOTICE, None)) is not None:
        kind, code = said
        st.info(t.live[kind].format(code=code), icon=":material/info:")


def ask_again_later() -> None:
    begun = time.monotonic()

    def look() -> None:
        if time.monotonic() - begun > AGAIN / 2:
            st.rerun()

    st.fragment(look, run_every=AGAIN)()


# Following


def here(path: str) -> str:
    """The current place, reduced to page and scene."""
    scene = linked(Telling).scene
    return f"?scene={scene}" if path == STORY.path and scene else path


def follow(now: Seat, lesson: Lesson, page: StreamlitPage) -> Seat:
    """Go where the lesson is, unless the reader has left; play what has been decided."""
    now = replace(now, revision=lesson.revision)
    moved = now.place is None or (
        lesson.place != now.place and spot(here(page.url_path)) == spot(now.place)
    )
    if moved and not (now.desk and page.url_path == CLASSROOM.path):
        now = replace(now, place=lesson.place)
        sit(now)
        go_to(lesson.place, page)
    now = decide(now, lesson)
    sit(now)
    return now


def go_to(place: str, page: StreamlitPage) -> None:
    """Open a place, its settings checked like those of a link."""
    parts = urlsplit(place)
    room = BY_PATH.get(parts.path, STORY)
    query = dict(parse_qsl(parts.query))
    telling = linked(Telling)
    if room is STORY and query.get("scene", "0") == str(telling.scene):
        query = telling.to_query() | query  # answers given there are kept
    keep(room.link_of(*room.read(query)), room.keys)
    if room.path != page.url_path:
        st.switch_page(room.script)


def decide(now: Seat, lesson: Lesson) -> Seat:
    """Start the run that decides the question, once, with this visitor's answer."""
    question, telling = lesson.question, linked(Telling)
    if question is None or lesson.stage is not Stage.RUN or now.decided >= question.number:
        return now
    place = scene_of(question.key)
    if place is None or place[0] != telling.scene:
        return now
    outcomes().pop(question.key, None)  # seen before the class was asked
    choice = None if now.desk else phone.last_vote(known_store(), now, question.number)
    STORY.change(Telling, place[1], value_of(place[1], choice))
    return replace(now, decided=question.number)
