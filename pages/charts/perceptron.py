"""One line over points, what the learning rule does to it, and how a hidden layer folds the plane.

The browser moves these charts by their parameters: `turn` (degrees) and `shift` (steps from the
lowest) of a line by hand, `epoch`, here the number of mistakes, and `fold` (per cent).
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isinf
from typing import Any

import altair as alt
import numpy as np
import pyarrow as pa

from core.arrays import Array
from core.lessons.folding import Chart, Fold
from core.lessons.perceptron import ON_THE_LINE, Lesson, Line, Margin, Points, PointSet, best_at
from pages.charts.expressions import NOW, quoted
from pages.charts.pictures import backdrop, shade
from pages.charts.present import PROJECTOR
from pages.charts.style import LINE, Palette
from pages.charts.vocabulary import ONCE, epoch_input, step_input, two_classes, until
from pages.texts import Text
from pages.texts.numbers import decimals, power

PLANE, STRIP, SIDE, TABLE = 440, 190, 250, 158
"""Heights in pixels, axes included."""
LOW_PLANE, LOW_SIDE = 215, 290
"""The same on a projector, where the learning rule is watched under its clock."""
TURNS = 360
SHIFT, SHIFTS = 1.5, 300
"""A line moved by hand goes from -SHIFT to SHIFT, in SHIFTS steps."""
FAR = 2000.0
"""The end of a half-plane, far outside every picture."""
STEEP = 1e-3
"""A line steeper than 1 in this is drawn with that slope: no difference to the eye."""
TINT = 0.16
NAMES = ("w₁", "w₂", "b")
WEIGHT_DASHES = ((1, 0), (7, 3), (2, 2))
GRID, FINE = 13, 41
"""Grid lines of the fold in each direction, and the points along each."""
CELLS = 120


# The plane


def points_table(points: Points) -> pa.Table:
    return pa.table({"x1": points.x[:, 0], "x2": points.x[:, 1], "label": points.y.astype(int)})


def sides(chosen: PointSet) -> alt.Scale:
    low, high = chosen.centre - chosen.half, chosen.centre + chosen.half
    return alt.Scale(domain=[low, high], nice=False, zero=False)


def axes(chosen: PointSet, x: str = "x1", y: str = "x2") -> tuple[alt.X, alt.Y]:
    ticks = [0, 1] if chosen.corners else [-1, 0, 1]
    axis: dict[str, Any] = {"values": ticks, "format": "d", "grid": False, "titlePadding": 4}
    return (
        alt.X(f"{x}:Q").scale(sides(chosen)).title("x₁").axis(**axis),
        alt.Y(f"{y}:Q").scale(sides(chosen)).title("x₂").axis(**axis),
    )


def dots(colours: Palette, data: alt.Chart, x: Any, y: Any, corners: bool) -> alt.Chart:
    """The points, by class."""
    return data.mark_point(
        size=230 if corners else 34,
        filled=True,
        stroke=colours.paper,
        strokeWidth=0.7,
        opacity=1,
        clip=True,
    ).encode(x, y, *two_classes(colours))


def half_planes(
    colours: Palette, data: alt.Chart, x: Any, scale: alt.Scale
) -> tuple[alt.Chart, alt.Chart]:
    """Both sides of a line, tinted. The rows hold x, `y` on the line, and the ends of the sides."""
    kind = alt.Y("y:Q").scale(scale)
    return tuple(
        data.mark_area(color=colour, opacity=TINT, clip=True, line=False).encode(
            x, kind, alt.Y2(f"{end}:Q")
        )
        for colour, end in zip(colours.classes[:2], ("of_a", "of_b"), strict=True)
    )


def drawn_line(line: Line, chosen: PointSet) -> dict[str, list[float]]:
    """Two points of the line, at the sides of the picture, and where its half-planes end."""
    x = [chosen.centre - chosen.half, chosen.centre + chosen.half]
    if line.w1 == line.w2 == 0:  # no line: one class everywhere
        foot = -FAR if line.b > ON_THE_LINE else FAR
        return {"x1": x, "y": [foot] * 2, "of_a": [-FAR] * 2, "of_b": [FAR] * 2}
    length = float(np.hypot(line.w1, line.w2))
    w1, w2, b = line.w1 / length, line.w2 / length, line.b / length
    w2 = float(np.copysign(max(abs(w2), STEEP), w2))
    end = float(np.copysign(FAR, w2))
    y = [-(w1 * place + b) / w2 for place in x]
    return {"x1": x, "y": y, "of_a": [-end] * 2, "of_b": [end] * 2}


def line_table(line: Line, chosen: PointSet) -> pa.Table:
    return pa.table(drawn_line(line, chosen))


# A line by hand


def angles_table(points: Points) -> pa.Table:
    """For every degree, the best that a line of that direction achieves, and its `shift`."""
    best = [best_at(points, turn) for turn in range(TURNS)]
    return pa.table(
        {
            "turn": list(range(TURNS)),
            "share": [found.correct / len(points.y) for found in best],
            "b": [found.line.b for found in best],
        }
    )


def followed(table: pa.Table, chosen: PointSet) -> tuple[float, ...]:
    """The best shift at every degree, for a line that slides to it by itself."""
    turn = np.radians(table["turn"].to_numpy())
    normal = np.cos(turn) + np.sin(turn)
    shift = -table["b"].to_numpy() - chosen.centre * normal
    return tuple(float(value) for value in shift.round(9))


def line_inputs(chosen: PointSet, follow: tuple[float, ...]) -> list[alt.Parameter]:
    """The dials, and the line they define: w1 (x1 - centre) + w2 (x2 - centre) - offset = 0."""
    offset = f"shift * {2 * SHIFT / SHIFTS} - {SHIFT}"
    if follow:
        offset = f"[{','.join(map(repr, follow))}][turn % {TURNS}]"
    turn, shift = step_input("turn", TURNS - 1, 0), step_input("shift", SHIFTS, 0)
    return [
        turn,
        *([] if follow else [shift]),
        alt.param(name="w1", expr="cos(turn * PI / 180)"),
        alt.param(name="w2", expr="sin(turn * PI / 180)"),
        alt.param(name="offset", expr=offset),
        alt.param(name="steep", expr=f"w2 < 0 ? min(w2, -{STEEP}) : max(w2, {STEEP})"),
    ]


def summed(chosen: PointSet) -> str:
    """w . x + b of a row, as computed in the browser."""
    c = chosen.centre
    return f"w1 * (datum.x1 - {c}) + w2 * (datum.x2 - {c}) - offset"


def judged(data: alt.Chart, chosen: PointSet) -> alt.Chart:
    """Every point, with `right`: whether the line classifies it correctly."""
    right = f"(({summed(chosen)}) > {ON_THE_LINE}) == (datum.label == 1)"
    return data.transform_calculate(right=right)


def counted(data: alt.Chart, chosen: PointSet) -> alt.Chart:
    """One row: how many points of how many are right."""
    return (
        judged(data, chosen)
        .transform_calculate(one="datum.right ? 1 : 0")
        .transform_aggregate(right="sum(one)", all="count()")
        .transform_calculate(share="datum.right / datum.all", turn="turn % 360")
    )


def by_hand(
    t: Text,
    colours: Palette,
    chosen: PointSet,
    follow: tuple[float, ...],
    best: bool,
    alternative: str,
) -> alt.LayerChart:
    """The points and the line that the dials move, with how many points it gets right.

    follow: the shift at every degree, or () if a separate dial moves it. best: whether a best
    line is shown, too. Data: `points` from `points_table`, `best` from `line_table`.
    """
    scale = sides(chosen)
    x, y = axes(chosen)
    low, high = scale["domain"]
    c = chosen.centre
    edge = (
        alt.Chart(alt.sequence(0, 2, as_="end"))
        .transform_calculate(x1=f"datum.end ? {high} : {low}")
        .transform_calculate(
            y=f"{c} + (offset - w1 * (datum.x1 - {c})) / steep",
            of_a=f"steep < 0 ? {FAR} : {-FAR}",
            of_b=f"steep < 0 ? {-FAR} : {FAR}",
        )
    )
    here = alt.Y("y:Q").scale(scale)
    line = edge.mark_line(color=colours.ink, strokeWidth=LINE, clip=True).encode(x, here)
    other = (
        alt.Chart(alt.NamedData("best"))
        .mark_line(color=colours.accent, strokeWidth=LINE, strokeDash=[6, 4], clip=True)
        .encode(x, here)
    )
    data = alt.Chart(alt.NamedData("points"))
    wrong = (
        judged(data, chosen)
        .transform_filter("!datum.right")
        .mark_point(
            size=520 if chosen.corners else 110, color=colours.wrong, strokeWidth=1.8, clip=True
        )
        .encode(x, y, opacity=alt.value(0.9))
    )
    words = (
        counted(data, chosen)
        .transform_calculate(text=filled(t.perceptron.count, n="datum.right", all="datum.all",
                                         share="format(100 * datum.share, '.1f')"))
        .mark_text(align="left", baseline="bottom", fontSize=15, fontWeight="bold")
        .encode(x=alt.XValue(0), y=alt.YValue(-8), text="text:N", color=alt.value(colours.ink))
    )  # fmt: skip
    return (
        alt.layer(
            *half_planes(colours, edge, x, scale),
            line,
            *([other] if best else []),
            dots(colours, data, x, y, chosen.corners),
            wrong,
            words,
        )
        .add_params(*line_inputs(chosen, follow))
        .properties(height=PLANE, usermeta={PROJECTOR: PLANE}, description=alternative)
    )


def filled(text: str, **values: str) -> str:
    """A text with placeholders as a Vega expression."""
    parts, rest = [], text
    while rest:
        head, opened, tail = rest.partition("{")
        if head:
            parts.append(quoted(head))
        name, _, rest = tail.partition("}")
        if opened:
            parts.append(f"({values[name]})")
    return " + ".join(["''", *parts])


def angles(
    t: Text,
    colours: Palette,
    chosen: PointSet,
    follow: tuple[float, ...],
    best: float,
    lowest: float,
    alternative: str,
) -> alt.LayerChart:
    """The best accuracy at every angle, the best of all, and where the line of the dials is.

    best: the accuracy of the best line of all. lowest: the start of the axis.
    Data: `angles` from `angles_table`, `points`.
    """
    x = (
        alt.X("turn:Q")
        .scale(domain=[0, TURNS], nice=False)
        .axis(values=[0, 90, 180, 270, 360], labelExpr="datum.value + '°'", grid=False)
        .title(t.perceptron.turn_axis)
    )
    y = (
        alt.Y("share:Q")
        .scale(domain=[lowest, 1.0], nice=False, zero=False, clamp=True)
        .axis(format="%", tickCount=4, titlePadding=6)
        .title(t.perceptron.share_axis)
    )
    curve = (
        alt.Chart(alt.NamedData("angles"))
        .mark_line(color=colours.faint, strokeWidth=LINE, interpolate="step")
        .encode(x, y, tooltip=[
            alt.Tooltip("turn:Q", title=t.perceptron.turn_axis),
            alt.Tooltip("share:Q", title=t.perceptron.share_axis, format=".1%"),
        ])
    )  # fmt: skip
    top = (
        alt.Chart(ONCE)
        .mark_rule(color=colours.accent, strokeDash=[6, 4], strokeWidth=1.5)
        .encode(y=alt.YDatum(best))
    )
    now = counted(alt.Chart(alt.NamedData("points")), chosen)
    rule = now.mark_rule(color=colours.ink, strokeWidth=1.2).encode(x)
    dot = now.mark_point(filled=True, size=90, color=colours.ink, opacity=1).encode(x, y)
    return (
        alt.layer(curve, top, rule, dot)
        .add_params(*line_inputs(chosen, follow))
        .properties(height=STRIP, description=alternative)
    )


def demands_table(points: Points, t: Text) -> pa.Table:
    """What each corner demands of w1, w2 and b: one row per corner."""
    names = {(0, 0): "b", (0, 1): "w₂ + b", (1, 0): "w₁ + b", (1, 1): "w₁ + w₂ + b"}
    corners = [(int(a), int(b)) for a, b in points.x]
    return pa.table(
        {
            "row": list(range(len(corners))),
            "x1": points.x[:, 0],
            "x2": points.x[:, 1],
            "label": points.y.astype(int),
            "corner": [
                t.perceptron.corner.format(x1=a, x2=b, name="AB"[int(label)])
                for (a, b), label in zip(corners, points.y, strict=True)
            ],
            "sum": [names[corner] for corner in corners],
            "demand": ["> 0" if label else "≤ 0" for label in points.y],
        }
    )


def demands(
    t: Text, colours: Palette, chosen: PointSet, follow: tuple[float, ...], alternative: str
) -> alt.LayerChart:
    """The inequalities of the corners, with the numbers of the line that the dials move.

    Data: `demands` from `demands_table`.
    """
    data = judged(alt.Chart(alt.NamedData("demands")), chosen).transform_calculate(
        value=f"format(({summed(chosen)}) + 1e-12, '+.2f')",
        holds=f"datum.right ? {quoted('✓ ' + t.perceptron.holds)} : "
        f"{quoted('✗ ' + t.perceptron.fails)}",
    )

    y = alt.Y("row:Q").scale(domain=[3.6, -0.9], nice=False).axis(None)

    def column(place: float, field: str, align: str = "left", **more: Any) -> alt.Chart:
        return data.mark_text(align=align, fontSize=14, **more).encode(
            y=y,
            x=alt.XValue(alt.expr(f"width * {place}")),
            text=f"{field}:N",
            color=alt.value(colours.ink),
        )

    verdict = column(0.78, "holds", fontWeight="bold").encode(
        color=alt.condition("datum.right", alt.value(colours.right), alt.value(colours.wrong))
    )
    heads = [
        alt.Chart(ONCE)
        .transform_calculate(row="-0.7", words=quoted(words))
        .mark_text(align=align, fontSize=11, color=colours.faint)
        .encode(y=y, x=alt.XValue(alt.expr(f"width * {place}")), text="words:N")
        for place, words, align in (
            (0.0, t.perceptron.head_corner, "left"),
            (0.56, t.perceptron.head_value, "right"),
            (0.61, t.perceptron.head_demand, "left"),
        )
    ]
    return (
        alt.layer(
            *heads,
            column(0.0, "corner"),
            column(0.24, "sum"),
            column(0.56, "value", align="right", fontWeight="bold"),
            column(0.61, "demand"),
            verdict,
        )
        .add_params(*line_inputs(chosen, follow))
        .properties(height=TABLE, description=alternative)
    )


# The learning rule


def lines_table(lesson: Lesson, chosen: PointSet) -> pa.Table:
    """The line after every number of mistakes, two rows each; before the first there is none."""
    lines = [Line(0.0, 0.0, 0.0), *(update.after for update in lesson.updates)]
    drawn = [drawn_line(line, chosen) for line in lines]
    epochs = np.arange(len(lines))
    columns = {name: np.concatenate([d[name] for d in drawn]) for name in drawn[0]}
    return pa.table({"epoch": np.repeat(epochs, 2), "until": np.repeat(until(epochs), 2)} | columns)


def corrected_table(lesson: Lesson, points: Points) -> pa.Table:
    """Which point was wrong at every mistake."""
    rows = [update.point for update in lesson.updates]
    epochs = np.arange(1, len(rows) + 1)
    return pa.table(
        {
            "epoch": epochs,
            "until": until(epochs) if len(rows) else epochs,
            "x1": points.x[rows, 0],
            "x2": points.x[rows, 1],
        }
    )


def lesson_plane(t: Text, colours: Palette, chosen: PointSet, alternative: str) -> alt.LayerChart:
    """The line after the clock's number of mistakes, the one before it, and the point corrected.

    Data: `points`, `lines` from `lines_table`, `corrected` from `corrected_table`.
    """
    scale = sides(chosen)
    x, y = axes(chosen)
    here = alt.Y("y:Q").scale(scale)
    data = alt.Chart(alt.NamedData("lines"))
    now = data.transform_filter(NOW)
    before = (
        data.transform_filter("datum.epoch + 1 <= epoch && epoch < datum.until + 1")
        .mark_line(color=colours.faint, strokeWidth=1.5, strokeDash=[4, 4], clip=True)
        .encode(x, here)
    )
    line = now.mark_line(color=colours.ink, strokeWidth=LINE, clip=True).encode(x, here)
    ring = (
        alt.Chart(alt.NamedData("corrected"))
        .transform_filter(NOW)
        .mark_point(size=700, color=colours.wrong, strokeWidth=2.5)
        .encode(x, y, opacity=alt.value(1))
    )
    return (
        alt.layer(
            *half_planes(colours, now, x, scale),
            before,
            line,
            dots(colours, alt.Chart(alt.NamedData("points")), x, y, chosen.corners),
            ring,
        )
        .add_params(epoch_input())
        .properties(height=PLANE, usermeta={PROJECTOR: LOW_PLANE}, description=alternative)
    )


def mistakes_table(lesson: Lesson) -> pa.Table:
    """The number of mistakes against the points looked at: a staircase."""
    seen = [0, *(update.seen for update in lesson.updates)]
    count = list(range(len(seen)))
    epochs = np.array(count)
    last = [lesson.seen] if lesson.seen > seen[-1] else []
    return pa.table(
        {
            "seen": seen + last,
            "mistakes": count + [count[-1]] * len(last),
            "epoch": count + [-1] * len(last),
            "until": [*until(epochs).tolist(), *[-1] * len(last)],
        }
    )


def mistakes(
    t: Text,
    colours: Palette,
    seen: int,
    most: int,
    margin: Margin,
    alternative: str,
) -> alt.LayerChart:
    """Mistakes against points looked at, and the bound that they cannot exceed, if there is one.

    Data: `mistakes` from `mistakes_table`.
    """
    bounded = margin.gamma > 0
    top = margin.bound * 1.12 if bounded else most * 1.05
    x = alt.X("seen:Q").scale(domain=[0, seen], nice=False).axis(tickCount=5, grid=False)
    x = x.title(t.perceptron.seen_axis)
    y = alt.Y("mistakes:Q").scale(domain=[0, max(top, 1)], nice=False)
    y = y.axis(tickCount=5, titlePadding=6).title(t.perceptron.mistakes_axis)
    data = alt.Chart(alt.NamedData("mistakes"))
    stair = data.mark_line(color=colours.ink, strokeWidth=LINE, interpolate="step-after")
    now = data.transform_filter(NOW)
    dot = now.mark_point(filled=True, size=90, color=colours.wrong, opacity=1).encode(x, y)
    count = now.mark_text(
        dx=-8, dy=-10, align="right", fontSize=13, fontWeight="bold", color=colours.ink
    ).encode(x, y, text="mistakes:Q")
    limit = alt.Chart(ONCE).encode(y=alt.YDatum(margin.bound if bounded else 0))
    bound = [
        limit.mark_rule(color=colours.accent, strokeDash=[6, 4], strokeWidth=1.8),
        limit.mark_text(
            align="right", dy=-9, fontSize=13, color=colours.ink, fontWeight="bold"
        ).encode(x=alt.XValue(alt.expr("width - 4")), text=alt.value(bound_words(margin))),
    ]
    return (
        alt.layer(stair.encode(x, y), dot, count, *(bound if bounded else []))
        .add_params(epoch_input())
        .properties(height=SIDE, usermeta={PROJECTOR: LOW_SIDE}, description=alternative)
    )


def bound_words(margin: Margin) -> str:
    return f"(R/γ)² = {bound_number(margin)}"


def bound_number(margin: Margin) -> str:
    """The bound, for people; a whole number if only rounding kept it from being one."""
    if isinf(margin.bound):
        return "∞"
    if margin.bound >= 1e5:
        return power(margin.bound, 3)
    nearest = round(margin.bound)
    if abs(margin.bound - nearest) < 1e-6 * margin.bound:
        return f"{nearest:,}"
    return decimals(margin.bound, 1)


def weights_table(lesson: Lesson) -> pa.Table:
    """w1, w2 and b after every number of mistakes."""
    lines = [Line(0.0, 0.0, 0.0), *(update.after for update in lesson.updates)]
    return pa.table(
        {
            "mistake": np.tile(np.arange(len(lines)), 3),
            "name": np.repeat(NAMES, len(lines)),
            "value": np.array(lines).T.ravel(),
        }
    )


def rounds_table(lesson: Lesson) -> pa.Table:
    """Every second round of the cycle as a band, from the first state that recurs."""
    last = len(lesson.updates)
    starts = list(range(lesson.cycle.first, last, lesson.cycle.period)) if lesson.cycle else []
    ends = [min(start + lesson.cycle.period, last) for start in starts] if lesson.cycle else []
    kinds = [k % 2 for k in range(len(starts))]
    return pa.table(
        {
            "start": pa.array(starts, pa.int64()),
            "end": pa.array(ends, pa.int64()),
            "kind": pa.array(kinds, pa.int64()),
        }
    )


def weights(t: Text, colours: Palette, last: int, alternative: str) -> alt.LayerChart:
    """The three weights against the number of mistakes; bands mark the rounds of a cycle.

    Data: `weights` from `weights_table`, `rounds` from `rounds_table`.
    """
    x = alt.X("mistake:Q").scale(domain=[0, max(last, 1)], nice=False)
    x = x.axis(tickCount=min(max(last, 1), 8), tickMinStep=1, format="d", grid=False)
    x = x.title(t.perceptron.mistakes_axis)
    y = alt.Y("value:Q").axis(tickCount=5, titlePadding=6).title(t.perceptron.weights_axis)
    legend = alt.Legend(orient="top", title=None, symbolType="stroke", symbolSize=700)
    hues = [colours.ink, colours.accent, colours.wrong]
    bands = (
        alt.Chart(alt.NamedData("rounds"))
        .mark_rect(opacity=0.22, color=colours.faint)
        .transform_filter("datum.kind == 0")
        .encode(alt.X("start:Q").title(t.perceptron.mistakes_axis), alt.X2("end:Q"))
    )
    lines = (
        alt.Chart(alt.NamedData("weights"))
        .mark_line(strokeWidth=2, interpolate="step-after")
        .encode(
            x,
            y,
            alt.Color("name:N", sort=list(NAMES), legend=legend).scale(
                domain=list(NAMES), range=hues
            ),
            alt.StrokeDash("name:N", sort=list(NAMES), legend=legend).scale(
                domain=list(NAMES), range=[list(dash) for dash in WEIGHT_DASHES]
            ),
        )
    )
    now = (
        alt.Chart(ONCE)
        .transform_calculate(mistake=f"min(epoch, {last})")
        .mark_rule(color=colours.ink, strokeWidth=1.2)
        .encode(x)
    )
    return (
        alt.layer(bands, lines, now)
        .add_params(epoch_input())
        .properties(height=SIDE, usermeta={PROJECTOR: LOW_SIDE}, description=alternative)
    )


# The fold


def regions(fold: Fold, chosen: PointSet) -> str:
    """The network's prediction over the plane, as a picture: one even tint for each class."""
    middle = (np.arange(CELLS) + 0.5) / CELLS * 2 - 1
    x1, x2 = np.meshgrid(middle, -middle)
    x = chosen.centre + chosen.half * np.stack([x1.ravel(), x2.ravel()], axis=1)
    answer = np.where(fold.sums(x) > 0, 150, 105).reshape(CELLS, CELLS)
    return shade(answer.astype(np.uint8))


