"""Many viewers at once: `python -m bench.load class crowd fair soak audience lesson [--short]`.

`--short` takes seconds instead of minutes; `--quick` only shows that all of it works.

Every scenario starts its own server on this machine and loads nothing else; in the same run, an
empty Streamlit app with the same configuration is loaded the same way. A viewer here takes
everything over the socket, as a browser does, but not the files of Streamlit's own page (about 4 MB
once per browser), which a proxy serves.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import parse_qsl

import numpy as np

from bench.cluster import Cluster, cluster
from bench.lesson import Size
from bench.lesson import lesson as live
from bench.machines import NONE, Machines, machines, wait_for_workers
from bench.server import EMPTY, Meter, Server, serving
from bench.viewer import Seen, Value, Viewer
from core.runs.lanes import read_lanes
from core.runs.recording import Recording

MOST_VIEWERS, LONGEST, MOST_SEEDS = 500, 3600.0, 10_000
LINK = "lanes=3&2.activation=tanh&3.activation=relu"
HEAVY = "width=64&depth=20&epochs=300&samples=2000&batch=32&seed={seed}"
"""More than half of the largest run that the dashboard accepts: some 45 s of one core."""
RATES = ("0.03", "0.1", "0.3")
ACTIVATIONS = ("sigmoid", "tanh", "relu")
MEASURES = ("delta", "gradient_norm", "dead")
FOLD = "more_settings"
CHANGES: tuple[Callable[[random.Random], tuple[str, Value]], ...] = (
    lambda rng: ("rate", (rng.choice(RATES),)),
    lambda rng: ("activation", rng.choice(ACTIVATIONS)),
    lambda rng: ("measure", rng.choice(MEASURES)),
)
"""What viewers change, the first on the page itself, the others in a fold that they open once."""


@dataclass(frozen=True)
class Load:
    """viewers, arriving over `arrive` seconds, each changing something every `pause` seconds.

    own: the share of changes that start a run that nobody else has, with a new seed; the next
    change returns to what all see. leave: the share of changes after which a viewer leaves and
    comes back by the link. heavy: additional viewers, who come `before` seconds earlier, each with
    a heavy run. bytes: the memory for recordings.
    """

    viewers: int
    arrive: float
    seconds: float
    pause: float = 10.0
    own: float = 0.3
    leave: float = 0.0
    heavy: int = 0
    before: float = 0.0
    bytes: int = 512_000_000

    def __post_init__(self) -> None:
        if self.viewers + self.heavy > MOST_VIEWERS or self.seconds > LONGEST:
            raise ValueError(f"at most {MOST_VIEWERS} viewers and {LONGEST:.0f} seconds")


@dataclass
class Outcome:
    """What one server did under a load. links: whether its pages write their settings in them."""

    name: str
    load: Load
    seen: Seen
    meter: Meter
    seconds: float
    links: bool = True
    served: int = 0
    threads: tuple[int, int] = (0, 0)
    left: int = 0
    runs: set[str] = field(default_factory=set)


def quantiles(latencies: list[float]) -> str:
    """p50 / p95 / p99, in milliseconds."""
    if not latencies:
        return "–"
    return " / ".join(f"{1e3 * q:.0f}" for q in np.quantile(latencies, [0.5, 0.95, 0.99]))


async def visit(server: Server, load: Load, number: int, until: float, outcome: Outcome) -> None:
    """One viewer: opens the shared link and changes a setting now and then."""
    rng = random.Random(number)
    await asyncio.sleep(load.before + number * load.arrive / load.viewers)
    viewer = Viewer(server.address, "training", LINK, outcome.seen)
    strayed = False
    try:
        if not await viewer.open():
            return
        outcome.served += 1
        while time.monotonic() < until:
            await asyncio.sleep(min(load.pause * rng.uniform(0.8, 1.2), until - time.monotonic()))
            if time.monotonic() >= until:
                break
            if rng.random() < load.leave:
                await viewer.close()
                viewer = Viewer(server.address, "training", LINK, outcome.seen)
                await viewer.open()
            elif strayed:
                strayed = False
                await choose(viewer, "seed", 0)
            elif rng.random() < load.own:
                strayed = True
                seed = rng.randrange(MOST_SEEDS)
                outcome.runs.add(f"seed {seed}")
                await choose(viewer, "seed", seed)
                if outcome.links and f"seed={seed}" not in viewer.query.split("&"):
                    outcome.seen.errors.append("a change was lost")
            else:
                await choose(viewer, *rng.choice(CHANGES)(rng))
    finally:
        await viewer.close()


async def choose(viewer: Viewer, key: str, value: Value) -> None:
    """Change a setting, opening its fold first if necessary."""
    if key not in viewer.widgets:
        await viewer.change(FOLD, True)
    await viewer.change(key, value)


BACK = 0.5
"""Seconds between two attempts to reconnect."""


async def hog(server: Server, number: int, until: float) -> None:
    """A viewer whose runs are as large as allowed; its own latencies do not count."""
    viewer = Viewer(server.address, "training", HEAVY.format(seed=number), Seen())
    try:
        await viewer.open()
        while time.monotonic() < until:
            await asyncio.sleep(1.0)
    finally:
        await viewer.close()


async def warm(address: str) -> None:
    """Let a first viewer pay for a process's one-time work."""
    first = Viewer(address, "training", LINK, Seen())
    await first.open()
    await first.settled()
    await first.close()


