"""The gallery: a classic result, computed while one looks on, beside what should come out."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import streamlit as st

from core.studies.catalogue import STUDIES
from core.studies.progress import Progress, Shelf, Start
from core.studies.study import Finding, Origin, Study, passed
from pages.charts.gallery import figure, rows_table, series_name
from pages.charts.style import Palette
from pages.texts import Text
from pages.texts.numbers import percent, power
from pages.ui.computing import state_of, watched
from pages.ui.house import GALLERY, TRAINING
from pages.ui.recordings import compute, engine
from pages.ui.session import is_stopped
from pages.ui.settings import MOST_STUDY_SEED, Reproducing
from pages.ui.widgets.controls import controls, open_button
from pages.ui.widgets.show import show

MOST_HELD = 60
ACROSS = 2
"""Charts side by side."""

change = GALLERY.setter(Reproducing)


@st.cache_resource(show_spinner=False)
def shelf() -> Shelf:
    """The studies under way and finished; one for the whole process."""
    return Shelf(MOST_HELD, engine())


@dataclass(frozen=True, eq=False)
class Sight:
    """What the page sees of a study at one moment. stopped: the visitor has cancelled it."""

    chosen: Reproducing
    progress: Progress

    @property
    def stopped(self) -> bool:
        return is_stopped(self.chosen) and self.progress.begun

    @property
    def finished(self) -> bool:
        return self.progress.finished

    @property
    def live(self) -> bool:
        return not self.finished and not self.stopped

    @property
    def name(self) -> str:
        return f"study_{self.chosen.study}_{self.chosen.study_seed}"


def settings(t: Text, chosen: Reproducing) -> None:
    """Another random start: a result that holds, holds for every one of them."""
    with st.sidebar:
        st.markdown(t.gallery.seed_note)
        controls(chosen, t, "study_seed", change=change)
        st.button(
            t.training.new_start,
            icon=":material/casino:",
            on_click=change,
            args=("study_seed", (chosen.study_seed + 1) % (MOST_STUDY_SEED + 1)),
        )


def card(t: Text, colours: Palette, chosen: Reproducing) -> None:
    """The publication, the set-up, the figures as they grow, and the verdict."""
    study = STUDIES[chosen.study]
    progress = shelf().get(Start(study, chosen.study_seed))
    st.caption(study.publication)
    st.markdown(t.gallery.setups[study.key])

    def advance(budget: float) -> None:
        if not Sight(chosen, progress).stopped:
            compute(progress, budget)

    def draw(sight: Sight) -> None:
        state(t, sight)
        figures(t, colours, sight)
        findings(t, progress)
        overview(t, chosen)

    watched(
        t,
        GALLERY,
        lambda: Sight(chosen, progress),
        advance,
        draw,
        shown=lambda: GALLERY.open(),
    )
    laboratory(t, study)


def state(t: Text, sight: Sight) -> None:
    """How far it is, and a way to stop or to go on; or what came of it."""
    share = sight.progress.seen.share
    cancelled = t.gallery.cancelled.format(share=percent(share, t))
    state_of(t, sight, sight.chosen, share, t.common.computing, cancelled)
    with st.container(key=f"verdict_{sight.name}"):  # the same tree, finished or not
        if sight.finished:
            verdict(t, sight.progress)


def verdict(t: Text, progress: Progress) -> None:
    """Whether the result was reproduced, and where not."""
    found = progress.findings
    fine, known = passed(found)
    if fine == known:
        st.success(t.gallery.all_pass.format(count=known), icon=":material/check_circle:")
    else:
        said = t.gallery.some_fail.format(count=known, failed=known - fine)
        st.warning(said, icon=":material/error:")


def figures(t: Text, colours: Palette, sight: Sight) -> None:
    """The study's charts."""
    study, rows = sight.progress.study, sight.progress.seen.rows
    columns = st.columns(min(ACROSS, len(study.panels)), gap="medium")
    for place, panel in enumerate(study.panels):
        words = t.gallery.panels[study.key][panel.key]
        with columns[place % len(columns)]:
            st.markdown(f"**{words.title}**")
            told = t.gallery.alternative.format(
                title=words.title,
                lines=", ".join(series_name(t, series) for series in panel.series),
            )
            tables = rows_table(t, panel, rows)
            show(figure, t, colours, study, panel, told, steady=True, **tables)
    st.caption(t.gallery.dotted)


def findings(t: Text, progress: Progress) -> None:
    """What was expected beside what was observed."""
    words = t.gallery
    named = words.findings[progress.study.key]
    st.dataframe(
        [
            {
                words.verdict: words.verdicts[verdict_of(finding)],
                words.expected: power(finding.expected, 4),
                words.observed: power(finding.observed, 4),
                words.finding: named[finding.key],
                words.case: series_name(t, finding.at),
                words.tolerated: tolerated(t, finding),
                words.origin: words.origins[finding.origin],
            }
            for finding in progress.findings
        ],
        hide_index=True,
        width="stretch",
        height="content",
    )
    if any(finding.origin is Origin.REHEARSAL for finding in progress.findings):
        st.caption(words.rehearsal_note)


def verdict_of(finding: Finding) -> str:
    return {True: "passes", False: "fails", None: "open"}[finding.passed]


def tolerated(t: Text, finding: Finding) -> str:
    """The bounds within which a finding passes."""
    words, low, high = t.gallery, power(finding.low, 4), power(finding.high, 4)
    if finding.high == inf:
        return words.at_least.format(low=low)
    if finding.low == -inf:
        return words.at_most.format(high=high)
    return words.between.format(low=low, high=high)


def overview(t: Text, chosen: Reproducing) -> None:
    """All results with this random start, as far as anybody has had them computed."""
    words = t.gallery
    st.header(words.overview, anchor=False)
    st.dataframe(
        [
            {
                words.result: words.presets[key],
                words.verdict: so_far(t, shelf().find(Start(study, chosen.study_seed))),
                words.publication: study.publication,
            }
            for key, study in STUDIES.items()
        ],
        hide_index=True,
        width="stretch",
        height="content",
    )


def so_far(t: Text, progress: Progress | None) -> str:
    if progress is None or not progress.finished:
        return t.gallery.not_computed
    fine, known = passed(progress.findings)
    return t.gallery.count.format(passed=fine, count=known)


def laboratory(t: Text, study: Study) -> None:
    """The way to the networks that come closest to the study's."""
    if not study.lanes:
        st.caption(t.gallery.no_laboratory)
    else:
        open_button(t.gallery.laboratory, TRAINING, TRAINING.link_of(study.lanes))
