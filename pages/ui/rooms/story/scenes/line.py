"""Scene 1: one perceptron is one line. Two groups it can separate; XOR it cannot."""

from __future__ import annotations

from functools import partial

import streamlit as st

from core.domain import Query
from core.lessons.perceptron import POINT_SETS, drawn
from pages.charts import perceptron as charts
from pages.charts import story
from pages.texts import Text
from pages.texts.numbers import decimals, percent
from pages.ui.frame import palette
from pages.ui.house import PERCEPTRON, STORY
from pages.ui.rooms.perceptron import Source, angle, angles_of, best_of, contradiction, lesson_of
from pages.ui.rooms.story.scenes.scene import Myth, Outcome, Scene
from pages.ui.session import linked
from pages.ui.settings import OneLine, ToldLine
from pages.ui.widgets.show import show

GROUPS, XOR, CORNERS = "apart", "quadrants", "xor_corners"
COUNT, SEED = 300, 0
HALF, SEVEN = (0.45, 0.55), (0.6, 0.8)
"""The fractions between which the guesses "half" and "about seven in ten" are right."""


def play(t: Text, shown: bool) -> Outcome | None:
    """First two separable groups; once the outcome may be shown, XOR, with the same dial."""
    turn(t)
    left, right = st.columns([3, 2] if shown else 2, gap="medium")
    with left:
        if not shown:
            st.markdown(f"**{t.scene_line.first_these}**")
        by_hand(t, XOR if shown else GROUPS)
    with right:
        if not shown:
            question(t)
            return None
        return every_angle(t)


def turn(t: Text) -> None:
    """The angle, moved in the browser; at every angle the line slides to its best place."""
    now = linked(ToldLine).told_turn
    angle(t.settings.told_turn, now, partial(STORY.change, ToldLine, "told_turn"))


def by_hand(t: Text, key: str) -> None:
    """The points and the line."""
    chosen, points = POINT_SETS[key], drawn(key, COUNT, SEED)
    best = best_of(Source(key, COUNT, SEED))
    count = t.perceptron.count.format(
        n=best.correct, all=COUNT, share=decimals(100 * best.correct / COUNT, 1)
    )
    show(
        charts.by_hand,
        t,
        palette(),
        chosen,
        charts.followed(angles_of(Source(key, COUNT, SEED)), chosen),
        False,
        t.perceptron.alternatives.by_hand.format(points=t.options[key], all=COUNT, best=count),
        points=charts.points_table(points),
        best=charts.line_table(best.line, chosen),
    )


def question(t: Text) -> None:
    """The points that the question is about, without a line."""
    st.markdown(f"**{t.scene_line.now_these}**")
    show(
        story.points_only,
        t,
        palette(),
        POINT_SETS[XOR],
        t.scene_line.alternative,
        points=charts.points_table(drawn(XOR, COUNT, SEED)),
    )
    st.caption(t.scene_line.xor)


def every_angle(t: Text) -> Outcome:
    """The best that a line achieves at every angle, and overall."""
    chosen, points = POINT_SETS[XOR], drawn(XOR, COUNT, SEED)
    table, best = angles_of(Source(XOR, COUNT, SEED)), best_of(Source(XOR, COUNT, SEED))
    share = best.correct / COUNT
    st.markdown(f"**{t.perceptron.angles_title}**")
    show(
        charts.angles,
        t,
        palette(),
        chosen,
        charts.followed(table, chosen),
        share,
        0.4,
        t.perceptron.alternatives.angles.format(best=percent(share, t)),
        angles=table,
        points=charts.points_table(points),
    )
    st.caption(t.scene_line.note)
    worst = min(table["share"].to_pylist())
    return Outcome(judged(share), {"best": percent(share, t), "worst": percent(worst, t)})


def judged(best: float) -> str:
    """The guess that the best line's accuracy proves right."""
    if best == 1:
        return "a"
    if SEVEN[0] <= best <= SEVEN[1]:
        return "b"
    return "c" if HALF[0] <= best <= HALF[1] else ""


def apart() -> tuple[str, Query]:
    """The same points and line on the page of the perceptron."""
    shown = OneLine(
        line_points=XOR, line_follow=True, line_turn=linked(ToldLine).told_turn, line_best=True
    )
    return "perceptron", PERCEPTRON.link_of(shown)


def myth(t: Text) -> Myth:
    """The learning rule on XOR's four corners: does it come back to where it was?"""
    lesson, _ = lesson_of(Source(CORNERS, 4, 0))
    best = best_of(Source(CORNERS, 4, 0))
    never = lesson.cycle is not None and best.correct < len(drawn(CORNERS, 4, 0).y)
    words = {
        "best": str(best.correct),
        "all": str(len(drawn(CORNERS, 4, 0).y)),
        "period": str(lesson.cycle.period if lesson.cycle is not None else 0),
    }
    run = OneLine(line_part="line_rule", line_points=CORNERS)
    return Myth("false" if never else "true", words, "perceptron", PERCEPTRON.link_of(run))


LINE = Scene("line", "b", play, apart, myth, why=contradiction, dials=ToldLine)
