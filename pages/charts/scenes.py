"""Charts of the later scenes of the story alone: slopes, units at one point, their lives.

Everything else in these scenes is drawn as on the page it belongs to.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from core.data.datasets import Dataset
from core.nn.activations import ACTIVATIONS
from core.runs.recording import Frame
from pages.charts import activations as curves
from pages.charts import svm, training
from pages.charts.expressions import NOW
from pages.charts.facts import name_of
from pages.charts.present import PROJECTOR
from pages.charts.style import LINE, Palette, dash, hue
from pages.charts.vocabulary import (
    CLOSE,
    ONCE,
    REACH,
    corner_note,
    epoch_input,
    plane_axes,
    step_input,
    strokes,
    two_classes,
    until,
    z_axis,
)
from pages.texts import Text

HILL, TAIL, UNITS, LIVES, PLANE = 262, 190, 268, 290, 292
PROJECTED_HILL, PROJECTED_TAIL, PROJECTED_PLANE = 225, 170, 230
RACE_PLANE = 164
"""Heights in pixels, axes included; some for a projector, where a scene fits one screen."""
GAP = 1.5
"""Bar positions left free between two layers."""
TAIL_FROM, TAIL_TO, TAIL_TOP = 0.5, 5.0, 0.25


# Slopes


def slopes_table(keys: Sequence[str]) -> pa.Table:
    """f' of these activations, one row per point."""
    z = np.linspace(-REACH, REACH, 241)
    return pa.table(
        {
            "z": np.tile(z, len(keys)),
            "df": np.concatenate([ACTIVATIONS[key].derivative(z) for key in keys]),
            "key": np.repeat(list(keys), len(z)),
        }
    )


def hill(t: Text, colours: Palette, key: str, alternative: str) -> alt.LayerChart:
    """One slope with its peak, on the axis that both slopes will share.

    Data: `slopes` from `slopes_table`.
    """
    entry = ACTIVATIONS[key]
    x = z_axis(t)
    y = alt.Y("df:Q").scale(domain=[-0.05, 1.2], nice=False).title(t.activations.slope_axis)
    base = alt.Chart(alt.NamedData("slopes")).encode(x, y)
    line = base.mark_line(color=hue(entry, colours), strokeWidth=LINE, strokeDash=list(dash(entry)))
    peak = (
        base.transform_filter("datum.z == 0")
        .transform_calculate(text="format(datum.df, '.2f')")
        .mark_text(dy=-11, fontSize=13, fontWeight="bold", color=colours.ink)
        .encode(text="text:N")
    )
    return alt.layer(line, peak).properties(
        height=HILL, usermeta={PROJECTOR: PROJECTED_HILL}, description=alternative
    )


def stretch(*arguments: Any) -> alt.LayerChart:
    """As on the page of activation functions, but lower on a projector, beside `hill`."""
    return curves.stretch(*arguments).properties(usermeta={PROJECTOR: PROJECTED_HILL})


def tail(
    t: Text, colours: Palette, keys: tuple[str, ...], crossing: float, alternative: str
) -> alt.LayerChart:
    """Slopes away from zero, enlarged, and where they cross.

    Data: `slopes` from `slopes_table`.
    """
    x = (
        alt.X("z:Q")
        .scale(domain=[TAIL_FROM, TAIL_TO], nice=False)
        .axis(values=[1, 2, 3, 4, 5], format="d", **CLOSE)
        .title(t.activations.z_axis)
    )
    y = (
        alt.Y("df:Q")
        .scale(domain=[0, TAIL_TOP], nice=False)
        .axis(tickCount=4)
        .title(t.activations.slope_axis)
    )
    lines = (
        alt.Chart(alt.NamedData("slopes"))
        .mark_line(strokeWidth=LINE, clip=True)
        .encode(x, y, *strokes(keys, colours))
    )
    here = (
        alt.Chart(ONCE)
        .mark_rule(color=colours.ink, strokeDash=[2, 3])
        .encode(x=alt.XDatum(crossing))
    )
    names = [
        alt.Chart(alt.NamedData("slopes"))
        .transform_filter(f"datum.key == '{key}' && abs(datum.z - {at}) < 0.01")
        .mark_text(
            align="left",
            dx=dx,
            dy=dy,
            fontSize=12,
            fontWeight="bold",
            color=hue(ACTIVATIONS[key], colours),
        )
        .encode(x, y, text=alt.value(name_of(t, key)))
        for key, at, dx, dy in zip(keys, (2.4, 1.4), (8, 8), (-8, -2), strict=True)
    ]
    return alt.layer(here, lines, *names).properties(
        height=TAIL, usermeta={PROJECTOR: PROJECTED_TAIL}, description=alternative
    )


