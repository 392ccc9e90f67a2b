"""Slopes over the pre-activations z of real networks, and what is left of an error after n layers.

The parameter `layer` of the first chart is the index of a hidden layer, set by a dial.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil, floor, inf, isinf, log10
from typing import Any, NamedTuple

import altair as alt
import numpy as np
import pyarrow as pa

from core.lessons.propagation import EDGES, Walk, largest_slope, steepest, textbook
from core.nn.activations import Where
from core.nn.own import activation_of
from core.runs.training import RunSpec
from pages.charts.activations import Knobs, kink_marks, knobs_of, names_at_ends
from pages.charts.expressions import layer_name, naming
from pages.charts.facts import near
from pages.charts.style import LINE, Palette, hue
from pages.charts.vocabulary import (
    LABEL,
    REACH,
    Decades,
    Ends,
    Floats,
    apart,
    log_axis,
    step_input,
    strokes,
    strong_at,
    z_axis,
)
from pages.texts import Text
from pages.texts.numbers import fraction, power, times

PLOT, STRIP, BARS = 230, 56, 34
"""Pixels of the slopes, of each histogram below them, and of its tallest bar."""
BELOW = 10
"""Extra pixels between the slopes and the first histogram, for what extends below 0."""
LEFT, PARTS = 400, 270
"""Heights of the other charts, axes included."""
SPREAD = (10.0, 90.0)
"""The band holds the networks between these percentiles: 8 of 10."""
SHAPES = ("circle", "square", "diamond")
SERIES_DASHES = ((1, 0), (7, 3), (3, 3))
TEXTBOOK, TEXTBOOK_DASH = "textbook", (2, 4)
TIGHT: dict[str, Any] = {"rowPadding": 3, "padding": 2, "offset": 6, "labelFontSize": 12}
"""Legends that leave the height to the picture."""


WORDS = frozenset({"key", "text", "initializer", "series", "mark", "part", "note"})


def table_of(columns: Mapping[str, Any]) -> pa.Table:
    """A table whose columns keep their types when there are no rows."""
    whole = ("index", "layer")
    kinds = {
        name: pa.string() if name in WORDS else pa.int64() if name in whole else pa.float64()
        for name in columns
    }
    return pa.table({n: pa.array(list(v), kinds[n]) for n, v in columns.items()})


# Slopes, and where the z of a network lie


def peaks_table(keys: Sequence[str], knobs: Knobs, ends: Ends) -> pa.Table:
    """Where |f'| is largest, and its value; a text appears once where two would meet."""
    rows: list[dict[str, Any]] = []
    for key in keys:
        entry, own = activation_of(key), knobs_of(key, knobs)
        largest = largest_slope(entry, **own)
        at = peak_places(key) if largest == entry.max_slope else (0.0,)  # a knob moved it there
        reached = entry.max_slope_where is not Where.LIMIT
        for number, z in enumerate(at):
            y = ends.clip(float(entry.derivative(z, **own)))
            text = near(largest) if reached else f"→ {near(largest)}"
            taken = any(r["text"] == text and abs(r["z"] - z) < 1.5 for r in rows)
            shown = "" if taken or number else text
            rows.append({"key": key, "z": z, "y": y, "text": shown})
    return table_of({name: [row[name] for row in rows] for name in ("key", "z", "y", "text")})


def peak_places(key: str) -> tuple[float, ...]:
    """Points at which to mark the largest |f'| of an activation."""
    entry = activation_of(key)
    at = tuple(min(max(z, -REACH), REACH) for z in entry.max_slope_at)
    match entry.max_slope_where:
        case Where.EVERYWHERE:
            return (-REACH / 2,)
        case Where.INTERVAL:
            return ((at[0] + at[1]) / 2,)
        case Where.PERIODIC:
            return at[:1]
        case Where.LIMIT:
            return tuple(float(np.nextafter(min(z, 0.9 * REACH), -inf)) for z in at)
    return at


def strip_base(number: int, ends: Ends) -> float:
    """The foot of histogram `number`, in units of the slopes' axis."""
    return ends.low - ((number + 1) * STRIP + BELOW - 4) * (ends.high - ends.low) / PLOT


