"""What one hidden layer folds: the exact solution of XOR, and what training finds."""

import numpy as np
import pytest

from core.lessons.folding import BENDS, Folder, by_hand, chart, fold_of, trained
from core.lessons.perceptron import POINT_SETS, best_line, drawn

CORNERS = drawn("xor_corners", 4, 0)


def test_two_relu_units_set_by_hand_solve_xor_exactly():
    fold = by_hand("xor_corners")
    np.testing.assert_array_equal(fold.hidden(CORNERS.x), [[0, 0], [1, 0], [1, 0], [2, 1]])
    np.testing.assert_array_equal(fold.sums(CORNERS.x), [-0.5, 0.5, 0.5, -0.5])
    assert fold.correct(CORNERS) == 4


def test_on_another_square_the_hand_solution_solves_its_corners():
    fold = by_hand("quadrants")
    corners = 2 * CORNERS.x - 1
    np.testing.assert_allclose(fold.hidden(corners), [[0, 0], [1, 0], [1, 0], [2, 1]])


@pytest.mark.parametrize("key", ["xor_corners", "quadrants"])
def test_with_a_trained_hidden_layer_more_is_right_than_with_any_line(key):
    points = drawn(key, 300, 0)
    fold = trained(points, Folder("trained", "tanh", 8, 0))
    assert fold.correct(points) > best_line(points).correct
    assert fold.correct(points) >= 0.97 * len(points.y)


@pytest.mark.parametrize("units", [2, 8])
def test_without_a_bend_a_hidden_layer_does_no_more_than_a_line(units):
    for seed in range(3):
        points = drawn("quadrants", 300, seed)
        fold = trained(points, Folder("trained", "identity", units, seed))
        assert fold.correct(points) <= best_line(points).correct


@pytest.mark.parametrize("bend", BENDS)
@pytest.mark.parametrize("units", [2, 3, 8])
def test_in_the_plane_that_is_drawn_every_point_is_on_its_side_of_the_line(bend, units):
    points = drawn("quadrants", 100, 1)
    fold = trained(points, Folder("trained", bend, units, 5))
    plane = chart(fold, points.x)
    places = (fold.hidden(points.x) - plane.origin) @ plane.axes
    np.testing.assert_allclose(plane.line.sums(places), fold.sums(points.x), atol=1e-9)
    np.testing.assert_allclose(plane.axes.T @ plane.axes, np.eye(2), atol=1e-9)
    assert plane.exact == (units == 2)


def test_the_lines_of_the_units_are_where_their_pre_activations_are_zero():
    fold = trained(CORNERS, Folder("trained", "tanh", 3, 0))
    sums = np.column_stack([line.sums(CORNERS.x) for line in fold.lines()])
    np.testing.assert_allclose(np.tanh(sums), fold.hidden(CORNERS.x))


def test_the_same_settings_give_the_same_network_and_another_seed_another():
    settings = Folder("trained", "tanh", 3, 0)
    first, again = trained(CORNERS, settings), trained(CORNERS, settings)
    np.testing.assert_array_equal(first.w, again.w)
    other = trained(CORNERS, Folder("trained", "tanh", 3, 1))
    assert not np.array_equal(first.w, other.w)


@pytest.mark.parametrize("key", POINT_SETS)
def test_set_by_hand_neither_units_nor_seed_matter(key):
    points = drawn(key, 20, 0)
    one, two = (fold_of(key, points, Folder("by_hand", "tanh", n, n)) for n in (3, 7))
    np.testing.assert_array_equal(one.w, two.w)
    assert one.activation == two.activation
