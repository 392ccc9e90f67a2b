"""Meanwhile: a support vector machine and a network learn from the same points."""

import streamlit as st

from pages.ui.frame import close_page, open_page, palette
from pages.ui.house import SVM
from pages.ui.owndata import file_is_absent
from pages.ui.rooms.svm import open_svm, settings, stage
from pages.ui.widgets.owndata import ask_for_file
from pages.ui.widgets.presets import questions

t = open_page(SVM)
chosen, run = open_svm()

questions(t, SVM)
with st.sidebar:
    settings(t, chosen, run)
if file_is_absent():
    ask_for_file(t)
else:
    stage(t, palette(), chosen, run)
close_page(t, SVM)
