"""Questions to start from: runs side by side that differ in what the question asks.

What each preset claims is checked in `tests/core/runs/test_presets.py`.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from core.runs.lanes import Lanes
from core.runs.training import RunSpec

RACE = RunSpec(activation="sigmoid", initializer="xavier", rate=0.1, depth=5, width=8)
SIGMOID = replace(RACE, rate=1.0)
TWENTY = RunSpec(activation="tanh", depth=20, width=64, rate=0.03, epochs=100)
RELU = RunSpec(activation="relu", initializer="he", depth=3, width=8, rate=0.1)
TANH = replace(RACE, activation="tanh")
TEN = RunSpec(activation="sigmoid", depth=10, width=16, rate=0.1, epochs=300)
WILD = RunSpec(activation="relu", initializer="he", depth=5, width=16, rate=1.0, epochs=200)
DIGITS = RunSpec(dataset="digits", samples=2000, depth=5, width=32, rate=0.1, epochs=150)

PRESETS = MappingProxyType[str, Lanes](
    {
        "race": (RACE, replace(RACE, activation="tanh"), replace(RACE, activation="relu")),
        "layers": (replace(SIGMOID, depth=2), SIGMOID),
        "weights": (SIGMOID, replace(SIGMOID, initializer="normal")),
        "relu": (
            TWENTY,
            replace(TWENTY, activation="relu"),
            replace(TWENTY, activation="relu", initializer="he"),
        ),
        "rates": tuple(replace(RACE, rate=rate) for rate in (0.1, 1.0, 10.0, 100.0)),
        "dead": (RELU, replace(RELU, rate=2.0), replace(RELU, activation="leaky_relu", rate=2.0)),
        "norm": (TEN, replace(TEN, norm="batch"), replace(TEN, skip=0.5)),
        "tame": (WILD, replace(WILD, warmup=50), replace(WILD, clip=1.0)),
        "line": (
            RunSpec(activation="tanh", depth=0, rate=0.5),
            RunSpec(activation="tanh", depth=1, rate=0.5),
        ),
        "digits": (DIGITS, replace(DIGITS, activation="tanh"), replace(DIGITS, activation="relu")),
    }
)

OLD = RunSpec(activation="sigmoid", depth=8, width=16, rate=0.1, epochs=200)
LADDER = MappingProxyType[str, RunSpec](
    {
        "sigmoid": OLD,
        "tanh": replace(OLD, activation="tanh"),
        "relu": replace(OLD, activation="relu"),
        "he": replace(OLD, activation="relu", initializer="he"),
        "batch_norm": replace(OLD, activation="relu", initializer="he", norm="batch"),
        "skip": replace(OLD, activation="relu", initializer="he", norm="batch", skip=0.5),
    }
)
"""One remedy after another at the same rate, from sigmoid to ReLU with He initialization, batch
normalization and skip connections."""

EXAMPLES = MappingProxyType[str, Lanes](
    {
        "factors": PRESETS["weights"],
        "sums": (TANH, replace(TANH, initializer="normal", gain=4.0)),
        "units": PRESETS["dead"],
        "seeds": tuple(replace(SIGMOID, depth=depth, replicas=8) for depth in (2, 3, 5)),
        "why": (RACE, replace(TANH, initializer="zeros"), replace(RELU, rate=2.0)),
        "remedies": (TEN, replace(TEN, norm="batch")),
        "causes": (replace(RACE, depth=4),),
        "ladder": (OLD, LADDER["skip"]),
        "compare": (replace(SIGMOID, depth=2),),
        "flow": (replace(SIGMOID, depth=3), replace(SIGMOID, depth=15)),
    }
)
"""For every instrument of the laboratory, networks on which it makes its point."""
