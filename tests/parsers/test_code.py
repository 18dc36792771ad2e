from __future__ import annotations

import warnings

import pytest

from ragcli import chunk, parsers
from ragcli.types import BlockKind, Parsed
from tests.parsers.shown import cpu_s, headings, sample, texts


def parse(text: str, name: str) -> Parsed:
    return parsers.parse(text.encode(), name)


def names(text: str, name: str) -> list[tuple[int, str]]:
    return headings(parse(text, name))


def test_python_sections_begin_at_the_comment_and_decorator_above() -> None:
    parsed = sample(".py")
    assert headings(parsed) == [(2, "Lamp"), (3, "light"), (3, "is_empty"), (2, "walk")]
    assert texts(parsed, BlockKind.HEADING) == [
        "# Kept by one man.\n@dataclass(frozen=True)\nclass Lamp:",
        "    def light(self) -> float:",
        "    @property\n    def is_empty(self) -> bool:",
        "def walk(\n    metres: int = 200,\n) -> int:",
    ]
    assert texts(parsed, BlockKind.CODE)[2].startswith('        """The oil that is left')
    assert parsed.metadata == (("language", "python"),)


def test_section_of_a_method_is_under_its_class() -> None:
    body = "\n".join(f"        total{n} = {n} * self.litres + self.count" for n in range(50))
    parsed = parse(f"class Lamp:\n    def light(self):\n{body}\n\n    def fill(self):\n{body}\n", "a.py")
    assert {cut.section for cut in chunk.cut(parsed)} == {"Lamp > light", "Lamp > fill"}


def test_functions_in_branches_are_sections_and_those_in_functions_are_not() -> None:
    text = "if a:\n    def f(): pass\nelse:\n    def g():\n        def h(): pass\n"
    text += "try:\n    pass\nfinally:\n    class C: pass\n"
    assert names(text, "a.py") == [(2, "f"), (2, "g"), (2, "C")]


def test_python_of_another_grammar_is_read_by_its_lines() -> None:
    text = "class A:\n    def f(self):\n        print 'class of two'\n\ndef g():\n    exec 'x'\n"
    assert names(text, "a.py") == [(2, "A"), (3, "f"), (2, "g")]


def test_invalid_escapes_of_a_file_warn_nobody() -> None:
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        assert names("def f():\n    return '\\d'\n", "a.py") == [(2, "f")]
    assert said == []


def test_typescript_has_classes_methods_and_arrow_functions() -> None:
    parsed = sample(".ts")
    assert headings(parsed) == [(2, "Lamp"), (3, "light"), (2, "walk")]
    assert texts(parsed, BlockKind.HEADING)[0].startswith("/**\n * The lamp of the old harbour; a class of its own.")


CASES = {
    "a.java": (
        "public class Lamp extends Light {\n  @Override\n  public List<String> names(int a,\n      int b) throws X {\n"
        "    for (int i = 0; i < 3; i++) {\n    }\n    new Thread(new Job() {\n      public void run() {\n      }\n"
        "    });\n  }\n  Lamp() { }\n}\n",
        [(2, "Lamp"), (3, "names"), (3, "Lamp")],
    ),
    "a.go": (
        "type Lamp struct {\n\tlit bool\n}\n// Run runs.\nfunc (l *Lamp) Run(c int) error {\n\tgo func() {\n\t}()\n}\n",
        [(2, "Lamp"), (2, "Lamp.Run")],
    ),
    "a.rs": (
        "#[derive(Debug)]\npub struct Lamp { lit: bool }\nimpl fmt::Display for Lamp {\n    fn fmt(&self) -> R {\n"
        "    }\n}\npub(crate) async fn run<T>(a: T) -> T {\n}\n",
        [(2, "Lamp"), (2, "Lamp"), (3, "fmt"), (2, "run")],
    ),
    "a.c": (
        "struct lamp;\nstatic int lit(int a);\n/* The main\n   class of things\n */\nint main(int argc,\n"
        "         char **argv)\n{\n  if (a) {\n  } else if (b) {\n  }\n  return lit(a);\n}\nvoid *fill(int n) {\n}\n",
        [(2, "main"), (2, "fill")],
    ),
    "a.cpp": ("std::string Lamp::name() const {\n}\nnamespace a::b {\n}\n", [(2, "Lamp::name"), (2, "a::b")]),
    "a.cs": (
        "namespace A.B\n{\n    public sealed class Lamp : Light\n    {\n        public async Task<int> Run(string a)\n"
        "        {\n            using (var x = y)\n            {\n            }\n        }\n    }\n}\n",
        [(2, "A.B"), (3, "Lamp"), (4, "Run")],
    ),
    "a.rb": ("module A\n  class B < C\n    def lit?(x)\n    end\n  end\nend\n", [(2, "A"), (3, "B"), (4, "lit?")]),
    "a.sh": ("#!/bin/sh\nbuild() {\n}\nfunction test_all {\n}\n", [(2, "build"), (2, "test_all")]),
    "a.sql": ("-- who\nCREATE TABLE IF NOT EXISTS keepers (\n  id int\n);\nselect 1;\n", [(2, "keepers")]),
    "a.php": ("<?php\nclass A {\n  public function f($a) {\n    if ($a) {\n    }\n  }\n}\n", [(2, "A"), (3, "f")]),
    "a.kt": ("data class P(val a: Int)\nobject O {\n    override suspend fun go(x: Int) {\n    }\n}\n",
             [(2, "P"), (2, "O"), (3, "go")]),
    "a.js": ("module.exports = 1\nconst f = async (x) => {\n  g(x, {\n    a: 1,\n  })\n}\nfunction* h() {\n}\n",
             [(2, "f"), (2, "h")]),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_declarations_are_known_by_the_look_of_their_lines(name: str) -> None:
    text, expected = CASES[name]
    assert names(text, name) == expected


def test_no_text_is_lost_between_sections() -> None:
    parsed = sample(".ts")
    held = "\n".join(parsed.text[block.start : block.end] for block in parsed.blocks)
    assert held.split() == parsed.text.split()


@pytest.mark.parametrize("name", ["a.py", "a.js", "a.java", "a.c"])
@pytest.mark.parametrize(
    "unit",
    ["def f(\n", "a b ", "int f(\n", "// x\n", "function f(", "class A\n", "(", "pub ", "@a\n", "const x = (a,\n"],
)
def test_hostile_source_takes_linear_time(unit: str, name: str) -> None:
    assert cpu_s(unit.encode() * 4_000, name) < 1
