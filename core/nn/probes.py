"""What is measured in each layer, from one forward and one backward pass.

Arrays have shape (replicas, layers), layer 1 first and the output last. The error
signal is delta_l = dloss/dz_l of ONE sample: it is not divided by the number of samples.

Sums of squares are taken in float64, whatever the precision of the run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple, TypeVar

import numpy as np

from core.arrays import Array
from core.nn.network import Network, Parameters, Pass, ones, write_layer_gradient

SATURATED = 0.05
"""A unit's value counts as saturated where |f'(z)| is below this share of max |f'|."""

TOGETHER = 30_000
"""Layers are measured together up to about this many values: below it a call costs more."""

FAINT = 1e-280
"""A smaller sum of squares may have underflowed, and is taken anew of numbers scaled up."""
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
        |delta_(l+1) W^T * f'(z_l)| / |delta_(l+1) W^T|. Not a number at the output, and where
        the error is exactly 0.
    norm_part: the third factor, what the normalization makes of the error; 1 without one.
    through, around: with skip connections the error that comes down is a sum, not a product: the
        size of what came through the weights and of what came around the layer above, both as
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
    """part / whole; not a number where the whole is 0, or so small that this has no bound."""
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
    loss by the sums of the output layer. prediction: the output layer's activation, of the same
    shape.
    """
    if gradient is None:
        gradient = network.parameters.like(np.empty_like(network.parameters.theta))
    size = error_sizes(network, through, delta, gradient)
    units = activity(through, prediction, network.spec.max_slope)
    weights_part, activation_part, norm_part, through_part, around_part = parts(size)
    return Measures(
        delta=size.delta.T,
        gradient_norm=norms(gradient) / delta.shape[1],
        activation_mean=units.mean.T,
        activation_std=np.hypot(units.signal, units.spread).T,
        signal=units.signal.T,
        saturated=units.saturated.T,
        dead=units.dead.T,
        weights_part=weights_part.T,
        activation_part=activation_part.T,
        norm_part=norm_part.T,
        through=through_part.T,
        around=around_part.T,
    )


# What follows has the layers first, (layers, replicas), as the layers are what it goes through.


class Sizes(NamedTuple):
    """The error in every layer, as root mean square over samples and units: (layers, replicas).

    delta, carried, passed: as in `Error`. through, around: of what is carried, the part that came
    through the weights and the part that came around the layer above. Nothing is carried to the
    output layer, where all but delta is not a number.
    """

    delta: Array
    carried: Array
    passed: Array
    through: Array
    around: Array


def error_sizes(network: Network, through: Pass, delta: Array, gradient: Parameters) -> Sizes:
    """Walk back through the layers, write the gradient of each, and measure the error there."""
    replicas, samples, outputs = delta.shape
    depth, width = len(through.slope), through.z[0].shape[-1]
    sums = np.zeros((5, depth + 1, replicas))
    delta2, carried2, passed2, through2, around2 = sums
    walk = network.backward(through, delta)
    write_layer_gradient(next(walk), through, gradient)
    delta2[-1], sums[1:, -1] = squares(delta), np.nan
    for errors in batched(walk, at_once(through)):
        for error in errors:
            write_layer_gradient(error, through, gradient)
            if error.around is not None and error.carried is not None:
                around2[error.layer] = squares(error.around)
                through2[error.layer] = squares(error.carried - error.around)
        upwards = errors[::-1]
        layers = slice(upwards[0].layer, upwards[-1].layer + 1)
        delta2[layers] = squares(together([e.delta for e in upwards]))
        carried2[layers] = squares(together([e.carried for e in upwards if e.carried is not None]))
        if through.normal:
            passed2[layers] = squares(together([e.passed for e in upwards]))
    if not through.normal:
        passed2[:-1] = delta2[:-1]

    units: Array = np.array([[width]] * depth + [[outputs]])
    sizes = np.sqrt(sums / (samples * units))
    faint = sums[:3] < FAINT
    if np.count_nonzero(faint) and delta.dtype == float:
        sizes[:3] = np.where(faint, sizes_of_faint(network, through, delta), sizes[:3])
    size = Sizes(*sizes)
    return size._replace(through=np.where(size.around == 0, size.carried, size.through))


@np.errstate(over="ignore", invalid="ignore")  # what is not faint may overflow, and is not used
def sizes_of_faint(network: Network, through: Pass, delta: Array) -> Array:
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


def parts(size: Sizes) -> Array:
    """The factors from layer to layer, in the order of `Measures`: (5, layers, replicas)."""
    above = np.concatenate([size.delta[1:], size.carried[-1:]])
    return ratio(
        np.array([size.carried, size.passed, size.delta, size.through, size.around]),
        np.array([above, size.carried, size.passed, above, above]),
    )


class Activity(NamedTuple):
    """What the units do, each (layers, replicas), the output layer's prediction last.

    mean: of all activations. signal, spread: their standard deviation has two parts, how much a
    unit varies over the samples and how much the units' means differ. saturated, dead: as in
    `Measures`.
    """

    mean: Array
    signal: Array
    spread: Array
    saturated: Array
    dead: Array


def activity(through: Pass, prediction: Array, steepest: float) -> Activity:
    """Measure the activations and slopes of a forward pass, `steepest` being the largest |f'|."""
    replicas, samples, outputs = prediction.shape
    depth, width = len(through.slope), through.z[0].shape[-1]
    one: Array = ones(samples, prediction.dtype)
    flat = SATURATED * steepest if steepest < np.inf else 0

    signal2, spread2, mean, saturated, dead = np.zeros((5, depth + 1, replicas))
    unit_mean, unit_slope = np.zeros((2, depth, replicas, 1, width), prediction.dtype)
    count = at_once(through)
    for layers in (slice(k, min(k + count, depth)) for k in range(0, depth, count)):
        a, slope = together(through.a[1:][layers]), np.abs(together(through.slope[layers]))
        unit_mean[layers] = one @ a / samples
        unit_slope[layers] = one @ slope
        signal2[layers] = squares(a - unit_mean[layers])
        saturated[layers] = share(slope <= flat)
    dead[:-1] = share(unit_slope == 0)
    output_mean = one @ prediction / samples
    signal2[-1] = squares(prediction - output_mean)
    for layers, means in ((slice(depth), unit_mean), (slice(depth, None), output_mean[None])):
        middle = means.mean(axis=(-2, -1), keepdims=True)
        mean[layers] = middle[..., 0, 0]
        spread2[layers] = samples * squares(means - middle)

    units: Array = np.array([[width]] * depth + [[outputs]])
    signal, spread = np.sqrt(np.array([signal2, spread2]) / (samples * units))
    return Activity(mean, signal, spread, saturated, dead)


def at_once(through: Pass) -> int:
    """How many layers are measured together."""
    return max(1, TOGETHER // through.z[0].size)
