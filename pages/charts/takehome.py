"""A view to take home: one HTML file that needs no server and no network, pictures, and tables.

The page passes on what the view was made of: charts over their tables, and the small parts (clock,
captions, dials) that move them. The file contains the same charts and the same parts.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from html import escape
from math import isfinite
from pathlib import Path
from typing import Any

import altair as alt
import pyarrow as pa
import pyarrow.csv
import vl_convert

from pages.charts import fonts
from pages.charts.packing import unpacked
from pages.charts.style import Palette
from pages.texts import Text

PLAYER = Path(__file__).with_name("takehome.js")
SHEET = Path(__file__).with_name("takehome.css")
WIDTH = 640
"""Width of an exported picture, in the pixels of a page; a PNG has twice as many."""
VERSION = alt.SCHEMA_VERSION.rpartition(".")[0]
UNSEEN = re.compile(r'<image [^>]*\bopacity="0"[^>]*(?:/>|></image>)')
SPOKEN = re.compile(r' aria-label="[^"]*data:image[^"]*"')


@dataclass(frozen=True, eq=False)
class Figure:
    """A chart as it was drawn. lane: the group of charts it belongs to, "" for none."""

    name: str
    spec: Mapping[str, Any]
    tables: Mapping[str, pa.Table]
    lane: str = ""


@dataclass(frozen=True)
class Asset:
    """The files of a kind of part; `js` has one function as its default export."""

    html: str
    css: str
    js: str


@dataclass(frozen=True, eq=False)
class Part:
    """A part that moves charts, or is moved by their parameter. kind: one word for its asset."""

    kind: str
    asset: Asset
    data: Mapping[str, Any]
    lane: str = ""


@dataclass(frozen=True, eq=False)
class View:
    """A page as it was drawn. link: where it can be opened again, "" if unknown."""

    key: str
    title: str
    lead: str
    link: str
    items: Sequence[Figure | Part] = field(default_factory=tuple)

    @property
    def figures(self) -> list[Figure]:
        return [item for item in self.items if isinstance(item, Figure)]


def theme(colours: Palette, font: str) -> dict[str, Any]:
    """How charts look outside the dashboard: the same as on its pages."""
    words = {"labelColor": colours.faint, "titleColor": colours.faint}
    sizes = {"labelFontSize": 12, "titleFontSize": 13, "labelFontWeight": "normal"}
    axis = {"gridColor": colours.grid, "tickColor": colours.grid, "domain": False}
    return {
        "font": font,
        "background": colours.paper,
        "axis": {**words, **sizes, **axis, "titleFontWeight": "normal"},
        "legend": {**words, **sizes, "titleFontWeight": "normal"},
        "header": words,
        "title": {"color": colours.ink, "subtitleColor": colours.faint},
        "text": {"color": colours.ink},
        "rule": {"color": colours.ink},
        "view": {"stroke": "transparent"},
    }


def plain(value: Any) -> Any:
    """A cell for JSON: anything not finite becomes null."""
    return None if isinstance(value, float) and not isfinite(value) else value


def rows(table: pa.Table) -> list[dict[str, Any]]:
    return [{name: plain(value) for name, value in row.items()} for row in table.to_pylist()]


def merged(looks: Any, own: Any) -> Any:
    """A chart's own settings, on top of the theme's."""
    return {**looks, **own} if isinstance(looks, dict) and isinstance(own, dict) else own


def alone(figure: Figure, colours: Palette, font: str, width: int | str) -> dict[str, Any]:
    """A chart's specification with its data, its width and its looks."""
    looks, own = theme(colours, font), figure.spec.get("config", {})
    config = looks | {key: merged(looks.get(key), value) for key, value in own.items()}
    return {
        "autosize": {"type": "fit", "contains": "padding"},
        **figure.spec,
        "width": width,
        "config": config,
        "datasets": {name: rows(table) for name, table in figure.tables.items()},
    }


# One file of HTML


@cache
def bundle() -> str:
    """The scripts that draw charts, all in one."""
    return vl_convert.javascript_bundle(vl_version=VERSION)  # type: ignore[call-arg]


