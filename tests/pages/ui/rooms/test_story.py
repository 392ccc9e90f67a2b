"""The story: its frame around every scene, and what the first four scenes claim."""

import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import streamlit as st
from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.testing.v1 import AppTest

from core.lessons.perceptron import POINT_SETS, best_at, best_line, drawn
from core.lessons.propagation import textbook
from core.runs.lanes import MOST_LANES, read_lanes
from core.runs.presets import SIGMOID
from pages.charts import story as charts
from pages.charts import training
from pages.charts.laboratory import Part
from pages.charts.perceptron import points_table
from pages.charts.style import DARK, LIGHT
from pages.texts import LANGUAGES
from pages.texts.scenes import ORDER
from pages.ui.house import ROOMS, SPECS
from pages.ui.rooms.story import story
from pages.ui.rooms.story.scenes import PLAYED, SCENES, deeper, folds, line, walk
from pages.ui.rooms.story.scenes.scene import Outcome
from pages.ui.settings import SEEN, Telling
from tests.browser.drive import ROOT
from tests.crossing import crossed
from tests.pages.charts.test_curves import check
from tests.recorded import recorded

EN = LANGUAGES["en"].text
LETTERS = story.LETTERS
every_scene = pytest.mark.parametrize("number", range(1, len(SCENES) + 1))
every_language = pytest.mark.parametrize("language", LANGUAGES)
early = pytest.mark.parametrize("number", [1, 2, 3, 4])


def visit(number, **query):
    app = AppTest.from_file(str(ROOT / "dashboard.py"), default_timeout=120)
    app.query_params |= {"language": "en", "scene": str(number), **query}
    app.run()
    assert not app.exception
    return app


def press(app, key):
    next(button for button in app.button if button.key == key).click().run()
    assert not app.exception
    return app


def keys(app):
    return {button.key for button in app.button}


def words(app):
    return [element.value for element in app.markdown]


def settings(app):
    return app.session_state["session"].settings


def broken_bold(told):
    """Bold words whose marks Markdown would show: a sign inside them, and a letter outside."""
    found = []
    for paragraph in told.split("\n"):
        parts = paragraph.split("**")
        for before, bold, after in zip(parts[::2], parts[1::2], parts[2::2], strict=False):
            ends_badly = not bold[-1:].isalnum() and after[:1].isalnum()
            begins_badly = not bold[:1].isalnum() and before[-1:].isalnum()
            found += [bold] if ends_badly or begins_badly else []
    return found


@pytest.fixture
def short(monkeypatch):
    """Runs of three epochs in place of long ones: for what does not depend on how they end."""

    def computed(t, runs, partly=None):
        return tuple(recorded(replace(run, epochs=3, replicas=1, samples=60)) for run in runs)

    for scene in SCENES:
        module = __import__(f"pages.ui.rooms.story.scenes.{scene.name}", fromlist=["computed"])
        if hasattr(module, "computed"):
            monkeypatch.setattr(module, "computed", computed)


@pytest.fixture
def whole(monkeypatch):
    """The true runs of the first four scenes, finished."""
    for module in (folds, deeper, walk):
        monkeypatch.setattr(
            module, "computed", lambda t, runs, partly=None: tuple(map(recorded, runs))
        )


# --- the frame ---------------------------------------------------------------------------------


def test_the_story_has_every_scene_in_its_order_and_its_setting_reaches_the_last():
    assert [scene.name for scene in SCENES] == [*ORDER]
    assert {*PLAYED} == {*ORDER}
    assert len(SCENES) in Telling.domains()["scene"]
    assert len(SCENES) + 1 not in Telling.domains()["scene"]


@every_language
def test_the_cover_has_a_door_to_every_scene_and_to_the_three_pages(language):
    app = visit(0, language=language)
    t = LANGUAGES[language].text
    assert app.title[0].value == t.story.title
    assert keys(app) >= {f"scene_{k}" for k in range(1, len(SCENES) + 1)} | {"begin_story"}
    assert len(app.get("vega_lite_chart")) == 3
    press(app, "scene_4")
    assert app.title[0].value == t.scene_walk.question


def test_the_story_can_be_read_from_the_first_scene_to_the_last_and_back_without_a_guess(short):
    app = press(visit(0), "begin_story")
    for number, scene in enumerate(SCENES, start=1):
        assert settings(app)["scene"] == str(number)
        assert app.title[0].value == scene.texts(EN).question
        assert {"back", "apart"} <= keys(app)
        if number < len(SCENES):
            press(app, "next")
    assert "next" not in keys(app)
    for _ in SCENES:
        press(app, "back")
    assert app.title[0].value == EN.story.title


