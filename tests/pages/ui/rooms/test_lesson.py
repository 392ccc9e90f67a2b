"""A live lesson on the pages: phones follow and vote, and nobody does what is not theirs."""

from __future__ import annotations

import csv
import io
import os
import re
import stat
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from pages import texts
from pages.live import configured, sqlite_store
from pages.live.lesson import Lesson, Stage
from pages.live.store import MOST_LESSONS, Unreachable, begin, digest_of, new_secret, new_voter
from pages.ui.house import ROOMS
from pages.ui.rooms.classroom import desk, live, phone, questions, seat
from pages.ui.rooms.classroom.questions import Words, askable, in_words, plain
from pages.ui.rooms.classroom.seat import TRIES, Seat
from pages.ui.rooms.story.scenes import SCENES
from tests.pages.ui.test_pages import ROOT, settings, visit

T = {code: language.text for code, language in texts.LANGUAGES.items()}
EN = T["en"]
every_language = pytest.mark.parametrize("language", texts.LANGUAGES)


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """A separate store for each test, not yet created."""
    monkeypatch.setenv(configured.VARIABLE, str(tmp_path / "lessons.db"))
    seat.opened.clear()
    yield tmp_path / "lessons.db"
    seat.opened.clear()


class Teacher:
    """A lesson, changed as its teacher would."""

    def __init__(self):
        self.store = seat.store(make=True)
        lesson, self.secret = begin(self.store, "?scene=4")
        self.code = lesson.code

    def does(self, change):
        return self.store.change(self.code, digest_of(self.secret), change)

    def asks(self, key="scene4.guess"):
        return self.does(lambda lesson: lesson.asking(key, 3))

    @property
    def lesson(self):
        return self.store.find(self.code)

    @property
    def seat(self):
        return Seat(self.code, desk=True, secret=self.secret)


@pytest.fixture
def teacher():
    return Teacher()


def join(teacher, voter="", **query):
    app = visit("story", **{"class": teacher.code, **({"voter": voter} if voter else {}), **query})
    return app


def sits(teacher_seat, page="story", **query):
    """A session at the teacher's desk."""
    app = AppTest.from_file(str(ROOT / "dashboard.py"), default_timeout=60)
    app.query_params |= query
    app.session_state["seat"] = teacher_seat
    app.run()
    if not ROOMS[page].home:
        app.switch_page(ROOMS[page].script).run()
    assert not app.exception
    return app


def press(app, key):
    next(button for button in app.button if button.key == key).click().run()
    assert not app.exception
    return app


def keys(app):
    return {button.key for button in app.button}


def shown(app):
    return "\n".join(
        e.value for e in [*app.markdown, *app.text, *app.info, *app.warning, *app.title]
    )


def voter_of(app):
    return app.session_state["seat"].voter


# --- without a lesson --------------------------------------------------------------------------


def test_without_a_lesson_no_store_is_made_and_nothing_is_asked_of_one(place, monkeypatch):
    monkeypatch.setattr(configured, "open_store", lambda _: pytest.fail("a store was opened"))
    for page in ("story", "derivatives", "classroom"):
        app = visit(page, scene="4") if page == "story" else visit(page)
        assert not {k for k in keys(app) if k and k.startswith(("lesson_", "answer_", "ask_"))}
    assert not place.exists()


@pytest.mark.parametrize(
    "code", ["ABCDE", "abcde", "A", "", "x" * 5000, "<b>A</b>", "ÄÖÜßé", "IOIOI"]
)
def test_a_code_of_no_lesson_makes_no_store_and_leaves_the_story_as_it_is(place, code):
    app = visit("story", **{"class": code})
    assert app.title[0].value == EN.story.title
    assert app.session_state["seat"] is None
    assert "class" not in app.query_params
    assert not place.exists()
    assert "class" not in settings(app)


def test_a_seat_is_no_part_of_a_links_settings(teacher):
    app = join(teacher, new_voter(), scene="4")
    assert not set(settings(app)) & {"class", "voter", "desk"}
    assert app.session_state["session"].damaged == {}


