"""A run as a Keras program with the same initial weights, batches and settings.

As `core.takehome.pytorch`: data, initial weights and the order of the batches are this core's; the
network, its gradient and the training step are Keras', of any backend.
"""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import indent
from types import MappingProxyType

from core.data.datasets import Task
from core.nn.activations import ACTIVATIONS
from core.runs.training import RunSpec
from core.takehome.plan import Plan
from core.takehome.pytorch import assembled, untranslated

EXPRESSIONS = MappingProxyType(
    {
        "identity": "z",
        "sigmoid": "ops.sigmoid(z)",
        "tanh": "ops.tanh(z)",
        "relu": "ops.relu(z)",
        "leaky_relu": "ops.leaky_relu(z, {a!r})",
        "prelu": "ops.leaky_relu(z, {a!r})",
        "elu": "ops.elu(z, {a!r})",
        "selu": "ops.selu(z)",
        "celu": "ops.celu(z, {a!r})",
        "gelu": "ops.gelu(z, approximate=False)",
        "gelu_tanh": "ops.gelu(z, approximate=True)",
        "silu": "ops.silu(z)",
        "swish": "z * ops.sigmoid({b!r} * z)",
        "mish": "z * ops.tanh(ops.softplus(z))",
        "softplus": "ops.softplus(z)",
        "softsign": "z / (1 + ops.abs(z))",
        "hard_sigmoid": "ops.hard_sigmoid(z)",
        "hard_tanh": "ops.hard_tanh(z)",
        "hardswish": "ops.hard_silu(z)",
        "relu6": "ops.relu6(z)",
        "squared_relu": "ops.relu(z) ** 2",
        "gaussian": "ops.exp(-(z**2))",
        "sine": "ops.sin(z)",
        "arctan": "ops.arctan(z)",
        "erf": "ops.erf(z)",
        "snake": "z + ops.sin({a!r} * z) ** 2 / {a!r}",
    }
)
"""Activations in Keras' words, their knobs in braces."""
ADAM = """\
t = ops.cast(self.iterations + 1, variable.dtype)
self.assign(mean, {beta1!r} * mean + (1 - {beta1!r}) * gradient)
self.assign(square, {beta2!r} * square + (1 - {beta2!r}) * gradient**2)
step = rate * mean / (1 - {beta1!r} ** t)
step = step / (ops.sqrt(square / (1 - {beta2!r} ** t)) + {epsilon!r})"""
RULES = MappingProxyType(
    {
        "momentum": (
            "velocity",
            """\
self.assign(velocity, {beta!r} * velocity + gradient)
step = rate * velocity""",
        ),
        "rmsprop": (
            "square",
            """\
self.assign(square, {beta!r} * square + (1 - {beta!r}) * gradient**2)
step = rate * gradient / (ops.sqrt(square) + {epsilon!r})""",
        ),
        "adam": ("mean square", ADAM),
        "adamw": ("mean square", f"{ADAM}\nstep = step + rate * {{decay!r}} * variable"),
    }
)
"""The memories of an optimizer and its step, constants in braces. Those of Keras place epsilon, or
the rate, otherwise."""
LOSSES = MappingProxyType(
    {
        Task.BINARY: "ops.mean(ops.sum(ops.softplus(z) - z * y, axis=1))",
        Task.CLASSES: "-ops.mean(ops.sum(y * ops.log_softmax(z, axis=1), axis=1))",
        Task.REGRESSION: "0.5 * ops.mean(ops.sum((z - y) ** 2, axis=1))",
    }
)
"""Losses written out: Keras' own are means of another kind, and that of two classes is off by
1e-8."""


def lacking(run: RunSpec) -> str:
    """The setting of a run that this program does not translate, "" if it translates all."""
    return untranslated(run, EXPRESSIONS.__contains__, {"sgd", *RULES})


def keras(run: RunSpec) -> str:
    """The text of a program that trains as `run` does, like `core.takehome.pytorch.pytorch`."""
    if lack := lacking(run):
        raise ValueError(f"Keras' program lacks {lack}")
    note = ONLY_TENSORFLOW if run.precision == "float64" else ""
    imported = IMPORT.format(precision=run.precision, note=note)
    return assembled(run, "Keras", imported, network, training)


IMPORT = """\
import keras
from keras import ops

keras.config.set_floatx("{precision}"){note}
keras.config.set_dtype_policy("{precision}")"""
ONLY_TENSORFLOW = "  # KERAS_BACKEND=tensorflow; others round to float32"


