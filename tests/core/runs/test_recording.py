"""Recordings: the same as training, whole for every reader, and never more than may be held."""

from __future__ import annotations

import gc
import threading
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace

import numpy as np
import pytest

from core.data.datasets import DATASETS, Task, View
from core.nn.own import activation_of
from core.runs import recording as module
from core.runs.cost import (
    FRAME_OVERHEAD,
    GRID,
    MAX_FRAMES,
    SHOWN_SAMPLES,
    OverBudget,
    cost,
    kept_frames,
    over_budget,
)
from core.runs.recording import SURENESSES, History, Recording, Recordings, grid
from core.runs.training import RunSpec, Snapshot, Trainer, train
from tests.core.runs.test_training import TINY, WILD, assert_equal
from tests.crossing import few_of

SHORT = replace(TINY, epochs=12)


class Ticking:
    """A clock that advances by one second each time it is read."""

    now = 0.0

    def __call__(self):
        self.now += 1.0
        return self.now


def finished(run):
    recording = Recording(run)
    recording.advance()
    assert recording.finished
    return recording


def snapshots_of(recording):
    """The rows of a recording, each as training yields it."""
    if not recording.begun:
        return []
    history = recording.history
    return [
        Snapshot(
            **{name: column[row] for name, column in history.columns.items()} | {"epoch": epoch},
            diverged=tuple(m if m and m[0] <= epoch else None for m in history.diverged),
        )
        for row, epoch in enumerate(history.epoch.tolist())
    ]


def same(one, two):
    """Whether two recordings hold the same bits."""
    for a, b in zip(snapshots_of(one), snapshots_of(two), strict=True):
        assert_equal(a, b)
    assert [f.epoch for f in one.frames] == [f.epoch for f in two.frames]
    for a, b in zip(one.frames, two.frames, strict=True):
        np.testing.assert_array_equal(a.values, b.values)
        assert (a.moment is None) == (b.moment is None)
        if a.moment is not None:
            np.testing.assert_array_equal(a.moment.theta, b.moment.theta)
            np.testing.assert_array_equal(a.moment.step, b.moment.step)


# --- one recording -----------------------------------------------------------------------------


@pytest.mark.parametrize("key", DATASETS)
def test_a_recording_is_what_training_yields(key):
    run = replace(SHORT, dataset=key, replicas=2)
    recording = finished(run)
    for recorded, snapshot in zip(snapshots_of(recording), train(run), strict=True):
        assert_equal(recorded, snapshot)


def test_a_long_run_keeps_every_second_epoch():
    run = replace(TINY, epochs=801, samples=20, depth=0, batch=5000)
    recording = finished(run)
    assert run.stride == 2
    assert recording.history.epoch.tolist() == [*range(0, 801, 2), 801]
    for recorded, snapshot in zip(snapshots_of(recording), train(run, every=2), strict=True):
        assert_equal(recorded, snapshot)


@pytest.mark.parametrize("budget", [0.5, 3.5])
def test_slices_give_the_same_as_one_go(budget):
    recording, clock, slices = Recording(SHORT), Ticking(), 0
    while not recording.finished:
        assert recording.advance(budget, clock)
        slices += 1
        assert slices < 10_000
    assert slices > 2
    same(recording, finished(SHORT))


def test_every_slice_ends_soon_after_its_budget():
    recording, clock = Recording(replace(SHORT, epochs=100)), Ticking()
    start = clock()
    recording.advance(10.0, clock)
    assert clock() - start <= 13
    assert 1 <= recording.epoch <= 12


def test_a_finished_recording_computes_no_more():
    recording = finished(SHORT)
    history = recording.history
    assert not recording.advance()
    assert recording.history is history
    assert recording.epoch == SHORT.epochs


def test_advancing_never_waits_for_whoever_is_computing():
    recording, inside, leave = Recording(SHORT), threading.Event(), threading.Event()

    def clock():
        inside.set()
        assert leave.wait(10)
        return 0.0

    worker = threading.Thread(target=recording.advance, args=(1.0, clock))
    worker.start()
    assert inside.wait(10)
    start = time.monotonic()
    assert not recording.advance()
    assert time.monotonic() - start < 1
    assert not recording.begun
    leave.set()
    worker.join(10)
    assert recording.finished