# --- following ---------------------------------------------------------------------------------


@every_language
def test_a_phone_shows_the_scene_that_the_teacher_shows(teacher, language):
    app = join(teacher, language=language)
    assert settings(app)["scene"] == "4"
    teacher.does(lambda lesson: lesson.showing("?scene=5"))
    app.run()
    assert settings(app)["scene"] == "5"
    assert app.title[0].value == SCENES[4].texts(T[language]).question


def test_a_phone_follows_to_another_page_with_its_settings(teacher):
    app = join(teacher)
    teacher.does(lambda lesson: lesson.showing("derivatives?slopes=relu"))
    app.run()
    assert app.title[0].value == EN.derivatives.title
    assert settings(app)["slopes"] == "relu"
    assert app.query_params["class"] == teacher.code


def test_a_phone_that_looks_around_is_left_alone_and_comes_back_when_it_wants(teacher):
    app = press(join(teacher), "next")
    assert settings(app)["scene"] == "5"
    teacher.does(lambda lesson: lesson.showing("?scene=6"))
    app.run()
    assert settings(app)["scene"] == "5"
    press(app, "come_back")
    assert settings(app)["scene"] == "6"
    assert "come_back" not in keys(app)


def test_a_place_that_no_page_has_is_read_as_a_link_with_damage_would_be(teacher):
    teacher.does(lambda lesson: lesson.showing("no/such/page?scene=99&depth=nan&<b>=1"))
    app = join(teacher)
    assert app.title[0].value == EN.story.title


def test_a_phone_keeps_its_token_in_its_address_and_gets_another_for_a_forged_one(teacher):
    app = join(teacher)
    assert app.query_params["voter"] == voter_of(app)
    again = join(teacher, voter_of(app))
    assert voter_of(again) == voter_of(app)
    for forged in ("short", "x" * 5000, "' or 1=1 --------------", "a b" * 8):
        assert voter_of(join(teacher, forged)) != forged


def test_when_the_lesson_ends_the_phone_is_told_and_the_story_works_alone(teacher):
    app = join(teacher)
    teacher.store.end(teacher.code, digest_of(teacher.secret))
    app.run()
    assert EN.live.gone.format(code=teacher.code) in shown(app)
    assert app.session_state["seat"] is None
    app.run()
    assert EN.live.gone.format(code=teacher.code) not in shown(app)
    assert "guess_a" in keys(app)


def test_a_phone_looks_and_sends_nothing_while_nothing_changes(teacher, monkeypatch):
    looks = []
    monkeypatch.setattr(
        phone.st, "fragment", lambda look, run_every=None: (looks.append(look), look)[1]
    )
    reruns = []
    monkeypatch.setattr(phone.st, "rerun", lambda: reruns.append(True))
    drawn = []
    monkeypatch.setattr(phone.st, "markdown", lambda *_: drawn.append(True))
    phone.watch(Seat(teacher.code, new_voter(), revision=teacher.lesson.revision))
    for _ in range(5):
        looks[0]()
    assert (reruns, drawn) == ([], [])
    teacher.asks()
    looks[0]()
    assert reruns == [True]


def test_phones_look_less_often_when_there_are_many(teacher, monkeypatch):
    paces = []
    monkeypatch.setattr(
        phone.st, "fragment", lambda look, run_every: (paces.append(run_every), lambda: None)[1]
    )
    for present in (0, 300, 600, 100_000):
        monkeypatch.setattr(sqlite_store.SqliteStore, "present", lambda *_, n=present: n)
        phone.watch(Seat(teacher.code, new_voter()))
    assert paces == [2.0, 2.0, 4.0, 5.0]


# --- voting ------------------------------------------------------------------------------------


