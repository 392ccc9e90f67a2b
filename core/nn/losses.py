"""Output activation and loss, one pair for each task; their common derivative is simple by design.

Shapes: `z` and `y` are (..., samples, outputs). `z` are the pre-activations of the
output layer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.arrays import Array
from core.data.datasets import Task
from core.registry import registry


@dataclass(frozen=True)
class Loss:
    """What the output layer does and how its error is measured.

    output: z -> prediction, of the shape of z.
    value: (z, y) -> loss of every sample, of shape (..., samples).
    delta: (z, y) -> derivative of that loss with respect to z, of the shape of z.
    accuracy: (z, y) -> share of correct answers, of shape (...); for a number to
        predict the coefficient of determination R^2, 1 for perfect, 0 for the mean.
    baseline: y of shape (samples, outputs) -> loss of the best constant answer.
    guessing: y -> accuracy of the best constant answer.
    """

    task: Task
    output: Callable[[Array], Array]
    value: Callable[[Array, Array], Array]
    delta: Callable[[Array, Array], Array]
    accuracy: Callable[[Array, Array], Array]
    baseline: Callable[[Array], float]
    guessing: Callable[[Array], float]
    formula: str

    @property
    def key(self) -> str:
        """The task that it is for."""
        return self.task.value


def sigmoid(z: Array) -> Array:
    e = np.exp(-np.abs(z))
    probability: Array = np.where(z >= 0, 1, e) / (1 + e)
    return probability


@np.errstate(over="ignore")  # two of them may differ by more than the largest float: exp gives 0
def below_largest(z: Array) -> Array:
    """z minus its largest entry."""
    difference: Array = z - z.max(axis=-1, keepdims=True)
    return difference


def softmax(z: Array) -> Array:
    e = np.exp(below_largest(z))
    probability: Array = e / e.sum(axis=-1, keepdims=True)
    return probability


def binary_cross_entropy(z: Array, y: Array) -> Array:
    loss: Array = (np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z)))).sum(axis=-1)
    return loss


def cross_entropy(z: Array, y: Array) -> Array:
    shifted = below_largest(z)
    of_target = np.where(y > 0, shifted, 0) * y  # infinity times 0 would be NaN
    loss: Array = np.log(np.exp(shifted).sum(axis=-1)) - of_target.sum(axis=-1)
    return loss


def squared_error(z: Array, y: Array) -> Array:
    loss: Array = 0.5 * ((z - y) ** 2).sum(axis=-1)
    return loss


def same_side(z: Array, y: Array) -> Array:
    share: Array = ((z > 0) == (y > 0.5)).mean(axis=(-2, -1))
    return share


def same_class(z: Array, y: Array) -> Array:
    share: Array = (z.argmax(axis=-1) == y.argmax(axis=-1)).mean(axis=-1)
    return share


def determination(z: Array, y: Array) -> Array:
    residual = ((z - y) ** 2).sum(axis=(-2, -1))
    total = ((y - y.mean(axis=-2, keepdims=True)) ** 2).sum(axis=(-2, -1))
    # constant targets have no variance to explain: 1 if perfect, else 0, as in scikit-learn
    left = np.divide(residual, total, out=np.asarray(residual > 0, float), where=total > 0)
    r2: Array = 1 - left
    return r2


def entropy(shares: Array) -> float:
    present = shares[shares > 0]
    return float(-(present * np.log(present)).sum())


def class_shares(y: Array) -> Array:
    ones = y.mean(axis=0)
    return np.append(ones, 1 - ones) if len(ones) == 1 else ones


LOSSES = registry(
    Loss(
        task=Task.BINARY,
        output=sigmoid,
        value=binary_cross_entropy,
        delta=lambda z, y: sigmoid(z) - y,
        accuracy=same_side,
        baseline=lambda y: entropy(class_shares(y)),
        guessing=lambda y: float(class_shares(y).max()),
        formula=r"-y \ln p - (1 - y) \ln(1 - p),\quad p = \sigma(z)",
    ),
    Loss(
        task=Task.CLASSES,
        output=softmax,
        value=cross_entropy,
        delta=lambda z, y: softmax(z) - y,
        accuracy=same_class,
        baseline=lambda y: entropy(class_shares(y)),
        guessing=lambda y: float(class_shares(y).max()),
        formula=r"-\sum_k y_k \ln p_k,\quad p = \operatorname{softmax}(z)",
    ),
    Loss(
        task=Task.REGRESSION,
        output=lambda z: z,
        value=squared_error,
        delta=lambda z, y: z - y,
        accuracy=determination,
        baseline=lambda y: float(0.5 * y.var(axis=0).sum()),
        guessing=lambda y: 0.0,
        formula=r"\tfrac{1}{2} \lVert z - y \rVert^2",
    ),
)
