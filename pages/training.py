"""Train deep networks side by side and watch the error travel back."""

import streamlit as st

from pages.ui.frame import close_page, open_page, palette
from pages.ui.laboratory import laboratory
from pages.ui.lanes import link_of, open_lanes, preset_choice, preset_note, settings
from pages.ui.stage import stage

t = open_page("training", lead=preset_note)
shown, lanes = open_lanes()

preset_choice(t, lanes)
with st.sidebar:
    settings(t, shown, lanes)
stage(t, palette(), shown, lanes, below=laboratory)
close_page(t, link_of(shown, lanes), link_of(shown, lanes, full=True))
