"""Pictures in charts, as PNG in data URIs: of the plane, of digits, of weights and units."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Sequence
from math import ceil, sqrt
from typing import Any

import altair as alt
import numpy as np
from PIL import Image

from core.lessons.digits import INK, SIDE
from core.runs.cost import GRID
from core.runs.recording import SURENESSES
from pages.charts.style import BOUNDARY

Pixels = np.ndarray[Any, Any]

SHADES = np.arange(256)
SUREST = 235
"""How opaque a class's colour is where it is certain; the grid's lines stay visible."""


def rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def uri(image: Image.Image, **options: Any) -> str:
    """A picture as a PNG in a data URI."""
    buffer = io.BytesIO()
    image.save(buffer, "png", **options)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def indexed(values: Pixels, palette: Pixels, opacity: Pixels) -> str:
    """A picture of one byte a pixel; `palette` (256, 3) and `opacity` (256,) say what it means."""
    image = Image.fromarray(values, mode="P")
    image.putpalette(palette.astype(np.uint8).tobytes())
    return uri(image, transparency=opacity.astype(np.uint8).tobytes())


def tinted(values: Pixels, colour: str, opacity: Pixels = SHADES) -> str:
    """A picture in shades of one colour: the larger a value from 0 to 255, the more opaque."""
    return indexed(values, np.tile(rgb(colour), (256, 1)), opacity)


def inked(pixels: Pixels) -> Pixels:
    """The ink of a digit's 64 pixels, 0 to 16, as values from 0 to 255: (8, 8)."""
    return (pixels.reshape(SIDE, SIDE) / INK * 255).astype(np.uint8)


def shade(values: Pixels) -> str:
    """The plane of two classes, 0 to 255: a class's colour, the stronger the surer."""
    sides = np.array(BOUNDARY)[(SHADES >= 128).astype(int)]
    return indexed(values, sides, np.abs(SHADES - 127.5) / 127.5 * SUREST)


def shade_classes(values: Pixels) -> str:
    """As `shade`, of several classes: the likeliest one's colour."""
    likeliest = np.minimum(SHADES // SURENESSES, len(BOUNDARY) - 1)
    sure = SHADES % SURENESSES / (SURENESSES - 1)
    return indexed(values, np.array(BOUNDARY)[likeliest], sure * SUREST)


EDGE = 1
"""Pixels of padding around each picture of a sheet, or smoothing would blend neighbours."""
CELL = GRID + 2 * EDGE


def film(pictures: Sequence[Pixels], shaded: Callable[[Pixels], str]) -> dict[str, list[Any]]:
    """A sprite sheet, as the columns of one row; `playing` draws one of its pictures.

    pictures: each (GRID, GRID). shaded: turns the pixels of the sheet into a data URI.
    """
    across = ceil(sqrt(len(pictures)))
    down = ceil(len(pictures) / across)
    sheet = np.zeros((down, across, CELL, CELL), np.uint8)
    for number, picture in enumerate(pictures):
        sheet[divmod(number, across)] = np.pad(picture, EDGE, mode="edge")
    pixels = sheet.swapaxes(1, 2).reshape(down * CELL, across * CELL)
    return {"url": [shaded(pixels)], "across": [across], "down": [down]}


def playing(data: alt.Chart) -> alt.Chart:
    """One picture of a sprite sheet, as large as the chart.

    data: a row from `film` with the index of the picture, `picture`. The sheet is one image that is
    shifted under a clip path, so no picture is decoded while it plays.
    """
    left = f"({{number}} * {CELL} + {EDGE}) / {GRID}"
    return data.mark_image(
        width=alt.expr(f"width * datum.across * {CELL} / {GRID}"),
        height=alt.expr(f"height * datum.down * {CELL} / {GRID}"),
        aspect=False,
        align="left",
        baseline="top",
        clip=True,
    ).encode(
        url="url:N",
        x=alt.XValue(alt.expr("-width * " + left.format(number="(datum.picture % datum.across)"))),
        y=alt.YValue(
            alt.expr("-height * " + left.format(number="floor(datum.picture / datum.across)"))
        ),
    )


def backdrop(name: str) -> alt.Chart:
    """A picture behind everything else of a plane: the column `url` of the data `name`."""
    return (
        alt.Chart(alt.NamedData(name))
        .mark_image(width=alt.expr("width"), height=alt.expr("height"), aspect=False)
        .encode(
            url="url:N",
            x=alt.XValue(alt.expr("width / 2")),
            y=alt.YValue(alt.expr("height / 2")),
        )
    )
