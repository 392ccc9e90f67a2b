"""A visitor's own data on the training page: brought, chosen from, linked to, and kept apart."""

from __future__ import annotations

import pyarrow as pa
import pytest

from core.data.tables import Flaw, TableError, suggested, tabulate
from core.runs.cost import STEPS
from pages import texts
from pages.charts import training as charts
from pages.charts.style import DARK, LIGHT
from pages.files.reading import Reading, read
from pages.ui.rooms.training import laboratory
from pages.ui.widgets import owndata
from pages.ui.widgets.show import shared, specification
from tests.core.data.test_tables import FORMS, flowers, grown, spoiled
from tests.crossing import crossed
from tests.pages.ui.test_pages import SHORT, settings, visit, widget

every_language = pytest.mark.parametrize("language", texts.LANGUAGES)
EVIL = "<img src=x onerror=alert(1)>"
MARKUP = grown(f"{EVIL},**b** $x$ :red[c],`d`").replace("A", "[l](http://x)")


def upload(app, content=None, name="mine.csv", key="own"):
    raw = grown().encode() if content is None else content
    uploader = next(u for u in app.get("file_uploader") if u.key.startswith(f"{key}.upload"))
    uploader.set_value((name, raw, "text/csv"))
    app.run()
    assert not app.exception
    return app


def button(app, key):
    return next(b for b in app.button if b.key == key)


def sentences(app):
    return [e.value for e in [*app.error, *app.info, *app.warning]]


def test_a_file_is_learnt_from_at_once_and_the_link_names_it():
    app = upload(visit("training", **SHORT))
    assert len(app.get("vega_lite_chart")) == 3
    assert settings(app)["file"] == read(grown()).file
    assert (settings(app)["inputs"], settings(app)["answer"]) == ("1-2", "3")
    assert any("mine.csv" in caption.value for caption in app.caption)
    assert not any(w.key == "dataset" for w in app.selectbox)


def test_a_file_takes_the_place_of_the_race_s_data():
    app = visit("training")
    app = upload(app)
    assert len(app.get("vega_lite_chart")) == 9


def test_pasted_text_and_the_example_are_learnt_from_too():
    app = visit("training", **SHORT)
    next(a for a in app.text_area if a.key.startswith("own.paste")).set_value(grown()).run()
    button(app, "own.use_text").click().run()
    assert settings(app)["file"] == read(grown()).file
    button(app, "own.use_example").click().run()
    assert widget(app, "own.answer").value == 5
    assert len(app.get("vega_lite_chart")) == 3
    assert not app.exception


@every_language
def test_the_example_can_be_read_in_every_language(language):
    text = texts.LANGUAGES[language].text
    sheet = read(owndata.example(text))
    assert len(sheet.cells) == 150
    assert sheet.names[-1] == text.owndata.species
    assert sheet.cells[0][-1] == "setosa"


def test_what_is_wrong_is_said_and_the_page_keeps_what_it_had():
    app = visit("training", **SHORT)
    before = dict(settings(app))
    upload(app, spoiled("x").encode())
    assert "Row 5" in app.error[0].value
    assert "`x`" in app.error[0].value
    assert len(app.get("vega_lite_chart")) == 3
    assert dict(settings(app)) == before
    upload(app, b"")
    assert len(app.error) == 1
    upload(app)
    assert not app.error


def test_a_column_with_a_flaw_can_be_left_out():
    app = visit("training", **SHORT)
    lines = spoiled("x").splitlines()
    more = "\n".join(f"{line},{'c' if k == 0 else k}" for k, line in enumerate(lines))
    upload(app, more.encode())
    assert app.error
    next(w for w in app.multiselect if w.key == "own.inputs").set_value([2, 4]).run()
    assert not app.error
    assert settings(app)["inputs"] == "2,4"


def test_another_answer_may_be_chosen_and_a_flawed_choice_changes_nothing():
    app = upload(visit("training", **SHORT))
    next(w for w in app.multiselect if w.key == "own.inputs").set_value([]).run()
    assert "at least 1 column" in app.error[0].value
    assert settings(app)["inputs"] == "1-2"
    assert len(app.get("vega_lite_chart")) == 3
    widget(app, "own.answer").set_value(1).run()
    assert not app.error
    assert "answer" not in settings(app)  # the first, as in an empty link
    assert settings(app)["inputs"] == "3"  # what was to be predicted is given now


