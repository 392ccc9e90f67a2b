"""The steps of one sample in LaTeX: each formula in symbols, with the values, and its result."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from math import isfinite

from core.lessons.chain import Place
from core.lessons.walkthrough import Layer, Walkthrough
from core.nn.activations import Activation
from pages.texts import Text
from pages.texts.numbers import plain

BLANK = r"\underline{\hspace{7em}}"
TOO_WIDE = 1e7
"""From this size on, a number is written in powers of ten, whatever its decimals."""


ONE_LINE = 34
"""Characters that fit beside the picture."""


def width(latex: str) -> int:
    """The approximate width of a formula in characters; sub- and superscripts count half."""
    scripts = "".join(re.findall(r"[_^]\{([^{}]*)\}", latex))
    plain = re.sub(r"\\[a-zA-Z]+", "x", latex)
    return len(re.sub(r"[\s{}_^\\;,]", "", plain)) - len(scripts) * 2 // 3


@dataclass(frozen=True)
class Line:
    """One calculation in LaTeX. symbols: left side and formula. values: the same, filled in.

    values is empty where the left side says it all. asked: is it to be worked out, or given?
    """

    symbols: str
    values: str
    result: str
    asked: bool = True

    @property
    def shown(self) -> str:
        """On one line, or the numbers under the symbols where they would not fit beside them."""
        filled = " = ".join(part for part in (self.values, self.result) if part)
        if width(self.symbols) + width(filled) <= ONE_LINE:
            return f"${self.symbols} = {filled}$"
        return f"${self.symbols}$\\\n$\\;\\; = {filled}$"

    @property
    def blank(self) -> str:
        return f"${self.symbols} = {BLANK}$" if self.asked else self.shown


@dataclass(frozen=True)
class Step:
    """What is worked out at once: the lines of one layer, in one direction.

    Lines of one group are set side by side.
    """

    title: str
    told: str
    groups: tuple[tuple[Line, ...], ...]

    def written(self, *, blank: bool = False) -> str:
        """The lines as Markdown; with blanks in place of what is asked."""
        rows = [
            ", ".join(line.blank if blank else line.shown for line in group)
            for group in self.groups
        ]
        return "\n\n".join(rows)


# Numbers and symbols


def decimal(value: float, digits: int) -> str:
    """With a fixed number of decimals; no minus before a zero."""
    if not isfinite(value):
        return r"\text{–}"
    if abs(value) >= TOO_WIDE:
        return scientific(value, digits)
    text = f"{value:.{digits}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def scientific(value: float, digits: int) -> str:
    """With a fixed number of decimals before the power of ten."""
    if value == 0 or not isfinite(value):
        return decimal(value, digits)
    mantissa, exponent = f"{value:.{digits}e}".split("e")
    return rf"{mantissa} \times 10^{{{int(exponent)}}}"


def factor(value: float, digits: int) -> str:
    """As a factor or something that is subtracted: in parentheses, if negative."""
    text = decimal(value, digits)
    return f"({text})" if text.startswith("-") else text


def z(layer: int, unit: int) -> str:
    return f"z_{{{unit}}}^{{({layer})}}"


def a(layer: int, unit: int) -> str:
    return f"a_{{{unit}}}^{{({layer})}}" if layer else f"x_{{{unit}}}"


def w(layer: int, to: int, of: int) -> str:
    return f"w_{{{to}{of}}}^{{({layer})}}"


def b(layer: int, unit: int) -> str:
    return f"b_{{{unit}}}^{{({layer})}}"


def delta(layer: int, unit: int) -> str:
    return rf"\delta_{{{unit}}}^{{({layer})}}"


def by(parameter: str) -> str:
    """The derivative of the loss with respect to a parameter."""
    return rf"\partial L/\partial {parameter}"


def function(entry: Activation, knobs: dict[str, float]) -> tuple[str, str]:
    """f and f' of an activation as inline LaTeX, with the knobs' values beside them."""
    own = "".join(
        rf",\; {knob.symbol} = {plain(knobs.get(knob.key, knob.default))}" for knob in entry.knobs
    )
    return f"$f(z) = {entry.formula}{own}$", f"$f'(z) = {entry.derivative_formula}{own}$"


# Steps


def steps(
    walk: Walkthrough, t: Text, digits: int, name: str, formulas: tuple[str, str]
) -> tuple[Step, ...]:
    """All steps in their order. name: of the activation. formulas: those of f and of f'."""
    last = len(walk.layers)
    number = lambda value: decimal(float(value), digits)  # noqa: E731
    titles, told = t.byhand.titles, t.byhand.told

    def title(key: str, layer: int) -> str:
        which = t.byhand.output_layer if layer == last else t.byhand.layer_of.format(layer=layer)
        return titles[key].format(layer=which)

    layers = list(enumerate(walk.layers, 1))

    def alone(lines: Iterable[Line]) -> tuple[tuple[Line, ...], ...]:
        return tuple((line,) for line in lines)

    found = [Step(titles.start, told.start, tuple(given(walk, digits)))]
    for k, layer in layers:
        words = (
            told.forward_output
            if k == last
            else told.forward.format(name=name) + t.numbers.sentence_gap + formulas[0]
        )
        found.append(Step(title("forward", k), words, alone(forward(k, layer, k == last, digits))))
    loss = Line(
        r"L = -y \ln p - (1 - y) \ln (1 - p)",
        f"-{number(walk.target)} \\cdot \\ln {number(walk.output)}"
        f" - {number(1 - walk.target)} \\cdot \\ln {number(1 - walk.output)}",
        number(walk.loss),
    )
    found.append(Step(titles.loss, told.loss, alone([loss])))
    for k, layer in reversed(layers):
        above = walk.layers[k] if k < last else None
        words = (
            told.backward_output
            if above is None
            else told.backward + t.numbers.sentence_gap + formulas[1]
        )
        lines = [*error(walk, k, layer, above, digits), *gradient(k, layer, digits)]
        found.append(Step(title("backward", k), words, alone(lines)))
    for k, layer in layers:
        found.append(Step(title("update", k), told.update, alone(update(walk, k, layer, digits))))
    after = (
        Line("p_{\\text{new}}", "", number(walk.output_after)),
        Line(
            r"L_{\text{new}} = -y \ln p_{\text{new}} - (1 - y) \ln (1 - p_{\text{new}})",
            f"-{number(walk.target)} \\cdot \\ln {number(walk.output_after)}"
            f" - {number(1 - walk.target)} \\cdot \\ln {number(1 - walk.output_after)}",
            number(walk.loss_after),
        ),
        Line(
            r"L_{\text{new}} - L",
            f"{number(walk.loss_after)} - {number(walk.loss)}",
            number(walk.loss_after - walk.loss),
        ),
    )
    found.append(Step(titles.after, told.after, alone(after)))
    return tuple(found)


