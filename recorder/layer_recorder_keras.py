"""Record what every layer of a Keras 3 network does while it learns.

    from layer_recorder_keras import Recorder

    model.fit(x, y, callbacks=[Recorder(x[:256], y[:256], "run.jsonl", every=10)])

One file without dependencies beside Keras and its backend (PyTorch, JAX or TensorFlow): copy it, or
`pip install` its folder. Every tenth step becomes a line of JSON, which the "Where did the error
go?" dashboard shows at /own. It is the format of `layer_recorder.py`, which says what each number
is.

Keras does not tell a callback which batch is being learnt from. So everything but the update is
measured on the samples that the callback is given, always the same, with the weights that the step
begins with: loss, error, gradient and activations. The update is that of the training's own step.
Training itself is not changed: random numbers, averages of batch normalization and metrics are as
without the callback. A recorded step takes about as long as one more step that is not compiled.

What works: Dense, EinsumDense, convolutions, Embedding, MultiHeadAttention, normalizations and
recurrent layers (at their output only), nested, shared and frozen, with the activation that is
theirs or the layer that follows.

What does not: an activation that is called as a function between layers (`keras.ops.relu(x)`) is
not seen. The loss of a `train_step` of your own is not, either, unless it is that of `compile`.
With `steps_per_execution` the update is that of all its steps. Several devices were not tried.
"""

from __future__ import annotations

import json
import math

import keras
import numpy as np

__all__ = ["Recorder"]

FORMAT, VERSION = "layer-recorder", 1
MOST, LONGEST = 5_000, 8_000_000
"""Rows, or bytes, after which a recording takes half as many steps: no file grows without bound."""
SATURATED = 0.05
QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
SAMPLED = 2_048
"""Values from which quantiles are taken, at most."""
DIGITS = 11
SAFE = 1e-12, 1e12
"""Norms whose squares float32 can hold."""

L = keras.layers
KINDS = {
    "attention": ("MultiHeadAttention", "GroupQueryAttention"),
    "recurrent": ("RNN", "Bidirectional"),
    "conv": (
        *("Conv1D", "Conv2D", "Conv3D", "Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"),
        *("DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D"),
    ),
    "linear": ("Dense", "EinsumDense"),
    "embedding": ("Embedding",),
    "norm": (
        *("BatchNormalization", "LayerNormalization", "GroupNormalization", "UnitNormalization"),
        "RMSNormalization",
    ),
}
KINDS = {
    kind: tuple(getattr(L, n) for n in names if hasattr(L, n)) for kind, names in KINDS.items()
}
FUSED = ("linear", "conv")
"""Kinds that apply an activation of their own."""
ACTIVATIONS = {"ReLU": "relu", "LeakyReLU": "leaky_relu", "ELU": "elu", "PReLU": "prelu"}
"""Layers that are activations."""
TOGETHER = frozenset(("softmax", "log_softmax", "sparsemax", "glu"))
"""Functions of all units together, which have no slope of one unit."""

NAMES = {
    "swish": "silu",
    "soft_sign": "softsign",
    "hard_tanh": "hardtanh",
    "hard_sigmoid": "hardsigmoid",
    "hard_swish": "hardswish",
    "hard_silu": "hardswish",
    "log_sigmoid": "logsigmoid",
}
"""What the format, which has PyTorch's names, calls activations of Keras."""
STEEPEST = {
    "sigmoid": 0.25, "tanh": 1.0, "relu": 1.0, "leaky_relu": 1.0, "elu": 1.0, "celu": 1.0,
    "selu": 1.7580993408473766, "silu": 1.099839320128867, "mish": 1.088498161251728,
    "softplus": 1.0, "logsigmoid": 1.0, "softsign": 1.0, "relu6": 1.0, "hardtanh": 1.0,
    "hardsigmoid": 1 / 6, "hardswish": 1.5, "sin": 1.0,
}  # fmt: skip
"""The largest |f'|, by those names; of other functions it is looked for."""


