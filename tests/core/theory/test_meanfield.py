"""The theory of wide random networks, against references, closed forms and random networks."""

import json
from math import acos, asin, inf, log, pi, sqrt
from pathlib import Path

import numpy as np
import pytest

from core.nn.activations import ACTIVATIONS
from core.nn.own import own_activation
from core.theory.meanfield import MeanField, Phase, diagram, edge_of_chaos, pair_mean

REFERENCE = json.loads(
    (Path(__file__).parents[2] / "reference" / "meanfield.json").read_text("utf-8")
)
POINTS = REFERENCE["fixed_points"]


def layers(key, weights, biases=0.0, **knobs):
    return MeanField(ACTIVATIONS[key], weights, biases, knobs)


def named(row):
    return f"{row['activation']}-{row['sigma_w2']:g}-{row.get('sigma_b2', 0):g}"


def close(value, reference):
    return value == pytest.approx(reference, rel=1e-9, abs=1e-9)


# --- references ---------------------------------------------------------------------------------


@pytest.mark.parametrize("row", POINTS, ids=named)
def test_fixed_points_slopes_and_depth_scales_are_those_of_the_reference(row):
    found = layers(row["activation"], row["sigma_w2"], row["sigma_b2"])
    assert close(found.length, row["q_star"])
    assert close(found.chi_1, row["chi_1"])
    assert found.phase == row["phase"]
    values = {
        "chi_q": lambda: found.length_slope(found.length),
        "xi_q": lambda: found.length_scale,
        "c_star": lambda: found.correlation,
        "xi_c": lambda: found.correlation_scale,
    }
    for name, value in values.items():
        if name in row:
            assert close(value(), row[name]), name


@pytest.mark.parametrize("row", REFERENCE["c_star_zero"], ids=named)
def test_without_biases_odd_functions_decorrelate_any_two_samples(row):
    found = layers(row["activation"], row["sigma_w2"])
    assert found.correlation == 0
    assert close(found.correlation_slope(0.0, found.length), row["chi_c_star"])
    assert close(found.correlation_scale, row["xi_c"])


@pytest.mark.parametrize("key", REFERENCE["edge_of_chaos"])
def test_on_the_edge_of_chaos_the_error_keeps_its_size(key):
    for row in REFERENCE["edge_of_chaos"][key]:
        found = layers(key, row["sigma_w2"], row["sigma_b2"])
        assert found.chi_1 == pytest.approx(1, abs=1e-8)
        assert found.length == pytest.approx(row["q_star"], abs=1e-6)


@pytest.mark.parametrize("key", REFERENCE["unstable_edge"])
def test_an_edge_knows_where_its_signal_does_not_stay(key):
    for row in REFERENCE["unstable_edge"][key]:
        found = layers(key, row["sigma_w2"], row["sigma_b2"])
        assert close(found.chi(row["q_star"]), 1)
        assert close(found.length_slope(row["q_star"]), row["chi_q"])
        edge = edge_of_chaos(ACTIVATIONS[key])
        nearest = edge[np.abs(np.log(edge[:, 0] / row["q_star"])).argmin()]
        assert nearest[1] == pytest.approx(row["sigma_w2"], rel=0.05)
        assert bool(nearest[3]) == (row["chi_q"] < 1)


@pytest.mark.parametrize("case", REFERENCE["depth_sequences"], ids=named)
def test_layer_by_layer_signal_and_error_are_those_of_the_reference(case):
    found = layers(case["activation"], case["sigma_w2"], case["sigma_b2"])
    lengths = found.lengths(case["q1"], max(row["l"] for row in case["rows"]))
    for row in case["rows"]:
        assert close(lengths[row["l"] - 1], row["q"])
        assert close(found.errors(lengths[: row["l"]])[0] ** 2, row["prod_chi"])


# --- closed forms -------------------------------------------------------------------------------


@pytest.mark.parametrize("c", [-1, -0.99, -0.5, 0, 0.3, 0.9, 0.99, 0.9999, 1])
def test_relu_correlations_follow_the_arc_cosine_kernel(c):
    """Cho & Saul, NIPS 2009."""
    relu = layers("relu", 2.0)
    value = (sqrt(1 - c * c) + c * (pi - acos(c))) / pi
    assert relu.correlation_map(c, 3.0) == pytest.approx(value, abs=1e-11)
    if abs(c) < 1:
        assert relu.correlation_slope(c, 3.0) == pytest.approx((pi - acos(c)) / pi, abs=1e-11)


