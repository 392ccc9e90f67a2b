"""What is measured in each layer, from one forward and one backward pass.

Arrays have shape (replicas, layers), layer 1 first and the output last. The error
signal is delta_l = dloss/dz_l of ONE sample: it is not divided by the number of samples.

Sums of squares are taken in float64, whatever the precision of the run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import islice
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
    """The square root of squares(values), some sum of squares, right where squares underflow."""
    total = squares(values)
    faint = total < FAINT
    if not np.count_nonzero(faint):
        return np.sqrt(total)
    with np.errstate(all="ignore"):  # what is not faint may overflow now, and is not used
        scaled = np.sqrt(squares(np.multiply(values, SCALE, dtype=np.float64))) / SCALE
        return np.where(faint, scaled, np.sqrt(total))


def rms(values: Array) -> Array:
    """Root mean square over the last two axes: (..., samples, units) -> (...)."""

    def mean_square(values: Array) -> Array:
        flat = values.reshape(*values.shape[:-2], -1)
        return np.asarray(np.vecdot(flat, flat, dtype=np.float64) / flat.shape[-1])

    return root(mean_square, values)


def norms(parameters: Parameters) -> Array:
    """Frobenius norm of every weight matrix: (replicas, layers)."""

    def squares(theta: Array) -> Array:
        square = np.multiply(theta, theta, dtype=np.float64)
        return np.asarray(np.add.reduceat(square, parameters.starts, axis=1)[:, ::2])

    return root(squares, parameters.theta)


def moments(a: Array) -> dict[str, Array]:
    """Mean and standard deviation over samples and units, and the signal, each of shape (...).

    The variance splits into that over the samples, which is the signal's square, and that of
    the units' means. So a spread of 1e-4 about 0.5 keeps its digits.
    """
    samples = a.shape[-2]
    of_unit = ones(samples, a.dtype) @ a / samples
    signal = rms(a - of_unit)
    mean = of_unit.mean(axis=(-2, -1), keepdims=True)
    return {
        "activation_mean": mean[..., 0, 0],
        "activation_std": np.hypot(signal, rms(of_unit - mean)),
        "signal": signal,
    }


def share(flags: Array) -> Array:
    """How many of the flags are set, over the last two axes: (..., samples, units) -> (...)."""
    rows = flags.reshape(-1, flags.shape[-2] * flags.shape[-1])
    counts = [np.count_nonzero(row) for row in rows]  # much faster than a sum along an axis
    return np.reshape(counts, flags.shape[:-2]) / rows.shape[1]


def ratio(part: Array, whole: Array) -> Array:
    """part / whole; not a number where the whole is 0."""
    return np.divide(part, whole, out=np.full_like(part, np.nan), where=whole > 0)


def batched(items: Iterable[T], count: int) -> Iterator[tuple[T, ...]]:
    """The items, `count` at a time."""
    iterator = iter(items)
    while batch := tuple(islice(iterator, count)):
        yield batch


def together(arrays: Sequence[Array]) -> Array:
    """Arrays of one shape as one array, with a leading axis more."""
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
    replicas, samples, _ = delta.shape
    if gradient is None:
        gradient = Parameters.of(np.empty_like(parameters.theta), parameters.sizes)
    table = {f.name: np.zeros((replicas, len(parameters.weights))) for f in fields(Measures)}
    flat = SATURATED * spec.max_slope if spec.max_slope < np.inf else 0

    def note(layers: list[int], **found: Array) -> None:
        for name, values in found.items():
            table[name][:, layers] = values.T

    walk = backward(parameters, run, delta)
    write_gradient(next(walk), run, gradient)
    note([-1], delta=rms(delta[None]), **moments(prediction[None]))
    carried = np.zeros((replicas, len(run.slope)))
    for errors in batched(walk, max(1, TOGETHER // run.z[0].size)):
        for error in errors:
            write_gradient(error, run, gradient)
        layers = [error.layer for error in errors]
        slope = np.abs(together([run.slope[layer] for layer in layers]))
        note(
            layers,
            delta=rms(together([error.delta for error in errors])),
            saturated=share(slope <= flat),
            dead=share(ones(samples, slope.dtype) @ slope == 0),
            **moments(together([run.a[layer + 1] for layer in layers])),
        )
        carried[:, layers] = rms(together([e.carried for e in errors if e.carried is not None])).T

    table["gradient_norm"] = norms(gradient) / samples
    for part in (table["weights_part"], table["activation_part"]):
        part[:, -1] = np.nan
    table["weights_part"][:, :-1] = ratio(carried, table["delta"][:, 1:])
    table["activation_part"][:, :-1] = ratio(table["delta"][:, :-1], carried)
    return Measures(**table)
