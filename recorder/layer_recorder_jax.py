"""Record what every layer of a JAX network does while it learns (plain JAX, Flax, Optax).

    recorder = Recorder("run.jsonl", activations=jax.nn.relu)
    for step, (x, y) in enumerate(batches):
        loss, grads = value_and_grad(params, x, y)
        updates, state = optimizer.update(grads, state, params)
        if step % 10 == 0:
            recorder.write(step, params, grads, updates, loss=loss, rate=rate, samples=len(x))
        params = optax.apply_updates(params, updates)

One file without dependencies beside JAX: copy it, or `pip install` its folder. Every call of
`write` becomes a line of JSON, which the "Where did the error go?" dashboard shows at /own. It is
the format of `layer_recorder.py`, which says what each number is.

JAX has no hooks. From the trees alone come the norms of gradient and weights and the ratio of
update to weights. The error at a layer's output and the activations have to be passed. `tapped`
gets both, if the model says what its layers' outputs are, before their activation functions:

    def model(params, x):
        for k, layer in enumerate(params):
            z = tap(k, x @ layer["w"] + layer["b"])
            x = jax.nn.relu(z)
        return z

    loss, grads, seen = tapped(loss_of)(params, x, y)
    recorder.write(step, params, grads, updates, loss=loss, samples=len(x), **seen)

Elsewhere `tap` returns its argument and costs nothing. `tapped` works on a loss that is a mean over
the samples, and on taps in plain Python: not inside `lax.scan`, nor in a function that was jitted
before. `tapped` itself may not be jitted by you; it jits what it computes.
"""

from __future__ import annotations

import json
import math
import re
from contextlib import contextmanager
from contextvars import ContextVar

import jax
import jax.numpy as jnp
import numpy as np

__all__ = ["Recorder", "tap", "tapped"]

FORMAT, VERSION = "layer-recorder", 1
MOST, LONGEST = 5_000, 8_000_000
"""Rows, or bytes, after which half as many are written, so that no file grows without bound."""
SATURATED = 0.05
QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
SAMPLED = 2_048
"""Values from which quantiles are taken, at most."""
DIGITS = 11
SAFE = 1e-12, 1e12
"""Norms whose squares float32 can hold."""

NAMES = {
    "swish": "silu",
    "soft_sign": "softsign",
    "hard_tanh": "hardtanh",
    "hard_sigmoid": "hardsigmoid",
    "hard_swish": "hardswish",
    "hard_silu": "hardswish",
    "log_sigmoid": "logsigmoid",
}
"""What the format, which has PyTorch's names, calls activations of JAX."""

STEEPEST = {
    "sigmoid": 0.25, "tanh": 1.0, "relu": 1.0, "leaky_relu": 1.0, "elu": 1.0, "celu": 1.0,
    "selu": 1.7580993408473766, "silu": 1.099839320128867, "mish": 1.088498161251728,
    "softplus": 1.0, "logsigmoid": 1.0, "softsign": 1.0, "relu6": 1.0, "hardtanh": 1.0,
    "hardsigmoid": 1 / 6, "hardswish": 1.5, "sin": 1.0,
}  # fmt: skip
"""The largest |f'|, by those names; of other functions it is looked for."""

_taps = ContextVar("taps", default=None)


def tap(name, z):
    """The output z of the layer `name`, before its activation function: returned as it is.

    name: of its entry in the tree of parameters, "encoder/Dense_0"; a number in a list.
    """
    taps = _taps.get()
    if taps is None:
        return z
    name = str(name)
    if name in taps.outputs:
        raise ValueError(f"two taps have the name {name!r}")
    if taps.zeros is not None:
        z = z + taps.zeros[name]
    taps.outputs[name] = z
    return z


class Taps:
    """zeros: what is added to the outputs, by name; None while only their shapes are asked."""

    def __init__(self, zeros=None):
        self.zeros, self.outputs = zeros, {}

    @contextmanager
    def open(self):
        token = _taps.set(self)
        try:
            yield self.outputs
        finally:
            _taps.reset(token)


def tapped(loss_of):
    """A function of the same arguments, parameters first, that gives (loss, gradients, seen).

    seen: `deltas`, the gradients of the loss by the outputs, and `outputs`, both by layer in the
    order of the taps. loss_of: gives the loss, or (loss, something).
    """
    order = []

    def outputs_of(*arguments):
        with Taps().open() as outputs:
            loss_of(*arguments)
            order[:] = outputs
            return dict(outputs)

    def loss_at(zeros, *arguments):
        with Taps(zeros).open() as outputs:
            found = loss_of(*arguments)
            return (found[0] if isinstance(found, tuple) else found), dict(outputs)

    @jax.jit
    def whole(params, *arguments):
        shapes = jax.eval_shape(outputs_of, params, *arguments)
        if not shapes:
            raise ValueError("no tap was called: a function that was jitted before hides them")
        zeros = {name: jnp.zeros(z.shape, z.dtype) for name, z in shapes.items()}
        both = jax.value_and_grad(loss_at, argnums=(0, 1), has_aux=True)
        return both(zeros, params, *arguments)

    def measured(params, *arguments):
        (loss, outputs), (deltas, grads) = whole(params, *arguments)
        seen = {
            "deltas": {name: deltas[name] for name in order},
            "outputs": {name: outputs[name] for name in order},
        }
        return loss, grads, seen

    return measured