@every_language
@pytest.mark.parametrize("name", ["guess", "belief"])
def test_a_phone_votes_changes_its_mind_and_finds_its_vote_again(teacher, language, name):
    teacher.asks(f"scene4.{name}")
    app = join(teacher, language=language)
    words = in_words(T[language], teacher.lesson.question)
    assert words.title in shown(app)
    assert "guess_a" not in keys(app)  # the class is at the question, not at the scene
    press(press(app, "answer_0"), "answer_2")
    assert teacher.store.tally(teacher.code, 1).rounds == {1: (0, 0, 1)}
    again = join(teacher, voter_of(app), language=language)
    assert T[language].live.voted_for.format(letter="C") in shown(again)


def test_a_vote_after_closing_is_refused_and_the_phone_says_so(teacher):
    teacher.asks()
    app = press(join(teacher), "answer_1")
    answer = next(button for button in app.button if button.key == "answer_2")
    teacher.does(Lesson.closing)
    answer.click().run()  # the phone had not seen it yet
    assert teacher.store.tally(teacher.code, 1).rounds == {1: (0, 1, 0)}
    assert EN.live.too_late in shown(app)
    assert all(b.disabled for b in app.button if b.key and b.key.startswith("answer_"))


def test_the_split_is_on_no_phone(teacher):
    teacher.asks()
    app = press(join(teacher), "answer_1")
    teacher.does(Lesson.showing_split)
    app.run()
    assert EN.live.discuss in shown(app)
    assert not app.get("vega_lite_chart")


@every_language
def test_when_the_run_decides_the_phone_plays_it_and_says_what_it_had_guessed(teacher, language):
    teacher.asks()
    app = press(join(teacher, language=language), "answer_0")
    teacher.does(Lesson.voting_again)
    app.run()
    press(app, "answer_1")
    teacher.does(Lesson.running)
    app.run()
    t = T[language]
    labels = in_words(t, teacher.lesson.question).labels
    assert settings(app)["guess"] == "b"
    assert t.live.had_answered.format(answer=labels[1]) in shown(app)
    assert "guess_again" in keys(app)
    late = join(teacher, language=language)  # who has not voted sees it, too
    assert settings(late)["guess"] == "seen"


def test_a_phone_that_has_seen_the_run_may_ask_itself_again(teacher):
    teacher.asks()
    app = press(join(teacher), "answer_0")
    teacher.does(Lesson.running)
    app.run()
    press(app, "guess_again")
    app.run()
    assert "guess" not in settings(app)


@every_language
def test_a_myth_is_voted_on_and_decided_in_the_same_way(teacher, language):
    teacher.asks("scene4.belief")
    app = press(join(teacher, language=language), "answer_1")
    teacher.does(Lesson.running)
    app.run()
    assert settings(app)["belief"] == "half"


def test_all_that_can_be_asked_has_words_in_every_language():
    for scene in range(len(SCENES) + 2):
        for key in askable(scene):
            for t in T.values():
                question = Lesson("ABCDE").asking(key, 3).question
                assert len(in_words(t, question).options) == 3
                assert len(in_words(t, question).title) > 5
    assert askable(0) == askable(len(SCENES) + 1) == []


# --- the desk ----------------------------------------------------------------------------------


def test_a_lesson_is_opened_asked_split_and_run_from_the_desk(place):
    app = press(visit("classroom", class_part="class_live"), "open_lesson")
    now = app.session_state["seat"]
    assert now.desk
    assert stat.S_IMODE(os.stat(place).st_mode) == 0o600
    assert now.secret not in shown(app) + str(app.query_params)
    app.session_state["session"] = visit("story", scene="4").session_state["session"]
    app.switch_page("pages/story.py").run()
    store = seat.store()
    assert store.find(now.code).place == "?scene=4"
    press(app, "ask_guess")
    assert store.find(now.code).takes_votes
    voters = [new_voter() for _ in range(4)]
    for voter, choice in zip(voters, (0, 0, 1, 2), strict=True):
        store.vote(now.code, voter, 1, 1, choice)
    app.run()
    assert EN.live.voted.format(voted=4, present=4) in shown(app)
    charts = len(app.get("vega_lite_chart"))
    press(app, "lesson_split")
    assert len(app.get("vega_lite_chart")) == charts + 1
    press(app, "lesson_again")
    for voter, choice in zip(voters, (1, 0, 1, 1), strict=True):
        store.vote(now.code, voter, 1, 2, choice)
    press(app, "lesson_split")
    assert "lesson_again" not in keys(app)
    press(app, "lesson_run")
    assert settings(app)["guess"] == "seen"
    app.run()
    question = store.find(now.code).question
    assert question.right == "abc".index(SCENES[3].expected)
    assert EN.live.moved.format(both=4, moved=2, share="50%") in shown(app)
    assert EN.live.right_twice.format(first="25%", second="75%") in shown(app)


