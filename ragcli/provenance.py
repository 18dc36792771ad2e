"""What an answer was made from: a kept answer goes once one of the snippets that it may repeat has left the index."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ragcli.types import Answer

Known = Callable[[Sequence[str]], set[str]]
"""Takes refs; those of them that a snippet of the index has."""


def made_from(answer: Answer, before: Sequence[str] = ()) -> tuple[str, ...]:
    """The refs of all that its text may repeat, each once; () where it has no text. `before` are those of the turns
    before it, which a language model has read too."""
    own = [snippet.ref for hit in answer.hits for snippet in (hit.snippet, *hit.copies)]
    read = own if answer.model is None else [*own, *before]
    return tuple(dict.fromkeys(read)) if answer.text else ()


def lost(kept: Sequence[Sequence[str]], known: Known) -> list[bool]:
    """For each of some answers, by the refs that it was made from, whether it has to go. Asks `known` once."""
    alive = known(sorted({ref for refs in kept for ref in refs}))
    return [not alive.issuperset(refs) for refs in kept]
