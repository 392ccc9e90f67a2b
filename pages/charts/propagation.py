"""The theory of wide random layers as charts: its two maps, its phases, and the error per layer."""

from __future__ import annotations

from collections.abc import Callable

import altair as alt
import numpy as np
import pyarrow as pa

from core.arrays import Array
from core.theory.meanfield import Diagram, MeanField
from core.theory.networks import Measured
from pages.charts.derivatives import decades, right_axis, thinned_layers
from pages.charts.pictures import backdrop, shade
from pages.charts.style import LINE, Palette
from pages.charts.vocabulary import Decades
from pages.texts import Text

STEPS = 12
"""Layers of a cobweb."""
POINTS = 121
HEIGHT, PHASES, LAYERS = 270, 330, 330
MOST_WEIGHTS, MOST_BIASES = 4.0, 1.0
"""The part of the phase diagram that is drawn."""
CELLS = (96, 64)
"""Cells of the phase diagram, across and down."""


# The two maps


def map_tables(step: Callable[[float], float], start: float, end: float) -> dict[str, pa.Table]:
    """A map from 0 to `end`, and the cobweb of its iterates from `start`."""
    x = np.linspace(0, end, POINTS)
    y = np.array([step(float(value)) for value in x])
    path = [(start, 0.0)]
    here = start
    for _ in range(STEPS):
        there = step(here)
        path += [(here, there), (there, there)]
        here = there
        if not here <= 4 * end:
            break
    across, up = np.array(path).T
    return {
        "curve": pa.table({"x": x, "y": y}),
        "web": pa.table({"order": np.arange(len(path)), "x": across, "y": up}),
    }


def length_end(field: MeanField) -> float:
    """The largest variance that the length map shows."""
    return float(max(2.0, 1.6 * field.length)) if 0 < field.length < 50 else 2.0


def cobweb(
    t: Text, colours: Palette, hue: str, end: float, this: str, next_: str, alternative: str
) -> alt.LayerChart:
    """A map, the diagonal, and the cobweb of the iterates. Data: `curve` and `web`."""
    x = alt.X("x:Q").scale(domain=[0, end], nice=False, clamp=True).title(this)
    y = alt.Y("y:Q").scale(domain=[0, end], nice=False, clamp=True).title(next_)
    curve = (
        alt.Chart(alt.NamedData("curve"))
        .transform_filter(f"datum.y <= {1.02 * end}")
        .mark_line(strokeWidth=LINE, color=hue)
        .encode(x, y)
    )
    diagonal = (
        alt.Chart(alt.NamedData("curve"))
        .mark_line(strokeWidth=1.2, strokeDash=[5, 4], color=colours.faint)
        .encode(x, alt.Y("x:Q").scale(domain=[0, end], nice=False).title(next_))
    )
    web = (
        alt.Chart(alt.NamedData("web"))
        .mark_line(strokeWidth=1.2, color=colours.ink, opacity=0.75, clip=True)
        .encode(x, y, order="order:Q")
    )
    return alt.layer(diagonal, curve, web).properties(height=HEIGHT, description=alternative)


# Phases


def phase_grid() -> tuple[Array, Array]:
    """sigma_w^2 and sigma_b^2 at the centres of the diagram's cells."""
    across, down = CELLS
    weights = (np.arange(across) + 0.5) / across * MOST_WEIGHTS
    biases = (np.arange(down) + 0.5) / down * MOST_BIASES
    return weights, biases


def phase_tables(found: Diagram, field: MeanField, here: str) -> dict[str, pa.Table]:
    """The picture of chi_1, the edge of chaos, and where the reader is."""
    with np.errstate(divide="ignore", invalid="ignore"):
        size = np.tanh(np.log(found.chi_1))
    shades = np.nan_to_num(np.rint(127.5 + 127.5 * size), nan=127.5).astype(np.uint8)
    edge = found.edge[found.edge[:, 1] <= MOST_WEIGHTS]
    edge = edge[edge[:, 2] <= MOST_BIASES]
    return {
        "picture": pa.table({"url": [shade(np.ascontiguousarray(shades[::-1]))]}),
        "edge": pa.table(
            {
                "order": np.arange(len(edge)),
                "x": edge[:, 1],
                "y": edge[:, 2],
                "stable": edge[:, 3] > 0,
            }
        ),
        "here": pa.table(
            {
                "x": [min(field.weights, MOST_WEIGHTS)],
                "y": [min(field.biases, MOST_BIASES)],
                "text": [here],
                "left": [field.weights < MOST_WEIGHTS / 2],
            }
        ),
    }


