"""The cost of a run: known before it starts, more for more, and never beyond the budget."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.data.datasets import DATASETS, Task
from core.nn.losses import LOSSES
from core.runs.cost import OverBudget, cost, excess, kept_epochs, over_budget
from core.runs.recording import Recording, Recordings
from core.runs.training import RunSpec
from tests.core.runs.test_training import TINY
from tests.core.specs import specs, values


@settings(max_examples=150)
@given(specs(RunSpec))
def test_a_run_has_a_price(run):
    assert 0 < cost(run).operations < np.inf
    assert 0 < cost(run).bytes < np.inf


@settings(max_examples=150)
@given(specs(RunSpec), st.data())
def test_more_of_anything_costs_no_less(run, data):
    for name in ("depth", "width", "replicas", "samples"):
        more = data.draw(st.integers(getattr(run, name), RunSpec.domains()[name].high), name)
        larger = cost(replace(run, **{name: more}))
        assert larger.operations >= cost(run).operations, name
        assert larger.bytes >= cost(run).bytes, name
    smaller = cost(replace(run, batch=data.draw(st.integers(1, run.batch), "batch")))
    assert smaller.operations >= cost(run).operations


@pytest.mark.parametrize("run", [RunSpec(), RunSpec(depth=20, width=64, replicas=4)])
def test_more_epochs_cost_more_as_long_as_as_many_are_kept(run):
    def price(epochs):
        return cost(replace(run, epochs=epochs))

    for few, many in pairwise((1, 10, 100, 499, 500)):
        assert price(few).operations < price(many).operations
        assert price(few).bytes <= price(many).bytes
    for few, many in pairwise((500, 1000, 5000, 10000)):  # the same number kept
        assert price(few).operations < price(many).operations


@pytest.mark.parametrize("key", [key for key, data in DATASETS.items() if data.collection])
def test_more_samples_than_there_are_cost_nothing(key):
    most = replace(TINY, dataset=key, samples=DATASETS[key].max_samples)
    assert cost(replace(most, samples=5000)) == cost(most)


@settings(max_examples=300)
@given(specs(RunSpec, width=values(RunSpec.domains()["width"]).filter(lambda w: w > 60)))
@example(RunSpec(batch=1, samples=5000, epochs=10000))
@example(RunSpec(depth=50, width=256, samples=5000, replicas=64, epochs=10000, batch=1))
def test_the_setting_named_for_a_run_beyond_the_budget_helps_most(run):
    name = over_budget(run)
    assert (name is None) == (excess(run) <= 1)
    names = []
    while name is not None:
        eased = replace(run, **{name: getattr(RunSpec(), name)})
        assert excess(eased) < excess(run)
        with pytest.raises(OverBudget, match=name):
            Recordings(10**9).get(run)
        names.append(name)
        run, name = eased, over_budget(eased)
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("epochs", [1, 12, 801])
def test_a_recording_keeps_the_epochs_that_its_price_counts(epochs):
    run = replace(TINY, epochs=epochs, samples=20, depth=0, batch=5000)
    recording = Recording(run)
    recording.advance()
    assert recording.history.epoch.tolist() == kept_epochs(run)


@pytest.mark.parametrize("task", Task)
def test_the_defaults_are_within_the_budget_for_every_task(task):
    assert task in LOSSES
    for key, dataset in DATASETS.items():
        if dataset.task is task:
            assert over_budget(RunSpec(dataset=key)) is None
