"""Training as a stream of snapshots; every observer is a short consumer of `train`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import ceil, isfinite
from typing import Any

import numpy as np

from core.arrays import Array
from core.data.datasets import DATASETS, Data, Dataset, load
from core.data.tables import Table
from core.domain import choice, flag, knobs, real, whole
from core.nn.losses import LOSSES, Loss, bounded
from core.nn.network import PRECISIONS, Network, NetworkSpec, Parameters, Pass, build
from core.nn.optimizers import OPTIMIZERS
from core.nn.probes import Measures, lengths, measure, norms, ratio

KEPT_EPOCHS = 500
AT_ONCE = 800
"""Samples predicted at once: larger arrays would leave the caches and go back to the system."""
RATES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)
STARTS = ("initializer", "gain", "seed")
"""The settings of a run that decide no more than its initial weights and the order of its batches.
Runs that differ in nothing else can be trained as one stack."""


@dataclass(frozen=True)
class RunSpec(NetworkSpec):
    """A run: data, network, training and seeds. It decides every number.

    `data_seed` fixes the data and their split. `seed` fixes the initial weights and the order of
    the batches; replica r uses seed + r and equals the single run with that seed.

    constants: those of the optimizers that differ from the papers', as `adam.beta1`.
    clip: the maximum norm of the gradient, 0 for no clipping (Pascanu, Mikolov & Bengio,
    ICML 2013). warmup: epochs over which the rate grows to its value. frozen: the number of first
    hidden layers that keep their initial weights. amplify: every layer's gradient is multiplied by
    a constant such that before training all layers' gradients have the size of the output layer's.
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
        """The constants of the chosen optimizer, by their short names."""
        return OPTIMIZERS[self.optimizer].constants(dict(self.constants))

    @property
    def source(self) -> Dataset:
        """The data to learn from: the visitor's own, else the data set of that key."""
        return DATASETS[self.dataset] if self.table is None else self.table.dataset

    @cached_property
    def loss(self) -> Loss:
        """How the outputs are interpreted and scored."""
        return LOSSES[self.source.task]

    def data(self) -> Data:
        drawn = (self.samples, self.noise, self.data_seed)
        return load(self.dataset, *drawn) if self.table is None else self.table.data(*drawn)

    @property
    def stride(self) -> int:
        """Epochs between two that a recording keeps; 1 for up to 500 epochs."""
        return ceil(self.epochs / KEPT_EPOCHS)

    @cached_property
    def parameters(self) -> int:
        """Weights, biases and scales of one replica."""
        sizes = self.sizes(self.source.inputs, self.source.outputs)
        scales = self.depth * self.width if self.normalization is not None else 0
        return sum((m + 1) * n for m, n in pairwise(sizes)) + scales


