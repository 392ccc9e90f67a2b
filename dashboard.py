"""Where did the error go? Deep networks, seen: run with `streamlit run dashboard.py`."""

import streamlit as st

from pages.ui.frame import frame

PAGES = {
    "": {
        "story": ":material/auto_stories:",
        "activations": ":material/show_chart:",
        "derivatives": ":material/trending_up:",
        "training": ":material/model_training:",
    },
    "closer": {
        "digits": ":material/draw:",
        "perceptron": ":material/linear_scale:",
        "svm": ":material/compare:",
        "byhand": ":material/edit_note:",
        "classroom": ":material/school:",
    },
}
"""Every page by its section; those of the section without a name stand in the bar itself."""

st.set_page_config(layout="wide", page_icon="pages/ui/widgets/assets/icon.svg")
with frame() as t:
    sections = {
        t.common.sections[section] if section else "": [
            st.Page(
                f"pages/{name}.py",
                title=t[name].door,
                icon=icon,
                url_path=name if name != "story" else None,
                default=name == "story",
            )
            for name, icon in pages.items()
        ]
        for section, pages in PAGES.items()
    }
    st.navigation(sections, position="top").run()
