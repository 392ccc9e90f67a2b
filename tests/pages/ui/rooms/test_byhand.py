"""The page of one sample: its words and pictures say what the core computed."""

from __future__ import annotations

import re

import pytest

from core.lessons.walkthrough import first_parameters, parameter_keys, walk
from core.nn.activations import ACTIVATIONS
from core.nn.network import Network, NetworkSpec
from core.runs.training import RunSpec
from pages import texts
from pages.charts import byhand as charts
from pages.texts import walkthrough as formulas
from pages.ui.house import BYHAND
from pages.ui.settings import HAND_PARTS, ByHand
from tests.crossing import crossed
from tests.pages.looks import LOOKS
from tests.pages.ui.test_pages import visit, widget

every_language = pytest.mark.parametrize("language", texts.LANGUAGES)
every_part = pytest.mark.parametrize("part", HAND_PARTS)
SHAPES = [(layers, units) for layers in (1, 2, 3) for units in (1, 2, 3)]
every_shape = pytest.mark.parametrize(("layers", "units"), SHAPES)


def text(language="en"):
    return texts.LANGUAGES[language].text


def sample_of(layers=2, units=2, **typed):
    spec = NetworkSpec(depth=layers, width=units)
    network = Network(spec, first_parameters(spec, 0, typed))
    return walk(network, [1.0, 0.5], 1.0, 0.1)


def steps_of(sample, digits=4, language="en"):
    rule = formulas.function(ACTIVATIONS["sigmoid"], {})
    return formulas.steps(sample, text(language), digits, "sigmoid", rule)


def lines_of(step):
    return [line for group in step.groups for line in group]


def markdown(app):
    return "\n".join(m.value for m in app.markdown)


# The steps in words


@every_language
@every_shape
def test_the_steps_go_forward_back_and_on_to_the_new_weights(language, layers, units):
    sample = sample_of(layers, units)
    found = steps_of(sample, language=language)
    at = charts.steps_of(layers + 1)
    titles = text(language).byhand.titles
    assert len(found) == 3 * (layers + 1) + 3
    assert found[0].title == titles.start
    assert found[-1].title == titles.after
    for way, places in at.items():
        for layer, place in enumerate(places, 1):
            beginning = titles[way].split("{")[0]
            assert found[place].title.startswith(beginning)
            if layer <= layers:
                assert str(layer) in found[place].title
    assert not any("{layer}" in step.title for step in found)


@every_shape
def test_every_sum_is_shown_with_its_values_and_its_result(layers, units):
    sample = sample_of(layers, units)
    found = steps_of(sample, digits=8)
    for k, layer in enumerate(sample.layers, 1):
        for j, line in enumerate(lines_of(found[k])[::2]):
            assert line.symbols.startswith(formulas.z(k, j + 1))
            numbers = re.findall(r"-?\d+\.\d+", line.values)
            *products, bias = [float(number) for number in numbers]
            total = sum(w * a for w, a in zip(products[::2], products[1::2], strict=True)) + bias
            assert total == pytest.approx(layer.z[j], abs=1e-6)
            assert float(line.result) == pytest.approx(layer.z[j], abs=1e-8)


def test_every_number_has_the_same_decimals():
    for digits in (2, 4, 8):
        for step in steps_of(sample_of(3, 3), digits):
            for line in lines_of(step):
                for number in re.findall(r"\d+\.(\d+)", f"{line.values} {line.result}"):
                    assert len(number) == digits


@pytest.mark.parametrize(
    ("value", "digits", "shown"),
    [
        (-0.00001, 3, "0.000"),
        (-0.5, 2, "-0.50"),
        (0.0, 2, "0.00"),
        (2.5e9, 2, r"2.50 \times 10^{9}"),
        (float("nan"), 2, r"\text{–}"),
    ],
)
def test_a_number_is_written_with_fixed_decimals_and_no_minus_before_a_zero(value, digits, shown):
    assert formulas.decimal(value, digits) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0063620, r"6.36 \times 10^{-3}"),
        (-99.996, r"-1.00 \times 10^{2}"),
        (0.0, "0.00"),
        (1e-310, r"1.00 \times 10^{-310}"),
    ],
)
def test_a_small_number_is_written_in_powers_of_ten(value, shown):
    assert formulas.scientific(value, 2) == shown


def test_a_negative_factor_is_in_parentheses():
    assert formulas.factor(-0.5, 2) == "(-0.50)"
    assert formulas.factor(0.5, 2) == "0.50"


# The worksheet


@every_shape
def test_the_worksheet_gives_away_no_answer(layers, units):
    found = steps_of(sample_of(layers, units), digits=8)
    blank, answers = formulas.tasks(found), formulas.answers(found)
    asked = [line for step in found[1:] for line in lines_of(step)]
    assert blank.count(formulas.BLANK) == len(asked)
    assert formulas.BLANK not in answers
    given = {line.result for line in lines_of(found[0])} | {"1.00000000"}
    tasks = blank.split("### 1.")[1]
    assert not [number for number in re.findall(r"-?\d+\.\d{8}", tasks) if number not in given]
    assert all(line.result in answers for line in asked)


# The pictures


