from __future__ import annotations

import importlib
import pkgutil
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragcli import parsers
from ragcli.errors import UnreadableFile
from ragcli.types import BlockKind, Parsed

DATA = Path(__file__).parent.parent / "data"
NAMES = sorted(m.name for m in pkgutil.iter_modules(parsers.__path__) if not m.name.startswith("_"))


def suffix_of(name: str) -> str:
    suffix: str = importlib.import_module(f"ragcli.parsers.{name}").SUFFIXES[0]
    return suffix


def parse(name: str, raw: bytes) -> Parsed:
    parsed: Parsed = importlib.import_module(f"ragcli.parsers.{name}").parse(raw, f"any{suffix_of(name)}")
    return parsed


def sample(name: str) -> bytes:
    return (DATA / f"sample{suffix_of(name)}").read_bytes()


def check(parsed: Parsed) -> None:
    parsed.text.encode("utf-8")
    assert "\0" not in parsed.text
    assert "\r" not in parsed.text
    end = table = 0
    for block in parsed.blocks:
        assert block.start < block.end <= len(parsed.text)
        if block.kind is BlockKind.ROW:
            assert block.end <= table
            continue
        assert block.start >= end
        assert (block.level > 0) == (block.kind is BlockKind.HEADING)
        end = block.end
        table = end if block.kind is BlockKind.TABLE else 0
    starts = [page.start for page in parsed.pages]
    assert starts[:1] in ([], [0])
    assert all(a < b for a, b in pairwise(starts))
    assert all(start < len(parsed.text) for start in starts)


def check_or_refuse(name: str, raw: bytes) -> None:
    try:
        parsed = parse(name, raw)
    except UnreadableFile:
        return  # the one way out; anything else fails the test
    check(parsed)


@pytest.mark.parametrize("name", NAMES)
def test_sample_has_text_and_several_sound_blocks(name: str) -> None:
    parsed = parse(name, sample(name))
    check(parsed)
    assert "every" in parsed.text
    assert len(parsed.blocks) > 1
    assert parse(name, sample(name)) == parsed


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("raw", [b"", b" \n\t\n"])
def test_empty_file_has_no_text(name: str, raw: bytes) -> None:
    assert parse(name, raw).text.strip() == ""


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=100, deadline=None)
@given(raw=st.binary(max_size=300) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")))
def test_any_bytes_give_sound_text_or_are_refused(name: str, raw: bytes) -> None:
    check_or_refuse(name, raw)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=40, deadline=None)
@given(cut=st.integers(0, 3000), flip=st.integers(0, 3000), byte=st.integers(0, 255))
def test_damaged_sample_gives_sound_text_or_is_refused(name: str, cut: int, flip: int, byte: int) -> None:
    raw = bytearray(sample(name))
    raw[flip % len(raw)] = byte
    check_or_refuse(name, bytes(raw[: len(raw) - cut % len(raw)]))


@pytest.mark.parametrize("name", NAMES)
def test_suffixes_lead_to_the_module(name: str) -> None:
    assert parsers.suffixes()[suffix_of(name)] == name
    assert parsers.kind_of(sample(name), f"A{suffix_of(name).upper()}") == name
