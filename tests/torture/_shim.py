"""The preloaded library that kills a process, or fails its call, at the n-th change of a file (shim.c)."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import NamedTuple


class Fault(IntEnum):
    """What happens at the n-th call. TORN dies in the middle of a write; a FULL disk stays full."""

    COUNT = 0
    KILL = 1
    TORN = 2
    FULL = 3
    BROKEN = 4


@dataclass(frozen=True, slots=True)
class Aim:
    """Where and when: the `at`-th call, from 1, that changes something below `folder`."""

    folder: Path
    fault: Fault = Fault.COUNT
    at: int = 0


class Change(NamedTuple):
    """An entry of a journal. `kind`: Write, Sync, Truncate (to `at`), Rename, Unlink, Create, Directory, Mark."""

    kind: str
    path: str
    other: str
    at: int
    raw: bytes


def build(place: Path) -> Path | None:
    """The library, compiled into `place`; None without a C compiler that can."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        return None
    library = place / "shim.so"
    source = Path(__file__).with_name("shim.c")
    made = subprocess.run(
        [compiler, "-O1", "-shared", "-fPIC", "-o", library, source], capture_output=True, check=False
    )
    return library if made.returncode == 0 else None


def is_loaded() -> bool:
    """Whether this process was started with it."""
    return hasattr(ctypes.CDLL(None), "fault_arm")


def arm(aim: Aim, journal: int = -1) -> None:
    """From now on, in this process. `journal` is the descriptor of a file outside the folder."""
    arming = ctypes.CDLL(None).fault_arm
    arming.argtypes = (ctypes.c_char_p, ctypes.c_int, ctypes.c_long, ctypes.c_int)
    arming(str(aim.folder).encode(), int(aim.fault), aim.at, journal)


def mark(text: str) -> None:
    """Puts a line of the process's own into the journal."""
    ctypes.CDLL(None).fault_mark(text.encode("ascii", "replace"))


def read_journal(path: Path) -> list[Change]:
    """Every change that was written down, in order; a torn last entry is left out."""
    changes, raw, at = [], path.read_bytes(), 0
    while (end := raw.find(b"\n", at)) >= 0:
        kind, name, other, offset, length = raw[at:end].decode().split("\t")
        at = end + 1 + (int(length) if kind == "W" else 0)
        changes.append(Change(kind, name, other, int(offset), raw[end + 1 : at]))
    return changes
