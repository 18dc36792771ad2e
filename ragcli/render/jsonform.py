"""Records to plain JSON values, as `ragcli/schemas` describes them, and those values to one line of JSON."""

from __future__ import annotations

import base64
import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from ragcli.errors import EXIT_NO_EVIDENCE, EXIT_OK, EXIT_PARTIAL, CheckFailed, RagcliError
from ragcli.render.parts import reason
from ragcli.render.place import Documents, best_span, place_of, title
from ragcli.render.safe import path_bytes, safe_json
from ragcli.types import (
    OFFSET_UNIT,
    Answer,
    Citation,
    Cited,
    Document,
    FileOutcome,
    FileState,
    Hit,
    IngestReport,
    Outcome,
    Scores,
    Snippet,
    Span,
)

Value = dict[str, Any]

DIGITS: Final = 6
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
ANSWERABLE: Final = {
    Outcome.ANSWERED: "yes",
    Outcome.UNCITED: "partial",
    Outcome.UNSUPPORTED: "partial",
    Outcome.NO_EVIDENCE: "no",
    Outcome.DECLINED: "no",
}


def dumps(value: Value, *, ascii_only: bool = False, indent: int | None = None) -> str:
    """JSON without NaN or lone surrogates, floats at six digits, inert on a terminal. One line unless `indent`."""
    return safe_json(json.dumps(_clean(value), ensure_ascii=ascii_only, allow_nan=False, indent=indent))


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return value if value.isascii() else _LONE_SURROGATE.sub("\ufffd", value)
    if isinstance(value, float):
        return round(value, DIGITS)
    if isinstance(value, dict):
        return {_clean(key): _clean(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(each) for each in value]
    return value


def path_value(uri: str) -> str | dict[str, str]:
    """A path as a string, or as {"bytes": base64} where its bytes are not UTF-8."""
    if _LONE_SURROGATE.search(uri):
        return {"bytes": base64.b64encode(path_bytes(uri)).decode("ascii")}
    return uri


def exit_code(outcome: Outcome) -> int:
    """What a question with this outcome exits with."""
    if outcome is Outcome.UNSUPPORTED:
        return CheckFailed.exit_code
    return EXIT_NO_EVIDENCE if outcome in {Outcome.NO_EVIDENCE, Outcome.DECLINED} else EXIT_OK


def answer_value(answer: Answer, documents: Documents) -> Value:
    """ragcli.answer/1."""
    declined = exit_code(answer.outcome) == EXIT_NO_EVIDENCE
    return {
        "schema": "ragcli.answer/1",
        "ok": answer.outcome is not Outcome.UNSUPPORTED,
        "exit_code": exit_code(answer.outcome),
        "question": answer.question,
        "answer": answer.text,
        "offset_unit": OFFSET_UNIT,
        "outcome": answer.outcome.value,
        "answerable": ANSWERABLE[answer.outcome],
        "abstention": {"reason": answer.outcome.value, "detail": reason(answer)} if declined else None,
        "evidence": asdict(answer.evidence),
        "finish": answer.finish.value,
        "citations": [_citation(citation, documents) for citation in answer.citations],
        "uncited_spans": [{"start": a, "end": b, "text": answer.text[a:b]} for a, b in answer.uncited],
        "coverage": answer.coverage,
        "documents": [_hit(rank, hit, documents) for rank, hit in enumerate(answer.hits, 1)],
        "dropped": [_hit(rank, hit, documents) for rank, hit in enumerate(answer.dropped, len(answer.hits) + 1)],
        "relevant": None if answer.relevant is None else list(answer.relevant),
        "cited": None if answer.cited is None else list(answer.cited),
        "model": {
            "runtime": answer.runtime,
            "citation_mode": answer.mode.value,
            "weights": None if answer.model is None else asdict(answer.model),
        },
        "usage": asdict(answer.usage),
        "warnings": [{"code": warning.code, "detail": warning.detail} for warning in answer.warnings],
    }


def _citation(citation: Citation, documents: Documents) -> Value:
    return {
        "start": citation.start,
        "end": citation.end,
        "text": citation.text,
        "type": "TEXT_CONTENT",
        "content_index": 0,
        "sources": [_source(cited, documents) for cited in citation.sources],
        "confidence": citation.confidence,
    }


def _source(cited: Cited, documents: Documents) -> Value:
    snippet, support = cited.snippet, cited.support
    quote = snippet.text[max(support.start - snippet.start, 0) : max(support.end - snippet.start, 0)]
    return {
        "type": "document",
        "id": snippet.ref,
        "document": document_fields(snippet),
        "number": cited.number,
        "location": _location(snippet, (support.start, support.end), documents),
        "support": {
            "status": support.status.value,
            "method": support.method,
            "score": support.score,
            "quote": quote,
            "start": support.start,
            "end": support.end,
        },
    }


def document_fields(snippet: Snippet) -> Value:
    """Cohere's `document`: strings only, the fields the model saw; ours of the same name are not overwritten."""
    seen = {key: value for key, value in snippet.fields if key not in {"id", "title", "snippet", "text"}}
    return {"id": snippet.ref, "title": title(snippet), "snippet": snippet.text, **seen}


def _location(snippet: Snippet, span: Span, documents: Documents) -> Value:
    place = place_of(snippet, span, documents)
    document = documents.get(snippet.uri)
    return {
        "path": path_value(snippet.uri),
        "sha256": document.sha256 if document else None,
        "page_start": place.pages[0] if place.pages else None,
        "page_end": place.pages[-1] if place.pages else None,
        "page_labels": list(place.page_labels),
        "line_start": place.lines[0],
        "line_end": place.lines[1],
        "section": place.section,
        "snippet_start": snippet.start,
        "snippet_end": snippet.end,
    }


def _scores(scores: Scores) -> Value:
    return {"dense": scores.dense, "lexical": scores.lexical, "fused": scores.fused, "rerank": scores.rerank}


def _hit(rank: int, hit: Hit, documents: Documents) -> Value:
    start, end = best_span(hit)
    return {
        "rank": rank,
        "id": hit.snippet.ref,
        "document": document_fields(hit.snippet),
        "location": _location(hit.snippet, (hit.snippet.start, hit.snippet.end), documents),
        "scores": _scores(hit.scores),
        "best": {"start": start, "end": end, "text": hit.snippet.text[hit.best[0] : hit.best[1]]},
        "copies": [
            {"id": copy.ref, "location": _location(copy, (copy.start, copy.end), documents)} for copy in hit.copies
        ],
    }


def hits_value(question: str, mode: str, hits: Sequence[Hit], documents: Documents) -> Value:
    """ragcli.hits/1."""
    return {
        "schema": "ragcli.hits/1",
        "ok": True,
        "exit_code": EXIT_OK if hits else EXIT_NO_EVIDENCE,
        "query": question,
        "mode": mode,
        "offset_unit": OFFSET_UNIT,
        "hits": [_hit(rank, hit, documents) for rank, hit in enumerate(hits, 1)],
    }


def hit_value(rank: int, hit: Hit, documents: Documents) -> Value:
    """ragcli.hit/1: one line of `search --jsonl`."""
    return {"schema": "ragcli.hit/1", "offset_unit": OFFSET_UNIT, **_hit(rank, hit, documents)}


def file_value(outcome: FileOutcome) -> Value:
    """One file of the ledger."""
    return {
        "path": path_value(outcome.uri),
        "state": outcome.state.value,
        "reason": outcome.reason,
        "snippets": outcome.snippets,
        "notes": list(outcome.notes),
    }


def file_event(outcome: FileOutcome) -> Value:
    """ragcli.ingest/1, event `file`."""
    return {"schema": "ragcli.ingest/1", "event": "file", **file_value(outcome)}


def summary_event(report: IngestReport, index: str, *, planned: bool = False) -> Value:
    """ragcli.ingest/1, event `summary`, the last line. `planned`: a dry run, nothing was written."""
    states = Counter(outcome.state for outcome in report.outcomes)
    failed = states[FileState.FAILED] > 0
    return {
        "schema": "ragcli.ingest/1",
        "event": "summary",
        "ok": not failed,
        "exit_code": EXIT_PARTIAL if failed else EXIT_OK,
        "index": path_value(index),
        "planned": planned,
        "files": len(report.outcomes),
        "states": {state.value: states[state] for state in FileState},
        "snippets": sum(outcome.snippets for outcome in report.outcomes),
        "windows_embedded": report.windows_embedded,
        "windows_reused": report.windows_reused,
        "seconds_s": report.seconds_s,
    }


def documents_value(outcomes: Sequence[FileOutcome], index: str) -> Value:
    """ragcli.documents/1: the ledger."""
    return {
        "schema": "ragcli.documents/1",
        "ok": True,
        "exit_code": EXIT_OK,
        "index": path_value(index),
        "files": [file_value(outcome) for outcome in outcomes],
    }


def snippet_value(snippet: Snippet, documents: Documents) -> Value:
    """ragcli.snippet/1."""
    return {
        "schema": "ragcli.snippet/1",
        "ok": True,
        "exit_code": EXIT_OK,
        "offset_unit": OFFSET_UNIT,
        "id": snippet.ref,
        "document": document_fields(snippet),
        "location": _location(snippet, (snippet.start, snippet.end), documents),
    }


def document_value(document: Document, snippets: Sequence[Snippet]) -> Value:
    """ragcli.document/1: the whole stored text, and where its snippets lie."""
    known = {document.uri: document}
    return {
        "schema": "ragcli.document/1",
        "ok": True,
        "exit_code": EXIT_OK,
        "offset_unit": OFFSET_UNIT,
        "path": path_value(document.uri),
        "sha256": document.sha256,
        "title": document.title,
        "metadata": [{"key": key, "value": value} for key, value in document.metadata],
        "pages": [{"start": page.start, "label": page.label} for page in document.pages],
        "text": document.text,
        "snippets": [
            {"id": snippet.ref, "location": _location(snippet, (snippet.start, snippet.end), known)}
            for snippet in snippets
        ],
    }


def removed_value(uris: Sequence[str]) -> Value:
    """ragcli.removed/1."""
    return {
        "schema": "ragcli.removed/1",
        "ok": True,
        "exit_code": EXIT_OK,
        "removed": [path_value(uri) for uri in uris],
    }


def error_value(error: RagcliError) -> Value:
    """ragcli.error/1."""
    return {
        "schema": "ragcli.error/1",
        "ok": False,
        "exit_code": error.exit_code,
        "error": {"code": error.code, "message": error.message, "hint": error.hint},
    }
