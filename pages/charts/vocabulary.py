"""The shared vocabulary of charts: inputs, axes, strokes, names at the ends of lines.

A chart consists of named parts, and its last line layers them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any, NamedTuple

import altair as alt
import numpy as np
from numpy.typing import NDArray

from core.nn.own import activation_of
from pages.charts.expressions import POWER_OF_TEN, layer_name
from pages.charts.style import LINE, SHAPES, Palette, dash, hue
from pages.texts import Text

Floats = NDArray[np.float64]

ONCE = alt.sequence(1)
"""One row of data for a mark that has none: the browser makes it, so that no dataset is sent."""


# What the reader moves

LONGEST = 100_000
"""The largest epoch that the clock can set."""


def epoch_input() -> alt.Parameter:
    """The parameter that the clock sets."""
    bound = alt.binding_range(min=0, max=LONGEST, step=1, name="epoch")
    return alt.param(name="epoch", value=LONGEST, bind=bound)


def step_input(name: str, steps: int, start: int) -> alt.Parameter:
    """A parameter set by the dial of this name."""
    return alt.param(
        name=name, value=start, bind=alt.binding_range(min=0, max=steps, step=1, name=name)
    )


def until(epochs: NDArray[Any]) -> NDArray[Any]:
    """The epoch at which each of these gives way to the next; the last one never does."""
    return np.append(epochs[1:], LONGEST + 1)[: len(epochs)]


# Axes

CLOSE: dict[str, Any] = {"titlePadding": 4, "labelPadding": 3, "grid": False}
"""Axes that leave the height to the picture."""
SNUG = {"left": 5, "top": 4, "right": 5, "bottom": 4}
"""Padding of a low chart: no more below than above."""
REACH = 6.0
"""Functions of z are drawn from -REACH to REACH."""
TOP = 2
"""The power of ten at which a logarithmic axis of layers ends."""


class Ends(NamedTuple):
    """The lowest and the highest value that a vertical axis shows."""

    low: float
    high: float

    @property
    def ends(self) -> Ends:
        """Itself, as of any axis."""
        return self

    def clip(self, value: float) -> float:
        return min(max(value, self.low), self.high)


class Decades(NamedTuple):
    """The powers of ten at which a logarithmic axis begins and ends."""

    low: int
    high: int

    @classmethod
    def of_depth(cls, depth: int) -> Decades:
        """The axis for what a network of this many hidden layers does to an error."""
        return cls(-max(3, round(0.85 * depth) + 2), TOP)

    @property
    def ends(self) -> Ends:
        return Ends(10.0**self.low, 10.0**self.high)

    def clip(self, values: Floats) -> Floats:
        return np.clip(values, *self.ends)

    def ticks(self, every: int = 1) -> list[float]:
        """The powers of ten whose exponents are multiples of `every`."""
        return [10.0**k for k in range(self.low, self.high + 1) if k % every == 0]

    def about(self, count: int) -> int:
        """For `ticks`: the `every` that gives about `count` of them."""
        return max(1, round((self.high - self.low + 1) / count))

    def at_most(self, count: int) -> int:
        """For `ticks`: the `every` that gives at most `count` of them, not counting the first."""
        return max(1, ceil((self.high - self.low) / count))


def log_axis(
    decades: Decades, title: str, every: int = 1, *, clamp: bool = False, **axis: Any
) -> dict[str, Any]:
    """A logarithmic axis in powers of ten, for `alt.Y(field, **log_axis(...))`."""
    scale: dict[str, Any] = {"type": "log", "domain": list(decades.ends), "nice": False}
    if clamp:
        scale["clamp"] = True
    labels = {"values": decades.ticks(every), "labelExpr": POWER_OF_TEN, "titlePadding": 6}
    return {"scale": alt.Scale(**scale), "axis": alt.Axis(**labels | axis), "title": title}


def value_axis(field: str, axis: Decades | Ends, title: str, count: int) -> alt.Y:
    """The left axis of a low chart, its title above it, with about `count` numbers."""
    if isinstance(axis, Decades):
        return alt.Y(field, **log_axis(axis, title, axis.at_most(count), **above("left")))
    return (
        alt.Y(field)
        .scale(domain=list(axis), nice=False, clamp=True)
        .axis(tickCount=count, **above("left"))
        .title(title)
    )


def above(side: str) -> dict[str, Any]:
    """The title of a vertical axis above it, for a chart that may be lower than the title is long.

    side: the side of the axis.
    """
    return {
        "titleAngle": 0,
        "titleAnchor": "end",
        "titleAlign": side,
        "titleBaseline": "bottom",
        "titleX": 34 if side == "right" else -34,
        "titleY": -5,
    }


def layer_ticks(last: int, out: str) -> dict[str, Any]:
    """Ticks at the layers 1 to `last`, the last of which is labelled `out`."""
    return {"values": list(range(1, last + 1)), "labelExpr": layer_name(last, out)}


def layer_axis(
    t: Text, depth: int, title: str, field: str = "x:Q", left: float | alt.Expr = 0.8
) -> alt.X:
    """The layers along x, 1 at the left and the output at the right; the axis begins at `left`."""
    ticks = layer_ticks(depth + 1, t.training.out)
    return (
        alt.X(field)
        .scale(domain=[left, depth + 1.2], nice=False)
        .axis(**ticks, **CLOSE)
        .title(title)
    )


def z_axis(t: Text, **axis: Any) -> alt.X:
    """The pre-activation z."""
    x = alt.X("z:Q").scale(domain=[-REACH, REACH], nice=False).title(t.activations.z_axis)
    return x.axis(values=list(range(-6, 7, 2)), format="d", **axis)


def plane_axes(reach: float) -> tuple[alt.X, alt.Y]:
    """The plane of the two inputs, from -reach to reach."""
    sides = alt.Scale(domain=[-reach, reach], nice=False)
    ticks: dict[str, Any] = {"format": "d", "values": [-1, 0, 1], **CLOSE}
    return (
        alt.X("x1:Q").scale(sides).title("x₁").axis(**ticks),
        alt.Y("x2:Q").scale(sides).title("x₂").axis(**ticks),
    )


def strong_at(value: float, colours: Palette) -> dict[str, Any]:
    """The colour of an axis' grid: stronger at this value."""
    return {
        "condition": {"test": f"datum.value === {value}", "value": colours.faint},
        "value": colours.grid,
    }


