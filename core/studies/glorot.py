"""Glorot & Bengio 2010: what the usual initial weights of the time did to a deep tanh network.

Weights uniform in +-1/sqrt(n) have variance 1 / (3 n). Activations and the error then shrink by
sqrt(1/3) a layer in opposite directions, so that the gradients of all weights have one size and
hide it; their normalized initialization, of variance 2 / (n_in + n_out), keeps both.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from math import nan, sqrt

import numpy as np

from core.arrays import Array
from core.nn.activations import ACTIVATIONS
from core.nn.initializers import uniform
from core.runs.training import RunSpec
from core.studies.study import (
    Finding,
    Panel,
    Row,
    Step,
    Study,
    Table,
    points,
    shares,
    within,
)  # fmt: skip
from core.theory.meanfield import MeanField

LAYERS, UNITS, SAMPLES, SEEDS = 5, 1000, 300, 2
GAINS = {"uniform": 1 / sqrt(3), "Xavier": 1.0}
"""The standard deviation of a weight, times sqrt(n)."""


def measure(seed: int) -> Iterator[Step]:
    done = shares(len(GAINS) * SEEDS)
    for series, gain in GAINS.items():
        found, formula = [], rows_of(series, [predicted(gain)], expected=True)
        for number in range(SEEDS):
            rng = np.random.default_rng([seed, number])
            found.append(stds(rng, gain / sqrt(UNITS)))
            yield Step(next(done), rows_of(series, found) + formula)


Stds = tuple[list[float], list[float], list[float]]


def stds(rng: np.random.Generator, scale: float) -> Stds:
    """Standard deviations of a_l, dloss/dz_l and dL/dW_l, layer 1 first, for a random error."""
    a: list[Array] = [rng.normal(0, 1, (SAMPLES, UNITS))]
    weights = [uniform(rng, UNITS, UNITS, scale) for _ in range(LAYERS)]
    for w in weights:
        a.append(np.tanh(a[-1] @ w))
    delta = rng.normal(0, 1, (SAMPLES, UNITS)) * (1 - a[-1] ** 2)
    errors, gradients = [], []
    for layer in reversed(range(LAYERS)):
        errors.append(float(delta.std()))
        gradients.append(float((a[layer].T @ delta / SAMPLES).std()))
        if layer:
            delta = (delta @ weights[layer].T) * (1 - a[layer] ** 2)
    return [float(part.std()) for part in a[1:]], errors[::-1], gradients[::-1]


def rows_of(series: str, found: list[Stds], *, expected: bool = False) -> tuple[Row, ...]:
    """The geometric means of what was found."""
    means = np.exp(np.log(np.array(found)).mean(axis=0))
    lines = zip(("signal", "error", "gradient"), means, strict=True)
    layers = range(1, LAYERS + 1)
    return tuple(
        row
        for panel, line in lines
        for row in points(panel, series, layers, line, expected=expected)
    )


@cache
def predicted(gain: float) -> Stds:
    """The same for infinitely wide layers."""
    field = MeanField(ACTIVATIONS["tanh"], gain**2)
    lengths = field.lengths(gain**2, LAYERS)
    signal = [sqrt(field.mean(lambda x: field.f(x) ** 2, q)) for q in lengths]
    errors = [float(e) for e in field.errors(lengths, output=1 / field.weights)]
    before = [1.0, *signal[:-1]]
    gradients = [a * e / sqrt(SAMPLES) for a, e in zip(before, errors, strict=True)]
    return signal, errors, gradients


def judge(table: Table) -> tuple[Finding, ...]:
    gradients = list(table.line("gradient", "uniform").values()) or [nan]
    found = []
    for series, gain in GAINS.items():
        signal, errors, _ = predicted(gain)
        for key, line, way in (("signal", signal, 1), ("error", errors, -1)):
            factor = (line[-1] / line[0]) ** (way / (LAYERS - 1))
            observed = table.growth(key, series, 1, LAYERS) ** way
            found.append(within(key, observed, factor, 0.05, at=series))
    return (*found, Finding("flat", max(gradients) / min(gradients), 1.0, 1.25, 1.03, at="uniform"))


BASE = RunSpec(dataset="digits", samples=2000, activation="tanh", depth=5, width=128, epochs=50)

STUDY = Study(
    "glorot",
    "X. Glorot & Y. Bengio, Understanding the difficulty of training deep feedforward neural"
    " networks, AISTATS 2010",
    2010,
    tuple(Panel(key, tuple(GAINS), log_y=True) for key in ("signal", "error", "gradient")),
    measure,
    judge,
    lanes=(replace(BASE, initializer="lecun", gain=round(GAINS["uniform"], 3)), BASE),
)
