"""A visitor's own data: what can be read, what is refused and how it is named, what a run holds."""

from __future__ import annotations

import gc
import weakref
from dataclasses import fields, replace
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.data.datasets import Task, View, collected, gathered
from core.data.tables import (
    FEWEST_ROWS,
    MOST_BYTES,
    MOST_CLASSES,
    MOST_COLUMNS,
    MOST_ROWS,
    MOST_WIDE,
    Columns,
    Flaw,
    Table,
    TableError,
    suggested,
    tabulate,
)
from core.runs.cost import GRID, SHOWN_SAMPLES, STEPS
from core.runs.recording import SURENESSES, Recording, Recordings, likeliest
from core.runs.training import RunSpec
from pages.files.reading import read
from tests.core.specs import specs
from tests.crossing import examples, holds

ROWS = 30


def grown(head="a,b,kind", row="{a},{b},{kind}", count=ROWS, end="\n"):
    """A sound text: two columns of numbers and one of two words."""
    rows = [row.format(a=k + 0.5, b=k * k - 1, kind="AB"[k % 2]) for k in range(count)]
    return end.join([head, *rows]) + end if head else end.join(rows)


def spoiled(cell):
    """The sound text with another cell in row 5, column "a"."""
    return grown().replace("\n3.5,", f"\n{cell},")


def table(text=None, **choice):
    sheet = read(text if text is not None else grown())
    return tabulate(sheet, replace(suggested(sheet), **choice))


def refusal(content, **choice):
    with pytest.raises(TableError) as refused:
        table(content, **choice)
    return refused.value


# --- what can be read --------------------------------------------------------------------------

SOUND = {
    "commas": grown(),
    "semicolons": grown("a;b;kind", "{a};{b};{kind}"),
    "tabs": grown("a\tb\tkind", "{a}\t{b}\t{kind}"),
    "windows lines": grown(end="\r\n"),
    "old lines": grown(end="\r"),
    "quotes": grown('"a","b","kind"', '"{a}","{b}","{kind}"'),
    "blanks": grown(" a , b ,kind", " {a} ,  {b} , {kind} "),
    "blank lines": "\n\n" + grown(end="\n\n") + "\n,,\n",
    "an empty last column": grown("a,b,kind,", "{a},{b},{kind},"),
    "a comma at each line's end": grown("a,b,kind", "{a},{b},{kind},"),
    "a byte order mark": "\ufeff" + grown(),
    "bytes": grown().encode(),
    "bytes with a mark": grown().encode("utf-8-sig"),
}


@pytest.mark.parametrize("content", SOUND.values(), ids=SOUND)
def test_the_same_table_is_read_from_every_sound_form(content):
    expected = table()
    found = table(content)
    assert found == expected
    assert found.names == ("a", "b")
    assert found.answer == "kind"
    np.testing.assert_array_equal(found.x, expected.x)
    np.testing.assert_array_equal(found.x[:, 0], np.arange(ROWS) + 0.5)
    np.testing.assert_array_equal(found.y[:, 0], np.arange(ROWS) % 2)


def test_shift_jis_is_read_as_the_same_words():
    text = grown("身長,体重,種類").replace("A", "犬").replace("B", "猫①")
    assert read(text.encode("cp932")).digest == read(text.encode()).digest == read(text).digest
    assert table(text.encode("cp932")).class_names == ("犬", "猫①")


def test_a_decimal_comma_is_read_where_commas_do_not_separate():
    text = grown("a;b;kind", "{a};{b};{kind}").replace(".", ",")
    np.testing.assert_array_equal(table(text).x, table().x)
    np.testing.assert_array_equal(table(text.replace(";", "\t")).x, table().x)


def test_a_comma_is_no_decimal_sign_beside_points():
    text = grown("a;b;kind", "{a};{b};{kind}").replace("3.5;", "3,5;", 1)
    error = refusal(text)
    assert (error.flaw, error.row, error.column) == (Flaw.NOT_A_NUMBER, 5, "a")


def test_columns_without_names_are_numbered():
    found = table(grown(head=""))
    assert found.names == ("#1", "#2")
    assert len(found.x) == ROWS


def test_a_quoted_cell_may_hold_the_separator_quotes_and_lines():
    text = grown().replace("kind", '"the ""kind"",\nof it"')
    assert table(text).answer == 'the "kind", of it'


