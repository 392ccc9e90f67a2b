"""The teacher's desk in a live lesson: a bar on every page, for asking questions."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlencode

import streamlit as st

from pages.charts import lesson as charts
from pages.live.lesson import (
    LONGEST_ANSWER,
    LONGEST_PLACE,
    LONGEST_TITLE,
    MOST_ANSWERS,
    MOST_QUESTIONS,
    Lesson,
    Question,
    Stage,
    Tally,
)
from pages.live.store import TOKEN, NoLesson, NotTheTeacher, Refused, new_voter
from pages.texts import Text
from pages.texts.numbers import percent
from pages.ui.frame import palette
from pages.ui.house import CLASSROOM, STORY, Classroom, Presenting
from pages.ui.rooms.classroom import links
from pages.ui.rooms.classroom.phone import titled
from pages.ui.rooms.classroom.qr import large
from pages.ui.rooms.classroom.questions import (
    LETTERS,
    askable,
    choice_of,
    in_words,
    scene_of,
)
from pages.ui.rooms.classroom.seat import Seat, failures, known_store, seat, sit
from pages.ui.session import EMBEDDING, SEAT, linked, outcomes
from pages.ui.settings import Reader, Telling
from pages.ui.widgets.components import component
from pages.ui.widgets.show import show

LOOK = 1.0
"""Seconds between two counts of the votes."""
OWN_TO_EACH = {*SEAT, *EMBEDDING, *Reader.keys(), *Presenting.keys(), "v"}
OWN_TO_EACH |= {*Telling.keys()} - {"scene"}
"""Address keys that phones do not follow."""
REFUSED = "desk_refused"
NOBODY_SAYS = -1
ASKED_ABOVE = "<style>:is(.st-key-prediction, .st-key-asked) { display: none; }</style>"
"""While the class is being asked, the scene itself does not ask the teacher."""


# The secret


def ask_for_key(t: Text, now: Seat) -> None:
    """Take the secret from the browser: from the link's fragment, which no server sees, or
    from where this tab has kept it."""
    wrong = bool(now.secret)
    component("key")(
        data={"code": now.code, "wrong": wrong, "wait": t.live.key_wait},
        key="desk_key",
        on_key_change=take_key,
    )
    if wrong or st.session_state.get("key_asked") == "none":
        st.warning(t.live.not_the_teacher, icon=":material/key_off:")
        st.button(
            t.live.join_as_phone,
            key="join_as_phone",
            type="primary",
            on_click=sit,
            args=(Seat(now.code, new_voter()),),
        )
        st.button(t.live.leave, key="leave_lesson", type="tertiary", on_click=sit, args=(None,))


def take_key() -> None:
    now, secret = seat(), str(st.session_state["desk_key"]["key"] or "")
    st.session_state["key_asked"] = "given" if TOKEN.fullmatch(secret) else "none"
    if now is not None and now.desk and TOKEN.fullmatch(secret):
        sit(replace(now, secret=secret))


def keep_key(t: Text, now: Seat) -> None:
    """A button that copies the teacher's link; the tab keeps the secret in case it is reloaded."""
    component("key")(
        data={
            "code": now.code,
            "secret": now.secret,
            "link": f"{links.base()}?{urlencode(now.to_query())}",
            "label": t.live.copy_teacher,
            "done": t.live.copied_teacher,
        },
        key="desk_key_kept",
        on_key_change=lambda: None,
    )


# Changing the lesson


def change(step: Callable[[Lesson], Lesson]) -> None:
    """Change the lesson; what cannot be done is reported."""
    now = seat()
    if now is None or not now.desk:
        return
    try:
        lesson = known_store().change(now.code, now.digest, step)
        sit(replace(now, revision=lesson.revision, place=lesson.place))
    except (NoLesson, NotTheTeacher):
        pass  # the next page finds out
    except ValueError:
        st.session_state[REFUSED] = "not_asked"
    except (Refused, *failures()):  # type: ignore[misc]
        st.session_state[REFUSED] = "unreachable"


