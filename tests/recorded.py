"""Runs computed to their end, once for all tests of a process."""

from functools import cache

from core.runs.recording import Recording


@cache
def recorded(run):
    """The finished recording of a run, for tests that only read it."""
    recording = Recording(run)
    recording.advance()
    return recording
