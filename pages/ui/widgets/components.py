"""The small components that move the charts in the browser, without the server."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from pages.charts.takehome import Asset
from pages.texts import Text
from pages.ui.collection import collect_part

ASSETS = Path(__file__).with_name("assets")
SHARED = ("call.js", "drive.js")
SHEET = Path(__file__).with_name("paper.css")
WIDE = {"narrow": False}
PAPER = "paper"
"""The session's key for what was drawn last."""


@cache
def asset(name: str) -> Asset:
    """The files `assets/<name>.html|css|js`, the script with what all of them share before it."""
    html, css, js, *shared = (
        (ASSETS / file).read_text("utf-8")
        for file in (f"{name}.html", f"{name}.css", f"{name}.js", *SHARED)
    )
    return Asset(html, css, "".join([*shared, js]))


@cache
def component(name: str) -> Any:
    """Declare the component of that name."""
    html, css, js = vars(asset(name)).values()
    return st.components.v2.component(
        f"dashboard_{name}", html=html, js=js, css=css, isolate_styles=False
    )


def clock(
    t: Text,
    *,
    run: str,
    last: int,
    total: int,
    stride: int,
    live: bool,
    rate: float = 33,
    words: Text | None = None,
    begin: bool = False,
) -> None:
    """Play, pause, step and scrub the epochs 0 to `last`, kept every `stride` epochs.

    run: what the epochs belong to; another one shows its end, or with `begin` is played at once.
    live: still computing, so the clock follows the latest epoch. rate: steps per second.
    words: replaces the clock's own words where the steps are not epochs.
    """
    words = words or t.clock
    labels = {key: words[key] for key in words}
    labels["step"] = labels["step"].format(count=stride)
    data = {
        "run": run,
        "last": last,
        "total": total,
        "stride": stride,
        "rate": rate,
        "live": live,
        "begin": begin,
        "labels": labels,
    }
    collect_part("clock", asset("clock"), data, live=live)
    component("clock")(data=data, key="clock")


def caption(
    name: str,
    headlines: Sequence[tuple[int, str]],
    sentences: Sequence[tuple[int, str, str]],
    *,
    lines: int,
    key: str,
) -> None:
    """A headline and a sentence that follow the clock, each with the epoch from which it holds.

    lines: how many lines the longest sentence takes.
    """
    data = {
        "name": name,
        "headlines": list(headlines),
        "sentences": list(sentences),
        "lines": lines,
    }
    collect_part("caption", asset("caption"), data)
    component("caption")(data=data, key=key)


@dataclass(frozen=True)
class Dial:
    """A dial from `low` to `high` in `count` steps that starts at `start`.

    symbol: the quantity whose value is given at each step, unless `places` names the steps.
    """

    label: str
    low: float
    high: float
    count: int
    start: float = 0
    symbol: str = ""
    places: tuple[str, ...] = ()

    def at(self, step: int) -> float:
        """The value at a step."""
        return self.low + (self.high - self.low) * step / self.count


@dataclass(frozen=True)
class Readings:
    """What curves read at the dial's value: a name, a colour and columns for each row."""

    head: Sequence[str] = ()
    rows: Sequence[Mapping[str, Any]] = ()


def probe(
    name: str,
    dial: Dial,
    readings: Readings | None = None,
    keep: Callable[[float], None] | None = None,
) -> None:
    """A dial that moves the charts' parameter `name`, and what their curves read there.

    keep: receives the value where the dial is let go.
    """
    table = readings or Readings()
    data = {
        **asdict(dial),
        "name": name,
        "places": list(dial.places) or None,
        "head": list(table.head),
        "rows": [dict(row) for row in table.rows] or None,
    }
    collect_part("probe", asset("probe"), data)
    key = f"probe_{name}"
    if keep is None:
        component("probe")(data=data, key=key)
        return

    def let_go() -> None:
        keep(dial.at(int(st.session_state[key]["let_go"][0])))

    component("probe")(data=data | {"kept": True}, key=key, on_let_go_change=let_go)


