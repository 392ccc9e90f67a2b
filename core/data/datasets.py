"""Data to learn from: points of the plane made by a formula, and two classic collections.

To add a data set, append a `Dataset` to the list at the end of this file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from core.arrays import Array
from core.registry import registry

FOLDER = Path(__file__).parent
TRAINING_SHARE = 0.8
FEWEST_TO_TEST = 20
"""With fewer rows than this, all of a visitor's own data is used for training."""
FURTHEST = 100.0
"""Standard deviations from the mean beyond which a collection's values are clipped."""


class Task(StrEnum):
    """What is to be predicted: one of two classes, one of several, or a number."""

    BINARY = "binary"
    CLASSES = "classes"
    REGRESSION = "regression"


class View(StrEnum):
    """How a page can show what was learnt: a picture of the plane, a curve over one input, or
    sample by sample."""

    PLANE = "plane"
    CURVE = "curve"
    SAMPLES = "samples"


@dataclass(frozen=True, eq=False)
class Data:
    """A data set drawn and split. All arrays are read-only.

    train_x, test_x: (samples, inputs). train_y, test_y: (samples, outputs): 0 or 1 for two
    classes, one 1 among zeros for several, a number from -1 to 1 for a regression.
    train_rows, test_rows: which rows of the collection, or which draws, these are.

    A visitor's own data of only a few rows has no test part: those arrays have no rows.
    """

    train_x: Array
    train_y: Array
    test_x: Array
    test_y: Array
    train_rows: Array
    test_rows: Array

    def astype(self, dtype: Any) -> Data:
        """The same data in another precision."""
        x = {"train_x": self.train_x.astype(dtype), "test_x": self.test_x.astype(dtype)}
        y = {"train_y": self.train_y.astype(dtype), "test_y": self.test_y.astype(dtype)}
        return replace(self, **x, **y)

    @property
    def tested(self) -> bool:
        """Whether there is a test part."""
        return len(self.test_x) > 0

    @property
    def shown(self) -> tuple[Array, Array, Array]:
        """Inputs, answers and rows of the samples to show one by one: those of the test part,
        where there is none, those of the training part."""
        if self.tested:
            return self.test_x, self.test_y, self.test_rows
        return self.train_x, self.train_y, self.train_rows


@dataclass(frozen=True)
class Dataset:
    """One kind of data.

    draw: (rng, samples) -> x (samples, inputs), y (samples, outputs); for a collection
        all its rows, in their order.
    collection: whether the rows are given, so that there are only `max_samples`.
    features, class_names: what columns and classes are called, or () where they have no name.
    reach: a picture of the plane shows the square from -reach to reach.
    own: whether this is a visitor's own data, whose names come with it and are in no text.
    answer: for such data, the name of what is to be predicted.
    """

    key: str
    name: str
    task: Task
    view: View
    inputs: int
    outputs: int
    draw: Callable[[np.random.Generator, int], tuple[Array, Array]]
    max_samples: int = 5000
    collection: bool = False
    features: tuple[str, ...] = ("x1", "x2")
    class_names: tuple[str, ...] = ("A", "B")
    source: str = ""
    licence: str = ""
    reach: float = 1.0
    own: bool = False
    answer: str = ""


def square(rng: np.random.Generator, samples: int) -> Array:
    """Points uniform on the square from -1 to 1."""
    return rng.uniform(-1, 1, (samples, 2))


def halves(samples: int) -> Array:
    """Class 0 for the first half, class 1 for the second, as a column."""
    return (np.arange(samples) >= samples / 2).astype(float)[:, None]


def xor(rng: np.random.Generator, samples: int) -> tuple[Array, Array]:
    """Class 1 where the signs of x1 and x2 differ."""
    x = square(rng, samples)
    return x, (x[:, :1] * x[:, 1:] < 0).astype(float)


def circle(rng: np.random.Generator, samples: int) -> tuple[Array, Array]:
    """Class 1 on a disc of radius 0.45 within a ring from 0.6 to 0.95, class 0."""
    y = halves(samples)
    low, high = np.where(y == 1, 0.0, 0.6), np.where(y == 1, 0.45, 0.95)
    radius = np.sqrt(rng.uniform(low**2, high**2))  # uniform in area
    return radius * along(rng.uniform(0, 2 * np.pi, (samples, 1))), y