def test_a_link_without_its_file_asks_for_it_and_keeps_the_rest():
    mine = upload(visit("training", **SHORT, depth="2"))
    link = dict(settings(mine))
    app = visit("training", **link)
    assert read(grown()).file[:8] in app.info[0].value
    assert not app.get("vega_lite_chart")
    assert widget(app, "depth").value == 2
    widget(app, "depth").set_value(3).run()
    assert settings(app)["file"] == link["file"]
    upload(app, grown().encode("utf-8-sig"), key="needed")
    assert not app.info
    assert len(app.get("vega_lite_chart")) == 3
    assert dict(settings(app)) == link | {"depth": "3"}


def test_a_link_brings_back_the_chosen_columns():
    link = {"file": read(grown("a,b,kind,c", "{a},{b},{kind},{b}")).file, "inputs": "1,4"}
    app = visit("training", **SHORT, **link, answer="3")
    upload(app, grown("a,b,kind,c", "{a},{b},{kind},{b}").encode(), key="needed")
    assert settings(app)["inputs"] == "1,4"
    assert widget(app, "own.answer").value == 3


def test_another_file_than_the_link_s_is_used_only_on_request():
    app = visit("training", **SHORT, file="0" * 16, inputs="1-2", answer="3")
    upload(app, key="needed")
    assert settings(app)["file"] == "0" * 16
    assert "another file" in app.warning[0].value
    next(b for b in app.button if b.label == "Use this one instead").click().run()
    assert settings(app)["file"] == read(grown()).file
    assert len(app.get("vega_lite_chart")) == 3


def test_a_link_may_be_opened_without_its_file():
    app = visit("training", **SHORT, file="0" * 16, inputs="1-2", answer="3", depth="2")
    next(b for b in app.button if b.label == "Continue without the file").click().run()
    assert "file" not in settings(app)
    assert widget(app, "depth").value == 2
    assert len(app.get("vega_lite_chart")) == 3


def test_columns_that_the_link_s_file_does_not_have_are_named():
    app = visit("training", **SHORT, file=read(grown()).file, inputs="1-2", answer="77")
    upload(app, key="needed")
    assert "there are 3" in app.error[0].value
    widget(app, "needed.answer").set_value(3).run()
    assert not app.error
    assert len(app.get("vega_lite_chart")) == 3


def test_nobody_reaches_the_data_of_another_visitor():
    mine = upload(visit("training", **SHORT), grown("mine_a,mine_b,kind").encode())
    link = dict(settings(mine))
    other = visit("training", **link)
    assert not other.get("vega_lite_chart")
    assert "own" not in other.session_state or not other.session_state["own"].files
    shown = " ".join(str(element) for element in [*other.main, *other.sidebar])
    assert "mine" not in shown
    upload(other, grown("other_a,other_b,kind").encode(), key="needed")
    assert "mine" not in " ".join(str(element) for element in [*other.main, *other.sidebar])
    mine.run()
    assert "other" not in {name for held in mine.session_state["own"].files for name in held.name}
    assert dict(settings(mine)) == link


def test_removed_data_are_forgotten_and_a_question_leaves_them():
    app = upload(visit("training", **SHORT))
    button(app, "own.drop").click().run()
    assert "file" not in settings(app)
    assert not app.session_state["own"].files
    assert widget(app, "dataset").value == "xor"
    assert not any(u.value for u in app.get("file_uploader"))


def test_a_question_takes_its_own_data_and_undo_brings_back_the_file():
    app = upload(visit("training", **SHORT))
    link = dict(settings(app))
    group = next(w for w in app.get("button_group") if w.key == "training_more")
    group.set_value("line").run()
    assert "file" not in settings(app)
    next(b for b in app.button if b.label == "Undo").click().run()
    assert dict(settings(app)) == link
    assert len(app.get("vega_lite_chart")) == 3


@pytest.mark.parametrize(
    "tool", ["factors", "sums", "units", "seeds", "why", "remedies", "compare"]
)
def test_every_instrument_works_on_own_data(tool):
    app = upload(visit("training", **SHORT, tool=tool))
    assert not app.exception
    assert not app.error
    assert len(app.get("vega_lite_chart")) >= 3


def test_a_remedy_is_tried_on_the_same_data(monkeypatch):
    monkeypatch.setattr(laboratory, "compute", lambda trial, budget, spare: trial.advance())
    easy = "a,b,kind\n" + "\n".join(f"{k / 2},{k * 7 % 11},{'AB'[k > 15]}" for k in range(32))
    app = visit("training", **SHORT, tool="why", activation="tanh", initializer="zeros")
    upload(app, easy.encode())
    while app.get("progress"):
        app.run()
    next(b for b in app.button if str(b.key).startswith("remedy:")).click().run()
    assert settings(app)["file"] == read(easy).file
    assert settings(app)["lanes"] == "2"


