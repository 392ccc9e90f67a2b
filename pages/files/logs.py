"""What people have already, read as a recording: tables of CSV and TensorBoard's event files.

Both are series of numbers with names. A name says what it is a series of: one with `loss` is the
loss, one with `lr` the rate; of the others those are taken that name a measure (`grad`, `delta`,
`update`, `weight`, ...) and a layer, such as `grad_norm/layers.0.weight` or
`grad_2.0_norm/layers.0.weight`. A histogram of TensorBoard counts as the norm of its values, from
its sum of squares.
"""

from __future__ import annotations

import csv
import re
import struct
from collections.abc import Iterator, Mapping
from hashlib import sha256
from math import inf, isfinite, nan, sqrt
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from core.watched.watched import MEASURES, Layer, Watched
from pages.files.recordings import (
    DIGITS,
    LARGEST,
    LONGEST_NAME,
    MEGABYTES,
    MOST_BYTES,
    MOST_LAYERS,
    MOST_NUMBERS,
    MOST_ROWS,
    Fault,
    RecordingError,
    evenly,
    lines_of,
    read_recording,
)

MOST_READ = 20_000
"""Lines of a table that are read, at even distances."""
MOST_CELLS = 1_000_000
MOST_COLUMNS = 5_000
MOST_VALUES = 200_000
"""Values of an event file that are read; the rest is left out."""
STEPS = ("step", "_step", "global_step", "trainer/global_step", "iteration", "iter", "epoch")
"""Names of the column of steps, the best one first."""
LONGEST_CELL = 100

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


class Series(NamedTuple):
    """Numbers with a name: by step."""

    name: str
    values: dict[int, float]


def read_any(content: bytes) -> Watched:
    """A recording, a table or an event file, by what it begins with. Raises RecordingError."""
    if len(content) > MOST_BYTES:
        raise RecordingError(Fault.TOO_LARGE, limit=MEGABYTES)
    if is_events(content):
        series, unread, cut = read_events(content)
    elif is_table(content):
        series, unread, cut = read_table(content)
    else:
        return read_recording(content)
    watched = assembled(series)
    return Watched(
        **vars(watched) | {"digest": sha256(content).hexdigest()[:DIGITS], "unread": unread}
        | {"cut": cut, "rows_in_file": watched.rows_in_file + unread}
    )  # fmt: skip


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


