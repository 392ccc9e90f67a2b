"""Numbers for people and the live sentence, in every language."""

from __future__ import annotations

import re
from math import inf, nan
from string import Formatter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.data.datasets import DATASETS
from core.nn.activations import ACTIVATIONS
from core.runs.diagnosis import VANISHING, Diagnosis
from core.runs.rules import RULES, Verdict
from core.runs.training import RunSpec
from pages.texts import LANGUAGES
from pages.texts.numbers import fraction, loss_of, percent, plain, power, times, whole
from pages.texts.rules import rules_table, title
from pages.texts.sentences import reach, score, sentence
from pages.texts.sentences import told as names_and_numbers

EVERY = pytest.mark.parametrize("t", [lang.text for lang in LANGUAGES.values()], ids=LANGUAGES)
EN, JA = LANGUAGES["en"].text, LANGUAGES["ja"].text

VANISHED = re.compile(r"vanish|勾配消失|消え|消失", re.IGNORECASE)


# --- numbers -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("share", "english", "japanese"),
    [
        (1.0, "100%", "100%"),
        (0.9999, "99%", "99%"),
        (0.5, "50%", "50%"),
        (0.3, "30%", "30%"),
        (0.304, "30%", "30%"),
        (0.1, "10%", "10%"),
        (0.0999, "1/10", "約10分の1"),
        (0.05, "1/20", "約20分の1"),
        (1 / 89.6, "1/90", "約90分の1"),
        (1 / 99.4, "1/99", "約99分の1"),
        (1 / 99.6, "1/100", "約100分の1"),
        (1 / 104, "1/100", "約100分の1"),
        (1 / 3589, "1/3,600", "約3,600分の1"),
        (1 / 9960, "1/10,000", "約1万分の1"),
        (1 / 44_900, "1/45,000", "約4万5千分の1"),
        (1 / 123_456, "1/120,000", "約12万分の1"),
        (1e-6, "1/1,000,000", "約100万分の1"),
        (9.94e-7, "9.9 × 10⁻⁷", "約 9.9 × 10⁻⁷"),
        (4.1e-14, "4.1 × 10⁻¹⁴", "約 4.1 × 10⁻¹⁴"),
        (5e-324, "4.9 × 10⁻³²⁴", "約 4.9 × 10⁻³²⁴"),
        (0.0, "0", "0"),
    ],
)
def test_a_part_of_a_whole_is_told_as_people_tell_it(share, english, japanese):
    assert fraction(share, EN) == english
    assert fraction(share, JA) == japanese


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (1.0, "1.0"),
        (0.25, "0.25"),
        (0.012, "0.012"),
        (0.01, "0.010"),
        (-0.25, "−0.25"),
        (12.3, "12"),
        (1234.0, "1234"),
        (0.0012, "1.2 × 10⁻³"),
        (-0.0012, "−1.2 × 10⁻³"),
        (4.1e-14, "4.1 × 10⁻¹⁴"),
        (31_000_000.0, "3.1 × 10⁷"),
        (1e-300, "1.0 × 10⁻³⁰⁰"),
        (2.5e-310, "2.5 × 10⁻³¹⁰"),
        (inf, "∞"),
        (-inf, "−∞"),
    ],
)
def test_a_size_is_told_in_powers_of_ten(value, text):
    assert power(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (9.99e-5, "1.0 × 10⁻⁴"),
        (9.96e-7, "1.0 × 10⁻⁶"),
        (0.00999, "0.010"),
        (-9.99e-5, "−1.0 × 10⁻⁴"),
        (9.97e9, "1.0 × 10¹⁰"),
        (-2.5e-310, "−2.5 × 10⁻³¹⁰"),
    ],
)
def test_a_size_that_rounds_up_to_the_next_power_of_ten_is_told_as_that(value, text):
    assert power(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1, "0.1"),
        (0.0, "0"),
        (300.0, "300"),
        (0.0001, "0.0001"),
        (1e-5, "10⁻⁵"),
        (1.0000000000000002e-06, "10⁻⁶"),
        (2.5e-6, "2.5 × 10⁻⁶"),
        (0.123456789, "0.123457"),
        (-0.25, "−0.25"),
        (1e6, "10⁶"),
        (nan, "–"),
    ],
)
def test_a_setting_is_told_as_it_was_chosen_to_six_digits(value, text):
    assert plain(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.6931, "0.693"),
        (0.0, "0.000"),
        (0.0005, "0.001"),
        (0.0004, "4.00 × 10⁻⁴"),
        (99.9994, "99.999"),
        (1352.4, "1352"),
        (2.821e167, "2.82 × 10¹⁶⁷"),
        (inf, "∞"),
        (nan, "–"),
    ],
)
def test_a_loss_is_told_to_three_decimals_and_in_powers_of_ten_beyond(value, text):
    assert loss_of(value) == text


