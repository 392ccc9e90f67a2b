"""Random networks of finite width, to be compared with `core.theory.meanfield`."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np

from core.arrays import Array
from core.theory.meanfield import MeanField

NETWORKS = 30
OPERATIONS = 4e8
"""The most multiplications in one measurement: about a second on one core."""


@dataclass(frozen=True, eq=False)
class Measured:
    """What was measured in random networks, (networks, layers), layer 1 first.

    lengths: mean square of the pre-activations of one sample. errors: rms delta_l / rms delta_out;
    NaN where the numbers became too large.
    """

    lengths: Array
    errors: Array


def networks_measured(width: int, depth: int) -> int:
    """How many networks of this size are measured."""
    return int(np.clip(OPERATIONS / (2 * depth * width * width), 5, NETWORKS))


@np.errstate(all="ignore")
def measured(field: MeanField, width: int, depth: int, *, seed: int = 0) -> Measured:
    """Send one random sample forwards and one random error back through random networks.

    Hidden layers 1 .. depth of `width` units and as many outputs; the pre-activations of layer 1
    have variance 1. Each network draws fresh weights and biases, from `seed` on.
    """
    rng = np.random.default_rng(seed)
    count = networks_measured(width, depth)
    lengths, errors = np.empty((count, depth)), np.empty((count, depth))
    for network in range(count):
        z = rng.normal(0, 1, width)
        slopes, weights = [], []
        for layer in range(depth):
            lengths[network, layer] = np.mean(z * z)
            slopes.append(field.slope(z))
            weights.append(rng.normal(0, sqrt(field.weights / width), (width, width)))
            z = field.f(z) @ weights[-1] + rng.normal(0, sqrt(field.biases), width)
        delta = rng.normal(0, 1, width)
        sent = np.linalg.norm(delta)
        for layer in reversed(range(depth)):
            delta = (weights[layer] @ delta) * slopes[layer]
            errors[network, layer] = np.linalg.norm(delta) / sent
    return Measured(lengths, errors)
