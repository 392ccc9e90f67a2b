"""Runs as people get them wrong: random settings, most of them as usual and some far from it."""

from __future__ import annotations

import numpy as np

from core.data.datasets import DATASETS
from core.nn.activations import ACTIVATIONS
from core.nn.initializers import INITIALIZERS
from core.nn.optimizers import OPTIMIZERS
from core.runs.cost import cost
from core.runs.training import RunSpec


def random_run(seed: int) -> RunSpec:
    """A small run; the same seed gives the same one."""
    rng = np.random.default_rng(seed)

    def one(values):
        return list(values)[rng.integers(len(values))]

    def mostly(share, usual, others):
        return usual if rng.random() < share else one(others)

    def power(low, high):
        return float(f"{10 ** rng.uniform(low, high):.3g}")

    optimizer = mostly(0.6, "sgd", OPTIMIZERS)
    return RunSpec(
        activation=mostly(0.5, one(["sigmoid", "tanh", "relu"]), ACTIVATIONS),
        initializer=mostly(0.5, "xavier", INITIALIZERS),
        gain=mostly(0.6, 1.0, [power(-3, 1.3)]),
        depth=mostly(0.8, one([0, 1, 2, 3, 4, 5, 6, 8, 10]), [15, 20, 30]),
        width=mostly(0.8, one([4, 8, 16]), [1, 2, 3, 32]),
        precision=mostly(0.85, "float64", ["float32"]),
        norm=mostly(0.75, "none", ["batch", "layer"]),
        skip=mostly(0.8, 0.0, [0.1, 0.5, 1.0, 2.0]),
        dataset=mostly(0.5, "xor", DATASETS),
        noise=mostly(0.8, 0.0, [float(f"{rng.uniform(0, 0.5):.2g}")]),
        samples=one([50, 100, 150, 200]),
        data_seed=int(rng.integers(10)),
        optimizer=optimizer,
        rate=mostly(0.4, OPTIMIZERS[optimizer].usual_rate, [power(-6, 3)]),
        batch=mostly(0.7, 32, [1, 2, 8, 128, 5000]),
        epochs=one([30, 120, 120, 150, 200]),
        seed=int(rng.integers(100)),
        clip=mostly(0.85, 0.0, [power(-5, 2)]),
        warmup=mostly(0.88, 0, [5, 50, 500]),
        frozen=mostly(0.88, 0, [1, 2, 5, 50]),
        amplify=bool(rng.random() < 0.08),
    )


def cheap_runs(count: int, most: float) -> list[RunSpec]:
    """The first random runs that cost at most this many operations."""
    found: list[RunSpec] = []
    for seed in range(100 * count):
        run = random_run(seed)
        if cost(run).operations <= most:
            found.append(run)
        if len(found) == count:
            break
    return found
