"""The contract of every rule in the registry, and those of today against plain Python.

A new entry is tested by being there: its worked example, its constants, what it does to a parabola.
"""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest

from core.nn.optimizers import OPTIMIZERS, new_share

EVERY = pytest.mark.parametrize("rule", OPTIMIZERS.values(), ids=OPTIMIZERS)


def steps_of(rule, gradients, rate, start=0.0, moving=True, **changed):
    """The steps that follow from these gradients, (steps, replicas, parameters).

    start: where the parameters begin. moving: whether they follow the steps. changed: constants
    that are not at their default.
    """
    memory = [np.zeros_like(gradients[0]) for _ in range(rule.memories)]
    theta = np.full_like(gradients[0], start)
    step, steps = np.full_like(theta, np.nan), []
    constants = rule.constants({f"{rule.key}.{name}": value for name, value in changed.items()})
    for t, gradient in enumerate(gradients, start=1):
        given, here = gradient.copy(), theta.copy()
        rule.step(step, gradient, theta, rate, t, *memory, **constants)
        np.testing.assert_array_equal(gradient, given)
        np.testing.assert_array_equal(theta, here)
        steps.append(step.copy())
        theta -= step if moving else 0
    return np.stack(steps)


BY_HAND = ("sgd", "momentum", "rmsprop", "adam")


def in_plain_python(key, gradients, rate):
    """The same for one parameter, one formula per line, with the sums written out."""
    steps = []
    for t in range(1, len(gradients) + 1):
        g, seen = gradients[t - 1], list(enumerate(gradients[:t], start=1))
        mean = sum(0.1 * 0.9 ** (t - k) * gk for k, gk in seen)
        slow = sum(0.001 * 0.999 ** (t - k) * gk**2 for k, gk in seen)
        fast = sum(0.1 * 0.9 ** (t - k) * gk**2 for k, gk in seen)
        steps.append(
            {
                "sgd": rate * g,
                "momentum": rate * sum(0.9 ** (t - k) * gk for k, gk in seen),
                "rmsprop": rate * g / (sqrt(fast) + 1e-8),
                "adam": rate * mean / (1 - 0.9**t) / (sqrt(slow / (1 - 0.999**t)) + 1e-8),
            }[key]
        )
    return steps


@EVERY
def test_two_steps_are_those_calculated_by_hand(rule):
    steps = steps_of(rule, np.array([[[0.5]], [[-0.25]]]), 0.1, start=1.0)
    np.testing.assert_allclose(steps.ravel(), rule.worked, rtol=1e-14)


@pytest.mark.parametrize("key", BY_HAND)
def test_many_steps_are_those_of_the_formula(key):
    gradients = np.random.default_rng(0).normal(size=(60, 2, 3)) * 10.0 ** np.arange(-3, 3).reshape(
        2, 3
    )
    steps = steps_of(OPTIMIZERS[key], gradients, 0.03)
    for r in range(2):
        for p in range(3):
            expected = in_plain_python(key, gradients[:, r, p].tolist(), 0.03)
            np.testing.assert_allclose(steps[:, r, p], expected, rtol=1e-11)


def test_adamw_is_adam_on_the_loss_alone_and_shrinks_the_weights_apart_from_it():
    """Loshchilov & Hutter's algorithm 2 for one weight, in plain Python."""
    gradients = np.random.default_rng(4).normal(size=60)
    b1, b2, epsilon, decay, rate = 0.8, 0.95, 1e-6, 0.3, 0.05
    w, m, s, expected = 2.0, 0.0, 0.0, []
    for t, g in enumerate(gradients, start=1):
        m = b1 * m + (1 - b1) * g
        s = b2 * s + (1 - b2) * g * g
        new = w - rate * (m / (1 - b1**t) / (sqrt(s / (1 - b2**t)) + epsilon) + decay * w)
        expected.append(w - new)
        w = new
    constants = {"beta1": b1, "beta2": b2, "epsilon": epsilon, "decay": decay}
    steps = steps_of(OPTIMIZERS["adamw"], gradients[:, None, None], rate, 2.0, **constants)
    np.testing.assert_allclose(steps.ravel(), expected, rtol=1e-12, atol=1e-15)


