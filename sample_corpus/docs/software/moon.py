"""Work out when the moon globe of the Great Clock has to be set back.

The globe is moved by a ratchet of 59 teeth, one tooth every twelve hours, and so makes a month of 29.5 days.
The true mean month is about 44 minutes longer. Written by Jonas Feddersen for the keeper's laptop, 2025.

    python moon.py 2024-11-04
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import date, timedelta

SYNODIC_MONTH = 29.530588
"""Days from new moon to new moon, in the mean."""

GLOBE_MONTH = 29.5
KNOWN_NEW_MOON = date(2000, 1, 6)


@dataclass(frozen=True)
class Correction:
    """One turn of the globe backwards by the keeper's hand."""

    day: date
    clicks: int
    remark: str = ""


# Copied from the ledgers; the years before 1987 are too blotted to be read.
HISTORY = [
    Correction(date(1987, 5, 3), 2, "first one by G. Boll; globe had been left alone since his predecessor fell ill"),
    Correction(date(1999, 8, 12), 1, "the day after the eclipse, because everybody was looking"),
    Correction(date(2017, 6, 20), 1),
    Correction(date(2024, 9, 20), 0, "set from the sky before the restart"),
]


def drift(days: float) -> float:
    """By how many days the globe has run ahead after this many days.

    The sign is positive when the globe shows a later phase than the sky.
    """
    return days / GLOBE_MONTH * (SYNODIC_MONTH - GLOBE_MONTH)


def next_correction(last: date) -> date:
    """The day on which the drift reaches half a day, that is one click.

    We round down on purpose: the keeper would rather be a night early than have children tell him that the
    moon is wrong.
    """
    days = 0.5 / (SYNODIC_MONTH - GLOBE_MONTH) * GLOBE_MONTH
    return last + timedelta(days=int(days))


def phase(day: date) -> float:
    """Age of the true moon in days, good to about fourteen hours.

    The figure is a mean and knows nothing of the ellipse of the moon's path. Do not use it for eclipses or tides.
    """
    return (day - KNOWN_NEW_MOON).days % SYNODIC_MONTH


def warn_before_noon(hour: float) -> bool:
    """Whether the globe must not be touched now: the procession is armed from 11:30 until the figures are back in."""
    return 11.5 <= hour <= 12.1


def main(arguments: list[str]) -> int:
    """Print the day of the next correction; exit code 2 without a date."""
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    last = date.fromisoformat(arguments[0])
    print(f"Set the globe back by one click on {next_correction(last)}.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
