"""What is measured of a run: one row, computed alone or in a stack with others, bit for bit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite, nan
from typing import Any

import numpy as np

from core.arrays import Array
from core.runs.cost import cost, evenly
from core.runs.message import Message
from core.runs.pausing import links, paused, resume
from core.runs.training import RunSpec, Snapshot, Trainer
from core.runs.work import Kind
from core.sweep.grid import QUANTITIES, STATISTICS, run_of, text_of

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


@dataclass(frozen=True)
class Part:
    """What there is of a stack. share: what is done of it, from 0 to 1.

    rows: one for each of its runs, once it is finished.
    """

    share: float
    rows: tuple[Row, ...] = ()

    @property
    def finished(self) -> bool:
        return bool(self.rows)

    def followed_by(self, later: Part) -> Part:
        return Part(max(self.share, later.share), later.rows)


class Stack:
    """Single runs trained as the replicas of one; see `core.sweep.grid.stacks`."""

    def __init__(self, runs: Sequence[RunSpec], state: Message | None = None) -> None:
        run = replace(runs[0], replicas=len(runs))
        self._trainer = Trainer(run, runs)
        self._kept = kept_epochs(run)
        self._curve: list[Array] = [] if state is None else [*state.arrays["curve"]]
        self._steps = self._train(0 if state is None else resume(self._trainer, state))

    @property
    def steps(self) -> int:
        return self._trainer.descent.steps

    def paused(self) -> Message:
        head, arrays = paused(self._trainer)
        return Message(head, {**arrays, "curve": np.stack(self._curve)})

    def advance(self, enough: Callable[[], bool]) -> Part:
        """Train, and measure once all epochs are done."""
        total = self._trainer.run.epochs * len(self._trainer.batches)
        for _ in self._steps:
            if enough():
                return Part(self.steps / total)
        epochs, replicas = tuple(sorted(self._kept)), self._trainer.run.replicas
        missing = [np.full((2, replicas), nan)] * (len(epochs) - len(self._curve))
        points = np.stack([*self._curve, *missing])
        return Part(1.0, rows_of(self._trainer.snapshot(), epochs, points))

    def _train(self, taken: int) -> Iterator[None]:
        """Train to the end, with a pause after every step; `taken` as of `resume`."""
        trainer = self._trainer
        if not taken:
            self._curve.append(self.scores(trainer))
            yield
        while taken or not trainer.finished:
            yield from trainer.steps_of_epoch(taken)
            taken = 0
            if trainer.epoch in self._kept:
                self._curve.append(self.scores(trainer))

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
    return Stack(runs).advance(lambda: False).rows


def operations(runs: Sequence[RunSpec]) -> float:
    """What a stack costs, as `core.runs.cost` reckons."""
    return cost(replace(runs[0], replicas=len(runs))).operations


def packed_part(part: Part) -> Message:
    return Message({"share": part.share, "rows": [row.to_json() for row in part.rows]}, {})


def unpacked_part(message: Message, runs: Sequence[RunSpec]) -> Part:
    return Part(message.head["share"], tuple(map(Row.from_json, message.head["rows"])))


STACK: Kind[Sequence[RunSpec], Part] = Kind(
    "stack",
    begin=Stack,
    links=lambda runs: links(runs[0], operations(runs)),
    packed=lambda runs: Message({"cells": [text_of(run) for run in runs]}, {}),
    unpacked=lambda message: tuple(map(run_of, message.head["cells"])),
    packed_piece=packed_part,
    unpacked_piece=unpacked_part,
    nothing=Part(0.0),
)
