"""How far a gradient is from the results of two other methods, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np
import pyarrow as pa

from core.checks.checking import LayerCheck
from pages.charts.expressions import naming
from pages.charts.style import LINE, Palette
from pages.charts.vocabulary import Decades, layer_axis, log_axis
from pages.texts import Text

HEIGHT = 270
AXIS = Decades(-17, 0)
KINDS = ("blur", "difference", "complex")


def layers_table(layers: Sequence[LayerCheck]) -> pa.Table:
    """One row per layer and kind: the resolution of differences, and both methods' deviation.

    `apart` is kept within the chart's axis, at its lower end if there is no deviation at all.
    """
    rows = [
        {"layer": one.layer, "kind": kind, "apart": float(AXIS.clip(value))}
        for one in layers
        for kind, value in zip(KINDS, (one.blur, one.difference, one.complex), strict=True)
        if not np.isnan(value)
    ]
    schema = pa.schema([("layer", pa.int64()), ("kind", pa.string()), ("apart", pa.float64())])
    return pa.Table.from_pylist(rows, schema)


def agreement(t: Text, colours: Palette, depth: int, alternative: str) -> alt.LayerChart:
    """Relative errors by layer; the line is the best that central differences can resolve.

    Data: `layers` from `layers_table`.
    """
    hues = [colours.faint, colours.ink, colours.accent]
    names = naming({kind: t.trust.kinds[kind] for kind in KINDS})
    base = alt.Chart(alt.NamedData("layers")).encode(
        layer_axis(t, depth, t.training.layer, "layer:Q"),
        alt.Y("apart:Q", **log_axis(AXIS, t.trust.relative_error, every=4)),
        alt.Color("kind:N")
        .scale(domain=list(KINDS), range=hues)
        .legend(orient="top", title=None, labelExpr=names, columns=1, labelLimit=320),
        alt.Shape("kind:N")
        .scale(domain=list(KINDS), range=["stroke", "circle", "triangle-up"])
        .title(None),
        tooltip=[
            alt.Tooltip("layer:Q", title=t.training.layer),
            alt.Tooltip("apart:Q", title=t.trust.relative_error, format=".1~e"),
        ],
    )
    line = base.transform_filter("datum.kind == 'blur'").mark_line(
        strokeWidth=LINE, strokeDash=[5, 3]
    )
    points = base.transform_filter("datum.kind != 'blur'").mark_point(
        size=70, filled=True, opacity=1
    )
    return alt.layer(line, points).properties(height=HEIGHT, description=alternative)
