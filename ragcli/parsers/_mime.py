"""A MIME message by the standard library: the head, the body as it reads, attachments as parts.

Not by `policy.default`, which raises on hostile headers and is slow with them: headers are cut, then decoded here.
"""

from __future__ import annotations

import email
import mimetypes
from collections.abc import Iterable
from dataclasses import replace
from email.errors import MessageError
from email.message import Message
from email.policy import Compat32
from email.utils import parsedate_to_datetime
from typing import Final

from ragcli.errors import UnreadableFile
from ragcli.parsers import _html
from ragcli.parsers._blocks import capped, filled
from ragcli.parsers._decode import bom_encoding, decode
from ragcli.parsers._mail import file_name, parameter, payload, text_of, unflowed, value
from ragcli.parsers._wire import MAX_PARTS, part_name
from ragcli.types import Block, BlockKind, Fields, Parsed, Part

_HEADER_CHARS: Final = 4000  # also below the 4,300 digits at which int() raises, inside `email`
_DEEPEST: Final = 20  # multiparts in each other
_SHOWN: Final = ("From", "To", "Cc", "Date")
_SIGNATURES: Final = ("application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature")
_SMIME: Final = ("application/pkcs7-mime", "application/x-pkcs7-mime")
_MESSAGES: Final = ("message/rfc822", "message/global", "message/news")
_FILES: Final = ("text/calendar", "text/csv", "text/vcard", "text/x-vcard", "text/directory")
_EMBEDDED: Final = ("image/", "audio/", "video/", "font/", "text/css", "text/javascript", "application/javascript")
_PGP: Final = "-----BEGIN PGP MESSAGE-----"


