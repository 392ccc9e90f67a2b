"""A study under way: advanced in slices by whoever looks on, read by many at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from core.runs import shelf
from core.runs.message import Message
from core.runs.shelf import Shared
from core.runs.work import HERE, Engine, Kind
from core.studies.catalogue import STUDIES
from core.studies.study import Finding, Row, Study, Table


class Start(NamedTuple):
    """A study and the random start to measure it from."""

    study: Study
    seed: int


@dataclass(frozen=True)
class Measured:
    """What a study has measured since it was last looked at. share: of all its work, so far."""

    share: float
    rows: tuple[Row, ...] = ()
    finished: bool = False

    def followed_by(self, later: Measured) -> Measured:
        return Measured(max(self.share, later.share), self.rows + later.rows, later.finished)


class Measurement:
    """A study being measured. It is code with a state of its own, so it cannot be paused."""

    def __init__(self, start: Start, state: Message | None = None) -> None:
        self._steps = start.study.measure(start.seed)
        self.steps = 0

    def paused(self) -> Message:
        raise NotImplementedError

    def advance(self, enough: Callable[[], bool]) -> Measured:
        rows: list[Row] = []
        for step in self._steps:
            self.steps += 1
            rows += step.rows
            if enough():
                return Measured(step.share, tuple(rows))
        return Measured(1.0, tuple(rows), finished=True)


def unpacked_piece(message: Message, _: Start) -> Measured:
    share, rows, finished = message.head["measured"]
    return Measured(share, tuple(Row(*row) for row in rows), finished)


STUDY: Kind[Start, Measured] = Kind(
    "study",
    begin=Measurement,
    links=None,
    packed=lambda start: Message({"study": start.study.key, "seed": start.seed}, {}),
    unpacked=lambda message: Start(STUDIES[message.head["study"]], message.head["seed"]),
    packed_piece=lambda new: Message({"measured": [new.share, new.rows, new.finished]}, {}),
    unpacked_piece=unpacked_piece,
    nothing=Measured(0.0),
)


class Seen(NamedTuple):
    """What there is of a study. share: what is done of it. rows: each point once."""

    share: float
    rows: tuple[Row, ...]
    findings: tuple[Finding, ...]


class Progress(Shared):
    """A study and what it has measured so far. engine: what computes it."""

    def __init__(self, study: Study, seed: int = 0, engine: Engine = HERE) -> None:
        super().__init__()
        self.study = study
        self._rows: dict[tuple[str, str, bool, float], Row] = {}
        self.seen = self._judged(0.0)
        self._computing = engine.computing(STUDY, Start(study, seed))

    @property
    def begun(self) -> bool:
        """Whether there is anything to be seen."""
        return bool(self.seen.rows)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the study is judged by, as far as it has been measured."""
        return self.seen.findings

    def _judged(self, share: float) -> Seen:
        rows = tuple(self._rows.values())
        return Seen(share, rows, self.study.judge(Table(rows)))

    def _compute(self, budget: float, clock: Callable[[], float]) -> None:
        new = self._computing.advance(budget, clock)
        if new is not None:
            self._rows |= {(r.panel, r.series, r.expected, r.x): r for r in new.rows}
            self.seen = self._judged(new.share)
            self.finished = new.finished


class Shelf(shelf.Shelf[Start, Progress]):
    """Studies by where they start."""

    def __init__(self, limit: int, engine: Engine = HERE) -> None:
        super().__init__(limit, lambda start, _: Progress(*start, engine))
