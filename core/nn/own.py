"""A formula that a reader types as an activation like any other.

Its value and its exact derivative come from `core.nn.expression`; what else the catalogue knows of
an activation is found by looking at it closely. The formula itself, in a standard form, is its key.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from math import inf
from typing import Any

import numpy as np

from core.arrays import Array
from core.domain import Choice, Query, Several
from core.nn.activations import (
    ACTIVATIONS,
    Activation,
    Family,
    Interval,
    Side,
    Smoothness,
    Where,
)
from core.nn.expression import LONGEST, SIGHT, Expression, ExpressionError, Flaw, parse

CELLS = 1001
"""An odd number, so that 0, where most formulas bend, is no edge of a cell."""
HALVINGS = 40
JUMP = 1e-5
"""A relative change of f or f' in a cell halved so often: a jump, and no steep slope."""
GENTLE = 1e-2
"""A slope that counts as saturated at the ends of the line that is looked at."""
BEYOND = np.linspace(-10 * SIGHT, 10 * SIGHT, CELLS)
FAR_OUT = np.array([-1e3, -1e2, -2 * SIGHT, 2 * SIGHT, 1e2, 1e3])
SIDES = {
    (False, False): Side.NONE,
    (True, False): Side.LEFT,
    (False, True): Side.RIGHT,
    (True, True): Side.BOTH,
}
NODES, WEIGHTS = np.polynomial.legendre.leggauss(16)
ROUGH = 1e-6
"""An error of an integral, as a share of the whole, that asks for narrower panels."""
MOST_STEEP = 24
LONGEST_NAME = 16
"""Characters that stand at the end of a curve."""


def activation_of(key: str) -> Activation:
    """The activation of the catalogue with this key, or the formula that the key is.

    Raises ExpressionError for a text that is neither.
    """
    return ACTIVATIONS[key] if key in ACTIVATIONS else own_activation(key)


@lru_cache(maxsize=256)
def standard(text: str) -> str:
    """A formula in its standard form: one text for all ways to write the same tree.

    Raises ExpressionError for what is no formula. Nothing but the parsed tree is left of the text:
    no comments, no blanks of the reader's.
    """
    written = ast.unparse(parse(text).tree)
    if len(written) > LONGEST:
        raise ExpressionError(Flaw.TOO_LONG, LONGEST + 1)
    parse(written)
    return written


@lru_cache(maxsize=256)
@np.errstate(all="ignore")  # between the places that were checked, a formula may have a pole
def own_activation(text: str) -> Activation:
    """The activation that a formula in its standard form is."""
    read = parse(text)
    x = np.linspace(-SIGHT, SIGHT, CELLS + 1)
    f, df = read.value_and_derivative(x)
    kinks = jumps(read)
    steepest = int(np.nanargmax(np.abs(df)))
    largest = float(np.abs(df[steepest]))
    bounded = not (np.abs(read(FAR_OUT)[1]) > 1.01 * largest).any()
    saturates = SIDES[bool(abs(df[0]) < GENTLE), bool(abs(df[-1]) < GENTLE)]
    rectified = Family.RECTIFIED if kinks else Family.SMOOTH_RECTIFIED
    return Activation(
        key=text,
        name=name_of(text),
        family=rectified if saturates in (Side.LEFT, Side.RIGHT) else Family.OTHER,
        rule=read,
        formula=latex(read.tree),
        derivative_formula=r"\frac{\mathrm{d}f}{\mathrm{d}z}",
        range=values_of(read, f),
        max_slope=largest if bounded else inf,
        max_slope_where=Where.POINTS if bounded else Where.LIMIT,
        max_slope_at=(float(x[steepest]),) if bounded else (inf,),
        saturates=saturates,
        saturates_exactly=bool((df[[0, -1]] == 0).any()),
        smoothness=Smoothness.C0 if kinks else Smoothness.CINF,
        zero_centred=bool(np.allclose(f, -f[::-1], rtol=0, atol=1e-9)),
        kinks=kinks,
        year=0,
        paper="",
        parts=sum(isinstance(node, ast.operator | ast.Call) for node in ast.walk(read.tree)),
    )


def values_of(read: Expression, near: Array) -> Interval:
    """The range of a formula: open to infinity on a side where it is still growing far out.

    near: its values from -SIGHT to SIGHT.
    """
    low, high = float(np.nanmin(near)), float(np.nanmax(near))
    far = read(FAR_OUT)[0]
    margin = 0.01 * (high - low)
    below, above = not (far >= low - margin).all(), not (far <= high + margin).all()
    return Interval(-inf if below else low, inf if above else high, not below, not above)


