"""The live sentence of a lane: what is happening, in the reader's language.

Only a verdict in `core.runs.diagnosis.VANISHING` may speak of an error that does not arrive.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

from core.data.datasets import Dataset, Task
from core.nn.own import activation_of, has_gaps
from core.runs.diagnosis import Diagnosis
from core.runs.rules import WILD, Verdict
from core.runs.training import RunSpec
from pages.texts import Text
from pages.texts.numbers import fraction, loss_of, percent, plain, significant, times, whole

MANY_SATURATED = 0.2
SMALL_INPUTS = 2
"""With this many inputs the input space is a plane, where a linear boundary is a line."""
REACHED = frozenset({Verdict.BEFORE, Verdict.TOO_EARLY, Verdict.LEARNING})
"""Sentences that leave out the backward pass where there are no hidden layers."""

Form = Callable[[float, Text], str]


def multiple(value: float, t: Text) -> str:
    """How many times as large, also below 1."""
    return times(value, t) if value >= 1 else significant(value, 2)


def count(value: float, t: Text) -> str:
    return whole(int(value), t)


FORMS = MappingProxyType[str, Form](
    {
        "share_at_start": multiple,
        "loss_at_start": multiple,
        "multiplier": multiple,
        "cut_by": multiple,
        "weights_at_start": fraction,
        "furthest": fraction,
        "warmth": percent,
        "saturated": percent,
        "frozen": count,
        "lowest_epoch": count,
        "epoch": count,
    }
)
"""How the numbers of a rule's signs are written; other numbers appear in no text."""
OF_BASELINE = ("lowest", "gap")
"""Numbers that are losses: written as such, not as multiples of the baseline."""


def reach(share: float, t: Text) -> str:
    """How much of the output's error signal reaches layer 1."""
    if share < 0.5:
        return t.sentences.reach_less.format(fraction=fraction(share, t))
    if share <= 2:
        return t.sentences.reach_same
    return t.sentences.reach_more.format(times=times(share, t))


def score(run: RunSpec, accuracy: float, t: Text) -> str:
    """53% correct; for a number to predict, the share of variance explained."""
    kind = "explained" if run.source.task is Task.REGRESSION else "correct"
    return t.sentences[kind].format(accuracy=percent(max(accuracy, 0.0), t))


def limit(data: Dataset, t: Text) -> str:
    """What a linear network can draw: one line, lines, a plane."""
    kind = data.task.value if data.inputs <= SMALL_INPUTS else f"{data.task.value}_many"
    return t.sentences.limits[kind]


def told(run: RunSpec, found: Diagnosis, samples: int, t: Text) -> dict[str, str]:
    """The numbers of a verdict, as quoted by its sentence and its explanation."""
    numbers = {
        name: FORMS[name](value, t) for name, value in found.numbers.items() if name in FORMS
    }
    losses = {
        name: loss_of(value * found.baseline)
        for name, value in found.numbers.items()
        if name in OF_BASELINE
    }
    return {
        **numbers,
        **losses,
        "test_loss": loss_of(found.test_loss),
        "reach": reach(found.share, t),
        "fraction": fraction(found.share, t),
        "score": score(run, found.accuracy, t),
        "loss": loss_of(found.loss),
        "guessing": loss_of(found.baseline),
        "limit": limit(run.source, t),
        "dead": whole(found.dead, t),
        "units": whole(found.units, t),
        "layer": str(found.layer),
        "at": whole(found.epoch, t),
        "samples": whole(samples, t),
        "rate": plain(run.rate),
        "clip": plain(run.clip),
        "skip": plain(run.skip),
        "warmup": whole(run.warmup, t),
        "width": whole(run.width, t),
        "batch": whole(run.batch, t),
    }


def case_of(run: RunSpec, found: Diagnosis) -> str:
    """The key of the words for a verdict; a formula may have no value where a run has ended."""
    return "no_value" if found.broken and has_gaps(run.activation) else found.verdict.value


def sentence(run: RunSpec, found: Diagnosis, samples: int, t: Text) -> str:
    """What is happening in this network, with the numbers that show it."""
    key = case_of(run, found)
    if found.verdict is Verdict.BEFORE and found.share >= WILD:
        key = "before_wild"
    if found.verdict is Verdict.LEARNT and found.loss > found.baseline:
        key = "learnt_sure"
    if found.verdict is Verdict.STALLED_FROZEN and found.numbers["frozen"] == 1:
        key = "stalled_frozen_one"
    if found.verdict in REACHED and run.depth == 0:
        key += "_line"
    parts = [t.sentences[key].format(**told(run, found, samples, t))]
    if found.verdict is Verdict.STALLED_SILENT and found.saturated >= MANY_SATURATED:
        parts.append(t.sentences.saturated.format(saturated=percent(found.saturated, t)))
    dies = activation_of(run.activation).has_flat_piece and not found.broken
    if dies and found.dead > 0:
        parts.append(
            t.sentences.dead.format(dead=whole(found.dead, t), units=whole(found.units, t))
        )
    return t.numbers.sentence_gap.join(parts)
