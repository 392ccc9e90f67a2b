"""What is happening in a network, judged from its recorded numbers by a table of rules.

A small error signal at layer 1 is no diagnosis by itself: in a network that has learnt, little
error is left to send back, and some networks start faintly and learn. So the rules
(`core.runs.rules`) ask in this order: has it learnt, is it still falling, and only then how much
reaches layer 1 and what its settings forbid.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from math import inf, nan
from weakref import WeakKeyDictionary

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from core.arrays import Array
from core.nn.activations import Family, Side
from core.nn.initializers import INITIALIZERS
from core.nn.losses import LOSSES
from core.nn.optimizers import OPTIMIZERS
from core.nn.own import activation_of
from core.nn.probes import SATURATED as FLAT
from core.runs.recording import History
from core.runs.rules import FALLING, LOST, RULES, STEADY, WINDOW, Rule, Verdict
from core.runs.training import RunSpec

LEARNT_LOSS = 0.3
LEARNT_ACCURACY = 0.95
LARGEST_CLASS = 0.8
"""If the larger class has more than this share, accuracy alone does not show learning."""
SMALLEST = {"float64": 1e-290, "float32": 1e-30}
"""An error below this may become 0 in the next layer merely because it is small."""
LINE = np.linspace(-4, 4, 33)
NEAR_0 = np.array([-0.01, 0.01])
SMALL_SUMS = 0.5

VANISHING = frozenset(
    {
        Verdict.SMALL_WEIGHTS,
        Verdict.STALLED_THROWN,
        Verdict.STALLED_SATURATED,
        Verdict.STALLED_PART_WAY,
        Verdict.STALLED_UNREACHED,
        Verdict.STALLED_SILENT,
    }
)
"""The only verdicts for which a sentence may speak of a vanishing gradient."""


BROKEN = frozenset(
    {
        Verdict.NO_START,
        Verdict.DIVERGED,
        Verdict.DIVERGED_SKIP,
        Verdict.DIVERGED_AMPLIFIED,
        Verdict.DIVERGED_WEIGHTS,
    }
)


@dataclass(frozen=True)
class Diagnosis:
    """A verdict and the numbers that its text quotes.

    share: rms delta_1 / rms delta_out. layer, epoch: where and when, for a dead layer or a
    divergence. saturated: share of saturated values in the hidden layers. dead, units: the number
    of dead hidden units, and of all hidden units. baseline: the loss of the best constant answer.
    numbers: those of the rule's signs, by name. remedies: what the rule proposes to try.
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
    test_loss: float = nan
    numbers: Mapping[str, float] = field(default_factory=dict)
    remedies: tuple[str, ...] = ()

    @property
    def broken(self) -> bool:
        """Whether numbers became too large to represent."""
        return self.verdict in BROKEN


