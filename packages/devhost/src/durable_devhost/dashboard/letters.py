"""The pages of the mail catcher: the letters, one letter with its parts, and its HTML as a document of its own."""

import re
from asyncio import to_thread
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from durable_devhost.dashboard.markup import Child, Markup, joined, table, tag
from durable_devhost.dashboard.page import address, button, field, form, link, message, moment, page, pairs
from durable_devhost.mail.letter import MOST_HEAD, Letter, read_head, read_letter, split_links
from durable_devhost.mail.mailbox import MOST_BYTES, MOST_LETTERS, Caught, Mailbox

PAGE_SIZE = 50
_MOST_TEXT = 200_000
_MOST_TO = 3
_MOST_IN_LIST = 200
_MOST_PICTURES = 32 * 1024 * 1024
"""Characters that one picture may have in the HTML of a letter, in all the places where it is used."""

_KIB = 1024
_BOUNDS = f"{MOST_LETTERS} letters and {MOST_BYTES // _KIB**2} MiB are kept; then the oldest go."

FRAME_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
)
"""For the HTML of a letter: its styles and the pictures inside of it, no script, no form, nothing from elsewhere.

A link opens in a tab of its own, which is out of the sandbox: the page there is that of any link.
"""

_BEGINNING = re.compile(r"\s*(?:<\?xml[^<>]*>\s*)?<!doctype[^<>]*>", re.IGNORECASE)
_TARGET = re.compile(r"(<a(?:rea)?(?=\s)[^<>]*?)\starget\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*'|[^\s<>]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """A file to save: never shown, whatever it says that it is."""

    name: str
    kind: str
    content: bytes


class Letters:
    """The pages of one mailbox. Letters are read in a thread, since a large one takes long."""

    def __init__(self, mailbox: Mailbox, token: str) -> None:
        self._mailbox = mailbox
        self._token = token

    async def several(self, query: Mapping[str, str]) -> str:
        """The list, the newest first: of those with `has` in subject or address, older than number `before`."""
        wanted, before = query.get("has", "").strip(), letter_number(query.get("before", ""))
        rows, older = await to_thread(self._rows, wanted, before)
        heads = ("subject", "to", "from", "came (UTC)")
        more = link("mail", "Older letters", has=wanted, before=str(older)) if older else None
        dropped = self._mailbox.dropped_count
        lost = f" {dropped} have gone since the start of the host." if dropped else ""
        listed = tag(
            "div",
            tag("p", _BOUNDS, lost, class_="soft"),
            table("Letters, the newest first", heads, rows),
            more,
            id="live",
        )
        search = tag(
            "form", field("Subject or address has", "has", wanted), button("Show"), method="get", role="search"
        )
        clear = form("mail", self._token, button("Delete all letters", "clear", is_grave=True))
        return page("Mail", search, listed, clear if self._mailbox.numbers() else None, place="mail")

    async def one(self, number: int) -> str | None:
        """The page of a letter; None where there is none of that number."""
        kept = self._mailbox.get(number)
        if kept is None:
            return None
        letter = await to_thread(read_letter, kept.raw)
        facts: dict[str, Child] = {
            "came": moment(kept.envelope.at),
            "from": letter.sender or kept.envelope.sender,
            "to": letter.to,
            "date": letter.date,
            "envelope from": kept.envelope.sender,
            "envelope to": ", ".join(kept.envelope.recipients),
            "size": _size(len(kept.raw)),
        }
        return page(
            letter.subject or "(no subject)",
            message(letter.fault, is_bad=True),
            pairs(facts),
            _html_part(letter, number),
            _text_part(letter),
            _files_part(letter, number),
            _headers_part(letter),
            tag("p", link("letter/raw", "Download the letter as it was sent", id=str(number))),
            form("mail", self._token, button("Delete this letter", "delete", is_grave=True), id=str(number)),
            place="mail",
        )

    async def frame(self, number: int) -> str | None:
        """The HTML of a letter, for a frame; None where there is no letter, or none in HTML."""
        kept = self._mailbox.get(number)
        return await to_thread(_framed, kept) if kept else None

    async def file(self, number: int, part: str) -> Download | None:
        """A letter as it was sent, or with `part` the file of that index in it; None where there is none."""
        kept = self._mailbox.get(number)
        if kept is None:
            return None
        if not part:
            return Download(name=f"letter-{number}.eml", kind="message/rfc822", content=kept.raw)
        files = (await to_thread(read_letter, kept.raw)).files
        index = letter_number(part)
        if index is None or index >= len(files):
            return None
        return Download(name=files[index].name, kind="application/octet-stream", content=files[index].content)

    def delete(self, number: int) -> None:
        """Delete a letter."""
        self._mailbox.delete(number)

    def clear(self) -> None:
        """Delete all letters."""
        self._mailbox.clear()

    def _rows(self, wanted: str, before: int | None) -> tuple[list[Sequence[Child]], int | None]:
        """The rows of one page, and the number that the next one begins before."""
        rows, last = list[Sequence[Child]](), None
        for number in self._mailbox.numbers():
            kept = self._mailbox.get(number, MOST_HEAD) if before is None or number < before else None
            if kept is None:
                continue
            head = read_head(kept.raw)
            sender, to = _addresses(head, kept)
            if wanted.lower() not in f"{head.subject} {sender} {to}".lower():
                continue
            if len(rows) == PAGE_SIZE:
                return rows, last
            subject = link("letter", _short(head.subject) or "(no subject)", id=str(number))
            rows.append((subject, _short(to), _short(sender), moment(kept.envelope.at)))
            last = number
        return rows, None


def with_pictures(html: str, pictures: Mapping[str, str]) -> str:
    """The HTML of a letter with its own pictures in it, and with links that open in a tab. Pure."""
    for identity in sorted(pictures, key=len, reverse=True):  # one may begin as another
        used, picture = f"cid:{identity}", pictures[identity]
        if html.count(used) * len(picture) <= _MOST_PICTURES:
            html = html.replace(used, picture)
    html = _TARGET.sub(r"\1", html)
    begun = _BEGINNING.match(html)
    end = begun.end() if begun else 0
    return f'{html[:end]}<base target="_blank">{html[end:]}'


def _framed(kept: Caught) -> str | None:
    letter = read_letter(kept.raw)
    return None if letter.html is None else with_pictures(letter.html, letter.pictures)


def no_mailbox_page() -> str:
    """What is said where the host catches no letters."""
    hint = tag(
        "p", "This host catches no letters. Start it with ", tag("code", "--mail"), " to read here what it sends."
    )
    return page("Mail", hint, place="mail")


def _html_part(letter: Letter, number: int) -> Markup | None:
    if letter.html is None:
        return None
    return tag(
        "section",
        tag("h2", "As it looks"),
        tag(
            "iframe",
            src=address("letter/html", id=str(number)),
            sandbox="allow-popups allow-popups-to-escape-sandbox",
            title="The letter",
            class_="letter",
        ),
        tag("p", "Links open in a tab. Pictures that are not in the letter itself are not loaded.", class_="soft"),
    )


def _text_part(letter: Letter) -> Markup | None:
    if letter.text is None:
        return None
    said = letter.text[:_MOST_TEXT]
    pieces = joined(
        tag("a", each, href=where, target="_blank", rel="noopener noreferrer") if where else each
        for each, where in split_links(said)
    )
    rest = (
        f"{len(letter.text) - _MOST_TEXT} characters more are in the download."
        if len(letter.text) > _MOST_TEXT
        else None
    )
    return tag("section", tag("h2", "As text"), tag("pre", pieces), tag("p", rest) if rest else None)


def _files_part(letter: Letter, number: int) -> Markup | None:
    if not letter.files:
        return None
    rows = [
        (link("letter/file", each.name, id=str(number), part=str(index)), each.kind, _size(len(each.content)))
        for index, each in enumerate(letter.files)
    ]
    return tag("section", tag("h2", "Files"), table("Files in the letter", ("name", "kind", "size"), rows))


def _headers_part(letter: Letter) -> Markup:
    listed = table("Headers, decoded", ("name", "value"), letter.headers)
    return tag("details", tag("summary", f"Headers ({len(letter.headers)})"), listed)


def _addresses(head: Letter, kept: Caught) -> tuple[str, str]:
    """From and to, as the letter says, else as the mail server was told."""
    told, more = kept.envelope.recipients, len(kept.envelope.recipients) - _MOST_TO
    short = ", ".join(told[:_MOST_TO]) + (f" and {more} more" if more > 0 else "")
    return head.sender or kept.envelope.sender or "(nobody)", head.to or short


def _short(text: str) -> str:
    return text if len(text) <= _MOST_IN_LIST else f"{text[: _MOST_IN_LIST - 1]}…"


def _size(count: int) -> str:
    return f"{count} bytes" if count < _KIB else f"{count / _KIB:,.1f} KiB"


def letter_number(text: str) -> int | None:
    """A number of a request: of a letter, or of a file in it. None where it is none, or too long to be one."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None
