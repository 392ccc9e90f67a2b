"""A visitor's own data: brought as a file or as pasted text, held in the session and nowhere else.

A link holds the file's fingerprint and the columns, never the data: whoever opens it without the
file is asked for it. What is wrong is said where the file is brought, and the page keeps what it
had.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import streamlit as st

from core.data.datasets import DATASETS, Dataset, collected
from core.data.tables import (
    MOST_BYTES,
    MOST_INPUTS,
    Columns,
    Sheet,
    Table,
    TableError,
    read,
    shortened,
    suggested,
    suggested_goal,
    tabulate,
)
from pages.texts import Text
from pages.ui.recordings import recordings
from pages.ui.session import keep, linked
from pages.ui.widgets.controls import controls, reset, taken

MOST_FILES = 3
"""Files that a session holds at once, so that an undo finds the one before."""
PREVIEW = 4
DOOR = "own_data"
SHORT = 8
"""Digits of a fingerprint in a sentence."""
ENDINGS = ("csv", "tsv", "txt")
WORDS = """<style>
[data-testid="stFileUploaderDropzoneInstructions"] {{ display: none; }}
[data-testid="stFileUploaderDropzone"] > span button p {{ font-size: 0; }}
[data-testid="stFileUploaderDropzone"] > span button p::after {{
  content: "{upload}"; font-size: 1rem;
}}
</style>"""
"""The uploader's own words are English, and tell the server's limit instead of ours."""


@dataclass(frozen=True, eq=False)
class Held:
    """What a visitor brought: the name of the file, "" for pasted text, and its cells."""

    name: str
    sheet: Sheet


@dataclass(frozen=True, eq=False)
class Shelf:
    """What a session holds of its visitor's data.

    files: the last ones used, newest last. table: the newest one's, as it is learnt from. tried: a
    file and its columns that are not learnt from yet. error: what is wrong with what was brought
    or chosen last. dropped: how often all was removed; the widgets that held it are others then.
    """

    files: tuple[Held, ...] = ()
    table: Table | None = None
    tried: tuple[Held, Columns] | None = None
    error: TableError | None = None
    dropped: int = 0


def shelf() -> Shelf:
    return st.session_state.get("own", Shelf())


def put(new: Shelf) -> None:
    st.session_state["own"] = new


def find(file: str) -> Held | None:
    """The file with this fingerprint, if this session holds it."""
    return next((held for held in shelf().files if held.sheet.file == file), None)


def own_table() -> Table | None:
    """The visitor's own data, None where none are chosen or they are not here."""
    columns = linked(Columns)
    held = find(columns.file) if columns.file else None
    if held is None:
        return None
    table = shelf().table
    if table is None or table.columns != columns or table.digest != held.sheet.digest:
        try:
            table = tabulate(held.sheet, columns)
        except TableError as error:
            if shelf().tried is None:
                put(replace(shelf(), tried=(held, columns), error=error))
            return None
        put(replace(shelf(), table=table))
    return table


def file_is_missing() -> bool:
    """Whether the settings name a file that is not here, or columns that it cannot offer."""
    return linked(Columns).file != "" and own_table() is None


# What a visitor does


def take(content: bytes | str, name: str) -> None:
    """Read what was brought, and learn from it if that is possible."""
    try:
        held = Held(name, read(content))
    except TableError as error:
        put(replace(shelf(), tried=None, error=error))
        return
    wanted = linked(Columns)
    if wanted.file == held.sheet.file and wanted.inputs:
        use(held, wanted)
    elif wanted.file and find(wanted.file) is None:
        put(replace(shelf(), tried=(held, suggested(held.sheet)), error=None))
    else:
        use(held, suggested(held.sheet))


def use(held: Held, columns: Columns) -> None:
    """Learn from these columns; where that is impossible, say why and leave all as it is."""
    now = shelf()
    try:
        table = tabulate(held.sheet, columns)
    except TableError as error:
        put(replace(now, tried=(held, columns), error=error))
        return
    others = tuple(other for other in now.files if other.sheet.file != held.sheet.file)
    put(Shelf((*others, held)[-MOST_FILES:], table, dropped=now.dropped))
    keep(columns.to_query(), Columns.keys())


def take_upload(key: str) -> None:
    if (file := st.session_state[key]) is not None:
        take(file.getvalue(), file.name)


def take_paste(key: str) -> None:
    take(st.session_state[key], "")


def take_example(t: Text) -> None:
    take(example(t), t.owndata.example_file)


def change(name: str, value: Any) -> None:
    """The choice of a column, or of the kind of answer."""
    if (chosen := current()) is None:
        return
    held, columns = chosen
    if name == "answer":
        before = {columns.answer} & set(held.sheet.numeric)
        inputs = tuple(sorted((before | set(columns.inputs)) - {value}))[:MOST_INPUTS]
        columns = replace(columns, inputs=inputs, goal=suggested_goal(held.sheet, value))
    use(held, replace(columns, **{name: value}))


def drop() -> None:
    """Go back to the data sets of the dashboard; all that was brought is forgotten."""
    for held in shelf().files:
        recordings().forget(held.sheet.digest)
    put(Shelf(dropped=shelf().dropped + 1))
    keep({}, Columns.keys())


