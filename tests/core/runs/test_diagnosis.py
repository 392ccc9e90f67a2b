"""The verdicts: every rule as a case, real runs, and what is never said of a trained network."""

from __future__ import annotations

from dataclasses import fields, replace
from functools import cache
from itertools import pairwise
from math import log

import numpy as np
import pytest

from core.data.datasets import DATASETS
from core.nn.losses import LOSSES
from core.runs.diagnosis import VANISHING, diagnose
from core.runs.recording import History
from core.runs.rules import Verdict
from core.runs.training import RunSpec, train

BASE = log(2)
RUN = RunSpec(activation="tanh", depth=3, width=4)

# --- synthetic histories -----------------------------------------------------------------------


def history(losses, every=10, depth=3, diverged=None, **last):
    """One replica's history: a loss every `every` epochs, layers that are in order.

    last: what differs in the last row: `share` of the error that reaches layer 1, or fields.
    A dead layer outputs 0, without any spread, unless its spread is given. The weights are as large
    as Xavier's, and have moved by their own size.
    """
    start = last.pop("start", {})
    last = {"activation_std": [float(d < 1) for d in last.get("dead", [])]} | last
    rows, layers = len(losses), depth + 1
    table = {
        f.name: np.zeros((rows, 1, layers) if f.name not in SCALARS else (rows, 1))
        for f in fields(History)
        if f.name != "diverged"
    }
    table |= {"epoch": np.arange(rows) * every}
    table["train_loss"] = table["test_loss"] = np.array(losses, float)[:, None]
    table["test_loss"] = table["test_loss"] + BASE * last.pop("gap", 0.0)
    table["train_accuracy"] = table["test_accuracy"] = np.full((rows, 1), last.pop("accuracy", 0.5))
    for name in ("delta", "gradient_norm", "moved", "weight_norm", "activation_std", "signal"):
        table[name] = np.ones((rows, 1, layers))
    table["weight_norm"][:] = usual_norms(depth)
    table["delta"][-1, 0, 0] = last.pop("share", 0.2)
    for name, values in last.items():
        table[name][-1, 0, : len(values)] = values
    for name, values in start.items():
        table[name][0, 0, : len(values)] = values
    return History(**table, diverged=(diverged,))


def usual_norms(depth):
    sizes = (2, *[RUN.width] * depth, 1)
    return [(2 * m * n / (m + n)) ** 0.5 for m, n in pairwise(sizes)]


SCALARS = {"epoch", "train_loss", "train_accuracy", "test_loss", "test_accuracy", "diverged"}
FLAT = [BASE] * 31
HALF = [BASE, 0.6 * BASE] + [0.5 * BASE] * 29
FALLING = list(np.linspace(BASE, 0.5 * BASE, 31))
JUMPING = [BASE, 1.1 * BASE] * 15 + [BASE]
WORSE = [1.3 * BASE, 1.5 * BASE] * 15 + [1.3 * BASE]
LOST = [BASE] * 5 + [0.9 * BASE] * 2 + [BASE] * 24
DROP = [BASE] * 5 + [0.4 * BASE] * 2
GONE = [*DROP, *[BASE] * 24]
STILL = [0.001] * 4


def judged(found, run=RUN, index=-1, baseline=BASE, guessing=0.5):
    index = range(len(found.epoch))[index]
    return diagnose(run, found, index, baseline=baseline, guessing=guessing)


