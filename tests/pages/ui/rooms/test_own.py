"""The page of one's own training: examples, a file that is brought, and one that is not here."""

from __future__ import annotations

import json
from base64 import b64decode
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from pages import texts
from pages.charts import own as charts
from pages.charts.present import enlarge
from pages.charts.style import LIGHT
from pages.charts.takehome import Figure, alone
from pages.files.columns import QUANTITIES
from pages.files.recordings import Fault, RecordingError, example, examples, read_recording
from pages.ui.house import OWN_TRAINING
from pages.ui.rooms.own import code
from pages.ui.settings import Watching
from pages.ui.watched import Rack, read
from pages.ui.widgets.recorders import RECORDERS
from tests.browser.drive import ROOT
from tests.crossing import crossed
from tests.pages.files.test_columns import STRANGE
from tests.pages.files.test_logs import CSV
from tests.pages.ui.test_pages import every_language, visit

T = texts.LANGUAGES["en"].text
ROW = {"step": 0, "loss": 0.5, "delta": [0.25, 1.0]}


def said(app):
    return "\n".join(element.value for element in [*app.markdown, *app.caption])


@crossed(language=texts.LANGUAGES, key=OWN_TRAINING.presets)
def test_every_example_opens_in_every_language(language, key):
    query = OWN_TRAINING.link_of(*OWN_TRAINING.presets[key])
    app = visit("own", language=language, **query)
    assert len(app.get("vega_lite_chart")) >= 4
    assert not app.error


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("deep_sigmoid", T.cases.stalled_unreached.what),
        ("dying_relu", T.cases.dead_layer.what),
        ("plain_stack", T.cases.stalled_unreached.what),
        ("residual_stack", T.cases.learning.what),
        ("post_norm", T.cases.stalled_silent.what),
        ("pre_norm", T.own.verdicts.learnt),
        ("exploding_rnn", T.own.silences.used_several_times),
    ],
)
def test_the_verdict_is_that_of_the_rules(key, told):
    app = visit("own", **OWN_TRAINING.link_of(*OWN_TRAINING.presets[key]))
    assert told in said(app)


@pytest.mark.parametrize("last", [3, 700])
def test_a_short_recording_is_too_early_to_judge_and_not_said_to_have_made_no_step(last):
    app = brought(file_of(ROW, {**ROW, "step": last}))
    assert T.own.verdicts.too_early.format(steps="1,200", step=last) in said(app)


def test_every_example_is_a_question():
    assert {state[0].own_example for state in OWN_TRAINING.presets.values()} == set(examples())


def test_remedies_are_shown_as_code_of_the_framework():
    app = visit("own")
    assert any("nn.Tanh()" in block.value for block in app.code)


def test_the_network_is_rebuilt_on_the_training_page():
    app = visit("own")
    button = next(b for b in app.button if b.label == T.own.rebuild)
    button.click().run()
    settings = app.session_state["session"].settings
    assert settings["depth"] == "8"
    assert settings["width"] == "16"
    assert "activation" not in settings or settings["activation"] == "sigmoid"


@every_language
def test_columns_are_asked_for_in_the_reader_s_language(language):
    app = brought(CSV.encode(), "metrics.csv", language=language)
    words = texts.LANGUAGES[language].text.own.columns
    assert [box.proto.placeholder for box in app.multiselect] == [words.choose]


def test_a_table_that_tells_of_no_network_is_not_rebuilt():
    app = brought(CSV.encode(), "metrics.csv")
    assert T.own.rebuild not in {button.label for button in app.button}


@pytest.mark.parametrize("key", RECORDERS)
def test_the_page_shows_the_lines_of_the_recorders_readme(key):
    readme = (ROOT / "recorder" / "README.md").read_text("utf-8")
    assert f"```python\n{RECORDERS[key].use}\n```" in readme


def test_there_is_a_recorder_for_every_file():
    files = {path.name for path in (ROOT / "recorder").glob("*.py")}
    assert {one.file for one in RECORDERS.values()} == files
    assert set(T.own.how) == set(RECORDERS)


