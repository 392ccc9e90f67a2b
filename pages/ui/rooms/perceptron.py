"""The page of the perceptron: a line by hand, the rule that learns one, the fold of a layer."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from functools import partial
from math import ceil
from typing import NamedTuple, TypeVar

import numpy as np
import pyarrow as pa
import streamlit as st

from core.arrays import Array
from core.data.tables import Table
from core.lessons import folding
from core.lessons.folding import Fold, Folder
from core.lessons.perceptron import (
    MOST_UPDATES,
    POINT_SETS,
    Best,
    Lesson,
    Line,
    Margin,
    Points,
    PointSet,
    best_line,
    drawn,
    learn,
    of_table,
    widest_margin,
)
from pages.charts import perceptron as charts
from pages.charts.style import Palette
from pages.texts import Text
from pages.texts.numbers import decimals, plain, power, significant
from pages.ui.house import PERCEPTRON
from pages.ui.owndata import pair_table, per_table
from pages.ui.settings import LINE_PARTS, OWN_POINTS, OneLine
from pages.ui.widgets.components import Dial, caption, clock, probe
from pages.ui.widgets.controls import controls, entry_name, one_part
from pages.ui.widgets.owndata import ask_for_pair, own_data, pair_names
from pages.ui.widgets.show import show

T = TypeVar("T")
AROUND_ZERO = "quadrants"
"""A set of points centred at zero, as a visitor's own are."""
MOST_HALF = 6.0
"""How far from zero a visitor's own points are drawn."""

CLOCK_SECONDS = 12.0
SLOWEST, FASTEST = 1.5, 33.0
"""Mistakes a second at which the rule is played, so that a run takes about CLOCK_SECONDS."""

change_shown, change_folder = PERCEPTRON.setter(OneLine), PERCEPTRON.setter(Folder)


# Choices


def part_choice(t: Text, shown: OneLine) -> None:
    """What the page shows."""
    parts = {key: t.options[key] for key in LINE_PARTS}
    one_part("line_part", t.settings.line_part, parts, shown.line_part, change_shown)


def settings(t: Text, shown: OneLine, folder: Folder) -> None:
    """The points, and what the current part of the page needs."""
    controls(shown, t, "line_points", change=change_shown)
    if shown.line_points == OWN_POINTS:
        own_data(t, plane=True, split=False)
    source = source_of(shown)
    if source is not None and not source.chosen.corners:
        controls(shown, t, "line_count", "line_seed", change=change_shown)
    if PARTS[shown.line_part] is hand_part:
        controls(shown, t, "line_follow", "line_best", change=change_shown)
    if PARTS[shown.line_part] is fold_part:
        controls(folder, t, "fold_origin", change=change_folder)
        if not folder.by_hand:
            controls(folder, t, "fold_bend", "fold_units", "fold_seed", change=change_folder)


# What is computed, shared by all who see the same


class Source(NamedTuple):
    """The source of the points: a set, with their number and seed; or a visitor's own data."""

    key: str
    count: int  # type: ignore[assignment]
    seed: int
    table: Table | None = None

    @property
    def points(self) -> Points:
        if self.table is None:
            return drawn(*self[:3])
        return per_table(
            self.table,
            ("points", self.count, self.seed),
            partial(of_table, self.table.x, self.table.y[:, 0], self.count, self.seed),
        )

    @property
    def chosen(self) -> PointSet:
        if self.table is None:
            return POINT_SETS[self.key]
        farthest = float(np.abs(self.points.x).max())
        return PointSet(self.key, nothing_drawn, half=min(ceil(11.5 * farthest) / 10, MOST_HALF))

    def found(self, shared: Callable[..., T], make: Callable[..., T], *more: Hashable) -> T:
        """`make(points, *more)`: for a set, `shared` by all who see the same."""
        if self.table is None:
            return shared(*self[:3], *more)
        key = (make.__name__, self.count, self.seed, *more)
        return per_table(self.table, key, lambda: make(self.points, *more))


def nothing_drawn(count: int, seed: int) -> tuple[Array, Array]:
    """A visitor's own points are never drawn at random."""
    raise NotImplementedError


