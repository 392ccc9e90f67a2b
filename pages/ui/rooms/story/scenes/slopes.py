"""Scene 5: the sigmoid's slope, tanh's, and where each is the larger one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import streamlit as st

from core.arrays import Array
from core.domain import Query
from core.nn.activations import ACTIVATIONS
from core.runs.presets import PRESETS
from core.runs.rules import FAINT
from pages.charts import activations as curves
from pages.charts import scenes as charts
from pages.charts.vocabulary import REACH
from pages.texts import Text
from pages.texts.numbers import decimals, fraction, plain
from pages.ui.frame import palette
from pages.ui.house import DERIVATIVES, TRAINING
from pages.ui.rooms.story.scenes.race import learnt
from pages.ui.rooms.story.scenes.scene import Myth, Outcome, Scene, computed
from pages.ui.settings import Stage
from pages.ui.widgets.components import Dial, probe
from pages.ui.widgets.show import show

PAIR = ("sigmoid", "tanh")
FAR = 3.0
"""Where the explanation compares the slopes again."""
TANH = replace(PRESETS["race"][1], replicas=8)
RATES = (TANH, replace(TANH, rate=3.0))
"""Five tanh layers as in the race, and at a rate that drives their units into saturation."""


def play(t: Text, shown: bool) -> Outcome | None:
    """The sigmoid stretched into tanh; at first without tanh's slope."""
    words, colours, told = t.scene_slopes, palette(), t.activations.alternatives
    crossing = decimals(curves.CROSSING, 2)
    probe("stretch", Dial(t.activations.stretch_dial, 0, 1, curves.STRETCHES, symbol="t"))
    stretch = curves.stretch_table()
    left, right = st.columns(2)
    with left:
        show(
            charts.stretch,
            t,
            colours,
            False,
            told.stretch_f.format(crossing=crossing),
            stretch=stretch,
        )
    with right:
        if shown:
            show(
                charts.stretch,
                t,
                colours,
                True,
                told.stretch_df.format(crossing=crossing),
                stretch=stretch,
            )
        else:
            show(
                charts.hill,
                t,
                colours,
                PAIR[0],
                words.alternatives.hill,
                slopes=charts.slopes_table(PAIR[:1]),
            )
    if not shown:
        st.caption(words.hidden)
        return None
    st.markdown(f"**{words.tail}**")
    show(
        charts.tail,
        t,
        colours,
        PAIR,
        curves.CROSSING,
        words.alternatives.tail.format(crossing=crossing),
        slopes=charts.slopes_table(PAIR),
    )
    return outcome()


def slopes_at(z: Array | float) -> tuple[Array, Array]:
    sigmoid, tanh = (ACTIVATIONS[key].derivative(np.atleast_1d(z)) for key in PAIR)
    return sigmoid, tanh


def outcome() -> Outcome:
    """Where tanh's slope is the smaller one, read from the two curves."""
    z = np.linspace(0, REACH, 601)
    sigmoid, tanh = slopes_at(z)
    smaller = tanh < sigmoid
    places = {"a": not smaller.any(), "b": smaller[-1] and not smaller[0], "c": bool(smaller[0])}
    peak, far = slopes_at(0.0), slopes_at(FAR)
    return Outcome(
        next((guess for guess, holds in places.items() if holds), ""),
        {
            "crossing": decimals(curves.CROSSING, 2),
            "low": decimals(peak[0][0], 2),
            "high": decimals(peak[1][0], 0),
            "ratio": decimals(peak[1][0] / peak[0][0], 0),
            "far": decimals(FAR, 0),
            "less": decimals(far[0][0] / far[1][0], 1),
        },
    )


def apart() -> tuple[str, Query]:
    return "derivatives", DERIVATIVES.link_of(*DERIVATIVES.presets["tanh"])


def myth(t: Text) -> Myth | None:
    """Five tanh layers, at a rate that leaves their units near 0 and at one that does not."""
    done = computed(t, RATES)
    if done is None:
        return None
    calm, wild = done
    share = float(np.median(wild.history.share[-1]))
    told = {
        "depth": str(RATES[0].depth),
        "seeds": str(RATES[0].replicas),
        "low": plain(RATES[0].rate),
        "high": plain(RATES[1].rate),
        "calm": str(learnt(calm)),
        "wild": str(learnt(wild)),
        "part": decimals(np.nanmedian(wild.history.activation_part[-1, :, :-1]), 2),
        "share": fraction(share, t),
    }
    verdict = "false" if share < FAINT else "true"
    return Myth(verdict, told, "training", TRAINING.link_of(Stage(tool="sums"), RATES))


SLOPES = Scene("slopes", "b", play, apart, myth)
