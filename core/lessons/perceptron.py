"""A single perceptron: one line, the best that any line can do, and the rule that learns one.

A perceptron answers class 1 where w . x + b > 0 and class 0 elsewhere, on the line too
(McCulloch & Pitts, Bull. Math. Biophys. 5:115-133, 1943). It learns from mistakes alone
(Rosenblatt, Psych. Rev. 65:386-408, 1958): with classes written as s = -1 or 1,

    if s (w . x + b) <= 0:    w <- w + s x    b <- b + s

If some line separates the classes, starting from 0 it makes at most (R / gamma)^2 mistakes
(Novikoff, Symp. Math. Theory of Automata 12:615-622, 1962), where R is the largest norm of any
(x, 1) and gamma the widest margin of any (w, b) of norm 1 over all s (x, 1). If none does, it
never stops.

To add a set of points, append a `PointSet` to the list at the end of this file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import cos, inf, radians, sin
from typing import NamedTuple

import numpy as np

from core.arrays import Array
from core.data.datasets import Task, filled, frozen, load, needed_first, standardized
from core.registry import registry

ON_THE_LINE = 1e-9
"""A point nearer than this counts as on the line, since sines and cosines are rounded."""
MOST_UPDATES = 300
"""Mistakes after which a run of the rule is cut off."""


# Points


@dataclass(frozen=True, eq=False)
class Points:
    """x: (n, 2). y: (n,), 0 or 1. Both are read-only."""

    x: Array
    y: Array

    @property
    def signs(self) -> Array:
        """The classes as -1 and 1: (n,)."""
        signs: Array = 2.0 * self.y - 1.0
        return signs


@dataclass(frozen=True)
class PointSet:
    """A kind of points.

    draw: (points, seed) -> x (n, 2), y (n,). centre, half: the square in which they are shown is
    centred at (centre, centre) and reaches `half` to each side. corners: whether these are the
    four corners of a square, so that neither number nor seed matters.
    """

    key: str
    draw: Callable[[int, int], tuple[Array, Array]]
    centre: float = 0.0
    half: float = 1.15
    corners: bool = False

    def points(self, count: int, seed: int) -> Points:
        x, y = self.draw(count, seed)
        return Points(frozen(np.array(x, float)), frozen(np.array(y, float)))


CORNERS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])


def discs(reach: float, middle: float = 0.0) -> Callable[[int, int], tuple[Array, Array]]:
    """Two discs of radius `reach` about (m - 0.4, m - 0.4) and (m + 0.4, m + 0.4), m the middle.

    They do not touch below a radius of 0.4 sqrt(2) = 0.566.
    """

    def draw(count: int, seed: int) -> tuple[Array, Array]:
        rng = np.random.default_rng(seed)
        y = (np.arange(count) % 2).astype(float)
        radius, angle = reach * np.sqrt(rng.uniform(size=count)), rng.uniform(0, 2 * np.pi, count)
        around = np.column_stack([np.cos(angle), np.sin(angle)])
        return middle + 0.8 * y[:, None] - 0.4 + radius[:, None] * around, y

    return draw


def of_dataset(key: str, noise: float = 0.0) -> Callable[[int, int], tuple[Array, Array]]:
    """All points of a data set of the plane, those for training first."""

    def draw(count: int, seed: int) -> tuple[Array, Array]:
        data = load(key, count, noise, seed)
        x, y = np.concatenate([data.train_x, data.test_x]), np.append(data.train_y, data.test_y)
        return x, y

    return draw


def of_table(x: Array, y: Array, count: int, seed: int) -> Points:
    """Some rows of a visitor's own data, standardized, both classes among them.

    x: (rows, 2), NaN where a cell is missing. y: (rows,), 0 or 1.
    """
    whole = filled(x, x)
    rows = np.random.default_rng(seed).permutation(len(x))
    rows = needed_first(rows, y[rows, None], Task.BINARY)[:count]
    return Points(frozen(standardized(whole, whole)[rows]), frozen(y[rows]))


# Lines


class Line(NamedTuple):
    """w . x + b = 0; class 1 lies where w . x + b is above 0."""

    w1: float
    w2: float
    b: float

    def sums(self, x: Array) -> Array:
        """w . x + b of every point: (n, 2) -> (n,)."""
        total: Array = x @ np.array([self.w1, self.w2]) + self.b
        return total

    def right(self, points: Points) -> Array:
        """Which points it classifies correctly: (n,) of bool."""
        correct: Array = (self.sums(points.x) > ON_THE_LINE) == (points.y > 0)
        return correct

    def correct(self, points: Points) -> int:
        """How many points it classifies correctly."""
        return int(self.right(points).sum())


def line_at(turn: float, shift: float, centre: float) -> Line:
    """The line whose unit normal points to `turn` degrees.

    shift: its distance from (centre, centre) along that normal.
    """
    w1, w2 = cos(radians(turn)), sin(radians(turn))
    return Line(w1, w2, -shift - centre * (w1 + w2))


class Best(NamedTuple):
    """A line and how many points it gets right."""

    line: Line
    correct: int


def best_at(points: Points, turn: float) -> Best:
    """The best shift of a line with this direction; of several the one with the widest gap."""
    w1, w2 = cos(radians(turn)), sin(radians(turn))
    place = points.x @ np.array([w1, w2])
    order = np.argsort(place)
    place, signs = place[order], points.signs[order]
    ends = np.concatenate([[place[0] - 1.0], place, [place[-1] + 1.0]])
    gaps = np.diff(ends)
    # class 0 before the cut and class 1 behind it are right
    before = np.concatenate([[0.0], np.cumsum(signs < 0)])
    behind = (signs > 0).sum() - np.concatenate([[0.0], np.cumsum(signs > 0)])
    # No line passes between points at the same place; the two ends have room, but none to spare.
    room = np.where(gaps > 2 * ON_THE_LINE, np.minimum(gaps, 1.0), -inf)
    room[[0, -1]] = 3 * ON_THE_LINE
    scores = np.where(np.isfinite(room), before + behind, -1.0)
    candidates = np.flatnonzero(scores == scores.max())
    cut = candidates[room[candidates].argmax()]
    return Best(Line(w1, w2, -float(ends[cut] + ends[cut + 1]) / 2), int(scores[cut]))


def most_correct(points: Points) -> tuple[int, float]:
    """The most points that any line gets right, and the direction of a line through two
    points from which a best line is an infinitesimal move away.

    A best line can be moved, without crossing a point, until it runs through two of them. Turned
    or shifted infinitesimally, it can split the points on it in any way that respects their order
    along it, so each line through two points is tried with every such split.
    """
    x, signs, n = points.x, points.signs, len(points.x)
    best, turn = int(max((signs > 0).sum(), (signs < 0).sum())), 0.0
    for i in range(n):
        along = x[i + 1 :] - x[i]
        along = along[np.hypot(*along.T) > ON_THE_LINE]
        along = along / np.hypot(*along.T)[:, None]
        # distance of every point k from the line through i and j: (lines, n)
        normal = np.column_stack([-along[:, 1], along[:, 0]])
        distance = normal @ (x - x[i]).T
        beside = np.where(np.abs(distance) > ON_THE_LINE, np.sign(distance), 0.0)
        agreement = beside @ signs
        off = (beside != 0).sum(axis=1)
        on = n - off
        # right if class 1 lies where the distance is positive, or where it is negative
        for facing in (1.0, -1.0):
            right = (off + facing * agreement) / 2
            # with two points on the line both can always be put right
            for j in np.flatnonzero(right + on > best):
                here = beside[j] == 0
                total = int(right[j]) + parted(x[here] @ along[j], signs[here])
                if total > best:
                    best = total
                    towards = facing * normal[j]
                    turn = float(np.degrees(np.arctan2(towards[1], towards[0])))
    return best, turn


def parted(place: Array, signs: Array) -> int:
    """The most of these points on a line that one cut gets right, whichever side is class 1.

    place: (n,), the position of each along the line. Points at the same position stay together.
    """
    order = np.argsort(place)
    place, signs = place[order], signs[order]
    cuts = np.concatenate([[True], np.diff(place) > ON_THE_LINE, [True]])
    before = np.concatenate([[0.0], np.cumsum(signs)])[cuts]
    whole = signs.sum()
    # signs before the cut minus those behind it, over 2: the points gained over one half
    return int((len(signs) + np.abs(2 * before - whole).max()) / 2)


def best_line(points: Points) -> Best:
    """A line that gets as many points right as any line can; exact for points in the plane."""
    _, turn = most_correct(points)
    i, j = np.triu_indices(len(points.x), 1)
    between = points.x[i] - points.x[j]
    normals = np.degrees(np.arctan2(between[:, 0], -between[:, 1]))
    # The points keep their best order up to the next direction at which two of them change
    # places, so the middle of the gap on either side will do.
    offset = (normals - turn + 90) % 180 - 90
    ahead, back = offset[offset > 1e-7], offset[offset < -1e-7]
    steps = (ahead.min(initial=90.0) / 2, back.max(initial=-90.0) / 2, 0.0)
    return max((best_at(points, turn + step) for step in steps), key=lambda best: best.correct)


# The learning rule


class Update(NamedTuple):
    """One mistake, and the update that followed.

    seen: how many points had been looked at, this one included. point: its row.
    after: the weights after the step.
    """

    seen: int
    point: int
    after: Line


class Cycle(NamedTuple):
    """After update `first` the weights are what they were `period` updates later, forever."""

    first: int
    period: int


@dataclass(frozen=True)
class Lesson:
    """A run of the rule from weights 0, over the points in their order, again and again.

    stopped: whether a whole pass went without a mistake. seen: points looked at in all.
    cycle: the first state, weights and place in the order, that came back; None if none did.
    """

    updates: tuple[Update, ...]
    stopped: bool
    seen: int
    cycle: Cycle | None


def learn(points: Points, most: int = MOST_UPDATES) -> Lesson:
    """Rosenblatt's rule until a whole pass is right, a state comes back twice over, or `most`."""
    rows = [(float(x1), float(x2)) for x1, x2 in points.x]
    signs = [float(s) for s in points.signs]
    w1 = w2 = b = 0.0
    updates: list[Update] = []
    states = {(0, w1, w2, b): 0}
    cycle, seen, since = None, 0, 0
    end = most
    while since < len(rows) and len(updates) < end:
        point = seen % len(rows)
        (x1, x2), s = rows[point], signs[point]
        seen += 1
        if s * (w1 * x1 + w2 * x2 + b) > 0:
            since += 1
            continue
        since = 0
        w1, w2, b = w1 + s * x1, w2 + s * x2, b + s
        updates.append(Update(seen, point, Line(w1, w2, b)))
        state = (seen % len(rows), w1, w2, b)
        if cycle is None and state in states:
            cycle = Cycle(states[state], len(updates) - states[state])
            end = min(most, len(updates) + 2 * cycle.period)  # two more rounds, to show it
        states.setdefault(state, len(updates))
    return Lesson(tuple(updates), since >= len(rows), seen, cycle)


