"""A run as a stand-alone script: NumPy alone, and only what this run uses.

The formulas (activation, loss, first weights, optimizer, normalization, data) are the very
definitions of this core, written out by `core.takehome.source`; the loop around them stands here.
It does the same operations in the same order as `core.runs.training`, so the losses are the same to
the bit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from textwrap import wrap

import numpy as np

from core.data.datasets import TRAINING_SHARE, Task, onto_unit, standardized
from core.nn.activations import ACTIVATIONS
from core.nn.initializers import INITIALIZERS, Initializer
from core.nn.losses import LOSSES
from core.nn.normalization import REMEMBERED, Normalization, back, moments, normalize
from core.nn.optimizers import OPTIMIZERS
from core.nn.probes import norms
from core.runs.training import RunSpec
from core.takehome.source import Library

TAKEN = frozenset(
    (
        "data", "forward", "backward", "train", "views", "first_parameters", "loss", "step",
        "gradient", "amplify", "amplifiers", "rate", "theta", "x", "y", "z", "a",
        "slope", "memory", "np", "running", "found", "normalized", "order",
    )
)  # fmt: skip
"""What the script itself calls something."""


def script(run: RunSpec) -> str:
    """The text of a program that trains as `run` does and prints the training loss.

    Its `train(seed)` yields (epoch, loss) at the epochs that a recording keeps.
    """
    library = Library(TAKEN)
    sections = {
        "Data": data(run, library),
        "Activation": activation(run, library),
        "Loss": loss(run, library),
        "First weights": first_parameters(run, library),
        "Normalization": normalization(run, library),
        "The network, forwards and backwards": network(run),
        "The optimizer": optimizer(run, library),
        "Training": training(run, library),
    }
    body = [
        f"# --- {title} ".ljust(99, "-") + f"\n\n{text.lstrip()}"
        for title, text in sections.items()
        if text
    ]
    imports = "\n".join([*sorted(library.imports), "", "import numpy as np"]).lstrip()
    return "\n\n".join([heading(run), imports, *map(tidy, body)]) + "\n"


def tidy(text: str) -> str:
    """Two empty lines at most, none at the end."""
    while "\n\n\n\n" in text:
        text = text.replace("\n\n\n\n", "\n\n\n")
    return text.rstrip()


def heading(run: RunSpec) -> str:
    units = f"{run.depth} hidden layers of {run.width} units ({ACTIVATIONS[run.activation].name})"
    first = f"A network with {units} learns. Every line that computes stands in this file."
    last = run.seed + run.replicas - 1
    seeds = f"seeds {run.seed} to {last}" if run.replicas > 1 else f"seed {run.seed}"
    second = (
        f"Start it with Python and NumPy {np.__version__}: for {seeds} it prints the training loss "
        "that the dashboard shows, digit by digit on the same machine; another processor may round "
        "otherwise, and a run that is sensitive to that goes its own way in time."
    )
    return '"""' + "\n\n".join("\n".join(wrap(text, 96)) for text in (first, second)) + '\n"""'


def when(condition: object, *lines: str) -> tuple[str, ...]:
    """Lines that only some runs need."""
    return lines if condition else ()


def joined(lines: Iterable[str]) -> str:
    return "\n".join(lines) + "\n"


def normalized(run: RunSpec) -> Normalization | None:
    """How the hidden layers are normalized, None where they are not or there are none."""
    return run.normalization if run.depth else None


def cite(*parts: str) -> str:
    """Formula and source as comments."""
    lines = [line for part in parts if part for line in wrap(part, 96)]
    return "\n".join(f"# {line}" for line in lines)


# Data


def data(run: RunSpec, library: Library) -> str:
    dataset = run.source
    streams = f"np.random.SeedSequence({run.data_seed}).spawn(3)"
    noise = f"    x = x + {run.noise!r} * jitter.normal(size=x.shape)\n" if run.noise else ""
    if dataset.collection:
        rows = embedded(run)
        scaled = library.add(standardized, "standardized")
        lines = [
            "    rows = ROWS.split(';')",
            "    table = np.array([[float(cell) for cell in row.split()] for row in rows])",
            f"    x, y = table[:, :{dataset.inputs}], table[:, {dataset.inputs}:]",
        ]
        if dataset.task is Task.CLASSES:
            lines.append(f"    y = np.eye({dataset.outputs})[y[:, 0].astype(int)]")
        lines.append(f"    count = round({TRAINING_SHARE} * len(x))")
        axis = 0 if dataset.features else None
        lines.append(f"    x = {scaled}(x, x[:count], {axis})")
        if dataset.own and dataset.task is Task.REGRESSION:
            lines.append(f"    y = {library.add(onto_unit, 'onto_unit')}(y, y[:count])")
        if noise:
            lines.append(f"    jitter = np.random.default_rng({streams}[2])")
        about = (
            f"# {len(run.data().train_rows)} rows to train on, then those to test; "
            f"shuffled by seed {run.data_seed}. The last number is to be predicted."
        )
        before = f"{about}\nROWS = '''{rows}'''\n{library.text()}"
    else:
        draw = library.add(dataset.draw, dataset.draw.__name__)
        lines = [
            "    # random numbers for the points, others for their order, others for the noise",
            f"    streams = {streams}",
            "    points, order, jitter = (np.random.default_rng(stream) for stream in streams)",
            f"    x, y = {draw}(points, {run.samples})",
            "    rows = order.permutation(len(x))",
            "    x, y = x[rows], y[rows]",
            f"    count = round({TRAINING_SHARE} * len(x))",
        ]
        before = library.text()
    body = "\n".join(lines) + "\n" + noise
    return f"""{before}

