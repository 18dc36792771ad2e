"""The oracle of what tokens write is the tokenizer's own decoder; that of UTF-8 is Python's."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models

from ragcli.errors import UsageError
from ragcli.vocabulary import Vocabulary, utf8
from tests import tinylm

END = "<|END_OF_TURN_TOKEN|>"


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=30))
def test_tokens_write_what_was_encoded(text: str) -> None:
    vocabulary = tinylm.vocabulary()
    ids = vocabulary.encode(text)
    if not any(id in vocabulary.special.values() for id in ids):
        assert b"".join(vocabulary.bytes_of(ids)).decode() == unicodedata.normalize("NFC", text)


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=30) | st.text(max_size=20).map(str.encode))
def test_any_bytes_can_be_spelled(raw: bytes) -> None:
    vocabulary = tinylm.vocabulary()
    assert b"".join(vocabulary.bytes_of(vocabulary.spell(raw))) == raw


def test_spelling_is_the_tokenizers_own_where_that_writes_the_same() -> None:
    vocabulary = tinylm.vocabulary()
    assert vocabulary.spell(b"The tower of <co: 0>") == tinylm.tokenizer().encode("The tower of <co: 0>").ids
    decomposed = "e\u0301"  # the tokenizer would compose it
    assert b"".join(vocabulary.bytes_of(vocabulary.spell(decomposed.encode()))).decode() == decomposed


def test_control_tokens_write_nothing_and_are_never_spelled() -> None:
    vocabulary = tinylm.vocabulary()
    assert vocabulary.spellings[vocabulary.special[END]] is None
    assert vocabulary.ends == {vocabulary.special[END]}
    assert not set(vocabulary.spell(END.encode())) & set(vocabulary.special.values())
    assert vocabulary.bytes_of([vocabulary.special["<PAD>"], 10**6]) == [b"", b""]


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=4), st.text(min_size=1, max_size=1), st.integers(0, 3))
def test_a_cut_character_is_told_from_what_is_no_utf8(text: str, last: str, size: int) -> None:
    head = last.encode()[:size] if size < len(last.encode()) else b""
    assert utf8(text.encode() + head) == (text, head)
    assert utf8(text.encode() + head + b"a") == (None if head else (text + "a", b""))


@pytest.mark.parametrize("raw", [b"\xed\xa0", b"\xf4\x90", b"\xc0", b"\xe0\x80", b"\xf5", b"\x80", b"a\xff"])
def test_what_can_never_become_a_character_is_refused(raw: bytes) -> None:
    assert utf8(raw) is None


def test_the_tokens_of_a_prefix_are_found_in_order() -> None:
    vocabulary = tinylm.vocabulary()
    assert [spelling for spelling, _ in vocabulary.below(b" t")] == sorted(
        spelling for spelling in vocabulary.spellings if spelling and spelling.startswith(b" t")
    )
    assert vocabulary.below(b"\xff") == [(b"\xff", vocabulary.spell(b"\xff")[0])]
    assert len(vocabulary.plain) + len(vocabulary.odd) == len(vocabulary.below(b""))


def test_byte_fallback_is_known_too() -> None:
    words = ["▁the", "▁", *(f"<0x{byte:02X}>" for byte in range(256)), END, "<unk>"]
    tokenizer = Tokenizer(models.BPE({word: id for id, word in enumerate(words)}, [], unk_token="<unk>"))
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    tokenizer.add_special_tokens([END, "<unk>"])
    vocabulary = Vocabulary(tokenizer)
    assert vocabulary.bytes_of([0, 1, 2 + 65]) == [b" the", b" ", b"A"]
    assert vocabulary.bytes_of(vocabulary.spell("the é".encode())) == [b"t", b"h", b"e", b" ", b"\xc3", b"\xa9"]


def test_a_tokenizer_that_promises_nothing_of_its_text_is_refused() -> None:
    pieces = Tokenizer(models.WordPiece({"a": 0, END: 1}, unk_token="a"))
    pieces.decoder = decoders.WordPiece()
    with pytest.raises(UsageError, match="neither byte-level"):
        Vocabulary(pieces)
    short = Tokenizer(models.BPE({"a": 0, END: 1}, []))
    short.decoder = decoders.ByteLevel()
    with pytest.raises(UsageError, match="cannot write 255 of the 256 bytes"):
        Vocabulary(short)
    with pytest.raises(UsageError, match=r"no .*END_OF_TURN_TOKEN"):
        Vocabulary(Tokenizer(models.BPE({"a": 0}, [])))
