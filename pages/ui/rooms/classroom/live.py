"""The part of the page for teachers that opens a live lesson, sums it up, and ends it."""

from __future__ import annotations

import csv
import io

import streamlit as st

from pages.charts import lesson as charts
from pages.charts import takehome
from pages.live.lesson import ROUNDS, Lesson, Question, Tally
from pages.live.store import Full, NoLesson, NotTheTeacher, Refused, begin
from pages.texts import Text
from pages.ui.frame import palette
from pages.ui.house import STORY, Classroom
from pages.ui.rooms.classroom import links
from pages.ui.rooms.classroom.desk import alternative, phone_link, split, verdict
from pages.ui.rooms.classroom.qr import qr
from pages.ui.rooms.classroom.questions import LETTERS, in_words
from pages.ui.rooms.classroom.seat import Seat, failures, known_store, seat, sit, store
from pages.ui.widgets.show import specification

REFUSED = "live_refused"
FORMULA = ("=", "+", "-", "@", "\t")
"""What a spreadsheet would take for a formula at the beginning of a cell."""


def live(t: Text, chosen: Classroom) -> None:
    """Open a lesson; in one, its code, its summary, and its end."""
    now = seat()
    if now is None:
        opening(t)
    elif not now.desk:
        st.info(t.live.a_phone.format(code=now.code))
    else:
        try:
            lesson = known_store().find(now.code)
        except failures():
            lesson = None
        if lesson is not None:
            code(t, now)
            summary(t, lesson)
            ending(t, now)


def opening(t: Text) -> None:
    """What a live lesson is, what is stored of it, and the button."""
    st.markdown(t.live.what)
    st.button(
        t.live.open, key="open_lesson", type="primary", icon=":material/groups:", on_click=begun
    )
    if (refused := st.session_state.pop(REFUSED, None)) is not None:
        st.warning(t.live[refused])
    links.warn_if_local(t)
    st.caption(t.live.privacy)


def begun() -> None:
    """Open a lesson, and sit down at its desk."""
    try:
        lessons = store(make=True)
        assert lessons is not None
        lesson, secret = begin(lessons, "")
    except Full:
        st.session_state[REFUSED] = "too_many"
    except (Refused, *failures()):  # type: ignore[misc]
        st.session_state[REFUSED] = "unreachable"
    else:
        sit(Seat(lesson.code, desk=True, secret=secret, place=lesson.place))


def code(t: Text, now: Seat) -> None:
    """How phones join."""
    link = phone_link(now)
    picture, text = st.columns([2, 3], gap="medium")
    with picture, st.container(key="qr"):
        st.image(qr(link), alt=t.live.qr, width="stretch")
    with text:
        st.markdown(f"# {now.code}")
        st.markdown(t.live.how)
        st.code(link, language=None, wrap_lines=True)
        with st.container(key="begin_lesson"):
            st.page_link(STORY.script, label=t.live.begin, icon=":material/play_arrow:")
        st.caption(t.live.teacher_link)
    links.warn_if_local(t)


# The summary


def summary(t: Text, lesson: Lesson) -> None:
    """Every question: how the class was split, and how many were right. No individuals."""
    st.markdown(f"## {t.live.summary}")
    if not lesson.asked:
        st.markdown(t.live.nothing_asked)
        return
    tallies = {
        question: known_store().tally(lesson.code, question.number) for question in lesson.asked
    }
    with st.container(horizontal=True):
        st.download_button(
            t.live.csv,
            written(t, tallies),
            f"lesson-{lesson.code}.csv",
            "text/csv",
            key="summary_csv",
            icon=":material/download:",
            on_click="ignore",
        )
        st.download_button(
            t.live.png,
            lambda: pictured(t, tallies),
            f"lesson-{lesson.code}.png",
            "image/png",
            key="summary_png",
            icon=":material/download:",
            on_click="ignore",
        )
    for question, tally in tallies.items():
        words = in_words(t, question)
        with st.container(border=True, key=f"summary_{question.number}"):
            if words.own:
                st.text(words.title)
            else:
                st.markdown(f"**{words.title}**")
            split(t, question, tally, decided=True)
            if question.right is not None:
                st.markdown(verdict(t, question, tally))


def written(t: Text, tallies: dict[Question, Tally]) -> bytes:
    """The summary as CSV: one line per answer."""
    rows = io.StringIO()
    table = csv.writer(rows)
    table.writerow([t.live.columns[name] for name in t.live.columns])
    for question, tally in tallies.items():
        words = in_words(t, question)
        for k, option in enumerate(words.options):
            counts = [tally.rounds.get(number, (0,) * question.answers)[k] for number in ROUNDS]
            right = "" if question.right is None else int(k == question.right)
            row = [question.number, words.title, LETTERS[k], option, *counts, right]
            table.writerow([harmless(cell) for cell in row])
    return "\ufeff".encode() + rows.getvalue().encode()


def harmless(cell: object) -> object:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell


def pictured(t: Text, tallies: dict[Question, Tally]) -> bytes:
    """The summary as one picture."""
    colours = palette()
    rows = [
        (in_words(t, question), question, tally, alternative(t, tally))
        for question, tally in tallies.items()
    ]
    table = charts.summary_table(
        t, [(q.number, w.title, w.options, tally, q.right) for w, q, tally, _ in rows]
    )
    spec = specification(charts.summary, t, colours, " ".join(told for *_, told in rows))
    figure = takehome.Figure("lesson", spec, {"split": table})
    return takehome.png(takehome.svg(figure, colours))


# The end


def ending(t: Text, now: Seat) -> None:
    """End the lesson, after a confirmation."""
    with st.popover(t.live.end, icon=":material/delete:", key="end_lesson"):
        st.markdown(t.live.end_note)
        st.button(t.live.end_now, key="end_now", type="primary", on_click=ended)


def ended() -> None:
    now = seat()
    if now is None:
        return
    try:
        known_store().end(now.code, now.digest)
    except (NoLesson, NotTheTeacher):
        pass
    except failures():
        st.session_state[REFUSED] = "unreachable"
        return
    sit(None)
