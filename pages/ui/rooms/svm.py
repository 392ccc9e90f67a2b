"""The page of the support vector machine: it and a network learn from the same points."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import streamlit as st

from core.data.datasets import DATASETS, load
from core.domain import Choice, Whole
from core.lessons import svm
from core.lessons.svm import COSTS, GAMMAS, MOST_POINTS, NotTwoClasses, Svm, SvmSpec, TooManyPoints
from core.runs.recording import Recording
from core.runs.training import RunSpec
from pages.charts import svm as charts
from pages.charts.style import Palette
from pages.charts.svm import KNOBS, Score
from pages.texts import Text
from pages.texts.numbers import percent, plain, whole
from pages.ui.house import SVM, TWO_CLASSES
from pages.ui.recordings import per_recording, watch
from pages.ui.rooms.training.lanes import lane_name
from pages.ui.rooms.training.stage import (
    FIRST_SLICE,
    SLICE,
    TICK,
    advance,
    ends,
    frame_table,
    frames_table,
    guess,
    newest,
    points_table,
    recordings_of,
    under_way,
)
from pages.ui.rooms.training.stage import words as told_of
from pages.ui.session import cancelled, session
from pages.ui.widgets.components import caption, clock
from pages.ui.widgets.controls import controls, entry_name, fold, knob_controls
from pages.ui.widgets.show import show

START = RunSpec()
SWEPT = MappingProxyType(dict(zip(KNOBS, (GAMMAS, COSTS), strict=True)))
SAMPLES = (50, 100, 200, 300, 500, 1000, 2000)
"""Four fifths of which the machine can still learn from."""

change_machine, change_run = SVM.setter(SvmSpec), SVM.setter(RunSpec)


def new_start() -> None:
    """Other first weights and another order of the batches; data and machine stay."""
    change_run("seed", (SVM.open()[1].seed + 1) % 10_000)


# Choices


def settings(t: Text, chosen: SvmSpec, run: RunSpec) -> None:
    st.markdown(f"**{t.svm.same_data}**")
    controls(run, t, "dataset", change=change_run, dataset=Choice(TWO_CLASSES))
    controls(run, t, "noise", change=change_run)
    with fold(t.svm.more_data, "more_data") as unfolded:
        domain = RunSpec.domains()["samples"]
        few = Whole(domain.low, domain.high, SAMPLES)
        if unfolded:
            controls(run, t, "samples", "data_seed", change=change_run, samples=few)
    st.markdown(f"**{t.svm.machine}**")
    controls(chosen, t, *KNOBS, change=change_machine)
    st.markdown(f"**{t.svm.network}**")
    controls(run, t, "activation", "depth", "rate", change=change_run)
    with fold(t.training.more_settings, "more_settings") as unfolded:
        if unfolded:
            controls(run, t, "width", "initializer", "gain", "norm", "skip", change=change_run)
            knob_controls(run, t, (run.activation,), change=change_run)
            controls(run, t, "optimizer", change=change_run)
            knob_controls(run, t, (run.optimizer,), change=change_run)
            controls(run, t, "batch", "epochs", "seed", change=change_run)


Scores = dict[str, dict[float, Score]]
"""By knob and value, what a machine scores."""


# The machine, computed once for all who see the same


class Drawn(NamedTuple):
    """The data, as a key: what draws them and nothing else."""

    dataset: str
    samples: int
    noise: float
    data_seed: int


def data_of(run: RunSpec) -> Drawn:
    return Drawn(run.dataset, run.samples, run.noise, run.data_seed)


@st.cache_resource(max_entries=300, show_spinner=False)
def machine_of(drawn: Drawn, chosen: SvmSpec) -> Svm:
    data = load(*drawn)
    return svm.solve(data.train_x, data.train_y, chosen)


@st.cache_data(max_entries=2000, show_spinner=False)
def score_of(drawn: Drawn, chosen: SvmSpec) -> Score:
    data = load(*drawn)
    machine = machine_of(drawn, chosen)
    return Score(
        machine.accuracy(data.train_x, data.train_y),
        machine.accuracy(data.test_x, data.test_y),
        len(machine.support),
        machine.converged,
    )


@st.cache_data(max_entries=40, show_spinner=False)
def tables_of(drawn: Drawn, chosen: SvmSpec) -> dict[str, pa.Table]:
    machine = machine_of(drawn, chosen)
    reach = DATASETS[drawn.dataset].reach
    f = charts.answers(machine, reach)
    return {
        "picture": charts.picture_table(f),
        "lines": charts.lines_table(f, reach),
        "support": charts.support_table(machine),
    }


def swept(machine: Svm | None, drawn: Drawn, chosen: SvmSpec, budget: float) -> tuple[Scores, bool]:
    """What a machine scores at every value of each knob, and whether all of them are there.

    Goes on for `budget` seconds; what was computed before costs nothing.
    """
    if machine is None:
        return {}, True
    deadline = time.monotonic() + budget
    scores: Scores = {name: {} for name in SWEPT}
    for name, values in SWEPT.items():
        for value in sorted({*values, getattr(chosen, name)}):
            if time.monotonic() > deadline:
                return scores, False
            scores[name][value] = score_of(drawn, replace(chosen, **{name: value}))
    return scores, True


# The stage


@dataclass(frozen=True, eq=False)
class Scene:
    """What the parts of the page have in common.

    machine: None where there is none, and then `refusal` says why. live: the network is still
    being computed.
    """

    t: Text
    colours: Palette
    chosen: SvmSpec
    record: Recording
    machine: Svm | None
    refusal: str
    live: bool

    @property
    def run(self) -> RunSpec:
        return self.record.run

    @property
    def drawn(self) -> Drawn:
        return data_of(self.run)


def stage(t: Text, colours: Palette, chosen: SvmSpec, run: RunSpec) -> None:
    """Compute what is missing and show it; a fragment looks on until all is computed."""
    stand_in(t)
    records = recordings_of(t, (run,))
    if records is None:
        return
    (record,) = records
    drawn = data_of(run)
    machine, refusal = asked_for(t, drawn, chosen)
    scene = Scene(t, colours, chosen, record, machine, refusal, live=False)
    advance([record], FIRST_SLICE)
    scores, complete = swept(machine, drawn, chosen, FIRST_SLICE)

    def done() -> bool:
        return complete and (record.finished or cancelled() == (run,))

    if done():
        draw(scene, scores)
        return

    def live() -> None:
        nonlocal scores, complete
        if SVM.open() != (chosen, run) or done():
            st.rerun()
        # first drawn, then computed: whatever waits to be drawn would be shown faded
        draw(replace(scene, live=not record.finished and cancelled() != (run,)), scores)
        advance([record], SLICE)
        scores, complete = swept(machine, drawn, chosen, SLICE)

    watch(live, TICK)


def stand_in(t: Text) -> None:
    """Say so where the data of another page cannot be used here."""
    wanted = RunSpec.from_query(session().settings).dataset
    if wanted not in TWO_CLASSES:
        st.info(
            t.svm.stand_in.format(name=entry_name(t, wanted), instead=entry_name(t, START.dataset)),
            icon=":material/info:",
        )


def asked_for(t: Text, drawn: Drawn, chosen: SvmSpec) -> tuple[Svm | None, str]:
    """The machine; where there can be none, why."""
    try:
        return machine_of(drawn, chosen), ""
    except NotTwoClasses:
        return None, t.svm.one_class
    except TooManyPoints:
        count = len(load(*drawn).train_x)
        most = whole(MOST_POINTS, t)
        return None, t.svm.too_many.format(count=whole(count, t), most=most)


def draw(scene: Scene, scores: Scores) -> None:
    """The two pictures side by side, under them what gamma and C change, and what it all shows."""
    t, words = scene.t, scene.t.svm
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown(f"**{words.machine}**")
        if scene.machine is not None:
            machine_picture(scene, scene.machine)
            st.caption(t.numbers.sentence_gap.join([words.legend, words.strip, words.rings]))
        else:
            st.warning(scene.refusal, icon=":material/info:")
    with right:
        st.markdown(f"**{words.network_named.format(name=lane_name(t, scene.run, [scene.run]))}**")
        if scene.record.begun:
            network_picture(scene)
        else:
            st.caption(t.training.waiting)
        transport(scene)
    if scene.machine is not None:
        sweeps(scene, scores)
    honesty(scene)


def machine_picture(scene: Scene, machine: Svm) -> None:
    """The machine's numbers, and what it learnt."""
    t, words, run = scene.t, scene.t.svm, scene.run
    data, score = run.data(), score_of(scene.drawn, scene.chosen)
    at_bound = len(machine.bound)
    counts = {
        "support": whole(score.support, t),
        "edge": whole(score.support - at_bound, t),
        "bound": whole(at_bound, t),
        "count": whole(len(data.train_x), t),
    }
    parts = [words.found_all if at_bound == score.support else words.found]
    parts += [words.best if machine.converged else words.unfinished]
    told = t.numbers.sentence_gap.join(parts)
    caption(
        words.machine,
        [(0, headline(run, t, score.test, score.train))],
        [(0, told.format(**counts, steps=whole(machine.steps, t)), "")],
        lines=3 + t.numbers.extra_lines,
        key="caption_machine",
    )
    show(
        charts.plane,
        t,
        scene.colours,
        run.source,
        words.alternatives.machine.format(
            data=entry_name(t, run.dataset),
            support=counts["support"],
            count=counts["count"],
            test=percent(score.test, t),
            train=percent(score.train, t),
        ),
        points=points_table(scene.record),
        **tables_of(scene.drawn, scene.chosen),
    )


