"""Document -> snippets along its structure.

Where the parser gave blocks, text before the first one is not cut (front matter, which the parser read as
metadata); text between and after blocks is. Without blocks, blank lines part paragraphs.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Final

from ragcli import lexical, sentences
from ragcli.pieces import HARD_MAX, HARD_MIN, Path, Piece, join_small, join_tiny, join_units
from ragcli.record import record
from ragcli.tables import Heads
from ragcli.types import UNITS, Block, BlockKind, Cut, Parsed, Span

_BLOCK_END: Final = 30
"""How many words off the target the end of a paragraph is worth."""
_SEPARATOR: Final = " > "
_MAX_HEADING: Final = 120
_WORD_CHARS: Final = 40
"""More than a word with what parts it from the next has on average, in any text that people read."""

_PARAGRAPH_BREAK: Final = re.compile(r"\n[^\S\n]*+\n\s*+|\f\s*+")
_LINE: Final = re.compile(r"[^\n]+")
_MARKS: Final = re.compile(r"\A\s*#{1,6}\s+|\s+#+\s*\Z")
_RULE: Final = re.compile(r"[^\w\s]{3,}\Z")
_NO_BREAK: Final = (BlockKind.CODE, BlockKind.TABLE, BlockKind.ROW)


@record
class _Atom:
    """What is not cut again. `last` is set where a paragraph, list, table or listing ends."""

    start: int
    end: int
    words: int
    last: bool


def cut(parsed: Parsed, *, min_words: int = 150, max_words: int = 220) -> list[Cut]:
    """The snippets of a document: disjoint, sorted, trimmed, together all its text that is not whitespace. One spans
    slides, sheets or cells only where one of them has fewer than 100 words; pages break nothing.

    Words as `lexical.count_words`. Raises ValueError unless 0 < min_words <= max_words <= 400.
    """
    if not 0 < min_words <= max_words <= HARD_MAX:
        raise ValueError(f"0 < min_words <= max_words <= {HARD_MAX} does not hold: {min_words}, {max_words}")
    units: dict[int, list[Piece]] = {}
    for unit, path, section in _sections(parsed, max_words):
        for atoms in _pack(section, min_words, max_words):
            piece = Piece(atoms[0].start, atoms[-1].end, sum(atom.words for atom in atoms), path)
            units.setdefault(unit, []).append(piece)
    tiny = min(HARD_MIN, min_words)
    pieces = join_units([join_tiny(join_small(found, min_words, max_words), tiny) for found in units.values()], tiny)
    heads = Heads(parsed)
    return [Cut(piece.start, piece.end, _SEPARATOR.join(piece.path), heads.columns(piece.start)) for piece in pieces]


def _sections(parsed: Parsed, max_words: int) -> Iterator[tuple[int, Path, list[_Atom]]]:
    """(unit, headings, atoms) of each section; the unit is the slide, sheet or cell that it lies in, 0 for none.
    Headings without text of their own go to the next section."""
    text = parsed.text
    blocks = _top_blocks(parsed)
    sole = _sole_title(parsed, blocks)
    open_: list[tuple[int, str]] = []
    path: Path = ()
    atoms: list[_Atom] = []
    heading: int | None = None
    starts = [page.start for page in parsed.pages if page.label.startswith(UNITS)]
    unit = 0
    for block, rows in blocks:
        if block.kind is not BlockKind.HEADING:
            here = bisect_right(starts, block.start)
            if atoms and (heading is not None or here != unit):
                yield unit, path, atoms
                atoms = []
            unit = here
            if heading is not None:
                path = tuple(title for _, title in open_)
            fresh = list(_atoms(text, block, rows, max_words))
            atoms += _glue(text, heading, fresh, max_words)
            heading = None
            continue
        heading = block.start if heading is None else heading
        while open_ and open_[-1][0] >= block.level:
            open_.pop()
        if block != sole:
            open_.append((block.level, _title(block.name or text[block.start : block.end])))
    if heading is not None:
        end = max(block.end for block, _ in blocks)
        atoms += _bounded(text, (heading, end), max_words, last=True)
    if atoms:
        yield unit, path, atoms


def _glue(text: str, heading: int | None, atoms: list[_Atom], max_words: int) -> list[_Atom]:
    """The atoms, the first of which begins at the heading above it."""
    if heading is None or not atoms:
        return atoms
    first = atoms[0]
    return [*_bounded(text, (heading, first.end), max_words, last=first.last), *atoms[1:]]


def _top_blocks(parsed: Parsed) -> list[tuple[Block, list[Span]]]:
    """Blocks with the rows inside them, in order, not overlapping, none blank; gaps are paragraphs of their own."""
    text = parsed.text
    found: list[tuple[Block, list[Span]]] = []
    at = min((_with_marks(text, block) for block in parsed.blocks), default=0)
    for block in parsed.blocks:
        if block.kind is BlockKind.ROW and found and block.end <= found[-1][0].end:
            found[-1][1].append((block.start, block.end))
            continue
        start, end = max(_with_marks(text, block), at), min(block.end, len(text))
        if start >= end:
            continue
        found += [(gap, []) for gap in _paragraphs(text, at, start)]
        at = end
        if trimmed := _trim(text, start, end):
            found.append((Block(block.kind, *trimmed, block.level, block.name), []))
    found += [(gap, []) for gap in _paragraphs(text, at, len(text))]
    return found


def _with_marks(text: str, block: Block) -> int:
    """Where a block begins, for a heading with the `##` before it: else that would end the snippet above."""
    line = text.rfind("\n", 0, block.start) + 1
    return line if block.kind is BlockKind.HEADING and not text[line : block.start].strip("# \t") else block.start


def _paragraphs(text: str, start: int, end: int) -> Iterator[Block]:
    at = start
    for match in _PARAGRAPH_BREAK.finditer(text, start, end):
        if trimmed := _trim(text, at, match.start()):
            yield Block(BlockKind.PARAGRAPH, *trimmed)
        at = match.end()
    if trimmed := _trim(text, at, end):
        yield Block(BlockKind.PARAGRAPH, *trimmed)


def _trim(text: str, start: int, end: int) -> Span | None:
    piece = text[start:end]
    body = piece.strip()
    first = start + len(piece) - len(piece.lstrip())
    return (first, first + len(body)) if body else None


def _sole_title(parsed: Parsed, blocks: Iterable[tuple[Block, list[Span]]]) -> Block | None:
    """The only heading of level 1, if it says the document's title or the document states none."""
    tops = [block for block, _ in blocks if block.kind is BlockKind.HEADING and block.level <= 1]
    if len(tops) != 1:
        return None
    title = _title(tops[0].name or parsed.text[tops[0].start : tops[0].end])
    stated = " ".join(parsed.title.split())[:_MAX_HEADING]
    return tops[0] if not stated or stated.casefold() == title.casefold() else None


