"""A visitor's own data on the training page: brought, chosen from, linked to, and kept apart."""

from __future__ import annotations

import pytest

from core.data.tables import Flaw, TableError, suggested, tabulate
from pages import texts
from pages.charts import training as charts
from pages.charts.style import DARK, LIGHT
from pages.files.reading import read
from pages.ui.widgets import owndata
from pages.ui.widgets.show import shared, specification
from tests.core.data.test_tables import FORMS, flowers, grown, spoiled
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
    next(b for b in app.button if b.label == "Go on without the file").click().run()
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


def test_a_remedy_is_tried_on_the_same_data():
    app = upload(visit("training", **SHORT, tool="why", activation="sigmoid", depth="8"))
    next(b for b in app.button if str(b.key).startswith("remedy:")).click().run()
    assert settings(app)["file"] == read(grown()).file
    assert settings(app)["lanes"] == "2"


def test_other_pages_leave_the_file_alone():
    app = upload(visit("training", **SHORT))
    app.switch_page("pages/activations.py").run()
    app.switch_page("pages/training.py").run()
    assert settings(app)["file"] == read(grown()).file
    assert len(app.get("vega_lite_chart")) == 3


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


@every_language
@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("form", FORMS)
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
