"""`ragcli eval` end to end on small sets, with the hashing embedder."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from ragcli import trial
from ragcli.index import Index
from ragcli.reports import Trial
from tests.commands.conftest import Run, checked
from tests.testsets_made import QUERIES, beir, files, write_lines

STORM = "A storm broke four panes."
CLAIMS = [
    {"id": "c1", "claim": STORM, "evidence": [f"In 1893 {STORM}"], "label": "supported"},
    {"id": "c2", "claim": STORM, "evidence": ["Paraffin came by boat."], "label": "unsupported"},
    {"id": "c3", "claim": "Nothing is known.", "evidence": [" "], "label": "unsupported"},
]  # fmt: skip


@pytest.fixture
def light(folder: Path) -> Path:
    return beir(folder.parent / "light")


@pytest.fixture
def kept(folder: Path) -> tuple[str, str]:
    return "--keep", str(folder.parent / "kept")


def by_name(value: Any) -> dict[str, Any]:
    return {figure["name"]: figure for figure in value["figures"]}


def test_retrieval_is_measured_on_a_beir_set(run: Run, light: Path, kept: tuple[str, str]) -> None:
    done = run("eval", "retrieval", str(light), *kept)
    assert done.code == 0
    first, titles, *rows = done.out.splitlines()
    assert first == f"{light.parent.name}/light · retrieval, hybrid, maxsim · 2 questions, 3 documents"
    assert titles.startswith("measure")
    assert rows[0].startswith("nDCG@10          1.0000   1.0000 - 1.0000        2")
    assert "the set's index: " in done.err


def test_a_second_run_uses_the_kept_index(run: Run, light: Path, kept: tuple[str, str]) -> None:
    assert run("eval", "retrieval", str(light), *kept).code == 0
    (index,) = (light.parent / "kept").iterdir()
    before = (index / "store.sqlite").stat().st_mtime_ns
    assert run("eval", "retrieval", str(light), *kept, "-q").err == ""
    assert (index / "store.sqlite").stat().st_mtime_ns == before
    assert run("eval", "retrieval", str(light), *kept, "--fresh").code == 0
    assert (index / "store.sqlite").stat().st_mtime_ns > before


def test_the_cache_is_the_users_where_no_folder_is_named(
    run: Run, light: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAGCLI_CACHE", str(light.parent / "cache"))
    assert run("eval", "retrieval", str(light)).code == 0
    assert len(list((light.parent / "cache" / "eval").iterdir())) == 1


def test_each_question_and_ranking_goes_into_its_file(run: Run, light: Path, kept: tuple[str, str]) -> None:
    out, ranking = light / "out.jsonl", light / "run.tsv"
    value = run("eval", "retrieval", str(light), *kept, "--json", "--out", str(out), "--run", str(ranking)).value
    lines = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert [{key: line[key] for key in ("id", "positive", "score", "values")} for line in lines] == value["trials"]
    assert lines[0]["question"] == QUERIES[0]["text"]
    rows = [line.split("\t") for line in ranking.read_text("utf-8").splitlines()]
    assert rows[0][:2] == ["q1", "storm"]
    assert [float(score) for query, _, score in rows if query == "q1"] == sorted(
        (float(score) for query, _, score in rows if query == "q1"), reverse=True
    )


def test_what_was_measured_before_ctrl_c_stays(
    run: Run, light: Path, kept: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = trial.retrieval

    def interrupted(case: trial.Case, index: Index, how: trial.Search) -> Trial:
        if case.question.id == "q2":
            raise KeyboardInterrupt
        return measured(case, index, how)

    monkeypatch.setattr(trial, "retrieval", interrupted)
    done = run("eval", "retrieval", str(light), *kept, "--out", str(light / "out.jsonl"))
    assert (done.code, done.out) == (130, "")
    assert "stopped after 1 of 2 questions; their lines are in " in done.err
    assert [json.loads(line)["id"] for line in (light / "out.jsonl").read_text("utf-8").splitlines()] == ["q1"]


def test_an_older_run_is_compared_from_json_or_lines(run: Run, light: Path, kept: tuple[str, str]) -> None:
    old, lines = light / "old.json", light / "old.jsonl"
    done = run("eval", "retrieval", str(light), *kept, "--json", "--mode", "lexical", "--out", str(lines))
    old.write_text(done.out, "utf-8")
    for path in (old, lines):
        value = run("eval", "retrieval", str(light), *kept, "--json", "--baseline", str(path)).value
        assert by_name(value)["nDCG@10"]["change"] == {"before": 1.0, "p": 1.0, "questions": 2}
    assert "before    change" in run("eval", "retrieval", str(light), *kept, "--baseline", str(old)).out


@pytest.mark.parametrize("text", ["{}\n", '{"id": 1, "values": {}}', '{"id": "a", "values": {"x": "y"}}', "[", "1\n"])
def test_what_is_no_older_run_is_refused(run: Run, light: Path, kept: tuple[str, str], text: str) -> None:
    (light / "old.json").write_text(text, "utf-8")
    done = run("eval", "retrieval", str(light), *kept, "--baseline", str(light / "old.json"))
    assert done.code == 2
    assert "old.json:1: " in done.err


def test_a_run_over_other_questions_is_no_baseline(run: Run, light: Path, kept: tuple[str, str]) -> None:
    write_lines(light / "old.jsonl", [{"id": "z", "values": {"nDCG@10": 1}}])
    done = run("eval", "retrieval", str(light), *kept, "--baseline", str(light / "old.jsonl"))
    assert (done.code, "no figure of these questions" in done.err) == (2, True)


def test_a_bound_that_does_not_hold_exits_with_8(run: Run, light: Path, kept: tuple[str, str]) -> None:
    good = run("eval", "retrieval", str(light), *kept, "--fail-under", "ndcg@10=1", "--fail-under", "hit@3=0.9")
    assert good.code == 0
    assert "Success@3" in good.out
    bad = run("eval", "retrieval", str(light), *kept, "--fail-under", "P@2=0.9", "--json")
    assert bad.code == 8
    assert bad.value["failed"] == ["P@2 is 0.5000, under 0.9"]
    assert run("eval", "retrieval", str(light), *kept, "--fail-under", "Words=3").code == 2
    assert run("eval", "retrieval", str(light), *kept, "--fail-under", "nDCG@10").code == 2


def test_the_reranker_is_named_and_one_leg_alone_has_none(run: Run, light: Path, kept: tuple[str, str]) -> None:
    how = [
        run("eval", "retrieval", str(light), *kept, "--json", *flags).value["how"]
        for flags in (("--reranker", "none"), ("--mode", "dense"), ("--no-history",))
    ]
    assert how == ["hybrid, none", "dense, none", "hybrid, maxsim, no history"]


def test_no_file_of_the_set_is_written_over(run: Run, light: Path, kept: tuple[str, str]) -> None:
    before = (light / "corpus.jsonl").read_bytes()
    done = run("eval", "retrieval", str(light), *kept, "--out", str(light / ".." / "light" / "corpus.jsonl"))
    assert (done.code, (light / "corpus.jsonl").read_bytes()) == (2, before)
    assert run("eval", "retrieval", str(light), *kept, "--out", "x.tsv", "--run", "x.tsv").code == 2


def test_measures_are_chosen_by_name(run: Run, light: Path, kept: tuple[str, str]) -> None:
    value = run("eval", "retrieval", str(light), *kept, "--measure", "pass@1", "--measure", "MRR", "--json").value
    assert list(by_name(value))[:2] == ["R@1", "RR"]


def test_answers_are_measured_on_a_folder_of_files(run: Run, folder: Path, kept: tuple[str, str]) -> None:
    done = run("eval", "answers", str(files(folder.parent / "light")), *kept, "--json", "--min-confidence", "0")
    found = by_name(done.value)
    assert done.value["documents"] == 3
    assert {name: found[name]["value"] for name in ("Answered", "Contained", "Gold", "CiteP", "Declined")} == {
        "Answered": 1, "Contained": 1, "Gold": 1, "CiteP": 1, "Declined": 0,
    }  # fmt: skip
    assert found["Words"]["less_is_better"] is True


def test_abstention_is_measured_on_both_kinds(run: Run, light: Path, kept: tuple[str, str]) -> None:
    value = run("eval", "abstain", str(light), *kept, "--without-gold", "--json").value
    found = by_name(value)
    assert [(trial["id"], trial["positive"]) for trial in value["trials"]] == [
        ("q1", True), ("q2", True), ("q3", False), ("q1 without gold", False), ("q2 without gold", False),
    ]  # fmt: skip
    assert list(found) == ["AUROC", "Wrong@95", "Answered", "Declined"]
    assert found["Declined"]["questions"] == 3


def test_abstention_needs_questions_without_an_answer(run: Run, light: Path, kept: tuple[str, str]) -> None:
    write_lines(light / "queries.jsonl", QUERIES[:2])
    done = run("eval", "abstain", str(light), *kept)
    assert (done.code, "--without-gold" in done.err) == (2, True)


def test_claims_are_measured_and_written_as_id_and_score(run: Run, folder: Path) -> None:
    write_lines(folder / "claims.jsonl", CLAIMS)
    done = run("eval", "support", "claims.jsonl", "--embedder", "none", "--run", "scores.tsv", "--json")
    assert done.code == 0
    assert by_name(done.value)["AUROC"]["value"] == 1
    assert "1 claims have no evidence" in done.err
    rows = [line.split("\t") for line in (folder / "scores.tsv").read_text("utf-8").splitlines()]
    assert [id for id, _ in rows] == ["c1", "c2"]
    assert float(rows[0][1]) > float(rows[1][1])


def test_only_some_questions_are_asked_and_always_the_same(run: Run, light: Path, kept: tuple[str, str]) -> None:
    value = run("eval", "retrieval", str(light), *kept, "--questions", "1", "--json").value
    again = run("eval", "retrieval", str(light), *kept, "--questions", "1", "--json").value
    assert len(value["trials"]) == 1
    assert value["trials"] == again["trials"]


def test_a_file_of_questions_is_asked_of_the_index_that_is_there(run: Run, notes: Path) -> None:
    gold = [{"file": "penguins.md", "text": "An adult reaches a height of 122 cm and weighs up to 45 kg."}]
    lost = [{"file": "kiwi.txt", "text": "Kiwi birds can fly."}]
    questions = [{"id": 1, "question": "How tall are emperor penguins?", "gold": gold}]
    write_lines(notes.parent / "questions.jsonl", [*questions, {"id": 2, "question": "Do kiwis fly?", "gold": lost}])
    done = run("eval", "retrieval", "../questions.jsonl", "--json")
    assert by_name(done.value)["Gold@5"]["value"] == 0.5
    assert done.value["set"] == "../questions.jsonl"
    assert "gold passages that are not in the index count as not found: 2 (kiwi.txt)" in done.err


def test_questions_are_made_of_the_files_and_can_be_asked_at_once(run: Run, notes: Path) -> None:
    done = run("eval", "--make-questions")
    assert done.code == 0
    lines = [checked(json.loads(line)) for line in done.out.splitlines()]
    assert any("what" in line["question"].lower() or line["kind"] == "heading" for line in lines)
    (notes.parent / "made.jsonl").write_text(done.out, "utf-8")
    found = by_name(run("eval", "retrieval", "../made.jsonl", "--json").value)
    assert found["Gold@5"]["questions"] == len(lines)
    assert found["Gold@5"]["value"] == 1


def test_an_index_that_gives_no_question_says_so(run: Run, folder: Path) -> None:
    for path in folder.rglob("*.*"):
        path.unlink()
    (folder / "a.txt").write_text("Nothing.", "utf-8")
    assert run("ingest", "-q", ".").code == 0
    done = run("eval", "--make-questions")
    assert (done.code, "gives a question by rule" in done.err) == (4, True)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["retrieval"],
        ["retrieval", "nowhere"],
        ["speed", "x"],
        ["retrieval", "x", "--make-questions"],
        ["answers", "{light}", "--measure", "R@5"],
        ["retrieval", "{light}", "--measure", "R"],
        ["retrieval", "{light}", "--out", "no/such/folder.jsonl"],
    ],
)
def test_what_cannot_be_measured_is_said(run: Run, light: Path, kept: tuple[str, str], arguments: list[str]) -> None:
    done = run("eval", *(each.replace("{light}", str(light)) for each in arguments), *kept)
    assert done.code in (2, 4)
    assert "hint: " in done.err


def test_every_figure_and_flag_is_explained(run: Run, folder: Path, kept: tuple[str, str]) -> None:
    explained = (Path(__file__).parents[2] / "docs" / "EVAL.md").read_text("utf-8")
    light = str(files(folder.parent / "light"))
    claims = str(write_lines(folder / "claims.jsonl", CLAIMS))
    runs = [("retrieval", light, *kept), ("answers", light, *kept, "--min-confidence", "0"), ("abstain", light, *kept)]
    for arguments in (*runs, ("support", claims, "--embedder", "none")):
        for name in by_name(run("eval", *arguments, "--json").value):
            assert re.search(rf"`{re.sub('@[0-9]+$', '@[0-9]+', name)}`", explained), name
    shown = run("eval", "--help").out.partition("--index")[0]
    for flag in re.findall(r"(?m)^  (--[a-z-]+)", shown):
        assert f"`{flag}" in explained or f"{flag} " in explained, flag
