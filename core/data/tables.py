"""A visitor's own data: a sheet of columns, the choice made from it, and the table of numbers.

`pages.files` reads a file into a `Sheet`. `suggested` proposes `Columns`, and `tabulate` turns the
chosen ones into the `Table` that a run learns from. Whatever is wrong is a `TableError`: a `Flaw`
and where it is. No cell is ever evaluated: one that begins with `=` is text like any other.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property, lru_cache, partial
from math import isnan
from typing import NamedTuple

import numpy as np

from core.arrays import Array
from core.data.datasets import (
    FEWEST_TO_TEST,
    Data,
    Dataset,
    Task,
    View,
    filled,
    frozen,
    prepare,
    standardized,
)
from core.domain import Spec, choice, fingerprint, places, whole

MOST_BYTES = 2 * 2**20
MOST_ROWS, FEWEST_ROWS = 5000, 4
MOST_COLUMNS = 100
"""Columns that a file may have, used or not."""
MOST_INPUTS, FEWEST_INPUTS = 64, 1
"""Columns that are learnt from."""
MOST_WIDE = 200
"""Inputs of a network, after each word has become an input of 0 and 1."""
MOST_WORDS = 10
"""Different words of a column that is learnt from."""
MOST_CLASSES = 20
FEW_NUMBERS = 10
"""Different whole numbers that are still taken for classes."""
MOST_PLANE_CLASSES = 8
"""Classes that a picture of the plane can tell apart."""
LONGEST_CELL = 2000
LARGEST = 1e100
"""The square of a larger number would overflow."""
FARTHEST_REACH = 5.0
"""A picture of the plane shows at most this many standard deviations from the mean."""
DIGITS = 16
"""Length of a fingerprint in a link, in hexadecimal digits."""
ENOUGH_COMPLETE = 0.7
"""Share of the rows that must be complete for it to be suggested that the others are left out."""


class Flaw(StrEnum):
    """What can be wrong with a file, or with the columns chosen from it."""

    EMPTY = "empty"
    BINARY = "binary"
    ENCODING = "encoding"
    MARKUP = "markup"
    BRACKETS = "brackets"
    TOO_LARGE = "too_large"
    QUOTES = "quotes"
    LONG_CELL = "long_cell"
    ONE_COLUMN = "one_column"
    TOO_MANY_ROWS = "too_many_rows"
    TOO_FEW_ROWS = "too_few_rows"
    TOO_MANY_COLUMNS = "too_many_columns"
    RAGGED = "ragged"
    NOT_A_NUMBER = "not_a_number"
    NOT_FINITE = "not_finite"
    TOO_FEW_LEFT = "too_few_left"
    TOO_FEW_INPUTS = "too_few_inputs"
    TOO_WIDE = "too_wide"
    TOO_MANY_WORDS = "too_many_words"
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
    number. limit: the bound that was passed. separator: what the rows were split by, as a key of
    `pages.files`; "" where that does not matter.
    """

    def __init__(
        self,
        flaw: Flaw,
        *,
        row: int = 0,
        column: str = "",
        value: object = "",
        limit: int = 0,
        separator: str = "",
    ) -> None:
        super().__init__(flaw, row, column, value, limit, separator)
        self.flaw, self.row, self.column, self.limit = flaw, row, column, limit
        self.separator = separator
        self.value = shortened(str(value))


def shortened(text: str, most: int = 40) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


# A file's content


class Kind(StrEnum):
    """What most cells of a column are."""

    NUMBERS = "numbers"
    WORDS = "words"
    DATES = "dates"


class Skip(StrEnum):
    """Why a row of the file is not part of its table."""

    BLANK = "blank"
    COMMENT = "comment"
    ABOVE = "above"
    HEADER = "header"
    UNITS = "units"
    AGAIN = "again"
    RULE = "rule"
    BELOW = "below"


class Skipped(NamedTuple):
    """A row of the file that holds no sample: its number, why, and how it begins."""

    row: int
    why: Skip
    text: str


