"""Remedies: each stays within its domain and does something; what is recommended has been tried."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.lessons import remedies
from core.lessons.remedies import (
    CHANGES,
    REMEDIES,
    Candidate,
    Effect,
    by_effect,
    candidates,
    changed,
    effective,
    outcome,
    same_numbers,
    size_of_change,
    treated,
    trial_of,
    untrained_share,
)
from core.nn.activations import ACTIVATIONS
from core.nn.gains import backward_gain
from core.runs.cost import cost, over_budget
from core.runs.diagnosis import diagnosis
from core.runs.recording import History
from core.runs.rules import RULES, Verdict
from core.runs.training import RunSpec, train
from tests.core.failures import cheap_runs
from tests.core.specs import specs
from tests.crossing import few_of

BASE = RunSpec(samples=300, epochs=300)
TANH = replace(BASE, activation="tanh")
GOOD = {Verdict.LEARNT}
NOT_YET = {Verdict.TOO_EARLY, Verdict.LEARNING, Verdict.LEARNING_FAINTLY, Verdict.LEARNING_CUT}


@cache
def course(run):
    return History.of(tuple(train(run)))


def tried(run, candidate):
    return outcome(run, course(run), candidate, course(candidate.trial))


def found_in(run):
    return diagnosis(run, course(run))


def verdict_of(run):
    return found_in(run).verdict


def remedies_for(verdict):
    return [remedy for rule in RULES if rule.verdict is verdict for remedy in rule.remedies]


# --- what may be tried -------------------------------------------------------------------------


def test_every_remedy_of_the_table_is_known_and_every_known_one_is_in_use():
    used = {key for rule in RULES for together in rule.remedies for key in together.split("+")}
    assert used <= set(CHANGES)
    assert set(CHANGES) - used <= set(REMEDIES)


@settings(max_examples=150)
@given(specs(RunSpec))
def test_no_remedy_leaves_the_domain_of_a_setting(run):
    for key in CHANGES:
        assert changed(run, key)  # a run outside its domains cannot be made


@settings(max_examples=60)
@given(specs(RunSpec), st.sampled_from(list(Verdict)))
def test_a_candidate_may_be_computed_and_differs_from_the_run_and_from_the_others(run, verdict):
    found = candidates(run, remedies_for(verdict))
    does = [effective(candidate.run) for candidate in found]
    assert len({*does, effective(run)}) == len(does) + 1
    for candidate in found:
        assert over_budget(candidate.run) is None
        assert over_budget(candidate.trial) is None
        assert candidate.trial == replace(candidate.run, replicas=1, epochs=candidate.trial.epochs)
        assert candidate.trial.epochs <= candidate.run.epochs


@pytest.mark.parametrize(
    ("setting", "remedy", "value"),
    [
        ({"rate": 1e-6}, "rate_down", 1e-6),
        ({"rate": 1e-5}, "rate_down", 1e-6),
        ({"rate": 500.0}, "rate_up", 1000.0),
        ({"epochs": 4000}, "longer", 10_000),
        ({"samples": 2000}, "more_data", 5000),
        ({"width": 200}, "wider", 256),
        ({"width": 3}, "narrower", 1),
        ({"epochs": 1}, "half_epochs", 1),
    ],
)
def test_at_the_end_of_a_domain_a_remedy_stays_there(setting, remedy, value):
    run = replace(BASE, **setting)
    changed_settings = {
        name: getattr(changed(run, remedy), name) for name in RunSpec.domains() if name in setting
    }
    assert list(changed_settings.values()) == [value]


@pytest.mark.parametrize(
    ("run", "remedy"),
    [
        (replace(TANH, optimizer="adam", rate=0.01), "adam"),
        (replace(TANH, depth=1), "layer"),
        (replace(TANH, dataset="iris", samples=150), "more_data"),
        (replace(TANH, dataset="digits", samples=1797), "more_data"),
        (replace(TANH, depth=0), "tanh"),
        (replace(TANH, depth=0), "batch_norm"),
        (replace(TANH, depth=1), "skip"),
        (replace(TANH, samples=40, batch=40), "batch"),
        (replace(TANH, frozen=0), "thaw"),
        (replace(TANH, initializer="zeros", gain=2.0), "gain0"),
    ],
)
def test_what_changes_nothing_is_the_same_run_bit_for_bit(run, remedy):
    run = replace(run, epochs=3, samples=min(run.samples, 150))
    mended = replace(run, gain=1.0) if remedy == "gain0" else changed(run, remedy)
    if effective(mended) == effective(run):
        assert same_numbers(course(run), course(mended))
        for verdict in Verdict:
            assert remedy not in [one.remedies for one in candidates(run, remedies_for(verdict))]


@settings(max_examples=25)
@given(
    specs(
        RunSpec,
        depth=st.integers(0, 3),
        width=st.integers(1, 4),
        samples=st.integers(20, 40),
        epochs=st.just(2),
        replicas=st.just(1),
        batch=st.integers(1, 60),
        frozen=st.integers(0, 5),
    )
)
@example(replace(BASE, depth=0, norm="batch", batch=1, samples=20, epochs=2))  # joins two batches
def test_settings_that_do_nothing_do_nothing(run):
    assert same_numbers(course(run), course(effective(run)))


def test_a_trial_is_cut_short_where_it_would_take_long_and_shares_the_recording_where_not():
    assert trial_of(BASE) == BASE
    assert trial_of(replace(BASE, replicas=8)) == BASE
    large = replace(BASE, width=128, depth=20, epochs=2000)
    short = trial_of(large)
    assert short == replace(large, epochs=short.epochs)
    assert short.epochs < 2000
    assert cost(short).operations <= remedies.TRIAL_OPERATIONS


def test_the_smallest_change_comes_first():
    run = replace(BASE, activation="relu", initializer="normal", rate=1e-6)
    found = candidates(run, remedies_for(Verdict.DIVERGED_WEIGHTS))
    sizes = [size_of_change(run, candidate) for candidate in found]
    assert sizes == sorted(sizes)
    assert found[0].remedies == "weights"
    assert found[-1].remedies.startswith("usual")


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_initialization_is_he_for_rectifiers_and_xavier_for_the_others(activation):
    run = changed(replace(BASE, activation=activation, gain=0.01), "weights")
    assert run.gain == 1
    kept = {"relu": "he", "gelu": "he", "tanh": "xavier", "sigmoid": "xavier", "sine": "xavier"}
    assert run.initializer == kept.get(activation, run.initializer)


# --- what was tried ----------------------------------------------------------------------------

CURED = [
    replace(TANH, initializer="normal", gain=0.01, depth=4, width=16, samples=200, epochs=150),
    replace(BASE, initializer="normal", gain=0.01, depth=4, width=16, samples=200, epochs=150),
    RunSpec(activation="relu", initializer="normal", gain=0.01, depth=4, width=16, samples=200,
            epochs=150),
    RunSpec(activation="relu", initializer="normal", depth=10, width=64, samples=200, rate=0.01,
            epochs=60),
    RunSpec(activation="relu", initializer="normal", depth=10, width=64, samples=200, rate=1e-6,
            epochs=60),
    RunSpec(activation="identity", depth=3, optimizer="adam", rate=0.01, samples=200, epochs=150),
    RunSpec(activation="softplus", initializer="zeros", depth=2, epochs=150, samples=200),
    replace(BASE, frozen=5, samples=100, epochs=150),
    replace(BASE, clip=1e-5, samples=100, epochs=150),
    replace(TANH, norm="batch", batch=1, samples=60, epochs=60),
    replace(TANH, norm="layer", width=1, depth=1, samples=100, epochs=150),
    replace(TANH, rate=1000.0, depth=2, samples=100, epochs=110),
    replace(TANH, depth=0, rate=0.5, samples=300, epochs=200),
    replace(TANH, skip=2.0, depth=30, samples=60, epochs=110),
    replace(BASE, depth=10, width=16, epochs=110, samples=200),
]  # fmt: skip


@pytest.mark.parametrize("run", few_of(CURED, 2), ids=str)
def test_a_remedy_that_is_recommended_learns(run):
    assert verdict_of(run) not in GOOD
    for candidate in candidates(run, found_in(run).remedies):
        found = tried(run, candidate)
        if found is not None and found.effect is Effect.LEARNS:
            assert found.found.accuracy >= 0.9 or found.found.loss < 0.3 * found.found.baseline
            return
    pytest.fail("no remedy learns")


def test_the_first_that_learns_is_recommended_and_what_does_not_help_comes_last():
    run = replace(CURED[0], epochs=120)
    found = [tried(run, one) for one in candidates(run, found_in(run).remedies)]
    listed = by_effect([one for one in found if one is not None])
    effects = [list(Effect).index(one.effect) for one in listed]
    assert effects == sorted(effects)
    learning = [one.candidate for one in found if one and one.effect is Effect.LEARNS]
    assert listed[0].candidate == learning[0]
    assert size_of_change(run, learning[0]) == min(size_of_change(run, one) for one in learning)


def test_what_turned_out_to_change_nothing_is_no_outcome():
    run = replace(TANH, samples=60, epochs=110)
    never = replace(run, clip=1000.0)  # no gradient has such a norm
    assert tried(run, Candidate("clip", never, never)) is None
    longer = replace(run, epochs=111)
    assert tried(run, Candidate("longer", longer, longer)) is not None


def test_effects_are_told_apart():
    run = replace(BASE, samples=100, epochs=110)

    def effect(**settings):
        other = replace(run, **settings)
        return tried(run, Candidate("", other, other)).effect

    assert effect(activation="tanh") is Effect.LEARNS
    assert effect(activation="relu", initializer="normal", depth=10, width=32) is Effect.BREAKS
    assert effect(clip=0.01) is Effect.SAME
    assert effect(optimizer="adam", rate=0.01) is Effect.BETTER
    assert effect(activation="tanh", dataset="spiral", samples=40, noise=0.15, depth=2, width=32,
                  rate=0.5, epochs=1500) is Effect.BY_HEART  # fmt: skip


def test_whoever_overfits_is_cured_by_a_small_gap_and_not_by_learning():
    run = replace(
        TANH, dataset="spiral", samples=40, noise=0.15, depth=2, width=32, rate=0.5, epochs=1500
    )
    assert verdict_of(run) is Verdict.OVERFITTING
    for candidate in candidates(run, remedies_for(Verdict.OVERFITTING))[:3]:
        found = tried(run, candidate)
        if found is not None and found.effect is Effect.LEARNS:
            assert found.found.test_loss <= found.found.loss + 0.5 * found.found.baseline
        assert found is None or found.effect is not Effect.BY_HEART


def cured(run):
    """Whether any candidate of the run's verdict learns, and how many were tried."""
    for candidate in reversed(candidates(run, found_in(run).remedies)):
        found = tried(run, candidate)
        if found is not None and found.effect in (Effect.LEARNS, Effect.BY_HEART):
            return True
    return False


