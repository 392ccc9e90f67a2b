"""The numbers of the recorder for JAX are the core's; what it cannot see it leaves out."""

from __future__ import annotations

import json
from functools import partial
from importlib import import_module

import numpy as np
import pytest

from core.nn.activations import ACTIVATIONS
from core.runs.training import RunSpec
from core.watched.verdict import Silence, entry_of, judged
from pages.files.logs import read_any
from tests.recorder.first_step import alike, in_core, recorded
from tests.recorder.folder import FOLDER

jax = pytest.importorskip("jax")
jnp, nn = jax.numpy, jax.nn
recorder = import_module("recorder.layer_recorder_jax")

FUNCTIONS = {
    "sigmoid": nn.sigmoid,
    "tanh": jnp.tanh,
    "relu": nn.relu,
    "leaky_relu": nn.leaky_relu,
    "elu": nn.elu,
    "selu": nn.selu,
    "gelu": partial(nn.gelu, approximate=False),
    "silu": nn.silu,
    "mish": nn.mish,
    "softplus": nn.softplus,
    "softsign": nn.soft_sign,
    "hard_tanh": nn.hard_tanh,
    "hardswish": nn.hard_swish,
    "sine": jnp.sin,
}
"""Those activations of the core that JAX has, too."""


@pytest.fixture(autouse=True)
def double():
    with jax.enable_x64(True):
        yield


def params_of(parameters):
    pairs = zip(parameters.weights, parameters.biases, strict=True)
    return [{"w": jnp.array(w[0]), "b": jnp.array(b[0, 0])} for w, b in pairs]


def model(params, a, f, skip=0.0):
    for k, layer in enumerate(params):
        z = recorder.tap(k, a @ layer["w"] + layer["b"])
        if k == len(params) - 1:
            return z
        a = f(z) + skip * a if skip and k else f(z)


def entropy(f, skip, params, x, y):
    z = model(params, x, f, skip)
    return jnp.mean(jnp.maximum(z, 0) - z * y + jnp.log1p(jnp.exp(-jnp.abs(z))))


def one_row(path, run, trainer, **options):
    """The first step of a run, by JAX, recorded."""
    f, data = FUNCTIONS[run.activation], trainer.data
    loss_of = partial(entropy, f, run.skip)
    params = params_of(trainer.network.parameters)
    arguments = params, jnp.array(data.train_x), jnp.array(data.train_y)
    loss, grads, seen = recorder.tapped(loss_of)(*arguments)
    plain_loss, plain_grads = jax.value_and_grad(loss_of)(*arguments)
    assert float(loss) == pytest.approx(float(plain_loss), rel=1e-14)
    alike(grads[0]["w"], plain_grads[0]["w"])
    updates = jax.tree.map(lambda g: -run.rate * g, grads)
    with recorder.Recorder(path, activations=f) as record:
        record.write(0, params, grads, updates, loss=loss, rate=run.rate, samples=len(data.train_x),
                     **(seen if options.get("seen", True) else {}))  # fmt: skip


CASES = [RunSpec(activation=key, depth=4, width=6, samples=60) for key in FUNCTIONS] + [
    RunSpec(activation="sigmoid", depth=4, width=6, samples=60, skip=1.0),
    RunSpec(activation="tanh", depth=11, width=6, samples=60),
]


@pytest.mark.parametrize("run", CASES, ids=lambda run: f"{run.activation} {run.skip} {run.depth}")
def test_an_mlp_has_the_numbers_of_the_core(tmp_path, run):
    core, trainer = in_core(run)
    one_row(tmp_path / "run.jsonl", run, trainer)
    head, (row,) = recorded(tmp_path / "run.jsonl")
    core.compare(row, values=not run.skip)
    assert [layer["name"] for layer in head["layers"]] == [str(k) for k in range(run.depth + 1)]
    assert head["layers"][0]["weights"] == [[6, 2]]
    assert entry_of(head["layers"][0]["activation"]) == run.activation
    assert head["layers"][-1]["activation"] is None


@pytest.mark.parametrize("key", FUNCTIONS)
def test_the_largest_slopes_are_those_of_the_core(key):
    found = recorder.steepest(FUNCTIONS[key])
    assert found == pytest.approx(ACTIVATIONS[key].max_slope, rel=1e-6)


def test_without_taps_the_error_is_left_out_and_the_page_is_silent(tmp_path):
    run = RunSpec(activation="tanh", depth=3, width=6, samples=60)
    core, trainer = in_core(run)
    one_row(tmp_path / "run.jsonl", run, trainer, seen=False)
    _, (row,) = recorded(tmp_path / "run.jsonl")
    assert row["delta"] == row["std"] == row["dead"] == [None] * 4
    alike(row["gradient"], core.found.gradient_norm[0])
    second = json.dumps(row | {"step": 1})
    with open(tmp_path / "run.jsonl", "a", encoding="utf-8") as file:
        file.write(second + "\n")
    watched = read_any((tmp_path / "run.jsonl").read_bytes())
    assert judged(watched).silence is Silence.NO_ERROR