def test_nan_is_not_told_as_zero():
    assert power(nan) != "0"


@settings(max_examples=300)
@given(st.floats(1e-320, 1.0) | st.floats(1e-8, 1e-5))
def test_no_part_is_ever_told_as_computers_tell_it(share):
    for language in LANGUAGES.values():
        text = fraction(share, language.text)
        assert "e-" not in text
        assert "E" not in text
        assert text.strip("0 ") != ""
        assert "nan" not in text


@settings(max_examples=300)
@given(st.floats(1e-6, 0.0999))
def test_a_unit_fraction_is_right_to_two_digits(share):
    many = int(fraction(share, EN).removeprefix("1/").replace(",", ""))
    assert 1 / many == pytest.approx(share, rel=0.051)
    assert len(str(many).rstrip("0")) <= 2


@pytest.mark.parametrize(
    ("factor", "english", "japanese"),
    [
        (2.01, "2.0", "2.0"),
        (7.2, "7.2", "7.2"),
        (9.94, "9.9", "9.9"),
        (10.0, "10", "10"),
        (15.0, "15", "15"),
        (123.0, "120", "120"),
        (12_345.0, "12,000", "1万2千"),
        (999_999.0, "1,000,000", "100万"),
        (1e6, "1.0 × 10⁶", "1.0 × 10⁶"),
        (3.1e7, "3.1 × 10⁷", "3.1 × 10⁷"),
    ],
)
def test_a_factor_is_told_to_two_digits(factor, english, japanese):
    assert times(factor, EN) == english
    assert times(factor, JA) == japanese


def test_a_factor_that_rounds_up_to_ten_is_ten():
    assert times(9.99, EN) == "10"


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0%"),
        (1e-9, "<1%"),
        (0.004, "<1%"),
        (0.006, "1%"),
        (0.534, "53%"),
        (0.994, "99%"),
        (0.999, "99%"),
        (1.0, "100%"),
    ],
)
def test_a_percentage_is_never_rounded_up_to_all_or_down_to_none(share, text):
    for language in LANGUAGES.values():
        assert percent(share, language.text) == text


@pytest.mark.parametrize(
    ("number", "english", "japanese"),
    [
        (0, "0", "0"),
        (400, "400", "400"),
        (9_999, "9,999", "9,999"),
        (10_000, "10,000", "1万"),
        (45_000, "45,000", "4万5千"),
        (120_000, "120,000", "12万"),
        (123_000, "123,000", "12万3千"),
        (1_000_000, "1,000,000", "100万"),
    ],
)
def test_whole_numbers_are_grouped_as_the_language_groups_them(number, english, japanese):
    assert whole(number, EN) == english
    assert whole(number, JA) == japanese


# --- the reach ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("share", "english", "japanese"),
    [
        (0.0999, EN.sentences.reach_less.format(fraction="1/10"), "出力の約10分の1です"),
        (0.1, "10% of the output's error signal reaches layer 1", "出力の10%です"),
        (0.4999, "50% of the output's error signal reaches layer 1", "出力の50%です"),
        (0.5, EN.sentences.reach_same, JA.sentences.reach_same),
        (2.0, EN.sentences.reach_same, JA.sentences.reach_same),
        (
            2.04,
            "the error signal at layer 1 is 2.0 times that of the output",
            "第1層の誤差信号は、出力の2.0倍です",
        ),
        (
            12_345.0,
            "the error signal at layer 1 is 12,000 times that of the output",
            "第1層の誤差信号は、出力の1万2千倍です",
        ),
    ],
)
def test_the_reach_has_three_forms(share, english, japanese):
    assert reach(share, EN) == english
    assert reach(share, JA).endswith(japanese)


def test_the_score_of_a_number_to_predict_is_what_it_explains():
    assert score(RunSpec(), 0.53, EN) == "53% correct"
    assert score(RunSpec(dataset="regression"), 0.53, EN) == "53% of the variance explained"
    assert score(RunSpec(dataset="regression"), -4.0, EN) == "0% of the variance explained"


# --- the sentence ------------------------------------------------------------------------------

NUMBERS = {
    "share": 0.0003,
    "loss": 0.6931,
    "accuracy": 0.97,
    "saturated": 0.0,
    "dead": 0,
    "units": 40,
    "baseline": 0.6931,
    "test_loss": 1.2477,
}


SIGNS = {
    "share_at_start": 4e6,
    "loss_at_start": 9.3e6,
    "multiplier": 40_000.0,
    "weights_at_start": 1.6e-6,
    "cut_by": 83.7,
    "furthest": 0.0063,
    "warmth": 0.11,
    "frozen": 5.0,
    "epoch": 110.0,
    "lowest": 0.95,
    "lowest_epoch": 107.0,
    "gap": 0.8,
    "saturated": 0.97,
}
"""Numbers of the rules' signs; of each verdict those of its first rule are known."""


