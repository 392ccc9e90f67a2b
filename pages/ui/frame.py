"""What surrounds every page: language, navigation, heading, notices, sharing."""

from __future__ import annotations

import gc
import runpy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.navigation.page import StreamlitPage
from streamlit.runtime.scriptrunner import StopException

from core.domain import LONGEST_VALUE, Query
from core.nn.activations import ACTIVATIONS
from core.nn.own import Function, Functions, outer_parts
from pages import texts
from pages.charts.style import DARK, LIGHT, Palette
from pages.texts import Text
from pages.ui.collection import Collection, begin, end
from pages.ui.house import ROOMS, SPECS, STORY
from pages.ui.present import present, presenting
from pages.ui.recordings import desk
from pages.ui.room import Room
from pages.ui.session import (
    VERSION,
    arrive,
    drawing,
    follow_history,
    go_on,
    go_to,
    linked,
    open_session,
    opened_by_scene,
    session,
    set_opened_by_scene,
    write_address,
)
from pages.ui.settings import Reader, Telling
from pages.ui.takehome import take_home
from pages.ui.widgets.components import copy_link, watch_page
from pages.ui.widgets.controls import language_choice
from pages.ui.widgets.formula import complaint

ENTRY = Path(__file__).parent.parent.parent / "dashboard.py"
STYLE = Path(__file__).with_name("frame.css")
FORMULAS = frozenset(
    name
    for spec in SPECS
    for name, domain in spec.domains().items()
    if isinstance(domain, Function | Functions)
)
"""The settings that may be a formula."""
MOST_COMPLAINTS = 3
SCRIPT: Any = {"unsafe_allow_javascript": True}  # the language's key, never a visitor's text
_text: ContextVar[Text | None] = ContextVar("text", default=None)
_afterwards: ContextVar[list[Callable[[], None]] | None] = ContextVar("afterwards", default=None)
_actions: ContextVar[DeltaGenerator] = ContextVar("actions")


@cache
def freeze_imports() -> None:
    """Exempt everything imported so far from garbage collection, once."""
    gc.freeze()


@contextmanager
def frame() -> Iterator[Text]:
    """Open the session; inside it `open_page` finds the texts of the reader's language."""
    freeze_imports()
    open_session(SPECS)
    reader = linked(Reader) if "language" in session().settings else Reader(browser_language())
    t = texts.LANGUAGES[reader.language].text
    st.html(STYLE)
    colours = palette()
    names = {
        "ink": colours.ink,
        "paper": colours.paper,
        "primary": colours.accent,
        "on-primary": colours.on_accent,
    }
    st.html(f"<style>:root {{ {' '.join(f'--{k}: {v};' for k, v in names.items())} }}</style>")
    token, later = _text.set(t), _afterwards.set([])
    try:
        with drawing(), desk().served():
            yield t
        for act in _afterwards.get() or ():
            act()
    finally:
        _text.reset(token)
        _afterwards.reset(later)


def watch(page: StreamlitPage) -> None:
    """Let the browser watch over the page, whatever is drawn of it."""
    told = page.url_path == STORY.path
    watch_page(f"{page.url_path} {linked(Telling).scene}" if told else page.url_path)


def afterwards(act: Callable[[], None]) -> None:
    """Do this once the page is fully drawn, while the browser paints it; in a fragment's rerun,
    which draws no page, not at all.
    """
    if (later := _afterwards.get()) is not None:
        later.append(act)


def browser_language() -> str:
    """The language that the browser asks for, if there are texts in it."""
    code = (st.context.locale or "").split("-")[0].lower()
    return code if code in texts.LANGUAGES else "en"


def palette() -> Palette:
    """The colours of the reader's theme."""
    return DARK if st.context.theme.type == "dark" else LIGHT


