"""The laboratory in a real browser: instruments within two clicks, moving with the clock."""

import re

import pytest
from playwright.sync_api import expect

from pages import texts
from tests.browser.drive import open_page, settle
from tests.crossing import few_of

LANES = "/training?lanes=2&2.activation=tanh&depth=3&epochs=40"
COUNTS = {"factors": 8, "sums": 10, "units": 8, "compare": 10, "why": 6, "remedies": 6, "seeds": 6}


@pytest.mark.parametrize("language", few_of(texts.LANGUAGES))
def test_an_instrument_opens_with_one_click(browser, address, language):
    page = open_page(browser, f"{address}{LANES}&language={language}", 6)
    instruments = texts.LANGUAGES[language].text.laboratory.instruments
    for tool, charts in COUNTS.items():
        page.get_by_text(instruments[tool].name, exact=True).click()
        expect(page).to_have_url(re.compile(f"tool={tool}"))
        settle(page, charts)
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


@pytest.mark.slow
def test_a_remedy_can_be_tried_beside_the_failed_network(browser, address):
    link = "/training?lanes=1&activation=tanh&initializer=zeros&epochs=120&tool=why&language=en"
    page = open_page(browser, address + link, 3)
    page.get_by_role("button", name="Try it beside this one").click()
    settle(page, 6)
    sentences = page.locator(".caption .sentence").all_inner_texts()
    assert sentences[0].startswith("Exactly 0 reaches layer 1")
    assert not sentences[1].startswith("Exactly 0")
    page.close()


def test_the_first_view_is_simple_and_shows_boundary_errors_and_loss(browser, address):
    size = {"width": 1440, "height": 900}
    page = open_page(browser, f"{address}/training?language=en", 9, viewport=size)
    pressed = page.evaluate(
        """() => [...document.querySelectorAll('[data-testid=stMain], [data-testid=stSidebar]')]
            .flatMap(part => [...part.querySelectorAll('button, input, summary')])
            .filter(node => node.checkVisibility({visibilityProperty: true, opacityProperty: true})
                && node.getBoundingClientRect().width && node.getBoundingClientRect().top < 900
                && !node.closest('.vega-bindings, details:not([open]) > :not(summary)')
                && !node.closest('[data-testid=stElementToolbar]')
                && !/^(Open|Collapse sidebar|Help for .*)$/.test(node.ariaLabel ?? ''))
            .map(node => node.ariaLabel || node.innerText)"""
    )
    views = {"Charts", "All in one", "Network"}  # one switch
    assert len([name for name in pressed if name not in views]) <= 12, pressed
    charts = page.locator("[data-testid=stVegaLiteChart]")
    assert all(box["y"] + box["height"] <= 900 for box in [c.bounding_box() for c in charts.all()])
    page.close()


def test_many_seeds_are_trained_with_one_press(browser, address):
    page = open_page(browser, f"{address}{LANES}&tool=seeds&language=en", 6)
    page.get_by_role("button", name="Train 8 seeds of each").click()
    expect(page).to_have_url(re.compile("replicas=8"))
    settle(page, 8)
    assert page.get_by_text(re.compile("^[0-8] of 8 seeds have learnt")).count() == 2
    page.close()


def test_remedies_are_chosen_together_and_tried_beside(browser, address):
    link = "/training?lanes=1&depth=6&epochs=30&tool=remedies&language=en"
    page = open_page(browser, address + link, 3)
    assert page.locator("table tbody tr").count() == 11
    for name in ("Batch normalization", "Momentum"):
        page.get_by_test_id("stMain").get_by_role("button", name=name, exact=True).click()
        page.wait_for_timeout(500)
    page.get_by_role("button", name="Try it beside this one").click()
    expect(page).to_have_url(re.compile(r"2\.norm=batch"), timeout=30_000)
    assert "2.optimizer=momentum" in page.url
    settle(page, 6)
    page.close()


def test_both_tests_of_cause_run_and_say_what_they_show(browser, address):
    link = "/training?lanes=1&depth=2&width=4&samples=100&epochs=20&tool=causes&language=en"
    page = open_page(browser, address + link, 3)
    expect(page.locator("table tbody tr")).to_have_count(6, timeout=60_000)
    page.close()


@pytest.mark.slow
def test_the_ladder_counts_its_seeds_on_every_rung(browser, address):
    page = open_page(browser, f"{address}{LANES}&tool=ladder&language=en", 6)
    rungs = page.locator("[class*=st-key-rung_]")
    expect(rungs).to_have_count(6, timeout=170_000)
    assert "0 of 8" in rungs.first.inner_text()
    assert "8 of 8" in rungs.last.inner_text()
    page.close()


@pytest.mark.parametrize("tool", few_of(["factors", "units"]))
def test_an_example_makes_the_point_and_is_a_link(browser, address, tool):
    page = open_page(browser, f"{address}{LANES}&tool={tool}&language=en", 8)
    page.get_by_role("button", name="An example that makes the point").click()
    expect(page).not_to_have_url(re.compile("epochs=40"), timeout=30_000)
    expect(page).to_have_url(re.compile(f"tool={tool}"))
    settle(page, 8)
    assert page.get_by_role("button", name="An example that makes the point").count() == 0
    page.close()
