"""Charts on the page. A chart is written once; after that only its data are sent."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import Any

import altair as alt
import pyarrow as pa
import streamlit as st


@lru_cache(maxsize=512)
def specification(chart: Callable[..., alt.TopLevelMixin], *arguments: Hashable) -> dict[str, Any]:
    """The chart's specification, kept for all who see the same one."""
    return chart(*arguments).to_dict()


def show(chart: Callable[..., alt.TopLevelMixin], *arguments: Hashable, **tables: pa.Table) -> None:
    """Draw `chart(*arguments)` over these tables.

    As long as chart and arguments stay the same, the browser keeps its view and takes the new rows.
    """
    st.vega_lite_chart(
        spec={**specification(chart, *arguments), "datasets": tables}, width="stretch"
    )
