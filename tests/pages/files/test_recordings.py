"""Recordings, read: the shipped ones, damaged ones, and ten thousand that are spoiled."""

from __future__ import annotations

import json
import random
from collections import Counter

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from core.watched.remedies import programs, proposed, rebuilt
from core.watched.verdict import judged
from core.watched.watched import MEASURES, UNDEFINED
from pages.files import recordings
from pages.files.recordings import Fault, RecordingError, example, examples, read_recording
from tools.architecture import ROOT

SCHEMA = json.loads((ROOT / "docs" / "recording-format.schema.json").read_text("utf-8"))
HEAD = {
    "format": "layer-recorder",
    "version": 1,
    "layers": [{"name": "a", "weights": [[3, 2]]}, {"name": "b", "activation": "tanh"}],
}
ROW = {"step": 0, "loss": 0.5, "delta": [0.25, 1.0], "update": [None, "nan"]}


def file_of(*lines):
    """Lines as a file: values as JSON, text as it is."""
    return "".join(x if isinstance(x, str) else json.dumps(x) + "\n" for x in lines).encode()


def fault_of(content):
    with pytest.raises(RecordingError) as found:
        read_recording(content)
    return found.value


@pytest.mark.parametrize("name", examples())
def test_a_shipped_recording_is_of_the_schema(name):
    validator = Draft202012Validator(SCHEMA)
    for line in example(name).splitlines():
        validator.validate(json.loads(line))


@pytest.mark.parametrize("name", examples())
def test_a_shipped_recording_is_read_whole(name):
    watched = read_recording(example(name))
    assert len(watched.steps) == watched.rows_in_file >= 25
    assert (watched.unread, watched.cut, watched.thinned) == (0, False, False)
    assert np.isfinite(watched.measures["weight"]).all()


def test_a_row_is_read_as_it_was_written():
    watched = read_recording(file_of(HEAD, ROW, {**ROW, "step": 5, "loss": "nan"}))
    assert watched.steps.tolist() == [0, 5]
    assert watched.loss.tolist() == [0.5, UNDEFINED]
    assert watched.measures["delta"][0].tolist() == [0.25, 1.0]
    assert np.isnan(watched.measures["update"][0, 0])
    assert watched.measures["update"][0, 1] == UNDEFINED
    assert (watched.layers[0].inputs, watched.layers[0].outputs) == (2, 3)
    assert watched.layers[1].activation == "tanh"


def test_a_number_that_is_none_in_javascript_either_is_not_finite():
    row = '{"step": 0, "delta": [NaN, 1e999], "loss": -Infinity}\n'
    watched = read_recording(file_of(HEAD, row))
    assert watched.measures["delta"].tolist() == [[UNDEFINED, np.inf]]
    assert watched.loss[0] == np.inf
    assert watched.broken.tolist() == [True]


def test_a_file_that_was_cut_short_is_read_up_to_there():
    whole = file_of(HEAD, ROW, {**ROW, "step": 1})
    watched = read_recording(whole[:-9])
    assert watched.steps.tolist() == [0]
    assert watched.cut
    assert watched.unread == 1


def test_lines_that_are_no_rows_are_counted():
    damaged = ["garbage\n", "[1]\n", {"step": True, "delta": [1, 1]}, {"step": 3, "delta": [1]}]
    watched = read_recording(file_of(HEAD, ROW, *damaged, {**ROW, "step": 9}, ROW))
    assert watched.steps.tolist() == [0, 9]
    assert watched.unread == 5


def test_a_training_that_was_resumed_goes_on_where_it_was():
    steps = (0, 10, 20, 30, 15, 25, 35)
    rows = [{**ROW, "step": step, "loss": float(k)} for k, step in enumerate(steps)]
    watched = read_recording(file_of(HEAD, *rows))
    assert watched.steps.tolist() == [0, 10, 15, 25, 35]
    assert watched.loss.tolist() == [0, 1, 4, 5, 6]
    assert (watched.replaced, watched.unread, watched.thinned) == (2, 0, False)


def test_a_single_row_out_of_order_replaces_nothing():
    steps = (0, 10, 20, 1, 30, 10**9, 40)
    watched = read_recording(file_of(HEAD, *({**ROW, "step": step} for step in steps)))
    assert watched.steps.tolist() == [0, 10, 20, 30, 40]
    assert watched.unread + watched.replaced == 2


def test_of_two_recordings_in_one_file_the_first_is_read():
    other = {**HEAD, "layers": [{"name": "c"}] * 3}
    rows = [{**ROW, "step": step} for step in (0, 1)]
    watched = read_recording(file_of(HEAD, *rows, other, {"step": 0, "delta": [1] * 3}))
    assert (len(watched.layers), watched.steps.tolist()) == (2, [0, 1])
    assert (watched.again, watched.unread, watched.cut) == (4, 0, False)


