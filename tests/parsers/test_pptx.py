from __future__ import annotations

import pytest

from ragcli import parsers
from ragcli.errors import UnreadableFile
from ragcli.types import BlockKind, Parsed
from tests.data.office import docx, pptx, shape

A = 'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'


def parse(slides: list[str], *, hidden: tuple[int, ...] = (), notes: dict[int, str] | None = None) -> Parsed:
    return parsers.parse(pptx(slides, hidden=hidden, notes=notes or {}), "a.pptx")


def marked(text: str, inside: str = "", depth: int = 0) -> str:
    return f'<a:p><a:pPr lvl="{depth}">{inside}</a:pPr><a:r><a:t>{text}</a:t></a:r></a:p>'


def frame(inside: str) -> str:
    return f"<p:graphicFrame><a:graphic><a:graphicData>{inside}</a:graphicData></a:graphic></p:graphicFrame>"


def test_slide_is_a_page_under_its_title_and_one_without_is_headed_by_its_number() -> None:
    parsed = parse([shape("text"), shape("below") + shape("Title", kind="ctrTitle"), ""])
    assert parsed.text == "Slide 1\n\ntext\n\nTitle\n\nbelow\n\nSlide 3"
    assert [(parsed.text[page.start :].split("\n")[0], page.label) for page in parsed.pages] == [
        ("Slide 1", "slide 1"), ("Title", "slide 2"), ("Slide 3", "slide 3"),
    ]  # fmt: skip
    assert [b.level for b in parsed.blocks if b.kind is BlockKind.HEADING] == [1, 1, 1]
    assert parsed.title == ""


def test_lists_come_from_bullets_numbers_and_body_placeholders() -> None:
    numbered = shape(marked("one", "<a:buAutoNum/>"), marked("two", "<a:buAutoNum/>"))
    body = shape(marked("a"), marked("b", depth=1), marked("plain", "<a:buNone/>"), kind="body")
    assert parse([numbered]).text == "Slide 1\n\n1. one\n2. two"
    assert parse([body]).text == "Slide 1\n\n- a\n  - b\n\nplain"
    assert parse([shape("alone", kind="body") + shape("x", "y")]).text == "Slide 1\n\nalone\n\nx\n\ny"


def test_groups_and_tables_are_read_and_what_every_slide_repeats_is_not() -> None:
    cell = "<a:tc{1}><a:txBody><a:p><a:r><a:t>{0}</a:t></a:r></a:p></a:txBody></a:tc>".format
    rows = [cell("Port", ' rowSpan="2"') + cell("In", ""), cell("", ' vMerge="1"') + cell("3", "")]
    table = frame(f"<a:tbl>{''.join(f'<a:tr>{row}</a:tr>' for row in rows)}</a:tbl>")
    parsed = parse(
        [f"<p:grpSp>{shape('grouped')}{table}</p:grpSp>" + shape("7", kind="sldNum") + shape("f", kind="ftr")]
    )
    assert parsed.text == "Slide 1\n\ngrouped\n\n| Port | In |\n| Port | 3 |"


def test_notes_are_marked_and_hidden_slides_noted() -> None:
    note = shape("2", kind="sldNum") + shape("Say this.", "And that.", kind="body")
    parsed = parse([shape("a"), shape("b")], hidden=(2,), notes={2: note})
    assert parsed.text.endswith("b\n\nNotes: Say this.\nAnd that.")
    assert parsed.notes == ("hidden slides: 2",)


def test_slides_without_text_give_none() -> None:
    parsed = parse(["", ""])
    assert (parsed.text, parsed.pages, parsed.notes) == ("", (), ("slides without text: 2",))


def test_content_decides_and_another_package_is_refused() -> None:
    assert parsers.kind_of(pptx([""]), "a.ppt") == "pptx"
    from ragcli.parsers import pptx as module

    with pytest.raises(UnreadableFile, match="its main part is a document"):
        module.parse(docx(""), "a.pptx")


def test_chart_is_a_table_of_its_values_and_a_diagram_a_list() -> None:
    points = "<c:{0}><c:strRef><c:strCache>{1}</c:strCache></c:strRef></c:{0}>".format
    series = points("tx", '<c:pt idx="0"><c:v>Ships</c:v></c:pt>')
    series += points("cat", '<c:pt idx="0"><c:v>May</c:v></c:pt><c:pt idx="1"><c:v>June</c:v></c:pt>')
    series += points("val", '<c:pt idx="0"><c:v>12</c:v></c:pt><c:pt idx="1"><c:v>15</c:v></c:pt>')
    title = "<c:title><a:p><a:r><a:t>By mo</a:t></a:r><a:r><a:t>nth</a:t></a:r></a:p></c:title>"
    chart = f'<c:chartSpace xmlns:c="c" {A}><c:chart>{title}<c:ser>{series}</c:ser></c:chart></c:chartSpace>'
    diagram = (
        f'<d:dataModel xmlns:d="d" {A}><d:pt><d:t><a:p><a:r><a:t>step</a:t></a:r></a:p></d:t></d:pt></d:dataModel>'
    )
    frames = frame('<c:chart xmlns:c="c" r:id="rId1"/>') + frame('<d:relIds xmlns:d="d" r:dm="rId2"/>')
    raw = pptx([frames], graphics=[("chart", chart), ("diagramData", diagram)])
    text = parsers.parse(raw, "a.pptx").text
    assert text == "Slide 1\n\nBy month\n\n|  | Ships |\n| May | 12 |\n| June | 15 |\n\n- step"
