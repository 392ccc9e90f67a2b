"""The page of one sample: its steps, the chain of single units, the worksheet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import streamlit as st

from core.lessons.chain import (
    CHAIN,
    chain_parameters,
    open_interval,
    places,
    widest_interval,
    width_of,
)
from core.lessons.walkthrough import (
    Walkthrough,
    by_hand,
    disagreement,
    first_parameters,
    parameter_keys,
    walk,
)
from core.nn.network import Network, NetworkSpec
from core.nn.own import activation_of
from core.runs.training import RunSpec
from pages.charts import byhand as charts
from pages.charts.facts import name_of
from pages.charts.style import LIGHT, Palette
from pages.texts import Text
from pages.texts import walkthrough as formulas
from pages.texts.numbers import power
from pages.ui.house import BYHAND
from pages.ui.settings import HAND_PARTS, MOST_GIVEN, ByHand
from pages.ui.widgets.components import print_button, stepper
from pages.ui.widgets.controls import controls, fold, knob_controls, one_part, reset, taken
from pages.ui.widgets.show import show

STYLE = Path(__file__).with_name("byhand.css")
WEIGHTS = tuple(f"chain_w{n}" for n in range(1, CHAIN + 1))
BIASES = tuple(f"chain_b{n}" for n in range(1, CHAIN + 1))
BLOCKS = "byhand_step_"

change_hand, change_run = BYHAND.setter(ByHand), BYHAND.setter(RunSpec)


def change_given(key: str, value: float) -> None:
    """Accept a number typed for one weight or bias."""
    given = {**dict(BYHAND.open()[0].hand_given), key: float(value)}
    change_hand("hand_given", tuple(sorted(given.items())))


# Choices


def part_choice(t: Text, hand: ByHand) -> None:
    """What the page shows."""
    parts = {key: t.options[key] for key in HAND_PARTS}
    one_part("hand_part", t.settings.hand_part, parts, hand.hand_part, change_hand)


def settings(t: Text, hand: ByHand, run: RunSpec) -> None:
    """The sample and the network; the numbers of the chain are on the page itself."""
    chain = PARTS[hand.hand_part] is chain_part
    if not chain:
        st.markdown(f"**{t.byhand.sample}**")
        controls(hand, t, "hand_x1", "hand_x2", "hand_target", change=change_hand)
    st.markdown(f"**{t.byhand.network}**")
    controls(run, t, "activation", change=change_run)
    knob_controls(run, t, (run.activation,), change=change_run)
    if not chain:
        controls(hand, t, "hand_layers", "hand_units", change=change_hand)
        with fold(t.byhand.first_weights, "more_settings") as unfolded:
            if unfolded:
                controls(run, t, "seed", "initializer", "gain", "rate", change=change_run)
    controls(hand, t, "hand_digits", change=change_hand)


def typed_weights(t: Text, hand: ByHand, sample: Walkthrough) -> None:
    """A field for every weight and bias, layer by layer."""
    with st.expander(t.byhand.typed, icon=":material/edit:"):
        st.caption(t.byhand.typed_note)
        for number, layer in enumerate(sample.layers, 1):
            last = number == len(sample.layers)
            which = t.byhand.output_layer if last else t.byhand.layer_of.format(layer=number)
            st.markdown(f"**{which}**")
            with st.container(key=f"byhand_numbers_{number}"):
                columns = st.columns(layer.weights.shape[0] + 1)
            for key, index, place in parameter_keys(sample.sizes):
                if index != number - 1:
                    continue
                weight = len(place) == 2
                symbol = (
                    formulas.w(number, place[1] + 1, place[0] + 1)
                    if weight
                    else formulas.b(number, place[0] + 1)
                )
                value = (layer.weights if weight else layer.biases)[place]
                reset(key, float(value))
                columns[place[0] if weight else -1].number_input(
                    f"${symbol}$",
                    min_value=-MOST_GIVEN,
                    max_value=MOST_GIVEN,
                    step=0.1,
                    format="%g",
                    key=key,
                    on_change=taken,
                    args=(key, partial(change_given, key)),
                )
        if hand.hand_given:
            st.button(
                t.byhand.typed_back, on_click=change_hand, args=("hand_given", ()), type="tertiary"
            )


# Measurement


def sample_of(hand: ByHand, run: RunSpec) -> Walkthrough:
    """The sample's way through the small network."""
    spec = NetworkSpec(
        activation=run.activation,
        knobs=run.knobs,
        initializer=run.initializer,
        gain=run.gain,
        depth=hand.hand_layers,
        width=hand.hand_units,
    )
    parameters = first_parameters(spec, run.seed, dict(hand.hand_given))
    x = [hand.hand_x1, hand.hand_x2]
    return walk(Network(spec, parameters), x, float(hand.hand_target), run.rate)