def data():
    \"\"\"The training part: x (samples, {dataset.inputs}), y (samples, {dataset.outputs}).\"\"\"
{body}    return x[:count]{cast(run)}, y[:count]{cast(run)}
"""


def cast(run: RunSpec) -> str:
    return "" if run.precision == "float64" else f".astype(np.{run.precision})"


def embedded(run: RunSpec) -> str:
    """The rows of a collection in the order of this run: as they were collected, not yet scaled."""
    dataset, drawn = run.source, run.data()
    x, y = dataset.draw(np.random.default_rng(0), 0)
    order = np.concatenate([drawn.train_rows, drawn.test_rows])
    label = y.argmax(axis=1)[:, None] if dataset.task is Task.CLASSES else y
    return ";\n".join(" ".join(map(number, row)) for row in np.hstack([x, label])[order].tolist())


def number(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


# Formulas


def activation(run: RunSpec, library: Library) -> str:
    if run.depth == 0:
        return ""
    entry = ACTIVATIONS[run.activation]
    name = library.add(entry.rule, entry.rule.__name__)
    knobs = {knob.key: knob.default for knob in entry.knobs} | run.knob_values
    given = "".join(f", {key}={value!r}" for key, value in knobs.items())
    return f"""{cite(f"f(z) = {entry.formula}", f"f'(z) = {entry.derivative_formula}", entry.paper)}
{library.text()}

def f(z):
    \"\"\"The activation function and its derivative: f(z), f'(z).\"\"\"
    return {name}(z{given})
"""


def loss(run: RunSpec, library: Library) -> str:
    entry = LOSSES[run.source.task]
    value = library.add(entry.value, entry.value.__name__)
    library.add(entry.delta, "loss_delta")
    return f"""{cite(entry.formula)}
{library.text()}

def loss(z, y):
    \"\"\"The mean loss of the samples, z the sums of the output layer.\"\"\"
    return {value}(z, y).mean()
