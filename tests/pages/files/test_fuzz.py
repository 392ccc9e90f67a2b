"""Ten thousand spoiled files: each is a table or a named flaw, and no row is lost in silence."""

from __future__ import annotations

import random
import re
from collections import Counter

import numpy as np
import pytest

from core.data.tables import TableError, gaps, suggested, tabulate
from pages.files.decoding import ENCODINGS, as_read_in
from pages.files.reading import Reading, opened, sheet_of
from tests.pages.files.lookalikes import COLLECTIONS
from tests.pages.files.test_reading import FORMS

SOUND = [case.content for case in COLLECTIONS.values()] + [content for content, _ in FORMS.values()]
PIECES = [
    *'",;\t|\n\r #%-.?()=+$€−０',
    *("\r\n", "\n\n", '""', ",,", ";;", "\0", "\x1a", "\ufeff", "\u2028", "sep=;\n", "NA", "nan"),
    *("inf", "1e999", "-1", "1,5", "1.234,5", "12%", "2026-11-30", "猫", "Total", "=1+1", "# x"),
    *("---", "a"),
]  # fmt: skip
CODECS = ("utf-8", "utf-8-sig", "utf-16", "cp932", "latin-1", "euc_jp", "gb18030")
READINGS = [Reading()] * 40 + [
    Reading(header=header, separator=separator)
    for header in ("yes", "no")
    for separator in ("auto", "comma", "blank", "fixed", "semicolon", "tab", "pipe")
]
READINGS += [Reading(encoding=encoding) for encoding in ENCODINGS]


def spoiled(draw: random.Random) -> bytes | str:
    """A file of the kind that people have, after some accidents."""
    content = draw.choice(SOUND)
    text = (
        content
        if isinstance(content, str)
        else content.decode("utf-16" if content[:1] in b"\xff\xfe" else "utf-8")
    )
    for _ in range(draw.randint(0, 4)):
        text = draw.choice(ACCIDENTS)(draw, text)
    if draw.random() < 0.3:
        return text
    raw = text.encode(draw.choice(CODECS), errors="replace")
    if draw.random() < 0.2:
        place = draw.randrange(len(raw) + 1)
        raw = raw[:place] + draw.randbytes(draw.randint(1, 3)) + raw[place:]
    return raw


def inserted(draw, text):
    place = draw.randrange(len(text) + 1)
    return text[:place] + draw.choice(PIECES) + text[place:]


def deleted(draw, text):
    place = draw.randrange(len(text) + 1)
    return text[:place] + text[place + draw.randint(1, 12) :]


def cut_short(draw, text):
    return text[: draw.randrange(len(text) + 1)]


def line_gone_or_twice(draw, text):
    lines = text.splitlines(keepends=True)
    if not lines:
        return text
    place = draw.randrange(len(lines))
    lines[place : place + 1] = draw.choice([[], [lines[place]] * 2, [lines[-1 - place]]])
    return "".join(lines)


def shortened(draw, text):
    """Some lines only: of very few rows there is no test part, or nothing to learn from."""
    return "".join(text.splitlines(keepends=True)[: draw.randint(1, 9)])


def every(draw, text):
    """One sign becomes another everywhere."""
    return text.replace(draw.choice(",;.\t| -1a"), draw.choice(PIECES))


ACCIDENTS = [inserted, inserted, inserted, deleted, cut_short, line_gone_or_twice, shortened, every]


def understood(content: bytes | str, reading: Reading) -> str:
    """What came of it: "table", or the flaw; fails where a row was lost without a word."""
    if isinstance(content, bytes):
        assert all(len(words) <= 60 for words in as_read_in(content, 60).values())
    try:
        file = opened(content, reading)
        sheet = sheet_of(file, reading.header)
    except TableError as error:
        return error.flaw.value
    named = [skipped.row for skipped in sheet.skipped]
    assert sorted([*sheet.rows, *named]) == list(range(1, len(sheet.rows) + len(named) + 1))
    if '"' not in file.text:
        lines = re.split(r"\r\n|\r|\n", file.text)
        in_file = len(lines) - (lines[-1] == "")
        assert len(sheet.rows) + len(named) == in_file
    columns = suggested(sheet)
    found = gaps(sheet, columns)
    try:
        table = tabulate(sheet, columns)
    except TableError as error:
        return error.flaw.value
    left = found.answer + (found.inputs if columns.missing == "leave" else 0)
    assert len(table.x) + left == len(sheet.rows)
    data = table.data(5000, 0.0, 0)
    assert np.isfinite(data.train_x).all()
    assert np.isfinite(data.train_y).all()
    assert len(data.train_x) + len(data.test_x) == len(table.x)
    return "table"


def outcomes(count: int, seed: int) -> Counter[str]:
    draw = random.Random(seed)
    return Counter(understood(spoiled(draw), draw.choice(READINGS)) for _ in range(count))


def test_spoiled_files_are_tables_or_named_flaws_and_lose_no_row():
    found = outcomes(400, seed=1)
    assert found["table"] > 80  # of 28 %, within three standard deviations


@pytest.mark.slow
def test_ten_thousand_spoiled_files(capsys):
    found = outcomes(10_000, seed=2)
    with capsys.disabled():
        print(f"\n10,000 spoiled files: {dict(found.most_common())}")
    assert found["table"] > 2500
