"""The chain of single units: a product of factors is the gradient, and a measurement agrees."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.lessons.chain import (
    CHAIN,
    central_difference,
    chain_loss,
    chain_parameters,
    open_interval,
    places,
    widest_interval,
    width_of,
)
from core.lessons.walkthrough import walk
from core.nn.activations import ACTIVATIONS, sigmoid
from core.nn.network import Network, NetworkSpec

four = st.lists(st.floats(-3, 3), min_size=CHAIN, max_size=CHAIN)
SMOOTH = [key for key, entry in ACTIVATIONS.items() if not entry.kinks and not entry.seams]


def chained(weights, biases, x, y, activation="sigmoid"):
    spec = NetworkSpec(activation=activation)
    network = Network(spec, chain_parameters(weights, biases))
    return walk(network, [x], y, 0.1), spec.value_and_derivative


@given(
    st.sampled_from(list(ACTIVATIONS)), four, four, st.floats(-3, 3), st.sampled_from([0.0, 1.0])
)
def test_the_product_of_the_factors_is_the_gradient(activation, weights, biases, x, y):
    chain, rule = chained(weights, biases, x, y, activation)
    for place in places(chain, rule):
        assert place.product == pytest.approx(place.gradient, rel=1e-9, abs=1e-300)


@given(st.sampled_from(SMOOTH), four, four, st.floats(-3, 3), st.sampled_from([0.0, 1.0]))
def test_a_central_difference_measures_the_same(activation, weights, biases, x, y):
    chain, rule = chained(weights, biases, x, y, activation)
    for place in places(chain, rule):
        scale = max(1.0, abs(chain.loss), abs(place.product))
        assert abs(place.product - place.difference) <= 1e-5 * scale**3


def test_the_places_go_from_the_output_back_and_each_has_its_factors():
    chain, rule = chained([1, 2, 3, 4], [0, 0, 0, 0], 0.5, 0.0)
    found = places(chain, rule)
    assert [(p.kind, p.layer) for p in found] == [
        (kind, layer) for layer in (4, 3, 2, 1) for kind in ("weight", "bias")
    ]
    first = next(p for p in found if (p.kind, p.layer) == ("weight", 1))
    assert [(kind, layer) for kind, layer, _ in first.factors] == [
        ("error", 4), ("weight", 4), ("slope", 3), ("weight", 3), ("slope", 2),
        ("weight", 2), ("slope", 1), ("input", 0),
    ]  # fmt: skip
    assert [value for kind, _, value in first.factors if kind == "weight"] == [4, 3, 2]


def test_the_chain_is_evaluated_on_its_own_and_equals_the_network():
    chain, rule = chained([1.5, -2, 0.5, 3], [0.1, 0.2, -0.3, 0.4], 0.7, 1.0)
    own = chain_loss([1.5, -2, 0.5, 3], [0.1, 0.2, -0.3, 0.4], 0.7, 1.0, rule)
    assert own == pytest.approx(chain.loss, rel=1e-14)


def test_a_wrong_gradient_would_be_told_by_the_measurement():
    weights, biases = [1.0] * CHAIN, [0.0] * CHAIN
    chain, rule = chained(weights, biases, 1.0, 0.0)
    by_w1 = central_difference(weights, biases, 1.0, 0.0, rule, "weight", 1)
    by_w2 = central_difference(weights, biases, 1.0, 0.0, rule, "weight", 2)
    assert by_w1 != pytest.approx(by_w2, rel=0.1)
    assert all(place.apart < 1e-6 for place in places(chain, rule))


def test_two_gradients_of_zero_do_not_differ():
    chain, rule = chained([1, 1, 1, 0], [0] * 4, 1.0, 0.0)
    first = [place for place in places(chain, rule) if place.layer == 1]
    assert [place.apart for place in first] == [0.0, 0.0]


@given(st.floats(4.001, 50), st.sampled_from([-1, 1]), st.floats(-20, 20))
def test_at_the_ends_of_the_interval_the_factor_is_1(size, sign, b):
    w = sign * size
    low, high = open_interval(w, b)
    slopes = sigmoid(np.array([w * low + b, w * high + b, w * (low + high) / 2 + b]))[1]
    assert abs(w) * slopes[:2] == pytest.approx(1, rel=1e-6)
    assert abs(w) * slopes[2] >= 1
    assert high - low == pytest.approx(width_of(w), rel=1e-6)


@pytest.mark.parametrize("w", [0.0, 3.999, -3.999, float("inf"), float("nan")])
def test_a_small_weight_has_no_interval(w):
    assert open_interval(w, 0.0) is None


def test_the_widest_interval_is_that_of_nielsens_exercise():
    assert widest_interval() == (
        pytest.approx(6.894151032, abs=1e-6),
        pytest.approx(0.447743204694, abs=1e-11),
    )
