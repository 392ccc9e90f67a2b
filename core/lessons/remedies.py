"""Remedies: what each changes in a run, which may help with a failure, and what they did.

A candidate is tried before it is offered: in a separate run, cut short if it would take long,
with the same seed. An `Outcome` holds what it did.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import numpy as np

from core.domain import Domain, Real, Whole
from core.nn.activations import Family
from core.nn.gains import backward_gain
from core.nn.optimizers import OPTIMIZERS
from core.nn.own import activation_of
from core.runs.cost import cost, over_budget
from core.runs.diagnosis import Diagnosis, diagnosis
from core.runs.recording import History
from core.runs.rules import Verdict
from core.runs.training import RunSpec, split, train

Change = Callable[[RunSpec], dict[str, Any]]
MOST_GAIN = RunSpec.domains()["gain"].high  # type: ignore[attr-defined]
RECTIFIERS = (Family.RECTIFIED, Family.SMOOTH_RECTIFIED)


def weights_of_theory(run: RunSpec) -> dict[str, Any]:
    """He initialization for rectifiers, Xavier initialization for the others."""
    rectifier = activation_of(run.activation).family in RECTIFIERS
    return {"initializer": "he" if rectifier else "xavier", "gain": 1.0}


def error_keeping_weights(run: RunSpec) -> dict[str, Any]:
    """Initial weights scaled to preserve the error's size, by the theory of wide networks.

    Nothing where no such weights can be chosen, as for a formula that is almost flat.
    """
    gain = backward_gain(activation_of(run.activation), **run.knob_values)
    gain = round(gain, 3) if gain >= 0.1 else float(f"{gain:.3g}")
    return {"initializer": "lecun", "gain": gain} if 0 < gain <= MOST_GAIN else {}


PLAIN = {"norm": "none", "skip": 0.0, "clip": 0.0, "warmup": 0, "frozen": 0, "amplify": False}
STEPS = {"optimizer": "adam", "rate": 0.01, "constants": (), "batch": 32}
USUAL = {**PLAIN, **STEPS, "gain": 1.0, "knobs": ()}

REMEDIES = MappingProxyType[str, Change](
    {
        "tanh": lambda run: {"activation": "tanh", "knobs": ()},
        "relu_he": lambda run: {
            "activation": "relu",
            "knobs": (),
            "initializer": "he",
            "gain": 1.0,
        },
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
"""Remedies to be compared. Several are tried in this order, later ones over earlier ones."""

CHANGES = MappingProxyType[str, Change](
    {
        "longer": lambda run: {"epochs": max(200, 4 * run.epochs)},
        "half_epochs": lambda run: {"epochs": run.epochs // 2},
        "fewer_epochs": lambda run: {"epochs": run.epochs // 6},
        "rate_up": lambda run: {"rate": 10 * run.rate},
        "rate_down": lambda run: {"rate": run.rate / 10},
        "rate_usual": lambda run: {"rate": OPTIMIZERS[run.optimizer].usual_rate},
        "constants": lambda run: {"constants": ()},
        "weights": weights_of_theory,
        "no_clip": lambda run: {"clip": 0.0},
        "no_warmup": lambda run: {"warmup": 0},
        "thaw": lambda run: {"frozen": 0},
        "plain_gradient": lambda run: {"amplify": False},
        "batch": lambda run: {"batch": 32},
        "float64": lambda run: {"precision": "float64"},
        "small_skip": lambda run: {"skip": 0.1},
        "no_skip": lambda run: {"skip": 0.0},
        "no_norm": lambda run: {"norm": "none"},
        **REMEDIES,
        "leaky": lambda run: {"activation": "leaky_relu", "knobs": ()},
        "wider": lambda run: {"width": max(16, 2 * run.width)},
        "narrower": lambda run: {"width": run.width // 4},
        "layer": lambda run: {"depth": 1},
        "more_data": lambda run: {"samples": 4 * run.samples},
        "usual": lambda run: {**USUAL, "activation": "tanh", "initializer": "xavier"},
        "usual_relu": lambda run: {**USUAL, "activation": "relu", "initializer": "he"},
        "usual_wide": lambda run: {
            **USUAL,
            "activation": "relu",
            "initializer": "he",
            "depth": min(max(run.depth, 1), 3),
            "width": max(run.width, 32),
        },
    }
)
"""What each remedy changes in a run, the smallest changes first."""


def changed(run: RunSpec, remedies: str) -> RunSpec:
    """The run with these remedies, joined by `+`; values are clamped to their domain."""
    for key in remedies.split("+"):
        change = CHANGES[key](run)
        run = replace(run, **{name: within(name, value) for name, value in change.items()})
    return run


def within(name: str, value: Any) -> Any:
    """The nearest allowed value of a setting; numbers to six digits, as rounding adds more."""
    domain: Domain = RunSpec.domains()[name]
    if isinstance(domain, Real):
        return min(max(float(f"{value:.6g}"), domain.low), domain.high)
    return min(max(value, domain.low), domain.high) if isinstance(domain, Whole) else value


def effective(run: RunSpec) -> RunSpec:
    """The same run, bit for bit, with every setting that does nothing at its default."""
    data, default = run.source, RunSpec()
    idle: dict[str, Any] = {
        "knobs": own_of(run.knobs, run.activation),
        "constants": own_of(run.constants, run.optimizer),
    }
    drawn = min(run.samples, data.max_samples)  # less than any setting if the data are few
    samples: Any = RunSpec.domains()["samples"]
    idle["samples"] = max(drawn, samples.low)
    idle["frozen"] = min(run.frozen, run.depth)
    idle["batch"] = min(run.batch, drawn)
    if run.initializer == "zeros" or run.gain == 0:
        idle |= {"initializer": "zeros", "gain": 1.0}
    if run.depth < 2:
        idle["skip"] = 0.0
    if run.depth < 1:
        idle |= {n: getattr(default, n) for n in ("activation", "width", "amplify")}
        idle["knobs"] = ()
        training_part = len(run.data().train_x)
        bare = replace(run, norm=default.norm)
        if split(run, training_part) == split(bare, training_part):
            idle["norm"] = default.norm
    return replace(run, **idle)


def own_of(knobs: tuple[tuple[str, float], ...], key: str) -> tuple[tuple[str, float], ...]:
    """The knobs of one entry of a registry."""
    return tuple((name, value) for name, value in knobs if name.startswith(f"{key}."))


# What is tried


@dataclass(frozen=True)
class Candidate:
    """Remedies joined by `+`, the run that they make, and the shorter run in which it is tried."""

    remedies: str
    run: RunSpec
    trial: RunSpec


TRIAL_OPERATIONS = 6e9
"""The budget of one trial: a few seconds of one core."""


def trial_of(run: RunSpec) -> RunSpec:
    """The run with its first seed alone, its epochs halved until it fits the budget."""
    trial = replace(run, replicas=1)
    while cost(trial).operations > TRIAL_OPERATIONS and trial.epochs > 1:
        trial = replace(trial, epochs=trial.epochs // 2)
    return trial


def candidates(run: RunSpec, remedies: Iterable[str]) -> tuple[Candidate, ...]:
    """The remedies of a rule that might help this run, the smallest change first.

    Each may be computed, and differs in its effect from the run itself and from the others.
    """
    found: dict[RunSpec, Candidate] = {}
    for together in remedies:
        mended = changed(run, together)
        does = effective(mended)
        if does != effective(run) and does not in found and over_budget(mended) is None:
            found[does] = Candidate(together, mended, trial_of(mended))
    return tuple(sorted(found.values(), key=lambda one: size_of_change(run, one)))


TOGETHER = {
    "gain": "initializer",
    "rate": "optimizer",
    "constants": "optimizer",
    "knobs": "activation",
}
"""Settings that count as one change together: initial weights, steps, function."""


def size_of_change(run: RunSpec, candidate: Candidate) -> tuple[int, list[int]]:
    """How much a candidate changes: how many things, then their order in `CHANGES`."""
    before, after = effective(run), effective(candidate.run)
    names = [name for name in run.domains() if getattr(before, name) != getattr(after, name)]
    order = list(CHANGES)
    things = {TOGETHER.get(name, name) for name in names}
    return len(things), [order.index(key) for key in candidate.remedies.split("+")]


# What it did


class Effect(StrEnum):
    """What a remedy did when it was tried; the value is the key of its words."""

    LEARNS = "learns"
    BY_HEART = "by_heart"
    BETTER = "better"
    SAME = "same"
    BREAKS = "breaks"


@dataclass(frozen=True)
class Outcome:
    """A candidate that was tried: its effect, and its state at the end of the trial.

    before: the run itself after the same number of epochs, or at its end.
    """

    candidate: Candidate
    effect: Effect
    found: Diagnosis
    before: Diagnosis


BETTER = 0.05
"""A remedy makes a run better if its loss is lower by this share of the baseline."""


def outcome(run: RunSpec, history: History, candidate: Candidate, tried: History) -> Outcome | None:
    """What a candidate did to a run; None if no number changed after all.

    A run that overfits has already learnt, so it is judged on new points.
    """
    if same_numbers(history, tried):
        return None
    found, own = diagnosis(candidate.trial, tried), diagnosis(run, history)
    row = min(int(np.searchsorted(history.epoch, tried.epoch[-1])), len(history.epoch) - 1)
    before = diagnosis(run, history, row)
    overfits = own.verdict is Verdict.OVERFITTING
    if found.verdict is Verdict.LEARNT:
        effect = Effect.LEARNS
    elif found.broken:
        effect = Effect.BREAKS
    elif overfits:
        better = found.test_loss <= before.test_loss - BETTER * before.baseline
        effect = Effect.BETTER if better else Effect.SAME
    elif found.verdict is Verdict.OVERFITTING:
        effect = Effect.BY_HEART
    else:
        least = min(before.loss / before.baseline, 1.0)  # no better than guessing is not better
        effect = Effect.BETTER if found.loss / found.baseline <= least - BETTER else Effect.SAME
    return Outcome(candidate, effect, found, before)


def same_numbers(one: History, other: History) -> bool:
    """Whether two runs are equal in every epoch that both have, and neither is longer."""
    shared, rows, others = np.intersect1d(one.epoch, other.epoch, return_indices=True)
    if other.epoch[-1] > one.epoch[-1]:
        return False
    return len(shared) > 0 and all(
        np.array_equal(getattr(one, name)[rows, 0], getattr(other, name)[others, 0], equal_nan=True)
        for name in ("train_loss", "test_loss", "weight_norm", "delta")
        if getattr(one, name).shape[2:] == getattr(other, name).shape[2:]
    )


def by_effect(outcomes: Collection[Outcome]) -> list[Outcome]:
    """Those that learn first, the smallest change before the others; then the better ones."""
    order = list(Effect)
    return sorted(outcomes, key=lambda one: order.index(one.effect))


# Remedies together


def treated(run: RunSpec, remedies: Collection[str]) -> RunSpec:
    """The run with these remedies; weights chosen for an activation suit the final one."""
    for key, change in REMEDIES.items():
        if key in remedies:
            run = replace(run, **change(run))
    return run


def untrained_share(run: RunSpec) -> float:
    """rms delta_1 / rms delta_out before the first step; NaN where there is none."""
    delta = next(train(replace(run, replicas=1))).delta[0]
    return float(delta[0] / delta[-1]) if delta[-1] > 0 else float("nan")
