"""Initial weights: their size, their shape, and that chance comes from the generator alone."""

from __future__ import annotations

from itertools import pairwise
from math import sqrt

import numpy as np
import pytest

from core.nn.initializers import CUT_DEVIATION, INITIALIZERS, orthogonal, uniform

EVERY = pytest.mark.parametrize("scheme", INITIALIZERS.values(), ids=INITIALIZERS)
INDEPENDENT = pytest.mark.parametrize(
    "scheme", [s for s in INITIALIZERS.values() if s.draw is not orthogonal], ids=lambda s: s.key
)

# Variance of one weight, as the papers have it, for 200 inputs and 600 outputs.
VARIANCES = {
    "zeros": 0.0,
    "normal": 1.0,
    "lecun": 1 / 200,
    "xavier": 2 / 800,
    "xavier_uniform": 2 / 800,
    "he": 2 / 200,
}


def draw(scheme, fan_in=200, fan_out=600, gain=1.0, seed=0):
    return scheme.weights(np.random.default_rng(seed), fan_in, fan_out, gain)


@EVERY
@pytest.mark.parametrize("shape", [(1, 1), (2, 8), (8, 8), (8, 1), (64, 10)])
def test_weights_have_the_shape_of_their_layer_and_are_finite(scheme, shape):
    weights = draw(scheme, *shape)
    assert weights.shape == shape
    assert weights.dtype == np.float64
    assert np.isfinite(weights).all()


@INDEPENDENT
@pytest.mark.parametrize("gain", [0.5, 1.0, 3.0])
def test_weights_have_mean_zero_and_the_variance_declared(scheme, gain):
    weights = draw(scheme, gain=gain)
    expected = gain**2 * scheme.variance(200, 600)
    n = weights.size
    # 5 standard errors: a normal variance has sqrt(2 / n), a uniform one less
    assert abs(weights.mean()) <= 5 * sqrt(expected / n)
    assert weights.var() == pytest.approx(expected, rel=5 * sqrt(2 / n))
    # and the same in every row and column, by chi-square of 200 and 600 degrees
    for axis, degrees in ((0, 200), (1, 600)):
        spread = weights.var(axis=axis)
        assert spread == pytest.approx(
            np.full_like(spread, expected), rel=6 * sqrt(2 / degrees), abs=0
        )


@pytest.mark.parametrize("key", VARIANCES)
def test_the_variances_are_those_of_the_papers(key):
    assert INITIALIZERS[key].variance(200, 600) == pytest.approx(VARIANCES[key], rel=1e-15)


def test_zeros_are_zero_at_every_gain():
    assert not draw(INITIALIZERS["zeros"], gain=20.0).any()


def test_a_gain_of_zero_gives_zeros():
    for scheme in INITIALIZERS.values():
        assert not draw(scheme, 8, 8, gain=0.0).any()


@EVERY
def test_the_gain_is_a_factor(scheme):
    one, three = (draw(scheme, 30, 40, gain) for gain in (1.0, 3.0))
    np.testing.assert_allclose(three, 3 * one, rtol=1e-14, atol=1e-15)


@EVERY
def test_chance_comes_from_the_generator_alone(scheme):
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    first, again, other = (draw(scheme, 30, 40, seed=seed) for seed in (0, 0, 1))
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002
    np.testing.assert_array_equal(first, again)
    assert scheme.key == "zeros" or not np.allclose(first, other)


@EVERY
def test_layers_drawn_one_after_the_other_are_different(scheme):
    rng = np.random.default_rng(0)
    one, two = (scheme.weights(rng, 8, 8, 1.0) for _ in range(2))
    assert scheme.key == "zeros" or not np.allclose(one, two)


def test_uniform_weights_fill_their_interval_evenly():
    scheme = INITIALIZERS["xavier_uniform"]
    assert scheme.draw is uniform
    share = draw(scheme) / sqrt(6 / 800)
    assert np.abs(share).max() <= 1
    counts, _ = np.histogram(share, bins=20, range=(-1, 1))
    expected = share.size / 20
    assert ((counts - expected) ** 2 / expected).sum() < 60  # chi-square of 19: 1 in 100,000


@pytest.mark.parametrize("key", ["normal", "lecun", "xavier", "he"])
def test_normal_weights_are_normal(key):
    weights = draw(INITIALIZERS[key])
    standard = weights / weights.std()
    assert (standard**4).mean() == pytest.approx(3, abs=5 * sqrt(96 / weights.size))
    assert (np.abs(standard) < 1).mean() == pytest.approx(0.6827, abs=0.01)


def test_truncated_weights_are_normal_up_to_the_cut_and_never_beyond():
    x = np.linspace(-2, 2, 40_001)
    density = np.exp(-x * x / 2)

    def mean(values):
        return (values * density).sum() / density.sum()

    deviation = sqrt(mean(x**2))
    assert deviation == pytest.approx(CUT_DEVIATION, rel=1e-4)
    standard = draw(INITIALIZERS["lecun_truncated"]) * sqrt(200) * CUT_DEVIATION
    assert 1.999 < np.abs(standard).max() <= 2 * (1 + 1e-15)
    counts, edges = np.histogram(standard, bins=20, range=(-2.001, 2.001))
    expected = np.array([mean((lo <= x) & (x < hi)) for lo, hi in pairwise(edges)]) * standard.size
    assert ((counts - expected) ** 2 / expected).sum() < 60  # chi-square of 19: 1 in 100,000


@pytest.mark.parametrize("shape", [(8, 8), (20, 5), (5, 20), (1, 7), (7, 1), (1, 1)])
@pytest.mark.parametrize("gain", [1.0, 2.5])
def test_orthogonal_weights_keep_every_norm_that_they_can(shape, gain):
    singular = np.linalg.svd(draw(INITIALIZERS["orthogonal"], *shape, gain=gain), compute_uv=False)
    np.testing.assert_allclose(singular, gain, rtol=1e-13)


def test_orthogonal_weights_favour_no_direction():
    rng = np.random.default_rng(0)
    draws = np.stack([orthogonal(rng, 3, 3, 1.0) for _ in range(4000)])
    # Uniform on the group: every entry has mean 0 and variance 1/3, whatever QR's signs are.
    assert np.abs(draws.mean(axis=0)).max() < 5 * sqrt(1 / 3 / 4000)
    np.testing.assert_allclose(draws.var(axis=0), 1 / 3, atol=0.03)
    assert (np.linalg.det(draws) > 0).mean() == pytest.approx(0.5, abs=0.04)


@EVERY
def test_what_a_reader_sees_of_a_scheme_is_filled_in(scheme):
    assert scheme.name
    assert scheme.formula
    assert INITIALIZERS[scheme.key] is scheme
