"""A multilayer perceptron, forwards and backwards, written out by hand.

Layer l = 1, ..., L has weights W_l and biases b_l; the last one is the output layer:

    z_l = a_(l-1) W_l + b_l        a_l = f(z_l)        a_0 = x

    delta_L = dloss/dz_L           delta_l = (delta_(l+1) W_(l+1)^T) * f'(z_l)

    dloss/dW_l = a_(l-1)^T delta_l          dloss/db_l = 1^T delta_l

With normalization (see `core.nn.normalization`) z_l = scale * n_l + b_l, where n_l are the
normalized sums a_(l-1) W_l, and delta_l is the derivative with respect to the sums. With skip
connections from layer 2 on a_l = f(z_l) + skip * a_(l-1) (He, Zhang, Ren & Sun, CVPR 2016): the
error has two ways down.

(Rumelhart, Hinton & Williams, Nature 323, 1986). Every array has a leading axis of
replicas: networks of one shape that differ in their seed and are trained side by side. A `Network`
holds all of them. In lists, layer 1 comes first, at index 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from itertools import accumulate, pairwise
from math import prod
from typing import Any, NamedTuple, Self

import numpy as np

from core.arrays import Array
from core.domain import Spec, choice, knobs, real, whole
from core.nn.activations import ACTIVATIONS
from core.nn.initializers import INITIALIZERS
from core.nn.normalization import (
    NORMALIZATIONS,
    Moments,
    Normalization,
    Normalized,
    back,
    moments,
    normalize,
)
from core.nn.own import activation_of, function

PRECISIONS = {"float64": np.float64, "float32": np.float32}
Rule = Callable[[Array], tuple[Array, Array]]
"""An activation, ready for training: z -> f(z), f'(z)."""


@dataclass(frozen=True)
class NetworkSpec(Spec):
    """What to build: `depth` hidden layers of `width` units, and an output layer.

    activation: a key of the catalogue, or a formula in its standard form. norm: how the hidden
    layers' pre-activations are normalized. skip: the factor by which the input of a hidden layer is
    multiplied before it is added to the output, from layer 2 on; 0 for no skip connections.
    """

    activation: str = function("sigmoid")
    knobs: tuple[tuple[str, float], ...] = knobs(ACTIVATIONS)
    initializer: str = choice("xavier", INITIALIZERS)
    gain: float = real(1.0, low=0.0, high=20.0)
    depth: int = whole(5, low=0, high=50, steps=(0, 1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 50))
    width: int = whole(8, low=1, high=256, steps=(1, 2, 3, 4, 6, 8, 12, 16, 32, 64, 128, 256))
    precision: str = choice("float64", PRECISIONS)
    norm: str = choice("none", NORMALIZATIONS)
    skip: float = real(0.0, low=0.0, high=2.0, steps=(0.0, 0.1, 0.25, 0.5, 1.0))

    def sizes(self, inputs: int, outputs: int) -> tuple[int, ...]:
        """Units of every layer, from the input to the output."""
        return (inputs, *[self.width] * self.depth, outputs)

    @cached_property
    def knob_values(self) -> dict[str, float]:
        """The knobs of the chosen activation, by their short names."""
        prefix = f"{self.activation}."
        return {k.removeprefix(prefix): v for k, v in self.knobs if k.startswith(prefix)}

    @cached_property
    def value_and_derivative(self) -> Rule:
        """The chosen activation, its knobs set: z -> (f(z), f'(z)), for arrays of floats."""
        activation = activation_of(self.activation)
        knobs = {knob.key: knob.default for knob in activation.knobs} | self.knob_values
        return partial(activation.rule, **knobs) if knobs else activation.rule

    @cached_property
    def normalization(self) -> Normalization | None:
        """How the hidden layers are normalized, None if they are not."""
        return NORMALIZATIONS[self.norm] if self.norm != "none" else None

    @cached_property
    def max_slope(self) -> float:
        """The largest |f'| of the chosen activation, its knobs set; 0 and infinity are possible.

        The entry knows it for its default knobs, and a knob can raise it only where two pieces
        of the formula meet.
        """
        activation = activation_of(self.activation)
        meeting = activation.derivative([*activation.kinks, *activation.seams], **self.knob_values)
        return float(np.abs(meeting).max(initial=activation.max_slope))


@lru_cache(maxsize=64)
def layout(
    sizes: tuple[int, ...], columns: int
) -> tuple[list[tuple[slice, tuple[int, int]]], Array]:
    """Where W_1, b_1, W_2, ..., b_L and the scales, if any, lie in theta; and `starts`."""
    shapes = [s for m, n in pairwise(sizes) for s in ((m, n), (1, n))]
    starts = np.cumsum([0, *(prod(shape) for shape in shapes)])
    starts.setflags(write=False)
    if columns > starts[-1]:
        shapes += [(1, n) for n in sizes[1:-1]]
    ends = accumulate((prod(shape) for shape in shapes), initial=0)
    return [(slice(*at), shape) for at, shape in zip(pairwise(ends), shapes, strict=True)], starts


