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
    """The training page: how many lanes, and what is drawn of every layer."""

    lanes: int = whole(1, low=1, high=MOST_LANES)
    measure: str = choice("delta", MEASURES)
    linear: bool = flag(False)


SPECS: tuple[type[Spec], ...] = (Reader, Curves, Slopes, Stage, RunSpec)
