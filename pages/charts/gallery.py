"""The figures of the gallery: what a study has measured, over what is expected."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import altair as alt
import pyarrow as pa

from core.studies.study import Panel, Row, Study
from pages.charts.expressions import POWER_OF_TEN
from pages.charts.style import LINE, Palette
from pages.texts import Text

HEIGHT = 350
LOG = "log(datum.value) / LN10"
DIGIT = f"round(datum.value / pow(10, floor({LOG} + 1e-9)))"
DECADE = (
    f"abs({LOG}) <= 3 ? indexof([1, 2, 5], {DIGIT}) < 0 ? '' : format(datum.value, '~g')"
    f" : {DIGIT} == 1 ? {POWER_OF_TEN} : ''"
)
"""The labels of a logarithmic axis: near 1 as they are, elsewhere powers of ten alone."""

FAINT_BETWEEN = {"condition": {"test": f"{DIGIT} == 1", "value": 1}, "value": 0.3}
"""The opacity of a logarithmic axis' grid: only its powers of ten are whole."""


def series_name(t: Text, series: str) -> str:
    """A line's name, its words in the reader's language: `sigmoid, ρ = 1`."""
    words = t.gallery.series
    return ", ".join(words.get(part, t.options.get(part, part)) for part in series.split(", "))


def rows_table(t: Text, panel: Panel, rows: Iterable[Row]) -> dict[str, pa.Table]:
    """The points of one chart, measured and expected."""
    here = [row for row in rows if row.panel == panel.key and drawn(panel, row)]
    return {
        key: pa.table(
            {
                "series": pa.array([series_name(t, r.series) for r in part], pa.string()),
                "x": pa.array([r.x for r in part], pa.float64()),
                "y": pa.array([r.y for r in part], pa.float64()),
            }
        )
        for key, part in (
            ("measured", [row for row in here if not row.expected]),
            ("expected", [row for row in here if row.expected]),
        )
    }


def drawn(panel: Panel, row: Row) -> bool:
    """Whether the point lies on the axes: a logarithm has no place for 0."""
    return (row.x > 0 or not panel.log_x) and (row.y > 0 or not panel.log_y)


def figure(t: Text, colours: Palette, study: Study, panel: Panel, alternative: str) -> (
    alt.LayerChart
):  # fmt: skip
    """What was measured as lines, what is expected dotted. Data: `rows_table`."""
    words = t.gallery.panels[study.key][panel.key]
    x = axis(alt.X("x:Q"), words.x, log=panel.log_x, least=1)
    y = axis(alt.Y("y:Q"), words.y, log=panel.log_y)
    names = [series_name(t, series) for series in panel.series]
    colour = (
        alt.Color("series:N")
        .scale(domain=names, range=list(colours.classes[: len(names)]))
        .legend(orient="bottom", columns=2, title=None, symbolType="stroke", symbolStrokeWidth=3)
    )
    expected = (
        alt.Chart(alt.NamedData("expected"))
        .mark_line(strokeWidth=1.8, strokeDash=[2, 3], color=colours.ink, opacity=0.7)
        .encode(x, y, detail="series:N")
    )
    measured = (
        alt.Chart(alt.NamedData("measured"))
        .mark_line(strokeWidth=LINE, point={"size": 26})
        .encode(
            x,
            y,
            colour,
            tooltip=[
                alt.Tooltip("series:N", title=t.gallery.case),
                alt.Tooltip("x:Q", title=words.x, format=".3~g"),
                alt.Tooltip("y:Q", title=words.y, format=".3~g"),
            ],
        )
    )
    return alt.layer(measured, expected).properties(height=HEIGHT, description=alternative)


def axis(channel: alt.X | alt.Y, title: str, *, log: bool, least: float = 0) -> alt.X | alt.Y:
    if not log:
        return channel.scale(zero=False).axis(tickMinStep=least).title(title)
    labels: dict[str, Any] = {"tickCount": 6, "labelExpr": DECADE, "grid": True}
    labels["gridOpacity"] = FAINT_BETWEEN
    return channel.scale(type="log", nice=False).axis(**labels).title(title)
