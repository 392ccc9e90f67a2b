"""What is measured in each layer, from one forward and one backward pass.

Arrays have shape (replicas, layers), layer 1 first and the output last. The error
signal is delta_l = dloss/dz_l of ONE sample: it is not divided by the number of samples.

Sums of squares are taken in float64, whatever the precision of the run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import TypeVar

import numpy as np

from core.arrays import Array
from core.network import NetworkSpec, Parameters, Pass, backward, ones, write_gradient

SATURATED = 0.05
"""A unit's value counts as saturated where |f'(z)| is below this share of max |f'|."""

TOGETHER = 2**14
"""Layers are measured together up to about this many values: below it a call costs more."""

FAINT = 1e-280
"""Where a sum of squares is smaller, squares have underflowed, and it is taken anew, scaled up."""
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
    weights_part, activation_part: the two factors whose product is rms delta_l / rms delta_(l+1):
        sqrt(n_(l+1) / n_l) |delta_(l+1) W^T| / |delta_(l+1)|, and
        |delta_(l+1) W^T * f'(z_l)| / |delta_(l+1) W^T|. Not a number at the output, and where
        the error is exactly 0.
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


def root(squares: Callable[[Array], Array], values: Array) -> Array:
    """The square root of squares(values), some sums of squares, right where squares underflow."""
    total = squares(values)
    faint = total < FAINT
    if not np.count_nonzero(faint):
        return np.sqrt(total)
    with np.errstate(all="ignore"):  # what is not faint may overflow now, and is not used
        scaled = np.sqrt(squares(np.multiply(values, SCALE, dtype=np.float64))) / SCALE
        return np.where(faint, scaled, np.sqrt(total))


def mean_square(values: Array) -> Array:
    """The mean of the squares over the last two axes: (..., samples, units) -> (...)."""
    flat = values.reshape(*values.shape[:-2], -1)
    mean: Array = np.vecdot(flat, flat, dtype=np.float64) / flat.shape[-1]
    return mean


def rms(values: Array) -> Array:
    """Root mean square over the last two axes: (..., samples, units) -> (...)."""
    return root(mean_square, values)


def norms(parameters: Parameters) -> Array:
    """Frobenius norm of every weight matrix: (replicas, layers)."""

    def squares(theta: Array) -> Array:
        parts = np.add.reduceat(np.multiply(theta, theta, dtype=float), parameters.starts, axis=1)
        of_weights: Array = parts[:, ::2]
        return of_weights

    return root(squares, parameters.theta)


def share(flags: Array) -> Array:
    """How many of the flags are set, over the last two axes: (..., samples, units) -> (...)."""
    flat = flags.reshape(*flags.shape[:-2], -1)
    count: Array = flat.sum(axis=-1, dtype=np.int32)
    return np.asarray(count / flat.shape[-1])


def ratio(part: Array, whole: Array) -> Array:
    """part / whole; not a number where the whole is 0."""
    return np.divide(part, whole, out=np.full_like(part, np.nan), where=whole > 0)


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
    replicas, samples, _ = delta.shape
    one, activations = ones(samples, delta.dtype), [*run.a[1:], prediction]
    flat = SATURATED * spec.max_slope if spec.max_slope < np.inf else 0

    # Here layers come first: (layers, replicas).
    size, carried, mean, signal, spread, saturated, dead = np.zeros(
        (7, len(parameters.weights), replicas)
    )
    walk = backward(parameters, run, delta)
    output = next(walk)
    hidden = batched(walk, max(1, TOGETHER // run.z[0].size))
    for errors in chain([(output,)], hidden):
        layers = slice(errors[-1].layer, errors[0].layer + 1)
        errors = errors[::-1]
        for error in errors:
            write_gradient(error, run, gradient)
        size[layers] = rms(together([error.delta for error in errors]))
        a = together(activations[layers])
        of_unit = one @ a / samples
        signal[layers] = mean_square(a - of_unit)
        mean[layers] = middle = of_unit.mean(axis=(-2, -1))
        spread[layers] = mean_square(of_unit - middle[..., None, None])
        if errors[-1] is output:
            carried[layers] = np.nan
            continue
        carried[layers] = rms(together([e.carried for e in errors if e.carried is not None]))
        slope = np.abs(together(run.slope[layers]))
        saturated[layers] = share(slope <= flat)
        dead[layers] = share(one @ slope == 0)

    return Measures(
        delta=size.T,
        gradient_norm=norms(gradient) / samples,
        activation_mean=mean.T,
        activation_std=np.sqrt(signal + spread).T,
        signal=np.sqrt(signal).T,
        saturated=saturated.T,
        dead=dead.T,
        weights_part=ratio(carried, np.roll(size, -1, axis=0)).T,
        activation_part=ratio(size, carried).T,
    )
