"""Every page in a real browser: it is drawn, in its language, and nothing sticks out."""

import pytest

from pages import texts
from tests.browser.drive import open_page, serving, settle, speaks

PAGES = {"story": "/"}
PAGES |= {name: f"/{name}" for name in ("activations", "derivatives", "training")}
PAGES |= {name: f"/{name}" for name in ("byhand", "perceptron", "digits", "svm")}
"""Every page that has charts; `/classroom`, which has none, has tests of its own."""
every_page = pytest.mark.parametrize("name", PAGES)
every_language = pytest.mark.parametrize("language", texts.LANGUAGES)
every_width = pytest.mark.parametrize("width", [390, 768, 1440])

OVERHANG = """() => [...document.querySelectorAll('.stVegaLiteChart')].flatMap(chart => {
    const column = chart.closest('[data-testid=stColumn], [data-testid=stMainBlockContainer]');
    const outer = column.getBoundingClientRect();
    return [...chart.querySelectorAll('svg, canvas')].map(node => node.getBoundingClientRect())
        .filter(box => box.width && (box.right > outer.right + 1 || box.left < outer.left - 1))
        .map(box => [box.left, box.right, outer.left, outer.right]);
})"""


def problems(page):
    """What a reader must never see."""
    return page.locator("[data-testid=stException]").count() + page.get_by_text("Traceback").count()


@every_page
@every_language
@every_width
def test_a_page_is_drawn_in_its_language_and_within_its_columns(
    browser, address, name, language, width
):
    messages = []
    context = browser.new_context(viewport={"width": width, "height": 900})
    page = context.new_page()
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.goto(f"{address}{PAGES[name]}?language={language}")
    charts = 3 if name == "story" else 2
    settle(page, charts)
    text = texts.LANGUAGES[language].text
    assert page.locator("h1").inner_text() == text[name].title
    speaks(page, language)
    assert problems(page) == 0
    assert page.evaluate(OVERHANG) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert messages == []
    context.close()


@every_page
def test_every_chart_says_in_words_what_it_shows(browser, address, name):
    page = open_page(browser, f"{address}{PAGES[name]}", charts=2)
    labels = page.eval_on_selector_all(
        "[data-testid=stVegaLiteChart][role=graphics-document]",
        "nodes => nodes.map(node => node.getAttribute('aria-label') ?? '')",
    )
    assert labels
    assert all(len(label) > 30 for label in labels), labels
    page.close()


@pytest.mark.parametrize("path", ["/training?lanes=1&depth=2", "/activations", "/derivatives"])
def test_a_link_to_a_page_opens_it_in_its_frame_on_a_server_that_has_just_started(browser, path):
    with serving() as address:
        page = open_page(browser, address + path, charts=2)
        assert page.locator("h1").count() == 1
        assert page.get_by_role("link", name="Training").count() >= 1
        assert problems(page) == 0
        page.close()


@every_page
def test_nothing_is_asked_of_the_internet(browser, address, name):
    page = browser.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address + PAGES[name])
    settle(page, charts=2)
    away = [url for url in asked if not url.startswith((address, "data:", "blob:"))]
    assert away == []
    page.close()