def arrows() -> alt.Shape:
    """An arrow at the end of the axis for a value beyond it, from the column `mark`."""
    sides = {"below": "triangle-down", "within": "circle", "above": "triangle-up"}
    return alt.Shape("mark:N").scale(domain=list(sides), range=list(sides.values())).legend(None)


def number_at_point(points: alt.Chart, colours: Palette) -> alt.Chart:
    """The column `label` under a point, or beside it where the numbers of the x axis are near."""
    room = "height - scale('y', datum.shown) > 24"
    return points.mark_text(
        dx=alt.expr(f"{room} ? -4 : 9"),
        dy=alt.expr(f"{room} ? 9 : -13"),
        align="left",
        baseline="top",
        color=colours.ink,
        fontSize=12,
        fontWeight="bold",
    ).encode(text="label:N")


def dotted_at(
    value: float, colours: Palette, opacity: float = 0.45, scale: alt.Scale | None = None
) -> alt.Chart:
    """A dotted line across the chart, such as what guessing scores."""
    y = alt.YDatum(value) if scale is None else alt.YDatum(value).scale(scale)
    return (
        alt.Chart(ONCE).mark_rule(color=colours.ink, opacity=opacity, strokeDash=[2, 3]).encode(y=y)
    )


# Strokes and marks


def strokes(
    keys: Sequence[str], colours: Palette, field: str = "key:N", **legend: Any
) -> tuple[alt.Color, alt.StrokeDash]:
    """The hue and the dash of activations; without a `legend`, names are at the lines' ends."""
    entries = [activation_of(key) for key in keys]
    domain = list(keys)
    colour = alt.Color(field).scale(domain=domain, range=[hue(entry, colours) for entry in entries])
    dashes = alt.StrokeDash(field).scale(
        domain=domain, range=[list(dash(entry)) for entry in entries]
    )
    if legend:
        return colour.legend(title=None, **legend), dashes.title(None)
    return colour.legend(None), dashes.legend(None)


def two_classes(colours: Palette) -> tuple[alt.Color, alt.Shape]:
    """A point's class, by colour and shape."""
    return (
        alt.Color("label:N").scale(domain=[0, 1], range=list(colours.classes[:2])).legend(None),
        alt.Shape("label:N").scale(domain=[0, 1], range=list(SHAPES[:2])).legend(None),
    )


def corner_note(data: alt.Chart, colours: Palette, field: str, **style: Any) -> alt.Chart:
    """Words above the upper left corner of the chart."""
    look = {"align": "left", "baseline": "bottom", "fontSize": 13, "dy": -6, "color": colours.ink}
    return data.mark_text(**look | style).encode(text=field, x=alt.XValue(0), y=alt.YValue(0))


# Names at the ends of lines

LABEL = 16
"""Pixels from one label to the next."""


def apart(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Move `places` as little as possible until each two are `gap` apart, between low and high.

    Their order stays. Less the gaps below it, each must not be lower than the one before it:
    neighbours that are take their mean.
    """
    order = np.argsort(places, kind="stable")
    steps = gap * np.arange(len(order))
    groups: list[list[float]] = []  # each a sum and a count
    for place in np.array(places, dtype=float)[order] - steps:
        groups.append([float(place), 1])
        while len(groups) > 1 and groups[-2][0] / groups[-2][1] > groups[-1][0] / groups[-1][1]:
            total, count = groups.pop()
            groups[-1] = [groups[-1][0] + total, groups[-1][1] + count]
    level = np.concatenate([np.full(int(count), total / count) for total, count in groups])
    moved = np.empty(len(order))
    moved[order] = np.clip(level, low, max(low, high - steps[-1])) + steps
    return moved.tolist()


def names_beside(
    data: alt.Chart,
    y: Mapping[str, Any],
    colour: alt.Color,
    dashes: alt.StrokeDash | None = None,
) -> list[alt.Chart]:
    """Names beside the lines' ends, each with a piece of its line if there are `dashes`.

    Data: `name`, the line's `end` and the `place` where there is room for the name.
    """
    end, place = alt.Y("end:Q", **y), alt.Y("place:Q", **y)

    def rule(start: int, stop: int, **style: Any) -> alt.Chart:
        return data.mark_rule(**style).encode(
            x=alt.XValue(alt.expr(f"width + {start}")),
            x2=alt.X2Value(alt.expr(f"width + {stop}")),
            color=colour,
        )

    text = 11 if dashes is None else 38
    lead = rule(1, 8, strokeWidth=1, opacity=0.6).encode(y=end, y2="place:Q")
    name = data.mark_text(align="left", fontSize=12, fontWeight="bold").encode(
        x=alt.XValue(alt.expr(f"width + {text}")), y=place, text="name:N", color=colour
    )
    if dashes is None:
        return [lead, name]
    return [lead, rule(8, 34, strokeWidth=LINE).encode(y=place, strokeDash=dashes), name]
