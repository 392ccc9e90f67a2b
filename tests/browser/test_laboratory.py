"""The laboratory in a real browser: instruments within two clicks, moving with the clock."""

import re

import pytest
from playwright.sync_api import expect

from pages import texts
from tests.browser.drive import open_page, settle

LANES = "/training?lanes=2&2.activation=tanh&depth=3&epochs=40"
COUNTS = {"factors": 8, "sums": 8, "units": 8, "compare": 10}


@pytest.mark.parametrize("language", texts.LANGUAGES)
@pytest.mark.parametrize("tool", COUNTS)
def test_an_instrument_opens_with_one_click(browser, address, tool, language):
    page = open_page(browser, f"{address}{LANES}&language={language}", 6)
    name = texts.LANGUAGES[language].text.laboratory.instruments[tool].name
    page.get_by_text(name, exact=True).click()
    expect(page).to_have_url(re.compile(f"tool={tool}"))
    settle(page, COUNTS[tool])
    assert page.locator("[data-testid=stException]").count() == 0
    page.close()


def test_the_waterfall_moves_with_the_clock(browser, address):
    page = open_page(browser, f"{address}{LANES}&tool=factors&language=en", 8)
    chart = page.locator("[data-testid=stVegaLiteChart]").nth(6)
    late = chart.locator("svg").inner_html()
    page.locator(".clock .time").fill("0")
    page.wait_for_timeout(300)
    assert chart.locator("svg").inner_html() != late
    assert chart.locator(".mark-rule.role-mark line").count() >= 6
    page.close()


def test_a_remedy_can_be_tried_beside_the_failed_network(browser, address):
    link = "/training?lanes=1&activation=tanh&initializer=zeros&epochs=120&tool=why&language=en"
    page = open_page(browser, address + link, 3)
    page.get_by_role("button", name="Try it beside this one").click()
    settle(page, 6)
    sentences = page.locator(".caption .sentence").all_inner_texts()
    assert sentences[0].startswith("Exactly 0 reaches layer 1")
    assert not sentences[1].startswith("Exactly 0")
    page.close()
