"""A live lesson under load: a class of phones votes, and one of the two processes is killed.

Once with lessons in an SQLite file, once in Redis. This process is the teacher, using the store.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from bench.cluster import Cluster, cluster
from bench.server import free_port
from bench.viewer import Seen, Viewer
from pages.live.configured import VARIABLE, open_store
from pages.live.lesson import Lesson
from pages.live.store import Store, begin, digest_of, new_voter

ANSWERS = 3
BACK = 0.5
"""Seconds between two attempts of a phone to reconnect."""
LONGEST = 120.0
"""The longest wait in seconds for the question to arrive, and for the votes."""


@dataclass(frozen=True)
class Size:
    """phones, arriving over `arrive` seconds, that answer at any time within `seconds`."""

    phones: int
    arrive: float
    seconds: float = 10.0


@dataclass
class Round:
    """The result of one question: seconds until a vote was answered, and from the last answer until
    all were counted; votes by answer, and as they should be."""

    answered: list[float] = field(default_factory=list)
    counted: float = float("nan")
    votes: tuple[int, ...] = ()
    wanted: tuple[int, ...] = ()
    errors: list[str] = field(default_factory=list)

    def row(self, name: str) -> str:
        quantiles = np.quantile(self.answered or [np.nan], [0.5, 0.95, 0.99])
        told = " / ".join(f"{1e3 * q:.0f}" for q in quantiles)
        right = "each as cast" if self.votes == self.wanted else f"not as cast: {self.wanted}"
        cells = [name, len(self.answered), f"{sum(self.votes)} of {sum(self.wanted)}", right, told]
        cells += [f"{self.counted:.1f}", len(self.errors)]
        return "| " + " | ".join(map(str, cells)) + " |"


HEADER = (
    "| lesson | votes answered | votes counted | by answer | a vote's answer, ms p50/p95/p99 "
    "| all counted, s after the last | errors |\n" + "|---" * 7 + "|"
)


class Phone:
    """One phone: opens the lesson, votes, and returns by its address if its connection is lost."""

    def __init__(self, running: Cluster, code: str, number: int) -> None:
        self.running, self.number = running, number
        self.query = f"class={code}&voter={new_voter()}"
        self.choice = number % ANSWERS
        self.viewer = self._viewer(self.query)

    def _viewer(self, query: str) -> Viewer:
        cookie = f"dashboard=phone{self.number}"
        return Viewer(self.running.address, "", query, Seen(), cookie=cookie)

    async def opened(self) -> None:
        """Connect, repeatedly if necessary."""
        while not await self.viewer.open():
            await self.viewer.close()
            await asyncio.sleep(BACK)
            self.viewer = self._viewer(self.query)

    async def asked(self) -> None:
        """Wait until the answers are on the screen."""
        key = f"answer_{self.choice}"
        async with asyncio.timeout(LONGEST):
            while key not in self.viewer.widgets:
                if self.viewer.lost.is_set():
                    await self.came_back()
                await asyncio.sleep(0.05)

    async def came_back(self) -> None:
        await self.viewer.close()
        self.viewer = self._viewer(self.query)
        await self.opened()

    async def vote(self, wait: float, outcome: Round) -> None:
        """Answer after `wait` seconds, and once more if the connection is lost before the reply, as
        a person does who sees no answer selected."""
        await self.asked()
        await asyncio.sleep(wait)
        for _ in range(20):
            if not self.viewer.lost.is_set():
                begun = time.perf_counter()
                pressing = asyncio.create_task(self.viewer.press(f"answer_{self.choice}"))
                losing = asyncio.create_task(self.viewer.lost.wait())
                done, rest = await asyncio.wait(
                    {pressing, losing}, return_when=asyncio.FIRST_COMPLETED
                )
                for task in rest:
                    task.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await task
                if pressing in done and pressing.result():
                    outcome.answered.append(time.perf_counter() - begun)
                    return
            await self.came_back()
            await self.asked()
        outcome.errors.append("no vote")


async def voted(
    running: Cluster, store: Store, lesson: Lesson, phones: list[Phone], size: Size, kill: bool
) -> Round:
    """The phones vote on the open question; midway a process is killed."""
    outcome, question = Round(), lesson.question
    assert question is not None
    rng = random.Random(question.number)
    voting = [
        asyncio.create_task(phone.vote(rng.uniform(0, size.seconds), outcome)) for phone in phones
    ]
    if kill:
        await asyncio.sleep(size.seconds / 2)
        running.kill(next(iter(running.processes)))
    for result in await asyncio.gather(*voting, return_exceptions=True):
        if isinstance(result, BaseException):
            outcome.errors.append(type(result).__name__)
    begun = time.monotonic()
    while store.voted(lesson.code, question.number, 1) < size.phones:
        if time.monotonic() - begun > LONGEST:
            break
        await asyncio.sleep(0.05)
    outcome.counted = time.monotonic() - begun
    outcome.votes = store.tally(lesson.code, question.number).rounds.get(1, ())
    outcome.wanted = tuple(
        sum(phone.choice == answer for phone in phones) for answer in range(ANSWERS)
    )
    return outcome


async def taught(running: Cluster, store: Store, size: Size) -> list[Round]:
    """A lesson of two questions; while the second is answered, a process is killed."""
    lesson, secret = begin(store, "?scene=4")
    digest = digest_of(secret)
    phones = [Phone(running, lesson.code, number) for number in range(size.phones)]

    async def comes(phone: Phone) -> None:
        await asyncio.sleep(phone.number * size.arrive / size.phones)
        await phone.opened()

    rounds = []
    try:
        await asyncio.gather(*map(comes, phones))
        for kill in (False, True):
            for phone in phones:  # what they show does not answer the next question
                phone.viewer.widgets.clear()
            lesson = store.change(
                lesson.code, digest, lambda now: now.leaving().asking("scene4.guess", ANSWERS)
            )
            rounds.append(await voted(running, store, lesson, phones, size, kill))
    finally:
        await asyncio.gather(*(phone.viewer.close() for phone in phones), return_exceptions=True)
        store.end(lesson.code, digest)
    return rounds


@contextmanager
def redis_server(folder: Path) -> Iterator[str | None]:
    """The address of a private Redis server; None if none is installed."""
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if program is None:
        yield None
        return
    port = free_port()
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)]
    server = subprocess.Popen([*command, "--save", ""], stdout=subprocess.DEVNULL)
    try:
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait(timeout=20)


def lesson(size: Size, workers: int) -> list[Round]:
    """The same lesson in both stores, the results side by side."""
    print(HEADER)
    found = []
    with tempfile.TemporaryDirectory() as folder, redis_server(Path(folder)) as address:
        for name, place in (("SQLite", f"{folder}/lessons.db"), ("Redis", address)):
            if place is None:
                print(f"| {name} | not installed | | | | | |")
                continue
            files = Path(folder) / name
            files.mkdir()
            with cluster(files, workers, **{VARIABLE: place}) as running:
                store = open_store(place)
                rounds = asyncio.run(taught(running, store, size))
                store.close()
            found += rounds
            for told, outcome in zip(("", ", a process killed"), rounds, strict=True):
                print(outcome.row(f"{size.phones} phones, {name}{told}"), flush=True)
                for kind in sorted(set(outcome.errors)):
                    print(f"  {kind}: {outcome.errors.count(kind)}")
    return found
