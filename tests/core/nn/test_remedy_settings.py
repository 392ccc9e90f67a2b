"""Normalization, skip connections, clipping, warm-up, frozen layers, the amplifier: do they do
what they say, and nothing else?"""

from __future__ import annotations

import json
from dataclasses import fields, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from core.data.datasets import DATASETS, Task
from core.nn.activations import ACTIVATIONS
from core.nn.losses import LOSSES
from core.nn.network import Network, NetworkSpec, Parameters, build
from core.nn.normalization import EPSILON, NORMALIZATIONS, Moments, back, moments, normalize
from core.nn.optimizers import OPTIMIZERS
from core.runs.cost import BINS, GRID
from core.runs.recording import Recording, grid
from core.runs.training import RunSpec, Snapshot, Trainer, train
from tests.core.nn.test_network import COMPLEX, OUTPUTS, answers, generators, gradient_of
from tests.core.runs.test_recording import snapshots_of
from tests.core.runs.test_training import PARTS, TINY, assert_equal, bits, one_replica

REFERENCE = json.loads(
    (Path(__file__).parents[2] / "reference" / "remedies.json").read_text("utf-8")
)
REAL_NORMS = [key for key in NORMALIZATIONS if key != "none"]
NORMS = pytest.mark.parametrize("norm", REAL_NORMS)
SKIPS = pytest.mark.parametrize("skip", [0.0, 0.5])
RULES = pytest.mark.parametrize("rule", OPTIMIZERS)


# --- against another library -------------------------------------------------------------------


def reference_parameters(norm):
    """Those of the network of the references, whose W is the transpose of ours: s = W a."""
    sizes = REFERENCE["network"]["sizes"]
    parameters = Parameters.zeros(sizes, 1, scaled=norm != "none")
    for layer, (fan_in, fan_out) in enumerate(pairwise(sizes), start=1):
        r, c = np.mgrid[:fan_out, :fan_in]
        parameters.weights[layer - 1][0] = 0.7 * np.sin(1 + r + 2 * c + 3 * layer).T
        parameters.biases[layer - 1][0, 0] = 0.1 * np.cos(np.arange(fan_out) + layer)
    for layer, scale in enumerate(parameters.scales, start=1):
        scale[0, 0] = 1 + 0.3 * np.cos(np.arange(scale.size) + 2 * layer)
    return parameters


def equal(ours, theirs):
    np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize(
    "row", REFERENCE["rows"], ids=lambda r: f"{r['activation']}-{r['norm']}-{r['skip']}"
)
def test_the_pass_forwards_and_back_agrees_with_pytorch(row):
    spec = NetworkSpec(activation=row["activation"], norm=row["norm"], skip=row["skip"])
    network, loss = Network(spec, reference_parameters(row["norm"])), LOSSES[Task.CLASSES]
    x = np.array(REFERENCE["network"]["x"])
    y = np.eye(3)[REFERENCE["network"]["classes"]]
    run = network.forward(x)
    equal(run.output[0], row["output"])
    equal(loss.value(run.output, y).mean(), row["loss"])
    errors = list(network.backward(run, loss.delta(run.output, y) / len(x)))[::-1]
    equal([np.linalg.norm(e.delta) for e in errors], row["delta"])
    equal([np.linalg.norm(e.carried) for e in errors[:-1]], row["carried"])
    gradient = gradient_of(network, x, y, loss)
    for ours, theirs in zip(gradient.weights, row["weights"], strict=True):
        equal(ours[0].T, theirs)
    for ours, theirs in zip(gradient.biases, row["biases"], strict=True):
        equal(ours[0, 0], theirs)
    for ours, theirs in zip(gradient.scales, row["scales"], strict=True):
        equal(ours[0, 0], theirs)


@pytest.mark.parametrize(
    "row",
    [row for row in REFERENCE["rows"] if "judged" in row],
    ids=lambda r: f"{r['activation']}-{r['skip']}",
)
def test_the_pass_by_given_averages_agrees_with_pytorch(row):
    parameters, unit = reference_parameters("batch"), np.arange(4)
    running = tuple(
        Moments(0.2 * np.sin(unit + layer)[None, None], 1 + 0.5 * np.cos(unit + layer)[None, None])
        for layer in (1, 2, 3)
    )
    spec = NetworkSpec(activation=row["activation"], norm="batch", skip=row["skip"])
    network = Network(spec, parameters, running)
    x = np.array(REFERENCE["network"]["x"])
    equal(network.judge(x).output[0], row["judged"])
    equal(network.judge(x[2:3]).output[0], row["judged"][2:3])


def test_the_references_know_every_normalization():
    assert {row["norm"] for row in REFERENCE["rows"]} == set(NORMALIZATIONS)
    assert EPSILON == 1e-5


# --- by hand -----------------------------------------------------------------------------------


def test_two_samples_are_normalized_to_minus_one_and_one():
    # s = (1, 3): mean 2, biased variance 1, n = -+1 / sqrt(1.00001); the unbiased one would be 2.
    sums = np.array([[[1.0], [3.0]]])
    found = moments(sums, 1)
    assert (found.mean.item(), found.variance.item()) == (2, 1)
    normal = normalize(sums, found)
    side = 1 / 1.00001**0.5
    np.testing.assert_allclose(normal.values.ravel(), [-side, side], rtol=1e-15)
    # Two samples can only be told apart, so almost nothing of any error comes back.
    error = back(np.array([[[0.3], [-1.1]]]), normal, 1)
    np.testing.assert_allclose(error.ravel(), [7e-6, -7e-6], rtol=1e-4)


@pytest.mark.parametrize(("norm", "axis"), [("batch", 0), ("layer", 1)])
def test_normalized_sums_have_mean_0_and_variance_1_along_their_axis_alone(norm, axis):
    spec = NetworkSpec(activation="tanh", depth=3, width=6, norm=norm)
    network = build(spec, 2, 1, generators(0, 2))
    parameters = network.parameters
    assert all((scale == 1).all() for scale in parameters.scales)
    assert not any(bias.any() for bias in parameters.biases)
    x = np.random.default_rng(0).normal(size=(9, 2))
    run = network.forward(x)
    for z, a, weight in zip(run.z[:-1], run.a, parameters.weights, strict=False):
        for replica in range(2):
            sums = (a if a.ndim == 2 else a[replica]) @ weight[replica]
            variance = sums.var(axis=axis)
            np.testing.assert_allclose(z[replica].mean(axis=axis), 0, atol=1e-14)
            shrunk = variance / (variance + 1e-5)
            np.testing.assert_allclose(z[replica].var(axis=axis), shrunk, rtol=1e-10)
            other = z[replica].mean(axis=1 - axis)
            assert np.abs(other).max() > 1e-3


