"""Links for a class: to a scene or a page in some state, short or in full."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

import streamlit as st

from core.domain import Query
from core.runs.lanes import Lanes
from core.runs.presets import PRESETS, TWENTY
from pages.texts import Text
from pages.texts.lesson import PLAY
from pages.ui.rooms import activations as curves
from pages.ui.rooms import byhand, digits, perceptron, svm
from pages.ui.rooms import derivatives as slopes
from pages.ui.rooms.story.scenes import SCENES
from pages.ui.rooms.training import lanes
from pages.ui.session import VERSION, linked
from pages.ui.settings import Curves, Presenting, Stage, Telling

State = Callable[[bool], Query]
"""A state of a page as a link; with True every setting is written out."""
States = tuple[State, State, Mapping[str, State]]
"""Of a page: as it opens, as the teacher left it, and its questions."""
OWN = "own"
"""The state in which the teacher left a page."""
HERE = "/classroom"


# States


def lanes_link(runs: Lanes, full: bool) -> Query:
    return lanes.link_of(replace(Stage(), lanes=len(runs)), runs, full=full)


def curves_link(shown: tuple[str, ...], full: bool) -> Query:
    return curves.link_of(Curves(shown), (), full=full)


def states_of(page: Any, first: str, opened: Callable[[], tuple[Any, ...]]) -> States:
    """Of a page's module `page`: its preset `first`, what `opened` gives, and its presets."""

    def state(chosen: Callable[[], tuple[Any, ...]]) -> State:
        return lambda full: page.link_of(*chosen(), full=full)

    presets = {key: state(partial(page.PRESETS.get, key)) for key in page.PRESETS}
    return presets[first], state(opened), presets


def pages() -> dict[str, States]:
    """The states of every page."""
    return {
        "activations": (
            lambda full: curves.link_of(Curves(), (), full=full),
            lambda full: curves.link_of(*curves.open_curves(), full=full),
            {key: partial(curves_link, shown) for key, shown in curves.PRESETS.items()},
        ),
        "derivatives": states_of(slopes, "three", slopes.open_slopes),
        "training": (
            partial(lanes_link, PRESETS["race"]),
            lambda full: lanes.link_of(*lanes.open_lanes(), full=full),
            {key: partial(lanes_link, runs) for key, runs in PRESETS.items()},
        ),
        "perceptron": states_of(perceptron, "groups", perceptron.open_line),
        "byhand": states_of(byhand, "forward", byhand.open_hand),
        "digits": states_of(digits, "reads", digits.open_digits),
        "svm": states_of(svm, "xor", svm.open_svm),
    }


def scene_number(place: str) -> int | None:
    """The number of a place of the story, 0 for its cover; None for another page."""
    if place == "cover":
        return 0
    return int(place.removeprefix("scene")) if place.startswith("scene") else None


def scene_link(number: int, own: bool, full: bool) -> Query:
    """A scene as it opens, or with its dials as the teacher left them."""
    query = Telling(scene=number).to_query(full=full)
    dials = SCENES[number - 1].dials if 1 <= number <= len(SCENES) else None
    if dials is not None:
        query |= (linked(dials) if own else dials()).to_query(full=full)
    return query


def states(place: str) -> dict[str, State]:
    """Every state that a link to this place can open, the one it opens with first."""
    if (number := scene_number(place)) is not None:
        return {"": partial(scene_link, number, False), OWN: partial(scene_link, number, True)}
    opening, own, questions = pages()[place]
    return {"": opening, OWN: own, **questions}


# Addresses


def path_of(place: str) -> str:
    return "" if scene_number(place) is not None else place


def base() -> str:
    """Where the dashboard is, ending in a slash; a slash alone where that is not known."""
    parts = urlsplit(st.context.url or "")
    if parts.scheme not in ("http", "https"):
        return "/"
    path = parts.path.rstrip("/").removesuffix(HERE)
    return urlunsplit((parts.scheme, parts.netloc, path + "/", "", ""))


def address(start: str, place: str, query: Query) -> str:
    """The whole link; a comma needs no escape, and a phone reads the shorter one sooner."""
    return f"{start}{path_of(place)}?{urlencode({**VERSION, **query}, safe=',')}"


def language_part(chosen: str) -> Query:
    return {} if chosen == "any" else {"language": chosen}


def mode_part(mode: str, show: tuple[str, ...], full: bool) -> Query:
    """How the link's reader sees the page."""
    present = mode in ("present", "notes")
    query = Presenting(present=present, notes=mode == "notes", show=show).to_query(full=full)
    return query | ({"embed": "true"} if mode == "embed" else {})


# The runs that refute the misconceptions of the lesson, as long as it takes: where it is about how
# a network begins, one epoch, as training hides it; ten normalized layers have learnt after 400

MYTHS: Mapping[str, tuple[str, State]] = MappingProxyType(
    {
        "time": (
            "perceptron",
            lambda full: perceptron.link_of(*perceptron.PRESETS["never"], full=full),
        ),
        "layers": ("training", partial(lanes_link, PRESETS["layers"])),
        "finished": ("training", partial(lanes_link, PRESETS["race"])),
        "power": ("training", partial(lanes_link, PRESETS["weights"])),
        "rate": ("training", partial(lanes_link, PRESETS["rates"])),
        "tanh": ("training", partial(lanes_link, (replace(TWENTY, epochs=1),))),
        "relu": (
            "training",
            partial(lanes_link, tuple(replace(run, epochs=1) for run in PRESETS["relu"])),
        ),
        "dead": (
            "training",
            lambda full: lanes.link_of(
                Stage(lanes=1, tool="units"), PRESETS["dead"][:1], full=full
            ),
        ),
        "leaky": ("training", partial(lanes_link, PRESETS["dead"])),
        "straight": ("svm", lambda full: svm.link_of(*svm.PRESETS["xor"], full=full)),
        "alone": (
            "training",
            partial(lanes_link, tuple(replace(run, epochs=400) for run in PRESETS["norm"][:2])),
        ),
    }
)


def play_link(start: str, language: str) -> str:
    """Where students try to make ten sigmoid layers learn: on their own screens, all controls
    there, with epochs enough for a remedy to show."""
    run = replace(PRESETS["norm"][0], epochs=400)
    return address(start, "training", {"language": language, **lanes_link((run,), False)})


def lesson_link(start: str, language: str, target: str) -> str:
    """The short link that the lesson's plan gives for `scene3`, `myth_rate` or the free play.

    All but the last are for the projector.
    """
    if target == PLAY:
        return play_link(start, language)
    place, state = (
        MYTHS[target.removeprefix("myth_")]
        if target.startswith("myth_")
        else (target, states(target)[""])
    )
    query = {"language": language, **state(False), **mode_part("present", ("all",), False)}
    return address(start, place, query)


def question_name(t: Text, place: str, state: str) -> str:
    """What a state is called: the page's question, or the words for the two that every page has."""
    if state in ("", OWN):
        return t.classroom.states.own if state else t.classroom.states.opening
    return t[place].presets[state]
