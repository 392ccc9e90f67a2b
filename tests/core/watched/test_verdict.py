"""The verdict on a recording is that on the same run of the training page."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from types import MappingProxyType

import numpy as np
import pytest

from core.lessons.remedies import CHANGES
from core.runs.diagnosis import diagnosis
from core.runs.recording import Recording
from core.runs.rules import RULES, Verdict
from core.runs.training import RunSpec
from core.watched.remedies import CODED, programs, proposed, rebuilt
from core.watched.verdict import ASKED, KNOWN, STEPS, Silence, State, judged
from core.watched.watched import MEASURES, UNDEFINED, Layer, Watched
from tests.crossing import few_of


def finished(run):
    record = Recording(run)
    while not record.finished:
        record.advance(1.0)
    return record.history


def recorded(run, history):
    """A run of the training page as if a recorder had watched it."""
    sizes = run.sizes(run.source.inputs, run.source.outputs)
    layers = [
        Layer(str(k), activation=run.activation if k < run.depth else "", inputs=m, outputs=n)
        for k, (m, n) in enumerate(pairwise(sizes))
    ]
    sources = {
        "delta": "delta", "gradient": "gradient_norm", "weight": "weight_norm", "mean":
        "activation_mean", "std": "activation_std", "saturated": "saturated", "dead": "dead",
        "update": "relative_update",
    }  # fmt: skip
    measures = {name: getattr(history, source)[:, 0] for name, source in sources.items()}
    gone = ~np.isfinite(measures["delta"]).all(axis=1)
    measures["delta"] = np.where(gone[:, None], np.inf, measures["delta"])
    measures["zero"] = np.zeros_like(measures["delta"])
    loss = np.where(gone, np.inf, history.train_loss[:, 0])
    rate = np.full(len(loss), run.rate)
    return Watched(
        tuple(layers), history.epoch * STEPS, loss, rate, MappingProxyType(measures),
        optimizer="SGD",
    )  # fmt: skip


RUNS = {
    "sigmoid": RunSpec(),
    "tanh": RunSpec(activation="tanh"),
    "relu": RunSpec(activation="relu"),
    "dead": RunSpec(activation="relu", initializer="he", rate=3.0, depth=8),
    "diverged": RunSpec(activation="identity", rate=30.0),
    "short": RunSpec(epochs=50),
    "saturated": RunSpec(activation="tanh", gain=10.0, depth=10),
}


@pytest.mark.parametrize("key", few_of(RUNS))
def test_the_verdict_is_that_of_the_training_page(key):
    run = RUNS[key]
    history = finished(run)
    expected = diagnosis(run, history)
    found = judged(recorded(run, history), told=expected.baseline)
    assert found.rule is not None
    if expected.verdict in {rule.verdict for rule in ASKED}:
        assert found.rule.verdict is expected.verdict
        assert found.share == pytest.approx(expected.share, nan_ok=True)


def watched(loss=(1.0, 0.5), delta=((1.0, 1.0),) * 2, **changes):
    rows = len(loss)
    empty = {name: np.full((rows, len(delta[0])), np.nan) for name in MEASURES}
    return replace(
        Watched(
            tuple(Layer(str(k)) for k in range(len(delta[0]))),
            np.arange(rows) * 1000,
            np.array(loss, float),
            np.full(rows, 0.1),
            MappingProxyType(empty | {"delta": np.array(delta, float)}),
        ),
        **changes,
    )


NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("case", "silence"),
    [
        (watched(loss=(NAN, NAN)), Silence.NO_LOSS),
        (watched(loss=(NAN, UNDEFINED)), Silence.UNDEFINED),
        (watched(loss=(-1.0, -2.0)), Silence.LOSS_BELOW_0),
        (watched(loss=(1.0,), delta=((1.0, 1.0),)), Silence.FEW_ROWS),
        (watched(delta=((1.0,),) * 2), Silence.FEW_LAYERS),
        (watched(delta=((NAN, 1.0),) * 2), Silence.NO_ERROR),
        (watched(calls=MappingProxyType({0: np.ones((2, 3))})), Silence.USED_SEVERAL_TIMES),
        (
            watched(layers=(Layer("a", kind="recurrent"), Layer("b"))),
            Silence.USED_SEVERAL_TIMES,
        ),
    ],
)
def test_where_the_rules_do_not_apply_there_is_a_reason(case, silence):
    assert judged(case).silence is silence
    assert judged(case).rule is None


def test_nan_that_nothing_has_announced_is_no_divergence():
    found = judged(watched(loss=(1.0, 0.5, UNDEFINED), delta=((1.0, 1.0),) * 3))
    assert (found.rule, found.silence, found.step) == (None, Silence.UNDEFINED, 2000)
    found = judged(watched(loss=(UNDEFINED,) * 2, delta=((UNDEFINED, 1.0),) * 2), told=1.0)
    assert (found.silence, found.step) == (Silence.UNDEFINED, 0)


@pytest.mark.parametrize(
    "case",
    [
        {"loss": (1.0, 99.0, UNDEFINED)},
        {"delta": ((1.0, 1.0), (1.0, 20.0), (1.0, UNDEFINED))},
        {"delta": ((1.0, 1.0), (1.0, 1.0), (INF, UNDEFINED))},
    ],
)
def test_nan_after_numbers_that_grew_has_diverged(case):
    case = {"loss": (1.0, 1.0, UNDEFINED), "delta": ((1.0, 1.0),) * 3} | case
    assert judged(watched(**case)).rule.verdict is Verdict.DIVERGED


def test_a_loss_that_was_infinite_has_diverged():
    found = judged(watched(loss=(1.0, 1.0, INF), delta=((1.0, 1.0),) * 3))
    assert found.rule.verdict is Verdict.DIVERGED
    assert found.step == 1000


def test_the_loss_of_guessing_is_the_first_unless_told():
    assert judged(watched()).baseline == 1.0
    assert judged(watched(), told=2.0).baseline == 2.0


def test_every_number_that_is_known_is_one_of_the_rules_and_of_the_state():
    asked = {sign.number for rule in RULES for sign in rule.signs}
    assert asked >= KNOWN
    state = State(watched(), 1.0)
    assert all(isinstance(float(getattr(state, name)), float) for name in KNOWN)


def test_every_remedy_in_code_is_one_that_is_tried():
    assert set(CODED) <= set(CHANGES)


@pytest.mark.parametrize("rule", ASKED, ids=lambda rule: rule.verdict)
def test_remedies_in_code_are_python(rule):
    for activation in ("relu", "sigmoid", "tanh", ""):
        layers = (Layer("a", activation=activation), Layer("b"))
        for code in programs(proposed(rule), watched(layers=layers)).values():
            compile(code, "remedy", "exec")


def test_a_remedy_replaces_no_function_by_itself():
    layers = (Layer("a", activation="relu"), Layer("b"))
    code = programs(["relu_he", "tanh"], watched(layers=layers))
    assert "replace" not in code["relu_he"]
    assert code["tanh"].startswith("# replace nn.ReLU() by nn.Tanh()")


def test_the_rate_of_a_remedy_is_that_of_the_recording():
    assert "lr=0.01)" in programs(["rate_down"], watched())["rate_down"]


def test_words_of_a_file_stand_in_no_code():
    case = watched(optimizer="SGD(); import os #")
    assert "import os" not in programs(["rate_down"], case)["rate_down"]


def test_a_run_of_the_training_page_is_rebuilt_as_itself():
    run = RunSpec(activation="tanh", initializer="lecun", gain=1.5, depth=4, width=16, epochs=2)
    made = rebuilt(recorded(run, finished(run)))
    assert replace(made, gain=run.gain, epochs=2) == run
    assert made.gain == pytest.approx(run.gain, rel=0.1)
