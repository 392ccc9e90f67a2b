"""A run as a stand-alone script: it prints what the dashboard shows."""

import ast
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.data.datasets import DATASETS
from core.data.tables import suggested, tabulate
from core.nn.activations import ACTIVATIONS
from core.nn.initializers import INITIALIZERS
from core.nn.normalization import NORMALIZATIONS
from core.nn.optimizers import OPTIMIZERS
from core.runs.training import RunSpec, train
from core.takehome.script import script
from pages.files.reading import read
from tests.core.specs import specs

SMALL = RunSpec(depth=2, width=3, samples=40, epochs=4, batch=16)
EVERYTHING = replace(
    SMALL, norm="batch", skip=0.5, clip=0.1, warmup=2, frozen=1, amplify=True, optimizer="adam"
)
DEEP = replace(SMALL, norm="batch", initializer="he", depth=12, width=8)


def losses_of(text, seed):
    """What the script's `train` yields, by epoch."""
    space = {"__name__": "a_lesson"}
    exec(text, space)
    with np.errstate(all="ignore"):
        return dict(space["train"](seed))


def assert_the_same(run):
    text = script(run)
    for replica in range(run.replicas):
        own = losses_of(text, run.seed + replica)
        for snapshot in train(run, every=run.stride):
            loss = snapshot.train_loss[replica]
            if np.isfinite(loss):
                assert own[snapshot.epoch] == pytest.approx(loss, rel=1e-12, abs=0)
            elif not np.isnan(own.get(snapshot.epoch, np.nan)):
                break  # a measure of some layer overflowed, which ends a run on the dashboard
    return text


runs = specs(
    RunSpec,
    depth=st.integers(0, 6),
    width=st.integers(1, 9),
    samples=st.integers(20, 80),
    epochs=st.integers(1, 6),
    replicas=st.integers(1, 3),
    batch=st.integers(1, 90),
    warmup=st.integers(0, 4),
    frozen=st.integers(0, 3),
    rate=st.floats(1e-6, 3.0),
    gain=st.floats(0.0, 3.0),
)


@given(runs)
@settings(max_examples=30)
@example(EVERYTHING)
@example(replace(EVERYTHING, norm="layer", precision="float32"))
@example(replace(SMALL, depth=0, norm="batch", amplify=True, frozen=3, skip=1.0))
@example(replace(SMALL, dataset="digits", noise=0.2, samples=60))
@example(replace(SMALL, samples=21, batch=1, norm="batch", warmup=1))
@example(replace(DEEP, activation="squared_relu"))
@example(replace(DEEP, activation="relu", initializer="normal", depth=50, precision="float32"))
@example(replace(SMALL, depth=30, activation="sigmoid", gain=1e-6, amplify=True))
@example(replace(SMALL, rate=1000.0, activation="relu", gain=20.0, dataset="regression"))
def test_a_script_has_the_losses_of_its_run(run):
    assert_the_same(run)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_can_be_taken_home(activation):
    text = assert_the_same(replace(SMALL, activation=activation))
    assert all(f"def {key}(z" not in text for key in {"mish", "gelu_tanh"} - {activation})


@pytest.mark.parametrize("dataset", DATASETS)
def test_every_data_set_can_be_taken_home(dataset):
    assert_the_same(replace(SMALL, dataset=dataset, noise=0.05, activation="tanh"))


@pytest.mark.parametrize("initializer", INITIALIZERS)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_initializer_and_optimizer_can_be_taken_home(initializer, optimizer):
    assert_the_same(replace(SMALL, initializer=initializer, optimizer=optimizer))


@pytest.mark.parametrize("norm", NORMALIZATIONS)
def test_a_long_run_keeps_only_some_epochs(norm):
    run = replace(SMALL, epochs=1201, norm=norm, samples=20, width=2)
    assert run.stride == 3
    assert_the_same(run)


def test_a_script_holds_nothing_that_its_run_does_not_use():
    plain, full = script(SMALL), script(EVERYTHING)
    for word in ["moments", "clip", "warm-up", "memory", "amplif", "around", "scales", "jitter.n"]:
        assert word not in plain
        assert word in full or word == "jitter.n"
    assert "core" not in plain.replace("score", "")


def test_a_script_has_no_types_and_its_lines_are_short():
    for run in (SMALL, EVERYTHING, replace(SMALL, dataset="digits", activation="gelu")):
        text = script(run)
        tree = ast.parse(text)
        assert not any(isinstance(node, ast.AnnAssign) for node in ast.walk(tree))
        assert not any(getattr(node, "annotation", None) for node in ast.walk(tree))
        code = text.split("'''")[0] + text.split("'''")[-1]
        assert max(map(len, code.splitlines())) <= 100


def test_a_script_runs_by_itself_and_prints_the_losses(tmp_path):
    path = tmp_path / "run.py"
    run = replace(SMALL, replicas=2, seed=7)
    path.write_text(script(run), "utf-8")
    done = subprocess.run(
        [sys.executable, "-I", str(path)], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    last = [*train(run)][-1].train_loss
    assert len(lines) == 2 * (run.epochs + 1)
    assert lines[run.epochs].split() == [
        "seed",
        "7",
        "epoch",
        "4",
        "training",
        "loss",
        f"{last[0]:.6f}",
    ]
    assert lines[-1].endswith(f"{last[1]:.6f}")


@pytest.mark.parametrize(
    "text",
    [
        "a,b,y\n0,0,0\n0,1,1\n1,0,1\n1,1,0",
        "x,y\n" + "\n".join(f"{k / 3},{k * k / 7}" for k in range(30)),
        "a,b,y\n" + "\n".join(f"{k / 3 if k % 4 else ''},{k % 5},{k % 2}" for k in range(30)),
    ],
    ids=["four rows", "one input", "means in gaps"],
)
def test_small_and_incomplete_data_of_one_s_own_are_taken_home(text):
    sheet = read(text)
    assert_the_same(replace(SMALL, table=tabulate(sheet, suggested(sheet))))


@pytest.mark.parametrize("goal", ["classes", "number"])
@pytest.mark.parametrize("rows", [24, 60])
def test_a_visitors_own_data_are_taken_home_as_numbers_and_not_as_words(goal, rows):
    if goal == "number":
        lines = [f"{k % 7},{k / 3!r},{k * k % 11}" for k in range(rows)]
    else:
        lines = [f"{k % 7},{k / 3!r},'''{'abc'[k % 3]}" for k in range(rows)]
    sheet = read("one,''',three\n" + "\n".join(lines))
    own = replace(SMALL, table=tabulate(sheet, suggested(sheet)), noise=0.1)
    text = assert_the_same(own)
    assert "three" not in text
