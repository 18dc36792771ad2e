import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ragcli.types import FileState
from ragcli.walk import Found, WalkOptions, part_reason, walk


def names(
    root: Path, *, no_ignore: bool = False, hidden: bool = False, include_secrets: bool = False
) -> dict[str, Found]:
    options = WalkOptions(no_ignore, hidden, include_secrets)
    found = walk([str(root)], options, index_folder=str(root / ".ragcli"))
    return {os.path.relpath(one.path, root): one for one in found}


def read(root: Path, **options: bool) -> set[str]:
    return {name for name, found in names(root, **options).items() if found.stat is not None}


def fill(root: Path, *paths: str) -> None:
    for path in paths:
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("x", encoding="utf-8")


def test_regular_files_are_found_in_sorted_order(tmp_path: Path) -> None:
    fill(tmp_path, "b.txt", "a/z.md", "a/b/c.txt", "é.md")
    assert list(names(tmp_path)) == ["b.txt", "é.md", "a/z.md", "a/b/c.txt"]


@pytest.mark.parametrize("name", [".env", "id_rsa", "server.pem", "vault.kdbx", ".netrc", ".aws/credentials"])
def test_secret_files_are_skipped_and_said_so(tmp_path: Path, name: str) -> None:
    fill(tmp_path, name, "notes.txt")
    assert read(tmp_path) == {"notes.txt"}
    skipped = [found for found in names(tmp_path).values() if found.state is FileState.SKIPPED]
    assert "secrets" in skipped[0].reason
    assert name in read(tmp_path, include_secrets=True, hidden=True)


def test_hidden_files_and_folders_are_skipped_unless_asked_for(tmp_path: Path) -> None:
    fill(tmp_path, ".notes.md", ".cache/x.md", "a.md")
    assert read(tmp_path) == {"a.md"}
    assert names(tmp_path)[".cache"].reason.startswith("hidden")
    assert read(tmp_path, hidden=True) == {"a.md", ".notes.md", ".cache/x.md"}


def test_ignore_files_are_honoured_and_a_deeper_one_can_take_back(tmp_path: Path) -> None:
    fill(tmp_path, "a.log", "build/x.md", "keep/b.log", "keep/c.log", "d.md")
    (tmp_path / ".gitignore").write_text("*.log\nbuild/\n", encoding="utf-8")
    (tmp_path / "keep/.ragignore").write_text("!b.log\n", encoding="utf-8")
    assert read(tmp_path) == {"d.md", "keep/b.log"}
    assert "build" in names(tmp_path)
    assert "a.log" in read(tmp_path, no_ignore=True)


def test_a_line_that_is_no_pattern_does_not_switch_the_others_off(tmp_path: Path) -> None:
    fill(tmp_path, "a.log", "b.md")
    (tmp_path / ".gitignore").write_text("!\n/\n*.log\n", encoding="utf-8")
    assert read(tmp_path) == {"b.md"}


def test_gits_rules_above_the_named_folder_count(tmp_path: Path) -> None:
    fill(tmp_path, ".git/HEAD", "docs/a.log", "docs/a.md")
    (tmp_path / ".gitignore").write_text("*.log\n", encoding="utf-8")
    assert read(tmp_path / "docs") == {"a.md"}


def test_the_index_folder_is_left_out_whatever_its_name(tmp_path: Path) -> None:
    fill(tmp_path, "index/store.sqlite", "a.md")
    found = {
        os.path.basename(one.path): one
        for one in walk([str(tmp_path)], WalkOptions(), index_folder=str(tmp_path / "index"))
    }
    assert found["index"].reason == "the index itself"


def test_links_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("secret", encoding="utf-8")
    root = tmp_path / "root"
    fill(root, "a.md")
    (root / "out.txt").symlink_to(outside)
    (root / "loop").symlink_to(root)
    (root / "dangling").symlink_to(root / "nowhere")
    assert read(root) == {"a.md"}
    assert names(root)["dangling"].reason == "a link to nothing"
    assert names(root)["loop"].state is FileState.SKIPPED


def test_a_root_that_is_a_link_is_walked(tmp_path: Path) -> None:
    fill(tmp_path, "real/a.md")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert read(tmp_path / "link") == {"a.md"}


