"""Office files, EPUBs and their XML that unpack, nest, repeat or point where they must not.

Names begin with the case of docs/CASES.md that they stand for and end with the suffix of the file.
"""

from __future__ import annotations

import io
import stat
import struct
import zipfile
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from tests.data.office import cells, docx, epub, package, pptx, relations, xlsx, zipped

_MB: Final = 1 << 20
_W: Final = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_HEAD: Final = '<?xml version="1.0" encoding="UTF-8"?>'


def _paragraph(text: str) -> str:
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def _word(document: str) -> bytes:
    return package("word", {"word/document.xml": document})


def _declared(declarations: str, text: str = "&a;") -> bytes:
    """A Word file whose document declares what its format does not allow."""
    return _word(
        f"{_HEAD}<!DOCTYPE d [{declarations}]><w:document {_W}><w:body>{_paragraph(text)}</w:body></w:document>"
    )


def _lying(raw: bytes, size: int) -> bytes:
    """An archive whose directory and headers say that every file unpacks to `size` bytes."""
    found = bytearray(raw)
    for mark, place in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        at = found.find(mark)
        while at >= 0:
            struct.pack_into("<I", found, at + place, size)
            at = found.find(mark, at + 4)
    return bytes(found)


def _overlapping(raw: bytes) -> bytes:
    """An archive all of whose directory entries point to its first file."""
    found = bytearray(raw)
    at = found.find(b"PK\x01\x02")
    while at >= 0:
        struct.pack_into("<I", found, at + 42, 0)
        at = found.find(b"PK\x01\x02", at + 4)
    return bytes(found)


def _within_itself(depth: int) -> bytes:
    """A Word file in a Word file in a Word file."""
    inner = docx(_paragraph("the innermost lamp"))
    for _ in range(depth):
        inner = zipped({"[Content_Types].xml": "<Types/>", "word/document.xml": inner, "word/embeddings/a.docx": inner})
    return inner


def escaping() -> bytes:
    """A Word file with entries for places outside of it, one of them a link."""
    out = io.BytesIO(docx(_paragraph("The lamp of the harbour.")))
    with zipfile.ZipFile(out, "a") as archive:
        for name in ("../../escaped1.txt", "/tmp/escaped2.txt", "..\\..\\escaped3.txt", "word/../../escaped4.txt"):
            archive.writestr(name, "escaped")
        link = zipfile.ZipInfo("word/media/link.txt")
        link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    return out.getvalue()


def remote() -> bytes:
    """A Word file with a template, a picture and an included file elsewhere, and a macro."""
    elsewhere = "http://127.0.0.1:9/x"
    away = '" TargetMode="External'
    linked = [("attachedTemplate", f"{elsewhere}.dotm{away}"), ("image", f"{elsewhere}.png{away}")]
    rels = relations(*linked, ("aFChunk", f"{elsewhere}.html{away}"), ("vbaProject", "vbaProject.bin"))
    body = _paragraph("The lamp of the harbour.") + '<w:altChunk r:id="rId3" xmlns:r="r"/>'
    document = f"{_HEAD}<w:document {_W}><w:body>{body}</w:body></w:document>"
    return package(
        "word",
        {"word/document.xml": document, "word/_rels/document.xml.rels": rels, "word/vbaProject.bin": "Attribute VB"},
    )


def _styles(based: str) -> bytes:
    styles = "".join(
        f'<w:style w:styleId="S{n}" w:type="paragraph"><w:basedOn w:val="{based.format(n + 1)}"/></w:style>'
        for n in range(5000)
    )
    return docx('<w:p><w:pPr><w:pStyle w:val="S0"/></w:pPr><w:r><w:t>The lamp</w:t></w:r></w:p>', styles=styles)


def _numbered(levels: str) -> bytes:
    numbering = f'<w:abstractNum w:abstractNumId="0">{levels}</w:abstractNum>'
    numbering += '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
    listed = (
        '<w:p><w:pPr><w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr></w:pPr><w:r><w:t>lamp</w:t></w:r></w:p>'
    )
    return docx(listed * 200, numbering=numbering)


def _references(count: int) -> bytes:
    """A workbook of cells that all show one string of 32,000 characters."""
    row = '<row r="{0}">' + "".join(f'<c r="{column}{{0}}" t="s"><v>0</v></c>' for column in "ABCDEFGHIJ") + "</row>"
    rows = "".join(row.format(number) for number in range(1, count + 1))
    return xlsx({"A": f"<sheetData>{rows}</sheetData>"}, strings=["lamp " * 6400])


