"""By hand: one sample through a small network and back, with every number."""

import streamlit as st

from pages.ui.frame import close_page, open_page, palette
from pages.ui.house import BYHAND
from pages.ui.rooms.byhand import part, part_choice, settings
from pages.ui.widgets.presets import questions

t = open_page(BYHAND)
hand, run = BYHAND.open()

questions(t, BYHAND)
with st.sidebar:
    settings(t, hand, run)
part_choice(t, hand)
part(t, palette(), hand, run)
close_page(t, BYHAND)
