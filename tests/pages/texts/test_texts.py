"""Texts: all languages say the same things, and nothing that a reader meets is without a name."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields
from string import Formatter

import pytest

from core.data.datasets import DATASETS
from core.domain import Choice, Several
from core.nn.activations import ACTIVATIONS
from core.runs.diagnosis import Verdict
from core.runs.presets import PRESETS
from core.runs.recording import History
from core.runs.training import RunSpec
from pages.charts.measures import MEASURES
from pages.texts import FOLDER, LANGUAGES, read
from pages.ui.house import SPECS

EVERY = pytest.mark.parametrize("code", LANGUAGES)
FIELDS = [(spec, name) for spec in SPECS for name in spec.domains()]
ENTRIES = {
    key: entry
    for spec in SPECS
    for domain in spec.domains().values()
    if isinstance(domain, Choice | Several)
    for key, entry in domain.options.items()
    if hasattr(entry, "name") or isinstance(entry, str)
}


def leaves(branch, path=()):
    """Every text by its path: ("training", "title")."""
    for key, value in branch.items():
        if isinstance(value, dict):
            yield from leaves(value, (*path, key))
        else:
            yield (*path, key), value


def placeholders(text):
    """The names in braces; LaTeX is never filled in, and its braces are its own."""
    if "\\" in text:
        return []
    return sorted(name for _, name, _, _ in Formatter().parse(text) if name is not None)


SOURCES = [path.read_text("utf-8") for path in FOLDER.parent.rglob("*.py")]
ALL = {code: dict(leaves(read(code))) for code in LANGUAGES}


def test_there_are_at_least_english_and_japanese():
    assert {"en", "ja"} <= set(LANGUAGES)
    assert {path.name for path in FOLDER.iterdir() if path.is_dir()} - {"__pycache__"} == set(
        LANGUAGES
    )


@EVERY
def test_every_language_has_the_same_texts(code):
    assert set(ALL[code]) == set(ALL["en"])


@EVERY
def test_every_text_has_the_same_placeholders_in_every_language(code):
    for path, text in ALL[code].items():
        other = ALL["en"].get(path)
        assert type(text) is type(other), path
        if isinstance(text, str):
            assert placeholders(text) == placeholders(other), path
            assert all(name.isidentifier() for name in placeholders(text)), path


@EVERY
def test_every_text_says_something_and_is_tidy(code):
    for path, text in ALL[code].items():
        if isinstance(text, str) and any(map(str.isalnum, text)):  # the others separate
            assert text == text.strip(), path
            assert "  " not in text, path
            assert "TODO" not in text, path
            assert not re.search(r"[0-9}]\s%", text), f"{path}: a line may end before the sign"


@EVERY
def test_a_language_names_itself(code):
    assert LANGUAGES[code].key == LANGUAGES[code].text.common.key == code
    assert LANGUAGES[code].name == LANGUAGES[code].text.common.language


def test_no_text_that_can_be_translated_was_left_in_english():
    """A sentence of several words that is the same in both languages was forgotten."""
    for path, text in ALL["ja"].items():
        if isinstance(text, str) and text == ALL["en"][path]:
            words = [word for word in text.split() if word.isascii() and word.isalpha()]
            assert len(words) < 3, path


@EVERY
@pytest.mark.parametrize(("spec", "name"), FIELDS, ids=lambda v: getattr(v, "__name__", v))
def test_every_setting_has_a_label(code, spec, name):
    assert LANGUAGES[code].text.settings[name]


@EVERY
def test_there_is_no_label_or_help_for_a_setting_that_is_gone(code):
    known = {name for _, name in FIELDS}
    named = set(re.findall(r"\bsettings\.(\w+)", "".join(SOURCES)))
    assert {path[1] for path in ALL[code] if path[0] == "settings"} <= known | named
    assert {path[1] for path in ALL[code] if path[0] == "help"} <= known


@EVERY
@pytest.mark.parametrize("key", ENTRIES)
def test_every_entry_has_a_translation_or_a_proper_name(code, key):
    options = LANGUAGES[code].text.options
    assert options.get(key, getattr(ENTRIES[key], "name", None))


@EVERY
def test_there_is_no_name_for_an_entry_that_is_gone(code):
    known = {
        key
        for spec in SPECS
        for domain in spec.domains().values()
        if isinstance(domain, Choice | Several)
        for key in domain.options
    }
    assert {path[1] for path in ALL[code] if path[0] == "options"} <= known


@EVERY
def test_no_two_entries_of_a_choice_have_the_same_name(code):
    options = LANGUAGES[code].text.options
    for spec in SPECS:
        for name, domain in spec.domains().items():
            if isinstance(domain, Choice | Several):
                shown = [
                    options[key] if key in options else getattr(entry, "name", key)
                    for key, entry in domain.options.items()
                ]
                assert len(set(shown)) == len(shown), name


@EVERY
@pytest.mark.parametrize("key", MEASURES)
def test_every_measure_has_a_name_and_an_axis_title_and_is_recorded(code, key):
    t = LANGUAGES[code].text
    assert t.options[key]
    assert t.measures[key]
    assert key in {f.name for f in fields(History)}


@EVERY
def test_every_verdict_has_a_sentence(code):
    sentences = LANGUAGES[code].text.sentences
    for verdict in Verdict:
        assert sentences[verdict.value]


@EVERY
def test_presets_are_questions_with_notes_and_there_are_no_others(code):
    texts = read(code)
    assert set(texts["training"]["presets"]) == set(PRESETS)
    for page, branch in texts.items():
        if "presets" in branch:
            assert set(branch["presets"]) == set(branch["preset_notes"]), page
    for question in texts["training"]["presets"].values():
        assert question[-1] in "?？"


@EVERY
def test_every_named_feature_of_a_data_set_has_a_label(code):
    features = LANGUAGES[code].text.features
    for dataset in DATASETS.values():
        if dataset.features and dataset.features != ("x1", "x2"):
            assert all(features[name] for name in dataset.features)


@EVERY
def test_every_term_of_the_glossary_has_a_meaning(code):
    for term, entry in read(code)["glossary"].items():
        if isinstance(entry, dict):
            assert {"term", "meaning"} <= set(entry), term


@EVERY
def test_every_symbol_of_a_knob_is_that_of_its_formula(code):
    for activation in ACTIVATIONS.values():
        for knob in activation.knobs:
            assert knob.symbol in activation.formula
    assert RunSpec.domains()["knobs"].domains


@pytest.mark.parametrize(
    "path", sorted(FOLDER.glob("*/*.toml")), ids=lambda p: p.parent.name + p.stem
)
def test_every_file_of_texts_is_valid_and_written_in_utf_8(path):
    raw = path.read_bytes()
    assert not raw.startswith(b"\xef\xbb\xbf")
    assert b"\r" not in raw
    assert raw.endswith(b"\n")
    assert tomllib.loads(raw.decode("utf-8"))


WORDS_TO_AVOID = {
    "en": ["deaf", "hearing aid", "hears ", "believes", "trust strip", "!"],
    "ja": ["逆誤差伝播", "聞こえ", "補聴器", "！", "勘"],
}


@pytest.mark.parametrize("code", WORDS_TO_AVOID)
def test_words_that_mislead_are_not_used(code):
    for path, text in ALL[code].items():
        if isinstance(text, str):
            for word in WORDS_TO_AVOID[code]:
                assert word not in text, path
