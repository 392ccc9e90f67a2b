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
BAR = 26
"""Pixels of a bar."""


def split_table(t: Text, options: Sequence[str], tally: Tally, right: int | None) -> pa.Table:
    """One row an answer and round: how many, which share of those who voted, in words, too.

    right: the right answer, None while it is not to be seen.
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
    names = [t.live.rounds[str(number)] for number in (1, 2)][: max(1, rounds)]
    base = alt.Chart(alt.NamedData("split")).encode(
        alt.Y("answer:N")
        .sort(alt.EncodingSortField("place", op="min"))
        .axis(labelLimit=300, labelFontSize=15, ticks=False, domain=False)
        .title(None),
        alt.YOffset("round:N").sort(names),
    )
    share = alt.X("share:Q").scale(domain=[0, 1]).axis(format="%", tickCount=5).title(t.live.share)
    bars = base.mark_bar().encode(
        share,
        alt.Color("round:N")
        .scale(domain=names, range=[colours.faint, colours.accent][-len(names) :])
        .legend(alt.Legend(orient="top", title=None) if rounds > 1 else None),
    )
    told = base.mark_text(align="left", dx=5, fontSize=15, color=colours.ink).encode(
        share, text="told:N"
    )
    height = answers * (BAR * max(1, rounds) + 12)
    return alt.layer(bars, told).properties(height=height, description=alternative)


def summary_table(
    t: Text, questions: Sequence[tuple[int, str, Sequence[str], Tally, int | None]]
) -> pa.Table:
    """`split_table` of many questions, each given by number, title, answers, tally, right one."""
    tables = []
    for number, title, options, tally, right in questions:
        table = split_table(t, options, tally, right)
        name = pa.array([f"{number}. {title}"] * len(table), pa.string())
        tables.append(table.append_column("question", name))
    return pa.concat_tables(tables)


def summary(t: Text, colours: Palette, alternative: str) -> alt.FacetChart:
    """The bars of every question, one under the other. Data: `split` from `summary_table`."""
    names = [t.live.rounds[str(number)] for number in (1, 2)]
    base = alt.Chart().encode(
        alt.Y("answer:N").axis(labelLimit=300).title(None), alt.YOffset("round:N").sort(names)
    )
    share = alt.X("share:Q").scale(domain=[0, 1]).axis(format="%", tickCount=5).title(t.live.share)
    colour = alt.Color("round:N").scale(domain=names, range=[colours.faint, colours.accent])
    bars = base.mark_bar().encode(share, colour.legend(alt.Legend(orient="top", title=None)))
    told = base.mark_text(align="left", dx=5, color=colours.ink).encode(share, text="told:N")
    layers = alt.layer(bars, told, data=alt.NamedData("split")).properties(width=420, height=160)
    header = alt.Header(labelOrient="top", labelAnchor="start", labelLimit=600, title=None)
    return (
        layers.facet(row=alt.Row("question:N").header(header).sort(None))
        .resolve_scale(y="independent", yOffset="independent")
        .properties(description=alternative)
    )
