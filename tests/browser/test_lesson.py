"""A whole live lesson: a projector and phones in both languages, each in its own browser."""

from __future__ import annotations

import re
from contextlib import contextmanager

import pytest

from pages import texts
from pages.ui.rooms.story.scenes import SCENES
from tests.browser.drive import expect, listening, open_page, serving, settle
from tests.crossing import few_of

T = {code: language.text for code, language in texts.LANGUAGES.items()}
EN, JA = T["en"], T["ja"]
PROJECTOR = {"viewport": {"width": 1280, "height": 720}, "locale": "en-US"}
PHONE = {"viewport": {"width": 390, "height": 844}}
SCENE = 4
WORDS = {code: SCENES[SCENE - 1].texts(t) for code, t in T.items()}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("lessons") / "lessons.db"


@pytest.fixture(scope="module")
def server(place):
    """A server whose lessons are these tests' own."""
    with serving(DASHBOARD_CLASSROOM=str(place)) as address:
        yield address


def press(page, key):
    page.locator(f".st-key-{key} button").click()


def opened(browser, server):
    """A teacher at the desk of a new lesson, and its code."""
    teacher = open_page(browser, f"{server}/classroom?class_part=class_live", **PROJECTOR)
    press(teacher, "open_lesson")
    expect(teacher.locator(".st-key-lesson_bar")).to_be_visible()
    settle(teacher)
    return teacher, re.search("class=([A-Z]{5})", teacher.url)[1]


def to_scene(teacher, number=SCENE, *, present=False):
    teacher.get_by_role("link", name=EN.live.begin).click()
    if present:
        expect(teacher.locator(".st-key-heading h1")).to_have_text(EN.story.title)
        settle(teacher)  # the keys are heard
        teacher.keyboard.press("PageDown")
        expect(teacher.locator(".st-key-heading h1")).to_have_text(SCENES[0].texts(EN).question)
    else:
        teacher.locator(f".st-key-scene_{number} button").click()
    expect(teacher.locator(".st-key-ask_guess button")).to_be_visible()
    settle(teacher)


def kept_secret(teacher, code):
    teacher.wait_for_function("code => sessionStorage.getItem(`lesson ${code}`)", arg=code)
    return teacher.evaluate("code => sessionStorage.getItem(`lesson ${code}`)", code)


@contextmanager
def heard(page):
    """All addresses that the page asks for, and all that its sockets send and receive."""
    said = []

    def socket(line):
        line.on("framesent", lambda data: said.append(str(data)))
        line.on("framereceived", lambda data: said.append(str(data)))

    with listening(page, request=lambda request: said.append(request.url), websocket=socket):
        yield said


def test_a_lesson_from_its_code_to_its_end(browser, server):
    teacher, code = opened(browser, server)
    english = open_page(browser, server, locale="en-US", color_scheme="dark", **PHONE)
    japanese = open_page(browser, f"{server}/?class={code}", locale="ja-JP", **PHONE)
    english.get_by_label(EN.live.code_field).fill(code.lower())
    english.keyboard.press("Enter")
    expect(english.locator(".st-key-lesson_strip")).to_contain_text(code)

    to_scene(teacher)  # the phones follow
    for phone, language in ((english, "en"), (japanese, "ja")):
        expect(phone.locator("h1")).to_have_text(WORDS[language].question)

    english.evaluate("window.stayed = true")
    press(teacher, "ask_guess")
    for phone, choice in ((english, 0), (japanese, 1)):
        press(phone, f"answer_{choice}")
    english.wait_for_timeout(3000)
    assert english.evaluate("window.stayed")  # a ballot is no empty page
    bar = teacher.locator(".st-key-lesson_bar")
    expect(bar).to_contain_text(EN.live.voted.format(voted=2, present=2).strip("· *"))
    expect(bar.locator("[data-testid=stVegaLiteChart]")).to_have_count(0)
    expect(japanese.locator(".st-key-ballot")).to_contain_text("B")

    press(teacher, "lesson_split")
    expect(bar.locator("[role=graphics-document]")).to_be_visible()
    expect(english.locator(".st-key-ballot")).to_contain_text(EN.live.discuss)
    press(teacher, "lesson_again")
    expect(english.locator(".st-key-answer_1 button")).to_be_enabled()
    press(english, "answer_1")
    press(japanese, "answer_1")
    expect(bar).to_contain_text(EN.live.voted.format(voted=2, present=2).strip("· *"))
    japanese.reload()  # a phone that slept
    expect(japanese.locator(".st-key-ballot")).to_contain_text(
        JA.live.voted_for.format(letter="B").replace("*", "")
    )
    press(teacher, "lesson_split")
    press(teacher, "lesson_run")
    for phone, language in ((english, "en"), (japanese, "ja")):
        expect(phone.locator(".st-key-explanation")).to_contain_text(WORDS[language].guesses["b"])
    expect(bar).to_contain_text(EN.live.moved.format(both=2, moved=1, share="50%"), timeout=20_000)

    english.locator(".st-key-next button").click()  # looks around, and comes back
    expect(english.locator("h1")).to_have_text(SCENES[SCENE].texts(EN).question)
    press(english, "come_back")
    expect(english.locator("h1")).to_have_text(WORDS["en"].question)

    press(teacher, "lesson_summary")
    expect(teacher.locator(".st-key-summary_1")).to_contain_text(WORDS["en"].predict)
    teacher.get_by_role("button", name=EN.live.end, exact=True).click()
    press(teacher, "end_now")
    for phone, t in ((english, EN), (japanese, JA)):
        expect(phone.get_by_text(t.live.gone.format(code=code))).to_be_visible()
        phone.close()
    teacher.close()


