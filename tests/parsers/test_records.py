from __future__ import annotations

import json

import pytest

from ragcli import chunk, parsers
from ragcli.types import BlockKind
from tests.parsers.shown import cpu_s, headings, sample, texts


def test_sample_is_cut_where_its_records_are() -> None:
    parsed = sample(".json")
    assert parsed.title == "Harbour notes"
    assert headings(parsed) == [(2, "keepers"), (2, "oil")]
    records = texts(parsed, BlockKind.CODE)[2:-1]
    assert [json.JSONDecoder().raw_decode(record)[0]["since"] for record in records] == list(range(1891, 1899))


def test_lines_are_records_of_their_own() -> None:
    lines = ['{"a": "one.\\ntwo"}', '{"b": [1, 2]}']
    parsed = parsers.parse("\n\n".join(lines).encode(), "a.jsonl")
    assert texts(parsed, BlockKind.CODE) == lines
    assert parsed.notes == ()
    parsed = parsers.parse("\n".join(lines).encode(), "a.json")
    assert texts(parsed, BlockKind.CODE) == lines
    assert parsed.notes == ("JSON Lines by its content",)


def test_sections_are_the_keys_on_the_way() -> None:
    verbs = {verb: {"summary": "word " * 300} for verb in ("get", "post")}
    routes = {f"/route{n}": verbs for n in range(2)}
    parsed = parsers.parse(
        json.dumps({"info": {"title": "API"}, "paths": routes, "end": 1}, indent=1).encode(), "a.json"
    )
    assert parsed.title == "API"
    names = [cut.section for cut in chunk.cut(parsed)]
    assert "paths > /route0 > post" in names
    assert "paths > /route1 > get" in names


def test_large_elements_are_sections_by_number_and_none_lies_under_another() -> None:
    large = {"text": "word " * 300, "rest": ["x" * 700, "y" * 700]}
    parsed = parsers.parse(json.dumps([large, {"small": 1}, large]).encode(), "a.json")
    assert [name for level, name in headings(parsed) if level == 2] == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("raw", "note"),
    [
        ('{"a": 1,}', "line 1"),
        ("// c\n{}", "line 1"),
        ("[" * 100_000, "nested too deeply"),
        ("9" * 5000, "a number too long"),
    ],
)
def test_what_is_no_json_is_text_with_a_note(raw: str, note: str) -> None:
    parsed = parsers.parse(raw.encode(), "a.json")
    assert (parsed.text, len(parsed.blocks)) == (raw, 1)
    assert "not valid JSON" in parsed.notes[0]
    assert note in parsed.notes[0]


def test_bad_lines_are_counted() -> None:
    assert parsers.parse(b'{"a": 1}\nnot\n', "a.ndjson").notes == ("1 of 2 lines are not JSON",)


def test_key_that_no_store_keeps_is_made_sound() -> None:
    raw = json.dumps({"\ud800\0": ["x" * 3000]})
    assert headings(parsers.parse(raw.encode(), "a.json")) == [(2, "?\ufffd")]


@pytest.mark.parametrize("raw", [b"[" + b"1," * 50_000 + b"1]", b'{"a":' * 900 + b"1" + b"}" * 900, b" " * 1_000_000])
def test_large_values_take_linear_time(raw: bytes) -> None:
    assert cpu_s(raw, "a.json") < 2
