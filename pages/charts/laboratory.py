"""The laboratory's charts: factors, seeds, where (pre-)activations lie, the atlas of units."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from itertools import pairwise
from typing import Any

import altair as alt
import numpy as np
import pyarrow as pa

from core.nn.activations import Family
from core.nn.own import activation_of
from core.runs.cost import BINS, SPAN
from core.runs.recording import Frame, History, value_span
from core.runs.training import RunSpec
from pages.charts.expressions import NOW, layer_name, naming, quoted
from pages.charts.packing import at_the_clock, packed
from pages.charts.pictures import SHADES, tinted
from pages.charts.style import LINE, Palette
from pages.charts.vocabulary import (
    CLOSE,
    Decades,
    above,
    corner_note,
    dotted_at,
    epoch_input,
    layer_axis,
    log_axis,
    until,
)
from pages.texts import Text

WATERFALL, SEEDS = 300, 240
MOST_ROWS = 20_000
THIN_LINES = 20
"""Up to this many seeds each one is drawn; beyond, only their spread."""


class Part(StrEnum):
    """What changes the error's size on its way back through a layer."""

    WEIGHTS = "weights"
    DERIVATIVE = "derivative"
    NORMALIZATION = "normalization"
    THROUGH = "through"
    AROUND = "around"


PART_DASHES = {
    Part.WEIGHTS: [5, 3],
    Part.DERIVATIVE: [1, 0],
    Part.NORMALIZATION: [1, 2],
    Part.THROUGH: [2, 2],
    Part.AROUND: [9, 2, 2, 2],
}


