"""The support vector machine beside the network: its picture, and the effect of gamma and C."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import altair as alt
import numpy as np
import pyarrow as pa

from core.data.datasets import Dataset
from core.lessons.contours import contours
from core.lessons.svm import Svm
from core.runs.recording import grid
from core.runs.training import RunSpec
from pages.charts import training
from pages.charts.pictures import backdrop, shade
from pages.charts.style import LINE, Palette
from pages.charts.vocabulary import ONCE, dotted_at, plane_axes, two_classes
from pages.texts import Text

CELLS = 100
"""Cells along each side of the machine's picture: finer than a network's, for narrow kernels."""
HEIGHT = 390
SWEEP = 245
FULL = 0.72
"""Opacity outside the strip; the network's colour is as strong where it is equally sure."""
LEVELS = (-1, 0, 1)
MOST_POINTS = 500
KNOBS = ("svm_gamma", "svm_c")


# The picture


def answers(machine: Svm, reach: float) -> np.ndarray[Any, Any]:
    """f at the centres of the picture's cells: (CELLS, CELLS), row by row from the top."""
    return machine.decide(grid(reach, CELLS)).reshape(CELLS, CELLS)


def picture_table(f: np.ndarray[Any, Any]) -> pa.Table:
    """The picture: no colour where f = 0, and beyond f = -1 or 1 the full colour of a class."""
    share = (FULL * np.clip(f, -1, 1) + 1) / 2
    return pa.table({"url": [shade((share * 255).round().astype(np.uint8))]})


def lines_table(f: np.ndarray[Any, Any], reach: float) -> pa.Table:
    """The boundary, f = 0, and the edges of the strip, f = -1 and f = 1, point by point."""
    rows: dict[str, list[Any]] = {name: [] for name in ("line", "level", "step", "x1", "x2")}
    for level in LEVELS:
        for path in contours(f, level):
            place = ((path + 0.5) / CELLS * 2 - 1) * reach
            line = len(set(rows["line"]))
            rows["line"] += [line] * len(path)
            rows["level"] += [abs(level)] * len(path)
            rows["step"] += range(len(path))
            rows["x1"] += place[:, 0].round(4).tolist()
            rows["x2"] += (-place[:, 1]).round(4).tolist()
    kinds = [pa.int32(), pa.int32(), pa.int32(), pa.float64(), pa.float64()]
    return pa.table(
        {name: pa.array(rows[name], kind) for name, kind in zip(rows, kinds, strict=True)}
    )


def points_table(run: RunSpec) -> pa.Table:
    """The points of both parts: position and class."""
    data = run.data()
    x, y = np.concatenate([data.train_x, data.test_x]), np.append(data.train_y, data.test_y)
    return pa.table({"x1": x[:, 0], "x2": x[:, 1], "label": y.astype(int)}).slice(0, MOST_POINTS)


def support_table(machine: Svm) -> pa.Table:
    """Every support vector: position, class, its alpha, and whether that is C."""
    chosen = machine.support
    return pa.table(
        {
            "x1": machine.x[chosen, 0],
            "x2": machine.x[chosen, 1],
            "label": (machine.signs[chosen] > 0).astype(int),
            "alpha": machine.alpha[chosen],
            "bound": np.isin(chosen, machine.bound),
        }
    )


def plane(t: Text, colours: Palette, dataset: Dataset, alternative: str) -> alt.LayerChart:
    """The machine's prediction over the plane, its boundary and strip, the points, the rings.

    Data: `picture` from `picture_table`, `lines` from `lines_table`, `points` from `points_table`,
    `support` from `support_table`.
    """
    x, y = plane_axes(dataset.reach)
    picture = backdrop("picture")
    lines = (
        alt.Chart(alt.NamedData("lines"))
        .mark_line(color=colours.ink, clip=True)
        .encode(
            x,
            y,
            alt.Detail("line:N"),
            alt.Order("step:Q"),
            alt.StrokeDash("level:N").scale(domain=[0, 1], range=[[1, 0], [4, 4]]).legend(None),
            strokeWidth=alt.when("datum.level == 0")
            .then(alt.value(LINE))
            .otherwise(alt.value(1.4)),
        )
    )
    classes = two_classes(colours)
    marks = {"filled": True, "size": 26, "opacity": 1, "clip": True}
    edge = {"stroke": colours.paper, "strokeWidth": 0.6}
    points = alt.Chart(alt.NamedData("points")).mark_point(**marks, **edge).encode(x, y, *classes)
    support = alt.Chart(alt.NamedData("support"))
    chosen = support.mark_point(**marks, **edge).encode(x, y, *classes)
    rings = support.mark_point(
        shape="circle", filled=False, size=105, strokeWidth=1.8, color=colours.ink, clip=True
    ).encode(
        x,
        y,
        opacity=alt.when("datum.bound").then(alt.value(0.55)).otherwise(alt.value(1)),
        strokeDash=alt.when("datum.bound").then(alt.value([2, 2])).otherwise(alt.value([1, 0])),
        tooltip=[
            alt.Tooltip("x1:Q", title="x₁", format=".3f"),
            alt.Tooltip("x2:Q", title="x₂", format=".3f"),
            alt.Tooltip("alpha:Q", title="α", format=".3~g"),
        ],
    )
    return alt.layer(picture, lines, points, chosen, rings).properties(
        height=HEIGHT, description=alternative
    )


