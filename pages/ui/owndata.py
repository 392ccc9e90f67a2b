"""What a visitor brought, held in the session and nowhere else, and what is learnt from it.

A link holds the file's fingerprint, how it is read and the columns, never the data: anyone who
opens it without the file is asked for it. Errors are reported where the file is brought, and the
page keeps what it had.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast
from weakref import WeakKeyDictionary

import streamlit as st

from core.data.tables import (
    MOST_INPUTS,
    MOST_WORDS,
    Columns,
    Flaw,
    Sheet,
    Table,
    TableError,
    classes_of,
    inputs_of,
    suggested,
    suggested_goal,
    tabulate,
)
from pages.files.reading import HEADERS, Opened, Reading, opened, sheet_of
from pages.ui.recordings import recordings
from pages.ui.session import keep, linked
from pages.ui.settings import Pair

MOST_FILES = 3
"""Files held by a session at once, so that undo finds the previous one."""
KEYS = (*Columns.keys(), *Reading.keys(), *Pair.keys())
"""Every link key that concerns a visitor's own data."""


@dataclass(frozen=True, eq=False)
class Brought:
    """What a visitor brought.

    name: of the file, "" for pasted text. content: its bytes or text. reading: the visitor's
    choices for reading it. file: its text, sheet: its columns, None where that failed.
    """

    name: str
    content: bytes | str
    reading: Reading
    file: Opened | None = None
    sheet: Sheet | None = None


@dataclass(frozen=True, eq=False)
class Held(Brought):
    """A file that was understood."""

    file: Opened
    sheet: Sheet


@dataclass(frozen=True, eq=False)
class Shelf:
    """What a session holds of its visitor's data.

    files: the last ones used, newest last. tables: the data learnt from the newest one, by the
    choice of columns. tried: a file and columns that nothing can be learnt from yet. unread: what
    could not be read. error: what is wrong with what was brought or chosen last. dropped: how often
    the widgets were reset; each reset creates new ones.
    """

    files: tuple[Held, ...] = ()
    tables: tuple[Table, ...] = ()
    tried: tuple[Held, Columns] | None = None
    unread: Brought | None = None
    error: TableError | None = None
    dropped: int = 0


def shelf() -> Shelf:
    return st.session_state.get("own", Shelf())


def put(new: Shelf) -> None:
    st.session_state["own"] = new


def find(file: str) -> Held | None:
    """The file with this fingerprint, if this session holds it."""
    return next((held for held in shelf().files if held.sheet.file == file), None)


# The data to learn from


def table_of(held: Held, columns: Columns) -> Table:
    """The data in these columns; kept, with what is derived from it. Raises TableError."""
    for table in shelf().tables:
        if table.columns == columns and table.digest == held.sheet.digest:
            return table
    table = tabulate(held.sheet, columns)
    others = tuple(other for other in shelf().tables if other.digest == held.sheet.digest)
    put(replace(shelf(), tables=(*others[-3:], table)))
    return table


def own_table() -> Table | None:
    """The visitor's own data; None if none are chosen or they are missing."""
    columns = linked(Columns)
    held = find(columns.file) if columns.file else None
    if held is None:
        return None
    try:
        return table_of(held, columns)
    except TableError as error:
        if shelf().tried is None:
            put(replace(shelf(), tried=(held, columns), error=error))
        return None


def file_is_missing() -> bool:
    """Whether the settings name a file that is missing, or columns that it cannot offer."""
    return linked(Columns).file != "" and own_table() is None


def file_is_absent() -> bool:
    """Whether the settings name a file that is missing."""
    file = linked(Columns).file
    return file != "" and find(file) is None


def paired(sheet: Sheet, columns: Columns, pair: Pair) -> Columns:
    """Two columns and two classes, as pages of the plane need them.

    The visitor's choice, else the first two inputs that are one number each, those with many
    different values first; of more than two classes, one is told apart from all others.
    """
    offered = offered_pairs(sheet, columns)
    varied = [k for k in offered if len(sheet.column(k).words) > MOST_WORDS]
    likely = [k for k in varied if k in columns.inputs]
    wanted = [*pair.pair, *likely, *columns.inputs, *varied, *offered]
    inputs = [k for k in dict.fromkeys(wanted) if k in offered][:2]
    return replace(columns, inputs=tuple(sorted(inputs)), goal="classes", single=pair.against)


def offered_pairs(sheet: Sheet, columns: Columns) -> list[int]:
    """The indices of the columns that a plane can be made of: one number each."""
    others = [place for place in sheet.places if place != columns.answer]
    return [place for place in others if inputs_of(sheet.column(place)) == 1]


def pair_table() -> Table | None:
    """As `own_table`, with two columns and two classes; None if the file lacks them."""
    columns = linked(Columns)
    held = find(columns.file) if columns.file else None
    if held is None:
        return None
    try:
        return table_of(held, paired(held.sheet, columns, linked(Pair)))
    except TableError:
        return None


T = TypeVar("T")
MOST_MADE = 300
_made: WeakKeyDictionary[Table, dict[Hashable, Any]] = WeakKeyDictionary()


