"""What people have already, read as series of numbers: TensorBoard's event files here, tables in
`pages.files.tables`.

A histogram of TensorBoard counts as the norm of its values, from its sum of squares.
`pages.files.columns` says what each series is taken for.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from hashlib import sha256
from math import inf, isfinite, isnan, nan, sqrt
from typing import NamedTuple

from core.watched.watched import UNDEFINED, Watched
from pages.files.columns import Aside, Log, guessed, watched_of
from pages.files.recordings import (
    DIGITS,
    LARGEST,
    MEGABYTES,
    MOST_BYTES,
    Fault,
    RecordingError,
    evenly,
    read_recording,
)
from pages.files.tables import is_table, norm_of_bins, read_table, series_of

MOST_VALUES = 200_000
"""Values of an event file that are kept; of longer series some at even distances. Of histograms and
tensors, which take longest to read, as many are read, and the rest is left out."""


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


# TensorBoard: records of a length, a checksum, an event and a checksum; events in Protocol Buffers

HEADER, FOOTER = 12, 4
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
LONGEST_TAG = 200
DOUBLE = 2
"""The type of a tensor."""


def is_events(content: bytes) -> bool:
    """Whether the first event tells the version, as every such file does."""
    return b"brain.Event:" in content[HEADER : HEADER + 60]


def read_events(content: bytes, digest: str) -> Log:
    """The series of an event file."""
    series: dict[str, dict[int, float]] = {}
    estimated: set[str] = set()
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
        if (scalar := scalar_event(event)) is not None:
            tag, step, value = scalar
            series.setdefault(tag, {})[step] = value
            continue
        if count >= MOST_VALUES:
            unread += 1
            continue
        try:
            told = list(values_of(event))
        except (ValueError, IndexError, struct.error):
            unread += 1
            continue
        count += len(told)
        for one, step in told:
            series.setdefault(one.tag, {})[step] = one.value
            if one.estimated:
                estimated.add(one.tag)
    most = max(2, MOST_VALUES // max(1, len(series)))
    longest = max(map(len, series.values()), default=0)
    found = tuple(
        series_of(name, {step: values[step] for step in evenly(list(values), most)})
        for name, values in series.items()
    )
    aside = tuple(Aside(name, "histogram", 0) for name in series if name in estimated)
    whole = longest if longest > most else 0
    return Log(found, digest, unread=unread, cut=cut, aside=aside, whole=whole)


def scalar_event(event: bytes) -> tuple[str, int, float] | None:
    """Tag, step and value of an event of one scalar in the usual order of its fields, which is
    read ten times as fast as by `fields`; None for any other."""
    try:
        if event[0] != 0x09 or event[9] != 0x10:
            return None
        step, at = varint(event, 10)
        for mark in (0x2A, 0x0A):
            if event[at] != mark:
                return None
            size, at = varint(event, at + 1)
            if at + size != len(event):
                return None
        if event[at] != 0x0A:
            return None
        size, at = varint(event, at + 1)
        if at + size + 5 != len(event) or event[at + size] != 0x15 or step > LARGEST:
            return None
    except (IndexError, ValueError):
        return None
    tag = event[at : at + size][:LONGEST_TAG].decode("utf-8", "replace")
    (value,) = struct.unpack_from("<f", event, at + size + 1)
    return tag, step, UNDEFINED if isnan(value) else value if isfinite(value) else inf


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


class Told(NamedTuple):
    """A scalar, or the norm of a histogram. estimated: whether only its bins are known."""

    tag: str
    value: float
    estimated: bool = False


def values_of(event: bytes) -> Iterator[tuple[Told, int]]:
    """The values of an event and its step."""
    parts = list(fields(event))
    step = next((value for number, kind, value in parts if (number, kind) == (2, VARINT)), 0)
    if not isinstance(step, int) or step > LARGEST:
        return
    for number, _, summary in parts:
        if number != 5 or not isinstance(summary, bytes):
            continue
        for place, _, value in fields(summary):
            if place == 1 and isinstance(value, bytes) and (one := value_of(value)) is not None:
                yield one, step


def value_of(message: bytes) -> Told | None:
    """A tag and its number: a scalar, a scalar tensor, or a histogram's norm."""
    tag, found, bins = "", None, None
    for number, kind, value in fields(message):
        if not isinstance(value, bytes):
            continue
        if number == 1 and kind == BYTES:
            tag = value[:LONGEST_TAG].decode("utf-8", "replace")
        elif number == 2 and kind == FIXED32:
            (found,) = struct.unpack("<f", value)
        elif number == 5 and kind == BYTES:
            squares = [v for n, k, v in fields(value) if (n, k) == (5, FIXED64)]
            if squares and isinstance(squares[0], bytes):
                (total,) = struct.unpack("<d", squares[0])
                found = sqrt(total) if total >= 0 else nan
        elif number == 8 and kind == BYTES:
            bins = bins_of(value)
            found = scalar_of(value) if bins is None else norm_of_bins(bins)
    if found is None:
        return None
    if isnan(found):
        return Told(tag, UNDEFINED, bins is not None)
    return Told(tag, found if isfinite(found) else inf, bins is not None)


def bins_of(tensor: bytes) -> list[tuple[float, float, float]] | None:
    """The bins of a histogram as TensorFlow 2 writes it, a tensor of float64: from, to, count."""
    parts = {number: value for number, _, value in fields(tensor)}
    content = parts.get(4)
    if parts.get(1) != DOUBLE or not isinstance(content, bytes) or len(content) % 24:
        return None
    numbers = struct.unpack(f"<{len(content) // 8}d", content)
    return list(zip(numbers[::3], numbers[1::3], numbers[2::3], strict=True))


def scalar_of(tensor: bytes) -> float | None:
    """The number of a tensor of one float32."""
    for number, kind, value in fields(tensor):
        if number in (4, 5) and kind == BYTES and isinstance(value, bytes) and len(value) == 4:
            return float(struct.unpack("<f", value)[0])
        if number == 5 and kind == FIXED32 and isinstance(value, bytes):
            return float(struct.unpack("<f", value)[0])
    return None
