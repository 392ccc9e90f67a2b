"""The page of digits as a learner uses it: drawing by mouse and by keyboard."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.drive import CLIPBOARD, open_page, settle, tabs

CHARTS = 6
EMPTY = "0" * 64
LINK = f"/digits?language=en&drawing={EMPTY}"


@pytest.fixture
def page(browser, address):
    page = open_page(browser, address + LINK, CHARTS, viewport={"width": 1440, "height": 1000})
    yield page
    page.close()


def cell(page, row, column):
    return page.locator(".drawing [role=gridcell]").nth(8 * (row - 1) + column - 1)


def drawing(*inked, level="g"):
    """The link's value for these pixels (row, column), counted from 1."""
    places = {8 * (row - 1) + column - 1 for row, column in inked}
    return "".join(level if place in places else "0" for place in range(64))


def expect_link(page, value):
    expect(page).to_have_url(re.compile(f"drawing={value}"))


def test_every_press_continues_from_empty_to_half_to_full(page):
    for shown in "8g0":
        cell(page, 2, 3).click()
        expect_link(page, drawing((2, 3), level=shown))
    assert cell(page, 2, 3).get_attribute("aria-label") == "Row 2, column 3: 0 of 16"


def test_a_stroke_paints_all_the_pixels_it_passes_and_is_read(page):
    before = page.locator(".drawing .answer").inner_text()
    start, end = cell(page, 1, 4).bounding_box(), cell(page, 8, 4).bounding_box()
    for _ in range(2):  # grey, then black
        page.mouse.move(start["x"] + 9, start["y"] + 9)
        page.mouse.down()
        page.mouse.move(end["x"] + 9, end["y"] + 9, steps=40)
        page.mouse.up()
    expect_link(page, drawing(*((row, 4) for row in range(1, 9))))
    expect(page.locator(".drawing .answer")).not_to_have_text(before)
    expect(page.locator(".drawing .answer")).to_have_text(re.compile(r"[0-9].*%"))


def test_it_can_be_drawn_by_the_keyboard_alone(page):
    cell(page, 1, 1).focus()
    for key in ["ArrowRight", "ArrowDown", "Space", "Space", "End", "Enter", "Enter", "ArrowUp"]:
        page.keyboard.press(key)
    expect_link(page, drawing((2, 2), (2, 8)))
    expect(cell(page, 1, 8)).to_be_focused()
    page.keyboard.press("ArrowUp")  # at the edge it stays
    expect(cell(page, 1, 8)).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Delete")
    expect_link(page, drawing((2, 2)))
    expect(cell(page, 2, 8)).to_be_focused()  # the answers that came meanwhile took nothing away


def test_the_drawing_has_one_stop_for_the_tab_key(page):
    stops = page.locator(".drawing [role=gridcell][tabindex='0']")
    assert stops.count() == 1
    cell(page, 5, 5).click()
    assert stops.count() == 1


def test_a_fast_hand_loses_no_pixel(page):
    inked = [(row, column) for row in range(1, 9) for column in (2, 5, 7)]
    for row, column in inked:
        cell(page, row, column).dispatch_event("click")
        cell(page, row, column).dispatch_event("click")
    expect_link(page, drawing(*inked))
    settle(page, CHARTS)
    labels = [cell(page, row, column).get_attribute("aria-label") for row, column in inked]
    assert all(label.endswith("16 of 16") for label in labels)


def test_only_the_drawing_is_computed_again(page):
    kept = page.locator("[data-testid=stVegaLiteChart] svg").count()
    page.evaluate(
        "window.views = [...document.querySelectorAll('[data-testid=stVegaLiteChart] svg')]"
    )
    cell(page, 4, 4).click()
    expect_link(page, drawing((4, 4), level="8"))
    settle(page, CHARTS)
    assert page.evaluate("window.views.filter(view => view.isConnected).length") == kept


def test_a_test_picture_can_be_changed_by_hand(page):
    page.get_by_role("button", name="A test picture").click()
    expect(page.get_by_text("test picture 1,")).to_have_count(1)
    at = cell(page, 1, 1)
    expect(at).to_have_attribute("aria-label", "Row 1, column 1: 0 of 16")
    at.click()
    expect(at).to_have_attribute("aria-label", "Row 1, column 1: 8 of 16")
    expect(page.get_by_text("test picture 1,")).to_have_count(0)
    page.get_by_role("button", name="Empty").click()
    expect_link(page, EMPTY)
    expect(at).to_have_attribute("aria-label", "Row 1, column 1: 0 of 16")


@pytest.mark.slow
def test_the_copied_link_holds_what_was_drawn_last(browser, address):
    page = open_page(browser, address + LINK, CHARTS, permissions=CLIPBOARD)
    cell(page, 3, 3).click()
    value = drawing((3, 3), level="8")
    expect_link(page, value)
    page.get_by_role("button", name="Share").click()
    page.get_by_role("button", name="Copy link").click()
    expect(page.locator(".copy span")).to_have_text(re.compile("Copied"))
    link = page.evaluate("navigator.clipboard.readText()")
    assert f"drawing={value}" in link
    for part in ("v=1", "unit=1", "depth=2", "initializer=he", "epochs=60"):
        assert part in link
    answer = page.locator(".drawing .answer").inner_text()
    other = open_page(browser, link, CHARTS)
    assert other.locator(".drawing .answer").inner_text() == answer
    other.close()
    page.close()


def test_it_is_trained_before_the_readers_eyes_and_can_be_stopped(browser, address):
    page = tabs(browser).lend()
    page.goto(f"{address}/digits?language=en&epochs=3000")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    settle(page, CHARTS)
    cell(page, 1, 1).click()  # what has been learnt so far reads
    expect(page).to_have_url(re.compile("drawing=8"))
    assert page.locator("[data-testid=stException]").count() == 0
    page.close()


@pytest.mark.slow
def test_a_finger_draws_on_a_phone(browser, address):
    size = {"width": 390, "height": 844}
    page = open_page(browser, address + LINK, CHARTS, viewport=size, has_touch=True)
    cell(page, 2, 2).tap()
    expect_link(page, drawing((2, 2), level="8"))
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.close()
