"""How fast the core trains and records, beside PyTorch, scikit-learn and bare matrix products.

Run `make bench`, or `python -m bench.training --quick` for fewer cells. Everything is measured in
one run, float64, one thread, contestants in turn, so that a busy moment of the machine affects
them all alike; every number is a median of processor seconds.
"""

from __future__ import annotations

import argparse
import platform
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, product
from statistics import median
from time import process_time

import numpy as np
import sklearn
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from core.arrays import Array
from core.data.datasets import DATASETS, View
from core.nn.activations import ACTIVATIONS
from core.nn.probes import SATURATED, Measures, measure
from core.runs.cost import GRID, SHOWN_SAMPLES, kept_epochs, kept_frames
from core.runs.presets import PRESETS
from core.runs.recording import Recording
from core.runs.training import RunSpec, Trainer

ROUNDS = 9
ROUND_SECONDS = 0.005
"""A contestant's turn repeats its step for about this long."""

RATE = 1e-3

STEP_COUNTED = """\
One training step of a whole batch (2 inputs, 1 output, binary cross-entropy, SGD, float64), in
microseconds.

- **core**: forward, backward, step, *and* all statistics that the page records in each layer
  (`core.nn.probes.measure` on the step's own pass: error signal, its two factors, gradient norm,
  mean, spread and signal of the activations, saturated and dead units).
- **plain**: the same step without statistics, as training takes it between two snapshots.
- **PyTorch**: eager, `nn.Sequential`, `BCEWithLogitsLoss`, `zero_grad`, `backward`, `SGD.step`;
  nothing is recorded. **+ hooks**: the same statistics, recorded by hooks.
- **sklearn**: `MLPClassifier.partial_fit`, solver `sgd`, momentum 0, the same batch (no GELU).
- **products**: the step's matrix products alone, into arrays ready for them: forward,
  the error backwards, and the gradient of every weight matrix.
"""

EPOCH_COUNTED = """\
One epoch of 400 samples of XOR in shuffled batches, in microseconds.

- **core**: the epoch, and its snapshot: every statistic of every layer on the whole training part,
  which is a forward and a backward pass more, and losses and accuracies on both parts.
- **plain**: the epoch alone (`Trainer.train_epoch`).
- **PyTorch**: an eager loop over the same batches; nothing is recorded.
"""

RECORDING_COUNTED = """\
A whole recording, in milliseconds: `Recording(run).advance()`, that is all epochs, the statistics
of every kept epoch on the whole training part, losses and accuracies on both parts, and the frames
(the boundary on 40 x 40 points, and where the pre-activations lie on the training part).
**training** is the same run's `Trainer.train_epoch` alone, epoch by epoch. **products** are
its matrix products alone: training's, those of the passes for the statistics (forward and
backward on the training part, forward on the test part) and those of the frames (forward twice).
"""


# --- timing ------------------------------------------------------------------------------------


def seconds(work: Callable[[], object], times: int) -> float:
    start = process_time()
    for _ in range(times):
        work()
    return (process_time() - start) / times