class Recorder(keras.callbacks.Callback):
    """A callback that records every `every`-th step into the file `path`, which is overwritten.

    x, y: samples to measure on, as `fit` takes them; a few hundred are enough. sample_weight: of
    these. samples: over how many samples, tokens or pixels the loss is a mean, if that is not the
    first dimension of x.
    """

    def __init__(self, x, y, path="run.jsonl", *, every=10, sample_weight=None, samples=None):
        super().__init__()
        if every < 1:
            raise ValueError("every must be at least 1")
        self.x, self.y, self.sample_weight = x, y, sample_weight
        self.path, self.every, self.samples = path, int(every), samples
        self.file, self.mode = None, "w"
        self.step = self.due = 0
        self.since = self.size = 0  # rows and bytes since fewer steps were taken
        self.order, self.row, self.before = None, None, {}
        self.compiled = None

    # The callback

    def on_train_begin(self, logs=None):
        self.file = open(self.path, self.mode, encoding="utf-8")  # noqa: SIM115
        self.mode = "a"  # a second `fit` goes on

    def on_train_end(self, logs=None):
        self.file.close()

    def on_train_batch_begin(self, batch, logs=None):
        self.begun = batch
        if self.step >= self.due:
            self._sync()
            self.row = self._measure()
            self.due = self.step + self.every

    def on_train_batch_end(self, batch, logs=None):
        if self.row is not None:
            self._sync()
            self._write()
        self.step += batch - self.begun + 1

    def _sync(self):
        """With JAX the weights are not in the model during an epoch."""
        if hasattr(self.model, "jax_state_sync"):
            self.model.jax_state_sync()

    # A recorded step

    def _measure(self):
        """The row, but for the update; and the weights."""
        x = keras.tree.map_structure(keras.ops.convert_to_tensor, self.x)
        y = keras.tree.map_structure(keras.ops.convert_to_tensor, self.y)
        layers = dict(layers_of(self.model))
        weights = {name: weights_of(layer) for name, layer in layers.items()}
        learnt = [v for found in weights.values() for v in found if v.trainable]
        taps = Taps(layers, activations_of(self.model))

        def loss_of(zeros, x, y):
            taps.begin(zeros)
            prediction = self.model(x, training=True)
            return self.model.compute_loss(x, y, prediction, self.sample_weight, training=True)

        with taps:
            if keras.backend.backend() == "jax":
                loss, errors, gradients = self._by_jax(loss_of, taps, learnt, x, y)
            else:
                by = {"torch": by_torch, "tensorflow": by_tensorflow}[keras.backend.backend()]
                loss, errors, gradients = by(lambda zeros: loss_of(zeros, x, y), taps, learnt)
        samples = self.samples or keras.tree.flatten(self.x)[0].shape[0]
        if self.order is None:
            self.order = list(dict.fromkeys(call.name for call in taps.calls))
            self._line(self._head(layers, weights, taps.calls))
        of = {id(v): g for v, g in zip(learnt, gradients, strict=True) if g is not None}
        self.before = {name: [array(v.value).copy() for v in weights[name]] for name in self.order}
        row = {
            "step": self.step,
            "loss": float(array(loss)),
            "rate": float(array(self.model.optimizer.learning_rate)),
            "samples": samples,
        }
        calls = {name: [] for name in self.order}
        for call, error in zip(taps.calls, errors, strict=True):
            error = None if error is None else array(error)
            calls[call.name].append(call.measured(error, kind_of(layers[call.name])))
        row["delta"] = [rms([one["error"] for one in calls[name]], samples) for name in self.order]
        row["gradient"] = [
            together([array(of[id(v)]) for v in weights[name] if id(v) in of])
            for name in self.order
        ]
        row["weight"] = [together(self.before[name]) for name in self.order]
        row["update"] = [None] * len(self.order)
        for measure in ("mean", "std", "zero", "saturated", "dead", "quantiles"):
            row[measure] = [pooled(calls[name], measure) for name in self.order]
        several = {
            str(k): [rms([one["error"]], samples) for one in calls[name]]
            for k, name in enumerate(self.order)
            if len(calls[name]) > 1
        }
        return row | ({"calls": several} if several else {})

    def _by_jax(self, loss_of, taps, learnt, x, y):
        """Compiled once, as long as the same weights are learnt."""
        others = [v for v in self.model.variables if not any(v is w for w in learnt)]
        if self.compiled is None or self.compiled.learnt != [id(v) for v in learnt]:
            self.compiled = Compiled(loss_of, taps, learnt, others)
        found, taps.calls = self.compiled(learnt, others, x, y)
        return found

    def _write(self):
        layers = dict(layers_of(self.model))
        for k, name in enumerate(self.order):
            size, before = self.row["weight"][k], self.before[name]
            after = [array(v.value) for v in weights_of(layers[name])]
            change = [a - b for a, b in zip(after, before, strict=True)]
            self.row["update"][k] = together(change) / size if size else None
        self._line(self.row)
        self.row, self.before = None, {}
        self.since += 1
        if self.since >= MOST or self.size >= LONGEST:
            self.since = self.size = 0
            self.every *= 2

    def _line(self, value):
        line = json.dumps(plain(value), allow_nan=False, separators=(",", ":")) + "\n"
        self.file.write(line)
        self.file.flush()
        self.size += len(line)

    def _head(self, layers, weights, calls):
        first = {call.name: call for call in reversed(calls)}
        return {
            "format": FORMAT,
            "version": VERSION,
            "framework": f"keras {keras.__version__} ({keras.backend.backend()})",
            "model": type(self.model).__name__,
            "optimizer": type(self.model.optimizer).__name__,
            "parameters": int(self.model.count_params()),
            "every": self.every,
            "quantiles": QUANTILES,
            "layers": [
                {
                    "name": name,
                    "type": type(layers[name]).__name__,
                    "kind": kind_of(layers[name]),
                    "shape": list(first[name].z.shape[1:]),
                    "activation": first[name].activation,
                    "parameters": int(layers[name].count_params()),
                    "weights": [sides(tuple(v.shape)) for v in weights[name]],
                }
                for name in self.order
            ],
        }


