from __future__ import annotations

from pathlib import Path

import pytest

from ragcli import config, models
from ragcli.config import (
    KEYS,
    Chosen,
    Color,
    Flags,
    Origin,
    Settings,
    check_owner,
    embedder_name,
    find_index,
    resolve,
    settings,
)
from ragcli.errors import DamagedIndex, UsageError
from ragcli.types import CitationMode


def chosen(origin: Origin, embedder: str = "") -> Settings:
    return Settings(Path("x"), origin, embedder, "extractive", 8, CitationMode.ACCURATE, Color.AUTO)


def test_the_index_is_the_flag_then_the_environment_then_the_nearest_upward(tmp_path: Path) -> None:
    inside = tmp_path / "a" / "b"
    inside.mkdir(parents=True)
    assert find_index(None, {}, inside) == Chosen(inside / ".ragcli", Origin.NEW)
    (tmp_path / ".ragcli").mkdir()
    assert find_index(None, {}, inside) == Chosen(tmp_path / ".ragcli", Origin.FOUND)
    (tmp_path / "a" / ".ragcli").mkdir()
    assert find_index(None, {}, inside) == Chosen(tmp_path / "a" / ".ragcli", Origin.FOUND)
    assert find_index(None, {"RAGCLI_INDEX": "/e"}, inside) == Chosen(Path("/e"), Origin.ENVIRONMENT, "RAGCLI_INDEX")
    assert find_index("/f", {"RAGCLI_INDEX": "/e"}, inside) == Chosen(Path("/f"), Origin.FLAG)


def test_a_file_named_like_the_index_is_passed_by(tmp_path: Path) -> None:
    (tmp_path / ".ragcli").write_text("not a folder")
    assert find_index(None, {}, tmp_path).origin is Origin.NEW


def test_a_found_index_that_is_a_link_is_refused_unless_named(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / ".ragcli").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DamagedIndex, match="link") as raised:
        find_index(None, {}, tmp_path)
    assert "--index" in raised.value.hint
    assert find_index(str(tmp_path / ".ragcli"), {}, tmp_path).origin is Origin.FLAG


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
    [
        ("RAGCLI_LOG", "maybe"),
        ("RAGCLI_K", "0"),
        ("RAGCLI_K", "many"),
        ("RAGCLI_CITATION_MODE", "exact"),
        ("RAGCLI_COLOR", "red"),
    ],
)
def test_a_wrong_environment_value_is_a_usage_error_that_names_it(variable: str, value: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=variable):
        settings(Flags(), {variable: value}, tmp_path)


def test_an_empty_environment_value_is_unset(tmp_path: Path) -> None:
    names = [name for name, _ in config.ENVIRONMENT]
    assert {f"RAGCLI_{key.upper()}" for key in KEYS} < set(names)
    assert settings(Flags(), dict.fromkeys(names, ""), tmp_path) == settings(Flags(), {}, tmp_path)


def placed(tmp_path: Path, *, project: str = "", user: str = "") -> tuple[dict[str, str], Path]:
    """(environment, working folder two below the project's) with a project's and a user's file."""
    cwd = tmp_path / "project" / "a" / "b"
    cwd.mkdir(parents=True)
    (tmp_path / "home" / "ragcli").mkdir(parents=True)
    if project:
        (tmp_path / "project" / "ragcli.toml").write_text(project, "utf-8")
    if user:
        (tmp_path / "home" / "ragcli" / "config.toml").write_text(user, "utf-8")
    return {"XDG_CONFIG_HOME": str(tmp_path / "home")}, cwd


def test_each_layer_wins_over_those_below_it_and_says_where_a_value_is_from(tmp_path: Path) -> None:
    user = 'k = 3\ncolor = "never"\nlog = false\nruntime = "scripted:x"'
    environ, cwd = placed(tmp_path, project='k = 4\ncolor = "always"\nlog = true', user=user)
    found = resolve(Flags(k=6), environ | {"RAGCLI_COLOR": "auto"}, cwd)
    project = str(tmp_path / "project" / "ragcli.toml")
    assert found["k"] == Chosen(6, Origin.FLAG)
    assert found["color"] == Chosen(Color.AUTO, Origin.ENVIRONMENT, "RAGCLI_COLOR")
    assert found["log"] == Chosen(True, Origin.PROJECT, project)
    assert found["runtime"] == Chosen("scripted:x", Origin.USER, str(tmp_path / "home" / "ragcli" / "config.toml"))
    assert found["citation_mode"] == Chosen(CitationMode.ACCURATE, Origin.DEFAULT)
    assert settings(Flags(), environ, cwd).k == 4


