"""The laboratory: its charts draw what was recorded, and each instrument opens."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.runs.cost import BINS, over_budget
from core.runs.presets import EXAMPLES
from core.runs.recording import Recording
from core.runs.training import RunSpec, Trainer
from pages import texts
from pages.charts import laboratory as charts
from pages.charts import training as stage
from pages.charts.measures import MEASURES
from pages.charts.packing import unpacked
from pages.charts.style import DARK, LIGHT
from pages.charts.vocabulary import LONGEST
from pages.ui.settings import INSTRUMENTS
from tests.core.specs import specs
from tests.crossing import crossed
from tests.pages.ui.test_pages import SHORT, visit

every_language = pytest.mark.parametrize("language", texts.LANGUAGES)
RUN = RunSpec(samples=60, depth=3, width=4, epochs=6, activation="relu", initializer="he")


@pytest.fixture(scope="module")
def record():
    record = Recording(replace(RUN, replicas=3))
    record.advance()
    return record


def text(language="en"):
    return texts.LANGUAGES[language].text


@every_language
@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_every_chart_of_the_laboratory_is_valid(language, colours):
    t = text(language)
    assert charts.waterfall(t, colours, "#000000", tuple(charts.Part), 5, 6, "shown").to_dict()
    assert charts.seeds(t, colours, "#000000", 400, 1.0, 0.7, "shown").to_dict()
    assert charts.sums(t, colours, "#000000", (1, 2, 3), "shown").to_dict()
    assert charts.activations(t, "#000000", (1, 2, 3), (0.0, 6.0), "shown").to_dict()
    assert charts.atlas(t, colours, 3, 8, "shown").to_dict()


def test_the_treads_lead_from_the_output_to_layer_1_and_their_product_is_the_share(record):
    rows = charts.waterfall_table(record.history).to_pylist()
    for index, epoch in enumerate(record.history.epoch):
        mine = [row for row in rows if row["epoch"] == epoch]
        assert len(mine) == 2 * RUN.depth
        delta = record.history.delta[index, 0]
        product = np.prod([row["factor"] for row in mine])
        np.testing.assert_allclose(product, delta[0] / delta[-1], rtol=1e-12)
        ends = {row["x"]: row["y"] for row in mine}
        for row in mine:
            if row["x2"] in ends:
                np.testing.assert_allclose(row["y2"], ends[row["x2"]], rtol=1e-12)


@pytest.mark.parametrize("norm", ["batch", "layer"])
def test_normalization_is_a_third_factor_and_the_product_stays_exact(norm):
    record = Recording(replace(RUN, activation="sigmoid", norm=norm))
    record.advance()
    rows = charts.waterfall_table(record.history).to_pylist()
    for index, epoch in enumerate(record.history.epoch):
        mine = [row for row in rows if row["epoch"] == epoch]
        assert {row["part"] for row in mine} == {"weights", "derivative", "normalization"}
        delta = record.history.delta[index, 0]
        product = np.prod([row["factor"] for row in mine])
        np.testing.assert_allclose(product, delta[0] / delta[-1], rtol=1e-12)


def test_a_skip_shows_its_two_branches_beside_their_sum():
    record = Recording(replace(RUN, activation="tanh", skip=0.5))
    record.advance()
    rows = charts.waterfall_table(record.history).to_pylist()
    history = record.history
    last = [row for row in rows if row["epoch"] == history.epoch[-1]]
    for part in ("through", "around"):
        measured = getattr(history, part)[-1, 0]
        mine = {row["layer"]: row["factor"] for row in last if row["part"] == part}
        assert sorted(mine) == list(range(1, RUN.depth))  # the output has no skip above it
        for layer, factor in mine.items():
            np.testing.assert_allclose(factor, measured[layer - 1], rtol=1e-12)
    whole = [row["factor"] for row in last if row["part"] in ("weights", "derivative")]
    delta = history.delta[-1, 0]
    np.testing.assert_allclose(np.prod(whole), delta[0] / delta[-1], rtol=1e-12)


SMALL = {
    "samples": st.integers(20, 60),
    "depth": st.integers(0, 4),
    "width": st.integers(1, 6),
    "epochs": st.integers(1, 12),
    "replicas": st.integers(1, 3),
    "batch": st.sampled_from([1, 7, 32, 5000]),
}


@settings(max_examples=60, deadline=None)
@given(run=specs(RunSpec, **SMALL))
def test_whatever_the_settings_no_chart_receives_a_hole(run):
    """Any run ends, without a warning, and no table has NaN or infinity in it."""
    record = Recording(run)
    record.advance()
    assert record.finished
    history, frames = record.history, record.frames
    layers = charts.drawn_layers(run.depth) if run.depth else []
    tables = [
        stage.course_table(history, 0),
        charts.waterfall_table(history),
        *[stage.ladder_table(history, m, 0) for m in MEASURES.values()],
    ]
    if np.isfinite(history.train_loss[:, 0]).any():
        tables += [charts.seeds_table(history), charts.spread_table(history)]
        tables += [stage.frames_table(frames, run, text())] if frames else []
    if layers and frames:
        tables += [charts.sums_table(frames, layers), charts.slope_table(run, len(layers))]
        tables += [charts.activations_table(run, frames, layers)]
    for table in map(unpacked, tables):
        for name in table.column_names:
            if pa.types.is_floating(table.schema.field(name).type):
                assert np.isfinite(table[name].drop_null().to_numpy()).all(), (run, name)


@every_language
@pytest.mark.parametrize("tool", EXAMPLES)
def test_every_instrument_has_an_example_that_is_within_the_budget(tool, language):
    lanes = EXAMPLES[tool]
    assert set(EXAMPLES) == set(INSTRUMENTS) - {"none"}
    assert all(over_budget(run) is None for run in lanes)
    assert text(language).laboratory.instruments[tool].example


def test_the_flow_is_the_gradient_of_a_weight_in_every_layer(record):
    history = record.history
    epochs, size = charts.per_weight(record.run, history)
    assert epochs.tolist() == history.epoch.tolist()
    weights = np.array([2 * 4, 4 * 4, 4 * 4, 4 * 1])
    np.testing.assert_allclose(size * np.sqrt(weights), history.gradient_norm[:, 0])
    assert unpacked(charts.flow_table(record.run, history)).num_rows == size.size


@pytest.mark.parametrize("linear", [True, False])
@every_language
def test_the_flow_has_the_usual_axis_and_one_in_powers_of_ten(language, linear):
    chart = charts.flow(text(language), LIGHT, "#000000", 3, 3, linear, "shown").to_dict()
    scale = chart["layer"][0]["encoding"]["y"]["scale"]
    assert scale.get("type") == (None if linear else "log")
    assert not linear or scale["domain"] == [0, charts.CUT]


def test_a_silent_network_has_no_treads():
    silent = Recording(replace(RUN, initializer="zeros"))
    silent.advance()
    assert charts.waterfall_table(silent.history).num_rows == 0


def test_the_seeds_table_holds_every_loss(record):
    table = charts.seeds_table(record.history).to_pydict()
    assert len(table["loss"]) == 3 * (RUN.epochs + 1)
    np.testing.assert_array_equal(table["loss"], record.history.train_loss.ravel())
    spread = charts.spread_table(record.history).to_pydict()
    assert all(low <= middle <= high for low, middle, high in zip(
        spread["low"], spread["middle"], spread["high"], strict=True
    ))  # fmt: skip


def test_no_table_has_more_rows_than_it_may():
    run = replace(RUN, depth=30, width=2, epochs=300, samples=40, activation="tanh")
    record = Recording(run)
    record.advance()
    layers = charts.drawn_layers(run.depth)
    assert len(layers) == charts.MOST_LAYERS
    assert (layers[0], layers[-1]) == (1, run.depth)
    assert charts.waterfall_table(record.history).num_rows <= 1.1 * charts.MOST_ROWS
    assert charts.sums_table(record.frames, layers).num_rows <= 1.1 * charts.SUM_ROWS


def test_the_pre_activations_of_a_layer_fill_the_bins_where_they_lie(record):
    table = charts.sums_table(record.frames, [1, 3]).to_pandas()
    first = table[(table.epoch == 0) & (table.row == 2)]
    assert len(first) == BINS
    counts = record.frames[0].sums[2]
    heights = (first.low - first.high).to_numpy()
    np.testing.assert_allclose(heights, 0.85 * counts / counts.max(), atol=1e-6)
    assert counts.sum() == len(RUN.data().train_x) * RUN.width


def test_the_activations_of_a_layer_fill_the_bins_where_they_lie(record):
    table = charts.activations_table(RUN, record.frames, [1, 3]).to_pandas()
    last = table[(table.epoch == RUN.epochs) & (table.row == 2)]
    counts = record.frames[-1].activations[2]
    np.testing.assert_allclose(last.low - last.high, 0.85 * counts / counts.max(), atol=1e-6)
    assert last.a.between(0, 6).all()  # of ReLU, as far as z is looked at
    halves = (Trainer(RUN).sums()[2] <= 0).sum()
    assert record.frames[0].activations[2][0] >= halves > 0


def test_eight_in_ten_activations_lie_between_the_numbers_that_are_told():
    counts = np.zeros(BINS, int)
    counts[[0, 3, 20, -1]] = 9, 41, 41, 9
    low, high = charts.central(replace(RUN, activation="sigmoid"), counts)
    np.testing.assert_allclose((low, high), (3 / BINS, 21 / BINS))
    counts[-1] = 30
    assert charts.central(replace(RUN, activation="sigmoid"), counts)[1] == 1
    assert charts.central(RUN, counts) == (6 * 3 / BINS, np.inf)


def test_a_unit_is_dead_rare_selective_or_always_on():
    active = np.array([[0, 1, 50, 100]])
    assert charts.kinds(active, 100).tolist() == [["dead", "rare", "selective", "always"]]


def test_the_death_of_a_unit_has_its_epoch_and_a_revival_is_seen(record):
    frame = record.frames[0]
    courses = {0: [5, 0, 0, 0], 1: [5, 0, 3, 4], 2: [0, 0, 0, 0], 3: [1, 1, 1, 1]}
    frames = []
    for epoch in range(4):
        active = np.array([[courses[unit][epoch] for unit in range(4)]], np.uint16)
        frames.append(replace(frame, epoch=10 * epoch, active=active))
    assert charts.deaths(frames) == [(1, 1, 10), (1, 3, 0)]
    assert charts.revivals(frames) == [(1, 2)]
    dead = [tuple(row.values()) for row in charts.dead_table(frames).to_pylist()]
    ever = LONGEST + 1
    assert dead == [(10, ever, 1, 1), (10, 20, 1, 2), (0, ever, 1, 3)]


def test_a_cross_is_as_high_as_it_is_wide_however_few_layers_share_the_width():
    drawn = charts.atlas(text(), LIGHT, 3, 8, "").to_dict()
    marks = [m["mark"] for m in drawn["layer"] if "shape" in m["mark"]]
    (cross,) = (mark for mark in marks if mark["shape"] != "square")
    assert cross["shape"] == "M-1,-1L1,1M-1,1L1,-1"
    assert "min(height / 8, width / 3)" in cross["size"]["expr"]


@crossed(
    language=texts.LANGUAGES,
    depth=["0", "2"],
    tool=[key for key in INSTRUMENTS if key != "none"],
)
def test_every_instrument_opens_by_its_link(language, tool, depth):
    short = SHORT | {"lanes": "2", "2.activation": "relu"}
    app = visit("training", language=language, tool=tool, depth=depth, **short)
    line = texts.LANGUAGES[language].text.laboratory.instruments[tool].line
    assert any(markdown.value == line for markdown in app.markdown)


def test_seeds_are_drawn_once_there_are_several():
    app = visit("training", tool="seeds", replicas="3", **SHORT)
    assert len(app.get("vega_lite_chart")) == 4
