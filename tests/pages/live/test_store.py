"""What every store of live lessons promises, on real ones."""

import multiprocessing
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from pages.live import redis_store, sqlite_store
from pages.live import store as rules
from pages.live.lesson import LETTERS, Lesson, Stage
from pages.live.store import (
    LIFETIME,
    PRESENT,
    Full,
    NoLesson,
    NotOpen,
    NotTheTeacher,
    as_code,
    begin,
    decent,
    digest_of,
    is_code,
    new_code,
    new_secret,
)


def voter(number):
    return f"a-voter-of-class-{number:04}"


@pytest.fixture
def lesson(store):
    """A lesson with a question open, its code and its teacher's digest."""
    opened, secret = begin(store, "?scene=3")
    store.change(opened.code, digest_of(secret), lambda now: now.asking("scene3", 3, right=1))
    return opened.code, digest_of(secret)


def test_a_lesson_is_found_as_it_was_opened(store):
    opened, _ = begin(store, "?scene=3&language=ja")
    assert store.find(opened.code) == opened
    assert store.find("XXXXX") is None


def test_a_teacher_changes_the_lesson_and_its_revision_rises(store, lesson):
    code, digest = lesson
    changed = store.change(code, digest, lambda now: now.showing("?scene=4"))
    assert changed.place == "?scene=4"
    assert changed.stage is Stage.LEFT
    assert changed.revision == 2
    assert store.find(code) == changed


def test_only_the_secret_of_this_lesson_makes_a_teacher(store, lesson):
    code, _ = lesson
    other, secret = begin(store, "")
    before = store.find(code)
    for digest in (digest_of(secret), digest_of(""), digest_of(code), "", "é"):
        with pytest.raises(NotTheTeacher):
            store.change(code, digest, lambda now: now.closing())
        with pytest.raises(NotTheTeacher):
            store.end(code, digest)
    assert store.find(code) == before
    with pytest.raises(NoLesson):
        store.change("XXXXX", digest_of(secret), lambda now: now.closing())
    assert store.find(other.code) is not None


def test_a_change_that_fails_changes_nothing(store, lesson):
    code, digest = lesson
    before = store.find(code)
    with pytest.raises(ValueError, match="shorter"):
        store.change(code, digest, lambda now: now.showing("x" * 10_000))
    assert store.find(code) == before


def test_a_vote_counts_once_and_moves_when_its_voter_does(store, lesson):
    code, _ = lesson
    store.vote(code, voter(1), 1, 1, 0)
    store.vote(code, voter(2), 1, 1, 2)
    store.vote(code, voter(1), 1, 1, 2)
    store.vote(code, voter(1), 1, 1, 2)
    assert store.tally(code, 1).rounds == {1: (0, 0, 2)}
    assert store.vote_of(code, voter(1), 1, 1) == 2
    assert store.vote_of(code, voter(3), 1, 1) is None


def test_the_second_round_is_counted_beside_the_first_and_who_moved_to_the_right_answer(
    store, lesson
):
    code, digest = lesson
    for number, choice in enumerate([0, 0, 1, 2]):
        store.vote(code, voter(number), 1, 1, choice)
    store.change(code, digest, lambda now: now.voting_again())
    for number, choice in [(0, 1), (1, 0), (2, 1), (9, 1)]:
        store.vote(code, voter(number), 1, 2, choice)
    tally = store.tally(code, 1)
    assert tally.rounds == {1: (2, 1, 1), 2: (1, 3, 0)}
    assert tally.both == 3
    assert tally.moved == 1
    question = store.find(code).question
    assert tally.share_right(question, 1) == 0.25
    assert tally.share_right(question, 2) == 0.75


@pytest.mark.parametrize(
    ("number", "round", "choice", "error"),
    [
        (1, 2, 0, NotOpen),
        (2, 1, 0, NotOpen),
        (0, 1, 0, NotOpen),
        (1, 1, 3, ValueError),
        (1, 1, -1, ValueError),
    ],
)
def test_a_vote_for_another_question_round_or_answer_is_refused(
    store, lesson, number, round, choice, error
):
    with pytest.raises(error):
        store.vote(lesson[0], voter(1), number, round, choice)
    assert store.tally(lesson[0], 1).rounds == {}


@pytest.mark.parametrize("end", ["closing", "showing_split", "running"])
def test_no_vote_is_taken_after_closing(store, lesson, end):
    code, digest = lesson
    store.vote(code, voter(1), 1, 1, 0)
    store.change(code, digest, lambda now: getattr(now, end)())
    with pytest.raises(NotOpen):
        store.vote(code, voter(1), 1, 1, 1)
    assert store.tally(code, 1).rounds == {1: (1, 0, 0)}


def test_a_vote_in_one_lesson_is_no_vote_in_another(store, lesson):
    other, secret = begin(store, "")
    store.change(other.code, digest_of(secret), lambda now: now.asking("scene3", 3))
    store.vote(lesson[0], voter(1), 1, 1, 0)
    assert store.tally(other.code, 1).rounds == {}
    with pytest.raises(NoLesson):
        store.vote("XXXXX", voter(1), 1, 1, 0)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "short-of-bits",
        "a" * 44,
        "a voter of 1234567",
        "a-voter-of-it';--",
        "a-voter\nof-1234567",
    ],
)
def test_a_voter_is_one_that_a_phone_was_given(store, lesson, token):
    with pytest.raises(ValueError, match="token"):
        store.vote(lesson[0], token, 1, 1, 0)


