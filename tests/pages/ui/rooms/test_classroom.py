"""The page for teachers: links hold what they say, codes can be read, the lesson is whole."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import pytest
import vl_convert
import zxingcpp
from PIL import Image

from core.runs.diagnosis import Verdict
from core.runs.lanes import MOST_LANES, lane_keys, read_lanes
from core.runs.training import train
from pages import texts
from pages.charts.present import PROJECTOR, TEXT, enlarge
from pages.texts import lesson
from pages.ui.house import (
    CLASSROOM,
    CONTROLS,
    PLACES,
    ROOMS,
    SPECS,
    STORY,
    TAUGHT,
    Classroom,
    Presenting,
)
from pages.ui.present import hidden, notes
from pages.ui.rooms.classroom import classroom, links
from pages.ui.rooms.story.scenes import SCENES
from pages.ui.rooms.training.stage import words
from pages.ui.session import VERSION
from pages.ui.settings import Telling
from tests.crossing import few_of
from tests.pages.ui.test_pages import settings, visit
from tests.recorded import recorded

HOST = "https://how-deep-networks-learn.streamlit.app/"
LONGEST = 120
VERSION_1 = json.loads(Path(__file__).with_name("version1.json").read_text("utf-8"))
T = {code: language.text for code, language in texts.LANGUAGES.items()}
every_language = pytest.mark.parametrize("language", texts.LANGUAGES)
every_place = pytest.mark.parametrize("place", PLACES)
FRESH = [
    place
    for place in PLACES
    if place not in ("cover", *map("scene{}".format, range(1, len(SCENES) + 1)))
]


def parameters(link):
    return dict(parse_qsl(urlsplit(link).query, keep_blank_values=True))


def complaints(query):
    """The keys of a link that no spec can use."""
    known = {*lane_keys(), *VERSION, "embed"}.union(*(spec.keys() for spec in SPECS))
    damaged = {key for spec in SPECS for key in spec.read_query(query)[1]}
    return damaged | set(read_lanes(query, MOST_LANES)[1]) | (query.keys() - known)


def opening_states(place):
    """Every state of a place that does not depend on what the teacher did before."""
    return {key: state for key, state in links.states(place).items() if key != links.OWN}


# --- links -------------------------------------------------------------------------------------


@every_language
@pytest.mark.parametrize("mode", ["plain", "present", "notes", "embed"])
@pytest.mark.parametrize("show", ["all", "questions", "none"])
def test_the_short_link_of_every_scene_has_at_most_120_characters(language, mode, show):
    for number in range(len(SCENES) + 1):
        place = f"scene{number}" if number else "cover"
        query = links.language_part(language) | links.states(place)[""](False)
        link = links.address(HOST, place, query | links.mode_part(mode, (show,), False))
        assert len(link) <= LONGEST
        assert Telling.from_query(parameters(link)).scene == number
        assert parameters(link)["v"] == "1"


@every_place
def test_the_full_link_says_all_that_the_short_one_says_and_neither_is_complained_about(place):
    longer = []
    for state in opening_states(place).values():
        short, full = dict(state(False)), dict(state(True))
        assert full.items() >= short.items()
        assert complaints(short) == complaints(full) == set()
        longer.append(len(full) > len(short))
    assert any(longer)


def test_the_full_link_names_the_mode_even_where_it_is_the_usual_one():
    full = links.mode_part("plain", ("all",), True)
    assert full == Presenting().to_query(full=True)
    assert links.mode_part("plain", ("all",), False) == {}


@pytest.mark.parametrize(
    "link", [f"?{place}" for place in FRESH], ids=lambda link: link.removeprefix("?")
)
def test_what_a_question_of_a_page_is_called_is_what_its_link_opens(link):
    place = link.removeprefix("?")
    for key, state in opening_states(place).items():
        if key:
            assert links.question_name(T["en"], place, key)
            assert links.address(HOST, place, state(False)).startswith(f"{HOST}{place}?v=1")


@pytest.mark.parametrize("page", few_of([room.name for room in TAUGHT if room is not STORY], 5))
def test_every_control_that_can_be_left_to_the_class_is_on_its_page(page):
    app = visit(page)
    drawn = {
        widget.key
        for kind in ("selectbox", "select_slider", "number_input", "multiselect", "toggle")
        for widget in app.get(kind)
    }
    assert set(ROOMS[page].controls) <= drawn


@every_language
def test_the_sentence_tells_place_state_controls_language_and_mode(language):
    t = T[language]
    link = {"link_to": "training", "link_state": "2", "link_show": "depth,rate"}
    app = visit("classroom", language=language, **link, link_language="ja", link_mode="present")
    said = next(m.value for m in app.markdown if t.training.presets["race"] in m.value)
    assert t.training.door in said
    assert t.settings["depth"] in said
    assert t.settings["rate"] in said
    assert "日本語" in said
    assert t.classroom.told_mode["present"] in said
    short = parameters(app.get("code")[0].value)
    assert short["present"] == "1"
    assert short["show"] == "depth,rate"
    assert short["language"] == "ja"


def test_a_page_can_be_linked_to_as_the_teacher_left_it():
    app = visit("classroom", link_to="training", link_state="1", rate="0.3", lanes="1", depth="7")
    short = parameters(app.get("code")[0].value)
    assert (short["rate"], short["depth"], short["lanes"]) == ("0.3", "7", "1")


def test_another_place_forgets_a_state_and_controls_that_it_does_not_have():
    app = visit("classroom", link_to="training", link_state="9", link_show="depth")
    next(w for w in app.selectbox if w.key == "link_to").set_value("scene2").run()
    assert not app.exception
    chosen = Classroom.from_query(settings(app))
    assert (chosen.link_to, chosen.link_state, chosen.link_show) == ("scene2", 0, ("all",))


def test_a_link_to_a_state_that_a_place_does_not_have_opens_it_as_it_opens():
    app = visit("classroom", link_to="scene2", link_state="19", link_show="depth")
    assert not app.exception
    assert "scene=2" in app.get("code")[0].value
    assert "show" not in app.get("code")[0].value


def test_version_1_still_means_what_it_has_always_meant():
    """A default may change only with a new version: short links leave it out and rely on it.

    A new setting is to be added to version1.json; one that is in it stays as it is.
    """
    now = {key: text for spec in SPECS for key, text in spec().to_query(full=True).items()}
    assert VERSION == {"v": "1"}
    assert {key: now.get(key) for key in VERSION_1} == VERSION_1


# --- the QR code -------------------------------------------------------------------------------


def drawn(link, module=8):
    """The code as pixels, True where it is black, `module` pixels a module."""
    svg = classroom.qr(link)
    modules = int(re.search(r'viewBox="0 0 (\d+) ', svg)[1]) // 10
    sized = svg.replace("<svg ", f'<svg width="{modules * module}" height="{modules * module}" ')
    png = vl_convert.svg_to_png(sized, scale=1, ppi=72)
    return np.asarray(Image.open(io.BytesIO(png)).convert("L")) < 128, modules


@every_language
def test_a_phone_reads_the_short_link_from_the_code(language):
    link = links.address(HOST, "scene8", {"language": language, "scene": "8", "present": "1"})
    picture, _ = drawn(link)
    found = zxingcpp.read_barcodes((~picture * 255).astype(np.uint8))
    assert [one.text for one in found] == [link]


def test_the_code_has_its_quiet_zone_and_modules_large_enough_for_the_back_row():
    picture, modules = drawn(HOST + "x" * (LONGEST - len(HOST)))
    quiet = 4 * (len(picture) // modules)
    assert not picture[:quiet].any()
    assert not picture[-quiet:].any()
    assert not picture[:, :quiet].any()
    assert not picture[:, -quiet:].any()
    assert picture[quiet].any()
    # 530 px of a projector's 720 for the longest link that a scene may have
    assert 530 / modules > 9


# --- the lesson --------------------------------------------------------------------------------


def test_the_notes_are_those_of_the_scenes_in_their_order():
    assert len(SCENES) == Telling.domains()["scene"].high
    for t in T.values():
        assert set(t.lesson.notes) == {scene.name for scene in SCENES}
        for scene in t.lesson.notes:
            assert set(t.lesson.notes[scene]) == set(t.lesson.parts)


@pytest.mark.parametrize("minutes", lesson.PLANS)
def test_the_steps_of_a_plan_fill_its_minutes_without_a_gap(minutes):
    steps = lesson.PLANS[minutes]
    assert [start for _, start, _, _ in steps] == [0, *[end for _, _, end, _ in steps[:-1]]]
    assert steps[-1][2] == minutes
    assert {name for *_, scenes in steps for name in scenes} == {scene.name for scene in SCENES}
    for t in T.values():
        assert {key for key, *_ in steps} <= set(t.lesson.steps)


@every_language
@pytest.mark.parametrize("minutes", lesson.PLANS)
def test_the_lesson_in_one_file_holds_aims_scenes_questions_myths_answers_and_worksheet(
    language, minutes
):
    t = T[language]
    told = lesson.whole(t, minutes, lambda target: links.lesson_link(HOST, language, target), HOST)
    linked = re.findall(r"\]\((\S+?)\)", told)
    assert {Telling.from_query(parameters(link)).scene for link in linked} >= set(
        range(1, len(SCENES) + 1)
    )
    assert all(link.startswith(HOST) and complaints(parameters(link)) == set() for link in linked)
    for branch in ("aims", "ask", "questions", "stretch", "myths", "notes", "offline"):
        for one in vars(t.lesson[branch]).values():
            for text in vars(one).values() if isinstance(one, texts.Text) else [one]:
                assert lesson.named(t, text) in told
    assert "{" not in told


def test_every_misconception_has_a_run_that_refutes_it():
    for t in T.values():
        assert set(t.lesson.myths) == set(links.MYTHS)


def shares_on_the_screen(myth):
    """Of the runs that a misconception opens: what reaches layer 1, at the end that is shown."""
    query = links.MYTHS[myth][1](False)
    for run in read_lanes(query, int(query["lanes"]))[0]:
        *_, last = train(run)
        yield last.delta[0, 0] / last.delta[0, -1]


def test_the_runs_about_twenty_layers_show_what_is_lost_before_training_hides_it():
    (alone,) = shares_on_the_screen("tanh")
    tanh, relu, he = shares_on_the_screen("relu")
    assert alone == tanh < 0.1
    assert relu < tanh / 100
    assert he > tanh


@pytest.mark.slow
@pytest.mark.parametrize(
    ("myth", "learns"),
    {
        "layers": (True, False),
        "finished": (False, True, True),
        "power": (False, True),
        "rate": (False, False, False, False),
        "leaky": (True, False, False),
        "alone": (False, True),
    }.items(),
)
def test_of_the_runs_that_refute_a_misconception_the_screen_says_what_the_plan_says(myth, learns):
    query = links.MYTHS[myth][1](False)
    said = []
    for run in read_lanes(query, int(query["lanes"]))[0]:
        said.append(words(recorded(run), T["en"], False)[1][-1][2])
    assert tuple(verdict == Verdict.LEARNT for verdict in said) == learns
    stalled = [verdict for verdict in said if verdict != Verdict.LEARNT]
    assert all(verdict.startswith(("stalled", "dead")) for verdict in stalled)


@every_language
@pytest.mark.parametrize("minutes", lesson.PLANS)
def test_the_links_of_the_plan_are_for_the_projector_and_it_says_where_the_class_gets_its_own(
    language, minutes
):
    t = T[language]
    asked = []

    def link(target):
        asked.append(target)
        return links.lesson_link(HOST, language, target)

    told = lesson.plan(t, minutes, link)
    linked = [parameters(link) for link in re.findall(r"\]\((\S+?)\)", told)]
    assert linked
    play = [target == lesson.PLAY for target in asked]
    assert ["present" not in query for query in linked] == play
    assert any(play) == (minutes == 90)
    assert t.classroom.parts.class_links in told
    for number in range(1, len(SCENES) + 1):
        assert len(links.lesson_link(HOST, language, f"scene{number}")) <= LONGEST


@pytest.mark.slow
def test_the_ten_layers_of_the_free_play_stall_until_they_are_normalized():
    query = parameters(links.lesson_link(HOST, "en", lesson.PLAY))
    (run,) = read_lanes(query, 1)[0]
    assert (run.activation, run.depth) == ("sigmoid", 10)
    for tried, learns in ((run, False), (replace(run, norm="batch"), True)):
        verdict = words(recorded(tried), T["en"], False)[1][-1][2]
        assert (verdict == Verdict.LEARNT) == learns


@every_language
def test_every_page_that_a_link_can_lead_to_has_notes_for_the_teacher(language):
    t = T[language]
    assert set(t.lesson.pages) == {room.name for room in TAUGHT if room is not STORY}
    for page in t.lesson.pages:
        assert len(notes(t, ROOMS[page], scene=0)) == len(vars(t.lesson.pages[page])) == 3
    assert notes(t, CLASSROOM, scene=0) == notes(t, STORY, scene=0) == []
    assert len(notes(t, STORY, scene=3)) == len(vars(t.lesson.parts))


@every_language
@pytest.mark.parametrize("part", ["class_plan", "class_sheet", "class_offline"])
def test_every_part_is_shown_in_every_language(language, part):
    app = visit("classroom", language=language, class_part=part, class_answers="1")
    heading = {
        "class_plan": T[language].lesson.headings.aims,
        "class_sheet": T[language].lesson.answers_title,
        "class_offline": T[language].lesson.headings.offline,
    }[part]
    assert any(heading in markdown.value for markdown in app.markdown)


@every_language
@pytest.mark.parametrize("page", [lesson.sheet, lesson.answers])
def test_no_question_and_no_answer_begins_as_a_list_within_the_list(language, page):
    assert not re.search(r"^\d+\. (\d+[.)]|[-*+])\s", page(T[language]), re.MULTILINE)


def test_the_answers_are_on_the_worksheet_only_when_asked_for():
    app = visit("classroom", class_part="class_sheet")
    answer = T["en"].lesson.questions.q2.answer
    assert not any(answer in markdown.value for markdown in app.markdown)
    next(w for w in app.toggle if w.key == "class_answers").set_value(True).run()
    assert any(answer in markdown.value for markdown in app.markdown)


# --- presenter mode ----------------------------------------------------------------------------


def test_a_projector_gets_larger_type_and_thicker_lines_and_the_same_data():
    spec = {
        "height": 200,
        "config": {"axis": {"labelFontSize": 30, "grid": False}},
        "layer": [
            {"mark": {"type": "line", "strokeWidth": 2.5, "clip": True}},
            {"mark": {"type": "text", "fontSize": 13, "dx": 4}},
            {"encoding": {"strokeWidth": {"condition": {"value": 2.5}, "value": 1}}},
        ],
        "data": {"values": [{"height": 1, "fontSize": 1}]},
    }
    before = json.dumps(spec)
    large = enlarge(spec)
    assert json.dumps(spec) == before
    assert large["layer"][0]["mark"] == {"type": "line", "strokeWidth": 3.5, "clip": True}
    assert large["layer"][1]["mark"]["fontSize"] == pytest.approx(18.2)
    assert large["layer"][2]["encoding"]["strokeWidth"] == {
        "condition": {"value": 3.5},
        "value": 1.4,
    }
    assert large["data"] == spec["data"]
    axis = {"labelFontSize": 42, "grid": False, "titleFontSize": TEXT, "titleAnchor": "end"}
    assert large["config"]["axis"] == axis
    assert large["config"]["line"]["strokeWidth"] == 3.5
    assert large["height"] > 200


def test_a_chart_is_on_a_projector_as_high_as_it_asks_to_be():
    assert enlarge({"height": 200})["height"] == pytest.approx(220)
    assert enlarge({"height": 200, "usermeta": {PROJECTOR: 150}})["height"] == 150


def test_the_charts_of_a_page_are_enlarged_in_presenter_mode_only():
    plain, large = (
        json.loads(visit("derivatives", **mode).get("vega_lite_chart")[0].proto.spec)
        for mode in ({}, {"present": "1"})
    )
    assert large["config"]["axis"]["labelFontSize"] >= 18
    assert "labelFontSize" not in plain["config"].get("axis", {})


def test_the_rules_hide_every_control_but_those_that_the_link_names():
    rules = hidden(("depth",))
    assert ".st-key-rate," in rules
    assert "[data-testid=stElementContainer].st-key-depth" not in rules
    assert ".st-key-presets" in rules
    assert ".st-key-presets" not in hidden(("questions",))
    assert "st-key-language" not in hidden(("none",))
    assert set(CONTROLS) >= {name for room in TAUGHT for name in room.controls}