def headline(run: RunSpec, t: Text, test: float, train: float) -> str:
    """Both accuracies, beside guessing."""
    return t.svm.headline.format(
        test=percent(test, t),
        train=percent(train, t),
        count=whole(len(run.data().test_x), t),
        guess=percent(guess(run).accuracy, t),
    )


def network_picture(scene: Scene) -> None:
    """The network's numbers and what it learnt, at every epoch."""
    t, run, record = scene.t, scene.run, scene.record
    caption(
        t.svm.network,
        headlines(record, t, scene.live),
        told_of(record, t, scene.live)[1],
        lines=3 + t.numbers.extra_lines,
        key="caption_network",
    )
    if not np.isfinite(record.history.train_loss[:, 0]).any():
        return  # it could not even start, and the sentence says so
    told = t.svm.alternatives.network.format(
        name=lane_name(t, run, [run]),
        data=entry_name(t, run.dataset),
        test=percent(ends(record.history.test_accuracy[:, 0])[1], t),
    )
    show(
        charts.network,
        t,
        scene.colours,
        run.source,
        t.svm.alternatives.computing if scene.live else told,
        frames=frame_table(record, t) if scene.live else frames_table(record, t),
        points=points_table(record),
    )


@per_recording
def headlines(record: Recording, t: Text, live: bool) -> list[tuple[int, str]]:
    """Both accuracies of the network, each with the epoch from which it holds."""
    history = record.history
    found: list[tuple[int, str]] = []
    for index in [len(history.epoch) - 1] if live else range(len(history.epoch)):
        test, train = history.test_accuracy[index, 0], history.train_accuracy[index, 0]
        line = headline(record.run, t, test, train)
        if not found or found[-1][1] != line:
            found.append((0 if live else int(history.epoch[index]), line))
    return found


