"""Cells as numbers, words and dates: what a column holds, and which cells are missing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import isfinite

import numpy as np

from core.data.datasets import frozen
from core.data.tables import LARGEST, MOST_WORDS, Column, Kind

NO_WORD = frozenset(
    (
        "", "na", "n/a", "n.a.", "n/d", "#n/a", "<na>", "nan", "nat", "null", "nil",
        "?", "-", "--", "---", ".", "..", "...", "…", "—",
    )
)  # fmt: skip
"""Cells, in lower case, that count as missing in any column."""
NO_NUMBER = NO_WORD | frozenset(
    (
        "none", "missing", "unknown", "no data", "#div/0!", "#value!", "#ref!", "#num!", "#name?",
        "*", "不明", "欠測", "欠損", "欠損値", "なし", "無し",
    )
)  # fmt: skip
"""Cells that count as missing in a column of numbers."""
ANSWERS = ({"true", "false"}, {"yes", "no"}, {"on", "off"})
"""Words, in lower case, that are the same in capitals."""
BELOW_LIMIT = frozenset(
    (
        "n.d.", "n.d", "nd", "bdl", "b.d.l.", "lod", "<lod", "< lod", "loq", "<loq", "< loq", "tr",
        "tr.", "trace", "not detected", "not measured", "未検出", "検出せず", "検出限界以下",
        "測定不能", "未測定",
    )
)  # fmt: skip
"""What laboratories write instead of a number."""
QUALIFIED = re.compile(r"(?:[<>≤≥~≈]=?|約) ?(?P<after>.+)|(?P<before>.+?) ?(?:[*†‡#]+|\[\w\])")
"""A number that is only a bound, or has a footnote."""

WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
"""The full-width forms of ASCII that Japanese keyboards type."""
LIKE_ASCII = str.maketrans("−–‐‑﹣’￥", "-----'¥") | WIDE
INFINITE = frozenset(f"{sign}{word}" for sign in ("", "+", "-") for word in ("inf", "infinity"))
MONEY = r"US\$|[$€£¥₩₹]|USD|EUR|GBP|JPY|CHF"


def form(point: str, comma: str) -> re.Pattern[str]:
    """The form of a number: with thousands grouped or not, as money, per cent, or a debt (5)."""
    groups = rf"[1-9][0-9]{{0,2}}(?:{comma}[0-9]{{3}})+|[1-9][0-9]{{0,2}}(?:[ '][0-9]{{3}})+"
    digits = rf"(?:{groups}|[0-9]+)(?:{point}[0-9]*)?|{point}[0-9]+"
    return re.compile(
        rf"(?P<open>\()?(?P<sign>[+-]?) ?(?:{MONEY})? ?(?P<second>[+-]?)"
        rf"(?P<digits>(?:{digits})(?:[eE][+-]?[0-9]{{1,4}})?)"
        rf" ?(?:%|‰|{MONEY}|円|元)?(?P<close>\))?"
    )


FORMS = {".": form(r"\.", ","), ",": form(",", r"\.")}
"""By decimal separator."""
LONGEST_NUMBER = 60
UNIT = re.compile(r"(?P<number>.*[0-9.,]) ?(?P<unit>[^0-9.,\s][^0-9.,]{0,7})")
DATED = re.compile(
    r"[0-9]{1,4}[-/.年] ?[0-9]{1,2}[-/.月] ?[0-9]{1,4}|[0-9]{4}[-/年][0-9]{1,2}月?$"
    r"|[0-9]{1,2}:[0-9]{2}|[0-9]{8}T[0-9]{4}"
    r"|(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[ .,/-]+[0-9]",
    re.IGNORECASE,
)
"""What pandas is asked about: it would also take `3-4` and `5.1` for dates."""
EARLIEST, LATEST = 1000, 2999
TRIED_CELLS = 50


def plain(cell: str) -> str:
    """A cell in ASCII, as far as numbers and marks go."""
    return cell if cell.isascii() else cell.translate(LIKE_ASCII)


def is_missing(cell: str) -> bool:
    return plain(cell).lower() in NO_WORD


def is_missing_number(cell: str) -> bool:
    """Whether a cell counts as missing in a column of numbers."""
    return plain(cell).lower() in NO_NUMBER


def number(cell: str, decimal: str) -> float | None:
    """The number in a cell, infinity for one too large to compute with, else None."""
    text = plain(cell)
    if text.lower() in INFINITE:
        return float("inf")
    found = FORMS[decimal].fullmatch(text) if len(text) <= LONGEST_NUMBER else None
    if found is None or (found["open"] is None) != (found["close"] is None):
        return None
    digits = found["digits"].replace(" ", "").replace("'", "")
    digits = digits.replace("." if decimal == "," else ",", "").replace(",", ".")
    negative = "-" in found["sign"] + found["second"] or found["open"]
    value = float(digits)
    if not isfinite(value) or value > LARGEST:
        return float("inf")
    return -value if negative else value


def looks_like_number(cell: str) -> bool:
    """Whether a cell is a number, with either decimal separator."""
    return any(number(cell, decimal) is not None for decimal in FORMS)


def is_qualified(cell: str) -> bool:
    """Whether a cell among numbers says something about a number instead: `<0.5`, `100*`, `n.d.`"""
    text = plain(cell)
    found = QUALIFIED.fullmatch(text) if len(text) <= LONGEST_NUMBER else None
    of_number = found is not None and looks_like_number(found["after"] or found["before"])
    return of_number or text.lower() in BELOW_LIMIT


def qualified_cells(column: Column) -> list[str]:
    """The different cells that say something, and yet are missing from a column of numbers."""
    if column.kind is not Kind.NUMBERS:
        return []
    missing = zip(column.cells, column.missing.tolist(), strict=True)
    cells = dict.fromkeys(cell for cell, gone in missing if gone)
    return [cell for cell in cells if is_qualified(cell)]


def decimal_sign(columns: Sequence[Sequence[str]], separator: str) -> str:
    """The decimal separator: the one that most numbers require.

    separator: its key. Where `1,234` could be either, the column around it may tell; if not, a file
    with semicolons comes from where commas are decimal; any other groups thousands so, if smaller
    numbers are in it, too.
    """
    points = commas = 0
    undecided: dict[str, list[Sequence[str]]] = {".": [], ",": []}
    for cells in columns:
        for cell in cells:
            if ("," not in cell and "." not in cell) or len(cell) > LONGEST_NUMBER:
                continue
            point, comma = (FORMS[sign].fullmatch(plain(cell)) for sign in ".,")
            points += point is not None and comma is None
            commas += comma is not None and point is None
            if point is not None and comma is not None:
                found = undecided["," if "," in cell else "."]
                if not found or found[-1] is not cells:
                    found.append(cells)
    if points or commas:
        return "," if commas > points else "."
    grouping = [sign for sign in ",." if any(groups(sign, cells) for cells in undecided[sign])]
    if len(grouping) == 1:
        return "." if grouping == [","] else ","
    if undecided["."] or not undecided[","]:
        return "."
    small = any(cell.isdecimal() and len(cell) <= 3 for cell in undecided[","][0])
    return "." if separator == "comma" or (separator != "semicolon" and small) else ","


def groups(sign: str, cells: Sequence[str]) -> bool:
    """Whether a sign groups thousands in a column, all of whose other numbers are whole.

    Nobody who writes `950` writes 1.1 as `1.100`; nor are 950 and 870 likely between 1.049 and 1.1.
    """
    found = [FORMS["."].fullmatch(plain(cell)) for cell in dict.fromkeys(cells)]
    digits = {match["digits"] for match in found if match}
    whole = [int(one) for one in digits if one.isdecimal()]
    grouped = [one for one in digits if not one.isdecimal()]
    if not all(re.fullmatch(rf"[1-9][0-9]{{0,2}}\{sign}[0-9]{{3}}", one) for one in grouped):
        return False
    if not grouped or not whole or max(whole) < 10 or max(whole) > 999:
        return False
    largest = max(float(one.replace(sign, ".")) for one in grouped)
    return min(whole) > largest or any(one.endswith("0") for one in grouped)


def column_of(name: str, cells: tuple[str, ...], decimal: str) -> Column:
    """The type and values of a column.

    Words that recur among few numbers are labels as these are: `2`, `3`, `5more`.
    """
    same = {cell: cell for cell in cells}  # equal cells share one string
    if {cell.lower() for cell in same if not is_missing(cell)} in ANSWERS:
        first: dict[str, str] = {}
        same = {cell: first.setdefault(cell.lower(), cell) for cell in same}
    cells = tuple(same[cell] for cell in cells)
    values = {cell: number(cell, decimal) for cell in same.values()}
    no_number = {cell for cell in values if is_missing_number(cell)}
    no_word = {cell for cell in no_number if is_missing(cell)} - (
        {"-"} if "+" in values else set()  # beside "+" it is a label
    )
    given = [cell for cell in cells if cell not in no_number]
    kind, missing = Kind.WORDS, no_word
    qualified = {cell for cell in values if values[cell] is None and is_qualified(cell)}
    others = [cell for cell in given if values[cell] is None and cell not in qualified]
    labels = len(set(given)) <= MOST_WORDS and len(others) > len(set(others))
    if 2 * sum(values[cell] is not None for cell in given) > len(given) and not labels:
        kind, missing = Kind.NUMBERS, no_number | qualified
    elif measured := without_unit(set(given), decimal):
        kind, missing, values = Kind.NUMBERS, no_number, values | measured
    elif given and are_dates(sorted(set(given))):
        kind = Kind.DATES
    if kind is Kind.NUMBERS and count_days([values[cell] for cell in set(given)]):
        kind = Kind.DATES
    said = {cell: np.nan if v is None or cell in missing else v for cell, v in values.items()}
    return Column(
        name,
        kind,
        cells,
        frozen(np.array([said[cell] for cell in cells], float)),
        frozen(np.array([cell in missing for cell in cells], bool)),
    )


def without_unit(cells: set[str], decimal: str) -> dict[str, float | None]:
    """The numbers before the unit that all cells end in; empty if they do not."""
    found = {cell: UNIT.fullmatch(plain(cell)) for cell in cells}
    units = {match["unit"].strip() if match else "" for match in found.values()}
    if len(units) != 1 or units == {""}:
        return {}
    measured = {
        cell: number(match["number"].strip(), decimal) for cell, match in found.items() if match
    }
    return {} if None in measured.values() else measured


def are_dates(cells: Sequence[str]) -> bool:
    """Whether these are dates or times, judged by some of them."""
    tried = cells[:: -(-len(cells) // TRIED_CELLS)]
    if not all(len(cell) <= 40 and DATED.search(cell) for cell in tried):
        return False
    import pandas as pd  # 40 MB that most processes never need

    western = [re.sub("[年月]", "-", cell).replace("日", "").rstrip("-") for cell in tried]
    try:
        dates = pd.to_datetime(western, errors="coerce", format="mixed", utc=True)
    except (ValueError, OverflowError, TypeError):
        return False
    known = dates[~dates.isna()]
    sound = (known.year >= EARLIEST) & (known.year <= LATEST)
    return bool(10 * sound.sum() >= 9 * len(tried))


def count_days(values: Sequence[float | None]) -> bool:
    """Whether every number is a date in eight digits, as in 20261130."""
    if len(values) < 2:
        return False
    for value in values:
        if value is None or not isfinite(value) or value != int(value):
            return False
        year, month, day = int(value) // 10000, int(value) // 100 % 100, int(value) % 100
        if not (1800 <= year <= 2200 and 1 <= month <= 12 and 1 <= day <= 31):
            return False
    return True
