"""A sweep or map under way: advanced in slices by whoever looks on, read by many at once."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from itertools import chain
from threading import Lock
from typing import NamedTuple

from core.runs.cost import cost, over_budget
from core.runs.training import RunSpec
from core.sweep.grid import Grid, stacks
from core.sweep.rows import Row, Stack

Rows = Mapping[RunSpec, Row]
MOST_OPERATIONS = 2e11
"""The budget of a whole grid: about 200 seconds of one core by `core.runs.cost`, which reckons with
the pictures that a recording has and a row has not, so less in fact."""


def operations(stack: tuple[RunSpec, ...]) -> float:
    return cost(replace(stack[0], replicas=len(stack))).operations


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


class Filling:
    """A grid and the rows it has so far.

    known: rows that need no computing. seen: replaced as a whole, so a reader never sees half of a
    slice.
    """

    def __init__(self, grid: Grid, known: Rows | None = None) -> None:
        self.grid = grid
        own = set(grid.cells)
        self._rows = {cell: row for cell, row in (known or {}).items() if cell in own}
        self._steps: Iterator[float] | None = None
        self._lock = Lock()
        self.finished = len(self._rows) == len(own)
        self.seen = Seen(float(self.finished), dict(self._rows))

    def _fill(self) -> Iterator[float]:
        """Stack after stack, with a pause after every step: the share that is done."""
        everything = sum(map(operations, stacks(self.grid.cells)))
        missing = [*stacks(cell for cell in self.grid.cells if cell not in self._rows)]
        done = everything - sum(map(operations, missing))
        for runs in missing:
            stack, own = Stack(runs), operations(runs)
            for share in stack.steps():
                yield (done + own * share) / everything
            self._rows |= dict(zip(runs, stack.rows, strict=True))
            done += own

    def advance(
        self, budget: float = float("inf"), clock: Callable[[], float] = time.monotonic
    ) -> bool:
        """Compute for about `budget` seconds; False, at once, if somebody else is doing it."""
        if self.finished or not self._lock.acquire(blocking=False):
            return False
        try:
            deadline, share = clock() + budget, self.seen.share
            steps = self._steps or self._fill()
            self._steps = None  # if this slice fails, what is missing is begun anew
            for done in steps:
                share = done
                if clock() >= deadline:
                    self._steps = steps
                    break
            self.finished = self._steps is None
            self.seen = Seen(1.0 if self.finished else share, dict(self._rows))
        finally:
            self._lock.release()
        return True


class Shelf:
    """The grids that somebody looks at or has looked at, at most `limit`; shared by all."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._held: OrderedDict[Grid, Filling] = OrderedDict()
        self._lock = Lock()

    def get(self, grid: Grid) -> Filling:
        """The grid, begun anew with the rows of all others if it is not on the shelf."""
        with self._lock:
            filling = self._held.get(grid)
            if filling is None:
                others = [held.seen.rows.items() for held in self._held.values()]
                filling = Filling(grid, dict(chain.from_iterable(others)))
            self._held[grid] = filling
            self._held.move_to_end(grid)
            while len(self._held) > self.limit:
                self._held.popitem(last=False)
        return filling
