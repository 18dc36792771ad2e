from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ragcli
from ragcli.errors import Busy, RagcliError
from ragcli.render import jsonform
from ragcli.types import FileOutcome, FileState, Hit, IngestReport, Outcome, Scores, Warn

from .hostile import PAYLOADS, acting
from .records import ANSWER, QUOTE, answer, citation, cited, document, snippet

SCHEMAS = Path(ragcli.__file__).parent / "schemas"
OUTCOMES = tuple(FileOutcome(f"{state.value}.md", state, "why", 3, ("a note",)) for state in FileState)
REPORT = IngestReport(OUTCOMES, 12, 3, 1.5)


def schema(name: str) -> Any:
    return json.loads((SCHEMAS / f"{name}.json").read_text("utf-8"))


def check(value: dict[str, Any]) -> Any:
    """The value after a strict round trip, valid by the schema it names."""

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    line = jsonform.dumps(value)
    assert "\n" not in line
    assert acting(line) == []
    again = json.loads(line, parse_constant=refuse)
    name, version = again["schema"].removeprefix("ragcli.").split("/")
    assert version == "1"
    jsonschema.validate(again, schema(name), cls=jsonschema.Draft202012Validator)
    return again


def values() -> list[dict[str, Any]]:
    pdf, note = document(), document("a.md", paged=False)
    hit = Hit(snippet(pdf), Scores(0.7123456789, None, 0.5), (0, 19))
    return [
        jsonform.answer_value(answer(pdf, warnings=(Warn("citation_out_of_range", "9"),)), {pdf.uri: pdf}),
        jsonform.answer_value(answer(note, text="", outcome=Outcome.NO_EVIDENCE), {}),
        jsonform.answer_value(answer(note, text="", outcome=Outcome.DECLINED, relevant=None), {}),
        jsonform.answer_value(answer(note, text="Birds.", outcome=Outcome.UNCITED, cited=()), {}),
        jsonform.hits_value("q", "hybrid", [hit], {pdf.uri: pdf}),
        jsonform.hits_value("q", "dense", [], {}),
        jsonform.hit_value(1, hit, {}),
        *[jsonform.file_event(outcome) for outcome in OUTCOMES],
        jsonform.summary_event(REPORT, "/x/.ragcli"),
        jsonform.summary_event(IngestReport((), 0, 0, 0.0), "/x/.ragcli", planned=True),
        jsonform.documents_value(OUTCOMES, "/x/.ragcli"),
        jsonform.snippet_value(snippet(pdf), {pdf.uri: pdf}),
        jsonform.document_value(pdf, [snippet(pdf)]),
        jsonform.removed_value(["a.md"]),
        jsonform.error_value(Busy("busy", "wait")),
    ]


@pytest.mark.parametrize("value", values(), ids=lambda value: str(value["schema"]))
def test_every_output_is_valid_by_its_schema(value: dict[str, Any]) -> None:
    check(value)


