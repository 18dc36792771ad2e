from __future__ import annotations

from pathlib import Path

from .conftest import Run


def test_nothing_is_overwritten_unasked(notes: Path, run: Run, tmp_path: Path) -> None:
    file = str(tmp_path / "n.ragcli")
    assert run("export", file).code == 0
    for args in (("export", file), ("import", file)):
        done = run(*args)
        assert done.code == 2
        assert "--force" in done.err
        assert run(*args, "--force").code == 0


def test_without_an_index_there_is_nothing_to_export(folder: Path, run: Run, tmp_path: Path) -> None:
    assert run("export", str(tmp_path / "n.ragcli")).code == 4
    assert not (tmp_path / "n.ragcli").exists()
