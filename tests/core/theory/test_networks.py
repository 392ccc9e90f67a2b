"""Random networks, measured beside the theory."""

import numpy as np
import pytest

from core.nn.activations import ACTIVATIONS
from core.theory.meanfield import MeanField
from core.theory.networks import NETWORKS, measured, networks_measured


@pytest.mark.parametrize(
    ("key", "weights", "biases"), [("tanh", 1.76, 0.05), ("relu", 2, 0), ("sigmoid", 1, 0.5)]
)
def test_wide_networks_follow_the_theory_layer_by_layer(key, weights, biases):
    field, width, depth = MeanField(ACTIVATIONS[key], weights, biases), 200, 8
    found = measured(field, width, depth)
    lengths = field.lengths(1.0, depth)
    np.testing.assert_allclose(np.mean(found.lengths, axis=0), lengths, rtol=0.2)
    spread = field.spread(lengths, width)
    expected = np.log(field.errors(lengths)) - spread**2
    off = np.abs(np.log(found.errors).mean(axis=0) - expected)
    assert (off < 4 * spread / np.sqrt(len(found.errors)) + 0.1).all()


def test_the_same_seed_gives_the_same_networks():
    field = MeanField(ACTIVATIONS["tanh"], 1.5, 0.1)
    one, two, other = (measured(field, 20, 4, seed=seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one.errors, two.errors)
    assert (one.errors != other.errors).all()


def test_large_networks_are_fewer():
    assert networks_measured(50, 10) == NETWORKS
    assert 5 <= networks_measured(300, 100) < NETWORKS


def test_networks_that_explode_give_no_warning_and_no_number():
    found = measured(MeanField(ACTIVATIONS["squared_relu"], 9.0, 1.0), 30, 12)
    assert not np.isfinite(found.errors).all()
