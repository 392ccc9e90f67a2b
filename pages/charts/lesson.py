"""How a class is split between the answers of a question."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pyarrow as pa

from pages.charts.style import Palette
from pages.live.lesson import Tally
from pages.texts import Text
from pages.texts.numbers import percent

LETTERS = "ABCD"
BAR, GAP, AXIS = 26, 14, 60
"""Pixels of a bar, between answers, and of the axis with the legend."""


def split_table(t: Text, options: Sequence[str], tally: Tally, right: int | None) -> pa.Table:
    """One row per answer and round: the count and its share of the votes, also in words.

    right: the right answer, None while it is to be hidden.
    """
    rounds = sorted(tally.rounds) or [1]
    rows = []
    for number in rounds:
        counts, voted = tally.rounds.get(number, (0,) * len(options)), tally.votes(number)
        for k, (option, count) in enumerate(zip(options, counts, strict=True)):
            share = count / voted if voted else 0.0
            rows.append(
                {
                    "answer": f"{'✓ ' if k == right else ''}{LETTERS[k]} {option}",
                    "place": k,
                    "round": t.live.rounds[str(number)],
                    "count": count,
                    "share": share,
                    "told": f"{count} ({percent(share, t)})" if voted else "0",
                }
            )
    return pa.Table.from_pylist(rows)


def split(t: Text, colours: Palette, answers: int, rounds: int, alternative: str) -> alt.LayerChart:
    """Bars from 0 to 100 %, the second round under the first.

    Data: `split` from `split_table`.
    """
    return bars(t, colours, rounds, 15).properties(
        data=alt.NamedData("split"),
        height=answers * (BAR * max(1, rounds) + GAP) + AXIS,
        description=alternative,
    )


def bars(t: Text, colours: Palette, rounds: int, size: int) -> alt.LayerChart:
    """The bars alone, with text of this size."""
    names = [t.live.rounds[str(number)] for number in (1, 2)][: max(1, rounds)]
    base = alt.Chart().encode(
        alt.Y("answer:N")
        .sort(alt.EncodingSortField("place", op="min"))
        .axis(
            labelLimit=420,
            labelFontSize=size,
            labelPadding=6,
            labelOverlap=False,
            ticks=False,
            domain=False,
        )
        .scale(paddingInner=0.25, paddingOuter=0.1)
        .title(None)
    )
    if rounds > 1:
        base = base.encode(alt.YOffset("round:N").sort(names))
    share = (
        alt.X("share:Q")
        .scale(domain=[0, 1.15], nice=False)
        .axis(format="%", values=[0, 0.25, 0.5, 0.75, 1])
        .title(t.live.share)
    )
    colour = alt.Color("round:N").scale(
        domain=names, range=[colours.faint, colours.accent][-len(names) :]
    )
    legend = alt.Legend(orient="top", title=None, labelFontSize=size) if rounds > 1 else None
    told = base.mark_text(align="left", dx=5, fontSize=size, color=colours.ink)
    return alt.layer(
        base.mark_bar().encode(share, colour.legend(legend)), told.encode(share, text="told:N")
    )


def summary_table(
    t: Text, questions: Sequence[tuple[int, str, Sequence[str], Tally, int | None]]
) -> pa.Table:
    """`split_table` of many questions, each as number, title, answers, tally, right answer."""
    tables = []
    for number, title, options, tally, right in questions:
        table = split_table(t, options, tally, right)
        name = pa.array([f"{number}. {title}"] * len(table), pa.string())
        tables.append(table.append_column("question", name))
    return pa.concat_tables(tables)


def summary(t: Text, colours: Palette, alternative: str) -> alt.FacetChart:
    """The bars of every question, one below the other. Data: `split` from `summary_table`."""
    layers = bars(t, colours, 2, 12).properties(
        width=420, height=alt.Step(38, **{"for": "position"})
    )
    header = alt.Header(labelOrient="top", labelAnchor="start", labelLimit=600, title=None)
    return (
        layers.properties(data=alt.NamedData("split"))
        .facet(row=alt.Row("question:N").header(header).sort(None))
        .resolve_scale(y="independent", yOffset="independent")
        .properties(description=alternative)
    )
