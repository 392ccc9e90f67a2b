"""A recorded training: its layers, and what was measured in each of them at every recorded step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from types import MappingProxyType

import numpy as np

from core.arrays import Array

MEASURES = ("delta", "gradient", "weight", "update", "mean", "std", "zero", "saturated", "dead")
"""What a recording holds for each layer, as `docs/recording-format.md` defines it."""
UNDEFINED = -inf
"""Stands in a recording for a number that was computed and is none: what a program writes as NaN.
What was not measured is NaN here."""
WEIGHTED = frozenset({"linear", "conv", "attention"})
"""Kinds of layers that an error passes once per step, from the output to the input."""


@dataclass(frozen=True)
class Layer:
    """A layer of somebody's network.

    name: its path in the model. kind: as in the format. activation: PyTorch's name of the function
    that follows, "" for none. shape: of its output, without the samples; () where unknown.
    parameters: 0 where unknown. inputs, outputs: the sides of its weight matrix, 0 where there is
    no single one.
    """

    name: str
    type: str = ""
    kind: str = "linear"
    activation: str = ""
    shape: tuple[int, ...] = ()
    parameters: int = 0
    inputs: int = 0
    outputs: int = 0


@dataclass(frozen=True, eq=False)
class Watched:
    """A recording. Numbers are NaN where unknown, `UNDEFINED` where they were NaN, and infinite
    where they were too large.

    steps: (rows,), rising. loss, rate: (rows,). measures: of each of `MEASURES` an array (rows,
    layers). calls: by layer, the error of every call in a step (rows, calls): the time steps of a
    recurrent layer. digest: the fingerprint of the file. rows_in_file: of which `steps` may be a
    choice. unread: lines that were no rows. cut: whether the last line is incomplete. replaced:
    rows of an earlier attempt, whose steps came again. again: the line at which another recording
    begins, 0 for none.
    """

    layers: tuple[Layer, ...]
    steps: Array
    loss: Array
    rate: Array
    measures: Mapping[str, Array]
    calls: Mapping[int, Array] = field(default_factory=lambda: MappingProxyType({}))
    model: str = ""
    framework: str = ""
    optimizer: str = ""
    parameters: int = 0
    digest: str = ""
    rows_in_file: int = 0
    unread: int = 0
    cut: bool = False
    replaced: int = 0
    again: int = 0

    @property
    def stack(self) -> list[int]:
        """Where the layers are through which the error walks from the output to the input: not
        embeddings, normalizations and recurrent layers. All of them where there are no others."""
        found = [k for k, layer in enumerate(self.layers) if layer.kind in WEIGHTED]
        return found or list(range(len(self.layers)))

    @property
    def shown(self) -> list[int]:
        """Where the layers are that are drawn: all but embeddings and normalizations, if any."""
        aside = ("embedding", "norm")
        found = [k for k, layer in enumerate(self.layers) if layer.kind not in aside]
        return found or list(range(len(self.layers)))

    @property
    def thinned(self) -> bool:
        return len(self.steps) < self.rows_in_file - self.unread - self.replaced

    @property
    def broken(self) -> Array:
        """In which rows the loss or an error was not finite: (rows,)."""
        return np.isinf(self.loss) | np.isinf(self.measures["delta"]).any(axis=1)
