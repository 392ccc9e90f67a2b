"""What a page has drawn in this run of its script, for those who want to take it home.

Only while a page is drawn as a whole, from `begin` to `end`: what a fragment draws again is not
collected twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from core.runs.training import RunSpec
from pages.charts.takehome import Asset, Figure, Part


@dataclass(eq=False)
class Collection:
    """The page's key and heading, what stands on it, and the runs that it shows by name.

    live: whether something on it is still being computed.
    """

    key: str
    title: str
    lead: str
    items: list[Figure | Part] = field(default_factory=list)
    runs: list[tuple[str, RunSpec]] = field(default_factory=list)
    live: bool = False
    lane: str = ""


_collection: ContextVar[Collection | None] = ContextVar("collection", default=None)


def begin(key: str, title: str, lead: str) -> None:
    _collection.set(Collection(key, title, lead))


def end() -> Collection | None:
    """What was collected since `begin`; nothing more is."""
    collected = _collection.get()
    _collection.set(None)
    return collected


@contextmanager
def together(lane: str, name: str, run: RunSpec) -> Iterator[None]:
    """What is drawn inside stands in one lane, beside others; `run`, of this name, is shown there.

    lane: a key of its own.
    """
    collected = _collection.get()
    if collected is None:
        yield
        return
    collected.lane = lane
    collected.runs.append((name, run))
    try:
        yield
    finally:
        collected.lane = ""


def collect_figure(name: str, spec: Mapping[str, Any], tables: Mapping[str, pa.Table]) -> None:
    if (collected := _collection.get()) is not None:
        collected.items.append(Figure(name, spec, tables, collected.lane))


def collect_part(kind: str, asset: Asset, data: Mapping[str, Any], *, live: bool = False) -> None:
    if (collected := _collection.get()) is not None:
        collected.items.append(Part(kind, asset, data, collected.lane))
        collected.live |= live