def regions_table(fold: Fold, chosen: PointSet) -> pa.Table:
    return pa.table({"url": [regions(fold, chosen)]})


def unit_name(number: int) -> str:
    """h₁, h₂, ..."""
    return f"h{chr(ord('₀') + number)}"


def units_table(fold: Fold, chosen: PointSet) -> pa.Table:
    """The line of every hidden unit, two rows each."""
    parts = [
        {"unit": [unit_name(number)] * 2} | drawn_line(line, chosen)
        for number, line in enumerate(fold.lines(), start=1)
    ]
    return pa.table({name: [v for part in parts for v in part[name]] for name in parts[0]})


def input_plane(
    t: Text, colours: Palette, chosen: PointSet, units: int, alternative: str
) -> alt.LayerChart:
    """The points, the network's prediction around them, and the line of every hidden unit.

    Data: `points`, `regions` from `regions_table`, `units` from `units_table`.
    """
    scale = sides(chosen)
    x, y = axes(chosen)
    picture = backdrop("regions")
    names = [unit_name(number) for number in range(1, units + 1)]
    legend = alt.Legend(orient="top", title=None, symbolType="stroke", symbolSize=500, columns=4)
    lines = (
        alt.Chart(alt.NamedData("units"))
        .mark_line(color=colours.ink, strokeWidth=1.8, clip=True)
        .encode(
            x,
            alt.Y("y:Q").scale(scale),
            alt.StrokeDash("unit:N", legend=legend).scale(
                domain=names,
                range=[
                    [1, 0],
                    [7, 3],
                    [2, 2],
                    [9, 2, 2, 2],
                    [12, 4],
                    [4, 2],
                    [2, 4],
                    [14, 3, 4, 3],
                ][:units],
            ),
        )
    )
    return alt.layer(
        picture, lines, dots(colours, alt.Chart(alt.NamedData("points")), x, y, chosen.corners)
    ).properties(height=PLANE, description=alternative)


