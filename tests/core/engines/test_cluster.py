"""A real Dask cluster: the same numbers, whoever is lost, and each only once.

Without Dask the engine is there all the same, and computes on this machine.
"""

from __future__ import annotations

import gc
import signal
import time
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import pytest

from bench.machines import NONE, machines
from bench.server import free_port
from core.engines import cluster as module
from core.engines.cluster import Cluster, OnCluster
from core.engines.worker import Workers
from core.runs.packing import RUN
from core.runs.recording import Recording, Recordings
from core.runs.training import RunSpec
from core.runs.work import HERE
from core.studies.catalogue import STUDIES
from core.studies.progress import STUDY, Start
from core.sweep.filling import Filling
from tests.core.engines.test_worker import OWN
from tests.core.runs.test_recording import SHORT, finished, same
from tests.core.sweep.test_sweep import GAINS
from tests.core.sweep.test_sweep import same as same_row


def with_dask(test):
    """Seconds long, and only where Dask is."""
    return pytest.mark.slow(pytest.mark.skipif(NONE, reason="no Dask: make cluster")(test))


PATIENCE = 60
LONG = RunSpec(depth=8, width=16, epochs=150)


def wait_until(happened):
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@contextmanager
def connected(address, slots=2, told=bool, otherwise=HERE):
    """The engine of a process of the dashboard."""
    cluster = Cluster(address, otherwise, told)
    try:
        wait_until(lambda: cluster.client is not None and cluster.slots == slots)
        yield cluster
    finally:
        cluster.close()


@pytest.fixture(scope="module")
def there(tmp_path_factory):
    with machines(tmp_path_factory.mktemp("machines")) as running:
        yield running


def on(cluster):
    return partial(cluster.computing, RUN)


def in_slices(recording, budget=0.05):
    while not recording.finished:
        assert recording.advance(budget)
    return recording


def known(cluster):
    """The names of all tasks of the cluster."""
    return set(cluster.client.who_has())


# --- one job -----------------------------------------------------------------------------------


@with_dask
@pytest.mark.parametrize("run", [LONG, replace(SHORT, table=OWN, replicas=2, norm="batch")])
def test_a_run_of_the_cluster_has_the_same_bits(there, run):
    with connected(there.address) as cluster:
        recording = in_slices(Recording(run, on(cluster)))
        assert isinstance(recording._computing, OnCluster)
        assert recording._computing._instead is None
        same(recording, finished(run))


@with_dask
def test_a_sweep_of_the_cluster_has_the_same_rows_and_takes_all_its_workers(there):
    here = Filling(GAINS)
    here.advance()
    with connected(there.address) as cluster:
        filling = Filling(GAINS, engine=cluster)
        shares = []
        while not filling.finished:
            filling.advance(0.01)
            shares.append(filling.seen.share)
        assert shares == sorted(shares)
        assert {type(begun.computing) for begun in filling._ended} == {OnCluster}
    assert set(filling.seen.rows) == set(GAINS.cells)
    assert all(same_row(filling.seen.rows[cell], row) for cell, row in here.seen.rows.items())


@with_dask
def test_what_two_processes_ask_for_is_computed_once(there):
    from distributed import get_task_stream

    run = replace(LONG, seed=1)
    with connected(there.address) as one, connected(there.address) as two:
        with get_task_stream(one.client) as stream:
            first = Recording(run, on(one))
            while first.epoch < 20:
                first.advance(0.05)
            second = Recording(run, on(two))  # while the first is under way
            while not (first.finished and second.finished):
                first.advance(0.05)
                second.advance(0.05)
            third = in_slices(Recording(run, on(two)))
            last = two.computing(RUN, run)
            last._ask(0)
        for recording in (first, second, third):
            assert recording._computing._instead is None
            same(recording, finished(run))
        links = len(first._computing._ends)
        assert len(last._pieces) == links
        assert last._state is None  # what would be computed again
        states = [task["key"] for task in stream.data if task["key"].endswith("-state")]
        assert len(states) == len(set(states)) == links


@with_dask
def test_data_that_are_forgotten_leave_the_cluster(there):
    run = replace(SHORT, table=OWN, epochs=30)
    with connected(there.address) as cluster, connected(there.address) as other:
        gc.collect()
        wait_until(lambda: not known(cluster))
        recordings = Recordings(10**9, compute=on(cluster))
        in_slices(recordings.get(run))
        in_slices(recordings.get(SHORT))
        held = known(other)
        recordings.forget(OWN.digest)
        wait_until(lambda: known(other) < held)
        assert {key.partition("-")[2][:32] for key in known(other)} == {
            recordings.get(SHORT)._computing._name.partition("-")[2]
        }
        recordings._held.clear()
        wait_until(lambda: not known(other))


