"""The story as a learner reads it: predict, run, explain; nothing blocks the way."""

import re

import pytest
from playwright.sync_api import expect

from pages.texts import LANGUAGES
from pages.ui.rooms.story.scenes import SCENES
from tests.browser.drive import open_page, settle
from tests.browser.test_training import COUNT_SENT
from tests.crossing import crossed

EN = LANGUAGES["en"].text
RIGHT = {1: "b", 2: "b", 3: "c", 4: "b", 5: "b", 6: "b", 7: "b", 8: "b"}
"""The guess that each scene's run proves right."""
PHONE = {"width": 390, "height": 844}


def opened(browser, address, scene, query="", charts=1, width=1440, **context):
    return open_page(
        browser,
        f"{address}/?language=en&scene={scene}{query}",
        charts,
        viewport={"width": width, "height": 900},
        **context,
    )


def press(page, key):
    page.locator(f".st-key-{key} button").click()


def heading(page, text):
    expect(page.locator("h1")).to_have_text(text, timeout=60_000)


def after(texts, guess):
    """The explanation of a guess, whatever numbers are in it."""
    plain = texts.after[guess].replace("*", "")
    return re.compile(".+".join(re.escape(part) for part in re.split(r"\{\w+\}", plain)))


def test_the_story_is_read_from_its_cover_to_the_end_without_a_single_guess(browser, address):
    page = open_page(browser, f"{address}/?language=en", 3)
    press(page, "begin_story")
    for number, scene in enumerate(SCENES, start=1):
        heading(page, scene.texts(EN).question)
        settle(page)
        assert page.locator("[data-testid=stException]").count() == 0
        if number < len(SCENES):
            press(page, "next")
    expect(page.locator(".st-key-next button")).to_have_count(0)
    press(page, "back")
    heading(page, SCENES[-2].texts(EN).question)
    page.get_by_role("radio", name=EN.story.cover).click()
    heading(page, EN.story.title)
    page.close()


@crossed(every=2, number=[1, 3, 2, 4, 5, 6, 7, 8])
def test_a_scene_is_predicted_run_and_explained_right_or_wrong(browser, address, number):
    texts = SCENES[number - 1].texts(EN)
    page = opened(browser, address, number, reduced_motion="reduce")
    for guess in ("a", RIGHT[number]):
        press(page, f"guess_{guess}")
        told = page.locator(".st-key-explanation")
        expect(told).to_contain_text(after(texts, guess), timeout=120_000)
        expect(told).to_contain_text(texts.guesses[guess])
        settle(page, 1)
        assert f"guess={guess}" in page.url
        press(page, "guess_again")
        expect(page.locator(".st-key-guess_a button")).to_be_visible()
    page.close()


@pytest.mark.slow
def test_another_run_is_played_at_once_and_a_reader_who_prefers_rest_sees_its_end(browser, address):
    still = opened(browser, address, 4, reduced_motion="reduce")
    expect(still.locator(".clock .now")).to_have_text("factor 10 of 10")
    still.close()
    page = opened(browser, address, 4)
    page.wait_for_function(
        """() => {
            const at = +document.querySelector('.clock .time').value;
            return 0 < at && at < 10;
        }"""
    )
    expect(page.locator(".clock .now")).to_have_text("factor 10 of 10", timeout=30_000)
    page.close()


@pytest.mark.slow
def test_the_walk_back_goes_factor_by_factor_without_the_server(browser, address):
    page = opened(browser, address, 4, reduced_motion="reduce")
    page.evaluate(COUNT_SENT)
    chart = page.locator("[data-testid=stVegaLiteChart]")

    def factors():
        page.evaluate(
            "() => new Promise(done => requestAnimationFrame(() => setTimeout(done, 80)))"
        )
        return sum(text.startswith("×") for text in chart.locator("svg text").all_text_contents())

    assert factors() == 10
    page.locator(".clock .time").fill("0")
    assert factors() == 0
    expect(page.locator(".caption .headline")).to_have_text(EN.scene_walk.all_of_it)
    for step in range(1, 4):
        page.locator(".clock .step").click()
        assert factors() == step
    expect(page.locator(".caption .sentence")).to_contain_text("layer 4")
    assert page.evaluate("window.sent") == 0
    page.close()


