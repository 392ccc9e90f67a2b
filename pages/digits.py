"""Digits: a network learns to read handwriting, and then the reader's own."""

import streamlit as st

from pages.ui.frame import close_page, open_page, palette
from pages.ui.house import DIGITS
from pages.ui.rooms.digits import settings, stage
from pages.ui.widgets.presets import questions

t = open_page(DIGITS)
shown, run = DIGITS.open()

questions(t, DIGITS)
with st.sidebar:
    settings(t, shown, run)
stage(t, palette(), shown, run)
close_page(t, DIGITS)
