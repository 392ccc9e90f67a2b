"""Ioffe & Szegedy 2015: with batch normalization even ten sigmoid layers learn.

Normalized pre-activations keep the sigmoid in its middle part, and make what a layer does to the
error independent of the scale of its weights.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import log

from core.runs.training import Trainer
from core.studies.study import Finding, Panel, Row, Step, Study, Table, within
from core.studies.training import digits, progress, scores

LAYERS = 10
RUN = digits(activation="sigmoid", depth=LAYERS, width=100, rate=0.1, batch=60, epochs=20)
LANES = {"plain": RUN, "batch norm": replace(RUN, norm="batch")}


def measure(seed: int) -> Iterator[Step]:
    for number, (series, run) in enumerate(LANES.items()):
        trainer = Trainer(replace(run, seed=run.seed + seed))
        first = trainer.snapshot()
        share = float(first.gradient_norm[0, 0] / first.gradient_norm[0, -2])
        yield Step(number / len(LANES), (Row("share", series, 0, share),))
        drawn = -1
        for done in progress(trainer):
            rows: tuple[Row, ...] = ()
            if done == 1 or trainer.epoch > drawn:
                drawn = trainer.epoch
                loss, accuracy = scores(trainer)
                at = drawn if done == 1 else drawn - 1
                rows = (
                    Row("loss", series, at, loss),
                    Row("accuracy", series, at, accuracy),
                )
            yield Step((number + done) / len(LANES), rows)


def judge(table: Table) -> tuple[Finding, ...]:
    end = RUN.epochs
    return (
        within("stalls", table.last("loss", "plain", after=end), log(10), 0.02, at="plain"),
        Finding(
            "learns", table.last("accuracy", "batch norm", after=end), 0.85, 1.0, 0.97,
            at="batch norm",
        ),
        Finding("share", table.at("share", "plain", 0), 0.0, 1e-4, 4.2e-6, at="plain"),
        Finding("share", table.at("share", "batch norm", 0), 0.1, 10.0, 1.2, at="batch norm"),
    )  # fmt: skip


STUDY = Study(
    "batchnorm",
    "S. Ioffe & C. Szegedy, Batch normalization, ICML 2015, arXiv:1502.03167",
    2015,
    (Panel("loss", tuple(LANES)), Panel("accuracy", tuple(LANES))),
    measure,
    judge,
    lanes=tuple(LANES.values()),
)
