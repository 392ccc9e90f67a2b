"""Charts of the story's first scenes: points alone, planes with units' lines, networks in a row,
and the error's way back as a staircase."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Any

import altair as alt
import numpy as np
import pyarrow as pa

from core.data.datasets import Dataset
from core.lessons.contours import contours
from core.lessons.perceptron import PointSet
from core.nn.activations import ACTIVATIONS
from core.runs.cost import GRID
from core.runs.recording import Frame, History, Recording, grid
from core.runs.training import RunSpec, Trained
from pages.charts import training
from pages.charts.expressions import NOW, naming, quoted
from pages.charts.laboratory import PART_DASHES, Part, waterfall_table
from pages.charts.perceptron import PLANE, axes, dots
from pages.charts.present import PROJECTOR
from pages.charts.style import LINE, Palette, hue
from pages.charts.vocabulary import (
    Decades,
    epoch_input,
    layer_axis,
    log_axis,
    two_classes,
    until,
)
from pages.texts import Text
from pages.texts.numbers import fraction, power

LARGE, ROW, LABELS, STAIRS = 330, 152, 40, 370
"""Heights in pixels: a plane, the networks in a row and the words under each, the staircase."""
MOST_PICTURES, MOST_POINTS = 41, 60
"""Of each network in the row."""
CLOSER = 170
"""Of the charts that look closely at one network."""
NARROW = 420
"""Below this width there is no room for the factors' values, and more for the names."""
ROOMY = 780
"""From this width the names need no more room, in the larger type of a projector either."""
STAIRS_AXIS = Decades(-5, 1)
"""Powers of ten between which the staircase is drawn."""


# Points and planes


def points_only(t: Text, colours: Palette, chosen: PointSet, alternative: str) -> alt.LayerChart:
    """The points, and no line yet. Data: `points` from `perceptron.points_table`."""
    x, y = axes(chosen)
    points = dots(colours, alt.Chart(alt.NamedData("points")), x, y, chosen.corners)
    return alt.layer(points).properties(
        height=PLANE,
        usermeta={PROJECTOR: PLANE},
        description=alternative,
        padding={"left": 5, "right": 5, "top": 25, "bottom": 5},
    )


def units_table(trained: Trained, reach: float) -> pa.Table:
    """The line of every unit of layer 1, on which its sum is 0: two rows each, at the sides."""
    parameters = trained.network.parameters
    weights, biases = parameters.weights[0][0], parameters.biases[0][0]
    rows: dict[str, list[Any]] = {"unit": [], "x1": [], "y": []}
    for unit, ((w1, w2), b) in enumerate(zip(weights.T, np.ravel(biases), strict=True)):
        steep = float(np.copysign(max(abs(w2), 1e-3 * abs(w1), 1e-12), w2))
        for x in (-reach, reach):
            rows["unit"].append(unit)
            rows["x1"].append(x)
            rows["y"].append(float(-(w1 * x + b) / steep))
    return pa.table(rows)


def boundary_table(trained: Trained, reach: float) -> pa.Table:
    """Where a network of two classes changes its answer: one row a point of each of the lines."""
    answer = trained.predict(grid(reach)).reshape(GRID, GRID)
    lines = contours(answer, 0.5)
    places = np.concatenate([*lines, np.empty((0, 2))]) if lines else np.empty((0, 2))
    step = 2 * reach / GRID
    return pa.table(
        {
            "unit": np.repeat(np.arange(len(lines)), [len(line) for line in lines]).astype(int),
            "order": np.arange(len(places)),
            "x1": (places[:, 0] + 0.5) * step - reach,
            "y": reach - (places[:, 1] + 0.5) * step,
        }
    )


