from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ragcli import sessions

from .conftest import PENGUINS, Run, checked

ANSWERABLE = "How tall are the tallest emperor penguins?"
UNANSWERABLE = "Which zeppelin crossed the Atlantic in 1928?"


def piped(*args: str, stdin: bytes) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "ragcli", *args]
    return subprocess.run(command, input=stdin, capture_output=True, env=dict(os.environ), timeout=60)


def test_every_citation_resolves_on_both_sides(notes: Path, run: Run) -> None:
    done = run("ask", ANSWERABLE, "--json")
    value = done.value
    assert (done.code, value["outcome"]) == (0, "answered")
    assert value["citations"]
    for citation in value["citations"]:
        assert value["answer"][citation["start"] : citation["end"]] == citation["text"]
        for source in citation["sources"]:
            support, location = source["support"], source["location"]
            assert location["path"] == "penguins.md"
            assert PENGUINS[support["start"] : support["end"]] == support["quote"]
            assert location["line_start"] == PENGUINS.count("\n", 0, support["start"]) + 1


def test_the_terminal_form_has_marks_and_sources(notes: Path, run: Run) -> None:
    done = run("ask", ANSWERABLE)
    assert done.code == 0
    assert "[1]" in done.out.split("Sources")[0]
    assert "  [1] penguins.md:10" in done.out
    assert "\x1b" not in done.out


def test_no_evidence_exits_3_and_says_so(notes: Path, run: Run) -> None:
    done = run("ask", UNANSWERABLE)
    assert done.code == 3
    assert done.out.startswith("Not in your documents.\n")
    value = run("ask", UNANSWERABLE, "--json").value
    assert (value["outcome"], value["exit_code"], value["answerable"], value["citations"]) == (
        "no_evidence",
        3,
        "no",
        [],
    )
    assert value["abstention"]["reason"] == "no_evidence"


def test_a_runtime_that_declines_exits_3(notes: Path, run: Run, tmp_path: Path) -> None:
    script = tmp_path / "script.jsonl"
    completion = (
        "Relevant Documents: None\nCited Documents: None\nAnswer: I do not know.\nGrounded answer: I do not know."
    )
    script.write_text(json.dumps(completion) + "\n", "utf-8")
    done = run("ask", ANSWERABLE, "--runtime", f"scripted:{script}", "--json")
    assert (done.code, done.value["outcome"]) == (3, "declined")


def test_citation_mode_is_passed_on_and_unknown_runtimes_exit_4(notes: Path, run: Run) -> None:
    assert run("ask", ANSWERABLE, "--citation-mode", "fast", "--json").value["model"]["citation_mode"] == "fast"
    done = run("ask", ANSWERABLE, "--runtime", "oracle", "--json")
    assert (done.code, done.value["error"]["code"]) == (4, "unknown_backend")
    assert "extractive" in done.value["error"]["message"]


def test_a_dash_reads_the_question_from_stdin(notes: Path) -> None:
    done = piped("ask", "-", "--json", stdin=ANSWERABLE.encode() + b"\xff\n")
    assert done.returncode == 0, done.stderr
    assert checked(json.loads(done.stdout))["question"].startswith(ANSWERABLE)
    assert piped("ask", "-", stdin=b" \x00\n ").returncode == 2


def test_a_long_question_is_cut_with_a_notice(notes: Path, run: Run) -> None:
    done = run("ask", ANSWERABLE + " why" * 30_000, "--json")
    assert len(done.value["question"]) == 4000
    assert "the first 4,000 are used" in done.err


def test_a_batch_answers_each_line_and_exits_with_the_worst(notes: Path, run: Run) -> None:
    batch = notes.parent / "questions.jsonl"
    lines = [json.dumps({"id": 7, "question": ANSWERABLE}), "", json.dumps(UNANSWERABLE), "{not json", '{"id": "x"}']
    batch.write_text("\n".join(lines) + "\n", "utf-8")
    done = run("ask", "--batch", str(batch))
    assert done.code == 2
    assert [line["exit_code"] for line in done.lines] == [0, 3, 2, 2]
    assert [line["input_id"] for line in done.lines] == [7, None, None, None]
    batch.write_text("\n".join(lines[:3]), "utf-8")
    assert run("ask", "--batch", str(batch)).code == 3
    batch.write_text(lines[0], "utf-8")
    assert run("ask", "--batch", str(batch)).code == 0