# The widest margin


class Margin(NamedTuple):
    """gamma, the widest margin of any (w, b) of norm 1 over all s (x, 1), and R; 0 if no line
    separates the points. line: the one with that margin, None if there is none."""

    gamma: float
    radius: float
    line: Line | None

    @property
    def bound(self) -> float:
        """(R / gamma)^2, more mistakes than the rule can make."""
        return (self.radius / self.gamma) ** 2 if self.gamma > 0 else inf


def widest_margin(points: Points) -> Margin:
    """gamma and R: the widest margin is the distance from the origin to the hull of all s (x, 1).

    A margin below 1e-7 R cannot be told from 0, and counts as 0.
    """
    z = points.signs[:, None] * np.column_stack([points.x, np.ones(len(points.x))])
    radius = float(np.sqrt((z**2).sum(axis=1).max()))
    nearest = nearest_to_origin(z)
    length = float(np.sqrt(nearest @ nearest))
    if length < 1e-7 * radius:
        return Margin(0.0, radius, None)
    w = nearest / length
    # the margin of this very line: never more than the true one, so the bound remains a bound
    gamma = float((z @ w).min())
    return Margin(gamma, radius, Line(*map(float, w))) if gamma > 0 else Margin(0.0, radius, None)


def nearest_to_origin(z: Array) -> Array:
    """The point nearest to the origin in the convex hull of the rows of `z`: (n, d) -> (d,).

    Wolfe's method (Mathematical Programming 11:128-149, 1976), which ends after finitely many
    steps: it walks from one face of the hull to another that lies nearer.
    """
    scale = (z**2).sum(axis=1).max()
    face = [int((z**2).sum(axis=1).argmin())]
    weights = np.array([1.0])
    for _ in range(100 * len(z)):
        nearest = weights @ z[face]
        towards = int((z @ nearest).argmin())
        if towards in face or z[towards] @ nearest > nearest @ nearest - 1e-13 * scale:
            break
        face, weights = [*face, towards], np.append(weights, 0.0)
        while (target := flat_nearest(z[face])).min() <= 1e-12:
            falling = target <= 1e-12
            step = min(1.0, float((weights / (weights - target + 1e-300))[falling].min()))
            weights = (1 - step) * weights + step * target
            kept = weights > 1e-12
            face, weights = [k for k, keep in zip(face, kept, strict=True) if keep], weights[kept]
        weights = target
    nearest_point: Array = weights @ z[face]
    return nearest_point