@dataclass(frozen=True, eq=False)
class Snapshot(Measures):
    """The state after `epoch` epochs, measured on the whole training part.

    Losses and accuracies have shape (replicas,), all else (replicas, layers), layer 1 first.
    Without a test part, its two are NaN.

    relative_update: |change of W_l| / |W_l| in the last step; NaN at epoch 0 and for weights that
        were all 0.
    moved: |W_l - initial W_l| / |initial W_l|; NaN for weights that started at 0.
    weight_norm: |W_l|, the Frobenius norm.
    diverged: for every replica None, or (epoch, layer) where a number ceased to be finite. From
        then on all its entries are NaN.
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
    """One network, a single replica, as it was after `epoch` epochs."""

    run: RunSpec
    epoch: int
    network: Network

    @property
    def nbytes(self) -> int:
        averages = sum(part.nbytes for moments in self.network.running for part in moments)
        return self.network.parameters.theta.nbytes + averages

    @np.errstate(all="ignore")
    def predict(self, x: Array) -> Array:
        """Its predictions for `x` (samples, inputs), scaled as its data: (samples, outputs)."""
        x = x.astype(self.network.parameters.theta.dtype)
        parts = [x[i : i + AT_ONCE] for i in range(0, len(x), AT_ONCE)]
        z = np.concatenate([self.network.judge(part).output for part in parts], axis=1)
        answer: Array = self.run.loss.output(z)[0]
        return answer


def streams(run: RunSpec, replica: int) -> tuple[np.random.Generator, np.random.Generator]:
    """The generators of one replica: for its initial weights, and for the order of samples."""
    weights, order = np.random.SeedSequence(run.seed + replica).spawn(2)
    return np.random.default_rng(weights), np.random.default_rng(order)


def untrained(run: RunSpec, replicas: Iterable[int]) -> Network:
    """The networks of these replicas before training."""
    return build(run, run.source.inputs, run.source.outputs, [streams(run, r)[0] for r in replicas])


class Descent:
    """How a run turns a gradient into the step that is subtracted from the parameters.

    gradient: the buffer for the gradient of a batch's summed loss. frozen: the columns that do not
    move. amplifiers: factors of the gradient. warmup: steps over which the rate grows. memory: what
    the optimizer keeps from step to step.
    """

    def __init__(self, run: RunSpec, network: Network, data: Data, warmup: int) -> None:
        parameters = network.parameters
        self.run, self.parameters, self.warmup = run, parameters, warmup
        self.gradient, self.step = (
            parameters.like(np.zeros_like(parameters.theta)) for _ in range(2)
        )
        self.optimizer = OPTIMIZERS[run.optimizer]
        self.memory = [np.zeros_like(parameters.theta) for _ in range(self.optimizer.memories)]
        self.frozen = frozen_columns(run, parameters)
        self.amplifiers = equal_sizes(run, network, data) if run.amplify else None
        self.steps = 0

    def next_step(self, samples: int) -> Parameters:
        """The step, once the gradient of the loss summed over `samples` samples is written."""
        gradient, clip = self.gradient.theta, self.run.clip
        gradient /= samples
        self.steps += 1
        if self.amplifiers is not None:
            gradient *= self.amplifiers
        for columns in self.frozen:
            gradient[:, columns] = 0
        if clip > 0:
            largest = np.abs(gradient).max(axis=1, keepdims=True, initial=1e-37)
            norm = np.linalg.norm(gradient / largest, axis=1, keepdims=True)  # never infinite
            gradient *= np.minimum(1, clip / largest / norm)
        given = (gradient, self.parameters.theta, self.rate, self.steps, *self.memory)
        self.optimizer.step(self.step.theta, *given, **self.run.step_constants)
        for columns in self.frozen:  # weight decay needs no gradient
            self.step.theta[:, columns] = 0
        return self.step

    @property
    def rate(self) -> float:
        """The learning rate of the latest step."""
        grown = min(1.0, self.steps / self.warmup) if self.warmup else 1.0
        return self.run.rate * grown

    def forget(self, replica: int) -> None:
        """Reset the optimizer's memory of one replica."""
        for array in self.memory:
            array[replica] = 0


def frozen_columns(run: RunSpec, parameters: Parameters) -> list[slice]:
    """Where the frozen layers lie in the vector of all parameters."""
    layers, starts = min(run.frozen, run.depth), parameters.starts
    if layers == 0:
        return []
    return [slice(starts[2 * layers]), slice(starts[-1], starts[-1] + layers * run.width)]


@np.errstate(all="ignore")
def equal_sizes(run: RunSpec, network: Network, data: Data) -> Array:
    """Factors that give every layer's gradient the output layer's size: (replicas, parameters)."""
    through = network.forward(data.train_x)
    gradient = network.parameters.like(np.zeros_like(network.parameters.theta))
    network.write_gradient(through, run.loss.delta(through.output, data.train_y), gradient)
    size = norms(gradient)
    constants = np.where(size > 0, size[:, -1:] / size, 1.0)
    amplifiers, starts = np.ones_like(gradient.theta), gradient.starts
    amplifiers[:, : starts[-1]] = np.repeat(constants, np.diff(starts[::2]), axis=1)
    if gradient.scales:
        amplifiers[:, starts[-1] :] = np.repeat(constants[:, :-1], run.width, axis=1)
    return amplifiers


