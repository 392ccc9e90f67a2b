"""Presenter mode: large, without a sidebar, with keys for next and back, notes and glossary.

And what any link may ask for: that the class sees only some of the controls.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import streamlit as st

from pages.texts import Text
from pages.texts.scenes import ORDER
from pages.ui.house import CONTROLS, STORY, Presenting
from pages.ui.room import Room
from pages.ui.session import go_to, keep, linked
from pages.ui.settings import Telling
from pages.ui.widgets.components import component

STYLE = Path(__file__).with_name("present.css")
EVERYTHING, QUESTIONS = "all", "questions"
BAR = "present"


def presenting() -> dict[str, str]:
    """The part of a link that keeps the mode across pages."""
    return linked(Presenting).to_query()


def present(t: Text, room: Room[Any]) -> None:
    """Show a page as the link asks; in presenter mode with its bar and notes."""
    mode = linked(Presenting)
    if EVERYTHING not in mode.show:
        st.html(f"<style>{hidden(mode.show)}</style>")
    if not mode.present:
        return
    st.html(STYLE)
    scene = linked(Telling).scene
    told = room is STORY and scene > 0
    words = t.classroom.bar
    data = {
        "place": words.place.format(scene=scene, last=len(ORDER)) if told else "",
        "back": room is not STORY or scene > 0,
        "next": room is not STORY or scene < len(ORDER),
        "labels": {**vars(words), "glossary": t.common.glossary},
        "notes": notes(t, room, scene),
        "terms": [(term.term, term.meaning) for term in vars(t.glossary).values()],
        "open": mode.notes,
        "vote": f"scene{scene}" if told else "",
    }
    with st.container(key="present_bar"):
        component("present")(
            data=data,
            key=BAR,
            on_step_change=lambda: step(room, int(st.session_state[BAR]["step"])),
            on_leave_change=leave,
        )


def notes(t: Text, room: Room[Any], scene: int) -> list[tuple[str, str]]:
    """What a teacher should remember about a scene or a page: headings and sentences."""
    if room is STORY:
        own = t.lesson.notes[ORDER[scene - 1]] if scene else ()
    else:
        own = t.lesson.pages.get(room.name, ())
    return [(t.lesson.parts[part], own[part]) for part in t.lesson.parts if part in own]


def step(room: Room[Any], by: int) -> None:
    """Go to the next or previous scene; from another page, back into the story."""
    scene = linked(Telling).scene
    if room is not STORY:
        go_to(STORY.name)
        by = max(by, 0)  # back is the scene that the reader came from
    turned = Telling(scene=min(max(scene + by, 0), len(ORDER)))
    if by:
        keep(turned.to_query(), Telling.keys())


def begin() -> None:
    """Show pages as on a projector."""
    keep(replace(linked(Presenting), present=True).to_query(), Presenting.keys())


def leave() -> None:
    """Back to the ordinary view."""
    keep(replace(linked(Presenting), present=False, notes=False).to_query(), Presenting.keys())


def hidden(show: tuple[str, ...]) -> str:
    """The style rules that hide all controls except those called `show`."""
    shown = [f".st-key-{name}" for name in show]
    others = [name for name in CONTROLS if name not in show and name != "language"]
    element = "[data-testid=stElementContainer]"
    sidebar = "[data-testid=stSidebar]"
    gone = [
        *(f"{element}.st-key-{name}" for name in others),
        f"{sidebar} {element}:not({', '.join(shown)})",
        f"{sidebar} [data-testid=stExpander]:not(:has({', '.join(shown)}))",
        f"body:not(:has({', '.join(f'{sidebar} {one}' for one in shown)})) {sidebar}",
        f"body:not(:has({', '.join(f'{sidebar} {one}' for one in shown)}))"
        " [data-testid=stExpandSidebarButton]",
    ]
    if QUESTIONS not in show:
        gone.append(".st-key-presets")
    gone += [f"{sidebar} [role=tablist]", f"{sidebar} [data-testid=stPopover]"]
    return (
        f"{', '.join(gone)} {{ display: none !important; }} "
        f"{sidebar} [data-testid=stTabPanel] {{ display: block !important; }}"  # all tabs as one
    )
