"""An activation function that a reader types: parsed from an allow-list, differentiated exactly.

    x * sigmoid(x)          max(0, x) + 0.1 * sin(x)          where(x > 0, x, 0.2 * x)

The text is read by Python's own parser, as a tree of which only what `FUNCTIONS`, `OPERATORS` and
`COMPARISONS` name is ever evaluated, and nothing is run. Values carry their derivative along
(forward mode: Wengert, "A simple automatic derivative evaluation program", CACM 7:463-464, 1964),
so f' is as exact as f. Where a function has no derivative, the one of the right-hand formula is
taken where two meet: that of `max(0, x)` at 0 is 0, as everywhere in `core.nn.activations`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from core.arrays import Array
from core.nn.special import erf as error_function
from core.nn.special import floats

LONGEST = 120
"""The most characters in a formula."""
DEEPEST = 16
"""The most levels of nesting."""
MOST_PARTS = 60
"""The most numbers, names, operations and calls: a bound on the cost of an evaluation."""
LARGEST_NUMBER = 1e6
SIGHT = 6.0
"""A formula has to be a finite number, and its derivative too, from -SIGHT to SIGHT."""


class Flaw(StrEnum):
    """What is wrong with a formula; the value is the key of its words."""

    EMPTY = "empty"
    TOO_LONG = "too_long"
    TOO_DEEP = "too_deep"
    TOO_MANY_PARTS = "too_many_parts"
    SYNTAX = "syntax"
    NAME = "name"
    FUNCTION = "function"
    ARGUMENTS = "arguments"
    NUMBER = "number"
    CONDITION = "condition"
    NOT_ALLOWED = "not_allowed"
    NO_X = "no_x"
    NOT_FINITE = "not_finite"


class ExpressionError(ValueError):
    """A formula that cannot be used.

    column: its position, from 1; 0 for the whole formula. what: the offending part. near: for
    Flaw.NOT_FINITE, the x at which the value is NaN or infinite.
    """

    def __init__(self, flaw: Flaw, column: int = 0, what: str = "", near: float = 0.0) -> None:
        super().__init__(f"{flaw} at column {column}: {what}")
        self.flaw, self.column, self.what, self.near = flaw, column, what, near


class Dual(NamedTuple):
    """A function's values, and its derivative with respect to x at the same points."""

    value: Array
    slope: Array


Function = Callable[..., Dual]


# Each of these takes values with their derivatives, and gives a value with its derivative.


def number(value: float, x: Dual) -> Dual:
    """A constant, in the precision of x."""
    constant = np.asarray(value, x.value.dtype)
    return Dual(constant, np.zeros_like(constant))


def negative(u: Dual) -> Dual:
    return Dual(-u.value, -u.slope)


def plus(u: Dual, v: Dual) -> Dual:
    return Dual(u.value + v.value, u.slope + v.slope)


def minus(u: Dual, v: Dual) -> Dual:
    return Dual(u.value - v.value, u.slope - v.slope)


def times(u: Dual, v: Dual) -> Dual:
    return Dual(u.value * v.value, u.slope * v.value + u.value * v.slope)


def over(u: Dual, v: Dual) -> Dual:
    y = u.value / v.value
    return Dual(y, (u.slope - y * v.slope) / v.value)


def power(u: Dual, v: Dual) -> Dual:
    """u ** v; an exponent without x needs no logarithm of u."""
    y = u.value**v.value
    slope = v.value * u.value ** (v.value - 1) * u.slope
    if np.any(v.slope != 0):
        slope = slope + y * np.log(u.value) * v.slope
    return Dual(y, slope)


def logistic(x: Array) -> Array:
    """1 / (1 + e^-x) without overflow."""
    small = np.exp(-np.abs(x))
    return np.asarray(np.where(x >= 0, 1, small) / (1 + small))


def sigmoid(u: Dual) -> Dual:
    y = logistic(u.value)
    return Dual(y, y * (1 - y) * u.slope)


def tanh(u: Dual) -> Dual:
    y = np.tanh(u.value)
    return Dual(y, (1 - y * y) * u.slope)


def relu(u: Dual) -> Dual:
    return Dual(np.maximum(u.value, 0), (u.value > 0) * u.slope)


def exp(u: Dual) -> Dual:
    y = np.exp(u.value)
    return Dual(y, y * u.slope)


def log(u: Dual) -> Dual:
    return Dual(np.log(u.value), u.slope / u.value)


