"""The charts of the training page: they build, and draw what the core computed."""

import ast
import base64
import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from core.data.datasets import DATASETS
from core.runs.recording import Recording
from core.runs.training import RunSpec
from pages import texts
from pages.charts import laboratory, takehome
from pages.charts import training as charts
from pages.charts.measures import MEASURES
from pages.charts.packing import unpacked
from pages.charts.pictures import CELL, EDGE
from pages.charts.style import DARK, LIGHT
from pages.charts.takehome import Figure
from pages.ui.widgets.show import specification, spoken_as_one
from tests.browser.drive import ROOT
from tests.crossing import crossed

every_language = pytest.mark.parametrize("language", texts.LANGUAGES)
every_dataset = pytest.mark.parametrize("dataset", DATASETS)
every_measure = pytest.mark.parametrize("measure", MEASURES)
RUN = RunSpec(samples=60, depth=3, width=4, epochs=12)


@pytest.fixture(scope="module")
def recording():
    record = Recording(RUN)
    record.advance()
    return record


def text(language="en"):
    return texts.LANGUAGES[language].text


@crossed(language=texts.LANGUAGES, colours=[LIGHT, DARK], dataset=DATASETS)
def test_what_was_learnt_is_a_valid_chart(language, colours, dataset):
    entry = DATASETS[dataset]
    chart = charts.plane if entry.view == "plane" else charts.samples
    assert chart(text(language), colours, entry, "what it shows").to_dict()["description"]


@crossed(language=texts.LANGUAGES, linear=[False, True], measure=MEASURES)
def test_every_measure_of_the_layers_is_a_valid_chart(language, measure, linear):
    axis = charts.MeasureAxis(measure, 5, linear)
    assert charts.ladder(text(language), LIGHT, "#000000", axis, 3, "what it shows").to_dict()


@every_language
def test_the_course_is_a_valid_chart(language):
    assert charts.course(text(language), LIGHT, "#000000", 400, 1.0, 0.7, True, "shown").to_dict()


def test_every_chart_has_the_parameter_that_the_clock_sets():
    t = text()
    for chart in (
        charts.plane(t, LIGHT, DATASETS["xor"], ""),
        charts.samples(t, LIGHT, DATASETS["digits"], ""),
        charts.ladder(t, LIGHT, "#000000", charts.MeasureAxis("delta", 3), 3, ""),
        charts.course(t, LIGHT, "#000000", 400, 1.0, 0.7, True, ""),
    ):
        (parameter,) = chart.to_dict()["params"]
        assert parameter["name"] == "epoch"
        assert parameter["bind"]["name"] == "epoch"


def test_a_live_chart_changes_its_data_alone(recording):
    t = text()
    early = charts.plane(t, LIGHT, DATASETS["xor"], "same").to_dict()
    assert early == charts.plane(t, LIGHT, DATASETS["xor"], "same").to_dict()
    assert "datasets" not in early


@every_measure
def test_the_ladder_holds_the_recorded_numbers(recording, measure):
    entry = MEASURES[measure]
    table = unpacked(charts.ladder_table(recording.history, entry, 0)).to_pydict()
    layers = RUN.depth + entry.to_output
    begun = measure == "relative_update"  # before the first update there is none
    values = getattr(recording.history, measure)[begun:, 0, :layers]
    np.testing.assert_allclose(table["value"], values.T.ravel(), rtol=5e-4)
    assert table["layer"] == np.repeat(range(1, layers + 1), len(values)).tolist()
    assert table["epoch"] == [*range(begun, RUN.epochs + 1)] * layers


def test_what_lies_beyond_the_axis_is_an_arrow_at_its_end():
    record = Recording(replace(RUN, depth=12, epochs=1, gain=0.01))
    record.advance()
    table = charts.ladder_table(record.history, MEASURES["delta"], 0)
    low, _ = charts.measure_ends(MEASURES["delta"], 12)
    below = sum(value < low for value in record.history.delta[-1, 0])
    axis = charts.MeasureAxis("delta", 12)
    chart = charts.ladder(text(), LIGHT, "#123456", axis, 12, "").to_dict()
    svg = takehome.svg(Figure("ladder", chart, {"ladder": table}), LIGHT)
    assert 0 < below == svg.count("mark: below")


