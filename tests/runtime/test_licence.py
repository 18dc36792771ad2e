from __future__ import annotations

from pathlib import Path

import pytest

from ragcli.checkpoints import Checkpoint
from ragcli.runtime._licence import place, sentence, tell_once


def model(name: str = "owner/model", licence: str = "cc-by-nc-4.0", revision: str = "a" * 40) -> Checkpoint:
    return Checkpoint(Path(), name, revision, {}, licence)


def test_the_terms_of_the_released_weights_are_told() -> None:
    told = sentence(model())
    assert "non-commercial use only" in told
    assert "owner/model (aaaaaaaaaaaa)" in told


def test_other_terms_are_told_as_the_card_states_them() -> None:
    assert "licence apache-2.0, says its model card" in sentence(model(licence="apache-2.0"))
    assert "state no licence" in sentence(model(licence=""))


def test_it_is_told_once_for_each_model_and_commit(tmp_path: Path) -> None:
    said: list[str] = []
    for each in (model(), model(), model(revision="b" * 40), model("owner/other"), model()):
        tell_once(each, said.append, tmp_path / "deep" / "licences.json")
    assert len(said) == 3


@pytest.mark.parametrize("content", ["", "[1, 2", "[]", '"x"'])
def test_a_damaged_record_tells_it_again_and_is_mended(tmp_path: Path, content: str) -> None:
    path = tmp_path / "licences.json"
    path.write_text(content, "utf-8")
    said: list[str] = []
    tell_once(model(), said.append, path)
    tell_once(model(), said.append, path)
    assert len(said) == 1


def test_a_place_that_cannot_be_written_to_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    said: list[str] = []
    tell_once(model(), said.append, tmp_path / "file" / "licences.json")
    assert said


def test_the_record_lies_with_the_users_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert place().name == "licences.json"