# Units at one point


def lit_table(active: NDArray[np.bool_], shown: Sequence[int]) -> pa.Table:
    """Which units have z > 0 at the shown points: one row per point and unit.

    active: (layers, samples, width). shown: indices of samples, in the order of the dial.
    """
    seen = active[:, list(shown)].transpose(1, 0, 2)
    points, layers, width = seen.shape
    return pa.table(
        {
            "index": np.repeat(np.arange(points), layers * width),
            "layer": np.tile(np.repeat(np.arange(1, layers + 1), width), points),
            "unit": np.tile(np.arange(1, width + 1), points * layers),
            "on": seen.ravel(),
        }
    )


def lit_notes_table(active: NDArray[np.bool_], shown: Sequence[int], note: str) -> pa.Table:
    """How many units are at 0 at each shown point, in words: `note` with `zero` and `units`."""
    seen = ~active[:, list(shown)]
    units = seen.shape[0] * seen.shape[2]
    return pa.table(
        {
            "index": np.arange(seen.shape[1]),
            "text": [
                note.format(zero=int(seen[:, k].sum()), units=units) for k in range(seen.shape[1])
            ],
        }
    )


def lit(
    t: Text, colours: Palette, layers: int, width: int, points: int, alternative: str
) -> alt.LayerChart:
    """The units of every layer at one point, chosen by the dial `point`: filled where z > 0.

    Data: `lit` from `lit_table`, `notes` from `lit_notes_table`.
    """
    colour = hue(ACTIVATIONS["relu"], colours)
    x = (
        alt.X("layer:Q")
        .scale(domain=[0.5, layers + 0.5], nice=False)
        .axis(values=list(range(1, layers + 1)), format="d", **CLOSE)
        .title(t.training.towards_output)
    )
    y = (
        alt.Y("unit:Q")
        .scale(domain=[width + 0.6, 0.4], nice=False)
        .axis(values=[1, width], format="d", **CLOSE)
        .title(t.laboratory.unit)
    )
    base = alt.Chart(alt.NamedData("lit")).transform_filter("datum.index == point").encode(x, y)
    off = base.mark_point(shape="circle", size=170, filled=False, color=colours.faint)
    on = base.transform_filter("datum.on").mark_point(
        shape="circle", size=190, filled=True, color=colour, opacity=1
    )
    zero = (
        base.transform_filter("!datum.on")
        .mark_text(fontSize=11, color=colours.faint)
        .encode(text=alt.value("0"))
    )
    note = heading(colours, "datum.index == point")
    return (
        alt.layer(off, on, zero, note)
        .add_params(step_input("point", points - 1, 0))
        .properties(height=UNITS, description=alternative)
    )


def heading(colours: Palette, shown: str) -> alt.Chart:
    """The text of `notes` for which the expression `shown` is true, above the chart."""
    data = alt.Chart(alt.NamedData("notes")).transform_filter(shown)
    return corner_note(data, colours, "text:N", fontWeight="bold")


def chosen_table(x: NDArray[np.float64], shown: Sequence[int]) -> pa.Table:
    """Where the shown points lie."""
    rows = x[list(shown)]
    return pa.table({"index": np.arange(len(rows)), "x1": rows[:, 0], "x2": rows[:, 1]})


def where(
    t: Text, colours: Palette, dataset: Dataset, points: int, alternative: str
) -> alt.LayerChart:
    """The points of the plane, with a ring around the one chosen by the dial `point`.

    Data: `points` as for the plane of the training page, `chosen` from `chosen_table`.
    """
    x, y = plane_axes(dataset.reach)
    marks = (
        alt.Chart(alt.NamedData("points"))
        .mark_point(filled=True, size=26, opacity=0.45, clip=True)
        .encode(x, y, *two_classes(colours))
    )
    ring = (
        alt.Chart(alt.NamedData("chosen"))
        .transform_filter("datum.index == point")
        .mark_point(filled=False, size=260, strokeWidth=3, color=colours.ink, opacity=1, clip=True)
        .encode(x, y)
    )
    return (
        alt.layer(marks, ring)
        .add_params(step_input("point", points - 1, 0))
        .properties(height=UNITS, description=alternative)
    )


# The lives of units


