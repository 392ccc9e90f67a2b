"""Curves of activation functions and their slopes, read at one point by a dial in the browser.

The charts' parameter `z` is the number of a step, from 0 to STEPS, set by the dial.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import acosh, sqrt
from typing import Any

import altair as alt
import numpy as np
import pyarrow as pa

from core.nn.activations import ACTIVATIONS, Activation
from core.nn.own import activation_of
from pages.charts.facts import name_of, near
from pages.charts.style import Palette, dash, hue
from pages.charts.vocabulary import (
    LABEL,
    ONCE,
    REACH,
    Ends,
    Floats,
    apart,
    names_beside,
    step_input,
    strokes,
    strong_at,
    z_axis,
)
from pages.texts import Text

Knobs = tuple[tuple[str, float], ...]

STEPS = 240
"""Steps of the dial, from -REACH to REACH."""
HEIGHT = 340
PLOT = HEIGHT - 62
"""The part of the height that the axis leaves free."""
TOP, BOTTOM, STEEPEST = 4.0, -3.0, 2.0
"""Values of f beyond TOP and BOTTOM, and slopes beyond STEEPEST, are outside the picture."""
CROSSING = 2 * acosh((1 + sqrt(3)) / 2)
"""Beyond it tanh' is smaller than the sigmoid's: cosh z = 2 cosh(z / 2) there."""
STRETCHES = 50


def knobs_of(key: str, knobs: Knobs) -> dict[str, float]:
    """The knobs that belong to one activation, by their short names."""
    prefix = f"{key}."
    return {k.removeprefix(prefix): v for k, v in knobs if k.startswith(prefix)}


# Tables


def pieces(activation: Activation) -> list[Floats]:
    """Points of the horizontal axis, cut at kinks and seams (a knob can make a kink of a seam).

    A piece runs up to the limits at its ends.
    """
    cuts = sorted(k for k in activation.kinks + activation.seams if -REACH < k < REACH)
    edges = [-REACH, *cuts, REACH]
    parts = []
    for low, high in pairwise(edges):
        count = max(2, round((high - low) / (2 * REACH) * STEPS) + 1)
        part = np.linspace(low, high, count)
        if low in cuts:
            part[0] = np.nextafter(low, np.inf)
        if high in cuts:
            part[-1] = np.nextafter(high, -np.inf)
        parts.append(part)
    return parts


def curves_table(keys: Sequence[str], knobs: Knobs) -> pa.Table:
    """One row per curve and point; `piece` distinguishes the parts between two kinks."""
    columns: dict[str, list[Any]] = {"key": [], "piece": [], "z": [], "f": [], "df": []}
    for key in keys:
        activation = activation_of(key)
        for number, z in enumerate(pieces(activation)):
            f, df = activation.value_and_derivative(z, **knobs_of(key, knobs))
            held = np.isfinite(f) & np.isfinite(df)  # a formula may have a pole
            z, f, df = z[held], f[held], df[held]
            columns["key"] += [key] * len(z)
            columns["piece"] += [number] * len(z)
            for name, values in (("z", z), ("f", f), ("df", df)):
                columns[name] += values.tolist()
    return pa.table(columns)


def grid() -> Floats:
    """The positions of the dial."""
    return np.round(np.linspace(-REACH, REACH, STEPS + 1), 12)


def probe_table(keys: Sequence[str], knobs: Knobs) -> pa.Table:
    """One row per curve and step of the dial: the point, the tangent's ends, the triangle's tip."""
    z = grid()
    parts = []
    for key in keys:
        f, df = activation_of(key).value_and_derivative(z, **knobs_of(key, knobs))
        parts.append(
            pa.table(
                {
                    "key": [key] * len(z),
                    "index": np.arange(len(z)),
                    "z": z,
                    "f": f,
                    "df": df,
                    "left": z - 1.5,
                    "down": f - 1.5 * df,
                    "right": z + 1.5,
                    "up": f + 1.5 * df,
                    "next": z + 1,
                    "tip": f + df,
                }
            )
        )
    return pa.concat_tables(parts)


def kinks_table(keys: Sequence[str], knobs: Knobs, t: Text, *, slope: bool) -> pa.Table:
    """Jumps of f, or of f': the value, filled, and the limits that it does not take, open.

    `note` says 'by convention', once per value and only where no other note is near.
    """
    rows: list[dict[str, Any]] = []
    for key in keys:
        activation, own = activation_of(key), knobs_of(key, knobs)
        for z in (k for k in activation.kinks + activation.seams if -REACH < k <= REACH):
            around = np.array([np.nextafter(z, -np.inf), z, np.nextafter(z, np.inf)])
            left, value, right = activation.value_and_derivative(around, **own)[slope]
            jumps = not np.isclose(left, right, atol=1e-9)
            undefined = slope and not np.isclose(*activation.value(around[[0, 2]], **own))
            if not jumps and not undefined:
                continue
            text = t.activations.convention.format(value=near(float(value)))
            told = [r for r in rows if r["note"]]
            beside = [r for r in told if abs(r["z"] - z) < 2 and abs(r["y"] - value) < 0.15]
            again = [r for r in told if r["note"] == text]
            rows.append(
                {
                    "key": key,
                    "z": z,
                    "y": value,
                    "filled": True,
                    "note": text if slope and not beside and not again else "",
                }
            )
            limits = {float(limit) for limit in (left, right) if not np.isclose(limit, value)}
            rows += [
                {"key": key, "z": z, "y": limit, "filled": False, "note": ""}
                for limit in sorted(limits)
            ]
    schema = pa.schema(
        [
            ("key", pa.string()),
            ("z", pa.float64()),
            ("y", pa.float64()),
            ("filled", pa.bool_()),
            ("note", pa.string()),
        ]
    )
    return pa.Table.from_pylist(rows, schema=schema)


def ends_of(curves: pa.Table, *, slope: bool) -> Ends:
    """The vertical axis for these curves."""
    values = curves["df" if slope else "f"].to_numpy()
    low, high = (-STEEPEST, STEEPEST) if slope else (BOTTOM, TOP)
    bottom, top = max(float(values.min()), low), min(float(values.max()), high)
    bottom, top = min(bottom, 0.0), max(top, 0.25 if slope else 1.0)
    margin = 0.07 * (top - bottom)
    return Ends(bottom - margin, top + margin)


def labels_table(
    curves: pa.Table, t: Text, ends: Ends, *, slope: bool, pixels: int = PLOT
) -> pa.Table:
    """The name of every curve at its end, moved apart; an arrow where it leaves the picture.

    pixels: the height of the picture between its ends.
    """
    keys = list(dict.fromkeys(curves["key"].to_pylist()))
    column = curves["df" if slope else "f"].to_numpy()
    owner = np.array(curves["key"].to_pylist())
    last = [float(column[owner == key][-1]) for key in keys]
    shown = [ends.clip(value) for value in last]
    places = apart(shown, LABEL * (ends.high - ends.low) / pixels, ends.low, ends.high)
    marks = [" ↑" if v > ends.high else " ↓" if v < ends.low else "" for v in last]
    return pa.table(
        {
            "key": keys,
            "name": [name_of(t, key) + mark for key, mark in zip(keys, marks, strict=True)],
            "end": shown,
            "place": places,
        }
    )


# Charts


def names_at_ends(keys: Sequence[str], colours: Palette, y: Mapping[str, Any]) -> alt.LayerChart:
    """Names at the ends of the curves. Data: `labels` from `labels_table`."""
    return alt.layer(*names_beside(alt.Chart(alt.NamedData("labels")), y, *strokes(keys, colours)))


def curves(
    t: Text,
    colours: Palette,
    keys: tuple[str, ...],
    slope: bool,
    ends: Ends,
    alternative: str,
) -> alt.LayerChart:
    """f, or with `slope` f', of some activations, and their values at the dial.

    In the chart of f every curve has its tangent and a triangle: 1 to the right, f' upwards.
    Data: `curves`, `probe`, `kinks`, `labels` from the tables above.
    """
    colour, dashes = strokes(keys, colours)
    field = "df" if slope else "f"
    scale = {"scale": alt.Scale(domain=list(ends), nice=False, zero=False)}
    title = t.activations.slope_axis if slope else t.activations.value_axis
    y = {**scale, "axis": alt.Axis(tickCount=6, gridColor=strong_at(0, colours)), "title": title}
    x = z_axis(t, gridColor=strong_at(0, colours))
    lines = (
        alt.Chart(alt.NamedData("curves"))
        .mark_line(strokeWidth=1.7 if slope else 2.8, clip=True)
        .encode(x, alt.Y(f"{field}:Q", **y), colour, dashes, detail="piece:N")
    )
    reading = alt.Chart(alt.NamedData("probe"))
    here = [reading.mark_rule(color=colours.ink, strokeWidth=1, opacity=0.6).encode(x)]
    if not slope:
        thin = reading.mark_rule(strokeWidth=1.2, opacity=0.9, clip=True)
        here += [
            thin.encode(alt.X("z:Q"), x2="next:Q", y=alt.Y("f:Q", **y), color=colour),
            thin.encode(alt.X("next:Q"), y=alt.Y("f:Q", **y), y2="tip:Q", color=colour),
            thin.encode(
                alt.X("left:Q"), x2="right:Q", y=alt.Y("down:Q", **y), y2="up:Q", color=colour
            ),
        ]
    here.append(
        reading.mark_point(
            filled=True, size=70, opacity=1, stroke=colours.paper, strokeWidth=1, clip=True
        ).encode(x, alt.Y(f"{field}:Q", **y), colour)
    )
    read = alt.layer(*here).transform_filter("datum.index == z")
    parts = [lines, *kink_marks(colours, keys, x, y), read, names_at_ends(keys, colours, y)]
    return (
        alt.layer(*parts)
        .add_params(step_input("z", STEPS, STEPS // 2))
        .properties(
            height=HEIGHT,
            description=alternative,
            padding={"left": 2, "top": 6, "right": 4, "bottom": 8},
        )
    )


def kink_marks(
    colours: Palette, keys: Sequence[str], x: alt.X, y: Mapping[str, Any]
) -> list[alt.Chart]:
    """Filled and open dots where f or f' jumps. Data: `kinks`."""
    colour, _ = strokes(keys, colours)
    kinks = alt.Chart(alt.NamedData("kinks")).encode(x, alt.Y("y:Q", **y))
    dots = kinks.mark_point(size=45, strokeWidth=1.6, opacity=1, clip=True).encode(
        stroke=colour.copy(),
        fill=alt.condition("datum.filled", colour.copy(), alt.value(colours.paper)),
    )
    notes = kinks.mark_text(
        align="left", dx=7, dy=10, fontSize=11, color=colours.ink, clip=True
    ).encode(text="note:N")
    return [dots, notes]


