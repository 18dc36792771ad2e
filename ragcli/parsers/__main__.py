"""The child that sandbox.py starts: parses what comes on stdin, under limits that the kernel enforces."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from typing import Any, Final

from ragcli import parsers
from ragcli.errors import UnreadableFile
from ragcli.parsers import _passwords
from ragcli.parsers._wire import MAX_CHARS, MAX_PARTS, WALL, part_limit, read, write
from ragcli.types import Parsed, Part

MAX_EXPANSION: Final = 100
"""Characters of text a byte of file may give, once there are more than a million."""
_FREE_CHARS: Final = 1_000_000


def _serve(memory_bytes: int) -> None:
    """Parses what comes on stdin until it ends, replying on what was stdout; prints of libraries go nowhere."""
    replies = os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what Ctrl-C means
    _limit(memory_bytes)
    while True:
        try:
            head = json.loads(read(sys.stdin.buffer, 1 << 20))
            raw = read(sys.stdin.buffer, sys.maxsize)
        except EOFError:
            return
        _arm(float(head["cpu_s"]))
        _passwords.known = tuple(head["passwords"])
        reply, parts = _reply(raw, head["name"])
        write(replies, reply)
        for part in parts:
            write(replies, part.raw)
        replies.flush()
        signal.alarm(0)


def _limit(memory_bytes: int) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))


def _arm(cpu_s: float) -> None:
    """The kernel ends this process after `cpu_s` more of CPU, and of wall time even where the parent is gone."""
    import resource

    soft = int(time.process_time() + cpu_s) + 1
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))
    signal.alarm(int(WALL * cpu_s) + 60)


def _reply(raw: bytes, name: str) -> tuple[bytes, tuple[Part, ...]]:
    """The reply, and the parts that follow it, each a message of its own."""
    try:
        parsed = parsers.parse(raw, name)
        limit = min(MAX_CHARS, max(_FREE_CHARS, MAX_EXPANSION * len(raw)))
        if len(parsed.text) > limit:
            return _said({"error": f"limit: more than {limit} characters of text from {len(raw)} bytes"}), ()
        if len(parsed.parts) > MAX_PARTS or sum(len(part.raw) for part in parsed.parts) > part_limit(len(raw)):
            return _said({"error": f"limit: it holds more than {MAX_PARTS} files, or larger ones than itself"}), ()
        return _said(_shape(parsed)), parsed.parts
    except UnreadableFile as error:
        return _said({"error": error.message}), ()
    except MemoryError:
        return _said({"error": "limit: not enough memory", "retire": True}), ()
    except RecursionError:
        return _said({"error": "limit: nested too deeply", "retire": True}), ()
    except Exception as error:  # noqa: BLE001  # the parsing child: a parser's bug costs one file
        return _said({"error": f"parser crashed ({type(error).__name__}: {error})", "retire": True}), ()


def _shape(parsed: Parsed) -> dict[str, Any]:
    return {
        "text": parsed.text,
        "blocks": [(block.kind, block.start, block.end, block.level, block.name) for block in parsed.blocks],
        "pages": [(page.start, page.label) for page in parsed.pages],
        "title": parsed.title,
        "metadata": parsed.metadata,
        "notes": parsed.notes,
        "parts": [part.name for part in parsed.parts],
    }


def _said(reply: dict[str, Any]) -> bytes:
    return json.dumps(reply, ensure_ascii=False).encode("utf-8", "surrogatepass")


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
