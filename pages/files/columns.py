"""Series of numbers with names, and what each is taken for: a quantity, and of which layer.

A name says it: one with `loss` or `損失` is the loss, one with `lr` or `学習率` the rate; of the
others those are taken that name a measure (`grad`, `delta`, `update`, `weight`, ...) and a layer,
such as `grad_norm/layers.0.weight` or `勾配_層1`. Where the names mislead, the reader of the file
corrects it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from core.arrays import Array
from core.watched.watched import MEASURES, Layer, Watched
from pages.files.recordings import (
    LARGEST,
    LONGEST_NAME,
    MOST_LAYERS,
    MOST_NUMBERS,
    MOST_ROWS,
    Fault,
    RecordingError,
    evenly,
)

NOTHING, STEP, LOSS, RATE = "nothing", "step", "loss", "rate"
SINGLE = (STEP, LOSS, RATE)
"""Quantities that a file has once."""
QUANTITIES = (NOTHING, *SINGLE, *MEASURES)
STEPS = (
    *("step", "_step", "global_step", "trainer/global_step", "ステップ", "ステップ数", "iteration"),
    *("iter", "反復", "反復回数", "イテレーション", "epoch", "エポック", "エポック数"),
)
"""Names of the column of steps, the best one first."""
REPEATED = 0.3
"""Of a column of steps, at least this share of the rows has a step of its own: else it tells epochs
of many rows."""

WORDS = {
    "gradient": ("grad", "勾配"),
    "delta": ("delta", "誤差信号", "誤差"),
    "update": ("update", "更新量", "更新"),
    "saturated": ("saturat", "飽和"),
    "dead": ("dead", "死んだ"),
    "std": ("std", "spread", "標準偏差", "ばらつき"),
    "mean": ("mean", "平均"),
    "zero": ("zero", "sparsity", "ゼロ"),
    "weight": ("weight", "param", "kernel", "重み", "パラメータ"),
}
"""By which words in a name a measure is known, the first that fits."""
LOSSES, TESTED = ("loss", "損失"), ("val", "test", "検証", "テスト", "評価")
RATES = re.compile(r"(^|[/_.-])(lr|learning_rate)\b|^lr-|学習率")
BOUNDS = re.compile(r"__(min|max)$", re.I)
ASIDE = {
    "bounds": BOUNDS,
    "bias": re.compile(r"\bbias\b|バイアス", re.I),
    "total": re.compile(r"total|global|overall|合計|全体|総計", re.I),
}
"""In names that are of no layer's weights, or of no number but its bounds; by the reason."""
OF_WEIGHTS = re.compile(r"[./](weight|kernel)(:0)?(/histogram)?$")
"""How the weights of a layer are called after its name."""
OF_ALL = re.compile(r"[\W_]*(2norm|norms?|l2)?[\W_]*", re.I)
"""What is left of the name of a measure of all layers together: `grad_norm`."""
NUMBERS = re.compile(r"(\d{1,9})")
OF_RUN = re.compile(r"(?P<run>.+?) - (?P<name>.+)")
"""A name after that of its run, as the web pages of W&B export it."""


class Column(NamedTuple):
    """What a series is taken for. quantity: one of `QUANTITIES`. layer: "" if not of a layer."""

    quantity: str = NOTHING
    layer: str = ""


class Series(NamedTuple):
    """Numbers with a name. at: of each value the step; in a table its row."""

    name: str
    at: Array
    values: Array


class Aside(NamedTuple):
    """A column that holds no numbers, or cells of one: how many, and why. `histogram`: its cells
    are histograms, by which the norm is estimated."""

    name: str
    why: str
    cells: int


@dataclass(frozen=True, eq=False)
class Log:
    """What somebody's logger wrote.

    series: their values are finite, infinite or `UNDEFINED`. rows: of a table, which of its rows
    were read: a column tells their steps. None where every value has its own step. unread: lines or
    events that could not be used. cut: whether the file ends in the middle. digest: its
    fingerprint. aside: what is no number. whole: how many rows, or values of a series, the file has
    if only some were read, else 0.
    """

    series: tuple[Series, ...]
    digest: str
    rows: Array | None = None
    unread: int = 0
    cut: bool = False
    aside: tuple[Aside, ...] = ()
    whole: int = 0

    @property
    def quantities(self) -> tuple[str, ...]:
        """What its series can be taken for."""
        return tuple(q for q in QUANTITIES if q != STEP or self.rows is not None)


# Names


def measure_of(name: str) -> str:
    """The measure that a name is about, "" for none."""
    low = unicodedata.normalize("NFKC", name).lower()
    return next((key for key, words in WORDS.items() if any(w in low for w in words)), "")


