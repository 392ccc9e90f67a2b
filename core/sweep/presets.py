"""Sweeps to start from, with their networks. The first is what a page opens with.

The first two are the exercise of many courses: 20 scales of normally distributed weights with and
without batch normalization, after Ioffe & Szegedy, ICML 2015, arXiv:1502.03167.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from core.runs.lanes import Lanes
from core.runs.training import RunSpec
from core.sweep.grid import Sweeping

PLAIN = RunSpec(
    dataset="digits", samples=1000, activation="relu", initializer="normal", depth=5, width=32,
    rate=0.03, batch=64, epochs=20,
)  # fmt: skip
NORMALIZED: Lanes = (PLAIN, replace(PLAIN, norm="batch"))
"""The same network without and with batch normalization."""

DEEP = RunSpec(dataset="digits", samples=500, width=16, rate=0.1, batch=50, epochs=10)
CLASSIC: Lanes = (
    DEEP,
    replace(DEEP, activation="tanh"),
    replace(DEEP, activation="relu", initializer="he"),
)
STEPS = RunSpec(
    dataset="digits", samples=500, activation="tanh", depth=3, width=16, batch=50, epochs=10
)
RULES: Lanes = (STEPS, replace(STEPS, optimizer="momentum"), replace(STEPS, optimizer="adam"))
MAPPED = RunSpec(
    dataset="digits", samples=1000, activation="tanh", width=20, optimizer="momentum", rate=0.003,
    batch=50, epochs=10,
)  # fmt: skip
"""The set-up of the map in Schoenholz et al. (2017), as far as a minute allows."""

PRESETS = MappingProxyType[str, tuple[Sweeping, Lanes]](
    {
        "scales": (Sweeping(), NORMALIZED),
        "curves": (Sweeping(sweep_points=16, sweep_seeds=1, sweep_curves=True), NORMALIZED),
        "depths": (
            Sweeping(sweep_x="depth", sweep_low=1, sweep_high=20, sweep_points=10, sweep_y="share"),
            CLASSIC,
        ),
        "rates": (
            Sweeping(
                sweep_x="rate", sweep_low=0.001, sweep_high=10, sweep_points=16, sweep_y="loss"
            ),
            RULES,
        ),
        "map": (Sweeping(sweep_part="sweep_map"), (MAPPED,)),
    }
)
LANES = {
    "lanes_norm": ({"norm": "none"}, {"norm": "batch"}),
    "lanes_activation": (
        {"activation": "sigmoid"}, {"activation": "tanh"}, {"activation": "relu"},
    ),
    "lanes_initializer": ({"initializer": "xavier"}, {"initializer": "he"}),
    "lanes_optimizer": ({"optimizer": "sgd"}, {"optimizer": "momentum"}, {"optimizer": "adam"}),
    "lanes_skip": ({"skip": 0.0}, {"skip": 1.0}),
    "lanes_one": ({},),
}  # fmt: skip
"""What one network can be compared with, by the settings in which they differ."""


def side_by_side(run: RunSpec, key: str) -> Lanes:
    """The network in the variants of `LANES[key]`."""
    return tuple(replace(run, **own) for own in LANES[key])  # type: ignore[arg-type]


def variants(lanes: Lanes) -> str | None:
    """The key in `LANES` that these networks follow, None if they differ in something else."""
    return next((key for key in LANES if side_by_side(lanes[0], key) == lanes), None)
