"""Every page by itself, without a browser: languages, links, settings, bad input."""

import json
import re

import altair as alt
import pytest
from altair.utils.schemapi import validate_jsonschema
from streamlit.testing.v1 import AppTest

from core.nn.activations import ACTIVATIONS
from core.nn.optimizers import OPTIMIZERS
from core.runs.lanes import lane_keys
from core.runs.training import RunSpec
from pages import texts
from pages.charts.measures import MEASURES
from pages.ui.house import ROOMS, SPECS
from pages.ui.rooms.training import stage
from tests.browser.drive import ROOT

SHORT = {"lanes": "1", "epochs": "3", "samples": "40"}
every_page = pytest.mark.parametrize("page", ROOMS)
every_language = pytest.mark.parametrize("language", texts.LANGUAGES)


FOLDS = ("more_settings", "more_data", "own_data", "share")


def visit(page, unfolded=True, **query):
    """The page, with all that opens on it open, unless told otherwise."""
    app = AppTest.from_file(str(ROOT / "dashboard.py"), default_timeout=60)
    app.query_params |= query
    for fold in FOLDS if unfolded else ():
        app.session_state[fold] = True
    if not ROOMS[page].home:
        app.switch_page(ROOMS[page].script)
    app.run()
    assert not app.exception
    return app


def widget(app, key):
    return next(w for w in [*app.selectbox, *app.select_slider, *app.number_input] if w.key == key)


@every_page
@every_language
def test_every_page_speaks_every_language(page, language):
    app = visit(page, language=language, **SHORT)
    assert app.title[0].value == texts.LANGUAGES[language].text[page].title


@every_page
def test_every_chart_of_a_page_is_a_valid_one(page):
    for chart in visit(page, **SHORT).get("vega_lite_chart"):
        validate_jsonschema(json.loads(chart.proto.spec), alt.load_schema())


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_trains(activation):
    app = visit("training", activation=activation, **SHORT)
    assert len(app.get("vega_lite_chart")) == 3
    assert widget(app, "activation").value == activation


@pytest.mark.parametrize("rule", OPTIMIZERS.values(), ids=OPTIMIZERS)
@pytest.mark.parametrize("page", ["training", "digits", "svm"])
def test_every_optimizer_trains_and_shows_its_constants_alone(page, rule):
    others = {f"{key}.{k.key}": "0.5" for key, r in OPTIMIZERS.items() for k in r.knobs}
    own = {f"{rule.key}.{k.key}": k.steps[1] for k in rule.knobs}
    link = others | {knob: f"{value:g}" for knob, value in own.items()}
    app = visit(page, optimizer=rule.key, **link, **SHORT)
    assert {w.key: w.value for w in app.select_slider if "." in w.key} == own
    assert not app.warning


def test_a_constant_that_the_reader_chooses_is_used_by_the_run_and_named_in_its_lane():
    app = visit("training", optimizer="adam", **SHORT)
    widget(app, "adam.beta1").set_value(0.5).run()
    assert settings(app)["adam.beta1"] == "0.5"
    assert any("β₁ = 0.5" in text.value for text in app.markdown)
    widget(app, "adam.beta1").set_value(0.9).run()
    assert "adam.beta1" not in settings(app)


@pytest.mark.parametrize("dataset", RunSpec.domains()["dataset"].options)
def test_every_data_set_trains(dataset):
    app = visit("training", dataset=dataset, **SHORT)
    assert len(app.get("vega_lite_chart")) == 3


@every_language
def test_a_link_opens_the_same_state_in_every_language(language):
    app = visit("training", language=language, **SHORT, activation="elu", **{"elu.a": "0.5"})
    assert widget(app, "activation").value == "elu"
    assert next(w for w in app.slider if w.key == "elu.a").value == 0.5
    assert not app.warning


def test_settings_follow_the_reader_from_page_to_page():
    app = visit("training", **SHORT)
    widget(app, "depth").set_value(2).run()
    app.switch_page("pages/activations.py").run()
    app.switch_page("pages/training.py").run()
    assert widget(app, "depth").value == 2
    assert not app.exception


def settings(app):
    return app.session_state["session"].settings


def choose_target(app, key):
    group = next(w for w in app.get("button_group") if w.key == "target")
    group.set_value(key).run()


