"""The program itself, as code: it trains what the dashboard trains, without being written out."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import example, given, settings

from core.nn.optimizers import OPTIMIZERS
from core.runs.training import train
from core.takehome import program
from core.takehome.plan import Plan, plan_of
from tests.core.takehome.test_script import EVERYTHING, SMALL, losses_of, runs, script


def losses(run, seed):
    with np.errstate(all="ignore"):
        return dict(program.train(plan_of(run), seed))


@given(runs)
@settings(max_examples=60, deadline=None)
@example(EVERYTHING)
@example(replace(EVERYTHING, norm="layer", precision="float32"))
@example(replace(SMALL, depth=0, norm="batch", amplify=True, frozen=3, skip=1.0))
@example(replace(SMALL, dataset="iris", noise=0.2, samples=60))
@example(replace(SMALL, samples=21, batch=1, norm="batch", warmup=1))
@example(replace(SMALL, depth=30, activation="sigmoid", gain=1e-6, amplify=True))
def test_the_program_has_the_losses_of_the_dashboard(run):
    for replica in range(run.replicas):
        own = losses(run, run.seed + replica)
        for snapshot in train(run, every=run.stride):
            loss = snapshot.train_loss[replica]
            if np.isfinite(loss):
                assert own[snapshot.epoch] == pytest.approx(loss, rel=1e-12, abs=0)
            elif not np.isnan(own.get(snapshot.epoch, np.nan)):
                break  # a measure of some layer overflowed, which ends a run on the dashboard


@pytest.mark.parametrize(
    "run",
    [SMALL, EVERYTHING, replace(EVERYTHING, norm="layer"), replace(SMALL, epochs=1201, samples=20)],
    ids=["small", "everything", "layer", "long"],
)
def test_written_out_it_computes_the_same_to_the_bit(run):
    assert losses_of(script(run), run.seed) == losses(run, run.seed)


@pytest.mark.parametrize("rule", [r for r in OPTIMIZERS.values() if r.knobs], ids=lambda r: r.key)
def test_the_constants_of_an_optimizer_are_taken_home(rule):
    constants = tuple(sorted((f"{rule.key}.{k.key}", k.steps[1]) for k in rule.knobs))
    run = replace(SMALL, optimizer=rule.key, constants=constants)
    *_, last = train(run)
    own = losses_of(script(run), run.seed)
    assert own[run.epochs] == pytest.approx(last.train_loss[0], rel=1e-12, abs=0)
    assert own != losses_of(script(replace(run, constants=())), run.seed)


def test_the_gradient_is_what_the_loss_tends_to():
    plan = plan_of(replace(EVERYTHING, activation="tanh"))
    network = program.Network(plan, np.random.default_rng(0))
    x, y = program.data(plan)
    network.backward(plan, network.forward(plan, x), y)
    gradient, h = network.gradient.copy(), 1e-6
    for k in range(plan.parameters):
        sides = []
        for step in (h, -h):
            network.theta[k] += step
            sides.append(plan.loss_value(network.forward(plan, x), y).sum())
            network.theta[k] -= step
        assert gradient[k] == pytest.approx((sides[0] - sides[1]) / (2 * h), rel=1e-5, abs=1e-6)


def test_every_setting_of_a_plan_is_used_by_the_program():
    """One that is not would be a promise that no script keeps."""
    source = program.__loader__.get_source(program.__name__)
    for field in fields(Plan):
        assert f"plan.{field.name}" in source or field.name == "seeds", field.name