@pytest.mark.parametrize("cut", [True, False])
def test_the_bar_shows_its_scene_even_if_the_first_run_was_cut_short(short, monkeypatch, cut):
    """Streamlit sends a value in the run that sets it alone, and drops what it has not sent yet."""
    app = AppTest.from_file(str(ROOT / "dashboard.py"), default_timeout=120)
    app.query_params |= {"scene": "6"}
    with monkeypatch.context() as patch:
        if cut:
            patch.setattr(story, "prediction", lambda t, words: st.stop())
        app.run()
    app._run(WidgetStates())  # from a browser that has none of the widgets
    bar = next(bar for bar in app.button_group if bar.key == "way_of_story")
    assert bar.value == 6
    assert bar.proto.set_value is cut
    app.run()
    assert not app.exception
    bar = next(bar for bar in app.button_group if bar.key == "way_of_story")
    assert not bar.proto.set_value  # or what a reader does meanwhile would be taken back


@crossed(every=2, language=LANGUAGES, number=range(1, len(SCENES) + 1))
def test_every_scene_asks_before_it_shows_and_explains_after_every_guess(number, language, short):
    t, scene = LANGUAGES[language].text, SCENES[number - 1]
    texts = scene.texts(t)
    app = visit(number, language=language)
    assert keys(app) >= {f"guess_{letter}" for letter in LETTERS} | {"guess_seen"}
    assert f"**{texts.predict}**" in words(app)
    assert not any(told.startswith(":material/visibility:") for told in words(app))
    for guess in (*LETTERS, SEEN):
        press(app, f"guess_{guess}")
        assert settings(app)["guess"] == guess
        assert "guess_a" not in keys(app)
        told = "\n".join(words(app))
        assert ":material/visibility:" in told
        assert not re.search(r"\{\w*\}", told), told
        assert not broken_bold(told)
        if guess != SEEN:
            assert any(texts.guesses[guess] in caption.value for caption in app.caption)
        press(app, "guess_again")
    assert "guess" not in settings(app)


@crossed(language=LANGUAGES, number=range(1, len(SCENES) + 1))
def test_an_explanation_differs_for_a_right_and_for_a_wrong_guess(number, language):
    t, scene = LANGUAGES[language].text, SCENES[number - 1]
    texts = scene.texts(t)
    values = dict.fromkeys(re.findall(r"\{(\w+)\}", str(vars(texts.after))), "7")
    outcome = Outcome(scene.expected, values)
    told = {guess: story.told(t, scene, guess, outcome) for guess in (*LETTERS, SEEN)}
    assert len(set(told.values())) == 4
    # and when the run ends otherwise, no guess is told what the run does not show
    other = next(letter for letter in LETTERS if letter != scene.expected)
    for right, said in ((other, texts.guesses[other]), ("", t.story.none_of_them)):
        for guess in (*LETTERS, SEEN):
            now = story.told(t, scene, guess, Outcome(right, values))
            assert said in now
            assert now != told[guess]


def test_another_scene_begins_without_the_guess_and_the_belief_of_the_one_before(short):
    app = visit(2, guess="a", belief="half")
    assert settings(app)["guess"] == "a"
    press(app, "next")
    assert settings(app)["scene"] == "3"
    assert not {"guess", "belief"} & set(settings(app))
    assert "guess_a" in keys(app)


def test_the_scene_and_what_was_said_are_in_the_address(short):
    app = visit(1)
    press(app, "guess_b")
    press(app, "belief_half")
    link = dict(app.query_params)
    assert (link["scene"], link["guess"], link["belief"]) == ("1", "b", "half")


@crossed(language=LANGUAGES, number=range(1, len(SCENES) + 1))
def test_a_myth_is_asked_then_decided_by_a_number_and_leads_to_its_run(number, language, short):
    t, scene = LANGUAGES[language].text, SCENES[number - 1]
    app = visit(number, language=language)
    claim = t.story.myth.format(claim=scene.texts(t).myth.claim)
    assert claim in [block.label for block in app.expander]
    press(app, "belief_half")
    told = "\n".join(words(app))
    assert any(t.story.verdicts[key] in told for key in story.BELIEFS)
    assert not re.search(r"\{\w*\}", told)
    pattern = re.escape(scene.texts(t).myth.found)
    assert "\\{" in pattern, "no number decides"
    assert re.search(re.sub(r"\\\{\w+\\\}", ".+", pattern), told)
    press(app, "belief_none")
    assert "belief_half" in keys(app)


