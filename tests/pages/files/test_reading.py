"""Files as people have them: read as they are meant, or refused with what was seen."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.data.tables import (
    Flaw,
    Kind,
    Objection,
    Skip,
    TableError,
    gaps,
    suggested,
    tabulate,
)
from pages.files.cells import number, qualified_cells
from pages.files.decoding import ENCODINGS
from pages.files.reading import Reading, opened, read
from tests.pages.files.lookalikes import COLLECTIONS, Case, lines

FOLDER = Path(__file__).parents[3] / "pages" / "files"


def table(content, reading=None, **choice):

    sheet = read(content, reading)
    return tabulate(sheet, replace(suggested(sheet), **choice))


def reasons(sheet):
    return [skipped.why.value for skipped in sheet.skipped if skipped.why != "header"]


def refusal(content, reading=None):
    with pytest.raises(TableError) as refused:
        table(content, reading)
    return refused.value


def test_reading_needs_no_streamlit():
    for path in FOLDER.glob("*.py"):
        modules = [
            name
            for node in ast.walk(ast.parse(path.read_text("utf-8")))
            for name in (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module]
                if isinstance(node, ast.ImportFrom)
                else []
            )
        ]
        assert not any(m.startswith(("streamlit", "altair", "pages.ui")) for m in modules)


# --- collections that many people have --------------------------------------------------------


@pytest.mark.parametrize("case", COLLECTIONS.values(), ids=COLLECTIONS)
def test_a_well_known_kind_of_file_is_understood_as_it_is_meant(case: Case):
    sheet = read(case.content)
    columns = suggested(sheet)
    found = tabulate(sheet, columns)
    assert found.answer == case.answer
    assert found.names == tuple(case.inputs)
    assert found.class_names == tuple(case.classes)
    assert len(found.x) == case.rows
    assert sheet.header == case.header
    assert columns.missing == case.missing
    assert reasons(sheet) == list(case.skipped)
    why = {sheet.column(place).name: reason.value for place, reason in sheet.objections.items()}
    assert case.left.items() <= why.items()


# --- one table in many forms ------------------------------------------------------------------

COUNT = 30
PAIRS = [(k * 7 % 11 - 4.5, 1000 + 37 * k, "ab"[k % 2]) for k in range(COUNT)]


def written(form, head="u,v,kind", end="\n"):
    """The same table, each row written by `form(u, v, kind)`."""
    return lines(head, [form(*pair) for pair in PAIRS], end=end)


def numbered(form):
    """The rows of the same table, each with its number."""
    return [form.format(k=k, u=u, v=v, kind=kind) for k, (u, v, kind) in enumerate(PAIRS)]


def german(value):
    return f"{value:.2f}".replace(".", ",")


PLAIN = written(lambda u, v, kind: f"{u},{v},{kind}")
SEMICOLONS = written(lambda u, v, kind: f"{german(u)};{v};{kind}", "u;v;kind")
TABS = written(lambda u, v, kind: f"{u}\t{v}\t{kind}", "u\tv\tkind")
ALIGNED = written(lambda u, v, kind: f"{u:8.2f}   {v:6}  {kind}", "       u        v  kind")
PIPES = written(lambda u, v, kind: f"| {u} | {v} | {kind} |", "| u | v | kind |")

FORMS = {
    "Excel with semicolons and a separator line": (
        "\ufeffsep=;\r\n" + SEMICOLONS.replace("\n", "\r\n"),
        ["above"],
    ),
    "the same as bytes with a mark": (("sep=;\n" + SEMICOLONS).encode("utf-8-sig"), ["above"]),
    "German decimals": (SEMICOLONS, []),
    "German thousands": (
        written(lambda u, v, kind: f"{german(u)};{v // 1000}.{v % 1000:03};{kind}", "u;v;kind"),
        [],
    ),
    "decimal commas in quotes": (
        written(lambda u, v, kind: f'"{german(u)}","{v}","{kind}"'),
        [],
    ),
    "Unicode text of Excel": (TABS.encode("utf-16"), []),
    "UTF-16 without a mark": (TABS.encode("utf-16-le"), []),
    "UTF-16 the other way round": (TABS.encode("utf-16-be"), []),
    "pasted from a spreadsheet": (TABS.replace("\n", "\r\n"), []),
    "pasted with thousands": (
        written(lambda u, v, kind: f"{u}\t{v:,}\t{kind}", "u\tv\tkind"),
        [],
    ),
    "Windows line ends": (PLAIN.replace("\n", "\r\n"), []),
    "line ends of old": (PLAIN.replace("\n", "\r"), []),
    "no last line end": (PLAIN.rstrip("\n"), []),
    "the end-of-file sign of DOS": (PLAIN + "\x1a", []),
    "a comma at each line's end": (
        lines("u,v,kind,", [line + "," for line in PLAIN.splitlines()[1:]]),
        [],
    ),
    "a comma at each line's end but the header's": (
        lines("u,v,kind", [line + "," for line in PLAIN.splitlines()[1:]]),
        [],
    ),
    "a comma at some lines' ends": (PLAIN.replace("a\n", "a,,\n"), []),
    "blanks behind commas": (PLAIN.replace(",", ",  "), []),
    "quotes everywhere": (
        written(lambda u, v, kind: f'"{u}","{v}","{kind}"', '"u","v","kind"'),
        [],
    ),
    "single quotes everywhere": (
        written(lambda u, v, kind: f"'{u}','{v}','{kind}'", "'u','v','kind'"),
        [],
    ),
    "single quotes around words": (
        written(lambda u, v, kind: f"{u};{v};'{kind}'", "'u';'v';'kind'"),
        [],
    ),
    "a name over two lines": (PLAIN.replace("kind", '"kind"', 1), []),
    "pipes": (PIPES, []),
    "a table of Markdown": (PIPES.replace("kind |\n", "kind |\n|---|:-:|--:|\n"), ["rule"]),
    "a table of psql": (
        " u | v | kind\n---+---+------\n"
        + lines([f" {u} | {v} | {kind}" for u, v, kind in PAIRS])
        + "(30 rows)\n",
        ["rule", "below"],
    ),
    "aligned by blanks": (ALIGNED, []),
    "aligned by blanks and tabs": (ALIGNED.replace("   ", " \t "), []),
    "a printed frame": (
        lines("       u     v kind", numbered("{k:<3} {u} {v} {kind}")),
        [],
    ),
    "the row names of R's write.csv": (
        lines('"","u","v","kind"', numbered('"{k}",{u},{v},"{kind}"')),
        [],
    ),
    "the row names of R's write.table": (
        lines('"u" "v" "kind"', numbered('"{k}" {u} {v} "{kind}"')),
        [],
    ),
    "the index of pandas": (
        lines(",u,v,kind", numbered("{k},{u},{v},{kind}")),
        [],
    ),
    "a title above": ("Harvest 2026\n\n" + PLAIN, ["above", "blank"]),
    "a title in the first cell": ("Harvest 2026,,\n" + PLAIN, ["above"]),
    "some lines above": (
        "Data Source,Station\nLast update,2026-11-30\n\n" + PLAIN,
        ["above", "above", "blank"],
    ),
    "units below the names": (PLAIN.replace("kind\n", "kind\ncm,kg,\n", 1), ["units"]),
    "remarks": (
        "# made by hand\n" + PLAIN.replace("a\n", "a\n# again, with a comma\n", 1),
        ["comment", "comment"],
    ),
    "remarks of another kind": ("% made by hand\n// and more\n" + PLAIN, ["comment", "comment"]),
    "names in a remark, as NumPy writes them": ("# " + PLAIN, []),
    "a total below": (PLAIN + "Total,46000,\n", ["below"]),
    "a total in Japanese": (PLAIN + "合計,46000,\n", ["below"]),
    "a source below": (PLAIN + "\nSource: a survey, of 2026\n", ["blank", "below"]),
    "blank lines and rows": ("\n\n" + PLAIN.replace("a\n", "a\n\n,,\n", 1), ["blank"] * 4),
    "the names once more": (PLAIN + PLAIN, ["again"]),
    "typographic minus": (PLAIN.replace("-", "−"), []),
    "a dash for a minus": (PLAIN.replace("-", "–"), []),
    "debts in brackets": (
        written(lambda u, v, kind: f"{u if u >= 0 else f'({-u})'},{v},{kind}"),
        [],
    ),
    "per cent": (written(lambda u, v, kind: f"{u}%,{v} %,{kind}"), []),
    "dollars": (written(lambda u, v, kind: f'{u},"${v:,}",{kind}'), []),
    "euros": (written(lambda u, v, kind: f"{german(u)} €;{v} EUR;{kind}", "u;v;kind"), []),
    "yen": (written(lambda u, v, kind: f"{u},¥{v},{kind}"), []),
    "yen in words": (written(lambda u, v, kind: f'{u},"{v:,}円",{kind}'), []),
    "Swiss thousands": (
        written(lambda u, v, kind: f"{u};{v // 1000}'{v % 1000:03};{kind}", "u;v;kind"),
        [],
    ),
    "French thousands": (
        written(
            lambda u, v, kind: f"{german(u)};{v // 1000}\u202f{v % 1000:03};{kind}", "u;v;kind"
        ),
        [],
    ),
    "a unit behind each number": (written(lambda u, v, kind: f"{u} cm,{v} kg,{kind}"), []),
    "wide commas": (PLAIN.replace(",", "，"), []),
    "quotes around whole lines": (
        "".join(f'"{line}"\n' for line in PLAIN.splitlines()),
        [],
    ),
    "quotes around whole lines, not the names": (
        "u,v,kind\r\n" + written(lambda u, v, kind: f'"{u},{v},""{kind}"""', end="\r\n")[10:],
        [],
    ),
    "tabs, with words above": (
        "LabVIEW Measurement\t\nWriter_Version\t2\n"
        + written(lambda u, v, kind: f"{u}\t{v}\t{kind}", "u\tv\tkind"),
        ["above", "above"],
    ),
    "wide digits": (PLAIN.translate({48 + k: 0xFF10 + k for k in range(10)}), []),
}


