"""Question -> Answer, the straight line: retrieve, judge, ground, generate, parse, check."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ragcli import citations, evidence, followup, salience, support
from ragcli.ground import ground
from ragcli.rerank import rerank
from ragcli.retrieve import retrieve
from ragcli.types import (
    Answer,
    Citation,
    CitationMode,
    Completion,
    Filters,
    Finish,
    Outcome,
    Piece,
    Sampling,
    SearchMode,
    Turn,
    Usage,
)

if TYPE_CHECKING:
    from ragcli.index import Index
    from ragcli.protocols import Runtime

SPARE: Final = 2
"""Hits fetched for each one kept, so that near-copies can go."""


def ask(
    question: str,
    *,
    index: Index,
    runtime: Runtime,
    mode: CitationMode = CitationMode.ACCURATE,
    k: int = 5,
    filters: Filters = Filters(),
    search: SearchMode = SearchMode.HYBRID,
    sampling: Sampling = Sampling(),
    history: Sequence[Turn] = (),
    on_text: Callable[[str], None] = lambda _: None,
    stoppable: bool = False,
) -> Answer:
    """The answer to `question` from the k best snippets; `on_text` gets its clean text as it comes.

    Without evidence the outcome is `no_evidence` and no runtime is called. If `stoppable`, an interrupt
    ends the answer where it is (`Finish.CANCELLED`), and is raised only as long as nothing was said.
    """
    # 1. find, and see whether what was found answers at all
    started = time.monotonic()
    hits = rerank(retrieve(question, index, mode=search, k=SPARE * k, filters=filters, history=history), k)
    snippets = [hit.snippet for hit in hits]
    sentences = salience.score(question, snippets, embedder=index.embedder, idf=index.idf)
    judged = evidence.judge(question, hits, sentences=sentences, idf=index.idf)
    found = time.monotonic()
    outline = Answer(
        question, "", Outcome.NO_EVIDENCE, (), tuple(hits), judged, mode, runtime.name, model=runtime.model
    )
    if not judged.enough:
        return replace(outline, usage=Usage(retrieve_s=found - started))
    # 2. ground, generate, parse as it comes
    grounded = ground(question, snippets, mode, history=history)
    prompt = replace(grounded, question=followup.standalone(question, history))
    parser = citations.Parser(mode, len(snippets))
    last = Piece("", Finish.STOP)
    said = False
    confidences: list[float] = []
    try:
        for last in runtime.stream(prompt, sampling):
            confidences += last.confidences
            text = parser.feed(last.text)
            said = said or bool(text)
            on_text(text)
    except KeyboardInterrupt:
        if not (stoppable and said):
            raise
        last = replace(last, finish=Finish.CANCELLED)
    completion = parser.close()
    # 3. check every source against what is said of it
    cited = support.check(completion.text, completion.marks, snippets, idf=index.idf)
    return replace(
        outline,
        text=completion.text,
        outcome=_outcome(completion, mode),
        citations=_confident(cited, completion, confidences),
        relevant=completion.relevant,
        cited=completion.cited,
        finish=last.finish or Finish.STOP,
        warnings=completion.warnings,
        usage=Usage(last.prompt_tokens, last.completion_tokens, found - started, time.monotonic() - found),
    )


def _confident(cited: Sequence[Citation], completion: Completion, confidences: Sequence[float]) -> tuple[Citation, ...]:
    """The citations with the model's odds of opening them, where it gave them for all of its marks."""
    if len(confidences) != len(completion.marks):
        return tuple(cited)
    known = {(mark.start, mark.end): odds for mark, odds in zip(completion.marks, confidences, strict=True)}
    return tuple(replace(each, confidence=known.get((each.start, each.end))) for each in cited)


def _outcome(completion: Completion, mode: CitationMode) -> Outcome:
    """`None` in the list of cited documents is the model's way to say that they do not answer."""
    if completion.cited == () and not completion.marks:
        return Outcome.DECLINED
    if not completion.text:
        return Outcome.DECLINED
    return Outcome.ANSWERED if completion.marks or mode is CitationMode.OFF else Outcome.UNCITED
