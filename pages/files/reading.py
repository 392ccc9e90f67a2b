"""A file or pasted text as a `Sheet`; what a visitor may correct about it is a `Reading`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.data.tables import FEWEST_ROWS, MOST_BYTES, Flaw, Sheet, TableError
from core.domain import Spec, choice
from pages.files.cells import column_of, decimal_sign
from pages.files.decoding import ENCODINGS, decoded
from pages.files.rows import SEPARATORS, body_of, separator_of

AUTO = "auto"
HEADERS = dict.fromkeys((AUTO, "yes", "no"))
FILLED = re.compile(r"""[^\s,;|"]""")
CONTROLS = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
MARKUP = {
    "HTML": re.compile(r"<(!doctype html|html|head|body|table|tr|div)\b.*>", re.I | re.S),
    "XML": re.compile(r"<([?!].*>|([a-z_][\w.:-]*)[\s>].*</\2>)", re.I | re.S),
    "JSON": re.compile(r'\{\s*("[^"\n]*"\s*:|\}).*\}|\[\s*[{"].*[\]}]', re.S),
}
"""What is text, and no table: from its beginning to its end."""
BRACKETS = re.compile(r"(array\()?\[\s*(\[|[-+\d.][^\[\n]*\],?$)", re.M)
"""How an array begins that a program has printed."""
WRAPPED = re.compile(r'"((?:[^"\r]|"")*[,;\t|](?:[^"\r]|"")*)"[,;]*(\r?)')
"""A line that is one cell in quotation marks, with separators inside."""
END_OF_FILE = "\x1a"
"""The end-of-file mark that some old programs write."""


@dataclass(frozen=True)
class Reading(Spec):
    """How a file is read: each of these as detected, or as the visitor says."""

    header: str = choice(AUTO, HEADERS)
    separator: str = choice(AUTO, dict.fromkeys((AUTO, *SEPARATORS)))
    encoding: str = choice(AUTO, dict.fromkeys((AUTO, *ENCODINGS)))


@dataclass(frozen=True, eq=False)
class Opened:
    """A file as text.

    encoding: its key, "" for pasted text. separator: its key.
    """

    text: str
    encoding: str
    separator: str


def open_text(content: bytes | str, encoding: str = AUTO) -> tuple[str, str]:
    """The text of a file, and the key of its encoding ("" for text). Raises TableError."""
    text, key = (content, "") if isinstance(content, str) else decoded(content, encoding)
    if len(text) > MOST_BYTES:
        raise TableError(Flaw.TOO_LARGE, limit=MOST_BYTES // 2**20)
    text = text.removeprefix("\ufeff").rstrip(END_OF_FILE)
    if CONTROLS.search(text):
        raise TableError(Flaw.BINARY)
    if not FILLED.search(text):
        raise TableError(Flaw.EMPTY)
    if (markup := next((m for m in MARKUP if MARKUP[m].fullmatch(text.strip())), None)) is not None:
        raise TableError(Flaw.MARKUP, value=markup)
    if BRACKETS.match(text.lstrip()):
        raise TableError(Flaw.BRACKETS)
    return text, key


def unwrapped(text: str) -> str:
    """The text without the quotation marks around each whole line, where there are such."""
    lines = text.split("\n")
    wrapped = [WRAPPED.fullmatch(line) for line in lines]
    bare = [k for k, found in enumerate(wrapped) if found is None and lines[k].strip()]
    if bare not in ([], [0]) or not any(wrapped):
        return text
    return "\n".join(
        found[1].replace('""', '"') + found[2] if found else line
        for found, line in zip(wrapped, lines, strict=True)
    )


def opened(content: bytes | str, reading: Reading | None = None) -> Opened:
    """What can be said before the rows are read. Raises TableError."""
    reading = reading or Reading()
    text, encoding = open_text(content, reading.encoding)
    text = unwrapped(text)
    separator = separator_of(text) if reading.separator == AUTO else reading.separator
    return Opened(text, encoding, separator)


def sheet_of(file: Opened, header: str = AUTO) -> Sheet:
    """The columns of a text. Raises TableError."""
    body = body_of(file.text, file.separator, header)
    if len(body.rows) < FEWEST_ROWS:
        raise TableError(Flaw.TOO_FEW_ROWS, value=len(body.rows), limit=FEWEST_ROWS)
    head = body.head or [""] * body.width
    columns = list(zip(*(row.cells for row in body.rows), strict=True))
    kept = [k for k, cells in enumerate(columns) if head[k] or any(cells)]
    names = different([head[k] or f"#{k + 1}" for k in kept])
    decimal = decimal_sign([columns[k] for k in kept], file.separator)
    return Sheet(
        tuple(column_of(name, columns[k], decimal) for name, k in zip(names, kept, strict=True)),
        tuple(row.number for row in body.rows),
        decimal,
        body.head is not None,
        tuple(body.skipped),
    )


def different(names: Sequence[str]) -> list[str]:
    """The names, with a number appended to each repeated one."""
    found: list[str] = []
    taken = set(names)
    for name in names:
        new, count = name, 1
        while new in found or (count > 1 and new in taken):
            count += 1
            new = f"{name} ({count})"
        found.append(new)
    return found


def read(content: bytes | str, reading: Reading | None = None) -> Sheet:
    """A file's bytes, or text that was pasted, as a sheet. Raises TableError."""
    return sheet_of(opened(content, reading), (reading or Reading()).header)
