"""A run as a stand-alone script: NumPy alone, and only what this run uses.

`core.takehome.program` is the program. Here it is written out for one run, and before it the
formulas that it uses (data, activation, loss, initial weights, normalization, optimizer), which are
the very definitions of this core. As the program does the same operations in the same order as
`core.runs.training`, the losses are the same to the bit.
"""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap
from typing import NamedTuple

import numpy as np

from core.nn.activations import ACTIVATIONS
from core.nn.initializers import INITIALIZERS
from core.nn.losses import LOSSES
from core.nn.normalization import NORMALIZATIONS, back, moments, normalize
from core.nn.optimizers import OPTIMIZERS
from core.nn.own import activation_of
from core.runs.training import RunSpec
from core.takehome import program
from core.takehome.plan import Plan, plan_of
from core.takehome.source import Library

START = """if __name__ == "__main__":
    with np.errstate(all="ignore"):  # a network that diverges overflows on its way
        for seed in SEEDS:
            for epoch, value in train(seed):
                print(f"seed {seed}   epoch {epoch:5d}   training loss {value:.6f}")
"""


class Part(NamedTuple):
    """A part of the script: its title, lines about it, and what it defines after all that uses.

    fields: functions that the plan gives. things: definitions of the program and the core.
    """

    title: str
    about: tuple[str, ...]
    fields: tuple[str, ...] = ()
    things: tuple[object, ...] = ()


def script(run: RunSpec) -> str:
    """The text of a program that trains as `run` does and prints the training loss.

    Its `train(seed)` yields (epoch, loss) at the epochs that a recording keeps.
    """
    plan = plan_of(run)
    library = Library(program, vars(plan))
    bodies = {part.title: body(part, library, plan) for part in parts(run, plan)}
    bodies = {"Settings": settings(library, plan), **bodies, "Start": START}
    written = [f"# --- {title} ".ljust(99, "-") + f"\n\n{text}" for title, text in bodies.items()]
    return "\n\n\n".join([heading(run), imports(library), *written])


def parts(run: RunSpec, plan: Plan) -> Iterator[Part]:
    """The parts of the script in their order, those that this run needs."""
    yield Part("Data", rows(plan) if plan.rows else (), things=(program.data,))
    if plan.depth:
        activation = activation_of(run.activation)
        formulas = (f"f(z) = {activation.formula}", f"f'(z) = {activation.derivative_formula}")
        known = cited(*formulas, activation.paper) if run.activation in ACTIVATIONS else ()
        yield Part("Activation", known, things=(program.f,))
    loss = LOSSES[run.source.task]
    yield Part("Loss", cited(loss.formula), ("loss_value", "loss_delta"))
    weights = INITIALIZERS[run.initializer]
    yield Part(
        "Initial weights", cited(weights.formula, weights.source), ("draw_weights", "variance")
    )
    if plan.normalized:
        norm = NORMALIZATIONS[run.norm]
        yield Part("Normalization", cited(norm.name, norm.source), (), (moments, normalize, back))
    optimizer = OPTIMIZERS[run.optimizer]
    yield Part("The optimizer", cited(optimizer.formula, optimizer.source), ("optimizer",))
    yield Part("The network, forwards and backwards", (), things=(program.Network,))
    yield Part("Training", (), things=(program.train,))


def body(part: Part, library: Library, plan: Plan) -> str:
    for field in part.fields:
        library.field(field)
    for thing in part.things:
        library.add(thing, getattr(thing, "__name__", ""))
    return tidy("\n".join([*part.about, library.text()]))


def tidy(text: str) -> str:
    """Two empty lines at most, none at the ends."""
    while "\n\n\n\n" in text:
        text = text.replace("\n\n\n\n", "\n\n\n")
    return text.strip()


def heading(run: RunSpec) -> str:
    units = f"{run.depth} hidden layers of {run.width} units ({activation_of(run.activation).name})"
    first = f"A network with {units} learns. Everything it computes is in this file."
    last = run.seed + run.replicas - 1
    seeds = f"seeds {run.seed} to {last}" if run.replicas > 1 else f"seed {run.seed}"
    second = (
        f"Start it with Python and NumPy {np.__version__}: for {seeds} it prints the training loss "
        "that the dashboard shows, digit for digit on the same machine; another processor may "
        "round differently, and a run that is sensitive to that drifts away in time."
    )
    return '"""' + "\n\n".join("\n".join(wrap(text, 96)) for text in (first, second)) + '\n"""'


def imports(library: Library) -> str:
    """The standard library first, then NumPy."""
    numpy = "import numpy as np"
    return "\n".join([*sorted(library.imports - {numpy}), "", numpy]).strip()


def settings(library: Library, plan: Plan) -> str:
    """The numbers of the plan that the script uses; `rows` are written with the data."""
    used = [name for name in vars(plan) if name in {*library.constants, "seeds"} - {"rows"}]
    lines = [f"{name.upper()} = {getattr(plan, name)!r}" for name in used]
    return "\n".join(lines).replace("'", '"')


def rows(plan: Plan) -> tuple[str, str]:
    """A collection, with what is to be known about it."""
    train = round(plan.training_share * len(plan.rows.split(";")))
    rest = ", then those to test" if plan.training_share < 1 else ""
    about = (
        f"# {train} rows to train on{rest}; shuffled by seed {plan.data_seed}. The last number is "
        "to be predicted."
    )
    return about, f"ROWS = '''{plan.rows}'''"


def cited(*lines: str) -> tuple[str, ...]:
    """Formulas and their source as comments."""
    return tuple(f"# {part}" for line in lines if line for part in wrap(line, 96))
