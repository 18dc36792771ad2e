from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from ragcli.reports import Counts, Lengths
from ragcli.stats import gather, lengths, tongue
from ragcli.types import File, FileOutcome, FileState, Parsed, Stat
from tests.library import PARAGRAPHS, opened


def test_the_steps_show_how_many_snippets_have_100_to_400_words() -> None:
    assert lengths([]) == ()
    assert lengths([0, 49, 99, 100, 400]) == (
        Lengths(0, 49, 2),
        Lengths(50, 99, 1),
        Lengths(100, 149, 1),
        *(Lengths(least, least + 49, 0) for least in (150, 200, 250, 300)),
        Lengths(350, 400, 1),
    )
    assert lengths([401])[-1] == Lengths(401, 449, 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The keeper winds the clock, and the light is dark for nine nights.", "English"),
        ("Der Wärter zieht die Uhr auf, und das Licht ist neun Nächte nicht an.", "other in Latin script"),
        ("Người canh đèn lên dây đồng hồ mỗi buổi tối trước khi mặt trời lặn.", "Vietnamese"),
        ("Ο φύλακας του φάρου κουρδίζει το ρολόι κάθε βράδυ.", "Greek script"),
        ("Смотритель маяка каждый вечер заводит часы.", "Cyrillic script"),
        ("灯塔看守人每天晚上给时钟上发条。", "Chinese"),
        ("灯台守は毎晩時計のねじを巻く。", "Japanese"),
        ("등대지기는 매일 저녁 시계 태엽을 감는다.", "Korean"),
        ("1 2 3 ...", "no words"),
    ],
)
def test_a_text_is_told_by_its_words_else_by_its_script(text: str, expected: str) -> None:
    assert tongue(text) == expected


def test_an_index_is_counted(tmp_path: Path) -> None:
    texts = {"a.md": PARAGRAPHS[0], "b/c.MD": " ".join(PARAGRAPHS) * 9, "d": "Ο φύλακας"}
    with opened(tmp_path) as index:
        for uri, text in texts.items():
            sha256 = hashlib.sha256(text.encode()).hexdigest()
            index.put(File(uri, Stat(1, 2, 3, 4), sha256), Parsed(text), state=FileState.ADDED)
        index.settle(FileOutcome("e.pdf", FileState.FAILED, "encrypted"), Stat(1, 2, 3, 4))
        index.publish()
        found = gather(index.folder, index.store)
        snippets = index.store.count()[1]
    assert found.counts == Counts(3, snippets, found.counts.windows)
    assert found.words == sum(len(text.split()) for text in texts.values())
    assert found.formats == ((".md", 2), ("none", 1))
    assert found.languages == (("English", 2), ("Greek script", 1))
    assert found.states == (("added", 3), ("failed", 1))
    assert [outcome.reason for outcome in found.failed] == ["encrypted"]
    assert found.largest[0].uri == "b/c.MD"
    assert sum(step.snippets for step in found.lengths) == snippets
    assert {"store.sqlite", "lock"} <= dict(found.disk).keys()
    assert {name.partition(".")[0] for name in dict(found.disk)} >= {"vectors", "terms"}
    assert found.rule == (150, 220)


def test_an_index_without_a_file_has_no_figures(tmp_path: Path) -> None:
    with opened(tmp_path) as index:
        found = gather(index.folder, index.store)
    assert (found.counts, found.words, found.lengths, found.largest) == (Counts(), 0, (), ())
