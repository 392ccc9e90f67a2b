"""Numbers for people on every page: whatever the settings, none has more than six digits."""

from __future__ import annotations

import ast
import json
import re

import pytest

from pages import texts
from pages.ui.house import ROOMS
from tests.crossing import crossed
from tests.pages.ui.test_pages import visit
from tests.test_architecture import PAGES, inside, name_of, over, tree

ODD = {
    "rate": "0.0000012345678",
    "gain": "0.123456789",
    "clip": "0.00001234567",
    "skip": "0.3333333333333333",
    "noise": "0.1234567891",
    "activation": "elu",
    "elu.a": "0.123456789",
    "svm_gamma": "1.23456789",
    "svm_c": "0.3333333333",
    "samples": "60",
    "epochs": "4",
    "depth": "2",
    "lanes": "2",
    "2.rate": "0.1000000000000001",
    "2.gain": "1.0000000000000002",
}
HUGE = {
    "activation": "relu",
    "initializer": "he",
    "depth": "6",
    "dataset": "regression",
    "rate": "10",
    "batch": "10",
    "epochs": "5",
    "lanes": "1",
}
TINY = {"depth": "20", "samples": "40", "epochs": "3", "rate": "0.000001", "lanes": "1"}
NUMBER = re.compile(r"(?<![\w.#/-])\d[\d,]*(?:\.\d+)?(?![\w/])|\de[-+]\d")
LINK = re.compile(r"v=1&")
NOT_READ = {"url", "href", "id", "key", "form_id", "element_id"}
CONTENT = ("css_content", "js_content", "html_content")


def digits(number):
    """How many of them say something: 0.000120 has three, 1,200 two."""
    plain = number.replace(",", "")
    if "e" in plain:
        return 99  # as computers write it
    kept = plain.replace(".", "").lstrip("0")
    return len(kept if "." in plain else kept.rstrip("0"))


def strings(message):
    """Every text in a message to the browser: of a chart what is read out, of a component all."""
    for field, value in message.ListFields():
        if field.name in (*NOT_READ, *CONTENT):
            continue
        values = value if field.is_repeated else [value]
        for one in values:
            if field.type == field.TYPE_MESSAGE and hasattr(one, "ListFields"):
                yield from strings(one)
            elif field.type == field.TYPE_STRING:
                yield from leaves(one)


def leaves(text):
    """A text, or those within JSON that people see."""
    if text[:1] not in "{[":
        yield text
        return
    try:
        found = json.loads(text)
    except ValueError:
        yield text
        return
    waiting = [("", found)]
    while waiting:
        key, one = waiting.pop()
        if isinstance(one, dict):
            chart = "$schema" in one
            waiting += [
                (k, v) for k, v in one.items() if not chart or k in ("description", "title")
            ]
        elif isinstance(one, list):
            waiting += [(key, v) for v in one]
        elif isinstance(one, str) and key not in ("run", "image", "svg", "name", "download"):
            yield one


def shown(app):
    """Every text on a page."""
    for block in (app.main, app.sidebar):
        waiting = [block]
        while waiting:
            one = waiting.pop()
            waiting += list(getattr(one, "children", {}).values())
            if getattr(one, "proto", None) is not None and hasattr(one.proto, "ListFields"):
                yield from strings(one.proto)
            for option in getattr(one, "options", []) or []:
                yield str(option)


@crossed(language=texts.LANGUAGES, page=ROOMS)
def test_no_text_of_a_page_has_a_number_of_more_than_six_digits(page, language):
    read = list(shown(visit(page, language=language, **ODD)))
    assert len(read) > 5
    assert_short(read)


@pytest.mark.parametrize("tool", ["why", "remedies", "compare", "seeds", "factors", "sums"])
@pytest.mark.parametrize("query", [ODD, HUGE, TINY], ids=["odd", "huge", "tiny"])
def test_no_text_of_the_laboratory_has_a_number_of_more_than_six_digits(tool, query):
    more = {"replicas": "3"} if tool == "seeds" else {}
    assert_short(list(shown(visit("training", tool=tool, **query, **more))))


def test_the_texts_of_charts_components_and_buttons_are_read():
    read = "\n".join(shown(visit("training", **HUGE)))
    assert "× 10" in read  # of a headline, which is in a component
    assert "training loss and test accuracy at each epoch" in read  # of a chart's alternative
    assert texts.LANGUAGES["en"].text.training.new_start in read


def assert_short(read):
    for text in read:
        if LINK.match(text):
            continue  # which holds what was set, to the last digit
        assert not re.search(r"\bnan\b|\binf\b", text), text
        for number in NUMBER.findall(text):
            assert digits(number) <= 6, (number, text[:300])


def test_a_long_number_would_be_found():
    for text in ("loss 1.0000000000000002e-06", "0.1234567", "1,234,567", "1e-05"):
        with pytest.raises(AssertionError):
            assert_short([text])
    assert_short(["loss 0.000123456, 1,200,000 and 2.82 × 10¹⁶⁷", "#123456789", "a1234567"])


OTHERWISE = {
    "pages/texts/numbers.py",  # here they are written
    "pages/texts/walkthrough.py",  # formulas, whose decimals the reader chooses
    "pages/charts/byhand.py",  # and their picture
    "pages/charts/curve.py",  # for a chart
    "pages/charts/packing.py",  # likewise
    "pages/ui/widgets/owndata.py",  # for a file
}


@over([path for path in inside(PAGES) if name_of(path) not in OTHERWISE])
def test_no_page_writes_a_number_in_its_own_way(path):
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FormattedValue) and node.format_spec is not None:
            written = ast.unparse(node.format_spec)
            assert not re.search(r"[gGeEf%n]['\"}]*$", written.strip("'\"")), ast.unparse(node)
