"""What a visitor has chosen, as the strings of a link, kept across pages, languages and reruns.

The session holds one frozen value, replaced by one assignment, so that an overlapping rerun
never sees half of a change. The address is read when the session begins; after that the session is
the truth and the address follows, until the browser's Back or Forward brings an earlier one.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, NoReturn, TypeVar, cast

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core.domain import LONGEST_VALUE, Query, Spec
from core.nn.expression import LONGEST
from core.runs.lanes import MOST_LANES, Lanes, lane_keys, read_lanes

S = TypeVar("S", bound=Spec)
VERSION = {"v": "1"}
EMBEDDING = ("embed", "embed_options")  # Streamlit's own keys
SEAT = ("class", "voter", "desk")
"""The visitor's seat in a live lesson: not a setting, and not part of a link to the page."""
NOTHING: Query = MappingProxyType({})


@dataclass(frozen=True)
class Session:
    """settings: valid strings by key. damaged: what could not be used of the link.
    before: the settings before the last preset, for undo. read: the values parsed from them, by
    kind or page, as a page asks for them some twenty times.
    """

    settings: Query
    damaged: Query = field(default_factory=lambda: NOTHING)
    before: Query | None = None
    read: dict[Any, Any] = field(default_factory=dict, init=False, compare=False)


def session() -> Session:
    return st.session_state["session"]


def commit(new: Session) -> None:
    st.session_state["session"] = new


def open_session(specs: Iterable[type[Spec]]) -> None:
    """Begin the visitor's session with the contents of the address; later calls do nothing."""
    if "session" not in st.session_state:
        commit(read_address(specs))


def read_address(specs: Iterable[type[Spec]]) -> Session:
    """What the address says; a key that is unknown, repeated or has a value that no spec accepts
    is set aside.
    """
    given = {k: st.query_params.get_all(k) for k in st.query_params if k not in (*EMBEDDING, *SEAT)}
    single = {k: v[0] for k, v in given.items() if len(v) == 1}
    damaged = set(given) - set(single)
    known = set(lane_keys()) | set(VERSION)
    for spec in specs:
        known |= set(spec.keys())
        damaged |= set(spec.read_query(single)[1])
    damaged |= set(read_lanes(single, MOST_LANES)[1])
    damaged |= {k for k in given if k not in known}
    damaged |= {k for k in VERSION if k in single and single[k] != VERSION[k]}
    settings = {k: v for k, v in single.items() if k not in damaged and k not in VERSION}
    shown = {k[:LONGEST_VALUE]: ", ".join(given[k][:3])[: LONGEST + 1] for k in sorted(damaged)}
    return Session(MappingProxyType(settings), MappingProxyType(shown))


def follow_history(specs: Iterable[type[Spec]], owned: Collection[str]) -> None:
    """After the browser's Back or Forward: the settings `owned` as the address has them.

    Pages share settings, so those of the page that was left may have become another's since.
    """
    context = get_script_run_ctx()
    if context is None or not context.is_history_navigation:
        return
    if settings := read_address(specs).settings:
        keep({k: v for k, v in settings.items() if k in owned}, owned)


def linked(spec: type[S]) -> S:
    """The settings of this kind that the visitor has chosen or followed a link to."""
    now = session()
    if spec not in now.read:
        now.read[spec] = spec.from_query(now.settings)
    return cast(S, now.read[spec])


def keep(query: Query, owned: Collection[str]) -> None:
    """Store `query` in place of everything that the session holds under the keys `owned`."""
    now = session()
    rest = {k: v for k, v in now.settings.items() if k not in owned}
    settings = MappingProxyType(rest | dict(query))
    if settings != now.settings:
        commit(replace(now, settings=settings))


def take_over(query: Query, owned: Collection[str]) -> None:
    """The callback of a preset: as `keep`, with undo."""
    before = session().settings
    keep(query, owned)
    commit(replace(session(), before=before))


def undo() -> None:
    """The callback of undo: the settings before the last preset."""
    now = session()
    if now.before is not None:
        commit(replace(now, settings=now.before, before=None))


def write_address(query: Query) -> None:
    """Make the address bar hold `query`, besides Streamlit's own keys and the seat in a lesson.

    In one message: the browser may take each for a place that Back returns to.
    """
    current = {k: st.query_params[k] for k in st.query_params if k not in (*EMBEDDING, *SEAT)}
    if current != query:
        seat = {k: st.query_params[k] for k in SEAT if k in st.query_params}
        st.query_params.from_dict({**seat, **query})


def go_on(script: str) -> NoReturn:
    """Go to another page, and leave the address as it is for the browser's Back; the page that is
    gone to writes its own.
    """
    st.switch_page(script, query_params=st.query_params.to_dict())


@contextmanager
def drawing() -> Iterator[None]:
    """Around the drawing of a page; an interruption is remembered until a page is drawn whole."""
    st.session_state["cut_short"] = st.session_state.get("drawing", False)
    st.session_state["drawing"] = True
    yield
    st.session_state["drawing"] = st.session_state["cut_short"] = False


def cut_short() -> bool:
    """Whether the last drawing of the page was interrupted: what it sent may be lost."""
    return st.session_state.get("cut_short", False)


def is_stopped(runs: Hashable) -> bool:
    """Whether the visitor has stopped the computation of these runs, or of a study."""
    return runs in st.session_state.get("stopped", frozenset())


def set_stopped(runs: Hashable, stopped: bool) -> None:
    """The callback of Cancel and of Resume."""
    others = st.session_state.get("stopped", frozenset()) - {runs}
    st.session_state["stopped"] = others | {runs} if stopped else others


def open_with(query: Query, page: str, owned: Collection[str]) -> None:
    """The callback that opens a page with these settings of those it owns, with undo."""
    take_over(query, owned)
    go_to(page)


GOING = "going"


def go_to(page: str) -> None:
    """In a callback: let the next run of the page as a whole go to another page.

    A button's own `if` might never be reached: what is pressed in the moment in which a fragment
    is asked for reaches the server as a run of that fragment, in which only callbacks are called.
    """
    st.session_state[GOING] = page


def is_going() -> bool:
    """Whether the visitor is on the way to another page."""
    return GOING in st.session_state


def arrive() -> str | None:
    """The page that the visitor is on the way to, who is there from now on."""
    return st.session_state.pop(GOING, None)


def opened_by_scene() -> str | None:
    """The page opened by a scene of the story, until the reader is back in the story."""
    return st.session_state.get("opened_by_scene")


def set_opened_by_scene(page: str | None) -> None:
    st.session_state["opened_by_scene"] = page


def outcomes() -> dict[str, str]:
    """The outcomes of runs that this visitor has seen, by scene and question."""
    return st.session_state.setdefault("outcomes", {})


def lanes_before(lanes: Lanes) -> Lanes | None:
    """The lanes shown before these, None at first; kept as specs, never as recordings."""
    now, before = st.session_state.get("shown", (lanes, None))
    if now != lanes:
        now, before = lanes, now
    st.session_state["shown"] = (now, before)
    return before


def forget_lanes() -> None:
    """Compare what a scene opens with nothing, as what was there answered another question."""
    st.session_state.pop("shown", None)