def brought(content, name="mine.jsonl", language="en"):
    """The page with a recording that was brought."""
    held = read(content, name)
    app = AppTest.from_file(str(ROOT / "dashboard.py"), default_timeout=60)
    app.session_state["recordings"] = Rack((held,))
    app.query_params |= {"own_recording": held.digest, "language": language}
    app.switch_page(OWN_TRAINING.script)
    app.run()
    assert not app.exception
    return app


def file_of(*rows, layers=("a", "b"), **head):
    head |= {"format": "layer-recorder", "version": 1, "layers": [{"name": n} for n in layers]}
    return "".join(json.dumps(row) + "\n" for row in (head, *rows)).encode()


def test_a_file_that_is_not_here_is_asked_for():
    app = visit("own", own_recording="0123456789abcdef")
    assert "`01234567`" in app.info[0].value
    assert not app.get("vega_lite_chart")


def test_a_file_that_cannot_be_read_gets_one_sentence_until_something_else_is_chosen():
    app = AppTest.from_file(str(ROOT / "dashboard.py"), default_timeout=60)
    error = RecordingError(Fault.NO_HEAD, line=1, value="a,b")
    app.session_state["recordings"] = Rack(error=(error, Watching()))
    app.switch_page(OWN_TRAINING.script).run()
    assert [element.value for element in app.error] == [
        T.own.faults.no_head.format(line=1, value="`a,b`")
    ]
    app.query_params["own_example"] = "dying_relu"
    app.session_state["session"] = replace(
        app.session_state["session"], settings={"own_example": "dying_relu"}
    )
    assert not app.run().error


@every_language
@pytest.mark.parametrize("fault", Fault)
def test_every_fault_has_its_words(language, fault):
    words = texts.LANGUAGES[language].text.own.faults
    assert "{" not in words[fault].format(line=1, limit="2", value="x").replace('{"format"', "")


def test_what_was_left_out_of_a_file_is_said():
    content = example("deep_sigmoid")
    app = brought(content[:-20])
    assert T.own.cut in said(app)
    assert "mine.jsonl" in said(app)


@pytest.mark.parametrize(
    "rows",
    [
        [ROW],
        [ROW, {"step": 1, "delta": ["nan", "inf"], "loss": "nan"}],
        [{"step": 0, "delta": [0.0, 0.0]}, {"step": 1, "delta": [None, None]}],
        [{**ROW, "loss": -1}, {**ROW, "step": 9, "loss": -2}],
        [{**ROW, "delta": [1e-300, 1e300]}, {**ROW, "step": 9, "loss": 1e308}],
        [{**ROW, "update": [0, 1e-320], "std": [0, 0], "step": k} for k in range(3)],
        [{**ROW, "calls": {"0": [1, None, "inf"]}}, {**ROW, "step": 7}],
    ],
)
def test_odd_numbers_leave_a_page(rows):
    brought(file_of(*rows))


def test_a_single_layer_leaves_a_page():
    brought(file_of({"step": 0, "delta": [1.0]}, {"step": 1, "delta": [1.0]}, layers=("a",)))


def test_two_recordings_are_compared_where_they_have_as_many_layers():
    plain = read_recording(example("plain_stack"))
    query = {"own_example": "residual_stack"}
    app = visit("own", **query, own_before=plain.digest)
    choice = next(box for box in app.selectbox if box.key == "own_before")
    assert choice.value == plain.digest
    assert len(choice.options) == 2
    assert visit("own").session_state["session"].settings.get("own_before") is None
    assert not [box for box in visit("own").selectbox if box.key == "own_before"]
    axis = charts.axis_of(charts.PROFILES["delta"], plain.measures["delta"])
    table = charts.before_table(plain, charts.PROFILES["delta"], axis)
    assert table["layer"].to_pylist() == list(range(1, 22))
    assert table["shown"][0].as_py() == pytest.approx(plain.measures["delta"][-1, 0])
    assert charts.before_table(None, charts.PROFILES["delta"], axis).num_rows == 0


