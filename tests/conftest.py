"""What all tests share: examples that repeat, and one thread for the products of matrices."""

import os

# Small products gain nothing from several threads, and processes side by side wait for each
# other's. Read by NumPy's BLAS when it is first loaded, so it stands before all other imports.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from hypothesis import settings

# Random tests draw the same examples every time; `--hypothesis-profile=explore` draws new ones.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None)
settings.load_profile("repeatable")
