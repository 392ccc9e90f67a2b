"""A formula that a reader types on the pages of activations and derivatives."""

import numpy as np
import pytest

from core.nn.expression import LONGEST, ExpressionError, Flaw, parse
from core.nn.own import own_activation
from core.runs.training import RunSpec
from pages import texts
from pages.charts import activations as charts
from pages.charts.style import dash
from pages.texts.sentences import sentence
from pages.ui.settings import INSTRUMENTS
from pages.ui.widgets.formula import complaint
from tests.core.runs.test_diagnosis import verdict_of
from tests.crossing import few_of
from tests.pages.ui.test_pages import SHORT, visit

every_language = pytest.mark.parametrize("language", texts.LANGUAGES)
every_page = pytest.mark.parametrize(
    ("page", "setting", "key"),
    [("activations", "shown", "curves"), ("derivatives", "slopes", "slopes")],
)
T = texts.LANGUAGES["en"].text
WRONG = {
    Flaw.EMPTY: "   ",
    Flaw.TOO_LONG: "x + " * 40 + "x",
    Flaw.TOO_DEEP: "(-" * 17 + "x" + ")" * 17,
    Flaw.TOO_MANY_PARTS: "*".join(["(x+x+x+x+x+x+x+x)"] * 5),
    Flaw.SYNTAX: "x +* 2",
    Flaw.NAME: "x + y",
    Flaw.FUNCTION: "tanh + x",
    Flaw.ARGUMENTS: "max(x)",
    Flaw.NUMBER: "x + 1e9",
    Flaw.CONDITION: "x > 0",
    Flaw.NOT_ALLOWED: "x if x else 0",
    Flaw.NO_X: "1 + 1",
    Flaw.NOT_FINITE: "1 / x",
}


def field(app, key):
    return next(w for w in app.text_input if w.key == f"{key}_formula")


def settings(app):
    return app.session_state["session"].settings


@every_page
@every_language
def test_a_formula_that_is_typed_is_drawn_and_kept_in_the_link(page, setting, key, language):
    app = visit(page, language=language)
    field(app, key).set_value("max(0,x) + 0.1*sin(x)").run()
    assert not app.exception
    assert not app.error
    assert settings(app)[setting] == "sigmoid,tanh,relu,max(0, x) + 0.1 * sin(x)"
    own = next(w for w in app.get("button_group") if w.key == f"{key}_own")
    assert own.value == ["max(0, x) + 0.1 * sin(x)"]


@every_page
def test_a_link_opens_a_formula_as_it_was_and_it_can_be_taken_away(page, setting, key):
    app = visit(page, **{setting: "relu,max(0,x**2)"})
    assert not app.warning
    own = next(w for w in app.get("button_group") if w.key == f"{key}_own")
    own.set_value([]).run()
    assert not app.exception
    assert settings(app)[setting] == "relu"


@every_page
@every_language
def test_what_is_wrong_is_said_with_its_column_and_nothing_changes(page, setting, key, language):
    app = visit(page, language=language)
    field(app, key).set_value("x + 2 * y").run()
    told = texts.LANGUAGES[language].text.formula
    assert [e.value for e in app.error] == [complaint(texts.LANGUAGES[language].text, "x + 2 * y")]
    assert told.at.split("{")[0] + "9" in app.error[0].value
    assert setting not in settings(app)


@every_page
def test_a_formula_alone_shows_its_page(page, setting, key):
    visit(page, **{setting: "where(x > 0.1, x * x, 0)"})


def test_the_page_says_what_it_has_found_out():
    app = visit("activations", shown="x*sigmoid(x)")
    (told,) = [m.value for m in app.markdown if "forward-mode" in m.value]
    assert "1.677" in told
    assert "1.623" in told


@pytest.mark.parametrize("flaw", WRONG, ids=str)
def test_every_flaw_has_a_sentence_in_every_language(flaw):
    with pytest.raises(ExpressionError) as caught:
        parse(WRONG[flaw])
    assert caught.value.flaw is flaw
    for language in texts.LANGUAGES.values():
        assert set(vars(language.text.formula.flaws)) == set(Flaw)
        said = complaint(language.text, WRONG[flaw])
        assert said
        assert "{" not in said


def test_what_a_reader_typed_cannot_be_markup():
    said = complaint(T, "x + `**_[a](b)")
    assert "[a](b)" not in said.replace("`", "", 1).split("`")[-1]
    assert said.count("`") % 2 == 0


def test_a_pole_that_was_not_seen_is_not_drawn(monkeypatch):
    monkeypatch.setattr(charts, "pieces", lambda activation: [np.array([1.0, 3.0123, 4.0])])
    table = charts.curves_table(("1 / (x - 3.0123)",), ())
    assert table["z"].to_pylist() == [1.0, 4.0]


def test_formulas_have_a_dash_and_a_short_name():
    own = own_activation("x * sigmoid(x) + 0.001 * x ** 2 + 0.002 * x ** 3")
    assert dash(own)
    assert own.name == "x · sigmoid(x) …"


# --- as the activation of a run -----------------------------------------------------------------

BENT = "max(0, x) + 0.1 * sin(x)"
PAGES = ("training", "derivatives", "digits", "svm", "byhand", "propagation")
LANES = {**SHORT, "depth": "2", "lanes": "2", "2.activation": "tanh"}