class Recorder:
    """Writes a recording into the file `path`, which is overwritten.

    activations: the function that follows every layer but the last one, or one for each layer by
    name. optimizer, model: names, for display. every: how many steps lie between two rows, for
    display. layers: their names in order, the input's side first; else in the order of the taps,
    else by name, numbers as numbers. Use it as a context manager, or `close` it.
    """

    def __init__(self, path, *, activations=None, layers=None, model="", optimizer="", every=1):
        self.order = layers and [str(name) for name in layers]
        one = callable(activations)
        self.everywhere = activations if one else None
        self.activations = {} if one else {str(k): f for k, f in (activations or {}).items()}
        self.told = {"model": model, "optimizer": optimizer, "every": every}
        self.sloped = {}  # by layer: its activation with its slope, and which slopes are flat
        self.file = open(path, "w", encoding="utf-8")  # noqa: SIM115
        self.rows = self.calls = 0
        self.since = self.size = 0  # rows and bytes since fewer were written
        self.stride = 1

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.file.close()

    def write(
        self, step, params, grads, updates=None, *, loss=None, rate=None, samples=1,
        deltas=None, outputs=None,
    ):  # fmt: skip
        """Write a row.

        params: before the step. grads: of the mean loss. updates: what is added to the parameters,
        as Optax has it. samples: over how many the loss is a mean; by it the deltas are multiplied.
        deltas: the gradient of the loss by each layer's output; outputs: these, before their
        activation functions; both as `tapped` gives them. Raises ValueError for a layer that the
        parameters do not have.
        """
        self.calls += 1
        if (self.calls - 1) % self.stride:
            return
        weights, gradients = weights_of(params), weights_of(grads)
        changes = {} if updates is None else weights_of(updates)
        deltas, outputs = deltas or {}, outputs or {}
        if self.rows == 0:
            self.order = self.order or ordered(weights, deltas)
            self._line(self._head(params, weights, outputs))
        for name in (*deltas, *outputs, *self.order):
            if name not in weights:
                raise ValueError(f"no parameters are called {name!r}, but {', '.join(weights)}")
        sizes = {name: together(found) for name, found in weights.items()}
        row = {"step": int(step), "loss": number(loss), "rate": number(rate), "samples": samples}
        row["delta"] = [delta(deltas.get(name), samples) for name in self.order]
        row["gradient"] = [together(gradients[name]) for name in self.order]
        row["weight"] = [sizes[name] for name in self.order]
        row["update"] = [
            together(changes[name]) / sizes[name] if name in changes and sizes[name] else None
            for name in self.order
        ]
        seen = [self._activations(name, outputs.get(name)) for name in self.order]
        for measure in ("mean", "std", "zero", "saturated", "dead", "quantiles"):
            row[measure] = [found.get(measure) for found in seen]
        self._line(row)
        self.rows += 1
        self.since += 1
        if self.since >= MOST or self.size >= LONGEST:
            self.since = self.size = 0
            self.stride *= 2

    def _activation(self, name):
        followed = self.everywhere is not None and name != self.order[-1]
        return self.everywhere if followed else self.activations.get(name)

    def _activations(self, name, z):
        """What is measured of a layer's values, {} without its output."""
        if z is None:
            return {}
        f = self._activation(name)
        if f is None:
            return of_values(np.asarray(z))
        if name not in self.sloped:
            self.sloped[name] = sloped(f), SATURATED * steepest(f)
        value, bound = self.sloped[name]
        a, slope = map(wide, value(z))
        alive = (slope != 0).reshape(-1, slope.shape[-1]).any(axis=0)
        return of_values(a) | {
            "saturated": np.count_nonzero(np.abs(slope) <= bound) / slope.size,
            "dead": 1 - np.count_nonzero(alive) / alive.size,
        }

    def _line(self, value):
        line = json.dumps(plain(value), allow_nan=False, separators=(",", ":")) + "\n"
        self.file.write(line)
        self.file.flush()
        self.size += len(line)

    def _head(self, params, weights, outputs):
        layers = []
        for name in self.order:
            f, z = self._activation(name), outputs.get(name)
            shapes = [sides(w.shape) for w in weights.get(name, ())]
            layers.append(
                {
                    "name": name,
                    "type": re.sub(r"_?\d+$", "", name.rpartition("/")[2]),
                    "kind": kind_of(shapes),
                    "shape": [] if z is None else list(z.shape[1:]),
                    "activation": None if f is None else name_of(f),
                    "weights": shapes,
                }
            )
        parameters = sum(leaf.size for leaf in jax.tree.leaves(params))
        head = {"format": FORMAT, "version": VERSION, "framework": f"jax {jax.__version__}"}
        return head | self.told | {
            "parameters": parameters, "quantiles": QUANTILES, "layers": layers
        }  # fmt: skip


