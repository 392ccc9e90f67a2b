"""A trainer between two steps as a message, and a trainer that goes on from one.

What the run decides anew (data, initial weights, the order of layers) is not in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

import numpy as np

from core.arrays import Array
from core.runs.message import Message
from core.runs.training import RunSpec, Trainer, split

LINK = 1e8
"""Operations of a link, by `core.runs.cost`: about 0.1 seconds of one core."""


def links(run: RunSpec, operations: float) -> Sequence[int]:
    """The number of steps after which each link of a run of so many operations ends."""
    steps = run.epochs * len(split(run, len(run.data().train_x)))
    count = min(steps, max(1, ceil(operations / LINK)))
    return [steps * (k + 1) // count for k in range(count)]


def held(trainer: Trainer) -> dict[str, Array]:
    """The arrays that steps change."""
    arrays = {
        "theta": trainer.network.parameters.theta,
        "step": trainer.descent.step.theta,
        "relative_update": trainer.relative_update,
    }
    for place, array in enumerate(trainer.descent.memory):
        arrays[f"memory.{place}"] = array
    for layer, (mean, variance) in enumerate(trainer.network.running):
        arrays |= {f"mean.{layer}": mean, f"variance.{layer}": variance}
    return arrays


def paused(trainer: Trainer) -> Message:
    """All that the next steps depend on, after at least one step."""
    head = {
        "steps": trainer.descent.steps,
        "shuffles": trainer.shuffles,
        "diverged": trainer.diverged,
    }
    return Message(head, held(trainer))


def resume(trainer: Trainer, state: Message) -> int:
    """Let a new trainer of the same run go on: how many steps of the epoch have been taken.

    Those are for `Trainer.steps_of_epoch`, which takes the others.
    """
    head, arrays = state
    for name, array in held(trainer).items():
        np.copyto(array, arrays[name])
    steps: int = head["steps"]
    trainer.descent.steps = steps
    trainer.epoch, taken = divmod(steps - 1, len(trainer.batches))
    for generator, shuffle in zip(trainer.orders, head["shuffles"], strict=True):
        generator.bit_generator.state = shuffle
    trainer.diverged = [None if mark is None else (mark[0], mark[1]) for mark in head["diverged"]]
    return taken + 1