"""


def first_parameters(run: RunSpec, library: Library) -> str:
    entry: Initializer = INITIALIZERS[run.initializer]
    sizes = run.sizes(run.source.inputs, run.source.outputs)
    draw = library.add(entry.draw, entry.draw.__name__)
    variance = library.add(entry.variance, "variance")
    scaled = run.normalization is not None
    count = sum((m + 1) * n for m, n in pairwise(sizes)) + scaled * sum(sizes[1:-1])
    third = ", scales" if scaled and run.depth else ""
    scales = f"    scales = theta[start:].reshape(-1, {run.width})\n" if third else ""
    ones = "    scales[:] = 1\n" if third else ""
    return f"""{cite(entry.formula, entry.source)}
{library.text()}

SIZES = {list(sizes)!r}


def views(theta):
    \"\"\"Weights and biases of every layer, as views into one vector of all parameters.\"\"\"
    W, b, start = [], [], 0
    for m, n in zip(SIZES, SIZES[1:]):
        W.append(theta[start : start + m * n].reshape(m, n))
        b.append(theta[start + m * n : start + m * n + n])
        start += (m + 1) * n
{scales}    return W, b{third}


def first_parameters(rng):
    \"\"\"Random first weights; the biases are 0{" and the scales 1" if third else ""}.\"\"\"
    theta = np.zeros({count}{numpy_type(run)})
    W, b{third} = views(theta)
{ones}    for weight in W:
        m, n = weight.shape
        weight[:] = {draw}(rng, m, n, {run.gain!r} * {variance}(m, n) ** 0.5)
    return theta
"""


def normalization(run: RunSpec, library: Library) -> str:
    norm = normalized(run)
    if norm is None:
        return ""
    for function in (moments, normalize, back):
        library.add(function, function.__name__)
    return f"{cite(norm.name, norm.source)}\n{library.text()}"


def optimizer(run: RunSpec, library: Library) -> str:
    entry = OPTIMIZERS[run.optimizer]
    library.add(entry.step, entry.step.__name__)
    return f"{cite(entry.formula, entry.source)}\n{library.text()}"


# The network


def network(run: RunSpec) -> str:
    return f"{joined(forwards(run))}\n\n{joined(backwards(run))}"


def forwards(run: RunSpec) -> Iterator[str]:
    norm = normalized(run)
    remembers = norm is not None and norm.remembers
    axis = norm.axis - 1 if norm is not None else 0  # here there is no axis of replicas
    own = f"moments(total, axis={axis})"
    yield f"def forward(theta, x{', running=None' if remembers else ''}):"
    yield '    """The sums of the output layer; of all layers the values a and the slopes f\'(z).'
    yield from when(
        remembers,
        "",
        "    running: mean and variance of every layer to normalize by, in place of the batch's.",
    )
    yield '    """'
    yield f"    W, b{', scales' if norm else ''} = views(theta)"
    yield "    a, slope = [x], []"
    yield from when(norm, "    normalized, found = [], []")
    yield from when(run.depth, f"    for l in range({run.depth}):")
    if norm is not None:
        yield "        total = a[l] @ W[l]"
        yield f"        found.append({f'running[l] if running else {own}' if remembers else own})"
        yield "        normalized.append(normalize(total, found[l]))"
        yield "        z = normalized[l].values * scales[l] + b[l]"
    elif run.depth:
        yield "        z = a[l] @ W[l] + b[l]"
    yield from when(run.depth, "        value, derivative = f(z)")
    yield from when(
        run.skip and run.depth,
        "        if l > 0:",
        f"            value = value + {run.skip!r} * a[l]  # around the layer",
    )
    yield from when(run.depth, "        a.append(value)", "        slope.append(derivative)")
    yield f"    return a[-1] @ W[-1] + b[-1], a, slope{', normalized, found' if norm else ''}"


