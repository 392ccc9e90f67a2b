"""The protocol that every store of live lessons implements, and the codes and secrets of lessons.

Votes are counted exactly: a phone's change of mind moves one vote, even from two processes at
once. Secrets are kept as digests and compared in constant time.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
import unicodedata
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from typing import Protocol

from pages.live.lesson import CODE_LENGTH, LETTERS, Lesson, Tally

MOST_LESSONS = 1_000
MOST_VOTERS = 1_000
"""The most voters in one lesson."""
LIFETIME = 12 * 3600.0
"""Seconds after which a lesson abandoned by its teacher is deleted."""
PRESENT = 20.0
"""Seconds after which a phone that has not looked no longer counts as present."""
SECRET_BYTES = 20
ATTEMPTS = 20
"""Codes tried for a new lesson; at most one in five thousand is taken."""
TOKEN = re.compile(r"[A-Za-z0-9_-]{16,43}")
"""A voter's token, and a teacher's secret: random words of at least 96 bits."""
VOTER_BYTES = 12

BAD_WORDS = (
    "ARSE ASS BUM CRAP CUM CUNT DAMN DUMB FAG FAT FCK FUC FUK GAS GAY HELL HUR JAP JEW KKK KUK"
    " MERD NAZ NEG NGR PENS PUS RAPE SAU SEX SHT SLUT SS TWAT WTF"
)
"""What a code must not contain, read aloud or seen on a wall."""


class Refused(Exception):
    """A request that cannot be met; each kind has its sentence."""


class NoLesson(Refused):
    """There is no such lesson, or no longer."""


class NotTheTeacher(Refused):
    """The secret is not that of the lesson."""


class Full(Refused):
    """The limit of lessons, or of voters in a lesson, is reached."""


class NotOpen(Refused):
    """The question takes no votes, or is not the current one."""


class Unreachable(Refused):
    """The place where lessons are stored does not answer."""


class Store(Protocol):
    """Where lessons are stored. Every method may be called from any thread and process.

    failures: what its methods raise, besides the errors above, when it cannot be reached.
    """

    failures: tuple[type[Exception], ...]

    def close(self) -> None:
        """Release all resources; the lessons stay."""

    def open(self, lesson: Lesson, digest: str) -> None:
        """Store a new lesson; Full beyond MOST_LESSONS, ValueError for a code that is taken."""

    def find(self, code: str) -> Lesson | None:
        """The lesson, None if there is none."""

    def revision(self, code: str) -> int | None:
        """How often the lesson was changed, None if there is none: what phones poll."""

    def authorized(self, code: str, digest: str) -> Lesson:
        """The lesson, for its teacher. Raises NoLesson, NotTheTeacher."""

    def change(self, code: str, digest: str, change: Callable[[Lesson], Lesson]) -> Lesson:
        """Atomically replace the lesson by `change` of it, with the next revision.

        Raises NoLesson, NotTheTeacher; what `change` raises leaves the lesson as it is.
        """

    def vote(self, code: str, voter: str, number: int, round: int, choice: int) -> None:
        """Set this voter's vote in this round of question `number` to `choice`.

        Raises NoLesson, NotOpen, Full; ValueError for a choice that does not exist.
        """

    def voted(self, code: str, number: int, round: int) -> int:
        """How many have answered question `number` in this round."""

    def vote_of(self, code: str, voter: str, number: int, round: int) -> int | None:
        """This voter's answer."""

    def tally(self, code: str, number: int) -> Tally:
        """How the class answered; an empty tally for a question that was never asked."""

    def attend(self, code: str, voter: str, now: float) -> None:
        """This phone is present; forgotten after PRESENT seconds, and counted up to MOST_VOTERS."""

    def present(self, code: str, now: float) -> int:
        """How many phones are present."""

    def end(self, code: str, digest: str) -> None:
        """Delete the lesson and every vote. Raises NoLesson, NotTheTeacher."""

    def expire(self, now: float) -> int:
        """Delete lessons whose teacher has changed nothing for LIFETIME; returns how many."""


def new_code() -> str:
    """A code that can be read aloud and offends nobody; there are 22^5, some five million."""
    codes = ("".join(secrets.choice(LETTERS) for _ in range(CODE_LENGTH)) for _ in count())
    return next(code for code in codes if decent(code))


def decent(code: str) -> bool:
    return not any(word in code for word in BAD_WORDS.split()) and len(set(code)) > 2


def is_code(text: str) -> bool:
    return len(text) == CODE_LENGTH and set(text) <= set(LETTERS)


def as_code(text: str) -> str:
    """What was typed, as a code: capital letters only, also from a Japanese keyboard."""
    plain = unicodedata.normalize("NFKC", text[:100]).upper()
    return "".join(letter for letter in plain if letter.isalpha())[: CODE_LENGTH + 1]


def new_secret() -> str:
    """160 random bits."""
    return secrets.token_urlsafe(SECRET_BYTES)


def new_voter() -> str:
    return secrets.token_urlsafe(VOTER_BYTES)


def digest_of(secret: str) -> str:
    """The stored form of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def same(digest: str, other: str) -> bool:
    """Whether two digests are equal, in a time that does not reveal where they differ."""
    return hmac.compare_digest(digest.encode(), other.encode())


def checked_token(text: str) -> str:
    """A voter's token; ValueError for anything that no phone was ever given."""
    if TOKEN.fullmatch(text) is None:
        raise ValueError("not a token")
    return text


def begin(store: Store, place: str) -> tuple[Lesson, str]:
    """Open a lesson at this place: the lesson, and the teacher's secret."""
    store.expire(time.time())
    secret = new_secret()
    for _ in range(ATTEMPTS):
        lesson = Lesson(new_code(), place)
        with suppress(ValueError):  # the code is taken
            store.open(lesson, digest_of(secret))
            return lesson, secret
    raise Full
