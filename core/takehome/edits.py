"""Edits of source text at nodes of its syntax tree; the rest stays as written."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

Node = ast.expr | ast.stmt | ast.arg | ast.keyword


@lru_cache(maxsize=512)
def syntax(text: str) -> ast.Module:
    """The syntax tree of a text. Shared, so nobody may change it."""
    return ast.parse(text)


class Edit(NamedTuple):
    """What replaces the bytes from `start` to `end` of a text in UTF-8."""

    start: int
    end: int
    text: str


def edited(text: str, edits: Iterable[Edit]) -> str:
    """The text with all these edits, none of which overlap."""
    raw = text.encode()
    for edit in sorted(edits, reverse=True):
        raw = raw[: edit.start] + edit.text.encode() + raw[edit.end :]
    return raw.decode()


def offset(text: str, line: int, column: int) -> int:
    """The byte offset of a line (from 1) and a column (in bytes, from 0)."""
    return sum(len(one) for one in text.encode().splitlines(keepends=True)[: line - 1]) + column


def end_line(node: Node) -> int:
    """The number of a node's last line."""
    assert node.end_lineno is not None
    return node.end_lineno


def span(text: str, node: Node) -> tuple[int, int]:
    """The byte range of a node: start and end."""
    assert node.end_col_offset is not None
    start = offset(text, node.lineno, node.col_offset)
    return start, offset(text, end_line(node), node.end_col_offset)


def segment(text: str, node: Node) -> str:
    """The text of a node."""
    start, end = span(text, node)
    return text.encode()[start:end].decode()
