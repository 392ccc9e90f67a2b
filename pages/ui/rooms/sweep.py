"""Sweeps and the trainability map, drawn as they are computed; each network can be opened."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from math import inf, isfinite
from typing import Any
from urllib.parse import urlencode
from zlib import crc32

import pyarrow as pa
import streamlit as st

from core.nn.own import activation_of
from core.runs.lanes import Lanes, changed
from core.runs.training import RunSpec
from core.sweep.filling import Filling, Shelf, excess
from core.sweep.grid import (
    NUMERIC,
    PARTS,
    QUANTITIES,
    RANGES,
    STATISTICS,
    Grid,
    Map,
    Sweep,
    Sweeping,
)
from core.sweep.presets import LANES, side_by_side, variants
from core.sweep.rows import Row
from core.theory.meanfield import MeanField
from pages.charts import sweep as charts
from pages.charts.style import Palette
from pages.texts import Text
from pages.texts.numbers import loss_of, percent, plain, power, written
from pages.ui.computing import state_of, watched
from pages.ui.frame import around
from pages.ui.house import SWEEP, TRAINING
from pages.ui.recordings import compute, engine
from pages.ui.rooms.training.lanes import lane_name
from pages.ui.session import is_stopped, keep
from pages.ui.widgets.controls import (
    Change,
    controls,
    fold,
    knob_controls,
    one_part,
    open_button,
    reset,
    taken,
)
from pages.ui.widgets.show import show

MOST_HELD = 40
SAMPLED = 33
"""Weight variances at which the theory's line is computed."""
OTHER = "other"

Address = Callable[[Lanes], str]
Named = tuple[str, int, Row]
"""A network's name, the number of its seed, and its row."""

change = SWEEP.setter(Sweeping)


@st.cache_resource(show_spinner=False)
def shelf() -> Shelf:
    """The grids under way and finished; one for the whole process."""
    return Shelf(MOST_HELD, engine())


# Choices


def part_choice(t: Text, chosen: Sweeping) -> None:
    """Whether a sweep or the map is shown."""
    parts = {key: t.sweep.parts[key] for key in PARTS}
    one_part("sweep_part", t.settings.sweep_part, parts, chosen.sweep_part, change)


def set_lanes(lanes: Lanes) -> None:
    part = SWEEP.part(tuple)
    keep(part.write(lanes, full=False), part.keys)


def change_run(name: str, value: Any) -> None:
    """A setting of every network that has no value of its own."""
    set_lanes(changed(SWEEP.open()[1], name, value))


def change_axis(name: str) -> None:
    """Another setting on the x axis, over a range in which something can be seen."""
    low, high = RANGES[name]
    chosen = replace(
        SWEEP.open()[0], sweep_x=name, sweep_low=float(low), sweep_high=float(high), sweep_at=0
    )
    part = SWEEP.part(Sweeping)
    keep(part.write(chosen, full=False), part.keys)


def compare(key: str) -> None:
    """The first network beside others, or alone."""
    if key in LANES:
        set_lanes(side_by_side(SWEEP.open()[1][0], key))


def settings(t: Text, chosen: Sweeping, lanes: Lanes) -> None:
    """What varies, what is looked at, and the networks."""
    run = lanes[0]
    if is_map(chosen):
        controls(chosen, t, "map_depth", "map_low", "map_high", "map_cells", change=change)
    else:
        axes = {key: t.settings[key] for key in RANGES}
        one_of(t.settings.sweep_x, axes, chosen.sweep_x, "sweep_x", change_axis)
        controls(chosen, t, "sweep_low", "sweep_high", change=change)
        quantities = {key: t.sweep.quantities[key] for key in QUANTITIES}
        seen = quantities | {key: t.options[key] for key in STATISTICS}
        one_of(t.settings.sweep_y, seen, chosen.sweep_y, "sweep_y", partial(change, "sweep_y"))
        if chosen.sweep_y in STATISTICS:
            controls(chosen, t, "sweep_layer", change=change)
        kinds = {key: t.sweep.compared[key] for key in LANES}
        now = variants(lanes)
        if now is None:
            kinds[OTHER] = t.sweep.compared.other
        one_of(t.sweep.compare, kinds, now or OTHER, "sweep_lanes", compare)
        controls(chosen, t, "sweep_seeds", "sweep_points", "sweep_curves", change=change)
    with fold(t.sweep.networks, "more_settings") as unfolded:
        if unfolded:
            network(t, run, change_run)


def network(t: Text, run: RunSpec, change: Change) -> None:
    """The settings that all networks share."""
    controls(run, t, "activation", "depth", "width", "initializer", "gain", change=change)
    knob_controls(run, t, (run.activation,), change=change)
    controls(run, t, "optimizer", "rate", "batch", "epochs", change=change)
    knob_controls(run, t, (run.optimizer,), change=change)
    controls(run, t, "norm", "skip", "dataset", "samples", "seed", change=change)


