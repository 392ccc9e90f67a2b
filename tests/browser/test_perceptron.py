"""The page of the perceptron as a learner uses it: the browser counts what the core counts."""

import re

import pytest
from playwright.sync_api import expect

from core.lessons.perceptron import POINT_SETS, best_at, drawn, learn, line_at
from tests.browser.drive import open_page, settle
from tests.browser.test_training import COUNT_SENT
from tests.crossing import crossed, few_of

PAGE = "/perceptron?language=en"
DIALS = {"turn": "Angle of the line", "shift": "Shift of the line", "fold": "On the way"}
COUNT = re.compile(r"(\d+) of (\d+) right")
SYMBOLS = """chart => [...chart.querySelectorAll('.mark-symbol')].at(-1)
    ? [...chart.querySelectorAll('.mark-symbol path')].map(path =>
        path.getAttribute('transform').match(/-?[0-9.]+/g).map(Number))
    : []"""


def opened(browser, address, charts, query="", width=1440):
    return open_page(
        browser, address + PAGE + query, charts, viewport={"width": width, "height": 1000}
    )


def dial(page, name):
    return page.locator(".probe .dial", has_text=DIALS[name]).locator("input")


def move(page, name, index):
    """Drag a dial, without letting it go."""
    dial(page, name).evaluate(
        """(node, index) => {
            node.value = index;
            node.dispatchEvent(new Event('input', { bubbles: true }));
        }""",
        index,
    )


def counted(page):
    """How many points are right, as the chart says."""
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done, 60)))")
    words = page.locator("[data-testid=stVegaLiteChart] svg text", has_text=COUNT).first
    return int(COUNT.search(words.text_content())[1])


@pytest.mark.parametrize("key", few_of(["xor_corners", "apart", "quadrants"]))
def test_the_browser_counts_what_the_core_counts_wherever_the_line_is(browser, address, key):
    chosen, points = POINT_SETS[key], drawn(key, 300, 0)
    page = opened(browser, address, 2, f"&line_points={key}")
    page.evaluate(COUNT_SENT)
    for turn, index in [
        (0, 150),
        (45, 150),
        (45, 221),
        (90, 100),
        (135, 150),
        (217, 173),
        (359, 7),
    ]:
        move(page, "turn", turn)
        move(page, "shift", index)
        line = line_at(turn, index / 100 - 1.5, chosen.centre)
        assert counted(page) == line.correct(points), (turn, index)
    assert page.evaluate("window.sent") == 0
    page.close()


@pytest.mark.slow
def test_a_line_that_slides_by_itself_is_always_at_its_best(browser, address):
    points = drawn("quadrants", 300, 0)
    page = opened(browser, address, 2, "&line_points=quadrants&line_follow=1")
    assert page.locator(".probe .dial").count() == 1
    for turn in (0, 52, 133, 240, 359):
        move(page, "turn", turn)
        assert counted(page) == best_at(points, turn).correct
    page.close()


@pytest.mark.slow
def test_where_the_line_is_let_go_is_in_the_link_and_opens_there_again(browser, address):
    page = opened(browser, address, 2)
    page.evaluate(
        "window.views = [...document.querySelectorAll('[data-testid=stVegaLiteChart] svg')]"
    )
    dial(page, "turn").fill("33")
    page.wait_for_function("() => location.search.includes('line_turn=33')")
    dial(page, "shift").fill("171")
    page.wait_for_function("() => location.search.includes('line_shift=0.21')")
    settle(page, 2)
    assert page.evaluate("window.views.every(view => view.isConnected)"), "a view was rebuilt"
    now, url = counted(page), page.url
    assert dial(page, "turn").input_value() == "33"
    page.close()
    again = open_page(browser, url, 2)
    expect(dial(again, "turn")).to_have_value("33")
    expect(dial(again, "shift")).to_have_value("171")
    assert counted(again) == now == line_at(33, 0.21, 0.0).correct(drawn("apart", 300, 0))
    again.close()


