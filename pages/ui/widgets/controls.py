"""Widgets drawn from a spec.

The settings of the session are the truth: a widget shows them and passes on the reader's choice
before the page runs again. So two widgets may show one setting, and a preset, a link or an undo
moves them all.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, partial, singledispatch
from math import log10
from typing import Any, Literal

import streamlit as st

from core.domain import Choice, Domain, Flag, Knobs, Query, Real, Several, Spec, Whole
from core.nn.own import Function
from core.nn.own import name_of as formula_name
from core.registry import registry
from core.runs.training import RunSpec
from pages import texts
from pages.texts import Text
from pages.texts.numbers import written
from pages.ui.house import Presenting
from pages.ui.room import Room
from pages.ui.session import cut_short, keep, linked, open_with
from pages.ui.widgets.formula import complaint, formula_field

LONGEST_FORMULA = 32
"""Characters of a formula in a list or above a network; a curve's end has less room."""
Change = Callable[[str, Any], None]
"""Receives a setting's name and the value that the reader chose."""


def controls(
    spec: Spec, t: Text, *names: str, change: Change, key: str = "", **domains: Domain
) -> None:
    """Draw the settings called `names`, as `spec` declares them; choices go to `change`.

    key: distinguishes the widgets of one lane from those of another. domains: narrower than
    declared, by name.
    """
    for name in names:
        draw(
            domains.get(name, spec.domains()[name]),
            getattr(spec, name),
            t,
            label=t.settings[name],
            help=t.help.get(name, None),
            key=key + name,
            change=partial(change, name),
        )


def knob_controls(
    run: RunSpec, t: Text, entries: tuple[str, ...], *, change: Change, key: str = ""
) -> None:
    """Draw the knobs of these entries, activations or optimizers."""
    for name, domain in RunSpec.domains().items():
        if not isinstance(domain, Knobs):
            continue
        values = {**domain.defaults, **dict(getattr(run, name))}
        for knob, real in domain.domains.items():
            if knob.split(".")[0] in entries:
                knob_control(
                    real,
                    values[knob],
                    label=knob_name(t, knob),
                    key=key + knob,
                    change=partial(turned, change, name, domain, values, knob),
                )


def turned(
    change: Change, name: str, domain: Knobs, values: Mapping[str, float], knob: str, value: float
) -> None:
    """Pass on the setting called `name`, a tuple of knobs, with one of them turned."""
    change(name, domain.only_changed({**values, knob: value}))


def knob_control(
    real: Real, value: float, *, label: str, key: str, change: Callable[[float], None]
) -> None:
    reset(key, value)
    handed: dict[str, Any] = {"label": label, "key": key, "on_change": taken, "args": (key, change)}
    if real.steps:
        options = sorted({*real.steps, value})
        st.select_slider(options=options, format_func=real.write, **handed)
    else:
        st.slider(min_value=real.low, max_value=real.high, **handed)


def knob_name(t: Text, knob: str) -> str:
    """The name of a knob given as in a link: 'ELU: a' for `elu.a`."""
    return f"{entry_name(t, knob.split('.')[0])}: {knob_label(knob)}"


def knob_label(knob: str) -> str:
    """The name of a knob beside its entry's name: 'a' for `elu.a`."""
    entry, key = knob.split(".")
    return registry(*all_entries()[entry].knobs)[key].label


def reset(key: str, value: Any) -> None:
    """Make the widget show `value`, whatever it showed before: the settings are the truth.

    A value is sent only in the run that sets it. If that run was cut short, the browser may never
    have seen it, so the next one sets it again.
    """
    if cut_short() or key not in st.session_state or st.session_state[key] != value:
        st.session_state[key] = value


def taken(key: str, change: Callable[[Any], None]) -> None:
    """The callback of every widget: pass on what the reader chose.

    None is no choice: pressing the current option deselects it, and a browser that has not seen
    what `reset` set tells of an empty widget.
    """
    if (value := st.session_state[key]) is not None:
        change(value)


def one_part(name: str, label: str, parts: Mapping[str, str], value: str, change: Change) -> None:
    """Which part of a page is shown: the setting called `name`, its values with their names."""
    reset(name, value)
    st.segmented_control(
        label,
        list(parts),
        format_func=lambda key: parts[key],
        key=name,
        label_visibility="collapsed",
        on_change=taken,
        args=(name, partial(change, name)),
    )


@contextmanager
def fold(label: str, key: str) -> Iterator[bool]:
    """A fold, and whether to draw its contents: only while it is open, as they cost the server
    about as much as the rest of a page; and always where a link chose what the class may see, as an
    empty fold is hidden then.
    """
    narrowed = "all" not in linked(Presenting).show
    box = st.expander(label, narrowed, key=key, on_change="rerun")
    with box:
        yield narrowed or bool(box.open)