class Call:
    """One use of a layer: its output z; f and its argument, if an activation follows. shown: f and
    its slope there, where they were computed along with the loss."""

    def __init__(self, name, z):
        self.name, self.z = name, z
        self.before = self.f = self.activation = self.shown = None

    def follow(self, before, f, name):
        self.before, self.f, self.activation = before, f, name

    def show(self):
        """The activation and its slope, None where it has none for each unit."""
        if self.f is None:
            return None
        alone = self.activation not in TOGETHER
        return self.f(self.before), slope_of(self.f, self.before) if alone else None

    def measured(self, error, kind):
        """What is measured of it. error: of one sample, or None."""
        if self.f is None:
            return {"error": error, **of_values(array(self.z))}
        a, slope = self.show() if self.shown is None else self.shown
        found = {"error": error, **of_values(array(a))}
        if slope is None:
            return found
        slope = np.abs(array(slope))
        last = keras.config.image_data_format() == "channels_last" or kind != "conv"
        units = slope.ndim - 1 if last else 1
        alive = slope.max(axis=tuple(d for d in range(slope.ndim) if d != units)) > 0
        flat = slope <= SATURATED * steepest(self.f, self.activation)
        return found | {"saturated": float(flat.mean()), "dead": float(np.mean(~alive))}


class Taps:
    """While it is open, the layers of a model tell their outputs, to which zeros are added.

    calls: what was told since `begin`, in order. zeros: of these, made as they are needed.
    """

    def __init__(self, layers, activations):
        self.layers, self.activations = layers, activations
        self.patched = []
        self.begin(None)

    def begin(self, zeros):
        self.calls, self.newest = [], None
        self.zeros = zeros

    def __enter__(self):
        for name, layer in self.layers.items():
            if kind_of(layer) in FUSED and hasattr(layer, "activation"):
                self._patch(layer, "activation", self._fused(name, layer.activation))
            else:
                self._patch(layer, "call", self._called(name, layer, layer.call))
        for layer in self.activations:
            self._patch(layer, "call", self._activated(layer, layer.call))
        return self

    def __exit__(self, *_):
        for layer, name, old in reversed(self.patched):
            if name == "call":
                delattr(layer, name)  # the instance's; the class's is left
            else:
                setattr(layer, name, old)

    def _patch(self, layer, name, new):
        self.patched.append((layer, name, getattr(layer, name)))
        setattr(layer, name, new)

    def _tap(self, name, z):
        if self.zeros is not None:
            z = z + self.zeros(len(self.calls), z)
        self.calls.append(Call(name, z))
        return z

    def _fused(self, name, f):
        label = name_of(f)

        def activation(z):
            z = self._tap(name, z)
            if f is None or label == "linear":
                self.newest = self.calls[-1]
                return z
            self.newest = None
            self.calls[-1].follow(z, f, label)
            return f(z)

        return activation

    def _called(self, name, layer, call):
        norm = kind_of(layer) == "norm"

        def called(*arguments, **options):
            newest = self.newest
            output = call(*arguments, **options)
            first, *rest = output if isinstance(output, (tuple, list)) else (output,)
            first = self._tap(name, first)
            self.newest = newest if norm else self.calls[-1]
            return type(output)((first, *rest)) if isinstance(output, (tuple, list)) else first

        return called

    def _activated(self, layer, call):
        kind = type(layer).__name__
        label = ACTIVATIONS.get(kind) or name_of(getattr(layer, "activation", None)) or kind.lower()

        def activated(z, *arguments, **options):
            newest, self.newest = self.newest, None
            if newest is not None:
                newest.follow(z, lambda z: call(z, *arguments, **options), label)
            return call(z, *arguments, **options)

        return activated


