"""Schoenholz, Gilmer, Ganguli & Sohl-Dickstein 2017: networks train up to about 6 xi_c layers.

xi_c, the depth scale of the mean-field theory, says over how many layers two samples remain told
apart. tanh networks of several weight variances and depths, with biases of variance 0.05: those
much shallower than 6 xi_c learn within a few hundred steps, those much deeper do not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from math import nan, sqrt

import numpy as np

from core.nn.activations import ACTIVATIONS
from core.runs.training import Trainer
from core.studies.study import Finding, Panel, Row, Step, Study, Table
from core.studies.training import digits, progress, scores
from core.theory.meanfield import MeanField

VARIANCES, DEPTHS = (0.6, 0.8, 1.0, 1.5, 4.0), (10, 20, 40)
BIASES = 0.05
RUN = digits(activation="tanh", initializer="lecun", width=64, rate=0.0005, batch=64, epochs=13)
LEARNT, NOT_LEARNT = 0.6, 0.2
"""Accuracies, where 0.1 is chance."""
SHALLOW, DEEP = 0.4, 2.0
"""Depths as multiples of 6 xi_c: below the one networks should learn, above the other not."""


def name(weights: float) -> str:
    return f"σ_w² = {weights:g}"


@cache
def relative(weights: float, depth: int) -> float:
    """Hidden layers as a multiple of 6 xi_c."""
    return depth / MeanField(ACTIVATIONS["tanh"], weights, BIASES).trainable_depth


def measure(seed: int) -> Iterator[Step]:
    work, total = 0.0, float(len(VARIANCES) * sum(DEPTHS))
    for weights in VARIANCES:
        for depth in DEPTHS:
            run = replace(RUN, depth=depth, gain=sqrt(weights), seed=seed)
            trainer = Trainer(run)
            rng = np.random.default_rng([seed, depth])
            for bias in trainer.network.parameters.biases[:-1]:
                bias[:] = rng.normal(0, sqrt(BIASES), bias.shape)
            for share in progress(trainer):
                rows: tuple[Row, ...] = ()
                if share == 1:
                    accuracy = scores(trainer)[1]
                    x = relative(weights, depth)
                    rows = (Row("accuracy", name(weights), x, accuracy),)
                yield Step((work + share * depth) / total, rows)
            work += depth


def judge(table: Table) -> tuple[Finding, ...]:
    places = {(w, n): relative(w, n) for w in VARIANCES for n in DEPTHS}
    found = {at: table.at("accuracy", name(at[0]), place) for at, place in places.items()}

    def worst(seen: list[float], which: str) -> float:
        if any(np.isnan(seen)):
            return nan
        return min(seen) if which == "least" else max(seen)

    shallow = [found[at] for at, place in places.items() if place < SHALLOW]
    deep = [found[at] for at, place in places.items() if place > DEEP]
    return (
        Finding("shallow", worst(shallow, "least"), low=LEARNT, at=f"n = {len(shallow)}"),
        Finding("deep", worst(deep, "most"), high=NOT_LEARNT, at=f"n = {len(deep)}"),
    )


STUDY = Study(
    "edge",
    "S. Schoenholz, J. Gilmer, S. Ganguli & J. Sohl-Dickstein, Deep information propagation,"
    " ICLR 2017, arXiv:1611.01232",
    2017,
    (Panel("accuracy", tuple(map(name, VARIANCES)), log_x=True),),
    measure,
    judge,
    lanes=tuple(replace(RUN, depth=20, gain=round(sqrt(w), 3)) for w in (0.6, 1.76, 4.0)),
)
