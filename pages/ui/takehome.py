"""Take home what is on the page: prepared only on request."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from urllib.parse import urlencode, urlsplit, urlunsplit

import streamlit as st

from core.runs.training import RunSpec
from core.takehome import keras, pytorch
from core.takehome.script import script
from pages.charts import takehome as charts
from pages.charts.style import Palette
from pages.texts import Text
from pages.ui.collection import Collection

FRAMEWORKS = MappingProxyType(
    {
        "pytorch": (pytorch.lacking, pytorch.pytorch),
        "keras": (keras.lacking, keras.keras),
    }
)
"""Of each framework what its program lacks of a run, and the program."""


def take_home(t: Text, colours: Palette, collected: Collection, query: Mapping[str, str]) -> None:
    """Offer the page as one file, its pictures and tables, and its runs.

    query: every setting, so that the file can say where it came from.
    """
    st.markdown(f"**{t.takehome.door}**")
    if collected.live:
        st.caption(t.takehome.wait)
        return
    view = charts.View(
        collected.key, collected.title, collected.lead, address(query), tuple(collected.items)
    )
    if view.figures:
        name = view.key
        offer(t, "page", f"{name}.html", "text/html", lambda: charts.html(view, t, colours))
        offer(
            t,
            "pictures",
            f"{name}.zip",
            "application/zip",
            lambda: charts.archive(view, colours, datetime.now()),
        )
    if collected.runs:
        scripts(t, collected.key, collected.runs)
    elif not view.figures:
        st.caption(t.takehome.nothing)


def offer(t: Text, kind: str, name: str, mime: str, make: Callable[[], str | bytes]) -> None:
    """What the file is, and the buttons that prepare and download it."""
    st.markdown(f"**{t.takehome[kind].title}**  \n{t.takehome[kind].line}")
    prepared(t, kind, t.takehome.prepare, name, mime, make)


def prepared(
    t: Text, kind: str, label: str, name: str, mime: str, make: Callable[[], str | bytes]
) -> None:
    """A button that prepares a file; then, until the page changes, one that downloads it.

    `st.download_button` could call `make` itself, but the address of such a file is lost as soon as
    anybody's page is drawn.
    """
    if not st.button(label, key=f"prepare_{kind}"):
        return
    with st.spinner(t.takehome.preparing):
        content = make()
    st.download_button(
        t.takehome.download.format(name=name),
        content,
        name,
        mime,
        key=f"download_{kind}",
        icon=":material/download:",
        type="primary",
        on_click="ignore",
    )


def scripts(t: Text, page: str, runs: Sequence[tuple[str, RunSpec]]) -> None:
    """Every run on the page as a script; short enough to be made at once."""
    if asked_for(t, "script"):
        for number, (name, run) in enumerate(runs, start=1):
            program(f"{page}-{number}", name, script(run))
    for kind, (lacking, text) in FRAMEWORKS.items():
        if asked_for(t, kind):
            for number, (name, run) in enumerate(runs, start=1):
                if lack := lacking(run):
                    told = t.takehome[kind].lacking
                    st.caption(told.format(name=name, setting=t.settings[lack]))
                else:
                    program(f"{page}-{number}-{kind}", name, text(run))


def asked_for(t: Text, kind: str) -> bool:
    """What programs of a kind are, and whether the visitor wants them."""
    st.markdown(f"**{t.takehome[kind].title}**  \n{t.takehome[kind].line}")
    return st.button(t.takehome.prepare, key=f"prepare_{kind}")


def program(file: str, name: str, text: str) -> None:
    """A button that downloads a program."""
    st.download_button(
        name,
        text,
        f"{file}.py",
        "text/x-python",
        key=f"download_script_{file}",
        icon=":material/download:",
        on_click="ignore",
    )


def address(query: Mapping[str, str]) -> str:
    """The link to the page as it is, "" if the address is unknown."""
    parts = urlsplit(st.context.url or "")
    if parts.scheme not in ("http", "https"):
        return ""
    return urlunsplit((parts.scheme, parts.netloc, parts.path, urlencode(query), ""))
