"""A bundle holds the whole index and no surprise; an import changes nothing unless all of it is sound."""

from __future__ import annotations

import hashlib
import io
import json
import os
import sqlite3
import stat
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ragcli import bundle
from ragcli.bundle import export, load
from ragcli.doctor import examine
from ragcli.embedders.hashing import Hashing
from ragcli.errors import Busy, DamagedIndex, MissingError, StorageError, UsageError
from ragcli.failpoints import IMPORT_POINTS
from ragcli.index import open_index
from ragcli.reports import Counts, Verdict
from ragcli.store import Store
from tests.library import cache_file, ingested, opened
from tests.test_rebuild import ROOT, fill, found

SCRIPT = """
import sys
from pathlib import Path
from ragcli.bundle import load
load(Path(sys.argv[1]), Path(sys.argv[2]), replace=True)
"""


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of three documents, made once."""
    folder = tmp_path_factory.mktemp("packed")
    export(fill(folder), folder / "notes.ragcli")
    return folder / "notes.ragcli"


def members(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as archive:
        return {member.name: archive.extractfile(member).read() for member in archive}  # type: ignore[union-attr]


def repacked(path: Path, target: Path, change: Callable[[dict[str, Any], bytes], tuple[dict[str, Any], bytes]]) -> Path:
    """A bundle with another manifest and store, whose checksums are right unless `change` made them wrong."""
    held = members(path)
    manifest, store = json.loads(held[bundle.MANIFEST]), held["store.sqlite"]
    manifest, store = change(manifest, store)
    head = json.dumps(manifest).encode()
    with open(target, "wb") as file:
        for name, content in ((bundle.MANIFEST, head), ("store.sqlite", store)):
            file.write(bundle._header(name, len(content)) + content + bundle._padding(len(content)))
        file.write(bytes(1024))
    return target


def altered(path: Path, target: Path, statement: str) -> Path:
    """A bundle whose store was changed by a stranger who knows how checksums work."""
    held = members(path)
    copy = target.with_suffix(".sqlite")
    copy.write_bytes(held["store.sqlite"])
    connection = sqlite3.connect(copy, isolation_level=None)
    connection.execute("pragma writable_schema = on")
    connection.execute(statement)
    connection.execute("pragma wal_checkpoint(truncate)")
    connection.close()
    raw = copy.read_bytes()

    def change(manifest: dict[str, Any], _: bytes) -> tuple[dict[str, Any], bytes]:
        entry = {"name": "store.sqlite", "bytes": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}
        return {**manifest, "members": [entry]}, raw

    return repacked(path, target, change)


def test_an_index_comes_back_whole(tmp_path: Path, packed: Path) -> None:
    made = load(packed, tmp_path / ".ragcli")
    assert (made.counts, made.embedder) == (Counts(3, 6, 10), "hashing:64")
    assert found(tmp_path / ".ragcli", Hashing(64)) == found(packed.parent / ".ragcli", Hashing(64))
    checks = examine(tmp_path / ".ragcli", model="hashing:64", deep=True)
    assert {check.name for check in checks if check.verdict is not Verdict.OK} == {"files"}  # which were never here
    assert [path.name for path in tmp_path.iterdir()] == [".ragcli"]


def test_a_bundle_is_a_tar_for_its_owner_that_names_what_it_holds(packed: Path) -> None:
    held = members(packed)
    assert list(held) == ["manifest.json", "store.sqlite"]
    manifest = json.loads(held["manifest.json"])
    assert manifest["fingerprint"] == "hashing-64"
    assert manifest["members"][0]["sha256"] == hashlib.sha256(held["store.sqlite"]).hexdigest()
    assert stat.S_IMODE(packed.stat().st_mode) == 0o600
    assert {path.name for path in packed.parent.iterdir()} == {".ragcli", "notes.ragcli"}


def test_the_same_index_gives_the_same_bytes(tmp_path: Path, packed: Path) -> None:
    cache_file(packed.parent).touch()
    export(packed.parent / ".ragcli", tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == packed.read_bytes()


def test_a_bundle_holds_nothing_of_what_a_killed_command_removed(tmp_path: Path) -> None:
    text = "Zanzibarite is a green mineral of the coast."
    (tmp_path / "a.md").write_text(text)
    (tmp_path / "b.md").write_text("Kiwi birds lay very large eggs.")
    ingested(tmp_path)
    with opened(tmp_path) as index:
        index.drop(["a.md"])  # and no `publish`
    export(tmp_path / ".ragcli", tmp_path / "notes.ragcli")
    assert b"zanzibarit" not in (tmp_path / "notes.ragcli").read_bytes().lower()


def test_a_bundle_shows_one_commit_while_others_write(tmp_path: Path) -> None:
    folder = fill(tmp_path)
    with opened(tmp_path) as index, index.store.transaction():
        index.store.set_meta("generation", "41")
        export(folder, tmp_path / "notes.ragcli")
    load(tmp_path / "notes.ragcli", tmp_path / "other")
    with open_index(tmp_path / "other", None) as index:
        assert index.store.generation() < 41


def test_a_file_that_is_there_is_replaced_only_if_asked(tmp_path: Path) -> None:
    folder, target = fill(tmp_path), tmp_path / "notes.ragcli"
    target.write_text("precious")
    with pytest.raises(UsageError, match="there already"):
        export(folder, target)
    assert target.read_text() == "precious"
    export(folder, target, replace=True)
    assert tarfile.is_tarfile(target)
    with pytest.raises(UsageError):
        export(folder, tmp_path, replace=True)
    with pytest.raises(MissingError):
        export(folder, tmp_path / "no" / "such" / "folder")
    with pytest.raises(MissingError):
        export(tmp_path / "no index", tmp_path / "b")


def test_a_damaged_index_is_not_exported(tmp_path: Path) -> None:
    folder = fill(tmp_path)
    store = Store.open(folder, write=True)
    store.connection.execute("update snippet set text = 'forged' where id = 1")
    store.close()
    with pytest.raises(DamagedIndex, match="texts"):
        export(folder, tmp_path / "notes.ragcli")
    assert [path.name for path in tmp_path.iterdir()] == [".ragcli"]


def test_an_index_with_files_is_replaced_only_if_asked(tmp_path: Path, packed: Path) -> None:
    folder = tmp_path / ".ragcli"
    with open_index(folder, None, write=True):
        pass
    load(packed, folder)  # it held nothing
    with pytest.raises(UsageError, match="index with files"):
        load(packed, folder)
    load(packed, folder, replace=True)


def test_a_damaged_index_can_be_restored(tmp_path: Path, packed: Path) -> None:
    folder = fill(tmp_path)
    (folder / "store.sqlite").write_bytes(b"nothing" * 1000)
    with pytest.raises(UsageError):
        load(packed, folder)
    load(packed, folder, replace=True)
    assert found(folder, Hashing(64)) == found(packed.parent / ".ragcli", Hashing(64))


def test_a_reader_keeps_its_answers_while_the_index_is_replaced(tmp_path: Path, packed: Path) -> None:
    folder = tmp_path / ".ragcli"
    with open_index(folder, Hashing(32), name="hashing:32", write=True) as index:
        index.record([], [])
    fill(tmp_path, Hashing(32), "hashing:32")
    with open_index(folder, Hashing(32)) as index:
        before = index.dense("storm", 3), index.lexical("barrel", 3)
        load(packed, folder, replace=True)
        assert (index.dense("storm", 3), index.lexical("barrel", 3)) == before
    assert found(folder, Hashing(64)) == found(packed.parent / ".ragcli", Hashing(64))


def test_a_writer_is_not_disturbed(tmp_path: Path, packed: Path) -> None:
    with opened(tmp_path) as index, pytest.raises(Busy):
        load(packed, index.folder)


def test_no_room_is_said_before_anything_changes(tmp_path: Path, packed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "ROOM", 1 << 50)
    with pytest.raises(StorageError):
        load(packed, tmp_path / ".ragcli")
    assert list(tmp_path.iterdir()) == []


STATEMENTS = {
    "create trigger t after insert on file begin delete from document; end": "declares other things",
    "create view v as select * from document": "declares other things",
    "insert into sqlite_master values ('table', 'x', 'x', 0, 'create virtual table x using fts5(y)')": "store|declares",
    "update sqlite_master set sql = replace(sql, 'strict', '') where name = 'file'": "declares|store",
    "pragma user_version = 9": "no store of ragcli",
    "pragma application_id = 1": "no store of ragcli",
    "update meta set value = replace(value, '64', '65') where key = 'pins'": "vectors",
    "update meta set value = '[]' where key = 'pins'": "pins",
    "update meta set value = replace(value, '64,', '\"64\",') where key = 'pins'": "pins",
    "update document set text = 'forged'": "texts",
    "update window set vector = zeroblob(256)": "vectors",
    "update terms set body = 'forged' where rowid = 1": "terms",
    "delete from file": "ledger",
    "update file set notes = '{'": "ledger",
}


@pytest.mark.parametrize("statement", STATEMENTS)
def test_a_store_with_right_checksums_and_wrong_content_is_refused(
    tmp_path: Path, packed: Path, statement: str
) -> None:
    forged = altered(packed, tmp_path / "forged", statement)
    with pytest.raises(DamagedIndex, match=STATEMENTS[statement]):
        load(forged, tmp_path / ".ragcli")
    assert not (tmp_path / ".ragcli").exists()
    assert not list(tmp_path.glob(".ragcli-*"))


def manifests() -> dict[str, Callable[[dict[str, Any], bytes], tuple[dict[str, Any], bytes]]]:
    def entry(**change: Any) -> Callable[[dict[str, Any], bytes], tuple[dict[str, Any], bytes]]:
        return lambda manifest, store: ({**manifest, "members": [manifest["members"][0] | change]}, store)

    return {
        "sha256": entry(sha256="0" * 64),
        "short": entry(bytes=4096),
        "long": entry(bytes=1 << 60),
        "negative": entry(bytes=-1),
        "text": entry(bytes="12"),
        "name": entry(name="../../etc/passwd"),
        "no members": lambda manifest, store: ({**manifest, "members": []}, store),
        "two members": lambda manifest, store: ({**manifest, "members": manifest["members"] * 2}, store),
        "a list": lambda manifest, store: ({"members": 3}, store),
        "format": lambda manifest, store: ({**manifest, "format": "ragcli-bundle/9"}, store),
        "schema": lambda manifest, store: ({**manifest, "schema": 99}, store),
        "a long one": lambda manifest, store: ({**manifest, "x": "x" * (1 << 17)}, store),
        "truncated store": lambda manifest, store: (manifest, store[:-4096]),
        "no database": lambda manifest, store: (
            {
                **manifest,
                "members": [{"name": "store.sqlite", "bytes": 9, "sha256": hashlib.sha256(b"no sqlite").hexdigest()}],
            },
            b"no sqlite",
        ),
    }


@pytest.mark.parametrize("kind", manifests())
def test_a_manifest_that_does_not_hold_is_refused(tmp_path: Path, packed: Path, kind: str) -> None:
    forged = repacked(packed, tmp_path / "forged", manifests()[kind])
    with pytest.raises(DamagedIndex) as raised:
        load(forged, tmp_path / ".ragcli")
    assert "\n" not in raised.value.message
    assert {path.name for path in tmp_path.iterdir()} == {"forged"}


def archive(*names: tuple[str, bytes, bytes]) -> bytes:
    """A tar of (name, type, content)."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as made:
        for name, kind, content in names:
            member = tarfile.TarInfo(name)
            member.type, member.size, member.linkname = kind, len(content), "/etc/passwd"
            made.addfile(member, io.BytesIO(content))
    return out.getvalue()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"PK\x03\x04 a zip",
        bytes(10240),
        archive(("../evil", tarfile.REGTYPE, b"x")),
        archive(("manifest.json", tarfile.SYMTYPE, b"")),
        archive(("manifest.json", tarfile.LNKTYPE, b"")),
        archive(("manifest.json", tarfile.REGTYPE, b"{}"), ("store.sqlite", tarfile.REGTYPE, b"x")),
        archive(("manifest.json", tarfile.REGTYPE, b"[" * 60_000), ("store.sqlite", tarfile.REGTYPE, b"x")),
        archive(("x" * 200, tarfile.REGTYPE, b"x")),
        archive(("store.sqlite", tarfile.REGTYPE, b"x"), ("manifest.json", tarfile.REGTYPE, b"{}")),
    ],
)
def test_a_file_that_is_no_bundle_is_refused(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "file").write_bytes(raw)
    with pytest.raises(DamagedIndex):
        load(tmp_path / "file", tmp_path / ".ragcli")
    assert {path.name for path in tmp_path.iterdir()} == {"file"}


