from __future__ import annotations

import shlex
import sqlite3
from pathlib import Path

import pytest

from ragcli import cli

from .conftest import Run


def test_a_sound_index_exits_with_0(notes: Path, run: Run) -> None:
    run("ingest", "-q", ".")  # the copied files have other inodes
    done = run("doctor", "--deep", "--json")
    assert (done.code, done.value["ok"], done.value["deep"]) == (0, True, True)
    assert {check["verdict"] for check in done.value["checks"]} == {"ok"}
    text = run("doctor").out.splitlines()
    assert text[-1].endswith("checks: 17 ok")


def test_a_failed_check_exits_with_8_and_its_command_mends_it(notes: Path, run: Run) -> None:
    connection = sqlite3.connect(".ragcli/store.sqlite")
    connection.execute("delete from terms where rowid = 1")
    connection.commit()
    connection.close()
    done = run("doctor", "--index", ".ragcli", "--json")
    assert (done.code, done.value["exit_code"], done.value["ok"]) == (8, 8, False)
    (failed,) = [check for check in done.value["checks"] if check["verdict"] == "failed"]
    assert failed["mend"] == "ragcli rebuild --index .ragcli"
    assert run(*shlex.split(failed["mend"])[1:]).code == 0
    assert run("doctor", "--index", ".ragcli").code == 0


def test_an_index_that_was_named_must_be_there(folder: Path, run: Run) -> None:
    assert run("doctor").code == 0
    done = run("doctor", "--index", "nowhere")
    assert done.code == 8
    assert "mend: ragcli ingest --index nowhere FOLDER" in done.out
    assert list(folder.glob(".ragcli*")) == []


def test_a_model_that_is_not_here_is_named(notes: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = sqlite3.connect(".ragcli/store.sqlite")
    connection.execute("update meta set value = replace(value, 'hashing:64', 'no/model') where key = 'pins'")
    connection.commit()
    connection.close()
    done = run("doctor")
    assert done.code == 8
    assert "mend: ragcli models pull no/model" in done.out


def test_the_verb_is_listed() -> None:
    assert {"doctor", "rebuild", "export", "import", "stats"} <= cli.VERBS.keys()
