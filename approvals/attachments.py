"""What may be attached to a proposal: few files, small ones, and only of kinds whose content shows what it is."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from approvals.validation import Boundary, Invalid, Line

MOST_ATTACHMENTS = 10
MOST_BYTES = 2 * 1024 * 1024
"""For one attachment that comes inside the proposal; larger ones will get an upload of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A content type that is accepted: the suffix of its blob's name, and how each such file begins."""

    suffix: str
    magic: bytes


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "text/markdown": Kind(suffix=".md", magic=b""),
        "text/plain": Kind(suffix=".txt", magic=b""),
        "application/pdf": Kind(suffix=".pdf", magic=b"%PDF-"),
        "image/png": Kind(suffix=".png", magic=b"\x89PNG\r\n\x1a\n"),
        "image/jpeg": Kind(suffix=".jpg", magic=b"\xff\xd8\xff"),
    }
)


class InlineAttachment(Boundary):
    """An attachment inside the proposal, its content in Base64."""

    name: Line
    content_type: str
    content: str


class StoredAttachment(Boundary):
    """What the workflow knows of an attachment: where it lies, and what it was called. Never its content."""

    blob: str
    name: Line
    content_type: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """An attachment that passed the checks, ready to be stored under `blob`."""

    blob: str
    name: str
    content_type: str
    content: bytes

    @property
    def stored(self) -> StoredAttachment:
        """How the workflow will know it."""
        return StoredAttachment(blob=self.blob, name=self.name, content_type=self.content_type, size=len(self.content))


def check_attachments(proposal_id: str, attachments: tuple[InlineAttachment, ...]) -> tuple[Upload, ...]:
    """Decode and check all attachments of a proposal; raises `Invalid`, naming each that cannot be taken.

    Blob names are made here, from the proposal's id and the content, so that nobody outside chooses one and storing
    the same file twice stores it once.
    """
    uploads, errors = list[Upload](), list[str]()
    for attachment in attachments:
        try:
            uploads.append(_check(proposal_id, attachment))
        except Invalid as error:
            errors += error.errors
    if errors:
        raise Invalid("; ".join(errors), tuple(errors))
    return tuple(uploads)


def _check(proposal_id: str, attachment: InlineAttachment) -> Upload:
    shown = attachment.name[:60]
    kind = KINDS.get(attachment.content_type)
    if kind is None:
        raise Invalid(f"attachment {shown!r}: contentType must be one of {', '.join(KINDS)}")
    try:
        content = base64.b64decode(attachment.content, validate=True)
    except ValueError:
        raise Invalid(f"attachment {shown!r}: content is not Base64") from None
    if not 0 < len(content) <= MOST_BYTES:
        raise Invalid(f"attachment {shown!r}: content must have 1 to {MOST_BYTES} bytes, not {len(content)}")
    if not content.startswith(kind.magic):
        raise Invalid(f"attachment {shown!r}: the content is not {attachment.content_type}")
    digest = hashlib.sha256(content).hexdigest()[:32]
    return Upload(
        blob=f"{proposal_id}/{digest}{kind.suffix}",
        name=attachment.name,
        content_type=attachment.content_type,
        content=content,
    )
