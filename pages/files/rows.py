"""Text as rows of cells: what separates the cells, and which rows belong to the table.

`csv` splits the rows, since only it knows how many cells each of them has; pandas finds columns of
fixed width. A row that is not a sample (a title, a remark, a total) is named, never just dropped.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import count, islice
from types import MappingProxyType
from typing import NamedTuple

from core.data.tables import (
    LONGEST_CELL,
    MOST_COLUMNS,
    MOST_ROWS,
    Flaw,
    Skip,
    Skipped,
    TableError,
    shortened,
)
from pages.files.cells import is_missing, is_missing_number, looks_like_number

SEPARATORS = MappingProxyType(
    {
        "tab": "\t",
        "semicolon": ";",
        "pipe": "|",
        "comma": ",",
        "wide_comma": "，",
        "blank": " ",
        "fixed": "",
    }
)
"""Separators by key; of equally good ones the first is chosen. A run of spaces counts as one.
`fixed`: none, as each column has a fixed width."""
LOOSE = ("blank", "fixed")
"""Separators that also cut a sentence into cells."""
OTHERS = re.compile(r"[;|,]")
SEP_LINE = re.compile(r'"?sep=(.)"?[,;\t]*', re.IGNORECASE)
"""The first line by which a file tells Excel its separator."""
LINE = re.compile(r"\r\n|\r|\n")
PIECE = re.compile(r'"(?:[^"]|"")*"(?=\s|$)|\S+')
COMMENTS = ("#", "%", "//", "@")
"""How a remark begins. Only the first also marks a row as wide as the others: the rest can begin a
cell."""
RULE = re.compile(r"[-+=|:_\s]*(---|===|___|:--|--:)[-+=|:_\s]*")
SCALE = re.compile(r"[0-9]{1,8}(\.[0-9]{1,8})?")
DECIMAL = re.compile(r"[+-]?([0-9]{1,15}(\.[0-9]{0,15})?|\.[0-9]{1,15})")
TOTALS = re.compile(
    r"(grand |sub)?totals?|sums?|average|avg|mean|median|count|notes?|source|summe|gesamt|"
    r"mittelwert|quelle|somme|moyenne|合計|総計|小計|計|平均|注|注意|出典|備考",
    re.IGNORECASE,
)
"""First words of a row below a table."""
TRIED_ROWS, TRIED_TEXT = 200, 2**18
"""How much of a text is examined to find its separator."""
MOSTLY = 0.8
"""A separator is accepted if at least this share of rows has the same number of cells."""
CLOSE = 0.05
"""Shares that differ by less are about equal."""
MOST_LINES = 4
"""Lines of a header, its units included."""
MOST_AROUND = 200
"""Rows around a table, besides its own."""

Cells = list[str]


class Row(NamedTuple):
    """A row of the file: its number, its cells."""

    number: int
    cells: Cells


@dataclass(frozen=True)
class Body:
    """The contents of a text.

    head: the names of the columns, None if no row has them. rows: the samples, all with `width`
    cells. skipped: all other rows.
    """

    head: Cells | None
    rows: list[Row]
    width: int
    skipped: list[Skipped]


# What separates the cells


def separator_of(text: str) -> str:
    """The key of the likeliest separator. Raises TableError if there is none.

    One that splits most rows into equally many cells; of several, the one that leaves numbers and
    no other separators.
    """
    first = SEP_LINE.fullmatch(LINE.split(text, maxsplit=1)[0].strip())
    for key, sign in SEPARATORS.items():
        if first is not None and sign == first[1]:
            return key
    shares = {key: consistency(text, key) for key in SEPARATORS if key != "fixed"}
    best = max(shares, key=lambda key: shares[key].score)
    tab, blank = shares["tab"], shares["blank"]
    if best == "blank" and blank.share < 1 and tab.share >= MOSTLY:
        best = "tab" if tab.numbers > blank.numbers - CLOSE else best  # both split there
    if shares[best].share < MOSTLY or (best == "blank" and may_have_widths(text)):
        fixed = consistency(text, "fixed")
        if fixed.share >= MOSTLY and fixed.width > 1 and fixed.width >= shares[best].width:
            return "fixed"
    if shares[best].width == 0:
        return "comma"  # whose first row will be refused
    if shares[best].width < 2:
        raise TableError(Flaw.ONE_COLUMN)
    return best


def may_have_widths(text: str) -> bool:
    """Whether blanks may be part of cells, or stand for empty ones.

    They do not where only titles above the table differ from its rows in their number of words.
    """
    rows = tried(text, "blank")
    width = usual_width(rows)
    first = next(k for k, cells in enumerate(rows) if len(cells) == width)
    above, body = rows[:first], rows[first:]
    if any(len(cells) != width for cells in body):
        return True
    return bool(above) and len(above[-1]) > width and not names_columns(body[0], body[1:])


class Consistency(NamedTuple):
    """How a separator splits a text: the number of cells in most rows, and the share of such rows;
    the shares of their cells that are numbers, and that still contain another separator."""

    width: int
    share: float
    numbers: float = 0.0
    mixed: float = 0.0

    @property
    def score(self) -> float:
        return self.share + self.numbers / 4 - self.mixed / 2 if self.width > 1 else 0.0


def tried(text: str, key: str) -> list[Cells]:
    """The first rows that are neither empty nor remarks."""
    read = [row.cells for row in islice(lenient(text[:TRIED_TEXT], key), TRIED_ROWS)]
    rows = [cells for cells in read if any(cells) and not is_comment(cells) and not is_rule(cells)]
    width = usual_width(rows) if rows else 0
    return [cells for cells in rows if cells[0] not in COMMENTS or len(cells) == width]


def consistency(text: str, key: str) -> Consistency:
    rows = tried(text, key)
    if not rows:
        return Consistency(0, 0.0)
    width = usual_width(rows)
    usual = [cells for cells in rows if len(cells) == width]
    cells = [cell for row in usual[:50] for cell in row if cell]
    words = [cell for cell in cells if not looks_like_number(cell)]
    mixed = sum(OTHERS.search(word) is not None for word in words)
    count = max(1, len(cells))
    return Consistency(width, len(usual) / len(rows), 1 - len(words) / count, mixed / count)


def usual_width(rows: Sequence[Cells]) -> int:
    """How many cells most rows have; of two equally frequent numbers the larger."""
    counts = Counter(map(len, rows))
    return max(counts, key=lambda width: (counts[width], width))


def lenient(text: str, key: str) -> Iterator[Row]:
    try:
        yield from split(text, key, strict=False)
    except TableError:
        return


def split(text: str, key: str, *, strict: bool = True) -> Iterator[Row]:
    """The cells row by row, every run of white space as one space. Raises TableError.

    key: of the separator. strict: whether a flawed quotation mark is an error.
    """
    if key == "fixed":
        yield from cut(text)
        return
    sign = SEPARATORS[key]
    if key == "blank":
        lines = ("\t".join(PIECE.findall(line)) or line[:1] for line in LINE.split(text))
        text, sign = "\n".join(lines), "\t"
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=sign,
        quotechar="'" if single_quoted(text, sign) else '"',
        skipinitialspace=True,
        strict=strict,
    )
    for number in count(1):
        try:
            cells = next(reader, None)
        except csv.Error as error:
            long = "field limit" in str(error)
            raise TableError(Flaw.LONG_CELL if long else Flaw.QUOTES, row=number) from None
        if cells is None:
            return
        yield Row(number, [" ".join(cell.split()) for cell in cells])


def single_quoted(text: str, sign: str) -> bool:
    """Whether single quotation marks stand around cells, and nowhere else."""
    if "'" not in text or '"' in text:
        return False
    end = re.escape(sign)
    cell = rf"(?:(?<=[{end}\r\n])|^) *'(?:[^'\r\n]|'')*' *(?=[{end}\r\n]|$)"
    return "'" not in re.sub(cell, "", text)


def cut(text: str) -> Iterator[Row]:
    """Rows of columns of fixed width, where pandas finds them."""
    import pandas as pd  # 40 MB that most processes never need

    lines = LINE.split(text)
    try:
        frame = pd.read_fwf(
            io.StringIO("\n".join(lines)),
            header=None,
            dtype=str,
            keep_default_na=False,
            skip_blank_lines=False,
            infer_nrows=TRIED_ROWS,
        )
    except (ValueError, TypeError, IndexError):  # it finds no columns
        return
    for number, cells in enumerate(frame.fillna("").astype(str).to_numpy().tolist(), start=1):
        yield Row(number, [" ".join(cell.split()) for cell in cells])
    if lines[-1].isspace() and len(frame) == len(lines) - 1:  # which pandas leaves out
        yield Row(len(lines), [""])


def checked(text: str, key: str) -> list[Row]:
    """All rows of the file, within the limits. Raises TableError."""
    rows: list[Row] = []
    filled = 0
    for row in split(text, key):
        if len(row.cells) > MOST_COLUMNS:
            raise TableError(
                Flaw.TOO_MANY_COLUMNS,
                row=row.number,
                value=len(row.cells),
                limit=MOST_COLUMNS,
                separator=key,
            )
        for k, cell in enumerate(row.cells):
            if len(cell) > LONGEST_CELL:
                raise TableError(
                    Flaw.LONG_CELL,
                    row=row.number,
                    column=f"#{k + 1}",
                    value=cell,
                    limit=LONGEST_CELL,
                )
        filled += any(row.cells)
        if filled > MOST_ROWS + MOST_AROUND:
            raise TableError(Flaw.TOO_MANY_ROWS, limit=MOST_ROWS)
        rows.append(row)
    return rows


# Which rows belong to the table


def is_comment(cells: Cells) -> bool:
    """Whether a row begins as a remark. A mark alone can be a name: that of a column of numbers."""
    first = cells[0]
    return first.startswith(COMMENTS) and first not in COMMENTS and not is_missing_number(first)


def is_rule(cells: Cells) -> bool:
    """Whether a row is a line drawn below a heading."""
    return RULE.fullmatch(" ".join(cells)) is not None


def filled_cells(cells: Cells) -> int:
    return sum(map(bool, cells))


@dataclass(eq=False)
class Sieve:
    """The rows of a text that may be samples, and those that are not."""

    rows: list[Row]
    skipped: list[Skipped]

    def drop(self, why: Skip, numbers: Collection[int]) -> None:
        for row in self.rows:
            if row.number in numbers:
                said = shortened(" ".join(filter(None, row.cells)))
                self.skipped.append(Skipped(row.number, why, said))
        self.rows = [row for row in self.rows if row.number not in numbers]


def body_of(text: str, key: str, header: str = "auto") -> Body:
    """The table in a text. Raises TableError if some row does not fit.

    key: of the separator. header: whether the first row of the table names the columns: "yes",
    "no", or "auto".
    """
    sieve = Sieve(checked(text, key), [])
    sieve.drop(Skip.BLANK, {row.number for row in sieve.rows if not any(row.cells)})
    drop_sep_line(sieve)
    sieve.drop(Skip.RULE, {row.number for row in sieve.rows if is_rule(row.cells)})
    comments = comments_among(sieve.rows)
    plain = [row for row in sieve.rows if row not in comments]
    if not plain:
        raise TableError(Flaw.EMPTY)
    width = usual_width([row.cells for row in plain])
    if width < 2:
        raise TableError(Flaw.ONE_COLUMN, separator=key)
    head = head_in_comment(comments, plain, width) if header != "no" else None
    if head is not None:
        sieve.drop(Skip.HEADER, {head.number})
    sieve.drop(Skip.COMMENT, {row.number for row in comments})
    sieve.rows = trimmed(sieve.rows, width)
    above = rows_above(sieve.rows, width)
    sieve.drop(Skip.ABOVE, above if key != "blank" else above | other_widths(sieve.rows, width))
    sieve.drop(Skip.BELOW, rows_below(sieve.rows, width))
    sieve.rows = shifted(sieve.rows, width)
    if key in LOOSE and head is None and header != "no" and title_above(sieve.rows):
        sieve.drop(Skip.ABOVE, {sieve.rows[0].number})
    if head is None and sieve.rows and is_header(header, sieve.rows):
        several = header == "auto" and len(sieve.rows[0].cells) == width
        lines = lines_of_names(sieve.rows) if several else sieve.rows[:1]
        head, why = one_head(lines)
        for line, reason in zip(lines, why, strict=True):
            sieve.drop(reason, {line.number})
    if head is not None:
        again = {row.number for row in sieve.rows if row.cells == head.cells}
        sieve.drop(Skip.AGAIN, again)
    for row in [*([head] if head is not None else []), *sieve.rows]:
        if len(row.cells) != width:
            raise TableError(
                Flaw.RAGGED, row=row.number, value=len(row.cells), limit=width, separator=key
            )
    if len(sieve.rows) > MOST_ROWS:
        raise TableError(Flaw.TOO_MANY_ROWS, limit=MOST_ROWS)
    return Body(head.cells if head else None, sieve.rows, width, sorted(sieve.skipped))


def drop_sep_line(sieve: Sieve) -> None:
    if sieve.rows and SEP_LINE.fullmatch(" ".join(sieve.rows[0].cells).strip()):
        sieve.drop(Skip.ABOVE, {sieve.rows[0].number})


def comments_among(rows: list[Row]) -> list[Row]:
    """The rows that are remarks: few, or of another width; else the mark is part of the data."""
    width = usual_width([row.cells for row in rows]) if rows else 0
    marked = [
        row
        for row in rows
        if is_comment(row.cells) or (row.cells[0] in COMMENTS and len(row.cells) != width)
    ]
    few = 10 * len(marked) <= len(rows)
    return [
        row
        for row in marked
        if len(row.cells) != width or (few and row.cells[0].startswith(COMMENTS[0]))
    ]


def head_in_comment(comments: list[Row], plain: list[Row], width: int) -> Row | None:
    """The names of the columns, if they follow a `#` and appear nowhere else."""
    above = [row for row in comments if row.number < plain[0].number]
    if not above:
        return None
    cells = above[-1].cells[above[-1].cells[0] in COMMENTS :]
    if len(cells) != width:
        return None
    first, *others = cells
    names, body = [first.lstrip("#%/@ "), *others], [row.cells for row in plain]
    if not names_columns(names, body) or names_columns(body[0], body[1:]):
        return None
    return Row(above[-1].number, names)


def trimmed(rows: list[Row], width: int) -> list[Row]:
    """The rows without the empty cells that some have beyond the others'."""
    return [
        Row(row.number, row.cells[:width]) if not any(row.cells[width:]) else row for row in rows
    ]


