"""The glyphs that a machine may lack: a subset of a Japanese font, made by `tools/font.py`."""

from __future__ import annotations

import base64
from functools import cache
from pathlib import Path

import vl_convert

FAMILY = "Noto Sans JP Lesson"
FOLDER = Path(__file__).parents[2] / "static" / "fonts"
PICTURES = f"{FAMILY}, sans-serif"
"""The fonts of an exported picture: the same wherever it is made."""


@cache
def register() -> None:
    """Let exported pictures find the font, once."""
    vl_convert.register_font_directory(str(FOLDER))


@cache
def _face(name: str, weight: str) -> str:
    data = base64.b64encode((FOLDER / f"{name}.woff2").read_bytes()).decode()
    return (
        f'@font-face {{ font-family: "{FAMILY}"; font-weight: {weight};'
        f' font-display: block; src: url("data:font/woff2;base64,{data}") format("woff2"); }}\n'
    )


def faces(text: str, *, bold: bool = False) -> str:
    """The font as CSS, if the text has a character that a machine without Japanese fonts lacks."""
    if all(character < "\u3000" for character in text):
        return ""
    regular = _face("lesson-regular", "100 599")
    return regular + _face("lesson-bold", "600 900") if bold else regular
