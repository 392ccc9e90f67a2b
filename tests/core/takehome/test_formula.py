"""A formula that a reader typed, in a program that is taken home."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from core.nn.activations import ACTIVATIONS
from core.nn.expression import ExpressionError, parse
from core.nn.own import standard
from core.runs.training import RunSpec, train
from core.takehome.pytorch import lacking, pytorch
from core.takehome.script import script
from tests.core.nn.test_expression import SAME, formulas
from tests.core.takehome.test_script import SMALL, losses_of

RUN = replace(SMALL, epochs=2)


def numpy_losses(run):
    own = losses_of(script(run), run.seed)
    return own, {s.epoch: float(s.train_loss[0]) for s in train(run)}


@pytest.mark.parametrize("text", [*SAME, "where(x >= 1, 2, -x) ** 2", "-(x - 1) / (2 + x * x)"])
@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_a_script_has_the_losses_of_its_formula_to_the_bit(text, precision):
    own, shown = numpy_losses(replace(RUN, activation=standard(text), precision=precision))
    assert own == shown


@settings(max_examples=20)
@given(formulas(3))
def test_any_formula_can_be_taken_home(text):
    try:
        run = replace(RUN, activation=standard(text), samples=20)
    except ExpressionError:
        return
    own, shown = numpy_losses(run)
    for epoch, loss in shown.items():
        if np.isfinite(loss):
            assert own[epoch] == loss
    if not lacking(run):
        compile(pytorch(run), "program", "exec")


def test_a_script_defines_only_what_its_formula_uses():
    text = script(replace(RUN, activation="max(0, x) + 0.1 * sin(x)"))
    assert "f(x) = max(0, x) + 0.1 * sin(x)" in text
    assert "def sin(u)" in text
    assert not any(f"def {name}(u" in text for name in ("cos", "softplus", "power", "smaller"))
    assert max(map(len, text.splitlines())) <= 100


def test_a_formula_is_written_in_pytorchs_words():
    run = replace(RUN, activation=standard("max(0, x) + tanh(1) * where(x > 1, 0.1, -softplus(x))"))
    assert lacking(run) == ""
    assert (
        "return larger(torch.full_like(z, 0.0), z) + 0.7615941559557649 * "
        "torch.where(z > 1, torch.full_like(z, 0.1), -F.softplus(z, threshold=40))"
    ) in pytorch(run)


@pytest.mark.parametrize("text", ["where(x >= 1, log(x), -1)", "max(0.1, sqrt(x))"])
def test_what_autograd_would_get_wrong_is_not_translated(text):
    assert parse(text)
    run = RunSpec(activation=standard(text))
    assert lacking(run) == "activation"
    assert lacking(replace(run, depth=0)) == ""


def test_the_catalogue_is_translated_as_before():
    assert {key for key in ACTIVATIONS if lacking(RunSpec(activation=key))} == {
        "step",
        "lecun_tanh",
    }
