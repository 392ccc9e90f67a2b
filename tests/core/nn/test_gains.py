"""The exact gains: against references, closed forms and what the theory says of them."""

from __future__ import annotations

import json
from dataclasses import replace
from math import asin, inf, isnan, pi, sqrt
from pathlib import Path

import numpy as np
import pytest

from core.nn.activations import ACTIVATIONS
from core.nn.gains import (
    backward_gain,
    forward_gain,
    gaussian_mean,
    mean_square,
    mean_square_slope,
    typical_slope,
)
from core.nn.own import own_activation
from core.nn.special import normal_cdf, normal_pdf

REFERENCE = json.loads(
    (Path(__file__).parents[2] / "reference" / "activations.json").read_text("utf-8")
)["activations"]
VARIANCES = (1e-6, 0.01, 0.5, 1.0, 10.0, 1e4)


@pytest.mark.parametrize("key", REFERENCE)
def test_moments_and_gains_agree_with_the_reference(key):
    a, expected = ACTIVATIONS[key], REFERENCE[key]
    knobs = expected["knobs"]
    none = inf if expected["gain_backward"] is None else expected["gain_backward"]
    assert mean_square(a, **knobs) == pytest.approx(expected["E_f2"], rel=1e-12)
    assert mean_square_slope(a, **knobs) == pytest.approx(expected["E_df2"], rel=1e-12)
    assert forward_gain(a, **knobs) == pytest.approx(expected["gain_forward"], rel=1e-12)
    assert backward_gain(a, **knobs) == pytest.approx(none, rel=1e-12)


@pytest.mark.parametrize("a", ACTIVATIONS.values(), ids=ACTIVATIONS.keys())
def test_gains_undo_what_the_activation_does_to_a_large_sample(a):
    z = np.random.default_rng(0).normal(size=200_000)
    f, df = a.value_and_derivative(z)
    assert forward_gain(a) ** 2 * np.mean(f * f) == pytest.approx(1, abs=0.03)
    if (gain := backward_gain(a)) < inf:
        assert gain**2 * np.mean(df * df) == pytest.approx(1, abs=0.03)
        assert typical_slope(a) == pytest.approx(1 / gain, rel=1e-14)
    assert typical_slope(a) <= a.max_slope


def test_no_weights_bring_back_the_error_that_a_step_has_blocked():
    assert backward_gain(ACTIVATIONS["step"]) == inf
    assert typical_slope(ACTIVATIONS["step"]) == 0


def test_relu_needs_the_gain_of_he_in_both_directions():
    assert forward_gain(ACTIVATIONS["relu"]) == pytest.approx(sqrt(2), rel=1e-14)
    assert backward_gain(ACTIVATIONS["relu"]) == pytest.approx(sqrt(2), rel=1e-14)


@pytest.mark.parametrize("key", ["identity", "relu", "leaky_relu", "prelu"])
def test_where_scaling_the_input_scales_the_output_one_gain_serves_both_directions(key):
    a = ACTIVATIONS[key]
    assert forward_gain(a) == pytest.approx(backward_gain(a), rel=1e-13)


@pytest.mark.parametrize("key", ["sigmoid", "tanh", "gelu", "silu", "elu"])
def test_elsewhere_no_gain_does(key):
    a = ACTIVATIONS[key]
    assert abs(forward_gain(a) / backward_gain(a) - 1) > 0.01


def test_selu_keeps_mean_and_variance_but_lets_the_error_grow():
    a = ACTIVATIONS["selu"]
    assert gaussian_mean(a.value) == pytest.approx(0, abs=1e-14)
    assert mean_square(a) == pytest.approx(1, rel=1e-13)
    assert mean_square_slope(a) == pytest.approx(1.0715749924558, rel=1e-12)


