"""Nielsen, "Neural networks and deep learning", chapter 5: early layers learn more slowly.

A layer's speed is |mean over the samples of delta_l|, the gradient of its biases. Initial weights
N(0, 1/n_in) and biases N(0, 1) put wide sigmoid layers at the fixed point q* = 1.302, where the
mean-field theory says that each layer back is slower by 1 / sqrt(chi_1) = 4.88.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from math import sqrt

import numpy as np

from core.data.datasets import load
from core.nn.activations import ACTIVATIONS
from core.runs.training import RunSpec
from core.studies.study import Finding, Origin, Panel, Step, Study, Table, points, within
from core.theory.meanfield import MeanField

UNITS, SAMPLES, SEEDS = 30, 1000, 20
BOOK = {
    2: (0.07, 0.31),
    3: (0.012, 0.060, 0.283),
    4: (0.003, 0.017, 0.070, 0.285),
}
"""By hidden layers, the speeds printed in the book, layer 1 first, read on MNIST."""


THEORY = 1 / sqrt(MeanField(ACTIVATIONS["sigmoid"], 1.0, 1.0).chi_1)
"""How much faster each layer is than the one before it, in wide networks."""


def measure(seed: int) -> Iterator[Step]:
    data = load("digits", 2000, 0.0, 0)
    x, y = data.train_x[:SAMPLES], data.train_y[:SAMPLES]
    x = (x - x.min()) / (x.max() - x.min())  # grey levels from 0 to 1, as in the book
    for number, depth in enumerate(BOOK):
        found = []
        for k in range(SEEDS):
            rng = np.random.default_rng([seed, k])
            found.append(np.log(speeds(rng, x, y, depth)))
            line, layers = np.exp(np.mean(found, axis=0)), range(1, depth + 1)
            yield Step(
                (number + (k + 1) / SEEDS) / len(BOOK),
                points("speed", name(depth), layers, line)
                + points("speed", name(depth), layers, BOOK[depth], expected=True),
            )


def speeds(
    rng: np.random.Generator, x: np.ndarray, y: np.ndarray, depth: int
) -> list[float]:  # fmt: skip
    """The speed of every hidden layer of an untrained network, layer 1 first."""
    sizes = [x.shape[1], *[UNITS] * depth, y.shape[1]]
    sigmoid, a, layers = ACTIVATIONS["sigmoid"], x, []
    for fan_in, fan_out in pairwise(sizes):
        w = rng.normal(0, 1 / sqrt(fan_in), (fan_in, fan_out))
        a, slope = sigmoid.rule(a @ w + rng.normal(0, 1, fan_out))
        layers.append((w, slope))
    delta, found = a - y, []
    for (w, _), (_, slope) in zip(layers[:0:-1], layers[-2::-1], strict=True):
        delta = (delta @ w.T) * slope
        found.append(float(np.linalg.norm(delta.mean(axis=0))))
    return found[::-1]


def name(depth: int) -> str:
    return f"L = {depth}"


def judge(table: Table) -> tuple[Finding, ...]:
    ratios = tuple(
        Finding(
            "ratio", table.growth("speed", name(depth), 1, depth), 3.8, 6.3, THEORY,
            Origin.FORMULA, name(depth),
        )
        for depth in BOOK
    )  # fmt: skip
    first = BOOK[4][0]
    return (
        *ratios,
        within(
            "hundred", table.growth("speed", name(4), 1, 4) ** 3, BOOK[4][3] / first, 0.5,
            Origin.PAPER, name(4),
        ),
    )  # fmt: skip


STUDY = Study(
    "speeds",
    "M. Nielsen, Neural networks and deep learning, chapter 5, 2015",
    2015,
    (Panel("speed", tuple(map(name, BOOK)), log_y=True),),
    measure,
    judge,
    lanes=(
        RunSpec(dataset="digits", samples=2000, depth=4, width=30, initializer="lecun", epochs=200),
    ),
)
