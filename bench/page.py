"""What the training page costs the server and the network: `make bench-page`.

For a lane: the Python time of one tick while its run is computed (tables and words; Streamlit's
own sending comes on top), and the bytes that are sent once it has finished.

For a viewer: what is sent, and the processor time of the server, for a visit and for changes of
three lanes that have all been computed; compared with an empty app with the same widgets.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

import pages  # noqa: F401  (one thread of linear algebra, as on the pages)
from bench.load import FOLD, LINK
from bench.server import EMPTY, Server, serving
from bench.viewer import Seen, Value, Viewer
from core.runs.presets import PRESETS
from core.runs.recording import Recording
from core.runs.training import RunSpec
from pages import texts
from pages.charts import training as charts
from pages.ui.rooms.training import stage

REPEATS, QUICK = 15, 2
CHANGES: dict[str, tuple[str, tuple[Value, Value]]] = {
    "a change that leaves the runs alone": ("measure", ("dead", "delta")),
    "a change of the runs": ("rate", (("0.3",), ("0.1",))),
}
"""The key of a widget and two values, chosen in turn, by the name of the change."""
t = texts.LANGUAGES["en"].text


def tables(record: Recording, *, live: bool) -> list[pa.Table]:
    """The tables of one lane, built afresh."""
    frames = stage.frame_table(record, t) if live else stage.frames_table.__wrapped__(record, t)
    return [
        frames,
        stage.points_table.__wrapped__(record),
        stage.ladder_table.__wrapped__(record, "delta", live),
        charts.course_table(record.history, 0),
    ]


def tick(run: RunSpec, repeats: int) -> float:
    """The fastest of several ticks, in seconds, for a run that is half done."""
    record = Recording(run)
    record.advance(0.3)
    took = []
    for _ in range(repeats):
        begun = time.perf_counter()
        tables(record, live=True)
        stage.words.__wrapped__(record, t, True)
        took.append(time.perf_counter() - begun)
    return min(took)


def sent(run: RunSpec) -> int:
    """Bytes of the tables, as they are sent, and of the words."""
    record = Recording(run)
    record.advance()
    total = len(json.dumps(stage.words.__wrapped__(record, t, False)))
    for table in tables(record, live=False):
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        total += sink.getvalue().size
    return total


async def price(
    server: Server, viewer: Viewer, turns: int, act: Callable[[int], Awaitable[bool]]
) -> tuple[float, float]:
    """Bytes sent and processor seconds for one of several acts."""
    received, seconds = viewer.received, server.seconds()
    for turn in range(turns):
        if not await act(turn):
            raise RuntimeError(f"the page did not answer: {viewer.seen.errors}")
    return (viewer.received - received) / turns, (server.seconds() - seconds) / turns


async def prices(server: Server, turns: int) -> dict[str, tuple[float, float]]:
    """What a visit and each change cost once, with all runs already computed."""
    found = {}
    for warm in (True, False):
        viewer = Viewer(server.address, "training", LINK, Seen())
        found["a visit"] = await price(server, viewer, 1, lambda _, v=viewer: v.open())
        await viewer.settled()
        if FOLD in viewer.widgets:
            await viewer.change(FOLD, True)
        for name, (key, values) in CHANGES.items():
            for value in values if warm else ():
                await viewer.change(key, value)
                await viewer.settled()
            found[name] = await price(
                server,
                viewer,
                turns,
                lambda turn, v=viewer, k=key, of=values: v.change(k, of[turn % 2]),
            )
        await viewer.close()
    return found


def priced(script: Path | None, turns: int) -> dict[str, tuple[float, float]]:
    with serving(script) as server:
        return asyncio.run(prices(server, turns))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="only show that it works")
    quick = parser.parse_args().quick
    repeats = QUICK if quick else REPEATS
    runs = {"race": PRESETS["race"][1]}
    if not quick:
        runs["20 x 64"] = replace(PRESETS["relu"][1], epochs=100)
        runs["digits"] = PRESETS["digits"][1]
    print(f"{'lane':10}{'tick, ms':>10}{'sent, kB':>10}")
    for name, run in runs.items():
        print(f"{name:10}{1e3 * tick(run, repeats):10.2f}{sent(run) / 1e3:10.0f}")
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "empty.py"
        script.write_text(EMPTY, "utf-8")
        ours, empty = priced(None, repeats), priced(script, repeats)
    print(f"\n{'of a viewer : of an empty app':36}{'sent, kB':>18}{'server, ms':>18}")
    for name in ours:
        (weight, took), (light, idle) = ours[name], empty[name]
        sizes = f"{weight / 1e3:.0f} : {light / 1e3:.0f}"
        times = f"{1e3 * took:.0f} : {1e3 * idle:.0f}"
        print(f"{name:36}{sizes:>18}{times:>18}")


if __name__ == "__main__":
    main()
