"""Every page in a real browser: it is drawn, in its language, and nothing sticks out."""

import pytest

from pages.ui.house import TAUGHT
from tests.browser.drive import open_page, serving, settle
from tests.browser.visits import visits

PAGES = {room.name: f"/{room.path}" for room in TAUGHT}
"""Every page that has charts; `/classroom`, which has none, has its own tests."""
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


every_page = visits(PAGES)


@every_page
def test_a_page_is_drawn_in_its_language_and_within_its_columns(visited):
    page = visited.page
    assert page.locator("h1").inner_text() == visited.text[visited.name].title
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_function(FITS, arg=width, timeout=30_000)
        settle(page, 3 if visited.name == "story" else 2)
        assert problems(page) == 0
    assert visited.errors == []


@every_page
def test_every_chart_says_in_words_what_it_shows(visited):
    labels = visited.page.eval_on_selector_all(
        "[data-testid=stVegaLiteChart][role=graphics-document]",
        "nodes => nodes.map(node => node.getAttribute('aria-label') ?? '')",
    )
    assert labels
    assert all(len(label) > 30 for label in labels), labels


@every_page
def test_nothing_is_asked_of_the_internet(visited, address):
    away = [url for url in visited.asked if not url.startswith((address, "data:", "blob:"))]
    assert away == []


@pytest.mark.parametrize("path", ["/training?lanes=1&depth=2", "/activations", "/derivatives"])
def test_a_link_to_a_page_opens_it_in_its_frame_on_a_server_that_has_just_started(browser, path):
    with serving() as address:
        page = open_page(browser, address + path, charts=2)
        assert page.locator("h1").count() == 1
        assert page.get_by_role("link", name="Training").count() >= 1
        assert problems(page) == 0
        page.close()
