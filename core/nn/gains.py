"""What an activation does, on average, to the size of a signal and of an error.

Let z be a standard normal number, as the pre-activations of a wide layer at the start of
training nearly are. With weights of variance g^2 / n,

- the signal keeps its mean square through a layer of n inputs if g^2 E f(z)^2 = 1,
- the error keeps its mean square through a layer of n outputs if g^2 E f'(z)^2 = 1.

For ReLU both say g = sqrt 2 (He, Zhang, Ren & Sun, "Delving deep into rectifiers", ICCV
2015, arXiv:1502.01852, sections 2.2 and 2.3). For most activations no g does both. The
means over z are those of the mean-field theory (Poole et al., "Exponential
expressivity in deep neural networks through transient chaos", NeurIPS 2016;
Schoenholz et al., "Deep information propagation", ICLR 2017).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import inf, isclose, nan, pi, sqrt

import numpy as np

from core.arrays import Array
from core.nn.activations import ACTIVATIONS, Activation
from core.nn.own import NODES, WEIGHTS, steep_places

END = 10.0  # the normal density beyond is 1e-22 of that at 0
SETTLED = 1e-4


@np.errstate(all="ignore")  # a formula that a reader typed may have poles beyond its sight
def gaussian_mean(
    g: Callable[[Array], Array],
    q: float = 1.0,
    kinks: Iterable[float] = (),
    *,
    fine: bool = False,
) -> float:
    """E g(x) for a normal x of mean 0 and variance q; `g` maps arrays to arrays.

    Gauss-Legendre on panels, 16 points each: panels end at the kinks, so that jumps cost no
    accuracy, and crowd around 0, where the common functions bend. (Gauss-Hermite is off
    by 1e-3 for tanh' at q = 10, and worse with kinks.) The relative error is below 1e-10
    for the squares of all our f and f' at their default knobs and q from 1e-6 to 1e4.

    fine: with every panel halved, to see whether that changes anything.
    """
    if not 0 <= q < inf:
        raise ValueError(f"a variance is finite and not negative: {q!r}")
    if q == 0:
        return float(g(np.zeros(1))[0])
    scale = sqrt(q)
    bends = np.array([0.0, 0.5, 1.0, 2.0, 4.0, 8.0])
    marks = np.concatenate([-bends, bends, np.array([*kinks], dtype=float)]) / scale
    inner = marks[np.abs(marks) < END]
    edges = np.unique(np.concatenate([np.linspace(-END, END, 41), inner]))
    if fine:
        edges = np.sort(np.concatenate([edges, (edges[1:] + edges[:-1]) / 2]))
    half = np.diff(edges)[:, None] / 2
    z = edges[:-1, None] + half * (1 + NODES)
    density = np.exp(-0.5 * z * z) / sqrt(2 * pi)
    return float(np.sum(half * WEIGHTS * density * g(scale * z)))


def mean_square(activation: Activation, q: float = 1.0, **knobs: float) -> float:
    """E f(x)^2 for a normal x of mean 0 and variance q."""
    return _mean(activation, lambda x: activation.value(x, **knobs) ** 2, q)


def mean_square_slope(activation: Activation, q: float = 1.0, **knobs: float) -> float:
    """E f'(x)^2 for a normal x of mean 0 and variance q: chi_1 / sigma_w^2 of the theory."""
    return _mean(activation, lambda x: activation.derivative(x, **knobs) ** 2, q)


def typical_slope(activation: Activation, q: float = 1.0, **knobs: float) -> float:
    """The root mean square of f' over a normal x of variance q.

    That is the factor by which the activation usually shrinks an error; `max_slope` is its bound.
    """
    return sqrt(mean_square_slope(activation, q, **knobs))


def forward_gain(activation: Activation, **knobs: float) -> float:
    """1 / sqrt(E f(z)^2): weights of this size keep the signal's mean square.

    Note that it is infinite for a formula that is 0 everywhere.
    """
    square = mean_square(activation, **knobs)
    return 1 / sqrt(square) if square else inf


def backward_gain(activation: Activation, **knobs: float) -> float:
    """1 / sqrt(E f'(z)^2): weights of this size keep the error's mean square.

    Note that it is infinite for `step`: no weights restore an error that is 0.
    """
    square = mean_square_slope(activation, **knobs)
    return 1 / sqrt(square) if square else inf


def settled_mean(g: Callable[[Array], Array], q: float, kinks: Iterable[float]) -> float:
    """The mean; NaN unless it is the same, to SETTLED, with panels half as wide.

    It is for all our functions. A formula may oscillate faster than the panels, or have a pole,
    over which its square has no mean.
    """
    coarse, fine = (gaussian_mean(g, q, kinks, fine=halved) for halved in (False, True))
    return coarse if isclose(coarse, fine, rel_tol=SETTLED, abs_tol=1e-12) else nan


def panel_ends(activation: Activation) -> tuple[float, ...]:
    """Where panels end: where the function bends, and about the steep places of a formula."""
    return activation.kinks + activation.seams + steep_places(activation.key)


def _mean(activation: Activation, g: Callable[[Array], Array], q: float) -> float:
    """E g(x), NaN where that of a formula cannot be computed."""
    mean = gaussian_mean if activation.key in ACTIVATIONS else settled_mean
    return mean(g, q, panel_ends(activation))