def test_nothing_that_a_run_has_not_decided_is_known_to_anybody(teacher):
    app = sits(teacher.seat, scene="4", guess="seen")  # a teacher who has looked before
    press(app, "ask_guess")
    press(app, "lesson_split")
    assert teacher.lesson.question.right is None
    assert "✓" not in str(app.get("vega_lite_chart")[0].proto)


def test_going_on_to_another_scene_leaves_the_question_and_phones_go_along(teacher):
    app = sits(teacher.seat, scene="4")
    press(app, "ask_guess")
    press(app, "next")
    app.run()
    assert (teacher.lesson.place, teacher.lesson.stage) == ("?scene=5", Stage.LEFT)
    assert settings(join(teacher))["scene"] == "5"


def test_what_the_teacher_guessed_or_reads_in_goes_to_no_phone(teacher):
    app = sits(teacher.seat, scene="4", language="ja", present="1", notes="1")
    press(app, "next")
    press(app, "guess_b")
    assert settings(app)["guess"] == "b"
    assert teacher.lesson.place == "?scene=5"


def test_two_screens_with_the_teachers_link_show_the_same(teacher):
    one, two = sits(teacher.seat, scene="4"), sits(teacher.seat, scene="4")
    press(one, "ask_guess")
    two.run()
    assert "lesson_split" in keys(two)
    press(two, "lesson_split")
    press(two, "next")
    one.run()
    one.run()
    assert settings(one)["scene"] == "5"
    assert teacher.lesson.place == "?scene=5"
    before = teacher.lesson.revision
    for _ in range(3):
        one.run()
        two.run()
    assert teacher.lesson.revision == before


def test_the_desk_opens_with_the_secret_alone(teacher):
    for secret in ("", new_secret(), teacher.code, digest_of(teacher.secret)[:40]):
        app = sits(Seat(teacher.code, desk=True, secret=secret))
        assert not any(k and k.startswith(("ask_", "lesson_")) for k in keys(app))
        assert not app.title  # no page is behind it either
    app = sits(teacher.seat)
    assert "show_code" in keys(app)


def test_a_phones_link_can_never_become_the_teachers(teacher):
    app = join(teacher, desk="1", secret=teacher.secret, key=teacher.secret)
    assert app.session_state["seat"].desk
    assert app.session_state["seat"].secret == ""
    assert "ask_guess" not in keys(app)
    assert teacher.secret not in shown(join(teacher))


@pytest.mark.parametrize(
    "step", [Lesson.closing, Lesson.running, lambda lesson: lesson.showing("")]
)
def test_a_phone_changes_nothing_whatever_it_sends(teacher, step, monkeypatch):
    before = teacher.asks()
    for forged in (Seat(teacher.code, new_voter()), Seat(teacher.code, desk=True, secret="x" * 27)):
        monkeypatch.setattr(desk, "seat", lambda forged=forged: forged)
        desk.change(step)
        assert teacher.lesson == before


def test_the_secret_is_on_no_page_and_in_no_address_but_in_the_teachers_own_part(teacher):
    app = sits(teacher.seat, scene="4")
    assert teacher.secret not in str(app.query_params)
    assert teacher.secret not in shown(app)
    assert teacher.secret not in repr(Lesson.written(teacher.lesson))


