"""Where lessons are kept, as `DASHBOARD_CLASSROOM` says."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from threading import Thread
from time import sleep, time

from pages.live.sqlite_store import SqliteStore
from pages.live.store import Store, Unreachable

VARIABLE = "DASHBOARD_CLASSROOM"
SERVERS = ("redis://", "rediss://", "unix://")
FILE = "lessons-1.db"
"""Its number is that of the tables' and the lesson's form."""
SWEEP = 600.0
"""Seconds between two searches for lessons that their teachers have left alone."""


def address() -> str:
    """A server's address, or a path; where nothing is configured, a file of this user's own."""
    return os.environ.get(VARIABLE, "").strip() or str(own_folder() / FILE)


def own_folder() -> Path:
    """Where this user's programs keep their state; a temporary folder where there is no home."""
    state = os.environ.get("XDG_STATE_HOME", "")
    home = Path(state) if state else Path.home() / ".local" / "state"
    for folder in (home / "dashboard", Path(tempfile.gettempdir()) / f"dashboard-{user()}"):
        with suppress(OSError):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if os.access(folder, os.W_OK) and owned(folder):
                return folder
    raise Unreachable


def user() -> int:
    return os.getuid() if hasattr(os, "getuid") else 0


def owned(folder: Path) -> bool:
    """Whether nobody else has made this folder, nor a link in its place."""
    return not folder.is_symlink() and (os.name == "nt" or folder.lstat().st_uid == user())


def there(place: str) -> bool:
    """Whether a store is there already, so that a lesson may be in it."""
    return place.startswith(SERVERS) or Path(place).is_file()


def open_store(place: str) -> Store:
    """The store of this address; Unreachable."""
    store: Store
    if place.startswith(SERVERS):
        try:
            from pages.live.redis_store import RedisStore  # the package is an extra
        except ImportError as missing:
            raise Unreachable("the package redis is not installed") from missing
        store = RedisStore(place)
    else:
        try:
            store = SqliteStore(place)
        except SqliteStore.failures as error:
            raise Unreachable(str(error)) from error
    Thread(target=sweep, args=(store,), daemon=True, name="lessons").start()
    return store


def sweep(store: Store) -> None:
    """Delete what was left alone, for as long as the process lives."""
    while True:
        with suppress(*store.failures):
            store.expire(time())
        sleep(SWEEP)
