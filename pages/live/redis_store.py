"""Live lessons in Redis or Valkey, for processes on several machines. Needs the package `redis`."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import redis

from pages.live.lesson import ROUNDS, Lesson, Tally, tallied
from pages.live.store import (
    LIFETIME,
    MOST_LESSONS,
    MOST_VOTERS,
    PRESENT,
    Full,
    NoLesson,
    NotOpen,
    NotTheTeacher,
    checked_token,
    same,
)

PREFIX = "dashboard:1"
LESSONS = f"{PREFIX}:lessons"
"""A sorted set of all codes by the time of their teacher's last change."""
KEPT = int(LIFETIME) + 60
"""Seconds after which Redis deletes whatever was not deleted before."""
PATIENCE = 5.0


class RedisStore:
    """A store at an address such as `redis://host:6379/0`.

    A lesson is one key, which transactions watch: a vote that coincides with a change of the lesson
    is checked again against the changed lesson.
    """

    failures: tuple[type[Exception], ...] = (redis.RedisError, OSError)

    def __init__(self, address: str) -> None:
        self._redis = redis.Redis.from_url(
            address, decode_responses=True, socket_timeout=PATIENCE, health_check_interval=30
        )

    def close(self) -> None:
        self._redis.close()

    @staticmethod
    def _key(code: str, *parts: object) -> str:
        return ":".join([PREFIX, code, *map(str, parts)])

    def _votes(self, code: str, number: int, round: int) -> str:
        return self._key(code, "votes", number, round)

    def open(self, lesson: Lesson, digest: str) -> None:
        key = self._key(lesson.code)

        def opened(pipe: redis.client.Pipeline) -> None:
            if int(pipe.zcard(LESSONS)) >= MOST_LESSONS:
                raise Full
            if pipe.exists(key):
                raise ValueError("the code is taken")
            pipe.multi()
            self._write(pipe, lesson)
            pipe.hset(key, "digest", digest)

        self._redis.transaction(opened, key, LESSONS)

    def _write(self, pipe: redis.client.Pipeline, lesson: Lesson) -> None:
        key = self._key(lesson.code)
        written: Any = {"content": lesson.written(), "revision": lesson.revision}
        pipe.hset(key, mapping=written)
        pipe.expire(key, KEPT)
        pipe.zadd(LESSONS, {lesson.code: time.time()})

    def find(self, code: str) -> Lesson | None:
        content = self._redis.hget(self._key(code), "content")
        return Lesson.read(str(content)) if content else None

    def revision(self, code: str) -> int | None:
        revision = self._redis.hget(self._key(code), "revision")
        return None if revision is None else int(str(revision))

    def authorized(self, code: str, digest: str) -> Lesson:
        with self._redis.pipeline() as pipe:
            pipe.watch(self._key(code))
            return authorized(pipe, self._key(code), digest)

    def change(self, code: str, digest: str, change: Callable[[Lesson], Lesson]) -> Lesson:
        key = self._key(code)

        def changed(pipe: Any) -> Any:
            now = authorized(pipe, key, digest)
            new = replace(change(now), revision=now.revision + 1)
            pipe.multi()
            self._write(pipe, new)
            return new

        return cast(Lesson, self._redis.transaction(changed, key, value_from_callable=True))

    def vote(self, code: str, voter: str, number: int, round: int, choice: int) -> None:
        checked_token(voter)
        key, votes = self._key(code), self._votes(code, number, round)

        def counted(pipe: redis.client.Pipeline) -> None:
            lesson = held(pipe, key)
            question = lesson.question
            if not lesson.takes_votes or question is None:
                raise NotOpen
            if (question.number, lesson.round) != (number, round):
                raise NotOpen
            if not 0 <= choice < question.answers:
                raise ValueError("no such answer")
            if not pipe.hexists(votes, voter) and pipe.hlen(votes) >= MOST_VOTERS:
                raise Full
            pipe.multi()
            pipe.hset(votes, voter, str(choice))
            pipe.expire(votes, KEPT)

        self._redis.transaction(counted, key)

    def voted(self, code: str, number: int, round: int) -> int:
        return int(self._redis.hlen(self._votes(code, number, round)))

    def vote_of(self, code: str, voter: str, number: int, round: int) -> int | None:
        choice = self._redis.hget(self._votes(code, number, round), voter)
        return None if choice is None else int(str(choice))

    def tally(self, code: str, number: int) -> Tally:
        lesson = self.find(code)
        if lesson is None or not 1 <= number <= len(lesson.asked):
            return Tally()
        with self._redis.pipeline() as look:
            for round in ROUNDS:
                look.hgetall(self._votes(code, number, round))
            found = look.execute()
        votes = {
            round: {voter: int(choice) for voter, choice in of_round.items()}
            for round, of_round in zip(ROUNDS, found, strict=True)
        }
        return tallied(lesson.asked[number - 1], votes)

    def attend(self, code: str, voter: str, now: float) -> None:
        checked_token(voter)
        if not self._redis.exists(self._key(code)):
            raise NoLesson
        present = self._key(code, "present")
        with self._redis.pipeline() as change:
            change.zremrangebyscore(present, 0, now - PRESENT)
            change.zcard(present)
            change.zscore(present, voter)
            _, count, known = change.execute()
            if known is None and count >= MOST_VOTERS:
                return
            change.zadd(present, {voter: now})
            change.expire(present, KEPT)
            change.execute()

    def present(self, code: str, now: float) -> int:
        return int(self._redis.zcount(self._key(code, "present"), now - PRESENT, "+inf"))

    def end(self, code: str, digest: str) -> None:
        key = self._key(code)
        self._redis.transaction(lambda pipe: self._delete(pipe, code, digest), key)

    def _delete(self, pipe: redis.client.Pipeline, code: str, digest: str) -> None:
        lesson = authorized(pipe, self._key(code), digest)
        pipe.multi()
        self._forget(pipe, lesson)

    def _forget(self, pipe: redis.client.Pipeline, lesson: Lesson) -> None:
        code = lesson.code
        votes = [self._votes(code, q.number, round) for q in lesson.asked for round in ROUNDS]
        pipe.delete(self._key(code), self._key(code, "present"), *votes)
        pipe.zrem(LESSONS, code)

    def expire(self, now: float) -> int:
        old = self._redis.zrangebyscore(LESSONS, 0, now - LIFETIME)
        for code in old:
            with self._redis.pipeline() as pipe:
                self._forget(pipe, self.find(str(code)) or Lesson(str(code)))
                pipe.execute()
        return len(old)


def held(pipe: redis.client.Pipeline, key: str) -> Lesson:
    """The lesson, watched. Raises NoLesson."""
    content = pipe.hget(key, "content")
    if not content:
        raise NoLesson
    return Lesson.read(str(content))


def authorized(pipe: redis.client.Pipeline, key: str, digest: str) -> Lesson:
    """The lesson, watched, for its teacher. Raises NoLesson, NotTheTeacher."""
    lesson = held(pipe, key)
    if not same(str(pipe.hget(key, "digest")), digest):
        raise NotTheTeacher
    return lesson
