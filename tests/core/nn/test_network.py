"""The network, forwards and back: against other libraries, against differences, and by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from math import exp, log
from pathlib import Path

import numpy as np
import pytest

from core.data.datasets import Task
from core.nn.activations import ACTIVATIONS
from core.nn.losses import LOSSES
from core.nn.network import Network, NetworkSpec, Parameters, build

REFERENCE = json.loads(
    (Path(__file__).parents[2] / "reference" / "networks.json").read_text("utf-8")
)
EVERY = pytest.mark.parametrize("key", ACTIVATIONS)
OUTPUTS = {Task.BINARY: 1, Task.CLASSES: 3, Task.REGRESSION: 2}


def generators(seed, replicas=1):
    return [np.random.default_rng(seed + r) for r in range(replicas)]


def gradient_of(network, x, y, loss):
    """The gradient of the mean loss, written by the core."""
    gradient = network.parameters.like(np.zeros_like(network.parameters.theta))
    run = network.forward(x)
    network.write_gradient(run, loss.delta(run.output, y), gradient)
    gradient.theta[...] /= x.shape[-2]
    return gradient


def answers(task, samples, rng):
    if task is Task.BINARY:
        return rng.integers(0, 2, (samples, 1)).astype(float)
    if task is Task.CLASSES:
        return np.eye(OUTPUTS[task])[rng.integers(0, OUTPUTS[task], samples)]
    return rng.uniform(-1, 1, (samples, OUTPUTS[task]))


# --- against other libraries -------------------------------------------------------------------


def reference_parameters():
    """Those of the network of the references, whose W is the transpose of ours: z = W a + b."""
    sizes = REFERENCE["network"]["sizes"]
    parameters = Parameters.zeros(sizes, 1)
    for layer, (fan_in, fan_out) in enumerate(pairwise(sizes), start=1):
        r, c = np.mgrid[:fan_out, :fan_in]
        parameters.weights[layer - 1][0] = 0.7 * np.sin(1 + r + 2 * c + 3 * layer).T
        parameters.biases[layer - 1][0, 0] = 0.1 * np.cos(np.arange(fan_out) + layer)
    return parameters


def test_the_references_are_of_activations_that_exist():
    """One that has none yet is checked like all others by differences, below."""
    assert set(REFERENCE["activations"]) <= set(ACTIVATIONS)


@pytest.mark.parametrize("key", REFERENCE["activations"])
def test_the_pass_forwards_and_back_agrees_with_the_reference(key):
    row = REFERENCE["activations"][key]
    knobs = tuple((f"{key}.{knob}", value) for knob, value in sorted(row["knobs"].items()))
    spec = NetworkSpec(activation=key, knobs=knobs)
    network, loss = Network(spec, reference_parameters()), LOSSES[Task.CLASSES]
    x = np.array(REFERENCE["network"]["x"])
    y = np.eye(3)[REFERENCE["network"]["classes"]]

    def equal(ours, theirs):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-15)

    def frobenius(arrays):
        return [np.linalg.norm(array) for array in arrays]

    run = network.forward(x)
    equal(loss.value(run.output, y).mean(), row["loss"])
    errors = list(network.backward(run, loss.delta(run.output, y)))[::-1]
    equal(frobenius(delta / 2 for _, delta, *_ in errors), row["delta_fro"])
    equal(frobenius(carried / 2 for _, _, carried, *_ in errors[:-1]), row["grad_a_fro"])
    gradient = gradient_of(network, x, y, loss)
    one, two, three = (weights[0].T for weights in gradient.weights)
    equal(frobenius(gradient.weights), row["grad_W_fro"])
    equal([one[0, 0], one[3, 2]], [row["dW1_00"], row["dW1_32"]])
    equal([two[1, 1], three[2, 0]], [row["dW2_11"], row["dW3_20"]])
    equal(gradient.biases[0][0, 0], row["db1"])


# --- by hand -----------------------------------------------------------------------------------


def test_a_network_small_enough_to_calculate_by_hand():
    # One sample x = (1, 2) with y = 0, two sigmoid units, one output.
    #
    #   W1 = (1  -1)   b1 = (0.5, 0)      z1 = (1 + 2*0.25 + 0.5, -1 + 2*0.5 + 0) = (2, 0)
    #        (0.25  0.5)                  a1 = (s(2), s(0)) = (0.880797, 0.5)
    #
    #   W2 = ( 2)      b2 = 0.25          z2 = 2 * 0.880797 - 1 * 0.5 + 0.25 = 1.511594
    #        (-1)                         p  = s(1.511594) = 0.819297
    #
    #   loss = -ln(1 - p) = ln(1 + e^z2) = 1.710902
    #   delta2 = p - y = 0.819297
    #   dW2 = a1 delta2 = (0.721635, 0.409649)      db2 = 0.819297
    #   carried = delta2 W2 = (1.638595, -0.819297)
    #   f'(z1) = a1 (1 - a1) = (0.104994, 0.25)
    #   delta1 = carried f'(z1) = (0.172042, -0.204824)
    #   dW1 = x delta1 = (0.172042  -0.204824)      db1 = delta1
    #                    (0.344084  -0.409649)
    parameters = Parameters.zeros((2, 2, 1), 1)
    parameters.weights[0][0] = [[1, -1], [0.25, 0.5]]
    parameters.biases[0][0] = [[0.5, 0]]
    parameters.weights[1][0] = [[2], [-1]]
    parameters.biases[1][0] = [[0.25]]
    x, y, loss = np.array([[1.0, 2.0]]), np.array([[0.0]]), LOSSES[Task.BINARY]

    network = Network(NetworkSpec(activation="sigmoid"), parameters)
    run = network.forward(x)
    a = 1 / (1 + exp(-2))
    z2 = 2 * a - 0.25
    p = 1 / (1 + exp(-z2))
    np.testing.assert_allclose(run.z[0], [[[2, 0]]], atol=1e-15)
    np.testing.assert_allclose(run.a[0], x)
    np.testing.assert_allclose(run.a[1], [[[a, 0.5]]])
    np.testing.assert_allclose(run.slope[0], [[[a * (1 - a), 0.25]]])
    np.testing.assert_allclose(run.output, [[[z2]]])
    np.testing.assert_allclose(loss.value(run.output, y), [[log(1 + exp(z2))]])
    np.testing.assert_allclose(loss.value(run.output, y), 1.710902, atol=1e-6)

    gradient = gradient_of(network, x, y, loss)
    np.testing.assert_allclose(gradient.weights[1], [[[a * p], [0.5 * p]]])
    np.testing.assert_allclose(gradient.weights[1].ravel(), [0.721635, 0.409649], atol=1e-6)
    np.testing.assert_allclose(gradient.biases[1], [[[p]]])
    one, two = 2 * p * a * (1 - a), -p * 0.25
    np.testing.assert_allclose(gradient.weights[0], [[[one, two], [2 * one, 2 * two]]])
    np.testing.assert_allclose(
        gradient.weights[0], [[[0.172042, -0.204824], [0.344084, -0.409649]]], atol=1e-6
    )
    np.testing.assert_allclose(gradient.biases[0], [[[one, two]]])


# --- against differences -----------------------------------------------------------------------


def example_away_from_kinks(key, task):
    """Network and data: no z within reach of a kink of the activation."""
    spec = NetworkSpec(activation=key, depth=2, width=4)
    kinks = np.array([*ACTIVATIONS[key].kinks, *ACTIVATIONS[key].seams, 1e9])
    for seed in range(200):
        rng = np.random.default_rng(seed)
        x, y = rng.normal(size=(5, 3)), answers(task, 5, rng)
        network = build(spec, 3, OUTPUTS[task], generators(seed))
        theta = network.parameters.theta
        theta += 0.3 * rng.normal(size=theta.shape)
        hidden = np.concatenate([z.ravel() for z in network.forward(x).z[:-1]])
        if np.abs(hidden[:, None] - kinks).min() > 0.01:
            return network, x, y
    raise AssertionError("no example")


@EVERY
@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_the_gradient_is_the_slope_in_random_directions(key, loss):
    network, x, y = example_away_from_kinks(key, loss.task)
    gradient = gradient_of(network, x, y, loss).theta[0]
    theta = network.parameters.theta.copy()
    rng, h = np.random.default_rng(0), 1e-5

    def mean_loss(theta):
        moved = replace(network, parameters=network.parameters.like(theta))
        return loss.value(moved.forward(x).output, y).mean()

    for _ in range(4):
        direction = rng.normal(size=theta.shape)
        direction /= np.linalg.norm(direction)
        slope = (mean_loss(theta + h * direction) - mean_loss(theta - h * direction)) / (2 * h)
        assert abs(slope - direction[0] @ gradient) <= 1e-7 * max(np.linalg.norm(gradient), 1e-2)


COMPLEX = {
    "identity": lambda z: z,
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": np.tanh,
    "silu": lambda z: z / (1 + np.exp(-z)),
    "mish": lambda z: z * np.tanh(np.log(1 + np.exp(z))),
    "softplus": lambda z: np.log(1 + np.exp(z)),
    "gelu_tanh": lambda z: 0.5 * z * (1 + np.tanh((2 / np.pi) ** 0.5 * (z + 0.044715 * z**3))),
    "gaussian": lambda z: np.exp(-z * z),
    "sine": np.sin,
    "arctan": np.arctan,
    "lecun_tanh": lambda z: 1.7159 * np.tanh(2 / 3 * z),
}


def textbook_loss(theta, sizes, x, y, f):
    """Mean binary cross-entropy with the textbook's formulas, for complex parameters too."""
    a, at = x, 0
    for layer, (fan_in, fan_out) in enumerate(pairwise(sizes)):
        w = theta[at : at + fan_in * fan_out].reshape(fan_in, fan_out)
        b = theta[at + fan_in * fan_out : at + (fan_in + 1) * fan_out]
        at += (fan_in + 1) * fan_out
        z = a @ w + b
        a = f(z) if layer < len(sizes) - 2 else z
    p = 1 / (1 + np.exp(-a))
    return -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean()


