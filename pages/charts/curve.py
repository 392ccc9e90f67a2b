"""What a network makes of a single input: a curve through the points, or beside the classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
import pyarrow as pa

from core.data.datasets import Dataset, Task, gathered
from core.data.tables import shortened
from core.runs.cost import STEPS
from core.runs.recording import BEYOND, Frame, line
from core.runs.training import RunSpec
from pages.charts.expressions import NOW
from pages.charts.style import BOUNDARY, LINE, SHAPES, Palette
from pages.texts import Text

MOST_POINTS = 500

GAP = " "
"""Separates the numbers of a curve: a picture is one row, or a filter would check 40,000 of them at
every tick."""


def curve_table(frames: Sequence[Frame], epochs: Any, until: Any, run: RunSpec) -> pa.Table:
    """One row per curve: its heights as a text, its first input and the step to the next ones."""
    low, high = ends_of(run)
    return pa.table(
        {
            "epoch": epochs,
            "until": until,
            "heights": [GAP.join(map(short, heights(frame, run.source))) for frame in frames],
            "low": np.full(len(frames), low),
            "step": np.full(len(frames), (high - low) / (STEPS - 1)),
        }
    )


def short(value: float) -> str:
    return f"{value:.5g}"


def heights(frame: Frame, dataset: Dataset) -> Any:
    """The curve in units of the axis: a number, a probability, or the index of a class."""
    if dataset.task is Task.CLASSES:
        return frame.values
    share = frame.values / 255
    if dataset.task is Task.BINARY:
        return share
    low, high = range_of(dataset)
    return (low + high) / 2 + (2 * share - 1) * BEYOND * (high - low) / 2


def range_of(dataset: Dataset) -> tuple[float, float]:
    """The smallest and the largest number to predict."""
    y = dataset.draw(np.random.default_rng(0), 0)[1]
    return float(y.min()), float(y.max())


def ends_of(run: RunSpec) -> tuple[float, float]:
    """The ends of the curve, in the input's own unit."""
    low, high = in_its_unit(run, line(run.data())[[0, -1], 0])
    return float(low), float(high)


def in_its_unit(run: RunSpec, x: Any) -> Any:
    """Standardized inputs as they were given."""
    data = run.data()
    train = gathered(run.source, data)[data.train_rows]
    return train.mean() + x * train.std()


def points_table(run: RunSpec, names: Sequence[str]) -> pa.Table:
    """The samples: input, target, and for classes the name."""
    data, dataset = run.data(), run.source
    x = np.concatenate([data.train_x, data.test_x])[:, 0]
    rows = np.concatenate([data.train_rows, data.test_rows])
    y = dataset.draw(np.random.default_rng(0), 0)[1][rows]
    height = y.argmax(axis=1) if dataset.task is Task.CLASSES else y[:, 0]
    label = [names[int(k)] for k in height] if names else [""] * len(x)
    table = pa.table({"x": in_its_unit(run, x), "y": height.astype(float), "label": label})
    return table.slice(0, MOST_POINTS)


def curve(
    t: Text, colours: Palette, dataset: Dataset, names: Sequence[str], size: dict[str, Any]
) -> alt.LayerChart:
    """Data: `frames` from `curve_table`, `points` from `points_table`.

    names: of the classes, () for a number. size: properties of the chart.
    """
    x = alt.X("x:Q").scale(zero=False, nice=False).title(shortened(dataset.features[0]))
    y = height_axis(t, dataset, names)
    drawn = (
        alt.Chart(alt.NamedData("frames"))
        .transform_filter(NOW)
        .transform_calculate(height=f"split(datum.heights, '{GAP}')")
        .transform_flatten(["height"])
        .transform_window(place="row_number()")
        .transform_calculate(
            x="datum.low + (datum.place - 1) * datum.step", y="toNumber(datum.height)"
        )
        .mark_line(
            color=colours.ink,
            strokeWidth=LINE,
            clip=True,
            interpolate="step" if dataset.task is Task.CLASSES else "linear",
        )
        .encode(x.axis(tickCount=5, grid=False), y, order="place:Q")
    )
    marks = alt.Chart(alt.NamedData("points")).mark_point(
        size=34, filled=True, stroke=colours.paper, strokeWidth=0.6, opacity=1
    )
    marks = marks.encode(x, y, *look(colours, names))
    if names:
        marks = marks.encode(tooltip=[alt.Tooltip("label:N", title=t.training.truth)])
    layers = [marks, drawn] if dataset.task is not Task.CLASSES else [drawn, marks, labels(colours)]
    return alt.layer(*layers).properties(**size)


def height_axis(t: Text, dataset: Dataset, names: Sequence[str]) -> alt.Y:
    y = alt.Y("y:Q")
    if dataset.task is Task.REGRESSION:
        low, high = range_of(dataset)
        middle, half = (low + high) / 2, BEYOND * (high - low) / 2
        scale = alt.Scale(domain=[middle - half, middle + half], nice=False, zero=False)
        return y.scale(scale).title(shortened(dataset.answer)).axis(tickCount=5)
    if dataset.task is Task.BINARY:
        title = t.owndata.probability.format(name=names[1])
        return y.scale(domain=[-0.06, 1.06], nice=False).title(title).axis(values=[0, 0.5, 1])
    return y.scale(domain=[-0.6, len(names) - 0.4], nice=False).axis(None)


def look(colours: Palette, names: Sequence[str]) -> list[Any]:
    """Colour and shape of the samples: each class has its own as far as they suffice."""
    if not names:
        return [alt.ColorValue(colours.classes[1])]
    if len(names) > min(len(SHAPES), len(BOUNDARY)):
        return [alt.ColorValue(colours.faint)]
    domain = list(names)
    return [
        alt.Color("label:N")
        .scale(domain=domain, range=list(colours.classes[: len(names)]))
        .legend(None),
        alt.Shape("label:N").scale(domain=domain, range=list(SHAPES[: len(names)])).legend(None),
    ]


def labels(colours: Palette) -> alt.LayerChart:
    """The classes' names, each in its row."""
    words = (
        alt.Chart(alt.NamedData("points"))
        .transform_aggregate(groupby=["label", "y"], count="count()")
        .encode(x=alt.XValue(4), y="y:Q", text="label:N")
    )
    place = {"align": "left", "dy": -11, "fontSize": 12}
    halo = words.mark_text(**place, stroke=colours.paper, strokeWidth=3)
    return halo + words.mark_text(**place, color=colours.ink)