@NORMS
def test_what_one_replica_does_never_reaches_another(norm):
    spec = NetworkSpec(activation="tanh", depth=3, width=5, norm=norm, skip=0.5)
    x = np.random.default_rng(0).normal(size=(3, 7, 2))
    y = np.random.default_rng(1).integers(0, 2, (3, 7, 1)).astype(float)
    network, loss = build(spec, 2, 1, generators(0, 3)), LOSSES[Task.BINARY]
    before = gradient_of(network, x, y, loss).theta
    network.parameters.theta[1] *= 100
    x[1] = 1e3 * x[1] + 7
    after = gradient_of(network, x, y, loss).theta
    np.testing.assert_array_equal(after[[0, 2]], before[[0, 2]])
    assert not np.array_equal(after[1], before[1])


def test_with_skip_connections_each_layer_from_the_second_on_adds_its_input():
    spec = NetworkSpec(activation="tanh", depth=3, width=4, skip=0.25)
    network = build(spec, 2, 1, generators(0))
    x = np.random.default_rng(0).normal(size=(5, 2))
    run = network.forward(x)
    np.testing.assert_array_equal(run.a[1], np.tanh(run.z[0]))
    for layer in (1, 2):
        np.testing.assert_allclose(run.a[layer + 1], np.tanh(run.z[layer]) + 0.25 * run.a[layer])
        np.testing.assert_allclose(run.slope[layer], 1 - np.tanh(run.z[layer]) ** 2)
    np.testing.assert_allclose(run.output, run.a[3] @ network.parameters.weights[3])


# --- against differences -----------------------------------------------------------------------


def example_away_from_kinks(key, norm, skip, task):
    """Network and data: no z within reach of a kink of the activation."""
    spec = NetworkSpec(activation=key, depth=2, width=4, norm=norm, skip=skip)
    kinks = np.array([*ACTIVATIONS[key].kinks, *ACTIVATIONS[key].seams, 1e9])
    for seed in range(300):
        rng = np.random.default_rng(seed)
        x, y = rng.normal(size=(5, 3)), answers(task, 5, rng)
        network = build(spec, 3, OUTPUTS[task], generators(seed))
        theta = network.parameters.theta
        theta += 0.3 * rng.normal(size=theta.shape)
        run = network.forward(x)
        hidden = np.concatenate([z.ravel() for z in run.z[:-1]])
        steep = max((n.factor.max() for n in run.normal), default=0)
        if np.abs(hidden[:, None] - kinks).min() > 0.01 and steep < 10:
            return network, x, y
    raise AssertionError("no example")


def test_both_parts_are_judged_by_the_running_averages_of_batch_normalization():
    run = RunSpec(norm="batch", depth=3, width=5, samples=60, rate=0.3, replicas=2)
    trainer, loss = Trainer(run), LOSSES[DATASETS[run.dataset].task]
    for _ in range(3):
        trainer.train_epoch()
    snapshot = trainer.snapshot()
    seen = trainer.network.forward(trainer.data.train_x).output
    in_batches = loss.value(seen, trainer.data.train_y).mean(axis=1)
    for part in ("train", "test"):
        x, y = getattr(trainer.data, f"{part}_x"), getattr(trainer.data, f"{part}_y")
        answers = np.stack([trainer.predict(x, replica) for replica in range(2)])
        entropy = -(y * np.log(answers) + (1 - y) * np.log(1 - answers)).mean(axis=(1, 2))
        np.testing.assert_allclose(getattr(snapshot, f"{part}_loss"), entropy, rtol=1e-9)
    assert not np.isclose(snapshot.train_loss, in_batches, rtol=1e-3).any()


def test_before_the_first_step_the_averages_are_those_of_the_training_part():
    run = RunSpec(norm="batch", depth=3, width=5, samples=60, replicas=2)
    trainer = Trainer(run)
    seen = trainer.network.forward(trainer.data.train_x)
    judged = trainer.network.judge(trainer.data.train_x)
    np.testing.assert_array_equal(judged.output, seen.output)
    for running, found in zip(trainer.network.running, seen.found, strict=True):
        np.testing.assert_array_equal(running.mean, found.mean)
        np.testing.assert_array_equal(running.variance, found.variance)


@pytest.mark.parametrize(
    ("run", "epochs"),
    [
        (RunSpec(activation="squared_relu", norm="batch", initializer="he", depth=12), 60),
        (RunSpec(activation="relu", norm="batch", initializer="normal", depth=50, width=64,
                 precision="float32", samples=100), 4),
        (RunSpec(activation="squared_relu", norm="batch", initializer="he", depth=12, batch=5000,
                 samples=100), 20),
        (RunSpec(activation="squared_relu", norm="batch", initializer="he", depth=16, width=16,
                 dataset="iris", precision="float32"), 20),
    ],
)  # fmt: skip
def test_what_running_averages_make_too_large_stops_no_network_that_trains(run, epochs):
    last = None
    for last in train(replace(run, epochs=epochs)):
        assert last.diverged == (None,)
        assert np.isfinite([last.train_loss, last.test_loss, last.train_accuracy]).all()
    assert last.epoch == epochs


