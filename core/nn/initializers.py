"""Random initial weights. A scheme is the variance of a single weight and a way to draw it.

To add one, append an `Initializer` to the list at the end of this file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import erf, exp, pi, sqrt

import numpy as np

from core.arrays import Array
from core.registry import registry

CUT = 2.0
CUT_DEVIATION = sqrt(1 - CUT * exp(-CUT * CUT / 2) * sqrt(2 / pi) / erf(CUT / sqrt(2)))
"""The standard deviation of N(0, 1) once it is cut at -CUT and CUT: 0.8796."""
Draw = Callable[[np.random.Generator, int, int, float], Array]


def normal(rng: np.random.Generator, fan_in: int, fan_out: int, scale: float) -> Array:
    return rng.normal(0.0, scale, (fan_in, fan_out))


def uniform(rng: np.random.Generator, fan_in: int, fan_out: int, scale: float) -> Array:
    limit = np.sqrt(3.0) * scale  # the standard deviation of U(-limit, limit) is limit / sqrt(3)
    return rng.uniform(-limit, limit, (fan_in, fan_out))


def truncated(rng: np.random.Generator, fan_in: int, fan_out: int, scale: float) -> Array:
    """A normal distribution cut at two of its standard deviations, widened to keep `scale`.

    Values beyond the cut are redrawn, as in Keras and Flax.
    """
    standard = rng.normal(size=(fan_in, fan_out))
    while np.count_nonzero(beyond := np.abs(standard) > CUT):
        standard[beyond] = rng.normal(size=np.count_nonzero(beyond))
    return scale / CUT_DEVIATION * standard


def orthogonal(rng: np.random.Generator, fan_in: int, fan_out: int, scale: float) -> Array:
    """`scale` times a matrix with orthonormal rows or columns, uniform among them."""
    tall = rng.normal(size=(max(fan_in, fan_out), min(fan_in, fan_out)))
    q, r = np.linalg.qr(tall)
    q *= np.sign(np.diag(r))
    return scale * (q if fan_in >= fan_out else q.T)


@dataclass(frozen=True)
class Initializer:
    """Draws weights of shape (fan_in, fan_out) with mean 0.

    `variance(fan_in, fan_out)` is that of one weight at gain 1. For `orthogonal`
    it is 1: there `draw` takes it as the square of all singular values.
    """

    key: str
    name: str
    variance: Callable[[int, int], float]
    draw: Draw
    formula: str
    source: str

    def weights(self, rng: np.random.Generator, fan_in: int, fan_out: int, gain: float) -> Array:
        """Weights whose standard deviation is `gain` times that of the scheme."""
        return self.draw(rng, fan_in, fan_out, gain * self.variance(fan_in, fan_out) ** 0.5)


INITIALIZERS = registry(
    Initializer(
        key="zeros",
        name="0",
        variance=lambda fan_in, fan_out: 0.0,
        draw=normal,
        formula=r"w = 0",
        source="",
    ),
    Initializer(
        key="normal",
        name="N(0, 1)",
        variance=lambda fan_in, fan_out: 1.0,
        draw=normal,
        formula=r"\operatorname{Var} w = 1",
        source="",
    ),
    Initializer(
        key="lecun",
        name="LeCun",
        variance=lambda fan_in, fan_out: 1 / fan_in,
        draw=normal,
        formula=r"\operatorname{Var} w = \frac{1}{n_\text{in}}",
        source="LeCun, Bottou, Orr & Müller, Efficient BackProp, 1998",
    ),
    Initializer(
        key="xavier",
        name="Xavier",
        variance=lambda fan_in, fan_out: 2 / (fan_in + fan_out),
        draw=normal,
        formula=r"\operatorname{Var} w = \frac{2}{n_\text{in} + n_\text{out}}",
        source="Glorot & Bengio, AISTATS 2010",
    ),
    Initializer(
        key="xavier_uniform",
        name="Xavier (uniform)",
        variance=lambda fan_in, fan_out: 2 / (fan_in + fan_out),
        draw=uniform,
        formula=r"w \sim U\left(\pm\sqrt{\frac{6}{n_\text{in} + n_\text{out}}}\right)",
        source="Glorot & Bengio, AISTATS 2010",
    ),
    Initializer(
        key="he",
        name="He",
        variance=lambda fan_in, fan_out: 2 / fan_in,
        draw=normal,
        formula=r"\operatorname{Var} w = \frac{2}{n_\text{in}}",
        source="He, Zhang, Ren & Sun, ICCV 2015, arXiv:1502.01852",
    ),
    Initializer(
        key="orthogonal",
        name="Orthogonal",
        variance=lambda fan_in, fan_out: 1.0,
        draw=orthogonal,
        formula=r"W^\top W = I",
        source="Saxe, McClelland & Ganguli, 2013, arXiv:1312.6120",
    ),
    Initializer(
        key="lecun_truncated",
        name="LeCun (truncated)",
        variance=lambda fan_in, fan_out: 1 / fan_in,
        draw=truncated,
        formula=r"\operatorname{Var} w = \frac{1}{n_\text{in}},"
        r"\quad |w| \le \frac{2}{0.8796 \sqrt{n_\text{in}}}",
        source="LeCun, Bottou, Orr & Müller, Efficient BackProp, 1998; cut as in Keras and Flax",
    ),
)
