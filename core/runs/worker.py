"""Training in a separate process, so that pages do not wait for it.

Python runs one thread of a process at a time. A page being drawn and a network being trained would
share that one, and each would take twice as long.

The two processes exchange plain numbers through the worker's standard streams, never pickles: a
`Request` one way, a `Slice` back, each as JSON and the bytes of arrays. A worker that was lost is
started again, and its runs start over; as a run is a value, they arrive at the same numbers.
"""

from __future__ import annotations

import itertools
import json
import math
import signal
import subprocess
import sys
import time
import weakref
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import IO, Any, NamedTuple

import numpy as np

from core.arrays import Array
from core.data.tables import Columns, Table
from core.nn.network import Network, Parameters
from core.nn.normalization import Moments
from core.runs.recording import Computation, Computing, Frame, History, Moment, Slice
from core.runs.training import RunSpec, Trained

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-m", "core.runs.worker")
LENGTH = 8
"""Bytes that hold the length of a message's head."""
FRAME, MOMENT = ("values", "sums", "activations", "active"), ("theta", "step")
PATIENCE = 2
"""How often in a row a run may lose its worker before it is computed without one."""


class Message(NamedTuple):
    """What is sent: a head, which must be valid JSON, and arrays by name."""

    head: dict[str, Any]
    arrays: Mapping[str, Array]


# What is sent


class Request(NamedTuple):
    """Compute a slice of run `number`; forget the runs that nobody asks for any longer."""

    number: int
    run: RunSpec
    budget: float
    forget: Sequence[int]


def packed_request(request: Request) -> Message:
    run, table = request.run, request.run.table
    head = {
        "number": request.number,
        "run": run.to_query(full=True),
        "budget": request.budget,
        "forget": list(request.forget),
    }
    if table is None:
        return Message(head, {})
    head["table"] = {
        "digest": table.digest,
        "columns": table.columns.to_query(full=True),
        "names": table.names,
        "answer": table.answer,
        "class_names": table.class_names,
        "constant": table.constant,
    }
    return Message(head, {"x": table.x, "y": table.y})


def unpacked_request(message: Message) -> Request:
    head = message.head
    run = RunSpec.from_query(head["run"])
    if (told := head.get("table")) is not None:
        told |= {key: tuple(told[key]) for key in ("names", "class_names", "constant")}
        told["columns"] = Columns.from_query(told["columns"])
        table = Table(**told, x=message.arrays["x"], y=message.arrays["y"])
        run = replace(run, table=table)
    return Request(head["number"], run, head["budget"], head["forget"])


def packed_slice(new: Slice) -> Message:
    head = {
        "finished": new.finished,
        "diverged": None if new.history is None else new.history.diverged,
        "frames": [frame.epoch for frame in new.frames],
        "moments": [frame.epoch for frame in new.frames if frame.moment is not None],
        "final": None if new.final is None else new.final.epoch,
    }
    arrays: dict[str, Array] = {}
    if new.history is not None:
        arrays |= {f"history.{name}": column for name, column in new.history.columns.items()}
    for part in FRAME if new.frames else ():
        arrays[f"frames.{part}"] = np.stack([getattr(frame, part) for frame in new.frames])
    kept = [frame.moment for frame in new.frames if frame.moment is not None]
    for part in MOMENT if kept else ():
        arrays[f"moments.{part}"] = np.stack([getattr(moment, part) for moment in kept])
    if new.final is not None:
        arrays["final.theta"] = new.final.network.parameters.theta
        for layer, moments in enumerate(new.final.network.running):
            arrays[f"running.{layer}"] = np.stack(moments)
    return Message(head, arrays)


def unpacked_slice(message: Message, run: RunSpec) -> Slice:
    head, arrays = message
    history, final = None, None
    if head["diverged"] is not None:
        diverged = tuple(None if mark is None else tuple(mark) for mark in head["diverged"])
        history = History(**named(arrays, "history."), diverged=diverged)
    kept = {
        epoch: Moment(*(arrays[f"moments.{part}"][k] for part in MOMENT))
        for k, epoch in enumerate(head["moments"])
    }
    frames = tuple(
        replace(
            Frame(epoch, *(arrays[f"frames.{part}"][k] for part in FRAME)), moment=kept.get(epoch)
        )
        for k, epoch in enumerate(head["frames"])
    )
    if head["final"] is not None:
        sizes = run.sizes(run.source.inputs, run.source.outputs)
        running = tuple(Moments(*moments) for moments in named(arrays, "running.").values())
        parameters = Parameters.of(arrays["final.theta"], sizes)
        final = Trained(run, head["final"], Network(run, parameters, running))
    return Slice(history, frames, final, head["finished"])