@pytest.mark.parametrize("key", ACTIVATIONS)
@pytest.mark.parametrize("norm", NORMALIZATIONS)
@SKIPS
def test_the_gradient_is_the_slope_in_random_directions(key, norm, skip):
    loss = LOSSES[list(Task)[len(key) % len(Task)]]
    network, x, y = example_away_from_kinks(key, norm, skip, loss.task)
    gradient = gradient_of(network, x, y, loss).theta[0]
    theta = network.parameters.theta.copy()
    rng, h = np.random.default_rng(0), 1e-5

    def mean_loss(theta):
        moved = replace(network, parameters=network.parameters.like(theta))
        return loss.value(moved.forward(x).output, y).mean()

    for _ in range(4):
        direction = rng.normal(size=theta.shape)
        direction /= np.linalg.norm(direction)
        slope = (mean_loss(theta + h * direction) - mean_loss(theta - h * direction)) / (2 * h)
        assert abs(slope - direction[0] @ gradient) <= 1e-7 * max(np.linalg.norm(gradient), 1e-2)


def textbook_loss(theta, sizes, x, y, f, norm, skip):
    """Mean binary cross-entropy with the textbook's formulas, for complex parameters too."""
    a, at, scale = x, 0, sum((m + 1) * n for m, n in pairwise(sizes))
    for layer, (fan_in, fan_out) in enumerate(pairwise(sizes)):
        w = theta[at : at + fan_in * fan_out].reshape(fan_in, fan_out)
        b = theta[at + fan_in * fan_out : at + (fan_in + 1) * fan_out]
        at += (fan_in + 1) * fan_out
        z = a @ w
        if layer == len(sizes) - 2:
            p = 1 / (1 + np.exp(-z - b))
            return -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean()
        if norm != "none":
            axis = {"batch": 0, "layer": 1}[norm]
            z = z - z.mean(axis=axis, keepdims=True)
            z = z / np.sqrt((z * z).mean(axis=axis, keepdims=True) + 1e-5)
            z = z * theta[scale : scale + fan_out]
            scale += fan_out
        a = f(z + b) + (skip * a if layer > 0 else 0)
    raise AssertionError


@pytest.mark.parametrize("key", COMPLEX)
@NORMS
@SKIPS
def test_the_gradient_of_smooth_networks_agrees_with_the_complex_step(key, norm, skip):
    spec = NetworkSpec(activation=key, depth=3, width=3, norm=norm, skip=skip)
    rng = np.random.default_rng(2)
    x, y = rng.uniform(-1, 1, (6, 2)), rng.integers(0, 2, (6, 1)).astype(float)
    network = build(spec, 2, 1, generators(0))
    parameters = network.parameters
    parameters.theta[...] += 0.1 * rng.normal(size=parameters.theta.shape)
    ours = gradient_of(network, x, y, LOSSES[Task.BINARY]).theta[0]
    theirs = []
    for k in range(ours.size):
        shifted = parameters.theta[0].astype(complex)
        shifted[k] += 1e-30j
        slope = textbook_loss(shifted, parameters.sizes, x, y, COMPLEX[key], norm, skip)
        theirs.append(slope.imag / 1e-30)
    np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-13)


# --- a whole training, recomputed --------------------------------------------------------------


def networks(trainer, replica=0):
    """One replica's weights, biases and scales, as plain copies."""
    p = trainer.network.parameters
    return [[part[replica].copy() for part in parts] for parts in (p.weights, p.biases, p.scales)]


def jacobian(n, factor):
    """The Jacobian of the normalization of one row of sums, symmetric: dn_i / ds_j."""
    return factor * (np.eye(len(n)) - 1 / len(n) - np.outer(n, n) / len(n))


def plain(run, network, x, y, running=()):
    """One pass of one network, straight from the definitions, with `Pass` names and deltas."""
    weights, biases, scales = network
    entry, last = ACTIVATIONS[run.activation], len(weights) - 1
    a, z, n, slopes, found, factors = [x], [], [], [], [], []
    for layer in range(last):
        s = a[-1] @ weights[layer]
        if run.norm != "none":
            axis = {"batch": 0, "layer": 1}[run.norm]
            mean = s.mean(axis=axis, keepdims=True)
            variance = ((s - mean) ** 2).mean(axis=axis, keepdims=True)
            if running:
                mean, variance = running[layer]
            found.append((mean, variance))
            factors.append(1 / np.sqrt(variance + 1e-5))
            n.append((s - mean) * factors[-1])
            s = n[-1] * scales[layer]
        z.append(s + biases[layer])
        a.append(entry.value(z[-1]) + (run.skip * a[-1] if layer > 0 else 0))
        slopes.append(entry.derivative(z[-1]))
    z.append(a[-1] @ weights[last] + biases[last])
    loss = LOSSES[DATASETS[run.dataset].task]
    result = {"a": a, "z": z, "n": n, "found": found, "slopes": slopes}
    result["p"], result["loss"] = loss.output(z[-1]), loss.value(z[-1], y).mean()
    if len(x) > 1:  # one number alone has no R^2
        result["accuracy"] = loss.accuracy(z[-1], y)
    if running:
        return result
    deltas, passed, branches = [result["p"] - y], [result["p"] - y], []
    carried = None
    for layer in reversed(range(last)):
        through = deltas[0] @ weights[layer + 1].T
        around = np.zeros_like(through) if carried is None else run.skip * carried
        carried = through + around
        branches.insert(0, (through, around))
        passed.insert(0, carried * slopes[layer])
        delta = passed[0]
        if run.norm == "batch":
            rows = zip((passed[0] * scales[layer]).T, n[layer].T, factors[layer][0], strict=True)
            delta = np.stack([jacobian(n, f) @ e for e, n, f in rows], axis=1)
        if run.norm == "layer":
            rows = zip(passed[0] * scales[layer], n[layer], factors[layer][:, 0], strict=True)
            delta = np.stack([jacobian(n, f) @ e for e, n, f in rows])
        deltas.insert(0, delta)
    result |= {"deltas": deltas, "passed": passed, "branches": branches}
    result["gradient"] = [
        [a.T @ d / len(x) for a, d in zip(a, deltas, strict=True)],
        [d.mean(axis=0, keepdims=True) for d in passed],
        [(d * n).mean(axis=0, keepdims=True) for d, n in zip(passed, n, strict=False)],
    ]
    return result


def flat(network):
    """In the order of `theta`: W_1, b_1, W_2, ..., b_L, scales."""
    weights, biases, scales = network
    layers = [part for pair in zip(weights, biases, strict=True) for part in pair]
    return np.concatenate([part.ravel() for part in [*layers, *scales]])


