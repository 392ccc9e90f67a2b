"""Training: every number recomputed with plain formulas, the same bits always, honest failure."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from itertools import cycle
from pathlib import Path
from threading import Barrier

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.data.datasets import DATASETS, Task
from core.domain import Choice, Flag
from core.nn.activations import ACTIVATIONS
from core.nn.optimizers import OPTIMIZERS
from core.runs.training import RunSpec, Snapshot, Trainer, train
from tests.core.specs import specs

ROOT = Path(__file__).parents[3]
TINY = RunSpec(samples=40, batch=16, epochs=3, depth=3, width=5, activation="tanh")
PARTS = ("weights_part", "activation_part", "norm_part", "through", "around")
BY_LAYER = [
    f.name
    for f in fields(Snapshot)
    if f.name not in ("epoch", "diverged") and "loss" not in f.name and "accuracy" not in f.name
]


def bits(snapshots):
    """Every bit of these snapshots, as a digest."""
    digest = hashlib.sha256()
    for snapshot in snapshots:
        for f in fields(Snapshot):
            value = getattr(snapshot, f.name)
            whole = not isinstance(value, np.ndarray)
            digest.update(repr(value).encode() if whole else value.tobytes())
    return digest.hexdigest()


def one_replica(snapshot, replica):
    """What one replica adds to a snapshot."""
    parts = {}
    for f in fields(Snapshot):
        value = getattr(snapshot, f.name)
        parts[f.name] = value if f.name == "epoch" else value[replica : replica + 1]
    return Snapshot(**parts)


def assert_equal(one, two):
    for f in fields(Snapshot):
        np.testing.assert_array_equal(getattr(one, f.name), getattr(two, f.name), f.name)


# --- what is measured --------------------------------------------------------------------------


def layers_of(trainer, replica):
    """Weights and biases of one replica, as plain copies."""
    parameters = trainer.network.parameters
    pairs = zip(parameters.weights, parameters.biases, strict=True)
    return [(w[replica].copy(), b[replica].copy()) for w, b in pairs]


def textbook(run, layers, x, y):
    """One pass of one network with the textbook's formulas: losses, z, a, slopes, deltas."""
    knobs = {k.split(".")[1]: v for k, v in run.knobs if k.startswith(f"{run.activation}.")}
    a, zs, slopes = [x], [], []
    for w, b in layers:
        z = a[-1] @ w + b
        zs.append(z)
        if len(zs) < len(layers):
            a.append(ACTIVATIONS[run.activation].value(z, **knobs))
            slopes.append(ACTIVATIONS[run.activation].derivative(z, **knobs))
    task, z = DATASETS[run.dataset].task, zs[-1]
    if task is Task.REGRESSION:
        p, losses = z, ((z - y) ** 2).sum(axis=1) / 2
        accuracy = 1 - ((z - y) ** 2).sum() / ((y - y.mean(axis=0)) ** 2).sum()
    elif task is Task.BINARY:
        p = 1 / (1 + np.exp(-z))
        losses = -(y * np.log(p) + (1 - y) * np.log(1 - p)).sum(axis=1)
        accuracy = ((p > 0.5) == (y == 1)).mean()
    else:
        p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
        losses = -(y * np.log(p)).sum(axis=1)
        accuracy = (p.argmax(axis=1) == y.argmax(axis=1)).mean()
    deltas = [p - y]
    for (w, _), slope in zip(layers[:0:-1], slopes[::-1], strict=True):
        deltas.insert(0, (deltas[0] @ w.T) * slope)
    return {"loss": losses.mean(), "accuracy": accuracy, "a": [*a, p], "z": zs}, slopes, deltas


