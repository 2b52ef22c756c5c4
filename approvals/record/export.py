"""A record with all that it speaks of in one file, which can be checked without the app: a zip archive.

    manifest.json     what the archive is of: ids of the keys, files of the document, heads that were seen of the record
    record.jsonl      the record, byte for byte
    documents/<hash>  each file that the record names, once, under the SHA-256 of its content

An archive and not JSON, because its documents are files that anybody can open, and need no third more room. Nothing in
it is packed: pictures are packed already, and what is not packed cannot be larger than it looks.
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
"""Bytes of an archive. Of what is larger, the record is exported without its documents."""

_FORMAT = 1
_MANIFEST, _RECORD, _DOCUMENTS = "manifest.json", "record.jsonl", "documents/"
_LARGEST_MANIFEST = 1024 * 1024
_MOST_FILES = 2_000
_BEGINNING = (1980, 1, 1, 0, 0, 0)
"""The first instant that a zip archive can name: the same export is the same bytes."""


class File(Boundary):
    """A file that the record names."""

    name: Line
    content_type: str
    size: int
    sha256: str
    present: bool
    """Whether its content is in the archive; one may have been deleted after its time, or left out."""


class Head(Boundary):
    """What was seen of the record before it was exported."""

    entries: Annotated[int, Field(ge=1)]
    head: str


class Manifest(Boundary):
    """What an archive is of."""

    format: int
    proposal_id: str
    entries: int
    head: str
    keys: Annotated[tuple[str, ...], AsTuple]
    """Ids of the keys that the record's lines name: which ones are needed to authenticate it."""
    seen: Annotated[tuple[Head, ...], AsTuple]
    """By the app, elsewhere than in the record. It proves no more than the archive does: hold it against your own."""
    files: Annotated[tuple[File, ...], AsTuple]


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """An archive that was opened."""

    manifest: Manifest
    record: bytes
    documents: Mapping[str, bytes]
    """By the SHA-256 under which each stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportVerdict:
    """What checking an archive came to."""

    record: Verdict
    files: int
    """How many the record names."""
    checked: int
    """How many of them are here, and are what the record says."""
    finding: str | None = None
    """What is wrong with the archive around the record; None where nothing is."""


def named_files(entries: Iterable[Entry]) -> tuple[Attachment, ...]:
    """Return every file that the entries of a record name, also those that were replaced later, each content once."""
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
    """Return the archive of a record; `documents` by their SHA-256. Raises `Tampered` for a record that is damaged."""
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
    """Open an archive; raises `Invalid` for what is none, or is packed or larger than one is made."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            infos = archive.infolist()
            _check_form(infos)
            read = {info.filename: archive.read(info) for info in infos}
    except Invalid:
        raise
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, ValueError) as error:
        raise Invalid(f"this is no export of a record: {error}") from None
    if _MANIFEST not in read or _RECORD not in read or len(read[_MANIFEST]) > _LARGEST_MANIFEST:
        raise Invalid(f"this is no export of a record: it needs {_MANIFEST} and {_RECORD}")
    manifest = Manifest.from_dict(read_json(read[_MANIFEST].decode("utf-8", "replace")))
    if manifest.format != _FORMAT:
        raise Invalid(f"this export has the format {manifest.format}; this program reads {_FORMAT}")
    documents = {name.removeprefix(_DOCUMENTS): read[name] for name in read if name.startswith(_DOCUMENTS)}
    return Export(manifest=manifest, record=read[_RECORD], documents=documents)


def verify_export(export: Export, *, keys: Keyring | None = None, anchors: Iterable[Anchor] = ()) -> ExportVerdict:
    """Check an archive by itself: the record, that it is the one that the manifest names, and each document.

    The heads in the manifest are held against the record too, but they anchor nothing: whoever has cut the record may
    have written them. `anchors` are what somebody kept elsewhere.
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
    """Say what is wrong with the documents; None where each is what the record says."""
    names = {each.sha256: each.name for each in files}
    for digest, content in documents.items():
        if digest not in names:
            return "it holds a document that the record does not name"
        if hashlib.sha256(content).hexdigest() != digest:
            return f"the file {names[digest][:60]!r} is not what was put on record"
    return None


def _check_form(infos: list[zipfile.ZipInfo]) -> None:
    """Look at the table of contents before anything is read."""
    if len(infos) > _MOST_FILES or len({info.filename for info in infos}) != len(infos):
        raise Invalid("this is no export of a record: it holds too many files, or one twice")
    if any(info.compress_type != zipfile.ZIP_STORED for info in infos):
        raise Invalid("this is no export of a record: nothing is packed in one")
    if sum(info.file_size for info in infos) > LARGEST_EXPORT:
        raise Invalid(f"this export has more than {LARGEST_EXPORT:,} bytes")


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    archive.writestr(zipfile.ZipInfo(name, _BEGINNING), content)