def unflat(theta, network):
    parts, at = [[], [], []], 0
    weights, biases, _ = network
    order = [(k, pair[k].shape) for pair in zip(weights, biases, strict=True) for k in (0, 1)]
    for kind, shape in [*order, *((2, scale.shape) for scale in network[2])]:
        size = shape[0] * shape[1]
        parts[kind].append(theta[at : at + size].reshape(shape))
        at += size
    return parts


def trained(run, epochs):
    """A run with replica 0 alone, recomputed: its network and its running averages."""
    data, network = run.data(), networks(Trainer(run))
    x, y, layers = data.train_x, data.train_y, run.depth
    running = plain(run, network, x, y)["found"] if run.norm == "batch" else []  # of all samples
    theta = flat(network)
    memory = [np.zeros((1, theta.size)) for _ in range(OPTIMIZERS[run.optimizer].memories)]
    rng = np.random.default_rng(np.random.SeedSequence(run.seed).spawn(2)[1])
    constants = np.ones(layers + 1)
    if run.amplify:
        sizes = [np.linalg.norm(w) for w in plain(run, network, x, y)["gradient"][0]]
        constants = sizes[-1] / np.array(sizes)
    k = 0
    for _ in range(epochs):
        order = rng.permutation(len(x))
        batches = [order[i : i + run.batch] for i in range(0, len(x), run.batch)]
        if run.norm == "batch" and len(batches) > 1 and len(batches[-1]) == 1:
            batches[-2:] = [np.concatenate(batches[-2:])]
        for rows in batches:
            k += 1
            found = plain(run, network, x[rows], y[rows])
            running = [
                (0.9 * m + 0.1 * m1, 0.9 * v + 0.1 * v1)
                for (m, v), (m1, v1) in zip(running, found["found"], strict=False)
            ]
            weights, biases, _ = found["gradient"]
            for layer in range(layers + 1):
                weights[layer] = weights[layer] * constants[layer]
                biases[layer] = biases[layer] * constants[layer]
            for kind in found["gradient"]:
                for layer in range(min(run.frozen, layers, len(kind))):
                    kind[layer] = np.zeros_like(kind[layer])
            gradient = flat(found["gradient"])[None]
            length = np.sqrt((gradient**2).sum())
            if run.clip and length > run.clip:
                gradient = gradient / length * run.clip
            rate = run.rate
            if run.warmup:
                rate *= min(1, k / (run.warmup * len(batches)))
            step = np.empty_like(gradient)
            rule = OPTIMIZERS[run.optimizer]
            rule.step(step, gradient, theta[None], rate, k, *memory, **rule.constants({}))
            for kind in (changes := unflat(step[0], network)):
                for layer in range(min(run.frozen, layers, len(kind))):
                    kind[layer] = np.zeros_like(kind[layer])
            theta = theta - flat(changes)
            network = unflat(theta, network)
    return network, running if run.norm == "batch" else []


ONE_OVER = replace(TINY, samples=41)  # 33 to train on: two batches of 16 and one of 1
ALL = {"skip": 0.5, "clip": 0.05, "warmup": 2, "frozen": 1, "rate": 0.3}
RETRAINED = [
    replace(ONE_OVER, **changes)
    for changes in (
        {"norm": "batch"},
        {"norm": "layer"},
        {"norm": "batch", "batch": 5000},
        {"norm": "batch", "batch": 1},
        {"norm": "layer", "batch": 1},
        {"norm": "batch", "dataset": "iris", "activation": "relu"},
        {"norm": "layer", "dataset": "regression", "activation": "gelu", "depth": 1},
        {"skip": 0.5},
        {"skip": 1.0, "norm": "batch", "activation": "sigmoid", "depth": 6},
        {"clip": 0.05},
        {"warmup": 2},
        {"frozen": 2},
        {"amplify": True, "activation": "sigmoid"},
        {"amplify": True, "activation": "sigmoid", **ALL},
        *({"norm": "batch", "optimizer": rule, **ALL} for rule in OPTIMIZERS),
        *({"norm": "layer", "optimizer": rule, **ALL, "rate": 0.02} for rule in OPTIMIZERS),
    )
]
RUN_ID = {"ids": lambda run: "-".join(f"{k}={v}" for k, v in run.to_query(TINY).items())}


@pytest.mark.parametrize("run", RETRAINED, **RUN_ID)
def test_training_is_what_the_formulas_say_step_by_step(run):
    trainer = Trainer(run)
    for _ in range(3):
        trainer.train_epoch()
    network, running = trained(run, 3)
    theta = trainer.network.parameters.theta
    np.testing.assert_allclose(theta[0], flat(network), rtol=1e-7, atol=1e-9)
    assert len(trainer.network.running) == len(running)
    for ours, theirs in zip(trainer.network.running, running, strict=True):
        np.testing.assert_allclose(ours.mean[0], theirs[0], rtol=1e-7, atol=1e-9)
        np.testing.assert_allclose(ours.variance[0], theirs[1], rtol=1e-7, atol=1e-9)
    data = run.data()
    test = plain(run, network, data.test_x, data.test_y, running)
    snapshot = trainer.snapshot()
    np.testing.assert_allclose(snapshot.test_loss[0], test["loss"], rtol=1e-6)
    np.testing.assert_allclose(snapshot.test_accuracy[0], test["accuracy"], rtol=1e-6)
    np.testing.assert_allclose(trainer.predict(data.test_x), test["p"], rtol=1e-6, atol=1e-9)


def test_a_last_batch_of_one_joins_its_predecessor_only_where_it_has_no_variance():
    def ends(**changes):
        return [b - a for a, b in Trainer(replace(ONE_OVER, **changes)).batches]

    assert ends() == ends(norm="layer") == [16, 16, 1]
    assert ends(norm="batch") == [16, 17]
    assert ends(norm="batch", batch=32) == [33]
    assert ends(norm="batch", batch=31) == [31, 2]
    assert ends(norm="batch", batch=1) == [1] * 31 + [2]
    assert ends(norm="batch", batch=5000) == [33]


# --- what is measured --------------------------------------------------------------------------

