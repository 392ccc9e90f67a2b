"""The table of rules on real runs: what a failure is called, and that its numbers bear it out."""

from __future__ import annotations

from functools import cache
from urllib.parse import parse_qsl

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.data.datasets import DATASETS
from core.nn.activations import ACTIVATIONS, Side
from core.runs.diagnosis import BROKEN, VANISHING, State, diagnosis
from core.runs.recording import History
from core.runs.rules import RELATIONS, RULES, Sign, Verdict
from core.runs.training import RunSpec, train
from tests.core.failures import cheap_runs
from tests.crossing import few_of

V = Verdict

ASKED = {
    # what people have asked about, each with a small input
    "activation=relu&initializer=normal&depth=10&width=64&samples=200&rate=0.000001&epochs=120": (
        V.DIVERGED_WEIGHTS
    ),
    "activation=relu&initializer=normal&depth=10&width=64&samples=200&rate=0.01&epochs=120": (
        V.DIVERGED_WEIGHTS
    ),
    "activation=tanh&initializer=normal&gain=0.01&depth=4&width=16&samples=200&epochs=150": (
        V.SMALL_WEIGHTS
    ),
    "activation=sigmoid&initializer=normal&gain=0.01&depth=4&width=16&samples=200&epochs=150": (
        V.SMALL_WEIGHTS
    ),
    "activation=relu&initializer=normal&gain=0.01&depth=4&width=16&samples=200&epochs=150": (
        V.SMALL_WEIGHTS
    ),
    "activation=tanh&gain=0.6&depth=30&width=16&samples=200&epochs=150": V.SMALL_WEIGHTS,
    "activation=leaky_relu&initializer=normal&gain=0.01&depth=3&width=16&samples=200&epochs=150": (
        V.SMALL_WEIGHTS
    ),
    "initializer=zeros&depth=2&rate=0.1&epochs=200": V.SYMMETRY,
    "activation=softplus&initializer=zeros&depth=2&rate=0.1&epochs=200": V.SYMMETRY,
    "activation=identity&depth=3&optimizer=adam&rate=0.01&samples=200&epochs=200": V.NOTHING_BENDS,
    "activation=relu&initializer=he&depth=6&dataset=regression&rate=10&batch=10&epochs=150": (
        V.DIVERGED
    ),
    "activation=tanh&width=1&norm=layer&depth=1&epochs=120": V.ONE_UNIT,
    "activation=hard_sigmoid&depth=50&precision=float32&gain=0.5&epochs=110": V.UNDERFLOW,
    "activation=tanh&initializer=normal&gain=0.7&rate=0.0001&depth=8&width=32&epochs=130": (
        V.LEARNING
    ),
    "activation=tanh&depth=50&epochs=150": V.STALLED_LOST,
    "dataset=iris&depth=0&rate=0.001&epochs=150": V.LEARNING,
    "dataset=digits&depth=0&rate=0.001&epochs=110": V.LEARNING,
    "dataset=regression&depth=0&rate=0.001&epochs=150": V.LEARNING,
    "activation=squared_relu&initializer=normal&gain=20&width=64&depth=12": V.NO_START,
    "frozen=5": V.STALLED_FROZEN,
    "clip=0.00001": V.STALLED_CLIPPED,
    "batch=1&norm=batch&epochs=5": V.ONE_SAMPLE,
    # others of their kinds
    "activation=tanh&gain=0&depth=2&samples=100&epochs=120": V.ZERO_WEIGHTS,
    "activation=elu&initializer=zeros&depth=1&width=1&samples=100&epochs=120": V.ZERO_WEIGHTS,
    "activation=gaussian&initializer=normal&gain=0.01&depth=3&samples=100&epochs=150": (
        V.SMALL_WEIGHTS
    ),
    "activation=squared_relu&initializer=normal&gain=0.05&depth=3&samples=100&epochs=150": (
        V.SMALL_WEIGHTS
    ),
    "activation=tanh&gain=0.001&depth=3&samples=100&epochs=150&dataset=iris": V.SMALL_WEIGHTS,
    "activation=prelu&gain=0.01&depth=5&samples=100&epochs=150&dataset=digits": V.SMALL_WEIGHTS,
    "activation=elu&gain=0.01&depth=5&samples=100&epochs=150&dataset=regression": V.SMALL_WEIGHTS,
    "activation=tanh&gain=0.01&depth=3&samples=60&epochs=130&precision=float32&replicas=3": (
        V.SMALL_WEIGHTS
    ),
    "activation=relu&skip=1&initializer=he&depth=50&samples=60&epochs=20": V.DIVERGED_SKIP,
    "activation=tanh&skip=2&depth=30&samples=60&epochs=110": V.STALLED_SKIP,
    "activation=identity&depth=5&samples=100&epochs=150&dataset=spiral": V.NOTHING_BENDS,
    "activation=tanh&norm=layer&width=2&depth=1&samples=100&epochs=200": V.STALLED_TWO_UNITS,
    "activation=tanh&norm=batch&batch=2&depth=2&samples=100&epochs=120": V.STALLED_PAIRS,
    "activation=sine&initializer=normal&gain=20&depth=8&width=32&samples=60&epochs=3": V.EXPLODING,
    "rate=0.000001&epochs=120&samples=100": V.STALLED_SHORT_STEPS,
    "activation=tanh&depth=2&rate=0.001&epochs=150&samples=100": V.STALLED_SHORT_STEPS,
    "optimizer=adam&rate=0.000001&activation=tanh&depth=2&samples=100&epochs=120": (
        V.STALLED_SHORT_STEPS
    ),
    "depth=0&rate=0.00001&epochs=120&samples=100": V.STALLED_SHORT_STEPS,
    "depth=0&rate=0.1&epochs=200&samples=300": V.NO_HIDDEN_LAYER,
    "depth=0&dataset=regression&rate=0.1&epochs=200&samples=100": V.NO_HIDDEN_LAYER,
    "depth=0&rate=0.1&epochs=300&dataset=iris&noise=0.8": V.NO_HIDDEN_LAYER,
    "activation=tanh&clip=0.001&depth=2&samples=100&epochs=120": V.STALLED_CLIPPED,
    "activation=tanh&depth=2&warmup=1000&samples=500&epochs=110&rate=0.01": V.STALLED_WARMING,
    "activation=step&depth=2&samples=100&epochs=150": V.LEARNING_CUT,
    "activation=relu&depth=5&rate=1&optimizer=adam&samples=100&epochs=120": V.DEAD_LAYER,
    "activation=tanh&rate=1000&samples=100&depth=2&epochs=110": V.STALLED_SATURATED,
    "rate=100&samples=100&epochs=150": V.STALLED_THROWN,
    "depth=0&rate=1000&epochs=150&samples=100": V.STALLED_LONG_STEPS,
    "precision=float32&activation=relu&initializer=normal&gain=20&depth=30&width=64&epochs=3": (
        V.NO_START
    ),
    "frozen=50&depth=2&samples=100&epochs=120": V.STALLED_FROZEN,
    "activation=tanh&depth=30&width=16&dataset=digits&rate=0.1&samples=100&epochs=110": (
        V.STALLED_LOST
    ),
    "activation=sigmoid&depth=10&width=16&optimizer=adam&rate=0.01&samples=200&epochs=200": (
        V.STALLED_UNREACHED
    ),
    "activation=arctan&depth=8&width=4&samples=60&epochs=110&dataset=moons&rate=1&optimizer=adamw"
    "&gain=0.3&skip=0.5&batch=2&seed=78": V.STALLED_LOST,
    "activation=relu&initializer=he&depth=3&warmup=300&rate=10&samples=100&dataset=iris"
    "&epochs=120": (V.STALLED_LOST),
    "activation=tanh&depth=2&width=8&warmup=1000&rate=1000&samples=60&epochs=300": (
        V.STALLED_SATURATED
    ),
    "activation=tanh&depth=2&width=8&rate=1e-6&clip=0.01&samples=60&epochs=110": (
        V.STALLED_SHORT_STEPS
    ),
}


