"""The picture of a network: which part is drawn, and how its numbers are packed."""

import base64
import io
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from core.lessons.anatomy import CELLS, anatomy, moments_kept
from core.runs.recording import Recording
from core.runs.training import RunSpec
from pages import texts
from pages.charts import network as charts
from pages.charts.network import MOST_LAYERS, MOST_UNITS, drawn, half_logs, picture
from pages.charts.style import DARK, LIGHT


def found(run):
    record = Recording(run)
    record.advance()
    return anatomy(run, moments_kept(record.frames, run))


def pictured(run, view="backwards", language="en"):
    t = texts.LANGUAGES[language].text
    return picture(t, LIGHT, run, "a lane", found(run), view)


def unpacked(text):
    """As `network.js` reads them."""
    code = np.frombuffer(base64.b64decode(text), "<u2").astype(int)
    size = code & 0x7FFF
    value = np.where(size > 0, 2.0 ** (size / 128 - 200), 0) * np.where(code & 0x8000, -1, 1)
    return np.where(code == 0xFFFF, np.nan, value)


SMALL = RunSpec(depth=3, width=4, samples=100, epochs=8)
LARGE = RunSpec(depth=14, width=20, samples=60, epochs=3, activation="tanh")


@given(st.lists(st.floats(-1e15, 1e15).filter(lambda x: x == 0 or abs(x) > 1e-50), min_size=1))
def test_packed_numbers_come_back_within_a_third_of_a_per_cent(values):
    np.testing.assert_allclose(unpacked(half_logs(np.array(values))), values, rtol=1 / 300)


def test_packed_numbers_keep_their_signs_and_what_is_no_number():
    back = unpacked(half_logs(np.array([0.0, -2.0, np.nan, np.inf, 1e-300])))
    assert back[0] == 0
    assert back[1] == pytest.approx(-2, rel=1 / 300)
    assert np.isnan(back[2:4]).all()
    assert 0 < back[4] < 1e-59


def test_a_small_network_is_drawn_whole():
    part = drawn(found(SMALL))
    assert part.layers == (1, 2, 3, 4)
    assert part.units == ((0, 1, 2, 3),) * 3 + ((0,),)
    assert pictured(SMALL)["labels"]["left_out"] == ""


def test_of_a_large_network_a_part_is_drawn_and_the_rest_is_counted():
    measured = found(LARGE)
    part = drawn(measured)
    assert len(part.layers) == MOST_LAYERS + 1
    assert part.layers[0] == 1
    assert part.layers[-2:] == (14, 15)
    assert all(len(units) == MOST_UNITS for units in part.units[:-1])
    told = charts.left_out(texts.LANGUAGES["en"].text, measured, part)
    assert "4 layers" in told
    assert f"{10 * 12} units" in told


def test_lines_are_drawn_only_between_layers_that_are_neighbours():
    data = pictured(LARGE)
    columns = data["columns"]
    joined = [column["joined"] for column in columns[1:]]
    layers = [column["layer"] for column in columns]
    assert joined == [b - a == 1 for a, b in itertools.pairwise(layers)]
    lines = sum(
        len(a["units"]) * len(b["units"]) for a, b in itertools.pairwise(columns) if b["joined"]
    )
    assert len(unpacked(data["weight"])) == len(data["epochs"]) * lines


def test_each_line_has_the_weight_between_its_units():
    measured, data = found(SMALL), pictured(SMALL)
    weights = unpacked(data["weight"]).reshape(len(data["epochs"]), -1)
    expected = np.concatenate([w[-1].ravel() for w in measured.weights])
    np.testing.assert_allclose(weights[-1], expected, rtol=1 / 300)


def test_each_unit_has_its_error_in_the_order_of_the_columns():
    measured, data = found(SMALL), pictured(SMALL)
    errors = unpacked(data["delta"]).reshape(len(data["epochs"]), -1)
    expected = np.concatenate([delta[0] for delta in measured.delta])
    np.testing.assert_allclose(errors[0], expected, rtol=1 / 300)


@pytest.mark.parametrize("run", [SMALL, RunSpec(dataset="iris", depth=2, width=4, epochs=3)])
def test_the_sprite_has_a_tile_for_every_unit_and_moment(run):
    data = pictured(run)
    sheet = Image.open(io.BytesIO(base64.b64decode(data["sprite"].partition(",")[2])))
    units = sum(len(column["units"]) for column in data["columns"][1:])
    assert data["tile"] == (CELLS if run is SMALL else 1)
    assert sheet.size == (units * data["tile"], len(data["epochs"]) * data["tile"])


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_the_alternative_tells_what_reaches_the_first_layer(language):
    measured = found(SMALL)
    told = pictured(SMALL, language=language)["labels"]["alternative"]
    share = measured.layers[-1, 0] / measured.layers[-1, -1]
    assert "a lane" in told
    assert charts.power(float(share), 2) in told


def test_both_themes_have_the_lanes_own_hue():
    t, measured = texts.LANGUAGES["en"].text, found(SMALL)
    hues = {picture(t, theme, SMALL, "", measured, "forwards")["hue"] for theme in (LIGHT, DARK)}
    assert len(hues) == 2


def test_a_lane_of_five_layers_of_eight_sends_less_than_a_megabyte():
    run = RunSpec(activation="tanh", epochs=200)
    data = pictured(run)
    packed = sum(len(value) for value in data.values() if isinstance(value, str))
    assert len(data["epochs"]) == 100
    assert packed < 1_000_000
