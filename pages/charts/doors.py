"""The small pictures on the doors of the start page: functions, slopes, errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np
import pyarrow as pa

from core.arrays import Array
from core.nn.activations import ACTIVATIONS
from pages.charts.expressions import POWER_OF_TEN, layer_name, naming
from pages.charts.style import LINE, Palette, dash, hue
from pages.charts.training import CLOSE

HEIGHT = 190


def lines_table(x: Array, curves: Mapping[str, Array]) -> pa.Table:
    """One row a point of every curve; `label` is the curve's name at its end."""
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

    Data: `lines` from `lines_table`. layers: 0 for curves over z; else the number of layers, the
    output included, on a logarithmic axis.
    """
    x_axis: dict[str, Any] = dict(CLOSE)
    y_axis: dict[str, Any] = {"titlePadding": 6, "tickCount": 4}
    x, y = alt.X("x:Q").scale(nice=False), alt.Y("y:Q")
    if layers:
        x_axis |= {
            "values": list(range(1, layers + 1)),
            "labelExpr": layer_name(layers, out),
        }
        y_axis |= {"labelExpr": POWER_OF_TEN}
        y = y.scale(type="log", domain=[1e-5, 10])
        y_axis["values"] = [1e-4, 1e-2, 1]
    entries = [ACTIVATIONS[key] for key in keys]
    base = alt.Chart(alt.NamedData("lines")).encode(
        x.axis(**x_axis).title(x_title),
        y.axis(**y_axis).title(y_title),
        alt.Color("key:N")
        .scale(domain=list(keys), range=[hue(entry, colours) for entry in entries])
        .legend(
            orient="top",
            title=None,
            symbolType="stroke",
            labelExpr=naming({entry.key: entry.name for entry in entries}),
        ),
        alt.StrokeDash("key:N")
        .scale(domain=list(keys), range=[list(dash(entry)) for entry in entries])
        .title(None),
    )
    marks = base.mark_line(strokeWidth=LINE, point={"filled": True} if layers else False)
    return alt.layer(marks).properties(height=HEIGHT, description=alternative)
