from __future__ import annotations

import pytest

from ragcli import parsers, sentences
from ragcli.types import BlockKind
from tests.parsers.shown import cpu_s, sample, texts


def paragraphs(text: str, name: str = "a.srt") -> list[str]:
    return texts(parsers.parse(text.encode(), name), BlockKind.PARAGRAPH)


def test_cues_of_one_sentence_are_one_paragraph_under_its_time() -> None:
    assert texts(sample(".srt"), BlockKind.PARAGRAPH) == [
        "[00:00:01]\n\nThe lamp of the old harbour was lit every evening at six.",
        "[00:01:05]\n\n- Who walked the pier?",
        "[00:01:08]\n\n- Its keeper, in any weather.",
    ]


def test_no_sentence_holds_a_time_code() -> None:
    parsed = sample(".srt")
    found = [parsed.text[start:end] for start, end in sentences.spans(parsed.text)]
    assert found[:2] == ["[00:00:01]", "The lamp of the old harbour was lit every evening at six."]


def test_webvtt_has_title_language_voices_and_no_notes() -> None:
    parsed = sample(".vtt")
    assert (parsed.title, parsed.metadata) == ("Harbour notes", (("lang", "en"),))
    assert parsed.text == "[00:00:01]\n\nA. Keeper: The lamp was lit every evening at six & put out at dawn."


def test_long_pause_ends_a_paragraph_and_repeated_captions_are_shown_once() -> None:
    cues = "00:01 --> 00:02\none\n\n00:02 --> 00:03\none\n\n00:03 --> 00:04\ntwo\n\n01:00 --> 01:01\nthree"
    assert paragraphs(cues) == ["[00:00:01]\n\none two", "[00:01:00]\n\nthree"]


def test_cues_without_blank_lines_between_and_text_after_one_are_kept() -> None:
    cues = "1\n00:00:01,0 --> 00:00:02,0\none\n2\n00:00:02,0 --> 00:00:03,0\ntwo\n\nand three\n\n3\n"
    assert paragraphs(cues) == ["[00:00:01]\n\none two and three"]


def test_file_without_cues_is_text_with_a_note() -> None:
    parsed = parsers.parse(b"words\n\nmore", "a.srt")
    assert (parsed.text, len(parsed.blocks), parsed.notes) == ("words\n\nmore", 2, ("no time codes, read as text",))


@pytest.mark.parametrize("unit", ["<", "<v ", "00:00:01,000 --> 00:00:02,000\n", "{\\", "1\n\n", "00:00:01,000 --> "])
def test_hostile_cues_take_linear_time(unit: str) -> None:
    assert cpu_s(b"00:01 --> 00:02\n" + unit.encode() * 30_000, "a.srt") < 3
