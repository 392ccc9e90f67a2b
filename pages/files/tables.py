"""Tables of loggers and spreadsheets as series: in any encoding, separator and decimal sign.

A column that holds no numbers is named, and so is one in which some cells hold none.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import inf, isfinite, isnan, nan, sqrt
from typing import NamedTuple

import numpy as np

from core.watched.watched import UNDEFINED
from pages.files.cells import decimal_sign, is_missing_number, number
from pages.files.columns import Aside, Log, Series
from pages.files.decoding import MARKS, codec_of, detected
from pages.files.recordings import LONGEST_LINE, MOST_LINES, Fault, RecordingError, evenly
from pages.files.rows import SEP_LINE

MOST_READ = 20_000
"""Lines of a table that are read, at even distances."""
MOST_CELLS = 1_000_000
MOST_COLUMNS = 5_000
LONGEST_NUMBER = 60
LONGEST_CELL = 20_000
"""Of a histogram, in characters."""
SEEN = 100_000
"""Bytes by which a file is recognized."""
TITLES = 6
"""Lines among which the first row of cells is."""
TRIED = 50
"""Lines by which the separator and the decimal sign are."""
SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab"}
CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
TAGS = ("tag", "key", "metric", "metric_name", "name")
"""What the column of names is called in a table with a line for each value."""


# The text


def text_of(content: bytes) -> str:
    """A file as text. What declares no encoding is UTF-8, or else the likeliest one."""
    sample = content[:SEEN]
    if content.startswith(MARKS) or detected(sample[: len(sample) // 2 * 2]) == "utf-16":
        return content.decode(codec_of(content, "utf-16"), "replace").removeprefix("\ufeff")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.start > len(content) - 4:  # it was cut short
            return content.decode("utf-8-sig", "replace")
    key = detected(sample[: sample.rfind(b"\n") + 1] or sample) or "utf-8"
    return content.decode(codec_of(content, key), "replace")


def is_table(content: bytes) -> bool:
    """Whether one of the first lines is a row of cells, and the file is text."""
    lines = text_of(content[:SEEN]).lstrip().splitlines()[:TITLES]
    if not lines or lines[0].startswith("{") or CONTROLS.search("".join(lines)):
        return False
    return any(sign in line for line in lines for sign in SEPARATORS)


# The rows


def read_table(content: bytes, digest: str) -> Log:
    """The columns of a table. Raises RecordingError."""
    text = text_of(content).replace("\r\n", "\n").replace("\r", "\n")
    if text.count("\n") > MOST_LINES:
        raise RecordingError(Fault.TOO_MANY_LINES, limit=MOST_LINES)
    lines = [line for line in text.split("\n") if line.strip()]
    if told := SEP_LINE.fullmatch(lines[0].strip()):
        lines = lines[1:]
    if (longest := max(map(len, lines[:TRIED]))) > LONGEST_LINE:
        line = next(line for line in lines if len(line) == longest)
        count = 1 + max(map(line.count, SEPARATORS))
        raise RecordingError(Fault.TOO_MANY_COLUMNS, value=count, limit=MOST_COLUMNS)
    separator = told[1] if told and told[1] in SEPARATORS else separator_of(lines[:TRIED])
    head, body = headed(lines, separator)
    if len(head) > MOST_COLUMNS:
        raise RecordingError(Fault.TOO_MANY_COLUMNS, value=len(head), limit=MOST_COLUMNS)
    if not head:
        raise RecordingError(Fault.NO_COLUMNS)
    chosen = evenly(range(len(body)), max(2, min(MOST_READ, MOST_CELLS // len(head))))
    rows = {k: cells for k in chosen if len(cells := cells_of(body[k], separator)) == len(head)}
    unread = len(chosen) - len(rows)
    columns = list(zip(*rows.values(), strict=True)) or [()] * len(head)
    decimal = decimal_sign([column[:TRIED] for column in columns], SEPARATORS[separator])
    places = np.array(list(rows), np.int64)
    if (tag := tags_of(head, columns, decimal)) is not None:
        return by_tag(head, columns, tag, decimal, digest, unread)
    read = [numbers_of(column, decimal) for column in columns]
    return Log(
        tuple(
            Series(name, places[one.at], one.values)
            for name, one in zip(head, read, strict=True)
            if len(one.at)
        ),
        digest,
        places,
        unread=unread,
        whole=len(body) if len(body) > len(chosen) else 0,
        aside=tuple(
            Aside(name, why, count)
            for name, one in zip(head, read, strict=True)
            for why, count in one.aside
        ),
    )


def separator_of(lines: Sequence[str]) -> str:
    """The sign that splits most lines into equally many cells; of several the one with the most."""
    best = (0.0, 0, ",")
    for sign in SEPARATORS:
        widths = Counter(len(cells_of(line, sign)) for line in lines)
        width = max(widths, key=lambda width: (widths[width], width), default=0)
        if width > 1:
            best = max(best, (widths[width] / len(lines), width, sign))
    return best[2]


def headed(lines: Sequence[str], separator: str) -> tuple[list[str], Sequence[str]]:
    """The names of the columns and the lines below; what is above is a title.

    Columns without a name are called by their place, as all are where the first line has numbers.
    """
    widths = [len(cells_of(line, separator)) for line in lines[:TRIED]]
    usual = Counter(width for width in widths if width > 1).most_common(1)
    if not usual:
        return [], lines
    at = widths.index(usual[0][0])
    names = [" ".join(cell.split()) for cell in cells_of(lines[at], separator)]
    names[0] = names[0].lstrip("#% ")  # numpy.savetxt's mark
    below = at + 1
    if all(number(name, ".") is not None for name in names if name) and any(names):
        names, below = [""] * len(names), at
    return [name or f"#{k}" for k, name in enumerate(names, start=1)], lines[below:]


def cells_of(line: str, separator: str) -> list[str]:
    """The cells of a line, none where it cannot be read."""
    try:
        return next(csv.reader([line], delimiter=separator), [])
    except csv.Error:
        return []


# The cells


class Numbers(NamedTuple):
    """The numbers of a column. at: in which of its cells they are. aside: why cells are none, and
    how many."""

    at: list[int]
    values: np.ndarray
    aside: list[tuple[str, int]]


def numbers_of(cells: Sequence[str], decimal: str) -> Numbers:
    """What a column holds. NaN between numbers, as exports write it for what was not logged at that
    step, is a gap; at the end, and longer than any gap, it is what the program computed."""
    found = [number_of(cell, decimal) for cell in cells]
    at = [k for k, value in enumerate(found) if value is not None]
    values = np.array([found[k] for k in at], float)
    words = sum(
        value is None and not is_missing(cell) for value, cell in zip(found, cells, strict=True)
    )
    if not at or (np.isnan(values).all() and words):
        return Numbers([], np.zeros(0), [("words" if words else "empty", len(cells))])
    gaps = np.isnan(values)
    if (finite := np.flatnonzero(~gaps)).size:
        longest = int(np.diff(finite).max(initial=1)) - 1
        if len(values) - 1 - finite[-1] > longest:
            gaps[finite[-1] + 1 :] = False
    else:
        gaps[:] = False
    aside = [("some_words", words)] if words else []
    aside += [("gaps", int(gaps.sum()))] if gaps.any() else []
    aside += [("histogram", len(at))] if any(map(is_histogram, cells[:TRIED])) else []
    values = np.where(np.isnan(values), UNDEFINED, values)[~gaps]
    return Numbers([k for k, gap in zip(at, gaps, strict=True) if not gap], values, aside)


def is_missing(cell: str) -> bool:
    return is_missing_number(cell.strip())


def number_of(cell: str, decimal: str) -> float | None:
    """A cell's number, NaN and infinity as they are; None where it is empty or words."""
    text = cell.strip()
    if text.lower() in ("nan", "+nan", "-nan"):
        return nan
    if len(text) > LONGEST_NUMBER:
        return norm_of(text)
    if not text or is_missing_number(text):
        return None
    if decimal == "." and "_" not in text:
        try:
            value = float(text)
        except ValueError:
            return number(text, decimal)
        return value if isfinite(value) else inf
    return number(text, decimal)


