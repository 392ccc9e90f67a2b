"""Where a visitor brings data, sees how they were read, corrects that, and chooses columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import pyarrow as pa
import streamlit as st

from core.data.datasets import DATASETS, FEWEST_TO_TEST, Dataset, collected
from core.data.tables import (
    MISSING,
    MOST_BYTES,
    MOST_CLASSES,
    MOST_INPUTS,
    MOST_WORDS,
    Columns,
    Objection,
    Sheet,
    Skip,
    Table,
    TableError,
    gaps,
    inputs_of,
    is_numbers,
    shortened,
)
from pages.files.cells import qualified_cells
from pages.files.decoding import ENCODINGS, as_read_in
from pages.files.reading import AUTO
from pages.files.rows import SEPARATORS
from pages.texts import Text
from pages.ui.owndata import (
    Brought,
    Held,
    being_read,
    change,
    change_pair,
    change_reading,
    classes,
    current,
    drop,
    file_is_absent,
    file_is_missing,
    offered_pairs,
    own_table,
    pair_table,
    paired,
    shelf,
    take,
    use,
)
from pages.ui.session import linked
from pages.ui.settings import Pair
from pages.ui.widgets.controls import controls, taken

PREVIEW = 4
MOST_UPLOADED = 20
"""Megabytes of a file that are taken: ten times what is read, so that our sentence says so."""
RAW_LINES, RAW_LENGTH = 4, 100
"""How much is shown of a text that could not be read."""
DOOR = "own_data"
SHORT = 8
"""Digits of a fingerprint in a sentence."""
MOST_LISTED = 8
GUESSED_WORDS = 60
"""Characters shown of the words by which to recognize an encoding."""
WORDS = """<style>
[data-testid="stFileUploaderDropzoneInstructions"] {{ display: none; }}
[data-testid="stFileUploaderDropzone"] > span button p {{ font-size: 0; }}
[data-testid="stFileUploaderDropzone"] > span button p::after {{
  content: "{upload}"; font-size: 1rem;
}}
[data-testid="stFileUploader"] [role="alert"] {{ display: none; }}
[data-testid="stFileUploader"] [data-testid="stTooltipErrorHoverTarget"] {{ pointer-events: none; }}
[data-testid="stFileUploader"] [data-testid="stFileChipDeleteBtn"] {{ pointer-events: auto; }}
[data-testid="stFileUploader"]:has([aria-invalid="true"])::after {{
  content: "{too_large}"; font-size: 0.875rem;
}}
</style>"""
"""The uploader's own words are English, and give the server's limit instead of ours. A file too
large even for the server never arrives there, so the sentence about it is a style, too."""


def own_data(t: Text, *, plane: bool = False, split: bool = True) -> None:
    """A way to bring data and to choose their columns, and which are in use.

    plane: whether the page draws two columns and two classes. split: whether it learns from a
    training part.
    """
    if file_is_absent() if plane else file_is_missing():
        return  # the page itself asks for it
    door = st.popover(
        t.owndata.open, icon=":material/upload_file:", width="stretch", key=DOOR, on_change="rerun"
    )
    if door.open:
        with door:
            complain(t)
            read_as(t, "own")
            choose(t, "own", plane=plane)
            bring(t, "own")
            st.caption(t.owndata.privacy)
    table, chosen = pair_table() if plane else own_table(), current()
    if table is not None and chosen is not None:
        st.caption(in_use(t, table, chosen[0], split=split))


def in_use(t: Text, table: Table, held: Held, *, split: bool) -> str:
    """What is learnt from, and what of the file is not."""
    rows, left = len(table.x), len(held.sheet.rows) - len(table.x)
    told = [
        t.owndata.in_use.format(name=called(held, t), rows=f"{rows:,}", inputs=table.x.shape[1])
    ]
    if split:
        told.append(t.owndata.in_use_scaled)
    if left:
        told.append(t.owndata.in_use_left.format(count=f"{left:,}"))
    if split and rows < FEWEST_TO_TEST:
        told.append(untested(t, rows))
    return t.numbers.sentence_gap.join(told)


def untested(t: Text, rows: int) -> str:
    """That there is no test part, and why."""
    return t.owndata.untested.format(rows=rows, limit=FEWEST_TO_TEST)


def ask_for_file(t: Text) -> None:
    """What replaces the stage while the link's file is missing."""
    file = linked(Columns).file
    st.info(t.owndata.needed.format(file=code(file[:SHORT])), icon=":material/upload_file:")
    complain(t)
    bring(t, "needed")
    if shelf().unread is not None:
        read_as(t, "needed")
    elif (tried := shelf().tried) is not None and tried[0].sheet.file != file:
        st.warning(
            t.owndata.another.format(
                name=called(tried[0], t), file=code(tried[0].sheet.file[:SHORT])
            ),
            icon=":material/difference:",
        )
        st.button(t.owndata.use_anyway, on_click=use, args=tried)
        read_as(t, "needed")
    elif tried is not None:
        read_as(t, "needed")
        choose(t, "needed")
    st.button(t.owndata.without, on_click=drop, type="tertiary", icon=":material/arrow_back:")
    st.caption(t.owndata.privacy)


