"""A recorded training on the clock: what each layer shows, the loss, and the error of time steps.

Each chart is written once over named data and has a bound parameter `epoch`, which the clock moves:
here the number of a frame, a recorded step that is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import altair as alt
import numpy as np
import pyarrow as pa

from core.arrays import Array
from core.watched.watched import UNDEFINED, Watched
from pages.charts.derivatives import decades
from pages.charts.expressions import NOW, POWER_OF_TEN
from pages.charts.pictures import backdrop, rgb, tinted
from pages.charts.present import PROJECTOR, TYPE
from pages.charts.style import LINE, Palette
from pages.charts.vocabulary import (
    CLOSE,
    SNUG,
    Decades,
    Ends,
    above,
    arrows,
    dotted_at,
    epoch_input,
    number_at_point,
    until,
    value_axis,
)
from pages.texts import Text
from pages.texts.numbers import power, whole

PROFILE, COURSE, MAP, BLOCK = 210, 170, 260, 90
"""Heights in pixels."""
MANY_LAYERS = 20
"""With more, the error is shown as a picture of layers and steps, too."""
CROWDED = 60
"""With more layers, points are small."""
FEWEST_ACROSS, WIDE = 4, 120
"""Blocks in a row at least, and the width of one that is wanted, in pixels."""
LETTER = 5.8
"""The width of a letter in a block, about, in pixels."""
MOST_BLOCKS = 60
PALEST = 20 / 255
"""How opaque the colour of the smallest error is."""
MOST_FRAMES = 200
MOST_POINTS = 12_000
"""Points of a chart: of many layers fewer frames are drawn."""
MOST_LOSSES = 1_000
MOST_DECADES = 40
LARGEST = 1e30
"""The largest number of an axis that is not logarithmic."""
SPREAD = 20.0
"""A loss that varies by more than this is drawn in powers of ten."""
TOLD = "datum.word || format(datum.value, '.3~g')"
"""A value in words."""
USUAL_UPDATE = 1e-3
"""The ratio of update to weights that is often recommended (Karpathy, CS231n, 2015)."""


@dataclass(frozen=True)
class Profile:
    """A measure of every layer. logarithmic: read in powers of ten, else from 0 to `high`, or as
    far as it goes. line: a value that is marked, 0 for none. backward: whether it belongs to the
    error's way back."""

    measure: str
    logarithmic: bool = True
    high: float = 0.0
    line: float = 0.0
    backward: bool = True


PROFILES = {
    profile.measure: profile
    for profile in (
        Profile("delta"),
        Profile("update", line=USUAL_UPDATE),
        Profile("gradient"),
        Profile("weight"),
        Profile("std", logarithmic=False, backward=False),
        Profile("saturated", logarithmic=False, high=1.0, backward=False),
        Profile("dead", logarithmic=False, high=1.0, backward=False),
    )
}
"""What can be drawn of every layer."""


def is_measured(watched: Watched, measure: str) -> bool:
    """Whether there is a number of it to draw."""
    return bool(np.isfinite(watched.measures[measure][:, watched.shown]).any())