# Histograms in cells, as a table of W&B's `run.history()` has them

LIST = r"""['"]{}['"]: ?\[([^\[\]]*)\]"""
COUNTS, EDGES = re.compile(LIST.format("values")), re.compile(LIST.format("bins"))
PACKED = re.compile(r"""['"](min|size|count)['"]: ?([-+.\deE]+)""")


def is_histogram(cell: str) -> bool:
    return cell.lstrip().startswith("{") and "histogram" in cell[:LONGEST_CELL]


def norm_of(cell: str) -> float | None:
    """The norm of the values that a histogram counts, taken to be spread evenly in each bin."""
    if not is_histogram(cell) or len(cell) > LONGEST_CELL:
        return None
    counts, edges = listed(COUNTS.search(cell)), listed(EDGES.search(cell))
    packed = dict(PACKED.findall(cell.partition("packedBins")[2]))
    if not edges and packed.keys() >= {"min", "size"}:
        low, size = (as_number(packed[key]) for key in ("min", "size"))
        edges = [low + k * size for k in range(len(counts) + 1)]
    if not counts or len(edges) != len(counts) + 1:
        return None
    return norm_of_bins(zip(edges, edges[1:], counts, strict=False))


def norm_of_bins(bins: Iterable[tuple[float, float, float]]) -> float:
    """The norm of as many values as are counted between the edges of each bin."""
    squares = sum(count * (a * a + a * b + b * b) / 3 for a, b, count in bins)
    return sqrt(squares) if squares >= 0 else nan


def listed(found: re.Match[str] | None) -> list[float]:
    return [as_number(part) for part in found[1].split(",") if part.strip()] if found else []


def as_number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return nan


# A line for each value


def tags_of(
    head: Sequence[str], columns: Sequence[Sequence[str]], decimal: str
) -> tuple[int, int, int] | None:
    """Where names, steps and values are in a table with a line for each value; None for others."""
    low = [name.lower() for name in head]
    tags = next((low.index(name) for name in TAGS if name in low), None)
    if tags is None or "value" not in low or "step" not in low:
        return None
    if any(number_of(cell, decimal) is not None for cell in columns[tags]):
        return None
    return tags, low.index("step"), low.index("value")


def by_tag(
    head: Sequence[str],
    columns: Sequence[Sequence[str]],
    places: tuple[int, int, int],
    decimal: str,
    digest: str,
    unread: int,
) -> Log:
    """The series of a table with a line for each value, as MLflow and TensorBoard give them."""
    found: dict[str, dict[int, float]] = {}
    for tag, *cells in zip(*(columns[k] for k in places), strict=True):
        step, value = (number_of(cell, decimal) for cell in cells)
        if step is None or value is None or not isfinite(step) or not tag.strip():
            unread += 1
        elif tag in found or len(found) < MOST_COLUMNS:
            found.setdefault(tag, {})[int(step)] = UNDEFINED if isnan(value) else value
    series = tuple(series_of(name, values) for name, values in found.items())
    aside = tuple(Aside(name, "other", 0) for k, name in enumerate(head) if k not in places)
    return Log(series, digest, unread=unread, aside=aside)


def series_of(name: str, values: Mapping[int, float]) -> Series:
    return Series(name, np.array(list(values), np.int64), np.array(list(values.values()), float))
