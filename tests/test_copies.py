"""What stands in several files is one hit that names them all, and is cited from each that says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from ragcli import backends
from ragcli.ask import ask
from ragcli.provenance import made_from
from ragcli.render import jsonform
from ragcli.render.layout import Look
from ragcli.render.place import Here
from ragcli.render.text import hits_text
from ragcli.retrieve import search
from ragcli.types import Answer, Hit, Outcome
from tests.library import PARAGRAPHS, fill, ingested, opened

NOTE = f"{PARAGRAPHS[2]} {PARAGRAPHS[0]}"
QUESTION = "How long did one barrel of paraffin last?"


def asked(root: Path) -> Answer:
    with opened(root, write=False) as index:
        runtime = backends.create("runtime", "extractive", embedder=index.embedder, idf=index.idf)
        return ask(QUESTION, index=index, runtime=runtime, enough=0.0)


def found(root: Path) -> list[Hit]:
    with opened(root, write=False) as index:
        return search(QUESTION, index, reranker=backends.create("reranker", "none"))


@pytest.fixture
def twice(tmp_path: Path) -> Path:
    fill(tmp_path, a__log=NOTE, b__log=NOTE, storm=PARAGRAPHS[1])
    ingested(tmp_path)
    return tmp_path


def test_copies_are_one_hit_that_names_both_files(twice: Path) -> None:
    first, *others = found(twice)
    assert {first.snippet.uri, *(copy.uri for copy in first.copies)} == {"a/log.md", "b/log.md"}
    assert [hit.snippet.uri for hit in others] == ["storm.md"]


def test_an_answer_cites_every_copy_that_says_it_under_one_number(twice: Path) -> None:
    answer = asked(twice)
    assert answer.outcome is Outcome.ANSWERED
    sources = answer.citations[0].sources
    assert sorted(source.snippet.uri for source in sources) == ["a/log.md", "b/log.md"]
    assert {source.number for source in sources} == {0}
    for source in sources:
        assert source.snippet.text[source.support.start : source.support.end] == answer.citations[0].text


def test_a_near_copy_with_another_number_is_not_cited(tmp_path: Path) -> None:
    fill(tmp_path, a=NOTE, b=NOTE.replace("forty", "fifty"))
    ingested(tmp_path)
    answer = asked(tmp_path)
    [hit] = answer.hits
    assert len(hit.copies) == 1
    days = [citation for citation in answer.citations if "days" in citation.text]
    assert [[source.snippet.uri for source in citation.sources] for citation in days] == [[hit.snippet.uri]]


def test_an_answer_goes_with_any_of_the_copies_it_may_repeat(twice: Path) -> None:
    answer = asked(twice)
    [first] = [hit for hit in answer.hits if hit.copies]
    assert {first.snippet.ref, first.copies[0].ref} <= set(made_from(answer))


def test_places_of_copies_are_shown_and_given_as_json(twice: Path) -> None:
    hits = found(twice)
    text = hits_text(hits, Look(width=80), {}, Here(twice, twice))
    assert f"also in {hits[0].copies[0].uri}:1" in text
    value = jsonform.hits_value(QUESTION, "hybrid", hits, {})
    assert value["hits"][0]["copies"][0]["location"]["path"] == hits[0].copies[0].uri
    assert value["hits"][1]["copies"] == []


def test_many_copies_are_counted(tmp_path: Path) -> None:
    fill(tmp_path, **{f"log{n}": NOTE for n in range(7)})
    ingested(tmp_path)
    hits = found(tmp_path)
    text = hits_text(hits, Look(width=80), {}, Here(tmp_path, tmp_path))
    assert "and 3 more" in text
