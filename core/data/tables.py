"""A visitor's own data: a text of rows and columns, read strictly and in bounded time.

`read` makes a `Sheet` of a file's bytes or of pasted text, `tabulate` a `Table` of the columns
that were chosen. Whatever is wrong is a `TableError`: a `Flaw` and the place where it stands.
No cell is ever evaluated: one that begins with `=` is text like any other.

The form is that of RFC 4180 (Shafranovich, 2005), with commas, semicolons or tabs.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property, lru_cache, partial
from itertools import islice
from math import isfinite

import numpy as np

from core.arrays import Array
from core.data.datasets import Data, Dataset, Task, View, frozen, prepare, standardized
from core.domain import Spec, choice, fingerprint, places, whole

MOST_BYTES = 2 * 2**20
MOST_ROWS, FEWEST_ROWS = 5000, 20
MOST_COLUMNS = 100
"""Columns that a file may have, used or not."""
MOST_INPUTS, FEWEST_INPUTS = 64, 2
MOST_CLASSES = 20
MOST_PLANE_CLASSES = 8
"""Classes that a picture of the plane can tell apart."""
LONGEST_CELL = 200
LARGEST = 1e100
"""A larger number would have no square."""
FARTHEST_REACH = 5.0
"""Spreads from the mean that a picture of the plane shows at most."""
DIGITS = 16
"""Digits of a fingerprint in a link."""

NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,4})?")
COMMA_NUMBER = re.compile(r"[+-]?([0-9]+,[0-9]*|,[0-9]+)([eE][+-]?[0-9]{1,4})?")
NO_NUMBERS = frozenset(
    sign + word for sign in ("", "+", "-") for word in ("nan", "inf", "infinity")
)
ABSENT = frozenset(("", "na", "n/a", "null", "none", "?", "-"))
"""Cells, in small letters, that stand for a number that is missing."""
SEPARATORS = ("\t", ";", ",")
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
FILLED = re.compile(r"""[^\s,;"]""")
CONTROLS = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")


class Flaw(StrEnum):
    """What can be wrong with a file, or with the columns chosen from it."""

    EMPTY = "empty"
    BINARY = "binary"
    ENCODING = "encoding"
    TOO_LARGE = "too_large"
    QUOTES = "quotes"
    LONG_CELL = "long_cell"
    TOO_MANY_ROWS = "too_many_rows"
    TOO_FEW_ROWS = "too_few_rows"
    TOO_MANY_COLUMNS = "too_many_columns"
    TOO_FEW_NUMBERS = "too_few_numbers"
    RAGGED = "ragged"
    DUPLICATE = "duplicate"
    MISSING = "missing"
    NOT_A_NUMBER = "not_a_number"
    NOT_FINITE = "not_finite"
    TOO_FEW_INPUTS = "too_few_inputs"
    NO_SUCH_COLUMN = "no_such_column"
    TARGET_IS_INPUT = "target_is_input"
    ONE_CLASS = "one_class"
    TOO_MANY_CLASSES = "too_many_classes"
    CONSTANT_INPUTS = "constant_inputs"
    CONSTANT_TARGET = "constant_target"


class TableError(ValueError):
    """A file or a choice that cannot be used.

    row: counted as a spreadsheet does, the header included; 0 where no row is to blame. column:
    a column's name, "" where none is to blame. value: the cell, cut to 40 characters, or a
    number. limit: the bound that was passed.
    """

    def __init__(
        self, flaw: Flaw, *, row: int = 0, column: str = "", value: object = "", limit: int = 0
    ) -> None:
        super().__init__(flaw, row, column, value, limit)
        self.flaw, self.row, self.column, self.limit = flaw, row, column, limit
        self.value = shortened(str(value))


def shortened(text: str, most: int = 40) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


# Reading


@dataclass(frozen=True, repr=False)
class Sheet:
    """The cells of a file, as text.

    names: one a column. cells: one tuple a row, all of the length of `names`. numbers: which row
    of the file each of them is. decimal: the sign between whole and broken part, "." or ",".
    """

    names: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    rows: tuple[int, ...]
    decimal: str

    @cached_property
    def digest(self) -> str:
        """What tells this content from any other: SHA-256 of names and cells, hexadecimal."""
        content = json.dumps([self.names, self.cells, self.decimal], separators=(",", ":"))
        return hashlib.sha256(content.encode()).hexdigest()

    @property
    def file(self) -> str:
        """The beginning of the digest, as a link has it."""
        return self.digest[:DIGITS]

    def column(self, place: int) -> tuple[str, ...]:
        """The cells of a column; the first one has place 1."""
        return tuple(row[place - 1] for row in self.cells)

    @cached_property
    def numeric(self) -> tuple[int, ...]:
        """The places of the columns most of whose cells are meant as numbers."""
        places = range(1, len(self.names) + 1)
        return tuple(
            place
            for place in places
            if 2 * sum(means_number(cell, self.decimal) for cell in self.column(place))
            > len(self.cells)
        )


