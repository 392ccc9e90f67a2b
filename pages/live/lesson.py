"""A live lesson as a value: what is shown, which question is open, and how the class answered.

Peer instruction (Crouch & Mazur, "Peer Instruction: ten years of experience and results", American
Journal of Physics 69:970-977, 2001): everybody commits to an answer, sees how the class is split,
talks to a neighbour, and answers again. Only then is the question decided.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

LETTERS = "ABCDEFGHJKLMNPQRSTUVWX"
"""The letters of codes: without I and O, which look like digits, and without Y and Z."""
CODE_LENGTH = 5
MOST_QUESTIONS = 60
"""The most questions in one lesson."""
LONGEST_TITLE, LONGEST_ANSWER, LONGEST_PLACE = 200, 80, 4000
FEWEST_ANSWERS, MOST_ANSWERS = 2, 4
ROUNDS = (1, 2)


class Stage(StrEnum):
    """How far a question has come."""

    OPEN = "open"
    """Votes are taken; nobody sees how they split."""
    CLOSED = "closed"
    """No more votes are taken."""
    SHOWN = "shown"
    """The projector shows the split."""
    RUN = "run"
    """It has been decided: phones and projector play the run, or the right answer is shown."""
    LEFT = "left"
    """The class has moved on, and it was not decided."""


BEING_ASKED = (Stage.OPEN, Stage.CLOSED, Stage.SHOWN)


@dataclass(frozen=True)
class Question:
    """What is asked. key: one of the dashboard's questions, as `scene3.guess`; "" for one that the
    teacher typed, whose title and answers are then given.

    number: 1 for the first one asked in this lesson. answers: how many there are.
    right: the index of the right one, None while unknown. For the dashboard's questions it is
    known only once a run has decided.
    """

    number: int
    key: str
    answers: int
    right: int | None = None
    title: str = ""
    options: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        own = self.key == ""
        valid = (
            1 <= self.number <= MOST_QUESTIONS
            and re.fullmatch(r"[a-z0-9_.]{0,40}", self.key) is not None
            and FEWEST_ANSWERS <= self.answers <= MOST_ANSWERS
            and (self.right is None or 0 <= self.right < self.answers)
            and len(self.options) == (self.answers if own else 0)
            and (0 < len(self.title) <= LONGEST_TITLE if own else self.title == "")
            and all(0 < len(option) <= LONGEST_ANSWER for option in self.options)
        )
        if not valid:
            raise ValueError("not a question that can be asked")


@dataclass(frozen=True)
class Lesson:
    """A lesson as everybody in it may know it; its secret and who voted what are kept elsewhere.

    place: the page and settings that the teacher shows, as in an address without its host.
    asked: every question so far, the newest last. round: of the newest, 1, or 2 after discussion.
    stage: of the newest; LEFT if none has been asked. revision: how often the lesson was changed.
    """

    code: str
    place: str = ""
    asked: tuple[Question, ...] = ()
    round: int = 1
    stage: Stage = Stage.LEFT
    revision: int = 0

    @property
    def question(self) -> Question | None:
        """The newest question."""
        return self.asked[-1] if self.asked else None

    @property
    def takes_votes(self) -> bool:
        return self.question is not None and self.stage is Stage.OPEN

    @property
    def being_asked(self) -> Question | None:
        """The newest question, while the class is on it."""
        return self.question if self.stage in BEING_ASKED else None

    # What a teacher does

    def showing(self, place: str) -> Lesson:
        """With this place shown; at another scene or page, the question being asked is left."""
        if len(place) > LONGEST_PLACE:
            raise ValueError("a place must be shorter")
        shown = replace(self, place=place)
        return shown if spot(place) == spot(self.place) else shown.leaving()

    def leaving(self) -> Lesson:
        """With the question left undecided."""
        return replace(self, stage=Stage.LEFT) if self.being_asked else self

    def asking(self, key: str, answers: int, right: int | None = None) -> Lesson:
        """With one of the dashboard's questions open."""
        return self._with(Question(len(self.asked) + 1, key, answers, right))

    def asking_own(self, title: str, options: tuple[str, ...], right: int | None = None) -> Lesson:
        """With a question open that the teacher typed."""
        title, options = title.strip(), tuple(option.strip() for option in options)
        return self._with(Question(len(self.asked) + 1, "", len(options), right, title, options))

    def _with(self, question: Question) -> Lesson:
        return replace(self, asked=(*self.asked, question), round=1, stage=Stage.OPEN)

    def closing(self) -> Lesson:
        return replace(self, stage=Stage.CLOSED) if self.stage is Stage.OPEN else self

    def showing_split(self) -> Lesson:
        """With the split on the projector, and voting closed."""
        return replace(self, stage=Stage.SHOWN) if self.being_asked else self

    def voting_again(self) -> Lesson:
        """With the second round open."""
        return replace(self, round=ROUNDS[-1], stage=Stage.OPEN) if self.being_asked else self

    def running(self) -> Lesson:
        """With the question decided."""
        return replace(self, stage=Stage.RUN) if self.being_asked else self

    def deciding(self, number: int, right: int | None) -> Lesson:
        """With the answer to question `number` that a run has proved right."""
        asked = tuple(replace(q, right=right) if q.number == number else q for q in self.asked)
        return replace(self, asked=asked)

    # As text

    def written(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)

    @staticmethod
    @lru_cache(maxsize=64)  # a class of phones reads the same one
    def read(text: str) -> Lesson:
        held: dict[str, Any] = json.loads(text)
        asked = tuple(Question(**q | {"options": tuple(q["options"])}) for q in held["asked"])
        return Lesson(**held | {"asked": asked, "stage": Stage(held["stage"])})


def spot(place: str) -> tuple[str, str]:
    """The page and the scene of a place: what stays the same however its dials are turned."""
    parts = urlsplit(place)
    return parts.path, parse_qs(parts.query).get("scene", [""])[0]


@dataclass(frozen=True)
class Tally:
    """How a class answered one question.

    rounds: by round, the votes for each answer. moved: how many first gave a wrong answer and then
    the right one; None if the right one is unknown. both: how many answered twice.
    """

    rounds: dict[int, tuple[int, ...]] = field(default_factory=dict)
    both: int = 0
    moved: int | None = None

    def votes(self, number: int) -> int:
        """How many answered in this round."""
        return sum(self.rounds.get(number, ()))

    def share_right(self, question: Question, number: int) -> float | None:
        """The share of right answers in this round; None without votes or a right answer."""
        if question.right is None or not self.votes(number):
            return None
        return self.rounds[number][question.right] / self.votes(number)


def tallied(question: Question, votes: dict[int, dict[str, int]]) -> Tally:
    """Count votes, given by round and voter."""
    rounds = {
        number: tuple(list(of_round.values()).count(k) for k in range(question.answers))
        for number, of_round in votes.items()
        if of_round
    }
    first, second = (votes.get(number, {}) for number in ROUNDS)
    both = first.keys() & second.keys()
    right = question.right
    moved = None if right is None else sum(first[v] != right and second[v] == right for v in both)
    return Tally(rounds, len(both), moved)
