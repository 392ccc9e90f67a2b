"""All lanes of the training page in one chart: a common axis, with names at the line ends.

Like the charts of a single lane, each has the parameter `epoch`, which the clock moves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import altair as alt
import numpy as np
import pyarrow as pa

from core.nn.own import activation_of
from core.runs.recording import History
from pages.charts.expressions import layer_name
from pages.charts.packing import at_the_clock, over_time, packed
from pages.charts.style import LINE, Palette, hue, pattern
from pages.charts.training import MeasureAxis, measure_ends, measured, onto_axis
from pages.charts.vocabulary import (
    CLOSE,
    LABEL,
    SNUG,
    Ends,
    above,
    apart,
    arrows,
    dotted_at,
    epoch_input,
    names_beside,
)
from pages.texts import Text

LAYERS, LOSSES = 250, 190
"""Heights in pixels, including axes."""
AXES = 60
"""Pixels of a height that the axis and its titles take."""


class Stroke(NamedTuple):
    """How a lane's lines look."""

    colour: str
    dashes: tuple[int, ...]


def strokes_of(activations: Sequence[str], colours: Palette) -> tuple[Stroke, ...]:
    """The colour of each lane's activation; lanes of one colour differ in their dashes."""
    hues = [hue(activation_of(key), colours) for key in activations]
    return tuple(
        Stroke(colour, pattern(hues[:lane].count(colour))) for lane, colour in enumerate(hues)
    )


def encoded(strokes: Sequence[Stroke]) -> tuple[alt.Color, alt.StrokeDash]:
    lanes = list(range(len(strokes)))
    colour = alt.Color("lane:N").scale(domain=lanes, range=[s.colour for s in strokes])
    dashes = alt.StrokeDash("lane:N").scale(domain=lanes, range=[list(s.dashes) for s in strokes])
    return colour.legend(None), dashes.legend(None)


def whole(values: Sequence[int]) -> pa.Array:
    return pa.array(values, pa.int32())


# The layers


def layers_table(histories: Sequence[History], axis: MeasureAxis) -> pa.Table:
    """One row per lane and layer, with its value over time; the output is the last layer of all."""
    parts = []
    for lane, history in enumerate(histories):
        epochs, values = measured(history, axis.kind, 0)
        layers = list(range(1, values.shape[1] + 1)) if len(epochs) else []
        if axis.kind.to_output and layers:
            layers[-1] = axis.deepest + 1
        still = {"lane": whole([lane] * len(layers)), "layer": whole(layers)}
        parts.append(packed(epochs, still, {"value": values.T[: len(layers)]}))
    return pa.concat_tables(parts)


def layer_names_table(
    histories: Sequence[History], names: Sequence[str], axis: MeasureAxis
) -> pa.Table:
    """One row per lane: its name, the position of the name, and the line's end over time.

    Positions are fixed, for the last epoch: a name that moved with its line would be hard to read.
    """
    found = [measured(history, axis.kind, 0) for history in histories]
    lanes = [lane for lane, (epochs, values) in enumerate(found) if values.size]
    ends = measure_ends(axis.kind, axis.deepest)
    last = [ends.clip(float(found[lane][1][-1, -1])) for lane in lanes]
    if axis.kind.logarithmic and not axis.linear:
        powers = spread(np.log10(last).tolist(), Ends(*np.log10(ends)), LAYERS)
        places = [10.0**power for power in powers]
    else:
        high = 1.0 if axis.kind.logarithmic else ends.high
        places = spread(last, Ends(min(0.0, ends.low), high), LAYERS)
    parts = [
        packed(
            found[lane][0],
            {"lane": whole([lane]), "name": [names[lane]], "place": [place]},
            {"value": [found[lane][1][:, -1]]},
        )
        for lane, place in zip(lanes, places, strict=True)
    ]
    return pa.concat_tables(parts)


def spread(values: Sequence[float], ends: Ends, height: int) -> list[float]:
    """Positions of names near these values that do not overlap in a chart of this height."""
    gap = LABEL / (height - AXES) * (ends.high - ends.low)
    return apart([ends.clip(value) for value in values], gap, ends.low, ends.high)


