"""The page of the support vector machine: its charts, its questions, and what is left alone."""

import base64
import gc
import io
import weakref
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from core.data.datasets import DATASETS, load
from core.data.tables import suggested, tabulate
from core.lessons.svm import MOST_POINTS, SvmSpec, solve
from core.runs.recording import Recording, grid
from core.runs.training import RunSpec
from pages import texts
from pages.charts import svm as charts
from pages.charts.style import DARK, LIGHT
from pages.files.reading import read
from pages.ui.house import SVM, TWO_CLASSES
from pages.ui.owndata import paired
from pages.ui.rooms.svm import SWEPT, data_of, machine_of, score_of, swept
from pages.ui.settings import Pair
from tests.crossing import few_of
from tests.pages.charts.test_training import named
from tests.pages.ui.test_pages import settings, visit, widget
from tests.pages.ui.widgets.test_owndata import upload

every_language = pytest.mark.parametrize("language", texts.LANGUAGES)
every_theme = pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
QUICK = {"epochs": "3", "samples": "60"}
T = texts.LANGUAGES["en"].text
XOR = DATASETS["xor"]


@pytest.fixture(scope="module")
def machine():
    data = load("xor", 200, 0.0, 0)
    return solve(data.train_x, data.train_y, SvmSpec())


def chart_of(name, t=T, colours=LIGHT):
    return {
        "plane": lambda: charts.plane(t, colours, XOR, "told"),
        "network": lambda: charts.network(t, colours, XOR, "told"),
        "sweep": lambda: charts.sweep(t, colours, "svm_c", (0.1, 1.0, 10.0), 1.0, 0.5, "told"),
    }[name]()


TABLES = {
    "plane": {"picture", "lines", "points", "support"},
    "network": {"frames", "points"},
    "sweep": {"sweep"},
}


@every_language
@every_theme
@pytest.mark.parametrize("name", TABLES)
def test_every_chart_is_valid_and_needs_only_what_is_sent(language, colours, name):
    written = chart_of(name, texts.LANGUAGES[language].text, colours).to_dict()
    assert written["description"] == "told"
    assert "datasets" not in written
    assert set(named(written)) == TABLES[name]


def test_both_pictures_are_equally_high_and_have_the_same_axes():
    machine, network = (chart_of(name).to_dict() for name in ("plane", "network"))
    assert machine["height"] == network["height"] == charts.HEIGHT
    scales = [
        {str(layer["encoding"]["x"]["scale"]["domain"]) for layer in chart["layer"]
         if "scale" in layer.get("encoding", {}).get("x", {})}
        for chart in (machine, network)
    ]  # fmt: skip
    assert scales[0] == scales[1] == {"[-1.0, 1.0]"}


def test_the_picture_has_the_colour_of_the_answer_and_none_on_the_boundary(machine):
    f = charts.answers(machine, 1.0)
    url = charts.picture_table(f)["url"][0].as_py()
    image = Image.open(io.BytesIO(base64.b64decode(url.split(",")[1]))).convert("RGBA")
    pixels = np.asarray(image).astype(int)
    assert pixels.shape[:2] == f.shape == (charts.CELLS, charts.CELLS)
    blue = pixels[..., 2] > pixels[..., 0]
    np.testing.assert_array_equal(blue[abs(f) > 0.05], f[abs(f) > 0.05] > 0)
    outside = pixels[..., 3][abs(f) >= 1]
    assert outside.max() - outside.min() <= 2
    assert pixels[..., 3][abs(f) < 0.05].max() < 0.1 * outside.min()


def test_the_picture_stands_upright(machine):
    f = charts.answers(machine, 1.0)
    np.testing.assert_allclose(f.ravel(), machine.decide(grid(1.0, charts.CELLS)))
    x1, x2 = grid(1.0, charts.CELLS).reshape(charts.CELLS, charts.CELLS, 2)[0, -1]
    assert x1 > 0.9
    assert x2 > 0.9


