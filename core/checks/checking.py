"""Is the gradient right? It is compared with two methods that do not use the chain rule.

Along a direction v in the parameters of one layer, the gradient says that the loss changes by
g . v. Two other methods estimate the same number:

    central difference    (L(theta + hv) - L(theta - hv)) / 2h      wrong by about h^2 L'''/6
    complex step          Im L(theta + ihv) / h                     wrong by about h^2 L'''/6

The difference sends real numbers through the very code that trains. But it subtracts two losses
that are almost equal, so that their rounding, about 1e-16, is divided by h: it sees no gradient
below 1e-10 or so. The complex step (Squire & Trapp, SIAM Review 40, 1998) subtracts nothing and
sees the smallest one; it needs the network reimplemented for complex numbers, and keeps to
the piece of the activation on which it starts, so that it does not notice a kink.

What is checked is the gradient of the mean loss: activation, weights, normalization (by the mean
and variance of the samples taken), skip connections, output and loss. What training does with it
afterwards (momentum, clipping, warm-up, frozen or amplified layers) is no derivative.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from itertools import pairwise
from math import inf, isfinite, isnan, nan
from typing import Any, NamedTuple

import numpy as np

from core.arrays import Array
from core.checks.analytic import ANALYTIC, LOSS
from core.nn.network import PRECISIONS, Network, Parameters, Pass
from core.nn.normalization import EPSILON, Normalized
from core.nn.own import activation_of
from core.runs.training import RunSpec, Trained, untrained

EPS = float(np.finfo(float).eps)
SAMPLES = 12
DIRECTIONS = 3
STEPS = (1e-3, 1e-4, 1e-5, 1e-6, 1e-7)
"""The h of the central differences; each layer takes the most accurate one."""
COMPLEX_STEP = 1e-50
FAINTEST, WILDEST = 1e-240, 1e30
"""Outside this range of slopes the complex step would underflow, or no longer be small."""
SEES = 1e-5
"""Differences count where their uncertainty is below this share of the slope."""
UNCERTAIN = 1e-3
"""Beyond this share of rounding error a gradient has no digits left to compare."""
CLOSE = 1e-9
"""Results this close agree, whatever rounding error was expected."""
MARGIN = 20
"""Two correct results may differ by this many times their expected uncertainty."""
SHAKES = 3
MAX_OPERATIONS = 3e9
FEWEST_LAYERS = 3


class Method(StrEnum):
    DIFFERENCE = "difference"
    COMPLEX = "complex"
    NONE = "none"


@dataclass(frozen=True)
class LayerCheck:
    """The gradient with respect to one layer's parameters, along DIRECTIONS random directions.

    layer: 1 for layer 1. slope: the typical |g . v|, its root mean square over the directions.
    step: the h of the most accurate difference, NaN if at every h some pre-activation crossed a
    kink.

    The others are shares of the slope, the largest of all directions. blur: by how much the
    differences may be wrong, through rounding or through h. rounding: by how much the gradient
    itself may be, since it is computed with 16 digits. difference, complex: how far it is from
    what each method says; NaN where the method says nothing.
    """

    layer: int
    slope: float
    step: float
    blur: float
    rounding: float
    difference: float
    complex: float

    @property
    def method(self) -> Method:
        """The method that the layer is judged by: differences, where they are accurate enough."""
        if self.rounding > UNCERTAIN:
            return Method.NONE
        if self.blur <= SEES:
            return Method.DIFFERENCE
        return Method.COMPLEX if not isnan(self.complex) else Method.NONE

    @property
    def apart(self) -> float:
        """How far the gradient is from what that method says; NaN without one.

        Where it is contradicted, how far from the method that differs most.
        """
        if self.method is Method.NONE:
            return nan
        judged = self.difference if self.method is Method.DIFFERENCE else self.complex
        return judged if self.agrees else float(np.fmax(judged, self.complex))

    @property
    def agrees(self) -> bool:
        """Whether no method that sees the gradient contradicts it."""
        if self.method is Method.NONE:
            return True
        allowed = CLOSE + MARGIN * self.rounding
        differs = (
            self.method is Method.DIFFERENCE and self.difference > allowed + MARGIN * self.blur
        )
        return not (differs or self.complex > allowed)


@dataclass(frozen=True)
class Check:
    """The gradient of one network after `epoch` epochs, layer by layer.

    on_kink: pre-activations exactly on a kink of the activation. lost: how far the gradient in the
    run's own precision is from the one checked, which is always computed in float64.
    """

    epoch: int
    samples: int
    layers: tuple[LayerCheck, ...]
    on_kink: int
    lost: float

    @property
    def agrees(self) -> bool:
        return all(layer.agrees for layer in self.layers)

    @property
    def apart(self) -> float:
        """The largest relative error of all layers that a method could see; 0 if of none."""
        seen = [layer.apart for layer in self.layers if layer.method is not Method.NONE]
        return max(seen, default=0.0)

    @property
    def contradicted(self) -> tuple[int, ...]:
        """The layers whose gradient is contradicted."""
        return tuple(layer.layer for layer in self.layers if not layer.agrees)

    @property
    def unseen(self) -> tuple[int, ...]:
        """The layers of which no method could say anything."""
        return tuple(layer.layer for layer in self.layers if layer.method is Method.NONE)


def first_network(run: RunSpec) -> Trained:
    """The first replica of a run before training."""
    return Trained(run, 0, untrained(run, [0]))


@np.errstate(all="ignore")  # numbers too large to represent are said to be so
def check(trained: Trained) -> Check | None:
    """Check the gradient of the mean loss on the first SAMPLES training samples.

    None if a number is too large to represent.
    """
    run, data = trained.run, trained.run.data()
    parameters = trained.network.parameters
    problem = Problem(
        run,
        parameters.like(parameters.theta.astype(float)),
        data.train_x[:SAMPLES].astype(float),
        data.train_y[:SAMPLES].astype(float),
    )
    gradient, own = problem.gradient(), problem.gradient(PRECISIONS[run.precision])
    shaken = [problem.shaken(np.random.default_rng(k)) for k in range(SHAKES)]
    loss = problem.losses(problem.forward(problem.parameters))
    if not (np.isfinite(gradient.theta).all() and np.isfinite(loss).all()):
        return None
    size = np.linalg.norm(gradient.theta)
    return Check(
        epoch=trained.epoch,
        samples=len(problem.x),
        layers=tuple(check_layer(problem, gradient, shaken, k) for k in checked_layers(run)),
        on_kink=problem.on_kink(),
        lost=float(np.linalg.norm(own.theta - gradient.theta) / size) if size > 0 else 0.0,
    )


@dataclass(frozen=True, eq=False)
class Problem:
    """A network and its samples: the loss by the code that trains, and reimplemented.

    x: (samples, inputs), y: (samples, outputs), parameters: of one replica; all in float64.
    """

    run: RunSpec
    parameters: Parameters
    x: Array
    y: Array

    def gradient(self, dtype: Any = np.float64) -> Parameters:
        """The gradient of the mean loss, by the code that trains."""
        parameters = self.parameters.like(self.parameters.theta.astype(dtype))
        through = self.network(parameters).forward(self.x.astype(dtype))
        delta = self.run.loss.delta(through.output, self.y.astype(dtype))
        return self.backward(parameters, through, delta)

    def backward(self, parameters: Parameters, through: Pass, delta: Array) -> Parameters:
        """The backward pass of the code that trains, from a given error at the output."""
        gradient = parameters.like(np.zeros_like(parameters.theta))
        self.network(parameters).write_gradient(through, delta, gradient)
        gradient.theta[...] /= len(self.x)
        return gradient

    def shaken(self, rng: np.random.Generator) -> Parameters:
        """The gradient with every number on its way changed at random in its last digit.

        Digits that differ from `gradient` are no digits of it, but rounding (Vignes, Mathematics
        and Computers in Simulation 35, 1993).
        """

        def shake(values: Array) -> Array:
            return values * (1 + EPS * rng.standard_normal(values.shape))

        parameters = self.parameters.like(shake(self.parameters.theta))
        through = self.forward(parameters)
        through = Pass(
            z=through.z,
            a=[shake(a) for a in through.a],
            slope=[shake(slope) for slope in through.slope],
            normal=[Normalized(shake(n.values), shake(n.factor)) for n in through.normal],
            found=through.found,
        )
        z = shake(through.output)
        last_digit = EPS * (np.abs(self.run.loss.output(z)) + np.abs(self.y))
        delta = self.run.loss.delta(z, self.y) + last_digit * rng.standard_normal(z.shape)
        return self.backward(parameters, through, delta)

    def network(self, parameters: Parameters) -> Network:
        return Network(self.run, parameters)

    def forward(self, parameters: Parameters) -> Pass:
        return self.network(parameters).forward(self.x)

    def losses(self, through: Pass) -> Array:
        """The mean loss of every replica."""
        mean: Array = self.run.loss.value(through.output, self.y).mean(axis=-1)
        return mean

    def pieces(self, through: Pass) -> list[Array]:
        """On which piece of the activation each pre-activation of the hidden layers lies."""
        activation = activation_of(self.run.activation)
        ends = [*activation.kinks, *activation.seams]
        return [np.sum([z > end for end in ends], axis=0) for z in through.z[:-1] if ends]

    def on_kink(self) -> int:
        kinks = activation_of(self.run.activation).kinks
        sums = self.forward(self.parameters).z[:-1]
        return sum(int(np.count_nonzero(z == kink)) for z in sums for kink in kinks)

    def rounding(self) -> float:
        """The loss's rounding error, estimated: every pre-activation off by one part in 10^16."""
        through = self.forward(self.parameters)
        delta = self.run.loss.delta(through.output, self.y)
        moved = sum(
            float(np.linalg.norm(error.passed * through.z[error.layer], axis=-1).mean())
            for error in self.network(self.parameters).backward(through, delta)
        )
        return float(EPS * (abs(self.losses(through)[0]) + moved))

    def complex_losses(self, parameters: Parameters) -> Array:
        """The mean loss of every replica by `core.checks.analytic`, for complex numbers."""
        run, norm = self.run, self.run.normalization
        knobs = {knob.key: knob.default for knob in activation_of(run.activation).knobs}
        f = partial(ANALYTIC[run.activation], **(knobs | run.knob_values))
        a = self.x.astype(complex)
        last = len(parameters.weights) - 1
        for layer, (weight, bias) in enumerate(
            zip(parameters.weights, parameters.biases, strict=True)
        ):
            z = a @ weight
            if layer == last:
                break
            if norm is not None:
                z = z - z.mean(axis=norm.axis, keepdims=True)
                variance = (z * z).mean(axis=norm.axis, keepdims=True)
                z = parameters.scales[layer] * z / np.sqrt(variance + EPSILON)
            a = f(z + bias) + (run.skip * a if layer > 0 else 0)
        loss: Array = LOSS[run.source.task](z + bias, self.y).mean(axis=-1)
        return loss


