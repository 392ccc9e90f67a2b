"""Activation functions and their exact derivatives.

First the functions, in the manner of a table of derivatives: each takes the array z and
returns f(z) and f'(z), which share intermediate results. Then the entries: what else is known
about them, as numbers, enumerations, LaTeX and a citation. The words for these are
translated, and live with the texts.

To add an activation, append an entry at the end: it then appears on every page, in
every link and in every test.

All functions are accurate over all of float64: beyond overflow, in the tails (where
1 - tanh(z)^2 would be 0), and at the infinities, where they return the limit, or NaN
where there is none. NaN stays NaN. None of them warns.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from math import e, inf, pi, sqrt

import numpy as np
from numpy.typing import ArrayLike

from core.arrays import Array
from core.domain import Knob
from core.nn.special import FAR, floats, normal_cdf_and_pdf
from core.nn.special import erf as error_function
from core.registry import registry

Pair = tuple[Array, Array]

TWO_OVER_SQRT_PI = 2 / sqrt(pi)
GELU_SCALE, GELU_CUBE = sqrt(2 / pi), 0.044715
SELU_SCALE, SELU_A = 1.0507009873554805, 1.6732632423543772
LECUN_SCALE, LECUN_SLOPE = 1.7159, 2 / 3
FLAT = 1e5  # exp(-FLAT a) is 0 for every knob a, and FLAT times a knob is finite


# --- functions: z -> f(z), f'(z) ---------------------------------------------------------------


def on(x: Array) -> Array:
    """1 where x > 0 and 0 elsewhere, but NaN where x is NaN."""
    return np.sign(np.maximum(x, 0))


def step(z: Array) -> Pair:
    f = np.heaviside(z, 1)
    return f, 0 * f


def identity(z: Array) -> Pair:
    return +z, 0 * np.sign(z) + 1


def sigmoid(z: Array) -> Pair:
    t = np.exp(-np.abs(z))  # at most 1: never overflows, unlike exp(-z)
    t /= 1 + t  # sigma(-|z|), the smaller one
    s = 1 - t
    return np.maximum(t, np.copysign(s, z)), s * t  # which is t for z < 0 and s for z > 0


def tanh(z: Array) -> Pair:
    f = np.tanh(z)
    df = 1 - f * f
    far = df < 1e-3
    if np.count_nonzero(far):  # where the subtraction cancels
        t = np.exp(-np.abs(z[far])) ** 2
        df[far] = 4 * t / (1 + t) ** 2
    return f, df


def relu(z: Array) -> Pair:
    f = np.maximum(z, np.zeros(z.shape, z.dtype))  # faster than with 0, which NumPy does singly
    return f, np.sign(f)


def leaky_relu(z: Array, a: float) -> Pair:  # 0 <= a <= 1
    return np.maximum(z, a * z), np.maximum(on(z), a)


def elu(z: Array, a: float) -> Pair:
    n = np.minimum(z, 0)
    return np.maximum(z, 0) + a * np.expm1(n), np.where(z > 0, 1, a * np.exp(n))


def selu(z: Array) -> Pair:
    f, df = elu(z, SELU_A)
    with np.errstate(over="ignore"):  # infinite near the largest numbers, and rightly so
        return SELU_SCALE * f, SELU_SCALE * df


def celu(z: Array, a: float) -> Pair:
    n = np.clip(z, -FLAT, 0) / a
    return np.maximum(z, 0) + a * np.expm1(n), np.exp(n)


def gelu(z: Array) -> Pair:
    x = np.maximum(z, -FAR)  # Phi(-FAR) is 0, and 0 times infinity would be NaN
    c = np.minimum(x, FAR)
    cdf, pdf = normal_cdf_and_pdf(c)
    pdf *= c
    pdf += cdf
    cdf *= x
    return cdf, pdf  # z Phi(z), Phi(z) + z phi(z)


def gelu_tanh(z: Array) -> Pair:
    c = np.clip(z, -FAR, FAR)
    bend = GELU_CUBE * c * c
    u, du = GELU_SCALE * c * (1 + bend), GELU_SCALE * (1 + 3 * bend)
    s, ds = sigmoid(2 * u)  # sigma(2u) = (1 + tanh u) / 2
    return np.maximum(z, -FAR) * s, s + 2 * c * du * ds


def silu(z: Array) -> Pair:
    return swish(z, b=1)


def swish(z: Array, b: float) -> Pair:
    bz = b * np.clip(z, -FLAT, FLAT)
    s, ds = sigmoid(bz)
    return np.maximum(z, -FLAT) * s, s + bz * ds


def mish(z: Array) -> Pair:
    c = np.clip(z, -FLAT, FLAT)
    n, p = np.exp(np.minimum(c, 0)), np.exp(-np.maximum(c, 0))  # exp(z) = n / p, both at most 1
    d = n * (n + 2 * p) + 2 * p * p
    t = n * (n + 2 * p) / d  # tanh(softplus(z))
    return np.maximum(z, -FLAT) * t, t + 4 * c * n * (n + p) * (p / d) ** 2


def softplus(z: Array) -> Pair:
    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))), sigmoid(z)[0]


def softsign(z: Array) -> Pair:
    c = np.clip(z, -1e30, 1e30)
    return c / (1 + np.abs(c)), (1 / (1 + np.abs(z))) ** 2


def hard_sigmoid(z: Array) -> Pair:
    return np.clip((z + 3) / 6, 0, 1), on(3 - np.abs(z)) / 6


def hard_tanh(z: Array) -> Pair:
    return np.clip(z, -1, 1), on(1 - np.abs(z))


def hardswish(z: Array) -> Pair:
    c = np.clip(z, -3, 3)
    bent = np.abs(z) < 3
    return np.maximum(z, -3) * ((c + 3) / 6), np.where(bent, (2 * c + 3) / 6, on(z))


def relu6(z: Array) -> Pair:
    return np.clip(z, 0, 6), on(np.minimum(z, 6 - z))


def squared_relu(z: Array) -> Pair:
    p = np.maximum(z, 0)
    with np.errstate(over="ignore"):  # infinite beyond the square root of the largest number
        return p * p, 2 * p


def gaussian(z: Array) -> Pair:
    c = np.clip(z, -FAR, FAR)
    f = np.exp(-c * c)
    return f, -2 * c * f


def sine(z: Array) -> Pair:
    with np.errstate(invalid="ignore"):  # no limit at infinity: NaN
        return np.sin(z), np.cos(z)


def arctan(z: Array) -> Pair:
    with np.errstate(over="ignore"):  # 1 / infinity is the right 0
        return np.arctan(z), 1 / (1 + z * z)


def erf(z: Array) -> Pair:
    c = np.clip(z, -FAR, FAR)
    return error_function(z), TWO_OVER_SQRT_PI * np.exp(-c * c)


def lecun_tanh(z: Array) -> Pair:
    f, df = tanh(LECUN_SLOPE * z)
    return LECUN_SCALE * f, LECUN_SCALE * LECUN_SLOPE * df


def snake(z: Array, a: float) -> Pair:
    end = np.finfo(z.dtype).max / 64  # 2 a z is finite for every knob a
    with np.errstate(invalid="ignore"):  # no limit of the slope at infinity: NaN
        az = a * np.clip(z, -end, end)
        return z + np.sin(az) ** 2 / a, 1 + np.sin(2 * az) + 0 * z


# --- what is known about them ------------------------------------------------------------------


class Family(StrEnum):
    LOGISTIC = "logistic"
    S_SHAPED = "s_shaped"
    RECTIFIED = "rectified"
    SMOOTH_RECTIFIED = "smooth_rectified"
    OTHER = "other"


class Side(StrEnum):
    """Where f becomes flat: f' is 0, or tends to 0."""

    NONE = "none"
    LEFT = "left"
    RIGHT = "right"
    BOTH = "both"