@pytest.mark.parametrize("q", VARIANCES)
def test_second_moments_agree_with_their_closed_forms(q):
    for key, square, square_of_slope in (
        ("relu", q / 2, 0.5),
        ("prelu", (1 + 0.25**2) * q / 2, (1 + 0.25**2) / 2),
        ("erf", 2 / pi * asin(2 * q / (1 + 2 * q)), 4 / pi / sqrt(1 + 4 * q)),
    ):
        assert mean_square(ACTIVATIONS[key], q) == pytest.approx(square, rel=1e-10)
        assert mean_square_slope(ACTIVATIONS[key], q) == pytest.approx(square_of_slope, rel=1e-10)
    gelu = q / 4 + q / (2 * pi) * asin(q / (1 + q)) + q * q / (pi * (1 + q) * sqrt(1 + 2 * q))
    assert mean_square(ACTIVATIONS["gelu"], q) == pytest.approx(gelu, rel=1e-10)


def test_two_curious_identities_hold():
    assert mean_square_slope(ACTIVATIONS["arctan"]) == pytest.approx(0.5, rel=1e-13)
    assert mean_square_slope(ACTIVATIONS["softplus"]) == pytest.approx(
        mean_square(ACTIVATIONS["sigmoid"]), rel=1e-14
    )


@pytest.mark.parametrize(
    ("q", "chi"), [(5.85540356441, 0.398879006544 / 16), (44.2074418253, 0.985806055482 / 100)]
)
def test_the_theory_of_wide_sigmoid_networks_is_met(q, chi):
    assert mean_square_slope(ACTIVATIONS["sigmoid"], q) == pytest.approx(chi, rel=1e-10)
    assert typical_slope(ACTIVATIONS["sigmoid"], q) == pytest.approx(sqrt(chi), rel=1e-10)


@pytest.mark.parametrize("q", VARIANCES)
def test_means_of_powers_are_exact(q):
    assert gaussian_mean(np.ones_like, q) == pytest.approx(1, rel=1e-14)
    assert gaussian_mean(lambda x: x, q) == pytest.approx(0, abs=1e-14 * sqrt(q))
    assert gaussian_mean(lambda x: x**2, q) == pytest.approx(q, rel=1e-13)
    assert gaussian_mean(lambda x: x**4, q) == pytest.approx(3 * q * q, rel=1e-13)


def test_a_jump_costs_no_accuracy_where_it_is_named():
    def jump(x):
        return np.heaviside(x - 0.3, 1.0)

    assert gaussian_mean(jump, 4.0, kinks=[0.3]) == pytest.approx(normal_cdf(-0.15), rel=1e-13)
    assert gaussian_mean(jump, 4.0) != pytest.approx(normal_cdf(-0.15), rel=1e-4)


def test_kinks_and_seams_of_an_activation_are_named():
    relu = ACTIVATIONS["relu"]
    square = (1 + 0.3**2) * normal_cdf(-0.3) - 0.3 * normal_pdf(0.3)
    for ends in ({"kinks": (0.3,), "seams": ()}, {"kinks": (), "seams": (0.3,)}):
        shifted = replace(relu, rule=lambda z: relu.rule(z - 0.3), **ends)
        assert mean_square(shifted) == pytest.approx(square, rel=1e-13)
        assert mean_square_slope(shifted) == pytest.approx(normal_cdf(-0.3), rel=1e-13)


def test_without_variance_the_mean_is_the_value_at_zero():
    assert gaussian_mean(np.cos, 0.0) == 1
    assert typical_slope(ACTIVATIONS["sigmoid"], 0.0) == 0.25


@pytest.mark.parametrize("q", [-1.0, inf, float("nan")])
def test_a_variance_is_finite_and_not_negative(q):
    with pytest.raises(ValueError, match="variance"):
        gaussian_mean(np.cos, q)


def test_gains_of_a_formula_are_right_however_steep_it_is_or_not_told():
    steep = own_activation("erf(1000 * x)")
    assert mean_square_slope(steep) == pytest.approx(4e6 / pi / sqrt(1 + 4e6), rel=1e-5)
    for text in ("1 / (x - 0.0123)", "sin(x) / cos(x)"):
        assert isnan(backward_gain(own_activation(text)))
