"""The gallery: every result as a card, computed while one looks on, judged openly."""

import altair as alt
import pytest

from core.studies.catalogue import STUDIES
from core.studies.progress import Progress, Shelf, Start
from core.studies.study import Finding, Row
from pages import texts
from pages.charts import gallery as charts
from pages.charts.style import DARK, LIGHT
from pages.ui.house import GALLERY, TRAINING
from pages.ui.rooms import gallery
from tests.crossing import crossed
from tests.pages.charts.test_training import named
from tests.pages.ui.test_computing import press
from tests.pages.ui.test_pages import visit

every_language = pytest.mark.parametrize("language", texts.LANGUAGES)
T = texts.LANGUAGES["en"].text
QUICK = "speeds"


@pytest.fixture
def slices(monkeypatch):
    """Each look advances a study by a slice of this budget: "all" at first, then what is set."""
    shelf = Shelf(20)
    monkeypatch.setattr(gallery, "shelf", lambda: shelf)
    budget = {"seconds": float("inf")}
    monkeypatch.setattr(gallery, "compute", lambda progress, _: progress.advance(budget["seconds"]))
    return lambda seconds: budget.update(seconds=seconds)


def tables(app):
    return [frame.value for frame in app.dataframe]


@crossed(language=texts.LANGUAGES, key=STUDIES)
def test_every_result_opens_in_every_language_before_it_is_finished(language, key, slices):
    slices(0.0)
    app = visit("gallery", language=language, study=key)
    t = texts.LANGUAGES[language].text
    assert len(app.get("vega_lite_chart")) == len(STUDIES[key].panels)
    assert t.training.cancel in {button.label for button in app.button}
    open_ = set(tables(app)[0][t.gallery.verdict])
    assert t.gallery.verdicts.open in open_
    assert STUDIES[key].publication in {c.value for c in app.caption}


@every_language
def test_a_finished_result_says_that_it_holds(language, slices):
    app = visit("gallery", language=language, study=QUICK)
    t = texts.LANGUAGES[language].text
    assert [s.value for s in app.success] == [t.gallery.all_pass.format(count=4)]
    findings, overview = tables(app)
    assert list(findings[t.gallery.verdict]) == [t.gallery.verdicts.passes] * 4
    assert t.gallery.count.format(passed=4, count=4) in set(overview[t.gallery.verdict])
    assert len(overview) == len(STUDIES)
    assert t.training.cancel not in {button.label for button in app.button}


@every_language
def test_what_misses_its_tolerance_is_said_openly(language, slices, monkeypatch):
    study = STUDIES[QUICK]
    judge = study.judge

    def strict(table):
        first, *rest = judge(table)
        return (Finding(first.key, first.observed, low=1e9, at=first.at), *rest)

    monkeypatch.setitem(vars(study), "judge", strict)
    app = visit("gallery", language=language, study=QUICK)
    t = texts.LANGUAGES[language].text
    assert [w.value for w in app.warning] == [t.gallery.some_fail.format(count=4, failed=1)]
    assert tables(app)[0][t.gallery.verdict][0] == t.gallery.verdicts.fails


def test_a_result_that_is_cancelled_keeps_what_there_is_and_goes_on(slices):
    slices(0.0)
    app = press(visit("gallery", study=QUICK), T.training.cancel)
    told = [c.value for c in app.caption if c.value.startswith("Cancelled")]
    assert len(told) == 1
    app.run()
    assert told == [c.value for c in app.caption if c.value.startswith("Cancelled")]
    slices(float("inf"))
    press(app, T.training.resume)
    assert app.success


def test_another_random_start_is_another_run_of_the_same_result(slices):
    slices(0.0)
    app = press(visit("gallery", study=QUICK, study_seed="9999"), T.training.new_start)
    settings = app.session_state["session"].settings
    assert (settings["study"], settings.get("study_seed", "0")) == (QUICK, "0")