class Smoothness(StrEnum):
    """How many derivatives of f are continuous: f jumps, f' jumps, f'' jumps, none jumps."""

    JUMP = "jump"
    C0 = "c0"
    C1 = "c1"
    CINF = "cinf"


class Where(StrEnum):
    """How to read `max_slope_at`."""

    EVERYWHERE = "everywhere"  # (): wherever there is a derivative
    POINTS = "points"  # these points
    INTERVAL = "interval"  # the open interval between these two
    PERIODIC = "periodic"  # these two, and on at their distance in both directions
    LIMIT = "limit"  # approached near this one, not reached


@dataclass(frozen=True)
class Interval:
    """From `low` to `high`; the letters say which ends belong to it."""

    low: float
    high: float
    low_closed: bool = False
    high_closed: bool = False

    def __contains__(self, y: float) -> bool:
        above = self.low < y or (self.low_closed and y == self.low)
        below = y < self.high or (self.high_closed and y == self.high)
        return above and below


@dataclass(frozen=True)
class Activation:
    r"""A scalar function applied to every entry of an array, and what is known about it.

    Facts that depend on a knob hold for its default. (Other values move `max_slope` in
    one case only: ELU with a > 1, where it is a.)

    - `rule`: the function above, for arrays of floats with at least one axis.
    - `formula`, `derivative_formula`: LaTeX in z, the knobs by their symbols.
    - `range`: the smallest interval that holds all values at finite z.
    - `max_slope`: the largest |f'|, or its supremum; `max_slope_where` and
      `max_slope_at` say where.
    - `zero_centred`: f(-z) = -f(z), so that symmetric inputs give outputs of mean 0.
    - `saturates`: on which sides f becomes flat; `saturates_exactly`: f' is 0 there from
      some point on, and not only in the limit.
    - `kinks`: where f or f' jumps; there `derivative` returns a value by convention, a
      limit from one side or a number between the two (for `step`: 0).
    - `seams`: further points where the formula changes, though f and f' do not jump
      for the default knobs. Note that ELU has a kink at its seam unless a = 1.
    - `paper`, `year`: the source, as a citation (for `arctan` one of several).
    - `parts`: of a formula that a reader typed, its operations; 0 for the catalogue's.
    """

    key: str
    name: str
    family: Family
    rule: Callable[..., Pair]
    formula: str
    derivative_formula: str
    range: Interval
    max_slope: float
    max_slope_where: Where
    max_slope_at: tuple[float, ...]
    saturates: Side
    smoothness: Smoothness
    year: int
    paper: str
    zero_centred: bool = False
    saturates_exactly: bool = False
    kinks: tuple[float, ...] = ()
    seams: tuple[float, ...] = ()
    knobs: tuple[Knob, ...] = ()
    parts: int = 0

    def value_and_derivative(self, z: ArrayLike, **knobs: float) -> Pair:
        """f(z) and f'(z), of the shape of z; float32 stays float32, integers become float64."""
        z = floats(z)
        for knob in self.knobs:
            knobs.setdefault(knob.key, knob.default)
        if z.ndim:
            return self.rule(z, **knobs)
        f, df = self.rule(z.reshape(1), **knobs)
        return f.reshape(()), df.reshape(())

    def value(self, z: ArrayLike, **knobs: float) -> Array:
        return self.value_and_derivative(z, **knobs)[0]

    def derivative(self, z: ArrayLike, **knobs: float) -> Array:
        return self.value_and_derivative(z, **knobs)[1]

    @property
    def has_flat_piece(self) -> bool:
        """Is there an interval where f' is exactly 0?"""
        return self.saturates_exactly


