from __future__ import annotations

from pathlib import Path

import pytest

from ragcli import config, models
from ragcli.config import Color, Flags, Origin, Settings, check_owner, embedder_name, find_index, settings
from ragcli.errors import DamagedIndex, UsageError
from ragcli.types import CitationMode


def chosen(origin: Origin, embedder: str = "") -> Settings:
    return Settings(Path("x"), origin, embedder, "extractive", 8, CitationMode.ACCURATE, Color.AUTO)


def test_the_index_is_the_flag_then_the_environment_then_the_nearest_upward(tmp_path: Path) -> None:
    inside = tmp_path / "a" / "b"
    inside.mkdir(parents=True)
    assert find_index(None, {}, inside) == (inside / ".ragcli", Origin.NEW)
    (tmp_path / ".ragcli").mkdir()
    assert find_index(None, {}, inside) == (tmp_path / ".ragcli", Origin.FOUND)
    (tmp_path / "a" / ".ragcli").mkdir()
    assert find_index(None, {}, inside) == (tmp_path / "a" / ".ragcli", Origin.FOUND)
    assert find_index(None, {"RAGCLI_INDEX": "/e"}, inside) == (Path("/e"), Origin.ENVIRONMENT)
    assert find_index("/f", {"RAGCLI_INDEX": "/e"}, inside) == (Path("/f"), Origin.FLAG)


def test_a_file_named_like_the_index_is_passed_by(tmp_path: Path) -> None:
    (tmp_path / ".ragcli").write_text("not a folder")
    assert find_index(None, {}, tmp_path)[1] is Origin.NEW


def test_a_found_index_that_is_a_link_is_refused_unless_named(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / ".ragcli").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DamagedIndex, match="link") as raised:
        find_index(None, {}, tmp_path)
    assert "--index" in raised.value.hint
    assert find_index(str(tmp_path / ".ragcli"), {}, tmp_path)[1] is Origin.FLAG


def test_a_found_index_of_another_user_is_refused(tmp_path: Path) -> None:
    owner = tmp_path.stat().st_uid
    with pytest.raises(DamagedIndex, match="another user"):
        check_owner(tmp_path, owner + 1)
    check_owner(tmp_path, owner)


@pytest.mark.parametrize("pinned", ["./evil-model", "/tmp/evil", "someone/else", "hashing"])
def test_a_found_index_may_not_choose_its_embedder(pinned: str) -> None:
    with pytest.raises(DamagedIndex, match="asks for the embedder") as raised:
        embedder_name(chosen(Origin.FOUND), pinned)
    assert raised.value.hint.endswith(f"--embedder {pinned}")
    assert embedder_name(chosen(Origin.FOUND, pinned), pinned) == pinned
    assert embedder_name(chosen(Origin.FLAG), pinned) == pinned
    assert embedder_name(chosen(Origin.ENVIRONMENT), pinned) == pinned


def test_the_default_embedder_needs_no_naming() -> None:
    assert embedder_name(chosen(Origin.FOUND), config.DEFAULT_EMBEDDER) == config.DEFAULT_EMBEDDER
    assert embedder_name(chosen(Origin.NEW), None) == config.DEFAULT_EMBEDDER == models.DEFAULT_MODEL


def test_flags_win_over_the_environment_and_that_over_defaults(tmp_path: Path) -> None:
    environ = {
        "RAGCLI_EMBEDDER": "e",
        "RAGCLI_RUNTIME": "scripted:x",
        "RAGCLI_K": "5",
        "RAGCLI_CITATION_MODE": "fast",
        "RAGCLI_COLOR": "never",
    }
    default = settings(Flags(), {}, tmp_path)
    assert (default.runtime, default.k, default.citation_mode) == ("extractive", None, CitationMode.ACCURATE)
    from_environment = settings(Flags(), environ, tmp_path)
    assert (from_environment.embedder, from_environment.k, from_environment.color) == ("e", 5, Color.NEVER)
    flags = Flags("i", "f", "extractive", 3, CitationMode.OFF, Color.ALWAYS)
    from_flags = settings(flags, environ, tmp_path)
    assert (from_flags.embedder, from_flags.k, from_flags.color) == ("f", 3, Color.ALWAYS)


@pytest.mark.parametrize(
    ("variable", "value"),
    [("RAGCLI_K", "0"), ("RAGCLI_K", "many"), ("RAGCLI_CITATION_MODE", "exact"), ("RAGCLI_COLOR", "red")],
)
def test_a_wrong_environment_value_is_a_usage_error_that_names_it(variable: str, value: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=variable):
        settings(Flags(), {variable: value}, tmp_path)


def test_an_empty_environment_value_is_unset(tmp_path: Path) -> None:
    names = [name for name, _ in config.ENVIRONMENT]
    assert settings(Flags(), dict.fromkeys(names, ""), tmp_path) == settings(Flags(), {}, tmp_path)
