"""A cross-encoder trained on natural language inference, by name (torch)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ragcli import pairs
from ragcli.errors import MissingError

if TYPE_CHECKING:
    from ragcli.pairs import Reader


class Nli:
    """One model and the places of its two labels that matter."""

    def __init__(self, reader: Reader, follows: int, contradicts: int | None) -> None:
        self._reader, self._follows, self._contradicts = reader, follows, contradicts

    def judge(self, claims: Sequence[tuple[str, str]]) -> list[tuple[float, float]]:
        """(it follows, it is contradicted) as 0..1 of each (source, claim); a long source is cut at its end."""
        found = []
        for logits in self._reader.logits(claims):
            odds = logits.softmax(0).tolist()
            found.append((odds[self._follows], 0.0 if self._contradicts is None else odds[self._contradicts]))
        return found


def create(rest: str, **_: object) -> Nli:
    """The model in the folder, or of the name, `rest`. MissingError where it is not here or has no label for what
    follows ("entailment")."""
    if not rest:
        raise MissingError("which model of inference is not said", "--support-model MODEL")
    reader = pairs.load(rest)
    places = {label.removeprefix("label_"): at for at, label in enumerate(reader.labels)}
    follows = [at for label, at in places.items() if label.startswith("entail") or label == "supported"]
    against = [at for label, at in places.items() if label.startswith(("contradict", "refute"))]
    if not follows or len(reader.labels) < 2:
        named = ", ".join(reader.labels)
        raise MissingError(f"{rest} does not say what follows: its labels are {named}", "name a model of inference")
    return Nli(reader, follows[0], against[0] if against else None)
