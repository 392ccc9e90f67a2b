"""Derivatives: how steep the activation functions are, and what that does to an error."""

import streamlit as st

from pages.ui.frame import close_page, open_page, palette
from pages.ui.rooms.derivatives import (
    link_of,
    open_slopes,
    parts_charts,
    preset_choice,
    preset_note,
    remains_chart,
    settings,
    slope_chart,
    walks_of,
)

t = open_page("derivatives", preset_note)
slopes, run = open_slopes()
colours = palette()

preset_choice(t)
with st.sidebar:
    settings(t, slopes, run)
walks = walks_of(t, slopes, run)
slope_chart(t, colours, slopes, run, walks)
if walks:
    remains_chart(t, colours, run, walks)
    parts_charts(t, colours, run, walks)
close_page(t, link_of(slopes, run), link_of(slopes, run, full=True))