@crossed(look=LOOKS, shape=SHAPES)
def test_the_pictures_are_valid_charts(look, shape):
    (language, colours), (layers, units) = look, shape
    sample = sample_of(layers, units)
    t = text(language)
    charts.diagram(t, colours, sample.sizes, 9, 0, "words").to_dict()
    charts.signals(t, colours, layers + 1, (-3, 0), 9, 0, "words").to_dict()


@every_shape
def test_every_unit_and_every_weight_is_drawn(layers, units):
    sample = sample_of(layers, units)
    weights = sum(layer.weights.size for layer in sample.layers)
    assert charts.nodes_table(sample, chain=False).num_rows == sum(sample.sizes)
    assert charts.edges_table(sample, chain=False).num_rows == weights
    numbers = charts.numbers_table(sample, 4, None).to_pylist()
    assert len(numbers) == 3 * weights
    for at in {row["at"] for row in numbers}:  # no two on one place
        places = [(row["x"], round(row["y"], 6)) for row in numbers if row["at"] == at]
        assert len(set(places)) == len(places)


def test_a_number_is_shown_no_sooner_than_it_is_known():
    sample = sample_of(2, 2)
    at = charts.steps_of(3)
    for row in charts.values_table(sample, 4).to_pylist():
        way = {"δ": "backward", "z": "forward", "a": "forward", "p": "forward"}.get(row["text"][0])
        if way:
            assert row["since"] == at[way][row["x"] - 1]
    assert charts.sizes_table(sample)["since"].to_pylist() == at["backward"]


def test_an_error_signal_of_zero_lies_at_the_foot_and_says_so():
    sample = sample_of(1, 1, **{"w2.11": 0.0})
    rows = charts.sizes_table(sample).to_pylist()
    assert rows[0]["text"] == "0"
    assert rows[0]["size"] == 10.0 ** charts.decades_of(sample)[0]
    assert rows[1]["size"] == pytest.approx(abs(sample.layers[-1].delta[0]))


# The page


@every_language
@every_part
def test_every_part_is_drawn_in_every_language(language, part):
    app = visit("byhand", language=language, hand_part=part)
    assert not app.error
    assert len(app.get("vega_lite_chart")) == (1 if part == "hand_sheet" else 2)


@crossed(part=HAND_PARTS, activation=ACTIVATIONS)
def test_every_activation_can_be_worked_out(activation, part):
    app = visit("byhand", activation=activation, hand_part=part)
    assert not app.error


@pytest.mark.parametrize("preset", BYHAND.presets)
def test_every_question_can_be_followed(preset):
    hand, run = BYHAND.presets[preset]
    app = visit("byhand", **hand.to_query(), **run.to_query())
    assert text().byhand.preset_notes[preset] in markdown(app)
    assert not app.error


def test_the_page_shows_the_numbers_of_its_network():
    app = visit("byhand", hand_layers="2", hand_units="3", seed="5")
    spec = NetworkSpec(depth=2, width=3)
    network = Network(spec, first_parameters(spec, 5, {}))
    sample = walk(network, [ByHand().hand_x1, ByHand().hand_x2], 1.0, RunSpec().rate)
    shown = markdown(app)
    for step in steps_of(sample):
        for line in lines_of(step):
            assert line.shown in shown


def test_a_weight_that_is_typed_counts_stays_in_the_link_and_can_be_taken_back():
    app = visit("byhand")
    drawn = widget(app, "w1.11").value
    widget(app, "w1.11").set_value(2.5).run()
    assert app.session_state["session"].settings["w1.11"] == "2.5"
    assert "2.5000" in markdown(app)
    next(b for b in app.button if b.label == text().byhand.typed_back).click().run()
    assert "w1.11" not in app.session_state["session"].settings
    assert widget(app, "w1.11").value == drawn


def test_every_weight_of_the_largest_network_has_a_field():
    app = visit("byhand", hand_layers="3", hand_units="3")
    for key, _, _ in parameter_keys((2, 3, 3, 3, 1)):
        assert widget(app, key) is not None


def test_the_chain_shows_each_gradient_beside_its_measurement():
    app = visit("byhand", hand_part="hand_chain", chain_w1="2", chain_b2="-0.5")
    shown = markdown(app)
    for letter in "wb":
        for layer in range(1, 5):
            assert rf"\partial L/\partial {letter}_{layer}" in shown
    assert shown.count("central difference") == 8


def test_the_interval_of_a_large_weight_is_computed_from_what_was_typed():
    app = visit("byhand", hand_part="hand_chain", chain_w1="6.894151")
    shown = markdown(app)
    assert "an interval of width 0.4477" in shown
    assert shown.count("for no a") == 2
    assert "lies outside" in shown  # a = 1, the interval lies around 0


def test_the_worksheet_can_be_taken_home_as_markdown():
    app = visit("byhand", hand_part="hand_sheet")
    assert len(app.get("download_button")) == 1
    assert formulas.BLANK in markdown(app)


def test_the_largest_numbers_that_can_be_typed_are_written_in_powers_of_ten():
    huge = dict.fromkeys(("chain_w1", "chain_w2", "chain_w3", "chain_w4"), "50")
    app = visit("byhand", hand_part="hand_chain", activation="squared_relu", chain_x="10", **huge)
    assert r"\times 10^{" in markdown(app)
    assert "nan" not in markdown(app)
    assert "inf" not in markdown(app)
