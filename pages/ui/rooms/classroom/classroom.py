"""The page for teachers: links for a class, the lesson plan, the worksheet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from core.domain import Query
from pages import texts
from pages.texts import Text, lesson
from pages.ui.house import CLASS_PARTS, CLASSROOM, PLACES, ROOMS, Classroom
from pages.ui.rooms.classroom import links
from pages.ui.rooms.classroom.live import live
from pages.ui.rooms.classroom.qr import large, qr
from pages.ui.rooms.story.scenes import SCENES
from pages.ui.session import VERSION, keep, linked
from pages.ui.widgets.components import print_button
from pages.ui.widgets.controls import one_part, reset, taken

STYLE = Path(__file__).with_name("classroom.css")
WAYS = ("all", "questions", "none")
THESE = "these"


# State


def open_classroom() -> Classroom:
    """What the teacher has chosen; where the chosen place lacks it, a fallback that it has."""
    chosen = linked(Classroom)
    state = chosen.link_state if chosen.link_state < len(links.states(chosen.link_to)) else 0
    known = (*WAYS, *controls_of(chosen.link_to))
    show = tuple(name for name in chosen.link_show if name in known) or ("all",)
    return replace(chosen, link_state=state, link_show=show)


def change(name: str, value: Any) -> None:
    keep(CLASSROOM.link_of(replace(open_classroom(), **{name: value})), CLASSROOM.keys)


def change_place(place: str) -> None:
    """Another place opens in its initial state, with all its controls."""
    now = replace(open_classroom(), link_to=place, link_state=0, link_show=("all",))
    keep(CLASSROOM.link_of(now), CLASSROOM.keys)


def controls_of(place: str) -> tuple[str, ...]:
    """The controls that a link to this place can leave to the class."""
    number = links.scene_number(place)
    if number is None:
        return ROOMS[place].controls
    dials = SCENES[number - 1].dials if 1 <= number <= len(SCENES) else None
    return tuple(dials.domains()) if dials is not None else ()


# The page


def part_choice(t: Text, chosen: Classroom) -> None:
    """What the page shows."""
    st.html(STYLE)
    parts = {key: t.classroom.parts[key] for key in CLASS_PARTS}
    one_part("class_part", t.settings.class_part, parts, chosen.class_part, change)


def part(t: Text, chosen: Classroom) -> None:
    {
        "class_links": builder,
        "class_live": live,
        "class_plan": plan,
        "class_sheet": sheet,
        "class_offline": offline,
    }[chosen.class_part](t, chosen)


# The link builder


def builder(t: Text, chosen: Classroom) -> None:
    """Choices on the left; the link, what it does, and its QR code on the right."""
    left, right = st.columns([2, 3], gap="large")
    with left:
        choices(t, chosen)
    with right:
        result(t, chosen)
    st.caption(t.classroom.presenter)


def choices(t: Text, chosen: Classroom) -> None:
    """Place, state, controls, language, mode."""
    place = chosen.link_to
    pick(t, "link_to", list(PLACES), partial(place_name, t), place, change_place)
    keys = list(links.states(place))
    pick(
        t,
        "link_state",
        range(len(keys)),
        lambda number: links.question_name(t, place, keys[number]),
        chosen.link_state,
    )
    way_of_showing(t, chosen)
    pick(
        t,
        "link_language",
        ["any", *texts.LANGUAGES],
        partial(language_name, t),
        chosen.link_language,
    )
    pick(
        t,
        "link_mode",
        list(vars(t.classroom.modes)),
        lambda mode: t.classroom.modes[mode],
        chosen.link_mode,
    )


def pick(
    t: Text,
    name: str,
    options: Sequence[Any],
    words: Callable[[Any], str],
    value: Any,
    choose: Callable[[Any], None] | None = None,
) -> None:
    """A list from which one is chosen."""
    reset(name, value)
    st.selectbox(
        t.settings[name],
        options,
        format_func=words,
        key=name,
        on_change=taken,
        args=(name, choose or partial(change, name)),
    )


def way_of_showing(t: Text, chosen: Classroom) -> None:
    """Which controls the class may see: all, the questions, none, or some by name."""
    known = controls_of(chosen.link_to)
    way = chosen.link_show[0] if chosen.link_show[0] in WAYS else THESE
    words = {**vars(t.classroom.shows), THESE: t.classroom.these}
    pick(
        t,
        "link_show",
        [*WAYS, *([THESE] if known else [])],
        words.__getitem__,
        way,
        lambda way: change("link_show", known[:1] if way == THESE else (way,)),
    )
    if way == THESE:
        reset("link_names", list(chosen.link_show))
        st.multiselect(
            t.classroom.choose_these,
            known,
            max_selections=8,
            format_func=lambda name: t.settings[name],
            key="link_names",
            on_change=taken,
            args=(
                "link_names",
                lambda names: change("link_show", tuple(names) or chosen.link_show),
            ),
        )


def place_name(t: Text, place: str) -> str:
    number = links.scene_number(place)
    if number is None:
        return t[place].door
    if number == 0:
        return t.classroom.places.cover
    return t.classroom.places.scene.format(number=number, question=lesson.question(t, number))


def language_name(t: Text, code: str) -> str:
    return texts.LANGUAGES[code].name if code in texts.LANGUAGES else t.classroom.languages.any


def the_link(chosen: Classroom, *, full: bool = False) -> str:
    """The address that has been put together."""
    state = list(links.states(chosen.link_to).values())[chosen.link_state]
    query: Query = {
        **links.language_part(chosen.link_language),
        **state(full),
        **links.mode_part(chosen.link_mode, chosen.link_show, full),
    }
    return links.address(links.base(), chosen.link_to, query)


def told(t: Text, chosen: Classroom) -> str:
    """What the link does, in one sentence."""
    words = t.classroom.told
    place, number = chosen.link_to, links.scene_number(chosen.link_to)
    state = list(links.states(place))[chosen.link_state]
    if number is None:
        where = words.page.format(title=t[place].door)
    elif number == 0:
        where = words.cover
    else:
        where = words.scene.format(number=number, question=lesson.question(t, number))
    if state in ("", links.OWN):
        how = words.own if state else words.opening
    else:
        how = words.question.format(question=t[place].presets[state])
    way = chosen.link_show[0] if chosen.link_show[0] in WAYS else THESE
    names = ", ".join(t.settings[name] for name in chosen.link_show if name not in WAYS)
    spoken = "any" if chosen.link_language == "any" else "fixed"
    return words.between.join(
        [
            words.place.format(place=where, state=how),
            t.classroom.told_mode[chosen.link_mode],
            t.classroom.told_show[way].format(names=names),
            t.classroom.told_language[spoken].format(
                language=language_name(t, chosen.link_language)
            ),
        ]
    )


def result(t: Text, chosen: Classroom) -> None:
    """The sentence, the short link with its QR code, the full link."""
    words = t.classroom
    short, full = the_link(chosen), the_link(chosen, full=True)
    st.markdown(told(t, chosen))
    code, text = st.columns([2, 3], gap="medium")
    with code, st.container(key="qr"):
        st.image(qr(short), alt=words.code, width="stretch")
    with text:
        st.markdown(f"**{words.short_link}** ({words.count.format(count=len(short))})")
        st.code(short, language=None, wrap_lines=True)
        with st.container(horizontal=True):
            st.link_button(words.open, short, icon=":material/open_in_new:")
            if st.button(words.large, icon=":material/qr_code_2:", key="qr_large_button"):
                large(t, short)
        st.caption(words.short_note.format(version=VERSION["v"]))
    links.warn_if_local(t)
    with st.expander(f"{words.full_link} ({words.count.format(count=len(full))})"):
        st.code(full, language=None, wrap_lines=True)
        st.caption(words.full_note)


# The lesson


def plan(t: Text, chosen: Classroom) -> None:
    """The lesson plan; its Markdown includes the worksheet, the answers and everything."""
    to = partial(links.lesson_link, links.base(), t.common.key)
    with st.container(horizontal=True, vertical_alignment="bottom", key="class_tools"):
        reset("class_minutes", chosen.class_minutes)
        st.segmented_control(
            t.settings.class_minutes,
            list(lesson.PLANS),
            key="class_minutes",
            required=True,
            on_change=taken,
            args=("class_minutes", partial(change, "class_minutes")),
        )
        print_button(t.classroom.print)
        st.download_button(
            t.classroom.download,
            lesson.whole(t, chosen.class_minutes, to, links.base()),
            f"lesson-{chosen.class_minutes}-{t.common.key}.md",
            "text/markdown",
            icon=":material/download:",
            on_click="ignore",
        )
    with paper():
        st.markdown(lesson.plan(t, chosen.class_minutes, to))


def sheet(t: Text, chosen: Classroom) -> None:
    """The worksheet, on request with the answers on a separate page."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="class_tools"):
        print_button(t.classroom.print)
        reset("class_answers", chosen.class_answers)
        st.toggle(
            t.settings.class_answers,
            key="class_answers",
            on_change=taken,
            args=("class_answers", partial(change, "class_answers")),
        )
    with paper():
        with st.container(key="class_sheet_page"):
            st.markdown(lesson.sheet(t))
        if chosen.class_answers:
            with st.container(key="class_answers_page"):
                st.markdown(lesson.answers(t))


def offline(t: Text, chosen: Classroom) -> None:
    print_button(t.classroom.print)
    with paper():
        st.markdown(lesson.offline(t))


def paper() -> Any:
    """What is printed."""
    return st.container(key="class_paper")
