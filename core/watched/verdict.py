"""The verdict on a recorded training, by those rules of the dashboard that a recording can answer.

A rule is asked if a recording has every number of its signs. What the rules assume beyond that is
checked first; where it does not hold, there is no verdict but a reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from math import nan

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from core.arrays import Array
from core.nn.activations import ACTIVATIONS, Family, Side
from core.runs.rules import FALLING, RULES, STEADY, WINDOW, Rule, Verdict
from core.watched.watched import Watched

STEPS = 12
"""Steps that count as one epoch of the rules: as many as an epoch of the training page has."""
LEARNT = 0.3
GROWN = 10.0
"""By which factor an error or a loss has grown if that is to explain what comes."""

KNOWN = frozenset(
    (
        *("diverged", "broken_at", "loss_at_start", "share_at_start", "learnt", "epoch", "falling"),
        *("share", "silent", "dead_layer", "saturated", "loss", "level", "rise", "lowest", "climb"),
        *("depth", "moved", "slope_is_0"),
    )
)
"""The numbers of the rules that a recording has."""
ASKED = tuple(rule for rule in RULES if {sign.number for sign in rule.signs} <= KNOWN)
"""The rules that are asked. Those left out are about settings, test data and initial weights, of
which a recording says nothing."""
GROWS = frozenset((Verdict.NO_START, Verdict.DIVERGED))
"""Verdicts that say that numbers grew until they could not be represented."""
FAINTEST = 1e-30
"""An error below this may come to 0 in the next layer because it is small: in float32."""

NAMES = {"hardtanh": "hard_tanh", "hardsigmoid": "hard_sigmoid", "sin": "sine"}
"""What this project calls activations that PyTorch calls otherwise."""


class Silence(StrEnum):
    """Why there is no verdict; the value is the key of its words."""

    NO_LOSS = "no_loss"
    LOSS_BELOW_0 = "loss_below_0"
    FEW_ROWS = "few_rows"
    FEW_LAYERS = "few_layers"
    USED_SEVERAL_TIMES = "used_several_times"
    NO_ERROR = "no_error"
    UNDEFINED = "undefined"
    NO_RULE = "no_rule"


def entry_of(activation: str) -> str:
    """The key of an activation of this project by PyTorch's name, "" if there is none."""
    key = NAMES.get(activation, activation)
    return key if key in ACTIVATIONS else ""


class State:
    """A recording at its last row, as the rules see it.

    Losses are multiples of `baseline`, the loss of guessing. Epochs are of `STEPS` steps.
    """

    def __init__(self, watched: Watched, baseline: float) -> None:
        self.watched, self.baseline = watched, baseline
        broken = np.flatnonzero(watched.broken)
        self.diverged = bool(len(broken))
        self.row = int(broken[0]) if len(broken) else len(watched.steps)
        self.broken_at = float(watched.steps[self.row]) / STEPS if len(broken) else nan
        self.index = max(0, self.row - 1)

    @property
    def undefined(self) -> bool:
        """Whether numbers became NaN, and no number that was recorded had grown before: then it may
        as well be a logarithm of 0 as a step that was too long."""
        if not self.diverged:
            return False
        first, last = self.row, self.index
        measures = self.watched.measures.values()
        if self.watched.loss[first] == np.inf or any((m[first] == np.inf).any() for m in measures):
            return False
        if first == 0:
            return True
        errors = [float(np.nanmax(self.delta(row), initial=0.0)) for row in (0, last)]
        return errors[1] < GROWN * errors[0] and self.level < max(GROWN, GROWN * self.loss_at_start)

    @property
    def epochs(self) -> Array:
        return self.watched.steps / STEPS

    @property
    def epoch(self) -> float:
        return float(self.epochs[self.index])

    @cached_property
    def losses(self) -> Array:
        """Up to this row; where one was not told, the one before counts."""
        losses = self.watched.loss[: self.index + 1]
        told = np.flatnonzero(np.isfinite(losses))
        if not len(told):
            return np.full(len(losses), nan)
        before = np.searchsorted(told, np.arange(len(losses)), side="right") - 1
        return losses[told[np.maximum(before, 0)]] / self.baseline

    @property
    def loss(self) -> float:
        return self.level  # one batch decides nothing

    @property
    def loss_at_start(self) -> float:
        return float(self.losses[0])

    @cached_property
    def levels(self) -> Array:
        """The median loss of the last `STEADY` epochs, three rows at least; at first of fewer."""
        gap = float(np.median(np.diff(self.epochs))) if len(self.epochs) > 1 else 1.0
        rows = max(3, round(STEADY / gap)) if gap > 0 else 3
        first = [np.median(self.losses[: k + 1]) for k in range(min(rows - 1, len(self.losses)))]
        if len(self.losses) < rows:
            return np.array(first)
        later = np.median(sliding_window_view(self.losses, rows), axis=1)
        return np.concatenate([first, later])

    @property
    def level(self) -> float:
        return float(self.levels[-1])

    @cached_property
    def window(self) -> int:
        begins = int(np.searchsorted(self.epochs, self.epoch - WINDOW, side="right"))
        return max(1, min(begins, self.index))

    @property
    def learnt(self) -> bool:
        return not self.diverged and self.level <= LEARNT

    @property
    def falling(self) -> bool:
        earlier = self.levels[: self.window]
        return self.index > 0 and self.level <= float(earlier.min()) - FALLING

    @property
    def rise(self) -> float:
        """Of the median loss, since that of single batches rises and falls by chance."""
        return float(np.diff(self.levels[self.window - 1 :]).max(initial=0.0))

    @property
    def lowest(self) -> float:
        return float(self.levels.min())

    @property
    def climb(self) -> float:
        return self.level - self.lowest if self.lowest <= self.loss_at_start - FALLING else 0.0

    # the error

    def delta(self, row: int) -> Array:
        """The error of the layers that it walks through, the input's side first."""
        found: Array = np.abs(self.watched.measures["delta"][row, self.watched.stack])
        return found

    def part(self, row: int) -> float:
        first, *_, last = self.delta(row)
        return float(first / last) if last > 0 else 0.0

    @property
    def share(self) -> float:
        return self.part(self.index)

    @property
    def share_at_start(self) -> float:
        return self.part(0)

    @property
    def silent(self) -> bool:
        first, *_, last = self.delta(self.index)
        return bool(first == 0 and last > 0)

    @property
    def slope_is_0(self) -> bool:
        """Whether the error was large enough where it came to 0: then a derivative was 0."""
        delta = self.delta(self.index)
        lost = np.flatnonzero((delta[:-1] == 0) & (delta[1:] > FAINTEST))
        if not len(lost):
            return False
        key = entry_of(self.watched.layers[self.watched.stack[lost[-1]]].activation)
        return bool(key and ACTIVATIONS[key].saturates_exactly)

    @property
    def depth(self) -> int:
        return len(self.watched.stack) - 1

    @property
    def moved(self) -> float:
        """How far the weights of the first layer can have moved, as a share of their size: the sum
        of all steps, those between two recorded ones taken to be as long as these."""
        first, rows = self.watched.stack[0], slice(0, self.index + 1)
        gaps = np.diff(self.watched.steps[rows], append=self.watched.steps[self.index] + 1)
        update = self.watched.measures["update"][rows, first]
        return (
            float((gaps * update)[np.isfinite(update)].sum()) if np.isfinite(update).any() else nan
        )

    # units

    def of(self, measure: str) -> Array:
        found: Array = self.watched.measures[measure][self.index, self.watched.stack]
        return found

    @property
    def dead_layer(self) -> int:
        """The last layer all of whose units output 0 for the whole batch, from 1; else 0."""
        level = np.hypot(self.of("mean"), self.of("std"))
        silent = np.flatnonzero((self.of("dead") == 1) & (level == 0))
        return int(silent[-1]) + 1 if len(silent) else 0

    @property
    def saturated(self) -> float:
        """The share of saturated values in the worst layer, of functions that saturate.

        Half of the values of a rectifier lie where it is 0, and that is no saturation.
        """
        worst = 0.0
        for place, share in zip(self.watched.stack, self.of("saturated"), strict=True):
            key = entry_of(self.watched.layers[place].activation)
            if not key:
                continue
            kind = ACTIVATIONS[key]
            flat = kind.saturates is not Side.NONE and kind.family is not Family.RECTIFIED
            if flat and share > worst:
                worst = float(share)
        return worst


