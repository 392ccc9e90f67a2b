"""The page of sweeps: drawn as it is computed, cancelled and resumed, opened in the laboratory."""

import re
from dataclasses import replace
from urllib.parse import parse_qsl

import pytest
import vl_convert as vlc

from core.runs.training import RunSpec
from core.sweep.filling import Shelf
from core.sweep.grid import QUANTITIES, RANGES, STATISTICS, Map, Sweep, text_of
from core.sweep.presets import LANES, PRESETS
from core.sweep.rows import trained
from pages import texts
from pages.charts import sweep as charts
from pages.charts.style import DARK, LIGHT
from pages.texts.numbers import percent
from pages.ui.house import SWEEP, TRAINING
from pages.ui.rooms import sweep
from tests.crossing import crossed
from tests.pages.charts.test_training import named
from tests.pages.ui.test_computing import press
from tests.pages.ui.test_pages import settings, visit, widget

T = texts.LANGUAGES["en"].text
every_language = pytest.mark.parametrize("language", texts.LANGUAGES)
SMALL = {
    "lanes": "2", "2.norm": "batch", "epochs": "2", "samples": "40", "depth": "2", "width": "4",
    "sweep_points": "5", "sweep_seeds": "2",
}  # fmt: skip
MAP = {"sweep_part": "sweep_map", "map_cells": "5", "map_depth": "10", **SMALL}
RUN = RunSpec(depth=2, width=4, epochs=2, samples=40)


@pytest.fixture(autouse=True)
def slices(monkeypatch):
    """Each look advances a grid by a slice of this budget: "all" at first, then what is set."""
    shelf = Shelf(20)
    monkeypatch.setattr(sweep, "shelf", lambda: shelf)
    budget = {"seconds": float("inf")}
    monkeypatch.setattr(sweep, "compute", lambda filling, _: filling.advance(budget["seconds"]))
    return lambda seconds: budget.update(seconds=seconds)


def charts_of(app):
    return app.get("vega_lite_chart")


def labels(app):
    return {button.label for button in app.button}


@crossed(language=texts.LANGUAGES, preset=PRESETS)
def test_every_question_opens_in_every_language_before_it_is_finished(language, preset, slices):
    slices(0.0)
    query = SWEEP.link_of(*PRESETS[preset], full=True)
    app = visit("sweep", language=language, **query)
    t = texts.LANGUAGES[language].text
    assert charts_of(app)
    assert t.training.cancel in labels(app)
    assert t.sweep.laboratory in labels(app)
    assert not app.error
    assert not app.warning


@every_language
@pytest.mark.parametrize("query", [SMALL, {**SMALL, "sweep_curves": "1"}, MAP])
def test_what_is_finished_offers_nothing_to_cancel(language, query):
    app = visit("sweep", language=language, **query)
    assert texts.LANGUAGES[language].text.training.cancel not in labels(app)
    assert len(charts_of(app)) == (1 + 5 if "sweep_curves" in query else 2)


@pytest.mark.parametrize("key", RANGES)
def test_every_setting_can_be_chosen_for_the_x_axis(key):
    app = visit("sweep", **SMALL)
    widget(app, "sweep_x").set_value(key).run()
    assert not app.exception
    assert not app.error
    assert float(settings(app).get("sweep_high", 1)) == RANGES[key][1]
    assert len(charts_of(app)) == 2


@pytest.mark.parametrize("key", [*QUANTITIES, *STATISTICS])
def test_everything_that_is_measured_can_be_drawn(key):
    app = visit("sweep", **SMALL, sweep_y=key, sweep_layer="3")
    assert len(charts_of(app)) == 2
    assert not app.exception


@pytest.mark.parametrize("key", LANES)
def test_every_comparison_can_be_chosen_and_is_recognized_again(key):
    app = visit("sweep", **SMALL)
    widget(app, "sweep_lanes").set_value(key).run()
    assert widget(app, "sweep_lanes").value == key
    assert settings(app)["lanes"] == str(len(LANES[key]))
    assert settings(app)["width"] == "4"


def test_networks_of_the_training_page_can_be_swept():
    app = visit("sweep", **SMALL | {"2.rate": "1"})
    assert widget(app, "sweep_lanes").value == sweep.OTHER


def test_a_setting_of_the_networks_leaves_alone_what_tells_them_apart():
    app = visit("sweep", **SMALL)
    widget(app, "depth").set_value(3).run()
    widget(app, "norm").set_value("layer").run()
    assert (settings(app)["depth"], settings(app)["2.norm"]) == ("3", "batch")


