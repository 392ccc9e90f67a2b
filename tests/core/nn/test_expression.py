"""Formulas that a reader types: what is read, how exactly it is differentiated, what is refused."""

import ast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.nn.activations import ACTIVATIONS
from core.nn.expression import (
    DEEPEST,
    FUNCTIONS,
    LONGEST,
    ExpressionError,
    Flaw,
    parse,
)
from tests.crossing import examples, holds

X = np.linspace(-5, 5, 201) + 0.0031

SAME = {
    "sigmoid(x)": "sigmoid",
    "1 / (1 + exp(-x))": "sigmoid",
    "2 * sigmoid(2 * x) - 1": "tanh",
    "tanh(x)": "tanh",
    "max(0, x)": "relu",
    "relu(x)": "relu",
    "where(x > 0, x, 0.01 * x)": "leaky_relu",
    "where(x > 0, x, exp(x) - 1)": "elu",
    "x * sigmoid(x)": "silu",
    "x * tanh(softplus(x))": "mish",
    "x * (1 + erf(x / 2 ** 0.5)) / 2": "gelu",
    "softplus(x)": "softplus",
    "log(1 + exp(x))": "softplus",
    "x / (1 + abs(x))": "softsign",
    "min(1, max(0, (x + 3) / 6))": "hard_sigmoid",
    "max(-1, min(1, x))": "hard_tanh",
    "relu(x) ** 2": "squared_relu",
    "exp(-x ** 2)": "gaussian",
    "sin(x)": "sine",
    "arctan(x)": "arctan",
    "+x": "identity",
}