def language_choice(t: Text) -> None:
    """The languages, by their own names."""
    reset("language", t.common.key)
    st.selectbox(
        t.settings.language,
        list(texts.LANGUAGES),
        format_func=lambda code: texts.LANGUAGES[code].name,
        key="language",
        label_visibility="collapsed",
        width=120,
        on_change=taken,
        args=("language", lambda code: keep({"language": code}, ["language"])),
    )


def entry_name(t: Text, key: str, options: Any = None) -> str:
    """The reader's name of an entry: a translation, else its own proper noun; of a formula its own
    short name.
    """
    if key in t.options:
        return t.options[key]
    known = options if options is not None else all_entries()
    return getattr(known[key], "name", key) if key in known else formula_name(key, LONGEST_FORMULA)


@cache
def all_entries() -> Mapping[str, Any]:
    """Every entry of a registry that a run can choose, by key."""
    choices = [domain for domain in RunSpec.domains().values() if isinstance(domain, Choice)]
    entries = [entry for choice in choices for entry in choice.options.values()]
    return registry(*(entry for entry in entries if hasattr(entry, "key")))


@singledispatch
def draw(
    domain: Domain,
    value: Any,
    t: Text,
    *,
    key: str,
    change: Callable[[Any], None],
    **widget: Any,
) -> None:
    """Draw the widget of a domain, showing `value`; a new kind of setting registers its own."""
    raise TypeError(f"no widget for {domain}")


@draw.register
def _(domain: Choice, value: str, t: Text, *, key: str, change: Any, **widget: Any) -> None:
    reset(key, value)
    st.selectbox(
        options=list(domain.options),
        format_func=lambda option: entry_name(t, option, domain.options),
        key=key,
        on_change=taken,
        args=(key, change),
        **widget,
    )


@draw.register
def _(domain: Function, value: str, t: Text, *, key: str, change: Any, **widget: Any) -> None:
    """The catalogue, and below it a field for a formula."""
    typed = f"{key}_formula"
    own = "" if value in domain.options else value
    if complaint(t, st.session_state.get(typed, "") or own or "x") is None:
        reset(typed, own)  # what is wrong stays, to be corrected

    def choose(chosen: str) -> None:
        st.session_state[typed] = ""
        change(chosen)

    reset(key, value)
    st.selectbox(
        options=[*domain.options, *([own] if own else [])],
        format_func=lambda option: entry_name(t, option, domain.options),
        key=key,
        on_change=taken,
        args=(key, choose),
        **widget,
    )
    formula_field(t, typed, change)


@draw.register
def _(domain: Several, value: Any, t: Text, *, key: str, change: Any, **widget: Any) -> None:
    reset(key, list(value))
    st.multiselect(
        options=list(domain.options),
        max_selections=domain.most,
        format_func=lambda option: entry_name(t, option, domain.options),
        key=key,
        on_change=taken,
        args=(key, lambda chosen: change(tuple(chosen) or value)),  # the last one stays
        **widget,
    )


@draw.register
def _(domain: Whole, value: int, t: Text, *, key: str, change: Any, **widget: Any) -> None:
    reset(key, value)
    handed = {"key": key, "on_change": taken, "args": (key, change), **widget}
    if domain.steps:
        st.select_slider(options=sorted({*domain.steps, value}), **handed)
    else:
        st.number_input(min_value=domain.low, max_value=domain.high, **handed)


@draw.register
def _(domain: Real, value: float, t: Text, *, key: str, change: Any, **widget: Any) -> None:
    value = float(value)
    reset(key, value)
    handed = {"key": key, "on_change": taken, "args": (key, change), **widget}
    if domain.steps:
        options = sorted({*domain.steps, value})
        st.select_slider(options=options, format_func=partial(written, domain), **handed)
    else:
        st.number_input(
            min_value=float(domain.low),
            max_value=float(domain.high),
            step=10.0 ** -max(0, 2 - int(log10(domain.high))),
            format="%g",
            **handed,
        )


@draw.register
def _(domain: Flag, value: bool, t: Text, *, key: str, change: Any, **widget: Any) -> None:
    reset(key, value)
    st.toggle(key=key, on_change=taken, args=(key, change), **widget)


def open_button(
    label: str,
    room: Room[Any],
    query: Query,
    *,
    key: str | None = None,
    kind: Literal["secondary", "tertiary"] = "secondary",
    opens: Callable[[Query, str, Collection[str]], None] = open_with,
) -> None:
    """A way to a page that opens with these settings; undo there brings back what was there."""
    st.button(
        label,
        key=key,
        icon=":material/arrow_outward:",
        type=kind,
        on_click=opens,
        args=(query, room.name, room.keys),
    )
