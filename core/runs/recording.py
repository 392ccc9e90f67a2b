"""Runs computed once and read by many.

A `Recording` is a run, computed in slices by whoever asks first and shared by all who open
the same link. A `Computation` makes the slices in this process; `core.engines` has them made in
others.
`Recordings` holds as many as fit into a number of bytes.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from math import isfinite
from threading import Condition, RLock
from typing import Any, Protocol

import numpy as np

from core.arrays import Array
from core.data.datasets import Data, Task, View, frozen
from core.nn.network import ones
from core.nn.own import activation_of
from core.runs.cost import (
    BINS,
    FRAME_OVERHEAD,
    GRID,
    SHOWN_SAMPLES,
    SPAN,
    STEPS,
    OverBudget,
    kept_frames,
    kept_moments,
    over_budget,
)
from core.runs.message import Message
from core.runs.pausing import paused, resume
from core.runs.shelf import Shared
from core.runs.training import RunSpec, Snapshot, Trained, Trainer
from core.runs.turns import Turns
from core.runs.work import Computing, Here

SURENESSES = 30
"""Levels of confidence in a picture of more than two classes."""
BEYOND = 1.2
"""Curves are kept from -BEYOND to BEYOND; the numbers to predict lie from -1 to 1."""
MOST_SUMS = 2**14

WAIT = 0.15
"""Seconds that a run waits for its turn before it gives up until the page's next look. Without
waiting, the processor would be idle between two looks."""
CROWDED_SLICE = 0.06
"""The longest slice, in seconds, while more runs are in line than one page needs: a reader who has
changed a setting waits for a slice of every lane."""


@lru_cache(maxsize=16)
def grid(reach: float = 1.0, cells: int = GRID) -> Array:
    """The centres of the cells of the plane's picture, row by row from the top: (cells^2, 2).

    reach: the picture shows the square from -reach to reach. Shared by all, and read-only.
    """
    centre = (np.arange(cells) + 0.5) / cells * 2 * reach - reach
    x1, x2 = np.meshgrid(centre, -centre)
    return frozen(np.stack([x1.ravel(), x2.ravel()], axis=1))


def line(data: Data) -> Array:
    """Values of the only input, over its range and a little beyond: (STEPS, 1)."""
    x = np.concatenate([data.train_x, data.test_x])
    margin = 0.04 * (x.max() - x.min())
    return np.linspace(x.min() - margin, x.max() + margin, STEPS)[:, None]


@dataclass(frozen=True, eq=False)
class Moment:
    """The parameters of a network at one epoch, and the last step, which was subtracted.

    Both are float32 of shape (parameters,), in the order of `Parameters.theta`.
    """

    theta: Array
    step: Array

    @property
    def nbytes(self) -> int:
        return self.theta.nbytes + self.step.nbytes


@dataclass(frozen=True, eq=False)
class Frame:
    """A picture of the first replica's network after `epoch` epochs.

    values: for the plane (GRID, GRID) predictions, 0 to 255 for probability 0 to 1 (for a number
        to predict -1 to 1); of several classes the likeliest, times SURENESSES, plus how sure.
        For a curve (STEPS,) likewise, but a number from -BEYOND to BEYOND, and of several classes
        the likeliest alone.
        Else (samples,) the predicted classes of the first samples shown, or numbers as above.
    sums: (hidden layers, BINS), how many pre-activations z lie in each bin from -SPAN to SPAN, the
        outer bins taking what lies beyond; of at most MOST_SUMS per layer.
    activations: likewise how many of the same activations f(z) lie in each bin of `value_span`.
    active: (hidden layers, width), for how many training samples each unit has z > 0.
    moment: the network itself, at the epochs in `kept_moments`.
    """

    epoch: int
    values: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]
    sums: np.ndarray[tuple[int, ...], np.dtype[np.uint16]]
    activations: np.ndarray[tuple[int, ...], np.dtype[np.uint16]]
    active: np.ndarray[tuple[int, ...], np.dtype[np.uint16]]
    moment: Moment | None = None

    @property
    def nbytes(self) -> int:
        own = 0 if self.moment is None else self.moment.nbytes
        counts = self.sums.nbytes + self.activations.nbytes + self.active.nbytes
        return self.values.nbytes + counts + own


def value_span(run: RunSpec) -> tuple[float, float]:
    """The activations f(z) between which a frame's bins lie.

    The range of the activation; where that is not bounded, as far as the bins of z reach.
    """
    return span_of(run.activation, run.knobs)


@lru_cache(maxsize=64)
def span_of(key: str, knobs: tuple[tuple[str, float], ...]) -> tuple[float, float]:
    activation, own = activation_of(key), RunSpec(activation=key, knobs=knobs).knob_values
    low, high = activation.range.low, activation.range.high
    if own:  # the range is that of the default knobs
        seen = activation.value(np.linspace(-10 * SPAN, 10 * SPAN, 1001), **own)
        low, high = min(low, float(seen.min())), max(high, float(seen.max()))
    low = low if isfinite(low) else min(-SPAN, high - SPAN)
    high = high if isfinite(high) else max(SPAN, low + SPAN)
    return (low, high) if low < high else (low - 1.0, low + 1.0)


def counted(values: Array, low: float, high: float) -> Array:
    """How many of the values lie in each of BINS bins; the outer ones take what lies beyond."""
    place = (values - low) * (BINS / (high - low))
    return np.bincount(np.clip(place, 0, BINS - 1).astype(int), minlength=BINS)


@np.errstate(over="ignore")  # what overflows belongs in an outer bin
def frame(trainer: Trainer, sums: Sequence[Array]) -> Frame:
    """What the first replica has learnt so far, and where its units are.

    sums: z_l of its hidden layers on the training part, each (samples, width).
    """
    run, span = trainer.run, value_span(trainer.run)
    counts, activations = np.zeros((2, len(sums), BINS), np.uint16)
    active = np.zeros((len(sums), run.width), np.uint16)
    for layer, z in enumerate(sums):
        active[layer] = ones(len(z), z.dtype) @ (z > 0)
        some = z.ravel()[:: -(-z.size // MOST_SUMS)]
        counts[layer] = counted(some, -SPAN, SPAN)
        activations[layer] = counted(run.value_and_derivative(some)[0], *span)
    return Frame(trainer.epoch, answers(trainer), counts, activations, active)


@np.errstate(over="ignore")  # a weight beyond float32 is drawn as wide as any
def with_network(seen: Frame, trainer: Trainer) -> Frame:
    """The frame with the first replica's network, if that is kept at its epoch."""
    if seen.epoch not in kept_moments(trainer.run):
        return seen
    theta, step = trainer.network.parameters.theta[0], trainer.descent.step.theta[0]
    return replace(seen, moment=Moment(theta.astype(np.float32), step.astype(np.float32)))


