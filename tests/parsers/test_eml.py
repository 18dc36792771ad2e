from __future__ import annotations

import base64
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragcli import parsers
from ragcli.errors import UnreadableFile
from ragcli.parsers import eml
from ragcli.parsers._mail import unflowed
from ragcli.parsers._wire import MAX_PARTS, is_part_name, part_name
from ragcli.types import BlockKind, Parsed
from tests.contracts.test_parsers import check


def mail(body: str, *headers: str) -> Parsed:
    return parsers.parse("\n".join((*headers, "MIME-Version: 1.0", "", body)).encode(), "a.eml")


def multipart(kind: str, *parts: str, head: str = "Subject: S\n") -> Parsed:
    body = "".join(f"--b\n{part}\n" for part in parts) + "--b--\n"
    return parsers.parse(f"{head}Content-Type: multipart/{kind}; boundary=b\n\n{body}".encode(), "a.eml")


def test_the_head_is_heading_text_and_metadata() -> None:
    parsed = mail(
        "Hello.", "From: Anna <a@b.c>", "Subject: =?iso-8859-1?q?Caf=E9_?=\n =?utf-8?b?w7xiZXI=?=", "Date: junk"
    )
    assert parsed.text == "Café über\n\nFrom: Anna <a@b.c>\nDate: junk\n\nHello."
    assert parsed.title == "Café über"
    assert parsed.metadata == (("from", "Anna <a@b.c>"), ("subject", "Café über"))
    assert [block.kind for block in parsed.blocks] == [BlockKind.HEADING, BlockKind.LIST, BlockKind.PARAGRAPH]


@pytest.mark.parametrize(
    ("raw", "shown"),
    [("Renée".encode(), "Renée"), ("Renée Lefèvre".encode("latin-1"), "Renée Lefèvre"), (b"=?x?q?R=E9?=", "Ré")],
)
def test_a_header_that_names_no_charset_is_read_all_the_same(raw: bytes, shown: str) -> None:
    assert parsers.parse(b"Subject: " + raw + b"\n\nx", "a.eml").title == shown


def test_the_date_is_a_day() -> None:
    assert ("date", "2024-05-31") in mail("x", "Date: Fri, 31 May 2024 18:05:00 +0200").metadata


def test_a_text_without_any_header_is_read_as_it_is() -> None:
    assert parsers.parse(b"nothing but words", "a.eml").text == "nothing but words"


PLAIN = "Content-Type: text/plain\n\nplain words"
HTML = "Content-Type: text/html\n\n<p>rich <b>words</b>"


def test_plain_text_is_preferred_to_html() -> None:
    assert multipart("alternative", PLAIN, HTML).text == "S\n\nplain words"
    assert multipart("alternative", "Content-Type: text/plain\n\n  \n", HTML).text == "S\n\nrich words"
    assert multipart("alternative", HTML).text == "S\n\nrich words"


def test_a_file_beside_the_form_that_is_not_shown_is_kept() -> None:
    inner = f"Content-Type: multipart/mixed; boundary=c\n\n--c\n{HTML}\n--c\nContent-Type: application/pdf; name=a.pdf"
    parsed = multipart("alternative", PLAIN, f"{inner}\n\n%PDF-\n--c--")
    assert parsed.text == "S\n\nplain words"
    assert [part.name for part in parsed.parts] == ["a.pdf"]


def test_what_a_page_shows_is_no_attachment() -> None:
    picture = "Content-Type: image/png; name=logo.png\nContent-ID: <1>\n\nPNG"
    attached = "Content-Type: image/png\nContent-Disposition: attachment; filename=photo.png\n\nPNG"
    parsed = multipart("related", HTML, picture, "Content-Type: text/css\n\np {}", attached)
    assert parsed.text == "S\n\nrich words"
    assert [part.name for part in parsed.parts] == ["photo.png"]


def test_a_web_archive_is_read_as_its_page() -> None:
    head = b"Subject: Page\nContent-Type: multipart/related; boundary=b\n\n"
    raw = head + b"--b\nContent-Type: text/html\n\n<h1>H</h1>t\n--b--"
    assert parsers.parse(raw, "a.mhtml").text == "Page\n\nH\n\nt"


