"""Colours, dashes and marks: what looks the same on every page.

Colour carries meaning, and never alone: an activation has the hue of its family, its own dash
within the family, and its name at the line's end; a class has a shape besides its colour.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from zlib import crc32

from core.nn.activations import ACTIVATIONS, Activation, Family

DASHES = (
    (1, 0), (7, 3), (2, 2), (9, 2, 2, 2), (12, 4),
    (4, 2), (2, 4), (6, 2, 2, 2, 2, 2), (14, 3, 4, 3), (1, 2),
)  # fmt: skip
OWN_PATTERNS = 4
"""Dashes that formulas of the reader's share."""
LINE = 2.5
SYMBOLS = ("circle", "square")
SHAPES = (
    *(*SYMBOLS, "triangle-up", "diamond", "cross", "triangle-down"),
    *("triangle-right", "triangle-left"),
)
"""Marks for as many classes as a picture of the plane can show."""


@dataclass(frozen=True, eq=False)
class Palette:
    """The colours of one theme. Contrast against the paper: text 4.5 : 1, marks 3 : 1."""

    paper: str
    ink: str
    faint: str
    grid: str
    accent: str
    on_accent: str
    families: Mapping[Family, str]
    classes: tuple[str, ...]
    right: str
    wrong: str


LIGHT = Palette(
    paper="#FCFBF8",
    ink="#23262B",
    faint="#6B7078",
    grid="#E3DED3",
    accent="#3F51B5",
    on_accent="#FCFBF8",
    families={
        Family.LOGISTIC: "#C2255C",
        Family.S_SHAPED: "#0B7A75",
        Family.RECTIFIED: "#4C51BF",
        Family.SMOOTH_RECTIFIED: "#8A6A00",
        Family.OTHER: "#5B6472",
    },
    classes=(
        "#C85F12",
        "#14629E",
        "#0B7A75",
        "#8A3FA0",
        "#8A6A00",
        "#C2255C",
        "#5B6472",
        "#3B7D23",
    ),
    right="#0B7A75",
    wrong="#C2255C",
)
DARK = Palette(
    paper="#16181D",
    ink="#E8E6E1",
    faint="#9AA0AA",
    grid="#343A44",
    accent="#9FA8F0",
    on_accent="#16181D",
    families={
        Family.LOGISTIC: "#F06595",
        Family.S_SHAPED: "#4FD1C5",
        Family.RECTIFIED: "#8F96F5",
        Family.SMOOTH_RECTIFIED: "#D9B84A",
        Family.OTHER: "#A9B1BD",
    },
    classes=(
        "#F2A15F",
        "#6FB4E8",
        "#4FD1C5",
        "#C792EA",
        "#D9B84A",
        "#F06595",
        "#A9B1BD",
        "#8BC34A",
    ),
    right="#4FD1C5",
    wrong="#F06595",
)
BOUNDARY = (
    (232, 131, 58), (47, 126, 188), (20, 150, 140), (150, 90, 180),
    (190, 150, 30), (214, 70, 120), (110, 120, 135), (90, 160, 60),
)  # fmt: skip
"""The classes in the picture of the plane; transparent where none is likelier."""


def hue(activation: Activation, colours: Palette) -> str:
    """The colour of an activation: that of its family."""
    return colours.families[activation.family]


def dash(activation: Activation) -> tuple[int, ...]:
    """The dash of an activation within its family; the first member has a solid line."""
    family = [a.key for a in ACTIVATIONS.values() if a.family is activation.family]
    order = sorted(family, key=lambda key: key not in ("sigmoid", "tanh", "relu", "gelu"))
    if activation.key not in order:  # a formula: a place after its family's, told by its letters
        return pattern(len(order) + crc32(activation.key.encode()) % OWN_PATTERNS)
    return pattern(order.index(activation.key))


def pattern(place: int) -> tuple[int, ...]:
    """Strokes and gaps of the member at a position, 0 for the first; all are different.

    After the patterns chosen by eye come positions in binary, a dash for 1 and a dot for 0.
    """
    if place < len(DASHES):
        return DASHES[place]
    strokes = [9 if digit == "1" else 2 for digit in f"{place:b}"]
    *parts, _ = chain.from_iterable((stroke, 2) for stroke in strokes)
    return (*parts, 6)  # the longer gap marks the start of the pattern
