"""Random texts against every target of tests/hostile/targets.py; `make fuzz` has atheris choose them."""

from __future__ import annotations

import random

from tests.hostile.targets import PIECES, TARGETS
from tests.torture._figures import Outcome, Settings

MOST_PIECES = 12


def run(settings: Settings, outcome: Outcome) -> None:
    """So many texts a target; a violation names the target and the text."""
    texts = settings.pick(100, 5_000, 1_500_000)
    for name, target in TARGETS.items():
        draw = random.Random(f"{settings.seed} {name}")
        for _ in range(texts):
            text = text_of(draw)
            try:
                target(text)
            except Exception as error:  # noqa: BLE001  # whatever a target raises is what is looked for
                outcome.violations.append(f"{name}({text!r}): {type(error).__name__}: {error}"[:500])
            outcome.count(f"texts against {name}")


def text_of(draw: random.Random) -> str:
    """A few pieces, now and then a single character of any kind."""
    pieces = draw.choices(PIECES, k=draw.randint(0, MOST_PIECES))
    for at, _ in enumerate(pieces):
        if draw.random() < 0.15:
            pieces[at] = chr(draw.choice((draw.randrange(0x80), draw.randrange(0x3000), draw.randrange(0x110000))))
    return "".join(pieces)
