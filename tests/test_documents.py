"""Documents name what exists: files, functions, make targets and links, in lines of 100."""

from __future__ import annotations

import re
import tomllib
from pkgutil import resolve_name

import pytest

from pages.ui.house import ROOMS
from tools.architecture import FRAME, ROOT

PLACES = ("core", "pages", "tests", "bench", "tools", "deploy", "static", "docs", "recorder")
CODE = {".py", ".js", ".css", ".toml"}
NAMES = {path.name for place in PLACES for path in (ROOT / place).rglob("*.*")}
NAMES |= {path.name for path in ROOT.glob("*.*")}
GENERATED, JAPANESE, PAST = "bench/RESULTS.md", "deploy/README.ja.md", "CHANGELOG.md"
"""A document made by a program; one in which a line break would be shown as a blank; one that may
name what no longer exists."""
DOCUMENTS = {path.relative_to(ROOT).as_posix(): path for path in ROOT.glob("*.md")} | {
    path.relative_to(ROOT).as_posix(): path
    for place in PLACES
    for path in sorted((ROOT / place).rglob("*.md"))
}


def over(*, besides=()):
    chosen = [path for name, path in DOCUMENTS.items() if name not in besides]
    return pytest.mark.parametrize(
        "document", chosen, ids=lambda path: path.relative_to(ROOT).as_posix()
    )


def prose(document):
    """A document's text without its blocks of code."""
    return re.sub(r"^ *```.*?^ *```", "", document.read_text("utf-8"), flags=re.M | re.S)


def spans(document):
    """What a document shows as code within its sentences."""
    return re.findall(r"`([^`\n]+)`", prose(document))


def test_there_are_documents():
    assert {"README.md", "core/README.md", "docs/architecture.md"} <= set(DOCUMENTS)


def test_the_tour_comes_to_every_page():
    tour = DOCUMENTS["docs/tour.md"].read_text("utf-8")
    assert [room.name for room in ROOMS.values() if f"| `/{room.path}` |" not in tour] == []


@over()
def test_a_link_in_a_document_leads_to_a_file(document):
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(document)):
        if not target.startswith(("http://", "https://", "#")):
            assert (document.parent / target.partition("#")[0]).exists(), target


@over(besides=[PAST])
def test_a_file_that_a_document_names_exists(document):
    for span in set(spans(document)) - {FRAME}:
        if re.fullmatch(rf"({'|'.join(PLACES)})/[\w./*<>-]*", span):
            pattern = re.sub(r"<\w+>", "*", span).rstrip("/")
            assert next(ROOT.glob(pattern), None) is not None, span
        elif re.fullmatch(r"\w+\.\w+", span) and f".{span.partition('.')[2]}" in CODE:
            assert span in NAMES, span


@over(besides=[PAST])
def test_a_function_that_a_document_names_exists(document):
    for span in spans(document):
        if re.fullmatch(rf"({'|'.join(PLACES[:5])})(\.\w+)+", span):
            resolve_name(span)


@over(besides=[PAST])
def test_a_make_target_that_a_document_names_exists(document):
    rules = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.M))
    named = re.findall(r"(?:`|^)make ([a-z-]+)", document.read_text("utf-8"), re.M)
    assert set(named) <= rules


def test_make_lists_every_target_with_what_it_does():
    rules = re.findall(r"^[\w-]+:.*", (ROOT / "Makefile").read_text("utf-8"), re.M)
    assert len(rules) > 5
    assert [rule for rule in rules if " ## " not in rule] == []


@over(besides=[GENERATED, JAPANESE])
def test_a_document_is_wrapped_at_100(document):
    lines = [line for line in prose(document).splitlines() if not line.startswith(("|", "!["))]
    assert [line for line in lines if len(line) > 100] == []


def test_the_newest_version_of_the_changelog_is_that_of_the_project():
    newest = re.search(r"^## \[(.+?)\]", DOCUMENTS[PAST].read_text("utf-8"), re.M)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert newest is not None
    assert newest[1] == project["version"]
