from __future__ import annotations

import pytest

from ragcli import parsers
from ragcli.errors import UnreadableFile
from ragcli.parsers import _xml
from ragcli.types import BlockKind, Parsed
from tests.data.office import docx, package

SPACE = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def p(text: str, style: str = "", extra: str = "") -> str:
    named = f'<w:pStyle w:val="{style}"/>' if style else ""
    return f"<w:p><w:pPr>{named}{extra}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"


def tc(text: str, extra: str = "") -> str:
    return f"<w:tc><w:tcPr>{extra}</w:tcPr>{p(text)}</w:tc>"


def style(key: str, name: str, inside: str = "") -> str:
    return f'<w:style w:type="paragraph" w:styleId="{key}"><w:name w:val="{name}"/>{inside}</w:style>'


def level(depth: int, form: str, text: str) -> str:
    return f'<w:lvl w:ilvl="{depth}"><w:start w:val="1"/><w:numFmt w:val="{form}"/><w:lvlText w:val="{text}"/></w:lvl>'


def numbered(number: int, depth: int) -> str:
    return f'<w:numPr><w:ilvl w:val="{depth}"/><w:numId w:val="{number}"/></w:numPr>'


def parse(body: str, **parts: str) -> Parsed:
    return parsers.parse(docx(body, **parts), "a.docx")


def shown(parsed: Parsed, kind: BlockKind) -> list[str]:
    return [parsed.text[block.start : block.end] for block in parsed.blocks if block.kind is kind]


def test_headings_come_from_styles_their_ancestors_and_outline_levels() -> None:
    styles = style("1", "heading 1") + style("X", "Mine", '<w:basedOn w:val="1"/>') + style("S", "heading 2")
    body = p("One", "1") + p("Like one", "X") + p("Two", "S") + p("Three", "", '<w:outlineLvl w:val="2"/>') + p("text")
    parsed = parse(body, styles=styles)
    assert [(parsed.text[b.start : b.end], b.level) for b in parsed.blocks[:-1]] == [
        ("One", 1), ("Like one", 1), ("Two", 2), ("Three", 3),
    ]  # fmt: skip
    assert parsed.blocks[-1].kind is BlockKind.PARAGRAPH
    assert parsed.title == "One"


def test_stated_title_wins_over_headings_and_what_a_program_filled_in_is_none() -> None:
    styles = style("T", "Title")
    assert parsers.parse(docx(p("Shown", "T"), styles=styles, title="Stated"), "a.docx").title == "Stated"
    assert parsers.parse(docx(p("Shown", "T"), styles=styles, title="Document1"), "a.docx").title == "Shown"


def test_lists_and_headings_have_the_labels_a_reader_sees() -> None:
    numbering = (
        f'<w:abstractNum w:abstractNumId="7">{level(0, "decimal", "%1")}{level(1, "decimal", "%1.%2")}</w:abstractNum>'
        f'<w:abstractNum w:abstractNumId="8">{level(0, "bullet", "o")}{level(1, "lowerRoman", "(%2)")}</w:abstractNum>'
        '<w:num w:numId="1"><w:abstractNumId w:val="7"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="8"/></w:num>'
    )
    styles = style("1", "heading 1", f"<w:pPr>{numbered(1, 0)}</w:pPr>")
    body = p("Scope", "1") + p("Sub", "1", numbered(1, 1)) + p("a", "", numbered(2, 0)) + p("b", "", numbered(2, 1))
    body += p("c", "", numbered(2, 1)) + p("between") + p("Next", "1") + p("none", "1", numbered(0, 0))
    parsed = parse(body, styles=styles, numbering=numbering)
    assert parsed.text == "1 Scope\n\n1.1 Sub\n\n- a\n  (i) b\n  (ii) c\n\nbetween\n\n2 Next\n\nnone"
    assert shown(parsed, BlockKind.LIST) == ["- a\n  (i) b\n  (ii) c"]


def test_table_stays_in_place_and_merged_cells_keep_their_columns() -> None:
    wide, tall = '<w:gridSpan w:val="2"/>', '<w:vMerge w:val="restart"/>'
    rows = [
        tc("Port", tall) + tc("Ships", wide),
        tc("", "<w:vMerge/>") + tc("in") + tc("out"),
        tc("A") + tc("1") + tc("2"),
    ]
    body = p("before") + "<w:tbl>" + "".join(f"<w:tr>{row}</w:tr>" for row in rows) + "</w:tbl>" + p("after")
    parsed = parse(body)
    assert parsed.text == "before\n\n| Port | Ships |  |\n| Port | in | out |\n| A | 1 | 2 |\n\nafter"
    assert shown(parsed, BlockKind.ROW) == parsed.text.split("\n")[2:5]


def test_frame_of_one_cell_is_no_table_and_a_nested_one_stays_in_its_cell() -> None:
    inner = f"<w:tbl><w:tr>{tc('x')}{tc('y')}</w:tr></w:tbl>"
    frame = f"<w:tbl><w:tr><w:tc>{p('boxed')}</w:tc></w:tr></w:tbl>"
    assert parse(frame).text == "boxed"
    assert parse(f"<w:tbl><w:tr>{tc('a')}<w:tc>{inner}{p('b')}</w:tc></w:tr></w:tbl>").text == "| a | x y b |"


