"""Tables and event files, read as recordings."""

from __future__ import annotations

import random
import struct
from collections import Counter

import numpy as np
import pytest

from core.watched.verdict import Silence, judged
from core.watched.watched import MEASURES
from pages.files import columns, logs
from pages.files.logs import read_any
from pages.files.recordings import Fault, RecordingError, example
from tools.architecture import ROOT

CSV = """\
epoch,step,train_loss,val_loss,grad_2.0_norm_total,grad_2.0_norm/0.weight,grad_2.0_norm/0.bias,grad_2.0_norm/2.weight
0,0,0.7,0.8,1.0,0.001,0.5,0.1
0,10,0.6,,1.0,0.002,0.5,nan
0,20,0.5,,1.0,,,
0,30,0.4,,1.0,0.004,0.5,0.3
"""
"""As Lightning's logger writes them."""


def varint(value):
    found = b""
    while value > 127:
        found += bytes([value & 127 | 128])
        value >>= 7
    return found + bytes([value])


def field(number, kind, value):
    if kind == 2:
        value = varint(len(value)) + value
    return varint(number << 3 | kind) + (varint(value) if kind == 0 else value)


def scalar(tag, value):
    return field(1, 2, field(1, 2, tag.encode()) + field(2, 5, struct.pack("<f", value)))


def tensor(tag, value):
    content = field(1, 0, 1) + field(4, 2, struct.pack("<f", value))
    return field(1, 2, field(1, 2, tag.encode()) + field(8, 2, content))


def histogram(tag, values):
    numbers = [min(values), max(values), len(values), sum(values), sum(v * v for v in values)]
    parts = b"".join(field(k, 1, struct.pack("<d", v)) for k, v in enumerate(numbers, start=1))
    return field(1, 2, field(1, 2, tag.encode()) + field(5, 2, parts))


def record(event):
    return struct.pack("<Q", len(event)) + b"\0" * 4 + event + b"\0" * 4


def event(step, *values):
    return record(
        field(1, 1, struct.pack("<d", 0.0)) + field(2, 0, step) + field(5, 2, b"".join(values))
    )


VERSION = record(field(1, 1, struct.pack("<d", 0.0)) + field(3, 2, b"brain.Event:2"))
EVENTS = VERSION + b"".join(
    event(
        step,
        scalar("loss/train", 0.7 - step / 100),
        tensor("lr", 0.1),
        histogram("gradients/0.weight", [0.3, 0.4]),
        histogram("gradients/2.weight", [3.0, 4.0]),
        histogram("0.weight", [6.0, 8.0]),
    )
    for step in (0, 10, 20)
)
"""As TensorBoard's `event.proto` and `summary.proto` have them."""


def test_a_table_with_a_column_for_each_layer_is_read():
    watched = read_any(CSV.encode())
    assert [layer.name for layer in watched.layers] == ["0", "2"]
    assert watched.steps.tolist() == [0, 10, 30]
    assert watched.loss.tolist() == [0.7, 0.6, 0.4]
    gradients = [[0.001, 0.1], [0.002, np.nan], [0.004, 0.3]]
    np.testing.assert_array_equal(watched.measures["gradient"], gradients)
    assert np.isnan(watched.measures["delta"]).all()


def test_the_loss_is_that_of_the_training():
    watched = read_any(b"step,val_loss,loss,grad/a\n0,9,0.5,1\n1,9,0.4,1\n")
    assert watched.loss.tolist() == [0.5, 0.4]


def test_without_errors_there_is_no_verdict():
    assert judged(read_any(CSV.encode())).silence is Silence.NO_ERROR


@pytest.mark.parametrize("separator", [";", "\t"])
def test_other_separators_are_known(separator):
    watched = read_any(b"\xef\xbb\xbf" + CSV.replace(",", separator).encode())
    assert len(watched.layers) == 2


@pytest.mark.parametrize(
    ("name", "measure", "layer"),
    [
        ("grad_norm/layers.0.weight", "gradient", "layers.0"),
        ("layers.0.weight/grad_norm", "gradient", "layers.0"),
        ("gradients/fc1.weight", "gradient", "fc1"),
        ("fc1.weight.grad", "gradient", "fc1"),
        ("layers.0.weight", "weight", "layers.0"),
        ("weight_norm/encoder/0", "weight", "encoder/0"),
        ("update_ratio/fc1", "update", "fc1"),
        ("delta/3", "delta", "3"),
        ("accuracy", "", ""),
    ],
)
def test_a_name_says_measure_and_layer(name, measure, layer):
    assert columns.measure_of(name) == measure
    assert columns.layer_of(name, measure) == layer