@pytest.mark.parametrize(("content", "skipped"), FORMS.values(), ids=FORMS)
def test_the_same_table_is_read_from_every_form(content, skipped):
    sheet = read(content)
    found = tabulate(sheet, suggested(sheet))
    assert (found.names, found.answer) == (("u", "v"), "kind")
    assert found.class_names == ("a", "b")
    twice = 2 if skipped == ["again"] else 1
    np.testing.assert_array_equal(found.x[:, 0], [u for u, _, _ in PAIRS] * twice)
    np.testing.assert_array_equal(found.x[:, 1], [v for _, v, _ in PAIRS] * twice)
    assert reasons(sheet) == skipped


@pytest.mark.parametrize("separator", ["blank", "fixed", "comma", "tab"])
@pytest.mark.parametrize("end", [" ", "\t", " \t", "\n \n\t"])
def test_a_last_line_of_nothing_but_blanks_is_named(separator, end):
    text = {"comma": PLAIN, "tab": PLAIN.replace(",", "\t")}.get(separator, ALIGNED)
    sheet = read(text + end, Reading(separator=separator))
    assert [skipped.why for skipped in sheet.skipped][1:] == [Skip.BLANK] * (1 + end.count("\n"))


@pytest.mark.parametrize(
    "title",
    [
        "my data",
        "measured by hand",
        "measured by hand today",
        "# measured by hand",
        "Table 1 of 3\n",
    ],
)
def test_a_title_is_no_header_however_many_words_it_has(title):
    sheet = read(f"{title}\n{ALIGNED}")
    assert [column.name for column in sheet.columns] == ["u", "v", "kind"]
    assert title.strip() in {skipped.text for skipped in sheet.skipped}


