"""A small network as a picture, with the numbers of one sample, and the error signal of its layers.

The parameter `step`, set by the buttons, decides which numbers are known and what is marked.
"""

from __future__ import annotations

from itertools import pairwise
from math import ceil, floor, log10
from typing import Any

import altair as alt
import numpy as np
import pyarrow as pa

from core.lessons.walkthrough import Walkthrough
from pages.charts.expressions import POWER_OF_TEN, layer_name, quoted
from pages.charts.style import LINE, Palette
from pages.charts.vocabulary import layer_ticks, step_input
from pages.texts import Text
from pages.texts.numbers import power

UNIT, SIZES = 112, 200
"""Heights in pixels: of one unit, numbers included, and of the chart of error signals."""
WIDE = 95
"""Pixels between layers that the numbers on the edges need, or they would hide the rest."""
NEAR = 0.62
"""The position along an edge of its number, where no two of a layer overlap."""


def steps_of(layers: int) -> dict[str, list[int]]:
    """The step that computes each layer, layer 1 first; the loss comes between the two passes."""
    return {
        "forward": list(range(1, layers + 1)),
        "backward": [2 * layers + 2 - k for k in range(1, layers + 1)],
        "update": [2 * layers + 1 + k for k in range(1, layers + 1)],
    }


def fixed(value: float, digits: int) -> str:
    """A number with the decimals that the reader chose, in powers of ten if it is large."""
    if abs(value) >= 1e7:
        return power(value, digits + 1)
    text = f"{value:.{digits}f}"
    return (text.removeprefix("-") if float(text) == 0 else text).replace("-", "−")


def height_of(unit: int, units: int) -> float:
    """The height of a unit, in units; the middle of a layer is at 0, its first unit at the top."""
    return (units - 1) / 2 - unit


def table(rows: list[dict[str, Any]]) -> pa.Table:
    return pa.table({name: [row[name] for row in rows] for name in rows[0]})


def nodes_table(walk: Walkthrough, *, chain: bool) -> pa.Table:
    """One row per unit; the columns say at which steps it is marked.

    chain: units are named after their layer, and none is marked.
    """
    at = steps_of(len(walk.layers))
    rows = []
    for k, units in enumerate(walk.sizes):
        for j in range(units):
            output = k == len(walk.layers)
            letter = "a" if k else "x"
            own = (subscript(k) if k else "") if chain else subscript(j + 1)
            name = "p" if output else letter + own
            marked = {way: at[way][k - 1] if k and not chain else -1 for way in at}
            rows.append({"x": k, "y": height_of(j, units), "name": name, **marked})
    return table(rows)


def subscript(number: int) -> str:
    return str(number).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


def values_table(walk: Walkthrough, digits: int) -> pa.Table:
    """The numbers under the units: the step from which each is known, and its line."""
    at = steps_of(len(walk.layers))
    last = len(walk.layers)
    rows = []

    def add(k: int, j: int, units: int, line: int, text: str, since: int) -> None:
        rows.append({"x": k, "y": height_of(j, units), "line": line, "text": text, "since": since})

    for i, x in enumerate(walk.layers[0].inputs):
        add(0, i, walk.sizes[0], 0, fixed(float(x), digits), 0)
    for k, layer in enumerate(walk.layers, 1):
        for j in range(len(layer.z)):
            told = [("z", layer.z[j], at["forward"][k - 1])]
            told.append(("p" if k == last else "a", layer.outputs[j], at["forward"][k - 1]))
            told.append(("δ", layer.delta[j], at["backward"][k - 1]))
            if k == last:
                told.append(("L", walk.loss, last + 1))
            for line, (symbol, value, since) in enumerate(told):
                add(k, j, len(layer.z), line, f"{symbol} {fixed(float(value), digits)}", since)
    return table(rows)