class State:
    """A recorded run at one epoch, as the rules see it: each property is one number or fact.

    Losses are multiples of the baseline. A run that has diverged is judged by its last valid state;
    if there is none, most numbers are NaN and no sign holds.
    """

    def __init__(
        self,
        run: RunSpec,
        history: History,
        index: int,
        *,
        baseline: float,
        guessing: float,
        replica: int = 0,
    ) -> None:
        self.run, self.history, self.replica = run, history, replica
        self.baseline, self.guessing = baseline, guessing
        self.epoch = int(history.epoch[index])
        mark = history.diverged[replica]
        self.diverged = mark is not None and self.epoch >= mark[0]
        self.broken_at, self.broken_in = float("nan"), 0
        if self.diverged and mark is not None:
            self.broken_at, self.broken_in = mark
        if self.diverged:
            index = max(0, int(np.searchsorted(history.epoch, self.broken_at)) - 1)
        self.index = index

    def of(self, name: str) -> Array:
        """A measure of all layers at this epoch."""
        row: Array = getattr(self.history, name)[self.index, self.replica]
        return row

    def at_start(self, name: str) -> Array:
        """A measure of all layers before the first step."""
        row: Array = getattr(self.history, name)[0, self.replica]
        return row

    # the loss

    @cached_property
    def loss(self) -> float:
        return float(self.history.train_loss[self.index, self.replica]) / self.baseline

    @cached_property
    def accuracy(self) -> float:
        return float(self.history.train_accuracy[self.index, self.replica])

    @cached_property
    def learnt(self) -> bool:
        """Whether the loss is far below guessing, or nearly all is right and guessing is not."""
        right = self.accuracy >= LEARNT_ACCURACY and self.guessing <= LARGEST_CLASS
        return not self.diverged and (self.loss <= LEARNT_LOSS or right)

    @cached_property
    def gap(self) -> float:
        """By how much the test loss exceeds the training loss."""
        test = float(self.history.test_loss[self.index, self.replica]) / self.baseline
        return test - self.loss

    @cached_property
    def levels(self) -> Array:
        """The loss of every epoch so far, as the median of the last STEADY epochs."""
        return levels(self.history, self.replica)[: self.index + 1] / self.baseline

    @property
    def level(self) -> float:
        return float(self.levels[-1])

    @cached_property
    def window(self) -> int:
        """The first row of the window, but never the very first row."""
        begins = int(np.searchsorted(self.history.epoch, self.epoch - WINDOW, side="right"))
        return max(1, min(begins, self.index))

    @cached_property
    def falling(self) -> bool:
        """Whether the loss is lower than it ever was before the window, and has not lost that."""
        lower = self.index > 0 and self.level <= self.levels[: self.window].min() - FALLING
        return bool(lower and self.level - self.levels.min() < LOST)

    @cached_property
    def rise(self) -> float:
        """The largest rise of the loss from one row to the next, within the window."""
        losses = self.history.train_loss[self.window - 1 : self.index + 1, self.replica]
        return float(np.diff(losses).max(initial=0.0)) / self.baseline

    @cached_property
    def lowest_row(self) -> int:
        losses = self.history.train_loss[: self.index + 1, self.replica]
        return int(losses.argmin())

    @property
    def lowest(self) -> float:
        """The lowest loss so far."""
        return float(self.history.train_loss[self.lowest_row, self.replica]) / self.baseline

    @property
    def lowest_epoch(self) -> int:
        return int(self.history.epoch[self.lowest_row])

    @cached_property
    def climb(self) -> float:
        """By how much the loss has climbed from its lowest, if that was lower than at the start."""
        return self.level - self.lowest if self.lowest <= self.loss_at_start - FALLING else 0.0

    # the error

    @cached_property
    def share(self) -> float:
        return part(self.of("delta"))

    @cached_property
    def share_at_start(self) -> float:
        return part(self.at_start("delta"))

    @property
    def loss_at_start(self) -> float:
        return float(self.history.train_loss[0, self.replica]) / self.baseline

    @cached_property
    def silent(self) -> bool:
        """Whether a nonzero error at the output has become exactly 0 at layer 1."""
        delta = self.of("delta")
        return bool(self.run.depth > 0 and delta[0] == 0 and delta[-1] > 0)

    @cached_property
    def dead_layer(self) -> int:
        """The last hidden layer all of whose units output 0 for all points; 0 if there is none."""
        level = np.hypot(self.of("activation_mean"), self.of("activation_std"))[:-1]
        silent = (self.of("dead")[:-1] == 1) & (level == 0)
        return int(np.flatnonzero(silent)[-1]) + 1 if silent.any() else 0

    @cached_property
    def zero_above(self) -> int:
        """Layers above layer 1 whose weights are all 0."""
        return int((self.of("weight_norm")[1:] == 0).sum())

    @cached_property
    def slope_is_0(self) -> bool:
        """Whether the error was too large to underflow where it became 0: a derivative was 0."""
        if not activation_of(self.run.activation).saturates_exactly:
            return False
        delta = self.of("delta")
        above = delta[1:][(delta[:-1] == 0) & (delta[1:] > 0)]
        return bool(len(above) and above[-1] > SMALLEST[self.run.precision])

    # the initial weights

    @cached_property
    def usual_norms(self) -> Array:
        """The root mean square of each layer's weights under Xavier initialization."""
        xavier, data = INITIALIZERS["xavier"], self.run.source
        sizes = self.run.sizes(data.inputs, data.outputs)
        return np.array([(m * n * xavier.variance(m, n)) ** 0.5 for m, n in pairwise(sizes)])

    @property
    def symmetric(self) -> bool:
        """Whether the units of a layer started with the same weights."""
        several = self.run.depth > 0 and self.run.width > 1
        return several and not self.at_start("weight_norm").any()

    @cached_property
    def weights_at_start(self) -> float:
        """What the initial weights above layer 1 let through, relative to Xavier initialization."""
        return float(np.prod(self.at_start("weight_norm")[1:] / self.usual_norms[1:]))

    @property
    def weights_cut_most(self) -> bool:
        """Whether the error is lost to the weights rather than to the derivative.

        Where f'(0) is 0 the derivative is small because the weights are.
        """
        by_derivative = product(self.at_start("activation_part"))
        return self.flat_at_0 or self.weights_at_start <= by_derivative

    @cached_property
    def flat_at_0(self) -> bool:
        """Whether f' is small on both sides of 0, compared with its largest."""
        activation, knobs = activation_of(self.run.activation), self.run.knob_values
        near, anywhere = (np.abs(activation.derivative(z, **knobs)).max() for z in (NEAR_0, LINE))
        return bool(near < FLAT * anywhere)

    @cached_property
    def skip_grows(self) -> bool:
        """Whether the error grows before the first step, and without the skips would not."""
        through = self.at_start("through") * self.at_start("activation_part")
        without = product(through * self.at_start("norm_part"))
        return self.run.skip > 0 and self.share_at_start >= 10 > without

    # normalization

    @property
    def normalized_units(self) -> float:
        """Over how many units layer normalization takes its mean."""
        return self.run.width if self.run.norm == "layer" and self.run.depth else inf

    @property
    def normalized_samples(self) -> float:
        """Over how many samples batch normalization takes its mean."""
        remembers = self.run.normalization is not None and self.run.normalization.remembers
        return self.run.batch if remembers and self.run.depth else inf

    # units

    @cached_property
    def saturated(self) -> float:
        """The share of saturated values in the worst layer, of a function that saturates.

        Half of a rectifier's values lie where it is 0, and that is not saturation. Neither are
        small pre-activations of a function that is flat at 0.
        """
        activation = activation_of(self.run.activation)
        if activation.saturates is Side.NONE or activation.family is Family.RECTIFIED:
            return 0.0
        share = self.of("saturated")[:-1]
        if self.flat_at_0:
            share = np.where(self.sums > SMALL_SUMS, share, 0.0)
        return float(share.max(initial=0.0))

    @cached_property
    def sums(self) -> Array:
        """The approximate size of the hidden layers' pre-activations."""
        if self.run.normalization is not None:
            return np.full(self.run.depth, inf)
        level = np.hypot(self.of("activation_mean"), self.of("activation_std"))[:-2]
        inputs = np.concatenate([np.ones(1), level])[: self.run.depth]
        sizes: Array = inputs * self.of("weight_norm")[:-1] / self.run.width**0.5
        return sizes

    # the steps

    @cached_property
    def ways(self) -> Array:
        """How far each layer has moved, as a share of its size, or of the usual size if larger."""
        first = self.at_start("weight_norm")
        way = np.where(first > 0, self.of("moved") * first, self.of("weight_norm"))
        share: Array = way / np.maximum(first, self.usual_norms)
        return share

    @property
    def moved(self) -> float:
        return float(self.ways[0])

    @property
    def furthest(self) -> float:
        return float(np.nan_to_num(self.ways).max())

    @property
    def furthest_at_usual_rate(self) -> float:
        """How far it would have moved at the usual rate, if steps were proportional to the rate."""
        return self.furthest * OPTIMIZERS[self.run.optimizer].usual_rate / self.run.rate

    @property
    def depth(self) -> int:
        return self.run.depth

    @property
    def frozen(self) -> int:
        return min(self.run.frozen, self.run.depth)

    @cached_property
    def cut_by(self) -> float:
        """The norm of the gradient as a multiple of the norm to which it is clipped."""
        length = float(np.linalg.norm(self.of("gradient_norm")))
        return length / self.run.clip if self.run.clip else 0.0

    @property
    def furthest_unclipped(self) -> float:
        """How far it would have moved if the gradients had not been clipped."""
        return self.furthest * max(self.cut_by, 1.0)

    @property
    def warmth(self) -> float:
        """The fraction of its full value that the learning rate has reached."""
        return min(1.0, self.epoch / self.run.warmup) if self.run.warmup else 1.0

    @cached_property
    def multiplier(self) -> float:
        """The largest constant by which the amplifier test multiplies a layer's gradient."""
        size = self.at_start("gradient_norm")
        ratios = size[-1] / size[size > 0]
        return float(ratios.max(initial=1.0)) if self.run.amplify else 1.0

    @cached_property
    def linear(self) -> bool:
        """Whether all layers together can do no more than one, because nothing is nonlinear.

        Layer normalization divides by each sample's own spread, and that is nonlinear.
        """
        activation = activation_of(self.run.activation)
        slopes = activation.derivative(LINE, **self.run.knob_values)
        return self.run.norm != "layer" and bool(np.ptp(slopes) == 0 and slopes.any())


