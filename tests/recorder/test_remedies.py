"""The remedies that the page shows as code do what they say in their framework."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest

import tests.recorder.double  # noqa: F401, for it chooses what is below Keras
from core.nn.activations import ACTIVATIONS
from core.watched.dialects import DIALECTS
from core.watched.remedies import CODED, code_of
from core.watched.verdict import entry_of
from core.watched.watched import Layer
from tests.core.watched.test_verdict import watched

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation")  # Keras'
SIDE = 200


def recording(framework, activation="sigmoid"):
    layers = (Layer("a", activation=activation), Layer("b"))
    return replace(watched(layers=layers), framework=f"{framework} 1.0", optimizer="SGD")


def in_torch():
    torch = pytest.importorskip("torch")
    nn = torch.nn
    model = nn.Sequential(nn.Linear(SIDE, SIDE), nn.Sigmoid(), nn.Linear(SIDE, SIDE))
    x = torch.ones(2, SIDE)
    return {
        "torch": torch, "nn": nn, "model": model, "x": x, "loss": 1e6 * model(x).mean(),
        "optimizer": torch.optim.SGD(model.parameters(), lr=0.1), "width": 4, "channels": 4,
        "layer": model[0], "activation": torch.tanh,
    }  # fmt: skip


def in_keras():
    keras = pytest.importorskip("keras")
    pytest.importorskip(keras.backend.backend())
    dense = [keras.layers.Dense(SIDE, activation="sigmoid"), keras.layers.Dense(SIDE)]
    model = keras.Sequential([keras.layers.Input((SIDE,)), *dense])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    return {"keras": keras, "model": model, "layer": dense[0], "x": keras.ops.ones((2, SIDE))}


def in_jax():
    jax = pytest.importorskip("jax")
    optax = pytest.importorskip("optax")
    params = {"a": {"kernel": jax.numpy.ones((SIDE, SIDE)), "bias": jax.numpy.ones(SIDE)}}
    x = jax.numpy.ones((2, SIDE))
    return {"jax": jax, "optax": optax, "params": params, "x": x, "z": 2 * x, "activation": np.tanh}


SPACES = {"torch": in_torch, "keras": in_keras, "jax": in_jax}


def after(framework, key, activation="sigmoid"):
    """What there is when the code of a remedy has run."""
    space = SPACES[framework]()
    exec(code_of(key, recording(framework, activation)), space)
    return space


def weights(framework, space):
    if framework == "torch":
        return space["model"][0].weight.detach().numpy()
    if framework == "keras":
        return space["keras"].ops.convert_to_numpy(space["model"].layers[0].kernel)
    return np.asarray(space["params"]["a"]["kernel"])


@pytest.mark.parametrize("key", sorted(CODED))
@pytest.mark.parametrize("framework", SPACES)
def test_the_code_of_a_remedy_runs(framework, key):
    after(framework, key)


@pytest.mark.parametrize(("key", "gain"), [("tanh", 1.0), ("relu_he", 2.0), ("weights", 1.0)])
@pytest.mark.parametrize("framework", SPACES)
def test_initial_weights_have_the_variance_of_their_rule(framework, key, gain):
    found = weights(framework, after(framework, key))
    assert found.var() == pytest.approx(gain / SIDE, rel=0.1)


def test_weights_that_keras_draws_differ_from_layer_to_layer():
    model = after("keras", "weights")["model"]
    first, second = (np.array(layer.get_weights()[0]) for layer in model.layers)
    assert not np.array_equal(first, second)


@pytest.mark.parametrize(("key", "rate"), [("rate_down", 0.01), ("rate_up", 1.0)])
@pytest.mark.parametrize("framework", SPACES)
def test_a_rate_is_a_multiple_of_the_recorded_one(framework, key, rate):
    space = after(framework, key)
    if framework == "torch":
        found = space["optimizer"].param_groups[0]["lr"]
    elif framework == "keras":
        found = float(space["model"].optimizer.learning_rate)
    else:
        state = space["optimizer"].init(space["params"])
        updates, _ = space["optimizer"].update(space["params"], state, space["params"])
        found = -float(updates["a"]["bias"][0])
    assert found == pytest.approx(rate)


@pytest.mark.parametrize("framework", SPACES)
def test_a_gradient_is_clipped_to_length_1(framework):
    space = after(framework, "clip")
    if framework == "torch":
        squares = [p.grad.square().sum().item() for p in space["model"].parameters()]
        assert sum(squares) == pytest.approx(1.0, rel=1e-3)
    elif framework == "keras":
        assert space["model"].optimizer.global_clipnorm == 1.0
    else:
        state = space["optimizer"].init(space["params"])
        updates, _ = space["optimizer"].update(space["params"], state, space["params"])
        leaves = [np.square(leaf).sum() for leaf in space["jax"].tree.leaves(updates)]
        assert sum(leaves) == pytest.approx(0.1**2, rel=1e-3)


@pytest.mark.parametrize("name", DIALECTS["torch"].activations)
@pytest.mark.parametrize("framework", SPACES)
def test_an_activation_is_the_same_in_every_framework(framework, name):
    word, space = DIALECTS[framework].activations[name], SPACES[framework]()
    z = np.linspace(-4, 4, 41, dtype="float32")
    if framework == "torch":
        found = eval(word, space)(space["torch"].tensor(z)).numpy()
    elif framework == "keras":
        layer = eval(f"keras.layers.Dense(1, {word})", space)
        found = space["keras"].ops.convert_to_numpy(layer.activation(z))
    else:
        found = np.asarray(eval(word, space | {"jax": import_module("jax")})(z))
    value = ACTIVATIONS[entry_of(name)].value(z.astype(float))
    np.testing.assert_allclose(found, value, atol=2e-3 if name == "gelu" else 1e-5)
