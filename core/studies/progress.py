"""A study under way: advanced in slices by whoever looks on, read by many at once."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import NamedTuple

from core.studies.study import Finding, Row, Study, Table


class Seen(NamedTuple):
    """What there is of a study. share: what is done of it. rows: each point once."""

    share: float
    rows: tuple[Row, ...]
    findings: tuple[Finding, ...]


class Progress:
    """A study and what it has measured so far.

    seen: replaced as a whole, so a reader never sees half of a slice.
    """

    def __init__(self, study: Study, seed: int = 0) -> None:
        self.study = study
        self._rows: dict[tuple[str, str, bool, float], Row] = {}
        self.seen = self._judged(0.0)
        self.finished = False
        self._steps = study.measure(seed)
        self._lock = Lock()

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

    def advance(
        self, budget: float = float("inf"), clock: Callable[[], float] = time.monotonic
    ) -> bool:
        """Measure for about `budget` seconds; False, at once, if somebody else is doing it."""
        if self.finished or not self._lock.acquire(blocking=False):
            return False
        try:
            deadline = clock() + budget
            share, finished = self.seen.share, True
            for step in self._steps:
                share = step.share
                self._rows |= {(r.panel, r.series, r.expected, r.x): r for r in step.rows}
                if clock() >= deadline:
                    finished = False
                    break
            self.seen = self._judged(1.0 if finished else share)
            if finished:
                self._steps, self.finished = iter(()), True
        finally:
            self._lock.release()
        return True


class Shelf:
    """The studies that somebody looks at or has looked at, at most `limit`; shared by all."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._held: OrderedDict[tuple[str, int], Progress] = OrderedDict()
        self._lock = Lock()

    def get(self, study: Study, seed: int) -> Progress:
        """The study from this random start, begun anew if it is not on the shelf."""
        with self._lock:
            progress = self._held.get((study.key, seed)) or Progress(study, seed)
            self._held[study.key, seed] = progress
            self._held.move_to_end((study.key, seed))
            while len(self._held) > self.limit:
                self._held.popitem(last=False)
        return progress

    def find(self, study: Study, seed: int) -> Progress | None:
        """The study from this random start if it is on the shelf."""
        return self._held.get((study.key, seed))
