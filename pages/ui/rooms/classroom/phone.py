"""A phone in a live lesson: it watches the teacher's place, and it votes."""

from __future__ import annotations

import time

import streamlit as st

from pages.live.lesson import ROUNDS, Lesson, Question, Stage
from pages.live.store import Full, NoLesson, NotOpen, Store, as_code
from pages.texts import Text
from pages.ui.rooms.classroom.questions import LETTERS, Words, in_words
from pages.ui.rooms.classroom.seat import Seat, failures, join, known_store, seat, sit, tries_left
from pages.ui.session import cut_short

LOOK, SLOWEST, UNHURRIED = 2.0, 5.0, 300
"""The most seconds between two looks of a phone; phones that are served at full pace."""
HERE = 8.0
"""Seconds between two times that a phone reports its presence."""


# Looking


def watch(now: Seat) -> None:
    """Look again and again whether the teacher has changed anything; draws and sends nothing."""
    lessons = known_store()
    try:
        present = lessons.present(now.code, time.time())
    except failures():
        present = 0
    pace = LOOK * min(max(1.0, present / UNHURRIED), SLOWEST / LOOK)

    def look() -> None:
        try:
            say_here(lessons, now)
            changed = lessons.revision(now.code) != now.revision
        except (NoLesson, *lessons.failures):  # type: ignore[misc]
            changed = seat() is not None and lessons_gone(lessons, now)
        if changed:
            st.rerun()

    st.fragment(look, run_every=pace)()


def lessons_gone(lessons: Store, now: Seat) -> bool:
    """Whether the store answers, and no longer knows the lesson."""
    try:
        return lessons.revision(now.code) is None
    except lessons.failures:
        return False


def say_here(lessons: Store, now: Seat) -> None:
    """Be counted among the phones that are present."""
    if time.monotonic() - st.session_state.get("said_here", -HERE) >= HERE:
        lessons.attend(now.code, now.voter, time.time())
        st.session_state["said_here"] = time.monotonic()


def last_vote(lessons: Store, now: Seat, number: int) -> int | None:
    """This phone's last answer."""
    answers = [lessons.vote_of(now.code, now.voter, number, round) for round in reversed(ROUNDS)]
    return next((choice for choice in answers if choice is not None), None)


# What it shows


def strip(t: Text, now: Seat, lesson: Lesson, *, away: bool) -> None:
    """The lesson's line above every page, and the question while the class is on it."""
    with st.container(horizontal=True, vertical_alignment="center", key="lesson_strip"):
        st.markdown(f":material/groups: {t.live.in_lesson.format(code=f'**{now.code}**')}")
        if away and lesson.being_asked is None:
            st.button(
                t.live.come_back,
                key="come_back",
                type="primary",
                icon=":material/keyboard_return:",
                on_click=come_back,
            )
        st.button(t.live.leave, key="leave_lesson", type="tertiary", on_click=sit, args=(None,))
    if lesson.being_asked is not None:
        ballot(t, now, lesson, lesson.being_asked)
    elif lesson.question is not None and lesson.stage is Stage.RUN:
        told(t, now, lesson.question)


def come_back() -> None:
    """Go back to where the lesson is."""
    if (now := seat()) is not None:
        sit(Seat(now.code, now.voter))


@st.fragment
def ballot(t: Text, now: Seat, lesson: Lesson, question: Question) -> None:
    """The question and its answers, one of which is the phone's; changeable while it is open."""
    words, lessons = in_words(t, question), known_store()
    try:
        chosen = lessons.vote_of(now.code, now.voter, question.number, lesson.round)
    except failures():
        st.warning(t.live.unreachable)
        return
    with st.container(key="ballot"):
        titled(words)
        if lesson.round > 1:
            st.caption(t.live.second_round)
        for choice, label in enumerate(words.labels):
            st.button(
                label,
                key=f"answer_{choice}",
                type="primary" if choice == chosen else "secondary",
                width="stretch",
                wrap=True,
                disabled=not lesson.takes_votes,
                on_click=vote,
                args=(now, question.number, lesson.round, choice),
            )
        state = {Stage.CLOSED: t.live.closed, Stage.SHOWN: t.live.discuss}.get(lesson.stage)
        mine = "" if chosen is None else t.live.voted_for.format(letter=LETTERS[chosen])
        st.markdown(f"{mine} {state or (t.live.may_change if mine else t.live.choose)}".strip())
    if (refused := st.session_state.pop("vote_refused", None)) is not None:
        st.warning(t.live[refused])


def vote(now: Seat, number: int, round: int, choice: int) -> None:
    """Answer. An answer that comes too late is not counted, and the phone says so."""
    try:
        known_store().vote(now.code, now.voter, number, round, choice)
    except (NotOpen, NoLesson):
        st.session_state["vote_refused"] = "too_late"
    except Full:
        st.session_state["vote_refused"] = "full"
    except failures():
        st.session_state["vote_refused"] = "unreachable"


def titled(words: Words) -> None:
    """The question; the teacher's own as plain text."""
    if words.own:
        with st.container(key="own_title"):
            st.text(words.title)
    else:
        st.markdown(f"**{words.title}**")


def told(t: Text, now: Seat, question: Question) -> None:
    """What this phone answered, and which answer is right; a scene shows what has happened."""
    try:
        chosen = last_vote(known_store(), now, question.number)
    except failures():
        return
    words = in_words(t, question)
    lines = []
    if chosen is not None:
        lines.append(t.live.had_answered.format(answer=words.labels[chosen]))
    if question.right is not None:
        lines.append(t.live.right_is.format(answer=words.labels[question.right]))
    if words.own:
        titled(words)
    if lines:
        st.info("  \n".join(lines), icon=":material/how_to_vote:")


# The way in


def way_in(t: Text) -> None:
    """On the start page: the field for a lesson's code."""
    if seat() is not None:
        return
    with st.container(horizontal=True, vertical_alignment="bottom", key="join"):
        st.text_input(
            t.live.code_field,
            key="lesson_code",
            max_chars=20,
            width=180,
            on_change=typed,
            disabled=tries_left() <= 0,
        )
        said = st.session_state.get("code_refused")
        if said and not cut_short():
            st.markdown(t.live[said])


def typed() -> None:
    """The code was typed: take a seat, or say why not."""
    try:
        found = join(as_code(st.session_state["lesson_code"]))
        refused = None if found else ("no_such_code" if tries_left() else "no_more_codes")
    except failures():
        refused = "unreachable"
    st.session_state["code_refused"] = refused