def read(content: bytes | str) -> Sheet:
    """The cells of a file's bytes, or of text that was pasted. Raises TableError."""
    text = content if isinstance(content, str) else decode(content)
    if len(text) > MOST_BYTES:
        raise TableError(Flaw.TOO_LARGE, limit=MOST_BYTES // 2**20)
    if CONTROLS.search(text):
        raise TableError(Flaw.BINARY)
    text = text.removeprefix("\ufeff")
    if not FILLED.search(text):
        raise TableError(Flaw.EMPTY)
    separator = separator_of(text)
    numbered = records(text, separator, MOST_ROWS + 2)
    decimal = decimal_sign(numbered, separator)
    (first, head), body = numbered[0], numbered[1:]
    if not has_header(head, [cells for _, cells in body], decimal):
        head, body = [""] * len(head), numbered
    if len(body) > MOST_ROWS:
        raise TableError(Flaw.TOO_MANY_ROWS, limit=MOST_ROWS)
    for row, cells in body:
        if len(cells) != len(head):
            raise TableError(Flaw.RAGGED, row=row, value=len(cells), limit=len(head))
    if len(body) < FEWEST_ROWS:
        raise TableError(Flaw.TOO_FEW_ROWS, value=len(body), limit=FEWEST_ROWS)
    kept = [k for k in range(len(head)) if head[k] or any(cells[k] for _, cells in body)]
    names = tuple(head[k] or f"#{k + 1}" for k in kept)
    for k, name in enumerate(names):
        if name in names[:k]:
            raise TableError(Flaw.DUPLICATE, row=first, column=name)
    sheet = Sheet(
        names,
        tuple(tuple(cells[k] for k in kept) for _, cells in body),
        tuple(row for row, _ in body),
        decimal,
    )
    if len(sheet.numeric) < FEWEST_INPUTS:
        raise TableError(Flaw.TOO_FEW_NUMBERS, value=len(sheet.numeric), limit=FEWEST_INPUTS)
    return sheet


def decode(raw: bytes) -> str:
    """Bytes as text: UTF-8, else Shift_JIS as Windows has it (cp932)."""
    if len(raw) > MOST_BYTES:
        raise TableError(Flaw.TOO_LARGE, limit=MOST_BYTES // 2**20)
    if raw.startswith(UTF_16):
        raise TableError(Flaw.ENCODING)
    if b"\0" in raw:
        raise TableError(Flaw.BINARY)
    for encoding in ("utf-8", "cp932"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise TableError(Flaw.ENCODING)


def separator_of(text: str) -> str:
    """The first separator that cuts the first rows into equally many cells, more than one."""
    widest = {}
    for separator in SEPARATORS:
        try:
            widths = [len(cells) for _, cells in records(text, separator, 10)]
        except TableError as error:
            widths = [MOST_COLUMNS if error.flaw is Flaw.TOO_MANY_COLUMNS else 0]
        widest[separator] = max(widths, default=0)
        if widths and widths[0] > 1 and len(set(widths)) == 1:
            return separator
    return max(reversed(SEPARATORS), key=lambda separator: widest[separator])


def records(text: str, separator: str, most: int) -> list[tuple[int, list[str]]]:
    """The first `most` rows that are not blank, each with its number in the file."""
    numbered = enumerate(tidy_rows(text, separator), start=1)
    return list(islice(((row, cells) for row, cells in numbered if any(cells)), most))


def tidy_rows(text: str, separator: str) -> Iterator[list[str]]:
    """Row by row its cells, every run of white space one blank."""
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True, strict=True
    )
    row = 0
    while True:
        row += 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            long = "field limit" in str(error)
            raise TableError(Flaw.LONG_CELL if long else Flaw.QUOTES, row=row) from None
        if cells is None:
            return
        if len(cells) > MOST_COLUMNS:
            raise TableError(Flaw.TOO_MANY_COLUMNS, row=row, value=len(cells), limit=MOST_COLUMNS)
        for k, cell in enumerate(cells):
            if len(cell) > LONGEST_CELL:
                raise TableError(
                    Flaw.LONG_CELL, row=row, column=f"#{k + 1}", value=cell, limit=LONGEST_CELL
                )
        yield [" ".join(cell.split()) for cell in cells]


def decimal_sign(numbered: Sequence[tuple[int, list[str]]], separator: str) -> str:
    """A comma if it separates no cells, stands in some number, and a point stands in none."""
    if separator == ",":
        return "."
    commas = False
    for _, cells in numbered:
        for cell in cells:
            if "." in cell and NUMBER.fullmatch(cell):
                return "."
            commas = commas or ("," in cell and COMMA_NUMBER.fullmatch(cell) is not None)
    return "," if commas else "."


def has_header(head: Sequence[str], body: Sequence[Sequence[str]], decimal: str) -> bool:
    """Whether the first row names some column that holds numbers below it."""
    some = body[:100]
    for k, name in enumerate(head):
        cells = [cells[k] for cells in some if k < len(cells)]
        numbers = sum(means_number(cell, decimal) for cell in cells)
        if name and not means_number(name, decimal) and 2 * numbers > len(cells):
            return True
    return not some


def means_number(cell: str, decimal: str) -> bool:
    """Whether a cell is a number, or says that it is none, as nan and inf do."""
    form = COMMA_NUMBER if decimal == "," and "," in cell else NUMBER
    return form.fullmatch(cell) is not None or cell.lower() in NO_NUMBERS


# Choosing

GOALS = dict.fromkeys(("classes", "number"))


@dataclass(frozen=True)
class Columns(Spec):
    """Which file is learnt from, and what from what; places count from 1."""

    file: str = fingerprint(digits=DIGITS)
    inputs: tuple[int, ...] = places(high=MOST_COLUMNS, most=MOST_INPUTS)
    answer: int = whole(1, low=1, high=MOST_COLUMNS)
    goal: str = choice("classes", GOALS)


def suggested(sheet: Sheet) -> Columns:
    """The last column of few words is the answer, else the last one; every other number is given.

    A column without a name beside others that have one, such as the numbers of the rows, is left
    out.
    """
    places = range(1, len(sheet.names) + 1)
    named = [k for k in places if not sheet.names[k - 1].startswith("#")] or list(places)
    words = [k for k in named if k not in sheet.numeric]
    few = [k for k in words if len(set(sheet.column(k))) <= MOST_CLASSES]
    answer = (few or words or named)[-1]
    inputs = tuple(k for k in named if k in sheet.numeric and k != answer)[:MOST_INPUTS]
    return Columns(sheet.file, inputs, answer, suggested_goal(sheet, answer))


def suggested_goal(sheet: Sheet, answer: int) -> str:
    """Classes for words and for a few whole numbers, else a number."""
    different = set(sheet.column(answer))
    few = len(different) <= MOST_CLASSES // 2 and all(map(str.isdecimal, different))
    return "classes" if few or answer not in sheet.numeric else "number"


@dataclass(frozen=True)
class Table:
    """A visitor's data, ready to be learnt from: equal where content and choice are.

    names: of the inputs. answer: the name of what is to be predicted. class_names: in the order
    of the outputs; () for a number. constant: the inputs that never change. x: (rows, inputs),
    y: (rows, outputs), as they were given. low, high: the range of a number to predict.
    """

    digest: str
    columns: Columns
    names: tuple[str, ...] = field(compare=False, repr=False)
    answer: str = field(compare=False, repr=False)
    class_names: tuple[str, ...] = field(compare=False, repr=False)
    constant: tuple[str, ...] = field(compare=False, repr=False)
    x: Array = field(compare=False, repr=False)
    y: Array = field(compare=False, repr=False)

    @cached_property
    def dataset(self) -> Dataset:
        """What the rest of the core needs to know."""
        x, y = self.x, self.y
        classes = len(self.class_names)
        task = (
            Task.REGRESSION
            if self.columns.goal == "number"
            else Task.BINARY
            if classes == 2
            else Task.CLASSES
        )
        flat = len(self.names) == 2 and classes <= MOST_PLANE_CLASSES
        farthest = float(np.abs(standardized(x, x)).max())
        return Dataset(
            key="own",
            name="",
            task=task,
            view=View.PLANE if flat else View.SAMPLES,
            inputs=x.shape[1],
            outputs=y.shape[1],
            draw=lambda rng, samples: (x, y),
            max_samples=len(x),
            collection=True,
            features=self.names,
            class_names=self.class_names,
            reach=min(FARTHEST_REACH, 1.05 * farthest),
            own=True,
        )

    @cached_property
    def prepared(self) -> Callable[[int, float, int], Data]:
        """`prepare` for this table, remembering no longer than the table lives."""
        return lru_cache(maxsize=4)(partial(prepare, self.dataset))

    def data(self, samples: int, noise: float, seed: int) -> Data:
        """Drawn, split and standardized by the training part."""
        return self.prepared(min(samples, len(self.x)), noise, seed)

    @property
    def nbytes(self) -> int:
        """About the memory that the table takes, with what is prepared of it."""
        return 3 * (self.x.nbytes + self.y.nbytes)


def tabulate(sheet: Sheet, columns: Columns) -> Table:
    """The chosen columns as numbers. Raises TableError for what cannot be learnt from."""
    count = len(sheet.names)
    if columns.answer > count or any(place > count for place in columns.inputs):
        raise TableError(Flaw.NO_SUCH_COLUMN, limit=count)
    if len(columns.inputs) < FEWEST_INPUTS:
        raise TableError(Flaw.TOO_FEW_INPUTS, value=len(columns.inputs), limit=FEWEST_INPUTS)
    answer = sheet.names[columns.answer - 1]
    if columns.answer in columns.inputs:
        raise TableError(Flaw.TARGET_IS_INPUT, column=answer)
    x = np.stack([numbers(sheet, place) for place in columns.inputs], axis=1)
    names = tuple(sheet.names[place - 1] for place in columns.inputs)
    flat = x.min(axis=0) == x.max(axis=0)
    if flat.all():
        raise TableError(Flaw.CONSTANT_INPUTS)
    if columns.goal == "number":
        classes: tuple[str, ...] = ()
        y = numbers(sheet, columns.answer)[:, None]
        if y.min() == y.max():
            raise TableError(Flaw.CONSTANT_TARGET, column=answer, value=y[0, 0])
    else:
        classes, y = one_hot(sheet, columns.answer)
    constant = tuple(name for name, still in zip(names, flat, strict=True) if still)
    return Table(sheet.digest, columns, names, answer, classes, constant, frozen(x), frozen(y))


def numbers(sheet: Sheet, place: int) -> Array:
    """A column as numbers, of shape (rows,)."""
    cells = sheet.column(place)
    values = np.empty(len(cells))
    for k, cell in enumerate(cells):
        try:
            values[k] = number(cell, sheet.decimal)
        except TableError as error:
            raise TableError(
                error.flaw, row=sheet.rows[k], column=sheet.names[place - 1], value=cell
            ) from None
    return values


def number(cell: str, decimal: str) -> float:
    """One cell's number; TableError where it has none that can be learnt from."""
    if cell.lower() in ABSENT:
        raise TableError(Flaw.MISSING)
    if not means_number(cell, decimal):
        raise TableError(Flaw.NOT_A_NUMBER)
    value = float(cell.replace(",", "."))
    if not isfinite(value) or abs(value) > LARGEST:
        raise TableError(Flaw.NOT_FINITE)
    return value


def one_hot(sheet: Sheet, place: int) -> tuple[tuple[str, ...], Array]:
    """The classes of a column, and of every row which it is: one output a class, one for two."""
    cells, name = sheet.column(place), sheet.names[place - 1]
    for row, cell in zip(sheet.rows, cells, strict=True):
        if not cell:
            raise TableError(Flaw.MISSING, row=row, column=name)
    different = set(cells)
    if len(different) == 1:
        raise TableError(Flaw.ONE_CLASS, column=name, value=cells[0])
    if len(different) > MOST_CLASSES:
        raise TableError(
            Flaw.TOO_MANY_CLASSES, column=name, value=len(different), limit=MOST_CLASSES
        )
    classes = tuple(sorted(different, key=lambda cell: in_order(cell, sheet.decimal)))
    index = np.array([classes.index(cell) for cell in cells])
    if len(classes) == 2:
        return classes, index[:, None].astype(float)
    return classes, np.eye(len(classes))[index]


def in_order(cell: str, decimal: str) -> tuple[int, float, str]:
    """Numbers by their size, before words by their letters."""
    try:
        return 0, number(cell, decimal), cell
    except TableError:
        return 1, 0.0, cell
