"""The settings of the pages themselves, beside those of a run."""

from __future__ import annotations

from dataclasses import dataclass

from core.activations import ACTIVATIONS
from core.domain import Spec, choice, flag, several, whole
from core.initializers import INITIALIZERS
from core.lanes import MOST_LANES
from core.training import RunSpec
from pages import texts
from pages.charts.measures import MEASURES

MOST_CURVES = 8
INSTRUMENTS = dict.fromkeys(
    ("none", "factors", "sums", "units", "seeds", "why", "remedies", "causes", "ladder", "compare")
)
"""What the laboratory can show under the stage."""


@dataclass(frozen=True)
class Reader(Spec):
    """Who reads."""

    language: str = choice("en", texts.LANGUAGES)


@dataclass(frozen=True)
class Curves(Spec):
    """The page of activation functions: which are drawn."""

    shown: tuple[str, ...] = several(("sigmoid", "tanh", "relu"), ACTIVATIONS, most=MOST_CURVES)


@dataclass(frozen=True)
class Slopes(Spec):
    """The page of derivatives: which are drawn, and whose weights the error walks back through."""

    slopes: tuple[str, ...] = several(("sigmoid", "tanh", "relu"), ACTIVATIONS, most=MOST_CURVES)
    weights: tuple[str, ...] = several(("xavier", "normal"), INITIALIZERS, most=3)


@dataclass(frozen=True)
class Stage(Spec):
    """The training page: how many lanes, what is drawn of every layer, and the laboratory.

    tool: the instrument under the stage. a_..., b_...: the two moments that are compared.
    """

    lanes: int = whole(1, low=1, high=MOST_LANES)
    measure: str = choice("delta", MEASURES)
    linear: bool = flag(False)
    tool: str = choice("none", INSTRUMENTS)
    a_lane: int = whole(1, low=1, high=MOST_LANES)
    a_epoch: int = whole(0, low=0, high=10_000)
    b_lane: int = whole(1, low=1, high=MOST_LANES)
    b_epoch: int = whole(10_000, low=0, high=10_000)


SPECS: tuple[type[Spec], ...] = (Reader, Curves, Slopes, Stage, RunSpec)
