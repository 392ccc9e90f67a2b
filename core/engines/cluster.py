"""A Dask cluster as the engine for several machines.

A job is a chain of links (`core.runs.work`), and every link is a task of two parts: the state
after it, which only the next link needs, and its piece, which whoever asked for the job is sent. A
task is named by all that decides it, so processes that ask for the same job share its tasks, and
tasks of a worker that was lost are computed again from the links before them. What there is of a
job remains on the cluster as long as somebody holds it.

Dask is optional (`requirements-cluster.txt`), so it is loaded on use. What it is handed are names
of functions of this folder, numbers and bytes (`core.runs.message`).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from itertools import takewhile
from threading import Event, Thread
from typing import Any, Generic, TypeVar

from core.engines.kinds import KINDS
from core.runs.message import Message, read, written
from core.runs.work import Computing, Engine, Kind, Piece

AHEAD = 2
"""Links that are asked for before their turn, so that the cluster works while a page is drawn."""
PATIENCE = 5.0
"""Seconds that a scheduler may take to answer."""
PAUSE = 1.0
"""Seconds between two looks at the cluster."""
STALLED = 60.0
"""Seconds of waiting for one piece after which a job is computed elsewhere."""

J = TypeVar("J")
S = TypeVar("S", bound=Piece)
Link = tuple[bytes | None, bytes]


# On the cluster


def link(kind: str, job: bytes, before: Link | None, end: int | None) -> Link:
    """The state after `end` steps, or after the last, and the piece, as messages."""
    work, state = KINDS[kind], None
    if before is not None:
        if before[0] is None:  # the job has ended earlier than its steps
            return None, written(work.packed_piece(work.nothing))
        state = read(before[0])
    after, piece = work.link(work.unpacked(read(job)), state, end)
    return None if after is None else written(after), written(work.packed_piece(piece))


def piece_of(found: Link) -> bytes:
    return found[1]


def name_of(kind: str, job: Message) -> str:
    """A name for all that decides a job: its canonical text, of own data their fingerprint."""
    return f"{kind}-{sha256(json.dumps(job.head, sort_keys=True).encode()).hexdigest()[:32]}"


# The requesting side


class Cluster:
    """The workers of a Dask scheduler; `otherwise` computes what is begun while there are none.

    told: is called with whether the cluster is there, at first and whenever that changes. failed:
    with an error of a job while it is there, once for each kind. slots: the threads of its workers.
    A thread of ours connects, and again after a loss, so that nobody waits for that.
    """

    def __init__(
        self,
        address: str,
        otherwise: Engine,
        told: Callable[[bool], object] = bool,
        failed: Callable[[Exception], object] = repr,
    ) -> None:
        self.client: Any = None
        self._address, self._otherwise = address, otherwise
        self._told, self._failed = told, failed
        self._errors: set[type[Exception]] = set()
        self._slots = 0
        self._said: bool | None = None
        self._closed = Event()
        self._watching = Thread(target=self._watch, name="cluster", daemon=True)
        self._watching.start()

    @property
    def slots(self) -> int:
        return self._otherwise.slots if self.client is None else self._slots

    def computing(self, kind: Kind[J, S], job: J) -> Computing[S]:
        if self.client is None or kind.links is None:
            return self._otherwise.computing(kind, job)
        return OnCluster(self, kind, job, self._otherwise)

    def lost(self, client: Any, error: Exception) -> None:
        """A job that was begun with this client has failed."""
        if client is self.client and type(error) not in self._errors:
            self._errors.add(type(error))
            self._failed(error)

    def close(self) -> None:
        self._closed.set()
        self._watching.join(PATIENCE)  # a scheduler that has fallen silent keeps it for longer

    def _watch(self) -> None:
        while not self._closed.is_set():
            # whatever is wrong with a cluster, pages do without
            with suppress(Exception):
                self._stay()
            self._found(None, 0)  # also if there was nobody to stay with
            self._closed.wait(PAUSE)

    def _stay(self) -> None:
        """Be connected until the scheduler is lost."""
        from distributed import Client

        with Client(self._address, timeout=PATIENCE, set_as_default=False) as client:
            try:
                while client.status == "running":
                    threads = client.sync(client.scheduler.ncores, callback_timeout=PATIENCE)
                    slots = sum(threads.values())
                    self._found(client if slots else None, slots)
                    if self._closed.wait(PAUSE):
                        break
            finally:
                self._found(None, 0)

    def _found(self, client: Any, slots: int) -> None:
        self._slots = slots
        self.client = client
        if self._said is not (found := client is not None):
            self._said = found
            self._told(found)


class OnCluster(Generic[J, S]):
    """A job under way on a cluster; elsewhere once that is lost, from its start."""

    def __init__(self, cluster: Cluster, kind: Kind[J, S], job: J, otherwise: Engine) -> None:
        message = kind.packed(job)
        self._cluster, self._client, self._otherwise = cluster, cluster.client, otherwise
        self._kind, self._job = kind, job
        self._name, self._content = name_of(kind.key, message), written(message)
        assert kind.links is not None
        self._ends: list[int | None] = [*kind.links(job)[:-1], None]
        self._pieces: list[Any] = []  # the futures of all that were asked for
        self._state: Any = None  # that of the state after them
        self._taken = 0
        self._since: float | None = None  # when waiting for the next piece began
        self._instead: Computing[S] | None = None

    def advance(self, budget: float, clock: Callable[[], float] = time.monotonic) -> S | None:
        if self._instead is None:
            try:
                return self._collected(clock() + budget, clock)
            except Exception as error:  # if it is the job's own, it comes again elsewhere
                self._cluster.lost(self._client, error)
            self._instead = self._otherwise.computing(self._kind, self._job)
            self._pieces, self._state = [], None
            return None
        return self._instead.advance(budget, clock)

    def _collected(self, deadline: float, clock: Callable[[], float]) -> S:
        """All pieces that come before the deadline, as one."""
        new, taken = self._kind.nothing, self._taken
        while not new.finished:
            self._ask(taken)
            try:
                content = self._pieces[taken].result(min(PAUSE, max(0.001, deadline - clock())))
            except TimeoutError:
                if self._since is None:
                    self._since = clock()
                if self._cluster.client is not self._client or clock() - self._since > STALLED:
                    raise
            else:
                new = new.followed_by(self._kind.unpacked_piece(read(content), self._job))
                taken, self._since = taken + 1, None
            if clock() >= deadline:
                break
        self._taken = taken
        return new

    def _ask(self, taken: int) -> None:
        """Ask for the next link and those ahead of it."""
        if not self._pieces:
            self._take_over()
        for place in range(len(self._pieces), min(taken + AHEAD + 1, len(self._ends))):
            state, piece = self._keys(place)
            tasks = self._tasks(range(place, place + 1))
            asked = self._client.get(tasks, [state, piece], sync=False, priority=-place)
            self._state, future = asked
            self._pieces.append(future)

    def _take_over(self) -> None:
        """Ask for the pieces that others have had computed; of their states for none."""
        pieces = [self._keys(place)[1] for place in range(len(self._ends))]
        known = self._client.sync(
            self._client.scheduler.who_has, keys=pieces, callback_timeout=PATIENCE
        )
        there = [*takewhile(known.get, pieces)]
        if there:
            tasks = self._tasks(range(len(there)))
            self._pieces += self._client.get(tasks, there, sync=False)

    def _keys(self, place: int) -> tuple[str, str]:
        """The names of a link's state and piece."""
        return f"{self._name}-{place}-state", f"{self._name}-{place}"

    def _tasks(self, places: range) -> dict[str, Any]:
        """Some links. The scheduler knows those before them, as long as we hold their pieces."""
        from dask._task_spec import Task, TaskRef

        job = f"{self._name}-job"
        tasks = {job: Task(job, bytes, self._content)} if places[0] == 0 else {}
        for place in places:
            state, piece = self._keys(place)
            before = TaskRef(self._keys(place - 1)[0]) if place else None
            arguments = (self._kind.key, TaskRef(job), before, self._ends[place])
            tasks |= {
                state: Task(state, link, *arguments),
                piece: Task(piece, piece_of, TaskRef(state)),
            }
        return tasks
