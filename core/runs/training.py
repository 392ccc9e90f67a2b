"""Training as a stream of snapshots. Whatever observes it is a short consumer of `train`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import ceil
from typing import NamedTuple

import numpy as np

from core.arrays import Array
from core.data.datasets import DATASETS, Data, Dataset, View, load
from core.data.tables import Table
from core.domain import choice, flag, knobs, real, whole
from core.nn.losses import LOSSES
from core.nn.network import PRECISIONS, NetworkSpec, Parameters, Pass, build, forward, gradients
from core.nn.normalization import Moments
from core.nn.optimizers import OPTIMIZERS
from core.nn.probes import Measures, measure, norms, ratio

KEPT_EPOCHS = 500
REMEMBERED = 0.1
"""How much a batch's mean and variance count in the running averages."""
AT_ONCE = 800
"""Samples predicted at once: the arrays of more leave the caches and go back to the system."""
RATES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)


class Cost(NamedTuple):
    """What a run takes: operations, of about a nanosecond each, and bytes of memory."""

    operations: float
    bytes: float


@dataclass(frozen=True)
class RunSpec(NetworkSpec):
    """A run: data, network, training and seeds. It decides every number.

    `data_seed` fixes the data and their split. `seed` fixes the first weights and the order of
    the batches; replica r uses seed + r and equals the single run with that seed.

    constants: those of the optimizers that differ from the papers', as `adam.beta1`.
    clip: the length to which a longer gradient is cut, 0 for none (Pascanu, Mikolov & Bengio,
    ICML 2013). warmup: epochs over which the rate grows to its value. frozen: so many of the first
    hidden layers keep their first weights. amplify: every layer's gradient is multiplied by one
    constant, so that before training all layers have the size of the output layer's.
    table: a visitor's own data, in place of the data set; held here and written in no link.
    """

    dataset: str = choice("xor", DATASETS)
    noise: float = real(0.0, low=0.0, high=1.0)
    samples: int = whole(500, low=20, high=5000, steps=(50, 100, 200, 300, 500, 1000, 2000, 5000))
    data_seed: int = whole(0, low=0, high=9999)
    optimizer: str = choice("sgd", OPTIMIZERS)
    constants: tuple[tuple[str, float], ...] = knobs(OPTIMIZERS)
    rate: float = real(0.1, low=1e-6, high=1000.0, steps=RATES)
    batch: int = whole(32, low=1, high=5000, steps=(1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 5000))
    epochs: int = whole(400, low=1, high=10000, steps=(50, 100, 200, 400, 1000, 2000, 6000))
    seed: int = whole(0, low=0, high=9999)
    replicas: int = whole(1, low=1, high=64, steps=(1, 2, 4, 8, 20, 30))
    clip: float = real(0.0, low=0.0, high=1000.0, steps=(0.0, 0.01, 0.1, 1.0, 10.0))
    warmup: int = whole(0, low=0, high=1000, steps=(0, 1, 5, 10, 20, 50, 100))
    frozen: int = whole(0, low=0, high=50, steps=(0, 1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 50))
    amplify: bool = flag(False)
    table: Table | None = None

    @cached_property
    def step_constants(self) -> dict[str, float]:
        """The constants of the optimizer chosen, by their short names."""
        return OPTIMIZERS[self.optimizer].constants(dict(self.constants))

    @property
    def source(self) -> Dataset:
        """What is learnt from: the visitor's own data, else the data set of that key."""
        return DATASETS[self.dataset] if self.table is None else self.table.dataset

    def data(self) -> Data:
        drawn = (self.samples, self.noise, self.data_seed)
        return load(self.dataset, *drawn) if self.table is None else self.table.data(*drawn)

    @property
    def stride(self) -> int:
        """Epochs between two that a recording keeps; 1 up to 500 epochs."""
        return ceil(self.epochs / KEPT_EPOCHS)

    @cached_property
    def parameters(self) -> int:
        """Weights, biases and scales of one replica."""
        sizes = self.sizes(self.source.inputs, self.source.outputs)
        scales = self.depth * self.width if self.normalization is not None else 0
        return sum((m + 1) * n for m, n in pairwise(sizes)) + scales

    def cost(self) -> Cost:
        """What the run takes, known before it runs.

        Operations are about nanoseconds of one core: the numbers below were fitted to a hundred
        runs of all sizes and come within a factor of 2 or so. `calls` counts the calls of array
        functions, `each` what is done to every sum z, `parameters` the products; normalization
        makes more of the first two. `bytes` is more than the run ever holds.
        """
        data = self.source
        sizes = self.sizes(data.inputs, data.outputs)
        layers, units = self.depth + 1, sum(sizes[1:])
        parameters = sum((m + 1) * n for m, n in pairwise(sizes))
        train = 0.8 * min(self.samples, data.max_samples)
        steps = self.epochs * ceil(train / self.batch)
        kept = self.epochs / self.stride + 1
        frames = min(kept, 200)
        shown = {View.PLANE: 1600, View.CURVE: 200}.get(data.view, 24)

        normalized = self.norm != "none"
        calls, each = (2.7 * layers, 2.7 * units) if normalized else (layers, units)
        training = steps * (1e4 + 1.1e4 * calls + 3 * self.replicas * parameters)
        training += self.epochs * self.replicas * train * (8 * each + parameters / 8)
        statistics = 1.5e5 + 2.4e4 * calls + self.replicas * train * (15 * each + parameters / 6)
        picture = 3e4 * calls + (shown + train) * (9 * each + parameters / 20)

        arrays = 4 + 1.5 * normalized  # for every sum, together with temporaries
        passes = self.replicas * train * ((arrays + 1) * units + 8 * max(sizes))
        numbers = 9 * self.replicas * parameters + max(passes, min(shown, AT_ONCE) * arrays * units)
        row = 8 * 20 * self.replicas * layers + 3500
        pixels = shown + layers * (96 + 2 * self.width) + 700
        return Cost(
            operations=training + kept * statistics + frames * picture,
            bytes=8 * numbers + 2 * kept * row + frames * pixels,
        )