def layers(
    t: Text, colours: Palette, strokes: tuple[Stroke, ...], axis: MeasureAxis, alternative: str
) -> alt.LayerChart:
    """One measure of every layer of all lanes, layer 1 at the left.

    Data: `layers` from `layers_table`, `names` from `layer_names_table`.
    """
    kind = axis.kind
    ends = measure_ends(kind, axis.deepest)
    colour, dashes = encoded(strokes)
    last = axis.deepest + kind.to_output
    x = (
        alt.X("layer:O")
        .scale(domain=list(range(1, last + 1)), padding=0.2)
        .axis(
            labelExpr=layer_name(axis.deepest + 1, t.training.out),
            labelAngle=0,
            labelOverlap=True,
            **CLOSE,
        )
        .title(t.training.towards_input if kind.backward else t.training.towards_output)
    )
    y = axis.encoding(t)
    values = at_the_clock(alt.Chart(alt.NamedData("layers")), numbers=["value"])
    now = onto_axis(values.transform_filter("epoch >= datum.first"), ends).encode(x, y, colour)
    line = now.mark_line(strokeWidth=LINE).encode(dashes)
    points = now.mark_point(filled=True, size=45, opacity=1).encode(
        arrows(),
        tooltip=[
            alt.Tooltip("layer:O", title=t.training.layer),
            alt.Tooltip("value:Q", title=t.measures[axis.measure], format=".3~g"),
        ],
    )
    names = at_the_clock(alt.Chart(alt.NamedData("names")), numbers=["value"])
    named = names.transform_calculate(end=f"clamp(datum.value, {ends.low}, {ends.high})")
    own: Any = y.to_dict()
    shared = {name: own[name] for name in ("scale", "axis", "title")}
    return (
        alt.layer(line, points, *names_beside(named, shared, colour, dashes))
        .add_params(epoch_input())
        .properties(height=LAYERS, description=alternative, padding=SNUG)
    )


# The losses


def losses_table(histories: Sequence[History]) -> pa.Table:
    """One row per lane, with its loss over time."""
    parts = []
    for lane, history in enumerate(histories):
        epochs, losses = finite_losses(history)
        rows = slice(0, min(1, len(epochs)))
        parts.append(packed(epochs, {"lane": whole([lane][rows])}, {"loss": [losses][rows]}))
    return pa.concat_tables(parts)


def finite_losses(history: History) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """The epochs at which the first seed's loss is finite, and that loss."""
    losses = history.train_loss[:, 0]
    finite = np.isfinite(losses)
    return history.epoch[finite], losses[finite]


def loss_names_table(
    histories: Sequence[History], names: Sequence[str], highest: float
) -> pa.Table:
    """The name of every line beside its end, moved apart."""
    found = dict(enumerate(finite_losses(history)[1] for history in histories))
    last = {lane: float(losses[-1]) for lane, losses in found.items() if len(losses)}
    ends = Ends(0.0, highest)
    return pa.table(
        {
            "lane": whole(list(last)),
            "name": [names[lane] for lane in last],
            "end": [ends.clip(value) for value in last.values()],
            "place": spread(list(last.values()), ends, LOSSES),
        }
    )


def losses(
    t: Text,
    colours: Palette,
    strokes: tuple[Stroke, ...],
    epochs: int,
    highest: float,
    baseline: float,
    alternative: str,
) -> alt.LayerChart:
    """The training loss of all lanes against the epoch, and a rule at the clock's epoch.

    Data: `losses` from `losses_table`, `names` from `loss_names_table`. highest: the axis's end.
    baseline: the loss of guessing, drawn dotted.
    """
    colour, dashes = encoded(strokes)
    ends = alt.Scale(domain=[0, epochs], nice=False)
    x = alt.X("epoch:Q").scale(ends).title(t.training.epoch).axis(tickCount=4, **CLOSE)
    y = {
        "scale": alt.Scale(domain=[0, highest], clamp=True, nice=False),
        "axis": alt.Axis(tickCount=3, **above("left")),
        "title": t.training.loss,
    }
    data = alt.Chart(alt.NamedData("losses"))
    line = over_time(data, "loss", by="lane").mark_line(strokeWidth=LINE)
    now = at_the_clock(data, numbers=["loss"]).transform_calculate(
        epoch="clamp(epoch, datum.first, datum.end)"
    )
    return (
        alt.layer(
            dotted_at(baseline, colours),
            line.encode(x, alt.Y("loss:Q", **y), colour, dashes),
            now.mark_rule(color=colours.ink, strokeWidth=1.5).encode(x),
            now.mark_point(filled=True, size=60, opacity=1).encode(x, alt.Y("loss:Q", **y), colour),
            *names_beside(alt.Chart(alt.NamedData("names")), y, colour, dashes),
        )
        .add_params(epoch_input())
        .properties(height=LOSSES, description=alternative, padding=SNUG)
    )