def expected_snapshot(run, layers, first, before, data):
    """All numbers of a snapshot for one replica, straight from their definitions."""
    (train, slopes, deltas) = textbook(run, layers, data.train_x, data.train_y)
    test = textbook(run, layers, data.test_x, data.test_y)[0]
    a, samples, last = train["a"], len(data.train_x), len(layers) - 1
    steepest = ACTIVATIONS[run.activation].max_slope
    flat = 0.05 * steepest if np.isfinite(steepest) else 0.0
    table = {
        "delta": [np.sqrt(np.mean(d**2)) for d in deltas],
        "gradient_norm": [
            np.sqrt(np.sum((a[layer].T @ d / samples) ** 2)) for layer, d in enumerate(deltas)
        ],
        "activation_mean": [np.mean(v) for v in a[1:]],
        "activation_std": [np.std(v) for v in a[1:]],
        "signal": [np.sqrt(np.mean(np.std(v, axis=0) ** 2)) for v in a[1:]],
        "saturated": [np.mean(np.abs(s) <= flat) for s in slopes] + [0.0],
        "dead": [np.mean([not column.any() for column in s.T]) for s in slopes] + [0.0],
        "weight_norm": [np.linalg.norm(w) for w, _ in layers],
        "moved": [
            np.linalg.norm(w - w0) / np.linalg.norm(w0)
            for (w, _), (w0, _) in zip(layers, first, strict=True)
        ],
        "relative_update": [
            np.linalg.norm(w - w0) / np.linalg.norm(w0)
            for (w, _), (w0, _) in zip(layers, before, strict=True)
        ],
        "weights_part": [],
        "activation_part": [],
        "train_loss": train["loss"],
        "train_accuracy": train["accuracy"],
        "test_loss": test["loss"],
        "test_accuracy": test["accuracy"],
    }
    for layer in range(last):
        carried = deltas[layer + 1] @ layers[layer + 1][0].T
        wider = np.sqrt(deltas[layer + 1].shape[1] / carried.shape[1])
        sizes = [np.linalg.norm(v) for v in (deltas[layer + 1], carried, carried * slopes[layer])]
        table["weights_part"].append(wider * sizes[1] / sizes[0] if sizes[0] else np.nan)
        table["activation_part"].append(sizes[2] / sizes[1] if sizes[1] else np.nan)
    table["weights_part"].append(np.nan)
    table["activation_part"].append(np.nan)
    table["norm_part"] = [1 if size > 0 else np.nan for size in table["delta"][:-1]] + [np.nan]
    table["through"] = table["weights_part"]
    table["around"] = [0 * part for part in table["weights_part"]]
    return table


PARTS = ("weights_part", "activation_part", "norm_part", "through", "around")
MEASURED = [
    pytest.param(
        replace(TINY, batch=5000, activation=key, initializer="he", replicas=2),
        id=key,
    )
    for key in ACTIVATIONS
] + [
    pytest.param(
        replace(TINY, batch=5000, dataset=key, replicas=2, optimizer=rule), id=f"{key}-{rule}"
    )
    for key, rule in zip(DATASETS, cycle(OPTIMIZERS), strict=False)
]


@pytest.mark.parametrize("run", MEASURED)
def test_every_number_of_a_snapshot_is_what_its_definition_says(run):
    trainer = Trainer(run)
    first = [layers_of(trainer, r) for r in range(2)]
    trainer.snapshot()
    for _ in range(3):
        before = [layers_of(trainer, r) for r in range(2)]
        trainer.train_epoch()  # one batch holds all, so this is one step
    snapshot = trainer.snapshot()
    assert snapshot.epoch == 3
    assert snapshot.diverged == (None, None)
    for replica in range(2):
        expected = expected_snapshot(
            run, layers_of(trainer, replica), first[replica], before[replica], run.data()
        )
        assert set(expected) == {f.name for f in fields(Snapshot)} - {"epoch", "diverged"}
        for name, value in expected.items():
            got = getattr(snapshot, name)
            assert got.dtype == np.float64, name
            np.testing.assert_allclose(got[replica], value, rtol=1e-9, atol=1e-13, err_msg=name)


def test_a_unit_saturates_by_its_slope_not_by_its_kind():
    def saturated(key, z):
        trainer = Trainer(replace(TINY, activation=key, depth=1, width=1))
        trainer.network.parameters.theta[...] = 0
        trainer.network.parameters.biases[0][...] = z
        return trainer.snapshot().saturated[0, 0]

    # |tanh'| = 5 % of its largest at 2.17827, sigmoid' at 4.35654
    assert (saturated("tanh", 2.178), saturated("tanh", -2.179)) == (0, 1)
    assert (saturated("sigmoid", -4.356), saturated("sigmoid", 4.357)) == (0, 1)
    assert (saturated("relu", 1e6), saturated("relu", -1e-6)) == (0, 1)


def test_a_unit_whose_slope_has_no_bound_is_not_saturated_where_it_is_steep():
    snapshot = Trainer(replace(TINY, activation="squared_relu")).snapshot()
    assert (snapshot.saturated[0, :-1] < 1).all()