def test_other_pages_leave_the_file_alone():
    app = upload(visit("training", **SHORT))
    app.switch_page("pages/activations.py").run()
    app.switch_page("pages/training.py").run()
    assert settings(app)["file"] == read(grown()).file
    assert len(app.get("vega_lite_chart")) == 3


# --- what was read, and what is wrong with it -----------------------------------------------


def box(app, key):
    return next(w for w in [*app.selectbox, *app.radio, *app.toggle] if w.key == key)


def told(app):
    return "\n".join(e.value for e in [*app.markdown, *app.caption, *app.error, *app.info])


def test_the_first_rows_are_shown_and_the_header_can_be_corrected():
    text = "\n".join(f"{k},{k * k},{'AB'[k % 2]}" for k in range(30))
    app = upload(visit("training", **SHORT), text.encode())
    assert list(app.dataframe[0].value.columns) == ["#1", "#2", "#3"]
    assert not box(app, "own.header").value
    before = settings(app)["file"]
    box(app, "own.header").set_value(True).run()
    assert list(app.dataframe[0].value.columns) == ["0", "0 (2)", "A"]
    assert settings(app)["header"] == "yes"
    assert settings(app)["file"] != before
    assert box(app, "own.header").value
    assert len(app.get("vega_lite_chart")) == 3


def test_the_choice_of_a_header_keeps_the_columns_that_were_chosen():
    app = upload(visit("training", **SHORT), grown("a,b,kind,c", "{a},{b},{kind},{b}").encode())
    next(w for w in app.multiselect if w.key == "own.inputs").set_value([1, 4]).run()
    box(app, "own.header").set_value(False).run()
    box(app, "own.header").set_value(True).run()
    assert "1" in settings(app)["inputs"]
    assert not app.error


def test_separator_and_encoding_are_told_and_can_be_corrected():
    towns = ["Orléans", "Béziers"]
    lines = [f"{k},5;{k * k},25;{towns[k % 2]}" for k in range(30)]
    app = upload(visit("training", **SHORT), "\n".join(["a;b;ville", *lines]).encode("latin-1"))
    assert "`Béziers Orléans`" in told(app) or "`Orléans Béziers`" in told(app)
    assert box(app, "own.encoding").value == "auto"
    box(app, "own.encoding").set_value("mac-roman").run()
    assert settings(app)["encoding"] == "mac-roman"
    assert app.dataframe[0].value["ville"].iloc[0] == "OrlÈans"
    box(app, "own.encoding").set_value("auto").run()
    assert "encoding" not in settings(app)
    box(app, "own.separator").set_value("tab").run()
    assert "Only one column was found" in app.error[0].value
    assert "separator" not in settings(app)  # the page keeps what it had
    assert len(app.get("vega_lite_chart")) == 3
    assert app.code[0].value.startswith("a;b;ville")
    box(app, "own.separator").set_value("semicolon").run()
    assert not app.error
    assert settings(app)["separator"] == "semicolon"


def test_a_file_that_cannot_be_read_can_be_corrected_until_it_can():
    text = "note\n" + "\n".join(f"{k}~{k * k}~{'AB'[k % 2]}" for k in range(30))
    app = upload(visit("training", **SHORT), text.encode())
    assert "Only one column was found" in app.error[0].value
    assert app.code[0].value.splitlines()[1] == "0~0~A"
    upload(app)
    assert not app.error
    assert not app.code


def test_a_row_that_does_not_fit_is_named_with_the_separator():
    text = grown("a;b;kind", "{a};{b};{kind}").replace("\n3.5;", "\n3.5;;", 1)
    app = upload(visit("training", **SHORT), text.encode())
    assert app.error[0].value.startswith("Separated by semicolons, row 5 has 4 cells")


@every_language
def test_rows_that_hold_no_sample_are_named(language):
    text = "My table\n\n" + grown() + "Total,,\n"
    app = upload(visit("training", language=language, **SHORT), text.encode())
    t = texts.LANGUAGES[language].text
    line = next(c.value for c in app.caption if c.value.startswith(t.owndata.skipped.lead))
    for words in (t.owndata.skipped.above, "`My table`", t.owndata.skipped.below, "`Total`", "34"):
        assert words in line