def backwards(run: RunSpec) -> Iterator[str]:
    norm = normalized(run)
    yield f"def backward(theta, y, z, a, slope{', normalized' if norm else ''}):"
    yield '    """The gradient of the loss summed over the samples, by backpropagation."""'
    yield f"    W, b{', scales' if norm else ''} = views(theta)"
    yield "    result = np.zeros_like(theta)"
    yield f"    dW, db{', dscales' if norm else ''} = views(result)"
    yield "    one = np.ones((1, len(y)), theta.dtype)  # times a matrix: the sum of its rows"
    yield "    delta = loss_delta(z, y)"
    yield "    dW[-1][:] = a[-1].T @ delta"
    yield "    db[-1][:] = one @ delta"
    if run.depth == 0:
        yield "    return result"
        return
    yield f"    for l in reversed(range({run.depth})):"
    skips = run.skip and run.depth > 1
    last = run.depth - 1
    yield from when(skips, f"        around = {run.skip!r} * carried if l < {last} else None")
    yield "        carried = delta @ W[l + 1].T"
    yield from when(
        skips, "        if around is not None:", "            carried = carried + around"
    )
    if norm is not None:
        yield "        passed = carried * slope[l]"
        yield f"        delta = back(passed * scales[l], normalized[l], axis={norm.axis - 1})"
        yield "        dscales[l][:] = one @ (passed * normalized[l].values)"
    else:
        yield "        delta = carried * slope[l]"
    yield "        dW[l][:] = a[l].T @ delta"
    yield f"        db[l][:] = one @ {'passed' if norm else 'delta'}"
    yield "    return result"


# The loop


def training(run: RunSpec, library: Library) -> str:
    parts = [amplifying(run, library), joined(loop(run)), joined(start(run))]
    return "\n\n".join(part for part in parts if part)


def amplifying(run: RunSpec, library: Library) -> str:
    if not run.amplify:
        return ""
    norm = normalized(run)
    library.add(norms, "norms")
    library.imports.add("from collections import namedtuple")
    units = f"    result[0, starts[-1] :] = np.repeat(constants[0, :-1], {run.width})"
    lines = [
        'Parameters = namedtuple("Parameters", "theta starts")',
        "",
        "",
        "def amplifiers(theta, x, y):",
        '    """Constants that give every layer\'s first gradient the output layer\'s size."""',
        f"    z, a, slope{', *of_norm' if norm else ''} = forward(theta, x)",
        f"    gradient = backward(theta, y, z, a, slope{', of_norm[0]' if norm else ''})[None]",
        "    starts = np.cumsum([0, *(k for m, n in zip(SIZES, SIZES[1:]) for k in (m * n, n))])",
        "    size = norms(Parameters(gradient, starts))",
        "    constants = np.where(size > 0, size[:, -1:] / size, 1.0)",
        "    result = np.ones_like(gradient)",
        "    result[0, : starts[-1]] = np.repeat(constants[0], np.diff(starts[::2]))",
        *when(norm, units),
        "    return result[0]",
    ]
    return f"{library.text()}\n\n{joined(lines)}"