def one_of(
    label: str, names: Mapping[str, str], value: str, key: str, choose: Callable[[str], None]
) -> None:
    """A choice among these keys by their names."""
    reset(key, value)
    st.selectbox(
        label,
        list(names),
        format_func=lambda option: names[option],
        key=key,
        on_change=taken,
        args=(key, choose),
    )


def is_map(chosen: Sweeping) -> bool:
    return isinstance(chosen.grid((RunSpec(),)), Map)


# What is computed


@dataclass(frozen=True, eq=False)
class Sight:
    """What the page sees of a grid at one moment."""

    filling: Filling

    @property
    def grid(self) -> Grid:
        return self.filling.grid

    @property
    def rows(self) -> Mapping[RunSpec, Row]:
        return self.filling.seen.rows

    @property
    def finished(self) -> bool:
        return self.filling.finished

    @property
    def live(self) -> bool:
        return not self.finished and not is_stopped(self.grid)

    @property
    def name(self) -> str:
        return f"sweep_{crc32(repr(self.grid).encode()):08x}"


def stage(t: Text, colours: Palette, chosen: Sweeping, lanes: Lanes) -> None:
    """The grid as it fills, and the way from each of its networks to the laboratory."""
    grid = chosen.grid(lanes)
    if (over := excess(grid)) > 1:
        told = (
            t.sweep.too_large.format(times=power(over)) if isfinite(over) else t.sweep.one_too_large
        )
        st.error(told, icon=":material/weight:")
        return
    filling = shelf().get(grid)
    address = cache(partial(address_of, t))

    def advance(budget: float) -> None:
        if not is_stopped(grid):
            compute(filling, budget)

    def draw(sight: Sight) -> None:
        now = SWEEP.open()[0]
        state(t, sight)
        if isinstance(grid, Map):
            mapped(t, colours, now, grid, sight, address)
        elif now.sweep_curves:
            panels(t, colours, now, grid, sight)
        else:
            swept(t, colours, now, grid, sight, address)

    watched(t, SWEEP, lambda: Sight(filling), advance, draw, shown=SWEEP.open)
    laboratory(t, chosen, grid)
    st.caption(t.sweep.command)


def state(t: Text, sight: Sight) -> None:
    """How far it is, and a way to stop or to go on."""
    share = sight.filling.seen.share
    cancelled = t.sweep.cancelled.format(share=percent(share, t))
    state_of(t, sight, sight.grid, share, t.common.computing, cancelled)


# The sweep


def names_of(t: Text, sweep: Sweep) -> list[str]:
    """What tells the networks apart, without the setting that varies."""
    same = {sweep.setting: getattr(sweep.lanes[0], sweep.setting)}
    lanes = [replace(run, **same) for run in sweep.lanes]
    names = [lane_name(t, run, lanes) for run in lanes]
    return [name if names.count(name) == 1 else f"{k}. {name}" for k, name in enumerate(names, 1)]


def address_of(t: Text, lanes: Lanes) -> str:
    """The laboratory with these networks, as a link beside this page."""
    return f"{TRAINING.path}?{urlencode({**around(t), **TRAINING.link_of(lanes)})}"


def opened(sweep: Sweep, value: float, seed: int = 0) -> Lanes:
    """All networks of the sweep at one value and seed, side by side."""
    return tuple(sweep.cell(lane, value, seed) for lane in range(len(sweep.lanes)))


def strokes(t: Text, colours: Palette, sweep: Sweep) -> tuple[charts.Lane, ...]:
    return charts.lanes_of(names_of(t, sweep), [run.activation for run in sweep.lanes], colours)


def swept(
    t: Text, colours: Palette, chosen: Sweeping, sweep: Sweep, sight: Sight, address: Address
) -> None:
    """The points that there are, with the range of all seeds."""
    words, names = t.sweep, names_of(t, sweep)
    links = {cell: address(opened(sweep, *sweep.places[cell][1:])) for cell in sight.rows}
    y, layer = chosen.sweep_y, chosen.sweep_layer
    tables, left_out = charts.sweep_tables(sweep, sight.rows, names, links, y, layer)
    here = pa.table({"x": [float(value_at(chosen, sweep))]})
    told = words.alternatives.points.format(
        y=charts.y_title(t, y, layer),
        x=t.settings[sweep.setting],
        lanes=t.numbers.comma.join(names),
        ends=" ".join(ends(t, sweep, sight, names, y, layer)),
    ).strip()
    lanes = strokes(t, colours, sweep)
    ends_of_x = (float(sweep.values[0]), float(sweep.values[-1]))
    arguments = (t, colours, lanes, sweep.setting, ends_of_x, y, layer, told)
    show(charts.points, *arguments, steady=True, **tables, here=here)
    note(t, sweep, y, left_out, sight)
    value = value_at(chosen, sweep)
    st.markdown(words.closer.format(y=curved(t, chosen), at=valued(t, sweep, value)))
    panel(t, colours, chosen, sweep, sight, value)


