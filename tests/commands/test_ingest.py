from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from .conftest import Run


def test_the_first_ingest_makes_an_index_here_and_says_so(folder: Path, run: Run) -> None:
    done = run("ingest", ".")
    assert done.code == 0
    assert (folder / ".ragcli" / "store.sqlite").is_file()
    assert done.err == "ragcli: new index at .ragcli\n"
    assert "2 added" in done.out
    assert "empty.txt: no text" in done.out


def test_a_later_ingest_from_below_finds_the_index_above(
    notes: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(notes / "birds")
    done = run("ingest", ".")
    assert (done.code, done.err) == (0, "")
    assert "1 unchanged" in done.out
    assert not (notes / "birds" / ".ragcli").exists()


def test_quiet_says_nothing(folder: Path, run: Run) -> None:
    done = run("ingest", ".", "-q")
    assert (done.code, done.out, done.err) == (0, "", "")


def test_json_is_one_event_a_file_and_a_summary_that_adds_up(folder: Path, run: Run) -> None:
    done = run("ingest", ".", "--json")
    *files, summary = done.lines
    states = Counter(event["state"] for event in files)
    assert {event["path"] for event in files} >= {"penguins.md", "birds/kiwi.txt", "empty.txt"}
    assert {state: count for state, count in summary["states"].items() if count} == states
    assert summary["files"] == len(files)
    assert summary["snippets"] == 2
    assert summary["windows_embedded"] >= 2
    assert summary["exit_code"] == 0


def test_a_failed_file_exits_5_and_the_rest_is_in_the_index(folder: Path, run: Run) -> None:
    (folder / "broken.pdf").write_bytes(b"%PDF-1.4 and nothing more")
    done = run("ingest", ".")
    assert done.code == 5
    assert "1 failed" in done.out
    assert "broken.pdf: " in done.out
    again = run("ingest", ".", "--json")
    assert again.code == 5
    assert again.lines[-1]["exit_code"] == 5
    assert run("search", "penguins").code == 0


def test_a_dry_run_writes_nothing(folder: Path, run: Run) -> None:
    done = run("ingest", "-n", ".")
    assert done.code == 0
    assert "added     penguins.md\n" in done.out
    assert not (folder / ".ragcli").exists()


def test_a_dry_run_beside_an_index_names_only_what_would_change(notes: Path, run: Run) -> None:
    before = (notes / ".ragcli" / "store.sqlite").read_bytes()
    (notes / "penguins.md").write_text("New text about penguins.", "utf-8")
    (notes / "birds" / "kiwi.txt").unlink()
    done = run("ingest", "-n", ".", "--json")
    states = {event["path"]: event["state"] for event in done.lines[:-1] if isinstance(event["path"], str)}
    assert states["penguins.md"] == "updated"
    assert states["birds/kiwi.txt"] == "removed"
    assert done.lines[-1]["planned"] is True
    assert (notes / ".ragcli" / "store.sqlite").read_bytes() == before


def test_metadata_can_be_searched_by(folder: Path, run: Run) -> None:
    assert run("ingest", "birds", "--meta", "kind=bird", "--meta", "wings=small").code == 0
    assert run("search", "eggs", "--where", "kind=bird").code == 0
    assert run("search", "eggs", "--where", "kind=fish").code == 3


def test_a_name_that_is_not_utf8_round_trips(folder: Path, run: Run) -> None:
    raw = b"a\xff\xfe.txt"
    (folder / os.fsdecode(raw)).write_text("Ostriches run very fast.", "utf-8")
    done = run("ingest", ".", "--json")
    paths = [event["path"] for event in done.lines[:-1]]
    assert {"bytes": "Yf/+LnR4dA=="} in paths
    assert "a\\xff\\xfe.txt" in run("ls").out
    assert run("rm", "--yes", os.fsdecode(raw)).code == 0
    assert "a\\xff" not in run("ls").out


def test_hostile_names_are_shown_inert(folder: Path, run: Run) -> None:
    (folder / "x\x1b[2J\u202e[red].txt").write_text("Ostriches run very fast.", "utf-8")
    (folder / "-rf.txt").write_text("Emus run fast too.", "utf-8")
    for args in (["ingest", "."], ["ls"], ["search", "ostriches"], ["ingest", ".", "--json"]):
        done = run(*args)
        assert done.code == 0
        assert "\x1b" not in done.out + done.err
        assert "\u202e" not in done.out + done.err
    assert "-rf.txt" in run("ls").out


def test_another_embedder_exits_6_with_the_flag_that_mends_it(notes: Path, run: Run) -> None:
    done = run("ingest", ".", "--embedder", "hashing:32", "--json")
    assert done.code == 6
    assert done.value["error"]["code"] == "index"
    assert "--embedder hashing:64" in done.value["error"]["hint"]


def test_a_found_index_with_another_embedder_than_the_default_needs_it_named(
    notes: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RAGCLI_EMBEDDER")
    done = run("search", "penguins", "--json")
    assert done.code == 6
    assert "--embedder hashing:64" in done.value["error"]["hint"]
    assert run("search", "penguins", "--embedder", "hashing:64").code == 0
    assert run("search", "penguins", "--index", ".ragcli").code == 0
    assert run("ls").code == 0


def test_an_unknown_model_exits_4_and_makes_no_index(folder: Path, run: Run) -> None:
    done = run("ingest", ".", "--embedder", "nobody/nothing", "--json")
    assert done.code == 4
    assert "ragcli models pull" in done.value["error"]["hint"]
    assert not (folder / ".ragcli").exists()


def test_a_damaged_index_exits_6(notes: Path, run: Run) -> None:
    store = notes / ".ragcli" / "store.sqlite"
    for extra in store.parent.glob("store.sqlite-*"):
        extra.unlink()
    store.write_bytes(b"not a database" * 1000)
    for args in (["ingest", "."], ["search", "penguins"], ["ls"]):
        assert run(*args).code == 6


def test_a_second_writer_exits_9(notes: Path, run: Run) -> None:
    from ragcli.index import open_index

    with open_index(notes / ".ragcli", None, write=True):
        done = run("ingest", ".", "--json")
        assert done.code == 9
        assert done.value["error"]["code"] == "busy"
        assert run("search", "penguins").code == 0


def test_an_index_that_cannot_be_made_exits_10(folder: Path, run: Run) -> None:
    (folder / "file").write_text("no folder")
    for place in ("/proc/nowhere/.ragcli", "file/.ragcli", "file"):
        done = run("ingest", ".", "--index", place, "--json")
        assert (done.code, done.value["error"]["code"]) == (10, "storage")
