"""Perceptron and XOR: what one line can do, how it learns, and what one hidden layer folds."""

import streamlit as st

from pages.ui.frame import close_page, open_page, palette
from pages.ui.house import PERCEPTRON
from pages.ui.rooms.perceptron import part, part_choice, settings
from pages.ui.widgets.presets import questions

t = open_page(PERCEPTRON)
shown, folder, *_ = PERCEPTRON.open()

questions(t, PERCEPTRON)
with st.sidebar:
    settings(t, shown, folder)
part_choice(t, shown)
part(t, palette(), shown, folder)
close_page(t, PERCEPTRON)
