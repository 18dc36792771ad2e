"""What changed by itself in the store is neither shown nor put into a prompt: exit 6, naming the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from ragcli.store import Store

from .conftest import Run

DAMAGES = {
    "a word of a snippet": "update snippet set text = replace(text, '122', '922')",
    "a title": "update snippet set fields = replace(fields, 'Tall', 'Mall')",
    "a line": "update snippet set first_line = first_line + 8",
    "a ref": "update snippet set ref = replace(ref, substr(ref, 1, 1), 'f') || '0'",
    "a path": "update document set uri = cast('pengu1ns.md' as blob) where uri = cast('penguins.md' as blob)",
}
ASKING = {
    "ask": ("ask", "How tall are emperor penguins?", "--json"),
    "prompt": ("ask", "How tall are emperor penguins?", "--print-prompt"),
    "search": ("search", "tall emperor penguins", "--json"),
}


@pytest.mark.parametrize("verb", ASKING)
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_passage_is_not_used(notes: Path, run: Run, damage: str, verb: str) -> None:
    store = Store.open(notes / ".ragcli", write=True)
    store.connection.execute(DAMAGES[damage])
    store.close()
    done = run(*ASKING[verb])
    assert done.code == 6
    assert "is damaged" in done.err
    assert "ragcli doctor --deep" in done.err
    assert "122 cm" not in done.out
    assert "922 cm" not in done.out


def test_a_damaged_document_is_not_shown(notes: Path, run: Run) -> None:
    store = Store.open(notes / ".ragcli", write=True)
    store.connection.execute("update document set text = replace(text, '122', '922')")
    store.close()
    done = run("show", "penguins.md")
    assert done.code == 6
    assert "922" not in done.out
