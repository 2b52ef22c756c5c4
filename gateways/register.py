"""The register of proposals: their numbers, their summaries, and one public page for each.

Table `Register`, all in one partition, so that one transaction can change all of it: one counter per year, one row per
number (issued or void), and one row per proposal with its number. Table `Summaries`: one row per proposal. Container
`register`: one page per title, so that a second proposal with the same title is detected.
"""

import json
import os
from datetime import datetime
from typing import Any, Protocol

from azure.core import MatchConditions
from azure.core.exceptions import ResourceExistsError, ResourceModifiedError, ResourceNotFoundError
from azure.data.tables import TableClient, TableTransactionError, UpdateMode
from azure.storage.blob import ContainerClient, ContentSettings

from approvals.intake import StepRefused, SummarisedEntry, Undo, ValidEntry, page_name
from gateways.containers import open_container
from gateways.tables import hash_key, if_unchanged, keys, open_table, transact

_PARTITION = "proposals"
_MOST_ATTEMPTS = 50
"""Of two writers one always wins, so this many proposals may request a number at the same time."""


class Contention(Exception):
    """Too many proposals requested a number at the same time; try again."""


class Register(Protocol):
    """What intake needs from the register."""

    def issue_number(self, entry: ValidEntry) -> str:
        """Return the proposal's number, a new one if it has none; raises `Contention`."""
        ...

    def void_number(self, undo: Undo) -> bool:
        """Mark the proposal's number void; returns whether it has one."""
        ...

    def keep_summary(self, entry: ValidEntry, summary: str) -> str:
        """Store the proposal's summary; returns its table and keys."""
        ...

    def discard_summary(self, undo: Undo) -> bool:
        """Delete the proposal's summary; returns whether there was one."""
        ...

    def publish(self, entry: SummarisedEntry, *, now: datetime) -> str | StepRefused:
        """Write the proposal's page and return its name; refuses if another proposal has a page with that title."""
        ...

    def withdraw(self, undo: Undo) -> bool:
        """Delete the proposal's page; returns whether there was one. Another proposal's page is not deleted."""
        ...


