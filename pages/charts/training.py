"""The stage of the training page: what a network has learnt, its layers, its course.

Each chart is written once over named data and has a bound parameter `epoch`, which the clock moves.
While it plays only the parameter changes; while a run is computed only the data.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np
import pyarrow as pa

from core.data.datasets import Dataset, Task, View, collected, gathered
from core.data.tables import shortened
from core.runs.cost import SHOWN_SAMPLES
from core.runs.recording import SURENESSES, Frame, History
from core.runs.training import RunSpec
from pages.charts import curve as curves
from pages.charts.expressions import layer_name, one_of
from pages.charts.measures import MEASURES, Measure
from pages.charts.packing import at_the_clock, over_time, packed
from pages.charts.pictures import film, inked, playing, shade, shade_classes, tinted
from pages.charts.style import LINE, SHAPES, Palette
from pages.charts.vocabulary import (
    CLOSE,
    SNUG,
    Decades,
    Ends,
    above,
    arrows,
    dotted_at,
    epoch_input,
    log_axis,
    number_at_point,
    until,
)
from pages.texts import Text
from pages.texts.numbers import power

PICTURE, LADDER, COURSE = 206, 162, 117
"""Heights in pixels, axes included."""
MOST_POINTS = 500
NAMED = 40
"""What is added to a picture that has a visitor's class names above it."""


# What the network has learnt


def decided(values: np.ndarray[Any, Any], task: Task) -> float:
    """How sure the network is where it is surest, from 0 to 1."""
    if task is Task.CLASSES:
        return float((values % SURENESSES).max() / (SURENESSES - 1))
    return float(np.abs(values.astype(int) - 127.5).max() / 127.5)


def frames_table(frames: Sequence[Frame], run: RunSpec, t: Text) -> pa.Table:
    """Pictures of the plane in one row, or one row per sample with its prediction over time.

    `flat` is 1 where the network answers the same everywhere; `note` is the text that says so.
    """
    dataset = run.source
    epochs = np.array([frame.epoch for frame in frames], dtype=int)
    if dataset.view is View.PLANE:
        note = t.owndata.undecided if dataset.task is Task.CLASSES else t.training.undecided
        flat = [int(decided(frame.values, dataset.task) < 0.204) for frame in frames]
        filmed = film([frame.values for frame in frames], shading(dataset))
        still = {**filmed, "note": [note]}
        return packed(epochs, still, {"picture": [range(len(frames))], "flat": [flat]})
    if dataset.view is View.CURVE:
        return curves.curve_table(frames, epochs, until(epochs), run)
    values = np.array([frame.values for frame in frames])
    if dataset.task is Task.REGRESSION:
        return numbers_table(epochs, values, run)
    truth = classes(run.data().shown[1][: values.shape[1]])
    x, y = places(run, len(truth))
    return packed(epochs, {"x": x, "y": y, "truth": truth}, {"predicted": values.T})


def shading(dataset: Dataset) -> Callable[[np.ndarray[Any, Any]], str]:
    """What makes a picture of the values of a plane."""
    return shade_classes if dataset.task is Task.CLASSES else shade


