"""The perceptron's page and its charts: they draw the core, and every setting is in the link."""

from urllib.parse import parse_qs

import numpy as np
import pytest

from core.lessons.folding import Folder, chart, fold_of
from core.lessons.perceptron import (
    POINT_SETS,
    Line,
    best_at,
    best_line,
    drawn,
    learn,
    widest_margin,
)
from pages import texts
from pages.charts import perceptron as charts
from pages.ui.house import PERCEPTRON
from pages.ui.settings import LINE_PARTS, OneLine
from tests.crossing import crossed
from tests.pages.charts.test_curves import check
from tests.pages.looks import LOOKS
from tests.pages.ui.test_pages import visit
from tests.pages.ui.widgets.test_owndata import upload

every_language = pytest.mark.parametrize("language", texts.LANGUAGES)
every_set = pytest.mark.parametrize("key", POINT_SETS)
CHARTS = {"line_hand": 2, "line_rule": 3, "line_fold": 2}


def text(language="en"):
    return texts.LANGUAGES[language].text


def made(key, count=40, seed=0):
    return POINT_SETS[key], drawn(key, count, seed)


# --- charts ------------------------------------------------------------------------------------


@crossed(every=2, look=LOOKS, key=POINT_SETS)
def test_every_chart_reads_only_what_its_tables_hold(key, look):
    language, colours = look
    t, (chosen, points) = text(language), made(key)
    dots, angles = charts.points_table(points), charts.angles_table(points)
    best = best_line(points)
    for follow in ((), charts.followed(angles, chosen)):
        for shown in (False, True):
            check(
                charts.by_hand(t, colours, chosen, follow, shown, "told").to_dict(),
                {"points": dots, "best": charts.line_table(best.line, chosen)},
            )
        check(
            charts.angles(t, colours, chosen, follow, 0.7, 0.4, "told").to_dict(),
            {"points": dots, "angles": angles},
        )
        if chosen.corners:
            check(
                charts.demands(t, colours, chosen, follow, "told").to_dict(),
                {"demands": charts.demands_table(points, t)},
            )
    lesson, margin = learn(points), widest_margin(points)
    check(
        charts.lesson_plane(t, colours, chosen, "told").to_dict(),
        {
            "points": dots,
            "lines": charts.lines_table(lesson, chosen),
            "corrected": charts.corrected_table(lesson, points),
        },
    )
    last = len(lesson.updates)
    check(
        charts.mistakes(t, colours, lesson.seen, last, margin, "told").to_dict(),
        {"mistakes": charts.mistakes_table(lesson)},
    )
    check(
        charts.weights(t, colours, last, "told").to_dict(),
        {"weights": charts.weights_table(lesson), "rounds": charts.rounds_table(lesson)},
    )
    for folder in (Folder(), Folder("trained", "tanh", 4, 0)):
        fold = fold_of(key, points, folder)
        check(
            charts.input_plane(t, colours, chosen, len(fold.v), "told").to_dict(),
            {
                "points": dots,
                "regions": charts.regions_table(fold, chosen),
                "units": charts.units_table(fold, chosen),
            },
        )
        tables = charts.folded_tables(fold, chart(fold, points.x), points, chosen)
        check(charts.folding(t, colours, False, ("a", "b"), "told").to_dict(), tables)


@pytest.mark.parametrize("turn", range(0, 360, 15))
def test_a_line_is_drawn_where_it_is_and_class_b_is_tinted_on_its_side(turn):
    chosen = POINT_SETS["quadrants"]
    line = Line(np.cos(np.radians(turn)), np.sin(np.radians(turn)), 0.2)
    ends = charts.drawn_line(line, chosen)
    places = np.column_stack([ends["x1"], ends["y"]])
    if abs(line.w2) > charts.STEEP:
        np.testing.assert_allclose(line.sums(places), 0, atol=1e-9)
        assert (line.sums(np.column_stack([ends["x1"], ends["of_b"]])) > 0).all()
        assert (line.sums(np.column_stack([ends["x1"], ends["of_a"]])) < 0).all()