async def drive(name: str, server: Server, load: Load, *, links: bool = True) -> Outcome:
    """Apply a load to a server."""
    meter = Meter(server)
    outcome = Outcome(name, load, Seen(), meter, 0.0, links)
    await warm(server.address)
    before = server.threads()
    begun = time.monotonic()
    sampling = asyncio.create_task(meter.keep_sampling())
    until = begun + load.seconds
    await asyncio.gather(
        *(hog(server, number, until) for number in range(load.heavy)),
        *(visit(server, load, number, until, outcome) for number in range(load.viewers)),
    )
    outcome.seconds = time.monotonic() - begun
    sampling.cancel()
    meter.sample()
    await asyncio.sleep(1.0)
    outcome.threads, outcome.left = (before, server.threads()), server.sessions()
    return outcome


def measure(
    name: str,
    load: Load,
    *,
    empty: bool = False,
    workers: int = 1,
    computing: Machines | None = None,
) -> Outcome:
    """The outcome of a load on a fresh server: the dashboard, or the empty app.

    computing: the cluster that computes for it, in place of a local worker.
    """
    with tempfile.TemporaryDirectory() as folder:
        script = None
        if empty:
            script = Path(folder) / "empty.py"
            script.write_text(EMPTY, "utf-8")
        environment = {
            "DASHBOARD_RECORDING_BYTES": str(load.bytes),
            "STREAMLIT_SERVER_DISCONNECTED_SESSION_TTL": "5",
            "STREAMLIT_CLIENT_SHOW_ERROR_DETAILS": "full",
        }
        if computing is not None:
            environment["DASHBOARD_SCHEDULER"] = computing.address
        with serving(script, 1 if empty else workers, **environment) as server:
            if computing is not None:
                server = replace(server, beside=computing.pids)
            return asyncio.run(drive(name, server, load, links=not empty))


HEADER = (
    "| load | served | opening, ms p50/p95/p99 | changes | a change, ms p50/p95/p99 "
    "| kB a change | scripts/s | MB/s sent | errors | cores | MB peak |\n" + "|---" * 11 + "|"
)


def row(outcome: Outcome) -> str:
    seen, meter = outcome.seen, outcome.meter
    cells = [
        outcome.name,
        f"{outcome.served} of {outcome.load.viewers}",
        quantiles(seen.opened),
        len(seen.changed),
        quantiles(seen.changed),
        f"{np.median(seen.changes) / 1e3:.0f}" if seen.changes else "–",
        f"{seen.scripts / outcome.seconds:.0f}",
        f"{seen.sent / 1e6 / outcome.seconds:.1f}",
        len(seen.errors),
        f"{meter.load:.2f}",
        f"{meter.peak:.0f}",
    ]
    return "| " + " | ".join(map(str, cells)) + " |"