def test_the_lines_lie_where_f_is_0_and_1_and_minus_1(machine):
    table = charts.lines_table(charts.answers(machine, 1.0), 1.0).to_pydict()
    places = np.column_stack([table["x1"], table["x2"]])
    level = np.array(table["level"])
    assert set(level) == {0, 1}
    np.testing.assert_allclose(abs(machine.decide(places)), level, atol=0.02)
    assert len(set(zip(table["line"], table["step"], strict=True))) == len(level)
    for line in set(table["line"]):
        assert len(set(level[np.array(table["line"]) == line])) == 1


def test_where_all_answers_are_alike_there_is_no_line(machine):
    table = charts.lines_table(np.full((10, 10), 3.0), 1.0)
    assert table.num_rows == 0
    assert table.column_names == ["line", "level", "step", "x1", "x2"]


def test_every_support_vector_has_a_ring_and_no_other_point_has(machine):
    table = charts.support_table(machine).to_pydict()
    places = np.column_stack([table["x1"], table["x2"]])
    np.testing.assert_array_equal(places, machine.x[machine.alpha > 0])
    np.testing.assert_array_equal(table["alpha"], machine.alpha[machine.alpha > 0])
    np.testing.assert_array_equal(
        np.array(table["bound"]), np.array(table["alpha"]) == machine.spec.svm_c
    )
    free = ~np.array(table["bound"])
    np.testing.assert_allclose(abs(machine.decide(places[free])), 1, atol=2e-3)


def test_the_sweep_holds_what_each_machine_scores_and_marks_the_unfinished():
    scores = {1.0: charts.Score(0.9, 0.8, 7, True), 0.1: charts.Score(0.7, 0.6, 9, False)}
    rows = charts.sweep_table(scores, T).to_pylist()
    assert [(r["part"], r["value"], r["accuracy"]) for r in rows] == [
        ("train", 0.1, 0.7),
        ("train", 1.0, 0.9),
        ("test", 0.1, 0.6),
        ("test", 1.0, 0.8),
    ]
    assert {r["value"]: r["note"] for r in rows} == {0.1: "not finished", 1.0: ""}
    assert charts.sweep_table({}, T).column_names == list(rows[0])


# --- what is computed --------------------------------------------------------------------------


def test_the_network_and_the_machine_learn_from_the_same_points():
    run = RunSpec(dataset="moons", samples=100, noise=0.1, data_seed=4)
    machine = machine_of(data_of(run), SvmSpec())
    np.testing.assert_array_equal(machine.x, run.data().train_x)
    np.testing.assert_array_equal(machine.signs, 2 * run.data().train_y[:, 0] - 1)
    score = score_of(data_of(run), SvmSpec())
    assert score.test == machine.accuracy(run.data().test_x, run.data().test_y)
    assert score.support == len(machine.support)


def test_the_sweep_stops_in_time_and_continues_where_it_stopped():
    drawn = data_of(RunSpec(samples=60, data_seed=77))
    machine, counts, complete = machine_of(drawn, SvmSpec()), [], False
    while not complete:
        scores, complete = swept(machine, drawn, SvmSpec(), 0.02)
        counts.append(sum(len(found) for found in scores.values()))
    assert counts == sorted(counts)
    assert counts[-1] == sum(map(len, SWEPT.values()))
    now = SvmSpec()
    assert scores["svm_gamma"][now.svm_gamma] == score_of(drawn, now)
    assert scores["svm_c"][0.1] == score_of(drawn, replace(now, svm_c=0.1))


def test_a_value_that_no_widget_offers_has_its_own_mark():
    drawn = data_of(RunSpec(samples=60))
    scores, _ = swept(machine_of(drawn, SvmSpec()), drawn, SvmSpec(svm_gamma=7.5), 60)
    assert 7.5 in scores["svm_gamma"]


def scores_of(key):
    chosen, run, *_ = SVM.presets[key]
    recording = Recording(run)
    recording.advance()
    return score_of(data_of(run), chosen), recording.history.test_accuracy[-1, 0]


def test_the_machine_learns_xor_and_five_sigmoid_layers_do_not_but_five_tanh_layers_do():
    machine, network = scores_of("xor")
    assert machine.test >= 0.95
    assert 37 <= machine.support <= 54
    assert network < 0.6
    control, mended = scores_of("mended")
    assert control == machine
    assert mended >= 0.95
    assert replace(SVM.presets["mended"][1], activation="sigmoid") == SVM.presets["xor"][1]