def medians(contestants: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Seconds that each takes: they take turns, and the median over turns counts."""
    times = {}
    for name, work in contestants.items():
        work()
        times[name] = max(1, round(ROUND_SECONDS / seconds(work, 1)))
    turns = [{n: seconds(w, times[n]) for n, w in contestants.items()} for _ in range(ROUNDS)]
    return {name: median(turn[name] for turn in turns) for name in contestants}


# --- contestants -------------------------------------------------------------------------------


def core_trainer(activation: str, width: int, depth: int, batch: int = 32) -> Trainer:
    initializer = "he" if activation in ("relu", "gelu") else "xavier"
    shape = RunSpec(activation=activation, width=width, depth=depth, batch=batch)
    return Trainer(replace(shape, initializer=initializer, rate=RATE))


def core_step(trainer: Trainer, x: Array, y: Array) -> Measures:
    """One step, its own pass measured: what `Trainer.descend` does, plus the statistics."""
    network, loss = trainer.network, trainer.run.loss
    through = network.forward(x)
    delta, prediction = loss.delta(through.output, y), loss.output(through.output)
    measures = measure(network, through, delta, prediction, trainer.descent.gradient)
    trainer.follow_gradient(x.shape[1])
    return measures


TORCH_ACTIVATIONS = {
    "relu": torch.nn.ReLU,
    "tanh": torch.nn.Tanh,
    "gelu": torch.nn.GELU,
    "sigmoid": torch.nn.Sigmoid,
}


class TorchStep:
    """The same step in PyTorch. With `record`, hooks keep what the statistics need."""

    def __init__(self, trainer: Trainer, x: Array, y: Array, *, record: bool = False) -> None:
        activation = TORCH_ACTIVATIONS[trainer.run.activation]
        modules: list[torch.nn.Module] = []
        for m, n in pairwise(trainer.network.parameters.sizes):
            modules += [torch.nn.Linear(m, n, dtype=torch.float64), activation()]
        self.model = torch.nn.Sequential(*modules[:-1])
        self.linears = modules[0::2]
        self.x, self.y = torch.from_numpy(x[0].copy()), torch.from_numpy(y[0].copy())
        self.loss = torch.nn.BCEWithLogitsLoss()
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=RATE)
        self.steepest = trainer.run.max_slope
        self.record = record
        self.outputs: list[torch.Tensor] = []
        self.errors: list[torch.Tensor] = []
        if record:
            for module in self.model:
                module.register_forward_hook(self.keep)

    def keep(self, module: torch.nn.Module, inputs: object, output: torch.Tensor) -> None:
        self.outputs.append(output.detach())
        output.register_hook(self.errors.append)

    def __call__(self) -> object:
        return self.step(self.x, self.y)

    def step(self, x: torch.Tensor, y: torch.Tensor) -> object:
        self.outputs.clear()
        self.errors.clear()
        self.optimizer.zero_grad()
        self.loss(self.model(x), y).backward()
        found = self.statistics() if self.record else None
        self.optimizer.step()
        return found

    @torch.no_grad()
    def statistics(self) -> list[tuple[torch.Tensor, ...]]:
        samples, errors = len(self.x), self.errors[::-1]  # z_1, a_1, z_2, a_2, ..., z_L
        found = []
        for layer, linear in enumerate(self.linears):
            delta = errors[2 * layer]
            size = torch.linalg.vector_norm(delta) * (samples / delta.numel() ** 0.5)
            row = (size, torch.linalg.vector_norm(linear.weight.grad))
            if 2 * layer + 1 < len(errors):
                carried, a = errors[2 * layer + 1], self.outputs[2 * layer + 1]
                spread = a.var(dim=0, correction=0)
                slope = (delta / carried).abs()
                row += (
                    torch.linalg.vector_norm(carried),
                    a.mean(),
                    a.std(correction=0),
                    spread.mean().sqrt(),
                    (slope <= SATURATED * self.steepest).double().mean(),
                    (slope == 0).all(dim=0).double().mean(),
                )
            found.append(row)
        return found


class TorchEpoch(TorchStep):
    """All training samples of a run in batches, reshuffled each time; nothing is recorded."""

    def __init__(self, trainer: Trainer) -> None:
        super().__init__(trainer, trainer.data.train_x[None], trainer.data.train_y[None])
        self.batch = trainer.run.batch

    def __call__(self) -> object:
        for rows in torch.randperm(len(self.x)).split(self.batch):
            self.step(self.x[rows], self.y[rows])
        return None


def sklearn_step(trainer: Trainer, x: Array, y: Array) -> Callable[[], object] | None:
    run = trainer.run
    if run.activation not in ("relu", "tanh"):
        return None
    model = MLPClassifier(
        hidden_layer_sizes=(run.width,) * run.depth,
        activation=run.activation,
        solver="sgd",
        momentum=0.0,
        nesterovs_momentum=False,
        alpha=0.0,
        learning_rate_init=RATE,
        batch_size=x.shape[1],
        shuffle=False,
    )
    return lambda: model.partial_fit(x[0], y[0, :, 0], classes=[0.0, 1.0])


class Products:
    """The matrix products of one pass over this many samples, into preallocated arrays."""

    def __init__(self, sizes: Sequence[int], samples: int) -> None:
        rng = np.random.default_rng(0)
        self.a = [rng.normal(size=(samples, n)) for n in sizes]
        self.z = [np.empty((samples, n)) for n in sizes[1:]]
        self.weights = [rng.normal(size=(m, n)) for m, n in pairwise(sizes)]
        self.carried = [np.empty_like(a) for a in self.a]
        self.gradient = [np.empty_like(w) for w in self.weights]

    def forward(self) -> None:
        for a, w, z in zip(self.a[:-1], self.weights, self.z, strict=True):
            np.matmul(a, w, out=z)

    def backward(self) -> None:
        for delta, w, carried in zip(self.z[1:], self.weights[1:], self.carried[1:-1], strict=True):
            np.matmul(delta, w.T, out=carried)
        for a, delta, gradient in zip(self.a[:-1], self.z, self.gradient, strict=True):
            np.matmul(a.T, delta, out=gradient)

    def step(self) -> None:
        self.forward()
        self.backward()


# --- one step ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cell:
    """One row of the first two tables, in seconds."""

    activation: str
    width: int
    depth: int
    batch: int
    times: dict[str, float]

    def ratio(self, slow: str, fast: str) -> float:
        return self.times[slow] / self.times[fast]


def measure_step(activation: str, width: int, depth: int, batch: int) -> Cell:
    trainer = core_trainer(activation, width, depth)
    x, y = (
        np.resize(part, (1, batch, part.shape[1]))
        for part in (trainer.data.train_x, trainer.data.train_y)
    )
    contestants: dict[str, Callable[[], object]] = {
        "core": np.errstate(all="ignore")(lambda: core_step(trainer, x, y)),
        "plain": np.errstate(all="ignore")(lambda: trainer.descend(x, y)),
        "PyTorch": TorchStep(trainer, x, y),
        "+ hooks": TorchStep(trainer, x, y, record=True),
        "products": Products(trainer.network.parameters.sizes, batch).step,
    }
    if (step := sklearn_step(trainer, x, y)) is not None:
        contestants["sklearn"] = step
    return Cell(activation, width, depth, batch, medians(contestants))


def step_table(cells: Sequence[Cell]) -> Iterator[str]:
    columns = ["core", "plain", "PyTorch", "+ hooks", "sklearn", "products"]
    yield row(
        "activation", "width", "depth", "batch", *columns, "PyTorch / core", "core / products"
    )
    yield row(*["---"] + ["--:"] * 11)
    for cell in cells:
        times = (f"{cell.times[c] * 1e6:.0f}" if c in cell.times else "" for c in columns)
        ratios = (cell.ratio("PyTorch", "core"), cell.ratio("core", "products"))
        yield row(
            cell.activation,
            cell.width,
            cell.depth,
            cell.batch,
            *times,
            *(f"{r:.2f}" for r in ratios),
        )


# --- one epoch ---------------------------------------------------------------------------------


EPOCHS = [
    ("relu", 8, 3, 32),
    ("relu", 8, 5, 32),
    ("sigmoid", 8, 5, 32),
    ("tanh", 8, 5, 32),
    ("relu", 16, 10, 32),
    ("relu", 16, 10, 128),
    ("relu", 32, 20, 256),
    ("relu", 64, 5, 32),
    ("tanh", 64, 5, 256),
]
"""Activation, width, depth, batch."""


def measure_epoch(activation: str, width: int, depth: int, batch: int) -> Cell:
    trainer = core_trainer(activation, width, depth, batch)

    def observed() -> None:
        trainer.train_epoch()
        trainer.snapshot()

    contestants: dict[str, Callable[[], object]] = {
        "core": observed,
        "plain": trainer.train_epoch,
        "PyTorch": TorchEpoch(trainer),
    }
    return Cell(activation, width, depth, batch, medians(contestants))


def epoch_table(cells: Sequence[Cell]) -> Iterator[str]:
    columns = ["core", "plain", "PyTorch"]
    yield row(
        "activation",
        "layers",
        "batch",
        *columns,
        "PyTorch / core",
        "PyTorch / plain",
        "core / plain",
    )
    yield row(*["---"] + ["--:"] * 8)
    for cell in cells:
        ratios = (("PyTorch", "core"), ("PyTorch", "plain"), ("core", "plain"))
        yield row(
            cell.activation,
            f"{cell.depth} x {cell.width}",
            cell.batch,
            *(f"{cell.times[c] * 1e6:.0f}" for c in columns),
            *(f"{cell.ratio(*pair):.2f}" for pair in ratios),
        )


# --- whole recordings --------------------------------------------------------------------------


@dataclass(frozen=True)
class Recorded:
    """One row of the third table, in seconds."""

    name: str
    run: RunSpec
    whole: float
    training: float
    products: float


def products_of(run: RunSpec) -> Callable[[], None]:
    """All matrix products of a recording with one replica."""
    trainer = Trainer(run)
    sizes, samples = trainer.network.parameters.sizes, len(trainer.data.train_x)
    full, rest = divmod(samples, run.batch)
    batches = [(full, Products(sizes, run.batch))] + ([(1, Products(sizes, rest))] if rest else [])
    statistics, test = Products(sizes, samples), Products(sizes, len(trainer.data.test_x))
    kept = len(kept_epochs(run))
    plane = DATASETS[run.dataset].view is View.PLANE
    picture = Products(sizes, GRID**2 if plane else SHOWN_SAMPLES)
    frames = len(kept_frames(run))

    def work() -> None:
        for _ in range(run.epochs):
            for count, batch in batches:
                for _ in range(count):
                    batch.step()
        for _ in range(kept):
            statistics.step()
            test.forward()
        for _ in range(frames):
            picture.forward()
            statistics.forward()

    return work


def record(name: str, run: RunSpec) -> Recorded:
    work = products_of(run)

    def train() -> None:
        trainer = Trainer(run)
        for _ in range(run.epochs):
            trainer.train_epoch()

    turns = [[seconds(w, 1) for w in (Recording(run).advance, train, work)] for _ in range(5)]
    whole, training, products = (median(turn) for turn in zip(*turns, strict=True))
    return Recorded(name, run, whole, training, products)


def recordings(quick: bool) -> Iterator[Recorded]:
    yield record("the page's default", RunSpec())
    for key, lanes in PRESETS.items():
        yield record(f"preset `{key}`, last lane", lanes[-1])
        if quick:
            return
    base = RunSpec(activation="tanh", epochs=100)
    yield record("10 x 32, batch 32", replace(base, depth=10, width=32))
    yield record("10 x 64, batch 256", replace(base, depth=10, width=64, batch=256))
    yield record("50 x 8, batch 128", replace(base, depth=50, width=8, batch=128))


def recording_table(rows: Sequence[Recorded]) -> Iterator[str]:
    columns = ["recording", "training", "products"]
    ratios = ["recording / training", "recording / products"]
    yield row("run", "activation", "layers", "batch", "epochs", *columns, *ratios)
    yield row("---", "---", *["--:"] * 8)
    for r in rows:
        run = r.run
        yield row(
            r.name,
            ACTIVATIONS[run.activation].name,
            f"{run.depth} x {run.width}",
            run.batch,
            run.epochs,
            *(f"{seconds * 1e3:.0f}" for seconds in (r.whole, r.training, r.products)),
            f"{r.whole / r.training:.2f}",
            f"{r.whole / r.products:.1f}",
        )


def stacked() -> tuple[float, float]:
    """Seconds for a recording of 5 x 8 with one seed, and with eight side by side."""
    run = RunSpec(depth=5, width=8, epochs=100)
    runs = [run, replace(run, replicas=8)]
    turns = [[seconds(Recording(r).advance, 1) for r in runs] for _ in range(ROUNDS)]
    one, eight = (median(turn) for turn in zip(*turns, strict=True))
    return one, eight


# --- the report --------------------------------------------------------------------------------


def row(*columns: object) -> str:
    return f"| {' | '.join(map(str, columns))} |"


def aim(text: str, values: Sequence[tuple[float, str]], holds: Callable[[float], bool]) -> str:
    """One line: whether an aim holds in all cells, and the worst of them."""
    failing = sum(not holds(value) for value, _ in values)
    verdict = "holds" if not failing else f"missed in {failing} of {len(values)} cells"
    worst, where = sorted(values)[0 if holds(np.inf) else -1]
    return f"- {text}: **{verdict}** (worst {worst:.2f}, {where})"


def aims(
    steps: Sequence[Cell],
    epochs: Sequence[Cell],
    rows: Sequence[Recorded],
    one: float,
    eight: float,
) -> Iterator[str]:
    def of(
        slow: str, fast: str, chosen: Callable[[Cell], bool], cells: Sequence[Cell] = steps
    ) -> list[tuple[float, str]]:
        return [
            (c.ratio(slow, fast), f"{c.activation} {c.depth} x {c.width}, batch {c.batch}")
            for c in cells
            if chosen(c)
        ]

    yield aim(
        "at least 3 times as fast as PyTorch up to width 16",
        of("PyTorch", "core", lambda c: c.width <= 16),
        lambda r: r >= 3,
    )
    yield aim(
        "(without statistics on either side: 3 times up to width 16)",
        of("PyTorch", "plain", lambda c: c.width <= 16),
        lambda r: r >= 3,
    )
    yield aim(
        "(with statistics on both sides: 3 times up to width 16)",
        of("+ hooks", "core", lambda c: c.width <= 16),
        lambda r: r >= 3,
    )
    yield aim(
        "ahead of PyTorch up to width 64", of("PyTorch", "core", lambda c: True), lambda r: r > 1
    )
    yield aim(
        "an epoch with its snapshot at least 3 times as fast as PyTorch's up to width 16",
        of("PyTorch", "core", lambda c: c.width <= 16, epochs),
        lambda r: r >= 3,
    )
    yield aim(
        "an epoch with its snapshot ahead of PyTorch's up to width 64",
        of("PyTorch", "core", lambda c: True, epochs),
        lambda r: r > 1,
    )
    yield aim(
        "a recording takes at most 1.25 times its training",
        [(r.whole / r.training, r.name) for r in rows],
        lambda r: r <= 1.25,
    )
    yield aim(
        "at most 1.6 times the products at width 64, batch 256 (relu, tanh)",
        of(
            "core",
            "products",
            lambda c: (c.width, c.batch) == (64, 256) and c.activation != "gelu",
        ),
        lambda r: r <= 1.6,
    )
    yield aim(
        "a recording takes at most 8 times its products",
        [(r.whole / r.products, r.name) for r in rows],
        lambda r: r <= 8,
    )
    yield aim(
        "8 seeds side by side take at most 3 times one (5 x 8, batch 32)",
        [(eight / one, f"{one * 1e3:.0f} ms and {eight * 1e3:.0f} ms")],
        lambda r: r <= 3,
    )


def show(lines: Iterator[str]) -> None:
    for line in lines:
        print(line, flush=True)
    print()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer cells")
    quick = parser.parse_args().quick
    warnings.simplefilter("ignore", ConvergenceWarning)
    torch.set_num_threads(1)

    print("# Speed of the core\n")
    print(
        f"Python {platform.python_version()}, NumPy {np.__version__}, PyTorch {torch.__version__},"
        f" scikit-learn {sklearn.__version__}. **One thread each**: BLAS limited to 1 by"
        " threadpoolctl, PyTorch by `set_num_threads(1)`. Processor time, medians of"
        f" {ROUNDS} turns, contestants interleaved.\n"
    )
    shape = (
        [(16, 64), (5, 50), (32, 256)]
        if quick
        else [(8, 16, 32, 64), (2, 5, 10, 50), (32, 128, 256)]
    )
    with threadpool_limits(1):
        steps = [
            measure_step(activation, width, depth, batch)
            for activation, width, depth, batch in product(("relu", "tanh", "gelu"), *shape)
        ]
        print(f"## One step\n\n{STEP_COUNTED}")
        show(step_table(steps))
        epochs = [measure_epoch(*cell) for cell in (EPOCHS[1:7:5] if quick else EPOCHS)]
        print(f"## One epoch\n\n{EPOCH_COUNTED}")
        show(epoch_table(epochs))
        rows = list(recordings(quick))
        print(f"## A whole recording\n\n{RECORDING_COUNTED}")
        show(recording_table(rows))
        one, eight = stacked()
    print("## Aims\n")
    show(aims(steps, epochs, rows, one, eight))


if __name__ == "__main__":
    main()
