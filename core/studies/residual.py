"""He, Zhang, Ren & Sun 2016: around a layer the error always finds a way, but it must be scaled.

A block x + alpha W relu(x) with He's weights multiplies the squared error by 1 + alpha^2 on
average. So plain identity skips (alpha = 1) explode by 2^(L/2) without normalization,
alpha = 1 / sqrt(L) keeps it below sqrt(e), and a network without skips has no such lower bound.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import e, sqrt

import numpy as np

from core.arrays import Array
from core.nn.activations import ACTIVATIONS
from core.runs.training import RunSpec
from core.studies.study import Finding, Origin, Panel, Step, Study, Table, points, shares, within

LAYERS, UNITS, SAMPLES, SEEDS = 50, 128, 32, 4
SCALES = {"α = 1": 1.0, "α = 1/√L": 1 / sqrt(LAYERS), "α = 1/L": 1 / LAYERS}
PLAIN = "sigmoid"
TICKS = (*range(0, LAYERS, 5), LAYERS)


def measure(seed: int) -> Iterator[Step]:
    done = shares((len(SCALES) + 1) * SEEDS)
    for series, alpha in SCALES.items():
        found = []
        for number in range(SEEDS):
            found.append(np.log(with_skips(np.random.default_rng([seed, number]), alpha)))
            line = np.exp(np.mean(found, axis=0))
            formula = (1 + alpha**2) ** (np.array(TICKS) / 2)
            yield Step(
                next(done),
                points("error", series, TICKS, line[list(TICKS)])
                + points("error", series, TICKS, formula, expected=True),
            )
    found = []
    for number in range(SEEDS):
        found.append(np.log(without_skips(np.random.default_rng([seed, number]))))
        line = np.exp(np.mean(found, axis=0))
        yield Step(next(done), points("error", PLAIN, TICKS, line[list(TICKS)]))


def with_skips(rng: np.random.Generator, alpha: float) -> Array:
    """|dloss/dx| after 0 .. LAYERS blocks on the way back, as a multiple of that at the end."""
    x = rng.normal(0, 1, (SAMPLES, UNITS))
    blocks = []
    for _ in range(LAYERS):
        w = rng.normal(0, sqrt(2 / UNITS), (UNITS, UNITS))
        value, slope = ACTIVATIONS["relu"].rule(x)
        blocks.append((w, slope))
        x = x + alpha * value @ w
    error = rng.normal(0, 1, (SAMPLES, UNITS))
    sizes = [np.linalg.norm(error)]
    for w, slope in reversed(blocks):
        error = error + alpha * (error @ w.T) * slope
        sizes.append(np.linalg.norm(error))
    return np.asarray(np.array(sizes) / sizes[0])


def without_skips(rng: np.random.Generator) -> Array:
    """The same for sigmoid layers with nothing around them, weights of variance 1/n."""
    x = rng.normal(0, 1, (SAMPLES, UNITS))
    layers = []
    for _ in range(LAYERS):
        w = rng.normal(0, sqrt(1 / UNITS), (UNITS, UNITS))
        x, slope = ACTIVATIONS[PLAIN].rule(x @ w)
        layers.append((w, slope))
    error = rng.normal(0, 1, (SAMPLES, UNITS))
    sizes = [np.linalg.norm(error)]
    for w, slope in reversed(layers):
        error = (error * slope) @ w.T
        sizes.append(np.linalg.norm(error))
    return np.asarray(np.array(sizes) / sizes[0])


def judge(table: Table) -> tuple[Finding, ...]:
    scaled = tuple(
        within(
            "growth",
            table.growth("error", series, 0, LAYERS),
            sqrt(1 + alpha**2),
            0.02,
            at=series,
        )
        for series, alpha in SCALES.items()
    )
    return (
        *scaled,
        Finding(
            "bound",
            table.at("error", "α = 1/√L", LAYERS),
            high=1.2 * sqrt(e),
            expected=sqrt(e),
            origin=Origin.FORMULA,
            at="α = 1/√L",
        ),
        Finding("plain", table.at("error", PLAIN, LAYERS), high=1e-25, expected=3.4e-32, at=PLAIN),
    )


DEEP = RunSpec(
    activation="relu", initializer="he", depth=20, width=32, rate=0.01, epochs=100
)  # fmt: skip

STUDY = Study(
    "residual",
    "K. He, X. Zhang, S. Ren & J. Sun, Deep residual learning for image recognition, CVPR 2016,"
    " arXiv:1512.03385",
    2016,
    (Panel("error", (*SCALES, PLAIN), log_y=True),),
    measure,
    judge,
    lanes=(DEEP, replace(DEEP, skip=1.0), replace(DEEP, skip=0.1)),
)
