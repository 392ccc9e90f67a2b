"""What one hidden layer folds: a small network of one hidden layer, and the space of its units.

The hidden layer carries each point x to h = f(x W + b); one line in that space, h . v + c = 0, then
has to do what no line could before. For XOR two ReLU units suffice, without any training:

    h1 = relu(x1 + x2)      h2 = relu(x1 + x2 - 1)      h1 - 2 h2 = 1 where x1 and x2 differ, else 0

(Goodfellow, Bengio & Courville, Deep Learning, MIT Press 2016, section 6.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from core.arrays import Array
from core.data.datasets import Task
from core.domain import Spec, choice, whole
from core.lessons.perceptron import POINT_SETS, Line, Points
from core.nn.activations import ACTIVATIONS
from core.nn.losses import LOSSES
from core.nn.network import NetworkSpec, build
from core.registry import registry

STEPS = 3000
RATE = 0.5
"""Full-batch gradient descent on the mean cross-entropy."""
BENDS = registry(*(ACTIVATIONS[key] for key in ("relu", "tanh", "sigmoid", "identity")))
"""Identity does not bend; it is there to show that."""
ORIGINS = dict.fromkeys(("by_hand", "trained"))
"""Where the weights come from."""


@dataclass(frozen=True)
class Folder(Spec):
    """A network of one hidden layer. fold_seed: seed of its initial weights."""

    fold_origin: str = choice("by_hand", ORIGINS)
    fold_bend: str = choice("relu", BENDS)
    fold_units: int = whole(3, low=2, high=8)
    fold_seed: int = whole(0, low=0, high=9999)

    @property
    def by_hand(self) -> bool:
        """Whether the weights are the exact solution, so that no other setting matters."""
        return self.fold_origin == "by_hand"


@dataclass(frozen=True, eq=False)
class Fold:
    """The weights. w: (2, units), b: (units,) of the hidden layer; v: (units,), c of the output.

    Class 1 is where f(x W + b) . v + c > 0.
    """

    activation: str
    w: Array
    b: Array
    v: Array
    c: float

    def hidden(self, x: Array) -> Array:
        """h of every point: (n, 2) -> (n, units)."""
        h: Array = ACTIVATIONS[self.activation].value(x @ self.w + self.b)
        return h

    def sums(self, x: Array) -> Array:
        """The output's pre-activation at every point: (n, 2) -> (n,)."""
        total: Array = self.hidden(x) @ self.v + self.c
        return total

    def correct(self, points: Points) -> int:
        """How many points it classifies correctly."""
        return int(((self.sums(points.x) > 0) == (points.y > 0)).sum())

    def lines(self) -> tuple[Line, ...]:
        """The line of every hidden unit: where its pre-activation is 0."""
        return tuple(
            Line(float(w1), float(w2), float(b))
            for (w1, w2), b in zip(self.w.T, self.b, strict=True)
        )


def by_hand(key: str) -> Fold:
    """Two ReLU units that solve XOR exactly, where the points of this set lie.

    From the corners of the unit square; other squares are first brought to it by x -> (x + 1) / 2,
    which solves only what lies near their corners.
    """
    w, b = np.ones((2, 2)), np.array([0.0, -1.0])
    if not POINT_SETS[key].corners:
        w, b = w / 2, b + 1
    return Fold("relu", w, b, np.array([1.0, -2.0]), -0.5)


def trained(points: Points, folder: Folder) -> Fold:
    """Train by full-batch gradient descent from Xavier initialization."""
    spec = NetworkSpec(activation=folder.fold_bend, depth=1, width=folder.fold_units)
    network = build(spec, 2, 1, [np.random.default_rng(folder.fold_seed)])
    parameters = network.parameters
    gradient = parameters.like(np.zeros_like(parameters.theta))
    loss = LOSSES[Task.BINARY]
    y = points.y[:, None]
    for _ in range(STEPS):
        through = network.forward(points.x)
        network.write_gradient(through, loss.delta(through.output, y), gradient)
        parameters.theta[...] -= RATE / len(y) * gradient.theta
    (w, v), (b, c) = parameters.weights, parameters.biases
    return Fold(folder.fold_bend, w[0], b[0, 0], v[0, :, 0], float(c[0, 0, 0]))


def fold_of(key: str, points: Points, folder: Folder) -> Fold:
    """The network of these settings."""
    return by_hand(key) if folder.by_hand else trained(points, folder)


class Chart(NamedTuple):
    """A plane of the hidden space: p = (h - origin) @ axes, of shape (n, 2).

    line: the output's line in that plane, w . p + b = 0. exact: whether the plane is the whole
    hidden space, as it is for two units.
    """

    origin: Array
    axes: Array
    line: Line
    exact: bool


def chart(fold: Fold, x: Array) -> Chart:
    """The plane in which the output's cut shows as a line, even where there are more units.

    Two units: (h1, h2) themselves. More: along v, the direction that decides, and across it the
    direction in which the points spread most. In this view, a point lies on the side of the line
    on which it lies in the whole space.
    """
    units = len(fold.v)
    if units == 2:
        v1, v2 = fold.v
        return Chart(np.zeros(2), np.eye(2), Line(float(v1), float(v2), fold.c), True)
    length = float(np.sqrt(fold.v @ fold.v))
    along = fold.v / length if length > 0 else np.eye(units)[0]
    h = fold.hidden(x)
    origin = h.mean(axis=0)
    rest = (h - origin) - np.outer((h - origin) @ along, along)
    across = np.linalg.svd(rest, full_matrices=True)[2][0]
    across = across - (across @ along) * along  # if all points are equal, there is no spread
    across = across / max(float(np.sqrt(across @ across)), 1e-300)
    offset = fold.c + float(origin @ fold.v)
    return Chart(origin, np.column_stack([along, across]), Line(length, 0.0, offset), False)
