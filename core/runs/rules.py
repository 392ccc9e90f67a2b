"""The rules by which a run is judged, as a table: signs, remedies to try, source.

The rules are asked from top to bottom. The first whose signs all hold gives the verdict, of the
sentence under a network and of its explanation alike. A sign compares a number of
`core.runs.diagnosis.State` with a threshold. Losses are multiples of the baseline, the loss of the
best constant answer, so that one threshold serves every task.

A remedy is a key of `core.lessons.remedies.CHANGES`, or several joined by `+`. Remedies are
candidates: a page offers what has helped when it was tried.

To add a rule, append its verdict to `Verdict`, its line to `RULES`, and its words to
`texts/*/sentences.toml` and `texts/*/cases.toml`. A new number is a property of `State` and has its
words in `texts/*/rules.toml`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from operator import ge, gt, le, lt
from types import MappingProxyType
from typing import Self

WINDOW = 100
"""Epochs over which the loss must have fallen."""
STEADY = 10
"""The current loss is the median of this many epochs, so one lucky epoch decides nothing."""
FALLING = 0.01
"""A loss is falling if it is this much lower than the lowest before the window."""
LOST = 0.1
"""A loss that has climbed this much from its lowest level is no longer falling."""
FAINT = 0.01
WILD = 10.0
WORSE = 1.2
"""A loss above this is no longer close to that of guessing."""


class Verdict(StrEnum):
    """What is going on; the value is the key of its words."""

    NO_START = "no_start"
    DIVERGED_SKIP = "diverged_skip"
    DIVERGED_AMPLIFIED = "diverged_amplified"
    DIVERGED_WEIGHTS = "diverged_weights"
    DIVERGED = "diverged"
    OVERFITTING = "overfitting"
    LEARNT = "learnt"
    ONE_UNIT = "one_unit"
    ONE_SAMPLE = "one_sample"
    ZERO_WEIGHTS = "zero_weights"
    SYMMETRY = "symmetry"
    SMALL_WEIGHTS = "small_weights"
    DEAD_LAYER = "dead_layer"
    NO_OPEN_PATH = "no_open_path"
    UNDERFLOW = "underflow"
    BEFORE = "before"
    EXPLODING = "exploding"
    TOO_EARLY = "too_early"
    LEARNING_CUT = "learning_cut"
    LEARNING_FAINTLY = "learning_faintly"
    LEARNING = "learning"
    STALLED_FROZEN = "stalled_frozen"
    STALLED_CLIPPED = "stalled_clipped"
    STALLED_WARMING = "stalled_warming"
    STALLED_SHORT_STEPS = "stalled_short_steps"
    STALLED_PAIRS = "stalled_pairs"
    STALLED_TWO_UNITS = "stalled_two_units"
    STALLED_SKIP = "stalled_skip"
    STALLED_LOST = "stalled_lost"
    STALLED_THROWN = "stalled_thrown"
    STALLED_SATURATED = "stalled_saturated"
    STALLED_PART_WAY = "stalled_part_way"
    STALLED_UNREACHED = "stalled_unreached"
    STALLED_SILENT = "stalled_silent"
    STALLED_LONG_STEPS = "stalled_long_steps"
    NO_HIDDEN_LAYER = "no_hidden_layer"
    NOTHING_BENDS = "nothing_bends"
    STALLED_OTHER = "stalled_other"


RELATIONS = MappingProxyType[str, Callable[[float, float], bool]](
    {"<": lt, "≤": le, ">": gt, "≥": ge}
)


@dataclass(frozen=True)
class Sign:
    """A number of a state compared with a threshold; a fact is a number that is 0 or 1."""

    number: str
    relation: str
    threshold: float
    fact: bool = False

    @classmethod
    def read(cls, text: str) -> Self:
        """`share ≥ 10` compares a number; `falling` and `not falling` ask for a fact."""
        match text.split():
            case [number, relation, threshold] if relation in RELATIONS:
                return cls(number, relation, float(threshold))
            case ["not", fact]:
                return cls(fact, "<", 1, fact=True)
            case [fact]:
                return cls(fact, "≥", 1, fact=True)
        raise ValueError(text)

    def holds(self, value: float) -> bool:
        """Note that NaN is beyond no threshold."""
        return RELATIONS[self.relation](value, self.threshold)


@dataclass(frozen=True)
class Rule:
    """A verdict, the signs that must all hold, the remedies to try, and the source.

    tells: numbers that its text quotes besides those of its signs.
    """

    verdict: Verdict
    signs: tuple[Sign, ...]
    remedies: tuple[str, ...]
    source: str
    tells: tuple[str, ...]

    @property
    def numbers(self) -> tuple[str, ...]:
        """The names of the numbers that support it."""
        return (*(sign.number for sign in self.signs), *self.tells)


def rule(
    verdict: Verdict, signs: str, remedies: str = "", source: str = "", *, tells: str = ""
) -> Rule:
    """A line of the table: signs separated by commas, remedies and other numbers by spaces."""
    asked = tuple(map(Sign.read, signs.split(",")))
    return Rule(verdict, asked, tuple(remedies.split()), source, tuple(tells.split()))


PASCANU = "Pascanu, Mikolov & Bengio, ICML 2013"
GLOROT = "Glorot & Bengio, AISTATS 2010"
HE = "He, Zhang, Ren & Sun, ICCV 2015"
RESIDUAL = "He, Zhang, Ren & Sun, CVPR 2016"
IOFFE = "Ioffe & Szegedy, ICML 2015"
BA = "Ba, Kiros & Hinton, 2016"
MAAS = "Maas, Hannun & Ng, ICML 2013"
GOYAL = "Goyal et al., 2017, arXiv:1706.02677"
HOCHREITER = "Hochreiter, 1991; Bengio, Simard & Frasconi, 1994"
MINSKY = "Minsky & Papert, Perceptrons, 1969"
PRECHELT = "Prechelt, Early stopping - but when?, 1998"
BOOK = "Goodfellow, Bengio & Courville, Deep Learning, 2016"

ALL = "usual usual_relu usual_wide"
"""Tried last: every setting at its usual value."""
REACH = "weights gain tanh relu_he adam tanh+weights+adam relu_he+adam batch_norm"
"""Remedies that let more of the error through."""

V = Verdict
RULES: tuple[Rule, ...] = (
    # numbers too large to represent
    rule(
        V.NO_START,
        "diverged, broken_at ≤ 0",
        f"weights no_skip weights+rate_usual no_skip+weights batch_norm {ALL}",
        HE,
    ),
    rule(
        V.DIVERGED_SKIP,
        "diverged, skip_grows",
        f"small_skip no_skip batch_norm small_skip+rate_usual no_skip+rate_usual {ALL}",
        RESIDUAL,
        tells="share_at_start",
    ),
    rule(
        V.DIVERGED_AMPLIFIED,
        "diverged, multiplier ≥ 10",
        f"plain_gradient rate_down plain_gradient+weights plain_gradient+tanh {ALL}",
        BOOK,
    ),
    rule(
        V.DIVERGED_WEIGHTS,
        "diverged, share_at_start ≥ 10",
        f"weights weights+rate_usual batch_norm batch_norm+rate_usual {ALL}",
        HE,
        tells="loss_at_start",
    ),
    rule(
        V.DIVERGED_WEIGHTS,
        "diverged, loss_at_start ≥ 100",
        f"weights weights+rate_usual batch_norm batch_norm+rate_usual {ALL}",
        HE,
        tells="share_at_start",
    ),
    rule(
        V.DIVERGED,
        "diverged",
        f"rate_down rate_usual constants clip weights weights+rate_usual {ALL}",
        PASCANU,
    ),
    # it has learnt
    rule(
        V.OVERFITTING,
        "learnt, gap > 0.5",
        "half_epochs fewer_epochs rate_down rate_usual more_data narrower more_data+rate_down"
        f" {ALL}",
        PRECHELT,
    ),
    rule(V.LEARNT, "learnt"),
    # what no training changes
    rule(V.ONE_UNIT, "normalized_units ≤ 1", f"no_norm wider wider+no_norm {ALL}", BA),
    rule(
        V.ONE_SAMPLE,
        "normalized_samples ≤ 1",
        f"batch no_norm layer_norm no_norm+tanh {ALL}",
        IOFFE,
    ),
    rule(V.ZERO_WEIGHTS, "silent, zero_above ≥ 1", f"{REACH} {ALL}", BOOK),
    rule(V.SYMMETRY, "symmetric", f"{REACH} {ALL}", BOOK),
    rule(
        V.SMALL_WEIGHTS,
        "epoch ≥ 1, epoch < 100, level ≥ 0.95, lowest > 0.9, share < 0.01,"
        " weights_at_start < 0.01, weights_cut_most",
        f"{REACH} {ALL}",
        GLOROT,
    ),
    rule(
        V.SMALL_WEIGHTS,
        "epoch ≥ 1, not falling, lowest > 0.97, share < 0.01, weights_at_start < 0.01,"
        " weights_cut_most",
        f"{REACH} {ALL}",
        GLOROT,
    ),
    # the error at layer 1 is exactly 0
    rule(
        V.DEAD_LAYER,
        "silent, dead_layer ≥ 1",
        f"rate_down weights rate_down+weights leaky leaky+rate_usual batch_norm {ALL}",
        MAAS,
    ),
    rule(
        V.NO_OPEN_PATH,
        "silent, not falling, slope_is_0",
        f"rate_down weights rate_down+weights tanh leaky leaky+rate_usual batch_norm {ALL}",
        MAAS,
    ),
    rule(V.UNDERFLOW, "silent, not falling, saturated < 0.5", f"float64 {REACH} {ALL}", HOCHREITER),
    # too early
    rule(V.BEFORE, "epoch < 1"),
    rule(
        V.EXPLODING,
        "not falling, share ≥ 10, loss > 0.5, rise ≥ 0.01",
        f"rate_down clip weights weights+rate_usual batch_norm {ALL}",
        PASCANU,
    ),
    rule(V.TOO_EARLY, "epoch < 100", f"longer rate_up {REACH} {ALL}"),
    # it learns
    rule(V.LEARNING_CUT, "falling, silent", f"longer {REACH} {ALL}"),
    rule(V.LEARNING_FAINTLY, "falling, share < 0.01", f"longer {REACH} {ALL}"),
    rule(V.LEARNING, "falling, depth < 1", f"longer rate_up adam layer layer+adam {ALL}"),
    rule(V.LEARNING, "falling", f"longer rate_up adam wider weights {ALL}"),
    # it does not: what the settings forbid
    rule(
        V.STALLED_FROZEN,
        "frozen ≥ 1",
        f"thaw thaw+tanh thaw+adam thaw+relu_he thaw+batch_norm {ALL}",
        BOOK,
    ),
    rule(
        V.STALLED_CLIPPED,
        "cut_by ≥ 2, furthest < 0.02, furthest_unclipped ≥ 0.02",
        f"no_clip no_clip+rate_usual no_clip+tanh no_clip+adam {ALL}",
        PASCANU,
    ),
    rule(
        V.STALLED_WARMING,
        "warmth ≤ 0.5, level ≤ 1.2, climb < 0.2",
        f"no_warmup longer no_warmup+adam no_warmup+tanh {ALL}",
        GOYAL,
        tells="epoch",
    ),
    rule(
        V.STALLED_SHORT_STEPS,
        "furthest < 0.02, furthest_at_usual_rate ≥ 0.02",
        f"rate_up rate_usual rate_usual+tanh rate_usual+relu_he adam tanh+weights+adam relu_he+adam"
        f" {ALL}",
        BOOK,
    ),
    rule(
        V.STALLED_PAIRS,
        "normalized_samples ≤ 2",
        f"batch no_norm layer_norm no_norm+tanh {ALL}",
        IOFFE,
    ),
    rule(
        V.STALLED_TWO_UNITS,
        "normalized_units ≤ 2",
        f"no_norm wider batch_norm no_norm+weights {ALL}",
        BA,
    ),
    rule(
        V.STALLED_SKIP,
        "skip_grows, level > 1.2",
        f"small_skip no_skip batch_norm small_skip+rate_usual no_skip+rate_usual {ALL}",
        RESIDUAL,
        tells="share_at_start",
    ),
    # it had learnt something
    rule(
        V.STALLED_LOST,
        "level ≥ 0.8, lowest ≤ 0.97, climb ≥ 0.03",
        f"rate_down clip adam weights skip batch_norm rate_down+weights {ALL}",
        PASCANU,
        tells="lowest_epoch",
    ),
    rule(
        V.STALLED_LOST,
        "lowest ≤ 0.8, climb ≥ 0.2",
        f"rate_down clip adam weights skip batch_norm rate_down+weights {ALL}",
        PASCANU,
        tells="lowest_epoch",
    ),
    # almost nothing reaches layer 1
    rule(
        V.STALLED_THROWN,
        "share < 0.01, loss > 1.2, moved < 0.5",
        f"rate_usual weights weights+rate_usual {REACH} {ALL}",
        HOCHREITER,
    ),
    rule(
        V.STALLED_SATURATED,
        "share < 0.01, saturated ≥ 0.5",
        f"rate_down weights weights+rate_usual {REACH} {ALL}",
        GLOROT,
    ),
    rule(V.STALLED_PART_WAY, "share < 0.01, loss ≤ 0.8", f"{REACH} {ALL}", HOCHREITER),
    rule(V.STALLED_UNREACHED, "share < 0.01, moved < 0.5", f"{REACH} {ALL}", HOCHREITER),
    rule(
        V.STALLED_SILENT,
        "share < 0.01, share_at_start ≥ 0.01",
        f"rate_down {REACH} {ALL}",
        HOCHREITER,
    ),
    rule(V.STALLED_UNREACHED, "share < 0.01, loss ≤ 1.2", f"{REACH} {ALL}", HOCHREITER),
    # the error arrives
    rule(
        V.STALLED_LONG_STEPS,
        "loss > 1.2, level > 1.2, rise ≥ 0.01",
        f"rate_down rate_usual constants clip weights weights+rate_usual {ALL}",
        PASCANU,
    ),
    rule(V.NO_HIDDEN_LAYER, "depth < 1", f"layer layer+adam layer+adam+wider {ALL}", MINSKY),
    rule(V.NOTHING_BENDS, "linear", f"tanh relu_he tanh+adam tanh+weights+adam {ALL}", MINSKY),
    rule(
        V.STALLED_OTHER,
        "epoch ≥ 100",
        f"rate_up rate_down constants adam wider batch weights batch_norm relu_he+adam+wider {ALL}",
        BOOK,
    ),
)
"""A run that no other rule fits gets the last one, which holds from epoch 100 on."""
