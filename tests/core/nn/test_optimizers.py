"""Steps of every rule: by hand, against plain Python, and side by side."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest

from core.nn.optimizers import OPTIMIZERS

EVERY = pytest.mark.parametrize("rule", OPTIMIZERS.values(), ids=OPTIMIZERS)

# One parameter, rate 0.1, gradient 0.5 and then -0.25. By hand:
#   momentum  v = 0.5, then 0.9 * 0.5 - 0.25 = 0.2
#   RMSprop   s = 0.1 * 0.25 = 0.025, then 0.9 * 0.025 + 0.1 * 0.0625 = 0.02875
#   Adam      m = 0.05, then 0.9 * 0.05 - 0.025 = 0.02;     m / (1 - 0.9^t):   0.5,  0.02 / 0.19
#             s = 0.00025, then 0.00024975 + 0.0000625 = 0.00031225;
#             s / (1 - 0.999^t): 0.25, 0.00031225 / 0.001999
BY_HAND = {
    "sgd": (0.05, -0.025),
    "momentum": (0.05, 0.02),
    "rmsprop": (0.1 * 0.5 / (sqrt(0.025) + 1e-8), -0.1 * 0.25 / (sqrt(0.02875) + 1e-8)),
    "adam": (
        0.1 * 0.5 / (0.5 + 1e-8),
        0.1 * (0.02 / 0.19) / (sqrt(0.00031225 / 0.001999) + 1e-8),
    ),
}


def steps_of(rule, gradients, rate):
    """The steps that follow from these gradients, (steps, replicas, parameters)."""
    memory = [np.zeros_like(gradients[0]) for _ in range(rule.memories)]
    step, steps = np.full_like(gradients[0], np.nan), []
    for t, gradient in enumerate(gradients, start=1):
        given = gradient.copy()
        rule.step(step, gradient, rate, t, *memory)
        np.testing.assert_array_equal(gradient, given)
        steps.append(step.copy())
    return np.stack(steps)


def in_plain_python(key, gradients, rate):
    """The same for one parameter, one formula a line, with the sums written out."""
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


@pytest.mark.parametrize("key", BY_HAND)
def test_two_steps_are_those_calculated_by_hand(key):
    steps = steps_of(OPTIMIZERS[key], np.array([[[0.5]], [[-0.25]]]), 0.1)
    np.testing.assert_allclose(steps.ravel(), BY_HAND[key], rtol=1e-14)


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


@EVERY
def test_the_first_step_goes_down_the_slope(rule):
    gradient = np.array([[[1e-3, -1e-3, 5.0, -5.0, 0.0]]])
    step = steps_of(rule, gradient, 0.1)
    np.testing.assert_array_equal(np.sign(step), np.sign(gradient))


@EVERY
def test_the_step_is_as_large_as_the_rate(rule):
    gradients = np.random.default_rng(1).normal(size=(5, 1, 4))
    np.testing.assert_allclose(
        steps_of(rule, gradients, 3.0), 30 * steps_of(rule, gradients, 0.1), rtol=1e-12
    )


@EVERY
def test_without_a_gradient_nothing_moves(rule):
    assert not steps_of(rule, np.zeros((3, 2, 4)), 0.1).any()


@EVERY
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_replicas_and_parameters_do_not_mix(rule, dtype):
    gradients = np.random.default_rng(2).normal(size=(6, 3, 11)).astype(dtype)
    together = steps_of(rule, gradients, 0.1)
    assert together.dtype == dtype
    for replica in range(3):
        alone = steps_of(rule, gradients[:, replica : replica + 1], 0.1)
        np.testing.assert_array_equal(together[:, replica : replica + 1], alone)


@EVERY
def test_a_parabola_is_descended(rule):
    # Down x^2 / 2 from 1, where the gradient is x: within 0.02 of the bottom after 300 steps.
    x, step = np.ones((1, 1)), np.zeros((1, 1))
    memory = [np.zeros_like(x) for _ in range(rule.memories)]
    for t in range(1, 301):
        rule.step(step, x, 0.02, t, *memory)
        x -= step
    assert abs(x) < 0.02


@EVERY
def test_what_a_reader_sees_of_a_rule_is_filled_in(rule):
    assert rule.name
    assert rule.formula
    assert rule.source
    assert OPTIMIZERS[rule.key] is rule