def test_whoever_asks_while_another_computes_does_not_compute_it_again(monkeypatch):
    made = []

    class Counted(Trainer):
        def __init__(self, run):
            made.append(run)
            super().__init__(run)

    monkeypatch.setattr(module, "Trainer", Counted)
    recordings = Recordings(10**9, slots=4)
    barrier = threading.Barrier(4)

    def ask():
        barrier.wait(10)
        recording = recordings.get(SHORT)
        while not recording.finished:
            recordings.advance(recording, 0.002)
        return recording

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: ask(), range(4)))
    assert len({id(recording) for recording in found}) == 1
    assert made == [SHORT]
    same(found[0], finished(SHORT))


def test_readers_see_whole_and_growing_recordings_while_another_computes():
    run = replace(TINY, epochs=100, samples=20)
    recording, stop = Recording(run), threading.Event()

    def read():
        last = 0
        while not stop.is_set():
            done = recording.finished
            frames = recording.frames
            assert [f.epoch for f in frames] == sorted({f.epoch for f in frames})
            if recording.begun:
                history = recording.history
                assert history.epoch.tolist() == list(range(len(history.delta)))
                assert last <= len(history.epoch)
                assert not done or len(history.epoch) == 101
                last = len(history.epoch)
                assert recording.nbytes > 0
            time.sleep(0.0005)
        return last

    with ThreadPoolExecutor(3) as pool:
        readers = [pool.submit(read) for _ in range(2)]
        while not recording.finished:
            recording.advance(0.002)
        stop.set()
        assert all(reader.result() <= 101 for reader in readers)
    same(recording, finished(run))


