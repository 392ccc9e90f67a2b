"""The line at the foot of the training page that says whether the gradients are right."""

from dataclasses import replace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.checks.checking import Check, LayerCheck, check, first_network, seconds
from core.nn import network
from core.nn.activations import ACTIVATIONS
from core.runs.training import RunSpec
from pages import texts
from pages.charts import trust as charts
from pages.charts.style import DARK, LIGHT
from pages.ui.rooms.training import trust as ui
from tests.browser.drive import ROOT
from tests.pages.ui.test_pages import SHORT, visit

every_language = pytest.mark.parametrize("language", texts.LANGUAGES)
DEEP = {"depth": "20", "width": "10", "epochs": "2", "samples": "40", "lanes": "1"}


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    """Other tests may have left runs in line."""
    monkeypatch.setattr(ui, "idle", lambda: True)


def text(language="en"):
    return texts.LANGUAGES[language].text


def unfolded(**query):
    app = AppTest.from_file(str(ROOT / "dashboard.py"), default_timeout=60)
    app.query_params |= query
    app.session_state["trust"] = True
    app.run()
    app.switch_page("pages/training.py").run()
    assert not app.exception
    return app


def fold(app):
    """The last fold below the heading."""
    return app.main.expander[-1]


def words(app):
    return "\n".join(one.value for one in [*fold(app).markdown, *fold(app).caption])


def verdicts(language="en"):
    t = text(language).trust
    return [line.split("{")[0] for line in (t.checked, t.checked_some, t.contradicted)]


# --- the fold ----------------------------------------------------------------------------------


@every_language
def test_a_small_network_is_checked_unasked_and_folded_to_one_line(language):
    app = visit("training", language=language, **SHORT)
    checked, _, _ = verdicts(language)
    assert fold(app).label.startswith(checked)
    assert not fold(app).markdown
    assert len(app.get("vega_lite_chart")) == 3


def test_a_large_network_is_checked_only_when_asked():
    app = visit("training", **DEEP)
    assert fold(app).label == text().trust.ask
    assert not fold(app).markdown
    app = unfolded(**DEEP)
    assert fold(app).label == text().trust.ask
    assert verdicts()[0] in words(app)


def test_what_is_computed_unasked_is_cheap():
    assert sum(seconds(run) for run in 3 * [RunSpec()]) < ui.CHEAP
    assert seconds(RunSpec(depth=50)) > ui.CHEAP


@every_language
def test_unfolded_every_lane_has_its_layers_and_both_methods_are_told(language):
    app = unfolded(language=language, lanes="2", epochs="3", samples="40", depth="2", data_seed="5")
    t = text(language).trust
    told = words(app)
    assert told.count(t.head) == 2
    assert t.methods_title in told
    assert t.scope.split("{")[0] in told
    assert len(fold(app).get("vega_lite_chart")) == 2


def test_before_training_the_initial_weights_are_checked():
    app = unfolded(**DEEP, data_seed="6")
    after = words(app)
    moment = next(w for w in app.get("button_group") if w.key == "trust_moment")
    moment.set_value("before").run()
    assert words(app) != after
    assert not app.exception


def test_the_layers_that_only_the_complex_step_sees_are_named():
    told = words(unfolded(**DEEP))
    assert "since differences see too little there: 1 to" in told
    assert "judged by central differences: " in told
    assert "i\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}10⁻⁵⁰" in told


def test_a_run_that_diverges_does_not_break_the_page():
    wild = {"dataset": "regression", "activation": "relu", "initializer": "normal", "rate": "300"}
    assert unfolded(lanes="1", samples="40", epochs="20", **wild)


# --- a derivative is broken --------------------------------------------------------------------


