"""What recording costs a training: run `python -m bench.recorder`, with PyTorch installed.

An MLP of 10 layers of width 512, batch 128, float32, SGD, one thread. Contestants take turns, so
that a busy moment of the machine hits them all alike: no hooks; plain hooks (a backward hook on
every layer, and the norm of its gradient, at every step); the recorder at every tenth step, and at
every step. Every number is a median of seconds of processor time over rounds of ten steps.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import process_time

import torch
from torch import nn

from recorder.layer_recorder import watch

LAYERS, WIDTH, BATCH, STEPS = 10, 512, 128, 10


def note(_module, _inputs, gradient):
    """A plain hook: the size of the error, as people plot it."""
    gradient[0].norm().item()


def training(folder: Path, every: int | None = None, *, hooks: bool = False):
    """A function that takes ten steps, and, where there is a recording, its file."""
    torch.manual_seed(0)
    layers = [part for _ in range(LAYERS) for part in (nn.Linear(WIDTH, WIDTH), nn.ReLU())]
    model = nn.Sequential(*layers)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    x, y = torch.randn(2, BATCH, WIDTH)
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

    return ten_steps, path


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    with TemporaryDirectory() as name:
        folder = Path(name)
        contestants = {
            "no hooks": training(folder),
            "plain hooks, every step": training(folder, hooks=True),
            "recorder, every 10th step": training(folder, 10),
            "recorder, every step": training(folder, 1),
        }
        seconds: dict[str, list[float]] = {key: [] for key in contestants}
        for _ in range(rounds + 1):
            for key, (ten_steps, _) in contestants.items():
                begin = process_time()
                ten_steps()
                seconds[key].append(process_time() - begin)
        usual = median(seconds["no hooks"][1:])
        print("| | ms a step | beside no hooks |\n|---|---|---|")
        for key, found in seconds.items():
            middle = median(found[1:])
            print(f"| {key} | {1000 * middle / STEPS:.1f} | {middle / usual:.3f} |")
        head, *rows = contestants["recorder, every step"][1].read_bytes().splitlines()
        print(f"\n{sum(map(len, rows)) / len(rows):.0f} bytes a row, {len(head)} for the head")


if __name__ == "__main__":
    main()