REALS = Interval(-inf, inf)
POSITIVE_OR_ZERO = Interval(0, inf, low_closed=True)
HENDRYCKS = "Hendrycks & Gimpel, “Gaussian error linear units”, arXiv:1606.08415, 2016"
LECUN = (
    "LeCun, “Generalization and network design strategies”, 1989; LeCun, Bottou, Orr & Müller, "
    "“Efficient BackProp”, 1998"
)


# --- the entries -------------------------------------------------------------------------------

ACTIVATIONS = registry(
    Activation(
        key="step",
        name="step",
        family=Family.LOGISTIC,
        rule=step,
        formula=r"\begin{cases} 1 & z \ge 0 \\ 0 & z < 0 \end{cases}",
        derivative_formula=r"0 \quad (z \ne 0)",
        range=Interval(0, 1, low_closed=True, high_closed=True),
        max_slope=0,
        max_slope_where=Where.EVERYWHERE,
        max_slope_at=(),
        saturates=Side.BOTH,
        saturates_exactly=True,
        smoothness=Smoothness.JUMP,
        kinks=(0,),
        year=1943,
        paper="McCulloch & Pitts, “A logical calculus of the ideas immanent in nervous activity”, "
        "Bull. Math. Biophys. 5:115–133, 1943; Rosenblatt, Psych. Rev. 65:386–408, 1958",
    ),
    Activation(
        key="identity",
        name="identity",
        family=Family.OTHER,
        rule=identity,
        formula="z",
        derivative_formula="1",
        range=REALS,
        max_slope=1,
        max_slope_where=Where.EVERYWHERE,
        max_slope_at=(),
        zero_centred=True,
        saturates=Side.NONE,
        smoothness=Smoothness.CINF,
        year=1960,
        paper="Widrow & Hoff, “Adaptive switching circuits”, WESCON 1960",
    ),
    Activation(
        key="sigmoid",
        name="sigmoid",
        family=Family.LOGISTIC,
        rule=sigmoid,
        formula=r"\sigma(z) = \frac{1}{1 + e^{-z}}",
        derivative_formula=r"\sigma(z)\,\bigl(1 - \sigma(z)\bigr)",
        range=Interval(0, 1),
        max_slope=0.25,
        max_slope_where=Where.POINTS,
        max_slope_at=(0,),
        saturates=Side.BOTH,
        smoothness=Smoothness.CINF,
        year=1986,
        paper="Rumelhart, Hinton & Williams, Nature 323:533–536, 1986",
    ),
    Activation(
        key="tanh",
        name="tanh",
        family=Family.S_SHAPED,
        rule=tanh,
        formula=r"\tanh z",
        derivative_formula=r"1 - \tanh^2 z",
        range=Interval(-1, 1),
        max_slope=1,
        max_slope_where=Where.POINTS,
        max_slope_at=(0,),
        zero_centred=True,
        saturates=Side.BOTH,
        smoothness=Smoothness.CINF,
        year=1989,
        paper=LECUN,
    ),
    Activation(
        key="relu",
        name="ReLU",
        family=Family.RECTIFIED,
        rule=relu,
        formula=r"\max(0, z)",
        derivative_formula=r"\begin{cases} 1 & z > 0 \\ 0 & z \le 0 \end{cases}",
        range=POSITIVE_OR_ZERO,
        max_slope=1,
        max_slope_where=Where.INTERVAL,
        max_slope_at=(0, inf),
        saturates=Side.LEFT,
        saturates_exactly=True,
        smoothness=Smoothness.C0,
        kinks=(0,),
        year=1969,
        paper="Fukushima, IEEE Trans. SSC 5(4):322–333, 1969; Jarrett et al., ICCV 2009; "
        "Nair & Hinton, ICML 2010; Glorot, Bordes & Bengio, AISTATS 2011",
    ),
    Activation(
        key="leaky_relu",
        name="Leaky ReLU",
        family=Family.RECTIFIED,
        rule=leaky_relu,
        formula=r"\begin{cases} z & z > 0 \\ \alpha z & z \le 0 \end{cases}",
        derivative_formula=r"\begin{cases} 1 & z > 0 \\ \alpha & z \le 0 \end{cases}",
        range=REALS,
        max_slope=1,
        max_slope_where=Where.INTERVAL,
        max_slope_at=(0, inf),
        saturates=Side.NONE,
        smoothness=Smoothness.C0,
        kinks=(0,),
        knobs=(Knob("a", 0.01, 0.001, 0.99, r"\alpha"),),
        year=2013,
        paper="Maas, Hannun & Ng, “Rectifier nonlinearities improve neural network acoustic "
        "models”, ICML WDLASL 2013",
    ),
    Activation(
        key="prelu",
        name="PReLU",
        family=Family.RECTIFIED,
        rule=leaky_relu,
        formula=r"\begin{cases} z & z > 0 \\ \alpha z & z \le 0 \end{cases}",
        derivative_formula=r"\begin{cases} 1 & z > 0 \\ \alpha & z \le 0 \end{cases}",
        range=REALS,
        max_slope=1,
        max_slope_where=Where.INTERVAL,
        max_slope_at=(0, inf),
        saturates=Side.NONE,
        smoothness=Smoothness.C0,
        kinks=(0,),
        knobs=(Knob("a", 0.25, 0.01, 0.99, r"\alpha"),),
        year=2015,
        paper="He, Zhang, Ren & Sun, “Delving deep into rectifiers”, ICCV 2015, arXiv:1502.01852",
    ),
    Activation(
        key="elu",
        name="ELU",
        family=Family.SMOOTH_RECTIFIED,
        rule=elu,
        formula=r"\begin{cases} z & z > 0 \\ \alpha\,(e^z - 1) & z \le 0 \end{cases}",
        derivative_formula=r"\begin{cases} 1 & z > 0 \\ \alpha\,e^z & z \le 0 \end{cases}",
        range=Interval(-1, inf),
        max_slope=1,
        max_slope_where=Where.INTERVAL,
        max_slope_at=(0, inf),
        saturates=Side.LEFT,
        smoothness=Smoothness.C1,
        seams=(0,),
        knobs=(Knob("a", 1.0, 0.01, 5.0, r"\alpha"),),
        year=2015,
        paper="Clevert, Unterthiner & Hochreiter, ICLR 2016, arXiv:1511.07289",
    ),
    Activation(
        key="selu",
        name="SELU",
        family=Family.SMOOTH_RECTIFIED,
        rule=selu,
        formula=r"\lambda \begin{cases} z & z > 0 \\ \alpha\,(e^z - 1) & z \le 0 \end{cases}"
        r"\qquad \lambda \approx 1.0507,\; \alpha \approx 1.6733",
        derivative_formula=r"\lambda \begin{cases} 1 & z > 0 \\ \alpha\,e^z & z \le 0 \end{cases}",
        range=Interval(-SELU_SCALE * SELU_A, inf),
        max_slope=SELU_SCALE * SELU_A,
        max_slope_where=Where.POINTS,
        max_slope_at=(0,),
        saturates=Side.LEFT,
        smoothness=Smoothness.C0,
        kinks=(0,),
        year=2017,
        paper="Klambauer, Unterthiner, Mayr & Hochreiter, “Self-normalizing neural networks”, "
        "NeurIPS 2017, arXiv:1706.02515",
    ),
    Activation(
        key="celu",
        name="CELU",
        family=Family.SMOOTH_RECTIFIED,
        rule=celu,
        formula=r"\begin{cases} z & z > 0 \\ \alpha\,(e^{z / \alpha} - 1) & z \le 0 \end{cases}",
        derivative_formula=r"\begin{cases} 1 & z > 0 \\ e^{z / \alpha} & z \le 0 \end{cases}",
        range=Interval(-1, inf),
        max_slope=1,
        max_slope_where=Where.INTERVAL,
        max_slope_at=(0, inf),
        saturates=Side.LEFT,
        smoothness=Smoothness.C1,
        seams=(0,),
        knobs=(Knob("a", 1.0, 0.01, 5.0, r"\alpha"),),
        year=2017,
        paper="Barron, “Continuously differentiable exponential linear units”, arXiv:1704.07483",
    ),
    Activation(
        key="gelu",
        name="GELU",
        family=Family.SMOOTH_RECTIFIED,
        rule=gelu,
        formula=r"z\,\Phi(z)",
        derivative_formula=r"\Phi(z) + z\,\varphi(z)",
        range=Interval(-0.16997120747990366, inf, low_closed=True),
        max_slope=1.1289041451851547,
        max_slope_where=Where.POINTS,
        max_slope_at=(sqrt(2),),
        saturates=Side.LEFT,
        smoothness=Smoothness.CINF,
        year=2016,
        paper=HENDRYCKS,
    ),
    Activation(
        key="gelu_tanh",
        name="GELU (tanh)",
        family=Family.SMOOTH_RECTIFIED,
        rule=gelu_tanh,
        formula=r"\tfrac{1}{2} z\,(1 + \tanh u) \qquad u = \sqrt{2 / \pi}\,(z + 0.044715\,z^3)",
        derivative_formula=r"\tfrac{1}{2} (1 + \tanh u) + \tfrac{1}{2} z\,(1 - \tanh^2 u)\,u'"
        r"\qquad u' = \sqrt{2 / \pi}\,(1 + 0.134145\,z^2)",
        range=Interval(-0.17004075057125406, inf, low_closed=True),
        max_slope=1.1289930686587717,
        max_slope_where=Where.POINTS,
        max_slope_at=(1.4185040087908283,),
        saturates=Side.LEFT,
        smoothness=Smoothness.CINF,
        year=2016,
        paper=HENDRYCKS,
    ),
    Activation(
        key="silu",
        name="SiLU",
        family=Family.SMOOTH_RECTIFIED,
        rule=silu,
        formula=r"z\,\sigma(z)",
        derivative_formula=r"\sigma(z) + z\,\sigma'(z)",
        range=Interval(-0.2784645427610738, inf, low_closed=True),
        max_slope=1.099839320128867,
        max_slope_where=Where.POINTS,
        max_slope_at=(2.3993572805154675,),
        saturates=Side.LEFT,
        smoothness=Smoothness.CINF,
        year=2016,
        paper=f"{HENDRYCKS}; Elfwing, Uchibe & Doya, arXiv:1702.03118, 2017",
    ),
    Activation(
        key="swish",
        name="Swish",
        family=Family.SMOOTH_RECTIFIED,
        rule=swish,
        formula=r"z\,\sigma(\beta z)",
        derivative_formula=r"\sigma(\beta z) + \beta z\,\sigma'(\beta z)",
        range=Interval(-0.2784645427610738, inf, low_closed=True),
        max_slope=1.099839320128867,
        max_slope_where=Where.POINTS,
        max_slope_at=(2.3993572805154675,),
        saturates=Side.LEFT,
        smoothness=Smoothness.CINF,
        knobs=(Knob("b", 1.0, 0.01, 10.0, r"\beta"),),
        year=2017,
        paper="Ramachandran, Zoph & Le, “Searching for activation functions”, arXiv:1710.05941",
    ),
    Activation(
        key="mish",
        name="Mish",
        family=Family.SMOOTH_RECTIFIED,
        rule=mish,
        formula=r"z \tanh s \qquad s = \ln(1 + e^z)",
        derivative_formula=r"\tanh s + z\,(1 - \tanh^2 s)\,\sigma(z)",
        range=Interval(-0.30884341301725043, inf, low_closed=True),
        max_slope=1.088498161251728,
        max_slope_where=Where.POINTS,
        max_slope_at=(1.4905711794854284,),
        saturates=Side.LEFT,
        smoothness=Smoothness.CINF,
        year=2019,
        paper="Misra, “Mish: a self regularized non-monotonic activation function”, "
        "arXiv:1908.08681 (BMVC 2020)",
    ),
    Activation(
        key="softplus",
        name="softplus",
        family=Family.SMOOTH_RECTIFIED,
        rule=softplus,
        formula=r"\ln(1 + e^z)",
        derivative_formula=r"\sigma(z)",
        range=Interval(0, inf),
        max_slope=1,
        max_slope_where=Where.LIMIT,
        max_slope_at=(inf,),
        saturates=Side.LEFT,
        smoothness=Smoothness.CINF,
        year=2001,
        paper="Dugas, Bengio, Bélisle, Nadeau & Garcia, “Incorporating second-order functional "
        "knowledge for better option pricing”, NIPS 2000 (2001)",
    ),
    Activation(
        key="softsign",
        name="softsign",
        family=Family.S_SHAPED,
        rule=softsign,
        formula=r"\frac{z}{1 + |z|}",
        derivative_formula=r"\frac{1}{(1 + |z|)^2}",
        range=Interval(-1, 1),
        max_slope=1,
        max_slope_where=Where.POINTS,
        max_slope_at=(0,),
        zero_centred=True,
        saturates=Side.BOTH,
        smoothness=Smoothness.C1,
        seams=(0,),
        year=1993,
        paper="Elliott, “A better activation function for artificial neural networks”, "
        "ISR TR 93-8, Univ. Maryland, 1993; Bergstra, Desjardins, Lamblin & Bengio, 2009",
    ),
    Activation(
        key="hard_sigmoid",
        name="hard sigmoid",
        family=Family.LOGISTIC,
        rule=hard_sigmoid,
        formula=r"\min\left(1, \max\left(0, \frac{z + 3}{6}\right)\right)",
        derivative_formula=r"\begin{cases} \frac{1}{6} & |z| < 3 \\ 0 & |z| \ge 3 \end{cases}",
        range=Interval(0, 1, low_closed=True, high_closed=True),
        max_slope=1 / 6,
        max_slope_where=Where.INTERVAL,
        max_slope_at=(-3, 3),
        saturates=Side.BOTH,
        saturates_exactly=True,
        smoothness=Smoothness.C0,
        kinks=(-3, 3),
        year=2015,
        paper="Courbariaux, Bengio & David, “BinaryConnect”, NIPS 2015, arXiv:1511.00363; "
        "Howard et al., “Searching for MobileNetV3”, ICCV 2019, arXiv:1905.02244",
    ),
    Activation(
        key="hard_tanh",
        name="hard tanh",
        family=Family.S_SHAPED,
        rule=hard_tanh,
        formula=r"\min\bigl(1, \max(-1, z)\bigr)",
        derivative_formula=r"\begin{cases} 1 & |z| < 1 \\ 0 & |z| \ge 1 \end{cases}",
        range=Interval(-1, 1, low_closed=True, high_closed=True),
        max_slope=1,
        max_slope_where=Where.INTERVAL,
        max_slope_at=(-1, 1),
        zero_centred=True,
        saturates=Side.BOTH,
        saturates_exactly=True,
        smoothness=Smoothness.C0,
        kinks=(-1, 1),
        year=2004,
        paper="Collobert, “Large scale machine learning”, PhD thesis, Univ. Paris VI, 2004",
    ),
    Activation(
        key="hardswish",
        name="Hardswish",
        family=Family.SMOOTH_RECTIFIED,
        rule=hardswish,
        formula=r"z\,\min\left(1, \max\left(0, \frac{z + 3}{6}\right)\right)",
        derivative_formula=r"\begin{cases} 0 & z \le -3 \\ \frac{2z + 3}{6} & -3 < z < 3 \\"
        r" 1 & z \ge 3 \end{cases}",
        range=Interval(-0.375, inf, low_closed=True),
        max_slope=1.5,
        max_slope_where=Where.LIMIT,
        max_slope_at=(3,),
        saturates=Side.LEFT,
        saturates_exactly=True,
        smoothness=Smoothness.C0,
        kinks=(-3, 3),
        year=2019,
        paper="Howard et al., “Searching for MobileNetV3”, ICCV 2019, arXiv:1905.02244",
    ),
    Activation(
        key="relu6",
        name="ReLU6",
        family=Family.RECTIFIED,
        rule=relu6,
        formula=r"\min\bigl(6, \max(0, z)\bigr)",
        derivative_formula=r"\begin{cases} 1 & 0 < z < 6 \\ 0 & \text{otherwise} \end{cases}",
        range=Interval(0, 6, low_closed=True, high_closed=True),
        max_slope=1,
        max_slope_where=Where.INTERVAL,
        max_slope_at=(0, 6),
        saturates=Side.BOTH,
        saturates_exactly=True,
        smoothness=Smoothness.C0,
        kinks=(0, 6),
        year=2010,
        paper="Krizhevsky, “Convolutional deep belief networks on CIFAR-10”, 2010",
    ),
    Activation(
        key="squared_relu",
        name="Squared ReLU",
        family=Family.RECTIFIED,
        rule=squared_relu,
        formula=r"\max(0, z)^2",
        derivative_formula=r"2 \max(0, z)",
        range=POSITIVE_OR_ZERO,
        max_slope=inf,
        max_slope_where=Where.LIMIT,
        max_slope_at=(inf,),
        saturates=Side.LEFT,
        saturates_exactly=True,
        smoothness=Smoothness.C1,
        seams=(0,),
        year=2021,
        paper="So et al., “Primer: searching for efficient transformers”, NeurIPS 2021, "
        "arXiv:2109.08668",
    ),
    Activation(
        key="gaussian",
        name="Gaussian",
        family=Family.OTHER,
        rule=gaussian,
        formula=r"e^{-z^2}",
        derivative_formula=r"-2z\,e^{-z^2}",
        range=Interval(0, 1, high_closed=True),
        max_slope=sqrt(2 / e),
        max_slope_where=Where.POINTS,
        max_slope_at=(-sqrt(0.5), sqrt(0.5)),
        saturates=Side.BOTH,
        smoothness=Smoothness.CINF,
        year=1988,
        paper="Broomhead & Lowe, “Multivariable functional interpolation and adaptive networks”, "
        "Complex Systems 2:321–355, 1988; Moody & Darken, 1989",
    ),
    Activation(
        key="sine",
        name="sine",
        family=Family.OTHER,
        rule=sine,
        formula=r"\sin z",
        derivative_formula=r"\cos z",
        range=Interval(-1, 1, low_closed=True, high_closed=True),
        max_slope=1,
        max_slope_where=Where.PERIODIC,
        max_slope_at=(0, pi),
        zero_centred=True,
        saturates=Side.NONE,
        smoothness=Smoothness.CINF,
        year=1987,
        paper="Lapedes & Farber, LANL LA-UR-87-2662, 1987; Sitzmann et al., NeurIPS 2020, "
        "arXiv:2006.09661",
    ),
    Activation(
        key="arctan",
        name="arctan",
        family=Family.S_SHAPED,
        rule=arctan,
        formula=r"\arctan z",
        derivative_formula=r"\frac{1}{1 + z^2}",
        range=Interval(-pi / 2, pi / 2),
        max_slope=1,
        max_slope_where=Where.POINTS,
        max_slope_at=(0,),
        zero_centred=True,
        saturates=Side.BOTH,
        smoothness=Smoothness.CINF,
        year=1989,
        paper="Cybenko, 1989",
    ),
    Activation(
        key="erf",
        name="erf",
        family=Family.S_SHAPED,
        rule=erf,
        formula=r"\operatorname{erf}(z) = \frac{2}{\sqrt\pi} \int_0^z e^{-t^2}\,dt",
        derivative_formula=r"\frac{2}{\sqrt\pi}\,e^{-z^2}",
        range=Interval(-1, 1),
        max_slope=TWO_OVER_SQRT_PI,
        max_slope_where=Where.POINTS,
        max_slope_at=(0,),
        zero_centred=True,
        saturates=Side.BOTH,
        smoothness=Smoothness.CINF,
        year=1997,
        paper="Williams, “Computing with infinite networks”, NIPS 1996 (1997)",
    ),
    Activation(
        key="lecun_tanh",
        name="LeCun tanh",
        family=Family.S_SHAPED,
        rule=lecun_tanh,
        formula=r"1.7159 \tanh\left(\tfrac{2}{3} z\right)",
        derivative_formula=r"1.7159 \cdot \tfrac{2}{3}"
        r"\left(1 - \tanh^2\left(\tfrac{2}{3} z\right)\right)",
        range=Interval(-LECUN_SCALE, LECUN_SCALE),
        max_slope=LECUN_SCALE * LECUN_SLOPE,
        max_slope_where=Where.POINTS,
        max_slope_at=(0,),
        zero_centred=True,
        saturates=Side.BOTH,
        smoothness=Smoothness.CINF,
        year=1989,
        paper=LECUN,
    ),
    Activation(
        key="snake",
        name="Snake",
        family=Family.OTHER,
        rule=snake,
        formula=r"z + \frac{1}{a} \sin^2(a z)",
        derivative_formula=r"1 + \sin(2 a z)",
        range=REALS,
        max_slope=2,
        max_slope_where=Where.PERIODIC,
        max_slope_at=(pi / 4, 5 * pi / 4),
        saturates=Side.NONE,
        smoothness=Smoothness.CINF,
        knobs=(Knob("a", 1.0, 0.1, 10.0, "a"),),
        year=2020,
        paper="Ziyin, Hartwig & Ueda, “Neural networks fail to learn periodic functions and how to "
        "fix it”, NeurIPS 2020, arXiv:2006.08195",
    ),
)
