from __future__ import annotations

import io
import time
from collections.abc import Callable
from contextlib import suppress

import pytest
from reportlab.pdfgen.canvas import Canvas

from ragcli import parsers
from ragcli.errors import UnreadableFile
from ragcli.parsers._pdf_layout import rejoin
from ragcli.types import BlockKind, Parsed
from tests.data.make_samples import pdf


def shown(parsed: Parsed, kind: BlockKind) -> list[str]:
    return [parsed.text[block.start : block.end] for block in parsed.blocks if block.kind is kind]


def levels(parsed: Parsed) -> list[tuple[str, int]]:
    return [(parsed.text[b.start : b.end], b.level) for b in parsed.blocks if b.kind is BlockKind.HEADING]


def test_plain_text_has_loose_headings_and_lists() -> None:
    parsed = parsers.parse(
        b"SCOPE\n\nwords here.\n\n1.2 Details\n\nmore:\n- a\n- b\n\n1. one\n\n2. two\n\nend.", "a.txt"
    )
    assert levels(parsed) == [("SCOPE", 1), ("1.2 Details", 2)]
    assert shown(parsed, BlockKind.LIST) == ["- a\n- b", "1. one", "2. two"]


def test_textual_file_without_a_parser_of_its_own_is_code_without_headings() -> None:
    parsed = parsers.parse(b"NAME\n\nx = 1\n=====\n", "a.toml")
    assert levels(parsed) == []
    assert shown(parsed, BlockKind.CODE) == ["NAME", "x = 1\n====="]


def test_front_matter_is_metadata_and_in_no_block() -> None:
    raw = b"---\ntitle: 'T'\ntags: [a, b]\nx: !!python/object:os.system\nwho:\n  - me\n---\n# H `c`\n\ntext"
    parsed = parsers.parse(raw, "a.md")
    assert parsed.text == raw.decode()
    assert (parsed.title, parsed.metadata[0]) == ("T", ("tags", "a, b"))
    assert parsed.metadata[1:] == (("x", "!!python/object:os.system"), ("who", "me"))
    assert [parsed.text[b.start : b.end] for b in parsed.blocks] == ["H `c`", "text"]


def test_markdown_title_is_the_first_h1_without_marks() -> None:
    assert parsers.parse(b"## a\n\n# The *big* [link](u)\n", "a.md").title == "The big link"


def test_markdown_table_has_its_rows() -> None:
    parsed = parsers.parse(b"| a | b |\n|---|---|\n| 1 | 2 |\n", "a.md")
    assert shown(parsed, BlockKind.ROW) == ["| a | b |", "| 1 | 2 |"]


def test_html_shows_what_a_person_sees() -> None:
    raw = b"""<html lang=en><meta charset=latin-1><title>T</title><body><nav>n</nav><main><header><h1>H</h1></header>
    <p>caf\xe9<br>two<p hidden>no<p style="display: none">no<script>no</script>
    <ul><li>a<li>b<ol><li>c</ol></ul><table><tr><th>x<th>y<tr><td>1<br>2<td></table><pre>  q
 r</pre></main><footer>f</footer>"""
    parsed = parsers.parse(raw, "a.html")
    assert parsed.text == "H\n\ncafé\ntwo\n\n- a\n- b\n  1. c\n\nx | y\n1 2 |\n\n  q\n r".replace("2 |", "2 | ")
    assert (parsed.title, parsed.metadata) == ("T", (("lang", "en"),))
    assert shown(parsed, BlockKind.ROW) == ["x | y", "1 2 | "]
    assert shown(parsed, BlockKind.CODE) == ["  q\n r"]


def test_layout_table_is_no_table() -> None:
    parsed = parsers.parse(b"<table><tr><td><h2>H</h2><p>a</td><td>b</td></tr></table>", "a.html")
    assert levels(parsed) == [("H", 2)]
    assert shown(parsed, BlockKind.TABLE) == []


def test_data_uri_is_not_in_the_text() -> None:
    parsed = parsers.parse(
        b"<html><img src='data:image/png;base64,QUJD'>data:x/y;base64," + b"A" * 99 + b" end", "a.html"
    )
    assert parsed.text.split() == ["end"]


@pytest.mark.parametrize(
    "raw",
    [b"<div>x" * 50_000, b"<b>" * 2000, b"<![" * 100_000, b"<a " * 500_000, b"<!--" + b"-" * 1_000_000],
)
def test_hostile_html_is_linear(raw: bytes) -> None:
    assert cpu(lambda: parsers.parse(b"<html>" + raw, "a.html")) < 3


