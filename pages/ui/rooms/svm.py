"""The page of the support vector machine, which learns from the same points as a network."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import nan
from types import MappingProxyType
from typing import NamedTuple, TypeVar

import numpy as np
import pyarrow as pa
import streamlit as st

from core.arrays import Array
from core.data.tables import Table
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
from pages.ui.computing import Look, when_computed
from pages.ui.house import SVM, TWO_CLASSES
from pages.ui.owndata import current, pair_table, per_table
from pages.ui.recordings import in_line, per_recording
from pages.ui.rooms.training.lanes import lane_name
from pages.ui.rooms.training.stage import (
    frame_table,
    frames_table,
    guess,
    points_table,
    transport,
)
from pages.ui.rooms.training.stage import words as told_of
from pages.ui.session import session
from pages.ui.widgets.components import caption
from pages.ui.widgets.controls import controls, entry_name, fold, knob_controls
from pages.ui.widgets.owndata import called, own_data, pair_names
from pages.ui.widgets.show import show

T = TypeVar("T")
START = RunSpec()
SWEPT = MappingProxyType(dict(zip(KNOBS, (GAMMAS, COSTS), strict=True)))
SAMPLES = (50, 100, 200, 300, 500, 1000, 2000)
"""The machine can still learn from four fifths of the largest."""

change_machine, change_run = SVM.setter(SvmSpec), SVM.setter(RunSpec)


def open_svm() -> tuple[SvmSpec, RunSpec]:
    """What the visitor has chosen, with the visitor's own data if there are any."""
    chosen, run, *_ = SVM.open()
    return chosen, replace(run, table=pair_table())


def new_start() -> None:
    """Other initial weights and another order of the batches; data and machine stay."""
    change_run("seed", (open_svm()[1].seed + 1) % 10_000)


# Choices


def settings(t: Text, chosen: SvmSpec, run: RunSpec) -> None:
    st.markdown(f"**{t.svm.same_data}**")
    own_data(t, plane=True)
    if run.table is None:
        controls(run, t, "dataset", change=change_run, dataset=Choice(TWO_CLASSES))
    controls(run, t, "noise", change=change_run)
    with fold(t.svm.more_data, "more_data") as unfolded:
        domain = RunSpec.domains()["samples"]
        assert isinstance(domain, Whole)
        few = replace(domain, steps=SAMPLES)
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
"""A machine's scores by knob and value."""


# The machine, computed once and shared by all who see the same


class Drawn(NamedTuple):
    """The data, as a key: only what they are drawn from."""

    dataset: str
    samples: int
    noise: float
    data_seed: int
    table: Table | None = None

    @property
    def run(self) -> RunSpec:
        dataset, samples, noise, data_seed, table = self
        return RunSpec(
            dataset=dataset, samples=samples, noise=noise, data_seed=data_seed, table=table
        )

    def found(self, shared: Callable[..., T], make: Callable[..., T], chosen: SvmSpec) -> T:
        """`make(drawn, chosen)`: `shared` by all who see the same, unless the data are a visitor's
        own."""
        if self.table is None:
            return shared(self, chosen)
        key = (make.__name__, self[1:4], chosen)
        return per_table(self.table, key, lambda: make(self, chosen))


def data_of(run: RunSpec) -> Drawn:
    return Drawn(run.dataset, run.samples, run.noise, run.data_seed, run.table)


def solved(drawn: Drawn, chosen: SvmSpec) -> Svm:
    data = drawn.run.data()
    return svm.solve(data.train_x, data.train_y, chosen)


shared_machine = st.cache_resource(max_entries=300, show_spinner=False)(solved)


def machine_of(drawn: Drawn, chosen: SvmSpec) -> Svm:
    return drawn.found(shared_machine, solved, chosen)


def scored(drawn: Drawn, chosen: SvmSpec) -> Score:
    data = drawn.run.data()
    machine = machine_of(drawn, chosen)
    return Score(
        machine.accuracy(data.train_x, data.train_y),
        machine.accuracy(data.test_x, data.test_y) if data.tested else nan,
        len(machine.support),
        machine.converged,
    )


shared_score = st.cache_data(max_entries=2000, show_spinner=False)(scored)


def score_of(drawn: Drawn, chosen: SvmSpec) -> Score:
    return drawn.found(shared_score, scored, chosen)


def tabled(drawn: Drawn, chosen: SvmSpec) -> dict[str, pa.Table]:
    """The picture, its lines and rings."""
    machine = machine_of(drawn, chosen)
    reach = drawn.run.source.reach
    f = charts.answers(machine, reach)
    return {
        "picture": charts.picture_table(f),
        "lines": charts.lines_table(f, reach),
        "support": charts.support_table(machine),
    }


shared_tables = st.cache_data(max_entries=40, show_spinner=False)(tabled)


def tables_of(drawn: Drawn, chosen: SvmSpec) -> dict[str, pa.Table]:
    return drawn.found(shared_tables, tabled, chosen)


