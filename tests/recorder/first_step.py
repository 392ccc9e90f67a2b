"""The first step of a run, as the core measures it: what a recorder's first row must say."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial

import numpy as np

from core.arrays import Array
from core.nn.probes import Measures, measure, norms
from core.runs.training import RunSpec, Trainer


@dataclass(frozen=True)
class FirstStep:
    """found: what was measured. size, update: of the weights and of their step, (layers,)."""

    found: Measures
    size: Array
    update: Array
    loss: float

    def compare(self, row, *, values=True, tolerance=1e-9):
        """values: whether those of the activations, too."""
        found, same = self.found, partial(alike, tolerance=tolerance)
        same(row["delta"], found.delta[0])
        same(row["gradient"], found.gradient_norm[0])
        same(row["weight"], self.size)
        same(row["update"], self.update)
        same(row["loss"], self.loss)
        same(row["saturated"][:-1], found.saturated[0, :-1])
        same(row["dead"][:-1], found.dead[0, :-1])
        if values:
            same(row["mean"][:-1], found.activation_mean[0, :-1])
            same(row["std"][:-1], found.activation_std[0, :-1])


def in_core(run: RunSpec) -> tuple[FirstStep, Trainer]:
    """What the core measures in a step over all samples; and a trainer before that step."""
    trainer = Trainer(run)
    x, y = trainer.data.train_x, trainer.data.train_y
    through = trainer.network.forward(x)
    error = run.loss.delta(through.output, y[None])
    found = measure(trainer.network, through, error, run.loss.output(through.output))
    size = norms(trainer.network.parameters)[0]
    loss = float(run.loss.value(through.output, y[None]).mean())
    trainer.network.write_gradient(
        through, run.loss.delta(through.output, y[None]), trainer.descent.gradient
    )
    trainer.follow_gradient(len(x), last=True)
    return FirstStep(found, size, trainer.relative_update[0].copy(), loss), Trainer(run)


def recorded(path):
    head, *rows = map(json.loads, path.read_text("utf-8").splitlines())
    return head, rows


def alike(mine, core, tolerance=1e-9):
    np.testing.assert_allclose(np.array(mine, float), core, rtol=tolerance, atol=1e-300)
