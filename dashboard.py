"""Where did the error go? Deep networks, seen: run with `streamlit run dashboard.py`."""

import streamlit as st

from pages.ui.frame import frame, watch
from pages.ui.house import ROOMS
from pages.ui.rooms.classroom.lesson import run

st.set_page_config(layout="wide", page_icon="pages/ui/widgets/assets/icon.svg")
with frame() as t:
    sections: dict[str, list[st.Page]] = {}
    for room in ROOMS.values():
        page = st.Page(
            room.script,
            title=t[room.name].door,
            icon=room.icon,
            url_path=room.path or None,
            default=room.home,
        )
        section = t.common.sections[room.section] if room.section else ""
        sections.setdefault(section, []).append(page)
    page = st.navigation(sections, position="top")
    watch(page)
    run(t, page)
