from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragcli.render.safe import name, path_bytes, safe, safe_json

from .hostile import PAYLOADS, acting


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_payload_keeps_a_character_that_acts_on_a_terminal(payload: str) -> None:
    assert acting(safe(payload)) == []
    assert acting(name(payload)) == []
    assert "\n" not in name(payload)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[1m", "␛[1m"),
        ("\t", "    "),
        ("a\nb\r\nc", "a\nb\nc"),
        ("\u202e", "⟪U+202E⟫"),
        ("\x9b", "⟪U+009B⟫"),
        ("\x7f", "␡"),
        ("a\udcff.txt", "a\\xff.txt"),
        ("\ud800", "⟪U+D800⟫"),
        ("\U000e0041", "⟪U+E0041⟫"),
        ("naïve 企鹅 ابن 🐧", "naïve 企鹅 ابن 🐧"),
    ],
)
def test_escapes_are_visible_and_ordinary_text_is_kept(text: str, shown: str) -> None:
    assert safe(text) == shown


@pytest.mark.parametrize(
    ("path", "raw"),
    [("é.md", b"\xc3\xa9.md"), ("a\udcff.md", b"a\xff.md"), ("a\ud800\udcff.md", b"a\xed\xa0\x80\xed\xb3\xbf.md")],
)
def test_a_path_has_its_bytes_or_some_where_no_file_can_be_called_so(path: str, raw: bytes) -> None:
    assert path_bytes(path) == raw


def test_a_name_has_no_line_feed() -> None:
    assert name("a\nb") == "a␊b"


@given(st.text(alphabet=st.characters(), max_size=80))
@settings(max_examples=300, deadline=None)
def test_safe_text_is_inert_and_safe_again(text: str) -> None:
    assert acting(safe(text)) == []
    assert safe(safe(text)) == safe(text)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=80))
@settings(max_examples=300, deadline=None)
def test_safe_json_is_the_same_value_and_inert(text: str) -> None:
    document = safe_json(json.dumps({text: text}, ensure_ascii=False))
    assert json.loads(document) == {text: text}
    assert acting(document) == []


def test_a_long_hostile_text_costs_linear_time() -> None:
    started = time.process_time()
    safe("\x1b" * 200_000)
    assert time.process_time() - started < 2
