"""The small components that move the charts in the browser, without the server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from pages.texts import Text

ASSETS = Path(__file__).with_name("assets")


@cache
def component(name: str, *, drives: bool = False) -> Any:
    """Declare the component `assets/<name>.html|js|css`; with `drives` it moves charts' inputs."""
    asset = {kind: (ASSETS / f"{name}.{kind}").read_text("utf-8") for kind in ("html", "js", "css")}
    script = (ASSETS / "drive.js").read_text("utf-8") + asset["js"] if drives else asset["js"]
    return st.components.v2.component(
        f"dashboard_{name}", html=asset["html"], js=script, css=asset["css"], isolate_styles=False
    )


def clock(t: Text, *, run: str, last: int, total: int, stride: int, live: bool) -> None:
    """Play, pause, step and scrub the epochs 0 to `last`, kept every `stride` epochs.

    run: what the epochs belong to; another one shows its end. live: still computing, so the
    clock follows the newest epoch.
    """
    labels = {key: t.clock[key] for key in t.clock}
    labels["step"] = labels["step"].format(count=stride)
    component("clock", drives=True)(
        data={
            "run": run,
            "last": last,
            "total": total,
            "stride": stride,
            "rate": 33,
            "live": live,
            "labels": labels,
        },
        key="clock",
    )


def caption(
    name: str,
    headlines: Sequence[tuple[int, str]],
    sentences: Sequence[tuple[int, str, str]],
    *,
    lines: int,
    key: str,
) -> None:
    """A headline and a sentence that follow the clock: each with the epoch from which it holds.

    lines: how many lines the longest sentence takes.
    """
    component("caption")(
        data={
            "name": name,
            "headlines": list(headlines),
            "sentences": list(sentences),
            "lines": lines,
        },
        key=key,
    )


def probe(
    name: str,
    *,
    label: str,
    symbol: str,
    low: float,
    high: float,
    count: int,
    start: float,
    places: Sequence[str] = (),
    head: Sequence[str] = (),
    rows: Sequence[Mapping[str, Any]] = (),
) -> None:
    """A dial from `low` to `high` in `count` steps that moves the charts' parameter `name`, and a
    table of what its curves read there."""
    component("probe", drives=True)(
        data={
            "name": name,
            "label": label,
            "symbol": symbol,
            "low": low,
            "high": high,
            "count": count,
            "start": start,
            "places": list(places) or None,
            "head": list(head),
            "rows": [dict(row) for row in rows] or None,
        },
        key=f"probe_{name}",
    )


def copy_link(t: Text, query: Mapping[str, str]) -> None:
    """A button that copies the page's address with every setting written out, and says so."""
    component("copy")(
        data={"label": t.common.copy_link, "done": t.common.copied, "query": urlencode(query)},
        key="copy_link",
    )