def test_a_belief_that_the_run_bears_out_is_answered_differently():
    found = story.Myth("half", {}, "training", {})
    texts = {belief: story.verdict(EN, belief, found) for belief in (*story.BELIEFS, SEEN)}
    assert len(set(texts.values())) == 4
    assert texts["half"] == EN.story.agreed.format(verdict=f"**{EN.story.verdicts.half}**")
    assert EN.story.beliefs.true in texts["true"]


@every_scene
def test_taken_apart_a_scene_opens_a_page_with_its_settings(number, short):
    scene = SCENES[number - 1]
    app = visit(number)
    press(app, "apart")
    opened = dict(settings(app))
    ignored = [key for spec in SPECS for key in spec.read_query(opened)[1]]
    ignored += read_lanes(opened, MOST_LANES)[1]
    assert not ignored
    assert not app.warning
    page, query = taken_apart(scene)
    assert query.items() <= opened.items()
    assert set(query) <= set(ROOMS[page].keys)
    assert app.title[0].value == EN[page].title


def taken_apart(scene):
    """What `apart` says without a session: all dials at their defaults."""
    import streamlit as st

    from pages.ui.session import Session

    before = dict(st.session_state)
    st.session_state["session"] = Session({})
    try:
        return scene.apart()
    finally:
        del st.session_state["session"]
        st.session_state.update(before)


def test_undo_brings_back_what_a_page_had_before_a_scene_was_taken_apart(short):
    app = visit(3, rate="0.3", lanes="1", depth="2", norm="batch", epochs="3", samples="40")
    press(app, "apart")
    assert settings(app)["rate"] == "1"
    assert "norm" not in settings(app), "what the page had before would change the scene's run"
    undo = next(button for button in app.button if button.label == EN.common.undo)
    undo.click().run()
    assert settings(app)["rate"] == "0.3"
    assert settings(app)["depth"] == "2"
    assert settings(app)["norm"] == "batch"


@crossed(every=2, number=range(1, len(SCENES) + 1))
def test_a_page_that_a_scene_has_opened_leads_back_to_the_scene_as_it_was_left(number, short):
    app = press(visit(number, guess="b", told_weights="xavier"), "apart")
    before = {key: settings(app)[key] for key in ("scene", "guess", "told_weights")}
    assert "scene" not in app.query_params
    button = next(button for button in app.button if button.key == "back_to_scene")
    assert button.label == EN.common.back_to_scene.format(number=number)
    press(app, "back_to_scene")
    assert app.title[0].value == SCENES[number - 1].texts(EN).question
    assert before.items() <= settings(app).items()


def test_the_way_back_is_only_on_the_page_that_was_opened_until_the_reader_is_back(short):
    app = press(visit(4), "apart")
    app.switch_page("pages/activations.py").run()
    assert "back_to_scene" not in keys(app)
    app.switch_page("pages/training.py").run()
    assert "back_to_scene" in keys(app)
    app.switch_page("pages/story.py").run()
    app.switch_page("pages/training.py").run()
    assert "back_to_scene" not in keys(app)


@every_language
def test_the_exit_question_needs_no_guess_and_no_other_scene_continues_before_one(language, short):
    for number, scene in enumerate(SCENES, start=1):
        on = scene.texts(LANGUAGES[language].text).on
        start = on.split("{")[0]
        shown = any(told.startswith(start) for told in words(visit(number, language=language)))
        assert shown == (number == len(SCENES)), scene.name
    assert "{" not in on


def turned(wish):
    """A page that only turns to a scene; a separate script, so it imports what it needs."""
    import streamlit as st

    from pages.ui.rooms.story.story import go
    from pages.ui.session import Session

    st.session_state["session"] = Session({"guess": "a"})
    go(wish)


@pytest.mark.parametrize(("wish", "there"), [(-1, 0), (0, 0), (8, 8), (9, 8)])
def test_going_on_stays_within_the_story(wish, there):
    app = AppTest.from_function(turned, args=(wish,)).run()
    assert not app.exception
    assert int(settings(app).get("scene", 0)) == there
    assert "guess" not in settings(app)


# --- what the first four scenes claim ----------------------------------------------------------


