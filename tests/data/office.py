"""Office files and EPUBs from the XML of their parts: those that carry text, byte for byte the same every time."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence

_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_A = "http://schemas.openxmlformats.org/drawingml/2006/main"
_P = "http://schemas.openxmlformats.org/presentationml/2006/main"
_S = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPES = "application/vnd.openxmlformats-officedocument"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_MAIN = {"word": "word/document.xml", "ppt": "ppt/presentation.xml", "xl": "xl/workbook.xml"}
_KINDS = {
    "word/document.xml": "wordprocessingml.document.main",
    "word/styles.xml": "wordprocessingml.styles",
    "word/numbering.xml": "wordprocessingml.numbering",
    "word/footnotes.xml": "wordprocessingml.footnotes",
    "ppt/presentation.xml": "presentationml.presentation.main",
    "ppt/slides/": "presentationml.slide",
    "ppt/notesSlides/": "presentationml.notesSlide",
    "xl/workbook.xml": "spreadsheetml.sheet.main",
    "xl/worksheets/": "spreadsheetml.worksheet",
    "xl/sharedStrings.xml": "spreadsheetml.sharedStrings",
    "xl/styles.xml": "spreadsheetml.styles",
}


def zipped(files: Mapping[str, str | bytes], *, stored: Sequence[str] = (), level: int = 6) -> bytes:
    """An archive of `files` in their order, of no particular time."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_STORED if name in stored else zipfile.ZIP_DEFLATED
            archive.writestr(entry, content, compresslevel=level)
    return out.getvalue()


def relations(*related: tuple[str, str]) -> str:
    """A .rels part of (kind, target); ids are rId1, rId2, ..."""
    lines = "".join(
        f'<Relationship Id="rId{at}" Type="{_R}/{kind}" Target="{target}"/>'
        for at, (kind, target) in enumerate(related, 1)
    )
    return f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{lines}</Relationships>'


def package(folder: str, parts: Mapping[str, str], *, title: str = "", author: str = "A. Keeper") -> bytes:
    """An Office file of `parts`, the main one among them, with its content types and properties."""
    types = "".join(
        f'<Override PartName="/{name}" ContentType="{_TYPES}.{kind}+xml"/>'
        for name in parts
        for start, kind in _KINDS.items()
        if name.startswith(start) and "_rels" not in name
    )
    core = (
        f'{_HEAD}<cp:coreProperties xmlns:cp="{_PACKAGE}/metadata/core-properties" xmlns:dcterms="http://purl.org/dc/terms/"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"<dc:title>{title}</dc:title><dc:creator>{author}</dc:creator>"
        '<dcterms:created xsi:type="dcterms:W3CDTF">2024-05-06T07:08:09Z</dcterms:created></cp:coreProperties>'
    )
    return zipped(
        {
            "[Content_Types].xml": f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Default Extension="xml" ContentType="application/xml"/>'
            '<Override PartName="/docProps/core.xml"'
            ' ContentType="application/vnd.openxmlformats-package.core-properties+xml"/>'
            f"{types}</Types>",
            "_rels/.rels": relations(("officeDocument", _MAIN[folder])).replace(
                "</Relationships>",
                f'<Relationship Id="rId9" Type="{_PACKAGE}/relationships/metadata/core-properties"'
                ' Target="docProps/core.xml"/></Relationships>',
            ),
            **parts,
            "docProps/core.xml": core,
        }
    )


def docx(body: str, *, styles: str = "", numbering: str = "", footnotes: str = "", title: str = "") -> bytes:
    """A Word file of the XML inside `w:body` and inside its other parts."""
    space = f'xmlns:w="{_W}" xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
    space += ' xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    named = {"styles": styles, "numbering": numbering, "footnotes": footnotes}
    given = {kind: xml for kind, xml in named.items() if xml}
    parts = {
        "word/document.xml": f"{_HEAD}<w:document {space}><w:body>{body}</w:body></w:document>",
        "word/_rels/document.xml.rels": relations(*((kind, f"{kind}.xml") for kind in given)),
    }
    for kind, xml in given.items():
        parts[f"word/{kind}.xml"] = f"{_HEAD}<w:{kind} {space}>{xml}</w:{kind}>"
    return package("word", parts, title=title)


