"""Record what every layer of a PyTorch network does while it learns.

    recorder = watch(model, optimizer, "run.jsonl", every=10)
    for x, y in batches:
        optimizer.zero_grad()
        recorder.loss(criterion(model(x), y)).backward()
        optimizer.step()

One file without dependencies of its own: copy it, or `pip install` its folder. Every tenth step
becomes a line of JSON: for each layer the error at its output, the size of gradient, weights and
update, and its activations. The "Where did the error go?" dashboard shows the file at /own.

What is measured, as that dashboard defines it:

- The error is delta = dloss_i / dz of ONE sample at the layer's own output z (before its
  activation): the gradient that autograd finds there for the mean loss, times the number of
  samples. For a recurrent layer it is the error at its hidden state, for each time step.
- The gradient is that of the mean loss by the weights, as the optimizer sees it: after clipping and
  unscaling, and summed over what was accumulated. Biases do not count.
- Weights are those before the step; the update is |change| / |weights|.
- Activations are the values of the first activation function that follows the layer, as a module or
  a function, before anything is added to them; without one, the layer's output. Zero is the share
  that is exactly 0; saturated the share where |f'| is at most 5 % of its largest value; dead the
  share of units where f' is 0 for every sample of the step.

What works: nested, shared and frozen modules, residual connections, normalization, attention,
embeddings, RNN, LSTM and GRU (one direction, without dropout between layers: by time step; else at
their output), cells called in a loop, gradient accumulation, GradScaler and autocast. In-place
activations, too.

What does not: models under `torch.compile` (refused), activation checkpointing (the error inside is
missing), optimizers that call a closure (LBFGS). DistributedDataParallel was tried with one process
only: watch in one, whose share of the batch it then sees. The watched module must be the one that
is called, and the first dimension of its first tensor must be the samples; if not, say
`recorder.loss(loss, samples=...)`.
"""

from __future__ import annotations

import json
import math
from itertools import chain

import torch
from torch import nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

__all__ = ["Recorder", "watch"]

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

KINDS = {
    "linear": (nn.Linear, nn.Bilinear),
    "conv": (nn.modules.conv._ConvNd,),
    "recurrent": (nn.RNNBase, nn.RNNCellBase),
    "attention": (nn.MultiheadAttention,),
    "embedding": (nn.Embedding, nn.EmbeddingBag),
    "norm": (nn.modules.batchnorm._NormBase, nn.LayerNorm, nn.GroupNorm)
    + ((nn.RMSNorm,) if hasattr(nn, "RMSNorm") else ()),
}
LAYERS = tuple(chain.from_iterable(KINDS.values()))

STEEPEST = {
    "sigmoid": 0.25, "tanh": 1.0, "relu": 1.0, "leaky_relu": 1.0, "elu": 1.0, "celu": 1.0,
    "selu": 1.7580993408473766, "gelu": 1.1289041451851547, "silu": 1.099839320128867,
    "mish": 1.088498161251728, "softplus": 1.0, "logsigmoid": 1.0, "softsign": 1.0, "relu6": 1.0,
    "hardtanh": 1.0, "hardsigmoid": 1 / 6, "hardswish": 1.5, "prelu": 1.0, "tanhshrink": 1.0,
    "rrelu": 1.0, "threshold": 1.0, "sin": 1.0,
}  # fmt: skip
"""The largest |f'| of each activation, its constants as usual."""


def functions():
    """Every function of PyTorch that is an activation, with its name and its version that changes
    no argument."""
    found = {}
    for name in STEEPEST:
        plain = getattr(F, name, None) or getattr(torch, name)
        for place in (F, torch, torch.Tensor):
            for spelling in (name, f"{name}_"):
                if (function := getattr(place, spelling, None)) is not None:
                    found[function] = (name, plain)
    return found


ACTIVATIONS = functions()


