"""Where did the error go? Deep networks, seen: run with `streamlit run dashboard.py`."""

import streamlit as st

from pages.ui.frame import frame

PAGES = {
    "story": ":material/auto_stories:",
    "activations": ":material/show_chart:",
    "derivatives": ":material/trending_up:",
    "training": ":material/model_training:",
}

st.set_page_config(layout="wide", page_icon="pages/ui/assets/icon.svg")
with frame() as t:
    pages = [
        st.Page(
            f"pages/{name}.py",
            title=t[name].door,
            icon=icon,
            url_path=name if name != "story" else None,
            default=name == "story",
        )
        for name, icon in PAGES.items()
    ]
    st.navigation(pages, position="top").run()
