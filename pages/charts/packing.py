"""Packed tables: one row per series, with its values at all epochs joined into one text.

With one row per epoch the browser would filter all rows at every tick; in a packed table it looks
up one value in each of a few rows. A packed table also takes a fraction of the bytes.
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
"""Key in a packed table's schema metadata: the names of its packed columns."""
PLACE = "now"
"""Column of a chart: the index of the current value."""
PLACED = (
    "epoch < datum.end ? max(0, floor((epoch - datum.first) / datum.stride)) : datum.last_place"
)


@dataclass(frozen=True)
class Moments:
    """The epochs of packed values, in the four numbers from which the browser computes an index.

    first, stride, end: the epochs; only the last two may be closer than `stride`.
    last_place: the index of the last value.
    """

    first: int
    stride: int
    end: int
    last_place: int

    @classmethod
    def of(cls, epochs: NDArray[np.int_]) -> Moments:
        """The coarsest regular grid that contains all of these ascending epochs."""
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
        """For each epoch of the grid, the index of the latest of `epochs` that is not after it."""
        return np.searchsorted(epochs, self.epochs, side="right") - 1


def series(values: Iterable[Any]) -> str:
    """Values joined into one text; numbers to the four digits that a pixel and a tooltip show."""
    return GAP.join(f"{value:.4g}" if isinstance(value, float) else str(value) for value in values)


def packed(
    epochs: NDArray[np.int_],
    still: Mapping[str, Column],
    moving: Mapping[str, Sequence[Column] | NDArray[Any]],
) -> pa.Table:
    """A packed table: constant columns, and the values of each row at each of the `epochs`.

    still: constant columns. moving: columns of sequences, one value per epoch; a row may have none.
    A value holds until the next epoch; the first one also before its epoch.
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
    """One row per value of a packed table, with its epoch; any other table unchanged."""
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
    """The rows with the values at the clock's epoch, in columns of the same names.

    words, numbers: the packed columns, by the type of their values.
    """
    names = (*words, *numbers)
    parted = data.transform_calculate(**{f"{name}_s": split(name) for name in names})
    placed = parted.transform_calculate(**{PLACE: PLACED})
    now = {name: f"datum.{name}_s[datum.{PLACE}]" for name in names}
    now |= {name: f"toNumber({now[name]})" for name in numbers}
    chart: alt.Chart = placed.transform_calculate(**now)
    return chart


def over_time(data: alt.Chart, *numbers: str, by: str | None = None) -> alt.Chart:
    """One row per value, with its epoch, for lines over time.

    by: the column that identifies a row, if there are several rows.
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