def test_what_is_cancelled_keeps_what_there_is_and_goes_on(slices):
    slices(0.0)
    app = press(visit("sweep", **SMALL), T.training.cancel)
    told = [c.value for c in app.caption if c.value.startswith("Cancelled")]
    assert len(told) == 1
    app.run()
    assert told == [c.value for c in app.caption if c.value.startswith("Cancelled")]
    slices(float("inf"))
    press(app, T.training.resume)
    assert not labels(app) & {T.training.cancel, T.training.resume}


def test_the_networks_at_the_chosen_value_open_in_the_laboratory(slices):
    slices(0.0)
    app = visit("sweep", **SMALL)
    slider = next(s for s in app.select_slider if s.key == "sweep_at_value")
    slider.set_value(1.0).run()
    press(app, T.sweep.laboratory)
    lanes = TRAINING.read(settings(app))[1]
    assert [(run.norm, run.gain, run.depth) for run in lanes] == [
        ("none", 1.0, 2),
        ("batch", 1.0, 2),
    ]


def test_the_chosen_cell_of_the_map_opens_in_the_laboratory(slices):
    slices(0.0)
    app = visit("sweep", **MAP)
    for key, value in (("map_at_depth", 8), ("map_at_variance", 4.0)):
        next(s for s in app.select_slider if s.key == key).set_value(value).run()
    press(app, T.sweep.laboratory)
    (run,) = TRAINING.read(settings(app))[1]
    assert (run.depth, run.gain, run.initializer) == (8, 2.0, "lecun")


@every_language
def test_too_large_a_sweep_is_refused_in_one_sentence(language, slices):
    slices(0.0)
    huge = {"samples": "5000", "epochs": "10000", "sweep_x": "rate"}
    app = visit("sweep", language=language, **SMALL | huge)
    assert len(app.error) == 1
    assert not charts_of(app)
    larger = visit("sweep", language=language, **SMALL | huge | {"width": "256", "depth": "50"})
    assert [e.value for e in larger.error] == [texts.LANGUAGES[language].text.sweep.one_too_large]


@every_language
@pytest.mark.parametrize("seeds", ["1", "2"])
def test_a_spread_is_explained_only_where_there_are_several_seeds(language, seeds):
    app = visit("sweep", language=language, **SMALL | {"sweep_seeds": seeds})
    words = texts.LANGUAGES[language].text.sweep
    (told,) = (c.value for c in app.caption if c.value.startswith(words.reading))
    assert (words.spread in told) == (seeds == "2")


@pytest.fixture
def described(monkeypatch):
    """The text alternatives of the charts of a page."""
    drawn, told = sweep.show, []
    monkeypatch.setattr(sweep, "show", lambda *a, **k: (told.append(a[-1]), drawn(*a, **k))[1])
    return told


@pytest.mark.parametrize("y", ["loss", "accuracy"])
def test_panels_share_an_axis_that_holds_the_curves_of_all(y, monkeypatch):
    drawn = []
    monkeypatch.setattr(sweep, "show", lambda *a, **tables: drawn.append(tables))
    visit("sweep", **SMALL, sweep_y=y, sweep_curves="1")
    panels = [tables for tables in drawn if "curve" in tables]
    every = [value for tables in panels for value in tables["curve"]["y"].to_pylist()]
    assert len(panels) == 5
    for tables in panels:
        assert tables["ends"]["y"].to_pylist() == [min(every), max(every)]


def test_what_diverges_in_one_panel_is_told_and_does_not_flatten_the_others():
    wild = {**SMALL, "activation": "identity", "depth": "5", "sweep_high": "20", "rate": "1000"}
    app = visit("sweep", **wild, sweep_y="loss", sweep_curves="1")
    assert any("diverged" in caption.value for caption in app.caption)
    calm, gone = ROWS[GAINS.cell(0, 0.5, 0)], replace(ROWS[GAINS.cell(0, 0.5, 1)], diverged=True)
    gone = replace(gone, losses=tuple(1e200 for _ in gone.losses))
    highest = max(charts.ends_table([calm, gone], loss=True)["y"].to_pylist())
    assert highest == max(calm.losses)
    assert max(charts.ends_table([gone], loss=True)["y"].to_pylist()) == 1e200
    found = [("a", 0, calm), ("a", 1, gone)]
    assert charts.curve_table(found, loss=True, most=highest).num_rows == len(calm.losses)


