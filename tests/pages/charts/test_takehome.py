"""What is taken home: one file, pictures, tables, scripts; and only when asked for."""

import csv
import io
import json
import re
import zipfile
from datetime import datetime

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from core.runs.recording import Recording
from core.runs.training import RunSpec
from pages import texts
from pages.charts import fonts, takehome, training
from pages.charts.measures import MEASURES
from pages.charts.style import DARK, LIGHT
from pages.charts.takehome import Asset, Figure, Part, View
from pages.ui.house import ROOMS
from tests.crossing import few_of
from tests.pages.ui.test_pages import SHORT, visit

EN, JA = texts.LANGUAGES["en"].text, texts.LANGUAGES["ja"].text
EVIL = "</script><b>&\"'"
BOTH = pytest.mark.parametrize("t", [EN, JA], ids=["en", "ja"])


def figures(t, colours=LIGHT):
    recording = Recording(RunSpec(depth=2, epochs=5, samples=40))
    recording.advance()
    run = recording.run
    plane = training.picture_of(run.source)(t, colours, run.source, "The plane.")
    ladder = training.ladder(
        t, colours, "#123456", training.MeasureAxis("delta", 2), 2, "The layers."
    )
    frames = training.frames_table(recording.frames, run, t)
    layers = training.ladder_table(recording.history, MEASURES["delta"], 0)
    points = training.points_table(run)
    return [
        Figure("plane", plane.to_dict(), {"frames": frames, "points": points}, "0"),
        Figure("ladder", ladder.to_dict(), {"ladder": layers}, "0"),
    ]


def view(t, colours=LIGHT, **parts):
    asset = Asset("<i></i>", "i { color: red }", "const one = 1;\nexport default function () {}")
    items = [Part("caption", asset, {"name": EVIL}, "0"), *figures(t, colours)]
    named = {"key": "training", "title": EVIL, "lead": EVIL, "link": "http://a/?b=1&c=2"}
    return View(**(named | parts), items=items)


def page_of(text):
    return json.loads(re.search(r"^const page = (.*);$", text, re.M)[1])


@BOTH
def test_the_file_holds_every_chart_with_its_data_and_every_part(t):
    page = page_of(takehome.html(view(t), t, LIGHT))
    caption, plane, ladder = page["items"]
    assert caption["data"]["name"] == EVIL
    assert len(plane["spec"]["datasets"]["points"]) == 40
    assert [row["layer"] for row in ladder["spec"]["datasets"]["ladder"]] == [1, 2, 3]
    assert {item["lane"] for item in page["items"]} == {"0"}
    assert page["parts"] == {"caption": "<i></i>"}


def test_nothing_in_the_file_is_markup_that_was_a_word_before():
    text = takehome.html(view(EN), EN, LIGHT)
    assert text.count("</script>") == 2
    assert "<b>" not in text.replace(takehome.bundle(), "")


def test_the_file_asks_for_nothing_from_elsewhere():
    text = takehome.html(view(JA), JA, LIGHT).replace(takehome.bundle(), "")
    assert not re.search(r"<(link|img|iframe)\b|<script[^>]*src|@import|url\([\"']?http", text)


@BOTH
def test_the_file_brings_japanese_glyphs_where_it_has_japanese_words(t):
    text = takehome.html(view(t), t, LIGHT)
    assert text.count("@font-face") == (2 if t is JA else 0)
    assert f'<html lang="{t.common.key}">' in text


def test_the_file_has_the_colours_of_the_readers_theme():
    text = takehome.html(view(EN, DARK), EN, DARK)
    assert f"--st-background-color: {DARK.paper}" in text
    config = page_of(text)["items"][1]["spec"]["config"]
    assert config["background"] == DARK.paper
    assert config["axis"]["titleColor"] == DARK.faint
    assert config["view"]["stroke"] == "transparent"


def test_nan_is_null_in_the_file():
    table = pa.table({"x": [1.0, np.nan, np.inf], "text": ["a", None, "b"]})
    assert takehome.rows(table) == [
        {"x": 1.0, "text": "a"},
        {"x": None, "text": None},
        {"x": None, "text": "b"},
    ]


