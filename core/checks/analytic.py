"""The functions of a network reimplemented for complex numbers, without any derivative.

Where f is analytic, f(z + ih) = f(z) + ih f'(z) - h^2 f''(z)/2 + ...: the imaginary part, divided
by h, is the derivative. Nothing is subtracted, so nothing cancels, and h may be as small as 1e-30
(Squire & Trapp, SIAM Review 40, 1998). A function of several pieces takes the piece on which the
real part lies; at a kink the same one as `core.nn.activations`.

These are textbook formulas, independent of the code that trains, as a check has to be. An
activation or a loss that is missing here is checked by differences alone.
"""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from types import MappingProxyType

import numpy as np

from core.arrays import Array
from core.data.datasets import Task
from core.nn.activations import GELU_CUBE, GELU_SCALE, LECUN_SCALE, LECUN_SLOPE, SELU_A, SELU_SCALE
from core.nn.special import FAR, HALF_P, Q

Formula = Callable[..., Array]


def right(z: Array) -> Array:
    """Whether the real part is positive."""
    positive: Array = z.real > 0
    return positive


def within(z: Array, low: float, high: float) -> Array:
    """Whether the real part lies between these two."""
    inside: Array = (low < z.real) & (z.real < high)
    return inside


def sigmoid(z: Array) -> Array:
    return np.where(right(z), 1 / (1 + np.exp(-z)), np.exp(z) / (1 + np.exp(z)))


def softplus(z: Array) -> Array:
    return np.where(right(z), z + np.log1p(np.exp(-z)), np.log1p(np.exp(z)))


def normal_cdf(z: Array) -> Array:
    """Phi(z), by the rational function P/Q of `core.nn.special`, which is analytic too."""
    far = np.abs(z.real) > FAR
    v = np.where(far, FAR, np.where(right(z), z, -z))
    tail = np.exp(-v * v / 2) * np.polyval(HALF_P, v) / np.polyval(Q, v)
    cdf: Array = np.where(right(z), 1 - tail, tail)
    return cdf


def rectified(z: Array) -> Array:
    return np.where(right(z), z, 0)


def elu(z: Array, a: float) -> Array:
    return np.where(right(z), z, a * np.expm1(z))


def leaky(z: Array, a: float) -> Array:
    return np.where(right(z), z, a * z)


def gelu_tanh(z: Array) -> Array:
    return z * sigmoid(2 * GELU_SCALE * (z + GELU_CUBE * z**3))  # (1 + tanh u) / 2 = sigma(2u)


ANALYTIC: MappingProxyType[str, Formula] = MappingProxyType(
    {
        "step": lambda z: np.where(z.real >= 0, 1, 0) + 0 * z,
        "identity": lambda z: z,
        "sigmoid": sigmoid,
        "tanh": lambda z: 2 * sigmoid(2 * z) - 1,
        "relu": rectified,
        "leaky_relu": leaky,
        "prelu": leaky,
        "elu": elu,
        "selu": lambda z: SELU_SCALE * elu(z, SELU_A),
        "celu": lambda z, a: np.where(right(z), z, a * np.expm1(z / a)),
        "gelu": lambda z: z * normal_cdf(z),
        "gelu_tanh": gelu_tanh,
        "silu": lambda z: z * sigmoid(z),
        "swish": lambda z, b: z * sigmoid(b * z),
        "mish": lambda z: z * (2 * sigmoid(2 * softplus(z)) - 1),
        "softplus": softplus,
        "softsign": lambda z: z / np.where(right(z), 1 + z, 1 - z),
        "hard_sigmoid": lambda z: np.where(within(z, -3, 3), (z + 3) / 6, right(z)),
        "hard_tanh": lambda z: np.where(within(z, -1, 1), z, np.sign(z.real)),
        "hardswish": lambda z: np.where(within(z, -3, 3), z * (z + 3) / 6, rectified(z)),
        "relu6": lambda z: np.where(within(z, 0, 6), z, 6 * right(z)),
        "squared_relu": lambda z: np.where(right(z), z * z, 0),
        "gaussian": lambda z: np.exp(-z * z),
        "sine": np.sin,
        "arctan": np.arctan,
        "erf": lambda z: 2 * normal_cdf(sqrt(2) * z) - 1,
        "lecun_tanh": lambda z: LECUN_SCALE * (2 * sigmoid(2 * LECUN_SLOPE * z) - 1),
    }
)
"""The activations: (z, knobs) -> f(z), z an array of complex numbers."""


def cross_entropy(z: Array, y: Array) -> Array:
    largest = z.real.max(axis=-1, keepdims=True)
    total: Array = np.log(np.exp(z - largest).sum(axis=-1)) + largest[..., 0] - (z * y).sum(axis=-1)
    return total


LOSS: MappingProxyType[Task, Formula] = MappingProxyType(
    {
        Task.BINARY: lambda z, y: (softplus(z) - z * y).sum(axis=-1),
        Task.CLASSES: cross_entropy,
        Task.REGRESSION: lambda z, y: ((z - y) * (z - y)).sum(axis=-1) / 2,
    }
)
"""The losses: (z, y) -> loss of every sample, z the output layer's complex pre-activations."""
