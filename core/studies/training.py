"""Networks of the training page as parts of a study, trained a few steps at a time."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from math import inf, isfinite

from core.runs.training import RunSpec, Trainer

TOGETHER = 5
"""Training steps between two looks."""


def progress(trainer: Trainer) -> Iterator[float]:
    """Train to the end, a few steps at a time; the share that is done."""
    steps, total = count(1), trainer.run.epochs * len(trainer.batches)
    while not trainer.finished:
        for _ in trainer.steps_of_epoch():
            if (step := next(steps)) % TOGETHER == 0:
                yield step / total
    yield 1.0


def scores(trainer: Trainer) -> tuple[float, float]:
    """Loss and accuracy on the training part; infinite and 0 for a network that diverged."""
    seen = trainer.snapshot()
    if not isfinite(seen.train_loss[0]):
        return inf, 0.0
    return float(seen.train_loss[0]), float(seen.train_accuracy[0])


def digits(**settings: object) -> RunSpec:
    """A network that reads the handwritten digits, trained with momentum 0.9."""
    fixed = {"dataset": "digits", "samples": 2000, "optimizer": "momentum"}
    return RunSpec(**fixed, **settings)  # type: ignore[arg-type]