def frames_of(watched: Watched, points: int) -> list[int]:
    """The rows that are drawn, `points` numbers each: the first, the last and some between."""
    rows = len(watched.steps)
    most = min(rows, MOST_FRAMES, max(2, MOST_POINTS // max(1, points)))
    return sorted({round(k) for k in np.linspace(0, rows - 1, most)})


def told(value: float) -> str:
    """A number in words, those that are none, too."""
    return "NaN" if value == UNDEFINED else power(value)


def words(values: Array) -> Array:
    """Of each number that is not finite a word, "" for the others."""
    found = np.full(values.shape, "", dtype=object)
    odd = np.isinf(values)
    found[odd] = [told(value) for value in values[odd]]
    return found


def axis_of(profile: Profile, values: Array) -> Decades | Ends:
    """An axis that holds all of these values; what is smaller than 40 decades is at its end."""
    finite = values[np.isfinite(values)]
    if not profile.logarithmic:
        return Ends(0.0, profile.high or min(float(finite.max(initial=0.0)), LARGEST) * 1.05 or 1.0)
    return powers_of_ten(np.append(finite, profile.line) if profile.line else finite)


def powers_of_ten(values: Array) -> Decades:
    """A logarithmic axis that holds these values, of `MOST_DECADES` at most: a file may hold any
    number, and what lies beyond is drawn at the axis' end."""
    found = decades(values)
    high = min(found.high, MOST_DECADES)
    low = max(found.low - 1, high - MOST_DECADES)  # one more, for the label under the lowest point
    return Decades(min(low, high - 1), high)


def profile_table(
    watched: Watched, frames: Sequence[int], profile: Profile, axis: Decades | Ends
) -> pa.Table:
    """One row per frame and layer. `shown` stays within the axis, `mark` says what lies beyond."""
    layers = watched.shown
    found = watched.measures[profile.measure][np.ix_(list(frames), layers)]
    values = np.abs(found)
    (low, high), flat = axis.ends, values.ravel()
    there = ~np.isnan(flat)
    epochs = np.arange(len(frames))
    label = np.full(values.shape, "", dtype=object)
    label[:, 0] = ["" if np.isnan(v) else told(v) for v in found[:, 0]]
    columns = {
        "epoch": np.repeat(epochs, len(layers)),
        "until": np.repeat(until(epochs), len(layers)),
        "layer": np.tile(np.arange(1, len(layers) + 1), len(frames)),
        "value": np.where(np.isfinite(flat), flat, np.nan),
        "word": words(found.ravel()),
        "shown": np.clip(flat, low, high),
        "mark": np.select([flat < low, flat > high], ["below", "above"], "within"),
        "label": label.ravel(),
        "name": np.tile([watched.layers[k].name for k in layers], len(frames)),
    }
    return pa.table({key: pa.array(column[there].tolist()) for key, column in columns.items()})


def before_table(before: Watched | None, profile: Profile, axis: Decades | Ends) -> pa.Table:
    """The last row of another recording, for comparison; no rows without one."""
    values = np.zeros(0)
    if before is not None:
        values = np.abs(before.measures[profile.measure][-1, before.shown])
    there = np.flatnonzero(~np.isnan(values))
    return pa.table({"layer": there + 1, "shown": np.clip(values[there], *axis.ends)})


def clock_table(t: Text, watched: Watched, frames: Sequence[int]) -> pa.Table:
    """The step of every frame, in words."""
    epochs = np.arange(len(frames))
    steps = watched.steps[list(frames)]
    return pa.table(
        {
            "epoch": epochs,
            "until": until(epochs),
            "step": steps,
            "row": list(frames),
            "text": [t.own.step.format(step=whole(int(step), t)) for step in steps],
        }
    )


def layer_axis(t: Text, layers: int, backward: bool) -> alt.X:
    every = max(1, ceil(layers / 12))
    return (
        alt.X("layer:Q")
        .scale(domain=[0.7, layers + 0.3], nice=False, zero=False)
        .axis(values=list(range(1, layers + 1, every)), format="d", **CLOSE)
        .title(t.training.towards_input if backward else t.training.towards_output)
    )


def profile(
    t: Text,
    colours: Palette,
    measure: str,
    axis: Decades | Ends,
    layers: int,
    alternative: str,
) -> alt.LayerChart:
    """A measure of every layer, layer 1 at the left. Data: `profile`, `before` and `clock`.

    What lies beyond the axis is an arrow at its end.
    """
    kind, title = PROFILES[measure], t.own.measures[measure]
    colour = colours.accent
    x = layer_axis(t, layers, kind.backward)
    y = value_axis("shown:Q", axis, title, 6)
    base = (
        alt.Chart(alt.NamedData("profile"))
        .transform_filter(NOW)
        .transform_calculate(told=TOLD)
        .encode(x, y)
    )
    before = (
        alt.Chart(alt.NamedData("before"))
        .mark_line(color=colours.faint, strokeWidth=1.5, strokeDash=[5, 3])
        .encode(x, y)
    )
    line = base.mark_line(color=colour, strokeWidth=LINE)
    size = 55 if layers <= CROWDED else 12
    points = base.mark_point(filled=True, size=size, color=colour, opacity=1).encode(
        arrows(),
        tooltip=[
            alt.Tooltip("layer:Q", title=t.training.layer),
            alt.Tooltip("name:N", title=t.own.name),
            alt.Tooltip("told:N", title=title),
        ],
    )
    label = number_at_point(base, colours)
    now = (
        alt.Chart(alt.NamedData("clock"))
        .transform_filter(NOW)
        .mark_text(align="right", baseline="bottom", dy=-5, fontSize=12, color=colours.ink)
        .encode(text="text:N", x=alt.XValue(alt.expr("width")), y=alt.YValue(0))
    )
    marked = [dotted_at(kind.line, colours)] if kind.line else []
    return (
        alt.layer(*marked, before, line, points, label, now)
        .add_params(epoch_input())
        .properties(height=PROFILE, description=alternative, padding=SNUG)
    )


# The loss


def losses_table(watched: Watched | None, axis: Decades | Ends) -> pa.Table:
    """The loss of every row where it is a number, of long recordings a thousand; none without."""
    if watched is None:
        return pa.table({"step": np.zeros(0), "loss": np.zeros(0)})
    told = np.flatnonzero(np.isfinite(watched.loss))
    if len(told) > MOST_LOSSES:
        told = told[np.linspace(0, len(told) - 1, MOST_LOSSES).round().astype(int)]
    return pa.table({"step": watched.steps[told], "loss": np.clip(watched.loss[told], *axis.ends)})


def loss_axis(watched: Watched) -> Decades | Ends:
    losses = watched.loss[np.isfinite(watched.loss)]
    low, high = float(losses.min(initial=np.inf)), float(losses.max(initial=-np.inf))
    if low > 0 and high > SPREAD * low:
        return powers_of_ten(losses)
    return Ends(max(min(0.0, low), -LARGEST), min(high, LARGEST) * 1.05 if high > 0 else 1.0)


def course(
    t: Text,
    colours: Palette,
    axis: Decades | Ends,
    first: int,
    last: int,
    baseline: float,
    alternative: str,
) -> alt.LayerChart:
    """The loss of every recorded step, and a rule at the clock's.

    Data: `losses`, `before` (of another recording, or none) and `clock`.
    """
    x = (
        alt.X("step:Q")
        .scale(domain=[first, max(last, first + 1)], nice=False)
        .axis(tickCount=5, tickMinStep=1, format=",d", **CLOSE)
        .title(t.own.steps)
    )
    y = value_axis("loss:Q", axis, t.own.loss, 5)
    line = (
        alt.Chart(alt.NamedData("losses"))
        .mark_line(color=colours.accent, strokeWidth=LINE)
        .encode(x, y)
    )
    before = (
        alt.Chart(alt.NamedData("before"))
        .mark_line(color=colours.faint, strokeWidth=1.5, strokeDash=[5, 3], clip=True)
        .encode(x, y)
    )
    here = (
        alt.Chart(alt.NamedData("clock"))
        .transform_filter(NOW)
        .mark_rule(color=colours.ink, strokeWidth=1.5)
        .encode(x)
    )
    guess = [dotted_at(baseline, colours)] if axis.ends.low < baseline < axis.ends.high else []
    return (
        alt.layer(*guess, before, line, here)
        .add_params(epoch_input())
        .properties(height=COURSE, description=alternative, padding=SNUG)
    )


# The network as blocks


def in_blocks(watched: Watched) -> list[int]:
    """The layers that are drawn as blocks: all, or of very many the first, the last and some at
    even distances between."""
    count = len(watched.layers)
    return sorted({round(k) for k in np.linspace(0, count - 1, min(count, MOST_BLOCKS))})


def blocks_table(watched: Watched, layers: Sequence[int]) -> pa.Table:
    """One row per block: its place and its words. Layers of the other charts have their number."""
    numbers = {place: number for number, place in enumerate(watched.shown, start=1)}
    found = [watched.layers[k] for k in layers]
    called = [
        layer.type or (layer.kind if layer.name.isdecimal() else layer.name) for layer in found
    ]

    def numbered(names: Sequence[str]) -> list[str]:
        pairs = zip(layers, names, strict=True)
        return [" · ".join(filter(None, (str(numbers.get(k, "")), name))) for k, name in pairs]

    words = {
        "title": numbered(called),
        "lines": numbered([in_two_lines(name) for name in called]),
        "name": [layer.name for layer in found],
        "shape": [" × ".join(map(str, layer.shape)) for layer in found],
        "activation": [layer.activation for layer in found],
    }
    return pa.table({"place": range(len(found)), **words})


def in_two_lines(name: str) -> str:
    """The name of a class, broken before the capital next to its middle: Multihead, Attention."""
    places = [k for k in range(1, len(name)) if name[k].isupper() and name[k - 1].islower()]
    if not places:
        return name
    middle = min(places, key=lambda k: abs(2 * k - len(name)))
    return f"{name[:middle]}\n{name[middle:]}"


def errors_table(
    watched: Watched, layers: Sequence[int], frames: Sequence[int], axis: Decades
) -> pa.Table:
    """One row per frame and block that has an error."""
    values = watched.measures["delta"][np.ix_(list(frames), list(layers))].ravel()
    there = ~np.isnan(values)
    epochs = np.arange(len(frames))
    columns = {
        "epoch": np.repeat(epochs, len(layers)),
        "until": np.repeat(until(epochs), len(layers)),
        "place": np.tile(np.arange(len(layers)), len(frames)),
        "shown": axis.clip(np.abs(values)),
    }
    value = [told(value) for value in values[there]]
    return pa.table({**{key: column[there] for key, column in columns.items()}, "value": value})


def shades(colours: Palette, axis: Decades, title: str) -> alt.Color:
    """The colours of `error_map`, the deeper the larger the error, with their legend.

    Squares, as a gradient is found by the page's address and lost when that changes.
    """
    red, green, blue = rgb(colours.accent)
    ends = [f"rgba({red},{green},{blue},{round(opacity, 3)})" for opacity in (PALEST, 1)]
    return (
        alt.Color("shown:Q")
        .scale(type="log", domain=list(axis.ends), range=ends, nice=False)
        .legend(
            type="symbol", symbolType="square", symbolSize=160, symbolStrokeWidth=0,
            orient="top", direction="horizontal",
            values=axis.ticks(axis.at_most(4)), labelExpr=POWER_OF_TEN, titleLimit=300, offset=6,
        )
        .title(title)
    )  # fmt: skip


def blocks(
    t: Text, colours: Palette, axis: Decades, count: int, alternative: str
) -> alt.LayerChart:
    """The network as blocks in the order of the forward pass, with a band in the colour of the
    error; as many in a row as the width allows. Data: `blocks` and `errors`."""
    words, most = t.own, f"max({FEWEST_ACROSS}, floor(width / {WIDE}))"
    across = alt.param(name="across", expr=f"ceil({count} / ceil({count} / {most}))")
    left = alt.X("left:Q").scale(domain=[0, 1], nice=False).axis(None)
    top = alt.Y("row:O", bandPosition=0).scale(paddingInner=0.1, paddingOuter=0).axis(None)

    def boxes(name: str) -> alt.Chart:
        return (
            alt.Chart(alt.NamedData(name))
            .transform_calculate(
                left="(datum.place % across + 0.02) / across",
                right="(datum.place % across + 0.98) / across",
                row="floor(datum.place / across)",
            )
            .encode(left, top)
        )

    frame = boxes("blocks")
    outline = frame.mark_rect(
        fill=colours.paper, stroke=colours.faint, strokeWidth=1, cornerRadius=3
    ).encode(
        x2="right:Q",
        y2=alt.Y2("row:O", bandPosition=1),
        tooltip=[
            alt.Tooltip("name:N", title=words.name),
            alt.Tooltip("shape:N", title=words.output),
            alt.Tooltip("activation:N", title=words.activation),
        ],
    )
    error = words.measures["delta"]
    band = (
        boxes("errors")
        .transform_filter(NOW)
        .mark_rect(stroke=colours.faint, strokeWidth=1)
        .encode(
            shades(colours, axis, error),
            x2="right:Q",
            y2=alt.Y2("row:O", bandPosition=0.22),
            tooltip=[alt.Tooltip("value:N", title=error)],
        )
    )
    room = "(width / across * 0.96 - 8)"
    narrow = f"length(datum.title) * {LETTER} > {room}"

    def line(field: str, below: str, colour: str, size: int) -> alt.Chart:
        text = frame.mark_text(
            align="left", baseline="top", dx=5, dy=alt.expr(below), limit=alt.expr(room),
            fontSize=size, color=colour, lineBreak="\n", lineHeight=13,
        )  # fmt: skip
        return text.transform_calculate(written=field).encode(text="written:N")

    written = (
        line(f"{narrow} ? datum.lines : datum.title", "20", colours.ink, 12),
        line("datum.shape", f"{narrow} ? 49 : 36", colours.faint, 11),
        line("datum.activation", f"{narrow} ? 64 : 51", colours.ink, 11),
    )
    return (
        alt.layer(outline, band, *written)
        .add_params(epoch_input(), across)
        .properties(
            height=alt.Step(BLOCK),
            autosize=alt.AutoSizeParams(type="fit-x", contains="padding"),
            description=alternative,
            padding=SNUG,
            usermeta={PROJECTOR: {"step": round(TYPE * BLOCK)}},
        )
        .configure_view(stroke=None)
    )


# Layers and steps at once


def map_tables(watched: Watched, colours: Palette, axis: Decades) -> dict[str, pa.Table]:
    """The error of every layer and row as a picture, the darker the larger; layer 1 at the left."""
    values = watched.measures["delta"][:, watched.shown]
    with np.errstate(divide="ignore", invalid="ignore"):
        size = (np.log10(np.abs(values)) - axis.low) / (axis.high - axis.low)
    size = np.where(np.isinf(values), 1.0, size)
    size = np.clip(np.nan_to_num(size, nan=0.0, neginf=0.0), 0, 1)
    opacity = np.rint(255 * (PALEST + (1 - PALEST) * size))
    picture = np.ascontiguousarray(opacity.astype(np.uint8))
    return {"picture": pa.table({"url": [tinted(picture, colours.accent)]})}


def error_map(
    t: Text, colours: Palette, layers: int, rows: int, alternative: str
) -> alt.LayerChart:
    """Every layer and row: layer 1 at the left, the first row at the top. Data: `map_tables`."""
    x = layer_axis(t, layers, backward=True).scale(
        domain=[0.5, layers + 0.5], nice=False, zero=False
    )
    y = (
        alt.Y("row:Q")
        .scale(domain=[rows, 0], nice=False)
        .axis(tickCount=4, tickMinStep=1, format="d", **CLOSE, **above("left"))
        .title(t.own.rows)
    )
    here = (
        alt.Chart(alt.NamedData("clock"))
        .transform_filter(NOW)
        .transform_calculate(row="datum.row + 0.5", layer="1")
        .encode(y)
        .mark_rule(color=colours.ink, strokeWidth=1.5)
    )
    ticks = (
        alt.Chart(alt.NamedData("clock")).mark_point(opacity=0).transform_calculate(layer="1")
    ).encode(x, y)
    return (
        alt.layer(backdrop("picture"), ticks, here)
        .add_params(epoch_input())
        .properties(height=MAP, description=alternative, padding=SNUG)
    )


# The time steps of a recurrent layer


def calls_table(watched: Watched, layer: int, frames: Sequence[int], axis: Decades) -> pa.Table:
    """The error of every call of a layer, in every frame."""
    values = watched.calls[layer][list(frames)]
    flat, calls = values.ravel(), values.shape[1]
    epochs = np.arange(len(frames))
    there = ~np.isnan(flat)
    columns = {
        "epoch": np.repeat(epochs, calls),
        "until": np.repeat(until(epochs), calls),
        "call": np.tile(np.arange(1, calls + 1), len(frames)),
        "value": np.where(np.isfinite(flat), flat, np.nan),
        "word": words(flat),
        "shown": axis.clip(np.abs(flat)),
    }
    return pa.table({key: pa.array(column[there].tolist()) for key, column in columns.items()})


def calls(t: Text, colours: Palette, axis: Decades, count: int, alternative: str) -> alt.LayerChart:
    """The error of every time step, the first at the left. Data: `calls` and `clock`."""
    x = (
        alt.X("call:Q")
        .scale(domain=[0.5, count + 0.5], nice=False, zero=False)
        .axis(tickCount=8, format="d", **CLOSE)
        .title(t.own.calls_axis)
    )
    title = t.own.measures["delta"]
    y = value_axis("shown:Q", axis, title, 6)
    base = (
        alt.Chart(alt.NamedData("calls"))
        .transform_filter(NOW)
        .transform_calculate(told=TOLD)
        .encode(x, y)
    )
    line = base.mark_line(color=colours.accent, strokeWidth=LINE)
    points = base.mark_point(filled=True, size=30, color=colours.accent, opacity=1).encode(
        tooltip=[
            alt.Tooltip("call:Q", title=t.own.call),
            alt.Tooltip("told:N", title=title),
        ]
    )
    return (
        alt.layer(line, points)
        .add_params(epoch_input())
        .properties(height=PROFILE, description=alternative, padding=SNUG)
    )