def _title(source: str) -> str:
    """A heading without its marks (`## Size ##`, underlines), on one line."""
    lines = [line.strip() for line in source[: 4 * _MAX_HEADING].splitlines()]
    words = " ".join(line for line in lines if line and not _RULE.match(line)).split()
    return _MARKS.sub("", " ".join(words))[:_MAX_HEADING].strip()


def _atoms(text: str, block: Block, rows: list[Span], max_words: int) -> Iterator[_Atom]:
    span = (block.start, block.end)
    if block.kind in _NO_BREAK:
        count = _weight(text, *span)
        if count <= max_words:
            yield _Atom(*span, count, last=True)
            return
        parts = _rows(text, span, rows) if rows else [match.span() for match in _LINE.finditer(text, *span)]
    else:
        parts = sentences.spans(text, *span)
    spans = [trimmed for start, end in parts if (trimmed := _trim(text, start, end))]
    for i, part in enumerate(spans):
        is_last = i + 1 == len(spans) or (block.kind is BlockKind.CODE and _has_blank(text, part[1], spans[i + 1][0]))
        yield from _bounded(text, part, max_words, last=is_last)


def _has_blank(text: str, start: int, end: int) -> bool:
    return text.count("\n", start, end) > 1


def _rows(text: str, table: Span, rows: list[Span]) -> list[Span]:
    """The rows, each with what lies before it, the last with what lies after."""
    ends = [*(end for _, end in rows[:-1]), table[1]]
    return list(zip([table[0], *ends[:-1]], ends, strict=True))


def _bounded(text: str, span: Span, max_words: int, *, last: bool) -> Iterator[_Atom]:
    """The span as one atom, or where it weighs more than 400 words as several, cut between words that allow it."""
    count = _weight(text, *span)
    if count <= HARD_MAX:
        yield _Atom(*span, count, last)
        return
    found = lexical.words(text[span[0] : span[1]])
    firsts = [span[0], *(span[0] + found[i][0] for i in range(max_words, len(found), max_words)), span[1]]
    longest = max_words * _WORD_CHARS
    ends = [end for start, beyond in pairwise(firsts) for end in (*range(start + longest, beyond, longest), beyond)]
    for start, beyond in pairwise((span[0], *ends)):
        if trimmed := _trim(text, start, beyond):
            yield _Atom(*trimmed, _weight(text, *trimmed), last and beyond == span[1])


def _weight(text: str, start: int, end: int) -> int:
    """Words, as many as that many characters have in the longest prose: else a line of base 64 would be one word."""
    return max(lexical.count_words(text[start:end]), (end - start) // _WORD_CHARS)


def _pack(atoms: list[_Atom], min_words: int, max_words: int) -> Iterator[list[_Atom]]:
    """Atoms in groups of about equal size within the bounds, broken where a block ends if that is near."""
    left = sum(atom.words for atom in atoms)
    at = 0
    while at < len(atoms):
        pieces = -(-left // max_words)
        if pieces > 1 and left < pieces * min_words:
            pieces -= 1
        if pieces <= 1 and left <= HARD_MAX:
            yield atoms[at:]
            return
        beyond = _break(atoms, at, left / max(pieces, 2), (min_words, max_words))
        yield atoms[at:beyond]
        left -= sum(atom.words for atom in atoms[at:beyond])
        at = beyond


def _break(atoms: list[_Atom], at: int, target: float, bounds: Span) -> int:
    """The index after the atom that best ends a piece which begins at `at`."""
    best, best_cost = at + 1, float("inf")
    words = 0
    for i in range(at, len(atoms)):
        words += atoms[i].words
        if words > HARD_MAX:
            break
        cost = abs(words - target) + 2 * max(0, bounds[0] - words, words - bounds[1]) - _BLOCK_END * atoms[i].last
        if cost <= best_cost:
            best, best_cost = i + 1, cost
    return best