@dataclass(frozen=True, eq=False)
class Scene:
    """The points on the page, and what they are."""

    source: Source
    chosen: PointSet
    points: Points
    name: str

    @property
    def all(self) -> int:
        return len(self.points.y)


@st.cache_data(max_entries=60, show_spinner=False)
def shared_best(key: str, count: int, seed: int) -> Best:
    return best_line(drawn(key, count, seed))


def best_of(source: Source) -> Best:
    return source.found(shared_best, best_line)


@st.cache_data(max_entries=60, show_spinner=False)
def shared_angles(key: str, count: int, seed: int) -> pa.Table:
    return charts.angles_table(drawn(key, count, seed))


def angles_of(source: Source) -> pa.Table:
    return source.found(shared_angles, charts.angles_table)


def learnt(points: Points) -> tuple[Lesson, Margin]:
    return learn(points), widest_margin(points)


@st.cache_data(max_entries=60, show_spinner=False)
def shared_lesson(key: str, count: int, seed: int) -> tuple[Lesson, Margin]:
    return learnt(drawn(key, count, seed))


def lesson_of(source: Source) -> tuple[Lesson, Margin]:
    return source.found(shared_lesson, learnt)


@st.cache_resource(max_entries=60, show_spinner=False)
def shared_fold(key: str, count: int, seed: int, folder: Folder) -> Fold:
    return folding.fold_of(key, drawn(key, count, seed), folder)


def folded(points: Points, folder: Folder) -> Fold:
    return folding.fold_of(AROUND_ZERO, points, folder)


def fold_of(source: Source, folder: Folder) -> Fold:
    return source.found(shared_fold, folded, folder)


def source_of(shown: OneLine) -> Source | None:
    """The source of the points; None if a visitor's own are missing.

    The corners depend on nothing but their name.
    """
    if shown.line_points == OWN_POINTS:
        table = pair_table()
        if table is None:
            return None
        count = min(shown.line_count, len(table.x))
        return Source(OWN_POINTS, count, shown.line_seed, table)
    if POINT_SETS[shown.line_points].corners:
        return Source(shown.line_points, 4, 0)
    return Source(shown.line_points, shown.line_count, shown.line_seed)


# The parts of the page


def part(t: Text, colours: Palette, shown: OneLine, folder: Folder) -> None:
    """The chosen part; if the visitor's own points are missing, a way to bring them."""
    source = source_of(shown)
    if source is None:
        ask_for_pair(t)
        return
    name = t.owndata.name
    if source.table is None:
        name = entry_name(t, shown.line_points, POINT_SETS)
    else:
        st.caption(pair_names(t, source.table, len(source.points.y)))
    scene = Scene(source, source.chosen, source.points, name)
    PARTS[shown.line_part](t, colours, scene, shown, folder)


def share(right: int, everything: int) -> str:
    """As a percentage, the way the browser writes it: 70.3."""
    return decimals(100 * right / everything, 1)


def count_words(t: Text, right: int, scene: Scene) -> str:
    return t.perceptron.count.format(n=right, all=scene.all, share=share(right, scene.all))


def hand_part(t: Text, colours: Palette, scene: Scene, shown: OneLine, folder: Folder) -> None:
    """A line moved by the reader, and the most that any line can do."""
    words, chosen = t.perceptron, scene.chosen
    best, table = best_of(scene.source), angles_of(scene.source)
    follow = charts.followed(table, chosen) if shown.line_follow else ()
    left, right = st.columns([3, 2], gap="medium")
    with left:
        dials(t, shown)
        show(
            charts.by_hand,
            t,
            colours,
            chosen,
            follow,
            shown.line_best,
            words.alternatives.by_hand.format(
                points=scene.name, all=scene.all, best=count_words(t, best.correct, scene)
            ),
            points=charts.points_table(scene.points),
            best=charts.line_table(best.line, chosen),
        )
        st.caption(joined(t, words.legend, words.legend_line))
    with right:
        st.markdown(best_words(t, best, scene))
        lowest = min(0.4, float(np.floor(10 * min(table["share"].to_pylist())) / 10))
        st.markdown(f"**{words.angles_title}**")
        show(
            charts.angles,
            t,
            colours,
            chosen,
            follow,
            best.correct / scene.all,
            lowest,
            words.alternatives.angles.format(best=count_words(t, best.correct, scene)),
            angles=table,
            points=charts.points_table(scene.points),
        )
        st.caption(words.angles_note)
        if chosen.corners:
            st.markdown(f"**{words.demands_title}**")
            show(
                charts.demands,
                t,
                colours,
                chosen,
                follow,
                words.alternatives.demands.format(points=scene.name),
                demands=charts.demands_table(scene.points, t),
            )
            if best.correct < scene.all:
                contradiction(t)


