"""*Explain this* on the page: it says what the sentence above says, and offers what has helped."""

from __future__ import annotations

from urllib.parse import parse_qsl

import numpy as np
import pytest

from core.lessons.remedies import candidates
from core.runs.recording import Recording
from core.runs.rules import RULES, Verdict
from core.runs.training import RunSpec
from pages import texts
from pages.ui.rooms.training import laboratory
from pages.ui.rooms.training.stage import words
from tests.core.failures import cheap_runs
from tests.crossing import crossed
from tests.pages.ui.test_pages import visit

every_language = pytest.mark.parametrize("language", texts.LANGUAGES)
ZEROS = "lanes=1&tool=why&initializer=zeros&activation=tanh&depth=1&samples=60&epochs=110"
ASKED = {
    "activation=relu&initializer=normal&depth=10&width=64&samples=60&rate=0.000001&epochs=20": (
        Verdict.DIVERGED_WEIGHTS
    ),
    "activation=squared_relu&initializer=normal&gain=20&width=64&depth=12&epochs=5": (
        Verdict.NO_START
    ),
    "activation=relu&initializer=he&depth=6&dataset=regression&rate=10&batch=10&epochs=20": (
        Verdict.DIVERGED
    ),
    "activation=tanh&initializer=normal&gain=0.01&depth=4&width=8&samples=60&epochs=20": (
        Verdict.SMALL_WEIGHTS
    ),
    "activation=tanh&width=1&norm=layer&depth=1&epochs=20&samples=60": Verdict.ONE_UNIT,
    "batch=1&norm=batch&epochs=40&samples=60": Verdict.ONE_SAMPLE,
    "depth=0&rate=0.5&epochs=150&samples=200": Verdict.NO_HIDDEN_LAYER,
    "frozen=5&epochs=110&samples=60": Verdict.STALLED_FROZEN,
    "activation=identity&depth=2&rate=0.5&epochs=150&samples=60&dataset=spiral": (
        Verdict.NOTHING_BENDS
    ),
}


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """A trial is computed as a whole when it is its turn, in this process."""
    monkeypatch.setattr(laboratory, "compute", lambda trial, budget, spare: trial.advance())


def explained(query):
    """The page once all runs and all trials are there."""
    app = visit("training", **dict(parse_qsl(query)))
    while app.get("progress"):
        app.run()
        assert not app.exception
    return app


def told(app):
    return [element.value for element in [*app.markdown, *app.caption]]


@crossed(every=3, language=texts.LANGUAGES, query=ASKED)
def test_what_fails_is_explained_in_the_words_of_its_verdict(language, query):
    app = explained(f"{query}&lanes=1&tool=why&language={language}")
    t = texts.LANGUAGES[language].text
    bold = t.cases[ASKED[query].value].what.split("**")[1].split("{")[0]
    assert sum(bold in text for text in told(app)) == 1
    assert not any("{" in text for text in told(app))
    assert any(text.startswith(f"**{t.trials.recommended}**") for text in told(app))


def test_one_click_puts_a_recommended_remedy_beside_the_failed_run():
    app = explained(ZEROS)
    (button,) = [b for b in app.button if b.label == "Try it beside this one"]
    button.click().run()
    settings = app.session_state["session"].settings
    assert settings["lanes"] == "2"
    assert settings["initializer"] == "zeros"
    assert settings["2.initializer"] == "xavier"
    assert not app.exception


def test_a_remedy_that_all_lanes_share_takes_the_place_of_the_run():
    app = explained("lanes=1&tool=why&activation=tanh&depth=2&samples=100&epochs=120")
    assert any("Epochs 120 → 480 (learns" in text for text in told(app))
    (button,) = [b for b in app.button if b.label == "Try it beside this one"]
    button.click().run()
    settings = app.session_state["session"].settings
    assert (settings["lanes"], settings["epochs"]) == ("1", "480")


def test_while_remedies_are_tried_the_page_says_so(monkeypatch):
    monkeypatch.setattr(laboratory, "compute", lambda trial, budget, spare: None)
    query = dict(parse_qsl(ZEROS)) | {"seed": "77"}  # nobody has tried anything for this one
    app = visit("training", **query)
    running = texts.LANGUAGES["en"].text.trials.running
    (rule,) = [rule for rule in RULES if rule.verdict is Verdict.ZERO_WEIGHTS]
    count = len(candidates(RunSpec.from_query(query), rule.remedies))
    for _ in range(100):
        shown = [bar.proto.text for bar in app.get("progress")]
        if running.format(done=0, all=count) in shown:
            break
        app.run()
    else:
        pytest.fail(str(shown))
    assert not any(b.label == "Try it beside this one" for b in app.button)


def test_a_network_that_has_learnt_is_offered_nothing():
    app = explained("lanes=1&tool=why&activation=tanh&depth=2&rate=0.5&samples=200&epochs=150")
    assert any("It has learnt" in text for text in told(app))
    assert not any((button.key or "").startswith("remedy:") for button in app.button)


def test_the_table_of_rules_unfolds_and_marks_the_verdict():
    app = visit("training", **dict(parse_qsl(ZEROS)))
    while not app.get("vega_lite_chart"):
        app.run()
    app.session_state["rules"] = True
    app.run()
    (table,) = [text for text in told(app) if "|---|" in text]
    assert table.count("\n| ") == len(RULES) + 1  # and the head
    assert table.count("←") == 1
    assert texts.LANGUAGES["en"].text.cases.zero_weights.what.split("**")[1].strip(".") in table


@pytest.mark.parametrize("run", cheap_runs(12, 3e7), ids=str)
def test_the_sentence_and_the_explanation_give_one_verdict(run):
    record = Recording(run)
    record.advance()
    sentences = words(record, texts.LANGUAGES["en"].text, False)[1]
    assert sentences[-1][2] == laboratory.explained(record).verdict.value


@pytest.mark.parametrize("run", cheap_runs(4, 2e7), ids=str)
def test_whatever_is_offered_differs_in_its_arrays(run):
    record = Recording(run)
    record.advance()
    while (trial := laboratory.next_trial(record)) is not None:
        trial.advance()
    own = record.history
    for candidate, found in laboratory.outcomes_of(record).items():
        tried = laboratory.recordings().get(candidate.trial).history
        same = all(
            np.array_equal(getattr(tried, name)[:, 0], getattr(own, name)[:, 0], equal_nan=True)
            for name in ("train_loss", "test_loss", "weight_norm")
        )
        assert found is None or not same
