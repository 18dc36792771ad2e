from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import KIWI, PENGUINS, Run


@pytest.mark.parametrize("mode", ["hybrid", "dense", "lexical"])
def test_a_hit_resolves_to_file_line_and_characters(notes: Path, run: Run, mode: str) -> None:
    value = run("search", "large eggs of the kiwi", "--mode", mode, "--json").value
    first = value["hits"][0]
    assert value["mode"] == mode
    assert first["location"]["path"] == "birds/kiwi.txt"
    assert (first["location"]["line_start"], first["location"]["line_end"]) == (1, 1)
    assert KIWI[first["best"]["start"] : first["best"]["end"]] == first["best"]["text"]
    assert first["document"]["snippet"] == KIWI[first["location"]["snippet_start"] : first["location"]["snippet_end"]]
    assert (first["scores"]["dense"] is None) == (mode == "lexical")


def test_offsets_count_from_the_start_of_the_document(notes: Path, run: Run) -> None:
    first = run("search", "tallest emperor", "-k", "1", "--json").value["hits"][0]
    text = run("show", "penguins.md", "--json").value["text"]
    assert text == PENGUINS
    assert text[first["best"]["start"] : first["best"]["end"]] == first["best"]["text"]
    assert "Emperor" in first["best"]["text"]
    section = slice(first["location"]["snippet_start"], first["location"]["snippet_end"])
    assert text[section] == first["document"]["snippet"]


def test_jsonl_is_one_hit_a_line(notes: Path, run: Run) -> None:
    lines = run("search", "birds penguins", "--jsonl").lines
    assert [line["rank"] for line in lines] == [1, 2]
    assert {line["location"]["path"] for line in lines} == {"penguins.md", "birds/kiwi.txt"}


def test_text_shows_place_scores_and_passage_without_escapes(notes: Path, run: Run) -> None:
    done = run("search", "kiwi eggs", "-k", "1")
    assert done.code == 0
    assert done.out.splitlines()[0] == "1   birds/kiwi.txt:1"
    assert "score " in done.out
    assert "Kiwi birds lay very large eggs." in done.out
    assert "\x1b" not in done.out


def test_color_can_be_forced(notes: Path, run: Run) -> None:
    assert "\x1b[1mKiwi birds lay very large eggs." in run("search", "kiwi eggs", "--color", "always").out


def test_no_hits_exit_3_in_every_form(notes: Path, run: Run) -> None:
    for form in ((), ("--json",), ("--jsonl",)):
        assert run("search", "zzzqqq", "--mode", "lexical", *form).code == 3
    assert run("search", "zzzqqq", "--mode", "lexical", "--json").value["hits"] == []


def test_filters_come_before_the_top_k(notes: Path, run: Run) -> None:
    value = run("search", "penguins", "-k", "1", "--path", "birds/*", "--json").value
    assert [hit["location"]["path"] for hit in value["hits"]] == ["birds/kiwi.txt"]
    value = run("search", "birds", "--where", "year=2021", "--json").value
    assert {hit["location"]["path"] for hit in value["hits"]} == {"penguins.md"}
    assert run("search", "birds", "--where", "year=1999").code == 3


def test_a_query_that_looks_like_a_flag_comes_after_two_dashes(notes: Path, run: Run) -> None:
    assert run("search", "--mode", "lexical", "--", "--json").code == 3
    assert run("search", "--json", "--", "-k eggs").code == 0


@pytest.mark.parametrize("query", ["what's C++?", "AND", '"eggs', "eggs NEAR(", "a\x00b eggs", "\udcff eggs", "*"])
def test_odd_queries_are_words_not_syntax(notes: Path, run: Run, query: str) -> None:
    assert run("search", query, "--json").code in {0, 3}


def test_search_loads_no_torch_and_a_pipe_gets_no_escapes(notes: Path) -> None:
    code = (
        "import sys\nfrom ragcli.cli import main\ncode = main(sys.argv[1:])\n"
        "print('LOADED', *sorted({name.split('.')[0] for name in sys.modules}))\nsys.exit(code)"
    )
    command = [sys.executable, "-c", code, "search", "kiwi eggs"]
    done = subprocess.run(command, capture_output=True, env=dict(os.environ), timeout=60, cwd=notes)
    assert done.returncode == 0, done.stderr
    assert b"\x1b" not in done.stdout
    loaded = set(done.stdout.decode().rsplit("LOADED", 1)[1].split())
    assert not {"torch", "transformers", "sentence_transformers", "rich", "pydantic", "onnxruntime"} & loaded
