"""The HTML page in a real browser: `make browser`. Not in `make test`, which must run on a bare machine; there
`test_page.py` holds the same rules against a selector engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ragcli.render.page import answer_html
from ragcli.render.place import Here
from ragcli.types import Answer, Document

from .chromium import Page, browser
from .records import ANSWER, QUOTE, TEXT, answer, citation, cited, document, snippet
from .test_page import HOSTILE

HERE = Here(Path("/notes"), Path("/notes"))
LIT = "rgb(255, 229, 138)"
SMALLEST = "The little penguin is the smallest."
TALL, LITTLE = "Emperor penguins", "little penguin"
ANSWER_SPANS, PASSAGES = ".cited", ".source q"


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser(tmp_path_factory.mktemp("profile")) as page:
        page.media(prefers_color_scheme="light")
        yield page


def show(tab: Page, folder: Path, of: Document, made: Answer) -> Page:
    file = folder / "answer.html"
    file.write_text(answer_html(made, {of.uri: of}, HERE), "utf-8")
    tab.events.clear()
    tab.leave()
    tab.open(file)
    return tab


@pytest.fixture
def page(tab: Page, tmp_path: Path) -> Page:
    """The answer's first words cite both sources, its last ones the second."""
    of = document("birds/penguins.md", paged=False)
    one, two = cited(snippet(of), QUOTE), cited(snippet(of), SMALLEST)
    citations = (citation(ANSWER, TALL, one, two), citation(ANSWER, LITTLE, two))
    return show(tab, tmp_path, of, answer(of, citations=citations))


def lit(page: Page, among: str) -> list[str]:
    """The texts that stand on the color of highlights."""
    return list(
        page.eval(
            f"[...document.querySelectorAll('{among}')]"
            f".filter(e => getComputedStyle(e).backgroundColor === '{LIT}').map(e => e.textContent)"
        )
    )


def test_nothing_is_lit_at_first_and_the_browser_has_nothing_to_complain_of(page: Page) -> None:
    assert lit(page, "*") == []
    assert page.eval("getComputedStyle(document.querySelector('.cited')).textDecorationStyle") == "dotted"
    assert not [event for event in page.events if event.get("method") in {"Log.entryAdded", "Runtime.exceptionThrown"}]
    requests = [event for event in page.events if event.get("method") == "Network.requestWillBeSent"]
    assert len(requests) == 1


def test_hovering_lights_the_other_side_in_both_directions(page: Page) -> None:
    page.hover(".cited.a1")
    assert (lit(page, ANSWER_SPANS), lit(page, PASSAGES)) == ([TALL], [QUOTE, SMALLEST])
    page.hover(".cited:not(.a1)")
    assert (lit(page, ANSWER_SPANS), lit(page, PASSAGES)) == ([LITTLE], [SMALLEST])
    page.hover("#s1")
    assert (lit(page, ANSWER_SPANS), lit(page, PASSAGES)) == ([TALL], [QUOTE])
    page.hover("#s2")
    assert (lit(page, ANSWER_SPANS), lit(page, PASSAGES)) == ([TALL, LITTLE], [SMALLEST])
    page.leave()
    assert lit(page, "*") == []


def test_the_keyboard_alone_reaches_and_lights_both_sides(page: Page) -> None:
    seen = []
    for _ in range(9):
        page.press("Tab")
        seen.append((lit(page, ANSWER_SPANS), lit(page, PASSAGES)))
    assert seen == [
        ([TALL], [QUOTE, SMALLEST]),
        ([], [QUOTE]),
        ([], [SMALLEST]),
        ([LITTLE], [SMALLEST]),
        ([], [SMALLEST]),
        ([TALL], [QUOTE]),
        ([TALL], [QUOTE]),
        ([TALL, LITTLE], [SMALLEST]),
        ([TALL, LITTLE], [SMALLEST]),
    ]
    page.press("Enter")
    assert page.eval("location.hash") == "#a2"


