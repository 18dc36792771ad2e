from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.commands.conftest import Run
from tests.entailers import tiny

QUESTION = "How tall are emperor penguins?"


def scripted(folder: Path, *claims: str) -> str:
    """A runtime that says each claim as a citation of the first two documents."""
    said = " ".join(f"<co: 0,1>{claim}</co: 0,1>" for claim in claims)
    plain = " ".join(claims)
    completion = f"Relevant Documents: 0\nCited Documents: 0\nAnswer: {plain}\nGrounded answer: {said}"
    script = folder / "script.jsonl"
    script.write_text(json.dumps(completion) + "\n", "utf-8")
    return f"scripted:{script}"


TRUE = "An adult reaches a height of 122 cm and weighs up to 45 kg."
FALSE = "From Lakehurst to Friedrichshafen the Zeppelin flew 9926 km in 111 hours in 1928."


def test_strict_keeps_a_supported_answer(notes: Path, run: Run, tmp_path: Path) -> None:
    runtime = scripted(tmp_path, TRUE)
    done = run("ask", QUESTION, "--runtime", runtime, "--strict", "--json")
    assert (done.code, done.value["ok"], done.value["coverage"]) == (0, True, 1.0)


def test_strict_drops_what_is_unsupported_and_exits_8(notes: Path, run: Run, tmp_path: Path) -> None:
    runtime = scripted(tmp_path, TRUE, FALSE)
    loose = run("ask", QUESTION, "--runtime", runtime, "--json")
    assert (loose.code, loose.value["uncited_spans"], len(loose.value["citations"])) == (0, [], 2)
    done = run("ask", QUESTION, "--runtime", runtime, "--strict", "--json")
    value = done.value
    assert (done.code, value["exit_code"], value["ok"], value["outcome"]) == (8, 8, False, "unsupported")
    assert [each["text"] for each in value["citations"]] == [TRUE]
    assert [each["text"] for each in value["uncited_spans"]] == [FALSE]
    assert "dropped" in done.err


@pytest.mark.parametrize("form", ["text", "md", "html", "cohere"])
def test_strict_exits_8_in_every_form(notes: Path, run: Run, tmp_path: Path, form: str) -> None:
    done = run("ask", QUESTION, "--runtime", scripted(tmp_path, FALSE), "--strict", "--format", form)
    assert done.code == 8
    assert "Lakehurst" in done.out
    assert not re.search(r"\[\^?1\]", done.out)


def test_a_batch_exits_with_the_claim_that_has_no_support(notes: Path, run: Run, tmp_path: Path) -> None:
    batch = tmp_path / "batch.jsonl"
    batch.write_text(f'"{QUESTION}"\n', encoding="utf-8")
    done = run("ask", "--batch", str(batch), "--runtime", scripted(tmp_path, FALSE), "--strict")
    assert (done.code, [line["exit_code"] for line in done.lines]) == (8, [8])


def test_a_model_of_inference_judges_what_is_no_quote(notes: Path, run: Run, tmp_path: Path) -> None:
    model = str(tiny.write(tmp_path / "nli"))
    runtime = scripted(tmp_path, TRUE, "Grown ones may be 122 cm high.")
    done = run("ask", QUESTION, "--runtime", runtime, "--support-model", model, "--json")
    quoted, said = ([source["support"] for source in each["sources"]] for each in done.value["citations"])
    assert {each["method"] for each in quoted} == {"exact", "inference"}
    assert {each["method"] for each in said} == {"inference"}
    assert all(0 < each["score"] < 1 for each in said)


def test_a_model_that_is_not_here_exits_4(notes: Path, run: Run) -> None:
    done = run("ask", QUESTION, "--support-model", "nobody/nothing")
    assert done.code == 4
    assert "nobody/nothing" in done.err


@pytest.mark.parametrize("flags", [("--strict",), ("--support-model", "x")])
def test_without_documents_there_is_nothing_to_check(notes: Path, run: Run, tmp_path: Path, flags: tuple[str]) -> None:
    done = run("ask", QUESTION, "--no-retrieval", "--runtime", scripted(tmp_path, TRUE), *flags)
    assert done.code == 2
    assert "is for answers from documents" in done.err
