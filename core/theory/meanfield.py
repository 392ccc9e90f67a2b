"""Mean-field theory of signal propagation: what wide random layers do to a signal and to an error.

The weights of a layer with n inputs have variance sigma_w^2 / n, its biases variance sigma_b^2. In
a wide network the pre-activations of one sample are then normal with mean 0, and two numbers
describe a layer: their variance q, and the correlation c of two samples' pre-activations,

    q_(l+1) = sigma_w^2 E f(sqrt(q_l) z)^2 + sigma_b^2                          the length map
    c_(l+1) = (sigma_w^2 E f(u_1) f(u_2) + sigma_b^2) / q_(l+1)           the correlation map

with u_1, u_2 normal of variance q_l and correlation c_l. The squared error grows by

    chi_l = sigma_w^2 E f'(sqrt(q_l) z)^2

from layer l + 1 to layer l. At the fixed point q* this is chi_1, the slope of the correlation map
at c = 1: below 1 samples converge and errors vanish (ordered phase), above 1 they diverge and
errors explode (chaotic phase), and chi_1 = 1 is the edge of chaos.

Poole, Lahiri, Raghu, Sohl-Dickstein & Ganguli, "Exponential expressivity in deep neural networks
through transient chaos", NeurIPS 2016; Schoenholz, Gilmer, Ganguli & Sohl-Dickstein, "Deep
information propagation", ICLR 2017. Finite width: Hanin, "Which neural net architectures give rise
to exploding and vanishing gradients?", NeurIPS 2018.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from math import exp, inf, isnan, log, log10, nan, pi, sqrt
from types import MappingProxyType

import numpy as np

from core.arrays import Array
from core.nn.activations import ACTIVATIONS, Activation
from core.nn.gains import END, gaussian_mean, panel_ends, settled_mean
from core.nn.own import NODES, WEIGHTS, steep_places

TRAINABLE = 6.0
"""Networks can be trained up to about this many depth scales xi_c (Schoenholz et al., 2017)."""
SMALLEST, LARGEST = 1e-12, 1e12
"""The variances among which a fixed point is sought; 0 and infinity are the limits beyond."""
TOO_LARGE = 1e100
"""A variance beyond which the squares of a signal may not be representable."""
PER_DECADE = 10
"""Grid points per decade in the search for a fixed point of the length map."""
HALVINGS = 60
ROUNDING = 1e-12
"""A relative change by the length map that may be rounding alone."""
CLOSE = 1e-9
"""chi_1 within this of 1 counts as the edge of chaos."""


class Phase(StrEnum):
    ORDERED = "ordered"
    CRITICAL = "critical"
    CHAOTIC = "chaotic"
    UNBOUNDED = "unbounded"
    """The signal has no fixed point: it grows from layer to layer without bound."""


@dataclass(frozen=True)
class MeanField:
    """Wide random layers of one activation.

    knobs: of the activation, those that are not at their defaults. weights, biases: sigma_w^2 and
    sigma_b^2.
    """

    activation: Activation
    weights: float
    biases: float = 0.0
    knobs: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))

    # One step

    def f(self, x: Array) -> Array:
        return self.activation.value(x, **self.knobs)

    def slope(self, x: Array) -> Array:
        return self.activation.derivative(x, **self.knobs)

    def mean(self, g: Callable[[Array], Array], q: float) -> float:
        """E g(x) for a normal x of variance q; g may bend where the activation does."""
        return gaussian_mean(g, q, self.bends)

    @property
    def bends(self) -> tuple[float, ...]:
        return panel_ends(self.activation)

    def length_map(self, q: float) -> float:
        """The variance of the next layer's pre-activations after a layer with variance q."""
        return self.weights * self.mean(lambda x: self.f(x) ** 2, q) + self.biases

    def chi(self, q: float) -> float:
        """The growth of the squared error on its way back past a layer with variance q."""
        if q == 0:  # both sides of a kink, as a small signal meets them
            return self.weights * float(np.mean(self.slope(np.array([-SMALLEST, SMALLEST])) ** 2))
        return self.weights * self.mean(lambda x: self.slope(x) ** 2, q)

    def length_slope(self, q: float) -> float:
        """The slope of the length map, chi_q: E x f(x) f'(x) / q, times sigma_w^2."""
        q = max(q, SMALLEST)
        return self.weights * self.mean(lambda x: x * self.f(x) * self.slope(x), q) / q

    def correlation_map(self, c: float, q: float) -> float:
        """The correlation after a layer in which two samples have variance q and correlation c."""
        products = self.weights * self.pair_mean(self.f, q, c) + self.biases
        return share(products, self.length_map(q))

    def correlation_slope(self, c: float, q: float) -> float:
        """The slope of the correlation map; at q* it is chi_c, and chi_1 for c = 1."""
        if q == 0:
            return self.chi(0)
        slopes = self.chi(q) if c == 1 else self.weights * self.pair_mean(self.slope, q, c)
        return share(slopes * q, self.length_map(q))

    def pair_mean(self, g: Callable[[Array], Array], q: float, c: float) -> float:
        """E g(u_1) g(u_2) for normal u of variance q and correlation c, c from -1 to 1."""
        activation = self.activation
        steep = steep_places(activation.key)
        return pair_mean(g, q, c, activation.kinks + activation.seams, steep)

    def knows(self, q: float) -> bool:
        """Whether the means over a variance of q can be computed; those of a formula may not."""
        parts = (lambda x: self.f(x) ** 2), (lambda x: self.slope(x) ** 2)
        return self.activation.key in ACTIVATIONS or all(
            not isnan(settled_mean(part, q, self.bends)) for part in parts
        )

    # Fixed points and phases

    @cached_property
    def length(self) -> float:
        """q*: where the length map settles when it starts from 1; 0 and infinity are possible."""
        return fixed_length(self.length_map)

    @cached_property
    def chi_1(self) -> float:
        """chi at q*; NaN where the signal has no fixed point."""
        return self.chi(self.length) if self.length < inf else float("nan")

    @cached_property
    def defined(self) -> bool:
        """Whether f and f' have values wherever this theory looks.

        Everything in the catalogue has; a formula that a reader typed may have a pole, or none, or
        change so fast that its means are not known.
        """
        if not self.knows(1.0):  # where the search for the fixed point starts
            return False
        if not 0 < self.length < inf:
            return not np.isnan(self.length)
        if not self.knows(self.length):
            return False
        seen = (self.chi_1, self.length_slope(self.length), self.correlation_map(0.5, self.length))
        return not np.isnan(seen).any()

    @cached_property
    def phase(self) -> Phase:
        if not np.isfinite(self.chi_1):
            return Phase.UNBOUNDED
        if abs(self.chi_1 - 1) <= CLOSE:
            return Phase.CRITICAL
        return Phase.ORDERED if self.chi_1 < 1 else Phase.CHAOTIC

    @cached_property
    def correlation(self) -> float:
        """c*: the correlation at which any two samples end up; 1 up to the edge of chaos.

        NaN where the signal fades to nothing in the chaotic phase or has no fixed point.
        """
        if self.phase in (Phase.ORDERED, Phase.CRITICAL):
            return 1.0
        if self.phase is Phase.UNBOUNDED or self.length == 0:
            return float("nan")

        def gap(c: float) -> float:
            return self.correlation_map(c, self.length) - c

        if gap(0.0) <= CLOSE:
            return 0.0
        return bisect(gap, 0.0, 1 - 1e-6)

    @cached_property
    def length_scale(self) -> float:
        """xi_q: layers over which a deviation from q* shrinks by e; infinity if it does not."""
        return depth_scale(self.length_slope(self.length)) if self.length < inf else inf

    @cached_property
    def correlation_scale(self) -> float:
        """xi_c: layers over which a deviation from c* shrinks by e; infinity at the edge."""
        if np.isnan(self.correlation):
            return float("nan")
        if self.phase is Phase.CRITICAL:
            return inf
        return depth_scale(self.correlation_slope(self.correlation, self.length))

    @property
    def trainable_depth(self) -> float:
        """About how many layers can be trained: 6 xi_c (an empirical rule, Schoenholz et al.)."""
        return TRAINABLE * self.correlation_scale

    # Layer by layer

    def lengths(self, first: float, layers: int) -> Array:
        """q_1 .. q_layers, from the variance of the first layer's pre-activations."""
        found = [first]
        for _ in range(layers - 1):
            found.append(self.length_map(found[-1]) if found[-1] < TOO_LARGE else inf)
        return np.array(found[:layers])

    def errors(self, lengths: Array, output: float = 1.0) -> Array:
        """rms delta_l / rms delta_out for the hidden layers with these q, layer 1 first.

        output: fan-in variance of the output layer's weights over that of the hidden layers'.
        Each step back multiplies the squared error by chi at the layer's own q.
        """
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            steps = np.log([self.chi(q) if q < inf else np.nan for q in lengths])
            steps[-1:] += log(output) if output > 0 else -inf
            back: Array = np.exp(0.5 * np.cumsum(steps[::-1])[::-1])
        return back

    def spread(self, lengths: Array, width: int) -> Array:
        """The standard deviation over networks of ln(rms delta_l / rms delta_out), layer 1 first.

        sqrt(C / N) / 2 with C = sum of 3 E f'^4 / (E f'^2)^2 - 1 over the steps back (after Hanin,
        2018); the mean lies C / (4 N) below the logarithm of `errors`.
        """
        each = [self.unevenness(q) for q in lengths]
        total = np.cumsum(each[::-1])[::-1]
        spread: Array = 0.5 * np.sqrt(total / width)
        return spread

    def unevenness(self, q: float) -> float:
        """3 E f'^4 / (E f'^2)^2 - 1: 2 for a linear layer, 5 for ReLU."""
        if q == inf:
            return float("nan")
        q = max(q, SMALLEST)
        second = self.mean(lambda x: self.slope(x) ** 2, q)
        fourth = self.mean(lambda x: self.slope(x) ** 4, q)
        return 3 * share(fourth, second * second) - 1


