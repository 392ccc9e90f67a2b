"""What a study is: a result of a paper that is computed anew and compared with what it should be.

A study measures step by step, so that whoever looks on sees how far it is, may stop it and keeps
what there is. What it measures is one tidy table, a row a point; what it is judged by is read from
that table alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from math import inf, isnan, log, nan
from typing import NamedTuple

from core.runs.lanes import Lanes


class Row(NamedTuple):
    """A point of a study's figure.

    panel, series: which chart and which line. expected: whether a formula or the publication says
    so; else it was measured.
    """

    panel: str
    series: str
    x: float
    y: float
    expected: bool = False


class Step(NamedTuple):
    """What a study has done since its last step. share: of all its work, from 0 to 1."""

    share: float
    rows: tuple[Row, ...] = ()


class Origin(StrEnum):
    """Where an expected number comes from."""

    FORMULA = "formula"
    """A formula or a bound that can be derived."""
    PAPER = "paper"
    """Numbers printed in the publication."""
    REHEARSAL = "rehearsal"
    """The same set-up computed before, over several seeds: a number no theory gives."""


@dataclass(frozen=True)
class Finding:
    """One number by which a result is judged: it passes from `low` to `high`.

    key: what it is, a text of the study's. at: for which case, as a name needing no translation.
    expected: the number itself; not a number if only the bounds are claimed. observed: not a number
    while it has not been measured.
    """

    key: str
    observed: float
    low: float = -inf
    high: float = inf
    expected: float = nan
    origin: Origin = Origin.REHEARSAL
    at: str = ""

    @property
    def passed(self) -> bool | None:
        """None while it has not been measured."""
        return None if isnan(self.observed) else bool(self.low <= self.observed <= self.high)


def within(
    key: str,
    observed: float,
    expected: float,
    tolerance: float,
    origin: Origin = Origin.FORMULA,
    at: str = "",
) -> Finding:
    """A number that may be off by `tolerance`, as a share of what is expected."""
    off = abs(expected) * tolerance
    return Finding(key, observed, expected - off, expected + off, expected, origin, at)


class Table:
    """The rows of a study so far, looked up by panel and series."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._lines: dict[tuple[str, str, bool], dict[float, float]] = {}
        for row in rows:
            self._lines.setdefault((row.panel, row.series, row.expected), {})[row.x] = row.y

    def line(self, panel: str, series: str, *, expected: bool = False) -> dict[float, float]:
        """The y of every x that has been measured, in the order in which they were."""
        return self._lines.get((panel, series, expected), {})

    def at(self, panel: str, series: str, x: float) -> float:
        """Not a number if it has not been measured."""
        return self.line(panel, series).get(x, nan)

    def last(self, panel: str, series: str, *, after: float = -inf) -> float:
        """The newest y, once x has come as far as `after`."""
        line = self.line(panel, series)
        return next(reversed(line.values())) if line and next(reversed(line)) >= after else nan

    def growth(self, panel: str, series: str, start: float, end: float) -> float:
        """The mean factor by which y changes from one x to the next, from `start` to `end`."""
        first, last = self.at(panel, series, start), self.at(panel, series, end)
        if not (first > 0 and last > 0):
            return nan
        factor: float = (last / first) ** (1 / (end - start))
        return factor

    def slope(self, panel: str, series: str, start: float, end: float) -> float:
        """log10 of `growth`."""
        growth = self.growth(panel, series, start, end)
        return nan if isnan(growth) else log(growth) / log(10)


@dataclass(frozen=True)
class Panel:
    """A chart of a study; its words are texts of the study's. series: its lines, in order."""

    key: str
    series: tuple[str, ...]
    log_x: bool = False
    log_y: bool = False


@dataclass(frozen=True, eq=False)
class Study:
    """A result. measure: from a seed to the steps that make up its table.

    publication, year: where the result was published. lanes: the networks of the training page
    that come closest to it, () if none does.
    """

    key: str
    publication: str
    year: int
    panels: tuple[Panel, ...]
    measure: Callable[[int], Iterator[Step]]
    judge: Callable[[Table], tuple[Finding, ...]]
    lanes: Lanes = field(default=())

    def rows(self, seed: int = 0) -> tuple[Row, ...]:
        """The whole table at once."""
        return tuple(row for step in self.measure(seed) for row in step.rows)


def points(
    panel: str, series: str, x: Iterable[float], y: Iterable[float], *, expected: bool = False
) -> tuple[Row, ...]:
    """A line as rows."""
    pairs = zip(x, y, strict=True)
    return tuple(Row(panel, series, float(a), float(b), expected) for a, b in pairs)


def shares(total: int) -> Iterator[float]:
    """How much is done after each of `total` equal parts."""
    return ((part + 1) / total for part in range(total))


def passed(findings: Sequence[Finding]) -> tuple[int, int]:
    """How many of the findings pass, and how many have been measured."""
    known = [finding.passed for finding in findings if finding.passed is not None]
    return sum(known), len(known)