def outcome_of(number, monkeypatch, **query):
    """What a scene's run has shown, as the frame is told."""
    seen = []
    scene = SCENES[number - 1]
    played = replace(scene, play=lambda t, shown: seen.append(scene.play(t, shown)) or seen[-1])
    monkeypatch.setattr(story, "SCENES", (*SCENES[: number - 1], played, *SCENES[number:]))
    visit(number, **query)
    return seen[-1]


@pytest.mark.parametrize("number", [1, 2, pytest.param(3, marks=pytest.mark.slow), 4])
def test_a_run_proves_the_expected_guess_right_and_nothing_is_known_before(
    number, whole, monkeypatch
):
    assert outcome_of(number, monkeypatch) is None
    for guess in ("a", SEEN):
        assert outcome_of(number, monkeypatch, guess=guess).right == SCENES[number - 1].expected


def test_one_line_separates_the_two_groups_and_gets_about_seven_in_ten_of_xor(monkeypatch):
    groups, xor = (drawn(key, line.COUNT, line.SEED) for key in (line.GROUPS, line.XOR))
    assert best_line(groups).correct == line.COUNT
    assert any(best_at(groups, turn).correct == line.COUNT for turn in range(360))
    best = best_line(xor).correct / line.COUNT
    assert 0.6 < best < 0.75
    shown = outcome_of(1, monkeypatch, guess="b").words
    assert shown["best"] == f"{round(100 * best)}%"


@pytest.mark.parametrize(("share", "right"), [(1.0, "a"), (0.7, "b"), (0.5, "c"), (0.9, "")])
def test_the_best_share_decides_which_guess_of_the_first_scene_is_right(share, right):
    assert line.judged(share) == right


@pytest.mark.parametrize(
    ("flat", "right"), [(0.5, "b"), (0.71, "b"), (0.8, "c"), (0.9, "a"), (1.0, "a")]
)
def test_the_accuracy_without_an_activation_function_decides(flat, right):
    assert folds.judged(flat, 0.7) == right


@pytest.mark.parametrize(
    ("good", "deep", "loss", "right"),
    [(8, 0, 1.0, "c"), (8, 0, 0.5, ""), (6, 8, 0.1, "a"), (8, 8, 0.1, "b"), (8, 3, 0.9, "")],
)
def test_the_seeds_that_learn_decide(good, deep, loss, right):
    assert deeper.judged(good, deep, loss) == right


@pytest.mark.parametrize(("large", "right"), [(0.01, "b"), (6e-4, "a"), (1e-5, "c")])
def test_what_reaches_layer_1_decides(large, right):
    assert walk.judged(4e-4, large, 1e-3) == right


def test_eight_units_without_an_activation_function_are_one_line_and_with_it_solve_xor():
    flat, bent = (recorded(run).history.train_accuracy[-1] for run in (folds.FLAT, folds.BENT))
    assert flat.max() <= folds.line_share() + folds.ROOM
    assert bent.min() > 0.95
    assert recorded(folds.DEEP).history.train_accuracy[-1].max() <= folds.line_share() + folds.ROOM


@pytest.mark.slow
def test_two_sigmoid_layers_learn_and_from_four_on_none_does():
    learnt = {k: deeper.seeds_learnt(recorded(run)) for k, run in deeper.RUNS.items()}
    assert learnt[1] >= 7
    assert learnt[2] >= 7
    assert learnt[3] < 8
    assert learnt[4] == learnt[5] == learnt[6] == 0
    history = recorded(deeper.RUNS[5]).history
    assert history.share[-1, 0] < 1e-3
    assert history.moved[-1, 0, 0] < 0.1


def test_larger_weights_let_more_through_than_the_textbook_line_and_the_network_learns():
    small, large = walk.way_of(walk.SMALL), walk.way_of(walk.LARGE)
    bound = textbook(SIGMOID)[0]
    assert small.share < bound < large.share
    assert large.slope < small.slope
    assert large.weights > small.weights
    learnt = recorded(replace(walk.run_of(walk.LARGE), replicas=walk.MANY)).history.train_accuracy
    assert (learnt[-1] > 0.9).sum() >= 6


@early
def test_the_myths_of_the_first_scenes_are_decided_by_their_runs(number, whole):
    found = []
    scene = SCENES[number - 1]
    texts = scene.texts(EN)
    app = visit(number, belief="true")
    told = "\n".join(words(app))
    found = [key for key in story.BELIEFS if EN.story.verdicts[key] in told]
    assert found == ["false"], texts.myth.claim


