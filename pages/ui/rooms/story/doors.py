"""The three doors of the start page, each with a small picture made by what lies behind it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import streamlit as st

from core.nn.activations import ACTIVATIONS
from core.runs.presets import PRESETS
from core.runs.training import train
from pages.charts import doors as charts
from pages.texts import Text
from pages.ui.frame import palette
from pages.ui.house import ROOMS
from pages.ui.widgets.show import show

SHOWN = ("sigmoid", "tanh", "relu")


@st.cache_resource(show_spinner=False, max_entries=1)
def tables() -> dict[str, pa.Table]:
    """Values, slopes, and the errors per layer of the race's three untrained networks."""
    z = np.linspace(-4, 4, 161)
    deltas = {run.activation: next(train(run)).delta[0] for run in PRESETS["race"]}
    layers = np.arange(1.0, PRESETS["race"][0].depth + 2)
    return {
        "activations": charts.lines_table(z, {k: ACTIVATIONS[k].value(z) for k in SHOWN}),
        "derivatives": charts.lines_table(z, {k: ACTIVATIONS[k].derivative(z) for k in SHOWN}),
        "training": charts.lines_table(layers, deltas),
    }


def doors(t: Text) -> None:
    """Question, picture and way in, one column per door."""
    layers = PRESETS["race"][0].depth + 1
    for page, column in zip(tables(), st.columns(3, gap="medium"), strict=True):
        door = t.story.doors[page]
        with column, st.container(border=True, height="stretch"):
            st.header(door.question, anchor=False)
            st.markdown(door.line)
            show(
                charts.lines,
                palette(),
                SHOWN,
                door.x,
                door.y,
                layers if page == "training" else 0,
                t.training.out,
                door.alternative,
                lines=tables()[page],
            )
            st.page_link(ROOMS[page].script, label=t[page].door, icon=":material/arrow_forward:")