def told(verdict, t, run=None, samples=400, signs=SIGNS, **numbers):
    rule = next(rule for rule in RULES if rule.verdict is verdict)
    known = {name: signs[name] for name in rule.numbers if name in signs}
    found = Diagnosis(verdict=verdict, **({"numbers": known} | NUMBERS | numbers))
    return sentence(run or RunSpec(), found, samples, t)


@EVERY
@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_has_a_sentence_with_all_its_numbers_filled_in(t, verdict):
    text = told(verdict, t, layer=3, epoch=12)
    assert text
    assert "{" not in text
    assert "}" not in text
    assert text[-1] in ".。"


@EVERY
def test_only_a_stalled_network_is_said_to_vanish(t):
    for verdict in Verdict:
        for share in (0.0, 4e-14, 0.003, 0.3, 1.0, 50.0):
            text = told(verdict, t, share=share, saturated=0.9, dead=3, layer=2, epoch=7)
            assert verdict in VANISHING or not VANISHED.search(text), text


@EVERY
def test_a_network_that_has_learnt_hears_no_ratio(t):
    used = {name for _, name, _, _ in Formatter().parse(t.sentences.learnt) if name}
    assert used == {"score", "loss"}  # and of a large loss the same
    with_share = {told(Verdict.LEARNT, t, share=share) for share in (0.0, 4e-14, 0.003, 7.2, 17.0)}
    assert len(with_share) == 1
    assert not re.search(r"1/\d|分の1|× 10|倍|times", with_share.pop())


@EVERY
@pytest.mark.parametrize(
    "verdict",
    [
        Verdict.STALLED_UNREACHED,
        Verdict.STALLED_SILENT,
        Verdict.STALLED_PART_WAY,
        Verdict.LEARNING_FAINTLY,
        Verdict.BEFORE,
        Verdict.TOO_EARLY,
    ],
)
def test_a_faint_error_is_told_as_a_fraction(t, verdict):
    assert fraction(0.00028, t) in told(verdict, t, share=0.00028)
    text = told(verdict, t, share=4.1e-14)
    assert "4.1 × 10⁻¹⁴" in text
    assert not re.search(r"\de-", text)


@EVERY
def test_the_sentence_before_training_warns_of_wild_first_steps(t):
    calm, wild = (told(Verdict.BEFORE, t, share=share) for share in (9.99, 10.0))
    assert calm == t.sentences.before.format(reach=reach(9.99, t))
    assert wild == t.sentences.before_wild.format(reach=reach(10.0, t))
    assert told(Verdict.EXPLODING, t, share=50.0).count(reach(50.0, t)) == 1


@EVERY
def test_a_network_that_fell_silent_is_told_how_much_is_saturated_from_20_percent_on(t):
    clause = t.sentences.saturated.format(saturated="20%")
    assert clause in told(Verdict.STALLED_SILENT, t, saturated=0.2)
    assert len(told(Verdict.STALLED_SILENT, t, saturated=0.199)) < len(
        told(Verdict.STALLED_SILENT, t, saturated=0.2)
    )
    assert told(Verdict.STALLED_UNREACHED, t, saturated=0.9) == told(Verdict.STALLED_UNREACHED, t)


@EVERY
@pytest.mark.parametrize("key", ACTIVATIONS)
def test_dead_units_are_counted_only_where_units_can_die(t, key):
    run = RunSpec(activation=key)
    clause = t.sentences.dead.format(dead=3, units=40)
    assert (clause in told(Verdict.LEARNING, t, run, dead=3)) == ACTIVATIONS[key].has_flat_piece
    assert clause not in told(Verdict.DIVERGED, t, run, dead=3)
    assert t.sentences.dead.format(dead=0, units=40) not in told(Verdict.LEARNING, t, run)


@EVERY
def test_one_frozen_layer_is_no_range_of_layers(t):
    one, two = (
        told(Verdict.STALLED_FROZEN, t, signs=SIGNS | {"frozen": float(count)}) for count in (1, 2)
    )
    assert "layers 1 to 2" in two or "第1層から第2層" in two
    assert one == t.sentences.stalled_frozen_one
    assert "1 to 1" not in one


@EVERY
def test_silence_and_divergence_name_layer_samples_and_epoch(t):
    dead = told(Verdict.DEAD_LAYER, t, layer=3, samples=4000, share=0.0)
    assert "3" in dead
    assert "4,000" in dead
    diverged = told(Verdict.DIVERGED, t, layer=4, epoch=123)
    assert "4" in diverged
    assert "123" in diverged