def test_columns_of_fixed_width_may_have_empty_cells():
    text = lines(
        "name    age  height kind",
        [f"{f'n{k}':<8}{k + 20 if k % 10 else '':<5}{k / 3:<7.2f}{'ab'[k % 2]}" for k in range(30)],
    )
    sheet = read(text)
    assert sheet.names == ("name", "age", "height", "kind")
    assert sheet.column(2).missing.sum() == 3
    assert sheet.column(3).values[1] == 0.33


def test_a_name_and_a_cell_may_go_over_lines():
    text = PLAIN.replace("kind", '"the\nkind"', 1)
    assert table(text).answer == "the kind"
    assert read(text).rows[0] == 2


@pytest.mark.parametrize("quote", ["'", '"'])
def test_separators_between_quotes_are_part_of_a_cell(quote):
    rows = [f"{quote}Lee, A{quote},{k / 3:.2f},{quote}{'ab'[k % 2]}{quote}" for k in range(20)]
    sheet = read(lines(f"{quote}n{quote},{quote}x{quote},{quote}k{quote}", rows))
    assert sheet.names == ("n", "x", "k")
    assert sheet.cells[1] == ("Lee, A", "0.33", "b")


def test_an_apostrophe_is_no_quotation_mark():
    rows = [f"'tis,O'Hara {k},{k / 3:.2f},{'ab'[k % 2]}" for k in range(20)]
    sheet = read(lines("'n',m,x,k", rows))
    assert sheet.cells[1] == ("'tis", "O'Hara 1", "0.33", "b")


def test_names_that_appear_twice_are_numbered():
    sheet = read(PLAIN.replace("u,v", "u,u", 1))
    assert sheet.names == ("u", "u (2)", "kind")


# --- the first row ----------------------------------------------------------------------------


def test_a_missing_mark_in_the_first_row_makes_no_header():
    text = lines("0,?,0.5,a", [f"{k},{k + 1},{k + 0.5},{'ab'[k % 2]}" for k in range(1, 25)])
    sheet = read(text)
    assert not sheet.header
    assert len(sheet.rows) == 25
    assert sheet.names == ("#1", "#2", "#3", "#4")
    assert sheet.column(2).missing.tolist() == [True] + [False] * 24


@pytest.mark.parametrize("mark", ["", "NA", "NaN", "nan", "null", "?", "-", "."])
def test_no_missing_mark_makes_a_header(mark):
    text = lines(
        f"{mark},{mark},0.5,a", [f"{k}.5,{k * k},{k + 0.5},{'ab'[k % 2]}" for k in range(24)]
    )
    assert not read(text).header


SIZES = [f"{'SML'[k % 3]},{['no', 'yes'][k % 2]}" for k in range(20)]
HEADERS = {
    "years": ("land,2019,2020,2021", [f"l{k},{k}.5,{k * k},{k * 3}" for k in range(20)], True),
    "counted columns": (",0,1,2", [f"{k},{k / 3:.2f},{k * k},{k % 2}" for k in range(20)], True),
    "only words": ("size,taste", SIZES, True),
    "words without names": ("S,no", SIZES, False),
    "a word among numbers": ("1.5,n/s,2", [f"{k}.5,{k},{k * k}" for k in range(20)], False),
    "dates": ("day,kind", [f"2026-01-{k + 1:02},{'ab'[k % 2]}" for k in range(20)], True),
    "wavelengths": (
        "400,410,420,class",
        [f".{k % 9},.{k % 7},.{k % 5},{'ab'[k % 2]}" for k in range(20)],
        True,
    ),
    "wavelengths with decimals": (
        "class,400.5,410.5",
        [f"{'ab'[k % 2]},.{k % 9},.{k % 7}" for k in range(20)],
        True,
    ),
    "counted columns and a name": (
        "0,1,target",
        [f"{k % 9 / 3 - 1:.2f},{k % 7 / 2 - 1:.2f},{k % 2}" for k in range(20)],
        True,
    ),
    "a rare class in the first row": (
        "0,1,c",
        [f"{k // 2 % 2},{k % 2},{'ab'[k % 2]}" for k in range(20)],
        False,
    ),
    "rising numbers and a rare class": (
        "1.5,2.5,c",
        [f"{k % 9},{k % 7},{'ab'[k % 2]}" for k in range(20)],
        False,
    ),
    "corners without names": ("0,0,0", ["0,1,1", "1,0,1", "1,1,0"], False),
}


@pytest.mark.parametrize(("first", "others", "header"), HEADERS.values(), ids=HEADERS)
def test_a_header_is_told_from_a_sample(first, others, header):
    sheet = read(lines(first, others))
    assert sheet.header == header
    assert len(sheet.rows) == len(others) + (not header)


def degrees(count, between=""):
    """Days with two temperatures, each followed by what is `between`."""
    return [f"2026/1/{k + 1},{k % 7 / 2}{between},{k % 5 / 2}{between}" for k in range(count)]


