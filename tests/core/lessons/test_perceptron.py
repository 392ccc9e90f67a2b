"""The perceptron: what one line can do, proved by trying all, and what its rule is bound to."""

from itertools import product
from math import inf, isclose, sqrt

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.lessons.perceptron import (
    CORNERS,
    MOST_UPDATES,
    POINT_SETS,
    Cycle,
    Line,
    Points,
    best_at,
    best_line,
    drawn,
    learn,
    line_at,
    most_correct,
    nearest_to_origin,
    widest_margin,
)
from tests.crossing import examples, holds

coordinate = st.floats(-1, 1, allow_nan=False).map(lambda value: round(value, 3))
SEPARABLE_CORNERS = 14
"""Of the 16 ways to colour the corners of a square a line can make all but XOR and its reverse."""


@st.composite
def any_points(draw, most=9):
    grid = draw(st.booleans())  # on a grid many points lie on one line, or on one another
    place = st.integers(0, 3).map(float) if grid else coordinate
    rows = draw(st.lists(st.tuples(place, place, st.booleans()), min_size=1, max_size=most))
    table = np.array(rows, float)
    return Points(table[:, :2], table[:, 2])


def tried(points):
    """The best of very many lines."""
    return max(best_at(points, turn).correct for turn in np.arange(0, 360, 0.5))


def cuttings(points):
    """Every labelling that a line can make, by linear programming: the most that agree."""
    optimize = pytest.importorskip("scipy.optimize")
    best = 0
    for labels in product((-1.0, 1.0), repeat=len(points.y)):
        signs = np.array(labels)
        rows = -signs[:, None] * np.column_stack([points.x, np.ones(len(signs))])
        found = optimize.linprog(
            np.zeros(3), A_ub=rows, b_ub=-np.ones(len(signs)), bounds=[(None, None)] * 3
        )
        if found.status == 0:
            best = max(best, int((signs == points.signs).sum()))
    return best


# --- the best of all lines ---------------------------------------------------------------------


def test_a_line_gets_three_of_the_four_corners_of_xor_and_no_more():
    assert best_line(drawn("xor_corners", 4, 0)).correct == 3
    assert best_line(drawn("and_corners", 4, 0)).correct == 4


def test_a_line_can_make_all_classes_of_the_corners_but_xor_and_its_reverse():
    made = [
        best_line(Points(CORNERS, np.array(classes, float))).correct == 4
        for classes in product((0, 1), repeat=4)
    ]
    assert sum(made) == SEPARABLE_CORNERS


@pytest.mark.parametrize("seed", range(6))
def test_a_line_gets_about_seven_in_ten_of_300_points_of_xor(seed):
    points = drawn("quadrants", 300, seed)
    assert 0.66 < best_line(points).correct / 300 < 0.74


@examples(few=15, many=60)
def test_no_line_beats_the_best_line_and_it_gets_what_it_claims(examples):
    def check(points):
        best = best_line(points)
        assert best.line.correct(points) == best.correct == most_correct(points)[0]
        assert best.correct >= tried(points)

    holds(check, any_points(), examples)


@settings(max_examples=25, deadline=None)
@given(any_points(most=6))
def test_the_best_line_is_as_good_as_the_best_of_all_possible_cuttings(points):
    assert best_line(points).correct == cuttings(points)


@settings(max_examples=60, deadline=None)
@given(any_points(), st.floats(0, 360), st.lists(st.floats(-3, 3), min_size=1, max_size=20))
def test_at_one_angle_no_shift_beats_the_best(points, turn, shifts):
    best = best_at(points, turn)
    assert best.line.correct(points) == best.correct
    assert all(line_at(turn, shift, 0.0).correct(points) <= best.correct for shift in shifts)


def test_a_point_on_the_line_is_class_a():
    points = Points(np.array([[0.0, 0.0], [1.0, 1.0]]), np.array([0.0, 1.0]))
    assert Line(1.0, -1.0, 0.0).right(points).tolist() == [True, False]


@pytest.mark.parametrize("key", POINT_SETS)
def test_points_are_the_same_for_the_same_seed_and_lie_within_their_picture(key):
    chosen, points = POINT_SETS[key], drawn(key, 60, 3)
    np.testing.assert_array_equal(points.x, chosen.points(60, 3).x)
    assert set(points.y) <= {0.0, 1.0}
    inside = np.abs(points.x - chosen.centre) <= chosen.half
    assert inside.mean() > 0.97  # groups with noise have a few stragglers
    assert not points.x.flags.writeable
    other = drawn(key, 60, 4).x
    assert chosen.corners == np.array_equal(points.x, other)


# --- the widest margin -------------------------------------------------------------------------


