"""A page's presets, worded as questions, and the way back from one."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st

from pages.texts import Text
from pages.ui.session import session, undo
from pages.ui.widgets.controls import reset, taken


def questions(
    t: Text,
    name: str,
    words: Mapping[str, str],
    now: str | None,
    choose: Callable[[str], None],
    visible: int,
) -> None:
    """The first few questions at once, the others on demand, and undo after one was chosen.

    With none at once, what opens them shows the question that is on the page.

    name: tells the widgets of one page from those of another. words: the questions by key.
    now: the one that is shown. choose: takes it over.
    """
    keys = list(words)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="presets"):
        if visible:
            pills(t, f"{name}_first", words, keys[:visible], now, choose)
            label = t.common.more_questions
        else:
            label = words[now] if now else t.common.start_from
        if keys[visible:]:
            with st.popover(label, type="tertiary" if visible else "secondary"):
                pills(t, f"{name}_more", words, keys[visible:], now, choose)
        if session().before is not None:
            st.button(
                t.common.undo,
                icon=":material/undo:",
                help=t.common.undo_help,
                on_click=undo,
                type="tertiary",
            )


def pills(
    t: Text,
    key: str,
    words: Mapping[str, str],
    keys: list[str],
    now: str | None,
    choose: Callable[[str], None],
) -> None:
    reset(key, now if now in keys else None)
    st.pills(
        t.common.start_from,
        keys,
        format_func=lambda question: words[question],
        key=key,
        label_visibility="collapsed",
        on_change=taken,
        # pressing the chosen one again takes it away, and is to change nothing
        args=(key, lambda question: choose(question) if question is not None else None),
    )
