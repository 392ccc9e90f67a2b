"""Keras in float64.

Keras computes in float64 only with TensorFlow: with other backends some of its operations round to
float32 (Dense with PyTorch, tanh with JAX), whatever `set_floatx` says. Here they do not, so that
the numbers can be compared to 1e-9.
"""

from __future__ import annotations

import os
import warnings
from contextlib import contextmanager, nullcontext
from importlib import import_module

import pytest

os.environ.setdefault("KERAS_BACKEND", "torch")


@contextmanager
def double(keras):
    jax = import_module("jax") if keras.backend.backend() == "jax" else None
    types = import_module("keras.src.backend.common.dtypes").BIT64_TO_BIT32_DTYPE
    before = keras.config.floatx()
    with pytest.MonkeyPatch.context() as patch, jax.enable_x64(True) if jax else nullcontext():
        patch.setitem(types, "float64", "float64")
        warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)  # Keras'
        keras.config.set_floatx("float64")
        keras.config.set_dtype_policy("float64")
        yield
        keras.config.set_floatx(before)
        keras.config.set_dtype_policy(before)
