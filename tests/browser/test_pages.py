"""Every page in a real browser: it is drawn, in its language, and nothing sticks out."""

from itertools import cycle

import pytest

from core.data.datasets import DATASETS
from pages import texts
from pages.charts.measures import MEASURES
from pages.texts.scenes import ORDER
from pages.ui.house import TAUGHT
from tests.browser.drive import open_page, serving, settle
from tests.browser.legible import illegible
from tests.browser.visits import visits

SMALL = {"sweep": "?epochs=3&samples=100&sweep_points=5&sweep_seeds=1"}
PAGES = {room.name: f"/{room.path}{SMALL.get(room.name, '')}" for room in TAUGHT}
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


every_page = visits(PAGES, always=PAGES)


@every_page
def test_a_page_is_drawn_in_its_language_and_within_its_columns(visited):
    page = visited.page
    assert page.locator("h1").inner_text() == visited.text[visited.name].title
    for width in WIDTHS:
        # a chart that is resized while it is being resized keeps the wrong width
        page.wait_for_timeout(300)
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_function(FITS, arg=width, timeout=30_000)
        settle(page, 3 if visited.name == "story" else 2)
        assert problems(page) == 0
    assert visited.errors == []


@every_page
def test_no_text_of_a_chart_is_cut_off_or_lies_on_another(visited):
    for width in (1440, 390):
        visited.page.wait_for_timeout(300)
        visited.page.set_viewport_size({"width": width, "height": 900})
        visited.page.wait_for_function(FITS, arg=width, timeout=30_000)
        settle(visited.page, 2)
        assert illegible(visited.page) == []


SCENES = [f"/?scene={number}&guess=b" for number in range(1, len(ORDER) + 1)]
TOOLS = [
    f"/training?epochs=40&tool={tool}" for tool in ("factors", "sums", "units", "seeds", "compare")
] + ["/training?epochs=40&lanes=4&2.activation=tanh&3.activation=relu&4.depth=8&view=compare"]
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


@pytest.mark.slow
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


@every_page
def test_every_chart_says_in_words_what_it_shows(visited):
    settle(visited.page, 2)
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


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/training?lanes=1&depth=2", "/activations", "/derivatives"])
def test_a_link_to_a_page_opens_it_in_its_frame_on_a_server_that_has_just_started(browser, path):
    with serving() as address:
        page = open_page(browser, address + path, charts=2)
        assert page.locator("h1").count() == 1
        assert page.get_by_role("link", name="Training").count() >= 1
        assert problems(page) == 0
        page.close()
