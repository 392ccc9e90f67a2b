"""Perceptron and XOR: what one line can do, how it learns, and what one hidden layer folds."""

import streamlit as st

from pages.ui.frame import close_page, open_page, palette
from pages.ui.rooms.perceptron import (
    link_of,
    open_line,
    part,
    part_choice,
    preset_choice,
    preset_note,
    settings,
)

t = open_page("perceptron", preset_note)
shown, folder = open_line()

preset_choice(t)
with st.sidebar:
    settings(t, shown, folder)
part_choice(t, shown)
part(t, palette(), shown, folder)
close_page(t, link_of(shown, folder), link_of(shown, folder, full=True))