@pytest.mark.parametrize("path", sorted(SCHEMAS.glob("*.json")), ids=lambda path: path.stem)
def test_schemas_are_json_schema_and_named_after_their_file(path: Path) -> None:
    loaded = json.loads(path.read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(loaded)
    assert loaded["$id"] == f"ragcli.{path.stem}/1"


def test_shared_definitions_are_the_same_in_every_schema() -> None:
    seen: dict[str, Any] = {}
    for path in sorted(SCHEMAS.glob("*.json")):
        for name, definition in json.loads(path.read_text("utf-8")).get("$defs", {}).items():
            assert seen.setdefault(name, definition) == definition, f"{name} in {path.name}"


@pytest.mark.parametrize("value", values()[:6], ids=lambda value: str(value["schema"]))
def test_a_missing_or_unknown_key_is_refused(value: dict[str, Any]) -> None:
    name = value["schema"].removeprefix("ragcli.").split("/")[0]
    for broken in ({**value, "extra": 1}, {key: each for key, each in value.items() if key != "offset_unit"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(broken, schema(name))


def test_a_citation_has_coheres_fields_and_both_sides_resolve() -> None:
    pdf = document()
    value = check(jsonform.answer_value(answer(pdf), {pdf.uri: pdf}))
    first = value["citations"][0]
    assert value["answer"][first["start"] : first["end"]] == first["text"] == "Emperor penguins"
    assert (first["type"], first["content_index"]) == ("TEXT_CONTENT", 0)
    source = first["sources"][0]
    assert source["type"] == "document"
    assert source["id"] == source["document"]["id"] == "0123456789abcdef"
    assert source["document"]["title"] == "Tall penguins"
    assert source["document"]["snippet"] == pdf.text
    support = source["support"]
    assert pdf.text[support["start"] : support["end"]] == support["quote"] == QUOTE
    assert source["location"] == {
        "path": "birds/penguins.pdf",
        "sha256": "ab" * 32,
        "page_start": 3,
        "page_end": 3,
        "page_labels": ["1"],
        "line_start": 3,
        "line_end": 3,
        "section": "Size > Height",
        "snippet_start": 0,
        "snippet_end": len(pdf.text),
    }


def test_a_quote_in_a_later_snippet_has_the_documents_line() -> None:
    note = document("a.md", paged=False)
    source = cited(snippet(note, 20), "They reach 122 cm.")
    value = jsonform.answer_value(answer(note, citations=(citation(ANSWER, "tallest", source),)), {})
    shown = value["citations"][0]["sources"][0]
    assert (shown["location"]["line_start"], shown["location"]["snippet_start"]) == (4, 20)
    assert note.text[shown["support"]["start"] : shown["support"]["end"]] == "They reach 122 cm."


@pytest.mark.parametrize(
    ("outcome", "code", "answerable"),
    [
        (Outcome.ANSWERED, 0, "yes"),
        (Outcome.UNCITED, 0, "partial"),
        (Outcome.UNSUPPORTED, 8, "partial"),
        (Outcome.NO_EVIDENCE, 3, "no"),
        (Outcome.DECLINED, 3, "no"),
    ],
)
def test_the_outcome_decides_exit_code_and_answerable(outcome: Outcome, code: int, answerable: str) -> None:
    value = jsonform.answer_value(answer(document(), outcome=outcome), {})
    assert (value["exit_code"], value["answerable"]) == (code, answerable)
    assert (value["abstention"] is None) == (code != 3)


def test_a_path_that_is_not_utf8_comes_as_bytes() -> None:
    assert jsonform.path_value("a\udcff.txt") == {"bytes": base64.b64encode(b"a\xff.txt").decode()}
    assert jsonform.path_value("café.txt") == "café.txt"


def test_lone_surrogates_are_replaced_one_for_one() -> None:
    assert json.loads(jsonform.dumps({"q": "a\ud83d\ude00b\udcff"})) == {"q": "a\ufffd\ufffdb\ufffd"}


def test_floats_have_six_digits_and_nan_is_refused() -> None:
    assert jsonform.dumps({"x": 0.1 + 0.2}) == '{"x": 0.3}'
    with pytest.raises(ValueError, match="not JSON compliant"):
        jsonform.dumps({"x": float("nan")})


def test_the_states_of_a_summary_add_up() -> None:
    value = jsonform.summary_event(REPORT, "i")
    assert sum(value["states"].values()) == value["files"] == len(FileState)
    assert value["exit_code"] == 5
    assert value["ok"] is False


@pytest.mark.parametrize("payload", PAYLOADS)
def test_hostile_strings_give_valid_inert_json(payload: str) -> None:
    evil = document(payload, payload + QUOTE, paged=False)
    value = jsonform.answer_value(answer(evil, text=payload, question=payload), {evil.uri: evil})
    assert check(value)["documents"][0]["document"]["snippet"].endswith(QUOTE)
    check(jsonform.file_event(FileOutcome(payload, FileState.FAILED, payload, 0, (payload,))))
    check(jsonform.error_value(RagcliError(payload, payload)))


@given(st.text(alphabet=st.characters(), max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_text_round_trips_but_for_lone_surrogates(text: str) -> None:
    loaded = json.loads(jsonform.dumps({"x": text}))["x"]
    assert len(loaded) == len(text)
    assert all(a == b or "\ud800" <= b <= "\udfff" for a, b in zip(loaded, text, strict=True))