def watch(model, optimizer, path="run.jsonl", *, every=10, accumulate=1, scaler=None):
    """Record every `every`-th step of `optimizer` into the file `path`, which is overwritten.

    accumulate: the number by which each loss is divided before `backward()` when gradients are
    accumulated over several batches: `(recorder.loss(...) / 4).backward()`. scaler: the GradScaler,
    if there is one. Returns the `Recorder`, whose `loss` is told the loss of each batch. Raises
    ValueError for what cannot be recorded.
    """
    return Recorder(model, optimizer, path, every=every, accumulate=accumulate, scaler=scaler)


class Recorder:
    """Hooks on a model and its optimizer; between recorded steps only two, on the optimizer.

    step: optimizer steps so far. Use it as a context manager, or `close` it, to end the recording.
    """

    def __init__(self, model, optimizer, path, *, every=10, accumulate=1, scaler=None):
        if hasattr(model, "_orig_mod"):
            raise ValueError("a model under torch.compile cannot be recorded: watch the plain one")
        if every < 1 or accumulate < 1:
            raise ValueError("every and accumulate must be at least 1")
        self.model, self.optimizer, self.scaler = model, optimizer, scaler
        self.every, self.accumulate = int(every), accumulate
        self.modules = dict(layers_of(model))
        if not self.modules:
            raise ValueError("the model has no layer that can be recorded")
        self.step = 0
        self.since = self.size = 0  # rows and bytes since fewer steps were taken
        self.order = None
        self.file = open(path, "w", encoding="utf-8")  # noqa: SIM115
        self.hooks, self.unrolled = [], []
        self.before = {}  # copies of the weights; their memory is used again
        self.mode = None
        self.steps = (
            optimizer.register_step_pre_hook(self._before_step),
            optimizer.register_step_post_hook(self._after_step),
        )
        self._begin()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """End the recording: no hook is left."""
        self._remove()
        for hook in self.steps:
            hook.remove()
        self.file.close()

    def loss(self, loss, samples=None):
        """Take note of the loss (a mean over the samples), and hand it back.

        samples: over how many samples, tokens or pixels it is the mean, if that is not the first
        dimension of the model's input; 1 if it is a sum.
        """
        if self.hooks:
            self.samples = self.samples if samples is None else samples
            self.losses.append((loss.detach(), self.samples))
        return loss

    # A recorded step

    def _begin(self):
        """Install the hooks for the step to come."""
        self.seen = {}
        self.losses, self.samples, self.scale = [], 1, None
        self.live = False
        self.newest = None
        self._remove()
        enter = self.model.register_forward_pre_hook(self._enter, prepend=True, with_kwargs=True)
        self.hooks = [enter]
        for name, module in self.modules.items():
            self.hooks.append(module.register_forward_hook(self._called(name)))
            if isinstance(module, nn.RNNBase) and can_be_unrolled(module):
                self.unrolled.append(module)
                module.forward = unrolled(module, self._state(name))
        self.hooks.append(self.model.register_forward_hook(self._leave, always_call=True))

    def _remove(self):
        for hook in self.hooks:
            hook.remove()
        for module in self.unrolled:
            del module.forward  # the instance's; the class's is left
        self.hooks, self.unrolled = [], []

    def _enter(self, _, args, kwargs):
        self.live = torch.is_grad_enabled()
        if not self.live:
            return
        tensors = (x for x in chain(args, kwargs.values()) if isinstance(x, torch.Tensor))
        first = next(tensors, None)
        self.samples = first.shape[0] if first is not None and first.ndim else 1
        if self.scaler is not None:
            scale = self.scaler.get_scale()
            if self.scale is not None and scale < self.scale:  # the last step was skipped
                self.seen, self.losses = {}, []
            self.scale = scale
        self.mode = Activations(self)
        self.mode.__enter__()

    def _leave(self, *_):
        self.live = False
        if self.mode is not None:
            self.mode.__exit__(None, None, None)
            self.mode = None

    def _layer(self, name):
        return self.seen.setdefault(name, Layer())

    def _called(self, name):
        """What happens when a layer has been called."""
        module = self.modules[name]
        kind = kind_of(module)

        def hook(_, __, output):
            if not self.live:
                return
            layer = self._layer(name)
            tensor = output if isinstance(output, torch.Tensor) else first_tensor(output)
            if tensor is None:
                return
            layer.shape = list(tensor.shape[1:])
            layer.outputs = tensor.detach()
            if module not in self.unrolled:  # of those the error is taken at every time step
                self._follow(layer, tensor)
            layer.units = 1 if kind == "conv" or is_batch_norm(module) else -1
            if kind != "norm":
                self._settle()
                self.newest = layer
            else:
                layer.values(layer.outputs)

        return hook

    def _state(self, name):
        """What happens at every time step of an unrolled recurrent layer."""
        return lambda hidden: self._follow(self._layer(name), hidden) if self.live else None

    def _follow(self, layer, tensor):
        """Measure the error when the backward pass comes to this tensor."""
        if not tensor.requires_grad:
            return
        call = len(layer.errors)
        layer.errors.append(None)

        def arrived(gradient):
            if call < len(layer.errors):
                factor = self.samples * self.accumulate / (self.scale or 1.0)
                layer.errors[call] = (length(gradient), factor, gradient.numel())

        tensor.register_hook(arrived)

    def _settle(self):
        """The newest layer has no activation: its values are those of its output."""
        if self.newest is not None:
            self.newest.values(self.newest.outputs)
            self.newest = None

    def activated(self, name, before, after, derivative):
        """An activation function has been called: it belongs to the newest layer."""
        layer, self.newest = self.newest, None
        if layer is None:
            return
        layer.activation = name
        layer.values(after)
        layer.slopes(derivative(), STEEPEST[name])

    def _before_step(self, *_):
        if not self.hooks:
            return
        self._settle()
        self.weights = {
            name: weights_of(module) for name, module in self.modules.items() if name in self.seen
        }
        scale = getattr(
            self.optimizer, "grad_scale", None
        )  # fused optimizers unscale by themselves
        divisor = 1.0 if scale is None else float(scale)
        with torch.no_grad():
            for name, weights in self.weights.items():
                kept = self.before.setdefault(name, [torch.empty_like(w) for w in weights])
                for copy, weight in zip(kept, weights, strict=True):
                    copy.copy_(weight)
            self.gradients = {n: gradient_of(ws, divisor) for n, ws in self.weights.items()}

    def _after_step(self, *_):
        if self.hooks:
            if self.seen:
                self._write()
            self._remove()
        self.step += 1
        if self.step % self.every == 0:
            self._begin()

    # The file

    @torch.no_grad()
    def _write(self):
        if self.order is None:
            self.order = list(self.seen)
            self._line(self._head())
        row = {
            "step": self.step,
            "loss": weighted([(n, float(loss)) for loss, n in self.losses]),
            "rate": float(self.optimizer.param_groups[0]["lr"]),
            "samples": self.samples,
        }
        layers = [self.seen.get(name, Layer()) for name in self.order]
        row["delta"] = [layer.delta() for layer in layers]
        row["gradient"] = [self.gradients.get(name) for name in self.order]
        row["weight"], row["update"] = [], []
        for name in self.order:
            weights = self.weights.get(name, [])
            before = self.before[name] if weights else []
            size = together(before)
            change = [copy.sub_(weight) for copy, weight in zip(before, weights, strict=True)]
            row["weight"].append(size)
            row["update"].append(together(change) / size if before and size > 0 else None)
        for measure in ("mean", "std", "zero", "saturated", "dead", "quantiles"):
            row[measure] = [getattr(layer, measure)() for layer in layers]
        calls = {str(k): layer.calls() for k, layer in enumerate(layers) if len(layer.errors) > 1}
        if calls:
            row["calls"] = calls
        self._line(row)
        self.since += 1
        if self.since >= MOST or self.size >= LONGEST:
            self.since = self.size = 0
            self.every *= 2

    def _line(self, value):
        line = json.dumps(plain(value), allow_nan=False, separators=(",", ":")) + "\n"
        self.file.write(line)
        self.file.flush()
        self.size += len(line)

    def _head(self):
        parameters = sum(p.numel() for p in self.model.parameters())
        layers = []
        for name in self.order:
            module, layer = self.modules[name], self.seen[name]
            layers.append(
                {
                    "name": name or type(module).__name__,
                    "type": type(module).__name__,
                    "kind": kind_of(module),
                    "shape": layer.shape,
                    "activation": layer.activation,
                    "parameters": sum(p.numel() for p in module.parameters()),
                    "weights": [list(w.shape) for w in weights_of(module)],
                }
            )
        return {
            "format": FORMAT,
            "version": VERSION,
            "framework": f"torch {torch.__version__}",
            "model": type(self.model).__name__,
            "optimizer": type(self.optimizer).__name__,
            "parameters": parameters,
            "every": self.every,
            "quantiles": QUANTILES,
            "layers": layers,
        }