@dataclass(frozen=True, eq=False)
class Snapshot(Measures):
    """The state after `epoch` epochs, measured on the whole training part.

    Losses and accuracies have shape (replicas,), all else (replicas, layers), layer 1 first. Where
    there is no test part, its two are not a number.

    relative_update: |change of W_l| / |W_l| in the last step; not a number at epoch 0 and for
        weights that were all 0.
    moved: |W_l - first W_l| / |first W_l|; not a number for weights that began at 0.
    weight_norm: |W_l|, the Frobenius norm.
    diverged: for every replica None, or (epoch, layer) where a number ceased to be finite. From
        then on all its entries are not a number.
    """

    epoch: int
    train_loss: Array
    train_accuracy: Array
    test_loss: Array
    test_accuracy: Array
    relative_update: Array
    moved: Array
    weight_norm: Array
    diverged: tuple[tuple[int, int] | None, ...]


@dataclass(frozen=True, eq=False)
class Trained:
    """One network as it was after `epoch` epochs, and all that it needs to answer.

    parameters: those of one replica. running: with batch normalization, the running mean and
    variance of every hidden layer, by which single samples are judged; else ().
    """

    run: RunSpec
    epoch: int
    parameters: Parameters
    running: tuple[Moments, ...]

    @property
    def nbytes(self) -> int:
        averages = sum(part.nbytes for moments in self.running for part in moments)
        return self.parameters.theta.nbytes + averages

    @np.errstate(all="ignore")
    def predict(self, x: Array) -> Array:
        """What it answers for `x` (samples, inputs), scaled as its data: (samples, outputs)."""
        run, x = self.run, x.astype(self.parameters.theta.dtype)
        how = (run.value_and_derivative, run.normalization, run.skip, self.running)
        parts = [x[i : i + AT_ONCE] for i in range(0, len(x), AT_ONCE)]
        z = np.concatenate([forward(self.parameters, p, *how).output for p in parts], axis=1)
        answer: Array = LOSSES[run.source.task].output(z)[0]
        return answer