@pytest.mark.parametrize(("b", "tinted"), [(1.0, "of_b"), (0.0, "of_a"), (-1.0, "of_a")])
def test_without_a_line_all_is_of_one_class(b, tinted):
    ends = charts.drawn_line(Line(0.0, 0.0, b), POINT_SETS["apart"])
    other = {"of_a": "of_b", "of_b": "of_a"}[tinted]
    assert all(abs(y - end) > charts.FAR for y, end in zip(ends["y"], ends[tinted], strict=True))
    assert ends["y"] == ends[other]


def test_at_every_angle_the_line_that_slides_gets_the_best_right():
    chosen, points = made("quadrants", 60)
    table = charts.angles_table(points)
    for turn, shift in enumerate(charts.followed(table, chosen)):
        w1, w2 = np.cos(np.radians(turn)), np.sin(np.radians(turn))
        line = Line(w1, w2, -shift - chosen.centre * (w1 + w2))
        assert line.correct(points) == best_at(points, turn).correct


@every_set
def test_folded_all_the_way_a_point_is_on_the_side_of_the_line_that_the_network_says(key):
    chosen, points = made(key)
    for folder in (Folder(), Folder("trained", "tanh", 2, 0), Folder("trained", "relu", 5, 0)):
        fold = fold_of(key, points, folder)
        tables = charts.folded_tables(fold, chart(fold, points.x), points, chosen)
        folded = tables["folded"]
        places = np.column_stack([folded["h1"].to_numpy(), folded["h2"].to_numpy()])
        line = charts.Frame(fold, chart(fold, points.x), points, chosen).cut()
        np.testing.assert_allclose(line.sums(places), fold.sums(points.x), atol=1e-9)
        assert np.abs(places).max() <= 1 + 1e-9


def test_a_cycle_is_marked_from_the_state_that_comes_back():
    lesson = learn(made("xor_corners")[1])
    rounds = charts.rounds_table(lesson).to_pydict()
    assert rounds["start"] == [0, 4, 8]
    assert rounds["end"] == [4, 8, 12]


# --- the page ----------------------------------------------------------------------------------


@crossed(language=texts.LANGUAGES, preset=PERCEPTRON.presets)
def test_every_question_opens_its_part_with_its_note(preset, language):
    app = visit("perceptron", language=language, **PERCEPTRON.link_of(*PERCEPTRON.presets[preset]))
    words = text(language).perceptron
    assert words.preset_notes[preset] in [block.value for block in app.markdown]
    shown, *_ = PERCEPTRON.presets[preset]
    corners = POINT_SETS[shown.line_points].corners and shown.line_part == "line_hand"
    assert len(app.get("vega_lite_chart")) == CHARTS[shown.line_part] + corners
    assert not app.warning
    assert not app.error


def test_a_question_stays_the_same_while_the_line_is_moved():
    app = visit("perceptron", line_turn="77", line_shift="0.31", fold_way="20")
    assert text().perceptron.preset_notes["groups"] in [block.value for block in app.markdown]


@crossed(part=LINE_PARTS, key=POINT_SETS)
def test_every_part_takes_every_set_of_points_even_very_few(part, key):
    app = visit("perceptron", line_part=part, line_points=key, line_count="4", line_seed="7")
    assert not app.exception
    assert app.get("vega_lite_chart")


def test_the_page_says_how_the_rule_ended():
    def told(key):
        app = visit("perceptron", line_part="line_rule", line_points=key)
        return " ".join(block.value for block in app.markdown)

    assert "It has stopped" in told("and_corners")
    assert "18 mistakes" in told("and_corners")
    assert "at most 51" in told("and_corners")
    assert "the same 4 mistakes" in told("xor_corners")
    assert "No line separates" in told("quadrants")


def test_the_most_that_a_line_can_do_is_said_and_is_the_core_s():
    best = best_line(drawn("quadrants", 100, 3)).correct
    app = visit("perceptron", line_points="quadrants", line_count="100", line_seed="3")
    assert f"{best} of 100 right" in " ".join(block.value for block in app.markdown)