class Layer:
    """What one layer has shown in the step that is being recorded, over all its calls.

    errors: of every call (length of the gradient, its factor, how many numbers).
    """

    def __init__(self):
        self.errors, self.parts, self.shares = [], [], []
        self.activation = self.alive = self.outputs = None
        self.shape, self.units = [], -1

    # while the network runs

    @torch.no_grad()
    def values(self, a):
        a = wide(a.detach())
        flat = a.reshape(-1)
        mean = flat.mean()
        far = flat - mean
        variance = torch.dot(far, far) / flat.numel()  # several times as fast as var_mean
        some = flat[:: max(1, math.ceil(flat.numel() / SAMPLED))]
        self.parts.append((a.numel(), mean, variance, torch.count_nonzero(a == 0), some))
        self.outputs = None

    @torch.no_grad()
    def slopes(self, slope, steepest):
        slope = slope.abs()
        self.shares.append((slope.numel(), torch.count_nonzero(slope <= SATURATED * steepest)))
        if slope.ndim > 1:
            others = [d for d in range(slope.ndim) if d != self.units % slope.ndim]
            alive = slope.amax(dim=others) > 0
            self.alive = alive if self.alive is None else self.alive | alive

    # when it is written

    def delta(self):
        """Root mean square over samples and units, of all calls."""
        found = [error for error in self.errors if error is not None]
        if not found:
            return None
        total = math.hypot(*(float(size) * factor for size, factor, _ in found))
        return total / math.sqrt(sum(count for *_, count in found))

    def calls(self):
        """The same for each call: the time steps of a recurrent layer."""
        return [
            None if error is None else float(error[0]) * error[1] / math.sqrt(error[2])
            for error in self.errors
        ]

    def mean(self):
        return weighted([(n, float(mean)) for n, mean, *_ in self.parts])

    def std(self):
        """Over all values of all calls."""
        middle = self.mean()
        if middle is None:
            return None
        parts = [(n, float(v) + (float(m) - middle) ** 2) for n, m, v, *_ in self.parts]
        return math.sqrt(weighted(parts))

    def zero(self):
        return weighted([(n, float(zeros) / n) for n, _, _, zeros, _ in self.parts])

    def saturated(self):
        return weighted([(n, float(flat) / n) for n, flat in self.shares])

    def dead(self):
        return None if self.alive is None else 1 - float(self.alive.double().mean())

    def quantiles(self):
        if not self.parts:
            return None
        values = torch.cat([some for *_, some in self.parts])
        at = torch.tensor(QUANTILES, dtype=values.dtype, device=values.device)
        return torch.quantile(values[-SAMPLED * 4 :], at).tolist()


