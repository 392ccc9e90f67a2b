"""Both stores, real ones: SQLite in a file, Redis as a server of the machine."""

import shutil
import socket
import subprocess
import time

import pytest

from pages.live.sqlite_store import SqliteStore


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture(scope="session")
def redis_address(tmp_path_factory):
    """A Redis for these tests alone; skipped where none is installed."""
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if program is None:
        pytest.skip("no redis-server: `python -m tests.deploy.install` installs Debian's for root")
    folder, port = tmp_path_factory.mktemp("redis"), free_port()
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)]
    server = subprocess.Popen([*command, "--save", ""], stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert time.monotonic() < deadline, "redis-server did not start"
                time.sleep(0.05)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.kill()
        server.wait()


@pytest.fixture(params=["sqlite", "redis"])
def reopen(request, tmp_path):
    """Opens the same store again, as another process would."""
    opened = []
    if request.param == "sqlite":
        make = lambda: SqliteStore(tmp_path / "lessons.db")  # noqa: E731
    else:
        import redis

        from pages.live.redis_store import RedisStore

        address = request.getfixturevalue("redis_address")
        redis.Redis.from_url(address).flushdb()
        make = lambda: RedisStore(address)  # noqa: E731

    def open_store():
        opened.append(make())
        return opened[-1]

    yield open_store
    for store in opened:
        store.close()


@pytest.fixture
def store(reopen):
    return reopen()
