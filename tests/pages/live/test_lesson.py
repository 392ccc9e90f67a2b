"""The rules of a live lesson, without a store."""

import pytest

from pages.live.lesson import (
    LONGEST_ANSWER,
    LONGEST_TITLE,
    MOST_QUESTIONS,
    Lesson,
    Question,
    Stage,
    Tally,
    tallied,
)

ASKED = Lesson("ABCDE").asking("scene3", 3, right=1)


def test_a_question_opens_closes_is_asked_again_and_decided():
    stages = [ASKED, ASKED.closing(), ASKED.showing_split(), ASKED.voting_again(), ASKED.running()]
    assert [s.stage for s in stages] == ["open", "closed", "shown", "open", "run"]
    assert [s.round for s in stages] == [1, 1, 1, 2, 1]
    assert [s.takes_votes for s in stages] == [True, False, False, True, False]


def test_a_lesson_without_a_question_takes_no_votes_and_cannot_be_voted_in_again():
    empty = Lesson("ABCDE")
    assert not empty.takes_votes
    for step in (empty.closing, empty.showing_split, empty.voting_again, empty.running):
        assert step() == empty


def test_going_on_to_another_scene_leaves_the_question_and_a_dial_does_not():
    asked = ASKED.showing("?scene=3").asking("scene3.guess", 3)
    assert asked.showing("?scene=3&told_layers=5").takes_votes
    gone = asked.showing("?scene=4")
    assert gone.stage is Stage.LEFT
    assert gone.being_asked is None
    assert not gone.takes_votes
    assert asked.showing("training?scene=3").stage is Stage.LEFT
    for step in (gone.showing_split, gone.voting_again, gone.running):
        assert step() == gone
    assert gone.question == asked.question
    assert ASKED.running().showing("?scene=4").stage is Stage.LEFT  # it is told at its scene


def test_a_new_question_begins_with_its_first_round():
    again = ASKED.voting_again().asking("myth_rate", 3)
    assert (again.round, again.question.number, again.stage) == (1, 2, Stage.OPEN)


@pytest.mark.parametrize("question", ["What?", "<script>alert(1)</script>", "**b** $x$ `c`"])
def test_a_teachers_own_question_is_kept_letter_by_letter(question):
    own = Lesson("ABCDE").asking_own(f" {question} ", (" yes", "no "), right=0)
    assert own.question.title == question
    assert own.question.options == ("yes", "no")
    assert Lesson.read(own.written()) == own


@pytest.mark.parametrize(
    "options",
    [("only one",), tuple("abcde"), ("yes", ""), ("yes", "x" * (LONGEST_ANSWER + 1)), ()],
)
def test_an_own_question_has_two_to_four_answers_of_some_length(options):
    with pytest.raises(ValueError, match="be asked"):
        Lesson("ABCDE").asking_own("What?", options)


def test_titles_keys_and_numbers_are_bounded():
    for wrong in (
        {"title": "x" * (LONGEST_TITLE + 1), "options": ("a", "b")},
        {"title": "", "options": ("a", "b")},
        {"key": "scene3", "title": "no title for a question of the dashboard"},
        {"key": "Scene 3"},
        {"key": "x" * 41},
        {"key": "scene3", "right": 2},
        {"key": "scene3", "number": MOST_QUESTIONS + 1},
        {"key": "scene3", "answers": 5},
    ):
        with pytest.raises(ValueError, match="asked"):
            Question(**{"number": 1, "key": "", "answers": 2, **wrong})


def test_a_lesson_is_read_as_it_was_written():
    lesson = ASKED.voting_again().asking_own("ロスは？", ("上がる", "下がる", "同じ"), right=2)
    assert Lesson.read(lesson.written()) == lesson


def test_votes_are_tallied_by_answer_and_round():
    question = ASKED.question
    assert tallied(question, {}) == Tally({}, 0, 0)
    assert tallied(question, {1: {"a": 0, "b": 1}}).rounds == {1: (1, 1, 0)}
    both = tallied(question, {1: {"a": 0, "b": 1, "c": 0}, 2: {"a": 1, "b": 1}})
    assert (both.both, both.moved) == (2, 1)
    nobody_says = Question(1, "scene3", 3)
    assert tallied(nobody_says, {1: {"a": 0}}).moved is None
    assert Tally().share_right(question, 1) is None
