"""What is measured in each layer, from one forward and one backward pass.

Arrays have shape (replicas, layers), layer 1 first and the output last. The error
signal is delta_l = dloss/dz_l of ONE sample: it is not divided by the number of samples.

Sums of squares are taken in float64, whatever the precision of the run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

import numpy as np

from core.arrays import Array
from core.nn.network import Error, Network, Parameters, Pass, ones, write_layer_gradient

SATURATED = 0.05
"""A unit's value counts as saturated where |f'(z)| is below this share of max |f'|."""

TOGETHER = 60_000
"""Layers are measured together up to about this many values: below it a call costs more."""

FAINT = 1e-280
"""A smaller sum of squares may have underflowed, and is recomputed from numbers scaled up."""
SCALE = 2.0**600

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Measures:
    """One row of numbers for every layer, each array of shape (replicas, layers).

    delta: root mean square of delta_l over samples and units.
    gradient_norm: Frobenius norm of dL/dW_l, L the mean loss.
    activation_mean, activation_std: of a_l over samples and units (at the output: of the
        prediction).
    signal: how much a_l varies from sample to sample: the standard deviation over the samples,
        root mean square over the units.
    saturated: share of (sample, unit) with |f'(z)| at most 5 % of the largest |f'|, or, if |f'|
        has no bound, with f'(z) = 0; 0 at the output.
    dead: share of units with f'(z) = 0 for every sample (for ReLU: z <= 0); 0 at the output.
    weights_part, activation_part: the factors whose product is rms delta_l / rms delta_(l+1):
        sqrt(n_(l+1) / n_l) |delta_(l+1) W^T| / |delta_(l+1)|, and
        |delta_(l+1) W^T * f'(z_l)| / |delta_(l+1) W^T|. NaN at the output, and where the error
        is exactly 0.
    norm_part: the third factor, what the normalization makes of the error; 1 without one.
    through, around: with skip connections the error that comes down is a sum, not a product: the
        size of what came through the weights and of what bypassed the layer above, both as
        multiples of rms delta_(l+1); without them weights_part and 0.
    """

    delta: Array
    gradient_norm: Array
    activation_mean: Array
    activation_std: Array
    signal: Array
    saturated: Array
    dead: Array
    weights_part: Array
    activation_part: Array
    norm_part: Array
    through: Array
    around: Array


def norms(parameters: Parameters) -> Array:
    """Frobenius norm of every weight matrix: (replicas, layers)."""
    return lengths(parameters.theta, parameters.starts[:-1])


def lengths(theta: Array, starts: Array) -> Array:
    """Frobenius norm of every weight matrix: (replicas, layers).

    theta: (replicas, parameters). starts: the columns where W_1, b_1, W_2, ... begin.
    """

    def squares(theta: Array) -> Array:
        parts = np.add.reduceat(np.multiply(theta, theta, dtype=float), starts, axis=1)
        of_weights: Array = parts[:, ::2]
        return of_weights

    total = squares(theta)
    faint = total < FAINT
    if not np.count_nonzero(faint):
        return np.sqrt(total)
    with np.errstate(over="ignore"):  # what is not faint may overflow now, and is not used
        scaled = np.sqrt(squares(np.multiply(theta, SCALE, dtype=float))) / SCALE
    return np.where(faint, scaled, np.sqrt(total))


def squares(values: Array) -> Array:
    """The sum of the squares over the last two axes: (..., samples, units) -> (...)."""
    *leading, samples, units = values.shape
    flat = values.reshape(*leading, samples * units)
    total: Array = np.vecdot(flat, flat, dtype=float)
    return total


def share(flags: Array) -> Array:
    """How many of the flags are set, over the last two axes: (..., samples, units) -> (...)."""
    *leading, samples, units = flags.shape
    flat = flags.reshape(*leading, samples * units)
    count: Array = flat.sum(axis=-1, dtype=np.int32)
    return np.asarray(count / flat.shape[-1])


def ratio(part: Array, whole: Array) -> Array:
    """part / whole; NaN where the whole is 0, or so small that the ratio overflows."""
    result = np.divide(part, whole, out=np.full_like(part, np.nan), where=whole > 0)
    result[np.isinf(result)] = np.nan
    return result


def batched(items: Iterable[T], count: int) -> Iterator[tuple[T, ...]]:
    """The items, `count` at a time."""
    iterator = iter(items)
    while batch := tuple(islice(iterator, count)):
        yield batch


def together(arrays: Sequence[Array]) -> Array:
    """Arrays of one shape as one, with an axis of layers in front."""
    joined = arrays[0] if len(arrays) == 1 else np.concatenate(arrays)
    return joined.reshape(len(arrays), *arrays[0].shape)