def share(part: float, whole: float) -> float:
    """part / whole, NaN where there is nothing: a formula may be 0 everywhere."""
    return part / whole if whole else nan


# Means over two correlated normal numbers


@np.errstate(all="ignore")  # a formula that a reader typed may have poles
def pair_mean(
    g: Callable[[Array], Array],
    q: float,
    c: float,
    bends: tuple[float, ...] = (),
    steep: tuple[float, ...] = (),
) -> float:
    """E g(u_1) g(u_2) for normal u_1, u_2 of variance q and correlation c.

    u_1 = sqrt(q) z_1 and u_2 = sqrt(q) (c z_1 + sqrt(1 - c^2) z_2). For each z_1 the inner panels
    end where u_2 meets a bend, so jumps cost no accuracy. steep: where else panels end.
    """
    if c in (1, -1):
        ends = bends + steep
        return gaussian_mean(lambda x: g(x) * g(c * x), q, ends + tuple(-b for b in ends))
    scale, rest = sqrt(q), sqrt(1 - c * c)
    common = np.array([0.0, -1.0, 1.0, -2.0, 2.0, -4.0, 4.0, *bends, *steep]) / scale
    # where |c| is nearly 1 the inner mean bends as sharply as g, over a width of sqrt(1 - c^2)
    near = np.array([-6, -3, -1.5, 0, 1.5, 3, 6])[:, None] * rest + np.array([*bends, 0.0]) / (
        scale * (c if abs(c) > 0.1 else 1.0)
    )
    outer, outer_weight = panels(np.concatenate([common, near.ravel()]))
    marks = (common - c * outer[:, None]) / rest
    inner, inner_weight = panels_for_each(marks)
    u_2 = scale * (c * outer[:, None] + rest * inner)
    conditional = np.sum(inner_weight * g(u_2), axis=1)
    return float(np.sum(outer_weight * g(scale * outer) * conditional))


