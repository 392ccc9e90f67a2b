"""Domains and specs: what a link may say, what is made of damage, and that nothing gets lost."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, dataclass, fields, replace
from math import inf, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain import (
    Choice,
    Fingerprint,
    Flag,
    Knobs,
    Levels,
    Places,
    Real,
    Several,
    Spec,
    Whole,
    choice,
    flag,
    real,
    several,
    whole,
)
from core.nn.network import NetworkSpec
from core.runs.training import RunSpec
from tests.core.specs import specs

COLOURS = dict.fromkeys(["red", "green", "blue"])
KNOBS = Knobs({"elu.a": Real(0.1, 5.0), "swish.b": Real(0.1, 9.0)}, {"elu.a": 1.0, "swish.b": 2.0})
MEGABYTE = 2**20


@dataclass(frozen=True)
class Example(Spec):
    """One setting of every kind but knobs, which `RunSpec` has."""

    colour: str = choice("red", COLOURS)
    colours: tuple[str, ...] = several(("red", "blue"), COLOURS, most=2)
    count: int = whole(3, low=-10, high=10)
    size: float = real(1.0, low=-2.0, high=1e6)
    shown: bool = flag(False)


SPECS = pytest.mark.parametrize("kind", [Example, NetworkSpec, RunSpec])

# Values that no setting has, whatever its kind.
NEVER = {
    "empty": "",
    "not a number": "nan",
    "infinite": "inf",
    "minus infinite": "-inf",
    "overflowing": "1e999",
    "full-width digits": "１２",
    "arabic digits": "٣",
    "grouped": "1_000",
    "comma": "1,5",
    "leading space": " 5",
    "trailing space": "5 ",
    "line end": "5\n",
    "hexadecimal": "0x10",
    "complex": "1j",
    "word": "True",
    "none": "None",
    "markup": "<b>5</b>",
    "path": "../../etc/passwd",
    "null byte": "5\0",
    "long exponent": "1e" + "9" * 40,
    "megabyte of digits": "9" * MEGABYTE,
    "megabyte of letters": "a" * MEGABYTE,
    "megabyte of commas": "," * MEGABYTE,
}


# --- the kinds of setting ----------------------------------------------------------------------

READ = [
    (Choice(COLOURS), "green", "green"),
    (Several(COLOURS, 2), "blue", ("blue",)),
    (Several(COLOURS, 2), "blue,red", ("blue", "red")),
    (Whole(-10, 10), "7", 7),
    (Whole(-10, 10), "-10", -10),
    (Whole(-10, 10), "+10", 10),
    (Whole(-10, 10), "007", 7),
    (Real(-2, 1e6), "7", 7.0),
    (Real(-2, 1e6), "0.1", 0.1),
    (Real(-2, 1e6), ".5", 0.5),
    (Real(-2, 1e6), "5.", 5.0),
    (Real(-2, 1e6), "1e-3", 0.001),
    (Real(-2, 1e6), "1E+3", 1000.0),
    (Real(-2, 1e6), "1e-400", 0.0),
    (Real(-2, 1e6), "-2", -2.0),
    (Flag(), "1", True),
    (Flag(), "0", False),
    (Fingerprint(4), "00af", "00af"),
]

IGNORED = [
    (Choice(COLOURS), "Green"),
    (Choice(COLOURS), "green "),
    (Choice(COLOURS), "green,red"),
    (Several(COLOURS, 2), "red,green,blue"),
    (Several(COLOURS, 2), "red,red"),
    (Several(COLOURS, 2), "red,"),
    (Several(COLOURS, 2), "red, blue"),
    (Several(COLOURS, 2), "red,purple"),
    (Whole(-10, 10), "11"),
    (Whole(-10, 10), "-11"),
    (Whole(-10, 10), "1.0"),
    (Whole(-10, 10), "1e1"),
    (Whole(-10, 10), "--1"),
    (Whole(-10, 10), "9" * 19),
    (Real(-2, 1e6), "-2.0000001"),
    (Real(-2, 1e6), "1e7"),
    (Real(-2, 1e6), "."),
    (Real(-2, 1e6), "e5"),
    (Real(-2, 1e6), "1.2.3"),
    (Real(-2, 1e6), "1e5.5"),
    (Real(-2, 1e6), "0" * 65),
    (Flag(), "2"),
    (Flag(), "true"),
    (Flag(), "01"),
    (Fingerprint(4), "00AF"),
    (Fingerprint(4), "00a"),
    (Fingerprint(4), "00afb"),
]


@pytest.mark.parametrize(("domain", "text", "value"), READ)
def test_a_domain_reads_what_belongs_to_it(domain, text, value):
    read, ignored = domain.read("key", {"key": text}, "the default")
    assert (read, ignored) == (value, ())
    assert type(read) is type(value)
    assert read in domain


@pytest.mark.parametrize(("domain", "text"), IGNORED)
def test_a_domain_reports_what_does_not_belong_to_it_and_keeps_the_default(domain, text):
    assert domain.read("key", {"key": text}, "the default") == ("the default", ("key",))


@pytest.mark.parametrize("text", NEVER.values(), ids=NEVER)
@pytest.mark.parametrize("domain", [d for d, *_ in READ], ids=repr)
def test_hostile_text_is_damage_for_every_kind_of_setting(domain, text):
    assert domain.read("key", {"key": text}, "the default") == ("the default", ("key",))


@pytest.mark.parametrize("domain", [d for d, *_ in READ], ids=repr)
def test_a_missing_key_is_no_damage(domain):
    assert domain.read("key", {"other": "5"}, "the default") == ("the default", ())


def test_minus_zero_is_zero():
    zero = Real(-1, 1).read("key", {"key": "-0"}, 1.0)[0]
    assert str(zero) == "0.0"


@pytest.mark.parametrize(
    ("domain", "inside", "outside"),
    [
        (Choice(COLOURS), ["red"], ["purple", None, 1, ["red"]]),
        (Several(COLOURS, 2), [("red",), ("red", "blue")], [(), ["red"], "red", ("red",) * 2]),
        (Whole(0, 10), [0, 1, 10], [-1, 11, 1.0, True, False, "1", None, np.float64(1), nan]),
        (Real(0, 10), [0, 1, 10, 0.5, np.float64(2)], [-1e-9, 11, True, "1", None, nan, inf]),
        (Flag(), [True, False], [0, 1, "1", None, np.True_]),
        (Fingerprint(4), ["", "00af"], ["00a", "00ag", None, 0]),
        (
            Places(9, 3),
            [(), (1,), (1, 5, 9)],
            [[1], (0,), (2, 1), (1, 1), (True,), (1, 2, 3, 4), 1],
        ),
        (KNOBS, [(), (("elu.a", 2.0),), (("elu.a", 2), ("swish.b", 3.0))], [None, [], ""]),
    ],
    ids=repr,
)
def test_values_belong_by_kind_as_well_as_by_size(domain, inside, outside):
    assert all(value in domain for value in inside)
    assert not any(value in domain for value in outside)


@pytest.mark.parametrize("huge", [10**400, -(10**400)])
def test_a_whole_number_too_large_for_a_float_is_outside(huge):
    assert huge not in Real(0, 10)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1, "1"),
        (1.0, "1"),
        (0.1, "0.1"),
        (1e-6, "1e-06"),
        (np.float64(0.3), "0.3"),
        (1e22, "1e+22"),
    ],
)
def test_a_number_is_written_shortly_and_exactly(number, text):
    assert Real(0, 1e30).write(number) == text
    assert Real(0, 1e30).parse(text) == number


@pytest.mark.parametrize(
    ("places", "text"), [((1, 2, 3), "1-3"), ((1, 3), "1,3"), ((1, 2, 4, 8, 9), "1-2,4,8-9")]
)
def test_places_in_a_row_are_written_shortly(places, text):
    domain = Places(9, 9)
    assert domain.write(places) == text
    assert domain.parse(text) == places


@pytest.mark.parametrize(
    "text",
    ["0", "10", "1-4", "1-9999", "3-1", "1,3-2", "2,1", "1,1", "1,", "-1", "1-2-3", "1.0", "１"]
    + [text for name, text in NEVER.items() if name != "comma"],
)
def test_what_names_no_places_is_damage(text):
    assert Places(9, 3).read("key", {"key": text}, (1,)) == ((1,), ("key",))


@dataclass(frozen=True)
class Loaded(Example):
    """Settings and something beside them that is none."""

    load: object = None


def test_what_has_no_domain_is_no_setting_and_stays_as_it_is_in_the_base():
    base = Loaded(count=5, load="much")
    assert Loaded.keys() == Example.keys()
    assert base.to_query() == {"count": "5"}
    assert Loaded.read_query({"load": "other", "count": "7"}, base) == (replace(base, count=7), ())
    assert Loaded.from_query({"load": "other"}).load is None


# --- knobs -------------------------------------------------------------------------------------


def test_each_knob_has_its_own_key():
    assert KNOBS.keys("knobs") == ("elu.a", "swish.b")
    read = KNOBS.read("knobs", {"swish.b": "3", "elu.a": "0.5"}, ())
    assert read == ((("elu.a", 0.5), ("swish.b", 3.0)), ())


def test_a_damaged_knob_leaves_the_others_alone():
    read = KNOBS.read("knobs", {"swish.b": "3", "elu.a": "99"}, ())
    assert read == ((("swish.b", 3.0),), ("elu.a",))


def test_a_knob_at_its_default_is_left_out():
    assert KNOBS.read("knobs", {"elu.a": "1.0"}, ()) == ((), ())
    assert KNOBS.read("knobs", {"elu.a": "1"}, (("elu.a", 2.0),)) == ((), ())
    assert KNOBS.only_changed({"swish.b": 2.0, "elu.a": 3.0}) == (("elu.a", 3.0),)


def test_the_whole_setting_has_no_key():
    assert KNOBS.read("knobs", {"knobs": "elu.a"}, ()) == ((), ())


@pytest.mark.parametrize(
    "knobs",
    [
        (("swish.b", 3.0), ("elu.a", 2.0)),
        (("elu.a", 2.0), ("elu.a", 3.0)),
        (("elu.a", 99.0),),
        (("elu.a", nan),),
        (("elu.a", True),),
        (("relu.a", 1.0),),
    ],
)
def test_knobs_out_of_order_or_out_of_bounds_are_outside(knobs):
    assert knobs not in KNOBS


def test_equal_settings_are_equal_tuples():
    assert (("elu.a", 1.0),) not in KNOBS


@pytest.mark.parametrize("knobs", [("elu.a",), (1,), ((1, 2), ("elu.a", 3.0)), (("elu.a", 1, 2),)])
def test_what_is_no_tuple_of_pairs_is_outside_too(knobs):
    assert knobs not in KNOBS


def test_a_damaged_knob_keeps_that_of_the_base_as_every_other_setting_does():
    base = RunSpec(knobs=(("elu.a", 2.0),))
    assert RunSpec.read_query({"elu.a": "damage"}, base) == (base, ("elu.a",))


# --- specs -------------------------------------------------------------------------------------


@SPECS
def test_the_defaults_are_valid_and_need_no_link(kind):
    assert kind().to_query() == {}
    assert kind.read_query({}) == (kind(), ())
    assert set(kind.defaults()) == {f.name for f in fields(kind)}


@SPECS
def test_every_key_belongs_to_one_setting(kind):
    assert len(set(kind.keys())) == len(kind.keys())
    assert set(kind().to_query(full=True)) == set(kind.keys())


@SPECS
@settings(max_examples=100)
@given(data=st.data())
def test_a_link_brings_back_every_setting(kind, data):
    spec = data.draw(specs(kind))
    for full in (False, True):
        assert kind.read_query(spec.to_query(full=full)) == (spec, ())
    assert kind.from_query(spec.to_query()) == spec


@SPECS
@settings(max_examples=100)
@given(data=st.data())
def test_a_link_can_be_written_against_any_other_settings(kind, data):
    spec, base = data.draw(specs(kind)), data.draw(specs(kind))
    query = spec.to_query(base)
    assert kind.read_query(query, base) == (spec, ())
    same = [name for name in kind.domains() if getattr(spec, name) == getattr(base, name)]
    assert not query.keys() & {k for name in same for k in kind.domains()[name].keys(name)}
    assert base.to_query(base) == {}


@SPECS
@settings(max_examples=50)
@given(data=st.data())
def test_specs_are_values(kind, data):
    spec = data.draw(specs(kind))
    twin = kind(**{f.name: getattr(spec, f.name) for f in fields(kind)})
    assert spec == twin
    assert hash(spec) == hash(twin)
    assert len({spec, twin}) == 1
    with pytest.raises(FrozenInstanceError):
        setattr(spec, fields(kind)[0].name, "other")


def test_one_written_as_a_whole_and_as_a_real_is_the_same_setting():
    assert RunSpec(rate=1) == RunSpec(rate=1.0)
    assert hash(RunSpec(rate=1)) == hash(RunSpec(rate=1.0))
    assert RunSpec(rate=1).to_query() == {"rate": "1"}


@SPECS
@pytest.mark.parametrize("text", NEVER.values(), ids=NEVER)
def test_hostile_text_in_every_key_gives_the_defaults_and_is_reported(kind, text):
    read, ignored = kind.read_query(dict.fromkeys(kind.keys(), text))
    assert read == kind()
    assert sorted(ignored) == sorted(kind.keys())


@SPECS
def test_numbers_outside_every_domain_give_the_defaults_and_are_reported(kind):
    for text in ("-1000000001", "1000000001", "1e300"):
        read, ignored = kind.read_query(dict.fromkeys(kind.keys(), text))
        assert read == kind()
        assert sorted(ignored) == sorted(kind.keys())


def test_minus_one_is_no_setting_of_a_run():
    read, ignored = RunSpec.read_query(dict.fromkeys(RunSpec.keys(), "-1"))
    assert read == RunSpec()
    assert sorted(ignored) == sorted(RunSpec.keys())


@SPECS
def test_one_damaged_value_costs_only_itself(kind):
    full = kind().to_query(full=True)
    for key in full:
        query = full | {key: "damage"}
        assert kind.read_query(query) == (kind(), (key,))


def test_keys_that_are_unknown_are_left_to_others():
    assert RunSpec.read_query({"lanes": "3", "__class__": "x", "knobs": "y"}) == (RunSpec(), ())


def test_a_missing_or_damaged_value_takes_that_of_the_base():
    base = RunSpec(depth=7, rate=3.0, activation="elu", knobs=(("elu.a", 2.0),))
    assert RunSpec.read_query({"depth": "damage"}, base) == (base, ("depth",))
    assert RunSpec.read_query({"width": "4"}, base) == (replace(base, width=4), ())


@pytest.mark.parametrize("kind", [Example, RunSpec])
@pytest.mark.parametrize("value", [None, nan, inf, -1e9, 10**9, "damage", [], object()])
def test_no_spec_can_be_made_outside_its_domains(kind, value):
    for name in kind.domains():
        with pytest.raises(ValueError, match=rf"{kind.__name__}\.{name}\b") as raised:
            kind(**{name: value})
        assert type(raised.value) is ValueError


@pytest.mark.parametrize("name", ["depth", "width", "samples", "batch", "epochs", "seed"])
def test_true_is_no_whole_number_and_one_half_is_none_either(name):
    for value in (True, 50.0, np.int64(50)):
        with pytest.raises(ValueError, match=name):
            RunSpec(**{name: value})


@SPECS
def test_every_step_that_a_widget_offers_is_valid(kind):
    for name, domain in kind.domains().items():
        steps = getattr(domain, "steps", ())
        assert all(step in domain for step in steps), name
        assert sorted(set(steps)) == list(steps), name


def test_knobs_reach_the_activation_by_their_short_names():
    spec = NetworkSpec(activation="elu", knobs=(("elu.a", 2.0), ("swish.b", 3.0)))
    assert spec.knob_values == {"a": 2.0}
    value, slope = spec.value_and_derivative(np.array([-1.0]))
    np.testing.assert_allclose(value, 2 * np.expm1(-1))
    np.testing.assert_allclose(slope, 2 * np.exp(-1))


def test_levels_are_written_one_character_each():
    domain = Levels(count=4, high=16)
    assert domain.write((0, 9, 10, 16)) == "09ag"
    assert domain.parse("09ag") == (0, 9, 10, 16)
    assert domain.read("x", {"x": "09ag"}, ()) == ((0, 9, 10, 16), ())


@pytest.mark.parametrize(
    "text", ["", "09a", "09agg", "09ah", "09AG", "0９ag", "09a-", "zzzz", "09a "]
)
def test_damaged_levels_take_the_default(text):
    assert Levels(count=4, high=16).read("x", {"x": text}, "default") == ("default", ("x",))


@pytest.mark.parametrize("value", [[0, 0, 0, 0], (0, 0, 0), (0, 0, 0, 17), (0, 0, 0, 1.0), "0000"])
def test_levels_are_whole_numbers_within_their_range(value):
    assert value not in Levels(count=4, high=16)
