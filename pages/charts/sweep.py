"""Sweeps as points with their spread or as learning curves, and the trainability map."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from math import inf, isfinite, isnan
from statistics import median
from typing import Any, NamedTuple

import altair as alt
import numpy as np
import pyarrow as pa

from core.runs.training import RunSpec
from core.sweep.grid import LOGARITHMIC, Map, Sweep
from core.sweep.rows import Row
from pages.charts.compare import Stroke, strokes_of
from pages.charts.expressions import POWER_OF_TEN
from pages.charts.gallery import DIGIT, FAINT_BETWEEN, LOG, axis
from pages.charts.measures import MEASURES
from pages.charts.style import LINE, SHAPES, Palette, pattern
from pages.texts import Text
from pages.texts.numbers import percent

HEIGHT, MAP_HEIGHT, PANEL = 380, 440, 120
STROKE, ROW, PADDING = 40, 22, 24
"""Pixels of a line in a legend, of the distance to the next, and of the space around all."""
SHARES = frozenset({"accuracy", "test_accuracy", "dead", "saturated"})
"""What is drawn in per cent."""
LOG_Y = frozenset({"share", *(key for key, m in MEASURES.items() if m.logarithmic)})
"""What is drawn in powers of ten."""
FINE = f"abs({LOG}) <= 3 ? format(datum.value, '.6~g') : {DIGIT} == 1 ? {POWER_OF_TEN} : ''"
"""The labels of a logarithmic axis that may be shorter than a decade."""
BEYOND = 10.0
"""How many times the map's depth the theory's line goes at most."""
RULE_OF_THUMB = {"relative_update": 1e-3}
"""Where courses say that a statistic should lie."""

Rows = Mapping[RunSpec, Row]


class Lane(NamedTuple):
    """How a network of a sweep is drawn, hashable for a chart that is shared."""

    name: str
    colour: str
    dashes: tuple[int, ...]


def lanes_of(names: Sequence[str], activations: Sequence[str], colours: Palette) -> (
    tuple[Lane, ...]
):  # fmt: skip
    """The colours of their activations, if these tell them apart."""
    strokes = strokes_of(activations, colours)
    if len({stroke.colour for stroke in strokes}) < len(strokes):
        strokes = tuple(Stroke(colours.classes[k], pattern(k)) for k in range(len(names)))
    return tuple(
        Lane(name, stroke.colour, stroke.dashes)
        for name, stroke in zip(names, strokes, strict=True)
    )


def y_title(t: Text, key: str, layer: int) -> str:
    """What is looked at, as on the training page where it is shown there."""
    if key in t.sweep.quantities:
        return t.sweep.quantities[key]
    return t.sweep.in_layer.format(measure=t.measures[key], layer=layer)


def drawable(value: float, *, log: bool) -> bool:
    """Whether a value has a place on the axis: a logarithm has none for 0."""
    return isfinite(value) and (value > 0 or not log)


def logarithmic(up: alt.Y, ticks: int) -> alt.Y:
    labels: dict[str, Any] = {"tickCount": ticks, "labelExpr": FINE, "labelOverlap": "greedy"}
    labels |= {"grid": True, "gridOpacity": FAINT_BETWEEN}
    return up.scale(type="log", nice=False).axis(**labels)


# One setting on the x axis


def sweep_tables(
    sweep: Sweep, rows: Rows, names: Sequence[str], links: Mapping[RunSpec, str], y: str, layer: int
) -> tuple[dict[str, pa.Table], int]:
    """Every network as a point, and for every lane and value the median with the range of all
    seeds; and how many networks have no place on the axes."""
    logs = sweep.setting in LOGARITHMIC, y in LOG_Y
    points, groups, left_out = [], dict[tuple[int, float], list[float]](), 0
    for cell, row in rows.items():
        lane, value, _ = sweep.places[cell]
        number = row.value(y, layer)
        if not (drawable(value, log=logs[0]) and drawable(number, log=logs[1])):
            left_out += 1
            continue
        points.append((names[lane], value, number, links[cell]))
        groups.setdefault((lane, value), []).append(number)
    middles = [
        (names[lane], value, median(found), min(found), max(found))
        for (lane, value), found in sorted(groups.items())
    ]
    tables = {
        "points": table(points, ("lane", "x", "y", "url")),
        "middles": table(middles, ("lane", "x", "y", "low", "high")),
    }
    return tables, left_out


def table(rows: Sequence[tuple[object, ...]], columns: Sequence[str]) -> pa.Table:
    texts = ("lane", "url", "text")
    return pa.table(
        {
            name: pa.array([row[k] for row in rows], pa.string() if name in texts else pa.float64())
            for k, name in enumerate(columns)
        }
    )


def scales(lanes: Sequence[Lane]) -> dict[str, Any]:
    """Colour, dash and mark of every lane, and one legend for all three."""
    names = [lane.name for lane in lanes]
    legend = {"orient": "bottom", "columns": 2, "title": None, "labelLimit": 320}
    legend |= {"symbolSize": 90, "symbolStrokeWidth": 0, "symbolOpacity": 1}
    ranges = {
        "color": [lane.colour for lane in lanes],
        "strokeDash": [list(lane.dashes) for lane in lanes],
        "shape": SHAPES[: len(lanes)],
    }
    channels = {"color": alt.Color, "strokeDash": alt.StrokeDash, "shape": alt.Shape}
    return {
        key: channel("lane:N").scale(domain=names, range=ranges[key]).legend(**legend)
        for key, channel in channels.items()
    }


def points(
    t: Text, colours: Palette, lanes: tuple[Lane, ...], setting: str,
    ends: tuple[float, float], y: str, layer: int,
    alternative: str,
) -> alt.LayerChart:  # fmt: skip
    """Each network as a point, medians joined, and the range of all seeds. Data: `sweep_tables`,
    and `here`, the value that is looked at more closely.

    ends: of the x axis.
    """
    drawn, title = scales(lanes), y_title(t, y, layer)
    across = axis(alt.X("x:Q"), t.settings[setting], log=setting in LOGARITHMIC)
    kind = "log" if setting in LOGARITHMIC else "linear"
    across = across.scale(type=kind, domain=ends, nice=False, padding=8)
    up = axis(alt.Y("y:Q"), title, log=False)
    if y in LOG_Y:
        up = logarithmic(up, ticks=6)
    if y in SHARES:
        up = up.scale(domain=[0, 1]).axis(format="%")
    data = alt.Chart(alt.NamedData("middles"))
    ranges = data.mark_rule(strokeWidth=2, opacity=0.5).encode(
        across, alt.Y("low:Q"), alt.Y2("high:Q"), drawn["color"]
    )
    line = data.mark_line(strokeWidth=LINE).encode(across, up, drawn["color"], drawn["strokeDash"])
    each = (
        alt.Chart(alt.NamedData("points"))
        .mark_point(size=55, filled=True, opacity=0.75, cursor="pointer")
        .encode(
            across,
            up,
            drawn["color"],
            drawn["shape"],
            href="url:N",
            tooltip=[
                alt.Tooltip("lane:N", title=t.sweep.network),
                alt.Tooltip("x:Q", title=t.settings[setting], format=".3~g"),
                alt.Tooltip("y:Q", title=title, format=".1~%" if y in SHARES else ".3~g"),
            ],
        )
    )
    here = (
        alt.Chart(alt.NamedData("here"))
        .mark_rule(strokeWidth=1.2, color=colours.faint)
        .encode(across)
    )
    parts = [here, ranges, line, each]
    if y in RULE_OF_THUMB:
        thumb = alt.Chart(alt.NamedData("here")).mark_rule(
            strokeWidth=1.8, strokeDash=[2, 3], color=colours.ink, opacity=0.7
        )
        parts.append(thumb.encode(alt.YDatum(RULE_OF_THUMB[y])))
    return alt.layer(*parts).properties(height=HEIGHT, description=alternative)


# Learning curves


def curve_table(
    found: Iterable[tuple[str, int, Row]], *, loss: bool, most: float = inf
) -> pa.Table:
    """Learning curves, up to a value of `most`.

    found: the names of networks, the numbers of their seeds, their rows.
    """
    rows = [
        (name, float(seed), float(epoch), number)
        for name, seed, row in found
        for epoch, number in zip(row.epochs, row.losses if loss else row.accuracies, strict=True)
        if drawable(number, log=loss) and number <= most
    ]
    return table(rows, ("lane", "seed", "epoch", "y"))


def ends_table(rows: Iterable[Row], *, loss: bool) -> pa.Table:
    """The lowest and the highest number of these learning curves: without those that diverged, if
    there are others.
    """
    seen = list(rows)
    found = [
        number
        for row in [row for row in seen if not row.diverged] or seen
        for number in (row.losses if loss else row.accuracies)
        if drawable(number, log=loss)
    ]
    return table([(0.0, end) for end in (min(found), max(found))] if found else [], ("epoch", "y"))


def curves(
    t: Text, colours: Palette, lanes: tuple[Lane, ...], epochs: int, loss: bool, alternative: str
) -> alt.LayerChart:
    """One panel: accuracy or loss by epoch, a line a network. Data: `curve_table`, and `ends`, from
    `ends_table`: what all panels show, so that they share an axis.
    """
    drawn = scales(lanes)
    x = alt.X("epoch:Q", title=None).scale(domain=[0, epochs], nice=False)
    x = x.axis(tickCount=3, tickMinStep=1, format="d")
    up = alt.Y("y:Q")
    if loss:
        up = logarithmic(up, ticks=3)
    else:
        up = up.scale(domain=[0, 1]).axis(format="%", values=[0, 0.5, 1])
    up = up.title(None)
    lines = (
        alt.Chart(alt.NamedData("curve"))
        .mark_line(strokeWidth=2)
        .encode(
            x, up, drawn["color"].legend(None), drawn["strokeDash"].legend(None), detail="seed:Q"
        )
    )
    ends = alt.Chart(alt.NamedData("ends")).mark_rule(opacity=0).encode(up)
    return alt.layer(ends, lines).properties(height=PANEL, description=alternative)


def legend_table(lanes: Sequence[Lane]) -> pa.Table:
    return table([(lane.name, float(k)) for k, lane in enumerate(lanes)], ("lane", "y"))


def legend(t: Text, colours: Palette, lanes: tuple[Lane, ...], alternative: str) -> alt.LayerChart:
    """The names of all lanes beside their lines, once for all panels. Data: `legend_table`."""
    drawn, data = scales(lanes), alt.Chart(alt.NamedData("lanes"))
    y = alt.Y("y:Q").scale(domain=[len(lanes) - 0.5, -0.5], nice=False).axis(None)
    strokes = data.mark_rule(strokeWidth=2.5).encode(
        y,
        drawn["color"].legend(None),
        drawn["strokeDash"].legend(None),
        x=alt.value(0),
        x2=alt.value(STROKE),
    )
    names = data.mark_text(align="left", baseline="middle", fontSize=13, color=colours.ink).encode(
        y, x=alt.value(STROKE + 8), text="lane:N"
    )
    return (
        alt.layer(strokes, names)
        .properties(height=ROW * len(lanes) + PADDING, description=alternative)
        .configure_view(stroke=None)
    )


# The map


def map_tables(
    t: Text,
    grid: Map,
    rows: Rows,
    links: Mapping[RunSpec, str],
    theory: Sequence[tuple[float, float]],
) -> dict[str, pa.Table]:
    """The cells that are filled, as rectangles, and the theory's line. theory: pairs of sigma_w^2
    and the depth up to which it expects networks to learn."""
    across, up = edges(grid.variances), edges(grid.depths)
    cells = [
        (
            *across[grid.variances.index(variance)],
            *up[grid.depths.index(depth)],
            variance,
            depth,
            0.0 if row.diverged else row.value("accuracy"),
            float(row.diverged),
            t.sweep.diverged if row.diverged else percent(row.value("accuracy"), t),
            links[cell],
        )
        for cell, row in rows.items()
        for depth, variance in [grid.places[cell]]
    ]
    columns = (
        "left",
        "right",
        "low",
        "high",
        "variance",
        "depth",
        "accuracy",
        "gone",
        "text",
        "url",
    )
    line = [(x, min(y, BEYOND * grid.depths[-1])) for x, y in theory if not isnan(y)]
    return {"cells": table(cells, columns), "theory": table(line, ("x", "y"))}


def edges(values: Sequence[float]) -> list[tuple[float, float]]:
    """Where each value's cell begins and ends: in the middle between neighbours, not below 0."""
    middles = (np.array(values[1:]) + np.array(values[:-1])) / 2
    if not len(middles):
        return [(max(values[0] - 0.5, 0.0), values[0] + 0.5)]
    first, last = max(2 * values[0] - middles[0], 0.0), 2 * values[-1] - middles[-1]
    inner = [first, *middles, last]
    return [(float(a), float(b)) for a, b in pairwise(inner)]


