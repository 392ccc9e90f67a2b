"""Scene 3: add layers, with the same data and rule. Where does learning stop?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import pyarrow as pa
import streamlit as st

from core.domain import Query
from core.nn.activations import ACTIVATIONS
from core.runs.presets import SIGMOID
from core.runs.recording import Recording
from core.runs.training import RunSpec
from pages.charts import story
from pages.charts import training as charts
from pages.charts.measures import MEASURES
from pages.charts.style import hue
from pages.texts import Text
from pages.texts.numbers import fraction, loss_of, percent, power
from pages.ui.frame import palette
from pages.ui.house import STORY, TRAINING
from pages.ui.recordings import per_recording
from pages.ui.rooms.story.scenes.scene import (
    Myth,
    Outcome,
    Scene,
    computed,
    replay,
    untrained,
)
from pages.ui.rooms.training.stage import (
    LEARNT,
    course_numbers,
    ends,
    guess,
    ladder_numbers,
    ladder_table,
)
from pages.ui.session import linked
from pages.ui.settings import Stage, ToldLayers
from pages.ui.widgets.controls import reset, taken
from pages.ui.widgets.show import show

SEEDS, GOOD, DEEP = 8, 2, 5
"""Seeds of each network; the two numbers of layers that the question compares."""
RUNS = {depth: replace(SIGMOID, depth=depth, replicas=SEEDS) for depth in range(1, 7)}
RATE = 80
"""Epochs a second."""
CLOSE_TO_GUESSING = 0.9
"""A loss above this fraction of that of guessing is no better than guessing."""


def play(t: Text, shown: bool) -> Outcome | None:
    """The networks in a row, and one of them enlarged: its layers and its loss."""
    depth = linked(ToldLayers).told_layers
    if not shown:
        row(t, {k: untrained(run) for k, run in RUNS.items()}, 0, played=False)
        st.caption(t.scene_deeper.before.format(**numbers(t)))
        return None
    records = computed(t, tuple(RUNS.values()), partly=lambda held: partly(t, held, depth))
    if records is None:
        return None
    by_depth = dict(zip(RUNS, records, strict=True))
    run = RUNS[depth]
    replay(t, run, RUNS, RATE)
    row(t, by_depth, depth, played=True)
    st.caption(t.scene_deeper.counted.format(**numbers(t)))
    choice(t, depth)
    closely(t, by_depth[depth])
    return outcome(t, by_depth)


def partly(t: Text, held: Sequence[Recording], depth: int) -> None:
    """While they are computed: what each has learnt so far."""
    begun = {k: record for k, record in zip(RUNS, held, strict=True) if record.begun}
    row(t, begun or {1: untrained(RUNS[1])}, depth, played=True, live=True)


def row(
    t: Text, records: dict[int, Recording], depth: int, *, played: bool, live: bool = False
) -> None:
    """Small pictures of what the networks have learnt, and how many of their seeds have."""
    words, run = t.scene_deeper, RUNS[1]
    learnt = [str(seeds_learnt(record)) for record in records.values()]
    told = (
        words.alternative.format(seeds=SEEDS, counts=", ".join(learnt))
        if played
        else words.alternative_before
    )
    with st.container(key="networks"):
        show(
            story.row,
            t,
            palette(),
            run.source,
            len(RUNS),
            depth,
            told,
            steady=live,
            row=pa.concat_tables([pictures(r, k, t, played, live) for k, r in records.items()]),
            dots=story.row_points(run, list(RUNS)),
            fills=True,
            names=pa.table({"place": list(RUNS), "name": [layers_name(t, k) for k in RUNS]}),
        )


def numbers(t: Text) -> dict[str, str]:
    """The words below each picture: the seeds, and from which epoch on one of them has learnt."""
    return {"seeds": str(SEEDS), "learnt": percent(LEARNT, t)}


@per_recording
def pictures(record: Recording, place: int, t: Text, played: bool, live: bool) -> pa.Table:
    return story.pictures_table(record, place, t, LEARNT, first=not played, last=live)


def seeds_learnt(record: Recording) -> int:
    return int((record.history.train_accuracy[-1] > LEARNT).sum())


def choice(t: Text, depth: int) -> None:
    """Which network is shown enlarged."""
    reset("told_layers", depth)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(t.settings.told_layers, width="content")
        st.segmented_control(
            t.settings.told_layers,
            list(RUNS),
            key="told_layers",
            required=True,
            label_visibility="collapsed",
            on_change=taken,
            args=("told_layers", partial(STORY.change, ToldLayers, "told_layers")),
        )


def closely(t: Text, record: Recording) -> None:
    """One network: the error signal in each layer, and the course of its loss."""
    run, colours, history = record.run, palette(), record.history
    colour, name = hue(ACTIVATIONS[run.activation], colours), layers_name(t, run.depth)
    _, values = charts.measured(history, MEASURES["delta"], 0)
    baseline = guess(run).loss
    left, right = st.columns(2, gap="medium")
    with left:
        show(
            story.ladder,
            t,
            colours,
            colour,
            charts.MeasureAxis("delta", max(RUNS)),
            run.depth,
            t.training.alternatives.ladder.format(
                name=name,
                measure=t.measures.delta,
                **ladder_numbers(values[-1]),
            ),
            ladder=ladder_table(record, "delta", False),
        )
        st.caption(t.training.notes.delta)
    with right:
        table = charts.course_table(history, 0)
        show(
            story.course,
            t,
            colours,
            colour,
            run.epochs,
            1.3 * baseline,
            baseline,
            True,
            t.training.alternatives.course.format(name=name, **course_numbers(t, history)),
            course=table,
            ghost=table.slice(0, 0),
        )
        st.caption(t.training.jitter_note)


def layers_name(t: Text, depth: int) -> str:
    return t.scene_deeper.layers_one if depth == 1 else t.scene_deeper.layers.format(n=depth)


def outcome(t: Text, records: dict[int, Recording]) -> Outcome:
    """How many seeds learn with two layers and with five, and the final loss with five."""
    good, deep = seeds_learnt(records[GOOD]), seeds_learnt(records[DEEP])
    history, guessed = records[DEEP].history, guess(RUNS[DEEP])
    loss = float(ends(history.train_loss[:, 0])[1])
    deepest = max((k for k in RUNS if 2 * seeds_learnt(records[k]) > SEEDS), default=0)
    return Outcome(
        judged(good, deep, loss / guessed.loss),
        {
            "k2": str(good),
            "k5": str(deep),
            "n": str(SEEDS),
            "share": fraction(float(history.share[-1, 0]), t),
            "loss": loss_of(loss),
            "guessing": loss_of(guessed.loss),
            "accuracy": percent(float(history.train_accuracy[-1, 0]), t),
            "majority": percent(guessed.accuracy, t),
            "epochs": str(RUNS[DEEP].epochs),
            "moved": percent(float(history.moved[-1, 0, 0]), t),
            "deepest": str(deepest),
        },
    )


def judged(good: int, deep: int, loss: float) -> str:
    """The guess that these counts prove right. loss: as a fraction of that of guessing."""
    if deep == 0 and loss > CLOSE_TO_GUESSING:
        return "c"
    if deep > good:
        return "a"
    return "b" if deep == good else ""


def apart() -> tuple[str, Query]:
    """Two layers beside the current number of layers, with many seeds."""
    depth = linked(ToldLayers).told_layers
    runs: tuple[RunSpec, ...] = (RUNS[GOOD], RUNS[depth]) if depth != GOOD else (RUNS[GOOD],)
    return "training", TRAINING.link_of(Stage(lanes=len(runs), tool="seeds"), runs)


def myth(t: Text) -> Myth | None:
    """Where the error signal at layer 1 is the smaller one, has learning finished?"""
    records = computed(t, (RUNS[GOOD], RUNS[DEEP]))
    if records is None:
        return None
    guessing = guess(RUNS[DEEP]).loss
    good, deep = (float(ends(record.history.train_loss[:, 0])[1]) for record in records)
    first = [float(record.history.delta[-1, 0, 0]) for record in records]
    stalled = first[1] < first[0] and deep > CLOSE_TO_GUESSING * guessing
    words = {
        "loss": loss_of(deep),
        "guessing": loss_of(guessing),
        "good": loss_of(good),
        "small": power(first[1]),
        "other": power(first[0]),
    }
    query = TRAINING.link_of(Stage(lanes=2), (RUNS[GOOD], RUNS[DEEP]))
    return Myth("false" if stalled else "true", words, "training", query)


DEEPER = Scene("deeper", "c", play, apart, myth, dials=ToldLayers)