def test_dead_is_silent_for_all_samples_not_for_some():
    trainer = Trainer(replace(TINY, activation="relu", depth=1, width=3))
    parameters = trainer.network.parameters
    parameters.theta[...] = 0
    parameters.weights[0][0, 0] = [1.0, 1.0, 1.0]
    parameters.biases[0][0, 0] = [0.0, -5.0, 5.0]  # sometimes, never, always above 0
    assert trainer.snapshot().dead[0, 0] == pytest.approx(1 / 3)


@pytest.mark.parametrize("key", ACTIVATIONS)
@pytest.mark.parametrize("depth", [1, 4])
def test_the_parts_put_together_give_the_ratio_of_the_errors_and_the_share(key, depth):
    run = replace(TINY, activation=key, depth=depth, initializer="he", replicas=3)
    for snapshot in train(run, every=3):
        ratios = snapshot.delta[:, :-1] / np.where(
            snapshot.delta[:, 1:] > 0, snapshot.delta[:, 1:], 1
        )
        product = (snapshot.weights_part * snapshot.activation_part)[:, :-1]
        alive = snapshot.delta[:, :-1] > 0
        np.testing.assert_allclose(product[alive], ratios[alive], rtol=1e-12)
        share = snapshot.delta[:, 0] / snapshot.delta[:, -1]
        full = alive.all(axis=1)
        np.testing.assert_allclose(product[full].prod(axis=1), share[full], rtol=1e-12)
        assert np.isnan(snapshot.weights_part[:, -1]).all()
        assert full.any() or key == "step"


def test_the_error_is_that_of_one_sample_however_many_there_are():
    """The same samples twice: the gradient of the mean loss and the error stay as they were."""
    trainer = Trainer(TINY)
    once = trainer.snapshot()
    x, y = (np.concatenate([v, v]) for v in (trainer.data.train_x, trainer.data.train_y))
    trainer.data = replace(trainer.data, train_x=x, train_y=y)
    twice = trainer.snapshot()
    np.testing.assert_allclose(twice.delta, once.delta, rtol=1e-13)
    np.testing.assert_allclose(twice.gradient_norm, once.gradient_norm, rtol=1e-13)


@pytest.mark.parametrize(
    ("value", "precision"),
    [(1e-30, "float32"), (1e-40, "float32"), (1e30, "float32"), (1e-200, "float64")],
)
def test_a_size_is_right_although_its_square_cannot_be_represented(value, precision):
    trainer = Trainer(replace(TINY, activation="tanh", precision=precision, depth=2, replicas=2))
    trainer.network.parameters.theta[0] = value
    value = float(trainer.network.parameters.theta[0, 0])
    assert 0 < value < np.inf
    sizes = [np.sqrt(w[0].size) * value for w in trainer.network.parameters.weights]
    other = [np.linalg.norm(w) for w, _ in layers_of(trainer, 1)]
    found = trainer.snapshot().weight_norm
    np.testing.assert_allclose(found[0], sizes, rtol=1e-12)
    np.testing.assert_allclose(found[1], other, rtol=1e-6)


@pytest.mark.parametrize(
    "run",
    [
        RunSpec(depth=40, precision="float32", samples=40),  # about 1e-25
        RunSpec(depth=50, gain=1e-3, samples=40),  # about 1e-180
    ],
    ids=["float32", "float64"],
)
def test_a_faint_error_that_can_be_represented_is_not_shown_as_zero(run):
    trainer = Trainer(run)
    data = run.data()
    found, _, deltas = textbook(run, layers_of(trainer, 0), data.train_x, data.train_y)
    largest = np.abs(deltas[0]).max()
    assert largest > 100 * np.finfo(run.precision).tiny
    snapshot = trainer.snapshot()
    tolerance = 1e-3 if run.precision == "float32" else 1e-9
    expected = largest * np.sqrt(np.mean((deltas[0] / largest) ** 2))
    np.testing.assert_allclose(snapshot.delta[0, 0], expected, rtol=tolerance)
    gradient = found["a"][0].T @ deltas[0] / len(data.train_x)
    largest = np.abs(gradient).max()
    expected = largest * np.linalg.norm(gradient / largest)
    np.testing.assert_allclose(snapshot.gradient_norm[0, 0], expected, rtol=tolerance)


