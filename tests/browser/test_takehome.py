"""A view that was taken home: opened from the disk, with the network switched off."""

import os
import re

import pytest
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from playwright.sync_api import expect

from tests.browser.drive import ARGUMENTS, open_page, settle, speaks
from tests.browser.install import system_chromium
from tests.crossing import crossed
from tools.font import FAMILY, FONTS

RUN = "lanes=2&2.activation=tanh&depth=2&epochs=60&samples=100"
EPOCHS = "nodes => nodes.map(node => +node.value)"


def taken(page, kind, path):
    """Open the popover, have the file prepared, save it."""
    page.get_by_role("button", name=re.compile("Share|共有")).click()
    page.locator(f".st-key-prepare_{kind} button").click()
    with page.expect_download() as download:
        page.locator(f"[class*=st-key-download_{kind}]").first.get_by_role("button").click()
    path = path / download.value.suggested_filename
    download.value.save_as(path)
    return path


@pytest.fixture(scope="module")
def files(browser, address, tmp_path_factory):
    """A view of the training page in both languages."""
    folder, found = tmp_path_factory.mktemp("home"), {}
    for language in ("en", "ja"):
        page = open_page(browser, f"{address}/training?{RUN}&language={language}", 6)
        (folder / language).mkdir()
        found[language] = taken(page, "page", folder / language)
        page.close()
    return found


@pytest.fixture
def at_home(browser):
    """Open a file without a network; nothing may be asked for but the file, nothing may fail."""
    contexts, problems = [], []

    def opened(path, charts, **context):
        contexts.append(browser.new_context(offline=True, **context))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
        page.on(
            "request",
            lambda r: None if r.url.startswith(("data:", "file:")) else problems.append(r.url),
        )
        page.goto(path.as_uri())
        expect(page.locator("figure svg.marks")).to_have_count(charts)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert problems == []


def test_it_plays_pauses_and_scrubs_all_charts_and_sentences_on_one_clock(files, at_home):
    page = at_home(files["en"], 6)
    expect(page.locator(".clock .now")).to_have_text("epoch 60 of 60")
    sentence = page.locator(".caption .sentence").first
    headline = page.locator(".caption .headline").nth(1)
    last = headline.inner_text()
    page.locator(".clock .time").fill("0")
    expect(headline).not_to_have_text(last)
    assert sentence.inner_text()
    page.locator(".clock .play").click()
    page.wait_for_function("() => +document.querySelector('.clock .time').value > 3")
    page.locator(".clock .time").fill("30")
    expect(page.locator(".clock .now")).to_have_text("epoch 30 of 60")
    inputs = page.eval_on_selector_all("input[type=range][name=epoch]", EPOCHS)
    assert inputs == [30] * 8  # six charts and two captions


def test_the_charts_really_show_the_clocks_epoch(files, at_home):
    page = at_home(files["en"], 6)
    rule = page.locator("figure").nth(2).locator(".mark-rule.role-mark line").last
    film = page.locator("figure").first.locator(".mark-image image")
    places, pictures = [], []
    for epoch in ("0", "30", "60"):
        page.locator(".clock .time").fill(epoch)
        page.wait_for_timeout(200)
        places.append(rule.bounding_box()["x"])
        pictures.append(film.bounding_box())
    assert places[0] < places[1] < places[2]
    assert pictures[0] != pictures[1] != pictures[2]