LINES_OF_NAMES = {
    "one place above two quantities": (
        ",東京,東京\n年月日,平均気温(℃),最高気温(℃)",
        degrees(28),
        ("年月日", "東京 平均気温(℃)", "東京 最高気温(℃)"),
        ["header", "header"],
    ),
    "three lines of names": (
        "作成：2026/11/30\n\n,東京,東京,東京,東京\n年月日,平均,平均,最高,最高\n,,品質情報,,品質情報",
        degrees(28, ",8"),
        ("年月日", "東京 平均", "東京 平均 品質情報", "東京 最高", "東京 最高 品質情報"),
        ["above", "blank", "header", "header", "header"],
    ),
    "cells that span others": (
        "Sepal,,Petal,,\nlength,width,length,width,species",
        [f"{k % 3 / 7:.2f},{k / 7:.2f},{k % 7},{k % 4},{'ab'[k % 2]}" for k in range(20)],
        ("Sepal length", "Sepal width", "Petal length", "Petal width", "species"),
        ["header", "header"],
    ),
    "about the file, filled up": (
        "Exported by,Kim,\nDate,2026-11-30,\nage,score,group",
        [f"{20 + k},{k / 2},{'ab'[k % 2]}" for k in range(20)],
        ("age", "score", "group"),
        ["above", "above", "header"],
    ),
    "two lines of units": (
        "Price,Close,High\nTicker,AAPL,AAPL\nDate,,",
        degrees(28),
        ("Price", "Close", "High"),
        ["header", "units", "units"],
    ),
    "units, and a column without a name": (
        ",u,v\n,cm,kg",
        [f"{k},{k * 7 % 11 / 2},{k % 5 / 3:.2f}" for k in range(20)],
        ("#1", "u", "v"),
        ["header", "units"],
    ),
    "rare words are no units": (
        "size,taste",
        ["XL,none", *SIZES],
        ("size", "taste"),
        ["header"],
    ),
    "a name twice": ("u,u,kind", PLAIN.splitlines()[1:], ("u", "u (2)", "kind"), ["header"]),
}


@pytest.mark.parametrize(
    ("head", "rows", "names", "why"), LINES_OF_NAMES.values(), ids=LINES_OF_NAMES
)
def test_a_header_may_have_several_lines(head, rows, names, why):
    sheet = read(lines(head, rows))
    assert sheet.names == names
    assert [skipped.why.value for skipped in sheet.skipped] == why
    assert len(sheet.rows) == len(rows)
    tabulate(sheet, suggested(sheet))


def test_the_reader_may_say_whether_there_is_a_header():
    text = lines([f"{k},{k * k},{'ab'[k % 2]}" for k in range(25)])
    assert len(read(text).rows) == 25
    corrected = read(text, Reading(header="yes"))
    assert corrected.names == ("0", "0 (2)", "a")
    assert len(corrected.rows) == 24
    named = read(PLAIN, Reading(header="no"))
    assert named.names == ("#1", "#2", "#3")
    assert named.column(1).cells[0] == "u"
    assert len(named.rows) == COUNT + 1


# --- missing cells ----------------------------------------------------------------------------


@pytest.mark.parametrize("mark", ["", "NA", "NaN", "nan", "null", "?", "-", ".", "n/a", "#N/A"])
def test_missing_marks_are_alike_in_inputs_and_in_the_answer(mark):
    rows = [[f"{k / 3:.2f}", f"{k * k}", "ab"[k % 2]] for k in range(30)]
    rows[3][0] = rows[8][1] = rows[12][2] = mark
    sheet = read(lines("u,v,kind", [",".join(row) for row in rows]))
    assert [column.missing.sum() for column in sheet.columns] == [1, 1, 1]
    found = gaps(sheet, suggested(sheet))
    assert found.counts == {1: 1, 2: 1, 3: 1}
    assert (found.answer, found.inputs) == (1, 2)
    assert len(tabulate(sheet, suggested(sheet)).x) == 27


@pytest.mark.parametrize(
    "mark",
    ["<0.5", "< 0.5", "≤3", ">10", "~3", "＜０．５", "100*", "3.5†", "1.5 [a]", "n.d.", "未検出"],
)
@pytest.mark.parametrize("times", [1, 3])
def test_a_bound_or_a_footnote_among_numbers_is_missing_and_named(mark, times):
    rows = [[f"{k / 3:.2f}", f"{k * k}", "ab"[k % 2]] for k in range(30)]
    for k in range(times):
        rows[5 * k + 3][0] = mark
    sheet = read(lines("u,v,kind", [",".join(row) for row in rows]))
    assert qualified_cells(sheet.column(1)) == [mark]
    assert qualified_cells(sheet.column(2)) == qualified_cells(sheet.column(3)) == []
    assert gaps(sheet, suggested(sheet)).counts == {1: times}
    assert len(tabulate(sheet, suggested(sheet)).x) == 30 - times


@pytest.mark.parametrize(
    "labels", [["2", "3", "4", "5more"], ["2", "4", "more"], ["0", "1", "2", "3+"], ["1", "2", "x"]]
)
def test_words_that_recur_among_few_numbers_are_labels_as_these_are(labels):
    rows = [f"{labels[k % len(labels)]},{k / 3:.2f},{'ab'[k % 2]}" for k in range(60)]
    sheet = read(lines("n,u,kind", rows))
    assert sheet.column(1).words == tuple(labels)
    assert table(lines("n,u,kind", rows)).names == (*(f"n = {one}" for one in labels), "u")


def test_spread_gaps_are_no_dead_end():
    rows = [[f"{(k * 7 + c * 3) % 13 / 2}" for c in range(4)] for k in range(40)]
    for k in range(26):
        rows[k + 7][k % 4] = ["", "NA", "?", "-"][k % 4]
    sheet = read(lines("a,b,c,d", [",".join(row) for row in rows]))
    columns = suggested(sheet)
    assert columns.inputs == (1, 2, 3)
    assert columns.missing == "fill"
    found = gaps(sheet, columns)
    assert len(tabulate(sheet, columns).x) == 40 - found.answer
    assert sum(found.counts.values()) == 26


def test_plus_and_minus_are_classes_and_no_gaps():
    text = lines("a,b,sign", [f"{k / 3:.2f},{k * k},{'+-'[k % 2]}" for k in range(30)])
    assert table(text).class_names == ("+", "-")


# --- what becomes an input, what is predicted ---------------------------------------------------


def test_words_true_and_false_per_cent_and_money_are_offered():
    text = lines(
        "name,sex,member,share,fare,late",
        [
            f'p{k},{["female", "male"][k % 2]},{k % 3 == 0},{k % 50}%,"${k * 40:,}",'
            f"{'yes' if k % 4 else 'no'}"
            for k in range(40)
        ],
    )
    found = table(text)
    assert found.names == ("sex = male", "member = True", "share", "fare")
    assert found.x[39].tolist() == [1, 1, 39, 1560]
    assert read(text).objections == {1: Objection.MANY_WORDS}