GROWING = {
    "delta": [10.0],
    "through": [1.0] * 3,
    "activation_part": [1.0] * 3,
    "norm_part": [1] * 3,
}
SMALL = {"weight_norm": [0.1] * 4, "activation_part": [0.9] * 3}
V = Verdict
RULES = {
    # 1. a number is not finite
    "diverged": (V.DIVERGED, RUN, history(FLAT, diverged=(250, 2))),
    "diverged before learnt": (V.DIVERGED, RUN, history([0.1] * 31, diverged=(250, 2))),
    "diverged at once": (V.NO_START, RUN, history([np.nan], diverged=(0, 2))),
    "diverged from a large error": (
        V.DIVERGED_WEIGHTS,
        RUN,
        history(FLAT, diverged=(250, 2), start={"delta": [10.0]}),
    ),
    "diverged from a large loss": (
        V.DIVERGED_WEIGHTS,
        RUN,
        history([100 * BASE, *FLAT], diverged=(250, 2)),
    ),
    "diverged as skips add up": (
        V.DIVERGED_SKIP,
        replace(RUN, skip=1.0),
        history(FLAT, diverged=(250, 2), start=GROWING),
    ),
    "diverged without skips": (
        V.DIVERGED_WEIGHTS,
        RUN,
        history(FLAT, diverged=(250, 2), start=GROWING),
    ),
    "diverged amplified": (
        V.DIVERGED_AMPLIFIED,
        replace(RUN, amplify=True),
        history(FLAT, diverged=(250, 2), start={"gradient_norm": [0.1]}),
    ),
    "hardly amplified": (
        V.DIVERGED,
        replace(RUN, amplify=True),
        history(FLAT, diverged=(250, 2), start={"gradient_norm": [0.11]}),
    ),
    # 2. the loss at most 0.3 of the baseline, or 95 % right
    "loss 0.3": (V.LEARNT, RUN, history([BASE, 0.2999 * BASE])),
    "loss above 0.3": (V.TOO_EARLY, RUN, history([BASE, 0.301 * BASE])),
    "accuracy 95 %": (V.LEARNT, RUN, history(FLAT, accuracy=0.95)),
    "accuracy below 95 %": (V.STALLED_OTHER, RUN, history(FLAT, accuracy=0.949)),
    "learnt before silent": (V.LEARNT, RUN, history(FLAT, accuracy=1.0, share=0.0)),
    "learnt before exploding": (V.LEARNT, RUN, history([BASE, 0.1], share=50.0)),
    "learnt at once": (V.LEARNT, RUN, history([0.1])),
    "learnt, but not for new points": (V.OVERFITTING, RUN, history([0.1] * 31, gap=0.51)),
    "learnt, with a small gap": (V.LEARNT, RUN, history([0.1] * 31, gap=0.49)),
    # what no training changes
    "one unit": (V.ONE_UNIT, replace(RUN, norm="layer", width=1), history(FLAT, share=0.0)),
    "one sample": (V.ONE_SAMPLE, replace(RUN, norm="batch", batch=1), history(FLAT)),
    "no hidden layer to normalize": (
        V.NO_HIDDEN_LAYER,
        replace(RUN, norm="batch", batch=1, depth=0),
        history(FLAT, depth=0),
    ),
    # no hidden layer
    "perceptron": (V.NO_HIDDEN_LAYER, replace(RUN, depth=0), history(FLAT, depth=0)),
    "perceptron at the start": (V.BEFORE, replace(RUN, depth=0), history([BASE], depth=0)),
    "perceptron that learns": (V.LEARNING, replace(RUN, depth=0), history(FALLING, depth=0)),
    "perceptron that learnt": (V.LEARNT, replace(RUN, depth=0), history([0.1] * 31, depth=0)),
    # 3. delta_1 is exactly 0 and a layer is dead as a whole
    "dead layer": (V.DEAD_LAYER, RUN, history(FLAT, share=0.0, dead=[0, 1, 0])),
    "dead layer at the start": (V.DEAD_LAYER, RUN, history([BASE], share=0.0, dead=[0, 1, 0])),
    # 4. ... and no layer is
    "zero weights": (V.ZERO_WEIGHTS, RUN, history(FLAT, share=0.0, weight_norm=[1, 1, 0, 1])),
    "zero weights of layer 1 alone": (
        V.UNDERFLOW,
        RUN,
        history(FLAT, share=0.0, weight_norm=[0, 1, 1, 1]),
    ),
    "equal units": (V.SYMMETRY, RUN, history(FLAT, start={"weight_norm": [0] * 4})),
    "one unit has no equals": (
        V.STALLED_OTHER,
        replace(RUN, width=1),
        history(FLAT, start={"weight_norm": [0] * 4}),
    ),
    "small weights": (V.SMALL_WEIGHTS, RUN, history(FLAT, share=0.0099, start=SMALL)),
    "small weights, early, as good as guessing": (
        V.SMALL_WEIGHTS,
        RUN,
        history([1.1 * BASE, BASE, BASE], share=0.0099, start=SMALL),
    ),
    "small weights, early, and better than guessing": (
        V.TOO_EARLY,
        RUN,
        history([BASE, 0.94 * BASE, 0.94 * BASE], share=0.0099, start=SMALL),
    ),
    "small weights, then dead": (
        V.SMALL_WEIGHTS,
        RUN,
        history(FLAT, share=0.0, dead=[0, 1, 0], start=SMALL),
    ),
    "small weights of a network that learns": (
        V.LEARNING_FAINTLY,
        RUN,
        history(FALLING, share=0.0099, start=SMALL),
    ),
    "small weights of a network that had learnt": (
        V.STALLED_LOST,
        RUN,
        history(GONE, share=0.0099, start=SMALL),
    ),
    "small weights, smaller derivatives": (
        V.STALLED_UNREACHED,
        RUN,
        history(FLAT, share=0.0099, moved=[0.0], start=SMALL | {"activation_part": [0.01] * 3}),
    ),
    "a derivative that is small as the weights are": (
        V.SMALL_WEIGHTS,
        replace(RUN, activation="gaussian"),
        history(FLAT, share=0.0099, start=SMALL | {"activation_part": [0.01] * 3}),
    ),
    "no open path": (
        V.NO_OPEN_PATH,
        replace(RUN, activation="relu"),
        history(FLAT, share=0.0, dead=[0.5, 0.5, 0.75]),
    ),
    "no open path for an error that was tiny already": (
        V.UNDERFLOW,
        replace(RUN, activation="relu"),
        history(FLAT, share=0.0, delta=[0.0, 0.0, 1e-300]),
    ),
    "units stuck at another value": (
        V.NO_OPEN_PATH,
        replace(RUN, activation="hard_tanh"),
        history(FLAT, share=0.0, dead=[0, 1, 0], activation_mean=[0, 1, 0]),
    ),
    "underflow": (V.UNDERFLOW, RUN, history(FLAT, share=0.0)),
    "underflow at the start": (V.UNDERFLOW, RUN, history([BASE], share=0.0)),
    # 5. epoch 0
    "before": (V.BEFORE, RUN, history([BASE])),
    "before, faint": (V.BEFORE, RUN, history([BASE], share=1e-9)),
    "before, wild": (V.BEFORE, RUN, history([BASE], share=1e9)),
    # 6. a share of at least 10, a loss above half the baseline that jumps and does not fall
    "exploding": (V.EXPLODING, RUN, history(JUMPING, share=10.0)),
    "exploding early": (V.EXPLODING, RUN, history(JUMPING[:2], share=10.0)),
    "share below 10": (V.STALLED_OTHER, RUN, history(JUMPING, share=9.99)),
    "a large share and no jump": (V.STALLED_OTHER, RUN, history(FLAT, share=1e3)),
    "low loss": (V.STALLED_OTHER, RUN, history(HALF, share=1e3)),
    "a large share and a loss that falls": (V.LEARNING, RUN, history(FALLING, share=1e3)),
    # 7. nothing before the window
    "too early": (V.TOO_EARLY, RUN, history(FLAT[:10], share=1e-9)),
    "window just full": (V.STALLED_UNREACHED, RUN, history(FLAT[:11], share=1e-9, moved=[0.0])),
    # 8. flat, as good as guessing, faint, layer 1 has not moved
    "unreached": (V.STALLED_UNREACHED, RUN, history(FLAT, share=0.0099, moved=[0.4999])),
    # 9. ... layer 1 has moved
    "fell silent": (V.STALLED_SILENT, RUN, history(FLAT, share=0.0099, moved=[0.5])),
    "silent from the start, and moved": (
        V.STALLED_UNREACHED,
        RUN,
        history(FLAT, share=0.0099, start={"delta": [0.0099]}),
    ),
    "moved by a lot of what was little": (
        V.STALLED_UNREACHED,
        RUN,
        history(FLAT, share=0.0099, moved=[50.0], start={"weight_norm": [0.001]}),
    ),
    "thrown about above": (V.STALLED_THROWN, RUN, history(WORSE, share=0.0099, moved=[0.0])),
    "saturated": (V.STALLED_SATURATED, RUN, history(FLAT, share=0.0099, saturated=[0, 0.5, 0])),
    "a leak is not saturated": (
        V.STALLED_SILENT,
        replace(RUN, activation="leaky_relu"),
        history(FLAT, share=0.0099, saturated=[0, 0.9, 0]),
    ),
    "half of a rectifier is not saturated": (
        V.STALLED_SILENT,
        replace(RUN, activation="relu6"),
        history(FLAT, share=0.0099, saturated=[0, 0.5, 0]),
    ),
    "small sums are not saturated": (
        V.STALLED_SILENT,
        replace(RUN, activation="gaussian"),
        history(FLAT, share=0.0099, saturated=[0, 0.9, 0], weight_norm=[1.6, 0.1, 0.1]),
    ),
    # 10. flat, faint, better than guessing
    "part of the way": (V.STALLED_PART_WAY, RUN, history(HALF, share=0.0099, moved=[0.0])),
    "part of the way after moving": (V.STALLED_PART_WAY, RUN, history(HALF, share=0.0099)),
    # 11. flat, the error arrives
    "stalled otherwise": (V.STALLED_OTHER, RUN, history(FLAT, share=0.01)),
    "stalled otherwise, part way": (V.STALLED_OTHER, RUN, history(HALF, share=2.0)),
    "nothing bends": (V.NOTHING_BENDS, replace(RUN, activation="identity"), history(FLAT)),
    "layer normalization bends": (
        V.STALLED_OTHER,
        replace(RUN, activation="identity", norm="layer"),
        history(FLAT),
    ),
    "long steps": (V.STALLED_LONG_STEPS, RUN, history(WORSE)),
    # ... because of a setting
    "frozen": (V.STALLED_FROZEN, replace(RUN, frozen=1), history(FLAT)),
    "frozen and learning": (V.LEARNING, replace(RUN, frozen=3), history(FALLING)),
    "clipped": (V.STALLED_CLIPPED, replace(RUN, clip=0.05), history(FLAT, moved=STILL)),
    "clipped, but still without it": (
        V.STALLED_OTHER,
        replace(RUN, clip=0.5),
        history(FLAT, moved=STILL),
    ),
    "clipped, and moved": (V.STALLED_OTHER, replace(RUN, clip=0.5), history(FLAT)),
    "never clipped": (V.STALLED_OTHER, replace(RUN, clip=1.1), history(FLAT, moved=STILL)),
    "warming up": (V.STALLED_WARMING, replace(RUN, warmup=600), history(FLAT)),
    "thrown about while warming up": (
        V.STALLED_LONG_STEPS,
        replace(RUN, warmup=600),
        history(WORSE),
    ),
    "lost while warming up": (V.STALLED_LOST, replace(RUN, warmup=600), history(GONE)),
    "warm": (V.STALLED_OTHER, replace(RUN, warmup=500), history(FLAT)),
    "short steps": (V.STALLED_SHORT_STEPS, replace(RUN, rate=0.001), history(FLAT, moved=STILL)),
    "short steps at the usual rate": (V.STALLED_OTHER, RUN, history(FLAT, moved=STILL)),
    "batches of two": (V.STALLED_PAIRS, replace(RUN, norm="batch", batch=2), history(FLAT)),
    "batches of three": (V.STALLED_OTHER, replace(RUN, norm="batch", batch=3), history(FLAT)),
    "layers of two": (V.STALLED_TWO_UNITS, replace(RUN, norm="layer", width=2), history(FLAT)),
    "skips add up": (V.STALLED_SKIP, replace(RUN, skip=1.0), history(WORSE, start=GROWING)),
    # ... or of what was found and lost again
    "lost": (V.STALLED_LOST, RUN, history(LOST)),
    "lost a part": (
        V.STALLED_LOST,
        RUN,
        history([*DROP, *[0.61 * BASE] * 24]),
    ),
    "lower than before the window, and lost again": (
        V.STALLED_LOST,
        RUN,
        history([*[BASE] * 21, *[0.6 * BASE] * 4, *[0.85 * BASE] * 6]),
    ),
    "lower than before the window, and hardly lost": (
        V.LEARNING,
        RUN,
        history([*[BASE] * 21, *[0.6 * BASE] * 4, *[0.69 * BASE] * 6]),
    ),
    "lost little": (
        V.STALLED_OTHER,
        RUN,
        history([*DROP, *[0.59 * BASE] * 24]),
    ),
    # 12. falling, faint
    "learning faintly": (V.LEARNING_FAINTLY, RUN, history(FALLING, share=0.0099)),
    "learning above a layer that nothing reaches": (
        V.LEARNING_CUT,
        replace(RUN, activation="step"),
        history(FALLING, share=0.0, dead=[0, 1, 0], activation_std=[1, 1, 1]),
    ),
    # 13. falling
    "learning": (V.LEARNING, RUN, history(FALLING, share=0.01)),
    "learning with a large share": (V.LEARNING, RUN, history(FALLING, share=9.0)),
}


