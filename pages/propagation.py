"""Signal propagation: what wide random layers do to a signal and an error before any training."""

import streamlit as st

from pages.ui.frame import close_page, open_page, palette
from pages.ui.house import PROPAGATION
from pages.ui.rooms.propagation import (
    defined,
    gains,
    layer_chart,
    maps,
    phase_chart,
    settings,
    verdict,
)
from pages.ui.widgets.presets import questions

t = open_page(PROPAGATION)
chosen, run = PROPAGATION.open()
colours = palette()

questions(t, PROPAGATION)
with st.sidebar:
    settings(t, chosen, run)
if defined(chosen, run):
    verdict(t, chosen, run)
    maps(t, colours, chosen, run)
    phase_chart(t, colours, chosen, run)
    layer_chart(t, colours, chosen, run)
else:
    st.info(t.propagation.undefined, icon=":material/function:")
gains(t, chosen)
close_page(t, PROPAGATION)