@pytest.mark.parametrize("q", [0.01, 1, 30])
@pytest.mark.parametrize("c", [-0.9, 0, 0.5, 0.999])
def test_erf_correlations_follow_the_arc_sine_kernel(q, c):
    """Williams, NIPS 1996."""
    erf = layers("erf", 1.0)
    value = 2 / pi * asin(2 * q * c / (1 + 2 * q))
    assert erf.pair_mean(erf.f, q, c) == pytest.approx(value, abs=1e-11)


def test_critical_relu_networks_make_samples_alike_but_slowly():
    relu, c, gaps = layers("relu", 2.0), 0.5, {}
    for layer in range(1, 21):
        c = relu.correlation_map(c, 1.0)
        gaps[layer] = 1 - c
    for row in REFERENCE["relu_correlation"]:
        if 1 <= row["l"] <= 20:
            assert close(gaps[row["l"]], row["one_minus_c"])


def test_relus_edge_of_chaos_is_a_single_point():
    edge = edge_of_chaos(ACTIVATIONS["relu"])
    assert edge[:, 1] == pytest.approx(2)
    assert edge[:, 2] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(("key", "spread"), [("identity", 2), ("relu", 5)])
def test_finite_width_spreads_linear_layers_by_2_and_relu_by_5_over_n(key, spread):
    found = layers(key, 1.0)
    assert found.unevenness(1.0) == pytest.approx(spread)
    total = found.spread(np.ones(8), 50)[0]
    assert total == pytest.approx(0.5 * sqrt(8 * spread / 50))


# --- every activation ---------------------------------------------------------------------------


@pytest.mark.parametrize("key", ACTIVATIONS)
def test_the_slope_of_each_map_is_its_derivative(key):
    found = layers(key, 1.3, 0.1)
    h = 1e-5
    if key != "step":  # its mean square does not depend on the variance
        slope = (found.length_map(1 + h) - found.length_map(1 - h)) / (2 * h)
        assert found.length_slope(1.0) == pytest.approx(slope, abs=1e-6)
        rise = (found.correlation_map(0.4 + h, 1.0) - found.correlation_map(0.4 - h, 1.0)) / (2 * h)
        assert found.correlation_slope(0.4, 1.0) == pytest.approx(rise, abs=1e-6)


@pytest.mark.parametrize("key", ACTIVATIONS)
def test_perfectly_correlated_samples_are_one_sample(key):
    found = layers(key, 1.0)
    assert pair_mean(found.f, 0.7, 1.0, found.bends) == pytest.approx(found.length_map(0.7))
    near = pair_mean(found.f, 0.7, 1 - 1e-9, found.bends)
    assert near == pytest.approx(found.length_map(0.7), rel=1e-3)


@pytest.mark.parametrize("key", ACTIVATIONS)
@pytest.mark.parametrize("weights", [0.5, 1.5, 4.0])
def test_the_length_map_leaves_its_fixed_point_where_it_is(key, weights):
    found = layers(key, weights, 0.1)
    if found.length == inf:
        assert found.phase is Phase.UNBOUNDED
        assert found.length_map(1e6) > 1e6
    elif found.length > 0:
        assert found.length_map(found.length) == pytest.approx(found.length, rel=1e-9)


@pytest.mark.parametrize("key", ["tanh", "sigmoid", "relu", "selu", "hard_tanh"])
def test_the_diagram_agrees_with_single_points(key):
    weights, biases = np.array([0.4, 1.3, 2.7]), np.array([0.02, 0.4])
    found = diagram(ACTIVATIONS[key], weights, biases)
    for i, b in enumerate(biases):
        for j, w in enumerate(weights):
            exact = layers(key, w, b).chi_1
            assert np.isnan(found.chi_1[i, j]) == np.isnan(exact)
            if np.isfinite(exact):
                assert found.chi_1[i, j] == pytest.approx(exact, rel=2e-3)


