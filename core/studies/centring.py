"""LeCun, Bottou, Orr & Müller 1998, "Efficient BackProp": inputs should have mean 0.

A linear unit with d inputs of variance 1 and mean mu has the Hessian E x x^T, whose condition
number, the ratio of its largest to its smallest eigenvalue, is 1 + d mu^2 for many samples.
Gradient descent with the largest rate that is safe takes in proportion to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt

import numpy as np

from core.nn.activations import ACTIVATIONS
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

INPUTS, SAMPLES = 10, 40_000
MEANS = (0.0, 0.5, 1.0, 2.0)
GOAL, MOST = 1e-6, 2000
UNITS, LAYERS, SEEN = 64, 3, 4000
SHAPES = ("sigmoid", "relu", "tanh")


def name(mean: float) -> str:
    return f"μ = {mean:g}"


def measure(seed: int) -> Iterator[Step]:
    done = shares(len(MEANS) + len(SHAPES))
    for mean in MEANS:
        rng = np.random.default_rng([seed, INPUTS])
        x = rng.normal(mean, 1, (SAMPLES, INPUTS))
        hessian = x.T @ x / SAMPLES
        eigenvalues = np.linalg.eigvalsh(hessian)
        off = rng.normal(0, 1, INPUTS)
        off /= np.linalg.norm(off)
        errors = [1.0]
        while errors[-1] > GOAL and len(errors) < MOST:
            off = off - hessian @ off / eigenvalues[-1]
            errors.append(float(np.linalg.norm(off)))
        kept = np.unique(np.linspace(0, len(errors) - 1, 40).astype(int))
        condition = Row("condition", name(mean), mean, eigenvalues[-1] / eigenvalues[0])
        yield Step(
            next(done), (*points("descent", name(mean), kept, np.array(errors)[kept]), condition)
        )
    for key in SHAPES:
        rng = np.random.default_rng([seed, UNITS])
        a = rng.normal(0, 1, (SEEN, UNITS))
        for _ in range(LAYERS):
            a = ACTIVATIONS[key].value(a @ rng.normal(0, 1 / sqrt(UNITS), (UNITS, UNITS)))
        moments = np.linalg.eigvalsh(a.T @ a / SEEN)
        yield Step(next(done), (Row("share", key, LAYERS, moments[-1] / moments.sum()),))


def judge(table: Table) -> tuple[Finding, ...]:
    def iterations(mean: float) -> float:
        line = table.line("descent", name(mean))
        return float(max(line)) if line else float("nan")

    conditions = tuple(
        within(
            "condition", table.at("condition", name(mean), mean), 1 + INPUTS * mean**2, 0.1,
            at=name(mean),
        )
        for mean in MEANS
    )  # fmt: skip
    return (
        *conditions,
        Finding("slower", iterations(2.0) / iterations(0.0), low=20, expected=110),
        Finding("share", table.at("share", "sigmoid", LAYERS), 0.98, 1.0, 0.9995, at="sigmoid"),
        Finding("share", table.at("share", "relu", LAYERS), 0.4, 0.8, 0.62, at="ReLU"),
        Finding("share", table.at("share", "tanh", LAYERS), 0.0, 0.2, 0.10, at="tanh"),
    )


STUDY = Study(
    "centring",
    "Y. LeCun, L. Bottou, G. Orr & K.-R. Müller, Efficient BackProp, 1998",
    1998,
    (Panel("descent", tuple(map(name, MEANS)), log_y=True),),
    measure,
    judge,
)