def panels(marks: Array) -> tuple[Array, Array]:
    """Nodes and weights, times the normal density, of panels that end at these marks."""
    nodes, weights = panels_for_each(marks[None])
    return nodes[0], weights[0]


def panels_for_each(marks: Array) -> tuple[Array, Array]:
    """The same for each row of marks: (rows, nodes)."""
    fixed = np.broadcast_to(np.linspace(-END, END, 21), (len(marks), 21))
    edges = np.sort(np.concatenate([fixed, np.clip(marks, -END, END)], axis=1), axis=1)
    half = np.diff(edges)[..., None] / 2
    z = edges[:, :-1, None] + half * (1 + NODES)
    weight = half * WEIGHTS * np.exp(-0.5 * z * z) / sqrt(2 * pi)
    return z.reshape(len(marks), -1), weight.reshape(len(marks), -1)


# Fixed points


def fixed_length(step: Callable[[float], float]) -> float:
    """Where iterating `step` from 1 leads: the next fixed point in the direction it sets out in.

    0 if it falls below every variance looked at, infinity if it rises above them, NaN if `step` has
    no value on the way.
    """

    def gap(exponent: float) -> float:
        q = float(10.0**exponent)
        return step(q) / q - 1

    start = gap(0.0)
    if abs(start) < ROUNDING:
        return 1.0
    if isnan(start):
        return nan
    way, end = (1, log10(LARGEST)) if start > 0 else (-1, log10(SMALLEST))
    here = 0.0
    for there in np.arange(1, abs(end) * PER_DECADE + 1) * way / PER_DECADE:
        now = way * gap(there)
        if now < -ROUNDING:
            return float(10 ** bisect(gap, min(here, there), max(here, there)))
        if now > ROUNDING:
            here = float(there)
        if isnan(now):
            return nan
    return inf if way > 0 else 0.0


