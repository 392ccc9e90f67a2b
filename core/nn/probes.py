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
from core.nn.network import NetworkSpec, Parameters, Pass, backward, ones, write_gradient

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
    spec: NetworkSpec,
    parameters: Parameters,
    run: Pass,
    delta: Array,
    prediction: Array,
    gradient: Parameters | None = None,
) -> Measures:
    """Measure every layer, and write the gradient of the summed loss into `gradient` if given.

    delta: (replicas, samples, outputs), the derivative of each sample's loss by the sums of
    the output layer. prediction: the output layer's activation, of the same shape.
    """
    if gradient is None:
        gradient = Parameters.of(np.empty_like(parameters.theta), parameters.sizes)
    replicas, samples, outputs = delta.shape
    depth, width = len(run.slope), run.z[0].shape[-1]
    one: Array = ones(samples, delta.dtype)
    units: Array = np.array([[width]] * depth + [[outputs]])
    flat = SATURATED * spec.max_slope if spec.max_slope < np.inf else 0

    # Here layers come first: (layers, replicas), and of every unit (layers, replicas, 1, units).
    sums = np.zeros((7, depth + 1, replicas))
    delta2, carried2, passed2, through2, around2, signal2, spread2 = sums
    mean, saturated, dead = np.zeros((3, depth + 1, replicas))
    unit_mean, unit_slope = np.zeros((2, depth, replicas, 1, width), delta.dtype)

    walk = backward(parameters, run, delta, spec.normalization, spec.skip)
    write_gradient(next(walk), run, gradient)
    delta2[-1], sums[1:5, -1] = squares(delta), np.nan  # no layer hands anything to the output
    output_mean = one @ prediction / samples
    signal2[-1] = squares(prediction - output_mean)
    for errors in batched(walk, max(1, TOGETHER // run.z[0].size)):
        layers = slice(errors[-1].layer, errors[0].layer + 1)
        for error in errors:
            write_gradient(error, run, gradient)
        delta2[layers] = squares(together([e.delta for e in errors[::-1]]))
        carried2[layers] = squares(
            together([e.carried for e in errors[::-1] if e.carried is not None])
        )
        if spec.normalization is not None:
            passed2[layers] = squares(together([e.passed for e in errors[::-1]]))
        for error in errors if spec.skip else ():
            if error.around is not None and error.carried is not None:
                around2[error.layer] = squares(error.around)
                through2[error.layer] = squares(error.carried - error.around)
        a, slope = together(run.a[1:][layers]), np.abs(together(run.slope[layers]))
        unit_mean[layers] = one @ a / samples
        unit_slope[layers] = one @ slope
        signal2[layers] = squares(a - unit_mean[layers])
        saturated[layers] = share(slope <= flat)
    dead[:-1] = share(unit_slope == 0)
    for layers, means in ((slice(depth), unit_mean), (slice(depth, None), output_mean[None])):
        middle = means.mean(axis=(-2, -1), keepdims=True)
        mean[layers] = middle[..., 0, 0]
        spread2[layers] = samples * squares(means - middle)

    if spec.normalization is None:
        passed2[:-1] = delta2[:-1]
    np.copyto(through2, carried2, where=around2 == 0)

    sizes = np.sqrt(sums / (samples * units))
    faint = sums[:3] < FAINT
    if np.count_nonzero(faint) and delta.dtype == float:
        sizes[:3] = np.where(faint, sizes_of_faint(spec, parameters, run, delta), sizes[:3])
    size, carried, passed, through, around, signal, spread = sizes
    through = np.where(around == 0, carried, through)
    above = np.concatenate([size[1:], carried[-1:]])
    weights_part, activation_part, norm_part, through_part, around_part = ratio(
        np.array([carried, passed, size, through, around]),
        np.array([above, carried, passed, above, above]),
    )
    return Measures(
        delta=size.T,
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


@np.errstate(over="ignore", invalid="ignore")  # what is not faint may overflow, and is not used
def sizes_of_faint(spec: NetworkSpec, parameters: Parameters, run: Pass, delta: Array) -> Array:
    """rms of delta_l, of what is carried to l and of what f' passes, from scaled errors.

    Of shape (3, layers, replicas).
    """
    sizes = np.zeros((3, len(parameters.weights), len(delta)))
    for error in backward(parameters, run, delta * SCALE, spec.normalization, spec.skip):
        parts = (error.delta, error.carried, error.passed)
        for size, part in zip(sizes, parts, strict=True):
            if part is not None:
                size[error.layer] = np.sqrt(squares(part) / part[0].size) / SCALE
    return sizes
