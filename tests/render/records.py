"""Hand-made records: a document of three pages, a snippet of it, and answers that cite it."""

from __future__ import annotations

from typing import Any

from ragcli.types import (
    Answer,
    Citation,
    CitationMode,
    Cited,
    Document,
    Evidence,
    Hit,
    Outcome,
    Page,
    Scores,
    Snippet,
    Support,
    SupportStatus,
)

TEXT = (
    "Penguins are birds.\nThey live in the south.\n"
    "Emperor penguins are the tallest.\nThey reach 122 cm.\nThe little penguin is the smallest.\n"
)
QUOTE = "Emperor penguins are the tallest."
ANSWER = "Emperor penguins are the tallest, and the little penguin is the smallest."


def document(uri: str = "birds/penguins.pdf", text: str = TEXT, *, paged: bool = True) -> Document:
    pages = (Page(0, "ii"), Page(20, "iii"), Page(text.index(QUOTE) if QUOTE in text else 21, "1")) if paged else ()
    return Document(1, uri, "ab" * 32, "Tall penguins", text, pages, (("year", "2021"),))


def snippet(of: Document, start: int = 0, end: int | None = None, *, section: str = "Size > Height") -> Snippet:
    end = len(of.text) if end is None else end
    text = of.text[start:end]
    lines = (1 + of.text.count("\n", 0, start), 1 + of.text.count("\n", 0, max(end - 1, 0)))
    fields = (("title", of.title), ("section", section), ("year", "2021"), ("text", text))
    pages = (1, 2, 3) if of.pages else ()
    labels = tuple(page.label for page in of.pages)
    return Snippet(7, "0123456789abcdef", of.id, of.uri, start, end, text, fields, lines, pages, labels)


def cited(of: Snippet, quote: str, status: SupportStatus = SupportStatus.SUPPORTED, number: int = 0) -> Cited:
    start = of.start + of.text.index(quote) if quote else of.start
    return Cited(number, of, Support(status, "terms", 0.91, start, start + len(quote)))


def citation(text: str, part: str, *sources: Cited) -> Citation:
    start = text.index(part)
    return Citation(start, start + len(part), part, sources)


def _two_citations(of: Document) -> tuple[Citation, ...]:
    found = snippet(of)
    return (
        citation(ANSWER, "Emperor penguins", cited(found, QUOTE)),
        citation(ANSWER, "little penguin", cited(found, "They reach 122 cm.", SupportStatus.UNSUPPORTED)),
    )


def answer(of: Document, **changes: Any) -> Answer:
    """Two cited spans: one supported, one unsupported."""
    text = changes.pop("text", ANSWER)
    fields: dict[str, Any] = {
        "question": "Which penguins are the tallest?",
        "text": text,
        "outcome": Outcome.ANSWERED,
        "citations": _two_citations(of) if text == ANSWER else (),
        "hits": (Hit(snippet(of), Scores(0.71, 8.2, 0.83), (0, 19)),),
        "evidence": Evidence(0.8, enough=True, reason="a passage answers"),
        "mode": CitationMode.ACCURATE,
        "runtime": "extractive",
        "relevant": (0,),
        "cited": None,
    }
    return Answer(**(fields | changes))