@dataclass(frozen=True, eq=False)
class Parameters:
    """Weights and biases of all layers, as views into one array `theta`.

    theta: (replicas, parameters). weights[l]: (replicas, fan_in, fan_out).
    biases[l]: (replicas, 1, fan_out). scales[l]: (replicas, 1, width), of the hidden layers, if
    they are normalized. starts: the columns of theta where W_1, b_1, W_2, ..., b_L begin and where
    the scales begin. What is shaped like the parameters (a gradient, a step) is a `Parameters` too.
    """

    theta: Array
    weights: tuple[Array, ...]
    biases: tuple[Array, ...]
    scales: tuple[Array, ...]
    starts: Array

    @classmethod
    def of(cls, theta: Array, sizes: Sequence[int]) -> Self:
        """View `theta` as the parameters of a network with these layer sizes.

        It has scales if there are columns left for them.
        """
        replicas, columns = theta.shape
        parts, starts = layout(tuple(sizes), columns)
        views = [theta[:, at].reshape(replicas, *shape) for at, shape in parts]
        layers = 2 * (len(sizes) - 1)
        weights, biases = views[0:layers:2], views[1:layers:2]
        return cls(theta, tuple(weights), tuple(biases), tuple(views[layers:]), starts)

    @classmethod
    def zeros(
        cls, sizes: Sequence[int], replicas: int, dtype: Any = np.float64, *, scaled: bool = False
    ) -> Self:
        size = sum((m + 1) * n for m, n in pairwise(sizes)) + scaled * sum(sizes[1:-1])
        return cls.of(np.zeros((replicas, size), dtype), sizes)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Units of every layer, from the input to the output."""
        return (self.weights[0].shape[1], *(weight.shape[2] for weight in self.weights))

    def like(self, theta: Array) -> Self:
        """View another `theta` with the same layout."""
        return self.of(theta, self.sizes)

    def replica(self, r: int) -> Self:
        """One of the networks: a view with a leading axis of length 1."""
        return self.like(self.theta[r : r + 1])


@dataclass(frozen=True, eq=False)
class Pass:
    """One forward pass: z_1 .. z_L, activations a_0 .. a_(L-1), slopes f'(z_1) .. f'(z_(L-1)).

    Each array has shape (replicas, samples, units of its layer); of `a[0]`, the input, the
    replicas may be missing. normal, found: for normalized layers, the normalized sums, and the
    mean and variance that normalized them.
    """

    z: list[Array]
    a: list[Array]
    slope: list[Array]
    normal: list[Normalized]
    found: list[Moments]

    @property
    def output(self) -> Array:
        """z_L, the pre-activations of the output layer."""
        return self.z[-1]


class Error(NamedTuple):
    """The error signal at one layer.

    layer: the layer's index in the lists, 0 for layer 1.
    delta: dloss/ds_l, where s_l is the sum a_(l-1) W_l (+ b_l): what goes back through the weights.
    carried: dloss/da_l = delta_(l+1) W_(l+1)^T, and with skip connections also what bypasses the
    layer above, before the slope multiplies it; None at the output.
    passed: dloss/dz_l = carried * f'(z_l), which is delta where nothing is normalized.
    around: the part of `carried` that bypasses the layer above; None without skip connections.
    """

    layer: int
    delta: Array
    carried: Array | None
    passed: Array
    around: Array | None = None


@dataclass(frozen=True, eq=False)
class Network:
    """Networks of one spec, side by side, with their parameters.

    running: with batch normalization, the running mean and variance of every hidden layer, each
    of shape (replicas, 1, width); else ().
    """

    spec: NetworkSpec
    parameters: Parameters
    running: tuple[Moments, ...] = ()

    def forward(self, x: Array) -> Pass:
        """Send `x`, (samples, inputs) or (replicas, samples, inputs), through, as in training."""
        return self._forward(x, ())

    def judge(self, x: Array) -> Pass:
        """As `forward`, but sample by sample: normalized by the running averages, if any."""
        return self._forward(x, self.running)

    def _forward(self, x: Array, running: Sequence[Moments]) -> Pass:
        spec, parameters = self.spec, self.parameters
        value_and_derivative, norm = spec.value_and_derivative, spec.normalization
        z: list[Array] = []
        a, slope = [x], []
        normal: list[Normalized] = []
        found: list[Moments] = []
        last = len(parameters.weights) - 1
        for layer, (weight, bias) in enumerate(
            zip(parameters.weights, parameters.biases, strict=True)
        ):
            total = a[-1] @ weight
            if norm is not None and layer < last:
                found.append(running[layer] if running else moments(total, norm.axis))
                normal.append(normalize(total, found[-1]))
                total = normal[-1].values * parameters.scales[layer]
            total += bias
            z.append(total)
            if layer < last:
                value, derivative = value_and_derivative(total)
                if spec.skip and layer > 0:
                    value = value + spec.skip * a[-1]
                a.append(value)
                slope.append(derivative)
        return Pass(z, a, slope, normal, found)

    def backward(self, through: Pass, delta: Array) -> Iterator[Error]:
        """Walk from the output, where the error is `delta`, back to layer 1."""
        parameters, norm, skip = self.parameters, self.spec.normalization, self.spec.skip
        last = len(parameters.weights) - 1
        yield Error(last, delta, None, delta)
        carried = around = None
        for layer in reversed(range(last)):
            if skip and carried is not None:
                around = skip * carried
            carried = delta @ parameters.weights[layer + 1].mT
            if around is not None:
                carried = carried + around
            delta = passed = carried * through.slope[layer]
            if norm is not None:
                delta = back(passed * parameters.scales[layer], through.normal[layer], norm.axis)
            yield Error(layer, delta, carried, passed, around)

    def write_gradient(self, through: Pass, delta: Array, gradient: Parameters) -> None:
        """Write the gradient of the loss summed over the samples into `gradient`."""
        for error in self.backward(through, delta):
            write_layer_gradient(error, through, gradient)

    @np.errstate(all="ignore")  # initial weights may be too large
    def begin(self, x: Array) -> None:
        """Initialize the running averages with the mean and variance of all samples `x`."""
        for running, new in zip(self.running, self.forward(x).found, strict=False):
            running.mean[:], running.variance[:] = new

    def remember(self, found: Sequence[Moments]) -> None:
        """Update the running averages with the mean and variance of a batch."""
        for running, new in zip(self.running, found, strict=False):
            running.follow(new)

    def rest(self, replica: int) -> None:
        """Set one network to zero weights, and its running averages to mean 0 and variance 1."""
        self.parameters.theta[replica] = 0
        for mean, variance in self.running:
            mean[replica], variance[replica] = 0, 1

    def replica(self, r: int) -> Self:
        """One of the networks: a view with a leading axis of length 1."""
        one = slice(r, r + 1)
        running = tuple(Moments(mean[one], variance[one]) for mean, variance in self.running)
        return type(self)(self.spec, self.parameters.replica(r), running)

    def copy(self) -> Self:
        """A copy of the networks as they are now."""
        parameters = self.parameters.like(self.parameters.theta.copy())
        running = tuple(Moments(mean.copy(), variance.copy()) for mean, variance in self.running)
        return type(self)(self.spec, parameters, running)


def build(
    spec: NetworkSpec, inputs: int, outputs: int, rngs: Sequence[np.random.Generator]
) -> Network:
    """Untrained networks, one replica for each generator, which draws its initial weights.

    Biases are 0, scales 1; running averages are mean 0 and variance 1 until they `begin`.
    """
    sizes = spec.sizes(inputs, outputs)
    norm, dtype = spec.normalization, PRECISIONS[spec.precision]
    parameters = Parameters.zeros(sizes, len(rngs), dtype, scaled=norm is not None)
    for scale in parameters.scales:
        scale[:] = 1
    initializer = INITIALIZERS[spec.initializer]
    for replica, rng in enumerate(rngs):
        for weight, (m, n) in zip(parameters.weights, pairwise(sizes), strict=True):
            weight[replica] = initializer.weights(rng, m, n, spec.gain)
    remembers = norm is not None and norm.remembers
    shape = (len(rngs), 1, spec.width)
    running = (Moments(np.zeros(shape, dtype), np.ones(shape, dtype)) for _ in range(spec.depth))
    return Network(spec, parameters, tuple(running) if remembers else ())


@lru_cache(maxsize=64)
def ones(samples: int, dtype: np.dtype[Any]) -> Array:
    """1^T, a row of ones. Times an array it sums over the samples, faster than `sum` does."""
    row = np.ones((1, samples), dtype)
    row.setflags(write=False)
    return row


def write_layer_gradient(error: Error, through: Pass, gradient: Parameters) -> None:
    """Write the gradient of the summed loss with respect to the parameters of one layer."""
    layer, delta, passed = error.layer, error.delta, error.passed
    row = ones(delta.shape[1], delta.dtype)
    np.matmul(through.a[layer].mT, delta, out=gradient.weights[layer])
    np.matmul(row, passed, out=gradient.biases[layer])
    if layer < len(through.normal):
        np.matmul(row, passed * through.normal[layer].values, out=gradient.scales[layer])