@every_language
@pytest.mark.parametrize("depth", ["2", "20"])
def test_a_wrong_derivative_is_flagged_in_words(monkeypatch, language, depth):
    tanh = ACTIVATIONS["tanh"]

    def rule(z):
        f, df = tanh.rule(z)
        return f, 1.02 * df

    wrong = {**ACTIVATIONS, "tanh": replace(tanh, rule=rule)}
    monkeypatch.setattr(network, "activation_of", wrong.__getitem__)
    only_here = {"seed": "4321", "data_seed": f"77{depth}", "activation": "tanh"}
    app = unfolded(**DEEP | {"depth": depth, "language": language} | only_here)
    t = text(language).trust
    told = f"{fold(app).icon} {fold(app).label}" if depth == "2" else fold(app).markdown[0].value
    assert told == f":material/error: {t.contradicted}"
    assert t.disagrees.split("{")[0] in words(app)
    assert t.agrees_rest.split("{")[0] in words(app)  # the output layer


def test_the_layers_that_are_contradicted_are_named(monkeypatch):
    right = network.write_layer_gradient

    def wrong(error, through, gradient):
        right(error, through, gradient)
        if error.layer == 1:
            gradient.weights[1][...] *= 1.1

    monkeypatch.setattr(network, "write_layer_gradient", wrong)
    found = check(first_network(RunSpec(depth=3, width=4, samples=40)))
    told = "\n".join(ui.sentences(text(), found))
    assert "**Contradicted in layer 2.**" in told
    assert "The other layers agree" in told
    assert ui.verdict(text(), [found])[0] == text().trust.contradicted


# --- words and chart ---------------------------------------------------------------------------


def one(layer, **changes):
    plain = LayerCheck(layer, 1.0, 1e-5, 1e-9, 1e-15, 1e-10, 1e-15)
    return replace(plain, **changes)


@every_language
def test_layers_that_nothing_could_see_are_said_to_be_unseen(language):
    t = text(language)
    blind = one(1, blur=2.0, complex=np.nan)
    shaken = one(2, rounding=0.5)
    found = Check(0, 12, (blind, shaken, one(3)), 0, 0.0)
    told = ui.sentences(t, found)
    assert t.trust.unseen.format(layers=1) in told
    assert t.trust.undetermined.format(layers=2) in told
    assert ui.verdict(t, [found])[0].startswith(verdicts(language)[1])
    assert ui.verdict(t, [None])[0].startswith(verdicts(language)[1])


def test_rows_of_layers_are_told_as_spans():
    layers = [one(k) for k in (1, 2, 3, 5, 7, 8)]
    assert ui.numbers(text(), layers) == "1 to 3, 5, 7, 8"


def test_a_gradient_that_is_exactly_nothing_is_told_as_such():
    found = Check(0, 12, (one(1, slope=0.0, blur=np.inf, complex=0.0),), 0, 0.0)
    assert "exactly 0" in ui.table(text(), found)[-1]


def test_many_layers_make_a_short_table_with_the_first_and_the_last():
    rows = ui.table(text(), Check(0, 12, tuple(one(k) for k in range(1, 52)), 0, 0.0))[2:]
    assert len(rows) == ui.MOST_ROWS
    assert rows[0].startswith("| 1 |")
    assert rows[-1].startswith("| 51 |")


@every_language
@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_the_chart_is_valid_and_its_rows_lie_on_its_axis(language, colours):
    assert charts.agreement(text(language), colours, 3, "shown").to_dict()
    layers = [one(1, blur=np.inf, difference=np.nan), one(2, complex=0.0)]
    rows = charts.layers_table(layers).to_pylist()
    assert len(rows) == 5
    assert all(charts.AXIS.ends.low <= row["apart"] <= charts.AXIS.ends.high for row in rows)


def test_nothing_is_checked_unasked_while_somebody_waits_for_a_run(monkeypatch):
    monkeypatch.setattr(ui, "idle", lambda: False)
    assert fold(visit("training", **SHORT)).label == text().trust.ask


def test_the_line_of_the_fold_keeps_its_words_when_others_begin_to_compute(monkeypatch):
    app = visit("training", **SHORT)
    before = fold(app).label
    assert before != text().trust.ask
    monkeypatch.setattr(ui, "idle", lambda: False)
    assert fold(app.run()).label == before
