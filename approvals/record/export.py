"""Exports: a record with all files that it names in one zip archive, which can be checked without the app.

    manifest.json     about the archive: ids of the keys, files of the document, heads of the record that were seen
    record.jsonl      the record, byte for byte
    documents/<hash>  each file that the record names, once, under the SHA-256 of its content

It is an archive and not JSON, so that anybody can open its documents, and Base64 does not make them a third larger.
Nothing is compressed: pictures already are, and an uncompressed file cannot be larger than it appears.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from approvals.forms import AsTuple
from approvals.record.chain import key_ids, read_chain, verify
from approvals.record.documents import Attachment
from approvals.record.entries import Attached, Entry, Submitted
from approvals.record.keys import Keyring
from approvals.record.verdict import Anchor, Verdict
from approvals.validation import Boundary, Invalid, Line, read_json

LARGEST_EXPORT = 64 * 1024 * 1024
"""Bytes of an archive. If it would be larger, the record is exported without its documents."""

_FORMAT = 1
_MANIFEST, _RECORD, _DOCUMENTS = "manifest.json", "record.jsonl", "documents/"
_LARGEST_MANIFEST = 1024 * 1024
_MOST_FILES = 2_000
_BEGINNING = (1980, 1, 1, 0, 0, 0)
"""The earliest time in a zip archive. It is always used, so that the same export has the same bytes."""


class File(Boundary):
    """A file that the record names."""

    name: Line
    content_type: str
    size: int
    sha256: str
    present: bool
    """Whether its content is in the archive; it may have been deleted after its retention, or left out."""


class Head(Boundary):
    """A head of the record that was seen before the export."""

    entries: Annotated[int, Field(ge=1)]
    head: str


class Manifest(Boundary):
    """The description of an archive."""

    format: int
    proposal_id: str
    entries: int
    head: str
    keys: Annotated[tuple[str, ...], AsTuple]
    """Ids of the keys that are needed to authenticate the record."""
    seen: Annotated[tuple[Head, ...], AsTuple]
    """Heads that the app stored outside of the record. They prove nothing by themselves: compare them with your own."""
    files: Annotated[tuple[File, ...], AsTuple]


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """An archive that was opened."""

    manifest: Manifest
    record: bytes
    documents: Mapping[str, bytes]
    """Each document by the SHA-256 in its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportVerdict:
    """The result of checking an archive."""

    record: Verdict
    files: int
    """How many files the record names."""
    checked: int
    """How many of them are in the archive and match the record."""
    finding: str | None = None
    """The error in the archive's documents; None if there is none."""


def named_files(entries: Iterable[Entry]) -> tuple[Attachment, ...]:
    """Return every file that a record's entries name, also files that were replaced later, each content once."""
    found = dict[str, Attachment]()
    for entry in entries:
        for each in _files_of(entry):
            found.setdefault(each.sha256, each)
    return tuple(found.values())


def _files_of(entry: Entry) -> tuple[Attachment, ...]:
    match entry:
        case Submitted():
            return entry.attachments
        case Attached():
            return (entry.attachment,)
        case _:
            return ()


def pack(proposal_id: str, record: bytes, documents: Mapping[str, bytes], *, seen: Iterable[Anchor] = ()) -> bytes:
    """Return the archive of a record; `documents` by their SHA-256. Raises `Tampered` if the record is damaged."""
    chain = read_chain(record)
    files = tuple(
        File(
            name=each.name,
            content_type=each.content_type,
            size=each.size,
            sha256=each.sha256,
            present=each.sha256 in documents,
        )
        for each in named_files(chain.entries)
    )
    manifest = Manifest(
        format=_FORMAT,
        proposal_id=proposal_id,
        entries=len(chain.entries),
        head=chain.head,
        keys=key_ids(record),
        seen=tuple(Head(entries=each.entries, head=each.head) for each in seen if each.entries and each.head),
        files=files,
    )
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        text = json.dumps(manifest.to_dict(), indent=2, ensure_ascii=False).encode()
        _add(archive, _MANIFEST, text)
        _add(archive, _RECORD, record)
        for digest in sorted(documents):
            _add(archive, _DOCUMENTS + digest, documents[digest])
    return target.getvalue()


def unpack(content: bytes) -> Export:
    """Open an archive; raises `Invalid` if it is not an export, is compressed, or is too large."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            infos = archive.infolist()
            _check_form(infos)
            read = {info.filename: archive.read(info) for info in infos}
    except Invalid:
        raise
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, ValueError) as error:
        raise Invalid(f"this is not an export of a record: {error}") from None
    if _MANIFEST not in read or _RECORD not in read or len(read[_MANIFEST]) > _LARGEST_MANIFEST:
        raise Invalid(f"this is not an export of a record: it needs {_MANIFEST} and {_RECORD}")
    manifest = Manifest.from_dict(read_json(read[_MANIFEST].decode("utf-8", "replace")))
    if manifest.format != _FORMAT:
        raise Invalid(f"this export has the format {manifest.format}; this program reads {_FORMAT}")
    documents = {name.removeprefix(_DOCUMENTS): read[name] for name in read if name.startswith(_DOCUMENTS)}
    return Export(manifest=manifest, record=read[_RECORD], documents=documents)


def verify_export(export: Export, *, keys: Keyring | None = None, anchors: Iterable[Anchor] = ()) -> ExportVerdict:
    """Check an archive without the app: the record, that the manifest matches it, and each document.

    The heads in the manifest are compared with the record too, but they are not anchors: the person who cut the record
    may have written them. `anchors` are heads that somebody stored elsewhere.
    """
    manifest = export.manifest
    verdict = verify(export.record, keys=keys, proposal_id=manifest.proposal_id, anchors=anchors)
    if verdict.sound:
        seen = [Anchor(entries=each.entries, head=each.head) for each in manifest.seen]
        seen.append(Anchor(entries=manifest.entries, head=manifest.head))
        held = verify(export.record, keys=keys, proposal_id=manifest.proposal_id, anchors=seen)
        verdict = verdict if held.sound else held
    if not verdict.sound:
        return ExportVerdict(record=verdict, files=0, checked=0)
    files = named_files(read_chain(export.record).entries)
    checked = sum(each.sha256 in export.documents for each in files)
    finding = _about_documents(files, export.documents)
    return ExportVerdict(record=verdict, files=len(files), checked=0 if finding else checked, finding=finding)


def _about_documents(files: Iterable[Attachment], documents: Mapping[str, bytes]) -> str | None:
    """Return the error in the documents; None if each matches the record."""
    names = {each.sha256: each.name for each in files}
    for digest, content in documents.items():
        if digest not in names:
            return "it contains a document that the record does not name"
        if hashlib.sha256(content).hexdigest() != digest:
            return f"the file {names[digest][:60]!r} differs from the file on record"
    return None


def _check_form(infos: list[zipfile.ZipInfo]) -> None:
    """Check the archive's table of contents before anything is read."""
    if len(infos) > _MOST_FILES or len({info.filename for info in infos}) != len(infos):
        raise Invalid("this is not an export of a record: it has too many files, or one of them twice")
    if any(info.compress_type != zipfile.ZIP_STORED for info in infos):
        raise Invalid("this is not an export of a record: exports are not compressed")
    if sum(info.file_size for info in infos) > LARGEST_EXPORT:
        raise Invalid(f"this export has more than {LARGEST_EXPORT:,} bytes")


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    archive.writestr(zipfile.ZipInfo(name, _BEGINNING), content)