def moons(rng: np.random.Generator, samples: int) -> tuple[Array, Array]:
    """Two interleaved half circles."""
    y = halves(samples)
    arc = along(rng.uniform(0, np.pi, (samples, 1)))
    upper, lower = arc - [0.5, 0.25], [0.5, 0.25] - arc
    return 0.6 * np.where(y == 0, upper, lower), y


def spiral(rng: np.random.Generator, samples: int) -> tuple[Array, Array]:
    """Two arms of 1.75 turns, each the other turned by half a circle."""
    y = halves(samples)
    radius = rng.uniform(0.05, 1, (samples, 1))
    return 0.95 * radius * along(3.5 * np.pi * radius + np.pi * y), y


def gaussians(rng: np.random.Generator, samples: int) -> tuple[Array, Array]:
    """Two round groups, with standard deviation 0.18 about (-0.4, -0.4) and (0.4, 0.4)."""
    y = halves(samples)
    return 0.8 * y - 0.4 + 0.18 * rng.normal(size=(samples, 2)), y


def pinwheel(rng: np.random.Generator, samples: int) -> tuple[Array, Array]:
    """Three bent blades, each the next one turned by a third of a circle: three classes."""
    blade = 3 * np.arange(samples) // samples
    radius = rng.uniform(0.05, 0.95, (samples, 1))
    spread = rng.uniform(-0.6, 0.6, (samples, 1))
    return radius * along(2 * np.pi / 3 * blade[:, None] + 2 * radius + spread), np.eye(3)[blade]


def regression(rng: np.random.Generator, samples: int) -> tuple[Array, Array]:
    """y = x1 x2, the smooth relative of XOR."""
    x = square(rng, samples)
    return x, x[:, :1] * x[:, 1:]


def along(angle: Array) -> Array:
    """Points of the unit circle: (samples, 1) -> (samples, 2)."""
    return np.concatenate([np.cos(angle), np.sin(angle)], axis=1)


@lru_cache(maxsize=1)
def flowers() -> tuple[Array, Array]:
    table = np.loadtxt(FOLDER / "iris.csv", delimiter=",", skiprows=1)
    return frozen(table[:, :4]), frozen(np.eye(3)[table[:, 4].astype(int)])


@lru_cache(maxsize=1)
def handwriting() -> tuple[Array, Array]:
    with np.load(FOLDER / "digits.npz", allow_pickle=False) as archive:
        return frozen(archive["pixels"].astype(float)), frozen(np.eye(10)[archive["label"]])


def frozen(array: Array) -> Array:
    """The array, made read-only."""
    array.setflags(write=False)
    return array


def collected(dataset: Dataset) -> Array:
    """The rows of a collection as they were collected, before any scaling: (rows, inputs)."""
    return dataset.draw(np.random.default_rng(0), 0)[0]


@lru_cache(maxsize=32)
def load(key: str, samples: int, noise: float, seed: int) -> Data:
    """The data of an entry of the registry, as `prepare` makes them."""
    return prepare(DATASETS[key], samples, noise, seed)


def prepare(dataset: Dataset, samples: int, noise: float, seed: int) -> Data:
    """Draw `samples` rows (all there are, at most), split them and add `noise`.

    `seed` alone decides the points and the split; the noise, normal with this standard
    deviation, is added to the inputs afterwards, so the labels stay what they were. The rows of a
    collection are first scaled by the training part's mean and spread: each column by its own,
    pictures by one for all pixels.

    Of a visitor's own data every class is in the training part, and of numbers to predict the
    smallest and the largest, which become -1 and 1. What is missing becomes the training part's
    mean.
    """
    points, order, jitter = (
        np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(3)
    )
    x, y = dataset.draw(points, samples)
    rows = order.permutation(len(x))
    if dataset.own:
        rows = needed_first(rows, y[rows], dataset.task)
    rows = rows[: min(samples, len(x))]
    x, y = x[rows], y[rows]
    count = trained_on(dataset, len(x))
    if dataset.own:
        x = filled(x, x[:count])
    if dataset.collection:
        axis = 0 if dataset.features else None  # a pixel that is always 0 has no spread
        x = standardized(x, x[:count], axis)
    if dataset.own and dataset.task is Task.REGRESSION:
        y = onto_unit(y, y[:count])
    x = x + noise * jitter.normal(size=x.shape)
    parts = (x[:count], y[:count], x[count:], y[count:], rows[:count], rows[count:])
    return Data(*map(frozen, parts))