def test_outside_of_a_recording_a_tap_is_nothing():
    z = jnp.ones(3)
    assert recorder.tap("a", z) is z


def test_taps_of_one_name_are_refused():
    def loss_of(w):
        return recorder.tap("a", recorder.tap("a", w)).sum()

    with pytest.raises(ValueError, match="two taps"):
        recorder.tapped(loss_of)(jnp.ones((2, 2)))


def test_taps_that_a_jitted_function_hides_are_missed():
    inner = jax.jit(lambda w: recorder.tap("a", w).sum())
    inner(jnp.ones((2, 2)))
    with pytest.raises(ValueError, match="no tap"):
        recorder.tapped(lambda w: inner(w))(jnp.ones((2, 2)))


def test_an_error_of_an_unknown_layer_is_refused(tmp_path):
    w = {"a": jnp.ones((2, 2))}
    with recorder.Recorder(tmp_path / "x.jsonl") as record, pytest.raises(ValueError, match="'b'"):
        record.write(0, w, w, deltas={"b": jnp.ones((2, 2))})


@pytest.mark.parametrize(
    ("tree", "names"),
    [
        ({"params": {"Dense_10": {"kernel": 2}, "Dense_2": {"kernel": 2, "bias": 1}}},
         ["Dense_2", "Dense_10"]),
        ([(2, 1), (2, 1)], ["0", "1"]),
        ({"w1": 2, "b1": 1, "w2": 2}, ["w1", "w2"]),
        ({"a": {"b": {"kernel": 4}}, "norm": {"scale": 1, "bias": 1}}, ["a/b", "norm"]),
    ],
)  # fmt: skip
def test_layers_are_places_in_the_tree(tree, names):
    tree = jax.tree.map(lambda dimensions: jnp.ones((2,) * dimensions), tree)
    assert recorder.ordered(recorder.weights_of(tree), {}) == names


def test_vanishing_errors_do_not_underflow():
    assert recorder.together([np.full(4, 1e-200)]) == pytest.approx(2e-200)
    assert recorder.together([np.array([np.inf, 1.0])]) == np.inf
    assert np.isnan(recorder.together([np.array([np.nan, 1.0])]))


def test_a_long_recording_is_thinned(tmp_path, monkeypatch):
    monkeypatch.setattr(recorder, "MOST", 2)
    w = {"a": jnp.ones((2, 2))}
    with recorder.Recorder(tmp_path / "run.jsonl") as record:
        for step in range(12):
            record.write(step, w, w)
    assert [row["step"] for row in recorded(tmp_path / "run.jsonl")[1]] == [0, 1, 2, 4, 8]


def test_flax_names_its_layers(tmp_path):
    linen = pytest.importorskip("flax.linen")

    class Mlp(linen.Module):
        @linen.compact
        def __call__(self, x):
            x = nn.relu(recorder.tap("Dense_0", linen.Dense(5)(x)))
            return recorder.tap("Dense_1", linen.Dense(1)(x))

    x = jnp.ones((8, 3))
    mlp = Mlp()
    params = mlp.init(jax.random.key(0), x)
    loss, grads, seen = recorder.tapped(lambda p, x: (mlp.apply(p, x) ** 2).mean())(params, x)
    with recorder.Recorder(tmp_path / "run.jsonl", activations=nn.relu) as record:
        record.write(0, params, grads, loss=loss, samples=8, **seen)
    head, (row,) = recorded(tmp_path / "run.jsonl")
    assert [layer["name"] for layer in head["layers"]] == ["Dense_0", "Dense_1"]
    assert None not in row["delta"]


def test_the_lines_of_the_readme_record_a_training(tmp_path, monkeypatch):
    optax = pytest.importorskip("optax")
    monkeypatch.chdir(tmp_path)
    text = (FOLDER / "README.md").read_text("utf-8").split("## JAX")[1]
    lines = text.split("```python\n")[1].split("```")[0]
    monkeypatch.setitem(import_module("sys").modules, "layer_recorder_jax", recorder)
    params = [
        {"w": jnp.ones((3, 4)), "b": jnp.zeros(4)},
        {"w": jnp.ones((4, 1)), "b": jnp.zeros(1)},
    ]
    optimizer = optax.sgd(0.1)
    space = {
        "jax": jax,
        "optax": optax,
        "params": params,
        "optimizer": optimizer,
        "state": optimizer.init(params),
        "rate": 0.1,
        "batches": [(jnp.ones((4, 3)), jnp.ones((4, 1)))] * 20,
        "criterion": lambda z, y: jnp.mean((z - y) ** 2),
    }
    exec(lines, space)
    space["recorder"].close()
    _, rows = recorded(tmp_path / "run.jsonl")
    assert [row["step"] for row in rows] == [0, 10]
    assert rows[1]["loss"] < rows[0]["loss"]
    assert None not in rows[0]["delta"] + rows[0]["update"]
