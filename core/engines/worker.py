"""Jobs in a separate process, so that pages do not wait for them.

Python runs one thread of a process at a time. A page being drawn and a network being trained would
share that one, and each would take twice as long.

The two processes exchange plain numbers through the worker's standard streams, never pickles: a
`Request` one way, a piece back, each as JSON and the bytes of arrays. A worker that was lost is
started again, and its jobs start over; as a job is a value, they arrive at the same numbers.
"""

from __future__ import annotations

import itertools
import signal
import subprocess
import sys
import time
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import IO, Any, Generic, NamedTuple, TypeVar

from core.engines.kinds import KINDS
from core.runs.message import Message, receive, send
from core.runs.work import Computing, Here, Kind, Piece

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-m", "core.engines.worker")
PATIENCE = 2
"""How often in a row a job may lose its worker before it is computed without one."""

J = TypeVar("J")
S = TypeVar("S", bound=Piece)


class Request(NamedTuple):
    """Compute a piece of job `number`; forget the jobs that nobody asks for any longer."""

    number: int
    kind: Kind[Any, Any]
    job: Any
    budget: float
    forget: Sequence[int]


def packed_request(request: Request) -> Message:
    head, arrays = request.kind.packed(request.job)
    told = {
        "number": request.number,
        "kind": request.kind.key,
        "job": head,
        "budget": request.budget,
        "forget": list(request.forget),
    }
    return Message(told, arrays)


def unpacked_request(message: Message) -> Request:
    head, kind = message.head, KINDS[message.head["kind"]]
    job = kind.unpacked(Message(head["job"], message.arrays))
    return Request(head["number"], kind, job, head["budget"], head["forget"])


# The worker's side


def serve(requests: IO[bytes], pieces: IO[bytes]) -> None:
    """Compute what is asked for until the other side closes the stream."""
    under_way: dict[int, Here[Any]] = {}
    while True:
        try:
            request = unpacked_request(receive(requests))
        except EOFError:
            return
        for number in request.forget:
            under_way.pop(number, None)
        computing = under_way.setdefault(request.number, request.kind.here(request.job))
        new = computing.advance(request.budget)
        if new.finished:
            del under_way[request.number]
        send(pieces, request.kind.packed_piece(new))


# The requesting side


@dataclass(frozen=True)
class Running:
    """A worker process and our ends of its two streams."""

    process: subprocess.Popen[bytes]
    requests: IO[bytes]
    pieces: IO[bytes]

    @classmethod
    def start(cls) -> Running:
        process = subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT)
        assert process.stdin is not None
        assert process.stdout is not None
        return cls(process, process.stdin, process.stdout)

    def end(self) -> None:
        self.process.kill()  # it holds nothing that could be lost
        self.process.wait()
        self.pieces.close()
        with suppress(OSError):  # half a message may be left
            self.requests.close()


class Worker:
    """A process that computes pieces, one at a time; started when needed, restarted when lost."""

    def __init__(self) -> None:
        self._running: Running | None = None
        self._end: Callable[[], object] = lambda: None
        self._lock = Lock()
        self._forget: deque[int] = deque()

    def ask(self, number: int, kind: Kind[J, S], job: J, budget: float) -> S | None:
        """A piece, or None if the worker was lost over it."""
        with self._lock:
            try:
                if self._running is None:
                    self._running = Running.start()
                    self._end = weakref.finalize(self, Running.end, self._running)
                forget = [self._forget.popleft() for _ in range(len(self._forget))]
                request = Request(number, kind, job, min(budget, 1e9), forget)
                send(self._running.requests, packed_request(request))
                return kind.unpacked_piece(receive(self._running.pieces), job)
            except (EOFError, OSError):
                self._stop()
                return None
            except BaseException:  # the caller was interrupted in the middle of a message
                self._stop()
                raise

    def forget(self, number: int) -> None:
        """Nobody will ask for this job again; may be called at any time."""
        self._forget.append(number)

    def _stop(self) -> None:
        self._running = None
        self._end()


class Elsewhere(Generic[J, S]):
    """A job under way in a worker process; in this process once its workers were lost too often."""

    def __init__(self, worker: Worker, number: int, kind: Kind[J, S], job: J) -> None:
        self._worker, self._number, self._kind, self._job = worker, number, kind, job
        self._lost = 0
        self._here = kind.here(job)
        weakref.finalize(self, worker.forget, number)

    def advance(self, budget: float, clock: Callable[[], float] = time.monotonic) -> S | None:
        if self._lost >= PATIENCE:
            return self._here.advance(budget, clock)
        new = self._worker.ask(self._number, self._kind, self._job, budget)
        self._lost = 0 if new is not None else self._lost + 1
        return new


class Workers:
    """So many worker processes, to which jobs are dealt in turn."""

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self._crew = itertools.cycle([Worker() for _ in range(slots)])
        self._numbers = itertools.count()

    def computing(self, kind: Kind[J, S], job: J) -> Computing[S]:
        return Elsewhere(next(self._crew), next(self._numbers), kind, job)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a server that is stopped closes our stream
    serve(sys.stdin.buffer, sys.stdout.buffer)
