"""At the foot of the training page: are the gradients right? Folded to one line until asked."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np
import streamlit as st

from core.checks.checking import (
    COMPLEX_STEP,
    DIRECTIONS,
    SAMPLES,
    UNCERTAIN,
    Check,
    LayerCheck,
    Method,
    check,
    checked_layers,
    first_network,
    seconds,
)
from core.runs.recording import Recording
from pages.charts import trust as charts
from pages.texts import Text
from pages.texts.numbers import power
from pages.ui.recordings import idle, per_recording
from pages.ui.rooms.training.lanes import lane_name
from pages.ui.rooms.training.stage import Scene
from pages.ui.widgets.show import show

CHEAP = 0.05
"""Seconds that a page may spend unasked, while nobody waits for a run."""
FLOOR = 1e-11
"""Rounding of a loss near 1, about 1e-16, divided by an h of about 1e-5."""
MOST_ROWS = 8

MOMENTS = ("after", "before")


def trust(scene: Scene, records: Sequence[Recording]) -> None:
    """One line that says whether the gradients agree; unfolded, how that was found out."""
    if scene.live or any(record.final is None for record in records):
        return
    unfold(scene, records)


@st.fragment
def unfold(scene: Scene, records: Sequence[Recording]) -> None:
    """The fold. What is not cheap is computed when it is opened; all of it is kept.

    Its line stays the same while it is opened and closed, or the focus would be lost.
    """
    t = scene.t
    cheap = checked_unasked(records)
    if cheap:
        line, icon = verdict(t, [last_check(record) for record in records])
    else:
        line, icon = t.trust.ask, ":material/fact_check:"
    fold = st.expander(line, key="trust", icon=icon, on_change="rerun")
    if not fold.open:
        return
    with fold:
        if not cheap:
            with st.spinner(t.trust.checking):
                found = [last_check(record) for record in records]
            line, icon = verdict(t, found)
            st.markdown(f"{icon} {line}")
        details(scene, records)


def checked_unasked(records: Sequence[Recording]) -> bool:
    """Whether the check is so cheap that the page makes it unasked. Once for these runs: a line
    that changed with what others compute would close the fold.
    """
    runs = tuple(record.run for record in records)
    decided = st.session_state.get("checked_unasked")
    if decided is None or decided[0] != runs:
        decided = (runs, sum(map(seconds, runs)) < CHEAP and idle())
        st.session_state["checked_unasked"] = decided
    unasked: bool = decided[1]
    return unasked


@per_recording
def last_check(record: Recording) -> Check | None:
    assert record.final is not None
    return check(record.final)


@per_recording
def first_check(record: Recording) -> Check | None:
    return check(first_network(record.run))


def verdict(t: Text, found: Sequence[Check | None]) -> tuple[str, str]:
    """The line of the fold, and its icon."""
    checks = [one for one in found if one is not None]
    if not all(one.agrees for one in checks):
        return t.trust.contradicted, ":material/error:"
    apart = power(max((one.apart for one in checks), default=0.0), 1)
    if len(checks) < len(found) or any(one.unseen for one in checks):
        return t.trust.checked_some.format(apart=apart), ":material/rule:"
    return t.trust.checked.format(apart=apart), ":material/verified:"


def details(scene: Scene, records: Sequence[Recording]) -> None:
    """Every lane's layers, then the methods in words."""
    t = scene.t
    epoch = max(record.final.epoch for record in records if record.final is not None)
    moments = {"after": t.trust.after.format(epoch=epoch), "before": t.trust.before}
    moment = st.segmented_control(
        t.trust.moment,
        list(moments),
        format_func=lambda key: moments[key],
        default="after",
        key="trust_moment",
        required=True,
    )
    found = first_check if moment == "before" else last_check
    for column, record in zip(st.columns(len(records)), records, strict=True):
        with column, st.container(gap="xsmall"):
            lane(scene, record, found(record))
    st.markdown(f"**{t.trust.methods_title}**")
    first, second = st.columns(2)
    first.markdown(t.trust.difference_method.format(floor=ten(FLOOR)))
    second.markdown(t.trust.complex_method.format(h=ten(COMPLEX_STEP)))
    st.caption(t.trust.scope.format(samples=SAMPLES, directions=DIRECTIONS))


