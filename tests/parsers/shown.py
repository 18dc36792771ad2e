"""What tests of parsers look at: blocks by their text."""

from __future__ import annotations

import time
from pathlib import Path

from ragcli import parsers
from ragcli.types import BlockKind, Parsed

DATA = Path(__file__).parent.parent / "data"


def sample(suffix: str) -> Parsed:
    """The sample of that suffix, parsed."""
    return parsers.parse((DATA / f"sample{suffix}").read_bytes(), f"sample{suffix}")


def texts(parsed: Parsed, kind: BlockKind) -> list[str]:
    return [parsed.text[block.start : block.end] for block in parsed.blocks if block.kind is kind]


def headings(parsed: Parsed) -> list[tuple[int, str]]:
    """Level and name, or text, of each heading."""
    return [(b.level, b.name or parsed.text[b.start : b.end]) for b in parsed.blocks if b.kind is BlockKind.HEADING]


def cpu_s(raw: bytes, name: str) -> float:
    """CPU seconds that parsing takes."""
    began = time.process_time()
    parsers.parse(raw, name)
    return time.process_time() - began
