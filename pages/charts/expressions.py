"""Vega expressions: small programs that the browser runs for labels and filters."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

NOW = "datum.epoch <= epoch && epoch < datum.until"
"""Whether a row is valid at the clock's epoch."""


def quoted(text: str) -> str:
    """A text as a literal, whatever quotes it contains."""
    return json.dumps(text, ensure_ascii=False)


def one_of(names: Sequence[str], index: str) -> str:
    """The name at a place from 0 on, which the expression `index` tells."""
    return f"{json.dumps(names, ensure_ascii=False)}[{index}]"


def naming(names: Mapping[str, str]) -> str:
    """Maps the key of a legend's entry to its name."""
    text = "datum.label"
    for key, name in names.items():
        text = f"datum.label == {quoted(key)} ? {quoted(name)} : ({text})"
    return text


def layer_name(output: int, out: str) -> str:
    """Maps a layer's number to its label; that of the output layer is `out`."""
    return f"datum.value == {output} ? {quoted(out)} : datum.value"


def superscript(expression: str) -> str:
    """10 to the power of `expression`, in superscript digits."""
    text = f"toString({expression})"
    for plain, raised in zip("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹", strict=True):
        text = f"replace({text}, regexp('{plain}', 'g'), '{raised}')"
    return f"'10' + {text}"


POWER_OF_TEN = superscript("round(log(datum.value) / LN10)")
"""The label of a logarithmic axis, as a power of ten."""
