"""A visitor's own files in a real browser: chosen from the disk, linked to, and shown as text."""

import random
import re

import pytest
from playwright.sync_api import expect

from tests.browser.drive import open_page, settle
from tests.crossing import few_of

ONE = "/training?lanes=1&activation=tanh&depth=2&rate=0.5&epochs=40&language=en"
EVIL = (
    "<img src=x onerror=window.evil=1>",
    "<script>window.evil=1</script>",
    "![x](https://evil.example/x.png)",
)


def rows(head, classes, separator=","):
    """A table of two numbers, and a class that their sum decides."""
    draw = random.Random(0)
    lines = [separator.join(head)]
    for _ in range(80):
        a, b = draw.random(), draw.random()
        kind = classes[int((a + b) / 2 * len(classes))]
        lines.append(separator.join([f"{a:.3f}", f"{b:.3f}", kind]))
    return "\r\n".join(lines)


def open_own(page):
    """Open the fold, its tab of data, and what holds the visitor's own."""
    bar = page.get_by_test_id("stSidebar")
    bar.get_by_test_id("stExpander").click()
    bar.get_by_role("tab").first.click()
    bar.get_by_test_id("stPopover").get_by_role("button").click()
    expect(page.get_by_test_id("stFileUploader")).to_be_visible()


def choose(page, content, name="mine.csv"):
    page.locator("input[type=file]").first.set_input_files(
        {"name": name, "mimeType": "text/csv", "buffer": content}
    )


@pytest.fixture
def page(browser, address):
    page = open_page(browser, address + ONE, 3, viewport={"width": 1440, "height": 900})
    yield page
    page.close()


@pytest.mark.parametrize("encoding", few_of(["cp932", "utf-8", "utf-8-sig"]))
def test_a_file_is_learnt_from_and_its_words_are_read(page, encoding):
    open_own(page)
    choose(page, rows(["身長", "体重", "種類"], ["犬", "猫"]).encode(encoding), "動物.csv")
    expect(page).to_have_url(re.compile(r"file=[0-9a-f]{16}&inputs=1-2&answer=3"))
    settle(page, 3)
    plane = page.locator("[data-testid=stVegaLiteChart]").first
    expect(plane.get_by_text("身長, standardized")).to_have_count(1)
    expect(plane.get_by_text("犬", exact=True)).to_have_count(1)
    assert plane.locator(".mark-image image").count() == 1
    expect(page.get_by_text("動物.csv").first).to_be_visible()


WRONG = (
    (b"PK\x03\x04\x00\x00" * 9, "This is not text"),
    (b"", "nothing to read"),
    (rows("abc", "AB").replace("0.844", "x").encode(), "Row 2, column a: x is not a number."),
    (b"1,2,A\n" * 500_000, "up to 2 MB"),
)
"""A binary, an empty file, a word in place of a number, a large one: and what is said of it."""


def test_what_is_wrong_is_said_and_the_page_keeps_what_it_had(page):
    before = page.url
    open_own(page)
    for content, said in WRONG:
        choose(page, content)
        expect(page.get_by_test_id("stAlert")).to_contain_text(said)
        settle(page, 3)
        assert page.url == before
        assert page.locator("[data-testid=stException]").count() == 0
        assert page.locator(".caption .sentence").inner_text().startswith("Learnt")


def test_nothing_that_a_file_says_is_markup(browser, address):
    asked = []
    page = open_page(browser, address + ONE, 3, viewport={"width": 1440, "height": 900})
    page.on("request", lambda request: asked.append(request.url))
    open_own(page)
    head = [EVIL[0], "**b** :smile: $x$", EVIL[1]]
    choose(page, rows(head, EVIL).encode(), "<img src=x onerror=window.evil=1>`**b**`.csv")
    expect(page).to_have_url(re.compile("file="))
    settle(page, 3)
    page.keyboard.press("Escape")
    plane = page.locator("[data-testid=stVegaLiteChart]").first
    expect(plane.get_by_text("**b** :smile: $x$, standardized")).to_have_count(1)
    plane.locator(".mark-symbol.role-mark path").first.hover(force=True)
    page.wait_for_timeout(300)
    assert page.evaluate("window.evil") is None
    assert page.locator("img[src=x], img[src*='evil.example'], strong:text-is('b')").count() == 0
    assert page.locator("[data-testid=stException]").count() == 0
    assert not [url for url in asked if "evil.example" in url or url.endswith("/x")]
    page.close()