@cache
def course(run):
    return History.of(tuple(train(run)))


def asked(query):
    run, ignored = RunSpec.read_query(dict(parse_qsl(query)))
    assert not ignored
    return run


asked_for = pytest.mark.parametrize("query", few_of(ASKED, len(ASKED) // 5))


@asked_for
def test_what_people_ask_about_is_called_by_its_name(query):
    run = asked(query)
    assert diagnosis(run, course(run)).verdict is ASKED[query]


# --- the table ---------------------------------------------------------------------------------


@given(st.floats(allow_nan=True), st.sampled_from(list(RELATIONS)), st.floats(allow_nan=False))
def test_a_sign_compares_and_nan_is_beyond_no_threshold(value, relation, threshold):
    sign = Sign.read(f"share {relation} {threshold!r}")
    assert sign.holds(value) == RELATIONS[relation](value, threshold)
    assert not sign.holds(float("nan"))


def test_a_fact_is_asked_for_or_its_contrary():
    assert [Sign.read("falling").holds(fact) for fact in (False, True)] == [False, True]
    assert [Sign.read("not falling").holds(fact) for fact in (False, True)] == [True, False]


@pytest.mark.parametrize("text", ["", "share = 3", "share ≥", "share ≥ many", "not so falling"])
def test_a_sign_that_cannot_be_read_is_refused(text):
    with pytest.raises(ValueError, match=r".*"):
        Sign.read(text)


def test_every_number_of_the_table_is_one_of_a_state():
    run = RunSpec(activation="tanh", depth=2, width=2, samples=20, epochs=1)
    state = State(run, course(run), 1, baseline=0.7, guessing=0.5)
    for rule in RULES:
        for name in rule.numbers:
            assert float(getattr(state, name)) >= 0 or name in ("broken_at", "gap", "climb")


def test_every_verdict_has_a_rule_and_every_failure_has_remedies_and_a_source():
    assert {rule.verdict for rule in RULES} == set(Verdict)
    good = {V.LEARNT, V.BEFORE, V.TOO_EARLY, V.LEARNING, V.LEARNING_FAINTLY, V.LEARNING_CUT}
    for rule in RULES:
        assert rule.remedies or rule.verdict in {V.LEARNT, V.BEFORE}
        assert rule.source or rule.verdict in good


def test_whatever_is_recorded_some_rule_holds():
    assert [sign.number for sign in RULES[-1].signs] == ["epoch"]
    assert any(rule.signs == (Sign("epoch", "<", 100),) for rule in RULES)


# --- a verdict's numbers bear it out -----------------------------------------------------------


def steady(losses):
    return float(np.median(losses[-10:]))


def usual_size(run, layer):
    """The root mean square of the weights under Xavier initialization."""
    sizes = run.sizes(run.source.inputs, run.source.outputs)
    m, n = sizes[layer : layer + 2]
    return (2 * m * n / (m + n)) ** 0.5


def way(run, history, layer):
    """How far a layer has moved, in units of its first size or of the usual one."""
    first = history.weight_norm[0, 0, layer]
    moved = history.moved[-1, 0, layer] * first if first else history.weight_norm[-1, 0, layer]
    return moved / max(first, usual_size(run, layer))


def layers(run):
    return range(run.depth + 1)


def share(history):
    return history.delta[-1, 0, 0] / history.delta[-1, 0, -1]


def losses(history):
    return history.train_loss[:, 0]


BORNE_OUT = {
    V.LEARNT: lambda run, h, base: losses(h)[-1] <= 0.3 * base or h.train_accuracy[-1, 0] >= 0.95,
    V.OVERFITTING: lambda run, h, base: h.test_loss[-1, 0] > losses(h)[-1] + 0.5 * base,
    V.ONE_UNIT: lambda run, h, base: h.delta[-1, 0, 0] == 0 and run.width == 1,
    V.ONE_SAMPLE: lambda run, h, base: run.batch == 1,
    V.ZERO_WEIGHTS: lambda run, h, base: h.delta[-1, 0, 0] == 0,
    V.SYMMETRY: lambda run, h, base: not h.weight_norm[0, 0].any() and run.width > 1,
    V.SMALL_WEIGHTS: lambda run, h, base: (
        np.prod([h.weight_norm[0, 0, k] / usual_size(run, k) for k in layers(run)[1:]]) < 0.01
        and not share(h) >= 0.01
    ),
    V.DEAD_LAYER: lambda run, h, base: h.delta[-1, 0, 0] == 0 and (h.dead[-1, 0] == 1).any(),
    V.NO_OPEN_PATH: lambda run, h, base: h.delta[-1, 0, 0] == 0,
    V.UNDERFLOW: lambda run, h, base: h.delta[-1, 0, 0] == 0,
    V.EXPLODING: lambda run, h, base: share(h) >= 10 and (np.diff(losses(h)) > 0).any(),
    V.TOO_EARLY: lambda run, h, base: h.epoch[-1] < 100,
    V.LEARNING_CUT: lambda run, h, base: h.delta[-1, 0, 0] == 0,
    V.LEARNING_FAINTLY: lambda run, h, base: share(h) < 0.01,
    V.STALLED_FROZEN: lambda run, h, base: h.moved[-1, 0, 0] == 0 or not h.weight_norm[0].any(),
    V.STALLED_CLIPPED: lambda run, h, base: (
        np.linalg.norm(h.gradient_norm[-1, 0]) >= 2 * run.clip > 0
        and max(way(run, h, k) for k in layers(run)) < 0.02
        and max(way(run, h, k) for k in layers(run)) * np.linalg.norm(h.gradient_norm[-1, 0])
        >= 0.02 * run.clip
    ),
    V.STALLED_WARMING: lambda run, h, base: (
        h.epoch[-1] <= run.warmup / 2 and steady(losses(h)) <= 1.2 * base
    ),
    V.STALLED_SHORT_STEPS: lambda run, h, base: max(way(run, h, k) for k in layers(run)) < 0.02,
    V.STALLED_PAIRS: lambda run, h, base: run.batch == 2 and run.norm == "batch",
    V.STALLED_TWO_UNITS: lambda run, h, base: run.width == 2 and run.norm == "layer",
    V.STALLED_SKIP: lambda run, h, base: (
        run.skip > 0 and losses(h)[-1] > base and h.delta[0, 0, 0] >= 10 * h.delta[0, 0, -1]
    ),
    V.STALLED_LOST: lambda run, h, base: np.nanmin(losses(h)) < steady(losses(h)) - 0.02 * base,
    V.STALLED_THROWN: lambda run, h, base: losses(h)[-1] > 1.2 * base and way(run, h, 0) < 0.5,
    V.STALLED_SATURATED: lambda run, h, base: (
        h.saturated[-1, 0].max() >= 0.5
        and ACTIVATIONS[run.activation].saturates is not Side.NONE
        and share(h) < 0.01
    ),
    V.STALLED_PART_WAY: lambda run, h, base: losses(h)[-1] <= 0.8 * base and share(h) < 0.01,
    V.STALLED_UNREACHED: lambda run, h, base: (
        0.8 * base < losses(h)[-1] <= 1.2 * base
        and share(h) < 0.01
        and (way(run, h, 0) < 0.5 or h.delta[0, 0, 0] < 0.01 * h.delta[0, 0, -1])
    ),
    V.STALLED_SILENT: lambda run, h, base: (
        share(h) < 0.01 <= h.delta[0, 0, 0] / h.delta[0, 0, -1] and way(run, h, 0) >= 0.5
    ),
    V.STALLED_LONG_STEPS: lambda run, h, base: (
        losses(h)[-1] > 1.2 * base and (np.diff(losses(h)[-100:]) > 0).any()
    ),
    V.NO_HIDDEN_LAYER: lambda run, h, base: run.depth == 0,
    V.NOTHING_BENDS: lambda run, h, base: run.activation == "identity",
    V.STALLED_OTHER: lambda run, h, base: share(h) >= 0.01,
}
"""What a reader would check of the words of a verdict, by the recorded numbers alone."""


def assert_borne_out(run):
    """The verdict at the end of a run, and that what it says is so."""
    history = course(run)
    found = diagnosis(run, history)
    base = found.baseline
    if found.verdict in BROKEN:
        assert history.diverged[0] is not None
        assert (found.epoch, found.layer) == history.diverged[0]
        return found
    if found.verdict.value.startswith("learning"):
        before = losses(history)[: max(1, len(history.epoch) - 100)]
        assert steady(losses(history)) < steady(before)
    if found.verdict.value.startswith(("stalled", "no_hidden", "nothing")):
        assert history.epoch[-1] >= 100
    if found.verdict in BORNE_OUT:
        assert BORNE_OUT[found.verdict](run, history, base), found
    if found.accuracy >= 0.95 and run.source.task.value != "regression":
        assert found.verdict not in VANISHING or found.loss > base
    return found


@asked_for
def test_the_words_of_a_verdict_are_borne_out_by_what_was_recorded(query):
    assert_borne_out(asked(query))


@pytest.mark.parametrize("run", cheap_runs(25, 8e7), ids=str)
def test_the_words_are_borne_out_for_random_runs_and_at_every_epoch_there_are_some(run):
    assert_borne_out(run)
    history = course(run)
    for index in range(0, len(history.epoch), 7):
        assert diagnosis(run, history, index).verdict in Verdict


@pytest.mark.parametrize("dataset", DATASETS)
def test_without_a_hidden_layer_a_network_that_learns_is_said_to_learn(dataset):
    run = RunSpec(dataset=dataset, depth=0, rate=0.001, samples=100, epochs=1)
    history = course(run)
    falling = History(
        **{
            name: np.repeat(column[:1], 101, axis=0)
            for name, column in history.columns.items()
            if name not in ("epoch", "train_loss")
        },
        epoch=np.arange(101),
        train_loss=np.linspace(1, 0.5, 101)[:, None] * history.train_loss[:1],
        diverged=(None,),
    )
    assert diagnosis(run, falling).verdict in (V.LEARNING, V.LEARNT)
