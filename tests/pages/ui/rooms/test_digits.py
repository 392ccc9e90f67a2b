"""The page of digits: its charts draw what the network does, and its settings stay together."""

import base64
import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from core.lessons.digits import READER, READERS, looked_for, pictures, probabilities, read_test
from core.runs.recording import Recording
from pages import texts
from pages.charts import digits as charts
from pages.charts.pictures import rgb
from pages.charts.style import DARK, LIGHT
from pages.ui.settings import Digits
from tests.crossing import crossed, few_of
from tests.pages.charts.test_training import named
from tests.pages.ui.test_pages import settings, visit, widget

every_language = pytest.mark.parametrize("language", texts.LANGUAGES)
every_theme = pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
QUICK = {"epochs": "2"}
T = texts.LANGUAGES["en"].text


@pytest.fixture(scope="module")
def record():
    recording = Recording(replace(READER, epochs=4, depth=1))
    recording.advance()
    return recording


def image(url):
    return Image.open(io.BytesIO(base64.b64decode(url.split(",")[1])))


def chart_of(name, t=T, colours=LIGHT):
    return {
        "bars": lambda: charts.bars(t, colours, "told"),
        "course": lambda: charts.course(t, colours, ("relu", "tanh"), 9, 0.1, "told"),
        "mistakes": lambda: charts.mistakes(t, colours, 3, "told"),
        "confusion": lambda: charts.confusion(t, colours, "told"),
        "units": lambda: charts.units(t, colours, 4, "told"),
        "unit": lambda: charts.unit(t, colours, 1.0, "told"),
    }[name]()


TABLES = {
    "bars": {"bars"},
    "course": {"course", "ends"},
    "mistakes": {"mistakes"},
    "confusion": {"cells"},
    "units": {"units"},
    "unit": {"unit"},
}


@crossed(language=texts.LANGUAGES, colours=[LIGHT, DARK], name=TABLES)
def test_every_chart_is_valid_and_needs_only_what_is_sent(language, colours, name):
    written = chart_of(name, texts.LANGUAGES[language].text, colours).to_dict()
    assert written["description"] == "told"
    assert "datasets" not in written
    assert set(named(written)) == TABLES[name]


def test_the_bars_are_the_probabilities_and_the_likeliest_is_marked(record):
    probability = probabilities(record.final, pictures()[:1])[0]
    table = charts.bars_table(probability, T).to_pydict()
    np.testing.assert_array_equal(table["probability"], probability)
    assert table["likeliest"].index(True) == probability.argmax()
    assert sum(table["likeliest"]) == 1


def test_the_mistakes_are_drawn_from_their_own_pictures(record):
    reading = read_test(record.final)
    table = charts.mistakes_table(reading, T, "#000000").to_pydict()
    assert len(table["url"]) == min(len(reading.mistakes), charts.MOST_MISTAKES) > 3
    for place, index in enumerate(reading.mistakes[: charts.MOST_MISTAKES]):
        alpha = np.asarray(image(table["url"][place]).convert("RGBA"))[..., 3]
        pixels = pictures()[reading.rows[index]].reshape(8, 8)
        np.testing.assert_array_equal(alpha, (pixels / 16 * 255).astype(np.uint8))
        assert table["reads"][place].startswith(f"{reading.predicted[index]} (")
        assert table["truth"][place].endswith(str(reading.truth[index]))


def test_no_mistakes_are_an_empty_table(record):
    reading = read_test(record.final)
    right = replace(reading, predicted=reading.truth)
    assert charts.mistakes_table(right, T, "#000000").num_rows == 0


def test_every_cell_of_the_confusion_has_its_number(record):
    reading = read_test(record.final)
    rows = charts.confusion_table(reading).to_pylist()
    assert len(rows) == 100
    for row in rows:
        count = reading.confusion[int(row["truth"]), int(row["predicted"])]
        assert row["count"] == count
        assert row["text"] == (str(count) if count else "·")
        assert row["right"] == (row["truth"] == row["predicted"])


@every_theme
def test_a_weight_is_paper_at_0_and_has_the_colour_of_its_sign(colours):
    weights = np.zeros((8, 8))
    weights[0, 0], weights[0, 1], weights[0, 2] = 1, -1, 0.5
    pixels = np.asarray(image(charts.weight_picture(weights, 1.0, colours)).convert("RGB"), int)
    low, paper, high = (np.array(rgb(colour)) for colour in charts.signs(colours))
    np.testing.assert_array_equal(pixels[0, 0], high)
    np.testing.assert_array_equal(pixels[0, 1], low)
    np.testing.assert_array_equal(pixels[7, 7], paper)
    np.testing.assert_allclose(pixels[0, 2], (high + paper) / 2, atol=1)


def test_one_unit_is_drawn_pixel_by_pixel_with_signs_where_it_is_strong(record):
    weights = looked_for(record.final)[0][2]
    rows = charts.unit_table(weights).to_pylist()
    strong = 0.4 * np.abs(weights).max()
    for row in rows:
        value = weights[row["row"] - 1, row["column"] - 1]
        assert row["weight"] == value
        assert row["sign"] == ("" if abs(value) <= strong else "+" if value > 0 else "−")


@pytest.mark.parametrize(
    ("value", "rounded"), [(0.7, 1), (1, 1), (1.1, 2), (2.5, 5), (6, 10), (0.013, 0.02), (0, 1)]
)
def test_the_scale_of_the_weights_ends_at_a_round_number(value, rounded):
    assert charts.round_up(value) == pytest.approx(rounded)


