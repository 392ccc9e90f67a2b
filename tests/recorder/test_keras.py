"""The recorder for Keras has the core's numbers, with the backend that KERAS_BACKEND says."""

from __future__ import annotations

import sys
from functools import partial
from importlib import import_module

import numpy as np
import pytest

from core.runs.training import RunSpec
from core.watched.verdict import entry_of, judged
from pages.files.logs import read_any
from tests.recorder.double import double
from tests.recorder.first_step import alike, in_core, recorded
from tests.recorder.folder import FOLDER

keras = pytest.importorskip("keras")
pytest.importorskip(keras.backend.backend())
recorder = import_module("recorder.layer_recorder_keras")
L = keras.layers

ACTIVATIONS = {
    "sigmoid": "sigmoid",
    "tanh": "tanh",
    "relu": "relu",
    "leaky_relu": lambda: L.LeakyReLU(negative_slope=0.01),
    "elu": "elu",
    "selu": "selu",
    "gelu": "gelu",
    "silu": "silu",
    "mish": "mish",
    "softplus": "softplus",
    "softsign": "softsign",
    "hard_tanh": "hard_tanh",
    "hardswish": "hard_swish",
}
"""Those activations of the core that Keras has, too: theirs of a layer, or a layer."""


@pytest.fixture(autouse=True)
def in_float64():
    with double(keras):
        yield


def entropy(y, z):
    """Written out: Keras' own is off by 1e-8."""
    return keras.ops.mean(keras.ops.softplus(z) - z * y)


def model_of(run, parameters):
    """The network of a run of the core, its parameters copied."""
    a = inputs = L.Input((parameters.weights[0].shape[1],))
    own, dense = ACTIVATIONS[run.activation], []
    for k, weight in enumerate(parameters.weights):
        hidden = k < run.depth
        normal = hidden and run.norm != "none"
        fused = own if hidden and not normal and not callable(own) else None
        dense.append(L.Dense(weight.shape[2], activation=fused, use_bias=not normal))
        value = dense[-1](a)
        if normal:
            kinds = {"batch": L.BatchNormalization, "layer": L.LayerNormalization}
            value = kinds[run.norm](epsilon=1e-5)(value)
        if hidden and fused is None:
            value = (own() if callable(own) else L.Activation(own))(value)
        a = L.Add()([value, a]) if hidden and run.skip and k else value
    for layer, weight, bias in zip(dense, parameters.weights, parameters.biases, strict=True):
        layer.set_weights([weight[0], bias[0, 0]][: len(layer.weights)])
    model = keras.Model(inputs, a)
    model.compile(keras.optimizers.SGD(run.rate), entropy)
    return model


def fitted(path, model, x, y, *, epochs=1, batch=None, **options):
    keras.utils.set_random_seed(0)
    model.fit(
        x, y, batch_size=batch or len(x), epochs=epochs, shuffle=False, verbose=0,
        callbacks=[recorder.Recorder(x, y, path, **options)],
    )  # fmt: skip
    return recorded(path)


CASES = [RunSpec(activation=key, depth=4, width=6, samples=60) for key in ACTIVATIONS] + [
    RunSpec(activation="tanh", depth=4, width=6, samples=60, norm="batch"),
    RunSpec(activation="relu", depth=4, width=6, samples=60, norm="layer"),
    RunSpec(activation="sigmoid", depth=4, width=6, samples=60, skip=1.0),
]


@pytest.mark.parametrize("run", CASES, ids=lambda run: f"{run.activation} {run.norm} {run.skip}")
def test_an_mlp_has_the_numbers_of_the_core(tmp_path, run):
    core, trainer = in_core(run)
    data = trainer.data
    model = model_of(run, trainer.network.parameters)
    head, (row,) = fitted(tmp_path / "run.jsonl", model, data.train_x, data.train_y)
    linear = [k for k, layer in enumerate(head["layers"]) if layer["kind"] == "linear"]
    mine = {k: [v[i] for i in linear] if isinstance(v, list) else v for k, v in row.items()}
    rough = run.activation == "gelu" and keras.backend.backend() == "tensorflow"  # its erf
    core.compare(mine, values=not run.skip, tolerance=1e-7 if rough else 1e-9)
    first = head["layers"][0]
    assert first["weights"] == [[6, 2]]
    assert entry_of(first["activation"]) == run.activation


def small():
    model = keras.Sequential([L.Input((3,)), L.Dense(5, activation="relu"), L.Dense(1)])
    model.compile(keras.optimizers.Adam(0.01), "mse")
    return model


def data(count=32):
    draw = np.random.default_rng(0)
    return draw.normal(size=(count, 3)), draw.normal(size=(count, 1))


def test_every_third_step_is_a_row(tmp_path):
    x, y = data()
    _, rows = fitted(tmp_path / "run.jsonl", small(), x, y, epochs=2, batch=8, every=3)
    assert [row["step"] for row in rows] == [0, 3, 6]
    assert rows[-1]["loss"] < rows[0]["loss"]


