"""The stage of the training page: lanes that play on one clock, live while they are computed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import streamlit as st
from numpy.typing import NDArray

from core.lessons.anatomy import anatomy, moments_kept
from core.nn.losses import LOSSES
from core.nn.own import activation_of
from core.runs.diagnosis import diagnose
from core.runs.lanes import Lanes
from core.runs.recording import History, Recording
from core.runs.training import RunSpec
from pages.charts import compare
from pages.charts import network as network_charts
from pages.charts import training as charts
from pages.charts.measures import MEASURES
from pages.charts.style import Palette, hue
from pages.texts import Text
from pages.texts.numbers import loss_of, percent, power
from pages.texts.sentences import score, sentence
from pages.ui.collection import together
from pages.ui.computing import Look, progress, when_computed
from pages.ui.house import TRAINING
from pages.ui.recordings import in_line, per_recording, recordings
from pages.ui.rooms.training.lanes import (
    change_stage,
    changes,
    cut_apart,
    lane_name,
    names_apart,
    new_start,
    open_lanes,
    show_unit,
)
from pages.ui.session import lanes_before
from pages.ui.settings import AUTO, FLOWS, VIEWS, Stage
from pages.ui.widgets.components import (
    caption,
    clock,
    is_narrow,
    network,
    network_legend,
    walk,
)
from pages.ui.widgets.controls import one_part
from pages.ui.widgets.owndata import untested
from pages.ui.widgets.show import show

LONGEST = 14
"""Letters of a lane's name beside its line."""
LEARNT = 0.9
"""Training accuracy above which a seed counts as having learnt."""


@dataclass(frozen=True, eq=False)
class Scene:
    """What all lanes of the stage have in common.

    live: still being computed, so only the newest epoch is drawn. deepest: hidden layers of
    the deepest lane, for which the axes are made.
    """

    t: Text
    colours: Palette
    shown: Stage
    lanes: Lanes
    live: bool

    @property
    def deepest(self) -> int:
        return max(run.depth for run in self.lanes)

    @property
    def view(self) -> str:
        return view_of(self.shown, self.lanes)


Below = Callable[[Scene, Sequence[Recording]], None]
"""Draws something for all lanes under the stage."""


def stage(t: Text, colours: Palette, lanes: Lanes, below: Below) -> None:
    """The lanes, live while they are computed; under them what `below` draws."""

    def draw(look: Look) -> None:
        scene = Scene(t, colours, open_lanes()[0], lanes, look.live)
        transport(t, look, lanes[0], run=repr(lanes), new_start=new_start)
        if scene.view == "network":
            network_controls(scene)
        elif scene.view == "compare":
            overlaid(scene, look.records)
        before = lanes_before(lanes) or ()
        for number, column in enumerate(st.columns(len(lanes))):
            taken = together(str(number), lane_name(t, lanes[number], lanes), lanes[number])
            with column, taken, st.container(key=f"lane{number}", gap="xsmall"):
                ghost = before[number] if number < len(before) else None
                lane(scene, number, look.records[number], ghost)
        if scene.view == "network":
            network_legend(t, scene.shown.flow)
        data = lanes[0].data()
        accuracy = data.tested and scene.view != "compare"
        jitter = t.training.jitter_note if accuracy else t.training.jitter_note_untested
        st.caption(f"{t.training.notes.get(scene.shown.measure, '')} {jitter}")
        if not data.tested:
            st.info(untested(t, len(data.train_x)), icon=":material/info:")
        below(scene, look.records)

    when_computed(t, TRAINING, lanes, draw, shown=lambda: open_lanes()[1])


def transport(
    t: Text, look: Look, first: RunSpec, *, run: str, new_start: Callable[[], None]
) -> None:
    """The clock; while computing, how far it has come and a way to stop; other first weights.

    first: of the runs, which are all as long. run: what the clock's epochs belong to.
    """
    with st.container(horizontal=True, vertical_alignment="center", key="transport"):
        with st.container(width="stretch"):
            clock(
                t,
                run=run,
                last=look.epoch,
                total=first.epochs,
                stride=first.stride,
                live=look.live,
            )
        progress(t, look, t.common.computing)
        st.button(t.training.new_start, icon=":material/casino:", on_click=new_start)


def lane(scene: Scene, number: int, record: Recording, before: RunSpec | None) -> None:
    """One network: name, numbers and sentence, what it has learnt, its layers, its course."""
    t, run = scene.t, record.run
    name = lane_name(t, run, scene.lanes)
    st.markdown(f"**{name}**")
    if not record.begun:
        st.caption(in_line(t, record))
        return
    headlines, sentences = words(record, t, scene.live)
    caption(
        name,
        headlines,
        sentences,
        lines=len(scene.lanes) + t.numbers.extra_lines,
        key=f"caption{number}",
    )
    if not starts(record):
        return
    if scene.view == "network":
        itself(scene, number, name, record)
    elif scene.view == "charts":
        picture(scene, name, record)
        layers(scene, name, record)
    if scene.view != "compare":
        course(scene, name, record, before)
    if before is not None and (changed := changes(t, before, run)):
        st.caption(t.training.changed.format(what=t.numbers.comma.join(changed)))