def flat_nearest(corners: Array) -> Array:
    """Weights, summing to 1, of the point of their plane that is nearest to the origin."""
    k = len(corners)
    system = np.ones((k + 1, k + 1))
    system[0, 0] = 0.0
    system[1:, 1:] = corners @ corners.T
    solution: Array = np.linalg.lstsq(system, np.eye(k + 1)[0], rcond=None)[0][1:]
    return solution


def separable(points: Points) -> bool:
    """Whether some line classifies every point correctly."""
    return widest_margin(points).gamma > 0


@lru_cache(maxsize=64)
def drawn(key: str, count: int, seed: int) -> Points:
    """The points of a set, cached for all visitors who see the same ones."""
    chosen = POINT_SETS[key]
    return chosen.points(4, 0) if chosen.corners else chosen.points(count, seed)


POINT_SETS = registry(
    PointSet("apart", discs(0.42)),
    PointSet("narrow", discs(0.54, middle=0.2)),
    PointSet("overlapping", of_dataset("gaussians", noise=0.15)),
    PointSet(
        "and_corners",
        lambda count, seed: (CORNERS, np.array([0.0, 0.0, 0.0, 1.0])),
        centre=0.5,
        half=1.0,
        corners=True,
    ),
    PointSet(
        "xor_corners",
        lambda count, seed: (CORNERS, np.array([0.0, 1.0, 1.0, 0.0])),
        centre=0.5,
        half=1.0,
        corners=True,
    ),
    PointSet("quadrants", of_dataset("xor")),
)