def test_the_line_is_turned_without_the_server_and_remembered_where_it_is_let_go(browser, address):
    page = opened(browser, address, 1, charts=2)
    dial = page.locator(".probe .dial input")
    page.evaluate(COUNT_SENT)
    dial.evaluate(
        "node => { node.value = 45; node.dispatchEvent(new Event('input', { bubbles: true })); }"
    )
    expect(page.locator("[data-testid=stVegaLiteChart] svg")).not_to_have_count(0)
    expect(
        page.locator("[data-testid=stVegaLiteChart] svg text", has_text="300 of 300")
    ).to_have_count(1)
    assert page.evaluate("window.sent") == 0
    dial.fill("33")
    page.wait_for_function("() => location.search.includes('told_turn=33')")
    url = page.url
    page.close()
    again = open_page(browser, url, 2)
    expect(again.locator(".probe .dial input")).to_have_value("33")
    again.close()


def test_a_myth_is_answered_and_its_run_is_one_click_away(browser, address):
    page = opened(browser, address, 1, charts=2)
    page.get_by_text(EN.scene_line.myth.claim).click()
    press(page, "belief_true")
    expect(page.get_by_text(EN.story.verdicts.false)).to_be_visible()
    press(page, "see_run")
    heading(page, EN.perceptron.title)
    page.wait_for_function("() => location.search.includes('line_part=line_rule')")
    page.close()


def test_taken_apart_a_scene_is_on_the_training_page(browser, address):
    page = opened(browser, address, 2)
    press(page, "apart")
    heading(page, EN.training.title)
    settle(page, 6)
    assert "activation=identity" in page.url
    assert "2.activation=tanh" in page.url
    page.close()


@crossed(every=2, mode=["", "&present=1"], size=[(390, 844), (1280, 720)])
def test_the_way_back_to_the_scene_is_at_the_top_of_what_it_opened(browser, address, mode, size):
    width, height = size
    viewport = {"width": width, "height": height}
    page = open_page(browser, f"{address}/?scene=4&language=en&guess=b{mode}", 1, viewport=viewport)
    press(page, "apart")
    back = page.locator(".st-key-back_to_scene button")
    expect(back).to_be_in_viewport()
    assert back.bounding_box()["y"] < height / 4
    expect(page).not_to_have_url(re.compile("scene"))
    back.click()
    heading(page, EN.scene_walk.question)
    page.wait_for_function("() => location.search.includes('guess=b')")
    page.close()


def test_the_browsers_back_leads_to_the_scene_before_and_to_the_cover(browser, address):
    page = open_page(browser, f"{address}/?language=en", 3)
    for scene, key in enumerate(("begin_story", "next"), start=1):
        press(page, key)
        expect(page).to_have_url(re.compile(f"scene={scene}"))  # written once a scene is drawn
    heading(page, SCENES[1].texts(EN).question)
    page.go_back()
    heading(page, SCENES[0].texts(EN).question)
    page.go_back()
    heading(page, EN.story.title)
    page.close()


def test_the_browsers_back_leads_from_a_scene_to_what_it_had_opened(browser, address):
    page = opened(browser, address, 4, "&guess=b")
    press(page, "apart")
    heading(page, EN.training.title)
    settle(page)
    press(page, "back_to_scene")
    heading(page, EN.scene_walk.question)
    expect(page).to_have_url(re.compile(r"/\?.*scene=4"))
    settle(page)
    page.go_back()
    heading(page, EN.training.title)
    page.close()


def test_the_next_scene_begins_at_its_top(browser, address):
    page = open_page(browser, f"{address}/?scene=4&language=en&guess=b", 1, viewport=PHONE)
    press(page, "next")
    heading(page, EN.scene_slopes.question)
    expect(page.locator("h1")).to_be_in_viewport()
    page.close()


@crossed(every=3, language=LANGUAGES, number=RIGHT)
def test_a_scene_fits_a_phone_before_and_after_its_guess(browser, address, number, language):
    def fits():
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert page.locator("[data-testid=stException]").count() == 0

    query = f"/?scene={number}&language={language}&guess=none&belief=seen"
    page = open_page(browser, address + query, 1, viewport=PHONE, reduced_motion="reduce")
    fits()
    press(page, "guess_seen")
    texts = SCENES[number - 1].texts(LANGUAGES[language].text)
    told = page.locator(".st-key-explanation")
    expect(told).to_contain_text(after(texts, "seen"), timeout=120_000)
    settle(page, 1)
    fits()
    page.close()