MEASURED = [
    replace(TINY, depth=4, norm=norm, skip=skip, activation=key, dataset=dataset, replicas=2)
    for norm in NORMALIZATIONS
    for skip in (0.0, 0.5, 1.0)
    for key, dataset in (("sigmoid", "xor"), ("relu", "iris"), ("tanh", "regression"))
]


@pytest.mark.parametrize("run", MEASURED, **RUN_ID)
def test_every_number_of_a_snapshot_is_what_its_definition_says(run):
    trainer = Trainer(run)
    for _ in range(3):
        trainer.train_epoch()
    snapshot, data = trainer.snapshot(), run.data()

    def rms(values):
        return np.sqrt(np.mean(values**2))

    for replica in range(2):
        network = networks(trainer, replica)
        found = plain(run, network, data.train_x, data.train_y)
        above = [rms(d) for d in found["deltas"][1:]]
        through, around = (
            [rms(pair[k]) / d for pair, d in zip(found["branches"], above, strict=True)]
            for k in (0, 1)
        )
        carried = [rms(pair[0] + pair[1]) for pair in found["branches"]]
        passed = [rms(d) for d in found["passed"][:-1]]
        delta = [rms(d) for d in found["deltas"]]
        units, slopes = [*found["a"][1:], found["p"]], found["slopes"]
        steepest = ACTIVATIONS[run.activation].max_slope
        expected = {
            "delta": delta,
            "gradient_norm": [np.linalg.norm(w) for w in found["gradient"][0]],
            "activation_mean": [np.mean(a) for a in units],
            "activation_std": [np.std(a) for a in units],
            "signal": [rms(np.std(a, axis=0)) for a in units],
            "saturated": [np.mean(np.abs(s) <= 0.05 * steepest) for s in slopes] + [0],
            "dead": [np.mean(~s.any(axis=0)) for s in slopes] + [0],
            "weight_norm": [np.linalg.norm(w) for w in network[0]],
            "weights_part": [c / d for c, d in zip(carried, above, strict=True)] + [np.nan],
            "activation_part": [p / c for p, c in zip(passed, carried, strict=True)] + [np.nan],
            "norm_part": [d / p for d, p in zip(delta, passed, strict=False)] + [np.nan],
            "through": [*through, np.nan],
            "around": [*around, np.nan],
        }
        if not trainer.network.running:  # else the running averages judge, see below
            expected |= {"train_loss": found["loss"], "train_accuracy": found["accuracy"]}
        for name, value in expected.items():
            got = getattr(snapshot, name)[replica]
            np.testing.assert_allclose(got, value, rtol=1e-8, atol=1e-13, err_msg=name)


@pytest.mark.parametrize("key", ACTIVATIONS)
@pytest.mark.parametrize("norm", NORMALIZATIONS)
def test_the_three_parts_put_together_give_the_ratio_of_the_errors(key, norm):
    run = replace(TINY, activation=key, depth=4, norm=norm, initializer="he", replicas=3)
    for snapshot in train(run, every=3):
        below, above = snapshot.delta[:, :-1], snapshot.delta[:, 1:]
        product = snapshot.weights_part * snapshot.activation_part * snapshot.norm_part
        alive = below > 0
        ratios = below / np.where(above > 0, above, 1)
        np.testing.assert_allclose(product[:, :-1][alive], ratios[alive], rtol=1e-12)
        full = alive.all(axis=1)
        share = snapshot.delta[full, 0] / snapshot.delta[full, -1]
        np.testing.assert_allclose(product[full, :-1].prod(axis=1), share, rtol=1e-12)
        assert full.any() or key == "step"
        assert np.isnan(product[:, -1]).all()
        if norm == "none":
            assert (snapshot.norm_part[:, :-1][alive] == 1).all()
        np.testing.assert_array_equal(snapshot.through, snapshot.weights_part)
        assert (snapshot.around[:, :-1][above > 0] == 0).all()


@NORMS
def test_a_layer_measures_nothing_around_where_nothing_comes_around(norm):
    snapshot = Trainer(replace(TINY, depth=4, norm=norm, skip=1.0)).snapshot()
    assert (snapshot.around[0, :3] > 0).all()
    assert snapshot.around[0, 3] == 0  # the output layer has no way around it
    np.testing.assert_allclose(snapshot.through[0, 3], snapshot.weights_part[0, 3], rtol=1e-14)


@pytest.mark.parametrize("depth", [10, 50])
def test_a_whole_skip_keeps_the_error_of_a_deep_sigmoid_network(depth):
    run = RunSpec(depth=depth, width=8, samples=40)
    without, along = (Trainer(replace(run, skip=skip)).snapshot().delta[0] for skip in (0.0, 1.0))
    assert without[0] < 1e-4 * without[-1]
    assert along[0] > 0.01 * along[-1]


def test_a_faint_error_that_comes_through_is_not_shown_as_zero():
    snapshot = Trainer(RunSpec(depth=50, gain=1e-3, samples=40)).snapshot()
    assert snapshot.delta[0, 0] > 0
    np.testing.assert_array_equal(snapshot.through, snapshot.weights_part)


def test_a_part_is_finite_or_nan_although_the_layer_above_lets_almost_nothing_through():
    trainer = Trainer(replace(TINY, depth=3, width=1, activation="tanh", skip=2.0))
    trainer.network.parameters.weights[2][...] = 0
    trainer.network.parameters.biases[2][...] = 355.5  # tanh' is about 4 exp(-711), 6e-309
    snapshot = trainer.snapshot()
    assert 0 < snapshot.delta[0, 2] < 1e-308
    for name in PARTS:
        assert not np.isinf(getattr(snapshot, name)).any(), name


# --- settings that change a step ---------------------------------------------------------------


class Watched(Trainer):
    """Keeps every gradient as it came and as it was used, and the rate of every step."""

    def __init__(self, run):
        super().__init__(run)
        self.raw, self.used, self.rates, rule = [], [], [], self.descent.optimizer

        class Rule:
            def step(_, step, gradient, theta, rate, t, *memory, **constants):
                self.used.append(gradient.copy())
                self.rates.append(rate)
                rule.step(step, gradient, theta, rate, t, *memory, **constants)

        self.descent.optimizer = Rule()

    def follow_gradient(self, samples, *, last=False):
        self.raw.append(self.descent.gradient.theta / samples)
        super().follow_gradient(samples, last=last)


