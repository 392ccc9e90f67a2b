"""Scene 7: the price of ReLU's zero, units that are silent for all data."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import streamlit as st
from numpy.typing import NDArray

from core.domain import Query
from core.runs.presets import PRESETS
from core.runs.recording import Recording
from core.runs.training import RunSpec, Trainer
from pages.charts import scenes as charts
from pages.charts import training
from pages.texts import Text
from pages.texts.numbers import percent, plain
from pages.ui.frame import palette
from pages.ui.house import STORY, TRAINING
from pages.ui.recordings import per_recording
from pages.ui.rooms.story.scenes.race import learnt
from pages.ui.rooms.story.scenes.scene import (
    Myth,
    Outcome,
    Scene,
    computed,
    replay,
    untrained,
)
from pages.ui.rooms.training.stage import frames_table, points_table
from pages.ui.session import linked
from pages.ui.settings import Stage, ToldPrice
from pages.ui.widgets.components import Dial, probe
from pages.ui.widgets.controls import controls
from pages.ui.widgets.show import show

START = replace(PRESETS["dead"][0], replicas=8)
LEAKY = replace(PRESETS["dead"][2], replicas=8)
"""Leaky ReLU at a rate that is too large, and beside it ReLU."""
POINTS = 40
"""Points that the dial offers."""
FEW, MANY = 0.1, 0.3
"""Below the first share of dead units the guess "fewer than one in ten" is right; above the second,
"half" is the nearest."""


def run_now() -> RunSpec:
    """The network at the chosen learning rate."""
    return replace(START, rate=linked(ToldPrice).told_rate)


def play(t: Text, shown: bool) -> Outcome | None:
    """The units at one point after another; then each unit over all points, during training."""
    if not shown:
        one_point(t)
        return None
    controls(linked(ToldPrice), t, "told_rate", change=STORY.setter(ToldPrice))
    done = computed(t, (run_now(),))
    record = done[0] if done else untrained(run_now())
    if record.begun:
        all_points(t, record, trained=bool(done))
    return outcome(t, record) if done else None


@st.cache_data(max_entries=4, show_spinner=False)
def active_units(run: RunSpec) -> NDArray[np.bool_]:
    """Which units of the untrained network have z > 0 where: (layers, samples, width)."""
    return np.stack(Trainer(run).sums()) > 0


def one_point(t: Text) -> None:
    """Which units output 0 for a point chosen by the reader."""
    words, colours, run = t.scene_price, palette(), replace(START, replicas=1)
    active, x = active_units(run), run.data().train_x
    shown = tuple(np.linspace(0, len(x) - 1, POINTS).round().astype(int).tolist())
    places = tuple(words.place.format(n=k + 1, points=POINTS) for k in range(POINTS))
    probe("point", Dial(words.point, 0, POINTS - 1, POINTS - 1, places=places))
    left, right = st.columns([2, 3])
    with left:
        show(
            charts.where,
            t,
            colours,
            run.source,
            POINTS,
            words.alternatives.where,
            points=points_of(run),
            chosen=charts.chosen_table(x, shown),
        )
    with right:
        show(
            charts.lit,
            t,
            colours,
            run.depth,
            run.width,
            POINTS,
            words.alternatives.lit.format(zero=percent(float(1 - active.mean()), t)),
            lit=charts.lit_table(active, shown),
            notes=charts.lit_notes_table(active, shown, words.zeros),
        )
    st.caption(words.lit_note)


def points_of(run: RunSpec) -> pa.Table:
    return training.points_table(run)


def all_points(t: Text, record: Recording, *, trained: bool) -> None:
    """Every unit by the share of points at which it is active, and what the network has learnt."""
    words, colours, run = t.scene_price, palette(), record.run
    first = replace(record.frames[0], epoch=0)
    if trained:
        replay(t, run, run)
    last = record.frames[-1] if trained else first
    dead = [int((frame.active == 0).sum()) for frame in (first, last)]
    samples = len(run.data().train_x)
    left, right = st.columns([3, 2])
    with left:
        show(
            charts.lives,
            t,
            colours,
            run.depth,
            run.width,
            (words.units_axis, words.share_axis),
            words.alternatives.lives.format(
                units=run.depth * run.width, first=dead[0], last=dead[1]
            ),
            lives=lives_table(record) if trained else charts.lives_table([first], samples),
            notes=life_notes_table(record, words.dead_now)
            if trained
            else charts.life_notes_table([first], words.dead_now),
        )
    with right:
        accuracy = float(record.history.train_accuracy[-1 if trained else 0, 0])
        show(
            charts.plane,
            t,
            colours,
            run.source,
            words.alternatives.plane.format(accuracy=percent(accuracy, t)),
            frames=frames_table(record, t) if trained else training.frames_table([first], run, t),
            points=points_table(record),
        )
    st.caption(words.lives_note)


@per_recording
def lives_table(record: Recording) -> pa.Table:
    return charts.lives_table(record.frames, len(record.run.data().train_x))


@per_recording
def life_notes_table(record: Recording, note: str) -> pa.Table:
    return charts.life_notes_table(record.frames, note)


def dead_units(record: Recording, index: int) -> int:
    """Dead units of all seeds together, at one kept epoch."""
    dead = np.nan_to_num(record.history.dead[index, :, :-1])
    return round(float(dead.sum()) * record.run.width)


def outcome(t: Text, record: Recording) -> Outcome:
    """How many units of the network shown are dead before training."""
    run, frames = record.run, record.frames
    units, samples = run.depth * run.width, len(run.data().train_x)
    first, last = (int((frame.active == 0).sum()) for frame in (frames[0], frames[-1]))
    places = {"a": first > MANY * units, "b": 0 < first < FEW * units, "c": first == 0}
    told: dict[str, Any] = {
        "dead": first,
        "units": units,
        "zero": percent(1 - float(frames[0].active.mean()) / samples, t),
        "points": samples,
        "rate": plain(run.rate),
        "last": last,
        "epochs": run.epochs,
        "seeds": run.replicas,
        "learnt": learnt(record),
        "all_dead": dead_units(record, -1),
        "all_units": units * run.replicas,
    }
    right = next((guess for guess, holds in places.items() if holds), "")
    return Outcome(right, {name: str(value) for name, value in told.items()})


def apart() -> tuple[str, Query]:
    return "training", TRAINING.link_of(Stage(tool="units"), (run_now(),))


def leaky_cures(t: Text) -> Myth | None:
    """ReLU and Leaky ReLU at a rate that is too large."""
    runs = (replace(PRESETS["dead"][1], replicas=LEAKY.replicas), LEAKY)
    done = computed(t, runs)
    if done is None:
        return None
    relu, leaky = done
    told = {
        "rate": plain(LEAKY.rate),
        "seeds": LEAKY.replicas,
        "units": LEAKY.depth * LEAKY.width * LEAKY.replicas,
        "relu": learnt(relu),
        "leaky": learnt(leaky),
        "dead": dead_units(relu, -1),
        "silent": dead_units(leaky, -1),
    }
    cured = 2 * learnt(leaky) > LEAKY.replicas
    return Myth(
        "true" if cured else "half",
        {name: str(value) for name, value in told.items()},
        "training",
        TRAINING.link_of(Stage(tool="units"), runs),
    )


def silent_here(t: Text) -> Myth:
    """How many zeros an untrained network has, and how many units that are always zero."""
    run = replace(START, replicas=1)
    active = active_units(run)
    layers, points, width = active.shape
    dead = int((~active.any(axis=1)).sum())
    told = {
        "zero": percent(float(1 - active.mean()), t),
        "dead": str(dead),
        "units": str(layers * width),
        "points": str(points),
    }
    same = dead >= float(1 - active.mean()) * layers * width
    query = TRAINING.link_of(Stage(tool="units"), (run,))
    return Myth("true" if same else "false", told, "training", query)


PRICE = Scene("price", "b", play, apart, silent_here, dials=ToldPrice, also=leaky_cures)