# From the sigmoid to tanh


def stretch_table() -> pa.Table:
    """The sigmoid and tanh, and their slopes, over the range of the stretched curve."""
    z = np.linspace(-REACH, REACH, 121)
    (s, ds), (h, dh) = (ACTIVATIONS[key].value_and_derivative(z) for key in ("sigmoid", "tanh"))
    return pa.table({"z": z, "sigmoid_f": s, "tanh_f": h, "sigmoid_df": ds, "tanh_df": dh})


def stretched(slope: bool) -> str:
    """A Vega expression: (1 + t) sigma((1 + t) z) - t or its slope, t from 0 to 1 by the dial."""
    factor = f"(1 + stretch / {STRETCHES})"
    s = f"(1 / (1 + exp(-{factor} * datum.z)))"
    if slope:
        return f"{factor} * {factor} * {s} * (1 - {s})"
    return f"{factor} * {s} - stretch / {STRETCHES}"


def stretch(t: Text, colours: Palette, slope: bool, alternative: str) -> alt.LayerChart:
    """The sigmoid, tanh, and between them the curve that the dial `stretch` moves across.

    With `slope`, their derivatives and where tanh's is the smaller one. Data: `stretch`.
    """
    ends = Ends(-0.05, 1.2) if slope else Ends(-1.12, 1.12)
    kind = "df" if slope else "f"
    title = t.activations.slope_axis if slope else t.activations.value_axis
    y = {"scale": alt.Scale(domain=list(ends), nice=False), "title": title}
    x = z_axis(t)
    data = alt.Chart(alt.NamedData("stretch"))

    def fixed(key: str) -> alt.Chart:
        entry = ACTIVATIONS[key]
        return data.mark_line(
            color=hue(entry, colours), strokeWidth=1.7, strokeDash=list(dash(entry))
        ).encode(x, alt.Y(f"{key}_{kind}:Q", **y))

    moving = (
        data.transform_calculate(moving=stretched(slope))
        .mark_line(color=colours.ink, strokeWidth=3, strokeDash=[7, 3])
        .encode(x, alt.Y("moving:Q", **y))
    )
    layers: list[Any] = []
    if slope:
        layers += smaller_beyond(t, colours, ends, y)
    layers += [fixed("sigmoid"), fixed("tanh"), moving]
    if slope:
        peak = (
            data.transform_filter("datum.z == 0")
            .transform_calculate(moving=stretched(True), text=f"format({stretched(True)}, '.2f')")
            .mark_text(dy=-11, fontSize=13, fontWeight="bold", color=colours.ink)
            .encode(x, alt.Y("moving:Q", **y), text="text:N")
        )
        layers.append(peak)
    layers += [
        alt.Chart(alt.NamedData("stretch"))
        .transform_filter(f"abs(datum.z - {at}) < 0.01")
        .mark_text(
            align=align, dx=dx, dy=dy, fontSize=12, fontWeight="bold",
            color=hue(ACTIVATIONS[key], colours),
        )
        .encode(x, alt.Y(f"{key}_{kind}:Q", **y), text=alt.value(name_of(t, key)))
        for key, at, align, dx, dy in (
            [("tanh", 0.8, "left", 8, -4), ("sigmoid", -2.2, "right", -6, -8)]
            if slope
            else [("tanh", -1.5, "left", 8, 10), ("sigmoid", -2.5, "right", -4, -10)]
        )
    ]  # fmt: skip
    return (
        alt.layer(*layers)
        .add_params(step_input("stretch", STRETCHES, 0))
        .properties(
            height=260,
            description=alternative,
            padding={"left": 2, "top": 6, "right": 8, "bottom": 8},
        )
    )


def smaller_beyond(t: Text, colours: Palette, ends: Ends, y: Mapping[str, Any]) -> list[alt.Chart]:
    """Shades and names the two regions where tanh' is smaller than the sigmoid's."""
    colour = hue(ACTIVATIONS["tanh"], colours)
    scale = alt.Scale(domain=[-REACH, REACH], nice=False)
    sides = [(-REACH, -CROSSING), (CROSSING, REACH)]
    shades = [
        alt.Chart(ONCE)
        .mark_rect(color=colour, opacity=0.09)
        .encode(
            x=alt.XDatum(low, scale=scale),
            x2=alt.X2Datum(high),
            y=alt.YDatum(ends.low, **y),
            y2=alt.Y2Datum(ends.high),
        )
        for low, high in sides
    ]
    words = [
        alt.Chart(ONCE)
        .mark_text(fontSize=11, color=colours.ink, lineBreak="\n", baseline="top")
        .encode(
            x=alt.XDatum((low + high) / 2, scale=scale),
            y=alt.YDatum(ends.high - 0.06, **y),
            text=alt.value(t.activations.smaller_here),
        )
        for low, high in sides
    ]
    return shades + words
