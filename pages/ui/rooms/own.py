"""The page of one's own training: bring a recording, see it on the clock, judged, with remedies."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.runs.rules import Verdict
from core.watched.dialects import dialect_of
from core.watched.remedies import apart, lost, programs, proposed, rebuilt, width_of
from core.watched.verdict import STEPS, Judged, Silence, judged
from core.watched.watched import UNDEFINED, Watched
from pages.charts import own as drawn
from pages.charts.facts import name_of
from pages.charts.style import Palette
from pages.charts.vocabulary import Decades
from pages.files.recordings import MEGABYTES, examples
from pages.texts import Text
from pages.texts.numbers import fraction, loss_of, power, significant, whole
from pages.texts.rules import sign
from pages.ui.house import OWN_TRAINING, TRAINING
from pages.ui.settings import Watching
from pages.ui.watched import drop, error_now, find, others, rack, shipped, take, unlike
from pages.ui.widgets.columns import correct_columns
from pages.ui.widgets.components import clock
from pages.ui.widgets.controls import controls, open_button, reset, taken
from pages.ui.widgets.owndata import WORDS
from pages.ui.widgets.recorders import recorders
from pages.ui.widgets.show import show

UPLOAD = "own_upload"
MEASURED = ("delta", "update", "std", "saturated", "gradient", "dead")
"""What is drawn of every layer, two side by side; where there is nothing of it, the weights are."""
EARLY = 100
"""Epochs before which the rules take it to be too early."""
SHORT = 8
MOST_LISTED = 300

change = OWN_TRAINING.setter(Watching)


# The file


def bring(t: Text, watching: Watching) -> None:
    """The way to record one's own training, and to bring it."""
    words = t.own
    st.html(
        WORDS.format(
            upload=t.owndata.browse, too_large=words.faults.too_large.format(limit=MEGABYTES)
        )
    )
    brought = watching.own_recording
    with st.expander(
        words.bring,
        icon=":material/upload_file:",
        expanded=bool(brought) and find(brought) is None,
        key=f"own_bring_{brought}",  # folded again when a recording has been opened
    ):
        recorders(t)
        st.file_uploader(
            words.upload.format(limit=MEGABYTES),
            key=(key := f"{UPLOAD}{rack().brought}"),
            max_upload_size=MEGABYTES,
            on_change=taken_file,
            args=(key,),
        )
        st.caption(words.privacy)
    if (error := error_now()) is not None:
        # a text of a file is code, so that nothing in it can be markup
        told = words.faults[error.fault].format(
            line=error.line, limit=whole(error.limit, t), value=code(error.value)
        )
        st.error(told, icon=":material/error:")


def taken_file(key: str) -> None:
    if (file := st.session_state[key]) is not None:
        take(file.getvalue(), file.name)


def code(text: str) -> str:
    """Text of a visitor as code: one line, no mark that would end it."""
    return f"`{' '.join(text.replace('`', ' ').split()) or ' '}`"


def chosen(t: Text, watching: Watching) -> Watched | None:
    """The recording that is shown: the visitor's own, or an example. None if it is not here."""
    words = t.own
    if not watching.own_recording:
        return shipped(watching.own_example)
    held = find(watching.own_recording)
    if held is None:
        st.info(
            words.needed.format(file=code(watching.own_recording[:SHORT])),
            icon=":material/upload_file:",
        )
        st.button(words.without, on_click=drop, type="tertiary", icon=":material/arrow_back:")
        return None
    watched = held.watched
    told = [code(held.name)]
    if watched is not None:
        told = [words.in_use.format(name=code(held.name), rows=whole(watched.rows_in_file, t))]
        told += left_out(t, watched)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(t.numbers.sentence_gap.join(told))
        st.button(words.remove, on_click=drop, type="tertiary", icon=":material/delete:")
    correct_columns(t, held)
    return watched


def left_out(t: Text, watched: Watched) -> list[str]:
    """What of the file is not on the page, in sentences."""
    told = []
    if watched.thinned:
        told.append(t.own.thinned.format(rows=whole(len(watched.steps), t)))
    if watched.cut:
        told.append(t.own.cut)
    if watched.replaced:
        told.append(t.own.replaced.format(count=whole(watched.replaced, t)))
    if watched.again:
        told.append(t.own.again.format(line=whole(watched.again, t)))
    if watched.unread > watched.cut:
        told.append(t.own.unread.format(count=whole(watched.unread, t)))
    return told


