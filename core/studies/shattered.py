"""Balduzzi, Frean, Leary, Lewis, Ma & McWilliams 2017: the shattered gradients problem.

The derivative df/dx of an untrained network of one input, over a line of inputs. In a shallow
network it is like Brownian motion: neighbours have about the same derivative. In a deep network of
ReLU with centred pre-activations it is like white noise; with skips it is in between.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt

import numpy as np

from core.arrays import Array
from core.studies.study import Finding, Panel, Step, Study, Table, points, shares

INPUTS, UNITS, SEEDS, REACH = 256, 200, 8, 2.0
LAGS = range(21)
CASES = {
    "L = 1": (1, None),
    "L = 24": (24, None),
    "L = 50, β = 0.1": (50, 0.1),
}
"""Hidden layers, and by what a layer's branch is multiplied; None where there is no skip."""


def measure(seed: int) -> Iterator[Step]:
    done = shares(len(CASES) * SEEDS)
    for series, (layers, skip) in CASES.items():
        found = []
        for number in range(SEEDS):
            slope = derivative(np.random.default_rng([seed, number]), layers, skip)
            found.append(autocorrelation(slope))
            yield Step(next(done), points("likeness", series, LAGS, np.mean(found, axis=0)))


def derivative(rng: np.random.Generator, layers: int, skip: float | None) -> Array:
    """df/dx at INPUTS places from -REACH to REACH.

    Each layer centres its pre-activations over all inputs, and with skips scales them too, by
    constants as far as the derivative is concerned.
    """
    a = np.linspace(-REACH, REACH, INPUTS)[:, None]
    slope = np.ones_like(a)
    for layer in range(layers):
        fan_in = a.shape[1]
        w = rng.normal(0, sqrt(2 / fan_in), (fan_in, UNITS))
        if layer == 0:
            z, dz = a @ w + rng.normal(0, 1, UNITS), slope @ w
            z -= z.mean(axis=0) * (layers > 1)
            a, slope = np.maximum(z, 0), dz * (z > 0)
            continue
        if skip is None:
            z, dz = a @ w, slope @ w
            z -= z.mean(axis=0)
            a, slope = np.maximum(z, 0), dz * (z > 0)
        else:
            size = a.std(axis=0) + 1e-12
            normal, dnormal = (a - a.mean(axis=0)) / size, slope / size
            on = normal > 0
            a = a + skip * (normal * on) @ w
            slope = slope + skip * (dnormal * on) @ w
    out = rng.normal(0, 1, UNITS)
    return np.asarray(slope @ out)


def autocorrelation(values: Array) -> Array:
    """The correlation of the values with those `lag` places on, for every lag of LAGS."""
    off = values - values.mean()
    whole = float(off @ off)
    return np.array([off[: len(off) - lag] @ off[lag:] for lag in LAGS]) / (whole or 1.0)


def judge(table: Table) -> tuple[Finding, ...]:
    return (
        Finding("lag_one", table.at("likeness", "L = 1", 1), low=0.9, expected=0.97, at="L = 1"),
        Finding("lag_one", table.at("likeness", "L = 24", 1), -0.15, 0.15, 0.0, at="L = 24"),
        Finding(
            "lag_one",
            table.at("likeness", "L = 50, β = 0.1", 1),
            low=0.7,
            expected=0.94,
            at="L = 50, β = 0.1",
        ),
    )


STUDY = Study(
    "shattered",
    "D. Balduzzi, M. Frean, L. Leary, J. P. Lewis, K. W.-D. Ma & B. McWilliams, The shattered"
    " gradients problem, ICML 2017, arXiv:1702.08591",
    2017,
    (Panel("likeness", tuple(CASES)),),
    measure,
    judge,
)