def test_weights_made_for_xor_are_not_passed_off_as_good_for_other_points():
    def notes(key):
        app = visit("perceptron", line_part="line_fold", line_points=key)
        return [block.value for block in app.caption]

    assert text().perceptron.hand_only in notes("and_corners")
    assert text().perceptron.hand_only not in notes("xor_corners")


def test_a_question_can_be_taken_back():
    app = visit("perceptron", line_points="quadrants", line_count="60")
    group = next(w for w in app.get("button_group") if w.key == "perceptron_first")
    group.set_value("fold").run()
    assert app.session_state["session"].settings["line_part"] == "line_fold"
    next(button for button in app.button if button.label == text().common.undo).click().run()
    settings = app.session_state["session"].settings
    assert settings["line_count"] == "60"
    assert "line_part" not in settings
    assert not app.exception


def test_a_damaged_setting_is_named_and_replaced():
    app = visit("perceptron", line_turn="360", line_shift="nan", fold_units="1")
    assert len(app.warning) == 1
    for key in ("line_turn", "line_shift", "fold_units"):
        assert key in app.warning[0].value


def test_the_link_holds_every_setting():
    query = PERCEPTRON.link_of(OneLine(), Folder(), full=True)
    assert set(query) == {*OneLine.keys(), *Folder.keys()}
    assert not parse_qs("&".join(PERCEPTRON.link_of(OneLine(), Folder())))


# --- a visitor's own points -------------------------------------------------------------------

OWN = "name,a,b,kind\n" + "\n".join(
    f"n{k},{k * 7 % 11},{k * 5 % 13 - 6},{'no' if k * 7 % 11 < 5 else 'yes'}" for k in range(400)
)


def own(part="line_hand", **query):
    app = visit("perceptron", line_points="own_points", line_part=part, **query)
    assert not app.get("vega_lite_chart")
    assert app.info[0].value == text().owndata.pair_needed
    return app


@pytest.mark.parametrize("part", LINE_PARTS)
def test_every_part_takes_two_columns_of_a_file(part):
    app = upload(own(part), OWN.encode(), key="needed")
    assert len(app.get("vega_lite_chart")) >= 2
    words = "A: `no`. B: `yes`. x₁: `a`, x₂: `b`, both standardized. Points drawn: 300 of 400."
    assert any(words in caption.value for caption in app.caption)
    assert app.session_state["session"].settings["line_points"] == "own_points"


@pytest.mark.parametrize("part", LINE_PARTS)
def test_every_part_takes_the_four_corners_of_a_file(part):
    app = upload(own(part), b"a,b,y\n0,0,0\n0,1,1\n1,0,1\n1,1,0", key="needed")
    assert len(app.get("vega_lite_chart")) >= 2


def test_a_file_stays_while_a_question_brings_its_own_points():
    app = upload(own(), OWN.encode(), key="needed")
    file = app.session_state["session"].settings["file"]
    app.get("button_group")[0].set_value("never").run()
    assert app.session_state["session"].settings["file"] == file
    assert not any("`yes`" in caption.value for caption in app.caption)
    assert len(app.get("vega_lite_chart")) == 3


def test_a_file_of_another_page_may_be_chosen_as_points():
    app = upload(visit("training", lanes="1", epochs="3"), OWN.encode())
    app.switch_page("pages/perceptron.py").run()
    assert not any("`yes`" in caption.value for caption in app.caption)
    next(w for w in app.selectbox if w.key == "line_points").set_value("own_points").run()
    assert any("B: `yes`" in caption.value for caption in app.caption)


def test_a_file_without_two_classes_is_explained_where_it_can_be_changed():
    numbers = "a,b,c\n" + "\n".join(f"{k},{k * k},{k / 7:.3f}" for k in range(40))
    app = upload(own(), numbers.encode(), key="needed")
    assert app.info[0].value == text().owndata.pair_needed
    assert any(w.key == "needed.answer" for w in app.selectbox)