def keep_up(path: str) -> None:
    """Tell the lesson where the teacher is, and what a run has decided."""
    now = seat()
    if now is None:
        return
    try:
        lesson = known_store().find(now.code)
    except failures():
        return
    if lesson is None or lesson.revision != now.revision:
        return  # another screen of this teacher was faster
    shown = place(path)
    if path != CLASSROOM.path and shown != lesson.place:
        change(lambda lesson: lesson.showing(shown))
    question = lesson.question
    if question is not None and lesson.stage is Stage.RUN and question.right is None:
        key, found = scene_of(question.key), outcomes().get(question.key)
        if key is not None and found is not None:
            number, right = question.number, choice_of(key[1], found)
            if right is not None:
                change(lambda lesson: lesson.deciding(number, right))
                sit(now)  # as if another had changed it, so that the bar is redrawn


def place(path: str) -> str:
    """The page and its settings, in the form that phones follow."""
    query = {k: v for k, v in st.query_params.to_dict().items() if k not in OWN_TO_EACH}
    full = f"{path}?{urlencode(query)}" if query else path
    return full if len(full) <= LONGEST_PLACE else path


# The bar


def bar(t: Text, now: Seat, lesson: Lesson, path: str) -> None:
    """The code, the question, and the possible next steps."""
    counting(t, now, lesson, path)
    if (question := lesson.question) is not None and lesson.stage is not Stage.LEFT:
        asked(t, now, lesson, question)
    with st.container(horizontal=True, vertical_alignment="center", key="lesson_steps"):
        if lesson.being_asked is None:
            offers(t, lesson, path)
        else:
            steps(t, lesson, lesson.being_asked)
        if st.button(t.live.show_code, key="show_code", icon=":material/qr_code_2:"):
            code_dialog(t, now)
        if path != CLASSROOM.path and st.button(
            t.live.summary,
            key="lesson_summary",
            icon=":material/summarize:",
            type="tertiary",
            on_click=CLASSROOM.change,
            args=(Classroom, "class_part", "class_live"),
        ):
            st.switch_page(CLASSROOM.script)
        keep_key(t, now)
    if (refused := st.session_state.pop(REFUSED, None)) is not None:
        st.warning(t.live[refused])


def counting(t: Text, now: Seat, lesson: Lesson, path: str) -> None:
    """How many are present and how many have voted, refreshed continually."""

    # empty while the page around it is drawn: until then, the address is the previous page's
    drawn: list[bool] = []

    def count() -> None:
        if drawn:
            keep_up(path)
        drawn.append(True)
        lessons = known_store()
        try:
            present = lessons.present(now.code, time.time())
            voted = 0
            if (question := lesson.being_asked) is not None:
                voted = lessons.voted(now.code, question.number, lesson.round)
            changed = lessons.revision(now.code) != (seat() or now).revision
        except lessons.failures:
            st.markdown(t.live.unreachable)
            return
        if changed:
            st.rerun()
        line = t.live.here.format(code=f"**{now.code}**", present=present)
        if lesson.being_asked is not None:
            line += " " + t.live.voted.format(voted=voted, present=max(present, voted))
        st.markdown(f":material/groups: {line}")

    st.fragment(count, run_every=LOOK)()


def offers(t: Text, lesson: Lesson, path: str) -> None:
    """What can be asked here."""
    if len(lesson.asked) >= MOST_QUESTIONS:
        st.markdown(t.live.no_more_questions)
        return
    scene = linked(Telling).scene if path == STORY.path else 0
    for key in askable(scene):
        place = scene_of(key)
        assert place is not None
        st.button(
            t.live.ask[place[1]],
            key=f"ask_{place[1]}",
            type="primary" if place[1] == "guess" else "secondary",
            icon=":material/how_to_vote:",
            on_click=change,
            args=(lambda lesson, key=key: lesson.asking(key, 3),),
        )
    with st.popover(t.live.ask.own, icon=":material/edit:", key="ask_own"):
        own_question(t)


def own_question(t: Text) -> None:
    """The form of a question that the teacher types."""
    with st.form("own_question", border=False, clear_on_submit=True):
        st.text_input(t.live.own_title, key="own_title_typed", max_chars=LONGEST_TITLE)
        columns = st.columns(2, gap="small") * 2  # short enough to be seen whole
        for number in range(MOST_ANSWERS):
            columns[number].text_input(
                t.live.own_answer.format(letter=LETTERS[number]),
                key=f"own_answer_{number}",
                max_chars=LONGEST_ANSWER,
            )
        st.selectbox(
            t.live.own_right,
            [NOBODY_SAYS, *range(MOST_ANSWERS)],
            format_func=lambda k: t.live.nobody_says if k == NOBODY_SAYS else LETTERS[k],
            key="own_right",
        )
        st.form_submit_button(t.live.ask_it, type="primary", on_click=ask_own)