def test_a_recording_with_other_layers_is_named_as_what_cannot_be_drawn_beside():
    three = file_of({"step": 0, "delta": [1] * 3}, layers=("a", "b", "c"))
    app = AppTest.from_file(str(ROOT / "dashboard.py"), default_timeout=60)
    shown, other = read(file_of(ROW, {**ROW, "step": 1}), "two.jsonl"), read(three, "<b>.jsonl")
    app.session_state["recordings"] = Rack((other, shown))
    app.query_params["own_recording"] = shown.digest
    app.switch_page(OWN_TRAINING.script)
    app.run()
    assert T.own.other_layers.format(name="`<b>.jsonl`", other=3, layers=2) in said(app)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (file_of(ROW, {**ROW, "step": 9}, ROW, {**ROW, "step": 3}), T.own.replaced.format(count=2)),
        (file_of(ROW) + file_of(ROW), T.own.again.format(line=3)),
        (
            file_of(ROW, {"step": 7, "delta": [1, "nan"], "loss": "nan"}),
            T.own.undefined.format(step=7, names=f"{T.own.loss}, {T.own.measures.delta}"),
        ),
        (
            file_of(ROW, {"step": 7, "delta": [1, 1], "update": ["inf", 1]}),
            T.own.infinite.format(step=7, names=T.own.measures.update),
        ),
    ],
)
def test_what_is_odd_about_a_recording_is_told_in_a_sentence(content, told):
    assert told in said(brought(content))


def test_numbers_that_were_all_nan_are_not_said_to_be_missing():
    rows = [{"step": k, "delta": ["nan"] * 2, "loss": "nan"} for k in range(3)]
    told = said(brought(file_of(*rows)))
    assert T.own.undefined.format(step=0, names=f"{T.own.loss}, {T.own.measures.delta}") in told
    assert T.own.silences.undefined.format(step=0) in told
    assert T.own.silences.no_loss not in told
    (missing,) = (line for line in told.splitlines() if "Not in this recording" in line)
    assert T.own.measures.delta not in missing


def test_what_was_left_out_of_a_table_is_told_with_the_reason():
    app = brought(b"step,note,loss,grad/a\n0,ok,1,2\n1,ok,1,3\n", "a.csv")
    assert T.own.columns.aside.words.format(names="`note`") in said(app)


@pytest.mark.parametrize(
    ("framework", "name", "code"),
    [("keras 3.15", "Keras", "keras."), ("jax 0.10", "JAX", "jax."), ("", "PyTorch", "nn.")],
)
def test_remedies_are_in_the_words_of_the_framework_that_was_recorded(framework, name, code):
    rows = [{"step": k, "loss": 0.7, "delta": [1e-6, 1.0]} for k in range(0, 3000, 100)]
    app = brought(file_of(*rows, framework=framework))
    assert T.own.remedies_note.format(framework=name) in said(app)
    assert (T.own.remedies_unknown in said(app)) is (framework == "")
    assert any(code in block.value for block in app.code[3:])


@pytest.mark.parametrize(
    ("key", "why"), [("post_norm", "attention"), ("exploding_rnn", "several_times")]
)
def test_what_no_network_of_the_training_page_is_near_to_is_not_rebuilt(key, why):
    app = visit("own", own_example=key)
    assert T.own.apart[why] in said(app)
    assert T.own.rebuild not in {button.label for button in app.button}


def test_what_a_rebuilt_network_lacks_is_told():
    app = visit("own", own_example="plain_stack")
    assert f"{T.own.lost.conv}, {T.own.lost.skip}" in said(app)
    layer = {"name": "a", "weights": [[500, 500]]}
    norms = [{"name": "n", "kind": "norm", "type": "BatchNorm1d"}] * 90
    head = {"format": "layer-recorder", "version": 1, "layers": [layer] * 90 + norms}
    row = {"step": 0, "delta": [1.0] * 180}
    content = "".join(json.dumps(one) + "\n" for one in (head, row, {**row, "step": 1}))
    told = said(brought(content.encode()))
    assert T.own.lost.width.format(units=500) in told
    assert T.own.lost.depth.format(layers=90) in told
    assert T.own.rebuild_norm.format(norm=T.own.norms.batch) in told


