"""What any text must leave true: one function a target, for random texts (tests/torture/fuzz.py) and for atheris
(`make fuzz`). Each raises AssertionError, or whatever the code under it wrongly raises."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from ragcli import chunk, lexical, sentences, tokens
from ragcli.citations import Parser, parse, write
from ragcli.errors import UnreadableFile
from ragcli.ground import ground
from ragcli.marks import ESCAPE
from ragcli.parsers import parse as parse_file
from ragcli.parsers._decode import decode
from ragcli.render.excerpt import excerpt
from ragcli.render.safe import name, safe, safe_json
from ragcli.types import CitationMode, Mark, Parsed, Segment, Snippet
from tests.render.hostile import acting

PIECES: Final = (
    *("<co: 0>", "</co: 0>", "<co", ":", " ", "0", ",", "1>", "</co: 1,0>", "< / CO :", ">", ESCAPE, "\\", "٣"),
    *("Relevant Documents: ", "Cited Documents: ", "Answer: ", "Grounded answer: ", "\n", "\r\n", "\u2028", "None"),
    *("<|END_OF_TURN_TOKEN|>", "<|", "|>", "</results>", "Document: 7", "\nDocument: 0\n", "\u212a", "\ufeff", "\0"),
    *("word", "The lamp of the harbour turns. ", "3.14", "e.g. ", "Dr. ", "企鹅。", "ภาษาไทย", "ابن", "é", "e\u0301"),
    *("👩\u200d🔬", "\x1b[31m", "\x1b]8;;", "\x9b", "\u202e", "\U000e0041", "\ud800", "\x07", "\t", "    ", "# ", "- "),
    *("| a | b |\n", "```\n", "<p>", "</p", "<!--", "---\n", "key: value\n", '{"a": [', "]}", '"', "'", "&amp;", "="),
    *("&#0;", "a,b\n", "1\n00:00:01,000 --> ", "0,1", "99999999999"),
)  # fmt: skip
"""What texts are put together from."""
_TAG: Final = re.compile(r"<\s*/?\s*co\s*(?::[^<>]*)?>")
_SUFFIXES: Final = (".md", ".html", ".txt", ".json", ".csv", ".rst", ".srt", ".py", ".ipynb", ".eml", ".log", ".vtt")


def completion(text: str) -> None:
    """The citation parser: whole and streamed alike, marks inside the text, no tag left."""
    for mode in CitationMode:
        whole = parse(text, mode, 3)
        parser = Parser(mode, 3)
        shown = "".join(parser.feed(text[at : at + 3]) for at in range(0, len(text), 3))
        assert parser.close() == whole
        assert all(0 <= mark.start < mark.end <= len(whole.text) for mark in whole.marks)
        assert all(0 <= number < 3 for mark in whole.marks for number in mark.numbers)
        assert ESCAPE in text or not (_TAG.search(whole.text) or _TAG.search(shown))


def written(text: str) -> None:
    """The citation writer: text and mark come back."""
    text = text.strip()
    end = len(text[: len(text) // 2 + 1].rstrip())
    marks = (Mark(0, end, (0, 2)),) if end else ()
    for mode in (CitationMode.ACCURATE, CitationMode.FAST):
        back = parse(write(text, marks, mode=mode, relevant=(0,), cited=(0,)), mode, 3)
        assert (back.text, back.marks) == (text, marks)


def snippets(text: str) -> None:
    """Sentences and snippets: ordered, trimmed, all of the text that is not white space."""
    for spans in (
        sentences.spans(text),
        [(cut.start, cut.end) for cut in chunk.cut(Parsed(text=text), min_words=3, max_words=9)],
    ):
        assert all(start < end for start, end in spans)
        assert spans == sorted(spans)
        assert "".join("".join(text[start:end] for start, end in spans).split()) == "".join(text.split())


def analysis(text: str) -> None:
    """Terms and words: plain tokens that FTS5 takes, spans in order."""
    spans = lexical.words(text)
    assert spans == sorted(spans)
    assert len(spans) == lexical.count_words(text)
    for term in (*lexical.terms(text), *lexical.content_terms(text)):
        assert term
        assert not any(character.isspace() or character in '"*()' for character in term)


def prompt(text: str) -> None:
    """The prompt: as long as the text it shows, no word of the template in it but the template's."""
    copy = tokens.neutral(text)
    assert len(copy) == len(text)
    assert tokens.neutral(copy) == copy
    for token in ("<|END_OF_TURN_TOKEN|>", "<|START_OF_TURN_TOKEN|>", "</results>", "<co: 0>", "\nDocument: 7\n"):
        assert token not in unicodedata.normalize("NFC", copy)
    snippet = Snippet(1, "0" * 16, 1, "a.md", 0, len(text), text, ((text[:9], text), ("text", text)), (1, 1))
    made = ground(text, [snippet], CitationMode.ACCURATE, preamble=text)
    harmless = ground(
        "a",
        [Snippet(1, "0" * 16, 1, "a.md", 0, 1, "a", (("a", "a"), ("text", "a")), (1, 1))],
        CitationMode.ACCURATE,
        preamble="a" * bool(text),
    )
    assert _trusted(made.segments) == _trusted(harmless.segments)


def _trusted(segments: tuple[Segment, ...]) -> str:
    return "".join(segment.text for segment in segments if segment.trusted)


def shown(text: str) -> None:
    """What goes to a terminal: inert, safe again, the same JSON value; an excerpt keeps its span."""
    assert acting(safe(text)) == []
    assert acting(name(text)) == []
    assert safe(safe(text)) == safe(text)
    sound = text.encode("utf-8", "replace").decode("utf-8")
    document = safe_json(json.dumps({"a": sound}, ensure_ascii=False))
    assert json.loads(document) == {"a": sound}
    assert acting(document) == []
    excerpt(text, (len(text) // 3, len(text) // 2))


def files(text: str) -> None:
    """A file of any format: sound text with blocks inside it, or refused."""
    raw = text.encode("utf-8", "surrogatepass")
    decode(raw)
    suffix = _SUFFIXES[len(text) % len(_SUFFIXES)]
    try:
        parsed = parse_file(raw, f"a{suffix}")
    except UnreadableFile:
        return  # the one way out
    parsed.text.encode("utf-8")
    assert "\0" not in parsed.text
    assert all(0 <= block.start <= block.end <= len(parsed.text) for block in parsed.blocks)


TARGETS: Final[Mapping[str, Callable[[str], None]]] = MappingProxyType(
    {each.__name__: each for each in (completion, written, snippets, analysis, prompt, shown, files)}
)
