"""What a class can be asked at a scene, in words, and what an answer means there."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pages.live.lesson import Question
from pages.texts import Text
from pages.ui.rooms.story.scenes import SCENES
from pages.ui.settings import BELIEFS, GUESSES, NOT_YET, SEEN

LETTERS = "ABCD"
KEY = re.compile(r"scene([1-9][0-9]?)\.(guess|belief|belief_also)")
PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
JOINER = "\u2060"  # invisible: keeps what follows a colon from becoming an icon or an emoji
VALUES = {
    name: [value for value in values if value not in (NOT_YET, SEEN)]
    for name, values in {"guess": GUESSES, "belief": BELIEFS, "belief_also": BELIEFS}.items()
}
"""The names of a scene's answers in its settings."""


@dataclass(frozen=True)
class Words:
    """A question in words. own: written by the teacher, so that nothing in it is markup."""

    title: str
    options: tuple[str, ...]
    own: bool = False

    @property
    def labels(self) -> list[str]:
        """The answers with their letters, as Markdown."""
        shown = map(plain, self.options) if self.own else self.options
        return [f"**{letter}** {option}" for letter, option in zip(LETTERS, shown, strict=False)]


def plain(text: str) -> str:
    """Markdown that shows this text letter by letter."""
    return PUNCTUATION.sub(r"\\\1", " ".join(text.split())).replace(":", f":{JOINER}")


def scene_of(key: str) -> tuple[int, str] | None:
    """The scene and the setting of a question's key; None for the teacher's own."""
    found = KEY.fullmatch(key)
    if found is None or int(found[1]) > len(SCENES):
        return None
    return int(found[1]), found[2]


def askable(scene: int) -> list[str]:
    """The keys of the questions that can be asked at this scene."""
    if not 1 <= scene <= len(SCENES):
        return []
    names = ["guess", "belief", *(["belief_also"] if SCENES[scene - 1].also else [])]
    return [f"scene{scene}.{name}" for name in names]


def in_words(t: Text, question: Question) -> Words:
    place = scene_of(question.key)
    if place is None:
        return Words(question.title, question.options, own=True)
    scene, name = place
    texts = SCENES[scene - 1].texts(t)
    if name == "guess":
        return Words(texts.predict, tuple(texts.guesses[value] for value in VALUES[name]))
    myth = texts.myth if name == "belief" else texts.also
    beliefs = tuple(t.story.beliefs[value] for value in VALUES[name])
    return Words(t.story.myth.format(claim=myth.claim), beliefs)


def value_of(name: str, choice: int | None) -> str:
    """The setting's value for this answer; without one, the run is shown all the same."""
    return SEEN if choice is None else VALUES[name][choice]


def choice_of(name: str, outcome: str) -> int | None:
    """The answer that a run has proved right; None if none of them."""
    return VALUES[name].index(outcome) if outcome in VALUES[name] else None
