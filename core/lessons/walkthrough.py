"""One sample, slowly: every number in one step of gradient descent on one sample.

The numbers are those of `core.nn.network`, the code that trains. `by_hand` works the same ones out
again from their formulas, one product after the other,

    z_j = w_j1 a_1 + w_j2 a_2 + ... + b_j         a_j = f(z_j)          p = sigma(z)

    L = -y ln p - (1 - y) ln(1 - p)               delta = p - y         (output)

    delta_i = (w_1i delta_1 + w_2i delta_2 + ...) f'(z_i)               (hidden layers)

    dL/dw_ji = delta_j a_i                        dL/db_j = delta_j

    w - rate dL/dw                                b - rate dL/db

and `disagreement` says how far the two are apart. (Rumelhart, Hinton & Williams, Nature 323,
1986.) A weight w_ji leads to unit j from unit i of the layer before; in arrays it is [i, j].
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import exp, log1p

import numpy as np

from core.arrays import Array
from core.data.datasets import Task
from core.nn.losses import LOSSES
from core.nn.network import Network, NetworkSpec, Parameters, Rule, build, write_layer_gradient

INPUTS, MOST_LAYERS, MOST_UNITS = 2, 3, 3
DECIMALS = 2
"""Decimals to which random initial weights are rounded, so that they can be written by hand."""


@dataclass(frozen=True, eq=False)
class Layer:
    """Everything that one layer computes for one sample.

    Shapes: weights and what is named after them (fan_in, fan_out), inputs (fan_in,), all else
    (fan_out,). outputs: f(z), at the output layer sigma(z). slopes: f'(z), None at the output,
    whose delta has no such factor with cross-entropy. carried: dL/da, None at the output.
    """

    weights: Array
    biases: Array
    inputs: Array
    z: Array
    outputs: Array
    slopes: Array | None
    carried: Array | None
    delta: Array
    weight_gradient: Array
    bias_gradient: Array
    new_weights: Array
    new_biases: Array

    def arrays(self) -> dict[str, Array]:
        """Its numbers by name, without those it lacks."""
        return {name: value for name, value in vars(self).items() if value is not None}


@dataclass(frozen=True, eq=False)
class Walkthrough:
    """Forward pass, backward pass and one update, layer 1 first.

    loss_after: of the same sample, after the update.
    """

    layers: tuple[Layer, ...]
    target: float
    rate: float
    loss: float
    output_after: float
    loss_after: float

    @property
    def output(self) -> float:
        """The probability p that the network gives to class 1."""
        return float(self.layers[-1].outputs[0])

    @property
    def sizes(self) -> tuple[int, ...]:
        """Units of every layer, from the input to the output."""
        return (len(self.layers[0].inputs), *(len(layer.z) for layer in self.layers))


# Weights


def weight_key(layer: int, to: int, of: int) -> str:
    """The name of w_ji of layer l in a link, all counted from 1: `w2.13` to unit 1 from unit 3."""
    return f"w{layer}.{to}{of}"


def bias_key(layer: int, unit: int) -> str:
    return f"b{layer}.{unit}"


def parameter_keys(sizes: Sequence[int]) -> Iterator[tuple[str, int, tuple[int, ...]]]:
    """(name, index of the layer, index in its weights or biases) of every parameter."""
    for layer, (fan_in, fan_out) in enumerate(pairwise(sizes)):
        for j in range(fan_out):
            for i in range(fan_in):
                yield weight_key(layer + 1, j + 1, i + 1), layer, (i, j)
            yield bias_key(layer + 1, j + 1), layer, (j,)


LARGEST = (INPUTS, *[MOST_UNITS] * MOST_LAYERS, 1)
KEYS = tuple(key for key, _, _ in parameter_keys(LARGEST))
"""The names of every parameter of every network that can be chosen."""


def first_parameters(spec: NetworkSpec, seed: int, given: Mapping[str, float]) -> Parameters:
    """Random initial weights, rounded; `given` replaces some.

    One replica in double precision. Keys of `given` that this network lacks are ignored.
    """
    parameters = build(spec, INPUTS, 1, [np.random.default_rng(seed)]).parameters
    parameters.theta[:] = np.round(parameters.theta, DECIMALS) + 0.0  # no -0
    for key, layer, place in parameter_keys(parameters.sizes):
        if key in given:
            where = parameters.weights if len(place) == 2 else parameters.biases
            where[layer][(0, *place) if len(place) == 2 else (0, 0, *place)] = given[key]
    return parameters


# As the network computes it


def walk(network: Network, x: Sequence[float], y: float, rate: float) -> Walkthrough:
    """One step of gradient descent on the sample (x, y), by the code that trains.

    network: one replica with one output, read as the logit of class 1.
    """
    loss, parameters = LOSSES[Task.BINARY], network.parameters
    sample, target = np.array([x], float), np.array([[y]], float)
    through = network.forward(sample)
    gradient = parameters.like(np.zeros_like(parameters.theta))
    errors = {}
    for error in network.backward(through, loss.delta(through.output, target)):
        errors[error.layer] = error
        write_layer_gradient(error, through, gradient)
    after = parameters.like(parameters.theta - rate * gradient.theta)
    output_after = replace(network, parameters=after).forward(sample).output

    layers = []
    last = len(parameters.weights) - 1
    for k in range(last + 1):
        layers.append(
            Layer(
                weights=parameters.weights[k][0],
                biases=parameters.biases[k][0, 0],
                inputs=through.a[k].reshape(-1),
                z=through.z[k][0, 0],
                outputs=through.a[k + 1][0, 0] if k < last else loss.output(through.output)[0, 0],
                slopes=through.slope[k][0, 0] if k < last else None,
                carried=one_sample(errors[k].carried),
                delta=errors[k].delta[0, 0],
                weight_gradient=gradient.weights[k][0],
                bias_gradient=gradient.biases[k][0, 0],
                new_weights=after.weights[k][0],
                new_biases=after.biases[k][0, 0],
            )
        )
    return Walkthrough(
        layers=tuple(layers),
        target=y,
        rate=rate,
        loss=float(loss.value(through.output, target)[0, 0]),
        output_after=float(loss.output(output_after)[0, 0, 0]),
        loss_after=float(loss.value(output_after, target)[0, 0]),
    )


def one_sample(values: Array | None) -> Array | None:
    """(1, 1, units) -> (units,)."""
    return None if values is None else values[0, 0]


# As one computes it by hand


def logistic(z: float) -> float:
    return 1 / (1 + exp(-z)) if z > -700 else exp(z)


def entropy_of(z: float, y: float) -> float:
    """-y ln p - (1 - y) ln(1 - p) with p = sigma(z): ln p = -ln(1 + e^-z), ln(1 - p) = ln p - z."""
    log_p = -log1p(exp(-z)) if z >= 0 else z - log1p(exp(z))
    return -y * log_p - (1 - y) * (log_p - z)


def value_and_slope(rule: Rule, z: float) -> tuple[float, float]:
    f, df = rule(np.array([z]))
    return float(f[0]), float(df[0])


Matrix = list[list[float]]


def sums(weights: Matrix, biases: Sequence[float], a: Sequence[float]) -> list[float]:
    """z_j = w_j1 a_1 + ... + b_j, for every j."""
    return [
        sum(weights[i][j] * a[i] for i in range(len(a))) + biases[j] for j in range(len(biases))
    ]


def by_hand(given: Walkthrough, rule: Rule) -> Walkthrough:
    """The same numbers from the formulas alone; of `given` only the weights and the sample."""
    weights: list[Matrix] = [layer.weights.tolist() for layer in given.layers]
    biases: list[list[float]] = [layer.biases.tolist() for layer in given.layers]
    last = len(weights) - 1
    a: list[list[float]] = [given.layers[0].inputs.tolist()]
    z: list[list[float]] = []
    slopes: list[list[float]] = []
    for k in range(last):
        z.append(sums(weights[k], biases[k], a[k]))
        pairs = [value_and_slope(rule, value) for value in z[k]]
        a.append([f for f, _ in pairs])
        slopes.append([df for _, df in pairs])
    z.append(sums(weights[last], biases[last], a[last]))

    delta: list[list[float]] = [[] for _ in weights]
    carried: list[list[float]] = [[] for _ in weights]
    delta[last] = [logistic(z[last][0]) - given.target]
    for k in reversed(range(last)):
        carried[k] = [
            sum(w * d for w, d in zip(weights[k + 1][i], delta[k + 1], strict=True))
            for i in range(len(z[k]))
        ]
        delta[k] = [c * df for c, df in zip(carried[k], slopes[k], strict=True)]

    gradient = [[[d * value for d in delta[k]] for value in a[k]] for k in range(last + 1)]
    new_weights = [
        [
            [w - given.rate * g for w, g in zip(row, of_row, strict=True)]
            for row, of_row in zip(weights[k], gradient[k], strict=True)
        ]
        for k in range(last + 1)
    ]
    new_biases = [
        [b - given.rate * d for b, d in zip(biases[k], delta[k], strict=True)]
        for k in range(last + 1)
    ]
    after = output_of(new_weights, new_biases, a[0], rule)
    return Walkthrough(
        layers=tuple(
            Layer(
                weights=np.array(weights[k]),
                biases=np.array(biases[k]),
                inputs=np.array(a[k]),
                z=np.array(z[k]),
                outputs=np.array(a[k + 1] if k < last else [logistic(z[k][0])]),
                slopes=np.array(slopes[k]) if k < last else None,
                carried=np.array(carried[k]) if k < last else None,
                delta=np.array(delta[k]),
                weight_gradient=np.array(gradient[k]),
                bias_gradient=np.array(delta[k]),
                new_weights=np.array(new_weights[k]),
                new_biases=np.array(new_biases[k]),
            )
            for k in range(last + 1)
        ),
        target=given.target,
        rate=given.rate,
        loss=entropy_of(z[last][0], given.target),
        output_after=logistic(after),
        loss_after=entropy_of(after, given.target),
    )


def output_of(
    weights: Sequence[Matrix], biases: Sequence[Sequence[float]], x: Sequence[float], rule: Rule
) -> float:
    """z of the output, worked out unit by unit."""
    a = list(x)
    for k in range(len(weights) - 1):
        a = [value_and_slope(rule, z)[0] for z in sums(weights[k], biases[k], a)]
    return sums(weights[-1], biases[-1], a)[0]


def disagreement(one: Walkthrough, other: Walkthrough) -> float:
    """The largest difference of two numbers of the same name, relative where they exceed 1."""
    largest = 0.0
    for mine, its in zip(numbers(one), numbers(other), strict=True):
        difference = np.abs(mine - its) / np.maximum(1, np.abs(mine))
        largest = max(largest, float(difference.max()))
    return largest


def numbers(walkthrough: Walkthrough) -> Iterator[Array]:
    """All its numbers, in a fixed order."""
    for layer in walkthrough.layers:
        yield from layer.arrays().values()
    told = (walkthrough.loss, walkthrough.output_after, walkthrough.loss_after)
    yield np.array(told)
