"""A run as a PyTorch program with the same initial weights, batches and settings.

Data, initial weights and the order of the batches come from NumPy's random numbers, by the very
definitions of this core; the network, its gradient and the optimizer are PyTorch's. The losses are
those of the dashboard up to rounding. What PyTorch does otherwise is not translated: see `lacking`.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from textwrap import indent
from types import MappingProxyType

from core.data.datasets import Task
from core.nn.activations import ACTIVATIONS
from core.nn.expression import parse
from core.nn.own import activation_of
from core.runs.training import RunSpec
from core.takehome import program
from core.takehome.formula import autograd_serves, torch_formula
from core.takehome.plan import Plan, plan_of
from core.takehome.script import heading, imports, rows, settings, tidy
from core.takehome.source import Library

EXPRESSIONS = MappingProxyType(
    {
        "identity": "z",
        "sigmoid": "torch.sigmoid(z)",
        "tanh": "torch.tanh(z)",
        "relu": "F.relu(z)",
        "leaky_relu": "F.leaky_relu(z, {a!r})",
        "prelu": "F.leaky_relu(z, {a!r})",
        "elu": "F.elu(z, {a!r})",
        "selu": "F.selu(z)",
        "celu": "F.celu(z, {a!r})",
        "gelu": "F.gelu(z)",
        "gelu_tanh": 'F.gelu(z, approximate="tanh")',
        "silu": "F.silu(z)",
        "swish": "z * torch.sigmoid({b!r} * z)",
        "mish": "F.mish(z)",
        "softplus": "F.softplus(z, threshold=40)",
        "softsign": "F.softsign(z)",
        "hard_sigmoid": "F.hardsigmoid(z)",
        "hard_tanh": "F.hardtanh(z)",
        "hardswish": "F.hardswish(z)",
        "relu6": "F.relu6(z)",
        "squared_relu": "F.relu(z) ** 2",
        "gaussian": "torch.exp(-(z**2))",
        "sine": "torch.sin(z)",
        "arctan": "torch.arctan(z)",
        "erf": "torch.erf(z)",
        "snake": "z + torch.sin({a!r} * z) ** 2 / {a!r}",
    }
)
"""Activations in PyTorch's words, their knobs in braces."""
OPTIMIZERS = MappingProxyType(
    {
        "sgd": "torch.optim.SGD(learnt, lr=RATE)",
        "momentum": "torch.optim.SGD(learnt, lr=RATE, momentum={beta!r})",
        "rmsprop": "torch.optim.RMSprop(learnt, lr=RATE, alpha={beta!r}, eps={epsilon!r})",
        "adam": (
            "torch.optim.Adam(learnt, lr=RATE, betas=({beta1!r}, {beta2!r}), eps={epsilon!r})"
        ),
        "adamw": (
            "torch.optim.AdamW(\n"
            "    learnt, lr=RATE, betas=({beta1!r}, {beta2!r}), eps={epsilon!r},"
            " weight_decay={decay!r}\n)"
        ),
    }
)
"""Optimizers in PyTorch's words, their constants in braces."""
LOSSES = MappingProxyType(
    {
        Task.BINARY: (
            'F.binary_cross_entropy_with_logits(z, y, reduction="none").sum(dim=1).mean()'
        ),
        Task.CLASSES: "F.cross_entropy(z, y)",
        Task.REGRESSION: "0.5 * ((z - y) ** 2).sum(dim=1).mean()",
    }
)


def lacking(run: RunSpec) -> str:
    """The setting of a run that this program does not translate, "" if it translates all."""
    return untranslated(run, translated, OPTIMIZERS)


def untranslated(run: RunSpec, activates: Callable[[str], bool], optimizers: Container[str]) -> str:
    """The setting of a run that a program does not translate, "" if it translates all.

    activates: whether the program has an activation of this key.

    Running averages of batch normalization take another variance than the dashboard's, or another
    share of the new value.
    """
    if run.depth and not activates(run.activation):
        return "activation"
    if run.optimizer not in optimizers:
        return "optimizer"
    if run.depth and run.normalization is not None and run.normalization.remembers:
        return "norm"
    return "amplify" if run.amplify else ""


def translated(key: str) -> bool:
    """Whether an activation, of the catalogue or a formula, can be written in PyTorch's words."""
    return key in EXPRESSIONS or (key not in ACTIVATIONS and autograd_serves(parse(key)))


def pytorch(run: RunSpec) -> str:
    """The text of a program that trains as `run` does and prints the training loss.

    Its `train(seed)` yields (epoch, loss) at the epochs that a recording keeps. Raises ValueError
    where something is `lacking`.
    """
    if lack := lacking(run):
        raise ValueError(f"PyTorch's program lacks {lack}")
    return assembled(run, "PyTorch", TORCH, network, training)