@pytest.mark.parametrize("words", ["TRUE True false FALSE", "yes Yes NO no", "on ON Off off"])
def test_yes_and_no_are_the_same_in_capitals(words):
    cells = words.split()
    text = lines("u,y", [f"{k / 3:.2f},{cells[k % 4]}" for k in range(40)])
    names = sorted({cell.lower(): cell for cell in cells[::-1]}.values())
    assert sorted(table(text).class_names) == names
    assert len(read(text).rows) == 40


def test_a_logger_that_leaves_the_last_cell_empty_is_split_at_tabs():
    text = lines(
        "LabVIEW Measurement\t\nWriter_Version\t2\nX_Value\tVoltage\tComment",
        [f"{k / 10}\t{k * 7 % 11 / 10:.2f}\t" for k in range(40)],
    )
    sheet = read(text)
    assert sheet.names == ("X_Value", "Voltage", "Comment")
    assert reasons(sheet) == ["above", "above"]


ANSWERS = {
    "text in the middle, a label last": (
        "u,colour,v,y",
        lambda k: f"{k / 3:.2f},{'rgb'[k % 3]},{k * k},{k % 2}",
        "y",
        ("0", "1"),
    ),
    "text in the middle alone": (
        "u,colour,v",
        lambda k: f"{k / 3:.2f},{'rgb'[k % 3]},{k * k / 7:.2f}",
        "colour",
        ("b", "g", "r"),
    ),
    "the class first": (
        "kind,u,v",
        lambda k: f"{'ab'[k % 2]},{k / 3:.2f},{k * k / 7:.2f}",
        "kind",
        ("a", "b"),
    ),
    "200 names": ("u,v,name", lambda k: f"{k / 3:.2f},{k * k / 7:.2f},person {k}", "v", ()),
    "200 names, and a class": (
        "name,u,kind",
        lambda k: f"person {k},{k / 3:.2f},{'ab'[k % 2]}",
        "kind",
        ("a", "b"),
    ),
    "-1 and 1": ("u,v,y", lambda k: f"{k / 3:.2f},{k * k / 7:.2f},{(-1) ** k}", "y", ("-1", "1")),
    "0.0 and 1.0": (
        "u,v,y",
        lambda k: f"{k / 3:.2f},{k * k / 7:.2f},{k % 2}.0",
        "y",
        ("0.0", "1.0"),
    ),
    "a date last": (
        "u,y,day",
        lambda k: f"{k / 3:.2f},{k % 2},2026-01-{k % 28 + 1:02}",
        "y",
        ("0", "1"),
    ),
    "a date first": (
        "day,u,y",
        lambda k: f"{k % 28 + 1}.1.2026,{k / 3:.2f},{k % 2}",
        "y",
        ("0", "1"),
    ),
    "rows numbered": ("no,u,y", lambda k: f"{k + 1},{k / 3:.2f},{k % 2}", "y", ("0", "1")),
    "yes and no": (
        "u,v,ok",
        lambda k: f"{k / 3:.2f},{k * k},{['no', 'yes'][k % 2]}",
        "ok",
        ("no", "yes"),
    ),
    "a number": ("u,v,w", lambda k: f"{k / 3:.2f},{k * k},{k * k / 7:.2f}", "w", ()),
    "a constant last": ("u,y,unit", lambda k: f"{k / 3:.2f},{k % 2},cm", "y", ("0", "1")),
    "a telling name": (
        "target,u,v",
        lambda k: f"{k * k / 7:.2f},{k / 3:.2f},{k % 2}",
        "target",
        (),
    ),
    "rooms first": ("rooms,area,rent", lambda k: f"{k % 4 + 1},{k / 3:.2f},{k * 7}", "rent", ()),
    "a price that is called more": (
        "OverallQual,SalePrice,Cond",
        lambda k: f"{k % 7 + 3},{k * 131},{k % 5}",
        "SalePrice",
        (),
    ),
    "a price among others": (
        "unit_price,old_price,kind",
        lambda k: f"{k / 3:.2f},{k / 7:.2f},{'ab'[k % 2]}",
        "kind",
        ("a", "b"),
    ),
    "two classes first": ("bought,u,v", lambda k: f"{k % 2},{k / 3:.2f},{k}", "bought", ("0", "1")),
    "21 classes and two": ("u,code,y", lambda k: f"{k / 3:.2f},c{k % 21},{k % 2}", "y", ("0", "1")),
    "21 classes alone": ("u,v,code", lambda k: f"{k / 3:.2f},{k * k / 7:.2f},c{k % 21}", "v", ()),
}


@pytest.mark.parametrize(("head", "row", "answer", "classes"), ANSWERS.values(), ids=ANSWERS)
def test_a_likely_answer_is_suggested(head, row, answer, classes):
    found = table(lines(head, [row(k) for k in range(200)]))
    assert found.answer == answer
    assert found.class_names == classes
    assert not {"no", "day", "name"} & set(found.names)


DATES = {
    "ISO": lambda k: f"2026-01-{k % 28 + 1:02}",
    "with times": lambda k: f"2026-01-{k % 28 + 1:02} {k % 24:02}:30:00",
    "with zones": lambda k: f"2026-01-{k % 28 + 1:02}T10:00:00+0{k % 9}:00",
    "German": lambda k: f"{k % 28 + 1:02}.11.2026",
    "American": lambda k: f"{k % 12 + 1}/28/2026",
    "Japanese": lambda k: f"2026年{k % 12 + 1}月3日",
    "slashes": lambda k: f"2026/{k % 12 + 1}/{k % 28 + 1}",
    "months by name": lambda k: f"{['Jan', 'Feb', 'Mar'][k % 3]} {k % 28 + 1}, 2026",
    "short": lambda k: f"{k % 28 + 1}-Jan-26",
    "compact": lambda k: f"202601{k % 28 + 1:02}T000000",
    "eight digits": lambda k: f"202601{k % 28 + 1:02}",
    "times": lambda k: f"{k % 24}:{k % 60:02}",
    "months": lambda k: f"2026-{k % 12 + 1:02}",
}


