"""The grammar over tokens: which of them may come at a place, whatever characters they split or join."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from ragcli.grammar import Grammar
from ragcli.markup import guarded
from ragcli.states import State
from ragcli.vocabulary import Vocabulary, utf8

_KEPT: Final = 64
"""Token sets that are remembered; a set for free text has nearly the whole vocabulary."""


class Place(NamedTuple):
    """Behind a token: the grammar's state, and the bytes of a character that is not whole yet."""

    state: State
    pending: bytes = b""


class Constraint:
    """A grammar and a vocabulary; one is made per prompt."""

    def __init__(self, grammar: Grammar, vocabulary: Vocabulary) -> None:
        self.grammar = grammar
        self.vocabulary = vocabulary
        self._known: dict[Place, list[int]] = {}

    def walk(self, place: Place, token: int) -> Place | None:
        """The place behind the token; None where it may not come."""
        spelling = self.vocabulary.spellings[token] if token < len(self.vocabulary.spellings) else None
        return self._walked(place, spelling) if spelling else None

    def allowed(self, place: Place) -> list[int]:
        """Every token for which `walk` gives a place, in ascending order; never empty."""
        key = place._replace(state=place.state._replace(relevant=(), last=()))
        if place.state.source is None and key in self._known:
            return self._known[key]
        ids = sorted(set(self._below(place, b"")))
        if place.state.source is None:
            if len(self._known) >= _KEPT:
                self._known.pop(next(iter(self._known)))
            self._known[key] = ids
        return ids

    def _walked(self, place: Place, spelling: bytes) -> Place | None:
        decoded = utf8(place.pending + spelling)
        if decoded is None:
            return None
        text, rest = decoded
        state: State | None = place.state
        for char in text:
            state = self.grammar.step(state, char) if state else None
        if state is None or not (rest == b"" or self._may_begin(state, rest)):
            return None
        return Place(state, rest)

    def _may_begin(self, state: State, rest: bytes) -> bool:
        choices = self.grammar.choices(state)
        return choices is None or any(char.encode().startswith(rest) for char in choices)

    def _below(self, place: Place, prefix: bytes) -> Iterator[int]:
        """The tokens that begin with `prefix`, which led to the place, and go on from there."""
        tokens = self.vocabulary.below(prefix)
        choices = self.grammar.choices(place.state)
        if choices is None:
            yield from (id for spelling, id in tokens if self._in_text(place, spelling[len(prefix) :], id))
            return
        yield from self._exactly(prefix)
        for char in choices:
            ahead = char.encode()
            if not ahead.startswith(place.pending):
                continue
            ahead = ahead[len(place.pending) :]
            for size in range(1, len(ahead)):
                yield from self._exactly(prefix + ahead[:size])
            state = self.grammar.step(place.state, char)
            if state is not None and self.vocabulary.below(prefix + ahead):
                yield from self._below(Place(state), prefix + ahead)

    def _exactly(self, spelling: bytes) -> Iterator[int]:
        for other, id in self.vocabulary.below(spelling):
            if other != spelling:
                break
            yield id

    def _in_text(self, place: Place, spelling: bytes, id: int) -> bool:
        """Of a token in free text: a plain one needs no walk, unless it begins with a space or goes on with a `<`."""
        if spelling and not place.pending and id in self.vocabulary.plain:
            first = spelling[:4].decode(errors="ignore")[:1]
            if first and not first.isspace() and not guarded(place.state.guard, first):
                return True
        return not spelling or self._walked(place, spelling) is not None
