"""What a scene of the story is: `pages.ui.rooms.story.story` frames it, a module here plays it.

To add a scene, write its module and its texts `scene_<name>.toml` in every language, add it to
`PLAYED` and its name to `pages.texts.scenes`. The texts that the frame reads are listed in `Scene`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import streamlit as st

from core.domain import Query, Spec
from core.runs.recording import Recording
from core.runs.training import RunSpec
from pages.texts import Text
from pages.ui.computing import Look, progress, when_computed
from pages.ui.house import STORY
from pages.ui.widgets.components import clock

Words = Mapping[str, str]


@dataclass(frozen=True)
class Outcome:
    """What a run has shown.

    right: the guess that it proved right (`a`, `b`, `c`), "" if it is none of them.
    words: for the placeholders of the scene's texts `after`, `notice` and `on`.
    """

    right: str
    words: Words = field(default_factory=dict)


@dataclass(frozen=True)
class Myth:
    """What one run says about a popular belief.

    verdict: `true`, `half` or `false`, as the run decides. words: for the placeholders of
    `myth.found`. page, query: the run, on a page of the dashboard.
    """

    verdict: str
    words: Words
    page: str
    query: Query


@dataclass(frozen=True)
class Scene:
    """One of the scenes, each of which is one screen.

    name: its texts are `t["scene_" + name]`: `short`, `question`, `line`, `predict`, `guesses`
        and `after` (each a table of `a`, `b`, `c`; `after` has `seen` too, for who did not guess),
        `notice`, `on` and the table `myth` (`claim`, `found`).
    expected: the guess that the texts `after` take for right. Should a run prove another one,
        the frame says so in words of its own.
    play: draws what is operated. It is told whether the outcome may be shown yet, and returns what
        the run has shown, None while that is not known.
    apart: the page, and its settings, that "Take this apart" opens: what is on the screen.
    myth: the run of the myth; None while it is being computed.
    also: as `myth`, of a second one, whose texts are the table `also`.
    why: a fold under the explanation, called `t.scene_x.why`.
    dials: the scene's own settings.
    """

    name: str
    expected: str
    play: Callable[[Text, bool], Outcome | None]
    apart: Callable[[], tuple[str, Query]]
    myth: Callable[[Text], Myth | None]
    why: Callable[[Text], None] | None = None
    dials: type[Spec] | None = None
    also: Callable[[Text], Myth | None] | None = None

    @property
    def key(self) -> str:
        return self.name

    def texts(self, t: Text) -> Text:
        return t["scene_" + self.name]


def changes(epochs: Iterable[int], lines: Iterable[str]) -> list[tuple[int, str]]:
    """What a line says epoch by epoch, as a caption wants it: only where it changes."""
    found: list[tuple[int, str]] = []
    for epoch, line in zip(epochs, lines, strict=True):
        if not found or found[-1][1] != line:
            found.append((epoch, line))
    return found


def replay(t: Text, run: RunSpec, what: object, rate: float = 33) -> None:
    """The clock of runs that are finished and as long as `run`; `what` else is played at once."""
    clock(
        t,
        run=repr(what),
        last=run.epochs,
        total=run.epochs,
        stride=run.stride,
        live=False,
        rate=rate,
        begin=True,
    )


def computed(
    t: Text,
    runs: Sequence[RunSpec],
    partly: Callable[[Sequence[Recording]], None] = lambda held: None,
) -> tuple[Recording, ...] | None:
    """The recordings of these runs, as soon as all are finished.

    While they are not, it says how far they have come and returns None; the page is drawn again
    once they are. partly: draws what there is so far.
    """

    def draw(look: Look) -> None:
        progress(t, look, t.common.computing)
        if not look.finished:
            partly(look.records)

    look = when_computed(t, STORY, runs, draw, shown=STORY.open, whole_page=True)
    return look.records if look is not None and look.finished else None


@st.cache_resource(max_entries=64, show_spinner=False)
def untrained(run: RunSpec) -> Recording:
    """Epoch 0 of a run: a recording of its own, so that it is there however many compute."""
    record = Recording(run)
    record.advance(0.0)
    return record