@pytest.mark.parametrize("y", ["dead", "saturated"])
def test_a_share_that_is_0_everywhere_has_an_axis_in_per_cent(y):
    lanes = charts.lanes_of(["a"], ["relu"], LIGHT)
    spec = charts.points(T, LIGHT, lanes, "gain", (0.1, 1.0), y, 1, "").to_dict()
    up = next(p["encoding"]["y"] for p in spec["layer"] if p["encoding"].get("y", {}).get("axis"))
    assert (up["scale"]["domain"], up["axis"]["format"]) == ([0, 1], "%")


def test_a_sweep_is_told_in_the_punctuation_of_its_language(described):
    visit("sweep", language="ja", **SMALL)
    told = described[0]
    assert not set(told) & set(",;"), told
    assert ". " not in told, told
    assert told.endswith("。")
    assert "。。" not in told


def test_a_sweep_that_has_just_begun_is_told_without_numbers(slices, described):
    slices(0.0)
    visit("sweep", **SMALL)
    assert described[0].endswith("Batch normalization.")


def test_a_network_with_skips_has_no_line_of_theory_and_says_so():
    app = visit("sweep", **MAP, skip="1")
    assert T.sweep.no_theory in {c.value for c in app.caption}


@pytest.mark.parametrize("query", [SMALL, MAP])
def test_networks_with_a_formula_of_the_reader_s_are_swept_and_mapped(query):
    app = visit("sweep", **query, activation="x * sigmoid(x)")
    assert not app.exception
    assert not app.warning
    assert len(charts_of(app)) == 2


def test_a_range_the_wrong_way_round_is_turned():
    app = visit("sweep", **SMALL, sweep_low="5", sweep_high="0.5")
    assert not app.exception
    assert len(charts_of(app)) == 2


# --- the charts --------------------------------------------------------------------------------

GAINS = Sweep((RUN,), "gain", (0.5, 1.0), seeds=3)
ROWS = {cell: trained([cell])[0] for cell in GAINS.cells}
LINKS = dict.fromkeys(ROWS, "training?seed=1")


def test_the_table_has_every_network_and_the_median_with_the_range_of_all_seeds():
    tables, left_out = charts.sweep_tables(GAINS, ROWS, ["one"], LINKS, "loss", 1)
    points, middles = tables["points"].to_pydict(), tables["middles"].to_pydict()
    assert (len(points["y"]), left_out) == (6, 0)
    assert middles["x"] == [0.5, 1.0]
    for k, value in enumerate(GAINS.values):
        found = sorted(ROWS[GAINS.cell(0, value, seed)].value("loss") for seed in range(3))
        assert [middles[name][k] for name in ("low", "y", "high")] == found


def test_what_a_logarithmic_axis_cannot_show_is_counted():
    still = Sweep((RunSpec(depth=1, samples=40, epochs=1),), "gain", (0.0,))
    rows = {cell: trained([cell])[0] for cell in still.cells}
    links = dict.fromkeys(rows, "")
    assert charts.sweep_tables(still, rows, ["one"], links, "loss", 1)[1] == 1  # gain 0 on the axis
    rates = Sweep((RUN,), "rate", (0.1,))
    rows = {cell: trained([cell])[0] for cell in rates.cells}
    tables, left_out = charts.sweep_tables(
        rates, rows, ["one"], dict.fromkeys(rows, ""), "delta", 9
    )
    assert (tables["points"].num_rows, left_out) == (0, 1)  # there is no layer 9


def test_the_cells_of_a_map_cover_it_without_gaps():
    grid = Map(RUN, (1, 2, 4), (0.5, 1.0, 2.0))
    rows = {cell: trained([cell])[0] for cell in grid.cells}
    tables = charts.map_tables(
        T, grid, rows, dict.fromkeys(rows, ""), [(1.0, 3.0), (2.0, float("nan"))]
    )
    cells = tables["cells"].to_pydict()
    assert len(set(zip(cells["left"], cells["low"], strict=True))) == 9
    assert set(cells["left"]) - set(cells["right"]) == {min(cells["left"])}
    assert tables["theory"].to_pydict() == {"x": [1.0], "y": [3.0]}


@pytest.mark.parametrize("values", [(0.2, 1.2, 2.2), (0.1,)])
def test_no_cell_of_a_map_reaches_below_a_variance_of_0(values):
    assert charts.edges(values)[0][0] == 0.0


def test_a_diverged_cell_is_named_and_has_no_colour_of_the_scale():
    wild = RunSpec(activation="identity", rate=1000.0, samples=40, epochs=2, precision="float32")
    grid = Map(wild, (40,), (16.0,))
    rows = {cell: trained([cell])[0] for cell in grid.cells}
    cells = charts.map_tables(T, grid, rows, dict.fromkeys(rows, ""), [])["cells"].to_pydict()
    assert (cells["gone"], cells["text"]) == ([1.0], [T.sweep.diverged])


