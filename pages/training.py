"""Train deep networks side by side and watch the error travel back."""

from collections.abc import Sequence

import streamlit as st

from core.runs.recording import Recording
from pages.ui.frame import close_page, open_page, palette
from pages.ui.house import TRAINING
from pages.ui.owndata import file_is_missing
from pages.ui.rooms.training.laboratory import laboratory
from pages.ui.rooms.training.lanes import open_lanes, settings
from pages.ui.rooms.training.stage import Scene, stage, view_choice
from pages.ui.rooms.training.trust import trust
from pages.ui.widgets.components import watch_width
from pages.ui.widgets.owndata import ask_for_file
from pages.ui.widgets.presets import questions


def below(scene: Scene, records: Sequence[Recording]) -> None:
    """The laboratory, and below it whether the gradients are right."""
    laboratory(scene, records)
    trust(scene, records)


t = open_page(TRAINING)
shown, lanes = open_lanes()

watch_width()
with st.container(horizontal=True, vertical_alignment="center", gap="small", key="start"):
    questions(t, TRAINING)
    view_choice(t, shown, lanes)
with st.sidebar:
    settings(t, shown, lanes)
if file_is_missing():
    ask_for_file(t)
else:
    stage(t, palette(), lanes, below)
close_page(t, TRAINING)