def assembled(
    run: RunSpec,
    framework: str,
    imported: str,
    network: Callable[[RunSpec, Plan, str, str], Iterator[str]],
    training: Callable[[RunSpec, Plan], Iterator[str]],
) -> str:
    """A program whose data and initial weights are NumPy's, and the rest a framework's.

    imported: the lines that import it. network, training: the lines of these parts.
    """
    plan = plan_of(run)
    library = Library(program, vars(plan))
    library.add(program.data, "data")
    data = tidy("\n".join([*(rows(plan) if plan.rows else ()), library.text()]))
    draw, variance = library.field("draw_weights"), library.field("variance")
    weights = tidy(library.text())
    library.constants |= {"sizes", "gain", "rate", "batch", "epochs"}
    bodies = {
        "Settings": settings(library, plan),
        "Data": data,
        "Initial weights": weights,
        "The network": "\n".join(network(run, plan, draw, variance)),
        "Training": "\n".join(training(run, plan)),
        "Start": START,
    }
    written = [f"# --- {title} ".ljust(99, "-") + f"\n\n{text}" for title, text in bodies.items()]
    library.imports.add("from itertools import pairwise")
    top = heading(run).replace("Python and NumPy", f"Python, {framework} and NumPy")
    top = top.replace("digit by digit on the same machine", "up to rounding")
    return "\n\n\n".join([top, f"{imports(library)}\n{imported}", *written])


TORCH = """\
import torch
from torch import nn
from torch.nn import functional as F"""
START = """\
if __name__ == "__main__":
    for seed in SEEDS:
        for epoch, value in train(seed):
            print(f"seed {seed}   epoch {epoch:5d}   training loss {value:.6f}")
"""


def network(run: RunSpec, plan: Plan, draw: str, variance: str) -> Iterator[str]:
    """The activation and the network. draw, variance: what gives the initial weights."""
    if plan.depth and run.activation not in ACTIVATIONS:
        yield torch_formula(parse(run.activation))
    elif plan.depth:
        knobs = {knob.key: knob.default for knob in activation_of(run.activation).knobs}
        value = EXPRESSIONS[run.activation].format(**{**knobs, **run.knob_values})
        yield f"def f(z):\n    return {value}\n\n"
    yield f'''class Network(nn.Module):
    """The same initial weights as in NumPy; the biases are 0."""

    def __init__(self, rng):
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Linear(m, n, dtype=torch.{plan.dtype.__name__}) for m, n in pairwise(SIZES)
        )
        for layer in self.layers:
            n, m = layer.weight.shape
            weights = {draw}(rng, m, n, GAIN * {variance}(m, n) ** 0.5)
            layer.weight.data.copy_(torch.tensor(weights).T)
            nn.init.zeros_(layer.bias)'''
    if plan.normalized:
        yield indent(
            f"""self.norms = nn.ModuleList(
    nn.LayerNorm(n, dtype=torch.{plan.dtype.__name__}) for n in SIZES[1:-1]
)
for layer in self.layers[:-1]:
    layer.bias.requires_grad = False  # the normalization has one""",
            " " * 8,
        )
    if plan.frozen:
        yield f"        for layer in self.layers[:{plan.frozen}]:"
        yield "            layer.requires_grad_(False)"
        if plan.normalized:
            yield f"        for norm in self.norms[:{plan.frozen}]:"
            yield "            norm.requires_grad_(False)"
    yield "\n    def forward(self, a):"
    if plan.depth:
        total = "self.norms[k](layer(a))" if plan.normalized else "layer(a)"
        yield "        for k, layer in enumerate(self.layers[:-1]):"
        yield f"            value = f({total})"
        around = f"value + {plan.skip!r} * a if k else value"
        yield f"            a = {around if plan.skip else 'value'}"
    yield "        return self.layers[-1](a)"


def training(run: RunSpec, plan: Plan) -> Iterator[str]:
    """The loss and the loop."""
    constants = run.step_constants
    optimizer = indent(OPTIMIZERS[run.optimizer].format(**constants), "    ").strip()
    yield f"""def loss(z, y):
    return {LOSSES[run.source.task]}


def train(seed):
    \"\"\"Train one network: yield (epoch, training loss), first of the untrained one.\"\"\"
    of_weights, of_order = np.random.SeedSequence(seed).spawn(2)
    network = Network(np.random.default_rng(of_weights))
    order = np.random.default_rng(of_order)
    x, y = (torch.tensor(part) for part in data())
    learnt = [parameter for parameter in network.parameters() if parameter.requires_grad]
    optimizer = {optimizer}
    ends = [*range(BATCH, len(x), BATCH), len(x)]"""
    if plan.warmup_steps:
        yield "    steps = 0"
    yield """\
    with torch.no_grad():
        yield 0, loss(network(x), y).item()
    for epoch in range(1, EPOCHS + 1):
        shuffled = order.permutation(len(x))
        for start, end in pairwise([0, *ends]):
            batch = shuffled[start:end]
            z = network(x[batch])
            if not torch.isfinite(z).all():
                yield epoch, float("nan")  # it has diverged
                return
            optimizer.zero_grad()
            loss(z, y[batch]).backward()"""
    if plan.clip:
        yield f"""\
            gradients = [parameter.grad for parameter in learnt]
            length = torch.linalg.vector_norm(torch.cat([g.flatten() for g in gradients]))
            if length > {plan.clip!r}:
                for gradient in gradients:
                    gradient *= {plan.clip!r} / length  # clipped"""
    if plan.warmup_steps:
        yield f"""\
            steps += 1
            for group in optimizer.param_groups:
                group["lr"] = RATE * min(1.0, steps / {plan.warmup_steps})  # warm-up"""
    yield "            optimizer.step()"
    if plan.thinned:
        yield f"        if epoch % {plan.stride} and epoch < EPOCHS:"
        yield "            continue"
    yield "        with torch.no_grad():"
    yield "            yield epoch, loss(network(x), y).item()"