class Trainer:
    """One run's networks and the steps that change them.

    members: in place of the seeds from `run.seed` on, the single run that each replica equals; they
    may differ from `run` in STARTS alone. data: in the run's precision. batches: where each begins
    and ends. orders: generators that shuffle the samples, one per replica; shuffles: their states
    before the epoch under way was shuffled. first: the initial parameters. diverged,
    relative_update: as in `Snapshot`.
    """

    def __init__(self, run: RunSpec, members: Sequence[RunSpec] = ()) -> None:
        self.run, self.epoch = run, 0
        self.data = run.data().astype(PRECISIONS[run.precision])
        self.network = untrained(run, range(run.replicas))
        for replica, member in enumerate(members):
            self.network.parameters.theta[replica] = untrained(member, [0]).parameters.theta[0]
        if self.network.running:
            self.network.begin(self.data.train_x)
        self.first = self.network.copy().parameters
        self.batches = split(run, len(self.data.train_x))
        singles = [(member, 0) for member in members] or [(run, r) for r in range(run.replicas)]
        self.orders = [streams(*single)[1] for single in singles]
        self.shuffles: list[Mapping[str, Any]] = []
        self.descent = Descent(run, self.network, self.data, run.warmup * len(self.batches))
        self.diverged: list[tuple[int, int] | None] = [None] * run.replicas
        self.relative_update = np.full((run.replicas, run.depth + 1), np.nan)

    @property
    def finished(self) -> bool:
        """Whether all epochs are done, or no replica is left."""
        return self.epoch >= self.run.epochs or all(self.diverged)

    def train_epoch(self) -> None:
        """One pass over the training part, in newly shuffled batches."""
        for _ in self.steps_of_epoch():
            pass

    def steps_of_epoch(self, taken: int = 0) -> Iterator[None]:
        """As `train_epoch`, with a pause after every step; the first `taken` are left out."""
        self.epoch += 1
        samples = len(self.data.train_x)
        self.shuffles = [rng.bit_generator.state for rng in self.orders]
        order = np.stack([rng.permutation(samples) for rng in self.orders])
        x, y = self.data.train_x[order], self.data.train_y[order]
        for start, end in self.batches[taken:]:
            self.descend(x[:, start:end], y[:, start:end], last=end == samples)
            yield

    @np.errstate(all="ignore")  # a network that diverges overflows before it is marked
    def descend(self, x: Array, y: Array, *, last: bool = False) -> None:
        """One step against the gradient of the mean loss of a batch."""
        network = self.network
        through = network.forward(x)
        if not isfinite(through.output.sum()):
            self.mark_diverged(finite_sums(through))
            through = network.forward(x)
        network.remember(through.found)
        delta = self.run.loss.delta(through.output, y)
        network.write_gradient(through, delta, self.descent.gradient)
        self.follow_gradient(x.shape[1], last=last)

    def follow_gradient(self, samples: int, *, last: bool = False) -> None:
        """Update the parameters, given the gradient of the loss summed over `samples` samples."""
        parameters, step = self.network.parameters, self.descent.next_step(samples)
        if last:
            self.relative_update = ratio(norms(step), norms(parameters))
        np.subtract(parameters.theta, step.theta, out=parameters.theta)

    def snapshot(self) -> Snapshot:
        """Measure the networks as they are, on the whole training part."""
        return self.look()[0]

    @np.errstate(all="ignore")
    def look(self) -> tuple[Snapshot, list[Array]]:
        """A snapshot, and `sums` from the same pass."""
        network, loss, y = self.network, self.run.loss, self.data.train_y
        through = network.forward(self.data.train_x)
        delta, prediction = loss.delta(through.output, y), loss.output(through.output)
        measures = measure(network, through, delta, prediction, self.descent.gradient)
        size, scores = norms(network.parameters), self.scores(through)
        self.mark_broken(through, measures, size, scores)
        untested = np.full(self.run.replicas, np.nan)
        table = {
            **vars(measures),
            "test_loss": untested,
            "test_accuracy": untested,
            **scores,
            "relative_update": self.relative_update,
            "weight_norm": size,
            "moved": self.moved,
        }
        gone = np.array([mark is not None for mark in self.diverged])
        if gone.any():
            for name, array in table.items():
                table[name] = np.where(gone[:, None] if array.ndim == 2 else gone, np.nan, array)
        snapshot = Snapshot(epoch=self.epoch, diverged=tuple(self.diverged), **table)
        return snapshot, self.sums() if gone[0] else [z[0] for z in through.z[:-1]]

    @property
    def moved(self) -> Array:
        """|W_l - initial W_l| / |initial W_l|: (replicas, layers)."""
        theta, starts = self.network.parameters.theta, self.first.starts[:-1]
        return ratio(lengths(theta - self.first.theta, starts), norms(self.first))

    def scores(self, through: Pass) -> dict[str, Array]:
        """Losses and accuracies of both parts, if there is a test part: each (replicas,).

        Normalized by running averages, a deep network may output numbers that are too large even if
        it trains, as in training each batch is normalized by itself. It then gets the worst scores.
        """
        loss, data, network = self.run.loss, self.data, self.network
        # both parts are judged alike, or a gap between them would show the running averages
        train = network.judge(data.train_x).output if network.running else through.output
        scores = {
            "train_loss": loss.value(train, data.train_y).mean(axis=1),
            "train_accuracy": loss.accuracy(train, data.train_y),
        }
        if data.tested:
            test = network.judge(data.test_x).output
            scores["test_loss"] = loss.value(test, data.test_y).mean(axis=1)
            scores["test_accuracy"] = loss.accuracy(test, data.test_y)
        if network.running:
            scores = {
                name: bounded(score) if name.endswith("loss") else -bounded(-score)
                for name, score in scores.items()
            }
        return scores

    def mark_broken(
        self, through: Pass, measures: Measures, size: Array, scores: Mapping[str, Array]
    ) -> None:
        """Mark the replicas of which something that was measured is not finite."""
        measured = measures.delta + measures.gradient_norm + measures.activation_std + size
        finite = np.isfinite(measured)
        finite[:, -1] &= np.isfinite(sum(scores.values()))
        for moments in self.network.running:
            finite[:, -1] &= np.isfinite(sum(moments)).all(axis=(1, 2))
        if not finite.all():
            self.mark_diverged(where_it_broke(through, finite, np.isfinite(measures.delta)))

    def mark_diverged(self, finite: Array) -> None:
        """Mark the replicas that are not finite in some layer, and set them to zero weights.

        finite: (replicas, layers), where they are.
        """
        for replica, layers in enumerate(finite):
            if layers.all():
                continue
            if self.diverged[replica] is None:
                self.diverged[replica] = (self.epoch, int(layers.argmin()) + 1)
            self.network.rest(replica)
            self.descent.forget(replica)

    def trained(self, replica: int = 0) -> Trained:
        """A copy of one replica's network as it is now; later steps do not change it."""
        return Trained(self.run, self.epoch, self.network.replica(replica).copy())

    def predict(self, x: Array, replica: int = 0) -> Array:
        """One replica's predictions for `x` (samples, inputs): (samples, outputs)."""
        return Trained(self.run, self.epoch, self.network.replica(replica)).predict(x)

    @np.errstate(all="ignore")
    def sums(self, replica: int = 0) -> list[Array]:
        """Every hidden layer's pre-activations z_l on the training part: (samples, units) each."""
        through = self.network.replica(replica).forward(self.data.train_x)
        return [z[0] for z in through.z[:-1]]


def split(run: RunSpec, samples: int) -> list[tuple[int, int]]:
    """The start and end of every batch of `samples` samples.

    A last batch of one sample has no variance, so with batch normalization it joins the one
    before it.
    """
    ends = [*range(run.batch, samples, run.batch), samples]
    alone = len(ends) > 1 and ends[-1] - ends[-2] == 1
    if alone and run.normalization is not None and run.normalization.remembers:
        del ends[-2]
    return list(pairwise([0, *ends]))


def finite_sums(through: Pass) -> Array:
    """Which layers have only finite pre-activations: (replicas, layers)."""
    return np.stack([np.isfinite(z).all(axis=(1, 2)) for z in through.z], axis=1)


def where_it_broke(through: Pass, finite: Array, arrived: Array) -> Array:
    """Which layers to blame (False) where some measure is not finite: (replicas, layers).

    The first whose pre-activations are not finite; else the last whose error is not, since it broke
    there on its way back (`arrived` tells where it is finite); else all whose measures are not
    (`finite`).
    """
    forwards = finite_sums(through)
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
