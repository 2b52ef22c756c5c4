"""A copy of what reports are made of, in one blob, so that a process that starts need not read the whole list.

The list is right, the copy is only a start: who reads it asks the list for what has changed since. A copy that is
missing, damaged or from the future is passed over, and the next reader of the whole list writes another.
"""

import gzip
import json
import logging
import os
import sys
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from azure.core.exceptions import HttpResponseError
from azure.storage.blob import BlobClient

from approvals.reports import ReportedProposal
from gateways.containers import open_container
from gateways.proposal_rows import instant

log = logging.getLogger("greenlight.reports")

BLOB = "rows.json.gz"
_VERSION = 1

_FIELDS = (
    "proposal_id", "status", "stage", "submitted_at", "ended_at", "asked_at", "deadline", "waiting_for", "stage_hours",
)  # fmt: skip
"""What the copy has of each row, in its order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Rows as they were at a time of the clock of whoever wrote them down."""

    at: datetime
    rows: tuple[ReportedProposal, ...]


class Snapshots(Protocol):
    """Where the copy is."""

    def read(self) -> Snapshot | None:
        """Return the copy; None if there is none that can be used."""
        ...

    def write(self, snapshot: Snapshot) -> None:
        """Put another one in its place; if that fails, the next reader has more to read."""
        ...


class BlobSnapshots:
    """The copy in Azure Blob Storage. Of two writers the last one wins; both copies are right."""

    def __init__(self, blob: BlobClient) -> None:
        self._blob = blob

    def read(self) -> Snapshot | None:
        """Download the blob."""
        try:
            return _decoded(self._blob.download_blob().readall())
        except HttpResponseError as error:
            log.info("there is no copy of the rows of reports: %s", error.reason)
        except (ValueError, KeyError, TypeError, OSError, EOFError, zlib.error) as error:
            log.warning("the copy of the rows of reports cannot be used: %s", error)
        return None

    def write(self, snapshot: Snapshot) -> None:
        """Upload the blob."""
        try:
            self._blob.upload_blob(_encoded(snapshot), overwrite=True)
        except HttpResponseError as error:
            log.warning("the rows of reports could not be copied: %s", error.reason)


def open_snapshots() -> Snapshots:
    """Return the copy in the account that `ApprovalsStorage` names; `REPORTS_CONTAINER` is its container."""
    return BlobSnapshots(open_container(os.environ.get("REPORTS_CONTAINER") or "reports").get_blob_client(BLOB))


def _encoded(snapshot: Snapshot) -> bytes:
    rows = [_to_list(each) for each in snapshot.rows]
    made = {"version": _VERSION, "at": snapshot.at.isoformat(), "rows": rows}
    return gzip.compress(json.dumps(made, ensure_ascii=False, separators=(",", ":")).encode(), compresslevel=5)


def _decoded(content: bytes) -> Snapshot:
    made = json.loads(gzip.decompress(content))
    if made["version"] != _VERSION:
        raise ValueError(f"it has version {made['version']}, not {_VERSION}")
    at = datetime.fromisoformat(made["at"])
    return Snapshot(at=at, rows=tuple(_read(each) for each in made["rows"]))


def _to_list(row: ReportedProposal) -> list[Any]:
    times = (row.submitted_at, row.ended_at, row.asked_at, row.deadline)
    return [
        row.proposal_id,
        row.status,
        row.stage,
        *(each.isoformat() if each else "" for each in times),
        row.waiting_for,
        row.stage_hours,
    ]


def _read(listed: list[Any]) -> ReportedProposal:
    return to_reported_proposal(**dict(zip(_FIELDS, listed, strict=True)))


def to_reported_proposal(
    *,
    proposal_id: str,
    status: str,
    stage: str,
    submitted_at: str,
    ended_at: str,
    asked_at: str,
    deadline: str,
    waiting_for: Iterable[str],
    stage_hours: Iterable[tuple[str, float]],
) -> ReportedProposal:
    """Return a row from what a table or a copy holds; times are text, empty where there is none."""
    return ReportedProposal(
        proposal_id=proposal_id,
        status=sys.intern(status),
        submitted_at=datetime.fromisoformat(submitted_at),
        ended_at=instant(ended_at),
        stage=sys.intern(stage),
        asked_at=instant(asked_at),
        deadline=instant(deadline),
        waiting_for=tuple(sys.intern(each) for each in waiting_for),
        stage_hours=tuple((sys.intern(name), hours) for name, hours in stage_hours),
    )