def test_a_question_moves_the_line_that_was_moved_by_hand_and_undo_moves_it_back(browser, address):
    page = opened(browser, address, 2)
    dial(page, "turn").fill("33")
    page.wait_for_function("() => location.search.includes('line_turn=33')")
    page.get_by_role("radio", name="2. And XOR").or_(
        page.get_by_role("button", name="2. And XOR")
    ).first.click()
    settle(page, 3)
    expect(dial(page, "turn")).to_have_value("90")
    dial(page, "turn").fill("33")  # as before the question: told all the same
    page.wait_for_function("() => location.search.includes('line_turn=33')")
    page.get_by_role("button", name="Undo").click()
    page.wait_for_function("() => !location.search.includes('xor')")
    expect(dial(page, "turn")).to_have_value("33")
    page.close()


def test_of_the_four_demands_of_xor_at_most_three_ever_hold(browser, address):
    page = opened(browser, address, 3, "&line_points=xor_corners")
    points, held = drawn("xor_corners", 4, 0), set()
    for turn, index in [(0, 150), (225, 100), (45, 200), (45, 90), (135, 150), (300, 180)]:
        move(page, "turn", turn)
        move(page, "shift", index)
        right = counted(page)
        texts = page.locator("[data-testid=stVegaLiteChart] svg text").all_text_contents()
        assert sum("✓ holds" in text for text in texts) == right
        assert sum("✗ fails" in text for text in texts) == 4 - right
        assert right == line_at(turn, index / 100 - 1.5, 0.5).correct(points)
        held.add(right)
    assert max(held) == 3
    page.close()


def test_the_rule_is_played_mistake_by_mistake_without_the_server(browser, address):
    page = opened(browser, address, 3, "&line_part=line_rule&line_points=and_corners")
    lesson = learn(drawn("and_corners", 4, 0))
    last = len(lesson.updates)
    expect(page.locator(".clock .now")).to_have_text(f"mistake {last} of {last}")
    page.evaluate(COUNT_SENT)
    page.locator(".clock .time").fill("5")
    expect(page.locator(".clock .now")).to_have_text(f"mistake 5 of {last}")
    expect(page.locator(".caption .headline")).to_contain_text("Mistake 5")
    expect(page.locator(".caption .sentence")).to_contain_text(f"Point {lesson.updates[4].seen}:")
    page.locator(".clock .step").click()
    expect(page.locator(".caption .headline")).to_contain_text("Mistake 6")
    page.locator(".clock .restart").click()
    page.wait_for_function("() => +document.querySelector('.clock .time').value > 1")
    page.locator(".clock .play").click()
    assert page.evaluate("window.sent") == 0
    page.close()


@pytest.mark.slow
def test_folded_by_hand_the_two_corners_of_class_b_come_to_lie_on_one_another(browser, address):
    page = opened(browser, address, 2, "&line_part=line_fold&line_points=xor_corners")
    chart = page.locator("[data-testid=stVegaLiteChart]").nth(1)

    def places():
        page.evaluate(
            "() => new Promise(done => requestAnimationFrame(() => setTimeout(done, 60)))"
        )
        return [tuple(place) for place in chart.evaluate(SYMBOLS)]

    assert len(places()) == 4
    assert len(set(places())) == 3
    move(page, "fold", 0)
    assert len(set(places())) == 4
    start = places()
    move(page, "fold", 50)
    middle = places()
    move(page, "fold", 100)
    for (x0, y0), (x1, y1), (x2, y2) in zip(start, middle, places(), strict=True):
        assert abs((x0 + x2) / 2 - x1) < 0.6
        assert abs((y0 + y2) / 2 - y1) < 0.6
    page.close()


PARTS = [
    "&line_part=line_rule&line_points=xor_corners",
    "&line_part=line_fold",
    "&line_points=xor_corners",
]


@crossed(every=2, width=[390, 1440], query=PARTS)
def test_every_part_fits(browser, address, query, width):
    page = opened(browser, address, 2, query, width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("[data-testid=stException]").count() == 0
    page.close()
