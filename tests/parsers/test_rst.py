from __future__ import annotations

import pytest

from ragcli import parsers
from ragcli.types import BlockKind, Parsed
from tests.parsers.shown import cpu_s, headings, sample, texts


def parse(text: str) -> Parsed:
    return parsers.parse(text.encode(), "a.rst")


def test_sample_has_title_docinfo_and_levels_in_order_of_appearance() -> None:
    parsed = sample(".rst")
    assert parsed.title == "Harbour notes"
    assert parsed.metadata == (("author", "A. Keeper"), ("date", "1903-05-01"))
    assert headings(parsed) == [(1, "Harbour notes"), (2, "The lamp"), (3, "Times")]


def test_overline_belongs_to_its_own_section() -> None:
    (heading,) = texts(parse("words\n\n=====\nTitle\n=====\n\nmore"), BlockKind.HEADING)
    assert heading == "=====\nTitle"


def test_head_of_a_pep_is_metadata() -> None:
    raw = b"PEP: 8\nTitle: Style\nAuthor: A,\n  B\n\nTop\n===\n\nwords::\n\n  code()\n\n  more\n\nSub\n---\nend\n\n"
    parsed = parsers.parse(raw + b"Next\n====\n\nx", "a.rst")
    assert parsed.title == "Style"
    assert parsed.metadata == (("pep", "8"), ("author", "A, B"))
    assert headings(parsed) == [(1, "Top"), (2, "Sub"), (1, "Next")]
    assert texts(parsed, BlockKind.CODE) == ["  code()\n\n  more"]


def test_names_of_headings_are_without_markup() -> None:
    parsed = parse("The ``lamp`` of :ref:`here <x>`\n===============================\n\nwords")
    assert headings(parsed) == [(1, "The lamp of here")]


def test_comments_targets_and_options_are_in_no_block() -> None:
    parsed = sample(".rst")
    held = "".join(parsed.text[block.start : block.end] for block in parsed.blocks)
    assert not [word for word in ("no reader sees", ":linenos:", ".. _cellar:") if word in held]
    assert texts(parsed, BlockKind.PARAGRAPH)[-1] == ".. [1] Two hundred metres of granite."


def test_directive_has_argument_and_content_as_blocks_of_their_own() -> None:
    found = texts(sample(".rst"), BlockKind.PARAGRAPH)
    assert found[1:3] == ["Oil is kept in the `cellar <cellar_>`_.", "Never near the stove."]


def test_literal_and_directive_listings_are_code() -> None:
    assert texts(sample(".rst"), BlockKind.CODE) == ["    open(valve)\n\n    strike(match)", "   lit = 18"]
    assert texts(parse(">>> 1 + 1\n2\n\nwords"), BlockKind.CODE) == [">>> 1 + 1\n2"]


def test_tables_have_rows_head_first() -> None:
    assert texts(sample(".rst"), BlockKind.ROW) == [
        "Month  Lit  Remark",
        "May    21   in fog\n            by day too",
        "June   20   \\",
        "| Month | Oil  |\n|       | used |",
        "| May   | 12 l |",
    ]


def test_simple_table_with_a_blank_line_and_no_head_is_one_table() -> None:
    parsed = parse("= ==\na b1\n\nc d1\n= ==\n\nwords".replace("=", "==="))
    assert texts(parsed, BlockKind.ROW) == ["a b1", "c d1"]
    assert len(texts(parsed, BlockKind.TABLE)) == 1


def test_list_table_and_csv_table_have_rows() -> None:
    parsed = parse(".. list-table:: T\n   :widths: 1 2\n\n   * - a\n     - b\n   * - c\n     - d\n\nx")
    assert texts(parsed, BlockKind.ROW) == ["* - a\n     - b", "* - c\n     - d"]
    assert texts(parse(".. csv-table::\n\n   a,b\n   1,2\n"), BlockKind.ROW) == ["a,b", "1,2"]


def test_list_goes_on_over_blank_lines_and_ends_at_prose() -> None:
    parsed = parse("- one\n\n  more of one\n\n- two\n\nProse.\n\n1. first\n2. second")
    assert texts(parsed, BlockKind.LIST) == ["- one\n\n  more of one\n\n- two", "1. first\n2. second"]
    assert texts(parsed, BlockKind.PARAGRAPH) == ["Prose."]


@pytest.mark.parametrize(
    "unit",
    [".. x\n", ".. note::\n   a\n", "== ==\nx\n\n", "- a\n\n", "a\n=\n", ":a: b\n", "x::\n\n  y\n", "\n", ".. a::\n "],
)
def test_many_small_units_take_linear_time(unit: str) -> None:
    assert cpu_s(unit.encode() * 8_000, "a.rst") < 1.5


def test_deeply_nested_directives_are_bounded() -> None:
    nested = "".join(f"{'   ' * n}.. note::\n\n" for n in range(300))
    assert cpu_s(nested.encode() + b"   " * 300 + b"words", "a.rst") < 2