@crossed(every=2, language=LANGUAGES, number=[6, 3])
def test_a_projector_shows_what_was_learnt_and_the_error_in_every_layer_together(
    browser, address, number, language
):
    page = open_page(
        browser,
        f"{address}/?scene={number}&language={language}&present=1&guess=b",
        3,
        viewport={"width": 1280, "height": 720},
        reduced_motion="reduce",
    )
    texts = SCENES[number - 1].texts(LANGUAGES[language].text)
    expect(page.locator(".st-key-explanation")).to_contain_text(after(texts, "b"), timeout=120_000)
    settle(page, 3)
    bar = page.locator(".st-key-present_bar").bounding_box()
    charts = page.locator(".st-key-played [data-testid=stVegaLiteChart]").all()
    assert len(charts) == (3 if number == 3 else 6)
    for chart in charts:
        box = chart.bounding_box()
        assert box["y"] + box["height"] <= bar["y"]
    page.close()


def test_on_a_phone_the_question_comes_first_and_a_guess_leads_to_its_run(browser, address):
    page = opened(browser, address, 6, width=390)
    asked = page.locator(".st-key-asked")
    expect(asked).to_have_text(re.compile(re.escape(EN.scene_race.predict)))
    charts = page.locator(".st-key-played [data-testid=stVegaLiteChart]")
    assert asked.bounding_box()["y"] < charts.first.bounding_box()["y"]
    press(page, "guess_b")
    expect(page.locator(".st-key-explanation")).to_contain_text(
        after(EN.scene_race, "b"), timeout=120_000
    )
    assert 0 <= page.locator(".st-key-played").bounding_box()["y"] < 450
    page.close()
    page = opened(browser, address, 6)
    expect(page.locator(".st-key-asked")).to_be_hidden()
    page.close()


@pytest.mark.slow
def test_on_a_phone_the_six_networks_stand_in_two_rows(browser, address):
    for width, rows, least in ((390, 2, 100), (1440, 1, 100)):
        page = opened(browser, address, 3, width=width)
        chart = page.locator(".st-key-networks [data-testid=stVegaLiteChart]")
        boxes = [image.bounding_box() for image in chart.locator("svg image").all()]
        assert len(boxes) == 6
        assert len({round(box["y"]) for box in boxes}) == rows
        assert min(box["width"] for box in boxes) >= least
        under = page.locator(".st-key-played [data-testid=stCaptionContainer]").first
        assert 0 <= under.bounding_box()["y"] - max(b["y"] + b["height"] for b in boxes) < 80
        page.close()


def test_before_training_nothing_is_said_of_seeds_that_have_learnt(browser, address):
    page = opened(browser, address, 6, charts=3)
    captions = page.locator(".st-key-played .caption")
    expect(captions.first).to_contain_text(EN.sentences.before.split("{", maxsplit=1)[0])
    assert not any("seeds" in text for text in captions.all_text_contents())
    page.close()


@pytest.mark.slow
def test_what_a_scene_opens_is_compared_with_nothing(browser, address):
    page = opened(browser, address, 2)
    for scene in (2, 3):
        heading(page, SCENES[scene - 1].texts(EN).question)
        press(page, "apart")
        heading(page, EN.training.title)
        settle(page, 6)
        changed = EN.training.changed.split("{", maxsplit=1)[0]
        expect(page.get_by_text(changed)).to_have_count(0)
        press(page, "back_to_scene")
        heading(page, SCENES[scene - 1].texts(EN).question)
        settle(page)
        press(page, "next")
    page.close()


@pytest.mark.slow
def test_the_last_sentence_of_a_run_is_spoken(browser, address):
    page = opened(browser, address, 6, query="&guess=b", charts=6)
    expect(page.locator(".clock .now")).to_have_text("epoch 400 of 400", timeout=60_000)
    for caption in page.locator(".st-key-race .caption").all():
        told = caption.locator(".sentence").text_content()
        expect(caption.locator(".spoken")).to_have_text(re.compile(re.escape(told) + "$"))
    page.close()
