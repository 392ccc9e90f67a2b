"""The classroom in a real browser: presenter mode, its keys, links, the QR code, the print-out."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from pages import texts
from pages.ui.rooms.story.scenes import SCENES
from tests.browser.drive import open_page, settle, speaks
from tests.browser.test_pages import WIDTHS
from tests.crossing import crossed, few_of

PROJECTOR = {"width": 1280, "height": 720}
T = {code: language.text for code, language in texts.LANGUAGES.items()}
READ = 22
"""Pixels of running text on a projector of 720 lines: a thirtieth of its height, and more."""
every_language = pytest.mark.parametrize("language", few_of(texts.LANGUAGES))
DERIVATIVES = "/derivatives?present=1"


def query(page):
    return {key: values[0] for key, values in parse_qs(urlsplit(page.url).query).items()}


def at_scene(page, number):
    expect(page).to_have_url(
        re.compile(rf"[?&]scene={number}(&|$)" if number else r"^[^?]*\?(?!.*scene=)")
    )
    settle(page)


def sizes(page, selector):
    """The sizes in pixels of the visible text of these elements."""
    return page.eval_on_selector_all(
        selector,
        """nodes => nodes.filter(n => n.getClientRects().length && n.textContent.trim())
            .map(n => parseFloat(getComputedStyle(n).fontSize))""",
    )


@pytest.fixture
def projector(browser, address):
    """Opens a path on a projector; closes what it has opened."""
    opened = []

    def show(path, charts=0):
        link = address + path
        page = open_page(browser, link, charts, viewport=PROJECTOR, reduced_motion="reduce")
        opened.append(page)
        expect(page.locator(".present .next")).not_to_be_empty()  # the keys listen from here on
        return page

    yield show
    for page in opened:
        page.close()


@crossed(every=2, language=texts.LANGUAGES, path=["/?scene=5&present=1", DERIVATIVES])
def test_a_projector_shows_type_and_lines_that_the_last_row_can_read(projector, path, language):
    page = projector(f"{path}&language={language}", charts=1)
    speaks(page, language)
    assert min(sizes(page, "[data-testid=stMainBlockContainer] .stMarkdown p")) >= READ
    assert min(sizes(page, "h1")) >= 1.3 * READ
    marks = page.locator("[data-testid=stVegaLiteChart] svg .role-axis-label text")
    ticks = sizes(page, "[data-testid=stVegaLiteChart] svg .role-axis-label text")
    assert marks.count() > 4
    assert min(ticks) >= 18
    widths = page.eval_on_selector_all(
        "[data-testid=stVegaLiteChart] svg .mark-line path",
        "nodes => nodes.map(n => +n.getAttribute('stroke-width')).filter(Boolean)",
    )
    assert widths
    assert max(widths) >= 3.5
    assert page.evaluate("document.documentElement.scrollWidth") <= PROJECTOR["width"]
    for gone in ("[data-testid=stHeader]", "[data-testid=stSidebar]", ".st-key-actions"):
        for node in page.locator(gone).all():
            expect(node).to_be_hidden()


def test_keys_buttons_and_clickers_turn_the_scenes_and_the_mode_stays_in_the_link(projector):
    page = projector("/?scene=1&present=1")
    page.keyboard.press("ArrowRight")
    at_scene(page, 2)
    page.keyboard.press("PageDown")
    at_scene(page, 3)
    page.keyboard.press("PageUp")
    at_scene(page, 2)
    page.locator(".present .next").click()
    at_scene(page, 3)
    page.locator(".present .back").click()
    at_scene(page, 2)
    page.keyboard.press("ArrowLeft")
    at_scene(page, 1)
    assert query(page)["present"] == "1"
    assert page.locator(".present .place").inner_text() == f"Scene 1 of {len(SCENES)}"


def test_a_guess_does_not_go_on_to_the_next_scene(projector):
    page = projector("/?scene=1&present=1&guess=a")
    page.keyboard.press("ArrowRight")
    at_scene(page, 2)
    assert "guess" not in query(page)


@pytest.mark.slow
def test_after_the_last_scene_there_is_no_next_and_before_the_cover_no_back(projector):
    page = projector(f"/?scene={len(SCENES)}&present=1")
    expect(page.locator(".present .next")).to_be_disabled()
    page = projector("/?present=1")
    expect(page.locator(".present .back")).to_be_disabled()


@pytest.mark.slow
def test_from_another_page_the_keys_lead_back_into_the_story(projector):
    page = projector(f"{DERIVATIVES}&scene=4", charts=1)
    page.keyboard.press("PageUp")
    at_scene(page, 4)
    assert query(page)["present"] == "1"
    assert urlsplit(page.url).path == "/"


def test_the_keys_rest_while_a_number_is_typed_or_a_dial_is_moved(projector):
    page = projector("/?scene=4&present=1&notes=1")
    field = page.locator(".present .vote input").first
    field.fill("1")
    field.press("ArrowRight")
    field.press("n")
    field.press("0")
    expect(page.locator(".present .notes_drawer")).to_be_visible()
    assert query(page)["scene"] == "4"


def test_the_notes_are_put_away_until_one_key_brings_them(projector):
    page = projector("/?scene=3&present=1")
    drawer = page.locator(".present .notes_drawer")
    expect(drawer).to_be_hidden()
    page.keyboard.press("n")
    expect(drawer).to_be_visible()
    for sentence in vars(T["en"].lesson.notes.deeper).values():
        expect(drawer).to_contain_text(sentence)
    page.keyboard.press("ArrowRight")
    at_scene(page, 4)
    expect(drawer).to_contain_text(T["en"].lesson.notes.walk.say)
    page.keyboard.press("n")
    expect(drawer).to_be_hidden()


@pytest.mark.slow
def test_an_open_drawer_is_a_third_of_the_screen_and_the_picture_scrolls_clear_of_it(projector):
    page = projector("/?scene=6&present=1&notes=1&guess=c", charts=6)
    drawer = page.locator(".present .notes_drawer").bounding_box()
    assert drawer["height"] <= PROJECTOR["height"] / 3 + 1
    ends = page.evaluate(
        """() => {
            document.querySelector('[data-testid=stMain]').scrollTo(0, 1e6);
            const ends = node => node.getBoundingClientRect().bottom;
            const seen = '[data-testid=stVegaLiteChart], .st-key-apart';
            return Math.max(...[...document.querySelectorAll(seen)].map(ends));
        }"""
    )
    assert ends <= drawer["y"]


def test_the_notes_in_a_window_of_their_own_follow_the_scenes_and_turn_them(projector):
    page = projector("/?scene=3&present=1&notes=1")
    with page.expect_popup() as opened:
        page.keyboard.press("w")
    own = opened.value
    expect(own.locator("h2")).to_have_text(f"Scene 3 of {len(SCENES)}")
    for sentence in vars(T["en"].lesson.notes.deeper).values():
        expect(own.locator("body")).to_contain_text(sentence)
    expect(page.locator(".present .notes_drawer")).to_be_hidden()
    own.keyboard.press("PageDown")
    at_scene(page, 4)
    expect(own.locator("body")).to_contain_text(T["en"].lesson.notes.walk.say)
    page.locator(".st-key-apart button").click()
    expect(own.locator("body")).to_contain_text(T["en"].lesson.pages.training.say)
    with own.expect_event("close"):
        page.locator(".present .leave").click()


def test_notes_that_are_asked_for_later_are_those_of_the_scene_on_the_screen(projector):
    page = projector("/?scene=3&present=1")
    page.keyboard.press("PageUp")
    at_scene(page, 2)
    expect(page.locator(".present .place")).to_have_text(f"Scene 2 of {len(SCENES)}")
    with page.expect_popup() as opened:
        page.keyboard.press("w")
    expect(opened.value.locator("h2")).to_have_text(f"Scene 2 of {len(SCENES)}")


def test_the_next_scene_begins_at_its_top(projector):
    page = projector("/?scene=2&present=1", charts=2)
    main = page.locator("[data-testid=stMain]")
    main.evaluate("node => node.scrollTo(0, 1e6)")
    assert main.evaluate("node => node.scrollTop") > 0
    page.keyboard.press("PageDown")
    at_scene(page, 3)
    assert main.evaluate("node => node.scrollTop") == 0


@crossed(every=3, language=texts.LANGUAGES, scene=range(1, len(SCENES) + 1))
def test_a_projector_shows_every_picture_of_a_scene_whole(projector, scene, language):
    for guess in ("", "&guess=seen"):
        page = projector(f"/?scene={scene}&present=1&language={language}{guess}", charts=1)
        speaks(page, language)
        expect(page.get_by_text(T[language].story.running)).to_have_count(0, timeout=240_000)
        settle(page, 1)
        charts = page.locator("[data-testid=stVegaLiteChart]")
        bar = page.locator(".present .bar").bounding_box()["y"]
        assert (
            max(box["y"] + box["height"] for c in charts.all() if (box := c.bounding_box())) <= bar
        )


def test_where_the_browser_allows_no_window_a_sentence_says_so_and_the_notes_are_there(projector):
    page = projector("/?scene=3&present=1")
    page.evaluate("window.open = () => null")
    page.keyboard.press("w")
    expect(page.locator(".present .blocked")).to_have_text(T["en"].classroom.bar.blocked)
    expect(page.locator(".present .notes_drawer")).to_contain_text(T["en"].lesson.notes.deeper.say)


@every_language
def test_a_term_of_the_glossary_is_shown_by_a_key_and_a_clicker_goes_on(projector, language):
    page = projector(f"/?scene=3&present=1&language={language}")
    speaks(page, language)
    term = T[language].glossary.dead
    page.keyboard.press("g")
    page.locator(".present .terms").select_option(term.term)
    expect(page.locator(".present .meaning")).to_have_text(term.meaning.replace("*", ""))
    page.keyboard.press("PageDown")
    at_scene(page, 4)
    expect(page.locator(".present .meaning")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".present .meaning")).to_be_hidden()


def test_the_letters_of_a_term_find_it_and_turn_nothing(projector):
    page = projector("/?scene=3&present=1")
    page.keyboard.press("g")
    page.keyboard.type("sig")
    expect(page.locator(".present .meaning")).to_have_text(T["en"].glossary.sigmoid.meaning)
    assert query(page)["scene"] == "3"


def test_a_link_can_open_the_notes_for_a_screen_of_the_teachers_own(projector):
    page = projector("/?scene=3&present=1&notes=1&language=ja")
    expect(page.locator(".present .notes_drawer")).to_contain_text(T["ja"].lesson.notes.deeper.ask)


@pytest.mark.slow
def test_a_show_of_hands_stays_in_sight_after_the_run(projector):
    page = projector("/?scene=2&present=1&notes=1")
    for field, count in zip(page.locator(".present .vote input").all(), (12, 7, 3), strict=True):
        field.fill(str(count))
    votes = page.locator(".present .votes")
    expect(votes).to_have_text("A 12 · B 7 · C 3")
    page.locator(".st-key-guess_a button").dispatch_event("click")
    expect(page).to_have_url(re.compile("guess=a"))
    settle(page)
    expect(votes).to_have_text("A 12 · B 7 · C 3")


@pytest.mark.slow
def test_one_key_brings_back_what_the_link_opened(projector):
    page = projector("/?scene=2&present=1&notes=1&language=ja")
    page.locator(".present .vote input").first.fill("9")
    page.locator(".st-key-guess_a button").dispatch_event("click")
    expect(page).to_have_url(re.compile("guess=a"))
    page.keyboard.press("Escape")
    page.evaluate("document.activeElement.blur()")
    page.locator(".present .next").click()
    at_scene(page, 3)
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("0")
    at_scene(page, 2)
    assert query(page) == {"scene": "2", "present": "1", "notes": "1", "language": "ja"}
    expect(page.locator(".present .votes")).to_have_text("")


def test_the_mode_survives_another_language_and_can_be_left(projector):
    page = projector("/?scene=2&present=1")
    page.locator(".st-key-language").get_by_role("combobox").click()
    page.get_by_role("option", name="日本語").click()
    speaks(page, "ja")
    settle(page)
    assert query(page)["present"] == "1"
    page.locator(".present .leave").click()
    expect(page.locator(".present")).to_have_count(0)
    expect(page.locator("[data-testid=stHeader]")).to_be_visible()
    assert "present" not in query(page)
    assert query(page)["scene"] == "2"


def test_the_controls_of_a_page_come_with_a_key_and_go_again(projector):
    page = projector(DERIVATIVES, charts=1)
    sidebar = page.locator("[data-testid=stSidebar]")
    expect(sidebar).to_be_hidden()
    page.keyboard.press("s")
    expect(sidebar).to_be_visible()
    page.keyboard.press("s")
    expect(sidebar).to_be_hidden()


def test_a_link_leaves_the_class_only_the_controls_that_it_names(browser, address):
    page = open_page(
        browser,
        f"{address}/training?lanes=1&epochs=3&show=rate,width",
        charts=2,
        viewport={"width": 1440, "height": 900},
    )
    sidebar = page.locator("[data-testid=stSidebar]")
    expect(sidebar.locator(".st-key-rate").first).to_be_visible()
    expect(sidebar.locator(".st-key-depth").first).to_be_hidden()
    expect(sidebar.locator(".st-key-width")).to_be_visible()
    expect(sidebar.locator(".st-key-activation")).to_be_hidden()
    expect(page.locator(".st-key-presets")).to_be_hidden()
    page.goto(f"{address}/training?lanes=1&epochs=3&show=none")
    settle(page, 2)
    expect(page.locator("[data-testid=stSidebar]")).to_be_hidden()
    page.close()


def test_the_link_that_is_built_opens_what_its_sentence_says(browser, address):
    page = open_page(
        browser,
        f"{address}/classroom?link_to=training&link_state=3&link_mode=present&link_language=ja",
        viewport={"width": 1440, "height": 900},
    )
    link = page.locator("[data-testid=stCode] code").first.inner_text()
    assert link.startswith(f"{address}/training?v=1&")
    page.goto(link)
    speaks(page, "ja")
    settle(page, 2)
    expect(page.locator(".present")).to_be_visible()
    expect(page.get_by_text(T["ja"].training.preset_notes.layers)).to_be_visible()
    assert page.get_by_text(T["ja"].common.damaged[:6]).count() == 0
    page.close()


def test_the_code_can_be_shown_as_high_as_the_window(browser, address):
    page = open_page(browser, f"{address}/classroom", viewport=PROJECTOR)
    page.locator(".st-key-qr_large_button button").click()
    picture = page.locator(".st-key-qr_large img")
    expect(picture).to_be_visible()
    page.wait_for_function(
        "document.querySelector('.st-key-qr_large img').getBoundingClientRect().height > 100"
    )
    box = picture.bounding_box()
    assert box["height"] >= 520
    assert abs(box["x"] + box["width"] / 2 - PROJECTOR["width"] / 2) < 2
    assert box["y"] >= 0
    assert box["y"] + box["height"] <= PROJECTOR["height"]
    page.close()


@every_language
def test_only_the_paper_is_printed_and_the_answers_begin_a_page(browser, address, language):
    page = open_page(
        browser,
        f"{address}/classroom?class_part=class_sheet&class_answers=1&language={language}",
        viewport={"width": 1000, "height": 900},
    )
    page.emulate_media(media="print")
    expect(page.get_by_text(T[language].lesson.questions.q1.ask[:30])).to_be_visible()
    for own in ("[data-testid=stHeader]", ".st-key-heading", ".st-key-class_tools"):
        expect(page.locator(own).first).to_be_hidden()
    breaks = "node => getComputedStyle(node).breakBefore"
    assert page.locator(".st-key-class_answers_page").evaluate(breaks) == "page"
    assert page.locator(".st-key-class_sheet_page h2").evaluate(breaks) == "page"
    white = page.locator(".st-key-class_paper").evaluate(
        "node => getComputedStyle(node).backgroundColor"
    )
    assert white == "rgb(255, 255, 255)"
    answer = T[language].lesson.questions.q2.answer
    expect(page.get_by_text(answer[:20])).to_be_visible()
    page.close()


def test_the_plan_is_printed_whole_and_the_button_opens_the_dialog(browser, address):
    page = open_page(
        browser,
        f"{address}/classroom?class_part=class_plan",
        viewport={"width": 1000, "height": 900},
    )
    page.evaluate("window.print = () => { window.printed = true; }")
    page.locator(".print button").click()
    assert page.evaluate("window.printed")
    page.emulate_media(media="print")
    paper = page.locator(".st-key-class_paper")
    assert paper.bounding_box()["height"] > 1500
    assert page.evaluate("getComputedStyle(document.querySelector('.stApp')).overflow") == "visible"
    page.close()


@crossed(
    language=texts.LANGUAGES,
    part=["class_links", "class_plan", "class_sheet", "class_offline"],
)
def test_every_part_keeps_within_its_columns(browser, address, part, language):
    page = open_page(
        browser,
        f"{address}/classroom?class_part={part}&language={language}&class_answers=1",
        viewport={"width": 1440, "height": 900},
    )
    speaks(page, language)
    assert page.locator("h1").first.inner_text() == T[language].classroom.title
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_function(
            "width => document.documentElement.scrollWidth <= width", arg=width, timeout=30_000
        )
    assert page.locator("[data-testid=stException]").count() == 0
    page.close()