def test_a_table_of_errors_is_judged():
    rows = "".join(f"{k},{1.0},{1e-6},{1.0}\n" for k in range(0, 3000, 10))
    found = judged(read_any(f"step,loss,delta/1,delta/2\n{rows}".encode()))
    assert found.rule is not None
    assert found.share == pytest.approx(1e-6)


def test_an_event_file_gives_scalars_and_the_norms_of_histograms():
    watched = read_any(EVENTS)
    assert watched.steps.tolist() == [0, 10, 20]
    assert [layer.name for layer in watched.layers] == ["0", "2"]
    np.testing.assert_allclose(watched.measures["gradient"], [[0.5, 5.0]] * 3, rtol=1e-12)
    np.testing.assert_allclose(watched.measures["weight"][:, 0], 10.0, rtol=1e-12)
    np.testing.assert_allclose(watched.loss, [0.7, 0.6, 0.5], rtol=1e-6)
    np.testing.assert_allclose(watched.rate, 0.1, rtol=1e-6)


def test_a_file_of_pytorchs_own_writer_has_the_norms_of_its_gradients():
    """Written by `torch.utils.tensorboard` (TensorBoard 2.21), the norms by `Tensor.norm`."""
    watched = read_any((ROOT / "tests" / "reference" / "torch.tfevents").read_bytes())
    norms = [[0.3203383982181549, 0.36367306113243103], [0.3175434470176697, 0.35416415333747864]]
    np.testing.assert_allclose(watched.measures["gradient"], norms, rtol=1e-6)
    assert (watched.unread, watched.cut) == (0, False)


def test_an_event_file_that_was_cut_short_is_read_up_to_there():
    watched = read_any(EVENTS[:-30])
    assert watched.steps.tolist() == [0, 10]
    assert watched.cut


def test_an_event_that_is_damaged_is_counted(monkeypatch):
    watched = read_any(VERSION + event(0, scalar("grad/a", 1.0)) + record(b"\xff" * 20))
    assert watched.unread == 1
    monkeypatch.setattr(logs, "MOST_VALUES", 4)
    assert read_any(EVENTS).unread == 2


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"a,b\n1,2\n", Fault.NO_COLUMNS),
        (b"step,loss\n1,2\n", Fault.NO_COLUMNS),
        (b"step,grad/a\nx,y\n", Fault.NO_COLUMNS),
        (VERSION, Fault.NO_COLUMNS),
        (VERSION + event(0, scalar("loss", 1.0)), Fault.NO_COLUMNS),
        (("step," + ",".join(f"grad/{k}" for k in range(5001))).encode(), Fault.TOO_MANY_COLUMNS),
        (b"hello", Fault.NO_HEAD),
        (b"", Fault.EMPTY),
    ],
)
def test_what_cannot_be_read_has_a_name(content, fault):
    with pytest.raises(RecordingError) as found:
        read_any(content)
    assert found.value.fault is fault


def test_a_recording_is_still_one():
    assert len(read_any(example("deep_sigmoid")).layers) == 9


def spoiled(draw):
    content = draw.choice((CSV.encode(), EVENTS))
    for _ in range(draw.randint(1, 4)):
        at = draw.randrange(12, len(content) + 1) if len(content) > 12 else 0
        piece = draw.choice((b"", b"\xff", b"\0", b",", b'"', b"\n", b"1e999", draw.randbytes(4)))
        content = content[:at] + piece + content[at + draw.choice((0, 1, 7)) :]
        if draw.random() < 0.2:
            content = content[:at]
    return content


def outcome(content):
    try:
        watched = read_any(content)
    except RecordingError as error:
        return error.fault.value
    rows, layers = len(watched.steps), len(watched.layers)
    assert rows > 0
    assert (np.diff(watched.steps) > 0).all()
    assert all(watched.measures[name].shape == (rows, layers) for name in MEASURES)
    judged(watched)
    return "read"


def test_spoiled_logs_are_read_or_have_a_named_fault():
    draw = random.Random(1)
    assert Counter(outcome(spoiled(draw)) for _ in range(200))["read"] > 50


@pytest.mark.slow
def test_ten_thousand_spoiled_logs(capsys):
    draw = random.Random(2)
    found = Counter(outcome(spoiled(draw)) for _ in range(10_000))
    with capsys.disabled():
        print(f"\n10,000 spoiled logs: {dict(found.most_common())}")
    assert found["read"] > 3000
