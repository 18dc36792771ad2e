from __future__ import annotations

import pytest

from ragcli import parsers
from ragcli.parsers import xlsx as module
from ragcli.types import BlockKind, Parsed
from tests.data.office import cells, xlsx


def parse(sheet: str, strings: list[str] | None = None, formats: list[str] | None = None) -> Parsed:
    return parsers.parse(xlsx({"S": sheet}, strings=strings or (), formats=formats or ()), "a.xlsx")


def body(parsed: Parsed) -> str:
    return parsed.text.removeprefix("S\n\n")


def test_sheet_is_a_page_under_its_name_and_its_rows_are_a_table() -> None:
    parsed = parsers.parse(xlsx({"One": cells(["a", "b"], [1.0, 2.5]), "Two": cells(["c", "d"])}), "a.xlsx")
    assert parsed.text == "One\n\n| a | b |\n| 1 | 2.5 |\n\nTwo\n\n| c | d |"
    assert [(page.start, page.label) for page in parsed.pages] == [
        (0, "sheet One"), (parsed.text.index("Two"), "sheet Two"),
    ]  # fmt: skip
    assert [block.kind for block in parsed.blocks[:4]] == [
        BlockKind.HEADING, BlockKind.TABLE, BlockKind.ROW, BlockKind.ROW,
    ]  # fmt: skip


def test_blank_rows_part_tables_unless_figures_go_on_and_captions_stand_above() -> None:
    rows = cells(["Ships"], ["Year", "In"], [1898, 3], [None], [1899, 4], [None], ["Port", "Keeper"], ["A", "B"])
    parsed = parse(rows)
    assert body(parsed) == "Ships\n\n| Year | In |\n| 1898 | 3 |\n| 1899 | 4 |\n\n| Port | Keeper |\n| A | B |"


def test_blank_columns_are_left_out_and_one_column_is_prose() -> None:
    assert body(parse(cells([None, "a", None, "b"], [None, None, None, 1.0]))) == "| a | b |\n|  | 1 |"
    assert body(parse(cells(["first"], ["second"]))) == "first\n\nsecond"


def test_every_kind_of_cell_shows_what_a_person_sees() -> None:
    kinds = [
        '<c r="{}" t="s"><v>0</v></c>',
        '<c r="{}" t="b"><v>1</v></c>',
        '<c r="{}" t="e"><v>#DIV/0!</v></c>',
        '<c r="{}" t="str"><f>A1</f><v>made</v></c>',
        '<c r="{}" s="1"><v>45000</v></c>',
        '<c r="{}" s="2"><v>0.125</v></c>',
        '<c r="{}"><v>0.30000000000000004</v></c>',
        '<c r="{}" t="d"><v>2024-02-03T00:00:00</v></c>',
        '<c r="{}" t="s"><v>9</v></c>',
    ]
    parsed = parse(cells(kinds), strings=["of _x0041_ll"], formats=["yyyy-mm-dd", "0.0%"])
    assert body(parsed) == "| of All | TRUE | #DIV/0! | made | 2023-03-15 | 12.5% | 0.3 | 2024-02-03 |"


def test_formula_without_a_stored_value_is_noted() -> None:
    parsed = parse(cells(["a", '<c r="{}"><f>1+1</f></c>', "b"]))
    assert (body(parsed), parsed.notes) == ("| a | b |", ("sheet S: 1 formulas without a stored value",))


def test_cell_merged_over_rows_is_said_in_each() -> None:
    merged = '<mergeCells count="1"><mergeCell ref="A2:A3"/></mergeCells>'
    parsed = parse(cells(["Port", "Ships"], ["North", 1.0], [None, 2.0]) + merged)
    assert body(parsed) == "| Port | Ships |\n| North | 1 |\n| North | 2 |"


def test_hidden_sheet_is_read_and_noted() -> None:
    parsed = parsers.parse(xlsx({"A": cells(["x", "y"]), "B": cells(["z", "w"])}, hidden=["B"]), "a.xlsx")
    assert "| z | w |" in parsed.text
    assert parsed.notes == ("hidden sheets: B",)


def test_workbook_without_values_has_no_text() -> None:
    assert parse("<sheetData/>").text == ""


def test_far_cells_and_wild_references_cost_nothing() -> None:
    far = '<sheetData><row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row>'
    wild = '<row r="99999999999"><c r="??"><v>3</v></c><c r="ZZZ9999999" s="77"><v>x</v></c></row></sheetData>'
    merged = '<mergeCells><mergeCell ref="A1:XFD1048576"/><mergeCell ref="A"/></mergeCells>'
    assert body(parse(cells(['<c r="{}"><v>NaN</v></c>', '<c r="{}"><v>inf</v></c>', "a", "b"]))) == "| a | b |"
    assert {"1", "2", "3", "x"} <= set(body(parse(far + wild + merged)).replace("|", " ").split())


def test_more_cells_than_the_limit_are_left_out_and_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_CELLS", 5)
    parsed = parse(cells(["a", "b"], [1.0, 2.0], [3.0, 4.0]))
    assert body(parsed) == "| a | b |\n| 1 | 2 |"
    assert parsed.notes == ("sheet S: rows from 3 left out, more than 5 cells",)


def test_scattered_cells_do_not_fill_a_square() -> None:
    letters = [a + b for a in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" for b in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"]
    scattered = [
        f'<row r="{n}"><c r="A{n}"><v>{n}</v></c><c r="{c}{n}"><v>1</v></c></row>' for n, c in enumerate(letters, 1)
    ]
    parsed = parse(f"<sheetData>{''.join(scattered)}</sheetData>")
    assert len(parsed.text) < 20 * len(letters)
    assert body(parsed).endswith("676 | 1")