@dataclass(frozen=True, eq=False)
class Column:
    """One column of a file.

    cells: as text. values: (rows,) each cell as a number, NaN where it is none,
    infinite where it is too large to compute with. missing: (rows,) whether a cell says nothing.
    """

    name: str
    kind: Kind
    cells: tuple[str, ...]
    values: Array
    missing: Array

    def labels(self, rows: Array) -> list[tuple[int, float, str]]:
        """A sort key for the class of each of these rows: numbers by size come before words in
        alphabetical order."""
        cells, values = self.cells, self.values.tolist()
        chosen = np.flatnonzero(rows).tolist()
        return [(1, 0.0, cells[k]) if isnan(values[k]) else (0, values[k], "") for k in chosen]

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The different classes among the cells that say something, in their order."""
        return classes_of(self, ~self.missing)[0]

    @property
    def one_value(self) -> bool:
        return len(self.words) == 1

    @cached_property
    def whole(self) -> bool:
        """Whether all cells that say something are whole numbers."""
        given = self.values[~self.missing]
        return bool(len(given) and np.isfinite(given).all() and (given == np.round(given)).all())


@dataclass(frozen=True, eq=False)
class Sheet:
    """What a file holds.

    rows: which row of the file each sample is. decimal: the decimal separator,
    "." or ",". header: whether a row of the file names the columns. skipped: the other rows.
    """

    columns: tuple[Column, ...]
    rows: tuple[int, ...]
    decimal: str
    header: bool
    skipped: tuple[Skipped, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def cells(self) -> tuple[tuple[str, ...], ...]:
        """Row by row."""
        return tuple(zip(*(column.cells for column in self.columns), strict=True))

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of names and cells, in hexadecimal."""
        content = json.dumps([self.names, self.cells, self.decimal], separators=(",", ":"))
        return hashlib.sha256(content.encode()).hexdigest()

    @property
    def file(self) -> str:
        """The beginning of the digest, as a link has it."""
        return self.digest[:DIGITS]

    def column(self, place: int) -> Column:
        """The first one has place 1."""
        return self.columns[place - 1]

    @property
    def places(self) -> range:
        return range(1, len(self.columns) + 1)

    @cached_property
    def objections(self) -> dict[int, Objection]:
        """By place, why a column is not suggested as an input."""
        found = {place: objection(self, place) for place in self.places}
        return {place: why for place, why in found.items() if why is not None}


def classes_of(column: Column, rows: Array) -> tuple[tuple[str, ...], Array]:
    """The different classes in these rows in their order, and which of them each of the rows is.

    rows: (rows,) of bool. A class is called what its first cell says.
    """
    chosen, labels = np.flatnonzero(rows), column.labels(rows)
    first = {label: column.cells[k] for label, k in zip(labels[::-1], chosen[::-1], strict=True)}
    order = {label: index for index, label in enumerate(sorted(first))}
    return tuple(first[label] for label in order), np.array([order[k] for k in labels], int)


# Which columns are of use


class Objection(StrEnum):
    """Why a column is not suggested as an input."""

    EMPTY = "empty"
    ONE_VALUE = "one_value"
    DATES = "dates"
    ROW_NUMBERS = "row_numbers"
    IDENTIFIERS = "identifiers"
    MANY_WORDS = "many_words"
    MOSTLY_MISSING = "mostly_missing"
    NAMELESS = "nameless"


IDENTIFIER = re.compile(r"(^|[\W_])(id|ids|no|nr|index|key|uuid)$|番号$", re.IGNORECASE)
TIME = re.compile(r"date|time|stamp|epoch|^ts$|^day$|日付|日時|時刻|年月日", re.IGNORECASE)
"""What a column of dates or times is called."""
EPOCHS = (5e8, 2.5e9)
"""Seconds since 1970, of 1985 and 2049."""
SPREADSHEET_DAYS = (30_000, 60_000)
"""Days as spreadsheets count them, of 1982 and 2064."""
LONG_NUMBER = 1e4
"""Different whole numbers of this size in a first column without a name are taken for numbers that
tell the rows apart."""


def objection(sheet: Sheet, place: int) -> Objection | None:
    column = sheet.column(place)
    if column.missing.all():
        return Objection.EMPTY
    if column.one_value:
        return Objection.ONE_VALUE
    if column.kind is Kind.DATES or counts_time(column):
        return Objection.DATES
    if counts_rows(sheet, place):
        return Objection.ROW_NUMBERS
    if identifies(sheet, place):
        return Objection.IDENTIFIERS
    if column.kind is Kind.WORDS and len(column.words) > MOST_WORDS:
        return Objection.MANY_WORDS
    if 2 * column.missing.sum() > len(column.cells):
        return Objection.MOSTLY_MISSING
    if nameless(column) and not all(map(nameless, sheet.columns)):
        return Objection.NAMELESS
    return None


def nameless(column: Column) -> bool:
    return column.name.startswith("#")