def open_page(
    room: Room[Any],
    lead: Callable[[Text], str | None] | None = None,
    title: Callable[[Text], str | None] = lambda t: None,
) -> Text:
    """Draw the heading of a page and return the texts.

    lead, title: the line under the title and the title; where they are None, what the page's
    question asks to look at, else the page's own.

    Until a session has reached `st.navigation`, Streamlit runs the files of
    `pages/` by themselves: the first reader to follow a link after a restart
    would meet a page without its frame. So an unframed page starts the entry.
    """
    if (t := _text.get()) is None:
        runpy.run_path(str(ENTRY))
        raise StopException  # `st.stop()` would also drop the looks that the browser has asked for
    page = arrive()
    if page is not None and page != room.name:
        go_on(ROOMS[page].script)
    follow_history(SPECS, room.keys)
    words = t[room.name]
    told, titled = (lead or room.note)(t) or words.lead, title(t) or words.title
    begin(room.name, titled, told)
    with st.container(horizontal=True, vertical_alignment="top", key="heading"):
        with st.container(gap=None, width="stretch"):
            way_back(t, room)
            st.title(titled, anchor=False)
            st.markdown(told)
        with st.container(horizontal=True, width="content", vertical_alignment="center"):
            _actions.set(st.container(horizontal=True, width="content", key="actions"))
            language_choice(t)
    present(t, room)
    if damaged := session().damaged:
        told = [t.common.damaged.format(what=listed(damaged)), *complaints(t, damaged)]
        st.warning("\n\n".join(told), icon=":material/link_off:")
    return t


def way_back(t: Text, room: Room[Any]) -> None:
    """On a page opened from a scene, the way back to the scene as it was left."""
    if room is STORY:
        set_opened_by_scene(None)
    if room.name != opened_by_scene():
        return
    st.button(
        t.common.back_to_scene.format(number=linked(Telling).scene),
        key="back_to_scene",
        icon=":material/arrow_back:",
        type="tertiary",
        on_click=go_to,
        args=(STORY.name,),
    )


def listed(damaged: Query) -> str:
    """`depth=-1`, `rate=nan`: as code, so that nothing in a link can be markup.

    Code ends with its mark, and where a line ends, which in Markdown a carriage return does, too.
    """
    parts = [
        " ".join(f"{key}={value[:LONGEST_VALUE]}".replace("`", "'").split())
        for key, value in damaged.items()
    ]
    shown = ", ".join(f"`{part}`" for part in parts[:6])
    return shown + (" …" if len(parts) > 6 else "")


def complaints(t: Text, damaged: Query) -> list[str]:
    """What is wrong with the formulas of a link."""
    formulas = [
        part
        for key, value in damaged.items()
        if key.rpartition(".")[2] in FORMULAS
        for part in outer_parts(value)
    ]
    said = [complaint(t, part) for part in formulas if part.strip() not in ACTIVATIONS]
    return [*dict.fromkeys(one for one in said if one)][:MOST_COMPLAINTS]


def close_page(t: Text, room: Room[Any], *state: Any) -> None:
    """Write the page's settings to the address; offer the link and the page to take home.

    state: the part of them that the link holds; everything if nothing is given.
    """
    write_link(t, room, *state)
    collected = end()
    with _actions.get():
        glossary(t)
        share(t, room, state, collected)
    st.html(f'<script>document.documentElement.lang = "{t.common.key}"</script>', **SCRIPT)


def write_link(t: Text, room: Room[Any], *state: Any) -> None:
    """Make the address open the page as it is. state: as in `close_page`."""
    write_address({**around(t), **room.link_of(*(state or room.open()))})


def around(t: Text) -> dict[str, str]:
    """The part of every link that belongs to no single page."""
    return {"language": t.common.key, **presenting()}


SHARE = "share"


def share_is_open() -> bool:
    return bool(st.session_state.get(SHARE))


@st.fragment
def share(t: Text, room: Room[Any], state: tuple[Any, ...], collected: Collection | None) -> None:
    """The link to the page as it is, and the page to take home; drawn when opened."""
    door = st.popover(t.common.share, icon=":material/share:", key=SHARE, on_change="rerun")
    if not door.open:
        return
    settings = room.link_of(*(state or room.open()), full=True)
    link = {**VERSION, **around(t), **settings}
    with door:
        copy_link(t, link)
        if collected is not None:
            take_home(t, palette(), collected, link)


def glossary(t: Text) -> None:
    """Every term and its meaning, in a popover."""
    with st.popover(t.common.glossary, icon=":material/menu_book:", type="tertiary"):
        st.markdown(
            "\n\n".join(f"**{term.term}** — {term.meaning}" for term in vars(t.glossary).values())
        )
