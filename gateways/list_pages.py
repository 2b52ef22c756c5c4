"""Pages of the list of proposals: what each page asks the table for, and where the next page continues.

A page costs one call. Proposals of one person are read from this person's own rows, so that it does not matter how many
proposals others have. The table returns as many rows as the page shows, and one more that says whether there are more.
"""

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from azure.data.tables import TableClient

from approvals import names
from approvals.validation import Invalid
from gateways.personal_rows import involved_prefix
from gateways.proposal_rows import FIRST, LAST, PARTITION, IndexRow, read
from gateways.tables import hash_key

MOST_ROWS = 100
"""Rows on one page."""

MOST_LOOKED_AT = 2_000
"""Rows that are read for one page. If few of them match, a page has fewer rows although more pages follow."""

_COLUMNS = (
    "RowKey", "ProposalId", "Title", "Author", "Department", "Cost", "Currency", "Status", "Stage", "WaitingFor",
    "SubmittedAt", "Deadline",
)  # fmt: skip
"""What a line of the list shows; of everything else nothing is sent."""

_PLACE = re.compile(r"\d{18} [A-Za-z0-9][A-Za-z0-9_.:-]{0,99}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Rows of one page, and the token for the next page: None on the last page."""

    rows: tuple[IndexRow, ...]
    token: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which proposals are wanted; None stands for any."""

    status: str | None = None
    approver: str | None = None
    """A person who has to answer now."""
    author: str | None = None
    viewer: str | None = None
    """A person who may only see what they wrote or have to answer now."""

    @property
    def person(self) -> str | None:
        """Return the person whose own rows have all that is wanted; None if all proposals have to be looked at."""
        return next((each for each in (self.viewer, self.approver, self.author) if each is not None), None)

    @property
    def prefix(self) -> str:
        """Return how the keys of the rows begin, before the time of the submission."""
        return involved_prefix(self.person) if self.person is not None else ""

    def terms(self, after: str) -> tuple[str, dict[str, Any]]:
        """Return the filter for the rows behind a place, and its values."""
        terms = ["PartitionKey eq @partition", "RowKey gt @after", "RowKey lt @last"]
        values = {"partition": PARTITION, "after": self.prefix + after, "last": self.prefix + LAST}
        if self.status is not None:
            terms.append("Status eq @status")
            values["status"] = self.status
        if self.author is not None:
            if self._is_person(self.author):
                terms.append("Wrote eq true")
            else:
                terms.append("AuthorKey eq @author")
                values["author"] = hash_key(names.key(self.author))
        if self._is_person(self.approver):
            terms.append("Asked eq true")
        return " and ".join(terms), values

    def fits(self, row: IndexRow) -> bool:
        """Say whether a row has what the filter cannot compare: another person among those who have to answer."""
        return self.approver is None or self._is_person(self.approver) or names.among(self.approver, row.waiting_for)

    @property
    def digest(self) -> str:
        """Return what a token says of the question that it belongs to."""
        parts = (self.status, self.approver, self.author, self.viewer)
        return hash_key(*(names.key(part) if part is not None else "\0" for part in parts))[:12]

    def _is_person(self, name: str | None) -> bool:
        return name is not None and self.person is not None and names.same(name, self.person)


def read_page(table: TableClient, question: Question, *, top: int, token: str | None) -> Page:
    """Return up to `top` rows, newest first. Raises `Invalid` for a token that does not belong to the question."""
    after, wanted = _place(token, question.digest) if token else FIRST, min(top, MOST_ROWS)
    chosen, looked_at = list[IndexRow](), 0
    for entity in _rows(table, question, after, wanted + 1):
        if len(chosen) == wanted or looked_at == MOST_LOOKED_AT:
            return Page(rows=tuple(chosen), token=_token(after, question.digest))
        row = read(entity)
        if question.fits(row):
            chosen.append(row)
        after, looked_at = entity["RowKey"].removeprefix(question.prefix), looked_at + 1
    return Page(rows=tuple(chosen), token=None)


def _rows(table: TableClient, question: Question, after: str, most: int) -> Iterator[Any]:
    """Return the rows behind a place; with each answer come as many as one page needs."""
    terms, values = question.terms(after)
    return iter(table.query_entities(terms, parameters=values, select=list(_COLUMNS), results_per_page=most))


def _token(after: str, asked: str) -> str:
    return base64.urlsafe_b64encode(f"{asked}{after}".encode()).decode().rstrip("=")


def _place(token: str, asked: str) -> str:
    """Return the row after which a token continues. A token only has a position, so it needs no signature."""
    try:
        text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode("ascii")
    except ValueError:
        text = ""
    digest, after = text[: len(asked)], text[len(asked) :]
    if not _PLACE.fullmatch(after) or digest != asked:
        raise Invalid("token: it does not belong to these filters; leave it out to start with the newest")
    return after
