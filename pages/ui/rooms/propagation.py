"""The page of signal propagation: the theory of wide random layers beside random networks."""

from __future__ import annotations

from math import inf, isfinite, log10, sqrt

import streamlit as st

from core.nn.activations import ACTIVATIONS
from core.nn.gains import backward_gain, forward_gain
from core.nn.own import activation_of
from core.runs.training import RunSpec
from core.theory.meanfield import Diagram, MeanField, Phase, diagram
from core.theory.networks import Measured, measured
from pages.charts import propagation as charts
from pages.charts.facts import name_of
from pages.charts.style import Palette, hue
from pages.texts import Text
from pages.texts.numbers import power
from pages.ui.house import PROPAGATION, TRAINING
from pages.ui.settings import Propagating
from pages.ui.widgets.controls import controls, knob_controls, open_button
from pages.ui.widgets.show import show

MOST_LAYERS, MOST_UNITS, MOST_GAIN = 50, 64, 20.0
"""Limits of the network that the training page opens with."""
START = 0.6
"""The correlation at which the iteration of the correlation map starts."""
FAINT = 1e-6
"""Stands in for the variance of a signal that fades to nothing, to follow its correlations."""

change, change_run = PROPAGATION.setter(Propagating), PROPAGATION.setter(RunSpec)


def field_of(chosen: Propagating, run: RunSpec) -> MeanField:
    return theory(chosen.signal_activation, chosen.signal_weights, chosen.signal_biases, run.knobs)


@st.cache_resource(max_entries=200, show_spinner=False)
def theory(
    key: str, weights: float, biases: float, knobs: tuple[tuple[str, float], ...]
) -> MeanField:
    """The theory of one activation and a pair of variances; it caches its results."""
    own = {k.removeprefix(f"{key}."): v for k, v in knobs if k.startswith(f"{key}.")}
    return MeanField(activation_of(key), weights, biases, own)


@st.cache_resource(max_entries=60, show_spinner=False)
def phases_of(key: str, knobs: tuple[tuple[str, float], ...]) -> Diagram:
    """The phase diagram of an activation."""
    unit = theory(key, 1.0, 0.0, knobs)
    weights, biases = charts.phase_grid()
    return diagram(activation_of(key), weights, biases, **unit.knobs)


@st.cache_resource(max_entries=60, show_spinner=False)
def networks_of(chosen: Propagating, knobs: tuple[tuple[str, float], ...]) -> Measured:
    """Random networks with these settings."""
    field = theory(chosen.signal_activation, chosen.signal_weights, chosen.signal_biases, knobs)
    return measured(field, chosen.signal_width, chosen.signal_depth)


def settings(t: Text, chosen: Propagating, run: RunSpec) -> None:
    """The activation, the two variances, and the networks that are measured."""
    controls(chosen, t, "signal_activation", "signal_weights", "signal_biases", change=change)
    knob_controls(run, t, (chosen.signal_activation,), change=change_run)
    st.markdown(f"**{t.propagation.networks}**")
    controls(chosen, t, "signal_depth", "signal_width", change=change)


def defined(chosen: Propagating, run: RunSpec) -> bool:
    """Whether the chosen function has a value wherever the theory looks; a formula may not."""
    return field_of(chosen, run).defined


def verdict(t: Text, chosen: Propagating, run: RunSpec) -> None:
    """What the theory says, in numbers and in one sentence."""
    words, field = t.propagation, field_of(chosen, run)
    factor = sqrt(field.chi_1) if isfinite(field.chi_1) else float("nan")
    numbers = (
        (words.length, power(field.length, 3)),
        (words.chi, power(field.chi_1, 4)),
        (words.factor, power(factor, 4)),
        (words.scale, power(field.correlation_scale, 2)),
        (words.trainable, power(field.trainable_depth, 2)),
    )
    for column, (label, value) in zip(st.columns(len(numbers)), numbers, strict=True):
        column.metric(label, value)
    st.markdown(sentence(t, field, factor))


def sentence(t: Text, field: MeanField, factor: float) -> str:
    """The phase, and what an error does in it."""
    words = t.propagation
    told: str = words.phases[field.phase]
    if field.phase in (Phase.ORDERED, Phase.CHAOTIC):
        per_decade = inf if factor in (0, 1) else abs(1 / log10(factor))
        told = told.format(factor=power(factor, 4), layers=power(per_decade, 2))
    return told


