"""A viewer without a browser: speaks Streamlit's own protocol to a server on this machine.

It does everything a browser does that matters to the server: opens a page, sends the values of
widgets, and asks for the next look at runs being computed for as long as the page wants it. It
draws nothing, so hundreds fit in one process.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import json
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

LONGEST_WAIT = 30.0
"""Seconds after which a missing answer counts as an error."""
LARGEST_MESSAGE = 64_000_000
LOOK = "dashboard_look"
"""The component that asks for the next look."""
FINISHED = {ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_WITH_COMPILE_ERROR}
Value = bool | int | float | str | tuple[str, ...]
VALUES = {
    bool: "bool_value",
    int: "double_value",
    float: "double_value",
    str: "string_value",
    tuple: "string_array_value",
}
"""The field of a message that holds a widget's value. A number input of integers sends a double,
too; a slider of steps sends words, and a fold whether it is open."""


def loopback(address: str) -> str:
    """`address` if it is on this machine; ValueError if not: nobody else may be loaded."""
    host = urlsplit(address).hostname or ""
    if host != "localhost" and not _is_loopback(host):
        raise ValueError(f"{address} is not on this machine")
    return address


def _is_loopback(host: str) -> bool:
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False


@dataclass
class Seen:
    """What all viewers have seen: latencies in seconds, and bytes sent for each change."""

    opened: list[float] = field(default_factory=list)
    changed: list[float] = field(default_factory=list)
    changes: list[int] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    scripts: int = 0
    ticks: int = 0
    sent: int = 0


class Viewer:
    """One session: `open`, then any number of `change`, then `close`.

    seen: collects latencies, errors and counts. cookie: identifies the viewer to a proxy. lost: set
    when the server is gone.
    """

    def __init__(self, address: str, page: str, query: str, seen: Seen, cookie: str = "") -> None:
        self.address, self.page, self.query, self.seen = loopback(address), page, query, seen
        self.headers = {"Cookie": cookie} if cookie else {}
        self.received = 0  # bytes
        self.widgets: dict[str, str] = {}
        self.fragments: dict[str, str] = {}  # of widgets inside one, by key
        self.states: dict[str, WidgetState] = {}
        self.kept: dict[str, ForwardMsg] = {}  # what the server need not send again, by its hash
        self._timers: dict[str, asyncio.Task[None]] = {}
        self._asked: dict[str, float] = {}
        self._script = ""  # the page by Streamlit's name, once known
        self._full = False  # the current run is of the whole page, and began after the last post
        self.lost = asyncio.Event()
        self._finished = asyncio.Event()
        self._pressed = asyncio.Event()
        self._running: list[str] = []  # fragments
        self._awaited = ""
        self._watches: dict[str, asyncio.Task[None]] = {}  # fragments that rerun periodically
        self._quiet = asyncio.Event()
        self._socket: Any = None
        self._reader: asyncio.Task[None] | None = None

    @property
    def computing(self) -> bool:
        """Whether the page wants another look, that is, something is still being computed."""
        return bool(self._timers)

    async def open(self) -> bool:
        """Connect and run the page; whether it answered."""
        begun = time.perf_counter()
        address = self.address.replace("http", "ws", 1) + "/_stcore/stream"
        try:
            self._socket = await websockets.connect(
                address,
                subprotocols=[websockets.Subprotocol("streamlit")],
                additional_headers=self.headers,
                max_size=LARGEST_MESSAGE,
                compression=None,
                open_timeout=LONGEST_WAIT,
            )
        except (OSError, TimeoutError, websockets.WebSocketException) as error:
            self.seen.errors.append(f"connect: {type(error).__name__}")
            return False
        self._reader = asyncio.create_task(self._read())
        return await self._run(self.seen.opened, begun)

    async def change(self, key: str, value: Value) -> bool:
        """Set the widget with this key and let the page run; whether it answered."""
        if key not in self.widgets:
            self.seen.errors.append(f"no widget {key}")
            return False
        state = WidgetState(id=self.widgets[key])
        if isinstance(value, tuple):
            state.string_array_value.data.extend(value)
        else:
            setattr(state, VALUES[type(value)], value)
        self.states[state.id] = state
        before = self.received
        if not await self._run(self.seen.changed, time.perf_counter()):
            return False
        self.seen.changes.append(self.received - before)
        return True

    async def press(self, key: str) -> bool:
        """Press the button with this key, which is inside a fragment; whether it answered."""
        state = WidgetState(id=self.widgets[key], trigger_value=True)
        begun, self._awaited = time.perf_counter(), self.fragments[key]
        self._pressed.clear()
        try:
            await self._post(self._awaited, state)
            await asyncio.wait_for(self._pressed.wait(), LONGEST_WAIT)
        except (TimeoutError, websockets.WebSocketException) as error:
            self.seen.errors.append(f"press: {type(error).__name__}")
            return False
        self.seen.changed.append(time.perf_counter() - begun)
        return True

    async def settled(self, seconds: float = LONGEST_WAIT) -> bool:
        """Wait until nothing is being computed any more."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._quiet.wait(), seconds)
        return not self.computing

    async def close(self) -> None:
        self._stop_timers()
        if self._reader is not None:
            self._reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reader
        if self._socket is not None:
            await self._socket.close()

    async def _run(self, latencies: list[float], begun: float) -> bool:
        self._finished.clear()
        self._full = False
        self._stop_timers()
        try:
            await self._post()
            await asyncio.wait_for(self._finished.wait(), LONGEST_WAIT)
        except TimeoutError:
            self.seen.errors.append("no answer")
            return False
        except websockets.WebSocketException:
            self.seen.errors.append("connection lost")
            return False
        latencies.append(time.perf_counter() - begun)
        return True

    async def _post(self, fragment: str = "", pressed: WidgetState | None = None) -> None:
        message = BackMsg()
        rerun = message.rerun_script
        rerun.query_string, rerun.page_script_hash = self.query, self._script
        rerun.page_name = "" if self._script else self.page
        rerun.fragment_id, rerun.is_auto_rerun = fragment, bool(fragment) and pressed is None
        rerun.widget_states.widgets.extend(self.states.values())
        rerun.cached_message_hashes.extend(self.kept)
        if pressed is not None:
            rerun.widget_states.widgets.append(pressed)
        rerun.context_info.url = f"{self.address}/{self.page}"
        rerun.context_info.locale = "en-US"
        await self._socket.send(message.SerializeToString())

    async def _read(self) -> None:
        try:
            async for data in self._socket:
                message = ForwardMsg.FromString(data)
                self.seen.sent += len(data)
                self.received += len(data)
                self._take(message)
        except websockets.ConnectionClosedError:
            self.seen.errors.append("connection lost")
            self.lost.set()
        self._stop_timers()

    def _take(self, message: ForwardMsg) -> None:
        if message.metadata.cacheable:
            self.kept[message.hash] = message
        kind = message.WhichOneof("type")
        if kind == "ref_hash":
            message, kind = self.kept[message.ref_hash], "delta"
        if kind == "delta":
            delta = message.delta
            drawn = (
                delta.add_block if delta.WhichOneof("type") == "add_block" else delta.new_element
            )
            name = drawn.WhichOneof("type")
            if name == "exception":
                told = f"{drawn.exception.type} {drawn.exception.message}"
                self.seen.errors.append(f"exception: {told[:160]}")
            content = getattr(drawn, name) if name else None
            if (identity := getattr(content, "id", "")).startswith("$$ID-"):
                key = identity.split("-", 2)[2]
                self.widgets[key], self.fragments[key] = identity, delta.fragment_id
            if getattr(content, "component_name", "") == LOOK:
                self._look(delta.fragment_id, json.loads(content.json))
        elif kind == "new_session":
            self._running = list(message.metadata.run.fragment_ids)
            self._full = not self._running
            if self._full:
                self._stop_timers()
        elif kind == "navigation":
            self._script = message.navigation.page_script_hash
        elif kind == "auto_rerun":
            self._watch(message.auto_rerun.fragment_id, message.auto_rerun.interval)
        elif kind == "page_info_changed":
            self.query = message.page_info_changed.query_string
        elif kind == "script_finished":
            self.seen.scripts += 1
            self.seen.ticks += not self._full
            if self._awaited in self._running:
                self._pressed.set()
            if message.script_finished in FINISHED:
                if self._full:
                    self._finished.set()
                if not self._timers:
                    self._quiet.set()

    def _look(self, fragment: str, data: dict[str, Any]) -> None:
        self._stop_timer(fragment)
        if data["wanted"]:
            self._quiet.clear()
            self._timers[fragment] = asyncio.create_task(self._ask(fragment, data["period"]))

    def _watch(self, fragment: str, interval: float) -> None:
        self._stop_watch(fragment)
        self._watches[fragment] = asyncio.create_task(self._tick(fragment, interval))

    def _stop_watch(self, fragment: str) -> None:
        if (watch := self._watches.pop(fragment, None)) is not None:
            watch.cancel()

    def _stop_timer(self, fragment: str) -> None:
        if (timer := self._timers.pop(fragment, None)) is not None:
            timer.cancel()

    def _stop_timers(self) -> None:
        for fragment in list(self._timers):
            self._stop_timer(fragment)
        for fragment in list(self._watches):
            self._stop_watch(fragment)

    async def _ask(self, fragment: str, period: float) -> None:
        """Ask for the next look as a browser does: one period after the last request."""
        with contextlib.suppress(websockets.ConnectionClosed):
            await asyncio.sleep(self._asked.get(fragment, 0.0) + period - time.monotonic())
            self._asked[fragment] = time.monotonic()
            await self._post(fragment)

    async def _tick(self, fragment: str, interval: float) -> None:
        """Run a fragment at its interval as a browser does, whether answered or not."""
        with contextlib.suppress(websockets.ConnectionClosed):
            while True:
                await asyncio.sleep(interval)
                await self._post(fragment)
