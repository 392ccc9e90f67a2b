"""The cost of a run, known before it starts: how much of it is recorded, and what that takes.

A page asks before it computes: a run beyond the budget is refused with the setting to change, so
that no link can occupy the server. The sizes of a recording are defined here once and used by
`core.runs.recording`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise
from math import ceil
from typing import NamedTuple

import numpy as np

from core.data.datasets import TRAINING_SHARE, View
from core.nn.own import activation_of
from core.runs.training import AT_ONCE, RunSpec

GRID = 40
"""Cells along each side of a picture of the plane."""
STEPS = 200
"""Values of a single input at which a curve is sampled."""
SHOWN_SAMPLES = 24
"""Test samples whose predictions are kept if neither plane nor curve can be drawn."""
BINS, SPAN = 48, 6.0
"""The bins of a layer's histograms; those of its pre-activations span -SPAN to SPAN."""
MAX_FRAMES = 200
MAX_MOMENTS, MOMENT_BYTES = 100, 4_000_000
"""The most networks kept per run, by number and by bytes; at least two are always kept."""
FRAME_OVERHEAD = 750
"""Bytes that a frame takes besides its numbers: an object and four arrays."""

MAX_OPERATIONS = 7.5e10
"""The budget of one run: about 75 seconds of one core."""
MAX_RUN_BYTES = 128e6


class Cost(NamedTuple):
    """The cost of a run: operations, of about a nanosecond each, and bytes of memory."""

    operations: float
    bytes: float


def kept_epochs(run: RunSpec) -> list[int]:
    """The epochs whose statistics are recorded, the first and the last among them."""
    return [*range(0, run.epochs, run.stride), run.epochs]


def kept_frames(run: RunSpec) -> frozenset[int]:
    """The epochs whose picture is kept: at most MAX_FRAMES, including the first and the last."""
    return evenly(kept_epochs(run), MAX_FRAMES)


def kept_moments(run: RunSpec) -> frozenset[int]:
    """The epochs whose network is kept: some of `kept_frames`, as many as MOMENT_BYTES hold."""
    held = MOMENT_BYTES // (8 * run.parameters)
    return some_of(kept_frames(run), max(2, min(MAX_MOMENTS, held)))


@lru_cache(maxsize=64)
def some_of(frames: frozenset[int], most: int) -> frozenset[int]:
    """At most `most` of these. Remembered by the numbers alone: a run may hold a visitor's data."""
    return evenly(sorted(frames), most)


def evenly(epochs: Sequence[int], most: int) -> frozenset[int]:
    """At most `most` of these, evenly spaced, including the first and the last."""
    if len(epochs) <= most:
        return frozenset(epochs)
    return frozenset(epochs[i] for i in np.linspace(0, len(epochs) - 1, most).round().astype(int))


def cost(run: RunSpec) -> Cost:
    """The cost of the run, known before it starts.

    Operations are about nanoseconds of one core: the numbers below were fitted to a hundred
    runs of all sizes and come within a factor of 2 or so. `calls` counts the calls of array
    functions, `each` the work per pre-activation, `parameters` the products; normalization
    and the parts of a formula add to the first two. `bytes` is more than the run ever holds.
    """
    data = run.source
    sizes = run.sizes(data.inputs, data.outputs)
    layers, units = run.depth + 1, sum(sizes[1:])
    parameters = sum((m + 1) * n for m, n in pairwise(sizes))
    train = TRAINING_SHARE * min(run.samples, data.max_samples)
    steps = run.epochs * ceil(train / run.batch)
    kept = run.epochs / run.stride + 1
    frames = min(kept, MAX_FRAMES)
    shown = {View.PLANE: GRID**2, View.CURVE: STEPS}.get(data.view, SHOWN_SAMPLES)

    normalized, parts = run.norm != "none", activation_of(run.activation).parts
    slower = 2.7 if normalized else 1.0
    calls, each = (slower + 0.2 * parts) * layers, (slower + 0.3 * parts) * units
    training = steps * (1e4 + 1.1e4 * calls + 3 * run.replicas * parameters)
    training += run.epochs * run.replicas * train * (8 * each + parameters / 8)
    statistics = 1.5e5 + 2.4e4 * calls + run.replicas * train * (15 * each + parameters / 6)
    picture = 3e4 * calls + (shown + train) * (9 * each + parameters / 20)

    arrays = 4 + 1.5 * normalized  # per pre-activation, temporaries included
    passes = run.replicas * train * ((arrays + 1) * units + 8 * max(sizes))
    numbers = 9 * run.replicas * parameters + max(passes, min(shown, AT_ONCE) * arrays * units)
    row = 8 * 20 * run.replicas * layers + 3500
    pixels = shown + layers * 2 * (2 * BINS + run.width) + FRAME_OVERHEAD + 100
    moments = max(MOMENT_BYTES, 2 * 8 * run.parameters)
    return Cost(
        operations=training + kept * statistics + frames * picture,
        bytes=8 * numbers + 2 * kept * row + frames * pixels + moments,
    )


def excess(run: RunSpec) -> float:
    """The cost of the run as a multiple of the budget, in operations or bytes."""
    operations, memory = cost(run)
    return max(operations / MAX_OPERATIONS, memory / MAX_RUN_BYTES)


def over_budget(run: RunSpec) -> str | None:
    """None if the run may be computed, else the name of the setting to change first."""
    if excess(run) <= 1:
        return None
    default = RunSpec(dataset=run.dataset, table=run.table)
    candidates = ["epochs", "width", "depth", "replicas", "samples", "batch"]
    return min(candidates, key=lambda name: excess(replace(run, **{name: getattr(default, name)})))


class OverBudget(ValueError):
    """A run that costs too much; `setting` is the one whose lowering helps most."""

    def __init__(self, setting: str) -> None:
        super().__init__(setting)
        self.setting = setting
