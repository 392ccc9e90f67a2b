"""All kinds of work that can be sent, by key: processes on both sides know the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.registry import registry
from core.runs.packing import RUN
from core.runs.work import Kind
from core.studies.progress import STUDY
from core.sweep.rows import STACK

ALL: tuple[Kind[Any, Any], ...] = (RUN, STACK, STUDY)
KINDS: Mapping[str, Kind[Any, Any]] = registry(*ALL)
