from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import ragcli
from ragcli.render import care
from ragcli.render.jsonform import dumps
from ragcli.render.layout import Look
from ragcli.reports import Bundle, Check, Counts, Lengths, Rebuilt, Sized, Stats, Verdict
from ragcli.types import FileOutcome, FileState

from .hostile import PAYLOADS, acting

SCHEMAS = Path(ragcli.__file__).parent / "schemas"
CHECKS = (
    Check("cache", Verdict.OK, "12 vectors, as written"),
    Check("files", Verdict.WARNING, "1 changed: a.md", "ragcli ingest a.md"),
    Check("terms", Verdict.FAILED, "2 snippets without terms", "ragcli rebuild"),
)
STATS = Stats(
    counts=Counts(2, 5, 9),
    words=1234,
    embedder="hashing:64",
    rule=(150, 220),
    states=(("added", 2), ("no_text", 1)),
    formats=((".md", 2),),
    languages=(("English", 2),),
    disk=(("store.sqlite", 2048), ("lock", 11)),
    lengths=(Lengths(0, 49, 1), Lengths(50, 99, 0), Lengths(100, 149, 4)),
    largest=(Sized("a.md", 1200, 4), Sized("b.md", 34, 1)),
    failed=(FileOutcome("c.pdf", FileState.FAILED, "encrypted"),),
)
REBUILT = Rebuilt(Counts(2, 5, 9), "hashing:64", 7, 2, 1.5)
BUNDLE = Bundle(Counts(1, 5, 9), "hashing:64", "hashing-64")


def test_a_check_shows_what_is_wrong_and_the_command_on_a_line_of_its_own() -> None:
    assert care.doctor_text(CHECKS, Look()) == (
        "ok       cache           12 vectors, as written\n"
        "warning  files           1 changed: a.md\n"
        "         mend: ragcli ingest a.md\n"
        "failed   terms           2 snippets without terms\n"
        "         mend: ragcli rebuild\n"
        "3 checks: 1 ok, 1 warning, 1 failed\n"
    )


def test_a_count_stays_beside_what_is_counted() -> None:
    formats = tuple((f".{each}", 1) for each in ("md", "pdf", "html", "jsonl", "ipynb"))
    text = care.stats_text(replace(STATS, formats=formats, disk=(("a", 0), ("b", 9))), Look(width=30))
    assert "formats   1 .md, 1 .pdf,\n          1 .html, 1 .jsonl,\n          1 .ipynb\n" in text
    assert "disk      9 B: b 9 B\n" in text


def test_a_command_is_never_wrapped() -> None:
    command = "ragcli ingest " + " ".join(["some/long/path.md"] * 9)
    text = care.doctor_text([Check("files", Verdict.WARNING, "changed", command)], Look(width=40))
    assert f"mend: {command}\n" in text


def test_only_a_failed_check_is_an_error() -> None:
    assert [care.doctor_code(CHECKS[:1]), care.doctor_code(CHECKS[:2]), care.doctor_code(CHECKS)] == [0, 0, 8]


def test_figures_are_a_few_lines_and_a_histogram() -> None:
    assert care.stats_text(STATS, Look()) == (
        "2 documents, 5 snippets, 9 windows, 1,234 words\n"
        "embedder  hashing:64\n"
        "files     2 added, 1 no text\n"
        "formats   2 .md\n"
        "languages 2 English\n"
        "disk      2.0 KiB: store.sqlite 2.0 KiB, lock 11 B\n"
        "Words of a snippet, cut to 150-220: 4 of 5 have 100-400\n"
        "     0-49            1  ██████████\n"
        "    50-99            0\n"
        "   100-149           4  ████████████████████████████████████████\n"
        "largest   a.md  1,200 words, 4 snippets\n"
        "          b.md  34 words, 1 snippets\n"
        "failed    c.pdf: encrypted\n"
    )


def test_an_ascii_terminal_gets_an_ascii_histogram() -> None:
    assert care.stats_text(STATS, Look(unicode=False)).isascii()


def test_an_empty_index_has_no_histogram() -> None:
    empty = Stats(Counts(), 0, "", None, (), (), (), (("lock", 11),), (), (), ())
    assert care.stats_text(empty, Look()) == (
        "0 documents, 0 snippets, 0 windows, 0 words\ndisk      11 B: lock 11 B\n"
    )


def test_a_rebuild_and_a_bundle_are_one_line() -> None:
    assert care.rebuilt_text(REBUILT, Look()) == (
        "2 documents, 5 snippets, 9 windows · hashing:64 · 7 windows embedded, 2 reused · 1.5 s\n"
    )
    plain = care.rebuilt_text(Rebuilt(Counts(), "", 0, 0, 0.1), Look())
    assert plain == "0 documents, 0 snippets, 0 windows · 0.1 s\n"
    assert care.bundle_text(BUNDLE, "n.ragcli", 3 << 20, Look(), verb="exported") == (
        "exported  n.ragcli: 1 document, 5 snippets, 9 windows · hashing:64 · 3.0 MiB\n"
    )


@pytest.mark.parametrize(("size", "text"), [(0, "0 B"), (1023, "1,023 B"), (1536, "1.5 KiB"), (5 << 40, "5,120.0 GiB")])
def test_sizes_are_in_binary_units(size: int, text: str) -> None:
    assert care.size_text(size) == text


def values() -> list[dict[str, Any]]:
    return [
        care.doctor_value(CHECKS, "/x/.ragcli", deep=True),
        care.doctor_value([], "/x/\udcff", deep=False),
        care.stats_value(STATS, "/x/.ragcli"),
        care.stats_value(replace(STATS, rule=None, lengths=(), failed=()), "/x/.ragcli"),
        care.rebuilt_value(REBUILT, "/x/.ragcli"),
        care.bundle_value(BUNDLE, "n.ragcli", 12, "/x/.ragcli"),
    ]


@pytest.mark.parametrize("value", values(), ids=lambda value: str(value["schema"]))
def test_every_output_is_valid_by_its_schema(value: dict[str, Any]) -> None:
    again = json.loads(dumps(value))
    name = again["schema"].removeprefix("ragcli.").removesuffix("/1")
    schema = json.loads((SCHEMAS / f"{name}.json").read_text("utf-8"))
    jsonschema.validate(again, schema, cls=jsonschema.Draft202012Validator)
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize("payload", PAYLOADS)
def test_nothing_that_a_file_says_acts_on_the_terminal(payload: str) -> None:
    checks = [Check("files", Verdict.FAILED, payload, payload)]
    stats = replace(
        STATS,
        embedder=payload,
        formats=((payload, 1),),
        disk=((payload, 1),),
        largest=(Sized(payload, 1, 1),),
        failed=(FileOutcome(payload, FileState.FAILED, payload),),
    )
    shown = [
        care.doctor_text(checks, Look()),
        care.stats_text(stats, Look()),
        care.rebuilt_text(replace(REBUILT, embedder=payload), Look()),
        care.bundle_text(replace(BUNDLE, embedder=payload), payload, 1, Look(), verb="exported"),
    ]
    for text in shown:
        assert acting(text) == []