# Layers


def flat(layer):
    """All layers inside of a layer or a model."""
    return layer._flatten_layers(include_self=False, recursive=True)


def layers_of(model):
    """The layers of a model by name; what is inside of one (an attention's projection) is its."""
    inside, names = set(), set()
    for layer in flat(model):
        if isinstance(layer, tuple(t for types in KINDS.values() for t in types)):
            if id(layer) in inside:
                continue
            inside |= {id(x) for x in flat(layer)}
            name = layer.name if layer.name not in names else layer.path
            names.add(name)
            yield name, layer


def activations_of(model):
    """The layers of a model that are activations."""
    types = tuple(getattr(L, name) for name in ("Activation", "Softmax", *ACTIVATIONS))
    inside = {id(x) for _, layer in layers_of(model) for x in flat(layer)}
    return [x for x in flat(model) if isinstance(x, types) and id(x) not in inside]


def kind_of(layer):
    return next(kind for kind, types in KINDS.items() if isinstance(layer, types))


def weights_of(layer):
    """The weight matrices of a layer; of a normalization its scales."""
    found = [v for v in layer.weights if len(v.shape) >= 2 and v.dtype != "uint32"]
    gamma = getattr(layer, "gamma", None)
    return found or ([gamma] if gamma is not None else [])


def sides(shape):
    """The shape of a weight as the format has it: outputs, inputs, kernel."""
    return [*shape[-1:], *shape[-2:-1], *shape[:-2]]


def name_of(f):
    name = getattr(f, "__name__", "")
    return NAMES.get(name, name)


# Backends: the loss, its gradients by the zeros that are added to outputs, and by the weights


def by_torch(loss_of, taps, learnt):
    import torch

    zeros = []

    def zero(_, z):
        zeros.append(torch.zeros_like(z, requires_grad=True))
        return zeros[-1]

    with torch.random.fork_rng(), torch.enable_grad(), keras.StatelessScope():
        loss = loss_of(zero)
    values = [v.value for v in learnt]
    found = torch.autograd.grad(loss, [*zeros, *values], allow_unused=True)
    return loss, found[: len(zeros)], found[len(zeros) :]


class Compiled:
    """With JAX: the loss, its gradients and what the taps told, as one compiled function."""

    def __init__(self, loss_of, taps, learnt, others):
        import jax

        self.learnt = [id(v) for v in learnt]
        self.calls = []  # as they were when the function was traced

        def loss_at(zeros, values, rest, x, y):
            mapping = [*zip(learnt, values, strict=True), *zip(others, rest, strict=True)]
            with keras.StatelessScope(state_mapping=mapping):
                loss = loss_of(zeros and (lambda k, _: zeros[k]), x, y)
            self.calls = taps.calls
            return loss, [(call.z, call.before) for call in taps.calls]

        @jax.jit
        def whole(values, rest, x, y):
            shapes = jax.eval_shape(loss_at, None, values, rest, x, y)[1]
            zeros = [jax.numpy.zeros(z.shape, z.dtype) for z, _ in shapes]
            both = jax.value_and_grad(loss_at, argnums=(0, 1), has_aux=True)
            (loss, seen), found = both(zeros, values, rest, x, y)
            for call, (z, before) in zip(self.calls, seen, strict=True):
                call.z, call.before = z, before
            return loss, found, [(call.z, call.show()) for call in self.calls]

        self.whole = whole

    def __call__(self, learnt, others, x, y):
        values, rest = ([v.value for v in some] for some in (learnt, others))
        loss, (errors, gradients), seen = self.whole(values, rest, x, y)
        calls = []
        for traced, (z, shown) in zip(self.calls, seen, strict=True):
            call = Call(traced.name, z)
            call.follow(None, traced.f, traced.activation)
            call.shown = shown
            calls.append(call)
        return (loss, errors, gradients), calls