@pytest.mark.parametrize("text", SAME)
def test_a_formula_of_the_catalogue_is_the_function_of_the_catalogue(text):
    value, slope = parse(text).value_and_derivative(X)
    entry = ACTIVATIONS[SAME[text]]
    np.testing.assert_allclose(value, entry.value(X), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(slope, entry.derivative(X), rtol=1e-11, atol=1e-13)


def formulas(depth):
    """Random formulas of the grammar."""
    leaf = st.one_of(st.just("x"), st.integers(-3, 9).map(str), st.just("0.5"))
    if depth == 0:
        return leaf
    part = formulas(depth - 1)
    smooth = [name for name, (count, _) in FUNCTIONS.items() if count == 1 and name != "log"]
    return st.one_of(
        leaf,
        st.tuples(part, st.sampled_from("+-*"), part).map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
        st.tuples(st.sampled_from(smooth), part).map(lambda p: f"{p[0]}({p[1]})"),
        st.tuples(st.sampled_from(["max", "min"]), part, part).map(
            lambda p: f"{p[0]}({p[1]}, {p[2]})"
        ),
        st.tuples(part, part, part).map(lambda p: f"where({p[0]} > 1, {p[1]}, {p[2]})"),
    )


@settings(max_examples=150)
@given(formulas(3))
def test_the_derivative_is_that_of_the_differences(text):
    try:
        read = parse(text)
    except ExpressionError:
        return
    h = 1e-6
    value, slope = read.value_and_derivative(X)
    ahead, behind = (read.value_and_derivative(X + s)[0] for s in (h, -h))
    there, back = (read.value_and_derivative(X + s)[1] for s in (h, -h))
    smooth = np.abs(there - back) < 1e-3 * (1 + np.abs(slope))  # no bend in between
    scale = 1 + np.abs(value) + np.abs(slope)
    assert (np.abs((ahead - behind) / (2 * h) - slope) / scale)[smooth & (scale < 1e6)].max(
        initial=0
    ) < 1e-4


def flaw(text):
    with pytest.raises(ExpressionError) as raised:
        parse(text)
    return raised.value


@pytest.mark.parametrize(
    ("text", "kind", "column"),
    [
        ("", Flaw.EMPTY, 0),
        ("   ", Flaw.EMPTY, 0),
        ("x" + "+x" * LONGEST, Flaw.TOO_LONG, LONGEST + 1),
        (" x + ", Flaw.SYNTAX, 4),
        ("x) + (x", Flaw.SYNTAX, 2),
        ("x * (1 + x", Flaw.SYNTAX, 5),
        ("x; x", Flaw.SYNTAX, 2),
        ("x * y", Flaw.NAME, 5),
        ("x * tan(x)", Flaw.NAME, 5),
        ("x + sigmoid", Flaw.FUNCTION, 5),
        ("x + tanh(x, 1)", Flaw.ARGUMENTS, 5),
        ("where(x > 0, x)", Flaw.ARGUMENTS, 1),
        ("where(x, x, 0)", Flaw.CONDITION, 7),
        ("x * (x > 0)", Flaw.CONDITION, 6),
        ("x > 0", Flaw.CONDITION, 1),
        ("where(0 < x < 1, x, 0)", Flaw.NOT_ALLOWED, 7),
        ("x + 1e9", Flaw.NUMBER, 5),
        ("x + True", Flaw.NUMBER, 5),
        ("x + 'a'", Flaw.NUMBER, 5),
        ("x + 2j", Flaw.NUMBER, 5),
        ("x // 2", Flaw.NOT_ALLOWED, 2),
        ("x^2", Flaw.NOT_ALLOWED, 2),
        ("x @ x", Flaw.NOT_ALLOWED, 2),
        ("~x", Flaw.NOT_ALLOWED, 1),
        ("[x]", Flaw.NOT_ALLOWED, 1),
        ("x.real", Flaw.NOT_ALLOWED, 1),
        ("(lambda: x)()", Flaw.NOT_ALLOWED, 1),
        ("x if x > 0 else 0", Flaw.NOT_ALLOWED, 1),
        ("exp(x=x)", Flaw.NAME, 1),
        ("__import__('os')", Flaw.NAME, 1),
        ("3 + 4", Flaw.NO_X, 0),
    ],
)
def test_what_cannot_be_used_is_named_with_its_column(text, kind, column):
    found = flaw(text)
    assert (found.flaw, found.column) == (kind, column)


@pytest.mark.parametrize(
    ("text", "near"), [("log(x)", -6), ("1 / x", 0), ("sqrt(x)", -6), ("exp(exp(x))", None)]
)
def test_a_formula_that_is_no_number_somewhere_says_where(text, near):
    if near is None:
        assert parse(text)
        return
    found = flaw(text)
    assert found.flaw is Flaw.NOT_FINITE
    assert found.near == pytest.approx(near)


def test_nesting_and_cost_are_bounded():
    assert flaw("-" * (DEEPEST + 2) + "x").flaw is Flaw.TOO_DEEP
    assert flaw("+".join("x" * 31)).flaw in (Flaw.TOO_DEEP, Flaw.TOO_MANY_PARTS)
    balanced = "x"
    for _ in range(5):
        balanced = f"({balanced}+{balanced})"
    assert flaw(balanced).flaw in (Flaw.TOO_MANY_PARTS, Flaw.TOO_LONG)
    assert flaw("(" * 119).flaw is Flaw.SYNTAX
    assert flaw("x\0").flaw is Flaw.SYNTAX


ODD = st.text(st.sampled_from("x0123456789.+-*/()<>=,_ abcdefgimnopqrstuw'\"[]{}:;@~^%&|!\\\n\t"))


@examples(few=150, many=600)
def test_nothing_but_numbers_ever_comes_out(examples):
    def check(text):
        try:
            read = parse(text)
        except ExpressionError:
            return
        for part in read.value_and_derivative(X):
            assert part.dtype == float
            assert part.shape == X.shape
            assert np.isfinite(part).all()

    texts = st.one_of(ODD, st.text(max_size=40), st.tuples(formulas(2), ODD).map("".join))
    holds(check, texts, examples)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_numbers_keep_their_precision_and_shape(kind):
    value, slope = parse("x * sigmoid(x) + 2").value_and_derivative(np.ones((2, 3, 4), kind))
    assert value.dtype == slope.dtype == kind
    assert value.shape == slope.shape == (2, 3, 4)


def test_no_warning_is_given_for_any_number():
    odd = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1e308, -1e308, 5e-324])
    for text in SAME:
        parse(text).value_and_derivative(odd)


def test_the_tree_that_is_evaluated_holds_only_what_is_on_the_list():
    read = parse("where(x > 0, max(x, 1), -exp(x) / 2)")
    kinds = {type(node) for node in ast.walk(read.tree)}
    assert ast.Attribute not in kinds
    assert ast.Lambda not in kinds
