"""Pages by pypdf, under tight limits: for what pdfium does not open, or finds no text in."""

from __future__ import annotations

import io
import logging
import struct
import zlib
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final

from ragcli.errors import UnreadableFile
from ragcli.parsers import _passwords

_LIMIT_BYTES: Final = 10_000_000
_BARE_PAGES: Final = 50  # a scan of 1,000 pages is known to be one after these
_LIMITS: Final = {
    "maximum_declared_stream_length": 5 * _LIMIT_BYTES,
    "array_based_stream_maximum_output_length": _LIMIT_BYTES,
    "lzw_maximum_output_length": _LIMIT_BYTES,
    "run_length_maximum_output_length": _LIMIT_BYTES,
    "zlib_maximum_output_length": _LIMIT_BYTES,
    "stream_decoding_work_maximum_length": 2 * _LIMIT_BYTES,
    "stream_parsing_work_maximum_count": 200_000,
    "xform_maximum_invocations_per_extraction": 500,
    "jbig2dec_binary": None,  # otherwise pypdf starts a program on untrusted images
}


def pages(raw: bytes, max_chars: int) -> list[tuple[str, list[str]]]:
    """(label, lines) a page. Raises UnreadableFile with pypdf's reason where it cannot read the file."""
    from pypdf.errors import DependencyError, DeprecationError, PyPdfError

    # On damaged files pypdf raises far outside its own family.
    damage = (
        *(PyPdfError, DependencyError, DeprecationError, zlib.error, struct.error),
        *(ArithmeticError, AssertionError, AttributeError, EOFError, LookupError, OSError, RuntimeError),
        *(TypeError, ValueError),
    )
    logging.getLogger("pypdf").addHandler(logging.NullHandler())  # its remarks are not for the user's terminal
    try:
        with _limits():
            return _read(raw, max_chars, damage)
    except damage as error:
        raise UnreadableFile(f"damaged or not a PDF: {' '.join(str(error).split())[:200]}") from error


def _limits() -> AbstractContextManager[Any]:
    import pypdf

    if not hasattr(pypdf, "Configuration"):  # before 7
        return nullcontext()
    return pypdf.apply_configuration(pypdf.Configuration(**_LIMITS))  # type: ignore[arg-type]  # one type a key


def _read(raw: bytes, max_chars: int, damage: tuple[type[BaseException], ...]) -> list[tuple[str, list[str]]]:
    from pypdf import PdfReader

    reader = PdfReader(io.BytesIO(raw))
    if reader.is_encrypted and not any(reader.decrypt(password) for password in _passwords.tried()):
        raise UnreadableFile(_passwords.refusal())
    labels = reader.page_labels
    found: list[tuple[str, list[str]]] = []
    length = 0
    for index, label in enumerate(labels):
        try:
            text = reader.pages[index].extract_text() if index < _BARE_PAGES or length else ""
        except damage:
            text = ""  # noted by the caller as a page without text
        length += len(text)
        if length > max_chars:
            raise UnreadableFile(f"limit: more than {max_chars} characters of text")
        plain = str(index + 1) == label
        found.append(("" if plain else label, [line.strip() for line in text.splitlines() if line.strip()]))
    return found
