"""The promise that every store of live lessons keeps, and the one that is configured.

Votes are counted exactly: a phone's change of mind is one vote moved, also from two processes at
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
"""In one lesson."""
LIFETIME = 12 * 3600.0
"""Seconds after which a lesson that its teacher has left alone is deleted."""
PRESENT = 20.0
"""Seconds after which a phone that has not looked is no longer counted as there."""
SECRET_BYTES = 20
ATTEMPTS = 20
"""Codes that are tried for a new lesson; one in five thousand is taken at most."""
TOKEN = re.compile(r"[A-Za-z0-9_-]{16,43}")
"""Who votes, and a teacher's secret: random words of 96 bits at least."""
VOTER_BYTES = 12

BAD_WORDS = (
    "ARSE ASS BUM CRAP CUM CUNT DAMN DUMB FAG FAT FCK FUC FUK GAS GAY HELL HUR JAP JEW KKK KUK"
    " MERD NAZ NEG NGR PENS PUS RAPE SAU SEX SHT SLUT SS TWAT WTF"
)
"""What a code must not contain, read aloud or seen on a wall."""


class Refused(Exception):
    """What was asked cannot be done; each kind has its sentence."""


class NoLesson(Refused):
    """There is no such lesson, or there no longer is."""


class NotTheTeacher(Refused):
    """The secret is not that of the lesson."""


class Full(Refused):
    """There are as many lessons, or voters in a lesson, as there may be."""


class NotOpen(Refused):
    """The question takes no votes, or is not the one that is asked now."""


class Unreachable(Refused):
    """The place where lessons are kept does not answer."""


class Store(Protocol):
    """Where lessons are kept. Every method may be called from any thread and process.

    failures: what its methods raise beside the errors above where it cannot be reached.
    """

    failures: tuple[type[Exception], ...]

    def open(self, lesson: Lesson, digest: str) -> None:
        """Keep a new lesson; `Full` beyond MOST_LESSONS, ValueError for a code that is taken."""

    def find(self, code: str) -> Lesson | None:
        """The lesson, None if there is none."""

    def revision(self, code: str) -> int | None:
        """How often the lesson was changed, None if there is none: what phones ask all the time."""

    def authorized(self, code: str, digest: str) -> Lesson:
        """The lesson, for its teacher; NoLesson, NotTheTeacher."""

    def change(self, code: str, digest: str, change: Callable[[Lesson], Lesson]) -> Lesson:
        """Replace the lesson by what `change` makes of it, its revision one higher, at once.

        NoLesson, NotTheTeacher; what `change` raises leaves the lesson as it is.
        """

    def vote(self, code: str, voter: str, number: int, round: int, choice: int) -> None:
        """Let this voter's vote in this round of question `number` be `choice`.

        NoLesson, NotOpen, Full; ValueError for a choice that there is not.
        """

    def voted(self, code: str, number: int, round: int) -> int:
        """How many have answered question `number` in this round."""

    def vote_of(self, code: str, voter: str, number: int, round: int) -> int | None:
        """What this voter has answered."""

    def tally(self, code: str, number: int) -> Tally:
        """How the class answered; nothing for a question that was never asked."""

    def attend(self, code: str, voter: str, now: float) -> None:
        """This phone is here; forgotten after PRESENT seconds, and counted up to MOST_VOTERS."""

    def present(self, code: str, now: float) -> int:
        """How many phones are here."""

    def end(self, code: str, digest: str) -> None:
        """Delete the lesson and every vote; NoLesson, NotTheTeacher."""

    def expire(self, now: float) -> int:
        """Delete lessons whose teacher has changed nothing for LIFETIME; how many."""


def new_code() -> str:
    """A code that can be read aloud, and offends nobody; 22^5 are some five million."""
    codes = ("".join(secrets.choice(LETTERS) for _ in range(CODE_LENGTH)) for _ in count())
    return next(code for code in codes if decent(code))


def decent(code: str) -> bool:
    return not any(word in code for word in BAD_WORDS.split()) and len(set(code)) > 2


def is_code(text: str) -> bool:
    return len(text) == CODE_LENGTH and set(text) <= set(LETTERS)


def as_code(text: str) -> str:
    """What was typed, as a code: capital letters alone, those of a Japanese keyboard, too."""
    plain = unicodedata.normalize("NFKC", text[:100]).upper()
    return "".join(letter for letter in plain if letter.isalpha())[: CODE_LENGTH + 1]


def new_secret() -> str:
    """160 random bits."""
    return secrets.token_urlsafe(SECRET_BYTES)


def new_voter() -> str:
    return secrets.token_urlsafe(VOTER_BYTES)


def digest_of(secret: str) -> str:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def same(digest: str, other: str) -> bool:
    """Whether two digests are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(digest.encode(), other.encode())


def checked_token(text: str) -> str:
    """A voter's token; ValueError for what no phone was ever given."""
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