def angle(label: str, start: int, change: Callable[[int], None]) -> None:
    """The line's angle in degrees, moved in the browser."""
    last = charts.TURNS - 1
    places = tuple(f"{turn}°" for turn in range(charts.TURNS))
    dial = Dial(label, 0, last, last, start, places=places)
    probe("turn", dial, keep=lambda turn: change(round(turn)))


def dials(t: Text, shown: OneLine) -> None:
    """Angle and shift: moved in the browser, remembered when let go."""
    angle(t.settings.line_turn, shown.line_turn, lambda turn: change_shown("line_turn", turn))
    if shown.line_follow:
        return
    label, start = t.settings.line_shift, shown.line_shift
    dial = Dial(label, -charts.SHIFT, charts.SHIFT, charts.SHIFTS, start)
    dial = replace(dial, places=tuple(signed(dial.at(k)) for k in range(dial.count + 1)))
    probe("shift", dial, keep=lambda shift: change_shown("line_shift", round(shift, 2)))


def signed(value: float) -> str:
    return "0.00" if abs(value) < 5e-3 else decimals(value, 2, sign=True)


def joined(t: Text, *sentences: str) -> str:
    return t.numbers.sentence_gap.join(sentences)


def best_words(t: Text, best: Best, scene: Scene) -> str:
    """The most points that any line classifies correctly."""
    words = t.perceptron
    told = words.best_all if best.correct == scene.all else words.best_some
    return told.format(count=count_words(t, best.correct, scene))


def contradiction(t: Text) -> None:
    """Why no line meets all four demands of XOR."""
    words = t.perceptron
    st.markdown(words.contradiction)
    st.latex(
        r"\begin{aligned}"
        r"b \le 0,\ w_1 + w_2 + b \le 0 \\"
        r"\Rightarrow\; w_1 + w_2 + 2b &\le 0 \\[4pt]"
        r"w_2 + b > 0,\ w_1 + b > 0 \\"
        r"\Rightarrow\; w_1 + w_2 + 2b &> 0"
        r"\end{aligned}"
    )
    st.caption(words.contradiction_note)


def rule_part(t: Text, colours: Palette, scene: Scene, shown: OneLine, folder: Folder) -> None:
    """Rosenblatt's rule, mistake by mistake."""
    words, chosen = t.perceptron, scene.chosen
    lesson, margin = lesson_of(scene.source)
    last = len(lesson.updates)
    with st.container(key="rule"):  # on a projector it is below the picture
        st.latex(
            r"\begin{gathered}\text{" + words.if_wrong + r"}\ s\,(w_1 x_1 + w_2 x_2 + b) \le 0: \\"
            r"(w_1, w_2, b) \leftarrow (w_1, w_2, b) + s\,(x_1, x_2, 1)\end{gathered}"
        )
        st.caption(words.rule_note)
    clock(
        t,
        run=repr(scene.source),
        last=last,
        total=last,
        stride=1,
        live=False,
        rate=min(max(last / CLOCK_SECONDS, SLOWEST), FASTEST),
        words=words.clock,
    )
    left, right = st.columns([3, 2], gap="medium")
    with left:
        caption(
            words.rule_name,
            [(0, words.step_head.format(mistakes=0, all=scene.all, right=right_of(scene)))]
            + [
                (
                    k,
                    words.step_head.format(
                        mistakes=k, all=scene.all, right=update.after.correct(scene.points)
                    ),
                )
                for k, update in enumerate(lesson.updates, start=1)
            ],
            [(0, words.step_none, "")]
            + [(k, step_words(t, scene, lesson, k), "") for k in range(1, last + 1)],
            lines=2,
            key="caption_rule",
        )
        show(
            charts.lesson_plane,
            t,
            colours,
            chosen,
            words.alternatives.lesson.format(
                points=scene.name, mistakes=last, all=scene.all, right=final(scene, lesson)
            ),
            points=charts.points_table(scene.points),
            lines=charts.lines_table(lesson, chosen),
            corrected=charts.corrected_table(lesson, scene.points),
        )
        st.caption(joined(t, words.legend, words.ring_note))
    with right:
        sides = [
            lambda: count_of_mistakes(t, colours, lesson, margin),
            lambda: course_of_weights(t, colours, lesson),
        ]
        if lesson.cycle is not None:  # a cycle shows in the weights, so they come first
            sides.reverse()
        sides[0]()  # before the words, as a projector shows no more than comes first
        st.markdown(outcome(t, lesson, margin))
        sides[1]()