@pytest.mark.parametrize(("verdict", "run", "found"), RULES.values(), ids=RULES)
def test_the_first_rule_that_holds_decides(verdict, run, found):
    assert judged(found, run).verdict is verdict


def test_every_verdict_has_a_case():
    assert {verdict for verdict, _, _ in RULES.values()} == set(Verdict)


def test_a_loss_falls_if_it_is_lower_than_before_the_window_by_1_percent_of_the_baseline():
    for drop, verdict in ((0.0099, Verdict.STALLED_OTHER), (0.0101, Verdict.LEARNING)):
        losses = [BASE] * 21 + [BASE * (1 - drop)] * 10
        assert judged(history(losses)).verdict is verdict
    early = [BASE] * 5 + [0.98 * BASE] + [BASE] * 25
    assert judged(history(early)).verdict is Verdict.STALLED_OTHER


def test_one_lucky_epoch_is_no_fall_and_what_is_lost_again_is_not_falling():
    lucky = [BASE] * 195 + [0.5 * BASE] + [BASE] * 4 + [0.5 * BASE]
    assert judged(history(lucky, every=1)).verdict is Verdict.STALLED_LOST
    steady = [BASE] * 195 + [0.5 * BASE] * 6
    assert judged(history(steady, every=1)).verdict is Verdict.LEARNING
    one_bad = [BASE] * 180 + [0.5 * BASE] * 20 + [2 * BASE]
    assert judged(history(one_bad, every=1)).verdict is Verdict.LEARNING