def chain_of(hand: ByHand, run: RunSpec) -> Walkthrough:
    parameters = chain_parameters(
        [getattr(hand, name) for name in WEIGHTS], [getattr(hand, name) for name in BIASES]
    )
    network = Network(NetworkSpec(activation=run.activation, knobs=run.knobs), parameters)
    return walk(network, [hand.chain_x], float(hand.chain_target), run.rate)


def rules(run: RunSpec) -> tuple[str, str]:
    return formulas.function(activation_of(run.activation), run.knob_values)


def function_name(t: Text, run: RunSpec) -> str:
    return name_of(t, run.activation)


def steps_of(t: Text, hand: ByHand, run: RunSpec, sample: Walkthrough) -> tuple[formulas.Step, ...]:
    return formulas.steps(sample, t, hand.hand_digits, function_name(t, run), rules(run))


# Pictures


def network_picture(
    t: Text, colours: Palette, sample: Walkthrough, digits: int, *, start: int, still: bool = False
) -> None:
    """The network with the sample's numbers; `still` where there is nothing to step through."""
    steps = 3 * len(sample.layers) + 3
    told = t.byhand.alternatives.diagram.format(
        sizes=sizes_words(sample),
        output=charts.fixed(sample.output, digits),
        loss=charts.fixed(sample.loss, digits),
    )
    show(
        charts.diagram,
        t,
        colours,
        sample.sizes,
        steps,
        start,
        told,
        edges=charts.edges_table(sample, chain=still),
        nodes=charts.nodes_table(sample, chain=still),
        values=charts.values_table(sample, digits),
        numbers=charts.numbers_table(sample, digits, start if still else None),
    )


def signals_picture(t: Text, colours: Palette, sample: Walkthrough, *, start: int) -> None:
    sizes = charts.sizes_of(sample)
    told = t.byhand.alternatives.signals.format(
        sizes=t.facts.semicolon.join(power(size, 3) for size in sizes)
    )
    show(
        charts.signals,
        t,
        colours,
        len(sizes),
        charts.decades_of(sample),
        3 * len(sizes) + 3,
        start,
        told,
        sizes=charts.sizes_table(sample),
    )


def sizes_words(sample: Walkthrough) -> str:
    return "–".join(map(str, sample.sizes))


# The parts


def part(t: Text, colours: Palette, hand: ByHand, run: RunSpec) -> None:
    """The part of the page that was chosen."""
    st.html(STYLE)
    PARTS[hand.hand_part](t, colours, hand, run)


def steps_part(t: Text, colours: Palette, hand: ByHand, run: RunSpec) -> None:
    """Every step with its formulas; the browser decides which one is seen."""
    sample = sample_of(hand, run)
    found = steps_of(t, hand, run, sample)
    titles = [step.title for step in found]
    with st.container(key="byhand_bar"):
        stepper(t, "step", titles, run=sizes_words(sample), blocks=BLOCKS)
    picture, text = st.columns([3, 2] if hand.hand_layers > 2 else [11, 10], gap="large")
    with picture:
        network_picture(t, colours, sample, hand.hand_digits, start=0)
        st.markdown(f"**{t.byhand.signals_title}**")
        signals_picture(t, colours, sample, start=0)
    with text:
        for number, step in enumerate(found):
            with st.container(key=f"{BLOCKS}{number}"):
                st.markdown(f"## {number + 1}. {step.title}\n\n{step.told}\n\n{step.written()}")
        apart = disagreement(sample, by_hand(sample, run.value_and_derivative))
        note = t.byhand.rounded.format(apart=power(apart))
        st.caption(t.byhand.keys_note + t.numbers.sentence_gap + note)
    typed_weights(t, hand, sample)


