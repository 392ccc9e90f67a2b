"""The recorders that people copy, and the lines that use them."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import streamlit as st

from pages.texts import Text

FOLDER = Path(__file__).parents[3] / "recorder"


class Recorder(NamedTuple):
    """A framework's name, its file in `FOLDER`, and the lines of its README that record."""

    framework: str
    file: str
    use: str


RECORDERS = {
    "pytorch": Recorder(
        "PyTorch",
        "layer_recorder.py",
        """\
from layer_recorder import watch

recorder = watch(model, optimizer, "run.jsonl", every=10)
for x, y in batches:
    optimizer.zero_grad()
    recorder.loss(criterion(model(x), y)).backward()
    optimizer.step()""",
    ),
    "keras": Recorder(
        "Keras",
        "layer_recorder_keras.py",
        """\
from layer_recorder_keras import Recorder

model.fit(x, y, callbacks=[Recorder(x[:256], y[:256], "run.jsonl", every=10)])""",
    ),
    "jax": Recorder(
        "JAX",
        "layer_recorder_jax.py",
        """\
import jax
import optax
from layer_recorder_jax import Recorder, tap, tapped


def loss_of(params, x, y):
    for k, layer in enumerate(params):
        z = tap(k, x @ layer["w"] + layer["b"])  # before the activation; z itself
        x = jax.nn.relu(z)
    return criterion(z, y)


ordinary, recorded = jax.jit(jax.value_and_grad(loss_of)), tapped(loss_of)
recorder = Recorder("run.jsonl", activations=jax.nn.relu, every=10)
for step, (x, y) in enumerate(batches):
    if step % 10 == 0:
        loss, grads, seen = recorded(params, x, y)
    else:
        loss, grads = ordinary(params, x, y)
    updates, state = optimizer.update(grads, state, params)
    if step % 10 == 0:
        recorder.write(step, params, grads, updates, loss=loss, rate=rate, samples=len(x), **seen)
    params = optax.apply_updates(params, updates)""",
    ),
}


def recorders(t: Text) -> None:
    """A tab for each framework: what to do, the code, and the file."""
    tabs = st.tabs([one.framework for one in RECORDERS.values()])
    for tab, (key, one) in zip(tabs, RECORDERS.items(), strict=True):
        with tab:
            st.markdown(t.own.how[key])
            st.code(one.use, language="python")
            st.download_button(
                t.own.download.format(file=one.file),
                (FOLDER / one.file).read_bytes(),
                file_name=one.file,
                mime="text/x-python",
                key=f"own_{key}",
                icon=":material/download:",
                on_click="ignore",
            )
