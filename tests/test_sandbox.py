from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from ragcli.errors import UnreadableFile
from ragcli.sandbox import Sandbox
from ragcli.types import Parsed, Part
from tests.data.make_samples import pdf


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    monkeypatch.setenv("RAGCLI_TEST", "1")
    with Sandbox(1, cpu_s=0.5) as box:
        yield box


def mock(box: Sandbox, verb: str) -> str:
    box.parse(b"a child that has started has no time added for its start", "a.txt")
    with pytest.raises(UnreadableFile) as caught:
        box.parse(verb.encode(), "a.ragcli-mock")
    return caught.value.message


@pytest.mark.parametrize(
    ("verb", "reason"),
    [
        ("segfault", "parser crashed (signal 11)"),
        ("exit", "parser crashed (exit 0)"),
        ("hang", "limit: more than"),
        ("sleep", "limit: more than"),
        ("allocate", "limit: not enough memory"),
        ("bug", "parser crashed (KeyError"),
        ("refuse", "refused"),
        ("surrogate", "parser crashed (its reply makes no sense)"),
        ("outside", "parser crashed (its reply makes no sense)"),
        ("long", "limit: more than 1000000 characters"),
    ],
)
def test_bad_child_costs_one_file_and_the_next_is_read(sandbox: Sandbox, verb: str, reason: str) -> None:
    assert mock(sandbox, verb).startswith(reason)
    assert sandbox.parse(b"# Good\n\ntext", "a.md").title == "Good"


def test_prints_of_a_parser_do_not_reach_the_pipe(sandbox: Sandbox) -> None:
    assert sandbox.parse(b"flood", "a.ragcli-mock").text.startswith("flood done")


def test_files_are_parsed_in_another_process(sandbox: Sandbox) -> None:
    assert sandbox.parse(b"where", "a.ragcli-mock").text != f"where done by {os.getpid()}"


def test_mock_is_plain_text_without_the_test_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAGCLI_TEST", raising=False)
    with Sandbox(1) as box:
        assert box.parse(b"segfault", "a.ragcli-mock").text == "segfault"


def test_map_keeps_the_order_and_reads_ahead_a_bounded_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAGCLI_TEST", "1")
    taken = 0

    def jobs() -> Iterator[tuple[int, bytes, str]]:
        nonlocal taken
        for number in range(60):
            taken += 1
            yield number, (b"segfault" if number == 7 else b"text %d" % number), f"{number}.ragcli-mock"

    with Sandbox(2) as box:
        results = box.map(jobs())
        assert next(results)[0] == 0
        assert taken <= 16
        rest = list(results)
    assert [key for key, _ in rest] == list(range(1, 60))
    assert [key for key, outcome in rest if not isinstance(outcome, Parsed)] == [7]


def test_consumer_that_stops_early_leaves_no_stale_reply() -> None:
    with Sandbox(2) as box:
        for _, outcome in box.map((n, b"early %d" % n, "a.txt") for n in range(20)):
            assert isinstance(outcome, Parsed)
            break
        assert box.parse(b"late", "b.txt").text == "late"


def test_a_module_in_the_working_folder_is_not_imported(
    tmp_path: os.PathLike[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with open(os.path.join(tmp_path, "markdown_it.py"), "w") as trap:
        trap.write("raise SystemExit(3)")
    monkeypatch.chdir(tmp_path)
    with Sandbox(1) as box:
        assert box.parse(b"# T", "a.md").title == "T"


def test_parts_come_with_their_bytes(sandbox: Sandbox) -> None:
    parsed = sandbox.parse(b"parts a.txt B.txt", "a.ragcli-mock")
    assert parsed.parts == (Part("a.txt", b"a part"), Part("B.txt", b"a part"))
    assert sandbox.parse(b"late", "b.txt").text == "late"


@pytest.mark.parametrize("names", ["../a", "a\u202eb", "a.txt A.TXT"])
def test_a_part_whose_name_is_no_plain_name_costs_its_file(sandbox: Sandbox, names: str) -> None:
    assert mock(sandbox, f"parts {names}") == "parser crashed (its reply makes no sense)"
    assert sandbox.parse(b"late", "b.txt").text == "late"


def test_too_many_parts_or_too_large_ones_are_refused(sandbox: Sandbox) -> None:
    for verb in ("heavy a.txt", "parts " + " ".join(str(number) for number in range(1001))):
        assert mock(sandbox, verb).startswith("limit: it holds more than 1000 files")


def test_a_map_inside_a_map_takes_no_reply_of_the_other() -> None:
    with Sandbox(2) as box:
        seen = []
        for number, outcome in box.map((n, b"outer %d" % n, "a.txt") for n in range(12)):
            for _, inner in box.map((n, b"inner %d" % n, "a.txt") for n in range(5)):
                assert isinstance(inner, Parsed)
                if inner.text == "inner 2":
                    break  # leaves with replies to come
            assert isinstance(outcome, Parsed)
            seen.append((number, outcome.text))
    assert seen == [(number, f"outer {number}") for number in range(12)]


def test_passwords_reach_the_parser() -> None:
    raw = pdf(password="brass lamp")
    with Sandbox(1) as box, pytest.raises(UnreadableFile, match="--password-file"):
        box.parse(raw, "a.pdf")
    with Sandbox(1, passwords=("wrong",)) as box, pytest.raises(UnreadableFile) as caught:
        box.parse(raw, "a.pdf")
    assert "wrong" not in caught.value.message
    with Sandbox(1, passwords=("wrong", "brass lamp")) as box:
        assert "The lamp of the old harbour" in box.parse(raw, "a.pdf").text