def swept(machine: Svm | None, drawn: Drawn, chosen: SvmSpec, budget: float) -> tuple[Scores, bool]:
    """A machine's scores at every value of each knob, and whether they are complete.

    Continues for `budget` seconds; what was computed before costs nothing.
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
    """What the parts of the page share.

    look: at the network. machine: None if there is none; `refusal` then says why.
    """

    t: Text
    colours: Palette
    chosen: SvmSpec
    look: Look
    machine: Svm | None
    refusal: str

    @property
    def live(self) -> bool:
        return self.look.live

    @property
    def record(self) -> Recording:
        return self.look.records[0]

    @property
    def run(self) -> RunSpec:
        return self.record.run

    @property
    def drawn(self) -> Drawn:
        return data_of(self.run)


def stage(t: Text, colours: Palette, chosen: SvmSpec, run: RunSpec) -> None:
    """Both methods, live while the network is trained or the machine's scores are computed."""
    stand_in(t)
    drawn = data_of(run)
    machine, refusal = asked_for(t, drawn, chosen)
    scores: Scores = {}

    def also(budget: float) -> bool:
        nonlocal scores
        scores, complete = swept(machine, drawn, chosen, budget)
        return complete

    def draw(look: Look) -> None:
        both(Scene(t, colours, chosen, look, machine, refusal), scores)

    when_computed(t, SVM, (run,), draw, shown=open_svm, also=also)


def stand_in(t: Text) -> None:
    """Say so if the data of another page cannot be used here."""
    own = current()
    if own is not None and pair_table() is None:
        st.info(
            t.owndata.pair_impossible.format(
                name=called(own[0], t), instead=entry_name(t, SVM.open()[1].dataset)
            ),
            icon=":material/info:",
        )
    wanted = RunSpec.from_query(session().settings).dataset
    if wanted not in TWO_CLASSES:
        st.info(
            t.svm.stand_in.format(name=entry_name(t, wanted), instead=entry_name(t, START.dataset)),
            icon=":material/info:",
        )


def asked_for(t: Text, drawn: Drawn, chosen: SvmSpec) -> tuple[Svm | None, str]:
    """The machine; if there can be none, why."""
    try:
        return machine_of(drawn, chosen), ""
    except NotTwoClasses:
        return None, t.svm.one_class
    except TooManyPoints:
        count = len(drawn.run.data().train_x)
        most = whole(MOST_POINTS, t)
        return None, t.svm.too_many.format(count=whole(count, t), most=most)


def both(scene: Scene, scores: Scores) -> None:
    """The two pictures side by side, below them the effect of gamma and C, and what that shows."""
    t, words = scene.t, scene.t.svm
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown(f"**{words.machine}**")
        if scene.machine is not None:
            machine_picture(scene, scene.machine)
            st.caption(t.numbers.sentence_gap.join([words.legend, words.strip, words.rings]))
            if (table := scene.run.table) is not None:
                st.caption(pair_names(t, table, len(table.x)))
        else:
            st.warning(scene.refusal, icon=":material/info:")
    with right:
        st.markdown(f"**{words.network_named.format(name=lane_name(t, scene.run, [scene.run]))}**")
        if scene.record.begun:
            network_picture(scene)
        else:
            st.caption(in_line(t, scene.record))
        transport(t, scene.look, scene.run, run=repr(scene.run), new_start=new_start)
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
            data=data_name(t, run),
            support=counts["support"],
            count=counts["count"],
            test=share(score.test, t),
            train=percent(score.train, t),
        ),
        points=charts.points_table(run),
        **tables_of(scene.drawn, scene.chosen),
    )


def data_name(t: Text, run: RunSpec) -> str:
    return entry_name(t, run.dataset) if run.table is None else t.owndata.name


def share(value: float, t: Text) -> str:
    """As a percentage, "–" if there is no test part."""
    return "–" if np.isnan(value) else percent(value, t)


def headline(run: RunSpec, t: Text, test: float, train: float) -> str:
    """Both accuracies, compared with guessing; a few points of one's own leave none to test on."""
    tested = run.data().tested
    return (t.svm.headline if tested else t.svm.headline_untested).format(
        test=share(test, t),
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
        return  # it could not even start, as the sentence says
    told = t.svm.alternatives.network.format(
        name=lane_name(t, run, [run]),
        data=data_name(t, run),
        test=share(last(record.history.test_accuracy[:, 0]), t),
    )
    show(
        charts.network,
        t,
        scene.colours,
        run.source,
        t.svm.alternatives.computing if scene.live else told,
        steady=True,
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


def last(values: Array) -> float:
    """The last finite value, NaN if there is none."""
    finite = values[np.isfinite(values)]
    return float(finite[-1]) if len(finite) else nan


def sweeps(scene: Scene, scores: Scores) -> None:
    """The effect of each knob, the other staying as it is."""
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
                steady=True,
                sweep=charts.sweep_table(found, t),
            )
    st.caption(words.sweep_note)


def sweep_told(scene: Scene, name: str, found: Mapping[float, Score]) -> str:
    """What the chart of one knob shows, in words."""
    t = scene.t
    low, high = min(found), max(found)
    tested = scene.run.data().tested
    best = max(found, key=lambda value: found[value].test if tested else found[value].train)
    return t.svm.alternatives.sweep.format(
        setting=t.settings[name],
        low=plain(low),
        at_low=share(found[low].test, t),
        best=plain(best),
        at_best=share(found[best].test, t),
        high=plain(high),
        at_high=share(found[high].test, t),
    )


def honesty(scene: Scene) -> None:
    """What the comparison shows, and what it does not."""
    t, words = scene.t, scene.t.svm
    count = len(scene.run.data().train_x)
    st.header(words.honest_title, anchor=False)
    st.markdown(words.honest.format(count=whole(count, t), pairs=whole(count**2, t)))
