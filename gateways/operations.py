"""The state of the app's own work, and the operators' actions, in the table `Operations`.

Three kinds of rows: the last run of each timer, the operators' actions, and the unsent letters.
"""

import json
import uuid
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Protocol

from azure.core.exceptions import ResourceNotFoundError
from azure.data.tables import TableClient, UpdateMode

from approvals.operations import ActRecord, LetterState, Run, UnsentLetter
from gateways.proposal_rows import newest_first
from gateways.tables import hash_key, insert_first, merge, open_table

MOST_SHOWN = 100
"""Letters, and actions, that are listed at once."""

_RUNS, _ACTS, _LETTERS = "runs", "acts", "letters"
_LONGEST_LINE = 30_000
"""Characters; a cell of a table holds 32,768."""

_LONGEST_TEXT = 1_000


class Operations(Protocol):
    """What the app needs from the table."""

    def keep_run(self, name: str, line: Mapping[str, Any], *, now: datetime) -> None:
        """Store the last run of a timer, in place of the one before."""
        ...

    def runs(self) -> Iterator[Run]:
        """Yield the last run of each timer that has run."""
        ...

    def begin(self, act: str, target: str, *, by: str, now: datetime) -> str:
        """Record that an operator is about to act, and return the key for `end`."""
        ...

    def end(self, key: str, outcome: str) -> None:
        """Record the result of the action."""
        ...

    def acts(self, most: int = 20) -> Iterator[ActRecord]:
        """Yield the operators' last actions, newest first."""
        ...

    def note_letter(self, letter: UnsentLetter) -> None:
        """Record that a letter is unsent, in place of an earlier entry about it."""
        ...

    def forget_letter(self, proposal_id: str, key: str) -> None:
        """Record that it was sent, or that nobody needs it any more; an unrecorded one is no error."""
        ...

    def letters(self) -> Iterator[UnsentLetter]:
        """Yield the unsent letters, at most `MOST_SHOWN`."""
        ...


class TableOperations:
    """The rows in Azure Table Storage."""

    def __init__(self, table: TableClient) -> None:
        self._table = table

    def keep_run(self, name: str, line: Mapping[str, Any], *, now: datetime) -> None:
        """Write the single row of this timer."""
        text = json.dumps(line, ensure_ascii=False)
        if len(text) > _LONGEST_LINE:
            text = json.dumps({key: each for key, each in line.items() if isinstance(each, int | str)})
        row = {"PartitionKey": _RUNS, "RowKey": name, "At": now.isoformat(), "Line": text}
        self._table.upsert_entity(row, UpdateMode.REPLACE)

    def runs(self) -> Iterator[Run]:
        """Query the partition."""
        return map(_read_run, self._first(_RUNS, MOST_SHOWN))

    def begin(self, act: str, target: str, *, by: str, now: datetime) -> str:
        """Insert a row; its key puts the newest first."""
        key = f"{newest_first(now)} {uuid.uuid4().hex[:8]}"
        row = {"At": now.isoformat(), "By": by, "Act": act, "Target": target[:_LONGEST_TEXT], "Outcome": "begun"}
        insert_first(self._table, {"PartitionKey": _ACTS, "RowKey": key, **row})
        return key

    def end(self, key: str, outcome: str) -> None:
        """Merge the outcome into the row."""
        row = {"PartitionKey": _ACTS, "RowKey": key, "Outcome": outcome[:_LONGEST_TEXT]}
        merge(self._table, row)

    def acts(self, most: int = 20) -> Iterator[ActRecord]:
        """Query the first rows of the partition."""
        return map(_read_act, self._first(_ACTS, most))

    def note_letter(self, letter: UnsentLetter) -> None:
        """Write the single row of this letter."""
        row = {
            "PartitionKey": _LETTERS,
            "RowKey": _letter(letter.proposal_id, letter.key),
            "ProposalId": letter.proposal_id,
            "Key": letter.key,
            "State": letter.state.value,
            "Reason": letter.reason[:_LONGEST_TEXT],
            "At": letter.at.isoformat(),
        }
        self._table.upsert_entity(row, UpdateMode.REPLACE)

    def forget_letter(self, proposal_id: str, key: str) -> None:
        """Delete the row."""
        try:
            self._table.delete_entity(_LETTERS, _letter(proposal_id, key))
        except ResourceNotFoundError:
            return

    def letters(self) -> Iterator[UnsentLetter]:
        """Query the partition, in one page."""
        return map(_read_letter, self._first(_LETTERS, MOST_SHOWN))

    def _first(self, partition: str, most: int) -> Iterator[Any]:
        """Return the first rows of a partition; one request, as no more are needed."""
        found = self._table.query_entities(
            "PartitionKey eq @partition", parameters={"partition": partition}, results_per_page=most
        )
        return iter(next(found.by_page(), ()))


def open_operations() -> Operations:
    """Return the table of the account that `ApprovalsStorage` names."""
    return TableOperations(open_table("Operations"))


def _letter(proposal_id: str, key: str) -> str:
    return hash_key(proposal_id, key)


def _read_run(row: Any) -> Run:
    return Run(name=row["RowKey"], at=datetime.fromisoformat(row["At"]), line=json.loads(row["Line"]))


def _read_act(row: Any) -> ActRecord:
    return ActRecord(
        at=datetime.fromisoformat(row["At"]),
        by=row["By"],
        act=row["Act"],
        target=row["Target"],
        outcome=row["Outcome"],
    )


def _read_letter(row: Any) -> UnsentLetter:
    return UnsentLetter(
        proposal_id=row["ProposalId"],
        key=row["Key"],
        state=LetterState(row["State"]),
        reason=row["Reason"],
        at=datetime.fromisoformat(row["At"]),
    )
