"""Question -> Answer, the straight line: retrieve, judge, ground, generate, parse, check."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ragcli import backends, citations, evidence, followup, salience, support, uncited
from ragcli.budget import Fitted, fit
from ragcli.ground import chat, ground
from ragcli.record import record
from ragcli.rerank import DEFAULT
from ragcli.retrieve import search
from ragcli.types import (
    Answer,
    Citation,
    CitationMode,
    Completion,
    Evidence,
    Filters,
    Finish,
    Hit,
    Outcome,
    Piece,
    Prompt,
    Sampling,
    Snippet,
    SupportStatus,
    Turn,
    Usage,
    Warn,
)

if TYPE_CHECKING:
    from ragcli.index import Index
    from ragcli.protocols import Reranker, Runtime

COPIES: Final = 4
"""Near-copies of a source that are cited beside it."""


def ask(
    question: str,
    *,
    index: Index,
    runtime: Runtime,
    mode: CitationMode = CitationMode.ACCURATE,
    k: int = 5,
    filters: Filters = Filters(),
    reranker: Reranker | None = None,
    sampling: Sampling = Sampling(),
    history: Sequence[Turn] = (),
    preamble: str = "",
    enough: float | None = None,
    on_text: Callable[[str], None] = lambda _: None,
    stoppable: bool = False,
) -> Answer:
    """The answer to `question` from the k best snippets, or as many of them as the runtime's context takes;
    `on_text` gets its clean text as it comes.

    With evidence below `enough` (None: the index's own) the outcome is `no_evidence` and no runtime is called. If
    `stoppable`, an interrupt ends the answer where it is (`Finish.CANCELLED`), and is raised only as long as nothing
    was said.
    """
    # 1. find, and see whether what was found answers at all
    started = time.monotonic()
    hits, judged = find(question, index=index, k=k, filters=filters, reranker=reranker, history=history, enough=enough)
    found = time.monotonic()
    outline = Answer(
        question, "", Outcome.NO_EVIDENCE, (), tuple(hits), judged, mode, runtime.name, model=runtime.model
    )
    if not judged.enough:
        return replace(outline, usage=Usage(retrieve_s=found - started))
    # 2. ground, generate, parse as it comes
    fitted = prompt_for(
        question, hits, runtime=runtime, mode=mode, sampling=sampling, history=history, preamble=preamble
    )
    snippets = fitted.prompt.snippets
    parser = citations.Parser(mode, len(snippets))
    heard = _listen(runtime.stream(fitted.prompt, sampling), parser.feed, on_text, stoppable)
    completion = parser.close()
    # 3. check every source against what is said of it
    cited = _check(completion, hits[: len(snippets)], index)
    given = replace(
        outline,
        text=completion.text,
        outcome=_outcome(completion, mode),
        citations=_confident(cited, completion, heard.confidences),
        hits=tuple(hits[: len(snippets)]),
        dropped=tuple(hits[len(snippets) :]),
        relevant=completion.relevant,
        cited=completion.cited,
        finish=heard.last.finish or Finish.STOP,
        warnings=(*_no_room(fitted, runtime), *completion.warnings),
        usage=_usage(heard.last, started, found),
    )
    return uncited.account(given)


def find(
    question: str,
    *,
    index: Index,
    k: int = 5,
    filters: Filters = Filters(),
    reranker: Reranker | None = None,
    history: Sequence[Turn] = (),
    enough: float | None = None,
) -> tuple[list[Hit], Evidence]:
    """The k best snippets, and whether they answer at all. `reranker` None is the default one."""
    tuned = index.tuning
    reader = reranker or backends.create("reranker", DEFAULT, embedder=index.embedder, share=tuned.rerank)
    hits = search(question, index, reranker=reader, k=k, filters=filters, history=history)
    snippets = [hit.snippet for hit in hits]
    sentences = salience.score(question, snippets, embedder=index.embedder, idf=index.idf, likeness=tuned.likeness)
    least = tuned.enough if enough is None else enough
    return hits, evidence.judge(question, hits, sentences=sentences, idf=index.idf, enough=least)


def prompt_for(
    question: str,
    hits: Sequence[Hit],
    *,
    runtime: Runtime,
    mode: CitationMode = CitationMode.ACCURATE,
    sampling: Sampling = Sampling(),
    history: Sequence[Turn] = (),
    preamble: str = "",
) -> Fitted:
    """The prompt of as many of the best hits as leave room for the answer. UsageError: there is none for any."""
    room = runtime.context_tokens - sampling.max_tokens

    def grounded(kept: Sequence[Snippet]) -> Prompt:
        return ground(question, kept, mode, history=history, preamble=preamble)

    fitted = fit(grounded, [hit.snippet for hit in hits], count_tokens=runtime.count_tokens, room=room)
    return replace(fitted, prompt=replace(fitted.prompt, question=followup.standalone(question, history)))


def ask_plainly(
    question: str,
    *,
    runtime: Runtime,
    sampling: Sampling = Sampling(),
    history: Sequence[Turn] = (),
    preamble: str = "",
    on_text: Callable[[str], None] = lambda _: None,
    stoppable: bool = False,
) -> Answer:
    """What the model says without documents: its text as it is, `uncited`, or `declined` where it says nothing."""
    started = time.monotonic()
    fitted = plain_prompt(question, runtime=runtime, sampling=sampling, history=history, preamble=preamble)
    said: list[str] = []

    def take(text: str) -> str:
        said.append(text if any(said) else text.lstrip())
        return said[-1]

    heard = _listen(runtime.stream(fitted.prompt, sampling), take, on_text, stoppable)
    text = "".join(said).rstrip()
    judged = Evidence(0.0, enough=False, reason="no documents were looked up")
    return Answer(
        question,
        text,
        Outcome.UNCITED if text else Outcome.DECLINED,
        (),
        (),
        judged,
        fitted.prompt.mode,
        runtime.name,
        finish=heard.last.finish or Finish.STOP,
        usage=_usage(heard.last, started, started),
        model=runtime.model,
    )


def plain_prompt(
    question: str,
    *,
    runtime: Runtime,
    sampling: Sampling = Sampling(),
    history: Sequence[Turn] = (),
    preamble: str = "",
) -> Fitted:
    """The prompt of plain chat. UsageError: it leaves no room for the answer."""
    room = runtime.context_tokens - sampling.max_tokens
    plain = chat(question, history=history, preamble=preamble)
    return fit(lambda _: plain, (), count_tokens=runtime.count_tokens, room=room)


@record
class _Heard:
    """The last piece of a completion, and the odds of its citations in order."""

    last: Piece
    confidences: tuple[float, ...]


def _listen(
    pieces: Iterator[Piece], take: Callable[[str], str], on_text: Callable[[str], None], stoppable: bool
) -> _Heard:
    """Passes on what `take` makes of each piece, to the end or to an interrupt after something was said."""
    last = Piece("", Finish.STOP)
    said = False
    confidences: list[float] = []
    try:
        for last in pieces:
            confidences += last.confidences
            text = take(last.text)
            said = said or bool(text)
            on_text(text)
    except KeyboardInterrupt:
        if not (stoppable and said):
            raise
        last = replace(last, finish=Finish.CANCELLED)
    return _Heard(last, tuple(confidences))


def _check(completion: Completion, hits: Sequence[Hit], index: Index) -> tuple[Citation, ...]:
    """The citations with every source checked; near-copies of a source that support a claim as well are cited too,
    under its number."""
    places = [(number, hit.snippet) for number, hit in enumerate(hits)]
    places += [(number, copy) for number, hit in enumerate(hits) for copy in hit.copies[:COPIES]]
    marks = [
        replace(mark, numbers=tuple(at for at, (number, _) in enumerate(places) if number in mark.numbers))
        for mark in completion.marks
    ]
    snippets = [snippet for _, snippet in places]
    found = support.check(completion.text, marks, snippets, idf=index.idf, embedder=index.embedder)
    return tuple(
        replace(
            citation,
            sources=tuple(
                replace(each, number=places[each.number][0])
                for each in citation.sources
                if each.number < len(hits) or each.support.status is SupportStatus.SUPPORTED
            ),
        )
        for citation in found
    )


def _usage(last: Piece, started: float, found: float) -> Usage:
    return Usage(last.prompt_tokens, last.completion_tokens, found - started, time.monotonic() - found)


def _no_room(fitted: Fitted, runtime: Runtime) -> tuple[Warn, ...]:
    """What did not fit is said."""
    if not fitted.dropped:
        return ()
    found = len(fitted.dropped) + len(fitted.prompt.snippets)
    return (Warn("no_room", f"{len(fitted.dropped)} of {found} documents: {runtime.context_tokens:,} tokens in all"),)


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
