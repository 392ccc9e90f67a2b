"""Scenes 5 to 8 as a learner plays them: predict, run, explain, and move what can be moved."""

import re
from dataclasses import replace

from playwright.sync_api import expect

from pages.ui.rooms.story.scenes import price
from tests.browser.drive import settle
from tests.browser.test_story import EN, heading, opened, press
from tests.browser.test_training import COUNT_SENT


def test_the_dial_of_points_counts_the_silent_units_without_the_server(browser, address):
    active = price.active_units(replace(price.START, replicas=1))
    page = opened(browser, address, 7, charts=2)
    page.evaluate(COUNT_SENT)
    dial = page.locator(".probe .dial input")
    for index in (0, 7, price.POINTS - 1):
        dial.fill(str(index))
        point = round(index * (active.shape[1] - 1) / (price.POINTS - 1))
        zero = int((~active[:, point]).sum())
        said = EN.scene_price.zeros.format(zero=zero, units=active[:, point].size)
        expect(page.locator("[data-testid=stVegaLiteChart] svg text", has_text=said)).to_have_count(
            1
        )
    assert page.evaluate("window.sent") == 0
    page.close()


def test_what_came_after_is_given_to_the_network_and_the_machine_stays(browser, address):
    page = opened(browser, address, 8, "&guess=b", charts=2, reduced_motion="reduce")
    machine, network = (page.locator(".caption .headline").nth(k) for k in (0, 1))
    before = machine.inner_text()
    stalled = network.inner_text()
    page.locator(".st-key-told_remedy").get_by_text(EN.scene_since.remedies.tanh).click()
    expect(network).not_to_have_text(stalled, timeout=60_000)
    settle(page, 2)
    assert machine.inner_text() == before
    assert "told_remedy=tanh" in page.url
    press(page, "told_new_start")
    page.wait_for_function("() => location.search.includes('told_start=1')")
    settle(page, 2)
    assert machine.inner_text() == before
    page.close()


def test_taken_apart_the_rate_that_was_chosen_goes_along(browser, address):
    page = opened(browser, address, 7, "&guess=b&told_rate=2", reduced_motion="reduce")
    press(page, "apart")
    heading(page, EN.training.title)
    expect(page).to_have_url(re.compile("tool=units"))
    assert re.search("[?&]rate=2(&|$)", page.url)
    page.close()
