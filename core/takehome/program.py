"""A run as a program: one network at a time, step for step as `core.runs.training` trains many.

This is code that runs for any plan. `core.takehome.script` writes it out for one: there the plan's
numbers are constants, and the branches that it does not take are gone. So whether something is
there at all is decided by an `if` on the plan, and every function receives the plan as
`plan`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from core.arrays import Array
from core.data.datasets import onto_unit, standardized
from core.nn.losses import bounded
from core.nn.normalization import Moments, Normalized, back, moments, normalize
from core.nn.probes import lengths
from core.takehome.plan import Plan


def data(plan: Plan) -> tuple[Array, Array]:
    """The training part: x (samples, inputs), y (samples, outputs)."""
    if plan.rows:
        table = np.array([[float(cell) for cell in row.split()] for row in plan.rows.split(";")])
        x, y = table[:, : plan.inputs], table[:, plan.inputs :]
        if plan.classes:
            y = np.eye(plan.classes)[y[:, 0].astype(int)]
        count = round(plan.training_share * len(x))
        x = standardized(x, x[:count], plan.scale_axis)
        if plan.number_of_own:
            y = onto_unit(y, y[:count])
        if plan.noise:
            jitter = np.random.default_rng(np.random.SeedSequence(plan.data_seed).spawn(3)[2])
    else:
        # random numbers for the points, others for their order, others for the noise
        streams = np.random.SeedSequence(plan.data_seed).spawn(3)
        points, order, jitter = (np.random.default_rng(stream) for stream in streams)
        x, y = plan.draw(points, plan.samples)
        rows = order.permutation(len(x))
        x, y = x[rows], y[rows]
        count = round(plan.training_share * len(x))
    if plan.noise:
        x = x + plan.noise * jitter.normal(size=x.shape)
    return x[:count].astype(plan.dtype), y[:count].astype(plan.dtype)


def f(plan: Plan, z: Array) -> tuple[Array, Array]:
    """The activation function and its derivative: f(z), f'(z)."""
    return plan.rule(z, **plan.knobs)


def layers(plan: Plan, vector: Array) -> tuple[list[Array], list[Array]]:
    """What belongs to the weights and to the biases of every layer, as views into the vector."""
    weights, biases, start = [], [], 0
    for m, n in pairwise(plan.sizes):
        weights.append(vector[start : start + m * n].reshape(m, n))
        biases.append(vector[start + m * n : start + m * n + n])
        start += (m + 1) * n
    return weights, biases


def scales_in(plan: Plan, vector: Array) -> Array:
    """What belongs to the scales of the normalized layers: (layers, units)."""
    return vector[-plan.depth * plan.width :].reshape(plan.depth, plan.width)


