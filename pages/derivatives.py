"""Derivatives: how steep the activation functions are, and what that does to an error."""

import streamlit as st

from pages.ui.frame import close_page, open_page, palette
from pages.ui.house import DERIVATIVES
from pages.ui.rooms.derivatives import (
    parts_charts,
    remains_chart,
    settings,
    slope_chart,
    walks_of,
)
from pages.ui.widgets.presets import questions

t = open_page(DERIVATIVES)
slopes, run = DERIVATIVES.open()
colours = palette()

questions(t, DERIVATIVES)
with st.sidebar:
    settings(t, slopes, run)
walks = walks_of(t, slopes, run)
slope_chart(t, colours, slopes, run, walks)
if walks:
    remains_chart(t, colours, run, walks)
    parts_charts(t, colours, run, walks)
close_page(t, DERIVATIVES)
