"""Run a coroutine from a test."""

import asyncio
from concurrent.futures import ThreadPoolExecutor


def awaited(coroutine):
    """What it returns. In a separate thread, as Playwright keeps a loop in the tests' thread."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()