def test_a_faint_signal_keeps_its_digits_beside_its_large_mean():
    """A deep sigmoid layer varies by 1e-8 about 0.5, which a mean of squares would not show."""
    trainer = Trainer(replace(TINY, activation="sigmoid", depth=1, width=2))
    trainer.network.parameters.theta[...] = 0
    trainer.network.parameters.weights[0][0, 0] = [1e-8, 3e-8]
    spread = trainer.data.train_x[:, 0].std() * 0.25
    found = trainer.snapshot()
    np.testing.assert_allclose(found.signal[0, 0], spread * np.sqrt(5) * 1e-8, rtol=1e-6)
    np.testing.assert_allclose(found.activation_mean[0, 0], 0.5, rtol=1e-7)


# --- the stream of snapshots -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("epochs", "every", "expected"),
    [
        (5, 1, [0, 1, 2, 3, 4, 5]),
        (5, 2, [0, 2, 4, 5]),
        (6, 3, [0, 3, 6]),
        (5, 99, [0, 5]),
        (1, 1, [0, 1]),
    ],
)
def test_the_untrained_network_comes_first_and_the_last_epoch_always(epochs, every, expected):
    run = replace(TINY, epochs=epochs)
    snapshots = list(train(run, every))
    assert [s.epoch for s in snapshots] == expected
    assert not snapshots[0].moved.any()
    assert np.isnan(snapshots[0].relative_update).all()
    assert np.isfinite(snapshots[-1].relative_update).all()
    assert bits([snapshots[-1]]) == bits([list(train(run))[-1]])


@pytest.mark.parametrize("depth", [0, 2])
@pytest.mark.parametrize("replicas", [1, 3])
def test_snapshots_have_the_shapes_declared(depth, replicas):
    for snapshot in train(replace(TINY, depth=depth, replicas=replicas)):
        assert len(snapshot.diverged) == replicas
        for f in fields(Snapshot):
            value = getattr(snapshot, f.name)
            if f.name in BY_LAYER:
                assert value.shape == (replicas, depth + 1), f.name
            elif f.name not in ("epoch", "diverged"):
                assert value.shape == (replicas,), f.name


def test_a_snapshot_does_not_change_afterwards():
    stream = train(replace(TINY, epochs=4))
    first, second = next(stream), next(stream)
    before = bits([first, second])
    list(stream)
    assert bits([first, second]) == before


def test_looking_does_not_disturb_training():
    often, seldom = list(train(TINY)), list(train(TINY, every=99))
    assert bits([often[-1]]) == bits([seldom[-1]])


@pytest.mark.parametrize("batch", [1, 5, 16, 32, 5000])
@pytest.mark.parametrize("rule", OPTIMIZERS)
def test_each_epoch_goes_once_through_all_samples_in_newly_shuffled_batches(batch, rule):
    run = replace(TINY, batch=batch, optimizer=rule, depth=2, rate=0.05, seed=7)
    trainer = Trainer(run)
    layers, data = layers_of(trainer, 0), run.data()
    size = trainer.network.parameters.theta.size
    memory = [np.zeros((1, size)) for _ in range(OPTIMIZERS[rule].memories)]
    rng, steps = np.random.default_rng(np.random.SeedSequence(7).spawn(2)[1]), 0
    for _ in range(2):
        trainer.train_epoch()
        order = rng.permutation(len(data.train_x))
        for start in range(0, len(order), batch):
            rows = order[start : start + batch]
            x, y = data.train_x[rows], data.train_y[rows]
            found, _, deltas = textbook(run, layers, x, y)
            gradient = [
                part / len(rows)
                for a, d in zip(found["a"], deltas, strict=False)
                for part in (a.T @ d, d.sum(axis=0, keepdims=True))
            ]
            flat, steps = np.concatenate([g.ravel() for g in gradient])[None], steps + 1
            step = np.empty_like(flat)
            theta = np.concatenate([p.ravel() for layer in layers for p in layer])[None]
            constants = OPTIMIZERS[rule].constants({})
            OPTIMIZERS[rule].step(step, flat, theta, run.rate, steps, *memory, **constants)
            ends = np.cumsum([g.size for g in gradient])[:-1]
            parts = [
                p.reshape(g.shape) for p, g in zip(np.split(step[0], ends), gradient, strict=True)
            ]
            before = layers
            layers = [
                (w - dw, b - db)
                for (w, b), dw, db in zip(layers, parts[0::2], parts[1::2], strict=True)
            ]
    for (w, b), (w0, b0) in zip(layers_of(trainer, 0), layers, strict=True):
        np.testing.assert_allclose(w, w0, rtol=1e-8, atol=1e-10)
        np.testing.assert_allclose(b, b0, rtol=1e-8, atol=1e-10)
    update = [
        np.linalg.norm(w - w0) / np.linalg.norm(w0)
        for (w, _), (w0, _) in zip(layers, before, strict=True)
    ]
    np.testing.assert_allclose(trainer.snapshot().relative_update[0], update, rtol=1e-6)


