"""Hochreiter 1991, Bengio 1994: an error on its way back through time vanishes or explodes.

    h_t = f(W h_(t-1) + x_t)        dh_T/dh_(T-k) = product of diag f'(z_t) W over k steps

With W = rho times an orthogonal matrix and |f'| <= gamma the norm is at most (rho gamma)^k, so rho
below 1 / gamma is enough for vanishing; it is not necessary. Pascanu, Mikolov & Bengio, "On the
difficulty of training recurrent neural networks", ICML 2013, state the bound in this form.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import log10

import numpy as np

from core.nn.activations import ACTIVATIONS
from core.nn.initializers import orthogonal
from core.studies.study import Finding, Origin, Panel, Step, Study, Table, points, shares

UNITS, TIME = 64, 100
CASES = (
    ("tanh", 0.5), ("tanh", 0.9), ("tanh", 1.1), ("tanh", 1.5), ("sigmoid", 1.0), ("sigmoid", 4.1),
)  # fmt: skip
"""An activation, and the size rho of the recurrent weights."""
DRIVE = 0.1
"""The standard deviation of the input at every step."""
TICKS = (*range(0, TIME, 5), TIME)
LOOPS = np.arange(2, 13) / 4
"""Weights of a single tanh unit that feeds itself; above 1 it can keep one bit."""
LATCH = 2.0
LATCHED = 0.9575040240772688
"""The positive solution of h = tanh(LATCH h)."""


def name(activation: str, rho: float) -> str:
    return f"{activation}, ρ = {rho:g}"


def measure(seed: int) -> Iterator[Step]:
    for share, (key, rho) in zip(shares(len(CASES)), CASES, strict=True):
        rng = np.random.default_rng([seed, UNITS])
        activation = ACTIVATIONS[key]
        w = orthogonal(rng, UNITS, UNITS, rho)
        state, slopes = np.zeros(UNITS), []
        for _ in range(2 * TIME):  # the first half forgets where it began
            z = state @ w + rng.normal(0, DRIVE, UNITS)
            state = activation.value(z)
            slopes.append(activation.derivative(z))
        product, norms = np.eye(UNITS), [1.0]
        for slope in reversed(slopes[-TIME:]):
            product = (product * slope) @ w.T
            norms.append(float(np.linalg.norm(product, 2)))
        bound = [(rho * activation.max_slope) ** k for k in TICKS]
        yield Step(
            share,
            points("error", name(key, rho), TICKS, [norms[k] for k in TICKS])
            + points("error", name(key, rho), TICKS, bound, expected=True),
        )
    state = np.ones(len(LOOPS))
    for _ in range(2000):
        state = np.tanh(LOOPS * state)
    yield Step(1.0, points("latch", "tanh", LOOPS, LOOPS * (1 - state**2)))


def judge(table: Table) -> tuple[Finding, ...]:
    bounds = tuple(
        Finding(
            "slope",
            table.slope("error", name(key, rho), 0, TIME),
            high=log10(rho * ACTIVATIONS[key].max_slope) + 1e-3,
            expected=log10(rho * ACTIVATIONS[key].max_slope),
            origin=Origin.FORMULA,
            at=name(key, rho),
        )
        for key, rho in CASES
    )
    return (
        *bounds,
        Finding(
            "still_vanishes",
            table.slope("error", name("sigmoid", 4.1), 0, TIME),
            high=-0.01,
            expected=-0.17,
            at=name("sigmoid", 4.1),
        ),
        Finding(
            "latch",
            table.at("latch", "tanh", LATCH),
            low=(expected := LATCH * (1 - LATCHED**2)) - 1e-3,
            high=expected + 1e-3,
            expected=expected,
            origin=Origin.FORMULA,
        ),
    )


STUDY = Study(
    "recurrent",
    "S. Hochreiter, diploma thesis, TU München, 1991; Y. Bengio, P. Simard & P. Frasconi,"
    " IEEE Transactions on Neural Networks 5(2), 1994",
    1991,
    (Panel("error", tuple(name(*case) for case in CASES), log_y=True), Panel("latch", ("tanh",))),
    measure,
    judge,
)
