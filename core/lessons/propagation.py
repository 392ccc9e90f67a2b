"""How a signal runs forwards and its error back through untrained networks, seed by seed.

What is left of an error after n layers is a measurement here, not the formula max|f'|^n: that is
the bound of one of the two factors by which each layer multiplies it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from core.arrays import Array
from core.nn.activations import Activation
from core.nn.network import PRECISIONS
from core.nn.own import activation_of
from core.nn.probes import Measures, measure, ratio
from core.runs.cost import cost
from core.runs.training import RunSpec, untrained

SEEDS = 30
"""Networks that are measured if the budget allows."""
FEWEST = 5
"""With fewer networks a median and a spread would say nothing."""
MAX_OPERATIONS = 4e10
"""The budget of one walk: a few seconds of one core."""
CHUNK_BYTES = 48e6
"""Memory that the networks measured at once may take."""

REACH = 6.0
BINS = 60
EDGES = np.linspace(-REACH, REACH, BINS + 1)
"""Bin edges of the histograms of pre-activations z; what lies beyond is counted separately."""


@dataclass(frozen=True, eq=False)
class Walk:
    """The backward pass through `seeds` untrained networks that differ only in their seed.

    size: (seeds, layers), rms delta_l / rms delta_out, layer 1 first and the output, 1, last; NaN
        for a network whose numbers were too large to represent.
    weights_part, activation_part: (seeds, hidden layers), the two factors whose product is the
        step from layer l + 1 to l; NaN where there is no error left to divide.
    counts: (hidden layers, BINS), the share of a layer's pre-activations z between two of EDGES.
    beyond: (hidden layers,), the share below -REACH or above REACH.
    slope: (hidden layers,), the root mean square of f'(z) over all these z.

    The last three leave out the networks that are NaN; if none is left, they are NaN (counts: 0).
    """

    size: Array
    weights_part: Array
    activation_part: Array
    counts: Array
    beyond: Array
    slope: Array

    @property
    def seeds(self) -> int:
        return len(self.size)

    @property
    def lost(self) -> int:
        """How many networks have numbers too large to represent."""
        return int((~np.isfinite(self.size).all(axis=1)).sum())


def walk_back(run: RunSpec) -> Walk:
    """Measure untrained networks of `run` on its training part, for the seeds from `run.seed` on.

    Raises ValueError for a run that `too_large` names.
    """
    if too_large(run) is not None:
        raise ValueError("a walk beyond the budget")
    parts, counted, slopes, number = [], np.zeros((run.depth, BINS)), np.zeros(run.depth), 0
    for measures, sums, slope in measured(run):
        parts.append(measures)
        held = np.isfinite(measures.delta).all(axis=1)
        for layer, z in enumerate(sums):
            counted[layer] += count(z[held])
            slopes[layer] += np.vdot(df := slope[layer][held], df)
        number += sums[0][held].size if sums else 0
    delta, weights, activation = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("delta", "weights_part", "activation_part")
    )
    size = delta / delta[:, -1:]
    size[~np.isfinite(delta).all(axis=1)] = np.nan
    counts = counted / number if number else counted
    nowhere = np.full(run.depth, np.nan)
    return Walk(
        size=size,
        weights_part=weights[:, :-1],
        activation_part=activation[:, :-1],
        counts=counts,
        beyond=np.maximum(1 - counts.sum(axis=1), 0.0) if number else nowhere,
        slope=np.sqrt(slopes / number) if number else nowhere,
    )


def measured(run: RunSpec) -> Iterator[tuple[Measures, list[Array], list[Array]]]:
    """Networks as they are at epoch 0 of training, in batches, and what is measured in them.

    Yields the measures, and of every hidden layer z and f'(z), each (networks, samples, width).
    """
    data, loss = run.data().astype(PRECISIONS[run.precision]), run.loss
    seeds = affordable(run)
    at_once = int(np.clip(CHUNK_BYTES / bytes_each(run), 1, seeds))
    for start in range(0, seeds, at_once):
        with np.errstate(all="ignore"):  # numbers too large to represent are left out afterwards
            network = untrained(run, range(start, min(start + at_once, seeds)))
            through = network.forward(data.train_x)
            delta = loss.delta(through.output, data.train_y)
            found = measure(network, through, delta, loss.output(through.output))
        yield found, through.z[:-1], through.slope


def count(z: Array) -> Array:
    """How many of these pre-activations lie between each two of EDGES."""
    inside = z[np.abs(z) < REACH]
    index = ((inside + REACH) * (BINS / (2 * REACH))).astype(int)
    return np.bincount(np.minimum(index, BINS - 1), minlength=BINS)[:BINS].astype(float)


def steepest(run: RunSpec) -> float:
    """The largest |f'| of the chosen activation, its knobs set; 0 and infinity are possible.

    The entry knows it for the default knobs, and a knob can only raise it, at a seam or a kink.
    """
    return largest_slope(activation_of(run.activation), **run.knob_values)


def largest_slope(activation: Activation, **knobs: float) -> float:
    """The same of an activation with these knobs."""
    ends = np.array([*activation.kinks, *activation.seams, 0.0])
    here = np.abs(activation.derivative(ends, **knobs)).max()
    return max(activation.max_slope, float(here))


def textbook(run: RunSpec) -> Array:
    """max|f'|^n for the n layers from the output back to each layer: 1 at the output."""
    steps = np.arange(run.depth, -1, -1.0)
    with np.errstate(over="ignore"):
        return np.asarray(steepest(run) ** steps)


def step_back(walk: Walk) -> Array:
    """rms delta_l / rms delta_(l+1): the product of the two parts, (seeds, hidden layers)."""
    return ratio(walk.size[:, :-1], walk.size[:, 1:])


def operations(run: RunSpec) -> float:
    """The cost of measuring one network."""
    data = run.source
    sizes = run.sizes(data.inputs, data.outputs)
    parameters = sum((m + 1) * n for m, n in pairwise(sizes))
    train = 0.8 * min(run.samples, data.max_samples)
    return train * (6 * parameters + 60 * sum(sizes[1:])) + 5000.0 * len(sizes)


def bytes_each(run: RunSpec) -> float:
    """The memory that one network takes while it is measured."""
    return cost(run_of_one(run)).bytes


def run_of_one(run: RunSpec) -> RunSpec:
    return replace(run, replicas=1, epochs=1)


def affordable(run: RunSpec) -> int:
    """How many networks are measured: SEEDS, or as many as the budget allows."""
    return int(min(SEEDS, MAX_OPERATIONS // operations(run)))


def too_large(run: RunSpec) -> str | None:
    """None if the networks may be measured, else the name of the setting to lower first."""
    if affordable(run) >= FEWEST and bytes_each(run) <= 4 * CHUNK_BYTES:
        return None
    default = RunSpec(dataset=run.dataset, table=run.table)
    candidates = ("width", "depth", "samples")
    return min(
        candidates,
        key=lambda name: (
            operations(eased := replace(run, **{name: getattr(default, name)})) * bytes_each(eased)
        ),
    )
