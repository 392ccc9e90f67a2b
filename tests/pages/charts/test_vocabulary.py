"""What charts share: axes, strokes, names at the ends of lines."""

import altair as alt
import pytest

from core.nn.activations import ACTIVATIONS
from pages import texts
from pages.charts.style import LIGHT
from pages.charts.vocabulary import Decades, layer_axis, log_axis, names_beside, strokes

T = texts.LANGUAGES["en"].text


@pytest.mark.parametrize("depth", range(51))
def test_the_axis_of_a_deeper_network_holds_that_of_a_shallower_one(depth):
    shallow, deep = Decades.of_depth(depth), Decades.of_depth(depth + 1)
    assert deep.low <= shallow.low < 0 < shallow.high == deep.high


@pytest.mark.parametrize(("low", "high"), [(-3, 2), (-17, 0), (-46, 2), (-300, 300)])
def test_the_ticks_of_an_axis_lie_on_it_and_one_of_them_is_1(low, high):
    decades = Decades(low, high)
    for every in (1, decades.about(5), decades.at_most(7)):
        ticks = decades.ticks(every)
        assert 1.0 in ticks
        assert decades.ends.low <= min(ticks) < max(ticks) <= decades.ends.high
    assert len(decades.ticks(decades.at_most(7))) <= 8


def test_what_lies_beyond_a_logarithmic_axis_is_moved_to_its_ends():
    assert list(Decades(-2, 1).clip([0.0, 0.1, 1e9])) == [0.01, 0.1, 10.0]


def test_layer_1_is_at_the_left_and_the_output_has_its_name():
    axis = layer_axis(T, 3, "towards the input").to_dict()
    assert axis["axis"]["values"] == [1, 2, 3, 4]
    assert f'4 ? "{T.training.out}"' in axis["axis"]["labelExpr"]
    low, high = axis["scale"]["domain"]
    assert low < 1
    assert high > 4


def test_names_stand_beside_the_ends_with_a_piece_of_their_lines_where_dashes_are_given():
    keys = list(ACTIVATIONS)[:3]
    colour, dashes = strokes(keys, LIGHT)
    data, y = alt.Chart(alt.NamedData("labels")), log_axis(Decades(-1, 1), "size")
    plain, sampled = names_beside(data, y, colour), names_beside(data, y, colour, dashes)
    assert len(sampled) == len(plain) + 1
    drawn = [layer.to_dict()["encoding"] for layer in sampled]
    assert [("strokeDash" in encoding) for encoding in drawn] == [False, True, False]
    assert drawn[-1]["text"]["field"] == "name"
