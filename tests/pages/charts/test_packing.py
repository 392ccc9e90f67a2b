"""Packed tables: what a chart looks up in them at an epoch is what was put in for it."""

import re

import altair as alt
import numpy as np
import pyarrow as pa
import pytest

from core.runs.cost import kept_epochs, kept_frames
from core.runs.training import RunSpec
from pages.charts import packing, takehome
from pages.charts.style import LIGHT
from pages.charts.takehome import Figure
from pages.charts.vocabulary import LONGEST, epoch_input

UNEVEN = np.array([3, 7, 9, 15, 16])


def looked_up(epochs, epoch):
    """The number of the value that a chart finds at this epoch, in a table with one an epoch."""
    table = packing.packed(epochs, {"row": [1]}, {"value": [np.arange(len(epochs))]})
    data = packing.at_the_clock(alt.Chart(alt.NamedData("data")), numbers=["value"])
    clock = epoch_input()
    clock.param.value = epoch
    chart = data.mark_text().encode(text="value:Q").add_params(clock).to_dict()
    svg = takehome.svg(Figure("text", chart, {"data": table}), LIGHT)
    return int(re.findall(r"<text[^>]*>(\d+)</text>", svg)[-1])


@pytest.mark.parametrize("epoch", [0, 3, 6, 8, 14, 15, 16, LONGEST])
def test_a_chart_finds_the_newest_value_that_has_come_by_its_epoch(epoch):
    newest = max(0, int(np.searchsorted(UNEVEN, epoch, side="right")) - 1)
    assert looked_up(UNEVEN, epoch) == newest


@pytest.mark.parametrize("epochs", [[0], [5], [0, 400], [0, 1]])
def test_few_values_are_found_too(epochs):
    assert looked_up(np.array(epochs), 0) == 0
    assert looked_up(np.array(epochs), 400) == len(epochs) - 1


@pytest.mark.parametrize("last", [1, 7, 400, 499, 501, 3001, 10_000])
def test_the_epochs_of_a_run_and_of_its_pictures_are_found_exactly(last):
    run = RunSpec(epochs=last)
    kept = np.array(kept_epochs(run))
    for epochs in (kept, np.array(sorted(kept_frames(run)))):
        moments = packing.Moments.of(epochs)
        held = moments.held(epochs)
        assert len(held) <= len(kept)
        for epoch, place in zip(moments.epochs, held, strict=True):
            assert epochs[place] <= epoch
            assert place == len(epochs) - 1 or epoch < epochs[place + 1]
        assert set(held) == set(range(len(epochs)))


def test_a_packed_table_can_be_unpacked():
    moving = {"value": [[0.5, 2.0, 1e-9], []], "word": [["a", "b × 10⁻³", ""], []]}
    table = packing.packed(np.array([0, 2, 5]), {"layer": [1, 2]}, moving)
    assert table.num_rows == 2
    rows = packing.unpacked(table)
    first = rows.filter(pa.compute.equal(rows["layer"], 1)).to_pydict()
    assert first["epoch"] == [0, 2, 4, 5]
    assert first["value"] == [0.5, 2.0, 2.0, 1e-9]
    assert first["word"] == ["a", "b × 10⁻³", "b × 10⁻³", ""]


def test_a_table_that_is_not_packed_stays_as_it_is():
    table = pa.table({"x": [1]})
    assert packing.unpacked(table) is table


def test_a_line_over_time_has_a_point_for_every_epoch():
    table = packing.packed(np.array([1, 3, 5, 6]), {}, {"loss": [[4.0, 3.0, 2.0, 1.0]]})
    data = packing.over_time(alt.Chart(alt.NamedData("data")), "loss")
    text = alt.expr("datum.epoch + ':' + datum.loss")
    chart = data.mark_text(text=text).encode(x="epoch:Q", y="loss:Q").to_dict()
    svg = takehome.svg(Figure("text", chart, {"data": table}), LIGHT)
    assert re.findall(r"\d:\d", svg) == ["1:4", "3:3", "5:2", "6:1"]


def test_a_number_is_as_exact_as_a_tooltip_shows_it():
    assert packing.series([0.123456, 1.0, 3, "word"]) == "0.1235|1|3|word"