def test_phones_are_counted_while_they_look(store, lesson):
    code, _ = lesson
    for number in range(3):
        store.attend(code, voter(number), 1000.0)
    assert store.present(code, 1000.0) == 3
    store.attend(code, voter(0), 1000.0 + PRESENT)
    assert store.present(code, 1001.0 + PRESENT) == 1
    with pytest.raises(NoLesson):
        store.attend("XXXXX", voter(1), 1000.0)


def test_ending_a_lesson_deletes_it_and_its_votes(store, lesson):
    code, digest = lesson
    store.vote(code, voter(1), 1, 1, 0)
    store.attend(code, voter(1), 1000.0)
    store.end(code, digest)
    assert store.find(code) is None
    assert store.vote_of(code, voter(1), 1, 1) is None
    assert store.tally(code, 1).rounds == {}
    assert store.present(code, 1000.0) == 0


def test_a_lesson_left_alone_is_deleted_after_twelve_hours(store, lesson):
    code, _ = lesson
    assert store.expire(time.time() + LIFETIME - 60) == 0
    assert store.find(code) is not None
    assert store.expire(time.time() + LIFETIME + 60) == 1
    assert store.find(code) is None


def test_lessons_and_voters_are_bounded(store, lesson, monkeypatch):
    code, _ = lesson
    for module in (sqlite_store, redis_store):
        monkeypatch.setattr(module, "MOST_VOTERS", 2)
        monkeypatch.setattr(module, "MOST_LESSONS", 2)
    for number in range(2):
        store.vote(code, voter(number), 1, 1, 0)
        store.attend(code, voter(number), 1000.0)
    with pytest.raises(Full):
        store.vote(code, voter(2), 1, 1, 0)
    store.vote(code, voter(1), 1, 1, 2)  # who has voted may change their mind
    store.attend(code, voter(2), 1000.0)
    assert store.present(code, 1000.0) == 2
    begin(store, "")
    with pytest.raises(Full):
        begin(store, "")


def test_a_store_that_is_opened_again_has_the_lesson_as_it_was(reopen):
    first = reopen()
    opened, secret = begin(first, "?scene=2")
    first.change(opened.code, digest_of(secret), lambda now: now.asking("scene2", 3))
    first.vote(opened.code, voter(1), 1, 1, 1)
    first.close()
    again = reopen()
    assert again.find(opened.code).question.key == "scene2"
    assert again.tally(opened.code, 1).rounds == {1: (0, 1, 0)}


def test_three_hundred_votes_from_many_threads_are_counted_once_each(store, lesson):
    code, _ = lesson
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda n: store.vote(code, voter(n % 300), 1, 1, n % 3), range(900)))
    assert sum(store.tally(code, 1).rounds[1]) == 300
    assert store.tally(code, 1).rounds[1] == (100, 100, 100)


def cast_votes(make, argument, code, numbers):
    store = make(argument)
    for number in numbers:
        for choice in (2, 0, number % 3):
            store.vote(code, voter(number), 1, 1, choice)


def test_votes_from_two_processes_at_once_are_counted_once_each(store, lesson, tmp_path, request):
    code, _ = lesson
    if isinstance(store, sqlite_store.SqliteStore):
        made = (sqlite_store.SqliteStore, tmp_path / "lessons.db")
    else:
        made = (redis_store.RedisStore, request.getfixturevalue("redis_address"))
    context = multiprocessing.get_context("spawn")
    halves = [range(120), range(60, 180)]  # sixty of them vote through both
    processes = [context.Process(target=cast_votes, args=(*made, code, half)) for half in halves]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    assert store.tally(code, 1).rounds[1] == (60, 60, 60)


def test_changes_of_two_teachers_with_one_link_both_count(store, lesson):
    code, digest = lesson
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: store.change(code, digest, Lesson.closing), range(40)))
    assert store.find(code).revision == 41


# --- codes and secrets --------------------------------------------------------------------------


def test_codes_cannot_be_misread_and_offend_nobody():
    codes = {new_code() for _ in range(3000)}
    assert len(codes) > 2900
    assert all(is_code(code) and decent(code) for code in codes)
    assert not set("IO01YZ") & set(LETTERS)
    assert not any(map(decent, ["SEXAB", "XNAZB", "AAABA", "BFUCK"]))
    assert rules.CODE_LENGTH == 5
    assert len(LETTERS) == 22


@pytest.mark.parametrize(
    ("typed", "code"), [("abcde", "ABCDE"), (" ab-c de ", "ABCDE"), ("ABCDEFG", "ABCDEF"), ("", "")]
)
def test_a_code_may_be_typed_as_people_type(typed, code):
    assert as_code(typed) == code


def test_a_secret_has_at_least_128_bits_and_is_kept_as_a_digest():
    secret = new_secret()
    assert len(secret) * 6 >= 128
    assert rules.TOKEN.fullmatch(secret)
    assert secret not in digest_of(secret)
    assert rules.same(digest_of(secret), digest_of(secret))
    assert not rules.same(digest_of(secret), digest_of(new_secret()))


def test_a_thousand_lessons_exist_side_by_side(store):
    codes = {begin(store, "")[0].code for _ in range(1000)}
    assert len(codes) == 1000
    with pytest.raises(Full):
        begin(store, "")
