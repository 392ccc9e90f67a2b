"""The network itself in a real browser: on the clock, read by pointer and keys, walked through."""

import re
import time

import pytest
from playwright.sync_api import expect

from pages import texts
from tests.browser.drive import open_page, settle
from tests.crossing import few_of

LANES = "/training?lanes=2&2.activation=tanh&depth=3&width=4&epochs=40&view=network"
PICTURES = "() => [...document.querySelectorAll('.network canvas')].map(c => c.toDataURL())"


def pictures(page):
    """What the two networks look like; the legend's canvas has nothing drawn."""
    return page.evaluate(PICTURES)[:2]


@pytest.mark.parametrize("language", few_of(texts.LANGUAGES))
def test_each_lane_shows_its_network_in_place_of_two_charts(browser, address, language):
    page = open_page(browser, f"{address}{LANES}&language={language}", 2)
    t = texts.LANGUAGES[language].text
    canvases = page.locator("[class*=st-key-lane] .network canvas")
    assert canvases.count() == 2
    assert page.locator("[data-testid=stVegaLiteChart]").count() == 2
    label = canvases.first.get_attribute("aria-label")
    assert label.startswith("sigmoid")
    assert len(set(pictures(page))) == 2
    expect(page.get_by_text(t.network.dark)).to_be_visible()
    page.close()


def test_the_picture_follows_the_clock_and_nothing_is_asked_of_the_server(browser, address):
    page = open_page(browser, f"{address}{LANES}&language=en", 2)
    late = pictures(page)
    page.locator(".clock .time").fill("0")
    page.wait_for_timeout(200)
    assert all(a != b for a, b in zip(late, pictures(page), strict=True))
    expect(page.locator("[data-testid=stApp]")).to_have_attribute(
        "data-test-script-state", "notRunning"
    )
    page.close()


def test_keys_move_between_units_and_say_what_is_there(browser, address):
    page = open_page(browser, f"{address}{LANES}&language=en", 2)
    canvas = page.locator(".network canvas").nth(1)
    spoken = page.locator(".network .spoken").nth(1)
    canvas.focus()
    expect(spoken).to_contain_text("Layer 1, unit 1")
    page.keyboard.press("ArrowRight")
    expect(spoken).to_contain_text("Layer 2, unit 1")
    page.keyboard.press("ArrowDown")
    expect(spoken).to_contain_text("Layer 2, unit 2")
    for part in ("mean z:", "mean f′(z):", "error δ (rms):", "incoming weights:"):
        expect(spoken).to_contain_text(part)
    page.keyboard.press("ArrowLeft")
    expect(spoken).to_contain_text("Layer 1, unit 2")
    page.close()


def test_the_pointer_reads_units_and_weights(browser, address):
    page = open_page(browser, f"{address}{LANES}&language=en", 2)
    canvas, note = page.locator(".network canvas").nth(1), page.locator(".network .note").nth(1)
    box = canvas.bounding_box()
    seen = set()
    for across in range(10, int(box["width"]), 9):
        canvas.hover(position={"x": across, "y": box["height"] * 0.45})
        if note.is_visible():
            seen |= {line.split(" ")[0] for line in note.inner_text().split("\n")[1:]}
    assert seen >= {"mean", "weight"}
    page.close()


def test_a_unit_that_is_pressed_opens_in_the_laboratory(browser, address):
    page = open_page(browser, f"{address}{LANES}&language=en", 2)
    canvas = page.locator(".network canvas").first
    canvas.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("tool=units"))
    expect(page).to_have_url(re.compile("unit_layer=2"))
    settle(page, 4)
    page.close()


def test_one_batch_goes_forwards_and_its_error_back(browser, address):
    page = open_page(browser, f"{address}{LANES}&language=en", 2)
    rest, where = pictures(page), page.locator(".walk .where")
    page.get_by_role("button", name="Send one batch").click()
    expect(where).to_have_text("forward pass →")
    expect(where).to_have_text("← backward pass")
    expect(where).to_have_text("weights are updated")
    expect(where).to_have_text("", timeout=10_000)
    assert pictures(page) == rest
    page.close()


@pytest.mark.slow
def test_with_less_motion_a_batch_is_a_row_of_stills(browser, address):
    link = f"{address}{LANES}&language=en"
    page = open_page(browser, link, 2, reduced_motion="reduce")
    seen, button = [], page.locator(".walk .send")
    for _ in range(8):
        button.click()
        seen.append((page.locator(".walk .where").inner_text(), pictures(page)[0]))
    assert seen[0][0] == "forward pass →"
    assert "← backward pass" in [words for words, _ in seen]
    assert len({picture for _, picture in seen}) >= 5
    page.wait_for_timeout(400)
    assert pictures(page)[0] == seen[-1][1]  # and nothing moves by itself
    page.close()


@pytest.mark.slow
def test_the_weights_are_another_picture(browser, address):
    page = open_page(browser, f"{address}{LANES}&language=en", 2)
    back = pictures(page)
    page.get_by_role("radio", name="Weights, forwards").or_(
        page.get_by_role("button", name="Weights, forwards")
    ).first.click()
    expect(page).to_have_url(re.compile("flow=forwards"))
    settle(page, 2)
    assert all(a != b for a, b in zip(back, pictures(page), strict=True))
    page.close()


@pytest.mark.slow
def test_a_control_whose_script_comes_late_shows_what_is_set(browser, address):
    """A look must wait for it: in the next one the control's value is no longer sent."""
    open_page(browser, f"{address}{LANES}", 2).close()  # the server has begun
    page = browser.new_page()  # and none of the scripts is there

    def late(route):
        time.sleep(2.5)
        route.continue_()

    page.route("**/ButtonGroup*.js", late)
    page.goto(f"{address}/training?lanes=1&depth=4&epochs=250&seed=77&view=network&language=en")
    chosen = page.locator("[role=radio][aria-checked=true]")
    expect(chosen).to_have_text(["Network", "Error, backwards"])
    settle(page, 1)
    expect(chosen).to_have_text(["Network", "Error, backwards"])
    page.close()


@pytest.mark.slow
def test_the_walk_of_the_story_takes_the_error_back_through_the_network(browser, address):
    """On the clock of its staircase: layer by layer, and forwards again when the clock is."""
    page = open_page(browser, f"{address}/?language=en&scene=4", 1)
    canvas = page.locator(".network canvas")
    assert "Enter" not in canvas.get_attribute("aria-label")  # no unit opens anything here
    seen = []
    for factor in (0, 2, 4, 6, 8, 10, 0):
        page.locator(".clock .time").fill(str(factor))
        page.wait_for_timeout(150)
        seen.append(page.evaluate(PICTURES)[0])
    assert len(set(seen)) == 6
    assert seen[0] == seen[-1]
    page.close()