def rows_above(rows: list[Row], width: int) -> set[int]:
    """The numbers of the rows before the table: titles and the like, of few cells."""
    above: set[int] = set()
    for k, row in enumerate(rows[:MOST_AROUND]):
        filled = filled_cells(row.cells)
        full = len(row.cells) == width
        if full and not (filled == 1 and width > 2 and not any(map(looks_like_number, row.cells))):
            break
        if not full and may_be_shifted(rows[k:], width):
            break
        if filled > 2 or (width == 2 and filled == 2) or len(rows) - len(above) < 2:
            break
        above.add(row.number)
    return above


def other_widths(rows: list[Row], width: int) -> set[int]:
    """The numbers of the first rows, as far as blanks cut them into another number of cells."""
    above: set[int] = set()
    for k, row in enumerate(rows[:MOST_AROUND]):
        if len(row.cells) == width or may_be_shifted(rows[k:], width):
            break
        above.add(row.number)
    return above


def rows_below(rows: list[Row], width: int) -> set[int]:
    """The numbers of the rows after the table: totals, remarks, sources."""
    below: set[int] = set()
    for row in rows[:1:-1][:MOST_AROUND]:
        first = row.cells[0]
        alone = filled_cells(row.cells) == 1 and first and not looks_like_number(first)
        remark = alone and (len(row.cells) < width or width > 2) and not is_missing(first)
        if not (remark or TOTALS.fullmatch(first.rstrip(" :：.*")) or is_noted(first, row, width)):
            break
        below.add(row.number)
    return below