def test_prediction_is_the_output_of_one_replica():
    trainer = Trainer(replace(TINY, replicas=2, dataset="iris"))
    trainer.train_epoch()
    data = trainer.run.data()
    for replica in range(2):
        found = textbook(trainer.run, layers_of(trainer, replica), data.test_x, data.test_y)[0]
        np.testing.assert_allclose(trainer.predict(data.test_x, replica), found["a"][-1], rtol=1e-9)


# --- settings that change a step ---------------------------------------------------------------


def first_step(**changes):
    """Every layer's change of weights and biases in the first step, which uses all samples."""
    trainer = Trainer(replace(TINY, batch=5000, activation="sigmoid", **changes))
    before = layers_of(trainer, 0)
    trainer.train_epoch()
    pairs = zip(before, layers_of(trainer, 0), strict=True)
    return [(w - w0, b - b0) for (w0, b0), (w, b) in pairs]


def length(step):
    return np.sqrt(sum((part**2).sum() for layer in step for part in layer))


@pytest.mark.parametrize("frozen", [1, 2, 3, 50])
@pytest.mark.parametrize("rule", OPTIMIZERS)
def test_frozen_layers_keep_their_initial_weights_and_the_others_learn(frozen, rule):
    run = replace(TINY, frozen=frozen, optimizer=rule, depth=3)
    trainer = Trainer(run)
    before = layers_of(trainer, 0)
    for _ in range(3):
        trainer.train_epoch()
    after = layers_of(trainer, 0)
    for layer, ((w0, b0), (w, b)) in enumerate(zip(before, after, strict=True)):
        assert np.array_equal(w, w0) == (layer < min(frozen, 3))
        assert np.array_equal(b, b0) == (layer < min(frozen, 3))
    assert (trainer.snapshot().delta[0] > 0).all()


def test_a_gradient_longer_than_the_clip_is_cut_to_it_and_keeps_its_direction():
    free, cut, loose = first_step(), first_step(clip=0.01), first_step(clip=1000.0)
    assert length(free) > 0.01 * TINY.rate
    assert length(cut) == pytest.approx(0.01 * TINY.rate, rel=1e-9)
    factor = length(cut) / length(free)
    for (w, b), (w1, b1), (w2, b2) in zip(free, cut, loose, strict=True):
        np.testing.assert_allclose(w1, factor * w, rtol=1e-6, atol=1e-15)
        np.testing.assert_allclose(b1, factor * b, rtol=1e-6, atol=1e-15)
        np.testing.assert_array_equal(w2, w)
        np.testing.assert_array_equal(b2, b)


@pytest.mark.parametrize(("batch", "steps"), [(5000, 1), (16, 2)])
def test_the_rate_grows_evenly_over_the_epochs_of_its_warm_up(batch, steps):
    run = replace(TINY, warmup=4, batch=batch, epochs=10)
    trainer, rates = Trainer(run), []

    class Watched:
        def step(self, step, gradient, theta, rate, t, *memory):
            rates.append(rate)
            OPTIMIZERS["sgd"].step(step, gradient, theta, rate, t, *memory)

    trainer.descent.optimizer = Watched()
    for _ in range(6):
        trainer.train_epoch()
    expected = [run.rate * min(1.0, t / (4 * steps)) for t in range(1, 6 * steps + 1)]
    np.testing.assert_allclose(rates, expected, rtol=1e-14)


def test_the_amplifier_gives_all_layers_the_output_layers_gradient_before_training():
    plain, strong = first_step(), first_step(amplify=True)
    sizes = [np.linalg.norm(w) for w, _ in strong]
    np.testing.assert_allclose(sizes, sizes[-1], rtol=1e-9)
    for (w, b), (w1, b1) in zip(plain, strong, strict=True):
        constant = np.linalg.norm(w1) / np.linalg.norm(w)
        assert constant > 0.999
        np.testing.assert_allclose(w1, constant * w, rtol=1e-5, atol=1e-14)
        np.testing.assert_allclose(b1, constant * b, rtol=1e-5, atol=1e-14)