@EVERY
@settings(max_examples=200)
@given(data=st.data())
def test_whatever_is_found_there_is_a_sentence(t, data):
    text = told(
        data.draw(st.sampled_from(Verdict)),
        t,
        RunSpec(activation=data.draw(st.sampled_from(list(ACTIVATIONS)))),
        share=data.draw(st.floats(0, 1e300)),
        loss=data.draw(st.floats(0, 1e6)),
        accuracy=data.draw(st.floats(-1e9, 1)),
        saturated=data.draw(st.floats(0, 1)),
        dead=data.draw(st.integers(0, 40)),
        layer=data.draw(st.integers(1, 51)),
        epoch=data.draw(st.integers(0, 10_000)),
        samples=data.draw(st.integers(16, 4000)),
    )
    assert not re.search(r"\de[-+]?\d|\bnan\b|\binf\b", text)
    assert text.isprintable()


@EVERY
def test_where_nothing_can_bend_no_sentence_sends_the_reader_to_the_rate_or_the_units(t):
    straight = told(Verdict.NOTHING_BENDS, t, RunSpec(activation="identity"), share=0.12)
    assert straight == t.sentences.nothing_bends.format(
        reach=reach(0.12, t), limit=t.sentences.limits.binary
    )
    other = told(Verdict.STALLED_OTHER, t, share=0.12)
    assert other == t.sentences.stalled_other.format(reach=reach(0.12, t))


@EVERY
@pytest.mark.parametrize("dataset", DATASETS.values(), ids=DATASETS)
def test_what_a_network_without_hidden_layers_draws_is_that_of_its_task(t, dataset):
    kind = dataset.task.value + ("" if dataset.inputs == 2 else "_many")
    text = told(Verdict.NO_HIDDEN_LAYER, t, RunSpec(dataset=dataset.key, depth=0))
    assert t.sentences.limits[kind] in text


def test_a_line_is_said_of_two_classes_in_a_plane_alone():
    for dataset in DATASETS.values():
        text = told(Verdict.NO_HIDDEN_LAYER, EN, RunSpec(dataset=dataset.key, depth=0))
        assert ("one straight line" in text) == (dataset.outputs == 1 and dataset.class_names != ())


@EVERY
def test_where_there_is_no_hidden_layer_nothing_is_said_of_layer_1(t):
    run = RunSpec(depth=0)
    for verdict in (Verdict.BEFORE, Verdict.TOO_EARLY, Verdict.LEARNING):
        text = told(verdict, t, run, share=1.0)
        assert reach(1.0, t) not in text
        assert text == t.sentences[f"{verdict.value}_line"]


@EVERY
def test_what_is_nearly_all_right_with_a_large_loss_is_not_said_to_have_little_error_left(t):
    sure, calm = (told(Verdict.LEARNT, t, loss=loss) for loss in (2.88, 0.69))
    assert sure == t.sentences.learnt_sure.format(score=score(RunSpec(), 0.97, t), loss="2.880")
    assert calm == t.sentences.learnt.format(score=score(RunSpec(), 0.97, t), loss="0.690")


@EVERY
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.verdict.value)
def test_the_words_of_a_verdict_name_only_numbers_that_its_rule_knows(t, rule):
    case = t.cases[rule.verdict.value]
    known = {name for name in rule.numbers if name in SIGNS}
    found = Diagnosis(
        verdict=rule.verdict, numbers={name: SIGNS[name] for name in known}, **NUMBERS
    )
    numbers = names_and_numbers(RunSpec(), found, 400, t)
    for text in (t.sentences[rule.verdict.value], case.what, case.number):
        assert {name for _, name, _, _ in Formatter().parse(text) if name} <= set(numbers)


# --- the table of rules ------------------------------------------------------------------------


@EVERY
def test_the_table_says_of_every_rule_its_signs_its_remedies_and_its_source(t):
    rows = rules_table(t, {Verdict.SYMMETRY}).splitlines()
    assert len(rows) == len(RULES) + 2
    for row, rule in zip(rows[2:], RULES, strict=True):
        assert row.count("|") == 5
        assert rule.source in row
        assert "{" not in row
        for sign in rule.signs:
            assert t.rules.numbers[sign.number] in row
            assert sign.fact or f"{sign.relation} {plain(sign.threshold)}" in row
        for key in {key for remedies in rule.remedies for key in remedies.split("+")}:
            usual = key in ("usual", "usual_relu", "usual_wide")
            assert (t.rules.usual if usual else t.laboratory.remedies[key]) in row
    marked = [row for row in rows if "←" in row]
    assert len(marked) == 1


@EVERY
def test_the_rows_of_different_verdicts_have_different_names(t):
    names = {verdict: title(verdict, t) for verdict in Verdict}
    assert all(names.values())
    same = [v for v in Verdict if list(names.values()).count(names[v]) > 1]
    # what is said first of them is the same, the signs differ
    assert {v.value.split("_")[0] for v in same} <= {"learning", "stalled", "zero", "symmetry"}