def trainability(
    t: Text, colours: Palette, across: tuple[float, float], up: tuple[float, float],
    alternative: str,
) -> alt.LayerChart:  # fmt: skip
    """Final accuracy over weight variance and depth, 6 xi dotted. Data: `map_tables` and `here`.

    across, up: the ends of the axes.
    """
    words = t.sweep
    x = alt.X("left:Q").scale(domain=across, nice=False).title(words.variance_axis)
    y = alt.Y("low:Q").scale(domain=up, nice=False).title(words.depth_axis)
    square = {"x": x, "x2": "right:Q", "y": y, "y2": "high:Q"}
    cells = (
        alt.Chart(alt.NamedData("cells"))
        .mark_rect(cursor="pointer")
        .encode(
            **square,
            href="url:N",
            color=alt.condition(
                "datum.gone == 0",
                alt.Color("accuracy:Q")
                .scale(scheme="viridis", domain=[0, 1])
                .legend(orient="bottom", title=words.quantities.accuracy, format="%"),
                alt.value(colours.faint),
            ),
            tooltip=[
                alt.Tooltip("variance:Q", title="σ_w²", format=".3~g"),
                alt.Tooltip("depth:Q", title=t.settings.depth),
                alt.Tooltip("text:N", title=words.quantities.accuracy),
            ],
        )
    )
    theory = alt.Chart(alt.NamedData("theory")).encode(alt.X("x:Q"), alt.Y("y:Q"))
    halo = theory.mark_line(strokeWidth=6, color=colours.paper, opacity=0.6, clip=True)
    line = theory.mark_line(strokeWidth=LINE, strokeDash=[3, 3], color=colours.ink, clip=True)
    here = alt.Chart(alt.NamedData("here")).encode(**square)
    around, frame = (
        here.mark_rect(fillOpacity=0, stroke=stroke, strokeWidth=width)
        for stroke, width in ((colours.paper, 6), (colours.ink, 2.5))
    )
    return alt.layer(cells, halo, line, around, frame).properties(
        height=MAP_HEIGHT, description=alternative
    )
