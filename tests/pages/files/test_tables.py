"""Tables of loggers and spreadsheets as they come: encodings, signs, headings, histograms, gaps."""

from __future__ import annotations

import numpy as np
import pytest

from core.watched.watched import UNDEFINED
from pages.files import tables
from pages.files.columns import Aside, Column, guessed, reasons
from pages.files.logs import read_any, read_log
from pages.files.recordings import Fault, RecordingError
from pages.files.tables import is_table, norm_of
from tests.pages.files.test_logs import VERSION, event, field

ROWS = [(0, 0.75, 0.001, 1.5), (10, 0.5, 0.002, 2.5), (20, 0.25, 0.004, 1234.5)]


def table(separator=",", decimal=".", head=("step", "loss", "grad/1", "grad/2")):
    cells = [[f"{value}".replace(".", decimal) for value in row] for row in ROWS]
    return "\n".join(separator.join(row) for row in [head, *cells]) + "\n"


def check(content):
    watched = read_any(content)
    assert watched.steps.tolist() == [0, 10, 20]
    assert watched.loss.tolist() == [0.75, 0.5, 0.25]
    assert watched.measures["gradient"].tolist() == [list(row[2:]) for row in ROWS]
    assert (watched.unread, len(watched.layers)) == (0, 2)


@pytest.mark.parametrize(
    "content",
    [
        table().encode("utf-16"),
        table("\t").encode("utf-16-le"),
        table(";", ",").encode("utf-8-sig"),
        table("\t", ",").encode(),
        ("sep=;\n" + table(";", ",")).encode("utf-8-sig"),
        ("Training of Monday\n\n" + table()).encode(),
        ("# " + table()).encode(),
        table().replace("\n", "\r\n").encode(),
        table().replace("\n", "\r").encode(),
        table().replace("1234.5", '"1,234.5"').encode(),
        table(";", ",").replace("1234,5", "1.234,5").encode(),
    ],
)
def test_what_spreadsheets_write_is_read(content):
    check(content)


JAPANESE = ("ステップ", "損失", "勾配_層1", "層2の勾配")


@pytest.mark.parametrize("encoding", ["utf-8", "cp932", "utf-16"])
def test_japanese_headings_are_known_in_other_encodings_too(encoding):
    content = table(head=JAPANESE).encode(encoding)
    check(content)
    assert [layer.name for layer in read_any(content).layers] == ["層1", "層2"]


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("損失", Column("loss")),
        ("訓練損失", Column("loss")),
        ("検証損失", Column()),
        ("学習率", Column("rate")),
        ("誤差/層1", Column("delta", "層1")),
        ("更新量_層3", Column("update", "層3")),
        ("重みの大きさ", Column("weight", "大きさ")),
        ("全体の勾配", Column()),
        ("勾配_層１", Column("gradient", "層1")),
        ("gradients/conv2d/kernel.gradient", Column("gradient", "conv2d")),
        ("dense/kernel/histogram", Column("weight", "dense")),
        ("grad_norm/dense/kernel:0", Column("gradient", "dense")),
    ],
)
def test_names_of_other_tools_and_languages_say_what_they_are(name, column):
    log = read_log(f"step,{name},x\n0,1,2\n".encode())
    assert guessed(log)[1] == column


def test_epochs_of_many_rows_are_not_steps():
    log = read_log(b"epoch,grad/a\n" + b"0,1\n" * 5 + b"1,2\n" * 5)
    assert guessed(log)[0] == Column()
    assert reasons(log, guessed(log)) == ["repeated", ""]
    assert guessed(read_log(b"epoch,grad/a\n0,1\n1,2\n2,3\n"))[0] == Column("step")


def test_the_loss_of_a_step_comes_before_that_of_an_epoch():
    log = read_log(b"step,train_loss_epoch,train_loss_step,grad/a\n0,3,1,1\n1,3,2,1\n")
    assert guessed(log)[1:3] == (Column(), Column("loss"))


def test_layers_that_a_logger_sorted_by_letters_are_in_the_order_of_their_numbers():
    log = read_any(b"step,grad/l.0,grad/l.10,grad/l.2\n0,1,3,2\n1,1,3,2\n")
    assert [layer.name for layer in log.layers] == ["l.0", "l.2", "l.10"]
    assert log.measures["gradient"][0].tolist() == [1, 2, 3]
    own = read_any(b"step,grad/stem,grad/block2,grad/block1\n0,1,2,3\n1,1,2,3\n")
    assert [layer.name for layer in own.layers] == ["stem", "block2", "block1"]


# What is no number


def test_a_number_that_was_none_is_told_apart_from_one_too_large_and_from_a_gap():
    watched = read_any(b"step,loss,grad/a,grad/b\n0,1,nan,1\n1,nan,1,inf\n2,nan,2,\n")
    assert watched.loss.tolist() == [1.0, UNDEFINED, UNDEFINED]
    np.testing.assert_array_equal(watched.measures["gradient"][:, 0], [np.nan, 1, 2])
    np.testing.assert_array_equal(watched.measures["gradient"][:, 1], [1, np.inf, np.nan])


def test_nan_at_the_end_is_a_gap_where_there_were_as_long_ones_before():
    text = "step,grad/a,loss\n" + "".join(f"{k},1,{'nan' if k % 3 else 0.5}\n" for k in range(9))
    watched = read_any(text.encode())
    assert not watched.broken.any()
    assert read_log(text.encode()).aside == (Aside("loss", "gaps", 6),)


