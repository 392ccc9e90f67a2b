"""The page of digits: a network that learns to read, what it makes of a drawing, where it errs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import streamlit as st

from core.domain import Whole
from core.lessons.causes import STILL
from core.lessons.digits import (
    Reading,
    looked_for,
    pictures,
    probabilities,
    read_test,
)
from core.runs.diagnosis import diagnose
from core.runs.recording import Recording
from core.runs.training import RunSpec, Trained
from pages.charts import digits as charts
from pages.charts.facts import name_of
from pages.charts.style import Palette
from pages.texts import Text
from pages.texts.numbers import decimals, loss_of, percent, times, whole
from pages.texts.sentences import sentence
from pages.ui.computing import Look, progress, when_computed
from pages.ui.frame import write_link
from pages.ui.house import DIGITS
from pages.ui.recordings import in_line, per_recording
from pages.ui.rooms.training.stage import ends, guess
from pages.ui.settings import Digits
from pages.ui.widgets.components import PAPER, drawing
from pages.ui.widgets.controls import controls, fold, knob_controls
from pages.ui.widgets.show import show

CLASSIC = ("sigmoid", "tanh", "relu")
BLANK = (0,) * len(Digits().drawing)
SURE = 0.5
"""A picture counts as read if one digit is likelier than all others together."""


change_shown, change_run = DIGITS.setter(Digits), DIGITS.setter(RunSpec)


# Choices


def settings(t: Text, shown: Digits, run: RunSpec) -> None:
    controls(run, t, "activation", "depth", "rate", change=change_run)
    controls(shown, t, "beside", change=change_shown)
    with fold(t.digits.more_settings, "more_settings") as unfolded:
        if unfolded:
            controls(run, t, "width", "initializer", "gain", "norm", "skip", change=change_run)
            knob_controls(run, t, (run.activation,), change=change_run)
            controls(run, t, "optimizer", change=change_run)
            knob_controls(run, t, (run.optimizer,), change=change_run)
            controls(run, t, "batch", "epochs", "seed", "data_seed", change=change_run)


# The stage


@dataclass(frozen=True, eq=False)
class Scene:
    """What the parts of the page share.

    look: at the page's network, followed by those beside it.
    """

    t: Text
    colours: Palette
    shown: Digits
    look: Look

    @property
    def live(self) -> bool:
        return self.look.live

    @property
    def record(self) -> Recording:
        return self.look.records[0]

    @property
    def run(self) -> RunSpec:
        return self.record.run


def runs_of(shown: Digits, run: RunSpec) -> tuple[RunSpec, ...]:
    """The page's network and, on request, the same with the other classic activations."""
    others = [replace(run, activation=key) for key in CLASSIC if key != run.activation]
    return (run, *others) if shown.beside else (run,)


def stage(t: Text, colours: Palette, shown: Digits, run: RunSpec) -> None:
    """The page's network, live during training, and those beside it."""

    def wanted() -> tuple[RunSpec, ...]:
        return runs_of(*DIGITS.open())

    when_computed(
        t,
        DIGITS,
        runs_of(shown, run),
        lambda look: draw(Scene(t, colours, DIGITS.open()[0], look)),
        shown=wanted,
    )


def draw(scene: Scene) -> None:
    """Numbers and progress, drawing, mistakes, units."""
    t, record = scene.t, scene.record
    epochs = {"epoch": scene.look.epoch, "epochs": scene.run.epochs}
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.container(width="stretch"):
            headline(scene)
        progress(t, scene.look, t.digits.computing.format(**epochs))
    if record.final is None:
        return
    reading = reading_of(record)
    left, right = st.columns([3, 2], gap="medium")
    with left, st.container(key="drawing"):
        sketch(scene, reading)
    with right:
        course(scene)
    left, right = st.columns(2, gap="medium")
    with left:
        mistakes(scene, reading)
    with right:
        confusion(scene, reading)
    units(scene, record.final)


def headline(scene: Scene) -> None:
    """How well it reads, compared with guessing, and what is happening in it."""
    t, run = scene.t, scene.run
    if not scene.record.begun:
        st.caption(in_line(t, scene.record))
        return
    if scene.record.final is None:
        st.info(t.digits.none_yet, icon=":material/info:")
        return
    history = scene.record.history
    guessed = guess(run)
    st.markdown(
        t.digits.headline.format(
            test=percent(last(history.test_accuracy), t),
            train=percent(last(history.train_accuracy), t),
            count=len(run.data().test_x),
            guess=percent(guessed.accuracy, t),
            loss=loss_of(last(history.train_loss)),
        )
    )
    index = len(history.epoch) - 1
    found = diagnose(run, history, index, baseline=guessed.loss, guessing=guessed.accuracy)
    st.caption(sentence(run, found, len(run.data().train_x), t))


