"""The check of the gradients: it finds right ones right, wrong ones wrong, and knows its limits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.checks import checking
from core.checks.analytic import ANALYTIC, LOSS
from core.checks.checking import CLOSE, MARGIN, SEES, Method, check, checked_layers, first_network
from core.data.datasets import DATASETS, Task
from core.nn import network
from core.nn.activations import ACTIVATIONS
from core.nn.initializers import INITIALIZERS
from core.nn.losses import LOSSES
from core.nn.network import Network
from core.nn.normalization import NORMALIZATIONS
from core.runs.training import RunSpec, Trainer
from tests.core.nn.test_network import answers
from tests.core.specs import specs

SMALL = RunSpec(depth=3, width=5, samples=60, initializer="he")
DEEP = RunSpec(depth=20, width=10, samples=60)
NORMS = pytest.mark.parametrize("norm", NORMALIZATIONS)


def checked(run):
    found = check(first_network(run))
    assert found is not None
    return found


# --- right gradients ---------------------------------------------------------------------------


@pytest.mark.parametrize("key", ACTIVATIONS)
@NORMS
def test_the_gradient_of_every_activation_agrees(key, norm):
    found = checked(replace(SMALL, activation=key, norm=norm, skip=0.5))
    assert found.agrees
    assert [layer.layer for layer in found.layers] == [1, 2, 3, 4]
    assert not found.unseen
    assert found.apart < 1e-6
    assert found.lost == 0


@pytest.mark.parametrize("dataset", DATASETS)
def test_the_gradient_agrees_on_every_data_set(dataset):
    found = checked(replace(SMALL, activation="tanh", dataset=dataset))
    assert found.agrees
    assert found.apart < 1e-6


def test_a_trained_network_is_checked_as_it_is():
    trainer = Trainer(replace(SMALL, activation="tanh", rate=0.5))
    for _ in range(5):
        trainer.train_epoch()
    found = check(trainer.trained())
    assert found is not None
    assert found.epoch == 5
    assert found.agrees
    before = checked(trainer.run)
    assert before.epoch == 0
    assert before.layers[0].slope != found.layers[0].slope


def test_the_first_network_is_the_one_that_training_begins_with():
    run = replace(SMALL, norm="batch", seed=7, replicas=2)
    theta = first_network(run).network.parameters.theta
    np.testing.assert_array_equal(theta, Trainer(run).network.parameters.theta[:1])


@settings(max_examples=40)
@given(
    specs(
        RunSpec,
        depth=st.sampled_from([0, 1, 2, 5, 10]),
        width=st.sampled_from([1, 2, 8]),
        samples=st.just(40),
        initializer=st.sampled_from(list(INITIALIZERS)),
    )
)
def test_no_network_raises_a_false_alarm(run):
    found = check(first_network(run))
    assert found is None or found.agrees


# --- where one method is blind -----------------------------------------------------------------


def test_where_differences_drown_the_complex_step_still_sees():
    found = checked(DEEP)
    first, last = found.layers[0], found.layers[-1]
    assert first.slope < 1e-12
    assert first.blur > 1
    assert not first.difference < 1e-3
    assert first.method is Method.COMPLEX
    assert first.complex < 1e-12
    assert last.method is Method.DIFFERENCE
    assert last.blur < SEES
    assert found.agrees


def test_without_a_complex_formula_the_drowned_layers_are_said_to_be_unseen(monkeypatch):
    monkeypatch.setattr(checking, "ANALYTIC", {})
    found = checked(DEEP)
    assert found.agrees
    assert 1 in found.unseen
    assert 21 not in found.unseen
    assert all(np.isnan(layer.complex) for layer in found.layers)


def test_pre_activations_on_a_kink_are_counted_and_differences_avoid_them():
    # All weights 0: every sum is 0, the very kink of ReLU.
    found = checked(replace(SMALL, activation="relu", initializer="zeros"))
    assert found.on_kink == 3 * 5 * found.samples
    assert np.isnan(found.layers[0].step)
    assert found.agrees
    assert checked(replace(SMALL, activation="leaky_relu")).on_kink == 0


def test_differences_take_a_step_at_which_no_pre_activation_crosses_a_kink():
    run = replace(SMALL, activation="relu")
    first = first_network(run)
    bias = first.network.parameters.biases[0]
    z = run.data().train_x[:1] @ first.network.parameters.weights[0][0]
    bias[0, 0] = 3e-5 - z[0]  # one sample's sums lie 3e-5 beside the kink
    found = check(first)
    assert found is not None
    assert found.layers[0].step < 3e-5
    assert found.agrees


def test_a_gradient_that_rounding_leaves_no_digit_is_not_judged():
    # Two units, huge weights: after each normalization almost all of the error cancels.
    wild = RunSpec(activation="relu", initializer="orthogonal", gain=20.0, depth=20, width=2)
    found = checked(replace(wild, norm="batch", dataset="moons", samples=20, seed=81))
    assert found.agrees
    assert found.layers[0].rounding > 1e-3
    assert found.layers[0].method is Method.NONE
    assert np.isnan(found.layers[0].apart)


def test_numbers_too_large_to_represent_are_no_error():
    wild = RunSpec(activation="identity", initializer="normal", gain=20.0, depth=50, width=256)
    run = replace(wild, dataset="regression", samples=20)
    network_ = first_network(run)
    network_.network.parameters.theta[...] *= 1e8
    assert check(network_) is None


def test_float32_is_checked_in_float64_and_what_it_loses_is_told():
    found = checked(replace(SMALL, activation="tanh", precision="float32"))
    assert found.agrees
    assert 1e-9 < found.lost < 1e-4


def test_a_network_too_large_is_checked_in_some_of_its_layers():
    assert checked_layers(SMALL) == [0, 1, 2, 3]
    layers = checked_layers(RunSpec(depth=50, width=256))
    assert layers[0] == 0
    assert layers[-1] == 50
    assert 3 <= len(layers) < 10


def test_a_check_says_the_same_every_time():
    assert checked(SMALL) == checked(SMALL)


# --- wrong gradients ---------------------------------------------------------------------------


def with_wrong_slope(key, wrong):
    """The activations, one of them with a wrong derivative."""
    right = ACTIVATIONS[key]

    def rule(z, **knobs):
        f, df = right.rule(z, **knobs)
        return f, wrong(z, df)

    return {**ACTIVATIONS, key: replace(right, rule=rule)}


@pytest.mark.parametrize("factor", [2.0, 1.01, 1 + 1e-6])
@pytest.mark.parametrize("depth", [3, 20])
def test_a_wrong_derivative_is_found_even_where_differences_drown(monkeypatch, factor, depth):
    wrong = with_wrong_slope("sigmoid", lambda z, df: df * factor)
    monkeypatch.setattr(network, "activation_of", wrong.__getitem__)
    found = checked(replace(DEEP, depth=depth))
    assert not found.agrees
    assert found.contradicted == tuple(range(1, depth + 1))  # the output has no activation
    assert found.apart > 0.1 * (factor - 1)


def test_a_derivative_that_is_wrong_on_one_side_only_is_found(monkeypatch):
    wrong = with_wrong_slope("relu", lambda z, df: np.where(z > 0, df, 0.1))
    monkeypatch.setattr(network, "activation_of", wrong.__getitem__)
    assert not checked(replace(SMALL, activation="relu")).agrees


def test_differences_alone_find_it_too(monkeypatch):
    wrong = with_wrong_slope("tanh", lambda z, df: df * 1.001)
    monkeypatch.setattr(network, "activation_of", wrong.__getitem__)
    monkeypatch.setattr(checking, "ANALYTIC", {})
    found = checked(replace(SMALL, activation="tanh"))
    assert found.contradicted == (1, 2, 3)


@pytest.mark.parametrize("part", ["weights", "biases", "scales"])
def test_a_mistake_in_one_number_of_one_layer_is_found_there(monkeypatch, part):
    right = Network.write_gradient

    def wrong(network, through, delta, gradient):
        right(network, through, delta, gradient)
        getattr(gradient, part)[1][0, 0, 2] *= 1.5

    monkeypatch.setattr(Network, "write_gradient", wrong)
    found = checked(replace(SMALL, activation="tanh", norm="layer"))
    assert found.contradicted == (2,)


def test_a_gradient_that_is_nothing_where_there_is_one_is_found(monkeypatch):
    wrong = with_wrong_slope("tanh", lambda z, df: 0 * df)
    monkeypatch.setattr(network, "activation_of", wrong.__getitem__)
    found = checked(replace(SMALL, activation="tanh"))
    assert found.contradicted == (1, 2, 3)


def test_a_wrong_backward_pass_through_a_normalization_is_found(monkeypatch):
    monkeypatch.setattr(network, "back", lambda error, normal, axis: error * normal.factor)
    assert not checked(replace(SMALL, activation="tanh", norm="batch")).agrees


# --- the network reimplemented -----------------------------------------------------------------


@pytest.mark.parametrize("key", ANALYTIC)
def test_the_formula_for_complex_numbers_has_the_values_of_the_activation(key):
    z = np.concatenate([np.linspace(-9, 9, 361), [-745.0, -80.0, 80.0, 745.0]])
    knobs = {knob.key: knob.default for knob in ACTIVATIONS[key].knobs}
    with np.errstate(all="ignore"):
        ours = ANALYTIC[key](z.astype(complex), **knobs)
    np.testing.assert_allclose(ours.real, ACTIVATIONS[key].value(z), rtol=1e-11, atol=1e-13)
    assert not ours.imag.any()


@pytest.mark.parametrize("key", ANALYTIC)
def test_its_imaginary_part_is_the_derivative(key):
    activation = ACTIVATIONS[key]
    z = np.linspace(-8, 8, 321) + 0.0123
    knobs = {knob.key: knob.default for knob in activation.knobs}
    with np.errstate(all="ignore"):
        slope = ANALYTIC[key](z + 1e-50j, **knobs).imag / 1e-50
    np.testing.assert_allclose(slope, activation.derivative(z), rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("task", LOSS)
def test_the_loss_for_complex_numbers_has_the_values_of_the_loss(task):
    rng = np.random.default_rng(0)
    y = answers(task, 20, rng)
    z = 5 * rng.normal(size=y.shape)
    ours = LOSS[task](z.astype(complex), y)
    np.testing.assert_allclose(ours, LOSSES[task].value(z, y), rtol=1e-12, atol=1e-14)


def test_every_loss_is_reimplemented():
    assert set(LOSS) == set(LOSSES) == set(Task)


def test_what_may_differ_is_far_below_what_is_to_be_found():
    assert MARGIN * SEES < 1e-3
    assert CLOSE < 1e-8
