"""A sweep or map under way: advanced in slices by whoever looks on, read by many at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

from core.runs import shelf
from core.runs.cost import over_budget
from core.runs.shelf import Shared
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


class Filling(Shared):
    """A grid and the rows it has so far.

    known: rows that need no computing. engine: computes as many stacks at once as it has slots.
    """

    def __init__(self, grid: Grid, known: Rows | None = None, engine: Engine = HERE) -> None:
        super().__init__()
        self.grid, self._engine = grid, engine
        own = set(grid.cells)
        self._rows = {cell: row for cell, row in (known or {}).items() if cell in own}
        self._waiting = deque(stacks(cell for cell in grid.cells if cell not in self._rows))
        self._begun: list[Begun] = []
        self._ended: list[Begun] = []  # an engine may keep what others ask for as long as we do
        self._whole = sum(map(operations, stacks(grid.cells)))
        self._left = sum(map(operations, self._waiting))
        self._publish()

    def _compute(self, budget: float, clock: Callable[[], float]) -> None:
        deadline = clock() + budget
        try:
            while self._waiting or self._begun:
                self._begin()
                left = len(self._begun)
                for place, begun in enumerate([*self._begun]):
                    own = max(0.0, deadline - clock()) / (left - place)
                    self._take(begun, begun.computing.advance(own, clock))
                if clock() >= deadline:
                    break
        finally:
            self._publish()

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
        self.finished = not self._waiting and not self._begun
        self.seen = Seen(1.0 if self.finished else share, dict(self._rows))


class Shelf(shelf.Shelf[Grid, Filling]):
    """Grids; one that is begun takes over the rows of all others."""

    def __init__(self, limit: int, engine: Engine = HERE) -> None:
        def begun(grid: Grid, others: Collection[Filling]) -> Filling:
            rows = chain.from_iterable(other.seen.rows.items() for other in others)
            return Filling(grid, dict(rows), engine)

        super().__init__(limit, begun)