def test_a_truncated_or_extended_bundle_is_refused(tmp_path: Path, packed: Path) -> None:
    raw = packed.read_bytes()
    for cut in (100, 512, 700, 1024, 1536, 5000, len(raw) // 2, len(raw) - 1500):
        (tmp_path / "cut").write_bytes(raw[:cut])
        with pytest.raises(DamagedIndex):
            load(tmp_path / "cut", tmp_path / ".ragcli")
    for more in (b"x", bytes(100_000), archive(("../evil", tarfile.REGTYPE, b"x"))):
        (tmp_path / "cut").write_bytes(raw + more)
        with pytest.raises(DamagedIndex, match="more in it"):
            load(tmp_path / "cut", tmp_path / ".ragcli")


def test_what_is_no_regular_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, tmp_path / "nothing"):
        with pytest.raises(MissingError):
            load(path, tmp_path / ".ragcli")


@pytest.mark.parametrize("point", IMPORT_POINTS)
def test_a_kill_leaves_the_old_index_or_the_new_one(tmp_path: Path, packed: Path, point: str) -> None:
    folder = tmp_path / ".ragcli"
    with open_index(folder, Hashing(64), name="hashing:64", write=True) as index:
        index.publish()
    fill(tmp_path)
    with opened(tmp_path) as index:
        index.drop(["c.txt"])
        index.publish()
    old, new = found(folder, Hashing(64)), found(packed.parent / ".ragcli", Hashing(64))
    environment = {**os.environ, "RAGCLI_FAILPOINT": f"{point}=kill"}
    arguments = [sys.executable, "-c", SCRIPT, str(packed), str(folder)]
    killed = subprocess.run(arguments, capture_output=True, check=False, cwd=ROOT, env=environment)
    assert killed.returncode == -9, f"{point} was never passed"
    assert found(folder, Hashing(64)) == (old if point in IMPORT_POINTS[:2] else new)
    failed = [c for c in examine(folder, model="hashing:64", deep=True) if c.verdict is Verdict.FAILED]
    assert failed == []  # a cache that is not there yet is made anew, and only noted
    assert list(folder.glob(".ragcli-import-*"))
    load(packed, folder, replace=True)
    assert not list(folder.glob(".ragcli-import-*"))
    assert found(folder, Hashing(64)) == new


def test_the_staging_of_a_living_import_is_left_alone(tmp_path: Path, packed: Path) -> None:
    folder = tmp_path / ".ragcli"
    with bundle._staging(tmp_path, "import") as living:
        load(packed, folder)
        assert list(tmp_path.glob(".ragcli-import-*")) == [living]
    assert [path.name for path in tmp_path.iterdir()] == [".ragcli"]