# --- the teacher's own question -----------------------------------------------------------------

MARKUP = [
    "<script>alert(1)</script>",
    "**bold** _it_ `code` $x^2$ [a](http://b.example)",
    ":red[x] :material/home: :smile:",
    "# no heading\n- no list",
    "![image](http://tracker.example/x.png)",
]


@pytest.mark.parametrize("markup", MARKUP)
def test_markup_in_a_teachers_question_is_shown_letter_by_letter(teacher, markup):
    teacher.does(lambda lesson: lesson.asking_own(markup, (markup[:60], "no"), 0))
    app = join(teacher)
    assert [text.value for text in app.text] == [teacher.lesson.question.title]
    label = next(button for button in app.button if button.key == "answer_0").label
    assert label == f"**A** {plain(markup[:60])}"


@pytest.mark.parametrize("markup", MARKUP)
def test_plain_text_has_no_character_that_markdown_would_read(markup):
    written = plain(markup)
    assert re.search(r"(?<!\\)[*_`$\[\]<>#!()~|]", written) is None
    assert "\n" not in written
    assert not re.search(r":\w+:", written)
    assert re.sub(r"\\(.)|\u2060", r"\1", written) == " ".join(markup.split())


def test_a_question_of_ones_own_is_typed_asked_and_told(teacher):
    app = sits(teacher.seat, scene="4")
    app.text_input(key="own_title_typed").input("Where?")
    for number, answer in enumerate(["left", "", "right", ""]):
        app.text_input(key=f"own_answer_{number}").input(answer)
    app.selectbox(key="own_right").select(2)
    press(app, "FormSubmitter:own_question-" + EN.live.ask_it)
    question = teacher.lesson.question
    assert (question.title, question.options, question.right) == ("Where?", ("left", "right"), 1)
    voter = join(teacher)
    press(voter, "answer_0")
    press(app, "lesson_split")
    assert "lesson_run" not in keys(app)
    press(app, "lesson_tell")
    voter.run()
    assert EN.live.right_is.format(answer="**B** right") in shown(voter)


def test_a_question_without_a_title_or_with_one_answer_is_not_asked_and_said(teacher):
    app = sits(teacher.seat, scene="4")
    app.text_input(key="own_title_typed").input("Where?")
    app.text_input(key="own_answer_0").input("left")
    press(app, "FormSubmitter:own_question-" + EN.live.ask_it)
    assert teacher.lesson.question is None
    assert EN.live.not_asked in shown(app)


# --- codes -------------------------------------------------------------------------------------


def typed(app, code):
    app.text_input(key="lesson_code").input(code).run()
    assert not app.exception
    return app


def test_a_code_typed_on_the_start_page_opens_the_lesson(teacher):
    app = typed(visit("story"), f" {teacher.code.lower()} ")
    assert app.session_state["seat"].code == teacher.code
    assert settings(app)["scene"] == "4"


def test_codes_can_be_guessed_a_few_times_only(teacher):
    app = visit("story")
    for number in range(TRIES):
        typed(app, f"AB{'CDEFGHJKLM'[number]}CD")
    assert EN.live.no_more_codes in shown(app)
    field = app.text_input(key="lesson_code")
    assert field.disabled
    field.proto.disabled = False  # a forged message
    typed(app, teacher.code)
    assert app.session_state["seat"] is None


# --- summary, end, limits -----------------------------------------------------------------------