def sqrt(u: Dual) -> Dual:
    y = np.sqrt(u.value)
    return Dual(y, 0.5 / y * u.slope)


def absolute(u: Dual) -> Dual:
    return Dual(np.abs(u.value), np.sign(u.value) * u.slope)


def sin(u: Dual) -> Dual:
    return Dual(np.sin(u.value), np.cos(u.value) * u.slope)


def cos(u: Dual) -> Dual:
    return Dual(np.cos(u.value), -np.sin(u.value) * u.slope)


def arctan(u: Dual) -> Dual:
    return Dual(np.arctan(u.value), u.slope / (1 + u.value * u.value))


def softplus(u: Dual) -> Dual:
    return Dual(np.logaddexp(0, u.value), logistic(u.value) * u.slope)


def erf(u: Dual) -> Dual:
    y = error_function(u.value)
    return Dual(y, 2 / np.sqrt(np.pi) * np.exp(-u.value * u.value) * u.slope)


def larger(u: Dual, v: Dual) -> Dual:
    """The larger of the two; the first if they are equal."""
    return chosen(v.value > u.value, v, u)


def smaller(u: Dual, v: Dual) -> Dual:
    """The smaller of the two; the first if they are equal."""
    return chosen(v.value < u.value, v, u)


def chosen(condition: Array, u: Dual, v: Dual) -> Dual:
    """u where the condition holds, v elsewhere: `where(condition, u, v)`."""
    return Dual(np.where(condition, u.value, v.value), np.where(condition, u.slope, v.slope))


def shaped(found: Dual, x: Array) -> tuple[Array, Array]:
    """A value and its derivative, each of the shape and the precision of x."""
    value, slope = (np.broadcast_to(part, x.shape).astype(x.dtype) for part in found)
    return value, slope


FUNCTIONS: Mapping[str, tuple[int, Function]] = MappingProxyType(
    {
        "sigmoid": (1, sigmoid),
        "tanh": (1, tanh),
        "relu": (1, relu),
        "exp": (1, exp),
        "log": (1, log),
        "sqrt": (1, sqrt),
        "abs": (1, absolute),
        "sin": (1, sin),
        "cos": (1, cos),
        "arctan": (1, arctan),
        "softplus": (1, softplus),
        "erf": (1, erf),
        "max": (2, larger),
        "min": (2, smaller),
        "where": (3, chosen),
    }
)
"""What may be called: the number of its arguments, and what it does."""
OPERATORS: Mapping[type[ast.operator], Function] = MappingProxyType(
    {ast.Add: plus, ast.Sub: minus, ast.Mult: times, ast.Div: over, ast.Pow: power}
)
COMPARISONS: Mapping[type[ast.cmpop], Callable[[Array, Array], Array]] = MappingProxyType(
    {ast.Gt: np.greater, ast.GtE: np.greater_equal, ast.Lt: np.less, ast.LtE: np.less_equal}
)
SIGNS: Mapping[type[ast.cmpop], str] = MappingProxyType(
    {ast.Gt: ">", ast.GtE: ">=", ast.Lt: "<", ast.LtE: "<="}
)


@dataclass(frozen=True)
class Expression:
    """A parsed formula. text: as it was typed, without surrounding spaces."""

    text: str
    tree: ast.expr

    @np.errstate(all="ignore")
    def value_and_derivative(self, x: Array) -> tuple[Array, Array]:
        """f(x) and f'(x), each of the shape of `x`."""
        x = floats(x)
        return shaped(evaluated(self.tree, Dual(x, np.ones_like(x))), x)

    __call__ = value_and_derivative


@lru_cache(maxsize=256)
def parse(text: str) -> Expression:
    """Parse a formula; ExpressionError says what is wrong with it and where."""
    text = text.strip()
    if not text:
        raise ExpressionError(Flaw.EMPTY)
    if len(text) > LONGEST:
        raise ExpressionError(Flaw.TOO_LONG, LONGEST + 1)
    try:
        tree = ast.parse(text, mode="eval").body
    except SyntaxError as error:
        column = error.offset or len(text) + 1  # none where the text ends too soon
        raise ExpressionError(Flaw.SYNTAX, column, text[column - 1 :][:8]) from None
    except (ValueError, MemoryError, RecursionError):  # a null character, a tower of brackets
        raise ExpressionError(Flaw.SYNTAX) from None
    check(tree)
    if not any(isinstance(node, ast.Name) and node.id == "x" for node in ast.walk(tree)):
        raise ExpressionError(Flaw.NO_X)
    read = Expression(text, tree)
    x = np.linspace(-SIGHT, SIGHT, 241)
    value, slope = read.value_and_derivative(x)
    bad = ~(np.isfinite(value) & np.isfinite(slope))
    if bad.any():
        raise ExpressionError(Flaw.NOT_FINITE, near=float(x[np.flatnonzero(bad)[0]]))
    return read


