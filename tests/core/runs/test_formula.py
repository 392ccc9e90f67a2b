"""A formula that a reader typed as the activation of a run: what it trains, and how it may end."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.lessons.remedies import CHANGES, REMEDIES, candidates, changed
from core.nn.activations import ACTIVATIONS
from core.nn.expression import ExpressionError
from core.nn.own import is_standard, standard
from core.runs.cost import cost
from core.runs.diagnosis import diagnosis
from core.runs.lanes import read_lanes, write_lanes
from core.runs.packing import packed_run, unpacked_run
from core.runs.recording import Recording
from core.runs.rules import Verdict
from core.runs.training import RunSpec, train
from tests.core.nn.test_expression import formulas
from tests.core.specs import specs
from tests.crossing import examples, holds

SMALL = RunSpec(depth=3, width=4, samples=60, epochs=4, rate=0.5)
BENT = "max(0, x) + 0.1 * sin(x)"
SAME = {"max(0, x)": "relu", "tanh(x)": "tanh", "x * sigmoid(x)": "silu", "x": "identity"}
POLES = {
    "log(x + 6.5)": "xavier",
    "sqrt(x + 6.1)": "xavier",
    "(x + 7) ** x": "xavier",
    "exp(exp(x))": "normal",
    "exp(x * x)": "normal",
    "where(x > 6.2, log(-x), x)": "normal",
    "1 / (x - 0.0123)": "normal",
    "1000000.0 * x": "normal",
}


def finished(run):
    """The recording of a run that is finished or has diverged."""
    record = Recording(run)
    record.advance()
    assert record.history.epoch[-1] == run.epochs or all(record.history.diverged)
    return record


@pytest.mark.parametrize("text", SAME)
@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_a_formula_of_the_catalogue_trains_as_the_catalogue(text, precision):
    own, known = (
        [s.train_loss for s in train(replace(SMALL, activation=key, precision=precision))]
        for key in (text, SAME[text])
    )
    np.testing.assert_allclose(own, known, rtol=1e-9 if precision == "float64" else 1e-3)


@pytest.mark.parametrize("text", POLES)
@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_a_pole_ends_a_run_as_any_other_divergence(text, precision):
    run = replace(SMALL, activation=standard(text), gain=3.0, precision=precision, rate=2.0)
    run = replace(run, initializer=POLES[text])
    record = finished(run)
    found = diagnosis(run, record.history)
    assert found.broken == (record.history.diverged[0] is not None)
    for candidate in candidates(run, CHANGES):
        assert candidate.run != run


def test_the_logarithm_of_a_negative_number_ends_a_run():
    assert finished(replace(SMALL, activation="log(x + 6.5)", gain=6.0)).history.diverged[0]


@examples(few=60, many=500)
def test_nothing_but_a_finished_or_a_diverged_run_comes_out(examples):
    runs = specs(
        RunSpec,
        samples=st.just(30),
        width=st.integers(1, 4),
        depth=st.integers(0, 6),
        replicas=st.integers(1, 2),
        batch=st.integers(5, 30),
        epochs=st.just(1),
    )

    def check(text, run):
        try:
            key = standard(text)
        except ExpressionError:
            return
        own = replace(run, activation=key)
        assert isinstance(diagnosis(own, finished(own).history).verdict, Verdict)

    holds(lambda pair: check(*pair), st.tuples(formulas(3), runs), examples)


@given(specs(RunSpec), formulas(3))
@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])
def test_a_formula_goes_through_links_and_to_the_worker_as_text(run, text):
    if not is_standard(text):
        return
    own = replace(run, activation=text)
    assert RunSpec.read_query(own.to_query(full=True)) == (own, ())
    assert read_lanes(write_lanes((run, own)), 2) == ((run, own), ())
    message = packed_run(own)
    assert message.head["run"]["activation"] == text
    assert unpacked_run(message) == own


def test_a_link_may_write_a_formula_in_any_way():
    run, damaged = RunSpec.read_query({"activation": " max( 0,x )+.1*sin(x)"})
    assert (run.activation, damaged) == (BENT, ())


@pytest.mark.parametrize("text", ["x * y", "", "tanh + x", "log(x)", "x" + "+x" * 200, "relu "])
def test_what_is_no_formula_is_damage(text):
    run, damaged = RunSpec.read_query({"activation": text})
    assert (run, damaged) == (RunSpec(), ("activation",))
    with pytest.raises(ValueError, match="activation"):
        RunSpec(activation=text)


def test_only_one_way_to_write_a_formula_is_a_run():
    with pytest.raises(ValueError, match="activation"):
        RunSpec(activation="max(0,x)")


def test_remedies_suggest_functions_of_the_catalogue():
    run = replace(SMALL, activation=BENT)
    for key in CHANGES:
        assert changed(run, key).activation in {BENT, *ACTIVATIONS}
    assert changed(run, "weights").initializer == "xavier"
    assert changed(replace(run, activation="max(0, x)"), "weights").initializer == "he"
    assert REMEDIES["gain"](run)["gain"] == pytest.approx(1.329, abs=1e-3)


@pytest.mark.parametrize("text", ["0 * x", "exp(exp(x))", "sqrt(x + 6.1)"])
def test_weights_that_keep_the_error_are_not_suggested_where_there_are_none(text):
    assert REMEDIES["gain"](replace(SMALL, activation=text)) == {}


def test_a_longer_formula_costs_more():
    short, long = (replace(SMALL, activation=key) for key in ("tanh(x)", BENT))
    known = cost(replace(SMALL, activation="tanh")).operations
    assert known < cost(short).operations < cost(long).operations
    assert cost(long).operations > 1.5 * known  # mostly calls, in so narrow a network