def counts_time(column: Column) -> bool:
    """Whether a column of numbers is of dates: seconds since 1970 or smaller units, or days as
    spreadsheets count them; the latter only by name, or if each is at most a month after the one
    above.
    """
    if column.kind is not Kind.NUMBERS:
        return False
    values = column.values[~column.missing]
    if not np.isfinite(values).all():
        return False
    least, most = values.min(), values.max()
    named = TIME.search(column.name) is not None
    rising = bool((np.diff(values) > 0).all())
    for unit in (1, 1e3, 1e6, 1e9):
        if EPOCHS[0] * unit <= least and most <= EPOCHS[1] * unit:
            return named or rising
    whole = bool((values == np.round(values)).all()) and len(values) > 2
    days = SPREADSHEET_DAYS[0] <= least and most <= SPREADSHEET_DAYS[1]
    return days and (named or (whole and rising and bool(np.diff(values).max() <= 31)))


def counts_rows(sheet: Sheet, place: int) -> bool:
    """Whether a column numbers the rows, each one more than the one above: the first column, from 0
    or 1, or one without a name beside others, or one that is called so."""
    column = sheet.column(place)
    if not column.whole or column.missing.any() or (np.diff(column.values) != 1).any():
        return False
    alone = sheet.header and nameless(column)
    return alone or called_identifier(column) or (place == 1 and column.values[0] in (0, 1))


def called_identifier(column: Column) -> bool:
    camel = re.search("[a-z]I[Dd]$", column.name) is not None
    return camel or IDENTIFIER.search(column.name) is not None


def identifies(sheet: Sheet, place: int) -> bool:
    """Whether a column of whole numbers, nearly all different, tells the rows apart."""
    column = sheet.column(place)
    if not column.whole or len(column.words) < 0.9 * len(column.cells):
        return False
    if called_identifier(column):
        return True
    large = bool(np.nanmin(np.abs(column.values)) >= LONG_NUMBER)
    return place == 1 and not sheet.header and large and len(column.cells) >= 20


# Choosing

GOALS = dict.fromkeys(("classes", "number"))
MISSING = dict.fromkeys(("leave", "fill"))
"""What becomes of a row with a missing input: it is left out, or the training part's mean is put
in its place. A row whose answer is missing is always left out."""


@dataclass(frozen=True)
class Columns(Spec):
    """Which file is learnt from, and what from what; places count from 1.

    single: the class that is told from all others, 0 where each is told from each.
    """

    file: str = fingerprint(digits=DIGITS)
    inputs: tuple[int, ...] = places(high=MOST_COLUMNS, most=MOST_INPUTS)
    answer: int = whole(1, low=1, high=MOST_COLUMNS)
    goal: str = choice("classes", GOALS)
    missing: str = choice("leave", MISSING)
    single: int = whole(0, low=0, high=MOST_CLASSES)


ANSWERS = (
    "target", "label", "labels", "outcome", "diagnosis", "survived", "species", "class",
    "income", "medv", "price", "正解", "目的変数", "ラベル", "クラス", "品種", "種類",
)  # fmt: skip
"""What people often call the column to predict, the surest first; in small letters."""
PRICE = ("price", "価格")
"""How the name of the answer ends if only one column's does: SalePrice, house_price."""


def suggested(sheet: Sheet) -> Columns:
    """A likely answer, and every column of use as an input."""
    answer = suggested_answer(sheet)
    inputs = suggested_inputs(sheet, answer)
    goal = suggested_goal(sheet, answer)
    return Columns(
        sheet.file, inputs, answer, goal, suggested_missing(sheet, (*inputs, answer), answer)
    )


def suggested_answer(sheet: Sheet) -> int:
    """The column with a telling name; else the last one with few different values, or the first
    with two or of words; else the only one of few words; else the last of numbers.
    """
    useful = [place for place in sheet.places if may_be_answer(sheet, place)]
    if not useful:
        return sheet.places[-1]
    few = [place for place in useful if has_few(sheet.column(place))]
    numbers = [place for place in useful if sheet.column(place).kind is Kind.NUMBERS]
    names = {place: sheet.column(place).name.lower() for place in {*few, *numbers}}
    named = [place for name in ANSWERS for place in sorted(names) if names[place] == name]
    prices = [place for place in sorted(names) if names[place].endswith(PRICE)]
    first, last = useful[0], useful[-1]
    if named:
        return named[0]
    if len(prices) == 1:
        return prices[0]
    if last in few and first in few:
        return first if clearer(sheet.column(first), sheet.column(last)) else last
    if last in few:
        return last
    if first in few and (not sheet.header or labels(sheet.column(first))):
        return first
    words = [place for place in few if place not in numbers]
    if len(words) == 1:
        return words[0]
    return (numbers or few or useful)[-1]


def may_be_answer(sheet: Sheet, place: int) -> bool:
    why = sheet.objections.get(place)
    some = len(sheet.column(place).words) <= MOST_CLASSES
    return why is None or (why is Objection.MANY_WORDS and some)