def ask_own() -> None:
    typed = [st.session_state[f"own_answer_{number}"].strip() for number in range(MOST_ANSWERS)]
    right: int | None = st.session_state["own_right"]
    if right == NOBODY_SAYS:
        right = None
    if right is not None:  # blank answers move the later ones up
        right = len([a for a in typed[:right] if a]) if typed[right] else MOST_ANSWERS
    options = tuple(answer for answer in typed if answer)
    title = st.session_state["own_title_typed"]
    change(lambda lesson: lesson.asking_own(title, options, right))


def steps(t: Text, lesson: Lesson, question: Question) -> None:
    """What can be done with the question."""
    words = t.live.steps
    decides = scene_of(question.key) is not None
    offered: dict[str, Callable[[Lesson], Lesson]] = {}
    if lesson.stage is Stage.OPEN:
        offered["close"] = Lesson.closing
    if lesson.stage is not Stage.SHOWN:
        offered["split"] = Lesson.showing_split
    else:
        if lesson.round == 1:
            offered["again"] = Lesson.voting_again
        if decides:
            offered["run"] = Lesson.running
        elif question.right is not None:
            offered["tell"] = Lesson.running
    offered["leave"] = Lesson.leaving
    main = next((name for name in ("split", "again", "run", "tell") if name in offered), "")
    for name, step in offered.items():
        st.button(
            words[name],
            key=f"lesson_{name}",
            type="primary" if name == main else "tertiary" if name == "leave" else "secondary",
            on_click=change,
            args=(step,),
        )


def asked(t: Text, now: Seat, lesson: Lesson, question: Question) -> None:
    """The question on the projector and, once it may be seen, how the class is split."""
    words = in_words(t, question)
    if lesson.being_asked is not None and question.key:
        st.html(ASKED_ABOVE)
    with st.container(key="lesson_question"):
        titled(words)
        if lesson.stage not in (Stage.SHOWN, Stage.RUN):
            st.markdown("  \n".join(words.labels))
            return
        try:
            tally = known_store().tally(now.code, question.number)
        except failures():
            st.markdown(t.live.unreachable)
            return
        decided = lesson.stage is Stage.RUN
        split(t, question, tally, decided=decided)
        if decided and question.right is not None:
            st.markdown(verdict(t, question, tally))


def split(t: Text, question: Question, tally: Tally, *, decided: bool) -> None:
    """Bars: how the class answered in each round."""
    words = in_words(t, question)
    table = charts.split_table(t, words.options, tally, question.right if decided else None)
    show(
        charts.split,
        t,
        palette(),
        question.answers,
        len(tally.rounds),
        alternative(t, tally),
        split=table,
    )


def alternative(t: Text, tally: Tally) -> str:
    """The bars in words."""
    rounds = [
        t.live.alternative.format(
            round=t.live.rounds[str(number)],
            counts=", ".join(f"{LETTERS[k]} {n}" for k, n in enumerate(counts)),
        )
        for number, counts in sorted(tally.rounds.items())
    ]
    return " ".join(rounds) or t.live.nobody_voted


def verdict(t: Text, question: Question, tally: Tally) -> str:
    """Which answer is right, how many knew, and how many changed to it."""
    assert question.right is not None
    right = t.live.right_is.format(answer=in_words(t, question).labels[question.right])
    said = []
    shares = [tally.share_right(question, number) for number in (1, 2)]
    if shares[0] is not None and shares[1] is not None:
        both = {"first": percent(shares[0], t), "second": percent(shares[1], t)}
        said.append(t.live.right_twice.format(**both))
        if tally.both and tally.moved is not None:
            moved = {"share": percent(tally.moved / tally.both, t), "moved": tally.moved}
            said.append(t.live.moved.format(**moved, both=tally.both))
    else:
        share = shares[0] if shares[0] is not None else shares[1]
        if share is not None:
            said.append(t.live.right_once.format(share=percent(share, t)))
    return "  \n".join(filter(None, [right, t.numbers.sentence_gap.join(said)]))


# The code


def phone_link(now: Seat) -> str:
    return f"{links.base()}?{urlencode({'class': now.code})}"


def code_dialog(t: Text, now: Seat) -> None:
    """The code and its QR code, for the back row."""
    large(t, phone_link(now))
