"""Specialize the source of a function or class for one plan: a small constant folder.

The plan is called `plan` in the source. An `if`, a conditional expression or an operand of `and` or
`or` that depends on the plan alone is folded away; `plan.rate` becomes what `written` says; the
plan is no longer passed on, nor are parameters with a default that nothing uses any more.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from textwrap import dedent, indent

from core.takehome.edits import Edit, edited, end_line, offset, segment, span, syntax

PLAN = "plan"
Written = Callable[[str], str]
"""From the name of a plan's field to the text that replaces it."""


def folded(text: str, plan: Mapping[str, object], written: Written) -> str:
    """The source specialized for a plan, given by its fields; ValueError if `plan` remains."""
    text = decided(text, frozenset(plan), frozenset(field for field in plan if plan[field]))
    text = edited(text, list(without_plan(text, plan, written)))
    text = edited(text, list(without_unused(text)))
    if any(isinstance(node, ast.Name) and node.id == PLAN for node in ast.walk(syntax(text))):
        raise ValueError(f"the plan is used in a way that cannot be folded away:\n{text}")
    return text


@lru_cache(maxsize=512)
def decided(text: str, fields: frozenset[str], true: frozenset[str]) -> str:
    """The source with every decision taken that depends on which fields are true alone."""
    plan = {field: field in true for field in fields}
    while (edit := next(decisions(text, plan), None)) is not None:
        text = edited(text, [edit])
    return text


def decisions(text: str, plan: Mapping[str, object]) -> Iterator[Edit]:
    """The edits that fold something; after one of them the others are stale."""
    for node in ast.walk(syntax(text)):
        if isinstance(node, ast.If) and (chosen := answer(node.test, plan)) is not None:
            yield branch(text, node, chosen)
        elif isinstance(node, ast.IfExp) and (chosen := answer(node.test, plan)) is not None:
            taken = node.body if chosen else node.orelse
            yield Edit(*span(text, node), segment(text, taken))
        elif isinstance(node, ast.BoolOp) and answer(node, plan) is None:
            left = [part for part in node.values if answer(part, plan) is None]
            if len(left) < len(node.values):
                joint = " and " if isinstance(node.op, ast.And) else " or "
                yield Edit(*span(text, node), joint.join(segment(text, part) for part in left))


def answer(test: ast.expr, plan: Mapping[str, object]) -> bool | None:
    """Whether a condition holds, None if it does not depend on the plan alone."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        inner = answer(test.operand, plan)
        return None if inner is None else not inner
    if isinstance(test, ast.BoolOp):
        ends = isinstance(test.op, ast.Or)  # the answer that needs no other operand
        answers = [answer(part, plan) for part in test.values]
        return ends if ends in answers else None if None in answers else not ends
    return bool(plan[field]) if (field := field_of(test)) else None


def branch(text: str, node: ast.If, chosen: bool) -> Edit:
    """Replace a whole `if` statement by the branch that is taken, with its comments."""
    lines = text.splitlines(keepends=True)
    body, otherwise = end_line(node.test), end_line(node)
    if node.orelse:
        otherwise = end_line(node.body[-1])
        while not lines[otherwise].strip().startswith(("else:", "elif ")):
            otherwise += 1  # comments at the end of the first branch
        if lines[otherwise].strip() != "else:":
            raise ValueError("write `else` and `if` in place of `elif`")
    kept = lines[body:otherwise] if chosen else lines[otherwise + 1 : end_line(node)]
    inside = indent(dedent("".join(kept)), " " * node.col_offset)
    return Edit(offset(text, node.lineno, 0), offset(text, end_line(node) + 1, 0), inside)


def without_plan(text: str, plan: Mapping[str, object], written: Written) -> Iterator[Edit]:
    """Replace the plan's fields by their values, and drop the plan from calls and functions."""
    for node in ast.walk(syntax(text)):
        if isinstance(node, ast.Attribute) and (field := field_of(node)):
            if plan[field] != {}:  # `**plan.knobs` without any knobs goes as an argument
                yield Edit(*span(text, node), written(field))
        elif isinstance(node, ast.Call):
            given: list[ast.expr | ast.keyword] = [*node.args, *node.keywords]
            gone = [is_plan(part) or is_nothing(part, plan) for part in given]
            yield from removed([span(text, part) for part in given], gone)
        elif isinstance(node, ast.arguments):
            yield from removed(
                [span(text, part) for part in node.args], [part.arg == PLAN for part in node.args]
            )


def without_unused(text: str) -> Iterator[Edit]:
    """Drop the parameters that have a default and are unused in the body."""
    for node in ast.walk(syntax(text)):
        if isinstance(node, ast.FunctionDef):
            inside = [name for part in node.body for name in ast.walk(part)]
            used = {name.id for name in inside if isinstance(name, ast.Name)}
            plain, defaults = node.args.args, node.args.defaults
            first = len(plain) - len(defaults)
            spans = [span(text, part) for part in plain]
            for k, default in enumerate(defaults, start=first):
                spans[k] = (spans[k][0], span(text, default)[1])
            gone = [k >= first and part.arg not in used for k, part in enumerate(plain)]
            yield from removed(spans, gone)


def removed(spans: Sequence[tuple[int, int]], gone: Sequence[bool]) -> Iterator[Edit]:
    """Delete items of a comma-separated list, each with its comma."""
    for k, (start, end) in enumerate(spans):
        if gone[k]:
            if all(gone[: k + 1]) and k + 1 < len(spans):
                end = spans[k + 1][0]
            elif k > 0 and not all(gone[: k + 1]):
                start = spans[k - 1][1]
            yield Edit(start, end, "")


def is_plan(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == PLAN


def field_of(node: ast.expr) -> str | None:
    """`rate` for `plan.rate`, None for anything else."""
    return node.attr if isinstance(node, ast.Attribute) and is_plan(node.value) else None


def is_nothing(node: ast.AST, plan: Mapping[str, object]) -> bool:
    """Whether this is `**plan.knobs` of a plan without any."""
    return isinstance(node, ast.keyword) and node.arg is None and answer(node.value, plan) is False