def histogram_table(walks: Mapping[str, Walk], ends: Ends) -> pa.Table:
    """One row per bar: how many of a layer's z lie from z to `until`, drawn below the slopes."""
    pixel = (ends.high - ends.low) / PLOT
    parts = []
    for number, (initializer, walk) in enumerate(walks.items()):
        layers, bins = walk.counts.shape
        tallest = np.maximum(walk.counts.max(axis=1, keepdims=True), 1e-12)
        base = strip_base(number, ends)
        parts.append(
            table_of(
                {
                    "initializer": [initializer] * (layers * bins),
                    "index": np.repeat(np.arange(layers), bins),
                    "z": np.tile(EDGES[:-1], layers),
                    "until": np.tile(EDGES[1:], layers),
                    "share": walk.counts.ravel(),
                    "base": np.full(layers * bins, base),
                    "top": (base + walk.counts / tallest * BARS * pixel).ravel(),
                }
            )
        )
    if not parts:
        names = ("initializer", "index", "z", "until", "share", "base", "top")
        return table_of({name: [] for name in names})
    return pa.concat_tables(parts)


def strips_table(names: Sequence[str], ends: Ends, t: Text) -> pa.Table:
    """What each histogram shows, and where its words are."""
    pixel = (ends.high - ends.low) / PLOT
    bases = [strip_base(number, ends) for number in range(len(names))]
    return table_of(
        {
            "text": [t.derivatives.strip.format(initializer=name) for name in names],
            "base": bases,
            "y": [base + (BARS + 9) * pixel for base in bases],
        }
    )


def ticks(ends: Ends, most: int = 5) -> list[float]:
    """Round numbers along the slopes' axis, none beside the histograms."""
    span = ends.high - ends.low
    step = next(s for s in (0.05, 0.1, 0.2, 0.25, 0.5, 1.0, 2.0) if span / s <= most + 2)
    return [k * step for k in range(ceil(ends.low / step), floor(ends.high / step) + 1)]


class Panel(NamedTuple):
    """The slopes' axis, and below it room for this many histograms."""

    ends: Ends
    strips: int

    @property
    def under(self) -> int:
        """Pixels below the slopes."""
        return self.strips * STRIP + BELOW if self.strips else 0

    @property
    def low(self) -> float:
        """Where the picture ends, in units of the slopes' axis."""
        return self.ends.low - self.under * (self.ends.high - self.ends.low) / PLOT

    def axis(self, t: Text, colours: Palette) -> dict[str, Any]:
        return {
            "scale": alt.Scale(domain=[self.low, self.ends.high], nice=False, zero=False),
            "axis": alt.Axis(
                values=ticks(self.ends),
                labelExpr="format(datum.value, '~g')",
                gridColor=strong_at(0, colours),
                titlePadding=6,
            ),
            "title": t.activations.slope_axis,
        }


class LayerDial(NamedTuple):
    """The dial `layer`: hidden layers to choose from, and the index of the one shown at first."""

    layers: int
    start: int


def slopes(
    t: Text,
    colours: Palette,
    keys: tuple[str, ...],
    panel: Panel,
    dial: LayerDial,
    alternative: str,
) -> alt.LayerChart:
    """The slopes of some activations with their peaks; under them, the z of real networks.

    Data: `curves`, `kinks`, `labels` as on the page of activation functions, `peaks`,
    `histogram`, `strips` from the tables above.
    """
    x, y = z_axis(t, gridColor=strong_at(0, colours)), panel.axis(t, colours)
    colour, dashes = strokes(keys, colours)
    lines = (
        alt.Chart(alt.NamedData("curves"))
        .mark_line(strokeWidth=LINE, clip=True)
        .encode(x, alt.Y("df:Q", **y), colour, dashes, detail="piece:N")
    )
    return (
        alt.layer(
            *histograms(t, colours, x, y),
            lines,
            *kink_marks(colours, keys, x, y),
            *peaks(colours, colour, x, y),
            names_at_ends(keys, colours, y),
        )
        .add_params(step_input("layer", max(1, dial.layers - 1), dial.start))
        .properties(
            height=PLOT + panel.under + 66,
            description=alternative,
            padding={"left": 2, "top": 8, "right": 4, "bottom": 8},
        )
    )


def histograms(t: Text, colours: Palette, x: alt.X, y: Mapping[str, Any]) -> list[alt.Chart]:
    """Where the z of the chosen layer lie, its name, and the floors under the bars."""
    bars = (
        alt.Chart(alt.NamedData("histogram"))
        .transform_filter("datum.index == layer && datum.share > 0")
        .mark_rect(color=colours.faint, opacity=0.75)
        .encode(
            x,
            alt.X2("until:Q"),
            alt.Y("base:Q", **y),
            alt.Y2("top:Q"),
            tooltip=[
                alt.Tooltip("z:Q", title=t.derivatives.z_from, format=".1f"),
                alt.Tooltip("until:Q", title=t.derivatives.z_to, format=".1f"),
                alt.Tooltip("share:Q", title=t.derivatives.z_share, format=".1%"),
            ],
        )
    )
    strip = alt.Chart(alt.NamedData("strips"))
    floors = strip.mark_rule(color=colours.faint, strokeWidth=1).encode(alt.Y("base:Q", **y))
    words = strip.mark_text(align="left", fontSize=11, color=colours.ink).encode(
        x=alt.XValue(4), y=alt.Y("y:Q", **y), text="text:N"
    )
    return [bars, floors, words]