def test_a_column_without_numbers_is_named_with_the_reason():
    log = read_log(b"step,note,grad/a,later,grad/b\n0,ok,1,,1\n1,so so,x,,2\n2,,3,,3\n")
    assert log.aside == (
        Aside("note", "words", 3),
        Aside("grad/a", "some_words", 1),
        Aside("later", "empty", 3),
    )
    assert [one.name for one in log.series] == ["step", "grad/a", "grad/b"]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("val_loss", "tested"),
        ("grad/a.bias", "bias"),
        ("grad_norm_total", "total"),
        ("grad/b", ""),
        ("a/grad", "taken"),
        ("accuracy", "unknown"),
        ("grad_norm", "no_layer"),
        ("loss__MIN", "bounds"),
        ("epoch", "steps"),
    ],
)
def test_every_column_that_is_not_used_has_a_reason(name, why):
    log = read_log(f"step,grad/a,{name}\n0,1,2\n1,1,2\n".encode())
    assert reasons(log, guessed(log))[2] == why


def test_of_a_long_table_some_rows_are_read_and_it_is_told_how_many_there_are(monkeypatch):
    monkeypatch.setattr(tables, "MOST_READ", 10)
    watched = read_any(b"step,grad/a\n" + b"".join(b"%d,1\n" % k for k in range(1000)))
    assert (len(watched.steps), watched.rows_in_file) == (10, 1000)
    assert watched.thinned
    assert watched.steps[[0, -1]].tolist() == [0, 999]


def test_a_line_of_millions_of_cells_is_not_even_split():
    with pytest.raises(RecordingError) as found:
        read_any(b"a," * 2**21)
    assert found.value.fault is Fault.TOO_MANY_COLUMNS


def test_a_table_without_names_has_columns_by_their_places():
    log = read_log(b"0,0.5,1e-3\n1,0.25,2e-3\n")
    assert [one.name for one in log.series] == ["#1", "#2", "#3"]
    assert log.series[2].values.tolist() == [1e-3, 2e-3]


@pytest.mark.parametrize(
    ("content", "known"),
    [(b'{"step": 0, "loss": 1}\n', False), (b"\x89PNG\r\n\x1a\n,,\0", False), (b"a,b", True)],
)
def test_only_rows_of_cells_are_a_table(content, known):
    assert is_table(content) is known


# W&B, MLflow, TensorFlow


def test_the_export_of_a_web_page_of_wandb_is_read_without_its_bounds_and_other_runs():
    names = [
        f"{run} - {name}{end}"
        for run, last in (("loss-run-1", "fc2"), ("other", "fc3"))
        for name in ("train/loss", "grad_norm/fc1", f"grad_norm/{last}")
        for end in ("", "__MIN", "__MAX")
    ]
    head = ",".join(f'"{name}"' for name in ("Step", *names))
    numbers = [1, 0, 0, 2, 0, 0, 3, 0, 0] + [9] * 9
    rows = "\n".join(",".join(map(str, (step, *numbers))) for step in (0, 1))
    content = f"{head}\n{rows}\n".encode()
    watched = read_any(content)
    assert [layer.name for layer in watched.layers] == ["fc1", "fc2"]
    assert watched.measures["gradient"][0].tolist() == [2, 3]
    assert watched.loss.tolist() == [1, 1]
    log = read_log(content)
    assert set(reasons(log, guessed(log))) == {"", "bounds", "other_run"}


def histogram(values, packed):
    counts, edges = np.histogram(values, 64)
    found = {"_type": "histogram", "values": counts.tolist()}
    size = float(edges[1] - edges[0])
    bins = {"min": float(edges[0]), "size": size, "count": 64}
    return str(found | ({"packedBins": bins} if packed else {"bins": edges.tolist()}))


@pytest.mark.parametrize("packed", [False, True])
def test_a_histogram_of_wandb_counts_as_the_norm_of_its_values(packed):
    values = np.random.default_rng(0).normal(size=5000) * 1e-4
    cell = histogram(values, packed)
    assert norm_of(cell) == pytest.approx(np.linalg.norm(values), rel=0.01)
    content = f'_step,gradients/fc1.weight\n0,"{cell}"\n1,"{cell}"\n'.encode()
    watched = read_any(content)
    assert watched.measures["gradient"][1, 0] == norm_of(cell)
    assert read_log(content).aside == (Aside("gradients/fc1.weight", "histogram", 2),)


@pytest.mark.parametrize("cell", ["{'_type': 'histogram'}", "{'_type': 'image-file'}", "x" * 99])
def test_other_cells_are_no_histogram(cell):
    assert norm_of(cell) is None


def test_a_table_with_one_value_per_line_is_read_by_its_names():
    lines = [f"ab,{key},{step},{value}" for step in (0, 5) for key, value in
             (("loss", 0.5), ("grad/a", 1), ("grad/b", "nan"))]  # fmt: skip
    content = "\n".join(["run_id,key,step,value", *lines, "ab,loss,x,1"]).encode()
    watched = read_any(content)
    assert watched.steps.tolist() == [0, 5]
    assert watched.measures["gradient"].tolist() == [[1, UNDEFINED]] * 2
    assert watched.unread == 1
    assert [one.name for one in read_log(content).aside] == ["run_id"]


def test_a_histogram_of_tensorflow_2_counts_as_the_norm_of_its_values():
    values = np.random.default_rng(0).normal(size=5000)
    counts, edges = np.histogram(values, 30)
    bins = np.stack([edges[:-1], edges[1:], counts], axis=1).astype("<f8").tobytes()
    tensor = field(1, 0, 2) + field(4, 2, bins)
    told = field(1, 2, field(1, 2, b"dense/kernel/histogram") + field(8, 2, tensor))
    content = VERSION + event(0, told) + event(1, told)
    watched = read_any(content)
    assert watched.layers[0].name == "dense"
    assert watched.measures["weight"][0, 0] == pytest.approx(np.linalg.norm(values), rel=0.01)
    assert read_log(content).aside[0].why == "histogram"
