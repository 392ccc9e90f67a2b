"""Handwritten digits: how a trained network reads them, and what its first layer looks for.

The pictures have 8 x 8 pixels from 0 (paper) to 16 (ink): bitmaps of 32 x 32, each block of 4 x 4
summed (E. Alpaydin & C. Kaynak, Optical Recognition of Handwritten Digits, UCI, 1998).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from core.arrays import Array
from core.data.datasets import DATASETS, collected, standardized
from core.runs.training import RunSpec, Trained

KEY = "digits"
SIDE, INK = 8, 16
DIGITS = 10

READER = RunSpec(
    dataset=KEY,
    samples=2000,
    activation="relu",
    initializer="he",
    depth=2,
    width=32,
    rate=0.03,
    epochs=60,
)
FIVE = replace(READER, activation="sigmoid", initializer="xavier", depth=5, rate=0.1)
READERS = MappingProxyType[str, RunSpec](
    {
        "reads": READER,
        "none": replace(FIVE, depth=0),
        "one": replace(FIVE, depth=1),
        "sigmoid": FIVE,
        "tanh": replace(FIVE, activation="tanh"),
        "relu": replace(FIVE, activation="relu"),
        "norm": replace(FIVE, norm="batch"),
    }
)
"""Networks to start with, each an answer to a question; what they claim is tested."""


def pictures() -> Array:
    """All pictures as they were collected: (1797, 64), 0 to 16, row by row from the top."""
    return collected(DATASETS[KEY])


def scaled(run: RunSpec, pixels: Array) -> Array:
    """Pixels from 0 to 16 as the networks of this run see them: scaled like the training part."""
    return standardized(np.asarray(pixels, float), pictures()[run.data().train_rows], axis=None)


def probabilities(network: Trained, pixels: Array) -> Array:
    """The network's probability for each digit, for pixels (pictures, 64) from 0 to 16.

    Returns (pictures, 10); every row sums to 1.
    """
    return network.predict(scaled(network.run, pixels))


@dataclass(frozen=True, eq=False)
class Reading:
    """How a network reads the test pictures.

    rows: their indices among all pictures. truth, predicted: (pictures,) digits. probability:
    (pictures, 10).
    """

    rows: Array
    truth: Array
    predicted: Array
    probability: Array

    @property
    def accuracy(self) -> float:
        return float((self.truth == self.predicted).mean())

    @property
    def mistakes(self) -> Array:
        """Where the network errs, those of which it is surest first: (mistakes,)."""
        wrong = np.flatnonzero(self.truth != self.predicted)
        surest: Array = wrong[np.argsort(-self.probability[wrong].max(axis=1), kind="stable")]
        return surest

    @property
    def confusion(self) -> Array:
        """How many pictures of each digit (row) are read as each digit (column): (10, 10)."""
        counts = np.zeros((DIGITS, DIGITS), int)
        np.add.at(counts, (self.truth, self.predicted), 1)
        return counts


def read_test(network: Trained) -> Reading:
    """Let a network read the test part, on which it was not trained."""
    data = network.run.data()
    probability = network.predict(data.test_x)
    truth = data.test_y.argmax(axis=1)
    return Reading(data.test_rows, truth, probability.argmax(axis=1), probability)


def looked_for(trained: Trained) -> tuple[Array, Array]:
    """The weights of each unit of layer 1 as a picture, and which unit it is, the largest first.

    Returns (units, 8, 8) and (units,), sorted by the norm of the 64 weights.
    """
    weights = trained.network.parameters.weights[0][0].T
    order = np.argsort(-np.linalg.norm(weights, axis=1), kind="stable")
    return weights[order].reshape(-1, SIDE, SIDE), order