def peaks(colours: Palette, colour: alt.Color, x: alt.X, y: Mapping[str, Any]) -> list[alt.Chart]:
    """Diamonds where |f'| is largest, with its value."""
    peak = alt.Chart(alt.NamedData("peaks")).encode(x, alt.Y("y:Q", **y))
    dots = peak.mark_point(filled=True, size=60, opacity=1, shape="diamond", clip=True)
    values = peak.mark_text(dy=-11, fontSize=13, fontWeight="bold", color=colours.ink)
    return [dots.encode(colour), values.encode(text="text:N")]


# What is left of an error


def decades(values: Floats) -> Decades:
    """The axis that holds these values; zeros and NaN are left to the clipping."""
    held = np.abs(values[np.isfinite(values)])
    held = held[held > 1e-290]
    if not len(held):
        return Decades(-2, 1)
    low, high = floor(log10(held.min()) - 0.15), ceil(log10(held.max()) + 0.15)
    return Decades(min(low, -1), max(high, 1))


def middle(values: Floats) -> tuple[Floats, Floats, Floats]:
    """For every layer, over the networks: the lower end of the band, the median, the upper end."""
    held = values[np.isfinite(values).all(axis=1)]
    if not len(held):
        none = np.full(values.shape[1], np.nan)
        return none, none, none
    low, median, high = np.percentile(held, [SPREAD[0], 50.0, SPREAD[1]], axis=0)
    return low, median, high


def axis_of_sizes(run: RunSpec, walks: Mapping[str, Walk]) -> Decades:
    """The axis of what is left: it holds every median, the bands and the textbook line."""
    bands = [part for walk in walks.values() for part in middle(walk.size)]
    return decades(np.concatenate([*bands, textbook(run)]))


def sizes_table(walks: Mapping[str, Walk], axis: Decades) -> pa.Table:
    """One row per initializer and layer: median and band, and where they are drawn."""
    parts = []
    for initializer, walk in walks.items():
        low, median, high = middle(walk.size)
        seen = np.isfinite(median)
        layer = np.arange(1, len(median) + 1)[seen]
        parts.append(
            table_of(
                {
                    "series": [initializer] * len(layer),
                    "layer": layer,
                    "value": median[seen],
                    "low": low[seen],
                    "high": high[seen],
                    "shown": axis.clip(median[seen]),
                    "bottom": axis.clip(low[seen]),
                    "top": axis.clip(high[seen]),
                    "mark": np.where(median[seen] < 10.0**axis.low, "below", initializer),
                }
            )
        )
    return pa.concat_tables(parts)


def textbook_table(run: RunSpec, axis: Decades) -> pa.Table:
    """max|f'|^n, one row per layer; none where it is 0 or infinite, so that no line is drawn."""
    bound = steepest(run)
    line = textbook(run) if 0 < bound < inf else np.array([])
    return table_of(
        {
            "series": [TEXTBOOK] * len(line),
            "layer": np.arange(1, len(line) + 1),
            "value": line,
            "shown": axis.clip(line),
        }
    )


def left(share: float, t: Text) -> str:
    """What is left, for people: 1/4,800, 31%, 7.8 times."""
    if share > 1.005:
        return t.derivatives.times.format(n=times(share, t))
    return fraction(share, t)


def marks_table(sizes: pa.Table, line: pa.Table, axis: Decades, t: Text) -> pa.Table:
    """What is left at layer 1, in words at the lines' ends and moved apart."""
    rows = [
        row
        for table in (sizes, line)
        for row in table.select(["series", "layer", "value", "shown"]).to_pylist()
        if row["layer"] == 1
    ]
    places = [log10(row["shown"]) for row in rows]
    pixel = (axis.high - axis.low) / (LEFT - 140)
    moved = apart(places, LABEL * pixel, axis.low, axis.high) if rows else []
    return table_of(
        {
            "series": [row["series"] for row in rows],
            "place": [10.0**place for place in moved],
            "text": [left(row["value"], t) for row in rows],
        }
    )


