"""The font that stands in on a machine without Japanese glyphs holds all that the texts need."""

import tomllib

import pytest
from fontTools.ttLib import TTFont

from pages.charts import fonts
from tests.browser.drive import ROOT
from tests.pages.texts.test_texts import ALL
from tools.font import FAMILY, FONTS

CONFIG = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))
FACES = CONFIG["theme"]["fontFaces"]


def ranges(text):
    for part in text.split(","):
        low, _, high = part.strip().removeprefix("U+").partition("-")
        yield range(int(low, 16), int(high or low, 16) + 1)


@pytest.mark.parametrize("face", FACES, ids=lambda face: face["url"])
def test_the_font_holds_every_character_of_the_japanese_texts(face):
    assert face["family"] == FAMILY
    assert FAMILY in CONFIG["theme"]["font"]
    assert CONFIG["server"]["enableStaticServing"]
    path = FONTS / face["url"].rpartition("/")[2]
    assert face["url"] == f"app/{path.relative_to(ROOT).as_posix()}"
    has = TTFont(path).getBestCmap()
    fetched = list(ranges(face["unicodeRange"]))
    text = "".join(leaf for leaf in ALL["ja"].values() if isinstance(leaf, str))
    japanese = {c for c in text if "\u3000" <= c <= "\u9fff" or "\uff00" <= c <= "\uffef"}
    assert len(japanese) > 300
    assert not [c for c in japanese if ord(c) not in has]
    assert not [c for c in japanese if not any(ord(c) in part for part in fetched)]


def test_the_licence_of_the_font_is_beside_it():
    assert "SIL OPEN FONT LICENSE" in (FONTS / "OFL.txt").read_text("utf-8")
    assert sum(path.stat().st_size for path in FONTS.iterdir()) < 600_000


def test_exported_pictures_have_the_same_characters_and_all_small_digits():
    picture, page = (TTFont(FONTS / f"lesson-regular.{kind}") for kind in ("ttf", "woff2"))
    assert picture["name"].getDebugName(1) == FAMILY == fonts.FAMILY
    assert fonts.FOLDER == FONTS
    assert picture.getBestCmap().keys() == page.getBestCmap().keys()
    assert {ord(c) for c in "⁰¹²³⁴⁵⁶⁷⁸⁹⁻₀₁₂₃₄₅₆₇₈₉"} <= picture.getBestCmap().keys()