@with_dask
def test_a_study_cannot_be_paused_and_is_computed_on_this_machine(there):
    with connected(there.address) as cluster:
        start = Start(STUDIES["recurrent"], 0)
        assert not isinstance(cluster.computing(STUDY, start), OnCluster)


@with_dask
def test_a_job_at_which_the_cluster_fails_is_computed_here_and_the_error_is_told_once(there):
    failed, unknown = [], replace(RUN, key="unknown to the workers")
    cluster = Cluster(there.address, HERE, failed=failed.append)
    try:
        wait_until(lambda: cluster.client is not None)
        for run in (SHORT, replace(SHORT, seed=1)):
            recording = Recording(run, partial(cluster.computing, unknown))
            same(in_slices(recording), finished(run))
        assert [type(error) for error in failed] == [KeyError]
    finally:
        cluster.close()


# --- whoever is lost ---------------------------------------------------------------------------


@with_dask
def test_a_worker_that_is_killed_loses_nothing_and_nothing_is_counted_twice(tmp_path):
    with machines(tmp_path) as running, connected(running.address) as cluster:
        recording, seen = Recording(LONG, on(cluster)), [0]
        victim = running.workers[0]
        while not recording.finished:
            recording.advance(0.05)
            seen.append(recording.epoch)
            if recording.epoch > 30 and victim.poll() is None:
                victim.kill()
                victim.wait()
        assert victim.poll() is not None
        assert seen == sorted(seen)
        assert recording._computing._instead is None
        same(recording, finished(LONG))


@with_dask
def test_without_its_scheduler_a_process_computes_itself_until_it_is_back(tmp_path):
    told = []
    with (
        machines(tmp_path) as running,
        connected(running.address, told=told.append, otherwise=Workers(1)) as cluster,
    ):
        recording = Recording(LONG, on(cluster))
        while recording.epoch < 20:
            recording.advance(0.05)
        running.stop()
        begun = time.monotonic()
        in_slices(recording)
        assert time.monotonic() - begun < PATIENCE
        same(recording, finished(LONG))
        wait_until(lambda: told == [True, False])
        assert cluster.slots == 1
        assert not isinstance(cluster.computing(RUN, SHORT), OnCluster)
        running.start_scheduler()
        running.start_worker()
        wait_until(lambda: told == [True, False, True])
        assert cluster.slots == 1
        same(in_slices(Recording(SHORT, on(cluster))), finished(SHORT))


@with_dask
def test_a_cluster_that_has_lost_all_its_workers_is_none(tmp_path):
    with machines(tmp_path, 1) as running, connected(running.address, 1) as cluster:
        recording = Recording(LONG, on(cluster))
        while recording.epoch < 20:
            recording.advance(0.05)
        running.workers[0].kill()
        same(in_slices(recording), finished(LONG))
        assert not isinstance(recording._computing._instead, OnCluster)


def test_where_no_scheduler_answers_jobs_are_computed_here_and_nobody_waits():
    told = []
    cluster = Cluster(f"tcp://127.0.0.1:{free_port()}", HERE, told.append)
    try:
        same(in_slices(Recording(SHORT, on(cluster))), finished(SHORT))
        assert cluster.slots == 1
        wait_until(lambda: told == [False])
    finally:
        cluster.close()


@with_dask
def test_a_scheduler_that_is_silent_counts_as_lost(tmp_path):
    with machines(tmp_path) as running, connected(running.address) as cluster:
        recording = Recording(LONG, on(cluster))
        while recording.epoch < 20:
            recording.advance(0.05)
        running.scheduler.send_signal(signal.SIGSTOP)
        longest = 0.0
        while not recording.finished:
            begun = time.monotonic()
            recording.advance(0.05)
            longest = max(longest, time.monotonic() - begun)
        assert longest < 10
        same(recording, finished(LONG))


@with_dask
def test_a_worker_that_is_silent_does_not_keep_a_run_waiting(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "STALLED", 2.0)
    with machines(tmp_path, 1) as running, connected(running.address, 1) as cluster:
        recording = Recording(LONG, on(cluster))
        while recording.epoch < 20:
            recording.advance(0.05)
        running.workers[0].send_signal(signal.SIGSTOP)
        same(in_slices(recording), finished(LONG))
        assert recording._computing._instead is not None