def _merged(references: str) -> bytes:
    return xlsx({"A": f"{cells(['The lamp', 'x'])}<mergeCells>{references}</mergeCells>"})


def _sheet(inside: str) -> bytes:
    return xlsx({"A": f"<sheetData>{inside}</sheetData>"})


def _chapters(spine: str, manifest: str) -> bytes:
    """A book whose manifest and spine are these."""
    opf = f'{_HEAD}<package xmlns="http://www.idpf.org/2007/opf"><manifest>{manifest}</manifest><spine>{spine}</spine></package>'
    page = f"<html><body><p>{'The lamp of the harbour. ' * 2000}</p></body></html>"
    book = zipfile.ZipFile(io.BytesIO(epub({"c": "<p>x</p>"})))
    first = {name: book.read(name) for name in ("mimetype", "META-INF/container.xml")}
    return zipped({**first, "EPUB/book.opf": opf, "EPUB/c.xhtml": page}, stored=("mimetype",))


def _item(number: int, href: str) -> str:
    return f'<item id="i{number}" href="{href}" media-type="application/xhtml+xml"/>'


def _crowd(count: int) -> bytes:
    out = io.BytesIO(docx(_paragraph("The lamp")))
    with zipfile.ZipFile(out, "a") as archive:
        for number in range(count):
            archive.writestr(f"word/media/{number}", b"")
    return out.getvalue()


_LEVEL: Final = '<w:lvl w:ilvl="0"><w:start w:val="{}"/><w:numFmt w:val="{}"/><w:lvlText w:val="{}"/></w:lvl>'
_LAUGHS: Final = '<!ENTITY a0 "lol">' + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
_GROUPS: Final = "<p:grpSp>" * 5000 + "</p:grpSp>" * 5000

