"""How the tiny Command-R does on names it never saw: `python -m tests.data.score_tiny FOLDER --level 2`.

100 questions a mode, decoded by the runtime's own loop with the grammar and without it; a line of JSON a mode.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from ragcli import backends, citations
from ragcli.types import CitationMode, Prompt, Sampling
from tests.data.tiny_world import Example, example, written
from tests.test_grammar import accepts

GREEDY = Sampling(max_tokens=120)
SEED = 20_000


def runtime(folder: Path, **options: Any) -> Any:
    return backends.create("runtime", f"command_r:{folder}", **{"device": "cpu", **options})


def unseen(level: int, count: int, seed: int = SEED) -> Iterator[Example]:
    rng = random.Random(seed)
    for _ in range(count):
        yield example(rng, level, held_out=True)


def said(model: Any, prompt: Prompt) -> str:
    return "".join(piece.text for piece in model.stream(prompt, GREEDY))


def marks(one: Example, text: str, mode: CitationMode) -> Counter[str]:
    """What is right of a completion; `answerable` and `unanswerable` are what to divide by."""
    read = citations.parse(text, mode, len(one.documents))
    right = Counter(
        format=accepts(mode, text, len(one.documents)),
        relevant=read.relevant == one.relevant,
        exact=text == written(one.completion(mode)),
    )
    if one.cited is None:
        declined = not read.cited and not read.marks and read.text == one.answer
        right.update(unanswerable=1, declined=declined)
        return right
    cited = read.cited == (one.cited,) and {mark.numbers for mark in read.marks} == {(one.cited,)}
    right.update(answerable=1, cited=cited, answer=read.text == one.answer)
    return right


def score(folder: Path, level: int, mode: CitationMode, count: int, **options: Any) -> dict[str, Any]:
    bound, free = (runtime(folder, constrain=constrain, **options) for constrain in (True, False))
    totals: dict[str, Counter[str]] = {"constrained": Counter(), "free": Counter()}
    valid = same = 0
    for one in unseen(level, count):
        prompt = one.prompt(mode)
        ours, plain = said(bound, prompt), said(free, prompt)
        totals["constrained"].update(marks(one, ours, mode))
        totals["free"].update(marks(one, plain, mode))
        is_valid = accepts(mode, plain, len(one.documents))
        valid += is_valid
        same += is_valid and plain == ours
    return {"mode": mode.value, "level": level, "questions": count, **totals, "valid": valid, "same": same}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--level", type=int, default=2)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--quant", default="none")
    given = parser.parse_args()
    torch.set_num_threads(1)
    for mode in (CitationMode.ACCURATE, CitationMode.FAST):
        counted = score(given.folder, given.level, mode, given.count, quant=given.quant)
        sys.stdout.write(json.dumps(counted) + "\n")


if __name__ == "__main__":
    main()
