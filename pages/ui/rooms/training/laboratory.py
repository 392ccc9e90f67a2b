"""The laboratory under the stage: one instrument at a time, for the lanes on the stage.

To add an instrument, append its key to `INSTRUMENTS` in `pages.ui.settings`, its function to
`DRAW` here, and its words to `texts/*/laboratory.toml`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
import pyarrow as pa
import streamlit as st

from core.lessons.causes import CONTROL, Finding, finding, signal_was_missing, variants
from core.lessons.remedies import (
    REMEDIES,
    Candidate,
    Effect,
    Outcome,
    by_effect,
    candidates,
    outcome,
    treated,
    untrained_share,
)
from core.nn.own import activation_of
from core.runs.diagnosis import Diagnosis, diagnosis
from core.runs.lanes import SHARED
from core.runs.presets import EXAMPLES, LADDER
from core.runs.recording import Recording, value_span
from core.runs.rules import Verdict
from core.runs.training import RunSpec
from pages.charts import laboratory as charts
from pages.charts import training as stage_charts
from pages.charts.measures import MEASURES
from pages.charts.style import Palette, hue
from pages.charts.vocabulary import LONGEST
from pages.texts import Text
from pages.texts.numbers import fraction, loss_of, percent, power, times, whole
from pages.texts.rules import rules_table
from pages.texts.sentences import case_of, score, told
from pages.ui.computing import Look, progress, when_computed
from pages.ui.house import TRAINING
from pages.ui.recordings import compute, per_recording, recordings
from pages.ui.rooms.training.lanes import (
    change_all,
    change_stage,
    changes,
    lane_name,
    link_of,
    open_lanes,
)
from pages.ui.rooms.training.stage import LEARNT, Scene, guess
from pages.ui.session import linked, take_over
from pages.ui.settings import INSTRUMENTS, Stage
from pages.ui.widgets.controls import entry_name, fold, reset, taken
from pages.ui.widgets.show import show

MANY_SEEDS = 8
MOST_DEAD = 6
BESIDE = 2
"""Up to this many lanes have room for two charts side by side."""
FEW_CHANGES = 3
"""So many changed settings say what a remedy is; of more, its name does."""
MORE_OFFERED = 3
"""Remedies that are offered beside the one that is recommended."""
HELPFUL = (Effect.LEARNS, Effect.BY_HEART, Effect.BETTER)
WITHOUT_A_START = ("why",)
"""What can be said of a network whose numbers are too large before the first step."""


def laboratory(scene: Scene, records: Sequence[Recording]) -> None:
    """The choice of an instrument, and the one that is chosen."""
    if scene.live or not all(r.begun for r in records):
        return
    t, tool = scene.t, scene.shown.tool
    started = all(np.isfinite(r.history.train_loss[:, 0]).any() for r in records)
    offered = [key for key in INSTRUMENTS if key != "none" and (started or key in WITHOUT_A_START)]
    reset("tool", tool if tool in offered else None)
    with st.container(horizontal=True, vertical_alignment="center", key="instruments"):
        st.markdown(f"**{t.laboratory.look_closer}**", width="content")
        st.pills(
            t.laboratory.look_closer,
            offered,
            format_func=lambda key: t.laboratory.instruments[key].name,
            key="tool",
            label_visibility="collapsed",
            on_change=lambda: change_stage("tool", st.session_state["tool"] or "none"),
        )
    if tool in offered:
        with st.container(horizontal=True, vertical_alignment="center", key="instrument"):
            st.markdown(t.laboratory.instruments[tool].line)
            example(scene, tool)
        DRAW[tool](scene, records)


def example(scene: Scene, tool: str) -> None:
    """A way to networks on which the instrument makes its point."""
    lanes = EXAMPLES[tool]
    if scene.lanes != lanes:
        st.button(
            scene.t.laboratory.example,
            icon=":material/lightbulb:",
            help=scene.t.laboratory.instruments[tool].example,
            on_click=take_over,
            args=(link_of(replace(scene.shown, lanes=len(lanes)), lanes), TRAINING.keys),
        )
    else:
        st.caption(scene.t.laboratory.instruments[tool].example)


def in_columns(
    draw: Callable[[Scene, str, Recording], None],
) -> Callable[[Scene, Sequence[Recording]], None]:
    """An instrument that looks at every lane by itself."""

    def drawn(scene: Scene, records: Sequence[Recording]) -> None:
        for column, record in zip(st.columns(len(records)), records, strict=True):
            name = lane_name(scene.t, record.run, scene.lanes)
            with column, st.container(gap="xsmall"):
                st.markdown(f"**{name}**")
                draw(scene, name, record)

    return drawn


def factors(scene: Scene, name: str, record: Recording) -> None:
    """What the weights do to the error in each layer, and what the activation does."""
    t, run = scene.t, record.run
    table = treads_table(record)
    if run.depth == 0 or not table.num_rows:
        st.caption(t.laboratory.no_layers if run.depth == 0 else t.laboratory.no_error)
        return
    last = table.filter(pa.compute.equal(table["until"], LONGEST + 1))
    parts = {
        part: last.filter(pa.compute.equal(last["part"], part))["factor"].to_numpy()
        for part in charts.Part
    }
    drawn = tuple(part for part in charts.Part if part in table["part"].unique().to_pylist())
    show(
        charts.waterfall,
        t,
        scene.colours,
        hue(activation_of(run.activation), scene.colours),
        drawn,
        run.depth,
        scene.deepest,
        t.laboratory.alternatives.factors.format(
            name=name,
            weights=power(float(np.exp(np.log(parts[charts.Part.WEIGHTS]).mean()))),
            derivative=power(float(np.exp(np.log(parts[charts.Part.DERIVATIVE]).mean()))),
            share=power(float(last["y2"].to_numpy().min())),
        ),
        treads=table,
    )
    if charts.Part.AROUND in drawn:
        st.caption(t.laboratory.branches_note)


def seeds(scene: Scene, name: str, record: Recording) -> None:
    """The loss of many seeds, and how many have learnt."""
    t, run, history = scene.t, record.run, record.history
    if run.replicas == 1:
        st.caption(t.laboratory.one_seed)
        return
    learnt = history.train_accuracy > LEARNT
    count = int(learnt[-1].sum())
    reached = [int(history.epoch[column.argmax()]) for column in learnt.T if column.any()]
    st.markdown(t.laboratory.learnt.format(learnt=count, seeds=run.replicas))
    if reached:
        st.caption(t.laboratory.reached.format(epoch=int(np.median(reached)), count=len(reached)))
    baseline = guess(run).loss
    final = history.train_loss[-1][np.isfinite(history.train_loss[-1])]
    show(
        charts.seeds,
        t,
        scene.colours,
        hue(activation_of(run.activation), scene.colours),
        run.epochs,
        1.3 * baseline,
        baseline,
        t.laboratory.alternatives.seeds.format(
            name=name,
            seeds=run.replicas,
            learnt=count,
            smallest=loss_of(final.min()) if len(final) else "–",
            largest=loss_of(final.max()) if len(final) else "–",
        ),
        seeds=charts.seeds_table(history).slice(
            0, None if run.replicas <= charts.THIN_LINES else 0
        ),
        spread=charts.spread_table(history),
    )


def sums(scene: Scene, name: str, record: Recording) -> None:
    """Where each layer's sums lie under the slope, and beside it where its activations lie."""
    t, run = scene.t, record.run
    if run.depth == 0:
        st.caption(t.laboratory.no_layers)
        return
    shown = tuple(charts.drawn_layers(run.depth))
    history, colour = record.history, hue(activation_of(run.activation), scene.colours)
    left, right = st.columns(2) if len(scene.lanes) <= BESIDE else (st.container(), st.container())
    with left:
        show(
            charts.sums,
            t,
            scene.colours,
            colour,
            shown,
            t.laboratory.alternatives.sums.format(
                name=name,
                first=percent(float(history.saturated[-1, 0, 0]), t),
                last=percent(float(history.saturated[-1, 0, run.depth - 1]), t),
            ),
            sums=sums_table(record),
            slope=charts.slope_table(run, len(shown)),
        )
    with right:
        first, last = (
            charts.central(run, record.frames[-1].activations[layer]) for layer in (0, -1)
        )
        show(
            charts.activations,
            t,
            colour,
            shown,
            value_span(run),
            t.laboratory.alternatives.activations.format(
                name=name,
                first_low=power(first[0]),
                first_high=power(first[1]),
                last_low=power(last[0]),
                last_high=power(last[1]),
            ),
            activations=activations_table(record),
        )


