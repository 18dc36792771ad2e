from __future__ import annotations

import pytest

from ragcli import parsers
from ragcli.errors import UnreadableFile
from ragcli.parsers import epub as module
from ragcli.types import BlockKind, Parsed
from tests.data.office import docx, epub, zipped


def parse(raw: bytes) -> Parsed:
    return parsers.parse(raw, "a.epub")


def headings(parsed: Parsed) -> list[str]:
    return [parsed.text[b.start : b.end] for b in parsed.blocks if b.kind is BlockKind.HEADING]


def test_chapters_come_in_the_order_of_the_spine_without_the_navigation() -> None:
    raw = epub({"z": "<h1>First</h1><p>one</p>", "a": "<h2>Second</h2><p>two</p>"}, nav="<a href='z.xhtml'>First</a>")
    parsed = parse(raw)
    assert parsed.text == "First\n\none\n\nSecond\n\ntwo"
    assert [parsed.text[b.start : b.end] for b in parsed.blocks] == ["First", "one", "Second", "two"]
    assert (parsed.title, parsed.metadata) == ("Harbour notes", (("lang", "en"), ("author", "A. Keeper, B. Pilot")))
    assert parsed.pages == ()


def test_chapter_without_a_heading_is_headed_as_the_contents_call_it() -> None:
    point = "<navPoint><navLabel><text>{}</text></navLabel><content src='{}.xhtml#x'/></navPoint>".format
    assert headings(parse(epub({"a": "<p>one</p>"}, ncx=point("Named", "a") + point("Later", "a")))) == ["Named"]
    assert headings(parse(epub({"a": "<p>one</p>"}, nav="<a href='./a.xhtml#top'>Linked</a>"))) == ["Linked"]
    assert headings(parse(epub({"a": "<p>one</p>"}))) == []


def test_contents_that_cannot_be_read_cost_no_chapter() -> None:
    raw = epub({"a": "<p>one</p>"}, ncx="<navPoint>")
    assert parse(raw).text == "one"


def test_elements_that_xhtml_closes_at_once_stay_empty() -> None:
    raw = epub({"a": '<p>a<a id="x"/>b<br/>c</p><script src="x"/><div/><p>d</p>'})
    assert parse(raw).text == "ab\nc\n\nd"


def test_missing_chapter_is_noted() -> None:
    whole = {"a": "<p>one</p>", "b": "<p>two</p>"}
    raw = epub(whole).replace(b"EPUB/b.xhtml", b"EPUB/c.xhtml")
    parsed = parse(raw)
    assert (parsed.text, parsed.notes) == ("one", ("chapters missing in the file: 1",))


def test_locked_book_is_refused_and_locked_fonts_are_not() -> None:
    locked = '<encryption><CipherData><CipherReference URI="EPUB/{}"/></CipherData></encryption>'.format
    with pytest.raises(UnreadableFile, match="DRM"):
        parse(epub({"a": "x"}, extra={"META-INF/encryption.xml": locked("a.xhtml")}))
    assert parse(epub({"a": "x"}, extra={"META-INF/encryption.xml": locked("f.otf")})).text == "x"


EMPTY = zipped({"META-INF/container.xml": "<container/>"})


@pytest.mark.parametrize("raw", [b"text", docx(""), zipped({"mimetype": "application/epub+zip"}), EMPTY])
def test_what_is_no_epub_is_refused(raw: bytes) -> None:
    with pytest.raises(UnreadableFile, match="not an EPUB"):
        module.parse(raw, "a.epub")


def test_content_decides() -> None:
    assert parsers.parse(epub({"a": "x"}), "book").notes == ("an EPUB file by its content",)
