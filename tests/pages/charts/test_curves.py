"""The charts of the pages of activation functions and derivatives: they draw the core."""

from dataclasses import replace
from math import cosh, inf, log10

import numpy as np
import pytest

from core.lessons.propagation import textbook, walk_back
from core.nn.activations import ACTIVATIONS
from core.nn.gains import typical_slope
from core.runs.training import RunSpec
from pages import texts
from pages.charts import activations as curves
from pages.charts import derivatives
from pages.charts.derivatives import LayerDial, Panel
from pages.charts.facts import facts_table, interval, near, saturation, steepest_where
from pages.charts.style import DARK, LIGHT
from pages.charts.vocabulary import LABEL, REACH, Decades, Ends, apart
from tests.crossing import crossed

every_language = pytest.mark.parametrize("language", texts.LANGUAGES)
every_activation = pytest.mark.parametrize("key", ACTIVATIONS)
KEYS = tuple(ACTIVATIONS)
EIGHT = KEYS[:8]
RUN = RunSpec(samples=60, depth=3, width=4)


def text(language="en"):
    return texts.LANGUAGES[language].text


@pytest.fixture(scope="module")
def walks():
    weights = ("xavier", "normal", "zeros")
    return {key: walk_back(replace(RUN, initializer=key)) for key in weights}


def curve_tables(t, keys, *, slope, knobs=()):
    table = curves.curves_table(keys, knobs)
    ends = curves.ends_of(table, slope=slope)
    return ends, {
        "curves": table,
        "probe": curves.probe_table(keys, knobs),
        "kinks": curves.kinks_table(keys, knobs, t, slope=slope),
        "labels": curves.labels_table(table, t, ends, slope=slope),
    }


def layers_of(spec, data=None):
    """Every single mark of a chart, with the name of its data."""
    data = spec.get("data", {}).get("name", data)
    for layer in spec.get("layer", []):
        yield from layers_of(layer, data)
    if "mark" in spec:
        yield data, spec


def check(spec, tables):
    """Everything that the chart reads is a column of the table that it is given."""
    assert "datasets" not in spec
    assert spec["description"]
    for data, layer in layers_of(spec):
        made = {step["as"] for step in layer.get("transform", []) if "calculate" in step}
        fields = {c["field"] for c in layer.get("encoding", {}).values() if "field" in c}
        if data is not None:
            assert fields - made <= set(tables[data].column_names)


@crossed(every=3, language=texts.LANGUAGES, slope=[False, True], key=ACTIVATIONS)
def test_every_activation_has_its_chart_in_every_language(language, key, slope):
    t = text(language)
    ends, tables = curve_tables(t, (key,), slope=slope)
    check(curves.curves(t, LIGHT, (key,), slope, ends, "told").to_dict(), tables)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_eight_activations_fit_into_one_chart(colours):
    t = text()
    ends, tables = curve_tables(t, EIGHT, slope=True)
    check(curves.curves(t, colours, EIGHT, True, ends, "told").to_dict(), tables)
    places = sorted(tables["labels"]["place"].to_pylist())
    gap = LABEL * (ends.high - ends.low) / curves.PLOT
    assert min(np.diff(places)) >= 0.99 * gap
    assert ends.low - 1e-9 <= places[0] <= places[-1] <= ends.high + 1e-9


@every_activation
def test_the_curve_is_that_of_the_core_up_to_both_sides_of_a_kink(key):
    entry, table = ACTIVATIONS[key], curves.curves_table((key,), ())
    z = table["z"].to_numpy()
    f, df = entry.value_and_derivative(z)
    np.testing.assert_array_equal(table["f"].to_numpy(), f)
    np.testing.assert_array_equal(table["df"].to_numpy(), df)
    assert (z[0], z[-1]) == (-REACH, REACH)
    inner = [k for k in entry.kinks if abs(k) < REACH]
    assert not set(inner) & set(z)
    assert len(set(table["piece"].to_pylist())) >= len(inner) + 1


@every_activation
def test_the_dial_reads_the_core_and_its_triangle_rises_by_the_slope(key):
    entry, table = ACTIVATIONS[key], curves.probe_table((key,), ())
    z = table["z"].to_numpy()
    assert table.num_rows == curves.STEPS + 1
    np.testing.assert_array_equal(table["f"].to_numpy(), entry.value(z))
    np.testing.assert_array_equal(table["df"].to_numpy(), entry.derivative(z))
    run, rise = table["next"].to_numpy() - z, table["tip"].to_numpy() - table["f"].to_numpy()
    np.testing.assert_allclose(rise, run * table["df"].to_numpy(), atol=1e-12)