def maps(t: Text, colours: Palette, chosen: Propagating, run: RunSpec) -> None:
    """The length map and the correlation map, each with its iterates."""
    words, field = t.propagation, field_of(chosen, run)
    colour = hue(field.activation, colours)
    left, right = st.columns(2, gap="medium")
    end = charts.length_end(field)
    with left:
        st.markdown(f"**{words.length_map}**")
        told = words.alternatives.length.format(length=power(field.length, 3))
        axes = (words.this_length, words.next_length)
        tables = charts.map_tables(field.length_map, 0.8 * end, end)
        show(charts.cobweb, t, colours, colour, end, *axes, told, **tables)
    with right:
        st.markdown(f"**{words.correlation_map}**")
        if field.length == inf:
            st.caption(words.no_correlation)
            return
        told = words.alternatives.correlation.format(correlation=power(field.correlation, 3))
        axes = (words.this_correlation, words.next_correlation)
        tables = charts.map_tables(
            lambda c: field.correlation_map(min(c, 1.0), max(field.length, FAINT)), START, 1.0
        )
        show(charts.cobweb, t, colours, colour, 1.0, *axes, told, **tables)


def phase_chart(t: Text, colours: Palette, chosen: Propagating, run: RunSpec) -> None:
    """Every pair of variances: where errors vanish and where they explode."""
    words, field = t.propagation, field_of(chosen, run)
    name = name_of(t, chosen.signal_activation)
    st.header(words.diagram.format(name=name), anchor=False)
    told = words.alternatives.phases.format(
        name=name,
        weights=power(chosen.signal_weights, 3),
        biases=power(chosen.signal_biases, 3),
        phase=words.phase_names[field.phase],
    )
    found = phases_of(chosen.signal_activation, run.knobs)
    inside = field.weights <= charts.MOST_WEIGHTS and field.biases <= charts.MOST_BIASES
    here = words.here if inside else words.further
    show(charts.phases, t, colours, told, **charts.phase_tables(found, field, here))
    st.caption(words.diagram_note)


def layer_chart(t: Text, colours: Palette, chosen: Propagating, run: RunSpec) -> None:
    """The error in every layer as predicted, over random networks; and a button to train one."""
    words, field = t.propagation, field_of(chosen, run)
    st.header(words.layers_title, anchor=False)
    lengths = field.lengths(1.0, chosen.signal_depth)
    expected, spread = field.errors(lengths), field.spread(lengths, chosen.signal_width)
    found = networks_of(chosen, run.knobs)
    axis = charts.axis_of(expected, found)
    told = words.alternatives.layers.format(
        expected=power(float(expected[0])), depth=chosen.signal_depth
    )
    show(
        charts.layers,
        t,
        colours,
        hue(field.activation, colours),
        chosen.signal_depth,
        axis,
        told,
        **charts.layer_tables(expected, spread, found, axis),
    )
    st.caption(words.layers_note.format(networks=len(found.errors), width=chosen.signal_width))
    open_button(words.train, TRAINING, TRAINING.link_of((trained(chosen, run),)))
    if chosen.signal_biases:
        st.caption(words.without_biases)


def trained(chosen: Propagating, run: RunSpec) -> RunSpec:
    """The network of the training page with these initial weights; its biases start at 0."""
    return RunSpec(
        activation=chosen.signal_activation,
        knobs=run.knobs,
        initializer="lecun",
        gain=min(sqrt(chosen.signal_weights), MOST_GAIN),
        depth=min(chosen.signal_depth, MOST_LAYERS),
        width=min(chosen.signal_width, MOST_UNITS),
    )


def gains(t: Text, chosen: Propagating) -> None:
    """Which initial weights preserve the signal, and which the error: for every activation, and
    first for the reader's own.
    """
    words = t.propagation
    st.header(words.gains_title, anchor=False)
    st.markdown(words.gains_note)
    rows = []
    shown = activation_of(chosen.signal_activation)
    own = [] if shown.key in ACTIVATIONS else [shown]
    for entry in [*own, *ACTIVATIONS.values()]:
        forwards, backwards = forward_gain(entry), backward_gain(entry)
        grows = forwards / backwards if 0 < backwards < inf else 0.0
        rows.append(
            {
                words.function: name_of(t, entry.key),
                words.forward: power(forwards, 4),
                words.backward: power(backwards, 4),
                words.grows: power(grows, 4),
            }
        )
    st.dataframe(rows, hide_index=True, width="stretch")