# The verdict


def verdict(t: Text, watching: Watching, watched: Watched) -> Judged:
    """What the rules say, in one sentence; and the loss of guessing, which they need."""
    words = t.own
    found = judged(watched, watching.own_guess)
    with st.container(border=True):
        if found.rule is None:
            st.markdown(words.silent)
            why = words.silences[found.silence or Silence.NO_RULE]
            st.markdown(why.format(step=whole(found.step, t)))
            if found.silence is Silence.NO_ERROR and watched.framework.startswith("jax"):
                st.markdown(words.no_error_jax)
            elif found.silence is Silence.NO_ERROR and not watched.framework:
                st.markdown(words.no_error_log)
        else:
            st.markdown(sentence(t, found))
            st.markdown(
                words.numbers.format(
                    step=whole(found.step, t),
                    loss=loss_of(found.loss),
                    guessing=loss_of(found.baseline),
                    share=fraction(found.share, t) if found.share < 1 else power(found.share),
                )
            )
            with st.expander(words.judged):
                st.markdown(signs(t, found))
                st.caption(words.assumed.format(steps=STEPS))
        if found.silence in (None, Silence.NO_RULE):
            guess(t, watching)
    return found


def sentence(t: Text, found: Judged) -> str:
    """The verdict in words. Those that speak of epochs, or of what a recording need not show, have
    words for recordings."""
    assert found.rule is not None
    verdict = found.rule.verdict
    if verdict in (Verdict.BEFORE, Verdict.TOO_EARLY):
        return t.own.verdicts.too_early.format(
            steps=whole(EARLY * STEPS, t), step=whole(found.step, t)
        )
    return t.own.verdicts.learnt if verdict is Verdict.LEARNT else t.cases[verdict].what


def signs(t: Text, found: Judged) -> str:
    """The signs of the rule, with their values."""
    values = dict(found.numbers)
    rule = found.rule
    assert rule is not None
    rows = [
        f"- {sign(one, t)}" + ("" if one.fact else f" ({power(values[one.number], 3)})")
        for one in rule.signs
    ]
    return "\n".join([*rows, "", f"{t.own.source}: {rule.source}" if rule.source else ""])


def guess(t: Text, watching: Watching) -> None:
    """The loss of guessing, to be corrected."""
    left, _ = st.columns([1, 2])
    with left:
        controls(watching, t, "own_guess", change=change)


# The charts


def not_finite(t: Text, watched: Watched) -> None:
    """Which of the numbers that are drawn were NaN or infinite, and from when on."""
    drawn_too = {t.own.measures[name]: watched.measures[name] for name in drawn.PROFILES}
    found = {t.own.loss: watched.loss[:, None], **drawn_too}
    for told, odd in ((t.own.undefined, UNDEFINED), (t.own.infinite, np.inf)):
        rows = {name: np.flatnonzero((values == odd).any(axis=1)) for name, values in found.items()}
        names = [name for name, some in rows.items() if len(some)]
        if names:
            first = min(int(rows[name][0]) for name in names)
            st.caption(
                told.format(
                    step=whole(int(watched.steps[first]), t), names=t.numbers.comma.join(names)
                )
            )


def beside(t: Text, watching: Watching, watched: Watched) -> Watched | None:
    """The choice of another recording with as many layers, for comparison."""
    for held in unlike(watched):
        assert held.watched is not None
        st.caption(
            t.own.other_layers.format(
                name=code(held.name),
                other=whole(len(held.watched.shown), t),
                layers=whole(len(watched.shown), t),
            )
        )
    offered = others(watched)
    if not offered:
        return None
    names = {"": t.own.nothing_beside}
    for digest, (name, _) in offered.items():
        names[digest] = t.own.presets[name] if name in examples() else name
    now = watching.own_before if watching.own_before in offered else ""
    reset("own_before", now)
    left, _ = st.columns([1, 1])
    with left:
        st.selectbox(
            t.settings.own_before,
            list(names),
            format_func=lambda digest: names[digest],
            key="own_before",
            on_change=taken,
            args=("own_before", lambda digest: change("own_before", digest)),
        )
    return offered[now][1] if now else None


