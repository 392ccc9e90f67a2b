"""Every page in a real browser: it is drawn, in its language, and nothing sticks out."""

from dataclasses import dataclass
from itertools import cycle

import pytest
from playwright.sync_api import Page

from core.data.datasets import DATASETS
from pages import texts
from pages.charts.measures import MEASURES
from pages.texts import Text
from pages.ui.settings import MOST_SCENES
from tests.browser.drive import open_page, serving, settle, speaks
from tests.browser.legible import illegible

PAGES = {"story": "/"}
PAGES |= {name: f"/{name}" for name in ("activations", "derivatives", "training")}
PAGES |= {name: f"/{name}" for name in ("byhand", "perceptron", "digits", "svm")}
"""Every page that has charts; `/classroom`, which has none, has tests of its own."""
WIDTHS = (1440, 768, 390)

FITS = """width => {
    const over = [...document.querySelectorAll('.stVegaLiteChart')].flatMap(chart => {
        const column = chart.closest('[data-testid=stColumn], [data-testid=stMainBlockContainer]');
        const outer = column.getBoundingClientRect();
        return [...chart.querySelectorAll('svg, canvas')].map(node => node.getBoundingClientRect())
            .filter(box => box.width && (box.right > outer.right + 1 || box.left < outer.left - 1))
            .map(box => [box.left, box.right, outer.left, outer.right]);
    });
    return over.length === 0 && document.documentElement.scrollWidth <= width;
}"""
"""Whether nothing is wider than its column or the window; charts follow a width a little later."""


def problems(page):
    """What a reader must never see."""
    return page.locator("[data-testid=stException]").count() + page.get_by_text("Traceback").count()


@dataclass(frozen=True)
class Drawn:
    """A page as it was opened, with what went wrong and what was asked of which server."""

    page: Page
    name: str
    text: Text
    errors: list[str]
    asked: list[str]


@pytest.fixture(
    scope="module",
    params=[(name, language) for name in PAGES for language in texts.LANGUAGES],
    ids="-".join,
)
def drawn(request, browser, address):
    """Every page in every language, opened once for all that is looked at."""
    name, language = request.param
    page = browser.new_page(viewport={"width": WIDTHS[0], "height": 900})
    drawn = Drawn(page, name, texts.LANGUAGES[language].text, [], [])
    page.on("pageerror", lambda error: drawn.errors.append(str(error)))
    page.on("request", lambda request: drawn.asked.append(request.url))
    page.goto(f"{address}{PAGES[name]}?language={language}")
    settle(page, 3 if name == "story" else 2)
    speaks(page, language)
    yield drawn
    page.close()


def test_a_page_is_drawn_in_its_language_and_within_its_columns(drawn):
    page = drawn.page
    assert page.locator("h1").inner_text() == drawn.text[drawn.name].title
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_function(FITS, arg=width, timeout=30_000)
        settle(page, 2)
        assert problems(page) == 0
    assert drawn.errors == []


@pytest.mark.parametrize("width", [1440, 390])
def test_no_text_of_a_chart_is_cut_off_or_lies_on_another(drawn, width):
    drawn.page.set_viewport_size({"width": width, "height": 900})
    drawn.page.wait_for_function(FITS, arg=width, timeout=30_000)
    settle(drawn.page, 2)
    assert illegible(drawn.page) == []


SCENES = [f"/?scene={number}&guess=b" for number in range(1, MOST_SCENES + 1)]
TOOLS = [
    f"/training?epochs=40&tool={tool}" for tool in ("factors", "sums", "units", "seeds", "compare")
]
KINDS = [
    f"/training?lanes=1&epochs=40&measure={measure}&dataset={dataset}&depth={depth}"
    for _, measure, dataset, depth in zip(
        range(max(len(MEASURES), len(DATASETS))),
        cycle(MEASURES),
        cycle(DATASETS),
        cycle((0, 20, 50, 5)),
        strict=False,
    )
]
"""Every measure, kind of data and length of the layers' axis, not each with each."""


@pytest.mark.parametrize("language", texts.LANGUAGES)
@pytest.mark.parametrize("links", [SCENES, TOOLS, KINDS], ids=lambda links: links[0])
def test_no_text_is_cut_off_or_lies_on_another_in_what_a_link_opens(
    browser, address, links, language
):
    page = browser.new_page()
    faults = {}
    for link in links:
        page.set_viewport_size({"width": 1440, "height": 900})
        page.goto(f"{address}{link}&language={language}")
        settle(page, 1)
        for width in (1440, 390):
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_function(FITS, arg=width, timeout=30_000)
            faults[link, width] = illegible(page)
    page.close()
    assert {place: found for place, found in faults.items() if found} == {}


def test_every_chart_says_in_words_what_it_shows(drawn):
    labels = drawn.page.eval_on_selector_all(
        "[data-testid=stVegaLiteChart][role=graphics-document]",
        "nodes => nodes.map(node => node.getAttribute('aria-label') ?? '')",
    )
    assert labels
    assert all(len(label) > 30 for label in labels), labels


def test_nothing_is_asked_of_the_internet(drawn, address):
    away = [url for url in drawn.asked if not url.startswith((address, "data:", "blob:"))]
    assert away == []


@pytest.mark.parametrize("path", ["/training?lanes=1&depth=2", "/activations", "/derivatives"])
def test_a_link_to_a_page_opens_it_in_its_frame_on_a_server_that_has_just_started(browser, path):
    with serving() as address:
        page = open_page(browser, address + path, charts=2)
        assert page.locator("h1").count() == 1
        assert page.get_by_role("link", name="Training").count() >= 1
        assert problems(page) == 0
        page.close()
