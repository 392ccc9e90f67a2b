"""The array type of the core."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]
"""An array of numbers. Their type is the run's precision, and docstrings give the shape."""