def test_the_course_has_every_network_and_ends_where_it_ended(record):
    table = charts.course_table({"relu": record.history, "tanh": record.history}).to_pydict()
    assert table["activation"] == ["relu"] * 5 + ["tanh"] * 5
    assert table["test"][4] == record.history.test_accuracy[-1, 0]
    names = {"relu": "ReLU", "tanh": "tanh"}
    ends = charts.ends_table(dict.fromkeys(names, record.history), names).to_pydict()
    assert ends["name"] == ["ReLU", "tanh"]
    assert ends["end"] == [record.history.test_accuracy[-1, 0]] * 2
    assert abs(ends["place"][0] - ends["place"][1]) > 0.05


# --- the page ----------------------------------------------------------------------------------


def button(app, key):
    return next(b for b in app.button if b.key == key)


def markdown(app):
    return " ".join(block.value for block in app.markdown)


@every_language
@pytest.mark.parametrize("depth", ["0", "1"])
def test_the_page_opens_with_all_its_charts(language, depth):
    app = visit("digits", language=language, depth=depth, **QUICK)
    assert len(app.get("vega_lite_chart")) == 6
    assert not app.warning


def test_the_page_opens_on_its_own_network_and_other_pages_keep_theirs():
    app = visit("digits", **QUICK)
    assert widget(app, "activation").value == READER.activation
    assert widget(app, "depth").value == READER.depth
    assert "359 test pictures" in markdown(app)


@pytest.mark.parametrize("key", few_of(READERS, 3))
def test_every_question_is_recognized_from_its_own_link(key):
    run = READERS[key]
    app = visit("digits", **run.to_query(READER), beside=str(int(key == "sigmoid")))
    assert app.markdown[0].value == T.digits.preset_notes[key] or any(
        block.value == T.digits.preset_notes[key] for block in app.markdown
    )


def test_a_layer_that_did_not_move_is_said_not_to_have_moved():
    stuck = visit("digits", **QUICK, activation="sigmoid", depth="5", initializer="xavier")
    assert "hardly moved" in markdown(stuck)
    moving = visit("digits", epochs="20")
    assert "hardly moved" not in markdown(moving)


def test_a_drawing_can_start_empty_or_from_a_test_picture_and_is_in_the_link():
    app = visit("digits", **QUICK)
    assert "drawing" not in settings(app)
    button(app, "start_blank").click().run()
    assert settings(app)["drawing"] == "0" * 64
    button(app, "start_sample").click().run()
    rows = READER.data().test_rows
    first, second = (Digits(tuple(pictures()[rows[k]].astype(int).tolist())) for k in (0, 1))
    assert settings(app)["drawing"] == first.to_query()["drawing"]
    assert any("test picture 1" in caption.value for caption in app.caption)
    button(app, "start_sample").click().run()
    assert settings(app)["drawing"] == second.to_query()["drawing"]


def test_a_picture_that_is_read_wrongly_is_one():
    app = visit("digits", **QUICK)
    button(app, "start_mistake").click().run()
    drawing = Digits.from_query(settings(app)).drawing
    recording = Recording(replace(READER, epochs=2))
    recording.advance()
    reading = read_test(recording.final)
    worst = pictures()[reading.rows[reading.mistakes[0]]]
    assert drawing == tuple(worst)


def test_a_question_leaves_the_drawing_alone():
    app = visit("digits", **QUICK, drawing="0" * 63 + "g")
    group = next(w for w in app.get("button_group") if w.key == "digits_first")
    group.set_value("none").run()
    assert settings(app)["drawing"] == "0" * 63 + "g"
    assert settings(app)["depth"] == "0"


def test_another_unit_is_enlarged_and_is_in_the_link():
    app = visit("digits", **QUICK)
    widget(app, "unit").set_value(5).run()
    assert settings(app)["unit"] == "5"
    assert any("Unit 5 of 32" in caption.value for caption in app.caption)
    widget(app, "width").set_value(4).run()
    assert any("Unit 4 of 4" in caption.value for caption in app.caption)


def test_the_classic_activations_are_trained_beside_it():
    app = visit("digits", **QUICK, beside="1", activation="gelu")
    said = next(c.value for c in app.caption if "same network" in c.value)
    assert all(name in said for name in ("GELU", "sigmoid", "tanh", "ReLU"))


@pytest.mark.parametrize("drawing", ["0" * 63, "h" * 64, "0" * 65, "<b>", ""])
def test_a_damaged_drawing_is_named_and_the_page_opens(drawing):
    app = visit("digits", **QUICK, drawing=drawing)
    assert "drawing=" in app.warning[0].value
    assert len(app.get("vega_lite_chart")) == 6


def test_a_network_that_cannot_start_is_explained():
    app = visit(
        "digits", **QUICK, activation="identity", initializer="normal", gain="20", depth="50",
        width="256", batch="5000",
    )  # fmt: skip
    assert not app.exception


def test_a_run_over_budget_is_refused_in_one_sentence():
    app = visit("digits", depth="50", width="256", epochs="10000")
    assert len(app.error) == 1
    assert not app.get("vega_lite_chart")


def test_a_network_that_diverges_leaves_its_last_valid_state():
    app = visit("digits", epochs="20", rate="300", activation="identity", depth="3")
    assert len(app.get("vega_lite_chart")) == 6
    assert any("Stopped at epoch" in caption.value for caption in app.caption)
