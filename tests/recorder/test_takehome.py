"""A run taken home as a PyTorch or a Keras program has the losses of the dashboard."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.nn.activations import ACTIVATIONS
from core.nn.optimizers import OPTIMIZERS
from core.runs.training import RunSpec, train
from core.takehome import keras, pytorch
from tests.recorder.double import double

PROGRAMS = {"torch": (pytorch, pytorch.pytorch), "keras": (keras, keras.keras)}
SMALL = RunSpec(depth=3, width=5, samples=60, epochs=5, batch=16, rate=0.05)
FORMULAS = (
    "x * sigmoid(x)",
    "max(0, x) + 0.1 * sin(x)",
    "where(x > 0, x, 0.2 * x)",
    "min(max(x, -1), 1)",
    "erf(x) * softplus(x) - cos(x) / (2 + x ** 2)",
    "-x * exp(-x ** 2) + max(2, 3) * abs(arctan(x))",
    "2 ** x / (1 + 2 ** x)",
    "sqrt(x * x + 1) - tanh(1) * relu(x)",
)
CASES = {
    **{key: replace(SMALL, activation=key) for key in pytorch.EXPRESSIONS},
    **{f"with {key}": replace(SMALL, optimizer=key, rate=0.01) for key in OPTIMIZERS},
    **{text: replace(SMALL, activation=text) for text in FORMULAS},
    "no layers": replace(SMALL, depth=0),
    "classes": replace(SMALL, dataset="digits", activation="tanh"),
    "flowers": replace(SMALL, dataset="iris", activation="relu", noise=0.1),
    "numbers": replace(SMALL, dataset="regression", activation="tanh"),
    "normalized": replace(SMALL, norm="layer", activation="relu"),
    "skip": replace(SMALL, skip=0.5, norm="layer", frozen=2, optimizer="adamw"),
    "frozen": replace(SMALL, frozen=1, warmup=2, clip=0.01),
    "knob": replace(SMALL, activation="elu", knobs=(("elu.a", 0.5),)),
    "constants": replace(SMALL, optimizer="adam", constants=(("adam.beta1", 0.5),)),
    "two seeds": replace(SMALL, replicas=2, seed=3, gain=2.0, initializer="he"),
    "thinned": replace(SMALL, epochs=1000, samples=20, batch=20),
}


@pytest.fixture(params=PROGRAMS)
def framework(request):
    """What it translates, and the function that writes its programs; where it is installed."""
    module = pytest.importorskip(request.param)
    if request.param == "keras":
        pytest.importorskip(module.backend.backend())
        with double(module):
            yield PROGRAMS[request.param]
    else:
        yield PROGRAMS[request.param]


@pytest.mark.parametrize("key", CASES)
def test_the_losses_are_those_of_the_dashboard(framework, key):
    translator, program = framework
    run = CASES[key]
    if translator is keras and key in FORMULAS:
        assert keras.lacking(run) == "activation"
        return
    space = {"__name__": "a_lesson"}
    exec(program(run), space)
    for replica in range(run.replicas):
        own = dict(space["train"](run.seed + replica))
        shown = {s.epoch: float(s.train_loss[replica]) for s in train(run, every=run.stride)}
        assert list(own) == list(shown)
        np.testing.assert_allclose(list(own.values()), list(shown.values()), rtol=1e-9)


def test_in_float32_the_losses_agree_to_its_precision(framework):
    run = replace(SMALL, precision="float32")
    space = {"__name__": "a_lesson"}
    exec(framework[1](run), space)
    own = [value for _, value in space["train"](0)]
    shown = [float(s.train_loss[0]) for s in train(run)]
    np.testing.assert_allclose(own, shown, rtol=1e-4)


def test_the_same_activations_and_optimizers_are_translated():
    assert set(ACTIVATIONS) - set(pytorch.EXPRESSIONS) == {"step", "lecun_tanh"}
    assert set(keras.EXPRESSIONS) == set(pytorch.EXPRESSIONS)
    assert {"sgd", *keras.RULES} == set(pytorch.OPTIMIZERS)


@pytest.mark.parametrize(("module", "program"), PROGRAMS.values(), ids=PROGRAMS)
@pytest.mark.parametrize(
    ("changes", "lack"),
    [
        ({"activation": "step"}, "activation"),
        ({"norm": "batch"}, "norm"),
        ({"amplify": True}, "amplify"),
        ({"activation": "step", "norm": "batch", "depth": 0}, ""),
    ],
)
def test_what_is_lacking_is_named(module, program, changes, lack):
    run = replace(SMALL, **changes)
    assert module.lacking(run) == lack
    if lack:
        with pytest.raises(ValueError, match=lack):
            program(run)
