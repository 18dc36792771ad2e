"""What a part is told and what it tells."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path


class Size(IntEnum):
    """How much of it: a part of `make test`, QUICK=1, or all."""

    BRIEF = 0
    QUICK = 1
    FULL = 2


@dataclass(frozen=True, slots=True)
class Settings:
    """`place` is an empty folder of the part's own; every random choice follows from `seed`."""

    size: Size
    seed: int
    place: Path
    files: int = 0

    def pick(self, brief: int, quick: int, full: int) -> int:
        """The number for this size."""
        return (brief, quick, full)[self.size]


@dataclass(slots=True)
class Outcome:
    """Figures by name, in order, and what does not hold: one line each, with what is needed to see it again."""

    figures: dict[str, int | float | str] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)

    def count(self, name: str, more: int = 1) -> None:
        """Adds to a figure."""
        self.figures[name] = int(self.figures.get(name, 0)) + more