def given(walk: Walkthrough, digits: int) -> Iterator[tuple[Line, ...]]:
    """The sample, the rate, and the initial weights of every unit."""

    def known(symbol: str, value: float) -> Line:
        return Line(symbol, "", decimal(value, digits), asked=False)

    yield (
        *(known(a(0, i), float(x)) for i, x in enumerate(walk.layers[0].inputs, 1)),
        known("y", walk.target),
        known(r"\eta", walk.rate),
    )
    for k, layer in enumerate(walk.layers, 1):
        numbers = [known(symbol, value) for symbol, value, _, _ in parameters(k, layer)]
        unit = len(numbers) // len(layer.z)
        for start in range(0, len(numbers), unit):
            yield tuple(numbers[start : start + unit])


def parameters(k: int, layer: Layer) -> Iterator[tuple[str, float, float, float]]:
    """(symbol, value, gradient, new value) of each parameter of a layer, unit by unit."""
    fan_in, fan_out = layer.weights.shape
    for j in range(fan_out):
        for i in range(fan_in):
            yield (
                w(k, j + 1, i + 1),
                float(layer.weights[i, j]),
                float(layer.weight_gradient[i, j]),
                float(layer.new_weights[i, j]),
            )
        yield (
            b(k, j + 1),
            float(layer.biases[j]),
            float(layer.bias_gradient[j]),
            float(layer.new_biases[j]),
        )


def forward(k: int, layer: Layer, output: bool, digits: int) -> Iterator[Line]:
    """z of every unit, and its activation."""
    fan_in, fan_out = layer.weights.shape
    for j in range(1, fan_out + 1):
        inside = [f"{w(k, j, i)} {a(k - 1, i)}" for i in range(1, fan_in + 1)]
        filled = [
            f"{factor(float(layer.weights[i, j - 1]), digits)} \\cdot "
            f"{factor(float(layer.inputs[i]), digits)}"
            for i in range(fan_in)
        ]
        total = float(layer.z[j - 1])
        yield Line(
            f"{z(k, j)} = {' + '.join(inside)} + {b(k, j)}",
            f"{' + '.join(filled)} + {factor(float(layer.biases[j - 1]), digits)}",
            decimal(total, digits),
        )
        value = decimal(float(layer.outputs[j - 1]), digits)
        put = decimal(total, digits)
        if output:
            yield Line(rf"p = \sigma({z(k, j)})", f"1/(1 + e^{{{decimal(-total, digits)}}})", value)
        else:
            yield Line(f"{a(k, j)} = f({z(k, j)})", f"f({put})", value)


