"""Audits of records: a record is checked by itself, and compared with the list of proposals and the copied heads."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from azure.core.exceptions import ResourceNotFoundError

from approvals.record.chain import read_chain, verify
from approvals.record.export import LARGEST_EXPORT, named_files, pack
from approvals.record.verdict import Anchor, Verdict
from gateways.attachments import open_attachments
from gateways.kept_heads import open_kept_heads
from gateways.proposal_index import open_proposal_index
from gateways.proposal_rows import IndexRow
from gateways.record_keys import record_keys
from gateways.review_records import open_review_records


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """A record, and the result of its check."""

    content: bytes
    """The bytes in storage; empty if the record is missing."""
    anchors: tuple[Anchor, ...]
    verdict: Verdict


class TooLarge(Exception):
    """The export would exceed its size limit."""


def examine(proposal_id: str, *, anchored: bool = True) -> Examination | None:
    """Check a record; None if there was never one under this id. Blocks.

    Without `anchored` an existing record is checked only by itself.
    """
    # The anchors first: a record that grows in between is longer than the anchors say, never shorter.
    anchors = _anchors(proposal_id) if anchored else ()
    content = open_review_records().raw(proposal_id) or b""
    anchors = anchors or (() if content else _anchors(proposal_id))
    if not content and not anchors:
        return None
    return Examination(content=content, anchors=anchors, verdict=judge(proposal_id, content, anchors))


def judge(proposal_id: str, content: bytes, anchors: Iterable[Anchor]) -> Verdict:
    """Return the verdict on a record's bytes, with the app's keys."""
    return verify(content, keys=record_keys(), proposal_id=proposal_id, anchors=anchors)


def anchors_of(row: IndexRow | None, kept: Anchor | None) -> tuple[Anchor, ...]:
    """Return the known heads of a record: from the list of proposals, and from the second storage account."""
    listed = Anchor(entries=row.entries, head=row.head) if row else None
    return tuple(anchor for anchor in (listed, kept) if anchor)


def missing(proposal_id: str) -> Verdict | None:
    """Return the verdict on a record that is gone; None if there was never one. Blocks."""
    return judge(proposal_id, b"", ()) if _anchors(proposal_id) else None


def export(proposal_id: str, *, with_documents: bool = True) -> bytes | Verdict | None:
    """Return the archive of a proposal: its record, its documents, and the known heads.

    Returns the verdict instead if the record was changed, and None if there is no record. A document that is missing or
    differs from the record is left out, and the archive says so. Raises `TooLarge`. Blocks.
    """
    found = examine(proposal_id)
    if found is None:
        return None
    if not found.verdict.sound:
        return found.verdict
    documents = _documents(found.content) if with_documents else {}
    return pack(proposal_id, found.content, documents, seen=found.anchors)


def _documents(record: bytes) -> dict[str, bytes]:
    files, store = named_files(read_chain(record).entries), open_attachments()
    if len(record) + sum(each.size for each in files) > LARGEST_EXPORT:
        raise TooLarge
    found = dict[str, bytes]()
    for each in files:
        try:
            content = store.read(each)
        except (ResourceNotFoundError, ValueError):
            continue
        if hashlib.sha256(content).hexdigest() == each.sha256:
            found[each.sha256] = content
    return found


def _anchors(proposal_id: str) -> tuple[Anchor, ...]:
    return anchors_of(open_proposal_index().find(proposal_id), open_kept_heads().find(proposal_id))