def edges_table(walk: Walkthrough, *, chain: bool) -> pa.Table:
    """One row per weight, from (x, y) to (x2, y2); marked like its unit."""
    at = steps_of(len(walk.layers))
    rows = []
    for k, (fan_in, fan_out) in enumerate(pairwise(walk.sizes)):
        for i in range(fan_in):
            for j in range(fan_out):
                row: dict[str, float] = {way: -1 if chain else at[way][k] for way in at}
                ends = {"y": height_of(i, fan_in), "y2": height_of(j, fan_out)}
                rows.append({"x": k, "x2": k + 1, **ends, **row})
    return table(rows)


def numbers_table(walk: Walkthrough, digits: int, always: int | None) -> pa.Table:
    """The numbers on the edges: the weight, its gradient, the new weight, each at its step.

    always: the one step at which all weights are shown, where there is nothing to step through.
    """
    at = steps_of(len(walk.layers))
    rows = []
    for k, layer in enumerate(walk.layers):
        fan_in, fan_out = layer.weights.shape
        for i in range(fan_in):
            for j in range(fan_out):
                begin, end = height_of(i, fan_in), height_of(j, fan_out)
                place = {"x": k + NEAR, "y": (1 - NEAR) * begin + NEAR * end}
                if always is not None:
                    place = {"x": k + 0.5, "y": 0.14}
                    rows.append({**place, "text": fixed(layer.weights[i, j], digits), "at": always})
                    continue
                for way, value in (
                    ("forward", layer.weights),
                    ("backward", layer.weight_gradient),
                    ("update", layer.new_weights),
                ):
                    text = fixed(float(value[i, j]), digits)
                    rows.append({**place, "text": text, "at": at[way][k]})
    return table(rows)


def diagram(
    t: Text, colours: Palette, sizes: tuple[int, ...], steps: int, start: int, alternative: str
) -> alt.LayerChart:
    """The network, layer 1 left of the output. Data: `edges`, `nodes`, `values`, `numbers`.

    start: the step shown until the buttons choose another.
    """
    most, last = max(sizes), len(sizes) - 1
    names = f"datum.value == 0 ? {quoted(t.byhand.input_layer)} : "
    names += layer_name(last, t.byhand.output_short)
    x = alt.X("x:Q").scale(domain=[-0.45, last + 0.45], nice=False)
    x = x.axis(
        values=list(range(last + 1)), labelExpr=names, title=t.byhand.layer_axis,
        grid=False, domain=False, ticks=False, labelPadding=2, labelOverlap=False,
        labelColor=colours.faint, titleColor=colours.faint,
    )  # fmt: skip
    low, high = -(most - 1) / 2 - 0.72, (most - 1) / 2 + 0.32
    y = alt.Y("y:Q").scale(domain=[low, high], nice=False, zero=False).axis(None)
    now = "step == datum.forward || step == datum.backward || step == datum.update"
    lines = (
        alt.Chart(alt.NamedData("edges"))
        .mark_rule()
        .encode(
            x,
            y,
            x2="x2:Q",
            y2="y2:Q",
            color=alt.condition(now, alt.value(colours.accent), alt.value(colours.faint)),
            strokeWidth=alt.condition(now, alt.value(LINE), alt.value(1)),
            opacity=alt.condition(now, alt.value(1), alt.value(0.55)),
        )
    )
    nodes = alt.Chart(alt.NamedData("nodes")).encode(x, y)
    circles = nodes.mark_point(shape="circle", size=720, filled=False, fill=colours.paper).encode(
        stroke=alt.condition(now, alt.value(colours.accent), alt.value(colours.ink)),
        strokeWidth=alt.condition(now, alt.value(3.5), alt.value(1.2)),
        opacity=alt.value(1),
    )
    letters = nodes.mark_text(fontSize=13, fontStyle="italic", color=colours.ink).encode(
        text="name:N"
    )
    return (
        alt.layer(
            lines,
            circles,
            letters,
            *numbers_under_units(colours, x, y),
            *numbers_at_edges(colours, x, y, WIDE * last if most > 1 else 0),
        )
        .add_params(step_input("step", steps - 1, start))
        .properties(
            height=UNIT * most + 66,
            background=colours.paper,  # a worksheet is light in the dark theme, too
            description=alternative,
            padding={"left": 4, "right": 4, "top": 4, "bottom": 4},
        )
        .configure_view(stroke=None)
    )


