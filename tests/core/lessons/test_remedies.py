"""A table of failures, each with its explanation; and networks that merely converged among them."""

from dataclasses import replace

import pytest

from core.data.datasets import DATASETS
from core.lessons.remedies import REMEDIES, Case, explain, treated, untrained_share
from core.nn.activations import ACTIVATIONS
from core.nn.gains import backward_gain
from core.nn.losses import LOSSES
from core.runs.diagnosis import diagnose
from core.runs.training import RunSpec, train
from tests.recorded import recorded

BASE = RunSpec(samples=300, epochs=300)
TANH = replace(BASE, activation="tanh")

CASES = [
    (BASE, Case.VANISHED),
    (replace(BASE, rate=30.0), Case.SATURATION),
    (TANH, Case.LEARNT),
    (replace(TANH, activation="relu"), Case.LEARNT),
    (replace(TANH, depth=2, rate=0.5), Case.LEARNT),
    (replace(BASE, depth=1, rate=1.0, epochs=600), Case.LEARNT),
    (replace(TANH, initializer="zeros"), Case.SYMMETRY),
    (replace(TANH, depth=0), Case.NO_HIDDEN_LAYER),
    (replace(TANH, depth=2, rate=1e-5), Case.SMALL_RATE),
    (replace(BASE, activation="relu", dataset="regression", initializer="normal", rate=300.0),
     Case.DIVERGENCE),
    (replace(BASE, activation="relu", initializer="he", depth=8, width=3, seed=1, rate=2.0),
     Case.DEAD_LAYER),
    (replace(TANH, dataset="spiral", samples=40, noise=0.15, depth=2, width=32, rate=0.5,
             epochs=1500), Case.OVERFITTING),
    (replace(TANH, depth=10, width=16, initializer="normal", rate=1.0), Case.SATURATION),
]  # fmt: skip


def explanation(run):
    record = recorded(run)
    y = run.data().train_y
    loss = LOSSES[DATASETS[run.dataset].task]
    baseline, guessing = loss.baseline(y), loss.guessing(y)
    last = len(record.history.epoch) - 1
    found = diagnose(run, record.history, last, baseline=baseline, guessing=guessing)
    return explain(run, record.history, found, baseline=baseline), record


@pytest.mark.parametrize(("run", "case"), CASES, ids=[f"{i}-{c}" for i, (_, c) in enumerate(CASES)])
def test_a_failure_is_explained_by_its_case(run, case):
    found, record = explanation(run)
    assert found.case is case, (found, record.history.train_loss[-1], record.history.share[-1])


@pytest.mark.parametrize(("run", "case"), CASES, ids=[f"{i}-{c}" for i, (_, c) in enumerate(CASES)])
def test_a_network_that_has_learnt_is_never_said_to_vanish(run, case):
    found, record = explanation(run)
    if record.history.train_accuracy[-1, 0] >= 0.95:
        assert found.case not in {Case.VANISHED, Case.SATURATION, Case.EXPLOSION}


@pytest.mark.parametrize(("run", "case"), CASES, ids=[f"{i}-{c}" for i, (_, c) in enumerate(CASES)])
def test_a_remedy_is_a_run_that_may_be_computed_and_differs(run, case):
    found, _ = explanation(run)
    if found.remedy:
        assert found.mended(run) != run


def test_the_remedy_for_a_vanished_error_helps():
    found, record = explanation(BASE)
    mended = recorded(found.mended(BASE))
    assert record.history.train_accuracy[-1, 0] < 0.9 < mended.history.train_accuracy[-1, 0]


def test_a_remedy_changes_what_it_says_and_several_go_together():
    run = RunSpec(activation="sigmoid", depth=10, width=16)
    assert treated(run, []) == run
    assert treated(run, ["batch_norm"]) == replace(run, norm="batch")
    both = treated(run, ["gain", "tanh"])
    assert both.activation == "tanh"
    assert both.initializer == "lecun"
    assert both.gain == round(backward_gain(ACTIVATIONS["tanh"]), 3)


@pytest.mark.parametrize("key", REMEDIES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_remedy_gives_a_run_for_every_activation(key, activation):
    run = RunSpec(activation=activation, depth=3, width=4, samples=40)
    share = untrained_share(treated(run, [key]))
    assert share >= 0 or share != share


def test_the_share_before_training_is_that_of_the_first_snapshot():
    run = RunSpec(activation="sigmoid", depth=6)
    delta = next(train(run)).delta[0]
    assert untrained_share(replace(run, replicas=4)) == delta[0] / delta[-1]
