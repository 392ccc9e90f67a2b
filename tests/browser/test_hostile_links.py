"""Links that carry markup and scripts: every page shows them as text, and fetches nothing."""

from __future__ import annotations

import re
from urllib.parse import quote, urlencode

import pytest

from core.runs.lanes import lane_keys
from pages.ui.house import SPECS
from tests.browser.drive import listening, settle, tabs
from tests.browser.test_pages import PAGES
from tests.crossing import crossed, few_of

CANARY = "canary.example"
TEXTS = {
    "script": "<script>window.pwned=1</script>",
    "image": f'"><img src=http://{CANARY}/x.png onerror=window.pwned=1>',
    "markdown": f"![x](http://{CANARY}/x.png)",
    "code ended": f"` ![x](http://{CANARY}/x.png) `",
    "line ended": f"\n\n![x](http://{CANARY}/x.png)\n\n",
    "line returned": f"\r\r![x](http://{CANARY}/x.png)\r\r",
    "link": f"\r\r[x](http://{CANARY}/) [y](javascript:window.pwned=1)",
    "template": "${window.pwned=1} {{constructor.constructor('window.pwned=1')()}}",
    "ends a string": "\\\";window.pwned=1;//",
    "ends a script": "</script><script>window.pwned=1</script>",
}  # fmt: skip
SHORT = {"lanes": 1, "epochs": 3, "samples": 40}
KEYS = sorted(set(lane_keys()).union(*(spec.keys() for spec in SPECS)))


@pytest.fixture
def watched(browser):
    """A page, and what it did that it should not do."""
    page, done = tabs(browser).lend(), []
    page.set_default_timeout(60_000)
    with listening(
        page,
        request=lambda r: done.append(r.url) if r.url.startswith(f"http://{CANARY}") else 0,
        dialog=lambda dialog: (done.append(dialog.message), dialog.dismiss()),
    ):
        yield page, done
    page.close()


def assert_harmless(page, done):
    settle(page)
    assert done == []
    assert page.evaluate("window.pwned") is None
    assert page.locator(f"img[src*='{CANARY}']").count() == 0
    assert page.locator(f"a[href*='{CANARY}'], a[href^='javascript']").count() == 0
    assert page.get_by_test_id("stException").count() == 0


@crossed(every=2, name=["training", "derivatives"], kind=TEXTS)
def test_no_value_of_a_link_becomes_markup(watched, address, name, kind):
    page, done = watched
    text = TEXTS[kind]
    # few keys at a time: only the first six are told
    keys = {
        "training": ["activation", "dataset", "2.activation", "tool"],
        "derivatives": ["language", "depth", text],
    }[name]
    page.goto(f"{address}/{name}?{urlencode(dict.fromkeys(keys, text) | SHORT)}")
    page.get_by_test_id("stAlert").first.wait_for()
    assert_harmless(page, done)
    told = page.get_by_test_id("stAlert").first.locator("p")  # the others explain formulas
    assert told.first.locator("code").count() == len(keys)


@pytest.mark.parametrize("name", few_of(PAGES, 3))
def test_every_page_opens_with_markup_in_every_setting(watched, address, name):
    page, done = watched
    text = TEXTS["image"]
    query = urlencode(SHORT | {key: text for key in KEYS if key not in SHORT})
    page.goto(f"{address}/{name}?{query[:60_000]}")
    page.get_by_test_id("stAlert").first.wait_for()
    assert_harmless(page, done)


def test_an_unknown_page_is_no_way_in_either(watched, address):
    page, done = watched
    page.goto(f"{address}/{quote(TEXTS['image'], safe='')}")
    page.wait_for_selector("[data-testid=stApp]")
    assert_harmless(page, done)


def test_what_a_session_holds_is_not_taken_from_the_name_of_the_window(watched, address):
    page, done = watched
    page.goto(f"{address}/training#{quote(TEXTS['script'])}")
    assert_harmless(page, done)
    assert re.search("/training", page.url)
