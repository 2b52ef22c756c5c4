"""Letters are taken apart, whatever they are."""

import random
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from durable_devhost.mail.letter import MOST_HEADERS, Letter, links_in, read_head, read_letter, split_links

PICTURE = b"\x89PNG\r\n\x1a\n"


def whole() -> EmailMessage:
    """A letter with everything that letters have."""
    message = EmailMessage()
    message["From"] = "Greenlight <greenlight@localhost>"
    message["To"] = "Zoë Müller <zoe@localhost>"
    message["Subject"] = "Brücke: please decide"
    message.set_content("Read it: http://localhost:7071/api/decide?token=a.b-c. Thanks!\n")
    message.add_alternative('<p>Read <a href="http://x/?a=1&amp;b=2">it</a><img src="cid:logo">', subtype="html")
    parts = message.get_payload()
    assert isinstance(parts, list)
    parts[1].add_related(PICTURE, "image", "png", cid="<logo>")  # type: ignore[union-attr]
    message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="Plän.pdf")
    return message


def test_a_letter_has_text_html_files_and_its_own_pictures() -> None:
    """Encoded words, quoted-printable and base64 are decoded."""
    letter = read_letter(whole().as_bytes())
    assert ("Greenlight <greenlight@localhost>", "Zoë Müller <zoe@localhost>", "Brücke: please decide") == (
        letter.sender,
        letter.to,
        letter.subject,
    )
    assert letter.text is not None
    assert letter.text.startswith("Read it: ")
    assert letter.html is not None
    assert letter.html.startswith("<p>Read")
    assert letter.pictures == {"logo": "data:image/png;base64,iVBORw0KGgo="}
    assert [(each.name, each.kind) for each in letter.files] == [
        ("part-3", "image/png"),
        ("Plän.pdf", "application/pdf"),
    ]
    assert letter.files[1].content == b"%PDF"
    assert letter.fault == ""


def test_a_text_that_is_attached_is_a_file() -> None:
    """It is not what the letter says."""
    message = EmailMessage()
    message.add_attachment("a,b", filename="table.csv")
    letter = read_letter(message.as_bytes())
    assert (None, ["table.csv"]) == (letter.text, [each.name for each in letter.files])


def test_links_end_where_a_sentence_does() -> None:
    """Of the text, and of HTML where there is no text."""
    assert links_in(read_letter(whole().as_bytes())) == ["http://localhost:7071/api/decide?token=a.b-c"]
    assert links_in(Letter(html='<a href="http://x/?a=1&amp;b=2">x</a>')) == ["http://x/?a=1&b=2"]
    assert links_in(Letter(text="http://x http://x (HTTPS://y/z), http://")) == ["http://x", "HTTPS://y/z"]


@given(st.text())
def test_cutting_at_links_loses_nothing(text: str) -> None:
    """The pieces make up the text again."""
    assert "".join(piece for piece, _ in split_links(text)) == text


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\0\xff\xfe",
        b"no headers, only a line",
        b"Subject: =?nowhere?B?w7w=?=\r\n\r\nx",
        b"Subject: =?utf-7?Q?+2AA-?=\r\n\r\nx",
        b"Subject: =?utf-8?B?!!!?=\r\nFrom: \xff\xfe\r\nContent-Type: \xff/\xfe\r\n\r\nx",
        b"Content-Type: text/plain; charset=punycode\r\n\r\n" + b"a-" * 100_000,
        b"Content-Type: text/plain; charset=base64\r\n\r\nx",
        b"Content-Type: text/html; charset*=x'y\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\nbegin 666 x\n!!",
        b"Content-Type: multipart/mixed\r\n\r\n--a\r\n",
        b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n\r\nno end",
        b"Content-Disposition: attachment; filename*0*=utf-8''%E0%80; filename*1=x\r\n\r\nx",
        b"Content-Type: message/rfc822\r\n\r\n" * 5000,
        b"Subject: " + b"x" * 1_000_000,
        b"A: b\r\n" * 20_000,
    ],
)  # fmt: skip
def test_malformed_letters_are_shown_as_far_as_they_can_be(raw: bytes) -> None:
    """And everything in them can be put on a page."""
    letter = read_letter(raw)
    for text in (letter.subject, letter.sender, letter.text or "", letter.html or "", *sum(letter.headers, ())):
        text.encode()
    assert len(letter.headers) <= MOST_HEADERS


def test_what_no_charset_can_be_is_replaced() -> None:
    """A subject of unknown charset is read as UTF-8; half a character becomes a question mark."""
    assert read_head(b"Subject: =?nowhere?B?w7w=?=\r\n\r\n").subject == "ü"
    assert read_head(b"Subject: =?utf-7?Q?+2AA-?=\r\n\r\n").subject == "?"


def test_parts_in_parts_are_not_followed_for_ever() -> None:
    """The head is shown, with a sentence that says so."""
    level = b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n'
    letter = read_letter(b"Subject: deep\r\n" + b"".join(level % (each, each) for each in range(2000)))
    assert (letter.subject, letter.text, "more parts" in letter.fault) == ("deep", None, True)


def test_thousands_of_parts_are_not_made() -> None:
    """Each would be an object; a text with as many lines that look like them is read."""
    head = b"Content-Type: multipart/mixed; boundary=b\r\n"
    assert "more parts" in read_letter(head + b"\r\n--b\r\n\r\nx" * 2100).fault
    assert read_letter(b"\r\n--b\r\n" * 2100).fault == ""


@given(st.randoms(use_true_random=False), st.integers(1, 30))
def test_no_damage_keeps_a_letter_from_being_read(dice: random.Random, count: int) -> None:
    """Bytes are changed at random places."""
    raw = bytearray(whole().as_bytes())
    for _ in range(count):
        raw[dice.randrange(len(raw))] = dice.randrange(256)
    letter = read_letter(bytes(raw))
    "".join((letter.subject, letter.text or "", letter.html or "", *(each.name for each in letter.files))).encode()