def has_few(column: Column) -> bool:
    """Whether a column has so few different values that they may be classes."""
    different, given = len(column.words), int((~column.missing).sum())
    if different < 2 or 2 * different > max(given, 4):
        return False
    if column.kind is Kind.NUMBERS:
        return column.whole and different <= FEW_NUMBERS
    return different <= MOST_CLASSES


def labels(column: Column) -> bool:
    """Whether a column of few values is more than a count, as of rooms or cylinders."""
    return column.kind is Kind.WORDS or len(column.words) == 2


def clearer(first: Column, last: Column) -> bool:
    """Whether the first column is the likelier answer: two classes against more, or words against
    more than two numbers."""
    if len(last.words) == 2:
        return False
    return len(first.words) == 2 or (first.kind is Kind.WORDS and last.kind is Kind.NUMBERS)


def suggested_inputs(sheet: Sheet, answer: int) -> tuple[int, ...]:
    """Every column without an objection; where there is none, what can be used at all."""
    for forgiven in ((), (Objection.ROW_NUMBERS, Objection.NAMELESS), (Objection.ONE_VALUE,)):
        chosen: list[int] = []
        wide = 0
        for place in sheet.places:
            width = inputs_of(sheet.column(place))
            unopposed = sheet.objections.get(place) in (None, *forgiven)
            if place != answer and unopposed and 0 < width <= MOST_WIDE - wide:
                chosen.append(place)
                wide += width
        if chosen:
            return tuple(chosen[:MOST_INPUTS])
    return ()


def suggested_goal(sheet: Sheet, answer: int) -> str:
    """Classes for words and for a few whole numbers, else a number."""
    column = sheet.column(answer)
    return "classes" if has_few(column) or column.kind is not Kind.NUMBERS else "number"


def suggested_missing(sheet: Sheet, used: Sequence[int], answer: int) -> str:
    """Leave rows out, unless that would cost too many."""
    answered = ~sheet.column(answer).missing
    complete = ~np.any([sheet.column(place).missing for place in used], axis=0)
    return "leave" if complete.sum() >= ENOUGH_COMPLETE * answered.sum() else "fill"


def inputs_of(column: Column) -> int:
    """How many inputs a column becomes; 0 where it cannot be an input."""
    if is_numbers(column):
        return 1
    words = len(column.words)
    return 0 if words > MOST_WORDS else max(1, words if words > 2 else 1)


def is_numbers(column: Column) -> bool:
    """Whether a column is learnt from as it is: also one of dates that are written as numbers."""
    if column.kind is Kind.DATES:
        return not np.isnan(column.values[~column.missing]).any()
    return column.kind is Kind.NUMBERS


class Gaps(NamedTuple):
    """What is missing in the chosen columns.

    counts: by place, the rows in which that column says nothing. answer: rows without an answer.
    inputs: the other rows without some input.
    """

    counts: dict[int, int]
    answer: int
    inputs: int


def gaps(sheet: Sheet, columns: Columns) -> Gaps:
    """A column that the file does not have has no gaps."""
    unanswered = np.zeros(len(sheet.rows), bool)
    if columns.answer in sheet.places:
        unanswered = sheet.column(columns.answer).missing
    used = [place for place in (*columns.inputs, columns.answer) if place in sheet.places]
    counts = {place: int(sheet.column(place).missing.sum()) for place in used}
    incomplete = np.any([unanswered, *(sheet.column(p).missing for p in used)], axis=0)
    return Gaps(
        {place: count for place, count in counts.items() if count},
        int(unanswered.sum()),
        int((incomplete & ~unanswered).sum()),
    )


