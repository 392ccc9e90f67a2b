"""Train deep networks side by side and watch the error travel back."""

from collections.abc import Sequence

import streamlit as st

from core.runs.recording import Recording
from pages.ui.frame import close_page, open_page, palette
from pages.ui.rooms.training.laboratory import laboratory
from pages.ui.rooms.training.lanes import link_of, open_lanes, preset_choice, preset_note, settings
from pages.ui.rooms.training.owndata import ask_for_file, file_is_missing, own_link
from pages.ui.rooms.training.stage import Scene, stage
from pages.ui.rooms.training.trust import trust


def below(scene: Scene, records: Sequence[Recording]) -> None:
    """What stands under the stage."""
    laboratory(scene, records)
    trust(scene, records)


t = open_page("training", lead=preset_note)
shown, lanes = open_lanes()

preset_choice(t, lanes)
with st.sidebar:
    settings(t, shown, lanes)
if file_is_missing():
    ask_for_file(t)
else:
    stage(t, palette(), shown, lanes, below)
close_page(
    t,
    link_of(shown, lanes) | own_link(),
    link_of(shown, lanes, full=True) | own_link(full=True),
)
