"""An answer in the shape of Cohere's Chat API v2, for programs that read its responses."""

from __future__ import annotations

import hashlib
import json
import uuid
from typing import Final

from ragcli.render.jsonform import Value, document_fields
from ragcli.render.parts import VERDICT
from ragcli.types import Answer, Citation, Finish

FINISH: Final = {Finish.STOP: "COMPLETE", Finish.LENGTH: "MAX_TOKENS", Finish.CANCELLED: "ERROR"}


def chat_value(answer: Answer) -> Value:
    """A v2 chat response. What it cannot say (support, place, evidence) is left out; offsets are code points.

    An abstention's text is its verdict, since a client shows the text and nothing else.
    """
    content = [{"type": "text", "text": answer.text or VERDICT.get(answer.outcome, "")}]
    message: Value = {"role": "assistant", "content": content}
    if answer.citations:  # absent, not empty, where there are none
        message["citations"] = [_citation(citation) for citation in answer.citations]
    tokens = {"input_tokens": answer.usage.prompt_tokens, "output_tokens": answer.usage.completion_tokens}
    return {
        "id": _id(answer),
        "finish_reason": FINISH[answer.finish],
        "message": message,
        "usage": {"billed_units": tokens, "tokens": tokens},
    }


def _citation(citation: Citation) -> Value:
    refs = {cited.snippet.ref: cited.snippet for cited in citation.sources}
    return {
        "start": citation.start,
        "end": citation.end,
        "text": citation.text,
        "sources": [
            {"type": "document", "id": ref, "document": document_fields(snippet)} for ref, snippet in refs.items()
        ],
        "content_index": 0,
        "type": "TEXT_CONTENT",
    }


def _id(answer: Answer) -> str:
    """The same answer to the same question has the same id."""
    named = json.dumps([answer.question, answer.text, answer.runtime, [hit.snippet.ref for hit in answer.hits]])
    return str(uuid.UUID(bytes=hashlib.blake2b(named.encode("ascii"), digest_size=16).digest(), version=4))