def has_gaps(key: str) -> bool:
    """Whether a formula has no value somewhere, as the logarithm has none below 0."""
    return key not in ACTIVATIONS and bool(np.isnan(parse(key)(BEYOND)[0]).any())


def name_of(text: str, longest: int = LONGEST_NAME) -> str:
    """A formula as a short name: x^2 · sigmoid(x)."""
    name = text.replace("**", "^").replace("*", "·")
    return name if len(name) <= longest else name[: longest - 1] + "…"


def jumps(read: Expression) -> tuple[float, ...]:
    """Where f or f' jumps, by halving every cell towards the side on which they change more."""
    edges = np.linspace(-SIGHT, SIGHT, CELLS + 1)
    low, high = edges[:-1], edges[1:]
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        at = [np.array(read.value_and_derivative(x)) for x in (low, middle, high)]
        below = change(at[0], at[1]) >= change(at[1], at[2])
        low, high = np.where(below, low, middle), np.where(below, middle, high)
    ends = [np.array(read.value_and_derivative(x)) for x in (low, high)]
    size = 1 + np.abs(ends).max(axis=(0, 1))  # a steep function changes by its rounding alone
    found = ((low + high) / 2)[change(*ends) > JUMP * size]
    return tuple(float(x) for x in np.unique(np.round(found, 9) + 0.0))


def change(left: Array, right: Array) -> Array:
    """How much f and f' change from one place to another, the larger of the two."""
    return np.asarray(np.nan_to_num(np.abs(right - left)).max(axis=0))


@lru_cache(maxsize=256)
@np.errstate(all="ignore")
def steep_places(key: str) -> tuple[float, ...]:
    """Where panels have to end so that the squares of a formula and of its slope can be integrated.

    Panels are halved until 16 nodes and twice 16 nodes agree. Nothing for a function of the
    catalogue, for one that is smooth enough, nor for one that is rough all over.
    """
    if key in ACTIVATIONS:
        return ()
    read = parse(key)
    outer = [0.5, 1.0, 2.0, 4.0, 8.0]
    edges = np.unique([*(-x for x in outer), 0.0, *outer, *own_activation(key).kinks])
    low, high = edges[:-1], edges[1:]
    whole = squares_over(read, low, high)
    enough = ROUGH * np.nansum(whole, axis=1, keepdims=True)
    found: list[float] = []
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        halves = [squares_over(read, low, middle), squares_over(read, middle, high)]
        steep = (np.abs(whole - sum(halves)) > enough).any(axis=0)
        found += middle[steep].tolist()
        if not steep.any() or len(found) > MOST_STEEP:
            break
        ends = low[steep], middle[steep], high[steep]
        low, high = np.concatenate(ends[:2]), np.concatenate(ends[1:])
        whole = np.concatenate([half[:, steep] for half in halves], axis=1)
    return tuple(sorted(found)) if len(found) <= MOST_STEEP else ()


def squares_over(read: Expression, low: Array, high: Array) -> Array:
    """The integrals of f^2 and of f'^2 from each `low` to each `high`: (2, panels)."""
    half = (high - low) / 2
    f, df = read(low[:, None] + half[:, None] * (1 + NODES))
    return np.stack([half * (f * f @ WEIGHTS), half * (df * df @ WEIGHTS)])


# LaTeX

FUNCTION_NAMES: Mapping[str, str] = {
    "sigmoid": r"\sigma", "tanh": r"\tanh", "exp": r"\exp", "log": r"\ln", "sin": r"\sin",
    "cos": r"\cos", "arctan": r"\arctan", "max": r"\max", "min": r"\min",
}  # fmt: skip
SIGNS: Mapping[type[ast.cmpop], str] = {
    ast.Gt: ">", ast.GtE: r"\ge", ast.Lt: "<", ast.LtE: r"\le",
}  # fmt: skip