def curable(run):
    """Whether any remedy of the whole table learns."""
    overfits = verdict_of(run) is Verdict.OVERFITTING
    good = GOOD if overfits else GOOD | {Verdict.OVERFITTING}
    seen = {effective(run)}
    for together in dict.fromkeys(one for rule in RULES for one in rule.remedies):
        mended = changed(run, together)
        if effective(mended) in seen or over_budget(mended) is not None:
            continue
        seen.add(effective(mended))
        if verdict_of(trial_of(mended)) in good:
            return True
    return False


def share_cured(runs, report):
    """Of the failures among these runs that some remedy cures, the share that is offered one."""
    failures = [run for run in runs if verdict_of(run) not in GOOD]
    missed = [run for run in failures if not cured(run)]
    offered = len(failures) - len(missed)
    beyond = [run for run in missed if curable(run)]
    report(
        f"{len(runs)} random runs, {len(failures)} failures; {offered} are offered a remedy that"
        f" learns, {len(beyond)} more could be cured by a remedy that is not offered:"
        f" {offered / max(1, offered + len(beyond)):.1%}"
    )
    return offered / max(1, offered + len(beyond))


@pytest.mark.slow
def test_most_of_a_few_random_failures_are_offered_a_remedy_that_learns(capsys):
    with capsys.disabled():
        assert share_cured(cheap_runs(25, 4e7), report=lambda told: None) >= 0.9