def watched(run, epochs=3):
    trainer = Watched(run)
    for _ in range(epochs):
        trainer.train_epoch()
    return trainer


@RULES
@pytest.mark.parametrize("clip", [0.003, 0.05, 0.2, 1000.0])
@pytest.mark.parametrize("norm", NORMALIZATIONS)
@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_no_gradient_is_longer_than_the_clip_and_each_keeps_its_direction(
    rule, clip, norm, precision
):
    run = replace(TINY, clip=clip, optimizer=rule, norm=norm, precision=precision, replicas=3)
    trainer, close = watched(run), 1e-13 if precision == "float64" else 1e-5
    for raw, used in zip(np.concatenate(trainer.raw), np.concatenate(trainer.used), strict=True):
        raw64, used64 = raw.astype(float), used.astype(float)
        before, after = np.linalg.norm(raw64), np.linalg.norm(used64)
        assert after <= clip * (1 + close)
        assert used64 @ raw64 == pytest.approx(before * after, rel=close)
        if before > clip:
            assert after == pytest.approx(clip, rel=close)
        if before < clip * (1 - close):
            np.testing.assert_array_equal(used, raw)


def test_a_gradient_whose_square_cannot_be_represented_is_cut_and_keeps_its_direction():
    run = replace(
        TINY, activation="identity", initializer="normal", gain=20.0, depth=9, width=64,
        precision="float32", clip=1.0, batch=5000,
    )  # fmt: skip
    trainer = watched(run, 1)
    raw, used = (array[0][0].astype(float) for array in (trainer.raw, trainer.used))
    assert trainer.diverged == [None]
    assert 1e19 < np.linalg.norm(raw) < 1e38
    assert np.linalg.norm(used) == pytest.approx(1, rel=1e-4)
    assert used @ raw == pytest.approx(np.linalg.norm(raw), rel=1e-4)


@pytest.mark.parametrize(("norm", "batch", "steps"), [("none", 16, 3), ("batch", 16, 2)])
@pytest.mark.parametrize("warmup", [1, 4, 1000])
def test_the_rate_of_the_kth_step_of_the_warm_up(norm, batch, steps, warmup):
    run = replace(ONE_OVER, norm=norm, batch=batch, warmup=warmup, rate=0.3)
    rates = watched(run, 6).rates
    expected = [0.3 * min(1, k / (warmup * steps)) for k in range(1, 6 * steps + 1)]
    np.testing.assert_allclose(rates, expected, rtol=1e-14)


def test_without_a_warm_up_every_step_has_the_rate_asked_for():
    assert set(watched(replace(TINY, rate=0.3)).rates) == {0.3}


@RULES
@pytest.mark.parametrize("norm", NORMALIZATIONS)
@pytest.mark.parametrize("frozen", [1, 2, 3, 50])
@pytest.mark.parametrize("amplify", [False, True])
def test_frozen_layers_do_not_move_at_all(rule, norm, frozen, amplify):
    run = replace(TINY, optimizer=rule, norm=norm, frozen=frozen, amplify=amplify, clip=0.5)
    trainer = Trainer(replace(run, replicas=2, skip=0.25))
    before = [networks(trainer, replica) for replica in range(2)]
    for _ in range(3):
        trainer.train_epoch()
    layers = min(frozen, 3)
    for replica in range(2):
        for old, new in zip(before[replica], networks(trainer, replica), strict=True):
            for layer, (first, now) in enumerate(zip(old, new, strict=True)):
                assert np.array_equal(first, now) == (layer < layers), layer
    snapshot = trainer.snapshot()
    assert (snapshot.moved[:, :layers] == 0).all()
    assert (snapshot.relative_update[:, :layers] == 0).all()
    assert (snapshot.moved[:, layers:] > 0).all()
    assert (snapshot.delta > 0).all()
    assert (snapshot.gradient_norm > 0).all()  # of what would move them, it is still told


@pytest.mark.parametrize("key", ACTIVATIONS)
@pytest.mark.parametrize("norm", NORMALIZATIONS)
def test_amplified_the_gradient_of_every_layer_has_the_output_layers_size(key, norm):
    run = replace(TINY, activation=key, norm=norm, amplify=True, batch=5000, replicas=2, depth=4)
    trainer = watched(run, 1)  # the first step sees all samples
    sizes = trainer.network.parameters.sizes
    raw, used = (Parameters.of(list_[0], sizes) for list_ in (trainer.raw, trainer.used))
    for replica in range(2):
        output = np.linalg.norm(raw.weights[-1][replica])
        layers = zip(raw.weights, used.weights, raw.biases, used.biases, strict=True)
        for w, w1, b, b1 in layers:
            size = np.linalg.norm(w[replica])
            constant = output / size if size > 0 else 1
            np.testing.assert_allclose(np.linalg.norm(w1[replica]), constant * size, rtol=1e-9)
            np.testing.assert_allclose(w1[replica], constant * w[replica], rtol=1e-9)
            np.testing.assert_allclose(b1[replica], constant * b[replica], rtol=1e-9)
    np.testing.assert_array_equal(raw.weights[-1], used.weights[-1])


def test_the_amplifiers_stay_as_they_were_before_training():
    trainer = watched(replace(TINY, activation="sigmoid", amplify=True, replicas=2), 4)
    for raw, used in zip(trainer.raw, trainer.used, strict=True):
        np.testing.assert_array_equal(used, raw * trainer.descent.amplifiers)
    assert (trainer.descent.amplifiers.std(axis=1) > 0).all()


def test_the_scales_of_a_layer_are_amplified_with_its_weights():
    trainer = Trainer(replace(TINY, activation="sigmoid", norm="layer", amplify=True))
    amplifiers = Parameters.of(trainer.descent.amplifiers, trainer.network.parameters.sizes)
    for weights, scales in zip(amplifiers.weights, amplifiers.scales, strict=False):
        assert (scales == weights[0, 0, 0]).all()


# --- the same bits always ----------------------------------------------------------------------

