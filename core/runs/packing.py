"""Runs and slices as messages, for what is computed elsewhere (`core.engines`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from core.arrays import Array
from core.data.tables import Columns, Table
from core.nn.network import Network, Parameters
from core.nn.normalization import Moments
from core.runs.cost import cost
from core.runs.message import Message
from core.runs.pausing import links
from core.runs.recording import Frame, History, Moment, Slice, Underway
from core.runs.training import RunSpec, Trained
from core.runs.work import Kind

FRAME, MOMENT = ("values", "sums", "activations", "active"), ("theta", "step")


def packed_run(run: RunSpec) -> Message:
    table, head = run.table, {"run": run.to_query(full=True)}
    if table is None:
        return Message(head, {})
    told = {
        "digest": table.digest,
        "columns": table.columns.to_query(full=True),
        "names": table.names,
        "answer": table.answer,
        "class_names": table.class_names,
        "constant": table.constant,
    }
    return Message({**head, "table": told}, {"x": table.x, "y": table.y})


def unpacked_run(message: Message) -> RunSpec:
    head, arrays = message
    run = RunSpec.from_query(head["run"])
    if (told := head.get("table")) is None:
        return run
    told = told | {key: tuple(told[key]) for key in ("names", "class_names", "constant")}
    told["columns"] = Columns.from_query(told["columns"])
    return replace(run, table=Table(**told, x=arrays["x"], y=arrays["y"]))


def packed_slice(new: Slice) -> Message:
    head = {
        "finished": new.finished,
        "diverged": None if new.history is None else new.history.diverged,
        "frames": [frame.epoch for frame in new.frames],
        "moments": [frame.epoch for frame in new.frames if frame.moment is not None],
        "final": None if new.final is None else new.final.epoch,
    }
    arrays: dict[str, Array] = {}
    if new.history is not None:
        arrays |= {f"history.{name}": column for name, column in new.history.columns.items()}
    for part in FRAME if new.frames else ():
        arrays[f"frames.{part}"] = np.stack([getattr(frame, part) for frame in new.frames])
    kept = [frame.moment for frame in new.frames if frame.moment is not None]
    for part in MOMENT if kept else ():
        arrays[f"moments.{part}"] = np.stack([getattr(moment, part) for moment in kept])
    if new.final is not None:
        arrays["final.theta"] = new.final.network.parameters.theta
        for layer, moments in enumerate(new.final.network.running):
            arrays[f"running.{layer}"] = np.stack(moments)
    return Message(head, arrays)


def unpacked_slice(message: Message, run: RunSpec) -> Slice:
    head, arrays = message
    history, final = None, None
    if head["diverged"] is not None:
        diverged = tuple(None if mark is None else tuple(mark) for mark in head["diverged"])
        history = History(**named(arrays, "history."), diverged=diverged)
    kept = {
        epoch: Moment(*(arrays[f"moments.{part}"][k] for part in MOMENT))
        for k, epoch in enumerate(head["moments"])
    }
    frames = tuple(
        replace(
            Frame(epoch, *(arrays[f"frames.{part}"][k] for part in FRAME)), moment=kept.get(epoch)
        )
        for k, epoch in enumerate(head["frames"])
    )
    if head["final"] is not None:
        sizes = run.sizes(run.source.inputs, run.source.outputs)
        running = tuple(Moments(*moments) for moments in named(arrays, "running.").values())
        parameters = Parameters.of(arrays["final.theta"], sizes)
        final = Trained(run, head["final"], Network(run, parameters, running))
    return Slice(history, frames, final, head["finished"])


def named(arrays: Mapping[str, Array], prefix: str) -> dict[str, Array]:
    """The arrays whose names start with `prefix`, by the rest of their names."""
    return {
        name.removeprefix(prefix): array
        for name, array in arrays.items()
        if name.startswith(prefix)
    }


RUN = Kind(
    "run",
    begin=Underway,
    links=lambda run: links(run, cost(run).operations),
    packed=packed_run,
    unpacked=unpacked_run,
    packed_piece=packed_slice,
    unpacked_piece=unpacked_slice,
    nothing=Slice(None, (), None, False),
)
