"""The page of signal propagation: its numbers, its charts, its way to the training page."""

from math import sqrt

import numpy as np
import pytest

from core.nn.activations import ACTIVATIONS
from core.runs.training import RunSpec
from core.theory.meanfield import MeanField, diagram
from core.theory.networks import measured
from pages import texts
from pages.charts import propagation as charts
from pages.charts.style import DARK, LIGHT
from pages.ui.house import PROPAGATION
from pages.ui.rooms import propagation
from pages.ui.rooms.propagation import trained
from pages.ui.settings import Propagating
from tests.crossing import crossed
from tests.pages.charts.test_training import named
from tests.pages.ui.test_pages import visit

every_language = pytest.mark.parametrize("language", texts.LANGUAGES)
QUICK = {"signal_depth": "5", "signal_width": "20"}
T = texts.LANGUAGES["en"].text


def metrics(app):
    return [metric.value for metric in app.metric]


@crossed(every=2, language=texts.LANGUAGES, key=PROPAGATION.presets)
def test_every_question_opens_in_every_language(language, key):
    query = PROPAGATION.link_of(*PROPAGATION.presets[key])
    app = visit("propagation", language=language, **{**query, **QUICK})
    assert len(app.get("vega_lite_chart")) == 4
    assert len(metrics(app)) == 5


def test_the_numbers_are_those_of_the_theory():
    app = visit("propagation", signal_activation="selu", **QUICK)
    assert metrics(app)[:3] == ["1.00", "1.072", "1.035"]
    app = visit("propagation", signal_activation="sigmoid", **QUICK)
    assert metrics(app)[1:3] == ["0.05572", "0.2361"]


@pytest.mark.parametrize(
    ("query", "phase"),
    [
        ({"signal_weights": "0.5"}, "ordered"),
        ({"signal_activation": "relu", "signal_weights": "2"}, "critical"),
        ({"signal_weights": "4"}, "chaotic"),
        ({"signal_activation": "relu", "signal_weights": "3"}, "unbounded"),
        ({"signal_activation": "step", "signal_weights": "1"}, "ordered"),
    ],
)
def test_the_sentence_is_that_of_the_phase(query, phase):
    app = visit("propagation", **query, **QUICK)
    start = T.propagation.phases[phase].split("{")[0]
    assert any(element.value.startswith(start) for element in app.markdown)


@pytest.mark.slow
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_largest_variances_of_every_activation_break_nothing(activation):
    extreme = {"signal_weights": "100", "signal_biases": "10", "signal_depth": "100"}
    visit("propagation", signal_activation=activation, **extreme, signal_width="5")


def test_the_network_that_is_trained_has_the_same_weights():
    chosen = Propagating("tanh", 1.76, 0.05, 30, 300)
    run = trained(chosen, RunSpec())
    assert (run.activation, run.depth, run.width) == ("tanh", 30, 64)
    assert run.initializer == "lecun"
    assert run.gain == pytest.approx(sqrt(1.76))


@every_language
@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_every_chart_is_valid_and_needs_only_what_is_sent(language, colours):
    t = texts.LANGUAGES[language].text
    field = MeanField(ACTIVATIONS["tanh"], 1.5, 0.1)
    found = measured(field, 20, 5)
    expected, spread = field.errors(found.lengths[0]), field.spread(found.lengths[0], 20)
    axis = charts.axis_of(expected, found)
    pairs = [
        (charts.cobweb(t, colours, "red", 2.0, "x", "y", "told"),
         charts.map_tables(field.length_map, 1.0, 2.0)),
        (charts.phases(t, colours, "told"),
         charts.phase_tables(diagram(field.activation, *charts.phase_grid()), field, "here")),
        (charts.layers(t, colours, "red", 5, axis, "told"),
         charts.layer_tables(expected, spread, found, axis)),
    ]  # fmt: skip
    for chart, tables in pairs:
        written = chart.to_dict()
        assert written["description"] == "told"
        assert set(named(written)) == set(tables)


def test_a_cobweb_goes_from_the_curve_to_the_diagonal_and_back():
    web = charts.map_tables(lambda q: q / 2, 1.0, 2.0)["web"]
    x, y = (web[name].to_numpy() for name in "xy")
    assert list(zip(x[:5], y[:5], strict=True)) == [
        (1, 0), (1, 0.5), (0.5, 0.5), (0.5, 0.25), (0.25, 0.25)
    ]  # fmt: skip


def test_a_cobweb_that_leaves_the_chart_ends():
    web = charts.map_tables(lambda q: 3 * q + 1, 1.0, 2.0)["web"]
    assert web.num_rows < 10
    assert np.isfinite(web["y"].to_numpy()).all()


@every_language
@pytest.mark.parametrize(("weights", "place"), [("4.0", "here"), ("16.0", "further")])
def test_whoever_is_outside_of_the_diagram_is_told(language, weights, place, monkeypatch):
    told = []
    drawn = propagation.show
    monkeypatch.setattr(propagation, "show", lambda *a, **k: (told.append(k), drawn(*a, **k))[1])
    visit("propagation", language=language, signal_weights=weights, signal_depth="5")
    (here,) = (tables["here"]["text"].to_pylist() for tables in told if "here" in tables)
    assert here == [texts.LANGUAGES[language].text.propagation[place]]
