"""What people have already, read as series of numbers: tables of CSV and TensorBoard's event files.

A histogram of TensorBoard counts as the norm of its values, from its sum of squares.
`pages.files.columns` says what each series is taken for.
"""

from __future__ import annotations

import csv
import re
import struct
from collections.abc import Iterator, Mapping
from hashlib import sha256
from math import inf, isfinite, sqrt

import numpy as np

from core.watched.watched import Watched
from pages.files.columns import Log, Series, guessed, watched_of
from pages.files.recordings import (
    DIGITS,
    LARGEST,
    MEGABYTES,
    MOST_BYTES,
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
LONGEST_CELL = 100


def read_any(content: bytes) -> Watched:
    """A recording, a table or an event file, by what it begins with. Raises RecordingError."""
    log = read_log(content)
    return read_recording(content) if log is None else watched_of(log, guessed(log))


def read_log(content: bytes) -> Log | None:
    """A table or an event file; None if it is neither. Raises RecordingError."""
    if len(content) > MOST_BYTES:
        raise RecordingError(Fault.TOO_LARGE, limit=MEGABYTES)
    digest = sha256(content).hexdigest()[:DIGITS]
    if is_events(content):
        return read_events(content, digest)
    return read_table(content, digest) if is_table(content) else None


def series_of(name: str, values: Mapping[int, float]) -> Series:
    return Series(name, np.array(list(values), np.int64), np.array(list(values.values()), float))


# Tables


def is_table(content: bytes) -> bool:
    """Whether the first line is a row of names, one of them that of the steps or a loss."""
    line = content.lstrip().split(b"\n", 1)[0][:100_000].decode("utf-8-sig", "replace").lower()
    return not line.startswith("{") and bool(re.search(r"[,;\t]", line))


def read_table(content: bytes, digest: str) -> Log:
    """The columns of a CSV file. Raises RecordingError."""
    lines = [line for line in lines_of(content.removeprefix(b"\xef\xbb\xbf")) if line.strip()]
    separator = max(",;\t", key=lines[0].decode("utf-8", "replace").count)
    if (count := lines[0].count(separator.encode())) >= MOST_COLUMNS:
        raise RecordingError(Fault.TOO_MANY_COLUMNS, value=count + 1, limit=MOST_COLUMNS)
    if not (names := cells_of(lines[0], separator)):
        raise RecordingError(Fault.NO_COLUMNS)
    chosen = evenly(range(1, len(lines)), max(2, min(MOST_READ, MOST_CELLS // len(names))))
    columns: list[dict[int, float]] = [{} for _ in names]
    rows = []
    for k in chosen:
        cells = cells_of(lines[k], separator)
        if len(cells) != len(names):
            continue
        rows.append(k - 1)
        for column, cell in zip(columns, cells, strict=True):
            if (value := number_of(cell)) is not None:
                column[k - 1] = value
    series = tuple(series_of(n.strip(), c) for n, c in zip(names, columns, strict=True) if c)
    return Log(series, digest, np.array(rows, np.int64), unread=len(chosen) - len(rows))


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


# TensorBoard: records of a length, a checksum, an event and a checksum; events in Protocol Buffers

HEADER, FOOTER = 12, 4
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


def is_events(content: bytes) -> bool:
    """Whether the first event tells the version, as every such file does."""
    return b"brain.Event:" in content[HEADER : HEADER + 60]


def read_events(content: bytes, digest: str) -> Log:
    """The series of an event file."""
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
            told = list(values_of(event))
        except (ValueError, IndexError, struct.error):
            unread += 1
            continue
        count += len(told)
        for tag, step, value in told:
            series.setdefault(tag, {})[step] = value
    found = tuple(series_of(name, values) for name, values in series.items())
    return Log(found, digest, unread=unread, cut=cut)


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
