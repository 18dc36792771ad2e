"""What no single format can show: damage inside the parts, where no checksum catches it, and the properties."""

from __future__ import annotations

import io
import re
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragcli import parsers
from ragcli.types import BlockKind
from tests.contracts.test_parsers import check_or_refuse
from tests.data.make_samples import SAMPLES
from tests.data.office import docx, package, zipped

FORMATS = ("docx", "pptx", "xlsx", "epub")
SPANS = re.compile(rb'="[^"]*"|>[^<>]+<|</?[\w:]+|<[^<>]+/>')
WILD = (
    "",
    "-1",
    "99999999999999999999",
    "NaN",
    "1e400",
    "A1:XFD1048576",
    "../../x",
    "٣",
    "&#13;",
    "_x0000_",
    "rId1",
    "w:p",
)


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=100, deadline=None)
@given(part=st.integers(0, 30), at=st.integers(0, 500), wild=st.sampled_from(WILD), quoted=st.booleans())
def test_damaged_part_gives_sound_text_or_is_refused(name: str, part: int, at: int, wild: str, quoted: bool) -> None:
    with zipfile.ZipFile(io.BytesIO(SAMPLES[name]())) as archive:
        parts: dict[str, str | bytes] = {entry: archive.read(entry) for entry in archive.namelist()}
    chosen = list(parts)[part % len(parts)]
    raw = parts[chosen]
    assert isinstance(raw, bytes)
    spans = [match.span() for match in SPANS.finditer(raw)] or [(0, len(raw))]
    start, end = spans[at % len(spans)]
    parts[chosen] = raw[:start] + (f'="{wild}"' if quoted else f">{wild}<").encode() + raw[end:]
    check_or_refuse(name, zipped(parts))


@pytest.mark.parametrize("name", FORMATS)
def test_lost_part_gives_sound_text_or_is_refused(name: str) -> None:
    with zipfile.ZipFile(io.BytesIO(SAMPLES[name]())) as archive:
        parts: dict[str, str | bytes] = {entry: archive.read(entry) for entry in archive.namelist()}
    for lost in parts:
        check_or_refuse(name, zipped({entry: raw for entry, raw in parts.items() if entry != lost}))


@pytest.mark.parametrize("name", FORMATS)
def test_committed_sample_is_what_the_script_makes(name: str) -> None:
    from tests.contracts.test_parsers import parse, sample

    assert parse(name, sample(name)) == parse(name, SAMPLES[name]())


def test_properties_are_what_the_author_stated() -> None:
    parsed = parsers.parse(docx("<w:p><w:r><w:t>x</w:t></w:r></w:p>", title="Log of 1898"), "a.docx")
    assert (parsed.title, parsed.metadata) == ("Log of 1898", (("author", "A. Keeper"), ("date", "2024-05-06")))


def test_author_that_a_program_filled_in_is_left_out() -> None:
    document = "<w:document xmlns:w='w'><w:body><w:p><w:r><w:t>x</w:t></w:r></w:p></w:body></w:document>"
    raw = package("word", {"word/document.xml": document}, title="PowerPoint Presentation", author="python-docx")
    parsed = parsers.parse(raw, "a.docx")
    assert (parsed.title, parsed.metadata) == ("", (("date", "2024-05-06"),))


def test_numbers_of_a_row_stay_below_their_header() -> None:
    parsed = parsers.parse(SAMPLES["docx"](), "a.docx")
    rows = [parsed.text[b.start : b.end] for b in parsed.blocks if b.kind is BlockKind.ROW]
    assert rows == ["| Year | Ships |", "| 1898 | 1,204 |", "| 1899 | 1,377 |"]