def test_an_error_while_computing_leaves_the_recording_open(monkeypatch):
    recording = Recording(SHORT)
    monkeypatch.setattr(module, "frame", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        recording.advance()
    monkeypatch.undo()
    assert recording.advance()
    assert recording.finished
    same(recording, finished(SHORT))


def test_an_error_in_the_middle_of_a_slice_leaves_no_hole(monkeypatch):
    recording, real = Recording(SHORT), module.frame
    monkeypatch.setattr(module, "frame", lambda t, sums: 1 / 0 if t.epoch == 3 else real(t, sums))
    with pytest.raises(ZeroDivisionError):
        recording.advance()
    monkeypatch.undo()
    recording.advance()
    same(recording, finished(SHORT))


# --- the last network --------------------------------------------------------------------------


@pytest.mark.parametrize("norm", ["none", "batch", "layer"])
def test_the_last_network_of_the_first_replica_is_kept(norm):
    run = replace(SHORT, replicas=2, norm=norm, skip=0.5, dataset="iris", samples=100)
    final, trainer = finished(run).final, Trainer(run)
    for _ in range(run.epochs):
        trainer.train_epoch()
    assert final.epoch == run.epochs
    theta = trainer.network.parameters.theta
    np.testing.assert_array_equal(final.network.parameters.theta, theta[:1])
    np.testing.assert_array_equal(
        final.predict(run.data().test_x), trainer.predict(run.data().test_x)
    )
    assert len(final.network.running) == (run.depth if norm == "batch" else 0)
    alone = finished(replace(run, replicas=1)).final
    np.testing.assert_array_equal(final.network.parameters.theta, alone.network.parameters.theta)


def test_the_last_network_is_a_copy_that_later_steps_leave_alone():
    recording = Recording(replace(SHORT, norm="batch"))
    recording.advance(0.5, Ticking())
    early = recording.final
    theta, mean = early.network.parameters.theta.copy(), early.network.running[0].mean.copy()
    recording.advance()
    assert early.epoch == 0 < recording.final.epoch
    np.testing.assert_array_equal(early.network.parameters.theta, theta)
    np.testing.assert_array_equal(early.network.running[0].mean, mean)
    assert (recording.final.network.parameters.theta != theta).any()
    assert (recording.final.network.running[0].mean != mean).any()


def test_the_last_network_is_that_of_the_newest_picture():
    recording = Recording(replace(SHORT, epochs=30))
    while not recording.finished:
        recording.advance(2.5, Ticking())
        assert recording.final.epoch == recording.frames[-1].epoch


def test_the_last_network_of_a_run_that_diverges_is_the_last_valid_one():
    run = replace(WILD, rate=1000.0, activation="identity", dataset="regression", epochs=100)
    recording = finished(run)
    assert recording.final.epoch == recording.frames[-1].epoch < recording.history.epoch[-1]
    assert np.isfinite(recording.final.network.parameters.theta).all()
    assert recording.final.network.parameters.theta.any()


@pytest.mark.parametrize("norm", ["none", "batch"])
def test_the_weights_and_running_averages_count(norm):
    recording = finished(replace(SHORT, depth=3, width=64, norm=norm))
    pictures = sum(f.nbytes + FRAME_OVERHEAD for f in recording.frames)
    weights = recording.final.network.parameters.theta.nbytes + (norm == "batch") * 2 * 3 * 64 * 8
    assert recording.nbytes == recording.history.nbytes + pictures + weights


# --- frames ------------------------------------------------------------------------------------


@pytest.mark.parametrize("epochs", [1, 2, 199, 200, 201, 400, 500, 501, 999, 1000, 1001, 10000])
def test_at_most_200_pictures_are_kept_the_first_and_the_last_among_them(epochs):
    run = RunSpec(epochs=epochs)
    kept = kept_frames(run)
    assert {0, epochs} <= kept
    assert min(MAX_FRAMES, epochs + 1) * 0.5 < len(kept) <= MAX_FRAMES
    assert all(epoch % run.stride == 0 or epoch == epochs for epoch in kept)
    gaps = np.diff(sorted(kept))
    assert gaps.max() <= 2 * max(run.stride, epochs / MAX_FRAMES) + 1


def test_frames_come_at_the_epochs_that_are_kept():
    run = replace(TINY, epochs=300, samples=20, depth=1)
    recording = finished(run)
    assert [f.epoch for f in recording.frames] == sorted(kept_frames(run))
    assert len(recording.frames) == MAX_FRAMES


def test_the_plane_is_seen_row_by_row_from_the_top():
    cells = grid().reshape(GRID, GRID, 2)
    edge = 1 - 1 / GRID
    np.testing.assert_allclose(cells[[0, 0, -1, -1], [0, -1, 0, -1], 0], [-edge, edge] * 2)
    np.testing.assert_allclose(cells[[0, 0, -1, -1], [0, -1, 0, -1], 1], [edge] * 2 + [-edge] * 2)


@pytest.mark.parametrize("key", DATASETS)
def test_a_frame_is_what_the_first_replica_answers(key):
    run = replace(SHORT, dataset=key, replicas=2, samples=200)
    recording, trainer = finished(run), Trainer(run)
    for _ in range(run.epochs):
        trainer.train_epoch()
    values = recording.frames[-1].values
    assert values.dtype == np.uint8
    task = DATASETS[key].task
    if DATASETS[key].view is View.PLANE:
        assert values.shape == (GRID, GRID)
        answer = trainer.predict(grid(), 0)
        if task is Task.CLASSES:
            best, even = answer.max(axis=1), 1 / DATASETS[key].outputs
            shade = (best - even) / (1 - even) * (SURENESSES - 1)
            np.testing.assert_array_equal(values.ravel() // SURENESSES, answer.argmax(axis=1))
            values = values % SURENESSES
        else:
            shade = (answer + 1) / 2 if task is Task.REGRESSION else answer
            shade = np.clip(shade, 0, 1) * 255
        assert np.abs(values.ravel() - shade.ravel()).max() <= 0.5 + 1e-9
    else:
        test = trainer.data.test_x[:SHOWN_SAMPLES]
        np.testing.assert_array_equal(values, trainer.predict(test, 0).argmax(axis=1))


def test_a_frame_counts_where_the_pre_activations_of_the_hidden_layers_lie():
    run = replace(SHORT, activation="relu", depth=2, gain=20.0, samples=200)
    trainer = Trainer(run)
    look = module.frame(trainer, trainer.sums())
    assert look.sums.shape == (2, module.BINS)
    assert look.active.shape == (2, run.width)
    edges = np.linspace(-module.SPAN, module.SPAN, module.BINS + 1)
    edges[[0, -1]] = -np.inf, np.inf
    for z, sums, active in zip(trainer.sums(), look.sums, look.active, strict=True):
        assert np.abs(z).max() > module.SPAN  # the outer bins take what lies beyond
        np.testing.assert_array_equal(sums, np.histogram(z, edges)[0])
        np.testing.assert_array_equal(active, (z > 0).sum(axis=0))


@pytest.mark.parametrize(
    ("change", "span"),
    [
        ({"activation": "sigmoid"}, (0, 1)),
        ({"activation": "relu", "gain": 20.0}, (0, module.SPAN)),
        ({"activation": "gelu", "norm": "batch"}, (-0.16997120747990366, module.SPAN)),
        ({"activation": "sine", "gain": 5.0, "skip": 1.0}, (-1, 1)),
        ({"activation": "identity", "precision": "float32"}, (-module.SPAN, module.SPAN)),
        ({"activation": "elu", "knobs": (("elu.a", 2.0),), "gain": 5.0}, (-2, module.SPAN)),
        ({"activation": "tanh(x) - 9"}, (-10, -8)),
        ({"activation": "-x * x - 9"}, (-9 - module.SPAN, -9)),
        ({"activation": "0 * x"}, (-1, 1)),
    ],
)
def test_a_frame_counts_where_the_activations_of_the_hidden_layers_lie(change, span):
    run = replace(SHORT, depth=2, samples=200, **change)
    trainer = Trainer(run)
    counts = module.frame(trainer, trainer.sums()).activations
    assert counts.shape == (2, module.BINS)
    np.testing.assert_allclose(module.value_span(run), span, atol=1e-3)
    edges = np.linspace(*module.value_span(run), module.BINS + 1)
    edges[[0, -1]] = -np.inf, np.inf
    for z, found in zip(trainer.sums(), counts, strict=True):
        values = activation_of(run.activation).value(z, **run.knob_values)
        differ = np.abs(found.astype(int) - np.histogram(values, edges)[0])
        assert differ.sum() <= 2  # of 1200, by rounding at the edge of a bin
        assert found.sum() == z.size


@pytest.mark.parametrize(
    ("precision", "size"),
    [
        ("float64", 1e300),
        ("float32", 1e38),
    ],
)
def test_a_look_at_a_network_on_its_way_to_diverge_does_not_warn(precision, size):
    trainer = Trainer(replace(TINY, activation="tanh", depth=1, precision=precision))
    trainer.network.parameters.biases[0][...] = size
    assert np.isfinite(module.frame(trainer, trainer.sums()).values).all()


# --- history -----------------------------------------------------------------------------------


def test_a_history_is_the_snapshots_side_by_side():
    run = replace(SHORT, replicas=2)
    history, snapshots = finished(run).history, list(train(run))
    for name, column in history.columns.items():
        for row, snapshot in zip(column, snapshots, strict=True):
            np.testing.assert_array_equal(row, getattr(snapshot, name))
    assert history.diverged == snapshots[-1].diverged
    assert {f.name for f in fields(History)} == {f.name for f in fields(Snapshot)}
    np.testing.assert_allclose(history.share, history.delta[:, :, 0] / history.delta[:, :, -1])


def test_the_history_of_a_run_under_way_grows():
    recording = Recording(SHORT)
    recording.advance(0.5, Ticking())
    before = len(recording.history.epoch)
    recording.advance()
    assert before < len(recording.history.epoch) == 13


@pytest.mark.parametrize("index", [0, 5, -2])
def test_one_row_stands_alone_as_epoch_0(index):
    history = finished(replace(SHORT, replicas=2)).history
    alone = history.at(index)
    assert alone.epoch.tolist() == [0]
    for f in fields(History):
        if f.name not in ("epoch", "diverged"):
            np.testing.assert_array_equal(getattr(alone, f.name), [getattr(history, f.name)[index]])
    assert alone.diverged == history.diverged


def test_the_last_row_can_stand_alone_as_well():
    assert len(finished(SHORT).history.at(-1).delta) == 1


def test_no_error_at_all_is_a_share_of_zero():
    run = replace(SHORT, activation="tanh", initializer="zeros", epochs=1)
    assert (finished(run).history.share == 0).all()


# --- divergence --------------------------------------------------------------------------------


def test_a_run_that_diverges_finishes_and_shows_its_last_valid_picture():
    run = replace(WILD, rate=1000.0, activation="identity", dataset="regression", epochs=100)
    recording = finished(run)
    mark = recording.history.diverged[0]
    assert recording.history.epoch[-1] == mark[0] < 100
    assert recording.frames[-1].epoch < mark[0]
    assert np.isfinite(recording.history.train_loss[: mark[0]]).all()
    assert np.isnan(recording.history.train_loss[-1]).all()


def test_a_run_that_cannot_start_finishes_too():
    run = replace(
        SHORT, activation="identity", precision="float32", initializer="normal", gain=20.0,
        depth=30, width=64,
    )  # fmt: skip
    recording = finished(run)
    assert len(recording.history.epoch) == len(recording.frames) == 1


# --- many recordings ---------------------------------------------------------------------------


def several(count):
    return [replace(SHORT, seed=seed) for seed in range(count)]


def test_the_same_run_is_the_same_recording():
    recordings = Recordings(10**9)
    assert recordings.get(SHORT) is recordings.get(replace(SHORT))
    assert recordings.get(SHORT) is recordings.find(SHORT)
    assert recordings.get(replace(SHORT, seed=1)) is not recordings.get(SHORT)
    assert recordings.find(replace(SHORT, seed=2)) is None
    assert len(recordings) == 2


def test_more_than_fits_is_never_held():
    size = finished(SHORT).nbytes
    recordings = Recordings(int(3.5 * size))
    for run in several(8):
        recording = recordings.get(run)
        while not recording.finished:
            recordings.advance(recording, 0.0)
            assert recordings.nbytes <= recordings.limit
    assert len(recordings) == 3
    assert [recordings.find(run) is not None for run in several(8)] == [False] * 5 + [True] * 3


def test_what_was_used_last_is_kept_longest():
    size = finished(SHORT).nbytes
    recordings = Recordings(int(3.5 * size))
    runs = several(4)
    for run in runs[:3]:
        recordings.advance(recordings.get(run), 60.0)
    recordings.get(runs[0])
    recordings.advance(recordings.get(runs[3]), 60.0)
    assert [recordings.find(run) is not None for run in runs] == [True, False, True, True]


def test_a_single_recording_is_held_whatever_its_size():
    recordings = Recordings(1)
    recording = recordings.get(SHORT)
    while not recording.finished:
        recordings.advance(recording, 0.0)
    assert recordings.find(SHORT) is recording


def test_an_evicted_recording_still_serves_those_who_read_it():
    recordings = Recordings(1)
    first = recordings.get(SHORT)
    recordings.advance(first, 60.0)
    recordings.advance(recordings.get(replace(SHORT, seed=1)), 60.0)
    assert recordings.find(SHORT) is None
    same(first, finished(SHORT))
    assert len(first.history.epoch) == 13
    assert recordings.get(SHORT) is not first


def test_a_run_beyond_the_budget_is_never_begun():
    heavy = RunSpec(depth=50, width=256, samples=5000, epochs=10000, replicas=64)
    recordings = Recordings(10**9)
    with pytest.raises(OverBudget) as refused:
        recordings.get(heavy)
    assert refused.value.setting == over_budget(heavy)
    assert len(recordings) == 0
    assert recordings.find(heavy) is None


@pytest.fixture
def held(monkeypatch):
    """A slice says that it has begun by the first and ends when it is told by the second."""
    begun, ends = threading.Semaphore(0), threading.Event()

    def wait(self, budget):
        begun.release()
        assert ends.wait(10)
        return True

    monkeypatch.setattr(Recording, "advance", wait)
    return begun, ends


def test_no_more_slices_are_computed_at_once_than_there_are_slots(held):
    inside, leave = held
    recordings = Recordings(10**9, slots=2)
    first, second, third = (recordings.get(run) for run in several(3))
    with ThreadPoolExecutor(2) as pool:
        running = [pool.submit(recordings.advance, r, 1.0) for r in (first, second)]
        assert inside.acquire(timeout=10)
        assert inside.acquire(timeout=10)
        assert not recordings.advance(third, 1.0)
        leave.set()
        assert all(future.result() for future in running)
    assert recordings.advance(third, 1.0)


def test_a_turn_passes_to_a_run_that_waits_for_it_without_another_look(held, monkeypatch):
    inside, leave = held
    monkeypatch.setattr(module, "WAIT", 10.0)
    recordings = Recordings(10**9, slots=1)
    first, second = (recordings.get(run) for run in several(2))
    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(recordings.advance, first, 10.0)
        assert inside.acquire(timeout=10)
        two = pool.submit(recordings.advance, second, 10.0)
        while recordings.turns.place(second) == 0:  # it has not asked yet
            time.sleep(0.001)
        leave.set()
        assert one.result()
        assert two.result()


def test_nobody_waits_for_a_run_that_is_being_computed_nor_for_spare_time(held, monkeypatch):
    inside, leave = held
    monkeypatch.setattr(module, "WAIT", 10.0)
    recordings = Recordings(10**9, slots=1)
    first, second = (recordings.get(run) for run in several(2))
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(recordings.advance, first, 10.0)
        assert inside.acquire(timeout=10)
        monkeypatch.setattr(recordings._turn_ended, "wait", lambda *_: pytest.fail("it waits"))
        assert not recordings.advance(first, 10.0)
        assert not recordings.advance(second, 10.0, spare=True)
        leave.set()
        assert running.result()


def test_slices_are_short_while_many_are_in_line(monkeypatch):
    budgets = []
    monkeypatch.setattr(Recording, "advance", lambda self, budget: budgets.append(budget))
    recordings = Recordings(10**9, slots=1, kept=2)
    for run in several(4):
        recordings.advance(recordings.get(run), 0.4)
    assert budgets == [0.4, 0.4, module.CROWDED_SLICE, module.CROWDED_SLICE]
    recordings.advance(recordings.get(SHORT), 0.01)
    assert budgets[-1] == 0.01


def test_a_slot_is_free_again_after_an_error(monkeypatch):
    recordings = Recordings(10**9, slots=1)
    monkeypatch.setattr(Recording, "advance", lambda self, budget: 1 / 0)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            recordings.advance(recordings.get(SHORT), 1.0)


def test_many_visitors_at_once_leave_everything_in_order():
    size = finished(SHORT).nbytes
    recordings = Recordings(int(4.5 * size), slots=2)
    expected = {run: finished(run) for run in several(6)}

    def visit(seed):
        rng = np.random.default_rng(seed)
        for _ in range(8):
            run = replace(SHORT, seed=int(rng.integers(6)))
            recording = recordings.get(run)
            while not recording.finished:
                recordings.advance(recording, 0.001)
            same(recording, expected[run])
            assert len(recording.history.epoch) == 13
            recordings.find(run)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(visit, range(4)))
    assert 1 <= len(recordings) <= 6


@pytest.mark.parametrize(
    "run",
    [
        replace(TINY, epochs=60, depth=5, width=8),
        replace(TINY, epochs=20, depth=20, width=4, replicas=8),
        replace(TINY, epochs=50, dataset="iris", samples=100),
    ],
    ids=["plane", "replicas", "samples"],
)
@pytest.mark.parametrize("read", few_of([False, True]), ids=["unread", "read"])
def test_the_size_told_is_about_the_memory_taken(run, read):
    run.data()
    finished(replace(run, epochs=1))
    gc.collect()
    tracemalloc.start()
    try:
        recording = finished(run)
        if read:
            assert recording.history is not None
        gc.collect()
        taken = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert 0.5 * taken < recording.nbytes < 1.5 * taken


@pytest.mark.parametrize("run", [SHORT, replace(TINY, epochs=3, depth=20, width=64, replicas=4)])
def test_the_price_in_bytes_is_at_least_the_size_of_the_recording(run):
    assert finished(run).nbytes < 1.5 * cost(run).bytes