@crossed(language=["en", "ja"], width=[390, 1440])
def test_it_fits_its_window_and_says_in_words_what_each_chart_shows(
    files, at_home, language, width
):
    page = at_home(files[language], 6, viewport={"width": width, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    speaks(page, language)
    boxes = page.locator("figure svg.marks").evaluate_all(
        "nodes => nodes.map(node => node.getBoundingClientRect()).map(b => [b.left, b.right])"
    )
    assert all(left >= 0 and right <= width + 1 for left, right in boxes), boxes
    labels = page.locator("figure [role=graphics-document]").evaluate_all(
        "nodes => nodes.map(node => node.getAttribute('aria-label'))"
    )
    assert len(labels) == 6
    assert all(len(label) > 20 for label in labels)


@pytest.mark.slow
def test_dials_and_their_tables_come_along(browser, address, at_home, tmp_path):
    page = open_page(browser, f"{address}/activations?language=en", 2)
    path = taken(page, "page", tmp_path)
    charts = page.locator("[data-testid=stVegaLiteChart][role=graphics-document]").count()
    page.close()
    home = at_home(path, charts)
    dial, table = home.locator(".probe .dial input").first, home.locator(".probe table").first
    before = table.inner_text()
    dial.fill("10")
    assert table.inner_text() != before
    name = home.eval_on_selector_all(
        "figure input[type=range]", "nodes => nodes.filter(n => n.value === '10').length"
    )
    assert name >= 2


def test_nothing_is_prepared_before_it_is_asked_for_and_the_view_stays(browser, address, tmp_path):
    page = open_page(browser, f"{address}/training?{RUN}&language=en", 6)
    url = page.url
    path = taken(page, "script", tmp_path)
    assert "def train(seed)" in path.read_text("utf-8")
    assert page.url == url
    settle(page, 6)
    page.close()


# Japanese glyphs


@pytest.fixture(scope="module")
def bare(browser, tmp_path_factory):
    """A browser on a machine whose only font has no Japanese glyph."""
    folder = tmp_path_factory.mktemp("bare")
    font = TTFont(FONTS / "lesson-regular.ttf")
    options = Options(name_IDs=[])
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=range(32, 127))
    subsetter.subset(font)
    font["name"].names = []
    for number, text in ((1, "Plain"), (2, "Regular"), (4, "Plain"), (6, "Plain")):
        font["name"].setName(text, number, 3, 1, 0x409)
    (folder / "fonts").mkdir()
    font.save(folder / "fonts" / "plain.ttf")
    (folder / "fonts.conf").write_text(
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>'
        f"<dir>{folder / 'fonts'}</dir><cachedir>{folder / 'cache'}</cachedir></fontconfig>",
        "utf-8",
    )
    other = browser.browser_type.launch(
        executable_path=system_chromium(),
        args=ARGUMENTS,
        env={**os.environ, "FONTCONFIG_FILE": str(folder / "fonts.conf")},
    )
    yield other
    other.close()


SAME_BOX = """family => {
    const draw = letter => {
        const canvas = document.createElement("canvas");
        const pen = canvas.getContext("2d");
        pen.font = `40px ${family}`;
        pen.fillText(letter, 10, 60);
        return canvas.toDataURL();
    };
    return draw("誤") === draw("差");
}"""


def faces(page):
    return page.evaluate(
        "family => [...document.fonts].filter(f => f.family.includes(family)).map(f => f.status)",
        FAMILY,
    )


def test_on_a_machine_without_japanese_glyphs_the_pages_bring_them(bare, address):
    page = open_page(bare, f"{address}/training?{RUN}&language=ja", 6)
    page.wait_for_function("() => document.fonts.status === 'loaded'")
    assert faces(page) == ["loaded", "loaded"]
    assert page.evaluate(SAME_BOX, "Plain")  # or this machine would prove nothing
    chart = page.locator("[data-testid=stVegaLiteChart] svg text").first
    for element in (page.locator("h1"), chart):
        family = element.evaluate("node => getComputedStyle(node).fontFamily")
        assert not page.evaluate(SAME_BOX, family), family
    page.close()


@pytest.mark.slow
def test_an_english_page_does_not_fetch_them(bare, address):
    page = open_page(bare, f"{address}/activations?language=en", 2)
    assert faces(page) == ["unloaded", "unloaded"]
    page.close()


def test_a_file_taken_home_has_them_in_it(bare, files):
    page = bare.new_page(offline=True)
    page.goto(files["ja"].as_uri())
    expect(page.locator("figure svg.marks")).to_have_count(6)
    assert faces(page) == ["loaded", "loaded"]
    family = page.locator("h1").evaluate("node => getComputedStyle(node).fontFamily")
    assert not page.evaluate(SAME_BOX, family)
    page.close()