def test_every_chart_has_the_parameter_that_its_dial_sets():
    t, ends = text(), Ends(0, 1)
    for name, chart in {
        "z": curves.curves(t, LIGHT, ("relu",), False, ends, ""),
        "stretch": curves.stretch(t, LIGHT, True, ""),
        "layer": derivatives.slopes(t, LIGHT, ("relu",), Panel(ends, 1), LayerDial(3, 0), ""),
    }.items():
        (parameter,) = chart.to_dict()["params"]
        assert parameter["name"] == parameter["bind"]["name"] == name


@every_language
def test_a_kink_has_a_filled_dot_at_its_value_and_open_ones_at_the_limits(language):
    rows = curves.kinks_table(("relu",), (), text(language), slope=True).to_pylist()
    assert [(r["z"], r["y"], r["filled"]) for r in rows] == [(0, 0, True), (0, 1, False)]
    assert "0" in rows[0]["note"]
    assert curves.kinks_table(("relu",), (), text(language), slope=False).num_rows == 0
    jump = curves.kinks_table(("step",), (), text(language), slope=False).to_pylist()
    assert [(r["y"], r["filled"]) for r in jump] == [(1, True), (0, False)]


def test_a_knob_can_make_a_kink_of_a_seam():
    t = text()
    assert curves.kinks_table(("elu",), (), t, slope=True).num_rows == 0
    bent = curves.kinks_table(("elu",), (("elu.a", 0.5),), t, slope=True).to_pylist()
    assert [(r["y"], r["filled"]) for r in bent] == [(0.5, True), (1, False)]


def test_labels_move_apart_in_their_order_and_stay_inside():
    moved = apart([0.0, 0.0, 0.1, 5.0, 5.0], 1.0, 0.0, 5.0)
    assert np.diff(moved).min() > 0.999
    assert 0 <= moved[0] < moved[-1] <= 5
    assert apart([2.0, 2.0], 1.0, 0.0, 5.0) == [1.5, 2.5]
    assert apart([3.0, 1.0], 1.0, 0.0, 5.0) == [3.0, 1.0]


def test_beyond_the_crossing_tanh_is_the_flatter_one():
    z = curves.CROSSING
    assert z == pytest.approx(1.6629, abs=1e-4)
    assert cosh(z) == pytest.approx(2 * cosh(z / 2))
    tanh, sigmoid = (ACTIVATIONS[key].derivative for key in ("tanh", "sigmoid"))
    assert tanh(z - 0.01) > sigmoid(z - 0.01)
    assert tanh(z + 0.01) < sigmoid(z + 0.01)


@every_language
@pytest.mark.parametrize("slope", [False, True])
def test_the_stretched_curve_has_its_chart(language, slope):
    spec = curves.stretch(text(language), DARK, slope, "told").to_dict()
    check(spec, {"stretch": curves.stretch_table()})


@every_language
def test_the_table_of_facts_says_what_the_core_knows(language):
    t = text(language)
    rows = facts_table(t).to_pylist()
    assert len(rows) == len(ACTIVATIONS)
    for row, a in zip(rows, ACTIVATIONS.values(), strict=True):
        assert row["max_slope"] == (a.max_slope if a.max_slope < inf else None)
        assert row["typical"] == typical_slope(a)
        assert row["year"] == a.year
        assert row["zero_centred"] == a.zero_centred
        assert all(row[name] for name in ("name", "family", "range", "where", "smoothness"))


def test_facts_are_worded_for_people():
    t = text()
    known = ACTIVATIONS
    assert interval(known["relu"].range) == "[0, ∞)"
    assert interval(known["arctan"].range) == "(−π/2, π/2)"
    assert steepest_where(known["tanh"], t) == "at 0"
    assert steepest_where(known["relu"], t) == "for z > 0"
    assert steepest_where(known["hard_tanh"], t) == "for −1 < z < 1"
    assert "bound" in steepest_where(known["squared_relu"], t)
    assert saturation(known["relu"], t) == "on the left, exactly"
    assert [near(value) for value in (0.25, -1.5, 1 / 6)] == ["0.25", "−1.5", "0.1667"]


# Derivatives


@crossed(every=3, language=texts.LANGUAGES, key=ACTIVATIONS)
def test_every_activation_has_its_chart_of_slopes_over_histograms(language, key, walks):
    t = text(language)
    ends, tables = curve_tables(t, (key,), slope=True)
    panel, dial = Panel(ends, len(walks)), LayerDial(RUN.depth, 0)
    spec = derivatives.slopes(t, LIGHT, (key,), panel, dial, "told").to_dict()
    names = ["a", "b", "c"]
    tables |= {
        "peaks": derivatives.peaks_table((key,), (), ends),
        "histogram": derivatives.histogram_table(walks, ends),
        "strips": derivatives.strips_table(names, ends, t),
    }
    check(spec, tables)
    assert tables["peaks"].num_rows >= 1