class Activations(TorchFunctionMode):
    """Sees every activation function that is called while the network runs."""

    def __init__(self, recorder):
        super().__init__()
        self.recorder = recorder

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        known = ACTIVATIONS.get(function)
        wanted = known and self.recorder.newest is not None and args
        if wanted:
            before = args[0].detach()
            in_place = function.__name__.endswith("_") or kwargs.get("inplace")
            if in_place or any(other is True for other in args[1:]):
                before = before.clone()
        result = function(*args, **kwargs)
        if wanted:
            name, plain = known
            rest = {key: value for key, value in kwargs.items() if key != "inplace"}
            others = tuple(x for x in args[1:] if not isinstance(x, bool))

            def derivative():
                with torch.enable_grad():
                    z = before.requires_grad_()
                    return torch.autograd.grad(plain(z, *others, **rest).sum(), z)[0]

            self.recorder.activated(name, before, result, derivative)
        return result


# Layers


def layers_of(model):
    """The layers of a model by name; what is inside a layer (an attention's projection) is its."""
    inside = set()
    for name, module in model.named_modules():
        if isinstance(module, LAYERS) and module not in inside:
            inside |= set(module.modules())
            yield name, module


def kind_of(module):
    return next(kind for kind, types in KINDS.items() if isinstance(module, types))