def test_recording_changes_no_number_of_the_training(tmp_path):
    x, y = data()
    found = []
    for watched in (False, True):
        keras.utils.set_random_seed(1)
        model = keras.Sequential(
            [
                L.Input((3,)),
                L.Dense(8),
                L.BatchNormalization(),
                L.ReLU(),
                L.Dropout(0.5),
                L.Dense(1),
            ]
        )
        model.compile(keras.optimizers.Adam(0.01), "mse", metrics=["mae"])
        callbacks = [recorder.Recorder(x, y, tmp_path / "run.jsonl", every=2)] * watched
        model.fit(x, y, batch_size=8, epochs=3, verbose=0, callbacks=callbacks)
        found.append([recorder.array(v) for v in model.weights])
    for plain, beside in zip(*found, strict=True):
        np.testing.assert_array_equal(plain, beside)


def test_nothing_is_left_on_the_layers(tmp_path):
    model = small()
    before = [layer.activation for layer in model.layers]
    fitted(tmp_path / "run.jsonl", model, *data())
    assert [layer.activation for layer in model.layers] == before
    assert not any("call" in vars(layer) for layer in model.layers)


def test_a_frozen_layer_has_an_error_and_no_gradient(tmp_path):
    model = small()
    model.layers[0].trainable = False
    model.compile(keras.optimizers.SGD(0.1), "mse")
    _, (row,) = fitted(tmp_path / "run.jsonl", model, *data())
    assert row["gradient"][0] is None
    assert row["update"][0] == 0
    assert row["delta"][0] > 0


def test_a_shared_layer_has_the_error_of_every_use(tmp_path):
    shared = L.Dense(3, activation="tanh")
    inputs = L.Input((3,))
    model = keras.Model(inputs, L.Dense(1)(shared(shared(inputs))))
    model.compile(keras.optimizers.SGD(0.1), "mse")
    head, (row,) = fitted(tmp_path / "run.jsonl", model, *data())
    assert len(head["layers"]) == 2
    assert len(row["calls"]["0"]) == 2
    alike(row["delta"][0], np.sqrt(np.mean(np.square(row["calls"]["0"]))))


def test_other_layers_are_recorded(tmp_path):
    inputs = L.Input((8, 8, 1))
    a = L.Conv2D(4, 3, padding="same", activation="relu")(inputs)
    a = L.Reshape((64, 4))(a)
    a = L.LayerNormalization()(L.MultiHeadAttention(2, 2)(a, a))
    a = L.LSTM(5)(a)
    model = keras.Model(inputs, L.Dense(3, activation="softmax")(a))
    model.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy")
    draw = np.random.default_rng(0)
    x, y = draw.normal(size=(6, 8, 8, 1)), draw.integers(0, 3, 6)
    path = tmp_path / "run.jsonl"
    head, (row,) = fitted(path, model, x, y)
    kinds = [layer["kind"] for layer in head["layers"]]
    assert kinds == ["conv", "attention", "norm", "recurrent", "linear"]
    assert [layer["activation"] for layer in head["layers"]] == [
        "relu",
        None,
        None,
        None,
        "softmax",
    ]
    assert None not in row["delta"] + row["gradient"] + row["update"] + row["std"]
    assert row["saturated"][4] is None
    assert head["layers"][0]["weights"] == [[4, 1, 3, 3]]


@pytest.mark.skipif(keras.backend.backend() != "torch", reason="by PyTorch's autograd")
def test_other_layers_have_the_errors_of_autograd(tmp_path):
    torch = import_module("torch")
    inputs = L.Input((8, 3))
    layers = [L.Conv1D(4, 3, padding="same"), L.MultiHeadAttention(2, 2), L.LayerNormalization()]
    a = layers[0](inputs)
    a = layers[2](L.Add()([a, layers[1](a, a)]))
    layers += [L.LSTM(5), L.Dense(1)]
    model = keras.Model(inputs, layers[4](layers[3](a)))
    model.compile(keras.optimizers.SGD(0.1), "mse")
    draw = np.random.default_rng(0)
    x, y = draw.normal(size=(6, 8, 3)), draw.normal(size=(6, 1))
    outputs = []
    with pytest.MonkeyPatch.context() as patch:
        for layer in layers:

            def called(*arguments, call=layer.call, **options):
                outputs.append(call(*arguments, **options))
                return outputs[-1]

            patch.setattr(layer, "call", called)
        loss = ((model(x, training=True) - torch.tensor(y)) ** 2).mean()
        found = torch.autograd.grad(loss, outputs)
    _, (row,) = fitted(tmp_path / "run.jsonl", model, x, y)
    alike(row["delta"], [6 * g.square().mean().sqrt().item() for g in found])


def test_the_page_reads_it_and_judges(tmp_path):
    x, y = data()
    fitted(tmp_path / "run.jsonl", small(), x, y, epochs=300, every=10)
    watched = read_any((tmp_path / "run.jsonl").read_bytes())
    assert judged(watched).silence is None
    assert watched.framework.endswith(f"({keras.backend.backend()})")


def test_the_lines_of_the_readme_record_a_training(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = small()
    monkeypatch.setattr(model, "fit", partial(model.fit, verbose=0))
    text = (FOLDER / "README.md").read_text("utf-8").split("## Keras")[1]
    lines = text.split("```python\n")[1].split("```")[0]
    monkeypatch.setitem(sys.modules, "layer_recorder_keras", recorder)
    x, y = data(640)
    exec(lines, {"model": model, "x": x, "y": y})
    assert [row["step"] for row in recorded(tmp_path / "run.jsonl")[1]] == [0, 10]
