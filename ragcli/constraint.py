"""The grammar over tokens: which of them may come at a place, whatever characters they split or join."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from ragcli.grammar import Grammar
from ragcli.markup import guarded
from ragcli.states import Part, State, closable
from ragcli.types import CitationMode
from ragcli.vocabulary import Vocabulary, utf8

_KEPT: Final = 32
"""Token sets that are remembered; a set for free text has nearly the whole vocabulary."""


class Place(NamedTuple):
    """Behind a token: the grammar's state, and the bytes of a character that is not whole yet."""

    state: State
    pending: bytes = b""


class Constraint:
    """A grammar and a vocabulary; what is found out about free text is kept with the vocabulary."""

    def __init__(self, grammar: Grammar, vocabulary: Vocabulary) -> None:
        self.grammar = grammar
        self.vocabulary = vocabulary

    def walk(self, place: Place, token: int) -> Place | None:
        """The place behind the token; None where it may not come."""
        spelling = self.vocabulary.spellings[token] if token < len(self.vocabulary.spellings) else None
        return self._walked(place, spelling) if spelling else None

    def allowed(self, place: Place) -> list[int]:
        """Every token for which `walk` gives a place, in ascending order; behind them the end tokens, where text may
        end. Never empty, and the same list for the same place: do not change it."""
        known, state = self.vocabulary.known, place.state
        key = self._key(place)
        if state.source is None and key in known:
            return known[key]
        ids = sorted(set(self._below(place, b"")))
        if closable(state) and not place.pending:
            ids += sorted(self.vocabulary.ends)
        if state.source is None:
            if len(known) >= _KEPT:
                known.pop(next(iter(known)))
            known[key] = ids
        return ids

    def _key(self, place: Place) -> tuple[CitationMode, int, Place]:
        """What the tokens that may come depend on; those of an answer, not on the documents."""
        state = place.state._replace(relevant=(), last=())
        if state.part is Part.ANSWER:
            return self.grammar.mode, 0, place._replace(state=state._replace(cited=()))
        return self.grammar.mode, self.grammar.documents, place._replace(state=state)

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
        choices = self.grammar.choices(place.state)
        if choices is None:
            yield from self._in_text(place, prefix)
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
            low, high = self.vocabulary.span(prefix + ahead)
            if state is not None and low < high:
                yield from self._below(Place(state), prefix + ahead)

    def _exactly(self, spelling: bytes) -> Iterator[int]:
        ordered = self.vocabulary.ordered
        low, high = self.vocabulary.span(spelling) if spelling else (0, 0)
        while low < high and ordered[low][0] == spelling:
            yield ordered[low][1]
            low += 1

    def _in_text(self, place: Place, prefix: bytes) -> Iterator[int]:
        """In free text: plain tokens need no walk, unless they begin with a space or go on with a `<`."""
        state, vocabulary = place.state, self.vocabulary
        if place.pending:
            tokens = vocabulary.inner
        elif not (prefix or state.fresh or state.guard):
            yield from vocabulary.plain
            tokens = vocabulary.odd
        else:
            tokens = vocabulary.below(prefix)
        for spelling, id in tokens:
            rest = spelling[len(prefix) :]
            is_plain = id in vocabulary.plain and not place.pending
            if not rest or (is_plain and _is_safe(state, rest)) or self._walked(place, rest) is not None:
                yield id


def _is_safe(state: State, plain: bytes) -> bool:
    """Whether text without `<`, ":" and ">" may come for certain; a line's end may not behind `<co`."""
    if not state.fresh:
        return not state.guard or b"\n" not in plain
    first = plain[:4].decode(errors="ignore")[:1]
    return not first.isspace() and not guarded(state.guard, first)