def ask_for_pair(t: Text) -> None:
    """What replaces the plane while there are no two columns of own data for it."""
    if file_is_absent():
        ask_for_file(t)
        return
    st.info(t.owndata.pair_needed, icon=":material/upload_file:")
    complain(t)
    if current() is None:
        bring(t, "needed")
    else:
        choose(t, "needed", plane=True)
    st.caption(t.owndata.privacy)


def pair_names(t: Text, table: Table, count: int) -> str:
    """What A and B, x1 and x2 mean on a page of the plane."""
    (a, b), (x1, x2) = table.class_names, table.names
    named = {"a": a, "b": b, "x1": x1, "x2": x2}
    return t.owndata.pair_names.format(
        count=f"{count:,}",
        rows=f"{len(table.x):,}",
        **{key: code(shortened(name)) for key, name in named.items()},
    )


def bring(t: Text, key: str) -> None:
    """The three ways to bring data."""
    limit = MOST_BYTES // 2**20
    st.html(
        WORDS.format(upload=t.owndata.browse, too_large=t.owndata.too_large.format(limit=limit))
    )
    file, paste, sample = st.tabs([t.owndata.ways[way] for way in t.owndata.ways])
    with file:
        upload = f"{key}.upload{shelf().dropped}"
        # any suffix: a file that is not a table gets our own sentence, in the reader's language
        st.file_uploader(
            t.owndata.upload.format(limit=limit),
            key=upload,
            on_change=take_upload,
            args=(upload,),
            max_upload_size=MOST_UPLOADED,
        )
        st.caption(t.owndata.form)
    with paste:
        text = f"{key}.paste{shelf().dropped}"
        st.text_area(t.owndata.paste, key=text, height=140, placeholder=t.owndata.placeholder)
        st.button(
            t.owndata.use_text,
            key=f"{key}.use_text",
            on_click=take_paste,
            args=(text,),
            icon=":material/content_paste:",
        )
    with sample:
        st.caption(t.owndata.example)
        with st.container(horizontal=True):
            st.button(
                t.owndata.use_example,
                key=f"{key}.use_example",
                on_click=take_example,
                args=(t,),
                icon=":material/local_florist:",
            )
            st.download_button(
                t.owndata.download,
                example(t),
                file_name=t.owndata.example_file,
                mime="text/csv",
                key=f"{key}.download",
                on_click="ignore",
                icon=":material/download:",
            )


def take_upload(key: str) -> None:
    if (file := st.session_state[key]) is not None:
        take(file.getvalue(), file.name)


def take_paste(key: str) -> None:
    take(st.session_state[key], "")


def take_example(t: Text) -> None:
    take(example(t), t.owndata.example_file)


