from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from jinja2.sandbox import ImmutableSandboxedEnvironment

from ragcli.errors import UsageError
from ragcli.ground import CONTROL, ground, preamble_of, render
from ragcli.template import check_encoding, check_rag
from ragcli.tokens import control_ids
from ragcli.types import CitationMode

BOS, SOT, EOT, SYSTEM, USER, CHATBOT = CONTROL
TURNS = (
    "{% for m in turns %}"
    f"{{% if m.role == 'user' %}}{SOT}{USER}{{{{ m.content.strip() }}}}{EOT}"
    f"{{% elif m.role == 'assistant' %}}{SOT}{CHATBOT}{{{{ m.content.strip() }}}}{EOT}{{% endif %}}"
    "{% endfor %}"
)
HEAD, _, REST = render(ground("?", [], CitationMode.ACCURATE)).partition(preamble_of())
LINES = REST[REST.index("Carefully") :].splitlines(keepends=True)
RAG = (
    "{% set given = messages[0].role == 'system' %}{% set turns = messages[1:] if given else messages %}"
    f"{HEAD}{{% if given %}}{{{{ messages[0].content }}}}{{% else %}}{preamble_of()}{{% endif %}}{EOT}{TURNS}"
    f"{SOT}{SYSTEM}<results>{{% for d in documents %}}{{{{ '\\nDocument: ' }}}}{{{{ loop.index0 }}}}{{{{ '\\n' }}}}"
    "{% for k, v in d.items() %}{{ k }}: {{ v }}{{ '\\n' }}{% endfor %}{% endfor %}</results>"
    f"{EOT}{SOT}{SYSTEM}{''.join(LINES[:3])}"
    f"{{% if mode == 'accurate' %}}{LINES[3]}{{% endif %}}{LINES[4]}"
)


def filled(template: str, **values: object) -> str:
    return ImmutableSandboxedEnvironment(keep_trailing_newline=True).from_string(template).render(values)


def rag_of(template: str) -> Any:
    def rag(messages: list[Mapping[str, str]], documents: list[Mapping[str, str]], mode: str) -> str:
        return filled(template, messages=messages, documents=documents, mode=mode)

    return rag


def test_a_template_that_is_coheres_passes() -> None:
    check_rag(rag_of(RAG))


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("followed a comma", "followed by a comma"),
        ("mode == 'accurate'", "mode == 'fast'"),
        (".strip()", ""),
        ("</results>", "\n</results>"),
        ("{% for m in turns %}", "{% for m in turns[-1:] %}"),
        ("{{ messages[0].content }}", preamble_of()),
        ("{{ k }}: ", ""),
    ],
)
def test_a_rag_template_that_differs_anywhere_is_an_error(was: str, becomes: str) -> None:
    assert was in RAG
    with pytest.raises(UsageError, match="the `rag` template of this tokenizer is not Cohere's: line "):
        check_rag(rag_of(RAG.replace(was, becomes)))


def test_a_template_that_is_only_its_name_is_an_error() -> None:
    """What transformers gives for a tokenizer without that template."""
    with pytest.raises(UsageError, match=r"line 1 is 'rag'"):
        check_rag(lambda *_: "rag")


def test_a_tokenizer_that_encodes_a_whole_prompt_otherwise_is_an_error() -> None:
    special = control_ids({token: number for number, token in enumerate(CONTROL)}.get)

    def encode(text: str) -> list[int]:
        return [*text.encode()]

    def whole(text: str) -> list[int]:
        for token, number in special.items():
            text = text.replace(token, chr(0xE000 + number))
        known = {chr(0xE000 + number): [number] for number in special.values()}
        return [each for char in text for each in known.get(char) or encode(char)]

    check_encoding(whole, encode, special)
    with pytest.raises(UsageError, match="encodes a prompt otherwise than its parts"):
        check_encoding(lambda text: [0, *whole(text)], encode, special)
