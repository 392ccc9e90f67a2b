"""What is happening in a network, judged from its recorded numbers: the loss first, then the share.

A small error signal at layer 1 is no diagnosis by itself: in a network that has learnt, little
error is left to send back, and some networks start faintly and learn. So the rules ask in this
order: has it learnt, is it still falling, and only then how much reaches layer 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import inf

import numpy as np

from core.nn.activations import ACTIVATIONS
from core.runs.recording import History
from core.runs.training import RunSpec

WINDOW = 100
"""Epochs over which the loss must have fallen."""
LEARNT_LOSS = 0.3
LEARNT_ACCURACY = 0.95
LARGEST_CLASS = 0.8
FALLING = 0.01
"""A loss falls if the window's best is below the best before it by this share of the baseline."""
FAINT = 0.01
WILD = 10.0
SETTLED = 0.5
"""Layer 1 counts as hardly moved below this share of its size."""
GUESSING = 0.8
"""A loss above this share of the baseline is close to that of guessing."""


class Verdict(StrEnum):
    """What is going on; the value is the key of its sentence."""

    DIVERGED = "diverged"
    LEARNT = "learnt"
    NO_HIDDEN_LAYER = "no_hidden_layer"
    DEAD_LAYER = "dead_layer"
    ZERO_WEIGHTS = "zero_weights"
    NO_OPEN_PATH = "no_open_path"
    UNDERFLOW = "underflow"
    BEFORE = "before"
    EXPLODING = "exploding"
    TOO_EARLY = "too_early"
    STALLED_UNREACHED = "stalled_unreached"
    STALLED_SILENT = "stalled_silent"
    STALLED_PART_WAY = "stalled_part_way"
    STALLED_OTHER = "stalled_other"
    LEARNING_FAINTLY = "learning_faintly"
    LEARNING = "learning"


VANISHING = frozenset({Verdict.STALLED_UNREACHED, Verdict.STALLED_SILENT, Verdict.STALLED_PART_WAY})
"""The only verdicts in which a sentence may speak of a vanishing gradient."""


@dataclass(frozen=True)
class Diagnosis:
    """A verdict and the numbers that its sentence names.

    share: rms delta_1 / rms delta_out. layer, epoch: where and when, for a dead layer or a
    divergence. saturated: share of saturated values in the hidden layers. dead, units: hidden
    units that are dead, of how many. baseline: the loss of the best constant answer.
    """

    verdict: Verdict
    share: float
    loss: float
    accuracy: float
    saturated: float
    dead: int
    units: int
    layer: int = 0
    epoch: int = 0
    baseline: float = inf


def diagnose(
    run: RunSpec,
    history: History,
    index: int,
    *,
    baseline: float,
    guessing: float,
    replica: int = 0,
) -> Diagnosis:
    """Judge the state at `history.epoch[index]` by what came up to it.

    baseline, guessing: loss and accuracy of the best constant answer on the training part.
    """
    epoch = int(history.epoch[index])
    mark = history.diverged[replica]
    if mark is not None and epoch >= mark[0]:
        index = max(0, int(np.searchsorted(history.epoch, mark[0])) - 1)
    loss = float(history.train_loss[index, replica])
    accuracy = float(history.train_accuracy[index, replica])
    delta = history.delta[index, replica]
    share = float(delta[0] / delta[-1]) if delta[-1] > 0 else 0.0
    dead = history.dead[index, replica, :-1]

    def verdict(kind: Verdict, layer: int = 0, at: int = 0) -> Diagnosis:
        return Diagnosis(
            verdict=kind,
            share=share,
            loss=loss,
            accuracy=accuracy,
            saturated=float(history.saturated[index, replica, :-1].mean()) if run.depth else 0.0,
            dead=round(float(np.nan_to_num(dead).sum()) * run.width),
            units=run.depth * run.width,
            layer=layer,
            epoch=at,
            baseline=baseline,
        )

    if mark is not None and epoch >= mark[0]:
        return verdict(Verdict.DIVERGED, layer=mark[1], at=mark[0])
    if loss <= LEARNT_LOSS * baseline or (
        accuracy >= LEARNT_ACCURACY and guessing <= LARGEST_CLASS
    ):
        return verdict(Verdict.LEARNT)
    if run.depth == 0:
        return verdict(Verdict.NO_HIDDEN_LAYER)
    if delta[0] == 0:
        level = np.hypot(history.activation_mean, history.activation_std)[index, replica, :-1]
        silent = (dead == 1) & (level == 0)
        if silent.any():
            return verdict(Verdict.DEAD_LAYER, layer=int(np.flatnonzero(silent)[-1]) + 1)
        if (history.weight_norm[index, replica, 1:] == 0).any():
            return verdict(Verdict.ZERO_WEIGHTS)
        if ACTIVATIONS[run.activation].has_flat_piece:
            return verdict(Verdict.NO_OPEN_PATH)
        return verdict(Verdict.UNDERFLOW)
    if epoch == 0:
        return verdict(Verdict.BEFORE)
    if share >= WILD and loss > 0.5 * baseline:
        return verdict(Verdict.EXPLODING)
    losses, epochs = history.train_loss[: index + 1, replica], history.epoch[: index + 1]
    recent = epochs > epoch - WINDOW
    if recent.all():
        return verdict(Verdict.TOO_EARLY)
    if losses[recent].min() <= losses[~recent].min() - FALLING * baseline:
        return verdict(Verdict.LEARNING_FAINTLY if share < FAINT else Verdict.LEARNING)
    if share >= FAINT:
        return verdict(Verdict.STALLED_OTHER)
    if loss <= GUESSING * baseline:
        return verdict(Verdict.STALLED_PART_WAY)
    moved = history.moved[index, replica, 0]
    return verdict(Verdict.STALLED_UNREACHED if moved < SETTLED else Verdict.STALLED_SILENT)