def count_of_mistakes(t: Text, colours: Palette, lesson: Lesson, margin: Margin) -> None:
    """Mistakes against points looked at, beside their bound."""
    words, last = t.perceptron, len(lesson.updates)
    show(
        charts.mistakes,
        t,
        colours,
        lesson.seen,
        last,
        margin,
        words.alternatives.mistakes.format(mistakes=last, seen=lesson.seen),
        mistakes=charts.mistakes_table(lesson),
    )
    if margin.line is not None:
        st.caption(
            words.bound_note.format(
                radius=decimals(margin.radius, 3),
                gamma=decimals(margin.gamma, 3),
                bound=charts.bound_number(margin),
            )
        )


def course_of_weights(t: Text, colours: Palette, lesson: Lesson) -> None:
    """The weights mistake by mistake, and the rounds of a cycle."""
    words, last = t.perceptron, len(lesson.updates)
    st.markdown(f"**{words.weights_title}**")
    show(
        charts.weights,
        t,
        colours,
        last,
        words.alternatives.weights.format(mistakes=last),
        weights=charts.weights_table(lesson),
        rounds=charts.rounds_table(lesson),
    )
    if lesson.cycle is not None:
        st.caption(words.rounds_note.format(period=lesson.cycle.period))


def right_of(scene: Scene) -> int:
    """How many are right before the first step: with weights 0 every answer is class A."""
    return Line(0.0, 0.0, 0.0).correct(scene.points)


def final(scene: Scene, lesson: Lesson) -> int:
    return lesson.updates[-1].after.correct(scene.points) if lesson.updates else right_of(scene)


def step_words(t: Text, scene: Scene, lesson: Lesson, k: int) -> str:
    """The k-th mistake, and the weights after it."""
    update = lesson.updates[k - 1]
    x1, x2 = scene.points.x[update.point]
    label = scene.points.y[update.point]
    told = t.perceptron.step.format(
        x1=number(x1),
        x2=number(x2),
        name="AB"[int(label)],
        sign="" if label else "−",
        w1=number(update.after.w1),
        w2=number(update.after.w2),
        b=number(update.after.b),
        at=update.seen,
    )
    if update.after.w1 == update.after.w2 == 0:
        told = joined(t, told, t.perceptron.step_flat.format(name="AB"[int(update.after.b > 0)]))
    return told


def number(value: float) -> str:
    return significant(value, 3)


def outcome(t: Text, lesson: Lesson, margin: Margin) -> str:
    """How the rule ended, if it did."""
    words, last = t.perceptron, len(lesson.updates)
    if lesson.stopped:
        return words.stopped.format(
            mistakes=last, bound=charts.bound_number(margin), seen=lesson.seen
        )
    if lesson.cycle is not None:
        first, period = lesson.cycle
        return words.cycles.format(first=first, again=first + period, period=period)
    if margin.line is not None:
        return words.not_yet.format(mistakes=MOST_UPDATES, bound=charts.bound_number(margin))
    return words.never.format(mistakes=last)