def test_a_click_keeps_the_other_side_lit_in_both_directions(page: Page) -> None:
    page.click(".cited:not(.a1)")
    assert page.eval("location.hash") == "#s2"
    assert (lit(page, ANSWER_SPANS), lit(page, PASSAGES)) == ([TALL, LITTLE], [SMALLEST])
    page.click("#s1 a")
    assert page.eval("location.hash") == "#a1"
    page.eval("document.activeElement.blur()")
    assert (lit(page, ANSWER_SPANS), lit(page, PASSAGES)) == ([TALL], [QUOTE])
    page.click("#s2 blockquote")
    assert SMALLEST in lit(page, PASSAGES)
    assert lit(page, ANSWER_SPANS) == [TALL, LITTLE]


def test_a_click_brings_a_far_passage_into_view(tab: Page, tmp_path: Path) -> None:
    of = document(text=TEXT + "More lines.\n" * 40)
    quotes = [each for each in TEXT.splitlines() if each]
    words = ANSWER.split()[: len(quotes)]
    pairs = zip(words, quotes, strict=True)
    citations = tuple(citation(ANSWER, word, cited(snippet(of), quote)) for word, quote in pairs)
    page = show(tab, tmp_path, of, answer(of, citations=citations))
    page.resize(400, 500)
    page.click(".mark.a5")
    top = page.eval("document.querySelector('#s5').getBoundingClientRect().top")
    assert 0 <= top < 500


def test_hostile_names_texts_and_questions_run_nothing(tab: Page, tmp_path: Path) -> None:
    words = "\n".join(HOSTILE).encode("utf-8", "replace").decode()
    of = document(words, f"{words} {TEXT}")
    made = answer(
        of, text=words, question=words, citations=(citation(words, words, cited(snippet(of, section=words), words)),)
    )
    page = show(tab, tmp_path, of, made)
    assert not [e for e in page.events if e.get("method") in {"Page.javascriptDialogOpening", "Log.entryAdded"}]
    assert len([e for e in page.events if e.get("method") == "Network.requestWillBeSent"]) == 1
    assert page.eval("document.querySelectorAll('script, img, svg, form').length") == 0


def test_dark_print_and_narrow_screens_have_their_own_looks(page: Page) -> None:
    columns = "getComputedStyle(document.querySelector('main')).display"
    ground = "getComputedStyle(document.body).backgroundColor"
    assert (page.eval(columns), page.eval(ground)) == ("grid", "rgb(255, 255, 255)")
    page.media(prefers_color_scheme="dark")
    assert page.eval(ground) == "rgb(23, 24, 26)"
    page.media("print", prefers_color_scheme="dark")
    assert (page.eval(columns), page.eval(ground)) == ("block", "rgb(255, 255, 255)")
    assert page.eval("getComputedStyle(document.body).color") == "rgb(27, 27, 27)"
    page.media(prefers_color_scheme="light")
    page.resize(400, 700)
    assert page.eval(columns) == "block"
    assert page.eval("document.documentElement.scrollWidth") == 400


def right(page: Page, selector: str) -> float:
    return float(page.eval(f"document.querySelector('{selector}').getBoundingClientRect().right"))


def test_each_line_reads_in_its_own_direction(tab: Page, tmp_path: Path) -> None:
    arabic = "البطريق الإمبراطوري هو أطول طيور البطريق."
    words = f"{QUOTE}\n{arabic}"
    of = document(text=words)
    page = show(
        tab, tmp_path, of, answer(of, text=words, citations=(citation(words, arabic, cited(snippet(of), arabic)),))
    )
    assert right(page, ".cited") == pytest.approx(right(page, ".answer p"), abs=1)
    assert right(page, ".source q") == pytest.approx(right(page, "blockquote"), abs=1)


def test_a_mark_stays_beside_the_last_word(tab: Page, tmp_path: Path) -> None:
    words = "words up to an end."
    of = document(text=words)
    page = show(
        tab, tmp_path, of, answer(of, text=words, citations=(citation(words, "end.", cited(snippet(of), "end.")),))
    )
    for width in range(80, 240, 4):
        page.eval(f"document.querySelector('.answer p').style.width = '{width}px'")
        left = page.eval("document.querySelector('.mark').getBoundingClientRect().left")
        assert left == pytest.approx(right(page, ".cited"), abs=2), width
