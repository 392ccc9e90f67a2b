"""The lanes laid over each other: their numbers, one axis, names at the lines' ends."""

import re
from dataclasses import replace

import numpy as np
import pytest

from core.nn.activations import ACTIVATIONS
from core.runs.training import RunSpec
from pages import texts
from pages.charts import compare, takehome
from pages.charts.measures import MEASURES
from pages.charts.packing import unpacked
from pages.charts.style import DARK, LIGHT, hue
from pages.charts.takehome import Figure
from pages.charts.training import MeasureAxis
from tests.crossing import crossed
from tests.recorded import recorded

RUN = RunSpec(samples=60, depth=3, width=4, epochs=12)
RUNS = (RUN, replace(RUN, activation="tanh", depth=5), replace(RUN, activation="relu"))
NAMES = ("sigmoid", "tanh", "ReLU")
AXIS = MeasureAxis("delta", 5)


@pytest.fixture(scope="module")
def histories():
    return [recorded(run).history for run in RUNS]


def drawn(name, chart, **tables):
    return takehome.svg(Figure(name, chart.to_dict(), tables), LIGHT)


def test_every_lane_has_its_numbers_and_its_output_at_the_right(histories):
    table = unpacked(compare.layers_table(histories, AXIS)).to_pydict()
    rows = zip(*(table[key] for key in ("lane", "epoch", "layer", "value")), strict=True)
    found = {(lane, layer): value for lane, epoch, layer, value in rows if epoch == RUN.epochs}
    for lane, (run, history) in enumerate(zip(RUNS, histories, strict=True)):
        layers = [*range(1, run.depth + 1), 6]
        values = [found.pop((lane, layer)) for layer in layers]
        np.testing.assert_allclose(values, history.delta[-1, 0], rtol=5e-4)
    assert not found


@pytest.mark.parametrize("linear", [False, True])
def test_names_stand_apart_beside_the_lines_ends(histories, linear):
    axis = MeasureAxis("delta", 5, linear)
    table = compare.layer_names_table(histories, NAMES, axis)
    assert table["name"].to_pylist() == list(NAMES)
    layers = compare.layers_table(histories, axis)
    strokes = compare.strokes_of([run.activation for run in RUNS], LIGHT)
    chart = compare.layers(texts.LANGUAGES["en"].text, LIGHT, strokes, axis, "")
    svg = drawn("layers", chart, layers=layers, names=table)
    places = [height(svg, name) for name in NAMES]
    assert min(abs(a - b) for a, b in zip(sorted(places)[1:], sorted(places), strict=False)) > 13


def height(svg, name):
    """Where a name stands, in pixels from the top of its chart."""
    (found,) = re.findall(rf'translate\([\d.]+,([\d.-]+)\)"[^>]*>{name}</text>', svg)
    return float(found)


def test_the_losses_are_those_of_the_lanes(histories):
    table = unpacked(compare.losses_table(histories)).to_pydict()
    losses = np.array(table["loss"]).reshape(3, -1)
    expected = [history.train_loss[:, 0] for history in histories]
    np.testing.assert_allclose(losses, expected, rtol=5e-4)
    assert table["lane"] == np.repeat([0, 1, 2], RUN.epochs + 1).tolist()


def test_every_lane_is_a_line_in_its_colour(histories):
    strokes = compare.strokes_of([run.activation for run in RUNS], LIGHT)
    chart = compare.losses(texts.LANGUAGES["en"].text, LIGHT, strokes, 12, 1.0, 0.7, "")
    names = compare.loss_names_table(histories, NAMES, 1.0)
    svg = drawn("losses", chart, losses=compare.losses_table(histories), names=names)
    lines = re.findall(r'<path aria-label="epoch[^>]*stroke="(#\w+)"', svg)
    assert [colour.upper() for colour in lines] == [s.colour.upper() for s in strokes]


def test_lanes_of_one_colour_are_told_apart_by_their_dashes():
    strokes = compare.strokes_of(["relu", "relu", "sigmoid", "relu"], LIGHT)
    assert len(set(strokes)) == 4
    assert {s.colour for s in strokes[:2]} == {hue(ACTIVATIONS["relu"], LIGHT)}
    assert strokes[0].dashes == strokes[2].dashes == compare.pattern(0)


@crossed(language=texts.LANGUAGES, colours=[LIGHT, DARK], measure=MEASURES)
def test_both_are_valid_charts(language, colours, measure):
    t, strokes = texts.LANGUAGES[language].text, compare.strokes_of(["relu", "tanh"], colours)
    axis = MeasureAxis(measure, 3)
    for chart in (
        compare.layers(t, colours, strokes, axis, "what it shows"),
        compare.losses(t, colours, strokes, 9, 1.0, 0.7, "what it shows"),
    ):
        written = chart.to_dict()
        assert written["description"] == "what it shows"
        assert [parameter["name"] for parameter in written["params"]] == ["epoch"]