def example(t: Text) -> str:
    """Fisher's flowers as a file, with the names of the reader's language."""
    flowers = DATASETS["iris"]
    rows = collected(flowers).tolist()
    head = [*(t.features[name] for name in flowers.features), t.owndata.species]
    lines = [",".join(head)]
    for row, name in zip(rows, names_of_rows(flowers), strict=True):
        lines.append(",".join([*(f"{value:g}" for value in row), name]))
    return "\n".join(lines) + "\n"


def names_of_rows(dataset: Dataset) -> list[str]:
    """The class of every row of a collection, by name."""
    y = dataset.draw(None, 0)[1]  # type: ignore[arg-type]
    return [dataset.class_names[k] for k in y.argmax(axis=1)]


def complain(t: Text) -> None:
    """What is wrong with what was brought or chosen last."""
    if (error := shelf().error) is not None:
        st.error(told(error, t), icon=":material/error:")


# How the file was read


def read_as(t: Text, key: str) -> None:
    """The first rows as they were read, and what the visitor may correct of that."""
    if (subject := being_read()) is None:
        return
    name = called(subject, t)
    if subject.sheet is None:
        st.markdown(t.owndata.unread.format(name=name))
        st.code(beginning(subject), language=None)
    else:
        rows = f"{len(subject.sheet.rows):,}"
        st.markdown(t.owndata.first_rows.format(name=name, rows=rows))
        st.dataframe(preview(subject.sheet), hide_index=True, height="content")
    head = f"{key}.header"
    insist(head, subject.reading.header != "no" if subject.sheet is None else subject.sheet.header)
    st.toggle(
        t.settings.header,
        key=head,
        on_change=taken,
        args=(head, lambda yes: change_reading("header", "yes" if yes else "no")),
    )
    left, right = st.columns(2)
    with left:
        names = {name: t.owndata.separators[name] for name in SEPARATORS}
        found = names[subject.file.separator] if subject.file else ""
        correct(t, f"{key}.separator", "separator", subject.reading.separator, names, found)
    if isinstance(subject.content, bytes):
        words = as_read_in(subject.content, GUESSED_WORDS)
        with right:
            encoding_choice(t, key, subject, words)
        if (guessed := guessed_words(subject, words)) is not None:
            st.caption(t.owndata.guessed.format(words=code(guessed)))
    if subject.sheet is not None and (left_out := skipped(subject.sheet, t)):
        st.caption(left_out)


def correct(t: Text, key: str, name: str, value: str, names: Mapping[str, str], found: str) -> None:
    """A choice of how to read; `found`, what was detected, follows "automatic"."""
    insist(key, value)
    automatic = t.owndata.automatic.format(found=found) if found and value == AUTO else ""
    st.selectbox(
        t.settings[name],
        [AUTO, *names],
        format_func=lambda k: names.get(k) or automatic or t.owndata.by_itself,
        key=key,
        on_change=taken,
        args=(key, partial(change_reading, name)),
    )


def encoding_choice(t: Text, key: str, subject: Brought, words: Mapping[str, str]) -> None:
    """The encodings in which the file can be read, each with words to recognize it by."""
    chosen = subject.reading.encoding
    names = {k: ENCODINGS[k].name + (f": {words[k]}" if words[k] else "") for k in words}
    if chosen != AUTO:
        names.setdefault(chosen, ENCODINGS[chosen].name)
    found = ENCODINGS[subject.file.encoding].name if subject.file else ""
    correct(t, f"{key}.encoding", "encoding", chosen, names, found)


def guessed_words(subject: Brought, words: Mapping[str, str]) -> str | None:
    """Words that show whether the encoding was guessed correctly; None if it was not guessed."""
    if subject.file is None or subject.reading.encoding != AUTO:
        return None
    found = subject.file.encoding
    return words.get(found) or None if ENCODINGS[found].guessed else None


def beginning(subject: Brought) -> str:
    """The first lines of what could not be read, as far as they are text."""
    content = subject.content
    text = content if isinstance(content, str) else content.decode("utf-8", errors="replace")
    lines = text[: 100 * RAW_LENGTH].splitlines()[:RAW_LINES]
    plain = ("".join(c if c.isprintable() else "\ufffd" for c in line) for line in lines)
    return "\n".join(shortened(line, RAW_LENGTH) for line in plain)