def block_errors(name, row):
    """The error at the output of the first and of the last block of a transformer."""
    watched = read_recording(example(name))
    places = {layer.name: k for k, layer in enumerate(watched.layers)}
    return [watched.measures["delta"][row, places[f"blocks.{k}.linear2"]] for k in (0, 7)]


def test_the_notes_on_the_transformers_give_the_errors_that_were_recorded():
    assert block_errors("post_norm", 0) == pytest.approx([0.033, 0.025], abs=5e-4)
    assert block_errors("pre_norm", 0) == pytest.approx([0.044, 0.013], abs=5e-4)
    assert read_recording(example("post_norm")).steps[1] == 60
    first, last = block_errors("post_norm", 1)
    assert first / last == pytest.approx(1 / 500, rel=0.2)
    later = [np.divide(*block_errors("pre_norm", row)) for row in range(1, 25)]
    assert np.median(later) == pytest.approx(2, abs=0.2)


def test_pre_norm_is_shown_beside_post_norm():
    app = visit("own", **OWN_TRAINING.link_of(*OWN_TRAINING.presets["pre_norm"]))
    choice = next(box for box in app.selectbox if box.key == "own_before")
    assert choice.value == read_recording(example("post_norm")).digest


def test_blocks_are_the_layers_in_their_order_with_what_is_known_of_them():
    watched = read_recording(example("post_norm"))
    table = charts.blocks_table(watched, charts.in_blocks(watched))
    assert table["name"].to_pylist() == [layer.name for layer in watched.layers]
    assert table["title"].to_pylist()[:4] == [
        *("1 · Linear", "2 · MultiheadAttention", "LayerNorm", "3 · Linear")
    ]
    assert table["shape"].to_pylist()[3] == "8 × 32"
    assert table["activation"].to_pylist()[2:5] == ["", "gelu", ""]


def test_a_block_has_the_error_of_its_layer_at_every_frame():
    watched = read_recording(file_of(ROW, {"step": 9, "delta": [None, "inf"]}))
    axis = charts.Decades(-3, 1)
    rows = charts.errors_table(watched, [0, 1], [0, 1], axis).to_pylist()
    assert [(row["epoch"], row["place"], row["shown"], row["value"]) for row in rows] == [
        *((0, 0, 0.25, "0.25"), (0, 1, 1.0, "1.0"), (1, 1, 10.0, "∞"))
    ]


@pytest.mark.parametrize(("layers", "blocks"), [(60, 60), (300, 60)])
def test_of_hundreds_of_layers_some_are_drawn_as_blocks_and_that_is_said(layers, blocks):
    row = {"step": 0, "delta": [0.5] * layers}
    content = file_of(row, {**row, "step": 1}, layers=[f"layer {k}" for k in range(layers)])
    chosen = charts.in_blocks(read_recording(content))
    assert (len(chosen), chosen[0], chosen[-1]) == (blocks, 0, layers - 1)
    told = T.own.blocks_thinned.format(count=layers, shown=blocks)
    assert (told in said(brought(content))) is (blocks < layers)


def test_the_colours_of_the_blocks_are_those_of_the_map():
    watched = read_recording(example("plain_stack"))
    delta = watched.measures["delta"][:, watched.shown]
    axis = charts.axis_of(charts.PROFILES["delta"], delta)
    colour = charts.shades(LIGHT, axis, "").to_dict()["scale"]
    assert colour["domain"] == list(axis.ends)
    (address,) = charts.map_tables(watched, LIGHT, axis)["picture"]["url"].to_pylist()
    picture = Image.open(BytesIO(b64decode(address.split(",")[1]))).convert("RGBA")
    red, green, blue, opacity = picture.getpixel((0, 0))
    palest, deepest = (float(end[5:-1].split(",")[3]) for end in colour["range"])
    part = (np.log10(delta[0, 0]) - axis.low) / (axis.high - axis.low)
    assert colour["range"][0].startswith(f"rgba({red},{green},{blue},")
    assert opacity / 255 == pytest.approx(palest + part * (deepest - palest), abs=2 / 255)