@BOTH
def test_a_zip_holds_every_chart_as_png_and_svg_and_its_tables(t):
    made = takehome.archive(view(t), LIGHT, datetime(2026, 1, 2, 3, 4, 6))
    with zipfile.ZipFile(io.BytesIO(made)) as folder:
        assert folder.testzip() is None
        files = {info.filename: folder.read(info) for info in folder.infolist()}
        assert folder.infolist()[0].date_time == (2026, 1, 2, 3, 4, 6)
    assert set(files) == {
        *("training-01-plane.png", "training-01-plane.svg", "training-01-plane-points.csv"),
        *("training-01-plane-frames.csv", "training-02-ladder.png", "training-02-ladder.svg"),
        "training-02-ladder-ladder.csv",
    }
    picture = Image.open(io.BytesIO(files["training-02-ladder.png"]))
    assert picture.width == 2 * takehome.WIDTH
    assert len(np.unique(np.asarray(picture.convert("L")))) > 20
    assert (b"@font-face" in files["training-02-ladder.svg"]) == (t is JA)


def test_a_picture_shows_the_last_epoch_alone():
    plane, ladder = (takehome.svg(figure, LIGHT) for figure in figures(EN))
    assert plane.count("<image") == 1
    assert 'aria-label="' in plane
    assert "data:image" not in "".join(re.findall(r'aria-label="[^"]*"', plane))
    assert (
        ladder.count('aria-roledescription="point"')
        == figures(EN)[1].tables["ladder"].num_rows
        == 3
    )


def test_a_japanese_picture_is_drawn_with_the_font_that_comes_along():
    drawn = takehome.svg(figures(JA)[1], LIGHT)
    assert set(re.findall(r'font-family="([^"]*)"', drawn)) == {fonts.PICTURES}
    assert JA.training.towards_input in drawn
    assert takehome.png(drawn) != takehome.png(drawn.replace(fonts.PICTURES, "sans-serif"))


def test_a_table_has_no_pictures_and_says_that_it_is_utf_8_only_where_it_must():
    plane, _ = figures(EN)
    text = takehome.csv(plane.tables["frames"]).decode("ascii")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [*rows[0]] == ["epoch", "across", "down", "note", "picture", "flat"]
    assert len(rows) == 6
    japanese = takehome.csv(pa.table({"名": ["誤差"]}))
    assert japanese.decode("utf-8-sig").split() == ['"名"', '"誤差"']
    assert japanese.startswith(b"\xef\xbb\xbf")


# On the pages


def downloads(app):
    """The buttons of this popover; a page may have its own."""
    protos = [button.proto for button in app.get("download_button")]
    return [proto for proto in protos if "-download_" in proto.id]


def pressed(app, kind):
    next(button for button in app.button if button.key == f"prepare_{kind}").click().run()
    assert not app.exception
    return downloads(app)


@pytest.mark.parametrize("page", few_of(ROOMS, 2))
def test_every_page_can_be_taken_home_when_asked_for(page):
    app = visit(page, **SHORT)
    assert not downloads(app)
    for kind in [
        b.key.removeprefix("prepare_") for b in app.button if b.key and "prepare" in b.key
    ]:
        assert len(pressed(app, kind)) == 1, kind
    app.run()
    assert not downloads(app)


def test_the_training_page_offers_one_script_for_each_lane():
    app = visit("training", lanes="3", epochs="3", samples="40", **{"2.activation": "tanh"})
    assert [button.label for button in pressed(app, "script")] == ["sigmoid", "tanh", "sigmoid"]
    app = visit("activations")
    assert "prepare_script" not in {button.key for button in app.button}


@pytest.mark.parametrize("framework", ["pytorch", "keras"])
def test_a_program_is_offered_where_its_framework_does_the_same(framework):
    app = visit("training", norm="batch", **SHORT | {"lanes": "2", "2.norm": "none"})
    assert [button.label for button in pressed(app, framework)] == ["sigmoid"]
    assert any("Normalization" in caption.value for caption in app.caption)


def test_nothing_is_offered_while_it_is_still_being_computed():
    app = visit("training", lanes="1", depth="30", width="64", epochs="2000", language="en")
    assert not [button.key for button in app.button if str(button.key).startswith("prepare_")]
    assert EN.takehome.wait in [caption.value for caption in app.caption]


def test_what_is_below_the_lanes_comes_along_too(monkeypatch):
    views = []
    monkeypatch.setattr(takehome, "html", lambda view, *_: views.append(view) or "<html>")
    for tool in ("none", "factors"):
        app = visit("training", tool=tool, depth="2", **SHORT)
        pressed(app, "page")
        assert len(views[-1].figures) == len(app.get("vega_lite_chart"))
        assert [figure.lane for figure in views[-1].figures[:3]] == ["0"] * 3
    assert len(views[1].figures) > len(views[0].figures)
    assert {figure.lane for figure in views[1].figures[3:]} == {""}