def transport(scene: Scene) -> None:
    """The network's clock, other first weights, and while computing a way to stop."""
    t, run, record = scene.t, scene.run, scene.record
    with st.container(horizontal=True, vertical_alignment="center", key="transport"):
        with st.container(width="stretch"):
            clock(
                t,
                run=repr(run),
                last=newest([record]),
                total=run.epochs,
                stride=run.stride,
                live=scene.live,
            )
        st.button(t.training.new_start, icon=":material/casino:", on_click=new_start)
    under_way(t, [record], t.training.computing, live=scene.live)


def sweeps(scene: Scene, scores: Scores) -> None:
    """What each knob changes, the other as it is."""
    t, words, chosen = scene.t, scene.t.svm, scene.chosen
    st.header(words.sweep_title, anchor=False)
    for name, column in zip(KNOBS, st.columns(2, gap="medium"), strict=True):
        now = getattr(chosen, name)
        values = sorted({*SWEPT[name], now})
        found = scores[name]
        with column:
            st.caption(words.knobs[name])
            complete = len(found) == len(values)
            show(
                charts.sweep,
                t,
                scene.colours,
                name,
                tuple(values),
                now,
                guess(scene.run).accuracy,
                sweep_told(scene, name, found) if complete else words.alternatives.computing,
                sweep=charts.sweep_table(found, t),
            )
    st.caption(words.sweep_note)


def sweep_told(scene: Scene, name: str, found: Mapping[float, Score]) -> str:
    """What the chart of one knob shows, in words."""
    t = scene.t
    low, high = min(found), max(found)
    best = max(found, key=lambda value: found[value].test)
    return t.svm.alternatives.sweep.format(
        setting=t.settings[name],
        low=plain(low),
        at_low=percent(found[low].test, t),
        best=plain(best),
        at_best=percent(found[best].test, t),
        high=plain(high),
        at_high=percent(found[high].test, t),
    )


def honesty(scene: Scene) -> None:
    """What the comparison shows, and what not."""
    t, words = scene.t, scene.t.svm
    count = len(scene.run.data().train_x)
    st.header(words.honest_title, anchor=False)
    st.markdown(words.honest.format(count=whole(count, t), pairs=whole(count**2, t)))
