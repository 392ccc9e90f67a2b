"""A formula that a reader typed, as a function in a program: for NumPy and for PyTorch.

For NumPy every operation is a line that calls the very functions of `core.nn.expression`, in the
order in which they are called there, so the numbers are the same to the bit. For PyTorch the
formula is one expression, which autograd differentiates.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from textwrap import indent, wrap

import numpy as np

from core.nn.expression import (
    FUNCTIONS,
    OPERATORS,
    SIGHT,
    SIGNS,
    Dual,
    Expression,
    chosen,
    evaluated,
    negative,
    number,
    shaped,
)

Add = Callable[[object, str], str]
"""Takes a definition into a program, and gives its name there."""


# NumPy


def numpy_formula(read: Expression, name: str, add: Add) -> str:
    """The definition of a function called `name`: z -> f(z), f'(z), one line per operation."""
    lines: list[str] = []

    def called(function: Callable[..., object], *arguments: str) -> str:
        used = add(function, function.__name__)
        lines.append(f"u{len(lines) + 1} = {used}({', '.join(arguments)})")
        return f"u{len(lines)}"

    def place(node: ast.expr) -> str:
        """The name of a part's value and derivative."""
        match node:
            case ast.Constant(value=value):
                return called(number, repr(value), "x")
            case ast.UnaryOp(op=operator, operand=operand):
                inner = place(operand)
                return called(negative, inner) if isinstance(operator, ast.USub) else inner
            case ast.BinOp(left=left, op=operator, right=right):
                return called(OPERATORS[type(operator)], place(left), place(right))
            case ast.Call(args=[ast.Compare() as condition, first, second]):
                sides = (place(part) for part in (condition.left, condition.comparators[0]))
                sign = f" {SIGNS[type(condition.ops[0])]} "
                holds = sign.join(f"{side}.value" for side in sides)
                return called(chosen, holds, place(first), place(second))
            case ast.Call(func=ast.Name(id=function), args=arguments):
                return called(FUNCTIONS[function][1], *map(place, arguments))
        return "x"

    dual = add(Dual, "Dual")
    result = place(read.tree)
    body = "\n".join(
        [
            *described(read, "Each line has the value of a part, and its derivative."),
            f"x = {dual}(z, np.ones_like(z))",
            *lines,
            f"return {add(shaped, 'shaped')}({result}, z)",
        ]
    )
    return f"\n\ndef {name}(z):\n{indent(body, '    ')}\n\n"


def described(read: Expression, more: str = "") -> list[str]:
    """A docstring: the formula as it was typed."""
    told = wrap(f"f(x) = {read.text}", 90)
    if not more and len(told) == 1:
        return [f'"""{told[0]}"""']
    return [f'"""{told[0]}', *told[1:], *(["", more] if more else []), '"""']


# PyTorch

CALLS = {
    "sigmoid": "torch.sigmoid",
    "tanh": "torch.tanh",
    "relu": "F.relu",
    "exp": "torch.exp",
    "log": "torch.log",
    "sqrt": "torch.sqrt",
    "abs": "torch.abs",
    "sin": "torch.sin",
    "cos": "torch.cos",
    "arctan": "torch.arctan",
    "softplus": "F.softplus",
    "erf": "torch.erf",
    "max": "larger",
    "min": "smaller",
    "where": "torch.where",
}
"""Functions of a formula in PyTorch's words."""
HELPERS = {
    "larger": (
        "def larger(u, v):  # at a tie torch.maximum would take half of each derivative\n"
        "    return torch.where(v > u, v, u)\n\n\n"
    ),
    "smaller": (
        "def smaller(u, v):  # at a tie torch.minimum would take half of each derivative\n"
        "    return torch.where(v < u, v, u)\n\n\n"
    ),
}


def torch_formula(read: Expression) -> str:
    """The definition of f(z), after what it uses."""
    words = ast.unparse(in_torch(read.tree))
    helpers = "".join(text for name, text in HELPERS.items() if f"{name}(" in words)
    body = "\n".join([*described(read), f"return {words}"])
    return f"{helpers}def f(z):\n{indent(body, '    ')}\n\n"


def in_torch(node: ast.expr) -> ast.expr:
    """A part of a formula in PyTorch's words; what has no x in it is its value."""
    if not has_x(node):
        return node if isinstance(node, ast.Constant) else ast.Constant(value_of(node))
    match node:
        case ast.UnaryOp(op=operator, operand=operand):
            return ast.UnaryOp(operator, in_torch(operand))
        case ast.BinOp(left=left, op=operator, right=right):
            return ast.BinOp(in_torch(left), operator, in_torch(right))
        case ast.Compare(left=left, ops=signs, comparators=[right]):
            return ast.Compare(in_torch(left), signs, [in_torch(right)])
        case ast.Call(args=[ast.Compare() as condition, first, second]) if not has_x(condition):
            holds = value_of(ast.Call(ast.Name("where"), [condition, ONE, NOTHING], [])) == 1
            return tensor(first if holds else second)
        case ast.Call(func=ast.Name(id=function), args=arguments):
            more = [ast.keyword("threshold", ast.Constant(40))] if function == "softplus" else []
            return ast.Call(ast.Name(CALLS[function]), [tensor(part) for part in arguments], more)
    return ast.Name("z")


ONE, NOTHING = ast.Constant(1), ast.Constant(0)


def tensor(node: ast.expr) -> ast.expr:
    """As `in_torch`, and a number as a tensor."""
    if has_x(node):
        return in_torch(node)
    return ast.Call(ast.Name("torch.full_like"), [ast.Name("z"), ast.Constant(value_of(node))], [])


def has_x(node: ast.expr) -> bool:
    return any(isinstance(part, ast.Name) and part.id == "x" for part in ast.walk(node))


def value_of(node: ast.expr) -> float:
    """The value of a part without x."""
    with np.errstate(all="ignore"):
        return float(evaluated(node, Dual(np.zeros(1), np.ones(1))).value)


def autograd_serves(read: Expression) -> bool:
    """Whether autograd finds this formula's derivative.

    It multiplies the derivative of what `where` has not chosen by 0, which is NaN if that is
    infinite; so all that may be chosen has to be finite wherever a formula is looked at.
    """
    x = np.linspace(-SIGHT, SIGHT, 241)
    with np.errstate(all="ignore"):
        return all(
            np.isfinite(part).all()
            for branch in branches(read.tree)
            for part in evaluated(branch, Dual(x, np.ones_like(x)))
        )


def branches(tree: ast.expr) -> Iterator[ast.expr]:
    """The parts among which `where`, max and min choose."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="max" | "min" | "where"), args=arguments):
                yield from (part for part in arguments if not isinstance(part, ast.Compare))