# --- charts ------------------------------------------------------------------------------------


@every_language
@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_every_chart_reads_only_what_its_tables_hold(language, colours):
    t = LANGUAGES[language].text
    chosen = POINT_SETS["quadrants"]
    check(
        charts.points_only(t, colours, chosen, "told").to_dict(),
        {"points": points_table(drawn("quadrants", 40, 0))},
    )
    record = recorded(replace(folds.BENT, epochs=3, replicas=1, samples=60))
    source = record.run.source
    check(
        charts.plane(t, colours, source, 3, "told").to_dict(),
        {
            "frames": training.frames_table(record.frames, record.run, t),
            "points": training.points_table(record.run),
            "units": charts.units_table(record.final, source.reach),
            "boundary": charts.boundary_table(record.final, source.reach),
        },
    )
    steps = charts.steps_table(walk.way_of(walk.SMALL).history, t)
    check(
        charts.staircase(t, colours, "sigmoid", 5, 0.25, "other", "told").to_dict(),
        {
            "steps": steps,
            "other": steps.slice(0, 0),
            "bound": charts.bound_table(SIGMOID, textbook(SIGMOID)),
        },
    )
    row = charts.pictures_table(record, 1, t, 0.9, first=False)
    names = row.select(["place"]).append_column("name", row["words"])
    check(
        charts.row(t, colours, source, 6, 5, "told").to_dict(),
        {"row": row, "dots": charts.row_points(record.run, [1, 2]), "names": names},
    )


@pytest.mark.parametrize("weights", [walk.SMALL, walk.LARGE])
def test_the_staircase_is_the_product_of_its_factors_from_the_output_to_layer_1(weights):
    way = walk.way_of(weights)
    steps = charts.steps_table(way.history, EN).to_pylist()
    assert [step["epoch"] for step in steps] == list(range(1, 11))
    assert [step["layer"] for step in steps] == [5, 5, 4, 4, 3, 3, 2, 2, 1, 1]
    assert {step["part"] for step in steps[::2]} == {Part.WEIGHTS.value}
    assert {step["part"] for step in steps[1::2]} == {Part.DERIVATIVE.value}
    assert steps[0]["y"] == 1
    for one, next_one in pairwise(steps):
        assert one["y2"] == pytest.approx(next_one["y"], rel=1e-12)
        assert one["x2"] == next_one["x"]
    product = np.prod([step["factor"] for step in steps])
    assert product == pytest.approx(way.share, rel=1e-12) == steps[-1]["y2"]


def test_units_lines_and_the_boundary_lie_where_the_trained_network_says():
    record = recorded(replace(folds.BENT, epochs=40, replicas=1))
    trained, weights = record.final, record.final.network.parameters
    for row in charts.units_table(trained, 1.0).to_pylist():
        w, b = weights.weights[0][0][:, row["unit"]], weights.biases[0][0, 0, row["unit"]]
        assert w @ [row["x1"], row["y"]] + b == pytest.approx(0, abs=1e-9)
    edge = charts.boundary_table(trained, 1.0)
    places = np.column_stack([edge["x1"].to_numpy(), edge["y"].to_numpy()])
    assert len(places) > 20
    assert np.abs(trained.predict(places)[:, 0] - 0.5).max() < 0.05


def test_without_an_activation_function_the_boundary_is_straight():
    edge = charts.boundary_table(recorded(folds.FLAT).final, 1.0)
    x, y = edge["x1"].to_numpy(), edge["y"].to_numpy()
    centred = np.column_stack([x - x.mean(), y - y.mean()])
    assert np.linalg.svd(centred, compute_uv=False)[1] < 0.05


def test_pictures_in_a_row_are_few_and_count_the_seeds_that_have_learnt():
    record = recorded(deeper.RUNS[2])
    table = charts.pictures_table(record, 2, EN, 0.9, first=False)
    assert len(table) == charts.MOST_PICTURES
    assert table["epoch"][0].as_py() == 0
    assert table["epoch"][-1].as_py() == record.run.epochs
    learnt = deeper.seeds_learnt(record)
    assert table["words"][-1].as_py() == EN.scene_deeper.count.format(learnt=learnt, seeds=8)
    first = charts.pictures_table(record, 2, EN, 0.9, first=True)
    assert first["epoch"].to_pylist() == [0]
    assert first["words"][0].as_py() == EN.scene_deeper.count.format(learnt=0, seeds=8)
