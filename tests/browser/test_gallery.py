"""The gallery, and a formula that is typed, in a browser."""

import re

from playwright.sync_api import expect

from pages import texts
from tests.browser.drive import IDLE, open_page, settle, tabs

T = texts.LANGUAGES["en"].text
LONG = "/gallery?study=edge&language=en"


def test_a_result_is_computed_is_cancelled_stays_and_goes_on(browser, address):
    page = tabs(browser).lend()
    page.goto(address + LONG + "&study_seed=17")
    page.get_by_role("button", name=T.training.cancel).click(timeout=60_000)
    told = page.get_by_text(re.compile("Cancelled after"))
    expect(told).to_be_visible()
    page.wait_for_selector(IDLE)
    before = told.inner_text()
    page.wait_for_timeout(1500)
    assert told.inner_text() == before
    page.get_by_role("button", name=T.training.resume).click()
    expect(told).to_have_count(0)
    expect(page.get_by_test_id("stProgress")).to_be_visible()
    page.close()


def test_the_view_of_a_figure_stays_while_its_lines_grow(browser, address):
    page = tabs(browser).lend()
    page.goto(address + "/gallery?study=dying&language=en&study_seed=23")
    chart = page.locator("[data-testid=stVegaLiteChart][role=graphics-document] svg").first
    chart.wait_for(timeout=60_000)
    chart.evaluate("node => { node.marked = true; }")
    expect(page.get_by_test_id("stAlert")).to_be_visible(timeout=120_000)
    assert chart.evaluate("node => node.marked === true")
    page.close()


def test_a_formula_that_is_typed_is_drawn_and_what_is_wrong_is_said(browser, address):
    page = open_page(browser, f"{address}/activations?language=en", 2)
    field = page.get_by_role("textbox", name=T.formula.label)
    field.fill("x + 2 * y")
    field.press("Enter")
    expect(page.get_by_test_id("stAlert")).to_contain_text("Column 9")
    field.fill("max(0, x) * tanh(x)")
    field.press("Enter")
    expect(page.get_by_test_id("stAlert")).to_have_count(0)
    settle(page, 2)
    expect(page).to_have_url(re.compile("shown=.*max"))
    expect(page.get_by_role("button", name="max(0, x) · tan…")).to_be_visible()
    again = open_page(browser, page.url, 2)
    expect(again.get_by_role("button", name="max(0, x) · tan…")).to_be_visible()
    again.close()
    page.close()
