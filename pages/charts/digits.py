"""Handwritten digits: what a network makes of a picture, where it errs, what its units look for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import altair as alt
import numpy as np
import pyarrow as pa
from PIL import Image

from core.lessons.digits import DIGITS, Reading, pictures
from core.runs.recording import History
from pages.charts.pictures import Pixels, inked, rgb, tinted, uri
from pages.charts.present import PROJECTOR, TYPE
from pages.charts.style import LINE, Palette
from pages.charts.vocabulary import LABEL, ONCE, apart, dotted_at, names_beside, strokes
from pages.texts import Text
from pages.texts.numbers import percent

BARS, COURSE, CONFUSION, UNIT = 300, 300, 400, 300
"""Heights in pixels, axes included."""
ACROSS, DOWN = 5, 4
"""Pictures of mistakes per row, and rows."""
TILE = 96
UNITS_ACROSS, UNITS_DOWN = 8, 4
UNIT_TILE = 46
MARGIN = 16
"""The margin that the page leaves around a chart without axes."""
MOST_MISTAKES, MOST_UNITS = ACROSS * DOWN, UNITS_ACROSS * UNITS_DOWN
PLAIN = {"labelAngle": 0, "grid": False, "domain": False, "ticks": False}


def signs(colours: Palette) -> tuple[str, str, str]:
    """The colours of the most negative weight, of 0 and of the most positive one."""
    return colours.classes[0], colours.paper, colours.classes[1]


def weight_picture(weights: Pixels, largest: float, colours: Palette) -> str:
    """8 x 8 weights between the two colours of their sign: full at `largest`, paper at 0."""
    low, middle, high = (np.array(rgb(colour), float) for colour in signs(colours))
    share = np.clip(weights / largest, -1, 1)[..., None]
    mixed = middle + np.abs(share) * (np.where(share < 0, low, high) - middle)
    return uri(Image.fromarray(mixed.round().astype(np.uint8), mode="RGB"))


def columns(count: int, widest: int) -> alt.Scale:
    """`count` columns of pictures, together as wide as the chart, but none wider than `widest`."""
    reach = [0, alt.expr(f"min(width, {count * widest})")]
    return alt.Scale(domain=[-0.5, count - 0.5], range=reach, nice=False)


# A picture that was drawn


def bars_table(probability: Pixels, t: Text) -> pa.Table:
    """One row per digit: its probability, in numbers and in words, and whether it is likeliest."""
    return pa.table(
        {
            "digit": [str(digit) for digit in range(DIGITS)],
            "probability": probability,
            "text": [percent(float(p), t) for p in probability],
            "likeliest": np.arange(DIGITS) == probability.argmax(),
        }
    )


def bars(t: Text, colours: Palette, alternative: str) -> alt.LayerChart:
    """The probability of each digit. Data: `bars` from `bars_table`."""
    base = alt.Chart(alt.NamedData("bars")).encode(
        alt.Y("digit:N").axis(**PLAIN, labelFontSize=14).title(t.digits.digit),
        alt.X("probability:Q")
        .scale(domain=[0, 1.14], nice=False)
        .axis(values=[0, 0.5, 1], format="%", grid=False)
        .title(t.digits.probability),
    )
    chosen = alt.when("datum.likeliest")
    bar = base.mark_bar(cornerRadiusEnd=2).encode(
        color=chosen.then(alt.value(colours.accent)).otherwise(alt.value(colours.faint)),
    )
    text = base.mark_text(align="left", dx=5, fontSize=12, color=colours.ink).encode(
        text="text:N",
        opacity=chosen.then(alt.value(1)).otherwise(alt.value(0.75)),
    )
    return alt.layer(bar, text).properties(height=BARS, description=alternative)


# The course


def course_table(histories: Mapping[str, History]) -> pa.Table:
    """One row per activation and epoch: the accuracy on both parts."""
    parts = []
    for activation, history in histories.items():
        seen = np.isfinite(history.test_accuracy[:, 0])
        parts.append(
            pa.table(
                {
                    "activation": [activation] * int(seen.sum()),
                    "epoch": history.epoch[seen],
                    "test": history.test_accuracy[seen, 0],
                    "train": history.train_accuracy[seen, 0],
                }
            )
        )
    return pa.concat_tables(parts)


def ends_table(histories: Mapping[str, History], names: Mapping[str, str]) -> pa.Table:
    """The name of every line at its end, moved apart."""
    ends = {}
    for activation, history in histories.items():
        accuracy = history.test_accuracy[:, 0]
        if np.isfinite(accuracy).any():
            ends[activation] = float(accuracy[np.isfinite(accuracy)][-1])
    gap = LABEL / (COURSE - 70)
    return pa.table(
        {
            "activation": pa.array(list(ends), pa.string()),
            "end": pa.array(list(ends.values()), pa.float64()),
            "place": pa.array(
                apart(list(ends.values()), gap, 0.0, 1.0) if ends else [], pa.float64()
            ),
            "name": pa.array([names[key] for key in ends], pa.string()),
        }
    )


def course(
    t: Text,
    colours: Palette,
    keys: tuple[str, ...],
    epochs: int,
    guessing: float,
    alternative: str,
) -> alt.LayerChart:
    """The accuracy during training, and that of guessing.

    keys: the activations, that of the page's network first; its training part is drawn as well.

    Data: `course` from `course_table`, `ends` from `ends_table`.
    """
    words = t.digits
    colour, dashes = strokes(keys, colours, "activation:N")
    x = alt.X("epoch:Q").scale(domain=[0, epochs], nice=False).title(words.epoch)
    x = x.axis(grid=False, tickCount=5)
    y = {
        "scale": alt.Scale(domain=[0, 1], nice=False),
        "axis": alt.Axis(format="%", tickCount=5, titlePadding=6),
        "title": words.accuracy,
    }
    base = alt.Chart(alt.NamedData("course"))
    lines = base.mark_line(strokeWidth=LINE).encode(
        x,
        alt.Y("test:Q", **y),
        colour,
        dashes,
        tooltip=[
            alt.Tooltip("epoch:Q", title=words.epoch),
            alt.Tooltip("test:Q", title=words.test, format=".1%"),
            alt.Tooltip("train:Q", title=words.train, format=".1%"),
        ],
    )
    training = (
        base.transform_filter(f"datum.activation == '{keys[0]}'")
        .mark_line(strokeWidth=1, color=colours.ink, opacity=0.55)
        .encode(x, alt.Y("train:Q", **y))
    )
    names = names_beside(alt.Chart(alt.NamedData("ends")), y, colour)
    note = (
        alt.Chart(ONCE)
        .mark_text(align="right", dy=-8, fontSize=12, color=colours.ink)
        .encode(text=alt.TextValue(words.guessing), y=alt.YDatum(guessing), x=alt.XValue("width"))
    )
    return alt.layer(training, lines, *names, dotted_at(guessing, colours, 0.6), note).properties(
        height=COURSE, description=alternative
    )


# Mistakes


def mistakes_table(reading: Reading, t: Text, ink: str) -> pa.Table:
    """One row per mistake, surest first, at most MOST_MISTAKES: its picture, and both digits."""
    shown = reading.mistakes[:MOST_MISTAKES]
    pixels = pictures()
    place = np.arange(len(shown))
    surest = reading.probability[shown].max(axis=1)
    read = zip(reading.predicted[shown], surest, strict=True)
    return pa.table(
        {
            "x": pa.array(place % ACROSS, pa.int64()),
            "y": pa.array(-(place // ACROSS), pa.int64()),
            "url": pa.array(
                [tinted(inked(pixels[row]), ink) for row in reading.rows[shown]], pa.string()
            ),
            "reads": pa.array(
                [
                    t.digits.reads.format(predicted=digit, probability=percent(float(p), t))
                    for digit, p in read
                ],
                pa.string(),
            ),
            "truth": pa.array(
                [t.digits.is_true.format(truth=digit) for digit in reading.truth[shown]],
                pa.string(),
            ),
        }
    )


def mistakes(t: Text, colours: Palette, rows: int, alternative: str) -> alt.LayerChart:
    """Pictures that are read wrongly, in `rows` rows. Data: `mistakes` from `mistakes_table`."""
    base = alt.Chart(alt.NamedData("mistakes")).encode(
        alt.X("x:Q").scale(columns(ACROSS, TILE + 20)).axis(None),
        alt.Y("y:Q").scale(domain=[0.5 - rows, 0.5], nice=False).axis(None),
        tooltip=[
            alt.Tooltip("reads:N", title=t.digits.predicted),
            alt.Tooltip("truth:N", title=t.digits.true),
        ],
    )
    picture = base.mark_image(width=46, height=46, baseline="middle").encode(url="url:N")
    text = {"fontSize": 12, "limit": 110}
    reads = base.mark_text(**text, dy=-35, fontWeight="bold", color=colours.wrong)
    truth = base.mark_text(**text, dy=34, color=colours.ink)
    layers = [picture, reads.encode(text="reads:N"), truth.encode(text="truth:N")]
    return alt.layer(*layers).properties(
        height=rows * TILE + MARGIN,
        usermeta={PROJECTOR: round(TYPE * rows * TILE + MARGIN)},  # two larger lines per tile
        description=alternative,
    )


def confusion_table(reading: Reading) -> pa.Table:
    """One row per cell: how many pictures of the digit `truth` are read as `predicted`."""
    counts = reading.confusion
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    truth, predicted = np.indices(counts.shape)
    return pa.table(
        {
            "truth": [str(k) for k in truth.ravel()],
            "predicted": [str(k) for k in predicted.ravel()],
            "count": counts.ravel(),
            "share": share.ravel(),
            "right": (truth == predicted).ravel(),
            "text": [str(count) if count else "·" for count in counts.ravel()],
        }
    )


def confusion(t: Text, colours: Palette, alternative: str) -> alt.LayerChart:
    """True digits by digits read, a number in every cell. Data: `cells` from `confusion_table`."""
    words = t.digits
    base = alt.Chart(alt.NamedData("cells")).encode(
        alt.X("predicted:N")
        .axis(**PLAIN, orient="top", labelFontSize=13, labelFontWeight="bold")
        .title(words.predicted),
        alt.Y("truth:N").axis(**PLAIN, labelFontSize=13, labelFontWeight="bold").title(words.true),
        tooltip=[
            alt.Tooltip("truth:N", title=words.true),
            alt.Tooltip("predicted:N", title=words.predicted),
            alt.Tooltip("count:Q", title=words.pictures),
        ],
    )
    cells = base.mark_rect(stroke=colours.grid, strokeWidth=1).encode(
        color=alt.when("datum.right")
        .then(alt.value(colours.right))
        .otherwise(alt.value(colours.wrong)),
        fillOpacity=alt.FillOpacity("share:Q")
        .scale(type="pow", exponent=0.6, domain=[0, 1], range=[0, 0.5])
        .legend(None),
    )
    text = base.mark_text(fontSize=13, color=colours.ink).encode(
        text="text:N",
        opacity=alt.when("datum.count > 0").then(alt.value(1)).otherwise(alt.value(0.4)),
    )
    return alt.layer(cells, text).properties(height=CONFUSION, description=alternative)


# What the units of layer 1 look for


def units_table(weights: Pixels, unit: int, colours: Palette, names: Sequence[str]) -> pa.Table:
    """One row per unit: its weights as a picture, and whether it is the chosen one (an index)."""
    shown = weights[:MOST_UNITS]
    place = np.arange(len(shown))
    largest = max(float(np.abs(shown).max()), 1e-300)
    return pa.table(
        {
            "x": place % UNITS_ACROSS,
            "y": -(place // UNITS_ACROSS),
            "url": [weight_picture(picture, largest, colours) for picture in shown],
            "chosen": place == unit,
            "name": list(names),
        }
    )


def units(t: Text, colours: Palette, rows: int, alternative: str) -> alt.LayerChart:
    """The weights of many units, one of them framed. Data: `units` from `units_table`."""
    base = alt.Chart(alt.NamedData("units")).encode(
        alt.X("x:Q").scale(columns(UNITS_ACROSS, UNIT_TILE)).axis(None),
        alt.Y("y:Q").scale(domain=[0.5 - rows, 0.5], nice=False).axis(None),
        tooltip=alt.Tooltip("name:N"),
    )
    edge = UNIT_TILE - 6
    picture = base.mark_image(
        width=edge, height=edge, aspect=False, smooth=False, baseline="middle"
    ).encode(url="url:N")
    around = base.mark_point(shape="square", filled=False, opacity=1)
    thin = around.encode(size=alt.value(edge**2), stroke=alt.value(colours.faint))
    frame = (
        around.transform_filter("datum.chosen")
        .mark_point(shape="square", filled=False, strokeWidth=3, opacity=1)
        .encode(size=alt.value((edge + 3) ** 2), stroke=alt.value(colours.accent))
    )
    return alt.layer(picture, thin, frame).properties(
        height=rows * UNIT_TILE + MARGIN, description=alternative
    )


def unit_table(weights: Pixels) -> pa.Table:
    """One row per pixel of one unit: its weight, and its sign where it is large."""
    row, column = np.indices(weights.shape)
    strong = np.abs(weights) > 0.4 * np.abs(weights).max(initial=0.0)
    sign = np.where(weights > 0, "+", "−")
    return pa.table(
        {
            "row": row.ravel() + 1,
            "column": column.ravel() + 1,
            "weight": weights.ravel(),
            "sign": np.where(strong, sign, "").ravel().tolist(),
        }
    )


def round_up(value: float) -> float:
    """The next larger of 1, 2 and 5 times a power of ten."""
    power = 10.0 ** np.floor(np.log10(value)) if value > 0 else 1.0
    return float(next(step * power for step in (1, 2, 5, 10) if step * power >= value * (1 - 1e-9)))


def unit(t: Text, colours: Palette, largest: float, alternative: str) -> alt.LayerChart:
    """The weights of one unit, from -largest to largest. Data: `unit` from `unit_table`."""
    words = t.digits
    square = alt.Scale(range=[0, alt.expr("height")], paddingInner=0.06, paddingOuter=0)
    base = alt.Chart(alt.NamedData("unit")).encode(
        alt.X("column:O").scale(square).axis(**PLAIN).title(words.column),
        alt.Y("row:O").scale(paddingInner=0.06, paddingOuter=0).axis(**PLAIN).title(words.row),
        tooltip=[
            alt.Tooltip("row:O", title=words.row),
            alt.Tooltip("column:O", title=words.column),
            alt.Tooltip("weight:Q", title=words.weight, format="+.3f"),
        ],
    )
    cells = base.mark_rect().encode(
        alt.Color("weight:Q")
        .scale(domain=[-largest, 0, largest], range=list(signs(colours)), interpolate="rgb")
        .legend(
            title=words.weight,
            orient="right",
            gradientLength=180,
            values=[-largest, 0, largest],
            format="~g",
        )
    )
    text = base.mark_text(fontSize=15, fontWeight="bold", color=colours.ink).encode(text="sign:N")
    return alt.layer(cells, text).properties(height=UNIT, description=alternative)