def layer_of(name: str, measure: str) -> str:
    """The layer that a name is about: what is left without the words before the last measure's.

    `grad_norm/layers.0.weight` and `layers.0.weight/grad_norm` are both `layers.0`.
    """
    if not measure:
        return ""
    words = WORDS[measure]
    if measure == "weight":
        words = ("weights", "param", "weight_norm", "重み", "パラメータ")
    name = unicodedata.normalize("NFKC", name)
    parts = [part for part in re.split(r"[/\s]+", name) if part not in ("-", "")]
    left = [part for part in parts if not any(word in part.lower() for word in words)]
    if not left and len(parts) == 1:
        rest = re.sub("|".join(words), "", name, flags=re.I)
        left = [] if OF_ALL.fullmatch(rest) else [rest]
    layer = OF_WEIGHTS.sub("", "/".join(left).strip("._-/ ()の"))
    return layer[:LONGEST_NAME]


def guessed(log: Log) -> tuple[Column, ...]:
    """What each series is taken for, by its name; of two for the same thing the first, though one
    of a step before one of an epoch."""
    names, owners = named(log), runs_of(log)
    steps, run = steps_among(log, names), next(filter(None, owners), "")
    found: dict[Column, int] = {}
    for place in sorted(range(len(names)), key=lambda place: names[place].endswith("_epoch")):
        column = Column(STEP) if place == steps else by_name(names[place])
        if owners[place] in ("", run):
            found.setdefault(column, place)
    first = {place: column for column, place in found.items()}
    return tuple(first.get(place, Column()) for place in range(len(log.series)))


def named(log: Log) -> list[str]:
    """The names of the series, without that of their run where there is one."""
    found = [OF_RUN.fullmatch(one.name) for one in log.series]
    owners = runs_of(log)
    return [
        match["name"] if match and owner else one.name
        for match, owner, one in zip(found, owners, log.series, strict=True)
    ]


def runs_of(log: Log) -> list[str]:
    """Of each series its run, "" where names do not say one: W&B's always come with bounds."""
    found = [OF_RUN.fullmatch(one.name) for one in log.series]
    if not any(BOUNDS.search(one.name) for one in log.series):
        return [""] * len(found)
    return [match["run"] if match else "" for match in found]


def steps_among(log: Log, names: Sequence[str]) -> int | None:
    """Which series tells the steps of a table's rows, None for none of them."""
    if log.rows is None:
        return None
    low = [name.lower() for name in names]
    for name in STEPS:
        if name in low:
            values = log.series[place := low.index(name)].values
            if len(np.unique(values)) >= REPEATED * len(values):
                return place
    return None


def by_name(name: str) -> Column:
    """What a name, by itself, says."""
    low = unicodedata.normalize("NFKC", name).lower()
    if any(word in low for word in LOSSES):
        aside = BOUNDS.search(low) or any(word in low for word in TESTED)
        return Column() if aside else Column(LOSS)
    if RATES.search(low):
        return Column(RATE)
    aside = any(pattern.search(low) for pattern in ASIDE.values())
    measure = "" if aside else measure_of(name)
    layer = layer_of(name, measure)
    return Column(measure, layer) if layer else Column()


def reasons(log: Log, columns: Sequence[Column]) -> list[str]:
    """Why each series is not used, "" for those that are: a key of words."""
    owners = runs_of(log)
    run = next(filter(None, owners), "")
    stepped_already = log.rows is None or any(column.quantity == STEP for column in columns)
    found = []
    for name, owner, column, guess in zip(named(log), owners, columns, guessed(log), strict=True):
        if column.quantity != NOTHING:
            found.append("")
        elif guess.quantity != NOTHING:
            found.append("chosen")
        elif owner not in ("", run):
            found.append("other_run")
        elif name.lower() in STEPS:
            found.append("steps" if stepped_already else "repeated")
        else:
            found.append(reason_of(name))
    return found


def reason_of(name: str) -> str:
    """Why a name that was taken for nothing was."""
    low = unicodedata.normalize("NFKC", name).lower()
    if by_name(name).quantity != NOTHING:
        return "taken"
    aside = next((why for why, pattern in ASIDE.items() if pattern.search(low)), "")
    if any(word in low for word in LOSSES):
        return aside or "tested"
    return aside or ("no_layer" if measure_of(name) else "unknown")


def corrected(
    log: Log, columns: Sequence[Column], places: Sequence[int], quantity: str, layer: str = ""
) -> tuple[Column, ...]:
    """The columns, with those at `places` taken for `quantity`.

    layer: whose it is, if there is one place; without it, the name says so, and of several columns
    that in which their names differ. What was taken for the same thing before is left out; of
    several columns for what a file has once the first is taken.
    """
    if quantity in SINGLE:
        places = places[:1]
    names = [log.series[place].name for place in places]
    owners = [layer.strip()] if layer.strip() and len(places) == 1 else distinct(names)
    measured = quantity in MEASURES
    new = {
        place: Column(quantity, owner[:LONGEST_NAME] if measured else "")
        for place, owner in zip(places, owners, strict=True)
    }
    replaced = set(new.values())
    kept = (Column() if column in replaced else column for column in columns)
    return tuple(new.get(place, column) for place, column in enumerate(kept))