def pptx(
    slides: Sequence[str],
    *,
    hidden: Sequence[int] = (),
    notes: Mapping[int, str] = {},
    graphics: Sequence[tuple[str, str]] = (),
    title: str = "",
) -> bytes:
    """A presentation: the XML inside each slide's `p:spTree`, and that of notes by the slide's number.

    `graphics` are (kind, XML) of the first slide's charts and diagrams, related to it as rId1, rId2, ...
    """
    space = f'xmlns:p="{_P}" xmlns:a="{_A}" xmlns:r="{_R}"'
    listed = "".join(f'<p:sldId id="{255 + at}" r:id="rId{at}"/>' for at in range(1, len(slides) + 1))
    parts = {
        "ppt/presentation.xml": f"{_HEAD}<p:presentation {space}><p:sldIdLst>{listed}</p:sldIdLst>"
        '<p:sldSz cx="9144000" cy="6858000"/><p:notesSz cx="6858000" cy="9144000"/></p:presentation>',
        "ppt/_rels/presentation.xml.rels": relations(
            *(("slide", f"slides/slide{at + 1}.xml") for at in range(len(slides)))
        ),
    }
    group = '<p:nvGrpSpPr><p:cNvPr id="1" name=""/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr/>'
    for at, shapes in enumerate(slides, 1):
        show = ' show="0"' if at in hidden else ""
        tree = f"<p:cSld><p:spTree>{group}{{}}</p:spTree></p:cSld>"
        parts[f"ppt/slides/slide{at}.xml"] = f"{_HEAD}<p:sld {space}{show}>{tree.format(shapes)}</p:sld>"
        related = [(kind, f"../{kind}{n}.xml") for n, (kind, _) in enumerate(graphics)] if at == 1 else []
        if at in notes:
            related.append(("notesSlide", f"../notesSlides/notesSlide{at}.xml"))
            parts[f"ppt/notesSlides/notesSlide{at}.xml"] = f"{_HEAD}<p:notes {space}>{tree.format(notes[at])}</p:notes>"
        if related:
            parts[f"ppt/slides/_rels/slide{at}.xml.rels"] = relations(*related)
    parts |= {f"ppt/{kind}{n}.xml": xml for n, (kind, xml) in enumerate(graphics)}
    return package("ppt", parts, title=title)


def shape(*paragraphs: str, kind: str | None = None, name: str = "Text") -> str:
    """A shape with a paragraph a line; `kind` is its placeholder's type."""
    held = "" if kind is None else f'<p:ph type="{kind}"/>'
    lines = "".join(line if line.startswith("<") else f"<a:p><a:r><a:t>{line}</a:t></a:r></a:p>" for line in paragraphs)
    return (
        f'<p:sp><p:nvSpPr><p:cNvPr id="2" name="{name}"/><p:cNvSpPr/><p:nvPr>{held}</p:nvPr></p:nvSpPr><p:spPr/>'
        f"<p:txBody><a:bodyPr/>{lines}</p:txBody></p:sp>"
    )


