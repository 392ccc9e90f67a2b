"""Work that is done in pieces, in this process or elsewhere (`core.engines`).

A kind of work says how its jobs, which are values, are begun, and how what is asked for and what
comes of it are sent. Work can be paused after any step and go on in another process from what it
was: so a job is a chain of links, each a pure function of the one before it, and whoever computes
them arrives at the same bits.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, Self, TypeVar

from core.runs.message import Message


class Piece(Protocol):
    """What was computed in one go. finished: whether it is the last one."""

    @property
    def finished(self) -> bool: ...

    def followed_by(self, later: Self) -> Self:
        """This piece and the next as one."""


J = TypeVar("J", contravariant=True)
S = TypeVar("S", bound=Piece)
C = TypeVar("C", covariant=True)


class Computing(Protocol[C]):
    """Something that computes a job, piece by piece."""

    def advance(self, budget: float, clock: Callable[[], float] = time.monotonic) -> C | None:
        """The next piece, of about `budget` seconds; None if it was lost and the job starts again.

        After an error the job starts again, too.
        """


class Work(Protocol[C]):
    """A job under way in this process. steps: how many have been taken."""

    @property
    def steps(self) -> int: ...

    def advance(self, enough: Callable[[], bool]) -> C:
        """Compute until that is enough, as asked after every step, or to the end."""

    def paused(self) -> Message:
        """All that the next steps depend on, after a step that was not the last."""


class Here(Generic[S]):
    """A job computed in this process."""

    def __init__(self, begin: Callable[[], Work[S]]) -> None:
        self._begin = begin
        self._work: Work[S] | None = None

    def advance(self, budget: float, clock: Callable[[], float] = time.monotonic) -> S:
        deadline = clock() + budget
        work = self._work or self._begin()
        self._work = None  # if this piece fails, the job starts again rather than with a gap
        new = work.advance(lambda: clock() >= deadline)  # never before the first step
        if not new.finished:
            self._work = work
        return new


@dataclass(frozen=True, eq=False)
class Kind(Generic[J, S]):
    """A kind of work, and how it is sent.

    begin: the job from its start, or from where it was `paused`. links: the number of steps after
    which each link of the chain ends; the last one ends with the job. None for work that cannot be
    paused. nothing: a piece in which nothing new was seen.
    """

    key: str
    begin: Callable[[J, Message | None], Work[S]]
    links: Callable[[J], Sequence[int]] | None
    packed: Callable[[J], Message]
    unpacked: Callable[[Message], J]
    packed_piece: Callable[[S], Message]
    unpacked_piece: Callable[[Message, J], S]
    nothing: S

    def here(self, job: J) -> Here[S]:
        """The job, to be computed in this process."""
        return Here(lambda: self.begin(job, None))

    def link(self, job: J, state: Message | None, end: int | None) -> tuple[Message | None, S]:
        """One link: from the state after the link before it to the state after `end` steps.

        None is the state before the first link and after the last; without an end, it is the last.
        """
        work = self.begin(job, state)
        piece = work.advance(lambda: end is not None and work.steps >= end)
        return None if piece.finished else work.paused(), piece


class Engine(Protocol):
    """Hands out jobs to whatever computes them. slots: how many of them at once."""

    @property
    def slots(self) -> int: ...

    def computing(self, kind: Kind[J, S], job: J) -> Computing[S]: ...


class InProcess:
    """Every job in this process, one at a time."""

    slots = 1

    def computing(self, kind: Kind[J, S], job: J) -> Computing[S]:
        return kind.here(job)


HERE = InProcess()