def latex(node: ast.expr) -> str:
    """A parsed formula as LaTeX in z."""
    match node:
        case ast.Constant(value=int() | float() as number):
            return in_powers(number)
        case ast.Name():
            return "z"
        case ast.UnaryOp(op=operator, operand=operand):
            return ("-" if isinstance(operator, ast.USub) else "+") + factor(operand)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return f"{latex(left)} + {latex(right)}"
        case ast.BinOp(left=left, op=ast.Sub(), right=right):
            return f"{latex(left)} - {factor(right)}"
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            return rf"{factor(left)} \cdot {factor(right)}"
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return rf"\frac{{{latex(left)}}}{{{latex(right)}}}"
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return f"{{{power_base(left)}}}^{{{latex(right)}}}"
        case ast.Compare(left=left, ops=[sign], comparators=[right]):
            return f"{latex(left)} {SIGNS[type(sign)]} {latex(right)}"
        case ast.Call(func=ast.Name(id="where"), args=[condition, first, second]):
            cases = rf"{latex(first)} & {latex(condition)} \\ {latex(second)} & \text{{else}}"
            return rf"\begin{{cases}} {cases} \end{{cases}}"
        case ast.Call(func=ast.Name(id="abs"), args=[inner]):
            return rf"\left|{latex(inner)}\right|"
        case ast.Call(func=ast.Name(id="sqrt"), args=[inner]):
            return rf"\sqrt{{{latex(inner)}}}"
        case ast.Call(func=ast.Name(id=name), args=arguments):
            called = FUNCTION_NAMES.get(name, rf"\operatorname{{{name}}}")
            return rf"{called}\left({', '.join(map(latex, arguments))}\right)"
    raise ExpressionError(Flaw.NOT_ALLOWED)


def in_powers(number: float) -> str:
    """A number as LaTeX, in powers of ten where it is large or small."""
    mantissa, _, exponent = f"{number:g}".partition("e")
    if not exponent:
        return mantissa
    ten = f"10^{{{int(exponent)}}}"
    return ten if mantissa == "1" else rf"{mantissa} \cdot {ten}"


def factor(node: ast.expr) -> str:
    """In brackets if it is a sum or has a sign."""
    loose = isinstance(node, ast.UnaryOp) or (
        isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub)
    )
    return rf"\left({latex(node)}\right)" if loose else latex(node)


def power_base(node: ast.expr) -> str:
    """In brackets unless it is z or a number without powers of ten."""
    written = latex(node)
    plain = isinstance(node, ast.Name | ast.Constant) and "^" not in written
    return written if plain else rf"\left({written}\right)"


# Settings


@dataclass(frozen=True)
class Function(Choice):
    """One key of the catalogue, or a formula in its standard form."""

    longest = LONGEST

    def __contains__(self, value: object) -> bool:
        return super().__contains__(value) or is_standard(value)

    def parse(self, text: str) -> str:
        return read_key(text)


@dataclass(frozen=True)
class Functions(Several):
    """Several different keys of the catalogue or formulas, separated by commas in a link."""

    def __contains__(self, value: object) -> bool:
        if not isinstance(value, tuple):
            return False
        of_catalogue = tuple(key for key in value if key in self.options)
        own = [key for key in value if key not in self.options]
        return (
            1 <= len(value) <= self.most
            and len(set(value)) == len(value)
            and (not of_catalogue or super().__contains__(of_catalogue))
            and all(map(is_standard, own))
        )

    def read(self, name: str, query: Query, default: Any) -> tuple[Any, tuple[str, ...]]:
        if name not in query:
            return default, ()
        text = query[name]
        if len(text) > self.most * (LONGEST + 1):
            return default, (name,)
        value = tuple(map(read_key, outer_parts(text)))
        return (value, ()) if value in self else (default, (name,))


def outer_parts(text: str) -> list[str]:
    """The text cut at the commas that stand in no brackets."""
    parts, depth = [""], 0
    for letter in text:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def read_key(text: str) -> str:
    """A key as it is, a formula in its standard form, and anything else as it is."""
    if text in ACTIVATIONS:
        return text
    try:
        return standard(text)
    except ExpressionError:
        return text


def is_standard(value: object) -> bool:
    if not isinstance(value, str):
        return False
    try:
        return standard(value) == value
    except ExpressionError:
        return False


def function(default: str) -> Any:
    """A setting: a function of the catalogue or a formula."""
    return field(default=default, metadata={"domain": Function(ACTIVATIONS)})


def functions(default: tuple[str, ...], *, most: int) -> Any:
    """A setting: several functions of the catalogue or formulas."""
    return field(default=default, metadata={"domain": Functions(ACTIVATIONS, most)})
