"""The lanes of the training page: which runs stand side by side, and what changes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import streamlit as st

from core.data.tables import shortened
from core.domain import Choice, Domain, Flag
from core.nn.gains import backward_gain, forward_gain
from core.nn.own import activation_of
from core.runs.lanes import MOST_LANES, SHARED, Lanes, changed, lane_keys
from core.runs.training import RunSpec
from pages.charts.measures import MEASURES
from pages.files.reading import Reading
from pages.texts import Text
from pages.texts.numbers import plain, power, written
from pages.ui.house import TRAINING
from pages.ui.owndata import own_table
from pages.ui.session import keep, linked
from pages.ui.settings import Stage
from pages.ui.widgets.controls import (
    Change,
    controls,
    entry_name,
    fold,
    knob_controls,
    knob_label,
    reset,
    taken,
)
from pages.ui.widgets.owndata import own_data

KEPT = (*RunSpec.keys(), *lane_keys(), *Stage.keys())
"""The keys of a link that hold the lanes; the others hold the visitor's own data."""
KNOBS = frozenset({"knobs", "constants"})
"""Settings of which a run uses only those of its activation and its optimizer."""


def open_lanes() -> tuple[Stage, Lanes]:
    """What the visitor has chosen, on the visitor's own data if there are any."""
    stage, lanes, *_ = TRAINING.open()
    table = own_table()
    own = lanes if table is None else tuple(replace(run, table=table) for run in lanes)
    return replace(stage, lanes=len(lanes)), own


def link_of(stage: Stage, lanes: Lanes) -> dict[str, str]:
    """The lanes as a link, and which columns of the visitor's own data they learn from."""
    table = lanes[0].table
    own = () if table is None else (table.columns, linked(Reading))
    return TRAINING.link_of(stage, lanes, *own)


def set_lanes(stage: Stage, lanes: Lanes) -> None:
    keep(link_of(stage, lanes), KEPT)  # a link's file stays, even while it is missing


def change_stage(name: str, value: Any) -> None:
    """A setting of the page, as the reader chose it; a new lane begins as a copy of the first."""
    stage, lanes = open_lanes()
    stage = replace(stage, **{name: value})
    set_lanes(stage, (*lanes, *[lanes[0]] * MOST_LANES)[: stage.lanes])


def show_unit(place: str) -> None:
    """Open the hidden unit at `layer.unit` in the laboratory."""
    layer, unit = map(int, place.split("."))
    stage, lanes = open_lanes()
    set_lanes(replace(stage, tool="units", unit_layer=layer, unit_number=unit), lanes)


def change_all(name: str, value: Any) -> None:
    """A setting of every lane that has no value of its own."""
    stage, lanes = open_lanes()
    set_lanes(stage, changed(lanes, name, value))


def change_one(lane: int, name: str, value: Any) -> None:
    """A setting of one lane."""
    stage, lanes = open_lanes()
    own = replace(lanes[lane], **{name: value})
    set_lanes(stage, (*lanes[:lane], own, *lanes[lane + 1 :]))


def new_start() -> None:
    """Other first weights and another order of the batches; the data stay."""
    change_all("seed", (open_lanes()[1][0].seed + 1) % 10_000)


def settings(t: Text, stage: Stage, lanes: Lanes) -> None:
    """What matters most, for all lanes; behind folds everything else, for one lane too."""
    controls(lanes[0], t, "depth", "rate", change=change_all)
    with fold(t.training.more_settings, "more_settings") as unfolded:
        if unfolded:
            more_settings(t, stage, lanes)


def more_settings(t: Text, stage: Stage, lanes: Lanes) -> None:
    """The data and the length of the runs; the networks, all or one; what is shown."""
    data, network, view = st.tabs([t.training.tabs[name] for name in t.training.tabs])
    with data:
        own_data(t)
        if lanes[0].table is None:
            controls(lanes[0], t, "dataset", change=change_all)
        controls(lanes[0], t, "samples", "noise", "data_seed", change=change_all)
        controls(lanes[0], t, "epochs", "seed", "replicas", change=change_all)
    with network:
        lane = target(t, lanes)
        run = lanes[lane or 0]
        change: Change = change_all if lane is None else partial(change_one, lane)
        key = "" if lane is None else f"lane{lane + 1}."
        if lane is not None:
            controls(run, t, "depth", "rate", change=change, key=key)
        controls(run, t, "width", "activation", "initializer", "gain", change=change, key=key)
        gains_of_theory(t, run)
        knob_controls(run, t, (run.activation,), change=change, key=key)
        controls(run, t, "optimizer", change=change, key=key)
        knob_controls(run, t, (run.optimizer,), change=change, key=key)
        controls(run, t, "batch", "precision", change=change, key=key)
        controls(run, t, "norm", "skip", "clip", "warmup", change=change, key=key)
        controls(run, t, "frozen", "amplify", change=change, key=key)
    with view:
        controls(stage, t, "lanes", change=change_stage)
        measure_choice(t, stage)