def xlsx(
    sheets: Mapping[str, str], *, hidden: Sequence[str] = (), strings: Sequence[str] = (), formats: Sequence[str] = ()
) -> bytes:
    """A workbook: the XML inside each `worksheet`; `formats` are the codes of the cell styles 1, 2, ..."""
    listed = "".join(
        f'<sheet name="{name}" sheetId="{at}" state="{"hidden" if name in hidden else "visible"}" r:id="rId{at}"/>'
        for at, name in enumerate(sheets, 1)
    )
    parts = {
        "xl/workbook.xml": f'{_HEAD}<workbook xmlns="{_S}" xmlns:r="{_R}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": relations(
            *(("worksheet", f"worksheets/sheet{at + 1}.xml") for at in range(len(sheets))),
            ("sharedStrings", "sharedStrings.xml"),
            ("styles", "styles.xml"),
        ),
    }
    for at, inside in enumerate(sheets.values(), 1):
        parts[f"xl/worksheets/sheet{at}.xml"] = f'{_HEAD}<worksheet xmlns="{_S}">{inside}</worksheet>'
    texts = "".join(f'<si><t xml:space="preserve">{text}</t></si>' for text in strings)
    parts["xl/sharedStrings.xml"] = f'{_HEAD}<sst xmlns="{_S}">{texts}</sst>'
    codes = "".join(f'<numFmt numFmtId="{163 + at}" formatCode="{code}"/>' for at, code in enumerate(formats, 1))
    styles = "".join(f'<xf numFmtId="{163 + at}" applyNumberFormat="1"/>' for at in range(1, len(formats) + 1))
    parts["xl/styles.xml"] = (
        f'{_HEAD}<styleSheet xmlns="{_S}"><numFmts count="{len(formats)}">{codes}</numFmts>'
        '<fonts count="1"><font/></fonts><fills count="1"><fill><patternFill/></fill></fills>'
        '<borders count="1"><border/></borders>'
        '<cellStyleXfs count="1"><xf/></cellStyleXfs>'
        f'<cellXfs count="{len(formats) + 1}"><xf numFmtId="0"/>{styles}</cellXfs></styleSheet>'
    )
    return package("xl", parts)


def cells(*rows: Sequence[str | float | None], first: int = 1) -> str:
    """`sheetData` of rows from number `first`: strings inline, numbers as such, None blank, XML as it is."""
    lines = []
    for number, row in enumerate(rows, first):
        line = ""
        for column, value in zip("ABCDEFGHIJ", row, strict=False):
            if isinstance(value, str):
                inline = f'<c r="{column}{number}" t="inlineStr"><is><t>{value}</t></is></c>'
                line += value.format(f"{column}{number}") if value.startswith("<") else inline
            elif value is not None:
                line += f'<c r="{column}{number}"><v>{value!r}</v></c>'
        lines.append(f'<row r="{number}">{line}</row>')
    return f"<sheetData>{''.join(lines)}</sheetData>"


def epub(chapters: Mapping[str, str], *, nav: str = "", ncx: str = "", extra: Mapping[str, str] = {}) -> bytes:
    """A book of XHTML bodies by file name, in that order."""
    page = '<?xml version="1.0" encoding="utf-8"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title/></head><body>{}</body></html>'
    manifest = "".join(
        f'<item id="{name}" href="{name}.xhtml" media-type="application/xhtml+xml"/>' for name in chapters
    )
    files: dict[str, str] = {f"EPUB/{name}.xhtml": page.format(body) for name, body in chapters.items()}
    if nav:
        manifest += '<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>'
        files["EPUB/nav.xhtml"] = page.format(f"<nav>{nav}</nav>")
    if ncx:
        manifest += '<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>'
        files["EPUB/toc.ncx"] = f'{_HEAD}<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap>{ncx}</navMap></ncx>'
    spine = "".join(f'<itemref idref="{name}"/>' for name in (*chapters, *(["nav"] if nav else [])))
    container = '<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    container += (
        '<rootfile full-path="EPUB/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
    )
    opf = (
        f'{_HEAD}<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id">'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:identifier id="id">harbour-notes</dc:identifier>'
        "<dc:title>Harbour notes</dc:title><dc:creator>A. Keeper</dc:creator><dc:creator>B. Pilot</dc:creator>"
        f"<dc:language>en</dc:language></metadata><manifest>{manifest}</manifest><spine>{spine}</spine></package>"
    )
    first = {"mimetype": "application/epub+zip", "META-INF/container.xml": _HEAD + container, "EPUB/book.opf": opf}
    return zipped({**first, **files, **extra}, stored=("mimetype",))