def test_a_setting_of_all_lanes_leaves_alone_what_a_lane_sets_itself():
    app = visit("training", lanes="2", epochs="3", samples="40", **{"2.rate": "1"})
    widget(app, "rate").set_value(0.3).run()
    assert settings(app)["rate"] == "0.3"
    assert settings(app)["2.rate"] == "1"
    choose_target(app, "1")
    widget(app, "lane2.rate").set_value(0.3).run()
    assert "2.rate" not in settings(app)
    widget(app, "rate").set_value(0.03).run()
    assert widget(app, "lane2.rate").value == 0.03


def test_a_new_lane_begins_as_a_copy_of_the_first():
    app = visit("training", **SHORT, activation="tanh")
    widget(app, "lanes").set_value(3).run()
    choose_target(app, "2")
    assert widget(app, "lane3.activation").value == "tanh"


# Streamlit itself drops an address of more than 512 KiB, before a page can see it.
LONG = "9" * 1800
HOSTILE = ["nan", "inf", "-inf", "1e999", "-1", "", "1_0", "１", "None", "\x00", "<b>", LONG]


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: value[:8])
def test_every_key_of_a_link_survives_every_hostile_value(value):
    keys = set(lane_keys()).union(*(spec.keys() for spec in SPECS))
    app = visit("training", **dict.fromkeys(sorted(keys), value), nonsense=value)
    assert len(app.warning) == 1
    assert len(app.warning[0].value) < 2000


@pytest.mark.parametrize("spec", SPECS)
def test_a_sound_link_is_not_complained_about(spec):
    app = visit("training", **spec().to_query(full=True) | SHORT, v="1")
    assert not app.warning


def test_a_link_of_another_version_is_named():
    assert "v=2" in visit("training", **SHORT, v="2").warning[0].value


def test_a_run_over_budget_is_refused_in_one_sentence():
    app = visit("training", lanes="1", width="256", depth="50", samples="5000", epochs="10000")
    assert len(app.error) == 1
    assert "smaller value" in app.error[0].value
    assert not app.get("vega_lite_chart")


def test_a_network_that_cannot_even_start_is_explained():
    wild = {"precision": "float32", "gain": "20", "initializer": "normal", "depth": "30"}
    app = visit("training", **SHORT, **wild, width="64", activation="identity", tool="why")
    assert not app.exception
    assert not app.get("vega_lite_chart")


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("depth", ["0", "2"])
def test_every_measure_is_drawn_with_and_without_hidden_layers(measure, depth):
    app = visit("training", measure=measure, depth=depth, **SHORT)
    assert len(app.get("vega_lite_chart")) == 3


THREE = {"lanes": "3", "2.activation": "tanh", "3.activation": "relu"}


def charts_of(app):
    return app.get("vega_lite_chart")


def told(app):
    """What the charts tell in words: the look hands it to them."""
    parts = [part.proto for part in app.get("bidi_component")]
    (look,) = [part for part in parts if part.component_name == "dashboard_look"]
    return list(json.loads(look.json)["words"].values())


@every_language
def test_all_lanes_can_be_in_one_chart_each_with_its_numbers_in_words(language):
    t = texts.LANGUAGES[language].text
    app = visit("training", unfolded=False, language=language, view="compare", **SHORT | THREE)
    assert len(charts_of(app)) == len(told(app)) == 2
    for words in told(app):
        for key in ("sigmoid", "tanh", "relu"):
            name = t.options.get(key, ACTIVATIONS[key].name)
            assert re.search(rf"{name} [\d.]+", words)


def test_one_lane_alone_is_not_compared():
    app = visit("training", unfolded=False, view="compare", **SHORT)
    assert len(charts_of(app)) == 3
    assert next(b for b in app.get("button_group") if b.proto.id.endswith("view"))


@pytest.mark.parametrize(("narrow", "chosen", "charts"), [
    (False, {}, 9), (True, {}, 2), (True, {"view": "charts"}, 9), (False, {"view": "compare"}, 2),
])  # fmt: skip
def test_lanes_are_in_one_chart_where_it_is_narrow_unless_the_reader_chooses(
    monkeypatch, narrow, chosen, charts
):
    monkeypatch.setattr(stage, "is_narrow", lambda: narrow)
    app = visit("training", unfolded=False, **SHORT | THREE | chosen)
    assert len(charts_of(app)) == charts
