"""Forward passes of a completion: ours against plain decoding under the same grammar and against prompt lookup.

    python benchmarks/decoding.py [--longest 800] [--citations 0 1 3 6 12 20]

The model is a random-weight Command-R whose logits are overlaid by the completion it is to write, so that answers of
50-800 tokens with 0-20 citations can be had; each way of decoding must write that text, or the case fails. Passes
are counted, not timed. `plain`: `generate` with a processor that lets through what the grammar chooses.
`lookup`: `generate(prompt_lookup_num_tokens=10)` with the documents in the prompt, from which it drafts too.
Prints a table and, as its last line, one JSON document.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import LogitsProcessorList

sys.path.insert(0, str(Path(__file__).parents[1]))

from ragcli.citations import write
from ragcli.decoding import decode
from ragcli.grammar import Grammar
from ragcli.types import CitationMode, Mark, Sampling
from tests import tinylm
from tests.test_decoding import Plainly

LENGTHS = (50, 100, 160, 250, 400, 800)
CITATIONS = (0, 1, 3, 6, 12, 20)
DOCUMENTS = 3
LOOKUP_TOKENS = 10
LONG = 150
GROUNDED = "Grounded answer:"
WORDS = (
    "tower harbour metres tall penguins live Antarctica growing height keeper lighthouse wrote book evening light seen "
    "path open code more links could each far how up to in the of is and"
).split()


@dataclass(frozen=True, slots=True)
class Counted:
    """Passes of one completion: of all of it, and of what follows `Grounded answer:`."""

    whole: int
    grounded: int


@dataclass(frozen=True, slots=True)
class Row:
    """A case: its size, and what each way of decoding took."""

    answer_tokens: int
    citations: int
    ours: Counted
    plain: Counted
    lookup: Counted
    fast: Counted
    plain_fast: Counted


def answer(tokens: int, draw: random.Random) -> str:
    """Sentences of about so many tokens."""
    text = ""
    while len(tinylm.vocabulary().encode(text)) < tokens:
        words = [draw.choice(WORDS) for _ in range(draw.randint(5, 14))]
        words.insert(draw.randrange(len(words)), str(draw.randint(2, 2500)))
        text += f"{' ' if text else ''}{' '.join(words).capitalize()}."
    return text


def marks(text: str, count: int, draw: random.Random) -> list[Mark]:
    """Spans of one to six words that do not touch, most of one document, as real ones are (contract 4.2)."""
    starts = [at for at in range(len(text)) if at == 0 or text[at - 1] == " "]
    ends = [at for at in range(1, len(text) + 1) if at == len(text) or text[at] == " "]
    stride = len(starts) // max(count, 1)
    made = []
    for number in range(count):
        first = number * stride + draw.randrange(max(1, stride // 3))
        last = min(first + draw.randint(0, min(5, max(0, stride - stride // 3 - 1))), len(ends) - 1)
        end = ends[last] - (text[ends[last] - 1] == "." and draw.random() < 0.5)
        sources = sorted(draw.sample(range(DOCUMENTS), draw.choices((1, 2, 3), (80, 15, 5))[0]))
        made.append(Mark(starts[first], end, tuple(sources)))
    return made


def ours(model: tinylm.Behaving, wanted: str, prompt: Sequence[int], mode: CitationMode) -> Counted:
    model.tell(wanted, len(prompt))
    text, before, passes = "", 0, 0
    grammar, sampling = Grammar(mode, DOCUMENTS), Sampling(max_tokens=8000)
    for step in decode(model, prompt, vocabulary=tinylm.vocabulary(), grammar=grammar, sampling=sampling):
        text, passes = text + step.text, step.passes
        before = before if GROUNDED in text[: -len(step.text) or None] else passes
    check(text, wanted)
    return Counted(passes, passes - before)


def generated(model: Any, wanted: str, prompt: Sequence[int], **how: Any) -> Counted:
    """Passes of `generate`; the grounded part's begin behind the tokens of its header."""
    model.tell(wanted, len(prompt))
    ids = torch.tensor([prompt])
    made = model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=8000, do_sample=False, **how)
    spellings = tinylm.vocabulary().bytes_of(made[0, len(prompt) :].tolist())
    check(b"".join(spellings).decode(), wanted)
    header, text = len(prompt), b""
    while GROUNDED.encode() not in text:
        text += spellings[header - len(prompt)]
        header += 1
    return Counted(len(model.passes), sum(start + count >= header for start, count in model.passes))


