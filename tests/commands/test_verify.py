from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from tests.commands.conftest import PENGUINS, Run

QUESTION = "How tall are the tallest emperor penguins?"


@pytest.fixture
def saved(notes: Path, run: Run, tmp_path: Path) -> Path:
    """An answer from the notes, saved outside of them."""
    path = tmp_path / "answer.json"
    path.write_text(run("ask", QUESTION, "--json", "--no-log").out, "utf-8")
    return path


def states(run: Run, saved: Path) -> tuple[int, set[str]]:
    done = run("verify", str(saved), "--json")
    assert done.code == done.value["exit_code"]
    return done.code, {source["state"] for source in done.value["sources"]}


def test_what_still_stands_is_ok(notes: Path, run: Run, saved: Path) -> None:
    done = run("verify", str(saved), "--json")
    assert (done.code, done.value["ok"]) == (0, True)
    for source in done.value["sources"]:
        now = source["now"]
        assert (source["state"], source["support"]["status"], source["was"]) == ("ok", "supported", "supported")
        assert PENGUINS[now["start"] : now["end"]] in PENGUINS
        assert source["claim"]["text"] == PENGUINS[now["start"] : now["end"]]
    shown = run("verify", str(saved))
    assert shown.code == 0
    assert shown.out.startswith(f"{QUESTION}\n  [1] ok      penguins.md:10")
    assert "source" in shown.out.splitlines()[-1]


def test_a_file_that_changed_behind_the_index_is_changed(notes: Path, run: Run, saved: Path) -> None:
    (notes / "penguins.md").write_text(PENGUINS + "More.\n", "utf-8")
    assert states(run, saved) == (8, {"changed"})
    assert "the file has changed since it was indexed" in run("verify", str(saved)).out


def test_a_file_that_is_gone_behind_the_index_is_gone(notes: Path, run: Run, saved: Path) -> None:
    (notes / "penguins.md").unlink()
    assert states(run, saved) == (8, {"gone"})


def test_a_quote_that_moved_is_found_where_it_is_now(notes: Path, run: Run, saved: Path) -> None:
    text = PENGUINS.replace("# Tall penguins\n", "# Tall penguins\n\nA word before.\n")
    (notes / "penguins.md").write_text(text, "utf-8")
    run("ingest", ".", "-q")
    value = run("verify", str(saved), "--json").value
    assert {source["state"] for source in value["sources"]} == {"moved"}
    for source in value["sources"]:
        assert text[source["now"]["start"] : source["now"]["end"]] == source["claim"]["text"]
    assert "now penguins.md:12" in run("verify", str(saved)).out


def test_a_quote_is_found_in_another_file_but_not_in_a_saved_answer(notes: Path, run: Run, saved: Path) -> None:
    (notes / "penguins.md").rename(notes / "tall.md")
    (notes / "answer.json").write_bytes(saved.read_bytes())
    run("ingest", ".", "-q")
    value = run("verify", str(saved), "--json").value
    assert {(source["state"], source["now"]["path"]) for source in value["sources"]} == {("moved", "tall.md")}
    (notes / "tall.md").unlink()
    run("ingest", ".", "-q")
    assert states(run, saved) == (8, {"gone"})


def test_a_quote_that_no_document_has_is_changed(notes: Path, run: Run, saved: Path) -> None:
    text = PENGUINS.replace("122", "130").replace("tallest of all", "largest of all")
    (notes / "penguins.md").write_text(text, "utf-8")
    run("ingest", ".", "-q")
    assert states(run, saved) == (8, {"changed"})


def test_a_claim_that_its_source_does_not_support_exits_8(notes: Path, run: Run, saved: Path) -> None:
    value = json.loads(saved.read_text("utf-8"))
    claim = "From Lakehurst to Friedrichshafen the Zeppelin flew 9926 km in 111 hours in 1928."
    value["answer"] = claim
    value["citations"] = [{**value["citations"][0], "start": 0, "end": len(claim), "text": claim}]
    saved.write_text(json.dumps(value), "utf-8")
    done = run("verify", str(saved))
    assert done.code == 8
    assert "unsupported" in done.out
    assert states(run, saved) == (8, {"ok"})


def test_the_log_is_checked_by_its_refs(notes: Path, run: Run, tmp_path: Path) -> None:
    run("ask", QUESTION)
    log = tmp_path / "log.json"
    log.write_text(run("log", "--json").out, "utf-8")
    assert states(run, log) == (0, {"ok"})
    assert states(run, notes / ".ragcli" / "log.jsonl") == (0, {"ok"})


def test_stdin_and_declined_answers(notes: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    out = run("ask", "Which zeppelin crossed the Atlantic in 1928?", "--json").out
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(out.encode())))
    done = run("verify", "-")
    assert (done.code, done.out) == (0, "No sources to check in 1 answer.\n")


@pytest.mark.parametrize(("text", "code"), [("{", 2), ('{"schema": "ragcli.answer/1"}', 2), (None, 4)])
def test_what_cannot_be_read_is_one_line(notes: Path, run: Run, tmp_path: Path, text: str | None, code: int) -> None:
    path = tmp_path / "x\x1b[31m.json"
    if text is not None:
        path.write_text(text, "utf-8")
    done = run("verify", str(path))
    assert (done.code, done.out) == (code, "")
    assert "\x1b" not in done.err
    assert "x␛[31m.json" in done.err
