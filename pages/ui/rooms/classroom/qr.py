"""QR codes of links, for phones."""

from __future__ import annotations

from io import BytesIO

import segno
import streamlit as st

from pages.texts import Text

QUIET = 4
"""The quiet zone: modules of white around a QR code, as its standard requires."""


@st.cache_data(show_spinner=False, max_entries=64)
def qr(link: str) -> str:
    """The QR code of a link as an SVG, black on white in every theme."""
    drawn = BytesIO()
    segno.make_qr(link, error="m").save(
        drawn,
        kind="svg",
        scale=10,
        border=QUIET,
        dark="#000",
        light="#fff",
        omitsize=True,
        xmldecl=False,
    )
    return drawn.getvalue().decode()


def large(t: Text, link: str) -> None:
    """The QR code as high as the window, for the back row."""

    @st.dialog(t.classroom.scan, width="large")  # type: ignore[untyped-decorator]
    def dialog() -> None:
        with st.container(key="qr_large"):
            st.image(qr(link), alt=t.classroom.code, width="stretch")
            st.markdown(f"**{link.removeprefix('https://').removeprefix('http://')}**")

    dialog()