def faults(outcome: Outcome) -> list[str]:
    """The kinds of errors, and how often."""
    kinds = sorted(set(outcome.seen.errors))
    return [f"  {kind}: {outcome.seen.errors.count(kind)}" for kind in kinds]


def compared(name: str, load: Load, workers: int) -> list[Outcome]:
    """The dashboard and the empty app under the same load."""
    outcomes = [
        measure(name, load, workers=workers),
        measure(f"{name}, empty app", load, empty=True),
    ]
    for outcome in outcomes:
        print(row(outcome), *faults(outcome), sep="\n", flush=True)
    return outcomes


def sized(size: str, full: Load, short: Load) -> Load:
    """The load of a size: minutes, seconds, or just enough to see that everything works."""
    quick = replace(
        short,
        viewers=4,
        arrive=1.0,
        seconds=6.0,
        pause=1.5,
        heavy=min(1, short.heavy),
        before=min(1.0, short.before),
    )
    return {"full": full, "short": short, "quick": quick}[size]


def class_of_100(size: str, workers: int) -> None:
    """A class opens one link within half a minute and each student changes a setting every 10 s.

    Then again with viewers who now and then start a run that nobody else has: as many as the
    machine can compute, and more; once computed by a local worker and once by a cluster of two.
    """
    load = sized(size, Load(100, 30, 90, own=0.0), Load(20, 5, 12, pause=4.0, own=0.0))
    name = f"class of {load.viewers}"
    compared(name, load, workers)
    load, name = replace(load, own=0.1), f"{name}, one change in ten begins a run apart"
    apart = measure(f"{name}, one local worker", load, workers=workers)
    print(row(apart), *faults(apart), sep="\n", flush=True)
    needed(apart)
    if NONE:
        print("  a cluster of two workers: not measured, as Dask is not installed (make cluster)")
        return
    with tempfile.TemporaryDirectory() as folder, machines(Path(folder)) as computing:
        wait_for_workers(computing.address, len(computing.workers))
        shared = measure(
            f"{name}, a cluster of two workers", load, workers=workers, computing=computing
        )
    print(row(shared), *faults(shared), sep="\n", flush=True)


def needed(outcome: Outcome) -> None:
    """How many cores could compute all runs that viewers begin apart as fast as they begin them."""
    if not outcome.runs:
        return
    begun = time.process_time()
    for run in read_lanes(dict(parse_qsl(LINK)), 3)[0]:
        Recording(run).advance()
    each = time.process_time() - begun
    cores = len(outcome.runs) * each / outcome.seconds
    told = f"{len(outcome.runs)} runs apart, {each:.1f} s of a core each"
    print(
        f"  {told}: {cores:.1f} cores besides those of the pages compute them at once", flush=True
    )


def crowd(size: str, workers: int) -> None:
    """More than one process can handle."""
    load = sized(size, Load(300, 30, 90), Load(60, 5, 15, pause=4.0))
    compared(f"crowd of {load.viewers}", load, workers)


def fair(size: str, workers: int) -> None:
    """How much five heavy viewers slow down twenty others."""
    beside = sized(
        size,
        Load(20, 5, 60, pause=5.0, own=1.0, before=10.0, heavy=5),
        Load(8, 2, 20, pause=3.0, own=1.0, before=6.0, heavy=5),
    )
    load = replace(beside, heavy=0)
    alone = measure(f"{load.viewers} viewers", load, workers=workers)
    print(row(alone), *faults(alone), sep="\n", flush=True)
    loaded = measure(f"{load.viewers} viewers beside {beside.heavy} heavy", beside, workers=workers)
    print(row(loaded), *faults(loaded), sep="\n", flush=True)
    for what in ("opened", "changed"):
        one, two = getattr(alone.seen, what), getattr(loaded.seen, what)
        if one and two:
            ratios = np.quantile(two, [0.5, 0.95]) / np.quantile(one, [0.5, 0.95])
            print(f"  {what}: {ratios[0]:.2f} times at p50, {ratios[1]:.2f} times at p95")