def test_without_a_gradient_adamw_shrinks_the_weights_geometrically():
    steps = steps_of(OPTIMIZERS["adamw"], np.zeros((5, 1, 1)), 0.1, 1.0, decay=0.5)
    np.testing.assert_allclose(1 - steps.ravel().cumsum(), 0.95 ** np.arange(1, 6), rtol=1e-14)


@EVERY
def test_the_first_step_goes_down_the_slope(rule):
    gradient = np.array([[[1e-3, -1e-3, 5.0, -5.0, 0.0]]])
    step = steps_of(rule, gradient, 0.1)
    np.testing.assert_array_equal(np.sign(step), np.sign(gradient))


@EVERY
def test_the_step_is_as_large_as_the_rate(rule):
    gradients = np.random.default_rng(1).normal(size=(5, 1, 4))
    large, small = (steps_of(rule, gradients, rate, 1.0, moving=False) for rate in (3.0, 0.1))
    np.testing.assert_allclose(large, 30 * small, rtol=1e-12)


@EVERY
def test_without_a_gradient_nothing_moves(rule):
    assert not steps_of(rule, np.zeros((3, 2, 4)), 0.1).any()


@EVERY
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_replicas_and_parameters_do_not_mix(rule, dtype):
    gradients = np.random.default_rng(2).normal(size=(6, 3, 11)).astype(dtype)
    together = steps_of(rule, gradients, 0.1, start=1.0)
    assert together.dtype == dtype
    for replica in range(3):
        alone = steps_of(rule, gradients[:, replica : replica + 1], 0.1, start=1.0)
        np.testing.assert_array_equal(together[:, replica : replica + 1], alone)


@EVERY
def test_a_parabola_is_descended(rule):
    # Down x^2 / 2 from 1, where the gradient is x: within 0.02 of the bottom after 300 steps.
    x, step = np.ones((1, 1)), np.zeros((1, 1))
    memory = [np.zeros_like(x) for _ in range(rule.memories)]
    for t in range(1, 301):
        rule.step(step, x, x, 0.02, t, *memory, **rule.constants({}))
        x -= step
    assert abs(x) < 0.02


CONSTANTS = pytest.mark.parametrize(
    ("rule", "knob"),
    [pytest.param(r, k, id=f"{r.key}.{k.key}") for r in OPTIMIZERS.values() for k in r.knobs],
)


@CONSTANTS
def test_a_constant_is_a_knob_within_bounds_that_its_formula_names(rule, knob):
    assert knob.low <= knob.default <= knob.high
    assert knob.default in knob.steps
    assert list(knob.steps) == sorted(set(knob.steps))
    assert knob.low <= knob.steps[0]
    assert knob.steps[-1] <= knob.high
    assert knob.symbol in rule.formula
    assert knob.label


@CONSTANTS
def test_a_constant_matters_and_any_value_gives_numbers(rule, knob):
    gradients = np.random.default_rng(3).normal(size=(9, 2, 3))
    default = steps_of(rule, gradients, 0.1, start=1.0)
    same = steps_of(rule, gradients, 0.1, start=1.0, **{knob.key: knob.default})
    np.testing.assert_array_equal(same, default)
    for value in (knob.low, knob.high, *knob.steps):
        steps = steps_of(rule, gradients, 0.1, start=1.0, **{knob.key: value})
        assert np.isfinite(steps).all()
        assert np.array_equal(steps, default) == (value == knob.default)


def test_a_rule_takes_only_its_own_constants():
    changed = {"adam.beta1": 0.5, "momentum.beta": 0.1}
    assert OPTIMIZERS["adam"].constants(changed) == {"beta1": 0.5, "beta2": 0.999, "epsilon": 1e-8}
    assert OPTIMIZERS["sgd"].constants(changed) == {}


@pytest.mark.parametrize(("beta", "share"), [(0.9, 0.1), (0.999, 0.001), (0.0, 1.0), (0.95, 0.05)])
def test_an_average_takes_in_what_it_does_not_keep(beta, share):
    assert new_share(beta) == share


@EVERY
def test_what_a_reader_sees_of_a_rule_is_filled_in(rule):
    assert rule.name
    assert rule.formula
    assert rule.source
    assert OPTIMIZERS[rule.key] is rule