def view_of(shown: Stage, lanes: Lanes) -> str:
    """What the reader has chosen; unless they have, all in one chart where the window is narrow."""
    if len(lanes) == 1:
        return "network" if shown.view == "network" else "charts"
    return shown.view if shown.view != AUTO else "compare" if is_narrow() else "charts"


def view_choice(t: Text, shown: Stage, lanes: Lanes) -> None:
    """Charts of each network, of several all in one, or the networks themselves."""
    views = {key: t.options[key] for key in VIEWS if key != "compare" or len(lanes) > 1}
    one_part("view", t.settings.view, views, view_of(shown, lanes), change_stage)


def network_controls(scene: Scene) -> None:
    """What the pictures of the networks show, and a batch to send through them."""
    t, shown = scene.t, scene.shown
    with st.container(horizontal=True, vertical_alignment="center", key="views"):
        flows = {key: t.options[key] for key in FLOWS}
        one_part("flow", t.settings.flow, flows, shown.flow, change_stage)
        with st.container(width="stretch"):
            walk(t, run=repr(scene.lanes), layers=scene.deepest)


def itself(scene: Scene, number: int, name: str, record: Recording) -> None:
    """The network as units and weights, at every moment that was kept; live, at the newest one."""
    drawn = network_data(record, scene.t, scene.colours, scene.shown.flow, name, scene.live)
    network(drawn, f"network{number}", chosen=show_unit)


@per_recording
def network_data(
    record: Recording, t: Text, colours: Palette, flow: str, name: str, live: bool
) -> dict[str, Any]:
    """What the picture of the network shows."""
    run = record.run
    moments = moments_kept(record.frames, run)
    found = anatomy(run, moments[-1:] if live else moments)
    return network_charts.picture(t, colours, run, name, found, flow)


def overlaid(scene: Scene, records: Sequence[Recording]) -> None:
    """The layers and the losses of all lanes that have begun, each in one chart."""
    t, key = scene.t, scene.shown.measure
    drawn = [k for k, r in enumerate(records) if r.begun and starts(r)]
    if not drawn:
        return
    short = charts.distinct(cut_apart(names_apart(t, scene.lanes), LONGEST))
    lanes, names = [scene.lanes[k] for k in drawn], [short[k] for k in drawn]
    histories = [records[k].history for k in drawn]
    strokes = compare.strokes_of([run.activation for run in lanes], scene.colours)
    axis = charts.MeasureAxis(key, scene.deepest, scene.shown.linear)
    newest = [history.at(-1) for history in histories] if scene.live else histories
    told = [charts.measured(history, MEASURES[key], 0)[1][-1:].ravel() for history in histories]
    show(
        compare.layers,
        t,
        scene.colours,
        strokes,
        axis,
        alternative(
            scene,
            "compare_layers",
            name=t.numbers.comma.join(names),
            measure=t.measures[key],
            layer1=listed(t, names, [power(v[0]) if len(v) else "–" for v in told]),
        ),
        steady=True,
        layers=compare.layers_table(newest, axis),
        names=compare.layer_names_table(newest, names, axis),
    )
    guessed = guess(lanes[0]).loss
    highest = 1.3 * guessed
    show(
        compare.losses,
        t,
        scene.colours,
        strokes,
        lanes[0].epochs,
        highest,
        guessed,
        alternative(
            scene,
            "compare_losses",
            name=t.numbers.comma.join(names),
            last=listed(t, names, [loss_of(ends(h.train_loss[:, 0])[1]) for h in histories]),
        ),
        steady=True,
        losses=compare.losses_table(histories),
        names=compare.loss_names_table(histories, names, highest),
    )


def listed(t: Text, names: Sequence[str], values: Sequence[str]) -> str:
    """Each lane's name and number."""
    return t.numbers.comma.join(f"{a} {b}" for a, b in zip(names, values, strict=True))


def starts(record: Recording) -> bool:
    """Whether the run has a loss at all; a sentence says so where it has none."""
    return bool(np.isfinite(record.history.train_loss[:, 0]).any())


def picture(scene: Scene, name: str, record: Recording) -> None:
    """What the network has learnt."""
    t, run = scene.t, record.run
    dataset = run.source
    chart = charts.picture_of(dataset)
    first, last = ends(record.history.train_accuracy[:, 0])
    told = alternative(
        scene,
        chart.__name__,
        name=name,
        part=t.training.parts["test" if run.data().tested else "train"],
        first=percent(max(first, 0.0), t),
        last=percent(max(last, 0.0), t),
    )
    frames = frames_table(record, t) if not scene.live else frame_table(record, t)
    points = points_table(record)
    show(chart, t, scene.colours, dataset, told, steady=True, frames=frames, points=points)