# --- the same bits always ----------------------------------------------------------------------

SCRIPT = """
import json, sys
from core.runs.training import RunSpec, train
from tests.core.runs.test_training import bits
print(bits(train(RunSpec.from_query(json.loads(sys.argv[1])))))
"""


def test_two_processes_give_the_same_bits():
    run = replace(TINY, replicas=2, optimizer="adam", width=32, dataset="digits", activation="gelu")
    query = json.dumps(run.to_query())
    command = [sys.executable, "-c", SCRIPT, query]
    other = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert other.stdout.strip() == bits(train(run))


def test_four_threads_at_once_give_the_same_bits():
    runs = [
        replace(TINY, seed=9, width=32, epochs=12, optimizer="adam"),
        replace(TINY, seed=9, width=32, epochs=12, activation="gelu", noise=0.1),
    ]
    alone = [bits(train(run)) for run in runs]
    barrier = Barrier(4)

    def compute(run):
        barrier.wait()
        return bits(train(run))

    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(compute, [*runs, *runs]))
    assert together == alone * 2


TESTED = {
    "knobs", "constants", "dataset", "noise", "samples", "data_seed", "epochs", "seed", "replicas",
    "batch",
    "activation", "initializer", "gain", "depth", "width", "precision", "optimizer", "rate",
}  # fmt: skip


def other_value(name, domain):
    """A value of a setting that was added later, not its default."""
    if isinstance(domain, Choice):
        return next(key for key in domain.options if key != RunSpec.defaults()[name])
    return True if isinstance(domain, Flag) else domain.steps[1]


def other_constants(rule):
    """Every constant of a rule away from its default."""
    return tuple(sorted((f"{rule.key}.{k.key}", k.steps[1]) for k in rule.knobs))


SIDE_BY_SIDE = [
    replace(TINY, **changes)
    for changes in (
        *({"width": width} for width in (1, 2, 3, 4, 7, 8, 16, 33, 64)),
        *({"batch": batch} for batch in (1, 5, 7, 31, 32, 5000)),
        *({"optimizer": key, "batch": 7} for key in OPTIMIZERS),
        *(
            {"optimizer": key, "batch": 7, "constants": other_constants(rule)}
            for key, rule in OPTIMIZERS.items()
            if rule.knobs
        ),
        *({"activation": key, "width": 6} for key in ACTIVATIONS),
        *({"dataset": key, "samples": 60} for key in DATASETS),
        *({"precision": "float32", "width": width} for width in (3, 8, 16)),
        *(
            {name: other_value(name, domain), "batch": 7}
            for name, domain in RunSpec.domains().items()
            if name not in TESTED
        ),
        {"depth": 0},
        {"depth": 1, "width": 100},
        {"depth": 12, "width": 9, "batch": 11},
    )
]


@pytest.mark.parametrize(
    "run", SIDE_BY_SIDE, ids=lambda r: "-".join(f"{k}={v}" for k, v in r.to_query(TINY).items())
)
def test_each_replica_is_the_single_run_with_its_seed_bit_for_bit(run):
    together = list(train(replace(run, replicas=3, seed=11)))
    for replica in range(3):
        alone = list(train(replace(run, seed=11 + replica)))
        for one, all_of_them in zip(alone, together, strict=True):
            assert_equal(one, one_replica(all_of_them, replica))


def test_new_weights_keep_the_data_and_new_data_keep_the_weights():
    trainer = Trainer(TINY)
    other = Trainer(replace(TINY, seed=1))
    np.testing.assert_array_equal(trainer.data.train_x, other.data.train_x)
    np.testing.assert_array_equal(trainer.data.test_y, other.data.test_y)
    assert not np.array_equal(trainer.network.parameters.theta, other.network.parameters.theta)
    fresh = Trainer(replace(TINY, data_seed=1))
    assert not np.array_equal(trainer.data.train_x, fresh.data.train_x)
    np.testing.assert_array_equal(trainer.network.parameters.theta, fresh.network.parameters.theta)


def test_chance_never_comes_from_the_global_generator():
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    list(train(TINY))
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002


