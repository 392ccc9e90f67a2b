"""Explain a failure: what happens, the number that shows it, and a run that tries the remedy.

The cases are asked in order, and a network that has learnt is never called a failure. What each
says is put into words elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from math import isfinite
from types import MappingProxyType
from typing import Any

import numpy as np

from core.nn.activations import ACTIVATIONS
from core.nn.gains import backward_gain
from core.runs.diagnosis import VANISHING, Diagnosis, Verdict
from core.runs.recording import History
from core.runs.training import RunSpec, train


class Case(StrEnum):
    """What may be wrong; the value is the key of its words."""

    DIVERGENCE = "divergence"
    EXPLOSION = "explosion"
    SYMMETRY = "symmetry"
    DEAD_LAYER = "dead_layer"
    VANISHED = "vanished"
    SATURATION = "saturation"
    OVERFITTING = "overfitting"
    SMALL_RATE = "small_rate"
    NO_HIDDEN_LAYER = "no_hidden_layer"
    OTHER_PLATEAU = "other_plateau"
    STILL_LEARNING = "still_learning"
    LEARNT = "learnt"


@dataclass(frozen=True)
class Explanation:
    """A case, the number that shows it, and the settings that try a remedy, if there is any."""

    case: Case
    number: float
    remedy: Mapping[str, Any] = field(default_factory=dict)

    def mended(self, run: RunSpec) -> RunSpec:
        """The run with the remedy's settings."""
        return replace(run, **self.remedy)


SATURATED = 0.5
"""A layer counts as saturated from this share of its values."""
GAP = 0.5
"""Overfitting: the test loss exceeds the training loss by this share of the baseline."""
MOVED = 0.02
"""Too small a rate: no layer has moved by more than this share of its size."""


def explain(
    run: RunSpec, history: History, found: Diagnosis, *, baseline: float, replica: int = 0
) -> Explanation:
    """The first case that holds at the end of a recorded run, as `found` judged it."""
    last = int(np.flatnonzero(np.isfinite(history.train_loss[:, replica]))[-1])
    gap = float(history.test_loss[last, replica] - history.train_loss[last, replica])
    moved = history.moved[last, replica]
    furthest = float(np.nanmax(moved)) if np.isfinite(moved).any() else np.inf
    saturated = history.saturated[last, replica, :-1]
    worst = float(saturated.max(initial=0.0))
    silent = {Verdict.DEAD_LAYER, Verdict.NO_OPEN_PATH}
    flat = ACTIVATIONS[run.activation].has_flat_piece
    if found.verdict is Verdict.DIVERGED:
        return Explanation(Case.DIVERGENCE, found.epoch, {"rate": run.rate / 10})
    if found.verdict is Verdict.ZERO_WEIGHTS or run.initializer == "zeros" or run.gain == 0:
        remedy = {"initializer": "he" if flat else "xavier", "gain": 1.0}
        return Explanation(Case.SYMMETRY, found.share, remedy)
    if found.verdict in silent:
        return Explanation(Case.DEAD_LAYER, found.dead, {"activation": "leaky_relu", "rate": 0.1})
    if found.verdict is Verdict.LEARNT:
        if gap > GAP * baseline:
            more = min(5000, 4 * run.samples)
            return Explanation(
                Case.OVERFITTING, gap, {"samples": more} if more > run.samples else {}
            )
        return Explanation(Case.LEARNT, found.loss)
    if found.verdict is Verdict.NO_HIDDEN_LAYER:
        return Explanation(Case.NO_HIDDEN_LAYER, found.accuracy, {"depth": 1})
    if found.verdict is Verdict.EXPLODING:
        return Explanation(Case.EXPLOSION, found.share, {"initializer": "xavier", "gain": 1.0})
    if found.verdict in VANISHING:
        if not flat and worst >= SATURATED:
            remedy = {"initializer": "xavier", "gain": 1.0, "rate": min(run.rate, 0.1)}
            return Explanation(Case.SATURATION, worst, remedy)
        if ACTIVATIONS[run.activation].max_slope < 1:
            return Explanation(Case.VANISHED, found.share, {"activation": "tanh", "rate": 0.1})
        return Explanation(Case.VANISHED, found.share, {"depth": max(1, run.depth // 4)})
    if furthest < MOVED and found.loss > 0.5 * baseline:
        return Explanation(Case.SMALL_RATE, furthest, {"rate": min(1000.0, run.rate * 100)})
    if found.verdict in (Verdict.STALLED_OTHER, Verdict.UNDERFLOW):
        return Explanation(Case.OTHER_PLATEAU, found.loss, {"optimizer": "adam", "rate": 0.01})
    return Explanation(Case.STILL_LEARNING, found.loss, {"epochs": min(10_000, 4 * run.epochs)})


# Remedies, one at a time or together


def error_keeping_weights(run: RunSpec) -> dict[str, Any]:
    """First weights of the size that, by the theory of wide networks, keeps the error's."""
    gain = backward_gain(ACTIVATIONS[run.activation], **run.knob_values)
    return {"initializer": "lecun", "gain": round(gain, 3)} if isfinite(gain) else {}


REMEDIES = MappingProxyType[str, Callable[[RunSpec], dict[str, Any]]](
    {
        "tanh": lambda run: {"activation": "tanh", "knobs": ()},
        "relu_he": lambda run: {"activation": "relu", "knobs": (), "initializer": "he"},
        "gain": error_keeping_weights,
        "batch_norm": lambda run: {"norm": "batch"},
        "layer_norm": lambda run: {"norm": "layer"},
        "skip": lambda run: {"skip": 0.5},
        "clip": lambda run: {"clip": 1.0},
        "warmup": lambda run: {"warmup": 50},
        "momentum": lambda run: {"optimizer": "momentum"},
        "adam": lambda run: {"optimizer": "adam", "rate": 0.01},
    }
)
"""What each remedy changes in a run. They are tried in this order, later ones over earlier ones."""


def treated(run: RunSpec, remedies: Collection[str]) -> RunSpec:
    """The run with these remedies; weights for an activation are those of the one it then has."""
    for key, change in REMEDIES.items():
        if key in remedies:
            run = replace(run, **change(run))
    return run


def untrained_share(run: RunSpec) -> float:
    """rms delta_1 / rms delta_out before the first step; not a number where there is none."""
    delta = next(train(replace(run, replicas=1))).delta[0]
    return float(delta[0] / delta[-1]) if delta[-1] > 0 else float("nan")