def test_a_state_is_judged_by_what_came_before_it_alone():
    found = history([*FLAT, *np.linspace(BASE, 0.1, 31)], share=5.0)
    assert judged(found, index=30).verdict is Verdict.STALLED_OTHER
    assert judged(found, index=0).verdict is Verdict.BEFORE
    assert judged(found).verdict is Verdict.LEARNT


def test_before_a_divergence_the_network_is_judged_as_any_other():
    found = history(FLAT, diverged=(250, 2))
    assert judged(found, index=24).verdict is Verdict.STALLED_OTHER
    for index in (25, 26, 30):
        diagnosis = judged(found, index=index)
        assert diagnosis.verdict is Verdict.DIVERGED
        assert (diagnosis.epoch, diagnosis.layer) == (250, 2)


def test_where_one_class_is_nearly_all_accuracy_alone_is_no_learning():
    found = history(FLAT, accuracy=0.96)
    assert judged(found, guessing=0.8).verdict is Verdict.LEARNT
    assert judged(found, guessing=0.801).verdict is Verdict.STALLED_OTHER


def test_the_dead_layer_named_is_where_the_error_is_cut_off_first():
    found = history(FLAT, share=0.0, dead=[1, 1, 0])
    assert judged(found).layer == 2
    assert judged(history(FLAT, share=0.0, dead=[0, 0, 1])).layer == 3


