"""Contours: they lie where the value is, close where they should, and cross nothing twice."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from core.lessons.contours import contours

ROWS, COLUMNS = np.mgrid[0:41, 0:61].astype(float)


def test_a_circle_is_one_closed_line_at_its_radius():
    (path,) = contours(np.hypot(COLUMNS - 30, ROWS - 20), 10.0)
    np.testing.assert_array_equal(path[0], path[-1])
    np.testing.assert_allclose(np.hypot(*(path - [30, 20]).T), 10, atol=0.02)
    steps = np.hypot(*np.diff(path, axis=0).T)
    assert steps.max() < 1.5
    assert steps.sum() == pytest.approx(2 * np.pi * 10, rel=0.01)


def test_a_straight_line_is_exact_and_goes_from_border_to_border():
    (path,) = contours(2 * COLUMNS + ROWS, 50.5)
    np.testing.assert_allclose(2 * path[:, 0] + path[:, 1], 50.5, rtol=1e-12)
    assert sorted([path[0, 1], path[-1, 1]]) == [0, 40]


def test_rings_within_one_another_are_two_lines():
    distance = np.hypot(COLUMNS - 30, ROWS - 20)
    paths = contours(np.abs(distance - 12), 3.0)
    radii = sorted(np.hypot(*(path - [30, 20]).T).mean() for path in paths)
    np.testing.assert_allclose(radii, [9, 15], atol=0.05)


@pytest.mark.parametrize(("middle", "corners"), [(1.0, [0, 0]), (-1.0, [1, 1])])
def test_in_a_saddle_the_middle_tells_which_corners_belong_together(middle, corners):
    values = np.array([[2.0, -2.0], [-2.0, 2.0]]) + middle
    paths = contours(values, 0.0)
    assert len(paths) == 2
    up = [path for path in paths if path.sum(axis=1).max() <= 1.01]  # around the first corner
    assert len(up) == corners[0]


def test_where_there_is_no_crossing_there_is_no_line():
    assert contours(np.ones((5, 5)), 2.0) == []
    assert contours(np.ones((5, 5)), 0.5) == []


any_grid = arrays.arrays(
    float, st.tuples(st.integers(2, 7), st.integers(2, 7)), elements=st.integers(-3, 3).map(float)
)


@given(any_grid)
def test_every_crossed_edge_is_on_one_line_and_open_lines_end_at_the_border(values):
    paths = contours(values, 0.5)
    above = values > 0.5
    crossed = (above[1:] != above[:-1]).sum() + (above[:, 1:] != above[:, :-1]).sum()
    points = 0
    for path in paths:
        closed = len(path) > 2 and (path[0] == path[-1]).all()
        points += len(path) - closed
        if not closed:
            for column, row in path[[0, -1]]:
                assert column in (0, values.shape[1] - 1) or row in (0, values.shape[0] - 1)
        assert (np.abs(np.diff(path, axis=0)) <= 1 + 1e-12).all()
    assert points == crossed