def soak(size: str, workers: int) -> None:
    """Viewers who come, compute their own runs and leave: nothing may accumulate."""
    mixed = Load(12, 3, 1800, pause=2.0, own=0.8, leave=0.3, bytes=16_000_000)
    load = sized(size, mixed, replace(mixed, seconds=40))
    outcome = measure(f"soak, {load.seconds:.0f} s", load, workers=workers)
    print(row(outcome), *faults(outcome), sep="\n")
    memory = np.array([sample[2] for sample in outcome.meter.samples])
    quarters = " ".join(f"{part.mean():.0f}" for part in np.array_split(memory, 4))
    print(f"  {len(outcome.runs)} runs of viewers' own; MB by quarters: {quarters}")
    print(f"  threads: {outcome.threads[0]} before, {outcome.threads[1]} after")
    print(f"  sessions still connected: {outcome.left}")


async def attend(address: str, load: Load, number: int, until: float, seen: Seen) -> float | None:
    """Open the shared link and stay; reconnect as a browser does when the process behind it dies.

    Returns the seconds until the picture was back, None for one who never lost it.
    """
    await asyncio.sleep(number * load.arrive / load.viewers)
    viewer = Viewer(address, "training", LINK, seen, cookie=f"dashboard=viewer{number}")
    try:
        if not await viewer.open():
            return None
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(viewer.lost.wait(), max(0.0, until - time.monotonic()))
        if not viewer.lost.is_set():
            return None
        begun, again = time.monotonic(), Seen()
        while True:
            await viewer.close()
            viewer = Viewer(address, "training", viewer.query, again, viewer.headers["Cookie"])
            if await viewer.open():
                return time.monotonic() - begun
            await asyncio.sleep(BACK)
    finally:
        await viewer.close()


async def gathered(running: Cluster, load: Load) -> tuple[Seen, list[float]]:
    """An audience behind nginx, one process of which is killed once all have arrived."""
    for port in running.processes:
        await warm(f"http://127.0.0.1:{port}")
    seen, until = Seen(), time.monotonic() + load.seconds
    attending = [
        asyncio.create_task(attend(running.address, load, number, until, seen))
        for number in range(load.viewers)
    ]
    await asyncio.sleep((load.arrive + load.seconds) / 2)
    running.kill(next(iter(running.processes)))
    returned = await asyncio.gather(*attending)
    return seen, [seconds for seconds in returned if seconds is not None]


def audience(size: str, workers: int) -> None:
    """300 open one link within a minute, served by two processes behind nginx; one is killed."""
    load = sized(size, Load(300, 60, 100), Load(30, 6, 20))
    with tempfile.TemporaryDirectory() as folder, cluster(Path(folder), max(2, workers)) as running:
        seen, returned = asyncio.run(gathered(running, load))
    print(f"  audience of {load.viewers} within {load.arrive:.0f} s, {max(2, workers)} processes:")
    print(f"  {len(seen.opened)} served; first picture, ms p50/p95/p99: {quantiles(seen.opened)}")
    lost = seen.errors.count("connection lost")
    print(f"  {lost} lost their process, {len(returned)} had their picture back: ms p50/p95/p99")
    print(f"  {quantiles(returned)}, the last after {1e3 * max(returned, default=0):.0f}")
    print(f"  other errors: {len(seen.errors) - lost}")


def lesson(size: str, workers: int) -> None:
    """A class votes within ten seconds, served by two processes; then again, and one is killed."""
    sizes = {"quick": Size(10, 2.0, 3.0), "short": Size(20, 4.0, 4.0), "full": Size(300, 60.0)}
    live(sizes[size], max(2, workers))


SCENARIOS: dict[str, Callable[[str, int], None]] = {
    "class": class_of_100,
    "crowd": crowd,
    "fair": fair,
    "soak": soak,
    "audience": audience,
    "lesson": lesson,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenarios", nargs="*", help=f"of {', '.join(SCENARIOS)}")
    parser.add_argument("--short", dest="size", action="store_const", const="short", default="full")
    parser.add_argument("--quick", dest="size", action="store_const", const="quick")
    parser.add_argument("--workers", type=int, default=1, choices=range(1, 9))
    chosen = parser.parse_args()
    print(HEADER)
    for name in chosen.scenarios or SCENARIOS:
        SCENARIOS[name](chosen.size, chosen.workers)


if __name__ == "__main__":
    main()