def ask_for_look(
    name: str, words: Mapping[str, str], *, wanted: bool, period: float, opened: float
) -> None:
    """Let the browser ask for the next look at runs being computed, and give charts their words.

    words: the charts' words, by the names that replace them in the specifications. wanted: whether
    there should be a next look, at least `period` seconds after this one. opened: when the page as
    a whole was drawn.
    """
    component("look")(
        data={
            "words": dict(words),
            "wanted": wanted,
            "period": period,
            "now": time.monotonic(),
            "opened": opened,
        },
        key=f"look_{name}",
        on_look_change=lambda: None,
    )


NARROW = 700
"""Pixels below which a window is narrow."""


def watch_width() -> None:
    """Let the browser say whether its window is narrow. Only one that is takes a run for it."""
    data = {"below": NARROW, "narrow": is_narrow()}
    component("window")(data=data, key="window", default=WIDE, on_narrow_change=lambda: None)


def is_narrow() -> bool:
    """Whether the reader's window is narrow, as far as is known: a page is first drawn wide."""
    return bool(st.session_state.get("window", WIDE)["narrow"])


def watch_page(place: str) -> None:
    """Let the browser begin another place at its top, and rerun the page after its server was gone.

    Outside of any fragment. place: which page, and of the story which scene.
    """
    component("page")(data={"place": place}, key="page", on_reconnected_change=lambda: None)


def stepper(t: Text, name: str, titles: Sequence[str], *, run: str, blocks: str) -> None:
    """Buttons and keys that move the charts' parameter `name` through the steps called `titles`.

    Of the containers with the keys `<blocks>0`, `<blocks>1`, ... only the current step's is shown.
    run: what is stepped through; another one starts at its first step.
    """
    data = {
        "name": name,
        "titles": list(titles),
        "run": run,
        "blocks": blocks,
        "labels": {key: t.stepper[key] for key in t.stepper},
    }
    collect_part("stepper", asset("stepper"), data)
    component("stepper")(data=data, key=f"stepper_{name}")


def network(
    data: Mapping[str, Any], key: str, *, chosen: Callable[[str], None] | None = None
) -> None:
    """The picture of a network that `pages.charts.network.picture` describes.

    chosen: receives the hidden unit that was pressed, as `layer.unit`, both from 1.
    """
    collect_part("network", asset("network"), dict(data))
    if chosen is None:
        component("network")(data=dict(data), key=key)
        return

    def pressed() -> None:
        if unit := st.session_state[key].get("unit"):
            chosen(unit)

    component("network")(data=dict(data), key=key, on_unit_change=pressed)


def network_legend(t: Text, view: str) -> None:
    """What the marks in pictures of networks mean. view: as in those pictures."""
    labels = {key: t.network[key] for key in t.network} | {"left_out": ""}
    data = {"name": "", "columns": [], "view": view, "legend": True, "labels": labels}
    collect_part("network", asset("network"), data)
    component("network")(data=data, key="network_legend")


def walk(t: Text, *, run: str, layers: int) -> None:
    """Send one batch through the pictures of networks: forwards, the loss, back, the update.

    run: what it is sent through. layers: hidden layers of the deepest network.
    """
    labels = {key: t.network[key] for key in t.network}
    data = {"run": run, "layers": layers, "labels": labels}
    collect_part("walk", asset("walk"), data)
    component("walk")(data=data, key="walk")


def print_button(label: str) -> None:
    """A button that opens the browser's print dialog, and the style rules for paper."""
    st.html(SHEET)
    component("print")(data={"label": label}, key="print")


def drawing(
    t: Text,
    *,
    pixels: Sequence[int],
    edit: int,
    answer: str,
    change: Callable[[], None],
) -> None:
    """A picture of 8 x 8 pixels to draw in; `change` is called when something has been drawn.

    edit: the number of the latest change included in `pixels`. answer: what it is read as.
    """
    component("drawing")(
        data={
            "pixels": list(pixels),
            "edit": edit,
            "answer": answer,
            "labels": {name: t.digits[name] for name in ("paper", "pixel", "hint")},
        },
        key=PAPER,
        on_drawn_change=change,
    )


def copy_link(t: Text, query: Mapping[str, str]) -> None:
    """A button that copies the page's address with every setting written out, and says so."""
    component("copy")(
        data={"label": t.common.copy_link, "done": t.common.copied, "query": urlencode(query)},
        key="copy_link",
    )
