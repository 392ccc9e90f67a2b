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

    right: the guess that it proved right (`a`, `b`, `c`), "" if none of them.
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
        and `after` (each a table of `a`, `b`, `c`; `after` also has `seen`, for readers who did not
        guess), `notice`, `on` and the table `myth` (`claim`, `found`).
    expected: the guess that the texts `after` assume to be right. If a run proves another one
        right, the frame says so in its own words.
    play: draws the interactive part. It is told whether the outcome may be shown yet, and returns
        what the run has shown, None while that is unknown.
    apart: the page, and its settings, that "Take this apart" opens: what is on the screen.
    myth: the run of the myth; None while it is being computed.
    also: as `myth`, for a second one, whose texts are the table `also`.
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
    """A line's words epoch by epoch, as a caption wants them: only where they change."""
    found: list[tuple[int, str]] = []
    for epoch, line in zip(epochs, lines, strict=True):
        if not found or found[-1][1] != line:
            found.append((epoch, line))
    return found


def replay(t: Text, run: RunSpec, what: object, rate: float = 33) -> None:
    """The clock of finished runs as long as `run`; if `what` changes, it plays at once."""
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
    """The recordings of these runs, once all are finished.

    Until then, it shows how far they have come and returns None; the page is redrawn once they are.
    partly: draws what there is so far.
    """

    def draw(look: Look) -> None:
        progress(t, look, t.common.computing)
        if not look.finished:
            partly(look.records)

    look = when_computed(t, STORY, runs, draw, shown=STORY.open, whole_page=True)
    return look.records if look is not None and look.finished else None


@st.cache_resource(max_entries=64, show_spinner=False)
def untrained(run: RunSpec) -> Recording:
    """Epoch 0 of a run, as a separate recording, so that it is there however many are computing."""
    record = Recording(run)
    record.advance(0.0)
    return record
