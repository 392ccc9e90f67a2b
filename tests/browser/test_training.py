"""The training page as a learner uses it."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.drive import CLIPBOARD, open_page, settle, tabs
from tests.crossing import few_of

RACE = 9  # charts: three lanes of three
EPOCH = ".clock .now"
COUNT_SENT = """() => {
    window.sent = 0;
    const send = WebSocket.prototype.send;
    WebSocket.prototype.send = function (...data) {
        window.sent += 1;
        return send.apply(this, data);
    };
}"""
ONE = "/training?lanes=1&activation=tanh&depth=2&rate=0.5&epochs=60"


@pytest.fixture
def race(browser, address):
    page = open_page(
        browser, f"{address}/training?language=en", RACE, viewport={"width": 1440, "height": 900}
    )
    yield page
    page.close()


def epoch(page):
    return int(re.search(r"epoch ([0-9]+)", page.locator(EPOCH).inner_text())[1])


def test_the_race_opens_on_its_point(race):
    expect(race.locator(EPOCH)).to_have_text("epoch 400 of 400")
    sentences = race.locator(".caption .sentence").all_inner_texts()
    assert len(sentences) == 3
    assert sentences[0].startswith("Stalled so far")
    assert all(text.startswith("Learnt") for text in sentences[1:])
    assert epoch(race) == 400


def test_it_plays_pauses_steps_and_scrubs_without_the_server_and_keeps_every_view(race):
    race.evaluate(
        "window.views = [...document.querySelectorAll('[data-testid=stVegaLiteChart] svg')]"
    )
    race.evaluate(COUNT_SENT)
    race.locator(".clock .restart").click()
    race.wait_for_function("() => +document.querySelector('.clock .time').value % 400 > 20")
    race.locator(".clock .play").click()
    paused = epoch(race)
    race.locator(".clock .step").click()
    assert epoch(race) == paused + 1
    race.locator(".clock .time").press("ArrowLeft")
    race.locator(".clock .time").press("ArrowLeft")
    assert epoch(race) == paused - 1
    race.locator(".clock .time").fill("123")
    expect(race.locator(EPOCH)).to_have_text("epoch 123 of 400")
    shown = race.eval_on_selector_all(
        "input[type=range][name=epoch]", "nodes => nodes.map(node => node.value)"
    )
    assert set(shown) == {"123"}
    assert len(shown) == RACE + 3  # the charts' inputs and the captions'
    assert race.evaluate("window.views.every(view => view.isConnected)")
    assert race.evaluate("window.sent") == 0


def test_the_clock_obeys_the_keyboard(race):
    time = race.locator(".clock .time")
    time.focus()
    race.keyboard.press("Home")
    expect(race.locator(EPOCH)).to_have_text("epoch 0 of 400")
    race.keyboard.press("ArrowRight")
    expect(race.locator(EPOCH)).to_have_text("epoch 1 of 400")
    race.keyboard.press("Space")
    race.wait_for_function("() => +document.querySelector('.clock .time').value > 5")
    race.keyboard.press("Space")
    assert epoch(race) < 400


@pytest.mark.slow
def test_every_layer_has_a_mark_and_the_plane_has_its_picture(browser, address):
    page = open_page(browser, address + ONE, 3)
    ladder = page.locator("[data-testid=stVegaLiteChart]").nth(1)
    marks = ladder.locator(".mark-symbol.role-mark path")
    assert marks.count() == 3  # two hidden layers and the output
    plane = page.locator("[data-testid=stVegaLiteChart]").nth(0)
    film = plane.locator(".mark-image image")
    assert film.count() == 1
    last = film.bounding_box()
    page.locator(".clock .time").fill("30")
    page.wait_for_timeout(200)
    assert film.bounding_box() != last  # another picture of the sheet is in the window
    assert plane.locator(".mark-symbol.role-mark path").count() == 500
    page.close()


def test_a_question_moves_every_setting_and_undo_brings_them_back(race):
    before = race.url
    race.get_by_role("button", name="Which activation learns?").click()
    race.get_by_role("radio", name="Do more layers help?").or_(
        race.get_by_role("button", name="Do more layers help?")
    ).first.click()
    expect(race).to_have_url(re.compile("depth=2"))
    settle(race, 6)
    race.get_by_role("button", name="Undo").click()
    expect(race).to_have_url(before)
    settle(race, RACE)


@pytest.mark.slow
def test_a_new_random_start_changes_the_seed_alone(browser, address):
    page = open_page(browser, f"{address}{ONE}&language=en", 3)
    page.get_by_role("button", name="New random start").click()
    expect(page).to_have_url(re.compile("seed=1"))
    assert "data_seed" not in page.url
    settle(page, 3)
    assert page.get_by_text("Seed of the weights 0 → 1").count() == 1
    page.close()


def test_the_copied_link_holds_every_setting_and_opens_the_same_lanes(browser, address):
    link = f"{address}{ONE}&language=en&noise=0.1"
    page = open_page(browser, link, 3, permissions=CLIPBOARD)
    page.get_by_role("button", name="Share").click()
    page.get_by_role("button", name="Copy link").click()
    expect(page.locator(".copy span")).to_have_text(re.compile("Copied"))
    link = page.evaluate("navigator.clipboard.readText()")
    for part in ("v=1", "noise=0.1", "precision=float64", "initializer=xavier", "elu.a=1"):
        assert part in link
    headline = page.locator(".caption .headline").inner_text()
    other = open_page(browser, link, 3)
    assert other.locator(".caption .headline").inner_text() == headline
    other.close()
    page.close()


@pytest.mark.slow
def test_a_lane_can_be_changed_by_itself(browser, address):
    size = {"width": 1440, "height": 1000}
    link = f"{address}/training?lanes=2&epochs=40&language=en"
    page = open_page(browser, link, 6, viewport=size)
    page.get_by_text("More settings").click()
    page.get_by_role("tab", name="Network").click()
    page.get_by_role("radio", name="2", exact=True).or_(
        page.get_by_test_id("stSidebar").get_by_role("button", name="2", exact=True)
    ).first.click()
    own = page.get_by_test_id("stSidebar").get_by_text("Hidden layers", exact=True)
    expect(own).to_have_count(2)  # those of all networks, and those of the second
    settle(page, 6)
    page.wait_for_timeout(500)  # a list that is opened while the page is drawn closes again
    box = page.get_by_test_id("stSidebar").locator("[role=combobox]:visible").first
    box.click()
    page.get_by_role("option", name="tanh", exact=True).click()
    expect(page).to_have_url(re.compile(r"2\.activation=tanh"))
    settle(page, 6)
    assert "&activation=" not in page.url
    page.close()


def test_a_diverging_run_says_so_and_keeps_its_history(browser, address):
    link = "/training?lanes=1&dataset=regression&activation=relu&initializer=normal&rate=300"
    page = open_page(browser, f"{address}{link}&epochs=40&language=en", 3)
    assert page.locator(".caption .sentence").inner_text().startswith("Stopped at epoch")
    assert page.locator("[data-testid=stException]").count() == 0
    page.close()


DAMAGED = {
    "depth=-1&rate=nan": "depth=-1, rate=nan",
    "depth=3&depth=4": "depth=3, 4",
    "width=inf&samples=": "width=inf",
    "whatever=1": "whatever=1",
    "rate=1e999": "rate=1e999",
}


@pytest.mark.parametrize("query", few_of(DAMAGED, 2))
def test_a_damaged_link_opens_the_page_and_says_what_was_ignored(browser, address, query):
    page = open_page(browser, f"{address}/training?language=en&lanes=1&epochs=20&{query}", 3)
    warning = page.get_by_test_id("stAlert").inner_text()
    assert all(part in warning.replace("\n", " ") for part in DAMAGED[query].split(", ")), warning
    assert page.locator("[data-testid=stException]").count() == 0
    page.close()


def test_a_link_cannot_put_markup_on_the_page(browser, address):
    evil = "%3Cimg%20src%3Dx%20onerror%3Dwindow.evil%3D1%3E%60**b**"
    page = open_page(browser, f"{address}/training?language=en&epochs=20&depth={evil}", 3)
    assert page.evaluate("window.evil") is None
    assert page.locator("[data-testid=stAlert] img, [data-testid=stAlert] strong").count() == 0
    page.close()


def test_a_run_over_budget_names_the_setting_to_lower(browser, address):
    link = "/training?lanes=1&width=256&depth=50&epochs=10000&samples=5000&language=en"
    page = open_page(browser, address + link)
    assert "Choose a smaller value for" in page.get_by_test_id("stAlert").inner_text()
    page.close()


def test_a_run_that_is_stopped_rests_and_continues_when_asked(browser, address):
    link = "/training?lanes=1&depth=30&width=64&epochs=2000&language=en"
    page = tabs(browser).lend()
    page.goto(address + link)
    page.get_by_role("button", name="Cancel").click()
    stopped = page.get_by_text(re.compile(r"^Cancelled at epoch"))
    expect(stopped).to_be_visible()
    page.wait_for_timeout(1500)  # a stopped run may show what its last slice has brought
    told = stopped.inner_text()
    page.wait_for_timeout(3000)
    assert stopped.inner_text() == told
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    page.close()


@pytest.mark.parametrize("path", few_of([ONE, "/byhand?language=en", "/derivatives?language=en"]))
def test_a_page_at_rest_leaves_the_readers_processor_alone(browser, address, path):
    page = open_page(browser, address + path, 1, reduced_motion="reduce")
    page.wait_for_timeout(1000)
    asked = page.evaluate(
        """() => new Promise(done => {
            let asked = 0;
            const ask = window.requestAnimationFrame;
            window.requestAnimationFrame = call => { asked += 1; return ask(call); };
            setTimeout(() => { window.requestAnimationFrame = ask; done(asked); }, 1000);
        })"""
    )
    assert asked == 0
    page.close()


def test_a_phone_has_all_lanes_in_one_chart_and_the_play_button_in_reach(browser, address):
    """Unless its reader chooses otherwise, and the link says so."""
    page = open_page(
        browser,
        f"{address}/training?language=en",
        2,
        viewport={"width": 390, "height": 800},
    )
    charts = page.locator("[data-testid=stVegaLiteChart]")
    expect(charts).to_have_count(2)
    page.locator(".caption").last.scroll_into_view_if_needed()
    play = page.locator(".clock .play")
    play.click(trial=True)
    assert 0 < play.bounding_box()["y"] < 200
    page.get_by_text("Charts", exact=True).click()
    expect(charts).to_have_count(RACE)
    expect(page).to_have_url(re.compile("view=charts"))
    page.close()