def by_tensorflow(loss_of, taps, learnt):
    import tensorflow as tf

    zeros = []

    def zero(_, z):
        zeros.append(tf.zeros_like(z))
        tape.watch(zeros[-1])
        return zeros[-1]

    with tf.GradientTape() as tape, keras.StatelessScope():
        loss = loss_of(zero)
    values = [v.value for v in learnt]
    found = tape.gradient(loss, [*zeros, *values])
    found = [tf.convert_to_tensor(g) if isinstance(g, tf.IndexedSlices) else g for g in found]
    return loss, found[: len(zeros)], found[len(zeros) :]


def slope_of(f, z):
    """f'(z), of a function of single numbers."""
    backend = keras.backend.backend()
    with keras.StatelessScope():
        if backend == "torch":
            import torch

            with torch.enable_grad():
                z = z.detach().requires_grad_()
                return torch.autograd.grad(f(z).sum(), z)[0]
        if backend == "jax":
            import jax

            a, back = jax.vjp(f, z)
            return back(jax.numpy.ones_like(a))[0]
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(z)
            a = f(z)
        return tape.gradient(a, z)


def steepest(f, name):
    """The largest |f'| of an activation."""
    if (known := STEEPEST.get(name)) is not None:
        return known
    z = keras.ops.convert_to_tensor(np.linspace(-10, 10, 20_001)[:, None])
    return float(np.abs(array(slope_of(f, z))).max())


# Numbers


def array(values):
    """A variable or a tensor as an array, which may be the same memory."""
    values = keras.ops.convert_to_tensor(values)
    if hasattr(values, "detach"):  # PyTorch's
        values = values.detach().cpu()
        return (values.float() if values.element_size() < 4 else values).numpy()
    return wide(values.numpy() if hasattr(values, "numpy") else values)


def wide(values):
    """As an array in at least float32."""
    values = np.asarray(values)
    return values if values.dtype in (np.float32, np.float64) else values.astype(np.float32)


def of_values(a):
    a = wide(a).reshape(-1)
    mean = a.mean()
    far = a - mean
    return {"size": a.size, "mean": float(mean), "variance": float(np.dot(far, far)) / a.size,
            "zero": 1 - np.count_nonzero(a) / a.size,
            "some": a[:: max(1, math.ceil(a.size / SAMPLED))]}  # fmt: skip


def pooled(calls, measure):
    """A measure over all uses of a layer, None where there is none."""
    if measure == "quantiles":
        some = np.concatenate([one["some"] for one in calls])[-SAMPLED * 4 :]
        return quantiles_of(some)
    if measure == "std":
        middle = weighted(calls, "mean")
        spread = [one | {"far": one["variance"] + (one["mean"] - middle) ** 2} for one in calls]
        return math.sqrt(weighted(spread, "far"))
    if measure == "dead" and len(calls) > 1:
        return None  # of which units, one use cannot say of another
    return weighted(calls, measure)


def quantiles_of(some):
    """`np.quantile`, several times as fast; None where a value is not finite."""
    some = np.sort(some)
    if not some.size or not np.isfinite(some[[0, -1]]).all():
        return None
    return np.interp(np.multiply(QUANTILES, some.size - 1), np.arange(some.size), some).tolist()


def weighted(calls, measure):
    told = [(one["size"], one[measure]) for one in calls if measure in one]
    return sum(n * value for n, value in told) / sum(n for n, _ in told) if told else None


def rms(arrays, samples):
    """Root mean square over all values, times `samples`; None without any."""
    found = [a for a in arrays if a is not None]
    return together(found) * samples / math.sqrt(sum(a.size for a in found)) if found else None


def together(tensors):
    """The norm of several arrays as of one, None of none."""
    return math.hypot(*map(length, tensors)) if tensors else None


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
