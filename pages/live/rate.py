"""How often something may happen in a process, whoever does it."""

from __future__ import annotations

from collections import deque
from threading import Lock


class Rate:
    """At most `most` events within `seconds`. May be used from any thread."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most, self._seconds = most, seconds
        self._times: deque[float] = deque(maxlen=most)
        self._lock = Lock()

    def reached(self, now: float) -> bool:
        """Whether one more would be too many."""
        with self._lock:
            return len(self._times) == self._most and now - self._times[0] < self._seconds

    def count(self, now: float) -> None:
        """One more has happened."""
        with self._lock:
            self._times.append(now)
