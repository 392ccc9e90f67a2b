"""Links for a class: to a scene or a page in some state, short or in full."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

import streamlit as st

from core.domain import Query, Spec
from core.runs.lanes import Lanes
from core.runs.presets import PRESETS, TWENTY
from pages.texts import Text
from pages.texts.lesson import PLAY
from pages.ui.house import PERCEPTRON, ROOMS, STORY, SVM, TRAINING, Presenting
from pages.ui.room import Room
from pages.ui.rooms.story.scenes import SCENES
from pages.ui.session import VERSION, linked
from pages.ui.settings import Stage, Telling

State = Callable[[bool], Query]
"""A state of a page as a link; with True every setting is written out."""
OWN = "own"
"""The state in which the teacher left a page."""
LOCAL = ("localhost", "127.0.0.1", "::1", "0.0.0.0")


# States


def state_of(room: Room[Any], *values: Any) -> State:
    """The state of a page with these settings."""
    return lambda full: room.link_of(*values, full=full)


def lanes_state(runs: Lanes) -> State:
    return state_of(TRAINING, Stage(), runs)


def scene_number(place: str) -> int | None:
    """The number of a place of the story, 0 for its cover; None for another page."""
    if place == "cover":
        return 0
    return int(place.removeprefix("scene")) if place.startswith("scene") else None


def scene_link(number: int, own: bool, full: bool) -> Query:
    """A scene in its initial state, or with its dials as the teacher left them."""
    told: list[Spec] = [Telling(scene=number)]
    dials = SCENES[number - 1].dials if 1 <= number <= len(SCENES) else None
    if dials is not None:
        told.append(linked(dials) if own else dials())
    return STORY.link_of(*told, full=full)


def states(place: str) -> dict[str, State]:
    """Every state that a link to this place can open, the initial one first."""
    if (number := scene_number(place)) is not None:
        return {"": partial(scene_link, number, False), OWN: partial(scene_link, number, True)}
    room = ROOMS[place]
    return {
        "": state_of(room, *room.read({})),
        OWN: lambda full: room.link_of(*room.open(), full=full),
        **{key: state_of(room, *preset) for key, preset in room.presets.items()},
    }


# Addresses


def path_of(place: str) -> str:
    return STORY.path if scene_number(place) is not None else ROOMS[place].path


def base() -> str:
    """Where the dashboard is, ending in a slash; only a slash if that is unknown."""
    parts = urlsplit(st.context.url or "")
    if parts.scheme not in ("http", "https"):
        return "/"
    path = parts.path.rstrip("/")
    page = next(
        (f"/{r.path}" for r in ROOMS.values() if r.path and path.endswith(f"/{r.path}")), ""
    )
    path = path.removesuffix(page)
    return urlunsplit((parts.scheme, parts.netloc, path + "/", "", ""))


def warn_if_local(t: Text) -> None:
    """Say so if phones cannot open the address."""
    if (urlsplit(base()).hostname or "localhost") in LOCAL:
        st.info(t.classroom.local, icon=":material/wifi_off:")


def address(start: str, place: str, query: Query) -> str:
    """The whole link; a comma needs no escape, and a phone scans a shorter QR code faster."""
    return f"{start}{path_of(place)}?{urlencode({**VERSION, **query}, safe=',')}"


def language_part(chosen: str) -> Query:
    return {} if chosen == "any" else {"language": chosen}


def mode_part(mode: str, show: tuple[str, ...], full: bool) -> Query:
    """How the link's reader sees the page."""
    present = mode in ("present", "notes")
    query = Presenting(present=present, notes=mode == "notes", show=show).to_query(full=full)
    return query | ({"embed": "true"} if mode == "embed" else {})


# The runs that refute the lesson's misconceptions, with just enough epochs: 1 where it is about
# initialization, which training hides; 400 for the ten normalized layers to learn

MYTHS: Mapping[str, tuple[str, State]] = MappingProxyType(
    {
        "time": ("perceptron", state_of(PERCEPTRON, *PERCEPTRON.presets["never"])),
        "layers": ("training", lanes_state(PRESETS["layers"])),
        "finished": ("training", lanes_state(PRESETS["race"])),
        "power": ("training", lanes_state(PRESETS["weights"])),
        "rate": ("training", lanes_state(PRESETS["rates"])),
        "tanh": ("training", lanes_state((replace(TWENTY, epochs=1),))),
        "relu": (
            "training",
            lanes_state(tuple(replace(run, epochs=1) for run in PRESETS["relu"])),
        ),
        "dead": (
            "training",
            state_of(TRAINING, Stage(tool="units"), PRESETS["dead"][:1]),
        ),
        "leaky": ("training", lanes_state(PRESETS["dead"])),
        "straight": ("svm", state_of(SVM, *SVM.presets["xor"])),
        "alone": (
            "training",
            lanes_state(tuple(replace(run, epochs=400) for run in PRESETS["norm"][:2])),
        ),
    }
)


def play_link(start: str, language: str) -> str:
    """Where students try to make ten sigmoid layers learn: on their own screens, with all controls,
    and enough epochs for a remedy to show."""
    run = replace(PRESETS["norm"][0], epochs=400)
    return address(start, "training", {"language": language, **lanes_state((run,))(False)})


def lesson_link(start: str, language: str, target: str) -> str:
    """The short link that the lesson plan gives for `scene3`, `myth_rate` or the free play.

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
    """The name of a state: the page's question, or the words for the two that every page has."""
    if state in ("", OWN):
        return t.classroom.states.own if state else t.classroom.states.opening
    return t[place].presets[state]
