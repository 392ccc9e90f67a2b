"""Digits: a network learns to read handwriting, and then the reader's own."""

import streamlit as st

from pages.ui.frame import close_page, open_page, palette
from pages.ui.rooms.digits import link_of, open_digits, preset_choice, preset_note, settings, stage

t = open_page("digits", lead=preset_note)
shown, run = open_digits()

preset_choice(t)
with st.sidebar:
    settings(t, shown, run)
stage(t, palette(), shown, run)
close_page(t, link_of(shown, run), link_of(shown, run, full=True))
