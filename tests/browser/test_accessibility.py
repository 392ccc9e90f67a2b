"""Everybody can read and use every page: axe-core, an engine of accessibility rules, finds nothing
serious on any of them.

And what such an engine cannot find: that the keyboard reaches and works our own parts, that the
focus can be seen, and that nothing runs like a film for a reader who has asked for less motion.
"""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from pages import texts
from pages.ui.rooms.story.scenes import SCENES
from tests.browser.drive import open_page, settle
from tests.browser.test_pages import PAGES
from tests.browser.visits import DESK, READERS, joined, visits
from tests.crossing import few_of

ADDRESSES = {
    **PAGES,
    "own data": "/training?lanes=1&epochs=20&file=0123456789abcdef",
    "instruments": "/training?lanes=2&2.activation=tanh&depth=2&epochs=20&tool=why",
    "comparison": "/training?lanes=1&depth=2&epochs=20&tool=compare",
    "worksheet": "/byhand?hand_part=hand_sheet",
    "chain": "/byhand?hand_part=hand_chain",
    "fold": "/perceptron?line_part=line_fold",
    "classroom": "/classroom",
    "lesson plan": "/classroom?class_part=class_plan",
    "presenter mode": "/?scene=1&present=1&notes=1",
    **{f"scene {n}": f"/?scene={n}&guess=b&belief=half" for n in range(1, len(SCENES) + 1)},
}
"""What is looked at, by name; to add a page, a scene or a part, add its address."""
STREAMLITS_OWN = {"exclude": [["[data-testid=stSidebarNav]"]]}
"""Not looked at: on a phone Streamlit puts elements between the list of pages and its items."""
SCROLLERS = ('data-testid="stPopoverBody"', "katex-display")
"""Frames in which Streamlit lets long things scroll, without a tab stop; the browsers of today give
such a frame one by themselves."""
GRAVE = {"serious", "critical"}
ALSO = {"heading-order"}
"""Rules whose findings axe calls moderate, and which are kept all the same."""
ONE = "/training?lanes=1&depth=2&epochs=60&samples=100&language=en"
RESTS = """() => !document.querySelector('[data-stale=true]')
    && ![...document.querySelectorAll('.stBidiComponent button')]
        .some(button => button.checkVisibility() && !button.textContent && !button.ariaLabel)
    && document.documentElement.getAnimations({subtree: true})
        .every(animation => animation.playState !== 'running')"""


def findings(page):
    """What axe finds that is serious or critical: rule, place, and what to do."""
    page.wait_for_function(RESTS, timeout=60_000)  # what is being redrawn is pale
    return [
        (rule["id"], node["html"][:200], node["failureSummary"])
        for rule in Axe().run(page, STREAMLITS_OWN).response["violations"]
        if rule["impact"] in GRAVE or rule["id"] in ALSO
        for node in rule["nodes"]
        if not (rule["id"] == "scrollable-region-focusable" and scrolls_by_itself(node["html"]))
    ]


def scrolls_by_itself(html):
    return any(frame in html for frame in SCROLLERS)


def visit(browser, address, language, charts=0, **context):
    link = joined(address, language)
    return open_page(browser, link, charts, color_scheme=READERS[language], **context)


@visits(ADDRESSES, always=PAGES)
def test_no_page_has_a_serious_finding_in_english_by_day_nor_in_japanese_by_night(visited):
    visited.page.set_viewport_size(DESK)
    assert visited.page.locator("html").get_attribute("lang") == visited.language
    assert findings(visited.page) == []


@pytest.mark.parametrize("language", few_of(texts.LANGUAGES))
def test_neither_has_one_on_a_phone(browser, address, language):
    size = {"width": 390, "height": 844}
    page = visit(browser, address + ONE.split("&language")[0], language, 3, viewport=size)
    assert findings(page) == []
    page.close()


@pytest.mark.parametrize("language", few_of(texts.LANGUAGES))
def test_what_is_folded_has_none_when_it_is_opened(browser, address, language):
    t = texts.LANGUAGES[language].text
    page = visit(browser, address + ONE.split("&language")[0], language, 3)
    page.locator(".st-key-trust summary").click()
    settle(page, 4)
    page.get_by_text(t.training.more_settings).click()
    expect(page.get_by_test_id("stTab").first).to_be_visible()
    settle(page, 4)
    assert findings(page) == []
    for button in page.get_by_test_id("stPopoverButton").all():
        button.click()
        expect(page.get_by_test_id("stPopoverBody")).to_be_visible()
        settle(page, 4)
        assert findings(page) == []
        page.keyboard.press("Escape")
        expect(page.get_by_test_id("stPopoverBody")).to_have_count(0)
    page.close()


# --- keyboard and focus ------------------------------------------------------------------------

PARTS = {
    ".clock .play": ONE,
    ".clock .time": ONE,
    ".stepper .on": "/byhand?language=en",
    ".stepper .dial": "/byhand?language=en",
    ".probe .dial input": "/derivatives?language=en",
    ".drawing [tabindex='0']": "/digits?language=en",
    ".st-key-trust summary": ONE,
}
RING = """node => { const style = getComputedStyle(node);
    return (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2)
        || style.boxShadow !== 'none'; }"""


@pytest.mark.parametrize("part", few_of(PARTS, 3))
def test_the_tab_key_reaches_a_part_and_shows_where_it_is(browser, address, part):
    page = open_page(browser, address + PARTS[part], 1, viewport={"width": 1440, "height": 900})
    node = page.locator(part).first
    node.wait_for()
    page.wait_for_function(RESTS, timeout=60_000)
    for _ in range(150):
        page.keyboard.press("Tab")
        if node.evaluate("node => node === document.activeElement"):
            break
    else:
        raise AssertionError(f"the tab key does not reach {part}")
    assert node.evaluate(RING)
    page.close()


def test_the_check_of_the_gradients_unfolds_by_keyboard(browser, address):
    page = open_page(browser, address + ONE, 3)
    page.locator(".st-key-trust summary").focus()
    page.keyboard.press("Enter")
    settle(page, 4)
    expect(page.locator(".st-key-trust table")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator(".st-key-trust table")).to_have_count(0)
    page.close()


# --- motion ------------------------------------------------------------------------------------

PICTURES = """() => new Promise(done => {
    const seen = new Set(), time = document.querySelector('.clock .time');
    document.querySelector('.clock .restart').click();
    const look = () => {
        seen.add(time.value);
        if (+time.value >= +time.max) done([...seen].map(Number)); else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
})"""


@pytest.mark.parametrize("wish", few_of(["reduce", "no-preference"]))
def test_the_clock_shows_stills_to_whoever_asks_for_less_motion(browser, address, wish):
    page = open_page(browser, address + ONE, 3, reduced_motion=wish)
    shown = sorted(page.evaluate(PICTURES))
    assert shown[0] == 0
    assert shown[-1] == 60
    if wish == "reduce":  # 60 epochs at 33 a second: a still at 0, 600, 1200 and 1800 milliseconds
        assert len(shown) <= 5
    else:
        assert len(shown) > 5
    page.close()
