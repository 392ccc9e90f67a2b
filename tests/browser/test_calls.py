"""Components that Streamlit calls anew before it has ended the call before.

It never ends a call that another follows, unless the first one's script came late; then it ends
that one after its successor has begun.
"""

import pytest

from pages.ui.widgets.components import asset
from tests.browser.drive import tabs

CALLS = """async ({ js, html, data }) => {
    window.scripts ??= {};
    scripts[js] ??= URL.createObjectURL(new Blob([js], { type: "text/javascript" }));
    const { default: call } = await import(scripts[js]);
    const parentElement = document.createElement("div");
    parentElement.innerHTML = html;
    document.body.append(parentElement);
    window.told = [];
    const tell = (...words) => told.push(words);
    const begin = (now, other) => call({
        parentElement, data: { ...data, now, ...other }, setTriggerValue: tell, setStateValue: tell,
    });
    const late = begin(1), last = begin(2);
    late();
    if (data.gone) last();
    if (data.pressed) document.body.click();
    if (data.drawn) begin(3, { opened: data.reopened });
}"""


@pytest.fixture
def called(browser, address):
    """Calls a component of this name twice, ends the first call late, and returns the page.

    gone: ends the second call, too. pressed: then presses something. drawn: then calls it again.
    """
    page = tabs(browser).lend()
    page.goto(f"{address}/_stcore/health")

    def call(name, /, **data):
        part = asset(name)
        page.evaluate(CALLS, {"js": part.js, "html": part.html, "data": data})
        return page

    yield call
    page.close()


LOOK = {"wanted": True, "period": 0.2, "opened": 0, "words": {}}


def test_the_next_look_is_asked_for_although_the_call_before_ended_late(called):
    page = called("look", **LOOK)
    page.wait_for_function("told.length > 0")
    page.wait_for_timeout(500)
    assert page.evaluate("told") == [["look", 2]]


def test_a_look_that_has_gone_from_the_page_asks_for_nothing(called):
    page = called("look", **LOOK, gone=True)
    page.wait_for_timeout(500)
    assert page.evaluate("told") == []


def test_charts_drawn_later_are_still_given_their_words(called):
    page = called("look", **LOOK | {"wanted": False, "words": {"chart": "the error"}})
    page.evaluate("""() => {
        const chart = Object.assign(document.createElement("i"), { role: "graphics-document" });
        chart.setAttribute("aria-label", "chart");
        document.body.append(chart);
    }""")
    page.wait_for_selector("[aria-label='the error']", state="attached")


@pytest.mark.parametrize("gone", [False, True])
def test_a_key_is_answered_once_and_no_longer_than_the_bar_is_there(called, gone):
    labels = dict.fromkeys(("first", "back", "on", "end", "dial"), "") | {"now": "{step}"}
    titles = ["one", "two", "three"]
    page = called("stepper", name="s", blocks="b", titles=titles, run="r", labels=labels, gone=gone)
    page.keyboard.press("ArrowRight")
    assert page.locator(".dial").input_value() == ("0" if gone else "1")


def test_while_the_page_is_drawn_as_a_whole_no_look_is_asked_for(called):
    page = called("look", **LOOK, gone=True)
    page.evaluate("document.body.dataset.stale = 'true'")
    page = called("look", **LOOK)
    page.wait_for_timeout(300)
    assert page.evaluate("told") == []
    page.evaluate("delete document.body.dataset.stale")
    page.wait_for_function("told.length === 1")


def test_after_a_press_no_look_is_asked_for_within_a_second(called):
    page = called("look", **LOOK, pressed=True)
    page.wait_for_timeout(700)
    assert page.evaluate("told") == []
    page.wait_for_function("told.length === 1")


@pytest.mark.parametrize("opened", [0, 1])
def test_only_the_page_drawn_as_a_whole_ends_the_wait_after_a_press(called, opened):
    page = called("look", **LOOK, pressed=True, drawn=True, reopened=opened)
    page.wait_for_timeout(500)
    assert page.evaluate("told") == ([["look", 3]] if opened else [])


APP = """script => {
    const app = Object.assign(document.createElement("div"), { id: "app" });
    Object.assign(app.dataset, {
        testid: "stApp", testScriptState: script, testConnectionState: "CONNECTED",
    });
    document.body.append(app);
    window.stayed = true;
}"""


@pytest.mark.parametrize(
    ("script", "left", "opened"),
    [("notRunning", 0, True), ("notRunning", 1, False), ("running", 0, False)],
)
def test_only_a_page_that_stays_empty_is_opened_anew(called, script, left, opened):
    page = called("look", **LOOK, gone=True)
    page.evaluate(APP, script)
    called("page", place="training", gone=True)
    page.evaluate("left => { if (!left) document.querySelector('.page').remove(); }", left)
    page.wait_for_timeout(3000)
    assert page.evaluate("window.stayed === undefined") == opened


def test_another_place_begins_at_its_top_and_the_same_one_where_it_was(called):
    page = called("look", **LOOK, gone=True)
    page.evaluate(APP, "notRunning")
    page.evaluate("""() => {
        const main = document.createElement("div");
        Object.assign(main.style, { height: "9px", overflow: "auto" });
        Object.assign(main.dataset, { testid: "stMain" });
        main.append(Object.assign(document.createElement("p"), { innerText: "a\\n".repeat(99) }));
        document.querySelector("#app").append(main);
        main.scrollTop = 50;
    }""")
    top = "document.querySelector('[data-testid=stMain]').scrollTop"
    called("page", place="training")
    assert page.evaluate(top) == 50
    called("page", place="story 1")
    assert page.evaluate(top) == 0