def bisect(gap: Callable[[float], float], low: float, high: float) -> float:
    """Where `gap` changes its sign between low and high."""
    positive = gap(low) > 0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if (gap(middle) > 0) == positive:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def depth_scale(slope: float) -> float:
    """-1 / ln(slope): the layers over which a deviation shrinks by e; infinity for a slope >= 1."""
    if slope >= 1:
        return inf
    return -1 / log(slope) if slope > 0 else 0.0


# Many points at once


@dataclass(frozen=True)
class Diagram:
    """chi_1 over a grid of variances, and the edge of chaos.

    weights, biases: the axes, sigma_w^2 and sigma_b^2. chi_1: (biases, weights); NaN where
    the signal has no fixed point. edge: (points, 4), as `edge_of_chaos` returns it.
    """

    weights: Array
    biases: Array
    chi_1: Array
    edge: Array


def diagram(
    activation: Activation,
    weights: Array,
    biases: Array,
    **knobs: float,
) -> Diagram:
    """The phases of an activation; moments are tabulated over q once, then looked up.

    Right to about 1e-4; single points are `MeanField`.
    """
    unit = MeanField(activation, 1.0, knobs=knobs)
    q = np.logspace(-8, 8, 641)
    second = np.array([unit.length_map(float(v)) for v in q])
    slope = np.array([unit.chi(float(v)) if unit.knows(float(v)) else nan for v in q])
    q, second, slope = q[known := around(1.0, q, second, slope)], second[known], slope[known]
    chi = np.array([[chi_at_fixed_point(w, b, q, second, slope) for w in weights] for b in biases])
    return Diagram(weights, biases, chi, edge_of_chaos(activation, **knobs))


def around(place: float, q: Array, *moments: Array) -> slice:
    """The part of a grid around a place where all moments are finite."""
    bad = np.flatnonzero(~np.isfinite(moments).all(axis=0))
    start = int(np.searchsorted(q, place))
    below, above = bad[bad < start], bad[bad >= start]
    return slice(int(below[-1]) + 1 if below.size else 0, int(above[0]) if above.size else len(q))


def chi_at_fixed_point(w: float, b: float, q: Array, second: Array, slope: Array) -> float:
    """chi_1 for one pair of variances, from moments tabulated over q."""
    gap = (w * second + b) / q - 1
    start = int(np.searchsorted(q, 1.0))
    if start == len(q):  # no mean of f^2 is finite, not even that for a variance of 1
        return nan
    if gap[start] > 0:
        crossed = np.flatnonzero(gap[start:] <= 0)
        if not crossed.size:
            return float("nan")
        above = start + int(crossed[0])
    else:
        crossed = np.flatnonzero(gap[: start + 1] > 0)
        if not crossed.size:
            return w * float(slope[0])
        above = int(crossed[-1]) + 1
    below = max(above - 1, 0)
    part = float(gap[below] / (gap[below] - gap[above])) if gap[below] != gap[above] else 0.0
    return float(w) * exp((1 - part) * log_of(slope[below]) + part * log_of(slope[above]))


def log_of(value: float) -> float:
    """ln, as low as float64 goes for 0."""
    return log(value) if value > 0 else -745.0


def edge_of_chaos(activation: Activation, **knobs: float) -> Array:
    """The curve chi_1 = 1 by its parameter q*: rows of q*, sigma_w^2, sigma_b^2, stable (1 or 0).

    sigma_w^2 = 1 / E f'^2 and sigma_b^2 = q - sigma_w^2 E f^2, where that is not negative. Where q*
    is not stable (SiLU, GELU and Mish with small biases) a signal does not stay on it.
    """
    unit = MeanField(activation, 1.0, knobs=knobs)
    rows = []
    for q in np.logspace(-6, 3, 361):
        if not (0 < (mean := unit.chi(float(q))) < inf and unit.knows(float(q))):
            continue
        w = 1 / mean
        b = float(q) - w * unit.length_map(float(q))
        if b >= -1e-12:
            stable = MeanField(activation, w, max(b, 0.0), knobs).length_slope(float(q)) < 1
            rows.append((float(q), w, max(b, 0.0), float(stable)))
    return np.array(rows).reshape(-1, 4)
