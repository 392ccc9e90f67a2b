"""From a gradient to a step. Each rule works on the vector of all parameters at once.

To add one, append an `Optimizer` to the list at the end of this file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.arrays import Array
from core.registry import registry


@dataclass(frozen=True)
class Optimizer:
    """Turns the gradient into the step that is subtracted from the parameters.

    `step(step, gradient, rate, t, *memory)` writes the step number `t` (1, 2, ...)
    into `step`. `memory` are `memories` arrays that start at 0, keep their values from step to
    step and belong to this run alone. All arrays have shape (replicas, parameters).
    """

    key: str
    name: str
    memories: int
    step: Callable[..., None]
    formula: str
    source: str


def sgd(step: Array, gradient: Array, rate: float, t: int) -> None:
    np.multiply(gradient, rate, out=step)


def momentum(step: Array, gradient: Array, rate: float, t: int, velocity: Array) -> None:
    velocity *= 0.9
    velocity += gradient
    np.multiply(velocity, rate, out=step)


def rmsprop(step: Array, gradient: Array, rate: float, t: int, square: Array) -> None:
    square *= 0.9
    square += 0.1 * gradient**2
    np.multiply(gradient, rate, out=step)
    step /= np.sqrt(square) + 1e-8


def adam(step: Array, gradient: Array, rate: float, t: int, mean: Array, square: Array) -> None:
    mean *= 0.9
    mean += 0.1 * gradient
    square *= 0.999
    square += 0.001 * gradient**2
    np.multiply(mean, rate / (1 - 0.9**t), out=step)
    step /= np.sqrt(square / (1 - 0.999**t)) + 1e-8


OPTIMIZERS = registry(
    Optimizer(
        key="sgd",
        name="SGD",
        memories=0,
        step=sgd,
        formula=r"\Delta = \eta\, g",
        source="Robbins & Monro, Annals of Mathematical Statistics, 1951",
    ),
    Optimizer(
        key="momentum",
        name="Momentum",
        memories=1,
        step=momentum,
        formula=r"v \leftarrow 0.9\, v + g,\quad \Delta = \eta\, v",
        source="Polyak, 1964; Rumelhart, Hinton & Williams, Nature, 1986",
    ),
    Optimizer(
        key="rmsprop",
        name="RMSprop",
        memories=1,
        step=rmsprop,
        formula=r"s \leftarrow 0.9\, s + 0.1\, g^2,\quad"
        r" \Delta = \frac{\eta\, g}{\sqrt{s} + 10^{-8}}",
        source="Tieleman & Hinton, Coursera lecture 6.5, 2012",
    ),
    Optimizer(
        key="adam",
        name="Adam",
        memories=2,
        step=adam,
        formula=r"\Delta = \frac{\eta\, \hat m}{\sqrt{\hat s} + 10^{-8}},\quad"
        r" m \leftarrow 0.9\, m + 0.1\, g,\ s \leftarrow 0.999\, s + 0.001\, g^2",
        source="Kingma & Ba, ICLR 2015, arXiv:1412.6980",
    ),
)
