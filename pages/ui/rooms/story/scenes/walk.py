"""Scene 4: the error's way back from the output to layer 1, factor by factor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache, partial
from typing import Any

import numpy as np
import pyarrow as pa
import streamlit as st

from core.domain import Query
from core.lessons.anatomy import anatomy
from core.lessons.propagation import Walk, steepest, textbook
from core.runs.presets import SIGMOID
from core.runs.recording import History
from core.runs.training import RunSpec, train
from pages.charts import network as network_charts
from pages.charts import story
from pages.charts.laboratory import Part
from pages.charts.style import Palette
from pages.texts import Text
from pages.texts.numbers import fraction, percent, power
from pages.ui.frame import palette
from pages.ui.house import STORY, TRAINING
from pages.ui.rooms.derivatives import measured
from pages.ui.rooms.story.scenes.scene import Myth, Outcome, Scene, computed, untrained
from pages.ui.rooms.training.stage import LEARNT
from pages.ui.session import linked
from pages.ui.settings import WEIGHTS, Stage, ToldWalk
from pages.ui.widgets.components import caption, clock, network
from pages.ui.widgets.controls import entry_name, reset, taken
from pages.ui.widgets.show import show

SMALL, LARGE = "xavier", "normal"
RATE = 1.25
"""Factors a second."""
MANY = 8
"""Seeds of the myth's run."""


@dataclass(frozen=True, eq=False)
class Way:
    """One untrained network's walk back. share: what is left at layer 1. weights, slope: the two
    factors per layer, as geometric means."""

    history: History
    share: float
    weights: float
    slope: float


def run_of(weights: str) -> RunSpec:
    return replace(SIGMOID, initializer=weights)


@cache
def way_of(weights: str) -> Way:
    """The walk back before training, shared by all who see it: two of them in all."""
    history = History.of((next(iter(train(run_of(weights)))),))
    parts = [history.weights_part[0, 0, :-1], history.activation_part[0, 0, :-1]]
    means = [float(np.exp(np.log(part).mean())) for part in parts]
    return Way(history, float(history.share[0, 0]), *means)


def play(t: Text, shown: bool) -> Outcome | None:
    """The walk with Xavier initialization; once the outcome may be shown, with larger weights."""
    weights = linked(ToldWalk).told_weights if shown else SMALL
    if shown:
        choice(t, weights)
    staircase(t, weights, beside=shown)
    return outcome(t) if shown else None


def choice(t: Text, weights: str) -> None:
    """Whose weights the error walks back through."""
    reset("told_weights", weights)
    st.segmented_control(
        t.settings.told_weights,
        list(WEIGHTS),
        format_func=lambda key: entry_name(t, key, WEIGHTS),
        key="told_weights",
        required=True,
        label_visibility="collapsed",
        on_change=taken,
        args=("told_weights", partial(STORY.change, ToldWalk, "told_weights")),
    )


def staircase(t: Text, weights: str, *, beside: bool) -> None:
    """Factor by factor: what each one is, and what is left after it."""
    words, run = t.scene_walk, run_of(weights)
    other = LARGE if weights == SMALL else SMALL
    steps = story.steps_table(way_of(weights).history, t)
    last = len(steps)
    clock(
        t,
        run=f"{weights} {beside}",
        last=last,
        total=last,
        stride=1,
        live=False,
        rate=RATE,
        words=words.clock,
        begin=True,
    )
    name = entry_name(t, weights, WEIGHTS)
    rows = list(enumerate(steps.to_pylist(), start=1))
    lefts = [(number, words.left.format(left=row["left"])) for number, row in rows]
    told = [(number, step_words(t, row), "") for number, row in rows]
    caption(
        name,
        [(0, words.all_of_it), *lefts],
        [(0, words.start, ""), *told],
        lines=2,
        key="caption_walk",
    )
    left, right = st.columns([5, 3], gap="small")
    with left:
        steps_chart(t, weights, other, steps, beside=beside)
    with right:
        network(network_data(t, palette(), weights, name, last), "network_walk")
    st.caption(words.note.format(width=run.width))


