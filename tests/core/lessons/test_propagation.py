"""The walk back through untrained networks: the numbers of training, and what they must show."""

from dataclasses import replace
from math import inf, sqrt

import numpy as np
import pytest

from core.domain import Whole
from core.lessons.propagation import (
    BINS,
    EDGES,
    FEWEST,
    SEEDS,
    affordable,
    bytes_each,
    count,
    steepest,
    step_back,
    textbook,
    too_large,
    walk_back,
)
from core.nn.activations import ACTIVATIONS
from core.nn.initializers import INITIALIZERS
from core.runs.training import RunSpec, train

SMALL = RunSpec(samples=60, depth=3, width=4)
EVERY = pytest.mark.parametrize("activation", ACTIVATIONS)


def share(**settings):
    """The median share of the error signal at layer 1."""
    return np.median(walk_back(RunSpec(**settings)).size[:, 0])


@pytest.mark.parametrize("initializer", INITIALIZERS)
def test_the_walk_finds_what_training_finds_before_its_first_step(initializer):
    run = replace(SMALL, activation="tanh", initializer=initializer, seed=7)
    walk, first = walk_back(run), next(train(replace(run, replicas=SEEDS)))
    np.testing.assert_array_equal(walk.size, first.delta / first.delta[:, -1:])
    np.testing.assert_array_equal(walk.weights_part, first.weights_part[:, :-1])
    np.testing.assert_array_equal(walk.activation_part, first.activation_part[:, :-1])


def test_networks_measured_a_few_at_a_time_are_the_same_networks(monkeypatch):
    whole = walk_back(SMALL)
    monkeypatch.setattr("core.lessons.propagation.CHUNK_BYTES", bytes_each(SMALL))
    for name in ("size", "weights_part", "activation_part"):
        np.testing.assert_array_equal(getattr(walk_back(SMALL), name), getattr(whole, name))
    np.testing.assert_allclose(walk_back(SMALL).counts, whole.counts)


@EVERY
def test_the_two_parts_multiply_to_the_step_in_every_network(activation):
    walk = walk_back(replace(SMALL, activation=activation))
    product = walk.weights_part * walk.activation_part
    seen = np.isfinite(product)
    np.testing.assert_allclose(product[seen], step_back(walk)[seen], rtol=1e-12)
    assert walk.seeds == SEEDS
    assert walk.size[:, -1] == pytest.approx(1)


@EVERY
def test_the_spread_of_z_is_whole_and_f_is_never_steeper_than_its_bound(activation):
    run = replace(SMALL, activation=activation)
    walk = walk_back(run)
    np.testing.assert_allclose(walk.counts.sum(axis=1) + walk.beyond, 1, rtol=1e-12)
    assert walk.counts.shape == (run.depth, BINS)
    assert (walk.slope <= steepest(run) * (1 + 1e-12)).all()
    assert (np.nan_to_num(walk.activation_part) <= steepest(run) * (1 + 1e-12)).all()


def test_sums_are_counted_where_they_lie():
    z = np.random.default_rng(0).normal(0, 3, 5000)
    np.testing.assert_array_equal(count(z), np.histogram(z, EDGES)[0])
    assert count(np.array([np.nan, np.inf, -np.inf, 6.0])).sum() == 0


def test_the_shares_before_training_are_those_of_the_lesson():
    assert 1 / 6000 < share() < 1 / 2000
    assert 1 / 200 < share(initializer="normal") < 1 / 50
    assert 0.2 < share(activation="tanh") < 0.4
    assert 0.1 < share(activation="relu", initializer="he") < 0.3
    assert 0.02 < share(activation="relu") < 0.06


@pytest.mark.slow
def test_in_twenty_layers_the_largest_slope_decides_nothing():
    twenty = {"depth": 20, "width": 64}
    assert share(activation="tanh", **twenty) > 0.05
    assert share(activation="relu", initializer="he", **twenty) > 0.03
    assert share(activation="relu", **twenty) < 0.001
    assert share(activation="tanh", initializer="normal", **twenty) > 1e5


def test_the_textbook_line_is_the_bound_of_one_factor():
    np.testing.assert_allclose(textbook(RunSpec(depth=5)), 0.25 ** np.arange(5, -1, -1))
    assert textbook(RunSpec(activation="relu")) == pytest.approx(1)
    assert textbook(RunSpec(activation="step", depth=2)).tolist() == [0, 0, 1]
    assert textbook(RunSpec(activation="squared_relu", depth=2)).tolist() == [inf, inf, 1]


def test_a_knob_may_raise_the_largest_slope():
    assert steepest(RunSpec(activation="elu")) == 1
    assert steepest(RunSpec(activation="elu", knobs=(("elu.a", 3.0),))) == 3
    assert steepest(RunSpec(activation="elu", knobs=(("elu.a", 0.5),))) == 1


def test_one_output_spreads_over_many_units():
    walk = walk_back(RunSpec())
    assert np.median(walk.weights_part[:, -1]) < 0.6 * np.median(walk.weights_part[:, :-1])
    width = RunSpec().width
    expected = sqrt(1 / width) * sqrt(width * 2 / (width + 1))  # |w| of 8 weights of Xavier
    assert np.mean(walk.weights_part[:, -1] ** 2) == pytest.approx(expected**2, rel=0.3)


def test_networks_whose_numbers_are_too_large_are_left_out():
    run = RunSpec(activation="squared_relu", initializer="normal", depth=20, width=32)
    walk = walk_back(run)
    assert walk.lost == SEEDS
    assert np.isnan(walk.size).all()
    assert np.isnan(walk.slope).all()
    assert walk.counts.sum() == 0


def test_a_walk_without_hidden_layers_has_only_the_output():
    walk = walk_back(RunSpec(depth=0))
    assert walk.size.tolist() == [[1.0]] * SEEDS
    assert walk.weights_part.shape == (SEEDS, 0)


def test_a_walk_beyond_the_budget_is_never_measured():
    huge = RunSpec(depth=50, width=256, samples=5000)
    setting = too_large(huge)
    assert setting in ("width", "depth", "samples")
    with pytest.raises(ValueError, match="budget"):
        walk_back(huge)
    assert isinstance(RunSpec.domains()[setting], Whole)


def test_fewer_networks_are_measured_where_they_are_large():
    run = RunSpec(depth=20, width=128, samples=1000)
    assert too_large(run) is None
    assert FEWEST <= affordable(run) < SEEDS
    assert affordable(RunSpec()) == SEEDS
