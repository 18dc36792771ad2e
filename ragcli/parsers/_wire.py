"""What sandbox.py and the child it starts agree on: a length (8 bytes, big-endian), then that many bytes."""

from __future__ import annotations

from typing import IO, Final

WALL: Final = 3.0
"""Times its CPU budget a job may take on the clock: a child that waits is stuck, but the machine may be busy."""
_LENGTH: Final = 8


def write(pipe: IO[bytes], message: bytes) -> None:
    """Sends one message."""
    pipe.write(len(message).to_bytes(_LENGTH, "big"))
    pipe.write(message)


def read(pipe: IO[bytes], limit: int) -> bytes:
    """The next message. Raises EOFError where there is none, ValueError over the limit."""
    size = int.from_bytes(_exactly(pipe, _LENGTH), "big")
    if size > limit:
        raise ValueError("message too long")
    return _exactly(pipe, size)


def _exactly(pipe: IO[bytes], size: int) -> bytes:
    found = pipe.read(size)
    if len(found) < size:
        raise EOFError
    return found