def ends(t: Text, sweep: Sweep, sight: Sight, names: list[str], y: str, layer: int) -> list[str]:
    """For every lane the lowest and the highest number, with the values at which they are."""
    told = []
    for lane, name in enumerate(names):
        found = [
            (row.value(y, layer), sweep.places[cell][1])
            for cell, row in sight.rows.items()
            if sweep.places[cell][0] == lane and isfinite(row.value(y, layer))
        ]
        if found:
            (low, at_low), (high, at_high) = min(found), max(found)
            told.append(
                t.sweep.alternatives.ends.format(
                    name=name, low=power(low), at_low=plain(at_low), high=power(high),
                    at_high=plain(at_high),
                )
            )  # fmt: skip
    return told


def note(t: Text, sweep: Sweep, y: str, left_out: int, sight: Sight) -> None:
    """How to read the chart, and how many networks it cannot show: the same element always."""
    told = [t.sweep.reading]
    if sweep.seeds > 1:
        told.append(t.sweep.spread)
    if y in charts.RULE_OF_THUMB:
        told.append(t.sweep.thumb)
    if left_out:
        told.append(t.sweep.left_out.format(count=left_out, all=len(sight.rows)))
    st.caption(" ".join(told))


def panels(t: Text, colours: Palette, chosen: Sweeping, sweep: Sweep, sight: Sight) -> None:
    """The learning curves at every value, in a panel each."""
    words, names = t.sweep, names_of(t, sweep)
    lanes = strokes(t, colours, sweep)
    st.markdown(words.curves.format(y=curved(t, chosen)))
    named = words.alternatives.legend.format(lanes=t.numbers.comma.join(names))
    show(charts.legend, t, colours, lanes, named, lanes=charts.legend_table(lanes))
    with st.container(horizontal=True, gap="small"):
        for value in sweep.values:
            with st.container(width=230):
                gone = sum(
                    row.diverged for run, row in sight.rows.items() if sweep.places[run][1] == value
                )
                told = words.gone.format(count=gone) if gone else ""
                st.caption(f"**{valued(t, sweep, value)}** {told}")
                panel(t, colours, chosen, sweep, sight, value)


def curved(t: Text, chosen: Sweeping) -> str:
    """What learning curves show: the loss if a loss is looked at, else the accuracy."""
    return t.sweep.quantities["loss" if is_loss(chosen) else "accuracy"]


def is_loss(chosen: Sweeping) -> bool:
    return chosen.sweep_y in ("loss", "test_loss")


def valued(t: Text, sweep: Sweep, value: float) -> str:
    """The setting that varies, and a value of it."""
    return f"{t.settings[sweep.setting]} = {plain(value)}"


def panel(
    t: Text, colours: Palette, chosen: Sweeping, sweep: Sweep, sight: Sight, value: float
) -> None:
    """The learning curves of all networks at one value."""
    names, runs = names_of(t, sweep), opened(sweep, value)
    found = [
        (names[lane], seed, sight.rows[cell])
        for cell, (lane, here, seed) in sweep.places.items()
        if here == value and cell in sight.rows
    ]
    learning_curves(
        t, colours, strokes(t, colours, sweep), found, sight, max(run.epochs for run in runs),
        is_loss(chosen), valued(t, sweep, value),
    )  # fmt: skip


def learning_curves(
    t: Text, colours: Palette, lanes: tuple[charts.Lane, ...], found: Sequence[Named], sight: Sight,
    epochs: int, loss: bool, at: str,
) -> None:  # fmt: skip
    """The learning curves of these networks, on the axis that holds those of all in sight."""
    told = t.sweep.alternatives.curve.format(
        y=t.sweep.quantities["loss" if loss else "accuracy"],
        at=at,
        ends=" ".join(last_numbers(t, found, loss)),
    ).strip()
    ends = charts.ends_table(sight.rows.values(), loss=loss)
    most = max(ends["y"].to_pylist(), default=inf)
    tables = {"curve": charts.curve_table(found, loss=loss, most=most), "ends": ends}
    show(charts.curves, t, colours, lanes, epochs, loss, told, steady=True, **tables)


def last_numbers(t: Text, found: Sequence[Named], loss: bool) -> Iterator[str]:
    """For every network where its learning curves end, from the lowest seed to the highest."""
    words = t.sweep.alternatives
    for name in dict.fromkeys(name for name, _, _ in found):
        rows = [row for named, _, row in found if named == name]
        ends = [(row.losses if loss else row.accuracies)[-1] for row in rows if not row.diverged]
        if ends:
            low, high = (
                loss_of(end) if loss else percent(end, t) for end in (min(ends), max(ends))
            )
            last = words.last if low == high else words.lasts
            yield last.format(name=name, low=low, high=high)
        if gone := len(rows) - len(ends):
            yield words.gone.format(name=name, count=gone)