def check(text: str, wanted: str) -> None:
    if text != wanted:
        raise SystemExit(f"wrote {text[-300:]!r} instead of {wanted[-300:]!r}")


def measured(tokens: int, citations: int, draw: random.Random) -> Row:
    text = answer(tokens, draw)
    cited = marks(text, citations, draw)
    numbers = sorted({number for mark in cited for number in mark.numbers})
    accurate, fast = (
        write(text, cited, mode=mode, relevant=range(DOCUMENTS), cited=numbers)
        for mode in (CitationMode.ACCURATE, CitationMode.FAST)
    )
    documents = "".join(f"\nDocument: {number}\ntext: {answer(120, draw)}\n" for number in range(DOCUMENTS))
    prompt = [*tinylm.prompt()[:-1], *tinylm.vocabulary().encode(documents), tinylm.prompt()[-1]]
    model = tinylm.behaving("", layers=1)
    sampling = Sampling(max_tokens=8000)

    def plainly(wanted: str, mode: CitationMode) -> Counted:
        processors = LogitsProcessorList([Plainly(mode, sampling)])
        return generated(model, wanted, prompt, logits_processor=processors)

    return Row(
        len(tinylm.vocabulary().encode(text)),
        len(cited),
        ours(model, accurate, prompt, CitationMode.ACCURATE),
        plainly(accurate, CitationMode.ACCURATE),
        generated(model, accurate, prompt, prompt_lookup_num_tokens=LOOKUP_TOKENS),
        ours(model, fast, prompt, CitationMode.FAST),
        plainly(fast, CitationMode.FAST),
    )


def summary(rows: Sequence[Row]) -> dict[str, Any]:
    long = [row for row in rows if row.answer_tokens > LONG]

    def mean(ratios: list[float]) -> float:
        return round(statistics.mean(ratios), 4)

    return {
        "cases": len(rows),
        "cases_over_150_tokens": len(long),
        "grounded_ours_of_plain_over_150_tokens": mean([row.ours.grounded / row.plain.grounded for row in long]),
        "grounded_ours_of_lookup_over_150_tokens": mean([row.ours.grounded / row.lookup.grounded for row in long]),
        "grounded_worst_of_plain_over_150_tokens": round(max(r.ours.grounded / r.plain.grounded for r in long), 4),
        "accurate_of_fast_ours": mean([row.ours.whole / row.fast.whole for row in rows]),
        "accurate_of_fast_ours_worst": round(max(row.ours.whole / row.fast.whole for row in rows), 4),
        "accurate_of_fast_plain": mean([row.plain.whole / row.plain_fast.whole for row in rows]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--longest", type=int, default=max(LENGTHS), help="leave longer answers out")
    parser.add_argument("--citations", type=int, nargs="*", default=list(CITATIONS))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    print("answer citations | grounded: ours plain lookup | accurate: ours plain lookup | fast: ours plain")
    for length in LENGTHS:
        for count in arguments.citations:
            if length > arguments.longest or count > length // 12:
                continue
            rows.append(row := measured(length, count, random.Random(f"{length}:{count}")))
            grounded = (row.ours.grounded, row.plain.grounded, row.lookup.grounded)
            whole = (row.ours.whole, row.plain.whole, row.lookup.whole, row.fast.whole, row.plain_fast.whole)
            print(row.answer_tokens, row.citations, "|", *grounded, "|", *whole, flush=True)
    print(json.dumps({**summary(rows), "rows": [asdict(row) for row in rows]}))


if __name__ == "__main__":
    main()
