"""The network itself as a picture: units as tiles, weights as lines, and the error on its way back.

The picture is drawn by a component (`network.js`): two hundred tiles that change with every epoch
are one sprite there, where a chart would have two hundred images, each with an interpreted
expression. This module decides which units are drawn, and packs what was measured.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.arrays import Array
from core.data.datasets import View
from core.lessons.anatomy import CELLS, Anatomy
from core.nn.own import activation_of
from core.runs.training import RunSpec
from pages.charts.pictures import shade
from pages.charts.style import Palette, hue
from pages.charts.training import feature_name
from pages.texts import Text
from pages.texts.numbers import power

MOST_LAYERS, MOST_UNITS, MOST_OUTPUTS = 10, 8, 10
LEVELS = 24
"""Shades of a tile; fewer make a smaller sprite."""
DEAD, SATURATED = 1, 2


@dataclass(frozen=True)
class Drawn:
    """The part of a network that is drawn: layers by number, 1 for the first, and units of each.

    The output layer is among the layers.
    """

    layers: tuple[int, ...]
    units: tuple[tuple[int, ...], ...]


def drawn(found: Anatomy) -> Drawn:
    """All layers and units of a small network; of a larger one, the most informative.

    Layers are spread evenly from the first to the last. Units are those with the largest outgoing
    weights at the last moment, as they contribute most to the output.
    """
    hidden = len(found.z) - 1
    places = np.linspace(1, hidden, min(hidden, MOST_LAYERS)).round().astype(int)
    layers = (*places.tolist(), hidden + 1)
    return Drawn(layers, tuple(telling_units(found, layer) for layer in layers))


def telling_units(found: Anatomy, layer: int) -> tuple[int, ...]:
    """The units of one layer that are drawn, in order."""
    count = found.z[layer - 1].shape[1]
    output = layer == len(found.z)
    most = MOST_OUTPUTS if output else MOST_UNITS
    if count <= most:
        return tuple(range(count))
    if output:
        return tuple(range(most))
    onwards = np.nan_to_num(np.abs(found.weights[layer][-1])).sum(axis=1)
    return tuple(sorted(int(unit) for unit in np.argsort(-onwards, kind="stable")[:most]))


def picture(
    t: Text,
    colours: Palette,
    run: RunSpec,
    name: str,
    found: Anatomy,
    view: str,
    *,
    legend: bool = False,
    steps: int = 0,
) -> dict[str, Any]:
    """The component's data. name: the lane's. view: `forwards` or `backwards`.

    legend: whether it says what its marks mean. steps: of a clock that walks the error back through
    it, from the output to layer 1, in place of playing epochs; 0 for none.
    """
    part = drawn(found)
    inputs = found.weights[0].shape[1]
    seen = tuple(range(inputs)) if inputs <= MOST_UNITS else ()
    sources = [(0, seen), *zip(part.layers[:-1], part.units[:-1], strict=True)]
    links = [
        (layer, before, units)
        for (above, before), layer, units in zip(sources, part.layers, part.units, strict=True)
        if layer == above + 1 and before
    ]
    words, told = t.network, alternative(t, name, found)
    return {
        "name": name,
        "epochs": [0, *(int(epoch) for epoch in found.epoch[1:])],
        "columns": columns(t, run, found, part, seen),
        "view": view,
        "legend": legend,
        "steps": steps,
        "hue": hue(activation_of(run.activation), colours),
        "colours": [colours.classes[0], colours.classes[1]],
        "tile": CELLS if found.answers[0].shape[2] > 1 else 1,
        "sprite": sprite(run, found, part),
        **{
            key: half_logs(of_units(getattr(found, key), part))
            for key in ("z", "a", "slope", "delta")
        },
        **{
            key: half_logs(of_links(getattr(found, field), links))
            for key, field in (
                ("weight", "weights"),
                ("gradient", "gradients"),
                ("update", "updates"),
            )
        },
        "layers": half_logs(found.layers[:, np.array(part.layers) - 1]),
        "flags": base64.b64encode(flags(found, part).tobytes()).decode(),
        "loss": half_logs(found.loss),
        "labels": {
            **{key: words[key] for key in words if key not in ("alternative", "opens", "left_out")},
            "alternative": " ".join([told] if steps else [told, words.opens]),
            "left_out": left_out(t, found, part),
        },
    }


def columns(
    t: Text, run: RunSpec, found: Anatomy, part: Drawn, seen: Sequence[int]
) -> list[dict[str, Any]]:
    """The columns of the picture: the inputs, the hidden layers that are drawn, the output."""
    inputs = found.weights[0].shape[1]
    names = [input_name(run, index, t) for index in seen]
    first = {
        "title": t.network.input,
        "layer": 0,
        "units": list(seen),
        "names": names or [t.network.inputs.format(count=inputs)],
        "joined": False,
    }
    rest = [
        {
            "title": t.network.output if layer == len(found.z) else str(layer),
            "layer": layer,
            "units": list(units),
            "names": [],
            "joined": bool(before == layer - 1 and (layer > 1 or seen)),
        }
        for before, layer, units in zip((0, *part.layers), part.layers, part.units, strict=False)
    ]
    return [first, *rest]


def input_name(run: RunSpec, index: int, t: Text) -> str:
    """The name of an input: on the plane, x with its number."""
    if run.source.view is View.PLANE:
        return f"x{'₁₂'[index]}"
    return feature_name(run.source, index, t)


def of_units(values: Sequence[Array], part: Drawn) -> Array:
    """The values of the units that are drawn: (moments, units)."""
    chosen = zip(part.layers, part.units, strict=True)
    return np.concatenate([values[layer - 1][:, list(units)] for layer, units in chosen], axis=1)


def of_links(
    values: Sequence[Array], links: Sequence[tuple[int, Sequence[int], Sequence[int]]]
) -> Array:
    """The values of the weights that are drawn: (moments, weights)."""
    parts = [
        values[layer - 1][:, list(before)][:, :, list(units)].reshape(len(values[0]), -1)
        for layer, before, units in links
    ]
    return np.concatenate([*parts, np.zeros((len(values[0]), 0))], axis=1)


def flags(found: Anatomy, part: Drawn) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """DEAD, SATURATED or 0 for every unit that is drawn: (moments, units)."""
    dead, flat = of_units(found.dead, part), of_units(found.saturated, part)
    return np.where(dead, DEAD, np.where(flat, SATURATED, 0)).astype(np.uint8)


def half_logs(values: Array) -> str:
    """Numbers in 16 bits each, accurate to a third of a per cent from 2^-200 to 2^55, in base 64.

    The sign, then 128 times (log2 of the size + 200); 0 for 0, all ones for NaN. An error that
    fades over fifty layers fits in, where half precision would end at 6e-8.
    """
    size = np.abs(values)
    with np.errstate(divide="ignore", invalid="ignore"):
        place = np.rint((np.log2(size) + 200) * 128)
    code = np.where(size > 0, np.clip(np.nan_to_num(place), 1, 32766), 0).astype(np.uint16)
    code |= np.where(np.signbit(values) & (size > 0), 0x8000, 0).astype(np.uint16)
    code[~np.isfinite(values)] = 0xFFFF
    return base64.b64encode(code.astype("<u2").tobytes()).decode()


def sprite(run: RunSpec, found: Anatomy, part: Drawn) -> str:
    """The tiles of all units as one picture: one row of tiles per moment, one column per unit."""
    bounds = activation_of(run.activation).range
    rows = []
    for layer, units in zip(part.layers, part.units, strict=True):
        values = found.answers[layer - 1][:, list(units)]
        if layer == len(found.z):
            rows.append(values if values.min(initial=0) >= 0 else (values + 1) / 2)
        elif np.isfinite([bounds.low, bounds.high]).all():
            rows.append((values - bounds.low) / (bounds.high - bounds.low))
        else:  # centred at zero, scaled by the layer's values at that moment
            largest = np.abs(values).max(axis=(1, 2), keepdims=True)
            rows.append(0.5 + 0.5 * np.divide(values, largest, where=largest > 0, out=0 * values))
    shares = np.clip(np.nan_to_num(np.concatenate(rows, axis=1), nan=0.5), 0, 1)
    side = CELLS if shares.shape[2] > 1 else 1
    steps = (np.rint(shares * (LEVELS - 1)) * (255 / (LEVELS - 1))).astype(np.uint8)
    moments, count, _ = steps.shape
    sheet = steps.reshape(moments, count, side, side).swapaxes(1, 2)
    return shade(np.ascontiguousarray(sheet.reshape(moments * side, count * side)))


def left_out(t: Text, found: Anatomy, part: Drawn) -> str:
    """How many layers and units are not drawn; "" for none."""
    layers = len(found.z) - len(part.layers)
    widths = [z.shape[1] for z in found.z]
    units = sum(
        widths[layer - 1] - len(u) for layer, u in zip(part.layers, part.units, strict=True)
    )
    if not layers and not units:
        return ""
    return t.network.left_out.format(layers=layers, units=units)


def alternative(t: Text, name: str, found: Anatomy) -> str:
    """The picture in words, at its last moment."""
    sent = found.layers[-1]
    share = sent[0] / sent[-1] if sent[-1] > 0 else 0.0
    dead = sum(int(layer[-1].sum()) for layer in found.dead)
    return t.network.alternative.format(
        name=name, layers=len(found.z) - 1, share=power(float(share), 2), dead=dead
    )
