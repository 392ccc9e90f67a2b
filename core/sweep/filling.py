"""A sweep or map under way: advanced in slices by whoever looks on, read by many at once."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from threading import Lock
from typing import NamedTuple

from core.runs.cost import over_budget
from core.runs.training import RunSpec
from core.runs.work import HERE, Computing, Engine
from core.sweep.grid import Grid, stacks
from core.sweep.rows import STACK, Part, Row, operations

Rows = Mapping[RunSpec, Row]
MOST_OPERATIONS = 2e11
"""The budget of a whole grid: about 200 seconds of one core by `core.runs.cost`, which reckons with
the pictures that a recording has and a row has not, so less in fact."""


@lru_cache(maxsize=64)
def excess(grid: Grid) -> float:
    """The cost of the grid as a multiple of the budget; infinite if one cell is over its own."""
    if any(over_budget(cell) for cell in grid.cells):
        return float("inf")
    return sum(map(operations, stacks(grid.cells))) / MOST_OPERATIONS


class Seen(NamedTuple):
    """What there is of a grid. share: what is done of the work, from 0 to 1."""

    share: float
    rows: Rows


@dataclass(eq=False)
class Begun:
    """A stack under way."""

    runs: tuple[RunSpec, ...]
    computing: Computing[Part]
    share: float = 0.0


class Filling:
    """A grid and the rows it has so far.

    known: rows that need no computing. engine: computes as many stacks at once as it has slots.
    seen: replaced as a whole, so a reader never sees half of a slice.
    """

    def __init__(self, grid: Grid, known: Rows | None = None, engine: Engine = HERE) -> None:
        self.grid, self._engine = grid, engine
        own = set(grid.cells)
        self._rows = {cell: row for cell, row in (known or {}).items() if cell in own}
        self._waiting = deque(stacks(cell for cell in grid.cells if cell not in self._rows))
        self._begun: list[Begun] = []
        self._ended: list[Begun] = []  # an engine may keep what others ask for as long as we do
        self._whole = sum(map(operations, stacks(grid.cells)))
        self._left = sum(map(operations, self._waiting))
        self._lock = Lock()
        self.seen = Seen(float(self.finished), dict(self._rows))

    @property
    def finished(self) -> bool:
        return not self._waiting and not self._begun

    def advance(
        self, budget: float = float("inf"), clock: Callable[[], float] = time.monotonic
    ) -> bool:
        """Compute for about `budget` seconds; False, at once, if somebody else is doing it."""
        if self.finished or not self._lock.acquire(blocking=False):
            return False
        try:
            deadline = clock() + budget
            while not self.finished:
                self._begin()
                left = len(self._begun)
                for place, begun in enumerate([*self._begun]):
                    own = max(0.0, deadline - clock()) / (left - place)
                    self._take(begun, begun.computing.advance(own, clock))
                if clock() >= deadline:
                    break
        finally:
            self._publish()
            self._lock.release()
        return True

    def _begin(self) -> None:
        """Begin stacks until every slot has one."""
        while self._waiting and len(self._begun) < self._engine.slots:
            runs = self._waiting.popleft()
            self._begun.append(Begun(runs, self._engine.computing(STACK, runs)))

    def _take(self, begun: Begun, part: Part | None) -> None:
        if part is None:  # lost, and begun anew; what was done counts once it is done again
            return
        begun.share = max(begun.share, part.share)
        if part.finished:
            self._rows |= dict(zip(begun.runs, part.rows, strict=True))
            self._left -= operations(begun.runs)
            self._begun.remove(begun)
            self._ended.append(begun)

    def _publish(self) -> None:
        under_way = sum(operations(begun.runs) * begun.share for begun in self._begun)
        share = 1 - (self._left - under_way) / self._whole
        self.seen = Seen(1.0 if self.finished else share, dict(self._rows))


class Shelf:
    """The grids that somebody looks at or has looked at, at most `limit`; shared by all."""

    def __init__(self, limit: int, engine: Engine = HERE) -> None:
        self.limit, self._engine = limit, engine
        self._held: OrderedDict[Grid, Filling] = OrderedDict()
        self._lock = Lock()

    def get(self, grid: Grid) -> Filling:
        """The grid, begun anew with the rows of all others if it is not on the shelf."""
        with self._lock:
            filling = self._held.get(grid)
            if filling is None:
                others = [held.seen.rows.items() for held in self._held.values()]
                filling = Filling(grid, dict(chain.from_iterable(others)), self._engine)
            self._held[grid] = filling
            self._held.move_to_end(grid)
            while len(self._held) > self.limit:
                self._held.popitem(last=False)
        return filling
