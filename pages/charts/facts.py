"""What the registry knows about the activation functions, in the reader's words."""

from __future__ import annotations

from functools import lru_cache
from math import inf, isinf, pi

import pyarrow as pa

from core.nn.activations import ACTIVATIONS, Activation, Interval, Where
from core.nn.gains import typical_slope
from core.nn.own import activation_of
from pages.texts import Text
from pages.texts.numbers import significant


def name_of(t: Text, key: str) -> str:
    """The reader's name of an activation."""
    return t.options.get(key, activation_of(key).name)


def near(value: float) -> str:
    """A number of the facts: ∞, −0.17, π/2."""
    if isinf(value):
        return "∞" if value > 0 else "−∞"
    for part, name in ((pi, "π"), (pi / 2, "π/2")):
        if abs(value) == part:
            return ("−" if value < 0 else "") + name
    return significant(value, 4)


def interval(values: Interval) -> str:
    """[0, ∞)."""
    left, right = "[" if values.low_closed else "(", "]" if values.high_closed else ")"
    return f"{left}{near(values.low)}, {near(values.high)}{right}"


def steepest_where(activation: Activation, t: Text) -> str:
    """Where |f'| is largest: 'at 0', 'for z > 0', 'towards ∞'."""
    words, at = t.facts.where, activation.max_slope_at
    if isinf(activation.max_slope):
        return words.unbounded
    match activation.max_slope_where:
        case Where.EVERYWHERE:
            return words.everywhere
        case Where.POINTS:
            return words.points.format(points=t.facts.comma.join(near(z) for z in at))
        case Where.INTERVAL if at[1] == inf:
            return words.above.format(low=near(at[0]))
        case Where.INTERVAL:
            return words.interval.format(low=near(at[0]), high=near(at[1]))
        case Where.PERIODIC:
            return words.periodic.format(first=near(at[0]), step=near(at[1] - at[0]))
        case Where.LIMIT:
            word = words.towards if isinf(at[0]) else words.limit
            return word.format(point=near(at[0]))


def saturation(activation: Activation, t: Text) -> str:
    """On which sides f becomes flat, and whether f' is exactly 0 there."""
    side = t.facts.saturates[activation.saturates.value]
    return t.facts.exactly.format(side=side) if activation.saturates_exactly else side


@lru_cache(maxsize=16)
def facts_table(t: Text) -> pa.Table:
    """One row per activation, its knobs at the paper's values; no `max_slope` if there is none."""
    entries = ACTIVATIONS.values()
    return pa.table(
        {
            "name": [name_of(t, a.key) for a in entries],
            "family": [t.facts.family[a.family.value] for a in entries],
            "range": [interval(a.range) for a in entries],
            "max_slope": [None if isinf(a.max_slope) else float(a.max_slope) for a in entries],
            "where": [steepest_where(a, t) for a in entries],
            "typical": [typical_slope(a) for a in entries],
            "zero_centred": [a.zero_centred for a in entries],
            "saturates": [saturation(a, t) for a in entries],
            "smoothness": [t.facts.smoothness[a.smoothness.value] for a in entries],
            "year": [a.year for a in entries],
            "paper": [a.paper for a in entries],
        }
    )
