"""The lesson as Markdown, for the screen and to take along: plan, notes, worksheet, answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from pages.texts import Text
from pages.texts.scenes import ORDER

Link = Callable[[str], str]
"""The address of a place: `scene3`, or `myth_rate` for the run that refutes a misconception."""
Step = tuple[str, int, int, tuple[str, ...]]
"""The key of its words, its first and its last minute, the scenes shown."""

PLAY = "play"
"""The step without scenes in which students try to make networks learn."""
STORY: tuple[Step, ...] = (
    ("opening", 0, 4, ("deeper",)),
    ("bend", 4, 10, ("line", "folds")),
    ("layers", 10, 18, ("deeper",)),
    ("walk", 18, 28, ("walk",)),
    ("slopes", 28, 35, ("slopes",)),
    ("race", 35, 43, ("race",)),
    ("price", 43, 47, ("price",)),
)
PLANS: Mapping[int, tuple[Step, ...]] = MappingProxyType(
    {
        50: (*STORY, ("exit", 47, 50, ("since",))),
        90: (
            *STORY,
            (PLAY, 47, 62, ()),
            ("gallery", 62, 72, ()),
            ("since", 72, 84, ("since",)),
            ("close", 84, 90, ()),
        ),
    }
)
"""The steps of a lesson, by its minutes."""


def plan(t: Text, minutes: int, link: Link) -> str:
    """The lesson plan for this many minutes: aims, steps, notes by scene, misconceptions."""
    words, heads = t.lesson, t.lesson.headings
    return joined(
        f"# {words.title.format(minutes=minutes)}",
        f"## {heads.aims}",
        numbered([words.aims[key] for key in words.aims]),
        f"**{heads.before}**{colon(t)}{words.before}",
        f"**{heads.material}**{colon(t)}{named(t, words.material)} {named(t, words.live_before)}",
        f"## {heads.plan}",
        steps(t, minutes, link),
        words.short,
        f"## {heads.ask}",
        listed([words.ask[key] for key in words.ask]),
        f"## {heads.scenes}",
        *[notes(t, number, link) for number in range(1, len(ORDER) + 1)],
        f"## {heads.myths}",
        myths(t, link),
    )


def steps(t: Text, minutes: int, link: Link) -> str:
    """The table of the plan."""
    words = t.lesson
    rows = [[words.columns[key] for key in words.columns], ["---"] * len(vars(words.columns))]
    for key, start, end, scenes in PLANS[minutes]:
        step = words.steps[key]
        if key == PLAY:
            shown = f"[{t.classroom.open}]({link(PLAY)})"
        else:
            numbers = [ORDER.index(name) + 1 for name in scenes]
            shown = " ".join(f"[{number}]({link(f'scene{number}')})" for number in numbers)
        rows.append([f"{start}–{end}", step.phase, named(t, step.teacher), step.students, shown])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def notes(t: Text, number: int, link: Link) -> str:
    """What to say, ask and expect at a scene."""
    own = t.lesson.notes[ORDER[number - 1]]
    heading = t.lesson.scene.format(number=number, question=question(t, number))
    return joined(
        f"### [{heading}]({link(f'scene{number}')})",
        listed([f"**{t.lesson.parts[part]}**{colon(t)}{own[part]}" for part in t.lesson.parts]),
    )


def question(t: Text, number: int) -> str:
    """What a scene asks."""
    return t["scene_" + ORDER[number - 1]].question


def myths(t: Text, link: Link) -> str:
    """Every misconception with the run that refutes it, and what to see there."""
    return numbered(
        [
            f"**{one.claim}**  \n   {one.look} [{t.classroom.run}]({link(f'myth_{key}')})"
            for key, one in vars(t.lesson.myths).items()
        ]
    )


def sheet(t: Text) -> str:
    """The worksheet: questions, and at the end some for those who want more."""
    words = t.lesson
    return joined(
        f"# {words.sheet_title}",
        words.name_line,
        words.split_line,
        numbered([one.ask for one in vars(words.questions).values()]),
        f"## {words.headings.stretch}",
        numbered([one.ask for one in vars(words.stretch).values()]),
    )


def answers(t: Text) -> str:
    """The answers, in the order of the questions."""
    words = t.lesson
    return joined(
        f"# {words.answers_title}",
        numbered([one.answer for one in vars(words.questions).values()]),
        f"## {words.headings.stretch}",
        numbered([one.answer for one in vars(words.stretch).values()]),
    )


def offline(t: Text) -> str:
    """What to do on the day the network fails."""
    return joined(
        f"# {t.lesson.headings.offline}",
        *[f"**{one.title}**  \n{named(t, one.line)}" for one in vars(t.lesson.offline).values()],
    )


def whole(t: Text, minutes: int, link: Link, source: str) -> str:
    """Everything in one file, for paper or a wiki; `source` is the address it was made from."""
    parts = [plan(t, minutes, link), sheet(t), answers(t), offline(t)]
    return joined(*parts, *([t.lesson.source.format(link=source)] if source else [])) + "\n"


def named(t: Text, line: str) -> str:
    """A line with the names of the controls that it tells the teacher to press."""
    return line.format(
        share=t.common.share,
        file=t.takehome.page.title,
        links=t.classroom.parts.class_links,
        live=t.classroom.parts.class_live,
        vote=t.lesson.vote,
        own=t.classroom.states.own,
    )


def colon(t: Text) -> str:
    """The separator between a word and its explanation."""
    return t.classroom.bar.colon


def joined(*blocks: str) -> str:
    return "\n\n".join(blocks)


def numbered(items: list[str]) -> str:
    return "\n".join(f"{number}. {item}" for number, item in enumerate(items, start=1))


def listed(items: list[str]) -> str:
    return "\n".join(f"- {item}" for item in items)