EVERYTHING = {"skip": 0.5, "clip": 0.05, "warmup": 2, "frozen": 1, "amplify": True}
SIDE_BY_SIDE = [
    replace(ONE_OVER, **changes)
    for changes in (
        *({"norm": norm, "width": w} for norm in REAL_NORMS for w in (1, 2, 3, 7, 8, 16, 33, 100)),
        *({"norm": norm, "batch": b} for norm in REAL_NORMS for b in (1, 5, 32, 5000)),
        *({"norm": norm, "precision": "float32", **EVERYTHING} for norm in NORMALIZATIONS),
        *({"norm": norm, "optimizer": r, **EVERYTHING} for norm in REAL_NORMS for r in OPTIMIZERS),
        *({"norm": "batch", "dataset": key, **EVERYTHING} for key in DATASETS),
        *({"clip": 0.05, "amplify": True, "width": width} for width in (1, 5, 64)),
        {"skip": 2.0, "depth": 12},
        {"norm": "batch", "depth": 0, **EVERYTHING},
        {"norm": "batch", "depth": 12, "width": 9, "batch": 11, **EVERYTHING},
    )
]


@pytest.mark.parametrize("run", SIDE_BY_SIDE, **RUN_ID)
def test_each_replica_is_the_single_run_with_its_seed_bit_for_bit(run):
    together, x = Trainer(replace(run, replicas=3, seed=11)), run.data().test_x
    alone = [Trainer(replace(run, seed=11 + replica)) for replica in range(3)]
    for _ in range(3):
        snapshot = together.snapshot()
        together.train_epoch()
        for replica, single in enumerate(alone):
            assert_equal(single.snapshot(), one_replica(snapshot, replica))
            single.train_epoch()
    for replica, single in enumerate(alone):
        assert_same_state(together, single, replica)
        np.testing.assert_array_equal(together.predict(x, replica), single.predict(x))
        for ours, theirs in zip(together.sums(replica), single.sums(), strict=True):
            np.testing.assert_array_equal(ours, theirs)


def assert_same_state(together, single, replica):
    """Parameters, memory and running averages of one replica, and those of a single run."""
    ours = [together.network.parameters.theta, *together.descent.memory]
    theirs = [single.network.parameters.theta, *single.descent.memory]
    ours += [array for pair in together.network.running for array in pair]
    theirs += [array for pair in single.network.running for array in pair]
    for one, two in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one[replica], two[0])


@pytest.mark.parametrize("norm", NORMALIZATIONS)
def test_the_same_run_has_the_same_bits_again(norm):
    run = replace(ONE_OVER, norm=norm, optimizer="adam", replicas=2, **EVERYTHING)
    assert bits(train(run)) == bits(train(run))


@pytest.mark.parametrize("norm", NORMALIZATIONS)
def test_looking_does_not_disturb_training(norm):
    run = replace(ONE_OVER, norm=norm, optimizer="adam", epochs=5, **EVERYTHING)
    often, seldom = list(train(run)), list(train(run, every=99))
    assert bits([often[-1]]) == bits([seldom[-1]])


@pytest.mark.parametrize("name", ["norm", "skip", "clip", "warmup", "frozen", "amplify"])
def test_every_setting_changes_something(name):
    value = {"norm": "batch", **EVERYTHING}[name]
    run = replace(TINY, activation="sigmoid")
    assert bits(train(run)) != bits(train(replace(run, **{name: value})))


# --- divergence --------------------------------------------------------------------------------


@pytest.mark.parametrize("norm", NORMALIZATIONS)
@pytest.mark.parametrize("when", [0, 2])
@pytest.mark.parametrize("settings", [{}, EVERYTHING], ids=["alone", "everything"])
def test_a_replica_that_diverges_is_marked_and_the_others_go_on_bit_for_bit(norm, when, settings):
    run = replace(TINY, norm=norm, optimizer="adam", seed=5, **settings)
    together = Trainer(replace(run, replicas=3))
    alone = {replica: Trainer(replace(run, seed=5 + replica)) for replica in (0, 2)}
    for epoch in range(5):
        if epoch == when:
            together.network.parameters.weights[1][1] = np.inf
        together.train_epoch()
        snapshot = together.snapshot()
        for replica, single in alone.items():
            single.train_epoch()
            assert_equal(single.snapshot(), one_replica(snapshot, replica))
            assert_same_state(together, single, replica)
        if epoch < when:
            assert snapshot.diverged == (None, None, None)
        else:
            assert snapshot.diverged == (None, (when + 1, 2), None)
            for name in (f.name for f in fields(Snapshot) if f.name not in ("epoch", "diverged")):
                assert np.isnan(getattr(snapshot, name)[1]).all(), name
    for pair in together.network.running:
        assert all(np.isfinite(array).all() for array in pair)


def test_running_averages_that_broke_mark_their_replica_and_start_over():
    run = replace(TINY, norm="batch", replicas=2)
    trainer, alone = Trainer(run), Trainer(replace(run, replicas=1))
    for either in (trainer, alone):
        either.train_epoch()
    for pair in trainer.network.running:
        for average in pair:
            average[1] = np.nan
    snapshot = trainer.snapshot()
    assert snapshot.diverged[0] is None
    assert snapshot.diverged[1][0] == 1
    for mean, variance in trainer.network.running:
        assert (mean[1] == 0).all()
        assert (variance[1] == 1).all()
    assert_same_state(trainer, alone, 0)
    assert_equal(alone.snapshot(), one_replica(snapshot, 0))


def test_replicas_that_diverge_by_themselves_leave_the_others_their_bits():
    run = RunSpec(
        samples=50, batch=16, epochs=40, depth=2, width=4, dataset="regression", replicas=10,
        activation="squared_relu", norm="batch", skip=1.0, rate=0.3, seed=3,
    )  # fmt: skip
    together = list(train(run, every=8))
    marks = together[-1].diverged
    kept = [replica for replica, mark in enumerate(marks) if mark is None]
    assert 0 < len(kept) < 10
    for replica in kept[:3]:
        alone = list(train(replace(run, replicas=1, seed=3 + replica), every=8))
        for one, all_of_them in zip(alone, together, strict=True):
            assert_equal(one, one_replica(all_of_them, replica))


