"""Scene 6: three networks race; only their activation function differs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import streamlit as st

from core.domain import Query
from core.nn.activations import ACTIVATIONS
from core.runs.presets import PRESETS
from core.runs.recording import Recording
from core.runs.training import RunSpec, train
from pages.charts import scenes
from pages.charts import training as charts
from pages.charts.measures import MEASURES
from pages.charts.style import hue
from pages.texts import Text
from pages.texts.numbers import decimals, fraction, loss_of, percent, plain, power, times
from pages.texts.sentences import score
from pages.ui.collection import together
from pages.ui.frame import palette
from pages.ui.house import TRAINING, Presenting
from pages.ui.recordings import per_recording
from pages.ui.rooms.story.scenes.scene import (
    Myth,
    Outcome,
    Scene,
    changes,
    computed,
    replay,
    untrained,
)
from pages.ui.rooms.training.lanes import lane_name
from pages.ui.rooms.training.stage import LEARNT, frames_table, ladder_table, points_table, words
from pages.ui.session import linked
from pages.ui.settings import Stage
from pages.ui.widgets.components import caption
from pages.ui.widgets.show import show

RUNS = tuple(replace(run, replicas=8) for run in PRESETS["race"])
DEEP = tuple(replace(run, samples=100, replicas=5) for run in PRESETS["relu"])
"""Twenty layers: tanh and ReLU with Xavier initialization, ReLU with He initialization."""
RATES = tuple(replace(run, replicas=4) for run in PRESETS["rates"])
"""The sigmoid network at four learning rates."""
ORDER: dict[tuple[bool, ...], str] = {
    (False, False, True): "a",
    (False, True, True): "b",
    (True, True, True): "c",
}
"""Which of sigmoid, tanh and ReLU learn, by the guess that says so."""


def play(t: Text, shown: bool) -> Outcome | None:
    """The three networks before training; then the race, driven by a clock."""
    done = computed(t, RUNS) if shown else None
    records = done or tuple(untrained(run) for run in RUNS)
    if not all(record.begun for record in records):
        st.caption(t.story.running)
        return None
    if done:
        run = RUNS[0]
        replay(t, run, "race")
    with st.container(key="race" if done else "race_before"):
        for number, column in enumerate(st.columns(len(RUNS))):
            name = lane_name(t, RUNS[number], RUNS)
            with column, together(str(number), name, RUNS[number]), st.container(gap="xsmall"):
                lane(t, name, number, records[number], shown=bool(done))
    st.caption(t.scene_race.note)
    return outcome(t, records) if done else None


def lane(t: Text, name: str, number: int, record: Recording, *, shown: bool) -> None:
    """One network: its numbers, what it has learnt, its layers.

    Unless `shown`, only its layers before training: none has learnt anything yet.
    """
    sentences = words(record, t, False)[1]
    st.markdown(f"**{name}**")
    caption(
        name,
        headlines(record, t) if shown else [],
        sentences if shown else sentences[:1],
        lines=4 + t.numbers.extra_lines,
        key=f"caption{number}",
    )
    if shown:
        learnt_plane(t, name, record)
    error_in_layers(t, name, record, shown=shown)


@per_recording
def headlines(record: Recording, t: Text) -> list[tuple[int, str]]:
    """Accuracy and loss, each with the epoch from which it holds: short enough for one line."""
    run, history = record.run, record.history
    lines = (
        t.scene_race.headline.format(score=score(run, float(accuracy), t), loss=loss_of(loss))
        for accuracy, loss in zip(
            history.train_accuracy[:, 0], history.train_loss[:, 0], strict=True
        )
    )
    return changes(history.epoch.tolist(), lines)


def learnt_plane(t: Text, name: str, record: Recording) -> None:
    """What a network has learnt."""
    accuracy = record.history.train_accuracy[:, 0]
    show(
        scenes.race_plane if linked(Presenting).present else charts.plane,
        t,
        palette(),
        record.run.source,
        t.scene_race.alternatives.plane.format(
            name=name,
            first=percent(float(accuracy[0]), t),
            last=percent(float(accuracy[-1]), t),
        ),
        frames=frames_table(record, t),
        points=points_table(record),
    )


def error_in_layers(t: Text, name: str, record: Recording, *, shown: bool) -> None:
    """The error signal in every layer: before training and, if `shown`, at every epoch."""
    colours, run, told = palette(), record.run, t.scene_race.alternatives
    delta = MEASURES["delta"]
    start = record.history.at(0)
    first, last = (charts.measured(history, delta, 0)[1][-1] for history in (start, record.history))
    ends = {"out": power(first[-1]), "layer1": power(first[0])}
    ends |= {"last_out": power(last[-1]), "last_layer1": power(last[0])}
    show(
        charts.ladder,
        t,
        colours,
        hue(ACTIVATIONS[run.activation], colours),
        charts.MeasureAxis("delta", run.depth),
        run.depth,
        told["ladder" if shown else "ladder_before"].format(name=name, **ends),
        ladder=ladder_table(record, "delta", False)
        if shown
        else charts.ladder_table(start, delta, 0),
    )


def learnt(record: Recording) -> int:
    """How many of a recording's seeds have learnt by its end."""
    return int((record.history.train_accuracy[-1] > LEARNT).sum())


