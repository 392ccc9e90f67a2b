"""A recording in a real browser: chosen, seen on the clock, refused where it is none, rebuilt."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from pages import texts
from pages.files.recordings import example
from pages.ui.widgets.recorders import RECORDERS
from tests.browser.drive import open_page, settle
from tests.crossing import few_of
from tests.pages.files.test_columns import STRANGE
from tests.pages.files.test_logs import CSV, EVENTS

T = texts.LANGUAGES["en"].text.own
EVIL = "<img src=x onerror=window.evil=1>.jsonl"


@pytest.fixture
def page(browser, address):
    page = open_page(browser, f"{address}/own?language=en", 7)
    yield page
    page.close()


def bring(page, content, name):
    """Open the fold and choose a file."""
    page.get_by_test_id("stExpander").first.click()
    expect(page.get_by_test_id("stFileUploader")).to_be_visible()
    page.locator("input[type=file]").first.set_input_files(
        {"name": name, "mimeType": "text/plain", "buffer": content}
    )


@pytest.mark.parametrize(
    ("content", "charts"),
    [(example("dying_relu"), 8), (CSV.encode(), 2), (EVENTS, 2)],
    ids=["recording", "CSV", "TensorBoard"],
)
def test_a_file_is_shown_and_the_link_holds_its_fingerprint(page, content, charts):
    bring(page, content, EVIL)
    expect(page).to_have_url(re.compile(r"own_recording=[0-9a-f]{16}"))
    settle(page, charts)
    expect(page.get_by_text("recorded steps.")).to_be_visible()
    expect(page.get_by_text(EVIL)).to_be_visible()
    assert page.evaluate("window.evil") is None
    page.get_by_test_id("stBaseButton-tertiary").filter(has_text=T.remove).click()
    expect(page).not_to_have_url(re.compile("own_recording"))


def test_what_is_no_recording_gets_one_sentence_and_the_page_stays(page):
    bring(page, b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "a.png")
    expect(page.get_by_test_id("stAlert")).to_have_count(1)
    settle(page, 4)
    assert page.get_by_text("Traceback").count() == 0


def test_the_clock_moves_the_error(page):
    clock = page.locator("input[type=range]").first
    clock.press("Home")
    expect(page.locator(".stVegaLiteChart").nth(1).get_by_text("step 0")).to_be_visible()


BANDS = """() => [...document.querySelector('.stVegaLiteChart').querySelectorAll(
    '.mark-rect path[fill^=rgba]')].map(band => [band.getAttribute('fill'),
    ...['x', 'y'].map(side => Math.round(band.getBoundingClientRect()[side]))])"""


def test_the_blocks_follow_the_clock_without_the_server(page):
    now = page.evaluate(BANDS)
    assert len(now) == 9
    page.locator("input[type=range]").first.press("Home")
    page.wait_for_function(f"now => ({BANDS})()[0][0] !== now", arg=now[0][0])
    then = page.evaluate(BANDS)
    assert [place for _, *place in then] == [place for _, *place in now]


def test_the_blocks_wrap_on_a_phone(page):
    rows = []
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(1_000)
        rows.append(len({y for _, _, y in page.evaluate(BANDS)}))
        box = page.locator(".stVegaLiteChart svg").first.bounding_box()
        assert box["width"] <= width
    assert rows == [1, 3]


@pytest.mark.parametrize("one", few_of(RECORDERS.values()), ids=RECORDERS)
def test_a_recorder_can_be_downloaded(page, one):
    page.get_by_test_id("stExpander").first.click()
    settle(page)
    page.get_by_role("tab", name=one.framework).click()
    with page.expect_download() as download:
        # by key: code that is still being coloured moves the button away under the pointer
        page.get_by_role("button", name=T.download.format(file=one.file)).press("Enter")
    assert download.value.suggested_filename == one.file


def test_the_network_is_rebuilt_in_the_laboratory(page):
    page.get_by_role("button", name=T.rebuild).click()
    expect(page).to_have_url(re.compile(r"/training\?.*depth=8"))
    settle(page, 3)


@pytest.mark.slow
@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_columns_with_strange_names_are_corrected(browser, address, language):
    words = texts.LANGUAGES[language].text.own.columns
    page = open_page(browser, f"{address}/own?language={language}", 7)
    bring(page, STRANGE, "strange.csv")
    expect(page.get_by_text(words.none)).to_be_visible()
    for columns, quantity in (
        (["3. g_L1", "4. g_L2"], "gradient"),
        (["6. d_L1", "7. d_L2"], "delta"),
    ):
        for column in columns:
            page.wait_for_timeout(500)  # a list that is opened while the page is drawn closes again
            box = page.get_by_test_id("stMultiSelect").locator("input")
            box.press_sequentially(column)
            box.press("Enter")
            settle(page)
        page.wait_for_timeout(500)
        page.locator(".st-key-own_quantity input").press("ArrowDown")
        page.get_by_role("option", name=words.quantities[quantity], exact=True).click()
        settle(page)
        page.get_by_role("button", name=words.apply).click()
        settle(page)
    settle(page, 2)
    expect(page.get_by_text(words.none)).to_have_count(0)
    page.close()
