"""A page as a value: its name and place, its settings, the questions it starts from."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from types import MappingProxyType
from typing import Any, Generic, Protocol, TypeVar, cast

from core.domain import Domain, Query, Spec
from core.runs.lanes import Lanes, lane_keys, read_lanes, write_lanes
from core.runs.training import RunSpec
from pages.texts import Text
from pages.ui.session import keep, session, take_over
from pages.ui.settings import Stage

State = TypeVar("State", bound=tuple[Any, ...])
"""A page's settings: one value for each of its parts."""


class Part(Protocol):
    """Settings of one kind on a page."""

    @property
    def kind(self) -> type:
        """The type of their value."""

    @property
    def spec(self) -> type[Spec]:
        """The spec that declares them."""

    @property
    def keys(self) -> tuple[str, ...]:
        """The link keys that hold them."""

    def read(self, query: Query) -> Any:
        """Their value in a link."""

    def write(self, value: Any, *, full: bool) -> dict[str, str]:
        """What a link says to open this value; with `full`, every setting."""

    def with_settings_of(self, value: Any, other: Any, names: Collection[str]) -> Any:
        """`value`, with the settings called `names` taken from `other`."""


@dataclass(frozen=True, eq=False)
class Uses:
    """The settings of one spec on a page.

    base: their values if nothing is chosen. names: the settings on the page, all of them if none
    are named; the others keep the values of `base`. only: narrower domains by name; a value outside
    is replaced by that of `base`. needs: a setting without which the link omits the others.
    quiet: whether even a full link omits them where all is as in `base`.
    """

    base: Spec
    names: tuple[str, ...] = ()
    only: Mapping[str, Domain] = field(default_factory=lambda: MappingProxyType({}))
    needs: str = ""
    quiet: bool = False

    @property
    def kind(self) -> type[Spec]:
        return type(self.base)

    spec = kind

    @property
    def used(self) -> tuple[str, ...]:
        return self.names or tuple(self.kind.domains())

    @property
    def keys(self) -> tuple[str, ...]:
        domains = self.kind.domains()
        return tuple(key for name in self.used for key in domains[name].keys(name))

    def read(self, query: Query) -> Spec:
        found = self.kind.read_query(query, self.base)[0]
        outside = {name for name, domain in self.only.items() if getattr(found, name) not in domain}
        return self.with_settings_of(self.base, found, set(self.used) - outside)

    def write(self, value: Spec, *, full: bool) -> dict[str, str]:
        if (self.needs and not getattr(value, self.needs)) or (self.quiet and value == self.base):
            return {}
        query = value.to_query(self.base, full=full)
        return {key: text for key, text in query.items() if key in self.keys}

    def with_settings_of(self, value: Spec, other: Spec, names: Collection[str]) -> Spec:
        own = {name: getattr(other, name) for name in self.used if name in names}
        return replace(value, **own)  # type: ignore[type-var]


@dataclass(frozen=True, eq=False)
class SideBySide:
    """One to four runs side by side; `base` if no run is chosen."""

    base: Lanes

    kind, spec = tuple, RunSpec

    @property
    def keys(self) -> tuple[str, ...]:
        return (*RunSpec.keys(), *lane_keys(), "lanes")

    def read(self, query: Query) -> Lanes:
        knobs = RunSpec.domains()["knobs"].keys("knobs")  # also set by the page of activations
        if not any(key in query for key in {*RunSpec.keys(), "lanes"} - {*knobs}):
            return self.base
        return read_lanes(query, Stage.from_query(query).lanes)[0]

    def write(self, value: Lanes, *, full: bool) -> dict[str, str]:
        return {"lanes": str(len(value))} | write_lanes(value, full=full)

    def with_settings_of(self, value: Lanes, other: Lanes, names: Collection[str]) -> Lanes:
        return value


@dataclass(frozen=True, eq=False)
class Room(Generic[State]):
    """A page. Its script is `pages/<name>.py`, its words are the texts called `name`.

    section: where the navigation lists it, "" for the bar itself. home: the page at the address
    without a path. parts: its settings, by kind. presets: the settings of its questions, in order.
    visible: how many questions are shown at once, the others on demand; None for all. moved:
    settings that a reader moves while looking, without leaving the question. kept: settings that a
    question leaves as they are. controls: what a link can leave to the class.
    """

    name: str
    icon: str
    parts: tuple[Part, ...]
    section: str = ""
    home: bool = False
    presets: Mapping[str, State] = field(default_factory=lambda: MappingProxyType({}))
    visible: int | None = None
    moved: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return self.name

    @property
    def script(self) -> str:
        return f"pages/{self.name}.py"

    @property
    def path(self) -> str:
        """Its place in the address."""
        return "" if self.home else self.name

    @property
    def keys(self) -> tuple[str, ...]:
        """Every link key that belongs to the page."""
        return tuple(dict.fromkeys(key for part in self.parts for key in part.keys))

    def part(self, kind: type) -> Part:
        return next(part for part in self.parts if part.kind is kind)

    # The page's settings

    def read(self, query: Query) -> State:
        """The page's settings in a link; for an empty link, those that the page opens with."""
        return cast(State, tuple(part.read(query) for part in self.parts))

    def open(self) -> State:
        """What the visitor has chosen."""
        now = session()
        if self not in now.read:
            now.read[self] = self.read(now.settings)
        return cast(State, now.read[self])

    def link_of(self, *state: Any, full: bool = False) -> dict[str, str]:
        """These settings as a link: what differs from what the page opens with, or all of them."""
        query: dict[str, str] = {}
        for value in state:
            query |= self.part(type(value)).write(value, full=full)
        return query

    def change(self, kind: type[Spec], name: str, value: Any) -> None:
        """Record that the visitor has set `name`, a setting of this kind, to `value`."""
        part = self.part(kind)
        changed = replace(part.read(session().settings), **{name: value})
        keep(part.write(changed, full=False), part.keys)

    def setter(self, kind: type[Spec]) -> Callable[[str, Any], None]:
        """As `change`, for the settings of one kind."""
        return partial(self.change, kind)

    # Its questions

    def question(self, state: State) -> State:
        """The settings without those that a reader moves while looking."""
        return self._with(state, self.read({}), self.moved)

    @property
    def preset(self) -> str | None:
        """The current question of the page."""
        now = self.question(self.open())
        return next((k for k, state in self.presets.items() if self.question(state) == now), None)

    def note(self, t: Text) -> str | None:
        """What the current question asks to look at, None if there is none."""
        return t[self.name].preset_notes[self.preset] if self.preset else None

    def choose(self, preset: str) -> None:
        """Apply the settings of a question, with undo."""
        state = self._with(self.presets[preset], self.open(), self.kept)
        take_over(self.link_of(*state), self.keys)

    def _with(self, state: State, other: State, names: Collection[str]) -> State:
        triples = zip(self.parts, state, other, strict=True)
        return cast(State, tuple(part.with_settings_of(a, b, names) for part, a, b in triples))