def charts(
    t: Text, colours: Palette, watched: Watched, found: Judged, before: Watched | None
) -> None:
    """The clock, and what it moves."""
    layers, calls = len(watched.shown), max((c.shape[1] for c in watched.calls.values()), default=1)
    frames = drawn.frames_of(watched, max(layers, calls))
    now = drawn.clock_table(t, watched, frames)
    clock(
        t,
        run=f"{watched.digest}-{layers}-{len(frames)}",  # columns can be corrected
        last=len(frames) - 1,
        total=len(frames) - 1,
        stride=1,
        live=False,
        rate=12,
        words=t.own.clock,
    )
    not_finite(t, watched)
    blocks(t, colours, watched, frames)
    for layer in watched.calls:
        time_steps(t, colours, watched, layer, frames, now)
    measured = [name for name in MEASURED if drawn.is_measured(watched, name)]
    for pair in pairs(measured or ["weight"]):
        for column, measure in zip(st.columns(2, gap="medium"), pair, strict=False):
            with column:
                one_profile(t, colours, watched, before, measure, frames, now)
    absent = [name for name in MEASURED if np.isnan(watched.measures[name]).all()]
    if missing := [t.own.measures[name] for name in absent]:
        st.caption(t.own.not_measured.format(name=t.numbers.comma.join(missing)))
    if layers > drawn.MANY_LAYERS:
        error_map(t, colours, watched, now)
    losses(t, colours, watched, before, found, now)


def pairs(names: list[str]) -> list[list[str]]:
    return [names[k : k + 2] for k in range(0, len(names), 2)]


def blocks(t: Text, colours: Palette, watched: Watched, frames: list[int]) -> None:
    """The network as blocks that are coloured by the error."""
    values = watched.measures["delta"]
    if not np.isfinite(values[:, watched.shown]).any():
        return
    chosen, count = drawn.in_blocks(watched), len(watched.layers)
    told = [t.own.blocks]
    if len(chosen) < count:
        told.append(t.own.blocks_thinned.format(count=whole(count, t), shown=len(chosen)))
    st.markdown(t.numbers.sentence_gap.join(told))
    axis = drawn.axis_of(drawn.PROFILES["delta"], values[:, watched.shown])  # the map's
    assert isinstance(axis, Decades)
    first, last = values[frames[-1]][[chosen[0], chosen[-1]]]
    show(
        drawn.blocks,
        t,
        colours,
        axis,
        len(chosen),
        t.own.alternatives.blocks.format(
            count=whole(count, t), first=drawn.told(first), last=drawn.told(last)
        ),
        blocks=drawn.blocks_table(watched, chosen),
        errors=drawn.errors_table(watched, chosen, frames, axis),
    )


def one_profile(
    t: Text,
    colours: Palette,
    watched: Watched,
    before: Watched | None,
    measure: str,
    frames: list[int],
    now: object,
) -> None:
    """A measure of every layer; of `before`, if there is one, its last row."""
    profile = drawn.PROFILES[measure]
    values = watched.measures[measure][:, watched.shown]
    if not np.isfinite(values).any():
        return
    compared = values
    if before is not None:
        compared = np.vstack([values, before.measures[measure][-1:, before.shown]])
    axis = drawn.axis_of(profile, np.abs(compared))
    first, last = values[frames[-1]][[0, -1]]
    told = t.own.alternatives.profile.format(
        name=t.own.measures[measure],
        layers=len(watched.shown),
        first=drawn.told(first),
        last=drawn.told(last),
    )
    show(
        drawn.profile,
        t,
        colours,
        measure,
        axis,
        len(watched.shown),
        told,
        profile=drawn.profile_table(watched, frames, profile, axis),
        before=drawn.before_table(before, profile, axis),
        clock=now,
    )


