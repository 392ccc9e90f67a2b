"""A recording of somebody's training, read: JSON Lines as `docs/recording-format.md` has them.

What is readable of a damaged file is read, and what was left out is counted. What cannot be read
at all is a `RecordingError`, which says what was expected and where it stopped.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from hashlib import sha256
from itertools import zip_longest
from math import inf, nan, prod
from operator import itemgetter
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from core.arrays import Array
from core.watched.watched import MEASURES, UNDEFINED, Layer, Watched

FORMAT, VERSION = "layer-recorder", 1
MEGABYTES = 50
MOST_BYTES = MEGABYTES * 2**20
MOST_LAYERS = 2_000
MOST_LINES = 1_000_000
LONGEST_LINE = 2 * 2**20
"""Bytes; a longer line is not read."""
MOST_ROWS = 1_000
MOST_NUMBERS = 200_000
"""Rows times layers that are kept; of more rows, so many are taken at even distances."""
MOST_CALLS = 1_000
LONGEST_NAME = 80
MOST_SIDES = 6
"""Of an array that are read."""
DIGITS = 16
"""Of a fingerprint."""
LARGEST = 10**12
EXAMPLES = Path(__file__).with_name("examples")
KINDS = frozenset(("linear", "conv", "recurrent", "attention", "embedding", "norm"))
WORDS = MappingProxyType({"nan": UNDEFINED, "inf": inf, "-inf": inf})


class Fault(StrEnum):
    """What is wrong; the value is the key of its words."""

    TOO_LARGE = "too_large"
    TOO_MANY_LINES = "too_many_lines"
    EMPTY = "empty"
    NO_HEAD = "no_head"
    OTHER_VERSION = "other_version"
    NO_LAYERS = "no_layers"
    TOO_MANY_LAYERS = "too_many_layers"
    NO_ROWS = "no_rows"
    NO_COLUMNS = "no_columns"
    TOO_MANY_COLUMNS = "too_many_columns"


class RecordingError(ValueError):
    """A file that cannot be read. line: counted from 1, 0 where none is to blame. value: what was
    found, its first 40 characters. limit: the bound that was passed."""

    def __init__(self, fault: Fault, *, line: int = 0, value: object = "", limit: int = 0) -> None:
        super().__init__(fault, line, value, limit)
        self.fault, self.line, self.limit = fault, line, limit
        self.value = "".join(sign if sign.isprintable() else " " for sign in str(value)[:40])


def read_recording(content: bytes) -> Watched:
    """Raises RecordingError."""
    lines = lines_of(content)
    numbers = [k for k, line in enumerate(lines) if line.strip()]
    if not numbers:
        raise RecordingError(Fault.EMPTY)
    head = head_of(lines[numbers[0]], numbers[0] + 1)
    layers = layers_of(head, numbers[0] + 1)
    rows = numbers[1:]
    again = next((k for k in rows if BEGINNING.match(lines[k]) and is_head(lines[k])), 0)
    rows = [k for k in rows if k < again] if again else rows
    chosen = evenly(rows, max(2, min(MOST_ROWS, MOST_NUMBERS // len(layers))))
    read = [row_of(lines[k], len(layers)) for k in chosen]
    whole_rows = [row for row in read if row is not None]
    found, strays, replaced = rising(whole_rows)
    unread = len(read) - len(whole_rows) + strays
    if not found:
        raise RecordingError(Fault.NO_ROWS, line=numbers[-1] + 1)
    return Watched(
        layers=layers,
        steps=np.array([row["step"] for row in found]),
        loss=np.array([number(row.get("loss")) for row in found]),
        rate=np.array([number(row.get("rate")) for row in found]),
        measures=MappingProxyType({name: measured(found, name, len(layers)) for name in MEASURES}),
        calls=calls_of(found, len(layers)),
        model=word(head.get("model")),
        framework=word(head.get("framework")),
        optimizer=word(head.get("optimizer")),
        parameters=whole(head.get("parameters")),
        digest=digest_of(content),
        rows_in_file=len(rows),
        unread=unread,
        cut=not again and not content.endswith(b"\n") and value_of(lines[rows[-1]]) is None,
        replaced=replaced,
        again=again and again + 1,
    )


def digest_of(content: bytes) -> str:
    """By which a file is known in links."""
    return sha256(content).hexdigest()[:DIGITS]


def lines_of(content: bytes) -> list[bytes]:
    """The lines of a file that is not too large. Raises RecordingError."""
    if len(content) > MOST_BYTES:
        raise RecordingError(Fault.TOO_LARGE, limit=MEGABYTES)
    if content.count(b"\n") > MOST_LINES:
        raise RecordingError(Fault.TOO_MANY_LINES, limit=MOST_LINES)
    return content.split(b"\n")


def evenly(rows: Sequence[int], most: int) -> list[int]:
    """At most so many of them, with the first and the last."""
    if len(rows) <= most:
        return list(rows)
    return [rows[k] for k in np.linspace(0, len(rows) - 1, most).round().astype(int)]


def value_of(line: bytes) -> Any:
    """A line's JSON value, None where it has none."""
    if len(line) > LONGEST_LINE:
        return None
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


# The head

BEGINNING = re.compile(rb'\s*\{\s*"format"')


def is_head(line: bytes) -> bool:
    head = value_of(line)
    return isinstance(head, dict) and head.get("format") == FORMAT


def head_of(line: bytes, at: int) -> Mapping[str, Any]:
    head = value_of(line)
    if not isinstance(head, dict) or head.get("format") != FORMAT:
        raise RecordingError(Fault.NO_HEAD, line=at, value=line[:40].decode("utf-8", "replace"))
    version = head.get("version")
    if version != VERSION or isinstance(version, bool):
        raise RecordingError(Fault.OTHER_VERSION, line=at, value=version, limit=VERSION)
    return head


