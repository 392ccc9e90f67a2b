"""The names of lanes, alone and beside each other."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.runs.training import RunSpec
from pages import texts
from pages.ui.rooms.training.lanes import cut_apart, lane_name, names_apart

EN = texts.LANGUAGES["en"].text
PLAIN = RunSpec()


@pytest.mark.parametrize(
    ("lanes", "names"),
    [
        ([PLAIN, replace(PLAIN, initializer="he")], ["Xavier", "He"]),
        ([PLAIN, replace(PLAIN, activation="tanh")], ["sigmoid", "tanh"]),
        ([PLAIN, replace(PLAIN, norm="batch")], ["sigmoid", "Batch normalization"]),
        (
            [replace(PLAIN, activation=key) for key in ("x * sigmoid(x)", "x * tanh(x)")],
            ["x · sigmoid(x)", "x · tanh(x)"],
        ),
        ([PLAIN, PLAIN], ["sigmoid", "sigmoid"]),
        ([PLAIN], ["sigmoid"]),
        (
            [
                replace(PLAIN, initializer=i, depth=d)
                for i, d in [("he", 5), ("he", 8), ("lecun", 5)]
            ],
            ["He · Hidden layers 5", "He · Hidden layers 8", "LeCun · Hidden layers 5"],
        ),
    ],
)
def test_beside_each_other_lanes_are_called_by_what_tells_them_apart(lanes, names):
    assert names_apart(EN, lanes) == names
    assert all(n in lane_name(EN, run, lanes) for n, run in zip(names, lanes, strict=True))


@pytest.mark.parametrize(
    ("names", "cut"),
    [
        (["Xavier", "Standard deviation 1"], ["Xavier", "Standard devi…"]),
        (["Hidden layers 3", "Hidden layers 15"], ["…layers 3", "…layers 15"]),
        (["sigmoid", "sigmoid"], ["sigmoid", "sigmoid"]),
    ],
)
def test_names_that_begin_alike_keep_the_end_that_tells_them_apart(names, cut):
    assert cut_apart(names, 14) == cut