@pytest.mark.slow
def test_a_test_sample_s_own_words_are_text_in_a_tooltip(page):
    open_own(page)
    text = rows(["a", "b", "kind"], EVIL).splitlines()
    choose(
        page,
        "\n".join(f"{line.split(',')[0]},{line}" for line in text)
        .replace("a,a", "c,a", 1)
        .encode(),
    )
    expect(page).to_have_url(re.compile("file="))
    settle(page, 3)
    page.keyboard.press("Escape")
    mark = page.locator("[data-testid=stVegaLiteChart]").first.locator(
        ".mark-symbol.role-mark path"
    )
    mark.first.hover(force=True)
    expect(page.locator("#vg-tooltip-element")).to_contain_text("True")
    assert page.locator("#vg-tooltip-element img, #vg-tooltip-element script").count() == 0
    assert page.evaluate("window.evil") is None


def test_a_link_asks_another_visitor_for_the_file_and_then_shows_the_same(page, browser, address):
    content = rows(["height", "weight", "kind"], "AB").encode()
    open_own(page)
    choose(page, content)
    expect(page).to_have_url(re.compile("file="))
    settle(page, 3)
    headline = page.locator(".caption .headline").inner_text()
    other = open_page(browser, page.url)
    expect(other.get_by_test_id("stAlert")).to_contain_text("This link was made with a file")
    assert other.locator("[data-testid=stVegaLiteChart]").count() == 0
    assert "height" not in other.locator("body").inner_text()
    choose(other, content, "another name.csv")
    settle(other, 3)
    assert other.locator(".caption .headline").inner_text() == headline
    assert other.url == page.url
    other.close()


@pytest.mark.slow
def test_the_example_can_be_downloaded_and_brought_back(page):
    open_own(page)
    page.get_by_role("tab", name="Example").click()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download it").click()
    with open(waiting.value.path(), "rb") as file:
        content = file.read()
    page.get_by_role("tab", name="File").click()
    choose(page, content, "flowers.csv")
    expect(page).to_have_url(re.compile("inputs=1-4&answer=5"))
    settle(page, 3)
    expect(page.get_by_text("setosa").first).to_be_visible()


def drop(page, content, name):
    """Let go of a file over the place for files."""
    page.get_by_test_id("stFileUploaderDropzone").first.evaluate(
        """(zone, [text, name]) => {
            const held = new DataTransfer();
            held.items.add(new File([text], name, {type: "text/plain"}));
            for (const kind of ["dragenter", "dragover", "drop"])
              zone.dispatchEvent(new DragEvent(kind, {dataTransfer: held, bubbles: true}));
        }""",
        [content, name],
    )


def test_a_file_may_be_dropped_and_rows_may_be_pasted(page):
    open_own(page)
    drop(page, rows("abc", "AB", "\t"), "dropped.txt")
    expect(page.get_by_text("dropped.txt").first).to_be_visible()
    expect(page).to_have_url(re.compile("file="))
    page.get_by_role("tab", name="Paste").click()
    page.get_by_test_id("stTextArea").locator("textarea").fill(rows(["u", "v", "w"], "XY", "\t"))
    page.get_by_role("button", name="Use this text").click()
    expect(page.get_by_text("Pasted text").first).to_be_visible()
    settle(page, 3)
    plane = page.locator("[data-testid=stVegaLiteChart]").first
    expect(plane.get_by_text("u, standardized")).to_have_count(1)


