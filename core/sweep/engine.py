"""Cells computed by an executor: threads, processes, or a cluster (`core.sweep.cluster`).

A stack of cells is one task. What is sent is text and what comes back is JSON's types, so an
executor may run it anywhere: a cell is decided by its text, and whoever computes it arrives at the
same row.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import Executor, Future, as_completed
from typing import Any

from core.runs.training import RunSpec
from core.sweep.grid import run_of, stacks, text_of
from core.sweep.rows import Row, trained


def task(texts: list[str]) -> list[Any]:
    """The rows of one stack, for the canonical texts of its runs."""
    return [row.to_json() for row in trained([run_of(text) for text in texts])]


def computed(
    cells: Iterable[RunSpec], executor: Executor, *, but: Collection[RunSpec] = ()
) -> Iterator[tuple[RunSpec, Row]]:
    """The rows of the cells, without those in `but`, in the order in which they are finished.

    Closing the iterator cancels what has not begun. Raises what a task raised, or
    `concurrent.futures.BrokenExecutor` if the executor is lost.
    """
    waiting: dict[Future[list[Any]], tuple[RunSpec, ...]] = {}
    try:
        for stack in stacks(cell for cell in cells if cell not in but):
            waiting[executor.submit(task, [text_of(cell) for cell in stack])] = stack
        for future in as_completed(waiting):
            rows = map(Row.from_json, future.result())
            yield from zip(waiting[future], rows, strict=True)
    finally:
        for future in waiting:
            future.cancel()
