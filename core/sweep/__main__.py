"""Compute a sweep or a map, as the page shows it, into a file of rows.

    python -m core.sweep LINK RESULTS [--processes N | --scheduler ADDRESS]

LINK is the address of the page, or what follows its `?`; a key of `core.sweep.presets` also does.
RESULTS is a file of one row a cell in JSON; cells that are in it are not computed again. Ends with
status 1 if something is left to do. OPENBLAS_NUM_THREADS=1 is faster for small networks.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from urllib.parse import parse_qsl

from core.runs.lanes import MOST_LANES, Lanes, read_lanes
from core.runs.training import RunSpec
from core.sweep.cluster import cluster
from core.sweep.engine import computed
from core.sweep.filling import excess
from core.sweep.grid import Grid, Sweeping
from core.sweep.presets import PRESETS
from core.sweep.results import Results


def grid_of(link: str) -> Grid:
    """The sweep or map of a link. Raises ValueError, naming them, for keys that cannot be used."""
    if link in PRESETS:
        spec, lanes = PRESETS[link]
        return spec.grid(lanes)
    query = dict(parse_qsl(link.partition("?")[2] or link, keep_blank_values=True))
    spec, ignored = Sweeping.read_query(query)
    lanes, damaged = lanes_of(query)
    if ignored or damaged or not query.keys() & {*Sweeping.keys(), *RunSpec.keys(), "lanes"}:
        raise ValueError(", ".join((*ignored, *damaged)) or link)
    return spec.grid(lanes)


def lanes_of(query: dict[str, str]) -> tuple[Lanes, tuple[str, ...]]:
    """The networks of a link, and the keys that could not be used; without any, the page's own."""
    if not any(key in query for key in (*RunSpec.keys(), "lanes")):
        return next(iter(PRESETS.values()))[1], ()
    count = query.get("lanes", "1")
    if count not in map(str, range(1, MOST_LANES + 1)):
        return (), ("lanes",)
    return read_lanes(query, int(count))


@contextmanager
def executor_of(options: argparse.Namespace) -> Iterator[Executor]:
    if options.scheduler is not None:
        with cluster(options.scheduler) as executor:
            yield executor
        return
    # fork would copy locks that threads hold
    with ProcessPoolExecutor(options.processes, get_context("spawn")) as executor:
        yield executor


def main(arguments: list[str]) -> int:
    told = "Compute a sweep or a map, as the page shows it, into a file of rows."
    parser = argparse.ArgumentParser(prog="python -m core.sweep", description=told)
    parser.add_argument("link", metavar="LINK", help=f"the page's address, or {', '.join(PRESETS)}")
    parser.add_argument("results", metavar="RESULTS", type=Path, help="a file, made or continued")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--processes", type=int, default=1, help="on this machine; 1 if left out")
    where.add_argument("--scheduler", metavar="ADDRESS", help="of a Dask cluster")
    options = parser.parse_args(arguments)
    try:
        grid = grid_of(options.link)
    except ValueError as error:
        parser.error(f"cannot be used in this link: {error}")
    if excess(grid) == float("inf"):
        parser.error("one network of this link is larger than the page allows")
    try:
        return fill(grid, Results(options.results), options)
    except (BrokenExecutor, OSError, ImportError, ValueError) as error:
        sys.stderr.write(
            f"{type(error).__name__}: {error}\nWhat is in the file stays; run again.\n"
        )
    except KeyboardInterrupt:
        sys.stderr.write("Cancelled. What is in the file stays; run again to go on.\n")
    return 1


def fill(grid: Grid, results: Results, options: argparse.Namespace) -> int:
    """Compute what the file lacks, and say how far it is."""
    if results.damaged:
        sys.stderr.write(f"{results.damaged} lines of {results.path} are damaged\n")
    cells = grid.cells
    done = sum(cell in results.rows for cell in cells)
    sys.stderr.write(f"{done} of {len(cells)} cells are in {results.path}\n")
    if done < len(cells):
        with executor_of(options) as executor:
            for _ in results.add(computed(cells, executor, but=results.rows)):
                done += 1
                sys.stderr.write(f"\r{done} of {len(cells)}")
                sys.stderr.flush()
        sys.stderr.write("\n")
    return int(done < len(cells))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
