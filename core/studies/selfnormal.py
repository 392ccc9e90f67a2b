"""Klambauer, Unterthiner, Mayr & Hochreiter 2017: SELU brings a signal to mean 0 and variance 1.

With weights of variance 1/n the layers of SELU have a stable fixed point there. The error has none:
its mean square grows by E f'^2 = 1.0716 a layer at the fixed point.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import sqrt

import numpy as np

from core.nn.activations import ACTIVATIONS
from core.nn.gains import typical_slope
from core.runs.training import RunSpec
from core.studies.study import Finding, Panel, Row, Step, Study, Table, points, shares, within

LAYERS, UNITS, SAMPLES = 50, 400, 200
STARTS = (0.5, 1.0, 2.0)
OTHERS = ("tanh", "relu")
CASES = (*(("selu", start) for start in STARTS), *((other, 1.0) for other in OTHERS))
"""Activations, and the standard deviation of their input."""
TICKS = (*range(1, 6), *range(10, LAYERS + 1, 5))


def measure(seed: int) -> Iterator[Step]:
    done = shares(len(CASES) * LAYERS + 1)
    for key, start in CASES:
        activation, rng = ACTIVATIONS[key], np.random.default_rng([seed, LAYERS])
        a = rng.normal(0, start, (SAMPLES, UNITS))
        layers = []
        for layer in range(1, LAYERS + 1):
            w = rng.normal(0, 1 / sqrt(UNITS), (UNITS, UNITS))
            a, slope = activation.rule(a @ w)
            layers.append((w, slope))
            seen = layer in TICKS
            yield Step(next(done), (Row("signal", name(key, start), layer, a.var()),) * seen)
        if (key, start) == ("selu", 1.0):
            yield Step(next(done), errors(rng, layers))


def errors(
    rng: np.random.Generator, layers: list[tuple[np.ndarray, np.ndarray]]
) -> tuple[Row, ...]:
    """|delta_l| / |delta_LAYERS| by layer."""
    delta = rng.normal(0, 1, (SAMPLES, UNITS)) * layers[-1][1]
    sizes = [np.linalg.norm(delta)]
    for (w, _), (_, slope) in zip(layers[:0:-1], layers[-2::-1], strict=True):
        delta = (delta @ w.T) * slope
        sizes.append(np.linalg.norm(delta))
    line = np.array(sizes)[::-1] / sizes[0]
    factor = typical_slope(ACTIVATIONS["selu"])
    return points("error", "SELU", TICKS, line[np.array(TICKS) - 1]) + points(
        "error", "SELU", TICKS, factor ** (LAYERS - np.array(TICKS)), expected=True
    )


def name(key: str, start: float) -> str:
    label = ACTIVATIONS[key].name
    return f"{label}, σ = {start:g}" if key == "selu" else label


def judge(table: Table) -> tuple[Finding, ...]:
    settled = tuple(
        within(
            "variance", table.at("signal", name("selu", start), LAYERS), 1.0, 0.15,
            at=name("selu", start),
        )
        for start in STARTS
    )  # fmt: skip
    factor = typical_slope(ACTIVATIONS["selu"])
    tanh, relu = (name(other, 1.0) for other in OTHERS)
    return (
        *settled,
        within("growth", 1 / table.growth("error", "SELU", 1, LAYERS), factor, 0.01, at="SELU"),
        Finding("fades", table.at("signal", tanh, LAYERS), 0.0, 0.05, 0.0096, at=tanh),
        Finding("fades", table.at("signal", relu, LAYERS), 0.0, 1e-9, 0.0, at=relu),
    )


DEEP = RunSpec(
    activation="selu", initializer="lecun", depth=20, width=32, rate=0.01, epochs=100
)  # fmt: skip

STUDY = Study(
    "selfnormal",
    "G. Klambauer, T. Unterthiner, A. Mayr & S. Hochreiter, Self-normalizing neural networks,"
    " NeurIPS 2017, arXiv:1706.02515",
    2017,
    (
        Panel("signal", tuple(name(*case) for case in CASES), log_y=True),
        Panel("error", ("SELU",), log_y=True),
    ),
    measure,
    judge,
    lanes=(DEEP, replace(DEEP, activation="tanh"), replace(DEEP, activation="relu")),
)