BOMBS: Final[Mapping[str, Callable[[], bytes]]] = MappingProxyType({
    "O1-200-mb-of-xml.docx": lambda: _word(_HEAD + " " * (200 * _MB)),
    "O2-empty-paragraphs.docx": lambda: docx("<w:p/>" * 3_000_000),
    "O2-long-text.docx": lambda: docx(_paragraph("lamp " * 3_800_000)),
    "O2-empty-rows.xlsx": lambda: _sheet("<row/>" * 3_000_000),
    "O2-empty-shapes.pptx": lambda: pptx(["<p:sp/>" * 2_700_000]),
    "O3-20001-files.docx": lambda: _crowd(20_001),
    "O3-files-overlap.docx": lambda: _overlapping(docx(_paragraph("The lamp"))),
    "O3-files-within-files.docx": lambda: _within_itself(12),
    "O4-larger-than-said.docx": lambda: _lying(docx(_paragraph("lamp " * 100_000)), 300),
    "O4-smaller-than-said.docx": lambda: _lying(docx(_paragraph("lamp")), 0x7FFFFFFF),
    "O4-said-to-be-nothing.xlsx": lambda: _lying(_sheet("<row/>" * 1000), 0),
    "O5-entity-of-a-file.docx": lambda: _declared('<!ENTITY a SYSTEM "file:///etc/passwd">'),
    "O5-entity-of-the-network.docx": lambda: _declared('<!ENTITY a SYSTEM "http://127.0.0.1:9/x">'),
    "O5-parameter-entity.docx": lambda: _declared('<!ENTITY % a SYSTEM "http://127.0.0.1:9/x"> %a;', "x"),
    "O5-declarations-elsewhere.docx": lambda: _word(
        f'{_HEAD}<!DOCTYPE d SYSTEM "http://127.0.0.1:9/x.dtd"><w:document {_W}>&a;</w:document>'),
    "O6-laughs.docx": lambda: _declared(_LAUGHS, "&a11;"),
    "O6-quadratic.docx": lambda: _declared(f'<!ENTITY a "{"lamp" * 25_000}">', "&a;" * 10_000),
    "O6-entity-of-itself.docx": lambda: _declared('<!ENTITY a "&b;"><!ENTITY b "&a;">'),
    "O6-depth.docx": lambda: docx("<w:p>" * 10_000 + "</w:p>" * 10_000),
    "O6-depth.pptx": lambda: pptx([_GROUPS]),
    "O6-attributes.docx": lambda: docx("<w:p " + " ".join(f'a{n}="b"' for n in range(200_000)) + "/>"),
    "O6-long-name.docx": lambda: docx(f"<w:{'p' * 5_000_000}/>"),
    "O6-spaces.docx": lambda: docx("".join(f'<a xmlns:n{n}="{n}">' for n in range(200)) + "</a>" * 200),
    "O6-relations.docx": lambda: package("word", {
        "word/document.xml": f"{_HEAD}<w:document {_W}><w:body>{_paragraph('lamp')}</w:body></w:document>",
        "word/_rels/document.xml.rels": relations(*[("styles", "document.xml")] * 100_000)}),
    "O7-outside.docx": escaping,
    "O8-nothing.docx": lambda: b"PK\x05\x06" + bytes(18),
    "O8-cut.docx": lambda: docx(_paragraph("lamp " * 1000))[:600],
    "O8-encrypted.docx": lambda: (
        bytes.fromhex("d0cf11e0a1b11ae1") + "EncryptedPackage\0".encode("utf-16-le") + bytes(999)),
    "O9-remote.docx": remote,
    "O18-styles-ring.docx": lambda: _styles("S0"),
    "O18-styles-chain.docx": lambda: _styles("S{}"),
    "O18-roman-numbers.docx": lambda: _numbered(_LEVEL.format(2_000_000_000, "upperRoman", "%1.")),
    "O18-letter-numbers.docx": lambda: _numbered(_LEVEL.format(2_000_000_000, "lowerLetter", "%1.")),
    "O18-number-of-many-digits.docx": lambda: _numbered(_LEVEL.format("9" * 100_000, "decimal", "%1" * 1000)),
    "O18-one-string-10000-times.xlsx": lambda: _references(1000),
    "O18-far-cell.xlsx": lambda: _sheet('<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'),
    "O18-all-rows.xlsx": lambda: _sheet(
        "".join(f'<row r="{n}"><c r="A{n}"><v>{n}</v></c></row>' for n in range(1, 200_001))),
    "O18-merged-sheet.xlsx": lambda: _merged('<mergeCell ref="A1:XFD1048576"/>' * 50),
    "O18-merged-crowd.xlsx": lambda: _merged("".join(f'<mergeCell ref="A{n}:Z{n}"/>' for n in range(1, 50_001))),
    "O18-wild-format.xlsx": lambda: xlsx({"A": '<sheetData><row><c s="1"><v>1e308</v></c></row></sheetData>'},
                                         formats=["0" * 200_000 + "." + "#" * 200_000]),
    "O18-wild-number.xlsx": lambda: _sheet(f"<row><c><v>{'9' * 1_000_000}</v></c><c><v>1e999</v></c></row>"),
    "O18-lone-surrogate.xlsx": lambda: xlsx({"A": cells(["_xD800_ lamp", "_x0000_", "_x001B_"])}),
    "O18-slides-of-one-part.pptx": lambda: package("ppt", {
        "ppt/presentation.xml": '<p:presentation xmlns:p="p" xmlns:r="r"><p:sldIdLst>'
        + '<p:sldId r:id="rId1"/>' * 50_000 + "</p:sldIdLst></p:presentation>",
        "ppt/_rels/presentation.xml.rels": relations(("slide", "slides/slide1.xml")),
        "ppt/slides/slide1.xml": '<p:sld xmlns:p="p" xmlns:a="a"><p:cSld><p:spTree><p:sp><p:txBody><a:p><a:r><a:t>'
        + "lamp " * 200 + "</a:t></a:r></a:p></p:txBody></p:sp></p:spTree></p:cSld></p:sld>"}),
    "O19-one-chapter-10000-times.epub": lambda: _chapters(
        '<itemref idref="i0"/>' * 10_000, _item(0, "c.xhtml")),
    "O19-one-chapter-by-10000-names.epub": lambda: _chapters(
        "".join(f'<itemref idref="i{n}"/>' for n in range(10_000)),
        "".join(_item(n, "C.xhtml" if n & 1 else "c" + ".xhtml") if n < 2 else _item(n, f"{'x/../' * (n % 50)}c.xhtml")
                for n in range(10_000))),
    "O19-package-of-itself.epub": lambda: epub({"c": "<p>The lamp</p>"}).replace(b"EPUB/book.opf", b"META-INF/cont"),
    "O19-contents-deep.epub": lambda: epub({"c": "<p>The lamp</p>"}, ncx="<navPoint>" * 5000 + "</navPoint>" * 5000),
    "O19-chapter-deep.epub": lambda: epub({"c": "<div>" * 50_000 + "The lamp"}),
})  # fmt: skip
"""Name -> a file that must be read or refused within its budget."""
