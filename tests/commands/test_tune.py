"""`ragcli tune` end to end on a small folder, with the hashing embedder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ragcli import tune
from ragcli.index import Index
from ragcli.reports import Change, Compared, Weighed
from ragcli.store import Store
from ragcli.tuning import KEY, Tuning
from tests.commands.conftest import Run
from tests.testsets_made import files, write_lines

KEPT = Weighed("dense", 0.75, 0.45, Compared("RR@10", 0.6, Change(0.5, 0.01, 30)))
LEFT = Weighed("likeness", 1.0, 1.0, note="no gold passages")


@pytest.fixture
def questions(notes: Path) -> str:
    gold = [{"file": "penguins.md", "text": "An adult reaches a height of 122 cm and weighs up to 45 kg."}]
    lines = ({"id": f"q{at}", "question": f"How tall is penguin {at}?", "gold": gold} for at in range(30))
    return str(write_lines(notes / "questions.jsonl", lines))


@pytest.fixture
def better(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if other weights were better here: tests/test_tune.py has an index where they are."""

    def chosen(cases: Any, index: Index, **_: object) -> tuple[Tuning, tuple[Weighed, ...]]:
        return Tuning(dense=0.45), (KEPT, LEFT)

    monkeypatch.setattr(tune, "tune", chosen)


def test_an_index_where_nothing_is_better_is_left_as_it_was(run: Run, questions: str, notes: Path) -> None:
    before = (notes / ".ragcli" / "store.sqlite").read_bytes()
    done = run("tune", questions)
    assert done.code == 0
    head, titles, *rows, last = done.out.splitlines()
    assert head.endswith("questions.jsonl · 30 questions")
    assert titles.split()[:3] == ["weight", "before", "now"]
    assert [row.split()[0] for row in rows] == ["dense", "document", "rerank", "likeness", "enough"]
    assert last == "Nothing was better on questions held out: the index is left as it was."
    assert (notes / ".ragcli" / "store.sqlite").read_bytes() == before
    assert run("tune", questions, "--json").value["stored"] is False


@pytest.mark.usefixtures("better")
def test_what_is_better_is_stored_shown_and_taken_back(run: Run, questions: str) -> None:
    done = run("tune", questions)
    assert done.out.splitlines()[2].split() == ["dense", "0.75", "0.45", "RR@10", "0.5000", "0.6000", "0.010", "kept"]
    assert done.out.splitlines()[3].endswith("not tried: no gold passages")
    assert "Stored in the index" in done.out
    assert "dense        0.45  tuned" in run("tune", "--show").out
    assert "tuned     dense 0.45" in run("stats").out
    assert run("stats", "--json").value["tuned"] == {"dense": 0.45}
    assert "the index is tuned: dense 0.45" in run("doctor").out
    assert "hybrid, maxsim, tuned" in run("eval", "retrieval", questions).out
    assert "defaults again" in run("tune", "--reset").out
    value = run("tune", "--show", "--json").value
    assert (value["changed"], value["set"], value["tuning"]["dense"]) == ([], None, 0.75)
    assert "tuned" not in run("stats").out


@pytest.mark.usefixtures("better")
def test_a_dry_run_changes_nothing(run: Run, questions: str) -> None:
    value = run("tune", questions, "--dry-run", "--json").value
    assert (value["stored"], value["changed"], value["tuning"]["dense"]) == (False, ["dense"], 0.45)
    assert "Nothing was stored (dry run)." in run("tune", questions, "-n").out
    assert "The index was not tuned." in run("tune", "--show").out


def test_ctrl_c_keeps_the_old(run: Run, questions: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    tune.keep(Path(".ragcli"), Tuning(dense=0.45))
    monkeypatch.setattr(tune, "tune", stopped)
    assert run("tune", questions).code == 130
    assert run("tune", "--show", "--json").value["tuning"]["dense"] == 0.45


def test_few_questions_are_refused_with_the_mend(run: Run, notes: Path, questions: str) -> None:
    lines = Path(questions).read_text("utf-8").splitlines(keepends=True)
    Path(questions).write_text("".join(lines[:29]), "utf-8")
    done = run("tune", questions)
    assert done.code == 2
    assert "29 questions name a passage or document" in done.err
    assert "docs/EVAL.md" in done.err


def test_a_sets_folder_has_its_own_index(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAGCLI_CACHE", str(folder.parent / "cache"))
    done = run("tune", str(files(folder.parent / "light")))
    assert done.code == 2
    assert "the set's index: " in done.err
    assert "2 questions name a passage" in done.err


def test_a_damaged_record_is_refused_and_reset_mends_it(run: Run, notes: Path) -> None:
    store = Store.open(notes / ".ragcli", write=True)
    store.set_meta(KEY, '{"dense":')
    store.close()
    for command in (("search", "penguins"), ("ask", "How tall?"), ("tune", "--show"), ("stats",)):
        done = run(*command)
        assert done.code == 6
        assert done.err.splitlines()[-1] == "  hint: ragcli tune --reset"
    assert "tune --reset" in run("doctor").out
    assert run("tune", "--reset").code == 0
    assert run("search", "penguins").code == 0


@pytest.mark.parametrize("flags", [(), ("--show", "--reset"), ("q.jsonl", "--show")])
def test_one_thing_at_a_time(run: Run, notes: Path, flags: tuple[str, ...]) -> None:
    assert run("tune", *flags).code == 2


def test_without_an_index_there_is_nothing_to_tune(run: Run, folder: Path) -> None:
    for flag in ("--show", "--reset"):
        assert run("tune", flag).code == 4
    assert not (folder / ".ragcli").exists()
