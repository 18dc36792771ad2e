from __future__ import annotations

import json

from .conftest import SCHEMAS, Run


def test_the_names_are_listed_and_each_is_printed(run: Run) -> None:
    names = run("schema").out.split()
    assert names == sorted(path.stem for path in SCHEMAS.glob("*.json"))
    assert run("schema", "--json").value["schemas"] == names
    for name in names:
        assert json.loads(run("schema", name).out)["$id"] == f"ragcli.{name}/1"
    assert run("schema", "ragcli.answer/1").out == run("schema", "answer").out


def test_an_unknown_name_exits_4_with_the_known_ones(run: Run) -> None:
    done = run("schema", "../types", "--json")
    assert done.code == 4
    assert "answer" in done.value["error"]["hint"]