# The map


@st.cache_resource(max_entries=60, show_spinner=False)
def theory(
    key: str, knobs: tuple[tuple[str, float], ...], low: float, high: float
) -> tuple[tuple[float, float], ...]:
    """sigma_w^2 and 6 xi_c, for biases that are 0."""
    own = {k.removeprefix(f"{key}."): v for k, v in knobs if k.startswith(f"{key}.")}
    span = (low + (high - low) * k / (SAMPLED - 1) for k in range(SAMPLED))
    fields = [MeanField(activation_of(key), weights, 0.0, own) for weights in span]
    return tuple((field.weights, field.trainable_depth) for field in fields if field.defined)


def mapped(
    t: Text, colours: Palette, chosen: Sweeping, grid: Map, sight: Sight, address: Address
) -> None:
    """The cells that are filled, with the theory's line over them."""
    words, run = t.sweep, grid.run
    links = {cell: address((cell,)) for cell in sight.rows}
    plain_stack = run.normalization is None and run.skip == 0
    across, up = charts.edges(grid.variances), charts.edges(grid.depths)
    ends = (across[0][0], across[-1][1]), (up[0][0], up[-1][1])
    line = (
        theory(run.activation, run.knobs, max(ends[0][0], 0.01), ends[0][1]) if plain_stack else ()
    )
    depth, variance = place_at(chosen, grid)
    square = across[grid.variances.index(variance)], up[grid.depths.index(depth)]
    here = pa.table(
        dict(zip(("left", "right", "low", "high"), ([v] for s in square for v in s), strict=True))
    )
    told = words.alternatives.map.format(
        done=len(sight.rows),
        count=len(grid.cells),
        learnt=sum(row.value("accuracy") > 0.5 for row in sight.rows.values()),
        depth=plain(grid.depths[-1]),
        low=plain(grid.variances[0]),
        high=plain(grid.variances[-1]),
    )
    tables = charts.map_tables(t, grid, sight.rows, links, line)
    show(charts.trainability, t, colours, *ends, told, steady=True, **tables, here=here)
    st.caption(words.map_note if plain_stack else words.no_theory)
    cell, at = grid.cell(depth, variance), words.at.format(depth=depth, variance=plain(variance))
    st.markdown(words.closer.format(y=words.quantities.accuracy, at=at))
    found = [(at, 0, sight.rows[cell])] if cell in sight.rows else []
    lanes = charts.lanes_of([at], [cell.activation], colours)
    learning_curves(t, colours, lanes, found, sight, cell.epochs, False, at)


# The laboratory


def value_at(chosen: Sweeping, sweep: Sweep) -> float:
    """The value that is looked at more closely."""
    return sweep.values[min(chosen.sweep_at, len(sweep.values) - 1)]


def place_at(chosen: Sweeping, grid: Map) -> tuple[float, float]:
    """Depth and variance of the cell that is looked at more closely."""
    places = list(grid.places.values())
    return places[min(chosen.sweep_at, len(places) - 1)]


def laboratory(t: Text, chosen: Sweeping, grid: Grid) -> None:
    """Which network to open in the laboratory, for those who cannot click a mark."""
    words = t.sweep
    with st.container(horizontal=True, vertical_alignment="bottom", key="sweep_laboratory"):
        if isinstance(grid, Map):
            depth, variance = place_at(chosen, grid)
            lanes: Lanes = (grid.cell(depth, variance),)

            def cell(depth: float, variance: float) -> None:
                change("sweep_at", list(grid.places.values()).index((depth, variance)))

            slide(t.settings.depth, grid.depths, depth, "map_at_depth", lambda d: cell(d, variance))
            slide(words.variance, grid.variances, variance, "map_at_variance",
                  lambda v: cell(depth, v))  # fmt: skip
        else:
            value = value_at(chosen, grid)
            lanes = opened(grid, value)
            named = NUMERIC[grid.setting]
            slide(
                t.settings[grid.setting], grid.values, value, "sweep_at_value",
                lambda v: change("sweep_at", grid.values.index(v)),
                lambda v: written(named, v),
            )  # fmt: skip
        open_button(words.laboratory, TRAINING, TRAINING.link_of(lanes))


def slide(
    label: str,
    values: tuple[float, ...],
    value: float,
    key: str,
    choose: Callable[[float], None],
    name: Callable[[float], str] = plain,
) -> None:
    """One of these values."""
    if len(values) == 1:
        return
    reset(key, value)
    st.select_slider(
        label, values, format_func=name, key=key, on_change=taken, args=(key, choose), width=260
    )
