"""Files as they should not be: each is read, skipped or refused by name, and the rest is read all the same."""

from __future__ import annotations

import os
import socket
import threading
import time
import unicodedata
from pathlib import Path

import pytest

from ragcli import parsers
from ragcli.embedders.hashing import Hashing
from ragcli.errors import UnreadableFile
from ragcli.plan import IngestOptions, read_file
from ragcli.types import FileOutcome, FileState
from tests.library import PARAGRAPHS, fill, ingested, states

GOOD = "The lamp of the harbour turns."


def outcomes(root: Path) -> dict[str, FileOutcome]:
    return {outcome.uri: outcome for outcome in ingested(root).outcomes}


def test_f1_f2_a_file_without_a_word_of_any_format_has_no_text(tmp_path: Path) -> None:
    for suffix in parsers.suffixes():
        (tmp_path / f"empty{suffix}").write_bytes(b"")
        (tmp_path / f"blank{suffix}").write_bytes(b"\xef\xbb\xbf \n\t\r\n")
    found = states(ingested(tmp_path))
    assert set(found.values()) <= {FileState.NO_TEXT, FileState.FAILED}
    assert {found[f"empty{suffix}"] for suffix in parsers.suffixes()} == {FileState.NO_TEXT}


def test_f5_f6_names_that_differ_by_case_or_normal_form_are_two_documents(tmp_path: Path) -> None:
    for name in ("café.md", unicodedata.normalize("NFD", "café.md"), "Note.md", "note.md"):
        (tmp_path / name).write_text(GOOD, "utf-8")
    on_this_disk = {os.fsdecode(entry.name) for entry in os.scandir(tmp_path)}
    assert set(states(ingested(tmp_path))) == on_this_disk - {".ragcli"}


def test_f8_f9_what_is_no_file_is_skipped_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    os.symlink("/dev/zero", tmp_path / "zero.txt")
    with socket.socket(socket.AF_UNIX) as listening:
        here = os.getcwd()
        os.chdir(tmp_path)  # a socket's path is short
        listening.bind("socket.txt")
        os.chdir(here)
        (tmp_path / "good.md").write_text(GOOD, "utf-8")
        started = time.monotonic()
        found = outcomes(tmp_path)
    assert time.monotonic() - started < 20
    assert found["good.md"].state is FileState.ADDED
    for name in ("pipe.txt", "zero.txt", "socket.txt"):
        assert found[name].state is FileState.SKIPPED, name


def test_f10_f11_f12_no_link_is_followed_and_a_ring_ends(tmp_path: Path) -> None:
    secret = tmp_path / "secret.md"
    secret.write_text("the hidden combination", "utf-8")
    root = tmp_path / "root"
    root.mkdir()
    (root / "good.md").write_text(GOOD, "utf-8")
    for name, target in {
        "out.md": str(secret), "passwd.md": "/etc/passwd", "up": "..", "ring": ".", "dangling.md": "nowhere",
        "inside.md": "good.md", "two.md": "three.md", "three.md": "two.md",
    }.items():  # fmt: skip
        os.symlink(target, root / name)
    found = states(ingested(root))
    assert found.pop("good.md") is FileState.ADDED
    assert set(found.values()) == {FileState.SKIPPED}