def test_a_fifo_is_skipped_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    assert names(tmp_path)["pipe.txt"].reason == "not a regular file"


@pytest.fixture
def deep(tmp_path: Path) -> Iterator[Path]:
    """A tree of 1500 levels with a file at its end; removed by `rm`, since Python 3.11's rmtree is recursive."""
    folder = os.open(tmp_path, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d", dir_fd=folder)
        deeper = os.open("d", os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = deeper
    os.close(os.open("deep.txt", os.O_CREAT | os.O_WRONLY, dir_fd=folder))
    os.close(folder)
    yield tmp_path
    subprocess.run(["rm", "-rf", str(tmp_path / "d")], check=True)


def test_a_tree_of_1500_levels_is_walked(deep: Path) -> None:
    found = list(walk([str(deep)], WalkOptions(), index_folder=str(deep / ".ragcli")))
    assert [os.path.basename(one.path) for one in found] == ["deep.txt"]


@pytest.mark.parametrize(
    "name", ["new\nline.txt", "\x1b[31mred.txt", "-rf.txt", " lead.txt", "%s.txt", "x" * 240 + ".txt"]
)
def test_odd_names_are_data(tmp_path: Path, name: str) -> None:
    fill(tmp_path, name)
    assert read(tmp_path) == {name}


def test_a_name_that_is_not_utf8_is_found(tmp_path: Path) -> None:
    raw = os.fsencode(tmp_path) + b"/a\xff\xfe.txt"
    with open(raw, "wb") as file:
        file.write(b"x")
    assert [os.fsencode(one.path) for one in names(tmp_path).values()] == [raw]


def test_a_file_over_the_limit_fails_before_it_is_read(tmp_path: Path) -> None:
    with open(tmp_path / "big.txt", "wb") as file:
        file.truncate(3 << 30)  # sparse
    (found,) = walk([str(tmp_path)], WalkOptions(), index_folder="")
    assert found.state is FileState.FAILED
    assert "--max-file-size" in found.reason


def test_a_file_named_twice_is_met_once(tmp_path: Path) -> None:
    fill(tmp_path, "a.md")
    roots = [str(tmp_path), str(tmp_path / "a.md"), str(tmp_path)]
    assert len(list(walk(roots, WalkOptions(), index_folder=""))) == 1


def reasons(root: Path, options: WalkOptions, named: str = "") -> dict[str, str]:
    found = walk([str(root / named)], options, index_folder="")
    return {os.path.relpath(one.path, root): one.reason for one in found}


def test_include_chooses_files_and_exclude_beats_it(tmp_path: Path) -> None:
    fill(tmp_path, "a.md", "b.txt", "drafts/c.md", "deep/drafts/d.md", "deep/e.md")
    found = reasons(tmp_path, WalkOptions(include=("*.md",), exclude=("drafts/", "/a.md")))
    assert found == {
        "a.md": "left out by --exclude",
        "b.txt": "not named by --include",
        "drafts": "left out by --exclude",
        "deep/drafts": "left out by --exclude",
        "deep/e.md": "",
    }
    assert reasons(tmp_path, WalkOptions(include=("deep/",)))["deep/e.md"] == ""
    assert reasons(tmp_path, WalkOptions(exclude=("*.md",)), "a.md") == {"a.md": "left out by --exclude"}


def test_a_private_file_is_never_read(tmp_path: Path) -> None:
    fill(tmp_path, "words.txt", "a.md")
    os.link(tmp_path / "words.txt", tmp_path / "same.txt")
    options = WalkOptions(private=(str(tmp_path / "words.txt"),))
    assert reasons(tmp_path, options) == {"a.md": "", "words.txt": "holds passwords", "same.txt": "holds passwords"}
    assert reasons(tmp_path, options, "words.txt") == {"words.txt": "holds passwords"}


def test_what_lies_inside_a_file_is_left_out_by_name_or_pattern() -> None:
    assert part_reason("a.eml/b.md", WalkOptions(include=("*.eml",))) == ""
    assert part_reason("a.eml/b.eml/key.pem", WalkOptions()).startswith("may hold secrets")
    assert part_reason("a.eml/key.pem", WalkOptions(include_secrets=True)) == ""
    assert part_reason("a.eml/b.pdf", WalkOptions(exclude=("*.pdf",))) == "left out by --exclude"