def units(scene: Scene, name: str, record: Recording) -> None:
    """Every unit by the share of data for which it is active; when it died, and what came back."""
    t, run = scene.t, record.run
    if run.depth == 0:
        st.caption(t.laboratory.no_layers)
        return
    dead, back = charts.deaths(record.frames), charts.revivals(record.frames)
    show(
        charts.atlas,
        t,
        scene.colours,
        run.depth,
        run.width,
        t.laboratory.alternatives.units.format(
            name=name, dead=len(dead), units=run.depth * run.width, back=len(back)
        ),
        atlas=atlas_table(record, scene.colours, t),
        dead=dead_table(record),
        marked=charts.marked_table(*marked_unit(scene, run)),
    )
    if dead:
        told = [t.laboratory.died.format(layer=k, unit=u, epoch=e) for k, u, e in dead[:MOST_DEAD]]
        more = t.laboratory.and_more.format(count=len(dead) - MOST_DEAD)
        st.caption("  \n".join(told + ([more] if len(dead) > MOST_DEAD else [])))
    if dead and not activation_of(run.activation).has_flat_piece:
        st.caption(t.laboratory.passes)
    if back:
        st.caption(t.laboratory.came_back.format(count=len(back)))


def marked_unit(scene: Scene, run: RunSpec) -> tuple[int, int]:
    """The layer and the number of the unit to mark, 0 and 0 where this network has none such."""
    layer, unit = scene.shown.unit_layer, scene.shown.unit_number
    return (layer, unit) if layer <= run.depth and unit <= run.width else (0, 0)