class Direction(NamedTuple):
    """Some directions in the parameters of one layer: each weight, bias and scale up or down.

    Of the shapes (directions, fan_in, fan_out), (directions, 1, fan_out) and, if the layer has
    scales, the same again. One step h changes every pre-activation by about h times a typical input
    of the layer, whatever the layer's size.
    """

    weights: Array
    biases: Array
    scales: Array | None

    def along(self, gradient: Parameters, layer: int) -> tuple[Array, float]:
        """g . v for every direction, and the typical |g . v|: its root mean square."""
        parts = [(gradient.weights, self.weights), (gradient.biases, self.biases)]
        parts += [(gradient.scales, self.scales)] if self.scales is not None else []
        terms = [(kind[layer] * v).reshape(len(v), -1) for kind, v in parts]
        together = np.concatenate(terms, axis=1)
        return together.sum(axis=1), float(np.linalg.norm(together[0]))

    def moved(self, parameters: Parameters, layer: int, steps: Array) -> Parameters:
        """The network moved by every step in every direction, as replicas; steps come first.

        The replicas share all other layers.
        """

        def put(kind: tuple[Array, ...], v: Array | None) -> tuple[Array, ...]:
            if v is None:
                return kind
            moved = kind[layer] + steps[:, None, None, None] * v
            return (*kind[:layer], moved.reshape(-1, *v.shape[1:]), *kind[layer + 1 :])

        return replace(
            parameters,
            weights=put(parameters.weights, self.weights),
            biases=put(parameters.biases, self.biases),
            scales=put(parameters.scales, self.scales),
        )