def test_the_margin_of_and_is_that_of_the_hand_calculation():
    # Nearest are (0, 1), (1, 0) of class A and (1, 1) of class B: 2 w1 = 2 w2 = -4/3 b makes
    # their sums -1, -1 and 1, so gamma = 1 / |(2, 2, -3)| = 1 / sqrt(17), and R = |(1, 1, 1)|.
    margin = widest_margin(drawn("and_corners", 4, 0))
    assert isclose(margin.gamma, 1 / sqrt(17), rel_tol=1e-12)
    assert isclose(margin.bound, 51.0, rel_tol=1e-12)


@pytest.mark.parametrize("key", ["apart", "narrow"])
@pytest.mark.parametrize("seed", range(5))
def test_the_two_groups_are_separable_whatever_the_seed(key, seed):
    points = drawn(key, 300, seed)
    lesson, margin = learn(points), widest_margin(points)
    assert lesson.stopped
    assert len(lesson.updates) <= margin.bound


def test_no_line_separates_xor_so_that_there_is_no_margin():
    for key in ("xor_corners", "quadrants", "overlapping"):
        margin = widest_margin(drawn(key, 300, 0))
        assert margin.gamma == 0
        assert margin.line is None
        assert margin.bound == inf


@settings(max_examples=60, deadline=None)
@given(any_points())
def test_there_is_a_margin_exactly_where_a_line_gets_every_point_right(points):
    margin = widest_margin(points)
    assume(margin.gamma == 0 or margin.gamma > 1e-5)
    assert (margin.gamma > 0) == (best_line(points).correct == len(points.y))


@settings(max_examples=40, deadline=None)
@given(any_points(), st.integers(0, 10_000))
def test_no_other_line_keeps_a_wider_margin(points, seed):
    margin = widest_margin(points)
    assume(margin.gamma > 1e-5)
    z = points.signs[:, None] * np.column_stack([points.x, np.ones(len(points.x))])
    best = np.array(margin.line)
    rng = np.random.default_rng(seed)
    for size in (1.0, 0.1, 0.01, 1e-4):
        w = best + size * rng.normal(size=(200, 3))
        kept = (z @ w.T).min(axis=0) / np.sqrt((w**2).sum(axis=1))
        assert kept.max() <= margin.gamma * (1 + 1e-9)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(coordinate, coordinate, coordinate), min_size=1, max_size=12))
def test_the_point_nearest_to_the_origin_meets_its_condition(rows):
    z = np.array(rows)
    nearest = nearest_to_origin(z)
    assert (z @ nearest).min() >= nearest @ nearest - 1e-9  # no row lies on the near side of it


# --- the learning rule -------------------------------------------------------------------------


def replayed(points, lesson):
    """The weights of a run, from the rule alone."""
    w = np.zeros(3)
    for update in lesson.updates:
        x = np.append(points.x[update.point], 1.0)
        s = points.signs[update.point]
        assert s * (w @ x) <= 0, "it was no mistake"
        w = w + s * x
        np.testing.assert_allclose(update.after, w, atol=1e-12)


@settings(max_examples=150, deadline=None)
@given(any_points(most=12), st.integers(0, 1000))
def test_on_separable_points_the_rule_makes_no_more_mistakes_than_the_theorem_allows(points, seed):
    margin = widest_margin(points)
    assume(margin.gamma > 0.02)
    order = np.random.default_rng(seed).permutation(len(points.y))  # the bound holds for any
    points = Points(points.x[order], points.y[order])
    lesson = learn(points, most=100_000)
    assert lesson.stopped
    assert lesson.cycle is None
    assert len(lesson.updates) <= margin.bound * (1 + 1e-9)
    replayed(points, lesson)
    if lesson.updates:
        line = lesson.updates[-1].after
        assert (points.signs * line.sums(points.x)).min() > 0


@settings(max_examples=60, deadline=None)
@given(any_points())
def test_on_inseparable_points_the_rule_never_stops(points):
    assume(best_line(points).correct < len(points.y))
    lesson = learn(points, most=400)
    assert not lesson.stopped
    replayed(points, lesson)


def test_on_the_corners_of_xor_the_weights_come_back_after_four_mistakes():
    lesson = learn(drawn("xor_corners", 4, 0))
    assert lesson.cycle == Cycle(first=0, period=4)
    after = [Line(0.0, 0.0, 0.0), *(update.after for update in lesson.updates)]
    assert after[0] == after[4] == after[8] == after[12]
    assert after[1:5] == after[5:9] == after[9:13]
    assert not lesson.stopped


def test_and_is_learnt_within_its_bound_and_the_last_pass_is_without_a_mistake():
    points = drawn("and_corners", 4, 0)
    lesson = learn(points)
    assert lesson.stopped
    assert len(lesson.updates) == 18
    assert lesson.seen == lesson.updates[-1].seen + 4
    assert lesson.updates[-1].after.correct(points) == 4


def test_a_run_that_does_not_stop_is_cut_off():
    assert len(learn(drawn("quadrants", 300, 0)).updates) == MOST_UPDATES
