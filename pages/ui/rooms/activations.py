"""Which activation functions a page draws, and the parts of the page of activation functions."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pyarrow as pa
import streamlit as st

from core.nn.activations import ACTIVATIONS, Activation, Family
from core.nn.expression import SIGHT
from core.nn.gains import backward_gain, forward_gain
from core.nn.own import activation_of
from core.runs.training import RunSpec
from pages.charts import activations as charts
from pages.charts.activations import CROSSING, STEPS, STRETCHES, Knobs, grid, knobs_of
from pages.charts.facts import facts_table, name_of, near
from pages.charts.style import Palette, hue
from pages.charts.vocabulary import REACH
from pages.texts import Text
from pages.texts.numbers import decimals, power
from pages.ui import house
from pages.ui.settings import MOST_CURVES, Curves
from pages.ui.widgets.components import Dial, Readings, probe
from pages.ui.widgets.controls import knob_controls, reset, taken
from pages.ui.widgets.formula import formula_field
from pages.ui.widgets.show import show

change_curves = house.ACTIVATIONS.setter(Curves)
change_knobs = house.ACTIVATIONS.setter(RunSpec)


def open_curves() -> tuple[Curves, Knobs]:
    """Which functions the visitor has chosen, and the knobs of all."""
    curves, run = house.ACTIVATIONS.open()
    return curves, run.knobs


# Choices


def function_choice(
    t: Text, shown: tuple[str, ...], change: Callable[[tuple[str, ...]], None], key: str
) -> None:
    """The registry by family; what the reader adds comes last, and at least one remains."""
    st.markdown(f"**{t.activations.functions.format(count=len(shown), most=MOST_CURVES)}**")
    for family in Family:
        members = [a.key for a in ACTIVATIONS.values() if a.family is family]
        if not members:
            continue
        name = f"{key}_{family.value}"
        reset(name, [member for member in members if member in shown])
        st.pills(
            t.facts.family[family.value],
            members,
            selection_mode="multi",
            format_func=lambda member: name_of(t, member),
            key=name,
            on_change=taken,
            args=(name, lambda chosen, members=members: change(merged(t, shown, members, chosen))),
        )
    formula_field(t, f"{key}_formula", lambda own: change(merged(t, shown, [own], [own])))
    own = [member for member in shown if member not in ACTIVATIONS]
    if own:
        name = f"{key}_own"
        reset(name, own)
        st.pills(
            t.formula.own,
            own,
            selection_mode="multi",
            format_func=lambda member: name_of(t, member),
            key=name,
            on_change=taken,
            args=(name, lambda chosen: change(merged(t, shown, own, chosen))),
        )


def merged(
    t: Text, shown: tuple[str, ...], members: list[str], chosen: list[str]
) -> tuple[str, ...]:
    """The new selection after one family's choice; too many, or none, changes nothing."""
    kept = tuple(key for key in shown if key not in members or key in chosen)
    new = kept + tuple(key for key in chosen if key not in shown)
    if len(new) > MOST_CURVES:
        st.toast(t.activations.full.format(most=MOST_CURVES), icon=":material/info:")
        return shown
    return new or shown


def settings(t: Text, curves: Curves, knobs: Knobs) -> None:
    """Which functions are drawn, and their parameters."""
    function_choice(t, curves.shown, partial(change_curves, "shown"), "curves")
    if any(activation_of(key).knobs for key in curves.shown):
        st.markdown(f"**{t.activations.knobs}**")
        knob_controls(RunSpec(knobs=knobs), t, curves.shown, change=change_knobs)


# Parts of the page


def dial(t: Text, colours: Palette, shown: tuple[str, ...], knobs: Knobs) -> None:
    """The dial along z, over a table of the curves' values there."""
    z = grid()
    rows = []
    for key in shown:
        f, df = activation_of(key).value_and_derivative(z, **knobs_of(key, knobs))
        rows.append(
            {
                "name": name_of(t, key),
                "colour": hue(activation_of(key), colours),
                "columns": [
                    [decimals(v, 2) for v in z],
                    *([decimals(v, 3) for v in w] for w in (f, df)),
                ],
            }
        )
    head = ["", t.activations.head_in, t.activations.head_out, t.activations.head_slope]
    dial = Dial(t.activations.dial, -REACH, REACH, STEPS, start=1.0, symbol="z")
    probe("z", dial, Readings(head, rows))