def answers(trainer: Trainer) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """The network's predictions, as a frame keeps them."""
    data = trainer.run.source
    plane, curve = data.view is View.PLANE, data.view is View.CURVE
    places = line(trainer.run.data()) if curve else trainer.data.shown[0][:SHOWN_SAMPLES]
    answer = trainer.predict(grid(data.reach) if plane else places)
    if data.task is Task.CLASSES:
        values = likeliest(answer) if plane else answer.argmax(axis=1)
    elif data.task is Task.BINARY and not (plane or curve):
        values = answer[:, 0] > 0.5
    else:
        most = BEYOND if curve else 1.0
        share = (answer[:, 0] / most + 1) / 2 if data.task is Task.REGRESSION else answer[:, 0]
        values = np.nan_to_num(np.clip(share, 0, 1) * 255).round()
    return np.asarray(values.reshape(GRID, GRID) if plane else values, np.uint8)


def likeliest(probability: Array) -> Array:
    """The likeliest class times SURENESSES, plus how sure: 0 if all are equally likely."""
    best, even = np.nan_to_num(probability.max(axis=1)), 1 / probability.shape[1]
    sure = (np.clip((best - even) / (1 - even), 0, 1) * (SURENESSES - 1)).round()
    coded: Array = probability.argmax(axis=1) * SURENESSES + sure
    return coded


@dataclass(frozen=True, eq=False)
class History:
    """Snapshots side by side: arrays with a leading axis of kept epochs.

    Losses and accuracies are (epochs, replicas), measures of layers (epochs, replicas, layers).
    """

    epoch: Array
    train_loss: Array
    train_accuracy: Array
    test_loss: Array
    test_accuracy: Array
    delta: Array
    gradient_norm: Array
    relative_update: Array
    moved: Array
    weight_norm: Array
    activation_mean: Array
    activation_std: Array
    signal: Array
    saturated: Array
    dead: Array
    weights_part: Array
    activation_part: Array
    norm_part: Array
    through: Array
    around: Array
    diverged: tuple[tuple[int, int] | None, ...]

    @classmethod
    def of(cls, snapshots: tuple[Snapshot, ...]) -> History:
        columns = {
            f.name: np.array([getattr(s, f.name) for s in snapshots])
            for f in fields(cls)
            if f.name != "diverged"
        }
        return cls(**columns, diverged=snapshots[-1].diverged)

    @property
    def columns(self) -> dict[str, Array]:
        """The arrays by name."""
        return {name: c for name, c in vars(self).items() if isinstance(c, np.ndarray)}

    @property
    def nbytes(self) -> int:
        return sum(column.nbytes for column in self.columns.values())

    def followed_by(self, later: History) -> History:
        """These rows and those after them."""
        columns = {
            name: np.concatenate([column, later.columns[name]])
            for name, column in self.columns.items()
        }
        return History(**columns, diverged=later.diverged)

    def at(self, index: int) -> History:
        """One row alone, as epoch 0, to draw a single moment whatever the clock says."""
        index %= len(self.epoch)
        one = slice(index, index + 1)
        rows: dict[str, Any] = {name: column[one] for name, column in self.columns.items()}
        return replace(self, **{**rows, "epoch": np.zeros(1, int)})

    @property
    def share(self) -> Array:
        """The share at layer 1: rms delta_1 / rms delta_out, of shape (epochs, replicas)."""
        out = self.delta[..., -1]
        return np.divide(self.delta[..., 0], out, out=np.zeros_like(out), where=out > 0)


