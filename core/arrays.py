"""The array type of the core, and what it does about memory."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
"""An array of numbers. Their type is the run's precision; docstrings give the shape."""

# A layer of 64 units and 256 samples takes 128 KiB, from where on glibc by default returns freed
# memory to the system at once, and every temporary is then mapped and zeroed again. Freeing one
# large array raises that limit to its size, for the life of the process, which saves a quarter
# of the time of such runs. Elsewhere this does nothing.
np.empty(2**21)
