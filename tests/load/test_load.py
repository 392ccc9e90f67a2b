"""Several viewers at once, in short: all are served, nothing is left, nobody else is loaded."""

from __future__ import annotations

import time

import pytest

from bench.load import FOLD, LINK, Load, drive
from bench.server import serving
from bench.viewer import Seen, Viewer, loopback
from tests.awaited import awaited

SMALL = "2000000"  # bytes that recordings may take: a few


@pytest.fixture(scope="module")
def server():
    with serving(
        None,
        STREAMLIT_SERVER_DISCONNECTED_SESSION_TTL="1",
        STREAMLIT_CLIENT_SHOW_ERROR_DETAILS="full",
        DASHBOARD_RECORDING_BYTES=SMALL,
    ) as server:
        yield server


@pytest.mark.parametrize(
    "address",
    ["http://192.168.0.7:8501", "https://example.org", "http://127.0.0.1.example.org", "http://0",
     "http://[2001:db8::1]", "http://user@10.0.0.1", "127.0.0.1:8501", ""],
)  # fmt: skip
def test_no_other_machine_is_ever_loaded(address):
    with pytest.raises(ValueError, match="not on this machine"):
        loopback(address)
    with pytest.raises(ValueError, match="not on this machine"):
        Viewer(address, "training", "", Seen())


@pytest.mark.parametrize("address", ["http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1"])
def test_this_machine_may_be_loaded(address):
    assert loopback(address) == address


@pytest.mark.parametrize("load", [{"viewers": 501}, {"seconds": 3601.0}, {"heavy": 500}])
def test_a_load_has_bounds(load):
    with pytest.raises(ValueError, match="at most"):
        Load(**{"viewers": 10, "arrive": 1.0, "seconds": 10.0, **load})


@pytest.mark.slow
def test_viewers_who_come_change_compute_and_go_are_all_served_and_leave_nothing(server):
    load = Load(6, 1.0, 6.0, pause=1.2, own=0.6, leave=0.3)
    outcome = awaited(drive("short", server, load))
    assert outcome.seen.errors == []
    assert outcome.served == 6
    assert len(outcome.seen.opened) >= 6
    assert len(outcome.seen.changed) > 6
    assert outcome.runs  # of viewers' own
    deadline = time.monotonic() + 60
    while server.sessions() > 0:
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.slow
def test_a_link_rebuilds_its_picture_for_whoever_comes_later(server):
    async def visit():
        seen = Seen()
        viewers = [Viewer(server.address, "training", f"{LINK}&epochs=60", seen) for _ in range(3)]
        for viewer in viewers:
            assert await viewer.open()
            assert await viewer.settled()
            assert "2.activation=tanh" in viewer.query
            await viewer.close()
        return seen

    assert awaited(visit()).errors == []


@pytest.mark.slow
def test_what_a_browser_holds_is_not_sent_to_it_again(server):
    """The largest part of a page are its finished recordings, which do not change."""

    async def visit():
        viewer = Viewer(server.address, "training", f"{LINK}&epochs=60", Seen())
        assert await viewer.open()
        assert await viewer.settled()
        if FOLD in viewer.widgets:
            assert await viewer.change(FOLD, True)
        for measure in ("dead", "delta"):
            assert await viewer.change("measure", measure)
        assert viewer.seen.errors == []
        await viewer.close()
        held = sum(message.ByteSize() for message in viewer.kept.values())
        return held, viewer.seen.changes

    held, (*_, first, again) = awaited(visit())
    assert held > 100_000
    assert again < 50_000
    assert first < held


@pytest.mark.slow
def test_a_browser_that_goes_away_in_the_middle_of_a_run_keeps_nobody_from_it(server):
    link = "depth=8&width=32&epochs=150&seed=77"

    async def visit():
        seen = Seen()
        first = Viewer(server.address, "training", link, seen)
        assert await first.open()
        assert first.computing
        await first.close()
        second = Viewer(server.address, "training", link, seen)
        assert await second.open()
        assert await second.settled(60.0)
        await second.close()
        return seen

    assert awaited(visit()).errors == []


@pytest.mark.slow
def test_a_disk_that_is_full_keeps_nobody_from_anything():
    full = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))"

    async def visit(address):
        seen = Seen()
        for page in ("", "training", "derivatives"):
            viewer = Viewer(address, page, "epochs=20" if page else "", seen)
            assert await viewer.open()
            assert await viewer.settled()
            await viewer.close()
        return seen

    with serving(None, before=full, STREAMLIT_CLIENT_SHOW_ERROR_DETAILS="full") as server:
        assert awaited(visit(server.address)).errors == []
