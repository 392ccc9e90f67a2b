"""What the series of a log are taken for, and how that is corrected."""

from __future__ import annotations

import numpy as np
import pytest

from core.watched.watched import MEASURES
from pages.files.columns import (
    LOSS,
    NOTHING,
    RATE,
    STEP,
    Column,
    corrected,
    distinct,
    guessed,
    watched_of,
)
from pages.files.logs import read_log
from pages.files.recordings import Fault, RecordingError
from tests.pages.files.test_logs import CSV, EVENTS, event, scalar

STRANGE = b"""\
it;J;g_L1;g_L2;g_L10;d_L1;d_L2;d_L10
0;0.9;1;2;3;10;20;30
5;0.8;4;5;6;40;50;60
x;0.7;7;8;9;70;80;90
"""
"""No name says anything."""


def strange():
    log = read_log(STRANGE)
    return log, guessed(log)


def test_names_are_taken_for_what_they_say():
    assert guessed(read_log(CSV.encode())) == (
        Column(),
        Column(STEP),
        Column(LOSS),
        Column(),
        Column(),
        Column("gradient", "0"),
        Column(),
        Column("gradient", "2"),
    )
    assert Column(RATE) in guessed(read_log(EVENTS))


def test_of_two_columns_for_the_same_thing_the_first_is_taken():
    log = read_log(b"step,loss,my_loss,grad/a,a/grad\n0,1,2,3,4\n")
    assert guessed(log) == (
        Column(STEP),
        Column(LOSS),
        Column(),
        Column("gradient", "a"),
        Column(),
    )


def test_only_a_table_has_a_column_of_steps():
    assert STEP in read_log(STRANGE).quantities
    assert STEP not in read_log(EVENTS).quantities
    log = read_log(EVENTS + event(30, scalar("step", 1.0), scalar("grad/a", 2.0)))
    assert Column(STEP) not in guessed(log)


def test_names_that_say_nothing_are_left_out_until_they_are_corrected():
    log, columns = strange()
    assert set(columns) == {Column()}
    with pytest.raises(RecordingError) as found:
        watched_of(log, columns)
    assert found.value.fault is Fault.NO_COLUMNS
    columns = corrected(log, columns, [0], STEP)
    columns = corrected(log, columns, [1], LOSS)
    columns = corrected(log, columns, [2, 3, 4], "gradient")
    columns = corrected(log, columns, [5, 6, 7], "delta")
    watched = watched_of(log, columns)
    assert [layer.name for layer in watched.layers] == ["1", "2", "10"]
    assert watched.steps.tolist() == [0, 5]
    assert watched.loss.tolist() == [0.9, 0.8]
    assert watched.measures["gradient"].tolist() == [[1, 2, 3], [4, 5, 6]]
    assert watched.measures["delta"].tolist() == [[10, 20, 30], [40, 50, 60]]
    assert watched.unread == 1


def test_without_a_column_of_steps_the_rows_are_counted():
    log, columns = strange()
    watched = watched_of(log, corrected(log, columns, [2], "delta"))
    assert watched.steps.tolist() == [0, 1, 2]


def test_one_column_can_be_given_the_name_of_its_layer():
    log, columns = strange()
    assert corrected(log, columns, [2], "delta", " first ")[2] == Column("delta", "first")
    assert corrected(log, columns, [2], "delta")[2] == Column("delta", "g_L1")


def test_what_was_taken_for_the_same_thing_before_is_left_out():
    log = read_log(b"step,loss,J,grad/a,b\n0,1,2,3,4\n")
    columns = corrected(log, guessed(log), [2], LOSS)
    assert columns[1:3] == (Column(), Column(LOSS))
    columns = corrected(log, columns, [4], "gradient", "a")
    assert columns[3:] == (Column(), Column("gradient", "a"))


def test_of_several_columns_one_is_the_loss():
    log, columns = strange()
    assert corrected(log, columns, [3, 4], LOSS).count(Column(LOSS)) == 1


def test_a_column_can_be_taken_for_nothing():
    log = read_log(CSV.encode())
    columns = corrected(log, guessed(log), [5, 7], NOTHING)
    assert not any(column.quantity in MEASURES for column in columns)


@pytest.mark.parametrize(
    ("names", "layers"),
    [
        (["g_L1", "g_L2"], ["1", "2"]),
        (["layer10.g", "layer11.g"], ["10", "11"]),
        (["enc/w", "dec/w"], ["enc", "dec"]),
        (["a", "ab"], ["a", "ab"]),
        (["x", "x"], ["1", "2"]),
        (["a_1", "a-1"], ["a_1", "a-1"]),
        (["grad/fc1.weight"], ["fc1"]),
        (["n" * 100 + "a", "n" * 100 + "b"], ["1", "2"]),
    ],
)
def test_layers_are_called_by_what_their_columns_do_not_share(names, layers):
    assert distinct(names) == layers


def test_numbers_that_are_not_finite_are_no_steps():
    log = read_log(b"t,a\n0,1\ninf,2\n-1,3\n4,5\n")
    columns = corrected(log, corrected(log, guessed(log), [0], STEP), [1], "delta")
    watched = watched_of(log, columns)
    assert watched.steps.tolist() == [0, 4]
    np.testing.assert_array_equal(watched.measures["delta"], [[1], [5]])
