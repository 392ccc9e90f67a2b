"""Meanwhile: a support vector machine and a network learn from the same points."""

import streamlit as st

from pages.ui.frame import close_page, open_page, palette
from pages.ui.rooms.svm import link_of, open_svm, preset_choice, preset_note, settings, stage

t = open_page("svm", lead=preset_note)
chosen, run = open_svm()

preset_choice(t)
with st.sidebar:
    settings(t, chosen, run)
stage(t, palette(), chosen, run)
close_page(t, link_of(chosen, run), link_of(chosen, run, full=True))
