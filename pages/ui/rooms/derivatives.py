"""The page of derivatives: slopes, where the z of real networks lie, and an error's way back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import inf

import numpy as np
import streamlit as st

from core.data.datasets import DATASETS
from core.lessons.propagation import (
    SEEDS,
    Walk,
    largest_slope,
    steepest,
    textbook,
    too_large,
    walk_back,
)
from core.nn.initializers import INITIALIZERS
from core.nn.own import activation_of
from core.runs.training import RunSpec
from pages.charts import activations as curves
from pages.charts import derivatives as charts
from pages.charts.activations import knobs_of
from pages.charts.facts import name_of, near
from pages.charts.style import Palette, hue
from pages.texts import Text
from pages.texts.numbers import percent
from pages.texts.sentences import reach
from pages.ui.house import DERIVATIVES
from pages.ui.rooms.activations import function_choice
from pages.ui.settings import Slopes
from pages.ui.widgets.components import Dial, Readings, probe
from pages.ui.widgets.controls import controls, entry_name, fold, knob_controls
from pages.ui.widgets.show import show

Walks = Mapping[str, Walk]


change_slopes, change_run = DERIVATIVES.setter(Slopes), DERIVATIVES.setter(RunSpec)


# Choices


def settings(t: Text, slopes: Slopes, run: RunSpec) -> None:
    """The network that is measured, and the slopes that are drawn."""
    st.markdown(f"**{t.derivatives.network}**")
    controls(run, t, "activation", "depth", "width", change=change_run)
    controls(slopes, t, "weights", change=change_slopes)
    controls(run, t, "gain", change=change_run)
    activations = tuple(dict.fromkeys([run.activation, *slopes.slopes]))
    knob_controls(run, t, activations, change=change_run)
    with fold(t.derivatives.settings_data, "more_data") as unfolded:
        if unfolded:
            controls(run, t, "dataset", "samples", "noise", "data_seed", "seed", change=change_run)
            controls(run, t, "precision", change=change_run)
    function_choice(t, slopes.slopes, lambda shown: change_slopes("slopes", shown), "slopes")


# Measurement


@st.cache_data(max_entries=60, show_spinner=False)
def measured(run: RunSpec) -> Walk:
    """The walk back through the untrained networks of a run, shared by all who see the same one."""
    return walk_back(run)


def walks_of(t: Text, slopes: Slopes, run: RunSpec) -> Walks:
    """One walk for every initializer; none, and why, if there is nothing to measure."""
    if run.depth == 0:
        st.info(t.derivatives.no_hidden, icon=":material/info:")
        return {}
    if (setting := too_large(run)) is not None:
        st.error(
            t.training.over_budget.format(setting=t.settings[setting]), icon=":material/weight:"
        )
        return {}
    with st.spinner(t.derivatives.measuring):
        return {key: measured(replace(run, initializer=key)) for key in slopes.weights}


def weights_name(t: Text, key: str) -> str:
    return entry_name(t, key, INITIALIZERS)


def network_words(t: Text, run: RunSpec, walks: Walks) -> str:
    """What was measured: how many networks, how large, untrained, on which data."""
    return t.derivatives.measured.format(
        seeds=max(walk.seeds for walk in walks.values()) if walks else SEEDS,
        depth=run.depth,
        width=run.width,
        activation=name_of(t, run.activation),
        dataset=entry_name(t, run.dataset, DATASETS),
        first=run.seed,
    )


# Parts of the page


def slope_chart(t: Text, colours: Palette, slopes: Slopes, run: RunSpec, walks: Walks) -> None:
    """The slopes and their peaks; below them, where the z of one layer of real networks lie."""
    keys, words = slopes.slopes, t.derivatives
    table = curves.curves_table(keys, run.knobs)
    ends = curves.ends_of(table, slope=True)
    start = run.depth // 2
    names = [weights_name(t, key) for key in walks]
    if walks:
        layer_dial(t, colours, run, walks, start)
    show(
        charts.slopes,
        t,
        colours,
        keys,
        charts.Panel(ends, len(walks)),
        charts.LayerDial(run.depth, start),
        slopes_told(t, keys, run, walks),
        curves=table,
        kinks=curves.kinks_table(keys, run.knobs, t, slope=True),
        labels=curves.labels_table(table, t, ends, slope=True, pixels=charts.PLOT),
        peaks=charts.peaks_table(keys, run.knobs, ends),
        histogram=charts.histogram_table(walks, ends),
        strips=charts.strips_table(names, ends, t),
    )
    if walks:
        st.caption(f"{network_words(t, run, walks)}{t.numbers.sentence_gap}{words.histogram_note}")
    for key in keys:
        bound_words(t, key, bound_of(key, run))


def bound_of(key: str, run: RunSpec) -> float:
    """The largest slope of a function, its knobs as chosen."""
    return largest_slope(activation_of(key), **knobs_of(key, run.knobs))


def bound_words(t: Text, key: str, bound: float) -> None:
    """What to say where the largest slope is 0 or unbounded."""
    if bound == 0:
        st.caption(t.derivatives.bound_zero.format(name=name_of(t, key)))
    elif bound == inf:
        st.caption(t.derivatives.bound_none.format(name=name_of(t, key)))


def slopes_told(t: Text, keys: tuple[str, ...], run: RunSpec, walks: Walks) -> str:
    """The chart in words: the peaks, and how steep the measured network really is."""
    words = t.derivatives.alternatives
    peaks = t.facts.semicolon.join(
        words.peak.format(name=name_of(t, key), peak=near(bound_of(key, run))) for key in keys
    )
    told = words.slopes.format(peaks=peaks)
    for key, walk in walks.items():
        told += t.numbers.sentence_gap + words.typical.format(
            initializer=weights_name(t, key),
            activation=name_of(t, run.activation),
            smallest=near3(walk.slope.min()),
            largest=near3(walk.slope.max()),
        )
    return told


def near3(value: float) -> str:
    return charts.factor(float(value))


def layer_dial(t: Text, colours: Palette, run: RunSpec, walks: Walks, start: int) -> None:
    """Which layer's z are shown, over a table of how steep f is there."""
    words = t.derivatives
    peak = near(steepest(run))
    rows = [
        {
            "name": weights_name(t, key),
            "colour": hue(activation_of(run.activation), colours),
            "columns": [
                [peak] * run.depth,
                [near3(value) for value in walk.slope],
                [outside(float(share), t) for share in walk.beyond],
            ],
        }
        for key, walk in walks.items()
    ]
    head = [
        words.head_weights.format(activation=name_of(t, run.activation)),
        words.head_peak,
        words.head_typical,
        words.head_beyond,
    ]
    places = tuple(words.layer_of.format(n=n, depth=run.depth) for n in range(1, run.depth + 1))
    dial = Dial(words.layer_dial, 1, run.depth, run.depth - 1, start + 1, places=places)
    probe("layer", dial, Readings(head, rows))