def numbers_under_units(colours: Palette, x: alt.X, y: alt.Y) -> list[alt.Chart]:
    """z, a, delta and the loss on separate lines, each from its step on."""
    layers = []
    for line in range(4):
        under = (
            alt.Chart(alt.NamedData("values"))
            .transform_filter(f"datum.line == {line} && step >= datum.since")
            .encode(x, y, text="text:N", opacity=alt.Opacity(value=1))
        )
        style: dict[str, Any] = {"dy": 25 + 14 * line, "fontSize": 11}
        layers += [
            under.mark_text(**style, stroke=colours.paper, strokeWidth=4, color=colours.paper),
            under.mark_text(**style, color=colours.ink),
        ]
    return layers


def numbers_at_edges(colours: Palette, x: alt.X, y: alt.Y, narrow: int) -> list[alt.Chart]:
    """The numbers of the current step, if the chart is wider than `narrow`."""
    beside = (
        alt.Chart(alt.NamedData("numbers"))
        .transform_filter(f"step == datum.at && width > {narrow}")
        .encode(x, y, text="text:N")
    )
    return [
        beside.mark_text(fontSize=11, stroke=colours.paper, strokeWidth=4, color=colours.paper),
        beside.mark_text(fontSize=11, color=colours.accent, fontWeight="bold"),
    ]


# How large the error signal is


def sizes_of(walk: Walkthrough) -> list[float]:
    """The root mean square of delta in every layer, layer 1 first."""
    return [float(np.sqrt(np.mean(layer.delta**2))) for layer in walk.layers]


def decades_of(walk: Walkthrough) -> tuple[int, int]:
    """The powers of ten that enclose all nonzero error signals."""
    sizes = [size for size in sizes_of(walk) if size > 0] or [1.0]
    return min(floor(log10(min(sizes))), -1), max(ceil(log10(max(sizes))), 0)


def sizes_table(walk: Walkthrough) -> pa.Table:
    """One row per layer, with a line to the layer above; an error signal of 0 is at the foot."""
    foot = 10.0 ** decades_of(walk)[0]
    at = steps_of(len(walk.layers))["backward"]
    sizes = sizes_of(walk)
    drawn = [size if size > 0 else foot for size in sizes]
    return pa.table(
        {
            "layer": list(range(1, len(sizes) + 1)),
            "size": drawn,
            "above": [min(k + 2, len(sizes)) for k in range(len(sizes))],
            "size_above": [*drawn[1:], drawn[-1]],
            "text": [power(size, 3) for size in sizes],
            "since": at,
        }
    )


def signals(
    t: Text, colours: Palette, layers: int, decades: tuple[int, int], steps: int, start: int,
    alternative: str,
) -> alt.LayerChart:  # fmt: skip
    """The size of the error signal per layer on a logarithmic axis. Data: `sizes`."""
    low, high = decades
    x = alt.X("layer:Q").scale(domain=[0.55, layers + 0.45], nice=False)
    x = x.axis(
        **layer_ticks(layers, t.byhand.output_short),
        title=t.byhand.layer_axis, grid=False, labelOverlap=False,
    )  # fmt: skip
    ticks = [10.0**n for n in range(low, high + 1, max(1, (high - low) // 4))]
    y = (
        alt.Y("size:Q")
        .scale(type="log", domain=[10.0**low, 10.0 ** (high + 0.4)], nice=False)
        .axis(title=t.byhand.size_axis, values=ticks, labelExpr=POWER_OF_TEN, titlePadding=4)
    )
    base = alt.Chart(alt.NamedData("sizes")).transform_filter("step >= datum.since").encode(x, y)
    return (
        alt.layer(
            base.mark_rule(color=colours.ink, strokeWidth=LINE).encode(
                x2="above:Q", y2="size_above:Q"
            ),
            base.mark_point(filled=True, size=70, color=colours.ink, opacity=1),
            base.mark_text(dy=-13, fontSize=12, color=colours.ink).encode(text="text:N"),
        )
        .add_params(step_input("step", steps - 1, start))
        .properties(height=SIZES, description=alternative)
    )
