"""Lines along which a function of the plane has one value, found by marching squares.

Where the level lies between the values of two neighbours on a grid, the line crosses the edge
between them at the place found by linear interpolation (Lorensen & Cline, Computer Graphics
21(4):163-169, 1987, in three dimensions).
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from core.arrays import Array

Edge = tuple[int, int, bool]
"""An edge of the grid: the row and column where it begins, and whether it goes down."""


def contours(values: Array, level: float) -> list[Array]:
    """The lines on which `values` (rows, columns) equal `level`, each a path (points, 2).

    A point is (column, row), in steps of the grid. A closed path ends where it began; any other
    ends at the border of the grid.
    """
    above = values > level
    whole = above[:-1, :-1].astype(int) + above[:-1, 1:] + above[1:, :-1] + above[1:, 1:]
    links: dict[Edge, list[Edge]] = defaultdict(list)
    for row, column in np.argwhere((whole > 0) & (whole < 4)).tolist():
        for one, other in crossings(values, above, level, row, column):
            links[one].append(other)
            links[other].append(one)
    return [np.array([place(values, level, edge) for edge in path]) for path in paths(links)]


def crossings(
    values: Array, above: Array, level: float, row: int, column: int
) -> list[tuple[Edge, Edge]]:
    """Which edges of a cell the line connects."""
    top, bottom = (row, column, False), (row + 1, column, False)
    left, right = (row, column, True), (row, column + 1, True)
    first, second = bool(above[row, column]), bool(above[row, column + 1])
    fourth, third = bool(above[row + 1, column]), bool(above[row + 1, column + 1])
    if first == third and second == fourth:
        # a saddle: the middle tells which of the two opposite corners belong together
        middle = values[row : row + 2, column : column + 2].mean() > level
        cuts = [(top, right), (bottom, left)] if middle == first else [(top, left), (bottom, right)]
        return cuts
    crossed = [
        edge
        for edge, differ in [
            (top, first != second),
            (right, second != third),
            (bottom, third != fourth),
            (left, fourth != first),
        ]
        if differ
    ]
    return [(crossed[0], crossed[1])]


def place(values: Array, level: float, edge: Edge) -> tuple[float, float]:
    """Where the line crosses an edge: (column, row)."""
    row, column, down = edge
    start = values[row, column]
    end = values[row + 1, column] if down else values[row, column + 1]
    way = float((level - start) / (end - start))
    return (column, row + way) if down else (column + way, row)


def paths(links: dict[Edge, list[Edge]]) -> list[list[Edge]]:
    """The edges in the order in which the lines cross them: open lines first, then closed ones."""
    ends = [edge for edge, others in links.items() if len(others) == 1]
    seen: set[Edge] = set()
    found: list[list[Edge]] = []
    for begin in [*ends, *links]:
        if begin in seen:
            continue
        path, here = [begin], begin
        seen.add(begin)
        while onward := [edge for edge in links[here] if edge not in seen]:
            here = onward[0]
            path.append(here)
            seen.add(here)
        found.append([*path, begin] if len(links[begin]) == 2 else path)
    return found