@every_activation
def test_a_peak_is_marked_where_the_slope_is_largest(key):
    entry = ACTIVATIONS[key]
    ends = curves.ends_of(curves.curves_table((key,), ()), slope=True)
    for row in derivatives.peaks_table((key,), (), ends).to_pylist():
        assert abs(row["z"]) <= REACH
        if ends.low < row["y"] < ends.high and "→" not in row["text"]:
            assert abs(row["y"]) == pytest.approx(entry.max_slope)


def test_the_peaks_of_the_three_are_a_quarter_and_one():
    keys = ("sigmoid", "tanh", "relu")
    peaks = derivatives.peaks_table(keys, (), Ends(0, 1.1)).to_pylist()
    assert [row["text"] for row in peaks] == ["0.25", "1", "1"]


def test_the_histograms_stand_below_the_slopes_and_hold_the_measured_shares(walks):
    ends = Ends(0.0, 1.0)
    table = derivatives.histogram_table(walks, ends)
    shares = np.concatenate([walk.counts.ravel() for walk in walks.values()])
    np.testing.assert_array_equal(table["share"].to_numpy(), shares)
    assert table["top"].to_numpy().max() <= ends.low
    assert (table["top"].to_numpy() >= table["base"].to_numpy()).all()
    assert derivatives.histogram_table({}, ends).num_rows == 0


@every_language
@pytest.mark.parametrize("theory", [False, True])
def test_what_is_left_has_its_chart(language, theory, walks):
    t = text(language)
    axis = derivatives.axis_of_sizes(RUN, walks)
    sizes, line = derivatives.sizes_table(walks, axis), derivatives.textbook_table(RUN, axis)
    keys = [*walks, derivatives.TEXTBOOK] if theory else walks
    series = tuple((key, key) for key in keys)
    spec = derivatives.remains(t, DARK, RUN.activation, series, RUN.depth, axis, "told").to_dict()
    marks = derivatives.marks_table(sizes, line, axis, t)
    check(spec, {"sizes": sizes, "textbook": line, "marks": marks})
    assert "params" not in spec


def test_what_is_left_is_the_median_of_the_networks_and_one_at_the_output(walks):
    axis = derivatives.axis_of_sizes(RUN, walks)
    table = derivatives.sizes_table(walks, axis)
    assert table.num_rows == len(walks) * (RUN.depth + 1)
    for key, walk in walks.items():
        rows = [row for row in table.to_pylist() if row["series"] == key]
        assert [r["value"] for r in rows] == pytest.approx(np.median(walk.size, axis=0))
        assert rows[-1]["value"] == pytest.approx(1)
        assert all(r["low"] <= r["value"] <= r["high"] for r in rows)
        assert all(axis.low - 1e-9 <= log10(r["shown"]) <= axis.high + 1e-9 for r in rows)


def test_an_error_of_exactly_zero_is_an_arrow_at_the_foot_of_the_axis(walks):
    axis = derivatives.axis_of_sizes(RUN, walks)
    rows = derivatives.sizes_table({"zeros": walks["zeros"]}, axis).to_pylist()
    assert [row["mark"] for row in rows] == ["below"] * RUN.depth + ["zeros"]


def test_there_is_a_textbook_line_only_where_the_largest_slope_is_a_number():
    axis = Decades(-4, 1)
    line = derivatives.textbook_table(RUN, axis)["value"].to_numpy()
    np.testing.assert_array_equal(line, textbook(RUN))
    for key in ("step", "squared_relu"):
        assert derivatives.textbook_table(replace(RUN, activation=key), axis).num_rows == 0


def test_networks_too_large_to_represent_leave_an_empty_table():
    run = RunSpec(activation="squared_relu", initializer="normal", depth=20, width=32, samples=50)
    walks = {"normal": walk_back(run)}
    axis = derivatives.axis_of_sizes(run, walks)
    assert derivatives.sizes_table(walks, axis).num_rows == 0
    assert derivatives.axis_of_parts(walks) == Decades(-2, 1)


@every_language
def test_the_two_factors_have_their_chart_and_the_first_step_back_its_note(language, walks):
    t = text(language)
    axis = derivatives.axis_of_parts(walks)
    table = derivatives.parts_table(RUN, walks["xavier"], axis, t)
    spec = derivatives.parts(t, LIGHT, RUN.activation, RUN.depth, axis, "told").to_dict()
    check(spec, {"parts": table})
    notes = {(r["part"], r["layer"]): r["note"] for r in table.to_pylist() if r["note"]}
    assert notes == {("weights", RUN.depth): f"1 → {RUN.width}"}
    weights = [r["value"] for r in table.to_pylist() if r["part"] == "weights"]
    assert weights == pytest.approx(np.median(walks["xavier"].weights_part, axis=0))


@pytest.mark.parametrize(("share", "told"), [(1 / 4800, "1/4,800"), (0.31, "31%"), (7.8, "7.8")])
def test_what_is_left_is_said_for_people(share, told):
    assert told in derivatives.left(share, text())
