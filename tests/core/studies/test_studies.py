"""Every classic result: its steps, its table, and what it is judged by."""

from itertools import islice
from math import inf, isnan, nan

import numpy as np
import pytest

from core.runs.cost import over_budget
from core.runs.lanes import MOST_LANES
from core.studies import __main__ as program
from core.studies import dying, linear
from core.studies.catalogue import STUDIES
from core.studies.progress import Progress
from core.studies.study import Finding, Origin, Panel, Row, Step, Study, Table, points, within

every_study = pytest.mark.parametrize("study", STUDIES.values(), ids=STUDIES)
QUICK = ("recurrent", "centring", "linear", "speeds")


# --- every study ------------------------------------------------------------------------------


@every_study
def test_its_first_steps_are_a_part_of_the_whole_and_what_is_not_measured_does_not_pass(study):
    steps = list(islice(study.measure(0), 2))
    shares = [step.share for step in steps]
    assert 0 <= shares[0] <= shares[1] < 1
    findings = study.judge(Table(row for step in steps for row in step.rows))
    assert findings
    assert any(finding.passed is None for finding in findings)


@every_study
def test_nothing_is_judged_before_anything_is_measured(study):
    assert all(finding.passed is None for finding in study.judge(Table(())))


@every_study
def test_what_is_expected_lies_within_what_is_tolerated(study):
    for finding in study.judge(Table(())):
        assert finding.low < finding.high
        if not isnan(finding.expected):
            assert finding.low <= finding.expected <= finding.high, finding.key
        assert finding.origin is not Origin.FORMULA or finding.key, finding


@every_study
def test_its_networks_can_be_trained_in_the_laboratory(study):
    assert len(study.lanes) <= MOST_LANES
    assert [over_budget(run) for run in study.lanes] == [None] * len(study.lanes)


@pytest.mark.parametrize("key", QUICK)
def test_the_same_seed_gives_the_same_table_and_another_seed_another(key):
    study = STUDIES[key]
    assert study.rows(3) == study.rows(3) != study.rows(4)


@pytest.mark.parametrize("key", QUICK)
def test_a_quick_study_passes(key):
    complete(STUDIES[key])


@pytest.mark.slow
@pytest.mark.parametrize("key", [key for key in STUDIES if key not in QUICK])
def test_a_study_passes(key):
    complete(STUDIES[key])


def complete(study):
    """Its shares rise to 1, its rows are in its charts, and every finding is within tolerance."""
    steps = list(study.measure(0))
    shares = [step.share for step in steps]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    rows = [row for step in steps for row in step.rows]
    for panel in study.panels:
        drawn = {row.series for row in rows if row.panel == panel.key}
        assert drawn == set(panel.series)
    findings = study.judge(Table(rows))
    assert [f for f in findings if not f.passed] == []


# --- what studies are made of -------------------------------------------------------------------


def test_a_finding_passes_from_its_lower_to_its_upper_bound():
    verdicts = [Finding("x", value, 1, 2).passed for value in (0.9, 1, 1.5, 2, 2.1, nan)]
    assert verdicts == [False, True, True, True, False, None]
    assert Finding("x", 1e9).passed


def test_a_tolerance_is_a_share_of_what_is_expected():
    finding = within("x", 0, -2.0, 0.1)
    assert (finding.low, finding.high) == (-2.2, -1.8)


def test_a_table_finds_a_point_by_its_chart_and_line():
    table = Table([Row("a", "b", 1, 2), Row("a", "b", 3, 200), Row("a", "b", 1, 9, expected=True)])
    assert table.at("a", "b", 1) == 2
    assert isnan(table.at("a", "b", 2))
    assert table.last("a", "b") == 200
    assert isnan(table.last("a", "b", after=4))
    assert table.growth("a", "b", 1, 3) == pytest.approx(10)
    assert table.slope("a", "b", 1, 3) == pytest.approx(1)
    assert table.line("a", "b", expected=True) == {1: 9}


def counting(steps):
    def measure(seed):
        for k in range(steps):
            yield Step((k + 1) / steps, points("p", "s", [k % 2], [k]))

    def judge(table):
        return (Finding("last", table.at("p", "s", 1), low=steps - 1, high=inf),)

    return Study("counting", "", 2000, (Panel("p", ("s",)),), measure, judge)


def test_progress_goes_on_where_the_last_slice_ended():
    now = iter(range(100))
    progress = Progress(counting(4))
    assert not progress.begun
    assert progress.advance(1, lambda: next(now))
    assert (progress.seen.share, progress.finished) == (0.25, False)
    assert progress.findings[0].passed is None
    assert progress.advance()
    assert progress.finished
    assert progress.seen.share == 1
    assert progress.seen.rows == (Row("p", "s", 0, 2), Row("p", "s", 1, 3))
    assert progress.findings[0].passed
    assert not progress.advance()


def test_who_comes_while_another_measures_goes_away_at_once():
    progress = Progress(counting(3))
    seen = []

    def clock():
        seen.append(progress.advance())
        return 0.0

    assert progress.advance(1, clock)
    assert not any(seen)


# --- formulas that are checked by themselves ----------------------------------------------------


@pytest.mark.parametrize(
    ("units", "layers", "low"),
    [(2, 3, 5 / 32), (2, 10, 0.870256), (4, 10, 0.204164), (6, 50, 0.296452), (8, 20, 0.005188)],
)
def test_the_bound_for_dead_networks_is_that_of_the_paper(units, layers, low):
    assert dying.lower_bound(units, layers) == pytest.approx(low, abs=1e-6)
    assert dying.lower_bound(units, layers) <= dying.one_input(units, layers)


def test_a_mode_is_half_learnt_at_its_half_time():
    for s in linear.STRENGTHS:
        half = linear.strength(s, np.array([linear.half_time(s)]))
        assert half == pytest.approx(s / 2)


# --- the program --------------------------------------------------------------------------------


def test_the_program_writes_what_was_expected_and_what_was_observed(capsys):
    assert program.main(["recurrent"]) == 0
    written = capsys.readouterr().out
    assert "8 of 8 within their tolerance" in written
    assert "tanh, ρ = 0.9" in written
    assert "pass" in written


def test_the_program_says_openly_what_fails(capsys, monkeypatch):
    study = counting(3)  # its last point at 1 is 1, not 2
    monkeypatch.setattr(program, "STUDIES", {"counting": study})
    assert program.main([]) == 1
    written = capsys.readouterr().out
    assert "FAIL" in written
    assert "0 of 1 within their tolerance" in written


def test_the_program_knows_its_studies(capsys):
    with pytest.raises(SystemExit):
        program.main(["nobody"])
    assert "no such study: nobody" in capsys.readouterr().err
