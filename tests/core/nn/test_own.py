"""A reader's formula as an activation like any other, and as a setting in a link."""

import ast
from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.nn.activations import ACTIVATIONS, Family, Interval, Side, Smoothness
from core.nn.expression import LONGEST, ExpressionError
from core.nn.gains import backward_gain, forward_gain
from core.nn.own import (
    Functions,
    activation_of,
    has_gaps,
    latex,
    outer_parts,
    own_activation,
    standard,
    steep_places,
)
from tests.core.nn.test_expression import formulas

DOMAIN = Functions(ACTIVATIONS, 8)
SAME = {
    "x * sigmoid(x)": "silu",
    "max(0, x)": "relu",
    "max(-1, min(1, x))": "hard_tanh",
    "tanh(x)": "tanh",
    "where(x >= 0, 1, 0 * x)": "step",
}


@pytest.mark.parametrize("text", SAME)
def test_what_is_found_out_about_a_formula_is_what_the_catalogue_says(text):
    own, known = own_activation(standard(text)), ACTIVATIONS[SAME[text]]
    assert own.kinks == known.kinks
    assert own.max_slope == pytest.approx(known.max_slope, abs=1e-4)
    assert own.zero_centred == known.zero_centred
    assert own.saturates_exactly == known.saturates_exactly
    assert forward_gain(own) == pytest.approx(forward_gain(known), rel=1e-9)
    assert backward_gain(own) == pytest.approx(backward_gain(known), rel=1e-9)


def test_a_key_of_the_catalogue_is_no_formula():
    assert activation_of("relu") is ACTIVATIONS["relu"]
    assert activation_of("relu(x)").key == "relu(x)"
    with pytest.raises(ExpressionError):
        activation_of("nobody")


def test_kinks_are_found_wherever_they_are():
    assert own_activation("where(x > 1 / 3, x, 1 / 3)").kinks == (0.333333333,)
    assert own_activation("abs(x - 2) + abs(x + 2)").kinks == (-2.0, 2.0)
    assert own_activation("tanh(50 * x)").kinks == ()
    assert own_activation("abs(x)").smoothness is Smoothness.C0
    assert own_activation("softplus(x)").smoothness is Smoothness.CINF
    assert own_activation("max(0, x)").saturates is Side.LEFT


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("x*sigmoid( x )", "x * sigmoid(x)"),
        ("x  # [a link](https://example.org)", "x"),
        ("(x\n)", "x"),
        ("((x)) + 1.50", "x + 1.5"),
        ("ｘ", "x"),
    ],
)
def test_nothing_but_the_formula_is_left_of_what_was_typed(text, written):
    assert standard(text) == written == standard(written)


def test_a_formula_that_grows_too_long_in_its_standard_form_is_refused():
    text = "+".join(["x"] * 60)
    assert len(text) < LONGEST
    with pytest.raises(ExpressionError):
        standard(text)


@given(formulas(3))
def test_every_formula_has_one_standard_form_or_none(text):
    try:
        written = standard(text)
    except ExpressionError:
        return
    assert standard(written) == written
    assert latex(ast.parse(written, mode="eval").body)
    assert own_activation(written).max_slope >= 0


def test_the_range_of_a_formula_is_open_where_it_keeps_growing():
    assert own_activation("max(0, x)").range == Interval(0, inf, low_closed=True)
    assert own_activation("x ** 3").range == Interval(-inf, inf)
    assert own_activation("tanh(x)").range.low == pytest.approx(-1, abs=1e-4)
    assert own_activation("0 * x").range == Interval(0, 0, True, True)


def test_a_slope_that_keeps_growing_has_no_largest():
    assert own_activation("x ** 2").max_slope == own_activation("relu(x) ** 2").max_slope == inf
    assert own_activation("x + sin(x)").max_slope == pytest.approx(2, abs=1e-4)
    assert own_activation("log(x + 6.5)").max_slope == pytest.approx(2)


def test_a_formula_that_is_flat_on_one_side_counts_as_a_rectifier():
    families = {text: own_activation(text).family for text in ("max(0, x)", "softplus(x)", "x")}
    assert list(families.values()) == [Family.RECTIFIED, Family.SMOOTH_RECTIFIED, Family.OTHER]


@pytest.mark.parametrize("text", ["exp(exp(x))", "exp(x * x)", "exp(x) ** 9", "tanh(200 * x)"])
def test_a_steep_formula_has_no_kinks(text):
    assert own_activation(standard(text)).kinks == ()


def test_some_formulas_have_gaps():
    assert has_gaps("log(x + 6.5)")
    assert not any(map(has_gaps, ("relu", "x * sigmoid(x)", "exp(exp(x))")))


def test_a_formula_that_is_0_everywhere_has_no_gain():
    assert forward_gain(own_activation("0 * x")) == backward_gain(own_activation("0 * x")) == inf


# --- in a link ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [("relu",), ("max(0, x)",), ("tanh", "where(x > 0, x, 0.1 * x)", "relu", "x ** 2")],
)
def test_formulas_and_keys_go_through_a_link(value):
    assert value in DOMAIN
    query = DOMAIN.to_query("shown", value, None)
    assert DOMAIN.read("shown", query, ()) == (value, ())


@pytest.mark.parametrize(
    "text",
    ["", "relu,", "relu,relu", "x,relu,x", "import os", "nobody", "x" * 2000, "max(0,x", "),x("],
)
def test_a_damaged_list_takes_the_default(text):
    value, damaged = DOMAIN.read("shown", {"shown": text}, ("tanh",))
    assert (value, damaged) == (("tanh",), ("shown",))


def test_a_formula_that_is_typed_otherwise_is_the_same():
    assert DOMAIN.read("shown", {"shown": "relu,max(0,x)"}, ()) == (("relu", "max(0, x)"), ())
    assert ("max(0,x)",) not in DOMAIN


@given(st.text("(),x1+", max_size=40))
def test_a_text_is_cut_at_outer_commas_alone(text):
    assert ",".join(outer_parts(text)) == text


# --- as LaTeX -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("x * sigmoid(x)", r"z \cdot \sigma\left(z\right)"),
        ("-x ** 2", r"-{z}^{2}"),
        ("1e6 * x + 0.00002", r"10^{6} \cdot z + 2 \cdot 10^{-5}"),
        ("1e6 ** (x / 9)", r"{\left(10^{6}\right)}^{\frac{z}{9}}"),
        ("(x + 1) * 2", r"\left(z + 1\right) \cdot 2"),
        ("1 - (x - 2)", r"1 - \left(z - 2\right)"),
        ("x / (1 + abs(x))", r"\frac{z}{1 + \left|z\right|}"),
        (
            "sqrt(erf(x) ** 2 + 1)",
            r"\sqrt{{\left(\operatorname{erf}\left(z\right)\right)}^{2} + 1}",
        ),
        ("where(x >= 0, x, 0)", r"\begin{cases} z & z \ge 0 \\ 0 & \text{else} \end{cases}"),
    ],
)
def test_a_formula_is_written_in_latex(text, written):
    assert own_activation(standard(text)).formula == written


def test_only_what_is_steep_asks_for_narrow_panels():
    assert steep_places("tanh") == steep_places("tanh(x)") == steep_places("max(0, x)") == ()
    places = np.array(steep_places("erf(1000 * x)"))
    assert 0 < np.abs(places).min() < 0.01
    shifted = np.array(steep_places("tanh(20 * (x - 3))"))
    assert (np.abs(shifted - 3) <= 0.5).all()
