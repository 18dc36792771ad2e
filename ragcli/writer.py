"""A grounded completion, token by token: chosen from logits, or forced by the grammar."""

from __future__ import annotations

import math
from typing import Final

import torch

from ragcli.chooser import Chooser
from ragcli.constraint import Constraint, Place
from ragcli.errors import RagcliError, UsageError
from ragcli.grammar import ANSWER_HEADER, Grammar
from ragcli.states import Part, State, closable, opening
from ragcli.types import CitationMode, Finish, Sampling
from ragcli.vocabulary import Vocabulary

_LAST_LINES: Final = "\nCited Documents: None\nAnswer: .\nGrounded answer: ."
_SLACK: Final = 8
"""Tokens for a character that is not whole yet, and for words that a tag splits."""
_SHORTEST: Final = 48
"""Tokens kept for an answer."""


class GroundedWriter:
    """A completion that follows the grammar and is closed within its limit, whatever the model says.

    An end token where text may end closes what is open. Where the limit is near, the answer is ended so that its
    grounded copy, with tags for a quarter of its tokens, has room.
    """

    def __init__(self, vocabulary: Vocabulary, sampling: Sampling, grammar: Grammar) -> None:
        self.tokens = 0
        self.finish: Finish | None = None
        self._vocabulary = vocabulary
        self._grammar = grammar
        self._constraint = Constraint(grammar, vocabulary)
        self._limit = sampling.max_tokens
        self._chooser = Chooser(sampling)
        self._place = Place(grammar.start)
        self._queue: list[int] = []
        self._plan: list[int] | None = None  # tokens of what is guessed, or of the copy's rest
        self._said: list[str] = []
        self._whole: list[str] = []
        self._own: list[int] = []  # the answer's tokens, as the model chose them
        self._odds = 1.0
        self._opened: list[float] = []
        self._last: tuple[list[int], torch.Tensor] | None = None
        self._cut = False
        self._ending = False
        self._floor = len(vocabulary.spell(_LAST_LINES.encode())) + _SHORTEST
        least = self._floor + len(vocabulary.spell(b"Relevant Documents: None"))
        if self._limit < least:
            told = f"{self._limit} tokens are too few for a grounded answer"
            raise UsageError(told, f"--max-new-tokens {least} or more, and room for them in the context: a smaller -k")

    def text(self) -> str:
        """What was written since it was asked last."""
        text = "".join(self._said)
        self._said.clear()
        return text

    def confidences(self) -> tuple[float, ...]:
        """Of the citations opened since it was asked last."""
        opened = tuple(self._opened)
        self._opened.clear()
        return opened

    def draft(self) -> list[int]:
        """Tokens that are likely to come; empty where the next is forced."""
        if self._queue:
            return []
        if self._plan is None:
            self._plan = self._planned(self._grammar.guess(self._place.state))
        return self._plan

    def forced(self) -> list[int]:
        """The tokens that must come now; they are part of the completion from here on."""
        forced: list[int] = []
        while self.finish is None and self._fill():
            forced.append(self._queue.pop(0))
            self._push(forced[-1])
        return forced

    def take(self, row: torch.Tensor, top: int) -> int | None:
        """The next token, forced or by its logits (vocabulary,) and the best of them; None at the end."""
        if self._fill():
            token = self._queue.pop(0)
            self._push(token)
            return token
        if self.finish is not None:
            return None
        token = self._choose(row, top)
        after = self._constraint.walk(self._place, token)
        if after is None:  # the end token: what is open is closed
            self._hurry()
        elif not self._fits(after.state, token):
            self._cut = True
            self._hurry()
        else:
            self._weigh(row, token, after.state)
            self._push(token)
            return token
        return self.take(row, top)

    def _fill(self) -> bool:
        """Whether the next token is known without asking the model."""
        if self._queue or self.finish is not None:
            return bool(self._queue)
        state = self._place.state
        if self._over(state):
            self._end()
        elif not self._place.pending:
            self._queue = self._vocabulary.spell(self._grammar.forced(state).encode())
            if not self._queue and self._is_late(state):
                self._cut = True
                self._hurry()
        return bool(self._queue)

    def _over(self, state: State) -> bool:
        last = state.part in (Part.COPY, Part.END) or (self._ending and not self._place.pending)
        return last and self._grammar.ended(state)

    def _hurry(self) -> None:
        """Queues the short way on; at the end of the text, that is the end."""
        state = self._place.state
        self._ending = state.part is Part.MARKED
        way = self._grammar.hurry(state).encode()[len(self._place.pending) :]
        self._queue = list(self._plan or ()) if self._follows(state) else self._vocabulary.spell(way)
        if not self._queue:
            self._end()

    def _end(self) -> None:
        self.tokens += 1
        self.finish = Finish.LENGTH if self._cut else Finish.STOP

    def _follows(self, state: State) -> bool:
        """Whether the plan is the rest of the copy, and the whole way to the end."""
        return state.part is Part.COPY and bool(self._plan) and not state.inside and not state.guard

    def _choose(self, row: torch.Tensor, top: int) -> int:
        state, is_late = self._place.state, bool(self._place.pending) and self._is_late(self._place.state)
        if self._chooser.greedy and not is_late:
            may_end = top in self._vocabulary.ends and closable(state) and not self._place.pending
            if may_end or self._constraint.walk(self._place, top) is not None:
                return top
        ids = self._constraint.allowed(self._place)
        if is_late:  # a character is completed, none begun
            raw = zip(ids, self._vocabulary.bytes_of(ids), strict=True)
            ids = [id for id, spelling in raw if spelling and all(0x80 <= byte < 0xC0 for byte in spelling)]
        return ids[self._chooser.choose(row[self._tensor(ids, row.device)])]

    def _tensor(self, ids: list[int], device: torch.device) -> torch.Tensor:
        """The list asked for last is kept: in free text it is nearly the whole vocabulary, again and again."""
        if self._last is None or self._last[0] is not ids:
            self._last = (ids, torch.tensor(ids, device=device))
        return self._last[1]

    def _is_late(self, state: State) -> bool:
        """Whether only what is needed for the end is left, in a list or in text."""
        left = self._limit - self.tokens
        if state.part is Part.LIST:
            return left <= self._floor
        if state.part is Part.ANSWER and self._grammar.mode is CitationMode.ACCURATE:
            return left <= len(self._own) * 5 // 4 + self._floor - _SHORTEST // 2
        if state.part in (Part.MARKED, Part.ANSWER):
            return left <= len(self._grammar.hurry(state)) + _SLACK
        return False

    def _fits(self, after: State, token: int) -> bool:
        """Whether a completion can still be closed if the copy goes on so; what was planned always fits."""
        if after.source is None or (self._plan and self._plan[0] == token and after.part is Part.COPY):
            return True
        left = self._limit - self.tokens - 2
        way = self._grammar.hurry(after).encode()
        return len(way) <= left or len(self._vocabulary.spell(way)) + _SLACK <= left

    def _weigh(self, row: torch.Tensor, token: int, after: State) -> None:
        """Keeps the odds of a tag that this token begins, or goes on with."""
        if not opening(after) or self._place.state.part is Part.OPEN:
            self._odds = 1.0
            return
        ids = self._tensor(self._constraint.allowed(self._place), row.device)
        self._odds *= math.exp(float(row[token].float() - row[ids].float().logsumexp(-1)))

    def _push(self, token: int) -> None:
        before, place = self._place, self._constraint.walk(self._place, token)
        if place is None:
            raise RagcliError(f"token {token} may not come in {before.state.part}")
        self.tokens += 1
        self._say(before, token)
        if before.state.part is not Part.OPEN and place.state.part is Part.OPEN:
            self._opened.append(self._odds)
            self._odds = 1.0
        self._plan = self._plan[1:] if self._plan and self._plan[0] == token else None
        self._place = place
        if place.state.part is Part.ANSWER and not place.state.literal:
            self._own.append(token)
        if place.state.part is Part.COPY and place.state.source is None and not place.pending:
            self._begin_copy()
        if place.state.part is Part.MARKED and not place.state.inside:
            self._place = place._replace(state=self._with_tags(place.state))

    def _say(self, before: Place, token: int) -> None:
        spelling = before.pending + self._vocabulary.bytes_of([token])[0]
        text = spelling.decode(errors="ignore")
        self._said.append(text)
        self._whole.append(text)

    def _begin_copy(self) -> None:
        """The answer is what was written between its header and the next one; its own tokens are the first plan."""
        whole = "".join(self._whole)
        answer = whole[whole.index(f"\n{ANSWER_HEADER}") + 1 + len(ANSWER_HEADER) : whole.rindex("\n")]
        state = self._grammar.copying(self._place.state, answer)
        self._place = Place(state)
        self._plan = self._planned(self._grammar.guess(state))
        if len(self._plan) + _SLACK > self._limit - self.tokens:
            self._plan = self._own_tokens(self._grammar.guess(state).encode())

    def _own_tokens(self, wanted: bytes) -> list[int]:
        """The model's tokens for the copy: never more than were counted for it."""
        own: list[int] = []
        size = 0
        for token, spelling in zip(self._own, self._vocabulary.bytes_of(self._own), strict=True):
            if not wanted.startswith(spelling, size):
                break
            own.append(token)
            size += len(spelling)
        return own + self._vocabulary.spell(wanted[size:])

    def _planned(self, guess: str) -> list[int]:
        raw = guess.encode()
        pending = self._place.pending
        return self._vocabulary.spell(raw[len(pending) :]) if raw.startswith(pending) else []

    def _with_tags(self, state: State) -> State:
        """Opens no tag, in free text, that the rest could not hold together with its closing one."""
        longest = 2 * len(str(state.cited)) + 2 * _SLACK
        return state._replace(tags=self._limit - self.tokens > longest)