def is_batch_norm(module):
    return isinstance(module, (nn.modules.batchnorm._NormBase, nn.GroupNorm))


def weights_of(module):
    """The weight matrices of a layer; of a normalization its scales."""
    found = [p for p in module.parameters() if p.ndim >= 2]
    weight = getattr(module, "weight", None)
    return found or ([weight] if isinstance(weight, torch.Tensor) else [])


def first_tensor(output):
    if isinstance(output, (tuple, list)):
        output = output[0]
    if isinstance(output, nn.utils.rnn.PackedSequence):
        output = output.data
    return output if isinstance(output, torch.Tensor) else None


def can_be_unrolled(module):
    several = module.bidirectional or (module.dropout > 0 and module.num_layers > 1)
    return not several and not getattr(module, "proj_size", 0)


def unrolled(module, state):
    """The forward pass of a recurrent layer, time step by time step; the same numbers.

    state: is given the hidden state after each step.
    """
    whole = type(module).forward

    def forward(x, hidden=None):
        if isinstance(x, nn.utils.rnn.PackedSequence) or x.ndim != 3 or not torch.is_grad_enabled():
            return whole(module, x, hidden)
        time = 1 if module.batch_first else 0
        outputs = []
        for one in x.split(1, dim=time):
            _, hidden = whole(module, one, hidden)
            h = hidden[0] if isinstance(hidden, tuple) else hidden
            state(h)
            outputs.append(h[-1])  # the output, taken here so that all of the error passes h
        return torch.stack(outputs, dim=time), hidden

    return forward


# Numbers


def wide(values):
    """In at least float32."""
    return values.float() if values.dtype in (torch.float16, torch.bfloat16) else values


def length(values):
    """The Euclidean norm of all values, as a tensor.

    Note that float32 is left only where it must be: the squares of a vanishing error underflow.
    """
    values = values.detach()
    if values.is_sparse:
        values = values.coalesce().values()
    found = torch.linalg.vector_norm(wide(values))
    if values.dtype == torch.float64 or SAFE[0] < found < SAFE[1] or values.device.type == "mps":
        return found
    return torch.linalg.vector_norm(values.double())


def together(tensors):
    """The norm of several tensors as of one; None of none."""
    return math.hypot(*(float(length(x)) for x in tensors)) if tensors else None


def gradient_of(weights, divisor):
    found = [w.grad for w in weights if w.grad is not None]
    return together(found) / divisor if found else None


def weighted(parts):
    """The mean of (weight, value)."""
    total = sum(weight for weight, _ in parts)
    return sum(weight * value for weight, value in parts) / total if total else None


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