def plane(
    t: Text, colours: Palette, dataset: Dataset, last: int, alternative: str
) -> alt.LayerChart:
    """The plane of the training page, larger; at epoch `last` with the lines of the units.

    Data: `frames`, `points` as there, `units` from `units_table`, `boundary` from `boundary_table`.
    """
    sides = alt.Scale(domain=[-dataset.reach, dataset.reach], nice=False)

    def lines(data: str, width: float, **style: Any) -> alt.Chart:
        return (
            alt.Chart(alt.NamedData(data))
            .transform_filter(f"epoch >= {last}")
            .mark_line(color=colours.ink, strokeWidth=width, clip=True, **style)
            .encode(alt.X("x1:Q").scale(sides), alt.Y("y:Q").scale(sides), detail="unit:N")
        )

    return alt.layer(
        training.plane(t, colours, dataset, alternative),
        lines("units", 1, opacity=0.55, strokeDash=[4, 3]),
        lines("boundary", LINE + 0.5).encode(order="order:Q"),
    ).properties(height=LARGE, usermeta={PROJECTOR: 300}, description=alternative)


# Networks in a row


def thinned(frames: Sequence[Frame]) -> list[Frame]:
    """At most MOST_PICTURES of them, the first and the last among these."""
    places = np.linspace(0, len(frames) - 1, min(MOST_PICTURES, len(frames))).round().astype(int)
    return [frames[place] for place in places]


def pictures_table(
    record: Recording, place: int, t: Text, learnt: float, *, first: bool, last: bool = False
) -> pa.Table:
    """One row a picture of a network: its `place` in the row, how many seeds are above `learnt`.

    first, last: the picture before training alone, or the newest.
    """
    some = record.frames[:1] if first else record.frames[-1:] if last else record.frames
    frames = thinned(some)
    shaded = training.shading(record.run.source)
    epochs = np.array([frame.epoch for frame in frames])
    kept = np.searchsorted(record.history.epoch, epochs)
    count = (record.history.train_accuracy[kept] > learnt).sum(axis=1)
    seeds = record.run.replicas
    return pa.table(
        {
            "epoch": epochs,
            "until": until(epochs),
            "url": [shaded(frame.values) for frame in frames],
            "place": pa.array([place] * len(frames), pa.int64()),
            "words": [t.scene_deeper.count.format(learnt=n, seeds=seeds) for n in count],
        }
    )


def row_points(run: RunSpec, places: Sequence[int]) -> pa.Table:
    """Some of the points, again for each network."""
    table = training.points_table(run)
    some = table.slice(0, MOST_POINTS)
    return pa.concat_tables(
        [some.append_column("place", pa.array([place] * len(some), pa.int64())) for place in places]
    )


def row(
    t: Text, colours: Palette, dataset: Dataset, places: int, chosen: int, alternative: str
) -> alt.LayerChart:
    """Small planes of networks side by side, the one of place `chosen` framed; two rows of them
    where it is narrow, for which the page makes the chart twice as high.

    Data: `row` from `pictures_table`s, `dots` from `row_points`, `names` (place, name).
    """
    columns = f"(width < {NARROW} ? {ceil(places / 2)} : {places})"
    room = f"(width / {columns})"
    side = f"min({room} - 8, {ROW - LABELS})"
    middle = f"(((datum.place - 1) % {columns} + 0.5) * {room})"
    top = f"(floor((datum.place - 1) / {columns}) * {ROW})"
    x = alt.X("x:Q").scale(None).axis(None)
    y = alt.Y("y:Q").scale(None).axis(None)
    here = {"x": middle, "y": f"{top} + {side} / 2"}
    # every picture is there from the start, as on the training page, so that none flickers
    picture = (
        alt.Chart(alt.NamedData("row"))
        .transform_calculate(**here)
        .mark_image(width=alt.expr(side), height=alt.expr(side), aspect=False)
        .encode(x, y, url="url:N", opacity=alt.when(NOW).then(alt.value(1)).otherwise(alt.value(0)))
    )
    reach = dataset.reach
    points = (
        alt.Chart(alt.NamedData("dots"))
        .transform_calculate(
            x=f"{middle} + datum.x1 / {reach} * {side} / 2",
            y=f"{top} + {side} / 2 - datum.x2 / {reach} * {side} / 2",
        )
        .mark_point(size=9, filled=True, opacity=0.9)
        .encode(x, y, *two_classes(colours))
    )
    names = alt.Chart(alt.NamedData("names"))
    box = (
        names.transform_filter(f"datum.place == {chosen}")
        .transform_calculate(
            x=f"{middle} - {side} / 2 - 2",
            x2=f"{middle} + {side} / 2 + 2",
            y=f"{top} - 1",
            y2=f"{top} + {side} + 2",
        )
        .mark_rect(filled=False, stroke=colours.accent, strokeWidth=2.5)
        .encode(x, y, x2="x2:Q", y2="y2:Q")
    )

    def words(data: alt.Chart, field: str, below: int, **style: Any) -> alt.Chart:
        return (
            data.transform_calculate(x=middle, y=f"{top} + {side} + {below}")
            .mark_text(color=colours.ink, fontSize=12, baseline="middle", **style)
            .encode(x, y, text=f"{field}:N")
        )

    counted = alt.Chart(alt.NamedData("row")).transform_filter(NOW)
    return (
        alt.layer(
            picture,
            points,
            box,
            words(names, "name", 13),
            words(counted, "words", 30, fontWeight="bold"),
        )
        .add_params(epoch_input())
        .properties(height=ROW, description=alternative)
        .configure_view(stroke=None)
    )


