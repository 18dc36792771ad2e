"""The order of retrieval, as it is."""

from __future__ import annotations

from collections.abc import Sequence


class Unread:
    """Reads nothing."""

    near = 1.0
    most = 0

    def share(self, question: str) -> float:
        """No say."""
        return 0.0

    def scores(self, question: str, texts: Sequence[str]) -> list[float]:
        """None."""
        return []


def create(rest: str = "", **_: object) -> Unread:
    """It has no settings."""
    return Unread()
