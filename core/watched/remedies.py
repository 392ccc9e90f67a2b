"""What a verdict proposes to try, as PyTorch code; and the nearest network of the training page.

The code is text: it is shown, never run.
"""

from __future__ import annotations

from math import nan, sqrt
from types import MappingProxyType

import numpy as np

from core.lessons.remedies import within
from core.runs.rules import Rule
from core.runs.training import RunSpec
from core.watched.verdict import entry_of
from core.watched.watched import Watched

MOST = 4
"""Remedies that are shown."""
WIDEST = 64

CLASSES = MappingProxyType(
    {
        "sigmoid": "Sigmoid",
        "tanh": "Tanh",
        "relu": "ReLU",
        "leaky_relu": "LeakyReLU",
        "elu": "ELU",
        "selu": "SELU",
        "gelu": "GELU",
        "silu": "SiLU",
        "mish": "Mish",
        "softplus": "Softplus",
        "softsign": "Softsign",
        "hardtanh": "Hardtanh",
        "hardsigmoid": "Hardsigmoid",
        "hardswish": "Hardswish",
        "relu6": "ReLU6",
    }
)
"""The modules of the functions that PyTorch's names stand for."""

EVERY = """\
for layer in model.modules():
    if isinstance(layer, (nn.Linear, nn.Conv2d)):
        {line}"""
WEIGHTS = "nn.init.{scheme}(layer.weight{more})"
REPLACE = """\
# replace nn.{old}() by nn.{new}() {where}, and begin with weights to match
"""
XAVIER = EVERY.format(line=WEIGHTS.format(scheme="xavier_normal_", more=""))
HE = EVERY.format(line=WEIGHTS.format(scheme="kaiming_normal_", more=', nonlinearity="relu"'))

CODE = MappingProxyType(
    {
        "tanh": REPLACE.replace("{new}", "Tanh") + XAVIER,
        "relu_he": REPLACE.replace("{new}", "ReLU") + HE,
        "leaky": "# replace nn.{old}() by nn.LeakyReLU(0.01) {where}",
        "weights": HE + "  # for ReLU; for tanh and sigmoid: nn.init.xavier_normal_",
        "batch_norm": (
            "# after every nn.Linear or nn.Conv2d and before its activation:\n"
            "nn.BatchNorm1d(width)  # nn.BatchNorm2d(channels) after a convolution"
        ),
        "layer_norm": "# after every nn.Linear and before its activation:\nnn.LayerNorm(width)",
        "skip": "x = x + activation(layer(x))  # instead of x = activation(layer(x))",
        "clip": (
            "loss.backward()\n"
            "nn.utils.clip_grad_norm_(model.parameters(), 1.0)  # before the step\n"
            "optimizer.step()"
        ),
        "adam": "optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)",
        "rate_down": "optimizer = torch.optim.{optimizer}(model.parameters(), lr={lower})",
        "rate_up": "optimizer = torch.optim.{optimizer}(model.parameters(), lr={higher})",
    }
)
"""Remedies by their key in `core.lessons.remedies.CHANGES`."""


def proposed(rule: Rule) -> list[str]:
    """The single remedies that a rule proposes and that there is code for, in its order."""
    keys = (key for together in rule.remedies for key in together.split("+"))
    return [key for key in dict.fromkeys(keys) if key in CODE][:MOST]


def code_of(key: str, watched: Watched) -> str:
    """A remedy as PyTorch code for this network."""
    rates = watched.rate[np.isfinite(watched.rate)]
    rate = float(rates[-1]) if len(rates) else nan
    changed = np.isfinite(rate)
    known = {layer.activation for layer in watched.layers if layer.activation in CLASSES}
    old = CLASSES[next(iter(known))] if len(known) == 1 else "..."
    return CODE[key].format(
        old=old,
        where="in every hidden layer",
        optimizer="SGD" if watched.optimizer not in OPTIMIZERS else watched.optimizer,
        lower=f"{rate / 10:g}" if changed else "...",
        higher=f"{rate * 10:g}" if changed else "...",
    )


OPTIMIZERS = frozenset(("SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "NAdam", "RAdam"))
"""Names that stand in code as they are; any other word of a file does not."""


def rebuilt(watched: Watched) -> RunSpec:
    """The nearest network of the training page: depth, activation, size of the initial weights.

    Its width is the median of the layers', `WIDEST` at most; its data are the page's own. The gain
    is that of variance gain^2 / fan-in, the median of the first recorded weights.
    """
    stack = [watched.layers[k] for k in watched.stack]
    keys = [key for layer in stack if (key := entry_of(layer.activation))]
    activation = max(dict.fromkeys(keys), key=keys.count) if keys else "tanh"
    units = [layer.outputs for layer in stack[:-1] if layer.outputs]
    width = int(np.median(units)) if units else RunSpec().width
    sizes = watched.measures["weight"][0][watched.stack]
    gains = [
        size / sqrt(layer.outputs)
        for size, layer in zip(sizes, stack, strict=True)
        if layer.outputs and np.isfinite(size)
    ]
    return RunSpec(
        activation=activation,
        initializer="lecun",
        gain=within("gain", float(np.median(gains)) if gains else 1.0),
        depth=within("depth", len(stack) - 1),
        width=within("width", min(width, WIDEST)),
    )