def thinned_layers(t: Text, depth: int, last: int) -> alt.X:
    """Layers from 1, at the left, to `last`, some of them labelled; the output by name."""
    every = max(1, ceil(last / 13))
    values = [k for k in range(1, last) if (k - 1) % every == 0 and last - k >= min(every, 2)]
    values.append(last)
    return (
        alt.X("layer:Q")
        .scale(
            domain=[1 - 0.02 * last, last + (0.06 if last > depth else 0.13) * last],
            nice=False,
            zero=False,
        )
        .axis(
            values=values,
            labelExpr=layer_name(depth + 1, t.training.out),
            grid=False,
            titlePadding=4,
            labelOverlap=False,
        )
        .title(t.training.towards_input)
    )


def right_axis(axis: Decades, title: str) -> dict[str, Any]:
    """Powers of ten at the right, where the error comes from."""
    return log_axis(axis, title, axis.at_most(7), orient="right")


def series_strokes(
    colours: Palette, colour: str, series: Mapping[str, str]
) -> tuple[alt.Color, alt.StrokeDash]:
    """The lines of some initializers and the textbook's, with one legend for both."""
    hues = [colours.faint if key == TEXTBOOK else colour for key in series]
    own = iter(SERIES_DASHES)
    dashes = [list(TEXTBOOK_DASH if key == TEXTBOOK else next(own)) for key in series]
    legend = alt.Legend(
        orient="top",
        direction="vertical",
        title=None,
        symbolType="stroke",
        symbolSize=900,
        symbolStrokeWidth=LINE,
        labelExpr=f"split({naming(series)}, '\\n')",
        labelLimit=0,
        **TIGHT,
    )
    return (
        alt.Color("series:N", legend=legend).scale(domain=list(series), range=hues),
        alt.StrokeDash("series:N", legend=legend).scale(domain=list(series), range=dashes),
    )


def remains(
    t: Text,
    colours: Palette,
    activation: str,
    series: tuple[tuple[str, str], ...],
    depth: int,
    axis: Decades,
    alternative: str,
) -> alt.LayerChart:
    """The error's size at every layer as a share of that at the output, and the textbook line.

    series: key and name of every initializer, and last of TEXTBOOK, if there is such a line.
    Data: `sizes`, `textbook`, `marks` from the tables above.
    """
    colour = hue(activation_of(activation), colours)
    keys = [key for key, _ in series if key != TEXTBOOK]
    x, y = thinned_layers(t, depth, depth + 1), right_axis(axis, t.derivatives.left_axis)
    shown = alt.Y("shown:Q", **y)
    stroke = series_strokes(colours, colour, dict(series))
    sizes = alt.Chart(alt.NamedData("sizes"))
    band = sizes.mark_area(opacity=0.13, color=colour).encode(
        x, alt.Y("bottom:Q", **y), alt.Y2("top:Q"), detail="series:N"
    )
    line = sizes.mark_line(strokeWidth=LINE).encode(x, shown, *stroke)
    textbook_line = (
        alt.Chart(alt.NamedData("textbook")).mark_line(strokeWidth=LINE).encode(x, shown, *stroke)
    )
    points = sizes.mark_point(filled=True, size=60, opacity=1, color=colour).encode(
        x,
        shown,
        alt.Shape("mark:N")
        .scale(domain=[*keys, "below"], range=[*SHAPES[: len(keys)], "triangle-down"])
        .legend(None),
        tooltip=[
            alt.Tooltip("layer:Q", title=t.training.layer),
            alt.Tooltip("value:Q", title=t.derivatives.median, format=".3~g"),
            alt.Tooltip("low:Q", title=t.derivatives.band_low, format=".3~g"),
            alt.Tooltip("high:Q", title=t.derivatives.band_high, format=".3~g"),
        ],
    )
    return (
        alt.layer(band, textbook_line, line, points, what_is_left(colours, colour, y))
        .properties(
            height=LEFT,
            description=alternative,
            padding={"left": 2, "top": 4, "right": 4, "bottom": 8},
        )
        .resolve_scale(shape="independent")
    )


def what_is_left(colours: Palette, colour: str, y: Mapping[str, Any]) -> alt.Chart:
    """What is left at layer 1, in words left of the lines' ends. Data: `marks`."""
    return (
        alt.Chart(alt.NamedData("marks"))
        .mark_text(align="right", dx=-9, fontSize=12, fontWeight="bold")
        .encode(
            x=alt.XDatum(1),
            y=alt.Y("place:Q", **y),
            text="text:N",
            color=alt.condition(
                f"datum.series == '{TEXTBOOK}'", alt.value(colours.faint), alt.value(colour)
            ),
        )
    )