class _Cut(Compat32):
    """Headers as they stand, each cut to a length that no honest one needs."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        """(name, value) of a header."""
        name, found = super().header_source_parse(sourcelines)
        return name, found[:_HEADER_CHARS]


def message_of(raw: bytes) -> Parsed:
    """What `eml.parse` gives, and raises."""
    if bom_encoding(raw):
        raw = decode(raw)[0].encode()
    if not raw.strip():
        return Parsed(text="")
    reader = _Reader()
    try:
        message = email.message_from_bytes(raw, policy=_Cut())
        reader.read(message, 0)
    except RecursionError as error:
        raise UnreadableFile("limit: nested too deeply") from error
    return reader.close(message)


class _Reader:
    """Walks a message: texts into bodies, files into parts."""

    def __init__(self) -> None:
        self._bodies: list[Parsed] = []
        self._parts: list[Part] = []
        self._names: set[str] = set()
        self._notes: dict[str, None] = {}

    def read(self, part: Message, depth: int) -> None:
        """One node of the tree, by its type."""
        kind = part.get_content_type()
        if depth > _DEEPEST:
            self._note(f"what is nested deeper than {_DEEPEST} levels is left out")
        elif kind in _SIGNATURES:
            self._note("signed; the signature was not checked")
        elif kind in _SMIME:
            self._note("encrypted or sealed (S/MIME): its text cannot be read")
        elif kind == "multipart/encrypted":
            self._note("encrypted (PGP): its text cannot be read")
        elif kind in _MESSAGES:
            self._enclosed(part)
        elif kind == "message/delivery-status":
            lines = "\n".join(f"{key}: {found}" for each in _children(part) for key, found in each.raw_items())
            self._add_text(decode(lines.encode("utf-8", "surrogateescape"))[0])
        elif kind == "multipart/alternative":
            self._alternative(_children(part), depth)
        elif part.is_multipart():
            root = kind == "multipart/related"  # a page, then what it shows: pictures and styles have no text
            for at, child in enumerate(_children(part)):
                if not (root and at) or _is_attached(child):
                    self.read(child, depth + 1)
        elif _is_file(part, kind, depth):
            self._file(part, kind)
        else:
            self._body(part, kind)

    def close(self, message: Message) -> Parsed:
        """The head and all bodies as one text."""
        subject = value(message, "Subject")
        head = "\n".join(f"{name}: {found}" for name in _SHOWN if (found := value(message, name)))
        pieces: list[Parsed] = []
        if subject:
            pieces.append(Parsed(subject, (Block(BlockKind.HEADING, 0, len(subject), 1),)))
        if head:
            pieces.append(Parsed(head, (Block(BlockKind.LIST, 0, len(head)),)))
        text, blocks = _joined([*pieces, *self._bodies])
        kept, more = capped(text, blocks)
        title = subject or next((body.title for body in self._bodies if body.title), "")
        for body in self._bodies:
            self._note(*body.notes)
        return Parsed(text, kept, (), title, _metadata(message), (*self._notes, *more), tuple(self._parts))

    def _note(self, *notes: str) -> None:
        self._notes.update(dict.fromkeys(notes))

    def _alternative(self, children: list[Message], depth: int) -> None:
        """The first plain text that says something, else the last form; of the others their files."""
        plain = (each for each in children if each.get_content_type() == "text/plain" and payload(each).strip())
        readable = [each for each in children if each.get_content_maintype() in ("text", "multipart")]
        chosen = next(plain, None) or next((each for each in reversed(readable) if not _is_calendar(each)), None)
        for child in children:
            before = len(self._bodies)
            if child is chosen or child.is_multipart() or _is_file(child, child.get_content_type(), depth + 1):
                self.read(child, depth + 1)
            if child is not chosen:
                del self._bodies[before:]

    def _body(self, part: Message, kind: str) -> None:
        text, notes = text_of(part)
        self._note(*notes)
        if text.lstrip().startswith(_PGP):
            self._note("encrypted (PGP): its text cannot be read")
        elif kind == "text/html":
            body = _html.read(text)
            if body.text.strip():
                self._bodies.append(body)
        elif parameter(part, "format").lower() == "flowed":
            self._add_text(unflowed(text, joined=parameter(part, "delsp").lower() == "yes"))
        else:
            self._add_text(text)

    def _add_text(self, text: str) -> None:
        text = text.strip("\n").rstrip()
        if text.strip():
            self._bodies.append(Parsed(text, tuple(filled(text, ()))))

    def _enclosed(self, part: Message) -> None:
        """A message in a message is a file of its own, named after its subject."""
        for message in _children(part)[:1]:
            if not message.keys() and str(part.get("Content-Transfer-Encoding", "")).strip().lower() == "base64":
                message["Content-Transfer-Encoding"] = "base64"  # not allowed, and done
                raw = payload(message)
            else:
                try:
                    raw = message.as_bytes(policy=_Cut())
                except (MessageError, LookupError, ValueError, AttributeError, TypeError):
                    self._note("an enclosed message is damaged and left out")
                    return
            stated = file_name(part) or value(message, "Subject").replace("/", "-").replace("\\", "-")
            self._add(stated if stated.lower().endswith(".eml") or not stated else f"{stated}.eml", ".eml", raw)

    def _file(self, part: Message, kind: str) -> None:
        self._add(file_name(part), mimetypes.guess_extension(kind, strict=False) or "", payload(part))

    def _add(self, stated: str, suffix: str, raw: bytes) -> None:
        if len(self._parts) >= MAX_PARTS:
            self._note(f"attachments after the first {MAX_PARTS:,} are left out")
            return
        name = part_name(stated, f"part {len(self._parts) + 1}{suffix}", self._names)
        self._names.add(name.casefold())
        self._parts.append(Part(name, raw))


def _children(part: Message) -> list[Message]:
    found = part.get_payload()
    return [each for each in found if isinstance(each, Message)] if isinstance(found, list) else []


def _is_calendar(part: Message) -> bool:
    return part.get_content_type() in _FILES


def _is_attached(part: Message) -> bool:
    """Whether what stands beside a page is a file for the reader, and nothing that the page shows."""
    if part.get_content_disposition() == "attachment":
        return True
    return bool(file_name(part)) and not part.get_content_type().startswith(_EMBEDDED)


def _is_file(part: Message, kind: str, depth: int) -> bool:
    """Whether a leaf is a file and no text of the message itself; the whole of a message is its text if it is one."""
    if kind.startswith("multipart/"):
        return False  # without its boundary: what is there is shown
    if part.get_content_disposition() == "attachment" or not kind.startswith("text/") or kind in _FILES:
        return True
    return depth > 0 and bool(file_name(part))


def _joined(pieces: Iterable[Parsed]) -> tuple[str, list[Block]]:
    """The texts one after the other, a blank line between them, and their blocks."""
    texts: list[str] = []
    blocks: list[Block] = []
    length = 0
    for piece in pieces:
        blocks += [replace(block, start=block.start + length, end=block.end + length) for block in piece.blocks]
        texts.append(piece.text)
        length += len(piece.text) + 2
    return "\n\n".join(texts), blocks


def _metadata(message: Message) -> Fields:
    """from, to, cc, date (as 2024-05-31) and subject."""
    fields = {name.lower(): value(message, name) for name in (*_SHOWN, "Subject")}
    try:
        fields["date"] = parsedate_to_datetime(fields["date"]).date().isoformat()
    except (ValueError, TypeError, IndexError, OverflowError):
        fields["date"] = ""
    return tuple((key, found) for key, found in fields.items() if found)
