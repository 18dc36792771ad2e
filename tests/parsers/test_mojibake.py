from __future__ import annotations

import time

import pytest

from ragcli import parsers
from ragcli.parsers._mojibake import note

TEXTS = {
    "de": "Die Prüfung für Ärzte: «schön» und „größer“ – Maßstäbe für Übermorgen…",
    "fr": "« À côté de l’été », ÇA ALORS ! Où êtes-vous, Noël ? ÂGÉ, naïve — œuvre…",
    "pt": "NÃO! A IRMû disse: “Não” – IRMÃ… AMANHÃ, ÂNGULO, ÇÃ’, pão, avô, ÓRFÃ — fim",
    "vi": "Tiếng Việt: ÂM NHẠC, ÃN, Ấn Độ, ƯỚC MƠ, “SỰ THẬT”, cà phê sữa đá",
    "ru": "Привет, мир! Ёлка.",
    "el": "Ελληνικά: Πρός τον ήλιο",
    "ja": "日本語のテキスト、です。",
    "sv": "Ångström, Æ, Ø, ð, Þ, ÅÄÖ »så«",
}


@pytest.mark.parametrize("language", TEXTS)
def test_sound_text_raises_no_alarm(language: str) -> None:
    assert note(TEXTS[language]) == ""


@pytest.mark.parametrize("language", TEXTS)
@pytest.mark.parametrize("wrong", ["cp1252", "latin-1"])
def test_text_once_decoded_wrongly_is_known(language: str, wrong: str) -> None:
    assert "decoded wrongly once" in note(TEXTS[language].encode().decode(wrong, "replace"))


def test_note_counts_and_shows_places_and_the_text_stays() -> None:
    text = "Das ist fÃ¼r die GrÃ¶ÃŸe, donâ€™t you know."
    parsed = parsers.parse(text.encode(), "a.txt")
    assert parsed.text == text
    assert parsed.notes == ("4 places look as if decoded wrongly once ('Ã¼', 'Ã¶', 'ÃŸ')",)


@pytest.mark.parametrize("unit", ["Ð", "à€™", "Ã", "âââ€", "a"])
def test_it_takes_linear_time(unit: str) -> None:
    began = time.process_time()
    note(unit * 1_000_000)
    assert time.process_time() - began < 2
