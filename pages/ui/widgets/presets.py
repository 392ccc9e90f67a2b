"""A page's presets, worded as questions, and undo."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.texts import Text
from pages.ui.room import Room
from pages.ui.session import session, undo
from pages.ui.widgets.controls import reset, taken


def questions(t: Text, room: Room[Any]) -> None:
    """The first few questions at once, the others on demand, and undo once one was chosen.

    With none at once, the button that opens them shows the current question.
    """
    keys, now = list(room.presets), room.preset
    at_once = len(keys) if room.visible is None else room.visible
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="presets"):
        if at_once:
            pills(t, room, f"{room.name}_first", keys[:at_once])
            label = t.common.more_questions
        else:
            label = t[room.name].presets[now] if now else t.common.start_from
        if keys[at_once:]:
            with st.popover(label, type="tertiary" if at_once else "secondary"):
                pills(t, room, f"{room.name}_more", keys[at_once:])
        if session().before is not None:
            st.button(
                t.common.undo,
                icon=":material/undo:",
                help=t.common.undo_help,
                on_click=undo,
                type="tertiary",
            )


def pills(t: Text, room: Room[Any], key: str, presets: list[str]) -> None:
    reset(key, room.preset if room.preset in presets else None)
    st.pills(
        t.common.start_from,
        presets,
        format_func=lambda preset: t[room.name].presets[preset],
        key=key,
        label_visibility="collapsed",
        on_change=taken,
        args=(key, room.choose),
    )
