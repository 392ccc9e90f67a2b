"""Scene 2: what bends the line, the number of units or the activation function?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pyarrow as pa
import streamlit as st

from core.domain import Query, Whole
from core.lessons.perceptron import Points, best_line
from core.runs.recording import Recording
from core.runs.training import RunSpec
from pages.charts import story, training
from pages.texts import Text
from pages.texts.numbers import percent
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
from pages.ui.rooms.training.stage import ends, frames_table, points_table
from pages.ui.session import linked
from pages.ui.settings import Stage, ToldFolds
from pages.ui.widgets.controls import controls, entry_name
from pages.ui.widgets.show import show

BENT = RunSpec(activation="tanh", depth=1, width=8, rate=0.5, replicas=8)
FLAT = replace(BENT, activation="identity")
DEEP = replace(FLAT, depth=3)
STEPS = (1, 2, 3, 4, 6, 8)
RATE = 100
"""Epochs a second."""
NEARLY_ALL, ROOM = 0.9, 0.02
"""The accuracy from which nearly all points are right; the gain over one line that still counts as
none, as the line was fitted to the training part alone."""


def play(t: Text, shown: bool) -> Outcome | None:
    """Two networks that differ only in the activation function, with the chosen number of units."""
    dial = linked(ToldFolds)
    controls(
        dial,
        t,
        "told_units",
        change=STORY.setter(ToldFolds),
        told_units=Whole(1, 8, steps=STEPS),
    )
    runs = tuple(replace(run, width=dial.told_units) for run in (FLAT, BENT))
    if not shown:
        planes(t, tuple(untrained(run) for run in runs), played=False)
        return None
    wanted = tuple(dict.fromkeys((*runs, FLAT, BENT)))
    records = computed(t, wanted)
    if records is None:
        return None
    replay(t, FLAT, runs, RATE)
    planes(t, records[:2], played=True)
    return outcome(t, dict(zip(wanted, records, strict=True)))


def planes(t: Text, records: tuple[Recording, ...], *, played: bool) -> None:
    """What the networks have learnt: at all epochs, or at the first alone."""
    for record, column in zip(records, st.columns(len(records), gap="medium"), strict=True):
        run, lines = record.run, lines_of(record)
        name = t.scene_folds.names[run.activation]
        accuracy = record.history.train_accuracy[:, 0] if played else np.array([])
        told = (
            t.training.alternatives.plane.format(
                name=name, first=percent(ends(accuracy)[0], t), last=percent(ends(accuracy)[1], t)
            )
            if played
            else t.scene_folds.alternative.format(name=name)
        )
        with column, st.container(gap="xsmall"):
            st.markdown(f"**{name}**")
            if played:
                st.caption(t.scene_folds.score.format(accuracy=percent(ends(accuracy)[1], t)))
            else:
                st.caption(t.scene_folds.untrained)
            show(
                story.plane,
                t,
                palette(),
                run.source,
                run.epochs,
                told,
                frames=frames_table(record, t) if played else first_frame(record, t),
                points=points_table(record),
                **{name: table.slice(0, None if played else 0) for name, table in lines.items()},
            )
    st.caption(t.scene_folds.note if played else t.perceptron.legend)


def first_frame(record: Recording, t: Text) -> pa.Table:
    return training.frames_table(record.frames[:1], record.run, t)


@per_recording
def lines_of(record: Recording) -> dict[str, pa.Table]:
    """The lines of the units and of the network as a whole, once it is trained."""
    reach, final = record.run.source.reach, record.final
    assert final is not None
    return {
        "units": story.units_table(final, reach),
        "boundary": story.boundary_table(final, reach),
    }


@st.cache_data(max_entries=8, show_spinner=False)
def line_share() -> float:
    """The fraction of the training points that the best of all lines gets right."""
    data = FLAT.data()
    points = Points(data.train_x, data.train_y[:, 0])
    return best_line(points).correct / len(points.y)


def outcome(t: Text, records: Mapping[RunSpec, Recording]) -> Outcome:
    """What eight units reach without an activation function and with one, and what a line does."""
    flat, bent = (records[run].history.train_accuracy[-1] for run in (FLAT, BENT))
    line = line_share()
    return Outcome(
        judged(float(flat[0]), line),
        {
            "identity": percent(float(flat[0]), t),
            "tanh": percent(float(bent[0]), t),
            "highest": percent(float(flat.max()), t),
            "line": percent(line, t),
            "seeds": str(FLAT.replicas),
        },
    )


def judged(flat: float, line: float) -> str:
    """The guess that the accuracy without an activation function proves right."""
    if flat <= line + ROOM:
        return "b"
    return "a" if flat >= NEARLY_ALL else "c"


def why(t: Text) -> None:
    """A sum of sums is again a single sum."""
    st.latex(  # in three lines, so that it fits a phone
        r"\begin{aligned}"
        r"&\mathbf{v}^\top (W\mathbf{x} + \mathbf{b}) + c \\"
        r"&= (\mathbf{v}^\top W)\,\mathbf{x} + (\mathbf{v}^\top\mathbf{b} + c) \\"
        r"&= w_1 x_1 + w_2 x_2 + b"
        r"\end{aligned}"
    )
    st.markdown(t.scene_folds.why_words)


def apart() -> tuple[str, Query]:
    """The same two networks on the training page."""
    units = linked(ToldFolds).told_units
    runs = tuple(replace(run, width=units) for run in (FLAT, BENT))
    return "training", TRAINING.link_of(replace(Stage(), lanes=2), runs)


def myth(t: Text) -> Myth | None:
    """Three layers without an activation function: more than one line?"""
    records = computed(t, (DEEP,))
    if records is None:
        return None
    highest = float(records[0].history.train_accuracy[-1].max())
    more = highest > line_share() + ROOM
    words = {
        "deep": percent(highest, t),
        "line": percent(line_share(), t),
        "depth": str(DEEP.depth),
        "seeds": str(DEEP.replicas),
        "name": entry_name(t, DEEP.activation),
    }
    query = TRAINING.link_of(replace(Stage(), tool="seeds"), (DEEP,))
    return Myth("true" if more else "false", words, "training", query)


FOLDS = Scene("folds", "b", play, apart, myth, why=why, dials=ToldFolds)