# The walk back


def steps_table(history: History, t: Text) -> pa.Table:
    """The error's way back before training, factor by factor, from the output to layer 1.

    As `waterfall_table`; `epoch` is the number of the factor, from 1 on, at which it is drawn.
    """
    table = waterfall_table(history.at(0))
    layers = table["layer"].to_numpy()
    second = np.array(table["part"].to_pylist()) == Part.DERIVATIVE.value
    number = 2 * (layers.max() - layers) + 1 + second
    order = np.argsort(number)
    columns = {name: table[name].to_numpy() for name in ("layer", "x", "x2", "y", "y2", "factor")}
    return pa.table(
        {name: column[order] for name, column in columns.items()}
        | {
            "part": [table["part"][int(k)].as_py() for k in order],
            "epoch": number[order],
            "until": until(number[order]),
            "times": [f"× {power(float(v))}" for v in columns["factor"][order]],
            "left": [fraction(float(v), t) for v in columns["y2"][order]],
        }
    )


def bound_table(run: RunSpec, textbook: np.ndarray[Any, Any]) -> pa.Table:
    """The textbook line: one row a layer, the output last."""
    return pa.table({"x": np.arange(1.0, run.depth + 2), "y": textbook})


def staircase(
    t: Text,
    colours: Palette,
    activation: str,
    depth: int,
    steepest: float,
    beside: str,
    alternative: str,
) -> alt.LayerChart:
    """The factors up to the clock's, the other weights' way as a faint line, the textbook line.

    steepest: the largest derivative, of which the textbook line is made. beside: what the other
    weights are called.
    Data: `steps` and `other` from `steps_table`, `bound` from `bound_table`.
    """
    left = alt.expr(f"width < {NARROW} ? -1.3 : width < {ROOMY} ? -0.4 : 0.2")
    x = layer_axis(t, depth, t.training.towards_input, left=left)
    y = alt.Y("y:Q", **log_axis(STAIRS_AXIS, t.laboratory.share_of_output, clamp=True))
    parts = part_strokes(t, colours, hue(ACTIVATIONS[activation], colours))
    return (
        alt.layer(
            *textbook_line(t, colours, x, y),
            *other_way(colours, x, y, depth, beside),
            *treads(t, x, y, *parts),
            *arrived(colours, x, y, f"pow({steepest!r}, {depth + 1} - datum.x)"),
        )
        .add_params(epoch_input())
        .properties(
            height=STAIRS,
            usermeta={PROJECTOR: 330},
            description=alternative,
            padding={"left": 5, "top": 5, "right": 10, "bottom": 5},  # half of the last name
        )
    )


def part_strokes(t: Text, colours: Palette, colour: str) -> tuple[alt.Color, alt.StrokeDash]:
    """The weights' part and the derivative's, with a legend."""
    parts = [Part.WEIGHTS.value, Part.DERIVATIVE.value]
    colour_of = alt.Color("part:N").scale(domain=parts, range=[colours.ink, colour])
    dashes = alt.StrokeDash("part:N").scale(
        domain=parts, range=[PART_DASHES[Part(key)] for key in parts]
    )
    legend = {
        "orient": "top",
        "title": None,
        "symbolType": "stroke",
        "symbolOpacity": 1,  # not that of the factors, which a narrow chart leaves out
        "labelExpr": naming({key: t.laboratory.parts[key] for key in parts}),
    }
    return colour_of.legend(**legend), dashes.title(None)


