"""A file of rows: one line a cell, appended as they come, so that a sweep can be resumed.

A line is JSON: the format's number, the cell's canonical text, its row, and a checksum of these. A
line that is torn or damaged counts for nothing, and its cell is computed again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from zlib import crc32

from core.runs.training import RunSpec
from core.sweep.grid import run_of, text_of
from core.sweep.rows import Row

FORMAT = 1


def line_of(cell: RunSpec, row: Row) -> bytes:
    """A line of the file, with its line feed."""
    body = [FORMAT, text_of(cell), row.to_json()]
    return written([*body, checksum(body)]) + b"\n"


def written(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()


def checksum(body: object) -> str:
    return f"{crc32(written(body)):08x}"


def read_line(line: bytes) -> tuple[RunSpec, Row]:
    """What `line_of` wrote. Raises ValueError for anything else."""
    try:
        *body, check = json.loads(line)
        if check != checksum(body) or body[0] != FORMAT:
            raise ValueError(check)
        return run_of(body[1]), Row.from_json(body[2])
    except (AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise ValueError(f"no row: {line[:40]!r}") from error


class Results:
    """The rows of a file, and of what is added to it.

    damaged: lines that could not be read. Raises OSError if the file cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.damaged = path, 0
        self.rows: dict[RunSpec, Row] = {}
        content = path.read_bytes() if path.exists() else b""
        for line in content.split(b"\n"):
            if not line:
                continue
            try:
                cell, row = read_line(line)
            except ValueError:
                self.damaged += 1
            else:
                self.rows.setdefault(cell, row)
        self._torn = bool(content) and not content.endswith(b"\n")

    def add(self, found: Iterable[tuple[RunSpec, Row]]) -> Iterator[tuple[RunSpec, Row]]:
        """Append these rows, each at once, and pass them on; a cell that is there is left out."""
        with self.path.open("ab", buffering=0) as file:
            if self._torn:
                file.write(b"\n")
                self._torn = False
            for cell, row in found:
                if cell not in self.rows:
                    file.write(line_of(cell, row))
                    self.rows[cell] = row
                    yield cell, row
