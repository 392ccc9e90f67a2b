"""From a gradient to a step. Each rule works on the vector of all parameters at once.

To add one, append an `Optimizer` to the list at the end of this file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import sqrt

import numpy as np

from core.arrays import Array
from core.domain import Knob
from core.registry import registry


@dataclass(frozen=True)
class Optimizer:
    """Turns the gradient into the step that is subtracted from the parameters.

    step: `step(step, gradient, theta, rate, t, *memory, **constants)` writes the step number `t`
        (1, 2, ...) from the parameters `theta` into `step`, and changes neither `theta` nor
        `gradient`. `memory` are `memories` arrays that start at 0, keep their values from step to
        step and belong to this run alone. All arrays have shape (replicas, parameters).
    usual_rate: a rate at which it learns in most networks of this size.
    knobs: the rule's constants; `step` takes them by their keys.
    worked: the first two steps of one parameter that starts at 1, calculated by hand with the
        default constants, at rate 0.1 and with the gradients 0.5 and -0.25.
    """

    key: str
    name: str
    memories: int
    step: Callable[..., None]
    usual_rate: float
    formula: str
    source: str
    worked: tuple[float, float]
    knobs: tuple[Knob, ...] = ()

    def constants(self, changed: Mapping[str, float]) -> dict[str, float]:
        """What `step` takes: the value of every knob, those that differ from their default given
        by their names in a link, `adam.beta1`."""
        return {k.key: changed.get(f"{self.key}.{k.key}", k.default) for k in self.knobs}


def sgd(step: Array, gradient: Array, theta: Array, rate: float, t: int) -> None:
    np.multiply(gradient, rate, out=step)


def momentum(
    step: Array, gradient: Array, theta: Array, rate: float, t: int, velocity: Array, beta: float
) -> None:
    velocity *= beta
    velocity += gradient
    np.multiply(velocity, rate, out=step)


def rmsprop(
    step: Array,
    gradient: Array,
    theta: Array,
    rate: float,
    t: int,
    square: Array,
    beta: float,
    epsilon: float,
) -> None:
    square *= beta
    square += new_share(beta) * gradient**2
    np.multiply(gradient, rate, out=step)
    step /= np.sqrt(square) + epsilon


def adam(
    step: Array,
    gradient: Array,
    theta: Array,
    rate: float,
    t: int,
    mean: Array,
    square: Array,
    beta1: float,
    beta2: float,
    epsilon: float,
) -> None:
    mean *= beta1
    mean += new_share(beta1) * gradient
    square *= beta2
    square += new_share(beta2) * gradient**2
    np.multiply(mean, rate / (1 - beta1**t), out=step)
    step /= np.sqrt(square / (1 - beta2**t)) + epsilon


def adamw(
    step: Array,
    gradient: Array,
    theta: Array,
    rate: float,
    t: int,
    mean: Array,
    square: Array,
    beta1: float,
    beta2: float,
    epsilon: float,
    decay: float,
) -> None:
    """Biases and scales decay too, and the rate multiplies the decay, as in most libraries."""
    adam(step, gradient, theta, rate, t, mean, square, beta1, beta2, epsilon)
    step += rate * decay * theta


def new_share(beta: float) -> float:
    """The weight of the new value in a moving average that keeps beta of the old one: 1 - beta.

    Rounded to 0.1 for 0.9, as the subtraction alone leaves 0.09999999999999998.
    """
    return round(1 - beta, 15)


def decay_rate(key: str, default: float, symbol: str, name: str) -> Knob:
    """The decay rate of a running sum or average."""
    return Knob(key, default, 0.0, 0.9999, symbol, name, (0.0, 0.5, 0.9, 0.95, 0.99, 0.999))


BETA = decay_rate("beta", 0.9, r"\beta", "β")
EPSILON = Knob(
    "epsilon", 1e-8, 1e-12, 1.0, r"\epsilon", "ε", (1e-12, 1e-10, 1e-8, 1e-6, 1e-4, 0.01, 1.0)
)
OF_ADAM = (
    decay_rate("beta1", 0.9, r"\beta_1", "β₁"),
    decay_rate("beta2", 0.999, r"\beta_2", "β₂"),
    EPSILON,
)

# The worked examples, one parameter w = 1, rate 0.1, gradient 0.5 and then -0.25:
#   momentum  v = 0.5, then 0.9 * 0.5 - 0.25 = 0.2
#   RMSprop   s = 0.1 * 0.25 = 0.025, then 0.9 * 0.025 + 0.1 * 0.0625 = 0.02875
#   Adam      m = 0.05, then 0.9 * 0.05 - 0.025 = 0.02;     m / (1 - 0.9^t):   0.5,  0.02 / 0.19
#             s = 0.00025, then 0.00024975 + 0.0000625 = 0.00031225;
#             s / (1 - 0.999^t): 0.25, 0.00031225 / 0.001999
#   AdamW     those of Adam, and 0.1 * 0.01 * w: w = 1, then 1 less the first step
ADAM_1 = 0.1 * 0.5 / (0.5 + 1e-8)
ADAM_2 = 0.1 * (0.02 / 0.19) / (sqrt(0.00031225 / 0.001999) + 1e-8)

OPTIMIZERS = registry(
    Optimizer(
        key="sgd",
        name="SGD",
        memories=0,
        step=sgd,
        usual_rate=0.1,
        formula=r"\Delta = \eta\, g",
        source="Robbins & Monro, Annals of Mathematical Statistics, 1951",
        worked=(0.05, -0.025),
    ),
    Optimizer(
        key="momentum",
        name="Momentum",
        memories=1,
        step=momentum,
        usual_rate=0.1,
        formula=r"v \leftarrow \beta\, v + g,\quad \Delta = \eta\, v",
        source="Polyak, 1964; Rumelhart, Hinton & Williams, Nature, 1986",
        worked=(0.05, 0.02),
        knobs=(BETA,),
    ),
    Optimizer(
        key="rmsprop",
        name="RMSprop",
        memories=1,
        step=rmsprop,
        usual_rate=0.01,
        formula=r"s \leftarrow \beta\, s + (1 - \beta)\, g^2,\quad"
        r" \Delta = \frac{\eta\, g}{\sqrt{s} + \epsilon}",
        source="Tieleman & Hinton, Coursera lecture 6.5, 2012",
        worked=(0.1 * 0.5 / (sqrt(0.025) + 1e-8), -0.1 * 0.25 / (sqrt(0.02875) + 1e-8)),
        knobs=(BETA, EPSILON),
    ),
    Optimizer(
        key="adam",
        name="Adam",
        memories=2,
        step=adam,
        usual_rate=0.01,
        formula=r"\Delta = \frac{\eta\, \hat m}{\sqrt{\hat s} + \epsilon},\quad"
        r" m \leftarrow \beta_1 m + (1 - \beta_1)\, g,"
        r"\ s \leftarrow \beta_2 s + (1 - \beta_2)\, g^2,\quad"
        r" \hat m = \frac{m}{1 - \beta_1^t},\ \hat s = \frac{s}{1 - \beta_2^t}",
        source="Kingma & Ba, ICLR 2015, arXiv:1412.6980",
        worked=(ADAM_1, ADAM_2),
        knobs=OF_ADAM,
    ),
    Optimizer(
        key="adamw",
        name="AdamW",
        memories=2,
        step=adamw,
        usual_rate=0.01,
        formula=r"\Delta = \eta \left(\frac{\hat m}{\sqrt{\hat s} + \epsilon} + \lambda\, w\right),"
        r"\quad m \leftarrow \beta_1 m + (1 - \beta_1)\, g,"
        r"\ s \leftarrow \beta_2 s + (1 - \beta_2)\, g^2,\quad"
        r" \hat m = \frac{m}{1 - \beta_1^t},\ \hat s = \frac{s}{1 - \beta_2^t}",
        source="Loshchilov & Hutter, ICLR 2019, arXiv:1711.05101",
        worked=(ADAM_1 + 0.1 * 0.01, ADAM_2 + 0.1 * 0.01 * (1 - ADAM_1 - 0.1 * 0.01)),
        knobs=(
            *OF_ADAM,
            Knob("decay", 0.01, 0.0, 1.0, r"\lambda", "λ", (0.0, 0.001, 0.01, 0.03, 0.1, 0.3, 1.0)),
        ),
    ),
)
