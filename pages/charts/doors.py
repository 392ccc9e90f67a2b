"""The small pictures on the doors of the start page: functions, slopes, errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import altair as alt
import numpy as np
import pyarrow as pa

from core.arrays import Array
from core.nn.activations import ACTIVATIONS
from pages.charts.expressions import naming
from pages.charts.style import LINE, Palette
from pages.charts.vocabulary import CLOSE, Decades, layer_ticks, log_axis, strokes

HEIGHT = 190


def lines_table(x: Array, curves: Mapping[str, Array]) -> pa.Table:
    """One row per point of every curve; `label` is the curve's name at its end."""
    return pa.table(
        {
            "x": np.tile(x, len(curves)),
            "y": np.concatenate(list(curves.values())),
            "key": np.repeat(list(curves), len(x)),
        }
    )


def lines(
    colours: Palette,
    keys: Sequence[str],
    x_title: str,
    y_title: str,
    layers: int,
    out: str,
    alternative: str,
) -> alt.LayerChart:
    """A line for each activation, named at its end.

    Data: `lines` from `lines_table`. layers: 0 for curves over z; else the number of layers,
    including the output, on a logarithmic axis.
    """
    names = naming({key: ACTIVATIONS[key].name for key in keys})
    legend = {"orient": "top", "symbolType": "stroke", "labelExpr": names}
    x, y = alt.X("x:Q").scale(nice=False).title(x_title), alt.Y("y:Q").title(y_title)
    if layers:
        x = x.axis(**layer_ticks(layers, out), **CLOSE)
        decades = Decades(-5, 1)
        y = alt.Y("y:Q", **log_axis(decades, y_title, every=2, tickCount=4))
    else:
        x, y = x.axis(**CLOSE), y.axis(titlePadding=6, tickCount=4)
    base = alt.Chart(alt.NamedData("lines")).encode(x, y, *strokes(keys, colours, **legend))
    marks = base.mark_line(strokeWidth=LINE, point={"filled": True} if layers else False)
    return alt.layer(marks).properties(height=HEIGHT, description=alternative)