def test_f13_f26_one_content_under_many_names_is_embedded_once(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(PARAGRAPHS[0], "utf-8")
    os.link(tmp_path / "a.md", tmp_path / "hard.md")
    for number in range(200):
        (tmp_path / f"copy{number}.md").write_text(PARAGRAPHS[0], "utf-8")
    report = ingested(tmp_path, Hashing(64))
    assert len(states(report)) == 202
    assert report.windows_embedded == 1


def test_f14_a_file_swapped_for_a_link_is_never_read_through_it(tmp_path: Path) -> None:
    secret, target = tmp_path / "secret", tmp_path / "a.md"
    secret.write_text("the hidden combination", "utf-8")
    target.write_text(GOOD, "utf-8")
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            os.symlink(secret, tmp_path / "link")
            os.replace(tmp_path / "link", target)
            (tmp_path / "plain").write_text(GOOD, "utf-8")
            os.replace(tmp_path / "plain", target)

    swapping = threading.Thread(target=swap)
    swapping.start()
    seen: set[bytes] = set()
    try:
        for _ in range(1000):
            try:
                seen.add(read_file(str(target), 1 << 20)[0])
            except (UnreadableFile, OSError):
                seen.add(b"refused")
    finally:
        stop.set()
        swapping.join()
    assert seen <= {GOOD.encode(), b"refused"}


def test_f21_a_file_that_grows_while_it_is_read_is_whole_or_refused(tmp_path: Path) -> None:
    target = tmp_path / "a.md"
    target.write_bytes(b"0" * 1000)
    stop = threading.Event()

    def rewrite() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            target.write_bytes(str(number % 10).encode() * 200_000)

    writing = threading.Thread(target=rewrite)
    writing.start()
    seen: list[set[int]] = []
    try:
        for _ in range(200):
            try:
                seen.append(set(read_file(str(target), 1 << 20)[0]))
            except UnreadableFile:
                seen.append(set())
    finally:
        stop.set()
        writing.join()
    assert max(map(len, seen)) <= 1
    assert read_file(str(target), 1 << 20)[0]


@pytest.mark.parametrize("seconds", [0, 4_300_000_000, -86_400, 9_000_000_000])
def test_f23_any_time_of_change_is_taken(tmp_path: Path, seconds: int) -> None:
    fill(tmp_path, a=PARAGRAPHS[0])
    os.utime(tmp_path / "a.md", (seconds, seconds))
    assert states(ingested(tmp_path)) == {"a.md": FileState.ADDED}
    assert states(ingested(tmp_path)) == {"a.md": FileState.UNCHANGED}


def test_f24_a_sparse_file_of_gigabytes_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with open(tmp_path / "sparse.pdf", "wb") as sparse:
        sparse.truncate(3 << 30)
    (tmp_path / "good.md").write_text(GOOD, "utf-8")
    started = time.process_time()
    found = outcomes(tmp_path)
    assert time.process_time() - started < 5
    assert found["sparse.pdf"].state is FileState.FAILED
    assert found["good.md"].state is FileState.ADDED


def test_f28_a_file_replaced_by_a_folder_leaves_no_hit(tmp_path: Path) -> None:
    fill(tmp_path, a=PARAGRAPHS[0], b=PARAGRAPHS[1], c=PARAGRAPHS[2])
    ingested(tmp_path)
    (tmp_path / "a.md").unlink()
    fill(tmp_path, a__inner=PARAGRAPHS[0])
    (tmp_path / "a").rename(tmp_path / "a.md")
    found = states(ingested(tmp_path))
    assert (found["a.md/inner.md"], "a.md" in found) == (FileState.RENAMED, False)


@pytest.mark.parametrize(
    "encoding", ["utf-8-sig", "utf-16-le", "utf-16-be", "utf-16", "utf-32", "gb18030", "shift-jis", "cp1252", "latin-1"]
)
def test_e1_to_e6_text_of_any_encoding_is_read(encoding: str) -> None:
    text = {
        "gb18030": "南极洲的企鹅在冬天孵蛋，成年企鹅的身高可达一百二十二厘米。" * 8,
        "shift-jis": "皇帝ペンギンはすべてのペンギンの中で最も背が高く、体重も重い。" * 8,
    }.get(encoding, "Der Leuchtturmwärter zündet die Öllampe für die Schiffe an. Größe: 12 m.\n" * 8)
    found = parsers.parse(text.encode(encoding), "a.txt").text
    assert found.strip() == text.strip()


def test_f4_f17_names_that_command_are_data_and_secrets_stay_out(tmp_path: Path) -> None:
    for name in (
        "-rf.md",
        " lead.md",
        "*.md",
        "%s.md",
        "[red]x.md",
        "<co: 0>.md",
        "\u202egnp.md",
        "a\nb.md",
        "x" * 252 + ".md",
    ):
        (tmp_path / name).write_text(GOOD, "utf-8")
    for name in (".env", "id_rsa", "server.pem", ".netrc", "safe.kdbx"):
        (tmp_path / name).write_text("password = hunter2", "utf-8")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "config").write_text("token = hunter2", "utf-8")
    found = states(ingested(tmp_path, options=IngestOptions()))
    added = {uri for uri, state in found.items() if state is FileState.ADDED}
    assert len(added) == 9
    assert not [uri for uri in added if "hunter2" in (tmp_path / uri).read_text("utf-8")]
