"""The page of one file: its text, or the changes from one version to another."""

from collections.abc import Sequence
from dataclasses import dataclass

from approvals.record.documents import Attachment
from approvals.rules.versions import Version
from approvals.visible import one_line
from approvals.words.wording import size
from pages.differences import differences
from pages.documents import address_of, readable
from pages.markdown import LONGEST_RENDERED
from pages.proposal import proposal_address
from pages.rendering import Page
from pages.shell import Shell, render_in_shell

LARGEST_SHOWN = 512 * 1024
"""Bytes of a text that has a page; a larger one is a download."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownFile:
    """A file of one version."""

    proposal_id: str
    title: str
    """Of the proposal."""
    version: Version
    versions: Sequence[Version]
    attachment: Attachment
    words: str
    earlier: str | None = None
    """The text that it is compared with; None if it is shown alone."""
    since: int = 0
    """The number of the version with that text."""


def document_page(shell: Shell, shown: ShownFile) -> Page:
    """Return the page. Markdown that is too long to be formatted is shown as plain text."""
    attachment, plain = shown.attachment, len(shown.words) > LONGEST_RENDERED
    compared = shown.earlier is not None
    return render_in_shell(
        "document.html",
        shell,
        name=one_line(attachment.name),
        about=one_line(f"{attachment.content_type}, {size(attachment.size)}"),
        title=one_line(shown.title),
        back=proposal_address(shown.proposal_id),
        version=shown.version,
        latest=shown.versions[-1],
        download=address_of(shown.proposal_id, attachment.name, version=shown.version.number, download="true"),
        since=shown.since,
        lines=differences(shown.earlier, shown.words) if shown.earlier is not None else (),
        compared=compared,
        text=shown.words if plain or compared else readable(attachment, shown.words, below=1),
        laid_out=attachment.content_type == "text/markdown" and not plain,
    )
