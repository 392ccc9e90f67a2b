"""Registries keep their entries in order, once each, for good."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from core.domain import Knob, Spec, choice, knobs, whole
from core.registry import registry


@dataclass(frozen=True)
class Entry:
    key: str
    knobs: tuple[Knob, ...] = ()


KNOB = Knob("a", 1.0, 0.0, 2.0, "a")


def test_entries_are_found_by_key_in_their_order():
    one, two = Entry("b"), Entry("a")
    assert list(registry(one, two).items()) == [("b", one), ("a", two)]
    assert registry() == {}


def test_a_second_entry_of_the_same_key_is_refused_by_name():
    with pytest.raises(ValueError, match="'elu'"):
        registry(Entry("elu"), Entry("relu"), Entry("elu"))


def test_a_registry_cannot_be_changed():
    with pytest.raises(TypeError):
        registry(Entry("elu"))["relu"] = Entry("relu")


def test_two_knobs_of_one_entry_cannot_have_the_same_key():
    with pytest.raises(ValueError, match="'a'"):
        knobs(registry(Entry("elu", (KNOB, KNOB))))


def test_entries_of_two_registries_may_not_put_the_same_knob_in_a_link():
    @dataclass(frozen=True)
    class Both(Spec):
        ones: tuple[tuple[str, float], ...] = knobs(registry(Entry("elu", (KNOB,))))
        others: tuple[tuple[str, float], ...] = knobs(registry(Entry("elu", (KNOB,))))

    with pytest.raises(ValueError, match=r"'elu\.a'"):
        Both.keys()


def test_settings_that_share_no_key_are_left_alone():
    @dataclass(frozen=True)
    class Fine(Spec):
        one: str = choice("a", registry(Entry("a")))
        two: int = whole(1, low=0, high=2)

    assert Fine.keys() == ("one", "two")