def classes(y: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The class of every sample, as an index: (samples, outputs) -> (samples,)."""
    return y.argmax(axis=1) if y.shape[1] > 1 else y[:, 0].astype(int)


def shown_names(dataset: Dataset) -> list[str]:
    """What the classes are called on a chart: a visitor's own words, cut where they are long."""
    return distinct([shortened(name, LONGEST_NAME) for name in dataset.class_names])


def distinct(names: list[str]) -> list[str]:
    """The names, numbered where two became the same."""
    return [f"{name} {k + 1}" if names.count(name) > 1 else name for k, name in enumerate(names)]


def feature_name(dataset: Dataset, index: int, t: Text) -> str:
    """What an input is called: a visitor's own word, any other in the reader's language."""
    name = dataset.features[index]
    return shortened(name) if dataset.own else t.features[name]


LONGEST_NAME = 24
"""Letters of a class's name on a chart."""
GRAPHITE = "#5A6270"
"""The ink of digits."""


def numbers_table(
    epochs: np.ndarray[Any, Any], values: np.ndarray[Any, Any], run: RunSpec
) -> pa.Table:
    """One row a sample shown: the true number, and the one predicted over time.

    values: (epochs, samples), 0 to 255 between the smallest and the largest true number.
    """
    shown = run.data().shown[2][: values.shape[1]]
    y = run.source.draw(np.random.default_rng(0), 0)[1][:, 0]
    low, high = y.min(), y.max()
    predicted = low + values.T / 255 * (high - low)
    return packed(epochs, {"truth": y[shown]}, {"predicted": predicted})


def points_table(run: RunSpec) -> pa.Table:
    """The points of the plane; else the test samples whose predictions are shown."""
    data, dataset = run.data(), run.source
    if dataset.view is View.PLANE:
        x = np.concatenate([data.train_x, data.test_x])
        y = np.concatenate([data.train_y, data.test_y])
        label = y[:, 0] if dataset.task is Task.REGRESSION else classes(y)
        if dataset.own and dataset.class_names:
            label = np.array(shown_names(dataset))[label]
        x1, x2 = x[:MOST_POINTS].astype(np.float32).T  # more than a pixel shows, in half the bytes
        return pa.table({"x1": x1, "x2": x2, "label": label[:MOST_POINTS]})
    if dataset.view is View.CURVE:
        return curves.points_table(run, shown_names(dataset))
    if dataset.task is Task.REGRESSION:
        y = dataset.draw(np.random.default_rng(0), 0)[1][:, 0]
        return pa.table({"ends": [y.min(), y.max()]})
    samples = min(SHOWN_SAMPLES, len(data.shown[0]))
    x, y = places(run, samples)
    truth, names = classes(data.shown[1][:samples]), shown_names(dataset)
    pixels = collected(dataset)[data.shown[2][:samples]]
    return pa.table(
        {
            "x": x,
            "y": y,
            "truth": [names[k] for k in truth],
            "url": [tinted(inked(row), GRAPHITE) if not dataset.features else "" for row in pixels],
        }
    )


TILES = 8
"""Pictures of samples in a row."""


def places(run: RunSpec, samples: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Where the shown samples stand: by two of their features, or in rows as pictures."""
    if run.source.features:
        rows = gathered(run.source, run.data())[run.data().shown[2][:samples]]
        across, up = sides(run.source)
        return rows[:, across], rows[:, up]
    return np.arange(samples) % TILES, -(np.arange(samples) // TILES)


def sides(dataset: Dataset) -> tuple[int, int]:
    """The last two features; of a visitor's own the last two that have more values than two."""
    places = range(len(dataset.features))
    if not dataset.own:
        return places[-2], places[-1]
    rows = collected(dataset)
    varied = [k for k in places if len(np.unique(rows[:, k])) > 2]
    across, up = sorted([*[k for k in places if k not in varied], *varied][-2:])
    return across, up


def samples(t: Text, colours: Palette, dataset: Dataset, alternative: str) -> alt.LayerChart:
    """Test samples and the class predicted for each, marked where it is wrong.

    Data: `frames` from `frames_table`, `points` from `points_table`.
    """
    parts = scattered if dataset.features else pictured
    return (
        alt.layer(*parts(t, colours, dataset))
        .add_params(epoch_input())
        .properties(
            height=PICTURE + (NAMED if dataset.own else 0), description=alternative, padding=SNUG
        )
    )


def pictured(t: Text, colours: Palette, dataset: Dataset) -> list[alt.Chart]:
    """Samples without names for their features as pictures, the prediction under each."""
    rows = (SHOWN_SAMPLES - 1) // TILES
    x = alt.X("x:Q").scale(domain=[-0.6, TILES - 0.4]).axis(None)
    y = alt.Y("y:Q").scale(domain=[-rows - 0.75, 0.5]).axis(None)
    pictures = (
        alt.Chart(alt.NamedData("points"))
        .mark_image(width=30, height=30, baseline="middle")
        .encode(x, y, url="url:N", tooltip=[alt.Tooltip("truth:N", title=t.training.truth)])
    )
    answers = (
        at_the_clock(alt.Chart(alt.NamedData("frames")), numbers=["predicted"])
        .transform_calculate(right="datum.predicted == datum.truth")
        .transform_calculate(answer=f"{predicted_name(dataset)} + (datum.right ? '' : ' ✗')")
        .mark_text(fontSize=13, fontWeight="bold", dy=26)
        .encode(
            x,
            y,
            text="answer:N",
            color=alt.when("datum.right")
            .then(alt.value(colours.right))
            .otherwise(alt.value(colours.wrong)),
        )
    )
    return [pictures, answers]


def predicted_name(dataset: Dataset) -> str:
    """The expression of what a predicted class is called: a table has its index alone."""
    return one_of(shown_names(dataset), "datum.predicted")


def scattered(t: Text, colours: Palette, dataset: Dataset) -> list[alt.Chart]:
    """Samples by their last two features; around one that is wrong, the mark of its prediction."""
    first, second = (feature_name(dataset, k, t) for k in sides(dataset))
    x = alt.X("x:Q").scale(zero=False, padding=14).axis(tickCount=6, **CLOSE).title(first)
    y = alt.Y("y:Q").scale(zero=False, padding=14).axis(tickCount=5, **CLOSE).title(second)
    names = shown_names(dataset)
    marks = {"domain": names, "range": list(SHAPES[: len(names)])}
    truth = (
        alt.Chart(alt.NamedData("points"))
        .mark_point(filled=True, size=60, color=colours.faint, opacity=1)
        .encode(
            x,
            y,
            alt.Shape("truth:N").scale(**marks).legend(legend(names)),
            tooltip=[alt.Tooltip("truth:N", title=t.training.truth)],
        )
    )
    wrong = (
        at_the_clock(alt.Chart(alt.NamedData("frames")), numbers=["predicted"])
        .transform_filter("datum.predicted != datum.truth")
        .transform_calculate(predicted=predicted_name(dataset))
        .mark_point(size=190, strokeWidth=2, color=colours.wrong, opacity=1)
        .encode(
            x,
            y,
            alt.Shape("predicted:N").scale(**marks),
            tooltip=[alt.Tooltip("predicted:N", title=t.training.predicted)],
        )
    )
    return [truth, wrong]


def legend(names: Sequence[str]) -> alt.Legend | None:
    """The classes' marks above the picture, as long as each has one of its own."""
    if len(names) > len(SHAPES):
        return None
    # Streamlit's theme gives marks in a legend a thick edge, here of the paper's colour
    edge = {"symbolSize": 80, "symbolStrokeWidth": 0}
    return alt.Legend(orient="top", title=None, columns=4, labelLimit=90, offset=6, **edge)


def numbers(t: Text, colours: Palette, dataset: Dataset, alternative: str) -> alt.LayerChart:
    """The number predicted for test samples against the true one; on the line it is right.

    Data: `frames` from `numbers_table`, `points` with the two ends of the line.
    """
    line = (
        alt.Chart(alt.NamedData("points"))
        .mark_line(color=colours.faint, strokeDash=[5, 3])
        .encode(x="ends:Q", y="ends:Q")
    )
    marks = (
        at_the_clock(alt.Chart(alt.NamedData("frames")), numbers=["predicted"])
        .mark_point(filled=True, size=50, color=colours.classes[1], opacity=1)
        .encode(
            alt.X("truth:Q").scale(zero=False).title(t.training.truth),
            alt.Y("predicted:Q").scale(zero=False).title(t.training.predicted),
            tooltip=[
                alt.Tooltip("truth:Q", title=t.training.truth, format=".4~g"),
                alt.Tooltip("predicted:Q", title=t.training.predicted, format=".4~g"),
            ],
        )
    )
    return (
        alt.layer(line, marks)
        .add_params(epoch_input())
        .properties(height=PICTURE, description=alternative)
    )


def picture_of(dataset: Dataset) -> Callable[[Text, Palette, Dataset, str], alt.LayerChart]:
    """The chart that shows what was learnt of these data."""
    if dataset.view is View.PLANE:
        return plane
    if dataset.view is View.CURVE:
        return curve
    return numbers if dataset.task is Task.REGRESSION else samples


def curve(t: Text, colours: Palette, dataset: Dataset, alternative: str) -> alt.LayerChart:
    """A curve over the only input. Data: `frames` and `points` as for `pages.charts.curve`."""
    size = {"height": PICTURE, "description": alternative}
    return curves.curve(t, colours, dataset, shown_names(dataset), size).add_params(epoch_input())


def plane(t: Text, colours: Palette, dataset: Dataset, alternative: str) -> alt.LayerChart:
    """The plane of the two inputs, coloured by the network's answer, under the points.

    Data: `frames` from `frames_table`, `points` from `points_table`.
    """
    sides = alt.Scale(domain=[-dataset.reach, dataset.reach], nice=False)
    now = at_the_clock(alt.Chart(alt.NamedData("frames")), "flat", numbers=["picture"])
    numbers = dataset.task is Task.REGRESSION
    labels: list[Any] = shown_names(dataset) if dataset.own else [0, 1]
    key = legend(labels) if dataset.own else None
    ticks: dict[str, Any] = {"values": [-1, 0, 1]}
    if dataset.own:
        ticks = {"tickCount": 5, "titleLimit": PICTURE}
    first, second = (
        t.owndata.standardized.format(name=feature_name(dataset, k, t)) if dataset.own else symbol
        for k, symbol in enumerate(["x₁", "x₂"])
    )
    marks = (
        alt.Chart(alt.NamedData("points"))
        .mark_point(
            size=26, filled=True, stroke=colours.paper, strokeWidth=0.6, opacity=1, clip=True
        )
        .encode(
            alt.X("x1:Q").scale(sides).title(first).axis(format="d", **ticks, **CLOSE),
            alt.Y("x2:Q").scale(sides).title(second).axis(format="d", **ticks, **CLOSE),
            alt.Color("label:Q" if numbers else "label:N")
            .scale(
                domain=[-1, 1] if numbers else labels,
                range=list(colours.classes[: 2 if numbers else len(labels)]),
            )
            .legend(None if numbers else key),
            alt.Shape("label:N").scale(domain=labels, range=list(SHAPES[: len(labels)])).legend(key)
            if not numbers
            else alt.ShapeValue("circle"),
        )
    )
    note = now.transform_filter("datum.flat == '1'").encode(
        text="note:N",
        x=alt.XValue(alt.expr("width / 2")),
        y=alt.YValue(alt.expr("height / 2")),
    )
    size = alt.expr("clamp(width / 15, 10, 18)")  # so that a narrow picture holds it
    halo = note.mark_text(fontSize=size, fontWeight="bold", stroke=colours.paper, strokeWidth=5)
    words = note.mark_text(fontSize=size, fontWeight="bold", color=colours.ink)
    return (
        alt.layer(playing(now), marks, halo, words)
        .add_params(epoch_input())
        .properties(height=PICTURE + (NAMED if key is not None else 0), description=alternative)
    )


# The layers


def measured(
    history: History, measure: Measure, replica: int
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """The epochs at which a measure is known, (epochs,), and its values, (epochs, layers)."""
    values = getattr(history, measure.key)[:, replica]
    valid = np.isfinite(history.delta[:, replica]).all(axis=1)
    if measure.key == "relative_update":
        valid &= np.isfinite(values).all(axis=1)
    if not measure.to_output:
        values = values[:, :-1]
    return history.epoch[valid], values[valid]


def ladder_table(history: History, measure: Measure, replica: int) -> pa.Table:
    """One row a layer: its value over time, and layer 1's in words, too."""
    epochs, values = measured(history, measure, replica)
    layers = values.shape[1] if len(epochs) else 0
    words = [list(map(power, values[:, 0]))] + [[]] * (layers - 1) if layers else []
    layer = pa.array(range(1, layers + 1), pa.int32())
    return packed(epochs, {"layer": layer}, {"value": values.T[:layers], "label": words})


def measure_ends(measure: Measure, depth: int) -> Ends:
    """The two ends of a measure's axis: fixed while it plays, and by the depth alone."""
    if measure.logarithmic:
        return Decades.of_depth(depth).ends
    return Ends(measure.low, measure.high)


@dataclass(frozen=True)
class MeasureAxis:
    """The vertical axis of a measure, the same for all lanes.

    deepest: hidden layers of the deepest lane. linear: asked for where powers of ten are usual.
    """

    measure: str
    deepest: int
    linear: bool = False

    @property
    def kind(self) -> Measure:
        return MEASURES[self.measure]

    def encoding(self, t: Text) -> alt.Y:
        title, ends = t.measures[self.measure], measure_ends(self.kind, self.deepest)
        if self.kind.logarithmic and not self.linear:
            decades = Decades.of_depth(self.deepest)
            return alt.Y("shown:Q", **log_axis(decades, title, decades.about(5), **above("left")))
        high = 1.0 if self.kind.logarithmic else ends.high
        return (
            alt.Y("shown:Q")
            .scale(domain=[min(0.0, ends.low), high], clamp=True)
            .axis(tickCount=5, **above("left"))
            .title(title)
        )


def onto_axis(data: alt.Chart, ends: Ends) -> alt.Chart:
    """Adds `shown`, the `value` clipped to the axis, and `mark`, on which side it lies beyond."""
    low, high = ends
    chart: alt.Chart = data.transform_calculate(
        shown=f"clamp(datum.value, {low}, {high})",
        mark=f"datum.value < {low} ? 'below' : datum.value > {high} ? 'above' : 'within'",
    )
    return chart


def ladder(
    t: Text, colours: Palette, colour: str, axis: MeasureAxis, depth: int, alternative: str
) -> alt.LayerChart:
    """One measure of every layer, layer 1 at the left: points joined by a line.

    Data: `ladder` from `ladder_table`. What lies beyond the axis is an arrow at its end.
    """
    kind = axis.kind
    base = alt.Chart().encode(
        alt.X("layer:O")
        .scale(domain=list(range(1, depth + 2 if kind.to_output else depth + 1)))
        .axis(
            labelExpr=layer_name(depth + 1, t.training.out),
            labelAngle=0,
            labelOverlap=True,
            **CLOSE,
        )
        .title(t.training.towards_input if kind.backward else t.training.towards_output),
        axis.encoding(t),
    )
    line = base.mark_line(color=colour, strokeWidth=LINE)
    points = base.mark_point(filled=True, size=55, color=colour, opacity=1).encode(
        arrows(),
        tooltip=[
            alt.Tooltip("epoch:Q", title=t.training.epoch),
            alt.Tooltip("layer:O", title=t.training.layer),
            alt.Tooltip("value:Q", title=t.measures[axis.measure], format=".3~g"),
        ],
    )
    label = number_at_point(base, colours)
    label = label.transform_filter("datum.layer == 1")
    marks = alt.layer(line, points, label, data=alt.NamedData("ladder"))
    now = at_the_clock(marks, "label", numbers=["value"]).transform_filter("epoch >= datum.first")
    return (
        onto_axis(now, measure_ends(kind, axis.deepest))
        .add_params(epoch_input())
        .properties(height=LADDER, description=alternative, padding=SNUG)
    )


# The course


def course_table(history: History, replica: int) -> pa.Table:
    """Loss and accuracy over time in one row, as long as they are finite; none if they never are.

    Where there is no test part the accuracy is 0.
    """
    finite = np.isfinite(history.train_loss[:, replica])
    loss = history.train_loss[finite, replica]
    accuracy = np.nan_to_num(np.clip(history.test_accuracy[finite, replica], 0, 1))
    rows = slice(0, int(finite.any()))
    moving = {"loss": [loss][rows], "accuracy": [accuracy][rows]}
    return packed(history.epoch[finite], {}, moving)


def course(
    t: Text,
    colours: Palette,
    colour: str,
    epochs: int,
    highest: float,
    baseline: float,
    tested: bool,
    alternative: str,
) -> alt.LayerChart:
    """Training loss and test accuracy against the epoch, and a rule at the clock's epoch.

    Data: `course` from `course_table`, and `ghost`, that of the run before or none.
    highest: the loss axis's end. baseline: the loss of guessing, drawn dotted. tested: whether
    there is a test part; where there is none, no accuracy is drawn.
    """
    ends = alt.Scale(domain=[0, epochs], nice=False)
    x = alt.X("epoch:Q").scale(ends).title(t.training.epoch).axis(tickCount=4, **CLOSE)
    loss_axis = (
        alt.Y("loss:Q")
        .scale(domain=[0, highest], clamp=True, nice=False)
        .axis(tickCount=3, titleColor=colour, **above("left"))
        .title(t.training.loss)
    )
    data = alt.Chart(alt.NamedData("course"))
    lines = over_time(data, "loss", "accuracy")
    loss = lines.mark_line(color=colour, strokeWidth=LINE).encode(x, loss_axis)
    ghost = (
        over_time(alt.Chart(alt.NamedData("ghost")), "loss")
        .mark_line(color=colours.faint, opacity=0.5, strokeWidth=1.5)
        .encode(x, loss_axis)
    )
    now = at_the_clock(data, numbers=["loss"]).transform_calculate(
        epoch="clamp(epoch, datum.first, datum.end)"
    )
    here = now.mark_rule(color=colours.ink, strokeWidth=1.5).encode(x)
    dot = now.mark_point(filled=True, size=60, color=colour, opacity=1).encode(x, loss_axis)
    accuracy = lines.mark_line(color=colours.faint, strokeWidth=1.5, strokeDash=[5, 3]).encode(
        x,
        alt.Y("accuracy:Q")
        .scale(domain=[0, 1])
        .axis(
            format="%",
            tickCount=3,
            orient="right",
            grid=False,
            labelPadding=3,
            titleColor=colours.faint,
            **above("right"),
        )
        .title(t.training.test_accuracy),
    )
    losses = alt.layer(ghost, dotted_at(baseline, colours), loss, here, dot)
    return (
        alt.layer(losses, *([accuracy] if tested else []))
        .resolve_scale(y="independent")
        .add_params(epoch_input())
        .properties(
            height=COURSE,
            description=alternative,
            padding=SNUG,
        )
    )