def test_too_flat_a_kernel_cannot_bend_and_too_narrow_a_one_learns_by_heart():
    best, flat, narrow = (score_of(data_of(SVM.presets[k][1]), SVM.presets[k][0]) for k in
                          ("xor", "flat", "narrow"))  # fmt: skip
    assert flat.train < 0.8
    assert narrow.train == 1
    assert narrow.test < best.test
    assert narrow.support > 0.9 * 400


def test_where_mistakes_cost_little_the_strip_is_wide_and_where_they_cost_a_lot_it_is_not():
    soft, hard = (
        machine_of(data_of(SVM.presets[k][1]), SVM.presets[k][0]) for k in ("soft", "hard")
    )
    assert soft.converged
    assert hard.converged
    assert soft.margin > 3 * hard.margin
    assert len(soft.support) > 1.5 * len(hard.support)
    assert score_of(data_of(SVM.presets["hard"][1]), SVM.presets["hard"][0]).train > 0.88


def test_both_learn_two_spirals():
    machine, network = scores_of("spiral")
    assert machine.test >= 0.95
    assert network >= 0.95


# --- the page ----------------------------------------------------------------------------------


def button(app, label):
    return next(b for b in app.button if b.label == label)


@every_language
@pytest.mark.parametrize("dataset", TWO_CLASSES)
def test_the_page_opens_with_all_its_charts(language, dataset):
    app = visit("svm", language=language, dataset=dataset, **QUICK)
    assert len(app.get("vega_lite_chart")) == 4
    assert not app.warning
    assert not app.info


@pytest.mark.parametrize("key", few_of(SVM.presets, 3))
def test_every_question_is_recognized_from_its_own_link(key):
    chosen, run, *_ = SVM.presets[key]
    app = visit("svm", **chosen.to_query(full=True), **run.to_query(full=True))
    assert any(block.value == T.svm.preset_notes[key] for block in app.markdown)


def test_a_new_random_start_changes_the_networks_seed_and_nothing_else():
    app = visit("svm", **QUICK, svm_gamma="5")
    before = dict(settings(app))
    button(app, T.training.new_start).click().run()
    assert settings(app) == {**before, "seed": "1"}


def test_gamma_and_c_stand_in_the_link_and_leave_the_run_alone():
    app = visit("svm", **QUICK)
    widget(app, "svm_gamma").set_value(30.0).run()
    widget(app, "svm_c").set_value(0.1).run()
    assert settings(app) == {**QUICK, "svm_gamma": "30", "svm_c": "0.1"}


def test_data_of_another_page_give_way_here_and_come_back_there():
    app = visit("svm", **QUICK, dataset="iris", lanes="1")
    assert "Iris flowers" in app.info[0].value
    assert len(app.get("vega_lite_chart")) == 4
    widget(app, "svm_c").set_value(1.0).run()
    app.switch_page("pages/training.py").run()
    assert widget(app, "dataset").value == "iris"


def test_more_points_than_the_machine_takes_leave_the_network():
    app = visit("svm", epochs="1", samples="5000")
    assert "4,000" in app.warning[0].value
    assert f"{MOST_POINTS:,}" in app.warning[0].value
    assert len(app.get("vega_lite_chart")) == 1


def test_points_of_one_class_are_explained(monkeypatch):
    def refuse(drawn, chosen):
        data = drawn.run.data()
        return solve(data.train_x, np.ones(len(data.train_x)), chosen)

    monkeypatch.setattr("pages.ui.rooms.svm.machine_of", refuse)
    app = visit("svm", **QUICK)
    assert app.warning[0].value == T.svm.one_class
    assert len(app.get("vega_lite_chart")) == 1


