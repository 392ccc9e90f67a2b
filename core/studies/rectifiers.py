"""He, Zhang, Ren & Sun 2015: thirty ReLU layers learn with the right initial weights.

Half of a layer's units are at 0, so weights of variance 1/n halve the mean square of the signal and
of the error in every layer, and weights of variance 2/n keep both. The paper's 30-layer network
"completely stalls" with Xavier's weights; this one is smaller and reads digits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import log

from core.runs.training import Trainer
from core.studies.study import Finding, Origin, Panel, Row, Step, Study, Table, within
from core.studies.training import digits, progress, scores

LAYERS = 30
EVERY = 2
"""Epochs between two points of a curve."""
RUN = digits(
    activation="relu", depth=LAYERS - 1, width=128, rate=0.002, batch=64, epochs=12
)  # fmt: skip
LANES = {"Xavier": RUN, "He": replace(RUN, initializer="he")}


def measure(seed: int) -> Iterator[Step]:
    for number, (series, run) in enumerate(LANES.items()):
        trainer = Trainer(replace(run, seed=run.seed + seed))
        first = trainer.snapshot()
        size = float(first.delta[0, 0] / first.delta[0, -1])
        yield Step(
            number / len(LANES),
            (Row("share", series, LAYERS, size), Row("loss", series, 0, scores(trainer)[0])),
        )
        drawn = 0
        for share in progress(trainer):
            rows: tuple[Row, ...] = ()
            if share == 1 or trainer.epoch >= drawn + EVERY:
                drawn = trainer.epoch
                rows = (Row("loss", series, drawn, scores(trainer)[0]),)
            yield Step((number + share) / len(LANES), rows)


def judge(table: Table) -> tuple[Finding, ...]:
    end = RUN.epochs
    return (
        within("stalls", table.last("loss", "Xavier", after=end), log(10), 0.02, at="Xavier"),
        Finding(
            "learns", table.last("loss", "He", after=end), high=1.0, expected=0.1, at="He"
        ),
        Finding(
            "share",
            table.at("share", "Xavier", LAYERS),
            low=(expected := 2 ** (-(LAYERS - 1) / 2)) / 5,
            high=expected * 5,
            expected=expected,
            origin=Origin.FORMULA,
            at="Xavier",
        ),
    )  # fmt: skip


STUDY = Study(
    "rectifiers",
    "K. He, X. Zhang, S. Ren & J. Sun, Delving deep into rectifiers, ICCV 2015, arXiv:1502.01852",
    2015,
    (Panel("loss", tuple(LANES)),),
    measure,
    judge,
    lanes=tuple(replace(run, width=64) for run in LANES.values()),
)
