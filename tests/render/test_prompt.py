from __future__ import annotations

from ragcli.budget import parts
from ragcli.ground import ground
from ragcli.render.prompt import parts_text, prompt_text, prompt_value
from ragcli.reports import Prompted
from ragcli.types import CitationMode, Snippet


def snippet(number: int, uri: str) -> Snippet:
    text = f"text \x1b[2J {number}"
    return Snippet(number, f"{number:016x}", 1, uri, 0, len(text), text, (("text", text),), (1, 1))


def prompted() -> Prompted:
    prompt = ground("Why?", [snippet(0, "a\x1b.md"), snippet(1, "b\udcff.md")], CitationMode.FAST)
    made = tuple(parts(prompt, lambda text: len(text.split())))
    return Prompted("Why?", prompt, made, "command_r", 8192, 1024, (snippet(2, "c\n.md"),))


def test_a_prompt_does_nothing_to_a_terminal() -> None:
    text = prompt_text(prompted()) + parts_text(prompted())
    assert "\x1b" not in text
    assert "\udcff" not in text
    assert "text: text ␛[2J 0\n" in text


def test_every_part_has_a_line_with_its_file_and_what_found_no_room_is_listed() -> None:
    lines = parts_text(prompted()).splitlines()
    assert [line.split("  ", 1)[1].strip() for line in (line.lstrip() for line in lines)] == [
        *("part", "preamble", "user", "documents", "document 0  a␛.md", "document 1  b\\xff.md", "end of documents"),
        *("instructions", "answer", "in all, and 1,024 for the answer; command_r takes 8,192"),
        "ref 0000000000000002",
    ]
    assert lines[-1].strip() == "no room for c␊.md  ref 0000000000000002"
    counts = [int(line.split()[0]) for line in lines[1:-1]]
    assert counts[-1] == sum(counts[:-1])


def test_the_value_says_which_snippet_is_which_number() -> None:
    value = prompt_value(prompted())
    assert [(each["number"], each["id"]) for each in value["documents"]] == [(0, "0" * 16), (1, f"{1:016x}")]
    assert value["documents"][1]["path"] == {"bytes": "Yv8ubWQ="}
    assert [each["id"] for each in value["dropped"]] == [f"{2:016x}"]
