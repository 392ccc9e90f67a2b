"""One to four runs side by side on the same data and seed, and how a link writes them.

Lane 1 has bare keys, lanes 2 to 4 write only what differs from lane 1: `2.activation=relu`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from core.domain import Query
from core.runs.training import RunSpec

MOST_LANES = 4
SHARED = frozenset({"dataset", "noise", "samples", "data_seed", "epochs", "seed", "replicas"})
"""What all lanes share; without it a comparison would mean nothing."""

Lanes = tuple[RunSpec, ...]


def changed(lanes: Lanes, name: str, value: Any) -> Lanes:
    """The lanes with a setting changed; one that has its own value keeps it, if it may have one."""
    old = getattr(lanes[0], name)
    follows = [name in SHARED or getattr(run, name) == old for run in lanes]
    pairs = zip(lanes, follows, strict=True)
    return tuple(replace(run, **{name: value}) if yes else run for run, yes in pairs)


def prefix(lane: int) -> str:
    """The prefix of the keys of lane 2, 3 or 4 (`lane` 1, 2, 3 as an index)."""
    return f"{lane + 1}."


def lane_keys() -> tuple[str, ...]:
    """Every key that a lane after the first may have in a link."""
    own = sorted(set(RunSpec.keys()) - SHARED)
    return tuple(prefix(lane) + key for lane in range(1, MOST_LANES) for key in own)


def read_lanes(query: Query, count: int) -> tuple[Lanes, tuple[str, ...]]:
    """`count` runs, and the keys whose values were ignored."""
    first, ignored = RunSpec.read_query(query)
    lanes, damaged = [first], list(ignored)
    for lane in range(1, count):
        own = {
            key.removeprefix(prefix(lane)): value
            for key, value in query.items()
            if key.startswith(prefix(lane)) and key.removeprefix(prefix(lane)) not in SHARED
        }
        run, bad = RunSpec.read_query(own, first)
        lanes.append(run)
        damaged += [prefix(lane) + key for key in bad]
    return tuple(lanes), tuple(damaged)


def write_lanes(lanes: Lanes, *, full: bool = False) -> dict[str, str]:
    """The link of these runs: what differs from the defaults, or with `full` all of lane 1."""
    first, *others = lanes
    query = first.to_query(full=full)
    for lane, run in enumerate(others, start=1):
        query |= {prefix(lane) + key: text for key, text in run.to_query(first).items()}
    return query