def preview(sheet: Sheet) -> pa.Table:
    """The first rows, as text."""
    columns = [pa.array(column.cells[:PREVIEW]) for column in sheet.columns]
    return pa.Table.from_arrays(columns, names=list(sheet.names))


def skipped(sheet: Sheet, t: Text) -> str:
    """Which rows of the file hold no sample, and why; "" if only the header."""
    blank = sum(skipped.why is Skip.BLANK for skipped in sheet.skipped)
    others = [s for s in sheet.skipped if s.why not in (Skip.BLANK, Skip.HEADER)]
    parts = [t.owndata.skipped.blank.format(count=f"{blank:,}")] if blank else []
    parts += [
        t.owndata.skipped.row.format(row=row, why=t.owndata.skipped[why.value], text=code(text))
        for row, why, text in others[:MOST_LISTED]
    ]
    if len(others) > MOST_LISTED:
        parts.append(t.owndata.skipped.more.format(count=f"{len(others) - MOST_LISTED:,}"))
    return f"{t.owndata.skipped.lead} {t.numbers.comma.join(parts)}" if parts else ""


# Which columns


def choose(t: Text, key: str, *, plane: bool = False) -> None:
    """Which columns are learnt from, which is the target, and how gaps are treated."""
    if shelf().unread is not None or (chosen := current()) is None:
        return
    held, columns = chosen
    sheet = held.sheet
    names = {place: shortened(name) for place, name in enumerate(sheet.names, start=1)}
    column_choice(t, f"{key}.answer", "answer", names, columns.answer)
    if plane:
        pair_choice(t, key, sheet, columns, names)
        columns = paired(sheet, columns, linked(Pair))
    else:
        insist(f"{key}.goal", columns.goal)
        controls(columns, t, "goal", change=change, key=f"{key}.")
        inputs_choice(t, key, sheet, columns, names)
    gap_choice(t, key, sheet, columns)
    if not plane:
        remarks(t, sheet, columns)
    st.button(
        t.owndata.drop, key=f"{key}.drop", on_click=drop, type="tertiary", icon=":material/undo:"
    )


def column_choice(
    t: Text,
    key: str,
    name: str,
    names: Mapping[int, str],
    value: int,
    changed: Callable[[str, Any], None] = change,
) -> None:
    """One of these columns, or classes, by its index."""
    insist(key, value if value in names else next(iter(names)))
    st.selectbox(
        t.settings[name],
        list(names),
        format_func=lambda place: names[place],
        key=key,
        on_change=taken,
        args=(key, partial(changed, name)),
    )


def inputs_choice(
    t: Text, key: str, sheet: Sheet, columns: Columns, names: Mapping[int, str]
) -> None:
    key = f"{key}.inputs"
    usable = {place for place in sheet.places if inputs_of(sheet.column(place))}
    offered = [k for k in names if k != columns.answer and k in usable | {*columns.inputs}]
    insist(key, [k for k in columns.inputs if k in offered])
    st.multiselect(
        t.settings.inputs,
        offered,
        format_func=lambda place: names[place],
        max_selections=MOST_INPUTS,
        key=key,
        on_change=taken,
        args=(key, lambda places: change("inputs", tuple(sorted(places)))),
    )


def pair_choice(
    t: Text, key: str, sheet: Sheet, columns: Columns, names: Mapping[int, str]
) -> None:
    """Two columns for a plane and, of many classes, the one told apart from the others."""
    places, pair = f"{key}.pair", linked(Pair)
    chosen = paired(sheet, columns, pair)
    insist(places, list(chosen.inputs))
    st.multiselect(
        t.settings.pair,
        offered_pairs(sheet, columns),
        format_func=lambda place: names[place],
        max_selections=2,
        key=places,
        on_change=taken,
        args=(places, lambda pair: change_pair("pair", tuple(sorted(pair)))),
    )
    told = classes(sheet, columns)
    if 2 < len(told) <= MOST_CLASSES:
        named = {k: shortened(name) for k, name in enumerate(told, start=1)}
        against = f"{key}.against"
        column_choice(t, against, "against", named, pair.against, change_pair)
    st.caption(t.owndata.pair_only)