class Trainer:
    """One run's networks and the steps that change them."""

    def __init__(self, run: RunSpec) -> None:
        self.run, self.data = run, run.data()
        dtype = PRECISIONS[run.precision]
        self.loss = LOSSES[run.source.task]
        self.x, self.y = self.data.train_x.astype(dtype), self.data.train_y.astype(dtype)
        self.test_x, self.test_y = self.data.test_x.astype(dtype), self.data.test_y.astype(dtype)
        streams = [np.random.SeedSequence(run.seed + r).spawn(2) for r in range(run.replicas)]
        weights, self.orders = ([np.random.default_rng(s[k]) for s in streams] for k in range(2))
        self.parameters = build(run, self.x.shape[1], self.y.shape[1], weights)
        theta, sizes = self.parameters.theta, self.parameters.sizes
        self.norm, self.skip = run.normalization, run.skip
        self.running = self.first_moments()
        self.first = Parameters.of(theta.copy(), sizes)
        self.first_norms = norms(self.first)
        self.gradient, self.step, self.way = (
            Parameters.of(np.zeros_like(theta), sizes) for _ in range(3)
        )
        self.optimizer = OPTIMIZERS[run.optimizer]
        self.memory = [np.zeros_like(theta) for _ in range(self.optimizer.memories)]
        self.value_and_derivative = run.value_and_derivative
        self.batches = self.split()
        self.epoch = self.steps = 0
        self.diverged: list[tuple[int, int] | None] = [None] * run.replicas
        self.relative_update = np.full((run.replicas, run.depth + 1), np.nan)
        self.frozen = self.frozen_columns()
        self.amplifiers = self.equal_sizes() if run.amplify else None

    def split(self) -> list[tuple[int, int]]:
        """Where each batch begins and ends.

        A last batch of one sample has no variance, so with batch normalization it joins the one
        before it.
        """
        ends = [*range(self.run.batch, len(self.x), self.run.batch), len(self.x)]
        alone = len(ends) > 1 and ends[-1] - ends[-2] == 1
        if alone and self.norm is not None and self.norm.remembers:
            del ends[-2]
        return list(pairwise([0, *ends]))

    def train_epoch(self) -> None:
        """One pass over the training part, in batches of an order of its own."""
        for _ in self.steps_of_epoch():
            pass

    def steps_of_epoch(self) -> Iterator[None]:
        """As `train_epoch`, with a pause after every step."""
        self.epoch += 1
        order = np.stack([rng.permutation(len(self.x)) for rng in self.orders])
        x, y = self.x[order], self.y[order]
        for start, end in self.batches:
            self.descend(x[:, start:end], y[:, start:end], last=end == len(self.x))
            yield

    @np.errstate(all="ignore")  # a network that diverges overflows before it is marked
    def descend(self, x: Array, y: Array, *, last: bool = False) -> None:
        """One step against the gradient of the mean loss of a batch."""
        run = self.forward(x)
        if not np.isfinite(run.output.sum()):
            self.mark_diverged([np.asarray(np.isfinite(z).all(axis=(1, 2))) for z in run.z])
            run = self.forward(x)
        self.remember(run.found)
        self.gradients(run, self.loss.delta(run.output, y))
        self.follow_gradient(x.shape[1], last=last)

    def forward(self, x: Array) -> Pass:
        """Send a batch through the networks as they train."""
        return forward(self.parameters, x, self.value_and_derivative, self.norm, self.skip)

    def gradients(self, run: Pass, delta: Array) -> None:
        """Write the gradient of the loss summed over a batch."""
        gradients(self.parameters, run, delta, self.gradient, self.norm, self.skip)

    def judge(self, x: Array) -> Pass:
        """Send samples through networks that are being judged: by running averages, if any."""
        f = self.value_and_derivative
        return forward(self.parameters, x, f, self.norm, self.skip, self.running)

    def first_moments(self) -> list[Moments]:
        """The running averages before the first step, of a normalization that has any: 0 and 1."""
        if self.norm is None or not self.norm.remembers:
            return []
        shape = (self.run.replicas, 1, self.run.width)
        dtype = self.parameters.theta.dtype
        layers = range(self.run.depth)
        return [Moments(np.zeros(shape, dtype), np.ones(shape, dtype)) for _ in layers]

    def remember(self, found: Sequence[Moments]) -> None:
        """Let the running averages follow what a batch had."""
        for running, new in zip(self.running, found, strict=False):
            for average, value in zip(running, new, strict=True):
                average += REMEMBERED * (value - average)

    @np.errstate(all="ignore")
    def equal_sizes(self) -> Array:
        """What gives every layer's gradient the output layer's size: (replicas, parameters)."""
        run = self.forward(self.x)
        self.gradients(run, self.loss.delta(run.output, self.y))
        size = norms(self.gradient)
        constants = np.where(size > 0, size[:, -1:] / size, 1.0)
        amplifiers = np.ones_like(self.parameters.theta)
        starts = self.parameters.starts
        amplifiers[:, : starts[-1]] = np.repeat(constants, np.diff(starts[::2]), axis=1)
        if self.parameters.scales:
            amplifiers[:, starts[-1] :] = np.repeat(constants[:, :-1], self.run.width, axis=1)
        return amplifiers

    def frozen_columns(self) -> list[slice]:
        """Where the frozen layers stand in the vector of all parameters."""
        layers, starts = min(self.run.frozen, self.run.depth), self.parameters.starts
        if layers == 0:
            return []
        return [slice(starts[2 * layers]), slice(starts[-1], starts[-1] + layers * self.run.width)]

    def follow_gradient(self, samples: int, *, last: bool = False) -> None:
        """Change the parameters, the gradient of the loss summed over so many samples given."""
        run, rate = self.run, self.run.rate
        theta, gradient, step = self.parameters.theta, self.gradient.theta, self.step.theta
        gradient /= samples
        self.steps += 1
        if self.amplifiers is not None:
            gradient *= self.amplifiers
        for columns in self.frozen:
            gradient[:, columns] = 0
        if run.clip > 0:
            largest = np.abs(gradient).max(axis=1, keepdims=True, initial=1e-37)
            length = np.linalg.norm(gradient / largest, axis=1, keepdims=True)  # never infinite
            gradient *= np.minimum(1, run.clip / largest / length)
        if run.warmup > 0:
            rate *= min(1.0, self.steps / (run.warmup * len(self.batches)))
        constants = run.step_constants
        self.optimizer.step(step, gradient, theta, rate, self.steps, *self.memory, **constants)
        for columns in self.frozen:  # weight decay needs no gradient
            step[:, columns] = 0
        if last:
            self.relative_update = ratio(norms(self.step), norms(self.parameters))
        theta -= step

    def mark_diverged(self, finite: list[Array]) -> None:
        """Mark the replicas that are not finite in some layer, and rest them at zero weights.

        finite: for every layer, which replicas are finite there.
        """
        for replica, layers in enumerate(np.stack(finite, axis=1)):
            if layers.all():
                continue
            if self.diverged[replica] is None:
                self.diverged[replica] = (self.epoch, int(layers.argmin()) + 1)
            for array in [self.parameters.theta, *self.memory]:
                array[replica] = 0
            for mean, variance in self.running:
                mean[replica], variance[replica] = 0, 1

    @np.errstate(all="ignore")
    def snapshot(self) -> Snapshot:
        """Measure the networks as they are, on the whole training part."""
        run = self.forward(self.x)
        delta = self.loss.delta(run.output, self.y)
        prediction = self.loss.output(run.output)
        measures = measure(self.run, self.parameters, run, delta, prediction, self.gradient)
        # both parts are judged alike, or a gap between them would show the running averages
        train = self.judge(self.x).output if self.running else run.output
        np.subtract(self.parameters.theta, self.first.theta, out=self.way.theta)
        size = norms(self.parameters)
        scores = {
            "train_loss": self.loss.value(train, self.y).mean(axis=1),
            "train_accuracy": self.loss.accuracy(train, self.y),
        }
        if self.data.tested:
            test = self.judge(self.test_x).output
            scores["test_loss"] = self.loss.value(test, self.test_y).mean(axis=1)
            scores["test_accuracy"] = self.loss.accuracy(test, self.test_y)
        checked = sum([measures.delta, measures.gradient_norm, measures.activation_std, size])
        finite = np.isfinite(checked)
        finite[:, -1] &= np.isfinite(sum(scores.values()))
        if not finite.all():
            blamed = where_it_broke(run, finite, np.isfinite(measures.delta))
            self.mark_diverged(list(blamed.T))
        untested = np.full(self.run.replicas, np.nan)
        table = {
            **vars(measures),
            "test_loss": untested,
            "test_accuracy": untested,
            **scores,
            "relative_update": self.relative_update,
            "weight_norm": size,
            "moved": ratio(norms(self.way), self.first_norms),
        }
        gone = np.array([mark is not None for mark in self.diverged])
        if gone.any():
            for name, array in table.items():
                table[name] = np.where(gone[:, None] if array.ndim == 2 else gone, np.nan, array)
        return Snapshot(epoch=self.epoch, diverged=tuple(self.diverged), **table)

    def trained(self, replica: int = 0) -> Trained:
        """One replica's network as it is now, in a copy that further steps leave alone."""
        one = slice(replica, replica + 1)
        running = tuple(Moments(m.mean[one].copy(), m.variance[one].copy()) for m in self.running)
        alone = Parameters.of(self.parameters.theta[one].copy(), self.parameters.sizes)
        return Trained(self.run, self.epoch, alone, running)

    def predict(self, x: Array, replica: int = 0) -> Array:
        """What one replica's network answers for `x` (samples, inputs): (samples, outputs)."""
        return self.trained(replica).predict(x)

    @np.errstate(all="ignore")
    def sums(self, replica: int = 0) -> list[Array]:
        """z_l of every hidden layer on the training part, of one replica: (samples, units)."""
        alone = self.parameters.replica(replica)
        run = forward(alone, self.x, self.value_and_derivative, self.norm, self.skip)
        return [z[0] for z in run.z[:-1]]

    @property
    def finished(self) -> bool:
        """Whether all epochs are done, or no replica is left."""
        return self.epoch >= self.run.epochs or all(self.diverged)


def where_it_broke(run: Pass, finite: Array, arrived: Array) -> Array:
    """Which layers are to be blamed (False) where some measure is not finite: (replicas, layers).

    The first whose sums are not finite; else the last whose error is not, since it broke there on
    its way back (`arrived` tells where it is finite); else all whose measures are not (`finite`).
    """
    forwards = np.stack([np.isfinite(z).all(axis=(1, 2)) for z in run.z], axis=1)
    layers = arrived.shape[1]
    last = layers - 1 - arrived[:, ::-1].argmin(axis=1, keepdims=True)
    backwards = np.where(arrived.all(axis=1, keepdims=True), finite, np.arange(layers) != last)
    return np.where(forwards.all(axis=1, keepdims=True), backwards, forwards)


def train(run: RunSpec, every: int = 1) -> Iterator[Snapshot]:
    """Yield epoch 0, the untrained network, then one snapshot after every `every` epochs.

    The last epoch is always among them. Ends early when every replica has diverged.
    """
    trainer = Trainer(run)
    yield trainer.snapshot()
    while not trainer.finished:
        trainer.train_epoch()
        if trainer.finished or trainer.epoch % every == 0:
            yield trainer.snapshot()
