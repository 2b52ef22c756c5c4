"""One letter, taken apart for people to read. Pure: whatever the bytes are, there is a letter.

Python's `email` is used with its old policy, `compat32`, which keeps what it cannot read; the newer one may raise.
"""

import re
from binascii import b2a_base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.parser import BytesHeaderParser
from html import unescape
from types import MappingProxyType

MOST_HEAD = 64 * 1024
"""Bytes in which the headers have to be."""

MOST_HEADERS = 200
_MOST_NESTED = 20
"""How often a letter may say `multipart/`: each level is looked for at every line of it."""

_LINK = re.compile(r"https?://[^\s<>\"'\\]+", re.IGNORECASE)
_NOT_AT_ITS_END = ".,;:!?)]}*_"
_MOST_PARTS = 2000
_NO_CHARSETS = frozenset({"idna", "punycode", "unicode_escape", "unicode-escape", "raw_unicode_escape", "undefined"})
"""Codecs of Python that are no charsets of mail; the first two take very long for a long text."""

_CANNOT_BE_TAKEN_APART = "This letter has more parts than are taken apart here. The download has all of it."


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A file in a letter. `kind` is its content type as the letter has it, never to be believed."""

    name: str
    kind: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What a letter says. Texts are decoded; what cannot be is replaced.

    `text` and `html` are None where it has no such part. `pictures` are those inside of it, as `data:` URLs by their
    content id. `fault` says why it was not taken apart, and is empty where it was.
    """

    sender: str = ""
    to: str = ""
    subject: str = ""
    date: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    text: str | None = None
    html: str | None = field(default=None, repr=False)
    files: tuple[Part, ...] = ()
    pictures: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    fault: str = ""


def read_letter(raw: bytes) -> Letter:
    """Take a letter apart. What is malformed is shown as far as it can be; this never raises."""
    head = read_head(raw)
    if head.fault:
        return head
    nested = raw.lower().count(b"multipart/")
    if nested > _MOST_NESTED or (nested and raw.count(b"\n--") > _MOST_PARTS):
        return replace(head, fault=_CANNOT_BE_TAKEN_APART)
    try:
        return _with_body(head, message_from_bytes(raw))
    except RecursionError:
        return replace(head, fault=_CANNOT_BE_TAKEN_APART)
    except (ValueError, LookupError) as error:
        return replace(head, fault=f"The body cannot be read ({type(error).__name__}).")


def read_head(raw: bytes) -> Letter:
    """What the headers of a letter say. This never raises."""
    try:
        message = BytesHeaderParser().parsebytes(raw[:MOST_HEAD])
        return Letter(
            sender=_header(message, "From"),
            to=_header(message, "To"),
            subject=_header(message, "Subject"),
            date=_header(message, "Date"),
            headers=tuple((name, _decoded(value)) for name, value in message.items()[:MOST_HEADERS]),
        )
    except (ValueError, LookupError, RecursionError) as error:
        return Letter(fault=f"The headers cannot be read ({type(error).__name__}).")


def links_in(letter: Letter) -> list[str]:
    """The web addresses in a letter, each once, in the order in which they stand there."""
    said = letter.text if letter.text is not None else unescape(letter.html or "")
    return list(dict.fromkeys(address for _, address in split_links(said) if address))


def split_links(text: str) -> Iterator[tuple[str, str]]:
    """Cut a text into pieces: each with the address that it is, or with nothing where it is none."""
    end = 0
    for found in _LINK.finditer(text):
        address = found[0].rstrip(_NOT_AT_ITS_END)
        yield text[end : found.start()], ""
        yield address, address
        end = found.start() + len(address)
    yield text[end:], ""


def _with_body(head: Letter, message: "Message[str, str]") -> Letter:
    texts: dict[str, str] = {}
    files, pictures = list[Part](), dict[str, str]()
    for number, part in enumerate(each for each in message.walk() if not each.is_multipart()):
        kind, content = part.get_content_type(), part.get_payload(decode=True)
        content = content if isinstance(content, bytes) else b""
        name = _decoded(part.get_filename() or "")
        key = kind.removeprefix("text/")
        if kind in ("text/plain", "text/html") and key not in texts and not _is_attached(part):
            texts[key] = _text(content, part.get_content_charset())
            continue
        if kind.startswith("image/") and (identity := _header(part, "Content-ID").strip("<>")):
            pictures[identity] = f"data:{kind};base64,{b2a_base64(content, newline=False).decode()}"
        files.append(Part(name=name or f"part-{number + 1}", kind=kind, content=content))
    return replace(head, text=texts.get("plain"), html=texts.get("html"), files=tuple(files), pictures=pictures)


def _is_attached(part: "Message[str, str]") -> bool:
    return _header(part, "Content-Disposition").lower().startswith("attachment")


def _header(message: "Message[str, str]", name: str) -> str:
    return _decoded(message.get(name) or "")


def _decoded(value: object) -> str:
    """A header in one line: encoded words (RFC 2047) are decoded, bytes are read as UTF-8 where they can be."""
    try:
        pieces = decode_header(value)  # type: ignore[arg-type]  # a Header, where it has bytes above ASCII
    except (HeaderParseError, ValueError, LookupError):
        pieces = [(str(value), None)]
    text = "".join(each if isinstance(each, str) else _text(each, charset) for each, charset in pieces)
    return " ".join(showable(text).split())


def _text(content: bytes, charset: str | None) -> str:
    name = (charset or "utf-8").lower()
    try:
        text = content.decode("utf-8" if name in _NO_CHARSETS else name, errors="replace")
    except (LookupError, ValueError):  # no such charset, or none of characters, such as base64
        text = content.decode("utf-8", errors="replace")
    return showable(text)


def showable(text: str) -> str:
    """A text without halves of surrogate pairs, which no page can hold."""
    return text.encode(errors="replace").decode()
