"""How far a gradient is from what two other methods say, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np
import pyarrow as pa

from core.checks.checking import LayerCheck
from pages.charts.expressions import POWER_OF_TEN, layer_name, naming
from pages.charts.style import LINE, Palette
from pages.charts.training import CLOSE
from pages.texts import Text

HEIGHT = 270
LOWEST, HIGHEST = 1e-17, 1.0
KINDS = ("blur", "difference", "complex")


def layers_table(layers: Sequence[LayerCheck]) -> pa.Table:
    """One row for every layer and kind: what differences can tell apart, and both methods' gap.

    `apart` is kept within the chart's axis, at its lower end where there is no gap at all.
    """
    rows = [
        {"layer": one.layer, "kind": kind, "apart": float(np.clip(value, LOWEST, HIGHEST))}
        for one in layers
        for kind, value in zip(KINDS, (one.blur, one.difference, one.complex), strict=True)
        if not np.isnan(value)
    ]
    schema = pa.schema([("layer", pa.int64()), ("kind", pa.string()), ("apart", pa.float64())])
    return pa.Table.from_pylist(rows, schema)


def agreement(t: Text, colours: Palette, depth: int, alternative: str) -> alt.LayerChart:
    """Relative errors by layer; the line is what central differences can see at best.

    Data: `layers` from `layers_table`.
    """
    hues = [colours.faint, colours.ink, colours.accent]
    names = naming({kind: t.trust.kinds[kind] for kind in KINDS})
    base = alt.Chart(alt.NamedData("layers")).encode(
        alt.X("layer:Q")
        .scale(domain=[0.8, depth + 1.2], nice=False)
        .axis(
            values=list(range(1, depth + 2)),
            labelExpr=layer_name(depth + 1, t.training.out),
            **CLOSE,
        )
        .title(t.training.layer),
        alt.Y("apart:Q")
        .scale(type="log", domain=[LOWEST, HIGHEST], nice=False)
        .axis(values=[1e-16, 1e-12, 1e-8, 1e-4, 1], labelExpr=POWER_OF_TEN, titlePadding=6)
        .title(t.trust.relative_error),
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
    return (line + points).properties(height=HEIGHT, description=alternative)
