"""Every kind of damage is found, named and given the command that mends it; and that command mends it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ragcli.audit import Mends, audit
from ragcli.embedders.hashing import Hashing
from ragcli.rebuild import rebuild
from ragcli.reports import Check, Verdict
from ragcli.store import Store
from tests.test_rebuild import fill

SHALLOW = {
    "insert into file values (cast('x.md' as blob), 'added', '', '[]', 1, 1, 1, 1, 1, '')": ("ledger", "rm --yes"),
    "delete from file where uri = cast('a.md' as blob)": ("ledger", "ingest"),
    "update file set snippets = 9 where uri = cast('a.md' as blob)": ("ledger", "ingest"),
    "update file set state = 'lost'": ("ledger", "rm "),
    "delete from window where snippet_id = 1": ("windows", "rebuild --embedder hashing:64"),
    "delete from terms where rowid = 1": ("terms", "ragcli rebuild"),
    "insert into terms(rowid, header, body) values (99, 'a', 'b')": ("terms", "ragcli rebuild"),
    "drop table terms": ("schema", "ragcli rebuild"),
    "create trigger t after delete on file begin delete from document; end": ("schema", "rm "),
    "create view v as select * from document": ("schema", "rm "),
    "update meta set value = '{}' where key = 'pins'": ("pins", "rm "),
    "update meta set value = replace(value, '64,', '\"64\",') where key = 'pins'": ("pins", "rm "),
    "update meta set value = replace(value, '\"analysis\":2', '\"analysis\":9') where key = 'pins'": (
        "pins",
        "rebuild",
    ),
    "update meta set value = replace(value, '\"stride_tokens\":96', '\"stride_tokens\":9') where key = 'pins'": (
        "pins",
        "rebuild --embedder",
    ),
    "delete from meta where key = 'pins'": ("pins", "rm "),
    "update meta set value = 'x' where key = 'generation'": ("pins", "rm "),
    "insert into meta values ('tuning', '{\"dense\":\"1\"}')": ("tuning", "ragcli tune --reset"),
}
DEEP = {
    "update snippet set text = replace(text, 'a', 'o') where id = 1": ("texts", "ragcli rm --yes"),
    "update document set text = ' ' || text where id = 1": ("texts", "ragcli rm --yes"),
    "update document set pages = '[[9999999, \"1\"]]' where id = 1": ("texts", "ragcli rm --yes"),
    "update document set pages = '[[0, 1]]' where id = 1": ("texts", "ragcli rm --yes"),
    "update document set metadata = '{' where id = 1": ("texts", "ragcli rm --yes"),
    "update document set metadata = '[[1, 2]]' where id = 1": ("texts", "ragcli rm --yes"),
    "update snippet set first_line = 7 where id = 1": ("texts", "ragcli rm --yes"),
    "update snippet set ref = '0123456789abcdef' where id = 1": ("texts", "ragcli rm --yes"),
    "update window set vector = zeroblob(256) where id = 1": ("vectors", "--embedder"),
    "update window set vector = x'00' where id = 1": ("vectors", "--embedder"),
    "update window set end = 99999 where id = 1": ("vectors", "--embedder"),
    "update window set digest = x'00' where id = 1": ("vectors", "--embedder"),
    "update terms set body = 'other words' where rowid = 1": ("terms in depth", "ragcli rebuild"),
}


def checks(folder: Path, *, deep: bool) -> list[Check]:
    store = Store.open(folder)
    try:
        return audit(store, Mends(folder, folder.parent, embedder="hashing:64"), deep=deep)
    finally:
        store.close()


def failed(folder: Path, *, deep: bool) -> dict[str, str]:
    return {check.name: check.mend for check in checks(folder, deep=deep) if check.verdict is Verdict.FAILED}


def damage(folder: Path, statement: str) -> None:
    store = Store.open(folder, write=True)
    store.connection.execute(statement)
    store.close()


@pytest.mark.parametrize("deep", [False, True])
def test_a_sound_index_passes_every_check(tmp_path: Path, deep: bool) -> None:
    found = checks(fill(tmp_path), deep=deep)
    assert [check for check in found if check.verdict is not Verdict.OK or check.mend] == []
    assert len(found) == (10 if deep else 7)


@pytest.mark.parametrize("statement", SHALLOW)
def test_parts_that_disagree_are_found_by_counting(tmp_path: Path, statement: str) -> None:
    folder = fill(tmp_path)
    damage(folder, statement)
    name, mend = SHALLOW[statement]
    found = failed(folder, deep=False)
    assert list(found) == [name]
    assert mend in found[name]


@pytest.mark.parametrize("statement", DEEP)
def test_damage_inside_a_row_is_found_in_depth(tmp_path: Path, statement: str) -> None:
    folder = fill(tmp_path)
    damage(folder, statement)
    assert failed(folder, deep=False) == {}
    name, mend = DEEP[statement]
    found = failed(folder, deep=True)
    assert list(found) == [name]
    assert mend in found[name]


@pytest.mark.parametrize("statement", [s for s, (_, mend) in (SHALLOW | DEEP).items() if "rebuild" in mend])
def test_the_rebuild_that_is_named_mends(tmp_path: Path, statement: str) -> None:
    folder = fill(tmp_path)
    damage(folder, statement)
    (mend,) = set(failed(folder, deep=True).values())
    rebuild(folder, Hashing(64) if "--embedder" in mend else None, name="hashing:64")
    assert failed(folder, deep=True) == {}


def test_a_flipped_page_is_no_traceback(tmp_path: Path) -> None:
    folder = fill(tmp_path)
    path = folder / "store.sqlite"
    raw = bytearray(path.read_bytes())
    for at in range(8 * 4096, len(raw), 4096):  # the head of each page after the schema's
        raw[at] ^= 0xFF
    path.write_bytes(raw)
    found = failed(folder, deep=True)
    assert "database" in found
    assert found["database"].startswith("rm ")


def test_many_damaged_documents_are_made_anew_at_once(tmp_path: Path) -> None:
    mends = Mends(tmp_path / "my index", tmp_path, flag=" --index 'my index'")
    assert mends.again(["a.md"]) == (
        f"ragcli rm --index 'my index' --yes {tmp_path}/a.md; ragcli ingest --index 'my index' {tmp_path}/a.md"
    )
    assert mends.again(["a", "b", "c", "d"]) == mends.anew()
    assert mends.anew().startswith(f"rm '{tmp_path}/my index/store.sqlite'*; ragcli ingest")
