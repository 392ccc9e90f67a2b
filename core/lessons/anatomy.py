"""The network itself at several moments: what each unit outputs, and which error reaches it.

A recording keeps the parameters of its first replica at some epochs. Those moments are networks of
one shape, so they go through `core.nn.network` side by side, as replicas do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.arrays import Array
from core.data.datasets import View
from core.nn.losses import LOSSES
from core.nn.network import Network, Parameters
from core.nn.probes import SATURATED
from core.runs.recording import Frame, grid
from core.runs.training import RunSpec

CELLS = 10
"""Cells along each side of a unit's picture of the plane."""
MOSTLY = 0.9
"""A unit counts as saturated from this share of the samples on; ReLU is flat for half of any."""
OPERATIONS = 5e8
"""The most multiplications per moment: the samples of a large network are thinned for that."""
FEWEST_SAMPLES = 64
ALL_OPERATIONS = 3e9
"""The most multiplications for all moments together, about a second of one core."""


@dataclass(frozen=True, eq=False)
class Anatomy:
    """What was measured of one network at `epoch`, an array of moments.

    In lists layer 1 comes first and the output last. Per layer, (moments, units):
    z, a: mean pre-activation and mean activation (at the output: the prediction) over the samples.
    slope: mean of f'(z); NaN at the output.
    delta: root mean square over the samples of dloss/dz of one sample.
    dead: f'(z) = 0 for every sample. saturated: |f'(z)| at most 5 % of its maximum for at least
    nine tenths of the samples.
    answers: (moments, units, cells), the activation over the plane, CELLS x CELLS from the top
    left; where there is no plane, (moments, units, 1) and equal to `a`.

    weights, gradients, updates: (moments, fan_in, fan_out): W_l, dL/dW_l of the mean loss, and the
    change in the last step. layers: (moments, layers), rms delta_l over samples and units.
    loss: (moments,).
    """

    epoch: Array
    z: list[Array]
    a: list[Array]
    slope: list[Array]
    delta: list[Array]
    dead: list[Array]
    saturated: list[Array]
    answers: list[Array]
    weights: list[Array]
    gradients: list[Array]
    updates: list[Array]
    layers: Array
    loss: Array


def moments_kept(frames: Sequence[Frame], run: RunSpec) -> list[Frame]:
    """The frames that have the network's parameters, as many as can be measured in time."""
    kept = [frame for frame in frames if frame.moment is not None]
    each = 6 * run.parameters * samples_measured(run)
    most = max(2, int(ALL_OPERATIONS / each))
    if len(kept) <= most:
        return kept
    return [kept[i] for i in np.linspace(0, len(kept) - 1, most).round().astype(int)]


def samples_measured(run: RunSpec) -> int:
    """How many samples of the training part the network is measured on."""
    return min(len(run.data().train_x), max(FEWEST_SAMPLES, int(OPERATIONS / 6 / run.parameters)))


@np.errstate(all="ignore")
def anatomy(run: RunSpec, frames: Sequence[Frame]) -> Anatomy:
    """Measure the network of `run` at every frame; each has its parameters."""
    data, loss = run.data(), LOSSES[run.source.task]
    count = samples_measured(run)
    moments = [frame.moment for frame in frames if frame.moment is not None]
    x, y = data.train_x[:count], data.train_y[:count]
    sizes = run.sizes(x.shape[1], y.shape[1])
    parameters = Parameters.of(np.array([m.theta for m in moments], float), sizes)
    step = Parameters.of(np.array([m.step for m in moments], float), sizes)
    gradient = Parameters.of(np.zeros_like(parameters.theta), sizes)
    network = Network(run, parameters)

    passed = network.forward(x)
    delta = loss.delta(passed.output, y)
    network.write_gradient(passed, delta, gradient)
    deltas = [error.delta for error in network.backward(passed, delta)][::-1]
    flat = SATURATED * run.max_slope if np.isfinite(run.max_slope) else 0.0
    prediction = loss.output(passed.output)
    slopes = [np.abs(slope) for slope in passed.slope]
    nothing = np.full((len(frames), sizes[-1]), np.nan)
    never = np.zeros((len(frames), sizes[-1]), bool)
    return Anatomy(
        epoch=np.array([frame.epoch for frame in frames]),
        z=[z.mean(axis=1) for z in passed.z],
        a=[a.mean(axis=1) for a in [*passed.a[1:], prediction]],
        slope=[*(slope.mean(axis=1) for slope in passed.slope), nothing],
        delta=[np.sqrt(np.square(d).mean(axis=1)) for d in deltas],
        dead=[*((slope == 0).all(axis=1) for slope in slopes), never],
        saturated=[*((slope <= flat).mean(axis=1) >= MOSTLY for slope in slopes), never],
        answers=answers(run, network, [*passed.a[1:], prediction]),
        weights=list(parameters.weights),
        gradients=[weight / count for weight in gradient.weights],
        updates=[-weight for weight in step.weights],
        layers=np.stack([np.sqrt(np.square(d).mean(axis=(1, 2))) for d in deltas], axis=1),
        loss=loss.value(passed.output, y).mean(axis=1),
    )


def answers(run: RunSpec, network: Network, seen: Sequence[Array]) -> list[Array]:
    """The activation of every unit over the plane; its mean over the samples where there is none.

    seen: the activations of every layer on the samples, (moments, samples, units).
    """
    if run.source.view is not View.PLANE:
        return [a.mean(axis=1)[..., None] for a in seen]
    plane = grid(run.source.reach, CELLS)
    found = network.forward(plane)
    output = LOSSES[run.source.task].output(found.output)
    return [np.swapaxes(a, 1, 2) for a in [*found.a[1:], output]]
