"""Folding: branches, operands, values, and what is passed on."""

from __future__ import annotations

import pytest

from core.takehome.folding import folded

PLAN = {"yes": True, "no": 0.0, "rate": 0.5, "knobs": {}, "constants": {"a": 1}}


def fold(text):
    return folded(text, PLAN, str.upper)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("if plan.yes:\n    a()\n", "a()\n"),
        ("if plan.no:\n    a()\n", ""),
        ("if plan.no:\n    a()\nelse:\n    # why\n    b()\n", "# why\nb()\n"),
        ("if plan.yes:\n    a()  # so\n    # and so\nelse:\n    b()\n", "a()  # so\n# and so\n"),
        ("if not plan.yes:\n    a()\nc()\n", "c()\n"),
        ("if k:\n  if plan.yes:\n    if m:\n      a()\n", "if k:\n  if m:\n    a()\n"),
        ("if plan.yes and k > 0:\n    a()\n", "if k > 0:\n    a()\n"),
        ("if k > 0 and plan.yes and m:\n    a()\n", "if k > 0 and m:\n    a()\n"),
        ("if plan.no and k > 0:\n    a()\n", ""),
        ("if plan.no or k > 0:\n    a()\n", "if k > 0:\n    a()\n"),
        ("if plan.yes or k > 0:\n    a()\n", "a()\n"),
        ("if plan.yes and (plan.no or k):\n    a()\n", "if k:\n    a()\n"),
        ("x = a if plan.yes else b\n", "x = a\n"),
        ("x = f(a if plan.no else b)\n", "x = f(b)\n"),
        ("if plan.no:\n    a()\nelse:\n    if k:\n        b()\n", "if k:\n    b()\n"),
    ],
)  # fmt: skip
def test_what_the_plan_decides_is_decided(before, after):
    assert fold(before) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = plan.rate * 2\n", "x = RATE * 2\n"),
        ("f(plan, x)\n", "f(x)\n"),
        ("f(plan)\n", "f()\n"),
        ("f(x, plan)\n", "f(x)\n"),
        ("f(x, **plan.knobs)\n", "f(x)\n"),
        ("f(**plan.knobs)\n", "f()\n"),
        ("f(x, **plan.constants, **other)\n", "f(x, **CONSTANTS, **other)\n"),
        ("f(g(plan, é), plan.rate)\n", "f(g(é), RATE)\n"),
        ("def f(plan: Plan) -> int:\n    return 1\n", "def f() -> int:\n    return 1\n"),
        ("def f(self, plan: Plan, x):\n    return x\n", "def f(self, x):\n    return x\n"),
        ("def f(plan, x, y=()):\n    return x\n", "def f(x):\n    return x\n"),
        ("def f(x, y=(), z=2):\n    return y\n", "def f(x, y=()):\n    return y\n"),
    ],
)
def test_the_plan_is_handed_on_no_longer(before, after):
    assert fold(before) == after


def test_a_parameter_that_only_a_dropped_branch_used_is_dropped():
    text = "def f(plan, x, y=()):\n    if plan.no:\n        x = y\n    return x\n"
    assert fold(text) == "def f(x):\n    return x\n"


@pytest.mark.parametrize("text", ["x = plan\n", "for k in plan:\n    a()\n", "x = [plan, 1]\n"])
def test_a_plan_that_is_used_otherwise_is_refused(text):
    with pytest.raises(ValueError, match="cannot be folded away"):
        fold(text)


def test_a_chain_of_elif_is_refused():
    with pytest.raises(ValueError, match="elif"):
        fold("if plan.no:\n    a()\nelif k:\n    b()\n")