def outcome(t: Text, records: Sequence[Recording]) -> Outcome:
    """Which of them learn with most of their seeds."""
    seeds, counts = RUNS[0].replicas, [learnt(record) for record in records]
    shares = [float(np.median(record.history.share[0])) for record in records]
    told = {"seeds": str(seeds), "epochs": str(RUNS[0].epochs)}
    for run, count, share in zip(RUNS, counts, shares, strict=True):
        told[run.activation] = str(count)
        told[f"{run.activation}_share"] = fraction(share, t)
    return Outcome(ORDER.get(tuple(2 * count > seeds for count in counts), ""), told)


def apart() -> tuple[str, Query]:
    return "training", TRAINING.link_of(Stage(), RUNS)


@st.cache_data(max_entries=20, show_spinner=False)
def before_training(run: RunSpec) -> tuple[float, float]:
    """For untrained networks of a run, the share at layer 1 and the derivative's factor per layer.

    Both are medians, over the seeds and over seeds and layers.
    """
    first = next(train(run))
    share = first.delta[:, 0] / first.delta[:, -1]
    return float(np.median(share)), float(np.median(first.activation_part[:, :-1]))


def myth(t: Text) -> Myth:
    """Twenty layers before training: what is left with tanh, with ReLU, and with ReLU and He's."""
    with st.spinner(t.derivatives.measuring):
        (tanh, _), (relu, part), (he, _) = (before_training(run) for run in DEEP)
    told = {
        "depth": str(DEEP[0].depth),
        "width": str(DEEP[0].width),
        "seeds": str(DEEP[0].replicas),
        "tanh": fraction(tanh, t),
        "relu": fraction(relu, t),
        "he": fraction(he, t),
        "part": decimals(part, 2),
    }
    verdict = "half" if part < 0.95 else "true"  # 1 of the one half of all cases, 0 of the other
    return Myth(verdict, told, "training", TRAINING.link_of(Stage(), DEEP))


def rates(t: Text) -> Myth | None:
    """The sigmoid network at increasing rates."""
    done = computed(t, RATES)
    if done is None:
        return None
    last = [record.history.moved[-1] for record in done]
    told = {
        "rates": ", ".join(plain(run.rate) for run in RATES),
        "seeds": str(RATES[0].replicas),
        "counts": ", ".join(str(learnt(record)) for record in done),
        "first": percent(max(float(np.nanmax(moved[:, 0])) for moved in last), t),
        "output": times(float(np.nanmedian(last[-1][:, -1])), t),
    }
    helped = any(2 * learnt(record) > RATES[0].replicas for record in done)
    return Myth("true" if helped else "false", told, "training", TRAINING.link_of(Stage(), RATES))


RACE = Scene("race", "b", play, apart, myth, also=rates)
