"""Activation functions, laid over each other: values, slopes, facts."""

import streamlit as st

from pages.ui.frame import close_page, open_page, palette
from pages.ui.house import ACTIVATIONS
from pages.ui.rooms.activations import (
    curve_charts,
    dial,
    facts,
    formulas,
    open_curves,
    settings,
    stretch_charts,
)
from pages.ui.widgets.presets import questions

t = open_page(ACTIVATIONS)
curves, knobs = open_curves()
colours = palette()

questions(t, ACTIVATIONS)
with st.sidebar:
    settings(t, curves, knobs)
dial(t, colours, curves.shown, knobs)
curve_charts(t, colours, curves.shown, knobs)
stretch_charts(t, colours)
formulas(t, curves.shown)
facts(t)
close_page(t, ACTIVATIONS)