def test_a_layer_that_is_stuck_at_minus_one_and_one_does_not_output_zero():
    found = history(FLAT, share=0.0, dead=[0, 1, 0], activation_std=[1, 1, 1])
    assert found.activation_std[-1, 0, 1] == 1
    assert judged(found, replace(RUN, activation="hard_tanh")).verdict is Verdict.NO_OPEN_PATH


def test_a_diagnosis_names_its_numbers():
    found = judged(
        history(FLAT, share=0.002, saturated=[0.3, 0.6, 0.9], dead=[0.25, 0.0, 0.5], moved=[0.0])
    )
    assert found.share == pytest.approx(0.002)
    assert found.loss == pytest.approx(BASE)
    assert found.accuracy == 0.5
    assert found.saturated == pytest.approx(0.6)
    assert (found.dead, found.units) == (3, 12)


def test_one_of_many_replicas_is_judged_by_its_own_numbers():
    both = [history(FLAT, share=0.0099), history(FALLING, share=0.5)]
    table = {
        f.name: np.concatenate([getattr(h, f.name) for h in both], axis=1)
        for f in fields(History)
        if f.name not in ("epoch", "diverged")
    }
    found = History(epoch=both[0].epoch, diverged=(None, None), **table)
    verdicts = [
        diagnose(RUN, found, 30, baseline=BASE, guessing=0.5, replica=r).verdict for r in (0, 1)
    ]
    assert verdicts == [Verdict.STALLED_SILENT, Verdict.LEARNING]


