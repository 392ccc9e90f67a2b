"""No placeholder reaches a reader: read from the syntax trees, and seen on pages in every state."""

from __future__ import annotations

import ast
import re
import time
from string import Formatter

import pytest

from core.runs.turns import Turns
from pages.texts import FOLDER, LANGUAGES, Text
from pages.ui import computing
from pages.ui.house import ROOMS
from pages.ui.recordings import recordings
from tests.crossing import crossed
from tests.pages.ui.test_pages import every_language, visit

PAGES = FOLDER.parent
EN = LANGUAGES["en"].text
MODULES = sorted([*PAGES.glob("*.py"), *(PAGES / "ui").rglob("*.py")])
PASSED_ON = (ast.IfExp, ast.BoolOp, ast.BinOp, ast.JoinedStr, ast.FormattedValue, ast.keyword)
"""What hands a text on as it is, from where it is named to the call that shows it."""


def placeholders(text):
    """The names in braces; the braces of LaTeX are its own."""
    if not isinstance(text, str) or "\\" in text:
        return set()
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def chain(node):
    """`a.b.c` as ("a", "b", "c"), None of anything else."""
    if isinstance(node, ast.Name):
        return (node.id,)
    if isinstance(node, ast.Attribute) and (start := chain(node.value)) is not None:
        return (*start, node.attr)
    return None


def named(path, aliases):
    """The texts that a chain of names leads to, None if it leads to none."""
    if path is None:
        return None
    if path[0] in aliases:
        found, rest = aliases[path[0]], path[1:]
    elif "t" in path[:2]:
        found, rest = EN, path[path.index("t") + 1 :]
    else:
        return None
    for name in rest:
        if not isinstance(found, Text) or name not in found:
            return None
        found = found[name]
    return found


def aliases_in(function):
    """The short names of texts: `words = t.svm`, and in pairs `words, run = t.svm, ...`."""
    aliases = {}
    for node in ast.walk(function):
        if not isinstance(node, ast.Assign):
            continue
        target = node.targets[0]
        pairs = [(target, node.value)]
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            pairs = zip(target.elts, node.value.elts, strict=True)
        for one, value in pairs:
            if isinstance(one, ast.Name) and isinstance(found := named(chain(value), {}), Text):
                aliases[one.id] = found
    return aliases


def shown_unformatted(tree):
    """Every place where a text with placeholders is handed to Streamlit as it is."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef | ast.Module):
            continue
        aliases = aliases_in(function)
        for call in ast.walk(function):
            if not isinstance(call, ast.Call) or chain(call.func) is None:
                continue
            if chain(call.func)[0] != "st":
                continue
            waiting = [*call.args, *call.keywords]
            while waiting:
                node = waiting.pop()
                if isinstance(node, PASSED_ON):
                    waiting += ast.iter_child_nodes(node)
                elif placeholders(named(chain(node), aliases)):
                    yield f"{node.lineno}: {ast.unparse(node)}"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.relative_to(PAGES).as_posix())
def test_no_page_shows_a_text_without_filling_in_its_placeholders(path):
    assert list(shown_unformatted(ast.parse(path.read_text("utf-8")))) == []


@pytest.mark.parametrize(
    "line",
    [
        "st.caption(t.training.waiting)",
        "st.caption(scene.t.training.waiting)",
        "st.caption(f'**{t.training.waiting}**')",
        "st.caption(t.training.waiting if crowded else None)",
        "st.progress(0.5, text=t.training.waiting)",
        "words, run = t.training, 3; st.caption(words.waiting)",
    ],
)
def test_the_search_finds_what_it_is_to_find(line):
    assert len(list(shown_unformatted(ast.parse(line)))) == 1
    formatted = line.replace("waiting", "waiting.format(runs=1, place=2)")
    assert list(shown_unformatted(ast.parse(formatted))) == []


# --- on the pages --------------------------------------------------------------------------------

NAMES = sorted(
    {
        name
        for branch in vars(EN).values()
        for text in vars(branch).values()
        for one in (vars(text).values() if isinstance(text, Text) else [text])
        for name in placeholders(one)
    }
)
LEFT_OVER = re.compile(r"\{(?:" + "|".join(NAMES) + r")\}")
FORMULA = re.compile(r"\$[^$]*\$")
KINDS = ("markdown", "caption", "info", "warning", "error", "success", "title", "header")
LABELLED = ("button", "button_group", "selectbox", "select_slider", "slider", "number_input")
LABELLED += ("toggle", "multiselect", "expander", "text_area")
"""Not the data of our components, some of whose words the browser fills in."""


def told(app):
    """All that a page says, without its formulas."""
    yield from (element.value for kind in KINDS for element in app.get(kind))
    yield from (widget.label for kind in LABELLED for widget in app.get(kind))
    yield from (
        widget.help or "" for kind in LABELLED for widget in app.get(kind) if kind != "expander"
    )
    yield from (progress.proto.text for progress in app.get("progress"))


def left_over(app):
    return [words for words in told(app) if LEFT_OVER.search(FORMULA.sub("", words or ""))]


class Other:
    """Another visitor's run."""


def queued(monkeypatch):
    """Others are before this visitor in the line, for as long as anybody waits."""
    turns, now = Turns(slots=1), time.monotonic()
    monkeypatch.setattr("core.runs.turns.GONE", 600.0)
    monkeypatch.setattr(recordings(), "turns", turns)
    others = [Other() for _ in range(12)]
    for other in others:
        turns.take(other, now)
    return others


STATES = {
    "finished": {"epochs": "3", "samples": "60"},
    "live": {"epochs": "3000", "seed": "51"},
    "queued": {"epochs": "400", "seed": "52"},
    "over budget": {"width": "256", "depth": "50", "epochs": "10000", "samples": "5000"},
    "diverged": {"epochs": "20", "rate": "1000", "activation": "identity", "gain": "20"},
}
COMPUTING = ("training", "digits", "svm")


@crossed(language=LANGUAGES, page=ROOMS)
def test_no_placeholder_is_left_on_a_page_as_it_opens(page, language):
    assert left_over(visit(page, language=language, epochs="3", samples="60")) == []


@crossed(language=LANGUAGES, page=COMPUTING, state=STATES)
def test_no_placeholder_is_left_whatever_becomes_of_the_runs(page, state, language, monkeypatch):
    monkeypatch.setattr(computing, "FIRST", 0.0 if state == "live" else 0.4)
    others = queued(monkeypatch) if state == "queued" else []
    app = visit(page, language=language, **STATES[state])
    t = LANGUAGES[language].text
    assert left_over(app) == []
    if others:
        line = t.training.waiting.format(runs=len(others) + 1, place=len(others))
        assert line in [caption.value for caption in app.caption]
    if state == "live":
        next(b for b in app.button if b.label == t.training.cancel).click().run()
        assert any(t.training.resume == b.label for b in app.button)
        assert left_over(app) == []


@every_language
def test_no_placeholder_is_left_in_an_instrument_of_the_laboratory(language):
    link = {"lanes": "2", "2.activation": "tanh", "epochs": "3", "samples": "60"}
    for tool in ("why", "remedies", "seeds", "units", "compare"):
        assert left_over(visit("training", language=language, tool=tool, **link)) == []


def test_the_pages_do_hold_words_and_a_placeholder_would_be_found():
    app = visit("training", epochs="3", samples="60")
    assert len([words for words in told(app) if words]) > 20
    assert LEFT_OVER.search(EN.training.waiting)
    assert not LEFT_OVER.search(EN.training.waiting.format(runs=1, place=2))
