"""What a verdict proposes to try, as code; and the nearest network of the training page.

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
from core.watched.dialects import dialect_of
from core.watched.verdict import entry_of
from core.watched.watched import Watched

MOST = 4
"""Remedies that are shown."""
WIDEST = 64

RECTIFIED = (Family.RECTIFIED, Family.SMOOTH_RECTIFIED)
NEW = MappingProxyType({"tanh": "tanh", "relu_he": "relu", "leaky": "leaky_relu"})
"""Remedies by the activation that they put in place of others."""
RATES = MappingProxyType({"rate_down": 0.1, "rate_up": 10.0})
"""Remedies that multiply the learning rate."""
CODED = frozenset((*NEW, *RATES, "weights", "batch_norm", "layer_norm", "skip", "clip", "adam"))
"""Remedies that there is code for, by their keys in `core.lessons.remedies.CHANGES`."""


def proposed(rule: Rule) -> list[str]:
    """The single remedies that a rule proposes and that there is code for, in its order."""
    keys = (key for together in rule.remedies for key in together.split("+"))
    return [key for key in dict.fromkeys(keys) if key in CODED]


def programs(keys: Sequence[str], watched: Watched) -> dict[str, str]:
    """Remedies as code for this network, `MOST` of them, by key; none says it twice."""
    found: dict[str, str] = {}
    for key in keys:
        code = code_of(key, watched)
        if code and code not in found.values() and len(found) < MOST:
            found[key] = code
    return found


def code_of(key: str, watched: Watched) -> str:
    """A remedy as code of the framework that was recorded."""
    words = dialect_of(watched)
    hidden = {watched.layers[k].activation for k in watched.stack} & words.activations.keys()
    old = next(iter(hidden)) if len(hidden) == 1 else ""
    if key == "weights":
        rectified = old and ACTIVATIONS[entry_of(old)].family in RECTIFIED
        return words.he if rectified else words.xavier
    if key in NEW:
        replaced = words.replaced(old, NEW[key]) if NEW[key] != old else ""
        initial = {"tanh": words.xavier, "relu_he": words.he}.get(key, "")
        return "\n".join(filter(None, (replaced, initial)))
    rates = watched.rate[np.isfinite(watched.rate)]
    rate = str(float(f"{rates[-1] * RATES.get(key, 1.0):.6g}")) if len(rates) else "..."
    kind = words.optimizers.get(watched.optimizer, next(iter(words.optimizers.values())))
    program = words.code["rate" if key in RATES else key]
    return program.replace("OPTIMIZER", kind).replace("RATE", rate)


def rebuilt(watched: Watched) -> RunSpec:
    """The nearest network of the training page: depth, activation, size of the initial weights.

    Its width is the median of the layers', `WIDEST` at most; its data are the page's own. The gain
    is that of variance gain^2 / fan-in, the median of the first recorded weights. Normalized if at
    least every other layer is.
    """
    stack = [watched.layers[k] for k in watched.stack]
    keys = [key for layer in stack if (key := entry_of(layer.activation))]
    activation = max(dict.fromkeys(keys), key=keys.count) if keys else "tanh"
    width = width_of(watched) or RunSpec().width
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
        norm=norm_of(watched),
    )


def width_of(watched: Watched) -> int:
    """The median number of units of the hidden layers, 0 where unknown."""
    units = [watched.layers[k].outputs for k in watched.stack[:-1] if watched.layers[k].outputs]
    return int(np.median(units)) if units else 0


def norm_of(watched: Watched) -> str:
    """How the hidden layers are normalized, as a setting of the training page."""
    types = [layer.type.lower() for layer in watched.layers if layer.kind == "norm"]
    for key in ("batch", "layer"):
        if 2 * sum(key in kind for kind in types) >= max(2, len(watched.stack) - 1):
            return key
    return "none"


def apart(watched: Watched) -> str:
    """Why no network of the training page is near, "" where one is: the key of its words."""
    kinds = {layer.kind for layer in watched.layers}
    if watched.calls or "recurrent" in kinds:
        return "several_times"
    if "attention" in kinds:
        return "attention"
    if not any(watched.layers[k].outputs for k in watched.stack):
        return "sizes"
    return "few_layers" if len(watched.stack) < 2 else ""


def lost(watched: Watched) -> list[str]:
    """What the network that is rebuilt lacks: keys of words."""
    kinds = {layer.kind for layer in watched.layers}
    found = ["conv"] if "conv" in kinds else []
    found += ["embedding"] if "embedding" in kinds else []
    found += ["norm"] if "norm" in kinds and norm_of(watched) == "none" else []
    found += ["width"] if width_of(watched) > WIDEST else []
    found += ["depth"] if rebuilt(watched).depth < len(watched.stack) - 1 else []
    return [*found, "skip"]
