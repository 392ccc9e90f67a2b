"""A formula that a reader types on the pages of activations and derivatives."""

import numpy as np
import pytest

from core.nn.expression import ExpressionError, Flaw, parse
from core.nn.own import own_activation
from pages import texts
from pages.charts import activations as charts
from pages.charts.style import dash
from pages.ui.widgets.formula import complaint
from tests.pages.ui.test_pages import visit

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
