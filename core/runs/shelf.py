"""What is computed in slices by whoever looks on, and shared by all."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable
from threading import Lock
from typing import Generic, TypeVar


class Shared(ABC):
    """A computation that one of its readers advances at a time.

    Readers need no lock: what they see is replaced as a whole, so nobody sees half of a slice.
    """

    def __init__(self) -> None:
        self.finished = False
        self._lock = Lock()

    @abstractmethod
    def _compute(self, budget: float, clock: Callable[[], float]) -> None:
        """Compute for about `budget` seconds and publish what came of it."""

    def advance(
        self, budget: float = float("inf"), clock: Callable[[], float] = time.monotonic
    ) -> bool:
        """Compute for about `budget` seconds; False, at once, if another caller is computing it."""
        if self.finished or not self._lock.acquire(blocking=False):
            return False
        try:
            if not self.finished:
                self._compute(budget, clock)
        finally:
            self._lock.release()
        return True


K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Shelf(Generic[K, V]):
    """What somebody looks at or has looked at, at most `limit` of them; shared by all.

    begin: makes what is not on the shelf, given what is.
    """

    def __init__(self, limit: int, begin: Callable[[K, Collection[V]], V]) -> None:
        self.limit, self._begin = limit, begin
        self._held: OrderedDict[K, V] = OrderedDict()
        self._lock = Lock()

    def get(self, key: K) -> V:
        """What the key names, begun if it is not on the shelf."""
        with self._lock:
            if key not in self._held:
                self._held[key] = self._begin(key, self._held.values())
            self._held.move_to_end(key)
            while len(self._held) > self.limit:
                self._held.popitem(last=False)
            return self._held[key]

    def find(self, key: K) -> V | None:
        """What the key names, if it is on the shelf."""
        return self._held.get(key)
