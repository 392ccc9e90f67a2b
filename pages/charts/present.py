"""A chart for a projector: the same picture with larger type and thicker lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TYPE, LINES, ROOM = 1.4, 1.4, 1.1
"""Magnification of text, of marks, and of the height."""
READ = {"fontSize", "labelFontSize", "titleFontSize", "subtitleFontSize", "dx", "dy"}
READ |= {"labelLimit", "titleLimit", "limit", "labelPadding", "titlePadding", "titleX", "titleY"}
DRAWN = {"strokeWidth", "symbolStrokeWidth"}
TEXT = 18
"""Font size of a chart that sets none, in pixels."""
UPRIGHT = 15
"""The same for a title that is no longer than the chart is high."""
PROJECTOR = "projector"
"""The key in a chart's `usermeta` for its height on a projector, where it is one of several that
should all be visible at once; without it, the height becomes ROOM times as large."""
CONFIG: Mapping[str, Mapping[str, float | str]] = {
    # at the end, so that a long title runs over the empty corner and is not cut off
    "axis": {"labelFontSize": TEXT, "titleFontSize": TEXT, "titleAnchor": "end"},
    "axisLeft": {"titleFontSize": UPRIGHT},
    "axisRight": {"titleAnchor": "middle"},
    "legend": {"labelFontSize": TEXT, "titleFontSize": TEXT, "symbolSize": 200},
    "header": {"labelFontSize": TEXT, "titleFontSize": TEXT},
    "title": {"fontSize": TEXT, "subtitleFontSize": TEXT},
    "text": {"fontSize": TEXT},
    "line": {"strokeWidth": 3.5},
}


def enlarge(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The specification with all its sizes in pixels enlarged; the data stay as they are."""
    larger: dict[str, Any] = scaled(spec)
    own = larger.get("config", {})
    larger["config"] = own | {
        part: {**sizes, **own[part]} if isinstance(own.get(part), dict) else dict(sizes)
        for part, sizes in CONFIG.items()
    }
    if PROJECTOR in (own_height := spec.get("usermeta", {})):
        larger["height"] = own_height[PROJECTOR]
    return larger


def scaled(branch: Any, factor: float = 1.0) -> Any:
    """A part of a specification; its own numbers are multiplied by `factor`."""
    if isinstance(branch, Mapping):
        return {
            key: value if key in ("data", "datasets") else scaled(value, of(key, factor))
            for key, value in branch.items()
        }
    if isinstance(branch, list):
        return [scaled(item, factor) for item in branch]
    number = isinstance(branch, int | float) and not isinstance(branch, bool)
    return branch * factor if number and factor != 1.0 else branch


def of(key: str, inherited: float) -> float:
    """The factor of the numbers under this key; `value` inherits that of its parent."""
    if key in READ:
        return TYPE
    if key in DRAWN:
        return LINES
    if key == "height":
        return ROOM
    return inherited if key in ("value", "condition") else 1.0
