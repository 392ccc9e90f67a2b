"""Saxe, McClelland & Ganguli 2013: exact learning in deep linear networks.

Two layers that begin small and aligned learn every mode of the data by itself, with strength

    u(t) = s e^(2st) / (e^(2st) - 1 + s / u_0),     half learnt at  t = ln(s / u_0 - 1) / (2 s)

(time in units of 1 / rate). And with orthogonal initial weights the number of steps that a deep
linear network needs hardly depends on its depth; with Gaussian ones it grows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import log, sqrt

import numpy as np

from core.arrays import Array
from core.nn.initializers import normal, orthogonal
from core.runs.training import RunSpec
from core.studies.study import Finding, Panel, Row, Step, Study, Table, points, shares, within

STRENGTHS, SMALL = (3.0, 2.0, 1.0), 1e-3
RATE, TICKS, TOGETHER = 1e-3, 60, 100
"""The rate of the modes; points of each curve, and iterations between two."""
DEPTHS = (2, 3, 5, 10, 20)
UNITS, OUTPUTS, MOST, GOAL = 32, 8, 300, 0.05
RATES = tuple(2.0**k for k in range(-4, 2))
"""Rates of which the best counts, times 1 / depth."""
DRAWS = {"orthogonal": orthogonal, "Gaussian": normal}


def half_time(s: float) -> float:
    return log(s / SMALL - 1) / (2 * s)


def strength(s: float, t: Array) -> Array:
    grown = np.exp(2 * s * t)
    return np.asarray(s * grown / (grown - 1 + s / SMALL))


def measure(seed: int) -> Iterator[Step]:
    done = shares(1 + len(DRAWS) * len(DEPTHS))
    yield Step(next(done), modes(np.random.default_rng([seed, 0])))
    for series, draw in DRAWS.items():
        for depth in DEPTHS:
            rng = np.random.default_rng([seed, depth])
            scale = 1.0 if draw is orthogonal else 1 / sqrt(UNITS)
            weights = [draw(rng, UNITS, UNITS, scale) for _ in range(depth - 1)]
            weights.append(draw(rng, UNITS, OUTPUTS, scale))
            goal = orthogonal(rng, UNITS, OUTPUTS, 1.0)
            needed = min(iterations(weights, goal, rate / depth) for rate in RATES)
            yield Step(next(done), (Row("steps", series, depth, needed),))


def modes(rng: np.random.Generator) -> tuple[Row, ...]:
    """The strength of every mode while two aligned layers learn by gradient descent."""
    size = len(STRENGTHS)
    left, right, middle = (orthogonal(rng, size, size, 1.0) for _ in range(3))
    goal = left @ np.diag(STRENGTHS) @ right
    first, second = sqrt(SMALL) * left @ middle, sqrt(SMALL) * middle.T @ right
    seen = [np.diag(left.T @ first @ second @ right.T)]
    for _ in range(TICKS):
        for _ in range(TOGETHER):
            off = goal - first @ second
            first, second = first + RATE * off @ second.T, second + RATE * first.T @ off
        seen.append(np.diag(left.T @ first @ second @ right.T))
    t = np.arange(TICKS + 1) * TOGETHER * RATE
    rows: tuple[Row, ...] = ()
    for s, line in zip(STRENGTHS, np.array(seen).T, strict=True):
        rows += points("modes", name(s), t, line)
        rows += points("modes", name(s), t, strength(s, t), expected=True)
        rows += (Row("half", name(s), s, float(np.interp(s / 2, line, t))),)
    return rows


def name(s: float) -> str:
    return f"s = {s:g}"


@np.errstate(all="ignore")  # a rate that is too large diverges, and does not count
def iterations(weights: list[Array], goal: Array, rate: float) -> float:
    """Steps until the squared error is GOAL of that of a network that answers 0; MOST at most."""
    weights, energy = [*weights], float(np.sum(goal**2))
    for step in range(MOST):
        before = [np.eye(len(goal))]
        for w in weights:
            before.append(before[-1] @ w)
        back = before.pop() - goal
        error = float(np.sum(back**2))
        if not error < 1e6 * energy:
            return MOST
        if error <= GOAL * energy:
            return step
        for layer in reversed(range(len(weights))):
            gradient, back = before[layer].T @ back, back @ weights[layer].T
            weights[layer] = weights[layer] - rate * gradient
    return MOST


def judge(table: Table) -> tuple[Finding, ...]:
    halves = tuple(
        within("half", table.at("half", name(s), s), half_time(s), 0.01, at=name(s))
        for s in STRENGTHS
    )
    deep = max(DEPTHS)
    flat = list(table.line("steps", "orthogonal").values())
    complete = len(flat) == len(DEPTHS)
    grown = table.at("steps", "Gaussian", deep) / table.at("steps", "Gaussian", 3)
    return (
        *halves,
        Finding("flat", max(flat) / min(flat) if complete else float("nan"), 1.0, 3.0, 2.0),
        Finding("grown", grown, low=5.0, expected=20.0),
    )


DEEP = RunSpec(
    dataset="digits", activation="identity", initializer="orthogonal",
    depth=20, width=32, rate=0.01, epochs=50,
)  # fmt: skip

STUDY = Study(
    "linear",
    "A. Saxe, J. McClelland & S. Ganguli, Exact solutions to the nonlinear dynamics of learning in"
    " deep linear neural networks, 2013, arXiv:1312.6120",
    2013,
    (
        Panel("modes", tuple(map(name, STRENGTHS))),
        Panel("steps", tuple(DRAWS), log_x=True, log_y=True),
    ),
    measure,
    judge,
    lanes=(DEEP, replace(DEEP, initializer="lecun")),
)
