"""A sweep and a map as values: lists of cells, each of which is one run.

A sweep varies one numeric setting of up to four networks over several seeds. A map varies the depth
and the weight variance sigma_w^2 of one network (Schoenholz, Gilmer, Ganguli & Sohl-Dickstein,
"Deep information propagation", ICLR 2017, figure 5).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from math import sqrt
from urllib.parse import parse_qsl, urlencode

import numpy as np

from core.domain import Real, Spec, Whole, choice, flag, real, whole
from core.runs.lanes import Lanes
from core.runs.training import STARTS, RunSpec

NUMERIC = {
    name: domain
    for name, domain in RunSpec.domains().items()
    if isinstance(domain, Real | Whole) and name not in ("seed", "data_seed", "replicas")
}
"""The settings that can be swept."""
RANGES = {
    "gain": (1e-4, 1.0), "depth": (1, 20), "rate": (1e-3, 10.0), "width": (2, 64),
    "batch": (1, 256), "epochs": (1, 50), "samples": (50, 1000), "noise": (0.0, 1.0),
    "skip": (0.0, 1.0), "clip": (0.0, 1.0), "warmup": (0, 20), "frozen": (0, 5),
}  # fmt: skip
"""A range of each in which something can be seen, in the order in which they are offered."""
DIGITS = 3
"""Significant digits of a swept value."""
LOGARITHMIC = frozenset({"gain", "rate", "width", "batch"})
"""Those whose values are equal factors apart; all others are equal steps apart."""
SMALLEST = 1e-6
"""The lowest value of a logarithmic axis."""
TOGETHER = 20
"""The most runs that are trained as one stack."""


def text_of(run: RunSpec) -> str:
    """The canonical text of a run: what differs from the defaults, as in a link, sorted by key."""
    return urlencode(sorted(run.to_query().items()))


def run_of(text: str) -> RunSpec:
    """The run that `text_of` wrote. Raises ValueError if the text names no run."""
    run = RunSpec.from_query(dict(parse_qsl(text, keep_blank_values=True)))
    if text_of(run) != text:
        raise ValueError(f"no run: {text!r}")
    return run


def rounded(name: str, value: float) -> float:
    """The nearest value that the setting may take, to DIGITS significant digits."""
    domain = NUMERIC[name]
    held = min(max(float(f"{value:.{DIGITS}g}"), domain.low), domain.high)
    return round(held) if isinstance(domain, Whole) else held


def values_between(name: str, low: float, high: float, points: int) -> tuple[float, ...]:
    """At most `points` different values of a setting, rising from the lower to the higher."""
    low, high = sorted((low, high))
    if name in LOGARITHMIC:
        spaced = np.geomspace(max(low, SMALLEST), max(high, SMALLEST), points)
    else:
        spaced = np.linspace(low, high, points)
    return tuple(sorted({rounded(name, float(value)) for value in spaced}))


@dataclass(frozen=True)
class Sweep:
    """`setting` over `values` for each of `lanes`, with `seeds` seeds from each lane's own on.

    Raises ValueError for a setting that has no numbers.
    """

    lanes: Lanes
    setting: str
    values: tuple[float, ...]
    seeds: int = 1

    def __post_init__(self) -> None:
        if self.setting not in NUMERIC:
            raise ValueError(self.setting)

    def cell(self, lane: int, value: float, seed: int = 0) -> RunSpec:
        """The run of a lane at one value of the setting, with its seed moved on by `seed`."""
        run = self.lanes[lane]
        last = RunSpec.domains()["seed"]
        assert isinstance(last, Whole)
        own = {"seed": (run.seed + seed) % (last.high + 1), "replicas": 1, "table": None}
        return replace(run, **{**own, self.setting: value})  # type: ignore[arg-type]

    @cached_property
    def places(self) -> dict[RunSpec, tuple[int, float, int]]:
        """Lane, value and seed of every cell, one seed after another."""
        return {
            self.cell(lane, value, seed): (lane, value, seed)
            for seed in range(self.seeds)
            for lane in range(len(self.lanes))
            for value in self.values
        }

    @property
    def cells(self) -> tuple[RunSpec, ...]:
        return tuple(self.places)


@dataclass(frozen=True)
class Map:
    """One network over its depth and its weight variance sigma_w^2, with biases that start at 0.

    The variance of a weight is sigma_w^2 / fan_in: LeCun's initialization times sqrt(sigma_w^2).
    """

    run: RunSpec
    depths: tuple[float, ...]
    variances: tuple[float, ...]

    def cell(self, depth: float, variance: float) -> RunSpec:
        gain = rounded("gain", sqrt(variance))
        weights = {"initializer": "lecun", "gain": gain, "replicas": 1, "table": None}
        return replace(self.run, **{**weights, "depth": depth})  # type: ignore[arg-type]

    @cached_property
    def places(self) -> dict[RunSpec, tuple[float, float]]:
        """Depth and variance of every cell, one depth after another."""
        pairs = [(depth, variance) for depth in self.depths for variance in self.variances]
        return {self.cell(*pair): pair for pair in pairs}

    @property
    def cells(self) -> tuple[RunSpec, ...]:
        return tuple(self.places)


Grid = Sweep | Map


def stacks(cells: Iterable[RunSpec]) -> Iterator[tuple[RunSpec, ...]]:
    """The cells in groups of at most TOGETHER that can be trained as one stack."""
    alike: dict[RunSpec, list[RunSpec]] = {}
    usual = RunSpec()
    for cell in dict.fromkeys(cells):
        shape = replace(cell, **{name: getattr(usual, name) for name in STARTS})
        alike.setdefault(shape, []).append(cell)
    for group in alike.values():
        for start in range(0, len(group), TOGETHER):
            yield tuple(group[start : start + TOGETHER])


# As settings

QUANTITIES = dict.fromkeys(("accuracy", "test_accuracy", "loss", "test_loss", "share"))
"""What is measured of a whole network at the end of a run."""
STATISTICS = dict.fromkeys(
    ("delta", "gradient_norm", "relative_update", "signal", "activation_std", "saturated", "dead")
)
"""What is measured in each of its layers."""
PARTS = dict.fromkeys(("sweep_line", "sweep_map"))
MOST_DEPTH, MOST_CELLS = 50, 30


@dataclass(frozen=True)
class Sweeping(Spec):
    """A sweep, or a map, of networks that are given elsewhere.

    sweep_x: the setting that varies, from sweep_low to sweep_high. sweep_y: what is looked at, a
    statistic in layer sweep_layer. sweep_curves: learning curves in place of the last epoch.
    sweep_at: the place of the value, or of the cell, that is looked at more closely.
    map_...: the deepest network, the range of sigma_w^2, and the cells along each side.
    """

    sweep_part: str = choice("sweep_line", PARTS)
    sweep_x: str = choice("gain", dict.fromkeys(RANGES))
    sweep_low: float = real(0.0001, low=0.0, high=10_000.0)
    sweep_high: float = real(1.0, low=0.0, high=10_000.0)
    sweep_points: int = whole(20, low=2, high=40, steps=(5, 10, 16, 20, 30, 40))
    sweep_seeds: int = whole(3, low=1, high=20, steps=(1, 2, 3, 5, 10, 20))
    sweep_y: str = choice("accuracy", {**QUANTITIES, **STATISTICS})
    sweep_layer: int = whole(1, low=1, high=MOST_DEPTH + 1)
    sweep_curves: bool = flag(False)
    sweep_at: int = whole(0, low=0, high=MOST_CELLS**2 - 1)
    map_depth: int = whole(40, low=10, high=MOST_DEPTH, steps=(10, 20, 30, 40, 50))
    map_low: float = real(0.2, low=0.01, high=16.0)
    map_high: float = real(4.0, low=0.01, high=16.0)
    map_cells: int = whole(20, low=5, high=MOST_CELLS, steps=(5, 10, 15, 20, 30))

    def grid(self, lanes: Lanes) -> Grid:
        """The sweep of these networks, or the map of the first."""
        if self.sweep_part == "sweep_map":
            return Map(lanes[0], self.depths, self.variances)
        name = self.sweep_x
        values = values_between(name, self.sweep_low, self.sweep_high, self.sweep_points)
        return Sweep(lanes, name, values, self.sweep_seeds)

    @property
    def depths(self) -> tuple[float, ...]:
        first = max(1.0, self.map_depth / self.map_cells)
        return values_between("depth", first, self.map_depth, self.map_cells)

    @property
    def variances(self) -> tuple[float, ...]:
        low, high = sorted((self.map_low, self.map_high))
        spaced = np.linspace(low, high, self.map_cells)
        return tuple(sorted({float(f"{value:.{DIGITS}g}") for value in spaced}))