@pytest.mark.parametrize("form", DATES.values(), ids=DATES)
def test_dates_are_no_inputs_and_no_answers(form):
    text = lines("when,u,y", [f'"{form(k)}",{k / 3:.2f},{k % 2}' for k in range(40)])
    sheet = read(text)
    assert sheet.column(1).kind is Kind.DATES
    assert sheet.objections[1] is Objection.DATES
    assert suggested(sheet).inputs == (2,)


COUNTS_OF_TIME = {
    "seconds": ("timestamp", lambda k: 1700000000 + 61 * k),
    "seconds without a name for it": ("a", lambda k: 1700000000 + 61 * k),
    "seconds in any order": ("ts", lambda k: 1700000000 + 61 * (k * 7 % 40)),
    "fractions of seconds": ("epoch", lambda k: 1700000000.5 + 61 * k),
    "milliseconds": ("time", lambda k: 1700000000000 + 61000 * k),
    "nanoseconds": ("Timestamp", lambda k: 1700000000000000000 + 61 * 10**9 * k),
    "days of a spreadsheet": ("date", lambda k: 45000 + k * 7 % 40),
    "days in their order": ("a", lambda k: 45000 + 7 * k),
    "days with hours": ("日時", lambda k: f"{45000 + k / 24:.3f}"),
}


@pytest.mark.parametrize(("name", "form"), COUNTS_OF_TIME.values(), ids=COUNTS_OF_TIME)
def test_time_that_is_counted_is_no_input_and_no_answer(name, form):
    sheet = read(lines(f"u,y,{name}", [f"{k / 3:.2f},{k % 2},{form(k)}" for k in range(40)]))
    assert sheet.objections == {3: Objection.DATES}
    columns = suggested(sheet)
    assert (columns.inputs, columns.answer) == ((1,), 2)
    assert tabulate(sheet, replace(columns, inputs=(1, 3))).names == ("u", name)


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("price", lambda k: 45000 + 31 * (k * 7 % 40)),
        ("population", lambda k: 1700000000 + 61 * (k * 7 % 40)),
        ("income", lambda k: 31000 + 500 * k),
        ("time", lambda k: k * 7 % 40),
        ("time", lambda k: "inf" if k % 9 else "17"),
    ],
)
def test_other_large_numbers_are_no_time(name, form):
    sheet = read(lines(f"u,y,{name}", [f"{k / 3:.2f},{k % 2},{form(k)}" for k in range(40)]))
    assert not sheet.objections


@pytest.mark.parametrize(
    "cells", [("3-4", "5-6"), ("1.5", "2.5"), ("1/2", "3/4"), ("A1", "B2"), ("may", "june")]
)
def test_what_only_resembles_a_date_is_none(cells):
    sheet = read(lines("u,v,y", [f"{cells[k % 2]},{k / 3:.2f},{k % 2}" for k in range(40)]))
    assert sheet.column(1).kind is not Kind.DATES


# --- few columns, few rows --------------------------------------------------------------------


def test_two_columns_are_a_curve_through_points():
    found = table(lines("x,y", [f"{k / 3:.2f},{k * k / 7:.2f}" for k in range(30)]))
    assert (found.names, found.answer, found.columns.goal) == (("x",), "y", "number")
    counted = table(lines("x,y", [f"{k},{k * k}" for k in range(30)]))
    assert counted.names == ("x",)  # numbers of rows, but there is nothing else


@pytest.mark.parametrize(
    "text", ["0,0,0\n0,1,1\n1,0,1\n1,1,0\n", "a b y\n0 0 0\n0 1 1\n1 0 1\n1 1 0"]
)
def test_the_four_points_of_xor_are_enough(text):
    found = table(text)
    assert found.x.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert found.y[:, 0].tolist() == [0, 1, 1, 0]
    assert found.class_names == ("0", "1")


# --- separators -------------------------------------------------------------------------------

LONG = "a long remark, with commas, and more of it, " * 5


def test_commas_in_long_cells_do_not_win_over_semicolons():
    text = lines(
        "id;note;x;y;k",
        [f"{k};{LONG}{k};{k / 3:.2f};{k * k};{'ab'[k % 2]}" for k in range(30)],
    )
    assert opened(text).separator == "semicolon"
    assert read(text).names == ("id", "note", "x", "y", "k")
    assert table(text).names == ("x", "y")


def test_a_row_that_does_not_fit_is_refused_with_the_true_separator():
    text = lines(
        "id;note;x;y;k",
        [
            f"{k};{LONG};{k / 3:.2f};{k * k};{'ab'[k % 2]}{';' + 'z' if k == 7 else ''}"
            for k in range(30)
        ],
    )
    error = refusal(text)
    assert (error.flaw, error.row, error.value, error.limit) == (Flaw.RAGGED, 9, "6", 5)
    assert error.separator == "semicolon"


def test_the_reader_may_name_the_separator():
    text = lines([f"{k},5;{k * k},5;{'ab'[k % 2]}" for k in range(30)])
    assert opened(text).separator == "semicolon"
    commas = read(text, Reading(separator="comma"))
    assert commas.column(2).cells[1] == "5;1"
    assert refusal(text, Reading(separator="tab")).flaw is Flaw.ONE_COLUMN


@pytest.mark.parametrize("text", ["x\n" + "1.5\n" * 30, "word\n" * 30])
def test_one_column_alone_is_refused(text):
    assert refusal(text).flaw is Flaw.ONE_COLUMN