@pytest.mark.slow
def test_what_was_seen_in_a_file_can_be_corrected(page):
    open_own(page)
    choose(page, rows(["1", "2", "3"], "AB").encode())
    toggle = page.get_by_test_id("stPopoverBody").get_by_role("switch")
    expect(
        toggle.or_(page.get_by_test_id("stPopoverBody").get_by_role("checkbox"))
    ).not_to_be_checked()
    expect(page).to_have_url(re.compile("file="))
    settle(page, 3)
    page.get_by_text("The first row is a header").click()
    expect(page).to_have_url(re.compile("header=yes"))
    settle(page, 3)
    plane = page.locator("[data-testid=stVegaLiteChart]").first
    expect(plane.get_by_text("1, standardized")).to_have_count(1)


@pytest.mark.slow
def test_gaps_are_counted_and_filled_on_request(page):
    lines = rows("abc", "AB").splitlines()
    for k in (3, 8, 9):
        lines[k] = "," + lines[k].split(",", 1)[1]
    open_own(page)
    choose(page, "\n".join(lines).encode())
    expect(page.get_by_text("Leave out these 3 rows")).to_be_visible()
    settle(page, 3)
    page.get_by_text("Fill with the column's mean").click()
    expect(page).to_have_url(re.compile("missing=fill"))
    settle(page, 3)


CURVE = "x,y\n" + "\n".join(f"{k / 3:.2f},{k * k / 7:.2f}" for k in range(30))
CORNERS = "a,b,y\n0,0,0\n0,1,1\n1,0,1\n1,1,0"


@pytest.mark.slow
def test_two_columns_are_points_and_a_curve_that_the_clock_moves(page):
    open_own(page)
    choose(page, CURVE.encode())
    expect(page).to_have_url(re.compile("inputs=1&answer=2&goal=number"))
    settle(page, 3)
    page.keyboard.press("Escape")
    chart = page.locator("[data-testid=stVegaLiteChart]").first
    assert chart.locator(".mark-symbol.role-mark path").count() == 30
    line = chart.locator(".mark-line path").last
    learnt = line.get_attribute("d")
    assert learnt.count("L") > 100
    chart.locator("input[name=epoch]").evaluate(
        "input => { input.value = 0; input.dispatchEvent(new Event('input')); }"
    )
    page.wait_for_timeout(300)
    assert line.get_attribute("d") != learnt


@pytest.mark.slow
def test_four_rows_all_train_and_no_accuracy_is_shown_as_measured(page):
    open_own(page)
    choose(page, CORNERS.encode())
    expect(page.get_by_test_id("stAlert")).to_contain_text("All 4 rows are used for training")
    settle(page, 3)
    assert "test accuracy" not in page.locator("[data-testid=stVegaLiteChart]").nth(2).inner_text()
    assert page.locator("[data-testid=stException]").count() == 0


TOO_LARGE = {"en": "up to 2 MB", "ja": "2 MB までにしてください"}


@pytest.mark.parametrize("language", few_of(TOO_LARGE))
def test_a_file_over_streamlit_s_own_limit_gets_our_sentence(browser, address, language):
    page = open_page(browser, address + ONE.replace("=en", f"={language}"), 3)
    open_own(page)
    choose(page, b"1,2,A\n" * 1_000_000)
    expect(page.get_by_test_id("stPopoverBody").get_by_test_id("stAlert")).to_contain_text(
        TOO_LARGE[language]
    )
    assert "must be" not in page.get_by_test_id("stPopoverBody").inner_text()
    page.close()


@pytest.mark.slow
def test_the_machine_and_the_perceptron_take_two_columns_of_a_file(browser, address):
    page = open_page(browser, address + "/svm?language=en&epochs=20", 4)
    page.get_by_test_id("stSidebar").get_by_test_id("stPopover").get_by_role("button").click()
    choose(page, rows(["n", "height", "weight", "kind"][1:], ["cat", "dog"]).encode())
    expect(page).to_have_url(re.compile("file="))
    settle(page, 4)
    expect(page.get_by_text("x₁: height, x₂: weight").first).to_be_visible()
    page.close()
    page = open_page(browser, address + "/perceptron?language=en&line_points=own_points")
    choose(page, rows(["height", "weight", "kind"], ["cat", "dog"]).encode())
    settle(page, 2)
    expect(page.get_by_text("Points drawn: 80 of 80").first).to_be_visible()
    assert page.locator("[data-testid=stException]").count() == 0
    page.close()
