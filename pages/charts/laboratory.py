"""The laboratory's charts: the two factors of a layer, many seeds, two moments side by side."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pyarrow as pa

from core.recording import History
from pages.charts.expressions import NOW, POWER_OF_TEN, layer_name, naming
from pages.charts.style import LINE, Palette
from pages.charts.training import CLOSE, TOP, decades, epoch_input, until
from pages.texts import Text

WATERFALL, SEEDS = 300, 240
MOST_ROWS = 20_000
THIN_LINES = 20
"""Up to so many seeds each one is drawn; beyond, only their spread."""


def waterfall_table(history: History, replica: int = 0) -> pa.Table:
    """The error's way back in treads: for every kept epoch and layer one for each factor.

    A tread leads from (x, y) to (x2, y2), y the error as a share of that at the output. Epochs
    are left out evenly where there would be too many rows.
    """
    delta = history.delta[:, replica]
    valid = np.flatnonzero(np.isfinite(delta).all(axis=1) & (delta > 0).all(axis=1))
    layers = delta.shape[1]
    step = max(1, -(-2 * len(valid) * layers // MOST_ROWS))
    valid = np.union1d(valid[::step], valid[-1:]).astype(int)
    share = delta[valid] / delta[valid][:, -1:]
    carried = share[:, 1:] * history.weights_part[valid, replica, :-1]
    epochs = history.epoch[valid]
    place = np.arange(1.0, layers)
    count = (len(valid), layers - 1)

    def treads(part: str, x: Any, x2: Any, y: Any, y2: Any, factor: Any) -> dict[str, Any]:
        return {
            "epoch": np.repeat(epochs, layers - 1),
            "until": np.repeat(until(epochs), layers - 1),
            "layer": np.tile(place.astype(int), len(valid)),
            "part": np.full(count, part).ravel().tolist(),
            "x": np.broadcast_to(x, count).ravel(),
            "x2": np.broadcast_to(x2, count).ravel(),
            "y": y.ravel(),
            "y2": y2.ravel(),
            "factor": factor.ravel(),
        }

    rows = [
        treads("weights", place + 1, place + 0.5, share[:, 1:], carried, carried / share[:, 1:]),
        treads("derivative", place + 0.5, place, carried, share[:, :-1], share[:, :-1] / carried),
    ]
    return pa.concat_tables([pa.table(row) for row in rows])


def waterfall(
    t: Text, colours: Palette, colour: str, depth: int, axis_depth: int, alternative: str
) -> alt.LayerChart:
    """From the output, at the right, back to layer 1: what the weights do and what the slope does.

    Data: `treads` from `waterfall_table`.
    """
    ends = range(-decades(axis_depth), TOP + 1)
    every = max(1, round(len(ends) / 6))
    ticks = [10.0**k for k in ends if k % every == 0]
    out = layer_name(depth + 1, t.training.out)
    parts = ["weights", "derivative"]
    names = naming({part: t.laboratory.parts[part] for part in parts})
    base = alt.Chart().encode(
        alt.X("x:Q")
        .scale(domain=[0.8, depth + 1.2], nice=False)
        .axis(values=list(range(1, depth + 2)), labelExpr=out, **CLOSE)
        .title(t.training.towards_input),
        alt.X2("x2:Q"),
        alt.Y("y:Q")
        .scale(type="log", domain=[10.0 ** -decades(axis_depth), 10.0**TOP], clamp=True, nice=False)
        .axis(values=ticks, labelExpr=POWER_OF_TEN, titlePadding=6)
        .title(t.laboratory.share_of_output),
        alt.Y2("y2:Q"),
        alt.Color("part:N")
        .scale(domain=parts, range=[colours.ink, colour])
        .legend(orient="top", title=None, symbolType="stroke", labelExpr=names),
        alt.StrokeDash("part:N").scale(domain=parts, range=[[5, 3], [1, 0]]).title(None),
        tooltip=[
            alt.Tooltip("layer:Q", title=t.training.layer),
            alt.Tooltip("factor:Q", title=t.laboratory.factor, format=".3~g"),
        ],
    )
    line = base.mark_rule(strokeWidth=LINE)
    level = (
        alt.Chart(alt.InlineData([{}]))
        .mark_rule(color=colours.ink, opacity=0.35, strokeDash=[2, 3])
        .encode(y=alt.YDatum(1))
    )
    return (
        alt.layer(
            alt.layer(line, data=alt.NamedData("treads")).transform_filter(NOW),
            level,
        )
        .add_params(epoch_input())
        .properties(height=WATERFALL, description=alternative)
    )


def seeds_table(history: History) -> pa.Table:
    """The loss of every seed at every kept epoch, thinned evenly where there are too many rows."""
    epochs, replicas = history.train_loss.shape
    step = max(1, -(-epochs * replicas // MOST_ROWS))
    rows = np.union1d(np.arange(0, epochs, step), [epochs - 1])
    loss = history.train_loss[rows]
    table = pa.table(
        {
            "epoch": np.repeat(history.epoch[rows], replicas),
            "seed": np.tile(np.arange(replicas), len(rows)),
            "loss": loss.ravel(),
        }
    )
    return table.filter(pa.array(np.isfinite(loss.ravel())))


def spread_table(history: History) -> pa.Table:
    """Median and the span of eight seeds in ten, of those that have not diverged."""
    finite = np.isfinite(history.train_loss).any(axis=1)
    low, middle, high = np.nanquantile(history.train_loss[finite], [0.1, 0.5, 0.9], axis=1)
    return pa.table({"epoch": history.epoch[finite], "low": low, "middle": middle, "high": high})


def seeds(
    t: Text,
    colours: Palette,
    colour: str,
    epochs: int,
    highest: float,
    baseline: float,
    alternative: str,
) -> alt.LayerChart:
    """The loss of many seeds: each one thin, their median thick, eight of ten in the band.

    Data: `seeds` from `seeds_table`, `spread` from `spread_table`.
    """
    x = alt.X("epoch:Q").scale(domain=[0, epochs], nice=False).title(t.training.epoch)
    scale = alt.Scale(domain=[0, highest], clamp=True, nice=False)
    title = t.training.loss
    spread = alt.Chart(alt.NamedData("spread"))
    band = spread.mark_area(color=colour, opacity=0.2).encode(
        x, alt.Y("low:Q").scale(scale).title(title), alt.Y2("high:Q")
    )
    each = (
        alt.Chart(alt.NamedData("seeds"))
        .mark_line(color=colour, strokeWidth=1, opacity=0.5)
        .encode(x, alt.Y("loss:Q").scale(scale).title(title), alt.Detail("seed:N"))
    )
    middle = spread.mark_line(color=colour, strokeWidth=LINE + 0.5).encode(
        x, alt.Y("middle:Q").scale(scale).title(title)
    )
    guess = (
        alt.Chart(alt.InlineData([{}]))
        .mark_rule(color=colours.ink, opacity=0.45, strokeDash=[2, 3])
        .encode(y=alt.YDatum(baseline))
    )
    return (band + each + middle + guess).properties(height=SEEDS, description=alternative)