def layers(scene: Scene, name: str, record: Recording) -> None:
    """The chosen measure of every layer."""
    t, run, key = scene.t, record.run, scene.shown.measure
    _, values = charts.measured(record.history, MEASURES[key], 0)
    told = alternative(
        scene,
        "ladder",
        name=name,
        measure=t.measures[key],
        **ladder_numbers(values[-1:].ravel()),
    )
    show(
        charts.ladder,
        t,
        scene.colours,
        hue(activation_of(run.activation), scene.colours),
        charts.MeasureAxis(key, scene.deepest, scene.shown.linear),
        run.depth,
        told,
        steady=True,
        ladder=ladder_table(record, key, scene.live),
    )


def ladder_numbers(values: NDArray[Any]) -> dict[str, str]:
    """The numbers in which the layers of one epoch are told."""
    if not len(values):
        return dict.fromkeys(("layer1", "largest", "smallest"), "–")
    told = {"layer1": values[0], "largest": values.max(), "smallest": values.min()}
    return {name: power(float(value)) for name, value in told.items()}


def course(scene: Scene, name: str, record: Recording, before: RunSpec | None) -> None:
    """Loss and test accuracy, and the loss of the run before as a ghost."""
    t, run = scene.t, record.run
    table = charts.course_table(record.history, 0)
    tested = run.data().tested
    told = alternative(
        scene,
        "course" if tested else "course_untested",
        name=name,
        **course_numbers(t, record.history),
    )
    old = recordings().find(before) if before is not None else None
    baseline = guess(run).loss
    show(
        charts.course,
        t,
        scene.colours,
        hue(activation_of(run.activation), scene.colours),
        run.epochs,
        1.3 * baseline,
        baseline,
        tested,
        told,
        steady=True,
        course=table,
        ghost=charts.course_table(old.history, 0) if old and old.begun else table.slice(0, 0),
    )


def course_numbers(t: Text, history: History) -> dict[str, str]:
    """The numbers in which a course is told, of the first seed."""
    finite = np.isfinite(history.train_loss[:, 0])
    losses = history.train_loss[finite, 0]
    return {
        "first": loss_of(losses[0]),
        "last": loss_of(losses[-1]),
        "smallest": loss_of(losses.min()),
        "largest": loss_of(losses.max()),
        "accuracy": percent(float(np.nan_to_num(history.test_accuracy[finite, 0][-1])), t),
    }


def alternative(scene: Scene, chart: str, **values: str) -> str:
    """The chart's message in words; while it is being computed, that it is."""
    text = scene.t.training.alternatives["computing" if scene.live else chart]
    return text.format(**values)


def ends(values: NDArray[Any]) -> tuple[float, float]:
    """The first and the last finite value."""
    finite = values[np.isfinite(values)]
    return float(finite[0]), float(finite[-1])


@dataclass(frozen=True)
class Guess:
    """What the best constant answer scores on the training part."""

    loss: float
    accuracy: float


def guess(run: RunSpec) -> Guess:
    loss = LOSSES[run.source.task]
    y = run.data().train_y
    return Guess(loss.baseline(y), loss.guessing(y))


# Tables and words, kept as long as their recording


@per_recording
def frames_table(record: Recording, t: Text) -> pa.Table:
    return charts.frames_table(record.frames, record.run, t)


def frame_table(record: Recording, t: Text) -> pa.Table:
    return charts.frames_table([replace(record.frames[-1], epoch=0)], record.run, t)


@per_recording
def points_table(record: Recording) -> pa.Table:
    return charts.points_table(record.run)


@per_recording
def ladder_table(record: Recording, measure: str, live: bool) -> pa.Table:
    history = record.history.at(-1) if live else record.history
    return charts.ladder_table(history, MEASURES[measure], 0)


@per_recording
def words(record: Recording, t: Text, live: bool) -> tuple[list[Any], list[Any]]:
    """Headlines and sentences, each with the epoch from which it holds; live, the newest ones."""
    run, history = record.run, record.history
    guessed = guess(run)
    headlines: list[Any] = []
    sentences: list[Any] = []
    for index in [len(history.epoch) - 1] if live else range(len(history.epoch)):
        epoch = 0 if live else int(history.epoch[index])
        found = diagnose(run, history, index, baseline=guessed.loss, guessing=guessed.accuracy)
        headline = t.numbers.headline.format(
            score=score(run, found.accuracy, t),
            guessing=percent(guessed.accuracy, t),
            loss=loss_of(found.loss),
        )
        told = sentence(run, found, len(run.data().train_x), t)
        if run.replicas > 1 and history.epoch[index] > 0:  # before, "learnt so far" says nothing
            learnt = int((history.train_accuracy[index] > LEARNT).sum())
            told += t.numbers.sentence_gap + t.sentences.seeds.format(
                learnt=learnt, seeds=run.replicas, seed=run.seed
            )
        if not headlines or headlines[-1][1] != headline:
            headlines.append((epoch, headline))
        if not sentences or sentences[-1][1] != told:
            sentences.append((epoch, told, found.verdict.value))
    return headlines, sentences