def test_numbers_of_rows_without_a_name_are_not_learnt_from():
    lines = grown().splitlines()
    text = "\n".join([f",{lines[0]}", *(f"{k},{line}" for k, line in enumerate(lines[1:]))])
    assert table(text).names == ("a", "b")


@pytest.mark.parametrize("cell", ["=1+1", "+1+1", "@SUM(A1)", '=HYPERLINK("http://x")', "-x"])
def test_formulas_are_text_and_never_evaluated(cell):
    quoted = '"' + cell.replace('"', '""') + '"'
    found = table(grown().replace(",A", f",{quoted}"))
    assert set(found.class_names) == {cell, "B"}
    error = refusal(spoiled(quoted), inputs=(1, 2))
    assert (error.flaw, error.row, error.column) == (Flaw.NOT_A_NUMBER, 5, "a")
    assert error.value == cell


@pytest.mark.parametrize(
    "cell",
    [
        "1e3",
        "1E3",
        "+1000",
        "1000.",
        "1.0e+3",
        "01000",
        "１０００",
        '"$1,000"',
        "1 000 €",
        "1000 %",
    ],
)
def test_a_number_may_be_written_in_many_ways(cell):
    assert table(spoiled(cell)).x[3, 0] == 1000


# --- what is refused ---------------------------------------------------------------------------