def complex_step(theta, sizes, x, y, f, count):
    """The derivatives of the first `count` parameters: no difference is taken, nothing cancels."""
    h, slopes = 1e-30, []
    for k in range(count):
        shifted = theta.astype(complex)
        shifted[k] += 1j * h
        slopes.append(textbook_loss(shifted, sizes, x, y, f).imag / h)
    return np.array(slopes)


def small_problem(spec, seed=0):
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(-1, 1, (6, 2)), rng.integers(0, 2, (6, 1)).astype(float)
    network = build(spec, 2, 1, generators(seed))
    theta = network.parameters.theta
    theta += 0.1 * rng.normal(size=theta.shape)
    return network, x, y


@pytest.mark.parametrize("key", COMPLEX)
def test_the_gradient_of_smooth_networks_agrees_with_the_complex_step(key):
    spec = NetworkSpec(activation=key, depth=3, width=3)
    network, x, y = small_problem(spec)
    parameters = network.parameters
    ours = gradient_of(network, x, y, LOSSES[Task.BINARY]).theta[0]
    theirs = complex_step(parameters.theta[0], parameters.sizes, x, y, COMPLEX[key], ours.size)
    np.testing.assert_allclose(ours, theirs, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("depth", [15, 20, 40])
def test_where_differences_drown_in_rounding_the_vanished_gradient_is_still_right(depth):
    spec = NetworkSpec(activation="sigmoid", depth=depth, width=10)
    network, x, y = small_problem(spec)
    parameters = network.parameters
    gradient = gradient_of(network, x, y, LOSSES[Task.BINARY])
    ours = gradient.weights[0].ravel()
    assert 0 < np.abs(ours).max() < 1e-8
    f = COMPLEX["sigmoid"]
    theirs = complex_step(parameters.theta[0], parameters.sizes, x, y, f, ours.size)
    np.testing.assert_allclose(ours, theirs, rtol=1e-11)
    if depth >= 20:  # central differences see noise there, or nothing at all
        h, theta, k = 1e-5, parameters.theta[0], int(np.abs(ours).argmax())
        unit = h * np.eye(theta.size)[k]
        sizes = parameters.sizes
        difference = (
            textbook_loss(theta + unit, sizes, x, y, f)
            - textbook_loss(theta - unit, sizes, x, y, f)
        ) / (2 * h)
        assert abs(difference - ours[k]) > 0.5 * abs(ours[k])


# --- parameters, replicas, shapes --------------------------------------------------------------


def test_weights_and_biases_are_views_into_one_array():
    parameters = Parameters.zeros((2, 3, 1), 2)
    assert parameters.theta.shape == (2, 2 * 3 + 3 + 3 * 1 + 1)
    assert [w.shape for w in parameters.weights] == [(2, 2, 3), (2, 3, 1)]
    assert [b.shape for b in parameters.biases] == [(2, 1, 3), (2, 1, 1)]
    assert parameters.sizes == (2, 3, 1)
    for number, part in enumerate([*parameters.weights, *parameters.biases], start=1):
        assert np.shares_memory(part, parameters.theta)
        part[...] = number
    np.testing.assert_array_equal(parameters.theta[1], [1] * 6 + [3] * 3 + [2] * 3 + [4])
    parameters.theta[...] = 7
    assert (parameters.weights[1] == 7).all()


def test_no_parameter_belongs_to_two_arrays():
    parameters = Parameters.of(np.arange(2.0 * 51).reshape(2, 51), (3, 4, 4, 3))
    parts = [*parameters.weights, *parameters.biases]
    everything = np.concatenate([part.reshape(2, -1) for part in parts], axis=1)
    np.testing.assert_array_equal(np.sort(everything, axis=1), parameters.theta)


@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_biases_begin_at_zero_and_weights_have_the_precision_asked_for(precision):
    spec = NetworkSpec(precision=precision, depth=2, width=3)
    network = build(spec, 2, 1, generators(0, 2))
    parameters = network.parameters
    assert parameters.theta.dtype == precision
    assert not any(bias.any() for bias in parameters.biases)
    assert all(weight.any() for weight in parameters.weights)
    run = network.forward(np.ones((4, 2), precision))
    assert {array.dtype for array in [*run.z, *run.a, *run.slope]} == {np.dtype(precision)}


def test_each_replica_is_drawn_from_its_own_generator():
    spec = NetworkSpec(depth=2, width=3)
    together = build(spec, 2, 1, generators(5, 3)).parameters
    for replica in range(3):
        alone = build(spec, 2, 1, generators(5 + replica)).parameters
        np.testing.assert_array_equal(together.theta[replica], alone.theta[0])
    assert len({row.tobytes() for row in together.theta}) == 3


@pytest.mark.parametrize("depth", [0, 1, 3])
def test_a_replica_sees_its_own_data_or_those_of_all(depth):
    spec = NetworkSpec(activation="tanh", depth=depth, width=5)
    network = build(spec, 2, 1, generators(0, 3))
    x = np.random.default_rng(0).normal(size=(3, 7, 2))
    each = network.forward(x)
    for replica in range(3):
        shared = network.forward(x[replica])
        np.testing.assert_array_equal(each.output[replica], shared.output[replica])


@pytest.mark.parametrize("norm", ["none", "batch", "layer"])
def test_one_replica_of_a_network_is_a_view_and_a_copy_is_none(norm):
    spec = NetworkSpec(activation="tanh", depth=2, width=4, norm=norm)
    network = build(spec, 2, 1, generators(0, 3))
    x = np.random.default_rng(0).normal(size=(6, 2))
    view, copy = network.replica(1), network.replica(1).copy()
    network.remember(network.forward(x).found)
    network.parameters.theta[1] += 0.25
    for seen in (network.replica(1), view):
        np.testing.assert_array_equal(seen.forward(x).output, network.forward(x).output[1:2])
        np.testing.assert_array_equal(seen.judge(x).output, network.judge(x).output[1:2])
    first = build(spec, 2, 1, generators(1))
    np.testing.assert_array_equal(copy.judge(x).output, first.judge(x).output)
    assert len(copy.running) == len(network.running) == 2 * (norm == "batch")


@EVERY
def test_the_pass_has_the_lists_and_shapes_declared(key):
    spec = NetworkSpec(activation=key, depth=3, width=4)
    network = build(spec, 2, 1, generators(0, 2))
    run = network.forward(np.random.default_rng(0).normal(size=(5, 2)))
    assert [z.shape for z in run.z] == [(2, 5, 4)] * 3 + [(2, 5, 1)]
    assert [a.shape for a in run.a[1:]] == [s.shape for s in run.slope] == [(2, 5, 4)] * 3
    for z, a, slope in zip(run.z[:-1], run.a[1:], run.slope, strict=True):
        np.testing.assert_array_equal(a, ACTIVATIONS[key].value(z))
        np.testing.assert_array_equal(slope, ACTIVATIONS[key].derivative(z))
    errors = list(network.backward(run, np.ones((2, 5, 1))))
    assert [layer for layer, *_ in errors] == [3, 2, 1, 0]
    assert [delta.shape for _, delta, *_ in errors] == [(2, 5, 1)] + [(2, 5, 4)] * 3
    assert [carried is None for _, _, carried, *_ in errors] == [True, False, False, False]


def test_neither_pass_changes_what_it_is_given():
    spec = NetworkSpec(activation="tanh", depth=2, width=4)
    network = build(spec, 2, 1, generators(0, 2))
    parameters = network.parameters
    x, delta = np.ones((5, 2)), np.ones((2, 5, 1))
    theta = parameters.theta.copy()
    run = network.forward(x)
    kept = [array.copy() for array in [*run.z, *run.a, *run.slope]]
    gradient = Parameters.zeros(parameters.sizes, 2)
    network.write_gradient(run, delta, gradient)
    np.testing.assert_array_equal(parameters.theta, theta)
    np.testing.assert_array_equal(delta, np.ones((2, 5, 1)))
    np.testing.assert_array_equal(x, np.ones((5, 2)))
    for before, after in zip(kept, [*run.z, *run.a, *run.slope], strict=True):
        np.testing.assert_array_equal(before, after)


def test_a_gradient_is_written_whole_whatever_stood_there():
    spec = NetworkSpec(activation="tanh", depth=2, width=4)
    network = build(spec, 2, 1, generators(0))
    run = network.forward(np.ones((5, 2)))
    clean, used = (Parameters.zeros(network.parameters.sizes, 1) for _ in range(2))
    used.theta[...] = np.nan
    for gradient in (clean, used):
        network.write_gradient(run, np.ones((1, 5, 1)), gradient)
    np.testing.assert_array_equal(clean.theta, used.theta)


def test_without_hidden_layers_it_is_a_perceptron():
    spec = NetworkSpec(depth=0)
    network = build(spec, 2, 1, generators(0))
    parameters = network.parameters
    assert parameters.sizes == (2, 1)
    parameters.biases[0][...] = 0.5
    x = np.random.default_rng(0).normal(size=(6, 2))
    run = network.forward(x)
    np.testing.assert_allclose(run.output[0], x @ parameters.weights[0][0] + 0.5)
    assert (len(run.a), run.slope) == (1, [])
    y, loss = answers(Task.BINARY, 6, np.random.default_rng(1)), LOSSES[Task.BINARY]
    gradient = gradient_of(network, x, y, loss)
    delta = loss.delta(run.output, y)[0]
    np.testing.assert_allclose(gradient.weights[0][0], x.T @ delta / 6)
    np.testing.assert_allclose(gradient.biases[0][0], [delta.mean(axis=0)])


def test_the_gain_of_a_spec_multiplies_the_initial_weights():
    spec = NetworkSpec(depth=2, width=4)
    one, three = (
        build(replace(spec, gain=g), 2, 1, generators(0)).parameters.theta for g in (1.0, 3.0)
    )
    np.testing.assert_allclose(three, 3 * one, rtol=1e-14)
