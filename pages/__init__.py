"""What people see: one short script per page, its charts, its texts and its session."""

import os

# The matrices here are small: the linear algebra's threads cost more than they save, and several
# runs at once would fight for the cores. Must be set before NumPy is loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("MKL_NUM_THREADS", "1")