def layers_of(head: Mapping[str, Any], at: int) -> tuple[Layer, ...]:
    layers = head.get("layers")
    if not isinstance(layers, list) or not layers or not all(isinstance(x, dict) for x in layers):
        raise RecordingError(Fault.NO_LAYERS, line=at)
    if len(layers) > MOST_LAYERS:
        raise RecordingError(Fault.TOO_MANY_LAYERS, value=len(layers), limit=MOST_LAYERS)
    return tuple(layer_of(layer, k) for k, layer in enumerate(layers))


def layer_of(layer: Mapping[str, Any], place: int) -> Layer:
    """A layer of the head; what is not as it should be is left out."""
    sides = matrix_of(layer.get("weights"))
    kind = layer.get("kind")
    shape = layer.get("shape")
    return Layer(
        name=word(layer.get("name")) or str(place + 1),
        type=word(layer.get("type")),
        kind=kind if isinstance(kind, str) and kind in KINDS else "linear",
        activation=word(layer.get("activation")),
        shape=sides_of(shape),
        parameters=whole(layer.get("parameters")),
        inputs=sides[0],
        outputs=sides[1],
    )


def matrix_of(weights: Any) -> tuple[int, int]:
    """Fan-in and fan-out of the only weight matrix: (outputs, inputs, kernel...); else 0."""
    if not isinstance(weights, list) or len(weights) != 1 or not isinstance(weights[0], list):
        return 0, 0
    sides = sides_of(weights[0])
    return (min(prod(sides[1:]), LARGEST), sides[0]) if len(sides) > 1 else (0, 0)


def sides_of(shape: Any) -> tuple[int, ...]:
    """The first sides of an array, () where one of them is none."""
    sides = tuple(whole(side) for side in shape[:MOST_SIDES]) if isinstance(shape, list) else ()
    return sides if all(sides) else ()


def word(value: Any) -> str:
    return value[:LONGEST_NAME] if isinstance(value, str) else ""


def whole(value: Any) -> int:
    """A number of things, 0 where it is none."""
    fits = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST
    return value if fits else 0


# The rows


def rising(rows: Sequence[dict[str, Any]]) -> tuple[list[dict[str, Any]], int, int]:
    """The rows in the order of their steps; how many single ones were out of order; and how many
    gave way to later ones of a training that was resumed from before them."""
    found: list[dict[str, Any]] = []
    strays = replaced = 0
    for row, after in zip_longest(rows, rows[1:]):
        last = found[-1]["step"] if found else -1
        behind = len(found) - bisect_left(found, row["step"], key=itemgetter("step"))
        if behind and (behind > 1 if after is None else after["step"] > last):
            strays += 1
            continue
        while found and found[-1]["step"] >= row["step"]:
            found.pop()
            replaced += 1
        found.append(row)
    return found, strays, replaced


def row_of(line: bytes, layers: int) -> dict[str, Any] | None:
    """A row, None where the line is none: it needs a step and errors."""
    row = value_of(line)
    if not isinstance(row, dict):
        return None
    step, delta = row.get("step"), row.get("delta")
    if not isinstance(step, int) or isinstance(step, bool) or not 0 <= step <= LARGEST:
        return None
    return row if isinstance(delta, list) and len(delta) == layers else None


def number(value: Any) -> float:
    """A number of a row: NaN where there is none."""
    if isinstance(value, str):
        return WORDS.get(value, nan)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return nan
    try:
        found = float(value)
    except OverflowError:
        return inf
    if found != found:
        return UNDEFINED
    return inf if abs(found) == inf else found


def measured(rows: Sequence[Mapping[str, Any]], name: str, layers: int) -> Array:
    """A measure in every row and layer: (rows, layers)."""
    table = np.full((len(rows), layers), nan)
    for k, row in enumerate(rows):
        values = row.get(name)
        if isinstance(values, list) and len(values) == layers:
            table[k] = [number(value) for value in values]
    return table


def calls_of(rows: Sequence[Mapping[str, Any]], layers: int) -> Mapping[int, Array]:
    """By layer, the error of each call: (rows, calls)."""
    found: dict[int, Array] = {}
    for key, length in called(rows, layers):
        if key in found or sum(array.size for array in found.values()) > MOST_NUMBERS:
            continue
        table = np.full((len(rows), length), nan)
        for k, row in enumerate(rows):
            calls = row.get("calls")
            values = calls.get(str(key)) if isinstance(calls, dict) else None
            if isinstance(values, list):
                kept = [number(value) for value in values[:length]]
                table[k, : len(kept)] = kept
        found[key] = table
    return MappingProxyType(found)


def called(rows: Sequence[Mapping[str, Any]], layers: int) -> Iterator[tuple[int, int]]:
    """Layers that were called several times in the first row, and how often."""
    calls = rows[0].get("calls")
    if not isinstance(calls, dict):
        return
    for key, values in calls.items():
        place = int(key) if key.isascii() and key.isdigit() and len(key) < 6 else layers
        if place < layers and isinstance(values, list) and 1 < len(values) <= MOST_CALLS:
            yield place, len(values)


def examples() -> list[str]:
    """The names of the recordings that are shipped."""
    return sorted(path.stem for path in EXAMPLES.glob("*.jsonl"))


def example(name: str) -> bytes:
    """A shipped recording, as a file."""
    return (EXAMPLES / f"{name}.jsonl").read_bytes()