def is_noted(first: str, row: Row, width: int) -> bool:
    """Whether a row of another length begins like a remark: `Source: ...`."""
    begin = re.split(r"[\s:：]", first, maxsplit=1)[0]
    return len(row.cells) != width and TOTALS.fullmatch(begin) is not None


def may_be_shifted(rows: list[Row], width: int) -> bool:
    """Whether the first row has one name less than there are columns below it, as R gives none to
    its row names."""
    first, body = rows[0].cells, [row.cells for row in rows[1:]]
    words = all(cell and not looks_like_number(cell) for cell in first)
    if not (len(first) == width - 1 > 1 and words and body and len(body[0]) == width):
        return False
    return not names_columns(body[0], body[1:])


def shifted(rows: list[Row], width: int) -> list[Row]:
    """The rows, the first one as wide as all others.

    It may lack the name of the first column, or, where every other row ends in a separator, the
    empty one after it.
    """
    if not rows or not may_be_shifted(rows, width):
        return rows
    first = rows[0]
    ends = all(row.cells[-1] == "" for row in rows[1:])
    cells = [*first.cells, ""] if ends else ["", *first.cells]
    return [Row(first.number, cells), *rows[1:]]


def is_header(header: str, rows: list[Row]) -> bool:
    """Whether the first row is the header."""
    if header != "auto":
        return header == "yes"
    return names_columns(rows[0].cells, [row.cells for row in rows[1:]])


