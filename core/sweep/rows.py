"""What is measured of a run: one row, computed alone or in a stack with others, bit for bit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite, nan
from typing import Any

import numpy as np

from core.arrays import Array
from core.runs.cost import evenly
from core.runs.training import RunSpec, Snapshot, Trainer
from core.sweep.grid import QUANTITIES, STATISTICS

CURVE = 11
"""The most epochs in a learning curve, the first and the last among them."""

Numbers = tuple[float, ...]


@dataclass(frozen=True)
class Row:
    """A run after its last epoch. Numbers are NaN for a network that diverged.

    quantities: by key of `QUANTITIES`. layers: by key of `STATISTICS`, a number for each layer.
    epochs, losses, accuracies: the learning curve on the training part.
    """

    quantities: Mapping[str, float]
    layers: Mapping[str, Numbers]
    epochs: tuple[int, ...]
    losses: Numbers
    accuracies: Numbers
    diverged: bool

    def value(self, key: str, layer: int = 1) -> float:
        """A quantity, or a statistic in a layer; NaN if the network has no such layer."""
        if key in self.quantities:
            return self.quantities[key]
        found = self.layers[key]
        return found[layer - 1] if layer <= len(found) else nan

    def to_json(self) -> dict[str, Any]:
        """The row in JSON's types, with null for a number that is not finite."""
        return {
            "quantities": {key: written(value) for key, value in self.quantities.items()},
            "layers": {key: [*map(written, values)] for key, values in self.layers.items()},
            "epochs": [*self.epochs],
            "losses": [*map(written, self.losses)],
            "accuracies": [*map(written, self.accuracies)],
            "diverged": self.diverged,
        }

    @classmethod
    def from_json(cls, told: Any) -> Row:
        """Raises KeyError, TypeError, AttributeError or ValueError for what is no row."""
        return cls(
            {key: number(told["quantities"][key]) for key in QUANTITIES},
            {key: numbers(told["layers"][key]) for key in STATISTICS},
            tuple(int(epoch) for epoch in told["epochs"]),
            numbers(told["losses"]),
            numbers(told["accuracies"]),
            bool(told["diverged"]),
        )


def written(value: float) -> float | None:
    return value if isfinite(value) else None


def number(value: Any) -> float:
    return nan if value is None else float(value)


def numbers(values: Any) -> Numbers:
    return tuple(map(number, values))


def kept_epochs(run: RunSpec) -> frozenset[int]:
    """The epochs of the learning curve."""
    return evenly(range(run.epochs + 1), CURVE)


class Stack:
    """Single runs trained as the replicas of one; see `core.sweep.grid.stacks`.

    rows: once `steps` has ended, one for each of `runs`.
    """

    def __init__(self, runs: Sequence[RunSpec]) -> None:
        self.runs = runs
        self.rows: tuple[Row, ...] = ()

    def steps(self) -> Iterator[float]:
        """Train to the end, with a pause after every step: the share that is done."""
        run = replace(self.runs[0], replicas=len(self.runs))
        trainer = Trainer(run, self.runs)
        kept, total = kept_epochs(run), run.epochs * len(trainer.batches)
        curve, done = [self.scores(trainer)], 0
        yield 0.0
        while not trainer.finished:
            for _ in trainer.steps_of_epoch():
                done += 1
                yield done / total
            if trainer.epoch in kept:
                curve.append(self.scores(trainer))
        epochs = tuple(sorted(kept))
        missing = [np.full((2, len(self.runs)), nan)] * (len(epochs) - len(curve))
        points = np.stack([*curve, *missing])
        self.rows = rows_of(trainer.snapshot(), epochs, points)

    @staticmethod
    @np.errstate(all="ignore")
    def scores(trainer: Trainer) -> Array:
        """Loss and accuracy on the training part: (2, replicas), NaN where it diverged."""
        found = trainer.scores(trainer.network.forward(trainer.data.train_x))
        scores = np.stack([found["train_loss"], found["train_accuracy"]])
        gone = np.array([mark is not None for mark in trainer.diverged])
        return np.where(gone | ~np.isfinite(scores[0]), nan, scores)


def rows_of(last: Snapshot, epochs: tuple[int, ...], points: Array) -> tuple[Row, ...]:
    """A row for each replica. points: (epochs, 2, replicas), losses and accuracies."""
    out = last.delta[:, -1]
    share = np.divide(last.delta[:, 0], out, out=np.zeros_like(out), where=out > 0)
    quantities = {
        "accuracy": last.train_accuracy,
        "test_accuracy": last.test_accuracy,
        "loss": last.train_loss,
        "test_loss": last.test_loss,
        "share": np.where(np.isnan(out), nan, share),
    }
    return tuple(
        Row(
            {key: float(column[r]) for key, column in quantities.items()},
            {key: tuple(map(float, getattr(last, key)[r])) for key in STATISTICS},
            epochs,
            tuple(map(float, points[:, 0, r])),
            tuple(map(float, points[:, 1, r])),
            mark is not None,
        )
        for r, mark in enumerate(last.diverged)
    )


def trained(runs: Sequence[RunSpec]) -> tuple[Row, ...]:
    """The rows of runs that make up one stack."""
    stack = Stack(runs)
    for _ in stack.steps():
        pass
    return stack.rows