def chain_part(t: Text, colours: Palette, hand: ByHand, run: RunSpec) -> None:
    """The gradient as a product of factors, each beside its measurement."""
    words = t.byhand
    name = function_name(t, run)
    st.markdown(words.chain_lead.format(name=name, value=rules(run)[0]))
    pairs = (("chain_x", "chain_target"), *zip(WEIGHTS, BIASES, strict=True))
    with st.container(key="byhand_numbers"):
        for column, names in zip(st.columns(CHAIN + 1), pairs, strict=True):
            with column:
                controls(hand, t, *names, change=change_hand)
    chain = chain_of(hand, run)
    start = 2 * CHAIN + 1
    left, right = st.columns(2, gap="large")
    with left:
        network_picture(t, colours, chain, hand.hand_digits, start=start, still=True)
    with right:
        st.markdown(f"**{words.chain_signals}**")
        signals_picture(t, colours, chain, start=start)
    with st.container(key="byhand_places"):
        gradients(t, hand, run, chain)
    intervals(t, hand, chain)


def gradients(t: Text, hand: ByHand, run: RunSpec, chain: Walkthrough) -> None:
    """The gradient at each place of the chain: by its factors, and measured."""
    words = t.byhand
    found = places(chain, run.value_and_derivative)
    for column, kind, title in zip(
        st.columns(2, gap="large"),
        ("weight", "bias"),
        (words.chain_weights, words.chain_biases),
        strict=True,
    ):
        with column:
            st.markdown(f"## {title}")
            for place in found:
                if place.kind == kind:
                    measured = words.measured.format(
                        difference=f"${formulas.scientific(place.difference, hand.hand_digits)}$",
                        apart=power(place.apart),
                    )
                    line = formulas.place_line(place, hand.hand_digits)
                    st.markdown(f"{line.shown}\n\n:small[{measured}]")
    st.caption(words.measured_note)


def intervals(t: Text, hand: ByHand, chain: Walkthrough) -> None:
    """Where |w sigma'(wa + b)| is at least 1 for the chain's hidden units, and at best."""
    words = t.byhand
    digits = hand.hand_digits
    st.header(words.interval_title, anchor=False)
    items = []
    for number, layer in enumerate(chain.layers[:-1], 1):
        w, b, a = (float(v) for v in (layer.weights[0, 0], layer.biases[0], layer.inputs[0]))
        told = {"unit": number, "w": charts.fixed(w, digits), "b": charts.fixed(b, digits)}
        interval = open_interval(w, b)
        if interval is None:
            items.append(words.interval_none.format(**told))
            continue
        low, high = interval
        told |= {
            "low": charts.fixed(low, digits),
            "high": charts.fixed(high, digits),
            "width": charts.fixed(width_of(w), digits),
            "a": charts.fixed(a, digits),
        }
        sentence = words.interval_inside if low <= a <= high else words.interval_outside
        items.append(sentence.format(**told))
    weight, width_at_best = widest_interval()
    note = words.interval_note.format(
        weight=charts.fixed(weight, digits), width=charts.fixed(width_at_best, digits)
    )
    listed = "\n".join(f"- {item}" for item in items)
    st.markdown(f"{words.interval_lead}\n\n{listed}\n\n{note}")


def sheet_part(t: Text, colours: Palette, hand: ByHand, run: RunSpec) -> None:
    """The same calculation with blanks, the answers on a separate page, and ways to keep it."""
    sample = sample_of(hand, run)
    typed_weights(t, hand, sample)
    found = steps_of(t, hand, run, sample)
    value, slope = rules(run)
    lead = t.byhand.sheet_lead.format(
        sizes=sizes_words(sample),
        name=function_name(t, run),
        value=value,
        slope=slope,
        digits=hand.hand_digits,
    )
    tasks = f"## {t.byhand.sheet_title}\n\n{lead}\n\n{formulas.tasks(found)}"
    answers = f"## {t.byhand.answers_title}\n\n{formulas.answers(found)}"
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.container(width="content"):
            print_button(t.byhand.print)
        st.download_button(
            t.byhand.download,
            f"{tasks}\n\n---\n\n{answers}\n",
            file_name=t.byhand.file,
            mime="text/markdown",
            icon=":material/download:",
            on_click="ignore",
        )
    with st.container(key="byhand_paper"):
        network_picture(t, LIGHT, sample, hand.hand_digits, start=0)
        st.markdown(tasks)
        with st.container(key="byhand_answers"):
            st.markdown(answers)


Part = Callable[[Text, Palette, ByHand, RunSpec], None]
PARTS: Mapping[str, Part] = {
    "hand_steps": steps_part,
    "hand_chain": chain_part,
    "hand_sheet": sheet_part,
}