def last(values: np.ndarray[Any, Any]) -> float:
    """The first replica's latest valid number."""
    return ends(values[:, 0])[1]


# The drawing


@st.fragment
def sketch(scene: Scene, reading: Reading) -> None:
    """The picture to draw in beside the network's reading of it; redrawn by itself after a stroke,
    since nothing else depends on it."""
    scene = replace(scene, shown=DIGITS.open()[0])
    assert scene.record.final is not None
    t, network, pixels = scene.t, scene.record.final, np.array(scene.shown.drawing)
    write_link(t, DIGITS)
    probability = probabilities(network, pixels[None])[0]
    digit, share = int(probability.argmax()), float(probability.max())
    words = t.digits.answer if share > SURE else t.digits.answer_unsure
    st.header(t.digits.draw_title, anchor=False)
    left, right = st.columns([1, 1], gap="medium")
    with left:
        drawing(
            t,
            pixels=scene.shown.drawing,
            edit=drawn()[1],
            answer=words.format(digit=digit, probability=percent(share, t)),
            change=take_drawing,
        )
    with right:
        show(
            charts.bars,
            t,
            scene.colours,
            t.digits.alternatives.bars,
            bars=charts.bars_table(probability, t),
        )
    starts(scene, network.run, reading)
    if (known := known_as(network.run, scene.shown.drawing)) is not None:
        st.caption(t.digits.truth.format(number=known[0] + 1, digit=known[1]))
    data = network.run.data()
    total = len(data.train_x) + len(data.test_x)
    st.caption(t.digits.honest.format(count=whole(len(data.train_x), t), total=whole(total, t)))


def drawn() -> tuple[tuple[Any, ...], int]:
    """What the browser sent last: the pixels, and the number of their latest change."""
    sent = st.session_state.get(PAPER) or {}
    value = sent.get("drawn") or {}
    edit = value.get("edit", 0)
    return tuple(value.get("pixels", ())), edit if isinstance(edit, int) else 0


def take_drawing() -> None:
    """Keep what was drawn, if it is a picture."""
    pixels = drawn()[0]
    if pixels in Digits.domains()["drawing"]:
        change_shown("drawing", pixels)


def starts(scene: Scene, run: RunSpec, reading: Reading) -> None:
    """Pictures to start from: a blank one, a test picture, one that is read wrongly."""
    t, shown = scene.t, scene.shown
    choices = {
        "blank": BLANK,
        "sample": after(run, shown.drawing, range(len(reading.rows))),
        "mistake": after(run, shown.drawing, reading.mistakes.tolist()),
    }
    icons = {"blank": "ink_eraser", "sample": "image", "mistake": "cancel"}
    with st.container(horizontal=True, gap="small", key="starts"):
        for key, pixels in choices.items():
            st.button(
                t.digits[key],
                key=f"start_{key}",
                icon=f":material/{icons[key]}:",
                disabled=pixels is None,
                on_click=change_shown,
                args=("drawing", pixels),
            )


def after(run: RunSpec, now: tuple[int, ...], places: Sequence[int]) -> tuple[int, ...] | None:
    """Of the test pictures at these indices the one after the picture shown, else the first."""
    if len(places) == 0:
        return None
    rows = run.data().test_rows[np.asarray(places)]
    pixels = pictures()[rows]
    same = np.flatnonzero((pixels == now).all(axis=1))
    index = (int(same[0]) + 1) % len(rows) if len(same) else 0
    return tuple(int(level) for level in pixels[index])


def known_as(run: RunSpec, now: tuple[int, ...]) -> tuple[int, int] | None:
    """Which test picture the drawing is, and what it shows."""
    data = run.data()
    same = np.flatnonzero((pictures()[data.test_rows] == now).all(axis=1))
    return (int(same[0]), int(data.test_y[same[0]].argmax())) if len(same) else None


# What was learnt


@per_recording
def reading_of(record: Recording) -> Reading:
    assert record.final is not None
    return read_test(record.final)


def course(scene: Scene) -> None:
    """The share read correctly at every epoch, of all networks, beside guessing."""
    t, run = scene.t, scene.run
    histories = {r.run.activation: r.history for r in scene.look.records if r.final is not None}
    names = {key: name_of(t, key) for key in histories}
    scores = t.facts.semicolon.join(
        t.digits.score.format(name=names[key], accuracy=percent(last(history.test_accuracy), t))
        for key, history in histories.items()
    )
    guessed = guess(run).accuracy
    told = t.digits.alternatives.course.format(scores=scores, guess=percent(guessed, t))
    st.header(t.digits.course_title, anchor=False)
    show(
        charts.course,
        t,
        scene.colours,
        tuple(r.run.activation for r in scene.look.records),
        run.epochs,
        guessed,
        t.digits.alternatives.computing if scene.live else told,
        steady=True,
        course=charts.course_table(histories),
        ends=charts.ends_table(histories, names),
    )
    notes = [t.digits.compared.format(scores=scores)] if len(histories) > 1 else []
    st.caption(t.numbers.sentence_gap.join([*notes, t.digits.course_note]))


