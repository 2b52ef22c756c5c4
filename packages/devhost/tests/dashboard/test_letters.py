"""The pages of letters: a list, one letter, its HTML in a frame of its own; nothing in a letter gets out of it."""

import re
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest

from durable_devhost.dashboard.letters import PAGE_SIZE, with_pictures
from durable_devhost.mail.mailbox import Envelope
from packages.devhost.tests.dashboard.sites import Opened, Site

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)


def put(site: Site, raw: bytes, at: datetime = NOON, to: str = "b@localhost") -> int:
    """Put a letter into the mailbox."""
    assert site.mailbox is not None
    return site.mailbox.put(Envelope(at=at, sender="a@localhost", recipients=(to,)), raw)


def written(subject: str = "Decide", text: str = "Hello", html: str = "", file: bytes = b"") -> bytes:
    """A letter."""
    message = EmailMessage()
    message["Subject"], message["To"], message["From"] = subject, "Mara <mara@localhost>", "Greenlight <g@localhost>"
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    if file:
        message.add_attachment(file, maintype="text", subtype="html", filename="é.html")
    return message.as_bytes()


async def test_the_list_has_the_newest_first_and_leads_to_each(opened: Opened) -> None:
    """With from, to, subject and time; without headers those of the envelope."""
    site = await opened()
    put(site, written("<b>One"), NOON)
    put(site, b"\xff\0 no letter at all", NOON + timedelta(hours=1))
    status, text = await site.get("mail")
    assert status == 200
    assert ["2", "1"] == re.findall(r'href="/devhost/letter\?id=(\d+)"', text)
    assert "&lt;b&gt;One" in text
    assert all(
        each in text
        for each in ("Mara &lt;mara@localhost&gt;", "b@localhost", "a@localhost", "13:00:00", "(no subject)")
    )


async def test_the_list_is_searched_and_has_pages(opened: Opened) -> None:
    """Each letter is on one page; the search stays."""
    site = await opened()
    for number in range(PAGE_SIZE + 5):
        put(site, written(f"number {number}"))
        put(site, written("other"))
    seen, path = list[str](), "mail?has=NUMBER"
    while path:
        _, text = await site.get(path)
        seen += re.findall(r">number (\d+)<", text)
        older = re.search(r'href="/devhost/(mail\?[^"]+)">Older', text)
        path = older[1].replace("&amp;", "&") if older else ""
    assert seen == [str(number) for number in reversed(range(PAGE_SIZE + 5))]
    assert "number" not in (await site.get("mail?has=nobody@"))[1].replace("number 1", "")


async def test_one_letter_is_shown_as_text_with_links(opened: Opened) -> None:
    """What was written stays text."""
    site = await opened()
    put(site, written(text='<script>alert(1)</script> http://localhost:7071/api/decide?a=1&b="x"'))
    _, text = await site.get("letter?id=1")
    assert "&lt;script&gt;" in text
    assert "<script>" not in text
    assert 'href="http://localhost:7071/api/decide?a=1&amp;b="' in text
    assert 'rel="noopener noreferrer"' in text
    assert "<iframe" not in text
    assert "Headers (6)" in text


async def test_html_is_in_a_sandbox_with_a_policy_of_its_own(opened: Opened) -> None:
    """No script, no form, nothing from elsewhere: for the frame, and for who opens its address."""
    site = await opened()
    put(site, written(html="<p onclick=alert(1)><script>alert(1)</script><img src=http://x/y><form action=/>"))
    _, text = await site.get("letter?id=1")
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in text
    async with site.http.get("/devhost/letter?id=1") as shown, site.http.get("/devhost/letter/html?id=1") as frame:
        outer, inner = shown.headers["Content-Security-Policy"], frame.headers["Content-Security-Policy"]
    assert outer.endswith("; frame-src 'self'")
    assert set(inner.split("; ")) == {
        "default-src 'none'", "style-src 'unsafe-inline'", "img-src data:", "form-action 'none'", "base-uri 'none'",
        "frame-ancestors 'self'", "sandbox allow-popups allow-popups-to-escape-sandbox",
    }  # fmt: skip
    assert (frame.content_type, frame.headers["X-Content-Type-Options"]) == ("text/html", "nosniff")