@dataclass(frozen=True)
class Judged:
    """What the rules say of a recording.

    rule: the first that holds, None where there is no verdict. silence: why there is none.
    numbers: those of its signs, by name. share: rms delta of the first layer, as a share of the
    last one's. loss: of now. baseline: the loss of guessing that was assumed. step: of the last row
    that is valid.
    """

    rule: Rule | None
    silence: Silence | None
    share: float = nan
    loss: float = nan
    baseline: float = nan
    step: int = 0
    numbers: tuple[tuple[str, float], ...] = ()


def baseline_of(watched: Watched, told: float = 0.0) -> float:
    """The loss of guessing: as told, else that of the first recorded step."""
    if told > 0:
        return told
    losses = watched.loss[np.isfinite(watched.loss)]
    return float(losses[0]) if len(losses) else nan


def silence_of(watched: Watched, baseline: float) -> Silence | None:
    """Why the rules do not apply to a recording, None where they do."""
    stack, delta = watched.stack, watched.measures["delta"]
    if len(watched.steps) < 2:
        return Silence.FEW_ROWS
    if watched.calls or any(layer.kind == "recurrent" for layer in watched.layers):
        return Silence.USED_SEVERAL_TIMES
    if not np.isfinite(baseline):
        return Silence.UNDEFINED if np.isinf(watched.loss).any() else Silence.NO_LOSS
    if baseline <= 0:
        return Silence.LOSS_BELOW_0
    if len(stack) < 2:
        return Silence.FEW_LAYERS
    if np.isnan(delta[:, [stack[0], stack[-1]]]).all(axis=0).any():
        return Silence.NO_ERROR
    return None


@np.errstate(all="ignore")  # a training that diverges holds numbers of any size
def judged(watched: Watched, told: float = 0.0) -> Judged:
    """The verdict on the last row of a recording. told: the loss of guessing, 0 if unknown."""
    baseline = baseline_of(watched, told)
    if (silence := silence_of(watched, baseline)) is not None:
        first = int(watched.steps[watched.broken][0]) if watched.broken.any() else 0
        return Judged(None, silence, step=first)
    state = State(watched, baseline)
    holds = (
        rule
        for rule in ASKED
        if all(sign.holds(float(getattr(state, sign.number))) for sign in rule.signs)
    )
    rule = next(holds, None)
    if rule is not None and rule.verdict in GROWS and state.undefined:
        return Judged(
            None, Silence.UNDEFINED, baseline=baseline, step=int(watched.steps[state.row])
        )
    names = dict.fromkeys(sign.number for sign in rule.signs) if rule else {}
    return Judged(
        rule,
        None if rule else Silence.NO_RULE,
        state.share,
        state.level * baseline,
        baseline,
        int(watched.steps[state.index]),
        tuple((name, float(getattr(state, name))) for name in names),
    )
