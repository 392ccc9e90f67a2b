"""Output and loss of every task: derivatives, stability, and what guessing scores."""

from __future__ import annotations

from math import log

import numpy as np
import pytest

from core.data.datasets import Task
from core.nn.losses import LOSSES, sigmoid, softmax

EVERY = pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
OUTPUTS = {Task.BINARY: 1, Task.CLASSES: 4, Task.REGRESSION: 2}


def answers(task, samples, rng):
    """Right answers, as `core.data.datasets.Data` describes them."""
    if task is Task.BINARY:
        return rng.integers(0, 2, (samples, 1)).astype(float)
    if task is Task.CLASSES:
        return np.eye(OUTPUTS[task])[rng.integers(0, OUTPUTS[task], samples)]
    return rng.uniform(-1, 1, (samples, OUTPUTS[task]))


def example(task, samples=40, seed=0, scale=3.0):
    rng = np.random.default_rng(seed)
    y = answers(task, samples, rng)
    return scale * rng.normal(size=(2, *y.shape)), np.broadcast_to(y, (2, *y.shape))


def test_every_task_has_a_loss():
    assert set(LOSSES) == set(Task)
    assert set(OUTPUTS) == set(Task)


@EVERY
def test_shapes_are_those_declared(loss):
    z, y = example(loss.task)
    assert loss.output(z).shape == loss.delta(z, y).shape == z.shape
    assert loss.value(z, y).shape == z.shape[:-1]
    assert loss.accuracy(z, y).shape == z.shape[:-2]
    assert isinstance(loss.baseline(y[0]), float)
    assert isinstance(loss.guessing(y[0]), float)


@EVERY
def test_delta_is_the_derivative_of_the_value(loss):
    z, y = example(loss.task)
    h = 1e-5
    for output in range(z.shape[-1]):
        shift = np.zeros(z.shape[-1])
        shift[output] = h
        slope = (loss.value(z + shift, y) - loss.value(z - shift, y)) / (2 * h)
        np.testing.assert_allclose(loss.delta(z, y)[..., output], slope, rtol=1e-8, atol=1e-9)


def test_delta_agrees_with_the_complex_step_of_the_textbook_formulas():
    h = 1e-30
    textbook = {
        Task.BINARY: lambda z, y: (
            -y * np.log(1 / (1 + np.exp(-z))) - (1 - y) * np.log(1 - 1 / (1 + np.exp(-z)))
        ).sum(-1),
        Task.CLASSES: lambda z, y: (
            -(y * np.log(np.exp(z) / np.exp(z).sum(-1, keepdims=True))).sum(-1)
        ),
        Task.REGRESSION: lambda z, y: ((z - y) ** 2).sum(-1) / 2,
    }
    for task, value in textbook.items():
        z, y = example(task)
        np.testing.assert_allclose(LOSSES[task].value(z, y), value(z, y), rtol=1e-12, atol=1e-14)
        for output in range(z.shape[-1]):
            step = np.zeros(z.shape[-1], complex)
            step[output] = 1j * h
            slope = value(z + step, y).imag / h
            np.testing.assert_allclose(
                LOSSES[task].delta(z, y)[..., output], slope, rtol=1e-12, atol=1e-14
            )


@EVERY
def test_a_loss_is_never_negative_and_zero_only_for_certainty(loss):
    z, y = example(loss.task, samples=500, scale=10.0)
    assert (loss.value(z, y) >= 0).all()
    certain = y if loss.task is Task.REGRESSION else 1000 * (2 * y - 1)
    assert not loss.value(certain, y).any()
    assert not loss.delta(certain, y).any()
    assert (loss.accuracy(certain, y) == 1).all()


@EVERY
@pytest.mark.parametrize("size", [1e3, 1e100, 1e307])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_large_pre_activations_give_numbers_and_no_warning(loss, size, dtype):
    z, y = example(loss.task, scale=1.0)
    size = min(size, 1e36) if dtype is np.float32 else size
    z, y = (size * z / np.abs(z).max()).astype(dtype), y.astype(dtype)
    delta = loss.delta(z, y)
    assert loss.output(z).dtype == delta.dtype == dtype
    assert np.isfinite(delta).all()
    assert np.isfinite(loss.output(z)).all()
    if loss.task is not Task.REGRESSION:
        value = loss.value(z, y)
        assert value.dtype == dtype
        assert np.isfinite(value).all()
        assert (value.max(axis=-1) >= 0.01 * size).all()  # not cut off, unlike log(p + 1e-12)
    elif size == 1e3:
        assert np.isfinite(loss.value(z, y)).all()


def test_a_square_too_large_to_represent_is_infinite():
    loss = LOSSES[Task.REGRESSION]
    with np.errstate(over="ignore"):
        assert loss.value(np.full((1, 1), 1e200), np.zeros((1, 1))) == np.inf


@pytest.mark.parametrize("task", [Task.BINARY, Task.CLASSES])
def test_the_largest_pre_activations_of_one_sign_are_no_trouble(task):
    _, y = example(task)
    for end in (-1e308, 1e308):
        z = np.full(y.shape, end)
        assert np.isfinite(LOSSES[task].value(z, y)).all()
        assert np.isfinite(LOSSES[task].delta(z, y)).all()


