"""Scene 8: the support vector machine on the same points, and what came later."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import streamlit as st

from core.data.datasets import DATASETS
from core.domain import Query
from core.lessons import svm as machines
from core.lessons.remedies import treated
from core.lessons.svm import Svm, SvmSpec
from core.runs.presets import PRESETS
from core.runs.recording import Recording, grid
from core.runs.training import RunSpec, train
from pages.charts import scenes as charts
from pages.charts import training
from pages.texts import Text
from pages.texts.numbers import percent, power
from pages.ui.frame import palette
from pages.ui.house import STORY, SVM, TRAINING
from pages.ui.recordings import per_recording
from pages.ui.rooms import svm
from pages.ui.rooms.story.scenes.race import learnt
from pages.ui.rooms.story.scenes.scene import (
    Myth,
    Outcome,
    Scene,
    changes,
    computed,
    replay,
    untrained,
)
from pages.ui.rooms.training import lanes
from pages.ui.rooms.training.stage import frames_table, points_table, words
from pages.ui.session import linked
from pages.ui.settings import REMEDIES_SINCE, Stage, ToldSince
from pages.ui.widgets.components import caption
from pages.ui.widgets.controls import reset, taken
from pages.ui.widgets.show import show

NETWORK = PRESETS["race"][0]
MACHINE = SvmSpec()
SOLVED = 0.9
"""The share of new points above which the machine has solved the task."""
SEEDS = 8


def run_now() -> RunSpec:
    """The network from the chosen start, with the chosen remedy."""
    told = linked(ToldSince)
    return replace(treated(NETWORK, [told.told_remedy]), seed=told.told_start)


def play(t: Text, shown: bool) -> Outcome | None:
    """The points twice; then the machine's answer beside the network's."""
    run = run_now() if shown else NETWORK
    done = computed(t, (run,)) if shown else None
    record = done[0] if done else untrained(run)
    if not record.begun:
        st.caption(t.story.running)
        return None
    machine = svm.machine_of(svm.data_of(NETWORK), MACHINE)
    if done:
        replay(t, run, run)
    left, right = st.columns(2, gap="medium")
    with left:
        machine_side(t, record, machine, shown=shown)
    with right:
        network_side(t, record, asked=shown, shown=bool(done))
    if not shown:
        return None
    remedies(t)
    return outcome(t, record, machine) if done else None


def machine_side(t: Text, record: Recording, machine: Svm, *, shown: bool) -> None:
    """The support vector machine, or before the guess only the points."""
    words, colours, run = t.scene_since, palette(), record.run
    data = run.data()
    st.markdown(f"**{t.svm.machine}**")
    if not shown:
        show(
            charts.plane,
            t,
            colours,
            run.source,
            words.alternatives.points,
            frames=training.frames_table([record.frames[0]], run, t).slice(0, 0),
            points=points_table(record),
        )
        return
    test = percent(machine.accuracy(data.test_x, data.test_y), t)
    support = len(machine.support)
    caption(
        t.svm.machine,
        [(0, words.new_points.format(share=test, count=len(data.test_x)))],
        [(0, words.support.format(support=support, count=len(data.train_x)), "")],
        lines=2 + t.numbers.extra_lines,
        key="caption_machine",
    )
    show(
        charts.machine,
        t,
        colours,
        run.source,
        words.alternatives.machine.format(test=test, support=support),
        points=points_table(record),
        **svm.tables_of(svm.data_of(NETWORK), MACHINE),
    )


def network_side(t: Text, record: Recording, *, asked: bool, shown: bool) -> None:
    """The network; unless `shown`, before training. asked: whether the reader has guessed."""
    own, colours, run = t.scene_since, palette(), record.run
    history = record.history
    st.markdown(f"**{own.network.format(name=lanes.lane_name(t, run, [run, NETWORK]))}**")
    if asked:
        kept = slice(None) if shown else slice(1)
        caption(
            t.svm.network,
            headlines(record, t)[kept],
            words(record, t, False)[1][kept],
            lines=2 + t.numbers.extra_lines,
            key="caption_network",
        )
    test = percent(float(history.test_accuracy[-1 if shown else 0, 0]), t)
    first = [replace(record.frames[0], epoch=0)]
    show(
        charts.plane,
        t,
        colours,
        run.source,
        own.alternatives.network.format(test=test),
        frames=frames_table(record, t) if shown else training.frames_table(first, run, t),
        points=points_table(record),
    )


@per_recording
def headlines(record: Recording, t: Text) -> list[tuple[int, str]]:
    """The accuracy on new points, each with the epoch from which it holds."""
    history, count = record.history, len(record.run.data().test_x)
    lines = (
        t.scene_since.new_points.format(share=percent(float(share), t), count=count)
        for share in history.test_accuracy[:, 0]
    )
    return changes(history.epoch.tolist(), lines)


def remedies(t: Text) -> None:
    """Another start, and what came later: one remedy at a time, on the same network."""
    own, told = t.scene_since, linked(ToldSince)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        reset("told_remedy", told.told_remedy)
        st.pills(
            t.settings.told_remedy,
            list(REMEDIES_SINCE),
            format_func=lambda key: own.remedies[key],
            key="told_remedy",
            on_change=taken,
            args=("told_remedy", partial(STORY.change, ToldSince, "told_remedy")),
        )
        st.button(
            t.training.new_start,
            key="told_new_start",
            icon=":material/casino:",
            on_click=STORY.change,
            args=(ToldSince, "told_start", (told.told_start + 1) % 10_000),
        )
    st.caption(own.came[told.told_remedy])


@st.cache_data(max_entries=4, show_spinner=False)
def same_from_another_start(run: RunSpec, chosen: SvmSpec) -> bool:
    """Whether a machine that meets the points in another order gives the same answers."""
    data = run.data()
    order = np.random.default_rng(1).permutation(len(data.train_x))
    plane = grid(DATASETS[run.dataset].reach)
    one, other = (
        machines.solve(data.train_x[rows], data.train_y[rows], chosen).decide(plane) > 0
        for rows in (np.arange(len(order)), order)
    )
    return float((one == other).mean()) > 0.995


def outcome(t: Text, record: Recording, machine: Svm) -> Outcome:
    """What the machine does with XOR, and whether that depends on its start."""
    data = record.run.data()
    test = machine.accuracy(data.test_x, data.test_y)
    solved, same = test > SOLVED, same_from_another_start(NETWORK, MACHINE)
    told = {
        "svm": percent(test, t),
        "support": str(len(machine.support)),
        "count": str(len(data.train_x)),
        "net": percent(float(record.history.test_accuracy[-1, 0]), t),
    }
    return Outcome("a" if not solved else "b" if same else "c", told)


def leaves_out(t: Text) -> None:
    """What else played a part, and what the story leaves out."""
    st.markdown(t.scene_since.left_out)


def apart() -> tuple[str, Query]:
    return "svm", SVM.link_of(MACHINE, run_now())


def myth(t: Text) -> Myth | None:
    """The same sigmoid network without and with batch normalization."""
    plain = replace(NETWORK, replicas=SEEDS)
    runs = (plain, treated(plain, ["batch_norm"]))
    done = computed(t, runs)
    if done is None:
        return None
    before, after = (learnt(record) for record in done)
    told = {"seeds": SEEDS, "plain": before, "norm": after, "depth": NETWORK.depth}
    return Myth(
        "false" if 2 * after > SEEDS else "true",
        {name: str(value) for name, value in told.items()},
        "training",
        TRAINING.link_of(Stage(), runs),
    )


def only_back(t: Text) -> Myth:
    """How much the outputs of an untrained network's layers differ from point to point."""
    signal = forward_signal(NETWORK)
    told = {
        "depth": str(NETWORK.depth),
        "first": power(signal[0]),
        "last": power(signal[NETWORK.depth - 1]),
    }
    fades = signal[NETWORK.depth - 1] < 0.5 * signal[0]
    link = TRAINING.link_of(Stage(measure="signal"), (NETWORK,))
    return Myth("false" if fades else "true", told, "training", link)


@st.cache_data(max_entries=4, show_spinner=False)
def forward_signal(run: RunSpec) -> tuple[float, ...]:
    """For every layer the standard deviation of its outputs over the points, before training."""
    return tuple(next(train(run)).signal[0].tolist())


SINCE = Scene("since", "b", play, apart, myth, why=leaves_out, dials=ToldSince, also=only_back)
