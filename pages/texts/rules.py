"""The table of rules in the reader's language."""

from __future__ import annotations

from collections.abc import Collection

from core.lessons.remedies import CHANGES
from core.runs.rules import ALL, RULES, Rule, Sign, Verdict
from pages.texts import Text
from pages.texts.numbers import plain

USUAL = frozenset(ALL.split())
"""Tried last of all, in several ways, under one name."""


def rules_table(t: Text, here: Collection[Verdict]) -> str:
    """Every rule as a row of a Markdown table: verdict, signs, remedies, source.

    here: verdicts to be marked.
    """
    rows = [t.rules.head, "|---|---|---|---|"]
    for rule in RULES:
        name = title(rule.verdict, t)
        marked = t.rules.here.format(verdict=name) if rule.verdict in here else name
        signs = t.rules.comma.join(sign(one, t) for one in rule.signs)
        rows.append(f"| {marked} | {signs} | {remedies(rule, t)} | {rule.source} |")
    return "\n".join(rows)


def title(verdict: Verdict, t: Text) -> str:
    """The first words of a verdict, in bold: 'It diverged'."""
    what: str = t.cases[verdict.value].what.split("**")[1]
    return what.strip(".。, ").replace("{limit}", t.rules.limit)


def sign(one: Sign, t: Text) -> str:
    name = t.rules.numbers[one.number]
    if one.fact:
        return (t.rules.no if one.relation == "<" else t.rules.yes).format(name=name)
    return t.rules.number.format(name=name, relation=one.relation, threshold=plain(one.threshold))


def remedies(rule: Rule, t: Text) -> str:
    """The names of the remedies, joined by + if they are tried together."""
    names = {key: t.rules.usual if key in USUAL else t.laboratory.remedies[key] for key in CHANGES}
    together = [" + ".join(names[key] for key in one.split("+")) for one in rule.remedies]
    return t.rules.comma.join(dict.fromkeys(together)) or t.rules.none
