"""Tables that move with the clock, packed: a row for what stands still, its values as one text.

A table with a row for every epoch has the browser test all of its rows at every tick; of a packed
one it looks up one value in each of a few rows. It also takes a fraction of the bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import astuple, dataclass, fields
from typing import Any, TypeAlias

import altair as alt
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Column: TypeAlias = Sequence[Any] | NDArray[Any] | pa.Array
GAP = "|"
"""Between the values of a text."""
MOVING = b"moving"
"""Under which a packed table's schema has the names of its columns of texts."""
PLACE = "now"
"""The column in which a chart keeps which of the values holds."""
PLACED = (
    "epoch < datum.end ? max(0, floor((epoch - datum.first) / datum.stride)) : datum.last_place"
)


@dataclass(frozen=True)
class Moments:
    """The epochs of a text's values, as the few numbers in which the browser finds one of them.

    first, stride, end: the epochs, of which only the last two may be closer than `stride`.
    last_place: how many values there are, less one.
    """

    first: int
    stride: int
    end: int
    last_place: int

    @classmethod
    def of(cls, epochs: NDArray[np.int_]) -> Moments:
        """The coarsest regular epochs that hit all of these, which ascend."""
        if len(epochs) == 0:
            return cls(0, 1, 0, 0)
        first, end = int(epochs[0]), int(epochs[-1])
        stride = int(np.gcd.reduce(epochs[:-1] - first)) if len(epochs) > 1 else 1
        stride = stride or end - first
        return cls(first, stride, end, -(-(end - first) // stride))

    @property
    def epochs(self) -> NDArray[np.int_]:
        places = np.arange(self.last_place + 1)
        return np.minimum(self.first + places * self.stride, self.end)

    def held(self, epochs: NDArray[np.int_]) -> NDArray[np.int_]:
        """For each of the own epochs the place in `epochs` of the newest that has come by then."""
        return np.searchsorted(epochs, self.epochs, side="right") - 1


def series(values: Iterable[Any]) -> str:
    """Values over time as one text; a number as exactly as a pixel and a tooltip show it."""
    return GAP.join(f"{value:.4g}" if isinstance(value, float) else str(value) for value in values)


def packed(
    epochs: NDArray[np.int_],
    still: Mapping[str, Column],
    moving: Mapping[str, Sequence[Column] | NDArray[Any]],
) -> pa.Table:
    """One row for each of what stands still, `moving` holding its values at each of the `epochs`.

    A value holds until the next one comes, the first one also before it, the last one for ever.
    A row without values stays without.
    """
    moments = Moments.of(epochs)
    held = moments.held(epochs)

    def text(values: Column) -> str:
        return series(np.asarray(values)[held].tolist()) if len(values) else ""

    texts = {name: pa.array(map(text, column), pa.string()) for name, column in moving.items()}
    count = len(next(iter(texts.values())))
    own = zip(fields(Moments), astuple(moments), strict=True)
    numbers = {field.name: pa.array([value] * count, pa.int32()) for field, value in own}
    table = pa.table({**still, **texts, **numbers})
    return table.replace_schema_metadata({MOVING: ",".join(moving).encode()})


def unpacked(table: pa.Table) -> pa.Table:
    """A table with a row for every value of a packed one and the epoch from which it holds.

    Any other table stays as it is.
    """
    metadata = table.schema.metadata or {}
    if MOVING not in metadata:
        return table
    moving = metadata[MOVING].decode().split(",")
    own = [field.name for field in fields(Moments)]
    rows = []
    for row in table.to_pylist():
        epochs = Moments(*(row.pop(name) for name in own)).epochs.tolist()
        texts = {name: row.pop(name) for name in moving}
        parts = {
            name: text.split(GAP) if text else [None] * len(epochs) for name, text in texts.items()
        }
        for place, epoch in enumerate(epochs):
            now = {name: values[place] for name, values in parts.items()}
            rows.append({"epoch": epoch, **row, **now})
    flat = pa.Table.from_pylist(rows)
    for name in set(moving) & set(flat.column_names):
        with suppress(pa.ArrowInvalid):  # words
            column = flat.column_names.index(name)
            flat = flat.set_column(column, name, flat[name].cast(pa.float64()))
    return flat


# What charts make of a packed table


def at_the_clock(data: alt.Chart, *words: str, numbers: Sequence[str] = ()) -> alt.Chart:
    """The rows with what holds at the clock's epoch, in columns of the same names.

    words, numbers: the columns of texts, by what is in them.
    """
    names = (*words, *numbers)
    parted = data.transform_calculate(**{f"{name}_s": split(name) for name in names})
    placed = parted.transform_calculate(**{PLACE: PLACED})
    now = {name: f"datum.{name}_s[datum.{PLACE}]" for name in names}
    now |= {name: f"toNumber({now[name]})" for name in numbers}
    chart: alt.Chart = placed.transform_calculate(**now)
    return chart


def over_time(data: alt.Chart, *numbers: str, by: str | None = None) -> alt.Chart:
    """A row for every value, with its epoch: what lines are drawn of.

    by: the column that tells rows apart, if there are several.
    """
    flat = (
        data.transform_calculate(**{name: split(name) for name in numbers})
        .transform_flatten(list(numbers))
        .transform_window(row="row_number()", groupby=[by] if by else alt.Undefined)
    )
    chart: alt.Chart = flat.transform_calculate(
        epoch="min(datum.first + (datum.row - 1) * datum.stride, datum.end)",
        **{name: f"toNumber(datum.{name})" for name in numbers},
    )
    return chart


def split(name: str) -> str:
    return f"split(datum.{name}, '{GAP}')"
