"""What a form with files brings. The files are stored at once, so that no fault of the form loses one."""

import asyncio
import re
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import azure.functions as func
from azure.core.exceptions import ResourceNotFoundError

from approvals.attachments import LARGEST_UPLOAD, MOST_ATTACHMENTS, Upload, kind_of, upload_of
from approvals.record.documents import Attachment
from approvals.validation import Invalid
from gateways.attachments import open_attachments

LARGEST_FORM = 64 * 1024 * 1024
"""Bytes of a form with its files; more than three of the largest go in two turns."""

_BLOB = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}/[0-9a-f]{32}\.[a-z]{2,4}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledForm:
    """A form as it was sent."""

    fields: Mapping[str, str]
    files: tuple[tuple[str, bytes], ...]
    """Names and contents of what was chosen now."""
    stored_files: tuple[tuple[str, str], ...]
    """Blobs and names of what was stored before and is not left out."""

    @property
    def is_preview(self) -> bool:
        """Whether the sender only wants to see who would be asked."""
        return self.fields.get("action", "").strip() == "preview"


def read_form(req: func.HttpRequest) -> FilledForm:
    """Take a multipart form apart; raises `Invalid` for what no page of ours sends."""
    size = len(req.get_body())
    if size > LARGEST_FORM:
        raise Invalid(f"files: together they have {size:,} bytes; send up to {LARGEST_FORM:,} at once")
    try:
        fields = {name: value.replace("\r\n", "\n") for name, value in req.form.items()}
        kept, dropped = req.form.getlist("kept"), set(req.form.getlist("drop"))
        files = [(name, *_read_upload(each)) for name, each in req.files.items(multi=True)]
    except (ValueError, UnicodeError) as error:
        raise Invalid("the form could not be read; send it once more") from error
    pairs = [each.partition(" ") for each in kept if each not in dropped]
    return FilledForm(
        fields=fields,
        files=tuple((label, content) for name, label, content in files if name == "files" and (label or content)),
        stored_files=tuple((blob, name) for blob, _, name in pairs),
    )


def _read_upload(file: Any) -> tuple[str, bytes]:
    """Return a file's name and content, and close what they were read from."""
    with closing(file):
        return file.filename or "", file.read()


async def keep(proposal_id: str, filled: FilledForm) -> tuple[tuple[Attachment, ...], tuple[Upload, ...], list[str]]:
    """Store what was chosen now and look up what was stored before: as the record knows them, with their contents.

    The third part says what is wrong with files that could not be taken; they are left out. A file takes the place of
    one of the same name.
    """
    return await asyncio.to_thread(_keep, proposal_id, filled)


def _keep(proposal_id: str, filled: FilledForm) -> tuple[tuple[Attachment, ...], tuple[Upload, ...], list[str]]:
    store, faults = open_attachments(), list[str]()
    found = dict[str, tuple[Attachment, Upload]]()
    for blob, name in filled.stored_files:
        try:
            upload = upload_of(proposal_id, name, _read_stored(proposal_id, blob))
            found[upload.name] = (store.keep((upload,))[0], upload)
        except (Invalid, ResourceNotFoundError):
            faults.append(f"attachment {name[:60]!r}: it could not be stored; choose it again")
    for name, content in filled.files:
        try:
            if len(content) > LARGEST_UPLOAD:
                raise Invalid(f"it has {len(content):,} bytes; up to {LARGEST_UPLOAD:,} are accepted")
            if content and kind_of(content) is None:
                raise Invalid("it is of no kind that is accepted: PDF, Word, Excel, Markdown, text, PNG, JPEG")
            upload = upload_of(proposal_id, name, content)
            found[upload.name] = (store.keep((upload,))[0], upload)
        except Invalid as error:
            faults.append(f"attachment {name[:60]!r}: {_without_place(error)}")
    if len(found) > MOST_ATTACHMENTS:
        faults.append(f"files: a proposal has at most {MOST_ATTACHMENTS}; leave some out")
    return tuple(each for each, _ in found.values()), tuple(upload for _, upload in found.values()), faults


def _read_stored(proposal_id: str, blob: str) -> bytes:
    """Return a file that this form stored before; raises `Invalid` for the blob of anything else."""
    if not _BLOB.fullmatch(blob) or blob.rpartition("/")[0] != proposal_id:
        raise Invalid("it is not a file of this form")
    # Only the blob's name counts here, which a form cannot make up for a content that it does not have.
    return open_attachments().read(Attachment(name="kept", blob=blob, content_type="", size=0, sha256=""))


def _without_place(error: Invalid) -> str:
    text = str(error)
    return text.partition(": ")[2] if text.startswith(("name: ", "attachment ")) else text
