"""Charts on the page. A chart is written once; after that only its data are sent."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal
from weakref import WeakKeyDictionary

import altair as alt
import pyarrow as pa
import streamlit as st
from altair.utils.schemapi import debug_mode

from core.data.datasets import Dataset
from pages.charts.present import enlarge
from pages.ui.collection import collect_figure
from pages.ui.house import Presenting
from pages.ui.session import linked

_words: ContextVar[Words | None] = ContextVar("words", default=None)
MOST_OF_OWN = 64
_of_own: WeakKeyDictionary[Dataset, dict[Any, dict[str, Any]]] = WeakKeyDictionary()


def specification(chart: Callable[..., alt.TopLevelMixin], *arguments: Hashable) -> dict[str, Any]:
    """The chart's specification, shared by all who see the same one.

    arguments: the chart's own, its text alternative last. That quotes the numbers of a run, so it
    is inserted each time, and the rest is built once for all runs that look alike.
    A chart of a visitor's own data contains their words, and is kept no longer than the data are.
    """
    *rest, alternative = arguments
    own = next((a for a in rest if isinstance(a, Dataset) and a.own), None)
    if own is None:
        return {**shared(chart, *rest), "description": alternative}
    kept = _of_own.setdefault(own, {})
    key = (chart, *(None if argument is own else argument for argument in rest))
    if key not in kept:
        if len(kept) >= MOST_OF_OWN:
            kept.clear()
        kept[key] = built(chart, *rest)
    return {**kept[key], "description": alternative}


@lru_cache(maxsize=512)
def shared(chart: Callable[..., alt.TopLevelMixin], *arguments: Hashable) -> dict[str, Any]:
    return built(chart, *arguments)


def built(chart: Callable[..., alt.TopLevelMixin], *arguments: Hashable) -> dict[str, Any]:
    """The chart, not validated: that takes a third of the time and cannot help a reader.

    The tests validate every chart.
    """
    with debug_mode(False):
        return spoken_as_one(chart(*arguments, "").to_dict(validate=False))


def spoken_as_one(spec: dict[str, Any]) -> dict[str, Any]:
    """The chart with its description as the only thing in it that a screen reader reads.

    Not hundreds of points, most of which belong to another epoch, nor lines without a name.
    """
    config = spec.setdefault("config", {})
    config["mark"] = {**config.get("mark", {}), "aria": False}
    return spec


@dataclass
class Words:
    """What charts say in words, by the names that replace it in their specifications."""

    name: str
    told: dict[str, str] = field(default_factory=dict)

    def tell(self, words: str) -> str:
        """The name under which a chart says this: the same for a chart even if its words change."""
        name = f"{self.name} {len(self.told) + 1}"
        self.told[name] = words
        return name


@contextmanager
def telling(name: str) -> Iterator[dict[str, str]]:
    """Inside, the words of `steady` charts are collected for the caller to pass on."""
    words = Words(name)
    token = _words.set(words)
    try:
        yield words.told
    finally:
        _words.reset(token)


def show(
    chart: Callable[..., alt.TopLevelMixin],
    *arguments: Hashable,
    fills: bool = False,
    steady: bool = False,
    **tables: pa.Table,
) -> None:
    """Draw `chart(*arguments)` over these tables.

    fills: as high as its container, whose height the style sheet sets. steady: the view is kept
    while the numbers in its text alternative change, as those of a run under way do.

    As long as chart and arguments stay the same, the browser keeps its view and takes the new rows.
    """
    spec = specification(chart, *arguments)
    collect_figure(chart.__name__, spec, tables)
    if steady and (words := _words.get()) is not None:
        spec = {**spec, "description": words.tell(spec["description"])}
    if linked(Presenting).present:
        spec = enlarge(spec)
    height: Literal["stretch", "content"] = "stretch" if fills else "content"
    st.vega_lite_chart(spec={**spec, "datasets": tables}, width="stretch", height=height)