def trained_on(dataset: Dataset, rows: int) -> int:
    """How many of `rows` rows make up the training part."""
    return rows if dataset.own and rows < FEWEST_TO_TEST else round(TRAINING_SHARE * rows)


def filled(x: Array, train: Array) -> Array:
    """x with the mean of its column in `train` (0, if that has no numbers) where it has none."""
    given = np.isfinite(train)
    mean = np.where(given, train, 0.0).sum(axis=0) / np.maximum(given.sum(axis=0), 1)
    complete: Array = np.where(np.isfinite(x), x, mean)
    return complete


def gathered(dataset: Dataset, data: Data) -> Array:
    """The rows of a collection before any scaling, what was missing filled in as for `data`."""
    rows = collected(dataset)
    return filled(rows, rows[data.train_rows])


def standardized(x: Array, train: Array, axis: int | None = 0) -> Array:
    """x by the mean and spread of `train`: 0 where that has none, and never beyond FURTHEST."""
    mean, spread = train.mean(axis=axis), train.std(axis=axis)
    flat = spread <= 1e-12 * np.abs(train).max(axis=axis)
    scaled = np.where(flat, 0.0, (x - mean) / np.where(flat, 1.0, spread))
    return np.clip(scaled, -FURTHEST, FURTHEST)


def onto_unit(y: Array, train: Array) -> Array:
    """y by the line that takes the smallest of `train` to -1 and the largest to 1."""
    low, high = train.min(axis=0), train.max(axis=0)
    half: Array = (high - low) / 2
    scaled: Array = (y - (low + half)) / half
    return scaled


def needed_first(rows: Array, y: Array, task: Task) -> Array:
    """The rows, with those first that are needed for the answers `y` to be learnt.

    The first row of every class; of a number the smallest and the largest.
    """
    if task is Task.REGRESSION:
        first = np.unique([y.argmin(), y.argmax()])
    else:
        classes = y.argmax(axis=1) if task is Task.CLASSES else y[:, 0]
        first = np.sort(np.unique(classes, return_index=True)[1])
    return np.concatenate([rows[first], np.delete(rows, first)])


DATASETS = registry(
    Dataset("xor", "XOR", Task.BINARY, View.PLANE, 2, 1, xor),
    Dataset("circle", "Circle", Task.BINARY, View.PLANE, 2, 1, circle),
    Dataset("moons", "Two moons", Task.BINARY, View.PLANE, 2, 1, moons),
    Dataset("spiral", "Two spirals", Task.BINARY, View.PLANE, 2, 1, spiral),
    Dataset("gaussians", "Two groups", Task.BINARY, View.PLANE, 2, 1, gaussians),
    Dataset("regression", "x₁ x₂", Task.REGRESSION, View.PLANE, 2, 1, regression, class_names=()),
    Dataset(
        key="iris",
        name="Iris",
        task=Task.CLASSES,
        view=View.SAMPLES,
        inputs=4,
        outputs=3,
        draw=lambda rng, samples: flowers(),
        max_samples=150,
        collection=True,
        features=("sepal_length", "sepal_width", "petal_length", "petal_width"),
        class_names=("setosa", "versicolor", "virginica"),
        source="R. A. Fisher, Annals of Eugenics 7(2):179-188, 1936",
        licence="CC BY 4.0",
    ),
    Dataset(
        key="digits",
        name="Digits",
        task=Task.CLASSES,
        view=View.SAMPLES,
        inputs=64,
        outputs=10,
        draw=lambda rng, samples: handwriting(),
        max_samples=1797,
        collection=True,
        features=(),
        class_names=tuple("0123456789"),
        source="E. Alpaydin & C. Kaynak, Optical Recognition of Handwritten Digits,"
        " UCI Machine Learning Repository, 1998",
        licence="CC BY 4.0",
    ),
    Dataset(
        key="pinwheel",
        name="Pinwheel",
        task=Task.CLASSES,
        view=View.PLANE,
        inputs=2,
        outputs=3,
        draw=pinwheel,
        class_names=("A", "B", "C"),
    ),
)
