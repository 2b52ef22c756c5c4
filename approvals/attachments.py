"""What may be attached to a proposal: few and small files, of types that their content reveals."""

import base64
import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from urllib.parse import unquote

from approvals.validation import Boundary, Invalid, Line

MOST_ATTACHMENTS = 10
MOST_BYTES = 2 * 1024 * 1024
"""For one attachment inside the proposal's JSON. Larger files are uploaded separately."""

_LONGEST_BASE64 = (MOST_BYTES + 2) // 3 * 4
"""The number of characters that `MOST_BYTES` bytes need in Base64."""

LARGEST_UPLOAD = 20 * 1024 * 1024
"""Bytes of one attachment that is uploaded separately: enough for drawings as PDF, and small enough to be checked."""

LONGEST_FILE_NAME = 150
"""Characters. Such a name fits into a URL even if each character needs four percent-encoded bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """An accepted content type: the suffix of its blob's name, and what each such file contains."""

    suffix: str
    magic: bytes
    """How it begins."""
    parts: tuple[bytes, ...] = ()
    """Names of files in an archive, which stand in it as they are (ECMA-376, part 2)."""

    def has(self, content: bytes) -> bool:
        """Say whether a file may be of this kind; documents with macros are of none."""
        if not content.startswith(self.magic):
            return False
        return not self.parts or (all(each in content for each in self.parts) and _MACROS not in content)


_MACROS = b"vbaProject.bin"
_OFFICE = "application/vnd.openxmlformats-officedocument"

KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "text/markdown": Kind(suffix=".md", magic=b""),
        "text/plain": Kind(suffix=".txt", magic=b""),
        "application/pdf": Kind(suffix=".pdf", magic=b"%PDF-"),
        f"{_OFFICE}.wordprocessingml.document": Kind(
            suffix=".docx", magic=b"PK\x03\x04", parts=(b"[Content_Types].xml", b"word/document.xml")
        ),
        f"{_OFFICE}.spreadsheetml.sheet": Kind(
            suffix=".xlsx", magic=b"PK\x03\x04", parts=(b"[Content_Types].xml", b"xl/workbook.xml")
        ),
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
    """What the workflow knows about an attachment: its blob and its file name. Never its content."""

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
    def reference(self) -> StoredAttachment:
        """The reference that the workflow gets."""
        return StoredAttachment(blob=self.blob, name=self.name, content_type=self.content_type, size=len(self.content))

    def with_content(self, content: bytes) -> "Upload":
        """Return the upload with other content, and so with another blob name."""
        folder = self.blob.rpartition("/")[0]
        return replace(self, content=content, blob=_blob_name(folder, content, self.content_type))


def upload_of(proposal_id: str, name: str, content: bytes) -> Upload:
    """Check an uploaded file and return it ready to be stored; raises `Invalid`.

    The content decides the type. The name is only a label for people; its suffix only tells Markdown from plain text.
    The blob's name is made here.
    """
    label = checked_file_name(name)
    if not 0 < len(content) <= LARGEST_UPLOAD:
        raise Invalid(f"the file must have 1 to {LARGEST_UPLOAD:,} bytes, not {len(content):,}")
    content_type = kind_of(content)
    if content_type is None:
        raise Invalid(f"files of this type are not accepted; accepted are {', '.join(KINDS)}")
    if content_type == "text/plain" and label.lower().endswith((".md", ".markdown")):
        content_type = "text/markdown"
    blob = _blob_name(proposal_id, content, content_type)
    return Upload(blob=blob, name=label, content_type=content_type, content=content)


_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f]")
"""Control characters that no text contains. In UTF-8 these bytes never belong to another character."""


def kind_of(content: bytes) -> str | None:
    """Return the content type that the content shows: text/plain for any text, None if no accepted type fits."""
    for name, kind in KINDS.items():
        if kind.magic and kind.has(content):
            return name
    try:
        content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    return None if _CONTROL.search(content) else "text/plain"


def checked_file_name(name: str) -> str:
    """Return a file's name in the form that is stored and shown; raises `Invalid` if it is not a plain name.

    The app uses the name only as a label in the record. A name that could be a path is refused all the same: a proxy,
    a browser that saves the file, or a person who reads a list could take it for one. Letters that can be encoded in
    several ways are brought into one form (NFC).
    """
    text = unicodedata.normalize("NFC", name)
    decoded = unquote(unquote(text))
    if not 1 <= len(text) <= LONGEST_FILE_NAME:
        raise Invalid(f"name: a file's name has 1 to {LONGEST_FILE_NAME} characters")
    if any(_is_invisible(char) for char in decoded):
        raise Invalid("name: a file's name must not contain control characters or invisible characters")
    if any(char in decoded for char in "/\\"):
        raise Invalid("name: a file's name must not contain a slash or a backslash")
    if decoded.startswith(".") or decoded.endswith(".") or decoded != decoded.strip():
        raise Invalid("name: a file's name must not begin or end with a full stop or a space")
    return text


def check_file_names(names: Iterable[str]) -> None:
    """Check the names of all files of a proposal, and that they differ; raises `Invalid` with every error."""
    errors, known = list[str](), set[str]()
    for name in names:
        try:
            label = checked_file_name(name)
        except Invalid as error:
            errors.append(f"attachment {name[:60]!r}: {error}")
            continue
        if label in known:
            errors.append(f"attachment {name[:60]!r}: another attachment has this name")
        known.add(label)
    if errors:
        raise Invalid("; ".join(errors)[:400], tuple(errors))


def _is_invisible(char: str) -> bool:
    """Say whether a character is invisible, or replaces something that could not be decoded."""
    if char in "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}":
        return False  # Persian and Hindi need them
    return unicodedata.category(char) in _INVISIBLE or char == "\N{REPLACEMENT CHARACTER}"


_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode's categories of control and format characters and separators. Some of them reverse the text direction."""


def check_attachments(proposal_id: str, attachments: tuple[InlineAttachment, ...]) -> tuple[Upload, ...]:
    """Decode and check all attachments of a proposal; raises `Invalid` that names each one that is not accepted.

    Blob names are made here from the proposal's id and the content. So no sender can choose one, and a file that is
    stored twice is kept once.
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
    if len(attachment.content) > _LONGEST_BASE64:
        raise Invalid(f"attachment {shown!r}: content must have 1 to {MOST_BYTES} bytes, not more")
    try:
        content = base64.b64decode(attachment.content, validate=True)
    except ValueError:
        raise Invalid(f"attachment {shown!r}: content is not Base64") from None
    if not 0 < len(content) <= MOST_BYTES:
        raise Invalid(f"attachment {shown!r}: content must have 1 to {MOST_BYTES} bytes, not {len(content)}")
    if not kind.has(content):
        raise Invalid(f"attachment {shown!r}: the content is not {attachment.content_type}")
    return Upload(
        blob=_blob_name(proposal_id, content, attachment.content_type),
        name=attachment.name,
        content_type=attachment.content_type,
        content=content,
    )


def _blob_name(folder: str, content: bytes, content_type: str) -> str:
    return f"{folder}/{hashlib.sha256(content).hexdigest()[:32]}{KINDS[content_type].suffix}"