def lives_table(frames: Sequence[Frame], samples: int) -> pa.Table:
    """For every unit, the share of points with z > 0: one row per kept picture and unit.

    `place` is the position of its bar, layer by layer from the left; `mark` says that it is dead.
    """
    active = np.array([frame.active for frame in frames])
    epochs = np.array([frame.epoch for frame in frames])
    kept, layers, width = active.shape
    layer = np.repeat(np.arange(1, layers + 1), width)
    unit = np.tile(np.arange(1, width + 1), layers)
    flat = active.reshape(kept, -1)
    return pa.table(
        {
            "epoch": np.repeat(epochs, layers * width),
            "until": np.repeat(until(epochs), layers * width),
            "layer": np.tile(layer, kept),
            "unit": np.tile(unit, kept),
            "place": np.tile((layer - 1) * (width + GAP) + unit, kept),
            "share": (flat / samples).ravel(),
            "mark": np.where(flat == 0, "✕", "").ravel().tolist(),
        }
    )


def life_notes_table(frames: Sequence[Frame], note: str) -> pa.Table:
    """How many units are dead in each kept picture: `note` with `epoch`, `dead` and `units`."""
    epochs = np.array([frame.epoch for frame in frames])
    return pa.table(
        {
            "epoch": epochs,
            "until": until(epochs),
            "text": [
                note.format(
                    epoch=frame.epoch, dead=int((frame.active == 0).sum()), units=frame.active.size
                )
                for frame in frames
            ],
        }
    )


def lives(
    t: Text, colours: Palette, layers: int, width: int, titles: tuple[str, str], alternative: str
) -> alt.LayerChart:
    """One bar per unit: the share of points at which it is active; a dead one is crossed and named.

    Data: `lives` from `lives_table`, `notes` from `life_notes_table`. titles: of the axes.
    """
    span = layers * (width + GAP)
    middles = [(layer - 1) * (width + GAP) + (width + 1) / 2 for layer in range(1, layers + 1)]
    label = f"round((datum.value - {(width + 1) / 2}) / {width + GAP}) + 1"
    x = (
        alt.X("place:Q")
        .scale(domain=[0, span], nice=False)
        .axis(values=middles, labelExpr=label, tickSize=0, **CLOSE)
        .title(titles[0])
    )
    y = (
        alt.Y("share:Q")
        .scale(domain=[0, 1], nice=False)
        .axis(format="%", tickCount=4, titlePadding=6)
        .title(titles[1])
    )
    base = alt.Chart(alt.NamedData("lives")).transform_filter(NOW)
    tip = [
        alt.Tooltip("layer:Q", title=t.training.layer),
        alt.Tooltip("unit:Q", title=t.laboratory.unit),
        alt.Tooltip("share:Q", title=titles[1], format=".0%"),
    ]
    tomb = (
        base.transform_filter("datum.share == 0")
        .mark_bar(
            size=11,
            color=colours.wrong,
            opacity=0.16,
            stroke=colours.wrong,
            strokeWidth=1.2,
            strokeDash=[3, 2],
        )
        .encode(x, y=alt.YDatum(0), y2=alt.Y2Datum(1), tooltip=tip)
    )
    bars = base.mark_bar(size=11, color=hue(ACTIVATIONS["relu"], colours)).encode(x, y, tooltip=tip)
    cross = base.mark_text(
        fontSize=15, fontWeight="bold", color=colours.wrong, baseline="bottom", dy=-1
    ).encode(x, y, text="mark:N")
    note = heading(colours, NOW)
    return (
        alt.layer(tomb, bars, cross, note)
        .add_params(epoch_input())
        .properties(height=LIVES, description=alternative)
    )


# Planes as high as each other


def race_plane(*arguments: Any) -> alt.LayerChart:
    """As on the training page, but lower: a projector also shows the layers below it."""
    return training.plane(*arguments).properties(height=RACE_PLANE)


def plane(t: Text, colours: Palette, dataset: Dataset, alternative: str) -> alt.LayerChart:
    """As on the training page, but higher. Data: as there."""
    chart: Any = training.plane(t, colours, dataset, alternative)
    return chart.properties(height=PLANE, usermeta={PROJECTOR: PROJECTED_PLANE})


def machine(t: Text, colours: Palette, dataset: Dataset, alternative: str) -> alt.LayerChart:
    """The support vector machine's plane, as high as the network's. Data: as on its page."""
    chart: Any = svm.plane(t, colours, dataset, alternative)
    return chart.properties(height=PLANE, usermeta={PROJECTOR: PROJECTED_PLANE})
