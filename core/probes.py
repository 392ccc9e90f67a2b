"""What is measured in each layer, from one forward and one backward pass.

Arrays have shape (replicas, layers), layer 1 first and the output last. The error
signal is delta_l = dloss/dz_l of ONE sample: it is not divided by the number of samples.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from core.activations import ACTIVATIONS
from core.arrays import Array
from core.network import NetworkSpec, Parameters, Pass, backward, write_gradient

SATURATED = 0.05
"""A unit's value counts as saturated where |f'(z)| is below this share of max |f'|."""


@dataclass(frozen=True, eq=False)
class Measures:
    """One row of numbers for every layer, each array of shape (replicas, layers).

    delta: root mean square of delta_l over samples and units.
    gradient_norm: Frobenius norm of dL/dW_l, L the mean loss.
    activation_mean, activation_std: of a_l over samples and units (at the output: of the
        prediction).
    signal: how much a_l varies from sample to sample: the standard deviation over the samples,
        root mean square over the units.
    saturated: share of (sample, unit) with |f'(z)| at most 5 % of the largest |f'|; 0 at the
        output.
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


def rms(values: Array) -> Array:
    """Root mean square of all but the first axis: (replicas, ...) -> (replicas,)."""
    flat = values.reshape(len(values), -1)
    size: Array = np.sqrt(np.vecdot(flat, flat) / flat.shape[1])
    return size


def norm(values: Array) -> Array:
    """Euclidean norm of all but the first axis: (replicas, ...) -> (replicas,)."""
    flat = values.reshape(len(values), -1)
    size: Array = np.sqrt(np.vecdot(flat, flat))
    return size


def ratio(part: Array, whole: Array) -> Array:
    """part / whole; not a number where the whole is 0."""
    return np.divide(part, whole, out=np.full_like(part, np.nan), where=whole > 0)


def measure(
    spec: NetworkSpec, parameters: Parameters, run: Pass, delta: Array, prediction: Array
) -> Measures:
    """Measure every layer.

    delta: (replicas, samples, outputs), the derivative of each sample's loss by the sums of
    the output layer. prediction: the output layer's activation, of the same shape.
    """
    replicas, samples, _ = delta.shape
    layers = len(parameters.weights)
    steepest = ACTIVATIONS[spec.activation].max_slope
    table: dict[str, Any] = {f.name: np.zeros((replicas, layers)) for f in fields(Measures)}
    gradient = Parameters.of(np.empty_like(parameters.theta), parameters.sizes)

    above = np.full(replicas, np.nan)
    for error in backward(parameters, run, delta):
        layer = error.layer
        here = rms(error.delta)
        table["delta"][:, layer] = here
        carried = rms(error.carried) if error.carried is not None else np.full(replicas, np.nan)
        table["weights_part"][:, layer] = ratio(carried, above)
        table["activation_part"][:, layer] = ratio(here, carried)
        above = here
        write_gradient(error, run, gradient)
        table["gradient_norm"][:, layer] = norm(gradient.weights[layer]) / samples

    for layer, activation in enumerate([*run.a[1:], prediction]):
        flat = activation.reshape(replicas, -1)
        table["activation_mean"][:, layer] = flat.mean(axis=1)
        table["activation_std"][:, layer] = flat.std(axis=1)
        table["signal"][:, layer] = np.sqrt(activation.var(axis=1).mean(axis=1))
    for layer, slope in enumerate(run.slope):
        flat_slopes = np.abs(slope).reshape(replicas, -1)
        table["saturated"][:, layer] = (flat_slopes <= SATURATED * steepest).mean(axis=1)
        table["dead"][:, layer] = (~slope.any(axis=1)).mean(axis=1)
    return Measures(**table)
