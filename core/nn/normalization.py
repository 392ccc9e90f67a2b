"""Normalization of a layer's sums, forwards and backwards.

Before the activation each sum s is brought to mean 0 and variance 1, then scaled and shifted by
what is learnt:

    n = (s - mean) / sqrt(variance + 1e-5)        z = scale * n + bias

`batch` takes mean and variance of a unit over the samples (Ioffe & Szegedy, ICML 2015,
arXiv:1502.03167), `layer` those of a sample over the units (Ba, Kiros & Hinton, 2016,
arXiv:1607.06450). The variance is the biased one. Never across replicas.

To add one, append a `Normalization` to the list at the end of this file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from core.arrays import Array
from core.registry import registry

EPSILON = 1e-5
REMEMBERED = 0.1
"""How much a batch's mean and variance count in the running averages."""


@dataclass(frozen=True)
class Normalization:
    """axis: that of (replicas, samples, units) over which sums are normalized.

    remembers: whether mean and variance belong to the batch, so that running averages
    stand in for them when single samples are judged.
    """

    key: str
    name: str
    axis: int
    remembers: bool
    source: str


class Moments(NamedTuple):
    """Mean and variance along the normalized axis, which is kept with length 1."""

    mean: Array
    variance: Array

    def follow(self, new: Moments) -> None:
        """As running averages: move towards the mean and variance of a batch."""
        for average, value in zip(self, new, strict=True):
            average += REMEMBERED * (value - average)


class Normalized(NamedTuple):
    """n, and 1 / sqrt(variance + epsilon), which the backward pass needs."""

    values: Array
    factor: Array


def moments(sums: Array, axis: int) -> Moments:
    """Mean and biased variance along `axis`."""
    return Moments(sums.mean(axis=axis, keepdims=True), sums.var(axis=axis, keepdims=True))


def normalize(sums: Array, found: Moments) -> Normalized:
    """Bring the sums to mean 0 and variance 1, as `found` has them."""
    factor: Array = 1 / np.sqrt(found.variance + EPSILON)
    return Normalized((sums - found.mean) * factor, factor)


def back(error: Array, normalized: Normalized, axis: int) -> Array:
    """From dloss/dn to dloss/ds, mean and variance being functions of s themselves."""
    n = normalized.values
    along = error.mean(axis=axis, keepdims=True)
    across = (error * n).mean(axis=axis, keepdims=True)
    result: Array = (error - along - n * across) * normalized.factor
    return result


NORMALIZATIONS = registry(
    Normalization("none", "–", axis=0, remembers=False, source=""),
    Normalization(
        "batch",
        "Batch normalization",
        axis=1,
        remembers=True,
        source="Ioffe & Szegedy, ICML 2015, arXiv:1502.03167",
    ),
    Normalization(
        "layer",
        "Layer normalization",
        axis=2,
        remembers=False,
        source="Ba, Kiros & Hinton, 2016, arXiv:1607.06450",
    ),
)
