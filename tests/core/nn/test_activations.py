"""Every activation of the registry, against references, against itself, and against its facts.

Warnings are errors in all tests (pyproject.toml), so each of them also says that nothing warns.
"""

from __future__ import annotations

import json
import math
from dataclasses import FrozenInstanceError
from math import inf, pi, sqrt
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.nn.activations import ACTIVATIONS, Activation, Family, Interval, Side, Smoothness, Where
from core.nn.special import erf, erfc, normal_cdf, normal_pdf

REFERENCE = json.loads(
    (Path(__file__).parents[2] / "reference" / "activations.json").read_text("utf-8")
)

EVERY = pytest.mark.parametrize("a", ACTIVATIONS.values(), ids=ACTIVATIONS.keys())
REFERENCED = pytest.mark.parametrize("key", REFERENCE["activations"])
PARAMETRISED = pytest.mark.parametrize(
    ("a", "knobs"),
    [
        pytest.param(a, knobs, id="-".join([a.key, *(f"{k}={v:.3g}" for k, v in knobs.items())]))
        for a in ACTIVATIONS.values()
        for knobs in (
            {},
            *({k.key: sqrt(k.default * end)} for k in a.knobs for end in (k.low, k.high)),
        )
    ],
)

SCALES = np.logspace(-3, 8, 500)
SAMPLE = np.unique(np.concatenate([np.linspace(-30, 30, 60_001), SCALES, -SCALES]))
FLOATS = st.floats(width=64) | st.floats(-50, 50)


def knobs_of(a: Activation) -> st.SearchStrategy[dict[str, float]]:
    return st.fixed_dictionaries({k.key: st.floats(k.low, k.high) for k in a.knobs})


def oscillates(a: Activation) -> bool:
    """Whether the slope, and of a bounded function the value too, has no limit at infinity."""
    return a.max_slope_where is Where.PERIODIC


def limit_of(a: Activation, end: float) -> float:
    """What the value of one that oscillates tends to at an infinity, NaN for nothing."""
    bound = a.range.low if end < 0 else a.range.high
    return bound if math.isinf(bound) else math.nan


def sides(point: float) -> tuple[float, float]:
    return np.nextafter(point, -inf), np.nextafter(point, inf)


# --- values and derivatives --------------------------------------------------------------------


