"""Lu, Shin, Su & Karniadakis 2019: a ReLU network may be dead before it is trained.

With weights symmetric about 0, no biases and N units in each of L - 1 hidden layers, the chance
that the network answers nothing at one given input is exactly 1 - (1 - 2^-N)^(L-1). That it answers
the same at every input has this as its upper bound, and for inputs of one dimension the paper's
lower bound

    1 - a^(L-2) + (1 - 2^(1-N)) (1 - 2^-N) / (1 + (N-1) 2^-N) (b^(L-2) - a^(L-2)),
    a = 1 - 2^-N,   b = 1 - 2^(1-N) - (N-1) 4^-N.

Lu, Shin, Su & Karniadakis, "Dying ReLU and initialization: theory and numerical examples".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from math import sqrt

import numpy as np

from core.runs.training import RunSpec
from core.studies.study import Finding, Origin, Panel, Step, Study, Table, points

WIDTHS = (2, 4, 6)
LAYERS = (3, 5, 10, 20, 50)
NETWORKS, AT_ONCE = 20_000, 2_000
ERRORS = 4.0
"""Standard errors by which a measured share may miss."""


def one_input(units: int, layers: int) -> float:
    """The chance that the network is dead at one given input; an upper bound for all inputs."""
    return 1 - (1 - 2.0**-units) ** (layers - 1)


def lower_bound(units: int, layers: int) -> float:
    """The paper's, for inputs of one dimension."""
    half = 2.0**-units
    a, b = 1 - half, 1 - 2 * half - (units - 1) * half**2
    factor = (1 - 2 * half) * (1 - half) / (1 + (units - 1) * half)
    return 1 - a ** (layers - 2) + factor * (b ** (layers - 2) - a ** (layers - 2))


def measure(seed: int) -> Iterator[Step]:
    parts = NETWORKS // AT_ONCE
    for number, units in enumerate(WIDTHS):
        rng = np.random.default_rng([seed, units])
        dead, dead_at_one = np.zeros(len(LAYERS)), np.zeros(len(LAYERS))
        for part in range(1, parts + 1):
            everywhere, here = deaths(rng, units)
            dead += everywhere
            dead_at_one += here
            count = part * AT_ONCE
            rows = points("born_dead", name(units), LAYERS, dead / count)
            rows += points("one_input", name(units), LAYERS, dead_at_one / count)
            rows += points(
                "born_dead", name(units), LAYERS, [lower_bound(units, n) for n in LAYERS],
                expected=True,
            )  # fmt: skip
            yield Step((number + part / parts) / len(WIDTHS), rows)


def deaths(rng: np.random.Generator, units: int) -> tuple[np.ndarray, np.ndarray]:
    """How many of AT_ONCE networks are dead at each depth: at every input, and at the input 1.

    Without biases a network of one input is one line left of 0 and one line right of it.
    """
    a = np.maximum(rng.normal(size=(AT_ONCE, 1, units)) * np.array([[1.0], [-1.0]]), 0)
    everywhere, here = [], []
    for layer in range(2, max(LAYERS) + 1):  # `a` is hidden layer `layer` - 1
        if layer in LAYERS:
            alive = (a > 0).any(axis=2)
            everywhere.append(np.count_nonzero(~alive.any(axis=1)))
            here.append(np.count_nonzero(~alive[:, 0]))
        a = np.maximum(a @ rng.normal(size=(AT_ONCE, units, units)), 0)
        largest = a.max(axis=(1, 2), keepdims=True)
        a /= np.where(largest > 0, largest, 1)  # only the signs matter
    return np.array(everywhere), np.array(here)


def name(units: int) -> str:
    return f"N = {units}"


def judge(table: Table) -> tuple[Finding, ...]:
    found = []
    for units, layers in product(WIDTHS, (min(LAYERS), max(LAYERS))):
        low, high = lower_bound(units, layers), one_input(units, layers)
        off_low, off_high = ERRORS * standard_error(low), ERRORS * standard_error(high)
        top, at = min(1.0, high + off_high), f"N = {units}, L = {layers}"
        dead, here = (table.at(p, name(units), layers) for p in ("born_dead", "one_input"))
        between = Finding("born_dead", dead, max(0.0, low - off_low), top)
        exact = Finding("one_input", here, high - off_high, top, high)
        found += [replace(f, origin=Origin.FORMULA, at=at) for f in (between, exact)]
    return tuple(found)


def standard_error(share: float) -> float:
    return sqrt(max(share * (1 - share), 1 / NETWORKS) / NETWORKS)


NARROW = RunSpec(
    activation="relu", initializer="he", depth=10, width=4, replicas=20, epochs=100
)  # fmt: skip

STUDY = Study(
    "dying",
    "L. Lu, Y. Shin, Y. Su & G. Karniadakis, Dying ReLU and initialization: theory and numerical"
    " examples, 2019, arXiv:1903.06733",
    2019,
    (Panel("born_dead", tuple(map(name, WIDTHS)), log_x=True),),
    measure,
    judge,
    lanes=(NARROW,),
)