@lru_cache(maxsize=16)
def network_data(
    t: Text, colours: Palette, weights: str, name: str, steps: int
) -> Mapping[str, Any]:
    """The untrained network itself, through which the same clock walks the error back."""
    run = run_of(weights)
    found = anatomy(run, untrained(run).frames[:1])
    return network_charts.picture(
        t, colours, run, name, found, "backwards", legend=True, steps=steps
    )


def steps_chart(t: Text, weights: str, other: str, steps: pa.Table, *, beside: bool) -> None:
    """The factors as a staircase; faint `beside` it the way with the other weights."""
    words, run = t.scene_walk, run_of(weights)
    name = entry_name(t, weights, WEIGHTS)
    show(
        story.staircase,
        t,
        palette(),
        run.activation,
        run.depth,
        steepest(run),
        words.names[other],
        words.alternative.format(weights=name, share=fraction(way_of(weights).share, t)),
        steps=steps,
        other=story.steps_table(way_of(other).history, t).slice(0, None if beside else 0),
        bound=story.bound_table(run, textbook(run)),
    )


def step_words(t: Text, row: Mapping[str, Any]) -> str:
    """One factor in words."""
    words, layer = t.scene_walk, row["layer"]
    told = words.by_weights if row["part"] == Part.WEIGHTS.value else words.by_slope
    above = words.output if layer == SIGMOID.depth else words.layer.format(n=layer + 1)
    return told.format(layer=layer, above=above, factor=power(row["factor"]))


def median_share(walk: Walk) -> float:
    return float(np.nanmedian(walk.size[:, 0]))


def outcome(t: Text) -> Outcome:
    """What reaches layer 1 with larger weights, and the effect of each of the two factors."""
    small, large = way_of(SMALL), way_of(LARGE)
    bound = float(textbook(run_of(SMALL))[0])
    walks = [measured(run_of(key)) for key in (SMALL, LARGE)]
    return Outcome(
        judged(small.share, large.share, bound),
        {
            "share": fraction(small.share, t),
            "share2": fraction(large.share, t),
            "w1": power(small.weights),
            "w2": power(large.weights),
            "a1": power(small.slope),
            "a2": power(large.slope),
            "bound": fraction(bound, t),
            "median": fraction(median_share(walks[0]), t),
            "median2": fraction(median_share(walks[1]), t),
            "seeds": str(walks[0].seeds),
        },
    )


def judged(small: float, large: float, bound: float) -> str:
    """The guess that the share with larger weights proves right."""
    if large < small:
        return "c"
    return "a" if large <= bound else "b"


def apart() -> tuple[str, Query]:
    """Both networks side by side, with their two factors, on the training page."""
    runs = (run_of(SMALL), run_of(LARGE))
    return "training", TRAINING.link_of(Stage(lanes=2, tool="factors"), runs)


def myth(t: Text) -> Myth | None:
    """The same network with larger initial weights: does it learn?"""
    run = replace(run_of(LARGE), replicas=MANY)
    records = computed(t, (run,))
    if records is None:
        return None
    learnt = int((records[0].history.train_accuracy[-1] > LEARNT).sum())
    share, bound = way_of(LARGE).share, float(textbook(run)[0])
    words = {
        "share": fraction(share, t),
        "bound": fraction(bound, t),
        "learnt": str(learnt),
        "seeds": str(MANY),
        "depth": str(run.depth),
        "accuracy": percent(float(records[0].history.train_accuracy[-1, 0]), t),
    }
    query = TRAINING.link_of(Stage(tool="seeds"), (run,))
    return Myth("false" if share > bound else "true", words, "training", query)


WALK = Scene("walk", "b", play, apart, myth, dials=ToldWalk)
