"""What recording costs a training: run `python -m bench.recorder torch` (or `keras`, `jax`), with
that framework installed; KERAS_BACKEND chooses what is below Keras.

An MLP of 10 layers of width 512, batch 128, float32, SGD, one thread. Contestants take turns, so
that a busy moment of the machine hits them all alike: no recorder; where there are hooks, plain
ones (a backward hook on every layer, and the norm of its gradient, at every step); the recorder at
every tenth step, and at every step. Every number is a median over rounds of ten steps: of seconds
of processor time, and of their ratio to those of the same round without a recorder.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import process_time

import numpy as np
from threadpoolctl import threadpool_limits

LAYERS, WIDTH, BATCH, STEPS, RATE = 10, 512, 128, 10, 0.01
FEW = 32
"""Samples that Keras' recorder is given, instead of as many as a batch has."""
Contestants = dict[str, Callable[[], None]]


def data(batches: int = 1) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(0)
    x, y = draw.normal(size=(2, batches * BATCH, WIDTH)).astype("float32")
    return x, y


def in_torch(folder: Path) -> Contestants:
    """Ten steps of PyTorch."""
    import torch
    from torch import nn

    from recorder.layer_recorder import watch

    torch.set_num_threads(1)

    def note(_module, _inputs, gradient):
        gradient[0].norm().item()  # the size of the error, as people plot it

    def training(every: int = 0, *, hooks: bool = False) -> Callable[[], None]:
        torch.manual_seed(0)
        layers = [part for _ in range(LAYERS) for part in (nn.Linear(WIDTH, WIDTH), nn.ReLU())]
        model = nn.Sequential(*layers)
        optimizer = torch.optim.SGD(model.parameters(), lr=RATE)
        x, y = map(torch.tensor, data())
        x.requires_grad_()  # or PyTorch warns of the hook on the first layer
        if hooks:
            for layer in model[::2]:
                layer.register_full_backward_hook(note)
        path = folder / f"{every}.jsonl"
        record = watch(model, optimizer, path, every=every) if every else None

        def ten_steps():
            for _ in range(STEPS):
                optimizer.zero_grad()
                loss = nn.functional.mse_loss(model(x), y)
                if record is not None:
                    record.loss(loss)
                loss.backward()
                optimizer.step()

        return ten_steps

    return {
        "no recorder": training(),
        "plain hooks, every step": training(hooks=True),
        "every 10th step": training(10),
        "every step": training(1),
    }


def in_keras(folder: Path) -> Contestants:
    """Ten steps of Keras: an epoch of ten batches."""
    import keras

    from recorder.layer_recorder_keras import Recorder

    if keras.backend.backend() == "torch":
        import_module("torch").set_num_threads(1)
    x, y = data(STEPS)

    def training(every: int = 0, samples: int = BATCH) -> Callable[[], None]:
        keras.utils.set_random_seed(0)
        dense = [keras.layers.Dense(WIDTH, activation="relu") for _ in range(LAYERS)]
        model = keras.Sequential([keras.layers.Input((WIDTH,)), *dense])
        model.compile(keras.optimizers.SGD(RATE), "mse")
        path = folder / f"{every}.jsonl"
        callbacks = [Recorder(x[:samples], y[:samples], path, every=every)] if every else []
        return lambda: model.fit(
            x, y, batch_size=BATCH, shuffle=False, verbose=0, callbacks=callbacks
        )

    return {
        "no recorder": training(),
        f"every 10th step, {FEW} samples": training(10, FEW),
        f"every 10th step, {BATCH} samples": training(10),
        "every step": training(1),
    }


def in_jax(folder: Path) -> Contestants:
    """Ten steps of JAX, each one compiled function, as in the recorder's README."""
    import jax
    import optax

    from recorder.layer_recorder_jax import Recorder, tap, tapped

    x, y = map(jax.numpy.asarray, data())
    relu, optimizer = jax.nn.relu, optax.sgd(RATE)

    def loss_of(params, x, y):
        for k, layer in enumerate(params):
            z = tap(k, x @ layer["w"] + layer["b"])
            x = relu(z)
        return ((z - y) ** 2).mean()

    ordinary, recorded = jax.jit(jax.value_and_grad(loss_of)), tapped(loss_of)
    update, apply = jax.jit(optimizer.update), jax.jit(optax.apply_updates)

    def training(every: int = 0) -> Callable[[], None]:
        keys = jax.random.split(jax.random.key(0), LAYERS)
        draw = jax.nn.initializers.he_normal()
        params = [{"w": draw(k, (WIDTH, WIDTH)), "b": jax.numpy.zeros(WIDTH)} for k in keys]
        state = optimizer.init(params)
        writer = Recorder(folder / f"{every}.jsonl", activations=relu, every=every)

        def ten_steps():
            nonlocal params, state
            for step in range(STEPS):
                measured = every and step % every == 0
                if measured:
                    loss, grads, seen = recorded(params, x, y)
                else:
                    loss, grads = ordinary(params, x, y)
                updates, state = update(grads, state, params)
                if measured:
                    writer.write(
                        step, params, grads, updates, loss=loss, rate=RATE, samples=BATCH, **seen
                    )
                params = apply(params, updates)
            jax.block_until_ready(params)

        return ten_steps

    return {
        "no recorder": training(),
        "every 10th step": training(10),
        "every step": training(1),
    }


FRAMEWORKS = {"torch": in_torch, "keras": in_keras, "jax": in_jax}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("framework", nargs="?", default="torch", choices=FRAMEWORKS)
    parser.add_argument("--rounds", type=int, default=15)
    asked = parser.parse_args()
    flags = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    os.environ.setdefault("XLA_FLAGS", flags)
    with threadpool_limits(1), TemporaryDirectory() as name:
        folder = Path(name)
        contestants = FRAMEWORKS[asked.framework](folder)
        seconds: dict[str, list[float]] = {key: [] for key in contestants}
        for _ in range(asked.rounds + 1):
            for key, ten_steps in contestants.items():
                begin = process_time()
                ten_steps()
                seconds[key].append(process_time() - begin)
        usual = seconds["no recorder"][1:]
        print("| | ms a step | beside none |\n|---|---|---|")
        for key, (_, *found) in seconds.items():
            beside = median(mine / other for mine, other in zip(found, usual, strict=True))
            print(f"| {key} | {1000 * median(found) / STEPS:.1f} | {beside:.3f} |")
        head, *rows = (folder / "1.jsonl").read_bytes().splitlines()
        print(f"\n{sum(map(len, rows)) / len(rows):.0f} bytes a row, {len(head)} for the head")


if __name__ == "__main__":
    main()
