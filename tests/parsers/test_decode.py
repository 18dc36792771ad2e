from __future__ import annotations

import codecs

import pytest

from ragcli.parsers._decode import decode

PROSE = "Hello there, this is a text in plain words.\n" * 3
CHINESE = "你好，世界。这是一个测试文件，里面有中文。\n" * 3


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("text", [PROSE])
def test_wide_text_without_bom_is_read_and_noted(encoding: str, text: str) -> None:
    assert decode(text.encode(encoding)) == (text, (f"decoded as {encoding}",))


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_chinese_utf_16_without_bom_is_known_by_its_punctuation(encoding: str) -> None:
    assert decode(CHINESE.encode(encoding))[0] == CHINESE


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_bom_names_the_encoding_and_is_left_out(encoding: str) -> None:
    assert decode(CHINESE.encode(encoding))[0] == CHINESE


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("gb18030", CHINESE),
        ("cp932", "これは日本語のテキストです。漢字もあります。\n" * 3),
        ("cp1251", "Привет, это русский текст для проверки.\n"),
        ("latin-1", "Le café est très bon à côté de la fenêtre, déjà vu.\n"),
    ],
)
def test_older_encodings_are_detected_and_noted(encoding: str, text: str) -> None:
    found, notes = decode(text.encode(encoding))
    assert found == text
    assert "decoded as" in notes[0]


def test_few_damaged_bytes_leave_utf_8() -> None:
    text, notes = decode(("é" * 50).encode() + b"\xff" + b"end")
    assert text == "é" * 50 + "\ufffdend"
    assert notes == ("1 bytes are not UTF-8, replaced",)


def test_nul_is_replaced_one_for_one_and_line_ends_are_one_kind() -> None:
    text, notes = decode(b"a\0b\r\nc\rd\n" + b"x" * 200)
    assert text.startswith("a\ufffdb\nc\nd\n")
    assert notes == ("1 NUL or surrogate characters replaced",)


def test_bom_alone_is_empty() -> None:
    assert decode(codecs.BOM_UTF8) == ("", ())
