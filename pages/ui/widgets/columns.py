"""What the columns of a visitor's log were taken for, and the way to correct that."""

from __future__ import annotations

import streamlit as st

from core.watched.watched import MEASURES, UNDEFINED
from pages.files.columns import Log, Series, guessed, reasons
from pages.texts import Text
from pages.texts.numbers import significant, whole
from pages.ui.watched import Held, correct, guess_again
from pages.ui.widgets.owndata import code

CHOSEN, QUANTITY, LAYER = "own_columns", "own_quantity", "own_layer"
LONGEST, MOST_TOLD = 60, 6


def correct_columns(t: Text, held: Held) -> None:
    """A table of the columns, and below it what some of them are. Nothing for a recording."""
    log, words = held.log, t.own.columns
    if log is None:
        return
    by_name = guessed(log)
    known = any(column.quantity in MEASURES for column in by_name)
    if held.watched is None:
        st.warning(words.none, icon=":material/table:")
    with st.expander(words.title, icon=":material/table:", expanded=not known):
        names = [f"{k}. {one.name[:LONGEST]}" for k, one in enumerate(log.series, start=1)]
        told = [
            words.reasons[why] if why else words.quantities[column.quantity]
            for why, column in zip(reasons(log, held.columns), held.columns, strict=True)
        ]
        rows = [
            {
                words.column: name,
                words.first: first(one),
                words.quantity: quantity,
                words.layer: column.layer or "–",
            }
            for name, one, quantity, column in zip(
                names, log.series, told, held.columns, strict=True
            )
        ]
        st.dataframe(rows, hide_index=True, width="stretch")
        left_aside(t, log)
        st.markdown(words.correct)
        places = st.multiselect(
            words.which,
            range(len(names)),
            format_func=lambda place: names[place],
            key=CHOSEN,
            placeholder=words.choose,
        )
        left, right = st.columns(2)
        with left:
            quantity = st.selectbox(
                words.quantity,
                log.quantities,
                format_func=lambda key: words.quantities[key],
                key=QUANTITY,
            )
        if len(places) == 1 and quantity in MEASURES:
            with right:
                st.text_input(words.whose, key=LAYER)
        elif len(places) > 1 and quantity in MEASURES:
            st.caption(words.several)
        with st.container(horizontal=True):
            st.button(words.apply, on_click=apply, disabled=not places, icon=":material/check:")
            if held.columns != by_name:
                st.button(words.by_name, on_click=again, type="tertiary", icon=":material/undo:")


def first(one: Series) -> str:
    """The first value of a series."""
    value = float(one.values[0])
    return "NaN" if value == UNDEFINED else significant(value, 4)


def left_aside(t: Text, log: Log) -> None:
    """The columns and cells that hold no numbers, and why."""
    told = []
    for why in dict.fromkeys(one.why for one in log.aside):
        some = [one for one in log.aside if one.why == why]
        names = [code(one.name[:LONGEST]) for one in some[:MOST_TOLD]]
        if len(some) > MOST_TOLD:
            names.append(t.own.columns.more.format(count=whole(len(some) - MOST_TOLD, t)))
        told.append(
            t.own.columns.aside[why].format(
                names=t.numbers.comma.join(names), count=whole(sum(one.cells for one in some), t)
            )
        )
    if told:
        st.markdown("\n".join(f"- {one}" for one in told))


def apply() -> None:
    chosen = st.session_state
    correct(chosen[CHOSEN], chosen[QUANTITY], chosen.get(LAYER, ""))
    clear()


def again() -> None:
    guess_again()
    clear()


def clear() -> None:
    st.session_state[CHOSEN] = []
    st.session_state.pop(LAYER, None)