def test_the_blocks_are_as_high_as_their_rows_on_the_page_taken_home_and_on_a_projector():
    spec = charts.blocks(T, LIGHT, charts.Decades(-3, 1), 4, "").to_dict()
    taken = alone(Figure("blocks", spec, {}), LIGHT, "sans-serif", "container")
    assert taken["autosize"]["type"] == spec["autosize"]["type"] == "fit-x"
    assert (spec["height"], enlarge(spec)["height"]) == ({"step": 90}, {"step": 126})


def test_text_of_a_file_is_never_markup():
    assert code("a`![x](y)\n# b") == "`a ![x](y) # b`"
    app = brought(file_of(ROW, {**ROW, "step": 5}), name="<b>`x` **y**")
    assert "`<b> x **y**`" in said(app)


def table_of(app):
    """What every column of a log is shown as: quantity and layer, by name."""
    table = app.dataframe[0].value
    words = T.own.columns
    return {
        row[words.column]: (row[words.quantity], row[words.layer]) for _, row in table.iterrows()
    }


def correction(app, columns, quantity, layer=None):
    words = T.own.columns
    app.multiselect("own_columns").set_value(columns)
    app.selectbox("own_quantity").set_value(quantity)
    app.run()
    if layer is not None:
        app.text_input("own_layer").set_value(layer)
    next(button for button in app.button if button.label == words.apply).click().run()
    assert not app.exception


def test_a_table_shows_what_each_column_was_taken_for():
    told = table_of(brought(CSV.encode(), "metrics.csv"))
    names = T.own.columns.quantities
    assert told["2. step"] == (names.step, "–")
    assert told["4. val_loss"] == (T.own.columns.reasons.tested, "–")
    assert told["5. grad_2.0_norm_total"] == (T.own.columns.reasons.total, "–")
    assert told["8. grad_2.0_norm/2.weight"] == (names.gradient, "2")


def test_a_recording_has_no_columns():
    assert not brought(example("deep_sigmoid")).multiselect


def test_a_table_whose_names_say_nothing_is_corrected_until_it_is_shown():
    app = brought(STRANGE, "strange.csv")
    assert T.own.columns.none in [element.value for element in app.warning]
    assert not app.get("vega_lite_chart")
    correction(app, [0], "step")
    correction(app, [1], "loss")
    correction(app, [2, 3, 4], "gradient")
    correction(app, [5, 6, 7], "delta")
    assert not app.warning
    assert len(app.get("vega_lite_chart")) == 4
    assert table_of(app)["5. g_L10"] == (T.own.columns.quantities.gradient, "10")


def test_a_column_is_given_a_layer_and_taken_back():
    app = brought(CSV.encode(), "metrics.csv")
    before = table_of(app)
    correction(app, [6], "gradient", "the bias")
    assert table_of(app)["7. grad_2.0_norm/0.bias"][1] == "the bias"
    button = next(b for b in app.button if b.label == T.own.columns.by_name)
    button.click().run()
    assert table_of(app) == before
    assert not [b for b in app.button if b.label == T.own.columns.by_name]


def test_every_quantity_of_a_column_has_its_words():
    assert set(T.own.columns.quantities) == set(QUANTITIES)


@pytest.mark.parametrize(("framework", "told"), [("jax 0.10.2", True), ("torch 2.13.0", False)])
def test_why_jax_tells_no_error_is_said(framework, told):
    rows = ({**ROW, "delta": [None, None], "step": step} for step in (0, 10))
    app = brought(file_of(*rows, framework=framework))
    assert T.own.silences.no_error in said(app)
    assert (T.own.no_error_jax in said(app)) is told
