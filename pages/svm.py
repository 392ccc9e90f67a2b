"""Meanwhile: a support vector machine and a network learn from the same points."""

import streamlit as st

from pages.ui.frame import close_page, open_page, palette
from pages.ui.house import SVM
from pages.ui.rooms.svm import settings, stage
from pages.ui.widgets.presets import questions

t = open_page(SVM)
chosen, run = SVM.open()

questions(t, SVM)
with st.sidebar:
    settings(t, chosen, run)
stage(t, palette(), chosen, run)
close_page(t, SVM)