def per_table(table: Table, key: Hashable, make: Callable[[], T]) -> T:
    """What `make` derives from a visitor's own data: kept no longer than the data are, whereas what
    is derived from other data is kept for all. It must not hold the table itself.
    """
    kept = _made.setdefault(table, {})
    if key not in kept:
        if len(kept) >= MOST_MADE:
            kept.clear()
        kept[key] = make()
    return cast(T, kept[key])


def classes(sheet: Sheet, columns: Columns) -> tuple[str, ...]:
    """The classes of the answer."""
    if columns.answer not in sheet.places:
        return ()
    answer = sheet.column(columns.answer)
    return classes_of(answer, ~answer.missing)[0]


# What a visitor does


def understood(name: str, content: bytes | str, reading: Reading) -> Held:
    """Raises TableError."""
    file = opened(content, reading)
    return Held(name, content, reading, file, sheet_of(file, reading.header))


def not_understood(name: str, content: bytes | str, reading: Reading) -> Brought:
    """What could not be read, as far as it got."""
    try:
        return Brought(name, content, reading, opened(content, reading))
    except TableError:
        return Brought(name, content, reading)


def take(content: bytes | str, name: str) -> None:
    """Read what was brought, and learn from it if possible."""
    wanted = linked(Columns)
    missing = wanted.file != "" and find(wanted.file) is None
    reading = linked(Reading) if missing else Reading()
    try:
        held = understood(name, content, reading)
    except TableError as error:
        refuse(not_understood(name, content, reading), error)
        return
    if missing and held.sheet.file != wanted.file:
        held = next(read_otherwise(name, content, wanted.file), held)
    if wanted.file == held.sheet.file and wanted.inputs:
        use(held, wanted)
    elif missing:
        put(replace(shelf(), tried=(held, suggested(held.sheet)), unread=None, error=None))
    else:
        use(held, suggested(held.sheet))


def refuse(brought: Brought, error: TableError) -> None:
    """Report what is wrong; anything too large is not even kept."""
    now = shelf()
    if error.flaw is Flaw.TOO_LARGE:
        put(replace(now, tried=None, unread=None, error=error, dropped=now.dropped + 1))
    else:
        put(replace(now, tried=None, unread=brought, error=error))


def read_otherwise(name: str, content: bytes | str, file: str) -> Iterator[Held]:
    """The file with this fingerprint, if another way of reading yields it: the link may have been
    made when the same bytes were interpreted differently."""
    encodings = ("auto",) if isinstance(content, str) else ("auto", "shift_jis")
    for encoding in encodings:
        for header in HEADERS:
            try:
                held = understood(name, content, Reading(header=header, encoding=encoding))
            except TableError:
                continue
            if held.sheet.file == file:
                yield held


def use(held: Held, columns: Columns) -> None:
    """Learn from these columns; if that is impossible, say why and leave everything as it is."""
    now = shelf()
    try:
        table = tabulate(held.sheet, columns)
    except TableError as error:
        put(replace(now, tried=(held, columns), unread=None, error=error))
        return
    others = tuple(other for other in now.files if other.sheet.file != held.sheet.file)
    put(Shelf((*others, held)[-MOST_FILES:], (table,), dropped=now.dropped))
    keep(columns.to_query() | held.reading.to_query(), (*Columns.keys(), *Reading.keys()))


def change(name: str, value: Any) -> None:
    """Change a column, the kind of target, or how gaps are treated."""
    if (chosen := current()) is None:
        return
    held, columns = chosen
    sheet = held.sheet
    if name == "answer":
        before = {k for k in sheet.places if k == columns.answer and inputs_of(sheet.column(k))}
        inputs = tuple(sorted((before | set(columns.inputs)) - {value}))[:MOST_INPUTS]
        columns = replace(columns, inputs=inputs, goal=suggested_goal(sheet, value))
    use(held, replace(columns, **{name: value}))


def change_reading(name: str, value: Any) -> None:
    """Read what was brought last in another way."""
    subject = being_read()
    if subject is None:
        return
    reading = replace(subject.reading, **{name: value})
    try:
        held = understood(subject.name, subject.content, reading)
    except TableError as error:
        refuse(not_understood(subject.name, subject.content, reading), error)
        return
    columns, chosen = suggested(held.sheet), current()
    if chosen is not None and chosen[0] is subject and same_columns(chosen[0].sheet, held.sheet):
        columns = replace(chosen[1], file=held.sheet.file)
    use(held, columns)


def same_columns(one: Sheet, other: Sheet) -> bool:
    kinds = [[column.kind for column in sheet.columns] for sheet in (one, other)]
    return kinds[0] == kinds[1]


def change_pair(name: str, value: Any) -> None:
    keep(replace(linked(Pair), **{name: value}).to_query(), Pair.keys())


def drop() -> None:
    """Go back to the data sets of the dashboard; everything brought is forgotten."""
    for held in shelf().files:
        recordings().forget(held.sheet.digest)
    put(Shelf(dropped=shelf().dropped + 1))
    keep({}, KEYS)


def current() -> tuple[Held, Columns] | None:
    """The file and the columns that are offered for choosing."""
    if (tried := shelf().tried) is not None:
        return tried
    columns = linked(Columns)
    held = find(columns.file)
    return None if held is None else (held, columns)


def being_read() -> Brought | None:
    """What the choices of reading apply to: what could not be read, else what is shown."""
    if (unread := shelf().unread) is not None:
        return unread
    return None if (chosen := current()) is None else chosen[0]