def target(t: Text, lanes: Lanes) -> int | None:
    """Which lane the settings below change, by its index; None for all."""
    if len(lanes) == 1:
        return None
    keys = ["all", *map(str, range(len(lanes)))]
    if st.session_state.get("target") not in keys:
        reset("target", "all")
    chosen = st.segmented_control(
        t.training.target,
        keys,
        format_func=lambda k: t.training.all_lanes if k == "all" else str(int(k) + 1),
        required=True,
        key="target",
    )
    return None if chosen is None or chosen == "all" else int(chosen)


def gains_of_theory(t: Text, run: RunSpec) -> None:
    """The gains that keep the signal, or the error, at its size with LeCun's weights."""
    activation = activation_of(run.activation)
    forwards = forward_gain(activation, **run.knob_values)
    backwards = backward_gain(activation, **run.knob_values)
    st.caption(
        f"{t.training.gains}: {t.training.gain_forward.format(gain=power(forwards, 4))}, "
        f"{t.training.gain_backward.format(gain=power(backwards, 4))}"
    )


def measure_choice(t: Text, stage: Stage) -> None:
    """The way, backwards or forwards, and what is drawn of every layer on it."""
    backward = MEASURES[stage.measure].backward
    first = {
        way: next(k for k, m in MEASURES.items() if m.backward == way) for way in (True, False)
    }
    reset("way", backward)
    st.segmented_control(
        t.training.direction,
        [True, False],
        format_func=lambda back: t.training.backwards if back else t.training.forwards,
        required=True,
        key="way",
        on_change=taken,
        args=("way", lambda back: change_stage("measure", first[back])),
    )
    options = Choice({k: m for k, m in MEASURES.items() if m.backward == backward})
    controls(stage, t, "measure", "linear", change=change_stage, measure=options)


DOT = " · "


def lane_name(t: Text, run: RunSpec, lanes: Sequence[RunSpec]) -> str:
    """The lane's activation function, and whatever else differs between the lanes."""
    return DOT.join(lane_parts(t, run, lanes))


def lane_parts(t: Text, run: RunSpec, lanes: Sequence[RunSpec]) -> list[str]:
    """The parts of a lane's name; a formula is one, though it may have dots."""
    parts = [entry_name(t, run.activation)]
    for name in [name for name in run.domains() if name not in SHARED | KNOBS | {"activation"}]:
        if len({getattr(other, name) for other in lanes}) > 1:
            parts.append(setting_text(t, name, getattr(run, name)))
    for knob, value in (*run.knobs, *run.constants):
        if knob.split(".")[0] in (run.activation, run.optimizer):
            parts.append(f"{knob_label(knob)} = {plain(value)}")
    return [part for part in parts if part]


def names_apart(t: Text, lanes: Sequence[RunSpec]) -> list[str]:
    """The lanes' names without what they have in common, where anything else is left of them."""
    parts = [lane_parts(t, run, lanes) for run in lanes]
    common = set.intersection(*map(set, parts))
    return [DOT.join([p for p in own if p not in common] or own) for own in parts]


def cut_apart(names: Sequence[str], most: int) -> list[str]:
    """Names of at most so many letters: their beginnings, or where two begin alike their ends,
    which have the values.
    """
    begun = [shortened(name, most) for name in names]
    if len(set(begun)) == len(set(names)):
        return begun
    return [name if len(name) <= most else "…" + whole_words(name[1 - most :]) for name in names]


def whole_words(end: str) -> str:
    """The end of a name without the word that it begins within, if others follow."""
    return end.partition(" ")[2].lstrip() or end


def setting_text(t: Text, name: str, value: object) -> str:
    """One setting and its value, as in 'Hidden layers 5'; the choice alone where it is one."""
    domain: Domain = RunSpec.domains()[name]
    if isinstance(domain, Choice):
        return entry_name(t, str(value), domain.options) if value != "none" else ""
    if isinstance(domain, Flag):
        return t.settings[name] if value else ""
    return f"{t.settings[name]} {written(domain, value)}"


def changes(t: Text, before: RunSpec, after: RunSpec) -> list[str]:
    """What differs between two runs, for people: 'Learning rate 0.1 → 1'."""
    return [
        f"{t.settings[name]} {text(t, before, name)} → {text(t, after, name)}"
        for name in after.domains()
        if name not in KNOBS and chosen_value(before, name) != chosen_value(after, name)
    ]


def chosen_value(run: RunSpec, name: str) -> Any:
    """A setting's value; of the data, the visitor's own in place of the data set's name."""
    return run.table if name == "dataset" and run.table is not None else getattr(run, name)


def text(t: Text, run: RunSpec, name: str) -> str:
    domain = RunSpec.domains()[name]
    if name == "dataset" and run.table is not None:
        return t.owndata.name
    value = getattr(run, name)
    return (
        entry_name(t, value, domain.options)
        if isinstance(domain, Choice)
        else written(domain, value)
    )