def distinct(names: Sequence[str]) -> list[str]:
    """Layers by the names of their columns: the words and numbers in which the names differ."""
    if len(names) == 1:
        return [layer_of(names[0], measure_of(names[0])) or names[0]]
    parts = [re.findall(r"\d+|[^\W\d_]+|[\W_]+", name) for name in names]
    head = shared(parts)
    tail = shared([part[head:][::-1] for part in parts])
    short = ["".join(part[head : len(part) - tail]).strip("._-/ ") for part in parts]
    for found in (short, list(names)):
        if all(found) and len({name[:LONGEST_NAME] for name in found}) == len(names):
            return found
    return [str(place) for place in range(1, len(names) + 1)]


def shared(parts: Sequence[Sequence[str]]) -> int:
    """How many parts all of them begin with."""
    different = (k for k, some in enumerate(zip(*parts, strict=False)) if len(set(some)) > 1)
    return next(different, min(map(len, parts), default=0))


# Numbers


def watched_of(log: Log, columns: Sequence[Column]) -> Watched:
    """The log as a recording, if its series are these columns. Raises RecordingError."""
    steps = steps_of(log, columns)
    layers: dict[str, dict[str, dict[int, float]]] = {name: {} for name in in_order(columns)}
    single: dict[str, dict[int, float]] = {}
    for one, column in zip(log.series, columns, strict=True):
        if column.quantity in MEASURES:
            layers[column.layer][column.quantity] = stepped(one, steps)
        elif column.quantity in (LOSS, RATE):
            single[column.quantity] = stepped(one, steps)
    if not layers:
        raise RecordingError(Fault.NO_COLUMNS, value=", ".join(one.name for one in log.series[:3]))
    if len(layers) > MOST_LAYERS:
        raise RecordingError(Fault.TOO_MANY_LAYERS, value=len(layers), limit=MOST_LAYERS)
    every = sorted({step for found in layers.values() for told in found.values() for step in told})
    chosen = evenly(every, max(2, min(MOST_ROWS, MOST_NUMBERS // len(layers))))
    if not chosen:
        raise RecordingError(Fault.NO_COLUMNS)

    def column_of(values: Mapping[int, float]) -> list[float]:
        return [values.get(step, nan) for step in chosen]

    none: dict[int, float] = {}
    unread = log.unread + (0 if steps is None or log.rows is None else len(log.rows) - len(steps))
    return Watched(
        layers=tuple(Layer(name) for name in layers),
        steps=np.array(chosen),
        loss=np.array(column_of(nearest(single.get(LOSS, none), chosen))),
        rate=np.array(column_of(nearest(single.get(RATE, none), chosen))),
        measures=MappingProxyType(
            {
                measure: np.array(
                    [column_of(found.get(measure, none)) for found in layers.values()]
                ).T
                for measure in MEASURES
            }
        ),
        digest=log.digest,
        rows_in_file=log.whole or len(every) + unread,
        unread=unread,
        cut=log.cut,
    )


def in_order(columns: Sequence[Column]) -> list[str]:
    """The layers in the order of their columns; those that a logger has sorted by their letters
    (1, 10, 2) by their numbers."""
    names = list(dict.fromkeys(c.layer for c in columns if c.quantity in MEASURES))
    return sorted(names, key=natural) if names == sorted(names) else names


def natural(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in NUMBERS.split(name)]


def steps_of(log: Log, columns: Sequence[Column]) -> dict[int, int] | None:
    """Of each row of a table its step, if a column tells; None where the rows are counted."""
    for one, column in zip(log.series, columns, strict=True):
        if column.quantity == STEP:
            told = zip(one.at.tolist(), one.values.tolist(), strict=True)
            return {row: int(value) for row, value in told if 0 <= value <= LARGEST}
    return None


def stepped(one: Series, steps: Mapping[int, int] | None) -> dict[int, float]:
    """The values by step."""
    told = zip(one.at.tolist(), one.values.tolist(), strict=True)
    if steps is None:
        return dict(told)
    return {steps[row]: value for row, value in told if row in steps}


def nearest(values: Mapping[int, float], steps: list[int]) -> dict[int, float]:
    """At each of the steps the value told last: losses are logged at other steps than layers."""
    told = sorted(values)
    found = {}
    for step, place in zip(steps, np.searchsorted(told, steps, side="right"), strict=True):
        if place:
            found[step] = values[told[place - 1]]
    return found
