"""Replays written completions, piece by piece: a runtime without a model, for tests and demonstrations.

`--runtime scripted:FILE.jsonl`: each line is a completion in Command-R's grammar, as a JSON string or as
{"completion": "..."}.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from ragcli.errors import MissingError, UsageError
from ragcli.ground import render
from ragcli.types import Finish, Model, Piece, Prompt, Sampling

CONTEXT_TOKENS: Final = 128_000
"""Command-R's own window, so that prompts are packed as for the model."""


def create(rest: str, **_: object) -> ScriptedRuntime:
    """Reads the JSONL file `rest`; "" has no completions. MissingError: no such file; UsageError: not JSONL."""
    if not rest:
        return ScriptedRuntime(())
    try:
        lines = Path(rest).read_text(encoding="utf-8").split("\n")
    except OSError as error:
        raise MissingError(f"cannot read the script {rest!r}: {error.strerror}") from error
    except ValueError as error:
        raise UsageError(f"the script {rest!r} is not UTF-8 text") from error
    return ScriptedRuntime([_completion(line, f"{rest}:{n}") for n, line in enumerate(lines, 1) if line.strip()])


def _completion(line: str, place: str) -> str:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{place} is not JSON") from error
    completion = record.get("completion") if isinstance(record, dict) else record
    if not isinstance(completion, str):
        raise UsageError(f"{place} holds no completion", 'write a JSON string or {"completion": "..."} per line')
    return completion


class ScriptedRuntime:
    """Answers the n-th question with the n-th completion, `piece_chars` characters at a time, whatever is asked."""

    def __init__(self, completions: Sequence[str], piece_chars: int = 7) -> None:
        self.name = "scripted"
        self.context_tokens = CONTEXT_TOKENS
        self.model: Model | None = None
        self._rest = list(completions)
        self._piece_chars = piece_chars

    def count_tokens(self, text: str) -> int:
        """How many words between whitespace."""
        return len(text.split())

    def stream(self, prompt: Prompt, sampling: Sampling) -> Iterator[Piece]:
        """The next completion; the last piece has Finish.STOP and the counts. UsageError when none is left."""
        if not self._rest:
            raise UsageError("the script has no completion left", "add a line per question: --runtime scripted:FILE")
        completion = self._rest.pop(0)
        size = self._piece_chars
        pieces = [completion[at : at + size] for at in range(0, len(completion), size)] or [""]
        for text in pieces[:-1]:
            yield Piece(text)
        prompt_tokens = self.count_tokens(render(prompt))
        yield Piece(pieces[-1], Finish.STOP, prompt_tokens, self.count_tokens(completion))
