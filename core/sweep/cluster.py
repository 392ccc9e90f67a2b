"""Dask as the executor for several machines. The one module of the core that may load it.

Dask is optional (`requirements-cluster.txt`), so it is loaded on use. Workers need this folder on
their path and the same versions of what `requirements.txt` lists.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager

PATIENCE = "10s"
"""How long to wait for a scheduler to answer."""


@contextmanager
def cluster(address: str) -> Iterator[Executor]:
    """The workers of a Dask scheduler, as an executor: a lost worker's tasks move to another.

    Raises ImportError without Dask, and OSError or ValueError for an address where no scheduler
    answers.
    """
    from distributed import Client

    with Client(address, timeout=PATIENCE) as client, client.get_executor() as executor:
        yield executor
