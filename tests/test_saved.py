from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragcli import saved
from ragcli.errors import UsageError


def answer(**changes: Any) -> dict[str, Any]:
    source = {
        "id": "3f9a2c0011223344",
        "location": {"path": "penguins.md"},
        "support": {"status": "supported", "start": 10, "end": 14, "quote": "tall"},
    }
    return {
        "schema": "ragcli.answer/1",
        "offset_unit": "unicode_code_point",
        "question": "How tall?",
        "answer": "Very tall.",
        "citations": [{"start": 0, "end": 9, "text": "Very tall", "sources": [source]}],
        **changes,
    }


def test_an_answer_is_read_with_its_sources() -> None:
    (found,) = saved.read(json.dumps(answer()).encode(), "a.json")
    (source,) = found.sources
    assert (found.line, found.question, found.text) == (1, "How tall?", "Very tall.")
    assert (source.claim, source.span, source.quote, source.uri) == ((0, 9), (10, 14), "tall", "penguins.md")


def test_lines_are_answers_each_and_failed_ones_are_passed_over() -> None:
    failed = {"schema": "ragcli.error/1", "ok": False}
    raw = "\n".join(json.dumps(each) for each in (answer(), failed, answer(citations=[])))
    assert [(each.line, len(each.sources)) for each in saved.read(raw.encode(), "b.jsonl")] == [(1, 1), (3, 0)]


def test_the_log_gives_refs_without_quotes() -> None:
    shown = {"question": "q", "answer": None, "sources": [{"id": "aa", "path": {"bytes": "Yf9i"}}]}
    written = {"question": "q", "answer": "x", "sources": [["bb", "b.md"]], "made_from": ["bb"]}
    raw = json.dumps({"schema": "ragcli.log/1", "entries": [shown]}) + "\n" + json.dumps(written)
    sources = [source for each in saved.read(raw.encode(), "log") for source in each.sources]
    assert [(each.ref, each.uri, each.quote) for each in sources] == [("aa", "a\udcffb", None), ("bb", "b.md", None)]


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"", "a.json holds no answer"),
        (b"\xff", "a.json is not UTF-8"),
        (b"{}\n{", "a.json:2 is not JSON"),
        (b"[" * 100_000, "a.json:1 is not JSON"),
        (b"[]", "a.json is no object"),
        (b'{"schema": 5}', "a.json: schema is no text"),
        (b'{"schema": "ragcli.hits/1"}', "a.json: schema is 'ragcli.hits/1', not ragcli.answer/1"),
    ],
)
def test_what_is_no_answer_is_named(raw: bytes, told: str) -> None:
    with pytest.raises(UsageError) as refused:
        saved.read(raw, "a.json")
    assert refused.value.message == told
    assert refused.value.hint


def without(*way: str | int) -> bytes:
    """An answer with None at a place."""
    made: Any = answer()
    at = made
    for step in way[:-1]:
        at = at[step]
    at[way[-1]] = None
    return json.dumps(made).encode()


@pytest.mark.parametrize(
    ("way", "told"),
    [
        (("question",), "question is no text"),
        (("offset_unit",), "offset_unit is not unicode_code_point"),
        (("citations",), "citations is no list"),
        (("citations", 0), "citations[0] is no object"),
        (("citations", 0, "start"), "citations[0].start is no offset"),
        (("citations", 0, "text"), "citations[0].text is no text"),
        (("citations", 0, "sources", 0, "id"), "citations[0].sources[0].id is no text"),
        (("citations", 0, "sources", 0, "support", "end"), "citations[0].sources[0].support.end is no offset"),
        (("citations", 0, "sources", 0, "location", "path"), "citations[0].sources[0].location.path is no object"),
    ],
)
def test_a_wrong_field_is_named_by_its_way(way: tuple[str | int, ...], told: str) -> None:
    with pytest.raises(UsageError) as refused:
        saved.read(without(*way), "a.json")
    assert refused.value.message == f"a.json: {told}"


def test_spans_must_be_those_of_their_texts() -> None:
    made = answer(answer="Other text.")
    with pytest.raises(UsageError, match="is not what stands there in the answer"):
        saved.read(json.dumps(made).encode(), "a.json")
    made = answer()
    made["citations"][0]["sources"][0]["support"]["quote"] = "longer than its span"
    with pytest.raises(UsageError, match="is not as long as its span"):
        saved.read(json.dumps(made).encode(), "a.json")


def test_too_much_is_refused() -> None:
    made = answer(citations=answer()["citations"] * (saved.MOST_SOURCES + 1))
    with pytest.raises(UsageError, match="more than 10,000 sources"):
        saved.read(json.dumps(made).encode(), "a.json")


WHAT = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda each: (
        st.lists(each, max_size=3)
        | st.dictionaries(st.sampled_from(["schema", "citations", "answer", "sources", "made_from", "entries"]), each)
    ),
    max_leaves=8,
)


@given(WHAT, st.sampled_from(["ragcli.answer/1", "ragcli.log/1", ""]))
def test_nothing_but_a_usage_error_comes_of_any_json(value: Any, schema: str) -> None:
    if schema and isinstance(value, dict):
        value = {**answer(), **value, "schema": schema}
    with contextlib.suppress(UsageError):
        assert saved.read(json.dumps(value).encode(), "a.json")
