"""Scenes 5 to 8 of the story: what they claim holds, and shows only after the guess."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from core.lessons.remedies import REMEDIES, treated
from core.runs.presets import PRESETS
from pages.charts import activations as curves
from pages.charts import scenes as charts
from pages.charts import training
from pages.texts import LANGUAGES
from pages.texts.numbers import power
from pages.ui.rooms.story.scenes import price, race, since, slopes
from pages.ui.rooms.training.lanes import lane_name
from pages.ui.settings import REMEDIES_SINCE
from tests.crossing import few_of
from tests.pages.ui.rooms import test_story
from tests.recorded import recorded

EN = LANGUAGES["en"].text
LATE = {"slopes": 5, "race": 6, "price": 7, "since": 8}


def visit(scene, **query):
    return test_story.visit(LATE[scene], **query)


@pytest.fixture
def drawn(monkeypatch):
    """What the later scenes draw: (chart, arguments, tables)."""
    seen = []
    for module in (slopes, race, price, since):
        original = module.show

        def note(chart, *arguments, _original=original, **tables):
            seen.append((chart, arguments, tables))
            _original(chart, *arguments, **tables)

        monkeypatch.setattr(module, "show", note)
    return seen


@pytest.fixture
def finished(monkeypatch):
    """Runs are finished at once, as they are for whoever comes second."""
    for module in (slopes, race, price, since):
        monkeypatch.setattr(module, "computed", lambda t, runs: tuple(map(recorded, runs)))
        monkeypatch.setattr(module, "untrained", recorded, raising=False)


# Slopes


def test_tanh_has_the_smaller_slope_beyond_the_crossing_and_nowhere_else():
    z = np.linspace(0.01, 6, 600)
    sigmoid, tanh = slopes.slopes_at(z)
    assert ((tanh < sigmoid) == (z > curves.CROSSING)).all()
    outcome = slopes.outcome()
    assert outcome.right == slopes.SLOPES.expected
    assert float(outcome.words["less"]) > 1


def test_the_slope_of_tanh_is_shown_only_after_the_guess(drawn):
    visit("slopes")
    assert [chart for chart, _, _ in drawn] == [charts.stretch, charts.hill]
    assert drawn[0][1][2] is False
    assert set(drawn[1][2]["slopes"]["key"].to_pylist()) == {"sigmoid"}
    drawn.clear()
    visit("slopes", guess="c")
    assert True in [arguments[2] for chart, arguments, _ in drawn if chart is charts.stretch]


@pytest.mark.slow
def test_tanh_loses_the_error_where_its_units_have_left_zero():
    calm, wild = map(recorded, slopes.RATES)
    assert race.learnt(calm) >= 7
    assert race.learnt(wild) == 0
    assert np.median(wild.history.share[-1]) < 1e-4
    assert np.nanmedian(wild.history.activation_part[-1, :, :-1]) < 0.2


# The race


def test_only_the_activation_differs_in_the_race():
    assert len({replace(run, activation="tanh") for run in race.RUNS}) == 1
    assert len({run.activation for run in race.RUNS}) == len(race.RUNS)


@pytest.mark.slow
def test_the_race_ends_as_its_texts_say():
    outcome = race.outcome(EN, [recorded(run) for run in race.RUNS])
    assert outcome.right == race.RACE.expected
    assert int(outcome.words["sigmoid"]) == 0
    assert min(int(outcome.words["tanh"]), int(outcome.words["relu"])) >= 7


@pytest.mark.usefixtures("finished")
@pytest.mark.parametrize("scene", few_of(["since", "race"]))
def test_nothing_of_a_finished_run_shows_before_the_guess(drawn, scene):
    visit(scene)
    tables = [t["frames"] for _, _, t in drawn if "frames" in t]
    tables += [t["ladder"] for _, _, t in drawn if "ladder" in t]
    assert tables
    assert all(set(table["end"].to_pylist()) <= {0} for table in tables)
    assert not any("lines" in t for _, _, t in drawn)
    drawn.clear()
    visit(scene, guess="b")
    assert any(400 in t["frames"]["end"].to_pylist() for _, _, t in drawn if "frames" in t)


@pytest.mark.slow
def test_the_layers_of_a_finished_race_are_told_as_they_ended(drawn, finished):
    visit("race", guess="seen")
    ladders = [seen for seen in drawn if seen[0] is training.ladder]
    assert len(ladders) == len(race.RUNS)
    for run, (_, arguments, _) in zip(race.RUNS, ladders, strict=True):
        delta = recorded(run).history.delta[:, 0]
        ends = [power(float(value)) for value in delta[[0, 0, -1, -1], [0, -1, 0, -1]]]
        told = EN.scene_race.alternatives.ladder
        names = ("layer1", "out", "last_layer1", "last_out")
        name = lane_name(EN, run, race.RUNS)
        assert arguments[-1] == told.format(name=name, **dict(zip(names, ends, strict=True)))


def test_relu_with_xavier_leaves_less_than_tanh_and_he_makes_up_for_it():
    (tanh, _), (relu, part), (he, _) = (race.before_training(run) for run in race.DEEP)
    assert relu < 0.01 * tanh
    assert he > 100 * relu
    assert 0.6 < part < 0.8
    assert race.myth(EN).verdict == "half"


@pytest.mark.slow
def test_no_rate_lets_the_sigmoid_learn_and_layer_1_hardly_moves():
    for run in race.RATES:
        record = recorded(run)
        assert race.learnt(record) == 0
        assert record.history.moved[-1, :, 0].max() < 0.1


# Dead units


def test_the_units_that_are_counted_as_dead_are_silent_for_every_point():
    record = recorded(replace(price.START, replicas=1, epochs=1))
    active = price.active_units(record.run)
    assert (active.sum(axis=1) == record.frames[0].active).all()
    outcome = price.outcome(EN, record)
    assert int(outcome.words["dead"]) == int((~active.any(axis=1)).sum())
    assert outcome.right == price.PRICE.expected
    assert 0.35 < 1 - active.mean() < 0.65


def test_the_myth_of_zero_counts_the_units_that_are_silent_for_all_points():
    found = price.silent_here(EN)
    shown = price.outcome(EN, recorded(replace(price.START, replicas=1, epochs=1)))
    assert found.words["dead"] == shown.words["dead"]
    assert found.verdict == "false"


@pytest.mark.slow
def test_at_rate_2_most_units_die_and_leaky_relu_does_not_make_it_harmless():
    relu, leaky = (
        recorded(replace(run, replicas=price.LEAKY.replicas)) for run in PRESETS["dead"][1:]
    )
    units = price.START.depth * price.START.width * price.LEAKY.replicas
    assert price.dead_units(relu, -1) > 0.4 * units
    assert price.dead_units(leaky, -1) == 0
    assert race.learnt(relu) <= 2
    assert 2 * race.learnt(leaky) <= price.LEAKY.replicas


@pytest.mark.usefixtures("finished")
def test_the_learning_rate_that_is_chosen_is_the_one_that_runs(drawn):
    visit("price", guess="b", told_rate="2")
    lives = next(t["lives"] for chart, _, t in drawn if chart is charts.lives)
    last = [row for row in lives.to_pylist() if row["epoch"] == 400]
    assert sum(row["share"] == 0 for row in last) > 0.4 * len(last)


def test_how_many_die_is_shown_only_after_the_guess(drawn):
    visit("price")
    assert {chart for chart, _, _ in drawn} == {charts.where, charts.lit}


def test_the_dial_shows_different_units_silent_for_different_points():
    active = price.active_units(replace(price.START, replicas=1))
    table = charts.lit_table(active, (0, 5, 7))
    assert len(table) == 3 * active.shape[0] * active.shape[2]
    for index, point in enumerate((0, 5, 7)):
        rows = [row for row in table.to_pylist() if row["index"] == index]
        for row in rows:
            assert row["on"] == active[row["layer"] - 1, point, row["unit"] - 1]
    notes = charts.lit_notes_table(active, (0, 5, 7), "{zero}/{units}")["text"].to_pylist()
    assert notes[0] == f"{int((~active[:, 0]).sum())}/{active.shape[0] * active.shape[2]}"


def test_every_unit_has_its_own_bar_and_only_the_dead_are_crossed():
    record = recorded(replace(price.START, replicas=1, epochs=1))
    table = charts.lives_table(record.frames, 400).to_pylist()
    first = [row for row in table if row["epoch"] == 0]
    assert len({row["place"] for row in first}) == len(first) == 24
    for row in first:
        active = record.frames[0].active[row["layer"] - 1, row["unit"] - 1]
        assert row["share"] == active / 400
        assert bool(row["mark"]) == (active == 0)


# The machine, and what came after


def test_the_machine_solves_xor_the_same_way_from_every_start():
    record = recorded(since.NETWORK)
    machine = since.svm.machine_of(since.svm.data_of(since.NETWORK), since.MACHINE)
    assert since.same_from_another_start(since.NETWORK, since.MACHINE)
    outcome = since.outcome(EN, record, machine)
    assert outcome.right == since.SINCE.expected
    assert record.history.test_accuracy[-1, 0] < 0.7


def test_another_start_changes_the_network_and_not_the_machine(drawn, monkeypatch):
    monkeypatch.setattr(since, "computed", lambda t, runs: tuple(map(recorded, runs)))
    app = visit("since", guess="b")
    before = list(drawn)
    drawn.clear()
    next(button for button in app.button if button.key == "told_new_start").click().run()

    def tables(calls, chart, name):
        return next(t[name] for c, _, t in calls if c is chart)

    assert tables(before, charts.machine, "lines").equals(tables(drawn, charts.machine, "lines"))
    assert not tables(before, charts.plane, "frames").equals(tables(drawn, charts.plane, "frames"))


@pytest.mark.slow
def test_batch_normalization_lets_the_same_sigmoid_network_learn():
    plain = replace(since.NETWORK, replicas=since.SEEDS)
    assert race.learnt(recorded(plain)) == 0
    assert 2 * race.learnt(recorded(treated(plain, ["batch_norm"]))) > since.SEEDS


def test_the_signal_fades_forwards_in_every_layer():
    signal = since.forward_signal(since.NETWORK)
    hidden = signal[: since.NETWORK.depth]
    assert all(later < 0.5 * earlier for earlier, later in pairwise(hidden))


@pytest.mark.parametrize("code", LANGUAGES)
def test_everything_that_came_after_is_a_remedy_and_has_its_words(code):
    words = LANGUAGES[code].text.scene_since
    assert set(REMEDIES_SINCE) - {"none"} <= set(REMEDIES)
    assert set(words.remedies) == set(words.came) == set(REMEDIES_SINCE)


@pytest.mark.slow
@pytest.mark.usefixtures("finished")
@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("scene", LATE)
@pytest.mark.parametrize("belief", ["true", "seen"])
def test_every_myth_is_decided_by_a_number_in_every_language(scene, code, belief):
    app = visit(scene, language=code, belief=belief, belief_also=belief)
    words = LANGUAGES[code].text["scene_" + scene]
    told = " ".join(markdown.value for markdown in app.markdown)
    for name in ("myth", "also"):
        if name in words:
            start = words[name].found.split("{")[0]
            assert start
            assert start in told
    assert "{" not in told.replace("{}", "")