def names_columns(first: Cells, body: Sequence[Cells]) -> bool:
    """Whether a row names the columns below it, judged by what is below.

    A word above numbers speaks for it, as does one that is not among a few recurring words; a
    number above numbers, or one of the words, speaks against it. A missing one says nothing.
    """
    if not body:
        return not any(map(looks_like_number, first))
    if is_counted(first) and all(cells[0].isdecimal() for cells in body):
        return True
    return sum(votes(first, body)) > 0 or years(first, body) or scale(first, body)


def scale(first: Cells, body: Sequence[Cells]) -> bool:
    """Whether rising numbers name columns, beside words that name theirs: as wavelengths do, which
    lie outside their columns' range, or counts from 0, which appear nowhere in these."""
    rising = [k for k, name in enumerate(first) if SCALE.fullmatch(name)]
    marks = [float(first[k]) for k in rising]
    words = ["" if k in rising else name for k, name in enumerate(first)]
    named = list(votes(words, body))
    if len(marks) < 2 or marks != sorted(set(marks)) or min(named, default=-1) < 0:
        return False
    if any(map(looks_like_number, words)):
        return False
    counted = marks == list(range(len(marks)))
    for k, mark in zip(rising, marks, strict=True):
        cells = [row[k] for row in body if k < len(row)]
        values = [float(cell) for cell in cells if DECIMAL.fullmatch(cell)]
        inside = bool(values) and min(values) <= mark <= max(values)
        if inside and not (counted and first[k] not in cells):
            return False
    return True