@pytest.mark.parametrize("part", ["output", "value", "delta"])
def test_the_largest_pre_activations_of_both_signs_are_no_trouble(part):
    z, y = np.array([[1e308, -1e308]]), np.array([[1.0, 0.0]])
    loss = LOSSES[Task.CLASSES]
    result = loss.output(z) if part == "output" else getattr(loss, part)(z, y)
    assert np.isfinite(result).all()


def test_small_probabilities_keep_their_relative_accuracy():
    # -ln(1 - sigma(-40)) = ln(1 + e^-40), about 4.248e-18, where 1 - p is 1
    loss = LOSSES[Task.BINARY]
    value = loss.value(np.array([[-40.0]]), np.array([[0.0]]))
    np.testing.assert_allclose(value, 4.248354255291589e-18, rtol=1e-12)
    delta = loss.delta(np.array([[-40.0]]), np.array([[0.0]]))
    np.testing.assert_allclose(delta, 4.248354255291589e-18, rtol=1e-12)


def test_probabilities_add_up_to_one():
    z, _ = example(Task.CLASSES, samples=300, scale=30.0)
    p = softmax(z)
    assert (p >= 0).all()
    np.testing.assert_allclose(p.sum(axis=-1), 1, rtol=1e-14)
    np.testing.assert_allclose(softmax(z + 500), p, rtol=1e-11)
    np.testing.assert_allclose(sigmoid(z) + sigmoid(-z), 1, rtol=1e-15)
    two = np.stack([z[..., 0], np.zeros_like(z[..., 0])], axis=-1)
    np.testing.assert_allclose(softmax(two)[..., 0], sigmoid(z[..., 0]), rtol=1e-13)


@EVERY
@pytest.mark.parametrize("seed", range(3))
def test_the_baseline_is_the_loss_of_the_best_constant_answer(loss, seed):
    _, (y, _) = example(loss.task, samples=60, seed=seed)
    constant = np.zeros(y.shape[-1])
    for _ in range(2000):  # the mean loss of a constant is convex: walk down to its bottom
        constant = constant - loss.delta(np.broadcast_to(constant, y.shape), y).mean(axis=0)
    best = loss.value(np.broadcast_to(constant, y.shape), y).mean()
    assert loss.baseline(y) == pytest.approx(best, rel=1e-9)


def test_guessing_between_two_equal_classes_costs_ln_2():
    y = np.array([[0.0], [1.0], [1.0], [0.0]])
    assert LOSSES[Task.BINARY].baseline(y) == pytest.approx(log(2), rel=1e-15)
    assert LOSSES[Task.BINARY].guessing(y) == 0.5
    assert LOSSES[Task.CLASSES].baseline(np.eye(10)) == pytest.approx(log(10), rel=1e-15)
    assert LOSSES[Task.CLASSES].guessing(np.eye(10)) == pytest.approx(0.1)


def test_where_there_is_only_one_class_guessing_is_right():
    for y in (np.ones((5, 1)), np.zeros((5, 1))):
        assert LOSSES[Task.BINARY].baseline(y) == 0
        assert LOSSES[Task.BINARY].guessing(y) == 1


@EVERY
def test_no_constant_answer_is_more_often_right_than_guessing(loss):
    _, (y, _) = example(loss.task, samples=60)
    ones = np.eye(y.shape[-1])
    constants = [*ones, *-ones, 0 * ones[0], y.mean(axis=0)]
    scores = [float(loss.accuracy(np.broadcast_to(c, y.shape), y)) for c in constants]
    assert loss.guessing(y) == pytest.approx(max(scores), abs=1e-12)


def test_accuracy_is_the_share_of_right_answers():
    y = np.array([[0.0], [1.0], [1.0], [0.0]])
    z = np.array([[-2.0], [3.0], [-1.0], [1.0]])
    assert LOSSES[Task.BINARY].accuracy(z, y) == 0.5
    labels = np.eye(3)[[0, 1, 2, 2]]
    scores = np.array([[2.0, 1, 0], [0, 1, 2], [0, 1, 2], [1, 0, 2]])
    assert LOSSES[Task.CLASSES].accuracy(scores, labels) == 0.75


def test_accuracy_of_numbers_is_the_share_of_their_variation_explained():
    rng = np.random.default_rng(0)
    y = rng.normal(size=(50, 1))
    z = y + 0.1 * rng.normal(size=(50, 1))
    expected = 1 - np.sum((z - y) ** 2) / np.sum((y - y.mean()) ** 2)
    assert LOSSES[Task.REGRESSION].accuracy(z, y) == pytest.approx(expected, rel=1e-14)


@EVERY
def test_replicas_do_not_mix(loss):
    z, y = example(loss.task)
    for part in (loss.value, loss.delta, loss.accuracy):
        together = part(z, y)
        for replica in range(2):
            alone = part(z[replica : replica + 1], y[replica : replica + 1])
            np.testing.assert_array_equal(together[replica], alone[0])
