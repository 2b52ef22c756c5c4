"""What is to be said of a proposal's record: held against what the list and the kept heads saw of it before."""

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
class Examined:
    """A record, and what was found."""

    content: bytes
    """As it lies in storage; empty where it is missing."""
    anchors: tuple[Anchor, ...]
    verdict: Verdict


class TooLarge(Exception):
    """An export would have more bytes than one may have."""


def examine(proposal_id: str, *, anchored: bool = True) -> Examined | None:
    """Look at a record; None where nobody has ever seen one under this id. Blocks.

    Without `anchored` it is looked at by itself, unless it is not there.
    """
    # The anchors first: a record that grows in between is longer than they say, never shorter.
    anchors = _anchors(proposal_id) if anchored else ()
    content = open_review_records().raw(proposal_id) or b""
    anchors = anchors or (() if content else _anchors(proposal_id))
    if not content and not anchors:
        return None
    return Examined(content=content, anchors=anchors, verdict=judge(proposal_id, content, anchors))


def judge(proposal_id: str, content: bytes, anchors: Iterable[Anchor]) -> Verdict:
    """Return the verdict on a record's bytes, by the app's keys."""
    return verify(content, keys=record_keys(), proposal_id=proposal_id, anchors=anchors)


def anchors_of(row: IndexRow | None, kept: Anchor | None) -> tuple[Anchor, ...]:
    """Return what was seen of a record before: by the list, and as it was copied to the second place."""
    listed = Anchor(entries=row.entries, head=row.head) if row else None
    return tuple(anchor for anchor in (listed, kept) if anchor)


def missing(proposal_id: str) -> Verdict | None:
    """Return the verdict on a record that is not there and once was; None where there never was one. Blocks."""
    return judge(proposal_id, b"", ()) if _anchors(proposal_id) else None


def export(proposal_id: str, *, with_documents: bool = True) -> bytes | Verdict | None:
    """Return the archive of a proposal: its record, its documents and the heads that were seen of it.

    The verdict comes in its place where the record is not what was written, None where there is none. A document that
    is gone, or is not what was put on record, is left out, and the archive says so. Raises `TooLarge`. Blocks.
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
