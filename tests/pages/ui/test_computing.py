"""Waiting for runs: one tree of containers and one specification of a chart in every state."""

from __future__ import annotations

import json
from dataclasses import replace

import pyarrow as pa
import pytest
import streamlit as st
from streamlit.runtime.scriptrunner import StopException
from streamlit.testing.v1.element_tree import Block

from core.data.datasets import DATASETS
from core.runs.cost import OverBudget
from core.runs.presets import PRESETS
from core.runs.recording import Recording
from core.runs.training import RunSpec
from pages import texts
from pages.charts import training as charts
from pages.charts.style import LIGHT
from pages.charts.takehome import Asset
from pages.ui import collection, computing, frame
from pages.ui.computing import Look, advance
from pages.ui.house import TRAINING
from pages.ui.recordings import recordings
from pages.ui.widgets import show as widgets
from pages.ui.widgets.show import show, telling
from tests.crossing import crossed
from tests.pages.ui.test_pages import every_language, visit

EN = texts.LANGUAGES["en"].text
LONG = {"lanes": "2", "2.activation": "tanh", "epochs": "2000", "depth": "3", "samples": "100"}
SHORT = {**LONG, "epochs": "3"}
WAITING = {"training": LONG, "digits": {"epochs": "1000"}, "svm": {"epochs": "2000"}}
"""Links to pages whose runs take longer than a page waits for them before it is drawn."""


@pytest.fixture
def patience(monkeypatch):
    """How long a page waits for its runs before it is drawn: here at first not at all."""

    def wait(seconds):
        monkeypatch.setattr(computing, "FIRST", seconds)

    wait(0.0)
    return wait


FOR_THE_END = 30.0


def press(app, label):
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception
    return app


def shape(node):
    """The containers and elements of a tree; of the slot for progress, how many."""
    if not isinstance(node, Block):
        return node.type
    if "progress_" in getattr(node.proto, "id", ""):
        return "progress", len(node.children)
    return node.type, [shape(child) for child in node.children.values()]


def stage_of(app):
    """The block that holds the lanes."""

    def holds(block):
        return any("lane0" in getattr(b.proto, "id", "") for b in blocks(block))

    def blocks(block):
        for child in block.children.values():
            if isinstance(child, Block):
                yield child
                yield from blocks(child)

    inner = app.main
    while (deeper := next((b for b in blocks(inner) if holds(b)), None)) is not None:
        inner = deeper
    return next(b for b in blocks(app.main) if inner in b.children.values())


# --- one tree ----------------------------------------------------------------------------------


def test_live_stopped_and_finished_lanes_stand_in_the_same_containers(patience):
    live = visit("training", **LONG)
    assert live.get("progress") or any(b.label == EN.training.cancel for b in live.button)
    trees = [shape(stage_of(live))]
    stopped = press(live, EN.training.cancel)
    trees.append(shape(stage_of(stopped)))
    patience(FOR_THE_END)
    trees.append(shape(stage_of(visit("training", **SHORT))))
    lanes = [tree[1][:2] for tree in trees]  # what is below them appears only at their end
    assert lanes[0] == lanes[1] == lanes[2]


def specifications(app):
    return [chart.proto.spec for chart in app.get("vega_lite_chart")]


@pytest.mark.parametrize("page", ["training", "svm"])
def test_a_chart_has_one_specification_during_its_run_and_after(page, patience):
    link = {**WAITING[page], "epochs": "40"}
    before = specifications(visit(page, **link))
    patience(FOR_THE_END)
    after = specifications(visit(page, **link))
    assert before == after
    assert before


def words_of(app):
    """What the charts of a page tell in words, by the names in their specifications."""
    (look,) = (
        c.proto for c in app.get("bidi_component") if c.proto.component_name.endswith("look")
    )
    return json.loads(look.json)


@every_language
def test_the_words_of_a_chart_come_with_the_look_and_follow_the_run(language, patience):
    app = visit("training", language=language, **LONG)
    names = [json.loads(spec)["description"] for spec in specifications(app)]
    told = words_of(app)
    assert list(told["words"]) == names
    assert len(set(names)) == len(names) == 6
    assert all("sigmoid" in words or "tanh" in words for words in told["words"].values())
    assert told["wanted"]
    patience(FOR_THE_END)
    done = visit("training", language=language, **SHORT)
    told = words_of(done)
    assert not told["wanted"]
    assert all(any(c.isdigit() for c in words) for words in told["words"].values())


def test_outside_of_a_look_a_chart_tells_its_words_itself():
    app = visit("derivatives")
    assert all(len(json.loads(spec)["description"]) > 30 for spec in specifications(app))


def test_a_chart_has_the_same_name_whatever_it_tells(monkeypatch):
    sent = []
    monkeypatch.setattr(st, "vega_lite_chart", lambda spec, **_: sent.append(spec["description"]))
    monkeypatch.setattr(widgets, "linked", lambda spec: spec())
    colours, table = LIGHT, pa.table({"x": [0.0]})
    for told in ("two words", "other words"):
        with telling("look") as words:
            show(charts.plane, EN, colours, DATASETS["xor"], told, steady=True, frames=table)
            show(charts.plane, EN, colours, DATASETS["xor"], "by itself", frames=table)
        assert list(words.values()) == [told]
    assert sent[0] == sent[2] == next(iter(words))
    assert sent[1] == sent[3] == "by itself"


