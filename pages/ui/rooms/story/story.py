"""The story: its cover, and the frame around each of its scenes.

A scene asks, lets the reader predict, runs, and explains. Nothing is graded and nothing blocks the
way: every guess can be skipped, and the way on is always open.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import streamlit as st

from core.domain import Query, Spec
from pages.texts import Text
from pages.ui.house import ROOMS, STORY
from pages.ui.rooms.classroom.phone import way_in
from pages.ui.rooms.story.doors import doors
from pages.ui.rooms.story.scenes import SCENES
from pages.ui.rooms.story.scenes.scene import Myth, Outcome, Scene
from pages.ui.session import (
    forget_lanes,
    keep,
    linked,
    open_with,
    outcomes,
    set_opened_by_scene,
)
from pages.ui.settings import NOT_YET, SEEN, Telling
from pages.ui.widgets.controls import open_button, reset, taken

LETTERS = ("a", "b", "c")
BELIEFS = ("true", "half", "false")
IN_A_ROW = 4
"""Scenes on the cover."""
JUST_GUESSED = "just_guessed"
"""The session's key for having made a guess: on a phone, the run is above it."""
SHOW_RUN = """<script>
const run = document.querySelector(".st-key-played");
if (run && run.getBoundingClientRect().top < 0) run.scrollIntoView();
</script>"""

# State


def open_telling() -> Telling:
    """Where the reader is: the scene, the guess, the belief."""
    return linked(Telling)


def current() -> Scene | None:
    """The scene that is shown, None on the cover."""
    number = open_telling().scene
    return SCENES[number - 1] if 1 <= number <= len(SCENES) else None


def told_so_far() -> tuple[Spec, ...]:
    """The scene, its guess and its own settings: what the page's link holds."""
    scene = current()
    dials = None if scene is None else scene.dials
    return (open_telling(),) if dials is None else (open_telling(), linked(dials))


def go(scene: int) -> None:
    """Go to a scene, 0 for the cover; earlier guesses belong to the earlier scene."""
    keep(Telling(scene=min(max(scene, 0), len(SCENES))).to_query(), Telling.keys())


def say(name: str, value: str) -> None:
    """Record the reader's `guess` or a belief; NOT_YET takes it back."""
    STORY.change(Telling, name, value)
    st.session_state[JUST_GUESSED] = name == "guess" and value != NOT_YET


# The heading


def title(t: Text) -> str | None:
    """The scene's question, None on the cover."""
    scene = current()
    return scene.texts(t).question if scene is not None else None


def lead(t: Text) -> str | None:
    scene = current()
    return scene.texts(t).line if scene is not None else None


# The cover


def cover(t: Text) -> None:
    """The way in, the scenes, and three doors to the rest."""
    with st.container(horizontal=True, vertical_alignment="center", key="begin"):
        st.button(
            t.story.begin,
            key="begin_story",
            type="primary",
            icon=":material/play_arrow:",
            on_click=go,
            args=[1],
        )
        st.markdown(t.story.how.format(scenes=len(SCENES)), width="stretch")
    way_in(t)
    with st.container(key="scene_doors"):
        for first in range(0, len(SCENES), IN_A_ROW):
            numbers = range(first + 1, min(first + IN_A_ROW, len(SCENES)) + 1)
            for number, column in zip(numbers, st.columns(IN_A_ROW, gap="small"), strict=False):
                column.button(
                    f"**{number}** · {SCENES[number - 1].texts(t).question}",
                    key=f"scene_{number}",
                    width="stretch",
                    wrap=True,
                    on_click=go,
                    args=[number],
                )
    st.markdown(f"**{t.story.or_go_to}**")
    doors(t)
    st.markdown(t.story.order)


# A scene


def scene(t: Text, shown: Scene) -> None:
    """The way through the story; the controls; beside them prediction, explanation, myth."""
    telling, words = open_telling(), shown.texts(t)
    way(t, telling.scene)
    guessed = telling.guess != NOT_YET
    if not guessed:
        with st.container(key="asked"):  # in a single column, before what it is about
            st.markdown(f":material/help: **{words.predict}**")
    left, right = st.columns([9, 5], gap="medium")
    with left, st.container(key="played"):
        outcome = shown.play(t, guessed)
        if outcome is not None:
            outcomes()[f"scene{telling.scene}.guess"] = outcome.right
    with right:
        if guessed:
            explanation(t, shown, telling.guess, outcome)
        else:
            prediction(t, words)
        if guessed and shown.why is not None:
            with st.expander(words.why, icon=":material/function:"):
                shown.why(t)
        myth_card(t, words.myth, shown.myth, "belief", telling.belief)
        if shown.also is not None:
            myth_card(t, words.also, shown.also, "belief_also", telling.belief_also)
        if telling.scene == len(SCENES):  # the exit question, which gives nothing away
            st.markdown(words.on)
        elif guessed and outcome is not None:
            st.markdown(words.on.format(**outcome.words))
        steps(t, shown, telling.scene)
    if st.session_state.pop(JUST_GUESSED, False):
        st.html(SHOW_RUN, unsafe_allow_javascript=True)


