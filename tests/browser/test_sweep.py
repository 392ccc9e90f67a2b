"""The page of sweeps in a browser: points and cells arrive, and each opens its network."""

import re

from playwright.sync_api import expect

from pages import texts
from tests.browser.drive import settle, tabs

T = texts.LANGUAGES["en"].text
SMALL = "/sweep?language=en&lanes=1&activation=tanh&samples=100&epochs=3&depth=2&width=4"
LONG = "/sweep?language=en&lanes=1&activation=tanh&dataset=digits&samples=500&epochs=10&width=20"


def test_a_point_opens_its_network_in_the_laboratory(browser, address):
    page = tabs(browser).lend()
    page.goto(address + SMALL + "&sweep_points=5&sweep_seeds=1")
    settle(page, 2)
    marks = page.locator("[data-testid=stVegaLiteChart] svg .mark-symbol.role-mark path")
    expect(marks).to_have_count(5)
    marks.nth(2).click()
    expect(page).to_have_url(re.compile(r"/training\?.*gain=0\.01"))
    settle(page, 3)
    page.close()


def test_back_returns_from_the_laboratory_to_the_sweep_as_it_was(browser, address):
    page = tabs(browser).lend()
    link = address + SMALL.replace("lanes=1", "lanes=2") + "&2.activation=relu&sweep_points=5"
    page.goto(link + "&sweep_seeds=1&sweep_at=2")
    settle(page, 2)
    here = page.url
    page.get_by_role("button", name=T.sweep.laboratory).click()
    expect(page).to_have_url(re.compile(r"/training\?.*gain=0\.01"))
    settle(page, 3)
    page.get_by_text(T.laboratory.instruments.sums.name, exact=True).click()  # a settings' change
    expect(page).to_have_url(re.compile("tool=sums"))
    page.go_back()
    expect(page.get_by_role("heading", name=T.sweep.title)).to_be_visible()
    settle(page, 2)
    expect(page).to_have_url(here)  # the laboratory's settings are the sweep's, too
    page.go_forward()
    expect(page.get_by_role("heading", name=T.training.title)).to_be_visible()
    expect(page).to_have_url(re.compile(r"/training\?.*tool=sums.*gain=0\.01"))
    page.close()


def test_a_map_keeps_its_view_while_it_fills_and_a_cell_opens_its_network(browser, address):
    page = tabs(browser).lend()
    page.goto(address + SMALL + "&sweep_part=sweep_map&map_cells=5&map_depth=10&epochs=40")
    chart = page.locator("[data-testid=stVegaLiteChart][role=graphics-document] svg").first
    chart.wait_for(timeout=60_000)
    chart.evaluate("node => { node.marked = true; }")
    settle(page, 2)
    assert chart.evaluate("node => node.marked === true")
    cells = chart.locator(".mark-rect.role-mark.layer_0_marks path")
    expect(cells).to_have_count(25)
    cells.nth(24).click()
    expect(page).to_have_url(re.compile(r"/training\?.*gain=2\b.*depth=10"))
    page.close()


def test_a_map_is_cancelled_stays_and_goes_on(browser, address):
    page = tabs(browser).lend()
    page.goto(address + LONG + "&sweep_part=sweep_map")
    page.get_by_role("button", name=T.training.cancel).click(timeout=60_000)
    told = page.get_by_text(re.compile("Cancelled after"))
    expect(told).to_be_visible()
    before = told.inner_text()
    page.wait_for_timeout(1500)
    assert told.inner_text() == before
    page.get_by_role("button", name=T.training.resume).click()
    expect(page.get_by_test_id("stProgress")).to_be_visible()
    page.close()