@pytest.mark.slow
def test_the_networks_of_a_result_open_in_the_laboratory(slices):
    slices(0.0)
    app = press(visit("gallery", study="rectifiers"), T.gallery.laboratory)
    query = app.session_state["session"].settings
    assert TRAINING.read(query)[1] == STUDIES["rectifiers"].lanes


def test_two_visitors_share_one_computation(slices):
    slices(0.0)
    visit("gallery", study=QUICK)
    held = gallery.shelf().find(Start(STUDIES[QUICK], 0))
    before = held.seen.share
    visit("gallery", study=QUICK)
    assert gallery.shelf().find(Start(STUDIES[QUICK], 0)) is held
    assert held.seen.share > before


def test_a_shelf_keeps_what_was_used_last():
    shelf = Shelf(2)
    first = shelf.get(Start(STUDIES["rectifiers"], 0))
    shelf.get(Start(STUDIES["rectifiers"], 1))
    assert shelf.get(Start(STUDIES["rectifiers"], 0)) is first
    shelf.get(Start(STUDIES["rectifiers"], 2))
    assert shelf.find(Start(STUDIES["rectifiers"], 1)) is None
    assert shelf.find(Start(STUDIES["rectifiers"], 0)) is first


# --- charts -------------------------------------------------------------------------------------


@crossed(colours=[LIGHT, DARK], key=STUDIES)
def test_every_figure_is_valid_and_needs_only_what_is_sent(key, colours):
    study = STUDIES[key]
    for language in texts.LANGUAGES.values():
        for panel in study.panels:
            chart = charts.figure(language.text, colours, study, panel, "told")
            assert isinstance(chart, alt.LayerChart)
            assert chart.to_dict()["description"] == "told"
            sent = charts.rows_table(language.text, panel, ())
            assert set(named(chart.to_dict())) == set(sent)


@pytest.mark.parametrize("key", STUDIES)
def test_every_word_of_a_result_is_there_in_every_language(key):
    study = STUDIES[key]
    findings = Progress(study).findings
    for language in texts.LANGUAGES.values():
        words = language.text.gallery
        assert words.setups[key]
        assert {f.key for f in findings} == set(words.findings[key])
        assert {p.key for p in study.panels} == set(words.panels[key])
        assert all(words.origins[f.origin] for f in findings)
    assert set(GALLERY.presets) == set(STUDIES)


def test_what_a_logarithm_cannot_show_is_left_out():
    panel = STUDIES["selfnormal"].panels[0]
    rows = [Row("signal", "tanh", 1, y) for y in (0.0, 0.5)] + [Row("other", "tanh", 1, 1.0)]
    sent = charts.rows_table(T, panel, rows)
    assert sent["measured"]["y"].to_pylist() == [0.5]
    assert sent["expected"].num_rows == 0


def test_words_in_the_name_of_a_line_are_translated_and_symbols_stay():
    japanese = texts.LANGUAGES["ja"].text
    assert charts.series_name(japanese, "L = 50, β = 0.1") == "50層, β = 0.1"
    assert charts.series_name(T, "batch norm") == "batch normalization"


def test_bounds_are_written_as_one_side_or_two():
    both, above, below = (
        Finding("x", 1.0, low=0.5, high=2.0),
        Finding("x", 1.0, low=0.5),
        Finding("x", 1.0, high=2.0),
    )
    written = [gallery.tolerated(T, finding) for finding in (both, above, below)]
    assert written == ["0.5000 to 2.000", "≥ 0.5000", "≤ 2.000"]


def test_between_powers_of_ten_the_grid_is_faint():
    (logarithmic, linear) = (
        charts.axis(alt.Y("y:Q"), "y", log=log).to_dict()["axis"] for log in (True, False)
    )
    opacity = logarithmic["gridOpacity"]
    assert opacity["value"] < 0.5 < opacity["condition"]["value"]
    assert "gridOpacity" not in linear
