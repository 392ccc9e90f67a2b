"""The inputs of a run's program: plain numbers, and functions of this core."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from core.arrays import Array
from core.data.datasets import TRAINING_SHARE, Task, gathered
from core.nn.initializers import INITIALIZERS
from core.nn.losses import LOSSES
from core.nn.network import PRECISIONS
from core.nn.normalization import REMEMBERED
from core.nn.optimizers import OPTIMIZERS
from core.nn.own import activation_of
from core.runs.training import RunSpec


@dataclass(frozen=True)
class Plan:
    """The settings of a run as `core.takehome.program` reads them.

    A number that a program uses is a constant in it, under the field's name in capitals.

    seeds: one network is trained for each. rows: a collection in the order of the run, "" for data
    that are drawn. classes: how many the last column of the rows encodes, 0 if it is a number to
    predict. scale_axis: along which the rows are standardized, None for one scale for all.
    number_of_own: whether a number to predict is scaled to -1 .. 1. frozen_parameters: how many
    weights and biases the frozen layers have. memories: arrays that the optimizer keeps. remembers:
    whether single samples are judged by running averages of mean and variance; remembered: the
    weight of the new value in these. warmup_steps: 0 for no warm-up. one_left: whether a last batch
    of one sample joins the one before. thinned: whether only every `stride`-th epoch is shown.
    """

    seeds: range
    rows: str
    inputs: int
    classes: int
    scale_axis: int | None
    number_of_own: bool
    draw: Callable[[np.random.Generator, int], tuple[Array, Array]]
    samples: int
    training_share: float
    data_seed: int
    noise: float
    dtype: type[Any]
    sizes: tuple[int, ...]
    parameters: int
    depth: int
    width: int
    rule: Callable[..., tuple[Array, Array]]
    knobs: Mapping[str, float]
    loss_value: Callable[[Array, Array], Array]
    loss_delta: Callable[[Array, Array], Array]
    draw_weights: Callable[[np.random.Generator, int, int, float], Array]
    variance: Callable[[int, int], float]
    gain: float
    normalized: bool
    norm_axis: int
    remembers: bool
    remembered: float
    skip: float
    optimizer: Callable[..., None]
    constants: Mapping[str, float]
    memories: int
    rate: float
    warmup_steps: int
    clip: float
    amplify: bool
    frozen: int
    frozen_parameters: int
    batch: int
    one_left: bool
    epochs: int
    thinned: bool
    stride: int


def plan_of(run: RunSpec) -> Plan:
    """The plan for this run's program."""
    dataset, optimizer, norm = run.source, OPTIMIZERS[run.optimizer], run.normalization
    activation, loss = activation_of(run.activation), LOSSES[dataset.task]
    sizes, frozen = run.sizes(dataset.inputs, dataset.outputs), min(run.frozen, run.depth)
    layers = [(m + 1) * n for m, n in pairwise(sizes)]
    normalized, remembers = norm is not None and run.depth > 0, norm is not None and norm.remembers
    samples = len(run.data().train_x)
    one_left = remembers and run.batch < samples and (samples - 1) % run.batch == 0
    return Plan(
        seeds=range(run.seed, run.seed + run.replicas),
        rows=rows_of(run) if dataset.collection else "",
        inputs=dataset.inputs,
        classes=dataset.outputs if dataset.task is Task.CLASSES else 0,
        scale_axis=0 if dataset.features else None,
        number_of_own=dataset.own and dataset.task is Task.REGRESSION,
        draw=dataset.draw,
        samples=run.samples,
        training_share=TRAINING_SHARE if run.data().tested else 1.0,
        data_seed=run.data_seed,
        noise=run.noise,
        dtype=PRECISIONS[run.precision],
        sizes=sizes,
        parameters=sum(layers) + (run.depth * run.width if normalized else 0),
        depth=run.depth,
        width=run.width,
        rule=activation.rule,
        knobs={knob.key: knob.default for knob in activation.knobs} | run.knob_values,
        loss_value=loss.value,
        loss_delta=loss.delta,
        draw_weights=INITIALIZERS[run.initializer].draw,
        variance=INITIALIZERS[run.initializer].variance,
        gain=run.gain,
        normalized=normalized,
        norm_axis=norm.axis - 1 if norm is not None else 0,  # the program has no replica axis
        remembers=normalized and remembers,
        remembered=REMEMBERED,
        skip=run.skip,
        optimizer=optimizer.step,
        constants=run.step_constants,
        memories=optimizer.memories,
        rate=run.rate,
        warmup_steps=run.warmup * (-(-samples // run.batch) - one_left),
        clip=run.clip,
        amplify=run.amplify,
        frozen=frozen,
        frozen_parameters=sum(layers[:frozen]),
        batch=run.batch,
        one_left=one_left,
        epochs=run.epochs,
        thinned=run.stride > 1,
        stride=run.stride,
    )


def rows_of(run: RunSpec) -> str:
    """The rows of a collection in the order of this run: as they were collected, not yet scaled."""
    dataset, drawn = run.source, run.data()
    x, y = gathered(dataset, drawn), dataset.draw(np.random.default_rng(0), 0)[1]
    order = np.concatenate([drawn.train_rows, drawn.test_rows])
    label = y.argmax(axis=1)[:, None] if dataset.task is Task.CLASSES else y
    return ";\n".join(" ".join(map(number, row)) for row in np.hstack([x, label])[order].tolist())


def number(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