def test_a_search_that_is_not_finished_says_so(monkeypatch):
    told = {}
    monkeypatch.setattr(
        "pages.ui.rooms.svm.caption",
        lambda name, headlines, sentences, **rest: told.update({rest["key"]: sentences[-1][1]}),
    )
    hard = {"samples": "300", "dataset": "moons", "noise": "0.3", "svm_gamma": "2"}
    visit("svm", epochs="1", **hard, svm_c="10000")
    assert "Not finished" in told["caption_machine"]
    assert "best so far" in told["caption_machine"]
    visit("svm", epochs="1", **hard)
    assert "one best solution" in told["caption_machine"]


def test_a_run_over_budget_is_refused_in_one_sentence():
    app = visit("svm", width="256", depth="50", samples="5000", epochs="10000")
    assert len(app.error) == 1
    assert not app.get("vega_lite_chart")


def test_a_network_that_diverges_leaves_the_machine_and_its_own_last_state():
    app = visit("svm", epochs="20", rate="1000", activation="identity", gain="20", depth="3")
    assert len(app.get("vega_lite_chart")) == 4


# --- a visitor's own data ---------------------------------------------------------------------

OWN = "name,a,b,c,kind\n" + "\n".join(
    f"n{k},{k * 7 % 11},{k * 5 % 13 - 6},{k / 3:.2f},{'xyz'[k % 3]}" for k in range(60)
)


def bring(app, text=OWN, key="own"):
    app = upload(app, text.encode(), key=key)
    assert not app.error
    return app


def test_two_columns_of_a_file_take_the_place_of_the_points():
    app = bring(visit("svm", **QUICK))
    assert len(app.get("vega_lite_chart")) == 4
    assert not any(w.key == "dataset" for w in app.selectbox)
    assert [w.value for w in app.multiselect if w.key == "own.pair"] == [[2, 3]]
    assert any("A: `y / z`. B: `x`. x₁: `a`, x₂: `b`" in caption.value for caption in app.caption)


def test_the_choice_of_columns_and_class_is_of_this_page_alone():
    app = bring(visit("svm", **QUICK))
    before = dict(app.session_state["session"].settings)
    next(w for w in app.multiselect if w.key == "own.pair").set_value([3, 4]).run()
    next(w for w in app.selectbox if w.key == "own.against").set_value(3).run()
    assert any("B: `z`. x₁: `b`, x₂: `c`" in caption.value for caption in app.caption)
    now = dict(app.session_state["session"].settings)
    assert now == before | {"pair": "3-4", "against": "3"}
    other = visit("svm", **now)
    assert not other.get("vega_lite_chart")
    bring(other, key="needed")
    assert any("B: `z`. x₁: `b`, x₂: `c`" in caption.value for caption in other.caption)


def test_a_file_without_two_classes_gives_way_to_the_points_of_the_page():
    text = "a,b,c\n" + "\n".join(f"{k},{k * k},{k / 7:.3f}" for k in range(40))
    app = bring(visit("svm", **QUICK), text)
    assert "so it shows XOR" in app.info[0].value
    assert len(app.get("vega_lite_chart")) == 4


def test_of_four_points_nothing_is_measured():
    app = bring(visit("svm", **QUICK), "a,b,y\n0,0,0\n0,1,1\n1,0,1\n1,1,0")
    assert len(app.get("vega_lite_chart")) == 4
    sweep = app.get("vega_lite_chart")[2].proto.datasets[0].data.data
    assert set(pa.ipc.open_stream(sweep).read_all()["part"].to_pylist()) == {"train"}


def test_a_question_takes_the_page_s_own_points():
    app = bring(visit("svm", **QUICK))
    app.get("button_group")[0].set_value("xor").run()
    assert "file" not in app.session_state["session"].settings
    assert any(w.key == "dataset" for w in app.selectbox)


def test_what_was_made_of_own_data_goes_with_them():
    nobody_else_s = OWN.replace("n0,", "m0,")
    table = tabulate(sheet := read(nobody_else_s), paired(sheet, suggested(sheet), Pair()))
    drawn = data_of(RunSpec(table=table, samples=60))
    machine = machine_of(drawn, SvmSpec())
    kept = machine_of(drawn, SvmSpec()) is machine  # pytest would hold what it compares
    assert kept
    gone = weakref.ref(machine)
    del machine, drawn, table, sheet
    gc.collect()
    assert gone() is None