class Frame:
    """Maps input and hidden points to one picture, from -1 to 1 where the points lie."""

    def __init__(self, fold: Fold, plane: Chart, points: Points, chosen: PointSet) -> None:
        self.fold, self.plane, self.chosen = fold, plane, chosen
        low, high = self.carried(points.x).min(axis=0), self.carried(points.x).max(axis=0)
        self.middle = (low + high) / 2
        self.reach = np.maximum((high - low) / 2, 1e-9)

    def carried(self, x: Array) -> Array:
        """Where the hidden layer maps points, in its plane."""
        place: Array = (self.fold.hidden(x) - self.plane.origin) @ self.plane.axes
        return place

    def columns(self, x: Array) -> dict[str, Array]:
        """x1, x2 in the input plane and h1, h2 in the hidden plane, as they are drawn."""
        start = (x - self.chosen.centre) / (0.5 if self.chosen.corners else 1.0)
        end = (self.carried(x) - self.middle) / self.reach
        return {"x1": start[:, 0], "x2": start[:, 1], "h1": end[:, 0], "h2": end[:, 1]}

    def cut(self) -> Line:
        """The output's line in the drawn hidden plane."""
        line = self.plane.line
        return Line(
            line.w1 * float(self.reach[0]),
            line.w2 * float(self.reach[1]),
            line.b + line.w1 * float(self.middle[0]) + line.w2 * float(self.middle[1]),
        )