def gap_choice(t: Text, key: str, sheet: Sheet, columns: Columns) -> None:
    """What is missing, column by column, and how it is treated."""
    found = gaps(sheet, columns)
    if not found.counts:
        return
    counts = [
        t.owndata.gap.format(name=code(shortened(sheet.column(place).name)), count=f"{count:,}")
        for place, count in found.counts.items()
    ]
    st.markdown(t.owndata.gaps.format(counts=t.numbers.comma.join(counts)))
    qualified = [cell for place in found.counts for cell in qualified_cells(sheet.column(place))]
    if qualified:
        st.caption(t.owndata.qualified.format(cells=listed(list(dict.fromkeys(qualified)), t)))
    if found.answer:
        st.caption(t.owndata.gaps_answer.format(count=f"{found.answer:,}"))
    if not found.inputs:
        return
    key = f"{key}.missing"
    insist(key, columns.missing)
    st.radio(
        t.settings.missing,
        list(MISSING),
        format_func=lambda way: t.owndata.gap_ways[way].format(count=f"{found.inputs:,}"),
        key=key,
        label_visibility="collapsed",
        on_change=taken,
        args=(key, partial(change, "missing")),
    )


def remarks(t: Text, sheet: Sheet, columns: Columns) -> None:
    """Which columns became inputs of 0 and 1, which are useless, which are left out and why."""
    words = [
        sheet.column(place).name
        for place in columns.inputs
        if place in sheet.places and not is_numbers(sheet.column(place))
    ]
    if words:
        st.caption(t.owndata.words.format(names=listed(words, t)))
    table = own_table()
    if table is not None and table.columns == columns and table.constant:
        st.caption(t.owndata.constant.format(names=listed(table.constant, t)))
    if others := left_out(sheet, columns, t):
        st.caption("\n".join([t.owndata.left_out, "", *(f"- {line}" for line in others)]))


def left_out(sheet: Sheet, columns: Columns, t: Text) -> list[str]:
    """The columns that are neither learnt from nor predicted, each with the reason."""
    places = [k for k in sheet.places if k not in (*columns.inputs, columns.answer)]
    told = [f"{code(shortened(sheet.column(k).name))}: {reason(sheet, k, t)}" for k in places]
    if len(told) > MOST_LISTED:
        told[MOST_LISTED:] = [t.owndata.left_out_more.format(count=len(told) - MOST_LISTED)]
    return told


def reason(sheet: Sheet, place: int, t: Text) -> str:
    why = sheet.objections.get(place)
    if why is None:
        return t.owndata.objections.not_chosen
    count = len(sheet.column(place).words) if why is Objection.MANY_WORDS else 0
    return t.owndata.objections[why.value].format(count=f"{count:,}", limit=MOST_WORDS)


def insist(key: str, value: Any) -> None:
    """As `reset`, in every run: a file that was read draws these widgets and, a moment later when
    its network has learnt, the whole page again. The browser may merge the two, and would never see
    what was sent with the first alone.
    """
    st.session_state[key] = value


# Words


def told(error: TableError, t: Text) -> str:
    """What is wrong, and where, in one sentence."""
    return t.owndata.flaws[error.flaw.value].format(
        row=error.row,
        column=code(shortened(error.column)),
        value=code(error.value),
        count=error.value if error.value.isdecimal() else "",
        limit=f"{error.limit:,}",
        separator=t.owndata.separators.get(error.separator, ""),
    )


def called(brought: Brought, t: Text) -> str:
    return code(shortened(brought.name)) if brought.name else t.owndata.pasted


def listed(names: Sequence[str], t: Text) -> str:
    shown = ", ".join(code(shortened(name)) for name in names[:6])
    return shown + (" …" if len(names) > 6 else "")


def code(text: str) -> str:
    """A visitor's own words as code, so that nothing in them is markup."""
    words = " ".join(text.replace("`", "'").split())
    return f"`{words}`" if words else "` `"