@pytest.mark.parametrize("apart", [b" ", b"\n", b"/", b'"'])
def test_a_crowd_of_attributes_costs_the_tag_its_attributes_only(apart: bytes) -> None:
    crowd = apart.join(b"a%d='>'" % n for n in range(100_000))
    long = b"x " * 5000
    raw = b"<html><p " + crowd + b">The lamp</p><p title='a b' hidden>unseen</p><p title='" + long + b"'>The pier"
    start = time.process_time()
    assert parsers.parse(raw, "a.html").text == "The lamp\n\nThe pier"
    assert time.process_time() - start < 3


@pytest.mark.parametrize("raw", [b"> " * 50_000, b"[" * 100_000, b"*a " * 50_000, b"<!--\n" * 20_000, b"|" * 100_000])
@pytest.mark.parametrize("name", ["a.md", "a.txt"])
def test_hostile_markdown_is_linear(raw: bytes, name: str) -> None:
    assert cpu(lambda: parsers.parse(raw, name)) < 3


def cpu(work: Callable[[], Parsed]) -> float:
    start = time.process_time()
    with suppress(UnreadableFile):  # "limit: ..." is an answer too
        work()
    return time.process_time() - start


def test_pdf_has_pages_labels_title_and_headings() -> None:
    parsed = parsers.parse(pdf(), "a.pdf")
    assert [page.label for page in parsed.pages] == ["i", "ii", "iii"]
    assert parsed.text[parsed.pages[1].start :].startswith("The pier\n\nThe pier is")
    assert levels(parsed) == [("The lamp", 1), ("The pier", 1)]
    assert (parsed.title, parsed.metadata[0]) == ("Harbour notes", ("author", "A. Keeper"))
    assert parsed.notes == ("pages without text: 3",)


def test_pdf_without_text_says_so() -> None:
    parsed = parsers.parse(pdf([("", ())] * 2), "a.pdf")
    assert (parsed.text, parsed.pages) == ("", ())
    assert parsed.notes == ("2 pages, no text layer: probably scanned images",)


def test_empty_password_is_tried_and_another_one_is_named() -> None:
    assert "lamp" in parsers.parse(pdf(password=""), "a.pdf").text
    with pytest.raises(UnreadableFile, match="password-protected"):
        parsers.parse(pdf(password="secret"), "a.pdf")


def test_pdf_of_one_page_without_text_is_a_scanned_image() -> None:
    assert parsers.parse(pdf([("", ())]), "a.pdf").notes == ("1 page, no text layer: probably a scanned image",)


def drawn(*strings: tuple[int, int, str]) -> bytes:
    """A page with strings at (x, y), drawn in that order."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(400, 400), invariant=1)
    for x, y, string in strings:
        canvas.drawString(x, y, string)
    canvas.save()
    return out.getvalue()


BODY = [(40, 200 - 14 * n, f"The lamp was lit on evening {n}") for n in range(4)]


def test_letterhead_that_a_page_draws_last_is_read_first() -> None:
    head = [(60, 340, "Harbour office"), (60, 326, "Pier 2")]
    lines = parsers.parse(drawn(*BODY, (40, 20, "Page 1"), *head), "a.pdf").text.split("\n")
    assert [line for line in lines if line][:3] == ["Harbour office", "Pier 2", "The lamp was lit on evening 0"]
    assert lines.index("Page 1") > lines.index("The lamp was lit on evening 3")


def test_column_that_begins_above_the_one_before_it_stays_behind_it() -> None:
    right = [(240, 300 - 14 * n, f"column two {n}") for n in range(10)]
    beside = [(240, 340, "a note in the margin")]
    for more in (right, beside):
        assert parsers.parse(drawn(*BODY, *more), "a.pdf").text.startswith("The lamp was lit on evening 0")


def test_text_that_runs_upward_keeps_its_order() -> None:
    text = parsers.parse(drawn(*((40, 40 + 60 * n, f"line {n} of the pier") for n in range(5))), "a.pdf").text
    assert [word for word in text.split() if word.isdigit()] == list("01234")


def test_file_attached_to_a_pdf_is_noted() -> None:
    from pypdf import PdfWriter

    writer, out = PdfWriter(clone_from=io.BytesIO(pdf())), io.BytesIO()
    writer.add_attachment("figures.csv", b"1,2")
    writer.write(out)
    assert parsers.parse(out.getvalue(), "a.pdf").notes == ("1 attached file left out", "pages without text: 3")


@pytest.mark.parametrize("title", ["untitled", "(anonymous)", "Microsoft Word - a.doc", "report.dvi", "a"])
def test_title_that_a_tool_made_up_is_left_out(title: str) -> None:
    assert parsers.parse(pdf(title=title), "a.pdf").title == ""


def test_parted_words_are_rejoined_and_compounds_keep_their_hyphen() -> None:
    words = frozenset(["well-known", "harbour"])
    assert rejoin("har\ufffebour well\x02known Schwarz\x02Weiß", words) == "harbour well-known Schwarz-Weiß"
