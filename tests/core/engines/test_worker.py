"""A worker's process: the same numbers, whatever becomes of it."""

from __future__ import annotations

import gc
from dataclasses import replace
from functools import partial
from io import BytesIO

import numpy as np
import pytest

from core.data.tables import suggested, tabulate
from core.engines import worker as module
from core.engines.worker import (
    Elsewhere,
    Request,
    Worker,
    Workers,
    packed_request,
    serve,
    unpacked_request,
)
from core.runs.message import Message, read, receive, send, written
from core.runs.packing import RUN, packed_slice, unpacked_slice
from core.runs.recording import Computation, Recording, Recordings
from core.studies.catalogue import STUDIES
from core.studies.progress import Progress
from core.sweep.filling import Filling
from pages.files.reading import read as read_file
from tests.core.runs.test_recording import SHORT, finished, same
from tests.core.runs.test_training import WILD
from tests.core.sweep.test_sweep import GAINS
from tests.core.sweep.test_sweep import same as same_row

ROWS = "\n".join(["a,b,c", *(f"{k % 7},{k % 5 - 0.5},{'yx'[k % 2]}" for k in range(60))])
SHEET = read_file(ROWS)
OWN = tabulate(SHEET, suggested(SHEET))


@pytest.fixture(scope="module")
def worker():
    return Worker()


def elsewhere(worker):
    """Recordings that this worker computes."""
    numbers = iter(range(id(worker), id(worker) + 100))
    return lambda run: Elsewhere(worker, next(numbers), RUN, run)


def in_slices(recording, budget=0.002):
    while not recording.finished:
        assert recording.advance(budget)
    return recording


def as_sent(message):
    return read(written(message))


RUNS = {
    "plane": SHORT,
    "classes": replace(SHORT, dataset="iris", samples=100),
    "number": replace(SHORT, dataset="regression"),
    "digits": replace(SHORT, dataset="digits", samples=100, epochs=3),
    "seeds": replace(SHORT, replicas=3),
    "batch norm": replace(SHORT, norm="batch", skip=0.5),
    "knobs": replace(SHORT, activation="elu", knobs=(("elu.a", 0.1 + 0.2),), rate=0.1 + 0.2),
    "single": replace(SHORT, precision="float32"),
    "diverges": replace(WILD, rate=1000.0, activation="identity", dataset="regression", epochs=100),
    "no hidden layer": replace(SHORT, depth=0),
    "own data": replace(SHORT, table=OWN),
}


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
def test_a_run_computed_elsewhere_has_the_same_bits(worker, run):
    there, here = in_slices(Recording(run, elsewhere(worker))), finished(run)
    same(there, here)
    for one, two in zip(there.frames, here.frames, strict=True):
        np.testing.assert_array_equal(one.sums, two.sums)
        np.testing.assert_array_equal(one.activations, two.activations)
        np.testing.assert_array_equal(one.active, two.active)
    x = run.data().test_x
    np.testing.assert_array_equal(there.final.predict(x), here.final.predict(x))
    assert there.final.epoch == here.final.epoch
    assert there.history.diverged == here.history.diverged
    assert abs(there.nbytes / here.nbytes - 1) < 0.01


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
def test_a_request_says_all_of_a_run(run):
    request = unpacked_request(as_sent(packed_request(Request(7, RUN, run, 0.5, [1, 2]))))
    assert request == Request(7, RUN, run, 0.5, [1, 2])
    data, sent = run.data(), request.job.data()
    np.testing.assert_array_equal(sent.train_x, data.train_x)
    assert request.job.source.class_names == run.source.class_names


def test_a_slice_in_which_nothing_new_was_seen_is_sent_as_well():
    computation = Computation(replace(SHORT, samples=500, batch=1))
    computation.advance(0.0)
    sent = unpacked_slice(as_sent(packed_slice(computation.advance(0.0))), SHORT)
    assert (sent.history, sent.frames, sent.final, sent.finished) == (None, (), None, False)


def test_no_object_is_read():
    stream = BytesIO()
    send(stream, Message({}, {"x": np.zeros(1)}))
    stream = BytesIO(stream.getvalue().replace(b"<f8", b"|O "))
    with pytest.raises((TypeError, ValueError)):
        receive(stream)


