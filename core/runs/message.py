"""Messages: plain numbers and text between processes, never pickles."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from io import BytesIO
from typing import IO, Any, NamedTuple

import numpy as np

from core.arrays import Array

LENGTH = 8
"""Bytes that hold the length of a message's head."""


class Message(NamedTuple):
    """What is sent: a head, which must be valid JSON, and arrays by name."""

    head: dict[str, Any]
    arrays: Mapping[str, Array]


def send(stream: IO[bytes], message: Message) -> None:
    arrays = {name: np.ascontiguousarray(array) for name, array in message.arrays.items()}
    shapes = {name: (array.dtype.str, array.shape) for name, array in arrays.items()}
    head = json.dumps([message.head, shapes]).encode()
    stream.write(len(head).to_bytes(LENGTH, "big") + head)
    stream.write(b"".join(array.tobytes() for array in arrays.values()))
    stream.flush()


def receive(stream: IO[bytes]) -> Message:
    """The next message; EOFError if the other side has closed the stream."""
    length = int.from_bytes(whole(stream, LENGTH), "big")
    head, shapes = json.loads(whole(stream, length))
    kinds = [(np.dtype(kind), math.prod(shape)) for kind, shape in shapes.values()]
    content = whole(stream, sum(kind.itemsize * count for kind, count in kinds))
    arrays, start = {}, 0
    for (name, (_, shape)), (kind, count) in zip(shapes.items(), kinds, strict=True):
        arrays[name] = np.frombuffer(content, kind, count, start).reshape(shape)
        start += kind.itemsize * count
    return Message(head, arrays)


def whole(stream: IO[bytes], length: int) -> bytes:
    content = stream.read(length)
    if len(content) < length:
        raise EOFError
    return content


def written(message: Message) -> bytes:
    """The message as `read` takes it."""
    stream = BytesIO()
    send(stream, message)
    return stream.getvalue()


def read(content: bytes) -> Message:
    return receive(BytesIO(content))
