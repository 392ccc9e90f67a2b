"""Runs side by side: their link says what differs, and opens the same runs again."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.runs.lanes import MOST_LANES, SHARED, lane_keys, prefix, read_lanes, write_lanes
from core.runs.training import RunSpec
from tests.core.specs import specs


@st.composite
def lanes(draw):
    """One to four random runs that have in common what lanes have in common."""
    first = draw(specs(RunSpec))
    common = {name: st.just(getattr(first, name)) for name in SHARED}
    others = st.one_of(st.just(first), specs(RunSpec, **common))
    return (first, *draw(st.lists(others, max_size=MOST_LANES - 1)))


def test_what_lanes_share_are_settings_of_a_run():
    assert set(RunSpec.domains()) >= SHARED


@settings(max_examples=150)
@given(lanes(), st.booleans())
def test_a_link_opens_the_same_lanes_again(runs, full):
    assert read_lanes(write_lanes(runs, full=full), len(runs)) == (runs, ())


@settings(max_examples=100)
@given(lanes())
def test_lanes_after_the_first_write_only_what_differs_from_it(runs):
    query = write_lanes(runs)
    for number, run in enumerate(runs[1:], start=1):
        own = {k.removeprefix(prefix(number)) for k in query if k.startswith(prefix(number))}
        written = run.to_query(full=True)
        first = runs[0].to_query(full=True)
        assert own == {key for key in written if written[key] != first[key]}
    assert query.keys() <= set(RunSpec.keys()) | set(lane_keys())


def test_the_first_lane_has_bare_keys():
    race = RunSpec(depth=3)
    query = write_lanes((race, replace(race, activation="relu"), race))
    assert query == {"depth": "3", "2.activation": "relu"}


def test_a_full_link_writes_all_of_the_first_lane_and_no_more_of_the_others():
    first = RunSpec()
    query = write_lanes((first, replace(first, rate=1.0)), full=True)
    assert query == first.to_query(full=True) | {"2.rate": "1"}


def test_a_lane_follows_the_first_in_all_that_it_does_not_say_itself():
    runs, _ = read_lanes({"depth": "7", "rate": "1", "2.rate": "3"}, 2)
    assert (runs[1].depth, runs[1].rate) == (7, 3.0)


def test_a_setting_can_return_to_its_default_in_a_later_lane():
    first = RunSpec(activation="elu", depth=7, knobs=(("elu.a", 2.0),))
    runs = (first, replace(first, depth=RunSpec().depth, knobs=()))
    assert write_lanes(runs) == {
        "activation": "elu",
        "depth": "7",
        "elu.a": "2",
        "2.depth": "5",
        "2.elu.a": "1",
    }
    assert read_lanes(write_lanes(runs), 2) == (runs, ())


@pytest.mark.parametrize("key", sorted(SHARED))
def test_a_lane_has_no_shared_setting_of_its_own(key):
    other = {"dataset": "moons", "noise": "0.5"}.get(key, "23")
    runs, ignored = read_lanes({f"2.{key}": other}, 2)
    assert runs == (RunSpec(), RunSpec())
    assert ignored == ()
    assert f"2.{key}" not in lane_keys()


@settings(max_examples=50)
@given(specs(RunSpec), specs(RunSpec))
def test_whatever_a_link_says_lanes_have_their_shared_settings_in_common(first, second):
    query = first.to_query() | {prefix(1) + k: v for k, v in second.to_query(full=True).items()}
    runs, ignored = read_lanes(query, 2)
    assert ignored == ()
    for name in RunSpec.domains():
        assert getattr(runs[1], name) == getattr(first if name in SHARED else second, name)


def test_damage_in_a_lane_is_reported_with_its_number_and_costs_only_itself():
    query = {"depth": "7", "2.depth": "damage", "3.rate": "-1", "3.depth": "2", "4.rate": "nan"}
    runs, ignored = read_lanes(query, 4)
    assert sorted(ignored) == ["2.depth", "3.rate", "4.rate"]
    assert [run.depth for run in runs] == [7, 7, 2, 7]
    assert {run.rate for run in runs} == {RunSpec().rate}


def test_lanes_beyond_those_shown_are_left_alone():
    assert read_lanes({"2.depth": "2", "3.depth": "damage"}, 1) == ((RunSpec(),), ())
    runs, ignored = read_lanes({"1.depth": "2", "5.depth": "2", "22.depth": "2"}, MOST_LANES)
    assert set(runs) == {RunSpec()}
    assert ignored == ()


def test_every_setting_that_is_not_shared_can_be_given_to_a_lane():
    own = set(RunSpec.keys()) - SHARED
    assert set(lane_keys()) == {f"{lane}.{key}" for lane in (2, 3, 4) for key in own}