def named(arrays: Mapping[str, Array], prefix: str) -> dict[str, Array]:
    """The arrays whose names start with `prefix`, by the rest of their names."""
    return {
        name.removeprefix(prefix): array
        for name, array in arrays.items()
        if name.startswith(prefix)
    }


def send(stream: IO[bytes], message: Message) -> None:
    arrays = {name: np.ascontiguousarray(array) for name, array in message.arrays.items()}
    shapes = {name: (array.dtype.str, array.shape) for name, array in arrays.items()}
    head = json.dumps([message.head, shapes]).encode()
    stream.write(len(head).to_bytes(LENGTH, "big") + head)
    stream.write(b"".join(array.tobytes() for array in arrays.values()))
    stream.flush()


def receive(stream: IO[bytes]) -> Message:
    """The next message; EOFError if the other side has closed the stream."""
    length = int.from_bytes(whole(stream, LENGTH), "big")
    head, shapes = json.loads(whole(stream, length))
    kinds = [(np.dtype(kind), math.prod(shape)) for kind, shape in shapes.values()]
    content = whole(stream, sum(kind.itemsize * count for kind, count in kinds))
    arrays, start = {}, 0
    for (name, (_, shape)), (kind, count) in zip(shapes.items(), kinds, strict=True):
        arrays[name] = np.frombuffer(content, kind, count, start).reshape(shape)
        start += kind.itemsize * count
    return Message(head, arrays)


def whole(stream: IO[bytes], length: int) -> bytes:
    content = stream.read(length)
    if len(content) < length:
        raise EOFError
    return content


# The worker's side


def serve(requests: IO[bytes], slices: IO[bytes]) -> None:
    """Compute what is asked for until the other side closes the stream."""
    under_way: dict[int, Computation] = {}
    while True:
        try:
            request = unpacked_request(receive(requests))
        except EOFError:
            return
        for number in request.forget:
            under_way.pop(number, None)
        computation = under_way.setdefault(request.number, Computation(request.run))
        new = computation.advance(request.budget)
        if new.finished:
            del under_way[request.number]
        send(slices, packed_slice(new))


# The requesting side


@dataclass(frozen=True)
class Running:
    """A worker process and our ends of its two streams."""

    process: subprocess.Popen[bytes]
    requests: IO[bytes]
    slices: IO[bytes]

    @classmethod
    def start(cls) -> Running:
        process = subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT)
        assert process.stdin is not None
        assert process.stdout is not None
        return cls(process, process.stdin, process.stdout)

    def end(self) -> None:
        self.process.kill()  # it holds nothing that could be lost
        self.process.wait()
        self.slices.close()
        with suppress(OSError):  # half a message may be left
            self.requests.close()


class Worker:
    """A process that computes slices, one at a time; started when needed, restarted when lost."""

    def __init__(self) -> None:
        self._running: Running | None = None
        self._end: Callable[[], object] = lambda: None
        self._lock = Lock()
        self._forget: deque[int] = deque()

    def ask(self, number: int, run: RunSpec, budget: float) -> Slice | None:
        """A slice, or None if the worker was lost over it."""
        with self._lock:
            try:
                if self._running is None:
                    self._running = Running.start()
                    self._end = weakref.finalize(self, Running.end, self._running)
                forget = [self._forget.popleft() for _ in range(len(self._forget))]
                request = Request(number, run, min(budget, 1e9), forget)
                send(self._running.requests, packed_request(request))
                return unpacked_slice(receive(self._running.slices), run)
            except (EOFError, OSError):
                self._stop()
                return None
            except BaseException:  # the caller was interrupted in the middle of a message
                self._stop()
                raise

    def forget(self, number: int) -> None:
        """Nobody will ask for this run again; may be called at any time."""
        self._forget.append(number)

    def _stop(self) -> None:
        self._running = None
        self._end()


class Elsewhere:
    """A run under way in a worker process; in this process once its workers were lost too often."""

    def __init__(self, worker: Worker, number: int, run: RunSpec) -> None:
        self._worker, self._number, self._run = worker, number, run
        self._lost = 0
        self._here = Computation(run)
        weakref.finalize(self, worker.forget, number)

    def advance(self, budget: float, clock: Callable[[], float] = time.monotonic) -> Slice | None:
        if self._lost >= PATIENCE:
            return self._here.advance(budget, clock)
        new = self._worker.ask(self._number, self._run, budget)
        self._lost = 0 if new is not None else self._lost + 1
        return new


def workers(count: int) -> Callable[[RunSpec], Computing]:
    """Assign runs to worker processes, round robin."""
    crew = itertools.cycle([Worker() for _ in range(count)])
    numbers = itertools.count()
    return lambda run: Elsewhere(next(crew), next(numbers), run)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a server that is stopped closes our stream
    serve(sys.stdin.buffer, sys.stdout.buffer)
