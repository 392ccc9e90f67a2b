"""Domains: the values a setting may take, and `Spec`, the base of all settings.

A setting is one line of a frozen spec,

    depth: int = whole(5, low=0, high=50)

and from that line come its validation, its place in a link, its widget
(`pages.ui.widgets.controls`) and the random specs of the tests.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Self

from core.registry import registry

Query = Mapping[str, str]
"""The settings of a link: strings by key, as in `?depth=5&activation=tanh`."""

INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,4})?")
PLACES = re.compile(r"[0-9]{1,4}(-[0-9]{1,4})?(,[0-9]{1,4}(-[0-9]{1,4})?)*")
LONGEST_VALUE = 64  # longer texts are damage, and int() or float() of a megabyte is slow


class Domain:
    """The values that one setting may take, and how a link writes them.

    `read` returns the value and the keys that could not be used; a key that is
    missing is no damage and yields the default.

    longest: the characters of a value that is not damage.
    """

    longest = LONGEST_VALUE

    def __contains__(self, value: object) -> bool:
        raise NotImplementedError

    def parse(self, text: str) -> Any:
        """The value that `text` writes; ValueError where it writes none."""
        raise NotImplementedError

    def write(self, value: Any) -> str:
        return str(value)

    def keys(self, name: str) -> tuple[str, ...]:
        """The keys of a link that belong to the setting `name`."""
        return (name,)

    def read(self, name: str, query: Query, default: Any) -> tuple[Any, tuple[str, ...]]:
        if name not in query:
            return default, ()
        try:
            if len(query[name]) > self.longest:
                raise ValueError(name)
            value = self.parse(query[name])
        except ValueError:
            return default, (name,)
        return (value, ()) if value in self else (default, (name,))

    def to_query(self, name: str, value: Any, reference: Any) -> dict[str, str]:
        """The part of a link that turns the setting `reference` (None: no setting) into `value`."""
        return {} if value == reference else {name: self.write(value)}


@dataclass(frozen=True)
class Choice(Domain):
    """One key of a registry."""

    options: Mapping[str, Any]

    def __contains__(self, value: object) -> bool:
        return isinstance(value, str) and value in self.options

    def parse(self, text: str) -> str:
        return text


@dataclass(frozen=True)
class Several(Domain):
    """At least one and at most `most` different keys of a registry, in the order chosen."""

    options: Mapping[str, Any]
    most: int

    def __contains__(self, value: object) -> bool:
        return (
            isinstance(value, tuple)
            and 1 <= len(value) <= self.most
            and len(set(value)) == len(value)
            and all(isinstance(key, str) and key in self.options for key in value)
        )

    def read(self, name: str, query: Query, default: Any) -> tuple[Any, tuple[str, ...]]:
        if name not in query:
            return default, ()
        longest = sum(len(key) + 1 for key in self.options)
        value = tuple(query[name].split(",")) if len(query[name]) <= longest else ()
        return (value, ()) if value in self else (default, (name,))

    def write(self, value: Sequence[str]) -> str:
        return ",".join(value)


@dataclass(frozen=True)
class Whole(Domain):
    """An integer between two bounds, both included; `steps` are the values a widget offers."""

    low: int
    high: int
    steps: tuple[int, ...] = ()

    def __contains__(self, value: object) -> bool:
        return type(value) is int and self.low <= value <= self.high

    def parse(self, text: str) -> int:
        if not INTEGER.fullmatch(text):
            raise ValueError(text)
        return int(text)


@dataclass(frozen=True)
class Real(Domain):
    """A finite number between two bounds, both included; `steps` are the values a widget offers."""

    low: float
    high: float
    steps: tuple[float, ...] = ()

    def __contains__(self, value: object) -> bool:
        return (
            isinstance(value, int | float)
            and not isinstance(value, bool)
            and self.low <= value <= self.high
        )

    def parse(self, text: str) -> float:
        if not NUMBER.fullmatch(text):
            raise ValueError(text)
        return float(text) + 0.0  # -0.0 and 0.0 are one setting

    def write(self, value: float) -> str:
        text = repr(float(value))  # a NumPy scalar would name its type
        return text.removesuffix(".0")


@dataclass(frozen=True)
class Flag(Domain):
    """Yes or no, written 1 or 0."""

    def __contains__(self, value: object) -> bool:
        return isinstance(value, bool)

    def parse(self, text: str) -> bool:
        if text not in ("0", "1"):
            raise ValueError(text)
        return text == "1"

    def write(self, value: bool) -> str:
        return "1" if value else "0"


@dataclass(frozen=True)
class Fingerprint(Domain):
    """The first `digits` hexadecimal digits of a digest; "", written as no key at all, for none."""

    digits: int

    def __contains__(self, value: object) -> bool:
        return isinstance(value, str) and (value == "" or self.written(value))

    def written(self, text: str) -> bool:
        return re.fullmatch(f"[0-9a-f]{{{self.digits}}}", text) is not None

    def parse(self, text: str) -> str:
        if not self.written(text):
            raise ValueError(text)
        return text

    def to_query(self, name: str, value: Any, reference: Any) -> dict[str, str]:
        return super().to_query(name, value, reference or "")


@dataclass(frozen=True)
class Places(Domain):
    """Different whole numbers from 1 to `high` in their order, at most `most`: `1-3,7`.

    (), written as no key at all, for none.
    """

    high: int
    most: int

    def __contains__(self, value: object) -> bool:
        return (
            isinstance(value, tuple)
            and len(value) <= self.most
            and all(type(place) is int and 1 <= place <= self.high for place in value)
            and list(value) == sorted(set(value))
        )

    def read(self, name: str, query: Query, default: Any) -> tuple[Any, tuple[str, ...]]:
        if name not in query:
            return default, ()
        try:
            if len(query[name]) > 5 * self.most:
                raise ValueError(name)
            value = self.parse(query[name])
        except ValueError:
            return default, (name,)
        return (value, ()) if value in self else (default, (name,))

    def parse(self, text: str) -> tuple[int, ...]:
        if not PLACES.fullmatch(text):
            raise ValueError(text)
        places: list[int] = []
        for part in text.split(","):
            first, _, last = part.partition("-")
            places += range(int(first), int(last or first) + 1)
            if int(last or first) < int(first):
                raise ValueError(text)
        return tuple(places)

    def write(self, value: Sequence[int]) -> str:
        parts: list[list[int]] = []
        for place in value:
            if parts and parts[-1][-1] == place - 1:
                parts[-1].append(place)
            else:
                parts.append([place])
        return ",".join(f"{p[0]}-{p[-1]}" if len(p) > 1 else str(p[0]) for p in parts)

    def to_query(self, name: str, value: Any, reference: Any) -> dict[str, str]:
        return super().to_query(name, value, reference or ())


@dataclass(frozen=True)
class Levels(Domain):
    """`count` whole numbers from 0 to `high`, one character each: 0 to 9, then a, b and so on."""

    count: int
    high: int

    def __contains__(self, value: object) -> bool:
        return (
            isinstance(value, tuple)
            and len(value) == self.count
            and all(type(level) is int and 0 <= level <= self.high for level in value)
        )

    def parse(self, text: str) -> tuple[int, ...]:
        if not re.fullmatch("[0-9a-z]*", text):
            raise ValueError(text)
        return tuple(int(character, 36) for character in text)

    def write(self, value: Sequence[int]) -> str:
        return "".join("0123456789abcdefghijklmnopqrstuvwxyz"[level] for level in value)


@dataclass(frozen=True)
class Knob:
    """A parameter of a registry entry; `default` is the paper's value, `symbol` is LaTeX.

    name: what a label calls it, "" for its key. steps: the values that a widget offers; without
    them it offers all from `low` to `high`.
    """

    key: str
    default: float
    low: float
    high: float
    symbol: str
    name: str = ""
    steps: tuple[float, ...] = ()

    @property
    def label(self) -> str:
        return self.name or self.key


@dataclass(frozen=True)
class Knobs(Domain):
    """Knobs of registry entries: a sorted tuple of pairs, `(("elu.a", 0.5), ...)`.

    `domains` maps every knob, `<entry>.<knob>`, to its `Real`, `defaults` to its
    default. A knob at its default is left out, so that equal settings are equal
    tuples. Each knob has its own key in a link.
    """

    domains: Mapping[str, Real]
    defaults: Mapping[str, float]

    def __contains__(self, value: object) -> bool:
        if not isinstance(value, tuple) or not all(isinstance(p, tuple) for p in value):
            return False
        if not all(len(p) == 2 and isinstance(p[0], str) and p[0] in self.domains for p in value):
            return False
        inside = all(number in self.domains[knob] for knob, number in value)
        return inside and value == self.only_changed(dict(value))

    def keys(self, name: str) -> tuple[str, ...]:
        return tuple(self.domains)

    def read(self, name: str, query: Query, default: Any) -> tuple[Any, tuple[str, ...]]:
        knobs = dict(default)
        damaged: list[str] = []
        for knob in sorted(self.domains.keys() & query.keys()):
            value, bad = self.domains[knob].read(knob, query, knobs.get(knob, self.defaults[knob]))
            damaged += bad
            knobs[knob] = value
        return self.only_changed(knobs), tuple(damaged)

    def only_changed(self, knobs: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
        return tuple(sorted((k, v) for k, v in knobs.items() if v != self.defaults[k]))

    def to_query(self, name: str, value: Any, reference: Any) -> dict[str, str]:
        new = {**self.defaults, **dict(value)}
        old = {} if reference is None else {**self.defaults, **dict(reference)}
        return {
            knob: self.domains[knob].write(number)
            for knob, number in new.items()
            if old.get(knob) != number
        }


@dataclass(frozen=True)
class Given(Domain):
    """Numbers given by name in place of others: sorted pairs, `(("w1.11", 0.5), ...)`.

    One that is not given is left out. Each number has its own key in a link.
    """

    domains: Mapping[str, Real]

    def __contains__(self, value: object) -> bool:
        if not isinstance(value, tuple) or not all(isinstance(p, tuple) for p in value):
            return False
        if not all(len(p) == 2 and isinstance(p[0], str) and p[0] in self.domains for p in value):
            return False
        inside = all(number in self.domains[key] for key, number in value)
        return inside and value == tuple(sorted(dict(value).items()))

    def keys(self, name: str) -> tuple[str, ...]:
        return tuple(self.domains)

    def read(self, name: str, query: Query, default: Any) -> tuple[Any, tuple[str, ...]]:
        given = dict(default)
        damaged: list[str] = []
        for key in sorted(self.domains.keys() & query.keys()):
            value, bad = self.domains[key].read(key, query, None)
            damaged += bad
            if not bad:
                given[key] = value
        return tuple(sorted(given.items())), tuple(damaged)

    def to_query(self, name: str, value: Any, reference: Any) -> dict[str, str]:
        old = dict(reference or ())
        return {
            key: self.domains[key].write(number) for key, number in value if old.get(key) != number
        }


def choice(default: str, options: Mapping[str, Any]) -> Any:
    return field(default=default, metadata={"domain": Choice(options)})


def several(default: tuple[str, ...], options: Mapping[str, Any], *, most: int) -> Any:
    return field(default=default, metadata={"domain": Several(options, most)})


def whole(default: int, *, low: int, high: int, steps: Sequence[int] = ()) -> Any:
    return field(default=default, metadata={"domain": Whole(low, high, tuple(steps))})


def real(default: float, *, low: float, high: float, steps: Sequence[float] = ()) -> Any:
    return field(default=default, metadata={"domain": Real(low, high, tuple(steps))})


def flag(default: bool) -> Any:
    return field(default=default, metadata={"domain": Flag()})


def fingerprint(*, digits: int) -> Any:
    return field(default="", metadata={"domain": Fingerprint(digits)})


def places(*, high: int, most: int) -> Any:
    return field(default=(), metadata={"domain": Places(high, most)})


def levels(default: tuple[int, ...], *, high: int) -> Any:
    return field(default=default, metadata={"domain": Levels(len(default), high)})


def knobs(entries: Mapping[str, Any]) -> Any:
    """The knobs of all entries of a registry whose entries have `.knobs`.

    Raises ValueError, naming the key, if an entry has two knobs of the same one.
    """
    each = [(f"{e.key}.{k.key}", k) for e in entries.values() for k in registry(*e.knobs).values()]
    domains = {name: Real(knob.low, knob.high, knob.steps) for name, knob in each}
    defaults = {name: knob.default for name, knob in each}
    return field(default=(), metadata={"domain": Knobs(domains, defaults)})


def given(keys: Sequence[str], *, low: float, high: float) -> Any:
    return field(default=(), metadata={"domain": Given(dict.fromkeys(keys, Real(low, high)))})


class Spec:
    """Base of the frozen settings: always valid, hashable, written as a query.

    A field without a domain is not a setting: links do not carry it, and reading one leaves it as
    it is in the base. Raises ValueError for a value outside its domain.
    """

    def __post_init__(self) -> None:
        for name, domain in self.domains().items():
            if (value := getattr(self, name)) not in domain:
                raise ValueError(f"{type(self).__name__}.{name}: {value!r} is not in {domain}")

    @classmethod
    def domains(cls) -> dict[str, Domain]:
        return {
            f.name: f.metadata["domain"]
            for f in fields(cls)  # type: ignore[arg-type]
            if "domain" in f.metadata
        }

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        return {f.name: f.default for f in fields(cls)}  # type: ignore[arg-type]

    @classmethod
    def keys(cls) -> tuple[str, ...]:
        """Every key of a link that belongs to this spec.

        Raises ValueError, naming the key, if two settings have the same one.
        """
        keys = tuple(key for name, domain in cls.domains().items() for key in domain.keys(name))
        for key, count in Counter(keys).items():
            if count > 1:
                raise ValueError(f"{cls.__name__}: two settings have the key {key!r}")
        return keys

    @classmethod
    def read_query(cls, query: Query, base: Self | None = None) -> tuple[Self, tuple[str, ...]]:
        """The settings that `query` writes, and the keys whose values were ignored.

        A missing or damaged value takes that of `base` (the defaults, if None).
        """
        base = base if base is not None else cls()
        settings: dict[str, Any] = {}
        ignored: list[str] = []
        for name, domain in cls.domains().items():
            settings[name], damaged = domain.read(name, query, getattr(base, name))
            ignored += damaged
        return replace(base, **settings), tuple(ignored)  # type: ignore[type-var]

    @classmethod
    def from_query(cls, query: Query) -> Self:
        return cls.read_query(query)[0]

    def to_query(self, base: Self | None = None, *, full: bool = False) -> dict[str, str]:
        """Write what differs from `base` (the defaults, if None); with `full`, everything."""
        reference = base if base is not None else type(self)()
        return {
            key: text
            for name, domain in self.domains().items()
            for key, text in domain.to_query(
                name, getattr(self, name), None if full else getattr(reference, name)
            ).items()
        }