def fold_part(t: Text, colours: Palette, scene: Scene, shown: OneLine, folder: Folder) -> None:
    """The points in the input plane, and on their way into the hidden layer."""
    words, chosen, points = t.perceptron, scene.chosen, scene.points
    with st.spinner(words.training):
        fold = fold_of(scene.source, folder)
    plane = folding.chart(fold, points.x)
    right, best = fold.correct(points), best_of(scene.source)
    if folder.by_hand:
        st.latex(hand_formula(fold))
    st.markdown(
        words.fold_count.format(
            network=count_words(t, right, scene), line=count_words(t, best.correct, scene)
        )
    )
    if folder.by_hand and right < best.correct:
        st.caption(words.hand_only)
    percents = tuple(f"{k}%" for k in range(101))
    dial = Dial(t.settings.fold_way, 0, 100, 100, shown.fold_way, places=percents)
    probe("fold", dial, keep=lambda way: change_shown("fold_way", round(way)))
    names = ("h₁", "h₂") if plane.exact else (words.along, words.across)
    left, middle = st.columns(2, gap="medium")
    with left:
        st.markdown(f"**{words.input_title}**")
        show(
            charts.input_plane,
            t,
            colours,
            chosen,
            len(fold.v),
            words.alternatives.input.format(
                points=scene.name, units=len(fold.v), count=count_words(t, right, scene)
            ),
            points=charts.points_table(points),
            regions=charts.regions_table(fold, chosen),
            units=charts.units_table(fold, chosen),
        )
        st.caption(joined(t, words.legend, words.legend_fold))
    with middle:
        st.markdown(f"**{words.hidden_title}**")
        show(
            charts.folding,
            t,
            colours,
            chosen.corners,
            names,
            words.alternatives.folding.format(
                units=len(fold.v), count=count_words(t, right, scene)
            ),
            **charts.folded_tables(fold, plane, points, chosen),
        )
        st.caption(words.hidden_note if plane.exact else words.hidden_note_more)
    if chosen.corners:
        st.markdown(corner_table(t, fold, points))


def hand_formula(fold: Fold) -> str:
    """The two units and the output, with their numbers."""

    def term(factor: float, name: str) -> str:
        sign = "-" if factor < 0 else "+"
        size = "" if abs(factor) == 1 else plain(abs(factor))
        return f" {sign} {size}{name}"

    def summed(terms: list[tuple[float, str]], constant: float) -> str:
        text = "".join(term(factor, name) for factor, name in terms)
        if constant:
            text += f" {'-' if constant < 0 else '+'} {plain(abs(constant))}"
        return text.strip().removeprefix("+ ")

    sums = [
        summed(list(zip(w, ("x_1", "x_2"), strict=True)), b)
        for w, b in zip(fold.w.T, fold.b, strict=True)
    ]
    units = [rf"h_{k} &= \operatorname{{relu}}({total})" for k, total in enumerate(sums, start=1)]
    output = summed(list(zip(fold.v, ("h_1", "h_2"), strict=True)), fold.c)
    rows = r" \\ ".join([*units, rf"\text{{B}} &\iff {output} > 0"])
    return rf"\begin{{aligned}}{rows}\end{{aligned}}"


def corner_table(t: Text, fold: Fold, points: Points) -> str:
    """Where each corner lands: one row per corner."""
    head = [t.perceptron.head_corner, *(charts.unit_name(k) for k in range(1, len(fold.v) + 1))]
    rows = [[*head, t.perceptron.head_output, ""], ["---"] * (len(head) + 2)]
    h, sums = fold.hidden(points.x), fold.sums(points.x)
    for (x1, x2), label, units, total in zip(points.x, points.y, h, sums, strict=True):
        holds = (total > 0) == (label > 0)
        rows.append(
            [
                t.perceptron.corner.format(x1=int(x1), x2=int(x2), name="AB"[int(label)]),
                *(power(float(unit)) for unit in units),
                power(float(total)),
                f"✓ {t.training.right}" if holds else f"✗ {t.training.wrong}",
            ]
        )
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


PARTS: dict[str, Callable[[Text, Palette, Scene, OneLine, Folder], None]] = {
    "line_hand": hand_part,
    "line_rule": rule_part,
    "line_fold": fold_part,
}