@pytest.mark.parametrize("rule", [r for r in OPTIMIZERS.values() if r.knobs], ids=lambda r: r.key)
def test_the_constants_of_a_run_reach_its_optimizer(rule):
    for knob in rule.knobs:
        run = replace(
            TINY, optimizer=rule.key, constants=((f"{rule.key}.{knob.key}", knob.steps[1]),)
        )
        assert run.step_constants == rule.constants(dict(run.constants))
        assert RunSpec.from_query(run.to_query()) == run
        assert bits(train(run)) != bits(train(replace(run, constants=())))


def test_training_leaves_the_shared_data_alone():
    data = TINY.data()
    before = [array.copy() for array in vars(data).values()]
    list(train(replace(TINY, replicas=2)))
    for old, new in zip(before, vars(TINY.data()).values(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_single_precision_is_single_precision_throughout():
    run = replace(TINY, precision="float32", epochs=20)
    trainer = Trainer(run)
    trainer.train_epoch()
    data = trainer.data
    arrays = [trainer.network.parameters.theta, *trainer.descent.memory, data.train_x, data.train_y]
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}
    narrow, wide = (list(train(r))[-1] for r in (run, replace(run, precision="float64")))
    np.testing.assert_allclose(narrow.train_loss, wide.train_loss, rtol=1e-4)
    assert narrow.train_loss != wide.train_loss


# --- divergence --------------------------------------------------------------------------------

WILD = replace(
    TINY, activation="leaky_relu", initializer="he", rate=2.0, depth=3, width=8, samples=300
)


def test_a_replica_that_diverges_is_marked_and_the_others_go_on_bit_for_bit():
    run = replace(WILD, replicas=12, epochs=40)
    together = list(train(run, every=8))
    marks = together[-1].diverged
    gone = [r for r, mark in enumerate(marks) if mark is not None]
    kept = [r for r, mark in enumerate(marks) if mark is None]
    assert gone
    assert kept
    assert together[-1].epoch == 40
    for replica in gone:
        epoch, layer = marks[replica]
        assert 1 <= epoch <= 40
        assert 1 <= layer <= run.depth + 1
        for snapshot in together:
            known = snapshot.diverged[replica]
            assert known == (marks[replica] if snapshot.epoch >= epoch else None)
            part = one_replica(snapshot, replica)
            for name in [*BY_LAYER, "train_loss", "test_loss", "train_accuracy", "test_accuracy"]:
                numbers = getattr(part, name)
                if known is not None:
                    assert np.isnan(numbers).all(), name
                elif name not in PARTS and snapshot.epoch > 0:
                    assert np.isfinite(numbers).all(), name
    for replica in kept[:2]:
        alone = list(train(replace(run, replicas=1, seed=replica), every=8))
        for one, all_of_them in zip(alone, together, strict=True):
            assert_equal(one, one_replica(all_of_them, replica))
    alone = list(train(replace(run, replicas=1, seed=gone[0]), every=8))
    assert alone[-1].diverged == (marks[gone[0]],)
    assert alone[-1].epoch == marks[gone[0]][0]


def test_the_stream_ends_when_every_replica_has_diverged():
    run = replace(
        TINY, activation="identity", rate=1000.0, dataset="regression", replicas=2, epochs=200
    )
    snapshots = list(train(run))
    assert snapshots[-1].epoch < 200
    assert all(mark is not None for mark in snapshots[-1].diverged)
    assert max(epoch for epoch, _ in snapshots[-1].diverged) == snapshots[-1].epoch
    assert snapshots[0].diverged == (None, None)
    assert np.isfinite(snapshots[0].train_loss).all()


def test_the_mark_of_a_divergence_is_that_of_the_first_time():
    trainer = Trainer(
        replace(TINY, activation="identity", rate=1000.0, dataset="regression", depth=1)
    )
    marks = []
    for _ in range(60):  # rested at zero weights, it diverges again and again
        trainer.train_epoch()
        marks.append(trainer.diverged[0])
    assert len(set(marks) - {None}) == 1


def test_a_network_that_cannot_even_start_is_marked_before_the_first_step():
    run = replace(
        TINY, activation="identity", precision="float32", initializer="normal", gain=20.0,
        depth=30, width=64,
    )  # fmt: skip
    snapshots = list(train(run))
    assert [s.epoch for s in snapshots] == [0]
    assert snapshots[0].diverged[0][0] == 0
    assert np.isnan(snapshots[0].train_loss).all()


def test_weights_and_signals_too_large_to_measure_are_marked_although_the_error_is_not():
    trainer = Trainer(replace(TINY, activation="relu", depth=1, replicas=2))
    trainer.network.parameters.weights[0][0] = 1e200
    trainer.network.parameters.weights[1][0] = 0
    last = trainer.snapshot()
    assert last.diverged == ((0, 1), None)
    assert np.isnan(last.weight_norm[0]).all()
    assert np.isfinite(last.weight_norm[1]).all()


def diverging_in_layer_3(key, look):
    trainer = Trainer(replace(TINY, activation=key, depth=5))
    trainer.network.parameters.biases[1][...] = 10.0
    trainer.network.parameters.weights[2][...] = 1e308
    with np.errstate(all="ignore"):
        trainer.snapshot() if look else trainer.train_epoch()
    return trainer.diverged[0]


@pytest.mark.parametrize("key", ["relu", "identity"])
def test_the_layer_named_is_the_first_whose_pre_activations_are_not_finite(key):
    assert diverging_in_layer_3(key, look=False)[1] == 3


@pytest.mark.parametrize("key", ["relu", "identity"])
def test_a_snapshot_names_the_same_layer_as_a_step_would(key):
    assert diverging_in_layer_3(key, look=True)[1] == 3


# --- whatever a link may ask for ---------------------------------------------------------------

SCORES = ("train_loss", "train_accuracy", "test_loss", "test_accuracy")
BEYOND = [
    RunSpec(
        activation="elu", initializer="normal", gain=2.0, depth=6, width=1, precision="float32",
        dataset="regression", noise=0.25, samples=50, data_seed=159, rate=2.0, batch=5, epochs=1,
        seed=19,
    ),
    RunSpec(
        initializer="zeros", depth=0, precision="float32", dataset="regression", samples=20,
        rate=20.0, batch=1, epochs=1,
    ),
]  # fmt: skip


@pytest.mark.parametrize("run", BEYOND, ids=["test", "train"])
def test_a_loss_or_an_accuracy_that_is_infinite_marks_its_replica_too(run):
    last = list(train(run))[-1]
    finite = np.isfinite([getattr(last, name) for name in SCORES]).all()
    assert finite or last.diverged[0] is not None


# To be emptied together with the bug above.
UNCHECKED = SCORES

SMALL = specs(
    RunSpec,
    depth=st.integers(0, 6),
    width=st.integers(1, 9),
    samples=st.integers(20, 60),
    epochs=st.integers(1, 6),
    replicas=st.integers(1, 3),
)
RARE = RunSpec(samples=20, epochs=3, replicas=2)


@settings(max_examples=200)
@given(SMALL)
@example(replace(RARE, rate=1000.0, gain=20.0, activation="squared_relu", dataset="regression"))
@example(replace(RARE, rate=1000.0, gain=20.0, activation="squared_relu", precision="float32"))
@example(replace(RARE, rate=1000.0, gain=20.0, activation="identity", dataset="digits", depth=50))
@example(replace(RARE, rate=1000.0, gain=20.0, activation="sine", depth=50, optimizer="adam"))
@example(replace(RARE, gain=0.0, activation="relu", optimizer="rmsprop"))
@example(replace(RARE, initializer="zeros", activation="step", depth=0, noise=1.0))
@example(replace(RARE, precision="float32", depth=50, width=1, rate=1e-6))
def test_every_run_ends_and_is_finite_or_marked(run):
    snapshots = list(train(run))
    last = snapshots[-1]
    assert [s.epoch for s in snapshots] == list(range(len(snapshots)))
    assert last.epoch == run.epochs or all(last.diverged)
    for snapshot in snapshots:
        for replica, mark in enumerate(snapshot.diverged):
            for f in fields(Snapshot):
                if f.name in ("epoch", "diverged", *UNCHECKED):
                    continue
                numbers = getattr(snapshot, f.name)[replica]
                if mark is not None:
                    assert np.isnan(numbers).all(), f.name
                elif f.name in PARTS:
                    assert not np.isinf(numbers).any(), f.name
                elif f.name in ("relative_update", "moved"):
                    assert (np.isfinite(numbers) | np.isnan(numbers)).all(), f.name
                else:
                    assert np.isfinite(numbers).all(), f.name
            if mark is None:
                shares = np.stack([snapshot.saturated[replica], snapshot.dead[replica]])
                assert ((shares >= 0) & (shares <= 1)).all()
                assert (snapshot.delta[replica] >= 0).all()
