"""What the presets and the texts claim, measured: how many of how many seeds, never one lucky one.

Conditions unless said otherwise: XOR, 8 units a layer, batches of 32, 400 epochs; a network has
learnt if more than 90 % of the training part are right.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from math import sqrt

import numpy as np
import pytest

from core.lessons.remedies import treated
from core.runs.cost import over_budget
from core.runs.diagnosis import diagnosis
from core.runs.presets import EXAMPLES, PRESETS
from core.runs.rules import Verdict
from core.runs.training import RunSpec, train
from tests.recorded import recorded

RACE = RunSpec(initializer="xavier", rate=0.1, depth=5, replicas=20)
RELU = RunSpec(activation="relu", initializer="he", rate=0.1, depth=3, replicas=20)


@cache
def trained(run):
    """The last snapshot."""
    return list(train(run, every=10_000))[-1]


def learnt(run):
    """How many seeds have learnt; diverged networks do not count."""
    return int((trained(run).train_accuracy > 0.9).sum())


def shares(run):
    """rms delta_1 / rms delta_out before training, of every seed."""
    untrained = next(train(run))
    return untrained.delta[:, 0] / untrained.delta[:, -1]


# --- the race, and what its losers lack --------------------------------------------------------


@pytest.mark.slow
def test_in_the_race_no_sigmoid_learns_and_tanh_and_relu_do():
    assert learnt(RACE) == 0
    assert learnt(replace(RACE, activation="tanh")) >= 18
    assert learnt(replace(RACE, activation="relu")) >= 18


@pytest.mark.slow
def test_the_losers_of_the_race_still_guess_and_their_first_layer_has_hardly_moved():
    last = trained(RACE)
    assert (last.train_loss > 0.69).all()
    assert (last.moved[:, 0] < 0.02).all()
    for key in ("tanh", "relu"):
        assert (trained(replace(RACE, activation=key)).moved[:, 0] > 1).all()


@pytest.mark.slow
def test_two_sigmoid_layers_learn_at_a_higher_rate():
    assert learnt(replace(RACE, rate=1.0, depth=2)) >= 15


@pytest.mark.slow
@pytest.mark.parametrize("rate", [0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0])
def test_no_learning_rate_makes_five_sigmoid_layers_learn(rate):
    run = replace(RACE, rate=rate, replicas=6)
    last = trained(run)
    assert learnt(run) == 0
    assert not any(last.diverged)
    moved = last.moved[:, 0]
    if rate <= 100:
        assert (moved < 0.1).all()
    else:  # at 300 layer 1 of some seeds is thrown about too, by up to 75 %
        assert np.median(moved) < 0.1


@pytest.mark.slow
def test_a_high_rate_throws_the_upper_layers_about():
    moved = trained(replace(RACE, rate=300.0, replicas=6)).moved
    assert np.median(moved[:, -1]) > 50 * np.median(moved[:, 0])


def test_larger_initial_weights_make_five_sigmoid_layers_learn():
    assert learnt(replace(RACE, rate=1.0, initializer="normal", replicas=6)) >= 5


def test_the_signal_fades_forwards_too():
    signal = np.median(next(train(RACE)).signal, axis=0)[:-1]
    assert (signal[1:] < 0.5 * signal[:-1]).all()
    assert signal[-1] < 0.01 * signal[0]


@pytest.mark.slow
def test_the_amplifier_shows_that_error_signal_was_what_four_sigmoid_layers_missed():
    run = replace(RACE, depth=4)
    assert learnt(run) == 0
    assert learnt(replace(run, amplify=True)) >= 12


@pytest.mark.slow
def test_freezing_layer_1_of_tanh_alone_proves_nothing():
    run = replace(RACE, activation="tanh", frozen=1)
    assert not trained(run).moved[:, 0].any()
    assert learnt(run) >= 18


# --- units that die ----------------------------------------------------------------------------


@pytest.mark.slow
def test_at_a_moderate_rate_few_relu_units_die_and_the_networks_learn():
    assert trained(RELU).dead[:, :-1].mean() < 0.15
    assert learnt(RELU) >= 18


@pytest.mark.slow
def test_at_too_high_a_rate_many_relu_units_die_and_few_networks_learn():
    run = replace(RELU, rate=2.0)
    assert trained(run).dead[:, :-1].mean() > 0.4
    assert learnt(run) <= 2  # of 64 seeds it is 3


@pytest.mark.slow
def test_leaky_units_do_not_die_but_the_rate_is_still_too_high():
    run = replace(RELU, activation="leaky_relu", rate=2.0)
    last = trained(run)
    kept = [replica for replica, mark in enumerate(last.diverged) if mark is None]
    assert (last.dead[kept] == 0).all()
    assert learnt(run) <= 5  # of 64 seeds it is 9
    assert 5 <= len(kept) <= 15  # the others have diverged
    assert learnt(replace(run, rate=0.1)) >= 18


# --- the error's size before training ----------------------------------------------------------

TWENTY = RunSpec(depth=20, width=64, samples=300, replicas=20)
FIVE = RunSpec(depth=5, width=8, replicas=30)


@pytest.mark.parametrize(
    ("activation", "initializer", "low", "high"),
    [
        ("tanh", "xavier", 0.05, 1),
        ("relu", "he", 0.03, 1),
        ("relu", "xavier", 0, 0.001),
        ("tanh", "normal", 1e5, np.inf),
    ],
)
def test_the_share_that_reaches_layer_1_of_twenty(activation, initializer, low, high):
    share = shares(replace(TWENTY, activation=activation, initializer=initializer))
    assert low < np.median(share) < high


@pytest.mark.parametrize(
    ("activation", "initializer", "low", "high"),
    [
        ("sigmoid", "xavier", 1 / 5000, 1 / 2000),
        ("sigmoid", "normal", 1 / 200, 1 / 50),
        ("tanh", "xavier", 0.2, 0.4),
        ("relu", "he", 0.1, 0.3),
        ("relu", "xavier", 0.02, 0.06),
    ],
)
def test_the_share_that_reaches_layer_1_of_five(activation, initializer, low, high):
    share = np.median(shares(replace(FIVE, activation=activation, initializer=initializer)))
    assert low < share < high


@pytest.mark.slow
def test_a_faint_start_is_no_verdict_for_twenty_relu_layers():
    run = RunSpec(
        activation="relu", depth=20, width=32, rate=0.03, epochs=200, replicas=3, samples=300
    )
    assert (shares(run) < 0.001).all()
    assert learnt(run) == 3


def test_from_weights_of_zero_exactly_nothing_reaches_layer_1_of_tanh():
    run = replace(RACE, activation="tanh", initializer="zeros", replicas=2, epochs=60)
    for snapshot in train(run, every=6):
        assert (snapshot.delta[:, 0] == 0).all()
        assert (snapshot.weight_norm == 0).all()
        assert (snapshot.delta[:, -1] > 0).all()
        assert (snapshot.train_accuracy < 0.6).all()


def test_two_sigmoid_layers_move_from_weights_of_zero_but_break_no_symmetry():
    run = replace(RACE, initializer="zeros", depth=2, rate=1.0, replicas=2, epochs=200)
    last = trained(run)
    assert (last.weight_norm > 0).all()
    assert (last.train_accuracy < 0.75).all()


# --- the presets -------------------------------------------------------------------------------

LANES = [
    pytest.param(run, id=f"{key}-{number}")
    for key, lanes in PRESETS.items()
    for number, run in enumerate(lanes, start=1)
]


@pytest.mark.parametrize("run", LANES)
def test_every_preset_is_within_the_budget(run):
    assert over_budget(run) is None


def test_the_lanes_of_a_preset_share_data_seed_and_epochs_and_differ_otherwise():
    for lanes in PRESETS.values():
        assert 2 <= len(set(lanes)) == len(lanes) <= 4
        for name in ("dataset", "noise", "samples", "data_seed", "epochs", "seed", "replicas"):
            assert len({getattr(run, name) for run in lanes}) == 1


def test_the_presets_are_the_runs_that_are_tested_here():
    def several(run, count):
        return replace(run, replicas=count)

    race = [several(run, 20) for run in PRESETS["race"]]
    assert race == [RACE, replace(RACE, activation="tanh"), replace(RACE, activation="relu")]
    assert several(PRESETS["layers"][0], 20) == replace(RACE, rate=1.0, depth=2)
    assert several(PRESETS["layers"][1], 6) == replace(RACE, rate=1.0, replicas=6)
    assert several(PRESETS["weights"][1], 6).initializer == "normal"
    assert [several(run, 20) for run in PRESETS["dead"]] == [
        RELU,
        replace(RELU, rate=2.0),
        replace(RELU, activation="leaky_relu", rate=2.0),
    ]
    assert {several(run, 6) for run in PRESETS["rates"]} <= {
        replace(RACE, rate=rate, replicas=6) for rate in (0.1, 1.0, 10.0, 100.0)
    }


def test_a_line_does_not_separate_xor_and_one_hidden_layer_does():
    line, bend = (replace(run, replicas=10) for run in PRESETS["line"])
    assert trained(line).train_accuracy.max() < 0.75
    assert learnt(bend) >= 9


@pytest.mark.slow
def test_of_the_presets_with_one_seed_those_learn_that_the_question_says():
    # The seed shown is one of many, and what it shows is what most of them show.
    assert [learnt(replace(run, replicas=20)) >= 15 for run in PRESETS["layers"]] == [True, False]
    digits = [replace(run, epochs=15) for run in PRESETS["digits"]]
    assert [learnt(run) for run in digits] == [0, 1, 1]


# --- the laboratory's examples -----------------------------------------------------------------


@pytest.mark.slow
def test_of_the_remedies_that_keep_ten_sigmoid_layers_batch_normalization_alone_makes_them_learn():
    plain = replace(EXAMPLES["remedies"][0], replicas=4)
    found = {key: learnt(treated(plain, [key])) for key in ("layer_norm", "skip", "adam", "clip")}
    assert learnt(plain) == 0
    assert not any(found.values())
    assert learnt(treated(plain, ["batch_norm"])) == 4


@pytest.mark.slow
def test_a_high_rate_is_tamed_by_clipping_and_less_by_warming_up():
    wild, warm, clipped = (replace(run, replicas=8) for run in PRESETS["tame"])
    assert learnt(wild) <= 1
    assert learnt(clipped) >= 7
    assert learnt(wild) <= learnt(warm) < learnt(clipped)


@pytest.mark.slow
def test_large_initial_weights_saturate_tanh_and_most_seeds_do_not_learn():
    small, large = (replace(run, replicas=8) for run in EXAMPLES["sums"])
    assert next(train(small)).saturated[:, :-1].mean() < 0.05
    assert next(train(large)).saturated[:, 1:-1].mean() > 0.7
    assert learnt(small) == 8
    assert learnt(large) <= 4


@pytest.mark.slow
def test_two_sigmoid_layers_learn_always_three_by_luck_five_never():
    two, three, five = map(learnt, EXAMPLES["seeds"])
    assert (two, five) == (8, 0)
    assert 1 <= three <= 8


@pytest.mark.slow
def test_three_networks_fail_for_three_reasons():
    verdicts = []
    for run in EXAMPLES["why"]:
        record = recorded(run)
        verdicts.append(diagnosis(run, record.history).verdict)
    assert verdicts == [Verdict.STALLED_UNREACHED, Verdict.ZERO_WEIGHTS, Verdict.DEAD_LAYER]


def test_where_a_linear_axis_shows_nothing_one_network_learns_and_the_other_does_not():
    runs = EXAMPLES["flow"]
    first = [next(train(run)).gradient_norm[0, 0] / sqrt(2 * run.width) for run in runs]
    assert 1e-5 < first[0] < 2e-4
    assert first[1] < 1e-11
    assert [trained(run).train_accuracy[0] > 0.9 for run in runs] == [True, False]