@pytest.mark.parametrize(
    ("html", "shown"),
    [
        ("<p>x", '<base target="_blank"><p>x'),
        ("\n<!DOCTYPE html><html><head>", '\n<!DOCTYPE html><base target="_blank"><html><head>'),
        ("<?xml version='1.0'?>\n<!doctype html>", "<?xml version='1.0'?>\n<!doctype html><base target=\"_blank\">"),
        ('<a target="_self" href="x">target=_self', '<base target="_blank"><a href="x">target=_self'),
        ("<A href=x\ntarget='_top' id=y><area target=_parent>", '<base target="_blank"><A href=x id=y><area>'),
        ("<img src='cid:a@b'><img src=cid:other>", "<base target=\"_blank\"><img src='data:,1'><img src=cid:other>"),
        ("<a " * 200_000, '<base target="_blank">' + "<a " * 200_000),
    ],
)  # fmt: skip
def test_links_of_a_letter_open_in_a_tab_and_its_pictures_are_inside(html: str, shown: str) -> None:
    """In a frame no link could be followed."""
    assert with_pictures(html, {"a@b": "data:,1"}) == shown


def test_pictures_are_told_apart_and_not_multiplied_without_end() -> None:
    """One name may begin as another; a picture that is used everywhere would fill the memory."""
    pictures = {"a": "data:,1", "a0": "data:,2", "large": "x" * 1_000_000}
    assert with_pictures("cid:a cid:a0", pictures).endswith("data:,1 data:,2")
    assert len(with_pictures("cid:large " * 1000, pictures)) < 20_000
    assert len(with_pictures("cid:large " * 10, pictures)) > 10_000_000


async def test_a_letter_and_its_files_are_saved_and_never_shown(opened: Opened) -> None:
    """Byte for byte; what is HTML in it is not taken for a page of this host."""
    site = await opened()
    raw = written(file=b"<script>alert(1)</script>")
    put(site, raw)
    async with site.http.get("/devhost/letter/raw?id=1") as answer:
        assert (await answer.read(), answer.content_type) == (raw, "message/rfc822")
        assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''letter-1.eml"
    async with site.http.get("/devhost/letter/file?id=1&part=0") as answer:
        assert (await answer.read()).startswith(b"<script>")
        assert answer.content_type == "application/octet-stream"
        assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''%C3%A9.html"


@pytest.mark.parametrize(
    "path",
    [
        "letter?id=2", "letter?id=x", "letter", "letter?id=²", f"letter?id={'9' * 5000}", "letter/html?id=1",
        "letter/file?id=1&part=0", "letter/file?id=1&part=-1", "letter/nothing?id=1", "letters", "letter/raw?id=../1",
    ],
)  # fmt: skip
async def test_what_is_not_there_is_not_found(opened: Opened, path: str) -> None:
    """A letter that was deleted, a part that it does not have."""
    site = await opened()
    put(site, written())
    assert (await site.get(path))[0] == 404


async def test_letters_are_deleted_one_or_all(opened: Opened) -> None:
    """By a form of this process alone."""
    site = await opened()
    for _ in range(3):
        put(site, written())
    assert site.mailbox is not None
    assert (await site.send("mail", token="made-up", action="clear"))[0] == 409
    assert (await site.send("mail", action="delete", id="x"))[0] == 409
    assert await site.send("mail", action="delete", id="2") == (303, "/devhost/mail")
    assert list(site.mailbox.numbers()) == [3, 1]
    assert await site.send("mail", action="clear") == (303, "/devhost/mail")
    assert list(site.mailbox.numbers()) == []
    assert "Letters, the newest first: none." in (await site.get("mail"))[1]


async def test_letters_that_had_to_go_are_told_of(opened: Opened) -> None:
    """With the bounds, so that nobody looks for them in vain."""
    site = await opened()
    assert site.mailbox is not None
    assert "500 letters and 64 MiB are kept" in (await site.get("mail"))[1]
    site.mailbox.dropped_count = 3
    assert "3 have gone since the start" in (await site.get("mail"))[1]


async def test_a_host_that_catches_no_letters_says_how_it_would(opened: Opened) -> None:
    """And has none to show."""
    site = await opened(has_mail=False)
    assert "--mail" in (await site.get("mail"))[1]
    assert (await site.get("letter?id=1"))[0] == 404
    assert (await site.send("mail", action="clear"))[0] == 409


@pytest.mark.parametrize("path", ["letter?id=1", "letter/raw?id=1", "mail"])
async def test_a_page_of_letters_answers_no_method_that_would_change_something(opened: Opened, path: str) -> None:
    """Only forms do, by POST."""
    site = await opened()
    put(site, written())
    async with site.http.put(f"/devhost/{path}") as answer:
        assert (answer.status, "Nothing here answers PUT" in await answer.text()) == (404, True)
