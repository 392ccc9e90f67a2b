"""What the callbacks of widgets pass on."""

import pytest
import streamlit as st

from pages.ui.widgets.controls import taken


@pytest.mark.parametrize(
    ("told", "passed"), [("b", ["b"]), (0, [0]), (False, [False]), ([], [[]]), (None, [])]
)
def test_a_choice_is_passed_on_and_an_empty_widget_is_none(monkeypatch, told, passed):
    monkeypatch.setattr(st, "session_state", {"way": told})
    heard = []
    taken("way", heard.append)
    assert heard == passed