def test_a_run_that_is_forgotten_starts_over():
    requests, slices = BytesIO(), BytesIO()
    for forget in ([], [], [5]):
        send(requests, packed_request(Request(5, RUN, SHORT, 0.0, forget)))
    requests.seek(0)
    serve(requests, slices)
    slices.seek(0)
    first, second, third = (unpacked_slice(receive(slices), SHORT) for _ in range(3))
    assert first.begins
    assert not second.begins
    assert third.begins


def test_nobody_asks_for_a_run_any_longer_when_its_recording_is_gone():
    worker = Worker()
    recording = Recording(SHORT, lambda run: Elsewhere(worker, 9, RUN, run))
    recording.advance(0.0)
    assert list(worker._forget) == []
    del recording
    gc.collect()
    assert list(worker._forget) == [9]


# --- whatever becomes of it --------------------------------------------------------------------


def test_a_worker_that_is_killed_costs_its_run_nothing_but_time():
    worker = Worker()
    recording = Recording(replace(SHORT, epochs=40), elsewhere(worker))
    while recording.epoch < 5:
        recording.advance(0.002)
    first = worker._running.process
    first.kill()
    seen = recording.epoch
    recording.advance(0.002)
    assert recording.epoch >= seen  # what was seen stays until the run has started over
    same(in_slices(recording), finished(recording.run))
    assert worker._running.process is not first
    assert first.poll() is not None


@pytest.mark.parametrize(
    "command", [("no such program",), (module.sys.executable, "-c", "")], ids=["missing", "ends"]
)
def test_without_a_worker_runs_are_computed_here(monkeypatch, command):
    monkeypatch.setattr(module, "COMMAND", command)
    recording = Recording(SHORT, elsewhere(Worker()))
    for _ in range(module.PATIENCE):
        assert recording.advance()
        assert not recording.begun
    recording.advance()
    same(recording, finished(SHORT))


def test_whoever_goes_in_the_middle_of_a_message_leaves_the_next_one_a_sound_worker(monkeypatch):
    class GoneAway(BaseException):
        pass

    def gone(stream):
        raise GoneAway

    recording = Recording(SHORT, elsewhere(Worker()))
    recording.advance(0.0)
    with monkeypatch.context() as patched:
        patched.setattr(module, "receive", gone)
        with pytest.raises(GoneAway):
            recording.advance(0.0)
    same(in_slices(recording), finished(SHORT))


def test_a_worker_ends_when_nobody_can_ask_it_any_longer():
    worker = Worker()
    worker.ask(0, RUN, SHORT, 0.0)
    process = worker._running.process
    assert process.poll() is None
    del worker
    gc.collect()
    assert process.poll() is not None


def test_a_worker_whose_server_is_gone_ends_by_itself():
    worker = Worker()
    worker.ask(0, RUN, SHORT, 0.0)
    worker._running.requests.close()
    assert worker._running.process.wait(10) == 0


def test_runs_are_dealt_to_as_many_workers_as_there_are_slots():
    recordings = Recordings(10**9, slots=2, compute=partial(Workers(2).computing, RUN))
    held = [recordings.get(replace(SHORT, seed=seed)) for seed in range(4)]
    for recording in held:
        recordings.advance(recording, 0.0)
    crew = [recording._computing._worker for recording in held]
    assert crew[0] is crew[2] is not crew[1] is crew[3]
    for recording in held:
        while not recording.finished:
            recordings.advance(recording, 1.0)
        same(recording, finished(recording.run))


# --- other kinds of work -----------------------------------------------------------------------


def test_a_sweep_computed_elsewhere_has_the_same_rows():
    here, there = Filling(GAINS), Filling(GAINS, engine=Workers(1))
    here.advance()
    shares = []
    while not there.finished:
        there.advance(0.002)
        shares.append(there.seen.share)
    assert shares == sorted(shares)
    assert shares[0] < 1  # it came in pieces
    assert {type(begun.computing) for begun in there._ended} == {Elsewhere}
    assert all(same_row(there.seen.rows[cell], row) for cell, row in here.seen.rows.items())


def test_a_sweep_whose_worker_is_killed_begins_the_stack_anew():
    engine = Workers(1)
    filling = Filling(GAINS, engine=engine)
    filling.advance(0.0)
    next(engine._crew)._running.process.kill()
    filling.advance()
    assert set(filling.seen.rows) == set(GAINS.cells)


def test_a_study_computed_elsewhere_has_the_same_points():
    study = STUDIES["recurrent"]
    here, there = Progress(study, 1), Progress(study, 1, Workers(1))
    here.advance()
    while not there.finished:
        there.advance(0.05)
    assert repr(there.seen) == repr(here.seen)
