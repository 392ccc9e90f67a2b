"""A support vector machine with an RBF kernel: what many people used while deep networks stalled.

It learns the classes s_i = -1 or 1 of points x_i by the function

    f(x) = sum_i beta_i K(x_i, x) + b    K(x, x') = exp(-gamma |x - x'|^2)

whose sign is the answer (Boser, Guyon & Vapnik, COLT 1992; Cortes & Vapnik, Machine Learning
20:273-297, 1995). In the space of the kernel f is a hyperplane, and the strip from f = -1 to
f = 1 has width 2 / |w|. The widest strip that few points violate is the maximum of the dual

    sum_i alpha_i - 1/2 sum_ij beta_i beta_j K_ij    with 0 <= alpha_i <= C and sum_i beta_i = 0

where beta_i = s_i alpha_i. The problem is concave: all its maxima have the same f, wherever one
starts. Points with alpha_i > 0 are the support vectors; f depends on no others.

The maximum is found by sequential minimal optimization: two of the beta_i at a time are moved
against each other, which leaves their sum alone (Platt, in Advances in Kernel Methods, 1999). The
pair is chosen by second-order information (Fan, Chen & Lin, JMLR 6:1889-1918, 2005).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.arrays import Array
from core.data.datasets import frozen
from core.domain import Spec, real

MOST_POINTS = 2000
"""The kernel matrix has one row and one column per point: 32 MB for this many."""
MOST_STEPS = 30_000
TOLERANCE = 1e-3
"""How far f may miss the conditions of the maximum, where a support vector has f = 1 or -1.
As in LIBSVM."""
FLATTEST = 1e-12
"""Curvature along a pair of points at the same place, where it is 0."""
AT_ONCE = 2**21
"""Kernel values computed at once, to bound the memory."""

GAMMAS = (0.01, 0.03, 0.1, 0.3, 1.0, 2.0, 5.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
COSTS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)


@dataclass(frozen=True)
class SvmSpec(Spec):
    """The settings of a support vector machine.

    svm_gamma: how fast the kernel falls with the squared distance. svm_c: the largest alpha, that
    is, the price of a point inside the margin or beyond it.
    """

    svm_gamma: float = real(2.0, low=1e-3, high=1e4, steps=GAMMAS)
    svm_c: float = real(10.0, low=1e-3, high=1e4, steps=COSTS)


def kernel(x: Array, other: Array, gamma: float) -> Array:
    """exp(-gamma |x_i - x'_j|^2): (n, inputs), (m, inputs) -> (n, m)."""
    squares = np.zeros((len(x), len(other)))
    for column in range(x.shape[1]):  # differences, not products: these are exactly 0 for twins
        squares += (x[:, column, None] - other[None, :, column]) ** 2
    similarity: Array = np.exp(-gamma * squares)
    return similarity


class NotTwoClasses(ValueError):
    """Points of one class only, which nothing separates."""


class TooManyPoints(ValueError):
    """More points than MOST_POINTS."""


@dataclass(frozen=True, eq=False)
class Svm:
    """A machine and what it learnt. All arrays are read-only.

    x: (n, inputs) and signs: (n,) of -1 and 1, the points. alpha: (n,), 0 where a point has no
    influence. inside: (n,), f of the points themselves. steps: how many pairs were moved.
    kkt_gap: by how much the conditions of the maximum are missed, at most `tolerance` if
    converged.
    """

    spec: SvmSpec
    x: Array
    signs: Array
    alpha: Array
    bias: float
    inside: Array
    steps: int
    kkt_gap: float
    converged: bool

    @property
    def support(self) -> Array:
        """Which points are support vectors, as indices in their order."""
        return np.flatnonzero(self.alpha > 0)

    @property
    def bound(self) -> Array:
        """Which points have alpha = C, as indices: within the margin or on the wrong side."""
        return np.flatnonzero(self.alpha >= self.spec.svm_c)

    @property
    def norm2(self) -> float:
        """|w|^2, the squared length of the normal in the space of the kernel."""
        return float(self.alpha * self.signs @ (self.inside - self.bias))

    @property
    def margin(self) -> float:
        """1 / |w|, the distance in that space from f = 0 to f = 1."""
        return float(1 / np.sqrt(self.norm2))

    @property
    def dual(self) -> float:
        """The value of the dual problem, never above that of the primal."""
        return float(self.alpha.sum() - 0.5 * self.norm2)

    @property
    def primal(self) -> float:
        """|w|^2 / 2 + C times the sum of all margin violations (hinge losses)."""
        lacking = np.maximum(0.0, 1.0 - self.signs * self.inside)
        return float(0.5 * self.norm2 + self.spec.svm_c * lacking.sum())

    @property
    def duality_gap(self) -> float:
        """The duality gap: how far from the optimum the machine can be; 0 there, up to rounding."""
        return self.primal - self.dual

    def decide(self, x: Array) -> Array:
        """f of other points: (m, inputs) -> (m,)."""
        support = self.support
        weights, points = (self.alpha * self.signs)[support], self.x[support]
        rows = max(1, AT_ONCE // max(1, len(support)))
        parts = [
            kernel(x[i : i + rows], points, self.spec.svm_gamma) @ weights
            for i in range(0, len(x), rows)
        ]
        return np.concatenate([*parts, np.zeros(0)]) + self.bias

    def accuracy(self, x: Array, y: Array) -> float:
        """The share of points with f > 0 in class 1 and no other; y: (m,) or (m, 1), 0 or 1."""
        return float(((self.decide(x) > 0) == (y.reshape(-1) > 0.5)).mean())


def solve(
    x: Array,
    y: Array,
    spec: SvmSpec,
    tolerance: float = TOLERANCE,
    most: int = MOST_STEPS,
) -> Svm:
    """Train a machine on these points.

    x: (n, inputs). y: (n,) or (n, 1), 1 for one class and 0 for the other.

    Stops once the conditions of the maximum hold to `tolerance`, or after `most` steps; the
    result says which. Raises NotTwoClasses and TooManyPoints.
    """
    labels = y.reshape(-1) > 0.5
    if len(x) > MOST_POINTS:
        raise TooManyPoints(f"{len(x)} points, of at most {MOST_POINTS}")
    if labels.all() or not labels.any():
        raise NotTwoClasses("all points are of one class")
    signs = np.where(labels, 1.0, -1.0)
    c = spec.svm_c
    low, high = np.where(labels, 0.0, -c), np.where(labels, c, 0.0)
    pairs = kernel(x, x, spec.svm_gamma)
    beta, error = np.zeros(len(x)), signs.copy()  # error: signs - K beta, the slope of the dual
    steps = 0
    while True:
        up = np.where(beta < high, error, -np.inf)  # those that may grow, and those that may fall
        down = np.where(beta > low, error, np.inf)
        i = int(up.argmax())
        gap = float(up[i] - down.min())
        if gap <= tolerance or steps >= most:
            break
        gain = up[i] - down
        curvature = np.maximum(2.0 - 2.0 * pairs[i], FLATTEST)  # of the dual, along each pair
        j = int(np.where(gain > 0, gain**2 / curvature, -np.inf).argmax())
        room = min(high[i] - beta[i], beta[j] - low[j])
        step = min(gain[j] / curvature[j], room)
        beta[i] = min(beta[i] + step, high[i])  # rounding may not carry it beyond its bound
        beta[j] = max(beta[j] - step, low[j])
        error -= step * (pairs[i] - pairs[j])
        steps += 1
    free = (beta > low) & (beta < high)
    # on the edge of the strip f is the sign itself; with no point there, b may lie anywhere between
    bias = float(error[free].mean() if free.any() else (up.max() + down.min()) / 2)
    return Svm(
        spec=spec,
        x=frozen(x.copy()),
        signs=frozen(signs),
        alpha=frozen(np.abs(beta)),
        bias=bias,
        inside=frozen(signs - error + bias),
        steps=steps,
        kkt_gap=max(gap, 0.0),
        converged=gap <= tolerance,
    )