def ends_of_rule() -> dict[str, Any]:
    """Where a tread ends."""
    return {"x2": alt.X2("x2:Q"), "y2": alt.Y2("y2:Q")}


def treads(t: Text, x: alt.X, y: alt.Y, part: alt.Color, dashes: alt.StrokeDash) -> list[alt.Chart]:
    """The factors so far as a staircase, each with its value where there is room."""
    so_far = alt.Chart(alt.NamedData("steps")).transform_filter("datum.epoch <= epoch")
    steps = so_far.mark_rule(strokeWidth=LINE + 0.5).encode(
        x,
        y,
        part,
        dashes,
        **ends_of_rule(),
        tooltip=[
            alt.Tooltip("layer:Q", title=t.training.layer),
            alt.Tooltip("factor:Q", title=t.laboratory.factor, format=".3~g"),
        ],
    )
    of_weights = f"datum.part == '{Part.WEIGHTS.value}'"
    factors = (
        so_far.transform_calculate(x="(datum.x + datum.x2) / 2", y="sqrt(datum.y * datum.y2)")
        .mark_text(
            dx=alt.expr(f"{of_weights} ? 0 : 7"),
            dy=alt.expr(f"{of_weights} ? -12 : 13"),
            align=alt.expr(f"{of_weights} ? 'center' : 'left'"),
            fontSize=12,
            fontWeight="bold",
            opacity=alt.expr(f"width < {NARROW} ? 0 : 1"),
        )
        .encode(x, y, part, text="times:N")
    )
    return [steps, factors]


def arrived(colours: Palette, x: alt.X, y: alt.Y, bound: str) -> list[alt.Chart]:
    """Where the error has come to, and how much of it is left, away from the textbook's `bound`."""
    now = (
        alt.Chart(alt.NamedData("steps"))
        .transform_filter(NOW)
        .transform_calculate(x="datum.x2", y="datum.y2")
    )
    dot = now.mark_point(filled=True, size=110, color=colours.accent, opacity=1).encode(x, y)
    left = now.mark_text(
        dx=-7,
        dy=alt.expr(f"datum.y < {bound} ? 14 : -13"),
        align="right",
        fontSize=15,
        fontWeight="bold",
        color=colours.accent,
    ).encode(x, y, text="left:N")
    return [dot, left]


def textbook_line(t: Text, colours: Palette, x: alt.X, y: alt.Y) -> list[alt.Chart]:
    """The bound that the textbook draws, with its name."""
    bound = alt.Chart(alt.NamedData("bound"))
    line = bound.mark_line(color=colours.faint, strokeWidth=1.8, strokeDash=[2, 3]).encode(x, y)
    name = (
        bound.transform_filter("datum.x == 1")
        .transform_calculate(words=quoted(t.scene_walk.bound))
        .mark_text(dx=-7, align="right", fontSize=12, color=colours.faint)
        .encode(x, y, text="words:N")
    )
    return [line, name]


def other_way(colours: Palette, x: alt.X, y: alt.Y, depth: int, beside: str) -> list[alt.Chart]:
    """The error's way with the other weights, faint, with their name and what is left."""
    other = alt.Chart(alt.NamedData("other"))
    faint = other.mark_rule(color=colours.faint, strokeWidth=1.5, opacity=0.6)
    whose = (
        other.transform_filter(f"datum.epoch == {2 * depth}")
        .transform_calculate(
            x="datum.x2", y="datum.y2", words=f"{quoted(beside)} + '\\n' + datum.left"
        )
        .mark_text(dx=-7, dy=0, align="right", fontSize=12, color=colours.faint, lineBreak="\n")
        .encode(x, y, text="words:N")
    )
    return [faint.encode(x, y, **ends_of_rule()), whose]


# One network closely


def ladder(*arguments: Any) -> alt.LayerChart:
    """As `training.ladder`, taller."""
    return training.ladder(*arguments).properties(height=CLOSER)


def course(*arguments: Any) -> alt.LayerChart:
    """As `training.course`, taller."""
    return training.course(*arguments).properties(height=CLOSER)