@REFERENCED
def test_value_and_derivative_agree_with_the_reference(key):
    entry = REFERENCE["activations"][key]
    x, f, df = (np.array([float(row[n]) for row in entry["reference"]]) for n in ("x", "f", "df"))
    value, derivative = ACTIVATIONS[key].value_and_derivative(x, **entry["knobs"])
    np.testing.assert_allclose(value, f, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(derivative, df, rtol=1e-12, atol=1e-15)


@REFERENCED
def test_the_tails_keep_their_relative_accuracy(key):
    entry = REFERENCE["activations"][key]
    tails = [row for row in entry["reference"] if abs(row["x"]) == 50]
    assert tails
    for row in tails:
        value, derivative = ACTIVATIONS[key].value_and_derivative(row["x"], **entry["knobs"])
        np.testing.assert_allclose(value, float(row["f"]), rtol=1e-12, atol=1e-300)
        np.testing.assert_allclose(derivative, float(row["df"]), rtol=1e-12, atol=1e-300)


@PARAMETRISED
def test_the_derivative_is_what_differences_of_the_value_tend_to(a, knobs):
    x = np.linspace(-8.0123, 8.0456, 1501)
    breaks = np.array([*a.kinks, *a.seams, 1e9])
    x = x[np.abs(x[:, None] - breaks).min(axis=1) > 0.01]

    def central(h):
        return (a.value(x + h, **knobs) - a.value(x - h, **knobs)) / ((x + h) - (x - h))

    richardson = (4 * central(5e-4) - central(1e-3)) / 3
    np.testing.assert_allclose(a.derivative(x, **knobs), richardson, rtol=1e-9, atol=2e-10)


@PARAMETRISED
def test_both_together_are_the_value_and_the_derivative(a, knobs):
    value, derivative = a.value_and_derivative(SAMPLE, **knobs)
    np.testing.assert_array_equal(value, a.value(SAMPLE, **knobs))
    np.testing.assert_array_equal(derivative, a.derivative(SAMPLE, **knobs))


@EVERY
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_every_number_has_a_value_in_the_range_and_a_slope_below_the_largest(a, data):
    x = data.draw(FLOATS)
    value, derivative = a.value_and_derivative(x)
    if math.isnan(x):
        assert np.isnan(value)
        assert np.isnan(derivative)
    elif oscillates(a) and math.isinf(x):
        np.testing.assert_equal(value, limit_of(a, x))
        assert np.isnan(derivative)
    else:
        assert a.range.low <= value <= a.range.high
        assert abs(derivative) <= a.max_slope * (1 + 1e-15)


@EVERY
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_every_knob_setting_gives_numbers(a, data):
    x = data.draw(FLOATS.filter(math.isfinite))
    value, derivative = a.value_and_derivative(x, **data.draw(knobs_of(a)))
    assert not np.isnan(value)
    assert not np.isnan(derivative)


@EVERY
def test_extreme_numbers_and_extreme_knobs_go_together(a):
    x = np.array([-inf, -1.7e308, -1e308, -1e200, -5e-324, 0.0, 5e-324, 1e200, 1e308, 1.7e308, inf])
    x = x[np.isfinite(x)] if oscillates(a) else x
    for knobs in ({k.key: k.low for k in a.knobs}, {k.key: k.high for k in a.knobs}):
        value, derivative = a.value_and_derivative(x, **knobs)
        assert not np.isnan([value, derivative]).any()


@EVERY
@settings(max_examples=25, deadline=None)
@given(x=st.floats(width=32))
def test_every_float32_gives_a_float32(a, x):
    value, derivative = a.value_and_derivative(np.float32(x))
    assert value.dtype == derivative.dtype == np.float32
    astray = oscillates(a) and math.isinf(x)
    assert np.isnan(derivative) == (math.isnan(x) or astray)
    assert np.isnan(value) == (math.isnan(x) or (astray and math.isnan(limit_of(a, x))))


@EVERY
def test_float32_is_close_to_float64(a):
    x = np.linspace(-20, 20, 4001, dtype=np.float32)
    for narrow, wide in zip(
        a.value_and_derivative(x), a.value_and_derivative(x.astype(np.float64)), strict=True
    ):
        assert narrow.dtype == np.float32
        np.testing.assert_allclose(narrow, wide, rtol=1e-5, atol=2e-6)


@EVERY
def test_infinity_gives_the_limit(a):
    for end in (-inf, inf):
        value, derivative = a.value_and_derivative(end)
        if oscillates(a):
            np.testing.assert_equal(value, limit_of(a, end))
            assert np.isnan(derivative)
        else:
            near, slope = a.value_and_derivative(math.copysign(1e300, end))
            limit = near if abs(near) < 1e100 else math.copysign(inf, near)
            np.testing.assert_allclose(value, limit, atol=1e-15)
            np.testing.assert_allclose(derivative, slope if slope < 1e100 else inf, atol=1e-15)


@EVERY
@pytest.mark.parametrize("shape", [(), (1,), (0,), (3, 0, 2), (2, 3, 4)])
def test_arrays_of_any_shape_keep_their_shape_and_are_not_touched(a, shape):
    x = np.asarray(np.random.default_rng(0).normal(size=shape))
    before = x.copy()
    value, derivative = a.value_and_derivative(x)
    assert isinstance(value, np.ndarray)
    assert isinstance(derivative, np.ndarray)
    assert value.shape == derivative.shape == shape
    assert value.dtype == derivative.dtype == np.float64
    np.testing.assert_array_equal(x, before)
    assert not np.shares_memory(value, x)
    assert not np.shares_memory(derivative, x)
    assert not np.shares_memory(value, derivative)


@EVERY
def test_views_lists_and_integers_are_read_like_arrays(a):
    x = np.random.default_rng(1).normal(size=(8, 9))
    view = x[::2, ::-3].T
    for result, copied in zip(
        a.value_and_derivative(view), a.value_and_derivative(view.copy()), strict=True
    ):
        np.testing.assert_allclose(result, copied, rtol=1e-15, atol=1e-16)
    listed = a.value_and_derivative([-7.0, -1.0, 0.0, 1.0, 7.0])
    for dtype in (int, np.int8, np.float16):
        other = a.value_and_derivative(np.array([-7, -1, 0, 1, 7], dtype=dtype))
        for result, floating in zip(other, listed, strict=True):
            assert result.dtype == np.float64
            np.testing.assert_array_equal(result, floating)


@EVERY
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_row_alone_gives_the_bits_of_the_row_in_a_stack(a, dtype):
    stack = (6 * np.random.default_rng(2).normal(size=(5, 7, 3))).astype(dtype)
    together = a.value_and_derivative(stack)
    for row in range(5):
        for whole, alone in zip(together, a.value_and_derivative(stack[row]), strict=True):
            np.testing.assert_array_equal(whole[row], alone)


# --- identities --------------------------------------------------------------------------------

X = np.linspace(-20, 20, 2001)


def both(key, x, **knobs):
    return ACTIVATIONS[key].value_and_derivative(x, **knobs)


def close(actual, desired, rtol=1e-13, atol=1e-15):
    np.testing.assert_allclose(actual, desired, rtol=rtol, atol=atol)


def test_tanh_is_the_sigmoid_stretched():
    f, df = both("tanh", X)
    s, ds = both("sigmoid", 2 * X)
    close(f, 2 * s - 1, atol=1e-15)
    close(df, 4 * ds, rtol=1e-12)


def test_the_sigmoid_and_its_mirror_image_add_up_to_one():
    close(both("sigmoid", X)[0] + both("sigmoid", -X)[0], 1)
    np.testing.assert_array_equal(both("sigmoid", X)[1], both("sigmoid", -X)[1])


def test_softplus_has_the_sigmoid_as_its_derivative_and_differs_from_its_mirror_image_by_z():
    close(both("softplus", X)[1], both("sigmoid", X)[0])
    close(both("softplus", X)[0] - both("softplus", -X)[0], X, atol=1e-14)


@pytest.mark.parametrize("key", ["gelu", "gelu_tanh", "silu", "swish"])
def test_gates_differ_from_their_mirror_image_by_z_and_their_slopes_add_up_to_one(key):
    close(both(key, X)[0] - both(key, -X)[0], X, atol=1e-14)
    close(both(key, X)[1] + both(key, -X)[1], 1, atol=1e-14)


def test_the_largest_slope_of_gelu_is_phi_and_density_at_root_two():
    close(ACTIVATIONS["gelu"].max_slope, normal_cdf(sqrt(2)) + sqrt(2) * normal_pdf(sqrt(2)))


def test_the_minimum_of_silu_is_one_more_than_its_place():
    lowest = ACTIVATIONS["silu"].range.low
    close(both("silu", lowest - 1)[0], lowest)
    close(both("silu", lowest - 1)[1], 0)


def test_swish_moves_its_steepest_point_but_keeps_its_slope():
    for b in (0.1, 0.7, 1.5, 8.0):
        close(both("swish", ACTIVATIONS["swish"].max_slope_at[0] / b, b=b)[1], 1.099839320128867)


def test_silu_is_swish_at_its_default_and_prelu_is_a_leaky_relu():
    for mine, other in (
        (both("silu", X), both("swish", X)),
        (both("prelu", X, a=0.1), both("leaky_relu", X, a=0.1)),
        (both("elu", X), both("celu", X)),
    ):
        for result, twin in zip(mine, other, strict=True):
            np.testing.assert_array_equal(result, twin)


def test_lecun_tanh_keeps_one_nearly_fixed():
    close(both("lecun_tanh", 1.0)[0], 0.99999725592, rtol=1e-11)


# --- facts -------------------------------------------------------------------------------------


@EVERY
def test_the_range_is_the_smallest_interval_that_holds_all_values(a):
    value = a.value(SAMPLE)
    assert value.min() >= a.range.low
    assert value.max() <= a.range.high
    for end, reached in ((a.range.low, value.min()), (a.range.high, value.max())):
        assert abs(reached) > 1e5 if math.isinf(end) else abs(reached - end) < 1e-6
    for end, closed in (
        (a.range.low, a.range.low_closed),
        (a.range.high, a.range.high_closed),
    ):
        assert (end in a.range) == closed
        if closed:
            assert abs(value - end).min() < 1e-7  # reached
        else:
            assert abs(a.value(np.linspace(-3, 3, 1001)) - end).min() > 1e-10  # only approached


@EVERY
def test_the_largest_slope_is_the_supremum_and_lies_where_it_is_said_to(a):
    slope = np.abs(a.derivative(SAMPLE))
    assert slope.max() <= a.max_slope * (1 + 1e-15)
    assert slope.max() >= min(a.max_slope - 1e-3, 1e6)
    match a.max_slope_where, a.max_slope_at:
        case Where.EVERYWHERE, ():
            places = SAMPLE
        case Where.POINTS, points:
            places = np.array(points)
        case Where.INTERVAL, (low, high):
            places = np.array([z for z in SAMPLE if low < z < high])
        case Where.PERIODIC, (first, second):
            places = first + np.arange(-9, 10) * (second - first)
        case Where.LIMIT, (end,):
            places = np.array([])
            assert math.isinf(end) or abs(a.derivative(end)) < a.max_slope
            nearly = abs(a.derivative(1e307 if math.isinf(end) else np.nextafter(end, 0)))
            assert nearly > min(a.max_slope - 1e-12, 1e300)
        case _:
            pytest.fail(f"{a.max_slope_where} does not go with {a.max_slope_at}")
    np.testing.assert_allclose(np.abs(a.derivative(places)), a.max_slope, rtol=1e-12)


@REFERENCED
def test_the_largest_slope_agrees_with_the_reference(key):
    expected = float(REFERENCE["activations"][key]["max_abs_df"])
    assert ACTIVATIONS[key].max_slope == pytest.approx(expected, rel=1e-15)


def test_the_largest_slope_says_when_tanh_and_sigmoid_are_saturated():
    for key, edge in (("tanh", 2.17827), ("sigmoid", 4.35654)):
        a = ACTIVATIONS[key]
        saturated = np.abs(a.derivative([edge - 1e-5, edge + 1e-5])) < 0.05 * a.max_slope
        assert list(saturated) == [False, True]


@EVERY
def test_it_saturates_on_the_sides_that_it_names(a):
    for side, sign in ((Side.LEFT, -1), (Side.RIGHT, 1)):
        near, far = np.abs(a.derivative([sign * 20.0, sign * 1e9]))
        if a.saturates in (side, Side.BOTH):
            assert far < 1e-9
            assert (near == 0) == a.saturates_exactly
        else:
            assert far > 0.005


@EVERY
def test_it_has_a_flat_piece_if_some_stretch_has_slope_zero(a):
    flat = a.derivative(np.linspace(-20, 20, 4001)) == 0
    assert a.has_flat_piece == bool((flat[1:] & flat[:-1]).any())


@EVERY
def test_it_is_zero_centred_if_it_is_odd(a):
    x = np.linspace(0.01, 20, 500)
    assert a.zero_centred == np.allclose(a.value(-x), -a.value(x), rtol=1e-14, atol=0)


@EVERY
def test_value_or_slope_jumps_at_the_kinks_and_nowhere_else(a):
    assert bool(a.kinks) == (a.smoothness in (Smoothness.JUMP, Smoothness.C0))
    for kink in a.kinks:
        (left, right), slopes = a.value_and_derivative(sides(kink))
        if a.smoothness is Smoothness.JUMP:
            assert abs(right - left) > 0.1
        else:
            assert abs(right - left) < 1e-12
            assert abs(slopes[1] - slopes[0]) > 0.1
        assert slopes.min() <= a.derivative(kink) <= slopes.max()
    step = 0.001
    x = np.arange(-8, 8, step) + step / 3
    smooth = np.array([not any(t < k < t + step for k in a.kinks) for t in x[:-1]])
    for result in a.value_and_derivative(x):
        steepest = 20 if a.key == "squared_relu" else 3
        assert np.abs(np.diff(result))[smooth].max() < steepest * step


@EVERY
def test_a_higher_derivative_or_another_knob_jumps_at_the_seams(a):
    assert (a.smoothness is Smoothness.C1) == (bool(a.seams) and not a.kinks)
    for seam in a.seams:
        np.testing.assert_allclose(*a.derivative(sides(seam)), atol=1e-12)
        h = 1e-6
        left, middle, right = a.derivative([seam - h, seam, seam + h])
        assert abs((right - middle) - (middle - left)) > 0.5 * h


@pytest.mark.parametrize(
    ("key", "kink", "convention"),
    [
        ("step", 0, 0),
        ("relu", 0, 0),
        ("leaky_relu", 0, 0.01),
        ("prelu", 0, 0.25),
        ("elu", 0, 1),
        ("selu", 0, 1.7580993408473766),
        ("celu", 0, 1),
        ("softsign", 0, 1),
        ("hard_sigmoid", -3, 0),
        ("hard_sigmoid", 3, 0),
        ("hard_tanh", -1, 0),
        ("hard_tanh", 1, 0),
        ("hardswish", -3, 0),
        ("hardswish", 3, 1),
        ("relu6", 0, 0),
        ("relu6", 6, 0),
    ],
)
def test_the_slope_at_a_kink_follows_the_frameworks(key, kink, convention):
    assert ACTIVATIONS[key].derivative(kink) == pytest.approx(convention, rel=1e-15)
    assert ACTIVATIONS[key].derivative(-0.0 if kink == 0 else kink) == pytest.approx(convention)


def test_a_threshold_that_is_just_reached_fires():
    assert ACTIVATIONS["step"].value(0.0) == ACTIVATIONS["step"].value(-0.0) == 1


def test_elu_has_a_kink_unless_its_knob_is_one():
    left, right = ACTIVATIONS["elu"].derivative(sides(0), a=0.5)
    assert (left, right) == (0.5, 1)
    assert ACTIVATIONS["elu"].derivative(0, a=0.5) == 0.5


@EVERY
def test_an_entry_is_complete(a):
    assert a.name
    assert a.paper
    assert 1900 < a.year < 2100
    assert isinstance(a.family, Family)
    for formula in (a.formula, a.derivative_formula):
        assert formula.count("{") == formula.count("}")
        assert formula.count(r"\begin") == formula.count(r"\end")
    for knob in a.knobs:
        assert knob.low < knob.default < knob.high
        assert knob.symbol in a.formula
        assert knob.symbol in a.derivative_formula
        for mine, default in zip(
            a.value_and_derivative(X, **{knob.key: knob.default}),
            a.value_and_derivative(X),
            strict=True,
        ):
            np.testing.assert_array_equal(mine, default)
        for mine, default in zip(
            a.value_and_derivative(X, **{knob.key: knob.high}),
            a.value_and_derivative(X),
            strict=True,
        ):
            assert not np.array_equal(mine, default)
    with pytest.raises(TypeError):
        a.value(X, no_such_knob=1)


@PARAMETRISED
def test_only_the_knob_of_elu_moves_the_largest_slope(a, knobs):
    steepest = max(1, knobs["a"]) if a.key == "elu" and knobs else a.max_slope
    assert np.abs(a.derivative(SAMPLE, **knobs)).max() <= steepest * (1 + 1e-15)


def test_the_registry_starts_with_the_keys_that_links_hold():
    keys = [
        *("step", "identity", "sigmoid", "tanh"),
        *("relu", "leaky_relu", "prelu", "elu", "selu", "celu"),
        *("gelu", "gelu_tanh", "silu", "swish", "mish", "softplus", "softsign"),
        *("hard_sigmoid", "hard_tanh", "hardswish", "relu6", "squared_relu"),
        *("gaussian", "sine", "arctan", "erf", "lecun_tanh"),
    ]
    assert list(ACTIVATIONS)[: len(keys)] == keys
    assert all(key == a.key for key, a in ACTIVATIONS.items())
    assert len({a.name for a in ACTIVATIONS.values()}) == len(ACTIVATIONS)
    defaults = {f"{a.key}.{k.key}": k.default for a in ACTIVATIONS.values() for k in a.knobs}
    assert (
        defaults.items()
        >= {
            "leaky_relu.a": 0.01,
            "prelu.a": 0.25,
            "elu.a": 1,
            "celu.a": 1,
            "swish.b": 1,
        }.items()
    )


def test_the_registry_and_its_entries_are_read_only():
    with pytest.raises(TypeError):
        ACTIVATIONS["mine"] = ACTIVATIONS["relu"]
    with pytest.raises(FrozenInstanceError):
        ACTIVATIONS["relu"].name = "mine"


def test_an_interval_holds_its_closed_ends_only():
    interval = Interval(0, 1, low_closed=True)
    assert [y in interval for y in (-0.1, 0, 0.5, 1, 1.1)] == [False, True, True, False, False]


# --- special functions -------------------------------------------------------------------------


@pytest.mark.parametrize("row", REFERENCE["erf"], ids=lambda row: f"x={row['x']}")
def test_erf_and_erfc_agree_with_the_reference(row):
    np.testing.assert_allclose(erf(row["x"]), row["erf"], rtol=1e-12, atol=0)
    np.testing.assert_allclose(erfc(row["x"]), row["erfc"], rtol=1e-12, atol=0)
    assert abs(erf(row["x"]) - row["erf"]) < 1e-15
    assert abs(erfc(row["x"]) - row["erfc"]) < 1e-15


def test_erf_and_erfc_agree_with_the_standard_library():
    x = np.concatenate([np.linspace(-27, 27, 20_001), SCALES / 1e8, -SCALES / 1e8])
    for mine, theirs in ((erf, math.erf), (erfc, math.erfc)):
        expected = np.vectorize(theirs)(x)
        normal = np.abs(expected) > 1e-300
        np.testing.assert_allclose(mine(x)[normal], expected[normal], rtol=1e-12, atol=0)
        np.testing.assert_allclose(mine(x), expected, rtol=0, atol=1e-15)


@settings(max_examples=300, deadline=None)
@given(x=st.floats(width=64))
def test_erf_and_erfc_take_every_number(x):
    assert erf(x) == pytest.approx(math.erf(x), rel=1e-12, abs=1e-15, nan_ok=True)
    assert erfc(x) == pytest.approx(math.erfc(x), rel=1e-12, abs=1e-15, nan_ok=True)
    assert erf(-x) == pytest.approx(-erf(x), rel=0, nan_ok=True)


@settings(max_examples=100, deadline=None)
@given(z=st.floats(width=64))
def test_the_normal_distribution_takes_every_number(z):
    phi = math.exp(-(min(abs(z), 50) ** 2) / 2) / sqrt(2 * pi) if z == z else z
    assert normal_cdf(z) == pytest.approx(math.erfc(-z / sqrt(2)) / 2, abs=1e-15, nan_ok=True)
    assert normal_pdf(z) == pytest.approx(phi, rel=1e-12, abs=1e-15, nan_ok=True)


@pytest.mark.parametrize("function", [erf, erfc, normal_cdf, normal_pdf])
def test_special_functions_keep_shape_and_type_and_leave_their_input(function):
    for shape in ((), (0,), (2, 3, 4)):
        x = np.asarray(np.random.default_rng(3).normal(size=shape))
        before = x.copy()
        for array in (x, x.astype(np.float32), x.T):
            result = function(array)
            assert isinstance(result, np.ndarray)
            assert result.shape == array.shape
            assert result.dtype == array.dtype
            np.testing.assert_allclose(result, function(array.astype(np.float64)), rtol=1e-5)
        np.testing.assert_array_equal(x, before)
    assert function(np.array([1, 2])).dtype == np.float64