@per_recording
def sums_table(record: Recording) -> pa.Table:
    return charts.sums_table(record.frames, charts.drawn_layers(record.run.depth))


@per_recording
def activations_table(record: Recording) -> pa.Table:
    layers = charts.drawn_layers(record.run.depth)
    return charts.activations_table(record.run, record.frames, layers)


@per_recording
def atlas_table(record: Recording, colours: Palette, t: Text) -> pa.Table:
    return charts.atlas_table(record.frames, len(record.run.data().train_x), colours, t)


@per_recording
def dead_table(record: Recording) -> pa.Table:
    return charts.dead_table(record.frames)


def many_seeds(scene: Scene, records: Sequence[Recording]) -> None:
    """As `seeds`, with a button that trains so many."""
    if any(record.run.replicas == 1 for record in records):
        st.button(
            scene.t.laboratory.try_seeds.format(seeds=MANY_SEEDS),
            icon=":material/casino:",
            on_click=change_all,
            args=("replicas", MANY_SEEDS),
        )
    else:
        in_columns(seeds)(scene, records)


def why(scene: Scene, records: Sequence[Recording]) -> None:
    """What happens in each lane, the number that shows it, and what remedies did that were tried.

    They are tried while nobody waits for a run, one after the other.
    """

    def draw(_: Look) -> None:
        for column, record in zip(st.columns(len(records)), records, strict=True):
            with column, st.container(gap="xsmall"):
                st.markdown(f"**{lane_name(scene.t, record.run, scene.lanes)}**")
                explanation(scene, record)

    def try_some(budget: float) -> bool:
        trials = [trial for trial in map(next_trial, records) if trial is not None]
        for trial in trials:
            compute(trial, budget / len(trials), spare=True)
        return not trials

    when_computed(scene.t, TRAINING, (), draw, shown=lambda: open_lanes()[1], also=try_some)
    rules(scene, records)


