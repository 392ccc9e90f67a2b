"""Jobs as chains of links: each a pure function of the one before it, and the same bits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.engines.cluster import Link, link, name_of
from core.runs.message import read, written
from core.runs.packing import RUN
from core.runs.recording import Recording
from core.runs.training import RunSpec
from core.sweep.rows import STACK, trained
from tests.core.engines.test_worker import OWN, RUNS
from tests.core.runs.test_recording import SHORT, finished, same
from tests.core.sweep.test_sweep import same as same_row
from tests.crossing import crossed


class Chained:
    """A job computed link by link, each from the bytes that the one before it left."""

    def __init__(self, kind, job, ends):
        self.kind, self.job, self.ends = kind, job, iter(ends)
        self.before: Link | None = None

    def advance(self, budget=0.0, clock=None):
        job = written(self.kind.packed(self.job))
        self.before = link(self.kind.key, job, self.before, next(self.ends))
        return self.kind.unpacked_piece(read(self.before[1]), self.job)


MORE = {
    "momentum": replace(SHORT, optimizer="momentum"),
    "adam": replace(SHORT, optimizer="adam", warmup=3, clip=0.5),
    "equal sizes": replace(SHORT, amplify=True, frozen=1),
}


@crossed(pause=[1, 5], name=RUNS | MORE)
def test_a_run_that_is_paused_anywhere_has_the_same_bits(name, pause):
    run = (RUNS | MORE)[name]
    chained = Recording(run, lambda run: Chained(RUN, run, range(pause, 10_000, pause)))
    while not chained.finished:
        assert chained.advance()
    same(chained, finished(run))
    assert chained.history.diverged == finished(run).history.diverged
    x = run.data().test_x
    np.testing.assert_array_equal(chained.final.predict(x), finished(run).final.predict(x))


@pytest.mark.parametrize("norm", ["none", "batch"])
@pytest.mark.parametrize("every", [1, 5])
def test_a_stack_that_is_paused_anywhere_has_the_same_rows(norm, every):
    stack = tuple(replace(SHORT, norm=norm, seed=seed, gain=seed + 0.5) for seed in range(3))
    stack = (*stack, replace(stack[0], initializer="normal", gain=20.0))
    chained = Chained(STACK, stack, range(every, 10_000, every))
    parts = [chained.advance()]
    while not parts[-1].finished:
        parts.append(chained.advance())
    assert [part.share for part in parts] == sorted(part.share for part in parts)
    assert all(map(same_row, parts[-1].rows, trained(stack)))


@pytest.mark.parametrize("run", [SHORT, RunSpec(), RunSpec(depth=30, width=64, replicas=4)])
def test_links_are_equally_long_and_the_last_ends_with_the_run(run):
    ends = RUN.links(run)
    lengths = np.diff([0, *ends])
    assert ends[-1] == run.epochs * -(-len(run.data().train_x) // run.batch)
    assert 1 <= min(lengths) >= max(lengths) - 1


def test_after_the_end_there_is_nothing_more():
    job = written(RUN.packed(SHORT))
    end = link("run", job, None, None)
    assert end[0] is None
    after = link("run", job, end, None)
    assert after[0] is None
    assert vars(RUN.unpacked_piece(read(after[1]), SHORT)) == vars(RUN.nothing)


def test_jobs_have_one_name_if_they_are_equal():
    def name(run):
        return name_of("run", RUN.packed(run))

    own = replace(SHORT, table=OWN)
    assert name(SHORT) == name(replace(SHORT, seed=0))
    assert name(own) == name(replace(own, table=replace(OWN, x=OWN.x.copy())))
    others = (replace(SHORT, seed=1), own, replace(own, table=replace(OWN, digest="other")))
    assert len({name(SHORT), *map(name, others)}) == 4
    assert name_of("stack", STACK.packed((SHORT,))) != name_of("run", STACK.packed((SHORT,)))
