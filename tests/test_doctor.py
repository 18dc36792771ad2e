"""What `doctor` finds around an index: its folder, lock, cache, leftovers, files. tests/test_audit.py has the rest."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import faiss
import pytest

from ragcli import doctor
from ragcli.doctor import examine
from ragcli.index import open_index
from ragcli.reports import Check, Verdict
from ragcli.store import Store
from ragcli.types import File, FileState, Parsed
from ragcli.walk import stat_of
from tests.library import PARAGRAPHS, cache_file, opened
from tests.test_rebuild import run


def made(folder: Path) -> Path:
    """An index of two real files; returns its folder."""
    with opened(folder) as index:
        for name, text in zip(("a.md", "b.md"), PARAGRAPHS, strict=False):
            (folder / name).write_text(text, "utf-8")
            file = File(name, stat_of((folder / name).stat()), name * 32)
            index.put(file, Parsed(text), state=FileState.ADDED)
        index.publish()
    return folder / ".ragcli"


def examined(folder: Path, *, deep: bool = False) -> dict[str, Check]:
    return {check.name: check for check in examine(folder, model="hashing:64", deep=deep)}


def wrong(folder: Path) -> dict[str, Check]:
    return {name: check for name, check in examined(folder).items() if check.verdict is not Verdict.OK}


@pytest.mark.parametrize("deep", [False, True])
def test_a_sound_index_passes_and_nothing_is_written(tmp_path: Path, deep: bool) -> None:
    folder = made(tmp_path)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    found = examined(folder, deep=deep)
    assert {check.verdict for check in found.values()} == {Verdict.OK}, found
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_an_index_in_a_synced_folder_is_warned_about(tmp_path: Path) -> None:
    (tmp_path / "Dropbox").mkdir()
    found = wrong(made(tmp_path / "Dropbox"))
    assert list(found) == ["place"]
    assert "Dropbox syncs" in found["place"].detail


def test_without_an_index_the_rest_is_checked(tmp_path: Path) -> None:
    expected, fresh = (
        examine(tmp_path / ".ragcli", model="hashing:64", flag=" --index X", expected=expected)
        for expected in (True, False)
    )
    assert [check.verdict for check in expected] == [Verdict.OK, Verdict.OK, Verdict.OK, Verdict.FAILED]
    assert expected[-1].mend == "ragcli ingest --index X FOLDER"
    assert fresh[-1].verdict is Verdict.WARNING
    assert not (tmp_path / ".ragcli").exists()


def test_a_file_that_is_no_database_is_named_with_its_mend(tmp_path: Path) -> None:
    folder = made(tmp_path)
    (folder / "store.sqlite").write_bytes(b"nothing" * 1000)
    found = wrong(folder)
    assert list(found) == ["index"]
    assert found["index"].mend.startswith("rm ")


def test_a_schema_that_is_no_text_is_no_traceback(tmp_path: Path) -> None:
    folder = made(tmp_path)
    raw = (folder / "store.sqlite").read_bytes()
    at = raw.index(b"CREATE TABLE meta")  # SQLite's error quotes it, and Python cannot decode that
    (folder / "store.sqlite").write_bytes(raw[:at] + b"\xa7" * 12 + raw[at + 12 :])
    assert wrong(folder)["database"].mend.startswith("rm ")


def test_access_of_others_is_found_and_the_command_ends_it(tmp_path: Path) -> None:
    folder = made(tmp_path)
    (folder / "store.sqlite").chmod(0o644)
    found = wrong(folder)
    assert list(found) == ["permissions"]
    assert os.system(found["permissions"].mend) == 0
    assert wrong(folder) == {}


def test_a_writer_is_named_and_its_work_is_no_damage(tmp_path: Path) -> None:
    folder = made(tmp_path)
    with opened(tmp_path):
        found = wrong(folder)
    assert list(found) == ["lock"]
    assert f"pid {os.getpid()}" in found["lock"].detail
    assert wrong(folder) == {}


def test_a_cache_that_is_not_the_one_written_is_found(tmp_path: Path) -> None:
    folder = made(tmp_path)
    path = cache_file(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert wrong(folder)["cache"].mend == "ragcli rebuild"
    path.unlink()
    assert wrong(folder)["cache"].verdict is Verdict.FAILED
    with opened(tmp_path) as index:
        index.publish()
    assert wrong(folder) == {}


def test_a_part_that_faiss_does_not_open_as_we_do_is_found_in_depth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = made(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(faiss, "deserialize_index", lambda raw: faiss.IndexIDMap2(faiss.IndexFlatIP(64)))
        assert "cache" not in wrong(folder)
        found = examined(folder, deep=True)["cache"]
    assert (found.verdict, found.mend) == (Verdict.FAILED, "ragcli rebuild")
    assert "FAISS finds other ids" in found.detail
    monkeypatch.setitem(sys.modules, "faiss", None)
    found = examined(folder, deep=True)["cache"]
    assert (found.verdict, found.mend) == (Verdict.FAILED, "pip install faiss-cpu")


def test_a_cache_behind_the_store_is_only_noted(tmp_path: Path) -> None:
    folder = made(tmp_path)
    with opened(tmp_path) as index:
        index.drop(["a.md"])
    found = wrong(folder)
    assert list(found) == ["cache"]
    assert found["cache"].verdict is Verdict.WARNING


def test_a_damaged_record_of_the_cache_is_no_traceback(tmp_path: Path) -> None:
    folder = made(tmp_path)
    store = Store.open(folder, write=True)
    store.set_meta("cache:vectors", "{}")
    store.close()
    assert wrong(folder)["cache"].verdict is Verdict.FAILED


def test_files_that_changed_or_vanished_are_counted_by_their_stat(tmp_path: Path) -> None:
    folder = made(tmp_path)
    (tmp_path / "a.md").write_text("Other words.", "utf-8")
    (tmp_path / "b.md").unlink()
    check = wrong(folder)["files"]
    assert check.detail == "since the last ingest 1 changed, 1 vanished: a.md, b.md"
    assert check.mend == f"ragcli ingest {tmp_path}/a.md; ragcli rm --yes {tmp_path}/b.md"
    assert check.verdict is Verdict.WARNING


def test_a_part_of_a_file_is_known_by_that_file(tmp_path: Path) -> None:
    folder = made(tmp_path)
    with opened(tmp_path) as index:
        file = File("a.md/attached.txt", stat_of((tmp_path / "a.md").stat()), "0" * 64)
        index.put(file, Parsed("An attachment."), state=FileState.ADDED)
        index.publish()
    assert wrong(folder) == {}


def test_leftovers_of_killed_commands_are_named(tmp_path: Path) -> None:
    folder = made(tmp_path)
    (folder / "vectors.tmp").touch(mode=0o600)
    found = wrong(folder)["leftovers"]
    assert "vectors.tmp" in found.detail
    assert os.system(found.mend) == 0
    assert wrong(folder) == {}


def test_an_unfinished_rebuild_is_named(tmp_path: Path) -> None:
    folder = made(tmp_path)
    assert run(tmp_path, "rebuild.all_embedded=kill").returncode < 0
    assert "rebuild with another model" in wrong(folder)["leftovers"].detail


def test_a_full_disk_is_foreseen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = made(tmp_path)
    monkeypatch.setattr(doctor, "SPARE", 1 << 60)
    assert "too little" in wrong(folder)["space"].detail


def test_every_command_names_the_index_where_the_user_does(tmp_path: Path) -> None:
    folder = made(tmp_path)
    with open_index(folder, None, write=True) as index, index.store.transaction():
        index.store.connection.execute("delete from terms")
    (tmp_path / "a.md").unlink()
    mends = [check.mend for check in examine(folder, model="hashing:64", flag=" --index X") if check.mend]
    assert len(mends) == 2  # terms, files
    assert all(" --index X" in mend for mend in mends)