def check(tree: ast.expr) -> None:
    """Raise ExpressionError for the first part of the tree that is not on the list."""
    waiting, parts = [(tree, 1, False)], 0
    while waiting:
        node, depth, condition = waiting.pop(0)
        parts += 1
        if depth > DEEPEST:
            raise ExpressionError(Flaw.TOO_DEEP, place(node))
        if parts > MOST_PARTS:
            raise ExpressionError(Flaw.TOO_MANY_PARTS, place(node))
        if condition != isinstance(node, ast.Compare):
            raise ExpressionError(Flaw.CONDITION, place(node), ast.unparse(node)[:20])
        waiting += [(child, depth + 1, asks) for child, asks in children(node)]


def children(node: ast.expr) -> list[tuple[ast.expr, bool]]:
    """The parts of an allowed node, and whether each has to be a comparison."""
    match node:
        case ast.Constant(value=bool() | str() | bytes() | complex() | None):
            raise ExpressionError(Flaw.NUMBER, place(node), str(node.value)[:20])
        case ast.Constant(value=int() | float() as value):
            if not abs(value) <= LARGEST_NUMBER:
                raise ExpressionError(Flaw.NUMBER, place(node), ast.unparse(node)[:20])
            return []
        case ast.Name(id=name):
            if name != "x":
                flaw = Flaw.FUNCTION if name in FUNCTIONS else Flaw.NAME
                raise ExpressionError(flaw, place(node), name[:20])
            return []
        case ast.UnaryOp(op=ast.USub() | ast.UAdd()):
            return [(node.operand, False)]
        case ast.BinOp(op=operator) if type(operator) in OPERATORS:
            return [(node.left, False), (node.right, False)]
        case ast.BinOp(left=left):  # such as ^ for a power
            raise ExpressionError(Flaw.NOT_ALLOWED, (left.end_col_offset or 0) + 1)
        case ast.Compare(ops=[operator], comparators=[right]) if type(operator) in COMPARISONS:
            return [(node.left, False), (right, False)]
        case ast.Call(func=ast.Name(id=name), keywords=[]) if name in FUNCTIONS:
            if len(node.args) != FUNCTIONS[name][0]:
                raise ExpressionError(Flaw.ARGUMENTS, place(node), name)
            return [(part, name == "where" and k == 0) for k, part in enumerate(node.args)]
        case ast.Call(func=ast.Name(id=name)):
            raise ExpressionError(Flaw.NAME, place(node), name[:20])
    raise ExpressionError(Flaw.NOT_ALLOWED, place(node))


def place(node: ast.expr) -> int:
    """The column of a node, from 1."""
    return node.col_offset + 1


def evaluated(node: ast.expr, x: Dual) -> Dual:
    """The value and the derivative of a tree that `check` has passed."""
    match node:
        case ast.Constant(value=int() | float() as value):
            return number(float(value), x)
        case ast.Name():
            return x
        case ast.UnaryOp(op=operator, operand=operand):
            inner = evaluated(operand, x)
            return negative(inner) if isinstance(operator, ast.USub) else inner
        case ast.BinOp(left=left, op=operator, right=right):
            return OPERATORS[type(operator)](evaluated(left, x), evaluated(right, x))
        case ast.Call(func=ast.Name(id="where"), args=[condition, first, second]):
            return chosen(holds(condition, x), evaluated(first, x), evaluated(second, x))
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return FUNCTIONS[name][1](*(evaluated(part, x) for part in arguments))
    raise ExpressionError(Flaw.NOT_ALLOWED, place(node))


def holds(node: ast.expr, x: Dual) -> Array:
    """Where a comparison holds."""
    assert isinstance(node, ast.Compare)
    left, right = (evaluated(part, x).value for part in (node.left, node.comparators[0]))
    return COMPARISONS[type(node.ops[0])](left, right)
