"""The lamp of the old harbour, lit every evening at six."""

from __future__ import annotations

from dataclasses import dataclass


# Kept by one man.
@dataclass(frozen=True)
class Lamp:
    """Burns oil."""

    litres: float

    def light(self) -> float:
        """The oil that is left in the morning."""
        # in May
        return self.litres - 0.4

    @property
    def is_empty(self) -> bool:
        return self.litres <= 0


def walk(
    metres: int = 200,
) -> int:
    """Along the whole pier."""

    def step() -> int:
        return 1

    return metres * step()