@pytest.mark.parametrize(
    ("head", "body", "text", "note"),
    [
        ("charset=koi8-r", "Маяк".encode("koi8-r"), "Маяк", ""),
        ("charset=iso-8859-1", b"\x93quoted\x94", "“quoted”", ""),
        ("charset=utf-8", "Straße und Küste, Möwen über dem Hafen".encode("cp1252"), "Straße und Küste", "decoded as"),
        ("charset=shift_jis", "Grüße".encode(), "Grüße", "not in the charset it names"),
        ("charset=nonsense", "Grüße".encode(), "Grüße", ""),
        ("", "Grüße".encode(), "Grüße", ""),
        ("charset=base64", b"plain", "plain", ""),
    ],
)
def test_charsets_wrong_or_missing(head: str, body: bytes, text: str, note: str) -> None:
    parsed = parsers.parse(f"Content-Type: text/plain; {head}\n\n".encode() + body, "a.eml")
    assert parsed.text.startswith(text)
    assert note in "".join(parsed.notes)


def test_flowed_lines_go_on_and_quotations_keep_their_marks() -> None:
    text = "one \ntwo\n> a \n> b\n>> c \n> d\n stuffed\n-- \nname "
    assert unflowed(text, joined=False) == "one two\n> a b\n>> c\n> d\nstuffed\n--\nname"
    assert unflowed("to \ngether", joined=True) == "together"


@pytest.mark.parametrize(
    ("parsed", "note"),
    [
        (multipart("signed", PLAIN, "Content-Type: application/pgp-signature\n\nabc"), "the signature was not checked"),
        (multipart("encrypted", "Content-Type: application/pgp-encrypted\n\nVersion: 1"), "encrypted (PGP)"),
        (mail("-----BEGIN PGP MESSAGE-----\nabc", "Subject: S"), "encrypted (PGP)"),
        (mail("MIIB", "Subject: S", "Content-Type: application/pkcs7-mime; smime-type=enveloped-data"), "S/MIME"),
    ],
)
def test_signed_and_encrypted_are_noted(parsed: Parsed, note: str) -> None:
    assert note in "".join(parsed.notes)
    assert parsed.text in ("S", "S\n\nplain words")
    assert parsed.parts == ()


def test_a_message_in_a_message_is_a_part() -> None:
    inner = (
        "Content-Type: message/rfc822\n\nSubject: Re: a/b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n" + PLAIN
    )
    parsed = multipart("mixed", PLAIN, f"{inner}\n--c\nContent-Type: text/x-log; name=x.log\n\nlog\n--c--")
    ((name, raw),) = [(part.name, part.raw) for part in parsed.parts]
    assert name == "Re: a-b.eml"
    within = parsers.parse(raw, name)
    assert within.text == "Re: a/b\n\nplain words"
    assert [(part.name, part.raw) for part in within.parts] == [("x.log", b"log")]


def test_a_message_that_was_encoded_is_decoded() -> None:
    encoded = base64.encodebytes(b"Subject: In\n\nwords").decode()
    part = f"Content-Type: message/rfc822; name=in.eml\nContent-Transfer-Encoding: base64\n\n{encoded}"
    assert [(each.name, each.raw) for each in multipart("mixed", part).parts] == [("in.eml", b"Subject: In\n\nwords")]


def test_a_bounce_says_why() -> None:
    status = "Content-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\nStatus: 5.1.1\n"
    assert "Status: 5.1.1" in multipart("report", PLAIN, status).text


@pytest.mark.parametrize(
    ("stated", "name"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\a\\b.txt", "b.txt"),
        ("a\u202egpj.exe\x1b[2J", "a gpj.exe [2J"),
        ("..", "part 1"),
        ("", "part 1"),
        (".env", ".env"),
        ("x" * 300 + ".pdf", "x" * 76 + ".pdf"),
        ("a.txt. . ", "a.txt"),
    ],
)
def test_a_part_has_a_plain_name_whatever_is_stated(stated: str, name: str) -> None:
    assert part_name(stated, "part 1") == name
    assert is_part_name(name)


