"""The page of one sample as a learner uses it: steps by buttons and keys, a sheet on paper."""

import re

import pytest
from playwright.sync_api import expect

from pages import texts
from tests.browser.drive import open_page, settle
from tests.browser.test_training import COUNT_SENT
from tests.crossing import crossed

NOW = ".stepper .now"
HEADING = '[class*="st-key-byhand_step_"]:visible h2'
SIZE = {"width": 1440, "height": 900}


@pytest.fixture
def hand(browser, address):
    page = open_page(browser, f"{address}/byhand?language=en", 2, viewport=SIZE)
    yield page
    page.close()


def at(page, step, last=9):
    expect(page.locator(NOW)).to_contain_text(f"Step {step} of {last}:")
    heading = page.locator(HEADING)
    expect(heading).to_have_count(1)
    expect(heading).to_have_text(re.compile(rf"^{step}\."))


def test_the_keys_step_without_the_server_and_keep_every_view(hand):
    hand.evaluate("window.views = [...document.querySelectorAll('.stVegaLiteChart svg')]")
    hand.evaluate(COUNT_SENT)
    at(hand, 1)
    hand.keyboard.press("ArrowRight")
    hand.keyboard.press("ArrowRight")
    at(hand, 3)
    hand.keyboard.press("ArrowLeft")
    at(hand, 2)
    hand.locator(".stepper .on").click()
    at(hand, 3)
    hand.keyboard.press("End")
    at(hand, 9)
    hand.keyboard.press("ArrowRight")
    at(hand, 9)
    hand.keyboard.press("Home")
    at(hand, 1)
    hand.locator(".stepper .dial").fill("4")
    at(hand, 5)
    hand.locator(".stepper .end").click()
    hand.locator(".stepper .back").click()
    at(hand, 8)
    hand.locator(".stepper .first").click()
    at(hand, 1)
    assert hand.evaluate("window.views.every(view => view.isConnected)")
    assert hand.evaluate("window.sent") == 0


def test_a_number_appears_when_its_step_has_come(hand):
    picture = hand.locator(".stVegaLiteChart").first
    expect(picture.get_by_text(re.compile("^z "))).to_have_count(0)
    hand.keyboard.press("ArrowRight")
    expect(picture.locator("text", has_text=re.compile("^z ")).first).to_be_visible()
    expect(picture.locator("text", has_text=re.compile("^δ "))).to_have_count(0)
    for _ in range(3):
        hand.keyboard.press("ArrowRight")
    expect(picture.locator("text", has_text=re.compile("^δ ")).first).to_be_visible()


def test_the_arrow_keys_stay_with_a_field_that_is_being_edited(hand):
    hand.get_by_label("Input x₁").click()
    hand.keyboard.press("ArrowRight")
    at(hand, 1)


@pytest.mark.slow
def test_a_change_keeps_the_step_and_another_network_starts_over(hand):
    hand.keyboard.press("ArrowRight")
    at(hand, 2)
    field = hand.get_by_label("Input x₁")
    field.fill("2")
    field.press("Enter")
    expect(hand).to_have_url(re.compile("hand_x1=2"))
    settle(hand, 2)
    at(hand, 2)
    layers = hand.get_by_label("Hidden layers")
    layers.fill("3")
    layers.press("Enter")
    expect(hand).to_have_url(re.compile("hand_layers=3"))
    settle(hand, 2)
    at(hand, 1, last=15)


def test_a_typed_weight_is_in_the_link_and_the_link_opens_it(hand, browser, address):
    hand.get_by_text("Weights and biases").click()
    field = hand.locator(".st-key-w1\\.11 input, .st-key-w1-11 input").first
    field.fill("0.77")
    field.press("Enter")
    expect(hand).to_have_url(re.compile(r"w1\.11=0\.77"))
    settle(hand, 2)
    other = open_page(browser, hand.url, 2, viewport=SIZE)
    expect(other.locator(HEADING)).to_have_count(1)
    assert "0.7700" in other.locator('[class*="st-key-byhand_step_0"]').inner_text()
    other.close()


@crossed(every=3, language=texts.LANGUAGES, part=["hand_sheet", "hand_steps", "hand_chain"])
def test_no_formula_sticks_out(browser, address, language, part):
    link = f"{address}/byhand?language={language}&hand_part={part}&hand_layers=3&hand_units=3"
    page = open_page(browser, link, 1, viewport=SIZE)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.locator(".katex:visible").first.wait_for()
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_function(
            """width => [...document.querySelectorAll('.katex-html .base')]
                .map(node => node.getBoundingClientRect())
                .every(box => !box.width || box.right <= width)""",
            arg=width,
            timeout=30_000,
        )
    assert page.locator(".katex-error").count() == 0
    assert page.locator("[data-testid=stException]").count() == 0
    page.close()


def test_only_the_worksheet_is_printed(browser, address):
    page = open_page(
        browser, f"{address}/byhand?language=en&hand_part=hand_sheet", 1, viewport=SIZE
    )
    page.locator(".st-key-byhand_answers .katex").first.wait_for()
    page.emulate_media(media="print")
    paper = page.locator(".st-key-byhand_paper")
    expect(paper).to_be_visible()
    for chrome in ("stHeader", "stSidebar"):
        expect(page.get_by_test_id(chrome)).to_be_hidden()
    for own in ("h1", ".print button", "[data-testid=stDownloadButton]", ".st-key-presets"):
        expect(page.locator(own).first).to_be_hidden()
    answers = page.locator(".st-key-byhand_answers")
    assert answers.evaluate("node => getComputedStyle(node).breakBefore") == "page"
    colour = paper.locator("p").first.evaluate("node => getComputedStyle(node).color")
    assert colour == "rgb(35, 38, 43)"
    page.close()


@pytest.mark.slow
def test_the_print_button_opens_the_dialog(browser, address):
    page = open_page(browser, f"{address}/byhand?language=en&hand_part=hand_sheet", 1)
    page.evaluate("window.print = () => { window.printed = true; }")
    page.get_by_role("button", name="Print", exact=True).click()
    assert page.evaluate("window.printed")
    page.close()
