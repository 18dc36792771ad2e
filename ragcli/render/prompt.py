"""What a model would see: the prompt as it is, and what each part of it takes."""

from __future__ import annotations

from typing import Final

from ragcli.errors import EXIT_OK
from ragcli.render.jsonform import Value, path_value
from ragcli.render.safe import name, safe
from ragcli.reports import Part, Prompted

DOCUMENT: Final = "document "


def prompt_text(prompted: Prompted) -> str:
    """The whole prompt; control characters in it show as visible escapes."""
    return safe("".join(part.text for part in prompted.parts)) + "\n"


def parts_text(prompted: Prompted) -> str:
    """A line a part, with its tokens and a document's file; what they sum up to; what found no room."""
    tokens = sum(part.tokens for part in prompted.parts)
    rows = [(part.tokens, f"{part.name}{_place(part, prompted)}") for part in prompted.parts]
    takes = f"{prompted.runtime} takes {prompted.context_tokens:,}"
    room = f"in all, and {prompted.answer_tokens:,} for the answer; {takes}"
    lines = [f"{count:>9,}  {what}\n" for count, what in (*rows, (tokens, room))]
    dropped = [f"{'':>9}  no room for {name(snippet.uri)}  ref {snippet.ref}\n" for snippet in prompted.dropped]
    return "".join([f"{prompted.unit:>9}  part\n", *lines, *dropped])


def _place(part: Part, prompted: Prompted) -> str:
    number = _number(part)
    return "" if number is None else f"  {name(prompted.prompt.snippets[number].uri)}"


def _number(part: Part) -> int | None:
    return int(part.name.removeprefix(DOCUMENT)) if part.name.startswith(DOCUMENT) else None


def prompt_value(prompted: Prompted) -> Value:
    """ragcli.prompt/1."""
    snippets = prompted.prompt.snippets
    return {
        "schema": "ragcli.prompt/1",
        "ok": True,
        "exit_code": EXIT_OK,
        "question": prompted.question,
        "runtime": prompted.runtime,
        "template": prompted.prompt.template,
        "citation_mode": prompted.prompt.mode.value,
        "prompt": "".join(part.text for part in prompted.parts),
        "unit": prompted.unit,
        "tokens": sum(part.tokens for part in prompted.parts),
        "answer_tokens": prompted.answer_tokens,
        "context_tokens": prompted.context_tokens,
        "parts": [{"name": part.name, "tokens": part.tokens, "text": part.text} for part in prompted.parts],
        "documents": [{"number": n, "id": s.ref, "path": path_value(s.uri)} for n, s in enumerate(snippets)],
        "dropped": [{"id": snippet.ref, "path": path_value(snippet.uri)} for snippet in prompted.dropped],
    }
