"""Numbers that may be given by name: each has its own key in a link."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given as drawn

from core.domain import Given, Real, Spec, given
from tests.core.specs import specs

DOMAIN = Given({"w1.11": Real(-10.0, 10.0), "b1.1": Real(-10.0, 10.0)})


@dataclass(frozen=True)
class Typed(Spec):
    typed: tuple[tuple[str, float], ...] = given(("w1.11", "w1.12", "b1.1"), low=-10.0, high=10.0)


@drawn(specs(Typed))
def test_what_is_given_comes_back_from_its_link(spec):
    assert Typed.from_query(spec.to_query()) == spec
    assert Typed.from_query(spec.to_query(full=True)) == spec
    assert set(spec.to_query()) == {key for key, _ in spec.typed}


def test_a_damaged_number_is_named_and_the_others_are_kept():
    spec, ignored = Typed.read_query({"w1.11": "nan", "w1.12": "0.5", "b1.1": "11"})
    assert spec.typed == (("w1.12", 0.5),)
    assert set(ignored) == {"w1.11", "b1.1"}


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        ("w1.11",),
        (("w1.11", 0.5, 1),),
        (("other", 0.5),),
        (("w1.11", 10.5),),
        (("w1.11", float("nan")),),
        (("w1.11", 0.5), ("b1.1", 0.5)),
        (("b1.1", 0.5), ("b1.1", 0.5)),
    ],
)
def test_what_is_no_sorted_tuple_of_numbers_with_known_names_is_refused(value):
    assert value not in DOMAIN


def test_nothing_given_and_numbers_in_order_are_sound():
    assert () in DOMAIN
    assert (("b1.1", -10.0), ("w1.11", 10)) in DOMAIN