def way(t: Text, number: int) -> None:
    """All scenes in a row, the current one marked."""
    reset("way_of_story", number)
    with st.container(key="scenes"):
        st.segmented_control(
            t.story.scenes,
            range(len(SCENES) + 1),
            format_func=lambda k: way_mark(t, k),
            key="way_of_story",
            label_visibility="collapsed",
            on_change=taken,
            args=("way_of_story", go),
        )


def way_mark(t: Text, number: int) -> str:
    """The scene's number and name; a phone shows only the bold part."""
    if number == 0:
        return f"**{t.story.cover}**"
    return f"**{number}** · {SCENES[number - 1].texts(t).short}"


def prediction(t: Text, words: Text) -> None:
    """The question before the run, and a way to skip it."""
    with st.container(border=True, key="prediction", gap="small"):
        st.markdown(f"**{words.predict}**")
        for letter in LETTERS:
            st.button(
                f"**{letter.upper()}** {words.guesses[letter]}",
                key=f"guess_{letter}",
                width="stretch",
                wrap=True,
                on_click=say,
                args=("guess", letter),
            )
        st.button(
            t.story.just_show,
            key="guess_seen",
            type="tertiary",
            icon=":material/visibility:",
            on_click=say,
            args=("guess", SEEN),
        )


def explanation(t: Text, shown: Scene, guess: str, outcome: Outcome | None) -> None:
    """The guess, the outcome, the reason, and what to notice."""
    words = shown.texts(t)
    with st.container(border=True, key="explanation", gap="small"):
        if guess != SEEN:
            st.caption(t.story.guessed.format(guess=named(guess, words)))
        if outcome is None:
            st.markdown(t.story.running)
        else:
            st.markdown(told(t, shown, guess, outcome))
            st.markdown(f":material/visibility: {words.notice.format(**outcome.words)}")
        st.button(
            t.story.again,
            key="guess_again",
            type="tertiary",
            icon=":material/undo:",
            on_click=say,
            args=("guess", NOT_YET),
        )


def named(guess: str, words: Text) -> str:
    return f"**{guess.upper()}** {words.guesses[guess]}"


def told(t: Text, shown: Scene, guess: str, outcome: Outcome) -> str:
    """The explanation for this guess. What the run has shown decides, not what was expected."""
    words = shown.texts(t)
    if outcome.right == shown.expected:
        return words.after[guess].format(**outcome.words)
    came = named(outcome.right, words) if outcome.right else t.story.none_of_them
    return t.story.otherwise.format(came=came)


def myth_card(
    t: Text, words: Text, run: Callable[[Text], Myth | None], name: str, belief: str
) -> None:
    """A popular belief: the claim, what the reader thinks, one run, the number that decides.

    name: of the setting that holds what the reader thinks.
    """
    asked = belief != NOT_YET
    label = t.story.myth.format(claim=words.claim)
    with st.expander(label, expanded=asked, icon=":material/psychology_alt:"):
        if not asked:
            st.markdown(t.story.is_it_true)
            with st.container(horizontal=True, key=f"{name}s"):
                for key in BELIEFS:
                    say_button(t.story.beliefs[key], name, key)
                say_button(t.story.just_show, name, SEEN, type="tertiary")
            return
        found = run(t)
        if found is None:
            return
        outcomes()[f"scene{open_telling().scene}.{name}"] = found.verdict
        st.markdown(verdict(t, belief, found))
        st.markdown(words.found.format(**found.words))
        with st.container(horizontal=True):
            key = name.replace("belief", "see_run")
            open_page_button(t.story.see_run, key, found.page, found.query)
            say_button(t.story.again, name, NOT_YET, type="tertiary")


def say_button(label: str, name: str, value: str, **style: Any) -> None:
    st.button(label, key=f"{name}_{value}", on_click=say, args=(name, value), **style)


def verdict(t: Text, belief: str, found: Myth) -> str:
    """How the belief turned out, for a reader who held it and for one who did not."""
    words = t.story.verdicts[found.verdict]
    if belief == SEEN:
        return f"**{words}**"
    agreed = t.story.agreed if belief == found.verdict else t.story.differed
    return agreed.format(belief=t.story.beliefs[belief], verdict=f"**{words}**")


def open_page_button(label: str, key: str, page: str, query: Query) -> None:
    """A way to a page that opens with these settings; undo brings back what was there."""
    open_button(label, ROOMS[page], query, key=key, kind="tertiary", opens=take_apart)


def take_apart(query: Query, page: str, owned: Collection[str]) -> None:
    """The callback that opens a page from a scene, to which it has a way back."""
    open_with(query, page, owned)
    set_opened_by_scene(page)
    forget_lanes()


def steps(t: Text, shown: Scene, number: int) -> None:
    """Back, on, and into the laboratory; always open."""
    last = number == len(SCENES)
    with st.container(horizontal=True, vertical_alignment="center", key="steps"):
        st.button(
            t.story.back, key="back", icon=":material/arrow_back:", on_click=go, args=[number - 1]
        )
        if not last:
            st.button(
                t.story.next,
                key="next",
                type="primary",
                icon=":material/arrow_forward:",
                icon_position="right",
                on_click=go,
                args=[number + 1],
            )
        open_page_button(t.story.apart, "apart", *shown.apart())