def network(run: RunSpec, plan: Plan, draw: str, variance: str) -> Iterator[str]:
    """The activation and the network. draw, variance: what gives the initial weights."""
    if plan.depth:
        knobs = {knob.key: knob.default for knob in ACTIVATIONS[run.activation].knobs}
        value = EXPRESSIONS[run.activation].format(**{**knobs, **run.knob_values})
        yield f"def f(z):\n    return {value}\n\n"
    yield '''def network(rng):
    """The same initial weights as in NumPy; the biases are 0."""
    a = inputs = keras.Input((SIZES[0],))
    dense = []'''
    if plan.depth:
        bias = ", use_bias=False" if plan.normalized else ""
        yield f"    for n in SIZES[1:-1]:\n        dense.append(keras.layers.Dense(n{bias}))"
        yield "        z = dense[-1](a)"
        if plan.normalized:
            yield "        z = keras.layers.LayerNormalization(epsilon=1e-5)(z)"
        yield "        value = keras.layers.Activation(f)(z)"
        around = f"value + {plan.skip!r} * a if len(dense) > 1 else value"
        yield f"        a = {around if plan.skip else 'value'}"
    yield f"""\
    dense.append(keras.layers.Dense(SIZES[-1]))
    model = keras.Model(inputs, dense[-1](a))
    for layer, (m, n) in zip(dense, pairwise(SIZES), strict=True):
        layer.kernel.assign({draw}(rng, m, n, GAIN * {variance}(m, n) ** 0.5))"""
    if plan.frozen:
        yield f"    for layer in dense[:{plan.frozen}]:\n        layer.trainable = False"
        if plan.normalized:
            yield f"""\
    norms = [x for x in model.layers if isinstance(x, keras.layers.LayerNormalization)]
    for norm in norms[:{plan.frozen}]:
        norm.trainable = False"""
    yield "    return model"


def training(run: RunSpec, plan: Plan) -> Iterator[str]:
    """The optimizer, the loss and the loop."""
    clip = f", global_clipnorm={plan.clip!r}" if plan.clip else ""
    optimizer = "keras.optimizers.SGD"
    if run.optimizer in RULES:
        optimizer = "Optimizer"
        yield from rule(*RULES[run.optimizer], run.step_constants)
    yield f"""def loss(y, z):
    return {LOSSES[run.source.task]}


def train(seed):
    \"\"\"Train one network: yield (epoch, training loss), first of the untrained one.\"\"\"
    of_weights, of_order = np.random.SeedSequence(seed).spawn(2)
    model = network(np.random.default_rng(of_weights))
    model.compile({optimizer}(RATE{clip}), loss)
    order = np.random.default_rng(of_order)
    x, y = data()

    def training_loss():
        z = model(x)
        return float(ops.convert_to_numpy(loss(ops.convert_to_tensor(y, z.dtype), z)))

    ends = [*range(BATCH, len(x), BATCH), len(x)]"""
    if plan.warmup_steps:
        yield "    steps = 0"
    yield """\
    yield 0, training_loss()
    for epoch in range(1, EPOCHS + 1):
        shuffled = order.permutation(len(x))
        for start, end in pairwise([0, *ends]):
            batch = shuffled[start:end]"""
    if plan.warmup_steps:
        yield f"""\
            steps += 1  # warm-up
            model.optimizer.learning_rate = RATE * min(1.0, steps / {plan.warmup_steps})"""
    yield """\
            if not np.isfinite(model.train_on_batch(x[batch], y[batch])):
                yield epoch, float("nan")  # it has diverged
                return"""
    if plan.thinned:
        yield f"        if epoch % {plan.stride} and epoch < EPOCHS:"
        yield "            continue"
    yield "        yield epoch, training_loss()"


def rule(memories: str, step: str, constants: dict[str, float]) -> Iterator[str]:
    """An optimizer as a class."""
    names = memories.split()
    kept = "\n".join(
        f"self.{name} = [self.add_variable_from_reference(v, {name!r}) for v in variables]"
        for name in names
    ).replace("'", '"')
    found = ", ".join(f"self.{name}[k]" for name in names)
    yield f"""class Optimizer(keras.optimizers.Optimizer):
    \"\"\"As in the dashboard; Keras' own places epsilon or the rate otherwise.\"\"\"

    def build(self, variables):
        if not self.built:
            super().build(variables)
{indent(kept, " " * 12)}

    def update_step(self, gradient, variable, rate):
        k = self._get_variable_index(variable)
        {", ".join(names)} = {found}
{indent(step.format(**constants), " " * 8)}
        self.assign_sub(variable, step)

"""
