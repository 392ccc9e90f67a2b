"""Where lessons are stored, as `DASHBOARD_CLASSROOM` says."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from pages.live.sqlite_store import SqliteStore
from pages.live.store import Store, Unreachable

VARIABLE = "DASHBOARD_CLASSROOM"
SERVERS = ("redis://", "rediss://", "unix://")
FILE = "lessons-1.db"
"""Numbered by the format of the tables and of the lesson."""


def address(*, make: bool = False) -> str:
    """A server's address, or a path; if nothing is configured, in a folder owned by this user.

    make: create the folder if it is missing. Raises Unreachable if that is impossible.
    """
    return os.environ.get(VARIABLE, "").strip() or str(own_folder(make=make) / FILE)


def own_folder(*, make: bool) -> Path:
    """Where this user's programs keep their state; a temporary folder if there is no home."""
    state = os.environ.get("XDG_STATE_HOME", "")
    home = Path(state) if state else Path.home() / ".local" / "state"
    folders = [home / "dashboard"]
    with suppress(OSError):  # on a full disk there is no temporary folder either
        folders.append(Path(tempfile.gettempdir()) / f"dashboard-{user()}")
    for folder in folders:
        with suppress(OSError):
            if make:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if folder.is_dir() and os.access(folder, os.W_OK) and owned(folder):
                return folder
    if make:
        raise Unreachable
    return folders[0]


def user() -> int:
    return os.getuid() if hasattr(os, "getuid") else 0


def owned(folder: Path) -> bool:
    """Whether the folder is this user's: made by nobody else, and no link in its place."""
    return not folder.is_symlink() and (os.name == "nt" or folder.lstat().st_uid == user())


def there(place: str) -> bool:
    """Whether a store exists already, so that a lesson may be in it."""
    with suppress(OSError):
        return is_server(place) or Path(place).is_file()
    return False


def is_server(place: str) -> bool:
    return place.startswith(SERVERS)


def open_store(place: str) -> Store:
    """The store of this address. Raises Unreachable."""
    store: Store
    if is_server(place):
        try:
            from pages.live.redis_store import RedisStore  # an optional dependency
        except ImportError as missing:
            raise Unreachable("the package redis is not installed") from missing
        store = RedisStore(place)
    else:
        try:
            store = SqliteStore(place)
        except SqliteStore.failures as error:
            raise Unreachable(str(error)) from error
    return store