@dataclass(frozen=True)
class Table:
    """A visitor's data, ready for training; equal if content and choice are equal.

    names: of the inputs. answer: the name of what is to be predicted. class_names: in the order
    of the outputs; () for a number. constant: the inputs that never change. x: (rows, inputs),
    y: (rows, outputs), as they were given; missing inputs are NaN.
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
        view = View.SAMPLES
        if x.shape[1] == 1:
            view = View.CURVE
        elif x.shape[1] == 2 and classes <= MOST_PLANE_CLASSES:
            view = View.PLANE
        whole = filled(x, x)
        farthest = float(np.abs(standardized(whole, whole)).max())
        return Dataset(
            key="own",
            name="",
            task=task,
            view=view,
            inputs=x.shape[1],
            outputs=y.shape[1],
            draw=lambda rng, samples: (x, y),
            max_samples=len(x),
            collection=True,
            features=self.names,
            class_names=self.class_names,
            reach=min(FARTHEST_REACH, (1.05 if len(x) >= FEWEST_TO_TEST else 1.4) * farthest),
            own=True,
            answer=self.answer,
        )

    @cached_property
    def prepared(self) -> Callable[[int, float, int], Data]:
        """`prepare` for this table, cached for as long as the table lives."""
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
    count = len(sheet.columns)
    if columns.answer > count or any(place > count for place in columns.inputs):
        raise TableError(Flaw.NO_SUCH_COLUMN, limit=count)
    if len(columns.inputs) < FEWEST_INPUTS:
        raise TableError(Flaw.TOO_FEW_INPUTS, value=len(columns.inputs), limit=FEWEST_INPUTS)
    answer = sheet.column(columns.answer)
    if columns.answer in columns.inputs:
        raise TableError(Flaw.TARGET_IS_INPUT, column=answer.name)
    inputs = [pair for place in columns.inputs for pair in encoded(sheet, place)]
    if len(inputs) > MOST_WIDE:
        raise TableError(Flaw.TOO_WIDE, value=len(inputs), limit=MOST_WIDE)
    names = tuple(name for name, _ in inputs)
    x = np.stack([values for _, values in inputs], axis=1)
    rows = ~answer.missing
    if columns.missing == "leave":
        rows = rows & ~np.isnan(x).any(axis=1)
    if columns.goal == "number":
        y = numbers(sheet, columns.answer)[rows, None]
    x = x[rows]
    if len(x) < FEWEST_ROWS:
        raise TableError(Flaw.TOO_FEW_LEFT, value=len(x), limit=FEWEST_ROWS)
    gap = np.isnan(x)
    flat = np.where(gap, np.inf, x).min(axis=0) >= np.where(gap, -np.inf, x).max(axis=0)
    if flat.all():
        raise TableError(Flaw.CONSTANT_INPUTS)
    if columns.goal == "number":
        classes: tuple[str, ...] = ()
        if y.min() == y.max():
            raise TableError(Flaw.CONSTANT_TARGET, column=answer.name, value=y[0, 0])
    else:
        classes, y = one_hot(answer, rows, columns.single)
    constant = tuple(name for name, still in zip(names, flat, strict=True) if still)
    return Table(sheet.digest, columns, names, answer.name, classes, constant, frozen(x), frozen(y))


def encoded(sheet: Sheet, place: int) -> list[tuple[str, Array]]:
    """A column as inputs, each with its name: numbers as they are; of two words whether it is the
    second; of more whether it is this one. NaN where a cell is missing.
    """
    column = sheet.column(place)
    if is_numbers(column):
        return [(column.name, numbers(sheet, place))]
    if (count := len(column.words)) > MOST_WORDS:
        raise TableError(Flaw.TOO_MANY_WORDS, column=column.name, value=count, limit=MOST_WORDS)
    if count == 0:
        return [(column.name, np.full(len(column.cells), np.nan))]
    words, index = classes_of(column, ~column.missing)
    which = np.full(len(column.cells), -1)
    which[~column.missing] = index
    kept = [1] if count == 2 else range(count)
    return [(f"{column.name} = {words[k]}", np.where(which < 0, np.nan, which == k)) for k in kept]


def numbers(sheet: Sheet, place: int) -> Array:
    """A column as numbers, of shape (rows,); TableError where a cell is none to learn from."""
    column = sheet.column(place)
    wrong = ~column.missing & ~np.isfinite(column.values)
    if wrong.any():
        k = int(wrong.argmax())
        flaw = Flaw.NOT_A_NUMBER if np.isnan(column.values[k]) else Flaw.NOT_FINITE
        raise TableError(flaw, row=sheet.rows[k], column=column.name, value=column.cells[k])
    return column.values


def one_hot(answer: Column, rows: Array, single: int) -> tuple[tuple[str, ...], Array]:
    """The classes of these rows, and of every row which it is: one output per class, 1 for two."""
    classes, index = classes_of(answer, rows)
    if len(classes) == 1:
        raise TableError(Flaw.ONE_CLASS, column=answer.name, value=classes[0])
    if len(classes) > MOST_CLASSES:
        raise TableError(
            Flaw.TOO_MANY_CLASSES, column=answer.name, value=len(classes), limit=MOST_CLASSES
        )
    if 0 < single <= len(classes) and len(classes) > 2:
        others = " / ".join(name for k, name in enumerate(classes) if k != single - 1)
        classes, index = (others, classes[single - 1]), (index == single - 1).astype(int)
    if len(classes) == 2:
        return classes, index[:, None].astype(float)
    return classes, np.eye(len(classes))[index]