def title_above(rows: list[Row]) -> bool:
    """Whether blanks cut a title into as many cells as the table has columns.

    The row below it then names the columns, those of words too, as units do not.
    """
    if len(rows) < 3 or any(map(looks_like_number, rows[0].cells)):
        return False
    names, body = rows[1].cells, [row.cells for row in rows[2:]]
    named = zip(names, zip(*body, strict=False), strict=False)
    words = [(name, cells) for name, cells in named if not any(map(looks_like_number, cells))]
    return names_columns(names, body) and any(
        name and name not in cells and 2 * len(set(cells)) <= len(cells) for name, cells in words
    )


def votes(first: Cells, body: Sequence[Cells]) -> Iterator[int]:
    for k, name in enumerate(first):
        cells = [row[k] for row in body[:TRIED_ROWS] if k < len(row) and not is_missing(row[k])]
        if is_missing(name) or not cells:
            continue
        if 2 * sum(map(looks_like_number, cells)) > len(cells):
            yield -1 if looks_like_number(name) else 1
        elif 2 * len(set(cells)) <= len(cells):
            yield -1 if name in cells else 1
        elif all(map(has_digit, cells)) and not has_digit(name):
            yield 1


def has_digit(cell: str) -> bool:
    return any(character.isdigit() for character in cell)