def time_steps(
    t: Text, colours: Palette, watched: Watched, layer: int, frames: list[int], now: object
) -> None:
    """The error of every time step of a layer that is used several times."""
    values = watched.calls[layer]
    if not np.isfinite(values).any():
        return
    axis = drawn.axis_of(drawn.PROFILES["delta"], values)
    assert isinstance(axis, Decades)
    st.markdown(t.own.calls.format(name=code(watched.layers[layer].name)))
    count = values.shape[1]
    show(
        drawn.calls,
        t,
        colours,
        axis,
        count,
        t.own.alternatives.calls.format(count=count),
        calls=drawn.calls_table(watched, layer, frames, axis),
        clock=now,
    )


def error_map(t: Text, colours: Palette, watched: Watched, now: object) -> None:
    """All layers and steps at once."""
    axis = drawn.axis_of(drawn.PROFILES["delta"], watched.measures["delta"][:, watched.shown])
    assert isinstance(axis, Decades)
    st.markdown(t.own.map.format(low=power(10.0**axis.low), high=power(10.0**axis.high)))
    show(
        drawn.error_map,
        t,
        colours,
        len(watched.shown),
        len(watched.steps),
        t.own.alternatives.map.format(layers=len(watched.shown)),
        clock=now,
        **drawn.map_tables(watched, colours, axis),
    )


def losses(
    t: Text,
    colours: Palette,
    watched: Watched,
    before: Watched | None,
    found: Judged,
    now: object,
) -> None:
    """The loss over the steps."""
    axis = drawn.loss_axis(watched)
    table = drawn.losses_table(watched, axis)
    if not table.num_rows:
        if np.isnan(watched.loss).all():
            st.caption(t.own.not_measured.format(name=t.own.loss))
        return
    first, last = float(table["loss"][0].as_py()), float(table["loss"][-1].as_py())
    show(
        drawn.course,
        t,
        colours,
        axis,
        int(watched.steps[0]),
        int(watched.steps[-1]),
        found.baseline if np.isfinite(found.baseline) else 0.0,
        t.own.alternatives.loss.format(first=loss_of(first), last=loss_of(last)),
        losses=table,
        before=drawn.losses_table(before, axis),
        clock=now,
    )


# The network and what to try


def layers(t: Text, watched: Watched) -> None:
    """The network, layer by layer."""
    words = t.own
    places = {place: number for number, place in enumerate(watched.shown, start=1)}
    with st.expander(words.layers.format(count=len(watched.layers))):
        rows = [
            {
                words.number: str(places.get(k, "")),
                words.name: layer.name,
                words.type: layer.type,
                words.activation: layer.activation or "–",
                words.shape: f"{layer.inputs} → {layer.outputs}" if layer.inputs else "–",
                words.parameters: whole(layer.parameters, t) if layer.parameters else "–",
            }
            for k, layer in enumerate(watched.layers[:MOST_LISTED])
        ]
        st.dataframe(rows, hide_index=True, width="stretch")
        st.caption(words.layers_note)


def remedies(t: Text, watched: Watched, found: Judged) -> None:
    """What to try, as code of the visitor's framework; and the network rebuilt small."""
    words = t.own
    keys = proposed(found.rule) if found.rule is not None else []
    if keys:
        st.header(words.remedies, anchor=False)
        known = t.own.remedies_unknown if not watched.framework else ""
        note = words.remedies_note.format(framework=dialect_of(watched).name)
        st.markdown(t.numbers.sentence_gap.join(filter(None, (note, known))))
        for key, program in programs(keys, watched).items():
            st.markdown(f"**{t.laboratory.remedies[key]}**")
            st.code(program, language="python")
    st.header(words.rebuild_title, anchor=False)
    if why := apart(watched):
        st.markdown(words.apart[why])
        return
    run = rebuilt(watched)
    told = [
        words.rebuild_note.format(
            depth=run.depth,
            width=run.width,
            activation=name_of(t, run.activation),
            gain=significant(run.gain, 2),
        )
    ]
    if run.norm != "none":
        told.append(words.rebuild_norm.format(norm=words.norms[run.norm]))
    units = whole(width_of(watched), t)
    stack = whole(len(watched.stack), t)
    names = [words.lost[key].format(units=units, layers=stack) for key in lost(watched)]
    told.append(words.rebuild_lost.format(names=t.numbers.comma.join(names)))
    st.markdown(t.numbers.sentence_gap.join(told))
    open_button(words.rebuild, TRAINING, TRAINING.link_of((run,)))
