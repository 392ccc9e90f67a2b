"""One sample by hand: the formulas of the page and the code that trains say the same numbers."""

from __future__ import annotations

from dataclasses import replace
from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.lessons.walkthrough import (
    KEYS,
    by_hand,
    disagreement,
    first_parameters,
    numbers,
    parameter_keys,
    walk,
)
from core.nn.activations import ACTIVATIONS
from core.nn.network import Network, NetworkSpec

CLOSE = 1e-12
numbers_of_a_sample = st.floats(-3, 3)
sizes = st.integers(1, 3)


def walked(spec, x=(1.0, 0.5), y=1.0, rate=0.1, seed=0, typed=None):
    parameters = first_parameters(spec, seed, typed or {})
    return walk(Network(spec, parameters), x, y, rate)


@given(
    st.sampled_from(list(ACTIVATIONS)),
    sizes,
    sizes,
    numbers_of_a_sample,
    numbers_of_a_sample,
    st.sampled_from([0.0, 1.0]),
    st.integers(0, 50),
)
def test_every_number_by_hand_is_that_of_the_network(activation, depth, width, x1, x2, y, seed):
    spec = NetworkSpec(activation=activation, depth=depth, width=width)
    sample = walked(spec, (x1, x2), y, 0.5, seed)
    assert disagreement(sample, by_hand(sample, spec.value_and_derivative)) <= CLOSE


def test_a_difference_in_any_number_is_seen():
    spec = NetworkSpec(depth=2, width=2)
    sample = walked(spec)
    assert disagreement(sample, sample) == 0
    for k, layer in enumerate(sample.layers):
        for name, values in layer.arrays().items():
            layers = list(sample.layers)
            layers[k] = replace(layer, **{name: values + 1e-6})
            assert disagreement(sample, replace(sample, layers=tuple(layers))) > 1e-7, name
    for name in ("loss", "output_after", "loss_after"):
        other = replace(sample, **{name: getattr(sample, name) + 1e-6})
        assert disagreement(sample, other) > 1e-7


def test_a_calculation_that_one_can_follow():
    """One unit of each kind, f(z) = z: everything can be worked out in the head.

    z1 = 2 * 1 + 1 * 3 + 0 = 5, a1 = 5, z2 = 0 * 5 + 0 = 0, p = 1/2, L = ln 2, delta2 = -1/2,
    dL/dw2 = -5/2, delta1 = 0, so that at rate 2 only w2 = 5 and b2 = 1 move: z2 = 5 * 5 + 1 = 26.
    """
    typed = {"w1.11": 2.0, "w1.12": 1.0, "w2.11": 0.0}
    spec = NetworkSpec(activation="identity", depth=1, width=1)
    sample = walked(spec, (1.0, 3.0), 1.0, 2.0, typed=typed)
    hidden, output = sample.layers
    assert hidden.z.tolist() == hidden.outputs.tolist() == [5.0]
    assert (sample.output, sample.loss) == (0.5, pytest.approx(log(2)))
    assert output.delta.tolist() == [-0.5]
    assert output.weight_gradient.tolist() == [[-2.5]]
    assert hidden.delta.tolist() == [0.0]
    assert output.new_weights.tolist() == [[5.0]]
    assert output.new_biases.tolist() == [1.0]
    assert hidden.new_weights.tolist() == hidden.weights.tolist()
    assert sample.output_after == pytest.approx(1 / (1 + np.exp(-26)))


@given(sizes, sizes, st.integers(0, 20))
def test_a_small_enough_step_lowers_the_loss(depth, width, seed):
    sample = walked(NetworkSpec(activation="tanh", depth=depth, width=width), rate=1e-3, seed=seed)
    assert sample.loss_after <= sample.loss


@pytest.mark.parametrize("x", [-800.0, 800.0])
@pytest.mark.parametrize("y", [0.0, 1.0])
def test_a_network_that_is_sure_has_finite_numbers(x, y):
    typed = {"w1.11": 10.0, "w1.12": 0.0, "w2.11": 10.0}
    spec = NetworkSpec(activation="identity", depth=1, width=1)
    sample = walked(spec, (x, 0.0), y, 0.0, typed=typed)
    hand = by_hand(sample, spec.value_and_derivative)
    assert all(np.isfinite(values).all() for values in numbers(hand))
    assert disagreement(sample, hand) <= CLOSE


def test_initial_weights_can_be_written_by_hand_and_come_from_the_seed():
    spec = NetworkSpec(depth=3, width=3)
    theta = first_parameters(spec, 4, {}).theta
    assert np.array_equal(theta, np.round(theta, 2))
    assert np.array_equal(theta, first_parameters(spec, 4, {}).theta)
    assert not np.array_equal(theta, first_parameters(spec, 5, {}).theta)
    assert not np.signbit(theta[theta == 0]).any()


@given(sizes, sizes)
def test_every_parameter_can_be_typed_and_reaches_its_place(depth, width):
    spec = NetworkSpec(depth=depth, width=width)
    keys = [key for key, _, _ in parameter_keys(spec.sizes(2, 1))]
    assert len(set(keys)) == len(keys)
    assert set(keys) <= set(KEYS)
    before = first_parameters(spec, 0, {})
    for key, layer, place in parameter_keys(spec.sizes(2, 1)):
        after = first_parameters(spec, 0, {key: 9.5})
        assert (after.theta != before.theta).sum() == 1
        values = after.weights[layer][0] if len(place) == 2 else after.biases[layer][0, 0]
        assert values[place] == 9.5


def test_a_number_typed_for_a_larger_network_is_passed_over():
    spec = NetworkSpec(depth=1, width=1)
    typed = first_parameters(spec, 0, {"w4.13": 5.0, "w2.12": 5.0})
    assert np.array_equal(typed.theta, first_parameters(spec, 0, {}).theta)