def waterfall_table(history: History, replica: int = 0) -> pa.Table:
    """The error's way back as steps of a staircase: for every kept epoch and layer, one per factor.

    A tread leads from (x, y) to (x2, y2), y the error as a share of that at the output. Where a
    layer has a skip connection, what comes through its weights and what bypasses them are separate
    treads; the layer passes on their sum. Epochs are thinned evenly where there would be too many
    rows.
    """
    delta = history.delta[:, replica]
    factors = history.weights_part[:, replica, :-1] * history.activation_part[:, replica, :-1]
    measured = np.isfinite(delta).all(axis=1) & np.isfinite(factors).all(axis=1)
    valid = np.flatnonzero(measured & (delta > 0).all(axis=1))
    layers = delta.shape[1]
    step = max(1, -(-2 * len(valid) * layers // MOST_ROWS))
    valid = np.union1d(valid[::step], valid[-1:]).astype(int)
    share = delta[valid] / delta[valid][:, -1:]
    above = share[:, 1:]
    carried = above * history.weights_part[valid, replica, :-1]
    passed = carried * history.activation_part[valid, replica, :-1]
    normalized = bool((history.norm_part[valid, replica, :-1] != 1).any())
    around = history.around[valid, replica, :-1]
    epochs = history.epoch[valid]
    place = np.arange(1.0, layers)
    count = (len(valid), layers - 1)

    def treads(part: Part, x: Any, x2: Any, y: Any, y2: Any) -> dict[str, Any]:
        with np.errstate(invalid="ignore", divide="ignore"):
            factor = y2 / y
        return {
            "epoch": np.repeat(epochs, layers - 1),
            "until": np.repeat(until(epochs), layers - 1),
            "layer": np.tile(place.astype(int), len(valid)),
            "part": np.full(count, part.value).ravel().tolist(),
            "x": np.broadcast_to(x, count).ravel(),
            "x2": np.broadcast_to(x2, count).ravel(),
            "y": y.ravel(),
            "y2": y2.ravel(),
            "factor": factor.ravel(),
        }

    first, second = (2 / 3, 1 / 3) if normalized else (1 / 2, 0)
    rows = [
        treads(Part.WEIGHTS, place + 1, place + first, above, carried),
        treads(Part.DERIVATIVE, place + first, place + second, carried, passed),
    ]
    if normalized:
        rows.append(treads(Part.NORMALIZATION, place + second, place, passed, share[:, :-1]))
    table = pa.concat_tables([pa.table(row) for row in rows])
    if not (around > 0).any():
        return table
    through = history.through[valid, replica, :-1]
    branches = pa.concat_tables(
        pa.table(treads(part, place + 1, place + first, above, above * factor))
        for part, factor in ((Part.THROUGH, through), (Part.AROUND, around))
    )
    both = np.tile((around > 0).ravel(), 2) & (branches["factor"].to_numpy() > 0)
    return pa.concat_tables([branches.filter(pa.array(both)), table])


def waterfall(
    t: Text,
    colours: Palette,
    colour: str,
    shown: tuple[Part, ...],
    depth: int,
    axis_depth: int,
    alternative: str,
) -> alt.LayerChart:
    """From the output, at the right, back to layer 1: what the weights do and what the slope does.

    shown: the parts in the table.

    Data: `treads` from `waterfall_table`.
    """
    decades = Decades.of_depth(axis_depth)
    parts = [part.value for part in shown]
    names = naming({part: t.laboratory.parts[part] for part in parts})
    hues = {Part.DERIVATIVE: colour, Part.AROUND: colours.accent, Part.THROUGH: colours.faint}
    seen = f"indexof({json.dumps(parts)}, datum.part) >= 0"
    base = alt.Chart().encode(
        layer_axis(t, depth, t.training.towards_input),
        alt.X2("x2:Q"),
        alt.Y(
            "y:Q", **log_axis(decades, t.laboratory.share_of_output, decades.about(6), clamp=True)
        ),
        alt.Y2("y2:Q"),
        alt.Color("part:N")
        .scale(domain=parts, range=[hues.get(part, colours.ink) for part in shown])
        .legend(orient="top", title=None, symbolType="stroke", labelExpr=names),
        alt.StrokeDash("part:N")
        .scale(domain=parts, range=[PART_DASHES[part] for part in shown])
        .title(None),
        tooltip=[
            alt.Tooltip("layer:Q", title=t.training.layer),
            alt.Tooltip("factor:Q", title=t.laboratory.factor, format=".3~g"),
        ],
    )
    line = base.mark_rule(strokeWidth=LINE)
    return (
        alt.layer(
            alt.layer(line, data=alt.NamedData("treads")).transform_filter(f"{NOW} && {seen}"),
            dotted_at(1, colours, 0.35),
        )
        .add_params(epoch_input())
        .properties(height=WATERFALL, description=alternative)
    )


def seeds_table(history: History) -> pa.Table:
    """The loss of every seed at every kept epoch, thinned evenly where there are too many rows."""
    epochs, replicas = history.train_loss.shape
    step = max(1, -(-epochs * replicas // MOST_ROWS))
    rows = np.union1d(np.arange(0, epochs, step), [epochs - 1])
    loss = history.train_loss[rows]
    table = pa.table(
        {
            "epoch": np.repeat(history.epoch[rows], replicas),
            "seed": np.tile(np.arange(replicas), len(rows)),
            "loss": loss.ravel(),
        }
    )
    return table.filter(pa.array(np.isfinite(loss.ravel())))


def spread_table(history: History) -> pa.Table:
    """Median and the range of eight seeds in ten, of those that have not diverged."""
    finite = np.isfinite(history.train_loss).any(axis=1)
    low, middle, high = np.nanquantile(history.train_loss[finite], [0.1, 0.5, 0.9], axis=1)
    return pa.table({"epoch": history.epoch[finite], "low": low, "middle": middle, "high": high})


def seeds(
    t: Text,
    colours: Palette,
    colour: str,
    epochs: int,
    highest: float,
    baseline: float,
    alternative: str,
) -> alt.LayerChart:
    """The loss of many seeds: each one thin, their median thick, eight of ten in the band.

    Data: `seeds` from `seeds_table`, `spread` from `spread_table`.
    """
    x = alt.X("epoch:Q").scale(domain=[0, epochs], nice=False).title(t.training.epoch)
    scale = alt.Scale(domain=[0, highest], clamp=True, nice=False)
    title = t.training.loss
    spread = alt.Chart(alt.NamedData("spread"))
    band = spread.mark_area(color=colour, opacity=0.2).encode(
        x, alt.Y("low:Q").scale(scale).title(title), alt.Y2("high:Q")
    )
    each = (
        alt.Chart(alt.NamedData("seeds"))
        .mark_line(color=colour, strokeWidth=1, opacity=0.5)
        .encode(x, alt.Y("loss:Q").scale(scale).title(title), alt.Detail("seed:N"))
    )
    middle = spread.mark_line(color=colour, strokeWidth=LINE + 0.5).encode(
        x, alt.Y("middle:Q").scale(scale).title(title)
    )
    return alt.layer(band, each, middle, dotted_at(baseline, colours)).properties(
        height=SEEDS, description=alternative
    )


# Where the pre-activations and the activations lie

MOST_LAYERS = 6
"""Layers that are drawn; of a deeper network, this many spread evenly."""
SUM_ROWS = 24_000


def drawn_layers(depth: int) -> list[int]:
    """The hidden layers that are drawn, 1 first."""
    places = np.linspace(1, depth, min(depth, MOST_LAYERS)).round()
    return [int(layer) for layer in np.unique(places)]


def sums_table(frames: Sequence[Frame], layers: Sequence[int]) -> pa.Table:
    """Histograms of the layers' pre-activations: as `bars_table`, over `z`."""
    counts = {frame.epoch: frame.sums for frame in frames}
    return bars_table(counts, layers, "z", (-SPAN, SPAN))


def activations_table(run: RunSpec, frames: Sequence[Frame], layers: Sequence[int]) -> pa.Table:
    """Histograms of the layers' activations: as `bars_table`, over `a`."""
    counts = {frame.epoch: frame.activations for frame in frames}
    return bars_table(counts, layers, "a", value_span(run))


def bars_table(
    counts: Mapping[int, np.ndarray[Any, Any]],
    layers: Sequence[int],
    x: str,
    ends: tuple[float, float],
) -> pa.Table:
    """Histograms of these layers: one row per kept picture, layer and bin.

    counts: (hidden layers, BINS) by epoch. x: the column of the bins' centres. ends: where the
    first bin begins and the last one ends. `row` counts the drawn layers from 1 at the top; `low`
    and `high` are the ends of the bin's bar, whose height is relative to the fullest bin.
    """
    recorded = list(counts)
    step = max(1, -(-len(recorded) * len(layers) * BINS // SUM_ROWS))
    epochs = np.array([*recorded[:-1:step], recorded[-1]])
    places = [layer - 1 for layer in layers]
    kept = np.array([counts[epoch][places] for epoch in epochs], float)
    heights = 0.85 * kept / np.maximum(kept.max(axis=2, keepdims=True), 1)
    centres = ends[0] + (np.arange(BINS) + 0.5) / BINS * (ends[1] - ends[0])
    row = np.arange(1.0, len(layers) + 1)
    shape = heights.shape
    return pa.table(
        {
            "epoch": np.repeat(epochs, shape[1] * shape[2]),
            "until": np.repeat(until(epochs), shape[1] * shape[2]),
            "row": np.broadcast_to(row[:, None], shape).ravel().astype(np.float32),
            x: np.broadcast_to(centres, shape).ravel().astype(np.float32),
            "low": np.broadcast_to(row[:, None], shape).ravel().astype(np.float32),
            "high": (np.broadcast_to(row[:, None], shape) - heights).ravel().astype(np.float32),
        }
    )


def central(run: RunSpec, counts: np.ndarray[Any, Any]) -> tuple[float, float]:
    """Two numbers between which at least eight in ten of a layer's activations lie.

    counts: (BINS,), a row of `Frame.activations`. Infinite where an outer bin takes what lies
    beyond it.
    """
    edges = np.linspace(*value_span(run), BINS + 1)
    values = activation_of(run.activation).range
    edges[[0, -1]] = min(edges[0], values.low), max(edges[-1], values.high)
    share = np.cumsum(counts) / counts.sum()
    low, high = np.searchsorted(share, (0.1, 0.9))
    return float(edges[low]), float(edges[high + 1])


def slope_table(run: RunSpec, rows: int) -> pa.Table:
    """|f'| under every row; 1, or more if the function is steeper, fills the row."""
    z = np.linspace(-SPAN, SPAN, 121)
    slope = np.abs(activation_of(run.activation).derivative(z, **run.knob_values))
    height = 0.85 * slope / max(float(slope.max()), 1.0)
    row = np.arange(1.0, rows + 1)[:, None]
    return pa.table(
        {
            "z": np.tile(z, rows),
            "row": np.repeat(row.ravel(), len(z)),
            "high": (row - height).ravel(),
        }
    )


def sums(
    t: Text, colours: Palette, colour: str, layers: tuple[int, ...], alternative: str
) -> alt.LayerChart:
    """The pre-activations z of each layer as a histogram, over the slope that they meet there.

    Data: `sums` from `sums_table`, `slope` from `slope_table`.
    """
    x = alt.X("z:Q").scale(domain=[-SPAN, SPAN], nice=False).axis(**CLOSE).title(t.laboratory.sum_z)
    y = rows_axis(t, layers)
    slope = (
        alt.Chart(alt.NamedData("slope"))
        .mark_line(color=colour, strokeWidth=2)
        .encode(x, y, alt.Detail("row:N"))
    )
    return stacked(alt.layer(bars("sums", x, y, colours.faint), slope), layers, alternative)


def activations(
    t: Text,
    colour: str,
    layers: tuple[int, ...],
    ends: tuple[float, float],
    alternative: str,
) -> alt.LayerChart:
    """The activations a = f(z) of each layer as a histogram.

    ends: where the bins begin and end. Data: `activations` from `activations_table`.
    """
    x = alt.X("a:Q").scale(domain=list(ends), nice=False).title(t.laboratory.activation_a)
    x = x.axis(**CLOSE, tickCount=6, labelFlush=True)
    drawn = alt.layer(bars("activations", x, rows_axis(t, layers), colour))
    return stacked(drawn, layers, alternative)


def rows_axis(t: Text, layers: tuple[int, ...]) -> alt.Y:
    """One row a layer, the first one at the top."""
    names = {str(row + 1): str(layer) for row, layer in enumerate(layers)}
    label = " : ".join(f"datum.value == {row} ? {quoted(name)}" for row, name in names.items())
    scale = alt.Scale(domain=[len(layers) + 0.1, 0], nice=False)
    axis = alt.Axis(
        values=list(range(1, len(layers) + 1)), labelExpr=f"{label} : ''", titlePadding=6
    )
    return alt.Y("high:Q").scale(scale).axis(axis).title(t.laboratory.layer_up)


def bars(data: str, x: alt.X, y: alt.Y, colour: str) -> alt.Chart:
    """The bars of `bars_table` at the clock's epoch."""
    return (
        alt.Chart(alt.NamedData(data))
        .transform_filter(NOW)
        .mark_bar(color=colour, opacity=0.75, size=alt.expr(f"max(2, width / {BINS} - 1)"))
        .encode(x, y, alt.Y2("low:Q"))
    )


def stacked(chart: alt.LayerChart, layers: tuple[int, ...], alternative: str) -> alt.LayerChart:
    """The chart as high as its rows need, moved by the clock."""
    moved: alt.LayerChart = chart.add_params(epoch_input())
    return moved.properties(height=70 + 62 * len(layers), description=alternative)


# The atlas of units

RARE, ALWAYS = 0.05, 0.999


class Kind(StrEnum):
    """How often a unit has z > 0: never, rarely, for some samples, always."""

    DEAD = "dead"
    RARE = "rare"
    SELECTIVE = "selective"
    ALWAYS = "always"


def kinds(active: np.ndarray[Any, Any], samples: int) -> np.ndarray[Any, Any]:
    """The kind of every unit, from how many of the samples have z > 0."""
    share = active / samples
    return np.select(
        [active == 0, share < RARE, share > ALWAYS],
        [Kind.DEAD.value, Kind.RARE.value, Kind.ALWAYS.value],
        Kind.SELECTIVE.value,
    )


def atlas_picture(active: np.ndarray[Any, Any], samples: int, colours: Palette) -> str:
    """One cell per unit, layers from left to right: the stronger the more often it is active."""
    width, depth = active.T.shape
    across, down = max(4, min(28, 600 // depth)), max(3, min(10, 240 // width))
    shades = (active.T / samples * 255).round().astype(np.uint8)
    cells = np.kron(shades, np.ones((down, across), np.uint8))
    return tinted(cells, colours.families[Family.RECTIFIED], 30 + (0.88 * SHADES).round())


def atlas_table(frames: Sequence[Frame], samples: int, colours: Palette, t: Text) -> pa.Table:
    """One picture of all units for every kept epoch, and how many there are of each kind."""
    epochs = np.array([frame.epoch for frame in frames])
    counts = [
        {kind: int((kinds(frame.active, samples) == kind).sum()) for kind in Kind}
        for frame in frames
    ]
    return pa.table(
        {
            "epoch": epochs,
            "until": until(epochs),
            "url": [atlas_picture(frame.active, samples, colours) for frame in frames],
            "note": [t.laboratory.kinds.format(**count) for count in counts],
        }
    )


def dead_table(frames: Sequence[Frame]) -> pa.Table:
    """When each unit is dead: one row per unit and stretch of time.

    Its cross is not part of the picture, which is stretched, as a stretched cross is a dash.
    """
    epochs = np.array([frame.epoch for frame in frames])
    ends = until(epochs)
    dead = np.array([frame.active == 0 for frame in frames])
    edge = np.zeros((1, *dead.shape[1:]), bool)
    first = (dead & ~np.concatenate([edge, dead[:-1]])).transpose(1, 2, 0).nonzero()
    last = (dead & ~np.concatenate([dead[1:], edge])).transpose(1, 2, 0).nonzero()
    return pa.table(
        {
            "epoch": epochs[first[2]],
            "until": np.asarray(ends)[last[2]],
            "x": first[0] + 1,
            "y": first[1] + 1,
        }
    )


def marked_table(layer: int, unit: int) -> pa.Table:
    """The unit that is marked; no row for layer 0."""
    table = pa.table({"x": [layer], "y": [unit]})
    return table if layer and unit else table.slice(0, 0)


def atlas(t: Text, colours: Palette, depth: int, width: int, alternative: str) -> alt.LayerChart:
    """Every unit of every layer by the share of data for which it is active.

    A dead unit is crossed out, so that colour is not needed to recognize it.
    Data: `atlas` from `atlas_table`, `dead` from `dead_table`, `marked` from `marked_table`.
    """
    base = alt.Chart(alt.NamedData("atlas"))
    x = alt.X("x:Q").scale(domain=[0.5, depth + 0.5], nice=False)
    y = alt.Y("y:Q").scale(domain=[width + 0.5, 0.5], nice=False)
    picture = (
        base.transform_calculate(x=str((depth + 1) / 2), y=str((width + 1) / 2))
        .mark_image(width=alt.expr("width"), height=alt.expr("height"), aspect=False, smooth=False)
        .encode(
            x.axis(values=list(range(1, depth + 1)), format="d", **CLOSE).title(
                t.training.towards_output
            ),
            y.axis(values=[1, width], format="d", **CLOSE).title(t.laboratory.unit),
            url="url:N",
            opacity=alt.when(NOW).then(alt.value(1)).otherwise(alt.value(0)),
        )
    )
    crosses = (
        alt.Chart(alt.NamedData("dead"))
        .transform_filter(NOW)
        .mark_point(
            shape="M-1,-1L1,1M-1,1L1,-1",
            size=alt.expr(f"pow(0.7 * min(height / {width}, width / {depth}), 2)"),
            stroke=colours.wrong,
            strokeWidth=2,
            filled=False,
        )
        .encode(x, y, opacity=alt.value(1))
    )
    marked = (
        alt.Chart(alt.NamedData("marked"))
        .mark_point(
            shape="square",
            size=alt.expr(f"pow(min(height / {width}, width / {depth}), 2)"),
            stroke=colours.ink,
            strokeWidth=3,
            filled=False,
        )
        .encode(x, y, opacity=alt.value(1))
    )
    note = corner_note(base.transform_filter(NOW), colours, "note:N")
    return (
        alt.layer(picture, crosses, marked, note)
        .add_params(epoch_input())
        .properties(height=min(420, 110 + 12 * width), description=alternative)
    )


def deaths(frames: Sequence[Frame]) -> list[tuple[int, int, int]]:
    """(layer, unit, epoch) of each unit that is dead at the end; epoch: since when."""
    active = np.array([frame.active for frame in frames])
    found = []
    for layer, unit in zip(*np.nonzero(active[-1] == 0), strict=True):
        alive = np.flatnonzero(active[:, layer, unit])
        since = frames[int(alive[-1]) + 1 if len(alive) else 0].epoch
        found.append((int(layer) + 1, int(unit) + 1, since))
    return found


def revivals(frames: Sequence[Frame]) -> list[tuple[int, int]]:
    """(layer, unit) of each unit that was dead in some picture and active again in a later one."""
    active = np.array([frame.active for frame in frames]) > 0
    back = (~active[:-1] & active[1:]).any(axis=0)
    return [(int(layer) + 1, int(unit) + 1) for layer, unit in zip(*np.nonzero(back), strict=True)]


# The gradient-flow plot

CUT = 0.02
"""Where the linear axis of the usual plot of gradients ends."""
PIXEL = 0.01
"""Below this share of an axis a point cannot be told from 0."""
FLOW = 190


def per_weight(run: RunSpec, history: History) -> tuple[np.ndarray[Any, Any], ...]:
    """The epochs, and each layer's gradient as the root mean square over its weights.

    Of shape (epochs,) and (epochs, layers); epochs with numbers that are not finite are left out.
    """
    sizes = run.sizes(run.source.inputs, run.source.outputs)
    weights = np.array([m * n for m, n in pairwise(sizes)])
    size = history.gradient_norm[:, 0] / np.sqrt(weights)
    finite = np.isfinite(size).all(axis=1)
    return history.epoch[finite], size[finite]


def flow_table(run: RunSpec, history: History) -> pa.Table:
    """One row a layer: its gradient over time."""
    epochs, size = per_weight(run, history)
    layer = pa.array(range(1, size.shape[1] + 1), pa.int32())
    return packed(epochs, {"layer": layer}, {"value": size.T})


def flow(
    t: Text,
    colours: Palette,
    colour: str,
    depth: int,
    axis_depth: int,
    linear: bool,
    alternative: str,
) -> alt.LayerChart:
    """Every layer's gradient: on the usual linear axis that ends at CUT, or in powers of ten.

    Data: `flow` from `flow_table`.
    """
    title, decades = t.laboratory.gradient, Decades.of_depth(axis_depth)
    y = (
        alt.Y("value:Q")
        .scale(domain=[0, CUT], nice=False)
        .axis(tickCount=5, format=".3~f", **above("left"))
        .title(title)
        if linear
        else alt.Y("value:Q", **log_axis(decades, title, decades.about(6), **above("left")))
    )
    x = (
        alt.X("layer:O")
        .scale(domain=list(range(1, depth + 2)))
        .axis(
            labelExpr=layer_name(depth + 1, t.training.out),
            labelAngle=0,
            labelOverlap=True,
            **CLOSE,
        )
        .title(t.training.towards_input)
    )
    base = alt.Chart().encode(x, y)
    line = base.mark_line(color=colour, strokeWidth=LINE, clip=True)
    points = base.mark_point(filled=True, size=45, color=colour, opacity=1, clip=True).encode(
        tooltip=[
            alt.Tooltip("layer:O", title=t.training.layer),
            alt.Tooltip("value:Q", title=title, format=".3~g"),
        ]
    )
    marks = alt.layer(line, points, data=alt.NamedData("flow"))
    shown = at_the_clock(marks, numbers=["value"])
    if not linear:
        shown = shown.transform_filter("datum.value > 0")
    return shown.add_params(epoch_input()).properties(height=FLOW, description=alternative)
