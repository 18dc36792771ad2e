from __future__ import annotations

from pathlib import Path

import pytest

from ragcli import backends
from ragcli.errors import MissingError, UsageError
from ragcli.ground import ground, render
from ragcli.protocols import Runtime
from ragcli.runtime.scripted import ScriptedRuntime, create
from ragcli.types import CitationMode, Finish, Piece, Prompt, Sampling


@pytest.fixture
def prompt() -> Prompt:
    return ground("Why?", [], CitationMode.FAST)


def test_completions_are_replayed_in_order_and_in_pieces(prompt: Prompt) -> None:
    runtime: Runtime = ScriptedRuntime(["abcde fg", "hi"], piece_chars=3)
    tokens = len(render(prompt).split())
    assert list(runtime.stream(prompt, Sampling())) == [
        Piece("abc"),
        Piece("de "),
        Piece("fg", Finish.STOP, prompt_tokens=tokens, completion_tokens=2),
    ]
    assert [piece.text for piece in runtime.stream(prompt, Sampling())] == ["hi"]


def test_empty_completion_is_one_last_piece(prompt: Prompt) -> None:
    (piece,) = ScriptedRuntime([""]).stream(prompt, Sampling())
    assert (piece.text, piece.finish, piece.completion_tokens) == ("", Finish.STOP, 0)


def test_running_out_of_completions_is_a_usage_error(prompt: Prompt) -> None:
    runtime = ScriptedRuntime(["a"])
    assert len(list(runtime.stream(prompt, Sampling()))) == 1
    with pytest.raises(UsageError, match="no completion left"):
        list(runtime.stream(prompt, Sampling()))


def test_tokens_are_words() -> None:
    runtime = create("")
    assert (runtime.name, runtime.count_tokens(" a b\nc\t"), runtime.count_tokens("")) == ("scripted", 3, 0)
    assert runtime.context_tokens > 0


def test_script_file_holds_strings_or_records_and_other_options_are_ignored(tmp_path: Path, prompt: Prompt) -> None:
    script = tmp_path / "script.jsonl"
    script.write_text('"Grounded answer: é\\u2028b"\n\n{"completion": "two", "note": 1}\n', encoding="utf-8")
    runtime: Runtime = backends.create("runtime", f"scripted:{script}", embedder=None, idf={})
    texts = ["".join(piece.text for piece in runtime.stream(prompt, Sampling())) for _ in range(2)]
    assert texts == ["Grounded answer: é\u2028b", "two"]


@pytest.mark.parametrize("line", ["{", "3", '{"text": "a"}', "[" * 100_000, '{"completion": null}'])
def test_script_line_without_a_completion_is_a_usage_error_that_names_it(tmp_path: Path, line: str) -> None:
    script = tmp_path / "script.jsonl"
    script.write_text(f'"a"\n{line}\n', encoding="utf-8")
    with pytest.raises(UsageError, match=r"script\.jsonl:2"):
        create(str(script))


def test_script_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="No such file"):
        create(str(tmp_path / "absent.jsonl"))
    (tmp_path / "latin.jsonl").write_bytes(b'"\xe9"')
    with pytest.raises(UsageError, match="not UTF-8"):
        create(str(tmp_path / "latin.jsonl"))