def test_the_secret_is_in_the_teachers_browser_and_in_no_address_nor_on_any_phone(browser, server):
    teacher, code = opened(browser, server)
    secret = kept_secret(teacher, code)
    other = open_page(browser, server, **PHONE)
    with heard(other) as said:
        other.goto(f"{server}/?class={code}")
        expect(other.locator(".st-key-lesson_strip")).to_be_visible()
        settle(other)
    assert said
    assert not any(secret in line for line in said)
    assert secret not in other.content()
    assert secret not in teacher.url
    assert secret not in teacher.content()

    teacher.reload()  # the tab has kept it
    expect(teacher.locator(".st-key-show_code")).to_be_visible()
    later = open_page(browser, server, **PROJECTOR)  # another machine, after a crash
    with heard(later) as said:
        later.goto(f"{server}/?class={code}&desk=1#{secret}")
        expect(later.locator(".st-key-show_code")).to_be_visible()
    assert secret not in later.url
    requests = [line for line in said if line.startswith("http")]
    assert requests
    assert not any(secret in line for line in requests)
    for page in (teacher, other, later):
        page.close()


def test_without_the_secret_the_desk_opens_for_nobody_and_a_phone_may_take_part(browser, server):
    teacher, code = opened(browser, server)
    for ending in ("", "#", f"#{'x' * 27}", "#<script>"):
        phone = open_page(browser, server, locale="en-US", **PHONE)
        phone.goto(f"{server}/?class={code}&desk=1{ending}")
        expect(phone.get_by_text(EN.live.not_the_teacher)).to_be_visible()
        expect(phone.locator(".st-key-show_code")).to_have_count(0)
        press(phone, "join_as_phone")
        expect(phone.locator(".st-key-lesson_strip")).to_contain_text(code)
        expect(phone).not_to_have_url(re.compile("desk"))
        phone.close()
    teacher.close()


def test_a_link_that_is_shared_gives_nobody_the_seat_of_another(browser, server):
    teacher, code = opened(browser, server)
    phone = open_page(browser, f"{server}/?class={code}", locale="en-US", **PHONE)
    phone.evaluate(
        "() => { navigator.clipboard.writeText = async text => { window.copied = text; }; }"
    )
    phone.locator(".st-key-share button").first.click()
    phone.get_by_role("button", name=EN.common.copy_link).click()
    copied = phone.wait_for_function("() => window.copied").json_value()
    assert not re.search("class=|voter=|desk=", copied)
    assert "voter=" in phone.url
    phone.close()
    teacher.close()


@pytest.mark.parametrize("mode", few_of(["&present=1", ""]))
def test_the_code_is_seen_whole_on_a_projector(browser, server, mode):
    teacher = open_page(browser, f"{server}/classroom?class_part=class_live{mode}", **PROJECTOR)
    press(teacher, "open_lesson")
    expect(teacher.locator(".st-key-qr img")).to_be_visible()
    settle(teacher)
    parts = [teacher.locator(".st-key-qr img").bounding_box()]
    to_scene(teacher, present=bool(mode))
    press(teacher, "show_code")
    dialog = teacher.get_by_role("dialog")
    expect(dialog.locator("img")).to_be_visible()
    settle(teacher)
    said = [dialog.locator(part).last for part in ("img", ".st-key-qr_code p", "p strong")]
    parts += [part.bounding_box() for part in said]
    for box in parts:
        assert box["height"] > 20
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= PROJECTOR["viewport"]["height"]
    teacher.close()


def test_nothing_is_wider_than_a_phone_or_a_projector(browser, server):
    teacher, code = opened(browser, server)
    to_scene(teacher)
    press(teacher, "ask_own")
    long = "W" * 80
    teacher.get_by_role("textbox", name=EN.live.own_title, exact=True).fill("word " * 39)
    for letter in "ABCD":
        teacher.get_by_label(EN.live.own_answer.format(letter=letter)).fill(long)
    teacher.get_by_test_id("stBaseButton-primaryFormSubmit").click()
    phone = open_page(browser, f"{server}/?class={code}", locale="ja-JP", **PHONE)
    expect(phone.locator(".st-key-answer_3 button")).to_be_visible()
    for page in (teacher, phone):
        assert page.evaluate(
            "() => document.querySelector('[data-testid=stMain]').scrollWidth <= innerWidth"
        )
        page.close()
