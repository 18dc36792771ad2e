from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from .conftest import Run


def test_what_export_writes_import_makes_an_index_of(notes: Path, run: Run, tmp_path: Path) -> None:
    hits = run("search", "penguins", "--json").value["hits"]
    done = run("export", str(tmp_path / "n.ragcli"), "--json")
    assert (done.code, done.value["documents"]) == (0, 2)
    shutil.rmtree(".ragcli")
    assert run("import", str(tmp_path / "n.ragcli"), "--json").value["embedder"] == "hashing:64"
    assert run("search", "penguins", "--json").value["hits"] == hits
    assert "2 unchanged" in run("ingest", ".").out


@pytest.mark.parametrize(("content", "code"), [(None, 4), (b"no bundle", 6)])
def test_a_file_that_is_no_bundle_makes_no_index(folder: Path, run: Run, content: bytes | None, code: int) -> None:
    if content is not None:
        Path("n.ragcli").write_bytes(content)
    done = run("import", "n.ragcli", "--json")
    assert (done.code, done.value["exit_code"]) == (code, code)
    assert not Path(".ragcli").exists()