def part(delta: Array) -> float:
    """rms delta_1 / rms delta_out, 0 where there is none."""
    return float(delta[0] / delta[-1]) if delta[-1] > 0 else 0.0


def product(parts: Array) -> float:
    """The product of one factor over all hidden layers, NaN left out."""
    return float(np.nanprod(parts[:-1]))


_levels: WeakKeyDictionary[History, dict[int, Array]] = WeakKeyDictionary()


def levels(history: History, replica: int) -> Array:
    """At every row the median loss of the last STEADY epochs; early on, of the later half."""
    kept = _levels.setdefault(history, {})
    if replica not in kept:
        losses, epochs = history.train_loss[:, replica], history.epoch
        rows = max(1, STEADY // int(epochs[1] - epochs[0])) if len(epochs) > 1 else 1
        first = [np.median(losses[(k + 1) // 2 : k + 1]) for k in range(min(rows - 1, len(losses)))]
        if len(losses) < rows:
            kept[replica] = np.array(first)
        else:
            later = np.median(sliding_window_view(losses, rows), axis=1)
            kept[replica] = np.concatenate([first, later])
    return kept[replica]


def judge(state: State) -> Rule:
    """The first rule that holds."""
    return next(
        rule for rule in RULES if all(s.holds(getattr(state, s.number)) for s in rule.signs)
    )


def diagnose(
    run: RunSpec,
    history: History,
    index: int,
    *,
    baseline: float,
    guessing: float,
    replica: int = 0,
) -> Diagnosis:
    """Judge the state at `history.epoch[index]` by everything up to it.

    baseline, guessing: loss and accuracy of the best constant answer on the training part.
    """
    state = State(run, history, index, baseline=baseline, guessing=guessing, replica=replica)
    rule = judge(state)
    row, dead = state.index, state.of("dead")[:-1]
    return Diagnosis(
        verdict=rule.verdict,
        share=state.share,
        loss=float(history.train_loss[row, replica]),
        accuracy=state.accuracy,
        saturated=float(state.of("saturated")[:-1].mean()) if run.depth else 0.0,
        dead=round(float(np.nan_to_num(dead).sum()) * run.width),
        units=run.depth * run.width,
        layer=state.broken_in if state.diverged else state.dead_layer,
        epoch=int(state.broken_at) if state.diverged else 0,
        baseline=baseline,
        test_loss=float(history.test_loss[row, replica]),
        numbers={name: float(getattr(state, name)) for name in rule.numbers},
        remedies=rule.remedies,
    )


def diagnosis(run: RunSpec, history: History, index: int = -1, replica: int = 0) -> Diagnosis:
    """As `diagnose`, with the baseline of the run's own data; by default the last state."""
    loss, y = LOSSES[run.source.task], run.data().train_y
    row = range(len(history.epoch))[index]
    base = {"baseline": loss.baseline(y), "guessing": loss.guessing(y)}
    return diagnose(run, history, row, **base, replica=replica)
