from __future__ import annotations

from pathlib import Path

from ragcli.store import Store
from tests.test_store import add


def test_what_left_is_listed_by_cache_until_a_record_is_without_it(tmp_path: Path) -> None:
    store = Store.open(tmp_path, write=True)
    with store.transaction():
        store.covered.put_gone("terms", [7, 3])
        store.covered.put_gone("vectors", [5])
    assert (store.covered.gone("terms"), store.covered.gone("vectors")) == ([3, 7], [5])
    store.covered.set_record("terms", "{}")
    assert (store.covered.gone("terms"), store.covered.gone("vectors")) == ([], [5])
    assert (store.covered.record("terms"), store.covered.record("vectors")) == ("{}", None)
    store.covered.forget()
    assert (store.covered.record("terms"), store.covered.gone("vectors")) == (None, [])
    store.close()


def test_rows_come_from_id_to_id_in_order(tmp_path: Path) -> None:
    store = Store.open(tmp_path, write=True)
    windows = [id for uri in ("a.md", "b.md") for _, ids in add(store, uri) for id in ids]
    assert [id for id, _, _ in store.covered.vectors(1)] == windows
    assert [id for id, _, _ in store.covered.vectors(windows[1], windows[2])] == windows[1:3]
    assert store.covered.snippet_count() == 2
    store.connection.execute("insert into terms values (4, 'named', 'lamp lit'), (2, '', 'lamp')")
    assert list(store.covered.terms(1)) == [(2, "", "lamp"), (4, "named", "lamp lit")]
    assert list(store.covered.terms(3, 3)) == []
    store.close()
