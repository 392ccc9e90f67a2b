"""The page of the support vector machine as a learner uses it."""

import re

import pytest
from playwright.sync_api import expect

from core.data.datasets import load
from core.lessons.svm import SvmSpec, solve
from tests.browser.drive import open_page, settle

CHARTS = 4
LINK = "/svm?language=en&epochs=20&samples=200"
MACHINE, NETWORK = 0, 1
DRAWN = """chart => {
    const found = [...chart.querySelectorAll('svg image, svg path')];
    return found.map(node => (node.getAttribute('href') ?? node.getAttribute('xlink:href') ?? '')
        + (node.getAttribute('d') ?? '') + (node.getAttribute('transform') ?? '')).join('|');
}"""
RINGS = """chart => [...chart.querySelectorAll('.mark-symbol')].at(-1)
    .querySelectorAll('path').length"""


@pytest.fixture
def page(browser, address):
    page = open_page(browser, address + LINK, CHARTS, viewport={"width": 1440, "height": 1000})
    yield page
    page.close()


def chart(page, place):
    return page.locator("[data-testid=stVegaLiteChart]").nth(place)


def drawn(page, place):
    return chart(page, place).evaluate(DRAWN)


def test_every_support_vector_has_a_ring(page):
    data = load("xor", 200, 0.0, 0)
    machine = solve(data.train_x, data.train_y, SvmSpec())
    assert chart(page, MACHINE).evaluate(RINGS) == len(machine.support)
    told = page.locator(".sentence").first
    expect(told).to_contain_text(f"{len(machine.support)} of 160 training points")


@pytest.mark.slow
def test_a_new_random_start_leaves_the_machines_picture_alone_and_changes_the_networks(page):
    machine, network = drawn(page, MACHINE), drawn(page, NETWORK)
    page.get_by_role("button", name="New random start").click()
    expect(page).to_have_url(re.compile("seed=1"))
    settle(page, CHARTS)
    page.wait_for_function("() => !document.querySelector('[data-stale=true]')")
    assert drawn(page, MACHINE) == machine
    assert drawn(page, NETWORK) != network


def test_the_clock_moves_the_network_and_not_the_machine(page):
    machine = drawn(page, MACHINE)
    page.locator(".clock .time").fill("3")
    expect(page.locator(".clock .now")).to_have_text("epoch 3 of 20")
    assert drawn(page, MACHINE) == machine


def test_gamma_changes_the_machine_and_not_the_network(page):
    machine, network = drawn(page, MACHINE), drawn(page, NETWORK)
    page.get_by_role("slider", name="SVM: gamma").focus()
    page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile("svm_gamma=5"))
    settle(page, CHARTS)
    page.wait_for_function("() => !document.querySelector('[data-stale=true]')")
    assert drawn(page, MACHINE) != machine
    assert drawn(page, NETWORK) == network


def test_on_a_phone_the_two_pictures_stand_under_each_other_and_nothing_sticks_out(
    browser, address
):
    page = open_page(browser, address + LINK, CHARTS, viewport={"width": 390, "height": 844})
    first, second = (chart(page, place).bounding_box() for place in (MACHINE, NETWORK))
    assert second["y"] > first["y"] + first["height"]
    assert first["width"] > 330
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.close()
