"""A live lesson as a value: what is shown, which question is open, and how the class answered.

Peer instruction (Crouch & Mazur, "Peer Instruction: ten years of experience and results", American
Journal of Physics 69:970-977, 2001): everybody commits to an answer, sees how the class is split,
talks to a neighbour, and answers again. Only then is it decided.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

LETTERS = "ABCDEFGHJKLMNPQRSTUVWX"
"""The letters of codes: without I and O, which look like digits, and without Y and Z."""
CODE_LENGTH = 5
MOST_QUESTIONS = 60
"""Questions that may be asked in one lesson."""
LONGEST_TITLE, LONGEST_ANSWER, LONGEST_PLACE = 200, 80, 4000
FEWEST_ANSWERS, MOST_ANSWERS = 2, 4
ROUNDS = (1, 2)


class Stage(StrEnum):
    """Where a question is."""

    OPEN = "open"
    """Votes are taken; nobody sees how they split."""
    CLOSED = "closed"
    """No more votes are taken."""
    SHOWN = "shown"
    """Everybody sees the split."""
    RUN = "run"
    """It has been decided: phones and projector play the run, or the right answer is told."""


@dataclass(frozen=True)
class Question:
    """What is asked. key: which of the dashboard's questions, as `scene3` or `myth_rate`; "" for
    one that the teacher typed, whose title and answers are then given.

    number: 1 for the first that was asked in this lesson. answers: how many there are.
    right: the index of the right one, None where nobody says.
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
    """A lesson as everybody in it may see it; its secret and the votes are kept elsewhere.

    place: the page and settings that the teacher shows, as in an address without its host.
    asked: every question so far, the newest last. round: of the newest, 1, or 2 after discussion.
    stage: of the newest; SHOWN where none has been asked. revision: how often it was changed.
    """

    code: str
    place: str = ""
    asked: tuple[Question, ...] = ()
    round: int = 1
    stage: Stage = Stage.RUN
    revision: int = 0

    @property
    def question(self) -> Question | None:
        """The newest question."""
        return self.asked[-1] if self.asked else None

    @property
    def takes_votes(self) -> bool:
        return self.question is not None and self.stage is Stage.OPEN

    # What a teacher does

    def showing(self, place: str) -> Lesson:
        """The lesson moved to another scene or page; an open question closes."""
        if len(place) > LONGEST_PLACE:
            raise ValueError("a place is shorter")
        closed = Stage.CLOSED if self.stage is Stage.OPEN else self.stage
        return replace(self, place=place, stage=closed)

    def asking(self, key: str, answers: int, right: int | None = None) -> Lesson:
        """The lesson with one of the dashboard's questions open."""
        return self._with(Question(len(self.asked) + 1, key, answers, right))

    def asking_own(self, title: str, options: tuple[str, ...], right: int | None = None) -> Lesson:
        """The lesson with a question open that the teacher typed."""
        title, options = title.strip(), tuple(option.strip() for option in options)
        return self._with(Question(len(self.asked) + 1, "", len(options), right, title, options))

    def _with(self, question: Question) -> Lesson:
        return replace(self, asked=(*self.asked, question), round=1, stage=Stage.OPEN)

    def closing(self) -> Lesson:
        return replace(self, stage=Stage.CLOSED) if self.stage is Stage.OPEN else self

    def showing_split(self) -> Lesson:
        """The lesson with the split on the projector and voting closed."""
        return replace(self, stage=Stage.SHOWN) if self.asked else self

    def voting_again(self) -> Lesson:
        """The lesson with the second round open."""
        return replace(self, round=ROUNDS[-1], stage=Stage.OPEN) if self.asked else self

    def running(self) -> Lesson:
        """The lesson with the question decided."""
        return replace(self, stage=Stage.RUN) if self.asked else self

    # As text

    def written(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def read(cls, text: str) -> Lesson:
        held: dict[str, Any] = json.loads(text)
        asked = tuple(Question(**q | {"options": tuple(q["options"])}) for q in held["asked"])
        return cls(**held | {"asked": asked, "stage": Stage(held["stage"])})


@dataclass(frozen=True)
class Tally:
    """How a class answered one question.

    rounds: by round, the votes for each answer. moved: how many gave a wrong answer first and the
    right one then; None where nobody says which is right. both: how many answered twice.
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