@pytest.mark.slow
def test_of_300_random_runs_the_curable_failures_are_offered_a_remedy_that_learns(capsys):
    def report(told):
        with capsys.disabled():
            print("\n" + told)

    assert share_cured(cheap_runs(300, 1.5e8), report) >= 0.95


# --- remedies together -------------------------------------------------------------------------


def test_a_remedy_changes_what_it_says_and_several_go_together():
    run = RunSpec(activation="sigmoid", depth=10, width=16)
    assert treated(run, []) == run
    assert treated(run, ["batch_norm"]) == replace(run, norm="batch")
    both = treated(run, ["gain", "tanh"])
    assert both.activation == "tanh"
    assert both.initializer == "lecun"
    assert both.gain == round(backward_gain(ACTIVATIONS["tanh"]), 3)


@pytest.mark.parametrize("formula", ["0.01 * x", "1 / (x - 0.0123)", "0 * x"])
def test_weights_that_cannot_be_chosen_are_no_remedy(formula):
    run = RunSpec(activation=formula, depth=2, width=4)
    assert treated(run, ["gain"]) == run
    steep = replace(run, activation="1000 * tanh(x)")
    assert 0 < treated(steep, ["gain"]).gain < 0.002


@pytest.mark.parametrize("key", REMEDIES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_remedy_gives_a_run_for_every_activation(key, activation):
    run = RunSpec(activation=activation, depth=3, width=4, samples=40)
    share = untrained_share(treated(run, [key]))
    assert share >= 0 or np.isnan(share)


def test_the_share_before_training_is_that_of_the_first_snapshot():
    run = RunSpec(activation="sigmoid", depth=6)
    delta = next(train(run)).delta[0]
    assert untrained_share(replace(run, replicas=4)) == delta[0] / delta[-1]
