"""Live lessons in one SQLite file, for all processes of one machine."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Lock

from pages.live.lesson import Lesson, Tally, tallied
from pages.live.store import (
    LIFETIME,
    MOST_LESSONS,
    MOST_VOTERS,
    PRESENT,
    Full,
    NoLesson,
    NotOpen,
    NotTheTeacher,
    checked_token,
    same,
)

TABLES = """
create table if not exists lessons (
    code text primary key, digest text not null, content text not null,
    revision integer not null, touched real not null
) without rowid;
create table if not exists votes (
    code text not null references lessons on delete cascade,
    number integer not null, round integer not null, voter text not null, choice integer not null,
    primary key (code, number, round, voter)
) without rowid;
create table if not exists present (
    code text not null references lessons on delete cascade,
    voter text not null, seen real not null,
    primary key (code, voter)
) without rowid;
"""
PATIENCE = 10.0
"""Seconds that a change waits for another process to finish its own."""


class SqliteStore:
    """A store in the file `path`, which is created if missing, readable only by its owner.

    One connection writes and one reads, each shared by all threads of the process, one at a time:
    a change takes a fraction of a millisecond. With write-ahead logging neither waits for the
    other, nor for the reads of another process.
    """

    failures: tuple[type[Exception], ...] = (sqlite3.Error, OSError)

    def __init__(self, path: Path | str) -> None:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        self._lock, self._reading = Lock(), Lock()
        self._connection, self._reader = self._connected(path), self._connected(path)

    @staticmethod
    def _connected(path: Path | str) -> sqlite3.Connection:
        connection = sqlite3.connect(
            path, timeout=PATIENCE, isolation_level=None, check_same_thread=False
        )
        for pragma in ("journal_mode = wal", "synchronous = normal", "foreign_keys = on"):
            connection.execute(f"pragma {pragma}")
        connection.execute("pragma secure_delete = on")  # what is deleted is overwritten
        connection.executescript(TABLES)
        return connection

    def close(self) -> None:
        with self._lock, self._reading:
            self._connection.close()
            self._reader.close()

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that no other change overlaps, in this process or another."""
        with self._lock:
            self._connection.execute("begin immediate")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("rollback")
                raise
            self._connection.execute("commit")

    def _rows(self, query: str, *values: object) -> list[tuple[object, ...]]:
        with self._reading:
            return self._reader.execute(query, values).fetchall()

    def open(self, lesson: Lesson, digest: str) -> None:
        with self._changing() as db:
            (held,) = db.execute("select count(*) from lessons").fetchone()
            if held >= MOST_LESSONS:
                raise Full
            try:
                db.execute(
                    "insert into lessons values (?, ?, ?, ?, ?)",
                    (lesson.code, digest, lesson.written(), lesson.revision, time.time()),
                )
            except sqlite3.IntegrityError:
                raise ValueError("the code is taken") from None

    def find(self, code: str) -> Lesson | None:
        rows = self._rows("select content from lessons where code = ?", code)
        return Lesson.read(str(rows[0][0])) if rows else None

    def revision(self, code: str) -> int | None:
        rows = self._rows("select revision from lessons where code = ?", code)
        return int(str(rows[0][0])) if rows else None

    def authorized(self, code: str, digest: str) -> Lesson:
        with self._reading:
            return authorized(self._reader, code, digest)

    def change(self, code: str, digest: str, change: Callable[[Lesson], Lesson]) -> Lesson:
        with self._changing() as db:
            now = authorized(db, code, digest)
            new = replace(change(now), revision=now.revision + 1)
            db.execute(
                "update lessons set content = ?, revision = ?, touched = ? where code = ?",
                (new.written(), new.revision, time.time(), code),
            )
        return new

    def vote(self, code: str, voter: str, number: int, round: int, choice: int) -> None:
        checked_token(voter)
        with self._changing() as db:
            lesson = held(db, code)
            question = lesson.question
            if not lesson.takes_votes or question is None:
                raise NotOpen
            if (question.number, lesson.round) != (number, round):
                raise NotOpen
            if not 0 <= choice < question.answers:
                raise ValueError("no such answer")
            key = (code, number, round)
            known = db.execute(
                "select 1 from votes where code = ? and number = ? and round = ? and voter = ?",
                (*key, voter),
            ).fetchone()
            (count,) = db.execute(
                "select count(*) from votes where code = ? and number = ? and round = ?", key
            ).fetchone()
            if known is None and count >= MOST_VOTERS:
                raise Full
            db.execute("insert or replace into votes values (?, ?, ?, ?, ?)", (*key, voter, choice))

    def voted(self, code: str, number: int, round: int) -> int:
        rows = self._rows(
            "select count(*) from votes where code = ? and number = ? and round = ?",
            *(code, number, round),
        )
        return int(str(rows[0][0]))

    def vote_of(self, code: str, voter: str, number: int, round: int) -> int | None:
        rows = self._rows(
            "select choice from votes where code = ? and number = ? and round = ? and voter = ?",
            *(code, number, round, voter),
        )
        return int(str(rows[0][0])) if rows else None

    def tally(self, code: str, number: int) -> Tally:
        lesson = self.find(code)
        if lesson is None or not 1 <= number <= len(lesson.asked):
            return Tally()
        votes: dict[int, dict[str, int]] = {}
        for round, voter, choice in self._rows(
            "select round, voter, choice from votes where code = ? and number = ?", code, number
        ):
            votes.setdefault(int(str(round)), {})[str(voter)] = int(str(choice))
        return tallied(lesson.asked[number - 1], votes)

    def attend(self, code: str, voter: str, now: float) -> None:
        checked_token(voter)
        with self._changing() as db:
            held(db, code)
            db.execute("delete from present where code = ? and seen < ?", (code, now - PRESENT))
            (count,) = db.execute("select count(*) from present where code = ?", (code,)).fetchone()
            if count < MOST_VOTERS:
                db.execute("insert or replace into present values (?, ?, ?)", (code, voter, now))

    def present(self, code: str, now: float) -> int:
        rows = self._rows(
            "select count(*) from present where code = ? and seen >= ?", code, now - PRESENT
        )
        return int(str(rows[0][0]))

    def end(self, code: str, digest: str) -> None:
        with self._changing() as db:
            authorized(db, code, digest)
            db.execute("delete from lessons where code = ?", (code,))

    def expire(self, now: float) -> int:
        with self._changing() as db:
            return db.execute("delete from lessons where touched < ?", (now - LIFETIME,)).rowcount


def held(db: sqlite3.Connection, code: str) -> Lesson:
    """The lesson inside a transaction. Raises NoLesson."""
    row = db.execute("select content from lessons where code = ?", (code,)).fetchone()
    if row is None:
        raise NoLesson
    return Lesson.read(row[0])


def authorized(db: sqlite3.Connection, code: str, digest: str) -> Lesson:
    """The lesson, for its teacher. Raises NoLesson, NotTheTeacher."""
    lesson = held(db, code)
    (theirs,) = db.execute("select digest from lessons where code = ?", (code,)).fetchone()
    if not same(theirs, digest):
        raise NotTheTeacher
    return lesson