class Network:
    """All parameters in one vector `theta`, and their gradient in another.

    W, b and dW, db are views into them: weights and biases of every layer, and their gradient.
    """

    def __init__(self, plan: Plan, rng: np.random.Generator) -> None:
        """Random initial weights; the biases are 0."""
        self.theta = np.zeros(plan.parameters, plan.dtype)
        self.gradient, self.step = np.zeros_like(self.theta), np.zeros_like(self.theta)
        self.steps = 0
        self.W, self.b = layers(plan, self.theta)
        self.dW, self.db = layers(plan, self.gradient)
        self.a: list[Array] = []
        self.slope: list[Array] = []
        for weight in self.W:
            m, n = weight.shape
            weight[:] = plan.draw_weights(rng, m, n, plan.gain * plan.variance(m, n) ** 0.5)
        if plan.normalized:
            self.scales, self.dscales = scales_in(plan, self.theta), scales_in(plan, self.gradient)
            self.scales[:] = 1
            self.normal: list[Normalized] = []
            self.found: list[Moments] = []
        if plan.remembers:
            self.running: list[Moments] = []
        if plan.memories:
            self.memory = [np.zeros_like(self.theta) for _ in range(plan.memories)]
        if plan.frozen:
            self.still = np.zeros(plan.parameters, bool)
            self.still[: plan.frozen_parameters] = True
            if plan.normalized:
                scales_in(plan, self.still)[: plan.frozen] = True
        if plan.amplify:
            self.amplifiers = np.ones_like(self.theta)

    def forward(self, plan: Plan, x: Array, running: Sequence[Moments] = ()) -> Array:
        """The pre-activations of the output layer; what `backward` needs is kept."""
        self.a, self.slope = [x], []
        if plan.normalized:
            self.normal, self.found = [], []
        if plan.depth:
            for layer in range(plan.depth):
                total = self.a[layer] @ self.W[layer]
                if plan.normalized:
                    self.found.append(
                        running[layer]  # in place of the batch's own
                        if plan.remembers and running
                        else moments(total, plan.norm_axis)
                    )
                    self.normal.append(normalize(total, self.found[layer]))
                    total = self.normal[layer].values * self.scales[layer]
                z = total + self.b[layer]
                value, derivative = f(plan, z)
                if plan.skip and layer > 0:
                    value = value + plan.skip * self.a[layer]  # around the layer
                self.a.append(value)
                self.slope.append(derivative)
        output: Array = self.a[-1] @ self.W[-1] + self.b[-1]
        return output

    def backward(self, plan: Plan, z: Array, y: Array) -> None:
        """Write the gradient of the loss summed over the samples, by backpropagation."""
        one = np.ones((1, len(y)), plan.dtype)  # times a matrix: the sum of its rows
        delta = plan.loss_delta(z, y)
        if plan.skip:
            around: Array | None = None
        self.dW[-1][:] = self.a[-1].T @ delta
        self.db[-1][:] = one @ delta
        if plan.depth:
            for layer in reversed(range(plan.depth)):
                carried = delta @ self.W[layer + 1].T
                if plan.skip:
                    if around is not None:
                        carried = carried + around
                    around = plan.skip * carried  # past this layer, to the one below
                if plan.normalized:
                    passed = carried * self.slope[layer]
                    self.db[layer][:] = one @ passed
                    self.dscales[layer][:] = one @ (passed * self.normal[layer].values)
                    delta = back(passed * self.scales[layer], self.normal[layer], plan.norm_axis)
                else:
                    delta = carried * self.slope[layer]
                    self.db[layer][:] = one @ delta
                self.dW[layer][:] = self.a[layer].T @ delta

    def descend(self, plan: Plan, samples: int) -> None:
        """One step of the optimizer, the gradient being that of the loss summed over `samples`."""
        self.gradient /= samples
        self.steps += 1
        rate = plan.rate
        if plan.amplify:
            self.gradient *= self.amplifiers
        if plan.frozen:
            self.gradient[self.still] = 0
        if plan.clip:
            largest = np.abs(self.gradient).max(initial=1e-37)
            norm = np.linalg.norm(self.gradient / largest, axis=0)  # in units of the largest
            self.gradient *= np.minimum(1, plan.clip / largest / norm)  # clipped
        if plan.warmup_steps:
            rate *= min(1.0, self.steps / plan.warmup_steps)  # warm-up
        given = (self.step, self.gradient, self.theta, rate, self.steps)
        if plan.memories:
            plan.optimizer(*given, *self.memory, **plan.constants)
        else:
            plan.optimizer(*given, **plan.constants)
        if plan.frozen:
            self.step[self.still] = 0  # weight decay needs no gradient
        self.theta -= self.step


def amplifiers(plan: Plan, network: Network, x: Array, y: Array) -> Array:
    """Constants that give every layer's first gradient the output layer's size."""
    network.backward(plan, network.forward(plan, x), y)
    starts = np.cumsum([0, *(size for m, n in pairwise(plan.sizes) for size in (m * n, n))])
    size = lengths(network.gradient[None], starts[:-1])[0]
    constants = np.where(size > 0, size[-1] / size, 1.0)
    result = np.ones_like(network.theta)
    result[: starts[-1]] = np.repeat(constants, np.diff(starts[::2]))
    if plan.normalized:
        result[starts[-1] :] = np.repeat(constants[:-1], plan.width)
    return result


def loss(plan: Plan, network: Network, x: Array, y: Array) -> float:
    """The mean loss of the samples."""
    if plan.remembers:
        z = network.forward(plan, x, network.running)
        return float(bounded(plan.loss_value(z, y).mean()))
    return float(plan.loss_value(network.forward(plan, x), y).mean())


def train(plan: Plan, seed: int) -> Iterator[tuple[int, float]]:
    """Train one network: yield (epoch, training loss), first of the untrained one."""
    of_weights, of_order = np.random.SeedSequence(seed).spawn(2)
    network = Network(plan, np.random.default_rng(of_weights))
    order = np.random.default_rng(of_order)
    x, y = data(plan)
    ends = [*range(plan.batch, len(x), plan.batch), len(x)]
    if plan.one_left:
        del ends[-2]  # one sample has no variance: it joins those before
    if plan.remembers:
        network.forward(plan, x)
        network.running = network.found  # averages start with all samples
    if plan.amplify:
        network.amplifiers = amplifiers(plan, network, x, y)
    yield 0, loss(plan, network, x, y)
    for epoch in range(1, plan.epochs + 1):
        shuffled = order.permutation(len(x))
        for start, end in pairwise([0, *ends]):
            batch = shuffled[start:end]
            z = network.forward(plan, x[batch])
            if not np.isfinite(z).all():
                yield epoch, np.nan  # it has diverged
                return
            if plan.remembers:
                for average, new in zip(network.running, network.found, strict=True):
                    average.mean[:] += plan.remembered * (new.mean - average.mean)
                    average.variance[:] += plan.remembered * (new.variance - average.variance)
            network.backward(plan, z, y[batch])
            network.descend(plan, end - start)
        if plan.thinned and epoch % plan.stride and epoch < plan.epochs:
            continue
        yield epoch, loss(plan, network, x, y)