def directions(parameters: Parameters, layer: int) -> Direction:
    """DIRECTIONS directions, the same whenever this network is checked."""
    rng = np.random.default_rng(layer)

    def up_or_down(like: Array) -> Array:
        return rng.choice([-1.0, 1.0], (DIRECTIONS, *like.shape[1:]))

    weights = up_or_down(parameters.weights[layer])
    scaled = layer < len(parameters.scales)
    return Direction(
        weights / np.sqrt(weights.shape[1]),
        up_or_down(parameters.biases[layer]),
        up_or_down(parameters.scales[layer]) if scaled else None,
    )


def check_layer(
    problem: Problem, gradient: Parameters, shaken: Sequence[Parameters], layer: int
) -> LayerCheck:
    """Compare the gradient of one layer's parameters (0 for layer 1) with both methods."""
    way = directions(problem.parameters, layer)
    ours, slope = way.along(gradient, layer)
    others = np.array([way.along(other, layer)[0] for other in shaken])
    theirs, blurs = differences(problem, way, layer)
    best = int(blurs.argmin())
    served = isfinite(blurs[best])
    return LayerCheck(
        layer=layer + 1,
        slope=slope,
        step=STEPS[best] if served else nan,
        blur=float(blurs[best]),
        rounding=float(share(np.abs(others - ours), slope).max()),
        difference=float(share(np.abs(theirs[best] - ours), slope).max()) if served else nan,
        complex=apart_of_complex(problem, way, layer, ours, slope),
    )


