"""What a verdict proposes to try, as PyTorch code; and the nearest network of the training page.

The code is text: it is shown, never run.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from types import MappingProxyType

import numpy as np

from core.lessons.remedies import within
from core.nn.activations import ACTIVATIONS, Family
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

XAVIER = """\
for layer in model.modules():
    if isinstance(layer, (nn.Linear, nn.Conv2d)):
        nn.init.xavier_normal_(layer.weight)"""
HE = """\
for layer in model.modules():
    if isinstance(layer, (nn.Linear, nn.Conv2d)):
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")"""
RECTIFIED = (Family.RECTIFIED, Family.SMOOTH_RECTIFIED)

CODE = MappingProxyType(
    {
        "tanh": ("Tanh", XAVIER),
        "relu_he": ("ReLU", HE),
        "leaky": ("LeakyReLU", ""),
        "batch_norm": (
            "",
            "# after every nn.Linear or nn.Conv2d and before its activation:\n"
            "nn.BatchNorm1d(width)  # nn.BatchNorm2d(channels) after a convolution",
        ),
        "layer_norm": (
            "",
            "# after every nn.Linear and before its activation:\nnn.LayerNorm(width)",
        ),
        "skip": ("", "x = x + activation(layer(x))  # instead of x = activation(layer(x))"),
        "clip": (
            "",
            "loss.backward()\n"
            "nn.utils.clip_grad_norm_(model.parameters(), 1.0)  # before the step\n"
            "optimizer.step()",
        ),
        "adam": ("", "optimizer = torch.optim.Adam(model.parameters(), lr=0.001)"),
        "rate_down": ("", "optimizer = torch.optim.OPTIMIZER(model.parameters(), lr=LOWER)"),
        "rate_up": ("", "optimizer = torch.optim.OPTIMIZER(model.parameters(), lr=HIGHER)"),
    }
)
"""By the key in `core.lessons.remedies.CHANGES`: the activation that it puts in place of others, ""
for none, and the code."""


def proposed(rule: Rule) -> list[str]:
    """The single remedies that a rule proposes and that there is code for, in its order."""
    keys = (key for together in rule.remedies for key in together.split("+"))
    return [key for key in dict.fromkeys(keys) if key in CODE or key == "weights"]


def programs(keys: Sequence[str], watched: Watched) -> dict[str, str]:
    """Remedies as PyTorch code for this network, `MOST` of them, by key; none says it twice."""
    found: dict[str, str] = {}
    for key in keys:
        code = code_of(key, watched)
        if code not in found.values() and len(found) < MOST:
            found[key] = code
    return found


def code_of(key: str, watched: Watched) -> str:
    """A remedy as PyTorch code for this network."""
    hidden = {watched.layers[k].activation for k in watched.stack} & CLASSES.keys()
    old = next(iter(hidden)) if len(hidden) == 1 else ""
    if key == "weights":
        rectified = old and ACTIVATIONS[entry_of(old)].family in RECTIFIED
        return HE if rectified else XAVIER
    new, program = CODE[key]
    if new and new != CLASSES.get(old):
        replaced = f"# replace nn.{CLASSES.get(old, '...')}() by nn.{new}() in every hidden layer"
        program = f"{replaced}\n{program}"
    rates = watched.rate[np.isfinite(watched.rate)]
    for word, factor in (("LOWER", 0.1), ("HIGHER", 10.0)):
        program = program.replace(word, f"{rates[-1] * factor:.6g}" if len(rates) else "...")
    kind = watched.optimizer if watched.optimizer in OPTIMIZERS else "SGD"
    return program.replace("OPTIMIZER", kind).rstrip()


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