DRAWN = PointSet("drawn", draw=lambda count, seed: (np.empty((0, 2)), np.empty(0)), half=1.3)
"""The square in which the fold is drawn."""


def folded_tables(
    fold: Fold, plane: Chart, points: Points, chosen: PointSet
) -> Mapping[str, pa.Table]:
    """The points, a grid, and the output's line, for `folding`."""
    frame = Frame(fold, plane, points, chosen)
    along = np.linspace(-1, 1, FINE)
    across = np.linspace(-1, 1, GRID)
    rows = [np.column_stack([along, np.full(FINE, place)]) for place in across]
    lines = [*rows, *(row[:, ::-1] for row in rows)]
    grid = chosen.centre + np.concatenate(lines) * (0.5 if chosen.corners else 1.0)
    return {
        "folded": pa.table(frame.columns(points.x) | {"label": points.y.astype(int)}),
        "grid": pa.table(
            frame.columns(grid)
            | {
                "line": np.repeat(np.arange(len(lines)), FINE),
                "step": np.tile(np.arange(FINE), len(lines)),
            }
        ),
        "cut": line_table(frame.cut(), DRAWN),
    }


def folding(
    t: Text,
    colours: Palette,
    corners: bool,
    names: tuple[str, str],
    alternative: str,
) -> alt.LayerChart:
    """The plane on its way into the hidden layer: at `fold` 0 the inputs, at 100 the hidden plane.

    names: of the two directions of the hidden plane. Data: from `folded_tables`.
    """
    share = "fold / 100"
    scale = sides(DRAWN)
    bare: dict[str, Any] = {"labels": False, "ticks": False, "grid": False, "titlePadding": 8}
    x = alt.X("x:Q").scale(scale).axis(**bare).title(f"x₁ → {names[0]}")
    y = alt.Y("y:Q").scale(scale).axis(**bare).title(f"x₂ → {names[1]}")

    def moved(name: str) -> alt.Chart:
        return alt.Chart(alt.NamedData(name)).transform_calculate(
            x=f"datum.x1 + ({share}) * (datum.h1 - datum.x1)",
            y=f"datum.x2 + ({share}) * (datum.h2 - datum.x2)",
        )

    grid = (
        moved("grid")
        .mark_line(color=colours.faint, strokeWidth=0.8, opacity=0.55, clip=True)
        .encode(x, y, detail="line:N", order="step:Q")
    )
    arrived = f"max(0, {share} - 0.8) / 0.2"
    edge = alt.Chart(alt.NamedData("cut"))
    place = alt.X("x1:Q").scale(scale)
    tints = [
        area.encode(opacity=alt.value(alt.expr(f"{TINT} * {arrived}")))
        for area in half_planes(colours, edge, place, scale)
    ]
    line = edge.mark_line(color=colours.ink, strokeWidth=LINE, clip=True).encode(
        place, alt.Y("y:Q").scale(scale), opacity=alt.value(alt.expr(arrived))
    )
    return (
        alt.layer(*tints, grid, line, dots(colours, moved("folded"), x, y, corners))
        .add_params(step_input("fold", 100, 0))
        .properties(height=PLANE, description=alternative)
    )