# The tree of parameters


def weights_of(tree):
    """The weight matrices by layer: what lies in one place of the tree; of a normalization its
    scales. Arrays that lie at the top are layers of their own."""
    groups = {}
    for path, leaf in jax.tree_util.tree_flatten_with_path(tree)[0]:
        words = [word_of(key) for key in path]
        *place, last = words[:-1] if words[-1:] == ["value"] else words  # flax.nnx
        place = place[1:] if place[:1] == ["params"] else place  # flax.linen
        groups.setdefault("/".join(place) or last, []).append((last, leaf))
    found = {}
    for name, leaves in groups.items():
        matrices = [leaf for _, leaf in leaves if leaf.ndim >= 2]
        scales = [leaf for last, leaf in leaves if last in ("scale", "gamma")]
        if matrices or scales:
            found[name] = matrices or scales
    return found


def word_of(key):
    """A step of a path in a tree: of a dictionary, a list, or an object."""
    found = (getattr(key, kind, None) for kind in ("key", "idx", "name"))
    return str(next((word for word in found if word is not None), key))


def ordered(weights, deltas):
    """The layers in the order of the taps; those without a tap by name, numbers as numbers."""
    return [*deltas, *sorted(weights.keys() - deltas.keys(), key=natural)]


def natural(name):
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]


def sides(shape):
    """The shape of a weight as the format has it: outputs, inputs, kernel."""
    return [*shape[-1:], *shape[-2:-1], *shape[:-2]]


def kind_of(shapes):
    most = max((len(shape) for shape in shapes), default=0)
    return "norm" if most == 1 else "conv" if most > 3 else "linear"


# Numbers


def name_of(f):
    name = getattr(getattr(f, "func", f), "__name__", "")
    return NAMES.get(name, name)


def steepest(f):
    """The largest |f'| of an activation."""
    if (known := STEEPEST.get(name_of(f))) is not None:
        return known
    z = jnp.linspace(-10, 10, 20_001)
    a, back = jax.vjp(f, z)
    return float(jnp.abs(back(jnp.ones_like(a))[0]).max())


def sloped(f):
    """A function of z that gives f(z) and f'(z), compiled."""

    @jax.jit
    def both(z):
        a, back = jax.vjp(f, z)
        return a, back(jnp.ones_like(a))[0]

    return both


def delta(values, samples):
    """Root mean square over samples and units of the error of one sample."""
    if values is None:
        return None
    return together([values]) * samples / math.sqrt(values.size)


def of_values(a):
    a = wide(a).reshape(-1)
    some = a[:: max(1, math.ceil(a.size / SAMPLED))]
    mean = a.mean()
    far = a - mean
    return {
        "mean": float(mean),
        "std": math.sqrt(np.dot(far, far) / a.size),
        "zero": 1 - np.count_nonzero(a) / a.size,
        "quantiles": quantiles_of(some),
    }


def quantiles_of(some):
    """`np.quantile`, several times as fast; None where a value is not finite."""
    some = np.sort(some)
    if not some.size or not np.isfinite(some[[0, -1]]).all():
        return None
    return np.interp(np.multiply(QUANTILES, some.size - 1), np.arange(some.size), some).tolist()


def together(tensors):
    """The norm of several arrays as of one."""
    return math.hypot(*map(length, tensors))


def length(values):
    """The Euclidean norm of all values. Note that squares of a vanishing error underflow, unless
    it is scaled."""
    values = wide(values).reshape(-1)
    found = math.sqrt(np.dot(values, values))
    if SAFE[0] < found < SAFE[1]:
        return found
    values = np.abs(values.astype(float))
    largest = float(values.max(initial=0.0))
    if not 0 < largest < math.inf:
        return largest  # 0, infinite, or NaN
    return float(np.linalg.norm(values / largest)) * largest


def wide(values):
    """As an array in at least float32."""
    values = np.asarray(values)
    return values if values.dtype in (np.float32, np.float64) else values.astype(np.float32)


def number(value):
    return None if value is None else float(value)


def plain(value):
    """As JSON has it: shorter numbers, and words for those that are not finite."""
    if isinstance(value, float):
        if not math.isfinite(value):
            return str(value)
        return float(f"{value:.{DIGITS}g}")
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    return value
