"""What the training page costs the server and the line: `python -m bench.page`.

For a lane: the Python of one tick while its run is computed (tables and words; Streamlit's own
sending comes on top), and the bytes that are sent once it has finished.
"""

from __future__ import annotations

import json
import time
from dataclasses import replace

import pyarrow as pa

import pages  # noqa: F401  (one thread of linear algebra, as on the pages)
from core.runs.presets import PRESETS
from core.runs.recording import Recording
from core.runs.training import RunSpec
from pages import texts
from pages.charts import training as charts
from pages.ui.rooms.training import stage

REPEATS = 15
t = texts.LANGUAGES["en"].text


def tables(record: Recording, *, live: bool) -> list[pa.Table]:
    """The tables of one lane, built afresh."""
    frames = stage.frame_table(record, t) if live else stage.frames_table.__wrapped__(record, t)
    depth = record.run.depth
    return [
        frames,
        stage.points_table.__wrapped__(record),
        stage.ladder_table.__wrapped__(record, "delta", depth, live),
        charts.course_table(record.history, 0),
    ]


def tick(run: RunSpec) -> float:
    """The fastest of several ticks, in seconds, of a run that is half done."""
    record = Recording(run)
    record.advance(0.3)
    took = []
    for _ in range(REPEATS):
        record._history = None  # as after a new slice
        begun = time.perf_counter()
        tables(record, live=True)
        stage.words.__wrapped__(record, t, True)
        took.append(time.perf_counter() - begun)
    return min(took)


def sent(run: RunSpec) -> int:
    """Bytes of the tables, as they travel, and of the words."""
    record = Recording(run)
    record.advance()
    total = len(json.dumps(stage.words.__wrapped__(record, t, False)))
    for table in tables(record, live=False):
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        total += sink.getvalue().size
    return total


def main() -> None:
    deep = replace(PRESETS["relu"][1], epochs=100)
    runs = {"race": PRESETS["race"][1], "20 x 64": deep, "digits": PRESETS["digits"][1]}
    print(f"{'lane':10}{'tick, ms':>10}{'sent, kB':>10}")
    for name, run in runs.items():
        print(f"{name:10}{1e3 * tick(run):10.2f}{sent(run) / 1e3:10.0f}")


if __name__ == "__main__":
    main()
