"""The column names of a table are known to each snippet that begins below its first row."""

from __future__ import annotations

import pytest

from ragcli import chunk
from ragcli.tables import column_names
from ragcli.types import Block, BlockKind, Parsed


@pytest.mark.parametrize(
    ("row", "names"),
    [
        ("| Year | Net sales |", "Year | Net sales"),
        ("Year | Net, gross, other", "Year | Net, gross, other"),
        ("Year,Sales", "Year | Sales"),
        ('"Year, fiscal";"Say ""net""\nsales"', 'Year, fiscal | Say "net" sales'),
        ("Year\tSales; net", "Year | Sales; net"),
        ("Year   Sales, net", "Year | Sales, net"),
        ("| Year | Net   |\n|      | sales |", "Year | Net sales"),
        ("* - Year\n     - Sales,\n       net", "Year | Sales, net"),
        ("Place", "Place"),
        ("| | Sales |", " | Sales"),
    ],
)
def test_names_are_read_by_the_marks_of_the_row(row: str, names: str) -> None:
    assert column_names(row) == names


@pytest.mark.parametrize("row", ["", "2019,1.5,-3", "| 1 | 2 |"])
def test_row_without_a_letter_is_no_head(row: str) -> None:
    assert column_names(row) == ""


def test_many_columns_are_cut_at_a_name() -> None:
    names = column_names(",".join(f"column{n}" for n in range(500)))
    assert len(names) <= 510
    assert names.endswith(" | …")
    assert names.split(" | ")[-2].startswith("column")


def table(head: str, rows: list[str], before: str = "", after: str = "") -> Parsed:
    text = before
    first = len(text)
    blocks = []
    for row in (head, *rows):
        blocks.append(Block(BlockKind.ROW, len(text), len(text) + len(row)))
        text += row + "\n"
    return Parsed(text + after, (Block(BlockKind.TABLE, first, len(text) - 1), *blocks))


def test_snippets_that_begin_below_the_head_have_its_names() -> None:
    parsed = table("| Year | Sales |", [f"| {year} | {'word ' * 20}|" for year in range(1900, 1960)], "Intro.\n\n")
    first, *others = chunk.cut(parsed)
    assert first.columns == ""
    assert len(others) > 3
    assert {cut.columns for cut in others} == {"Year | Sales"}
    assert all("Sales" not in parsed.text[cut.start : cut.end] for cut in others)


def test_text_after_a_table_has_no_columns() -> None:
    prose = "\n" + "A sentence of seven words is here. " * 60
    parsed = table("| Year | Sales |", [f"| {year} | {'word ' * 20}|" for year in range(1900, 1920)], after=prose)
    last = chunk.cut(parsed)[-1]
    assert parsed.text[last.start :].startswith("A sentence")
    assert last.columns == ""