@pytest.mark.parametrize("head", ["u,v", "u,v,w,kind", "u,v,w,x,kind"])
def test_a_header_that_does_not_fit_is_refused_however_it_was_found(head):
    text = PLAIN.replace("u,v,kind", head, 1)
    if head == "u,v":
        assert read(text).names == ("#1", "u", "v")  # as R writes the names of rows
        return
    for header in ("auto", "yes", "no"):
        error = refusal(text, Reading(header=header))
        assert (error.flaw, error.row) == (Flaw.RAGGED, 1)


def test_a_short_row_is_never_filled_in_silence():
    error = refusal(PLAIN + "1,2\n")
    assert (error.flaw, error.row, error.value, error.limit) == (Flaw.RAGGED, 32, "2", 3)


NO_TABLES = {
    '{\n "x": [1, 2, 3, 4],\n "y": [5, 6, 7, 8],\n "k": [0, 1, 0, 1]\n}\n': "JSON",
    '[{"x": 1, "y": 0}, {"x": 2, "y": 1}]': "JSON",
    '[\n  {\n    "x": 1\n  },\n  {\n    "x": 2\n  }\n]\n': "JSON",
    '{"x": 1, "y": 0}\n{"x": 2, "y": 1}\n': "JSON",
    "<!DOCTYPE html>\n<html><body><p>Not found</p></body></html>\n": "HTML",
    "\n<table>\n<tr><td>1</td><td>2</td></tr>\n</table>": "HTML",
    "<?xml version='1.0'?>\n<rows><row>1</row></rows>\n": "XML",
    "<svg width='10'><g/></svg>": "XML",
    "[[1. 2. 0.]\n [3. 4. 1.]\n [5. 6. 0.]\n [7. 9. 1.]]\n": "",
    "[[1, 2, 0],\n [3, 4, 1],\n [5, 6, 0],\n [7, 9, 1]]\n": "",
    "array([[1., 2.],\n       [3., 4.]])": "",
    "[1, 2, 0],\n[3, 4, 1],\n[5, 6, 0],\n[7, 9, 1]\n": "",
}


@pytest.mark.parametrize(("text", "name"), NO_TABLES.items(), ids=NO_TABLES)
def test_what_is_no_table_is_called_by_its_name(text, name):
    error = refusal(text)
    assert (error.flaw, error.value) == (Flaw.MARKUP if name else Flaw.BRACKETS, name)


@pytest.mark.parametrize(
    "head",
    ["<TICKER>,<DATE>,<CLOSE>", "[u],[v],[kind]", "[1],[2],kind", "{u},{v},{kind}", "<1,[2],a"],
)
def test_brackets_around_names_are_no_other_format(head):
    assert len(read(lines(head, PLAIN.splitlines()[1:])).columns) == 3


# --- encodings --------------------------------------------------------------------------------

WORDS = {
    "windows-1252": ("poids;taille;ville", ["Orléans", "Béziers"], "latin-1"),
    "windows-1252 too": ("Größe;Maß;Straße", ["Köln", "München"], "cp1252"),
    "windows-1252 with euros": ("prix €;n°;ville", ["Nîmes", "Orléans"], "cp1252"),
    "windows-1252 at the end": ("peso;tamaño;país", ["Málaga", "León"], "latin-1"),
    "mac-roman": ("poids;taille;ville", ["Orléans", "Béziers"], "mac_roman"),
    "shift_jis": ("身長;体重;種類", ["犬", "猫①"], "cp932"),
    "shift_jis with kana": ("なまえ;てんすう;すき", ["はい", "いいえ"], "cp932"),
    "shift_jis beside letters": ("ID番号;体重kg;型", ["A型", "B型"], "cp932"),
    "shift_jis of half width": ("ﾐｾ;ｳﾘｱｹﾞ;店名", ["ｼﾌﾞﾔ", "ｼﾝｼﾞｭｸ"], "cp932"),
    "euc-jp": ("身長;体重;種類", ["犬", "猫"], "euc_jp"),
    "euc-jp with kana": ("名前;てんすう;よみ", ["さくら", "たろう"], "euc_jp"),
    "iso-2022-jp": ("身長;体重;種類", ["犬", "猫"], "iso2022_jp"),
    "gb18030": ("身高;体重;城市", ["北京", "上海"], "gb18030"),
    "gb18030 again": ("编号;年龄;性别", ["男", "女"], "gb18030"),
    "big5": ("身高;體重;城市", ["臺北", "高雄"], "big5"),
    "windows-1251": ("рост;вес;город", ["Москва", "Казань"], "cp1251"),
    "utf-8": ("身長;poids;Größe", ["犬", "Orléans"], "utf-8"),
}


@pytest.mark.parametrize(("head", "words", "codec"), WORDS.values(), ids=WORDS)
def test_words_are_read_in_the_encoding_that_they_were_written_in(head, words, codec):
    text = lines(head, [f"{k / 3:.2f};{k * k};{words[k % 2]}" for k in range(25)])
    sheet = read(text.encode(codec))
    assert sheet.names == tuple(head.split(";"))
    assert set(sheet.column(3).words) == set(words)
    assert sheet.digest == read(text).digest


SHORT = [
    "x,判定\n1,○\n2,×\n3,○\n4,×\n",
    "x,評価\n1,◎\n2,○\n3,△\n4,×\n",
    "x,印\n1,△\n2,▲\n3,△\n4,▲\n",
    "x,y\n1,■\n2,□\n3,☆\n4,●\n",
    "x,y\n1,→\n2,←\n3,→\n4,←\n",
    "x,y\n1,α\n2,β\n3,α\n4,Ω\n",
    "x,型\n1,Ａ\n2,Ｂ\n3,Ａ\n4,Ｏ\n",
    "x,Ａ組\n1,５０％\n2,６０％\n3,７０％\n4,９０％\n",
    "気温,湿度\n１０,２０\n１１,３０\n１２,４０\n１３,４１\n",
    "x,y\n１０,２０\n１１,３０\n１２,４０\n１３,４１\n",
    "氏名,組\n山田太郎,Ａ\n佐藤花子,Ｂ\n鈴木一郎,Ａ\n田中次郎,Ｂ\n",
]
"""Files in which the only words are signs, or ASCII as wide as kanji."""