def phases(t: Text, colours: Palette, alternative: str) -> alt.LayerChart:
    """Where errors vanish, where they explode, and the edge between. Data: `phase_tables`."""
    words = t.propagation
    x = alt.X("x:Q").scale(domain=[0, MOST_WEIGHTS], nice=False).title(words.weights_axis)
    y = alt.Y("y:Q").scale(domain=[0, MOST_BIASES], nice=False).title(words.biases_axis)
    edge = (
        alt.Chart(alt.NamedData("edge"))
        .mark_line(strokeWidth=LINE, color=colours.ink)
        .encode(
            x,
            y,
            order="order:Q",
            strokeDash=alt.StrokeDash("stable:N", legend=None).scale(
                domain=[True, False], range=[[1, 0], [2, 4]]
            ),
        )
    )
    data = alt.Chart(alt.NamedData("here"))
    point = data.mark_point(
        size=160, filled=True, opacity=1, color=colours.ink, stroke=colours.paper, strokeWidth=2
    ).encode(x, y)

    def name(side: str, condition: str) -> alt.Chart:
        return (
            data.transform_filter(condition)
            .mark_text(align=side, dy=-16, fontSize=13, fontWeight="bold", color=colours.ink)
            .encode(x, y, text="text:N")
        )

    names = (name("right", "datum.left"), name("left", "!datum.left"))
    return alt.layer(backdrop("picture"), edge, point, *names).properties(
        height=PHASES,
        description=alternative,
        padding={"left": 2, "top": 4, "right": 14, "bottom": 6},
    )


# The error in every layer


@np.errstate(over="ignore", invalid="ignore")  # a band as wide as that leaves the axis anyway
def layer_tables(
    expected: Array, spread: Array, found: Measured, axis: Decades
) -> dict[str, pa.Table]:
    """The predicted error and its band, and the measured networks, layer 1 first."""
    layer = np.arange(1, len(expected) + 1)
    centre = expected * np.exp(-(spread**2))
    errors = found.errors[np.isfinite(found.errors).all(axis=1)]
    middle = np.percentile(errors, [10, 50, 90], axis=0) if len(errors) else np.full((3, 0), 0.0)
    there = layer[: middle.shape[1]]
    return {
        "predicted": pa.table(
            {
                "layer": layer,
                "value": axis.clip(expected),
                "low": axis.clip(centre * np.exp(-2 * spread)),
                "high": axis.clip(centre * np.exp(2 * spread)),
            }
        ),
        "measured": pa.table(
            {
                "layer": there,
                "low": axis.clip(middle[0]),
                "value": axis.clip(middle[1]),
                "high": axis.clip(middle[2]),
            }
        ),
    }


def axis_of(expected: Array, found: Measured) -> Decades:
    """An axis that holds both predicted and measured values."""
    return decades(np.concatenate([expected, found.errors.ravel()]))


def layers(t: Text, colours: Palette, hue: str, depth: int, axis: Decades, alternative: str) -> (
    alt.LayerChart
):  # fmt: skip
    """Predicted and measured errors of every layer. Data: `layer_tables`."""
    x, y = thinned_layers(t, depth, depth), right_axis(axis, t.propagation.error_axis)
    theory = alt.Chart(alt.NamedData("predicted"))
    band = theory.mark_area(opacity=0.18, color=colours.ink).encode(
        x, alt.Y("low:Q", **y), alt.Y2("high:Q")
    )
    line = theory.mark_line(strokeWidth=LINE, strokeDash=[2, 4], color=colours.ink).encode(
        x, alt.Y("value:Q", **y)
    )
    networks = alt.Chart(alt.NamedData("measured"))
    bars = networks.mark_rule(strokeWidth=2, color=hue).encode(
        x, alt.Y("low:Q", **y), alt.Y2("high:Q")
    )
    points = networks.mark_point(size=60, filled=True, opacity=1, color=hue).encode(
        x,
        alt.Y("value:Q", **y),
        tooltip=[
            alt.Tooltip("layer:Q", title=t.training.layer),
            alt.Tooltip("value:Q", title=t.derivatives.median, format=".3~g"),
            alt.Tooltip("low:Q", title=t.derivatives.band_low, format=".3~g"),
            alt.Tooltip("high:Q", title=t.derivatives.band_high, format=".3~g"),
        ],
    )
    return alt.layer(band, line, bars, points).properties(height=LAYERS, description=alternative)
