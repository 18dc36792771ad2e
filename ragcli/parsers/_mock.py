"""A format that misbehaves on request, for the tests of the sandbox; reachable only where RAGCLI_TEST=1."""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import Final

from ragcli.errors import UnreadableFile
from ragcli.types import Block, BlockKind, Parsed, Part

SUFFIXES: Final = ()  # parsers.kind_of knows the suffix


def parse(raw: bytes, name: str, /) -> Parsed:
    """Does what the first word of the file says: hang, sleep, allocate, segfault, exit, flood, bug, ..."""
    verb = raw.split(maxsplit=1)[0].decode() if raw.split() else ""
    if verb in ("hang", "sleep"):
        while verb == "hang":
            pass
        time.sleep(600)
    elif verb == "allocate":
        return Parsed(text=str(len(b"x" * (1 << 34))))
    elif verb == "segfault":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif verb == "exit":
        os._exit(0)
    elif verb == "flood":
        sys.stdout.write("x" * 100_000)
        sys.stdout.flush()
    elif verb == "bug":
        raise KeyError("a parser's bug")
    elif verb == "refuse":
        raise UnreadableFile("refused")
    return _reply(verb, raw)


def _reply(verb: str, raw: bytes) -> Parsed:
    if verb == "surrogate":
        return Parsed(text="a\ud800b")
    if verb == "outside":
        return Parsed(text="abc", blocks=(Block(BlockKind.PARAGRAPH, 0, 99),))
    if verb == "long":
        return Parsed(text="x" * 2_000_000)
    if verb in ("parts", "heavy"):  # "parts NAME NAME"
        content = b"x" * (2 << 20) if verb == "heavy" else b"a part"
        return Parsed(text="a whole", parts=tuple(Part(name, content) for name in raw.decode().split()[1:]))
    return Parsed(text=f"{verb} done by {os.getpid()}")