def test_the_summary_has_every_question_no_persons_and_no_formulas(teacher):
    voters = [new_voter() for _ in range(3)]
    teacher.does(lambda lesson: lesson.asking_own("=1+1", ("@yes", "no"), 0))
    for voter in voters:
        teacher.store.vote(teacher.code, voter, 1, 1, 0)
    teacher.asks()
    tallies = {q: teacher.store.tally(teacher.code, q.number) for q in teacher.lesson.asked}
    written = live.written(EN, tallies).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(written)))
    assert rows[0] == [EN.live.columns[name] for name in EN.live.columns]
    assert rows[1] == ["1", "'=1+1", "A", "'@yes", "3", "0", "1"]
    assert len(rows) == 1 + 2 + 3
    assert not any(voter in written for voter in voters)
    app = sits(teacher.seat, "classroom", class_part="class_live")
    assert "=1+1" in shown(app)
    assert len(app.get("vega_lite_chart")) == 2


@every_language
def test_the_summary_is_a_picture_too(teacher, language, monkeypatch):
    monkeypatch.setattr(live, "palette", lambda: desk.palette.__globals__["LIGHT"])
    teacher.asks()
    tallies = {q: teacher.store.tally(teacher.code, q.number) for q in teacher.lesson.asked}
    assert live.pictured(T[language], tallies).startswith(b"\x89PNG")


def test_ending_deletes_the_lesson_and_everything_of_it(teacher, place):
    teacher.asks()
    voter = new_voter()
    teacher.store.vote(teacher.code, voter, 1, 1, 0)
    app = press(sits(teacher.seat, "classroom", class_part="class_live"), "end_now")
    assert teacher.store.find(teacher.code) is None
    assert app.session_state["seat"] is None
    teacher.store._connection.execute("pragma wal_checkpoint(truncate)")
    assert voter.encode() not in place.read_bytes()


def test_a_thousand_lessons_are_as_many_as_there_may_be(teacher):
    for _ in range(MOST_LESSONS - 1):
        begin(teacher.store, "")
    app = press(visit("classroom", class_part="class_live"), "open_lesson")
    assert EN.live.too_many in shown(app)
    assert app.session_state["seat"] is None


def test_a_store_that_cannot_be_reached_is_reported_and_the_page_continues(teacher, monkeypatch):
    app = join(teacher)

    def fails(*_):
        raise sqlite_store.sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(sqlite_store.SqliteStore, "find", fails)
    app.run()
    assert not app.exception
    assert EN.live.unreachable in shown(app)
    assert "guess_a" in keys(app)
    monkeypatch.undo()


# --- where lessons are kept ----------------------------------------------------------------------


def test_a_store_that_is_not_configured_is_a_file_of_this_user_alone(tmp_path, monkeypatch):
    monkeypatch.delenv(configured.VARIABLE)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    place = Path(configured.address())
    assert not place.parent.exists()  # nothing is made before a lesson is
    place = Path(configured.address(make=True))
    assert place.parent == tmp_path / "state" / "dashboard"
    assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700
    assert not configured.there(str(place))
    monkeypatch.setenv("XDG_STATE_HOME", "/dev/null/nowhere")
    monkeypatch.setattr(configured.tempfile, "gettempdir", lambda: str(tmp_path))
    assert Path(configured.address(make=True)).parent.parent == tmp_path


def test_a_folder_that_somebody_else_has_made_is_not_used(tmp_path, monkeypatch):
    monkeypatch.delenv(configured.VARIABLE)
    monkeypatch.setenv("XDG_STATE_HOME", "/dev/null/nowhere")
    monkeypatch.setattr(configured.tempfile, "gettempdir", lambda: str(tmp_path))
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / f"dashboard-{configured.user()}").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Unreachable):
        configured.address(make=True)


def test_a_lesson_left_alone_is_swept_away_by_whoever_comes_to_any_page(teacher, monkeypatch):
    visit("derivatives")
    assert teacher.lesson is not None
    seat.swept.clear()
    later = time.time() + 13 * 3600
    monkeypatch.setattr(seat, "time", SimpleNamespace(time=lambda: later))
    visit("derivatives")
    assert teacher.lesson is None


def test_words_of_a_question_are_lettered():
    assert Words("t", ("x", "y")).labels == ["**A** x", "**B** y"]
    assert len(questions.LETTERS) == 4