def loop(run: RunSpec) -> Iterator[str]:
    norm, memories = normalized(run), OPTIMIZERS[run.optimizer].memories
    remembers = norm is not None and norm.remembers
    running = ", running" if remembers else ""
    alone = one_is_left(run)
    yield "def train(seed):"
    yield '    """Train one network: yield (epoch, training loss), first of the untrained one."""'
    yield "    of_weights, of_order = np.random.SeedSequence(seed).spawn(2)"
    yield "    theta = first_parameters(np.random.default_rng(of_weights))"
    yield "    order = np.random.default_rng(of_order)"
    yield "    x, y = data()"
    yield "    step, steps = np.zeros_like(theta), 0"
    yield from when(run.amplify, "    amplify = amplifiers(theta, x, y)")
    yield from when(memories, f"    memory = [np.zeros_like(theta) for _ in range({memories})]")
    if remembers:
        shape = f"(1, {run.width}){numpy_type(run)}"
        yield "    running = [  # mean and variance"
        yield f"        Moments(np.zeros({shape}), np.ones({shape})) for _ in range({run.depth})"
        yield "    ]"
    yield f"    ends = [*range({run.batch}, len(x), {run.batch}), len(x)]"
    yield from when(alone, "    del ends[-2]  # one sample has no variance: it joins those before")
    yield f"    yield 0, loss(forward(theta, x{running})[0], y)"
    yield f"    for epoch in range(1, {run.epochs + 1}):"
    yield "        shuffled = order.permutation(len(x))"
    yield "        for start, end in zip([0, *ends], ends):"
    yield "            batch = shuffled[start:end]"
    yield f"            z, a, slope{', *of_norm' if norm else ''} = forward(theta, x[batch])"
    yield "            if not np.isfinite(z).all():"
    yield "                yield epoch, np.nan  # it has diverged"
    yield "                return"
    yield from when(
        remembers,
        "            for average, new in zip(running, of_norm[1]):",
        f"                average.mean[:] += {REMEMBERED} * (new.mean - average.mean)",
        f"                average.variance[:] += {REMEMBERED} * (new.variance - average.variance)",
    )
    given = ", of_norm[0]" if norm else ""
    yield f"            gradient = backward(theta, y[batch], z, a, slope{given})"
    yield "            gradient /= end - start  # of the mean loss"
    yield "            steps += 1"
    yield from (f"            {line}" for line in change(run))
    if run.stride > 1:
        yield f"        if epoch % {run.stride} == 0 or epoch == {run.epochs}:"
        yield f"            yield epoch, loss(forward(theta, x{running})[0], y)"
    else:
        yield f"        yield epoch, loss(forward(theta, x{running})[0], y)"


def change(run: RunSpec) -> Iterator[str]:
    """From the gradient to the next parameters."""
    norm, optimizer = normalized(run), OPTIMIZERS[run.optimizer]
    frozen, rate = min(run.frozen, run.depth), repr(run.rate)
    scales = " = dscales[l][:]" if norm else ""
    yield from when(run.amplify, "gradient *= amplify")
    yield from when(
        frozen,
        f"dW, db{', dscales' if norm else ''} = views(gradient)",
        f"for l in range({frozen}):  # these layers keep their first weights",
        f"    dW[l][:] = db[l][:]{scales} = 0",
    )
    yield from when(
        run.clip > 0,
        "largest = np.abs(gradient).max(initial=1e-37)",
        "length = np.linalg.norm(gradient / largest, axis=0)  # in units of the largest",
        f"gradient *= np.minimum(1, {run.clip!r} / largest / length)  # clipped",
    )
    if run.warmup > 0:
        batches = len(range(0, len(run.data().train_x), run.batch)) - one_is_left(run)
        yield f"rate = {rate} * min(1.0, steps / {run.warmup * batches})  # warm-up"
        rate = "rate"
    memory = ", *memory" if optimizer.memories else ""
    yield f"{optimizer.step.__name__}(step, gradient, {rate}, steps{memory})"
    yield "theta -= step"


def one_is_left(run: RunSpec) -> bool:
    """Whether the last batch would be a single sample, which has no variance."""
    samples = len(run.data().train_x)
    alone = run.batch < samples and (samples - 1) % run.batch == 0
    return alone and run.normalization is not None and run.normalization.remembers


def numpy_type(run: RunSpec) -> str:
    """The argument that makes arrays of the run's precision."""
    return "" if run.precision == "float64" else f", np.{run.precision}"


def start(run: RunSpec) -> Iterator[str]:
    yield 'if __name__ == "__main__":'
    yield '    with np.errstate(all="ignore"):  # a network that diverges overflows on its way'
    yield f"        for seed in range({run.seed}, {run.seed + run.replicas}):"
    yield "            for epoch, value in train(seed):"
    yield '                print(f"seed {seed}   epoch {epoch:5d}   training loss {value:.6f}")'
