"""A field for an activation of the reader's own: a formula, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.nn.expression import FUNCTIONS, LONGEST, SIGHT, ExpressionError, Flaw
from core.nn.own import standard
from pages.texts import Text
from pages.texts.numbers import significant

MOST_TYPED = 4 * LONGEST
"""More than a formula may have, so that one that is too long is not cut off but told."""


def formula_field(t: Text, key: str, take: Callable[[str], None]) -> None:
    """A formula that is typed and can be used goes to `take`, in its standard form."""
    text = st.text_input(
        t.formula.label,
        key=key,
        placeholder="x * sigmoid(x)",
        max_chars=MOST_TYPED,
        help=t.formula.help.format(functions=", ".join(FUNCTIONS)),
        on_change=entered,
        args=(key, take),
    )
    if text and (said := complaint(t, text)):
        st.error(said, icon=":material/edit_off:")


def entered(key: str, take: Callable[[str], None]) -> None:
    """The callback: hand on a formula that can be used."""
    try:
        take(standard(st.session_state[key]))
    except ExpressionError:
        return


def complaint(t: Text, text: str) -> str | None:
    """What is wrong with a formula, and where; None for one that can be used."""
    try:
        standard(text)
    except ExpressionError as error:
        return sentence(t, error)
    return None


def sentence(t: Text, error: ExpressionError) -> str:
    words = t.formula
    arguments = FUNCTIONS[error.what][0] if error.flaw is Flaw.ARGUMENTS else 0
    told: str = words.flaws[error.flaw].format(
        what=quoted(error.what),
        near=significant(error.near, 3),
        sight=significant(SIGHT, 3),
        count=arguments,
        longest=LONGEST,
        functions=", ".join(FUNCTIONS),
    )
    return words.at.format(column=error.column, told=told) if error.column else told


def quoted(what: str) -> str:
    """A part of a reader's text as code, so that nothing in it can be markup."""
    plain = " ".join(what.replace("`", "'").split())
    return f"`{plain}`" if plain else ""
