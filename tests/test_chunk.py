"""Snippets are exact, ordered, complete slices within their bounds."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragcli import chunk
from ragcli.lexical import count_words
from ragcli.types import Block, BlockKind, Cut, Page, Parsed


def document(*parts: tuple[BlockKind, str, int], title: str = "", gap: str = "\n\n") -> Parsed:
    """A document of one block a part, parted by `gap`."""
    text, blocks = "", []
    for kind, body, level in parts:
        blocks.append(Block(kind, len(text), len(text) + len(body), level))
        text += body + gap
    return Parsed(text=text, blocks=tuple(blocks), title=title)


def prose(count: int, word: str = "word") -> str:
    """`count` words in sentences of ten."""
    return " ".join(f"{word.capitalize() if i % 10 == 0 else word}{'.' if i % 10 == 9 else ''}" for i in range(count))


def heading(text: str, level: int) -> tuple[BlockKind, str, int]:
    return (BlockKind.HEADING, text, level)


def paragraph(text: str) -> tuple[BlockKind, str, int]:
    return (BlockKind.PARAGRAPH, text, 0)


def texts(parsed: Parsed, cuts: list[Cut]) -> list[str]:
    return [parsed.text[cut.start : cut.end] for cut in cuts]


def sizes(parsed: Parsed, cuts: list[Cut]) -> list[int]:
    return [count_words(text) for text in texts(parsed, cuts)]


def test_short_document_is_one_snippet() -> None:
    parsed = document(heading("Tea", 1), paragraph("Boil water."), heading("Cups", 2), paragraph("Use two."))
    (only,) = chunk.cut(parsed)
    assert parsed.text[only.start : only.end] == parsed.text.strip()


def test_empty_and_blank_documents_have_no_snippets() -> None:
    assert chunk.cut(Parsed(text="")) == []
    assert chunk.cut(Parsed(text=" \n\n\t\f ")) == []


def test_section_is_the_breadcrumb_without_the_sole_title() -> None:
    parsed = document(
        heading("# Manual", 1),
        heading("## Size ##", 2),
        paragraph(prose(200)),
        heading("Height\n------", 3),
        paragraph(prose(200)),
        heading("## Weight", 2),
        paragraph(prose(200)),
    )
    assert [cut.section for cut in chunk.cut(parsed)] == ["Size", "Size > Height", "Weight"]


def test_named_heading_goes_by_its_name() -> None:
    text = "# Keeps what was said.\ndef save(self):\n    return 1"
    parsed = Parsed(text, (Block(BlockKind.HEADING, 0, 38, 2, "save"), Block(BlockKind.CODE, 39, len(text))))
    assert chunk.cut(parsed) == [Cut(0, len(text), "save")]


def test_one_of_several_top_headings_stays_in_the_breadcrumb() -> None:
    parsed = document(heading("One", 1), paragraph(prose(200)), heading("Two", 1), paragraph(prose(200)))
    assert [cut.section for cut in chunk.cut(parsed)] == ["One", "Two"]


def test_sole_top_heading_that_is_not_the_stated_title_stays() -> None:
    parsed = document(heading("Scope", 1), paragraph(prose(200)), title="Annual report")
    assert [cut.section for cut in chunk.cut(parsed)] == ["Scope"]


def test_headings_stay_with_the_text_below_them() -> None:
    parsed = document(
        heading("A", 1),
        paragraph(prose(190)),
        heading("B", 1),
        heading("B1", 2),
        paragraph(prose(190)),
        heading("End", 1),
    )
    found = texts(parsed, chunk.cut(parsed))
    assert [text.split("\n")[0] for text in found] == ["A", "B"]
    assert found[1].endswith("End")


def test_small_sections_of_one_parent_are_merged_under_it() -> None:
    parts = [heading("Guide", 1), heading("Rest", 1), paragraph(prose(200))]
    for name in "abcd":
        parts += [heading(name, 2), paragraph(prose(60))]
    parsed = document(*parts)
    cuts = chunk.cut(parsed)
    assert {cut.section for cut in cuts} == {"Rest"}
    assert all(100 <= size <= 300 for size in sizes(parsed, cuts))


@pytest.mark.parametrize("count", [150, 221, 300, 430, 450, 700, 1000, 5000])
def test_prose_is_cut_within_the_bounds(count: int) -> None:
    parsed = Parsed(text=prose(count))
    assert all(140 <= size <= 300 for size in sizes(parsed, chunk.cut(parsed)))


def test_sentences_are_not_cut() -> None:
    parsed = Parsed(text=prose(900))
    assert all(text.endswith(".") and text.startswith("Word") for text in texts(parsed, chunk.cut(parsed)))


def test_paragraph_ends_are_preferred() -> None:
    parsed = Parsed(text="\n\n".join(prose(90) for _ in range(8)))
    assert all(size == 180 for size in sizes(parsed, chunk.cut(parsed)))


def test_rows_are_not_cut_even_when_a_table_is() -> None:
    row = "| " + " ".join(["cell"] * 58) + " |"
    text = "\n".join([row] * 20)
    rows = [Block(BlockKind.ROW, i * (len(row) + 1), i * (len(row) + 1) + len(row)) for i in range(20)]
    parsed = Parsed(text=text, blocks=(Block(BlockKind.TABLE, 0, len(text)), *rows))
    found = texts(parsed, chunk.cut(parsed))
    assert len(found) > 1
    assert all(set(piece.split("\n")) == {row} for piece in found)


def test_listing_that_fits_is_not_cut() -> None:
    code = "\n".join(f"step {i}. Do this!" for i in range(50))
    parsed = document(paragraph(prose(120)), (BlockKind.CODE, code, 0), paragraph(prose(120)))
    assert any(code in text for text in texts(parsed, chunk.cut(parsed)))


@pytest.mark.parametrize("kind", [BlockKind.PARAGRAPH, BlockKind.CODE])
def test_text_without_spaces_is_cut_by_its_characters(kind: BlockKind) -> None:
    parsed = document((kind, "a" * 100_000 + "\n" + "b" * 20_000 + " end", 0))
    cuts = chunk.cut(parsed)
    assert max(cut.end - cut.start for cut in cuts) <= 400 * 40
    assert "".join("".join(texts(parsed, cuts)).split()) == "".join(parsed.text.split())
    assert 125 <= len(chunk.cut(Parsed(text="a" * 2_000_000))) <= 250


def test_blank_blocks_and_long_gaps_are_in_no_snippet() -> None:
    parsed = Parsed(text="lamp   pier", blocks=(Block(BlockKind.CODE, 4, 7), Block(BlockKind.CODE, 7, 11)))
    assert texts(parsed, chunk.cut(parsed)) == ["pier"]
    gap = document((BlockKind.CODE, "a" * 9000 + " " * 30_000 + "b" * 9000, 0))
    assert "".join("".join(texts(gap, chunk.cut(gap))).split()) == "a" * 9000 + "b" * 9000


def test_a_sentence_longer_than_wanted_is_one_snippet() -> None:
    parsed = Parsed(text=" ".join(["word"] * 300) + ".\n\n" + " ".join(["more"] * 300) + ".")
    assert sizes(parsed, chunk.cut(parsed)) == [300, 300]


def test_row_of_more_than_400_words_is_cut_between_words() -> None:
    row = " ".join(["cell"] * 1000)
    parsed = Parsed(text=row, blocks=(Block(BlockKind.TABLE, 0, len(row)), Block(BlockKind.ROW, 0, len(row))))
    found = texts(parsed, chunk.cut(parsed))
    assert all(count_words(text) <= 400 for text in found)
    assert all(set(text.split()) == {"cell"} for text in found)


def test_text_before_the_first_block_is_not_cut_and_text_between_is() -> None:
    text = "---\ntitle: x\n---\n\nFirst block.\n\n[ref]: http://example.org\n\nSecond block.\n\nTail."
    blocks = tuple(
        Block(BlockKind.PARAGRAPH, text.index(part), text.index(part) + len(part))
        for part in ("First block.", "Second block.")
    )
    parsed = Parsed(text=text, blocks=blocks)
    assert texts(parsed, chunk.cut(parsed)) == [text[text.index("First") :]]


def in_pages(parsed: Parsed, labels: list[str], starts: list[int]) -> Parsed:
    return replace(parsed, pages=tuple(Page(start, label) for start, label in zip(starts, labels, strict=True)))


@pytest.mark.parametrize("unit", ["slide", "sheet", "cell"])
def test_snippets_of_slides_sheets_and_cells_do_not_span_two(unit: str) -> None:
    parsed = document(paragraph(prose(110, "lamp")), paragraph(prose(105, "pier")), paragraph(prose(450, "oil")))
    starts = [parsed.text.index(word) for word in ("Lamp", "Pier", "Oil")]
    cuts = chunk.cut(in_pages(parsed, [f"{unit} {n}" for n in range(3)], starts))
    assert [cut.start for cut in cuts][:3] == starts
    assert sizes(parsed, cuts)[:2] == [110, 105]
    assert sum(sizes(parsed, cuts)) == 665


def test_tiny_slides_share_a_snippet_until_it_is_large_enough() -> None:
    parsed = document(*(paragraph(prose(words)) for words in (40, 40, 40, 40, 70, 30, 200)))
    starts = [block.start for block in parsed.blocks]
    cuts = chunk.cut(in_pages(parsed, [f"slide {n}" for n in range(1, 8)], starts))
    assert sizes(parsed, cuts) == [120, 140, 200]


def test_pages_of_a_book_break_nothing() -> None:
    parsed = document(*(paragraph(prose(90)) for _ in range(4)))
    starts = [block.start for block in parsed.blocks]
    assert chunk.cut(in_pages(parsed, ["i", "ii", "1", "2"], starts)) == chunk.cut(parsed)


def test_title_of_a_slide_goes_with_its_own_text() -> None:
    parsed = document(
        *(heading("Lamp", 1), paragraph(prose(180)), heading("Pier", 1), paragraph(prose(180))), title="Harbour"
    )
    starts = [parsed.text.index("Lamp"), parsed.text.index("Pier")]
    cuts = chunk.cut(in_pages(parsed, ["slide 1", "slide 2"], starts))
    assert [(cut.start, cut.section) for cut in cuts] == list(zip(starts, ["Lamp", "Pier"], strict=True))


def test_bounds_that_contradict_each_other_are_refused() -> None:
    for low, high in ((0, 10), (20, 10), (100, 401)):
        with pytest.raises(ValueError, match="max_words"):
            chunk.cut(Parsed(text="x"), min_words=low, max_words=high)


WORDS = st.sampled_from(
    ["alpha", "beta.", "gamma", "e.g.", "文字です。", "ไทย", "Delta!", "|", "-", "3.14", "it's", "\U0001f600"]
)
SPACES = st.sampled_from([" ", " ", " ", " ", "\n", "\n\n", "  ", "\n- "])
BODIES = st.lists(st.tuples(WORDS, SPACES), min_size=1, max_size=400).map(
    lambda pairs: "".join(a + b for a, b in pairs)
)


@st.composite
def documents(draw: st.DrawFn) -> Parsed:
    kinds = draw(st.lists(st.sampled_from(list(BlockKind)), max_size=12))
    text, blocks = draw(st.sampled_from(["", "---\nfront: matter\n---\n"])), []
    for kind in kinds:
        body = draw(st.sampled_from(["Title", "Other title"])) if kind is BlockKind.HEADING else draw(BODIES)
        level = draw(st.integers(1, 3)) if kind is BlockKind.HEADING else 0
        blocks.append(Block(kind, len(text), len(text) + len(body), level))
        text += body + draw(st.sampled_from(["\n\n", "\n", " stray text \n"]))
    starts = sorted({block.start for block in blocks if draw(st.booleans())})
    pages = tuple(Page(start, draw(st.sampled_from(["", "ii", "slide 1", "sheet Lamp"]))) for start in starts)
    return Parsed(text=text + draw(st.sampled_from(["", "tail"])), blocks=tuple(blocks), pages=pages)


def check(parsed: Parsed, cuts: list[Cut]) -> None:
    """Sorted, disjoint, trimmed, complete from the first block on."""
    at = min((block.start for block in parsed.blocks), default=0)
    for cut in cuts:
        assert at <= cut.start < cut.end
        assert parsed.text[at : cut.start].strip() == ""
        piece = parsed.text[cut.start : cut.end]
        assert piece == piece.strip()
        at = cut.end
    assert parsed.text[at:].strip() == ""


@given(documents())
@settings(max_examples=150, deadline=None)
def test_snippets_are_ordered_trimmed_complete_and_bounded(parsed: Parsed) -> None:
    cuts = chunk.cut(parsed)
    check(parsed, cuts)
    assert all(size <= 400 for size in sizes(parsed, cuts))
    assert chunk.cut(parsed) == cuts


@given(
    st.text(max_size=300),
    st.lists(st.tuples(st.sampled_from(list(BlockKind)), st.integers(0, 320), st.integers(0, 320)), max_size=8),
)
@settings(max_examples=200, deadline=None)
def test_any_blocks_over_any_text_are_survived(text: str, raw: list[tuple[BlockKind, int, int]]) -> None:
    blocks = tuple(Block(kind, start, end, 1) for kind, start, end in sorted(raw, key=lambda block: block[1]))
    parsed = Parsed(text=text, blocks=blocks)
    check(parsed, chunk.cut(parsed, min_words=5, max_words=9))


def test_a_million_words_in_one_paragraph_are_cut_in_linear_time() -> None:
    parsed = Parsed(text="word " * 1_000_000)
    began = time.process_time()
    cuts = chunk.cut(parsed)
    assert time.process_time() - began < 6
    assert all(size <= 400 for size in sizes(parsed, cuts[:50]))


@pytest.mark.parametrize("unit", ["# ", "。", "a.\n", "\n\n", "|\n"])
def test_many_tiny_units_are_cut_in_linear_time(unit: str) -> None:
    parsed = Parsed(text=unit * 50_000)
    began = time.process_time()
    check(parsed, chunk.cut(parsed))
    assert time.process_time() - began < 4


def test_many_headings_are_cut_in_linear_time() -> None:
    parsed = document(*[heading("H", 1 + i % 6) for i in range(20_000)])
    began = time.process_time()
    check(parsed, chunk.cut(parsed))
    assert time.process_time() - began < 4


def test_the_marks_of_a_heading_stay_with_it_and_end_no_snippet() -> None:
    sections = [f"## Part {n}\n\n" + f"Sentence of part {n} with some words. " * 30 for n in range(3)]
    text = "\n\n".join(sections)
    blocks = []
    for n in range(3):
        start = text.index(f"Part {n}\n")
        body = text.index("Sentence", start)
        blocks.append(Block(BlockKind.HEADING, start, start + len(f"Part {n}"), 2))
        blocks.append(Block(BlockKind.PARAGRAPH, body, body + len(f"Sentence of part {n} with some words. " * 30)))
    cuts = chunk.cut(Parsed(text, tuple(blocks)))
    assert [text[cut.start : cut.end].splitlines()[0] for cut in cuts] == ["## Part 0", "## Part 1", "## Part 2"]
    assert [cut.section for cut in cuts] == ["Part 0", "Part 1", "Part 2"]
    assert not any(text[cut.start : cut.end].rstrip().endswith("#") for cut in cuts)