def current() -> tuple[Held, Columns] | None:
    """The file and the columns that are shown for choosing."""
    if (tried := shelf().tried) is not None:
        return tried
    columns = linked(Columns)
    held = find(columns.file)
    return None if held is None else (held, columns)


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


# What a visitor sees


def own_data(t: Text) -> None:
    """A way to bring data and to choose their columns, and which are in use."""
    if file_is_missing():
        return  # the page itself asks for it
    door = st.popover(
        t.owndata.open, icon=":material/upload_file:", width="stretch", key=DOOR, on_change="rerun"
    )
    if door.open:
        with door:
            complain(t)
            choose(t, "own")
            bring(t, "own")
            st.caption(t.owndata.privacy)
    table, chosen = own_table(), current()
    if table is not None and chosen is not None:
        st.caption(
            t.owndata.in_use.format(
                name=called(chosen[0], t), rows=len(table.x), inputs=table.x.shape[1]
            )
        )


def ask_for_file(t: Text) -> None:
    """What stands in place of the stage while the link's file is missing."""
    file = linked(Columns).file
    st.info(t.owndata.needed.format(file=code(file[:SHORT])), icon=":material/upload_file:")
    complain(t)
    bring(t, "needed")
    if (tried := shelf().tried) is not None and tried[0].sheet.file != file:
        st.warning(
            t.owndata.another.format(
                name=called(tried[0], t), file=code(tried[0].sheet.file[:SHORT])
            ),
            icon=":material/difference:",
        )
        st.button(t.owndata.use_anyway, on_click=use, args=tried)
    elif tried is not None:
        choose(t, "needed")
    st.button(t.owndata.without, on_click=drop, type="tertiary", icon=":material/arrow_back:")
    st.caption(t.owndata.privacy)


def bring(t: Text, key: str) -> None:
    """The three ways to bring data."""
    st.html(WORDS.format(upload=t.owndata.browse))
    file, paste, sample = st.tabs([t.owndata.ways[way] for way in t.owndata.ways])
    with file:
        upload = f"{key}.upload{shelf().dropped}"
        st.file_uploader(
            t.owndata.upload.format(limit=MOST_BYTES // 2**20),
            type=ENDINGS,
            key=upload,
            on_change=take_upload,
            args=(upload,),
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


def complain(t: Text) -> None:
    """What is wrong with what was brought or chosen last."""
    if (error := shelf().error) is not None:
        st.error(told(error, t), icon=":material/error:")


def choose(t: Text, key: str) -> None:
    """The first rows of the file, which columns are learnt from, and which is the answer."""
    if (chosen := current()) is None:
        return
    held, columns = chosen
    sheet = held.sheet
    st.markdown(t.owndata.first_rows.format(name=called(held, t), rows=len(sheet.cells)))
    st.dataframe(preview(sheet), hide_index=True, height="content")
    names = {place: shortened(name) for place, name in enumerate(sheet.names, start=1)}
    answer, inputs = f"{key}.answer", f"{key}.inputs"
    reset(answer, columns.answer if columns.answer in names else 1)
    st.selectbox(
        t.settings.answer,
        list(names),
        format_func=lambda place: names[place],
        key=answer,
        on_change=taken,
        args=(answer, lambda place: change("answer", place)),
    )
    controls(columns, t, "goal", change=change, key=f"{key}.")
    offered = [k for k in names if k != columns.answer and k in {*sheet.numeric, *columns.inputs}]
    reset(inputs, [k for k in columns.inputs if k in offered])
    st.multiselect(
        t.settings.inputs,
        offered,
        format_func=lambda place: names[place],
        max_selections=MOST_INPUTS,
        key=inputs,
        on_change=taken,
        args=(inputs, lambda places: change("inputs", tuple(sorted(places)))),
    )
    table = shelf().table
    if table is not None and table.columns == columns and table.constant:
        st.caption(t.owndata.constant.format(names=listed(table.constant, t)))
    st.button(
        t.owndata.drop, key=f"{key}.drop", on_click=drop, type="tertiary", icon=":material/undo:"
    )


def preview(sheet: Sheet) -> pa.Table:
    """The first rows, as text."""
    rows = sheet.cells[:PREVIEW]
    columns = [pa.array([row[k] for row in rows]) for k in range(len(sheet.names))]
    return pa.Table.from_arrays(columns, names=list(sheet.names))


def told(error: TableError, t: Text) -> str:
    """What is wrong, and where, in one sentence."""
    return t.owndata.flaws[error.flaw.value].format(
        row=error.row,
        column=code(shortened(error.column)),
        value=code(error.value),
        count=error.value if error.value.isdecimal() else "",
        limit=f"{error.limit:,}",
    )


def called(held: Held, t: Text) -> str:
    return code(shortened(held.name)) if held.name else t.owndata.pasted


def listed(names: Sequence[str], t: Text) -> str:
    shown = ", ".join(code(shortened(name)) for name in names[:6])
    return shown + (" …" if len(names) > 6 else "")


def code(text: str) -> str:
    """A visitor's own words as code, so that nothing in them can be markup."""
    words = " ".join(text.replace("`", "'").split())
    return f"`{words}`" if words else "` `"