def mistakes(scene: Scene, reading: Reading) -> None:
    """Test pictures that are read wrongly, those of which the network was surest first."""
    t = scene.t
    wrong, count = len(reading.mistakes), len(reading.rows)
    shown = min(wrong, charts.MOST_MISTAKES)
    words = t.digits.mistakes if shown < wrong else t.digits.mistakes_all
    words = words if wrong else t.digits.mistakes_none
    st.header(t.digits.mistakes_title, anchor=False)
    st.caption(words.format(wrong=wrong, count=count, shown=shown))
    if not wrong:
        return
    show(
        charts.mistakes,
        t,
        scene.colours,
        charts.DOWN if scene.live else -(-shown // charts.ACROSS),
        t.digits.alternatives.computing
        if scene.live
        else t.digits.alternatives.mistakes.format(wrong=wrong, count=count),
        steady=True,
        mistakes=charts.mistakes_table(reading, t, scene.colours.ink),
    )
    st.caption(t.digits.mistakes_note)


def confusion(scene: Scene, reading: Reading) -> None:
    """Which digits are mistaken for which."""
    t, counts = scene.t, reading.confusion
    off = counts - np.diag(np.diag(counts))
    truth, predicted = np.unravel_index(off.argmax(), off.shape)
    words = t.digits.alternatives
    worst = words.confusion_worst.format(truth=truth, predicted=predicted, times=off.max())
    told = words.confusion.format(
        right=int(np.trace(counts)),
        count=len(reading.rows),
        worst=worst if off.any() else words.confusion_none,
    )
    st.header(t.digits.confusion_title, anchor=False)
    st.caption(t.digits.confusion_note)
    show(
        charts.confusion,
        t,
        scene.colours,
        words.computing if scene.live else told,
        steady=True,
        cells=charts.confusion_table(reading),
    )


def units(scene: Scene, network: Trained) -> None:
    """The weights of layer 1 as pictures, and one of them enlarged."""
    t, run, words = scene.t, scene.run, scene.t.digits
    weights, order = looked_for(network)
    shown = min(len(weights), charts.MOST_UNITS)
    chosen = min(scene.shown.unit, shown) - 1
    names = [
        words.output_of.format(digit=order[k])
        if run.depth == 0
        else words.unit_of.format(rank=k + 1, shown=shown)
        for k in range(shown)
    ]
    st.header(words.units_output if run.depth == 0 else words.units_title, anchor=False)
    st.markdown(movement(scene))
    left, right = st.columns([3, 2], gap="medium")
    with left:
        note = [words.units_note]
        if shown < len(weights):
            note.append(words.units_some.format(shown=shown, units=len(weights)))
        show(
            charts.units,
            t,
            scene.colours,
            -(-shown // charts.UNITS_ACROSS),
            words.alternatives.units.format(shown=shown),
            units=charts.units_table(weights, chosen, scene.colours, names),
        )
        st.caption(t.numbers.sentence_gap.join(note))
    with right:
        if shown > 1:
            controls(
                replace(scene.shown, unit=chosen + 1),
                t,
                "unit",
                change=change_shown,
                unit=Whole(1, shown, tuple(range(1, shown + 1))),
            )
        closely = weights[chosen]
        st.caption(names[chosen])
        show(
            charts.unit,
            t,
            scene.colours,
            charts.round_up(float(np.abs(weights).max())),
            words.alternatives.computing
            if scene.live
            else words.alternatives.unit.format(
                smallest=signed(closely.min()), largest=signed(closely.max())
            ),
            steady=True,
            unit=charts.unit_table(closely),
        )


def signed(value: float) -> str:
    return decimals(value, 2, sign=True)


def movement(scene: Scene) -> str:
    """How far layer 1 has moved from its initial weights."""
    t, moved = scene.t, scene.record.history.moved[:, 0, :1]
    if not np.isfinite(moved).any():
        return t.digits.moved_unknown
    distance = last(moved)
    words = t.digits.moved if distance >= STILL else t.digits.not_moved
    words = t.digits.moving if scene.live else words
    far = percent(distance, t) if distance < 1 else t.digits.times.format(n=times(distance, t))
    return words.format(moved=far)