def share(values: Array, slope: float) -> Array:
    """These as shares of the slope; if that is 0, 0 stays 0 and anything else is infinite."""
    return values / slope if slope > 0 else np.where(values == 0, 0.0, inf)


def differences(problem: Problem, way: Direction, layer: int) -> tuple[Array, Array]:
    """What central differences say: (steps, directions), and how wrong each step may be: (steps,).

    The error is taken as the distance from the next smaller step, at least that of rounding, as a
    share of the result. Where a moved network has a pre-activation on another piece of the
    activation, it is infinite.
    """
    h = np.array(STEPS)
    through = problem.forward(way.moved(problem.parameters, layer, np.concatenate([h, -h])))
    up, down = problem.losses(through).reshape(2, len(h), DIRECTIONS)
    slopes = (up - down) / (2 * h[:, None])
    beside = np.abs(np.diff(slopes, axis=0)).max(axis=1)
    wrong = np.maximum([*beside, beside[-1]], problem.rounding() / h)
    size = np.sqrt((slopes**2).mean(axis=1))
    blurs = np.divide(wrong, size, out=np.full(len(h), inf), where=size > 0)
    for piece in problem.pieces(through)[layer:]:
        sides = piece.reshape(2, len(h), -1)
        blurs[(sides[0] != sides[1]).any(axis=1)] = inf
    return slopes, blurs


def apart_of_complex(
    problem: Problem, way: Direction, layer: int, ours: Array, slope: float
) -> float:
    """How far the gradient is from the complex step, as a share of the slope; else NaN."""
    written = problem.run.activation in ANALYTIC and problem.run.source.task in LOSS
    if not written or not (slope == 0 or FAINTEST < slope < WILDEST):
        return nan
    moved = way.moved(problem.parameters, layer, np.array([1j * COMPLEX_STEP]))
    theirs = problem.complex_losses(moved).imag / COMPLEX_STEP
    return float(share(np.abs(theirs - ours), slope).max())


def operations(run: RunSpec) -> float:
    """The average cost of checking one layer, in multiplications and additions."""
    data = run.source
    parameters = sum((m + 1) * n for m, n in pairwise(run.sizes(data.inputs, data.outputs)))
    return SAMPLES * DIRECTIONS * (2 * len(STEPS) + 4) * parameters


def checked_layers(run: RunSpec) -> list[int]:
    """The layers that are checked, 0 for layer 1: as many as the budget allows, evenly spread."""
    layers = run.depth + 1
    count = int(np.clip(MAX_OPERATIONS / operations(run), FEWEST_LAYERS, layers))
    return sorted({round(k) for k in np.linspace(0, layers - 1, min(count, layers))})


def seconds(run: RunSpec) -> float:
    """About how long a check takes on one core: the calls of array functions, and the products."""
    layers, each = len(checked_layers(run)), SAMPLES * DIRECTIONS * (2 * len(STEPS) + 4)
    calls = 1e-4 * layers * (run.depth + 1)
    return calls + layers * (1e-10 * operations(run) + 2e-8 * each * run.depth * run.width)
