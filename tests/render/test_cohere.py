from __future__ import annotations

import json
import subprocess
import sys

import pytest

from ragcli.render.cohere import chat_value
from ragcli.render.jsonform import dumps
from ragcli.types import Answer, CitationMode, Finish, Outcome, Usage

from .hostile import PAYLOADS
from .records import ANSWER, answer, document, snippet

READ = """
import json, sys, warnings
warnings.simplefilter("ignore")
from cohere.v2.types import V2ChatResponse
from cohere.types import Citation, DocumentSource, TextAssistantMessageResponseContentItem
for line in sys.stdin:
    read = V2ChatResponse.model_validate(json.loads(line))
    content, citations = read.message.content, read.message.citations or []
    assert not read.model_extra and not read.message.model_extra and not read.usage.model_extra
    assert all(isinstance(each, Citation) and not each.model_extra for each in citations)
    sources = [source for each in citations for source in each.sources]
    assert all(isinstance(each, DocumentSource) and not each.model_extra for each in sources)
    print(json.dumps({
        "text": content[0].text, "type": content[0].type, "finish": read.finish_reason, "role": read.message.role,
        "spans": [[each.start, each.end, each.text, each.type] for each in citations],
        "sources": [[each.type, each.id, each.document] for each in sources],
        "tokens": [read.usage.tokens.input_tokens, read.usage.billed_units.output_tokens],
    }))
"""


def read_by_cohere(*answers: Answer) -> list[dict[str, object]]:
    """What Cohere's own client makes of the responses; in a process of its own, since it is large and warns."""
    lines = "".join(dumps(chat_value(each)) + "\n" for each in answers)
    done = subprocess.run([sys.executable, "-c", READ], input=lines, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_cohere_own_client_reads_what_is_emitted() -> None:
    of = document()
    cited = answer(of, usage=Usage(12, 34))
    hostile = answer(document(text="".join(PAYLOADS)), text="".join(PAYLOADS), question="".join(PAYLOADS))
    none = answer(of, text="", outcome=Outcome.NO_EVIDENCE, finish=Finish.LENGTH, mode=CitationMode.OFF)
    first, second, third = read_by_cohere(cited, hostile, none)
    assert (first["text"], first["type"], first["role"], first["finish"]) == (ANSWER, "text", "assistant", "COMPLETE")
    assert first["spans"] == [[0, 16, "Emperor penguins", "TEXT_CONTENT"], [42, 56, "little penguin", "TEXT_CONTENT"]]
    found = snippet(of)
    fields = {"id": found.ref, "title": "Tall penguins", "snippet": found.text, "section": "Size > Height"}
    assert first["sources"] == [["document", found.ref, fields | {"year": "2021"}]] * 2
    assert first["tokens"] == [12, 34]
    assert second["spans"] == []
    assert (third["text"], third["finish"]) == ("Not in your documents.", "MAX_TOKENS")


def test_the_id_is_that_of_the_answer() -> None:
    of = document()
    assert chat_value(answer(of))["id"] == chat_value(answer(of))["id"]
    assert chat_value(answer(of))["id"] != chat_value(answer(of, question="another"))["id"]


@pytest.mark.parametrize("finish", Finish)
def test_every_finish_has_a_name_of_coheres(finish: Finish) -> None:
    names = {"COMPLETE", "STOP_SEQUENCE", "MAX_TOKENS", "TOOL_CALL", "ERROR", "TIMEOUT"}
    assert chat_value(answer(document(), finish=finish))["finish_reason"] in names


def test_a_snippet_that_a_citation_quotes_twice_is_one_source() -> None:
    of = document()
    one, two = answer(of).citations
    both = answer(
        of, citations=(type(one)(one.start, two.end, ANSWER[one.start : two.end], one.sources + two.sources),)
    )
    assert len(chat_value(both)["message"]["citations"][0]["sources"]) == 1
