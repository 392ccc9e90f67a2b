"""By hand: one sample through a small network and back, with every number."""

import streamlit as st

from pages.ui.frame import close_page, open_page, palette
from pages.ui.rooms.byhand import (
    link_of,
    open_hand,
    part,
    part_choice,
    preset_choice,
    preset_note,
    settings,
)

t = open_page("byhand", preset_note)
hand, run = open_hand()
colours = palette()

preset_choice(t)
with st.sidebar:
    settings(t, hand, run)
part_choice(t, hand)
part(t, colours, hand, run)
close_page(t, link_of(hand, run), link_of(hand, run, full=True))
