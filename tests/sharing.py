"""Something that is started once for all test processes, by whichever asks first."""

import fcntl
from contextlib import ExitStack, contextmanager


@contextmanager
def locked(path, how=fcntl.LOCK_EX):
    with path.open("w") as file:
        fcntl.flock(file, how)
        yield


@contextmanager
def shared(name, start, folder):
    """The text that `start()`, a context manager, yields: started once, stopped after all users.

    folder: the same for all processes. They take turns at the door to learn whether it has been
    started; each user holds a shared lock, and the process that started it waits for all of them.
    """
    told, door, used = (folder / f"{name}{part}" for part in (".txt", ".door", ".used"))
    with ExitStack() as started, ExitStack() as using:
        with locked(door):
            own = not told.exists()
            if own:
                told.write_text(started.enter_context(start()), "utf-8")
            using.enter_context(locked(used, fcntl.LOCK_SH))
        try:
            yield told.read_text("utf-8")
        finally:
            using.close()
            if own:
                with locked(door), locked(used):
                    told.unlink()
                    started.close()
