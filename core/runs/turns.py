"""Turns at computing: a few processors shared evenly among many who ask.

The rule is that of a fair scheduler (Nagle, "On packet switches with infinite storage", 1987;
Demers, Keshav, Shenker, "Analysis and simulation of a fair queueing algorithm", 1989): whoever has
had least comes next, and a newcomer starts level with whoever has had least, so that nobody pays
for the past. Short work comes before long work, as in multilevel feedback queues (Corbató,
Merwin-Daggett, Daley, "An experimental time-sharing system", 1962), and no work waits forever.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock, Semaphore, local
from weakref import WeakKeyDictionary

SHORT = 1.0
"""The first seconds of computing come before all longer work; most runs need no more."""
LEAD = 0.25
"""Seconds that one may be ahead of another who waits. Those who wait ask only now and then; with
no lead at all, the processor would be idle until the one whose turn it is asks again."""
OVERDUE = 2.0
"""Seconds after its last turn when a run is served as soon as it asks, so that a stream of short
runs cannot keep a long one from finishing."""
PRESENT = 0.5
"""Seconds after its last request during which a slot is kept for one further ahead."""
GONE, GONE_EACH = 1.0, 0.2
"""Seconds without a request after which a place in line is lost; more for each one in line, as
those in a long line ask less often."""


@dataclass
class Place:
    """had: seconds of computing. level: the same, counted from the level of the others on joining.

    asked: when last seen. served: the end of its last turn, or when it joined. spare: whether it
    wants only the time that nobody else wants.
    """

    level: float
    asked: float
    served: float
    spare: bool = False
    had: float = 0.0
    working: bool = False

    @property
    def order(self) -> tuple[bool, float]:
        return self.had >= SHORT, self.level

    def clearly_before(self, other: Place) -> bool:
        return self.order < (other.had >= SHORT, other.level - LEAD)


class Turns:
    """At most `slots` turns at once, each given to whoever asks unless the slot is another's.

    Those in line are any objects, told apart by identity and held weakly. Times are seconds of
    one clock, given by the caller.
    """

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self._line: WeakKeyDictionary[object, Place] = WeakKeyDictionary()
        self._lock = Lock()

    def take(self, who: object, now: float, *, spare: bool = False) -> bool:
        """Ask for a turn, joining the line if necessary; True if it is given.

        spare: only while all others in line ask for spare turns too. Whoever asks once for a turn
        that is not spare no longer yields to the others.
        """
        with self._lock:
            self._clear(now)
            place = self._line.get(who)
            if place is None or (place.spare and not spare):
                level = min((p.level for p in self._line.values() if p.spare <= spare), default=0.0)
                if place is None:
                    place = self._line[who] = Place(level, now, now, spare)
                place.level, place.spare = level, spare
            place.asked = now
            if place.working or (place.spare and self._wanted()):
                return False
            free = self.slots - sum(p.working for p in self._line.values())
            before = sum(
                p.clearly_before(place)
                for p in self._line.values()
                if p.spare <= place.spare and not p.working and now - p.asked <= PRESENT
            )
            place.working = free > (0 if now - place.served > OVERDUE else before)
            return place.working

    def end(self, who: object, seconds: float, now: float, *, leave: bool) -> None:
        """Give the turn back after `seconds` of computing; leave: no further turn is needed."""
        with self._lock:
            place = self._line[who]
            place.had += seconds
            place.level += seconds
            place.asked = place.served = now
            place.working = False
            if leave:
                del self._line[who]

    def place(self, who: object) -> int:
        """The position in line, from 1; 0 for one who has a turn or is not in line."""
        with self._lock:
            places = [(who, place) for who, place in self._line.items() if not place.spare]
        waiting = sorted((p for p in places if not p[1].working), key=lambda p: p[1].order)
        return next((n for n, (other, _) in enumerate(waiting, start=1) if other is who), 0)

    def __len__(self) -> int:
        """The length of the line, with those who have a turn, without those for spare turns."""
        with self._lock:
            return self._wanted()

    def _wanted(self) -> int:
        return sum(not place.spare for place in self._line.values())

    def _clear(self, now: float) -> None:
        patience = GONE + GONE_EACH * len(self._line)
        for who, place in list(self._line.items()):
            if not place.working and now - place.asked > patience:
                del self._line[who]


class Desk:
    """At most `places` are served at once; the others wait in order of arrival.

    Threads of one process hand Python's one interpreter to each other thousands of times a second;
    many pages drawn at once take far longer than the same pages one after another. Nobody waits
    longer than `patience` seconds: whatever takes that long may itself be waiting for something.
    """

    def __init__(self, places: int, patience: float) -> None:
        self.patience = patience
        self._free = Semaphore(places)
        self._mine = local()

    @contextmanager
    def served(self) -> Iterator[None]:
        """Within it the thread has a place; one that already has a place keeps it."""
        if getattr(self._mine, "held", False):
            yield
            return
        with self._held():
            yield

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Within it the thread, as it only waits, gives its place, if it has one, to others."""
        if not getattr(self._mine, "held", False):
            yield
            return
        self._leave()
        try:
            yield
        finally:
            self._enter()

    @contextmanager
    def _held(self) -> Iterator[None]:
        self._enter()
        try:
            yield
        finally:
            self._leave()

    def _enter(self) -> None:
        self._mine.counted = self._free.acquire(timeout=self.patience)
        self._mine.held = True

    def _leave(self) -> None:
        self._mine.held = False
        if self._mine.counted:
            self._free.release()