def network(t: Text, colours: Palette, dataset: Dataset, alternative: str) -> alt.LayerChart:
    """The network's picture, as high as the machine's.

    Data: as for the plane of the training page.
    """
    return training.plane(t, colours, dataset, alternative).properties(height=HEIGHT)


# The effect of gamma and C


class Score(NamedTuple):
    """A machine's accuracy on both parts, and its number of support vectors."""

    train: float
    test: float
    support: int
    converged: bool


def sweep_table(scores: Mapping[float, Score], t: Text) -> pa.Table:
    """One row per value of the setting and part of the data."""
    rows = [
        {
            "value": value,
            "part": part,
            "accuracy": getattr(score, part),
            "support": score.support,
            "note": "" if score.converged else t.svm.unfinished_mark,
        }
        for part in ("train", "test")
        for value, score in sorted(scores.items())
        if np.isfinite(getattr(score, part))
    ]
    kinds = {"value": pa.float64(), "part": pa.string(), "accuracy": pa.float64()}
    return pa.Table.from_pylist(
        rows, pa.schema({**kinds, "support": pa.int32(), "note": pa.string()})
    )


def sweep(
    t: Text,
    colours: Palette,
    setting: str,
    values: Sequence[float],
    now: float,
    guess: float,
    alternative: str,
) -> alt.LayerChart:
    """Accuracy against one setting, everything else fixed, and a rule at the value on the page.

    Data: `sweep` from `sweep_table`. values: of the setting; the axis spans all of them.
    guess: the accuracy of guessing, drawn dotted.
    """
    names = {"train": t.svm.on_train, "test": t.svm.on_test}
    edges = [min(values) / 1.25, max(values) * 1.25]
    ticks = [10.0**k for k in range(-3, 5) if edges[0] <= 10.0**k <= edges[1]]
    x = (
        alt.X("value:Q")
        .scale(type="log", domain=edges, nice=False)
        .axis(values=ticks, format="~g", grid=False)
        .title(t.settings[setting])
    )
    shares = alt.Scale(domain=[0.3, 1.02], clamp=True, nice=False, zero=False)
    y = (
        alt.Y("accuracy:Q")
        .scale(shares)
        .axis(values=[0.4, 0.6, 0.8, 1.0], format="%", titlePadding=6)
        .title(t.svm.accuracy_axis)
    )
    base = alt.Chart(alt.NamedData("sweep"))
    dashes = (
        alt.StrokeDash("part:N")
        .scale(domain=list(names), range=[[5, 3], [1, 0]])
        .legend(
            alt.Legend(
                orient="top",
                title=None,
                symbolStrokeColor=colours.accent,
                labelExpr=f"datum.label == 'train' ? '{names['train']}' : '{names['test']}'",
                offset=4,
            )
        )
    )
    lines = base.mark_line(color=colours.accent, strokeWidth=LINE).encode(x, y, dashes)
    points = base.mark_point(filled=True, size=40, color=colours.accent, opacity=1).encode(
        x,
        y,
        tooltip=[
            alt.Tooltip("value:Q", title=t.settings[setting], format="~g"),
            alt.Tooltip("accuracy:Q", title=t.svm.accuracy, format=".1%"),
            alt.Tooltip("support:Q", title=t.svm.support_vectors),
            alt.Tooltip("note:N", title=" "),
        ],
    )
    here = alt.Chart(ONCE).mark_rule(color=colours.ink, strokeWidth=1.5).encode(x=alt.XDatum(now))
    guessing = dotted_at(guess, colours, scale=shares)
    return alt.layer(guessing, lines, points, here).properties(
        height=SWEEP,
        description=alternative,
        padding={"left": 5, "top": 5, "right": 9, "bottom": 5},  # half of the last tick's label
    )