# --- random networks ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "weights"), [("sigmoid", 1.0), ("tanh", 1.0), ("relu", 2.0), ("relu", 1.0), ("selu", 1)]
)
def test_random_networks_of_width_300_do_what_the_theory_says(key, weights):
    width, depth, networks = 300, 12, 24
    found = layers(key, weights)
    rng = np.random.default_rng(5)
    ratios = []
    for _ in range(networks):
        z = rng.normal(0, 1, width)
        slopes, matrices = [], []
        for _ in range(depth):
            slopes.append(found.slope(z))
            matrices.append(rng.normal(0, sqrt(weights / width), (width, width)))
            z = found.f(z) @ matrices[-1]
        delta = rng.normal(0, 1, width)
        last = np.linalg.norm(delta)
        for slope, matrix in zip(slopes[::-1], matrices[::-1], strict=True):
            delta = (matrix @ delta) * slope
        ratios.append(log(np.linalg.norm(delta) / last))
    lengths = found.lengths(1.0, depth)
    spread = found.spread(lengths, width)[0]
    expected = log(found.errors(lengths)[0]) - spread**2
    assert abs(np.mean(ratios) - expected) < 4 * spread / sqrt(networks) + 0.1
    assert 0.6 * spread < np.std(ratios) < 1.6 * spread


# --- formulas -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "key"), [("tanh(x)", "tanh"), ("max(0, x)", "relu"), ("x * sigmoid(x)", "silu")]
)
def test_the_theory_of_a_formula_is_that_of_the_same_function(text, key):
    own, known = MeanField(own_activation(text), 1.5, 0.1), layers(key, 1.5, 0.1)
    assert own.defined
    assert own.length == pytest.approx(known.length, rel=1e-9)
    assert own.chi_1 == pytest.approx(known.chi_1, rel=1e-9)
    assert own.correlation_map(0.3, 1.0) == pytest.approx(known.correlation_map(0.3, 1.0), rel=1e-9)


@pytest.mark.parametrize("text", ["log(x + 6.5)", "sqrt(x + 7)", "x * exp(x) / (1 + exp(x))"])
def test_a_formula_without_a_value_where_the_theory_looks_is_not_defined(text):
    assert not MeanField(own_activation(text), 4.0).defined


@pytest.mark.parametrize("a", [0.5, 20, 1000])
def test_the_theory_of_a_formula_holds_however_steep_it_is(a):
    """erf(a x) has closed forms (Williams, "Computing with infinite networks", NIPS 1996)."""
    own, q = MeanField(own_activation(f"erf({a} * x)"), 2.0, 0.1), 1.7

    def covariance(c):
        return 2 / pi * asin(2 * a * a * q * c / (1 + 2 * a * a * q))

    assert own.defined
    assert own.length_map(q) == pytest.approx(2 * covariance(1) + 0.1, rel=1e-5)
    assert own.chi(q) == pytest.approx(8 * a * a / pi / sqrt(1 + 4 * a * a * q), rel=1e-5)
    expected = (2 * covariance(0.4) + 0.1) / (2 * covariance(1) + 0.1)
    assert own.correlation_map(0.4, q) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("text", ["1 / (x - 0.0123)", "sin(x) / cos(x)", "x + sin(500 * x)"])
def test_a_formula_whose_averages_cannot_be_computed_is_not_defined(text):
    assert not MeanField(own_activation(text), 0.01, 0.5).defined


def test_the_diagram_of_a_formula_is_blank_where_its_averages_cannot_be_computed():
    own, axis = own_activation("sin(x) / cos(x)"), np.array([0.005, 4.0])
    found = diagram(own, axis, axis)
    assert np.isnan(found.chi_1).all()
    assert (found.edge[:, 0] < 0.1).all()
    assert not MeanField(own, 0.005, 0.005).defined


@pytest.mark.parametrize("text", ["x / (1 + abs(x))", "where(x > 0, x, exp(x) - 1)", "abs(x)"])
def test_on_the_edge_of_chaos_no_scale_is_finite(text):
    own = MeanField(own_activation(text), 1.0)
    assert own.phase is Phase.CRITICAL
    assert own.correlation_scale == own.trainable_depth == inf


def test_two_samples_look_further_than_one():
    own = MeanField(own_activation("log(x + 11)"), 0.165)
    assert own.length == pytest.approx(1, abs=0.1)
    assert not own.defined


@pytest.mark.parametrize("text", ["0 * x", "exp(exp(x))", "exp(x)", "where(x > 1, 1, 0)"])
def test_flat_and_steep_formulas_have_a_theory_without_a_warning(text):
    own = MeanField(own_activation(text), 2.0, 0.1)
    assert own.defined
    assert own.phase in Phase
    lengths = own.lengths(1.0, 10)
    assert own.errors(lengths).shape == own.spread(lengths, 10).shape == (10,)
    small = np.array([0.5, 1.5])
    assert diagram(own_activation(text), small, small).chi_1.shape == (2, 2)


def test_every_entry_of_the_catalogue_has_a_theory():
    assert all(MeanField(entry, 1.3, 0.1).defined for entry in ACTIVATIONS.values())