def test_a_batch_comes_from_stdin_too_and_survives_hostile_lines(notes: Path) -> None:
    nested = b"[" * 100_000 + b"\n"
    done = piped("ask", "--batch", "-", stdin=nested + json.dumps(ANSWERABLE).encode() + b"\n\xff\xfe\n")
    lines = [checked(json.loads(line)) for line in done.stdout.splitlines()]
    assert [line["exit_code"] for line in lines] == [2, 0, 2]
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr


def test_a_batch_file_that_is_not_there_exits_4(notes: Path, run: Run) -> None:
    done = run("ask", "--batch", "absent.jsonl")
    assert (done.code, done.value["error"]["code"]) == (4, "missing")


def test_settings_come_from_the_environment_and_flags_win(
    notes: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAGCLI_CITATION_MODE", "fast")
    assert run("ask", ANSWERABLE, "--json").value["model"]["citation_mode"] == "fast"
    flags = ("--citation-mode", "accurate")
    assert run("ask", ANSWERABLE, *flags, "--json").value["model"]["citation_mode"] == "accurate"


def test_a_session_goes_on_across_calls_and_json_names_the_turn(notes: Path, run: Run) -> None:
    first = run("ask", ANSWERABLE, "--session", "birds", "--json").value
    assert first["session"] == {"name": "birds", "turn": 1}
    second = run("ask", "And how much weighs an adult?", "--session", "birds", "--json").value
    assert second["session"] == {"name": "birds", "turn": 2}
    assert second["citations"][0]["sources"][0]["location"]["path"] == "penguins.md"
    assert "session" not in run("ask", ANSWERABLE, "--json").value
    said = sessions.load(notes / ".ragcli", "birds").exchanges
    assert [each.question for each in said] == [ANSWERABLE, "And how much weighs an adult?"]
    assert said[0].answer == first["answer"]


def test_an_answer_leaves_a_session_together_with_the_file_that_it_was_made_from(notes: Path, run: Run) -> None:
    assert run("ask", ANSWERABLE, "--session", "birds").code == 0
    assert run("rm", "--yes", "penguins.md").code == 0
    (said,) = sessions.load(notes / ".ragcli", "birds").exchanges
    assert (said.question, said.answer) == (ANSWERABLE, sessions.REMOVED)
    assert b"Emperor penguins are" not in (notes / ".ragcli" / "sessions" / "birds.json").read_bytes()


def test_a_follow_up_is_retrieved_with_its_session(notes: Path, run: Run) -> None:
    question = "And what about eggs or an adult?"
    alone = run("ask", question, "--json").value["documents"]
    run("ask", "Where do kiwi birds live?", "--session", "kiwis")
    after = run("ask", question, "--session", "kiwis", "--json").value["documents"]
    score = {hit["location"]["path"]: hit["scores"]["fused"] for hit in alone}
    now = {hit["location"]["path"]: hit["scores"]["fused"] for hit in after}
    assert now["birds/kiwi.txt"] / now["penguins.md"] > score["birds/kiwi.txt"] / score["penguins.md"]


def test_forget_ends_a_session_or_starts_it_anew(notes: Path, run: Run) -> None:
    for turn in (1, 2):
        assert run("ask", ANSWERABLE, "--session", "birds", "--json").value["session"]["turn"] == turn
    assert run("ask", ANSWERABLE, "--session", "birds", "--forget", "--json").value["session"]["turn"] == 1
    done = run("ask", "--session", "birds", "--forget")
    assert (done.code, done.out) == (0, "")
    done = run("ask", "--session", "birds", "--forget", "--json")
    assert (done.code, done.value["error"]["message"]) == (4, "there is no session 'birds'")


@pytest.mark.parametrize(
    "args",
    [
        ("--forget",),
        (ANSWERABLE, "--forget"),
        ("--batch", "q.jsonl", "--session", "x"),
        (ANSWERABLE, "--batch", "q.jsonl"),
        (ANSWERABLE, "--session", "../x"),
        ("--session", "x"),
        (),
    ],
)
def test_flags_that_do_not_fit_are_usage_errors(notes: Path, run: Run, args: tuple[str, ...]) -> None:
    done = run("ask", *args)
    assert done.code == 2
    assert "ragcli: " in done.err
    assert not (notes / ".ragcli" / "sessions").exists()


def test_a_damaged_session_is_said_with_its_mend(notes: Path, run: Run) -> None:
    run("ask", ANSWERABLE, "--session", "birds")
    (notes / ".ragcli" / "sessions" / "birds.json").write_bytes(b"{")
    done = run("ask", ANSWERABLE, "--session", "birds")
    assert done.code == 6
    assert done.err.endswith("hint: ragcli ask --session birds --forget\n")
    assert run("ask", ANSWERABLE, "--session", "birds", "--forget").code == 0