def lane(scene: Scene, record: Recording, found: Check | None) -> None:
    """One network: what was found, as sentences, a chart and a table."""
    t, run = scene.t, record.run
    name = lane_name(t, run, scene.lanes)
    st.markdown(f"**{name}**")
    if found is None:
        st.markdown(t.trust.too_large)
        return
    st.markdown("  \n".join(sentences(t, found)))
    show(
        charts.agreement,
        t,
        scene.colours,
        run.depth,
        t.trust.alternatives.agreement.format(
            name=name,
            difference=largest([one.difference for one in found.layers]),
            complex=largest([one.complex for one in found.layers]),
            best=power(min(one.blur for one in found.layers), 1),
            worst=power(max(one.blur for one in found.layers), 1),
        ),
        layers=charts.layers_table(found.layers),
    )
    st.markdown("\n".join(table(t, found)))
    for note in notes(t, record, found):
        st.caption(note)


def largest(values: Sequence[float]) -> str:
    return power(max((v for v in values if not np.isnan(v)), default=float("nan")), 1)


def sentences(t: Text, found: Check) -> list[str]:
    """What the check says, and by which method."""
    words, told = t.trust, []
    wrong = [one for one in found.layers if not one.agrees]
    judged = [one for one in found.layers if one.agrees and one.method is not Method.NONE]
    if wrong:
        apart = power(max(one.apart for one in wrong), 1)
        told.append(words.disagrees.format(layers=numbers(t, wrong), apart=apart))
    if judged:
        apart = power(max(one.apart for one in judged), 1)
        told.append((words.agrees_rest if wrong else words.agrees).format(apart=apart))
    kinds = {
        words.by_difference: [one for one in judged if one.method is Method.DIFFERENCE],
        words.by_complex: [one for one in judged if one.method is Method.COMPLEX],
        words.undetermined: [one for one in found.layers if one.rounding > UNCERTAIN],
        words.unseen: [
            one for one in found.layers if one.method is Method.NONE and one.rounding <= UNCERTAIN
        ],
    }
    told += [line.format(layers=numbers(t, some)) for line, some in kinds.items() if some]
    return told


def numbers(t: Text, layers: Sequence[LayerCheck]) -> str:
    """1 to 3, 7: the numbers of some layers, rows of them as spans."""
    words, parts = t.trust, []
    ordered = enumerate(sorted(one.layer for one in layers))
    for _, run in groupby(ordered, key=lambda pair: pair[1] - pair[0]):
        row = [layer for _, layer in run]
        if len(row) > 2:
            parts.append(words.span.format(first=row[0], last=row[-1]))
        else:
            parts += [str(layer) for layer in row]
    return words.layer_joint.join(parts)


def table(t: Text, found: Check) -> list[str]:
    """Layer by layer, evenly spread where there are many."""
    words = t.trust
    count = min(MOST_ROWS, len(found.layers))
    chosen = sorted({round(k) for k in np.linspace(0, len(found.layers) - 1, count)})
    lines = [words.head, "|---|---|---|---|"]
    steps = {Method.COMPLEX: f"i × {ten(COMPLEX_STEP)}", Method.NONE: words.nothing}
    for one in (found.layers[k] for k in chosen):
        size = power(one.slope, 1) if one.slope else words.exactly
        h = steps.get(one.method) or ten(one.step)
        line = f"| {one.layer} | {size} | {h} | {power(one.apart, 1)} |"
        lines.append(line.replace(" × ", "\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}"))
    return lines


def ten(value: float) -> str:
    """A power of ten without its 1."""
    return power(value, 1).removeprefix("1 × ")


def notes(t: Text, record: Recording, found: Check) -> list[str]:
    """What else a reader should know of this check."""
    words, told = t.trust, []
    if len(checked_layers(record.run)) <= record.run.depth:
        told.append(words.some_layers)
    if found.on_kink:
        told.append(words.on_kink.format(count=found.on_kink))
    if found.lost:
        told.append(words.precision.format(lost=power(found.lost, 1)))
    return told