def explanation(scene: Scene, record: Recording) -> None:
    """One lane's verdict, and what its remedies did so far."""
    t, run = scene.t, record.run
    found = explained(record)
    words, numbers = t.cases[case_of(run, found)], told(run, found, len(run.data().train_x), t)
    st.markdown(words.what.format(**numbers))
    st.caption(words.number.format(**numbers))
    candidates, known = candidates_of(record), outcomes_of(record)
    if not candidates:
        return
    if len(known) < len(candidates):
        progress = t.trials.running.format(done=len(known), all=len(candidates))
        st.progress(len(known) / len(candidates), progress)
    else:
        st.empty()  # what the last look leaves out may stay on the page
    effects = by_effect([outcome for outcome in known.values() if outcome is not None])
    helpful = [one for one in effects if one.effect in HELPFUL]
    if helpful and helpful[0].effect is not Effect.BETTER:
        first, *helpful = helpful
        st.markdown(f"**{t.trials.recommended}** {result(t, run, found, first)}")
        offer(scene, record, first, t.laboratory.try_remedy, "primary")
    elif len(known) == len(candidates):
        overfits = found.verdict is Verdict.OVERFITTING
        none = t.trials.none_test if overfits else t.trials.none_learns
        st.markdown(none.format(count=len(effects)))
    for one in helpful[:MORE_OFFERED]:
        offer(scene, record, one, result(t, run, found, one), "tertiary")
    rest = [*helpful[MORE_OFFERED:], *(one for one in effects if one.effect not in HELPFUL)]
    if rest:
        listed = t.trials.comma.join(result(t, run, found, one) for one in rest)
        st.caption(f"{t.trials.rest} {listed}")
    st.caption(t.trials.note)


def result(t: Text, run: RunSpec, found: Diagnosis, one: Outcome) -> str:
    """A remedy and what it did: 'Learning rate 0.1 → 1 (learns: 98% correct after 60 epochs)'."""
    return t.trials.result.format(remedy=remedy(t, run, one), effect=effect(t, found, one))


def remedy(t: Text, run: RunSpec, one: Outcome) -> str:
    """What a remedy changes; the names of its parts where that is a long list."""
    changed = changes(t, run, one.candidate.run)
    if 0 < len(changed) <= FEW_CHANGES:
        return t.numbers.comma.join(changed)
    return " + ".join(t.laboratory.remedies[key] for key in one.candidate.remedies.split("+"))


def effect(t: Text, found: Diagnosis, one: Outcome) -> str:
    """What it did: 'learns: 98% correct after 60 epochs'; of who overfits, on new points."""
    run, words = one.candidate.trial, t.trials.effects
    on_new_points = f"{one.effect.value}_test"
    overfits = found.verdict is Verdict.OVERFITTING and on_new_points in words
    return words[on_new_points if overfits else one.effect.value].format(
        score=score(run, one.found.accuracy, t),
        loss=loss_of(one.found.loss),
        before=loss_of(one.before.loss),
        test=loss_of(one.found.test_loss),
        before_test=loss_of(one.before.test_loss),
        epochs=whole(run.epochs, t),
    )


Kind = Literal["primary", "tertiary"]


def offer(scene: Scene, record: Recording, one: Outcome, label: str, kind: Kind) -> None:
    st.button(
        label,
        icon=":material/healing:",
        type=kind,
        key=f"remedy:{scene.lanes.index(record.run)}:{one.candidate.remedies}",
        on_click=try_remedy,
        args=(record.run, one.candidate.run),
    )


def rules(scene: Scene, records: Sequence[Recording]) -> None:
    """The table by which every verdict is given, the lanes' own marked."""
    t = scene.t
    with fold(t.rules.title, "rules") as unfolded:
        if unfolded:
            own = {explained(record).verdict for record in records}
            st.markdown(f"{t.rules.lead}\n\n{rules_table(t, own)}")