def test_the_nearest_project_file_is_the_only_one(tmp_path: Path) -> None:
    environ, cwd = placed(tmp_path, project="k = 4")
    (cwd / "ragcli.toml").write_text("log = false", "utf-8")
    found = settings(Flags(), environ, cwd)
    assert (found.k, found.log) == (None, False)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kk = 3", "unknown key 'kk'"),
        ("[ask]\nk = 3", "unknown key 'ask'"),
        ("k = 0", "'k' is 0: not in 1..1000"),
        ("k = true", "'k' is True"),
        ("k = 1.5", "'k' is 1.5"),
        ("k = [1]", "'k' is"),
        ("color = 3", "'color' is 3: not one of auto, always, never"),
        ("log = [true]", "'log' is [True]: not true or false"),
        ("log = 1", "'log' is 1: not true or false"),
        ('citation_mode = ["fast"]', "'citation_mode' is"),
        ("index = ''", "'index' is '': not a text"),
        ("k = ", "not TOML"),
        ("k = 1\nk = 2", "not TOML"),
        ("\ud800", "not TOML"),
        ("a = " + "[" * 50_000, "not TOML"),
        ("#" * 70_000, "longer than"),
    ],
)
def test_what_a_file_says_wrong_is_a_usage_error_that_names_file_and_key(
    text: str, message: str, tmp_path: Path
) -> None:
    environ, cwd = placed(tmp_path)
    file = tmp_path / "project" / "ragcli.toml"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(UsageError) as raised:
        settings(Flags(), environ, cwd)
    assert raised.value.message.startswith(f"{file}: ")
    assert message in raised.value.message
    assert raised.value.hint


@pytest.mark.parametrize("key", ["embedder", "runtime"])
def test_a_projects_file_chooses_no_weights(key: str, tmp_path: Path) -> None:
    environ, cwd = placed(tmp_path, project=f"{key} = 'x'")
    with pytest.raises(UsageError, match="not for a project's file") as raised:
        settings(Flags(), environ, cwd)
    assert f"--{key}" in raised.value.hint
    (tmp_path / "project" / "ragcli.toml").rename(tmp_path / "home" / "ragcli" / "config.toml")
    assert getattr(settings(Flags(), environ, cwd), key) == "x"


def test_a_projects_index_is_its_own_and_no_more_trusted_than_one_that_was_found(tmp_path: Path) -> None:
    environ, cwd = placed(tmp_path, project="index = 'notes/index'")
    found = settings(Flags(), environ, cwd)
    assert (found.index, found.origin) == (tmp_path / "project" / "notes" / "index", Origin.PROJECT)
    with pytest.raises(DamagedIndex, match="asks for the embedder"):
        embedder_name(found, "someone/else")
    (cwd / ".ragcli").mkdir()
    assert settings(Flags(), environ, cwd).origin is Origin.FOUND


@pytest.mark.parametrize("outside", ["../other", "/tmp", "link/index"])
def test_a_projects_index_lies_inside_the_project(outside: str, tmp_path: Path) -> None:
    environ, cwd = placed(tmp_path, project=f"index = '{outside}'")
    (tmp_path / "project" / "link").symlink_to(tmp_path)
    with pytest.raises(UsageError, match="not inside"):
        settings(Flags(), environ, cwd)


def test_the_users_index_stands_behind_one_that_was_found(tmp_path: Path) -> None:
    environ, cwd = placed(tmp_path, user=f"index = '{tmp_path}/mine'")
    assert settings(Flags(), environ, cwd).origin is Origin.USER
    (tmp_path / "project" / ".ragcli").mkdir()
    assert settings(Flags(), environ, cwd).origin is Origin.FOUND
    (tmp_path / "home" / "ragcli" / "config.toml").write_text("index = 'mine'", "utf-8")
    (tmp_path / "project" / ".ragcli").rmdir()
    with pytest.raises(UsageError, match="absolute"):
        settings(Flags(), environ, cwd)


def test_a_projects_file_that_everyone_may_write_is_refused(tmp_path: Path) -> None:
    environ, cwd = placed(tmp_path, project="k = 4")
    (tmp_path / "project" / "ragcli.toml").chmod(0o666)
    with pytest.raises(UsageError, match="everyone may write"):
        settings(Flags(), environ, cwd)


def test_a_user_without_a_home_has_no_file() -> None:
    assert config.user_file({}) is None
    assert config.user_file({"XDG_CONFIG_HOME": "relative"}) is None
    assert config.user_file({"HOME": "/h"}) == Path("/h/.config/ragcli/config.toml")
