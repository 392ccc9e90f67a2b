"""The start page: what this is about, and three doors."""

import streamlit as st

from pages.ui.doors import doors
from pages.ui.frame import close_page, open_page

t = open_page("story")
doors(t)
st.markdown(t.story.order)
close_page(t, {}, {})