def test_the_link_of_a_point_opens_its_network(monkeypatch):
    monkeypatch.setattr(sweep, "around", lambda t: {"language": t.common.key})
    cell = GAINS.cell(0, 0.5, 2)
    path, _, query = sweep.address_of(T, (cell,)).partition("?")
    assert path == TRAINING.path
    (opened,) = TRAINING.read(dict(parse_qsl(query)))[1]
    assert text_of(opened) == text_of(cell)


@crossed(colours=[LIGHT, DARK], y=[*QUANTITIES, *STATISTICS])
def test_every_chart_is_built_over_named_data(colours, y):
    lanes = charts.lanes_of(["a", "b"], ["relu", "relu"], colours)
    chart = charts.points(T, colours, lanes, "gain", (0.1, 1.0), y, 1, "told")
    assert {"points", "middles", "here"} <= set(named(chart.to_dict()))
    assert set(named(charts.curves(T, colours, lanes, 5, y == "loss", "told").to_dict())) == {
        "curve", "ends",
    }  # fmt: skip
    assert set(named(charts.legend(T, colours, lanes, "told").to_dict())) == {"lanes"}
    mapped = charts.trainability(T, colours, (0.0, 4.0), (1.0, 40.0), "told")
    assert {"cells", "theory", "here"} <= set(named(mapped.to_dict()))


@pytest.mark.parametrize("ends", [(0.695, 0.687), (0.6931, 0.693), (3.0, 0.2), (2.3, 1e-9)])
def test_every_logarithmic_axis_has_numbers(ends):
    lanes = charts.lanes_of(["a"], ["relu"], LIGHT)
    panel = charts.curves(T, LIGHT, lanes, 1, True, "told")
    whole = charts.points(T, LIGHT, lanes, "depth", (0.0, 1.0), "delta", 1, "told")
    rows = [{"lane": "a", "x": k, "epoch": k, "y": y} for k, y in enumerate(ends)]
    for chart in (panel, whole):
        names = ("curve", "ends", "points", "middles", "here")
        drawn = vlc.vegalite_to_svg({**chart.to_dict(), "datasets": dict.fromkeys(names, rows)})
        axis = re.search(r'aria-label="Y-axis.*?</g></g></g>', drawn, re.DOTALL)
        labels = re.findall(r"<text([^>]*)>([^<>]+)</text>", axis[0])
        numbers = [text for look, text in labels if 'opacity="0"' not in look and text != " "]
        assert 1 < len(set(numbers)) == len(numbers), numbers


def test_an_accuracy_is_shown_in_per_cent_as_on_the_axis():
    lanes = charts.lanes_of(["a"], ["relu"], LIGHT)
    for y, form in (("accuracy", ".1~%"), ("loss", ".3~g")):
        spec = charts.points(T, LIGHT, lanes, "gain", (0.1, 1.0), y, 1, "told").to_dict()
        (tips,) = (
            layer["encoding"]["tooltip"]
            for layer in spec["layer"]
            if "tooltip" in layer["encoding"]
        )
        assert tips[-1]["format"] == form


def test_networks_of_one_colour_are_given_others():
    same = charts.lanes_of(["a", "b"], ["relu", "relu"], LIGHT)
    assert len({lane.colour for lane in same}) == len({lane.dashes for lane in same}) == 2
    own = charts.lanes_of(["a", "b"], ["sigmoid", "relu"], LIGHT)
    assert [lane.colour for lane in own] != [lane.colour for lane in same]


def test_a_panel_tells_in_words_where_its_curves_end():
    rows = [ROWS[GAINS.cell(0, 0.5, seed)] for seed in (0, 1)]
    found = [("a", 0, rows[0]), ("a", 1, rows[1]), ("b", 0, replace(rows[0], diverged=True))]
    low, high = sorted(row.losses[-1] for row in rows)
    assert list(sweep.last_numbers(T, found, True)) == [
        f"a: from {low:.3f} to {high:.3f} after the last epoch.",
        "b: 1 diverged.",
    ]
    share = percent(rows[0].accuracies[-1], T)
    assert [*sweep.last_numbers(T, found[:1], False)] == [f"a: {share} after the last epoch."]


def test_between_powers_of_ten_the_grid_is_faint():
    drawn = charts.curves(T, LIGHT, charts.lanes_of(["a"], ["relu"], LIGHT), 5, True, "").to_dict()
    opacity = drawn["layer"][1]["encoding"]["y"]["axis"]["gridOpacity"]
    assert opacity["value"] < 0.5 < opacity["condition"]["value"]