def test_two_parts_of_one_name_get_two() -> None:
    part = "Content-Type: text/plain; name={}\n\nx"
    parsed = multipart("mixed", part.format("a.txt"), part.format("A.TXT"), part.format("a.txt"))
    assert [each.name for each in parsed.parts] == ["a.txt", "A (2).TXT", "a (3).txt"]


def test_encoded_and_split_names_are_read() -> None:
    encoded = 'Content-Type: text/plain; name="=?utf-8?q?=C3=BC.txt?="\n\nx'
    split = (
        "Content-Type: text/plain\nContent-Disposition: attachment; filename*0*=utf-8''%C3%BC; filename*1*=ber.txt\n\nx"
    )
    assert [each.name for each in multipart("mixed", encoded, split).parts] == ["ü.txt", "über.txt"]


def test_attachments_are_bounded_and_the_rest_is_noted() -> None:
    parsed = multipart("mixed", *["Content-Type: text/plain; name=a.txt\n\nx"] * (MAX_PARTS + 2))
    assert len(parsed.parts) == MAX_PARTS
    assert "left out" in parsed.notes[0]


def nested(depth: int, kind: str) -> bytes:
    if kind == "message":
        return b"Content-Type: message/rfc822\n\n" * depth + b"Subject: x\n\ny"
    heads = "".join(f"--{n - 1}\nContent-Type: multipart/mixed; boundary={n}\n\n" for n in range(1, depth))
    return f"Content-Type: multipart/mixed; boundary=0\n\n{heads}--{depth - 1}\n\nx".encode()


@pytest.mark.parametrize(
    "raw",
    [
        nested(2000, "multipart"),
        nested(2000, "message"),
        b"Subject: " + b"=?utf-8?q?a?= " * 100_000,
        b"Content-Type: text/plain; " + b'a="' * 200_000 + b"\n\nx",
        b"Content-Type: text/plain; name*" + b"9" * 5000 + b"*=x\n\nx",
        b"To: " + b"(" * 500_000 + b"\n\nx",
        b"X: y\n" * 200_000,
        b"Content-Type: text/plain; format=flowed\n\n" + b"> a \n" * 100_000,
        b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\n" * 20_000,
    ],
)
def test_a_hostile_mail_is_read_or_refused_in_linear_time(raw: bytes) -> None:
    start = time.process_time()
    try:
        check(parsers.parse(raw, "a.eml"))
    except UnreadableFile as error:
        assert error.message.startswith("limit: ")  # noqa: PT017 - either way out is right
    assert time.process_time() - start < 5


def test_multiparts_in_multiparts_are_read_to_a_depth() -> None:
    assert parsers.parse(nested(15, "multipart"), "a.eml").text == "x"
    assert "nested deeper" in parsers.parse(nested(60, "multipart"), "a.eml").notes[0]


TOKENS = [
    *("Content-Type: ", "multipart/mixed", "multipart/alternative", "message/rfc822", "text/plain", "text/html"),
    *("; boundary=b", '; boundary=""', "\n", "\n\n", "--b\n", "--b--\n", "Content-Transfer-Encoding: ", "base64"),
    *(
        "uuencode",
        "quoted-printable",
        "=?utf-8?b?!!?=",
        "=?x?q?=ff?=",
        "; name*0*=",
        "; charset*=x''%ff",
        "begin 644 a\n",
    ),
    *(
        "Content-Disposition: attachment",
        "; filename=",
        '"',
        "\xe9",
        "From: ",
        "Date: ",
        "1 Jan 99999",
        "==",
        "\x00",
        "begin 644 a\n",
    ),
]


@settings(max_examples=150, deadline=None)
@given(tokens=st.lists(st.sampled_from(TOKENS), max_size=40))
def test_any_sequence_of_mime_is_read_soundly(tokens: list[str]) -> None:
    parsed = eml.parse("".join(tokens).encode("latin-1"), "a.eml")
    check(parsed)
    names = [part.name for part in parsed.parts]
    assert all(map(is_part_name, names))
    assert len({name.casefold() for name in names}) == len(names)
