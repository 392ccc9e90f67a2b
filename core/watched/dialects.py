"""How PyTorch, Keras and JAX say what a remedy changes: text that is shown, never run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from core.watched.watched import Watched


@dataclass(frozen=True)
class Dialect:
    """The words of a framework.

    name: the framework's. activations: how it says the functions of the format, which has PyTorch's
    names. xavier, he: code that draws initial weights. code: of the other remedies, by their keys
    in `core.lessons.remedies.CHANGES`, "rate" for another learning rate; `OPTIMIZER` and `RATE` in
    it are filled in. optimizers: by the names that a recording may have, how they are said; any
    other word of a file is replaced by the first.
    """

    name: str
    activations: Mapping[str, str]
    xavier: str
    he: str
    code: Mapping[str, str]
    optimizers: Mapping[str, str]

    def replaced(self, old: str, new: str) -> str:
        """The line that says which function takes the place of which. old: "" if unknown."""
        word = self.activations[new]
        if old not in self.activations:
            return f"# in every hidden layer: {word}"
        return f"# replace {self.activations[old]} by {word} in every hidden layer"


TORCH_WEIGHTS = """\
for layer in model.modules():
    if isinstance(layer, (nn.Linear, nn.Conv2d)):
        nn.init.{}"""
TORCH = Dialect(
    name="PyTorch",
    activations=MappingProxyType(
        {
            "sigmoid": "nn.Sigmoid()",
            "tanh": "nn.Tanh()",
            "relu": "nn.ReLU()",
            "leaky_relu": "nn.LeakyReLU()",
            "elu": "nn.ELU()",
            "selu": "nn.SELU()",
            "gelu": "nn.GELU()",
            "silu": "nn.SiLU()",
            "mish": "nn.Mish()",
            "softplus": "nn.Softplus()",
            "softsign": "nn.Softsign()",
            "hardtanh": "nn.Hardtanh()",
            "hardsigmoid": "nn.Hardsigmoid()",
            "hardswish": "nn.Hardswish()",
            "relu6": "nn.ReLU6()",
        }
    ),
    xavier=TORCH_WEIGHTS.format("xavier_normal_(layer.weight)"),
    he=TORCH_WEIGHTS.format('kaiming_normal_(layer.weight, nonlinearity="relu")'),
    code=MappingProxyType(
        {
            "batch_norm": (
                "# after every nn.Linear or nn.Conv2d and before its activation:\n"
                "nn.BatchNorm1d(width)  # nn.BatchNorm2d(channels) after a convolution"
            ),
            "layer_norm": (
                "# after every nn.Linear and before its activation:\nnn.LayerNorm(width)"
            ),
            "skip": "x = x + activation(layer(x))  # instead of x = activation(layer(x))",
            "clip": (
                "loss.backward()\n"
                "nn.utils.clip_grad_norm_(model.parameters(), 1.0)  # before the step\n"
                "optimizer.step()"
            ),
            "adam": "optimizer = torch.optim.Adam(model.parameters(), lr=0.001)",
            "rate": "optimizer = torch.optim.OPTIMIZER(model.parameters(), lr=RATE)",
        }
    ),
    optimizers=MappingProxyType(
        {key: key for key in ("SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "NAdam", "RAdam")}
    ),
)

KERAS_WEIGHTS = """\
for layer in model.layers:
    if isinstance(layer, (keras.layers.Dense, keras.layers.Conv2D)):
        draw = keras.initializers.{}()  # a new one each time: it repeats what it has drawn
        layer.kernel.assign(draw(layer.kernel.shape))"""
KERAS_LINEAR = "# before every activation; the layer below it then has activation=None:\n"
KERAS = Dialect(
    name="Keras",
    activations=MappingProxyType(
        {
            "sigmoid": 'activation="sigmoid"',
            "tanh": 'activation="tanh"',
            "relu": 'activation="relu"',
            "leaky_relu": "activation=keras.layers.LeakyReLU(negative_slope=0.01)",
            "elu": 'activation="elu"',
            "selu": 'activation="selu"',
            "gelu": 'activation="gelu"',
            "silu": 'activation="silu"',
            "mish": 'activation="mish"',
            "softplus": 'activation="softplus"',
            "softsign": 'activation="softsign"',
            "hardtanh": 'activation="hard_tanh"',
            "hardsigmoid": 'activation="hard_sigmoid"',
            "hardswish": 'activation="hard_silu"',
            "relu6": 'activation="relu6"',
        }
    ),
    xavier=KERAS_WEIGHTS.format("GlorotNormal"),
    he=KERAS_WEIGHTS.format("HeNormal"),
    code=MappingProxyType(
        {
            "batch_norm": f"{KERAS_LINEAR}keras.layers.BatchNormalization()",
            "layer_norm": f"{KERAS_LINEAR}keras.layers.LayerNormalization()",
            "skip": "x = keras.layers.add([x, layer(x)])  # instead of x = layer(x)",
            "clip": (
                "optimizer = keras.optimizers.OPTIMIZER(learning_rate=RATE, global_clipnorm=1.0)\n"
                "model.compile(optimizer, loss=model.loss)"
            ),
            "adam": "model.compile(keras.optimizers.Adam(learning_rate=0.001), loss=model.loss)",
            "rate": (
                "model.compile(keras.optimizers.OPTIMIZER(learning_rate=RATE), loss=model.loss)"
            ),
        }
    ),
    optimizers=MappingProxyType(
        {key: key for key in ("SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Nadam")}
    ),
)

JAX_WEIGHTS = """\
draw = jax.nn.initializers.{}()
weights, tree = jax.tree.flatten(params)
keys = jax.random.split(jax.random.key(0), len(weights))
weights = [draw(k, w.shape, w.dtype) if w.ndim > 1 else w for k, w in zip(keys, weights)]
params = jax.tree.unflatten(tree, weights)"""
JAX = Dialect(
    name="JAX",
    activations=MappingProxyType(
        {
            "sigmoid": "jax.nn.sigmoid",
            "tanh": "jax.numpy.tanh",
            "relu": "jax.nn.relu",
            "leaky_relu": "jax.nn.leaky_relu",
            "elu": "jax.nn.elu",
            "selu": "jax.nn.selu",
            "gelu": "jax.nn.gelu",
            "silu": "jax.nn.silu",
            "mish": "jax.nn.mish",
            "softplus": "jax.nn.softplus",
            "softsign": "jax.nn.soft_sign",
            "hardtanh": "jax.nn.hard_tanh",
            "hardsigmoid": "jax.nn.hard_sigmoid",
            "hardswish": "jax.nn.hard_swish",
            "relu6": "jax.nn.relu6",
        }
    ),
    xavier=JAX_WEIGHTS.format("glorot_normal"),
    he=JAX_WEIGHTS.format("he_normal"),
    code=MappingProxyType(
        {
            "batch_norm": (
                "# between z and its activation; flax.linen.BatchNorm has averages for tests:\n"
                "z = (z - z.mean(axis=0)) / jax.numpy.sqrt(z.var(axis=0) + 1e-5)"
            ),
            "layer_norm": (
                "# between z and its activation, as flax.linen.LayerNorm does:\n"
                "z = (z - z.mean(axis=-1, keepdims=True))"
                " / jax.numpy.sqrt(z.var(axis=-1, keepdims=True) + 1e-5)"
            ),
            "skip": "x = x + activation(z)  # instead of x = activation(z)",
            "clip": (
                "optimizer = optax.chain(\n"
                "    optax.clip_by_global_norm(1.0), optax.OPTIMIZER(learning_rate=RATE)\n)"
            ),
            "adam": "optimizer = optax.adam(learning_rate=0.001)",
            "rate": "optimizer = optax.OPTIMIZER(learning_rate=RATE)",
        }
    ),
    optimizers=MappingProxyType(
        {
            word: key
            for key in ("sgd", "adam", "adamw", "rmsprop", "adagrad", "nadam", "radam")
            for word in (key, key.upper(), key.capitalize())
        }
        | {"AdamW": "adamw", "RMSprop": "rmsprop", "NAdam": "nadam", "RAdam": "radam"}
    ),
)

DIALECTS = MappingProxyType({"torch": TORCH, "keras": KERAS, "jax": JAX, "flax": JAX})
"""By the first word that a recording says of its framework."""


def dialect_of(watched: Watched) -> Dialect:
    """The words of the framework that was recorded; PyTorch's where that is unknown."""
    return DIALECTS.get(watched.framework.lower().partition(" ")[0], TORCH)