def inside_script(data: Any) -> str:
    """Data as a JavaScript literal that cannot close the script element around it."""
    return json.dumps(data, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")


def html(view: View, t: Text, colours: Palette) -> str:
    """The view as one file that a browser opens from a disk."""
    family = f'"{fonts.FAMILY}", system-ui, sans-serif'
    items = [
        {"lane": item.lane, "part": item.kind, "data": dict(item.data)}
        if isinstance(item, Part)
        else {"lane": item.lane, "spec": alone(item, colours, family, "container")}
        for item in view.items
    ]
    used = {item.kind: item.asset for item in view.items if isinstance(item, Part)}
    functions = ",\n".join(f"{kind}: {function(asset.js)}" for kind, asset in used.items())
    page = {
        "items": items,
        "parts": {kind: asset.html for kind, asset in used.items()},
        "menu": {"PNG_ACTION": t.takehome.save_png, "SVG_ACTION": t.takehome.save_svg},
        "name": view.key,
    }
    data = inside_script(page)
    styles = [fonts.faces(data + view.title, bold=True), variables(colours, family)]
    styles += [SHEET.read_text("utf-8"), *(asset.css for asset in used.values())]
    link = f'<a href="{escape(view.link)}">{escape(t.takehome.link)}</a>' if view.link else ""
    return f"""<!DOCTYPE html>
<html lang="{escape(t.common.key)}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(view.title)}</title>
<style>
{"".join(styles)}</style>
</head>
<body hidden>
<header>
<h1>{escape(view.title)}</h1>
<p>{escape(view.lead)}</p>
</header>
<main></main>
<footer>
<p>{escape(t.takehome.footer)} {link}</p>
</footer>
<script>{bundle()}</script>
<script>
const page = {data};
const parts = {{
{functions}
}};
{PLAYER.read_text("utf-8")}</script>
</body>
</html>
"""


def function(module: str) -> str:
    """The default export of a module as an expression."""
    before, export, after = module.partition("export default function")
    assert export
    return f"(() => {{\n{before}return function{after}\n}})()"


def variables(colours: Palette, family: str) -> str:
    """The variables of a theme that the parts' style sheets use."""
    values = {
        "text-color": colours.ink,
        "background-color": colours.paper,
        "secondary-background-color": colours.paper,
        "border-color": colours.grid,
        "primary-color": colours.accent,
        "faint-color": colours.faint,
        "button-radius": ".5rem",
        "font": family,
    }
    lines = "".join(f"  --st-{name}: {value};\n" for name, value in values.items())
    return f":root {{\n{lines}}}\n"


# Pictures and tables


def svg(figure: Figure, colours: Palette) -> str:
    """The chart as it is at its last epoch, with the glyphs that it needs."""
    fonts.register()
    spec = alone(figure, colours, fonts.PICTURES, WIDTH)
    drawn = vl_convert.vegalite_to_svg(spec, vl_version=VERSION, allowed_base_urls=[])
    return SPOKEN.sub("", UNSEEN.sub("", drawn))


def with_font(drawn: str) -> str:
    """The picture with embedded glyphs that another machine may lack."""
    face = fonts.faces(drawn)
    return drawn.replace(">", f"><style>{face}</style>", 1) if face else drawn


def png(drawn: str) -> bytes:
    return vl_convert.svg_to_png(drawn, scale=2)


def csv(table: pa.Table) -> bytes:
    """The table without its pictures; with a UTF-8 byte order mark where a spreadsheet needs it."""
    table = unpacked(table)
    names = [name for name in table.column_names if not pictured(table[name])]
    buffer = io.BytesIO()
    pa.csv.write_csv(table.select(names), buffer)
    text = buffer.getvalue()
    return text if text.isascii() else b"\xef\xbb\xbf" + text


def pictured(column: pa.ChunkedArray) -> bool:
    if not pa.types.is_string(column.type):
        return False
    return any((cell or "").startswith("data:") for cell in column.slice(0, 1).to_pylist())


def archive(view: View, colours: Palette, made: datetime) -> bytes:
    """Every chart as PNG and SVG, and its tables as CSV, in one ZIP file.

    made: the date of the files.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as folder:
        for number, figure in enumerate(view.figures, start=1):
            name = f"{view.key}-{number:02d}-{figure.name}"
            drawn = svg(figure, colours)
            files: dict[str, str | bytes] = {".svg": with_font(drawn), ".png": png(drawn)}
            files |= {f"-{key}.csv": csv(t) for key, t in figure.tables.items() if t.num_rows}
            for ending, content in files.items():
                info = zipfile.ZipInfo(name + ending, made.timetuple()[:6])
                info.external_attr = 0o644 << 16
                folder.writestr(info, content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