@dataclass(frozen=True, eq=False)
class Slice:
    """What was computed in one go: new rows, if any, new frames, and the newest network.

    A slice whose rows begin with epoch 0 starts the run; anything seen before is void.
    """

    history: History | None
    frames: tuple[Frame, ...]
    final: Trained | None
    finished: bool

    @property
    def begins(self) -> bool:
        return self.history is not None and self.history.epoch[0] == 0

    def followed_by(self, later: Slice) -> Slice:
        """This slice and the next as one."""
        if self.history is None or later.history is None:
            history = self.history or later.history
        else:
            history = self.history.followed_by(later.history)
        return Slice(history, self.frames + later.frames, later.final or self.final, later.finished)


class Underway:
    """A run under way in this process."""

    def __init__(self, run: RunSpec, state: Message | None = None) -> None:
        self._trainer = Trainer(run)
        taken = 0 if state is None else resume(self._trainer, state)
        self._stream = record(self._trainer, taken)

    @property
    def steps(self) -> int:
        return self._trainer.descent.steps

    def paused(self) -> Message:
        return paused(self._trainer)

    def advance(self, enough: Callable[[], bool]) -> Slice:
        snapshots: list[Snapshot] = []
        frames: list[Frame] = []
        final: Trained | None = None
        finished = True
        for snapshot, picture in self._stream:
            snapshots += [snapshot] if snapshot is not None else []
            if picture is not None:
                frames.append(picture)
                final = self._trainer.trained()
            if enough():
                finished = False
                break
        history = History.of(tuple(snapshots)) if snapshots else None
        return Slice(history, tuple(frames), final, finished)


class Computation(Here[Slice]):
    """A run computed in this process."""

    def __init__(self, run: RunSpec) -> None:
        super().__init__(lambda: Underway(run))


class Recording(Shared):
    """A run and what is known of it so far.

    `final` is the first replica's network at the newest frame; besides it, only the moments of
    frames hold weights. `nbytes` is the size of all that, including the arrays of a run under way.
    """

    def __init__(
        self, run: RunSpec, compute: Callable[[RunSpec], Computing[Slice]] = Computation
    ) -> None:
        super().__init__()
        self.run = run
        self.frames: tuple[Frame, ...] = ()
        self.final: Trained | None = None
        self._history: History | None = None
        self._begin = compute
        self._computing: Computing[Slice] | None = None
        self.nbytes = self._size(finished=False)

    @property
    def begun(self) -> bool:
        """Whether anything has been recorded yet."""
        return self._history is not None

    @property
    def history(self) -> History:
        """Everything measured so far, of a run that has begun."""
        assert self._history is not None
        return self._history

    @property
    def epoch(self) -> int:
        """The newest epoch recorded, 0 before the first slice."""
        return int(self.history.epoch[-1]) if self.begun else 0

    def _compute(self, budget: float, clock: Callable[[], float]) -> None:
        self._computing = self._computing or self._begin(self.run)
        self._take(self._computing.advance(budget, clock))

    def _take(self, new: Slice | None) -> None:
        """Publish a new slice to the readers."""
        if new is None:
            return
        if new.begins:
            self._history, self.frames, self.final = new.history, new.frames, new.final
        else:
            if new.history is not None:
                self._history = self.history.followed_by(new.history)
            self.frames += new.frames
            self.final = new.final or self.final
        self.nbytes = self._size(finished=new.finished)
        self.finished = new.finished  # others may share what computed it as long as we live

    def _size(self, *, finished: bool) -> int:
        measured = 0 if self._history is None else self._history.nbytes
        pictures = sum(f.nbytes + FRAME_OVERHEAD for f in self.frames)
        weights = 0 if self.final is None else self.final.nbytes
        working = 0 if finished else 6 * self.run.replicas * weights
        own = 0 if self.run.table is None else self.run.table.nbytes
        return measured + pictures + weights + working + own