def remedies(scene: Scene, records: Sequence[Recording]) -> None:
    """What each remedy does to the first network's error before training; any of them to try."""
    t, run = scene.t, records[0].run
    shares = shares_with_remedies(records[0])
    st.markdown(f"**{lane_name(t, run, scene.lanes)}**")
    plain = setting_share(untouched(records[0]), t)
    rows = [t.laboratory.remedy_head, "|---|---|---|"]
    rows.append(f"| {t.laboratory.variants.plain} | | {plain} |")
    for key, share in shares.items():
        what = t.numbers.comma.join(changes(t, run, treated(run, [key])))
        rows.append(f"| {t.laboratory.remedies[key]} | {what} | {setting_share(share, t)} |")
    st.markdown("\n".join(rows))
    with st.container(horizontal=True, vertical_alignment="bottom", key="remedies"):
        chosen = st.pills(
            t.laboratory.choose_remedies,
            list(shares),
            format_func=lambda key: t.laboratory.remedies[key],
            selection_mode="multi",
            key="chosen_remedies",
        )
        st.button(
            t.laboratory.try_remedy,
            icon=":material/healing:",
            disabled=not chosen,
            on_click=try_remedy,
            args=(run, treated(run, chosen)),
        )
    st.caption(t.laboratory.remedies_note)


def setting_share(share: float, t: Text) -> str:
    return part(share, t) if np.isfinite(share) else "–"


@per_recording
def shares_with_remedies(record: Recording) -> dict[str, float]:
    """The share at layer 1 before training with each remedy that would change this run."""
    runs = {key: treated(record.run, [key]) for key in REMEDIES}
    return {key: untrained_share(run) for key, run in runs.items() if run != record.run}


def untouched(record: Recording) -> float:
    delta = record.history.delta[0, 0]
    return float(delta[0] / delta[-1]) if delta[-1] > 0 else float("nan")


def try_remedy(run: RunSpec, mended: RunSpec) -> None:
    """Put the mended run beside the failed one, or in its place if all lanes share the change."""
    shared = replace(run, **{name: getattr(mended, name) for name in SHARED})
    lanes = (mended,) if shared == mended != run else (shared, mended)
    take_over(link_of(replace(linked(Stage), lanes=len(lanes)), lanes), TRAINING.keys)


@per_recording
def explained(record: Recording) -> Diagnosis:
    return diagnosis(record.run, record.history)


@per_recording
def candidates_of(record: Recording) -> tuple[Candidate, ...]:
    """What may help a finished run; of one that was stopped it is not known yet."""
    return candidates(record.run, explained(record).remedies) if record.finished else ()


@per_recording
def outcomes_of(record: Recording) -> dict[Candidate, Outcome | None]:
    """What the remedies did that have been tried: a record of its own, which grows."""
    return {}


def next_trial(record: Recording) -> Recording | None:
    """The smallest change that is still to be tried, None once all have been."""
    known = outcomes_of(record)
    for candidate in candidates_of(record):
        if candidate not in known:
            trial = recordings().get(candidate.trial)
            if not trial.finished:
                return trial
            known[candidate] = outcome(record.run, record.history, candidate, trial.history)
    return None


@per_recording
def treads_table(record: Recording) -> pa.Table:
    return charts.waterfall_table(record.history)


def compare(scene: Scene, records: Sequence[Recording]) -> None:
    """Two moments side by side: two epochs of a lane, or one of each of two lanes."""
    t, shown = scene.t, scene.shown
    for column, side in zip(st.columns(2), "ab", strict=True):
        with column, st.container(gap="xsmall"):
            moment(
                scene,
                records,
                side,
                getattr(shown, f"{side}_lane"),
                getattr(shown, f"{side}_epoch"),
            )
    st.caption(t.laboratory.compare_note)


