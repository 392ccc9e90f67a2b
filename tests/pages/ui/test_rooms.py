"""Every page as a value: its settings, its links, its questions."""

from types import MappingProxyType

import pytest

from core.data.tables import Columns
from core.domain import Choice
from core.runs.training import RunSpec
from pages import texts
from pages.ui import session as module
from pages.ui.house import DIGITS, ROOMS, SVM, TAUGHT, TRAINING, TWO_CLASSES
from pages.ui.room import Room, Uses
from pages.ui.session import Session, session
from pages.ui.settings import ByHand, Curves, Digits, Stage

every_room = pytest.mark.parametrize("room", ROOMS.values(), ids=ROOMS)
every_question = pytest.mark.parametrize(
    ("room", "key"),
    [(room, key) for room in ROOMS.values() for key in room.presets],
    ids=lambda value: value if isinstance(value, str) else value.name,
)


class Streamlit:
    """Stands in for Streamlit: a session."""

    def __init__(self):
        self.session_state = {}


@pytest.fixture
def chosen(monkeypatch):
    """A function that begins a session with these settings and returns what it holds later."""
    monkeypatch.setattr(module, "st", Streamlit())

    def begin(**settings):
        module.commit(Session(MappingProxyType(settings)))
        return lambda: dict(session().settings)

    return begin


def is_among(keys, room):
    return set(keys) <= set(room.keys)


@every_room
def test_what_a_page_opens_with_is_written_in_its_full_link_and_read_back(room):
    state = room.read({})
    full = room.link_of(*state, full=True)
    for link in (full, room.link_of(*state)):
        assert room.link_of(*room.read(link), full=True) == full
    assert is_among(full, room)


@every_question
def test_the_link_of_a_question_opens_the_question_and_no_other(room, key, chosen):
    for full in (False, True):
        query = room.link_of(*room.presets[key], full=full)
        assert is_among(query, room)
        chosen(**query)
        assert room.preset == key


@every_question
def test_a_question_that_is_chosen_is_on_the_page_with_its_note(room, key, chosen):
    chosen(language="ja")
    room.choose(key)
    assert room.preset == key
    for language in texts.LANGUAGES.values():
        assert room.note(language.text) == language.text[room.name].preset_notes[key]


@every_room
def test_what_a_page_offers_a_class_are_settings_of_its_own(room):
    own = {name for part in room.parts for name in part.spec.domains()}
    assert set(room.controls) | set(room.moved) <= own
    assert set(room.kept) <= set(room.moved)  # or the question would not be on the page


@every_room
def test_a_page_has_its_words_in_every_language(room):
    for language in texts.LANGUAGES.values():
        t = language.text
        assert t[room.name].door
        assert not room.section or t.common.sections[room.section]
        assert all(t[room.name].presets[key] for key in room.presets)


def test_one_page_is_at_the_address_without_a_path():
    assert [room.path for room in ROOMS.values() if not room.path] == [""]
    assert [room for room in TAUGHT if room.home] == [next(iter(ROOMS.values()))]


def test_a_change_leaves_the_settings_of_other_kinds_and_other_pages_alone(chosen):
    now = chosen(rate="0.3", dataset="iris", hand_x1="2")
    ROOMS["byhand"].change(ByHand, "hand_units", 3)
    assert now() == {"rate": "0.3", "dataset": "iris", "hand_x1": "2", "hand_units": "3"}
    ROOMS["byhand"].change(RunSpec, "rate", 1.0)
    assert now() == {"rate": "1", "dataset": "iris", "hand_x1": "2", "hand_units": "3"}
    ROOMS["activations"].setter(Curves)("shown", ("relu",))
    assert now()["dataset"] == "iris"


def test_a_question_stays_while_the_reader_moves_what_belongs_to_no_question(chosen):
    now = chosen(unit="3", beside="1", activation="sigmoid", initializer="xavier", rate="0.1")
    DIGITS.choose("tanh")
    DIGITS.change(Digits, "unit", 7)
    assert DIGITS.preset == "tanh"
    DIGITS.change(RunSpec, "seed", 5)
    assert DIGITS.preset is None
    assert now()["seed"] == "5"


def test_what_is_drawn_of_the_lanes_outlasts_a_question(chosen):
    chosen(measure="dead", tool="units")
    TRAINING.choose("dead")
    assert TRAINING.open()[0] == Stage(lanes=3, measure="dead", tool="units")


def test_own_data_are_no_question_and_give_way_to_one(chosen):
    now = chosen(file="0123456789abcdef", inputs="1-2", goal="number")
    assert TRAINING.open()[2].file == "0123456789abcdef"
    assert TRAINING.preset is None
    TRAINING.choose("race")
    assert "file" not in now()
    assert TRAINING.preset == "race"


def test_a_link_without_a_file_says_nothing_of_columns():
    assert "goal" not in TRAINING.link_of(*TRAINING.read({}), full=True)
    assert "goal" in TRAINING.link_of(Columns(file="0123456789abcdef"), full=True)


def test_a_value_outside_a_narrower_domain_gives_way_to_the_page_s_own(chosen):
    assert "iris" in RunSpec.domains()["dataset"].options
    assert "iris" not in TWO_CLASSES
    chosen(dataset="iris", rate="0.3")
    assert SVM.open()[1] == RunSpec(rate=0.3)


def test_settings_that_a_page_has_no_use_for_stay_as_the_page_has_them():
    part = Uses(RunSpec(depth=2), ("activation",), only={"activation": Choice({"relu": 1})})
    assert part.read({"depth": "7", "activation": "relu"}) == RunSpec(depth=2, activation="relu")
    assert part.read({"activation": "tanh"}) == RunSpec(depth=2)
    assert part.write(RunSpec(depth=7, activation="relu"), full=True) == {"activation": "relu"}


def test_a_page_without_questions_shows_none(chosen):
    chosen()
    empty = Room("empty", "", (Uses(Curves()),))
    assert empty.preset is None
    assert empty.note(texts.LANGUAGES["en"].text) is None
