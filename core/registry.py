"""Registries: entries by their key, each key once."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol, TypeVar


class Keyed(Protocol):
    """What can be an entry of a registry."""

    @property
    def key(self) -> str: ...


E = TypeVar("E", bound=Keyed)


def registry(*entries: E) -> Mapping[str, E]:
    """The entries by their key, in the order given, read-only.

    Raises ValueError, naming the key, if two entries have the same one.
    """
    by_key: dict[str, E] = {}
    for entry in entries:
        if entry.key in by_key:
            raise ValueError(f"two entries have the key {entry.key!r}")
        by_key[entry.key] = entry
    return MappingProxyType(by_key)
