"""What a page has drawn, for readers who want to take it home.

Collected while the page is drawn as a whole, from `begin` to `end`. What a fragment draws again is
not collected twice; a `Section` that is drawn again replaces its earlier contents.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pyarrow as pa

from core.runs.training import RunSpec
from pages.charts.takehome import Asset, Figure, Part


class Run(NamedTuple):
    """A run that is shown, with its name on the page."""

    name: str
    run: RunSpec


@dataclass(eq=False)
class Section:
    """A part of a page that can be redrawn by itself: what it shows, in order.

    live: whether something in it is still being computed.
    """

    entries: list[Figure | Part | Run | Section] = field(default_factory=list)
    live: bool = False
    lane: str = ""

    def __iter__(self) -> Iterator[Figure | Part | Run]:
        for entry in self.entries:
            if isinstance(entry, Section):
                yield from entry
            else:
                yield entry


@dataclass(eq=False)
class Collection:
    """A page's key and heading, and all that it shows."""

    key: str
    title: str
    lead: str
    page: Section = field(default_factory=Section)

    @property
    def items(self) -> list[Figure | Part]:
        return [entry for entry in self.page if not isinstance(entry, Run)]

    @property
    def runs(self) -> list[Run]:
        return [entry for entry in self.page if isinstance(entry, Run)]

    @property
    def live(self) -> bool:
        """Whether something on the page is still being computed."""
        return is_live(self.page)


def is_live(section: Section) -> bool:
    return section.live or any(
        is_live(entry) for entry in section.entries if isinstance(entry, Section)
    )


_collection: ContextVar[Collection | None] = ContextVar("collection", default=None)
_section: ContextVar[Section | None] = ContextVar("section", default=None)


def begin(key: str, title: str, lead: str) -> None:
    collection = Collection(key, title, lead)
    _collection.set(collection)
    _section.set(collection.page)


def end() -> Collection | None:
    """What was collected since `begin`; collecting stops."""
    collected = _collection.get()
    _collection.set(None)
    _section.set(None)
    return collected


def new_section() -> Section:
    """A section at this point of the collection, if anything is being collected."""
    section = Section()
    if (around := _section.get()) is not None:
        around.entries.append(section)
    return section


@contextmanager
def drawn_anew(section: Section) -> Iterator[None]:
    """What is drawn inside becomes all that the section shows."""
    section.entries, section.live = [], False
    token = _section.set(section)
    try:
        yield
    finally:
        _section.reset(token)


@contextmanager
def together(lane: str, name: str, run: RunSpec) -> Iterator[None]:
    """What is drawn inside belongs to one lane, beside others; `run`, of this name, is shown there.

    lane: its own key.
    """
    section = _section.get()
    if section is None:
        yield
        return
    section.lane = lane
    section.entries.append(Run(name, run))
    try:
        yield
    finally:
        section.lane = ""


def collect_figure(name: str, spec: Mapping[str, Any], tables: Mapping[str, pa.Table]) -> None:
    if (section := _section.get()) is not None:
        section.entries.append(Figure(name, spec, tables, section.lane))


def collect_part(kind: str, asset: Asset, data: Mapping[str, Any], *, live: bool = False) -> None:
    if (section := _section.get()) is not None:
        section.entries.append(Part(kind, asset, data, section.lane))
        section.live |= live