@every_language
def test_gaps_are_counted_by_column_and_left_out_or_filled(language):
    rows = ["a,b,kind"]
    for k in range(40):
        rows.append(f"{k / 3 if k % 5 else ''},{k % 7 if k != 9 else 'NA'},{'AB'[k % 2]}")
    rows[12] = "1,2,?"
    app = upload(visit("training", language=language, **SHORT), "\n".join(rows).encode())
    t = texts.LANGUAGES[language].text.owndata
    counts = {"a": 8, "b": 1, "kind": 1}
    gap = [t.gap.format(name=f"`{name}`", count=count) for name, count in counts.items()]
    assert t.gaps.format(counts=t_comma(language).join(gap)) in told(app)
    assert t.gap_ways.leave.format(count=9) in box(app, "own.missing").options
    assert t.gaps_answer.format(count=1) in told(app)
    assert box(app, "own.missing").value == "leave"
    assert t.in_use_left.format(count=10) in told(app)
    box(app, "own.missing").set_value("fill").run()
    assert settings(app)["missing"] == "fill"
    assert t.in_use_left.format(count=1) in told(app)
    assert len(app.get("vega_lite_chart")) == 3
    assert not app.error


def t_comma(language):
    return texts.LANGUAGES[language].text.numbers.comma


@every_language
def test_columns_that_are_not_learnt_from_are_listed_with_the_reason(language):
    head = "no,day,name,same,empty,sex,a,kind"
    rows = [
        f"{k + 1},2026-01-{k + 1:02},person {k},7,,{'fm'[k % 3 == 0]},{k / 3:.2f},{'AB'[k % 2]}"
        for k in range(30)
    ]
    app = upload(visit("training", language=language, **SHORT), "\n".join([head, *rows]).encode())
    reasons = texts.LANGUAGES[language].text.owndata.objections
    for name, reason in {
        "no": reasons.row_numbers,
        "day": reasons.dates,
        "name": reasons.many_words.format(count=30, limit=10),
        "same": reasons.one_value,
        "empty": reasons.empty,
    }.items():
        assert f"`{name}`: {reason}" in told(app)
    assert settings(app)["inputs"] == "6-7"
    next(w for w in app.multiselect if w.key == "own.inputs").set_value([6]).run()
    assert f"`a`: {reasons.not_chosen}" in told(app)


@every_language
def test_a_file_that_is_too_large_gets_our_own_sentence_and_is_not_kept(language):
    app = visit("training", language=language, **SHORT)
    upload(app, b"1,2,A\n" * 1_000_000)
    t = texts.LANGUAGES[language].text.owndata
    assert app.error[0].value == t.flaws.too_large.format(limit=2)
    assert app.session_state["own"].unread is None
    assert not any(u.value for u in app.get("file_uploader"))


def test_a_spreadsheet_is_refused_in_a_sentence_whatever_its_ending():
    app = upload(visit("training", **SHORT), b"PK\x03\x04\x00\x00" * 20, name="table.xlsx")
    assert "save the table as CSV first" in app.error[0].value
    upload(app, name="iris.data")
    assert not app.error


# --- few columns, few rows --------------------------------------------------------------------

CURVE = "x,y\n" + "\n".join(f"{k / 3:.2f},{k * k / 7:.2f}" for k in range(30))
CORNERS = "a,b,y\n0,0,0\n0,1,1\n1,0,1\n1,1,0"


def sent(app, place=0):
    """The tables of a chart."""
    chart = app.get("vega_lite_chart")[place].proto
    return {named.name: pa.ipc.open_stream(named.data.data).read_all() for named in chart.datasets}


def test_two_columns_are_a_curve_through_the_points():
    app = upload(visit("training", **SHORT), CURVE.encode())
    assert settings(app)["goal"] == "number"
    tables = sent(app)
    assert tables["points"].num_rows == 30
    assert len(tables["frames"]["heights"][0].as_py().split()) == STEPS
    assert not app.info
    assert not app.error


@every_language
def test_of_four_rows_all_train_and_the_page_says_that_nothing_is_measured(language):
    app = upload(visit("training", language=language, **SHORT), CORNERS.encode())
    t = texts.LANGUAGES[language].text
    assert app.info[0].value == t.owndata.untested.format(rows=4, limit=20)
    course = app.get("vega_lite_chart")[2].proto
    assert t.training.test_accuracy not in course.spec
    assert t.training.jitter_note not in told(app)
    assert not app.error


SMALL = {
    "a curve": CURVE,
    "one input of two classes": "x,kind\n" + "\n".join(f"{k},{'AB'[k > 9]}" for k in range(30)),
    "four corners": CORNERS,
    "four rows of three inputs": "a,b,c,y\n1,2,3,u\n2,3,5,v\n4,3,1,u\n2,2,1,v",
    "four rows and a number": "a,b,c,y\n1,2,3,1.5\n2,3,5,2.5\n4,3,1,3.5\n2,2,1,9.5",
}
TOOLS = ("factors", "sums", "units", "seeds", "why", "remedies", "compare")


