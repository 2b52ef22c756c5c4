"""The documents of a proposal: pictures, texts, PDF; each version, and the changes from one to the next."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from urllib.parse import quote

from markupsafe import Markup

from approvals.attachments import KINDS
from approvals.record.documents import Attachment
from approvals.rules.versions import Rewritten, Version
from approvals.visible import one_line, visible
from approvals.words.wording import money, size
from pages.differences import Line, differences
from pages.markdown import render_markdown

MOST_READ = 5
"""Files that are read for one page, each with a storage call."""

LARGEST_READ = 64 * 1024
"""Bytes of a text that is shown on the page, or compared there; larger ones have their own page."""

LONGEST_SHOWN = 6_000
"""Characters of a text on the page."""

_SHORT = 1_500
"""Characters of a text that is unfolded on the page from the start."""

MOST_LINES = 40
"""Of a comparison on the page."""

Texts = Mapping[str, str]
"""The texts that were read, by SHA-256."""

Look = Literal["picture", "pdf", "text", "file"]
"""How a document can be shown: in the page, in the browser's viewer, as text, or only by another program."""

_BELOW = 3
"""The level of the heading above a text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file of the present version."""

    name: str
    about: str
    address: str
    download: str
    thumbnail: str
    """The URL of a small copy; empty for a file that is no picture."""
    look: Look
    text: Markup | str | None = None
    """Its text as far as it is shown; None if it is not."""
    cut: bool = False
    """Whether there is more of it."""

    @property
    def short(self) -> bool:
        """Whether it is unfolded from the start."""
        return self.text is not None and len(self.text) <= _SHORT

    @property
    def laid_out(self) -> bool:
        """Whether the text is HTML; else every blank and line break counts."""
        return isinstance(self.text, Markup)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplacedFile:
    """A file that replaced another one."""

    name: str
    address: str
    earlier: str
    """The URL of the earlier one."""
    comparison: str
    """The URL of the page that compares them; empty for a file that is no text."""
    lines: tuple[Line, ...]
    """The changed lines, if both are texts that were read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A version and its differences from the one before."""

    number: int
    round: int
    by: str
    at: datetime
    change: str
    """In one line, as a predicate after the person's name."""
    words: tuple[tuple[str, str, str], ...]
    """Each changed field with its value before and after."""
    summary: tuple[Line, ...]
    added: tuple[tuple[str, str], ...]
    """Names and URLs."""
    replaced: tuple[ReplacedFile, ...]


def address_of(proposal_id: str, name: str, **asked: object) -> str:
    """Return the URL of a file's page or content; `asked` are its query parameters."""
    query = "&".join(f"{key}={value}" for key, value in asked.items())
    return f"/api/ui/proposals/{quote(proposal_id, safe='')}/files/{quote(name, safe='')}{'?' if query else ''}{query}"


def is_text(attachment: Attachment) -> bool:
    """Say whether a file is a text that can be shown."""
    return attachment.content_type in ("text/plain", "text/markdown")


def texts_wanted(found: Sequence[Version]) -> tuple[Attachment, ...]:
    """Return the files whose text the page shows: the present ones first, then those replaced lately."""
    wanted = dict[str, Attachment]()
    for each in _candidates(found):
        if len(wanted) < MOST_READ and each.sha256 not in wanted and each.size <= LARGEST_READ:
            wanted[each.sha256] = each
    return tuple(wanted.values())


def _candidates(found: Sequence[Version]) -> Iterator[Attachment]:
    texts = [each for each in found[-1].attachments if is_text(each)]
    yield from texts[: MOST_READ - 2]
    for version in reversed(found):
        yield from (each for pair in version.replaced for each in pair if is_text(each))


def documents(proposal_id: str, version: Version, texts: Texts) -> tuple[Document, ...]:
    """Return the files of a version in the page's form."""
    return tuple(_document(proposal_id, each, texts) for each in version.attachments)


def _document(proposal_id: str, attachment: Attachment, texts: Texts) -> Document:
    words = texts.get(attachment.sha256) if is_text(attachment) else None
    cut = words is not None and len(words) > LONGEST_SHOWN
    return Document(
        name=one_line(attachment.name),
        about=one_line(f"{attachment.content_type}, {size(attachment.size)}"),
        address=address_of(proposal_id, attachment.name),
        download=address_of(proposal_id, attachment.name, download="true"),
        thumbnail=address_of(proposal_id, attachment.name, small="true") if look_of(attachment) == "picture" else "",
        look=look_of(attachment),
        text=None if words is None else readable(attachment, words[:LONGEST_SHOWN] if cut else words),
        cut=cut,
    )


def look_of(attachment: Attachment) -> Look:
    """Return how a file can be shown. Records may have types that are no longer accepted: those are files."""
    if attachment.content_type in KINDS and attachment.content_type.startswith("image/"):
        return "picture"
    if attachment.content_type == "application/pdf":
        return "pdf"
    return "text" if is_text(attachment) else "file"


def readable(attachment: Attachment, words: str, *, below: int = _BELOW) -> Markup | str:
    """Return a text for reading: Markdown as HTML, all else unchanged."""
    return render_markdown(words, below=below) if attachment.content_type == "text/markdown" else visible(words)


def changes(proposal_id: str, found: Sequence[Version], texts: Texts) -> tuple[Change, ...]:
    """Return the changes of each version, the latest first; none if there is only one version."""
    return tuple(_change(proposal_id, each, texts) for each in reversed(found[1:]))


def _change(proposal_id: str, version: Version, texts: Texts) -> Change:
    at = {"version": version.number}
    return Change(
        number=version.number,
        round=version.round,
        by=one_line(version.by),
        at=version.at,
        change=one_line(version.change),
        words=tuple(_in_words(version, each) for each in version.rewritten if each.name != "summary"),
        summary=tuple(
            line
            for each in version.rewritten
            if each.name == "summary"
            for line in differences(each.before, each.after, most=MOST_LINES)
        ),
        added=tuple((one_line(each.name), address_of(proposal_id, each.name, **at)) for each in version.added),
        replaced=tuple(_replaced(proposal_id, version, *pair, texts) for pair in version.replaced),
    )


def _in_words(version: Version, each: Rewritten) -> tuple[str, str, str]:
    """Return the rewritten fields; a cost with its currency at that time."""
    if each.name != "cost":
        return each.name.capitalize(), one_line(each.before or "none"), one_line(each.after or "none")
    currency = next((other.before for other in version.rewritten if other.name == "currency"), version.currency)
    return "Cost", money(each.before, currency), money(each.after, version.currency)


def _replaced(proposal_id: str, version: Version, before: Attachment, after: Attachment, texts: Texts) -> ReplacedFile:
    old, new = texts.get(before.sha256), texts.get(after.sha256)
    at, earlier = {"version": version.number}, {"version": version.number - 1}
    compared = is_text(before) and is_text(after)
    return ReplacedFile(
        name=one_line(after.name),
        address=address_of(proposal_id, after.name, **at),
        earlier=address_of(proposal_id, before.name, **earlier),
        comparison=address_of(proposal_id, after.name, **at, since=version.number - 1) if compared else "",
        lines=differences(old, new, most=MOST_LINES) if compared and old is not None and new is not None else (),
    )