# --- real runs ---------------------------------------------------------------------------------

RACE = RunSpec(samples=300, epochs=400)
EVERY = 20


@cache
def course(run):
    """The history of a run, looked at every few epochs."""
    return History.of(tuple(train(run, every=EVERY)))


def verdict_of(run, epoch, replica=0):
    found = course(run)
    loss, y = LOSSES[DATASETS[run.dataset].task], run.data().train_y
    return diagnose(
        run,
        found,
        min(int(np.searchsorted(found.epoch, epoch)), len(found.epoch) - 1),
        baseline=loss.baseline(y),
        guessing=loss.guessing(y),
        replica=replica,
    )


def test_the_race_is_judged_as_the_story_tells_it():
    assert verdict_of(RACE, 0).verdict is Verdict.BEFORE
    assert verdict_of(RACE, 60).verdict is Verdict.TOO_EARLY
    sigmoid = verdict_of(RACE, 400)
    assert sigmoid.verdict is Verdict.STALLED_UNREACHED
    assert 1e-5 < sigmoid.share < 1e-2
    for key in ("tanh", "relu"):
        assert verdict_of(replace(RACE, activation=key), 400).verdict is Verdict.LEARNT


def test_a_perceptron_is_told_that_it_has_no_hidden_layer():
    run = replace(RACE, depth=0, epochs=200)
    assert verdict_of(run, 40).verdict is Verdict.TOO_EARLY
    assert verdict_of(run, 200).verdict is Verdict.NO_HIDDEN_LAYER


def test_weights_of_zero_are_recognised_from_the_first_epoch_to_the_last():
    run = replace(RACE, activation="tanh", initializer="zeros", epochs=40)
    for epoch in (0, 20, 40):
        assert verdict_of(run, epoch).verdict is Verdict.ZERO_WEIGHTS