WIDE = ",".join("a" * 3 for _ in range(MOST_COLUMNS + 1))
REFUSED = {
    "nothing": (b"", Flaw.EMPTY, {}),
    "blank lines": ("\n \n,,\n", Flaw.EMPTY, {}),
    "a spreadsheet": (b"PK\x03\x04\x00\x00", Flaw.BINARY, {}),
    "control characters": (grown().replace("A", "\x07"), Flaw.BINARY, {}),
    "no known encoding": (grown().encode() + b"\x81\xff\xfe\x98\xc3\x28", Flaw.ENCODING, {}),
    "too many bytes": (b"1,2\n" * (MOST_BYTES // 4 + 1), Flaw.TOO_LARGE, {"limit": 2}),
    "a megabyte in one cell": (f"1,2,{'a' * 2**20}\n", Flaw.LONG_CELL, {"row": 1}),
    "a long cell": (grown() + f"1,{'2' * 3000},A\n", Flaw.LONG_CELL, {"row": 32, "column": "#2"}),
    "a million columns": ("1," * 10**6, Flaw.TOO_MANY_COLUMNS, {"value": "1000001"}),
    "many columns": (WIDE + "\n" + WIDE, Flaw.TOO_MANY_COLUMNS, {"limit": MOST_COLUMNS}),
    "many rows": (grown(count=MOST_ROWS + 1), Flaw.TOO_MANY_ROWS, {"limit": MOST_ROWS}),
    "many rows unnamed": (grown(head="", count=MOST_ROWS + 1), Flaw.TOO_MANY_ROWS, {}),
    "few rows": (grown(count=3), Flaw.TOO_FEW_ROWS, {"value": "3", "limit": 4}),
    "only names": ("a,b,kind\n", Flaw.TOO_FEW_ROWS, {"value": "0"}),
    "one column": ("1\n" * 40, Flaw.ONE_COLUMN, {}),
    "only one word": ("x,y,z\n" * 40, Flaw.CONSTANT_INPUTS, {}),
    "an open quote": (grown() + '1,"2,A\n3,4,B\n', Flaw.QUOTES, {"row": 32}),
    "a quote that goes on": (grown() + '1,"2"3,A\n', Flaw.QUOTES, {"row": 32}),
    "a short row": (grown() + "1,2\n", Flaw.RAGGED, {"row": 32, "value": "2", "limit": 3}),
    "a word": (spoiled("x"), Flaw.NOT_A_NUMBER, {"row": 5, "value": "x"}),
    "hexadecimal": (spoiled("0x10"), Flaw.NOT_A_NUMBER, {"row": 5}),
    "grouped digits": (spoiled("1_000"), Flaw.NOT_A_NUMBER, {"row": 5}),
    "infinity": (spoiled("-inf"), Flaw.NOT_FINITE, {"row": 5}),
    "overflow": (spoiled("1e999"), Flaw.NOT_FINITE, {"row": 5, "value": "1e999"}),
    "no square": (spoiled("1e200"), Flaw.NOT_FINITE, {"row": 5}),
    "constant": (grown(row="1,2,{kind}"), Flaw.CONSTANT_INPUTS, {}),
}


@pytest.mark.parametrize(("content", "flaw", "told"), REFUSED.values(), ids=REFUSED)
def test_what_is_wrong_is_named_with_its_place(content, flaw, told):
    error = refusal(content)
    assert error.flaw is flaw
    assert {name: getattr(error, name) for name in told} == told
    assert len(error.value) <= 40


def test_the_row_is_counted_as_a_spreadsheet_does():
    text = grown().replace("a,b,kind\n", "\n\na,b,kind\n").replace("3.5", "x")
    assert refusal(text).row == 7


CHOICES = {
    "no input": ({"inputs": ()}, Flaw.TOO_FEW_INPUTS),
    "the answer given": ({"inputs": (1, 2, 3)}, Flaw.TARGET_IS_INPUT),
    "no such input": ({"inputs": (1, 2, 9)}, Flaw.NO_SUCH_COLUMN),
    "no such answer": ({"answer": 9}, Flaw.NO_SUCH_COLUMN),
    "a word to predict": ({"goal": "number"}, Flaw.NOT_A_NUMBER),
    "a word that is in every row": ({"inputs": (1,), "answer": 4}, Flaw.ONE_CLASS),
    "too many words": ({"inputs": (1, 5)}, Flaw.TOO_MANY_WORDS),
}


@pytest.mark.parametrize(("choice", "flaw"), CHOICES.values(), ids=CHOICES)
def test_a_choice_of_columns_that_cannot_be_learnt_from_is_refused(choice, flaw):
    text = grown("a,b,kind,same,name", "{a},{b},{kind},same,name {a}")
    assert refusal(text, **choice).flaw is flaw


def test_too_many_classes_and_a_number_that_never_changes_are_refused():
    text = "\n".join(f"{k},{k * k},{k},1" for k in range(ROWS))
    error = refusal(text, inputs=(1, 2), answer=3, goal="classes")
    assert (error.flaw, error.value, error.limit) == (
        Flaw.TOO_MANY_CLASSES, str(ROWS), MOST_CLASSES,
    )  # fmt: skip
    error = refusal(text, inputs=(1, 2), answer=4, goal="number")
    assert (error.flaw, error.value) == (Flaw.CONSTANT_TARGET, "1.0")


# --- hostile files -----------------------------------------------------------------------------

SIGNS = ['"', '""', ",", ";", "\t", "\n", "\r\n", "\r", "\ufeff", "\0", "\x1b", "\u2028", "\ud800"]
WORDS = ["1", "2.5", "-3", "1e5", "nan", "inf", "1,5", "A", "猫", "", " ", "=1+1", "@x", "+2", "９"]
PIECES = st.sampled_from(SIGNS + WORDS)
CELLS = st.sampled_from(["1", "2", "-0.5", "1e3", "", "x", "nan", "1,5", '"q"', "=A1", "犬"])


@st.composite
def files(draw):
    """Mostly sound tables with something wrong in them, or heaps of pieces."""
    if draw(st.booleans()):
        return "".join(draw(st.lists(PIECES, max_size=60)))
    separator = draw(st.sampled_from([",", ";", "\t"]))
    rows = [[str(k), str(k * k % 7 + 0.5), "AB"[k % 2]] for k in range(draw(st.integers(15, 25)))]
    for _ in range(draw(st.integers(0, 3))):
        row = rows[draw(st.integers(0, len(rows) - 1))]
        row[draw(st.integers(0, 2))] = draw(CELLS)
    return "\n".join(separator.join(row) for row in rows)


def understood(content):
    """Either a table of finite numbers, or a flaw and nothing else."""
    try:
        found = table(content)
    except TableError:
        return
    assert np.isfinite(found.x).all() or found.columns.missing == "fill"
    assert np.isfinite(found.data(500, 0.0, 0).train_x).all()
    assert np.isfinite(found.y).all()
    assert len(found.x) == len(found.y) >= FEWEST_ROWS
    assert found.x.shape[1] == len(found.names) >= 1


@examples(few=300, many=1500)
def test_every_text_is_either_a_table_or_a_named_flaw(examples):
    holds(lambda text: understood(text), files(), examples)


@examples(few=200, many=700)
def test_all_bytes_are_either_a_table_or_a_named_flaw(examples):
    holds(lambda raw: understood(raw), st.binary(max_size=300), examples)


@settings(max_examples=300)
@given(files(), st.sampled_from(["utf-8", "utf-8-sig", "cp932", "latin-1", "utf-16"]))
def test_no_encoding_leads_astray(text, encoding):
    understood(text.encode(encoding, errors="replace"))


# --- what is learnt from -----------------------------------------------------------------------


def flowers(**choice):
    with open("core/data/iris.csv", encoding="utf-8") as file:
        return table(file.read(), **choice)


def test_a_file_of_flowers_is_learnt_like_the_flowers_of_the_dashboard():
    own = flowers()
    run = RunSpec(dataset="iris", activation="tanh", epochs=3, samples=150)
    assert (own.dataset.task, own.dataset.view) == (Task.CLASSES, View.SAMPLES)
    np.testing.assert_array_equal(collected(run.source), own.x)
    theirs = replace(run, table=own).data()
    order = np.argsort(theirs.train_rows)
    raw = own.x[theirs.train_rows]
    scaled = (raw - raw.mean(axis=0)) / raw.std(axis=0)
    np.testing.assert_allclose(theirs.train_x[order], scaled[order], rtol=1e-12)


FORMS = {
    "plane of two classes": (table, Task.BINARY, View.PLANE, 1),
    "plane of three": (partial(flowers, inputs=(3, 4)), Task.CLASSES, View.PLANE, 3),
    "plane of a number": (
        partial(flowers, inputs=(1, 2), answer=3, goal="number"), Task.REGRESSION, View.PLANE, 1,
    ),
    "samples of three": (flowers, Task.CLASSES, View.SAMPLES, 3),
    "samples of a number": (
        partial(flowers, inputs=(1, 2, 3), answer=4, goal="number"),
        Task.REGRESSION, View.SAMPLES, 1,
    ),
    "curve of two classes": (partial(table, inputs=(1,)), Task.BINARY, View.CURVE, 1),
    "curve of three": (partial(flowers, inputs=(3,)), Task.CLASSES, View.CURVE, 3),
    "curve of a number": (
        partial(flowers, inputs=(1,), answer=3, goal="number"), Task.REGRESSION, View.CURVE, 1,
    ),
    "samples of two classes": (
        lambda: table(grown("a,b,c,kind", "{a},{b},{a}1,{kind}")), Task.BINARY, View.SAMPLES, 1,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("make", "task", "view", "outputs"), FORMS.values(), ids=FORMS)
def test_every_form_of_data_trains_and_is_seen(make, task, view, outputs):
    own = make()
    assert (own.dataset.task, own.dataset.view, own.dataset.outputs) == (task, view, outputs)
    recording = Recording(RunSpec(table=own, activation="tanh", depth=1, epochs=4))
    recording.advance()
    assert recording.finished
    assert np.isfinite(recording.history.train_loss).all()
    values, data = recording.frames[-1].values, recording.run.data()
    if view is View.PLANE:
        assert values.shape == (GRID, GRID)
        assert np.abs(data.train_x).max() <= 1.5 * own.dataset.reach
    elif view is View.CURVE:
        assert values.shape == (STEPS,)
        assert task is not Task.CLASSES or values.max() < outputs
    else:
        assert len(values) == min(SHOWN_SAMPLES, len(data.test_x))
        assert task is Task.REGRESSION or values.max() < max(2, outputs)


def test_the_likeliest_class_and_how_sure_are_one_number():
    coded = likeliest(np.array([[1 / 3, 1 / 3, 1 / 3], [0.0, 0.0, 1.0], [0.0, 2 / 3, 1 / 3]]))
    np.testing.assert_array_equal(coded // SURENESSES, [0, 2, 1])
    np.testing.assert_array_equal(coded % SURENESSES, [0, SURENESSES - 1, (SURENESSES - 1) // 2])


@pytest.mark.parametrize("seed", range(20))
def test_every_class_and_both_ends_of_a_number_are_in_the_training_part(seed):
    rows = [f"{k},{k % 5},{'rare' if k == 7 else 'usual'},{k == 9:d}" for k in range(200)]
    rare = table("\n".join(rows), inputs=(1, 2), answer=3)
    data = rare.data(20, 0.0, seed)
    assert set(data.train_y[:, 0]) == {0, 1}
    peak = table("\n".join(rows), inputs=(1, 2), answer=4, goal="number")
    y = peak.data(20, 0.0, seed).train_y
    assert (y.min(), y.max()) == (-1, 1)


@pytest.mark.parametrize(("rows", "tested"), [(4, 0), (19, 0), (20, 4), (100, 20)])
def test_of_fewer_than_twenty_rows_all_are_trained_on(rows, tested):
    own = table(grown(count=rows))
    data = own.data(500, 0.0, 0)
    assert (len(data.train_x), len(data.test_x)) == (rows - tested, tested)
    assert data.tested == (tested > 0)
    recording = Recording(RunSpec(table=own, depth=1, epochs=3))
    recording.advance()
    assert recording.history.diverged == (None,)
    assert np.isfinite(recording.history.train_loss).all()
    assert np.isfinite(recording.history.test_accuracy).all() == (tested > 0)


HOLES = "a,b,y\n" + "\n".join(f"{k / 3 if k % 3 else ''},{k % 5},{k % 2}" for k in range(30))


def test_rows_with_a_gap_are_left_out_or_filled_with_the_mean_of_the_training_part():
    left = table(HOLES, missing="leave")
    assert len(left.x) == 20
    assert np.isfinite(left.x).all()
    kept = table(HOLES, missing="fill")
    assert len(kept.x) == 30
    data = kept.data(500, 0.0, 5)
    gaps = np.isnan(kept.x[:, 0])
    assert gaps.sum() == 10
    for x, rows in ((data.train_x, data.train_rows), (data.test_x, data.test_rows)):
        np.testing.assert_allclose(x[gaps[rows], 0], 0, atol=1e-12)  # the mean, standardized
    raw = gathered(kept.dataset, data)
    given = kept.x[data.train_rows, 0]
    np.testing.assert_allclose(raw[gaps, 0], given[~np.isnan(given)].mean())


def test_a_row_without_an_answer_is_left_out_whatever_becomes_of_other_gaps():
    text = "a,b,y\n" + "\n".join(f"{k / 3},{k % 5},{k % 2 if k % 6 else '?'}" for k in range(30))
    for missing in ("leave", "fill"):
        own = table(text, missing=missing)
        assert len(own.x) == 25
        assert own.class_names == ("0", "1")


def test_too_few_complete_rows_are_refused_with_their_number():
    text = "a,b,y\n" + "\n".join(f"{k if k > 26 else ''},{k % 5},{k % 2}" for k in range(30))
    error = refusal(text, inputs=(1, 2), missing="leave")
    assert (error.flaw, error.value, error.limit) == (Flaw.TOO_FEW_LEFT, "3", 4)


def test_words_become_inputs_of_0_and_1():
    lines = [f"{k},{'yes' if k % 2 else 'no'},{'rgb'[k % 3]},{k % 2}" for k in range(30)]
    own = table("n,ok,colour,y\n" + "\n".join(lines), inputs=(1, 2, 3), answer=4)
    assert own.names == ("n", "ok = yes", "colour = b", "colour = g", "colour = r")
    np.testing.assert_array_equal(own.x[:, 1], np.arange(30) % 2)
    np.testing.assert_array_equal(own.x[:, 2:].sum(axis=1), 1)
    np.testing.assert_array_equal(own.x[:, 4], np.arange(30) % 3 == 0)


def test_more_inputs_than_a_network_may_have_are_refused_and_never_suggested():
    words = [",".join("abcdefgh"[(k + c) % 8] for c in range(40)) for k in range(40)]
    text = "\n".join(f"{line},{'AB'[k % 2]}" for k, line in enumerate(words))
    sheet = read(text)
    assert tabulate(sheet, suggested(sheet)).x.shape[1] == MOST_WIDE
    error = refusal(text, inputs=tuple(range(1, 41)))
    assert (error.flaw, error.value, error.limit) == (Flaw.TOO_WIDE, "320", MOST_WIDE)


def test_one_class_can_be_told_from_all_others():
    three, one = flowers(), flowers(single=2)
    assert one.dataset.task is Task.BINARY
    assert one.class_names == (f"{three.class_names[0]} / {three.class_names[2]}", "1")
    np.testing.assert_array_equal(one.y[:, 0], three.y[:, 1])
    assert one != three


def test_classes_that_are_numbers_are_told_apart_by_value():
    text = grown().replace("A", "1").replace("B", "0").replace(",1\n", ",1.0\n", 3)
    own = table(text)
    assert own.class_names == ("0", "1.0")
    assert own.columns.goal == "classes"


def test_the_test_part_has_no_say_in_the_scale():
    data = flowers().data(150, 0.0, 3)
    np.testing.assert_allclose(data.train_x.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(data.train_x.std(axis=0), 1, rtol=1e-12)
    assert np.abs(data.test_x.mean(axis=0)).max() > 1e-3


def test_a_constant_column_is_named_and_adds_nothing():
    own = table(grown("a,b,kind,c", "{a},{b},{kind},7"), inputs=(1, 2, 4), answer=3)
    assert own.constant == ("c",)
    assert (own.data(30, 0.0, 0).train_x[:, 2] == 0).all()


def test_an_outlier_is_cut_and_everything_stays_finite():
    text = spoiled("1e99")
    recording = Recording(RunSpec(table=table(text), epochs=3, depth=1, precision="float32"))
    recording.advance()
    assert recording.history.diverged == (None,)


# --- a run over own data -----------------------------------------------------------------------


def test_no_link_holds_the_data_and_none_brings_them_back():
    run = RunSpec(table=table(), depth=3)
    assert run.to_query() == {"depth": "3"}
    assert "table" not in RunSpec.domains()
    assert RunSpec.from_query(run.to_query(full=True)).table is None
    assert RunSpec.read_query({"table": "x", "depth": "2"}, run)[0] == replace(run, depth=2)


def test_runs_are_equal_where_the_content_and_the_choice_are():
    run = RunSpec(table=table())
    assert run == RunSpec(table=table())
    assert hash(run) == hash(RunSpec(table=table()))
    others = [
        table(spoiled("3.6")),
        table(grown("a,c,kind")),
        table(grown().replace("A", "C")),
        table(grown().replace("0.5", "0.50")),
        flowers(inputs=(1, 2)),
        flowers(inputs=(1, 3)),
        None,
    ]
    assert len({run, *(RunSpec(table=other) for other in others)}) == len(others) + 1


def test_a_guessed_fingerprint_reaches_no_recording():
    recordings, own = Recordings(10**9), table()
    recordings.advance(recordings.get(RunSpec(table=own, epochs=2)), 60.0)
    short = Table(own.digest[:16], own.columns, *([()] * 4), own.x[:0], own.y[:0])
    for guess in (None, replace(own, digest=""), short):
        assert recordings.find(RunSpec(table=guess, epochs=2)) is None


def test_nothing_of_the_data_is_written_where_a_run_is_named():
    own = table(grown("secret_a,secret_b,secret_kind").replace("A", "secret_class"))
    assert "secret" not in repr(RunSpec(table=own))
    assert "array" not in repr(own)


def test_an_evicted_recording_forgets_the_data():
    recordings, own = Recordings(1), table()
    recordings.advance(recordings.get(RunSpec(table=own, epochs=2)), 60.0)
    gone = [weakref.ref(part) for part in (own, own.x, own.y, own.data(500, 0.0, 0).train_x)]
    del own
    gc.collect()
    assert all(part() is not None for part in gone)
    recordings.get(RunSpec(epochs=2))
    gc.collect()
    assert all(part() is None for part in gone)


def test_removed_data_are_forgotten_and_other_recordings_stay():
    recordings, own = Recordings(10**9), table()
    for run in (RunSpec(epochs=2), RunSpec(table=own, epochs=2), RunSpec(table=own, epochs=3)):
        recordings.get(run)
    recordings.forget(table().digest)
    assert len(recordings) == 1
    assert recordings.find(RunSpec(epochs=2)) is not None


def test_a_recording_counts_the_data_that_it_holds():
    plain, own = Recording(RunSpec(epochs=2)), Recording(RunSpec(epochs=2, table=table()))
    assert own.nbytes >= plain.nbytes + own.run.table.x.nbytes


def test_arrays_of_own_data_cannot_be_written():
    own = table()
    for array in (own.x, own.y, *vars(own.data(30, 0.1, 0)).values()):
        assert not array.flags.writeable
    assert {f.name for f in fields(Table) if f.compare} == {"digest", "columns"}


def test_the_columns_of_a_link_come_back():
    columns = Columns("0123456789abcdef", (1, 2, 3, 7, 64, 65), 9, "number")
    assert columns.to_query()["inputs"] == "1-3,7,64-65"
    for full in (False, True):
        assert Columns.read_query(columns.to_query(full=full)) == (columns, ())
    assert Columns().to_query(full=True).keys() == {"answer", "goal", "missing", "single"}


@settings(max_examples=200)
@given(specs(Columns))
def test_any_columns_come_back_from_their_link(columns):
    for full in (False, True):
        assert Columns.read_query(columns.to_query(full=full)) == (columns, ())
