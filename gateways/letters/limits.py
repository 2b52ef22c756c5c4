"""Limits for letters per day: about one proposal, and on behalf of one person.

Letters are sent in the organisation's name, and one request can cause hundreds. Letters over the limit wait for the
next day. Each proposal and each person has one row with the letters of the day, so that a repeated letter counts once.
"""

import logging
import os
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Protocol

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.data.tables import TableClient

from gateways import clock
from gateways.latest import Latest, Versioned
from gateways.tables import hash_key, insert, open_table, replace

log = logging.getLogger("greenlight.mail")

MOST = 2_000
"""The highest value of a setting: a row cannot have more letters."""
_LOST = frozenset({404, 409, 412})
_MOST_SEEN = 2_000
"""Rows that this process remembers, in order to write them again without a question."""
_MOST_ATTEMPTS = 50
_ROW = "letters"
_LETTER = 12
"""Characters that identify a letter of the day."""

_Row = Versioned[Mapping[str, Any]]

PER_PROPOSAL, PER_SENDER = 200, 1_000
"""The default limits, in letters per day."""


class LetterLimits(Protocol):
    """What the app needs from the limits."""

    def admit(self, letters: Sequence[str], *, holder: str, most: int) -> frozenset[str]:
        """Return the letters that may be sent today, counted for their holder; known ones count once."""
        ...


class TableLimits:
    """The limits in Azure Table Storage."""

    def __init__(self, table: TableClient, latest: Latest[_Row] | None = None) -> None:
        self._table = table
        self._latest = latest or _latest_rows()

    def admit(self, letters: Sequence[str], *, holder: str, most: int) -> frozenset[str]:
        """Add letters to the holder's row up to the limit, and write if nobody else was faster.

        The row that this process has read or written last stands for the stored one, as the write names its ETag; no
        letter is held back without a look at the stored one. The faster writer may be this call itself, if its response
        was lost. Then its letters are already in the row.
        """
        marks = {letter: hash_key(letter)[:_LETTER] for letter in letters}
        place = (self._table.url, holder)
        before, is_fresh = self._latest.find(place), False
        for _ in range(_MOST_ATTEMPTS):
            if before is None:
                before, is_fresh = self._get(holder), True
                self._latest.keep(place, before)
            today = clock.now().date().isoformat()
            row = before.value if before else None
            known = row["Letters"].split() if row and row["Day"] == today else []
            new = [mark for mark in dict.fromkeys(marks.values()) if mark not in known]
            taken = {*known, *new[: max(0, most - len(known))]}
            admitted = frozenset(letter for letter, mark in marks.items() if mark in taken)
            if not is_fresh and len(admitted) < len(marks):
                before = None
                continue
            if taken == set(known):
                return admitted
            written = {"PartitionKey": hash_key(holder), "RowKey": _ROW, "Day": today, "Letters": " ".join(taken)}
            if etag := self._put(written, before):
                self._latest.keep(place, Versioned(value=written, etag=etag))
                return admitted
            before = None
        raise TimeoutError("the letters of the day changed too often while they were counted")

    def _get(self, holder: str) -> _Row | None:
        try:
            row = self._table.get_entity(hash_key(holder), _ROW)
        except ResourceNotFoundError:
            return None
        return Versioned(value=row, etag=str(row.metadata["etag"]))

    def _put(self, row: dict[str, Any], before: _Row | None) -> str | None:
        """Write the row and return its ETag; None if it is not what it was before."""
        try:
            if before is None:
                return str(insert(self._table, row)["etag"])
            return replace(self._table, row, before.etag)
        except HttpResponseError as error:
            if error.status_code not in _LOST:
                raise
            return None


@cache
def _latest_rows() -> Latest[_Row]:
    """Return the rows of this process."""
    return Latest(_MOST_SEEN)


def open_letter_limits() -> LetterLimits:
    """Return the limits that the settings name."""
    return TableLimits(open_table("LetterLimits"))


def per_proposal() -> int:
    """Return how many letters about one proposal may be sent in a day."""
    return letters_a_day("LETTERS_PER_PROPOSAL", os.environ.get("LETTERS_PER_PROPOSAL", ""), PER_PROPOSAL)


def per_sender() -> int:
    """Return how many letters may be sent in a day on behalf of one person."""
    return letters_a_day("LETTERS_PER_SENDER", os.environ.get("LETTERS_PER_SENDER", ""), PER_SENDER)


@cache
def letters_a_day(setting: str, text: str, default: int) -> int:
    """Read a setting. A wrong value means the default, so that a typo does not remove the limit."""
    if not text:
        return default
    if text.isascii() and text.isdigit() and int(text[:9]) <= MOST:
        return int(text)
    log.error("%s must be a whole number up to %s; %s is used.", setting, MOST, default)
    return default