def curve_charts(t: Text, colours: Palette, shown: tuple[str, ...], knobs: Knobs) -> None:
    """f and f' side by side, or one below the other on a phone."""
    table, reading = charts.curves_table(shown, knobs), charts.probe_table(shown, knobs)
    for slope, column in zip((False, True), st.columns(2), strict=True):
        ends = charts.ends_of(table, slope=slope)
        labels = charts.labels_table(table, t, ends, slope=slope)
        with column, st.container(gap="xsmall"):
            st.markdown(f"**{t.activations.slope_title if slope else t.activations.value_title}**")
            show(
                charts.curves,
                t,
                colours,
                shown,
                slope,
                ends,
                alternative(t, table, slope=slope),
                curves=table,
                probe=reading,
                kinks=charts.kinks_table(shown, knobs, t, slope=slope),
                labels=labels,
            )
    st.caption(t.activations.curves_note)
    if any(activation_of(key).kinks for key in shown):
        st.caption(t.activations.dots_note)


def alternative(t: Text, table: pa.Table, *, slope: bool) -> str:
    """The chart in words: every curve with its smallest and its largest value."""
    words = t.activations.alternatives
    told = []
    for key in dict.fromkeys(table["key"].to_pylist()):
        rows = table.filter(pa.compute.equal(table["key"], key))
        values = rows["df" if slope else "f"].to_numpy()
        told.append(
            words.curve.format(
                name=name_of(t, key),
                lowest=decimals(values.min(), 3),
                highest=decimals(values.max(), 3),
            )
        )
    return words["slopes" if slope else "values"].format(
        low=near(-REACH), high=near(REACH), curves=t.facts.semicolon.join(told)
    )


def stretch_charts(t: Text, colours: Palette) -> None:
    """The sigmoid stretched into tanh, and what becomes of its slope."""
    words = t.activations
    crossing = decimals(CROSSING, 2)
    st.header(words.stretch_title, anchor=False)
    st.markdown(words.stretch_lead)
    probe("stretch", Dial(words.stretch_dial, 0, 1, STRETCHES, symbol="t"))
    table = charts.stretch_table()
    for slope, column in zip((False, True), st.columns(2), strict=True):
        told = words.alternatives["stretch_df" if slope else "stretch_f"].format(crossing=crossing)
        with column:
            show(charts.stretch, t, colours, slope, told, stretch=table)
    st.markdown(words.stretch_formula)
    st.caption(words.stretch_note.format(crossing=crossing))


def formulas(t: Text, shown: tuple[str, ...]) -> None:
    """Every function shown and its derivative, in LaTeX."""
    st.header(t.activations.formulas_title, anchor=False)
    with st.container(key="formulas"):
        for start in range(0, len(shown), 2):
            for key, column in zip(shown[start : start + 2], st.columns(2), strict=False):
                entry = activation_of(key)
                told = [f"**{name_of(t, key)}**", f"$\\displaystyle f(z) = {entry.formula}$"]
                told.append(
                    f"$\\displaystyle f'(z) = {entry.derivative_formula}$"
                    if key in ACTIVATIONS
                    else told_of(t, entry)
                )
                column.markdown("\n\n".join(told))


def told_of(t: Text, entry: Activation) -> str:
    """What was found out about a formula."""
    forwards, backwards = forward_gain(entry), backward_gain(entry)
    return t.formula.told.format(
        slope=power(float(np.abs(entry.derivative(np.linspace(-SIGHT, SIGHT, 1001))).max()), 4),
        forward=power(forwards, 4),
        backward=power(backwards, 4),
    )


def facts(t: Text) -> None:
    """What is known about all functions, in a table that sorts."""
    words, number = t.facts, st.column_config.NumberColumn
    st.header(t.activations.facts_title, anchor=False)
    st.dataframe(
        facts_table(t),
        hide_index=True,
        height=420,
        column_config={
            "name": st.column_config.TextColumn(words.name, pinned=True, width=115),
            "family": words.family_head,
            "range": words.range,
            "max_slope": number(words.max_slope, format="%.3g", help=words.max_slope_help),
            "where": st.column_config.TextColumn(words.where_head, width=190),
            "typical": number(words.typical, format="%.3f", help=words.typical_help),
            "zero_centred": st.column_config.CheckboxColumn(
                words.zero_centred, help=words.zero_centred_help
            ),
            "saturates": st.column_config.TextColumn(words.saturates_head, width=170),
            "smoothness": words.smoothness_head,
            "year": number(words.year, format="%d"),
            "paper": st.column_config.TextColumn(words.paper, width="large"),
        },
    )
    st.caption(t.activations.facts_note)