def record(trainer: Trainer, taken: int = 0) -> Iterator[tuple[Snapshot | None, Frame | None]]:
    """A whole run, step by step: what to keep of it, or (None, None) as a mere pause.

    taken: of a trainer that goes on (`core.runs.pausing`), the steps of the epoch under way.
    """
    run, framed = trainer.run, kept_frames(trainer.run)
    if not taken:
        snapshot, sums = trainer.look()
        yield snapshot, with_network(frame(trainer, sums), trainer)
    while taken or not trainer.finished:
        for _ in trainer.steps_of_epoch(taken):
            yield None, None
        taken = 0
        if trainer.finished or trainer.epoch % run.stride == 0:
            snapshot, sums = trainer.look()
            seen = trainer.epoch in framed and not trainer.diverged[0]
            picture = with_network(frame(trainer, sums), trainer) if seen else None
            yield snapshot, picture


class Advancing(Protocol):
    """What is computed in slices and takes its turn among others: a recording, or a study."""

    @property
    def finished(self) -> bool: ...

    def advance(self, budget: float) -> bool:
        """Compute for about `budget` seconds; False, at once, if somebody else is computing it."""


class Recordings:
    """Shared recordings, the least recently used evicted beyond `limit` bytes.

    At most `slots` slices are computed at once, in turns that give every run as much as any other
    (`core.runs.turns`), so that a few heavy runs leave time for the rest.
    The `kept` most recently used are never evicted: a page needs several at a time, and would
    otherwise recompute what it has just evicted. compute: makes the `Computing` of a run.
    """

    def __init__(
        self,
        limit: int,
        slots: int = 2,
        kept: int = 1,
        compute: Callable[[RunSpec], Computing[Slice]] = Computation,
    ) -> None:
        self.limit, self.kept, self._compute = limit, kept, compute
        self._held: OrderedDict[RunSpec, Recording] = OrderedDict()
        self._lock = RLock()
        self._turn_ended = Condition()
        self.turns = Turns(slots)

    def get(self, run: RunSpec) -> Recording:
        """The recording of `run`, a new one if there is none.

        Raises OverBudget for a run that costs too much.
        """
        if (setting := over_budget(run)) is not None:
            raise OverBudget(setting)
        with self._lock:
            recording = self._held.get(run) or Recording(run, self._compute)
            self._held[run] = recording
            self._held.move_to_end(run)
            self._evict()
        return recording

    def find(self, run: RunSpec) -> Recording | None:
        """The recording of `run` if there still is one."""
        return self._held.get(run)

    def forget(self, digest: str) -> None:
        """Drop the recordings of this visitor's data; anybody else who has them recomputes."""
        with self._lock:
            for run in list(self._held):
                if run.table is not None and run.table.digest == digest:
                    del self._held[run]

    def advance(self, recording: Advancing, budget: float, *, spare: bool = False) -> bool:
        """Compute a slice, if it is the recording's turn; False if nothing was computed.

        Waits for the turn at most WAIT seconds and no longer than `budget`.
        spare: use only time that nobody else wants, and never wait.
        """
        patience = 0.0 if spare else min(budget, WAIT)
        if recording.finished or not self._take_turn(recording, patience, spare=spare):
            return False
        begun = time.monotonic()
        if len(self.turns) > max(self.kept, self.turns.slots):
            budget = min(budget, CROWDED_SLICE)
        try:
            return recording.advance(budget)
        finally:
            now = time.monotonic()
            self.turns.end(recording, now - begun, now, leave=recording.finished)
            with self._turn_ended:
                self._turn_ended.notify_all()
            with self._lock:
                self._evict()

    def _take_turn(self, recording: Advancing, patience: float, *, spare: bool) -> bool:
        """Whether it becomes the recording's turn within `patience` seconds."""
        now = time.monotonic()
        deadline = now + patience
        with self._turn_ended:
            while not self.turns.take(recording, now, spare=spare):
                under_way = self.turns.place(recording) == 0  # for another viewer
                if under_way or now >= deadline:
                    return False
                self._turn_ended.wait(deadline - now)
                now = time.monotonic()
        return True

    @property
    def nbytes(self) -> int:
        with self._lock:
            return self._size()

    def _size(self) -> int:
        return sum(recording.nbytes for recording in list(self._held.values()))

    def __len__(self) -> int:
        return len(self._held)

    def _evict(self) -> None:
        while len(self._held) > self.kept and self._size() > self.limit:
            self._held.popitem(last=False)
