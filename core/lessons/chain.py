"""A chain of single units: the gradient as a product, factor by factor, and measured.

    x -> z_1 -> f(z_1) -> z_2 -> ... -> z_L -> p = sigma(z_L)        z_l = w_l a_(l-1) + b_l

The product is the chain rule's; it is compared with a central difference of the loss, for which the
chain is evaluated separately. (Nielsen, Neural Networks and Deep Learning, 2015, chapter 5.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np

from core.lessons.walkthrough import Walkthrough, entropy_of, value_and_slope
from core.nn.network import Parameters, Rule

CHAIN = 4
"""Layers of the chain: three hidden units, one after the other, and the output."""
Factor = tuple[str, int, float]
"""Its kind (`error`, `weight`, `slope` or `input`), its layer, and its value."""


@dataclass(frozen=True)
class Place:
    """The gradient with respect to one parameter of the chain, found in three ways.

    factors: from the output back to the parameter; their product is the chain rule's gradient.
    gradient: from the code that trains. difference: a central difference of the loss.
    """

    kind: str
    layer: int
    factors: tuple[Factor, ...]
    gradient: float
    difference: float

    @property
    def product(self) -> float:
        product = 1.0
        for _, _, value in self.factors:
            product *= value
        return product

    @property
    def apart(self) -> float:
        """The difference of product and central difference, relative to the larger one."""
        larger = max(abs(self.product), abs(self.difference))
        return abs(self.product - self.difference) / larger if larger else 0.0


def chain_parameters(weights: Sequence[float], biases: Sequence[float]) -> Parameters:
    """A network with one unit per layer."""
    theta = np.array([[number for pair in zip(weights, biases, strict=True) for number in pair]])
    return Parameters.of(theta.astype(float), [1] * (len(weights) + 1))


def chain_loss(
    weights: Sequence[float], biases: Sequence[float], x: float, y: float, rule: Rule
) -> float:
    """The loss of the chain, evaluated separately: w_4 f(w_3 f(w_2 f(w_1 x + b_1) + b_2) ...)."""
    a = x
    for w, b in zip(weights[:-1], biases[:-1], strict=True):
        a = value_and_slope(rule, w * a + b)[0]
    return entropy_of(weights[-1] * a + biases[-1], y)


def central_difference(
    weights: Sequence[float],
    biases: Sequence[float],
    x: float,
    y: float,
    rule: Rule,
    kind: str,
    layer: int,
) -> float:
    """(L(v + h) - L(v - h)) / 2h for one weight or bias v, h near the cube root of the rounding.

    That h balances what the formula leaves out, of order h^2, against rounding, of order 1/h.
    """
    sides = []
    parameter = (weights if kind == "weight" else biases)[layer - 1]
    h = float(np.cbrt(np.finfo(float).eps)) * max(1.0, abs(parameter))
    for moved in (parameter + h, parameter - h):
        w, b = list(weights), list(biases)
        (w if kind == "weight" else b)[layer - 1] = moved
        sides.append(chain_loss(w, b, x, y, rule))
    return (sides[0] - sides[1]) / ((parameter + h) - (parameter - h))


def places(chain: Walkthrough, rule: Rule) -> tuple[Place, ...]:
    """The gradients of a chain, from the output back: w_4, b_4, w_3, ..., b_1.

    dL/dw_l = (p - y) * w_L f'(z_(L-1)) * ... * w_(l+1) f'(z_l) * a_(l-1)
    (Nielsen, Neural Networks and Deep Learning, 2015, chapter 5)
    """
    weights = [float(layer.weights[0, 0]) for layer in chain.layers]
    biases = [float(layer.biases[0]) for layer in chain.layers]
    x = float(chain.layers[0].inputs[0])
    found: list[Place] = []
    way: list[Factor] = [("error", len(weights), float(chain.layers[-1].delta[0]))]
    for number in reversed(range(1, len(weights) + 1)):
        layer = chain.layers[number - 1]
        if layer.slopes is not None:
            way += [
                ("weight", number + 1, weights[number]),
                ("slope", number, float(layer.slopes[0])),
            ]
        below = ("input", number - 1, float(layer.inputs[0]))
        for kind, factors, gradient in (
            ("weight", (*way, below), layer.weight_gradient[0, 0]),
            ("bias", tuple(way), layer.bias_gradient[0]),
        ):
            difference = central_difference(weights, biases, x, chain.target, rule, kind, number)
            found.append(Place(kind, number, factors, float(gradient), difference))
    return tuple(found)


# Where large weights do not make the error smaller


def reach_of(w: float) -> float:
    """The z up to which |w sigma'(z)| >= 1; NaN for |w| < 4, where it never is.

    sigma' = s (1 - s) = 1/|w| has the larger solution s = (1 + sqrt(1 - 4/|w|))/2, z = ln(s/(1-s)).
    """
    if abs(w) < 4 or not isfinite(w):
        return float("nan")
    root = float(np.sqrt(1 - 4 / abs(w)))
    return float(np.log((1 + root) ** 2 * abs(w) / 4))  # 1 - s = 1/(|w| s)


def open_interval(w: float, b: float) -> tuple[float, float] | None:
    """The a for which |w sigma'(w a + b)| >= 1, None if there are none (Nielsen 2015)."""
    reach = reach_of(w)
    if not isfinite(reach):
        return None
    ends = sorted(((-reach - b) / w, (reach - b) / w))
    return ends[0], ends[1]


def widest_interval() -> tuple[float, float]:
    """The |w| whose interval is the widest, and its width: 6.894 and 0.4477.

    A golden-section search: the width 2 z/|w| rises from 0 at |w| = 4 and then falls.
    """
    golden = (5**0.5 - 1) / 2
    low, high = 4.0, 40.0
    while high - low > 1e-9:
        left, right = high - golden * (high - low), low + golden * (high - low)
        if width_of(left) < width_of(right):
            low = left
        else:
            high = right
    best = (low + high) / 2
    return best, width_of(best)


def width_of(w: float) -> float:
    """The width of the interval of `open_interval`; NaN if there is none."""
    return 2 * reach_of(w) / abs(w)
