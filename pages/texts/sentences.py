"""The live sentence of a lane: what is happening, in the reader's language.

Only a verdict in `core.runs.diagnosis.VANISHING` may speak of an error that does not arrive.
"""

from __future__ import annotations

from core.data.datasets import Task
from core.nn.activations import ACTIVATIONS
from core.runs.diagnosis import WILD, Diagnosis, Verdict
from core.runs.training import RunSpec
from pages.texts import Text
from pages.texts.numbers import fraction, percent, times, whole

MANY_SATURATED = 0.2
WORSE = 1.2
"""A loss above this share of the baseline is no longer close to that of guessing."""


def reach(share: float, t: Text) -> str:
    """How much of the output's error signal reaches layer 1."""
    if share < 0.5:
        return t.sentences.reach_less.format(fraction=fraction(share, t))
    if share <= 2:
        return t.sentences.reach_same
    return t.sentences.reach_more.format(times=times(share, t))


def score(run: RunSpec, accuracy: float, t: Text) -> str:
    """53% correct; for a number to predict, the share of its variation that is explained."""
    kind = "explained" if run.source.task is Task.REGRESSION else "correct"
    return t.sentences[kind].format(accuracy=percent(max(accuracy, 0.0), t))


def bends_nothing(run: RunSpec) -> bool:
    """Whether all layers together do no more than one: neither rate nor units nor time would help.

    Layer normalization divides by a spread that each point has for itself, and so does bend.
    """
    return run.activation == "identity" and run.norm != "layer"


def sentence(run: RunSpec, found: Diagnosis, samples: int, t: Text) -> str:
    """What is happening in this network, with the numbers that show it."""
    key = found.verdict.value
    if found.verdict is Verdict.BEFORE and found.share >= WILD:
        key = "before_wild"
    if found.verdict is Verdict.STALLED_UNREACHED and found.loss > WORSE * found.baseline:
        key = "stalled_worse"
    if found.verdict is Verdict.STALLED_OTHER and bends_nothing(run):
        key = "stalled_straight"
    parts = [
        t.sentences[key].format(
            reach=reach(found.share, t),
            fraction=fraction(found.share, t),
            score=score(run, found.accuracy, t),
            loss=f"{found.loss:.3f}",
            layer=found.layer,
            epoch=whole(found.epoch, t),
            samples=whole(samples, t),
        )
    ]
    if found.verdict is Verdict.STALLED_SILENT and found.saturated >= MANY_SATURATED:
        parts.append(t.sentences.saturated.format(saturated=percent(found.saturated, t)))
    dies = ACTIVATIONS[run.activation].has_flat_piece and found.verdict is not Verdict.DIVERGED
    if dies and found.dead > 0:
        parts.append(t.sentences.dead.format(dead=found.dead, units=found.units))
    return t.numbers.sentence_gap.join(parts)
