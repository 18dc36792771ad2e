"""What an answer says without a source: the claims outside of its citations, and what share of it is cited."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from ragcli import sentences
from ragcli.lexical import content_terms
from ragcli.types import Answer, CitationMode, Outcome, Span, SupportStatus, Warn

LEAST_TERMS: Final = 2
"""Content words of the shortest sentence that claims something."""
LOOSE_TERMS: Final = 4
"""Of the shortest claim beside a citation in its sentence; fewer only lead over to what is cited."""
HEADING_CHARS: Final = 80

_MARKUP: Final = re.compile(r"\s*(?:#{1,6}\s|[-=*_|:+~`\s]+\Z|\*\*[^*\n]{1,80}\*\*:?\Z)")
_STOP: Final = re.compile(r"[.!?。！？।؟…][\"'”’»)\]*_`]*\Z")
_TALK: Final = re.compile(
    r"\W*(?:hello|hi|hey|dear|thanks(?! to)|thank you|you(?:'|’)re welcome|sorry|hope (?:this|that|it)"
    r"|i(?:'|’)?m (?:sorry|afraid|not sure|unable)|i (?:am|hope|can(?:no|')?t?|could|do|don|would|will|apologi[sz]e)\b"
    r"|let me know|feel free|please|here (?:is|are)\b|here(?:'|’)s|in (?:summary|short|conclusion)\W*\Z"
    r"|hallo|danke|leider|ich (?:hoffe|kann|habe)|hier (?:ist|sind)|bitte"
    r"|bonjour|merci|désolé|voici|hola|gracias|lo siento|aquí)\b",
    re.IGNORECASE,
)
_SILENT: Final = re.compile(
    r"(?:documents?|sources?|passages?|texts?|results?|context|information)\b[^.\n]{0,60}"
    r"\b(?:not|n['’]t|no|neither|lack)\b[^.\n]{0,40}"
    r"\b(?:answer|say|state|mention|contain|provide|specify|include|describe|give|available|found|enough)"
    r"|\b(?:no|not enough|insufficient) (?:information|details?|mention|evidence|documents?)\b"
    r"|\b(?:dokumente?|quellen?|unterlagen|texte?)\b[^.\n]{0,60}\b(?:nicht|keine?n?)\b"
    r"|\b(?:documents?|sources|textes?)\b[^.\n]{0,40}\bne\b[^.\n]{0,40}\bpas\b"
    r"|\b(?:documentos?|fuentes|textos?)\b[^.\n]{0,40}\bno\b",
    re.IGNORECASE,
)


def spans(text: str, cited: Sequence[Span]) -> tuple[Span, ...]:
    """The claims of a text, or the parts of them, that lie in none of the cited spans; trimmed, in order.

    What is no claim: greetings, headings, questions, lead-ins, and the statement that the documents do not answer.
    """
    found: list[Span] = []
    for start, end in sentences.spans(text):
        if not _claims(text, start, end):
            continue
        inside = [each for each in cited if each[0] < end and each[1] > start]
        least = LOOSE_TERMS if inside else LEAST_TERMS
        found += [gap for gap in _gaps(text, (start, end), inside) if _says(text[slice(*gap)], least)]
    return tuple(found)


def coverage(text: str, cited: Sequence[Span]) -> float | None:
    """The share of the characters of a text's claims that are cited or lead over to what is; None without claims."""
    claimed = sum(end - start for start, end in sentences.spans(text) if _claims(text, start, end))
    if not claimed:
        return None
    return round(1 - min(claimed, sum(end - start for start, end in spans(text, cited))) / claimed, 4)


def account(answer: Answer) -> Answer:
    """The answer with what it leaves uncited; nothing where it was asked to cite nothing or has no text."""
    if answer.mode is CitationMode.OFF or not answer.text:
        return answer
    cited = [(each.start, each.end) for each in answer.citations]
    return replace(answer, uncited=spans(answer.text, cited), coverage=coverage(answer.text, cited))


def strict(answer: Answer) -> Answer:
    """The answer without its unsupported citations; `unsupported` where that, or the model, leaves a claim bare."""
    if answer.outcome not in (Outcome.ANSWERED, Outcome.UNCITED):
        return answer
    kept = []
    for citation in answer.citations:
        sources = tuple(each for each in citation.sources if each.support.status is not SupportStatus.UNSUPPORTED)
        if sources:
            kept.append(replace(citation, sources=sources))
    lost = sum(len(each.sources) for each in answer.citations) - sum(len(each.sources) for each in kept)
    left = account(replace(answer, citations=tuple(kept)))
    warnings = [*answer.warnings, Warn("unsupported", f"{_count(lost, 'source')} dropped")] if lost else answer.warnings
    bare = len(answer.citations) - len(kept) or len(left.uncited)
    outcome = Outcome.UNSUPPORTED if bare or not kept else answer.outcome
    return replace(left, warnings=tuple(warnings), outcome=outcome)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number != 1 else ''}"


def _claims(text: str, start: int, end: int) -> bool:
    """Whether a sentence says something that a source could carry."""
    said = text[start:end]
    if said.endswith(("?", "？", "؟", ":", "：")) or _MARKUP.match(said) or _TALK.match(said) or _SILENT.search(said):
        return False
    alone = not start or text[start - 1] == "\n"
    titled = alone and text[end : end + 1] == "\n" and end - start < HEADING_CHARS and not _STOP.search(said)
    return not (titled and not said[0].isdigit() and said[0] not in "-*+•") and _says(said, LEAST_TERMS)


def _says(text: str, least: int) -> bool:
    """Whether it has words or numbers enough for a claim."""
    terms = set(content_terms(text))
    return len(terms) >= least or (bool(terms) and any(letter.isdigit() for letter in text))


def _gaps(text: str, sentence: Span, inside: Iterable[Span]) -> list[Span]:
    """What of a sentence is in none of the spans, trimmed."""
    at, gaps = sentence[0], []
    for start, end in sorted(inside):
        gaps.append((at, min(start, sentence[1])))
        at = max(at, end)
    gaps.append((at, sentence[1]))
    return [trimmed for start, end in gaps if (trimmed := _trim(text, start, end))[0] < trimmed[1]]


def _trim(text: str, start: int, end: int) -> Span:
    while start < end and not text[start].isalnum():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end
