"""Series of numbers with names, and what each is taken for: a quantity, and of which layer.

A name says it: one with `loss` is the loss, one with `lr` the rate; of the others those are taken
that name a measure (`grad`, `delta`, `update`, `weight`, ...) and a layer, such as
`grad_norm/layers.0.weight` or `grad_2.0_norm/layers.0.weight`. Where the names mislead, the reader
of the file corrects it.
"""

from __future__ import annotations

import re
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
STEPS = ("step", "_step", "global_step", "trainer/global_step", "iteration", "iter", "epoch")
"""Names of the column of steps, the best one first."""

WORDS = {
    "gradient": ("grad",),
    "delta": ("delta",),
    "update": ("update",),
    "saturated": ("saturat",),
    "dead": ("dead",),
    "std": ("std", "spread"),
    "mean": ("mean",),
    "zero": ("zero", "sparsity"),
    "weight": ("weight", "param"),
}
"""By which words in a name a measure is known, the first that fits."""
ASIDE = re.compile(r"total|global|overall|\bbias\b|__(min|max)$", re.I)
"""In names that are of no layer's weights, or of no number but its bounds."""


class Column(NamedTuple):
    """What a series is taken for. quantity: one of `QUANTITIES`. layer: "" if not of a layer."""

    quantity: str = NOTHING
    layer: str = ""


class Series(NamedTuple):
    """Numbers with a name. at: of each value the step; in a table its row."""

    name: str
    at: Array
    values: Array


@dataclass(frozen=True, eq=False)
class Log:
    """What somebody's logger wrote.

    rows: of a table, which of its rows were read: a column tells their steps. None where every
    value has its own step. unread: lines or events that could not be used. cut: whether the file
    ends in the middle. digest: its fingerprint.
    """

    series: tuple[Series, ...]
    digest: str
    rows: Array | None = None
    unread: int = 0
    cut: bool = False

    @property
    def quantities(self) -> tuple[str, ...]:
        """What its series can be taken for."""
        return tuple(q for q in QUANTITIES if q != STEP or self.rows is not None)


# Names


def measure_of(name: str) -> str:
    """The measure that a name is about, "" for none."""
    low = name.lower()
    return next((key for key, words in WORDS.items() if any(w in low for w in words)), "")


def layer_of(name: str, measure: str) -> str:
    """The layer that a name is about: what is left without the words before the last measure's.

    `grad_norm/layers.0.weight` and `layers.0.weight/grad_norm` are both `layers.0`.
    """
    if not measure:
        return ""
    words = WORDS[measure] if measure != "weight" else ("weights", "param", "weight_norm")
    parts = [part for part in re.split(r"[/\s]+", name) if part not in ("-", "")]
    left = [part for part in parts if not any(word in part.lower() for word in words)]
    if not left and len(parts) == 1:
        left = [re.sub("|".join(words), "", name, flags=re.I)]
    layer = "/".join(left).strip("._-/ ").removesuffix(".weight")
    return layer[:LONGEST_NAME]


def guessed(log: Log) -> tuple[Column, ...]:
    """What each series is taken for, by its name; of two for the same thing the first."""
    low = [one.name.lower() for one in log.series]
    steps = next((low.index(name) for name in STEPS if name in low), None)
    found: dict[Column, int] = {}
    for place, one in enumerate(log.series):
        is_step = log.rows is not None and place == steps
        found.setdefault(Column(STEP) if is_step else by_name(one.name), place)
    first = {place: column for column, place in found.items()}
    return tuple(first.get(place, Column()) for place in range(len(log.series)))


def by_name(name: str) -> Column:
    """What a name, by itself, says."""
    low = name.lower()
    if "loss" in low:
        return Column() if "val" in low or "test" in low else Column(LOSS)
    if re.search(r"(^|[/_.-])(lr|learning_rate)\b|^lr-", low):
        return Column(RATE)
    measure = "" if ASIDE.search(name) else measure_of(name)
    layer = layer_of(name, measure)
    return Column(measure, layer) if layer else Column()


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
    layers: dict[str, dict[str, dict[int, float]]] = {}
    single: dict[str, dict[int, float]] = {}
    for one, column in zip(log.series, columns, strict=True):
        if column.quantity in MEASURES:
            layers.setdefault(column.layer, {})[column.quantity] = stepped(one, steps)
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
        rows_in_file=len(every) + unread,
        unread=unread,
        cut=log.cut,
    )


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