def shown_choice(app, key="activation"):
    return next(w for w in app.selectbox if w.key == key)


def formula_box(app, key="activation"):
    return next(w for w in app.text_input if w.key == f"{key}_formula")


@pytest.mark.parametrize("page", few_of(PAGES, 3))
def test_a_formula_that_is_typed_is_the_networks_activation(page):
    name = "signal_activation" if page == "propagation" else "activation"
    app = visit(page, **SHORT)
    formula_box(app, name).set_value("max(0,x) + .1*sin(x)").run()
    assert not app.exception
    assert settings(app)[name] == BENT
    assert shown_choice(app, name).value == BENT
    assert formula_box(app, name).value == BENT


@every_language
def test_what_is_wrong_with_it_is_said_and_the_network_stays(language):
    app = visit("training", language=language, **SHORT)
    formula_box(app).set_value("x + 2 * y").run()
    assert [e.value for e in app.error] == [complaint(texts.LANGUAGES[language].text, "x + 2 * y")]
    assert "activation" not in settings(app)
    assert shown_choice(app).value == "sigmoid"


@every_language
def test_a_formula_that_is_too_long_is_not_cut_off_but_told(language):
    app = visit("training", language=language, **SHORT)
    long = "x" + " + x" * LONGEST
    assert LONGEST < len(long[: formula_box(app).proto.max_chars]) < len(long)
    formula_box(app).set_value(long[: formula_box(app).proto.max_chars]).run()
    too_long = texts.LANGUAGES[language].text.formula.flaws.too_long
    assert too_long.format(longest=LONGEST) in app.error[0].value
    assert "activation" not in settings(app)


def test_a_function_of_the_catalogue_takes_a_formula_away():
    app = visit("training", activation=BENT, **SHORT)
    shown_choice(app).set_value("tanh").run()
    assert not app.exception
    assert settings(app)["activation"] == "tanh"
    assert formula_box(app).value == ""
    assert BENT not in shown_choice(app).options


def test_choosing_a_function_of_the_catalogue_ends_a_complaint():
    app = visit("training", **SHORT)
    formula_box(app).set_value("x + 2 * y").run()
    shown_choice(app).set_value("tanh").run()
    assert not app.error
    assert formula_box(app).value == ""


def test_a_lane_may_have_a_formula_of_its_own():
    app = visit("training", **LANES)
    app.session_state["target"] = "1"
    app.run()
    formula_box(app, "lane2.activation").set_value("x*sigmoid(x)").run()
    assert settings(app)["2.activation"] == "x * sigmoid(x)"
    assert "activation" not in settings(app)
    assert any(m.value == "**x · sigmoid(x)**" for m in app.markdown)


@pytest.mark.parametrize("tool", few_of(INSTRUMENTS, 4))
def test_every_instrument_looks_at_a_formula(tool):
    app = visit("training", activation=BENT, tool=tool, **LANES)
    assert not app.warning
    assert not app.error


@pytest.mark.parametrize("view", ["charts", "compare", "network"])
def test_every_view_shows_a_formula(view):
    assert not visit("training", activation=BENT, view=view, **LANES).warning


@every_language
@pytest.mark.parametrize("key", ["activation", "2.activation"])
def test_a_bad_formula_in_a_link_is_reported_with_its_sentence(key, language):
    t = texts.LANGUAGES[language].text
    app = visit("training", language=language, **{**LANES, key: "x * y"})
    (told,) = [w.value for w in app.warning]
    assert f"`{key}=x * y`" in told
    assert complaint(t, "x * y") in told


def test_many_bad_formulas_are_not_all_explained():
    app = visit("activations", shown=",".join(f"y{k} + x" for k in range(8)))
    (told,) = [w.value for w in app.warning]
    assert told.count("is not known") == 3


@every_language
def test_a_formula_without_a_value_ends_in_a_sentence(language):
    t = texts.LANGUAGES[language].text
    link = {**SHORT, "activation": "log(x + 6.5)", "gain": "6", "depth": "3", "tool": "why"}
    app = visit("training", language=language, **link)
    assert any(t.cases.no_value.what in m.value for m in app.markdown)


@every_language
def test_the_theory_of_a_formula_without_a_value_is_one_sentence(language):
    t = texts.LANGUAGES[language].text
    app = visit("propagation", language=language, signal_activation="log(x + 6.5)")
    assert [i.value for i in app.info] == [t.propagation.undefined]
    assert not app.metric
    assert app.dataframe[0].value.iloc[0, 0] == "log(x + 6.5)"


def test_the_theory_of_a_formula_is_drawn():
    app = visit("propagation", signal_activation=BENT)
    assert len(app.metric) == 5
    assert not app.info
    assert app.dataframe[0].value.iloc[0, 0] == own_activation(BENT).name


def test_a_band_that_leaves_the_axis_is_drawn_up_to_its_end():
    visit("propagation", signal_activation="where(x > 1, x, 0.5)", signal_weights="0.1")


@every_language
def test_a_run_that_cannot_start_blames_the_weights_with_the_activation(language):
    run = RunSpec(activation="exp(x ** 2)", depth=3, width=8, samples=40, epochs=1)
    told = sentence(run, verdict_of(run, 0), 40, texts.LANGUAGES[language].text)
    blamed = {"en": "for this activation.", "ja": "この活性化関数には重みの初期値が大きすぎます。"}
    assert told.endswith(blamed[language])