@crossed(few=SMALL, tool=TOOLS)
def test_every_instrument_works_on_few_columns_and_rows(tool, few):
    app = upload(visit("training", **SHORT, tool=tool), SMALL[few].encode())
    assert not app.error
    assert len(app.get("vega_lite_chart")) >= 3


# --- a link and a file ------------------------------------------------------------------------


def test_a_link_holds_how_the_file_is_read_and_the_same_file_opens_the_same():
    text = "\n".join(f"{k / 3:.2f},{k * k},{'AB'[k % 2]}" for k in range(30))
    mine = upload(visit("training", **SHORT), text.encode())
    box(mine, "own.header").set_value(True).run()
    link = dict(settings(mine))
    assert link["header"] == "yes"
    other = visit("training", **link)
    assert not other.get("vega_lite_chart")
    upload(other, text.encode(), key="needed")
    assert dict(settings(other)) == link
    assert len(other.get("vega_lite_chart")) == 3


def test_a_link_made_when_the_first_row_was_taken_for_a_header_still_opens():
    text = "0,?,0.5,a\n" + "\n".join(f"{k},{k + 1},{k}.5,{'ab'[k % 2]}" for k in range(1, 30))
    old = read(text, Reading(header="yes"))
    app = visit("training", **SHORT, file=old.file, inputs="1-3", answer="4")
    upload(app, text.encode(), key="needed")
    assert not app.warning
    assert settings(app)["file"] == old.file
    assert settings(app)["header"] == "yes"
    assert len(app.get("vega_lite_chart")) == 3


def test_fingerprints_are_what_they_were():
    """Fingerprints in links made before files were read in a separate room."""
    assert read(grown()).file == "b0da40eaa148aa53"
    assert read(grown("a;b;kind", "{a};{b};{kind}").replace(".", ",")).file == "8732f62c7be90fae"
    japanese = grown("身長,体重,種類").replace("A", "犬").replace("B", "猫①")
    assert read(japanese.encode("cp932")).file == "b895fc62c5676838"
    assert read(grown(head="")).file == "f6f164fff8c5e64e"


# --- a visitor's words --------------------------------------------------------------------------


@every_language
@pytest.mark.parametrize("flaw", Flaw)
def test_every_flaw_has_a_sentence_in_which_nothing_is_markup(language, flaw):
    t = texts.LANGUAGES[language].text
    evil = "`**b** <i>\n" + "x" * 99
    told = owndata.told(TableError(flaw, row=3, column=evil, value=evil, limit=20), t)
    outside = told.split("`")[::2]
    assert told.count("`") % 2 == 0
    assert not any("**" in part or "<i>" in part for part in outside)
    assert "\n" not in told
    assert len(told) < 300
    assert "{" not in told


def test_the_names_of_a_file_are_never_markdown():
    app = upload(visit("training", **SHORT), MARKUP.encode(), name=EVIL + "`**b**`.csv")
    marks = [e.value for e in [*app.markdown, *app.caption, *app.error]]
    for text in marks:
        outside = "".join(text.split("`")[::2])
        assert EVIL not in outside
        assert ":red[" not in outside
        assert "**b**" not in outside


@crossed(language=texts.LANGUAGES, colours=[LIGHT, DARK], form=FORMS)
def test_every_form_of_own_data_is_a_valid_chart(language, colours, form):
    dataset = FORMS[form][0]().dataset
    chart = charts.picture_of(dataset)
    spec = chart(texts.LANGUAGES[language].text, colours, dataset, "what it shows").to_dict()
    assert spec["description"]
    assert "datasets" not in spec


def test_a_chart_of_own_data_is_kept_no_longer_than_the_data():
    t = texts.LANGUAGES["en"].text
    own, before = flowers(inputs=(3, 4)).dataset, shared.cache_info().currsize
    arguments = (charts.plane, t, LIGHT, own, "what it shows")
    assert specification(*arguments)["layer"] is specification(*arguments)["layer"]
    assert shared.cache_info().currsize == before


def test_classes_whose_short_names_are_equal_stay_apart():
    long = "a" * 60
    text = grown().replace("A", long + "1").replace("B", long + "2")
    names = charts.shown_names(tabulate(read(text), suggested(read(text))).dataset)
    assert len(set(names)) == 2
    assert max(map(len, names)) < 30