def assembled(series: list[Series]) -> Watched:
    """Series as a recording. Raises RecordingError if none is of a layer."""
    layers: dict[str, dict[str, dict[int, float]]] = {}
    loss: dict[int, float] = {}
    rate: dict[int, float] = {}
    for name, values in series:
        low = name.lower()
        if "loss" in low and not loss and "val" not in low and "test" not in low:
            loss = values
        elif re.search(r"(^|[/_.-])(lr|learning_rate)\b|^lr-", low) and not rate:
            rate = values
        elif not ASIDE.search(name) and "loss" not in low:
            measure = measure_of(name)
            if layer := layer_of(name, measure):
                layers.setdefault(layer, {}).setdefault(measure, values)
    if not layers:
        raise RecordingError(Fault.NO_COLUMNS, value=", ".join(one.name for one in series[:3]))
    if len(layers) > MOST_LAYERS:
        raise RecordingError(Fault.TOO_MANY_LAYERS, value=len(layers), limit=MOST_LAYERS)
    told = {step for found in layers.values() for values in found.values() for step in values}
    every = sorted(told)
    steps = evenly(every, max(2, min(MOST_ROWS, MOST_NUMBERS // len(layers))))
    if not steps:
        raise RecordingError(Fault.NO_COLUMNS)

    def column(values: Mapping[int, float]) -> list[float]:
        return [values.get(step, nan) for step in steps]

    none: dict[int, float] = {}
    return Watched(
        layers=tuple(Layer(name) for name in layers),
        steps=np.array(steps),
        loss=np.array(column(nearest(loss, steps))),
        rate=np.array(column(nearest(rate, steps))),
        measures=MappingProxyType(
            {
                measure: np.array([column(found.get(measure, none)) for found in layers.values()]).T
                for measure in MEASURES
            }
        ),
        rows_in_file=len(every),
    )


def nearest(values: Mapping[int, float], steps: list[int]) -> dict[int, float]:
    """At each of the steps the value told last: losses are logged at other steps than layers."""
    told = sorted(values)
    found = {}
    for step, place in zip(steps, np.searchsorted(told, steps, side="right"), strict=True):
        if place:
            found[step] = values[told[place - 1]]
    return found


# Tables


def is_table(content: bytes) -> bool:
    """Whether the first line is a row of names, one of them that of the steps or a loss."""
    line = content.lstrip().split(b"\n", 1)[0][:100_000].decode("utf-8-sig", "replace").lower()
    return not line.startswith("{") and bool(re.search(r"[,;\t]", line))


def read_table(content: bytes) -> tuple[list[Series], int, bool]:
    """The columns of a CSV file: series, lines left out, whether it was cut short."""
    lines = [line for line in lines_of(content.removeprefix(b"\xef\xbb\xbf")) if line.strip()]
    separator = max(",;\t", key=lines[0].decode("utf-8", "replace").count)
    if (count := lines[0].count(separator.encode())) >= MOST_COLUMNS:
        raise RecordingError(Fault.TOO_MANY_COLUMNS, value=count + 1, limit=MOST_COLUMNS)
    if not (names := cells_of(lines[0], separator)):
        raise RecordingError(Fault.NO_COLUMNS)
    low = [name.strip().lower() for name in names]
    at = next((low.index(step) for step in STEPS if step in low), None)
    chosen = evenly(range(1, len(lines)), max(2, min(MOST_READ, MOST_CELLS // len(names))))
    columns: list[dict[int, float]] = [{} for _ in names]
    unread = 0
    for k in chosen:
        cells = cells_of(lines[k], separator)
        step = whole_of(cells[at]) if at is not None and at < len(cells) else k - 1
        if step is None or len(cells) != len(names):
            unread += 1
            continue
        for place, cell in enumerate(cells):
            if place != at and (value := number_of(cell)) is not None:
                columns[place][step] = value
    series = [Series(n.strip(), c) for n, c in zip(names, columns, strict=True) if c]
    return series, unread, False


def cells_of(line: bytes, separator: str) -> list[str]:
    """The cells of a line, none where it cannot be read."""
    try:
        text = line.decode("utf-8", "replace").strip("\r\n")
        return next(csv.reader([text], delimiter=separator), [])
    except csv.Error:
        return []


def number_of(cell: str) -> float | None:
    """A cell's number, infinite where it is not finite; None where the cell is empty or words."""
    text = cell.strip()
    if not text or len(text) > LONGEST_CELL:
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if isfinite(value) else inf


def whole_of(cell: str) -> int | None:
    value = number_of(cell)
    return None if value is None or not 0 <= value <= LARGEST else int(value)


# TensorBoard: records of a length, a checksum, an event and a checksum; events in Protocol Buffers

HEADER, FOOTER = 12, 4
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


def is_events(content: bytes) -> bool:
    """Whether the first event tells the version, as every such file does."""
    return b"brain.Event:" in content[HEADER : HEADER + 60]


def read_events(content: bytes) -> tuple[list[Series], int, bool]:
    """The series of an event file, events left out, whether it was cut short or is damaged."""
    series: dict[str, dict[int, float]] = {}
    count = unread = 0
    at, cut = 0, False
    while at < len(content):
        if at + HEADER > len(content):
            cut = True
            break
        (size,) = struct.unpack_from("<Q", content, at)
        end = at + HEADER + size
        if end + FOOTER > len(content):
            cut = True
            break
        event, at = content[at + HEADER : end], end + FOOTER
        if count >= MOST_VALUES:
            unread += 1
            continue
        try:
            found = list(values_of(event))
        except (ValueError, IndexError, struct.error):
            unread += 1
            continue
        count += len(found)
        for tag, step, value in found:
            series.setdefault(tag, {})[step] = value
    return [Series(name, values) for name, values in series.items()], unread, cut


def fields(message: bytes) -> Iterator[tuple[int, int, int | bytes]]:
    """The fields of a message: number, wire type, value. Raises ValueError or IndexError."""
    at = 0
    while at < len(message):
        key, at = varint(message, at)
        kind = key & 7
        if kind == VARINT:
            value, at = varint(message, at)
            yield key >> 3, kind, value
            continue
        if kind == BYTES:
            size, at = varint(message, at)
        else:
            size = {FIXED64: 8, FIXED32: 4}.get(kind, -1)
        if size < 0 or at + size > len(message):
            raise ValueError(kind)
        yield key >> 3, kind, message[at : at + size]
        at += size


def varint(message: bytes, at: int) -> tuple[int, int]:
    """A number in groups of seven bits, and where it ends."""
    value = 0
    for shift in range(0, 70, 7):
        byte = message[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
    raise ValueError(at)


def values_of(event: bytes) -> Iterator[tuple[str, int, float]]:
    """The scalars and the norms of the histograms of an event: tag, step, value."""
    parts = list(fields(event))
    step = next((value for number, kind, value in parts if (number, kind) == (2, VARINT)), 0)
    if not isinstance(step, int) or step > LARGEST:
        return
    for number, _, summary in parts:
        if number != 5 or not isinstance(summary, bytes):
            continue
        for place, _, value in fields(summary):
            if place == 1 and isinstance(value, bytes) and (one := value_of(value)) is not None:
                yield one[0], step, one[1]


def value_of(message: bytes) -> tuple[str, float] | None:
    """A tag and its number: a scalar, a scalar tensor, or a histogram's norm."""
    tag, found = "", None
    for number, kind, value in fields(message):
        if not isinstance(value, bytes):
            continue
        if number == 1 and kind == BYTES:
            tag = value[:200].decode("utf-8", "replace")
        elif number == 2 and kind == FIXED32:
            (found,) = struct.unpack("<f", value)
        elif number == 5 and kind == BYTES:
            squares = [v for n, k, v in fields(value) if (n, k) == (5, FIXED64)]
            if squares and isinstance(squares[0], bytes):
                (total,) = struct.unpack("<d", squares[0])
                found = sqrt(total) if 0 <= total < inf else inf
        elif number == 8 and kind == BYTES:
            found = scalar_of(value)
    if found is None:
        return None
    return tag, found if isfinite(found) else inf


def scalar_of(tensor: bytes) -> float | None:
    """The number of a tensor of one float32."""
    for number, kind, value in fields(tensor):
        if number in (4, 5) and kind == BYTES and isinstance(value, bytes) and len(value) == 4:
            return float(struct.unpack("<f", value)[0])
        if number == 5 and kind == FIXED32 and isinstance(value, bytes):
            return float(struct.unpack("<f", value)[0])
    return None