def moment(scene: Scene, records: Sequence[Recording], side: str, lane: int, epoch: int) -> None:
    """What one lane had learnt at one epoch, and its layers then."""
    t = scene.t
    lane = min(lane, len(records))
    record = records[lane - 1]
    run, history = record.run, record.history
    kept = [frame.epoch for frame in record.frames]
    frame = record.frames[int(np.searchsorted(kept, min(epoch, kept[-1]), side="right")) - 1]
    index = int(np.searchsorted(history.epoch, frame.epoch))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        reset(f"{side}_lane", lane)
        st.selectbox(
            t.laboratory.lane,
            list(range(1, len(records) + 1)),
            format_func=lambda k: lane_name(t, records[k - 1].run, scene.lanes),
            key=f"{side}_lane",
            on_change=taken,
            args=(f"{side}_lane", lambda value: change_stage(f"{side}_lane", value)),
        )
        reset(f"{side}_epoch", frame.epoch)
        st.select_slider(
            t.settings.epoch,
            kept,
            key=f"{side}_epoch",
            on_change=taken,
            args=(f"{side}_epoch", lambda value: change_stage(f"{side}_epoch", value)),
        )
    name = lane_name(t, run, scene.lanes)
    accuracy = percent(max(float(history.train_accuracy[index, 0]), 0.0), t)
    st.markdown(
        t.laboratory.moment.format(
            epoch=frame.epoch, accuracy=accuracy, loss=loss_of(history.train_loss[index, 0])
        )
    )
    dataset = run.source
    told = t.laboratory.alternatives.moment.format(name=name, epoch=frame.epoch, accuracy=accuracy)
    show(
        stage_charts.picture_of(dataset),
        t,
        scene.colours,
        dataset,
        told,
        frames=stage_charts.frames_table([replace(frame, epoch=0)], run, t),
        points=stage_charts.points_table(run),
    )
    show(
        stage_charts.ladder,
        t,
        scene.colours,
        hue(activation_of(run.activation), scene.colours),
        stage_charts.MeasureAxis("delta", scene.deepest, scene.shown.linear),
        run.depth,
        told,
        ladder=stage_charts.ladder_table(history.at(index), MEASURES["delta"], 0),
    )


def causes(scene: Scene, records: Sequence[Recording]) -> None:
    """The freeze test and the amplifier test of the first lane, beside another activation."""
    t, run = scene.t, records[0].run
    if run.depth == 0:
        st.caption(t.laboratory.no_layers)
        return
    control = replace(run, activation=CONTROL, knobs=())
    tested = {r.activation: variants(r, MANY_SEEDS) for r in (run, control)}
    runs = {(a, v): r for a, rs in tested.items() for v, r in rs.items()}

    def draw(look: Look) -> None:
        progress(t, look, computing(t, look))
        if look.finished:
            held = dict(zip(runs, look.records, strict=True))
            told_causes(t, tested, {key: finding(held[key].history) for key in runs})

    when_computed(t, TRAINING, tuple(runs.values()), draw, shown=open_lanes)


def told_causes(
    t: Text,
    tested: Mapping[str, Mapping[str, RunSpec]],
    found: Mapping[tuple[str, str], Finding],
) -> None:
    """The two tests' findings as a table, and what they say about each activation."""
    rows = [t.laboratory.cause_head, "|---|---|---|---|---|"]
    for (activation, variant), one in found.items():
        frozen = tested[activation]["frozen"].frozen
        rows.append(
            f"| {entry_name(t, activation)} | {t.laboratory.variants[variant].format(k=frozen)}"
            f" | {part(one.share, t)} | {part(one.moved, t)}"
            f" | {t.laboratory.of.format(learnt=one.learnt, seeds=one.seeds)} |"
        )
    st.markdown("\n".join(rows))
    for activation in tested:
        mine = {variant: found[activation, variant] for variant in tested[activation]}
        missing = signal_was_missing(mine)
        learns = 2 * mine["plain"].learnt > mine["plain"].seeds
        other = t.laboratory.cause_learns if learns else t.laboratory.cause_other
        told = t.laboratory.cause_missing if missing else other
        st.markdown(told.format(name=entry_name(t, activation)))
    st.caption(t.laboratory.cause_note)