# --- where there is little to normalize --------------------------------------------------------

MAY_BE_MISSING = (*PARTS, "relative_update", "moved")
SCANT = [
    replace(ONE_OVER, **changes)
    for changes in (
        *(
            {"norm": norm, "batch": batch, "width": width, "precision": precision}
            for norm in REAL_NORMS
            for batch in (1, 16, 5000)
            for width in (1, 4)
            for precision in ("float32", "float64")
        ),
        {"norm": "batch", "samples": 20, "batch": 15},
        {"norm": "batch", "gain": 0.0},
        {"norm": "layer", "initializer": "zeros", "activation": "relu"},
        {"norm": "batch", "activation": "step"},
        {"norm": "batch", "depth": 0},
        {"norm": "batch", "dataset": "digits", "batch": 1, "width": 2},
        {"norm": "batch", "depth": 50, "width": 2, "precision": "float32"},
        {"norm": "batch", "rate": 1000.0, "activation": "identity", "dataset": "regression"},
        {"norm": "layer", "rate": 1000.0, "activation": "squared_relu", "precision": "float32"},
        {"skip": 2.0, "depth": 50, "precision": "float32", "activation": "identity"},
        {"skip": 2.0, "depth": 50, "norm": "batch", "precision": "float32", "amplify": True},
        {"amplify": True, "depth": 50, "precision": "float32"},
        {"frozen": 50, "depth": 0, "clip": 0.01, "warmup": 1000, "amplify": True},
    )
]


@pytest.mark.parametrize("run", SCANT, **RUN_ID)
@RULES
def test_a_recording_is_finite_or_marked_however_little_there_is(run, rule):
    """Warnings are errors, so none is given either."""
    run = replace(run, optimizer=rule, replicas=2)
    recording = Recording(run)
    assert recording.advance()
    assert recording.finished
    history, snapshots = recording.history, snapshots_of(recording)
    assert history.epoch[-1] == run.epochs or all(history.diverged)
    for name in (f.name for f in fields(Snapshot) if f.name not in ("epoch", "diverged")):
        column = getattr(history, name)
        assert column.shape[:2] == (len(snapshots), 2), name
        for snapshot, row in zip(snapshots, column, strict=True):
            for mark, numbers in zip(snapshot.diverged, row, strict=True):
                if mark is not None:
                    assert np.isnan(numbers).all(), name
                elif name in MAY_BE_MISSING:
                    assert not np.isinf(numbers).any(), name
                else:
                    assert np.isfinite(numbers).all(), name
    samples = len(run.data().train_x)
    for frame in recording.frames:
        assert (frame.sums.sum(axis=1) == samples * run.width).all()
        assert (frame.active <= samples).all()


def test_batches_of_one_teach_a_normalized_network_nothing_but_its_shifts_and_its_output():
    run = replace(ONE_OVER, norm="batch", batch=1)
    trainer = Trainer(run)
    weights = [w.copy() for w in trainer.network.parameters.weights]
    x, y = trainer.data.train_x[:1][None], trainer.data.train_y[:1][None]
    trainer.descend(x, y)
    for before, now in zip(weights[:-1], trainer.network.parameters.weights[:-1], strict=True):
        np.testing.assert_array_equal(before, now)
    assert all((scale == 1).all() for scale in trainer.network.parameters.scales)
    assert trainer.network.parameters.biases[-1].any()


# --- a recording -------------------------------------------------------------------------------


@pytest.mark.parametrize("norm", NORMALIZATIONS)
def test_a_frame_shows_the_pre_activations_of_training_and_the_predictions_of_evaluation(norm):
    run = replace(ONE_OVER, norm=norm, optimizer="adam", replicas=2, **EVERYTHING)
    recording = Recording(run)
    recording.advance()
    assert recording.history.epoch.tolist() == [f.epoch for f in recording.frames]
    for recorded, snapshot in zip(snapshots_of(recording), train(run), strict=True):
        assert_equal(recorded, snapshot)

    trainer = Trainer(run)
    for _ in range(run.epochs):
        trainer.train_epoch()
    network, data = networks(trainer), run.data()
    running = [(mean[0], variance[0]) for mean, variance in trainer.network.running]
    found = plain(run, network, data.train_x, data.train_y)
    answers = plain(run, network, grid(), np.zeros((GRID**2, 1)), running)["p"]
    if norm == "batch":
        by_batch = plain(run, network, grid(), np.zeros((GRID**2, 1)))["p"]
        assert np.abs(by_batch - answers).max() > 1e-3
    frame = recording.frames[-1]
    np.testing.assert_allclose(frame.values.ravel(), (answers * 255)[:, 0], atol=0.501)
    edges = np.linspace(-6, 6, BINS + 1)
    edges[[0, -1]] = -np.inf, np.inf
    for layer, z in enumerate(found["z"][:-1]):
        np.testing.assert_array_equal(frame.active[layer], (z > 0).sum(axis=0))
        np.testing.assert_array_equal(frame.sums[layer], np.histogram(z, edges)[0])


# --- what is claimed of them -------------------------------------------------------------------


def learnt(run):
    """How many replicas get more than 9 in 10 right."""
    return int((list(train(run, every=run.epochs))[-1].train_accuracy > 0.9).sum())


@pytest.mark.slow
def test_the_amplifier_lets_four_sigmoid_layers_learn_that_do_not_learn_without():
    run = RunSpec(activation="sigmoid", depth=4, width=8, rate=0.1, replicas=20)
    assert learnt(run) == 0
    assert learnt(replace(run, amplify=True)) >= 12


@pytest.mark.slow
def test_batch_normalization_lets_ten_sigmoid_layers_learn_that_do_not_learn_without():
    run = RunSpec(
        activation="sigmoid", depth=10, width=16, rate=0.3, epochs=100, samples=300, replicas=6
    )
    assert learnt(run) == 0
    assert learnt(replace(run, norm="batch")) >= 5


def test_five_tanh_layers_learn_although_the_first_is_frozen():
    run = RunSpec(activation="tanh", depth=5, epochs=100, replicas=6)
    assert learnt(run) == 6
    assert learnt(replace(run, frozen=1)) >= 5
