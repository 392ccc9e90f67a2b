"""What can be drawn of every layer, one entry each."""

from __future__ import annotations

from dataclasses import dataclass

from core.registry import registry


@dataclass(frozen=True)
class Measure:
    """A field of `core.runs.recording.History` with a number for every layer.

    backward: whether it belongs to the backward pass, else to the forward pass.
    logarithmic: whether it is drawn in powers of ten, else it lies between `low` and `high`.
    to_output: whether it has a value at the output layer.
    """

    key: str
    backward: bool
    logarithmic: bool = True
    low: float = 0.0
    high: float = 1.0
    to_output: bool = True


MEASURES = registry(
    Measure("delta", backward=True),
    Measure("gradient_norm", backward=True),
    Measure("relative_update", backward=True),
    Measure("signal", backward=False),
    Measure("activation_mean", backward=False, logarithmic=False, low=-1.0),
    Measure("activation_std", backward=False, logarithmic=False),
    Measure("saturated", backward=False, logarithmic=False, to_output=False),
    Measure("dead", backward=False, logarithmic=False, to_output=False),
)
