"""PDF by pypdfium2, page by page; pypdf where pdfium cannot open it or finds no text."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple

from ragcli.errors import UnreadableFile
from ragcli.parsers import _passwords
from ragcli.parsers._blocks import capped
from ragcli.parsers._pdf_layout import Group, Titles, body_height, groups_of, normal, rejoin, words_of
from ragcli.parsers._wire import MAX_CHARS
from ragcli.types import Block, BlockKind, Fields, Page, Parsed

SUFFIXES: Final = (".pdf",)

_MAX_PAGES: Final = 20_000
_OUTLINE_ENTRIES: Final = 5000
_NOTED_PAGES: Final = 20
_VALUE_CHARS: Final = 1000
_PASSWORD_ERROR: Final = 4  # FPDF_ERR_PASSWORD
_TOOL_TITLES: Final = re.compile(
    r"untitled.{0,4}|\((?:anonymous|unspecified|untitled)\)|microsoft (?:word|powerpoint|excel) - .*"
    r"|(?:powerpoint )?presentation|document\d*|slide \d+"
    r"|.*\.(?:docx?|dvi|tex|indd|pdf|ps|qxd|pptx?|xlsx?|odt|rtf|html?|pub|wpd)|(?:file|https?):.*",
    re.I,
)
_NO_AUTHORS: Final = frozenset("anonymous (anonymous) unknown administrator admin user author root".split())
_DATE: Final = re.compile(r"D?:?(\d{4})(0[1-9]|1[0-2])([0-2]\d|3[01])")


class _Read(NamedTuple):
    """(label, groups of lines) a page, the document information, and how many files are attached."""

    pages: list[tuple[str, list[Group]]]
    stated: dict[str, str]
    attached: int


def parse(raw: bytes, name: str, /) -> Parsed:
    """Pages by number and printed label; text "" with a note where no page has any. Raises UnreadableFile."""
    if not raw.strip():
        return Parsed(text="", notes=("empty file",))
    read = _by_pdfium(raw)
    notes: tuple[str, ...] = ()
    if read is not None and read.attached:
        notes = (f"{read.attached} attached file{'s' * (read.attached > 1)} left out",)
    if read is None or not any(groups for _, groups in read.pages):
        from ragcli.parsers._pypdf import pages as by_pypdf

        found = by_pypdf(raw, MAX_CHARS)
        if any(lines for _, lines in found) or read is None:
            stated: dict[str, str] = read.stated if read else {}
            pages = [(label, [Group(lines)] if lines else []) for label, lines in found]
            return _parsed(pages, stated, name, (*notes, "text by pypdf") if any(g for _, g in pages) else notes)
    return _parsed(read.pages, read.stated, name, notes)


def _by_pdfium(raw: bytes) -> _Read | None:
    """None where pdfium cannot open the file."""
    import pypdfium2

    document = None
    for password in _passwords.tried():
        try:
            document = pypdfium2.PdfDocument(raw, password=password or None)
        except pypdfium2.PdfiumError as error:
            if getattr(error, "err_code", None) != _PASSWORD_ERROR:
                return None
        else:
            break
    if document is None:
        raise UnreadableFile(_passwords.refusal())
    try:
        titles = _outline(document)
        pages: list[tuple[str, list[Group]]] = []
        length = 0
        for index in range(min(len(document), _MAX_PAGES)):
            groups = _page_groups(document, index, titles)
            length += sum(len(line) for group in groups for line in group.lines)
            if length > MAX_CHARS:
                raise UnreadableFile(f"limit: more than {MAX_CHARS} characters of text")
            pages.append((document.get_page_label(index).replace("\0", ""), groups))
        return _Read(pages, document.get_metadata_dict(), document.count_attachments())
    finally:
        document.close()


def _page_groups(document: Any, index: int, titles: Titles) -> list[Group]:
    import pypdfium2

    try:
        page = document[index]
    except pypdfium2.PdfiumError:
        return []  # noted as a page without text
    try:
        text_page = page.get_textpage()
    except pypdfium2.PdfiumError:
        page.close()
        return []
    try:
        return groups_of(text_page, index, titles)
    finally:
        text_page.close()
        page.close()


def _outline(document: Any) -> Titles:
    """Normalised bookmark title -> (level from 1, page indices it points to)."""
    titles: Titles = {}
    for bookmark in islice(document.get_toc(), _OUTLINE_ENTRIES):
        title = normal(bookmark.get_title() or "")
        target = bookmark.get_dest()
        if title and target is not None and target.get_index() is not None:
            titles.setdefault(title, (bookmark.level + 1, set()))[1].add(target.get_index())
    return titles


def _parsed(
    pages: Sequence[tuple[str, list[Group]]], stated: dict[str, str], name: str, notes: tuple[str, ...]
) -> Parsed:
    notes = (*notes, *_page_notes(pages))
    title, metadata = _stated(stated, name)
    if not any(groups for _, groups in pages):
        return Parsed(text="", title=title, metadata=metadata, notes=notes)
    words = words_of(group for _, groups in pages for group in groups)
    body = body_height(group for _, groups in pages for group in groups)
    parts: list[str] = []
    blocks: list[Block] = []
    starts: list[Page] = []
    length = 0
    for label, groups in pages:
        starts.append(Page(length, label))
        for group in groups:
            shown = rejoin("\n".join(group.lines), words)
            level = group.level or group.heading_level(body)
            kind = BlockKind.HEADING if level else BlockKind.PARAGRAPH
            if shown:
                blocks.append(Block(kind, length, length + len(shown), level))
                parts += (shown, "\n\n")
                length += len(shown) + 2
        if starts[-1].start == length:  # a page without text has a place of its own
            parts.append("\n\n")
            length += 2
    text = "".join(parts)
    kept, more = capped(text, blocks)
    return Parsed(text, kept, tuple(starts), title, metadata, (*notes, *more))


def _page_notes(pages: Sequence[tuple[str, list[Group]]]) -> Iterator[str]:
    bare = [str(number) for number, (_, groups) in enumerate(pages, 1) if not groups]
    if len(bare) == len(pages):
        one = len(pages) == 1
        yield (
            "1 page, no text layer: probably a scanned image"
            if one
            else (f"{len(pages)} pages, no text layer: probably scanned images")
        )
    elif bare:
        more = f" and {len(bare) - _NOTED_PAGES} more" if len(bare) > _NOTED_PAGES else ""
        yield f"pages without text: {', '.join(bare[:_NOTED_PAGES])}{more}"


def _stated(stated: dict[str, str], name: str) -> tuple[str, Fields]:
    """Title, author and date of the document information, where they say something."""
    clean = {key: " ".join(value.replace("\0", " ").split())[:_VALUE_CHARS] for key, value in stated.items()}
    clean = {key: re.sub("[\x00-\x1f\ud800-\udfff]", "\ufffd", value) for key, value in clean.items()}
    title, author = clean.get("Title", ""), clean.get("Author", "")
    stem = os.path.splitext(os.path.basename(name))[0]
    if _TOOL_TITLES.fullmatch(title) or title.casefold() == stem.casefold():
        title = ""
    date = _DATE.match(clean.get("CreationDate", ""))
    fields = (
        ("author", "" if author.casefold() in _NO_AUTHORS else author),
        ("date", "-".join(date.groups()) if date else ""),
    )
    return title, tuple((key, value) for key, value in fields if value)
