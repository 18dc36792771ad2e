"""Subtitles (SRT, WebVTT): a transcript. Cues that share a sentence are one paragraph, under the time it begins at.

The stored text is not the file's: a sentence that is cut into cues would have time codes in its middle.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from ragcli.parsers._blocks import capped
from ragcli.parsers._decode import decode
from ragcli.parsers._lines import Line, groups
from ragcli.types import Block, BlockKind, Fields, Parsed

SUFFIXES: Final = (".srt", ".vtt")

_MOST_CUES: Final = 24  # in one paragraph where nobody ends a sentence
_PAUSE_S: Final = 8.0
_TITLE_CHARS: Final = 300
_TIME: Final = r"((?:\d{1,3}:)?\d{1,2}:\d{2})(?:[.,](\d{1,3}))?"
_TIMES: Final = re.compile(rf"{_TIME}[ \t]*-->[ \t]*{_TIME}(?:\s|$)")
_VOICE: Final = re.compile(r"<v(?:\.[^\s>]{0,100})?[ \t]+([^<>]{1,100})>")
_TAG: Final = re.compile(r"</?[A-Za-z][^<>]{0,200}>|<\d[\d:.]{0,20}>|\{\\[^{}]{0,100}\}")
_ENDED: Final = re.compile(r"[.!?…。！？؟۔।♪][\"'”’»)\]]*$")
_ASIDE: Final = re.compile(r"(?:NOTE|STYLE|REGION|WEBVTT)\b|\d+$")
_SPEAKS: Final = re.compile(r"[-–—] ?\S|>> ?\S")


class _Cue(NamedTuple):
    time: str
    start_s: float
    end_s: float
    text: str


def parse(raw: bytes, name: str, /) -> Parsed:
    """Paragraphs "[00:01:05]", blank line, text; formatting is left out, a voice goes before its words. What holds no
    cue is read as text, with a note."""
    text, notes = decode(raw)
    found = list(groups(text))
    cues = _all_cues(found)
    if not cues:
        blocks = tuple(Block(BlockKind.PARAGRAPH, group[0].start, group[-1].end) for group in found)
        return Parsed(text, blocks, notes=(*notes, "no time codes, read as text") if found else notes)
    parts: list[str] = []
    made: list[Block] = []
    length = 0
    for paragraph in _paragraphs(cues):
        shown = f"[{paragraph[0].time}]\n\n" + " ".join(cue.text for cue in paragraph)
        gap = "\n\n" if parts else ""
        parts += (gap, shown)
        made.append(Block(BlockKind.PARAGRAPH, length + len(gap), length + len(gap) + len(shown)))
        length += len(gap) + len(shown)
    whole = "".join(parts)
    kept, more = capped(whole, made)
    title, metadata = _header(found[0])
    return Parsed(whole, kept, (), title, metadata, (*notes, *more))


def _all_cues(found: Sequence[Sequence[Line]]) -> list[_Cue]:
    """Those with text. Lines without times continue the cue above, unless they are a note, a style or a header."""
    cues: list[_Cue] = []
    for group in found:
        fresh = list(_cues(group))
        if not fresh and cues and not _ASIDE.match(group[0].text):
            more = " ".join(_shown(line.text) for line in group)
            cues[-1] = cues[-1]._replace(text=f"{cues[-1].text} {more}".strip())
        cues += fresh
    return [cue for cue in cues if cue.text]


def _cues(group: Sequence[Line]) -> Iterator[_Cue]:
    """The cue of a group of lines, or several where no blank line parts them, without their numbers."""
    at = [n for n, line in enumerate(group) if _TIMES.match(line.bare)]
    for n, beyond in zip(at, [*at[1:], len(group) + 1], strict=False):
        times = _TIMES.match(group[n].bare)
        ended = beyond - 1 if beyond <= len(group) and group[beyond - 1].bare.isdigit() else min(beyond, len(group))
        shown = " ".join(filter(None, (_shown(line.text) for line in group[n + 1 : ended])))
        if times:
            yield _Cue(_clock(times[1]), _seconds(times[1], times[2]), _seconds(times[3], times[4]), shown)


def _shown(line: str) -> str:
    """A line as it is seen: voices named, tags and entities gone."""
    return " ".join(html.unescape(_TAG.sub("", _VOICE.sub(r"\1: ", line))).replace("\0", "").split())


def _clock(time: str) -> str:
    """ "1:05" -> "00:01:05"."""
    parts = [int(part) for part in time.split(":")]
    return ":".join(f"{part:02}" for part in (*[0] * (3 - len(parts)), *parts))


def _seconds(time: str, fraction: str | None) -> float:
    whole = 0
    for part in time.split(":"):
        whole = whole * 60 + int(part)
    return whole + float(f"0.{fraction or 0}")


def _paragraphs(cues: Sequence[_Cue]) -> Iterator[list[_Cue]]:
    """Cues up to the one that ends a sentence; another speaker or a long pause ends it too. A cue that repeats the one
    before (captions that roll up) is left out."""
    paragraph: list[_Cue] = []
    for cue in cues:
        last = paragraph[-1] if paragraph else None
        if last and (
            _ENDED.search(last.text)
            or len(paragraph) >= _MOST_CUES
            or cue.start_s - last.end_s > _PAUSE_S
            or _SPEAKS.match(cue.text)
        ):
            yield paragraph
            paragraph = []
        elif last and cue.text == last.text:
            continue
        paragraph.append(cue)
    if paragraph:
        yield paragraph


def _header(group: Sequence[Line]) -> tuple[str, Fields]:
    """The title behind WEBVTT, and the language it states."""
    if not group[0].text.startswith("WEBVTT"):
        return "", ()
    title = group[0].text.removeprefix("WEBVTT").strip(" \t-–—:")[:_TITLE_CHARS]
    pairs = [line.text.partition(":") for line in group[1:]]
    language = next((value.strip() for key, _, value in pairs if key.strip().lower() == "language"), "")
    return title, (("lang", language[:_TITLE_CHARS]),) if language else ()