def error(
    walk: Walkthrough, k: int, layer: Layer, above: Layer | None, digits: int
) -> Iterator[Line]:
    """delta of every unit."""
    for i in range(1, len(layer.z) + 1):
        result = decimal(float(layer.delta[i - 1]), digits)
        if above is None or layer.slopes is None:
            values = f"{decimal(walk.output, digits)} - {decimal(walk.target, digits)}"
            yield Line(f"{delta(k, i)} = p - y", values, result)
            continue
        fan_out = len(above.z)
        slope = float(layer.slopes[i - 1])
        yield Line(
            f"f'({z(k, i)})",
            f"f'({decimal(float(layer.z[i - 1]), digits)})",
            decimal(slope, digits),
        )
        inside = " + ".join(f"{w(k + 1, j, i)} {delta(k + 1, j)}" for j in range(1, fan_out + 1))
        filled = " + ".join(
            f"{factor(float(above.weights[i - 1, j]), digits)} \\cdot "
            f"{factor(float(above.delta[j]), digits)}"
            for j in range(fan_out)
        )
        if fan_out > 1:
            inside, filled = f"({inside})", f"({filled})"
        yield Line(
            f"{delta(k, i)} = {inside} \\cdot f'({z(k, i)})",
            f"{filled} \\cdot {factor(slope, digits)}",
            result,
        )


def gradient(k: int, layer: Layer, digits: int) -> Iterator[Line]:
    """dL/dw and dL/db of every unit."""
    fan_in, fan_out = layer.weights.shape
    for j in range(1, fan_out + 1):
        d = float(layer.delta[j - 1])
        for i in range(1, fan_in + 1):
            yield Line(
                f"{by(w(k, j, i))} = {delta(k, j)} \\cdot {a(k - 1, i)}",
                f"{factor(d, digits)} \\cdot {factor(float(layer.inputs[i - 1]), digits)}",
                decimal(float(layer.weight_gradient[i - 1, j - 1]), digits),
            )
        yield Line(f"{by(b(k, j))} = {delta(k, j)}", "", decimal(d, digits))


def update(walk: Walkthrough, k: int, layer: Layer, digits: int) -> Iterator[Line]:
    """Every parameter, moved against its gradient."""
    rate = decimal(walk.rate, digits)
    for symbol, value, slope, new in parameters(k, layer):
        yield Line(
            rf"{symbol} \leftarrow {symbol} - \eta \cdot {by(symbol)}",
            rf"{decimal(value, digits)} - {rate} \cdot {factor(slope, digits)}",
            decimal(new, digits),
        )


# The chain

SYMBOLS: dict[str, Callable[[int], str]] = {
    "error": lambda layer: "(p - y)",
    "weight": lambda layer: f"w_{layer}",
    "slope": lambda layer: f"f'(z_{layer})",
    "input": lambda layer: f"a_{layer}" if layer else "x",
}


def place_line(place: Place, digits: int) -> Line:
    """The gradient with respect to one parameter of the chain, factor by factor."""
    letter = "w" if place.kind == "weight" else "b"
    symbols = r" \cdot ".join(SYMBOLS[kind](layer) for kind, layer, _ in place.factors)
    values = r" \cdot ".join(factor(value, digits) for _, _, value in place.factors)
    return Line(
        f"{by(f'{letter}_{place.layer}')} = {symbols}", values, scientific(place.product, digits)
    )


# The worksheet


def tasks(found: tuple[Step, ...]) -> str:
    """The worksheet as Markdown: what is given, then every step with blanks."""
    start, *asked = found
    parts = [f"### {start.title}\n\n{start.told}\n\n{start.written()}"]
    for number, step in enumerate(asked, 1):
        parts.append(f"### {number}. {step.title}\n\n{step.told}\n\n{step.written(blank=True)}")
    return "\n\n".join(parts)


def answers(found: tuple[Step, ...]) -> str:
    """Every step with its values and results, without what the tasks say already."""
    return "\n\n".join(
        f"### {number}. {step.title}\n\n{step.written()}"
        for number, step in enumerate(found[1:], 1)
    )
