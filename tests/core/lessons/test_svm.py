"""The support vector machine: closed form, another program's numbers, and the conditions."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.data.datasets import DATASETS, Task, View, load
from core.lessons.svm import (
    MOST_POINTS,
    TOLERANCE,
    NotTwoClasses,
    SvmSpec,
    TooManyPoints,
    kernel,
    solve,
)

REFERENCE = json.loads((Path(__file__).parents[2] / "reference" / "svm.json").read_text("utf-8"))
CORNERS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
EXACT = 1e-12


def formula_moons():
    """The 40 points of the reference."""
    i = np.arange(20)
    angle = np.pi * i / 19
    one = np.column_stack(
        [np.cos(angle) + 0.15 * np.sin(7 * i), np.sin(angle) + 0.15 * np.cos(11 * i)]
    )
    other = np.column_stack(
        [
            1 - np.cos(angle) + 0.15 * np.sin(5 * i + 1),
            0.5 - np.sin(angle) + 0.15 * np.cos(13 * i + 2),
        ]
    )
    return np.concatenate([one, other]), np.repeat([1.0, 0.0], 20)


def misses(machine):
    """By how much each point misses the conditions of the maximum, for the bias found."""
    lead = machine.signs * machine.inside - 1
    c = machine.spec.svm_c
    at_zero, at_c = machine.alpha == 0, machine.alpha >= c
    return np.where(at_zero, np.maximum(0, -lead), np.where(at_c, np.maximum(0, lead), abs(lead)))


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0])
def test_xor_has_its_closed_form(gamma):
    machine = solve(CORNERS, np.array([0, 1, 1, 0]), SvmSpec(gamma, 1e4), EXACT)
    alpha = 1 / (1 - np.exp(-gamma)) ** 2
    np.testing.assert_allclose(machine.alpha, alpha, rtol=1e-10)
    assert machine.bias == pytest.approx(0, abs=1e-12)
    assert machine.margin == pytest.approx(1 / np.sqrt(4 * alpha), rel=1e-10)
    assert machine.dual == pytest.approx(2 * alpha, rel=1e-10)


@pytest.mark.parametrize("row", REFERENCE["rows"], ids=lambda row: f"C={row['C']}")
def test_it_agrees_with_another_program_to_the_eighth_digit(row):
    machine = solve(*formula_moons(), SvmSpec(row["gamma"], row["C"]), EXACT)
    assert machine.converged
    assert machine.bias == pytest.approx(row["b"], abs=1e-8)
    assert machine.dual == pytest.approx(row["dual"], abs=1e-8)
    assert machine.margin == pytest.approx(row["margin"], abs=1e-8)
    assert machine.alpha.sum() == pytest.approx(row["sum_alpha"], abs=1e-8)
    assert len(machine.support) == row["n_sv"]
    assert len(machine.bound) == row["n_bound"]
    places = np.array([[0.0, 0.0], [0.5, 0.25], [1.0, -0.5]])
    np.testing.assert_allclose(machine.decide(places), row["f_at"], rtol=0, atol=1e-8)


@pytest.mark.parametrize("noise", [0.0, 0.2])
@pytest.mark.parametrize(("gamma", "c"), [(0.3, 1.0), (2.0, 10.0), (20.0, 3.0), (1000.0, 0.5)])
def test_it_agrees_with_scikit_learn(noise, gamma, c):
    svc = pytest.importorskip("sklearn.svm").SVC
    data = load("moons", 200, noise, 3)
    y = data.train_y[:, 0]
    machine = solve(data.train_x, y, SvmSpec(gamma, c), 1e-7, most=10**6)
    theirs = svc(C=c, gamma=gamma, tol=1e-10).fit(data.train_x, y)
    assert machine.converged
    np.testing.assert_allclose(
        machine.decide(data.test_x), theirs.decision_function(data.test_x), rtol=0, atol=1e-5
    )
    np.testing.assert_array_equal(machine.support, np.sort(theirs.support_))


any_points = st.lists(
    st.tuples(
        st.integers(-4, 4).map(lambda k: k / 4), st.integers(-4, 4).map(lambda k: k / 4),
        st.booleans(),
    ),
    min_size=2,
    max_size=25,
).filter(lambda rows: len({label for _, _, label in rows}) == 2)  # fmt: skip


@given(any_points, st.sampled_from([0.01, 1.0, 30.0, 1000.0]), st.sampled_from([0.01, 1.0, 50.0]))
def test_the_conditions_of_the_maximum_hold_whatever_the_points(rows, gamma, c):
    table = np.array(rows, float)  # on a grid, so that many points lie on one another
    machine = solve(table[:, :2], table[:, 2], SvmSpec(gamma, c), 1e-8)
    assert machine.converged
    assert (machine.alpha >= 0).all()
    assert (machine.alpha <= c).all()
    assert machine.alpha @ machine.signs == pytest.approx(0, abs=1e-9 * c * len(rows))
    assert misses(machine).max() <= 1.1e-8
    np.testing.assert_allclose(machine.decide(machine.x), machine.inside, rtol=0, atol=1e-8)
    assert machine.duality_gap >= -1e-9 * max(1, machine.primal)
    assert machine.duality_gap <= 1e-7 * c * len(rows)


def test_all_maxima_give_the_same_function_whatever_the_order_of_the_points():
    data = load("moons", 100, 0.2, 0)
    spec, order = SvmSpec(5.0, 3.0), np.random.default_rng(1).permutation(80)
    one = solve(data.train_x, data.train_y, spec, 1e-10)
    other = solve(data.train_x[order], data.train_y[order], spec, 1e-10)
    np.testing.assert_allclose(one.decide(data.test_x), other.decide(data.test_x), atol=1e-8)
    np.testing.assert_allclose(one.alpha[order], other.alpha, atol=1e-6)


def test_points_that_are_no_support_vectors_can_be_left_out():
    data = load("xor", 200, 0.0, 0)
    machine = solve(data.train_x, data.train_y, SvmSpec(), 1e-10)
    some = machine.support
    alone = solve(data.train_x[some], data.train_y[some], SvmSpec(), 1e-10)
    assert len(some) < len(data.train_x) / 2
    np.testing.assert_allclose(machine.decide(data.test_x), alone.decide(data.test_x), atol=1e-7)


def test_w_squared_is_the_sum_of_alpha_where_none_is_at_its_bound():
    machine = solve(CORNERS, np.array([0, 1, 1, 0]), SvmSpec(1.0, 1e4), EXACT)
    assert len(machine.bound) == 0
    assert machine.norm2 == pytest.approx(machine.alpha.sum(), rel=1e-10)


def test_with_all_at_the_bound_the_bias_is_in_the_middle_of_what_it_may_be():
    x, y = np.array([[0.0], [0.1], [1.0], [1.2]]), np.array([0, 0, 1, 1])
    machine = solve(x, y, SvmSpec(1.0, 0.01), EXACT)
    np.testing.assert_array_equal(machine.alpha, 0.01)
    assert len(machine.bound) == 4
    slope = machine.signs - kernel(x, x, 1.0) @ (machine.alpha * machine.signs)
    assert machine.bias == pytest.approx((slope[:2].max() + slope[2:].min()) / 2)
    assert machine.converged


def test_points_at_the_same_place_in_both_classes_are_taken_as_they_come():
    machine = solve(np.zeros((6, 2)), np.array([0, 1, 0, 1, 0, 1]), SvmSpec())
    assert machine.converged
    assert np.isfinite(machine.decide(np.zeros((1, 2)))).all()
    assert machine.norm2 == pytest.approx(0, abs=1e-12)
    assert machine.duality_gap == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("label", [0.0, 1.0])
def test_one_class_alone_is_refused(label):
    with pytest.raises(NotTwoClasses, match="one class"):
        solve(CORNERS, np.full((4, 1), label), SvmSpec())


def test_no_points_are_refused():
    with pytest.raises(NotTwoClasses):
        solve(np.zeros((0, 2)), np.zeros(0), SvmSpec())


def test_more_points_than_fit_are_refused_before_anything_is_computed():
    with pytest.raises(TooManyPoints, match=str(MOST_POINTS)):
        solve(np.zeros((MOST_POINTS + 1, 2)), np.zeros(MOST_POINTS + 1), SvmSpec())


def test_it_says_whether_it_has_converged_and_is_the_best_so_far():
    data = load("moons", 200, 0.3, 0)
    spec = SvmSpec(2.0, 100.0)
    values = []
    for most in (0, 1, 30, 300):
        short = solve(data.train_x, data.train_y, spec, most=most)
        assert short.steps == most
        assert not short.converged
        assert short.kkt_gap > TOLERANCE
        assert short.alpha @ short.signs == pytest.approx(0, abs=1e-9)
        values.append(short.dual)
    whole = solve(data.train_x, data.train_y, spec)
    assert values == sorted(values)
    assert whole.converged
    assert whole.kkt_gap <= TOLERANCE
    assert whole.dual > values[-1]


def test_what_it_learnt_is_never_written_again_and_leaves_the_data_alone():
    x = CORNERS.copy()
    machine = solve(x, np.array([0, 1, 1, 0]), SvmSpec())
    x += 1
    np.testing.assert_array_equal(machine.x, CORNERS)
    for array in (machine.x, machine.signs, machine.alpha, machine.inside):
        assert not array.flags.writeable


def test_the_answers_come_in_parts_that_fit_together(monkeypatch):
    data = load("xor", 200, 0.0, 0)
    machine = solve(data.train_x, data.train_y, SvmSpec())
    whole = machine.decide(data.test_x)
    monkeypatch.setattr("core.lessons.svm.AT_ONCE", 7 * len(machine.support))
    np.testing.assert_allclose(machine.decide(data.test_x), whole, rtol=1e-13)
    assert machine.decide(data.test_x[:0]).shape == (0,)


def test_its_accuracy_counts_as_the_networks_does():
    data = load("xor", 200, 0.0, 0)
    machine = solve(data.train_x, data.train_y, SvmSpec())
    right = (machine.decide(data.test_x) > 0) == (data.test_y[:, 0] == 1)
    assert machine.accuracy(data.test_x, data.test_y) == right.mean()
    assert machine.accuracy(data.test_x, 1 - data.test_y) == pytest.approx(1 - right.mean())


@pytest.mark.parametrize(
    "key", [k for k, d in DATASETS.items() if (d.view, d.task) == (View.PLANE, Task.BINARY)]
)
def test_every_data_set_of_two_classes_can_be_learnt(key):
    data = load(key, 300, 0.0, 1)
    machine = solve(data.train_x, data.train_y, replace(SvmSpec(), svm_gamma=30.0))
    assert machine.converged
    assert machine.accuracy(data.test_x, data.test_y) > 0.9