def test_the_film_has_every_picture_of_the_plane_with_its_edge_repeated(recording):
    table = unpacked(charts.frames_table(recording.frames, RUN, text())).to_pydict()
    assert table["epoch"] == list(range(RUN.epochs + 1))
    across, down = table["across"][0], table["down"][0]
    assert across * down >= len(recording.frames)
    data = base64.b64decode(table["url"][0].split(",")[1])
    image = np.array(Image.open(io.BytesIO(data)))
    for frame, number in zip(recording.frames, table["picture"], strict=True):
        row, column = divmod(int(number), across)
        cell = image[row * CELL : (row + 1) * CELL, column * CELL : (column + 1) * CELL]
        np.testing.assert_array_equal(cell, np.pad(frame.values, EDGE, mode="edge"))


def test_a_network_that_cannot_decide_says_so():
    record = Recording(replace(RUN, epochs=1))
    record.advance()
    table = unpacked(charts.frames_table(record.frames, RUN, text())).to_pydict()
    assert table["flat"][-1] == 1
    assert table["note"][-1]


@pytest.mark.parametrize("dataset", ["iris", "digits"])
def test_a_sample_is_marked_where_its_class_is_wrong(dataset):
    run = replace(RUN, dataset=dataset, samples=200, activation="tanh", epochs=3)
    record = Recording(run)
    record.advance()
    table = charts.frames_table(record.frames, run, text())
    shown = unpacked(table).to_pydict()
    values = np.array([frame.values for frame in record.frames])
    assert shown["predicted"] == values.T.ravel().tolist()
    truth = run.data().test_y[: values.shape[1]].argmax(axis=1)
    assert shown["truth"] == np.repeat(truth, len(values)).tolist()
    chart = charts.samples(text(), LIGHT, run.source, "").to_dict()
    tables = {"frames": table, "points": charts.points_table(run)}
    svg = takehome.svg(Figure("samples", chart, tables), LIGHT)
    assert svg.count(LIGHT.wrong) == (values[-1] != truth).sum() > 0


def test_the_course_ends_where_the_run_diverged():
    run = replace(RUN, dataset="regression", activation="relu", initializer="normal", rate=300.0)
    record = Recording(run)
    record.advance()
    table = unpacked(charts.course_table(record.history, 0)).to_pydict()
    assert record.history.diverged[0] is not None
    assert table["epoch"][-1] < record.history.diverged[0][0]
    assert np.isfinite(table["loss"]).all()


def test_no_chart_needs_a_dataset_that_is_not_sent():
    t = text()
    for chart, tables in (
        (charts.plane(t, LIGHT, DATASETS["xor"], ""), {"frames", "points"}),
        (charts.samples(t, LIGHT, DATASETS["digits"], ""), {"frames", "points"}),
        (charts.ladder(t, LIGHT, "#000000", charts.MeasureAxis("delta", 3), 3, ""), {"ladder"}),
        (charts.course(t, LIGHT, "#000000", 400, 1.0, 0.7, True, ""), {"course", "ghost"}),
        (laboratory.waterfall(t, LIGHT, "#000000", tuple(laboratory.Part), 3, 3, ""), {"treads"}),
        (laboratory.seeds(t, LIGHT, "#000000", 400, 1.0, 0.7, ""), {"seeds", "spread"}),
        (laboratory.sums(t, LIGHT, "#000000", (1, 2), ""), {"sums", "slope"}),
        (laboratory.activations(t, "#000000", (1, 2), (0.0, 1.0), ""), {"activations"}),
        (laboratory.atlas(t, LIGHT, 3, 8, ""), {"atlas", "dead", "marked"}),
    ):
        written = chart.to_dict()
        assert "datasets" not in written
        assert set(named(written)) == tables


def named(node):
    """The names of all datasets in a specification."""
    if isinstance(node, dict):
        if isinstance(node.get("data"), dict) and "name" in node["data"]:
            yield node["data"]["name"]
        for value in node.values():
            yield from named(value)
    elif isinstance(node, list):
        for value in node:
            yield from named(value)


# --- kept specifications -----------------------------------------------------------------------


def test_runs_that_look_alike_share_a_chart_and_each_tells_its_own_numbers():
    t = texts.LANGUAGES["en"].text
    arguments = (charts.course, t, LIGHT, "#123456", 40, 1.0, 0.7, True)
    one, two = (specification(*arguments, told) for told in ("falls to 0.1", "falls to 0.2"))
    assert one["layer"] is two["layer"]
    assert [one["description"], two["description"]] == ["falls to 0.1", "falls to 0.2"]
    alone = spoken_as_one(charts.course(*arguments[1:], "falls to 0.1").to_dict())
    assert one == alone


@pytest.mark.parametrize("module", sorted((ROOT / "pages" / "charts").glob("*.py")), ids=str)
def test_every_chart_takes_its_alternative_last(module):
    for node in ast.parse(module.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            names = [argument.arg for argument in node.args.args]
            assert "alternative" not in names[:-1], node.name