def test_a_long_recording_is_thinned_and_keeps_both_ends():
    rows = ({**ROW, "step": k} for k in range(30_000))
    watched = read_recording(file_of(HEAD, *rows))
    assert watched.thinned
    assert len(watched.steps) == recordings.MOST_ROWS
    assert watched.steps[[0, -1]].tolist() == [0, 29_999]
    assert watched.rows_in_file == 30_000


def test_of_many_layers_fewer_rows_are_kept():
    layers = 1000
    head = {**HEAD, "layers": [{"name": str(k)} for k in range(layers)]}
    rows = ({"step": k, "delta": [1.0] * layers} for k in range(300))
    watched = read_recording(file_of(head, *rows))
    assert len(watched.steps) == recordings.MOST_NUMBERS // layers


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", Fault.EMPTY),
        (b" \n\n", Fault.EMPTY),
        (b"step,loss\n1,2\n", Fault.NO_HEAD),
        (b"\x89PNG\r\n\x1a\n\0\0", Fault.NO_HEAD),
        (file_of(ROW), Fault.NO_HEAD),
        (file_of({**HEAD, "version": 2}, ROW), Fault.OTHER_VERSION),
        (file_of({**HEAD, "version": True}, ROW), Fault.OTHER_VERSION),
        (file_of({**HEAD, "layers": []}, ROW), Fault.NO_LAYERS),
        (file_of({**HEAD, "layers": [{}] * 2001}, ROW), Fault.TOO_MANY_LAYERS),
        (file_of(HEAD), Fault.NO_ROWS),
        (file_of(HEAD, "[" * 100_000 + "\n"), Fault.NO_ROWS),
        (file_of("[" * 100_000 + "\n", ROW), Fault.NO_HEAD),
    ],
)
def test_what_cannot_be_read_has_a_name(content, fault):
    assert fault_of(content).fault is fault


def test_a_file_that_is_too_large_is_not_even_split(monkeypatch):
    monkeypatch.setattr(recordings, "MOST_BYTES", 10)
    assert fault_of(file_of(HEAD, ROW)).fault is Fault.TOO_LARGE


def test_a_file_of_too_many_lines_is_not_even_split(monkeypatch):
    monkeypatch.setattr(recordings, "MOST_LINES", 10)
    assert fault_of(file_of(HEAD, ROW) + b"\n" * 9).fault is Fault.TOO_MANY_LINES


def test_the_fault_says_what_was_found_and_where():
    error = fault_of(b"\n\nstep,loss\n")
    assert (error.line, error.value) == (3, "step,loss")


# Ten thousand

SOUND = [example(name) for name in examples()]
SOUND = [b"".join(content.splitlines(keepends=True)[:12]) for content in SOUND]
PIECES = (
    *(b"{", b"}", b"[", b"]", b'"', b",", b":", b"\n", b"\0", b"\xff", b"-", b"1e999", b"NaN"),
    *(b"null", b"true", b"0", b"-1", b"9" * 400, b'"inf"', b"Infinity", b"[" * 2000, b"{}"),
    *(b'"step"', b'"delta"', b'"calls"', b'"layers"', b"\\ud800", b"\r", b"\xe2\x80\xa8"),
)


def spoiled(draw):
    """A recording after some accidents."""
    content = draw.choice(SOUND)
    for _ in range(draw.randint(1, 6)):
        at = draw.randrange(len(content) + 1)
        accident = draw.randrange(6)
        if accident == 0:
            content = content[:at]
        elif accident == 1:
            content = content[:at] + content[at + draw.randint(1, 60) :]
        elif accident == 2:
            piece = draw.choice(PIECES)
            content = content.replace(draw.choice((b"0.", b":", b",", b"null", b'"')), piece, 9)
        elif accident == 3:
            lines = content.splitlines(keepends=True)
            draw.shuffle(lines)
            content = b"".join(sorted(lines[:1]) + lines[1:])
        else:
            content = content[:at] + draw.choice(PIECES) + content[at:]
    return content


def outcome(content):
    """What came of it; fails unless it is a named fault or a recording that can be judged."""
    try:
        watched = read_recording(content)
    except RecordingError as error:
        return error.fault.value
    rows, layers = len(watched.steps), len(watched.layers)
    assert 0 < rows <= watched.rows_in_file
    assert (np.diff(watched.steps) > 0).all()
    assert all(watched.measures[name].shape == (rows, layers) for name in MEASURES)
    found = judged(watched)
    assert (found.rule is None) != (found.silence is None)
    if found.rule:
        assert all(programs(proposed(found.rule), watched).values())
    assert rebuilt(watched).to_query() is not None
    return "read"


def outcomes(count, seed):
    draw = random.Random(seed)
    return Counter(outcome(spoiled(draw)) for _ in range(count))


def test_spoiled_recordings_are_read_or_have_a_named_fault():
    assert outcomes(200, seed=1)["read"] > 30


@pytest.mark.slow
def test_ten_thousand_spoiled_recordings(capsys):
    found = outcomes(10_000, seed=2)
    with capsys.disabled():
        print(f"\n10,000 spoiled recordings: {dict(found.most_common())}")
    assert found["read"] > 1500