def is_counted(first: Cells) -> bool:
    """Whether a row is what pandas writes above unnamed columns: nothing, then 0, 1, 2."""
    return len(first) > 2 and first == ["", *map(str, range(len(first) - 1))]


def years(first: Cells, body: Sequence[Cells]) -> bool:
    """Whether a row begins with a word and continues with consecutive years."""
    told = [name for name in first if re.fullmatch("(19|20)[0-9][0-9]", name)]
    rising = told == sorted(set(told)) and len(told) > 1
    others = [name for name in first if name not in told]
    place = first.index(told[0]) if told else 0
    below = {row[place] for row in body if place < len(row)}
    return (
        rising
        and bool(others)
        and not any(map(looks_like_number, others))
        and not (below & set(told))
    )


def lines_of_names(rows: list[Row]) -> list[Row]:
    """The first row, a header, and those below it that may be part of it, or units."""
    lines = 1
    for row in rows[1:-1][: MOST_LINES - 1]:
        if len(row.cells) != len(rows[0].cells) or not names_units(rows[lines:]):
            break
        lines += 1
    return rows[:lines]


def one_head(lines: list[Row]) -> tuple[Row, list[Skip]]:
    """One name per column from the lines of a header, and what each line is.

    A first line that ends in empty cells is about the file if a later one names every column. If
    names are repeated or left out, as of one place over several quantities, the lines are joined
    where that tells more columns apart. Otherwise units follow the first line.
    """
    first, *others = (line.cells for line in lines)
    named = [k for k, line in enumerate(lines) if len(set(line.cells) - {""}) == len(first)]
    left = list(filter(None, first))
    if named and named[0] > 0 and first[: len(left)] == left == list(dict.fromkeys(left)):
        place = named[0]
        why = [Skip.ABOVE] * place + [Skip.HEADER] + [Skip.UNITS] * (len(others) - place)
        return lines[place], why
    if others and 0 not in named:
        spanning = [
            name if name or others[0].count(below) < 2 else last_filled(first[:k])
            for k, (name, below) in enumerate(zip(first, others[0], strict=True))
        ]
        parts = zip(spanning, *others, strict=True)
        names = [" ".join(filter(None, cells)) for cells in parts]
        if len(set(names) - {""}) > len(set(left)):
            return Row(lines[0].number, names), [Skip.HEADER] * len(lines)
    return lines[0], [Skip.HEADER] + [Skip.UNITS] * len(others)


def last_filled(cells: Cells) -> str:
    return next(filter(None, reversed(cells)), "")


def names_units(rows: list[Row]) -> bool:
    """Whether a row below the header has words above all numbers, and some above digits: units."""
    first, body = rows[0].cells, [row.cells for row in rows[1:]]
    found = list(votes(first, body))
    return (
        bool(found) and min(found) > 0 and any(map(above_digits, first, zip(*body, strict=False)))
    )


def above_digits(name: str, cells: Sequence[str]) -> bool:
    return (
        not is_missing(name) and not has_digit(name) and 2 * sum(map(has_digit, cells)) > len(cells)
    )