class StoredRegister:
    """The register in Azure Tables and Blob Storage."""

    def __init__(self, *, numbers: TableClient, summaries: TableClient, pages: ContainerClient) -> None:
        self._numbers = numbers
        self._summaries = summaries
        self._pages = pages

    def issue_number(self, entry: ValidEntry) -> str:
        """Take the next number of the year in which the run started, and assign it in the same transaction.

        A proposal has one number at a time. A void number is replaced only for another run of the proposal: a late
        second call of the run that released the number gets the void one and changes nothing.
        """
        for _ in range(_MOST_ATTEMPTS):
            holder = self._row(_holder(entry.proposal_id))
            if holder and (not holder["Void"] or holder["OpenedAt"] == entry.opened_at):
                return str(holder["Number"])
            try:
                return self._draw(entry, holder)
            except TableTransactionError as error:
                if error.status_code not in (409, 412):
                    raise
        raise Contention(f"no number for {entry.proposal_id} after {_MOST_ATTEMPTS} attempts")

    def _draw(self, entry: ValidEntry, holder: Any) -> str:
        """Try once; raises TableTransactionError if another writer was faster, which may be this call itself."""
        year = entry.opened_at[:4]
        counter = self._row(f"counter-{year}")
        last = int(counter["Last"]) + 1 if counter else 1
        number = f"P-{year}-{last:04d}"
        given = {"ProposalId": entry.proposal_id, "OpenedAt": entry.opened_at, "Number": number, "Void": False}
        transact(
            self._numbers,
            [
                _write_operation(counter, {"RowKey": f"counter-{year}", "Last": last}),
                _write_operation(None, {"RowKey": number, "Title": entry.title, **given}),
                _write_operation(holder, {"RowKey": _holder(entry.proposal_id), **given}),
            ],
        )
        return number

    def void_number(self, undo: Undo) -> bool:
        """Mark both rows of the number in one transaction."""
        holder = self._row(_holder(undo.proposal_id))
        if holder is None:
            return False
        if not holder["Void"]:
            rows = [{"PartitionKey": _PARTITION, "RowKey": holder[key], "Void": True} for key in ("RowKey", "Number")]
            transact(self._numbers, [("update", row, {"mode": UpdateMode.MERGE}) for row in rows])
        return True

    def keep_summary(self, entry: ValidEntry, summary: str) -> str:
        """Write the row. A proposal always has the same summary."""
        row = keys(entry.proposal_id, "summary")
        self._summaries.upsert_entity({**row, "ProposalId": entry.proposal_id, "Summary": summary}, UpdateMode.REPLACE)
        return f"Summaries/{row['PartitionKey']}/{row['RowKey']}"

    def discard_summary(self, undo: Undo) -> bool:
        """Delete the row."""
        row = keys(undo.proposal_id, "summary")
        if _find_row(self._summaries, row["PartitionKey"], row["RowKey"]) is None:
            return False
        self._summaries.delete_entity(row["PartitionKey"], row["RowKey"])
        return True

    def publish(self, entry: SummarisedEntry, *, now: datetime) -> str | StepRefused:
        """Create the blob of that title. An existing blob is this proposal's own, or a reason to refuse.

        If a page is withdrawn between the two calls, ResourceNotFoundError is raised, and the next attempt writes it.
        """
        blob = self._pages.get_blob_client(page_name(entry.title))
        try:
            blob.upload_blob(
                _page(entry, now),
                overwrite=False,
                metadata={"holder": hash_key(entry.proposal_id), "number": entry.number},
                content_settings=ContentSettings(content_type="application/json"),
            )
        except ResourceExistsError:
            there = blob.get_blob_properties().metadata
            if there.get("holder") != hash_key(entry.proposal_id):
                return StepRefused(refused=f"a proposal with this title is already published, as {there.get('number')}")
        return f"{blob.container_name}/{blob.blob_name}"

    def withdraw(self, undo: Undo) -> bool:
        """Delete the blob if it belongs to this proposal and has not changed since it was read."""
        blob = self._pages.get_blob_client(page_name(undo.title))
        try:
            there = blob.get_blob_properties()
        except ResourceNotFoundError:
            return False
        if there.metadata.get("holder") != hash_key(undo.proposal_id):
            return False
        try:
            blob.delete_blob(etag=there.etag, match_condition=MatchConditions.IfNotModified)
        except (ResourceNotFoundError, ResourceModifiedError):
            if blob.exists():
                raise
            # Deleted by this call itself, whose response was lost, or by another call that undoes the same.
        return True

    def _row(self, key: str) -> Any:
        return _find_row(self._numbers, _PARTITION, key)


def open_register() -> Register:
    """Return the register in the account that `ApprovalsStorage` names; `REGISTER_CONTAINER` is its container."""
    container = os.environ.get("REGISTER_CONTAINER", "register")
    return StoredRegister(
        numbers=open_table("Register"),
        summaries=open_table("Summaries"),
        pages=open_container(container),
    )


def _holder(proposal_id: str) -> str:
    return f"holder-{hash_key(proposal_id)}"


def _find_row(table: TableClient, partition: str, key: str) -> Any:
    try:
        return table.get_entity(partition, key)
    except ResourceNotFoundError:
        return None


def _write_operation(before: Any, row: dict[str, Any]) -> tuple[Any, ...]:
    """Return one operation of a transaction: for a row that must be new, or must not have changed since it was read."""
    row = {"PartitionKey": _PARTITION, **row}
    if before is None:
        return ("create", row)
    return ("update", row, {"mode": UpdateMode.MERGE, **if_unchanged(before.metadata["etag"])})


def _page(entry: SummarisedEntry, now: datetime) -> bytes:
    """Return the public page, in JSON, so that texts from outside cannot become markup."""
    page = {
        "number": entry.number,
        "title": entry.title,
        "submittedBy": entry.submitted_by,
        "estimatedCost": entry.estimated_cost,
        "currency": entry.currency,
        "summary": entry.summary,
        "publishedAt": now.isoformat(),
    }
    return json.dumps(page, ensure_ascii=False, indent=2).encode()