# The two factors of every layer


def parts_table(run: RunSpec, walk: Walk, axis: Decades, t: Text) -> pa.Table:
    """One row per layer and part: its median over the networks.

    `note` is at the first step back, where few outputs spread over many units. `place` is the
    position of the number at layer 1, apart from the other one.
    """
    outputs = run.data().train_y.shape[1]
    tables = []
    for part, values in (("weights", walk.weights_part), ("derivative", walk.activation_part)):
        median = medians(values)
        seen = np.isfinite(median)
        layer = np.arange(1, len(median) + 1)[seen]
        note = np.full(len(layer), "", dtype=object)
        if part == "weights" and outputs < run.width:
            note[layer == run.depth] = f"{outputs} → {run.width}"
        tables.append(
            table_of(
                {
                    "part": [part] * len(layer),
                    "layer": layer,
                    "value": median[seen],
                    "shown": axis.clip(median[seen]),
                    "mark": np.where(median[seen] < 10.0**axis.low, "below", part),
                    "note": note,
                }
            )
        )
    table = pa.concat_tables(tables)
    first = np.array(table["layer"].to_pylist()) == 1
    places = np.array(table["shown"].to_pylist())
    if first.any():
        gap = LABEL * (axis.high - axis.low) / (PARTS - 120)
        places[first] = 10.0 ** np.array(apart(np.log10(places[first]), gap, *axis))
    return table.append_column("place", pa.array(places))


def medians(values: Floats) -> Floats:
    """The median of every layer over the networks that have a finite value there."""
    return np.array(
        [np.median(c[np.isfinite(c)]) if np.isfinite(c).any() else np.nan for c in values.T]
    )


def axis_of_parts(walks: Mapping[str, Walk]) -> Decades:
    """One axis for all initializers."""
    held = [medians(p) for w in walks.values() for p in (w.weights_part, w.activation_part)]
    return decades(np.concatenate(held))


def parts(
    t: Text, colours: Palette, activation: str, depth: int, axis: Decades, alternative: str
) -> alt.LayerChart:
    """The weights' part and the derivative's part of every layer. Data: `parts`."""
    colour = hue(activation_of(activation), colours)
    x, y = thinned_layers(t, depth, depth), right_axis(axis, t.derivatives.factor_axis)
    y["axis"].gridColor = strong_at(1, colours)
    data = alt.Chart(alt.NamedData("parts"))
    words = {"weights": t.derivatives.weights_part, "derivative": t.derivatives.derivative_part}
    legend = alt.Legend(
        orient="top", direction="vertical", title=None, labelExpr=naming(words), labelLimit=0,
        symbolSize=80, **TIGHT,
    )  # fmt: skip
    colour_of = alt.Color("part:N", legend=legend).scale(
        domain=list(words), range=[colours.ink, colour]
    )
    shape = alt.Shape("part:N", legend=legend).scale(domain=list(words), range=["square", "circle"])
    line = data.mark_line(strokeWidth=1.7).encode(x, alt.Y("shown:Q", **y), colour_of)
    points = data.mark_point(filled=True, size=65, opacity=1).encode(
        x,
        alt.Y("shown:Q", **y),
        colour_of,
        shape,
        tooltip=[
            alt.Tooltip("layer:Q", title=t.training.layer),
            alt.Tooltip("value:Q", title=t.derivatives.factor_axis, format=".3~g"),
        ],
    )
    below = (
        data.transform_filter("datum.mark == 'below'")
        .mark_point(filled=True, size=140, opacity=1, shape="triangle-down", color=colours.ink)
        .encode(x, alt.Y("shown:Q", **y))
    )
    note = data.mark_text(align="left", dx=7, dy=-7, fontSize=11, color=colours.ink).encode(
        x, alt.Y("shown:Q", **y), text="note:N"
    )
    first = (
        data.transform_filter("datum.layer == 1")
        .transform_calculate(text="format(datum.value, '.2~r')")
        .mark_text(align="right", dx=-9, fontSize=12, fontWeight="bold")
        .encode(
            x,
            alt.Y("place:Q", **y),
            text="text:N",
            color=alt.condition(
                "datum.part == 'weights'", alt.value(colours.ink), alt.value(colour)
            ),
        )
    )
    return alt.layer(line, points, below, note, first).properties(
        height=PARTS,
        description=alternative,
        padding={"left": 2, "top": 4, "right": 8, "bottom": 8},
    )


def factor(value: float) -> str:
    """One factor, formatted for people."""
    return "–" if np.isnan(value) else "∞" if isinf(value) else power(value)