def test_footnotes_and_text_boxes_follow_their_paragraph_once() -> None:
    box = f"<w:txbxContent>{p('boxed')}</w:txbxContent>"
    drawn = f"<mc:AlternateContent><mc:Choice>{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback></mc:AlternateContent>"
    body = f'<w:p><w:r><w:t>a</w:t><w:footnoteReference w:id="3"/></w:r><w:r>{drawn}</w:r></w:p>' + p("b")
    notes = f'<w:footnote w:type="separator" w:id="0">{p("-")}</w:footnote><w:footnote w:id="3">{p("why")}</w:footnote>'
    assert parse(body, footnotes=notes).text == "a[1]\n\n[1] why\n\nboxed\n\nb"


def test_what_a_reader_does_not_see_is_left_out_and_noted() -> None:
    run = "<w:r><w:t>{}</w:t></w:r>"
    body = f"<w:p>{run.format('kept ')}<w:ins>{run.format('new')}</w:ins>"
    body += "<w:del><w:r><w:delText>old</w:delText></w:r></w:del>"
    body += "<w:r><w:rPr><w:vanish/></w:rPr><w:t>secret</w:t></w:r>"
    body += '<w:r><w:rPr><w:vanish w:val="0"/></w:rPr><w:t>er</w:t></w:r>'
    body += '<w:r><w:instrText>PAGE</w:instrText><w:commentReference w:id="1"/></w:r></w:p><w:altChunk/>'
    parsed = parse(body)
    assert parsed.text == "kept newer"
    assert parsed.notes == (
        "comments left out: 1", "deleted text left out: 1", "embedded documents left out: 1", "hidden text left out: 1",
    )  # fmt: skip


def test_breaks_tabs_and_unseen_characters() -> None:
    parsed = parse("<w:p><w:r><w:t>a\u00adb\u00a0c</w:t><w:br/><w:t>d</w:t><w:tab/><w:noBreakHyphen/></w:r></w:p>")
    assert parsed.text == "ab c\nd -"


def test_contents_are_left_out_and_listings_are_code() -> None:
    styles = style("C", "toc 1") + style("L", "HTML Preformatted")
    parsed = parse(p("Intro 3", "C") + p("x = 1", "L") + p("  y", "L"), styles=styles)
    assert parsed.text == "x = 1\n  y"
    assert shown(parsed, BlockKind.CODE) == ["x = 1\n  y"]


def test_formula_reads_on_one_line() -> None:
    part = "<m:{0}><m:r><m:t>{1}</m:t></m:r></m:{0}>".format
    fraction = f"<m:f>{part('num', 'a+b')}{part('den', 'c')}</m:f>"
    power = f"<m:sSup>{part('e', 'x')}{part('sup', '2')}</m:sSup>"
    assert parse(f"<w:p><m:oMath>{fraction}{power}</m:oMath></w:p>").text == "(a+b)/cx^2"


def test_document_without_text_has_none() -> None:
    assert parse("<w:p/>").text == ""
    drawn = '<w:p><w:r><w:drawing><a:blip xmlns:a="a"/></w:drawing></w:r></w:p>'
    assert parse(drawn).notes == ("no text: pictures only (1)",)


@pytest.mark.parametrize("suffix", ["doc", "xlsx", "bin", ""])
def test_other_suffix_is_seen_through_and_noted(suffix: str) -> None:
    assert parsers.parse(docx(p("text")), f"a.{suffix}").notes == ("a DOCX file by its content",)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"plain text", "not a Word document: no zip archive"),
        (b"PK\x05\x06" + bytes(18), "it names no main part"),
        (docx(p("text"))[:-50], "damaged"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + "EncryptedPackage\0".encode("utf-16-le"), "password-protected"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + "WordDocument\0".encode("utf-16-le"), "old binary Office format"),
    ],
)
def test_refusal_says_what_the_file_is(raw: bytes, reason: str) -> None:
    with pytest.raises(UnreadableFile, match=reason):
        parsers.parse(raw, "a.docx")


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (f'<!DOCTYPE a [<!ENTITY b "x">]><w:document {SPACE}>&b;</w:document>', "declares entities"),
        (f'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><w:document {SPACE}>&b;</w:document>', "declares"),
        (f'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><w:document {SPACE}>&b;</w:document>', "is not XML"),
        (f"<w:document {SPACE}>&b;</w:document>", "is not XML"),
        (f"<w:document {SPACE}>{'<w:p>' * 5000}{'</w:p>' * 5000}</w:document>", "limit: .* levels"),
        (f"<w:document {SPACE}>{'<w:p/>' * 1001}</w:document>", "limit: .* elements"),
        ("<!-- " + "x" * 70_000, "does not begin as XML does"),
        ("", "is not XML"),
    ],
)
def test_hostile_xml_is_refused(document: str, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_xml, "MAX_ELEMENTS", 1000)
    with pytest.raises(UnreadableFile, match=reason):
        parsers.parse(package("word", {"word/document.xml": document}), "a.docx")