# --- cancelled ---------------------------------------------------------------------------------


@crossed(language=texts.LANGUAGES, page=WAITING)
def test_a_run_that_is_stopped_says_so_rests_and_continues(page, language, patience):
    t = texts.LANGUAGES[language].text
    app = visit(page, language=language, seed="31", **WAITING[page])
    press(app, t.training.cancel)

    def reached():
        return [c.value for c in app.caption if c.value.startswith(t.training.cancelled[:4])]

    (told,) = reached()
    app.run()
    assert reached() == [told]
    press(app, t.training.resume)
    assert not reached()
    assert t.training.cancel in {button.label for button in app.button}


def test_what_one_page_has_stopped_continues_elsewhere(patience):
    app = press(visit("training", seed="32", **LONG), EN.training.cancel)
    stopped = app.session_state["stopped"]
    assert [tuple(run.activation for run in runs) for runs in stopped] == [("sigmoid", "tanh")]
    app.switch_page("pages/svm.py").run()
    assert EN.training.cancel in {button.label for button in app.button}


# --- over budget -------------------------------------------------------------------------------


@every_language
@pytest.mark.parametrize("tool", ["causes", "ladder"])
def test_an_instrument_whose_runs_cost_too_much_says_what_to_lower(
    tool, language, patience, monkeypatch
):
    patience(FOR_THE_END)
    get = recordings().get

    def dear(run):
        if run.replicas > 1:
            raise OverBudget("epochs")
        return get(run)

    monkeypatch.setattr(recordings(), "get", dear)
    t = texts.LANGUAGES[language].text
    app = visit("training", language=language, lanes="1", epochs="3", samples="40", tool=tool)
    assert [error.value for error in app.error] == [
        t.training.over_budget.format(setting=t.settings.epochs)
    ]


# --- the policy --------------------------------------------------------------------------------


class Clock:
    """Stands in for the clock, and for whoever computes."""

    def __init__(self, monkeypatch, takes):
        self.now, self.asked, self.takes = 0.0, [], takes
        monkeypatch.setattr(computing, "time", self)
        monkeypatch.setattr(computing, "compute", self.compute)
        monkeypatch.setattr(computing, "is_stopped", lambda runs: False)

    def monotonic(self):
        return self.now

    def compute(self, record, budget):
        self.asked.append(round(budget, 3))
        self.now += min(budget, self.takes.get(record.run.activation, budget))


def records(*activations):
    return tuple(Recording(RunSpec(activation=activation)) for activation in activations)


def test_runs_share_a_budget_evenly(monkeypatch):
    clock = Clock(monkeypatch, {})
    advance(records("sigmoid", "tanh", "relu"), 0.3)
    assert clock.asked == [0.1, 0.1, 0.1]


def test_what_one_run_leaves_of_its_share_goes_to_the_others(monkeypatch):
    clock = Clock(monkeypatch, {"sigmoid": 0.0})
    advance(records("sigmoid", "tanh", "relu"), 0.3)
    assert clock.asked == [0.1, 0.15, 0.15]


def test_a_finished_run_takes_no_share(monkeypatch):
    clock, held = Clock(monkeypatch, {}), records("sigmoid", "tanh")
    held[0].finished = True
    advance(held, 0.3)
    assert clock.asked == [0.3]


def test_how_far_runs_have_come():
    held = tuple(Recording(replace(run, epochs=4, samples=40)) for run in PRESETS["race"][:2])
    look = Look(held, stopped=False)
    assert (look.live, look.finished, look.epoch, look.share) == (True, False, 0, 0.0)
    held[0].advance()
    assert (look.live, look.epoch, look.share) == (True, 0, 0.5)
    held[1].advance()
    assert (look.live, look.finished, look.epoch, look.share) == (False, True, 4, 1.0)
    assert look.name == Look(held, stopped=True).name


# --- what is to be taken home ------------------------------------------------------------------


ASSET = Asset("", "", "")


def test_what_is_drawn_again_takes_the_place_of_what_it_was():
    collection.begin("page", "Title", "lead")
    collection.collect_figure("first", {}, {})
    section = collection.new_section()
    with collection.drawn_anew(section), collection.together("0", "one", RunSpec()):
        collection.collect_part("clock", ASSET, {"last": 3}, live=True)
        collection.collect_figure("plane", {"live": 1}, {})
    collection.collect_figure("last", {}, {})
    collected = collection.end()
    assert collected.live
    assert [item.lane for item in collected.items] == ["", "0", "0", ""]

    collection.collect_figure("nowhere", {}, {})  # outside of a page nothing is collected
    with collection.drawn_anew(section), collection.together("0", "one", RunSpec()):
        collection.collect_part("clock", ASSET, {"last": 9})
        collection.collect_figure("plane", {"live": 0}, {})
    assert not collected.live
    first, clock, plane, last = collected.items
    assert (first.name, clock.data, plane.spec, last.name) == (
        "first",
        {"last": 9},
        {"live": 0},
        "last",
    )
    assert [run.name for run in collected.runs] == ["one"]


def test_a_page_that_starts_the_entry_does_not_drop_what_the_browser_asks_for(monkeypatch):
    """`st.stop()` would: the first reader's run after a restart then stood still."""
    monkeypatch.setattr(frame.runpy, "run_path", lambda path: {})
    with pytest.raises(StopException):
        frame.open_page(TRAINING)