def computing(t: Text, look: Look) -> str:
    """How many runs of a series are done."""
    done = sum(record.finished for record in look.records)
    return t.laboratory.testing.format(done=done, runs=len(look.records))


def part(share: float, t: Text) -> str:
    """A share, or beyond all of it how many times."""
    return fraction(share, t) if share < 1 else t.laboratory.times.format(n=times(share, t))


def ladder(scene: Scene, records: Sequence[Recording]) -> None:
    """The remedies in their order, each with what it changes and what eight seeds made of it."""
    t = scene.t

    def draw(look: Look) -> None:
        progress(t, look, computing(t, look))
        if look.finished:
            rungs(t, dict(zip(LADDER, look.records, strict=True)))

    runs = tuple(replace(run, replicas=MANY_SEEDS) for run in LADDER.values())
    when_computed(t, TRAINING, runs, draw, shown=open_lanes)


def rungs(t: Text, held: Mapping[str, Recording]) -> None:
    """Every rung of the ladder: what it changes, what came of it, and a way to its networks."""
    before = None
    for key, record in held.items():
        history = record.history
        learnt = history.train_accuracy > LEARNT
        reached = [int(history.epoch[c.argmax()]) for c in learnt.T if c.any()]
        epochs = str(int(np.median(reached))) if reached else "–"
        run = LADDER[key]
        changed = t.numbers.comma.join(changes(t, before, run)) if before is not None else ""
        with st.container(horizontal=True, vertical_alignment="center", key=f"rung_{key}"):
            st.markdown(
                t.laboratory.rung.format(
                    name=t.laboratory.rungs[key],
                    learnt=int(learnt[-1].sum()),
                    seeds=MANY_SEEDS,
                    epochs=epochs,
                    share=part(float(np.median(history.share[0])), t),
                )
                + (f"  \n{changed}" if changed else ""),
                width="stretch",
            )
            st.button(
                t.laboratory.open_rung,
                key=f"open_{key}",
                on_click=try_remedy,
                args=(run, run) if before is None else (before, run),
            )
        before = run
    st.caption(t.laboratory.ladder_note.format(depth=run.depth, width=run.width))


def flow(scene: Scene, name: str, record: Recording) -> None:
    """The same gradients on the usual linear axis and in powers of ten."""
    t, run = scene.t, record.run
    _, size = charts.per_weight(run, record.history)
    if not len(size):
        st.caption(t.laboratory.no_error)
        return
    first, words = size[0], t.laboratory
    hidden = int((first < charts.PIXEL * charts.CUT).sum())
    numbers = {"hidden": hidden, "layers": len(first), "first": power(float(first[0]))}
    st.caption(words.hidden.format(**numbers))
    places = st.columns(2) if len(scene.lanes) == 1 else [st.container(), st.container()]
    for place, linear in zip(places, (True, False), strict=True):
        told = words.alternatives["flow_linear" if linear else "flow_powers"]
        with place:
            st.markdown(words.linear_axis if linear else words.powers_axis)
            show(
                charts.flow,
                t,
                scene.colours,
                hue(activation_of(run.activation), scene.colours),
                run.depth,
                scene.deepest,
                linear,
                told.format(
                    name=name,
                    smallest=power(float(first.min())),
                    largest=power(float(first.max())),
                    **numbers,
                ),
                flow=flow_table(record),
            )


@per_recording
def flow_table(record: Recording) -> pa.Table:
    return charts.flow_table(record.run, record.history)


DRAW: dict[str, Callable[[Scene, Sequence[Recording]], None]] = {
    "factors": in_columns(factors),
    "sums": in_columns(sums),
    "units": in_columns(units),
    "seeds": many_seeds,
    "why": why,
    "remedies": remedies,
    "causes": causes,
    "ladder": ladder,
    "compare": compare,
    "flow": in_columns(flow),
}
