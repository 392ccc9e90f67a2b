"""Sweeps: what comes of a network as one setting varies, and the trainability map."""

import streamlit as st

from pages.ui.frame import close_page, open_page, palette
from pages.ui.house import SWEEP
from pages.ui.rooms.sweep import part_choice, settings, stage
from pages.ui.widgets.presets import questions

t = open_page(SWEEP)
chosen, lanes = SWEEP.open()

questions(t, SWEEP)
part_choice(t, chosen)
with st.sidebar:
    settings(t, chosen, lanes)
stage(t, palette(), chosen, lanes)
close_page(t, SWEEP)
