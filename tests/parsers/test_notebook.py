from __future__ import annotations

import json
from typing import Any

import pytest

from ragcli import parsers
from ragcli.types import BlockKind, Parsed
from tests.parsers.shown import cpu_s, headings, sample, texts


def parse(*cells: dict[str, Any], **book: Any) -> Parsed:
    return parsers.parse(json.dumps({"cells": list(cells), **book}).encode(), "a.ipynb")


def code(source: str, *outputs: dict[str, Any]) -> dict[str, Any]:
    return {"cell_type": "code", "source": source, "outputs": list(outputs)}


def test_sample_reads_as_a_person_sees_it() -> None:
    parsed = sample(".ipynb")
    assert (parsed.title, parsed.metadata) == ("Harbour notes", (("language", "python"),))
    assert headings(parsed) == [(1, "Harbour notes"), (2, "Oil")]
    assert texts(parsed, BlockKind.ROW) == ["| Month | Oil |", "| May | 12 l |"]
    assert texts(parsed, BlockKind.CODE) == [
        "count = 21\ncount * 2", "42 lamps",
        "# draw the lamp\ncount / 0", "<Figure of the lamp>", "ZeroDivisionError: division by zero",
    ]  # fmt: skip


def test_pages_are_the_cells_that_have_text_by_their_number() -> None:
    parsed = parse(code(""), code("one"), code("\n"), {"cell_type": "markdown", "source": ["\n", "# two\n"]})
    assert parsed.text == "one\n\n# two"
    assert [(page.label, parsed.text[page.start :][:5]) for page in parsed.pages] == [
        ("cell 2", "one\n\n"),
        ("cell 4", "# two"),
    ]
    assert headings(parsed) == [(1, "two")]


def test_progress_bars_escapes_and_encoded_images_are_not_shown() -> None:
    stream = {"output_type": "stream", "text": "10%\r50%\r100%\r\n\x1b[1mdone\x1b[0m data:image/png;base64," + "A" * 60}
    image = {"output_type": "display_data", "data": {"image/png": "B" * 500}}
    assert texts(parse(code("x", stream, image)), BlockKind.CODE) == ["x", "100%\ndone "]


def test_long_output_is_cut_at_a_line_and_noted() -> None:
    parsed = parse(code("x", {"output_type": "stream", "text": [f"line {n}\n" for n in range(5000)]}))
    output = texts(parsed, BlockKind.CODE)[1]
    assert output.startswith("line 0\n")
    assert 5000 < len(output) <= 6000
    assert output.rpartition("\n")[2].startswith("line ")
    assert parsed.notes == ("1 long outputs cut",)


def test_format_3_has_sheets_inputs_and_heading_cells() -> None:
    cells = [{"cell_type": "heading", "level": 2, "source": "Lamp"}, {"cell_type": "code", "input": ["x = 1"]}]
    parsed = parsers.parse(json.dumps({"worksheets": [{"cells": cells}]}).encode(), "a.ipynb")
    assert headings(parsed) == [(2, "Lamp")]
    assert texts(parsed, BlockKind.CODE) == ["x = 1"]


@pytest.mark.parametrize("raw", ["[]", "{}", '{"cells": 3}', "no json", "[" * 5000, '{"worksheets": [1]}'])
def test_what_is_no_notebook_is_text_with_a_note(raw: str) -> None:
    parsed = parsers.parse(raw.encode(), "a.ipynb")
    assert (parsed.text, parsed.notes) == (raw, ("not a Jupyter notebook, read as text",))


@pytest.mark.parametrize("text", ["\x1b]" * 100_000, "x" * 500_000, "data:" * 100_000, "\r" * 300_000])
def test_hostile_output_takes_linear_time(text: str) -> None:
    raw = json.dumps({"cells": [code("x", {"output_type": "stream", "text": text})]}).encode()
    assert cpu_s(raw, "a.ipynb") < 3