@pytest.mark.parametrize("text", SHORT)
@pytest.mark.parametrize("codec", ["cp932", "euc_jp"])
def test_japanese_signs_and_wide_letters_are_not_read_as_something_else(text, codec):
    assert read(text.encode(codec)).digest == read(text).digest


@pytest.mark.parametrize("sign", ["£", "¥", "§", "±", "°", "²", "µ", "½", "Ø", "Ö"])
@pytest.mark.parametrize("codec", ["cp1252", "latin-1"])
def test_a_sign_alone_is_western_and_no_half_width_katakana(sign, codec):
    for text in (f"{sign},k\n5,0\n6,1\n8,0\n9,1\n", f"p,k\n{sign}5,0\n{sign}6,1\n7,0\n9,1\n"):
        file = opened(text.encode(codec))
        assert (file.encoding, file.text) == ("windows-1252", text)


def test_prices_in_pounds_are_numbers():
    sheet = read("price,k\n£5,0\n£6,1\n£8,0\n£9,1".encode("cp1252"))
    assert sheet.column(1).values.tolist() == [5, 6, 8, 9]


def test_the_reader_may_name_the_encoding():
    text = lines(
        "taille;poids;ville",
        [f"{k / 3:.2f};{k * k};{['Łódź', 'Kraków'][k % 2]}" for k in range(25)],
    )
    raw = text.encode("iso8859_2")
    assert set(read(raw).column(3).words) != {"Łódź", "Kraków"}
    assert opened(raw, Reading(encoding="mac-roman")).encoding == "mac-roman"
    korean = text.replace("Łódź", "서울").replace("Kraków", "부산").encode("euc_kr")
    assert read(korean, Reading(encoding="euc-kr")).column(3).words == ("부산", "서울")
    assert refusal(raw, Reading(encoding="utf-8")).flaw is Flaw.ENCODING


@pytest.mark.parametrize("key", ENCODINGS)
def test_every_encoding_can_be_chosen(key):
    raw = PLAIN.encode(ENCODINGS[key].codec)
    assert read(raw, Reading(encoding=key)).digest == read(PLAIN).digest


# --- numbers ----------------------------------------------------------------------------------

NUMBERS = {
    ".": {
        "1": 1,
        "-1.5": -1.5,
        "+.5": 0.5,
        "5.": 5,
        "1e3": 1000,
        "1,234": 1234,
        "1,234,567.5": 1234567.5,
        "1 234": 1234,
        "1'234.5": 1234.5,
        "12%": 12,
        "12 %": 12,
        "$5": 5,
        "-$5": -5,
        "$-5": -5,
        "5 €": 5,
        "(5)": -5,
        "($1,000)": -1000,
        "−5": -5,
        "–5": -5,
        "１２": 12,
        "1,2": None,
        "12,34": None,
        "0,123": None,
        "1,23,456": None,
        "5.5.5": None,
        "1-2": None,
        "(5": None,
        "5)": None,
        "0x10": None,
        "1_000": None,
        "": None,
        "-": None,
        "e5": None,
        "five": None,
        "=1+1": None,
        "1e999": np.inf,
        "1e200": np.inf,
        "inf": np.inf,
        "٣": None,
        "½": None,
        "5²": None,
        "7" * 61: None,
    },
    ",": {
        "1,5": 1.5,
        "1.234": 1234,
        "1.234,5": 1234.5,
        "0,123": 0.123,
        "1,234": 1.234,
        "5": 5,
        "1.5": None,
        ",5": 0.5,
    },
}


@pytest.mark.parametrize(
    ("cell", "decimal", "value"),
    [(cell, decimal, value) for decimal in NUMBERS for cell, value in NUMBERS[decimal].items()],
)
def test_a_number_is_read_as_it_is_written(cell, decimal, value):
    assert number(cell, decimal) == value


THOUSANDS = {
    "points and semicolons": (";", ["950", "1.050", "1.100", "900"], [950, 1050, 1100, 900]),
    "commas and semicolons": (";", ["950", "1,050", "1,100", "900"], [950, 1050, 1100, 900]),
    "points and tabs": ("\t", ["950", "1.051", "1.103", "900"], [950, 1051, 1103, 900]),
    "points and commas": (",", ["950", "1.051", "1.103", "900"], [950, 1051, 1103, 900]),
    "hundreds of thousands": (";", ["12", "150.000", "1.100", "900"], [12, 150000, 1100, 900]),
    "euros": (";", ["950 €", "1.050 €", "1.101 €", "900 €"], [950, 1050, 1101, 900]),
    "small numbers": (";", ["1", "1.050", "2", "9.125"], [1, 1.05, 2, 9.125]),
    "three decimals": (";", ["12", "10.125", "14.375", "9.625"], [12, 10.125, 14.375, 9.625]),
    "nothing but three decimals": (";", ["1.050", "1.100"] * 2, [1.05, 1.1, 1.05, 1.1]),
    "nothing but decimal commas": (";", ["1,050", "1,100"] * 2, [1.05, 1.1, 1.05, 1.1]),
    "a point is decimal elsewhere": (";", ["950", "1.050", "0.5", "900"], [950, 1.05, 0.5, 900]),
}


@pytest.mark.parametrize(("separator", "cells", "values"), THOUSANDS.values(), ids=THOUSANDS)
def test_thousands_are_told_from_thousandths_by_the_numbers_around_them(separator, cells, values):
    rows = [f"{cell}{separator}{'ab'[k % 2]}" for k, cell in enumerate(cells)]
    sheet = read(lines(f"u{separator}kind", rows))
    assert sheet.column(1).values.tolist() == values