def measure(
    network: Network,
    through: Pass,
    delta: Array,
    prediction: Array,
    gradient: Parameters | None = None,
) -> Measures:
    """Measure every layer, and write the gradient of the summed loss into `gradient` if given.

    through: the forward pass. delta: (replicas, samples, outputs), the derivative of each sample's
    loss with respect to the output layer's pre-activations. prediction: the output layer's
    activation, of the same shape.
    """
    if gradient is None:
        gradient = network.parameters.like(np.empty_like(network.parameters.theta))
    errors, units = by_layer(network, through, delta, prediction, gradient)
    samples: int = delta.shape[1]
    count = samples * np.array([[z.shape[-1]] for z in through.z])
    size = np.sqrt(errors / count)
    faint = errors[:3] < FAINT
    if np.count_nonzero(faint) and delta.dtype == float:
        size[:3] = np.where(faint, faint_sizes(network, through, delta), size[:3])
    weights_part, activation_part, norm_part, through_part, around_part = parts(*size)
    mean, signal2, spread2, saturated, dead = units
    signal, spread = np.sqrt(np.array([signal2, spread2]) / count)
    return Measures(
        delta=size[0].T,
        gradient_norm=norms(gradient) / samples,
        activation_mean=mean.T,
        activation_std=np.hypot(signal, spread).T,
        signal=signal.T,
        saturated=saturated.T,
        dead=dead.T,
        weights_part=weights_part.T,
        activation_part=activation_part.T,
        norm_part=norm_part.T,
        through=through_part.T,
        around=around_part.T,
    )


# What follows has the layers first, (layers, replicas), in the order in which they are stacked.


def by_layer(
    network: Network, through: Pass, delta: Array, prediction: Array, gradient: Parameters
) -> tuple[Array, Array]:
    """`error_squares` and `activity` of every layer, and its gradient, on one walk back.

    Each of the two is (5, layers, replicas). A layer is measured on the way, while its arrays are
    still in the processor's caches.
    """
    errors, units = np.zeros((2, 5, len(through.z), len(delta)))
    walk = network.backward(through, delta)
    write_layer_gradient(next(walk), through, gradient)
    errors[0, -1], errors[1:, -1] = squares(delta), np.nan  # nothing is carried to the output
    units[:3, -1] = variation(prediction)
    for group in batched(walk, max(1, TOGETHER // through.z[0].size)):
        for error in group:
            write_layer_gradient(error, through, gradient)
        layers = slice(group[-1].layer, group[0].layer + 1)
        errors[:, layers] = error_squares(group[::-1])
        a, slope = together(through.a[1:][layers]), together(through.slope[layers])
        units[:, layers] = activity(a, slope, network.spec.max_slope)
    return errors, units


def error_squares(errors: Sequence[Error]) -> Array:
    """Sums of squares of delta, carried and passed, and of the parts through and around.

    delta, carried, passed: as in `Error`. through, around: of what is carried, the part that came
    through the weights and the part that bypassed the layer above.
    """
    delta = squares(together([e.delta for e in errors]))
    carried = squares(together([e.carried for e in errors if e.carried is not None]))
    plain = errors[0].passed is errors[0].delta
    passed = delta if plain else squares(together([e.passed for e in errors]))
    through, around = np.zeros((2, *delta.shape))
    for layer, e in enumerate(errors):
        if e.around is not None and e.carried is not None:
            through[layer], around[layer] = squares(e.carried - e.around), squares(e.around)
    return np.array([delta, carried, passed, through, around])


def activity(a: Array, slope: Array, steepest: float) -> Array:
    """The `variation` of the activations, and the shares of saturated and of dead units.

    a, slope: (layers, replicas, samples, units). steepest: the largest |f'|.
    """
    slope = np.abs(slope)
    flat = SATURATED * steepest if steepest < np.inf else 0
    silent = ones(slope.shape[-2], slope.dtype) @ slope == 0
    return np.array([*variation(a), share(slope <= flat), share(silent)])


def variation(a: Array) -> tuple[Array, Array, Array]:
    """The mean of activations (..., samples, units), and their variation in two parts.

    As sums of squares: how far each is from its unit's mean over the samples, and, once for every
    sample, how far the units' means are from the mean of all.
    """
    samples, units = a.shape[-2:]
    of_unit = ones(samples, a.dtype) @ a / samples
    of_all = of_unit.sum(axis=-1, keepdims=True) / units
    return of_all[..., 0, 0], squares(a - of_unit), samples * squares(of_unit - of_all)


def parts(delta: Array, carried: Array, passed: Array, through: Array, around: Array) -> Array:
    """The factors from layer to layer, in the order of `Measures`: (5, layers, replicas)."""
    above = np.concatenate([delta[1:], carried[-1:]])
    through = np.where(around == 0, carried, through)
    return ratio(
        np.array([carried, passed, delta, through, around]),
        np.array([above, carried, passed, above, above]),
    )


@np.errstate(over="ignore", invalid="ignore")  # what is not faint may overflow, and is not used
def faint_sizes(network: Network, through: Pass, delta: Array) -> Array:
    """rms of delta_l, of what is carried to l and of what f' passes, from scaled errors.

    Of shape (3, layers, replicas).
    """
    sizes = np.zeros((3, len(network.parameters.weights), len(delta)))
    for error in network.backward(through, delta * SCALE):
        parts = (error.delta, error.carried, error.passed)
        for size, part in zip(sizes, parts, strict=True):
            if part is not None:
                size[error.layer] = np.sqrt(squares(part) / part[0].size) / SCALE
    return sizes