def outside(share: float, t: Text) -> str:
    """A share of all z, with rounding's traces removed."""
    return "–" if np.isnan(share) else percent(share if share > 1e-9 else 0.0, t)


def remains_chart(t: Text, colours: Palette, run: RunSpec, walks: Walks) -> None:
    """What is left of an error after n layers, measured, beside the textbook line."""
    words = t.derivatives
    st.header(words.left_title, anchor=False)
    axis = charts.axis_of_sizes(run, walks)
    sizes, line = charts.sizes_table(walks, axis), charts.textbook_table(run, axis)
    first = {key: charts.middle(walk.size)[1][0] for key, walk in walks.items()}
    told = words.alternatives.left.format(
        depth=run.depth,
        shares=t.facts.semicolon.join(
            words.alternatives.share.format(
                initializer=weights_name(t, key), share=charts.left(float(share), t)
            )
            for key, share in first.items()
            if np.isfinite(share)
        ),
        bound=near3(float(textbook(run)[0])),
    )
    series = tuple((key, weights_name(t, key)) for key in walks)
    if len(line):
        series = (*series, (charts.TEXTBOOK, words.textbook))
    show(
        charts.remains,
        t,
        colours,
        run.activation,
        series,
        run.depth,
        axis,
        told,
        sizes=sizes,
        textbook=line,
        marks=charts.marks_table(sizes, line, axis, t),
    )
    for key, walk in walks.items():
        st.markdown(sentence(t, key, walk, float(first[key])))
    st.caption(
        t.numbers.sentence_gap.join(
            [network_words(t, run, walks), words.left_note]
            + ([words.textbook_note] if len(line) else [])
        )
    )
    if len(line) == 0:
        bound_words(t, run.activation, steepest(run))


def sentence(t: Text, key: str, walk: Walk, share: float) -> str:
    """How much reaches layer 1 with these initial weights, and through which two factors."""
    words, name = t.derivatives, weights_name(t, key)
    told = []
    if np.isfinite(share):
        what = reach(share, t) if share else words.reach_nothing
        told.append(words.sentence.format(initializer=name, reach=what))
        weights, slope = (
            charts.medians(p.reshape(-1, 1))[0] for p in (walk.weights_part, walk.activation_part)
        )
        if np.isfinite([weights, slope]).all():
            told.append(words.factors.format(weights=near3(weights), derivative=near3(slope)))
    if walk.lost:
        told.append(words.lost.format(initializer=name, lost=walk.lost, seeds=walk.seeds))
    return "- " + t.numbers.sentence_gap.join(told)


def parts_charts(t: Text, colours: Palette, run: RunSpec, walks: Walks) -> None:
    """Every step back as the product of two factors, a chart for each initializer."""
    words = t.derivatives
    walks = {key: walk for key, walk in walks.items() if walk.lost < walk.seeds}
    if not walks:
        return
    st.header(words.parts_title, anchor=False)
    axis = charts.axis_of_parts(walks)
    for (key, walk), column in zip(walks.items(), st.columns(len(walks)), strict=True):
        weights, slope = charts.medians(walk.weights_part), charts.medians(walk.activation_part)
        held = np.concatenate([weights, slope])
        held = held[np.isfinite(held)]
        told = words.alternatives.parts.format(
            initializer=weights_name(t, key),
            weights=near3(weights[0]),
            derivative=near3(slope[0]),
            smallest=near3(held.min()) if len(held) else "–",
            largest=near3(held.max()) if len(held) else "–",
        )
        with column, st.container(gap="xsmall"):
            st.markdown(f"**{weights_name(t, key)}**")
            show(
                charts.parts,
                t,
                colours,
                run.activation,
                run.depth,
                axis,
                told,
                parts=charts.parts_table(run, walk, axis, t),
            )
    note = words.parts_note
    outputs = DATASETS[run.dataset].outputs
    if outputs < run.width:
        note += t.numbers.sentence_gap + words.spread_note.format(outputs=outputs, width=run.width)
    st.caption(note)