def test_a_dead_network_is_told_which_layer_is_dead():
    run = replace(RACE, activation="relu", initializer="he", depth=3, rate=2.0, replicas=20)
    found = [verdict_of(run, 400, replica) for replica in range(20)]
    dead = [d for d in found if d.verdict is Verdict.DEAD_LAYER]
    assert len(dead) >= 3
    for diagnosis in dead:
        assert 1 <= diagnosis.layer <= 3
        assert diagnosis.dead >= 8
        assert diagnosis.share == 0


def test_an_exploding_start_is_seen_before_it_and_after_the_first_steps():
    run = replace(RACE, activation="tanh", initializer="normal", depth=20, width=32, epochs=1)
    before, after = (verdict_of(run, epoch) for epoch in (0, 1))
    assert before.verdict is Verdict.BEFORE
    assert before.share > 1e3
    assert after.verdict in (Verdict.EXPLODING, Verdict.STALLED_OTHER, Verdict.TOO_EARLY)


def test_a_divergence_is_told_with_its_epoch_and_layer():
    run = replace(
        RACE, activation="identity", rate=1000.0, dataset="regression", epochs=40, noise=0.1
    )
    found = verdict_of(run, 40)
    assert found.verdict is Verdict.DIVERGED
    assert (found.epoch, found.layer) == course(run).diverged[0]
    assert np.isfinite([found.loss, found.share, found.accuracy]).all()


def test_a_network_that_could_not_even_start_is_judged_too():
    run = RunSpec(
        activation="identity", precision="float32", initializer="normal", gain=20.0, depth=30,
        width=64, samples=20, epochs=1,
    )  # fmt: skip
    assert verdict_of(run, 0).verdict is Verdict.NO_START


MANY = [
    replace(RACE, samples=150, replicas=6, **changes)
    for changes in (
        {},
        {"depth": 2, "rate": 1.0},
        {"depth": 3, "rate": 1.0},
        {"depth": 4, "rate": 1.0},
        {"rate": 1.0},
        {"rate": 100.0},
        {"rate": 1.0, "initializer": "normal"},
        {"rate": 0.1, "initializer": "normal"},
        {"activation": "tanh"},
        {"activation": "tanh", "rate": 1.0},
        {"activation": "tanh", "rate": 1.0, "depth": 10, "epochs": 200},
        {"activation": "tanh", "initializer": "normal", "depth": 10, "epochs": 200},
        {"activation": "relu"},
        {"activation": "relu", "rate": 1.0},
        {"activation": "relu", "initializer": "he", "depth": 3, "rate": 2.0},
        {"activation": "relu", "depth": 20, "rate": 0.03, "epochs": 160},
        {"activation": "leaky_relu", "initializer": "he", "rate": 1.0},
        {"activation": "tanh", "initializer": "zeros", "epochs": 200},
        {"dataset": "iris"},
        {"dataset": "regression", "activation": "tanh"},
    )
]


LEARNT = {Verdict.LEARNT, Verdict.OVERFITTING}


@pytest.mark.slow
def test_over_many_runs_no_trained_network_is_said_to_have_lost_its_error():
    seen = set()
    for run in MANY:
        found = course(run)
        for epoch in found.epoch:
            for replica in range(run.replicas):
                diagnosis = verdict_of(run, epoch, replica)
                seen.add(diagnosis.verdict)
                if diagnosis.accuracy >= 0.95:
                    assert diagnosis.verdict not in VANISHING, (run, epoch)
                    assert diagnosis.verdict in LEARNT or diagnosis.broken
                if diagnosis.verdict in VANISHING:
                    assert diagnosis.share < 0.01
                    assert epoch >= 100
    rare = {Verdict.SMALL_WEIGHTS, Verdict.STALLED_SILENT}
    assert seen >= VANISHING - rare | {Verdict.LEARNT, Verdict.LEARNING}


def test_only_a_stalled_network_may_be_said_to_vanish():
    stalled = VANISHING - {Verdict.SMALL_WEIGHTS}  # which says at once that it has stalled
    assert all(verdict.value.startswith("stalled_") for verdict in stalled)
    assert Verdict.STALLED_OTHER not in VANISHING
