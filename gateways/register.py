"""The register of proposals: their numbers, their summaries, and one public page for each.

Table `Register`, all in one partition, so that one transaction changes what belongs together: a counter a year, a row
a number (issued or void), and a row a proposal that says which number it has. Table `Summaries`: a row a proposal.
Container `register`: a page a title, which is how two proposals of one title are told that they are two.
"""

import json
import os
from datetime import datetime
from typing import Any, Protocol

from azure.core import MatchConditions
from azure.core.exceptions import ResourceExistsError, ResourceModifiedError, ResourceNotFoundError
from azure.data.tables import TableClient, TableTransactionError, UpdateMode
from azure.storage.blob import ContainerClient, ContentSettings

from approvals.intake import Refused, SummarisedEntry, Undo, ValidEntry, page_name
from gateways.containers import open_container
from gateways.tables import hashed, keys, open_table, transact

_PARTITION = "proposals"
_MOST_ATTEMPTS = 50
"""Of two writers one always wins, so this many proposals may ask for a number at the same moment."""


class Contention(Exception):
    """So many proposals want a number that this one did not get one; try again."""


class Register(Protocol):
    """What intake needs."""

    def issue_number(self, entry: ValidEntry) -> str:
        """Return the proposal's number, a new one where it has none; raises `Contention`."""
        ...

    def void_number(self, undo: Undo) -> bool:
        """Mark the proposal's number void, and say whether it has one."""
        ...

    def keep_summary(self, entry: ValidEntry, summary: str) -> str:
        """Keep the proposal's summary and return where."""
        ...

    def discard_summary(self, undo: Undo) -> bool:
        """Delete the proposal's summary, and say whether there was one."""
        ...

    def publish(self, entry: SummarisedEntry, *, now: datetime) -> str | Refused:
        """Write the proposal's page and return its name; refuses where another proposal's page is there."""
        ...

    def withdraw(self, undo: Undo) -> bool:
        """Delete the proposal's page, and say whether there was one; another proposal's page stays."""
        ...


class StoredRegister:
    """The register in Azure Tables and Blob Storage."""

    def __init__(self, *, numbers: TableClient, summaries: TableClient, pages: ContainerClient) -> None:
        self._numbers = numbers
        self._summaries = summaries
        self._pages = pages

    def issue_number(self, entry: ValidEntry) -> str:
        """Draw the next number of the year in which the run began, and give it to the proposal in the same transaction.

        A proposal has one number at a time. One that was voided is replaced only for another run of the proposal: a
        late second call of the run that gave it back gets the void one, and leaves nothing behind.
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
        """Try once; raises TableTransactionError where somebody was faster, who may be this very call."""
        year = entry.opened_at[:4]
        counter = self._row(f"counter-{year}")
        last = int(counter["Last"]) + 1 if counter else 1
        number = f"P-{year}-{last:04d}"
        given = {"ProposalId": entry.proposal_id, "OpenedAt": entry.opened_at, "Number": number, "Void": False}
        transact(
            self._numbers,
            [
                _written(counter, {"RowKey": f"counter-{year}", "Last": last}),
                _written(None, {"RowKey": number, "Title": entry.title, **given}),
                _written(holder, {"RowKey": _holder(entry.proposal_id), **given}),
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
        """Write the row; the same proposal has the same summary each time."""
        row = keys(entry.proposal_id, "summary")
        self._summaries.upsert_entity({**row, "ProposalId": entry.proposal_id, "Summary": summary}, UpdateMode.REPLACE)
        return f"Summaries/{row['PartitionKey']}/{row['RowKey']}"

    def discard_summary(self, undo: Undo) -> bool:
        """Delete the row."""
        row = keys(undo.proposal_id, "summary")
        if _found(self._summaries, row["PartitionKey"], row["RowKey"]) is None:
            return False
        self._summaries.delete_entity(row["PartitionKey"], row["RowKey"])
        return True

    def publish(self, entry: SummarisedEntry, *, now: datetime) -> str | Refused:
        """Create the blob of that title; one that is there is this proposal's own, or a reason to refuse.

        A page that is withdrawn between the two calls lets ResourceNotFoundError out: the next attempt writes it.
        """
        blob = self._pages.get_blob_client(page_name(entry.title))
        try:
            blob.upload_blob(
                _page(entry, now),
                overwrite=False,
                metadata={"holder": hashed(entry.proposal_id), "number": entry.number},
                content_settings=ContentSettings(content_type="application/json"),
            )
        except ResourceExistsError:
            there = blob.get_blob_properties().metadata
            if there.get("holder") != hashed(entry.proposal_id):
                return Refused(refused=f"a proposal of this title is published already, as {there.get('number')}")
        return f"{blob.container_name}/{blob.blob_name}"

    def withdraw(self, undo: Undo) -> bool:
        """Delete the blob if it is this proposal's, and still the one that was looked at."""
        blob = self._pages.get_blob_client(page_name(undo.title))
        try:
            there = blob.get_blob_properties()
        except ResourceNotFoundError:
            return False
        if there.metadata.get("holder") != hashed(undo.proposal_id):
            return False
        try:
            blob.delete_blob(etag=there.etag, match_condition=MatchConditions.IfNotModified)
        except (ResourceNotFoundError, ResourceModifiedError):
            if blob.exists():
                raise
            # Deleted by this very call, whose answer was lost, or by another that undoes the same.
        return True

    def _row(self, key: str) -> Any:
        return _found(self._numbers, _PARTITION, key)


def open_register() -> Register:
    """Return the register in the account that `ApprovalsStorage` names; `REGISTER_CONTAINER` is its container."""
    container = os.environ.get("REGISTER_CONTAINER", "register")
    return StoredRegister(
        numbers=open_table("Register"),
        summaries=open_table("Summaries"),
        pages=open_container(container),
    )


def _holder(proposal_id: str) -> str:
    return f"holder-{hashed(proposal_id)}"


def _found(table: TableClient, partition: str, key: str) -> Any:
    try:
        return table.get_entity(partition, key)
    except ResourceNotFoundError:
        return None


def _written(before: Any, row: dict[str, Any]) -> tuple[Any, ...]:
    """Return one operation of a transaction: a row that must be new, or one that must be as it was read."""
    row = {"PartitionKey": _PARTITION, **row}
    if before is None:
        return ("create", row)
    condition = {"etag": before.metadata["etag"], "match_condition": MatchConditions.IfNotModified}
    return ("update", row, {"mode": UpdateMode.MERGE, **condition})


def _page(entry: SummarisedEntry, now: datetime) -> bytes:
    """Return what the public sees; JSON, as text by strangers cannot become markup in it."""
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
