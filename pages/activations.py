"""Activation functions, laid over each other: values, slopes, facts."""

import streamlit as st

from pages.ui.frame import close_page, open_page, palette
from pages.ui.rooms.activations import (
    curve_charts,
    dial,
    facts,
    formulas,
    link_of,
    open_curves,
    preset_choice,
    preset_note,
    settings,
    stretch_charts,
)

t = open_page("activations", preset_note)
curves, knobs = open_curves()
colours = palette()

preset_choice(t)
with st.sidebar:
    settings(t, curves, knobs)
dial(t, colours, curves.shown, knobs)
curve_charts(t, colours, curves.shown, knobs)
stretch_charts(t, colours)
formulas(t, curves.shown)
facts(t)
close_page(t, link_of(curves, knobs), link_of(curves, knobs, full=True))
